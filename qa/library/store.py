"""The library in a folder or in memory: the state that serves, and the changes that make another one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import lru_cache
from pathlib import Path
from threading import Lock

from qa.concepts import Concept
from qa.errors import DamagedLibraryError, LibraryNotFoundError, UnknownDocumentError
from qa.library.generations import current_generation, generation_folder, has_generation, locked, new_generation
from qa.library.index import Index
from qa.library.rows import DOCUMENT_COLUMNS, PASSAGE_COLUMNS, SCHEMA, Source, document_of, insert, passage_of
from qa.library.snapshot import DATABASE, Snapshot, connect, open_snapshot
from qa.model import Document, FileState, Passage, digest
from qa.retrievers import OkapiRetriever, Retriever

__all__ = ["Library"]


class Library:
    """The library in a folder or, without one, in memory alone."""

    def __init__(
        self,
        folder: Path | None,
        *,
        retrievers: type[Retriever] = OkapiRetriever,
        synonyms: Callable[[], Sequence[Concept]] = list,
    ) -> None:
        """`synonyms` gives, at a change, the concepts that hold beside those which the documents define."""
        self.folder = folder
        self._synonyms = synonyms
        self._retrievers = retrievers
        self._snapshot: Snapshot | None = None
        self._opening = Lock()

    @property
    def exists(self) -> bool:
        """Whether there is a library to open."""
        return self._snapshot is not None or (self.folder is not None and has_generation(self.folder))

    def snapshot(self) -> Snapshot:
        """The current state; another process may have made a new one since the last call.

        Raises:
            LibraryNotFoundError, IndexFormatError, DamagedLibraryError.
        """
        snapshot = self._snapshot
        if self.folder is not None and (snapshot is None or snapshot.name != current_generation(self.folder)):
            with self._opening:
                snapshot = self._snapshot = self._opened(self.folder)
        if snapshot is None:
            raise LibraryNotFoundError(Path("memory"))
        return snapshot

    def _opened(self, folder: Path) -> Snapshot:
        """The current generation; the next one, where it was replaced and swept away while it was being opened."""
        while True:
            name = current_generation(folder)
            if self._snapshot is not None and self._snapshot.name == name:
                return self._snapshot
            try:
                return open_snapshot(generation_folder(folder, name), name, self._retrievers)
            except DamagedLibraryError:
                if name == current_generation(folder):
                    raise

    def change(
        self,
        *,
        add: Iterable[Source] = (),
        remove: Iterable[str] = (),
        files: Mapping[str, FileState] | None = None,
        on_indexing: Callable[[int], None] | None = None,
    ) -> Snapshot:
        """Add, replace and, after that, remove documents. `files` is how the files of what was added stand, by origin;
        it is looked into when all is added. What is removed has its file read again the next time.

        `on_indexing` is told how many passages the new index has got so far.

        An error, or the end of the process, leaves the library as it was.

        Raises:
            LibraryBusyError: while another process changes it.
            LibraryUnwritableError: where the system refuses to write it.
            UnknownDocumentError: for an id to remove that is not there.
        """
        if self.folder is None:
            with ExitStack() as on_error:
                database = on_error.enter_context(closing(connect(":memory:")))
                _fill(database, self._snapshot, add, remove, files or {})
                index = self._indexed(database, on_indexing)
                on_error.pop_all()
            digests = database.execute("SELECT group_concat(sha256) FROM (SELECT sha256 FROM documents ORDER BY id)")
            name = f"memory-{digest(str(digests.fetchone()[0]))[:8]}"
            self._snapshot = Snapshot(database, index, place=Path("memory"), name=name)
            return self._snapshot
        with locked(self.folder):
            old = self.snapshot() if self.exists else None
            with (
                new_generation(self.folder, after=old.name if old else None) as generation,
                closing(connect((generation.resolve() / DATABASE).as_uri())) as database,
            ):
                _fill(database, old, add, remove, files or {})
                self._indexed(database, on_indexing).save(generation)
            return self.snapshot()

    def _indexed(self, database: sqlite3.Connection, on_indexing: Callable[[int], None] | None) -> Index:
        """The index of passages as they are kept. What was kept before may since have been damaged."""
        synonyms = self._synonyms()
        try:
            texts = database.execute("SELECT title || char(10) || text FROM documents ORDER BY id")
            return Index.build(
                _passages(database, on_indexing),
                texts=(text for (text,) in texts),
                synonyms=synonyms,
                retrievers=self._retrievers,
            )
        except (sqlite3.DatabaseError, ValueError, KeyError, TypeError) as error:
            place = self.folder or Path("memory")
            raise DamagedLibraryError(place, reason=f"what is kept cannot be indexed ({error})") from None


def _fill(
    database: sqlite3.Connection,
    old: Snapshot | None,
    add: Iterable[Source],
    remove: Iterable[str],
    files: Mapping[str, FileState],
) -> None:
    """Write the old state and its changes into an empty database."""
    if old is None:
        database.executescript(SCHEMA)
    else:
        old.copy_to(database)
    database.execute("PRAGMA foreign_keys = ON")
    with database:
        for source in add:
            insert(database, source)
        rows = [(origin, *state) for origin, state in files.items()]
        database.executemany("INSERT OR REPLACE INTO files (origin, stamp, sha256) VALUES (?, ?, ?)", rows)
        for document_id in remove:
            of_its_file = "DELETE FROM files WHERE origin = (SELECT file FROM documents WHERE id = ?)"
            database.execute(of_its_file, (document_id,))
            if not database.execute("DELETE FROM documents WHERE id = ?", (document_id,)).rowcount:
                raise UnknownDocumentError(document_id)


def _passages(database: sqlite3.Connection, on_indexing: Callable[[int], None] | None) -> Iterator[tuple[str, Passage]]:
    """Each passage with its document's title, by ids ascending."""

    @lru_cache(maxsize=8)  # the passages of a document follow one another, but for ids that begin alike
    def document(document_id: str) -> Document:
        query = f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE id = ?"
        return document_of(database.execute(query, (document_id,)).fetchone())

    rows = database.execute(f"SELECT {PASSAGE_COLUMNS} FROM passages ORDER BY id")
    for number, row in enumerate(rows, start=1):
        its_document = document(row[1])
        yield its_document.title, passage_of(row, its_document)
        if on_indexing:
            on_indexing(number)
