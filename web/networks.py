"""Addresses of the internet: which are this machine's own, and which belong to one client."""

from __future__ import annotations

import socket
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

__all__ = ["is_loopback", "of_one_client", "serves_this_machine_alone"]


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


@lru_cache(maxsize=1024)
def of_one_client(address: str) -> str:
    """What a client is known by: whoever has one address of IPv6 has the 2^64 around it.

    >>> [of_one_client(each) for each in ("192.0.2.1", "2001:db8::1:2", "::ffff:192.0.2.1")]
    ['192.0.2.1', '2001:db8::/64', '192.0.2.1']
    """
    if ":" not in address:
        return address
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or ip_network((found.packed, 64), strict=False))


def serves_this_machine_alone(host: str) -> bool:
    """Whether a host, by any of its names, is the machine itself and nothing else."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        found = {host}
    return all(map(is_loopback, found))
