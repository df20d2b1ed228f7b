"""The corpus that comes with pincite, as it was indexed before anybody asked.

A wheel brings it indexed; the first process puts a copy among the user's caches, where it may be deleted at any time. A
source tree brings the texts alone, and so does a wheel whose files were changed: there the first process indexes them.
A copy made from other files, or by another version of this program, has another name and is not used. If nothing can be
kept, the corpus is indexed in memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from qa.config import SHIPPED_CORPUS, SHIPPED_SYNONYMS, Settings
from qa.errors import LibraryError, LibraryNotFoundError
from qa.library import FORMAT, Library, Snapshot
from qa.library.folder import writing

__all__ = ["ANYWHERE", "FITS", "HERE", "PREPARED", "fits", "rename_files", "shipped_library"]

PREPARED = Path(__file__).with_name("prepared")
"""The library of the corpus that a wheel brings, made by `.ci/prepare_corpus.py`."""

FITS = "fits"
"""The file in it that says what `fits` said when it was made."""

HERE, ANYWHERE = f"{SHIPPED_CORPUS}{os.sep}", "corpus:"
"""How the paths of the corpus's files begin: in a library of this machine, and in one that a wheel brings."""

_MOST_KEPT = 3  # of what was prepared by other versions, or with other synonyms
_PROGRAM = Path(__file__).parent.parent


def shipped_library(settings: Settings, make: Callable[[Path | None], Library]) -> Library:
    """The library of the shipped corpus, in memory. It does not change when the prepared files do.

    `make` gives a library in a folder, or in memory. It need not exist yet.
    """
    library = make(None)
    library.begin_with(_prepared(settings, make) or _add(library, settings))
    return library


def fits() -> str:
    """What tells the corpus and the program that a wheel's library fits: their files by what they hold. Where and when
    they were installed does not matter."""
    texts = [(each.name, _digest(each)) for each in _files(SHIPPED_CORPUS)]
    program = [(os.path.relpath(each, _PROGRAM), _digest(each)) for each in _program()]
    return hashlib.sha256(json.dumps([FORMAT, texts, program]).encode()).hexdigest()


def rename_files(folder: Path, before: str, after: str) -> None:
    """Let a library know its files by paths that begin in another way."""
    with writing(folder) as database:
        database.execute(
            "UPDATE files SET origin = ? || substr(origin, ?), stamp = NULL WHERE substr(origin, 1, ?) = ?",
            (after, len(before) + 1, len(before), before),
        )


def _prepared(settings: Settings, make: Callable[[Path | None], Library]) -> Snapshot | None:
    """What is kept of the corpus, or can be; None where it cannot."""
    from platformdirs import user_cache_path

    caches = user_cache_path("pincite", appauthor=False)
    folder = caches / f"corpus-{_stamp(settings)}"
    try:
        return make(folder).snapshot()
    except LibraryNotFoundError:
        pass
    except LibraryError:  # it is broken, and can be made again
        shutil.rmtree(folder, ignore_errors=True)
    try:
        if not _copied(folder, settings):
            _add(make(folder), settings)
        for old in sorted(caches.glob("corpus-*"), key=lambda each: each.stat().st_mtime)[: -_MOST_KEPT - 1]:
            shutil.rmtree(old, ignore_errors=True)
        return make(folder).snapshot()
    except (LibraryError, OSError):  # nothing can be written there, or another process does so now
        return None


def _copied(folder: Path, settings: Settings) -> bool:
    """Put the library that a wheel brings into a folder, whole or not at all. Returns whether it is the one that is
    wanted."""
    if (settings.engine, settings.synonyms) != (Settings().engine, None) or not _brings_what_fits():
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=".") as place:
        made = Path(place, folder.name)
        shutil.copytree(PREPARED, made, copy_function=shutil.copyfile)
        rename_files(made, ANYWHERE, HERE)
        with suppress(OSError):  # where another process was first, its copy is as good
            made.rename(folder)
    return True


def _brings_what_fits() -> bool:
    try:
        return (PREPARED / FITS).read_text("utf-8") == fits()
    except OSError:
        return False


def _add(library: Library, settings: Settings) -> Snapshot:
    from qa.library.adding import add

    add(library, settings, [SHIPPED_CORPUS])
    return library.snapshot()


def _stamp(settings: Settings) -> str:
    """What tells apart all that an index of the corpus depends on: the files of it and of this program by their sizes
    and times, for to read them would take longer than to answer."""
    stamps = [
        (each.path, each.stat().st_size, each.stat().st_mtime_ns) for each in (*_files(SHIPPED_CORPUS), *_program())
    ]
    synonyms = settings.synonyms or SHIPPED_SYNONYMS
    state = synonyms.stat()
    stamps.append((str(synonyms), state.st_size, state.st_mtime_ns))
    return hashlib.sha256(json.dumps([FORMAT, settings.engine, stamps]).encode()).hexdigest()[:16]


def _digest(file: os.DirEntry[str]) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def _program() -> Iterator[os.DirEntry[str]]:
    """The files of this program that an index may depend on."""
    return (each for each in _files(_PROGRAM) if each.name.endswith((".py", ".txt")))


def _files(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """The files of a folder and of those in it, but for what Python and a wheel put there, in one order everywhere."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda each: each.name)
    for each in entries:
        if not each.is_dir():
            yield each
        elif each.name not in ("__pycache__", PREPARED.name):
            yield from _files(each.path)
