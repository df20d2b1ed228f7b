"""How often our own questions are answered right: each figure compared with the one that is pinned.

`questions/*.jsonl` has a question a line: `id`, `kind`, `question`, and `right`, a list of alternatives, each a list of
strings. A passage is right that holds all strings of one alternative. A question without alternatives cannot be
answered from the documents, and is right when it is refused.

Whoever wrote `people.jsonl` had read the titles of the documents and nothing else of them. It has questions as patients
and families ask them (lay), as clinicians write them (shorthand), in conversations (turn), and near the subject (near).
Their wording stays as it was then. What is right was judged afterwards, by reading the documents. Of a conversation's
turn, `history` has the earlier questions. `use` says what a question is for: each third one, and each third
conversation, may be tuned on; by the others the outcome is reported.

A change that moves a figure says why, and pins anew: `python tests/test_questions.py --pin`, which prints the table in
the README of `qa/evaluation`. `python tests/test_questions.py --people` prints the figures of `people.jsonl`, which are
not pinned; `--corpus` and `--second-line` print those of the other two sets on the shipped corpus.
"""

from __future__ import annotations

import hashlib
import json
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from rank_bm25 import BM25Okapi

from qa import Engine, Settings
from qa.model import Outcome

QUESTIONS = Path(__file__).parent / "questions"
PINNED = QUESTIONS / "pinned.json"
PAGE = Path(__file__).resolve().parent.parent.parent / "shared" / "source" / "second-line-therapies-mm.txt"

ON_CORPUS = [f"{name} on the shipped corpus" for name in ("second-line", "corpus", "people")]
OF = {"second-line": "second-line therapies", "corpus": "all documents", "people": "of people"}
ON_PAGE = "second-line on the page alone"
STOCK_ON_PAGE = "second-line on the page alone, stock rank-bm25 without a refusal"

SETS = ["second-line", "corpus", "people"]
WORDING_OF_PEOPLE = "798ca6b620559f74"  # the first 16 digits of the SHA-256 of its questions, a line each
SHOWN = 3  # further passages beside the first, as many as the page shows
MOST_RIGHT_PASSAGES = 8  # of one question of the people's

Figures = dict[str, dict[str, dict[str, int]]]


@dataclass(frozen=True)
class Question:
    """A question of ours, and what a right passage holds; `history` are the earlier questions, oldest first."""

    id: str
    kind: str
    question: str
    right: Sequence[Sequence[str]]
    history: Sequence[str] = ()
    use: str = ""

    def is_answered_by(self, text: str) -> bool:
        plain = plainly(text)
        return any(all(plainly(string) in plain for string in strings) for strings in self.right)


class Given(NamedTuple):
    """What a question got: the passages that are shown, the first of them first, and the outcome."""

    shown: Sequence[str]
    outcome: Outcome


@dataclass
class Figure:
    """Of `n` questions, how many had a right passage first, and how many among those shown; and how many got each
    outcome, with a right passage first or another one, which adds up to `n`."""

    n: int = 0
    right_first: int = 0
    right_shown: int = 0
    answered_right: int = 0
    possible_right: int = 0
    answered_wrong: int = 0
    possible_wrong: int = 0
    refused: int = 0


def plainly(text: str) -> str:
    """A text as it is compared: NFKC, case folded, with one hyphen and one kind of space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("\u2010", "-").split())


@cache
def questions(name: str) -> tuple[Question, ...]:
    lines = (QUESTIONS / f"{name}.jsonl").read_text("utf-8").splitlines()
    return tuple(Question(**json.loads(line)) for line in lines)


def figures(asked: Iterable[Question], given: Mapping[str, Given]) -> dict[str, dict[str, int]]:
    """The figures of each kind; `given` says what each question got, by its id."""
    of_kind: dict[str, list[Question]] = {}
    for each in asked:
        of_kind.setdefault(kind_of(each), []).append(each)
    return {kind: asdict(figure_of(those, given)) for kind, those in of_kind.items()}


def kind_of(question: Question) -> str:
    """Its kind; of the people's questions also what it may be used for, and whether the corpus answers it."""
    if not question.use:
        return question.kind
    return f"{question.kind}, {question.use}{'' if question.right else ', cannot be answered'}"


