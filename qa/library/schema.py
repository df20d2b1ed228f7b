"""The tables of a library, and how an older library gets them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["FILLED_AT_ONCE", "MIGRATIONS", "PUBLISHER", "latest", "migrate", "version_of", "without_indexes"]

_FIRST = """
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE files (number INTEGER PRIMARY KEY, origin TEXT NOT NULL UNIQUE, stamp TEXT, sha256 TEXT) STRICT;
CREATE TABLE documents (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, file INTEGER NOT NULL REFERENCES files, part TEXT NOT NULL,
    title TEXT NOT NULL, updated TEXT, sha256 BLOB NOT NULL, data TEXT NOT NULL, text TEXT NOT NULL,
    UNIQUE (file, part)
) STRICT;
CREATE INDEX documents_of_text ON documents (sha256);
CREATE TABLE sections (
    document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE, number INTEGER NOT NULL, path TEXT NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, blocks TEXT NOT NULL, PRIMARY KEY (document, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE bibliography (
    document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE, number INTEGER NOT NULL, marker TEXT NOT NULL,
    text TEXT, doi TEXT, pmid TEXT, url TEXT, PRIMARY KEY (document, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE passages (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    section TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, page INTEGER, sentences TEXT NOT NULL,
    stamp BLOB NOT NULL
) STRICT;
CREATE INDEX passages_of_document ON passages (document);
CREATE TABLE wordings (
    passage INTEGER PRIMARY KEY REFERENCES passages ON DELETE CASCADE,
    contexts INTEGER NOT NULL, length INTEGER NOT NULL, stream BLOB NOT NULL
) STRICT;
CREATE TABLE words (number INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE, term TEXT, count INTEGER NOT NULL) STRICT;
CREATE INDEX words_of_term ON words (term);
CREATE TABLE definitions (
    document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE, short TEXT NOT NULL, long TEXT NOT NULL,
    PRIMARY KEY (document, short, long)
) STRICT, WITHOUT ROWID;
CREATE TABLE spellings (word TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE concepts (number INTEGER PRIMARY KEY, names TEXT NOT NULL, found TEXT NOT NULL) STRICT;
CREATE TABLE namings (
    concept TEXT NOT NULL, name TEXT NOT NULL, passages INTEGER NOT NULL, PRIMARY KEY (concept, name)
) STRICT, WITHOUT ROWID;
"""

_SEALS = """
CREATE TABLE seals (document INTEGER PRIMARY KEY REFERENCES documents ON DELETE CASCADE, seal BLOB NOT NULL) STRICT;
"""

_BY_STAMP = """
CREATE INDEX IF NOT EXISTS passages_of_stamp ON passages (stamp);
"""

PUBLISHER = "CASE WHEN json_valid(data) THEN json_extract(data, '$.publisher') END"
"""The publisher of a document, as SQLite knows it; none where its row was damaged."""

_INDEXES = f"""
CREATE INDEX IF NOT EXISTS documents_by_title ON documents (title COLLATE NOCASE, id, updated, file);
CREATE INDEX IF NOT EXISTS documents_of_publisher
    ON documents ({PUBLISHER}, title COLLATE NOCASE, id, updated, file);
"""
"""What only makes the list of documents faster: a library without them is listed too, and gets them when it changes."""

FILLED_AT_ONCE = ("documents_of_text", "documents_by_title", "documents_of_publisher", "passages_of_stamp")
"""SQLite's indexes that a new library gets behind its documents and passages: that is sooner than with each of them."""

MIGRATIONS: tuple[str, ...] = (_FIRST, _SEALS, _BY_STAMP)
"""What makes of version `n` of the tables version `n + 1`, `user_version` in SQLite; 0 is an empty database.
Whatever is read to answer is there since the first version, so a library that may not be written needs no more."""


@contextmanager
def without_indexes(database: sqlite3.Connection, *names: str) -> Iterator[None]:
    """Drop some of SQLite's indexes and make them again at the end. That is faster if most of a table is written.

    Use it within a transaction. After an error the indexes are missing, so the transaction must be undone.
    """
    statements: list[str] = []
    for name in names:
        [(statement,)] = database.execute("SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ?", (name,))
        database.execute(f"DROP INDEX {name}")
        statements.append(statement)
    yield
    for statement in statements:
        database.execute(statement)


def latest() -> int:
    """The version of the tables that this program reads."""
    return len(MIGRATIONS)


def version_of(database: sqlite3.Connection) -> int:
    """The version of a database's tables; 0 if it has none."""
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def migrate(database: sqlite3.Connection) -> None:
    """Bring a database's tables to the latest version, within the open transaction."""
    for number, script in enumerate(MIGRATIONS[version_of(database) :], start=version_of(database) + 1):
        for statement in script.split(";\n"):
            if statement.strip():
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {number}")
    for statement in _INDEXES.split(";\n"):
        if statement.strip():
            database.execute(statement)
