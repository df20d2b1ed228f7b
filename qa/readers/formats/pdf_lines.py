"""A page of a PDF to its lines of text, in the order in which a person reads them.

PDFium gives letters with their places. Letters that follow one another on a baseline are a fragment, until a gap wider
than a space parts it from the next: that of two columns, or of two cells of a table. Columns are told by a gutter that
few fragments cross, between fragments that fill the columns' width. Places are in points, y downwards from the top.
"""

from __future__ import annotations

import ctypes
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

import pypdfium2.raw as pdfium

from qa.readers.formats.writing import without_invisible
from qa.readers.references.bibliography import raised

__all__ = ["Line", "PageText", "page_text"]

MOST_LETTERS = 200_000
"""The most letters of a page that are read; a page of small print has 10,000."""

_LIGATURES = {
    0xFB00: "ff",
    0xFB01: "fi",
    0xFB02: "fl",
    0xFB03: "ffi",
    0xFB04: "ffl",
    0xFB05: "st",
    0xFB06: "st",
    0xFFFE: "-",
    0x02: "-",
    0xAD: "-",
    0x2010: "-",  # a hyphen at a line's end, as PDFium or the file marks it
    0xF0B7: "•",
    0xF0A7: "•",
    0x25AA: "•",
    0x25CF: "•",
    0x25E6: "•",
    0x2022: "•",
    0xF02D: "-",
    0: "\ufffd",
    0xA0: " ",
    0x09: " ",
}
_SAME_LINE = 0.55  # of the type size, by which baselines of letters in a line differ
_WIDE_GAP = 1.5  # of the type size: more than a space in justified text
_BACKWARDS = 0.6  # of the type size, by which a letter may stand before the end of the one before
_RAISED = 0.15  # of the type size, by which raised digits stand above the baseline
_SMALLER = 0.85  # of the type size: raised digits are
_MOST_FRAGMENTS = 5000  # of a page, above which it keeps the order of the file
_FEWEST_OF_COLUMN = 4  # fragments
_MOST_CROSSING = 0.3  # share of fragments that may cross a gutter
_NARROWEST_GUTTER = 6.0  # points
_FULL = 0.6  # of a column's width that its middling fragment has
_BIN = 2.0  # points
_MOST_BINS = 5000
_BOLD = 600  # weight


@dataclass(slots=True, kw_only=True)
class Line:
    """A line of a page. `x` and `right` are where it begins and ends, `left` and `margin` where the lines of its column
    do; `cells` are its parts with wide gaps between. `column` numbers the runs of lines that follow one another."""

    text: str
    cells: tuple[str, ...]
    page: int
    column: int
    x: float
    right: float
    y: float
    size: float
    is_bold: bool
    left: float = 0.0
    margin: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """The lines of a page in reading order, its height, how many letters it has, and how many of these are turned
    otherwise than most and so left out, or unknown."""

    lines: tuple[Line, ...]
    height: float
    letters: int
    turned: int = 0
    unknown: int = 0


@dataclass(slots=True)
class _Letter:
    text: str
    x: float
    right: float
    y: float
    size: float
    is_bold: bool
    is_spaced: bool  # a space stands before it


@dataclass(slots=True)
class _Fragment:
    letters: list[_Letter] = field(default_factory=list)
    x: float = 0.0
    right: float = 0.0
    y: float = 0.0
    size: float = 0.0

    def add(self, letter: _Letter) -> None:
        if not self.letters or letter.size > 1.1 * self.size:
            self.y, self.size = letter.y, letter.size
        self.x = min(self.x, letter.x) if self.letters else letter.x
        self.right = max(self.right, letter.right) if self.letters else letter.right
        self.letters.append(letter)

    def takes(self, letter: _Letter) -> bool:
        """Whether a letter goes on in this fragment."""
        size = max(self.size, letter.size)
        last = self.letters[-1]
        gap = letter.x - last.right
        is_near = -_BACKWARDS * size <= gap <= _WIDE_GAP * size or letter.x == last.x  # as the letters of a ligature do
        return abs(letter.y - self.y) <= _SAME_LINE * size and is_near

    @property
    def text(self) -> str:
        """Its text, with numbers that stand above the line in raised digits."""
        pieces: list[str] = []
        run: list[str] = []
        for letter in self.letters:
            is_raised = letter.size <= _SMALLER * self.size and self.y - letter.y >= _RAISED * self.size
            if not is_raised and run:
                pieces.append(raised("".join(run)))
                run = []
            (run if is_raised else pieces).append(" " * letter.is_spaced + letter.text)
        text = "".join(pieces) + raised("".join(run))
        return " ".join(without_invisible(text).split())


