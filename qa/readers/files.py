"""A source file on the disk: whether it is there, whether it has changed, its bytes."""

from __future__ import annotations

import hashlib
import json
import os
import stat
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
    "is_there",
    "legible",
    "mode_of",
    "read_bytes",
    "read_text",
    "refused",
    "resolved",
    "sidecar_of",
]


READING = 6
"""Raised whenever a reader makes another document of the same file, so that files are read again."""


def file_state(path: Path, *, before: FileState | None = None, limits: Limits | None = None) -> FileState:
    """How a source file stands, with the file of references beside it. One whose stamp is that of `before` is not read.

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
        digest.update(read_bytes(each, limits=limits or Limits()))
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


def read_bytes(path: Path, *, limits: Limits | None = None) -> bytes:
    """The bytes of a file, which without limits may be of any number."""
    if not stat.S_ISREG(mode_of(path)):
        raise UnreadableError(path, reason="it is not a file")
    most = limits.file_size * MEGABYTE if limits else -2
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise refused(path, error) from None
    if limits and len(data) > most:
        what = f"is larger than the {limits.file_size:,} megabytes that a file may have"
        raise SourceLimitError(Path(legible(path)), what=what, setting="max_file_size")
    return data


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
