"""A text as a page draws it: its paragraphs, lists, tables and listings, cut at what is marked and at what is linked.

All pieces joined, with what is `before` and `behind` them, are the text, each character once. The page hides what only
draws the structure: the bars of a table, the line breaks between two paragraphs.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from qa.wire import BlockBody, CitedPassageBody

__all__ = ["FILTERS", "Cell", "Drawn", "Link", "Piece", "drawn", "drawn_passage", "is_foldable"]

FOLDED = 160  # characters beside the marked ones that a page folds; fewer are shown
MOST_DEPTH = 4  # of a list that is drawn inside of others


class Link(NamedTuple):
    """Characters [start, end) that lead to an address."""

    start: int
    end: int
    href: str


class Piece(NamedTuple):
    """Words. `is_marked` says that they are marked, `is_first` that they are the first of these. `href` is where a
    reference's marker leads, or empty. `is_code` says that they are code within a line."""

    text: str
    is_marked: bool = False
    is_first: bool = False
    href: str = ""
    is_code: bool = False


class Run(NamedTuple):
    """Pieces in a row that are all marked, or none of them."""

    is_marked: bool
    is_first: bool
    pieces: tuple[Piece, ...]


class Cell(NamedTuple):
    """A cell of a table, an item of a list, or all of another block. `before` and `behind` draw the structure.

    An item has its `label`, such as `-` or `1.`, and the `space` behind that; `depth` is how deep its list lies in
    others.
    """

    before: str
    pieces: tuple[Piece, ...]
    behind: str = ""
    label: str = ""
    space: str = ""
    depth: int = 0

    @property
    def is_numbered(self) -> bool:
        """Whether its label says more than that it is an item."""
        return any(map(str.isalnum, self.label))

    @property
    def runs(self) -> list[Run]:
        """Its pieces, put together as they are marked."""
        groups = [(is_marked, tuple(each)) for is_marked, each in groupby(self.pieces, lambda piece: piece.is_marked)]
        return [Run(is_marked, any(piece.is_first for piece in each), each) for is_marked, each in groups]

    @property
    def is_marked(self) -> bool:
        """Whether any of it is marked."""
        return any(piece.is_marked for piece in self.pieces)

    @property
    def text(self) -> str:
        """All of its text."""
        return "".join((self.before, self.label, self.space, *(piece.text for piece in self.pieces), self.behind))


class Drawn(NamedTuple):
    """A block. A table has a row for each of its rows, a list one for each item, every other block one with one cell.

    `kind` is that of a `BlockBody`, or `gap` for white space between two blocks. `columns` is the number of cells of
    the longest row.
    """

    kind: str
    rows: tuple[tuple[Cell, ...], ...]
    level: int = 0
    headed: bool = False
    columns: int = 1

    @property
    def is_marked(self) -> bool:
        """Whether any of it is marked."""
        return any(cell.is_marked for row in self.rows for cell in row)

    @property
    def text(self) -> str:
        """All of its text."""
        return "".join(cell.text for row in self.rows for cell in row)


def drawn(
    text: str, blocks: Sequence[BlockBody], marks: Sequence[tuple[int, int]] = (), links: Sequence[Link] = ()
) -> list[Drawn]:
    """The blocks of a text and what stands between them, in order.

    `marks` are the spans that are marked, and `links` those that are linked; both are in order and do not overlap.
    """
    ink = _Ink(text, marks, links, [span for block in blocks for span in block.code])
    found: list[Drawn] = []
    reached = 0
    for block in blocks:
        if reached <= block.start < block.end <= len(text):
            found += _between(ink, reached, block.start)
            found.append(_block(block, ink))
            reached = block.end
    found += _between(ink, reached, len(text))
    return found


