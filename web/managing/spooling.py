"""Bodies of requests that are too large for memory, on the disk while they arrive."""

from __future__ import annotations

import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

__all__ = ["BODY_LOST", "Spool", "SpooledBody"]

BODY_LOST = "pincite.body_lost"
"""In the environment of a request whose body found no room on the disk."""


class Spool(NamedTuple):
    """Where a large body goes, and how many bytes it may have."""

    folder: Path
    most: int


class SpooledBody:
    """A body on the disk, in a file without a name: it is gone with the process, however that ends."""

    def __init__(self, folder: Path) -> None:
        """Where the system gives no file, as where it refuses a part, the body `is_lost`; the rest is let pass."""
        self.is_lost = False
        self.file: BinaryIO | None = None
        try:
            self.file = cast("BinaryIO", tempfile.TemporaryFile(dir=folder))  # noqa: SIM115 - closed with the request
            weakref.finalize(self, _close, self.file)
        except OSError:
            self.is_lost = True

    def write(self, part: bytes) -> None:
        """Take in a part."""
        if self.is_lost or self.file is None:
            return
        try:
            self.file.write(part)
        except OSError:  # the disk is full
            self.is_lost = True
            self.close()

    def opened(self) -> BinaryIO | None:
        """The file, to be read from its beginning. None if the body is lost."""
        if self.file is None or self.is_lost:
            return None
        try:
            self.file.flush()
            self.file.seek(0)
        except OSError:
            self.is_lost = True
            return None
        return self.file

    def close(self) -> None:
        """Give the room back."""
        if self.file is not None:
            _close(self.file)


def _close(file: BinaryIO) -> None:
    with suppress(OSError):  # what was not yet written found no room
        file.close()
