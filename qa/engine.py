"""The parts wired together: files in, cited answers out. It owns no logic of its own."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Literal, Self

from qa.answering import Explanation, cited_passage, decide, explain, hits, search, understood, with_figures
from qa.citing import cite_span
from qa.config import SHIPPED_CORPUS, SHIPPED_SYNONYMS, Settings
from qa.errors import SourceError
from qa.feedback import FeedbackStore, feedback_on
from qa.figures import mixed_units
from qa.library import Library, Snapshot, Source, size_of
from qa.model import (
    Answer,
    Candidate,
    CitedPassage,
    Claim,
    Document,
    DocumentEntry,
    Feedback,
    FileState,
    Fingerprint,
    Followed,
    Hit,
    Judgement,
    Passage,
    Span,
    Verification,
)
from qa.passages import whole
from qa.permalinks import find_mark, follow
from qa.question import read_question
from qa.readers import (
    Limits,
    Sandbox,
    file_size,
    file_state,
    find_sources,
    is_there,
    legible,
    read_synonyms,
    read_works,
    resolved,
)
from qa.verifying import verify_all

__all__ = ["Engine", "Indexing", "Progress", "Step"]

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


class Engine:
    """Answers questions from a library. Safe to ask from several threads at once."""

    def __init__(self, library: Library, settings: Settings) -> None:
        self._library = library
        self.feedback = FeedbackStore(settings.feedback_file)
        self.settings = settings

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """The engine of the library that the settings name, or of the shipped corpus where they name none.

        Raises:
            LibraryError: where the library cannot be used.
        """
        engine = cls.create(settings)
        if settings.library is None:
            engine.add([SHIPPED_CORPUS])
        engine._library.snapshot()
        return engine

    @classmethod
    def create(cls, settings: Settings) -> Self:
        """The engine of a library that may not be there yet: `add` makes it."""
        return cls(_library(settings.library, settings), settings)

    @classmethod
    def over(cls, documents: Iterable[Document], settings: Settings) -> Self:
        """The engine of documents in memory, each of which is one passage whatever its size."""
        engine = cls(_library(None, settings), settings)
        engine._library.change(add=[Source(each.id, each, whole(each)) for each in documents])
        return engine

    def ask(self, question: str, *, history: Sequence[str] = (), limit: int = 3, document: str | None = None) -> Answer:
        """The passage that answers best, with its citation and `limit` further ones, or the reason why none does.

        `history` are the person's earlier questions, oldest first; `document` is the id of the only one to answer from.

        Raises:
            UnknownDocumentError: where `document` is not there.
        """
        began = time.perf_counter()
        answer = self._answer(question, self._library.snapshot(), history=history, limit=limit, document=document)
        return replace(answer, took_ms=round((time.perf_counter() - began) * 1000, 3))

    def search(
        self, question: str, *, history: Sequence[str] = (), limit: int = 50, document: str | None = None
    ) -> list[Hit]:
        """The ranking behind an answer, before the decision to answer: at most `limit` hits, best first.

        Raises:
            UnknownDocumentError: where `document` is not there.
        """
        snapshot = self._library.snapshot()
        query, asked = understood(question, history, snapshot)
        return hits(search(query, asked, snapshot, limit=limit, document=document), snapshot)

    def retrieve(self, question: str, *, limit: int = 50) -> list[Candidate]:
        """The retriever's own ranking of the question as it stands: what `search` is compared with."""
        return self._library.snapshot().retriever.search(read_question(question), limit=limit)

    def explain(
        self, question: str, *, history: Sequence[str] = (), limit: int = 3, document: str | None = None
    ) -> list[Explanation]:
        """Every number behind the first `limit` hits, best first."""
        snapshot = self._library.snapshot()
        query, asked = understood(question, history, snapshot)
        return explain(query, asked, search(query, asked, snapshot, document=document), snapshot, limit=limit)

    @property
    def _synonyms(self) -> Path:
        return self.settings.synonyms or SHIPPED_SYNONYMS

    def add(
        self,
        paths: Iterable[Path],
        *,
        prune: bool = False,
        on_progress: Callable[[Progress], None] | None = None,
        on_unreadable: Callable[[SourceError], None] | None = None,
        on_note: Callable[[str], None] = lambda _: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Indexing:
        """Read files and folders into the library; what became of each document.

        What was read from a file before is replaced, unless the file is what it was: then it is not read again. With
        `prune`, documents of the files and folders given whose files have gone are removed. Nothing is changed unless
        all of it succeeds; but where `on_unreadable` is given, it is told of each path and file that cannot be read,
        which is then left out, unless that is all of them. `on_note` is told of what could not be read of the others.

        Where `should_stop` says so, no more files are read, nor documents pruned; those read so far are indexed. The
        next call reads the rest.

        Raises:
            SourceError: for the first file that cannot be read, or a path without any.
            LibraryError: where the library cannot be changed.
        """
        snapshot = self._library.snapshot() if self._library.exists else None
        known = snapshot.origins() if snapshot else {}
        before = snapshot.files() if snapshot else {}
        held = snapshot.ids_of_files() if snapshot else {}
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
                if not (prune and origin in held and not is_there(str(resolved(path)))):
                    sources_there = list(find_sources(path, note=on_note))
                    found |= {legible(resolved(each)): (each, wanted_id) for each, wanted_id in sources_there}
                given.add(origin)
            except SourceError as error:
                refuse(error)
        gone = [
            each
            for origin, its_ids in held.items()
            if prune and origin not in found and _is_gone(origin, given)
            for each in its_ids
        ]
        ids = _Ids(known)
        settings = self.settings
        limits = Limits(settings.max_file_size, settings.max_memory, settings.max_seconds)
        sandbox = Sandbox(limits)
        states: dict[str, FileState] = {}
        unchanged: list[str] = []
        added: dict[str, str] = {}  # origins with the ids of their documents

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
                if origin in before and state.sha256 == before[origin].sha256:
                    unchanged.extend(held.get(origin, ()))
                else:
                    states[origin] = state
                    yield origin

        to_read = list(wanted())
        reached = [0, *accumulate(file_size(found[origin][0]) for origin in to_read)]  # bytes
        unread = deque(to_read)
        states[_SYNONYMS] = file_state(self._synonyms, before=before.get(_SYNONYMS))
        is_reread = states[_SYNONYMS].sha256 != before.get(_SYNONYMS, FileState("", "")).sha256
        is_reread |= snapshot is not None and settings.engine not in (None, snapshot.engine_asked)
        read: list[str] = []
        kept: list[str] = []

        def sources() -> Iterator[Source]:
            while unread and not should_stop():
                origin = unread[0]
                path, wanted_id = found[origin]
                tell("reading", len(to_read) - len(unread), len(to_read), source=path.name)
                unread.popleft()
                try:
                    for part, work in read_works(path, wanted_id, sandbox=sandbox, note=on_note):
                        its_origin = f"{origin}{_PART}{part}" if part else origin
                        document = replace(work, id=ids.take(work.id, its_origin))
                        yield Source(its_origin, document, file=origin)
                        added[its_origin] = document.id
                except SourceError as error:
                    refuse(error)
                    kept.extend(held.get(origin, ()))
                    del states[origin]
                    continue
                read.append(origin)
            tell("reading", len(to_read) - len(unread), len(to_read))
            if unread:
                gone.clear()  # what was in them may be in those that are unread
            for origin in unread:
                del states[origin]
            if not (read or gone or is_reread) or is_all_refused():
                raise _NothingReadError

        def is_all_refused() -> bool:
            return bool(refused) and not (read or unchanged or unread or gone)

        def vanished() -> Iterator[str]:
            """The documents of a file's earlier state that it holds no more, and those of files that have gone."""
            now = set(added.values())
            for origin in read:
                yield from (each for each in held.get(origin, ()) if each not in now)
            yield from gone

        if to_read or gone or is_reread:
            with sandbox, suppress(_NothingReadError):
                self._library.change(
                    add=sources(),
                    remove=vanished(),
                    files=states,
                    on_indexing=lambda done, total: tell("indexing", done, total),
                )
        if is_all_refused():
            raise refused[0]
        earlier = set(known.values())
        now = tuple(added.values())
        return Indexing(
            added=tuple(each for each in now if each not in earlier),
            replaced=tuple(each for each in now if each in earlier),
            unchanged=tuple(unchanged),
            removed=tuple(vanished()),
            kept=tuple(kept),
            files_found=len(to_read),
            unread=len(unread),
        )

    def remove(self, document_ids: Collection[str]) -> None:
        """Take documents out of the library, all of them or, where one is not there, none.

        Raises:
            UnknownDocumentError: for an id that is not there.
        """
        self._library.change(remove=set(document_ids))

    def check(self, *, on_passages: Callable[[int, int], None] = lambda *_: None) -> list[str]:
        """What is wrong with the library, in sentences; none where all that is kept is what was read, and all that is
        kept is in the index. `on_passages` is told how many of how many passages have been checked."""
        return self._library.snapshot().problems(on_passages=on_passages)

    def backup(self, folder: Path, *, on_pages: Callable[[int, int], None] | None = None) -> int:
        """Write a copy of the library, with its feedback, into a folder that is not there yet, or empty; its size in
        bytes. The library may be used and changed meanwhile: the copy is of one state. `on_pages` is told how much of
        how much is written.

        Raises:
            LibraryThereError: where there is something in the folder.
            LibraryError: where the library cannot be read or the copy cannot be written.
        """
        with self._library.backing_up(folder, on_pages=on_pages) as place:
            self.feedback.copy_to(place / self.feedback.path.name)
        return size_of(folder)

    def document(self, document_id: str) -> Document:
        """The document with this id.

        Raises:
            UnknownDocumentError: where there is none.
        """
        return self._library.snapshot().document(document_id)

    def document_with_passages(self, document_id: str) -> tuple[Document, list[Passage]]:
        """A document and its passages in source order, both of the same state of the library.

        Raises:
            UnknownDocumentError: where there is no such document.
        """
        snapshot = self._library.snapshot()
        return snapshot.document(document_id), snapshot.passages_of(document_id)

    def mixed_units(self, document_id: str) -> list[CitedPassage]:
        """Where a document compares figures of different units, which may be a mistake in it, in source order.

        Raises:
            UnknownDocumentError: where there is no such document.
        """
        document, passages = self.document_with_passages(document_id)
        return [
            cite_span(document, passages, passage.start + found.start, passage.start + found.end)
            for passage in passages
            for found in mixed_units(passage.text, passage.sentences)
        ]

    def contents(self) -> list[DocumentEntry]:
        """All documents, by id ascending, with their titles and dates."""
        return self._library.snapshot().contents()

    def passages(self, document_id: str) -> list[Passage]:
        """The passages of a document, in source order.

        Raises:
            UnknownDocumentError: where there is no such document.
        """
        return self._library.snapshot().passages_of(document_id)

    def passage(self, passage_id: str) -> CitedPassage:
        """The passage with this id, with its citation and no highlight.

        Raises:
            UnknownPassageError: where there is none.
        """
        snapshot = self._library.snapshot()
        return with_figures(cited_passage(snapshot.passage(passage_id), snapshot), snapshot)

    def linked(self, passage_id: str, known_by: Fingerprint, *, document: str | None = None) -> Followed:
        """The words for which a permanent link was given out, as they stand now in the document of this id.

        Raises:
            UnknownPassageError: where there is no such passage, and no document is given.
            UnknownDocumentError: where there is no such document.
            PassageGoneError: where the document no longer holds the words.
        """
        return follow(passage_id, known_by, self._library.snapshot(), document_id=document)

    @staticmethod
    def marked(document: Document, mark: Span, known_by: Fingerprint) -> Span | None:
        """The words of a document that a link marks, where they stand now; None where that is not sure."""
        return find_mark(document, mark, known_by)

    def verify(self, claims: Iterable[Claim]) -> list[Verification]:
        """What became of each citation, in their order."""
        return verify_all(claims, self._library.snapshot())

    def judge(self, judgement: Judgement) -> Feedback:
        """Keep what a person says of an answer, in the place of what was said of it before. It changes no ranking.

        Raises:
            UnknownDocumentError: where the document that was asked is not there.
            UnknownPassageError: where the passage that was given is not there.
            PassageGoneError: where its document no longer holds the words that were given.
            FeedbackUnwritableError, FeedbackDamagedError: where it cannot be kept.
        """
        snapshot = self._library.snapshot()
        judged = None
        if judgement.passage_id is not None and judgement.known_by is not None:
            judged = follow(judgement.passage_id, judgement.known_by, snapshot, document_id=None).cited
        answer = self._answer(
            judgement.question, snapshot, history=judgement.history, limit=0, document=judgement.asked_of
        )
        return self.feedback.keep(feedback_on(judgement, answer, judged, library=snapshot.name), key=judgement.key)

    def _answer(
        self, question: str, snapshot: Snapshot, *, history: Sequence[str], limit: int, document: str | None
    ) -> Answer:
        query, asked = understood(question, history, snapshot)
        ranked = search(query, asked, snapshot, document=document)
        return decide(question, query, asked, ranked, snapshot, threshold=self.settings.threshold, limit=limit)

    @property
    def version(self) -> str:
        """The name of the library's present state: another one with every change."""
        return self._library.snapshot().name

    @property
    def document_count(self) -> int:
        """How many documents the library holds."""
        return len(self._library.snapshot().contents())

    @property
    def passage_count(self) -> int:
        """How many passages the library holds."""
        return self._library.snapshot().retriever.passage_count


def _library(folder: Path | None, settings: Settings) -> Library:
    return Library(
        folder, engine=settings.engine, synonyms=lambda: read_synonyms(settings.synonyms or SHIPPED_SYNONYMS)
    )


def _is_gone(origin: str, given: Collection[str]) -> bool:
    """Whether the file of an origin was given itself or in a folder, and is there no more."""
    is_given = origin in given or any(str(each) in given for each in Path(origin).parents)
    return is_given and not is_there(origin)


class _NothingReadError(Exception):
    """Nothing was read, and nothing is to be removed: the library stays as it is."""


class _Ids:
    """Gives each origin one id: the one that it had before, else the one it wants, else that one with a number."""

    def __init__(self, taken: dict[str, str]) -> None:
        self._by_origin = dict(taken)
        self._taken = set(taken.values())

    def take(self, wanted: str, origin: str) -> str:
        if origin not in self._by_origin:
            number, document_id = 1, wanted
            while document_id in self._taken:
                number += 1
                document_id = f"{wanted}-{number}"
            self._by_origin[origin] = document_id
            self._taken.add(document_id)
        return self._by_origin[origin]
