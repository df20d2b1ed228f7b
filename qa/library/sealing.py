"""Digests of all that a library on disk holds, so that a check sees every byte that has changed.

A change seals what it wrote before it is committed. Each document has a seal: a digest of its row, and of its sections,
references, passages and abbreviations; its text has a digest of its own in its row. The tables of source files and of
concepts have a seal each, and so have the schema and the facts, among which are the checksums of the index's files.
Words and counts need none: a check makes them anew from the texts.

A database also has bytes that belong to no row. When all of a change has reached the file, the checksum of the whole
file is written beside it, with the state that it is of. It is believed for that state only: while somebody reads an
earlier one, the file cannot be brought up to date, and has no checksum.

The digests show damage, and what was changed by mistake. They do not show who wrote: whoever can write a library can
seal it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from qa.library.replacing import replace_file
from qa.library.selecting import Select
from qa.retrievers.files import checksum, checksums

__all__ = ["SEALS", "file_problems", "of_document", "problems", "seal", "seal_file", "seal_index", "state_of"]

SEALS = "seals"
"""The fact that has them."""

_FILES = "index_files"
"""The fact with the checksums of the index's files, and the version that they are of."""

_Row = tuple[Any, ...]

_BYTES = 16  # of a digest
_AT_ONCE = 1000  # rows

_OF_DOCUMENT = (
    ("documents", "number", "number, id, file, part, title, updated, sha256, data", "number"),
    ("sections", "document", "document, number, path, start, end, blocks", "document, number"),
    ("bibliography", "document", "document, number, marker, text, doi, pmid, url", "document, number"),
    ("passages", "document", "document, id, section, start, end, page, sentences, stamp", "document, number"),
    ("definitions", "document", "document, short, long", "document, short, long"),
)
"""Of each table of documents' rows: the column that names the document, all columns but texts, and their order."""

_TABLES = {
    "schema": "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name",
    "files": "SELECT number, origin, stamp, sha256 FROM files ORDER BY number",
    "concepts": "SELECT number, names, found FROM concepts ORDER BY number",
    "namings": "SELECT concept, name, passages FROM namings ORDER BY concept, name",
    "facts": f"SELECT key, value FROM facts WHERE key <> '{SEALS}' ORDER BY key",
}
"""What is sealed whole. (Words and their counts are compared with the texts instead, and so are those of passages.)"""

_SAID = {
    "schema": "The descriptions of the tables have",
    "files": "The list of source files has",
    "concepts": "The list of concepts has",
    "namings": "The list of concepts' names has",
    "facts": "The facts of the library have",
}


def seal(database: sqlite3.Connection, index: Callable[[str], Path]) -> None:
    """Seal what has been written, at the end of a transaction. `index` gives the folder of a version's index.

    A document is sealed when it is new: it has a higher number then than all that are sealed.
    """
    facts = dict(database.execute("SELECT key, value FROM facts"))
    if "version" not in facts:  # nothing was ever kept in it
        return
    (last,) = database.execute("SELECT coalesce(max(document), 0) FROM seals").fetchone()
    database.executemany("INSERT INTO seals VALUES (?, ?)", _of_documents_after(database, last))
    before = json.loads(facts.get(_FILES, "{}"))
    if before.get("version") != facts["version"]:
        sums = checksums(index(facts["version"]), are_believed=True)
        _keep(database, _FILES, {"version": facts["version"], "files": sums})
    _keep(database, SEALS, {name: _digest(database.execute(query)).hex() for name, query in _TABLES.items()})


def seal_index(database: sqlite3.Connection, index: Callable[[str], Path]) -> None:
    """Seal a copy whose index has other files than the original; `index` gives the folder of a version's index."""
    database.execute("DELETE FROM facts WHERE key = ?", (_FILES,))
    seal(database, index)


def _keep(database: sqlite3.Connection, fact: str, value: object) -> None:
    database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (fact, _json(value)))


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _digest(rows: Iterable[Sequence[Any]]) -> bytes:
    found, left = hashlib.blake2b(digest_size=_BYTES), iter(rows)
    while some := list(islice(left, _AT_ONCE)):
        found.update(repr(some).encode("utf-8", "surrogatepass"))
    return found.digest()


