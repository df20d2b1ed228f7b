"""Counts the requests of each client, tells them what is left, and refuses what is too much."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, NamedTuple

from flask import Response, g, request
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from web.access import caller
from web.counting import Counts, Memory, own_memory
from web.networks import of_one_client

if TYPE_CHECKING:
    from web.rates import Rates

__all__ = ["Meter"]

FREE = frozenset({"/livez", "/readyz", "/static/<path:filename>", "/widget.js"})
"""What is not counted: it costs next to nothing, and monitors and pages ask for it often."""

PIECE = 0.05  # seconds of processor time that count as one more request


_FROM = {"address": "from this address", "token": "with this token"}


class _Count(NamedTuple):
    """One count that a request belongs to: of whom, and the most that it may be."""

    item: RateLimitItemPerMinute
    whose: str


class Meter:
    """Counts the requests of an app, in memory that its workers share."""

    def __init__(self, rates: Rates, memory: Memory | None = None) -> None:
        self._rates = {
            kind: RateLimitItemPerMinute(most, namespace=kind)
            for kind, most in (("address", rates.of_address), ("token", rates.of_token))
            if most
        }
        self._limiter = FixedWindowRateLimiter(Counts(memory or own_memory()))

    def count_address(self) -> None:
        """Count a request for the address that it comes from, before anything else is done for it."""
        rule = request.url_rule
        g.is_counted = rule is None or rule.rule not in FREE
        if g.is_counted:
            g.counts, g.begun = [], time.thread_time()
            self._count("address", of_one_client(request.remote_addr or ""))

    def count_token(self) -> None:
        """Count a request for the token that it came with."""
        if g.is_counted and (token := caller(request)) is not None:
            self._count("token", token.id)

    def _count(self, kind: str, whose: str) -> None:
        item = self._rates.get(kind)
        if item is None:
            return
        g.counts.append(_Count(item, whose))
        if not self._limiter.hit(item, whose):
            until, _ = self._limiter.get_window_stats(item, whose)
            raise TooManyRequests(
                f"More than {item.amount:,} requests came within a minute {_FROM[kind]}. A request that takes long "
                "counts as several.",
                retry_after=_seconds(until),
            )

    def tell(self, response: Response) -> Response:
        """Count what the answer took, and say how much is left: of the limit that is nearest to its end."""
        counts: list[_Count] = g.get("counts", ())
        pieces = int((time.thread_time() - g.begun) / PIECE) if counts else 0
        nearest: tuple[int, float, int] | None = None
        for item, whose in counts:
            if pieces:
                self._limiter.hit(item, whose, cost=pieces)
            until, left = self._limiter.get_window_stats(item, whose)
            if nearest is None or left < nearest[0]:
                nearest = left, until, item.amount
        if nearest is not None:
            left, until, most = nearest
            response.headers.extend(
                (
                    ("RateLimit-Limit", str(most)),
                    ("RateLimit-Remaining", str(left)),
                    ("RateLimit-Reset", str(_seconds(until))),
                    ("RateLimit-Policy", f"{most};w=60"),
                )
            )
        return response


def _seconds(until: float) -> int:
    """How long to wait until a time, in whole seconds."""
    return max(1, math.ceil(until - time.time()))
