"""How fast questions are answered."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from qa.evaluation.peers import peak_memory
from qa.model import Document

__all__ = ["Speed", "measure_speed", "sample_questions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How long questions took, in milliseconds, and the `peak_memory` then."""

    asked: int
    p50_ms: float
    p99_ms: float
    per_second: float
    peak_memory: int


def measure_speed(ask: Callable[[str], object], questions: Sequence[str], *, seconds: float) -> Speed:
    """Ask the questions in turn, again and again, for about so many seconds, after one round that is not counted."""
    for question in questions:
        ask(question)
    took: list[float] = []
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        for question in questions:
            asked_at = time.perf_counter()
            ask(question)
            took.append(time.perf_counter() - asked_at)
    whole = time.perf_counter() - began
    percentiles = statistics.quantiles(took, n=100) if len(took) > 1 else [took[0]] * 99
    return Speed(
        asked=len(took),
        p50_ms=percentiles[49] * 1000,
        p99_ms=percentiles[98] * 1000,
        per_second=len(took) / whole,
        peak_memory=peak_memory(),
    )


def sample_questions(documents: Iterable[Document]) -> list[str]:
    """Questions of the kind that the documents answer: each title, and each heading with its document's title."""
    asked: dict[str, None] = {}
    for document in documents:
        asked[document.title[:1000]] = None
        for section in document.sections:
            if section.path:
                asked[f"{section.path[-1]}: {document.title}"[:1000]] = None
    return list(asked)
