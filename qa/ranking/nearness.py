"""Evidence of meaning: how near passages are to a question, in addition to their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from qa.ranking.evidence import Ranked, in_order

__all__ = ["DOUBT_WEIGHTS", "MEANING_WEIGHTS", "Near", "by_meaning", "meaning_weights"]

MEANING_WEIGHTS = {
    "meaning": 6.0,  # the cosine of the question and the passage
    "meaning_sentence": 6.0,  # that of the question and the passage's nearest sentence
}
"""What each counts where the words alone are sure; each is in 0..1 before its weight, and a negative cosine is 0."""

DOUBT_WEIGHTS = {"meaning": 12.0, "meaning_sentence": 12.0}
"""What each counts besides, times the doubt that the words leave: 1 less the confidence in their first passage.

Where people ask in other words than the documents have, the words say little, and what they say is often by chance.
Both were chosen among a few values, by how often the right passage came first in samples of SQuAD, NoiseQA, COVID-QA,
CANARD and MedQuAD. No script fits them.
"""

_DIGITS = 6  # of a cosine, which must not differ by the order in which it was added up


class Near(NamedTuple):
    """How near a passage is to a question: its cosine in -1..1, that of its nearest sentence, and which one that is."""

    passage: float
    sentence: float
    nearest: int | None


def meaning_weights(doubt: float) -> dict[str, float]:
    """The weight of each, given the doubt in 0..1 that the words leave.

    >>> meaning_weights(0.5)
    {'meaning': 12.0, 'meaning_sentence': 12.0}
    """
    return {name: weight + doubt * DOUBT_WEIGHTS[name] for name, weight in MEANING_WEIGHTS.items()}


def by_meaning(ranked: Sequence[Ranked], near: Mapping[str, Near], *, doubt: float, limit: int) -> list[Ranked]:
    """The best of some passages by their words and their meaning. Equal scores are ordered by passage id.

    A passage without vectors counts as near as the others are on average, so it is ranked by its words.
    """
    weights = meaning_weights(doubt)
    values = {
        each: {"meaning": _share(found.passage), "meaning_sentence": _share(found.sentence)}
        for each, found in near.items()
    }
    if not values:
        return list(ranked[:limit])
    usual = {
        name: round(sum(each[name] for each in values.values()) / len(values), _DIGITS) for name in MEANING_WEIGHTS
    }
    found = []
    for each in ranked:
        meaning = values.get(each.passage_id, usual)
        score = each.words + sum(weights[name] * value for name, value in meaning.items())
        nearest = near[each.passage_id].nearest if each.passage_id in near else None
        found.append(each._replace(score=score, meaning=meaning, meaning_weights=weights, nearest=nearest))
    return in_order(found)[:limit]


def _share(cosine: float) -> float:
    return round(max(0.0, cosine), _DIGITS)
