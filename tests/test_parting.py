"""Which sentences of a letter ask, and which only tell."""

from __future__ import annotations

import pytest

from qa.asking.parting import parted

TRANSPLANT = "I am 58 and had my transplant in March."


def test_a_question_of_one_sentence_is_kept_whole() -> None:
    for question in ("Does it hurt?", "terns of the Arctic", "", "? !"):
        assert parted(question) == (question, ())


def test_of_a_letter_the_sentences_that_ask_are_the_question_and_the_others_tell() -> None:
    letter = f"Dear doctor, {TRANSPLANT[0].lower()}{TRANSPLANT[1:]} Should I take the tablets? Thank you so much, Ada"
    found = parted(letter)
    assert found.asking == "Should I take the tablets?"
    greeting, before, behind = found.telling
    assert " ".join((greeting, before, found.asking, behind)) == letter


@pytest.mark.parametrize(
    "asking",
    [
        "Could I stop",
        "does it come back after the second year",
        "I want to know whether the tablets help.",
        "Please tell me what to do about the pain.",
        "I am looking for the dose of the tablets.",
        "I wonder if that is normal.",
        "Is that normal?!",
        'She said: "is that normal?"',
    ],
)
def test_a_sentence_asks_by_its_end_its_beginning_or_what_it_says(asking: str) -> None:
    assert parted(f"{TRANSPLANT} {asking}") == (asking, (TRANSPLANT,))


def test_where_no_sentence_asks_all_of_them_are_the_question() -> None:
    told = f"{TRANSPLANT} The pain came back last week, and the tablets are no good."
    assert parted(told) == (told, ())


def test_a_short_sentence_beside_a_question_says_what_that_is_about() -> None:
    for question in ("Noonan syndrome. What are its symptoms?", "What was the response rate? In MM-003."):
        assert parted(question) == (question, ())


def test_a_short_sentence_that_greets_or_takes_leave_is_no_part_of_the_question() -> None:
    assert parted("Hello there! Does it hurt? Many thanks, Declan") == (
        "Does it hurt?",
        ("Hello there!", "Many thanks, Declan"),
    )


def test_several_questions_of_a_letter_stay_together_in_their_order() -> None:
    found = parted(f"Is it safe? {TRANSPLANT} And may I travel?")
    assert found == ("Is it safe? And may I travel?", (TRANSPLANT,))


def test_an_abbreviation_does_not_end_a_sentence() -> None:
    assert parted("Is Dr. Smith right about the tablets vs. the infusion?").telling == ()


@pytest.mark.parametrize(
    ("letter", "asking"),
    [
        ("Dear Dr. Patel, does bortezomib cause neuropathy?", "does bortezomib cause neuropathy?"),
        ("Dear Prof. Müller, does it hurt? Best, José", "does it hurt?"),
        ("Hi I'm Anna, does it hurt?", "does it hurt?"),
        ("Good evening Doctor, does it hurt?", "does it hurt?"),
        ("My name is Tom. Does it hurt?", "Does it hurt?"),
        ("I am Ahmed. Does it hurt?", "Does it hurt?"),
        ("Does it hurt? This is nurse Jackie.", "Does it hurt?"),
        ("Dear Mrs. Smith, dose of bortezomib in old age", "dose of bortezomib in old age"),
        (
            "Hello! Bortezomib and its effect on the nerves. Kind regards, Tom",
            "Bortezomib and its effect on the nerves.",
        ),
    ],
)
def test_a_greeting_a_name_and_a_farewell_are_no_part_of_the_question(letter: str, asking: str) -> None:
    found = parted(letter)
    assert found.asking == asking
    assert found.telling


@pytest.mark.parametrize(
    "question", ["Hi!", "Dear Tom,", "Hi-lo trial, what did it find?", "hello world, is it a program?"]
)
def test_what_is_nothing_but_a_greeting_or_only_looks_like_one_is_kept(question: str) -> None:
    found = parted(question)
    assert "".join((*found.telling, found.asking)).replace(" ", "") == question.replace(" ", "")
    assert found.asking
