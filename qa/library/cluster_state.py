"""The state of a library in a cluster, read by a process that keeps nothing on its own disk.

The tables, in which there is no text, are loaded once for each version. A search brings the words of each hit, laid
out. Documents come with their passages, several at once. So a question asks the cluster three times at most, besides
the manifest, once a second: for the hits, for the vectors of these where words alone are not sure, and for the
documents.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.asking.spelling import Speller
from qa.encoders import Encoder, Vectors
from qa.errors import DamagedLibraryError, LibraryBusyError
from qa.library.cluster_store import ClusterStore, Manifest, written
from qa.library.folder import Reader, connect
from qa.library.local import LocalState
from qa.library.meaning import MOST_COMPARED
from qa.library.packing import KEPT, copy_tables, restore_document, unpacked_document, unpacked_tables
from qa.library.remembering import Remembered
from qa.library.rows import document_of, entry_columns, passage_of
from qa.library.schema import migrate
from qa.library.selecting import chosen
from qa.library.vectors import KeptVectors, VectorWriter, seal_of
from qa.model import Document, Passage, digest
from qa.ranking.wordings import PackedRow
from qa.retrievers import Retriever
from qa.retrievers.opensearch import Beside, Kept, OpenSearchRetriever, kept_as, token

if TYPE_CHECKING:
    from qa.library.analyst import Titled

__all__ = ["ClusterState", "ClusterVectorWriter", "ClusterVectors", "beside"]

_MET = 20_000  # passages, whose words are remembered as they came: about 20 MB
_REMEMBERED_DOCUMENTS = 256
_REMEMBERED_CHARACTERS = 16_000_000
_AT_ONCE = 64  # documents that are read at once
_CHECKED = 500  # passages whose vectors are checked at once
_BESIDE = ("document", "stamp", "section", "stream", "contexts", "words")
_VECTORS = ("of", "name", "passage", "sentences", "seal")
_TOLD = "id,terms,length"


def beside(database: sqlite3.Connection, passage_ids: Sequence[str]) -> list[dict[str, Any]]:
    """What is kept of passages of a database beside their terms, in their order."""
    query = (
        "SELECT passages.id, document, stamp, section, stream, contexts, length FROM passages"
        " JOIN wordings ON passage = passages.number WHERE passages.id IN (…)"
    )
    rows = chosen(lambda statement, *given: database.execute(statement, given).fetchall(), query, passage_ids)
    found = {
        passage_id: dict(zip(_BESIDE, (document, stamp.hex(), section, written(stream), contexts, words), strict=True))
        for passage_id, document, stamp, section, stream, contexts, words in rows
    }
    return [found[each] for each in passage_ids]


class _Work(NamedTuple):
    """A document, and the rows of its passages by their ids, in source order."""

    document: Document
    passages: Mapping[str, Sequence[Any]]


class ClusterState(LocalState):
    """What a version in a cluster holds; see `State`."""

    _entry_columns = entry_columns("(SELECT passages FROM kept WHERE document = documents.number)")

    def __init__(self, store: ClusterStore, manifest: Manifest, latest: Callable[[], Manifest]) -> None:
        """`latest` gives the manifest as it was last read.

        Raises:
            DamagedLibraryError: where the tables are not there, or are not what was written.
        """
        self._store = store
        self._manifest = manifest
        self._latest = latest
        self._address = store.address
        try:
            tables = unpacked_tables(store.read_large(manifest.reading))
        except ValueError as error:
            raise self._damaged(f"its tables cannot be read ({error})") from None
        super().__init__(Reader(tables, Path(self._address)))
        self._tables = tables
        self._met: dict[str, Mapping[str, Any]] = {}
        self._works: Remembered[_Work] = Remembered(
            _REMEMBERED_DOCUMENTS, weigh=lambda work: len(work.document.text), heaviest=_REMEMBERED_CHARACTERS
        )
        self.retriever = _ClusterRetriever(store, Kept.of(manifest.passages), self)

    @property
    def place(self) -> Path | str:
        return self._address

    def facts(self) -> dict[str, str]:
        return {**super().facts(), "examples": json.dumps(self._latest().examples)}

    def frequencies(self, terms: Collection[str]) -> dict[str, int]:
        """In how many passages each of these terms is."""
        query = "SELECT term, passages FROM frequencies WHERE term IN (…)"
        found = dict(chosen(self._select, query, list(map(token, terms))))
        return {term: found.get(token(term), 0) for term in terms}

    # Documents

    def document(self, document_id: str) -> Document | None:
        return self._work(document_id).document if self.has_document(document_id) else None

    def _work(self, document_id: str) -> _Work:
        return self._works.get(document_id, lambda _: self._read_works([document_id])[document_id])

    def _read_works(self, document_ids: Collection[str]) -> dict[str, _Work]:
        query = "SELECT id, blob, digest FROM documents JOIN kept ON document = number WHERE id IN (…)"
        rows = chosen(self._select, query, document_ids)
        blobs = self._store.read_blobs([blob for _, blob, _ in rows])
        return {document_id: self._unpacked(document_id, blobs[blob], seal) for document_id, blob, seal in rows}

    def _unpacked(self, document_id: str, blob: bytes, seal: bytes) -> _Work:
        try:
            packed = unpacked_document(blob, seal)
            *row, sha256, data, text = packed.document
            found = document_of([*row, bytes.fromhex(sha256), data, text], packed.sections, packed.bibliography)
        except (ValueError, KeyError, TypeError) as error:
            raise self._damaged(f"its document {document_id} cannot be read ({error})") from None
        return _Work(found, {each[0]: each[:-1] for each in packed.passages})

    # Passages

    def bring(self, passage_ids: Collection[str]) -> None:
        numbers = {int(each["document"]) for each in self._beside(passage_ids).values()}
        rows = chosen(self._select, "SELECT id FROM documents WHERE number IN (…)", numbers)
        missing = [document_id for (document_id,) in rows if document_id not in self._works]
        if len(missing) > 1:
            for document_id, work in self._read_works(missing).items():
                self._works.get(document_id, lambda _, work=work: work)  # type: ignore[misc]

    def passage(self, passage_id: str, document: Callable[[str], Document]) -> Passage | None:
        found = self._documents_of([passage_id])
        if passage_id not in found:
            return None
        document_id = found[passage_id]
        return passage_of(self._work(document_id).passages[passage_id], document(document_id))

    def passages_of(self, document: Document) -> list[Passage]:
        return [passage_of(row, document) for row in self._work(document.id).passages.values()]

    def passage_ids_in(self, document_ids: Collection[str]) -> list[str]:
        missing = [each for each in document_ids if each not in self._works]
        read = self._read_works(missing) if missing else {}
        return [each for one in document_ids for each in (read.get(one) or self._work(one)).passages]

    def headings_above(self, passage_ids: Collection[str]) -> dict[str, tuple[str, tuple[str, ...]]]:
        found = self._beside(passage_ids)
        numbers = {each["document"] for each in found.values()}
        titles = dict(chosen(self._select, "SELECT number, title FROM documents WHERE number IN (…)", numbers))
        return {
            passage_id: (titles[each["document"]], tuple(json.loads(each["section"])))
            for passage_id, each in found.items()
        }

    def rows(self, passage_ids: Collection[str]) -> dict[str, PackedRow]:
        found = self._beside(passage_ids)
        return {
            passage_id: PackedRow(base64.b64decode(each["stream"]), each["contexts"], each["words"])
            for passage_id, each in found.items()
        }

    def _documents_of(self, passage_ids: Collection[str]) -> dict[str, str]:
        found = self._beside(passage_ids)
        numbers = {each["document"] for each in found.values()}
        ids = dict(chosen(self._select, "SELECT number, id FROM documents WHERE number IN (…)", numbers))
        return {passage_id: ids[each["document"]] for passage_id, each in found.items()}

    def _beside(self, passage_ids: Collection[str]) -> dict[str, Mapping[str, Any]]:
        """What is kept beside the terms of passages: as it came with hits, else it is read."""
        met = self._met
        found = {each: met[each] for each in passage_ids if each in met}
        missing = {kept_as(each): each for each in passage_ids if each not in found}
        if missing:
            read = self._store.read(self.retriever.kept.name, list(missing), without=_TOLD)
            for kept, source in read.items():
                found[missing[kept]] = source
                self.meet(missing[kept], source)
        return found

    def meet(self, passage_id: str, source: Mapping[str, Any]) -> None:
        """Remember what came with a hit."""
        if len(self._met) >= _MET:
            self._met = {}
        self._met[passage_id] = source

    def _scanned(self) -> Iterable[tuple[str, Mapping[str, Any]]]:
        """What is kept of all passages, ascending by their ids."""
        name = self.retriever.kept.name
        return self._store.scan(name, by="id", query={"match_all": {}}, source=_BESIDE)

    # Vectors, checks and copies

    def stamps(self, passage_ids: Collection[str]) -> dict[str, bytes]:
        return {each: bytes.fromhex(source["stamp"]) for each, source in self._beside(passage_ids).items()}

    def ids_of_stamps(self, stamps: Collection[bytes]) -> dict[bytes, list[str]]:
        wanted = set(stamps)
        found: dict[bytes, list[str]] = {}
        for passage_id, stamp in self.all_stamps():
            if stamp in wanted:
                found.setdefault(stamp, []).append(passage_id)
        return found

    def all_stamps(self) -> list[tuple[str, bytes]]:
        is_small = self.retriever.passage_count <= MOST_COMPARED
        found = []
        for passage_id, source in self._scanned():
            if is_small:
                self.meet(passage_id, source)
            found.append((passage_id, bytes.fromhex(source["stamp"])))
        return found

    def encode(
        self,
        encoder: Encoder,
        writer: VectorWriter,
        *,
        on_passages: Callable[[int, int], None],
        should_stop: Callable[[], bool],
    ) -> int:
        from qa.library.encoding import encode

        with self._while_present():
            rows = [
                (each["document"], passage_id, bytes.fromhex(each["stamp"])) for passage_id, each in self._scanned()
            ]
            rows.sort()
            stamps = {number: stamp for number, (*_, stamp) in enumerate(rows)}
            titled = partial(self._titled, [(document, passage_id) for document, passage_id, _ in rows])
            return encode(stamps, titled, encoder, writer, on_passages=on_passages, should_stop=should_stop)

    def _titled(self, passages: Sequence[tuple[int, str]], numbers: Sequence[int]) -> Iterator[Titled]:
        """Those with some numbers of passages, which are told by the numbers of their documents and their own ids."""
        from qa.library.analyst import titled

        for start in range(0, len(numbers), _AT_ONCE):
            some = numbers[start : start + _AT_ONCE]
            documents = {passages[number][0] for number in some}
            ids = dict(chosen(self._select, "SELECT number, id FROM documents WHERE number IN (…)", documents))
            works = self._read_works(ids.values())
            for number in some:
                document, passage_id = passages[number]
                work = works[ids[document]]
                yield titled(number, work.document.title, work.document.text, work.passages[passage_id])

    def problems(
        self,
        retriever: Retriever,  # noqa: ARG002 - its own, which asks the cluster for every number
        speller: Speller,
        vectors: KeptVectors | None,
        *,
        on_passages: Callable[[int, int], None],
    ) -> list[str]:
        try:
            with self._while_present():
                return self._problems(speller, vectors, on_passages=on_passages)
        except DamagedLibraryError as error:
            return [error.message]

    def _problems(
        self, speller: Speller, vectors: KeptVectors | None, *, on_passages: Callable[[int, int], None]
    ) -> list[str]:
        counting = self.retriever.counting()
        found = self._copied().problems(counting, speller, vectors, on_passages=on_passages)
        table = dict(self._select("SELECT term, passages FROM frequencies"))
        if not found and counting.document_frequencies(table) != table:
            found.append("The saved numbers of passages that have each term are wrong.")
        return found

    @contextmanager
    def _while_present(self) -> Iterator[None]:
        """What is read for long must be of the present version: parts of another may have been deleted.

        Raises:
            LibraryBusyError: in place of damage, where there is a new version.
        """
        try:
            yield
        except DamagedLibraryError:
            if self._store.manifest().version != self._manifest.version:
                raise LibraryBusyError(self._address, has_changed=True) from None
            raise

    def _copied(self) -> LocalState:
        database = connect(":memory:")
        self.copy_to(database)
        return LocalState(Reader(database, Path(self._address)))

    def copy_to(self, database: sqlite3.Connection, *, on_pages: Callable[[int, int], None] | None = None) -> None:
        """Write it into an empty database. `on_pages` is told how many documents are written, and of how many."""
        database.execute("BEGIN")
        migrate(database)
        for statement in KEPT:
            database.execute(statement)
        copy_tables(self._tables, database, is_reading=True)
        try:
            with closing(unpacked_tables(self._store.read_large(self._manifest.writing))) as writing:
                copy_tables(writing, database, is_reading=False)
        except ValueError as error:
            raise self._damaged(f"its tables cannot be read ({error})") from None
        rows = self._select("SELECT id, blob, digest, file, part FROM documents JOIN kept ON document = number")
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            blobs = self._store.read_blobs([blob for _, blob, *_ in some])
            for document_id, blob, seal, file, part in some:
                try:
                    restore_document(database, unpacked_document(blobs[blob], seal), file=file, part=part)
                except (ValueError, KeyError, TypeError) as error:
                    raise self._damaged(f"its document {document_id} cannot be read ({error})") from None
            if on_pages is not None:
                on_pages(start + len(some), len(rows))
        database.executemany(
            "INSERT INTO wordings (passage, stream, contexts, length)"
            " SELECT number, ?, ?, ? FROM passages WHERE id = ?",
            (
                (base64.b64decode(each["stream"]), each["contexts"], each["words"], passage_id)
                for passage_id, each in self._scanned()
            ),
        )
        database.execute("COMMIT")

    def _damaged(self, reason: str) -> DamagedLibraryError:
        return DamagedLibraryError(self._address, reason=reason)


class _ClusterRetriever(OpenSearchRetriever):
    """The retriever of a state, whose tables have the numbers that a question needs."""

    def __init__(self, store: ClusterStore, kept: Kept, state: ClusterState) -> None:
        super().__init__(store.cluster, kept, None, Beside(met=state.meet))
        self._state = state

    def counting(self) -> OpenSearchRetriever:
        """The same, which asks the cluster for every number."""
        return OpenSearchRetriever(self._cluster, self.kept, None, self._beside)

    def document_frequencies(self, terms: Collection[str]) -> dict[str, int]:
        known = self._frequencies
        found = {term: known[term] for term in terms if term in known}
        if len(found) < len(set(terms)):
            read = self._state.frequencies([term for term in terms if term not in found])
            self._remember(read)
            found |= read
        return found


class ClusterVectors(KeptVectors):
    """The vectors of one encoder in a cluster, for reading. Of a small library all are loaded when one is needed."""

    def __init__(self, store: ClusterStore, encoder: Encoder, latest: Callable[[], Manifest]) -> None:
        self._store = store
        self._label = _label(encoder.name)
        self._dimensions = encoder.dimensions
        self._latest = latest
        self._all: tuple[int, dict[bytes, bytes]] = -1, {}

    def version(self) -> int:
        return self._latest().vectors

    @property
    def is_current(self) -> bool:
        return True

    def count(self, stamps: Iterable[bytes]) -> int:
        kept = _stamps(self._store, self._label)
        return sum(stamp in kept for stamp in stamps)

    def of_stamps(self, stamps: Collection[bytes]) -> dict[bytes, Vectors]:
        version, everything = self._all
        if version == self.version():
            return {each: self._unpacked(everything[each]) for each in stamps if each in everything}
        found = self._store.read(self._store.vectors, [f"{self._label}-{each.hex()}" for each in stamps])
        return dict(self._checked(source) for source in found.values())

    def of_passages(self, stamps: Sequence[bytes]) -> tuple[list[int], NDArray[np.int8]]:
        version = self.version()
        query = {"term": {"of": self._label}}
        found = self._store.scan(self._store.vectors, by="name", query=query, source=_VECTORS)
        kept = {stamp: vectors for _, each in found for stamp, vectors in [self._checked(each)]}
        self._all = version, {stamp: vectors.tobytes() for stamp, vectors in kept.items()}
        places = [place for place, stamp in enumerate(stamps) if stamp in kept]
        empty = np.zeros((0, self._dimensions), np.int8)
        return places, np.concatenate([empty, *(kept[stamps[place]][:1] for place in places)])

    def problems(self, sentence_counts: Mapping[bytes, int]) -> Iterable[str]:  # type: ignore[override]
        stamps = iter(sentence_counts)
        while some := list(islice(stamps, _CHECKED)):
            for stamp, vectors in self.of_stamps(some).items():
                if len(vectors) != 1 + sentence_counts[stamp]:
                    yield f"The vectors saved under {stamp.hex()} have been changed."

    def _checked(self, source: Mapping[str, Any]) -> tuple[bytes, Vectors]:
        stamp = bytes.fromhex(source["name"].partition("-")[2])
        passage, sentences = base64.b64decode(source["passage"]), base64.b64decode(source["sentences"])
        if base64.b64decode(source["seal"]) != seal_of(stamp, passage, sentences):
            raise self._damaged()
        return stamp, self._unpacked(passage + sentences)

    def _damaged(self) -> DamagedLibraryError:
        return DamagedLibraryError(self._store.address, reason="it has vectors that are not what was written")


class ClusterVectorWriter(VectorWriter):
    """The vectors of one encoder in a cluster, for adding."""

    def __init__(self, store: ClusterStore, encoder: Encoder) -> None:
        self._store = store
        self._label = _label(encoder.name)
        self._has_changed = False

    def stamps(self) -> set[bytes]:
        self._has_changed |= not self._store.told_all_vectors()
        return _stamps(self._store, self._label)

    def add(self, vectors: Iterable[tuple[bytes, Vectors]]) -> None:
        self._announce()
        operations = []
        for stamp, found in vectors:
            passage, sentences = found[0].tobytes(), found[1:].tobytes()
            name = f"{self._label}-{stamp.hex()}"
            told = (self._label, name, written(passage), written(sentences))
            seal = written(seal_of(stamp, passage, sentences))
            operations.append(({"index": {"_id": name}}, dict(zip(_VECTORS, (*told, seal), strict=True))))
        self._store.cluster.write(self._store.vectors, operations)

    def delete(self, stamps: Iterable[bytes]) -> None:
        gone = [f"{self._label}-{each.hex()}" for each in stamps]
        if gone:
            self._announce()
        self._store.cluster.write(self._store.vectors, (({"delete": {"_id": each}},) for each in gone))
        of_others = {"bool": {"must_not": [{"term": {"of": self._label}}]}}
        self._has_changed |= self._store.delete_all(self._store.vectors, of_others) > 0

    def _announce(self) -> None:
        """Let the next one tell of what is added or deleted from now on, should this process be killed."""
        if not self._has_changed:
            self._store.tell_vectors(are_all=False)
            self._has_changed = True

    def tell(self) -> None:
        """Let all know that vectors were added or deleted, if any were."""
        if self._has_changed:
            self._store.tell_vectors(are_all=True)
            self._has_changed = False


def _label(encoder: str) -> str:
    return digest(encoder)[:12]


def _stamps(store: ClusterStore, label: str) -> set[bytes]:
    store.refresh(store.vectors)
    found = store.scan(store.vectors, by="name", query={"term": {"of": label}}, source=["of"])
    return {bytes.fromhex(name.partition("-")[2]) for name, _ in found}
