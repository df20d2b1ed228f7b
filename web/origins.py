"""Where a request comes from: whether a page of another site made the browser send it, and what proxies say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import request
from werkzeug.exceptions import Forbidden
from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

__all__ = ["Proxies", "refuse_other_sites"]


class Proxies:
    """The proxies in front of the service. What they say of client, scheme and host is believed, and of nobody else."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._addresses = frozenset(addresses)
        self._told = ProxyFix(lambda *_: [], x_for=1, x_proto=1, x_host=1)

    def hear(self, environ: WSGIEnvironment) -> None:
        """Have a request that comes from one of them be from whom it says."""
        if environ.get("REMOTE_ADDR") in self._addresses:
            self._told(environ, lambda *_: lambda _: None)


def refuse_other_sites(deed: str) -> None:
    """Refuse what a page of another site makes a browser send. `deed` says what the request is for.

    A browser says so in one of two headers, of which the first also holds behind a proxy that changes the host; a
    program sends neither.

    Raises:
        Forbidden: if a page of another site sent it.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        is_own = site in ("same-origin", "none")
    else:
        is_own = origin is None or origin.partition("://")[2].lower() == request.host.lower()
    if not is_own:
        raise Forbidden(f"Only pages of this service, and programs, may {deed}.")
