"""The files that the owner of a library adds through the service. They lie in a folder of the library's own.

    uploads/                what was added, by the names that the files were given
    uploads/.work/          nothing that is read: see below
        lock.sqlite3        held while a change goes on; the system lets go of it when the process ends
        job.json            the last change, and how far it is
        stop                is there when the change is to stop
        incoming-5e1f…/     files that are arriving
        waiting.json        the names of files that have arrived, until the library has them or they are given up
        before/             files that those replace, for as long

A folder inside the library moves and goes with it, and no `pincite index FOLDER --prune` of another folder touches what
was read from it. Names that begin with a dot are passed over when a folder is read.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sqlite3
import time
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from shutil import copytree
from typing import BinaryIO, NamedTuple

from qa.errors import JobRunningError, LibraryUnwritableError, SourceError, UnknownFormatError
from qa.library.replacing import replace_file
from qa.model import FileState
from qa.readers import MEGABYTE, READERS, SIDECARS, file_state, is_there, legible, resolved

__all__ = ["Incoming", "Lock", "Refused", "UploadFolder", "safe_name"]

FOLDER = "uploads"
ENDINGS = (*READERS, *SIDECARS)
"""How the names of files end that are taken in."""
LONGEST_NAME = 140  # bytes: file systems that encrypt names have room for no more

_WORK = ".work"
_LONGEST_ARRIVAL = 86_400.0  # seconds
_WAITS = 2.0  # seconds for others that only look whether a change goes on
_NOT_IN_NAMES = re.compile(
    r'[<>:"|?*\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]'
)
_OF_WINDOWS = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)", re.IGNORECASE)
"""Names of devices, with any ending. Source: Microsoft, "Naming Files, Paths, and Namespaces"."""


def safe_name(given: str) -> str:
    """A name for a file that any system takes, and that leads nowhere else. Empty if nothing is left of it.

    >>> safe_name("../../etc/Terns.PDF"), safe_name("C:\\\\birds\\\\con.md"), safe_name(".. /.")
    ('Terns.PDF', '_con.md', '')
    """
    last = re.split(r"[/\\]", given)[-1]
    name = _NOT_IN_NAMES.sub("_", unicodedata.normalize("NFC", last)).strip().lstrip(".").rstrip(". ").strip()
    if _OF_WINDOWS.match(name):
        name = f"_{name}"
    stem, suffix = _parted(name)
    room = LONGEST_NAME - len(suffix.encode())
    if room <= 0:
        return ""
    short = stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ")
    return f"{short}{suffix}" if short else ""


def _parted(name: str) -> tuple[str, str]:
    """A name without its ending, and that; ".csl.json" is one."""
    ending = next((each for each in SIDECARS if name.lower().endswith(each)), Path(name).suffix)
    return (name[: len(name) - len(ending)], name[len(name) - len(ending) :]) if ending else (name, "")


class Refused(NamedTuple):
    """A file that was not taken in, or whose document was not: by its name as it was given, with the reason."""

    message: str
    hint: str


class Incoming:
    """Files that are arriving, in a folder that is gone when the block ends in which they arrive."""

    def __init__(self, folder: Path, *, most: int) -> None:
        """`most` is how many bytes a file may have."""
        self._folder = folder
        self._most = most
        self.files: dict[str, Path] = {}
        """Those that are whole, by the name that they are to get."""
        self.refused: list[Refused] = []
        """Those that are not taken."""
        self.notes: list[str] = []
        """Which got another name than their senders gave them."""

    @contextmanager
    def file(self, given: str) -> Iterator[IncomingFile]:
        """Take in a file with the name that its sender gives it. It counts when the block ends without error."""
        name = safe_name(given)
        shown = _shown(given)
        problem = self._problem(name, shown)
        if problem:
            self.refused.append(problem)
            yield IncomingFile(None, 0)
            return
        path = self._folder / f"{len(self.files):06}"
        with _opened_new(path) as opened:
            file = IncomingFile(opened, self._most)
            yield file
        if file.is_too_large:
            path.unlink()
            most = f"{self._most // MEGABYTE:,} megabytes"
            hint = "Leave it out or split it. If you trust it, raise the limit PINCITE_MAX_FILE_SIZE."
            self.refused.append(Refused(f"{shown} is larger than the {most} that a file may have.", hint))
        else:
            self.files[name] = path
            if name != given:
                self.notes.append(f"{shown} is kept as {name}.")

    def _problem(self, name: str, shown: str) -> Refused | None:
        if not name:
            return Refused(f"A file has no usable name: “{shown}”.", "Give it a name with letters or digits.")
        if not _is_read(name):
            error = UnknownFormatError(Path(shown), suffixes=tuple(READERS))
            return Refused(error.message, error.hint)
        if name.casefold() in map(str.casefold, self.files):  # which is one file on some systems
            return Refused(f"Two of these files are called {name}.", "Rename one of them, or add it alone.")
        return None


class IncomingFile:
    """A file that is arriving. What is beyond the most that it may have is not kept."""

    def __init__(self, file: BinaryIO | None, most: int) -> None:
        self._file = file
        self._room = most
        self.is_too_large = False

    def write(self, part: bytes) -> None:
        """Take in a part of it."""
        self._room -= len(part)
        if self._file is None or self.is_too_large:
            return
        self.is_too_large = self._room < 0
        if not self.is_too_large:
            self._file.write(part)


def _is_read(name: str) -> bool:
    return name.lower().endswith(ENDINGS)


def _is_document(name: str) -> bool:
    return Path(name).suffix.lower() in READERS


def _shown(name: str) -> str:
    """A name as it was given, made fit to be shown and kept."""
    text = _NOT_IN_NAMES.sub("\N{REPLACEMENT CHARACTER}", name).strip()
    return text if len(text) <= 80 else f"{text[:80]}…"


@contextmanager
def _opened_new(path: Path) -> Iterator[BinaryIO]:
    """A file that was not there before, to write; no link is followed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o644), "wb") as file:
        yield file


