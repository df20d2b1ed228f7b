"""The words of every passage as they stand, laid out once, so that a question can be held against many passages.

Each passage is a row of numbers in one array: its document's title, its headings and its sentences, each a part that
begins with a mark, and in each part its words in order and then, behind another mark, what more the index has of it:
compounds and the tokens of concepts, which stand beside nothing.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from qa import arrays
from qa.analysis import TermsOf, spoken
from qa.model import Passage

__all__ = ["HEADING_WEIGHT", "Excerpt", "Found", "Part", "Wordings", "WordingsBuilder"]

HEADING_WEIGHT = 2  # how many times a heading's terms count, before saturation

_PART, _NUMBERED_PART, _BESIDE_NOTHING = -1, -2, -3
_MARKS = 3

_NUMBER = re.compile(r"\d")
_BRACKET = re.compile(r"\[[^\[\]\n]{1,80}\]")  # a number in these is a reference's

_Integers = npt.NDArray[np.int32]
_Places = npt.NDArray[np.int64]
_Flags = npt.NDArray[np.bool_]


class WordingsBuilder:
    """Takes passages one by one, in ascending order of their ids."""

    def __init__(self, terms_of: TermsOf) -> None:
        self._terms_of = terms_of
        self._ids: list[str] = []
        self._words: dict[str, int] = {}
        self._stems = array("i")
        self._terms: dict[str, int] = {}
        self._stream = array("i")
        self._starts = array("q", [0])
        self._contexts = array("i")
        self._lengths = array("i")

    def add(self, passage: Passage, *, title: str) -> list[str]:
        """Lay out a passage of a document with this title; its terms for the index come back.

        These are its own, its headings' `HEADING_WEIGHT` times and its document's title's once.
        """
        indexed = self._part(title, _PART)
        for heading in passage.section:
            indexed += HEADING_WEIGHT * self._part(heading, _PART)
        text: list[str] = []
        for start, end in passage.sentences:
            sentence = passage.text[start:end]
            is_numbered = _NUMBER.search(_BRACKET.sub("", sentence))
            text += self._part(sentence, _NUMBERED_PART if is_numbered else _PART)
        self._lengths.append(len(text))
        self._ids.append(passage.id)
        self._contexts.append(1 + len(passage.section))
        self._starts.append(len(self._stream))
        return indexed + text

    def _part(self, text: str, mark: int) -> list[str]:
        self._stream.append(mark)
        said, terms = spoken(text), self._terms_of(text)
        self._stream.extend(self._number(word, term) for word, term in said)
        of_words = {term for _, term in said}
        more = dict.fromkeys(term for term in terms if term not in of_words)
        if more:
            self._stream.append(_BESIDE_NOTHING)
            self._stream.extend(self._number(f"+{term}", term) for term in more)
        return terms

    def _number(self, word: str, term: str | None) -> int:
        number = self._words.setdefault(word, len(self._words))
        if number == len(self._stems):
            self._stems.append(-1 if term is None else self._terms.setdefault(term, len(self._terms)))
        return number

    def done(self, document_frequency: Callable[[str], int]) -> Wordings:
        """All of them; a term's `document_frequency` is the number of passages that hold it."""
        return Wordings(
            ids=self._ids,
            words=list(self._words),
            terms=list(self._terms),
            stems=np.frombuffer(self._stems, np.int32) if self._stems else np.zeros(0, np.int32),
            frequencies=np.array([document_frequency(term) for term in self._terms], np.int32),
            stream=np.frombuffer(self._stream, np.int32) if self._stream else np.zeros(0, np.int32),
            starts=np.frombuffer(self._starts, np.int64),
            contexts=np.frombuffer(self._contexts, np.int32) if self._contexts else np.zeros(0, np.int32),
            lengths=np.frombuffer(self._lengths, np.int32) if self._lengths else np.zeros(0, np.int32),
        )


class Part(NamedTuple):
    """A title, a heading or a sentence: its words as they are written, folded, in order, and all its terms."""

    words: list[str]
    terms: set[str]


