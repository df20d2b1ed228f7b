"""The structure of a passage: the headings, paragraphs, lists, tables and listings that a reader found in its words.

All spans are of the passage's own text. They leave out what only draws the structure: the bars of a table, the line
breaks between items.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from qa.model import Document, Span

__all__ = ["BlockBody", "block_bodies"]

_BARS = re.compile(r"(?:(?<! ) ++)?(?:\||\t) *")
_LABEL = re.compile(
    r"[ \t]*(?P<label>[-*•‣·–+◦▪]|\(?(?:\d{1,4}(?:\.\d{1,3}){0,4}|[A-Za-z]|[ivxl]{1,6})[.)])(?:[ \t]+|\Z)"
)
_NUMBER = re.compile(r"[\W\d]*\d[\W\d]*")


class BlockBody(BaseModel):
    """A part of a passage, at characters [start, end) of its own text. `level` is that of a heading, else null.

    `rows` are the rows of a table, each with the spans of its cells, or the items of a list, each with the spans of its
    label and of its words; a label may be empty. Other blocks have none. `headed` says that the first row of a table
    names its columns. `code` has the spans of code within its lines, such as names of commands.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    kind: Literal["heading", "paragraph", "list", "table", "code"]
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    level: int | None = None
    headed: bool = False
    rows: tuple[tuple[Span, ...], ...] = ()
    code: tuple[Span, ...] = ()


def block_bodies(document: Document, start: int, end: int) -> tuple[BlockBody, ...]:
    """The parts of [start, end) of a document's text, in order; a part that goes on outside is cut off there.

    Text in no part is left out: white space, and what stands outside of all sections.
    """
    return tuple(sorted(_bodies(document, start, end), key=lambda body: body.start))


def _bodies(document: Document, start: int, end: int) -> Iterator[BlockBody]:
    first = bisect_left(document.headings, start, key=lambda heading: heading.start)
    behind = bisect_left(document.headings, end, key=lambda heading: heading.start)
    for heading in document.headings[first:behind]:
        if heading.start < heading.end <= end:
            yield BlockBody(
                kind="heading",
                start=heading.start - start,
                end=heading.end - start,
                level=heading.level,
                code=tuple(Span(a - start, b - start) for a, b in _code(document, heading.start, heading.end)),
            )
    first = max(0, bisect_right(document.sections, start, key=lambda section: section.start) - 1)
    for section in document.sections[first:]:
        if section.start >= end:
            return
        for block in section.blocks:
            a, b = max(block.start, start), min(block.end, end)
            if a < b:
                is_begun = a == block.start
                code = _code(document, a, b) if block.kind != "code" else []
                rows = _rows(document.text, block.kind, a, b, code)
                yield BlockBody(
                    kind=block.kind,
                    start=a - start,
                    end=b - start,
                    headed=block.kind == "table" and is_begun and _names_columns(document.text, rows),
                    rows=tuple(tuple(Span(c - start, d - start) for c, d in row) for row in rows),
                    code=tuple(Span(c - start, d - start) for c, d in code),
                )


def _code(document: Document, start: int, end: int) -> list[Span]:
    """The code within the lines of [start, end), cut off there."""
    first = bisect_right(document.code, start, key=lambda span: span.end)
    behind = bisect_left(document.code, end, key=lambda span: span.start)
    return [Span(max(a, start), min(b, end)) for a, b in document.code[first:behind]]


def _rows(text: str, kind: str, start: int, end: int, code: Sequence[Span]) -> list[tuple[Span, ...]]:
    if kind == "table":
        return [_cells(text, *line, code) for line in _lines(text, start, end)]
    return _items(text, start, end) if kind == "list" else []


def _lines(text: str, start: int, end: int) -> Iterator[Span]:
    """The lines that hold anything, without white space around them."""
    for line in text[start:end].splitlines(keepends=True):
        words = line.strip()
        if words:
            begin = start + len(line) - len(line.lstrip())
            yield Span(begin, begin + len(words))
        start += len(line)


def _cells(text: str, start: int, end: int, code: Sequence[Span] = ()) -> tuple[Span, ...]:
    """The cells of a row, which bars or tabs part. A bar at either end of the row parts nothing, nor does one in code.

    >>> [text[slice(*cell)] for text in ["| Tern | | 61% |"] for cell in _cells(text, 0, len(text))]
    ['Tern', '', '61%']
    """
    cuts = [match.span() for match in _BARS.finditer(text, start, end) if not _is_in(code, match.start())]
    edges = [(start, start), *cuts, (end, end)]
    cells = [Span(before, after) for (_, before), (after, _) in pairwise(edges)]
    if len(cells) > 1 and cuts[0][0] == start:
        del cells[0]
    if len(cells) > 1 and cuts[-1][1] == end:
        del cells[-1]
    return tuple(cells)


def _is_in(spans: Sequence[Span], place: int) -> bool:
    number = bisect_right(spans, place, key=lambda span: span.start)
    return number > 0 and place < spans[number - 1].end


def _names_columns(text: str, rows: list[tuple[Span, ...]]) -> bool:
    """Whether the first row of a table names its columns: each in words, and not with a number."""
    head = [text[slice(*cell)] for cell in rows[0]] if len(rows) > 1 else []
    return len(head) > 1 and all(head) and not any(map(_NUMBER.fullmatch, head))


def _items(text: str, start: int, end: int) -> list[tuple[Span, ...]]:
    """The items of a list: a line with a label, and the lines without one behind it."""
    items: list[tuple[Span, ...]] = []
    for line in text[start:end].splitlines(keepends=True):
        words_end = start + len(line.rstrip())
        label = _LABEL.match(text, start, words_end)
        if label:
            items.append((Span(*label.span("label")), Span(label.end(), words_end)))
        elif words_end > start:
            begin = start + len(line) - len(line.lstrip())
            items[-1:] = (
                [(items[-1][0], Span(items[-1][1].start, words_end))]
                if items
                else [(Span(begin, begin), Span(begin, words_end))]
            )
        start += len(line)
    return items
