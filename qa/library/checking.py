"""Checks a library for damage: whether it has what was read, and whether its index fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path

import numpy as np

from qa.asking.concepts import mined, plain_words
from qa.asking.spelling import Speller
from qa.errors import LibraryError
from qa.library.analyst import Analyst, Titled, titled
from qa.library.folder import DATABASE, Reader, index_folder
from qa.library.helpers import Helpers
from qa.library.index import kept_concepts
from qa.library.rows import DOCUMENT_COLUMNS, PASSAGE_COLUMNS, document_of, parts_of, passage_of
from qa.library.sealing import file_problems, of_document, state_of
from qa.library.sealing import problems as seal_problems
from qa.library.selecting import Select
from qa.library.vectors import VECTORS, KeptVectors
from qa.library.vectors import problems as vector_problems
from qa.model import Document, Passage
from qa.ranking.layout import packed_rows
from qa.ranking.wordings import MARKS, word_counts
from qa.retrievers import Retriever

__all__ = ["problems"]

_AT_ONCE = 256  # passages
_MOST = 100  # problems that are named


def problems(
    select: Select,
    retriever: Retriever,
    speller: Speller,
    vectors: KeptVectors | None,
    *,
    folder: Path | None,
    on_passages: Callable[[int, int], None],
) -> list[str]:
    """What is wrong with a library, in at most a hundred sentences. None if nothing is.

    Every document is compared with its digest and its seal, every passage with its document, every word with a new
    analysis of its passage, and the index with the number of passages that have each term. In a `folder`, all else
    that is kept there is compared with the seals of it. `on_passages` is told how many passages are checked, and of how
    many.
    """
    told: list[str] = []
    with Helpers() as helpers:
        try:
            found = _Checking(select, retriever, speller, helpers, on_passages, folder).problems()
            told.extend(islice(chain(found, _problems_of_vectors(select, vectors, folder)), _MOST))
        except LibraryError as error:
            told.append(error.message)
    return told


def _problems_of_vectors(select: Select, vectors: KeptVectors | None, folder: Path | None) -> Iterator[str]:
    is_beside = folder is not None and (folder / VECTORS).exists()
    if is_beside or vectors is not None:
        counts = dict(select("SELECT stamp, json_array_length(sentences) FROM passages ORDER BY id"))
        if folder is not None and is_beside:
            yield from vector_problems(Reader.open(folder, VECTORS), counts)
        elif vectors is not None:
            yield from vectors.problems(counts)


class _Checking:
    """One check, step by step."""

    def __init__(
        self,
        select: Select,
        retriever: Retriever,
        speller: Speller,
        helpers: Helpers,
        on_passages: Callable[[int, int], None],
        folder: Path | None,
    ) -> None:
        self._folder = folder
        self._seals: dict[int, bytes] = {}
        self._select = select
        self._helpers = helpers
        self._retriever = retriever
        self._speller = speller
        self._on_passages = on_passages
        self._spellings: Counter[str] = Counter()

    def problems(self) -> Iterator[str]:
        """All of them. If the database is broken, nothing else is looked at."""
        broken = [f"The database is broken: {row[0]}." for row in self._select("PRAGMA integrity_check(10)")]
        if broken != ["The database is broken: ok."]:
            yield from broken
            return
        for table, row, parent, _ in self._select("PRAGMA foreign_key_check"):
            yield f"Row {row} of {table} belongs to nothing in {parent}."
        state = state_of(dict(self._select("SELECT key, value FROM facts"))) if self._folder else None
        if state is not None:
            self._seals = dict(self._select("SELECT document, seal FROM seals"))
        is_whole = True
        for each in chain(self._documents(), self._passages(), self._sealed()):
            is_whole = False
            yield each
        if is_whole and self._folder is not None and state is not None:
            yield from file_problems(self._folder / DATABASE, state)

    def _sealed(self) -> Iterator[str]:
        """What is not as it was sealed, but for the documents."""
        if self._folder is not None:
            yield from seal_problems(self._select, partial(index_folder, self._folder))

    def _documents(self) -> Iterator[str]:
        for (number,) in self._select("SELECT number FROM documents ORDER BY id"):
            [row] = self._select(f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE number = ?", number)
            try:
                document = document_of(row, *parts_of(self._select, number))
            except LibraryError as error:
                yield error.message
                continue
            except (ValueError, KeyError, TypeError) as error:
                yield f"The saved data of the document {row[1]} cannot be read ({error})."
                continue
            if self._seals and self._seals.get(number) != of_document(self._select, number):
                yield f"The saved data of the document {document.id} has been changed."
            yield from self._passages_of(number, document)
            text = f"{document.title}\n{document.text}"
            self._spellings.update(plain_words(text))
            pairs = {
                tuple(row) for row in self._select("SELECT short, long FROM definitions WHERE document = ?", number)
            }
            if pairs != set(mined(text)):
                yield f"The saved abbreviations of the document {document.id} are not those in its text."
        kept = dict(self._select("SELECT word, count FROM spellings WHERE count <> 0"))
        if kept != dict(self._spellings):
            yield "The saved counts of words as written do not match the documents."

    def _passages_of(self, number: int, document: Document) -> Iterator[str]:
        rows = self._select(f"SELECT {PASSAGE_COLUMNS} FROM passages WHERE document = ?", number)
        paths = {(), *(section.path for section in document.sections)}
        for row in rows:
            try:
                passage = passage_of(row, document)
            except (ValueError, KeyError, TypeError) as error:
                yield f"The saved data of the passage {row[0]} cannot be read ({error})."
                continue
            if not _holds_its_sentences(passage):
                yield f"The saved sentences of the passage {passage.id} are outside its text."
            if passage.section not in paths or passage.page != document.page_at(passage.start):
                yield f"The saved section or page of the passage {passage.id} is wrong."

    def _passages(self) -> Iterator[str]:
        select, retriever = self._select, self._retriever
        numbers = {word: (number, term) for word, number, term in select("SELECT word, number, term FROM words")}
        of_analysts: dict[int, list[int]] = {}
        counts: Counter[int] = Counter()
        frequencies: Counter[str] = Counter()
        namings: Counter[tuple[str, str]] = Counter()
        terms = done = 0
        ids = [passage_id for (passage_id,) in select("SELECT id FROM passages ORDER BY id")]
        if retriever.holding(()) != ids:
            yield "The passages in the index are not those in the library."
        worker = partial(Analyst, kept_concepts(select, is_held=False))
        for passages, found in self._helpers.each(worker, self._titled(ids), size=_AT_ONCE, count=len(ids)):
            known = of_analysts.setdefault(found.analyst, list(range(MARKS)))
            for entry in found.words:
                number, term = numbers.get(entry.word, (-1, entry.term))
                if term != entry.term:
                    yield f"The saved term of the word “{entry.word}” is wrong."
                known.append(number)
            stream = np.maximum(np.array(known, np.int64)[found.laid.stream], 0)
            rows = packed_rows(stream, found.laid)
            for each, row, held in zip(passages, rows, found.laid.terms, strict=True):
                kept = select("SELECT stream, contexts, length FROM wordings WHERE passage = ?", each.number)
                if kept != [tuple(row)]:
                    yield f"The saved words of the passage {each.id} do not match its text."
                frequencies.update(set(held.split("\n")) if held else ())
            counts.update(word_counts([row.stream for row in rows]))
            namings.update(found.laid.namings)
            terms += sum(found.laid.lengths)
            done += len(passages)
            self._on_passages(done, len(ids))
        facts = dict(select("SELECT key, value FROM facts"))
        if (facts.get("passages"), facts.get("terms")) != (str(len(ids)), str(terms)):
            yield "The saved numbers of passages and terms are wrong."
        indexed = retriever.document_frequencies(frequencies)
        wrong = sorted(term for term, count in frequencies.items() if indexed[term] != count)
        if wrong:
            yield f"The index has wrong numbers of passages for {len(wrong):,} terms, such as “{wrong[0]}”."
        if dict(select("SELECT number, count FROM words WHERE count <> 0")) != dict(counts):
            yield "The saved counts of words do not match the passages."
        if {(concept, name): count for concept, name, count in select("SELECT * FROM namings")} != dict(namings):
            yield "The saved counts of concept names do not match the passages."
        speller = Speller.build(select("SELECT word, count FROM words WHERE count > 0 ORDER BY number"))
        kept_speller = self._speller.arrays
        if not all(np.array_equal(speller.arrays[name], kept_speller[name]) for name in Speller.ARRAYS):
            yield "The words that questions are corrected to do not match the library."

    def _titled(self, ids: list[str]) -> Iterator[Titled]:
        """The passages that can be read; of the others it has been told."""
        document, title, text = "", "", ""
        for passage_id in ids:
            rows = self._select(
                f"SELECT passages.number, documents.id, {PASSAGE_COLUMNS} FROM passages"
                " JOIN documents ON document = documents.number WHERE passages.id = ?",
                passage_id,
            )
            if not rows:  # it is of no document
                continue
            [(number, document_id, *columns)] = rows
            if document_id != document:
                [(title, text)] = self._select("SELECT title, text FROM documents WHERE id = ?", document_id)
                document = document_id
            try:
                yield titled(number, title, text, columns)
            except (ValueError, KeyError, TypeError):
                continue


def _holds_its_sentences(passage: Passage) -> bool:
    ends = [place for sentence in passage.sentences for place in sentence]
    return ends == sorted(ends) and all(0 <= place <= len(passage.text) for place in ends)
