"""The folder of a library: its database, the index beside it, and file errors."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from os import stat_result
from os.path import samestat
from pathlib import Path
from threading import RLock
from typing import Any, Self

from qa.errors import (
    DamagedLibraryError,
    IndexFormatError,
    LibraryBusyError,
    LibraryError,
    LibraryNotFoundError,
    LibraryPlaceError,
    LibraryUnreadableError,
    LibraryUnwritableError,
)
from qa.library.schema import latest, migrate, version_of
from qa.library.sealing import seal, seal_file, state_of
from qa.text.analysis import ANALYZER

__all__ = [
    "DATABASE",
    "FORMAT",
    "Reader",
    "connect",
    "copy_files",
    "discard_empty",
    "index_folder",
    "journal_size",
    "kept_facts",
    "library_state",
    "missing",
    "not_found",
    "put_away",
    "put_away_into",
    "refuse_other_files",
    "size_of",
    "sweep",
    "sync",
    "sync_names",
    "writing",
    "writing_to",
]

DATABASE = "library.sqlite3"

FORMAT = f"6/{ANALYZER}"
"""What a library is refused by, if it was written otherwise: what its tables hold, and the analyzer's name."""

_INDEX = "index"
_CACHE = 64 * 1024  # kilobytes of the database that a change holds in memory
_PAGES = 4096  # of 4 KB, which are copied at a time
_OURS = re.compile(
    r"(?:library|vectors|feedback|unanswered)\.sqlite3.*|index|nearest|uploads|lost\+found|\..*", re.DOTALL
)
"""What lies in the folder of a library, or in one that is empty."""
_VERSION = re.compile(r"\d{6,}-[0-9a-f]{8}")

