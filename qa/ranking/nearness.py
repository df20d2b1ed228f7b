"""Evidence of meaning: how near passages are to a question, in addition to their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from qa.ranking.evidence import Ranked

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
    if not near:
        return list(ranked[:limit])
    weights = meaning_weights(doubt)
    values = {each: (_share(found.passage), _share(found.sentence)) for each, found in near.items()}
    passages, sentences = zip(*values.values(), strict=True)
    usual = tuple(round(sum(each) / len(values), _DIGITS) for each in (passages, sentences))
    of_passage, of_sentence = weights["meaning"], weights["meaning_sentence"]
    scores = []
    for each in ranked:
        passage, sentence = values.get(each.passage_id, usual)
        scores.append(each.words + (of_passage * passage + of_sentence * sentence))
    # Only the best are made anew.
    best = sorted(range(len(ranked)), key=lambda place: (-scores[place], ranked[place].passage_id))[:limit]
    return [
        ranked[place]._replace(
            score=scores[place],
            meaning=dict(zip(MEANING_WEIGHTS, values.get(ranked[place].passage_id, usual), strict=True)),
            meaning_weights=weights,
            nearest=near[ranked[place].passage_id].nearest if ranked[place].passage_id in near else None,
        )
        for place in best
    ]


def _share(cosine: float) -> float:
    return round(max(0.0, cosine), _DIGITS)
