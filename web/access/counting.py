"""How often each client asks, counted by all workers together, in memory that they share.

The memory is a table with a place for each of some ten thousand clients. Where there is no place, the client that asked
least often makes room. A worker that is killed while it counts holds nobody up.

The stores of `limits`, on which Flask-Limiter builds, are either of one process or servers to install. With a store of
ours under it, it would take four times as long as this.
"""

from __future__ import annotations

import multiprocessing
import secrets
import struct
import time
from collections.abc import Iterable
from functools import lru_cache, partial
from hashlib import blake2b
from multiprocessing.sharedctypes import RawArray
from threading import Lock
from typing import Any, NamedTuple, Protocol

__all__ = ["Counts", "Memory", "own_memory", "shared_memory"]

_PLACES = 32_768
_NEAR = 8  # places, one behind the other, in which a client may be
_PLACE = struct.Struct("<QdQ")  # who, until when in seconds since 1970, how often
_LAST = _PLACES * _PLACE.size  # the first byte behind the table
_PATIENCE = 0.05  # seconds; whoever counts needs some microseconds


class AnyLock(Protocol):
    """A lock of `threading` or of `multiprocessing`."""

    def acquire(self, block: bool = ..., timeout: float = ..., /) -> bool:
        """Whether it could be had within a time in seconds."""

    def release(self) -> None:
        """Let others have it."""


class Memory(NamedTuple):
    """A table of counts, the lock for it, and what keeps a client from choosing its place. A process hands it on to
    those that it starts."""

    table: Any
    lock: AnyLock
    salt: bytes


def own_memory() -> Memory:
    """Memory for the threads of this process."""
    return Memory(bytearray(_LAST), Lock(), secrets.token_bytes(16))


def shared_memory(method: str) -> Memory:
    """Memory for this process and those that it starts by a method of `multiprocessing`."""
    lock = multiprocessing.get_context(method).Lock()
    return Memory(RawArray("B", _LAST), lock, secrets.token_bytes(16))


class Counts:
    """How often each client was counted, until its time is over."""

    def __init__(self, memory: Memory) -> None:
        self._table = memoryview(memory.table).cast("B")
        self._lock = memory.lock
        self._number = lru_cache(maxsize=4096)(partial(_number, memory.salt))

    def count(self, clients: Iterable[str], amount: int = 1, *, seconds: float) -> list[tuple[int, float]]:
        """For each client its count with so much more, and when that ends, in seconds since 1970.

        The first count of a client ends after so many seconds, and with it all that is added until then.
        """
        numbers, now = list(map(self._number, clients)), time.time()
        found = []
        self._lock.acquire(True, _PATIENCE)  # or after that time without: whoever has the lock was killed
        try:
            for number in numbers:
                place, until, before = self._find(number, now)
                if not before:
                    until = now + seconds
                _PLACE.pack_into(self._table, place, number, until, before + amount)
                found.append((before + amount, until))
        finally:
            try:  # noqa: SIM105 - `suppress` would take longer, at each request
                self._lock.release()
            except (RuntimeError, ValueError):  # it was taken from us
                pass
        return found

    def _find(self, number: int, now: float) -> tuple[int, float, int]:
        """The place of a client, until when it counts and how much; else the place that it can have, and 0 and 0."""
        start = (number % (_PLACES - _NEAR)) * _PLACE.size
        best, least = start, -1
        for place in range(start, start + _NEAR * _PLACE.size, _PLACE.size):
            found, until, count = _PLACE.unpack_from(self._table, place)
            if until <= now:
                count = 0
            elif found == number:
                return place, until, count
            if not 0 <= least <= count:
                best, least = place, count
        return best, 0.0, 0


def _number(salt: bytes, who: str) -> int:
    """What the table has in place of a client."""
    return int.from_bytes(blake2b(who.encode(), digest_size=8, key=salt).digest(), "little")