_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM}  # which readers need for what they share
_REFUSED = {*_NO_ROOM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def index_folder(folder: Path, version: str) -> Path:
    """The folder of the index of one version of the library."""
    return folder / _INDEX / version


def connect(address: str) -> sqlite3.Connection:
    """A connection to a database by its URI. SQLite supports several threads; the caller begins transactions."""
    return sqlite3.connect(address, uri=True, check_same_thread=False, isolation_level=None, timeout=5)


class Reader:
    """One state of a database, which can be read as long as this object exists.

    One thread reads at a time, since two could get the same prepared statement.
    """

    def __init__(
        self,
        database: sqlite3.Connection,
        place: Path,
        *,
        name: str = DATABASE,
        unlocked: stat_result | None = None,
        is_shared: bool = False,
    ) -> None:
        """`name` is the file's in the folder `place`; `unlocked` is how it was found, where others may change the
        database without a word. One that `is_shared` is closed by somebody else."""
        self.place = place
        self._name = name
        self._database = database
        self._unlocked = unlocked
        self._reading = RLock()
        if not is_shared:
            weakref.finalize(self, database.close)

    @classmethod
    def open(cls, folder: Path, name: str = DATABASE) -> Self:
        """The library's database, or the one with this name beside it, opened for reading only.

        Raises:
            LibraryNotFoundError: where there is none.
            LibraryUnreadableError: where the system refuses to open it.
            DamagedLibraryError: if it is not a database.
        """
        path = folder.resolve() / name
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise not_found(folder) from None
        except OSError as error:
            raise LibraryUnreadableError(folder, reason=(error.strerror or str(error)).lower()) from None
        if not os.access(path, os.R_OK):
            raise LibraryUnreadableError(folder, reason=f"you may not read {name}")
        with _damage(folder, name):
            try:
                return cls(_read_only(path), folder, name=name)
            except sqlite3.OperationalError:
                if path.with_name(f"{name}-wal").exists():
                    raise
                # Who may not write has no place for the file by which readers and writers know of one another.
                return cls(connect(f"{path.as_uri()}?mode=ro&immutable=1"), folder, name=name, unlocked=found)

    @property
    def is_current(self) -> bool:
        """Whether this is still the state in the file, as far as can be seen."""
        if self._unlocked is None:
            return True
        try:
            return _looks(self._unlocked) == _looks((self.place / self._name).stat())
        except OSError:
            return False

    def select(self, statement: str, *parameters: object) -> list[Any]:
        """The rows of a statement.

        Raises:
            DamagedLibraryError: where they cannot be read.
        """
        try:
            with self._reading, _damage(self.place, self._name):
                rows = self._database.execute(statement, parameters).fetchall()
        except DamagedLibraryError:
            if self.is_current:
                raise
        else:
            if self.is_current:
                return rows
        raise DamagedLibraryError(self.place, reason=f"{self._name} was changed while it was being read; ask again")

    @property
    def is_in_memory(self) -> bool:
        """Whether there is no file that it is read from."""
        return not self.select("PRAGMA database_list")[0][2]

    @property
    def database(self) -> sqlite3.Connection:
        """The connection that it reads from, for one thread at a time."""
        return self._database

    def copy_to(self, database: sqlite3.Connection, *, on_pages: Callable[[int, int], None] | None = None) -> None:
        """Write this state into an empty database. `on_pages` is told how many pages are written, and of how many."""
        with self._reading, _damage(self.place, self._name):
            progress = None if on_pages is None else (lambda _, left, total: on_pages(total - left, total))
            self._database.backup(database, pages=_PAGES, progress=progress)


def _read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot change a database, and that others know of."""
    database = connect(f"{path.as_uri()}?mode=ro")
    try:
        version_of(database)
    except sqlite3.Error:
        database.close()
        raise
    return database


def not_found(folder: Path) -> LibraryNotFoundError:
    """The error for a folder without a library. The folder may still have an index."""
    index, database = folder / _INDEX, folder / DATABASE
    is_lost = not database.exists() or not database.stat().st_size  # a first indexing begins with more
    has_index = is_lost and index.is_dir() and any(index.iterdir())
    has_others = False
    with suppress(OSError):  # it may be opened, and not listed
        has_others = bool(_others(folder))
    return LibraryNotFoundError(folder, has_index=has_index, has_others=has_others)


def kept_facts(folder: Path, database: sqlite3.Connection) -> dict[str, str]:
    """The facts of the library in a database. None if nothing was ever saved in it.

    Raises:
        IndexFormatError: where it is of another format.
        DamagedLibraryError: where it cannot be read.
    """
    with _damage(folder):
        version = version_of(database)
        if not version:
            if database.execute("SELECT 1 FROM sqlite_schema").fetchone():
                raise DamagedLibraryError(folder, reason=f"{DATABASE} is not a database of this program")
            return {}
        if version > latest():
            raise IndexFormatError(folder, found=f"of tables {version}", expected=f"of tables {latest()}")
        facts = dict(database.execute("SELECT key, value FROM facts").fetchall())
    if facts and facts.get("format") != FORMAT:
        raise IndexFormatError(folder, found=str(facts.get("format")), expected=FORMAT)
    if facts and not _VERSION.fullmatch(facts.get("version", "")):
        raise DamagedLibraryError(folder, reason=f"{DATABASE} does not name the version of its index")
    return facts


@contextmanager
def writing(folder: Path) -> Iterator[sqlite3.Connection]:
    """A database to change, in a transaction that keeps others from changing it. It is committed at the end.

    An error, or the end of the process, leaves it as it was.

    Raises:
        LibraryBusyError: while another process changes it.
        LibraryUnwritableError: for whatever the system refuses.
        DamagedLibraryError: where it cannot be read.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with closing(connect((folder.resolve() / DATABASE).as_uri())) as database:
            database.execute("PRAGMA journal_mode = WAL")
            found = (folder / DATABASE).stat()  # as it was opened
            database.execute("PRAGMA synchronous = FULL")
            database.execute("PRAGMA foreign_keys = ON")
            database.execute(f"PRAGMA cache_size = -{_CACHE}")
            database.execute("PRAGMA busy_timeout = 0")
            database.execute("BEGIN IMMEDIATE")
            if not _is_same(folder / DATABASE, found):
                raise LibraryBusyError(folder)
            try:
                before = _looks_of(database)
                kept_facts(folder, database)
                migrate(database)
                yield database
                if _looks_of(database) != before:
                    seal(database, partial(index_folder, folder))
                database.execute("COMMIT")
            finally:
                if database.in_transaction:
                    database.execute("ROLLBACK")
            put_away_into(database, folder / DATABASE, library_state)
    except OSError as error:
        raise LibraryUnwritableError(folder, reason=(error.strerror or str(error)).lower()) from None
    except sqlite3.Error as error:
        raise _as_library_error(folder, error, refused=_REFUSED) from None


@contextmanager
def writing_to(
    folder: Path, name: str, *, state: Callable[[sqlite3.Connection], str | None]
) -> Iterator[sqlite3.Connection]:
    """The database with this name beside the library's. The caller changes it in transactions of its own.

    `state` reads from it what tells its present state from all others.

    Raises:
        LibraryUnwritableError: for whatever the system refuses.
        LibraryBusyError: while another process changes it for more than some seconds.
        DamagedLibraryError: where it cannot be read.
    """
    try:
        with closing(connect((folder.resolve() / name).as_uri())) as database:
            database.execute("PRAGMA journal_mode = WAL")
            yield database
            put_away_into(database, folder / name, state)
    except sqlite3.Error as error:
        raise _as_library_error(folder, error, refused=_REFUSED, name=name) from None


def put_away(folder: Path) -> None:
    """Move the journal into the database, as far as nobody still reads the earlier state and this user may write."""
    with suppress(sqlite3.Error), closing(connect(f"{(folder.resolve() / DATABASE).as_uri()}?mode=rw")) as database:
        put_away_into(database, folder / DATABASE, library_state)


def _looks_of(database: sqlite3.Connection) -> tuple[int, ...]:
    """What changes when a transaction changes the database."""
    return database.total_changes, database.execute("PRAGMA schema_version").fetchone()[0]


def put_away_into(database: sqlite3.Connection, path: Path, state: Callable[[sqlite3.Connection], str | None]) -> None:
    """Move the journal into the database and, if all of it is there, seal the file with the `state` that is in it."""
    database.execute("PRAGMA busy_timeout = 0")
    with suppress(sqlite3.Error, OSError):
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("BEGIN IMMEDIATE")  # nobody else may write meanwhile
        try:
            found = state(database)
            if found is not None and not _journal_size(path):
                seal_file(path, found)
        finally:
            database.execute("ROLLBACK")


def library_state(database: sqlite3.Connection) -> str | None:
    """What tells the state that is in a library's database from all others; None where nothing is sealed."""
    if version_of(database) < latest():
        return None
    return state_of(dict(database.execute("SELECT key, value FROM facts")))


def journal_size(folder: Path) -> int:
    """The size of the journal in bytes. It has a change until nobody reads the earlier state."""
    return _journal_size(folder / DATABASE)


def _journal_size(path: Path) -> int:
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except OSError:
        return 0


def missing(folder: Path) -> list[Path]:
    """Those of a folder and the folders around it that are not there, the innermost first."""
    return [each for each in (folder, *folder.parents) if not each.exists()]


def discard_empty(folder: Path, made: Sequence[Path]) -> None:
    """Delete the files of a library in which nothing was ever kept, and then the folders `made`, if they are empty.

    Nobody else may be writing to it. Who has opened it, and writes later, is told that it is busy.
    """
    path = folder.resolve() / DATABASE
    with suppress(sqlite3.Error, LibraryError, OSError):
        if path.exists():
            with closing(connect(f"{path.as_uri()}?mode=rw")) as database:
                database.execute("PRAGMA busy_timeout = 0")
                database.execute("BEGIN IMMEDIATE")
                if kept_facts(folder, database):
                    return
                (folder / _INDEX).rmdir()
                path.unlink()
                database.execute("ROLLBACK")
            for ending in ("-wal", "-shm"):
                path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)
        for each in made:
            each.rmdir()


