"""One state of a library, to read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from itertools import groupby
from pathlib import Path

from qa.asking.question import read_question
from qa.encoders import Encoder
from qa.errors import (
    DamagedLibraryError,
    LibraryBusyError,
    LibraryUnwritableError,
    UnknownDocumentError,
    UnknownPassageError,
)
from qa.library import catalogue
from qa.library.folder import Reader, index_folder, kept_facts, not_found, writing
from qa.library.index import Index, load_index
from qa.library.local import LocalState
from qa.library.meaning import Meaning
from qa.library.remembering import Remembered
from qa.library.schema import latest, version_of
from qa.library.state import State
from qa.library.vectors import KeptVectors, VectorWriter
from qa.model import (
    Citation,
    Document,
    DocumentEntry,
    DocumentFilter,
    Figure,
    FileState,
    Listing,
    Passage,
    Reading,
    Span,
    digest,
)
from qa.ranking.highlighting import SentenceTerms, sentence_terms
from qa.ranking.pointers import points
from qa.retrievers import Retriever, Retrievers, local_retrievers
from qa.text.analysis import Word
from qa.text.figures import find_figures

__all__ = ["Snapshot", "open_snapshot"]

_MOST_FIGURES = 300  # of a passage
_REMEMBERED_DOCUMENTS = 256
_REMEMBERED_CHARACTERS = 16_000_000  # of documents, as many megabytes or four times as many, and their parts
_PART = 200  # characters that a section, a marker or a passage takes like, beside its text
_WORD = 50  # the same of a term or a span
_REMEMBERED_PASSAGES = 1024
_REMEMBERED_IN_PASSAGES = 8_000_000  # characters of passages, or of their sentences with their terms
_REMEMBERED_HIGHLIGHTED = 256
_REMEMBERED_FIGURES = 20_000
_REMEMBERED_CONVERSATIONS = 1024
_REMEMBERED_NEIGHBOURS = 100_000  # passages, about 10 MB

_SAME_DOCUMENT = 0.6  # nearness of passages of one document in different sections


class Snapshot:
    """One state of a library, which never changes. Safe to read from several threads.

    Every method raises `DamagedLibraryError` if it reads something other than what was written.
    """

    def __init__(
        self,
        state: State,
        index: Index,
        *,
        name: str,
        encoder: Callable[[], Encoder | None] = lambda: None,
        vectors: Callable[[Encoder], KeptVectors | None] = lambda _: None,
    ) -> None:
        """`encoder` gives what turns questions into vectors, if anything does, and `vectors` those of the passages."""
        self._state = state
        self._encoder = encoder
        self._vectors = vectors
        self.index = index
        self.name = name
        self._documents: Remembered[Document] = Remembered(
            _REMEMBERED_DOCUMENTS, weigh=_weight_of_document, heaviest=_REMEMBERED_CHARACTERS
        )
        self._passages: Remembered[Passage] = Remembered(
            _REMEMBERED_PASSAGES, weigh=_weight_of_passage, heaviest=_REMEMBERED_IN_PASSAGES
        )
        self._sentences: Remembered[tuple[SentenceTerms, ...]] = Remembered(
            _REMEMBERED_HIGHLIGHTED, weigh=_weight_of_sentences, heaviest=_REMEMBERED_IN_PASSAGES
        )
        self._figures: Remembered[tuple[Figure, ...]] = Remembered(
            _REMEMBERED_HIGHLIGHTED, weigh=len, heaviest=_REMEMBERED_FIGURES
        )
        self._points: Remembered[bool] = Remembered(_REMEMBERED_PASSAGES)
        self._citations: Remembered[Citation] = Remembered(
            _REMEMBERED_HIGHLIGHTED, weigh=_weight_of_citation, heaviest=_REMEMBERED_CHARACTERS
        )
        self._years: dict[int, bool] = {}
        self._examples: list[str] | None = None
        self._shown: Remembered[str] = Remembered(_REMEMBERED_CONVERSATIONS)
        self._nearness: Remembered[Mapping[str, float]] = Remembered(
            _REMEMBERED_DOCUMENTS, weigh=len, heaviest=_REMEMBERED_NEIGHBOURS
        )
        self._within: Remembered[frozenset[str]] = Remembered(
            _REMEMBERED_DOCUMENTS, weigh=len, heaviest=_REMEMBERED_NEIGHBOURS
        )
        self._openings: Remembered[tuple[Passage, ...]] = Remembered(
            _REMEMBERED_DOCUMENTS, weigh=_weight_of_passages, heaviest=_REMEMBERED_CHARACTERS
        )

    def document(self, document_id: str) -> Document:
        """The document with this id.

        Raises:
            UnknownDocumentError: where there is none.
        """
        return self._documents.get(document_id, self._read_document)

    def passage(self, passage_id: str) -> Passage:
        """The passage with this id.

        Raises:
            UnknownPassageError: where there is none.
        """
        return self._passages.get(passage_id, self._read_passage)

    def bring(self, passage_ids: Collection[str]) -> None:
        """Have these passages and their documents at hand, which will be asked for one by one."""
        self._state.bring(passage_ids)

    def shown_last(self, scope: Sequence[str] | None, history: Sequence[str], find: Callable[[], str]) -> str:
        """The passage that `find` gives for these questions of a conversation, from the documents with these ids or
        from all.

        It is remembered, since a later question may need it again.
        """
        return self._shown.get(digest(repr((scope, *history))), lambda _: find())

    def nearness(self, passage_id: str) -> Mapping[str, float]:
        """How near the passages of its document are to the passage with this id: 1 in its section, else 0.6.

        Raises:
            UnknownPassageError: where there is none.
        """
        return self._nearness.get(passage_id, self._read_nearness)

    def sentence_terms(self, passage_id: str) -> tuple[SentenceTerms, ...]:
        """The terms of each sentence of the passage with this id.

        Raises:
            UnknownPassageError: where there is none.
        """
        return self._sentences.get(passage_id, self._read_sentences)

    def points(self, passage_id: str) -> bool:
        """Whether the passage with this id only points to others.

        Raises:
            UnknownPassageError: where there is none.
        """
        return self._points.get(passage_id, self._read_points)

    def citation(
        self, passage: Passage, marked: Span | None, cite: Callable[[Document, Passage, Span | None], Citation]
    ) -> Citation:
        """The citation that `cite` gives for a passage of which this is marked. It is remembered."""
        document = self.document(passage.document_id)
        page = document.page_at(passage.start + marked.start) if marked else None  # all that depends on what is marked
        return self._citations.get(f"{passage.id} {page}", lambda _: cite(document, passage, marked))

    def figures(self, passage_id: str) -> tuple[Figure, ...]:
        """The numbers with their units in the passage with this id.

        Raises:
            UnknownPassageError: where there is none.
        """
        return self._figures.get(passage_id, self._read_figures)

    @property
    def is_current(self) -> bool:
        """Whether its files are unchanged, as far as can be seen."""
        return self._state.is_current

    @property
    def retriever(self) -> Retriever:
        """The retriever, which finds its passages."""
        return self.index.retriever

    @cached_property
    def meaning(self) -> Meaning | None:
        """How near its passages are to a question in meaning. None if only words are compared."""
        encoder = self._encoder()
        return None if encoder is None else Meaning(encoder, partial(self._vectors, encoder), self._state)

    def encode(
        self,
        encoder: Encoder,
        writer: VectorWriter,
        *,
        on_passages: Callable[[int, int], None],
        should_stop: Callable[[], bool],
    ) -> int:
        """Make vectors of the passages that have none yet. Returns how many still have none; see `encoding.encode`."""
        return self._state.encode(encoder, writer, on_passages=on_passages, should_stop=should_stop)

    @property
    def engine_asked(self) -> str:
        """The engine that was asked for: its name, or "auto"."""
        return self._state.facts()["asked"]

    def correct(self, question: str) -> tuple[str, tuple[Reading, ...]]:
        """A question in the words of the library; see `Speller.correct`."""
        return self.index.speller.correct(question, self._know)

    def _know(self, words: Sequence[Word]) -> list[bool]:
        held = self.retriever.document_frequencies([term for word in words for term in word.terms])
        return [any(map(held.get, word.terms)) or self.index.concepts.name(word.text) for word in words]

    def contents(self, *, limit: int | None = None, start: int = 0) -> list[DocumentEntry]:
        """All documents, ordered by id, or `limit` of them behind the first `start`, without their texts."""
        return self._state.contents(limit=limit, start=start)

    def entries(self, document_ids: Collection[str]) -> list[DocumentEntry]:
        """The same for these documents. Unknown ids are ignored."""
        return self._state.entries(document_ids)

    def listing(
        self, wanted: DocumentFilter, *, limit: int, after: str | None = None, before: str | None = None
    ) -> Listing:
        """At most `limit` of the documents wanted, in order of title or, found by words, best first.

        They are those behind the document `after`, or those before the document `before`.

        Raises:
            UnknownDocumentError: if that document is not there.
        """
        if wanted.words:
            ranked = self._state.found_by_words(wanted, self._passages_with)
            ids, has_more = catalogue.page_in(ranked, limit=limit, after=after, before=before)
            count = len(ranked)
        else:
            ids, has_more = self._state.page(wanted, limit=limit, after=after, before=before)
            count = self.document_count if wanted == DocumentFilter() else self._state.count(wanted)
        found = {entry.id: entry for entry in self.entries(ids)}
        has_previous = has_more if before is not None else after is not None
        has_next = before is not None or has_more
        return Listing(
            tuple(found[each] for each in ids),
            count,
            ids[0] if ids and has_previous else None,
            ids[-1] if ids and has_next else None,
        )

    @cached_property
    def publishers(self) -> list[str]:
        """The publishers of its documents, in order."""
        return self._state.publishers()

    @cached_property
    def formats(self) -> list[str]:
        """The formats of its documents, as endings of files, in order."""
        return self._state.formats()

    @cached_property
    def document_count(self) -> int:
        """How many documents there are."""
        return self._state.document_count()

    def documents_from_all_over(self, most: int) -> list[str]:
        """The ids of at most so many documents that stand far from one another, in the order of indexing."""
        return self._state.documents_from_all_over(most)

    def examples(self, choose: Callable[[], list[str]]) -> list[str]:
        """The questions to begin with that were kept for this state, else those that `choose` gives, remembered."""
        if self._examples is None:
            kept = self.kept_examples()
            self._examples = choose() if kept is None else kept
        return self._examples

    def kept_examples(self) -> list[str] | None:
        """The questions to begin with that were kept for this state. None if none were."""
        kept = json.loads(self._state.facts().get("examples", "{}"))
        return [str(each) for each in kept["questions"]] if kept.get("version") == self.name else None

    def has_documents_of(self, year: int) -> bool:
        """Whether any document is dated in this year."""
        if year not in self._years:
            self._years[year] = self._state.has_documents_of(year)
        return self._years[year]

    def has_document(self, document_id: str) -> bool:
        """Whether there is a document with this id."""
        return self._state.has_document(document_id)

    def documents_with_digest(self, sha256: str) -> list[str]:
        """The ids of the documents whose text has this digest, ascending."""
        return self._state.documents_with_digest(sha256)

    def files(self) -> dict[str, FileState | None]:
        """The state of each file when it was read, by origin. None if the file must be read again."""
        return self._state.files()

    def documents_of_files(self, origins: Collection[str]) -> dict[str, dict[str, str]]:
        """For each of these files with documents: the origins and ids of its documents, in order of id."""
        return self._state.documents_of_files(origins)

    def documents_in_files(self, origins: Collection[str]) -> list[str]:
        """The ids of the documents of these files, in no order."""
        return self._state.documents_in_files(origins)

    def passages_of(self, document_id: str) -> list[Passage]:
        """The passages of a document, in source order.

        Raises:
            UnknownDocumentError: where there is no such document.
        """
        return self._state.passages_of(self.document(document_id))

    def passage_ids_in(self, document_ids: Sequence[str]) -> frozenset[str]:
        """The ids of the passages of some documents.

        Raises:
            UnknownDocumentError: for the first document that is not there.
        """
        return self._within.get("\n".join(document_ids), lambda _: self._read_passage_ids(document_ids))

    def headings_above(self, passage_ids: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
        """The title of the document and the headings above each of these passages, in their order."""
        found = self._state.headings_above(passage_ids)
        return [found[each] for each in passage_ids]

    def openings_of(self, document_id: str) -> tuple[Passage, ...]:
        """The first passage of each section of a document, in source order.

        Raises:
            UnknownDocumentError: where there is no such document.
        """
        return self._openings.get(document_id, self._read_openings)

    def problems(self, *, on_passages: Callable[[int, int], None] = lambda *_: None) -> list[str]:
        """What is wrong with this state, in sentences; see `checking.problems`."""
        vectors = None if self.meaning is None else self.meaning.vectors()
        return self._state.problems(self.retriever, self.index.speller, vectors, on_passages=on_passages)

    def copy_to(self, database: sqlite3.Connection, *, on_pages: Callable[[int, int], None] | None = None) -> None:
        """Write this state, without its index, into an empty database."""
        self._state.copy_to(database, on_pages=on_pages)

    def _read_document(self, document_id: str) -> Document:
        found = self._state.document(document_id)
        if found is None:
            raise UnknownDocumentError(document_id)
        return found

    def _read_passage(self, passage_id: str) -> Passage:
        found = self._state.passage(passage_id, self.document)
        if found is None:
            raise UnknownPassageError(passage_id)
        return found

    def _passages_with(self, words: str, limit: int) -> list[str]:
        """The ids of the passages that hold these words best."""
        query = read_question(words, correct=self.correct, concepts=self.index.concepts)
        return [each.passage_id for each in self.retriever.search(query, limit=limit)]

    def _read_passage_ids(self, document_ids: Sequence[str]) -> frozenset[str]:
        for each in document_ids:
            if not self.has_document(each):
                raise UnknownDocumentError(each)
        return frozenset(self._state.passage_ids_in(document_ids))

    def _read_nearness(self, passage_id: str) -> Mapping[str, float]:
        shown = self.passage(passage_id)
        return {
            each.id: 1.0 if each.section[: len(shown.section)] == shown.section else _SAME_DOCUMENT
            for each in self.passages_of(shown.document_id)
        }

    def _read_points(self, passage_id: str) -> bool:
        passage = self.passage(passage_id)
        return points(passage, self.document(passage.document_id))

    def _read_figures(self, passage_id: str) -> tuple[Figure, ...]:
        passage = self.passage(passage_id)
        return find_figures(passage.text, passage.sentences)[:_MOST_FIGURES]

    def _read_sentences(self, passage_id: str) -> tuple[SentenceTerms, ...]:
        return sentence_terms(self.passage(passage_id), self.index.wordings)

    def _read_openings(self, document_id: str) -> tuple[Passage, ...]:
        by_section = groupby(self.passages_of(document_id), key=lambda passage: passage.section)
        return tuple(next(passages) for _, passages in by_section)


def open_snapshot(
    folder: Path,
    *,
    retrievers: Callable[[str], Retrievers] = local_retrievers,
    encoder: Callable[[], Encoder | None] = lambda: None,
    vectors: Path | None = None,
) -> Snapshot:
    """The current state of the library in a folder. The vectors of its passages are there too, or in another folder.

    Raises:
        LibraryNotFoundError, IndexFormatError.
        DamagedLibraryError: if its files are broken or do not fit together.
    """
    reader = Reader.open(folder)
    database = reader.database
    if 0 < version_of(database) < latest():
        with suppress(LibraryBusyError, LibraryUnwritableError), writing(folder):
            pass  # its tables are of the latest version now, if they may be written
    reader.select("BEGIN")  # and so one state, whatever is changed
    facts = kept_facts(folder, database)
    if not facts:
        raise not_found(folder)
    state = LocalState(reader)
    try:
        index = load_index(index_folder(folder, facts["version"]), state, retrievers)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedLibraryError(folder, reason=f"its index cannot be read ({error})") from None
    return Snapshot(
        state,
        index,
        name=facts["version"],
        encoder=encoder,
        vectors=lambda found: KeptVectors.open(vectors or folder, found.name),
    )


def _weight_of_document(document: Document) -> int:
    """About how many characters a document takes in memory, its parts among them."""
    parts = len(document.sections) + len(document.references) + len(document.markers) + len(document.headings)
    return len(document.text) + _PART * parts + sum(len(each.text or "") for each in document.references)


def _weight_of_passage(passage: Passage) -> int:
    return len(passage.text) + _PART + _WORD * len(passage.sentences)


def _weight_of_citation(citation: Citation) -> int:
    """The same of a citation, with what is made of it, and with its document, which it keeps in memory."""
    return (
        _weight_of_document(citation.document)
        + 3 * len(citation.quote)
        + _PART * (9 + 2 * len(citation.markers) + 2 * len(citation.references))
    )


def _weight_of_passages(passages: Sequence[Passage]) -> int:
    return sum(map(_weight_of_passage, passages))


def _weight_of_sentences(sentences: Sequence[SentenceTerms]) -> int:
    return sum(_PART + 2 * len(each.text) + _WORD * (len(each.terms) + len(each.beginnings)) for each in sentences)
