"""Documents to passages, and passages to words: what takes time at indexing, and can be done by several at once.

An analyst numbers the words that it meets by itself. Who asks it keeps for each analyst which number of the library's
each of these is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from qa.concepts import Concepts, Pair, mined, plain_words
from qa.model import Document, Passage
from qa.passages import passages
from qa.wordings import MARKS, Entry, Layout

__all__ = ["Analysed", "Analyst", "Split", "Titled", "split"]


class Split(NamedTuple):
    """A document's passages, what it defines, and how often each of its `plain_words` stands in it."""

    passages: Sequence[Passage]
    pairs: frozenset[Pair]
    words: Counter[str]


def split(documents: Sequence[tuple[Document, Sequence[Passage] | None]]) -> list[Split]:
    """Documents taken apart, each into the passages that it has or else into those of `passages`."""
    found = []
    for document, given in documents:
        text = f"{document.title}\n{document.text}"
        found.append(
            Split(passages(document) if given is None else given, frozenset(mined(text)), Counter(plain_words(text)))
        )
    return found


class Titled(NamedTuple):
    """A passage with its number in the library and its document's title."""

    number: int
    title: str
    passage: Passage


class Analysed(NamedTuple):
    """What an analyst found in some passages.

    The numbers of each passage's row are `sizes` of `stream`, those of its words the analyst's own; `words` are those
    that it had not met before, whose numbers follow on one another. `terms` are each passage's for the index, with line
    breaks between them, and `namings` for each the tokens of its concepts with the names by which it has them.
    """

    analyst: int
    words: list[Entry]
    stream: npt.NDArray[np.int64]
    sizes: list[int]
    contexts: list[int]
    lengths: list[int]
    terms: list[str]
    namings: list[set[tuple[str, str]]]


class Analyst:
    """Finds the words of passages. `number` tells it from others."""

    def __init__(self, concepts: Concepts, number: int = 0) -> None:
        self._concepts = concepts
        self._number = number
        self._numbers: dict[str, int] = {}
        self._new: list[Entry] = []
        self._namings: set[tuple[str, str]] = set()

    def __call__(self, passages: Sequence[Titled]) -> Analysed:
        """What there is in some passages."""
        self._new = []
        layout = Layout(self._terms_of, self._number_of)
        terms, namings = [], []
        for _, title, passage in passages:
            self._namings = set()
            terms.append("\n".join(layout.add(passage, title=title)))
            namings.append(self._namings)
        return Analysed(
            self._number,
            self._new,
            np.array(layout.stream, np.int64),
            list(layout.sizes),
            list(layout.contexts),
            list(layout.lengths),
            terms,
            namings,
        )

    def _terms_of(self, text: str) -> list[str]:
        terms, found = self._concepts.terms_and_names(text)
        self._namings.update((concept.token, name) for concept, name in found)
        return terms

    def _number_of(self, word: str, term: str | None) -> int:
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = MARKS + len(self._numbers)
            self._new.append(Entry(word, term))
        return number
