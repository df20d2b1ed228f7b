"""Measuring: how often the right passage comes first, what people get of it, and how fast."""

from qa.evaluation.outcomes import BINS, Bin, Reliability, Reply, false_answers, reliability, shares
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
    "BINS",
    "MEASURES",
    "Bin",
    "Comparison",
    "Estimate",
    "Ranking",
    "Reliability",
    "Reply",
    "Speed",
    "compare",
    "estimate",
    "false_answers",
    "measure",
    "measure_speed",
    "reliability",
    "require_measures",
    "sample_questions",
    "shares",
]
