"""The files of an index: arrays that are mapped, not read, and a list of the files that shows damage."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from qa.errors import DamagedLibraryError

__all__ = [
    "ELSEWHERE",
    "OwnFolder",
    "check",
    "checksum",
    "checksums",
    "is_elsewhere",
    "is_whole",
    "kept_arrays",
    "link",
    "mapped_arrays",
    "names",
    "read_json",
    "read_secret",
    "seal",
    "writable",
    "write_json",
]

ELSEWHERE = "cluster.json"
"""The file that names an index which is not in its folder, but in a cluster."""

_SEAL = "sealed.json"
_WHOLE = 1 << 25  # bytes; an index of no more is checked whole each time that it is opened, in about 0.03 s
_SEALED_WHOLE = 3  # numbers that are written of a file whose checksum is known
_LOCK = ".lock"  # ends the names of files with which programs keep others out
_BLOCK = 1 << 18  # bytes
_ENDS = 1 << 16  # bytes; of the files of a larger one so many at either end


def seal(folder: Path, files: Iterable[str]) -> None:
    """Write down the sizes and checksums of these files of a folder, once they are complete.

    There are two checksums: the one that `check` looks at, and that of the whole file.
    """
    sizes = {name: (folder / name).stat().st_size for name in files}
    is_small = sum(sizes.values()) <= _WHOLE
    sealed = {}
    for name, size in sizes.items():
        whole = checksum(folder / name)
        sealed[name] = [size, whole if is_small else _checksum(folder / name, sizes), whole]
    write_json(folder / _SEAL, sealed)


def check(folder: Path) -> None:
    """Check that the sealed files are there and unchanged.

    In an index of more than `_WHOLE` bytes, a change in the middle of a file is not seen if the size stays the same.

    Raises:
        DamagedLibraryError: for files that are missing or changed, or a folder that was never sealed.
    """
    sealed = read_json(folder / _SEAL)
    try:
        sizes = {name: size for name, (size, *_) in sealed.items()}
        for name, (size, expected, *_) in sealed.items():
            path = folder / name
            if path.stat().st_size != size or _checksum(path, sizes) != expected:
                raise DamagedLibraryError(folder, reason=f"{name} has been changed")
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise DamagedLibraryError(folder, reason=f"its files cannot be read ({error})") from None


def _checksum(path: Path, sizes: Mapping[str, int]) -> int:
    with path.open("rb") as stream:
        if sum(sizes.values()) <= _WHOLE:
            return zlib.crc32(stream.read())
        start = zlib.crc32(stream.read(_ENDS))
        stream.seek(max(0, path.stat().st_size - _ENDS))
        return zlib.crc32(stream.read(), start)


def checksum(path: Path) -> int:
    """The checksum (CRC-32) of a whole file."""
    found, block = 0, memoryview(bytearray(_BLOCK))
    with path.open("rb", buffering=0) as stream:
        while count := stream.readinto(block):
            found = zlib.crc32(block[:count], found)
    return found


def checksums(folder: Path, *, are_believed: bool) -> dict[str, int]:
    """The checksums of the files in a folder and the folders in it, by their paths from it on.

    If `are_believed`, those that `seal` wrote are taken, so that few bytes are read. The locks of programs, which hold
    nothing, are left out.
    """
    found: dict[str, int] = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name.endswith(_LOCK):
            continue
        sealed = read_json(path.parent / _SEAL) if are_believed and (path.parent / _SEAL).exists() else {}
        size_and_sums = sealed.get(path.name, ())
        is_known = len(size_and_sums) == _SEALED_WHOLE
        found[path.relative_to(folder).as_posix()] = size_and_sums[-1] if is_known else checksum(path)
    return found


def is_elsewhere(folder: Path) -> bool:
    """Whether a folder only names its index, which may not be whole."""
    return (folder / ELSEWHERE).exists()


def is_whole(folder: Path) -> bool:
    """Whether a folder was sealed."""
    return (folder / _SEAL).exists()


def read_json(path: Path) -> Any:
    """The value in a JSON file.

    Raises:
        DamagedLibraryError: for a file that is broken or missing.
    """
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DamagedLibraryError(path.parent, reason=f"{path.name} cannot be read ({error})") from None


def read_secret(path: Path) -> str:
    """The one line in a file: a password or a key.

    Raises:
        OSError, ValueError: for a file that cannot be read, or is not one line of text.
    """
    secret = path.read_text("utf-8").strip()
    if not secret or "\n" in secret:
        raise ValueError("it is not one line")
    return secret


def kept_arrays(folder: Path, kind: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays into a folder, each into a file that can be mapped, and seal the folder."""
    for name, array in arrays.items():
        with (folder / f"{kind}.{name}.npy").open("wb") as stream:  # and not numpy.save, which hides why it fails
            npy.write_array_header_1_0(stream, npy.header_data_from_array_1_0(array))
            stream.write(np.ascontiguousarray(array).data)
    seal(folder, [f"{kind}.{name}.npy" for name in arrays])


def mapped_arrays(folder: Path, kind: str, wanted: Iterable[str]) -> dict[str, npt.NDArray[Any]]:
    """The arrays that `kept_arrays` wrote. Only the parts in use are read, and all who map them share them.

    Raises:
        DamagedLibraryError: for files that are broken or missing.
    """
    check(folder)
    try:
        return {name: np.asarray(np.load(folder / f"{kind}.{name}.npy", mmap_mode="r")) for name in wanted}
    except (OSError, EOFError, ValueError) as error:
        raise DamagedLibraryError(folder, reason=f"an array cannot be read ({error})") from None


def names(folder: Path) -> list[str]:
    """The names of the files in a folder, in ascending order, without the seal."""
    return sorted(path.name for path in folder.iterdir() if path.name != _SEAL)


def link(folder: Path, target: Path, *, is_shared: Callable[[str], bool]) -> None:
    """Put the sealed files of a folder into another, by hard links if possible. They are never written to again."""
    for name in read_json(folder / _SEAL):
        try:
            if not is_shared(name):
                raise OSError("written to again")
            os.link(folder / name, target / name)
        except OSError:
            shutil.copyfile(folder / name, target / name)


def write_json(path: Path, value: object) -> None:
    """Write a file of JSON."""
    path.write_text(json.dumps(value, sort_keys=True), "utf-8")


class OwnFolder:
    """A folder for an index that is not kept. It is deleted with this object."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="pincite-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def writable(folder: Path) -> OwnFolder | None:
    """A folder of its own with links to the sealed files of another that may not be written to; else None."""
    if all(os.access(path, os.W_OK) for path in (folder, *folder.glob("*.lock"))):
        return None
    own = OwnFolder()
    for name in read_json(folder / _SEAL):
        (own.path / name).symlink_to((folder / name).resolve())
    return own
