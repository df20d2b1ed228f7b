"""Several names for one thing: what a text says means the same, and where a concept's names stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.asking.concepts import NO_CONCEPTS, Concept, Concepts, Pair, mined, of_library, plain_words, terms_of_name
from qa.asking.concepts import agreed as agreed_on
from qa.text.analysis import terms, words_in_place

PFS = Concept(names=("PFS", "progression-free survival"))
CRS = Concept(names=("CRS", "cytokine release syndrome"))
CLASS = Concept(names=("blood thinner", "anticoagulant"), found=("apixaban", "Eliquis"))
KNOWN = Concepts([PFS, CRS, CLASS])


def pairs(text: str) -> list[tuple[str, str]]:
    return [(pair.short, pair.long) for pair in mined(text)]


# Pairs in a text


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("Median progression-free survival (PFS) was longer.", ("PFS", "progression-free survival")),
        ("The PFS (progression-free survival) was longer.", ("PFS", "progression-free survival")),
        ("heat shock transcription factor (HSF)", ("HSF", "heat shock transcription factor")),
        ("a sample of tumor suppressor proteins (TSPs)", ("TSP", "tumor suppressor proteins")),
        ("patients with multiple myeloma (MM)", ("MM", "multiple myeloma")),
        ("the time to next treatment (TTNT)", ("TTNT", "time to next treatment")),
        ("deoxyribonucleic acid (DNA; double-stranded)", ("DNA", "deoxyribonucleic acid")),
        ("reduced by dithiothreitol (DTT)", ("DTT", "dithiothreitol")),
        ("selective inhibitor of nuclear export (SINE)", ("SINE", "selective inhibitor of nuclear export")),
        ("by the Food and Drug Administration (FDA)", ("FDA", "Food and Drug Administration")),
        ("graft-versus-host disease (GvHD)", ("GvHD", "graft-versus-host disease")),
        ("interleukin 6 (IL-6) rose", ("IL-6", "interleukin 6")),
        ("the revised International Staging System (R-ISS)", ("R-ISS", "revised International Staging System")),
        ("belantamab mafodotin-blmf (Blenrep)", ("Blenrep", "belantamab mafodotin")),
        ("treated with Blenrep (belantamab mafodotin)", ("Blenrep", "belantamab mafodotin")),
        ("with selinexor (Xpovio)", ("Xpovio", "selinexor")),
    ],
)
def test_a_text_that_gives_a_name_and_its_other_name_is_understood(text: str, pair: tuple[str, str]) -> None:
    assert pairs(text) == [pair]


@pytest.mark.parametrize(
    "text",
    [
        "in relapsed multiple myeloma (ENDEAVOR)",
        "was longer (P)",
        "was longer (see below)",
        "as shown (Table)",
        "in the capital (Warsaw)",
        "It was long (NOT short at all)",
        "the number of patients (19)",
        "with a tern (tern)",
        "and the PFS (PFS)",
        "progression free\nsurvival (PFS)",
        "blastp was used as the blastp algorithm (BLAST)",
        "an acid (R-COOH); esters (R-COO-R)",
        "of sitagliptin and metformin (Janumet)",
        "(PFS)",
        "()",
        "progression-free survival ((PFS))) was",
        "the antelopes, whose survival (ABCDEFGHIJKL)",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert pairs(text) == []


HOSTILE = ("(", ")", "((a)", "(AB", "a (AB)", "AB (", "(A(A(A", " ", "\u0301(", "a", "mab (")


@pytest.mark.parametrize(
    ("piece", "found"),
    [
        *((piece, set()) for piece in HOSTILE),
        ("auk birds (AB) ", {("AB", "auk birds")}),
        ("AB (auk b) ", {("AB", "auk b")}),
    ],
)
def test_hostile_text_is_looked_at_once(piece: str, found: set[tuple[str, str]]) -> None:
    assert set(pairs(piece * 100_000)) == found


TEXTS = st.lists(
    st.sampled_from(
        ["progression", "free", "survival", "of", "the", "PFS", "(PFS)", "(", ")", "-", "X-1", "(XPO1)", "\n"]
    )
    | st.text(max_size=6),
    max_size=30,
).map(" ".join)


@settings(deadline=None, max_examples=300)
@given(text=TEXTS)
def test_the_letters_of_an_abbreviation_stand_in_its_long_form_in_their_order(text: str) -> None:
    for short, long in mined(text):
        assert " ".join(short.split()) and long.strip() == long
        letters = iter(long.casefold())
        if not short[1:].islower():
            assert all(c in letters for c in short.casefold() if c.isalnum()), (short, long)


def agreed(texts: Sequence[str], known: Sequence[Concept] = ()) -> list[Concept]:
    """What documents with these texts agree on."""
    pairs = Counter(pair for text in texts for pair in set(mined(text)))
    return agreed_on(pairs, Counter(word for text in texts for word in plain_words(text)), known)


@settings(deadline=None, max_examples=100)
@given(texts=st.lists(TEXTS, max_size=5))
def test_what_texts_agree_on_does_not_depend_on_their_order(texts: list[str]) -> None:
    assert agreed(texts) == agreed(texts[::-1]) == sorted(agreed(texts), key=lambda concept: concept.names)


# What texts agree on


@pytest.mark.parametrize(
    ("name", "text"), [("PFS", "the PFSs of"), ("DREAMM-2", "in DREAMM 2"), ("two-way road", "a two way road")]
)
def test_a_text_that_has_a_name_has_all_terms_of_one_of_its_forms(name: str, text: str) -> None:
    found, names = Concepts([Concept(names=(name, "other"))]).terms_and_names(text)
    assert names
    assert any(set(needed) <= set(found) for needed in terms_of_name(name))


def test_the_long_form_that_most_definitions_give_is_the_one() -> None:
    overall, objective = "overall response rate (ORR)", "objective response rate (ORR)"
    assert agreed([overall, objective, overall]) == [Concept(names=Pair("ORR", "overall response rate"))]
    assert agreed([overall, objective]) == []


def test_a_long_form_is_the_same_however_it_is_hyphened() -> None:
    texts = ["progression-free survival (PFS)", "progression free survival (PFS)", "patients first seen (PFS)"]
    assert agreed(texts) == [Concept(names=Pair("PFS", "progression free survival"))]


def test_an_abbreviation_that_is_mostly_a_common_word_is_left_out() -> None:
    definition = "chimeric antigen receptor (CAR)"
    assert agreed([definition]) == [Concept(names=Pair("CAR", "chimeric antigen receptor"))]
    assert agreed([definition, "a car and another car"]) == []
    assert agreed(["World Health Organization (WHO)"]) == []


def test_what_is_known_already_is_not_said_again() -> None:
    assert agreed(["Progression-free survival (PFS)"], [PFS]) == []


# Names in texts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Median PFS was", [PFS]),
        ("Progression free survival", [PFS]),
        ("progression-free and overall survival", []),
        ("survival free of progression", []),
        ("progression-free", []),
        ("CRS and crs", [CRS]),
        ("two CRs, one with crs", [CRS]),
        ("a CR", []),
        ("anticoagulants or a blood thinner", [CLASS, CLASS]),
        ("Apixaban", [CLASS]),
        ("", []),
    ],
)
def test_a_passage_holds_the_token_of_each_name_beside_its_words(text: str, found: list[Concept]) -> None:
    assert KNOWN.terms(text) == terms(text) + [concept.token for concept in found]
    assert NO_CONCEPTS.terms(text) == terms(text)


@settings(deadline=None, max_examples=300)
@given(text=st.text(max_size=60) | TEXTS)
def test_no_term_is_a_token(text: str) -> None:
    assert not any(term.startswith("=") for term in terms(text))
    assert KNOWN.terms(text)[: len(terms(text))] == terms(text)


def test_only_the_concepts_that_a_library_names_are_its_own() -> None:
    _, names = KNOWN.terms_and_names("PFS, apixaban")
    own = of_library(KNOWN.all, [(concept.token, name) for concept, name in names]).all
    assert [(each.names, each.held) for each in own] == [
        (PFS.names, frozenset({"PFS"})),
        (CLASS.names, frozenset({"apixaban"})),
    ]
    assert [each.token for each in own] == [PFS.token, CLASS.token]
    assert own[0].others("progression-free survival") == ["PFS"]
    assert own[0].others("PFS") == []


def test_a_narrower_name_is_found_by_the_wider_one_and_not_the_other_way_round() -> None:
    _, names = KNOWN.terms_and_names("apixaban, anticoagulant")
    [own] = of_library(KNOWN.all, [(concept.token, name) for concept, name in names]).all
    assert own.others("blood thinner") == ["anticoagulant", "apixaban"]
    assert own.others("anticoagulant") == ["apixaban"]
    assert own.others("apixaban") == []


def test_a_name_of_thousands_of_words_is_no_name() -> None:
    long = Concept(names=("LONG", "word " * 5_000))
    assert Concepts([long]).terms("LONG, word word") == ["long", "word", "word", long.token]


@pytest.mark.parametrize(
    ("question", "is_named"),
    [("Is it 5 mm?", False), ("Is it 5 MM?", True), ("Is it in mm?", True), ("5 mm of MM", True), ("5 mm", False)],
)
def test_a_name_in_capitals_is_not_what_a_question_has_in_small_letters_behind_a_number(
    question: str, is_named: bool
) -> None:
    concepts = Concepts([Concept(names=("MM", "multiple myeloma"))])
    heads = [head for _, head, _ in words_in_place(question)]
    assert bool(list(concepts.namings(heads))) == is_named


def test_a_text_on_screws_holds_no_myeloma() -> None:
    concepts = Concepts([Concept(names=("MM", "multiple myeloma"))])
    assert concepts.terms("Screws of 5 mm and 8mm") == terms("Screws of 5 mm and 8mm")


@pytest.mark.parametrize("name", ["u", "w/u", "a"])
def test_a_form_of_a_name_that_is_a_stop_word_has_no_terms_and_is_left_out(name: str) -> None:
    assert [] not in terms_of_name(name)
