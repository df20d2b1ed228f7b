"""The words of a library, looked up in its state and remembered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from threading import Lock
from typing import TypeVar

from qa.errors import DamagedLibraryError
from qa.library.state import State
from qa.ranking.wordings import Entry, Row, unpacked_rows

__all__ = ["KeptRows", "KeptWords"]

_K = TypeVar("_K")
_V = TypeVar("_V")

_REMEMBERED_ROWS = 4_000  # passages, about 5 MB
_REMEMBERED_IN_ROWS = 4_000_000  # words in them, 16 MB
_REMEMBERED = 50_000  # words and terms, about 10 MB


class KeptWords:
    """Words, looked up and remembered. Several threads may use it at once."""

    def __init__(self, state: State) -> None:
        self._state = state
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
        return dict.fromkeys(words) | self._state.word_numbers(words)

    def _find_numbers_of_terms(self, terms: Collection[str]) -> dict[str, Sequence[int]]:
        found = self._state.numbers_of_terms(terms)
        return {term: found.get(term, ()) for term in terms}

    def _find_entries(self, numbers: Collection[int]) -> dict[int, Entry]:
        found = self._state.words(numbers)
        if len(found) < len(numbers):
            raise DamagedLibraryError(self._state.place, reason="words of its passages are missing")
        return found

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
    """The rows of passages, looked up and remembered. Several threads may use it at once."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._rows: dict[str, Row] = {}
        self._words = 0  # in these

    def __call__(self, passage_ids: Sequence[str]) -> list[Row]:
        """The rows of passages, in the order of their ids.

        Raises:
            DamagedLibraryError: for one that is not there, or cannot be read.
        """
        known = list(map(self._rows.get, passage_ids))
        missing = [each for each, row in zip(passage_ids, known, strict=True) if row is None]
        if missing:
            kept = self._state.rows(missing)
            if len(kept) < len(missing):
                raise DamagedLibraryError(self._state.place, reason="the words of indexed passages are missing")
            try:
                read = dict(zip(kept, unpacked_rows(list(kept.values())), strict=True))
            except (ValueError, TypeError) as error:
                reason = f"the words of passages cannot be read ({error})"
                raise DamagedLibraryError(self._state.place, reason=reason) from None
            words = sum(len(row.stream) for row in read.values())
            if len(self._rows) + len(read) > _REMEMBERED_ROWS or self._words + words > _REMEMBERED_IN_ROWS:
                self._rows, self._words = {}, 0
            self._rows.update(read)
            self._words += words
            known = [read[each] if row is None else row for each, row in zip(passage_ids, known, strict=True)]
        return [row for row in known if row is not None]
