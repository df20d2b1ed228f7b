"""The words of every passage as written, laid out once, so that a question can be compared with many passages.

Each passage is a row of numbers. Its parts are its document's title, its headings and its sentences; each begins with a
mark. A part has its words in order. After another mark come further terms of the index: compounds and the tokens of
concepts, which have no neighbours.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, compress, count, islice, starmap
from operator import itemgetter
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from qa.asking.concepts import LONGEST_PHRASE, Concept, Concepts
from qa.retrievers import inverse_document_frequency
from qa.text.analysis import Head, analysed, tokens
from qa.text.arrays import packed_numbers, unpacked_numbers

__all__ = [
    "HEADING_WEIGHT",
    "MARKS",
    "Entry",
    "Excerpt",
    "Found",
    "Laid",
    "Layout",
    "PackedRow",
    "Part",
    "Row",
    "Wordings",
    "Words",
    "packed_rows",
    "unpacked_rows",
    "word_counts",
]

HEADING_WEIGHT = 2  # how many times a heading's terms count, before saturation

_PART, _NUMBERED_PART, _BESIDE_NOTHING = 0, 1, 2
MARKS = 3
"""The numbers below are marks, those from it on are words."""

_REMEMBERED_RARITIES = 20_000  # of terms of headings, and of the headings of passages
_REMEMBERED_TOKENS = 1 << 16  # distinct tokens that are kept as they were laid out: about 60 MB when full

_REMEMBERED_CONTEXTS = 1 << 12  # titles and headings
_LONGEST_REMEMBERED = 200  # characters of a token; few are longer

_NUMBER = re.compile(r"\d")
_BRACKET = re.compile(r"\[[^\[\]\n]{1,80}\]")  # a number in these is a reference's

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


_Name = tuple[str, str]
"""A concept's token, and the name of the concept that stands in a text."""


class _Beside(NamedTuple):
    """What of a token may stand beside nothing: the term of the compound that it is, if it is one, and names.

    `starts` are the places among the heads of its words at which a concept's name may begin. `names` are those that it
    has by itself; where one of `followers` is the next term, a name may also go on behind it.
    """

    compound: tuple[str, ...]
    starts: tuple[int, ...]
    names: Sequence[_Name]
    followers: Container[str]


_LaidToken = tuple[tuple[int, ...], str, _Beside | None, tuple[Head, ...]]
"""A token laid out: the numbers of its words, its terms, each with a line break behind it, what may stand beside
nothing, and the heads of its words."""

_NUMBERS: Callable[[_LaidToken], tuple[int, ...]] = itemgetter(0)
_TERMS: Callable[[_LaidToken], str] = itemgetter(1)


class _Tokens(dict[str, _LaidToken]):
    """Tokens, each laid out when it is met. When it is full, those stay that are met again before it is full again."""

    def __init__(self, concepts: Concepts, number: Callable[[str, str | None], int]) -> None:
        super().__init__()
        self._concepts = concepts
        self._number = number
        self._earlier: dict[str, _LaidToken] = {}

    def __missing__(self, token: str) -> _LaidToken:
        if len(token) > _LONGEST_REMEMBERED:
            return self._laid(token)
        if len(self) >= _REMEMBERED_TOKENS:
            self._earlier = dict(self)
            self.clear()
        laid = self[token] = self._earlier.get(token) or self._laid(token)
        return laid

    def _laid(self, token: str) -> _LaidToken:
        terms, heads, spoken = analysed(token)
        own = sum(term is not None for _, term in spoken)
        text = "\n".join((*terms, ""))
        return tuple(starmap(self._number, spoken)), text, self._beside(terms[own:], heads), heads

    def _beside(self, compound: tuple[str, ...], heads: tuple[Head, ...]) -> _Beside | None:
        starts = tuple(compress(count(), map(self._concepts.begin, heads)))
        if not (starts or compound):
            return None
        return _Beside(compound, starts, _named(self._concepts.names(heads, starts)), self._concepts.followers(heads))


class _LaidPart(NamedTuple):
    """A title, a heading or a sentence laid out: its numbers, its terms, each with a line break behind it, those of
    concepts as often as one of their names stands there, and these names."""

    numbers: list[int]
    terms: str
    names: Sequence[_Name]


class Laid(NamedTuple):
    """Passages laid out, one after another: each row takes as many numbers of `stream` as `sizes` says. `namings`
    counts the passages with a name of a concept, by its token."""

    stream: npt.NDArray[np.int64]
    sizes: list[int]
    contexts: list[int]
    lengths: list[int]
    namings: Counter[_Name]


