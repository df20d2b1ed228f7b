"""Documents and passages kept in SQLite, with the index beside them; every change is whole or has not happened.

A library on disk is a folder:

    current.json               the format, and which generation is the current one
    generations/000007/        never changed once it is current
        library.sqlite3        documents and passages
        okapi.npz              the retriever's index
    change.lock                held while a change is made

A change is made in a new generation, a copy, which becomes the current one by the renaming of one small file. Until
then the old one serves; whatever a killed change left behind is swept away by the next.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from qa.analysis import ANALYZER, indexed_terms
from qa.errors import (
    DamagedLibraryError,
    IndexFormatError,
    LibraryBusyError,
    LibraryNotFoundError,
    LibraryUnwritableError,
    UnknownDocumentError,
    UnknownPassageError,
)
from qa.evidence import PassageTerms, passage_terms
from qa.model import Block, Document, DocumentEntry, Heading, Marker, Passage, Reference, Section, Span
from qa.retrievers import OkapiRetriever, Retriever

__all__ = ["FORMAT", "Library", "Snapshot", "Source"]

FORMAT = f"1/{ANALYZER}"
"""What a library is refused by, if it was written otherwise: the layout of its files, and the analyzer's name."""

_DATABASE = "library.sqlite3"
_REMEMBERED_DOCUMENTS = 128
_REMEMBERED_PASSAGES = 4096

_SCHEMA = """
CREATE TABLE documents (
    id TEXT PRIMARY KEY, origin TEXT UNIQUE NOT NULL, title TEXT NOT NULL, updated TEXT, text TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE TABLE passages (
    id TEXT PRIMARY KEY, document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    section TEXT NOT NULL, text TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, page INTEGER,
    sentences TEXT NOT NULL
);
CREATE INDEX passages_of_document ON passages (document_id);
"""


class Source(NamedTuple):
    """A document with its passages, and where it came from: what has the same origin takes its place."""

    origin: str
    document: Document
    passages: list[Passage]


class Snapshot:
    """One state of a library, which never changes. Safe to read from several threads."""

    def __init__(self, database: sqlite3.Connection, retriever: Retriever, *, place: Path, name: str) -> None:
        self._database = database
        self._reading = Lock()
        self._place = place
        weakref.finalize(self, database.close)
        self.retriever = retriever
        self.name = name
        self.document = lru_cache(maxsize=_REMEMBERED_DOCUMENTS)(self._read_document)
        self.passage = lru_cache(maxsize=_REMEMBERED_PASSAGES)(self._read_passage)
        self.passage_terms = lru_cache(maxsize=_REMEMBERED_PASSAGES)(self._analyse)

    def _read_document(self, document_id: str) -> Document:
        """The document with this id.

        Raises:
            UnknownDocumentError: where there is none.
        """
        query = "SELECT title, updated, text, data FROM documents WHERE id = ?"
        rows = self._rows(query, document_id)
        if not rows:
            raise UnknownDocumentError(document_id)
        return _document(document_id, *rows[0])

    def contents(self) -> list[DocumentEntry]:
        """All documents by id, ascending, without their texts."""
        rows = self._rows("SELECT id, title, updated FROM documents ORDER BY id")
        return [DocumentEntry(document_id, title, _date(updated)) for document_id, title, updated in rows]

    def origins(self) -> dict[str, str]:
        """From the origin of each document to its id."""
        return dict(self._rows("SELECT origin, id FROM documents"))

    def _read_passage(self, passage_id: str) -> Passage:
        """The passage with this id.

        Raises:
            UnknownPassageError: where there is none.
        """
        rows = self._rows(f"SELECT {_COLUMNS} FROM passages WHERE id = ?", passage_id)  # noqa: S608
        if not rows:
            raise UnknownPassageError(passage_id)
        return _passage(rows[0])

    def _analyse(self, passage_id: str) -> PassageTerms:
        """The terms of the passage with this id."""
        passage = self.passage(passage_id)
        return passage_terms(passage, title=self.document(passage.document_id).title)

    def passages_of(self, document_id: str) -> list[Passage]:
        """The passages of a document, in source order.

        Raises:
            UnknownDocumentError: where there is no such document.
        """
        self.document(document_id)
        query = f"SELECT {_COLUMNS} FROM passages WHERE document_id = ? ORDER BY start"  # noqa: S608
        return [_passage(row) for row in self._rows(query, document_id)]

    def _rows(self, query: str, *parameters: str) -> list[Any]:
        """What the database answers. One thread at a time: two could get hold of the same prepared statement."""
        with self._reading:
            try:
                return self._database.execute(query, parameters).fetchall()
            except sqlite3.DatabaseError as error:
                raise DamagedLibraryError(self._place, reason=f"{_DATABASE} cannot be read ({error})") from None

    def copy_to(self, database: sqlite3.Connection) -> None:
        """Write this state's documents and passages into an empty database."""
        self._database.backup(database)


