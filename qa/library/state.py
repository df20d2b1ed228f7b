"""What is kept of one state of a library, wherever it is: the seam between a snapshot and what it reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from qa.asking.concepts import Concepts
from qa.asking.spelling import Speller
from qa.encoders import Encoder
from qa.library.catalogue import Page
from qa.library.vectors import KeptVectors, VectorWriter
from qa.model import Document, DocumentEntry, DocumentFilter, FileState, Passage
from qa.ranking.wordings import Entry, PackedRow
from qa.retrievers import Retriever

__all__ = ["State"]


class State(Protocol):
    """Documents, passages and words as they are kept. It never changes. Several threads may read it at once.

    What it gives is not remembered: who asks twice remembers it. Every method raises `DamagedLibraryError` if it reads
    something other than what was written. Unknown ids are left out of what is asked for several of them.
    """

    @property
    def place(self) -> Path | str:
        """Where it is, for messages."""

    @property
    def is_current(self) -> bool:
        """Whether what it reads is unchanged, as far as can be seen."""

    def facts(self) -> Mapping[str, str]:
        """What is known of it as a whole, such as its version, by name."""

    # Documents

    def document(self, document_id: str) -> Document | None:
        """The document with this id."""

    def has_document(self, document_id: str) -> bool:
        """Whether there is a document with this id."""

    def document_count(self) -> int:
        """How many documents there are."""

    def contents(self, *, limit: int | None, start: int) -> list[DocumentEntry]:
        """All documents, ordered by id, or `limit` of them behind the first `start`."""

    def entries(self, document_ids: Collection[str]) -> list[DocumentEntry]:
        """These documents, in no order."""

    def page(self, wanted: DocumentFilter, *, limit: int, after: str | None, before: str | None) -> Page:
        """A page of the documents wanted; see `catalogue.page_of`."""

    def count(self, wanted: DocumentFilter) -> int:
        """How many documents are wanted, whatever their words."""

    def found_by_words(self, wanted: DocumentFilter, search: Callable[[str, int], Sequence[str]]) -> list[str]:
        """The documents wanted whose passages fit the words best; see `catalogue.found_by_words`."""

    def publishers(self) -> list[str]:
        """The publishers of its documents, in order."""

    def formats(self) -> list[str]:
        """The formats of its documents, as endings of files, in order."""

    def documents_from_all_over(self, most: int) -> list[str]:
        """The ids of at most so many documents that stand far from one another, in the order of indexing."""

    def has_documents_of(self, year: int) -> bool:
        """Whether any document is dated in this year."""

    def documents_with_digest(self, sha256: str) -> list[str]:
        """The ids of the documents whose text has this digest, ascending."""

    # Files

    def files(self) -> dict[str, FileState | None]:
        """The state of each file when it was read, by origin. None if the file must be read again."""

    def documents_of_files(self, origins: Collection[str]) -> dict[str, dict[str, str]]:
        """For each of these files with documents: the origins and ids of its documents, in order of id."""

    def documents_in_files(self, origins: Collection[str]) -> list[str]:
        """The ids of the documents of these files, in no order."""

    # Passages

    def passage(self, passage_id: str, document: Callable[[str], Document]) -> Passage | None:
        """The passage with this id. `document` gives the document with an id, of which it is a part."""

    def passages_of(self, document: Document) -> list[Passage]:
        """The passages of a document, in source order."""

    def passage_ids_in(self, document_ids: Collection[str]) -> list[str]:
        """The ids of the passages of these documents, in no order."""

    def headings_above(self, passage_ids: Collection[str]) -> dict[str, tuple[str, tuple[str, ...]]]:
        """The title of the document and the headings above each of these passages, by its id."""

    def rows(self, passage_ids: Collection[str]) -> dict[str, PackedRow]:
        """The words of these passages, laid out, by their ids."""

    def bring(self, passage_ids: Collection[str]) -> None:
        """Have these passages and their documents at hand, which will be asked for. Nothing, where they are near."""

    # Words

    def word_numbers(self, words: Collection[str]) -> dict[str, int]:
        """The numbers of these words."""

    def numbers_of_terms(self, terms: Collection[str]) -> dict[str, list[int]]:
        """The numbers of the words with each of these terms."""

    def words(self, numbers: Collection[int]) -> dict[int, Entry]:
        """The words with these numbers."""

    def concepts(self) -> Concepts:
        """The concepts with a name in the library."""

    # Vectors, checks and copies

    def stamps(self, passage_ids: Collection[str]) -> dict[str, bytes]:
        """The stamps under which the vectors of these passages are kept, by their ids."""

    def ids_of_stamps(self, stamps: Collection[bytes]) -> dict[bytes, list[str]]:
        """The ids, ascending, of the passages with each of these stamps. There may be several with the same text."""

    def all_stamps(self) -> list[tuple[str, bytes]]:
        """The ids of all passages, ascending, with their stamps."""

    def encode(
        self,
        encoder: Encoder,
        writer: VectorWriter,
        *,
        on_passages: Callable[[int, int], None],
        should_stop: Callable[[], bool],
    ) -> int:
        """Make vectors of the passages that have none yet. Returns how many still have none; see `encoding.encode`."""

    def problems(
        self,
        retriever: Retriever,
        speller: Speller,
        vectors: KeptVectors | None,
        *,
        on_passages: Callable[[int, int], None],
    ) -> list[str]:
        """What is wrong with it and its index, in sentences; see `checking.problems`."""

    def copy_to(self, database: sqlite3.Connection, *, on_pages: Callable[[int, int], None] | None = None) -> None:
        """Write it, without its index, into an empty database. `on_pages` is told how many pages are written, and of
        how many."""
