"""Parts of a library as bytes, to be kept elsewhere: documents one by one, and its tables as a small database."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from qa.library.folder import connect
from qa.library.rows import DOCUMENT_COLUMNS, parts_of
from qa.library.selecting import Select

__all__ = [
    "KEPT",
    "PackedDocument",
    "copy_tables",
    "packed_arrays",
    "packed_document",
    "packed_tables",
    "restore_document",
    "unpacked_arrays",
    "unpacked_document",
    "unpacked_tables",
]

KEPT = (
    "CREATE TABLE IF NOT EXISTS kept (document INTEGER PRIMARY KEY REFERENCES documents ON DELETE CASCADE,"
    " blob TEXT NOT NULL, digest BLOB NOT NULL, passages INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS frequencies (term TEXT PRIMARY KEY, passages INTEGER NOT NULL) STRICT, WITHOUT ROWID",
)
"""What is kept besides of a library that is elsewhere: under which id each document is, its digest, and how many
passages it has; and in how many passages each term is."""

_LEVEL = 3  # of compression; higher ones take much longer for little
_BYTES = 16  # of a digest
_AT_ONCE = 1000  # rows

_READING = ("facts", "files", "documents", "words", "concepts", "namings", "kept", "frequencies")
_WRITING = ("spellings",)
_COLUMNS = {
    "documents": "number, id, file, part, title, updated, sha256, json_object('source', json_extract(data, '$.source'),"
    " 'publisher', json_extract(data, '$.publisher'), 'left_out', json(json_extract(data, '$.left_out'))), ''"
}
"""What is packed of a table, where that is not all: of documents what their list shows."""

_PASSAGES = (
    "SELECT id, section, start, end, page, sentences, hex(stamp) FROM passages WHERE document = ?"
    " ORDER BY start, passages.number"
)
_DEFINITIONS = "SELECT short, long FROM definitions WHERE document = ? ORDER BY short, long"


class PackedDocument(NamedTuple):
    """A document with all that belongs to it, as rows."""

    document: list[Any]
    """Its `DOCUMENT_COLUMNS`; the digest in hexadecimal."""

    sections: list[list[Any]]
    bibliography: list[list[Any]]
    passages: list[list[Any]]
    """Their `PASSAGE_COLUMNS`, and the stamp in hexadecimal; in source order."""

    definitions: list[list[Any]]


def packed_document(select: Select, number: int) -> tuple[bytes, bytes]:
    """A document of a database, packed, and its digest."""
    [row] = select(f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE number = ?", number)
    found, document_id, title, updated, sha256, data, text = row
    parts = [*parts_of(select, number), select(_PASSAGES, number), select(_DEFINITIONS, number)]
    packed = json.dumps(
        [[found, document_id, title, updated, sha256.hex(), data, text], *parts],
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode("utf-8", "surrogatepass")
    return zlib.compress(packed, _LEVEL), hashlib.blake2b(packed, digest_size=_BYTES).digest()


def unpacked_document(packed: bytes, digest: bytes) -> PackedDocument:
    """The document that was packed.

    Raises:
        ValueError: for bytes that are not it.
    """
    try:
        found = zlib.decompress(packed)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if hashlib.blake2b(found, digest_size=_BYTES).digest() != digest:
        raise ValueError("its digest is another")
    return PackedDocument(*json.loads(found.decode("utf-8", "surrogatepass")))


def restore_document(database: sqlite3.Connection, packed: PackedDocument, *, file: int, part: str) -> None:
    """Write a document that was packed into a database."""
    number, document_id, title, updated, sha256, data, text = packed.document
    database.execute(
        "INSERT INTO documents (number, file, part, id, title, updated, sha256, data, text)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (number, file, part, document_id, title, updated, bytes.fromhex(sha256), data, text),
    )
    tables = (("sections", 6, packed.sections), ("bibliography", 7, packed.bibliography))
    for table, columns, rows in tables:
        places = ",".join("?" * columns)
        found = [(number, place, *row) for place, row in enumerate(rows)]
        database.executemany(f"INSERT INTO {table} VALUES ({places})", found)
    database.executemany(
        "INSERT INTO passages (document, id, section, start, end, page, sentences, stamp)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(number, *row, bytes.fromhex(stamp)) for *row, stamp in packed.passages],
    )
    database.executemany("INSERT INTO definitions VALUES (?, ?, ?)", [(number, *row) for row in packed.definitions])


def packed_tables(database: sqlite3.Connection) -> tuple[bytes, bytes]:
    """The tables of a database that a question needs, and those that only a change needs; without texts."""
    return _packed(database, "reading", _READING), _packed(database, "writing", _WRITING)


def _packed(database: sqlite3.Connection, name: str, tables: Sequence[str]) -> bytes:
    database.execute(f"ATTACH ':memory:' AS {name}")  # it goes with the connection
    found = database.execute("SELECT tbl_name, type, name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL")
    schema = {(table, kind, each): sql for table, kind, each, sql in found}
    for table in tables:
        database.execute(schema[table, "table", table].replace("CREATE TABLE ", f"CREATE TABLE {name}.", 1))
        database.execute(f"INSERT INTO {name}.{table} SELECT {_COLUMNS.get(table, '*')} FROM main.{table}")
        for (of_table, kind, each), sql in schema.items():
            if (of_table, kind) == (table, "index"):
                database.execute(sql.replace(f"INDEX {each}", f"INDEX {name}.{each}", 1))
    return zlib.compress(database.serialize(name=name), _LEVEL)


def unpacked_tables(packed: bytes) -> sqlite3.Connection:
    """The database in memory that was packed.

    Raises:
        ValueError: for bytes that are none.
    """
    database = connect(":memory:")
    try:
        database.deserialize(zlib.decompress(packed))
        database.execute("SELECT count(*) FROM sqlite_schema")
    except (zlib.error, sqlite3.Error) as error:
        database.close()
        raise ValueError(str(error)) from None
    return database


def copy_tables(source: sqlite3.Connection, target: sqlite3.Connection, *, is_reading: bool) -> None:
    """Write the tables that were packed, but for documents, into an empty database."""
    for table in _READING if is_reading else _WRITING:
        if table != "documents":
            _copy(source, target, table)


def packed_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Arrays by names, packed."""
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **{name: np.ascontiguousarray(array) for name, array in arrays.items()})
    return zlib.compress(stream.getvalue(), _LEVEL)


def unpacked_arrays(packed: bytes) -> dict[str, npt.NDArray[Any]]:
    """The arrays that were packed.

    Raises:
        ValueError: for bytes that are none.
    """
    try:
        with np.load(io.BytesIO(zlib.decompress(packed)), allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except (zlib.error, OSError, EOFError) as error:
        raise ValueError(str(error)) from None


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> None:
    columns = len(source.execute(f"SELECT * FROM {table} LIMIT 0").description)
    target.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * columns)})", _rows(source, table))


def _rows(source: sqlite3.Connection, table: str) -> Iterator[Sequence[Any]]:
    found = source.execute(f"SELECT * FROM {table}")
    while rows := found.fetchmany(_AT_ONCE):
        yield from rows
