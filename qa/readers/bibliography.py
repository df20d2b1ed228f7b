"""Reference markers: the places in a text that point to its bibliography."""

from __future__ import annotations

import re
from collections.abc import Iterable

from qa.model import Marker, Reference, Section

__all__ = ["find_markers"]

_BRACKET = re.compile(r"\[([^\[\]\n]{1,80})\]")
_NUMBERS = re.compile(r"\d{1,3}(?:\s*[-‐‑–]\s*\d{1,3})?")
_WIDEST_RANGE = 50


def find_markers(text: str, sections: Iterable[Section], references: Iterable[Reference]) -> tuple[Marker, ...]:
    """Every marker inside the sections, in order: numbers in brackets, or labels that the bibliography has.

    A number of four digits is a year, unless the bibliography has it.

    `[100, 101]` gives two markers and `[97-99]` three, each with the span of the whole bracket.
    """
    known = {reference.marker for reference in references}
    found: list[Marker] = []
    for section in sections:
        for bracket in _BRACKET.finditer(text, section.start, section.end):
            labels = _labels(bracket[1], known)
            found += [Marker(label=label, start=bracket.start(), end=bracket.end()) for label in labels]
    return tuple(found)


def _labels(inside: str, known: set[str]) -> list[str]:
    """The labels in a bracket; none where any part of it is no label, for then it is text in brackets."""
    labels: list[str] = []
    for part in (each.strip() for each in re.split(r"[,;]", inside)):
        if part in known:
            labels.append(part)
        elif _NUMBERS.fullmatch(part):
            first, *last = (int(number) for number in re.findall(r"\d+", part))
            if last and not first < last[0] <= first + _WIDEST_RANGE:
                return []
            labels += [str(number) for number in range(first, (last[0] if last else first) + 1)]
        else:
            return []
    return labels