def figure_of(asked: Iterable[Question], given: Mapping[str, Given]) -> Figure:
    figure = Figure()
    for each in asked:
        shown, outcome = given[each.id]
        right = [each.is_answered_by(text) for text in shown]
        is_first = bool(right and right[0])
        figure.n += 1
        figure.right_first += is_first
        figure.right_shown += any(right)
        figure.answered_right += outcome == "answered" and is_first
        figure.possible_right += outcome == "possible" and is_first
        figure.answered_wrong += outcome == "answered" and not is_first
        figure.possible_wrong += outcome == "possible" and not is_first
        figure.refused += outcome == "nothing_found"
    return figure


def ask_all(engine: Engine, asked: Iterable[Question]) -> dict[str, Given]:
    found = {}
    for each in asked:
        answer = engine.ask(each.question, history=each.history, limit=SHOWN)
        shown = [*filter(None, [answer.best]), *answer.alternatives][: SHOWN + 1]
        found[each.id] = Given([passage.passage.text for passage in shown], answer.outcome)
    return found


def ask_stock(engine: Engine, asked: Iterable[Question]) -> dict[str, Given]:
    """The same passages ranked by rank-bm25 as its own README shows it: words parted at spaces, and its own idf."""
    texts = passage_texts(engine)
    stock = BM25Okapi([text.split(" ") for text in texts])
    return {
        each.id: Given([texts[int(stock.get_scores(each.question.split(" ")).argmax())]], "answered") for each in asked
    }


def passage_texts(engine: Engine) -> list[str]:
    return [passage.text for entry in engine.contents() for passage in engine.passages(entry.id)]


def measured_on_corpus(engine: Engine) -> Figures:
    return {name: figures(asked, ask_all(engine, asked)) for name in ON_CORPUS for asked in [questions(set_of(name))]}


def measured_on_page() -> Figures:
    engine = Engine.create(Settings())
    engine.add([PAGE])
    engine.encode()
    asked = questions("second-line")
    return {
        ON_PAGE: figures(asked, ask_all(engine, asked)),
        STOCK_ON_PAGE: figures(asked, ask_stock(engine, asked)),
    }


def set_of(name: str) -> str:
    return name.split(" ")[0]


def total(kinds: Mapping[str, Mapping[str, int]], figure: str) -> int:
    return sum(each[figure] for kind, each in kinds.items() if kind != "unanswerable")


@pytest.fixture(scope="module")
def on_corpus(shipped_engine: Engine) -> Figures:
    return measured_on_corpus(shipped_engine)


@pytest.fixture(scope="module")
def on_page() -> Figures:
    if not PAGE.exists():
        pytest.skip(f"{PAGE.name} is not beside the checkout")
    return measured_on_page()


def pinned() -> Figures:
    found: Figures = json.loads(PINNED.read_text("utf-8"))
    return found


# The questions themselves


@pytest.mark.parametrize("name", ["second-line", "corpus"])
def test_there_are_60_questions_of_every_kind_with_their_right_passages(name: str) -> None:
    asked = questions(name)
    assert len(asked) == len({each.id for each in asked}) == len({each.question for each in asked}) == 60
    kinds = {kind: sum(each.kind == kind for each in asked) for kind in {each.kind for each in asked}}
    assert kinds.keys() >= {"direct", "paraphrase", "abbreviation", "brand", "unanswerable"}
    assert kinds["direct"] >= 25
    assert all(bool(each.right) == (each.kind != "unanswerable") for each in asked)
    assert all(strings and all(strings) for each in asked for strings in each.right)


def test_the_second_line_questions_have_typing_errors_too_and_ten_that_cannot_be_answered() -> None:
    kinds = [each.kind for each in questions("second-line")]
    assert (kinds.count("typo"), kinds.count("unanswerable")) == (5, 10)


