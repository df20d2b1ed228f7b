"""Feedback in a SQLite file. Each method opens the file, so several threads and processes may use it at once.

Feedback is on the disk when `keep` returns. Between two calls no connection is open, and the file is complete. So it
can be copied while nothing else uses it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from qa.errors import FeedbackDamagedError, FeedbackFullError, FeedbackRateError, FeedbackUnwritableError
from qa.feedback.seals import NOTHING, register, with_seal
from qa.model import Feedback

__all__ = ["FeedbackStore", "Opinions"]

_BUSY = 10.0  # seconds to wait for another process that writes
_MOST = 100_000  # judgements
_LARGEST = 256_000_000  # bytes of the file
_MOST_A_MINUTE = 200  # new judgements
_PROGRAM = 0x70696E63  # "pinc": the application_id by which the file is known as ours

_MIGRATIONS = (
    (
        """
        CREATE TABLE feedback (
            id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, at TEXT NOT NULL,
            question TEXT NOT NULL, history TEXT NOT NULL, asked_of TEXT,
            answered INTEGER NOT NULL CHECK (answered IN (0, 1)), helpful INTEGER NOT NULL CHECK (helpful IN (0, 1)),
            comment TEXT NOT NULL, passage_id TEXT, document_id TEXT, start INTEGER, end INTEGER, quote TEXT,
            passage_sha256 TEXT, document_sha256 TEXT, confidence REAL, library TEXT NOT NULL, version TEXT NOT NULL
        ) STRICT
        """,
    ),
    (
        "ALTER TABLE feedback ADD COLUMN outcome TEXT CHECK (outcome IN ('answered', 'possible', 'nothing_found'))",
        "UPDATE feedback SET outcome = iif(answered, 'answered', 'nothing_found')",
        "ALTER TABLE feedback DROP COLUMN answered",
    ),
    (
        "ALTER TABLE feedback ADD COLUMN seal BLOB",
        "CREATE TABLE sealed (total BLOB NOT NULL) STRICT",
        "INSERT INTO sealed VALUES (zeroblob(16))",
    ),
)
"""The statements that make each version of the file, from 1, of the one before; `user_version` tells which it has."""

_SEALED = 3  # the version from which on each row has a seal
_COLUMNS = [field.name for field in fields(Feedback)]
_KEPT = [name for name in _COLUMNS if name != "id"]
_KEEP = f"""
    INSERT INTO feedback (key, {", ".join(_KEPT)}) VALUES (:key, {", ".join(f":{name}" for name in _KEPT)})
    ON CONFLICT (key) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _KEPT)}
    RETURNING id