def sweep(folder: Path, *, may_go: Callable[[Path, Collection[Path]], bool] = lambda *_: True) -> None:
    """Delete the index of every version but the current one, and those that may not go yet.

    `may_go` is asked of the folder of each, beside the folders of all of them.

    On Windows, files that a reader has open are deleted the next time. If another process is changing the library, it
    may have begun an index; then that process does this.
    """
    with suppress(LibraryError), writing(folder) as database:
        present = kept_facts(folder, database).get("version")
        others = sorted(each for each in (folder / _INDEX).iterdir() if each.name != present)
        for each in others:
            if may_go(each, others):
                shutil.rmtree(each, ignore_errors=True)


def copy_files(source: Path, target: Path) -> None:
    """Copy a folder with everything in it to a new place."""
    target.mkdir(parents=True)
    for path in sorted(source.rglob("*")):
        copy = target / path.relative_to(source)
        if path.is_dir():
            copy.mkdir()
        else:
            shutil.copyfile(path, copy)
    source.stat()  # it may have been swept away


def refuse_other_files(folder: Path) -> None:
    """Refuse a folder for a new library that holds anything else, but for hidden files.

    Raises:
        LibraryPlaceError: naming some of it.
    """
    if (folder / DATABASE).exists() or not folder.is_dir():
        return
    if others := _others(folder):
        raise LibraryPlaceError(folder, found=others[:2])


def _others(folder: Path) -> list[str]:
    """The names, in order, of the files in a folder that are not a library's; hidden ones do not count."""
    return sorted(each.name for each in folder.iterdir() if not _OURS.fullmatch(each.name)) if folder.is_dir() else []


def size_of(folder: Path) -> int:
    """The size of the files in a folder, in bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def sync(folder: Path) -> None:
    """Make sure that everything in a folder, and its name, is on the disk."""
    for path in folder.rglob("*"):
        if path.is_dir():
            sync_names(path)
        else:
            _sync(path)
    for path in (folder, folder.parent, folder.parent.parent):
        sync_names(path)


def sync_names(folder: Path) -> None:
    """The same for the names of the files in a folder. Windows has no such call."""
    if os.name == "posix":
        _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_same(path: Path, found: stat_result) -> bool:
    """Whether a file is still the one that was found."""
    try:
        return samestat(path.stat(), found)
    except OSError:
        return False


def _looks(file: stat_result) -> tuple[int, ...]:
    """What changes when a file does."""
    return file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns


@contextmanager
def _damage(folder: Path, name: str = DATABASE) -> Iterator[None]:
    """Tell of what cannot be read as of damage, where it is not for want of room."""
    try:
        yield
    except sqlite3.Error as error:
        raise _as_library_error(folder, error, refused=_NO_ROOM, name=name) from None


def _as_library_error(
    folder: Path, error: sqlite3.Error, *, refused: Collection[int], name: str = DATABASE
) -> LibraryError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _BUSY:
        return LibraryBusyError(folder)
    if code in refused:
        return LibraryUnwritableError(folder, reason=str(error))
    return DamagedLibraryError(folder, reason=f"{name} cannot be read ({error})")