@pytest.mark.parametrize("name", SETS)
def test_every_question_that_can_be_answered_has_a_right_passage_in_the_corpus(
    name: str, shipped_engine: Engine
) -> None:
    texts = passage_texts(shipped_engine)
    assert [each.id for each in questions(name) if each.right and not any(map(each.is_answered_by, texts))] == []


def test_a_passage_is_right_however_its_spaces_hyphens_and_letters_are_written() -> None:
    question = Question(id="q", kind="direct", question="?", right=[["C-MYC", "2.5 mg/kg"], ["tern"]])
    assert question.is_answered_by("c\u2010myc at 2.5\u00a0mg/\nkg".replace("/\n", "/"))
    assert question.is_answered_by("TERN")
    assert not question.is_answered_by("c-myc")


# The questions that people ask


def conversations() -> dict[str, list[Question]]:
    """The turns of each conversation, by the part of their ids before the hyphen."""
    found: dict[str, list[Question]] = {}
    for each in questions("people"):
        if each.kind == "turn":
            found.setdefault(each.id.partition("-")[0], []).append(each)
    return found


def test_there_are_200_questions_of_people_four_kinds_of_them() -> None:
    asked = questions("people")
    assert len({each.id for each in asked}) == len(asked) == 200
    assert Counter(each.kind for each in asked) == {"lay": 80, "shorthand": 60, "turn": 40, "near": 20}
    assert all(each.question.strip() == each.question != "" for each in asked)
    assert all(strings and all(strings) for each in asked for strings in each.right)


def test_no_question_of_people_is_written_anew() -> None:
    asked = "\n".join(each.question for each in questions("people"))
    assert hashlib.sha256(asked.encode()).hexdigest().startswith(WORDING_OF_PEOPLE)


def test_each_turn_has_the_earlier_questions_of_its_conversation_and_no_other_question_has_any() -> None:
    found = conversations()
    assert [len(turns) for turns in found.values()] == [4] * 10
    for turns in found.values():
        assert [list(turn.history) for turn in turns] == [[turn.question for turn in turns[:n]] for n in range(4)]
    assert not any(each.history for each in questions("people") if each.kind != "turn")


def test_a_third_of_each_kind_may_be_tuned_on_and_conversations_stay_whole() -> None:
    asked = questions("people")
    assert {each.use for each in asked} == {"tuning", "reporting"}
    for_tuning = Counter(each.kind for each in asked if each.use == "tuning")
    assert for_tuning == {"lay": 26, "shorthand": 20, "turn": 12, "near": 6}
    assert all(len({turn.use for turn in turns}) == 1 for turns in conversations().values())


@pytest.mark.parametrize("use", ["tuning", "reporting"])
def test_of_either_use_some_questions_of_people_can_be_answered_and_some_cannot(use: str) -> None:
    answerable = [bool(each.right) for each in questions("people") if each.use == use]
    assert 0.1 <= answerable.count(False) / len(answerable) <= 0.25


def test_every_alternative_is_in_the_corpus_and_a_few_passages_at_most_are_right(shipped_engine: Engine) -> None:
    texts = passage_texts(shipped_engine)
    for each in questions("people"):
        alone = [replace(each, right=[strings]) for strings in each.right]
        assert all(any(map(alternative.is_answered_by, texts)) for alternative in alone), each.id
        assert sum(map(each.is_answered_by, texts)) <= MOST_RIGHT_PASSAGES, each.id


# The pinned figures


@pytest.mark.parametrize("name", ON_CORPUS)
def test_the_figures_on_the_shipped_corpus_are_the_pinned_ones(name: str, on_corpus: Figures) -> None:
    assert on_corpus[name] == pinned()[name]


@pytest.mark.parametrize("name", [ON_PAGE, STOCK_ON_PAGE])
def test_the_figures_on_the_page_alone_are_the_pinned_ones(name: str, on_page: Figures) -> None:
    assert on_page[name] == pinned()[name]


