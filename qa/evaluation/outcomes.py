"""What people get, in shares with intervals, and whether the confidence says how often that is right."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from qa.evaluation.relevance import Estimate, estimate
from qa.model import Outcome

__all__ = ["BINS", "Bin", "Reliability", "Reply", "false_answers", "reliability", "shares"]

BINS = 10
"""How many bins of the same width the confidence, 0..1, is parted into."""

_EDGES = tuple(number / BINS for number in range(BINS + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of one judged question: its outcome, the confidence in 0..1, and whether the first passage is right.

    Where nothing was found, the first passage is the nearest one.
    """

    outcome: Outcome
    confidence: float
    is_right: bool

    def __post_init__(self) -> None:
        if not 0 <= self.confidence <= 1:
            raise ValueError("a confidence is in 0..1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The replies with a confidence in [low, high), in the last bin in [low, high]: how many, the mean of their
    confidence, and the share whose first passage is right. Both are None where there are no replies."""

    low: float
    high: float
    count: int
    mean_confidence: float | None
    right: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """The bins, lowest first, and the expected calibration error in 0..1, which is None where there are no replies."""

    bins: tuple[Bin, ...]
    error: float | None


_OF_ALL: Mapping[str, Callable[[Reply], bool]] = {
    "right_first": lambda reply: reply.is_right,
    "answered_right": lambda reply: reply.outcome == "answered" and reply.is_right,
    "possible_right": lambda reply: reply.outcome == "possible" and reply.is_right,
    "answered_wrong": lambda reply: reply.outcome == "answered" and not reply.is_right,
    "possible_wrong": lambda reply: reply.outcome == "possible" and not reply.is_right,
    "refused_right": lambda reply: reply.outcome == "nothing_found" and reply.is_right,
    "refused": lambda reply: reply.outcome == "nothing_found",
}


def shares(replies: Sequence[Reply]) -> dict[str, Estimate | None]:
    """Each outcome's share of all replies, split by whether the first passage is right, and the precision.

    `refused_right` are those of the `refused` whose nearest passage is right. The answered, the possible and the
    refused add up to 1. `precision` is the share of the answered that are right. A share of nothing is None.
    """
    found = {name: _share([belongs(reply) for reply in replies]) for name, belongs in _OF_ALL.items()}
    return found | {"precision": _share([reply.is_right for reply in replies if reply.outcome == "answered"])}


def false_answers(outcomes: Sequence[Outcome]) -> dict[str, Estimate | None]:
    """The shares of questions without an answer that are `answered` all the same, or get a `possible` answer; None of
    no questions."""
    return {
        "answered": _share([each == "answered" for each in outcomes]),
        "possible": _share([each == "possible" for each in outcomes]),
    }


def reliability(replies: Sequence[Reply]) -> Reliability:
    """How often replies are right that are equally sure.

    The expected calibration error is the mean distance of a bin's confidence from its share of right replies, each bin
    counting by its size.

    Source: Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015.
    """
    members: list[list[Reply]] = [[] for _ in range(BINS)]
    for reply in replies:
        members[min(bisect_right(_EDGES, reply.confidence) - 1, BINS - 1)].append(reply)
    distances = [abs(sum(r.is_right for r in each) - math.fsum(r.confidence for r in each)) for each in members]
    return Reliability(
        bins=tuple(
            Bin(
                low=_EDGES[number],
                high=_EDGES[number + 1],
                count=len(each),
                mean_confidence=math.fsum(reply.confidence for reply in each) / len(each) if each else None,
                right=sum(reply.is_right for reply in each) / len(each) if each else None,
            )
            for number, each in enumerate(members)
        ),
        error=math.fsum(distances) / len(replies) if replies else None,
    )


def _share(are: Sequence[bool]) -> Estimate | None:
    return estimate(are) if are else None
