"""Whether a page of another site made the browser send a request."""

from __future__ import annotations

from flask import request
from werkzeug.exceptions import Forbidden

__all__ = ["refuse_other_sites"]


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
