"""Counts the requests of each client, and says what is left to it."""

from __future__ import annotations

import math
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.exceptions import TooManyRequests

from web.counting import Counts, Memory, own_memory
from web.networks import of_one_client

if TYPE_CHECKING:
    from flask import Response

    from web.rates import Rates

__all__ = ["Meter", "Tally"]

PIECE = 0.05  # seconds of processor time that count as one more request
_MINUTE = 60.0  # seconds


class Tally:
    """What one request counts for: of each limit the most, the client, its count and when that ends."""

    __slots__ = ("begun", "counts")

    def __init__(self) -> None:
        self.begun = time.thread_time()
        self.counts: list[tuple[int, str, int, float]] = []


class Meter:
    """Counts requests against limits, in memory that workers share."""

    def __init__(self, rates: Rates, memory: Memory | None = None) -> None:
        self._rates = rates
        self._counts = Counts(memory or own_memory())

    def count_address(self, tally: Tally, address: str) -> None:
        """Count a request for the address that it comes from.

        Raises:
            TooManyRequests: if there were too many.
        """
        if self._rates.of_address:
            self._count(tally, self._rates.of_address, of_one_client(address), "from this address")

    def count_token(self, tally: Tally, token_id: str) -> None:
        """Count a request for the token that it came with.

        Raises:
            TooManyRequests: if there were too many.
        """
        if self._rates.of_token:
            self._count(tally, self._rates.of_token, f"token {token_id}", "with this token")

    def tell(self, tally: Tally, response: Response) -> None:
        """Count what an answer took, and say what is left: of the limit that is nearest to its end."""
        pieces = int((time.thread_time() - tally.begun) / PIECE)
        if pieces:
            for place, (most, who, _, _) in enumerate(tally.counts):
                tally.counts[place] = (most, who, *self._counts.count(who, pieces, seconds=_MINUTE))
        if not tally.counts:
            return
        most, _, count, until = min(tally.counts, key=_left)
        headers, seconds = response.headers, str(max(1, math.ceil(until - time.time())))
        headers.add("RateLimit-Limit", str(most))
        headers.add("RateLimit-Remaining", str(max(0, most - count)))
        headers.add("RateLimit-Reset", seconds)
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS and count > most:
            headers["Retry-After"] = seconds

    def _count(self, tally: Tally, most: int, who: str, where: str) -> None:
        count, until = self._counts.count(who, seconds=_MINUTE)
        tally.counts.append((most, who, count, until))
        if count > most:
            raise TooManyRequests(
                f"More than {most:,} requests came within a minute {where}. One that takes long counts as several."
            )


def _left(counted: tuple[int, str, int, float]) -> int:
    most, _, count, _ = counted
    return most - count