class Wordings:
    """The words of all passages.

    `words[n]` is a word as it is written, folded, `stems[n]` the number of its term in `terms`, or -1 for a stop word,
    and `frequencies` count for each term the passages that hold it. Passage `n` is `stream[starts[n]:starts[n + 1]]`,
    of whose parts the first `contexts[n]` are its title and headings, and whose text has `lengths[n]` terms.
    """

    _FILE = "wordings.npz"

    def __init__(
        self,
        *,
        ids: Sequence[str],
        words: Sequence[str],
        terms: Sequence[str],
        stems: _Integers,
        frequencies: _Integers,
        stream: _Integers,
        starts: npt.NDArray[np.int64],
        contexts: _Integers,
        lengths: _Integers,
    ) -> None:
        self._ids = ids
        self._word_names, self._term_names = words, terms
        self._words = {word: number for number, word in enumerate(words)}
        self._terms = {term: number for number, term in enumerate(terms)}
        self._stems = np.append(stems, np.full(_MARKS, -1, np.int32))  # a mark, counted from the end, has no stem
        self._stream, self._starts, self._contexts, self._lengths = stream, starts, contexts, lengths
        self._frequencies = frequencies
        self._rarities = np.log(1 + (len(ids) - frequencies + 0.5) / (frequencies + 0.5))
        self._rarities[[number for number, term in enumerate(terms) if term[0] == "="]] = 0  # a concept is no word
        self.mean_length = max(1.0, float(lengths.mean())) if len(lengths) else 1.0
        """How many terms the text of a passage has on average."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The wordings that `save` wrote.

        Raises:
            DamagedLibraryError: for a file that is broken or missing.
        """
        return arrays.load(folder / cls._FILE, cls._from_arrays)

    @classmethod
    def _from_arrays(cls, found: Mapping[str, npt.NDArray[Any]]) -> Self:
        ids, words, terms = (arrays.unpacked(found[name]) for name in ("ids", "words", "terms"))
        stems, frequencies, stream = found["stems"], found["frequencies"], found["stream"]
        starts, contexts, lengths = found["starts"], found["contexts"], found["lengths"]
        fits = len(starts) - 1 == len(contexts) == len(lengths) == len(ids) and starts[-1] == len(stream)
        if not fits or len(stems) != len(words) or len(frequencies) != len(terms):
            raise ValueError("its parts do not fit together")
        return cls(
            ids=ids,
            words=words,
            terms=terms,
            stems=stems,
            frequencies=frequencies,
            stream=stream,
            starts=starts,
            contexts=contexts,
            lengths=lengths,
        )

    def save(self, folder: Path) -> None:
        """Write the wordings into a folder."""
        arrays.save(
            folder / self._FILE,
            {
                "ids": arrays.packed(self._ids),
                "words": arrays.packed(self._words),
                "terms": arrays.packed(self._terms),
                "stems": self._stems[:-_MARKS],
                "frequencies": self._frequencies,
                "stream": self._stream,
                "starts": self._starts,
                "contexts": self._contexts,
                "lengths": self._lengths,
            },
        )

    def __len__(self) -> int:
        return len(self._ids)

    def counts(self) -> dict[str, int]:
        """Each word as it is written, folded, with how often it stands in the passages, their titles and headings."""
        counts = np.bincount(self._stream[self._stream >= 0], minlength=len(self._words)).tolist()
        return {word: counts[number] for word, number in self._words.items() if word[0] != "+"}

    def excerpt(self, passage_ids: Sequence[str]) -> Excerpt:
        """The wordings of some passages, one after another.

        Raises:
            KeyError: for a passage that is not there.
        """
        numbers = np.array([self._place(each) for each in passage_ids], np.int64)
        begins = self._starts[numbers]
        lengths = self._starts[numbers + 1] - begins
        rows = np.repeat(np.arange(len(numbers)), lengths)
        offsets = np.cumsum(lengths) - lengths
        stream = self._stream[np.arange(len(rows)) + (begins - offsets)[rows]]
        is_mark = (stream == _PART) | (stream == _NUMBERED_PART)
        marks = np.flatnonzero(is_mark)
        parts = np.cumsum(is_mark) - 1
        part_rows, first_parts = rows[marks], parts[offsets] if len(rows) else parts
        innermost: _Places = first_parts + self._contexts[numbers].astype(np.int64) - 1
        is_text = np.arange(len(marks)) > innermost[part_rows]
        text_starts = np.append(marks, len(rows))[innermost + 1]
        return Excerpt(
            wordings=self,
            stream=stream,
            rows=rows,
            parts=parts,
            part_rows=part_rows,
            first_parts=first_parts,
            innermost=innermost,
            is_text=is_text,
            is_numbered=stream[marks] == _NUMBERED_PART,
            text_starts=text_starts,
            lengths=self._lengths[numbers],
        )

    def parts(self, passage_id: str) -> list[Part]:
        """The title, the headings and the sentences of a passage, in order."""
        place = self._place(passage_id)
        parts: list[Part] = []
        beside = True
        stream = self._stream[self._starts[place] : self._starts[place + 1]]
        for number, stem in zip(stream.tolist(), self._stems[stream].tolist(), strict=True):
            if number >= 0:
                if beside:
                    parts[-1].words.append(self._word_names[number])
                if stem >= 0:
                    parts[-1].terms.add(self._term_names[stem])
            elif number == _BESIDE_NOTHING:
                beside = False
            else:
                parts.append(Part([], set()))
                beside = True
        return parts

    def context_size(self, passage_id: str) -> int:
        """How many of the parts of a passage are its title and headings."""
        return int(self._contexts[self._place(passage_id)])

    def holds(self, passage_id: str, terms: Iterable[str]) -> frozenset[str]:
        """Those of the terms that a passage holds, with its headings and title."""
        place = self._place(passage_id)
        held = set(self._stems[self._stream[self._starts[place] : self._starts[place + 1]]].tolist())
        return frozenset(term for term in terms if self._terms.get(term, -2) in held)

    def _place(self, passage_id: str) -> int:
        place = bisect_left(self._ids, passage_id)
        if place == len(self._ids) or self._ids[place] != passage_id:
            raise KeyError(passage_id)
        return place


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where some words or terms stand in an excerpt: place, row, part, and the number among those looked for; `in_text`
    is false in titles and headings."""

    places: _Places
    rows: _Places
    parts: _Places
    numbers: npt.NDArray[np.int16]
    in_text: _Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """The words of some passages, one after another.

    `stream`, `rows` (the number of the passage) and `parts` (that of its title, heading or sentence, throughout) have
    an entry a word or mark. `part_rows`, `is_text`, which is false for titles and headings, and `is_numbered`, for
    sentences with a number, have one a part; `first_parts`, `innermost` (the part that is the innermost heading or,
    where there is none, the title), `text_starts` (the place at which the text begins) and `lengths` (of the text, in
    terms) one a passage.
    """

    wordings: Wordings
    stream: _Integers
    rows: _Places
    parts: _Places
    part_rows: _Places
    first_parts: _Places
    innermost: _Places
    is_text: _Flags
    is_numbered: _Flags
    text_starts: _Places
    lengths: _Integers

    def words(self, words: Sequence[str]) -> Found:
        """Where words stand as they are written, folded."""
        return self._found([self.wordings._words.get(word) for word in words], self.stream, len(self.wordings._words))

    def terms(self, terms: Sequence[str]) -> Found:
        """Where words stand that have one of these terms."""
        wordings = self.wordings
        return self._found(
            [wordings._terms.get(term) for term in terms], wordings._stems[self.stream], len(wordings._terms)
        )

    def heading_rarities(self) -> npt.NDArray[np.float64]:
        """For each passage, the sum of the rarities of the different terms of its innermost heading, or title."""
        wordings = self.wordings
        places = np.flatnonzero(self.parts == self.innermost[self.rows])
        stems = wordings._stems[self.stream[places]]
        places, stems = places[stems >= 0], stems[stems >= 0]
        different = np.unique(self.rows[places] * len(wordings._terms) + stems)
        rows, terms = np.divmod(different, max(1, len(wordings._terms)))
        return np.bincount(rows, wordings._rarities[terms], minlength=len(self.innermost)).astype(np.float64)

    def _found(self, numbers: Sequence[int | None], among: _Integers, count: int) -> Found:
        table = np.full(count + _MARKS, -1, np.int16)
        for place, number in enumerate(numbers):
            if number is not None:
                table[number] = place
        codes = table[among]
        places = np.flatnonzero(codes >= 0)
        parts = self.parts[places]
        return Found(
            places=places, rows=self.rows[places], parts=parts, numbers=codes[places], in_text=self.is_text[parts]
        )
