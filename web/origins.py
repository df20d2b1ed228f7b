"""Where a request comes from: this machine, or a page of another site."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from flask import request
from werkzeug.exceptions import Forbidden

__all__ = ["is_loopback", "refuse_other_sites"]


def is_loopback(address: str) -> bool:
    """Whether an IP address is one of this machine's own, to which nobody else has a way.

    >>> [is_loopback(each) for each in ("127.0.0.1", "::1", "192.0.2.1", "localhost")]
    [True, True, False, False]
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback


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
