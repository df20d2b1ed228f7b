"""How often each client asks, counted by all workers together: a store for `limits`, in memory that they share.

The memory is a table with a place for each of some ten thousand clients. Where there is no place, the client that asked
least often makes room. A worker that is killed while it counts holds nobody up.
"""

from __future__ import annotations

import multiprocessing
import secrets
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from hashlib import blake2b
from multiprocessing.sharedctypes import RawArray
from threading import Lock
from typing import Any, NamedTuple, Protocol

from limits.storage import Storage

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


class Counts(Storage):
    """How often each key was counted, until its time is over."""

    STORAGE_SCHEME = ["pincite"]  # noqa: RUF012 - as `limits` has it

    def __init__(self, memory: Memory) -> None:
        super().__init__()
        self._table = memoryview(memory.table).cast("B")
        self._lock = memory.lock
        self._who = lru_cache(maxsize=4096)(partial(_number, memory.salt))

    @property
    def base_exceptions(self) -> type[Exception]:
        """What can go wrong."""
        return OSError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """The count of a key with so much more. The first count of a key ends after `expiry` seconds."""
        now = time.time()
        who = self._who(key)
        with self._changing():
            place, until, count = self._find(who, now)
            if until <= now:
                until, count = now + expiry, 0
            _PLACE.pack_into(self._table, place, who, until, count + amount)
        return count + amount

    def get(self, key: str) -> int:
        """The count of a key."""
        return self._told(key)[1]

    def get_expiry(self, key: str) -> float:
        """When the count of a key ends, in seconds since 1970. For one that has none it is now."""
        return self._told(key)[0]

    def clear(self, key: str) -> None:
        """Forget the count of a key."""
        now = time.time()
        with self._changing():
            place, until, _ = self._find(self._who(key), now)
            if until > now:
                _PLACE.pack_into(self._table, place, 0, 0.0, 0)

    def reset(self) -> None:
        """Forget all counts."""
        with self._changing():
            self._table[:] = bytes(_LAST)

    def check(self) -> bool:
        """Whether counting works."""
        return True

    def _told(self, key: str) -> tuple[float, int]:
        """Until when a key counts, and how much. A count that changes meanwhile may be told wrong, once."""
        now = time.time()
        _, until, count = self._find(self._who(key), now)
        return (until, count) if until > now else (now, 0)

    def _find(self, who: int, now: float) -> tuple[int, float, int]:
        """The place of a client, until when it counts and how much; else the place that it can have, and 0 and 0."""
        start = (who % (_PLACES - _NEAR)) * _PLACE.size
        best, least = start, -1
        for place in range(start, start + _NEAR * _PLACE.size, _PLACE.size):
            found, until, count = _PLACE.unpack_from(self._table, place)
            if until <= now:
                count = 0
            elif found == who:
                return place, until, count
            if not 0 <= least <= count:
                best, least = place, count
        return best, 0.0, 0

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Alone, or after some time not: then whoever has the lock was killed, and it is taken from them."""
        self._lock.acquire(True, _PATIENCE)
        try:
            yield
        finally:
            with suppress(RuntimeError, ValueError):  # it was taken from us
                self._lock.release()


def _number(salt: bytes, key: str) -> int:
    """What the table has in place of a key."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8, key=salt).digest(), "little")
