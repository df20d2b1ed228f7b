"""The words of every passage as written, laid out once, so that a question can be compared with many passages.

Each passage is a row of numbers. Its parts are its document's title, its headings and its sentences; each begins with a
mark. A part has its words in order. After another mark come further terms of the index: compounds and the tokens of
concepts, which have no neighbours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from qa.retrievers import inverse_document_frequency
from qa.text.arrays import unpacked_numbers

__all__ = [
    "BESIDE_NOTHING",
    "MARKS",
    "NUMBERED_PART",
    "PART",
    "Entry",
    "Excerpt",
    "Found",
    "PackedRow",
    "Part",
    "Row",
    "Wordings",
    "Words",
    "unpacked_rows",
    "word_counts",
]

PART, NUMBERED_PART, BESIDE_NOTHING = 0, 1, 2
"""The marks: of a part, of a sentence with a number, and of what stands beside nothing."""
MARKS = 3
"""The numbers below are marks, those from it on are words."""

_REMEMBERED_RARITIES = 20_000  # of terms of headings, and of the headings of passages

_Numbers = npt.NDArray[np.int32]
_Places = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]

_NO_NUMBERS = np.zeros(0, np.int32)


class Entry(NamedTuple):
    """A word as written, folded, with its term. A stop word has no term. A term without neighbours is written as "+"
    and the term."""

    word: str
    term: str | None


class Words(Protocol):
    """The words of a library, numbered from `MARKS` on."""

    def numbers(self, words: Collection[str]) -> Mapping[str, int]:
        """The numbers of these words. Unknown words are left out."""

    def numbers_of_terms(self, terms: Collection[str]) -> Mapping[str, Sequence[int]]:
        """For each of the terms, the numbers of the words with it. Terms without words may be left out."""

    def entries(self, numbers: Collection[int]) -> Mapping[int, Entry]:
        """The words with these numbers."""


class PackedRow(NamedTuple):
    """A passage laid out: its numbers, how many of its parts are title and headings, and the number of terms in its
    text."""

    stream: bytes
    contexts: int
    length: int


class Row(NamedTuple):
    """The same, as it is read."""

    stream: _Numbers
    contexts: int
    length: int


def unpacked_rows(packed: Sequence[PackedRow]) -> list[Row]:
    """The rows that were packed.

    Raises:
        ValueError: for bytes that are not such rows.
    """
    numbers, sizes = unpacked_numbers([row.stream for row in packed])
    whole, ends = numbers.astype(np.int32), np.cumsum(sizes).tolist()
    spans = pairwise([0, *ends])
    return [Row(whole[start:end], row.contexts, row.length) for (start, end), row in zip(spans, packed, strict=True)]


def word_counts(rows: Iterable[bytes]) -> Counter[int]:
    """How often each word occurs in some passages, by number."""
    numbers, _ = unpacked_numbers(list(rows))
    found, counts = np.unique(numbers[numbers >= MARKS], return_counts=True)
    return Counter(dict(zip(found.tolist(), counts.tolist(), strict=True)))


class Part(NamedTuple):
    """A title, a heading or a sentence: its words as written, folded, in order, and all its terms."""

    words: list[str]
    terms: set[str]


class Wordings:
    """The words of all passages. Each passage is looked up when needed."""

    def __init__(
        self,
        *,
        rows: Callable[[Sequence[str]], Sequence[Row]],
        words: Words,
        document_frequencies: Callable[[Collection[str]], Mapping[str, int]],
        passage_count: int,
        mean_length: float,
    ) -> None:
        """`rows` gives those of passages by their ids, and raises KeyError for one that is not there.

        `document_frequencies` tells of terms how many passages have each.
        """
        self._rows = rows
        self.words = words
        self._document_frequencies = document_frequencies
        self._passage_count = passage_count
        self._rarities: dict[str, float] = {}
        self._heading_rarities: dict[str, float] = {}
        self.mean_length = max(1.0, mean_length)
        """How many terms the text of a passage has on average."""

    def excerpt(self, passage_ids: Sequence[str]) -> Excerpt:
        """The wordings of some passages, one after another.

        Raises:
            KeyError: for a passage that is not there.
        """
        found = self._rows(passage_ids)
        stream = np.concatenate([_NO_NUMBERS, *(row.stream for row in found)])
        contexts = np.array([row.contexts for row in found], np.int64)
        offsets = np.cumsum([0, *(len(row.stream) for row in found)])
        marks = (stream <= NUMBERED_PART).nonzero()[0]  # each row begins with one
        bounds = marks.searchsorted(offsets)
        first_parts = bounds[:-1]
        part_rows = np.arange(len(found)).repeat(np.diff(bounds))
        innermost: _Places = first_parts + contexts - 1
        return Excerpt(
            wordings=self,
            passage_ids=tuple(passage_ids),
            stream=stream,
            marks=marks,
            part_rows=part_rows,
            first_parts=first_parts,
            ends=bounds[1:],
            innermost=innermost,
            is_text=np.arange(len(marks)) > innermost[part_rows],
            is_numbered=stream[marks] == NUMBERED_PART,
            text_starts=np.append(marks, len(stream))[innermost + 1],
            lengths=np.array([row.length for row in found], np.int64),
        )

    def parts(self, passage_id: str) -> tuple[list[Part], list[Part]]:
        """The title and headings of a passage, and its sentences, in order."""
        [row] = self._rows([passage_id])
        numbers: list[int] = row.stream.tolist()
        entries = self.words.entries({number for number in numbers if number >= MARKS})
        marks = [place for place, number in enumerate(numbers) if number < MARKS]
        parts: list[Part] = []
        for mark, end in pairwise([*marks, len(numbers)]):
            found = [entries[number] for number in numbers[mark + 1 : end]]
            terms = {term for _, term in found if term is not None}
            if numbers[mark] == BESIDE_NOTHING:
                parts[-1].terms.update(terms)
            else:
                parts.append(Part([word for word, _ in found], terms))
        return parts[: row.contexts], parts[row.contexts :]

    def holds(self, passage_id: str, terms: Iterable[str]) -> frozenset[str]:
        """Those of the terms that a passage has, with its headings and title."""
        [row] = self._rows([passage_id])
        held = set(row.stream.tolist())
        of_terms = self.words.numbers_of_terms(list(terms))
        return frozenset(term for term, numbers in of_terms.items() if not held.isdisjoint(numbers))

    def heading_rarities(self, excerpt: Excerpt) -> npt.NDArray[np.float64]:
        """`Excerpt.heading_rarities`, which depend on no question and are remembered."""
        known = self._heading_rarities
        found = [known.get(each) for each in excerpt.passage_ids]
        missing = [row for row, rarity in enumerate(found) if rarity is None]
        if missing:
            read = self._read_heading_rarities([excerpt.heading_words(row).tolist() for row in missing])
            if len(known) + len(read) > _REMEMBERED_RARITIES:
                self._heading_rarities = known = {}
            for row, rarity in zip(missing, read, strict=True):
                known[excerpt.passage_ids[row]] = found[row] = rarity
        return np.array(found, np.float64)

    def _read_heading_rarities(self, headings: Sequence[Sequence[int]]) -> list[float]:
        """The same of headings, each given as the numbers of its words."""
        entries = self.words.entries({number for heading in headings for number in heading})
        terms = [
            dict.fromkeys(term for number in sorted(set(heading)) if (term := entries[number].term) is not None)
            for heading in headings
        ]
        every = list(dict.fromkeys(chain.from_iterable(terms)))
        rarities = dict(zip(every, self.rarities(every), strict=True))
        return [sum(rarities[term] for term in each) for each in terms]

    def rarities(self, terms: Sequence[str]) -> list[float]:
        """The weight of each of some terms in a heading. A concept is not a word and has none."""
        known = self._rarities
        found = [known.get(term) for term in terms]
        missing = [term for term, rarity in zip(terms, found, strict=True) if rarity is None]
        if missing:  # they are asked for at once: in a cluster each time costs as much as many terms
            counts = self._document_frequencies([term for term in missing if not term.startswith("=")])
            read = {
                term: inverse_document_frequency(counts[term], self._passage_count) if term in counts else 0.0
                for term in missing
            }
            if len(known) + len(read) > _REMEMBERED_RARITIES:
                self._rarities = known = {}
            known.update(read)
            found = [read[term] if rarity is None else rarity for term, rarity in zip(terms, found, strict=True)]
        return [rarity for rarity in found if rarity is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where some words or terms occur in an excerpt: place, row, part, and which of those looked for it is. `in_text`
    is false in titles and headings."""

    places: _Places
    rows: _Places
    parts: _Places
    numbers: npt.NDArray[np.int16]
    in_text: _Flags

    def read_as(self, numbers: Iterable[int | None]) -> Found:
        """The same with each of its numbers read as another, without what is read as none."""
        read = np.array([-1 if number is None else number for number in numbers], np.int16)[self.numbers]
        kept = read >= 0
        return Found(
            places=self.places[kept],
            rows=self.rows[kept],
            parts=self.parts[kept],
            numbers=read[kept],
            in_text=self.in_text[kept],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """The words of some passages, one after another.

    `stream` has the words and marks. Four arrays have one entry per part, which is a title, a heading or a sentence,
    counted through the excerpt: `marks` (where in the stream it begins), `part_rows` (the number of its passage),
    `is_text` (false for titles and headings) and `is_numbered` (sentences with a number). Five have one entry per
    passage: `first_parts`, `ends` (the part behind its last one), `innermost` (the part that is the innermost heading
    or, without one, the title), `text_starts` (where the text begins) and `lengths` (of the text, in terms).
    """

    wordings: Wordings
    passage_ids: tuple[str, ...]
    stream: _Numbers
    marks: _Places
    part_rows: _Places
    first_parts: _Places
    ends: _Places
    innermost: _Places
    is_text: _Flags
    is_numbered: _Flags
    text_starts: _Places
    lengths: _Places

    def words(self, words: Sequence[str]) -> Found:
        """Where words occur as written, folded."""
        numbers = self.wordings.words.numbers(words)
        return self._found([[numbers[word]] if word in numbers else [] for word in words])

    def terms(self, terms: Sequence[str]) -> Found:
        """Where words with one of these terms occur."""
        numbers = self.wordings.words.numbers_of_terms(terms)
        return self._found([numbers.get(term, ()) for term in terms])

    def terms_and_words(self, terms: Sequence[str], words: Sequence[str]) -> tuple[Found, Found]:
        """What `terms` and `words` find, by one look at all that stands there."""
        of_terms = self.wordings.words.numbers_of_terms(terms)
        of_words = self.wordings.words.numbers(words)
        by_term = {number: place for place, term in enumerate(terms) for number in of_terms.get(term, ())}
        by_word = {of_words[word]: place for place, word in enumerate(words) if word in of_words}
        either = dict.fromkeys((*by_term, *by_word))
        found = self._found([[number] for number in either])
        return found.read_as(map(by_term.get, either)), found.read_as(map(by_word.get, either))

    def heading_rarities(self) -> npt.NDArray[np.float64]:
        """For each passage, the sum of the rarities of the different terms of its innermost heading, or title."""
        return self.wordings.heading_rarities(self)

    def heading_words(self, row: int) -> _Numbers:
        """The words of the innermost heading, or title, of a passage."""
        part = self.innermost[row]
        end = self.marks[part + 1] if part + 1 < len(self.marks) else len(self.stream)
        words = self.stream[self.marks[part] + 1 : end]
        return words[words >= MARKS]

    def _found(self, groups: Sequence[Sequence[int]]) -> Found:
        """Where the numbers of each group stand, none of which is in two of them."""
        top = max((number for group in groups for number in group), default=-1) + 1
        table = np.full(top + 1, -1, np.int16)  # which has a place for all that are above those looked for
        for place, group in enumerate(groups):
            for number in group:
                table[number] = place
        codes = table[np.minimum(self.stream, top)]
        places = (codes >= 0).nonzero()[0]
        parts = self.marks.searchsorted(places, "right") - 1
        return Found(
            places=places,
            rows=self.part_rows[parts],
            parts=parts,
            numbers=codes[places],
            in_text=self.is_text[parts],
        )
