"""Reference markers: the places in a text that point to its bibliography."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from qa.lexicon import POWER_BASES
from qa.model import Marker, Reference, Section

__all__ = ["RAISED_DIGITS", "bracketed", "find_markers", "merged", "plain_digits", "raised", "with_footnotes"]

RAISED_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"

_FROM_RAISED = str.maketrans(f"{RAISED_DIGITS}⁻˒", "0123456789-,")
_TO_RAISED = str.maketrans("0123456789-–‐‑", f"{RAISED_DIGITS}⁻⁻⁻⁻")
_LIST_OF_NUMBERS = re.compile(r"[\d,;\s–‐‑-]{1,40}", re.ASCII)

_RAISED_NUMBER = rf"[{RAISED_DIGITS}]{{1,3}}"
_MARK = re.compile(
    r"\[(?P<bracket>[^\[\]\n]{1,80})\]"
    rf"|(?<![\s{RAISED_DIGITS}])(?P<raised>{_RAISED_NUMBER}(?:(?:[⁻–‐‑-]|[,˒] ?){_RAISED_NUMBER}){{0,20}})(?![\w⁺⁻])"
)
_NUMBERS = re.compile(r"\d{1,3}(?:\s*[-‐‑–]\s*\d{1,3})?")
_WIDEST_RANGE = 50

# What stands before a raised number. Behind the end of a clause, or a long word, it is a marker; behind a short word,
# a bracket or a per cent sign it may be a power, and is a marker where the bibliography has it.
_CLAUSE_ENDS = '.,;:!?…”"’»'
_DOUBTFUL = ")]%"
_LAST_WORD = re.compile(r"(?P<operator>[/*·×^=+−(]?)(?P<word>[^\W\d_]{1,30})\Z")
_SHORT_WORD = 3  # letters


def find_markers(text: str, sections: Iterable[Section], references: Iterable[Reference]) -> tuple[Marker, ...]:
    """Every marker inside the sections, in order: numbers in brackets or raised, or labels that the bibliography has.

    A number of four digits is a year, unless the bibliography has it, and a raised number behind a unit is a power.
    `[100, 101]` and `¹⁰⁰,¹⁰¹` give two markers and `[97-99]` three, each with the span of the whole; `[^1]`
    gives `^1` where that is a footnote, and `[@terns]` `terns`.
    """
    known = {reference.marker for reference in references}
    found: list[Marker] = []
    for section in sections:
        for mark in _MARK.finditer(text, section.start, section.end):
            labels = _labels(mark["bracket"], known) if mark["bracket"] else _raised_labels(text, mark, known)
            found += [Marker(label=label, start=mark.start(), end=mark.end()) for label in labels]
    return tuple(found)


def bracketed(text: str) -> set[str]:
    """All that stands in brackets in a text, with commas or semicolons between, and so may be the label of an entry."""
    inside = (mark["bracket"] for mark in _MARK.finditer(text) if mark["bracket"])
    return {part.strip().removeprefix("@") for each in inside for part in re.split(r"[,;]", each)}


def merged(*lists: Iterable[Reference]) -> tuple[Reference, ...]:
    """The entries of several lists, of which an earlier one is believed where two have the same marker."""
    found: dict[str, Reference] = {}
    for reference in (each for references in lists for each in references):
        found.setdefault(reference.marker, reference)
    return tuple(found.values())


def with_footnotes(references: Iterable[Reference], footnotes: Iterable[Reference]) -> tuple[Reference, ...]:
    """A list with the entries of footnotes behind it, whose markers keep their `^`: `[^3]` is not what `[3]` and
    `[2-4]` point to.
    """
    return merged(references, (replace(each, marker=f"^{each.marker}") for each in footnotes))


def raised(text: str) -> str:
    """A list of numbers in raised digits; any other text as it is.

    >>> raised("98, 100-102"), raised("th")
    ('⁹⁸, ¹⁰⁰⁻¹⁰²', 'th')
    """
    return text.translate(_TO_RAISED) if _LIST_OF_NUMBERS.fullmatch(text) else text


def plain_digits(text: str) -> str:
    """A list of numbers in digits on the line, as a bracket has them.

    >>> plain_digits("¹⁰⁰⁻¹⁰²")
    '100-102'
    """
    return text.translate(_FROM_RAISED)


def _labels(inside: str, known: set[str]) -> list[str]:
    """The labels in a bracket; none where any part of it is no label, for then it is text in brackets."""
    labels: list[str] = []
    for part in (each.strip() for each in re.split(r"[,;]", inside)):
        label = part if part in known else part.removeprefix("^").removeprefix("@")
        if label in known:
            labels.append(label)
        elif _NUMBERS.fullmatch(label):
            first, *last = (int(number) for number in re.findall(r"\d+", label))
            if last and not first < last[0] <= first + _WIDEST_RANGE:
                return []
            labels += [str(number) for number in range(first, (last[0] if last else first) + 1)]
        else:
            return []
    return labels


def _raised_labels(text: str, mark: re.Match[str], known: set[str]) -> list[str]:
    """The labels in raised digits; none where they may be a power, and the bibliography does not have them all."""
    labels = _labels(plain_digits(mark["raised"]), known)
    before = text[mark.start() - 1 : mark.start()]
    if not before:
        return []
    if before in _CLAUSE_ENDS:
        return labels
    is_known = known.issuperset(labels)
    if before in _DOUBTFUL:
        return labels if is_known else []
    word = _LAST_WORD.search(text, max(0, mark.start() - 31), mark.start())
    if word is None or len(word["word"]) == 1:
        return []
    is_short = len(word["word"]) <= _SHORT_WORD  # and then `MM` is an abbreviation, and `mm` a unit
    if (word["word"] if is_short else word["word"].lower()) in POWER_BASES:
        return []
    is_doubtful = is_short or bool(word["operator"])
    return labels if is_known or not is_doubtful else []
