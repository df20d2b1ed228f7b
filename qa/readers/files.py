"""A source file on the disk: whether it is there, whether it has changed, its bytes."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from pathlib import Path

from qa.errors import BibliographyError, SourceLimitError, SourceNotFoundError, UnreadableError
from qa.model import FileState
from qa.readers.formats.decoding import decode
from qa.readers.references.sidecars import SIDECARS
from qa.readers.sandbox.parent import MEGABYTE, Limits

__all__ = [
    "file_size",
    "file_state",
    "is_file",
    "is_folder",
    "is_link",
    "is_there",
    "legible",
    "mode_of",
    "read_bytes",
    "read_text",
    "refused",
    "resolved",
    "sidecar_of",
]


_TO_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_TO_PASS = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)

READING = 7
"""Raised whenever a reader makes another document of the same file, so that files are read again."""


def file_state(
    path: Path, *, before: FileState | None = None, limits: Limits | None = None, within: Path | None = None
) -> FileState:
    """How a source file stands, with the file of references beside it. One whose stamp is that of `before` is not read.

    `within` is the folder in which it must lie; see `read_bytes`.

    Raises:
        SourceNotFoundError, UnreadableError, SourceLimitError.
    """
    files = [path, *filter(None, [sidecar_of(path)])]
    try:
        found = [(each.name, each.stat()) for each in files]
    except OSError as error:
        raise refused(path, error) from None
    stamp = json.dumps([READING, *((name, each.st_size, each.st_mtime_ns, each.st_ctime_ns) for name, each in found)])
    if before and before.stamp == stamp:
        return before
    digest = hashlib.sha256(str(READING).encode())
    for each in files:
        digest.update(f"\0{each.name}\0".encode("utf-8", "surrogateescape"))
        digest.update(read_bytes(each, limits=limits or Limits(), within=within))
    return FileState(stamp, digest.hexdigest())


def file_size(path: Path) -> int:
    """The bytes of a file, 0 where the system does not say."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def is_there(origin: str) -> bool:
    """Whether anything is where a file was; so it counts as well where the system does not say."""
    try:
        Path(origin).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def read_bytes(path: Path, *, limits: Limits | None = None, within: Path | None = None) -> bytes:
    """The bytes of a file, which without limits may be of any number.

    The file that is read lies in the folder `within`, without links, where one is given, even if somebody puts a link
    in the way meanwhile.

    Raises:
        SourceNotFoundError, UnreadableError, SourceLimitError.
    """
    if not stat.S_ISREG(mode_of(path)):
        raise _no_file(path)
    most = limits.file_size * MEGABYTE if limits else sys.maxsize
    try:
        with os.fdopen(_opened(path, within), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise _no_file(path)
            data = file.read(min(found.st_size, most) + 1)  # room is made for as much at once
            if found.st_size < len(data) <= most:  # it has grown
                data += file.read(most + 1 - len(data))
    except OSError as error:
        raise refused(path, error) from None
    if limits and len(data) > most:
        what = f"is larger than the {limits.file_size:,} megabytes that a file may have"
        raise SourceLimitError(Path(legible(path)), what=what, setting="max_file_size")
    return data


def _opened(path: Path, within: Path | None) -> int:
    """A descriptor of a file. Below the folder `within` no link is followed, nor is a pipe waited for."""
    if within is None:
        return os.open(path, _TO_READ)
    found = resolved(path)
    if not found.is_relative_to(within):
        raise UnreadableError(path, reason="it is a link that leads out of the folder")
    if os.open not in os.supports_dir_fd:  # Windows
        return os.open(found, _TO_READ)
    *folders, name = found.relative_to(within).parts or [""]
    place = os.open(within, _TO_PASS)
    try:
        for folder in folders:
            before, place = place, os.open(folder, _TO_PASS | os.O_NOFOLLOW, dir_fd=place)
            os.close(before)
        return os.open(name, _TO_READ | os.O_NOFOLLOW, dir_fd=place)
    finally:
        os.close(place)


def _no_file(path: Path) -> UnreadableError:
    return UnreadableError(path, reason="it is not a file")


def read_text(path: Path) -> str:
    """The text of a file, whatever its encoding.

    Raises:
        SourceNotFoundError, UnreadableError, NotTextError.
    """
    return decode(read_bytes(path), path)


def sidecar_of(path: Path) -> Path | None:
    """The file of references beside a source file, if there is one.

    Raises:
        BibliographyError: where it is a link that leads out of their folder.
    """
    found = next((each for ending in SIDECARS if is_file(each := path.with_suffix(ending))), None)
    if found and found.is_symlink() and not resolved(found).is_relative_to(resolved(path.parent)):
        raise BibliographyError(Path(legible(found)), reason="it is a link that leads out of its folder")
    return found


def is_file(path: Path) -> bool:
    """Whether there is a file. There is none where the system refuses the name, such as one that is too long."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """The same of a folder."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_link(path: Path) -> bool:
    """The same of a link."""
    try:
        return path.is_symlink()
    except OSError:
        return False


def legible(path: Path) -> str:
    """A path as text that can be kept and shown, even where a name is not in the system's encoding."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def resolved(path: Path) -> Path:
    """The path without links, as far as they lead; one in a circle of links stays as it is."""
    return Path(os.path.realpath(path))


def mode_of(path: Path) -> int:
    """What kind of thing lies at a path, as the system's bits."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise SourceNotFoundError(path) from None
    except OSError as error:
        raise refused(path, error) from None


def refused(path: Path, error: OSError) -> UnreadableError:
    """The error that says why the system refused a path."""
    return UnreadableError(path, reason=(error.strerror or "it cannot be opened").lower())
