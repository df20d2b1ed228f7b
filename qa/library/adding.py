"""Files into a library: which of them changed, what is read of them, and what became of each document."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Literal

from qa.config import SHIPPED_SYNONYMS, Settings
from qa.errors import NoSourcesError, SourceError
from qa.library import Library, Source
from qa.model import FileState
from qa.readers import (
    READERS,
    Limits,
    ReadingStoppedError,
    Sandbox,
    file_size,
    file_state,
    find_sources,
    is_there,
    legible,
    read_works,
    resolved,
)

__all__ = ["Indexing", "Progress", "Step", "add"]

_SYNONYMS = "synonyms"  # among the origins of files, which are absolute paths
_PART = "/./"  # between a file's path, resolved and so without it, and which of the file's documents is meant

Step = Literal["looking", "reading", "indexing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a step of an indexing has got: files are looked at, whether they have changed; those that have are read;
    then the passages that changed are indexed, or all where most did. `done` and `total` count files, or passages.
    """

    step: Step
    done: int
    total: int
    bytes_done: int = 0
    """Of the files that are read, as are `bytes_total`; 0 at the other steps."""
    bytes_total: int = 0
    source: str | None = None
    """The name of the file that is read now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexing:
    """What became of the documents of the files: their ids. `kept` are those of which the file could not be read anew.

    Of the `files_found` that were new or changed, `unread` were not read, because it was to stop.
    """

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    files_found: int = 0
    unread: int = 0

    @property
    def read(self) -> tuple[str, ...]:
        """Those that were read anew."""
        return self.added + self.replaced


def add(
    library: Library,
    settings: Settings,
    paths: Iterable[Path],
    *,
    prune: bool = False,
    exclude: Sequence[str] = (),
    on_progress: Callable[[Progress], None] | None = None,
    on_unreadable: Callable[[SourceError], None] | None = None,
    on_note: Callable[[str], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Indexing:
    """Read files and folders into a library, as `Engine.add` says."""
    snapshot = library.snapshot() if library.exists else None
    before = snapshot.files() if snapshot else {}
    refused: list[SourceError] = []
    given: set[str] = set()
    found: dict[str, tuple[Path, str]] = {}

    def refuse(error: SourceError) -> None:
        if on_unreadable is None:
            raise error
        refused.append(error)
        on_unreadable(error)

    for path in paths:
        origin = legible(resolved(path))
        try:
            if not (prune and origin in before and not is_there(str(resolved(path)))):
                sources_there = list(find_sources(path, exclude=exclude, note=on_note, on_unreadable=refuse))
                found |= {legible(resolved(each)): (each, wanted_id) for each, wanted_id in sources_there}
            given.add(origin)
        except NoSourcesError as error:
            left = [each for each in before if prune and _is_gone(each, {origin})]
            kept_files = len(snapshot.documents_of_files(left)) if snapshot else 0
            refuse(NoSourcesError(path, suffixes=tuple(READERS), gone=kept_files) if kept_files else error)
        except SourceError as error:
            refuse(error)
    gone_files = [origin for origin in before if prune and origin not in found and _is_gone(origin, given)]
    limits = Limits(settings.max_file_size, settings.max_memory, settings.max_seconds)
    sandbox = Sandbox(limits)
    states: dict[str, FileState] = {}
    same_files: list[str] = []
    added: list[str] = []
    present: set[str] = set()  # the ids of all documents of the files that were read

    def tell(step: Step, done: int, total: int, source: str | None = None) -> None:
        if on_progress:
            so_far, of_all = (reached[done], reached[-1]) if step == "reading" else (0, 0)
            on_progress(
                Progress(step=step, done=done, total=total, bytes_done=so_far, bytes_total=of_all, source=source)
            )

    def wanted() -> Iterator[str]:
        """The origins of files that are not what they were when they were read."""
        for number, (origin, (path, _)) in enumerate(found.items()):
            tell("looking", number, len(found))
            if should_stop():  # none will be read
                states[origin] = FileState("", "")
                yield origin
                continue
            try:
                state = file_state(path, before=before.get(origin), limits=limits)
            except SourceError:
                state = FileState("", "")  # reading it says what is wrong
            earlier = before.get(origin)
            if earlier and state.sha256 == earlier.sha256:
                same_files.append(origin)
                if state.stamp != earlier.stamp:
                    states[origin] = state  # for the next time
            else:
                states[origin] = state
                yield origin

    to_read = list(wanted())
    held = snapshot.documents_of_files([*to_read, *gone_files]) if snapshot else {}
    gone = [each for origin in gone_files for each in held.get(origin, {}).values()]
    unchanged = snapshot.documents_in_files(same_files) if snapshot else []
    ids = _Ids(held, is_taken=library.has_document if snapshot else lambda _: False)
    planned_for = snapshot.name if snapshot else ""
    is_other_engine = snapshot is not None and settings.engine not in (None, snapshot.engine_asked)
    del snapshot  # what it reads could not be put away
    reached = [0, *accumulate(file_size(found[origin][0]) for origin in to_read)]  # bytes
    unread = deque(to_read)
    states[_SYNONYMS] = file_state(settings.synonyms or SHIPPED_SYNONYMS, before=before.get(_SYNONYMS))
    synonyms = before.get(_SYNONYMS)
    is_reread = synonyms is None or states[_SYNONYMS].sha256 != synonyms.sha256
    is_reread |= is_other_engine
    read: list[str] = []
    kept: list[str] = []

    def sources() -> Iterator[Source]:
        while unread and not should_stop():
            origin = unread[0]
            path, wanted_id = found[origin]
            tell("reading", len(to_read) - len(unread), len(to_read), source=path.name)
            unread.popleft()
            same: list[str] = []
            try:
                then = found[unread[0]] if unread and not should_stop() else None
                for part, work in read_works(
                    path, wanted_id, sandbox=sandbox, then=then, note=on_note, should_stop=should_stop
                ):
                    its_origin = f"{origin}{_PART}{part}" if part else origin
                    its_id = ids.take(work.id, its_origin, file=origin)
                    document = work if its_id == work.id else replace(work, id=its_id)
                    present.add(its_id)
                    if its_origin in held.get(origin, {}) and library.holds(document):
                        same.append(its_id)
                    else:
                        yield Source(its_origin, document, file=origin)
                        added.append(its_id)
            except ReadingStoppedError:
                unread.appendleft(origin)
                break
            except SourceError as error:
                refuse(error)
                kept.extend(held.get(origin, {}).values())
                del states[origin]
                continue
            read.append(origin)
            unchanged.extend(same)
        tell("reading", len(to_read) - len(unread), len(to_read))
        sandbox.close()
        if unread:
            gone.clear()  # what was in them may be in those that are unread
        for origin in unread:
            del states[origin]
        if not (read or gone or (is_reread and planned_for)) or is_all_refused():
            raise _NothingReadError

    def is_all_refused() -> bool:
        return bool(refused) and not (read or unchanged or unread or gone)

    def vanished() -> Iterator[str]:
        """The documents of a file's earlier state that it holds no more, and those of files that have gone."""
        for origin in read:
            yield from (each for each in held.get(origin, {}).values() if each not in present)
        yield from gone

    if to_read or gone or is_reread:
        with sandbox, suppress(_NothingReadError):
            library.change(
                add=sources(),
                remove=vanished(),
                files=states,
                planned_for=planned_for,
                on_indexing=lambda done, total: tell("indexing", done, total),
            )
    if is_all_refused():
        raise refused[0]
    earlier = {each for its_documents in held.values() for each in its_documents.values()}
    return Indexing(
        added=tuple(each for each in added if each not in earlier),
        replaced=tuple(each for each in added if each in earlier),
        unchanged=tuple(unchanged),
        removed=tuple(vanished()),
        kept=tuple(kept),
        files_found=len(to_read),
        unread=len(unread),
    )


