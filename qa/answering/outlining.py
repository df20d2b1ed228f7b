"""The outline: the answer to a question that names a whole document or section, or asks for all of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from qa.library import Snapshot
from qa.model import Hit, Passage, Query, QueryWord
from qa.ranking.evidence import Asked, WeighedWord, coverage, decisive, weigh
from qa.text.analysis import fold, spoken, terms, words
from qa.text.lexicon import (
    ALL_OPENERS,
    ALL_WORDS,
    BACK_MATTER,
    FRAME_WORDS,
    INTERCHANGEABLE_WORDS,
    LISTED_WORDS,
    NAMING_OPENERS,
    WHICH_OPENERS,
)

__all__ = ["MOST_PARTS", "NEAREST", "Outline", "find_outline"]

MOST_PARTS = 50
"""How many parts an outline has at most."""

NEAREST = 5
"""Of how many of the first passages the titles are held against the question."""

_REMEMBERED_TITLES = 1024
_FEWEST_PARTS = 2  # under headings of their own
_ASKED = 0.9  # share of the question's rarity that the title must hold, with those above it
_NAMED = 0.9  # share of the title's rarity that the question must hold, so that it names that and no part of it
_NAMED_FOR_ALL = 0.5  # the same, where the question says that it asks for all
_DIGITS = 9  # of a share: one half must not fall short of itself by the order in which it was added up
_FIRST_WORDS = 6  # of a question that begins with "which": among them stands what is to be listed
_BRACKETED = re.compile(r"\([^()]{0,100}\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A document or section, as the first passage of each of its parts: at least two, in source order.

    `coverage`, in 0..1, is the share of the question's words in its title, weighted by rarity.
    """

    passages: tuple[Passage, ...]
    coverage: float


def find_outline(query: Query, asked: Asked, hits: Sequence[Hit], snapshot: Snapshot) -> Outline | None:
    """The outline of the document or section whose title the question names. None for any other question.

    Only documents and sections of the first hits are considered. Passages are also found by their titles, so the best
    match for a title is under it, and no list of titles is needed. The title, with those above it, must have every word
    of the question. The question must have nearly all of the title, or half of it if it asks for everything. Of several
    titles, the outermost of those that the question covers best is taken.
    """
    question = _read(query, asked.words)
    best, most = None, 0.0
    for passage in (hit.passage for hit in hits[:NEAREST]):
        titles = (snapshot.document(passage.document_id).title, *passage.section)
        if not question.is_held_by(_held(titles)):
            continue
        for depth, title in enumerate(titles):
            held = _held(titles[: depth + 1])
            if not question.is_held_by(held) or not question.opens_like(title):
                continue
            named = round(coverage(_words_to_name(title, snapshot), question.terms), _DIGITS)
            if named > most and named >= (_NAMED_FOR_ALL if question.asks_for_all else _NAMED):
                parts = _parts(snapshot.openings_of(passage.document_id), passage.section[:depth])
                if parts:
                    best, most = Outline(passages=parts, coverage=coverage(question.words, held)), named
    return best


class _Question(NamedTuple):
    """A question as titles are held against it. `opening` are the first words of one that may ask by these alone for
    something other than the whole ("What to do for gallstones?"): then the title must begin with them too."""

    words: Sequence[WeighedWord]
    terms: frozenset[str]
    asks_for_all: bool
    opening: tuple[str, ...]

    def is_held_by(self, titles: frozenset[str]) -> bool:
        """Whether the titles have each of its own words, and nearly all words that were carried over."""
        own_are = not any(word.terms.isdisjoint(titles) for word in decisive(self.words))
        return own_are and coverage(self.words, titles) >= _ASKED

    def opens_like(self, title: str) -> bool:
        return not self.opening or _said(title)[: len(self.opening)] == self.opening


def _read(query: Query, words: Sequence[WeighedWord]) -> _Question:
    said = tuple(word for word, _ in query.spoken)
    asks_for_all = _begins_with(said, ALL_OPENERS) or (
        _begins_with(said, WHICH_OPENERS) and not LISTED_WORDS.isdisjoint(said[:_FIRST_WORDS])
    )
    begins_with_a_title = any(term is not None for _, term in query.spoken[:1]) or _begins_with(said, NAMING_OPENERS)
    asks_how = said[:1] == ("how",) and any(term and word not in FRAME_WORDS for word, term in query.spoken[1:2])
    opens_freely = asks_for_all or begins_with_a_title or asks_how
    if asks_for_all:
        words = [word for word in words if fold(word.text) not in ALL_WORDS]
    return _Question(words, _widened(query.terms), asks_for_all, () if opens_freely else said[:2])


@lru_cache(maxsize=_REMEMBERED_TITLES)
def _held(titles: tuple[str, ...]) -> frozenset[str]:
    """The terms that a title, and those above it, hold."""
    return _widened(terms("\n".join(titles)))


def _widened(held: Iterable[str]) -> frozenset[str]:
    """The terms, with those that say the same as one of them."""
    found = frozenset(held)
    return found.union(*(each for each in _interchangeable() if not found.isdisjoint(each)))


@lru_cache(maxsize=1)
def _interchangeable() -> tuple[frozenset[str], ...]:
    """The terms of `INTERCHANGEABLE_WORDS`."""
    return tuple(frozenset(terms(" ".join(each))) for each in INTERCHANGEABLE_WORDS)


def _words_to_name(title: str, snapshot: Snapshot) -> Sequence[WeighedWord]:
    """The words of a title by which it is named, weighed."""
    return weigh(_query_of(title), snapshot.retriever)


@lru_cache(maxsize=_REMEMBERED_TITLES)
def _query_of(title: str) -> Query:
    """A title without the words that frame it, and without what is in brackets."""
    needed = [
        QueryWord(text=word.text, terms=word.terms)
        for word in words(_BRACKETED.sub(" ", title))
        if fold(word.text) not in FRAME_WORDS
    ]
    return Query(terms={}, words=tuple(dict.fromkeys(needed)))


def _parts(openings: Sequence[Passage], path: tuple[str, ...]) -> tuple[Passage, ...]:
    """The passages with which the parts under a path begin: what stands before the first heading, and each heading
    below. None where there are too few to be an outline.

    A part that has several passages is there with its first, which is where it is read from. A heading that alone
    stands under another one, such as a title above the whole text, parts nothing.
    """
    depth = len(path)
    below = [each for each in openings if each.section[:depth] == path]
    while below and below[0].section[depth:] and len({each.section[: depth + 1] for each in below}) == 1:
        depth += 1
    parts = [next(part) for _, part in groupby(below, key=lambda each: each.section[depth : depth + 1])]
    parts = [each for each in parts if not each.section[depth:] or not _is_back_matter(each.section[depth])]
    headed = sum(len(each.section) > depth for each in parts)
    return tuple(parts[:MOST_PARTS]) if headed >= _FEWEST_PARTS else ()


def _is_back_matter(heading: str) -> bool:
    return " ".join(word for word in _said(heading) if not word.isdigit()) in BACK_MATTER


def _said(text: str) -> tuple[str, ...]:
    return tuple(word for word, _ in spoken(text))


def _begins_with(said: tuple[str, ...], openers: Iterable[tuple[str, ...]]) -> bool:
    return any(said[: len(opener)] == opener for opener in openers)
