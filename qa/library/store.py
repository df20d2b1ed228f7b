"""The library in a folder or in memory: its current state, and the changes that make the next one."""

from __future__ import annotations

import json
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from os import stat_result
from os.path import samestat
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING

from qa.asking.concepts import Concept
from qa.encoders import Encoder
from qa.errors import (
    DamagedLibraryError,
    LibraryBusyError,
    LibraryError,
    LibraryNotFoundError,
    LibraryThereError,
    LibraryUnwritableError,
    QAError,
    UnknownDocumentError,
)
from qa.library import nearest
from qa.library.folder import (
    DATABASE,
    Reader,
    connect,
    copy_files,
    discard_empty,
    index_folder,
    journal_size,
    kept_facts,
    library_state,
    missing,
    not_found,
    put_away,
    put_away_into,
    sweep,
    sync,
    sync_names,
    writing,
)
from qa.library.index import PASSAGES, load_retriever, opened
from qa.library.local import LocalState
from qa.library.rows import Changes, Source
from qa.library.schema import migrate
from qa.library.sealing import seal_index
from qa.library.snapshot import Snapshot, open_snapshot
from qa.library.vectors import VECTORS, KeptVectors, VectorWriter, vectors_state, writing_vectors
from qa.model import Document, FileState, digest
from qa.retrievers import OPENSEARCH, Retriever, Retrievers, local_retrievers
from qa.retrievers.files import is_elsewhere, is_whole

if TYPE_CHECKING:
    from qa.library.indexing import Indexed

__all__ = ["Library"]

_MEMORY = Path("memory")
_LARGE_JOURNAL = 32_000_000  # bytes
_SELDOM = 60.0  # seconds from one look at its size to the next


