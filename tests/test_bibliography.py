"""Reference markers: which brackets point to the bibliography, and to what."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.model import Marker, Reference, Section
from qa.readers.bibliography import find_markers

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
