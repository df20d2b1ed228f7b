"""How sure it is that the first passage answers: a probability, from the evidence that ranked it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from qa.ranking.evidence import MOST_OF_ITS_OWN, Asked, Ranked, Statistics, coverage, decisive, referred
from qa.ranking.wordings import Wordings

__all__ = ["BIAS", "CONFIDENCE_WEIGHTS", "confidence", "grounds"]

CONFIDENCE_WEIGHTS = {
    "score": 5.3,  # the passage's score, as a share of the most that there can be
    "coverage": 4.4,  # share of the rarity of the question's words that it holds
    "unknown": -1.4,  # share of their rarity that no passage holds
    "names": -1.5,  # share of the rarity of its names, the words with a capital, that the passage lacks
}
"""What each ground counts; each is in 0..1 before its weight.

Fitted by `python tests/fit_confidence.py`, which says how, on questions of which half can be answered.
"""

BIAS = -5.0


def grounds(asked: Asked, first: Ranked, wordings: Wordings, statistics: Statistics) -> dict[str, float]:
    """The numbers, each in 0..1, from which the confidence in the first passage is reckoned.

    Where a question leans on earlier turns, its own words make one half of the coverage and those taken over the other:
    an answer to "What are its side effects?" speaks of side effects, and of what "it" is. Where a pronoun refers to
    them, a passage that holds none of those has no coverage at all.
    """
    held = wordings.holds(first.passage_id, asked.terms)
    words, carried = decisive(asked.words), [word for word in asked.words if word.carried]
    covered = coverage(words, held)
    if carried:
        taken = coverage(carried, held)
        covered = (covered + taken) / 2
        if referred(carried):
            covered = min(covered, 2 * taken)
    known = [term for term in asked.terms if statistics.document_frequency(term)]
    names = [word for word in words if word.is_name and not word.carried]
    return {
        "score": first.of_its_own / MOST_OF_ITS_OWN,
        "coverage": covered,
        "unknown": 1 - coverage(words, known) if words else 0.0,
        "names": 1 - coverage(names, held) if names else 0.0,
    }


def confidence(grounds: Mapping[str, float]) -> float:
    """The probability, in 0..1, that a passage answers: the logistic function of the weighted sum of its grounds.

    >>> round(confidence({"score": 1.0, "coverage": 1.0, "unknown": 0.0, "names": 0.0}), 3)
    0.991
    """
    return 1 / (1 + math.exp(-BIAS - sum(CONFIDENCE_WEIGHTS[name] * value for name, value in grounds.items())))
