"""How often our own questions are answered right: each figure compared with the one that is pinned.

`questions/*.jsonl` has a question a line: `id`, `kind`, `question`, and `right`, a list of alternatives, each a list of
strings. A passage is right that holds all strings of one alternative. A question without alternatives cannot be
answered from the documents, and is right when it is refused.

A change that moves a figure says why, and pins anew: `python tests/test_questions.py --pin`, which prints the
README's table.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import pytest
from rank_bm25 import BM25Okapi

from qa import Engine, Settings

QUESTIONS = Path(__file__).parent / "questions"
PINNED = QUESTIONS / "pinned.json"
PAGE = Path(__file__).resolve().parent.parent.parent / "shared" / "source" / "second-line-therapies-mm.txt"

ON_CORPUS = ["second-line on the shipped corpus", "corpus on the shipped corpus"]
ON_PAGE = "second-line on the page alone"
STOCK_ON_PAGE = "second-line on the page alone, stock rank-bm25 without a refusal"

Figures = dict[str, dict[str, dict[str, int]]]


@dataclass(frozen=True)
class Question:
    """A question of ours, and what a right passage holds."""

    id: str
    kind: str
    question: str
    right: Sequence[Sequence[str]]

    def is_answered_by(self, text: str) -> bool:
        plain = plainly(text)
        return any(all(plainly(string) in plain for string in strings) for strings in self.right)


@dataclass
class Figure:
    """Of `n` questions, how many had a right passage first; and how many were answered with it, answered with another
    one, and refused, which adds up to `n`."""

    n: int = 0
    right_first: int = 0
    right_first_and_answered: int = 0
    wrongly_answered: int = 0
    refused: int = 0


def plainly(text: str) -> str:
    """A text as it is compared: NFKC, case folded, with one hyphen and one kind of space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("\u2010", "-").split())


@cache
def questions(name: str) -> tuple[Question, ...]:
    lines = (QUESTIONS / f"{name}.jsonl").read_text("utf-8").splitlines()
    return tuple(Question(**json.loads(line)) for line in lines)


def figures(asked: Iterable[Question], answers: Mapping[str, tuple[str, bool]]) -> dict[str, dict[str, int]]:
    """The figures of each kind; `answers` gives to each question the first passage and whether it is answered."""
    found: dict[str, Figure] = {}
    for each in asked:
        figure = found.setdefault(each.kind, Figure())
        text, answered = answers[each.question]
        right = each.is_answered_by(text)
        figure.n += 1
        figure.right_first += right
        figure.right_first_and_answered += right and answered
        figure.wrongly_answered += answered and not right
        figure.refused += not answered
    return {kind: asdict(figure) for kind, figure in found.items()}


def ask_all(engine: Engine, asked: Iterable[Question]) -> dict[str, tuple[str, bool]]:
    answers = {}
    for each in asked:
        answer = engine.ask(each.question, limit=1)
        first = [answer.best or next(iter(answer.alternatives), None)]
        answers[each.question] = (first[0].passage.text if first[0] else "", answer.answered)
    return answers


def ask_stock(engine: Engine, asked: Iterable[Question]) -> dict[str, tuple[str, bool]]:
    """The same passages ranked by rank-bm25 as its own README shows it: words parted at spaces, and its own idf."""
    texts = [passage.text for entry in engine.contents() for passage in engine.passages(entry.id)]
    stock = BM25Okapi([text.split(" ") for text in texts])
    return {each.question: (texts[int(stock.get_scores(each.question.split(" ")).argmax())], True) for each in asked}


def measured_on_corpus(engine: Engine) -> Figures:
    return {name: figures(asked, ask_all(engine, asked)) for name in ON_CORPUS for asked in [questions(set_of(name))]}


def measured_on_page() -> Figures:
    engine = Engine.create(Settings())
    engine.add([PAGE])
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


@pytest.mark.parametrize("name", ["second-line", "corpus"])
def test_every_question_that_can_be_answered_has_a_right_passage_in_the_corpus(
    name: str, shipped_engine: Engine
) -> None:
    texts = [passage.text for entry in shipped_engine.contents() for passage in shipped_engine.passages(entry.id)]
    assert [each.id for each in questions(name) if each.right and not any(map(each.is_answered_by, texts))] == []


def test_a_passage_is_right_however_its_spaces_hyphens_and_letters_are_written() -> None:
    question = Question(id="q", kind="direct", question="?", right=[["C-MYC", "2.5 mg/kg"], ["tern"]])
    assert question.is_answered_by("c\u2010myc at 2.5\u00a0mg/\nkg".replace("/\n", "/"))
    assert question.is_answered_by("TERN")
    assert not question.is_answered_by("c-myc")


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
def test_85_of_100_direct_questions_are_answered_right_and_9_of_10_unanswerable_ones_refused(
    name: str, request: pytest.FixtureRequest
) -> None:
    found: Figures = request.getfixturevalue("on_page" if name == ON_PAGE else "on_corpus")
    direct, unanswerable = found[name]["direct"], found[name]["unanswerable"]
    assert direct["right_first_and_answered"] >= 0.85 * direct["n"]
    assert unanswerable["refused"] >= 0.9 * unanswerable["n"]


def test_stock_rank_bm25_is_right_less_often_and_refuses_nothing(on_page: Figures) -> None:
    assert total(on_page[STOCK_ON_PAGE], "right_first") < total(on_page[ON_PAGE], "right_first")
    assert on_page[STOCK_ON_PAGE]["unanswerable"]["refused"] == 0


# What the README says


def readme_table(kinds_of: Figures) -> str:
    """The pinned figures as the README shows them."""
    rows = [
        "| Asked of | Questions | n | right first | answered right | answered wrong | refused |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for name, kinds in kinds_of.items():
        asked, _, place = name.partition(" on the ")
        for kind, figure in kinds.items():
            what = f"{kind}, {'all documents' if asked == 'corpus' else 'second-line therapies'}"
            numbers = list(figure.values())
            rows.append(f"| {place} | {what} | {' | '.join(map(str, numbers))} |")
    return "\n".join(rows)


def test_the_readme_shows_the_pinned_figures() -> None:
    assert readme_table(pinned()) in (PINNED.parent.parent.parent / "README.md").read_text("utf-8")


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


if __name__ == "__main__":
    if sys.argv[1:] != ["--pin"]:
        sys.exit(__doc__)
    pin()
