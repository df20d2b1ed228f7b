"""Documents and passages as rows of SQLite, and back.

The text of a passage is saved once, in its document's text. A passage is saved as a span, so the two cannot differ.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from qa.errors import DamagedDocumentError
from qa.library.schema import PUBLISHER
from qa.library.selecting import Select
from qa.library.stamps import stamp_of
from qa.model import (
    Block,
    Document,
    DocumentEntry,
    FileState,
    Heading,
    LeftOut,
    Marker,
    Passage,
    Reference,
    Section,
    Span,
)

__all__ = [
    "DOCUMENT_COLUMNS",
    "ENTRY_COLUMNS",
    "PASSAGE_COLUMNS",
    "Changes",
    "PassageRow",
    "Source",
    "document_of",
    "entry_columns",
    "entry_of",
    "insert",
    "parts_of",
    "passage_of",
    "passage_row",
]


def entry_columns(passages: str) -> str:
    """The columns of a document's entry; `passages` says in SQL how many it has."""
    file = "(SELECT origin FROM files WHERE number = file)"
    return f"id, title, updated, {passages}, {file}, {PUBLISHER}, json_extract(data, '$.left_out')"


ENTRY_COLUMNS = entry_columns("(SELECT count(*) FROM passages WHERE document = documents.number)")
DOCUMENT_COLUMNS = "number, id, title, updated, sha256, data, text"
PASSAGE_COLUMNS = "passages.id, section, start, end, page, sentences"

PassageRow = tuple[str, str, int, int, int | None, str, bytes]
"""A passage's `PASSAGE_COLUMNS`, and the stamp of what is encoded of it."""


class Source(NamedTuple):
    """A document and its origin. A document with the same origin replaces it.

    `file` is the origin of its file, which may have other documents; the document's own origin begins with it.
    `passages` are its passages, if not those of `passages.passages`.
    """

    origin: str
    document: Document
    passages: Sequence[Passage] | None = None
    file: str = ""


class Changes(NamedTuple):
    """Changes to a library: documents to add or replace, then ids of documents to remove.

    `files` has the states of the files of the added documents, by origin, once all are added.
    """

    add: Iterable[Source] = ()
    remove: Iterable[str] = ()
    files: Mapping[str, FileState] = {}


def insert(
    database: sqlite3.Connection, document: Document, passages: Sequence[PassageRow], *, file: int, part: str
) -> int:
    """Write a document and its passages. Returns its number. `part` must be a part of the file that is not yet
    there."""
    number = database.execute(
        "INSERT INTO documents (file, part, id, title, updated, sha256, data, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            file,
            part,
            document.id,
            document.title,
            document.updated.isoformat() if document.updated else None,
            bytes.fromhex(document.sha256),
            _data(document),
            document.text,
        ),
    ).lastrowid
    database.executemany(
        "INSERT INTO sections VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                number,
                place,
                _json(each.path),
                each.start,
                each.end,
                _json([(b.kind, b.start, b.end) for b in each.blocks]),
            )
            for place, each in enumerate(document.sections)
        ],
    )
    if document.references:
        database.executemany(
            "INSERT INTO bibliography VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (number, place, each.marker, each.text, each.doi, each.pmid, each.url)
                for place, each in enumerate(document.references)
            ],
        )
    database.executemany(
        "INSERT INTO passages (document, id, section, start, end, page, sentences, stamp)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(number, *each) for each in passages],
    )
    return int(number or 0)


def entry_of(row: Sequence[Any]) -> DocumentEntry:
    """The entry of a document from its `ENTRY_COLUMNS`."""
    document_id, title, updated, passage_count, file, publisher, left_out = row
    return DocumentEntry(
        document_id, title, _date(updated), passage_count, file, publisher, _left_out(json.loads(left_out or "[]"))
    )


def parts_of(select: Select, number: int) -> tuple[list[Any], list[Any]]:
    """The rows of the sections of a document, and those of its references, in their order."""
    sections = "SELECT path, start, end, blocks FROM sections WHERE document = ? ORDER BY number"
    references = "SELECT marker, text, doi, pmid, url FROM bibliography WHERE document = ? ORDER BY number"
    return select(sections, number), select(references, number)


def document_of(row: Sequence[Any], sections: Iterable[Sequence[Any]], references: Iterable[Sequence[Any]]) -> Document:
    """A document from its `DOCUMENT_COLUMNS`, and from the `parts_of` it.

    Raises:
        DamagedDocumentError: if the text is not the one that was written.
    """
    _, document_id, title, updated, sha256, data, text = row
    fields = json.loads(data)
    document = Document(
        id=document_id,
        text=text,
        title=title,
        updated=_date(updated),
        source=fields["source"],
        authors=tuple(fields.get("authors", ())),
        editors=tuple(fields.get("editors", ())),
        publisher=fields.get("publisher"),
        url=fields.get("url"),
        keywords=tuple(fields.get("keywords", ())),
        headings=tuple(Heading(level=level, start=start, end=end) for level, start, end in fields.get("headings", ())),
        sections=tuple(
            Section(
                path=tuple(json.loads(path)),
                start=start,
                end=end,
                blocks=tuple(Block(kind=kind, start=a, end=b) for kind, a, b in json.loads(blocks)),
            )
            for path, start, end, blocks in sections
        ),
        references=tuple(Reference(marker=m, text=t, doi=d, pmid=p, url=u) for m, t, d, p, u in references),
        markers=tuple(Marker(label=label, start=start, end=end) for label, start, end in fields.get("markers", ())),
        pages=tuple(fields.get("pages", ())),
        page_labels=tuple(fields.get("page_labels", ())),
        code=tuple(Span(*each) for each in fields.get("code", ())),
        left_out=_left_out(fields.get("left_out", ())),
    )
    if document.sha256 != sha256.hex():
        raise DamagedDocumentError(document_id)
    return document


def passage_of(row: Sequence[Any], document: Document) -> Passage:
    """A passage of a document from its `PASSAGE_COLUMNS`."""
    passage_id, section, start, end, page, sentences = row
    return Passage(
        id=passage_id,
        document_id=document.id,
        section=tuple(json.loads(section)),
        text=document.text[start:end],
        start=start,
        end=end,
        page=page,
        sentences=tuple(Span(*each) for each in json.loads(sentences)),
    )


def passage_row(passage: Passage, title: str) -> PassageRow:
    """The row of a passage of a document with this title."""
    section, sentences = _json(passage.section), _json(passage.sentences)
    stamp = stamp_of(title, passage.section, passage.text, passage.sentences)
    return passage.id, section, passage.start, passage.end, passage.page, sentences, stamp


def _data(document: Document) -> str:
    """What else there is of a document, as JSON; what it has not is left out."""
    fields = {
        "source": document.source,
        "authors": document.authors,
        "editors": document.editors,
        "publisher": document.publisher,
        "url": document.url,
        "keywords": document.keywords,
        "headings": [(each.level, each.start, each.end) for each in document.headings],
        "markers": [(each.label, each.start, each.end) for each in document.markers],
        "pages": document.pages,
        "page_labels": document.page_labels,
        "code": document.code,
        "left_out": document.left_out,
    }
    return _json({name: value for name, value in fields.items() if name == "source" or value not in (None, (), [])})


def _left_out(pairs: Iterable[Sequence[Any]]) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(what, count) for what, count in pairs)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _json(value: object) -> str:
    return _ENCODER.encode(value)


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
