"""Chains of questions on the shipped corpus: a follow-up is answered about what was spoken of before."""

from __future__ import annotations

import pytest

from qa import Engine, Settings
from qa.model import Hit
from qa.ranking.evidence import MOST_OF_ITS_OWN, WEIGHTS


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(Settings())


def first(engine: Engine, *chain: str) -> Hit:
    """The best passage for the last question of a chain."""
    *history, question = chain
    return engine.search(question, history=history, limit=1)[0]


@pytest.mark.parametrize(
    ("chain", "says"),
    [
        (("How well does pomalidomide with dexamethasone work?", "What was the hazard ratio?"), "pomalidomide"),
        (("What is selinexor?", "Which protein does it block?"), "exportin 1"),
        (("What is carfilzomib?", "What are its side effects?"), "carfilzomib"),
        (("How does daratumumab work?", "How is it given?", "What are the infusion reactions?"), "daratumumab"),
        (("What is teclistamab?", "Does it cause cytokine release syndrome?"), "bispecific"),
        (("What is zoledronic acid?", "What about denosumab?"), "denosumab"),
        (("What is zoledronic acid?", "Does it harm the kidneys?"), "creatinine"),
        (("What is thalidomide?", "Does it cause neuropathy?"), "halidomide (Thalomid)"),
        (("What is belantamab mafodotin?", "Does it harm the eyes?"), "blurred vision"),
        (("How is a stem cell transplant done?", "And what are the risks?"), "transplant"),
        (("What was found in MM-009?", "How long was the time to progression?"), "11.1 months"),
        (("What was found in MM-009?", "And in MM-003?"), "MM-003"),
        (("What is the R-ISS?", "Which stages does it have?"), "R-ISS"),
        (("What is venetoclax?", "In whom does it work?"), "Venetoclax"),
        (("What is pomalidomide?", "What was the hazard ratio?", "And in MM-003?"), "MM-003"),
    ],
)
def test_a_follow_up_finds_what_the_chain_is_about(engine: Engine, chain: tuple[str, ...], says: str) -> None:
    assert says.lower() in first(engine, *chain).passage.text.lower()


@pytest.mark.parametrize(
    "question",
    [
        "Which protein does selinexor block?",
        "How long was the time to progression in MM-009?",
        "What did the BELLINI trial find about venetoclax and its risks?",
    ],
)
def test_a_whole_question_is_answered_the_same_whatever_was_asked_before(engine: Engine, question: str) -> None:
    earlier = ["How does daratumumab work?", "What is zoledronic acid?"]
    assert engine.search(question, history=earlier) == engine.search(question)


RESPONSE = "What was the response rate?"


def test_the_passage_just_shown_is_preferred_where_a_question_goes_on_about_it(engine: Engine) -> None:
    chain = ("What was found in MM-009?", RESPONSE)
    shown = first(engine, chain[0]).passage
    found = first(engine, *chain)
    assert (found.passage.document_id, found.passage.section) == (shown.document_id, shown.section)
    assert found.evidence["shown"] == 1.0
    assert first(engine, RESPONSE).passage != found.passage


@pytest.mark.parametrize("question", [RESPONSE, "What was found in MM-009?"])
def test_without_a_conversation_no_passage_was_shown(engine: Engine, question: str) -> None:
    assert {hit.evidence["shown"] for hit in engine.search(question)} == {0.0}


def test_a_question_about_something_else_leaves_what_was_shown(engine: Engine) -> None:
    hits = engine.search("And in MM-003?", history=["What was found in MM-009?"])
    assert {hit.evidence["shown"] for hit in hits} == {0.0}


def test_what_was_shown_does_not_make_an_answer_surer() -> None:
    engine = Engine.open(Settings(meaning="off"))
    history = ["What was found in MM-009?"]
    [explained, *_] = engine.explain(RESPONSE, history=history)
    assert explained.hit.evidence["shown"] == 1.0
    own = sum(WEIGHTS[name] * value for name, value in explained.hit.evidence.items() if name != "shown")
    assert explained.grounds["score"] == pytest.approx(own / MOST_OF_ITS_OWN)


def test_an_answer_is_the_same_whether_the_conversation_was_answered_before_or_not(engine: Engine) -> None:
    chain = ["What is carfilzomib?", "How is it given?", "For how long?", "Any side effects?"]
    whole = engine.search(chain[-1], history=chain[:-1])
    for number in range(len(chain)):
        Engine.open(Settings()).search(chain[number], history=chain[:number])
    fresh = Engine.open(Settings())
    for number in range(1, len(chain)):
        fresh.ask(chain[number - 1], history=chain[: number - 1])
    assert fresh.search(chain[-1], history=chain[:-1]) == whole


def test_a_follow_up_to_a_document_stays_in_it(engine: Engine) -> None:
    document = first(engine, "What was found in MM-009?").passage.document_id
    hits = engine.search(RESPONSE, history=["What was found in MM-009?"], document=document)
    assert {hit.passage.document_id for hit in hits} == {document}
    assert {hit.evidence["shown"] for hit in hits} <= {1.0, 0.6}


def test_what_was_carried_over_is_named_and_is_dropped_without_the_history(engine: Engine) -> None:
    question, history = "What was the hazard ratio?", ["How well does pomalidomide with dexamethasone work?"]
    leaning, alone = engine.ask(question, history=history), engine.ask(question)
    assert leaning.interpretation.carried_over == ("pomalidomide", "dexamethasone")
    assert alone.interpretation.carried_over == ()
    assert leaning.best is not None and alone.best is not None
    assert leaning.best.passage != alone.best.passage
