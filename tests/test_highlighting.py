"""The highlight: which sentence of a passage answers a question."""

from __future__ import annotations

import math

import pytest
from layouts import WordingsBuilder

from qa.asking.question import read_question
from qa.model import Passage
from qa.ranking.evidence import read_query
from qa.ranking.highlighting import WEIGHTS, SentenceTerms, highlight, sentence_evidence, sentence_terms, sought
from qa.text.sentences import sentences


class Equal:
    """A library in which every word is as rare as any other."""

    passage_count = 100

    def document_frequency(self, term: str) -> int:
        return len(term[:1])


def passage_of(text: str, *, section: tuple[str, ...] = ()) -> Passage:
    return Passage(
        id="d-00000",
        document_id="d",
        section=section,
        text=text,
        start=0,
        end=len(text),
        sentences=tuple(sentences(text, 0, len(text))),
    )


def terms_of(passage: Passage, *, title: str = "") -> tuple[SentenceTerms, ...]:
    builder = WordingsBuilder()
    builder.add(passage, title=title)
    return sentence_terms(passage, builder.done(lambda _: 1))


def evidence(question: str, passage: Passage, *, title: str = "") -> list[dict[str, float]]:
    query = read_question(question)
    return sentence_evidence(sought(query, read_query(query, Equal())), terms_of(passage, title=title))


def highlighted(question: str, text: str) -> str | None:
    passage, query = passage_of(text), read_question(question)
    span = highlight(passage, terms_of(passage), sought(query, read_query(query, Equal())))
    return None if span is None else text[span.start : span.end]


@pytest.mark.parametrize(
    ("question", "text", "sentence"),
    [
        ("When did the ferry sink?", "The ferry may sink. The ferry sank and did sink in 1912.", 1),
        ("How many wardens watch the terns?", "Wardens watch the terns. Nine wardens watch the terns.", 1),
        ("Who watches the terns?", "They watch the terns. There Ada Finch watches the terns.", 1),
        ("Where do terns winter?", "Terns winter far away. Terns winter off Namibia.", 1),
        ("Why do terns dive?", "Terns dive all day. Terns dive because fish are below.", 1),
        ("What is a tern?", "We saw a tern. A white seabird like a tern is no gull. We saw a tern.", 1),
        ("What does tern mean?", "We saw a tern. A white seabird or tern is no gull. We saw a tern.", 1),
    ],
)
def test_of_sentences_that_cover_the_same_the_one_with_what_is_asked_for_is_chosen(
    question: str, text: str, sentence: int
) -> None:
    start, end = passage_of(text).sentences[sentence]
    assert highlighted(question, text) == text[start:end]


def test_what_the_question_itself_names_is_not_what_it_asks_for() -> None:
    kinds = [each["kind"] for each in evidence("Who met Ada?", passage_of("They met Ada. They met Ada and Bea."))]
    assert kinds == [0.0, 1.0]
    kinds = [each["kind"] for each in evidence("How many of 9 left?", passage_of("All 9 left. Of 9, 4 left."))]
    assert kinds == [0.0, 1.0]


def test_words_of_earlier_sentences_speak_for_one_that_goes_on_about_them() -> None:
    found = evidence("What does the heron spear?", passage_of("A heron waits. It spears a frog. It sleeps."))
    assert [each["before"] for each in found] == [0.0, 0.5, 1.0]
    assert [each["words"] for each in found] == [0.5, 0.5, 0.0]


def test_another_form_with_the_same_beginning_counts_and_the_same_stem_does_not_count_twice() -> None:
    found = evidence("Who destroyed it?", passage_of("The destruction was total. Fire destroyed it."))
    assert [each["likeness"] for each in found] == [1.0, 0.0]


def test_words_of_title_and_headings_do_not_tell_sentences_apart() -> None:
    found = evidence("Do terns dive?", passage_of("Terns fly. Gulls dive.", section=("Terns",)), title="Birds")
    assert [each["own"] for each in found] == [0.0, 1.0]


def test_neighbouring_words_count_where_they_stand_side_by_side() -> None:
    first, second = evidence("sooty tern", passage_of("The tern is sooty. The sooty tern."))
    assert (first["adjacency"], second["adjacency"]) == (0.0, 1.0)


def test_a_word_in_every_sentence_tells_less_than_one_in_a_single_sentence() -> None:
    found = evidence("Do terns dive?", passage_of("Terns fly. Terns dive."))
    everywhere, once = math.log(1 + 0.5 / 2.5), math.log(1 + 1.5 / 1.5)
    assert [each["within"] for each in found] == pytest.approx([everywhere / (everywhere + once), 1.0])


def test_every_kind_of_evidence_has_its_weight_and_lies_between_0_and_1() -> None:
    text = "In 1912 Ada Finch saw terns. They dive because fish are there [3]. Nobody knows."
    for question in ("When did Ada see terns?", "Why do they dive?", "How many fish?", "the of", "", "?!"):
        for each in evidence(question, passage_of(text)):
            assert list(each) == list(WEIGHTS)
            assert all(0 <= value <= 1 for value in each.values())


def test_nothing_is_highlighted_where_no_sentence_holds_a_word_of_the_question() -> None:
    assert highlighted("When do puffins breed?", "Gulls came in 1912. They left.") is None
    assert highlighted("", "Gulls came in 1912.") is None
    assert highlighted("Gulls?", "") is None
