"""The vectors of passages, in a database of their own beside the library's.

They are kept by a stamp of the encoded text, not by the passage's id. A passage whose text changes gets another stamp,
and has no vector until it is encoded again. A passage that moves to another file keeps its vector. Vectors are added
while the library answers. A passage without one is ranked by its words only.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from qa.encoders import Vectors
from qa.errors import DamagedLibraryError, LibraryUnwritableError
from qa.library import nearest
from qa.library.folder import Reader, writing_to
from qa.library.sealing import file_problems
from qa.library.selecting import chosen

__all__ = ["VECTORS", "KeptVectors", "VectorWriter", "problems", "seal_of", "vectors_state", "writing_vectors"]

VECTORS = "vectors.sqlite3"

_TABLES = (
    "CREATE TABLE IF NOT EXISTS encoders (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
    " dimensions INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS vectors (encoder INTEGER NOT NULL REFERENCES encoders, stamp BLOB NOT NULL,"
    " passage BLOB NOT NULL, sentences BLOB NOT NULL, seal BLOB NOT NULL, PRIMARY KEY (encoder, stamp)) STRICT",
    "CREATE TABLE IF NOT EXISTS state (number INTEGER PRIMARY KEY, name TEXT NOT NULL, seal BLOB NOT NULL) STRICT",
)
_SEAL = 8  # bytes
_AT_ONCE = 1000  # rows
_UNSETTLED = 1 << 15  # vectors that have changed until the nearest are looked for among them


def seal_of(stamp: bytes, passage: bytes, sentences: bytes) -> bytes:
    """The digest under which vectors are kept."""
    return hashlib.blake2b(stamp + passage + sentences, digest_size=_SEAL).digest()


class KeptVectors:
    """The vectors of one encoder, for reading. Several threads may use it at once."""

    _files: nearest.SegmentFiles | None = None
    _in_memory: list[nearest.Segment] | None = None
    _is_in_memory = False

    def __init__(
        self, reader: Reader, encoder: int, dimensions: int, files: nearest.SegmentFiles | None = None
    ) -> None:
        """`files` are the segments of those in a folder."""
        self._reader = reader
        self._encoder = encoder
        self._dimensions = dimensions
        self._files = files
        self._is_in_memory = files is None

    @classmethod
    def open(cls, folder: Path, encoder: str) -> Self | None:
        """The vectors of the encoder with this name. None if there are none yet.

        Raises:
            LibraryError: if the database is there but cannot be read.
        """
        if not (folder / VECTORS).exists():
            return None
        return cls.of(Reader.open(folder, VECTORS), encoder)

    @classmethod
    def of(cls, reader: Reader, encoder: str) -> Self | None:
        """The same, from an open database."""
        if not reader.select("SELECT 1 FROM sqlite_schema WHERE name = 'vectors'"):
            return None
        found = reader.select("SELECT number, dimensions FROM encoders WHERE name = ?", encoder)
        if not found:
            return None
        [(number, dimensions)] = found
        files = None if reader.is_in_memory else nearest.SegmentFiles(reader.place, encoder)
        return cls(reader, number, dimensions, files)

    def version(self) -> int:
        """A number that changes if vectors were added or removed since the last call."""
        return int(self._reader.select("PRAGMA data_version")[0][0])

    @property
    def is_current(self) -> bool:
        """Whether its file is unchanged, as far as can be seen."""
        return self._reader.is_current

    def count(self, stamps: Iterable[bytes]) -> int:
        """How many of these stamps have vectors."""
        kept = {stamp for (stamp,) in self._reader.select("SELECT stamp FROM vectors WHERE encoder = ?", self._encoder)}
        return sum(stamp in kept for stamp in stamps)

    def of_stamps(self, stamps: Collection[bytes]) -> dict[bytes, Vectors]:
        """The vectors of these stamps. Stamps without vectors are left out.

        Raises:
            DamagedLibraryError: if the saved data is not a vector.
        """
        query = f"SELECT stamp, passage, sentences FROM vectors WHERE encoder = {self._encoder} AND stamp IN (…)"
        return {
            stamp: self._unpacked(passage + sentences)
            for stamp, passage, sentences in chosen(self._reader.select, query, stamps)
        }

    def of_passages(self, stamps: Sequence[bytes]) -> tuple[list[int], NDArray[np.int8]]:
        """The places of those of these stamps that have vectors, and the passage's own vector for each of them."""
        rows = self._reader.select("SELECT stamp, passage FROM vectors WHERE encoder = ?", self._encoder)
        kept = dict(rows)
        places = [place for place, stamp in enumerate(stamps) if stamp in kept]
        packed = b"".join(kept[stamps[place]] for place in places)
        vectors = self._unpacked(packed)
        if len(vectors) != len(places):
            raise self._damaged()
        return places, vectors

    def segments(self) -> list[nearest.Segment]:
        """The segments among which the nearest are looked for. There are none yet where none were written to a folder,
        and none of vectors that are kept elsewhere than in a database.

        Raises:
            DamagedLibraryError: where they cannot be read.
        """
        if self._files is not None:
            return self._files.current()
        if self._is_in_memory and self._count() != sum(map(len, self._in_memory or [])):
            rows = self._reader.select("SELECT stamp, passage FROM vectors WHERE encoder = ?", self._encoder)
            try:
                self._in_memory = [nearest.Segment.of(rows, self._dimensions)]
            except ValueError:
                raise self._damaged() from None
        return self._in_memory or []

    def _count(self) -> int:
        [(count,)] = self._reader.select("SELECT count(*) FROM vectors WHERE encoder = ?", self._encoder)
        return int(count)

    def problems(self, sentence_counts: Mapping[bytes, int]) -> Iterator[str]:
        """What is wrong with them, in sentences. `sentence_counts` has the number of sentences for each stamp."""
        yield from problems(self._reader, sentence_counts)

    def _unpacked(self, packed: bytes) -> Vectors:
        if len(packed) % self._dimensions:
            raise self._damaged()
        return np.frombuffer(packed, np.int8).reshape(-1, self._dimensions)

    def _damaged(self) -> DamagedLibraryError:
        return DamagedLibraryError(self._reader.place, reason=f"{VECTORS} has something in it that is not a vector")


