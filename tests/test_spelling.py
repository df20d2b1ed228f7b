"""Words that the library does not hold are read as its own, and nothing else is."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.asking import spelling
from qa.asking.spelling import LONGEST, SHORTEST, Speller
from qa.model import Reading
from qa.text.analysis import Word, spoken, terms

TEXT = (
    "How often do the terns dive near the shore of the island? Terns nest on gravel; a petrel nests in burrows. "
    "What they eat are sandeels, and Zürich's pomalidomide is nothing to them. The migration of the Arctic tern is "
    "the longest. An incubating tern is relieved. Terns dive, terns rest, terns return. DREAMM-2 was a trial."
)
TERMS = frozenset(terms(TEXT))
LONG_WORDS = ["pomalidomide", "migration", "incubating", "relieved", "sandeels"]


def speller_of(text: str) -> Speller:
    return Speller.build(Counter(word for word, _ in spoken(text)).items())


SPELLER = speller_of(TEXT)


def are_known(words: Sequence[Word]) -> list[bool]:
    return [not TERMS.isdisjoint(word.terms) for word in words]


def corrected(question: str) -> str:
    read, readings = SPELLER.correct(question, are_known)
    assert (read == question) == (readings == ())
    return read


# What is corrected


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("petrwl", "petrel"),
        ("peterl", "petrel"),
        ("pettrel", "petrel"),
        ("migratio", "migration"),
        ("nigration", "migration"),
        ("pomalidomyde", "pomalidomide"),
        ("pomalydomid", "pomalidomide"),
        ("waht", "what"),
        ("thw", "the"),
        ("zurihc", "zurich"),
    ],
)
def test_a_slip_is_mended(written: str, read: str) -> None:
    assert SPELLER.nearest(written) == read


@given(
    word=st.sampled_from(LONG_WORDS),
    place=st.integers(1, 7),
    letter=st.sampled_from("abcdefghijklmnopqrstuvwxyz"),
    slip=st.sampled_from(["left out", "put in", "changed places"]),
)
def test_one_slip_behind_the_first_letter_of_a_long_word_is_mended(
    word: str, place: int, letter: str, slip: str
) -> None:
    written = {
        "left out": word[:place] + word[place + 1 :],
        "put in": word[:place] + letter + word[place:],
        "changed places": word[:place] + word[place : place + 2][::-1] + word[place + 2 :],
    }[slip]
    assert SPELLER.nearest(written) == word


def test_of_two_words_as_near_the_commoner_is_meant() -> None:
    assert speller_of("tern terms tern tern terms terns").nearest("terma") == "terms"
    assert speller_of("petrel petrol petrol petrol").nearest("petrwl") == "petrel"
    assert speller_of("nest nest nest neat").nearest("nwst") == "nest"


def test_two_slips_are_mended_in_a_long_word_alone() -> None:
    assert SPELLER.nearest("migrtoin") is None
    assert SPELLER.nearest("pomaldomied") == "pomalidomide"


def test_a_word_of_three_letters_can_only_have_been_a_stop_word() -> None:
    speller = speller_of("the sea and the cod")
    assert (speller.nearest("thw"), speller.nearest("ses"), speller.nearest("cpd")) == ("the", None, None)
    assert SHORTEST == 4


def test_what_was_read_otherwise_is_told_in_order_and_once() -> None:
    assert SPELLER.correct("Whaf do Trens and petrwl eat on petrwl?", are_known) == (
        "What do Terns and petrel eat on petrel?",
        (Reading("Whaf", "What"), Reading("Trens", "Terns"), Reading("petrwl", "petrel")),
    )


def test_a_word_inside_a_compound_is_corrected_in_its_place() -> None:
    assert corrected("the gravel-nestimg/migratoin?") == "the gravel-nestimg/migration?"


# What is not


@pytest.mark.parametrize(
    "question",
    [
        "terns nested, migrations, diving",
        'the "petrwl" and “migratoin of petrwl”',
        "the „petrwl“ and «migratoin of petrwl»",
        "DREEMM DREAMM-3 dreamm3 petrwl2 PETRWL pEtrwl PetRwl",
        "2.5mg 1998",
        "metformin Germany cisplatin",
        "петрел 燕鷗 🐦🐦🐦 ﷺ",
        "",
    ],
)
def test_known_quoted_numbered_named_and_unlike_words_stand_as_they_are(question: str) -> None:
    assert SPELLER.correct(question, are_known) == (question, ())


def test_a_word_of_english_is_no_slip() -> None:
    speller = speller_of("The patient alive at this rate.")
    assert [speller.nearest(word) for word in ("patent", "rats")] == ["patient", "rate"]
    assert speller.correct("a Patent, rats, a patiemt", lambda words: [False] * len(words)) == (
        "a Patent, rats, a patient",
        (Reading("patiemt", "patient"),),
    )


def test_a_quote_that_is_not_closed_quotes_nothing() -> None:
    assert corrected('the petrwl" of “petrwl') == 'the petrel" of “petrel'


@given(
    st.text(max_size=60) | st.lists(st.sampled_from([*TEXT.split(), "petrwl", '"', "“", "”", "-", "x1"])).map(" ".join)
)
def test_only_unknown_words_are_changed_and_only_to_known_ones_the_same_way_each_time(question: str) -> None:
    read, readings = SPELLER.correct(question, are_known)
    assert SPELLER.correct(question, are_known) == (read, readings)
    for reading in readings:
        assert not TERMS.intersection(terms(reading.written))
        assert TERMS.issuperset(terms(reading.read))
    assert len(set(readings)) == len(readings)
    assert (read == question) == (not readings)


@pytest.mark.parametrize(
    "word", ["a" * 1000, "petrel" * 200, "é" * 999, "燕" * 1000, "🐦" * 1000, "z" * LONGEST, "zz", "ß" * 40, "ﬃ" * 9]
)
def test_hostile_words_stand_as_they_are(word: str) -> None:
    assert SPELLER.correct(word, are_known) == (word, ())


def test_a_question_of_slips_alone_is_corrected_at_its_beginning() -> None:
    read, _ = SPELLER.correct("petrwl " * 100, are_known)
    assert read.startswith("petrel petrel ")
    assert read.endswith("petrwl petrwl ")


def test_a_library_without_words_corrects_nothing() -> None:
    assert Speller.build([]).correct("petrwl", are_known) == ("petrwl", ())


# Kept


@pytest.mark.parametrize("speller", [SPELLER, Speller.build([])], ids=["words", "no words"])
def test_one_made_of_the_arrays_of_another_reads_as_that(speller: Speller) -> None:
    again = Speller(speller.arrays)
    for written in ("petrwl", "thw", "pomalydomid", "migratoin", "zzzz"):
        assert again.nearest(written) == speller.nearest(written)


def test_it_is_gone_as_soon_as_nobody_uses_it() -> None:
    speller = Speller(SPELLER.arrays)
    assert speller.nearest("petrwl") == speller.nearest("petrwl") == "petrel"
    alive = weakref.ref(speller)
    gc.disable()
    try:
        del speller
        assert alive() is None
    finally:
        gc.enable()


def test_no_more_words_are_remembered_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spelling, "_REMEMBERED", 2)
    speller = Speller(SPELLER.arrays)
    for written in ("petrwl", "thw", "zzzz", "petrwl"):
        assert speller.nearest(written) == SPELLER.nearest(written)
        assert len(speller._looked_up) <= 2


@pytest.mark.parametrize("name", ["words", "counts", "masks", "starts"])
def test_arrays_that_do_not_fit_together_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="do not fit together"):
        Speller(SPELLER.arrays | {name: SPELLER.arrays[name][:-1]})


def test_words_with_which_one_asks_are_never_read_otherwise_though_the_library_lacks_them() -> None:
    question = "Give me an overview, show the options and name all different kinds"
    speller = Speller.build(
        (word, 9) for word in ("given", "shown", "named", "option", "kinda", "overvies", "differens")
    )
    assert speller.correct(question, lambda words: [False] * len(words)) == (question, ())
