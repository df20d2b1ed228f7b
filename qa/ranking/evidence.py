"""The named numbers that say how well a passage answers a question, and the ranking by them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from qa.model import Candidate, Query, QueryWord
from qa.ranking.wordings import Excerpt, Wordings
from qa.retrievers import inverse_document_frequency
from qa.retrievers.okapi import K1, B
from qa.text.analysis import fold
from qa.text.lexicon import (
    ALL_WORDS,
    ASKED_FOR_WORDS,
    DEFINED_OPENERS,
    DEFINING_VERBS,
    LINKING_WORDS,
    MEANING_ENDS,
    MEANING_OPENERS,
    NUMBER_OPENERS,
)

__all__ = [
    "MOST_OF_ITS_OWN",
    "OLDER",
    "POINTS",
    "SENTENCE_WEIGHTS",
    "WEIGHTS",
    "Asked",
    "Ranked",
    "Statistics",
    "WeighedWord",
    "coverage",
    "decisive",
    "in_order",
    "missing",
    "rank",
    "read_query",
    "referred",
    "weigh",
]


WEIGHTS = {
    "bm25": 4.1,  # the retriever's score, as a share of the best candidate's
    "coverage": 2.6,  # share of the question's rarity that the passage, its headings and its title hold
    "wording": 3.0,  # the same by words as they are written, not by their stems
    "adjacency": 3.8,  # share of its pairs of neighbouring words, stop words included, that stand side by side
    "heading": 3.5,  # share of the rarity of the innermost heading, or of the title, that the question names
    "aspect": 2.4,  # of what title and headings leave open of the question, the share that the text says, and how often
    "sentence": 3.1,  # the evidence of the passage's best sentence, by the weights below
    "definition": 2.5,  # the text begins by saying what the thing is, where the question asks that
    "number": 1.7,  # a number in the passage's best sentence, where the question asks for one
    "shown": 3.5,  # how near it stands to the passage shown last, where the question goes on about that
}
"""What each kind of evidence counts; each is in 0..1 before its weight, and a passage's score is their weighted sum.

All but "shown" are fitted on SQuAD and MedQuAD by `python tests/fit_evidence.py`, which says how. That one is chosen on
half of the conversations of CANARD, INSCIT and MTRAG, so that a question can still leave the section.
"""

OLDER = -2.0
"""What it counts that a passage is of an older edition of a document than another one among the first."""

POINTS = -4.0
"""What it counts that a passage only points to others."""

MOST_OF_ITS_OWN = sum(weight for name, weight in WEIGHTS.items() if name != "shown")
"""The greatest score that a passage can have by what it says itself."""

SENTENCE_WEIGHTS = {
    "within": 2.3,  # share of the words that the passage holds, by rarity in the library times that in the passage
    "words": 2.6,  # share of the question's words, each counting alike
    "own": 3.4,  # share of the rarity of those words that neither title nor headings hold
    "adjacency": 1.3,  # share of the question's pairs of neighbouring words, that stand side by side
    "before": 3.5,  # share of the rarity of those that only an earlier sentence holds: what "it" and "they" stand for
    "place": 0.5,  # 1 for the first sentence, 1/2 for the second, and so on
}
"""What each kind of evidence of one sentence counts, in 0..1 before its weight: those that also choose the highlight.

Fitted on SQuAD by `python tests/measure_highlights.py FOLDER --fit`.
"""

_Floats = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]
_Places = npt.NDArray[np.integer]

_COUNTED = np.array(list(WEIGHTS.values()))
_SHOWN = tuple(WEIGHTS).index("shown")
_SENTENCE_SHARES = np.array(list(SENTENCE_WEIGHTS.values())) / sum(SENTENCE_WEIGHTS.values())

_STOP_WORD_RARITY = 0.3  # nats, of a stop word in a pair: that "of the" stands together tells little
_LEAST = 1e-300  # that a sum is divided by: nothing of it is 0
_DIGITS = 9  # of evidence: what is equal must not differ by the order in which it was added up
_DEFINED_WITHIN = 25  # words from the beginning of a text, within which it says what a thing is


class Statistics(Protocol):
    """The numbers that a word's weight depends on. Every retriever has them."""

    def document_frequency(self, term: str) -> int: ...

    @property
    def passage_count(self) -> int: ...


class WeighedWord(NamedTuple):
    """A word of the question with its rarity in nats, times its weight. A passage with any of the terms covers it.

    A `carried` word comes from an earlier question, or was `told` in a sentence of a letter that does not ask. The
    question refers back to a `referred` word. A word that `is_name` has a capital.
    """

    text: str
    terms: frozenset[str]
    rarity: float
    carried: bool = False
    referred: bool = False
    is_name: bool = False
    told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question, prepared for comparing passages with it.

    `words` are what it is about, `terms` those of the query, `wording` its content words as they are written and
    `pairs` its neighbouring words, each with its rarity; a term's is times the weight of its word. `said` are all its
    words, those of `wording` first. `defined` are the terms of the thing that it asks what it is, none where it asks
    otherwise, and `wants_number` says that it asks for a number. `shown` has how near passages stand to the one
    that was shown last, in 0..1, where it goes on about that. `year` is the one that it asks about, where documents
    are of that year.
    """

    words: tuple[WeighedWord, ...]
    terms: Mapping[str, float]
    wording: tuple[tuple[str, float], ...]
    pairs: tuple[tuple[tuple[str, str], float], ...]
    said: tuple[str, ...]
    defined: tuple[str, ...]
    wants_number: bool
    shown: Mapping[str, float] = field(default_factory=dict)
    year: int | None = None


class Ranked(NamedTuple):
    """A candidate with its evidence. `values` is the evidence of words, in the order of `WEIGHTS`.

    `meaning` is the evidence of meaning, if that was compared. Its weights depend on the question.
    """

    passage_id: str
    score: float
    values: npt.NDArray[np.float64]
    words: float
    """What the evidence of its words adds up to; the score, where its meaning was not looked at."""
    meaning: Mapping[str, float] = {}
    meaning_weights: Mapping[str, float] = {}
    nearest: int | None = None
    """Which of its sentences is the nearest in meaning."""
    is_older: bool = False
    """Whether another edition of its document is later, or of the year that is asked for."""
    points: bool = False
    """Whether it only points to other passages, as a table of contents does."""

    @property
    def evidence(self) -> dict[str, float]:
        """The named numbers whose sum, each times its weight, is the score."""
        return (
            dict(zip(WEIGHTS, self.values.tolist(), strict=True))
            | dict(self.meaning)
            | dict.fromkeys(self._against, 1.0)
        )

    @property
    def weights(self) -> dict[str, float]:
        """What each of them counts."""
        return WEIGHTS | dict(self.meaning_weights) | self._against

    @property
    def _against(self) -> dict[str, float]:
        """What speaks against it, with what that counts."""
        return ({"older": OLDER} if self.is_older else {}) | ({"points": POINTS} if self.points else {})

    @property
    def without_shown(self) -> float:
        """The score without what it owes to the passage that was shown before."""
        return self.score - WEIGHTS["shown"] * float(self.values[_SHOWN])

    @property
    def of_its_own(self) -> float:
        """The sum of its evidence of words, without what it gets from the passage that was shown before."""
        return self.words - WEIGHTS["shown"] * float(self.values[_SHOWN])


def in_order(ranked: Iterable[Ranked]) -> list[Ranked]:
    """Passages by their scores, the best first; equal ones by their ids."""
    return sorted(ranked, key=lambda each: (-each.score, each.passage_id))


def read_query(query: Query, statistics: Statistics) -> Asked:
    """A query with the rarity of everything that passages are compared with."""

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
        terms={term: weights.get(term, weight) * rarity(term) for term, weight in query.terms.items()},
        wording=tuple(rarities.items()),
        pairs=tuple(pairs.items()),
        said=tuple(dict.fromkeys((*rarities, *said))),
        defined=_defined(query.spoken),
        wants_number=_begins_with(said, NUMBER_OPENERS),
    )


def missing(query: Query, statistics: Statistics) -> tuple[str, ...]:
    """The question's own words that no passage has in any form."""
    unknown = (word for word in query.words if not _known(word, statistics) and not _asks_only(word))
    return tuple(dict.fromkeys(word.text for word in unknown if not word.carried))


def weigh(query: Query, statistics: Statistics) -> tuple[WeighedWord, ...]:
    """The words that a passage should have, with the idf of the commonest of their terms, times their weight.

    A word that no passage has gets the greatest idf, so that a missing decisive word counts. There are two exceptions.
    Words carried over from earlier questions count only if the library has them. Words that say what is asked for
    ("options", "number") do not count if no passage has them.
    """
    weighed = []
    for word in query.words:
        if _known(word, statistics) or not (word.carried or _asks_only(word)):
            frequency = max(map(statistics.document_frequency, word.terms), default=0)
            idf = inverse_document_frequency(frequency, statistics.passage_count)
            weighed.append(
                WeighedWord(
                    word.text,
                    frozenset(word.terms),
                    word.weight * idf,
                    word.carried,
                    word.referred,
                    word.is_name,
                    word.told,
                )
            )
    return tuple(weighed)


