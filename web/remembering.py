"""What was made last, kept within a number and a size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Kept"]

_Made = TypeVar("_Made")


class Kept(Generic[_Made]):
    """A function that keeps what it gave last, as `lru_cache` does, and no more than so many bytes of it.

    What it was given is kept too, and counts with its `repr`.
    """

    def __init__(self, make: Callable[..., _Made], *, most: int, heaviest: int, weigh: Callable[[_Made], int]) -> None:
        self._make = make
        self._most = most
        self._heaviest = heaviest
        self._weigh = weigh
        self.weight = 0
        """Bytes of all that is kept, about."""
        self._kept: OrderedDict[tuple[Hashable, ...], tuple[_Made, int]] = OrderedDict()
        self._changing = Lock()

    def __call__(self, *given: Hashable) -> _Made:
        return self.looked_up(*given)[0]

    def looked_up(self, *given: Hashable) -> tuple[_Made, bool]:
        """What the function gives, and whether it had been kept."""
        with self._changing:
            if (found := self._kept.get(given)) is not None:
                self._kept.move_to_end(given)
                return found[0], True
        made = self._make(*given)
        weight = self._weigh(made) + len(repr(given))
        with self._changing:
            if given not in self._kept and weight <= self._heaviest:
                self._kept[given] = made, weight
                self.weight += weight
                while len(self._kept) > self._most or self.weight > self._heaviest:
                    _, (_, forgotten) = self._kept.popitem(last=False)
                    self.weight -= forgotten
        return made, False
