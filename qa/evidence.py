"""The named numbers that say how well a passage answers a question, and the order that they give."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from qa.lexicon import DEFINED_OPENERS, DEFINING_VERBS, LINKING_WORDS, NUMBER_OPENERS
from qa.model import Candidate, Query, QueryWord
from qa.retrievers import inverse_document_frequency
from qa.retrievers.okapi import K1, B
from qa.wordings import Excerpt, Wordings

__all__ = [
    "WEIGHTS",
    "Asked",
    "Ranked",
    "Statistics",
    "WeighedWord",
    "coverage",
    "decisive",
    "missing",
    "rank",
    "read_query",
    "referred",
    "weigh",
]


WEIGHTS = {
    "bm25": 3.7,  # the retriever's score, as a share of the best candidate's
    "coverage": 2.7,  # share of the question's rarity that the passage, its headings and its title hold
    "wording": 3.2,  # the same by words as they are written, not by their stems
    "adjacency": 3.9,  # share of its pairs of neighbouring words, stop words included, that stand side by side
    "heading": 4.9,  # share of the rarity of the innermost heading, or of the title, that the question names
    "aspect": 3.3,  # of what title and headings leave open of the question, the share that the text says, and how often
    "definition": 3.0,  # the text begins by saying what the thing is, where the question asks that
    "number": 1.9,  # a number in the passage's best sentence, where the question asks for one
}
"""What each kind of evidence counts; each is in 0..1 before its weight, and a passage's score is their weighted sum.

Fitted on SQuAD and MedQuAD by `python tests/fit_evidence.py`, which says how.
"""


_Floats = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]

_STOP_WORD_RARITY = 0.3  # nats, of a stop word in a pair: that "of the" stands together tells little
_DIGITS = 9  # of evidence: what is equal must not differ by the order in which it was added up
_DEFINED_WITHIN = 25  # words from the beginning of a text, within which it says what a thing is


class Statistics(Protocol):
    """What a word's weight depends on; every retriever has it."""

    def document_frequency(self, term: str) -> int: ...

    @property
    def passage_count(self) -> int: ...


class WeighedWord(NamedTuple):
    """A word of the question and its rarity in nats, times its weight; a passage covers it by any one of the terms.

    `carried` words come from an earlier question, and `referred` ones of these are what the question refers to.
    """

    text: str
    terms: frozenset[str]
    rarity: float
    carried: bool = False
    referred: bool = False
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as its passages are held against it.

    `words` are what it is about, `terms` those of the query, `wording` its words as they are written and `pairs` its
    neighbouring words, each with its rarity; a term's is times the weight of its word. `defines` says that it asks what
    a thing is, and `wants_number` that it asks for a number.
    """

    words: tuple[WeighedWord, ...]
    terms: Mapping[str, float]
    wording: tuple[tuple[str, float], ...]
    pairs: tuple[tuple[tuple[str, str], float], ...]
    defines: bool
    wants_number: bool


class Ranked(NamedTuple):
    """A candidate by its evidence."""

    passage_id: str
    score: float
    evidence: Mapping[str, float]


def read_query(query: Query, statistics: Statistics) -> Asked:
    """A query with the rarity of all that its passages are held against."""

    def rarity(term: str) -> float:
        return inverse_document_frequency(statistics.document_frequency(term), statistics.passage_count)

    rarities = {word: rarity(term) for word, term in query.spoken if term is not None}
    pairs = {
        (first, second): max(rarities.get(first, _STOP_WORD_RARITY), rarities.get(second, _STOP_WORD_RARITY))
        for (first, _), (second, _) in pairwise(query.spoken)
    }
    said = tuple(word for word, _ in query.spoken)
    weights = {term: word.weight for word in query.words for term in word.terms}
    return Asked(
        words=weigh(query, statistics),
        terms={term: weights.get(term, 1.0) * rarity(term) for term in query.terms},
        wording=tuple(rarities.items()),
        pairs=tuple(pairs.items()),
        defines=_begins_with(said, DEFINED_OPENERS)
        and all(term is not None or word in LINKING_WORDS for word, term in query.spoken[1:]),
        wants_number=_begins_with(said, NUMBER_OPENERS),
    )


def missing(query: Query, statistics: Statistics) -> tuple[str, ...]:
    """The question's own words that no passage holds in any form."""
    return tuple(dict.fromkeys(word.text for word in query.words if not word.carried and not _known(word, statistics)))


def weigh(query: Query, statistics: Statistics) -> tuple[WeighedWord, ...]:
    """The words that a passage should hold, with the idf of the commonest of their terms, times their weight.

    A word that no passage holds has the greatest idf, so that a missing decisive word tells; but of the words carried
    over from an earlier question only those count that the library has.
    """
    weighed = []
    for word in query.words:
        if _known(word, statistics) or not word.carried:
            frequency = max(map(statistics.document_frequency, word.terms), default=0)
            idf = inverse_document_frequency(frequency, statistics.passage_count)
            weighed.append(
                WeighedWord(
                    word.text,
                    frozenset(word.terms),
                    word.weight * idf,
                    word.carried,
                    word.referred,
                    word.weight,
                )
            )
    return tuple(weighed)