"""
_SEAL = f"seal_of(key, {', '.join(_COLUMNS)})"


class Opinions(NamedTuple):
    """Feedback summed up.

    `by_outcome` has the number of yes and no for each outcome, which is None where it is not known; `denied` the
    questions with most no, with the number of no and of all; `latest` the feedback given last, that first.
    """

    by_outcome: dict[str | None, tuple[int, int]]
    comments: int
    denied: list[tuple[str, int, int]]
    latest: list[Feedback]


class FeedbackStore:
    """The feedback in a file. The file and its folder are made with the first feedback.

    Every method raises `FeedbackUnwritableError` if the system refuses, and `FeedbackDamagedError` if the file is not a
    feedback file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, feedback: Feedback, *, key: str) -> Feedback:
        """Keep feedback and return it with its id. It replaces feedback with the same key.

        Raises:
            FeedbackFullError, FeedbackRateError: for new feedback, if there is too much.
        """
        with self._refusals():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._opened() as database:
                database.execute("BEGIN IMMEDIATE")
                before = database.execute("SELECT seal FROM feedback WHERE key = ?", (key,)).fetchall()
                if not before:
                    self._refuse_too_much(database, feedback.at)
                [(row_id,)] = database.execute(_KEEP, {"key": key, **_row(feedback)}).fetchall()
                _seal(database, "WHERE id = ?", row_id, replaced=[seal for (seal,) in before])
                database.execute("COMMIT")
        return replace(feedback, id=row_id)

    def all(self) -> list[Feedback]:
        """All feedback, in the order in which it was last given or changed."""
        with self._refusals():
            if not self._holds_anything():
                return []
            with self._opened() as database:
                rows = database.execute(f"SELECT {', '.join(_COLUMNS)} FROM feedback ORDER BY at, id").fetchall()
                return [_feedback(row) for row in rows]

    def opinions(self, *, most: int) -> Opinions:
        """All feedback summed up, and at most so many of the denied and of the latest."""
        with self._refusals():
            if not self._holds_anything():
                return Opinions({}, 0, [], [])
            with self._opened() as database:
                select = database.execute
                sums = select(
                    "SELECT outcome, sum(helpful), sum(NOT helpful) FROM feedback GROUP BY outcome"
                ).fetchall()
                [(comments,)] = select("SELECT count(*) FROM feedback WHERE comment <> ''").fetchall()
                denied = select(
                    "SELECT question, sum(NOT helpful) AS no, count(*) FROM feedback GROUP BY question"
                    " HAVING no > 0 ORDER BY no DESC, question LIMIT ?",
                    (most,),
                ).fetchall()
                columns = ", ".join(_COLUMNS)
                latest = select(f"SELECT {columns} FROM feedback ORDER BY at DESC, id DESC LIMIT ?", (most,)).fetchall()
                by_outcome = {outcome: (yes, no) for outcome, yes, no in sums}
                return Opinions(by_outcome, comments, denied, [_feedback(row) for row in latest])

    def copy_to(self, path: Path) -> None:
        """Copy all feedback into another file. Without feedback no file is made."""
        with self._refusals():
            if self._holds_anything():
                with self._opened() as database, closing(sqlite3.connect(path)) as copy:
                    database.backup(copy)

    def problems(self) -> Iterator[str]:
        """What has changed since it was kept, in sentences. The file stays as it is. One of an earlier version has no
        seals before it is next used."""
        with self._refusals():
            if not self._holds_anything():
                return
            try:  # one that may only read would leave beside the file what SQLite makes there to read it
                yield from self._changes("mode=rw")
            except sqlite3.OperationalError:  # nothing can be made there
                yield from self._changes("immutable=1")

    def _changes(self, how: str) -> Iterator[str]:
        address = f"{self.path.resolve().as_uri()}?{how}"
        with closing(sqlite3.connect(address, uri=True, timeout=_BUSY, isolation_level=None)) as database:
            database.execute("PRAGMA query_only = ON")
            database.execute("BEGIN")  # so that what others write meanwhile is no change
            if self._version(database) < _SEALED:
                return
            register(database)
            seals = []
            for row_id, seal, now in database.execute(f"SELECT id, seal, {_SEAL} FROM feedback ORDER BY id"):
                seals.append(seal)
                if seal != now:
                    yield f"The feedback number {row_id} in {self.path.name} has been changed."
            if database.execute("SELECT total FROM sealed").fetchall() != [(with_seal(NOTHING, seals),)]:
                yield f"Feedback in {self.path.name} has been taken away or added, or its seals have been changed."

    def clear(self) -> int:
        """Delete all feedback, and its traces in the file. Returns how much it was."""
        with self._refusals():
            if not self._holds_anything():
                return 0
            with self._opened() as database:
                database.execute("BEGIN IMMEDIATE")
                deleted = database.execute("DELETE FROM feedback").rowcount
                database.execute("UPDATE sealed SET total = ?", (NOTHING,))
                database.execute("COMMIT")
                database.execute("VACUUM")
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                return deleted

    def _refuse_too_much(self, database: sqlite3.Connection, now: datetime) -> None:
        """Refuse new feedback where there is as much as is kept, or as may come within a minute."""
        last = database.execute("SELECT max(id) FROM feedback").fetchone()[0] or 0
        if last >= _MOST:
            raise FeedbackFullError(self.path, what=f"{_MOST:,} judgements")
        if _pragma(database, "page_count") * _pragma(database, "page_size") > _LARGEST:
            raise FeedbackFullError(self.path, what=f"{_LARGEST // 1_000_000:,} megabytes")
        earlier = database.execute("SELECT at FROM feedback WHERE id = ?", (last - _MOST_A_MINUTE + 1,)).fetchone()
        if earlier and datetime.fromisoformat(earlier[0]) > now.astimezone(UTC) - timedelta(minutes=1):
            raise FeedbackRateError(_MOST_A_MINUTE)

    def _holds_anything(self) -> bool:
        return self.path.exists() and self.path.stat().st_size > 0

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """A connection to the file, brought to the version that this program reads. No other program's is changed."""
        with closing(sqlite3.connect(self.path, timeout=_BUSY, isolation_level=None)) as database:
            if self._version(database) != len(_MIGRATIONS):
                self._migrate(database)
            _write_ahead(database)
            register(database)
            yield database

    def _version(self, database: sqlite3.Connection) -> int:
        """The version of the file, 0 for a new one."""
        found = _pragma(database, "user_version")
        is_new = not database.execute("SELECT 1 FROM sqlite_master").fetchone()
        if _pragma(database, "application_id") != _PROGRAM and not is_new:
            raise FeedbackDamagedError(self.path, reason="it is the database of another program")
        if found > len(_MIGRATIONS):
            reason = f"it is of version {found}, but this program reads version {len(_MIGRATIONS)}"
            raise FeedbackDamagedError(self.path, reason=reason)
        return found

    def _migrate(self, database: sqlite3.Connection) -> None:
        """Bring the file to the latest version, whole or not at all. Another process may be about to do the same."""
        database.execute("BEGIN IMMEDIATE")
        found = self._version(database)
        for statement in chain.from_iterable(_MIGRATIONS[found:]):
            database.execute(statement)
        if found < _SEALED:
            register(database)
            _seal(database, "", replaced=[])
        database.execute(f"PRAGMA application_id = {_PROGRAM}")
        database.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
        database.execute("COMMIT")

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Tell what the system or SQLite refuses as errors of our own."""
        try:
            yield
        except OSError as error:
            raise FeedbackUnwritableError(self.path, reason=(error.strerror or str(error)).lower()) from None
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # a table or column that is not there
                raise FeedbackDamagedError(self.path, reason=str(error)) from None
            raise FeedbackUnwritableError(self.path, reason=str(error)) from None
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:
            raise FeedbackDamagedError(self.path, reason=str(error)) from error


def _seal(database: sqlite3.Connection, which: str, *values: object, replaced: Sequence[bytes]) -> None:
    """Seal the rows that have been written. `replaced` are the seals that they had before."""
    database.execute(f"UPDATE feedback SET seal = {_SEAL} {which}", values)
    seals = [seal for (seal,) in database.execute(f"SELECT seal FROM feedback {which}", values)]
    [(total,)] = database.execute("SELECT total FROM sealed").fetchall()
    database.execute("UPDATE sealed SET total = ?", (with_seal(total, [*replaced, *seals]),))


def _write_ahead(database: sqlite3.Connection) -> None:
    """Let readers and a writer not wait for one another. Where others use the file just now, the next time will do."""
    try:
        database.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise


def _pragma(database: sqlite3.Connection, name: str) -> int:
    return int(database.execute(f"PRAGMA {name}").fetchone()[0])


def _row(feedback: Feedback) -> dict[str, object]:
    """The columns of feedback but its id."""
    row = {name: getattr(feedback, name) for name in _KEPT}
    at = feedback.at.astimezone(UTC).isoformat(timespec="microseconds")
    return {**row, "at": at, "history": json.dumps(feedback.history, ensure_ascii=False)}


def _feedback(row: Sequence[Any]) -> Feedback:
    """Feedback from its columns."""
    values = dict(zip(_COLUMNS, row, strict=True))
    values["at"] = datetime.fromisoformat(values["at"])
    values["history"] = tuple(json.loads(values["history"]))
    values["helpful"] = bool(values["helpful"])
    return Feedback(**values)