class Lock:
    """Held while a change goes on, by one process and thread. When the process ends, however it does, it is free.

    It is the lock that SQLite takes on a file, which works on every system.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: sqlite3.Connection | None = None

    def take(self, *, seconds: float = _WAITS) -> None:
        """Take it, or wait so long for it.

        Raises:
            JobRunningError: if another has it.
        """
        database = self._connection(seconds)
        try:
            database.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            database.close()
            raise _refusal(self._path, error) from None
        self._held = database

    def release(self) -> None:
        """Let go of it, if it is held."""
        if self._held is not None:
            self._held.close()
            self._held = None

    @property
    def is_taken(self) -> bool:
        """Whether this process or another has it."""
        if not self._path.exists():
            return False
        with closing(self._connection(0)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                    return True
                raise _refusal(self._path, error) from None
        return False

    def _connection(self, seconds: float) -> sqlite3.Connection:
        try:
            return sqlite3.connect(self._path, timeout=seconds, isolation_level=None, check_same_thread=False)
        except sqlite3.OperationalError as error:
            raise _refusal(self._path, error) from None


def _refusal(path: Path, error: sqlite3.OperationalError) -> JobRunningError | LibraryUnwritableError:
    if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
        return JobRunningError()
    return LibraryUnwritableError(path.parent, reason=str(error))


class UploadFolder:
    """The folder of a library for files that are added through the service."""

    def __init__(self, library: Path, *, file_size: int) -> None:
        """`file_size` is how many megabytes a file may have."""
        self.path = library.resolve() / FOLDER
        self.work = self.path / _WORK
        self._most = file_size * MEGABYTE
        self._before = self.work / "before"
        self._waiting = self.work / "waiting.json"

    @property
    def endings(self) -> tuple[str, ...]:
        """How the names of files end that are taken in."""
        return ENDINGS

    def lock(self) -> Lock:
        """What is held while a change goes on."""
        return Lock(self.work / "lock.sqlite3")

    def make(self) -> Path:
        """The folder for work, which is made if it is missing.

        Raises:
            LibraryUnwritableError: if the system refuses.
        """
        try:
            self.work.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryUnwritableError(self.path, reason=(error.strerror or str(error)).lower()) from None
        return self.work

    @contextmanager
    def receiving(self) -> Iterator[Incoming]:
        """Take in files. Those that have not found their place when the block ends are gone.

        Raises:
            LibraryUnwritableError: if the system refuses, as where the disk is full.
        """
        place = self.make() / f"incoming-{secrets.token_hex(8)}"
        try:
            place.mkdir()
            yield Incoming(place, most=self._most)
        except OSError as error:
            raise LibraryUnwritableError(self.path, reason=(error.strerror or str(error)).lower()) from None
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def put(self, incoming: Incoming, *, replaces: bool) -> list[str]:
        """Give files that have arrived their place. Returns their names, which wait from then on.

        A file whose name is taken is refused unless it `replaces` the other. The other one is kept while it waits. To
        be called by whoever has the lock.
        """
        there = {*self._documents(), *(Path(name).stem for name in incoming.files if _is_document(name))}
        put = []
        for name in incoming.files:
            place = self.path / name
            if not _is_document(name) and _parted(name)[0] not in there:
                message = f"{name} has references for a document of the same name, and there is none."
                incoming.refused.append(Refused(message, "Add it together with that document."))
            elif os.path.lexists(place) and (not replaces or place.is_dir()):
                hint = "To replace it, tick “Replace files of the same name” and add it again. Or rename it."
                incoming.refused.append(Refused(f"There is already a file called {name}.", hint))
            else:
                put.append(name)
        waiting = self.waiting()
        self._keep_waiting(dict.fromkeys([*waiting, *put]))
        for name in put:
            place = self.path / name
            if name not in waiting and os.path.lexists(place):  # one that waits was never read, and is not kept
                self._before.mkdir(exist_ok=True)
                place.replace(self._before / name)
            incoming.files[name].replace(place)  # a link that is there is replaced, not what it leads to
        return put

    def begin(self, held: Mapping[str, FileState | None]) -> None:
        """Make ready for a change of a library that has the files `held`, by origin: note which of those that wait it
        has, and forget what was arriving when a process ended."""
        self.accept(held)
        self.stop_file.unlink(missing_ok=True)
        for each in self.work.glob("incoming-*"):
            if each.stat().st_mtime < time.time() - _LONGEST_ARRIVAL:
                shutil.rmtree(each, ignore_errors=True)

    @property
    def stop_file(self) -> Path:
        """It is there when the change that goes on is to stop."""
        return self.work / "stop"

    @property
    def job_file(self) -> Path:
        """It tells of the last change."""
        return self.work / "job.json"

    def waiting(self) -> list[str]:
        """The names of the files that have arrived, and of which it is not known that the library has them."""
        try:
            names = json.loads(self._waiting.read_bytes())
        except (OSError, ValueError):  # there is none
            names = []
        replaced = sorted(each.name for each in self._before.iterdir()) if self._before.is_dir() else []
        there = [name for name in map(str, names) if os.path.lexists(self.path / name)]
        return list(dict.fromkeys([*there, *replaced]))

    def accept(self, held: Mapping[str, FileState | None]) -> None:
        """Have no file wait that the library has, and delete what it replaced.

        `held` are the states of the library's files, by origin. References go with the documents beside them.

        Raises:
            OSError: if the system refuses. Then some of these files may still wait.
        """
        if not (waiting := self.waiting()):
            return
        there = self._documents()
        accepted: list[str] = []
        left: list[str] = []
        for name in waiting:
            beside = [self.path / name] if _is_document(name) else there.get(_parted(name)[0], [])
            is_held = bool(beside) and all(self._is_held(each, held) for each in beside)
            (accepted if is_held else left).append(name)
        self._keep_waiting(left)  # first, for what was replaced is needed until this is written
        for name in accepted:
            (self._before / name).unlink(missing_ok=True)

    def give_up(self) -> list[str]:
        """Delete the files that wait, and put back what they replaced. Returns their names."""
        waiting = self.waiting()
        for name in waiting:
            with suppress(OSError):
                (self.path / name).unlink()
            with suppress(OSError):
                (self._before / name).replace(self.path / name)
        self._keep_waiting(())
        return waiting

    def _keep_waiting(self, names: Iterable[str]) -> None:
        if kept := list(names):
            replace_file(self._waiting, json.dumps(kept).encode())
        else:
            self._waiting.unlink(missing_ok=True)
            shutil.rmtree(self._before, ignore_errors=True)

    def _documents(self) -> dict[str, list[Path]]:
        """The source files of the folder by their names without the ending."""
        found: dict[str, list[Path]] = {}
        for each in self.path.iterdir():
            if _is_document(each.name):
                found.setdefault(each.stem, []).append(each)
        return found

    def _is_held(self, path: Path, held: Mapping[str, FileState | None]) -> bool:
        state = held.get(self.origin(path.name))
        try:
            return state is not None and file_state(path, before=state).sha256 == state.sha256
        except SourceError:
            return False

    def origin(self, name: str) -> str:
        """What the library knows a file by."""
        return legible(resolved(self.path) / name)

    def holds(self, origin: str) -> bool:
        """Whether a file of the library is one of these."""
        return Path(origin).parent == resolved(self.path)

    def moved(self, origins: Collection[str]) -> dict[str, str]:
        """Which of a library's files are those of this folder under an earlier path, with what they are known by now:
        the library was moved, or comes from a backup."""
        found = {}
        for origin in origins:
            path = Path(origin)
            now = self.origin(path.name)
            is_of_uploads = path.parent.name == FOLDER and path.parent != resolved(self.path)
            if is_of_uploads and now not in origins and not is_there(origin) and is_there(now):
                found[origin] = now
        return found

    def copy_to(self, library: Path) -> None:
        """Copy the files into another library, without what is only for work."""
        if self.path.is_dir():
            copytree(self.path, library / FOLDER, symlinks=True, ignore=lambda *_: [_WORK])

    def delete(self, origins: Iterable[str]) -> None:
        """Delete files of this folder, what they replaced, and the references beside them."""
        deleted = [Path(origin).name for origin in origins if self.holds(origin)]
        self._delete(deleted)
        there = self._documents() if deleted else {}
        alone = [_parted(name)[0] for name in deleted]
        self._delete(f"{stem}{ending}" for stem in alone if stem not in there for ending in SIDECARS)

    def _delete(self, names: Iterable[str]) -> None:
        for name in names:
            for folder in (self.path, self._before):
                with suppress(OSError):
                    (folder / name).unlink()

    def spoken(self, text: str) -> str:
        """A sentence about files of this folder, by their names alone."""
        place = legible(resolved(self.path))
        return text.replace(f"{place}{os.sep}", "").replace(place, FOLDER)
