"""Chains of questions on the shipped corpus: a follow-up is answered about what was spoken of before."""

from __future__ import annotations

import pytest

from qa import Engine, Settings
from qa.model import Hit


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
    assert says in first(engine, *chain).passage.text


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


def test_what_was_carried_over_is_named_and_is_dropped_without_the_history(engine: Engine) -> None:
    question, history = "What was the hazard ratio?", ["How well does pomalidomide with dexamethasone work?"]
    leaning, alone = engine.ask(question, history=history), engine.ask(question)
    assert leaning.interpretation.carried_over == ("pomalidomide", "dexamethasone", "work")
    assert alone.interpretation.carried_over == ()
    assert leaning.best is not None and alone.best is not None
    assert leaning.best.passage != alone.best.passage
