"""The figures of a text: its numbers with their units, where they stand; and comparisons of unlike units."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from qa.model import Figure, Span

__all__ = ["find_figures", "mixed_units"]

_NARROW = "\u00a0\u2009\u202f"  # spaces that part thousands; an ordinary one may part two numbers
_THOUSANDS = rf"\d{{1,3}}(?:(?:,\d{{3}})+|(?:[{_NARROW}]\d{{3}})+|(?:[ ]\d{{3}}){{0,3}}[ ]000)(?!\d)"
_MINUS = "[-−–]"
_BARE_FRACTION = r"(?<![^\s(<>≤≥≈=~±$€£¥−–-])\.\d{1,12}"  # ".05", but not in "done.10"
_NUMBER = rf"(?:(?:{_THOUSANDS}|\d{{1,12}})(?:[.·]\d{{1,12}})?|\d{{1,3}},\d{{1,2}}(?!\d)|{_BARE_FRACTION})"
_RANGE = rf"{_NUMBER}(?:\s?[-‐‑–—±]\s?{_NUMBER}|\sto\s{_MINUS}?{_NUMBER})?"
_PER = (
    r"(?:/(?:kg|m2|m²|m\^2|[dcmµμ]?[Ll]|cm3|cm³|mm3|mm³|day|d|hour|hr|h|min|week|wk|month|year|yr|dose|s|24\s?h"
    r"|1\.73\s?m[2²])\b)"
)
_MEASURES = (
    r"(?:[kcmnpµμ]?g|mcg|[dcmµμ]?L|[kcmnµμ]?m|[mµμnp]?mol|[km]?Pa|mmHg|mm Hg|[kM]?Hz|[kM]?Bq|[cm]?Gy|IU|mIU|k?cal|kJ|"
    r"cells|copies|points?)"
)
_TIMES = r"(?:milli)?seconds?|minutes?|mins?|hours?|days?|weeks?|months?|years?|decades?"
_COUNTED = (
    r"patients?|participants?|people|persons|adults|children|men|women|subjects|volunteers|responders|cases|deaths|events"
    r"|cycles?|doses?|times|lesions?"
)
_COUNTED_UNIT = re.compile(_COUNTED)
_UNIT = (
    rf"percentage points?|per ?cent|[%‰°](?:[CF]\b)?|{_MEASURES}(?:\b|(?<=[²³])){_PER}{{0,2}}"
    rf"|(?:{_TIMES}|{_COUNTED}|fold)\b|{_PER}"
)
_TENS = r"(?:\s?[×x]\s?10(?:\^?[-−]?\d{1,2}|\(\d{1,2}\)|⁻?[⁰¹²³⁴-⁹]{1,2}))"
_FIGURE = re.compile(
    r"(?=[<>≤≥≈~±$€£¥\-−–\d]|\.\d)"  # most characters are none of these, and need no look around
    r"(?:(?=[<>≤≥≈])|(?<![\w.,·/\[])(?<![^\W_][-‐‑])(?<!\)[-−–]))"  # neither in a name (MM-009) nor in a marker
    rf"(?!(?<=\d[ {_NARROW}])\d{{3}}(?!\d))"  # nor what may be the thousands of the number before it
    rf"(?:[<>≤≥≈~±]\s?)?(?:(?:(?<=\d{_MINUS})|(?<!{_MINUS}))(?P<money>[$€£¥]\s?))?"
    rf"(?P<number>(?:(?<![\w)%°$€£¥]){_MINUS})?{_RANGE}(?P<tens>{_TENS})?)(?:\s(?:million|billion|thousand)\b)?"
    rf"(?:[\s-]?(?P<unit>{_UNIT})(?!/\w)|(?![\w·/]|[.,]\d))"
)
_COMPARING = "<>≤≥≈"
_DECIMAL_COMMA = re.compile(r"(?<![\d,])\d{1,3},\d{1,2}(?!\d)")
_SHARE = re.compile(
    r"(?<![\w.,])(?<!\d )(?:\d{1,6}|one|two|three|four|five|six|seven|eight|nine|ten) (?:in|out of)(?: every)? \Z",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"(?:grades?|phase|parts?|cycles?|days?|weeks?|months?|study|trial|stages?|arm|group|cohort|type|level|line|step|table"
    r"|figure|class|score) \Z",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"\b(?:vs?\.?|versus|against|rather than|compared (?:with|to)|(?:(?<=\barm )|(?<=\bgroup ))and)(?=\s)",
    re.IGNORECASE,
)
_IN_ANOTHER = re.compile(r"\s(?:in|with|for|on)\s")  # what follows both of "4 months in one arm and 5% in the other"
_FROM = re.compile(r"\bfrom \Z", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_BEFORE, _BEHIND = 60, 30  # characters of what stands around a figure, at most
_NEAR = 80  # characters between a figure and the word behind it that compares it
_FEW_WORDS = 2  # between that word and the figure which it is compared with: "against only 4.7%"
_FEW_FIGURES = 3  # further in front, of which one may be what is compared
_CLAUSE = re.compile(r"[,;:]\s")
_KINDS = {
    "time": re.compile(_TIMES),
    "share": re.compile(rf"%|per ?cent|{_COUNTED}"),
    "mass": re.compile(r"[kcmnpµμ]?g|mcg"),
    "volume": re.compile(r"[dcmµμ]?L"),
    "length": re.compile(r"[kcmnµμ]?m"),
    "amount": re.compile(r"[mµμnp]?mol"),
    "activity": re.compile(r"m?IU"),
}


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
    other. "11.1 vs 4.7 months" shares its unit, and "61% (8 weeks) vs 40%" compares the figures that are alike.
    """
    found = []
    for sentence_start, sentence_end in sentences:
        figures = list(_figures(text, sentence_start, sentence_end))
        for word in _AGAINST.finditer(text, sentence_start, sentence_end):
            first = bisect_right(figures, word.start(), key=lambda figure: figure.end)
            if not 0 < first < len(figures) or any(_are_alike(f, figures[first]) for f in _earlier(figures, first)):
                continue
            before, behind = figures[first - 1], figures[first]
            gap, words = text[before.end : word.start()], text[word.end() : behind.start].split()
            is_one_clause = len(gap) <= _NEAR and len(words) <= _FEW_WORDS and not _CLAUSE.search(gap.rstrip(" ,"))
            is_joined = word[0] != "and" or all(
                (behind.unit, _IN_ANOTHER.match(gap), _IN_ANOTHER.match(text, behind.end))
            )
            if is_one_clause and is_joined and _differ(before, behind, adjacent=not gap.strip(" (")):
                found.append(Span(before.start, behind.end))
        for before, behind in pairwise(figures):
            is_change = _FROM.search(text, max(sentence_start, before.start - 6), before.start) is not None
            is_change = is_change and text[before.end : behind.start] == " to "
            if is_change and _differ(before, behind, adjacent=True):
                found.append(Span(before.start, behind.end))
    return sorted(found)


