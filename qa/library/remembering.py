"""What was read last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Remembered"]

_Made = TypeVar("_Made")


class Remembered(Generic[_Made]):
    """What was read last, so that it need not be read again. (`lru_cache` on a method would keep its object alive.)"""

    def __init__(self, most: int, *, weigh: Callable[[_Made], int] = lambda _: 0, heaviest: int = 0) -> None:
        """At most so many, and together not heavier, but for the last one."""
        self._most = most
        self._weigh = weigh
        self._heaviest = heaviest
        self._weight = 0
        self._found: OrderedDict[str, _Made] = OrderedDict()
        self._changing = Lock()

    def __contains__(self, key: str) -> bool:
        return key in self._found

    def get(self, key: str, read: Callable[[str], _Made]) -> _Made:
        """What is remembered under a key, else what `read` gives for it."""
        with self._changing:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        made = read(key)
        with self._changing:
            if key not in self._found:
                self._weight += self._weigh(made)
            self._found[key] = made
            while len(self._found) > self._most or (self._weight > self._heaviest and len(self._found) > 1):
                _, forgotten = self._found.popitem(last=False)
                self._weight -= self._weigh(forgotten)
        return made
