"""The named numbers that say how well a passage answers a question, and the order that they give."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Protocol, TypeVar

from qa.analysis import indexed_terms, spoken
from qa.concepts import NO_CONCEPTS, Concepts
from qa.lexicon import NUMBER_OPENERS
from qa.model import Hit, Passage, Query, QueryWord
from qa.retrievers import inverse_document_frequency

__all__ = [
    "WEIGHTS",
    "Asked",
    "PassageTerms",
    "Statistics",
    "WeighedWord",
    "coverage",
    "decisive",
    "missing",
    "passage_terms",
    "rank",
    "read_query",
    "referred",
    "weigh",
]


WEIGHTS = {
    "bm25": 3.3,  # the retriever's score, as a share of the best candidate's
    "coverage": 4.3,  # share of the question's rarity that the passage, its headings and its title hold
    "wording": 3.0,  # the same by words as they are written, not by their stems
    "adjacency": 3.8,  # share of its pairs of neighbouring words, stop words included, that stand side by side
    "heading": 3.7,  # share of the rarity of the innermost heading, or of the title, that the question names
    "number": 1.2,  # a number in the passage's best sentence, where the question asks for one
}
"""What each kind of evidence counts; each is in 0..1 before its weight, and a passage's score is their weighted sum.

Fitted on SQuAD and MedQuAD by `python tests/fit_evidence.py`, which says how.
"""


_STOP_WORD_RARITY = 0.3  # nats, of a stop word in a pair: that "of the" stands together tells little
_NUMBER = re.compile(r"\d")
_BRACKET = re.compile(r"\[[^\[\]\n]{1,80}\]")


class Statistics(Protocol):
    """What a word's weight depends on; every retriever has it."""

    def document_frequency(self, term: str) -> int: ...

    @property
    def passage_count(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageTerms:
    """What a passage can be matched by: all its terms with those of its headings and title, and each sentence's own.

    `words` are the words as they are written, folded, and `pairs` those that stand side by side, both with headings and
    title; `heading` the terms of the innermost heading, or of the title where there is none, each with the tokens of
    the concepts that it is a part of. `numbered` says of each sentence whether it holds a number other than a reference
    marker.
    """

    all: frozenset[str]
    sentences: tuple[frozenset[str], ...]
    words: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    heading: tuple[tuple[str, frozenset[str]], ...]
    numbered: tuple[bool, ...]


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
    """A question as its passages are held against it: its words and pairs of neighbouring words by rarity, and its
    terms by weight."""

    words: tuple[WeighedWord, ...]
    wording: tuple[tuple[str, float], ...]
    pairs: tuple[tuple[tuple[str, str], float], ...]
    terms: Mapping[str, float]
    wants_number: bool


def passage_terms(passage: Passage, *, title: str, concepts: Concepts = NO_CONCEPTS) -> PassageTerms:
    """The terms of a passage of a document with this title, with the tokens of its concepts."""
    written = [[word for word, _ in spoken(text)] for text in (title, *passage.section, passage.text)]
    sentences = [passage.text[start:end] for start, end in passage.sentences]
    return PassageTerms(
        all=frozenset(indexed_terms(passage.text, section=passage.section, title=title, terms_of=concepts.terms)),
        sentences=tuple(frozenset(concepts.terms(sentence)) for sentence in sentences),
        words=frozenset(word for part in written for word in part),
        pairs=frozenset(pair for part in written for pair in pairwise(part)),
        heading=tuple(dict.fromkeys(concepts.alternatives(passage.section[-1] if passage.section else title))),
        numbered=tuple(bool(_NUMBER.search(_BRACKET.sub("", sentence))) for sentence in sentences),
    )


def read_query(query: Query, statistics: Statistics) -> Asked:
    """A query with the rarity of all that its passages are held against."""
    rarities = {
        word: inverse_document_frequency(statistics.document_frequency(term), statistics.passage_count)
        for word, term in query.spoken
        if term is not None
    }
    pairs = {
        (first, second): max(rarities.get(first, _STOP_WORD_RARITY), rarities.get(second, _STOP_WORD_RARITY))
        for (first, _), (second, _) in pairwise(query.spoken)
    }
    said = tuple(word for word, _ in query.spoken)
    return Asked(
        words=weigh(query, statistics),
        wording=tuple(rarities.items()),
        pairs=tuple(pairs.items()),
        terms=query.terms,
        wants_number=any(said[: len(opener)] == opener for opener in NUMBER_OPENERS),
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


def rank(
    asked: Asked,
    candidates: Sequence[tuple[Passage, PassageTerms, float]],
    statistics: Statistics,
    *,
    limit: int,
) -> list[Hit]:
    """The best of the candidates, each given with its terms and the retriever's score, by the sum of their evidence.

    A passage without any of the decisive words is left out, unless the question leans on earlier ones: what it is
    about may be said there alone. Equal scores are ordered by passage id.
    """
    best = max((bm25 for _, _, bm25 in candidates), default=1.0)
    wanted = decisive(asked.words)
    carries = len(wanted) < len(asked.words)
    rarities = _Rarities(statistics)
    found = []
    for passage, held, bm25 in candidates:
        own = coverage(wanted, held.all)
        if not own and not carries:
            continue
        evidence = {
            "bm25": bm25 / best,
            "coverage": coverage(asked.words, held.all) if carries else own,
            "wording": _share(asked.wording, held.words),
            "adjacency": _share(asked.pairs, held.pairs),
            "heading": _named(held.heading, asked.terms, rarities),
            "number": float(asked.wants_number and _best_is_numbered(wanted, held)),
        }
        score = sum(WEIGHTS[name] * value for name, value in evidence.items())
        found.append((score, passage, evidence))
    found.sort(key=lambda each: (-each[0], each[1].id))
    return [
        Hit(passage=passage, rank=number, score=score, evidence=evidence)
        for number, (score, passage, evidence) in enumerate(found[:limit], start=1)
    ]


_Thing = TypeVar("_Thing")


def _share(things: Sequence[tuple[_Thing, float]], held: Collection[_Thing]) -> float:
    """The share of the rarity of some things that are held, 0..1; 0 for none."""
    whole = part = 0.0
    for thing, rarity in things:
        whole += rarity
        if thing in held:
            part += rarity
    return part / whole if whole else 0.0


def _named(
    heading: Sequence[tuple[str, frozenset[str]]], asked: Mapping[str, float], rarities: Mapping[str, float]
) -> float:
    """The share of the rarity of a heading's terms that a question names, each by itself or by a concept: 0..1.

    What the question carries over counts only by its weight.
    """
    whole = part = 0.0
    for term, tokens in heading:
        whole += rarities[term]
        named = 1.0 if not tokens.isdisjoint(asked) else min(1.0, asked.get(term, 0.0))
        part += named * rarities[term]
    return part / whole if whole else 0.0


class _Rarities(dict[str, float]):
    """The idf of each term that is asked for, reckoned once."""

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics

    def __missing__(self, term: str) -> float:
        frequency = self._statistics.document_frequency(term)
        self[term] = inverse_document_frequency(frequency, self._statistics.passage_count)
        return self[term]


def _best_is_numbered(words: Sequence[WeighedWord], held: PassageTerms) -> bool:
    """Whether the sentence that covers most of the question, the earliest of equals, holds a number."""
    shares = [coverage(words, sentence) for sentence in held.sentences]
    return bool(shares) and held.numbered[shares.index(max(shares))]


def _known(word: QueryWord, statistics: Statistics) -> bool:
    return any(map(statistics.document_frequency, word.terms))
