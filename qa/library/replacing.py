"""Replaces a small file whole: who reads it finds the old one or the new one, and never half of one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["replace_file"]


def replace_file(path: Path, content: bytes) -> None:
    """Give a file this content, in one step. One writes it at a time, for what is not finished lies beside it.

    Raises:
        OSError: if the system refuses; then the file is as it was.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # else a power cut could leave it empty under its name
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise
