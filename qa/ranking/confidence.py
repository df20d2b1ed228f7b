"""How sure it is that the first passage answers: a probability, from the evidence that ranked it and from how rare the
question's words are in English.

In a library of a few passages nearly every word is rare, so rarity there does not tell "pomalidomide" from "work".
Rarity in English does, in a library of any size: an everyday word that no passage holds says little against an answer,
a name that no passage holds says much.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from qa.ranking.evidence import (
    MOST_OF_ITS_OWN,
    WEIGHTS,
    Asked,
    Ranked,
    Statistics,
    WeighedWord,
    decisive,
    referred,
)
from qa.ranking.wordings import Wordings
from qa.retrievers import inverse_document_frequency
from qa.text.analysis import fold
from qa.text.english import English

__all__ = [
    "BY_MEANING",
    "BY_WORDS",
    "LEAST_OF_WHOLE",
    "NEAR_ENOUGH",
    "TELLING",
    "Model",
    "by_weights",
    "confidence",
    "grounds",
    "is_sure",
    "model_of",
    "telling",
]


class Model(NamedTuple):
    """What each ground counts, and what is added to their sum: its logistic function is the confidence."""

    weights: Mapping[str, float]
    bias: float


BY_WORDS = Model(
    {
        "score": 4.07,  # the passage's score, as a share of the most that there can be
        "bm25": 4.05,  # the retriever's score, as a share of the best candidate's
        "sentence": 4.11,  # the evidence of the passage's best sentence
        "lead": 2.23,  # how far its score leads the next passage's, up to 30 % of it, times `coverage`
        "coverage": 0.47,  # share of the rarity in English of the question's words that it holds
        "substance": 2.9,  # how much it holds that is rare, both in English and in the library: a sum, up to 1
        "library": -3.59,  # share of the rarity in the library that it holds, of which `score` makes too much
        "unknown": -2.5,  # share of the rarity in English that no passage holds
        "names": -1.5,  # share of the rarity of its names, with a capital or unknown to English, that it lacks
        "small": 3.01,  # 1 over the square root of the number of passages: of few, the first is right the more often
    },
    bias=-8.05,
)
"""Where words alone ranked. Each ground is in 0..1 before its weight.

