"""A question to its query: its words and terms, and what it takes over from earlier questions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.model import QueryWord, Reading
from qa.question import CARRIED_WEIGHT, read_question

EARLIER = "How fast do terns dive?"


def words_of(question: str, *history: str) -> list[str]:
    return [word.text for word in read_question(question, history=history).words]


def carried_by(question: str, *history: str) -> tuple[str, ...]:
    return read_question(question, history=history).carried_over


# One question alone


def test_a_question_gives_its_terms_at_weight_1_and_its_words_as_they_stand() -> None:
    query = read_question("Where do Arctic terns nest?")
    assert query.terms == {"arctic": 1.0, "tern": 1.0, "nest": 1.0}
    assert query.words == (
        QueryWord(text="Arctic", terms=("arctic",)),
        QueryWord(text="terns", terms=("tern",)),
        QueryWord(text="nest", terms=("nest",)),
    )
    assert query.carried_over == ()


def test_a_compound_gives_each_of_its_words_and_the_whole() -> None:
    query = read_question("long-tailed")
    assert query.terms == {"long": 1.0, "tail": 1.0, "longtail": 1.0}
    assert QueryWord(text="tailed", terms=("tail", "longtail")) in query.words


def test_a_name_with_a_number_is_one_word() -> None:
    assert read_question("DREAMM-2").words == (QueryWord(text="DREAMM-2", terms=("dreamm2",)),)
    assert read_question("DREAMM 2").words[0].terms == read_question("DREAMM-2").words[0].terms


@pytest.mark.parametrize("question", ["the of and", "What is it?", "?!", "…", "\u0301" * 10, "—"])
def test_a_question_without_content_words_has_no_terms(question: str) -> None:
    query = read_question(question)
    assert (query.terms, query.words, query.carried_over) == ({}, (), ())


def test_words_that_frame_a_question_are_searched_but_need_not_be_covered() -> None:
    query = read_question("Tell me: what kind of bird is a tern?")
    assert set(query.terms) == {"tell", "kind", "bird", "tern"}
    assert [word.text for word in query.words] == ["bird", "tern"]


def test_a_word_said_twice_counts_once() -> None:
    assert words_of("tern tern nests tern") == ["tern", "nests"]


@settings(deadline=None, max_examples=200)
@given(question=st.text(max_size=80), history=st.lists(st.text(max_size=40), max_size=4))
def test_any_text_makes_a_query_whose_words_are_among_its_terms(question: str, history: list[str]) -> None:
    query = read_question(question, history=history)
    assert all(weight in (1.0, CARRIED_WEIGHT) for weight in query.terms.values())
    assert all(term in query.terms for word in query.words for term in word.terms)
    assert query.carried_over == tuple(dict.fromkeys(word.text for word in query.words if word.carried))
    assert read_question(question, history=history) == query


# What was corrected


def mend(text: str) -> tuple[str, tuple[Reading, ...]]:
    return text.replace("trens", "terns").replace("Hpw", "How"), (Reading("trens", "terns"),)


def test_a_question_is_read_as_it_is_corrected_and_tells_what_was() -> None:
    query = read_question("Hpw many trens nest?", correct=mend)
    assert query.corrected == (Reading("trens", "terns"),)
    read = read_question("How many terns nest?")
    assert (query.words, query.terms, query.spoken) == (read.words, read.terms, read.spoken)
    assert read.corrected == ()


def test_an_earlier_question_is_corrected_and_does_not_tell() -> None:
    def mend_earlier(text: str) -> tuple[str, tuple[Reading, ...]]:
        return mend(text) if "trens" in text else (text, ())

    query = read_question("How deep do they dive?", history=["Hpw fast are trens?"], correct=mend_earlier)
    assert query.carried_over == ("fast", "terns")
    assert query.corrected == ()


# Leaning on earlier questions


@pytest.mark.parametrize(
    "question",
    [
        "How deep do they go when hunting small fish?",
        "What is its usual speed over open water?",
        "Is that quicker than most other kinds of seabirds?",
        "Which fish do these usually catch near the shore?",
        "How deep below the surface does it go on average, if it's windy?",
        "Over open water at dawn, how quick is it.",
    ],
)
def test_a_pronoun_leans_on_the_question_before(question: str) -> None:
    assert carried_by(question, EARLIER) == ("fast", "terns", "dive")


@pytest.mark.parametrize(
    "question",
    [
        "And common gulls near open water at dawn?",
        "What about common gulls near open water?",
        "How about common gulls near open water?",
        "But common gulls near open water at dawn?",
        "Or common gulls near open water at dawn?",
        "What else lives near open water at dawn?",
    ],
)
def test_an_opening_word_leans_on_the_question_before(question: str) -> None:
    assert carried_by(question, EARLIER) == ("fast", "terns", "dive")


@pytest.mark.parametrize("question", ["How deep?", "In winter?", "The usual depth?", "What was the usual depth?"])
def test_a_question_of_few_words_leans_on_the_question_before(question: str) -> None:
    assert carried_by(question, EARLIER) == ("fast", "terns", "dive")


@pytest.mark.parametrize(
    "question",
    [
        "What is denosumab?",
        "What are gulls?",
        "Thanks!",
        "Why?",
        "Where do common gulls nest in winter?",
        "Which protein does selinexor block in the nucleus?",
        "What was the median follow-up of the randomized study?",
        "one-year survival with low-dose and high-dose dexamethasone",
        "How deep do terns dive near the shore?",
        "Explain the androids of the theyland hissing contest",
    ],
)
def test_a_question_that_stands_alone_is_never_bent(question: str) -> None:
    assert read_question(question, history=[EARLIER, "What do herons eat?"]) == read_question(question)


def test_words_carried_over_come_at_half_weight_behind_the_questions_own_and_are_named() -> None:
    query = read_question("How deep?", history=["How fast do terns dive?"])
    assert CARRIED_WEIGHT == 0.5
    assert query.terms == {"deep": 1.0, "fast": 0.5, "tern": 0.5, "dive": 0.5}
    assert query.words == (
        QueryWord(text="deep", terms=("deep",)),
        QueryWord(text="fast", terms=("fast",), weight=0.5, carried=True),
        QueryWord(text="terns", terms=("tern",), weight=0.5, carried=True),
        QueryWord(text="dive", terms=("dive",), weight=0.5, carried=True),
    )
    assert query.carried_over == ("fast", "terns", "dive")


def test_a_word_that_the_question_says_itself_is_not_carried_over() -> None:
    query = read_question("And in winter, do terns dive?", history=[EARLIER])
    assert query.terms == {"winter": 1.0, "tern": 1.0, "dive": 1.0, "fast": 0.5}
    assert query.carried_over == ("fast",)


def test_all_words_of_a_compound_are_carried_over() -> None:
    query = read_question("How deep?", history=["Is the anti-gull net used?"])
    assert query.carried_over == ("anti", "gull", "net", "used")
    assert query.terms == {"deep": 1.0} | dict.fromkeys(["anti", "gull", "antigul", "net", "use"], 0.5)


def test_words_that_frame_an_earlier_question_are_not_carried_over() -> None:
    assert carried_by("How deep?", "Tell me what kind of birds dive") == ("birds", "dive")


def test_later_questions_are_leaned_on_before_earlier_ones_and_no_further_than_three() -> None:
    history = ["Do emus run?", "Do herons wait?", "Do gulls steal?", "Do terns dive?"]
    assert carried_by("How deep?", *history) == ("terns", "dive", "gulls", "steal", "herons", "wait")


def test_a_word_of_two_earlier_questions_is_carried_over_once() -> None:
    assert carried_by("How deep?", "Do terns dive?", "Do terns nest?") == ("terns", "nest", "dive")


def test_without_history_nothing_is_carried_over() -> None:
    assert read_question("How deep do they go?") == read_question("How deep do they go?", history=["the of and"])
