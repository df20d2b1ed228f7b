"""Counts the requests of each client, and says what is left to it."""

from __future__ import annotations

import math
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from werkzeug.exceptions import TooManyRequests

from web.access.counting import Counts, Memory, own_memory
from web.networks import of_one_client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from web.access.rates import Rates

__all__ = ["Meter", "Tally"]

PIECE = 0.05  # seconds of processor time that count as one more request
_MINUTE = 60.0  # seconds


class _Limit(NamedTuple):
    """How many requests count in a minute, and of whom."""

    most: int
    of_whom: str


class Tally:
    """What one request counts for: the clients, the limit of each, the counts and when they end."""

    __slots__ = ("_begun", "_clients", "_counts", "_found", "_limits")

    def __init__(self, counts: Counts, clients: Sequence[str], limits: Sequence[_Limit]) -> None:
        self._begun = time.thread_time()
        self._counts, self._clients, self._limits = counts, clients, limits
        self._found = counts.count(clients, seconds=_MINUTE)

    def refuse_too_many(self) -> None:
        """Refuse the request if one of the clients has had too many.

        Raises:
            TooManyRequests: if so.
        """
        for (most, of_whom), (count, _) in zip(self._limits, self._found, strict=True):
            if count > most:
                raise TooManyRequests(
                    f"More than {most:,} requests came within a minute {of_whom}. "
                    "One that takes long counts as several."
                )

    def tell(self, status: int, headers: list[tuple[str, str]]) -> None:
        """Count what an answer took, and say what is left: of the limit that is nearest to its end."""
        pieces = int((time.thread_time() - self._begun) / PIECE)
        if pieces:
            self._found = self._counts.count(self._clients, pieces, seconds=_MINUTE)
        left, nearest, until = math.inf, 0, 0.0
        for (most, _), (count, end) in zip(self._limits, self._found, strict=True):
            if most - count < left:
                left, nearest, until = most - count, most, end
        seconds = str(max(1, math.ceil(until - time.time())))
        if left < 0 and status == HTTPStatus.TOO_MANY_REQUESTS:
            headers[:] = [each for each in headers if each[0] != "Retry-After"]
            headers.append(("Retry-After", seconds))
        headers += (
            ("RateLimit-Limit", str(nearest)),
            ("RateLimit-Remaining", str(max(0, left))),
            ("RateLimit-Reset", seconds),
        )


class Meter:
    """Counts requests against limits, in memory that workers share."""

    def __init__(self, rates: Rates, memory: Memory | None = None) -> None:
        self._of_address = _Limit(rates.of_address, "from this address") if rates.of_address else None
        self._of_token = _Limit(rates.of_token, "with this token") if rates.of_token else None
        self._counts = Counts(memory or own_memory())

    def count(self, address: str, token_id: str | None) -> Tally | None:
        """Count a request for the address that it comes from, and for the token that it came with. None if there is no
        limit for either."""
        clients, limits = [], []
        if self._of_address is not None:
            clients.append(of_one_client(address))
            limits.append(self._of_address)
        if self._of_token is not None and token_id is not None:
            clients.append(token_id)
            limits.append(self._of_token)
        return Tally(self._counts, clients, limits) if clients else None
