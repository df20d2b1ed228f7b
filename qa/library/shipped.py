"""The corpus that comes with pincite, as prepared by an earlier process.

It is indexed once and kept in the user's cache folder, where it may be deleted at any time. A copy made from other
files, or by another version of this program, has another name and is not used. If nothing can be kept, the corpus is
indexed in memory.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from qa.config import SHIPPED_CORPUS, SHIPPED_SYNONYMS, Settings
from qa.errors import LibraryError, LibraryNotFoundError
from qa.library import FORMAT, Library, Snapshot

__all__ = ["shipped_library"]

_MOST_KEPT = 3  # of what was prepared by other versions, or with other synonyms


def shipped_library(settings: Settings, make: Callable[[Path | None], Library]) -> Library:
    """The library of the shipped corpus, in memory. It does not change when the prepared files do.

    `make` gives a library in a folder, or in memory. It need not exist yet.
    """
    library = make(None)
    library.begin_with(_prepared(settings, make) or _add(library, settings))
    return library


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
        _add(make(folder), settings)
        for old in sorted(caches.glob("corpus-*"), key=lambda each: each.stat().st_mtime)[: -_MOST_KEPT - 1]:
            shutil.rmtree(old, ignore_errors=True)
        return make(folder).snapshot()
    except (LibraryError, OSError):  # nothing can be written there, or another process does so now
        return None


def _add(library: Library, settings: Settings) -> Snapshot:
    from qa.library.adding import add

    add(library, settings, [SHIPPED_CORPUS])
    return library.snapshot()


def _stamp(settings: Settings) -> str:
    """What tells apart all that an index of the corpus depends on: the files of it and of this program by their sizes
    and times, for to read them would take longer than to answer."""
    package = Path(__file__).parent.parent
    program = [each for pattern in ("*.py", "*.txt") for each in _files(package, pattern)]
    files = [*_files(SHIPPED_CORPUS, "*"), *program, settings.synonyms or SHIPPED_SYNONYMS]
    stamps = [(str(each), state.st_size, state.st_mtime_ns) for each in files for state in [each.stat()]]
    return hashlib.sha256(json.dumps([FORMAT, settings.engine, stamps]).encode()).hexdigest()[:16]


def _files(folder: Path, pattern: str) -> Sequence[Path]:
    return sorted(each for each in folder.rglob(pattern) if each.is_file())
