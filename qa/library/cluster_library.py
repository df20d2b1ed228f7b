"""A library in a cluster: its state for whoever asks, and the changes that make the next one.

Who asks keeps nothing on a disk. Who changes it works in a folder of its own, a library like any other whose index of
passages is in the cluster. The folder lies among the caches, and may be deleted: where it does not fit the version in
the cluster, or is not there, the next change makes it from what the cluster has.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from contextvars import Context
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from typing import TYPE_CHECKING

from qa.asking.concepts import Concept
from qa.asking.spelling import Speller
from qa.config import LibraryAddress, Settings
from qa.encoders import Encoder
from qa.errors import DamagedLibraryError, LibraryBusyError, LibraryError, SettingError
from qa.library.cluster_state import ClusterState, ClusterVectors, ClusterVectorWriter, beside
from qa.library.cluster_store import ClusterStore, Lease, Manifest, Superseded
from qa.library.folder import DATABASE, Reader, connect, index_folder, kept_facts
from qa.library.index import PASSAGES, VOCABULARY, opened
from qa.library.packing import KEPT, packed_arrays, packed_document, packed_tables, unpacked_arrays
from qa.library.rows import Changes, Source
from qa.library.snapshot import Snapshot
from qa.library.store import Library
from qa.model import FileState, digest
from qa.retrievers import OPENSEARCH, Retriever, files
from qa.retrievers.cluster import Cluster, NotThereError
from qa.retrievers.opensearch import FILLER, Beside, Kept, OpenSearchEngine, OpenSearchRetriever, kept_as, token

if TYPE_CHECKING:
    from qa.library.indexing import Indexed

__all__ = ["ClusterLibrary"]

_LOOKED = 1.0  # seconds, after which it is looked whether there is a new version
_TOLD = 10.0  # seconds, after which others are told of vectors that were made meanwhile
_AT_ONCE = 500  # passages whose terms are read at once
_NAMED = 16  # characters of the name of a working folder


class ClusterLibrary(Library):
    """The library at an address in a cluster."""

    def __init__(
        self,
        address: LibraryAddress,
        settings: Settings,
        *,
        synonyms: Callable[[], Sequence[Concept]],
        encoder: Callable[[], Encoder | None],
    ) -> None:
        """The cluster is not asked yet.

        Raises:
            SettingError: for settings by which it cannot be asked, or another engine.
        """
        if settings.engine not in (None, "auto", OPENSEARCH):
            raise SettingError("engine", f"cannot be {settings.engine}: a library in a cluster has {OPENSEARCH}")
        super().__init__(None, engine=OPENSEARCH, synonyms=synonyms, encoder=encoder)
        self._settings = replace(settings, cluster=tuple(dict.fromkeys((address.node, *settings.cluster))))
        self._store = ClusterStore(address, Cluster(self._settings), shards=settings.cluster_shards)
        self._manifest: Manifest | None = None
        self._looked = 0.0
        self._looking = Lock()

    def snapshot(self) -> Snapshot:
        """The current state, as it was a second ago at most.

        Raises:
            LibraryNotFoundError, IndexFormatError, DamagedLibraryError, ClusterError.
        """
        found = self._snapshot
        if found is None:
            with self._looking:
                return self._seen()
        if time.monotonic() < self._looked + _LOOKED or not self._looking.acquire(blocking=False):
            return found  # or another thread looks now
        try:
            return self._seen()
        finally:
            self._looking.release()

    def present(self) -> Snapshot:
        """The state of this moment; see `Library.present`."""
        with self._looking:  # who looks now may have read the manifest before
            self._looked = 0.0
            return self._seen()

    def _seen(self) -> Snapshot:
        """The same, for the one thread that looks."""
        now, found = time.monotonic(), self._snapshot
        if found is not None and now < self._looked + _LOOKED:
            return found
        self._manifest = manifest = self._store.manifest()
        if found is None or found.name != manifest.version:
            found = self._snapshot = Context().run(self._opened_version, manifest)  # not in the time of one question
        self._looked = now
        return found

    def _opened_version(self, manifest: Manifest) -> Snapshot:
        state = ClusterState(self._store, manifest, self._latest)
        index = opened(state, state.retriever, _speller(self._store, manifest))
        return Snapshot(
            state,
            index,
            name=manifest.version,
            encoder=self.encoder,
            vectors=lambda encoder: ClusterVectors(self._store, encoder, self._latest),
        )

    def _latest(self) -> Manifest:
        """The manifest as it was last read."""
        return self._manifest or self._store.manifest()

    def change(
        self,
        *,
        add: Iterable[Source] = (),
        remove: Iterable[str] = (),
        files: Mapping[str, FileState] | None = None,
        planned_for: str | None = None,
        on_indexing: Callable[[int, int], None] | None = None,
    ) -> Snapshot:
        """Add, replace and then remove documents; see `Library.change`."""
        if isinstance(remove, Collection) and remove and add == ():
            self._store.manifest()  # where there is no library, nothing is made for it
        with self._working() as workspace:
            workspace.change(add=add, remove=remove, files=files, planned_for=planned_for, on_indexing=on_indexing)
        return self.present()

    @contextmanager
    def _working(self) -> Iterator[_Workspace]:
        """The folder in which the present version is changed. Nobody else writes until the block ends.

        Raises:
            LibraryBusyError: while another does.
        """
        store = self._store
        with store.leased() as lease:
            manifest = store.manifest_of_writer()
            store.sweep(manifest, lease)
            with _working_folder(store.address) as folder:
                workspace = _Workspace(folder, store, self._settings, self._synonyms, manifest, lease)
                workspace.make_present()
                try:
                    yield workspace
                except LibraryBusyError:
                    raise LibraryBusyError(store.address) from None
                except BaseException:
                    with suppress(LibraryError):
                        store.sweep(store.present(), lease)
                    raise

    def keep_examples(self, version: str, questions: Sequence[str]) -> None:
        """Keep the questions to begin with; see `Library.keep_examples`."""
        self._store.keep_examples(version, questions)
        self._looked = 0.0

    def encode(
        self,
        *,
        on_passages: Callable[[int, int], None] = lambda *_: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> int:
        """Make vectors of the passages that have none yet; see `Library.encode`."""
        encoder = self.encoder()
        if encoder is None:
            return 0
        snapshot, told = self.snapshot(), time.monotonic()
        self._store.make_indices()
        writer = ClusterVectorWriter(self._store, encoder)

        def tell(done: int, total: int) -> None:
            nonlocal told
            on_passages(done, total)
            if time.monotonic() > told + _TOLD:
                writer.tell()
                told = time.monotonic()

        try:
            left = snapshot.encode(encoder, writer, on_passages=tell, should_stop=should_stop)
        except BaseException:
            with suppress(LibraryError, NotThereError):  # the first error is the one to be told
                writer.tell()
            raise
        else:
            writer.tell()
            return left
        finally:
            self._looked = 0.0

    @contextmanager
    def backing_up(
        self,
        target: Path,
        *,
        on_pages: Callable[[int, int], None] | None = None,  # noqa: ARG002 - none are made
    ) -> Iterator[Path]:
        """Not from a cluster, which has snapshots of its own.

        Raises:
            SettingError: always.
        """
        raise SettingError("library", "is in a cluster, of which no copy is made. Make a snapshot in the cluster")
        yield target


class _Workspace(Library):
    """The folder in which a version in a cluster is changed. To commit there is to commit."""

    def __init__(
        self,
        folder: Path,
        store: ClusterStore,
        settings: Settings,
        synonyms: Callable[[], Sequence[Concept]],
        manifest: Manifest | None,
        lease: Lease,
    ) -> None:
        self._lease = lease
        self._store = store
        self._settings = settings
        self._before = manifest
        plain = OpenSearchEngine(settings, cluster=store.cluster, beside=Beside(prefix=store.prefix))
        super().__init__(folder, engine=OPENSEARCH, retrievers=lambda _: plain, synonyms=synonyms)

    @property
    def _place(self) -> Path:
        assert self.folder is not None  # noqa: S101 - it always has one
        return self.folder

    def make_present(self) -> None:
        """Make the folder hold the version of the manifest, unless it does."""
        if self._has() == (self._before.version if self._before else None):
            return
        shutil.rmtree(self._place, ignore_errors=True)
        manifest = self._before
        if manifest is None:
            return
        self._place.mkdir(parents=True)
        index = index_folder(self._place, manifest.version)
        for name in (PASSAGES, VOCABULARY):
            (index / name).mkdir(parents=True)
        files.write_json(index / PASSAGES / files.ELSEWHERE, Kept.of(manifest.passages).values())
        files.seal(index / PASSAGES, [files.ELSEWHERE])
        files.kept_arrays(index / VOCABULARY, VOCABULARY, _speller(self._store, manifest).arrays)
        with closing(connect((self._place.resolve() / f"{DATABASE}.new").as_uri())) as database:
            ClusterState(self._store, manifest, lambda: manifest).copy_to(database)
            database.execute("DELETE FROM facts WHERE key IN ('seals', 'index_files')")
        (self._place / f"{DATABASE}.new").rename(self._place / DATABASE)

    def _has(self) -> str | None:
        """The version that the folder holds."""
        try:
            reader = Reader.open(self._place)
            return kept_facts(self._place, reader.database).get("version")
        except LibraryError:
            return None

    def _is_forgotten(self, place: Path) -> bool:  # noqa: ARG002 - of no place
        return True  # what is in the cluster is swept there

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

        for statement in KEPT:
            database.execute(statement)
        counting = _Counting(self._settings, self._store, database)
        before = {blob for (blob,) in database.execute("SELECT blob FROM kept")}
        made = update(
            database,
            changes,
            version=version,
            old=counting.over(old) if isinstance(old, OpenSearchRetriever) else None,
            engine=OPENSEARCH,
            retrievers=lambda _: counting,
            synonyms=self._synonyms,
            library=self._place,
            folder=place,
            on_indexing=on_indexing,
        )
        self._publish(database, version, made, counting.kept, before)
        return made

    def _publish(
        self, database: sqlite3.Connection, version: str, made: Indexed, kept: Kept, before: Collection[str]
    ) -> None:
        """Write what is new into the cluster, and at last the manifest."""
        store, manifest = self._store, self._before
        store.write_blobs(version, self._new_documents(database, version))
        reading, writing = packed_tables(database)
        now = {blob for (blob,) in database.execute("SELECT blob FROM kept")}
        superseded: list[Superseded] = []
        if manifest is not None:
            superseded, gone = store.parted(manifest.superseded)
            store.delete(gone)
            blobs = [*sorted(set(before) - now), *manifest.reading, *manifest.writing, *manifest.speller]
            superseded.append(Superseded(time.time(), manifest.passages["name"], blobs))
        after = Manifest(
            version=version,
            passages=kept.values(),
            reading=store.write_large(version, "reading", reading),
            writing=store.write_large(version, "writing", writing),
            speller=store.write_large(version, "speller", packed_arrays(made.speller.arrays)),
            superseded=tuple(superseded),
        )
        self._lease.keep()  # of the first version there is no manifest that another could have written again
        store.commit(after, manifest)

    def _new_documents(self, database: sqlite3.Connection, version: str) -> Iterator[tuple[str, bytes]]:
        """The documents that are not in the cluster yet, packed, each with its id there."""

        def select(statement: str, *given: object) -> list[tuple[object, ...]]:
            return database.execute(statement, given).fetchall()

        query = "SELECT number FROM documents WHERE number NOT IN (SELECT document FROM kept) ORDER BY number"
        for (number,) in database.execute(query).fetchall():
            blob = f"{version}-{number}"
            packed, seal = packed_document(select, number)
            count = "SELECT count(*) FROM passages WHERE document = ?"
            database.execute(f"INSERT INTO kept SELECT ?, ?, ?, ({count})", (number, blob, seal, number))
            yield blob, packed


class _Counting:
    """Makes indices of passages with what is kept beside their terms, and counts in how many passages each term is."""

    def __init__(self, settings: Settings, store: ClusterStore, database: sqlite3.Connection) -> None:
        self._store = store
        self._database = database
        self._beside = Beside(prefix=store.prefix, given=partial(beside, database))
        self._engine = OpenSearchEngine(settings, cluster=store.cluster, beside=self._beside)
        self._kept: Kept | None = None

    @property
    def kept(self) -> Kept:
        """What is kept of the index that was made."""
        assert self._kept is not None  # noqa: S101 - a change makes one
        return self._kept

    def build(
        self, passages: Iterable[tuple[str, Sequence[str]]], *, folder: Path | None = None
    ) -> OpenSearchRetriever:
        counts: Counter[str] = Counter()
        made = self._engine.build(_counted(passages, counts), folder=folder)
        self._database.execute("DELETE FROM frequencies")
        self._add(counts)
        self._kept = made.kept
        return made

    def load(self, folder: Path) -> OpenSearchRetriever:
        return self._engine.load(folder)

    def forget(self, folder: Path) -> None:
        self._engine.forget(folder)

    def over(self, old: OpenSearchRetriever) -> _Changing:
        """The same retriever, whose changes are counted."""
        return _Changing(self._store, old, self._beside, self)

    def changed(self, made: OpenSearchRetriever, counts: Counter[str], removed: Iterable[Sequence[str]]) -> None:
        """Take over what a change made, in which passages with these terms were removed."""
        for terms in removed:
            counts.subtract({term for term in terms if term != FILLER})
        self._add(counts)
        self._kept = made.kept

    def _add(self, counts: Mapping[str, int]) -> None:
        self._database.executemany(
            "INSERT INTO frequencies VALUES (?, ?)"
            " ON CONFLICT (term) DO UPDATE SET passages = passages + excluded.passages",
            counts.items(),
        )
        self._database.execute("DELETE FROM frequencies WHERE passages = 0")


class _Changing(OpenSearchRetriever):
    """The retriever of the version that is changed."""

    def __init__(self, store: ClusterStore, old: OpenSearchRetriever, beside: Beside, counting: _Counting) -> None:
        super().__init__(store.cluster, old.kept, old.folder, beside)
        self._store = store
        self._counting = counting

    def changed(
        self, *, removed: Collection[str], added: Iterable[tuple[str, Sequence[str]]], folder: Path | None = None
    ) -> OpenSearchRetriever:
        counts: Counter[str] = Counter()
        made = super().changed(removed=removed, added=_counted(added, counts), folder=folder)
        self._counting.changed(made, counts, self._terms_of(sorted(removed)))
        return made

    def _terms_of(self, passage_ids: Sequence[str]) -> Iterator[Sequence[str]]:
        for start in range(0, len(passage_ids), _AT_ONCE):
            some = list(map(kept_as, passage_ids[start : start + _AT_ONCE]))
            for source in self._store.read(self.kept.name, some).values():
                yield source["terms"]


def _counted(
    passages: Iterable[tuple[str, Sequence[str]]], counts: Counter[str]
) -> Iterator[tuple[str, Sequence[str]]]:
    """The passages as they come; each of their terms is counted once."""
    for passage_id, terms in passages:
        counts.update(set(map(token, terms)))
        yield passage_id, terms


def _speller(store: ClusterStore, manifest: Manifest) -> Speller:
    try:
        return Speller(unpacked_arrays(store.read_large(manifest.speller)))
    except (ValueError, KeyError) as error:
        raise DamagedLibraryError(store.address, reason=f"its words cannot be read ({error})") from None


@contextmanager
def _working_folder(address: LibraryAddress) -> Iterator[Path]:
    """The folder in which a library is changed: among the caches, or one that goes afterwards where there are none."""
    from platformdirs import user_cache_path

    folder = user_cache_path("pincite", appauthor=False) / f"cluster-{digest(address)[:_NAMED]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        own = Path(mkdtemp(prefix="pincite-"))
        try:
            yield own
        finally:
            shutil.rmtree(own, ignore_errors=True)
    else:
        yield folder
