"""Counts the requests of each client, and says what is left to it."""

from __future__ import annotations

import math
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.exceptions import TooManyRequests

from web.access.counting import Counts, Memory, own_memory
from web.networks import of_one_client

if TYPE_CHECKING:
    from flask import Response

    from web.access.rates import Rates

__all__ = ["Meter", "Tally"]

PIECE = 0.05  # seconds of processor time that count as one more request
_MINUTE = 60.0  # seconds


class Tally:
    """What one request counts for: the clients, the most of each, the counts and when they end."""

    __slots__ = ("begun", "clients", "counts", "most")

    def __init__(self) -> None:
        self.begun = time.thread_time()
        self.clients: list[str] = []
        self.most: list[int] = []
        self.counts: list[tuple[int, float]] = []


class Meter:
    """Counts requests against limits, in memory that workers share."""

    def __init__(self, rates: Rates, memory: Memory | None = None) -> None:
        self._of_address, self._of_token = rates
        self._counts = Counts(memory or own_memory())

    def count(self, tally: Tally, address: str, token_id: str | None) -> None:
        """Count a request for the address that it comes from, and for the token that it came with.

        Raises:
            TooManyRequests: if either has had too many.
        """
        if self._of_address:
            tally.clients.append(of_one_client(address))
            tally.most.append(self._of_address)
        if self._of_token and token_id is not None:
            tally.clients.append(token_id)
            tally.most.append(self._of_token)
        tally.counts = self._counts.count(tally.clients, seconds=_MINUTE)
        for client, most, (count, _) in zip(tally.clients, tally.most, tally.counts, strict=True):
            if count > most:
                where = "with this token" if client == token_id else "from this address"
                raise TooManyRequests(
                    f"More than {most:,} requests came within a minute {where}. One that takes long counts as several."
                )

    def tell(self, tally: Tally, response: Response) -> None:
        """Count what an answer took, and say what is left: of the limit that is nearest to its end."""
        pieces = int((time.thread_time() - tally.begun) / PIECE)
        if pieces:
            tally.counts = self._counts.count(tally.clients, pieces, seconds=_MINUTE)
        if not tally.counts:
            return
        left, most, until = min(
            [(most - count, most, until) for most, (count, until) in zip(tally.most, tally.counts, strict=True)]
        )
        seconds = str(max(1, math.ceil(until - time.time())))
        told = [
            ("RateLimit-Limit", str(most)),
            ("RateLimit-Remaining", str(max(0, left))),
            ("RateLimit-Reset", seconds),
        ]
        response.headers.extend(told)
        if left < 0 and response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            response.headers["Retry-After"] = seconds
