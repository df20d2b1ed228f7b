"""The vectors of passages, in a database of their own beside the library's.

They are kept by a stamp of the encoded text, not by the passage's id. A passage whose text changes gets another stamp,
and has no vector until it is encoded again. A passage that moves to another file keeps its vector. Vectors are added
while the library answers. A passage without one is ranked by its words only.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from qa.encoders import Vectors
from qa.errors import DamagedLibraryError
from qa.library.folder import Reader, writing_to
from qa.library.words import chosen

__all__ = ["VECTORS", "KeptVectors", "VectorWriter", "writing_vectors"]

VECTORS = "vectors.sqlite3"

_TABLES = (
    "CREATE TABLE IF NOT EXISTS encoders (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
    " dimensions INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS vectors (encoder INTEGER NOT NULL REFERENCES encoders, stamp BLOB NOT NULL,"
    " passage BLOB NOT NULL, sentences BLOB NOT NULL, seal BLOB NOT NULL, PRIMARY KEY (encoder, stamp)) STRICT",
)
_SEAL = 8  # bytes


def _seal(stamp: bytes, passage: bytes, sentences: bytes) -> bytes:
    return hashlib.blake2b(stamp + passage + sentences, digest_size=_SEAL).digest()


class KeptVectors:
    """The vectors of one encoder, for reading. Several threads may use it at once."""

    def __init__(self, reader: Reader, encoder: int, dimensions: int) -> None:
        self._reader = reader
        self._encoder = encoder
        self._dimensions = dimensions

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
        return cls(reader, *found[0]) if found else None

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

    def problems(self, sentence_counts: Mapping[bytes, int]) -> Iterator[str]:
        """What is wrong with them, in sentences. `sentence_counts` has the number of sentences for each stamp."""
        query = "SELECT stamp, passage, sentences, seal FROM vectors WHERE encoder = ? AND stamp = ?"
        for stamp, count in sentence_counts.items():
            for _, passage, sentences, seal in self._reader.select(query, self._encoder, stamp):
                is_whole = (len(passage), len(sentences)) == (self._dimensions, count * self._dimensions)
                if not is_whole or seal != _seal(stamp, passage, sentences):
                    yield f"The vectors saved under {stamp.hex()} have been changed."

    def _unpacked(self, packed: bytes) -> Vectors:
        if len(packed) % self._dimensions:
            raise self._damaged()
        return np.frombuffer(packed, np.int8).reshape(-1, self._dimensions)

    def _damaged(self) -> DamagedLibraryError:
        return DamagedLibraryError(self._reader.place, reason=f"{VECTORS} has something in it that is not a vector")


class VectorWriter:
    """The vectors of one encoder, for adding. Every change is saved at once."""

    def __init__(self, database: sqlite3.Connection, encoder: str, dimensions: int) -> None:
        self._database = database
        database.execute("BEGIN IMMEDIATE")
        for statement in _TABLES:
            database.execute(statement)
        database.execute("INSERT OR IGNORE INTO encoders (name, dimensions) VALUES (?, ?)", (encoder, dimensions))
        [(self._encoder,)] = database.execute("SELECT number FROM encoders WHERE name = ?", (encoder,)).fetchall()
        database.execute("COMMIT")

    def stamps(self) -> set[bytes]:
        """The stamps that have vectors."""
        query = "SELECT stamp FROM vectors WHERE encoder = ?"
        return {stamp for (stamp,) in self._database.execute(query, (self._encoder,))}

    def add(self, vectors: Iterable[tuple[bytes, Vectors]]) -> None:
        """Save the vectors of passages, each under its stamp, in one transaction."""
        rows = []
        for stamp, found in vectors:
            passage, sentences = found[0].tobytes(), found[1:].tobytes()
            rows.append((self._encoder, stamp, passage, sentences, _seal(stamp, passage, sentences)))
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?, ?)", rows)
        self._database.execute("COMMIT")

    def delete(self, stamps: Iterable[bytes]) -> None:
        """Delete the vectors under these stamps, and those of other encoders."""
        database = self._database
        database.execute("BEGIN IMMEDIATE")
        database.execute("DELETE FROM vectors WHERE encoder <> ?", (self._encoder,))
        database.execute("DELETE FROM encoders WHERE number <> ?", (self._encoder,))
        database.executemany("DELETE FROM vectors WHERE stamp = ?", [(each,) for each in stamps])
        database.execute("COMMIT")


@contextmanager
def writing_vectors(folder: Path, encoder: str, dimensions: int) -> Iterator[VectorWriter]:
    """The vectors of a library in a folder, for adding.

    Raises:
        LibraryUnwritableError, DamagedLibraryError.
    """
    with writing_to(folder, VECTORS) as database:
        yield VectorWriter(database, encoder, dimensions)
