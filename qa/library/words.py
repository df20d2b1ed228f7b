"""The words of a library, in its database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from qa.errors import DamagedLibraryError
from qa.ranking.wordings import Entry, PackedRow, Row, unpacked_rows

__all__ = ["KeptRows", "KeptWords", "Select", "chosen"]

Select = Callable[..., list[Any]]
"""What a query gives: a statement and its parameters to rows."""

_K = TypeVar("_K")
_V = TypeVar("_V")

_AT_ONCE = 500  # parameters of a statement; SQLite takes a thousand at least
_REMEMBERED_ROWS = 4_000  # passages, about 5 MB
_REMEMBERED_IN_ROWS = 4_000_000  # words in them, 16 MB
_ROWS = "SELECT id, stream, contexts, length FROM passages JOIN wordings ON passage = number WHERE id IN (…)"
_REMEMBERED = 50_000  # words and terms, about 10 MB


def chosen(select: Select, statement: str, values: Collection[object]) -> list[Any]:
    """The rows of a statement in which (…) stands for any number of values."""
    found, left = [], list(values)
    for start in range(0, len(left), _AT_ONCE):
        some = left[start : start + _AT_ONCE]
        found += select(statement.replace("(…)", f"({','.join('?' * len(some))})"), *some)
    return found


class KeptWords:
    """Words, looked up in the database and remembered. Several threads may use it at once."""

    def __init__(self, select: Select, place: Path) -> None:
        self._select = select
        self._place = place
        self._entries: dict[int, Entry] = {}
        self._numbers: dict[str, int | None] = {}
        self._of_terms: dict[str, Sequence[int]] = {}
        self._remembering = Lock()

    def numbers(self, words: Collection[str]) -> Mapping[str, int]:
        found = self._looked_up(self._numbers, words, self._find_numbers)
        return {word: number for word, number in found.items() if number is not None}

    def numbers_of_terms(self, terms: Collection[str]) -> Mapping[str, Sequence[int]]:
        return self._looked_up(self._of_terms, terms, self._find_numbers_of_terms)

    def entries(self, numbers: Collection[int]) -> Mapping[int, Entry]:
        return self._looked_up(self._entries, numbers, self._find_entries)

    def _find_numbers(self, words: Collection[str]) -> dict[str, int | None]:
        rows = chosen(self._select, "SELECT word, number FROM words WHERE word IN (…)", words)
        return dict.fromkeys(words) | dict(rows)

    def _find_numbers_of_terms(self, terms: Collection[str]) -> dict[str, Sequence[int]]:
        found: dict[str, list[int]] = {term: [] for term in terms}
        for term, number in chosen(self._select, "SELECT term, number FROM words WHERE term IN (…)", terms):
            found[term].append(number)
        return dict(found)

    def _find_entries(self, numbers: Collection[int]) -> dict[int, Entry]:
        rows = chosen(self._select, "SELECT number, word, term FROM words WHERE number IN (…)", numbers)
        if len(rows) < len(numbers):
            raise DamagedLibraryError(self._place, reason="words of its passages are missing")
        return {number: Entry(word, term) for number, word, term in rows}

    def _looked_up(
        self, known: dict[_K, _V], wanted: Collection[_K], find: Callable[[Collection[_K]], dict[_K, _V]]
    ) -> dict[_K, _V]:
        """What is wanted of what is known or can be found."""
        taken, missing = {}, []
        for each in wanted:
            try:
                taken[each] = known[each]
            except KeyError:
                missing.append(each)
        if missing:
            found = find(missing)
            with self._remembering:
                if len(known) + len(found) > _REMEMBERED:
                    known.clear()
                known.update(found)
            taken |= found
        return taken


class KeptRows:
    """The rows of passages, looked up in the database and remembered. Several threads may use it at once."""

    def __init__(self, select: Select, place: Path) -> None:
        self._select = select
        self._place = place
        self._rows: dict[str, Row] = {}
        self._words = 0  # in these

    def __call__(self, passage_ids: Sequence[str]) -> list[Row]:
        """The rows of passages, in the order of their ids.

        Raises:
            DamagedLibraryError: for one that is not there, or cannot be read.
        """
        found = {each: row for each in passage_ids if (row := self._rows.get(each)) is not None}
        missing = [each for each in passage_ids if each not in found]
        if missing:
            kept = chosen(self._select, _ROWS, missing)
            try:
                rows = unpacked_rows([PackedRow(*columns) for _, *columns in kept])
            except (ValueError, TypeError) as error:
                raise DamagedLibraryError(
                    self._place, reason=f"the words of passages cannot be read ({error})"
                ) from None
            if len(rows) < len(missing):
                raise DamagedLibraryError(self._place, reason="the words of indexed passages are missing")
            read = {passage_id: row for (passage_id, *_), row in zip(kept, rows, strict=True)}
            words = sum(len(row.stream) for row in read.values())
            if len(self._rows) + len(read) > _REMEMBERED_ROWS or self._words + words > _REMEMBERED_IN_ROWS:
                self._rows, self._words = {}, 0
            self._rows.update(read)
            self._words += words
            found |= read
        return [found[each] for each in passage_ids]