def _differ(before: Figure, behind: Figure, *, adjacent: bool) -> bool:
    """Whether two figures that are compared measure different things, as far as their units tell."""
    if not before.unit and adjacent:
        return False
    return bool(before.unit or behind.unit) and _measured(before.unit) != _measured(behind.unit)


def _earlier(figures: Sequence[Figure], first: int) -> Sequence[Figure]:
    """The few figures in front of the one before `first`."""
    return figures[max(0, first - 1 - _FEW_FIGURES) : first - 1]


def _are_alike(before: Figure, behind: Figure) -> bool:
    return bool(before.unit) and _measured(before.unit) == _measured(behind.unit)


def _measured(unit: str) -> str:
    """What a unit measures: times, masses and so on of all sizes are alike, a dose and one a day too, and numbers of
    whatever is counted are alike with shares of it.
    """
    if unit[:1] == "/":
        return unit
    bare = unit.partition("/")[0]
    kind = next((kind for kind, form in _KINDS.items() if form.fullmatch(bare)), None)
    return kind or bare


def _figures(text: str, start: int, end: int) -> Iterator[Figure]:
    """The figures of the sentence at [start, end) of a text."""
    for match in _FIGURE.finditer(text, start, end):
        number, unit = match["number"], match["unit"] or ""
        first = match.start()
        if _DECIMAL_COMMA.search(number) and (not unit or _COUNTED_UNIT.fullmatch(unit)):
            continue  # "grades 3,4 events": two numbers as likely as one
        if _COUNTED_UNIT.fullmatch(unit) and (share := _share(text, start, match)) is not None:
            first, number = share, text[share : match.end("number")]
        is_fraction = re.search(r"\d[.·]\d", number) is not None or (number[0] == "." and match[0][0] in _COMPARING)
        if unit or match["tens"] or match["money"] or is_fraction:
            context = Span(_word_start(text, start, first), _word_end(text, match.end(), end))
            yield Figure(number=number, unit=unit, start=first, end=match.end(), context=context)


def _share(text: str, start: int, match: re.Match[str]) -> int | None:
    """Where "1 in 5 adults" begins, whose 5 counts no one; None where it does, as in "grade 3 in 5 adults"."""
    share = _SHARE.search(text, max(start, match.start() - 30), match.start())
    if not share or _NUMBERED.search(text, max(start, share.start() - 10), share.start()):
        return None
    return share.start()


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