class Layout:
    """Lays out passages one by one. `number` gives a word its number, from `MARKS` on, always the same."""

    def __init__(self, concepts: Concepts, number: Callable[[str, str | None], int]) -> None:
        self._concepts = concepts
        self._number = number
        self._tokens = _Tokens(concepts, number)
        self.stream: list[int] = []
        self.sizes: list[int] = []
        self.contexts: list[int] = []
        self.lengths: list[int] = []
        self._namings: Counter[_Name] = Counter()
        self._contexts: dict[str, _LaidPart] = {}

    def add(self, title: str, section: Sequence[str], text: str, sentences: Iterable[tuple[int, int]]) -> str:
        """Lay out a passage of a document with this title. Returns its terms for the index, with line breaks between
        them.

        These are its own, its headings' `HEADING_WEIGHT` times and its document's title's once.
        """
        contexts = [self._context(each) for each in (title, *section)]
        own: list[_LaidPart] = []
        has_numbers = _NUMBER.search(text)
        for begin, end in sentences:
            sentence = text[begin:end]
            is_numbered = has_numbers and _NUMBER.search(_BRACKET.sub("", sentence) if "[" in sentence else sentence)
            own.append(self._part(sentence, _NUMBERED_PART if is_numbered else _PART))
        start = len(self.stream)
        names: set[_Name] = set()
        for numbers, _, its_names in (*contexts, *own):
            self.stream += numbers
            names.update(its_names)
        self._namings.update(names)
        own_terms = "".join([part.terms for part in own])
        self.sizes.append(len(self.stream) - start)
        self.contexts.append(len(contexts))
        self.lengths.append(own_terms.count("\n"))
        indexed = "".join([contexts[0].terms, *(HEADING_WEIGHT * part.terms for part in contexts[1:]), own_terms])
        return indexed[:-1]

    def take(self) -> Laid:
        """Everything that was laid out since the last call."""
        found = Laid(np.array(self.stream, np.int64), self.sizes, self.contexts, self.lengths, self._namings)
        self.stream, self.sizes, self.contexts, self.lengths = [], [], [], []
        self._namings = Counter()
        return found

    def _context(self, text: str) -> _LaidPart:
        """A title or heading, which many passages have."""
        part = self._contexts.get(text)
        if part is None:
            if len(self._contexts) >= _REMEMBERED_CONTEXTS:
                self._contexts.clear()
            part = self._contexts[text] = self._part(text, _PART)
        return part

    def _part(self, text: str, mark: int) -> _LaidPart:
        laid = list(map(self._tokens.__getitem__, tokens(text)))
        numbers = [mark, *chain.from_iterable(map(_NUMBERS, laid))]
        terms = "".join(map(_TERMS, laid))
        besides = [(place, each[2]) for place, each in enumerate(laid) if each[2]]
        if not besides:
            return _LaidPart(numbers, terms, ())
        compounds: list[str] = []
        names: list[_Name] = []
        for place, (compound, starts, its_names, followers) in besides:
            compounds += compound
            if followers and _next_term(laid, place) in followers:
                names += _named(self._concepts.names(_heads_from(laid, place), starts))
            else:
                names += its_names
        beside: list[str] = []
        if compounds:  # one that is a word as well has its place among the others
            stand = terms.split("\n")
            beside += [each for each in dict.fromkeys(compounds) if stand.count(each) == compounds.count(each)]
        concepts = [concept for concept, _ in names]
        beside += dict.fromkeys(concepts)
        if beside:
            numbers.append(_BESIDE_NOTHING)
            numbers += [self._number(f"+{term}", term) for term in beside]
        return _LaidPart(numbers, "\n".join((terms + concepts[0], *concepts[1:], "")) if concepts else terms, names)


def _named(names: Iterable[tuple[Concept, str]]) -> list[_Name]:
    return [(concept.token, name) for concept, name in names]


def _next_term(laid: Sequence[_LaidToken], place: int) -> str:
    """The term of the first word behind a token; empty where none is there."""
    for _, _, _, heads in islice(laid, place + 1, None):
        if heads:
            return heads[0].term
    return ""


def _heads_from(laid: Sequence[_LaidToken], place: int) -> list[Head]:
    """The heads from a token on, as many as a name that begins in it may have."""
    found = list(laid[place][3])
    most = len(found) + LONGEST_PHRASE
    for _, _, _, heads in islice(laid, place + 1, None):
        if len(found) >= most:
            break
        found += heads
    return found


def packed_rows(stream: npt.NDArray[np.int64], laid: Laid) -> list[PackedRow]:
    """The rows of what was laid out, with these numbers instead of its own."""
    rows = packed_numbers(stream, np.array(laid.sizes, np.int64))
    return list(map(PackedRow, rows, laid.contexts, laid.lengths))


def unpacked_rows(packed: Sequence[PackedRow]) -> list[Row]:
    """The rows that were packed.

    Raises:
        ValueError: for bytes that are not such rows.
    """
    numbers, sizes = unpacked_numbers([row.stream for row in packed])
    streams = np.split(numbers.astype(np.int32), np.cumsum(sizes)[:-1]) if packed else []
    return [Row(stream, row.contexts, row.length) for stream, row in zip(streams, packed, strict=True)]


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
        marks = (stream <= _NUMBERED_PART).nonzero()[0]  # each row begins with one
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
            is_numbered=stream[marks] == _NUMBERED_PART,
            text_starts=np.append(marks, len(stream))[innermost + 1],
            lengths=np.array([row.length for row in found], np.int64),
        )

    def parts(self, passage_id: str) -> tuple[list[Part], list[Part]]:
        """The title and headings of a passage, and its sentences, in order."""
        [row] = self._rows([passage_id])
        numbers: list[int] = row.stream.tolist()
        entries = self.words.entries({number for number in numbers if number >= MARKS})
        parts: list[Part] = []
        beside = True
        for number in numbers:
            if number >= MARKS:
                word, term = entries[number]
                if beside:
                    parts[-1].words.append(word)
                if term is not None:
                    parts[-1].terms.add(term)
            elif number == _BESIDE_NOTHING:
                beside = False
            else:
                parts.append(Part([], set()))
                beside = True
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
