"""A page of a PDF to its lines of text, in the order in which a person reads them.

PDFium gives letters with their places. Letters that follow one another on a baseline are a fragment, until a gap wider
than a space parts it from the next: that of two columns, or of two cells of a table. Spaces are those of the file, or
gaps as wide as one where it has none; letters that stand twice in nearly one place are bold ones. Columns are told by a
gutter that few fragments cross, between fragments that fill the columns' width. Places are in points, y downwards from
the top. What is written from the right is read so. Text that is turned otherwise than most of its page, as that beside
a plot or across the page, is lines of its own.
"""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from statistics import median
from typing import Any

import pypdfium2.raw as pdfium

from qa.readers.formats.scripts import marked_lowered, marked_raised, plain
from qa.readers.formats.writing import without_invisible
from qa.text.english import english

__all__ = ["Line", "PageText", "lines_of_last", "page_text"]

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
_CELL_GAP = 0.9  # of the type size: between two cells, where such a gap stands in the lines around as well
_SAME_BASELINE = 0.1  # of the type size
_SAME_EDGE = 1.5  # points, by which the edges of the cells of a column differ
_NEXT_ROW = 3.5  # times the type size: how far away the next row of a table may be
_LABELS = re.compile(r"[^\w\s]?\w{0,3}[^\w\s]?")  # what may stand before an item of a list
_BACKWARDS = 0.6  # of the type size, by which a letter may stand before the end of the one before
_RAISED = 0.15  # of the type size, by which raised digits stand above the baseline
_SMALLER = 0.85  # of the type size: raised digits are
_LONGEST_UNSPACED = 15  # letters without a space, above which gaps are looked at
_NARROWEST_SPACE = 0.1  # of the type size: a gap between words, where no space is said to be
_SURE_SPACE = 0.2  # of the type size: a gap between words, whatever is said
_FEW_SPACES = 0.02  # share of letters with a space before them, below which a page is written without
_FEWEST_SPREAD = 5  # letters that may be set apart for looks
_SPREAD = 0.08  # of the type size, by which such letters are parted at least
_WIDEST_SPREAD = 0.9  # and usually at most
_SAME_LETTER = 0.5  # of its width, by which a letter stands beside itself in feigned bold type
_ROW = 3.0  # points
_MOST_TWINS = 8  # of the same letters in a line that are looked at
_NO_INK = 0.05  # points
_UNNAMED = "\x01"  # a letter that the file calls a control character
_STRAIGHT = 1e-3  # quarter turns
_OBLIQUE = 0.11  # quarter turns, ten degrees: what is turned by less is a line of a page that was laid down askew
_FARTHEST = 1e9  # points
_FARTHEST_TURN = 20.0  # of the type size, by which a word written from the right begins behind one from the left
_MOST_OBJECTS = 3000  # of a page that are looked at for what is not read
_EMPTY = 2  # bytes of the text of a piece that has none
_CHECKED = 97  # letters, of which one is compared with what PDFium says of it alone
_ALL_BOLD = 0.95  # share of bold letters
_MOST_FRAGMENTS = 5000  # of a page, above which it keeps the order of the file
_FEWEST_OF_COLUMN = 4  # fragments
_MOST_CROSSING = 0.3  # share of fragments that may cross a gutter
_NARROWEST_GUTTER = 6.0  # points
_FULL = 0.6  # of a column's width that its middling fragment has
_BIN = 2.0  # points
_MOST_BINS = 5000
_BOLD = 600  # weight
_ALEF, _LAM = frozenset("اأإآ"), "ل"
_FIRST_ASIAN = "\u2e80"
_NEXT_DOWN = 1.8  # of the type size: how far below the last letter the next of a column may stand
_LONGEST_LOST = 2.0  # of the type size: how long a piece without a width is that is more than a space


@dataclass(slots=True, kw_only=True)
class Line:
    """A line of a page. `x` and `right` are where it begins and ends, `left` and `margin` where the lines of its column
    do; `cells` are its parts with wide gaps between, and `edges` where each begins and ends. `column` numbers the runs
    of lines that follow one another. `bold` is how many of its first characters are in bold type, and `lead` where what
    stands behind these begins."""

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
    edges: tuple[tuple[float, float], ...] = ()
    bold: int = 0
    lead: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """The lines of a page in reading order, its height, how many letters these have, and the lines that are turned
    otherwise than these, those turned alike one after the other; how many letters are unknown, how many pieces of text
    have no letters that could be read, as those in a font that the file does not hold, and how many pictures there
    are."""

    lines: tuple[Line, ...]
    height: float
    letters: int
    turned: tuple[Line, ...] = ()
    unknown: int = 0
    lost: int = 0
    pictures: int = 0