Fitted by `python tests/fit_confidence.py`, which says how, in libraries of 8 to 16,000 passages; but those of "unknown"
and "names" are chosen there: what people ask about names that no passage has must be refused, though the sets hardly
ask it.
"""

BY_MEANING = Model(
    {
        "bm25": 2.79,
        "sentence": 3.34,
        "lead": 2.35,
        "substance": 2.48,
        "library": -2.35,
        "unknown": -1.5,
        "names": -2.0,
        "small": 2.85,
        "meaning": 0.5,  # how near the passage is to the question in meaning
        "meaning_sentence": 3.87,  # how near its nearest sentence is
    },
    bias=-7.07,
)
"""Where meaning ranked too. Fitted in the same way: what "score" and "coverage" say, meaning says better."""

LEAST_OF_WHOLE = 0.2
"""The least confidence in a passage that has all words of the question, even if many others have them too. Where the
weights give less, a fifth of these passages are right: "What is multiple myeloma?", asked of a hundred pages on it."""

NEAR_ENOUGH = 0.25
"""The least nearness in meaning for that: "I want to die" finds the word, and nothing that is meant for the person."""

TELLING = 0.35
"""The weight in English from which on a word that no passage holds is worth naming ("coffee" is, "work" is not)."""

_MOST_LEAD = 0.3
_SURE, _LEAD = 0.9, 0.05
_FEWEST = 8  # passages: of fewer, nothing was fitted on, and all that one holds would be everywhere
_HEADED = 0.6  # the evidence of a sentence where title and headings have all words of the question
_EVIDENCE = tuple(WEIGHTS)

_Rarity = Callable[[WeighedWord], float]


def grounds(
    asked: Asked, ranked: Sequence[Ranked], wordings: Wordings, statistics: Statistics, english: English
) -> dict[str, float]:
    """The numbers, each in 0..1, that the confidence in the first ranked passage is computed from.

    If a question depends on earlier turns, its own words make one half of the coverage, and the words taken over the
    other half: an answer to "What are its side effects?" must be about side effects, and about what "it" is. If a
    pronoun refers to the words taken over, a passage with none of them has no coverage at all. What a letter tells
    besides its question can add to the coverage, and takes nothing from it.
    """
    first, held = ranked[0], wordings.holds(ranked[0].passage_id, asked.terms)
    known = {term for term in asked.terms if statistics.document_frequency(term)}
    words, carried = decisive(asked.words), [word for word in asked.words if word.carried]
    passages = max(_FEWEST, statistics.passage_count)
    most = inverse_document_frequency(0, passages)

    def in_library(word: WeighedWord) -> float:
        return word.rarity

    @cache
    def in_english(word: WeighedWord) -> float:
        return _rarity_in_english(word.text, english, is_known=not word.terms.isdisjoint(known))

    def in_both(word: WeighedWord) -> float:
        frequency = max(map(statistics.document_frequency, word.terms))
        return min(in_english(word), inverse_document_frequency(frequency, passages) / most)

    def may_be_name(word: WeighedWord) -> bool:
        if word.carried:
            return False
        is_strange = in_english(word) == 1 and (not carried or word.terms.isdisjoint(known))
        return word.is_name or is_strange

    def covered(rarity: _Rarity) -> float:
        own = _share(words, rarity, held)
        if not carried:
            return own
        taken = _share(carried, rarity, held)
        if carried[0].told:
            return max(own, (own + taken) / 2)
        return min((own + taken) / 2, 2 * taken) if referred(carried) else (own + taken) / 2

    coverage = covered(in_english)
    score, second = first.without_shown, ranked[1].without_shown if len(ranked) > 1 else 0.0
    lead = min(1.0, max(0.0, score - second) / score / _MOST_LEAD) if score > 0 else 0.0
    names = [word for word in words if may_be_name(word)]
    model = BY_MEANING if first.meaning else BY_WORDS
    found = {
        "score": first.of_its_own / MOST_OF_ITS_OWN,
        "bm25": float(first.values[_EVIDENCE.index("bm25")]),
        "sentence": _of_sentence(first),
        "lead": lead * coverage,
        "coverage": coverage,
        "substance": 1 - math.exp(-sum(_of_held({*words, *carried}, in_both, held)) / 2),
        "library": covered(in_library),
        "unknown": 1 - _share(words, in_english, known) if words else 0.0,
        "names": 1 - _share(names, in_library, held) if names else 0.0,
        "small": 1 / math.sqrt(passages),
    }
    found |= first.meaning
    return {name: found[name] for name in model.weights}


def model_of(grounds: Mapping[str, float]) -> Model:
    """The model that reckons with these grounds."""
    return BY_MEANING if "meaning" in grounds else BY_WORDS


def is_sure(confidence: float, ranked: Sequence[Ranked]) -> bool:
    """Whether the words alone decide which passage is first, so that meaning need not be compared."""
    if confidence < _SURE or not ranked:
        return False
    return len(ranked) == 1 or ranked[0].words - ranked[1].words >= _LEAD * ranked[0].words


def confidence(grounds: Mapping[str, float]) -> float:
    """The probability, in 0..1, that a passage answers.

    It is at least `LEAST_OF_WHOLE` if the passage has all words of the question and is not far from it in meaning.

    >>> nothing = dict.fromkeys(BY_WORDS.weights, 0.0)
    >>> round(confidence(nothing), 4), confidence(nothing | {"library": 1.0})
    (0.0003, 0.2)
    """
    is_whole = grounds["library"] == 1 and grounds.get("meaning_sentence", 1.0) >= NEAR_ENOUGH
    return max(by_weights(grounds), LEAST_OF_WHOLE if is_whole else 0.0)


def by_weights(grounds: Mapping[str, float]) -> float:
    """The logistic function of the weighted sum of the grounds: what the ranking by meaning goes by."""
    weights, bias = model_of(grounds)
    return 1 / (1 + math.exp(-bias - sum(weights[name] * value for name, value in grounds.items())))


def telling(unknown: Iterable[str], english: English) -> tuple[str, ...]:
    """Those of some words that no passage holds which say what a question is about: names, numbers and rare words."""
    return tuple(word for word in unknown if _rarity_in_english(word, english, is_known=False) >= TELLING)


def _of_sentence(first: Ranked) -> float:
    """The evidence of the best sentence. If title and headings have all words of the question, none has to repeat them:
    then it is at least `_HEADED`."""
    values: dict[str, float] = dict(zip(_EVIDENCE, first.values.tolist(), strict=True))
    is_headed = values["coverage"] == values["aspect"] == 1
    return max(values["sentence"], _HEADED) if is_headed else values["sentence"]


def _rarity_in_english(word: str, english: English, *, is_known: bool) -> float:
    """How rare a word of a question is, in 0..1. One in small letters that no passage holds may be a slip."""
    return english.weight_as_meant(fold(word)) if word.islower() and not is_known else english.weight(fold(word))


def _share(words: Sequence[WeighedWord], rarity: _Rarity, held: Collection[str]) -> float:
    """The share of the words' rarity that the terms cover: where none is rare, 1 for any word that they cover."""
    whole, covered = sum(map(rarity, words)), list(_of_held(words, rarity, held))
    return min(1.0, sum(covered) / whole) if whole else float(bool(covered))


def _of_held(words: Iterable[WeighedWord], rarity: _Rarity, held: Collection[str]) -> Iterable[float]:
    return (rarity(word) for word in words if not word.terms.isdisjoint(held))
