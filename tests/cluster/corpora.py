"""Passages and questions by chance, the same each time."""

from __future__ import annotations

import random

__all__ = ["a_corpus", "some_questions"]


def a_corpus(size: int) -> list[tuple[str, list[str]]]:
    """Passages of many words, of which a few are common, and some have none."""
    choose = random.Random(1)  # noqa: S311
    return [
        (f"p{number:05}", [f"w{int(choose.paretovariate(0.6))}" for _ in range(choose.randrange(150))])
        for number in range(size)
    ]


def some_questions(count: int) -> list[dict[str, float]]:
    choose = random.Random(2)  # noqa: S311
    return [
        {f"w{int(choose.paretovariate(0.6))}": choose.choice((1.0, 0.5)) for _ in range(choose.randrange(1, 8))}
        for _ in range(count)
    ]
