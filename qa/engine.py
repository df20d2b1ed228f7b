"""The parts wired together: files in, cited answers out. It owns no logic of its own.

Only what an answer needs is imported at once. The rest is imported on first use: reading files, verifying citations,
following links, keeping feedback."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from qa.answering.decision import Explanation, cited_passage, decide, explain, hits, search, understood, with_figures
from qa.answering.examples import choose_examples
from qa.answering.suggesting import related, suggest
from qa.asking.question import read_question
from qa.citations.citing import cite_span
from qa.config import SHIPPED_CORPUS, SHIPPED_SYNONYMS, LibraryAddress, Settings
from qa.errors import (
    EncoderMissingError,
    FeedbackDamagedError,
    FeedbackUnwritableError,
    LibraryNotFoundError,
    MissingExtraError,
    QAError,
    UnknownDocumentError,
)
from qa.library import Library, Snapshot, Source, refuse_other_files, size_of
from qa.model import (
    Answer,
    Candidate,
    CitedPassage,
    Claim,
    Document,
    DocumentEntry,
    DocumentFilter,
    Feedback,
    Fingerprint,
    Followed,
    Hit,
    Judgement,
    Listing,
    Passage,
    Span,
    Suggestion,
    Verification,
    scope_of,
)
from qa.retrievers import retrievers_of
from qa.retrievers.waiting import one_question
from qa.text.figures import mixed_units

if TYPE_CHECKING:
    from qa.asking.concepts import Concept
    from qa.encoders import Encoder
    from qa.errors import SourceError
    from qa.feedback import FeedbackStore, Unanswered
    from qa.library.adding import Indexing, Progress
    from qa.library.jobs import Uploads

__all__ = ["Engine"]

ALL = DocumentFilter()
EXAMPLES = 3  # questions to begin with

EncoderSource = Callable[[], "Encoder | None"]
"""What gives an encoder, the same each time; none where passages are ranked by words only."""

_FIRST_QUESTION = "Which passage is near this in meaning?"


class Engine:
    """Answers questions from a library. Safe to ask from several threads at once."""

    def __init__(self, library: Library, settings: Settings) -> None:
        self._library = library
        self._encoder = library.encoder
        self.settings = settings

    @cached_property
    def feedback(self) -> FeedbackStore:
        """The feedback on its answers."""
        from qa.feedback import FeedbackStore

        return FeedbackStore(self.settings.feedback_file)

    @cached_property
    def unanswered(self) -> Unanswered:
        """The questions without an answer, by count; they lie beside the feedback."""
        from qa.feedback import Unanswered

        return Unanswered(self.settings.feedback_file.with_name("unanswered.sqlite3"))

    @cached_property
    def uploads(self) -> Uploads:
        """What its owner adds and removes through the service.

        Raises:
            LibraryNotFoundError: for a library that has no folder of its own.
        """
        from qa.library.jobs import Uploads

        if not isinstance(self.settings.library, Path):
            raise LibraryNotFoundError(self.settings.library or "memory")
        return Uploads(self._library, self.settings.library, self.settings)

    @classmethod
    def open(cls, settings: Settings, *, encoder: EncoderSource | None = None) -> Self:
        """The engine of the library that the settings name. Without one, that of the shipped corpus.

        `encoder` is what `with_encoder_loaded` of an engine with the same settings gave: the model is not loaded again.

        Raises:
            LibraryError: if the library cannot be used.
        """
        if settings.library is None:
            from qa.library.shipped import shipped_library

            make = partial(_library, settings=settings, encoder=encoder, vectors=SHIPPED_CORPUS)
            return cls(shipped_library(settings, make), settings)
        engine = cls(_library(settings.library, settings, encoder), settings)
        engine._library.snapshot()
        return engine

    @classmethod
    def create(cls, settings: Settings) -> Self:
        """The engine of a library that need not exist yet: `add` makes it."""
        return cls(_library(settings.library, settings), settings)

    @classmethod
    def begin(cls, settings: Settings) -> Self:
        """The engine of a library, which is made without documents if it does not exist yet.

        Raises:
            LibraryPlaceError: if the folder for a new one holds other files.
            LibraryError: if the library cannot be used, or cannot be made.
        """
        engine = cls.create(settings)
        engine.refuse_other_files()
        if not engine._library.exists:
            engine._library.change()
        engine._library.snapshot()
        return engine

    def refuse_other_files(self) -> None:
        """Refuse to make a library in a folder that holds other files, as one of documents does.

        Raises:
            LibraryPlaceError: if there is no library yet, and the folder for it is such a one.
        """
        if isinstance(self.settings.library, Path):
            refuse_other_files(self.settings.library)

    @classmethod
    def over(cls, documents: Iterable[Document], settings: Settings) -> Self:
        """The engine of documents in memory. Each document is one passage, whatever its size."""
        from qa.readers.passages import whole

        engine = cls(_library(None, settings), settings)
        engine._library.change(add=[Source(each.id, each, whole(each)) for each in documents])
        return engine

    def ask(
        self,
        question: str,
        *,
        history: Sequence[str] = (),
        limit: int = 3,
        document: str | Collection[str] | None = None,
    ) -> Answer:
        """The passage that answers or may answer, with its citation. If there is none, the reason.

        `limit` further passages are listed. `history` has the person's earlier questions, oldest first. `document` is
        the id of the only document to answer from, or has the ids of several.

        Raises:
            UnknownDocumentError: for an id in `document` that is not there.
        """
        began = time.perf_counter()
        with one_question():
            answer = self._answer(question, self._library.snapshot(), history=history, limit=limit, document=document)
        return replace(answer, took_ms=round((time.perf_counter() - began) * 1000, 3))

    def search(
        self,
        question: str,
        *,
        history: Sequence[str] = (),
        limit: int = 50,
        document: str | Collection[str] | None = None,
    ) -> list[Hit]:
        """The ranking behind an answer, before the decision to answer: at most `limit` hits, best first.

        Raises:
            UnknownDocumentError: for an id in `document` that is not there.
        """
        scope = scope_of(document)
        with one_question():
            snapshot = self._library.snapshot()
            query, asked = understood(question, history, snapshot, scope=scope)
            return hits(search(query, asked, snapshot, limit=limit, scope=scope), snapshot)

    def suggest(self, typed: str, *, document: str | Collection[str] | None = None, limit: int = 8) -> list[Suggestion]:
        """What a person who has typed this may be about to ask: titles, headings and words of the library.

        Raises:
            UnknownDocumentError: for an id in `document` that is not there.
        """
        return suggest(typed, self._library.snapshot(), scope=scope_of(document), limit=limit)

    def related(
        self, passage_id: str, *, document: str | Collection[str] | None = None, limit: int = 5
    ) -> list[Suggestion]:
        """What else may be asked where a passage was the answer: the headings beside its own, and titles like its own.

        Raises:
            UnknownPassageError: if there is no such passage.
            UnknownDocumentError: for an id in `document` that is not there.
        """
        return related(passage_id, self._library.snapshot(), scope=scope_of(document), limit=limit)

    def retrieve(self, question: str, *, limit: int = 50) -> list[Candidate]:
        """The retriever's own ranking of the question as written. `search` is compared with it."""
        return self._library.snapshot().retriever.search(read_question(question), limit=limit)

    def explain(
        self,
        question: str,
        *,
        history: Sequence[str] = (),
        limit: int = 3,
        document: str | Collection[str] | None = None,
    ) -> list[Explanation]:
        """Every number behind the first `limit` hits, best first."""
        snapshot, scope = self._library.snapshot(), scope_of(document)
        query, asked = understood(question, history, snapshot, scope=scope)
        return explain(query, asked, search(query, asked, snapshot, scope=scope), snapshot, limit=limit)

    def add(
        self,
        paths: Path | str | Iterable[Path | str],
        *,
        prune: bool = False,
        exclude: Sequence[str] = (),
        on_progress: Callable[[Progress], None] | None = None,
        on_unreadable: Callable[[SourceError], None] | None = None,
        on_note: Callable[[str], None] = lambda _: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Indexing:
        """Read files and folders into the library, one or several. Returns what became of each document.

        What was read from a file before is replaced, unless the file is what it was: then it is not read again. With
        `prune`, documents of the files and folders given whose files have gone are removed. `exclude` has patterns as
        in a `.gitignore`; what they match in a folder is passed over.

        Without `on_unreadable`, all of it succeeds or nothing is changed. With it, files that cannot be read are left
        out, and it is told of each. If no file can be read, that is still an error. `on_note` is told of parts of the
        other files that could not be read.

        When `should_stop` is true, reading stops, also within a file, and nothing is pruned. What has been read is
        indexed. The next call reads the rest.

        Raises:
            SourceError: for the first file that cannot be read, or a path without any.
            LibraryError: if the library cannot be changed.
        """
        from qa.library.adding import add

        several = [paths] if isinstance(paths, str | Path) else paths
        return add(
            self._library,
            self.settings,
            [Path(each) for each in several],
            prune=prune,
            exclude=exclude,
            on_progress=on_progress,
            on_unreadable=on_unreadable,
            on_note=on_note,
            should_stop=should_stop,
        )

    def encode(
        self,
        *,
        on_passages: Callable[[int, int], None] = lambda *_: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> int:
        """Make vectors of the passages that have none yet, so that they are also found by meaning.

        Returns how many passages still have none, because `should_stop` was true. Vectors are kept as they are made;
        the library answers meanwhile. Nothing is done if `meaning` is off. `on_passages` is told how many passages are
        done, and of how many.

        Raises:
            EncoderError: if the encoder cannot be used.
            LibraryError: if the library cannot be read, or the vectors cannot be kept.
        """
        return self._library.encode(on_passages=on_passages, should_stop=should_stop)

    def examples(self) -> list[str]:
        """Questions to begin with: real ones, which a marked sentence surely answers. Few, or none, where there are no
        sentences that say plainly what something is, or how much.

        Those that `keep_examples` kept; if there are none, they are chosen at the first call.
        """
        snapshot = self._library.snapshot()
        return snapshot.examples(lambda: self._chosen_examples(snapshot))

    def keep_examples(self) -> None:
        """Choose the questions to begin with, and keep them with the library, unless those of this state are kept.

        Raises:
            LibraryError: if they cannot be kept.
        """
        snapshot = self._library.snapshot()
        if snapshot.kept_examples() is None:
            version, questions = snapshot.name, self._chosen_examples(snapshot)
            del snapshot  # the journal cannot be put away while it is read
            self._library.keep_examples(version, questions)

    def _chosen_examples(self, snapshot: Snapshot) -> list[str]:
        def ask(question: str) -> Answer:
            return self._answer(question, snapshot, history=(), limit=0, document=None)

        return choose_examples(snapshot, ask, limit=EXAMPLES)

    def remove(self, document_ids: Collection[str]) -> None:
        """Remove documents from the library. If one of them is not there, none is removed.

        Raises:
            UnknownDocumentError: for an id that is not there.
        """
        self._library.change(remove=set(document_ids))

    def check(self, *, on_passages: Callable[[int, int], None] = lambda *_: None) -> list[str]:
        """What is wrong with the library, in sentences. None if the library and its index are as they were written.

        `on_passages` is told how many passages are checked, and of how many.
        """
        return self._library.snapshot().problems(on_passages=on_passages)

    def check_feedback(self) -> list[str]:
        """What is wrong with the feedback, and with the counts of questions beside it, in sentences."""
        found: list[str] = []
        if self.settings.feedback is None and isinstance(self.settings.library, LibraryAddress):
            return found  # none is kept
        for kept in (self.feedback, self.unanswered):
            try:
                found.extend(kept.problems())
            except (FeedbackDamagedError, FeedbackUnwritableError) as error:
                found.append(error.message)
        return found

    def backup(self, folder: Path, *, on_pages: Callable[[int, int], None] | None = None) -> int:
        """Copy the library, its feedback and its uploads into a new or empty folder. Returns the size in bytes.

        The library may be used and changed meanwhile; the copy is of one state. `on_pages` is told how many pages of
        the database are written, and of how many.

        Raises:
            LibraryThereError: if there is something in the folder.
            LibraryError: if the library cannot be read, or the copy cannot be written.
        """
        with self._library.backing_up(folder, on_pages=on_pages) as place:
            self.feedback.copy_to(place / self.feedback.path.name)
            self.uploads.folder.copy_to(place)
        return size_of(folder)

    def document(self, document_id: str) -> Document:
        """The document with this id.

        Raises:
            UnknownDocumentError: if there is none.
        """
        return self._library.snapshot().document(document_id)

    def document_with_passages(self, document_id: str) -> tuple[Document, list[Passage]]:
        """A document and its passages in source order, from one state of the library.

        Raises:
            UnknownDocumentError: if there is no such document.
        """
        snapshot = self._library.snapshot()
        return snapshot.document(document_id), snapshot.passages_of(document_id)

    def mixed_units(self, document_id: str) -> list[CitedPassage]:
        """Where a document compares figures in different units, in source order. They may be mistakes in it.

        Raises:
            UnknownDocumentError: if there is no such document.
        """
        document, passages = self.document_with_passages(document_id)
        return [
            cite_span(document, passages, passage.start + found.start, passage.start + found.end)
            for passage in passages
            for found in mixed_units(passage.text, passage.sentences)
        ]

    def contents(self, *, limit: int | None = None, start: int = 0) -> list[DocumentEntry]:
        """All documents with their titles and dates, ordered by id, or `limit` of them behind the first `start`."""
        return self._library.snapshot().contents(limit=limit, start=start)

    def entries(self, document_ids: Collection[str]) -> list[DocumentEntry]:
        """The same for these documents, in no order. Unknown ids are ignored."""
        return self._library.snapshot().entries(document_ids)

    def listing(
        self,
        wanted: DocumentFilter = ALL,
        *,
        limit: int = 50,
        after: str | None = None,
        before: str | None = None,
    ) -> Listing:
        """At most `limit` of the documents wanted: by title or, if they are looked for by words, the best first.

        They are those behind the document `after`, or those before the document `before`.

        Raises:
            UnknownDocumentError: if that document is not there.
        """
        return self._library.snapshot().listing(wanted, limit=limit, after=after, before=before)

    @property
    def publishers(self) -> list[str]:
        """The publishers of the documents, in order."""
        return self._library.snapshot().publishers

    @property
    def formats(self) -> list[str]:
        """The formats of the documents, as endings of their files, in order."""
        return self._library.snapshot().formats

    def chosen(self, document_ids: Sequence[str]) -> list[DocumentEntry]:
        """These documents with their titles and dates, in the order of their ids here, each once.

        Raises:
            UnknownDocumentError: for the first that is not there.
        """
        found = {entry.id: entry for entry in self.entries(document_ids)}
        for each in document_ids:
            if each not in found:
                raise UnknownDocumentError(each)
        return [found[each] for each in dict.fromkeys(document_ids)]

    def passages(self, document_id: str) -> list[Passage]:
        """The passages of a document, in source order.

        Raises:
            UnknownDocumentError: if there is no such document.
        """
        return self._library.snapshot().passages_of(document_id)

    def passage(self, passage_id: str) -> CitedPassage:
        """The passage with this id, with its citation and no highlight.

        Raises:
            UnknownPassageError: if there is none.
        """
        snapshot = self._library.snapshot()
        return with_figures(cited_passage(snapshot.passage(passage_id), snapshot), snapshot)

    def linked(self, passage_id: str, known_by: Fingerprint, *, document: str | None = None) -> Followed:
        """The words that a permanent link cites, where they are now in the document with this id.

        Raises:
            UnknownPassageError: if there is no such passage, and no document is given.
            UnknownDocumentError: if there is no such document.
            PassageGoneError: if the document no longer has the words.
        """
        from qa.citations.permalinks import follow

        return follow(passage_id, known_by, self._library.snapshot(), document_id=document)

    @staticmethod
    def marked(document: Document, mark: Span, known_by: Fingerprint) -> Span | None:
        """Where the words that a link marks are now in the document. None if that is not certain."""
        from qa.citations.permalinks import find_mark

        return find_mark(document, mark, known_by)

    def verify(self, claims: Iterable[Claim]) -> list[Verification]:
        """What became of each citation, in their order."""
        from qa.citations.verifying import verify_all

        return verify_all(claims, self._library.snapshot())

    def judge(self, judgement: Judgement) -> Feedback:
        """Save a person's judgement of an answer. It replaces an earlier one with the same key, and changes no ranking.

        Raises:
            UnknownDocumentError: if a document that was asked is not there.
            UnknownPassageError: if the passage that was shown is not there.
            PassageGoneError: if its document no longer has the words that were shown.
            FeedbackUnwritableError, FeedbackDamagedError: if it cannot be saved.
            FeedbackFullError, FeedbackRateError: if there is too much already.
        """
        from qa.citations.permalinks import follow
        from qa.feedback import feedback_on

        with one_question():
            snapshot = self._library.snapshot()
            judged = None
            if judgement.passage_id is not None and judgement.known_by is not None:
                judged = follow(judgement.passage_id, judgement.known_by, snapshot, document_id=None).cited
            asked_of = judgement.asked_of or None
            answer = self._answer(judgement.question, snapshot, history=judgement.history, limit=0, document=asked_of)
        return self.feedback.keep(feedback_on(judgement, answer, judged, library=snapshot.name), key=judgement.key)

    def _answer(
        self,
        question: str,
        snapshot: Snapshot,
        *,
        history: Sequence[str],
        limit: int,
        document: str | Collection[str] | None,
    ) -> Answer:
        scope = scope_of(document)
        query, asked = understood(question, history, snapshot, scope=scope)
        ranked = search(query, asked, snapshot, scope=scope)
        return decide(
            question,
            query,
            asked,
            ranked,
            snapshot,
            threshold=self.settings.threshold,
            possible_threshold=self.settings.possible_threshold,
            limit=limit,
        )

    def warm(self) -> None:
        """Load what the first question would have to: the model of the encoder, above all. What cannot be loaded is
        said when a question needs it."""
        with suppress(QAError):
            self.ask(_FIRST_QUESTION, limit=0)

    def with_encoder_loaded(self) -> EncoderSource:
        """What gives its encoder, of which the model is loaded now. A process that is forked from this one shares it.
        What cannot be loaded is said when a question needs it."""
        with suppress(QAError):
            if (encoder := self._encoder()) is not None:
                encoder.question(_FIRST_QUESTION)
        return self._encoder

    @property
    def encoder(self) -> str | None:
        """The name of the encoder, which turns texts into vectors. None if passages are ranked by words only.

        Raises:
            EncoderError: if there is one that cannot be used.
        """
        found = self._encoder()
        return None if found is None else found.name

    @property
    def version(self) -> str:
        """The name of the library's current state. Every change gives a new name."""
        return self._library.snapshot().name

    @property
    def document_count(self) -> int:
        """The number of documents in the library."""
        return self._library.snapshot().document_count

    def reach(self) -> int:
        """Make sure that questions can be answered now. Returns the number of documents.

        Raises:
            LibraryError: where they cannot, such as while a part of the library's cluster does not answer.
        """
        snapshot = self._library.snapshot()
        snapshot.retriever.reach()
        return snapshot.document_count

    @property
    def passage_count(self) -> int:
        """The number of passages in the library."""
        return self._library.snapshot().retriever.passage_count

    @property
    def encoded_count(self) -> int:
        """How many of these have vectors, and are found and ranked by their meaning too; 0 without an encoder.

        Raises:
            EncoderError: where there is one that cannot be used.
            DamagedLibraryError: where the vectors cannot be read.
        """
        meaning = self._library.snapshot().meaning
        return 0 if meaning is None else meaning.encoded_count()


def _library(
    place: Path | LibraryAddress | None,
    settings: Settings,
    encoder: EncoderSource | None = None,
    vectors: Path | None = None,
) -> Library:
    def synonyms() -> Sequence[Concept]:
        from qa.readers import read_synonyms

        return read_synonyms(settings.synonyms or SHIPPED_SYNONYMS)

    if isinstance(place, LibraryAddress):
        try:
            from qa.library.cluster_library import ClusterLibrary
        except ModuleNotFoundError as error:
            if error.name != "urllib3":
                raise
            raise MissingExtraError("cluster") from None
        return ClusterLibrary(place, settings, synonyms=synonyms, encoder=encoder or _encoder_of(settings))
    return Library(
        place,
        engine=settings.engine,
        retrievers=cache(partial(retrievers_of, settings=settings)),
        synonyms=synonyms,
        encoder=encoder or _encoder_of(settings),
        vectors=vectors,
    )


def _encoder_of(settings: Settings) -> EncoderSource:
    """What loads the encoder that the settings name, once; it gives None where they name none or none is installed."""

    @cache
    def encoder() -> Encoder | None:
        from qa.encoders import load_encoder

        if settings.meaning == "off":
            return None
        try:
            return load_encoder(settings.model)
        except EncoderMissingError:
            if settings.model is not None:
                raise
            return None

    return encoder
