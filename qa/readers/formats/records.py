"""Files of many short documents: JSON lines as BEIR has them (`_id`, `title`, `text`), and tables in CSV or TSV.

A record is a document, with its title and its text as they are. A blank line ends a paragraph. A table without a
column of texts has rows that are read as lines `column: value`, and that is told. What is no record is told, with the
number of its line, and the others are read.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import zip_longest
from typing import Self

from qa.errors import DamagedSourceError
from qa.model import Block, Document, LeftOut, Section
from qa.readers.formats.dates import parse_date
from qa.readers.formats.decoding import decode
from qa.readers.formats.writing import SourceFile, without_invisible
from qa.readers.references.bibliography import find_markers

__all__ = ["read_jsonl", "read_table"]

_ID = ("_id", "id")
_TITLE = ("title",)
_TEXT = ("text",)
_AUTHORS = ("authors", "author")
_DATE = ("updated", "date")
_URL = ("url",)
_PUBLISHER = ("publisher",)

_READ = frozenset({*_ID, *_TITLE, *_TEXT, *_AUTHORS, *_DATE, *_URL, *_PUBLISHER, "metadata"})

_PLAIN = (str, int, float)

_LONGEST_ID = 100  # characters
_DIGEST = 12  # characters
_LONGEST_CELL = 10_000_000  # characters
_MOST_SHOWN = 12  # columns that a message names

_MOST_ABOVE = 12  # rows that may stand above the names of columns, and these
_PARTED_BY = re.compile(r"sep=(?P<sign>[,;\t|])[ ]{0,9}\r?\n", re.IGNORECASE)
_NOT_IN_ID = re.compile(r"[^A-Za-z0-9_-]+")
_PARAGRAPH = re.compile(r"\S[^\n]*(?:\n[^\n]*\S[^\n]*)*")
_ADDRESS = re.compile(r"https?://\S{1,1000}", re.IGNORECASE)
_COLUMNS = "Name its columns in the first row: 'text' and, where there are, 'id', 'title', 'authors', 'date', 'url'."
_NAMES_OF_ROWS = ("title", "name", "subject", "question")
_LONGEST_TITLE = 200  # characters
_FORM_OF_JSONL = 'Each line is an object such as {"_id": "1", "title": "Terns", "text": "Terns dive."}.'


def read_jsonl(file: SourceFile) -> Iterator[Document]:
    """A document for each line that is an object with a `text`; its `_id` (or `id`), `title`, `authors`, `updated` (or
    `date`), `publisher` and `url` are optional, and so are they inside of a `metadata` object.

    Raises:
        NotTextError: for what is no text.
        DamagedSourceError: where no line is such an object.
    """
    found = False
    given = _Given(file)
    for number, line in _lines(decode(file.data, file.path)):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            file.note(f"line {number:,} is left out: it is not JSON.")
            continue
        if not isinstance(record, dict) or not isinstance(record.get("text"), str):
            file.note(f"line {number:,} is left out: it is not an object with a 'text'.")
            continue
        found = True
        metadata = record.get("metadata")
        yield from given.document(metadata | record if isinstance(metadata, dict) else record, f"line {number:,}")
    if not found and file.data.strip():
        raise DamagedSourceError(file.path, kind="JSON lines", reason="no line is a record", hint=_FORM_OF_JSONL)
    given.end()


def read_table(file: SourceFile) -> Iterator[Document]:
    """A document for each row of a table whose first row names its columns: `text`, and, where there are, `_id` or
    `id`, `title`, `authors`, `updated` or `date`, `publisher` and `url`, in any case and order.

    Commas, semicolons, tabs or bars part the columns, whichever of them names a `text`, else whichever names most.
    Where none does, the text of a row is a line `column: value` for each of its cells, and its title, where no column
    is called so, its first cell.

    Raises:
        NotTextError: for what is no text.
        DamagedSourceError: where no column has a name.
    """
    text = decode(file.data, file.path)
    if not text.strip():
        _Given(file).end()
        return
    columns, delimiter, above = _columns(text, file)
    has_texts = "text" in map(str.lower, columns)
    given = _Given(file)
    lines = _Lines(text)
    csv.field_size_limit(_LONGEST_CELL)
    for _ in range(above):
        next(csv.reader(lines, delimiter=delimiter))
    next(csv.reader(lines, delimiter=delimiter))  # the names of its columns
    number = above + 1  # of the row, as a spreadsheet counts it
    while lines.are_left:
        begin = lines.count
        number += 1
        try:
            row = next(csv.reader(lines, delimiter=delimiter), [])
        except csv.Error as error:
            lines.count = begin + 1
            file.note(f"line {lines.count:,} is left out: {error}.")
            continue
        place = f"line {lines.count:,}"
        if lines.count > begin + 1 and not _are_closed(lines.between(begin, lines.count), delimiter):
            lines.count = begin + 1
            file.note(f"line {lines.count:,} is left out: a quotation mark in it is not closed.")
        elif any(cell.strip() for cell in row):
            if has_texts and any(cell.strip() for cell in row[len(columns) :]):
                file.note(
                    f"{place} has {len(row):,} cells, of which {len(columns):,} have a column; the others are left out."
                    f" A cell that holds a {delimiter!r} needs quotation marks."
                )
            named = {name.lower(): cell for name, cell in zip(columns, row, strict=False)}
            where = f"{file.path.name}, row {number:,}"
            if not has_texts:
                named |= _as_lines(columns, row, where)
            elif not _written(named, (*_TITLE, *_ID)):
                named |= {"title": where}
            yield from given.document(named, place, is_whole=not has_texts)
    given.end()


class _Lines:
    """The lines of a table, as many as were counted of them gone by; who reads them may go back."""

    def __init__(self, text: str) -> None:
        self._lines = list(io.StringIO(text, newline=""))
        self.count = 0

    @property
    def are_left(self) -> bool:
        return self.count < len(self._lines)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if self.count == len(self._lines):
            raise StopIteration
        self.count += 1
        return self._lines[self.count - 1]

    def between(self, begin: int, end: int) -> list[str]:
        return self._lines[begin:end]


def _are_closed(lines: Iterable[str], delimiter: str) -> bool:
    """Whether in the lines of a row each quotation mark that opens a cell has one that closes it, at the cell's end."""
    blanks_behind = re.compile(rf'" +(?={re.escape(delimiter)}|[\r\n]|\Z)')
    try:
        deque(csv.reader((blanks_behind.sub('"', line) for line in lines), delimiter=delimiter, strict=True), maxlen=0)
    except csv.Error:
        return False
    return True


