"""Files into a library: which files changed, what is read from them, and what became of each document."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Literal, NamedTuple

from qa.config import SHIPPED_SYNONYMS, Settings
from qa.errors import NoSourcesError, SourceError, SourceLimitError
from qa.library import Library, Source
from qa.library.bounding import memory_bound
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

Step = Literal["looking", "reading", "indexing", "encoding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a step of indexing is.

    The steps are: look which files have changed; read those; index the changed passages, or all if most changed; encode
    the passages without vectors. `done` and `total` count files or passages.
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
    """What became of the documents of the files, as ids. `kept` are those whose file could not be read again.

    `files_found` is the number of new or changed files. `unread` of them were not read, because indexing was stopped.
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
        """The documents that were read."""
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
    """Read files and folders into a library; see `Engine.add`."""
    hooks = _Hooks(on_progress, on_unreadable, on_note, should_stop)
    return _Adding(library, settings, prune=prune, exclude=exclude, hooks=hooks).run(paths)


class _Hooks(NamedTuple):
    """What the caller of `add` is told, and whether it is to stop."""

    on_progress: Callable[[Progress], None] | None
    on_unreadable: Callable[[SourceError], None] | None
    on_note: Callable[[str], None]
    should_stop: Callable[[], bool]


class _Adding:
    """One run of `add`: files are found, then looked at, then read while the library is changed."""

    def __init__(
        self, library: Library, settings: Settings, *, prune: bool, exclude: Sequence[str], hooks: _Hooks
    ) -> None:
        self._library = library
        self._settings = settings
        self._prune = prune
        self._exclude = exclude
        self._hooks = hooks
        self._limits = Limits(settings.max_file_size, settings.max_memory, settings.max_seconds)
        self._snapshot = library.present() if library.exists else None
        self._before = self._snapshot.files() if self._snapshot else {}
        self._refused: list[SourceError] = []
        self._given: set[str] = set()  # the origins of the paths
        self._found: dict[str, tuple[Path, str, Path | None]] = {}
        """Files, each with the id that its document wants and the folder in which it must lie, if in any."""
        self._states: dict[str, FileState] = {}  # how files stand that are new, changed or only touched
        self._same: list[str] = []  # files that are what they were
        self._held: Mapping[str, Mapping[str, str]] = {}  # the documents of files that are read or gone
        self._gone: list[str] = []
        self._to_read: list[str] = []
        self._unread: deque[str] = deque()
        self._reached: list[int] = [0]  # bytes of the files up to each of those that are read
        self._reading = ""
        self._read: list[str] = []
        self._added: list[str] = []
        self._unchanged: list[str] = []
        self._kept: list[str] = []
        self._present: set[str] = set()  # the ids of all documents of the files that were read

    def run(self, paths: Iterable[Path]) -> Indexing:
        """Do all of it. Returns what became of each document."""
        for path in paths:
            self._find(path)
        origins = [each for each in self._before if self._prune and each not in self._found]
        gone_files = [each for each in origins if _is_gone(each, self._given)]
        self._to_read = list(self._changed_files())
        self._unread = deque(self._to_read)
        self._reached = [0, *accumulate(file_size(self._found[origin][0]) for origin in self._to_read)]
        if self._snapshot:
            self._held = self._snapshot.documents_of_files([*self._to_read, *gone_files])
            self._unchanged = self._snapshot.documents_in_files(self._same)
        self._gone = [each for origin in gone_files for each in self._held.get(origin, {}).values()]
        try:
            self._change()
        except MemoryError:
            raise self._too_much() from None
        if self._is_all_refused():
            raise self._refused[0]
        earlier = {each for its_documents in self._held.values() for each in its_documents.values()}
        return Indexing(
            added=tuple(each for each in self._added if each not in earlier),
            replaced=tuple(each for each in self._added if each in earlier),
            unchanged=tuple(self._unchanged),
            removed=tuple(self._vanished()),
            kept=tuple(self._kept),
            files_found=len(self._to_read),
            unread=len(self._unread),
        )

    def _find(self, path: Path) -> None:
        """Find the files at a path; one that has gone with all its documents is no error where it is to be pruned."""
        origin = legible(resolved(path))
        try:
            if not (self._prune and origin in self._before and not is_there(str(resolved(path)))):
                note, refuse = self._hooks.on_note, self._refuse
                there = list(find_sources(path, exclude=self._exclude, note=note, on_unreadable=refuse))
                within = resolved(path) if path.is_dir() else None
                self._found |= {legible(resolved(each)): (each, wanted_id, within) for each, wanted_id in there}
            self._given.add(origin)
        except NoSourcesError as error:
            left = [each for each in self._before if self._prune and _is_gone(each, {origin})]
            kept_files = len(self._snapshot.documents_of_files(left)) if self._snapshot else 0
            self._refuse(NoSourcesError(path, suffixes=tuple(READERS), gone=kept_files) if kept_files else error)
        except SourceError as error:
            self._refuse(error)

    def _changed_files(self) -> Iterator[str]:
        """The origins of files that are not what they were when they were read."""
        for number, (origin, (path, _, within)) in enumerate(self._found.items()):
            self._tell("looking", number, len(self._found))
            earlier = self._before.get(origin)
            if self._hooks.should_stop():  # none will be read
                self._states[origin] = FileState("", "")
                yield origin
                continue
            try:
                state = file_state(path, before=earlier, limits=self._limits, within=within)
            except SourceError:
                state = FileState("", "")  # reading it says what is wrong
            if earlier and state.sha256 == earlier.sha256:
                self._same.append(origin)
                if state.stamp != earlier.stamp:
                    self._states[origin] = state  # for the next time
            else:
                self._states[origin] = state
                yield origin

    def _change(self) -> None:
        """Change the library, unless all of it stays as it is."""
        planned_for = self._snapshot.name if self._snapshot else ""
        asked = self._snapshot.engine_asked if self._snapshot else None
        ids = _Ids(self._held, is_taken=self._library.has_document if self._snapshot else lambda _: False)
        self._snapshot = None  # what it reads could not be put away
        synonyms = self._before.get(_SYNONYMS)
        self._states[_SYNONYMS] = file_state(self._settings.synonyms or SHIPPED_SYNONYMS, before=synonyms)
        is_reread = synonyms is None or self._states[_SYNONYMS].sha256 != synonyms.sha256
        is_reread |= asked is not None and self._settings.engine not in (None, asked)
        if not (self._to_read or self._gone or is_reread):
            return
        bound = memory_bound(self._limits.memory, more=2 * self._reached[-1])
        with bound, Sandbox(self._limits) as sandbox, suppress(_NothingReadError):
            self._library.change(
                add=self._sources(sandbox, ids, must_change=is_reread and bool(planned_for)),
                remove=self._vanished(),
                files=self._states,
                planned_for=planned_for,
                on_indexing=lambda done, total: self._tell("indexing", done, total),
            )

    def _sources(self, sandbox: Sandbox, ids: _Ids, *, must_change: bool) -> Iterator[Source]:
        """The documents to add, file after file, until it is to stop.

        Raises:
            _NothingReadError: at the end, where nothing is to be changed.
        """
        while self._unread and not self._hooks.should_stop():
            origin = self._reading = self._unread[0]
            self._tell_reading(source=self._found[origin][0].name)
            self._unread.popleft()
            try:
                yield from self._documents(origin, sandbox, ids)
            except ReadingStoppedError:
                self._unread.appendleft(origin)
                break
            except (SourceError, MemoryError) as error:
                self._refuse(error if isinstance(error, SourceError) else self._too_much())
                self._kept.extend(self._held.get(origin, {}).values())
                del self._states[origin]
        self._tell_reading()
        sandbox.close()
        if self._unread:
            self._gone.clear()  # what was in them may be in those that are unread
        for origin in self._unread:
            del self._states[origin]
        if not (self._read or self._gone or must_change) or self._is_all_refused():
            raise _NothingReadError

    def _documents(self, origin: str, sandbox: Sandbox, ids: _Ids) -> Iterator[Source]:
        """The documents of a file that are not what they were. The next file is read meanwhile."""
        path, wanted_id, within = self._found[origin]
        held = self._held.get(origin, {})
        stop = self._hooks.should_stop
        then = self._found[self._unread[0]] if self._unread and not stop() else None
        same: list[str] = []
        works = read_works(
            path, wanted_id, within=within, sandbox=sandbox, then=then, note=self._hooks.on_note, should_stop=stop
        )
        for part, work in works:
            its_origin = f"{origin}{_PART}{part}" if part else origin
            its_id = ids.take(work.id, its_origin, file=origin)
            document = work if its_id == work.id else replace(work, id=its_id)
            self._present.add(its_id)
            if its_origin in held and self._library.holds(document):
                same.append(its_id)
            else:
                yield Source(its_origin, document, file=origin)
                self._added.append(its_id)
        self._read.append(origin)
        self._unchanged.extend(same)

    def _vanished(self) -> Iterator[str]:
        """The documents of a file's earlier state that it holds no more, and those of files that have gone."""
        for origin in self._read:
            yield from (each for each in self._held.get(origin, {}).values() if each not in self._present)
        yield from self._gone

    def _refuse(self, error: SourceError) -> None:
        if self._hooks.on_unreadable is None:
            raise error
        self._refused.append(error)
        self._hooks.on_unreadable(error)

    def _too_much(self) -> SourceLimitError:
        """That there is no memory for what is read now."""
        path = self._found[self._reading][0] if self._reading in self._found else Path(self._reading)
        what = f"takes more memory to index than the {self._limits.memory:,} megabytes that reading a file may"
        return SourceLimitError(Path(legible(path)), what=what, setting="max_memory")

    def _is_all_refused(self) -> bool:
        return bool(self._refused) and not (self._read or self._unchanged or self._unread or self._gone)

    def _tell_reading(self, source: str | None = None) -> None:
        self._tell("reading", len(self._to_read) - len(self._unread), len(self._to_read), source)

    def _tell(self, step: Step, done: int, total: int, source: str | None = None) -> None:
        if self._hooks.on_progress:
            so_far, of_all = (self._reached[done], self._reached[-1]) if step == "reading" else (0, 0)
            self._hooks.on_progress(
                Progress(step=step, done=done, total=total, bytes_done=so_far, bytes_total=of_all, source=source)
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
