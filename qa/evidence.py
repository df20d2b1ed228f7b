"""The named numbers that say how well a passage answers a question, and the order that they give."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from qa.analysis import indexed_terms, terms
from qa.model import Hit, Passage, Query, QueryWord
from qa.retrievers import inverse_document_frequency

__all__ = [
    "PassageTerms",
    "Statistics",
    "WeighedWord",
    "coverage",
    "decisive",
    "missing",
    "passage_terms",
    "rank",
    "weigh",
]


class Statistics(Protocol):
    """What a word's weight depends on; every retriever has it."""

    def document_frequency(self, term: str) -> int: ...

    @property
    def passage_count(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageTerms:
    """What a passage can be matched by: all its terms with those of its headings and title, and each sentence's own."""

    all: frozenset[str]
    sentences: tuple[frozenset[str], ...]


class WeighedWord(NamedTuple):
    """A word of the question and its rarity in nats; a passage covers it by any one of the terms.

    `carried` words come from an earlier question.
    """

    text: str
    terms: frozenset[str]
    rarity: float
    carried: bool = False


def passage_terms(passage: Passage, *, title: str) -> PassageTerms:
    """The terms of a passage of a document with this title."""
    return PassageTerms(
        all=frozenset(indexed_terms(passage.text, section=passage.section, title=title)),
        sentences=tuple(frozenset(terms(passage.text[start:end])) for start, end in passage.sentences),
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
            weighed.append(WeighedWord(word.text, frozenset(word.terms), word.weight * idf, word.carried))
    return tuple(weighed)


def decisive(words: Sequence[WeighedWord]) -> Sequence[WeighedWord]:
    """The words by which a passage answers or does not: the question's own or, where it has none, those carried over.

    A passage about an earlier question alone is no answer to this one.
    """
    return [word for word in words if not word.carried] or words


def coverage(words: Sequence[WeighedWord], held: Collection[str]) -> float:
    """The share of the question's idf mass that the terms held by a passage cover: 0..1, and 0 for no words.

    >>> coverage([WeighedWord("a", frozenset({"a"}), 3.0), WeighedWord("b", frozenset({"b", "bb"}), 1.0)], {"a", "c"})
    0.75
    """
    whole = sum(word.rarity for word in words)
    return sum(word.rarity for word in words if not word.terms.isdisjoint(held)) / whole if whole else 0.0


def rank(
    words: Sequence[WeighedWord], candidates: Sequence[tuple[Passage, PassageTerms, float]], *, limit: int
) -> list[Hit]:
    """The best of the candidates, each given with its terms and the retriever's score, in order of `bm25 * coverage`.

    A passage that repeats one word of the question often can outscore one that speaks of all of it; its coverage of
    the decisive words sets that right, and one without any of them is left out. Equal scores are ordered by passage id.
    """
    wanted = decisive(words)
    found = []
    for passage, held, bm25 in candidates:
        share = coverage(wanted, held.all)
        if share:
            found.append((bm25 * share, passage, {"bm25": bm25, "coverage": share}))
    found.sort(key=lambda each: (-each[0], each[1].id))
    return [
        Hit(passage=passage, rank=number, score=score, evidence=evidence)
        for number, (score, passage, evidence) in enumerate(found[:limit], start=1)
    ]


def _known(word: QueryWord, statistics: Statistics) -> bool:
    return any(map(statistics.document_frequency, word.terms))
