"""XLSX, Excel's own format, to a Document: each sheet a section, and each row what it says under the heads of its
columns, `Drug: Zeltorin; Dose: 40 mg`.

Numbers and dates are written as their format shows them; a date whose order depends on the country is `2024-05-06`.
What formulas gave when the file was saved is read, and merged cells stand in each of theirs. Hidden columns are read,
and so are hidden sheets and rows, which is told. Comments, charts and pictures are left out, and counted.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from lxml import etree

from qa.model import Document
from qa.readers.formats.archives import Archive, local_name, office_archive
from qa.readers.formats.docx import about_office
from qa.readers.formats.number_formats import BUILT_IN, shown_as
from qa.readers.formats.pptx import parts_related
from qa.readers.formats.writing import PlainText, SourceFile, without_invisible

__all__ = ["read_xlsx"]

_MAIN = "xl/workbook.xml"
_MOST_SHEETS = 1000
_MOST_COLUMNS, _MOST_ROWS = 30, 1000  # of the cells that one merged cell stands in
_LONGEST_REPEATED = 300  # characters of such a cell
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_LONGEST_HEAD = 80  # characters of the head of a column
_FEWEST_HEADS = 2


class _Cell(NamedTuple):
    """What a cell shows, and whether that is text and no number, date or the like."""

    text: str
    is_text: bool


class _Row(NamedTuple):
    """The number of a row, and its cells by their columns from 0, of those that show something."""

    number: int
    cells: Mapping[int, _Cell]


def read_xlsx(file: SourceFile) -> list[Document]:
    """The document that a workbook is. Its title is the file's own, else its name.

    Raises:
        LockedSourceError: where a password is needed.
        DamagedSourceError: for what is no such file, or a broken one.
    """
    archive = office_archive(file, kind="XLSX", program="Excel")
    if _MAIN not in archive:
        raise archive.damaged("it has no sheets")
    about = about_office(archive)
    book = _Book(archive)
    text = PlainText(about.title or "")
    hidden_sheets = hidden_rows = 0
    for name, part, is_hidden in book.sheets():
        root = archive.xml(part)
        hidden_sheets += is_hidden
        hidden_rows += sum(1 for each in root.iter("{*}row") if each.get("hidden") in {"1", "true"})
        text.write_heading(1, name)
        for block in _blocks(book.rows(root)):
            _write(block, text)
        comments = [  # those in threads are there as plain ones a second time
            sum(1 for each in parts_related(archive, part, kind) for _ in archive.xml(each).iter(name))
            for kind, name in (("/comments", "{*}comment"), ("/threadedComment", "{*}threadedComment"))
        ]
        file.leave_out(max(comments), "comment")
        for drawing in parts_related(archive, part, "/drawing"):
            found = archive.xml(drawing)
            file.leave_out(sum(1 for _ in found.iter("{*}pic", "{*}graphicFrame")), "picture", is_told=False)
    file.leave_out(book.struck, "word, struck out")
    file.leave_out(book.not_computed, "formula, which no program has computed")
    if hidden_sheets:
        file.note(
            f"{hidden_sheets:,} {'sheet is' if hidden_sheets == 1 else 'sheets are'} hidden, and read all the same."
        )
    if hidden_rows:
        file.note(f"{hidden_rows:,} {'row is' if hidden_rows == 1 else 'rows are'} hidden, and read all the same.")
    text.end_section()
    return [text.document(file, replace(about, title=about.title or file.name))]


class _Book:
    """The parts of a workbook that its sheets share."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._root = archive.xml(_MAIN)
        self.struck = 0  # words
        self.not_computed = 0  # formulas, of which the file does not say what they give
        [*shared] = parts_related(archive, _MAIN, "/sharedStrings")
        strings = archive.xml(shared[0]).iterchildren("{*}si") if shared else ()
        self._strings = [self._string(each) for each in strings]
        [*styles] = parts_related(archive, _MAIN, "/styles")
        self._formats, self._are_struck = _styles(archive.xml(styles[0])) if styles else ([], [])
        properties = self._root.find("{*}workbookPr")
        self._from_1904 = properties is not None and properties.get("date1904") in {"1", "true"}

    def sheets(self) -> Iterator[tuple[str, str, bool]]:
        """The name of each sheet, the name of its part, and whether it is hidden, in their order."""
        targets = dict(_targets(self._archive))
        for sheet in [*self._root.iter("{*}sheet")][:_MOST_SHEETS]:
            related = next((str(value) for key, value in sheet.attrib.items() if str(key).endswith("}id")), "")
            part = targets.get(related, "")
            if part in self._archive and "/worksheets/" in f"/{part}":
                name = " ".join(without_invisible(sheet.get("name") or "").split())
                yield name, part, sheet.get("state") in {"hidden", "veryHidden"}

    def rows(self, root: etree._Element) -> Iterator[_Row]:
        """The rows of a sheet that show something, with what is merged in each of its cells."""
        merged: dict[int, list[tuple[int, int, int]]] = {}  # by their first row: the columns, and the last row
        for each in root.iter("{*}mergeCell"):
            first, _, last = (each.get("ref") or "").partition(":")
            a, b = _place(first), _place(last)
            if a and b and b[0] - a[0] < _MOST_COLUMNS and b[1] - a[1] < _MOST_ROWS:
                merged.setdefault(a[1], []).append((a[0], b[0], b[1]))
        spanned: list[tuple[int, int, int, _Cell]] = []  # columns, the last row, and the cell that stands in all
        reached = 0
        for row in root.iter("{*}row"):
            number = int(given) if (given := row.get("r") or "").isdecimal() and len(given) < 8 else reached + 1
            reached = number
            cells = self._cells(row)
            spanned = [each for each in spanned if each[2] >= number]
            for first_column, last_column, last_row in merged.get(number, ()):
                if (cell := cells.get(first_column)) and len(cell.text) <= _LONGEST_REPEATED:
                    spanned.append((first_column, last_column, last_row, cell))
            has_own = bool(cells)
            for first_column, last_column, _, cell in spanned if has_own else ():
                for column in range(first_column, last_column + 1):
                    cells.setdefault(column, cell)
            if has_own:
                yield _Row(number, dict(sorted(cells.items())))

    def _cells(self, row: etree._Element) -> dict[int, _Cell]:
        found: dict[int, _Cell] = {}
        reached = -1
        for cell in row.iterchildren("{*}c"):
            place = _place(cell.get("r") or "")
            reached = place[0] if place else reached + 1
            shown = self._shown(cell)
            text = " ".join(without_invisible(shown.text).split())
            if not text:
                self.not_computed += cell.find("{*}f") is not None and not cell.findtext("{*}v")
                continue
            style = _whole(cell.get("s"))
            if style < len(self._are_struck) and self._are_struck[style]:
                self.struck += len(text.split())
                continue
            found[reached] = shown._replace(text=text)
        return found

    def _shown(self, cell: etree._Element) -> _Cell:
        """What a cell shows."""
        kind = cell.get("t") or "n"
        if kind == "inlineStr":
            inside = cell.find("{*}is")
            return _Cell(self._string(inside) if inside is not None else "", is_text=True)
        value = cell.find("{*}v")
        text = (value.text or "") if value is not None else ""
        if kind == "s":
            place = _whole(text, default=-1)
            return _Cell(self._strings[place] if 0 <= place < len(self._strings) else "", is_text=True)
        if kind == "b":
            return _Cell({"1": "TRUE", "0": "FALSE"}.get(text, text), is_text=False)
        if kind in {"str", "e", "d"}:
            return _Cell(text, is_text=kind == "str")
        style = _whole(cell.get("s"))
        form = self._formats[style] if style < len(self._formats) else "General"
        return _Cell(shown_as(text, form, from_1904=self._from_1904), is_text=False)

    def _string(self, item: etree._Element) -> str:
        """A text of several runs; what is struck out is none of it, nor how it is read aloud."""
        pieces: list[str] = []
        for each in item:
            name = local_name(each)
            if name == "t":
                pieces.append(each.text or "")
            elif name == "r":
                said = "".join(part.text or "" for part in each.iterchildren("{*}t"))
                strike = each.find("{*}rPr/{*}strike")
                if strike is not None and strike.get("val") not in {"0", "false"}:
                    self.struck += len(said.split())
                else:
                    pieces.append(said)
        return "".join(pieces)