def page_text(page: pdfium.FPDF_PAGE, textpage: pdfium.FPDF_TEXTPAGE, number: int) -> PageText:
    """The text of the page with this number, counted from 0."""
    count = min(max(pdfium.FPDFText_CountChars(textpage), 0), MOST_LETTERS)
    letters, turned, unknown, top = _letters(page, textpage, count)
    fragments = _fragments(letters)
    lines = list(_lines(fragments, number))
    return PageText(lines=tuple(lines), height=top, letters=len(letters), turned=turned, unknown=unknown)


def _letters(
    page: pdfium.FPDF_PAGE, textpage: pdfium.FPDF_TEXTPAGE, count: int
) -> tuple[list[_Letter], int, int, float]:
    """The letters of a page upright, how many are turned otherwise and how many unknown, and the page's height."""
    styles: dict[int, tuple[float, int, bool]] = {}  # of each text object: size, quarter turns, bold
    x, y, box, matrix = ctypes.c_double(), ctypes.c_double(), pdfium.FS_RECTF(), pdfium.FS_MATRIX()
    found: list[tuple[int, str, float, float, float, float, bool, bool]] = []
    is_spaced, high, unknown = False, 0, 0
    for index in range(count):
        code = pdfium.FPDFText_GetUnicode(textpage, index)
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        if 0xDC00 <= code < 0xE000 and high:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)
        high = 0
        text = _LIGATURES.get(code) or chr(code)
        if text.isspace() or pdfium.FPDFText_IsGenerated(textpage, index) == 1:
            is_spaced = is_spaced or text.isspace()
            continue
        text_object = ctypes.cast(pdfium.FPDFText_GetTextObject(textpage, index), ctypes.c_void_p).value or 0
        style = styles.get(text_object)
        if style is None:
            pdfium.FPDFText_GetMatrix(textpage, index, matrix)
            size = pdfium.FPDFText_GetFontSize(textpage, index) * math.hypot(matrix.c, matrix.d)
            turns = round(math.atan2(matrix.b, matrix.a) / (math.pi / 2)) % 4
            style = styles[text_object] = (size, turns, _is_bold(textpage, index))
        pdfium.FPDFText_GetCharOrigin(textpage, index, x, y)
        pdfium.FPDFText_GetLooseCharBox(textpage, index, box)
        unknown += text == "\ufffd" or 0xE000 <= code < 0xF900
        size, turns, bold = style
        found.append((turns, text, *_upright(turns, box, x.value, y.value), size, bold, is_spaced))
        is_spaced = False
    most = Counter(each[0] for each in found).most_common(1)[0][0] if found else 0
    top, height = _extent(page, most)
    upright = [
        _Letter(text, left, right, top - base, size if 0 < size < 10_000 else 1.0, bold, spaced)
        for its_turns, text, left, right, base, size, bold, spaced in found
        if its_turns == most and all(map(math.isfinite, (left, right, base, size)))
    ]
    return upright, len(found) - len(upright), unknown, height


def _upright(turns: int, box: pdfium.FS_RECTF, x: float, y: float) -> tuple[float, float, float]:
    """Where a letter begins and ends along its line, and its baseline, upwards."""
    match turns:
        case 0:
            return box.left, box.right, y
        case 1:
            return box.bottom, box.top, -x
        case 2:
            return -box.right, -box.left, -y
        case _:
            return -box.top, -box.bottom, x


def _extent(page: pdfium.FPDF_PAGE, turns: int) -> tuple[float, float]:
    """Where the top of a page lies, turned upright, and its height."""
    box = pdfium.FS_RECTF()
    if not pdfium.FPDF_GetPageBoundingBox(page, box):
        return 842.0, 842.0
    edges = {0: (box.top, box.bottom), 1: (-box.left, -box.right), 2: (-box.bottom, -box.top), 3: (box.right, box.left)}
    top, bottom = edges[turns]
    return top, max(top - bottom, 1.0)


def _is_bold(textpage: pdfium.FPDF_TEXTPAGE, index: int) -> bool:
    if pdfium.FPDFText_GetFontWeight(textpage, index) >= _BOLD:
        return True
    name, flags = ctypes.create_string_buffer(200), ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(textpage, index, name, 200, flags)
    return any(each in name.value.lower() for each in (b"bold", b"black", b"heavy", b"cmbx"))


def _fragments(letters: Sequence[_Letter]) -> list[_Fragment]:
    found: list[_Fragment] = []
    for letter in letters:
        if not found or not found[-1].takes(letter):
            found.append(_Fragment())
        found[-1].add(letter)
    return found


