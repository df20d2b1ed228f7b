"""Source files that change: the system tells of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import cycle
from pathlib import Path

from qa.errors import UnwatchableError
from qa.readers.files import legible, resolved
from qa.readers.formats.endings import READERS
from qa.readers.ignoring import IGNORE_FILE
from qa.readers.references.sidecars import SIDECARS

__all__ = ["watching"]

_QUIET, _LONGEST = 200, 2000  # milliseconds without a change that end a burst of them, and that a burst is waited for
_TURN = 100  # milliseconds that one watch is waited for before the other has its turn
_TRIES = 5  # at folders that come and go


@contextmanager
def watching(paths: Sequence[Path], *, apart_from: Path | None) -> Iterator[Callable[[float | None], None]]:
    """Have the system watch files and folders for the time of the block, and where one is missing, its place.

    What is given waits until something that may matter to a document has changed since the block began, and for the
    end of the burst of changes that it is part of, but not longer than the seconds that it is given. What lies in the
    folder `apart_from`, if there is one, never matters, nor what begins with a dot.

    A file is watched by its folder: editors replace files by others of the same name.

    Raises:
        UnwatchableError: where the system refuses.
    """
    from watchfiles import watch

    own = None if apart_from is None else resolved(apart_from)
    with ExitStack() as stack:
        for tries in range(_TRIES):
            places = [_place(path) for path in paths]
            folders = {resolved(path) for path in paths if path.is_dir()}
            around = {_nearest_folder(place.parent) for place in places}
            watches = []
            try:
                for watched, is_deep in ((folders, True), (around, False)):
                    changes = watch(
                        *sorted(watched),
                        watch_filter=None,
                        debounce=_LONGEST,
                        step=_QUIET,
                        rust_timeout=_TURN,
                        yield_on_timeout=True,
                        recursive=is_deep,
                        ignore_permission_denied=True,
                    )
                    if watched:
                        stack.enter_context(closing(changes))
                        watches.append(changes)
                        next(changes)  # from here on it watches
                break
            except (OSError, RuntimeError) as error:  # the second of the system's limits
                stack.close()
                if tries == _TRIES - 1 or not isinstance(error, FileNotFoundError):
                    raise UnwatchableError(Path(legible(paths[0])), reason=str(error)) from None

        def matters(changed: Path) -> bool:
            if own is not None and changed.is_relative_to(own):
                return False
            if any(_is_shown_in(folder, changed) for folder in folders):
                return _is_read(changed) or not changed.is_file()  # of a folder there may be no more to see
            return any(changed == place or changed in place.parents or _is_beside(changed, place) for place in places)

        def wait(seconds: float | None) -> None:
            until = math.inf if seconds is None else time.monotonic() + seconds
            for changes in cycle(watches):
                if time.monotonic() > until or any(matters(Path(changed)) for _, changed in next(changes)):
                    return

        yield wait


def _place(path: Path) -> Path:
    """Where a path is, whether there is anything or not; a link, where it stands itself."""
    return resolved(path.parent) / path.name if path.name.strip(".") else resolved(path)


def _nearest_folder(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.is_dir())


def _is_read(path: Path) -> bool:
    """Whether a file of this name is a source, is read with one, or says which are not."""
    return path.name == IGNORE_FILE or path.name.lower().endswith((*READERS, *SIDECARS))


def _is_shown_in(folder: Path, path: Path) -> bool:
    """Whether a path lies in a folder and neither it nor a folder between begins with a dot."""
    return path.is_relative_to(folder) and not any(
        each.startswith(".") and each != IGNORE_FILE for each in path.relative_to(folder).parts
    )


def _is_beside(path: Path, source: Path) -> bool:
    return path.parent == source.parent and path.name in {source.with_suffix(each).name for each in SIDECARS}