def _of_documents_after(database: sqlite3.Connection, last: int) -> Iterator[tuple[int, bytes]]:
    """The seals of the documents with higher numbers. Each table is read once."""
    documents, *others = (
        _by_document(database.execute(f"SELECT {columns} FROM {table} WHERE {key} > ? ORDER BY {order}", (last,)))
        for table, key, columns, order in _OF_DOCUMENT
    )
    ahead = [next(each, None) for each in others]
    for number, rows in documents:
        parts = [rows]
        for place, table in enumerate(others):
            found = ahead[place]
            if found is not None and found[0] == number:
                parts.append(found[1])
                ahead[place] = next(table, None)
            else:
                parts.append([])
        yield number, _digest(parts)


def _by_document(rows: Iterable[_Row]) -> Iterator[tuple[int, list[_Row]]]:
    for number, of_it in groupby(rows, key=itemgetter(0)):
        yield number, list(of_it)


def of_document(select: Select, number: int) -> bytes:
    """The seal of the document with this number, as it is now."""
    return _digest(
        [
            select(f"SELECT {columns} FROM {table} WHERE {key} = ? ORDER BY {order}", number)
            for table, key, columns, order in _OF_DOCUMENT
        ]
    )


def problems(select: Select, index: Callable[[str], Path]) -> Iterator[str]:
    """What has changed since it was sealed, in sentences, but for what is a document's own."""
    facts = dict(select("SELECT key, value FROM facts"))
    if SEALS not in facts:
        yield "The library was written by an earlier version, and is not sealed. Open it once where it may be written."
        return
    now = {name: _digest(select(query)).hex() for name, query in _TABLES.items()}
    if facts[SEALS] == _json(now):
        yield from _problems_of_files(json.loads(facts[_FILES]), index(facts["version"]))
        return
    try:
        kept = json.loads(facts[SEALS])
        changed = [name for name in _TABLES if kept.get(name) != now[name]]
    except (ValueError, AttributeError):
        changed = []
    yield from (f"{_SAID[name]} been changed." for name in changed)
    if not changed:
        yield "The seals of the library have been changed."


def _problems_of_files(kept: Mapping[str, Any], folder: Path) -> Iterator[str]:
    known, now = kept["files"], checksums(folder, are_believed=False)
    for name in sorted({*known, *now}):
        if known.get(name) != now.get(name):
            yield f"The file {name} of the index has been changed."


def state_of(facts: Mapping[str, str]) -> str | None:
    """What tells one sealed state of a library from all others; None where it is not sealed."""
    return hashlib.blake2b(facts[SEALS].encode(), digest_size=_BYTES).hexdigest() if SEALS in facts else None


def seal_file(path: Path, state: str) -> None:
    """Write down the checksum of a database's file, which is in this state, and which nobody changes meanwhile.

    Where this state was sealed before it is not sealed again: that would hide what has happened to the file since.
    """
    beside = _beside(path)
    with suppress(OSError, ValueError):
        if json.loads(beside.read_text("ascii"))[:1] == [state]:
            return
    replace_file(beside, _sealed(state, path.stat().st_size, checksum(path)).encode("ascii"))


def file_problems(path: Path, state: str) -> Iterator[str]:
    """Whether a database's file in this state has changed since it was sealed, even in bytes that are in no row.

    Nothing where the file was not sealed in this state, or is not up to date.
    """
    beside, journal = _beside(path), path.with_name(f"{path.name}-wal")
    try:
        if not beside.exists() or (journal.exists() and journal.stat().st_size):
            return
        written = beside.read_text("ascii")
        of_state, size, found, _ = json.loads(written)
        if written != _sealed(of_state, size, found):
            raise ValueError("not as it was written")
        if of_state == state and (size, found) != (path.stat().st_size, checksum(path)):
            yield f"The file {path.name} has been changed since it was written."
    except (OSError, ValueError, TypeError):
        yield f"The file {beside.name} has been changed since it was written."


def _sealed(state: str, size: int, found: int) -> str:
    """What stands in the file beside a database's: with a checksum of its own, for it may be damaged too."""
    return _json([state, size, found, zlib.crc32(f"{state} {size} {found}".encode())])


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.sealed")