def problems(reader: Reader, sentence_counts: Mapping[bytes, int]) -> Iterator[str]:
    """What is wrong with kept vectors, in sentences. `sentence_counts` has the number of sentences for each stamp."""
    broken = [f"{VECTORS} is broken: {row[0]}." for row in reader.select("PRAGMA integrity_check(10)")]
    if broken != [f"{VECTORS} is broken: ok."]:
        yield from broken
        return
    encoders = reader.select("SELECT number, name, dimensions FROM encoders ORDER BY number")
    dimensions = {number: size for number, _, size in encoders}
    is_whole, state = True, None
    if reader.select("SELECT 1 FROM sqlite_schema WHERE name = 'state'"):
        kept = reader.select("SELECT number, name, seal FROM state")
        state = kept[0][1] if kept else None
        if len(kept) != 1 or kept[0][0] != 1 or kept[0][2] != _seal_of_state(kept[0][1], encoders):
            yield f"The list of encoders in {VECTORS} has been changed."
            is_whole = False
    query = "SELECT rowid, encoder, stamp, passage, sentences, seal FROM vectors WHERE rowid > ? ORDER BY rowid LIMIT ?"
    last = -1
    while rows := reader.select(query, last, _AT_ONCE):
        for last, encoder, stamp, passage, sentences, seal in rows:  # noqa: B007 - the next rows are those behind it
            size = dimensions.get(encoder, 0)
            wanted = sentence_counts.get(stamp, len(sentences) // (size or 1)) * size
            if (len(passage), len(sentences)) != (size, wanted) or seal != seal_of(stamp, passage, sentences):
                is_whole = False
                yield f"The vectors saved under {stamp.hex()} have been changed."
    if is_whole and state is not None and not reader.is_in_memory:
        yield from file_problems(reader.place / VECTORS, state)
    if not reader.is_in_memory:
        yield from nearest.problems(reader.place)


def _seal_of_state(name: str, encoders: Sequence[tuple[object, ...]]) -> bytes:
    return hashlib.blake2b(repr((name, encoders)).encode("utf-8", "surrogatepass"), digest_size=_SEAL).digest()


class VectorWriter:
    """The vectors of one encoder, for adding. Every change is saved at once."""

    _folder: Path | None = None
    _changed: Set[bytes] = frozenset()  # stamps, since the state `_before`

    def __init__(
        self, database: sqlite3.Connection, encoder: str, dimensions: int, *, folder: Path | None = None
    ) -> None:
        """`folder` is the library's, if it has one."""
        self._database = database
        self._folder = folder
        self._name = encoder
        self._dimensions = dimensions
        self._changes = database.total_changes
        self._before = self._state = vectors_state(database)
        self._changed = set()
        database.execute("BEGIN IMMEDIATE")
        for statement in _TABLES:
            database.execute(statement)
        known = "SELECT number FROM encoders WHERE name = ?"
        if not database.execute(known, (encoder,)).fetchall():
            database.execute("INSERT INTO encoders (name, dimensions) VALUES (?, ?)", (encoder, dimensions))
        [(self._encoder,)] = database.execute(known, (encoder,)).fetchall()
        self._commit()

    def stamps(self) -> set[bytes]:
        """The stamps that have vectors."""
        query = "SELECT stamp FROM vectors WHERE encoder = ?"
        return {stamp for (stamp,) in self._database.execute(query, (self._encoder,))}

    def add(self, vectors: Iterable[tuple[bytes, Vectors]]) -> None:
        """Save the vectors of passages, each under its stamp, in one transaction."""
        rows = []
        for stamp, found in vectors:
            passage, sentences = found[0].tobytes(), found[1:].tobytes()
            rows.append((self._encoder, stamp, passage, sentences, seal_of(stamp, passage, sentences)))
        self._begin({stamp for _, stamp, *_ in rows})
        self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?, ?)", rows)
        self._commit()

    def delete(self, stamps: Iterable[bytes]) -> None:
        """Delete the vectors under these stamps, and those of other encoders."""
        database, gone = self._database, set(stamps)
        self._begin(gone)
        database.execute("DELETE FROM vectors WHERE encoder <> ?", (self._encoder,))
        database.execute("DELETE FROM encoders WHERE number <> ?", (self._encoder,))
        database.executemany("DELETE FROM vectors WHERE stamp = ?", [(each,) for each in gone])
        self._commit()

    @property
    def is_unsettled(self) -> bool:
        """Whether much has changed since `settle`."""
        return len(self._changed) >= _UNSETTLED

    def settle(self, *, is_large: bool) -> None:
        """Bring the segments, among which the nearest are looked for, up to these vectors. A library that is not large
        has none.

        Raises:
            LibraryUnwritableError: for what the system refuses.
            DamagedLibraryError: for segments that cannot be read.
        """
        if self._folder is None:
            return
        self._begin(set())
        try:
            if is_large:
                self._settle(self._folder)
            else:
                nearest.discard(self._folder)
        except OSError as error:
            raise LibraryUnwritableError(self._folder, reason=(error.strerror or str(error)).lower()) from None
        finally:
            self._database.execute("ROLLBACK")

    def _settle(self, folder: Path) -> None:
        database = self._database
        nearest.settle(
            folder,
            self._name,
            self._dimensions,
            state=str(self._state),
            before=self._before,
            changed=self._changed,
            kept=lambda: sorted(self.stamps()),
            passages=lambda stamps: chosen(
                lambda query, *some: database.execute(query, some).fetchall(),
                f"SELECT stamp, passage FROM vectors WHERE encoder = {self._encoder} AND stamp IN (…)",
                stamps,
            ),
        )
        self._before, self._changed = self._state, set()

    def _begin(self, changed: Set[bytes]) -> None:
        """Keep others from changing the vectors, until the end of what will change those under these stamps."""
        self._database.execute("BEGIN IMMEDIATE")
        if (state := vectors_state(self._database)) != self._state:
            self._before, self._state = None, state  # somebody else has changed others
        if self._folder is not None:
            self._changed |= changed

    def _commit(self) -> None:
        """Commit, under the name of a state that never was, unless nothing has changed since the last."""
        if self._database.total_changes != self._changes or self._state is None:
            encoders = self._database.execute("SELECT number, name, dimensions FROM encoders ORDER BY number")
            name = secrets.token_hex(16)
            row = (name, _seal_of_state(name, encoders.fetchall()))
            self._state = name
            self._database.execute("INSERT OR REPLACE INTO state VALUES (1, ?, ?)", row)
            self._changes = self._database.total_changes
        self._database.execute("COMMIT")


def vectors_state(database: sqlite3.Connection) -> str | None:
    """What tells the present state of kept vectors from all others; None where an earlier version wrote them."""
    if not database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'state'").fetchone():
        return None
    found = database.execute("SELECT name FROM state").fetchall()
    return str(found[0][0]) if found else None


@contextmanager
def writing_vectors(folder: Path, encoder: str, dimensions: int) -> Iterator[VectorWriter]:
    """The vectors of a library in a folder, for adding.

    Raises:
        LibraryUnwritableError, DamagedLibraryError.
    """
    with writing_to(folder, VECTORS, state=vectors_state) as database:
        yield VectorWriter(database, encoder, dimensions, folder=folder)