@dataclass(slots=True)
class _Letter:
    text: str
    x: float
    right: float
    y: float
    size: float
    is_bold: bool
    space: (
        int  # 0 where none stands before it, 1 where PDFium says so of a gap, 2 where the file has one, 3 a line's end
    )


@dataclass(slots=True)
class _Fragment:
    letters: list[_Letter]
    x: float
    right: float
    y: float
    size: float
    least: float = 0.0  # of the type size: a gap that is a space, where the file has none in a line
    gaps: list[int] = field(default_factory=list)  # before which letters there is room as between cells

    @property
    def text(self) -> str:
        """Its text, with numbers that stand above the line in raised digits, and one above another as a fraction."""
        pieces: list[str] = []
        above_line: list[_Letter] = []  # those raised behind a space, which may be the upper part of a fraction
        begin = -1  # where the fraction begins that is written
        letters = self.letters
        above, below = self.y - _RAISED * self.size, self.y + _RAISED * self.size / 2
        small = _SMALLER * self.size
        for letter, is_spaced in zip(letters, _spaced(self), strict=True):
            text = f" {letter.text}" if is_spaced else letter.text
            if letter.size <= small and letter.y <= above:
                if is_spaced or not pieces or above_line:
                    above_line.append(letter)
                text = f"{' ' * is_spaced}{marked_raised(letter.text)}"
            elif letter.size <= small and letter.y >= below:
                if above_line and letter.x < above_line[-1].right and letter.right > above_line[0].x:
                    if begin < 0:
                        begin = len(pieces) - len(above_line)
                        pieces[begin:] = [f" {''.join(each.text for each in above_line)}/"]
                    text = letter.text
                else:
                    text = f"{' ' * is_spaced}{marked_lowered(letter.text)}"
            elif above_line:
                if begin >= 0 and letter.text.isalpha() and not is_spaced:  # an isotope, ²³⁵₉₂U
                    lowered = "".join(pieces[begin + 1 :])
                    raised = "".join(each.text for each in above_line)
                    pieces[begin:] = [f" {marked_raised(raised)}{marked_lowered(lowered)}"]
                above_line, begin = [], -1
            pieces.append(text)
        return " ".join(without_invisible(plain("".join(pieces))).split())

    @property
    def is_from_right(self) -> bool:
        """Whether most of its letters are of a script that is written from the right."""
        return self.from_right > 0

    @property
    def from_right(self) -> int:
        """How many more of its letters are written from the right than from the left; digits and signs are neither."""
        return sum(1 if _is_from_right(each.text) else -each.text.isalpha() for each in self.letters)


