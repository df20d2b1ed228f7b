"""Sentences: never cut at an abbreviation or a number, and with the reference markers that belong to them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

from qa.readers import read
from qa.text.lexicon import ABBREVIATIONS
from qa.text.sentences import _punkt, lines, sentences

REAL_PAGE = Path(__file__).parent.parent.parent / "shared" / "source" / "second-line-therapies-mm.txt"
PAGE = Path(__file__).parent / "fixtures" / "question-page.txt"

needs_the_real_page = pytest.mark.skipif(not REAL_PAGE.exists(), reason=f"{REAL_PAGE.name} is not beside the checkout")


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text, 0, len(text))]


@pytest.mark.parametrize(
    "sentence",
    [
        "A chick takes 0.5 mg of salt a day.",
        "It fell from 11.1 to 4.7 months (hazard ratio, 0.48).",
        "Fish (eg, sand eels) and crabs (e.g. small ones, i.e. those of a year) are eaten.",
        "A study by Becker et al. found more.",
        "Becker et al. 2020 found more.",
        "See Fig. 2 and Figs. 3 to 5, cf. p. 7.",
        "Dr. Second and Prof. First of St. Example agree.",
        "Terns vs. gulls, approx. 5 of each, incl. chicks, etc. were seen.",
        "The U.S. colony is the largest.",
        "J. R. Example counted them.",
        "It was given 5 mg i.v. once daily and 2 mg s.c. at night.",
        "At 10 a.m. on Monday they fly.",
        "It came back b.i.d. for a week.",
        "Ring no. 7 and No. 12 were read.",
        "It cost 1.000,50 in v. 2.5.1 of the count.",
        "It weighs p < .05 of that.",
        "Is it 2.5 mg/kg or 29.2%, at ≥6 months?",
        "See example.org/terns.html for more.",
        "It waited ... and flew.",
        "He wrote that “[t]he tern” dives.",
        "It is found in Docket No. FAA–2020–0686 and in Order No. R-12 of the board.",
        "Under 42 U.S.C. § 1396 and 40 C.F.R. Part 60 it is free.",
        "See 85 Fed. Reg. 12345 and Cal. Penal Code § 5, as Gen. Example did.",
        "Smith v. Jones, Inc. won, approx. in Sept. 2020 or Dec. of that year.",
        "Messrs. Auk and Bunting of Hon. Rep. Gull agree, cf. Art. 5 and Sched. 2.",
        "Esp. in Washington, D.C. they fly, et seq. and so on.",
    ],
)
def test_no_sentence_is_cut_at_an_abbreviation_or_a_number(sentence: str) -> None:
    assert cut(f"First it flew. {sentence} Then it slept.") == ["First it flew.", sentence, "Then it slept."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It dives. It eats! Does it fly? Yes.", ["It dives.", "It eats!", "Does it fly?", "Yes."]),
        (
            'It said “Fish.” Then it flew. "Why?" No one knows.',
            ["It said “Fish.”", "Then it flew.", '"Why?"', "No one knows."],
        ),
        ("(It dives.) It eats.", ["(It dives.)", "It eats."]),
        ("It took 5 mg. The other took 3 mg. Both slept.", ["It took 5 mg.", "The other took 3 mg.", "Both slept."]),
        ("It grew by 5%. 12 others did not.", ["It grew by 5%.", "12 others did not."]),
        ("It dives", ["It dives"]),
        ("Is it new? No. They knew. No. Terns dive.", ["Is it new?", "No.", "They knew.", "No.", "Terns dive."]),
        ("They live in the U.S. The colony grew.", ["They live in the U.S.", "The colony grew."]),
        (
            "It sells fish, etc. It is open at 9 a.m. We eat.",
            ["It sells fish, etc.", "It is open at 9 a.m.", "We eat."],
        ),
        (
            "He became ill. They left. It is art. Nobody came.",
            ["He became ill.", "They left.", "It is art.", "Nobody came."],
        ),
        ("  It dives. \n ", ["It dives."]),
        ("", []),
        (" \n\t\u00a0 ", []),
        ("Él vuela. Ängste? Нет. Да.", ["Él vuela.", "Ängste?", "Нет.", "Да."]),
    ],
)
def test_sentences_end_where_a_reader_sees_their_end(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


@pytest.mark.parametrize(
    "first",
    [
        "It dives. [98]",
        "It dives.[98]",
        "It dives [98].",
        "It dives. [100, 101]",
        "It dives. [97-99]",
        "It dives. [98] [99]",
        "It dives.[98][99]",
        "It dives.[98].",
        "It dives. [Example 2020]",
        "It dives. [98; Example A, Sample B, Other C 2020; Example D, Sample E, Other F 2021]",
        "Does it dive? [98]",
        "“It dives.” [98]",
        "“It dives.”[98]",
        "(It dives.) [98]",
        "It dives at 0.5 m. [98] \u00a0",
    ],
)
def test_a_marker_behind_the_full_stop_belongs_to_the_sentence_before_it(first: str) -> None:
    assert cut(f"{first} Then it eats. [7]") == [first.strip(), "Then it eats. [7]"]
    assert cut(first) == [first.strip()]
    assert cut(f"{first}\n\nThen it eats.") == [first.strip(), "Then it eats."]


def test_a_marker_with_no_space_on_either_side_belongs_to_the_sentence_before_it() -> None:
    assert cut("It dives.[98]Then it eats.") == ["It dives.[98]", "Then it eats."]


@pytest.mark.parametrize("marker", ["¹²", "¹,²", " ¹⁻³", "¹, ²", "[^1]", "[^note]", " [^1]"])
def test_a_raised_marker_or_a_footnote_s_behind_the_full_stop_belongs_to_the_sentence_before_it(marker: str) -> None:
    assert cut(f"It dives.{marker} Then it eats.{marker}") == [f"It dives.{marker}", f"Then it eats.{marker}"]


def test_an_isotope_begins_a_sentence() -> None:
    assert cut("It dives. ¹⁴C was found. It eats.") == ["It dives.", "¹⁴C was found.", "It eats."]


def test_a_letter_in_brackets_begins_a_word_and_is_no_marker() -> None:
    assert cut("So it was written. [T]he tern dives.") == ["So it was written.", "[T]he tern dives."]


def test_paragraphs_items_and_rows_end_a_sentence_and_a_wrapped_line_does_not() -> None:
    text = "They eat\nfish and\ncrabs\n\nThey eat:\n- fish. Raw\n  and fresh\n- crabs\n1. one\n2) two\n"
    text += "| a. B | c |\n| d | e |\nEnd"
    assert cut(text) == [
        "They eat\nfish and\ncrabs",
        "They eat:",
        "- fish.",
        "Raw\n  and fresh",
        "- crabs",
        "1. one",
        "2) two",
        "| a. B | c |",
        "| d | e |",
        "End",
    ]


def test_the_labels_of_a_list_begin_a_sentence_each() -> None:
    text = "(a) Terns\n  (i) dive\nb. fly\nii) nest\n4.1. eat\n  4.2 sleep\nA) rest\nand weigh\n4.5 kg"
    assert cut(text) == [
        "(a) Terns", "(i) dive", "b. fly", "ii) nest", "4.1. eat", "4.2 sleep", "A) rest\nand weigh\n4.5 kg",
    ]  # fmt: skip


def test_a_part_of_a_text_gives_the_spans_of_the_whole() -> None:
    text = "Before. It dives. It eats. After."
    start, end = text.index("It dives"), text.index(" After")
    assert [text[a:b] for a, b in sentences(text, start, end)] == ["It dives.", "It eats."]
    assert sentences(text, start, start) == []


@pytest.mark.parametrize("path", [PAGE, pytest.param(REAL_PAGE, marks=needs_the_real_page)])
def test_every_marker_of_a_page_ends_the_sentence_that_it_belongs_to(path: Path) -> None:
    document = read(path, "page")
    groups = {(marker.start, marker.end) for marker in document.markers}
    held = 0
    for section in document.sections:
        for start, end in sentences(document.text, section.start, section.end):
            sentence = document.text[start:end]
            assert not sentence.startswith("["), sentence
            for marker_start, marker_end in groups:
                if start <= marker_start and marker_end <= end:
                    held += 1
                    before = document.text[start:marker_start].rstrip()
                    assert before.endswith("."), sentence
                    assert not document.text[marker_end:end].strip(), sentence
    assert held == len(groups) >= 8


@needs_the_real_page
def test_all_ten_marker_groups_of_the_page_are_found() -> None:
    document = read(REAL_PAGE, "page")
    groups = dict.fromkeys((marker.start, marker.end) for marker in document.markers)
    assert [document.text[start:end] for start, end in groups] == re.findall(r"\[[\d, ]+\]", document.text)
    assert len(groups) == 10


_PIECES = st.sampled_from(
    [
        *(
            "It dives",
            "fish",
            "0.5 mg",
            " ",
            "  ",
            "\n",
            "\n\n",
            ". ",
            ".",
            "? ",
            "! ",
            ".[98]",
            " [98]",
            "[T]he",
            "[",
            "]",
        ),
        *(
            "et al. ",
            "eg, ",
            "e.g. ",
            "Fig. 2",
            "i.v. ",
            "No. ",
            "- ",
            "1. ",
            "| a | b |\n",
            "“",
            "”",
            ")",
            "(",
            "...",
            "\u00a0",
        ),
        *("A", "é", "ﬁ", "🐦", "\u0301", "\x1c", "\u2028", "\u200b"),
    ]
)


@given(st.one_of(st.lists(_PIECES, max_size=40).map("".join), st.text(max_size=200)))
@settings(max_examples=400, deadline=None)
def test_sentences_are_in_order_apart_trimmed_and_hold_all_that_is_not_white_space(text: str) -> None:
    reached = 0
    for start, end in sentences(text, 0, len(text)):
        assert reached <= start < end <= len(text)
        assert not text[reached:start].strip()
        assert text[start:end] == text[start:end].strip()
        reached = end
    assert not text[reached:].strip()


@given(st.lists(_PIECES, max_size=30).map("".join), st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_a_part_of_a_text_has_the_sentences_that_it_has_alone(text: str, one: int, two: int) -> None:
    start, end = sorted((min(one, len(text)), min(two, len(text))))
    found = sentences(text, start, end)
    assert [text[a:b] for a, b in found] == cut(text[start:end])
    assert all(start <= a < b <= end for a, b in found)


@given(st.lists(_PIECES, max_size=40).map("".join))
@settings(max_examples=200, deadline=None)
def test_lines_are_the_whole_text_cut_and_no_sentence_runs_across_one(text: str) -> None:
    spans = lines(text, 0, len(text))
    assert "".join(text[start:end] for start, end in spans) == text
    for start, end in sentences(text, 0, len(text)):
        assert any(a <= start and end <= b for a, b in spans)


@pytest.mark.parametrize(
    "hostile",
    [
        ". " * 20_000,
        "." * 50_000,
        "[1]" * 20_000,
        "It is." + "[1" * 20_000,
        "A.¹," * 20_000,
        "A." + "¹" * 50_000,
        "i.v. " * 10_000,
        '."' * 20_000,
    ],
)
def test_tens_of_thousands_of_marks_end(hostile: str) -> None:
    assert "".join("".join(cut(hostile)).split()) == "".join(hostile.split())


_CONTEXTS = st.lists(
    st.sampled_from(
        [
            *"abAB.?!:;,-)]}\"'(“”’» \t\n1290",
            "the",
            "The",
            "e.g.",
            "Dr.",
            "al.",
            "low-risk",
            "No.",
            "U.S.",
            "...",
            "word. ",
        ]
    ),
    max_size=14,
).map("".join)


@settings(deadline=None, max_examples=2000)
@given(text=_CONTEXTS)
def test_sentences_end_where_punkt_ends_them_however_it_was_decided(text: str) -> None:
    parameters = PunktParameters()
    parameters.abbrev_types = set(ABBREVIATIONS)
    assert list(_punkt().span_tokenize(text)) == list(PunktSentenceTokenizer(parameters).span_tokenize(text))


@pytest.mark.parametrize("text", ["2. Rinse the tank.", "iv. Dogs pay half.", "1.2. The tenant pays.", "(3) Go home."])
def test_the_label_of_an_item_is_no_sentence(text: str) -> None:
    assert [text[a:b] for a, b in sentences(text, 0, len(text))] == [text]
