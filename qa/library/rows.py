"""Documents and passages as rows of SQLite, and back.

A passage's text is kept once, in its document's: a passage is its span, so that the two cannot come to differ.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from qa.errors import DamagedDocumentError
from qa.model import Block, Document, DocumentEntry, Heading, Marker, Passage, Reference, Section, Span

__all__ = [
    "DOCUMENT_COLUMNS",
    "ENTRY_COLUMNS",
    "PASSAGE_COLUMNS",
    "SCHEMA",
    "Source",
    "document_of",
    "entry_of",
    "insert",
    "passage_of",
]

SCHEMA = """
CREATE TABLE documents (
    id TEXT PRIMARY KEY, origin TEXT UNIQUE NOT NULL, file TEXT NOT NULL, title TEXT NOT NULL, updated TEXT,
    sha256 TEXT NOT NULL, data TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE TABLE passages (
    id TEXT PRIMARY KEY, document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    section TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, page INTEGER, sentences TEXT NOT NULL
) STRICT;
CREATE TABLE files (origin TEXT PRIMARY KEY, stamp TEXT NOT NULL, sha256 TEXT NOT NULL) STRICT;
CREATE INDEX passages_of_document ON passages (document_id);
CREATE INDEX documents_of_text ON documents (sha256);
"""

ENTRY_COLUMNS = "id, title, updated, (SELECT count(*) FROM passages WHERE document_id = documents.id)"
DOCUMENT_COLUMNS = "id, title, updated, sha256, data, text"
PASSAGE_COLUMNS = "id, document_id, section, start, end, page, sentences"


class Source(NamedTuple):
    """A document with its passages, and where it came from: what has the same origin takes its place. `file` is the
    origin of the file that holds it, which may hold others."""

    origin: str
    document: Document
    passages: Sequence[Passage]
    file: str = ""


def insert(database: sqlite3.Connection, source: Source) -> None:
    """Write a document and its passages, in the place of what had the same origin."""
    document = source.document
    updated = document.updated.isoformat() if document.updated else None
    database.execute("DELETE FROM documents WHERE origin = ?", (source.origin,))
    database.execute(
        f"INSERT INTO documents (origin, file, {DOCUMENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            source.origin,
            source.file,
            document.id,
            document.title,
            updated,
            document.sha256,
            _data(document),
            document.text,
        ),
    )
    database.executemany(
        f"INSERT INTO passages ({PASSAGE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (p.id, p.document_id, json.dumps(p.section), p.start, p.end, p.page, json.dumps(p.sentences))
            for p in source.passages
        ],
    )


def entry_of(row: Sequence[Any]) -> DocumentEntry:
    """A document's entry from its `ENTRY_COLUMNS`."""
    document_id, title, updated, passage_count = row
    return DocumentEntry(document_id, title, _date(updated), passage_count)


def document_of(row: Sequence[Any]) -> Document:
    """A document from its `DOCUMENT_COLUMNS`.

    Raises:
        DamagedDocumentError: where the text is not the one that was written.
    """
    document_id, title, updated, sha256, data, text = row
    fields = json.loads(data)
    document = Document(
        id=document_id,
        text=text,
        title=title,
        source=fields["source"],
        authors=tuple(fields["authors"]),
        editors=tuple(fields["editors"]),
        publisher=fields["publisher"],
        updated=_date(updated),
        url=fields["url"],
        keywords=tuple(fields["keywords"]),
        headings=tuple(Heading(level=level, start=start, end=end) for level, start, end in fields["headings"]),
        sections=tuple(
            Section(
                path=tuple(path),
                start=start,
                end=end,
                blocks=tuple(Block(kind=kind, start=a, end=b) for kind, a, b in blocks),
            )
            for path, start, end, blocks in fields["sections"]
        ),
        references=tuple(Reference(marker=m, text=t, doi=d, pmid=p, url=u) for m, t, d, p, u in fields["references"]),
        markers=tuple(Marker(label=label, start=start, end=end) for label, start, end in fields["markers"]),
        pages=tuple(fields.get("pages", ())),  # which a library did not have before it read documents with pages
    )
    if document.sha256 != sha256:
        raise DamagedDocumentError(document_id)
    return document


def passage_of(row: Sequence[Any], document: Document) -> Passage:
    """A passage of a document from its `PASSAGE_COLUMNS`."""
    passage_id, document_id, section, start, end, page, sentences = row
    return Passage(
        id=passage_id,
        document_id=document_id,
        section=tuple(json.loads(section)),
        text=document.text[start:end],
        start=start,
        end=end,
        page=page,
        sentences=tuple(Span(*each) for each in json.loads(sentences)),
    )


def _data(document: Document) -> str:
    """What else there is of a document, as JSON."""
    return json.dumps(
        {
            "source": document.source,
            "authors": document.authors,
            "editors": document.editors,
            "publisher": document.publisher,
            "url": document.url,
            "keywords": document.keywords,
            "headings": [[each.level, each.start, each.end] for each in document.headings],
            "sections": [
                [section.path, section.start, section.end, [[b.kind, b.start, b.end] for b in section.blocks]]
                for section in document.sections
            ],
            "references": [[each.marker, each.text, each.doi, each.pmid, each.url] for each in document.references],
            "markers": [[each.label, each.start, each.end] for each in document.markers],
            "pages": document.pages,
        }
    )


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
