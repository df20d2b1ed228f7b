"""Documents to passages, and passages to words: what takes time at indexing, and can be done by several at once.

An analyst numbers the words that it meets by itself. Who asks it keeps for each analyst which number of the library's
each of these is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from qa.concepts import Concepts, Pair, mined, plain_words
from qa.model import Document, Passage
from qa.passages import passages
from qa.wordings import MARKS, Entry, Laid, Layout

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
    """What an analyst found in some passages: how they are laid out, in its own numbers of words; those words that it
    had not met before, whose numbers follow on one another; and each passage's terms for the index, with line breaks
    between them."""

    analyst: int
    words: list[Entry]
    laid: Laid
    terms: list[str]


class Analyst:
    """Finds the words of passages. `number` tells it from others."""

    def __init__(self, concepts: Concepts, number: int = 0) -> None:
        self._number = number
        self._numbers: dict[str, int] = {}
        self._new: list[Entry] = []
        self._layout = Layout(concepts, self._number_of)

    def __call__(self, passages: Sequence[Titled]) -> Analysed:
        """What there is in some passages."""
        self._new = []
        terms = ["\n".join(self._layout.add(passage, title=title)) for _, title, passage in passages]
        return Analysed(self._number, self._new, self._layout.take(), terms)

    def _number_of(self, word: str, term: str | None) -> int:
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = MARKS + len(self._numbers)
            self._new.append(Entry(word, term))
        return number
