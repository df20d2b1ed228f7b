"""The decision to answer: when, with which sentence, and how "nothing found" differs from a failure."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import Engine, Settings
from qa.answering.decision import CANDIDATES, outcome_of
from qa.errors import DamagedLibraryError, UnknownDocumentError
from qa.model import Answer, Outcome, Reason
from qa.ranking.confidence import confidence

ROOT = Path(__file__).resolve().parent.parent

BIRDS = {
    "terns.md": """# Terns

Terns dive for fish. They nest on open shingle in colonies. The sooty tern sleeps on the wing.

## Eggs

A tern lays two speckled eggs. Both parents warm the eggs for three weeks.
""",
    "gulls.md": """# Gulls

Gulls steal fish from terns. A gull eats almost anything, even eggs.
""",
    "herons.md": """# Herons

A heron waits in shallow water without moving. Then it spears a frog.
""",
}
WORDS = [
    "tern",
    "gull",
    "heron",
    "egg",
    "eggs",
    "fish",
    "penguin",
    "steals",
    "waits",
    "colony",
    "the",
    "of",
    "it",
    "sooty",
    "shingle",
    "frog",
]


def engine_over(
    folder: Path, files: Mapping[str, str] = BIRDS, *, threshold: float = 0.5, possible_threshold: float = 0.15
) -> Engine:
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    engine = Engine.create(Settings(threshold=threshold, possible_threshold=possible_threshold))
    engine.add([folder])
    return engine


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return engine_over(tmp_path_factory.mktemp("birds"))


def highlighted(answer: Answer) -> list[str]:
    assert answer.best
    return [answer.best.passage.text[start:end] for start, end in answer.best.highlights]


# Answered


def test_an_answer_is_the_passage_with_the_sentence_that_says_it_and_its_citation(birds: Engine) -> None:
    answer = birds.ask("How many eggs does a tern lay?")
    assert answer.best
    assert answer.best.passage.text.startswith("A tern lays two speckled eggs. Both parents")
    assert highlighted(answer) == ["A tern lays two speckled eggs."]
    citation = answer.best.citation
    assert (citation.document.id, citation.section) == ("terns", ("Eggs",))
    assert citation.document.text[citation.start : citation.end] == citation.quote == answer.best.passage.text
    assert (answer.answered, answer.reason, answer.question) == (True, None, "How many eggs does a tern lay?")


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Where do terns nest?", "They nest on open shingle in colonies."),
        ("Which tern sleeps?", "The sooty tern sleeps on the wing."),
        ("What do terns dive for?", "Terns dive for fish."),
        ("Who warms the eggs?", "Both parents warm the eggs for three weeks."),
        ("Does a heron spear a frog?", "Then it spears a frog."),
    ],
)
def test_the_highlight_is_the_sentence_that_covers_most_of_the_question(
    birds: Engine, question: str, sentence: str
) -> None:
    assert highlighted(birds.ask(question)) == [sentence]


def test_of_sentences_that_cover_the_same_the_first_is_highlighted(tmp_path: Path) -> None:
    engine = engine_over(tmp_path, {"a.md": "# Auks\n\nAuks swim well. Auks swim far.\n"})
    assert highlighted(engine.ask("Do auks swim?")) == ["Auks swim well."]


def test_a_passage_found_by_its_heading_alone_has_no_highlight(tmp_path: Path) -> None:
    engine = engine_over(tmp_path, {"a.md": "# Shore\n\n## Puffins\n\nThey dig burrows.\n"})
    answer = engine.ask("puffins")
    assert answer.best
    assert highlighted(answer) == []


def test_the_alternatives_are_the_next_passages_at_most_limit_of_them(birds: Engine) -> None:
    question = "Do terns eat fish or eggs?"
    ranking = [hit.passage for hit in birds.search(question)]
    assert len(ranking) == 3
    for limit in range(4):
        answer = birds.ask(question, limit=limit)
        assert answer.best
        assert [answer.best.passage, *(each.passage for each in answer.alternatives)] == ranking[: limit + 1]


def test_every_alternative_is_cited_and_highlighted_like_an_answer(birds: Engine) -> None:
    for each in birds.ask("Do terns eat fish or eggs?").alternatives:
        assert each.citation.quote == each.passage.text
        assert each.citation.document.id == each.passage.document_id
        assert len(each.highlights) == 1


def test_confidence_is_the_probability_that_the_grounds_of_the_first_passage_give(birds: Engine) -> None:
    for question in ("Do terns dive?", "Do terns dive at penguins?"):
        [first, *_] = birds.explain(question)
        assert birds.ask(question).confidence == round(confidence(first.grounds), 4) == round(first.confidence, 4)
    assert birds.ask("Do terns dive?").confidence > 0.9 > birds.ask("Do terns dive at penguins?").confidence


# The gate


@pytest.mark.parametrize(
    ("threshold", "possible_threshold", "outcome"),
    [(0.0, 0.0, "answered"), (1.0, 0.0, "possible"), (1.0, 1.0, "nothing_found")],
)
def test_the_thresholds_decide_what_a_partly_covered_question_comes_to(
    tmp_path: Path, threshold: float, possible_threshold: float, outcome: str
) -> None:
    engine = engine_over(tmp_path, threshold=threshold, possible_threshold=possible_threshold)
    answer = engine.ask("Do terns dive at penguins?")
    assert (answer.outcome, answer.answered) == (outcome, outcome == "answered")
    assert (answer.best is None) == (outcome == "nothing_found")
    assert answer.interpretation.missing == ("penguins",)


def test_thresholds_above_the_confidence_refuse_a_question_that_is_covered_whole_and_say_so(tmp_path: Path) -> None:
    answer = engine_over(tmp_path, threshold=1.0, possible_threshold=1.0).ask("Do terns dive?")
    assert (answer.outcome, answer.best) == ("nothing_found", None)
    assert answer.reason == "No passage is sure enough to answer, though the closest one has all words of the question."


@pytest.mark.parametrize(("change", "outcome"), [(-0.001, "possible"), (0.001, "nothing_found")])
def test_the_possible_threshold_decides_and_leaves_the_confidence_as_it_is(
    tmp_path: Path, change: float, outcome: str
) -> None:
    sure = engine_over(tmp_path).ask("Do terns dive at penguins?").confidence
    engine = engine_over(tmp_path, threshold=1.0, possible_threshold=sure + change)
    answer = engine.ask("Do terns dive at penguins?")
    assert (answer.outcome, answer.confidence) == (outcome, sure)


@pytest.mark.parametrize(
    ("confidence", "outcome"),
    [(1.0, "answered"), (0.5, "answered"), (0.499, "possible"), (0.2, "possible"), (0.199, "nothing_found")],
)
def test_a_threshold_is_reached_by_what_equals_it(confidence: float, outcome: str) -> None:
    assert outcome_of(confidence, threshold=0.5, possible_threshold=0.2) == outcome


def test_with_equal_thresholds_there_is_no_possible_answer() -> None:
    found = [outcome_of(each / 100, threshold=0.4, possible_threshold=0.4, surer=2) for each in range(101)]
    assert found == ["nothing_found"] * 40 + ["answered"] * 61


def test_where_no_passage_is_found_nothing_is_possible_whatever_the_thresholds(tmp_path: Path) -> None:
    answer = engine_over(tmp_path, threshold=0.0, possible_threshold=0.0).ask("penguins")
    assert (answer.outcome, answer.best, answer.reason) == ("nothing_found", None, "No passage mentions “penguins”.")


def test_a_possible_answer_is_the_passage_that_would_answer_with_its_highlight_and_the_further_ones(
    tmp_path: Path, birds: Engine
) -> None:
    possible = engine_over(tmp_path, threshold=1.0).ask("How many eggs does a tern lay?")
    answered = birds.ask("How many eggs does a tern lay?")
    assert (possible.outcome, answered.outcome) == ("possible", "answered")
    assert possible.reason is None
    assert (possible.best, possible.alternatives) == (answered.best, answered.alternatives)


def test_a_possible_answer_says_which_of_the_words_that_others_hold_its_passage_lacks(tmp_path: Path) -> None:
    engine = engine_over(tmp_path, threshold=1.0, possible_threshold=0.01)
    answer = engine.ask("Do terns dive at penguins for frogs?")
    assert answer.outcome == "possible"
    assert answer.best
    assert "frog" not in answer.best.passage.text
    assert answer.reason == "The passage does not mention “frogs”."
    assert answer.interpretation.missing == ("penguins",)  # which is said there, and once


@pytest.mark.parametrize(
    ("outcome", "why"),
    [("answered", Reason("no_passage")), ("nothing_found", None), ("nothing_found", Reason("no_passage"))],
)
def test_an_answer_that_contradicts_its_outcome_cannot_be_made(
    birds: Engine, outcome: Outcome, why: Reason | None
) -> None:
    answer = birds.ask("Do terns dive?")
    with pytest.raises(ValueError, match="found"):
        replace(answer, outcome=outcome, why=why)
    with pytest.raises(ValueError, match="found"):
        replace(answer, outcome="possible", best=None, why=Reason("no_passage"))
    assert replace(answer, outcome="possible", why=why).answered is False


def test_a_question_about_something_else_names_its_missing_words(birds: Engine) -> None:
    answer = birds.ask("Do terns repair the carburettors of Vespas?")
    assert (answer.best, answer.answered) == (None, False)
    assert answer.reason == "No passage mentions “repair”, “carburettors” or “Vespas”."
    assert answer.interpretation.missing == ("repair", "carburettors", "Vespas")
    assert answer.alternatives != ()
    assert answer.confidence < 0.5


def test_one_missing_word_is_named_alone(birds: Engine) -> None:
    assert birds.ask("penguins").reason == "No passage mentions “penguins”."
    assert birds.ask("penguins and emus").reason == "No passage mentions “penguins” or “emus”."


def test_a_missing_part_of_a_word_is_named_as_it_stands_in_the_question(birds: Engine) -> None:
    answer = birds.ask("What is the R-ISS of an emu-like penguin?")
    assert answer.interpretation.missing == ("R-ISS", "emu-like", "penguin")
    assert answer.reason == "No passage mentions “R-ISS”, “emu-like” or “penguin”."
    assert birds.ask("Has the ISS an R-ISS?").interpretation.missing == ("ISS", "R-ISS")


def test_what_stands_there_in_another_form_is_not_told_to_be_missing(birds: Engine) -> None:
    answer = birds.ask("When was the gull's fish stolen, and by how many geese?")
    assert answer.interpretation.missing == ("geese",)


def test_a_word_that_says_what_is_asked_for_is_not_missed(tmp_path: Path) -> None:
    manual = "# Manual\n\n## Emergency\n\nCall 5551 at night, and lock the gate."
    engine = engine_over(tmp_path, {"manual.md": manual}, threshold=0.3)
    answer = engine.ask("What is the emergency number?")
    assert answer.answered
    assert answer.interpretation.missing == ()


def test_words_that_are_known_but_not_together_are_named_as_what_the_nearest_passage_lacks(tmp_path: Path) -> None:
    question = "Does the sooty heron steal speckled frogs in colonies?"
    answer = engine_over(tmp_path, threshold=0.9).ask(question)
    assert (answer.outcome, answer.interpretation.missing) == ("possible", ())
    assert answer.reason == "The passage does not mention “sooty”, “speckled” or “colonies”."
    answer = engine_over(tmp_path, threshold=0.9, possible_threshold=0.9).ask(question)
    assert answer.outcome == "nothing_found"
    assert answer.reason == (
        "No passage has enough of the question. The closest one does not mention “sooty”, “speckled” or “colonies”."
    )


def test_when_nothing_is_found_the_nearest_passages_are_listed_up_to_the_limit(birds: Engine) -> None:
    question = "Do terns repair the carburettors of Vespas?"
    ranking = [hit.passage for hit in birds.search(question)]
    assert [each.passage for each in birds.ask(question, limit=2).alternatives] == ranking[:2]
    assert birds.ask(question, limit=0).alternatives == ()


def test_a_question_of_stop_words_alone_is_asked_for_its_subject(birds: Engine) -> None:
    answer = birds.ask("the of and")
    assert answer.reason == "The question has no word to search for. Name its subject."
    assert (answer.best, answer.confidence, answer.alternatives) == (None, 0.0, ())


def test_an_empty_library_says_that_it_is_empty(birds: Engine, tmp_path: Path) -> None:
    assert birds.ask("Do terns dive?").answered
    engine = engine_over(tmp_path, {"a.md": "# Auks\n\nAuks swim.\n"})
    engine.remove(["a"])
    answer = engine.ask("Do auks swim?")
    assert answer.reason == "There are no documents to answer from."
    assert (answer.best, answer.confidence, answer.alternatives) == (None, 0.0, ())


def test_a_document_that_is_empty_is_no_failure(tmp_path: Path) -> None:
    engine = engine_over(tmp_path, {"empty.md": "", **BIRDS})
    assert engine.ask("Do terns dive?").answered
    assert engine.passages("empty") == []


# Leaning on earlier questions


def test_a_follow_up_is_answered_with_what_it_takes_over(birds: Engine) -> None:
    alone = birds.ask("How many weeks?")
    follow_up = birds.ask("How many weeks?", history=["Who warms the eggs of a tern?"])
    assert alone.interpretation.carried_over == ()
    assert follow_up.interpretation.carried_over == ("warms", "eggs", "tern")
    assert highlighted(follow_up) == ["Both parents warm the eggs for three weeks."]


def test_a_passage_about_the_earlier_question_alone_is_no_answer(birds: Engine) -> None:
    answer = birds.ask("And penguins?", history=["How many speckled eggs does a tern lay?"])
    assert not answer.answered
    assert answer.confidence < 0.1
    assert answer.reason == "No passage mentions “penguins”."
    assert answer.interpretation.missing == ("penguins",)


def test_missing_words_of_an_earlier_question_do_not_speak_against_a_passage(birds: Engine) -> None:
    answer = birds.ask("What about terns?", history=["Do penguins emigrate by aeroplane?"])
    assert answer.answered
    assert answer.confidence > 0.5
    assert answer.interpretation.missing == ()


# One document


def test_from_one_document_only_its_own_passages_come(birds: Engine) -> None:
    answer = birds.ask("Do terns eat fish or eggs?", document="gulls")
    assert answer.best
    assert answer.best.passage.document_id == "gulls"
    assert answer.alternatives == ()
    assert {hit.passage.document_id for hit in birds.search("tern eggs", document="terns")} == {"terns"}


def test_from_one_document_nothing_is_found_although_another_answers(birds: Engine) -> None:
    assert birds.ask("Do terns dive?").answered
    answer = birds.ask("Do terns dive?", document="herons")
    assert (answer.answered, answer.confidence, answer.alternatives) == (False, 0.0, ())
    assert answer.reason == "No passage has a word of the question."


def test_a_passage_that_others_outrank_is_found_in_its_own_document(tmp_path: Path) -> None:
    crowd = {f"a{number:02}.md": f"# Auks {number}\n\nAuks auks swim swim.\n" for number in range(2 * CANDIDATES)}
    lone = "# Shore\n\nAuks swim, and much else may be seen there by those who sit still for a while.\n"
    engine = engine_over(tmp_path, {**crowd, "z.md": lone})
    assert "z" not in {hit.passage.document_id for hit in engine.search("Do auks swim?", limit=5)}
    answer = engine.ask("Do auks swim?", document="z")
    assert answer.best
    assert answer.best.passage.document_id == "z"


def test_the_first_passage_is_the_same_however_few_are_asked_for(tmp_path: Path) -> None:
    long = "On the wide and windy shore auks and herons were seen by boys of the village school at dawn."
    others = {f"{bird}.md": f"# Sea\n\n{bird} wade.\n" for bird in ("Terns", "Gulls", "Skuas", "Gannets")}
    engine = engine_over(
        tmp_path, {"a.md": "# Shore\n\nAuks, auks, auks and auks.\n", "b.md": f"# Shore\n\n{long}\n", **others}
    )
    first, second = engine.search("auks and herons", limit=2)
    assert (first.passage.document_id, second.passage.document_id) == ("b", "a")
    assert first.evidence["bm25"] < second.evidence["bm25"]
    assert engine.search("auks and herons", limit=1) == [first]
    best = engine.ask("auks and herons", limit=0).best
    assert best
    assert best.passage == first.passage


# Nothing found is a value, a failure is an error


def test_a_document_that_is_not_there_is_an_error_and_not_nothing_found(birds: Engine) -> None:
    for ask in (birds.ask, birds.search, birds.explain):
        with pytest.raises(UnknownDocumentError):
            ask("Do terns dive?", document="penguins")


def test_a_library_that_breaks_while_it_is_asked_is_an_error_and_not_nothing_found(tmp_path: Path) -> None:
    library, documents = tmp_path / "library", tmp_path / "documents"
    documents.mkdir()
    engine_over(documents)
    engine = Engine.create(Settings(library=library))
    engine.add([documents])
    [database] = library.glob("library.sqlite3")
    engine = Engine.open(Settings(library=library))
    data = database.read_bytes()
    database.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    with pytest.raises(DamagedLibraryError, match=r"library\.sqlite3 cannot be read"):
        engine.ask("Do terns dive?")


@settings(deadline=None, max_examples=150)
@given(
    question=st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join),
    history=st.lists(st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join), max_size=2),
    limit=st.integers(0, 4),
)
def test_an_answer_has_what_its_outcome_says_and_quotes_its_source(
    birds: Engine, question: str, history: list[str], limit: int
) -> None:
    answer = birds.ask(question, history=history, limit=limit)
    assert (answer.best is None) == (answer.outcome == "nothing_found")
    assert answer.outcome == "possible" or (answer.best is None) == bool(answer.reason)
    usual, lacking = (outcome_of(answer.confidence, threshold=0.5, possible_threshold=0.15, surer=n) for n in (1, 4))
    assert answer.outcome in (usual, lacking)
    assert 0 <= answer.confidence <= 1
    assert len(answer.alternatives) <= limit
    cited = [each for each in (answer.best, *answer.alternatives) if each]
    assert len({each.passage.id for each in cited}) == len(cited)
    for each in cited:
        source = each.citation.document.text
        assert source[each.citation.start : each.citation.end] == each.citation.quote == each.passage.text
        for start, end in each.highlights:
            sentence = each.passage.text[start:end]
            assert sentence == source[each.passage.start + start : each.passage.start + end]
            assert sentence == sentence.strip() != ""


def broad_handlers(path: Path) -> list[int]:
    """The lines of a module on which it catches whatever goes wrong, and keeps it."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ExceptHandler) and ast.unparse(node.body[-1]) != "raise":
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            names = {ast.unparse(each) for each in caught if each is not None}
            if node.type is None or names & {"Exception", "BaseException", "builtins.Exception"}:
                found.append(node.lineno)
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).endswith("suppress")
            and {ast.unparse(each) for each in node.args} & {"Exception", "BaseException"}
        ):
            found.append(node.lineno)
    return found


