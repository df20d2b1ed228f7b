"""How much one client may ask in a minute: from each IP address, and with each token.

A request counts once, and once more for each piece of processor time that its answer takes (`metering.py`). So neither
many small requests nor a few large ones take the service from others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from web.networks import serves_this_machine_alone

if TYPE_CHECKING:
    from qa import Settings

__all__ = ["Rates", "rates_of"]

MOST = 600
"""Requests a minute, where others reach the service and its settings say nothing: ten a second."""


class Rates(NamedTuple):
    """How many requests count in a minute, from each IP address and with each token. 0 is no limit."""

    of_address: int
    of_token: int


def rates_of(settings: Settings) -> Rates | None:
    """The limits of a service, if it has any."""
    is_for_others = settings.trusted_proxies or settings.tokens_file or not serves_this_machine_alone(settings.host)
    most = MOST if is_for_others else 0
    rates = Rates(
        most if settings.rate_limit is None else settings.rate_limit,
        most if settings.token_rate_limit is None else settings.token_rate_limit,
    )
    return rates if any(rates) else None
