"""Measuring: how often the right passage comes first, how often an answer is rightly given, and how fast."""

from qa.evaluation.relevance import (
    MEASURES,
    Comparison,
    Estimate,
    Ranking,
    compare,
    estimate,
    measure,
    require_measures,
)
from qa.evaluation.speed import Speed, measure_speed, sample_questions

__all__ = [
    "MEASURES",
    "Comparison",
    "Estimate",
    "Ranking",
    "Speed",
    "compare",
    "estimate",
    "measure",
    "measure_speed",
    "require_measures",
    "sample_questions",
]