class _Given:
    """The records of a file as documents, each under an id of its own."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._ids: set[str] = set()
        self._count = 0

    def end(self) -> None:
        """Say so where there was none."""
        if not self._count:
            self._file.note("it holds no record.")

    def document(self, record: Mapping[str, object], place: str, *, is_whole: bool = False) -> Iterator[Document]:
        """The document of a record, unless it has no text or an id that was there before. Where it `is_whole`, its text
        has all of its fields."""
        self._count += 1
        text = _body(record)
        given = _written(record, _ID)
        its_id = _id(given) or f"{self._file.document_id}-{self._count}"
        if not text.strip():
            self._file.note(f"{place} is left out: its text is empty.")
        elif its_id in self._ids:
            self._file.note(f"{place} is left out: an earlier record has its id, {(given or its_id)[:_LONGEST_ID]!r}.")
        else:
            self._ids.add(its_id)
            found = _document(record, text, document_id=its_id, source=self._file.path.name)
            yield replace(found, left_out=()) if is_whole and found.left_out else found


def _document(record: Mapping[str, object], text: str, *, document_id: str, source: str) -> Document:
    blocks = tuple(Block(kind="paragraph", start=m.start(), end=m.end()) for m in _PARAGRAPH.finditer(text))
    sections = (Section(path=(), start=blocks[0].start, end=blocks[-1].end, blocks=blocks),)
    url = _written(record, _URL)
    others = sum(1 for name, value in record.items() if name not in _READ and value not in (None, "", [], {}))
    return Document(
        id=document_id,
        title=" ".join((_written(record, _TITLE) or _written(record, _ID)).split()) or document_id,
        text=text,
        source=source,
        authors=tuple(_names(_first(record, _AUTHORS))),
        publisher=_written(record, _PUBLISHER) or None,
        updated=_day(_written(record, _DATE)),
        url=url if _ADDRESS.fullmatch(url) else None,
        sections=sections,
        markers=find_markers(text, sections, ()),
        left_out=(LeftOut("fields", others),) if others else (),
    )


def _lines(text: str) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip())


def _columns(text: str, file: SourceFile) -> tuple[list[str], str, int]:
    """The names of a table's columns, what parts them, and how many rows stand above these: what Excel says of the sign
    that parts them, and lines that are over the table."""
    seen: list[str] = []
    most, above = ",", 0
    said = _PARTED_BY.match(text)
    first = 1 if said else 0
    for delimiter in said["sign"] if said else ",;\t|":
        over, columns = _names_of_columns(text, delimiter, first)
        if "text" in map(str.lower, columns):
            return columns, delimiter, first + over
        if len(columns) > len(seen):
            seen, most, above = columns, delimiter, first + over
    if not any(seen):
        raise DamagedSourceError(
            file.path, kind="a table of documents", reason="its first line is empty", hint=_COLUMNS
        )
    shown = ", ".join(repr(name[:40]) for name in seen[:_MOST_SHOWN]) + (", ..." if len(seen) > _MOST_SHOWN else "")
    file.note(f"it has no column 'text', but {shown}: its rows are read as lines of the form 'column: value'.")
    file.leave_out(above - first, "row above the names of the columns")
    return [name or f"column {number}" for number, name in enumerate(seen, start=1)], most, above


def _as_lines(columns: Sequence[str], row: Sequence[str], where: str) -> dict[str, str]:
    """The text of a row as lines of the form `column: value`, and as its title a cell and where it stands."""
    named = zip_longest(columns, row, fillvalue="")
    cells = [
        (name or f"column {number}", " ".join(cell.split()))
        for number, (name, cell) in enumerate(named, start=1)
        if cell.strip()
    ]
    title = next((cell for name, cell in cells if name.lower() in _NAMES_OF_ROWS), cells[0][1] if cells else "")
    return {
        "text": "\n".join(f"{name}: {cell}" for name, cell in cells),
        "title": f"{title[:_LONGEST_TITLE]} ({where})" if title else where,
    }


def _names_of_columns(text: str, delimiter: str, first: int) -> tuple[int, list[str]]:
    """The first row, from one on, that names several columns, with how many stand above it: lines over the table, which
    an empty row or empty cells part from it. Where none does, the first of all. No names where the row is broken."""
    names: list[str] = []
    is_apart = True
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)):
            found = [" ".join(name.split()) for name in row]
            if number == first:
                names = found
            if number >= first and is_apart and (_filled(row) > 1 or "text" in map(str.lower, found)):
                return number - first, found
            is_apart = number < first or not _filled(row) or (is_apart and len(row) > 1)
            if number >= _MOST_ABOVE:
                break
    except csv.Error:
        pass
    return 0, names


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _first(record: Mapping[str, object], names: Iterable[str]) -> object:
    for name in names:
        if record.get(name) not in (None, ""):
            return record[name]
    return ""


def _written(record: Mapping[str, object], names: Iterable[str]) -> str:
    """The first of the values as text; anything but a text or number is none."""
    value = _first(record, names)
    if value == "":
        return ""
    is_plain = isinstance(value, _PLAIN) and not isinstance(value, bool)
    return without_invisible(str(value)).strip() if is_plain else ""


def _body(record: Mapping[str, object]) -> str:
    """The text as it is, but for half characters, which no text can have, and line ends."""
    text = record.get("text")
    return without_invisible(text.replace("\r\n", "\n").replace("\r", "\n")) if isinstance(text, str) else ""


def _names(value: object) -> list[str]:
    listed = value if isinstance(value, list) else str(value).split(";") if isinstance(value, str) else []
    found = (each.get("name") if isinstance(each, dict) else each for each in listed)
    return [name for each in found if isinstance(each, str) and (name := without_invisible(each).strip())]


def _day(text: str) -> date | None:
    return parse_date(text.replace("/", "-"))


def _id(given: str) -> str:
    """An id as it is given, where it can stand in an address as it is; else what of it can, and a digest that tells it
    from others of which the same can.

    >>> _id("MED-10"), _id("C++"), _id("C#")
    ('MED-10', 'C-f1deb75fa21d', 'C-040228846ead')
    """
    kept = _NOT_IN_ID.sub("-", given).strip("-")
    if kept == given and len(kept) <= _LONGEST_ID:
        return given
    digest = hashlib.sha256(given.encode()).hexdigest()[:_DIGEST]
    return f"{kept[: _LONGEST_ID - _DIGEST - 1]}-{digest}".lstrip("-")