def _lines(fragments: Sequence[_Fragment], page: int) -> Iterator[Line]:
    """The lines of all columns, the columns one after the other."""
    few = len(fragments) <= _MOST_FRAGMENTS
    regions = [(number, list(_rows(region))) for number, region in (_regions(fragments) if few else [(0, fragments)])]
    alike: dict[int | None, list[list[_Fragment]]] = {}
    for number, rows in regions:
        alike.setdefault(number, []).extend(rows)
    edges = {number: _edges(rows) for number, rows in alike.items()}
    for place, (number, rows) in enumerate(regions):
        left, margin = edges[number]
        for row in rows:
            cells = tuple(text for each in row if (text := each.text))
            if not cells:
                continue
            largest = max(row, key=lambda each: each.size)
            letters = [letter for each in row for letter in each.letters]
            yield Line(
                text=" ".join(cells),
                cells=cells,
                page=page,
                column=place,
                x=row[0].x,
                right=max(each.right for each in row),
                y=largest.y,
                size=Counter(round(2 * each.size) / 2 for each in letters).most_common(1)[0][0],
                is_bold=2 * sum(each.is_bold for each in letters) > len(letters),
                left=left,
                margin=margin,
            )


def _rows(region: Sequence[_Fragment]) -> Iterator[list[_Fragment]]:
    """The fragments of a region by lines from the top, each from the left."""
    row: list[_Fragment] = []
    for each in sorted(region, key=lambda each: each.y):
        if row and each.y - row[0].y > 0.5 * max(row[0].size, each.size):
            yield sorted(row, key=lambda each: each.x)
            row = []
        row.append(each)
    if row:
        yield sorted(row, key=lambda each: each.x)


def _edges(rows: Sequence[Sequence[_Fragment]]) -> tuple[float, float]:
    """Where most lines of a column begin, and where the longest one ends."""
    begins = Counter(round(row[0].x) for row in rows)
    left = min(begins, key=lambda x: (-begins[x], x), default=0)
    return float(left), max((each.right for row in rows for each in row), default=0.0)


def _regions(fragments: Sequence[_Fragment]) -> list[tuple[int | None, Sequence[_Fragment]]]:
    """The fragments in reading order: columns from the left, each with its number, between what runs across them."""
    gutters = _gutters(fragments)
    if not gutters:
        return [(0, fragments)] if fragments else []
    regions: list[tuple[int | None, Sequence[_Fragment]]] = []
    columns: list[list[_Fragment]] = [[] for _ in range(len(gutters) + 1)]
    across: list[_Fragment] = []
    for each in sorted(fragments, key=lambda each: (each.y, each.x)):
        number = _column(each, gutters)
        if number is None:
            regions += [(n, column) for n, column in enumerate(columns) if column]
            columns = [[] for _ in columns]
            across.append(each)
        else:
            if across:
                regions.append((None, across))
                across = []
            columns[number].append(each)
    regions += [(n, column) for n, column in enumerate(columns) if column]
    return [*regions, (None, across)] if across else regions


def _column(fragment: _Fragment, gutters: Sequence[float]) -> int | None:
    """Which column a fragment stands in, or None where it crosses a gutter."""
    begin = sum(1 for gutter in gutters if fragment.x >= gutter)
    end = sum(1 for gutter in gutters if fragment.right > gutter)
    return begin if begin == end else None


def _gutters(fragments: Sequence[_Fragment]) -> list[float]:
    """The middles of the gutters between a page's columns; none where it has one column, or a table."""
    if len(fragments) < 2 * _FEWEST_OF_COLUMN:
        return []
    first, last = min(each.x for each in fragments), max(each.right for each in fragments)
    bins = int((last - first) / _BIN) + 1
    if not 0 < bins <= _MOST_BINS:
        return []
    changes = [0] * (bins + 2)
    for each in fragments:
        changes[int((each.x - first) / _BIN)] += 1
        changes[int((each.right - first) / _BIN) + 1] -= 1
    crossed, covered = 0, []
    for change in changes[:bins]:
        crossed += change
        covered.append(crossed)
    least = min(covered[bins // 5 : bins - bins // 5], default=len(fragments))
    limit = max(least, 0.1 * len(fragments))
    if least > _MOST_CROSSING * len(fragments):
        return []
    gutters, begin = [], None
    for number, crossing in enumerate([*covered, len(fragments)]):
        if crossing <= limit:
            begin = number if begin is None else begin
        elif begin is not None:
            is_inside = begin > 0.1 * bins and number < 0.9 * bins
            if is_inside and (number - begin) * _BIN >= _NARROWEST_GUTTER:
                gutters.append(first + (begin + number) / 2 * _BIN)
            begin = None
    return gutters if gutters and _are_columns(fragments, gutters) else []


def _are_columns(fragments: Sequence[_Fragment], gutters: Sequence[float]) -> bool:
    """Whether what stands between the gutters is text that fills its column, as cells of a table do not."""
    columns: list[list[_Fragment]] = [[] for _ in range(len(gutters) + 1)]
    for each in fragments:
        number = _column(each, gutters)
        if number is not None:
            columns[number].append(each)
    for column in columns:
        if len(column) < _FEWEST_OF_COLUMN:
            return False
        width = max(each.right for each in column) - min(each.x for each in column)
        size = median(each.size for each in column)
        if width < 8 * size or median(each.right - each.x for each in column) < _FULL * width:
            return False
    return True
