"""The state of a library in a database of SQLite, in a folder or in memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from qa.asking.concepts import Concepts
from qa.asking.spelling import Speller
from qa.encoders import Encoder
from qa.errors import DamagedLibraryError
from qa.library import catalogue
from qa.library.folder import DATABASE, Reader
from qa.library.index import kept_concepts
from qa.library.rows import (
    DOCUMENT_COLUMNS,
    ENTRY_COLUMNS,
    PASSAGE_COLUMNS,
    document_of,
    entry_of,
    parts_of,
    passage_of,
)
from qa.library.selecting import chosen
from qa.library.vectors import KeptVectors, VectorWriter
from qa.model import Document, DocumentEntry, DocumentFilter, FileState, Passage
from qa.ranking.wordings import Entry, PackedRow
from qa.retrievers import Retriever

__all__ = ["LocalState"]

_Made = TypeVar("_Made")


class LocalState:
    """What a database holds; see `State`."""

    _entry_columns = ENTRY_COLUMNS

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._select = reader.select

    @property
    def place(self) -> Path | str:
        return self._reader.place

    @property
    def is_current(self) -> bool:
        return self._reader.is_current

    def facts(self) -> dict[str, str]:
        return dict(self._select("SELECT key, value FROM facts"))

    # Documents

    def document(self, document_id: str) -> Document | None:
        rows = self._select(f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE id = ?", document_id)
        return next(iter(self._made(rows, lambda row: document_of(row, *parts_of(self._select, row[0])))), None)

    def has_document(self, document_id: str) -> bool:
        return bool(self._select("SELECT 1 FROM documents WHERE id = ?", document_id))

    def document_count(self) -> int:
        [(count,)] = self._select("SELECT count(*) FROM documents")
        return int(count)

    def contents(self, *, limit: int | None, start: int) -> list[DocumentEntry]:
        query = f"SELECT {self._entry_columns} FROM documents ORDER BY id LIMIT ? OFFSET ?"
        return self._made(self._select(query, -1 if limit is None else limit, start), entry_of)

    def entries(self, document_ids: Collection[str]) -> list[DocumentEntry]:
        query = f"SELECT {self._entry_columns} FROM documents WHERE id IN (…)"
        return self._made(chosen(self._select, query, document_ids), entry_of)

    def page(self, wanted: DocumentFilter, *, limit: int, after: str | None, before: str | None) -> catalogue.Page:
        return catalogue.page_of(self._select, wanted, limit=limit, after=after, before=before)

    def count(self, wanted: DocumentFilter) -> int:
        return catalogue.count_of(self._select, wanted)

    def found_by_words(self, wanted: DocumentFilter, search: Callable[[str, int], Sequence[str]]) -> list[str]:
        return catalogue.found_by_words(self._select, wanted, search, self._documents_of)

    def publishers(self) -> list[str]:
        return catalogue.publishers(self._select)

    def formats(self) -> list[str]:
        return catalogue.formats(self._select)

    def documents_from_all_over(self, most: int) -> list[str]:
        [(first, last)] = self._select("SELECT min(number), max(number) FROM documents")
        if first is None:
            return []
        query = "SELECT id FROM documents WHERE number >= ? ORDER BY number LIMIT 1"
        places = range(first, last + 1, max(1, -(-(last + 1 - first) // most)))
        found = [document_id for place in places for (document_id,) in self._select(query, place)]
        return list(dict.fromkeys(found))

    def has_documents_of(self, year: int) -> bool:
        return bool(self._select("SELECT 1 FROM documents WHERE updated LIKE ? LIMIT 1", f"{year}-%"))

    def documents_with_digest(self, sha256: str) -> list[str]:
        query = "SELECT id FROM documents WHERE sha256 = ? ORDER BY id"
        return [document_id for (document_id,) in self._select(query, bytes.fromhex(sha256))]

    # Files

    def files(self) -> dict[str, FileState | None]:
        rows = self._select("SELECT origin, stamp, sha256 FROM files")
        return {origin: None if stamp is None else FileState(stamp, sha256) for origin, stamp, sha256 in rows}

    def documents_of_files(self, origins: Collection[str]) -> dict[str, dict[str, str]]:
        query = "SELECT origin, part, id FROM files JOIN documents ON file = files.number WHERE origin IN (…)"
        found: dict[str, dict[str, str]] = {}
        for origin, part, document_id in sorted(chosen(self._select, query, origins), key=itemgetter(2)):
            found.setdefault(origin, {})[f"{origin}{part}"] = document_id
        return found

    def documents_in_files(self, origins: Collection[str]) -> list[str]:
        query = "SELECT id FROM files JOIN documents ON file = files.number WHERE origin IN (…)"
        return [document_id for (document_id,) in chosen(self._select, query, origins)]

    # Passages

    def passage(self, passage_id: str, document: Callable[[str], Document]) -> Passage | None:
        query = (
            f"SELECT documents.id, {PASSAGE_COLUMNS} FROM passages JOIN documents ON document = documents.number"
            " WHERE passages.id = ?"
        )
        rows = self._select(query, passage_id)
        return next(iter(self._made(rows, lambda row: passage_of(row[1:], document(row[0])))), None)

    def passages_of(self, document: Document) -> list[Passage]:
        query = (
            f"SELECT {PASSAGE_COLUMNS} FROM passages WHERE document = (SELECT number FROM documents WHERE id = ?)"
            " ORDER BY start, passages.number"
        )
        return self._made(self._select(query, document.id), lambda row: passage_of(row, document))

    def passage_ids_in(self, document_ids: Collection[str]) -> list[str]:
        numbers = chosen(self._select, "SELECT number FROM documents WHERE id IN (…)", document_ids)
        query = "SELECT id FROM passages WHERE document IN (…)"
        return [each for (each,) in chosen(self._select, query, [number for (number,) in numbers])]

    def headings_above(self, passage_ids: Collection[str]) -> dict[str, tuple[str, tuple[str, ...]]]:
        query = (
            "SELECT passages.id, title, section FROM passages JOIN documents ON document = documents.number"
            " WHERE passages.id IN (…)"
        )
        rows = chosen(self._select, query, passage_ids)
        return dict(self._made(rows, lambda row: (row[0], (row[1], tuple(json.loads(row[2]))))))

    def rows(self, passage_ids: Collection[str]) -> dict[str, PackedRow]:
        query = "SELECT id, stream, contexts, length FROM passages JOIN wordings ON passage = number WHERE id IN (…)"
        return {each: PackedRow(*row) for each, *row in chosen(self._select, query, passage_ids)}

    def bring(self, passage_ids: Collection[str]) -> None:
        pass

    def _documents_of(self, passage_ids: Collection[str]) -> dict[str, str]:
        query = (
            "SELECT passages.id, documents.id FROM passages JOIN documents ON document = documents.number"
            " WHERE passages.id IN (…)"
        )
        return dict(chosen(self._select, query, passage_ids))

    # Words

    def word_numbers(self, words: Collection[str]) -> dict[str, int]:
        return dict(chosen(self._select, "SELECT word, number FROM words WHERE word IN (…)", words))

    def numbers_of_terms(self, terms: Collection[str]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for term, number in chosen(self._select, "SELECT term, number FROM words WHERE term IN (…)", terms):
            found.setdefault(term, []).append(number)
        return found

    def words(self, numbers: Collection[int]) -> dict[int, Entry]:
        rows = chosen(self._select, "SELECT number, word, term FROM words WHERE number IN (…)", numbers)
        return {number: Entry(word, term) for number, word, term in rows}

    def concepts(self) -> Concepts:
        return kept_concepts(self._select, is_held=True)

    # Vectors, checks and copies

    def stamps(self, passage_ids: Collection[str]) -> dict[str, bytes]:
        return dict(chosen(self._select, "SELECT id, stamp FROM passages WHERE id IN (…)", passage_ids))

    def ids_of_stamps(self, stamps: Collection[bytes]) -> dict[bytes, list[str]]:
        found: dict[bytes, list[str]] = {}
        query = "SELECT stamp, id FROM passages WHERE stamp IN (…)"
        for stamp, passage_id in sorted(chosen(self._select, query, stamps)):
            found.setdefault(stamp, []).append(passage_id)
        return found

    def all_stamps(self) -> list[tuple[str, bytes]]:
        return self._select("SELECT id, stamp FROM passages ORDER BY id")

    def encode(
        self,
        encoder: Encoder,
        writer: VectorWriter,
        *,
        on_passages: Callable[[int, int], None],
        should_stop: Callable[[], bool],
    ) -> int:
        from qa.library.encoding import encode, passages_of

        stamps, titled = dict(self._select("SELECT number, stamp FROM passages")), partial(passages_of, self._select)
        return encode(stamps, titled, encoder, writer, on_passages=on_passages, should_stop=should_stop)

    def problems(
        self,
        retriever: Retriever,
        speller: Speller,
        vectors: KeptVectors | None,
        *,
        on_passages: Callable[[int, int], None],
    ) -> list[str]:
        from qa.library.checking import problems

        folder = None if self._reader.is_in_memory else self._reader.place
        return problems(self._select, retriever, speller, vectors, folder=folder, on_passages=on_passages)

    def copy_to(self, database: sqlite3.Connection, *, on_pages: Callable[[int, int], None] | None = None) -> None:
        self._reader.copy_to(database, on_pages=on_pages)

    def _made(self, rows: Iterable[tuple[Any, ...]], make: Callable[[tuple[Any, ...]], _Made]) -> list[_Made]:
        try:
            return [make(row) for row in rows]
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedLibraryError(self.place, reason=f"{DATABASE} cannot be read ({error})") from None
