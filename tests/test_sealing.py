"""Every byte of a library is under a digest that a check reads."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from qa import Engine, Settings
from qa.errors import LibraryError
from qa.library.folder import DATABASE
from qa.library.vectors import VECTORS

TERNS = """---
title: Terns
---
# Diving

Terns dive [1]. The great tern colony (GTC) has 12 nests. The tern dives in 61% of tries.

## References

1. Tern A, Gull B. How terns dive. J Birds. 2019;1:12-14. doi:10.1000/terns.1
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with references, abbreviations, vectors and kept examples, which was changed since it was made."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "terns.md").write_text(TERNS)
    (folder / "gulls.md").write_text("# Gulls\n\nGulls steal.\n")
    engine = Engine.create(Settings(library=folder / "library"))
    engine.add([folder / "terns.md"])
    engine.add([folder / "gulls.md"])
    engine.encode()
    engine.keep_examples()
    return folder / "library"


@pytest.fixture
def library(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(made, tmp_path / "library", ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    return tmp_path / "library"


def found(library: Path) -> list[str]:
    """What a check says, or why the library cannot even be opened."""
    try:
        return Engine.open(Settings(library=library)).check()
    except LibraryError as error:
        return [error.message]


def columns(path: Path) -> Iterator[tuple[str, str]]:
    """Every column of every table in a database."""
    with closing(sqlite3.connect(path)) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            if not table.startswith("sqlite_"):
                for _, column, *_ in database.execute(f"PRAGMA table_info({table})"):
                    yield table, column


def other(value: object) -> object:
    """A value that differs from this one in a bit, or in a digit."""
    match value:
        case int():
            return value + 1024
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case str():
            return value.replace("2019", "2018") if "2019" in value else value[:-1] + chr(ord(value[-1:] or " ") ^ 1)
        case _:
            return None


@pytest.mark.parametrize("name", [DATABASE, VECTORS])
def test_a_change_of_any_column_is_found_even_where_the_file_is_not_looked_at(library: Path, name: str) -> None:
    (library / f"{name}.sealed").unlink()
    assert found(library) == []
    unseen, count = [], 0
    with closing(sqlite3.connect(library / name, isolation_level=None)) as database:
        for table, column in columns(library / name):
            rows = database.execute(f"SELECT {column} FROM {table} WHERE {column} NOT NULL").fetchall()  # noqa: S608
            if rows:
                count += 1
                kept, changed = rows[-1][0], other(rows[-1][0])
                update = f"UPDATE {table} SET {column} = ? WHERE {column} = ?"  # noqa: S608
                database.execute(update, (changed, kept))
                if not found(library):
                    unseen.append((table, column))
                database.execute(update, (kept, changed))
    assert found(library) == []
    assert unseen == []
    assert count >= (50 if name == DATABASE else 10)


def test_a_year_that_was_changed_in_a_reference_is_found(library: Path) -> None:
    with closing(sqlite3.connect(library / DATABASE)) as database, database:
        database.execute("UPDATE bibliography SET text = replace(text, '2019', '2018')")
    assert found(library) == ["The saved data of the document terns has been changed."]


def test_a_change_of_any_byte_of_any_file_is_found(library: Path) -> None:
    chosen = random.Random(7)  # noqa: S311 - the same every time
    files = [each for each in sorted(library.rglob("*")) if each.is_file() and not each.name.endswith(("-wal", "-shm"))]
    assert {f"{DATABASE}.sealed", f"{VECTORS}.sealed", "sealed.json"} < {each.name for each in files}
    unseen = []
    for path in files:
        whole = path.read_bytes()
        for at in chosen.sample(range(len(whole)), 3):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << chosen.randrange(8)]) + whole[at + 1 :])
            if not found(library):
                unseen.append((path.name, at))
        path.write_bytes(whole)
    assert unseen == []
    assert found(library) == []


def test_a_byte_that_belongs_to_no_row_is_found(library: Path) -> None:
    for name in (DATABASE, VECTORS):
        data = bytearray((library / name).read_bytes())
        data[72] ^= 1  # in the header, where SQLite keeps nothing
        (library / name).write_bytes(data)
        assert found(library) == [f"The file {name} has been changed since it was written."]
        data[72] ^= 1
        (library / name).write_bytes(data)


def test_what_others_still_read_while_it_is_changed_is_no_damage(library: Path, tmp_path: Path) -> None:
    reading = Engine.open(Settings(library=library))
    assert reading.passage_count == 2
    (tmp_path / "auks.md").write_text("# Auks\n\nAuks swim.\n")
    writing = Engine.open(Settings(library=library))
    writing.add([tmp_path / "auks.md"])
    assert writing.check() == []
    assert reading.check() == []
    writing.remove(["auks"])
    writing.keep_examples()
    assert found(library) == []


def unsealed(library: Path) -> None:
    """Make a library what an earlier version wrote."""
    with closing(sqlite3.connect(library / DATABASE)) as database, database:
        database.execute("DROP TABLE seals")
        database.execute("DELETE FROM facts WHERE key IN ('seals', 'index_files')")
        database.execute("PRAGMA user_version = 1")
    (library / f"{DATABASE}.sealed").unlink()


def test_a_library_of_an_earlier_version_is_sealed_when_it_is_opened(library: Path) -> None:
    unsealed(library)
    assert found(library) == []
    with closing(sqlite3.connect(library / DATABASE)) as database, database:
        assert database.execute("SELECT count(*) FROM seals").fetchone() == (2,)
        database.execute("UPDATE bibliography SET text = replace(text, '2019', '2018')")
    assert found(library) == ["The saved data of the document terns has been changed."]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may read and write everything")
def test_a_library_of_an_earlier_version_that_may_only_be_read_answers_and_says_that_it_is_not_sealed(
    library: Path,
) -> None:
    unsealed(library)
    for path in (library, *library.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert Engine.open(Settings(library=library)).ask("Do terns dive?").answered
        [told] = found(library)
        assert "Open it once where it may be written" in told
    finally:
        for path in (library, *library.rglob("*")):
            path.chmod(0o755)


def test_a_copy_is_sealed_too(library: Path, tmp_path: Path) -> None:
    Engine.open(Settings(library=library)).backup(tmp_path / "copy")
    assert found(tmp_path / "copy") == []
    for name in (DATABASE, VECTORS):
        data = bytearray((tmp_path / "copy" / name).read_bytes())
        data[72] ^= 1
        (tmp_path / "copy" / name).write_bytes(data)
    assert len(found(tmp_path / "copy")) == 2