@pytest.mark.parametrize("package", ["qa", "web"])
def test_no_module_but_the_server_catches_every_exception(package: str) -> None:
    modules = sorted((ROOT / package).rglob("*.py"))
    assert len(modules) > 5
    found = {path.name: len(lines) for path in modules if (lines := broad_handlers(path))}
    assert found == ({"listening.py": 3} if package == "web" else {})  # a server, which one fault must not end


@pytest.mark.parametrize(
    "code",
    [
        "try: f()\nexcept: g()",
        "try: f()\nexcept Exception: g()",
        "try: f()\nexcept (ValueError, BaseException) as error: g()",
        "with contextlib.suppress(Exception): f()",
    ],
)
def test_a_handler_of_every_exception_would_be_noticed(code: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(code)
    assert broad_handlers(tmp_path / "module.py") != []


# Questions that refer to earlier ones


@pytest.fixture
def drugs(tmp_path: Path) -> Engine:
    (tmp_path / "drugs.md").write_text(
        "# Drugs\n\n## Alcanor\n\nAlcanor ends fever. Alcanor has been sold since 1999.\n\n"
        "## Bevacor\n\nBevacor causes thirst, which is its only side effect.\n"
    )
    engine = Engine.create(Settings())
    engine.add([tmp_path])
    return engine


def test_what_a_question_refers_to_must_be_in_the_passage_that_answers(drugs: Engine) -> None:
    answer = drugs.ask("What are its side effects?", history=["What does alcanor end?"])
    assert not answer.answered
    assert answer.reason
    assert answer.reason.endswith("does not mention “effects”.")
    assert drugs.ask("What are its side effects?", history=["What does bevacor cause?"]).answered
    assert drugs.ask("Since when is it sold?", history=["What does alcanor end?"]).answered


def test_what_a_passage_lacks_of_that_to_which_a_question_refers_makes_it_less_sure(drugs: Engine) -> None:
    history = ["Alcanor, thirst, effect?"]  # the passage that speaks of "sold" holds the first of them alone
    answer = drugs.ask("Are they sold?", history=history)
    assert answer.interpretation.carried_over == ("Alcanor", "thirst", "effect")
    [explained, *_] = drugs.explain("Are they sold?", history=history)
    assert explained.grounds["library"] == pytest.approx((1 + 1 / 3) / 2)  # all three are equally rare
    assert 0 < answer.confidence < drugs.ask("Are they sold?", history=["Alcanor?"]).confidence < 1


def test_the_row_of_a_table_that_names_its_columns_is_never_the_highlight(tmp_path: Path) -> None:
    table = "| Drug | Dose of the drug |\n|---|---|\n| Alcanor | a dose of 5 mg |\n"
    engine = engine_over(tmp_path, {"doses.md": f"# Doses\n\n{table}"})
    assert highlighted(engine.ask("Which dose of the drug Alcanor?")) == ["| Alcanor | a dose of 5 mg |"]


def test_the_reason_names_no_everyday_word_that_the_closest_passage_lacks(engine: Engine) -> None:
    answer = engine.ask("Could we go and make the day come home again?")
    assert not answer.answered
    assert answer.reason == "No passage has enough of the question."