def test_nothing_else_is_pinned() -> None:
    assert list(pinned()) == [*ON_CORPUS, ON_PAGE, STOCK_ON_PAGE]


# What is promised


@pytest.mark.parametrize("name", [ON_CORPUS[0], ON_PAGE])
def test_85_of_100_direct_questions_are_answered_right_and_9_of_10_unanswerable_ones_are_not(
    name: str, request: pytest.FixtureRequest
) -> None:
    found: Figures = request.getfixturevalue("on_page" if name == ON_PAGE else "on_corpus")
    direct, unanswerable = found[name]["direct"], found[name]["unanswerable"]
    assert direct["answered_right"] >= 0.85 * direct["n"]
    assert unanswerable["answered_wrong"] <= 0.1 * unanswerable["n"]


def test_stock_rank_bm25_is_right_less_often_and_refuses_nothing(on_page: Figures) -> None:
    assert total(on_page[STOCK_ON_PAGE], "right_first") < total(on_page[ON_PAGE], "right_first")
    assert on_page[STOCK_ON_PAGE]["unanswerable"]["refused"] == 0


# What the README says


def readme_table(kinds_of: Figures) -> str:
    """The pinned figures as the README shows them."""
    rows = [
        "| Asked of | Questions | n | right first | right among 4 | answered right | possible, right | answered wrong "
        "| possible, wrong | refused |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, kinds in kinds_of.items():
        asked, _, place = name.partition(" on the ")
        for kind, figure in kinds.items():
            what = f"{kind}, {OF[asked]}"
            numbers = list(figure.values())
            rows.append(f"| {place} | {what} | {' | '.join(map(str, numbers))} |")
    return "\n".join(rows)


def test_the_readme_shows_the_pinned_figures() -> None:
    assert readme_table(pinned()) in (PINNED.parent.parent.parent / "qa" / "evaluation" / "README.md").read_text(
        "utf-8"
    )


def pin() -> None:
    """Write down what is measured now. Where the page is not there, its figures stay."""
    found = measured_on_corpus(Engine.open(Settings()))
    if PAGE.exists():
        found |= measured_on_page()
    else:
        found |= {name: pinned()[name] for name in (ON_PAGE, STOCK_ON_PAGE)}
    lines = (
        f"  {json.dumps(name)}: {{\n"
        + ",\n".join(f"    {json.dumps(kind)}: {json.dumps(figure)}" for kind, figure in kinds.items())
        + "\n  }"
        for name, kinds in found.items()
    )
    PINNED.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    print(readme_table(found))


def test_a_figure_counts_each_question_once_by_its_outcome() -> None:
    lay = Question(id="l01", kind="lay", question="?", right=[["tern"]], use="tuning")
    given = [
        Given(["tern", "gull"], "answered"),
        Given(["gull", "tern"], "answered"),
        Given(["tern"], "possible"),
        Given(["gull"], "possible"),
        Given(["gull", "tern"], "nothing_found"),
        Given([], "nothing_found"),
    ]
    asked = [replace(lay, id=str(number)) for number, _ in enumerate(given)]
    found = figures([*asked, replace(lay, id="n", right=[])], dict(enumerate_ids(given)) | {"n": given[1]})
    assert list(found) == ["lay, tuning", "lay, tuning, cannot be answered"]
    assert list(found["lay, tuning"].values()) == [6, 2, 4, 1, 1, 1, 1, 2]
    assert list(found["lay, tuning, cannot be answered"].values()) == [1, 0, 0, 0, 0, 1, 0, 0]


def enumerate_ids(given: Sequence[Given]) -> list[tuple[str, Given]]:
    return [(str(number), each) for number, each in enumerate(given)]


def main() -> None:
    match sys.argv[1:]:
        case ["--pin"]:
            pin()
        case [option] if option.removeprefix("--") in SETS:
            name = option.removeprefix("--")
            asked = questions(name)
            given = ask_all(Engine.open(Settings()), asked)
            print(readme_table({f"{name} on the shipped corpus": figures(asked, given)}))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
