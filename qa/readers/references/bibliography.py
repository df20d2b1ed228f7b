"""Reference markers: the places in a text that point to its bibliography."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from qa.model import Marker, Reference, Section
from qa.text.lexicon import POWER_BASES

__all__ = [
    "RAISED_DIGITS",
    "bracketed",
    "find_markers",
    "merged",
    "plain_digits",
    "raised",
    "told_apart",
    "with_footnotes",
]

RAISED_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"

_FROM_RAISED = str.maketrans(f"{RAISED_DIGITS}⁻˒", "0123456789-,")
_TO_RAISED = str.maketrans("0123456789-–‐‑", f"{RAISED_DIGITS}⁻⁻⁻⁻")
_LIST_OF_NUMBERS = re.compile(r"[\d,;\s–‐‑-]{1,40}", re.ASCII)

_RAISED_NUMBER = rf"[{RAISED_DIGITS}]{{1,3}}"
_IN_BRACKETS = re.compile(r"\[(?P<bracket>[^\[\]\n]{1,80}|[^\[\]\n@]{0,80}@[^\[\]\n]{1,200})\]")
_MARK = re.compile(
    rf"{_IN_BRACKETS.pattern}"
    rf"|(?<![\s{RAISED_DIGITS}])(?P<raised>{_RAISED_NUMBER}(?:(?:[⁻–‐‑-]|[,˒] ?){_RAISED_NUMBER}){{0,20}})(?![\w⁺⁻])"
)
_NUMBERS = re.compile(r"\d{1,3}(?:\s*[-‐‑–]\s*\d{1,3})?")
_WIDEST_RANGE, _WIDEST_UNKNOWN_RANGE = 50, 20  # numbers, where the bibliography has them all, and where not

_KEY = re.compile(r"(?<![\w.@])-?@(?P<key>\w+(?:[:.#$%&+?<>~/-]\w+)*)")  # as Pandoc writes it
_KEY_ALONE = re.compile(rf"\s*{_KEY.pattern}\s*(?:,[^@]*)?")
_FOOTNOTE = re.compile(r"\^\w[\w-]{0,40}")
_OF_A_PATTERN = re.compile(r"[\w*+?{]")  # behind a bracket that says which characters are not meant: `[^a]+`

# What stands before a raised number. Behind the end of a clause, or a long word, it is a marker; behind a short word,
# a bracket or a per cent sign it may be a power, and is a marker where the bibliography has it.
_CLAUSE_ENDS = '.,;:!?…”"’»'
_DOUBTFUL = ")]%"
_POWERS = frozenset("234")
_SYMBOL_IN_BRACKETS = re.compile(r"(?:(?<![^\W\d_])[^\W\d_]|\d)[)\]]\Z")
_LAST_WORD = re.compile(r"(?P<operator>[/*·×^=+−(]?)(?P<word>[^\W\d_]{1,30})\Z")
_SHORT_WORD, _SYMBOL = 3, 2  # letters at most; so short a word may be the name of a quantity, or a formula


def find_markers(text: str, sections: Iterable[Section], references: Iterable[Reference]) -> tuple[Marker, ...]:
    """Every marker inside the sections, in order: numbers in brackets or raised, or labels that the bibliography has.

    A number of four digits is a year, unless the bibliography has it, and a raised number behind a unit is a power.
    `[100, 101]` and `¹⁰⁰,¹⁰¹` give two markers and `[97-99]` three, each with the span of the whole; `[^1]`
    gives `^1` where that is a footnote, and `[see @terns, p. 3; @gulls]` `terns` and `gulls`.
    """
    if text.isascii() and "[" not in text:
        return ()
    known = {reference.marker for reference in references}
    found: list[Marker] = []
    pattern = _IN_BRACKETS if text.isascii() else _MARK
    for section in sections:
        for mark in pattern.finditer(text, section.start, section.end):
            if pattern is _MARK and mark["raised"]:
                labels = _raised_labels(text, mark, known)
            elif _FOOTNOTE.fullmatch(mark["bracket"]) and _OF_A_PATTERN.match(text, mark.end()):
                labels = []
            else:
                labels = _keys(mark["bracket"], known) or _labels(mark["bracket"], known)
            found += [Marker(label=label, start=mark.start(), end=mark.end()) for label in labels]
    return tuple(found)


def bracketed(text: str) -> set[str]:
    """All that stands in brackets in a text, with commas or semicolons between, and so may be the label of an entry."""
    inside = [mark["bracket"] for mark in _MARK.finditer(text) if mark["bracket"]]
    parts = {part.strip() for each in inside for part in re.split(r"[,;]", each)}
    return parts.union(found["key"] for each in inside for found in _KEY.finditer(each))


def told_apart(references: Iterable[Reference]) -> tuple[Reference, ...]:
    """The entries of a list, each marker once; one that is given to two different entries stands for neither.

    >>> told_apart([Reference(marker="3", text="A."), Reference(marker="3", text="B.")])
    (Reference(marker='3', text=None, doi=None, pmid=None, url=None),)
    """
    found: dict[str, Reference] = {}
    for each in references:
        if found.setdefault(each.marker, each) != each:
            found[each.marker] = Reference(marker=each.marker)
    return tuple(found.values())


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


def _keys(inside: str, known: set[str]) -> list[str]:
    """The keys in a bracket as Pandoc has it: `see @terns, p. 3; -@gulls`. One that is not known has no words before
    it, for there it may be a name in a text: `[ask @someone]`.
    """
    found = [
        (key["key"], bool(_KEY_ALONE.fullmatch(part))) for part in inside.split(";") for key in _KEY.finditer(part)
    ]
    return [key for key, is_alone in found if is_alone or key in known]


def _labels(inside: str, known: set[str]) -> list[str]:
    """The labels in a bracket; none where any part of it is no label, for then it is text in brackets."""
    labels: list[str] = []
    for part in (each.strip() for each in re.split(r"[,;]", inside)):
        label = part if part in known else part.removeprefix("^")
        if label in known:
            labels.append(label)
        elif _NUMBERS.fullmatch(label):
            first, *last = (int(number) for number in re.findall(r"\d+", label))
            numbers = range(first, (last[0] if last else first) + 1)
            widest = (
                _WIDEST_RANGE if known.issuperset(map(str, numbers[: _WIDEST_RANGE + 1])) else _WIDEST_UNKNOWN_RANGE
            )
            if first == 0 or (last and not 1 < len(numbers) <= widest + 1):
                return []
            labels += map(str, numbers)
        elif _FOOTNOTE.fullmatch(part):
            labels.append(part)
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
    may_be_power = len(labels) == 1 and labels[0] in _POWERS
    if before in _DOUBTFUL:
        is_power = may_be_power and _SYMBOL_IN_BRACKETS.search(text, max(0, mark.start() - 3), mark.start())
        return labels if is_known and not is_power else []
    word = _LAST_WORD.search(text, max(0, mark.start() - 31), mark.start())
    if word is None or len(word["word"]) == 1:
        return []
    is_short = len(word["word"]) <= _SHORT_WORD
    is_abbreviation = is_short and word["word"].isupper()  # `MM`, where `mm` is a unit
    if (word["word"] if is_abbreviation else word["word"].lower()) in POWER_BASES:
        return []
    if may_be_power and len(word["word"]) <= _SYMBOL and word["word"] != "al":  # "Lacy et al²"
        return []
    is_doubtful = is_short or bool(word["operator"])
    return labels if is_known or not is_doubtful else []
