"""How long a question may wait for what is asked of other machines, all in all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["one_question", "seconds_left"]

_BEGUN: ContextVar[float | None] = ContextVar("begun", default=None)


@contextmanager
def one_question() -> Iterator[None]:
    """All that is asked of other machines in this block belongs to one question, whose time begins now."""
    token = _BEGUN.set(time.monotonic())
    try:
        yield
    finally:
        _BEGUN.reset(token)


def seconds_left(limit: float) -> float:
    """What is left of so many seconds that a question may wait; all of them where no question is being answered."""
    begun = _BEGUN.get()
    return limit if begun is None else begun + limit - time.monotonic()
