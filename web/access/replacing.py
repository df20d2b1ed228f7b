"""Replaces a small file whole, so that nobody reads half of one, and of two changes at once none is lost."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from qa.errors import TokensError

__all__ = ["being_written", "unusable"]

_PATIENCE = 10.0  # seconds that one waits for another to finish
_OFTEN = 0.02  # seconds


@contextmanager
def being_written(path: Path) -> Iterator[BinaryIO]:
    """A new file, for this user alone, that takes the place of the one at `path` once all of it is on the disk. While
    it is there, nobody else changes that.

    Raises:
        TokensError: if the system refuses it, or another does not finish.
    """
    beside = path.with_name(f"{path.name}.new")
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            new = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            break
        except FileExistsError:
            if time.monotonic() > until:
                reason = f"is being changed by another command. If there is none, delete {beside}"
                raise TokensError(path, reason=reason) from None
            time.sleep(_OFTEN)
        except OSError as error:
            raise unusable(path, error) from None
    try:
        with os.fdopen(new, "wb") as file:
            yield file
            file.flush()
            os.fsync(new)
        beside.replace(path)
    except BaseException as error:
        with suppress(OSError):
            beside.unlink()  # which is still ours: from its renaming on, it may be another's
        if isinstance(error, OSError):
            raise unusable(path, error) from None
        raise


def unusable(path: Path, error: OSError) -> TokensError:
    """What to tell where the system refuses a file."""
    if isinstance(error, FileNotFoundError):
        return TokensError(path, reason="is not there")
    return TokensError(path, reason=f"cannot be read or written: {error.strerror}")
