"""Documents to passages, and passages to words: the slow part of indexing, which several processes can share.

An analyst gives its own numbers to the words that it meets, and names each word once. The caller keeps, for each
analyst, which number of the library belongs to each of these.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from qa.asking.concepts import Concepts, Pair, mined, plain_words
from qa.library.rows import PassageRow, passage_row
from qa.model import Passage
from qa.ranking.layout import Laid, Layout
from qa.ranking.wordings import MARKS, Entry
from qa.readers.passages import passages
from qa.readers.sandbox.parent import DOCUMENT

__all__ = ["Analysed", "Analyst", "Split", "SplitDocument", "Splitter", "Titled", "titled"]


class SplitDocument(NamedTuple):
    """The passages of a document, as they are kept, and the abbreviations that it defines."""

    passages: list[PassageRow]
    pairs: frozenset[Pair]


class Split(NamedTuple):
    """What a splitter made of some documents: each split into passages. At the end also the number of times that each
    of the `plain_words` occurs in all its documents."""

    documents: list[SplitDocument]
    words: Mapping[str, int]


class Splitter:
    """Splits documents into the passages that they come with, else into those of `passages`.

    Each is given as `DOCUMENT`'s JSON, which is read in a quarter of the time of a pickle. Given no documents, it ends.
    """

    def __init__(self, _: int = 0) -> None:
        self._words: Counter[str] = Counter()

    def __call__(self, documents: Sequence[tuple[bytes, Sequence[Passage] | None]]) -> Split:
        """What some documents are taken apart into."""
        found: list[SplitDocument] = []
        for packed, given in documents:
            document = DOCUMENT.validate_json(packed)
            text = f"{document.title}\n{document.text}"
            rows = [passage_row(each, document.title) for each in (passages(document) if given is None else given)]
            found.append(SplitDocument(rows, frozenset(mined(text))))
            self._words.update(plain_words(text))
        return Split(found, {} if documents else self._words)


class Titled(NamedTuple):
    """The parts of a passage that are indexed, with its number in the library and its document's title."""

    number: int
    id: str
    title: str
    section: tuple[str, ...]
    text: str
    sentences: Sequence[tuple[int, int]]


def titled(number: int, title: str, text: str, row: Sequence[Any]) -> Titled:
    """A passage of a document with this title and text, from its `PASSAGE_COLUMNS`.

    Raises:
        ValueError, TypeError: if the columns are not those of a passage of this text.
    """
    passage_id, section, start, end, _, sentences = row
    found = text[start:end]
    if len(found) != end - start:
        raise ValueError(f"passage {passage_id} spans {start}..{end} but has {len(found)} characters")
    spans = [(first, last) for first, last in json.loads(sentences)]
    return Titled(number, passage_id, title, tuple(json.loads(section)), found, spans)


class Analysed(NamedTuple):
    """What an analyst found in some passages: their layout, in the analyst's own numbers of words, and the words that
    are new to the analyst, numbered one after the other. `order` says which of these comes first in the passages, and
    so on."""

    analyst: int
    words: list[Entry]
    order: list[int]
    laid: Laid


class Analyst:
    """Finds the words of passages. `number` distinguishes it from other analysts."""

    def __init__(self, concepts: Concepts, number: int = 0) -> None:
        self._number = number
        self._numbers: dict[str, int] = {}
        self._new: list[Entry] = []
        self._layout = Layout(concepts, self._number_of)

    def __call__(self, passages: Sequence[Titled]) -> Analysed:
        """What there is in some passages."""
        self._new, first_new = [], MARKS + len(self._numbers)
        for each in passages:
            self._layout.add(*each[2:])
        laid = self._layout.take()
        numbers, places = np.unique(laid.stream[laid.stream >= first_new], return_index=True)
        order = (numbers[np.argsort(places)] - first_new).tolist()
        return Analysed(self._number, self._new, order, laid)

    def _number_of(self, word: str, term: str | None) -> int:
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = MARKS + len(self._numbers)
            self._new.append(Entry(word, term))
        return number
