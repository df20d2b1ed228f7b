"""Arrays in a file, and back: what the parts of an index have in common when they are saved."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from qa.errors import DamagedLibraryError

__all__ = ["load", "packed", "save", "unpacked"]

_Made = TypeVar("_Made")


def save(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays into a file by their names."""
    np.savez(path, allow_pickle=False, **arrays)


def load(path: Path, make: Callable[[Mapping[str, npt.NDArray[Any]]], _Made]) -> _Made:
    """What is made of the arrays that `save` wrote. `make` raises ValueError for those that do not fit together.

    Raises:
        DamagedLibraryError: for a file that is broken or missing, or of which nothing can be made.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return make(arrays)
    # RuntimeError is zipfile's for an archive that claims to be encrypted or of a later version.
    except (OSError, EOFError, ValueError, KeyError, IndexError, RuntimeError, zipfile.BadZipFile) as error:
        raise DamagedLibraryError(path.parent, reason=f"{path.name} cannot be read ({error})") from None


def packed(words: Iterable[str]) -> npt.NDArray[np.uint8]:
    """Words without line breaks as one array of bytes."""
    return np.frombuffer("\n".join(words).encode("utf-8"), np.uint8)


def unpacked(array: npt.NDArray[np.uint8]) -> list[str]:
    """The words that `packed` packed."""
    return array.tobytes().decode("utf-8").split("\n") if len(array) else []