class Library:
    """The library in a folder or, without one, in memory only."""

    def __init__(
        self,
        folder: Path | None,
        *,
        engine: str | None = None,
        retrievers: Callable[[str], Retrievers] = local_retrievers,
        synonyms: Callable[[], Sequence[Concept]] = list,
        encoder: Callable[[], Encoder | None] = lambda: None,
        vectors: Path | None = None,
    ) -> None:
        """`synonyms` gives, at a change, the concepts that hold beside those which the documents define; `engine` is
        the name of the retriever that a change uses, in `ENGINES`, or "auto", by the number of passages; without it, as
        it was asked for before. `retrievers` gives what makes and opens the retrievers of an engine. `encoder` gives,
        when it is needed, what turns texts into vectors, if anything does; `vectors` is the folder that has those of
        the passages, where that is not `folder`."""
        self.folder = folder
        self._engine = engine
        self._retrievers = retrievers
        self._synonyms = synonyms
        self.encoder = encoder
        self._vectors = vectors
        self._vectors_in_memory: sqlite3.Connection | None = None
        self._snapshot: Snapshot | None = None
        self._watched: tuple[stat_result, Reader] | None = None
        self._looked_at = time.monotonic()  # how large the journal is
        self._journal_left = 0  # bytes of it that could not be put away when that was tried
        self._opening, self._watching = Lock(), Lock()

    @property
    def exists(self) -> bool:
        """Whether there is a library to open, even a damaged one."""
        try:
            return bool(self.snapshot().name)
        except LibraryNotFoundError as error:
            return error.has_index
        except LibraryError:
            return True

    def begin_with(self, snapshot: Snapshot) -> None:
        """Make this the current state of a library in memory."""
        self._snapshot = snapshot

    def present(self) -> Snapshot:
        """The state of this moment, to plan a change for. Where a library is in a cluster, `snapshot` may be late.

        Raises:
            LibraryNotFoundError, IndexFormatError, DamagedLibraryError.
        """
        return self.snapshot()

    def snapshot(self) -> Snapshot:
        """The current state. Another process may have made a new one since the last call.

        Raises:
            LibraryNotFoundError, IndexFormatError, DamagedLibraryError.
        """
        snapshot = self._snapshot
        if self.folder is not None:
            if self._is_in_the_way(self.folder):
                with self._opening:
                    snapshot = self._snapshot = None
                    put_away(self.folder)
                    self._journal_left = journal_size(self.folder)
            if not self._is_present(snapshot, self.folder):
                with self._opening:
                    snapshot = self._snapshot = self._opened(self.folder)
        if snapshot is None:
            raise LibraryNotFoundError(_MEMORY)
        return snapshot

    def _is_in_the_way(self, folder: Path) -> bool:
        """Whether the state that is read keeps a journal from being emptied that has become large."""
        now = time.monotonic()
        if self._snapshot is None or now < self._looked_at + _SELDOM:
            return False
        self._looked_at = now
        size = journal_size(folder)
        return size > _LARGE_JOURNAL and size != self._journal_left

    def _is_present(self, snapshot: Snapshot | None, folder: Path) -> bool:
        return snapshot is not None and snapshot.name == self._version(folder) and snapshot.is_current

    def _opened(self, folder: Path) -> Snapshot:
        """The present state; the next one, where its index was swept away while it was being opened."""
        while True:
            version, snapshot = self._version(folder), self._snapshot
            if snapshot is not None and self._is_present(snapshot, folder):
                return snapshot
            try:
                return open_snapshot(folder, retrievers=self._retrievers, encoder=self.encoder, vectors=self._vectors)
            except DamagedLibraryError:
                if version == self._version(folder):
                    raise

    def _version(self, folder: Path) -> str:
        """Which version of the library there is now."""
        path = folder / DATABASE
        try:
            file = path.stat()
        except OSError:
            Reader.open(folder)  # which says what is wrong
            raise
        with self._watching:
            if self._watched is None or not (samestat(self._watched[0], file) and self._watched[1].is_current):
                self._watched = file, Reader.open(folder)
            reader = self._watched[1]
        tables = {name for (name,) in reader.select("SELECT name FROM sqlite_schema")}
        if not tables:
            raise not_found(folder)
        found = reader.select("SELECT value FROM facts WHERE key = 'version'") if "facts" in tables else []
        if not found:
            raise DamagedLibraryError(folder, reason=f"{DATABASE} does not name the version of its index")
        return str(found[0][0])

    def change(
        self,
        *,
        add: Iterable[Source] = (),
        remove: Iterable[str] = (),
        files: Mapping[str, FileState] | None = None,
        planned_for: str | None = None,
        on_indexing: Callable[[int, int], None] | None = None,
    ) -> Snapshot:
        """Add, replace and then remove documents.

        `files` has the states of the files of the added documents, by origin; it is read when all are added. The file
        of a removed document is read again the next time.

        `planned_for` names the state that these changes were made for, if any; the name is empty if there was no
        library yet. `on_indexing` is told how many passages are indexed, and of how many: the changed ones, or all if
        most changed.

        An error, or the end of the process, leaves the library as it was.

        Raises:
            LibraryBusyError: while another process changes it, or if it changed since `planned_for`.
            LibraryUnwritableError: if the system refuses to write it.
            UnknownDocumentError: for an id to remove that is not there.
        """
        changes = Changes(add, remove, files if files is not None else {})
        if self.folder is None:
            return self._change_in_memory(changes, on_indexing)
        with ExitStack() as on_error:
            on_error.callback(self._tidy_up, self.folder, missing(self.folder))
            with writing(self.folder) as database:
                facts = kept_facts(self.folder, database)
                if planned_for not in (None, facts.get("version", "")):
                    raise LibraryBusyError(self.folder)
                number = int(facts["version"].partition("-")[0]) + 1 if facts else 1
                version = f"{number:06}-{secrets.token_hex(4)}"  # unlike that of any library that was here before
                place = index_folder(self.folder, version)
                on_error.callback(self._take_away, self.folder, version)
                place.mkdir(parents=True)
                old = self._retriever(self.folder, facts) if facts else None
                self._update(database, changes, version, old, place, on_indexing)
                sync(place)
            on_error.pop_all()
        with self._opening:
            self._snapshot = None  # what is still read of the state before stays in the journal
        sweep(self.folder, may_go=self._may_go)
        return self.snapshot()

    def keep_examples(self, version: str, questions: Sequence[str]) -> None:
        """Keep the questions to begin with, chosen for the state of this name. They are not used for any other.

        Raises:
            LibraryBusyError: while another process changes it.
            LibraryUnwritableError: if the system refuses to write it.
        """
        if self.folder is not None:
            kept = json.dumps({"version": version, "questions": list(questions)}, ensure_ascii=False)
            with self._opening:
                self._snapshot = None  # what is still read stays in the journal
            with writing(self.folder) as database:
                database.execute("INSERT OR REPLACE INTO facts VALUES ('examples', ?)", (kept,))

    def rename_files(self, origins: Mapping[str, str]) -> None:
        """Know files by other origins, as where their folder was moved. Their documents stay as they are.

        Raises:
            LibraryBusyError: while another process changes it.
            LibraryUnwritableError: if the system refuses to write it.
        """
        if self.folder is not None:
            with writing(self.folder) as database:
                renamed = [(new, old) for old, new in origins.items()]
                database.executemany("UPDATE files SET origin = ? WHERE origin = ?", renamed)
            with self._opening:
                self._snapshot = None

    def has_document(self, document_id: str) -> bool:
        """Whether there is a document with this id. During a change, the earlier state counts."""
        return (self._snapshot or self.snapshot()).has_document(document_id)

    def holds(self, document: Document) -> bool:
        """Whether it has exactly this document, in every field."""
        try:
            return (self._snapshot or self.snapshot()).document(document.id) == document
        except (UnknownDocumentError, LibraryError):  # what is damaged is not just this
            return False

    def _take_away(self, folder: Path, version: str) -> None:
        """Take away the index of a version that did not become the present one."""
        try:
            if self._version(folder) == version:
                return
        except LibraryNotFoundError:
            pass
        except LibraryError:  # the next change will see what it is
            return
        if self._is_forgotten(index_folder(folder, version)):
            shutil.rmtree(index_folder(folder, version), ignore_errors=True)

    def _may_go(self, place: Path, others: Collection[Path]) -> bool:
        """Whether the folder of an old version's index may go. Then what it names in a cluster has gone already.

        Of those in a cluster the last one stays: processes that have not seen the new version may still ask it.
        """
        whole = [each for each in others if is_elsewhere(each / PASSAGES) and is_whole(each / PASSAGES)]
        return place not in whole[-1:] and self._is_forgotten(place)

    def _is_forgotten(self, place: Path) -> bool:
        """Delete the index that a version's folder names in a cluster, if it names one. Whether none is left."""
        if is_elsewhere(place / PASSAGES):
            try:
                self._retrievers(OPENSEARCH).forget(place / PASSAGES)
            except QAError:  # the next sweep will try again
                return False
        return True

    def _tidy_up(self, folder: Path, made: Sequence[Path]) -> None:
        """Leave no journal of a change that failed and, where nothing was ever kept, no library and none of the folders
        `made`."""
        with self._opening, self._watching:
            self._snapshot = self._watched = None  # who reads keeps the journal
        put_away(folder)
        discard_empty(folder, made)

    @contextmanager
    def backing_up(self, target: Path, *, on_pages: Callable[[int, int], None] | None = None) -> Iterator[Path]:
        """A copy of the current state, in a folder beside `target`. It becomes `target` when the block ends without
        error.

        The library may be changed meanwhile.

        Raises:
            LibraryThereError: if there is already something in `target`.
            LibraryUnwritableError: if the system refuses to write it.
            LibraryError: if the library cannot be read.
        """
        source = self.folder
        if source is None:
            raise LibraryNotFoundError(_MEMORY)
        self.snapshot()
        try:
            if target.exists() and (not target.is_dir() or any(target.iterdir())):
                raise LibraryThereError(target)
            if target.resolve().is_relative_to(source.resolve()):
                reason = "it is inside the library that is to be copied"
                raise LibraryUnwritableError(target, reason=reason, hint="Name a folder outside it.")
            target.parent.mkdir(parents=True, exist_ok=True)
            beside = TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent, ignore_cleanup_errors=True)
            with beside as made, ExitStack() as on_error:
                place = Path(made) / target.name
                place.mkdir()
                snapshot = self._copied_index(source, place)
                with closing(connect((place.resolve() / DATABASE).as_uri())) as database:
                    snapshot.copy_to(database, on_pages=on_pages)
                    database.execute("PRAGMA journal_mode = WAL")
                    if is_elsewhere(index_folder(place, snapshot.name) / PASSAGES):
                        seal_index(database, partial(index_folder, place))
                    put_away_into(database, place / DATABASE, library_state)
                if (source / VECTORS).exists():
                    with closing(connect((place.resolve() / VECTORS).as_uri())) as database:
                        Reader.open(source, VECTORS).copy_to(database)
                        database.execute("PRAGMA journal_mode = WAL")
                        put_away_into(database, place / VECTORS, vectors_state)
                    nearest.copy(source, place)
                on_error.callback(self._is_forgotten, index_folder(place, snapshot.name))
                yield place
                sync(place)
                if target.exists():
                    target.rmdir()
                place.rename(target)
                sync_names(target.resolve().parent)
                on_error.pop_all()
        except OSError as error:
            raise LibraryUnwritableError(target, reason=(error.strerror or str(error)).lower()) from None
        except sqlite3.Error as error:
            raise LibraryUnwritableError(target, reason=str(error)) from None

    def _copied_index(self, source: Path, place: Path) -> Snapshot:
        """The present state, of which the index is copied; the next one, where it was swept away meanwhile."""
        while True:
            snapshot = self.snapshot()
            index = index_folder(place, snapshot.name)
            try:
                copy_files(index_folder(source, snapshot.name), index)
            except OSError:
                shutil.rmtree(index, ignore_errors=True)
                if self.snapshot().name == snapshot.name:
                    raise
            else:
                if is_elsewhere(index / PASSAGES):  # which will be changed, and goes at some time
                    shutil.rmtree(index / PASSAGES)
                    (index / PASSAGES).mkdir()
                    snapshot.retriever.changed(removed=(), added=(), folder=index / PASSAGES)
                return snapshot

    def _change_in_memory(self, changes: Changes, on_indexing: Callable[[int, int], None] | None) -> Snapshot:
        old = self._snapshot
        with ExitStack() as on_error:
            database = on_error.enter_context(closing(connect(":memory:")))
            if old is not None:
                old.copy_to(database)
            database.execute("PRAGMA foreign_keys = ON")
            database.execute("BEGIN")
            migrate(database)
            made = self._update(database, changes, "", old.retriever if old else None, None, on_indexing)
            database.execute("COMMIT")
            on_error.pop_all()
        reader = Reader(database, _MEMORY)
        digests = reader.select("SELECT group_concat(hex(sha256)) FROM (SELECT sha256 FROM documents ORDER BY id)")
        state = LocalState(reader)
        index = opened(state, made.retriever, made.speller)
        name = f"memory-{digest(str(digests[0][0]))[:8]}"
        self._snapshot = Snapshot(state, index, name=name, encoder=self.encoder, vectors=self._kept_vectors)
        return self._snapshot

    def encode(
        self,
        *,
        on_passages: Callable[[int, int], None] = lambda *_: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> int:
        """Make vectors of the passages that have none yet, and keep them as they are made.

        Returns how many passages still have none, because it was stopped. Without an encoder nothing is done.
        `on_passages` is told how many passages are done, and of how many.

        Raises:
            LibraryUnwritableError: if the system refuses to write them.
            LibraryError: if the library cannot be read.
        """
        snapshot, encoder = self.snapshot(), self.encoder()
        if encoder is None:
            return 0
        with ExitStack() as stack:
            if self.folder is not None:
                writer = stack.enter_context(writing_vectors(self.folder, encoder.name, encoder.dimensions))
            else:
                if self._vectors_in_memory is None:
                    self._vectors_in_memory = connect(":memory:")
                writer = VectorWriter(self._vectors_in_memory, encoder.name, encoder.dimensions)
            return snapshot.encode(encoder, writer, on_passages=on_passages, should_stop=should_stop)

    def _kept_vectors(self, encoder: Encoder) -> KeptVectors | None:
        """The vectors of a library in memory."""
        if self._vectors is not None:
            return KeptVectors.open(self._vectors, encoder.name)
        if self._vectors_in_memory is None:
            return None
        return KeptVectors.of(Reader(self._vectors_in_memory, _MEMORY, is_shared=True), encoder.name)

    def _retriever(self, folder: Path, facts: Mapping[str, str]) -> Retriever:
        """The retriever of the version that these are the facts of."""
        snapshot = self._snapshot
        if snapshot is not None and snapshot.name == facts["version"]:
            return snapshot.retriever
        return load_retriever(index_folder(folder, facts["version"]), facts, self._retrievers)

    def _update(
        self,
        database: sqlite3.Connection,
        changes: Changes,
        version: str,
        old: Retriever | None,
        place: Path | None,
        on_indexing: Callable[[int, int], None] | None,
    ) -> Indexed:
        from qa.library.indexing import update

        return update(
            database,
            changes,
            version=version,
            old=old,
            engine=self._engine,
            retrievers=self._retrievers,
            synonyms=self._synonyms,
            library=self.folder or _MEMORY,
            folder=place,
            on_indexing=on_indexing,
        )