class Library:
    """The library in a folder or, without one, in memory alone."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._snapshot: Snapshot | None = None

    @property
    def exists(self) -> bool:
        """Whether there is a library to open."""
        return self._snapshot is not None or (self.folder is not None and (self.folder / "current.json").exists())

    def snapshot(self) -> Snapshot:
        """The current state; another process may have made a new one since the last call.

        Raises:
            LibraryNotFoundError, IndexFormatError, DamagedLibraryError.
        """
        if self.folder is not None:
            name = _current(self.folder)
            if self._snapshot is None or self._snapshot.name != name:
                self._snapshot = _open(self.folder / "generations" / name, name)
        if self._snapshot is None:
            raise LibraryNotFoundError(Path("memory"))
        return self._snapshot

    def change(
        self,
        *,
        add: Iterable[Source] = (),
        remove: Collection[str] = (),
        on_indexing: Callable[[int], None] | None = None,
    ) -> Snapshot:
        """Add, replace and remove documents. `on_indexing` is told how many passages the new index has got so far.

        An error, or the end of the process, leaves the library as it was.

        Raises:
            LibraryBusyError: while another process changes it.
            LibraryUnwritableError: where the system refuses to write it.
            UnknownDocumentError: for an id to remove that is not there.
        """
        if self.folder is None:
            with ExitStack() as on_error:
                database = on_error.enter_context(closing(_connect(":memory:")))
                index = _fill(database, self._snapshot, add, remove, on_indexing)
                on_error.pop_all()
            self._snapshot = Snapshot(database, index, place=Path("memory"), name="memory")
            return self._snapshot
        with _writing(self.folder), _lock(self.folder):
            old = self.snapshot() if self.exists else None
            _sweep(self.folder, keep=old)
            name = f"{int(old.name) + 1 if old else 1:06}"
            generation = self.folder / "generations" / name
            generation.mkdir(parents=True)
            with closing(_connect(generation / _DATABASE)) as database:
                _fill(database, old, add, remove, on_indexing).save(generation)
            _sync(generation)
            _make_current(self.folder, name)
            return self.snapshot()


def _fill(
    database: sqlite3.Connection,
    old: Snapshot | None,
    add: Iterable[Source],
    remove: Collection[str],
    on_indexing: Callable[[int], None] | None,
) -> Retriever:
    """Write the old state and its changes into an empty database; the index of it all."""
    if old is None:
        database.executescript(_SCHEMA)
    else:
        old.copy_to(database)
    database.execute("PRAGMA foreign_keys = ON")
    with database:
        for document_id in remove:
            if not database.execute("DELETE FROM documents WHERE id = ?", (document_id,)).rowcount:
                raise UnknownDocumentError(document_id)
        for source in add:
            _insert(database, source)
    return OkapiRetriever.build(_terms_of_all(database, on_indexing))


def _insert(database: sqlite3.Connection, source: Source) -> None:
    document = source.document
    database.execute("DELETE FROM documents WHERE origin = ?", (source.origin,))
    database.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?)",
        (
            document.id,
            source.origin,
            document.title,
            document.updated.isoformat() if document.updated else None,
            document.text,
            _document_data(document),
        ),
    )
    database.executemany(
        "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (p.id, p.document_id, json.dumps(p.section), p.text, p.start, p.end, p.page, json.dumps(p.sentences))
            for p in source.passages
        ],
    )


def _terms_of_all(
    database: sqlite3.Connection, on_indexing: Callable[[int], None] | None
) -> Iterator[tuple[str, list[str]]]:
    query = (
        "SELECT p.id, p.text, p.section, d.title FROM passages p JOIN documents d ON d.id = p.document_id ORDER BY p.id"
    )
    for number, (passage_id, text, section, title) in enumerate(database.execute(query), start=1):
        yield passage_id, indexed_terms(text, section=json.loads(section), title=title)
        if on_indexing:
            on_indexing(number)


def _open(generation: Path, name: str) -> Snapshot:
    path = generation / _DATABASE
    try:
        with closing(_connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            count = database.execute("SELECT count(*) FROM passages").fetchone()[0]
    except sqlite3.Error as error:
        raise DamagedLibraryError(generation, reason=f"{path.name} cannot be read ({error})") from None
    retriever = OkapiRetriever.load(generation)
    if retriever.passage_count != count:
        raise DamagedLibraryError(
            generation, reason=f"{count} passages are kept, but {retriever.passage_count} are indexed"
        )
    database = _connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    return Snapshot(database, retriever, place=generation, name=name)


def _connect(database: Path | str, *, uri: bool = False) -> sqlite3.Connection:
    # SQLite is built for use by several threads, and a snapshot is only read.
    return sqlite3.connect(database, uri=uri, check_same_thread=False)


def _current(folder: Path) -> str:
    """The name of the current generation."""
    path = folder / "current.json"
    try:
        pointer = json.loads(path.read_bytes())
        found, name = str(pointer["format"]), str(pointer["generation"])
    except (FileNotFoundError, NotADirectoryError):
        raise LibraryNotFoundError(folder) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedLibraryError(folder, reason=f"{path.name} cannot be read ({error})") from None
    if found != FORMAT:
        raise IndexFormatError(folder, found=found, expected=FORMAT)
    if not name.isdigit():
        raise DamagedLibraryError(folder, reason=f"{path.name} names no generation")
    return name


def _make_current(folder: Path, name: str) -> None:
    new = folder / "current.json.new"
    new.write_text(json.dumps({"format": FORMAT, "generation": name}) + "\n")
    _sync(new)
    new.replace(folder / "current.json")


def _sweep(folder: Path, *, keep: Snapshot | None) -> None:
    """Take away every generation but the current one; one that a reader holds open on Windows goes the next time."""
    generations = folder / "generations"
    for each in generations.iterdir() if generations.exists() else ():
        if keep is None or each.name != keep.name:
            shutil.rmtree(each, ignore_errors=True)


def _sync(path: Path) -> None:
    """Make sure that a file, or every file of a folder, is on the disk."""
    for file in path.iterdir() if path.is_dir() else (path,):
        with file.open("r+b") as stream:
            os.fsync(stream.fileno())


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Make the folder, and say of what the system refuses there what it means for the library."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise LibraryUnwritableError(folder, reason=(error.strerror or str(error)).lower()) from None
    except sqlite3.OperationalError as error:
        raise LibraryUnwritableError(folder, reason=str(error)) from None


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Keep other processes from changing the library; the system frees the lock however a process ends."""
    with closing(sqlite3.connect(folder / "change.lock", timeout=0, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise LibraryBusyError(folder) from None
            raise
        yield


_COLUMNS = "id, document_id, section, text, start, end, page, sentences"


def _passage(row: tuple[Any, ...]) -> Passage:
    passage_id, document_id, section, text, start, end, page, sentences = row
    return Passage(
        id=passage_id,
        document_id=document_id,
        section=tuple(json.loads(section)),
        text=text,
        start=start,
        end=end,
        page=page,
        sentences=tuple(Span(*each) for each in json.loads(sentences)),
    )


def _document_data(document: Document) -> str:
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
            "references": [[each.marker, each.text, each.doi, each.pmid] for each in document.references],
            "markers": [[each.label, each.start, each.end] for each in document.markers],
        }
    )


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _document(document_id: str, title: str, updated: str | None, text: str, data: str) -> Document:
    fields = json.loads(data)
    return Document(
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
                blocks=tuple(Block(kind=k, start=a, end=b) for k, a, b in blocks),
            )
            for path, start, end, blocks in fields["sections"]
        ),
        references=tuple(Reference(marker=m, text=t, doi=d, pmid=p) for m, t, d, p in fields["references"]),
        markers=tuple(Marker(label=label, start=start, end=end) for label, start, end in fields["markers"]),
    )
