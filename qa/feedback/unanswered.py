"""The questions that got no answer or only a possible one, by count. Nothing else is kept of who asked, or when.

Counts are gathered in memory and written some seconds later, so a question waits for no disk. What is not yet written
is lost when a process is killed. When all are forgotten, the file notes the time, and every process drops what it
gathered before.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock, Timer

from qa.errors import FeedbackDamagedError, FeedbackUnwritableError
from qa.feedback.seals import seal_of
from qa.model import Outcome

__all__ = ["Unanswered", "UnansweredQuestion"]

MOST = 2000
"""Questions that are kept. Of more, those go that were asked least, the longest ago first."""

_DELAY = 3.0  # seconds from a question to the disk
_BUSY = 2.0  # seconds to wait for another process that writes
_PROGRAM = 0x70696E71  # "pinq": the application_id by which the file is known as ours
_TABLE = """
    CREATE TABLE IF NOT EXISTS unanswered (
        key TEXT PRIMARY KEY, question TEXT NOT NULL, unfound INTEGER NOT NULL, possible INTEGER NOT NULL,
        last TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
"""
_BESIDE = (
    "CREATE TABLE IF NOT EXISTS sealed (total BLOB NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS forgotten (at REAL NOT NULL) STRICT",  # seconds since 1970
)
_ROWS = "SELECT key, question, unfound, possible, last FROM unanswered ORDER BY key"
_COUNT = """
    INSERT INTO unanswered VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET
    question = excluded.question, unfound = unfound + excluded.unfound, possible = possible + excluded.possible,
    last = excluded.last
"""
_FORGET = """
    DELETE FROM unanswered WHERE key IN (
        SELECT key FROM unanswered ORDER BY unfound + possible DESC, last DESC LIMIT -1 OFFSET ?
    )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnansweredQuestion:
    """A question as it was last typed, how often it got nothing and how often a possible answer, and the day on which
    it was last asked."""

    question: str
    nothing: int
    possible: int
    last: str
    since: float = 0.0
    """When it was first counted of what is not yet written, in seconds since 1970."""

    @property
    def count(self) -> int:
        """How often it was asked."""
        return self.nothing + self.possible


class Unanswered:
    """The counts in a file, which is made with the first of them. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pending: dict[str, UnansweredQuestion] = {}
        self._changing = Lock()
        self._timer: Timer | None = None

    def count(self, question: str, outcome: Outcome) -> None:
        """Count a question, unless it was answered."""
        if outcome == "answered":
            return
        shown = " ".join(question.split())
        key = shown.casefold().rstrip("?!. ")
        asked = UnansweredQuestion(
            question=shown,
            nothing=int(outcome == "nothing_found"),
            possible=int(outcome == "possible"),
            last=datetime.now(UTC).date().isoformat(),
            since=time.time(),
        )
        with self._changing:
            self._add(key, asked)
            if self._timer is None:
                self._timer = Timer(_DELAY, self._write_later)
                self._timer.daemon = True
                self._timer.start()

    def _add(self, key: str, asked: UnansweredQuestion) -> None:
        """Add to what is not yet written, with `_changing` held."""
        before = self._pending.get(key)
        if before is not None:
            self._pending[key] = replace(
                asked,
                nothing=before.nothing + asked.nothing,
                possible=before.possible + asked.possible,
                since=min(before.since, asked.since),
            )
        elif len(self._pending) < MOST:
            self._pending[key] = asked

    def flush(self) -> None:
        """Write what was counted.

        Raises:
            FeedbackUnwritableError: if the system refuses. The counts stay for the next time.
            FeedbackDamagedError: if the file is not one of these.
        """
        with self._changing:
            pending, self._pending, self._timer = self._pending, {}, None
        if not pending:
            return
        try:
            self._write(pending)
        except FeedbackUnwritableError:
            with self._changing:
                since, self._pending = self._pending, pending
                for key, asked in since.items():
                    self._add(key, asked)
            raise

    def _write(self, pending: Mapping[str, UnansweredQuestion]) -> None:
        with self._refusals():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._opened() as database:
                database.execute("BEGIN IMMEDIATE")
                _prepare(database)
                (forgotten,) = database.execute("SELECT max(at) FROM forgotten").fetchone()
                rows = [
                    (key, each.question, each.nothing, each.possible, each.last)
                    for key, each in pending.items()
                    if forgotten is None or each.since > forgotten
                ]
                database.executemany(_COUNT, rows)
                database.execute(_FORGET, (MOST,))
                _seal(database)
                database.execute("COMMIT")

    def most(self, *, limit: int) -> list[UnansweredQuestion]:
        """The questions that were asked most, those first.

        Raises:
            FeedbackUnwritableError, FeedbackDamagedError: as above.
        """
        self.flush()
        if not self.path.exists():
            return []
        with self._opened() as database:
            rows = database.execute(
                "SELECT question, unfound, possible, last FROM unanswered"
                " ORDER BY unfound + possible DESC, last DESC, key LIMIT ?",
                (limit,),
            ).fetchall()
        names = ("question", "nothing", "possible", "last")
        return [UnansweredQuestion(**dict(zip(names, row, strict=True))) for row in rows]

    def clear(self) -> None:
        """Forget all of them, and their traces in the file, those too that other processes have not yet written.

        Raises:
            FeedbackUnwritableError, FeedbackDamagedError: as above.
        """
        with self._changing:
            self._pending = {}
        with self._refusals():
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            _prepare(database)
            database.execute("DELETE FROM unanswered")
            database.execute("DELETE FROM forgotten")
            database.execute("INSERT INTO forgotten VALUES (?)", (time.time(),))
            _seal(database)
            database.execute("COMMIT")
            database.execute("VACUUM")

    def problems(self) -> Iterator[str]:
        """Whether the counts have changed since they were written, in a sentence. Those of an earlier version have no
        seal before they are written again.

        Raises:
            FeedbackUnwritableError, FeedbackDamagedError: as above.
        """
        if self.path.exists():
            with (
                self._refusals(),
                closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)) as found,
            ):
                is_sealed = found.execute("SELECT 1 FROM sqlite_master WHERE name = 'sealed'").fetchone()
                if is_sealed and found.execute("SELECT total FROM sealed").fetchall() != [(_seal_of(found),)]:
                    yield f"The counts of questions in {self.path.name} have been changed."

    def _write_later(self) -> None:
        try:
            self.flush()
        except (FeedbackUnwritableError, FeedbackDamagedError):  # counts are not worth a failure
            return

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with self._refusals(), closing(sqlite3.connect(self.path, timeout=_BUSY, isolation_level=None)) as database:
            is_new = not database.execute("SELECT 1 FROM sqlite_master").fetchone()
            [(program,)] = database.execute("PRAGMA application_id").fetchall()
            if not is_new and program != _PROGRAM:
                raise FeedbackDamagedError(self.path, reason="it is the database of another program")
            if is_new:
                database.execute(f"PRAGMA application_id = {_PROGRAM}")
                database.execute(_TABLE)
            yield database

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FeedbackUnwritableError(self.path, reason=(error.strerror or str(error)).lower()) from None
        except sqlite3.OperationalError as error:
            raise FeedbackUnwritableError(self.path, reason=str(error)) from None
        except sqlite3.DatabaseError as error:
            raise FeedbackDamagedError(self.path, reason=str(error)) from None


def _seal_of(database: sqlite3.Connection) -> bytes:
    return seal_of(*database.execute(_ROWS).fetchall(), *database.execute("SELECT at FROM forgotten").fetchall())


def _prepare(database: sqlite3.Connection) -> None:
    """Make the tables that files of earlier versions lack."""
    for each in _BESIDE:
        database.execute(each)


def _seal(database: sqlite3.Connection) -> None:
    """Seal the counts as they are now, within a transaction."""
    database.execute("DELETE FROM sealed")
    database.execute("INSERT INTO sealed VALUES (?)", (_seal_of(database),))
