"""The figures of a text: which numbers count, where they stand, and which comparisons mix units."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.model import Document, Figure, Span
from qa.text.figures import find_figures, mixed_units


def figures(text: str) -> list[str]:
    return [text[each.start : each.end] for each in find_figures(text, [Span(0, len(text))])]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The rate was 61% compared with 19.9% in the other arm.", ["61%", "19.9%"]),
        ("4 mg/day on days 1-21, then 40 mg/day on days 1, 8 and 15", ["4 mg/day", "40 mg/day"]),
        ("a hazard ratio of 0.48.", ["0.48"]),
        ("2.5 mg/kg, 0.06 mg/kg/day and 1.5g/dL", ["2.5 mg/kg", "0.06 mg/kg/day", "1.5g/dL"]),
        ("28-day cycles in 455 patients for ≥6 months", ["28-day", "455 patients", "≥6 months"]),
        ("18,627 people, 1,000 mL", ["18,627 people", "1,000 mL"]),
        ("21-43%, 4 to 6 weeks, 60–70 mL/min", ["21-43%", "4 to 6 weeks", "60–70 mL/min"]),
        ("6 x 10^6 cells/kg and 1.5 × 10⁹/L", ["6 x 10^6 cells/kg", "1.5 × 10⁹/L"]),
        ("it cost $12 and £3.50", ["$12", "£3.50"]),
        ("fell by -0.7 points at 37 °C", ["-0.7 points", "37 °C"]),
        ("0·48 and 12 per cent", ["0·48", "12 per cent"]),
        ("10 000 IU, 1 000 000 people, 18\u202f627 people", ["10 000 IU", "1 000 000 people", "18\u202f627 people"]),
        ("500 mg/24 h, 30 to 59 mL/min/1.73 m2", ["500 mg/24 h", "30 to 59 mL/min/1.73 m2"]),
        (".05 mg, P<.001 and 12,5 mg", [".05 mg", "<.001", "12,5 mg"]),
        ("a 1.5-fold rise in 1 in 5 adults", ["1.5-fold", "1 in 5 adults"]),
        ("one in 5 adults, 2 out of every 10 patients", ["one in 5 adults", "2 out of every 10 patients"]),
        ("grade 3 in 12 patients, 1 in 2 years", ["12 patients", "2 years"]),
        ("5.2 ± 1.3 mg, 5%-10%, 7.3±1.2 µg/dl", ["5.2 ± 1.3 mg", "5%", "10%", "7.3±1.2 µg/dl"]),
        ("5x10(9)/L and 2×10⁻³ mol", ["5x10(9)/L", "2×10⁻³ mol"]),
    ],
)
def test_a_number_with_its_unit_or_a_fraction_is_a_figure(text: str, found: list[str]) -> None:
    assert figures(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "In February 2013 and 2019, CD38, MM-009, DREAMM-2, STORM part 2 and phase 3",
        "markers such as [98], [100, 101] and [3.5]",
        "version 1.2.3 of 10.1056/NEJMoa070596",
        "days 1, 8, 15 and 22 of at least 2 prior lines",
        "5q 17p13 t(4;14)",
        "18 627 people, 3,4 events, on day 1 500 mg",
        "minus -$5 and (a)-3.2%",
        "",
    ],
)
def test_years_names_markers_and_counted_lines_are_none(text: str) -> None:
    assert figures(text) == []


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("fell by −3.2%", "−3.2", "%"),
        ("fell by -3.2 to -1.1 points", "-3.2 to -1.1", "points"),
        ("HR (–3.2%)", "–3.2", "%"),
        ("21–43%", "21–43", "%"),
        ("3×10⁹/L", "3×10⁹", "/L"),
        ("1.5-fold", "1.5", "fold"),
        ("one in 5 adults", "one in 5", "adults"),
        ("10 000 IU", "10 000", "IU"),
    ],
)
def test_a_number_has_its_sign_its_power_and_its_thousands(text: str, number: str, unit: str) -> None:
    [figure] = find_figures(text, [Span(0, len(text))])
    assert (figure.number, figure.unit) == (number, unit)


def test_a_figure_has_its_number_its_unit_its_place_and_the_words_around_it() -> None:
    text = (
        "Before. In the first of the two arms of the trial the median survival was 11.1 months with both of the drugs."
    )
    [figure] = find_figures(text, [Span(0, 7), Span(8, len(text))])
    start = text.index("11.1")
    assert figure == Figure(number="11.1", unit="months", start=start, end=start + 11, context=figure.context)
    assert text[slice(*figure.context)] == (
        "first of the two arms of the trial the median survival was 11.1 months with both of the drugs."
    )


@given(st.lists(st.sampled_from(["61%", "4 mg/day", " ", ".", "vs", "\n", "11.1", "[9]", "a", "CD38", "-", "é"])))
def test_every_figure_is_a_slice_inside_its_context_inside_its_sentence(parts: list[str]) -> None:
    text = "".join(parts)
    half = len(text) // 2
    sentences = [Span(0, half), Span(half, len(text))]
    for figure in find_figures(text, sentences):
        start, end = figure.context
        assert text[figure.start : figure.end].count(figure.number) >= 1
        assert figure.unit in text[figure.start : figure.end]
        assert any(a <= start <= figure.start < figure.end <= end <= b for a, b in sentences)


def test_long_digits_and_long_words_are_read_in_linear_time() -> None:
    assert len(figures("1" * 200_000)) <= 1
    assert figures("1," * 100_000 + "a" * 100_000) == []
    assert len(figures("61% " * 20_000)) == 20_000
    assert figures("1 000 " * 30_000 + "a") == []
    assert len(mixed("61% vs 4 mg " * 10_000)) == 1


# Units that disagree


def mixed(text: str) -> list[str]:
    return [text[start:end] for start, end in mixed_units(text, [Span(0, len(text))])]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("time to progression (11.1 in the first group vs 4.7% in the other)", ["11.1 in the first group vs 4.7%"]),
        ("It was 61% compared with 19.9 months.", ["61% compared with 19.9 months"]),
        ("4 mg versus only 5%", ["4 mg versus only 5%"]),
        ("11.1 months, compared to 4.7 %, in controls", ["11.1 months, compared to 4.7 %"]),
        ("increased from 11.1 months to 4.7%", ["11.1 months to 4.7%"]),
        ("5 mg rather than 5 mL", ["5 mg rather than 5 mL"]),
        ("11.1 months in the drug arm and 4.7% in the other arm", ["11.1 months in the drug arm and 4.7%"]),
    ],
)
def test_figures_of_different_units_that_are_compared_are_found(text: str, found: list[str]) -> None:
    assert mixed(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "11.1 months vs 4.7 months",
        "11.1 vs 4.7 months",
        "8 weeks against 1 year",
        "12 percent vs 4%",
        "1 cycle vs 4 cycles",
        "61% of 200 patients, against 40 in another trial of 300 patients",
        "0.48 in one trial vs 0.53 in another",
        "against 4.7% of them",
        "29.2% (65 patients) compared with 7.4% (8 patients)",
        "4 mg/day on days 1-21 compared with 40 mg weekly",
        "5 mg compared with 0.5 g",
        "61% versus 24 of 100 patients",
        "11.1 months in the drug arm and 4.7 in the other arm",
        "it was given to the drug arm and 5% had 3 months in the other arm",
        "from 5 months to 4 years",
        "61% vs nothing",
        "",
    ],
)
def test_alike_shared_and_unrelated_units_are_not(text: str) -> None:
    assert mixed(text) == []


def test_a_comparison_does_not_reach_over_the_end_of_a_sentence() -> None:
    text = "It was 11.1 in one. The other: vs 4.7%."
    assert mixed_units(text, [Span(0, 19), Span(20, len(text))]) == []


# How old a document is


@pytest.mark.parametrize(
    ("updated", "today", "years"),
    [
        (date(2021, 5, 11), date(2026, 5, 10), 4),
        (date(2021, 5, 11), date(2026, 5, 11), 5),
        (date(2024, 2, 29), date(2025, 2, 28), 0),
        (date(2030, 1, 1), date(2026, 1, 1), 0),
        (None, date(2026, 1, 1), None),
    ],
)
def test_a_documents_age_is_in_whole_years(updated: date | None, today: date, years: int | None) -> None:
    assert Document(id="a", title="A", text="", source="a.md", updated=updated).years_old(today) == years
