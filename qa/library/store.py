"""The library in a folder or in memory: the state that serves, and the changes that make another one."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, closing
from functools import lru_cache
from pathlib import Path
from threading import Lock

from qa.analysis import indexed_terms, tokens
from qa.errors import DamagedLibraryError, LibraryNotFoundError, UnknownDocumentError
from qa.library.generations import current_generation, generation_folder, has_generation, locked, new_generation
from qa.library.rows import DOCUMENT_COLUMNS, PASSAGE_COLUMNS, SCHEMA, Source, document_of, insert, passage_of
from qa.library.snapshot import DATABASE, Snapshot, connect, open_snapshot
from qa.model import Document
from qa.retrievers import OkapiRetriever, Retriever
from qa.spelling import Speller

__all__ = ["Library"]


class Library:
    """The library in a folder or, without one, in memory alone."""

    def __init__(self, folder: Path | None, *, retrievers: type[Retriever] = OkapiRetriever) -> None:
        self.folder = folder
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
                database = on_error.enter_context(closing(connect(":memory:")))
                counts: Counter[str] = Counter()
                index = self._indexed(_fill(database, self._snapshot, add, remove, counts, on_indexing))
                on_error.pop_all()
            self._snapshot = Snapshot(database, index, Speller.build(counts), place=Path("memory"), name="memory")
            return self._snapshot
        with locked(self.folder):
            old = self.snapshot() if self.exists else None
            with (
                new_generation(self.folder, after=old.name if old else None) as generation,
                closing(connect((generation.resolve() / DATABASE).as_uri())) as database,
            ):
                counts = Counter()
                self._indexed(_fill(database, old, add, remove, counts, on_indexing)).save(generation)
                Speller.build(counts).save(generation)
            return self.snapshot()

    def _indexed(self, passages: Iterable[tuple[str, list[str]]]) -> Retriever:
        """The index of passages as they are kept; what was kept before may since have been damaged."""
        try:
            return self._retrievers.build(passages)
        except (sqlite3.DatabaseError, ValueError, KeyError, TypeError) as error:
            place = self.folder or Path("memory")
            raise DamagedLibraryError(place, reason=f"what is kept cannot be indexed ({error})") from None


def _fill(
    database: sqlite3.Connection,
    old: Snapshot | None,
    add: Iterable[Source],
    remove: Collection[str],
    counts: Counter[str],
    on_indexing: Callable[[int], None] | None,
) -> Iterator[tuple[str, list[str]]]:
    """Write the old state and its changes into an empty database; what there is to index then, passage by passage.

    The tokens are added to `counts` as their passages are taken.
    """
    if old is None:
        database.executescript(SCHEMA)
    else:
        old.copy_to(database)
    database.execute("PRAGMA foreign_keys = ON")
    with database:
        for document_id in remove:
            if not database.execute("DELETE FROM documents WHERE id = ?", (document_id,)).rowcount:
                raise UnknownDocumentError(document_id)
        for source in add:
            insert(database, source)
    return _terms_of_all(database, counts, on_indexing)


def _terms_of_all(
    database: sqlite3.Connection, counts: Counter[str], on_indexing: Callable[[int], None] | None
) -> Iterator[tuple[str, list[str]]]:
    @lru_cache(maxsize=8)  # the passages of a document follow one another, but for ids that begin alike
    def document(document_id: str) -> Document:
        query = f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE id = ?"
        return document_of(database.execute(query, (document_id,)).fetchone())

    rows = database.execute(f"SELECT {PASSAGE_COLUMNS} FROM passages ORDER BY id")
    for number, row in enumerate(rows, start=1):
        its_document = document(row[1])
        passage = passage_of(row, its_document)
        for text in (its_document.title, *passage.section, passage.text):
            counts.update(tokens(text))
        yield passage.id, indexed_terms(passage.text, section=passage.section, title=its_document.title)
        if on_indexing:
            on_indexing(number)
