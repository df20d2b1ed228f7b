"""Reference markers: which brackets point to the bibliography, and to what."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.model import Marker, Reference, Section
from qa.readers.references.bibliography import bracketed, find_markers, merged, with_footnotes

KNOWN = (Reference(marker="Ex20", text="Example A."), Reference(marker="a-b", text="Example B."), Reference(marker="7"))


def whole(text: str) -> tuple[Section, ...]:
    return (Section(path=(), start=0, end=len(text), blocks=()),)


def labels(text: str) -> list[str]:
    return [marker.label for marker in find_markers(text, whole(text), KNOWN)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Terns dive. [98]", ["98"]),
        ("Terns dive.[98]They eat.", ["98"]),
        ("Terns dive. [98] [99][100]", ["98", "99", "100"]),
        ("Terns dive. [100, 101]", ["100", "101"]),
        ("Terns dive. [100,101;102]", ["100", "101", "102"]),
        ("Terns dive. [ 98 ]", ["98"]),
        ("Terns dive. [97-99]", ["97", "98", "99"]),
        ("Terns dive. [97 – 99, 103]", ["97", "98", "99", "103"]),
        ("Terns dive. [97‐98]", ["97", "98"]),
        ("Terns dive. [Ex20]", ["Ex20"]),
        ("Terns dive. [Ex20, 98; a-b]", ["Ex20", "98", "a-b"]),
        ("[98] begins.", ["98"]),
    ],
)
def test_numbers_and_known_labels_in_brackets_are_markers(text: str, expected: list[str]) -> None:
    assert labels(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "A tern [a bird] dives.",
        "[T]he tern dives.",
        "Terns [sic] dive.",
        "Terns dive [see 98].",
        "Terns dive. [98, and more]",
        "Terns dive. [Ex21]",
        "Terns dive. [ex20]",
        "Terns dive. []",
        "Terns dive. [ ]",
        "Terns dive. [,]",
        "Terns dive. [2.5]",
        "Terns dive. [-5]",
        "Terns dive. [99-97]",
        "Terns dive. [5-5]",
        "Terns dive. [1-1000]",
        "Terns dive. [12345]",
        "Terns dive. [98",
        "Terns dive. 98]",
        "Terns dive. [98\n]",
        "Terns dive. (98)",
        "Terns dive. [" + "98, " * 30 + "99]",
    ],
)
def test_other_text_in_brackets_is_no_marker(text: str) -> None:
    assert labels(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Terns dive.¹² They eat.", ["12"]),
        ("Terns dive,¹,² and eat", ["1", "2"]),
        ("Terns dive.¹, ²", ["1", "2"]),
        ("Terns dive;¹⁻³ gulls", ["1", "2", "3"]),
        ("Terns dive.¹–³", ["1", "2", "3"]),
        ("“Terns dive.”⁹⁸", ["98"]),
        ("Lenalidomide² was given", ["2"]),
        ("the results¹⁰⁰,¹⁰² were", ["100", "102"]),
        ("in MM⁷ and", ["7"]),
        ("in 61%⁷ of", ["7"]),
        ("(of all terns)⁷", ["7"]),
    ],
)
def test_raised_numbers_behind_a_clause_or_a_word_are_markers(text: str, expected: list[str]) -> None:
    assert labels(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "5 m⁷",
            "5 kg/m⁷",
            "an area of 5 mm⁷",
            "5 cm⁷ wide",
            "km⁷",
            "10⁷/L",
            "10⁷ cells",
            "s⁻⁷",
            "1.5⁷",
            "x⁷",
            "R⁷ of",
        ),
        *(
            "5 square meters⁷",
            "5 Metres⁷",
            "sigma⁷",
            "sin⁷",
            "weight/height⁷",
            "Ca⁷⁺",
            "OH⁷⁻",
            "⁷Li",
            "of ⁷ terns",
            "⁷",
        ),
        *("the results⁷th", "dive.⁷⁷⁷⁷", "results.⁵⁻³", "¹⁄₂"),
    ],
)
def test_raised_numbers_that_are_powers_charges_or_isotopes_are_no_markers(text: str) -> None:
    assert labels(text) == []


@pytest.mark.parametrize("text", ["in MM⁹ and", "in 61%⁹ of", "(of all terns)⁹", "terns/gulls⁹", "in MM⁷,⁹"])
def test_a_raised_number_that_may_be_a_power_is_a_marker_only_where_the_bibliography_has_it(text: str) -> None:
    assert labels(text) == []
    listed = (*KNOWN, Reference(marker="9"))
    found = find_markers(text, whole(text), listed)
    assert [marker.label for marker in found] == (["7", "9"] if "⁷" in text else ["9"])


def test_a_raised_number_has_the_span_of_its_digits() -> None:
    text = "Terns dive.¹⁻² They eat."
    assert find_markers(text, whole(text), ()) == (
        Marker(label="1", start=11, end=14),
        Marker(label="2", start=11, end=14),
    )


def test_a_footnote_s_marker_and_a_key_s_have_the_label_alone() -> None:
    assert labels("Terns dive.[^7] They eat [@Ex20; @a-b].") == ["7", "Ex20", "a-b"]


def test_a_key_or_a_footnote_that_is_not_known_is_a_marker_all_the_same() -> None:
    assert labels("Terns dive.[^note] They eat [@someone].") == ["^note", "someone"]
    assert labels("Terns dive [@Ex20; @nobody2000].") == ["Ex20", "nobody2000"]
    assert labels("Terns dive [see @someone].") == []
    assert labels("Terns match [^a]+ and tern[^s]*.") == []
    assert labels("Write to [tern@example.org].") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[see @Ex20, p. 3]", ["Ex20"]),
        ("[-@Ex20]", ["Ex20"]),
        (
            "[see @Ex20, pp. 33-35; also @a-b, chap. 1, and elsewhere in that book of many pages; @c]",
            ["Ex20", "a-b", "c"],
        ),
        ("[@Ex20.]", ["Ex20"]),
        ("[@nobody2000, p. 3]", ["nobody2000"]),
    ],
)
def test_citations_as_pandoc_has_them_are_markers(text: str, expected: list[str]) -> None:
    assert labels(f"Terns dive {text}.") == expected
    assert set(expected) <= bracketed(text)


def test_a_wide_range_is_a_marker_only_where_the_bibliography_has_all_of_it() -> None:
    text = "Terns dive. [1-50]"
    assert labels(text) == []
    listed = [Reference(marker=str(number)) for number in range(1, 51)]
    assert len(find_markers(text, whole(text), listed)) == 50
    assert find_markers(text, whole(text), listed[:-1]) == ()
    assert len(labels("Terns dive. [1-21]")) == 21


def test_no_reference_has_the_number_0() -> None:
    assert labels("in [0, 1] and array[0]") == []


@pytest.mark.parametrize(
    "power", ["E = mc²", "χ²", "Chi² test", "CO²", "Log²(x)", "log²", "m²", "km²", "y²·z³", "(x − y)²", "(x1)²"]
)
def test_a_power_is_no_marker_even_where_the_bibliography_has_its_number(power: str) -> None:
    text = f"It was {power} there."
    assert find_markers(text, whole(text), [Reference(marker="2"), Reference(marker="3")]) == ()


def test_a_footnote_is_not_an_entry_of_the_list() -> None:
    listed = with_footnotes(
        [Reference(marker="1", text="A.")], [Reference(marker="1", text="B."), Reference(marker="3", text="C.")]
    )
    assert [(each.marker, each.text) for each in listed] == [("1", "A."), ("^1", "B."), ("^3", "C.")]
    text = "Terns dive.[^1] They eat. [1] They nest.[^3] They fly. [2-4]"
    assert [marker.label for marker in find_markers(text, whole(text), listed)] == ["^1", "1", "^3", "2", "3", "4"]


def test_of_several_lists_the_first_is_believed() -> None:
    first, second = [Reference(marker="1", text="A.")], [Reference(marker="1", text="B."), Reference(marker="2")]
    assert merged(first, second) == (Reference(marker="1", text="A."), Reference(marker="2"))


def test_each_label_has_the_span_of_the_whole_bracket() -> None:
    text = "Terns dive. [97-98, Ex20] They eat.[7]"
    assert find_markers(text, whole(text), KNOWN) == (
        Marker(label="97", start=12, end=25),
        Marker(label="98", start=12, end=25),
        Marker(label="Ex20", start=12, end=25),
        Marker(label="7", start=35, end=38),
    )


def test_a_marker_needs_no_entry_in_the_bibliography() -> None:
    text = "Terns dive. [98]"
    assert [marker.label for marker in find_markers(text, whole(text), ())] == ["98"]


def test_only_the_sections_are_searched() -> None:
    text = "[1] Title\n\nTerns dive. [2]\n\nPrint [3]\n\nThey eat. [4]"
    sections = [Section(path=(), start=11, end=26, blocks=()), Section(path=(), start=39, end=len(text), blocks=())]
    assert [marker.label for marker in find_markers(text, sections, ())] == ["2", "4"]


def test_the_innermost_bracket_counts() -> None:
    assert labels("Terns [who dive [98]] eat.") == ["98"]


@given(st.text(st.sampled_from("[]0123456789,;-– aE\n"), max_size=60))
@settings(max_examples=200, deadline=None)
def test_a_marker_is_a_bracket_of_the_text_and_its_label_stands_in_it_or_in_its_range(text: str) -> None:
    for marker in find_markers(text, whole(text), KNOWN):
        bracket = text[marker.start : marker.end]
        assert bracket[0] == "["
        assert bracket[-1] == "]"
        assert "\n" not in bracket
        assert marker.label in bracket or "-" in bracket or "–" in bracket or "0" in bracket


def test_a_hundred_thousand_brackets_end() -> None:
    assert labels("[" * 100_000) == []
    assert len(labels("[1]" * 30_000)) == 30_000
    assert labels("a" + "¹" * 100_000) == []
    assert len(labels("tern" + "¹,²⁻³," * 20_000)) > 1
    assert labels("a" * 200_000 + "¹²x") == []