def _blocks(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    """The rows of a sheet that follow one another without an empty one between."""
    now: list[_Row] = []
    for row in rows:
        if now and row.number > now[-1].number + 1:
            yield now
            now = []
        now.append(row)
    if now:
        yield now


def _write(rows: Sequence[_Row], text: PlainText) -> None:
    """Write rows: lines above a table as paragraphs, and a table whose first row names its columns row by row, each
    with these names; any other table as it is."""
    first = 0
    while first < len(rows) and _is_line(rows[first]):
        text.write_block("paragraph", next(iter(rows[first].cells.values())).text)
        first += 1
    table = rows[first:]
    if not table:
        return
    heads, count = _heads(table), 1
    if not heads and len(table) > _FEWEST_HEADS and (both := _both_heads(table[0], table[1])):
        heads, count = _heads([both, *table[2:]]), 2
    if not heads:
        columns = sorted({column for row in table for column in row.cells})
        text.write_table(
            [
                f"| {' | '.join(row.cells[column].text if column in row.cells else '' for column in columns)} |"
                for row in table
            ]
        )
        return
    lines = []
    for row in table[count:]:
        parts = [
            f"{heads[column]}: {cell.text}" if column in heads else cell.text for column, cell in row.cells.items()
        ]
        lines.append(f"- {'; '.join(parts)}")
    text.write_block("list", "\n".join(lines))


def _is_line(row: _Row) -> bool:
    """Whether a row is a line of text over a table: one cell, or one that is merged over several columns."""
    return len(set(row.cells.values())) == 1 and next(iter(row.cells.values())).is_text


def _both_heads(first: _Row, second: _Row) -> _Row | None:
    """The row of names that two make of which the first has names for several columns of the second, merged over them;
    None where they are no such two."""
    if first.cells.keys() != second.cells.keys() or not all(cell.is_text for cell in second.cells.values()):
        return None
    if len({cell.text for cell in first.cells.values()}) == len(first.cells):
        return None
    names = {
        column: cell if cell.text == second.cells[column].text else cell._replace(text=f"{cell.text} {below.text}")
        for column, cell in first.cells.items()
        if (below := second.cells[column])
    }
    return _Row(second.number, names)


def _heads(table: Sequence[_Row]) -> dict[int, str]:
    """The names of the columns; none where the first row names none, or what is below is not under them."""
    first = table[0].cells
    names = [cell.text for cell in first.values()]
    if len(table) < 2 or len(names) < _FEWEST_HEADS or not all(cell.is_text for cell in first.values()):
        return {}
    if len(set(names)) < len(names) or any(len(name) > _LONGEST_HEAD for name in names):
        return {}
    below = {column for row in table[1:] for column in row.cells}
    return {column: cell.text.rstrip(":") for column, cell in first.items()} if below & first.keys() else {}


def _styles(root: etree._Element) -> tuple[list[str], list[bool]]:
    """How the numbers of each style are written, and whether it is struck out."""
    own = {each.get("numFmtId") or "": each.get("formatCode") or "" for each in root.iter("{*}numFmt")}
    fonts = root.find("{*}fonts")
    struck = [
        (found := font.find("{*}strike")) is not None and found.get("val") not in {"0", "false"}
        for font in (fonts if fonts is not None else ())
    ]
    formats: list[str] = []
    are_struck: list[bool] = []
    styles = root.find("{*}cellXfs")
    for style in styles if styles is not None else ():
        number = style.get("numFmtId") or "0"
        formats.append(own.get(number) or BUILT_IN.get(_whole(number), "General"))
        font = _whole(style.get("fontId"))
        are_struck.append(font < len(struck) and struck[font])
    return formats, are_struck


def _targets(archive: Archive) -> Iterator[tuple[str, str]]:
    relations = "xl/_rels/workbook.xml.rels"
    for each in archive.xml(relations) if relations in archive else ():
        target = each.get("Target") or ""
        path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
        yield each.get("Id") or "", path


def _place(text: str) -> tuple[int, int] | None:
    """The column, from 0, and the row of a place such as `BC12`."""
    found = _PLACE.fullmatch(text)
    if found is None:
        return None
    column = 0
    for letter in found[1]:
        column = 26 * column + ord(letter) - 64
    return column - 1, int(found[2])


def _whole(text: str | None, default: int = 0) -> int:
    return int(text) if text and text.isdecimal() and text.isascii() and len(text) < 9 else default