def decisive(words: Sequence[WeighedWord]) -> Sequence[WeighedWord]:
    """The words that decide whether a passage answers: the question's own or, if it has none, those carried over.

    A passage about an earlier question only is not an answer to this one.
    """
    return [word for word in words if not word.carried] or words


def referred(words: Sequence[WeighedWord]) -> Sequence[WeighedWord]:
    """The words of earlier questions that this one refers to ("What are *its* side effects?"). They are part of it."""
    return [word for word in words if word.referred]


def coverage(words: Sequence[WeighedWord], held: Collection[str]) -> float:
    """The share of the words, weighted by idf, that a passage with these terms covers: 0..1, and 0 for no words.

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
    candidates: Sequence[Candidate],
    wordings: Wordings,
    *,
    limit: int,
    near: Collection[str] = (),
    best: float | None = None,
) -> list[Ranked]:
    """The best of the candidates by the sum of the evidence of their words.

    A passage without any decisive word is left out, unless it is among those `near` in meaning or the question depends
    on earlier ones, since only those may say what it is about. Equal scores are ordered by passage id. `best` is the
    greatest score of the retriever, if that is not a candidate's.
    """
    if not candidates:
        return []
    passage_ids = [each.passage_id for each in candidates]
    held = _Held(asked, wordings.excerpt(passage_ids))
    scores = np.array([each.score for each in candidates])
    columns = {
        "bm25": scores / ((scores.max() if best is None else best) or 1.0),
        "coverage": held.coverage(),
        "wording": held.wording(),
        "adjacency": held.adjacency(),
        "heading": held.heading(),
        "aspect": held.aspect(wordings.mean_length),
        "sentence": held.sentence(),
        "definition": held.definition(),
        "number": held.number(),
        "shown": [asked.shown.get(each, 0.0) for each in passage_ids] if asked.shown else 0.0,
    }
    evidence = _rows(columns, WEIGHTS, len(candidates)).T.round(_DIGITS)
    sums = (evidence * _COUNTED).cumsum(axis=1)[:, -1].tolist()  # which adds from left to right
    left = [
        (-score, passage_id, place)
        for place, (score, passage_id) in enumerate(zip(sums, passage_ids, strict=True))
        if held.may_answer[place] or passage_id in near
    ]
    return [
        Ranked(passage_id, -score, evidence[place], words=-score) for score, passage_id, place in sorted(left)[:limit]
    ]


class _Held:
    """What each of some passages holds of a question; every method gives one number in 0..1 a passage.

    A part is a title, a heading or a sentence, numbered throughout. Matrices have a row a term, word or pair of the
    question, and a column a part or a passage; what is held is 1, anything else 0.
    """

    def __init__(self, asked: Asked, excerpt: Excerpt) -> None:
        self._asked, self._excerpt = asked, excerpt
        numbers = {term: number for number, term in enumerate(asked.terms)}
        self._found, self._said = excerpt.terms_and_words(list(numbers), asked.said)
        self._terms = _presence(self._found.numbers, self._found.parts, (len(numbers), len(excerpt.marks)))
        self._terms_of_words = [numbers[term] for word in asked.words for term in word.terms]
        sizes = [len(word.terms) for word in asked.words]
        self._words_begin = [end - size for end, size in zip(accumulate(sizes), sizes, strict=True)]
        self._words = self._of_words(self._terms)
        self._counts = np.zeros((len(sizes), len(excerpt.marks) + 1))  # parts in front of each that have the word
        self._words.cumsum(axis=1, out=self._counts[:, 1:])
        self._rarity: _Floats = np.array([word.rarity for word in asked.words], np.float64)
        own = [place for place, word in enumerate(asked.words) if not word.carried]
        self._own = own or list(range(len(asked.words)))
        self._by_passage = self._held_between(excerpt.first_parts, excerpt.ends)
        has_own: _Flags = self._by_passage[self._own].max(axis=0, initial=0) > 0
        leans = 0 < len(own) < len(asked.words) and bool(has_own.any())
        self.may_answer: list[bool] = [True] * len(has_own) if leans else has_own.tolist()

    def coverage(self) -> _Floats:
        """The share of the question's words, weighted by rarity, that the passage has."""
        return _shares(word.rarity for word in self._asked.words) @ self._by_passage

    def wording(self) -> _Floats:
        """The same for words exactly as written."""
        found, count = self._said, len(self._asked.wording)  # the words with a rarity come first
        is_rare = found.numbers < count
        held = _presence(found.numbers[is_rare], found.rows[is_rare], (count, len(self._excerpt.ends)))
        return _shares(rarity for _, rarity in self._asked.wording) @ held

    def adjacency(self) -> _Floats:
        """The share of the pairs of neighbouring words, weighted by rarity, that are also neighbours in the passage."""
        pairs, parts = self._pairs
        held = _presence(pairs, self._excerpt.part_rows[parts], (len(self._asked.pairs), len(self._excerpt.ends)))
        return _shares(rarity for _, rarity in self._asked.pairs) @ held

    def heading(self) -> _Floats:
        """The share of the innermost heading, or of the title, that the question names, weighted by rarity."""
        rarities = np.array(list(self._asked.terms.values()), np.float64)
        named = rarities @ self._terms[:, self._excerpt.innermost]
        return np.minimum(1.0, _divided(named, self._excerpt.heading_rarities(), otherwise=0.0))

    def aspect(self, mean_length: float) -> _Floats:
        """The share of the words not in title or headings that the text has. 1 if all are in title or headings.

        Each word saturates with its frequency, as in BM25.
        """
        excerpt, found, shape = self._excerpt, self._found, (len(self._terms), len(self._excerpt.ends))
        places = (found.numbers * shape[1] + found.rows)[found.in_text]
        often = self._of_words(np.bincount(places, minlength=shape[0] * shape[1]).reshape(shape))
        norms = K1 * (1 - B + B * excerpt.lengths / mean_length)
        return _divided((self._open * often / (often + norms)).sum(axis=0), self._open.sum(axis=0), otherwise=1.0)

    def sentence(self) -> _Floats:
        """The evidence of the best sentence, by `SENTENCE_WEIGHTS`."""
        return self._best(self._sentence_evidence)

    def definition(self) -> _Floats | float:
        """1 if the question asks what a thing is and the text begins by defining it."""
        excerpt, defined, count = self._excerpt, self._asked.defined, len(self._excerpt.ends)
        if not defined:
            return 0.0
        verbs = excerpt.words(sorted(DEFINING_VERBS))
        is_near = verbs.in_text & (verbs.places - excerpt.text_starts[verbs.rows] <= _DEFINED_WITHIN)
        said = np.full(count, -1)
        said[verbs.rows[is_near][::-1]] = verbs.places[is_near][::-1]  # the first of each row is written last
        found = excerpt.terms(defined)
        before = found.in_text & (found.places < said[found.rows])
        held = _presence(found.numbers[before], found.rows[before], (len(defined), count))
        return np.asarray(held.min(axis=0), np.float64)

    def number(self) -> _Floats | float:
        """1 if the question asks for a number and the sentence that covers most of it has one. Of equal sentences the
        earliest counts."""
        excerpt = self._excerpt
        if not self._asked.wants_number or not len(self._own):
            return 0.0
        covered = (_shares(self._rarity[self._own].tolist()) @ self._words[self._own]).round(_DIGITS) * excerpt.is_text
        best = np.flatnonzero((covered > 0) & (covered == self._best(covered)[excerpt.part_rows]))
        rows, places = np.unique(excerpt.part_rows[best], return_index=True)
        values = np.zeros(len(excerpt.ends))
        values[rows] = excerpt.is_numbered[best[places]]
        return values

    @cached_property
    def _open(self) -> _Floats:
        """The rarity of each word in each passage of which neither title nor headings hold it; 0 where they do."""
        in_context = self._held_between(self._excerpt.first_parts, self._excerpt.innermost + 1)
        return (1 - in_context) * self._rarity[:, None]

    @cached_property
    def _pairs(self) -> tuple[_Places, _Places]:
        """Where the pairs of the question's words stand side by side: which pair, in which part."""
        words, found = self._asked.said, self._said
        number = {word: place for place, word in enumerate(words)}
        pairs = np.full((len(words), len(words)), -1, np.int64)
        for place, ((first, second), _) in enumerate(self._asked.pairs):
            pairs[number[first], number[second]] = place
        firsts = (np.diff(found.places) == 1).nonzero()[0]
        codes = pairs[found.numbers[firsts], found.numbers[firsts + 1]]
        is_pair = codes >= 0
        return codes[is_pair], found.parts[firsts[is_pair]]

    @property
    def _sentence_evidence(self) -> _Floats:
        """For each part the sum of its evidence, as a share of the most that there can be; 0 for a title or heading."""
        excerpt, rows = self._excerpt, self._excerpt.part_rows
        held, texts, rarity = self._words, excerpt.innermost + 1, self._rarity[:, None]
        reached = self._counts[:, texts]
        holding = self._counts[:, excerpt.ends] - reached
        within = np.log(1 + (excerpt.ends - texts - holding + 0.5) / (holding + 0.5)) * (holding > 0) * rarity
        before = (self._counts[:, :-1] > reached[:, rows]) * (1 - held)
        pairs = _presence(*self._pairs, (len(self._asked.pairs), len(rows)))
        kinds = {
            "within": _share_held(held, within, rows),
            "words": held.sum(axis=0) / max(1, len(held)),
            "own": _share_held(held, self._open, rows),
            "adjacency": _shares(rarity for _, rarity in self._asked.pairs) @ pairs,
            "before": _shares(word.rarity for word in self._asked.words) @ before,
            "place": 1 / np.maximum(1, np.arange(len(rows)) - excerpt.innermost[rows]),
        }
        return np.asarray(_SENTENCE_SHARES @ _rows(kinds, SENTENCE_WEIGHTS, len(rows)) * excerpt.is_text, np.float64)

    def _of_words(self, by_term: npt.NDArray[Any]) -> _Floats:
        """Of numbers that each term has, for each word the greatest of its terms."""
        rows = by_term[self._terms_of_words]
        return np.asarray(np.maximum.reduceat(rows, self._words_begin, axis=0), np.float64)

    def _held_between(self, firsts: _Places, ends: _Places) -> _Floats:
        """For each word whether any part from one on, and before another, has it; for several ranges of parts."""
        return np.asarray(self._counts[:, ends] > self._counts[:, firsts], np.float64)

    def _best(self, by_part: _Floats) -> _Floats:
        return np.asarray(np.maximum.reduceat(by_part, self._excerpt.first_parts), np.float64)