class _Ink:
    """A text with its marks, links and code, of which pieces are taken in order."""

    def __init__(
        self,
        text: str,
        marks: Sequence[tuple[int, int]],
        links: Sequence[Link],
        code: Sequence[tuple[int, int]],
    ) -> None:
        self.text = text
        self.marks = marks
        self.links = links
        self.code = code
        self.is_begun = bool(marks) and marks[0][0] < 0  # the marked words begin before this text

    def pieces(self, start: int, end: int) -> tuple[Piece, ...]:
        """The text at [start, end), cut where a mark, a link or code begins or ends. A link that goes on outside is
        none."""
        first = bisect_left(self.links, start, key=lambda link: link.start)
        behind = bisect_left(self.links, end, key=lambda link: link.start)
        links = {link.start: link for link in self.links[first:behind] if link.end <= end}
        cuts = {start, end, *links, *(link.end for link in links.values())}
        cuts |= {place for mark in self.marks for place in mark if start < place < end}
        first = bisect_right(self.code, start, key=lambda span: span[1])
        behind = bisect_left(self.code, end, key=lambda span: span[0])
        code = self.code[first:behind]
        cuts |= {place for span in code for place in span if start < place < end}
        found: list[Piece] = []
        link = Link(0, 0, "")
        reached = 0  # how much of the code lies before
        for a, b in pairwise(sorted(cuts)):
            link = links.get(a, link)
            is_marked = any(mark[0] <= a < mark[1] for mark in self.marks)
            is_first = is_marked and not self.is_begun
            self.is_begun = self.is_begun or is_marked
            while reached < len(code) and code[reached][1] <= a:
                reached += 1
            is_code = reached < len(code) and code[reached][0] <= a
            found.append(Piece(self.text[a:b], is_marked, is_first, link.href if b <= link.end else "", is_code))
        return tuple(found)


def _between(ink: _Ink, start: int, end: int) -> Iterator[Drawn]:
    """What no block has: words, and the white space around them."""
    words = ink.text[start:end]
    begin = start + len(words) - len(words.lstrip())
    behind = max(begin, end - len(words) + len(words.rstrip()))
    for kind, a, b in (("gap", start, begin), ("paragraph", begin, behind), ("gap", behind, end)):
        if a < b:
            yield _plain(kind, ink.pieces(a, b))


def _plain(kind: str, pieces: tuple[Piece, ...], level: int | None = None) -> Drawn:
    return Drawn(kind, ((Cell("", pieces),),), level or 0)


def _block(block: BlockBody, ink: _Ink) -> Drawn:
    if not block.rows:
        return _plain(block.kind, ink.pieces(block.start, block.end), block.level)
    rows = tuple((_items if block.kind == "list" else _cells)(block, ink))
    return Drawn(block.kind, rows, headed=block.headed, columns=max(map(len, rows)))


def _cells(block: BlockBody, ink: _Ink) -> Iterator[tuple[Cell, ...]]:
    """The rows of a table. Each cell takes what stands before it, and the last of all what stands behind."""
    reached = block.start
    for number, row in enumerate(block.rows, start=1):
        cells: list[Cell] = []
        for start, end in row:
            cells.append(Cell(ink.text[reached:start], ink.pieces(start, end)))
            reached = end
        if number == len(block.rows):
            cells[-1] = cells[-1]._replace(behind=ink.text[reached : block.end])
        yield tuple(cells)


def _items(block: BlockBody, ink: _Ink) -> Iterator[tuple[Cell, ...]]:
    """The items of a list, in the same way."""
    reached = block.start
    for number, ((label_start, label_end), (start, end)) in enumerate(block.rows, start=1):
        before = ink.text[reached:label_start]
        label, space = ink.text[label_start:label_end], ink.text[label_end:start]
        behind = ink.text[end : block.end] if number == len(block.rows) else ""
        depth = min(len(before.rpartition("\n")[2]) // 2, MOST_DEPTH)
        yield (Cell(before, ink.pieces(start, end), behind, label, space, depth),)
        reached = end


def drawn_passage(cited: CitedPassageBody, place: str) -> list[Drawn]:
    """A passage with its highlights marked. A marker leads to its entry among the references, which has the id
    `place-1`, `place-2` and so on."""
    citation = cited.citation
    numbers = {reference.marker: number for number, reference in enumerate(citation.references, start=1)}
    links: dict[int, Link] = {}
    if citation.references_status != "no_reference_list":
        for marker in citation.markers:
            if marker.marker in numbers:
                start = marker.start - citation.start
                link = Link(start, marker.end - citation.start, f"#{place}-{numbers[marker.marker]}")
                links.setdefault(start, link)
    return drawn(cited.passage.text, cited.passage.blocks, cited.passage.highlights, list(links.values()))


def is_foldable(drawn: Sequence[Drawn]) -> bool:
    """Whether so much stands beside the marked words that they are to be seen first."""
    cells = [cell for block in drawn for row in block.rows for cell in row]
    pieces = [piece for cell in cells for piece in cell.pieces]
    beside = sum(len(piece.text) for piece in pieces if not piece.is_marked)
    return beside > FOLDED


FILTERS = {"drawn_passage": drawn_passage, "is_foldable": is_foldable}
"""The filters of the templates for passages."""
