"""Wordings: every word of every passage is found where it stands, by itself and by its term."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import WordingsBuilder

from qa.asking.concepts import NO_CONCEPTS, Concept, Concepts
from qa.model import Document, Passage
from qa.ranking.layout import HEADING_WEIGHT, Layout, packed_rows
from qa.ranking.wordings import (
    MARKS,
    Excerpt,
    Found,
    Wordings,
    word_counts,
)
from qa.readers.formats.markdown import read_markdown
from qa.readers.passages import passages
from qa.text.analysis import spoken, terms
from qa.text.sentences import sentences

TITLE = "A walk"


def passage_of(text: str, *headings: str, passage_id: str = "d-00000") -> Passage:
    return Passage(
        id=passage_id,
        document_id="d",
        section=headings,
        text=text,
        start=0,
        end=len(text),
        sentences=tuple(sentences(text, 0, len(text))),
    )


def wordings_of(found: Sequence[Passage], *, title: str = TITLE, concepts: Concepts = NO_CONCEPTS) -> Wordings:
    builder = WordingsBuilder(concepts)
    frequencies = Counter(term for each in found for term in set(builder.add(each, title=title)))
    return builder.done(frequencies.__getitem__)


def excerpt_of(text: str, *headings: str, concepts: Concepts = NO_CONCEPTS) -> Excerpt:
    return wordings_of([passage_of(text, *headings)], concepts=concepts).excerpt(["d-00000"])


def places(found: Found) -> list[tuple[int, int]]:
    """In which part each thing that was found stands, and which of those looked for it is."""
    return list(zip(found.parts.tolist(), found.numbers.tolist(), strict=True))


BIRDS = [
    passage_of("Terns dive. Gulls steal.", "Birds of the shore", "Their food", passage_id="a-00000"),
    passage_of("An auk swims. It eats 3 fishes!", passage_id="b-00000"),
    passage_of("", "Nothing", passage_id="c-00000"),
    passage_of("Die Küstenseeschwalbe taucht.", "Vögel", passage_id="e-00000"),
    passage_of("Крачка ныряет. 燕鷗潛水。 🐦🐦 الخرشنة تغوص", "海鳥 🐦", passage_id="f-00000"),
]
WORDINGS = wordings_of(BIRDS)


# Where words stand


def test_a_word_is_found_as_it_is_written_but_for_its_case_and_by_its_term_in_every_form() -> None:
    found = excerpt_of("Terns dive. The TERN dives. A tern!")
    assert places(found.words(["terns", "tern"])) == [(1, 0), (2, 1), (3, 1)]
    assert places(found.terms(["tern"])) == [(1, 0), (2, 0), (3, 0)]
    assert places(found.terms(["dive"])) == [(1, 0), (2, 0)]


def test_stop_words_are_found_as_they_are_written_and_have_no_term() -> None:
    found = excerpt_of("The tern is there.")
    assert places(found.words(["the", "is", "there"])) == [(1, 0), (1, 1), (1, 2)]
    assert places(found.terms(["the", "is", "there"])) == []


def test_what_does_not_stand_there_is_not_found() -> None:
    found = excerpt_of("Terns dive.")
    for nothing in (found.words(["penguin", ""]), found.terms(["penguin", ""]), found.words([]), found.terms([])):
        assert places(nothing) == []


def test_what_is_found_tells_whose_it_is_and_whether_it_stands_in_the_text() -> None:
    found = WORDINGS.excerpt(["b-00000", "a-00000"]).words(["it", "birds", "gulls", "walk"])
    assert found.rows.tolist() == [0, 0, 1, 1, 1]
    assert found.numbers.tolist() == [3, 0, 3, 1, 2]
    assert found.in_text.tolist() == [False, True, False, False, True]


def test_words_of_a_part_stand_beside_one_another_in_order_and_never_beside_those_of_another_part() -> None:
    found = excerpt_of("The tern dives. Gulls steal.", "Terns").words(
        ["walk", "terns", "the", "tern", "dives", "gulls"]
    )
    beside = [
        (first, second)
        for first, second, gap in zip(found.numbers, found.numbers[1:], np.diff(found.places), strict=False)
        if gap == 1
    ]
    assert found.numbers.tolist() == [0, 1, 2, 3, 4, 5]
    assert beside == [(2, 3), (3, 4)]


def test_compounds_are_found_and_stand_beside_nothing() -> None:
    found = excerpt_of("DREAMM-2 trial")
    by_term = found.terms(["dreamm", "2", "trial", "dreamm2"])
    assert by_term.numbers.tolist() == [0, 1, 2, 3]
    assert np.diff(by_term.places).tolist() == [1, 1, 2]
    assert places(found.words(["dreamm2", "+dreamm2"])) == [(1, 1)]


def test_concepts_are_found_and_stand_beside_nothing() -> None:
    auk = Concept(names=("auk", "diving bird"))
    found = excerpt_of("A diving bird. Birds dive.", "Auks", concepts=Concepts([auk]))
    by_term = found.terms(["dive", "bird", "auk", auk.token])
    assert places(by_term) == [(1, 2), (1, 3), (2, 0), (2, 1), (2, 3), (3, 1), (3, 0)]
    assert np.diff(by_term.places).tolist() == [2, 3, 1, 2, 2, 1]
    assert by_term.in_text.tolist() == [False, False, True, True, True, True, True]


# Parts


def test_a_passage_is_its_title_its_headings_and_its_sentences() -> None:
    found = WORDINGS.excerpt(["a-00000", "b-00000", "c-00000"])
    assert found.part_rows.tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 2, 2]
    assert found.is_text.tolist() == [False, False, False, True, True, False, True, True, False, False]
    assert found.first_parts.tolist() == [0, 5, 8]
    assert found.innermost.tolist() == [2, 5, 9], "the last heading or, where there is none, the title"
    assert found.lengths.tolist() == [4, 5, 0], "terms of the text alone"


def test_a_text_begins_at_the_mark_of_its_first_sentence_or_where_the_next_passage_begins() -> None:
    found = WORDINGS.excerpt(["a-00000", "c-00000", "b-00000"])
    firsts = found.words(["terns", "an"])
    assert (found.text_starts[[0, 2]] + 1).tolist() == firsts.places.tolist()
    assert found.text_starts[1] == found.marks[found.first_parts[2]]
    assert WORDINGS.excerpt(["c-00000"]).text_starts.tolist() == [len(WORDINGS.excerpt(["c-00000"]).stream)]


def test_a_number_in_the_marker_of_a_reference_is_none() -> None:
    found = excerpt_of("It eats 3 fishes. It flies. [3] Terns (see [3, 4]) dive. In [12] it was 1999.", "Of 1999")
    numbered = found.is_numbered[found.is_text].tolist()
    assert numbered == [True, False, False, True]
    assert not found.is_numbered[~found.is_text].any()


# Weights


def test_a_heading_weighs_by_its_different_terms_and_a_concept_is_no_word() -> None:
    auk = Concept(names=("auk", "diving bird"))
    statistics = {"auk": 1, "tern": 2}
    passage = passage_of("Owls.", "Not this one", "An auk, the tern: auks", passage_id="d-00000")
    builder = WordingsBuilder(Concepts([auk]))
    builder.add(passage, title="Gulls")
    builder.add(passage_of("Owls.", passage_id="e-00000"), title="The tern")
    found = builder.done(lambda term: statistics.get(term, 0)).excerpt(["d-00000", "e-00000"])
    rarity = {count: np.log(1 + (2 - count + 0.5) / (count + 0.5)) for count in (1, 2)}
    assert found.heading_rarities() == pytest.approx([rarity[1] + rarity[2], rarity[2]])


def test_what_a_passage_holds_is_what_its_text_its_headings_and_its_title_say() -> None:
    asked = ["tern", "shore", "food", "walk", "their", "auk", "penguin", ""]
    assert WORDINGS.holds("a-00000", asked) == {"tern", "shore", "food", "walk"}
    assert WORDINGS.holds("b-00000", asked) == {"auk", "walk"}
    assert WORDINGS.holds("c-00000", []) == frozenset()


def test_words_are_counted_as_they_are_written_and_compounds_apart() -> None:
    words: dict[str, int] = {}
    layout = Layout(NO_CONCEPTS, lambda word, _: words.setdefault(word, MARKS + len(words)))
    passage = passage_of("Anti-tern terns. The auk.", "Terns")
    layout.add(TITLE, passage.section, passage.text, passage.sentences)
    laid = layout.take()
    [row] = packed_rows(laid.stream, laid)
    counted = word_counts([row.stream])
    named = {word: counted[number] for word, number in words.items()}
    assert named == {"a": 1, "walk": 1, "terns": 2, "anti": 1, "tern": 1, "+antitern": 1, "the": 1, "auk": 1}
    assert (row.contexts, row.length) == (2, 5)


def test_the_mean_length_is_of_texts_and_never_0() -> None:
    assert wordings_of(BIRDS[:3]).mean_length == (4 + 5 + 0) / 3
    assert wordings_of([BIRDS[2]]).mean_length == wordings_of([]).mean_length == 1


# Any text


@pytest.mark.parametrize("passage", BIRDS, ids=lambda passage: passage.id)
def test_words_of_every_script_are_found(passage: Passage) -> None:
    found = WORDINGS.excerpt([passage.id])
    said = [word for word, _ in spoken(passage.text)]
    by_word = found.words(sorted(set(said)))
    in_text = by_word.numbers[by_word.in_text].tolist()
    assert [sorted(set(said))[number] for number in in_text] == said
    assert WORDINGS.holds(passage.id, terms(passage.text)) == set(terms(passage.text))


_PIECES = st.sampled_from(
    [
        "Terns",
        "dive.",
        "DREAMM-2",
        "anti-CD38",
        "2.5mg/kg",
        "per cent",
        "e.g.",
        "[3]",
        "\n\n",
        "|",
        "🐦",
        "燕鷗。",
        "1,234.5",
    ]
)
_TEXTS = st.one_of(st.text(max_size=80), st.lists(_PIECES, max_size=25).map(" ".join))


@settings(deadline=None, max_examples=200)
@given(text=_TEXTS, headings=st.lists(_TEXTS, max_size=3), title=_TEXTS)
def test_every_term_of_the_index_is_found_and_none_is_left_out(text: str, headings: list[str], title: str) -> None:
    builder = WordingsBuilder()
    passage = passage_of(text, *headings)
    indexed = builder.add(passage, title=title)
    of_headings = [term for heading in headings for term in terms(heading)]
    assert Counter(indexed) == Counter(terms(title) + HEADING_WEIGHT * of_headings + terms(text))
    found = builder.done(Counter(set(indexed)).__getitem__).excerpt([passage.id])
    looked_for = sorted(set(indexed))
    where = found.terms(looked_for)
    assert {looked_for[number] for number in where.numbers} == set(indexed)
    assert {looked_for[number] for number in where.numbers[where.in_text]} == set(terms(text))
    assert found.lengths.tolist() == [len(terms(text))]


@settings(deadline=None, max_examples=200)
@given(text=_TEXTS)
def test_the_sentences_of_a_document_s_passages_leave_no_term_out(text: str) -> None:
    document: Document = read_markdown(f"# Terns\n\n{text}\n", path=Path("d.md"), document_id="d")
    builder = WordingsBuilder()
    for passage in sorted(passages(document), key=lambda each: each.id):
        of_headings = [term for heading in passage.section for term in terms(heading)]
        expected = terms(document.title) + HEADING_WEIGHT * of_headings + terms(passage.text)
        assert Counter(builder.add(passage, title=document.title)) == Counter(expected)


# What is not there


def test_a_passage_that_is_not_there_is_an_error_and_no_passages_give_an_empty_excerpt() -> None:
    for unknown in ("", "b", "b-00000x", "z"):
        with pytest.raises(KeyError, match=f"'{unknown}'"):
            WORDINGS.excerpt([unknown])
        with pytest.raises(KeyError, match=f"'{unknown}'"):
            WORDINGS.holds(unknown, ["tern"])
    for wordings in (WORDINGS, wordings_of([])):
        nothing = wordings.excerpt([])
        assert places(nothing.words(["terns"])) == places(nothing.terms(["tern"])) == []
        assert nothing.heading_rarities().tolist() == nothing.part_rows.tolist() == []