def _spaced(fragment: _Fragment) -> list[bool]:
    """For each letter of a fragment whether a space stands before it.

    Where the file has spaces, they are these. Else a gap is one that is wider than what parts the letters of a word: of
    letters set apart for looks, than most of their gaps.
    """
    letters = fragment.letters
    spaces = [each.space for each in letters]
    spaces[0] = 0
    if 3 in spaces:
        spaces = [
            0,
            *(0 if each.space == 3 and _touch(before, each) else each.space for before, each in pairwise(letters)),
        ]
    count = len(letters)
    written = spaces.count(2)
    if count < _FEWEST_SPREAD - 1 or (
        3 * written < count <= _LONGEST_UNSPACED * (written + 1) and written and 1 not in spaces
    ):
        return [space > 0 for space in spaces]
    size = max(fragment.size, 1e-3)
    gaps = [(b.x - a.right) / size for a, b in pairwise(letters)]
    if any(gap < -_BACKWARDS for gap in gaps):  # it goes from the right, or up and down
        return [space > 0 for space in spaces]
    ordered = sorted(gaps)
    usual = ordered[len(gaps) // 2] if gaps else 0.0
    if count >= _FEWEST_SPREAD and ordered[len(gaps) // 5] >= _SPREAD and usual <= _WIDEST_SPREAD:
        found = [False, *(gap > 1.6 * usual + 0.05 for gap in gaps)]
        if any(found) or not written or "".join(each.text for each in letters).lower() in english():
            return found
        return [space > 0 for space in spaces]
    if written:
        return [space > 0 for space in spaces]
    usual = max(usual, 0.0)
    is_unspaced = count > _LONGEST_UNSPACED and not any(spaces)
    least = usual + (_NARROWEST_SPACE if is_unspaced else fragment.least)
    return [False, *(space > 0 or gap > least for space, gap in zip(spaces[1:], gaps, strict=True))]


def _touch(letter: _Letter, behind: _Letter) -> bool:
    """Whether no room is between two letters of a line. Where most of a page is turned, PDFium ends a line behind each
    letter of what is level."""
    is_level = abs(behind.y - letter.y) < _SAME_BASELINE * behind.size
    return is_level and abs(behind.x - letter.right) < _NARROWEST_SPACE * behind.size


def page_text(
    page: pdfium.FPDF_PAGE,
    textpage: pdfium.FPDF_TEXTPAGE,
    number: int,
    *,
    placed: Iterable[tuple[str, float, float, float, float]] = (),
) -> PageText:
    """The text of the page with this number, counted from 0. `placed` are texts that belong there besides, as what was
    filled into a form, each with the edges of its place: left, bottom, right and top, upwards from the page's origin.
    """
    count = min(max(pdfium.FPDFText_CountChars(textpage), 0), MOST_LETTERS)
    letters, others, unknown, (top, height), read = _letters(page, textpage, count)
    lost, pictures = _unread(page, textpage, read)
    spaces = sum([letter.space == 2 for letter in letters])
    least = _NARROWEST_SPACE if spaces < _FEW_SPACES * len(letters) else _SURE_SPACE
    letters, downwards = _parted(letters, page)
    fragments = _fragments(_once(letters), least)
    for text, left, bottom, right, upper in placed:
        size = max(min(upper - bottom, 12.0) / 1.2, 1.0)
        y = top - (bottom + upper) / 2 + 0.35 * size
        shown = [each for each in text.split() if each]
        width = (right - left) / max(sum(map(len, shown)), 1)
        row: list[_Letter] = []
        for word in shown:
            for place, letter in enumerate(word):
                x = left + len(row) * width
                row.append(_Letter(letter, x, x + width, y, size, False, 2 if row and not place else 0))
        if row:
            fragments.append(_Fragment(row, left, right, y, size, _SURE_SPACE))
    lines = list(_lines(fragments, number))
    if downwards:
        lines += _behind(lines, _lines(_fragments(_once(downwards), least), number))
    turned: list[Line] = []
    for turned_alike in others:
        turned += _behind([*lines, *turned], _lines(_fragments(_once(turned_alike), least), number))
    return PageText(
        lines=tuple(lines),
        height=height,
        letters=len(letters) + len(downwards),
        turned=tuple(turned),
        unknown=unknown,
        lost=lost,
        pictures=pictures,
    )


def lines_of_last(
    page: pdfium.FPDF_PAGE, textpage: pdfium.FPDF_TEXTPAGE, number: int, *, first: int
) -> tuple[Line, ...]:
    """The lines of text in the objects of a page from that number on, whichever way they are turned."""
    waiting = [
        pdfium.FPDFPage_GetObject(page, index)
        for index in range(first, min(pdfium.FPDFPage_CountObjects(page), first + _MOST_OBJECTS))
    ]
    texts: set[int] = set()
    while waiting and len(texts) < _MOST_OBJECTS:
        found = waiting.pop()
        kind = pdfium.FPDFPageObj_GetType(found)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            texts.add(ctypes.addressof(found.contents))
        elif kind == pdfium.FPDF_PAGEOBJ_FORM:
            inside = min(max(pdfium.FPDFFormObj_CountObjects(found), 0), _MOST_OBJECTS)
            waiting += [pdfium.FPDFFormObj_GetObject(found, index) for index in range(inside)]
    count = min(max(pdfium.FPDFText_CountChars(textpage), 0), MOST_LETTERS)
    upright, others, *_ = _letters(page, textpage, count, texts)
    lines: list[Line] = []
    for letters in (upright, *others):
        lines += _behind(lines, _lines(_fragments(_once(letters), _SURE_SPACE), number))
    return tuple(lines)


def _behind(lines: Sequence[Line], others: Iterable[Line]) -> list[Line]:
    """Other lines of a page as columns of their own, numbered behind those that there are."""
    first = max((line.column for line in lines), default=-1) + 1
    return [replace(line, column=first + line.column) for line in others]


def _unread(page: pdfium.FPDF_PAGE, textpage: pdfium.FPDF_TEXTPAGE, read: Set[int]) -> tuple[int, int]:
    """How many pieces of text of a page are not among those that were read and say nothing, and how many pictures it
    has."""
    count = pdfium.FPDFPage_CountObjects(page)
    if count <= len(read):
        return 0, 0
    lost = pictures = 0
    for index in range(min(count, _MOST_OBJECTS)):
        found = pdfium.FPDFPage_GetObject(page, index)
        kind = pdfium.FPDFPageObj_GetType(found)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            pictures += 1
        elif kind == pdfium.FPDF_PAGEOBJ_TEXT and ctypes.addressof(found.contents) not in read:
            lost += pdfium.FPDFTextObj_GetText(found, textpage, None, 0) <= _EMPTY and _is_lost(found)
    return lost, pictures


def _is_lost(piece: pdfium.FPDF_PAGEOBJECT) -> bool:
    """Whether a piece of text has letters that take no room, as those have that no font is there for. A space takes
    none either, so that it must be long; what takes room stands there a second time."""
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    size, matrix = ctypes.c_float(), pdfium.FS_MATRIX()
    if not (
        pdfium.FPDFPageObj_GetBounds(piece, left, bottom, right, top)
        and pdfium.FPDFTextObj_GetFontSize(piece, size)
        and pdfium.FPDFPageObj_GetMatrix(piece, matrix)
    ):
        return False
    wide, high = right.value - left.value, top.value - bottom.value
    return min(wide, high) < _STRAIGHT and max(wide, high) > _LONGEST_LOST * size.value * math.hypot(matrix.c, matrix.d)


_HANDLE, _INT = ctypes.c_void_p, ctypes.c_int


@cache
def _quick() -> tuple[Callable[[int | None, int], int | None], Callable[[int | None, int, int], int]]:
    """Two of PDFium's functions, called with plain numbers, which is quicker: they are asked of each letter."""
    object_at = ctypes.CFUNCTYPE(_HANDLE, _HANDLE, _INT)(_address(pdfium.FPDFText_GetTextObject))
    box_of = ctypes.CFUNCTYPE(_INT, _HANDLE, _INT, _HANDLE)(_address(pdfium.FPDFText_GetLooseCharBox))
    return object_at, box_of


def _address(handle: Any) -> int:
    return ctypes.cast(handle, ctypes.c_void_p).value or 0


def _codes(textpage: pdfium.FPDF_TEXTPAGE, count: int) -> Sequence[int]:
    """The code points of a page's letters: all at once where PDFium gives as many as there are letters."""
    units = (ctypes.c_ushort * (count + 1))()
    written = pdfium.FPDFText_GetText(textpage, 0, count, units)
    codes = units[:count]
    if written == count + 1 and all(
        pdfium.FPDFText_GetUnicode(textpage, index) == codes[index] for index in range(0, count, _CHECKED)
    ):
        return codes
    return [pdfium.FPDFText_GetUnicode(textpage, index) for index in range(count)]


def _letters(
    page: pdfium.FPDF_PAGE, textpage: pdfium.FPDF_TEXTPAGE, count: int, only: Set[int] | None = None
) -> tuple[list[_Letter], list[list[_Letter]], int, tuple[float, float], Set[int]]:
    """The letters of a page upright, those turned otherwise by how they are turned, how many are unknown, the page's
    top and height, and the addresses of the pieces of text that these are in; `only` of such pieces, if given."""
    object_at, box_of = _quick()
    handle = _address(textpage)
    # Of each text object: the size, quarter turns, whether it is bold, and its baseline, downwards from the top.
    styles: dict[int, tuple[float, float, bool, float | None]] = {}
    x, y, box, matrix = ctypes.c_double(), ctypes.c_double(), pdfium.FS_RECTF(), pdfium.FS_MATRIX()
    box_address = ctypes.addressof(box)
    found: dict[float, list[_Letter]] = {}
    extents: dict[float, tuple[float, float]] = {}
    space, high, unknown, unnamed, is_named = 0, 0, 0, 0, True
    codes = _codes(textpage, count)
    for index, given in enumerate(codes):
        code = given
        if 0xD800 <= code < 0xE000:
            if code < 0xDC00:
                high = code
                continue
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00) if high else code
        high = 0
        text = _LIGATURES.get(code) or chr(code)
        if 0 < code < 0x20 and text not in " -\n\r" and pdfium.FPDFText_IsGenerated(textpage, index) != 1:
            if _is_drawn(textpage, index):
                text, is_named, unknown = _UNNAMED, False, unknown + 1
            else:
                space, unnamed = max(space, 2), unnamed + 1
                continue
        if text.isspace():
            is_generated = pdfium.FPDFText_IsGenerated(textpage, index) == 1
            space = max(space, 3 if code in (10, 13) else 1 if is_generated else 2)
            continue
        if code < 0x20 and text != _UNNAMED and pdfium.FPDFText_IsGenerated(textpage, index) == 1:
            continue
        if 0xFB1D <= code <= 0xFDFF or 0xFE70 <= code <= 0xFEFC:
            text = unicodedata.normalize("NFKC", text)
            text = text.replace(" ", "") or text  # a mark alone stands on a space there
        text_object = object_at(handle, index) or 0
        style = styles.get(text_object)
        box_of(handle, index, box_address)
        if style is None:
            if only is not None and text_object not in only:
                space = 3
                continue
            pdfium.FPDFText_GetMatrix(textpage, index, matrix)
            size = pdfium.FPDFText_GetFontSize(textpage, index) * math.hypot(matrix.c, matrix.d)
            angle = math.atan2(matrix.b, matrix.a) / (math.pi / 2)
            askew = abs(angle - round(angle))
            turns = round(angle) % 4 if askew < _OBLIQUE else round(angle % 4, 2)
            if turns not in extents:
                extents[turns] = _extent(page, round(angle) % 4)
            is_straight = askew < _STRAIGHT
            is_level = is_straight and text < _FIRST_ASIAN  # which may go down
            baseline = _baseline(textpage, index, turns, extents[turns][0], x, y) if is_level else None
            size = size if 0 < size < 10_000 else 1.0
            style = styles[text_object] = (size, turns, _is_bold(textpage, index), baseline)
        size, turns, bold, baseline = style
        if turns == 0:
            left, right = box.left, box.right
        elif turns == 1:
            left, right = box.bottom, box.top
        elif turns == 2:
            left, right = -box.right, -box.left
        elif turns == 3:
            left, right = -box.top, -box.bottom
        else:
            pdfium.FPDFText_GetCharOrigin(textpage, index, x, y)
            left, right, baseline = _turned_back(x.value, y.value, box, turns, size)
        place = _baseline(textpage, index, turns, extents[turns][0], x, y) if baseline is None else baseline
        if text == "\ufffd" or 0xE000 <= code < 0xF900:
            unknown += 1
        if -_FARTHEST < left < _FARTHEST and -_FARTHEST < right < _FARTHEST and -_FARTHEST < place < _FARTHEST:
            try:
                found[turns].append(_Letter(text, left, right, place, size, bold, space))
            except KeyError:
                found[turns] = [_Letter(text, left, right, place, size, bold, space)]
        space = 0
    if unnamed > codes.count(0x20):  # so the file gives the numbers of its letters as what they are
        unknown = count
    if not is_named:
        found = {turns: marked for turns, letters in found.items() if (marked := _marked_in_words(letters))}
    most = max(found, key=lambda turns: len(found[turns]), default=0)
    if any(_is_from_right(chr(code)) for code in set(codes)):
        found = {turns: _mended_from_right(letters) for turns, letters in found.items()}
    upright = found.pop(most, [])
    return upright, list(found.values()), unknown, extents.get(most) or _extent(page, 0), styles.keys()


def _marked_in_words(letters: list[_Letter]) -> list[_Letter]:
    """The letters with a mark for each that the file does not name and that stands within a word, and without others,
    as the parts of large brackets are."""
    kept: list[_Letter] = []
    for place, letter in enumerate(letters):
        if letter.text == _UNNAMED:
            behind = letters[place + 1] if place + 1 < len(letters) else None
            before = kept[-1] if kept else None
            if before is None or behind is None or letter.space or behind.space:
                is_within = False
            else:
                is_within = all(
                    each.text.isalpha()
                    and each.size == letter.size
                    and abs(each.y - letter.y) < _SAME_BASELINE * each.size
                    for each in (before, behind)
                )
            if not is_within:
                if behind is not None:
                    behind.space = max(behind.space, letter.space)
                continue
            letter.text = "\ufffd"
        kept.append(letter)
    return kept


def _is_drawn(textpage: pdfium.FPDF_TEXTPAGE, index: int) -> bool:
    """Whether there is ink in a letter, as in none that is a space."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    pdfium.FPDFText_GetCharBox(textpage, index, left, right, bottom, top)
    return top.value - bottom.value > _NO_INK and right.value - left.value > _NO_INK


def _turned_back(x: float, y: float, box: pdfium.FS_RECTF, turns: float, size: float) -> tuple[float, float, float]:
    """Where a letter of a line across the page begins and ends, and how far down its line is, with the page turned so
    that the line is level.

    The box around a letter as wide as w and as high as its type is wide by w cos + size sin, and high by w sin + size
    cos, so that both together give w.
    """
    across, up = math.cos(turns * math.pi / 2), math.sin(turns * math.pi / 2)
    around = box.right - box.left + box.top - box.bottom
    left = x * across + y * up
    return left, left + max(around / (abs(across) + abs(up)) - size, 0.0), x * up - y * across


def _parted(letters: list[_Letter], page: pdfium.FPDF_PAGE) -> tuple[list[_Letter], list[_Letter]]:
    """The letters of a page that stand in lines, and those of one that is written downwards, in columns from the right,
    turned as if it were written in lines from the top."""
    asian = [each.text >= _FIRST_ASIAN for each in letters]
    if 2 * sum(asian) < len(letters) or not letters:
        return letters, []
    goes_on = [False] * (len(letters) + 1)  # whether a letter stands right below the one before
    goes_right = list(goes_on)
    for place, (above, below) in enumerate(pairwise(letters), start=1):
        size = max(above.size, below.size)
        across = abs(above.x + above.right - below.x - below.right) / 2
        goes_on[place] = across < 0.3 * size and 0.5 * size <= below.y - above.y <= _NEXT_DOWN * size
        goes_right[place] = abs(above.y - below.y) < 0.3 * size and across >= 0.3 * size
    count = sum(asian[n] and (goes_on[n] or goes_on[n + 1]) for n in range(len(letters)))
    if 2 * count < len(letters):
        return letters, []
    box = pdfium.FS_RECTF()
    edge = box.right if pdfium.FPDF_GetPageBoundingBox(page, box) else 0.0
    lines: list[_Letter] = []
    columns: list[_Letter] = []
    for number, letter in enumerate(letters):
        is_down = goes_on[number] or goes_on[number + 1]
        if is_down or (asian[number] and not goes_right[number] and not goes_right[number + 1]):
            middle = (letter.x + letter.right) / 2
            space = 2 if letter.space == 2 else 0
            columns.append(replace(letter, x=letter.y - letter.size, right=letter.y, y=edge - middle, space=space))
        else:
            lines.append(letter)
    return lines, columns


def _mended_from_right(letters: list[_Letter]) -> list[_Letter]:
    """Letters that are written from the right, with those of one glyph in the order in which they are read.

    PDFium turns round what a page shows from the left, and with it the letters of a ligature (lam and alef) and of the
    text that a file gives for a word. Those of one glyph have one place. A mark above a letter stands behind it.
    """
    found: list[_Letter] = []
    glyph: list[_Letter] = []

    def end_glyph() -> None:
        is_turned = len(glyph) > 2 or (len(glyph) == 2 and glyph[0].text in _ALEF and glyph[1].text == _LAM)
        if is_turned and all(_is_from_right(each.text) for each in glyph):
            glyph[0].space, glyph[-1].space = glyph[-1].space, glyph[0].space
            glyph.reverse()
        found.extend(glyph)
        glyph.clear()

    for letter in letters:
        last = glyph[-1] if glyph else None
        if last is not None and (last.x, last.right, last.y) != (letter.x, letter.right, letter.y):
            end_glyph()
        glyph.append(letter)
    end_glyph()
    for place in range(1, len(found)):
        mark, base = found[place - 1], found[place]
        middle = (mark.x + mark.right) / 2
        if unicodedata.combining(mark.text[-1]) and not unicodedata.combining(base.text[-1]):
            before = found[place - 2] if place > 1 else None
            is_on_last = before is not None and before.y == mark.y and before.x <= middle <= before.right
            if not is_on_last and base.x <= middle <= base.right and base.y == mark.y:
                mark.space, base.space = base.space and 0, max(mark.space, base.space) if before is None else base.space
                found[place - 1 : place + 1] = [base, mark]
    return found


def _baseline(
    textpage: pdfium.FPDF_TEXTPAGE, index: int, turns: float, top: float, x: ctypes.c_double, y: ctypes.c_double
) -> float:
    """How far below the page's top, turned upright by whole quarters, a letter stands."""
    pdfium.FPDFText_GetCharOrigin(textpage, index, x, y)
    return top - (y.value, -x.value, -y.value, x.value)[int(turns)]


def _once(letters: list[_Letter]) -> list[_Letter]:
    """The letters without those that stand a second time in nearly the same place, which makes the first ones bold."""
    places: dict[tuple[str, int], list[_Letter]] = {}
    kept: list[_Letter] = []
    glyph = 0  # where in what is kept the letters begin that stand in the place of the last one, as of a ligature
    for letter in letters:
        width = letter.right - letter.x
        if kept and (kept[-1].x, kept[-1].right) != (letter.x, letter.right):
            glyph = len(kept)
        row = round(letter.y / _ROW)
        near = places.get((letter.text, row))
        if near:
            close = _SAME_LETTER * width
            twin = next(
                (
                    each
                    for each in near[-_MOST_TWINS:]
                    if -close < each.x - letter.x < close
                    and abs(each.y - letter.y) < 0.12 * letter.size
                    and abs(each.right - each.x - width) < 0.1 * width
                    and not (each.x == letter.x and any(each is its for its in kept[glyph:]))
                ),
                None,
            )
            if twin is not None:
                twin.is_bold = True
                continue
            near.append(letter)
        else:
            places[letter.text, row] = [letter]
        kept.append(letter)
    return kept


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


def _is_from_right(letter: str) -> bool:
    return "\u0590" <= letter < "\u0900" or "\ufb1d" <= letter < "\ufe00" or "\ufe70" <= letter < "\uff00"


def _fragments(letters: Sequence[_Letter], least: float) -> list[_Fragment]:
    """The letters put together for as long as they go on in one line: on a baseline, and not too far apart."""
    found: list[_Fragment] = []
    now: _Fragment | None = None
    last: _Letter | None = None
    from_right = False  # whether the fragment has letters that are written from the right
    for letter in letters:
        its_size = letter.size
        turns_round = letter.text >= "\u0590" and _is_from_right(letter.text)
        if now is not None and last is not None:
            size = its_size if its_size > now.size else now.size
            if abs(letter.y - now.y) <= _SAME_LINE * size:
                gap = letter.x - last.right
                if turns_round or from_right:
                    room = (
                        _FARTHEST_TURN if turns_round and not from_right and letter.space != 3 else _WIDE_GAP
                    ) * size
                    goes_on = letter.right >= now.x - room and letter.x <= now.right + room
                else:
                    goes_on = -_BACKWARDS * size <= gap <= _WIDE_GAP * size or letter.x == last.x  # as in a ligature
                if goes_on:
                    if gap >= _CELL_GAP * size:
                        now.gaps.append(len(now.letters))
                    if its_size > 1.1 * now.size:
                        now.y, now.size = letter.y, its_size
                    if letter.x < now.x:
                        now.x = letter.x
                    if letter.right > now.right:
                        now.right = letter.right
                    now.letters.append(letter)
                    last = letter
                    from_right = from_right or turns_round
                    continue
        now = _Fragment([letter], letter.x, letter.right, letter.y, its_size, least)
        found.append(now)
        last, from_right = letter, turns_round
    return found


def _lines(fragments: Sequence[_Fragment], page: int) -> Iterator[Line]:
    """The lines of all columns, the columns one after the other."""
    few = len(fragments) <= _MOST_FRAGMENTS
    regions = [
        (number, _with_cells_apart(list(_rows(region))))
        for number, region in (_regions(fragments) if few else [(0, fragments)])
    ]
    alike: dict[int | None, list[list[_Fragment]]] = {}
    for number, rows in regions:
        alike.setdefault(number, []).extend(rows)
    edges = {number: _edges(rows) for number, rows in alike.items()}
    for place, (number, rows) in enumerate(regions):
        left, margin = edges[number]
        for row in rows:
            texts = [(text, each) for each in row if (text := each.text)]
            if not texts:
                continue
            cells = tuple(text for text, _ in texts)
            largest = max(row, key=lambda each: each.size)
            letters = [letter for _, each in texts for letter in each.letters]
            bold = sum([letter.is_bold for letter in letters])
            leading = next((n for n, letter in enumerate(letters) if not letter.is_bold), 0) if bold else 0
            yield Line(
                text=" ".join(cells),
                cells=cells,
                page=page,
                column=place,
                x=min(each.x for each in row),
                right=max(each.right for each in row),
                y=largest.y,
                size=_usual_size(letters),
                is_bold=bold >= _ALL_BOLD * len(letters),
                left=left,
                margin=margin,
                edges=tuple((each.x, each.right) for _, each in texts),
                bold=sum(len(letter.text) for letter in letters[:leading]),
                lead=letters[leading].x,
            )


def _usual_size(letters: Sequence[_Letter]) -> float:
    """The size of most letters, to half a point."""
    sizes = {letter.size for letter in letters}
    if len(sizes) == 1:
        return round(2 * sizes.pop()) / 2
    return Counter(round(2 * each.size) / 2 for each in letters).most_common(1)[0][0]


def _rows(region: Sequence[_Fragment]) -> Iterator[list[_Fragment]]:
    """The fragments of a region by lines from the top, each from the left."""
    row: list[_Fragment] = []
    for each in sorted(region, key=lambda each: each.y):
        if row and each.y - row[0].y > 0.5 * max(row[0].size, each.size):
            yield _in_order(row)
            row = []
        row.append(each)
    if row:
        yield _in_order(row)


def _with_cells_apart(rows: list[list[_Fragment]]) -> list[list[_Fragment]]:
    """The lines of a region, with fragments divided where there is room as between two cells, and the lines around have
    a cell whose left or right edge, or middle, is that of the one behind. The room in justified text is elsewhere in
    each line."""
    if not any(each.gaps for row in rows for each in row):
        return rows
    parts = [[part for each in row for part in _divided(each)] for row in rows]
    edges = [[(part[0].x, part[-1].right) for part in row[1:]] for row in parts]
    found: list[list[_Fragment]] = []
    for number, row in enumerate(rows):
        room = _NEXT_ROW * row[0].size
        near = {
            place: edges[number + place]
            for place in (-2, -1, 1, 2)
            if 0 <= number + place < len(rows) and abs(rows[number + place][0].y - row[0].y) <= abs(place) * room
        }
        found.append([divided for each in row for divided in _as_cells(each, near)])
    return found


def _divided(fragment: _Fragment) -> list[list[_Letter]]:
    """The letters of a fragment between its gaps."""
    places = [0, *fragment.gaps, len(fragment.letters)]
    return [fragment.letters[a:b] for a, b in pairwise(places) if a < b]


def _as_cells(fragment: _Fragment, near: Mapping[int, Sequence[tuple[float, float]]]) -> Iterator[_Fragment]:
    """A fragment divided at those of its gaps behind which a cell begins as in two of the lines `near`, given by how
    far below they are; unless these are fewer than its other gaps."""
    if not fragment.gaps or len(near) < 2 or fragment.is_from_right:
        yield fragment
        return
    first, *others = _divided(fragment)
    is_cell = [_is_column(part[0].x, part[-1].right, near) for part in others]
    if _LABELS.fullmatch("".join(each.text for each in first)):
        is_cell[0] = False
    if 2 * sum(is_cell) < len(is_cell) or not any(is_cell):
        yield fragment
        return
    now = first
    for part, begins in zip(others, is_cell, strict=True):
        if begins:
            yield _part(fragment, now)
            now = part
        else:
            now = now + part
    yield _part(fragment, now)


def _is_column(left: float, right: float, near: Mapping[int, Sequence[tuple[float, float]]]) -> bool:
    """Whether two of the lines next to one have a cell with the left edge, the right one or the middle of this one."""
    for first, second in ((-1, 1), (-1, -2), (1, 2)):
        if first not in near or second not in near:
            continue
        for place in (lambda x, _: x, lambda _, end: end, lambda x, end: (x + end) / 2):
            wanted = place(left, right)
            if all(any(abs(place(*edge) - wanted) <= _SAME_EDGE for edge in near[n]) for n in (first, second)):
                return True
    return False


def _part(fragment: _Fragment, letters: list[_Letter]) -> _Fragment:
    right = max([each.right for each in letters])
    return _Fragment(letters, letters[0].x, right, fragment.y, fragment.size, fragment.least)


def _in_order(row: list[_Fragment]) -> list[_Fragment]:
    """The fragments of a line as they are read: from the left, or from the right where most of them are so."""
    if len(row) > 1 and sum(each.from_right for each in row) > 0:
        return sorted(row, key=lambda each: -each.right)
    return sorted(row, key=lambda each: each.x)


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
