"""Threads that do one thing again and again while something else happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Self

__all__ = ["Again"]

_THREADS = 3
_BETWEEN = 0.02  # seconds from a time to the next: the nodes need the processor too


class Again:
    """Three threads that call a function until the block ends: first with their number, then with what it gave."""

    def __init__(self, act: Callable[[int], int]) -> None:
        self._act = act
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._go_on, args=(number,)) for number in range(_THREADS)]

    def _go_on(self, number: int) -> None:
        while not self._stop.is_set():
            number = self._act(number)
            time.sleep(_BETWEEN)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