def decisive(words: Sequence[WeighedWord]) -> Sequence[WeighedWord]:
    """The words by which a passage answers or does not: the question's own or, where it has none, those carried over.

    A passage about an earlier question alone is no answer to this one.
    """
    return [word for word in words if not word.carried] or words


def referred(words: Sequence[WeighedWord]) -> Sequence[WeighedWord]:
    """The words that a question refers to in earlier ones ("What are *its* side effects?"): part of what it asks."""
    return [word for word in words if word.referred]


def coverage(words: Sequence[WeighedWord], held: Collection[str]) -> float:
    """The share of the question's idf mass that the terms held by a passage cover: 0..1, and 0 for no words.

    >>> coverage([WeighedWord("a", frozenset({"a"}), 3.0), WeighedWord("b", frozenset({"b", "bb"}), 1.0)], {"a", "c"})
    0.75
    """
    whole = part = 0.0
    for word in words:
        whole += word.rarity
        if not word.terms.isdisjoint(held):
            part += word.rarity
    return part / whole if whole else 0.0


def rank(asked: Asked, candidates: Sequence[Candidate], wordings: Wordings, *, limit: int) -> list[Ranked]:
    """The best of the candidates by the sum of their evidence.

    A passage without any of the decisive words is left out, unless the question leans on earlier ones: what it is
    about may be said there alone. Equal scores are ordered by passage id.
    """
    if not candidates:
        return []
    held = _Held(asked, wordings.excerpt([each.passage_id for each in candidates]))
    scores = np.array([each.score for each in candidates])
    carries = any(word.carried for word in asked.words) and not all(word.carried for word in asked.words)
    evidence = {
        "bm25": scores / scores.max(),
        "coverage": held.coverage(asked.words),
        "wording": held.wording(),
        "adjacency": held.adjacency(),
        "heading": held.heading(),
        "aspect": held.aspect(wordings.mean_length),
        "definition": held.definition(),
        "number": held.number(),
    }
    rounded = {name: np.round(values, _DIGITS).tolist() for name, values in evidence.items()}
    left = range(len(candidates)) if carries else np.flatnonzero(held.coverage(decisive(asked.words))).tolist()
    ranked = []
    for place in left:
        its = {name: values[place] for name, values in rounded.items()}
        score = sum(WEIGHTS[name] * value for name, value in its.items())
        ranked.append(Ranked(candidates[place].passage_id, score, its))
    ranked.sort(key=lambda each: (-each.score, each.passage_id))
    return ranked[:limit]


