"""Rows by SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

__all__ = ["Select", "chosen"]

Select = Callable[..., list[Any]]
"""What a query gives: a statement and its parameters to rows."""

_AT_ONCE = 500  # parameters of a statement; SQLite takes a thousand at least


def chosen(select: Select, statement: str, values: Collection[object]) -> list[Any]:
    """The rows of a statement in which (…) stands for any number of values."""
    found, left = [], list(values)
    for start in range(0, len(left), _AT_ONCE):
        some = left[start : start + _AT_ONCE]
        found += select(statement.replace("(…)", f"({','.join('?' * len(some))})"), *some)
    return found
