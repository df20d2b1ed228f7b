"""How often the right passage comes first, with intervals: by trec_eval's measures and the bootstrap."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt

from qa.errors import MissingExtraError

__all__ = ["MEASURES", "Comparison", "Estimate", "Ranking", "compare", "estimate", "measure", "require_measures"]

MEASURES = ("P@1", "RR@10", "nDCG@10", "R@10", "R@50")
"""Names as trec_eval and ir-measures have them; RR@10 averaged over questions is MRR@10. Each is in 0..1."""

Ranking = Mapping[str, Sequence[str]]
"""For each question's id the ids of passages, best first."""

_RESAMPLES = 1000
_SEED = 20_2020  # any: the same figures give the same interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean over questions, with the interval in which 95 % of the means of resampled questions lie."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The mean difference between two rankings of the same questions; it counts if the interval leaves out 0."""

    difference: Estimate
    better: int
    worse: int


def require_measures() -> ModuleType:
    """The module of the measures, before any long work is done for them.

    Raises:
        MissingExtraError: where ir-measures is not installed.
    """
    try:
        return importlib.import_module("ir_measures")
    except ImportError:
        raise MissingExtraError("eval") from None


def measure(ranking: Ranking, qrels: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, float]]:
    """For each measure its value for each question of `qrels`; a question without a ranking has 0.

    Raises:
        MissingExtraError: where ir-measures is not installed.
    """
    ir_measures = require_measures()
    measures = [ir_measures.parse_measure(name) for name in MEASURES]
    # trec_eval orders by score, and equal scores in its own way: falling whole numbers keep our order.
    run = {
        question: {passage: float(-rank) for rank, passage in enumerate(passages)}
        for question, passages in ranking.items()
    }
    found = {name: dict.fromkeys(qrels, 0.0) for name in MEASURES}
    for each in ir_measures.iter_calc(measures, {q: dict(grades) for q, grades in qrels.items()}, run):
        found[str(each.measure)][each.query_id] = float(each.value)
    return found


def estimate(values: Sequence[float]) -> Estimate:
    """The mean of at least one value with its 95 % percentile bootstrap interval (Efron 1979), from 1,000 resamples.

    >>> estimate([1.0, 1.0, 1.0])
    Estimate(mean=1.0, low=1.0, high=1.0)
    """
    array: npt.NDArray[np.float64] = np.asarray(values, np.float64)
    generator = np.random.default_rng(_SEED)
    means = [array[generator.integers(0, len(array), len(array))].mean() for _ in range(_RESAMPLES)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(mean=float(array.mean()), low=float(low), high=float(high))


def compare(values: Mapping[str, float], others: Mapping[str, float]) -> Comparison:
    """How much better one ranking is than another, question by question; questions that only one has are left out."""
    differences = [value - others[question] for question, value in values.items() if question in others]
    return Comparison(
        difference=estimate(differences),
        better=sum(difference > 0 for difference in differences),
        worse=sum(difference < 0 for difference in differences),
    )
