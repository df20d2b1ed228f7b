"""How sure it is that the first passage answers: a probability, from the evidence that ranked it and from how rare the
question's words are in English.

In a library of a few passages nearly every word is rare, so rarity in the library does not tell "pomalidomide" from
"work". Rarity in English does, in a library of any size. If no passage has an everyday word of the question, that says
little against an answer; if no passage has a name, that says much.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from qa.ranking.evidence import (
    MOST_OF_ITS_OWN,
    WEIGHTS,
    Asked,
    Ranked,
    Statistics,
    WeighedWord,
    coverage,
    decisive,
    referred,
)
from qa.ranking.wordings import Wordings
from qa.retrievers import inverse_document_frequency
from qa.text.analysis import fold
from qa.text.english import English

__all__ = ["BIAS", "CONFIDENCE_WEIGHTS", "TELLING", "confidence", "grounds", "is_sure", "telling"]

CONFIDENCE_WEIGHTS = {
    "score": 3.8,  # the passage's score, as a share of the most that there can be
    "bm25": 5.0,  # the retriever's score, as a share of the best candidate's
    "sentence": 5.0,  # the evidence of the passage's best sentence
    "lead": 2.2,  # how far its score leads the next passage's, up to 30 % of it, times `coverage`
    "coverage": 0.9,  # share of the rarity in English of the question's words that it holds
    "substance": 3.1,  # how much it holds that is rare, both in English and in the library: a sum, up to 1
    "library": -3.4,  # share of the rarity in the library that it holds, of which `score` makes too much
    "unknown": -0.9,  # share of the rarity in English that no passage holds
    "names": -1.1,  # share of the rarity of its names, the words with a capital, that the passage lacks
    "small": 2.1,  # 1 over the square root of the number of passages: of few, the first is right the more often
}
"""What each ground counts; each is in 0..1 before its weight.

Fitted by `python tests/fit_confidence.py`, which says how, in libraries of 8 to 16,000 passages.
"""

BIAS = -9.9

TELLING = 0.35
"""The weight in English from which on a word that no passage holds is worth naming ("coffee" is, "work" is not)."""

_MOST_LEAD = 0.3
_EVIDENCE = tuple(WEIGHTS)

_SURE, _LEAD = 0.9, 0.05


def grounds(
    asked: Asked, ranked: Sequence[Ranked], wordings: Wordings, statistics: Statistics, english: English
) -> dict[str, float]:
    """The numbers, each in 0..1, that the confidence in the first ranked passage is computed from.

    If a question depends on earlier turns, its own words make one half of the coverage, and the words taken over the
    other half: an answer to "What are its side effects?" must be about side effects, and about what "it" is. If a
    pronoun refers to the words taken over, a passage with none of them has no coverage at all.
    """
    first, held = ranked[0], wordings.holds(ranked[0].passage_id, asked.terms)
    known = [term for term in asked.terms if statistics.document_frequency(term)]
    words = decisive(asked.words)
    weights = [english.weight(fold(word.text)) for word in words]
    most = inverse_document_frequency(0, statistics.passage_count)
    both = [min(weight, word.rarity / most) for word, weight in zip(words, weights, strict=True)]
    names = [word for word in words if word.is_name and not word.carried]

    def in_english(word: WeighedWord) -> float:
        return english.weight(fold(word.text))

    covered = _covered(asked, held, in_english)
    second = ranked[1].score if len(ranked) > 1 else 0.0
    lead = min(1.0, (first.score - second) / first.score / _MOST_LEAD) if first.score > 0 else 0.0
    return {
        "score": first.of_its_own / MOST_OF_ITS_OWN,
        "bm25": float(first.values[_EVIDENCE.index("bm25")]),
        "sentence": float(first.values[_EVIDENCE.index("sentence")]),
        "lead": lead * covered,
        "coverage": covered,
        "substance": 1 - math.exp(-sum(_of_held(words, both, held)) / 2),
        "library": _covered(asked, held, lambda word: word.rarity),
        "unknown": 1 - _share(words, weights, known) if words else 0.0,
        "names": 1 - coverage(names, held) if names else 0.0,
        "small": 1 / math.sqrt(statistics.passage_count),
    }


def is_sure(confidence: float, ranked: Sequence[Ranked]) -> bool:
    """Whether the words alone decide which passage is first, so that meaning need not be compared.

    On the sets that the weights were fitted on, comparing meaning made none of these better.
    """
    if confidence < _SURE or not ranked:
        return False
    return len(ranked) == 1 or ranked[0].words - ranked[1].words >= _LEAD * ranked[0].words


def confidence(grounds: Mapping[str, float]) -> float:
    """The probability, in 0..1, that a passage answers: the logistic function of the weighted sum of its grounds.

    >>> round(confidence(dict.fromkeys(CONFIDENCE_WEIGHTS, 0.0) | {"score": 0.7, "bm25": 1.0, "sentence": 0.8}), 3)
    0.427
    """
    return 1 / (1 + math.exp(-BIAS - sum(CONFIDENCE_WEIGHTS[name] * value for name, value in grounds.items())))


def telling(words: Iterable[str], english: English) -> tuple[str, ...]:
    """The words that are rare enough in English to say what a question is about: names, numbers, terms."""
    return tuple(word for word in words if english.weight(fold(word)) >= TELLING)


def _covered(asked: Asked, held: Collection[str], weight: Callable[[WeighedWord], float]) -> float:
    """The share of the words' weight that a passage holds, of own words and of those taken over."""
    words, carried = decisive(asked.words), [word for word in asked.words if word.carried]
    covered = _share(words, list(map(weight, words)), held)
    if carried:
        taken = _share(carried, list(map(weight, carried)), held)
        covered = (covered + taken) / 2
        if referred(carried):
            covered = min(covered, 2 * taken)
    return covered


def _share(words: Sequence[WeighedWord], weights: Sequence[float], held: Collection[str]) -> float:
    """The share of the words' weights that the terms cover: where none weighs, 1 for any word that they cover."""
    whole, covered = sum(weights), list(_of_held(words, weights, held))
    return sum(covered) / whole if whole else float(bool(covered))


def _of_held(words: Sequence[WeighedWord], weights: Sequence[float], held: Collection[str]) -> Iterable[float]:
    return (weight for word, weight in zip(words, weights, strict=True) if not word.terms.isdisjoint(held))