def _is_gone(origin: str, given: Collection[str]) -> bool:
    """Whether the file of an origin was given itself or in a folder, and is there no more."""
    is_given = origin in given or any(str(each) in given for each in Path(origin).parents)
    return is_given and not is_there(origin)


class _NothingReadError(Exception):
    """Nothing was read, and nothing is to be removed: the library stays as it is."""


class _Ids:
    """Gives each origin one id: the one that it had before, else the one it wants, else that one with a number."""

    def __init__(self, held: Mapping[str, Mapping[str, str]], *, is_taken: Callable[[str], bool]) -> None:
        """`held` are the documents of files, by the files' origins and their own; `is_taken` knows all."""
        self._held = held
        self._is_taken = is_taken
        self._given: dict[str, str] = {}
        self._now: set[str] = set()
        self._last: dict[str, int] = {}  # number of each id that was wanted

    def take(self, wanted: str, origin: str, *, file: str) -> str:
        known = self._held.get(file, {}).get(origin) or self._given.get(origin)
        if known is not None:
            return known
        number = self._last.get(wanted, 0) + 1
        document_id = _numbered(wanted, number)
        while document_id in self._now or self._is_taken(document_id):
            number += 1
            document_id = _numbered(wanted, number)
        self._last[wanted] = number
        self._given[origin] = document_id
        self._now.add(document_id)
        return document_id


def _numbered(wanted: str, number: int) -> str:
    return wanted if number == 1 else f"{wanted}-{number}"
