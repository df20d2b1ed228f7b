"""The folder of a library: which generation is current, and how another becomes so."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from qa.analysis import ANALYZER
from qa.errors import (
    DamagedLibraryError,
    IndexFormatError,
    LibraryBusyError,
    LibraryNotFoundError,
    LibraryUnwritableError,
)

__all__ = ["FORMAT", "current_generation", "generation_folder", "has_generation", "locked", "new_generation"]

FORMAT = f"4/{ANALYZER}"
"""What a library is refused by, if it was written otherwise: the layout of its files, and the analyzer's name."""

_POINTER = "current.json"
_LOCK = "change.lock"
_NAME = re.compile(r"\d{6,}-[0-9a-f]{8}")


def has_generation(folder: Path) -> bool:
    """Whether there is a library in a folder."""
    return (folder / _POINTER).exists()


def generation_folder(folder: Path, name: str) -> Path:
    """Where the files of a generation lie."""
    return folder / "generations" / name


def current_generation(folder: Path) -> str:
    """The name of the current generation.

    Raises:
        LibraryNotFoundError, IndexFormatError, DamagedLibraryError.
    """
    path = folder / _POINTER
    try:
        pointer = json.loads(path.read_bytes())
        found, name = str(pointer["format"]), str(pointer["generation"])
    except (FileNotFoundError, NotADirectoryError):
        raise LibraryNotFoundError(folder) from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedLibraryError(folder, reason=f"{path.name} cannot be read ({error})") from None
    if found != FORMAT:
        raise IndexFormatError(folder, found=found, expected=FORMAT)
    if not _NAME.fullmatch(name):
        raise DamagedLibraryError(folder, reason=f"{path.name} names no generation")
    return name


@contextmanager
def new_generation(folder: Path, *, after: str | None) -> Iterator[Path]:
    """An empty folder to write the next generation into; it becomes the current one when the block ends without error.

    On an error it is taken away, and so are, before, all that is neither current nor new.
    """
    _sweep(folder, keep=after)
    number = int(after.partition("-")[0]) + 1 if after else 1
    name = f"{number:06}-{secrets.token_hex(4)}"  # unlike that of any library that was here before
    generation = generation_folder(folder, name)
    generation.mkdir(parents=True)
    new = folder / f"{_POINTER}.new"
    with ExitStack() as on_error:
        on_error.callback(new.unlink, missing_ok=True)
        on_error.callback(shutil.rmtree, generation, ignore_errors=True)
        yield generation
        _sync(*generation.iterdir(), generation, generation.parent)
        new.write_text(json.dumps({"format": FORMAT, "generation": name}) + "\n")
        _sync(new)
        on_error.pop_all()  # from here on it may be the current one, even where the next line is cut short
    new.replace(folder / _POINTER)
    _sync(folder)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make the folder, and keep other processes from changing the library in it for the time of the block.

    The lock is SQLite's on a file of its own: the system frees it however a process ends.

    Raises:
        LibraryBusyError: while another process changes it.
        LibraryUnwritableError: for whatever the system refuses inside of the block.
        DamagedLibraryError: where the file of the lock is something else.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(folder / _LOCK, timeout=0, isolation_level=None)) as lock:
            lock.execute("BEGIN EXCLUSIVE")
            yield
    except OSError as error:
        raise LibraryUnwritableError(folder, reason=(error.strerror or str(error)).lower()) from None
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise LibraryBusyError(folder) from None
        raise LibraryUnwritableError(folder, reason=str(error)) from None
    except sqlite3.DatabaseError as error:
        raise DamagedLibraryError(folder, reason=f"{_LOCK} is no lock of this program ({error})") from None


def _sweep(folder: Path, *, keep: str | None) -> None:
    """Take away every generation but one; what a reader holds open on Windows goes the next time."""
    generations = folder / "generations"
    for each in generations.iterdir() if generations.exists() else ():
        if each.name != keep:
            shutil.rmtree(each, ignore_errors=True)


def _sync(*paths: Path) -> None:
    """Make sure that files, and the names in folders, are on the disk. Windows has no such call for folders."""
    for path in paths:
        if path.is_dir() and os.name != "posix":
            continue
        descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
