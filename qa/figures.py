"""The figures of a text: its numbers with their units, where they stand; and comparisons of unlike units."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qa.model import Figure, Span

__all__ = ["find_figures", "mixed_units"]

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d{1,12})(?:[.·]\d{1,12})?"
_RANGE = rf"{_NUMBER}(?:\s?[-‐‑–—]\s?{_NUMBER}|\sto\s{_NUMBER})?"
_PER = r"(?:/(?:kg|m2|m²|m\^2|[dcmµμ]?L|cm3|cm³|mm3|mm³|day|d|hour|hr|h|min|week|wk|month|year|yr|dose|s)\b)"
_MEASURES = (
    r"(?:[kcmnpµμ]?g|mcg|[dcmµμ]?L|[kcmnµμ]?m|[mµμnp]?mol|[km]?Pa|mmHg|mm Hg|[kM]?Hz|[kM]?Bq|[cm]?Gy|IU|mIU|k?cal|kJ|"
    r"cells|copies|points?)"
)
_TIMES = r"(?:milli)?seconds?|minutes?|mins?|hours?|days?|weeks?|months?|years?|decades?"
_COUNTED = (
    r"patients?|participants?|people|persons|adults|children|men|women|subjects|volunteers|responders|cases|deaths|events"
    r"|cycles?|doses?|times|lesions?"
)
_UNIT = (
    rf"percentage points?|per ?cent|[%‰°](?:[CF]\b)?|{_MEASURES}(?:\b|(?<=[²³])){_PER}{{0,2}}|(?:{_TIMES}|{_COUNTED})\b"
    rf"|{_PER}"
)
_TENS = r"(?:\s?[×x]\s?10(?:\^?\d{1,2}|[⁰¹²³⁴-⁹]{1,2}))"
_FIGURE = re.compile(
    r"(?=[<>≤≥≈~±$€£¥\-−\d])"  # most characters are none of these, and need no look around
    r"(?<![\w.,·/\[])(?<![^\W_][-‐‑])"  # neither inside a name, such as CD38 or MM-009, nor inside a marker
    r"(?:[<>≤≥≈~±]\s?)?(?:(?<![\w)])[-−])?(?:[$€£¥]\s?)?"
    rf"(?P<number>{_RANGE})"
    rf"(?P<tens>{_TENS})?(?:\s(?:million|billion|thousand)\b)?"
    rf"(?:[\s-]?(?P<unit>{_UNIT})|(?![\w·/]|[.,]\d))"
)
_AGAINST = re.compile(r"\b(?:vs?\.?|versus|against|compared (?:with|to))(?=\s)", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_BEFORE, _BEHIND = 60, 30  # characters of what stands around a figure, at most
_NEAR = 80  # characters between a figure and the word behind it that compares it
_FEW_WORDS = 2  # between that word and the figure which it is compared with: "against only 4.7%"
_CLAUSE = re.compile(r"[,;:]\s")
_KIND_OF_TIME = re.compile(rf"(?:{_TIMES})\Z")


def find_figures(text: str, sentences: Sequence[Span]) -> tuple[Figure, ...]:
    """The numbers of a text with their units, in order. Of numbers without a unit only fractions count: the others
    are years, days of a cycle, and what else is no measure. Linear in the text.

    >>> text = "61% on 4 mg/day, HR 0.48 [98], in 2013"
    >>> [text[figure.start : figure.end] for figure in find_figures(text, [Span(0, len(text))])]
    ['61%', '4 mg/day', '0.48']
    """
    return tuple(figure for start, end in sentences for figure in _figures(text, start, end))


def mixed_units(text: str, sentences: Sequence[Span]) -> list[Span]:
    """Where a sentence compares figures of different units, such as "11.1 in one group vs 4.7%": from the one to the
    other. "11.1 vs 4.7 months" shares its unit.
    """
    found = []
    for sentence_start, sentence_end in sentences:
        figures = list(_figures(text, sentence_start, sentence_end))
        for word in _AGAINST.finditer(text, sentence_start, sentence_end):
            before = next((f for f in reversed(figures) if f.end <= word.start()), None)
            behind = next((f for f in figures if f.start >= word.end()), None)
            if before is None or behind is None:
                continue
            gap, words = text[before.end : word.start()], text[word.end() : behind.start].split()
            is_one_clause = len(gap) <= _NEAR and len(words) <= _FEW_WORDS and not _CLAUSE.search(gap)
            if is_one_clause and _differ(before, behind, adjacent=not gap.strip(" (")):
                found.append(Span(before.start, behind.end))
    return found


def _differ(before: Figure, behind: Figure, *, adjacent: bool) -> bool:
    """Whether two figures that are compared measure different things, as far as their units tell."""
    if not before.unit and adjacent:
        return False
    return bool(before.unit or behind.unit) and _measured(before.unit) != _measured(behind.unit)


def _measured(unit: str) -> str:
    """A unit as it is compared: times of all lengths are alike, and so are numbers of whatever is counted."""
    if unit in {"percent", "per cent"}:
        return "%"
    return "time" if _KIND_OF_TIME.match(unit) else re.sub(r"s\Z", "", unit)


def _figures(text: str, start: int, end: int) -> Iterator[Figure]:
    """The figures of the sentence at [start, end) of a text."""
    for match in _FIGURE.finditer(text, start, end):
        number, unit = match["number"], match["unit"] or ""
        if unit or match["tens"] or "." in number or "·" in number or match[0][0] in "$€£¥":
            context = Span(_word_start(text, start, match.start()), _word_end(text, match.end(), end))
            yield Figure(number=number, unit=unit, start=match.start(), end=match.end(), context=context)


def _word_start(text: str, first: int, place: int) -> int:
    """Where the first word begins that stands whole before a place, no further from it than `_BEFORE`."""
    start = max(first, place - _BEFORE)
    if start > first and not text[start - 1].isspace():
        gap = _SPACE.search(text, start, place)
        start = gap.end() if gap else place
    return start


def _word_end(text: str, place: int, last: int) -> int:
    """Where the last word ends that stands whole behind a place, no further from it than `_BEHIND`."""
    end = min(last, place + _BEHIND)
    if end < last and not text[end].isspace():
        gaps = [gap.start() for gap in _SPACE.finditer(text, place, end)]
        end = gaps[-1] if gaps else place
    return end