def _presence(rows: npt.NDArray[np.integer], columns: npt.NDArray[np.integer], shape: tuple[int, int]) -> _Floats:
    found = np.zeros(shape)
    found[rows, columns] = 1
    return found


def _rows(found: Mapping[str, npt.ArrayLike], names: Iterable[str], length: int) -> _Floats:
    """What was found by these names, one row each."""
    rows = np.empty((len(found), length))
    for row, name in zip(rows, names, strict=True):
        row[:] = found[name]
    return rows


def _shares(rarities: Iterable[float]) -> _Floats:
    """The share of each rarity of some things in all; of none that is rare 0."""
    each = list(rarities)
    return np.array(each, np.float64) / (sum(each) or 1.0)


def _share_held(held: _Floats, weights: _Floats, rows: _Places) -> _Floats:
    """The share of the weights, of each word in each passage, that each part holds, which is of the passage in `rows`;
    0 for none."""
    shares = weights / np.maximum(weights.sum(axis=0), _LEAST)
    return np.asarray(np.einsum("wp,wp->p", held, shares[:, rows]), np.float64)


def _divided(parts: _Floats, wholes: _Floats, *, otherwise: float) -> _Floats:
    shares: _Floats = np.divide(parts, wholes, out=np.full_like(parts, otherwise), where=wholes > 0)
    return shares


def _defined(spoken: Sequence[tuple[str, str | None]]) -> tuple[str, ...]:
    """The terms of the thing that a question asks what it is: all that it says but for linking words."""
    said = tuple(word for word, _ in spoken)
    named = spoken[1:] if _begins_with(said, DEFINED_OPENERS) else ()
    if _begins_with(said, MEANING_OPENERS):
        named = next((spoken[2 : -len(end)] for end in MEANING_ENDS if said[-len(end) :] == end), ())
    if any(term is None and word not in LINKING_WORDS for word, term in named):
        return ()
    return tuple(dict.fromkeys(term for _, term in named if term is not None))


def _begins_with(said: tuple[str, ...], openers: Sequence[tuple[str, ...]]) -> bool:
    return any(said[: len(opener)] == opener for opener in openers)


def _asks_only(word: QueryWord) -> bool:
    """Whether a word says what is asked for, and not what it is about."""
    return fold(word.text) in ALL_WORDS or fold(word.text) in ASKED_FOR_WORDS


def _known(word: QueryWord, statistics: Statistics) -> bool:
    return any(map(statistics.document_frequency, word.terms))
