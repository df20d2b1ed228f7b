"""Passages laid out in memory, for tests of what is told from where their words stand."""

from __future__ import annotations

from collections.abc import Callable, Collection

from qa.asking.concepts import NO_CONCEPTS, Concepts
from qa.model import Passage
from qa.ranking.layout import Layout, packed_rows
from qa.ranking.wordings import MARKS, Entry, PackedRow, Wordings, unpacked_rows

__all__ = ["WordingsBuilder"]


class _KnownWords:
    """Words that are held in memory."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._numbers: dict[str, int] = {}
        self._of_terms: dict[str, list[int]] = {}

    def number(self, word: str, term: str | None) -> int:
        """The number of a word. A new word gets the next number."""
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = MARKS + len(self._entries)
            self._entries.append(Entry(word, term))
            if term is not None:
                self._of_terms.setdefault(term, []).append(number)
        return number

    def numbers(self, words: Collection[str]) -> dict[str, int]:
        return {word: self._numbers[word] for word in words if word in self._numbers}

    def numbers_of_terms(self, terms: Collection[str]) -> dict[str, list[int]]:
        return {term: self._of_terms[term] for term in terms if term in self._of_terms}

    def entries(self, numbers: Collection[int]) -> dict[int, Entry]:
        return {number: self._entries[number - MARKS] for number in numbers}


class WordingsBuilder:
    """Lays out passages in memory."""

    def __init__(self, concepts: Concepts = NO_CONCEPTS) -> None:
        self._words = _KnownWords()
        self._rows: dict[str, PackedRow] = {}
        self._layout = Layout(concepts, self._words.number)

    def add(self, passage: Passage, *, title: str) -> list[str]:
        """Lay out a passage. Returns its terms for the index."""
        self._layout.add(title, passage.section, passage.text, passage.sentences)
        laid = self._layout.take()
        [self._rows[passage.id]] = packed_rows(laid.stream, laid)
        [terms] = laid.terms
        return terms.split("\n") if terms else []

    def done(self, document_frequency: Callable[[str], int]) -> Wordings:
        """All of them. The `document_frequency` of a term is the number of passages with it."""
        packed = list(self._rows.values())
        rows = dict(zip(self._rows, unpacked_rows(packed), strict=True))
        return Wordings(
            rows=lambda passage_ids: [rows[each] for each in passage_ids],
            words=self._words,
            document_frequencies=lambda terms: {term: document_frequency(term) for term in terms},
            passage_count=len(rows),
            mean_length=sum(row.length for row in packed) / len(rows) if rows else 1.0,
        )