class _Held:
    """What each of some passages holds of a question; every method gives one number in 0..1 a passage."""

    def __init__(self, asked: Asked, excerpt: Excerpt) -> None:
        self._asked = asked
        self._excerpt = excerpt
        self._terms = tuple(asked.terms)
        self._found = excerpt.terms(self._terms)
        self._in_text = excerpt.in_text[self._found.places]
        self._count = len(excerpt.innermost)

    def coverage(self, words: Sequence[WeighedWord]) -> _Floats:
        """The share of the words' rarity that the passage holds; 0 for no words."""
        return _share(self._words(words, self._holding()), words)

    def wording(self) -> _Floats:
        """The share of the rarity of the words as they are written."""
        words = [word for word, _ in self._asked.wording]
        found = self._excerpt.words(words)
        return _weighted(_presence(found.rows, found.numbers, (self._count, len(words))), self._asked.wording)

    def adjacency(self) -> _Floats:
        """The share of the rarity of the pairs that stand side by side."""
        words = list(dict.fromkeys(word for pair, _ in self._asked.pairs for word in pair))
        found = self._excerpt.words(words)
        firsts, seconds = self._excerpt.beside(found)
        number = {word: place for place, word in enumerate(words)}
        pairs = np.full((len(words), len(words)), -1, np.int16)
        for place, ((first, second), _) in enumerate(self._asked.pairs):
            pairs[number[first], number[second]] = place
        codes = pairs[found.numbers[firsts], found.numbers[seconds]]
        asked = codes >= 0
        return _weighted(
            _presence(found.rows[firsts][asked], codes[asked], (self._count, len(self._asked.pairs))), self._asked.pairs
        )

    def heading(self) -> _Floats:
        """The share of the rarity of the innermost heading, or of the title, that the question names."""
        excerpt, found = self._excerpt, self._found
        held = self._holding(excerpt.sentences[found.places] == excerpt.innermost[found.rows])
        named = held @ np.array(list(self._asked.terms.values()))
        whole = excerpt.heading_rarities()
        shares: _Floats = np.divide(named, whole, out=np.zeros_like(named), where=whole > 0)
        return np.minimum(1.0, shares)

    def aspect(self, mean_length: float) -> _Floats:
        """Of the words that title and headings leave open, the share that the text holds, each saturating as BM25 does
        with how often it stands there; 1 where they leave none open."""
        words = decisive(self._asked.words)
        if not words:
            return np.zeros(self._count)
        is_open = ~self._words(words, self._holding(~self._in_text))
        counts = np.zeros((self._count, len(self._terms)))
        np.add.at(counts, (self._found.rows[self._in_text], self._found.numbers[self._in_text]), 1)
        often = np.stack([counts[:, self._places(word)].max(axis=1) for word in words], axis=1)
        norms = K1 * (1 - B + B * self._excerpt.lengths() / mean_length)
        rarity = np.array([word.rarity for word in words]) * is_open
        whole = rarity.sum(axis=1)
        said = (rarity * often / (often + norms[:, None])).sum(axis=1)
        shares: _Floats = np.divide(said, whole, out=np.ones_like(said), where=whole > 0)
        return shares

    def definition(self) -> _Floats:
        """1 where the question asks what a thing is and the text begins by saying what that is."""
        words, excerpt, found = decisive(self._asked.words), self._excerpt, self._found
        if not self._asked.defines or not words:
            return np.zeros(self._count)
        text = np.flatnonzero(excerpt.in_text)
        begins = np.full(self._count, len(excerpt.rows))
        np.minimum.at(begins, excerpt.rows[text], text)
        verbs = excerpt.words(sorted(DEFINING_VERBS))
        said = np.full(self._count, -1)
        is_near = excerpt.in_text[verbs.places] & (verbs.places - begins[verbs.rows] <= _DEFINED_WITHIN)
        said[verbs.rows[is_near][::-1]] = verbs.places[is_near][::-1]  # the first of each row is written last
        held = self._words(words, self._holding(self._in_text & (found.places < said[found.rows])))
        defined: _Floats = np.asarray(held.all(axis=1), np.float64)
        return defined

    def number(self) -> _Floats:
        """1 where the question asks for a number and the sentence that covers most of it, the earliest of equals, holds
        one."""
        words = decisive(self._asked.words)
        if not self._asked.wants_number or not words:
            return np.zeros(self._count)
        found, excerpt = self._found, self._excerpt
        rows, numbers = found.rows[self._in_text], found.numbers[self._in_text]
        sentences, firsts, which = np.unique(
            excerpt.sentences[found.places][self._in_text], return_index=True, return_inverse=True
        )
        held = _presence(which, numbers, (len(sentences), len(self._terms)))
        covered = _share(self._words(words, held), words)
        order = np.lexsort((sentences, -covered))
        best, places = np.unique(rows[firsts][order], return_index=True)
        is_numbered = np.isin(sentences[order][places], excerpt.numbered()) & (covered[order][places] > 0)
        values = np.zeros(self._count)
        values[best] = is_numbered
        return values

    def _holding(self, where: _Flags | slice = slice(None)) -> _Flags:
        """For each passage and term whether it is held, in some places alone if these are given."""
        found = self._found
        return _presence(found.rows[where], found.numbers[where], (self._count, len(self._terms)))

    def _words(self, words: Sequence[WeighedWord], held: _Flags) -> _Flags:
        """For each row and word whether one of its terms is held."""
        if not words:
            return np.zeros((len(held), 0), bool)
        return np.stack([held[:, self._places(word)].any(axis=1) for word in words], axis=1)

    def _places(self, word: WeighedWord) -> list[int]:
        return [place for place, term in enumerate(self._terms) if term in word.terms]


def _presence(rows: npt.NDArray[np.integer], columns: npt.NDArray[np.integer], shape: tuple[int, int]) -> _Flags:
    found = np.zeros(shape, bool)
    found[rows, columns] = True
    return found


def _share(held: _Flags, words: Sequence[WeighedWord]) -> _Floats:
    return _weighted(held, [(word, word.rarity) for word in words])


def _weighted(held: _Flags, things: Sequence[tuple[object, float]]) -> _Floats:
    """The share of the rarity of some things that each row holds; 0 for none."""
    rarity: _Floats = np.array([each for _, each in things], np.float64)
    whole = float(rarity.sum())
    return (held @ rarity) / whole if whole else np.zeros(len(held))


def _begins_with(said: tuple[str, ...], openers: Sequence[tuple[str, ...]]) -> bool:
    return any(said[: len(opener)] == opener for opener in openers)


def _known(word: QueryWord, statistics: Statistics) -> bool:
    return any(map(statistics.document_frequency, word.terms))
