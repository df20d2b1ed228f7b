"""Digests of what is kept, so that a check sees what has changed by mistake.

Each judgement has a seal, a digest of its row. The seals of all rows make one sum: each new seal is added to it by XOR,
and one that is replaced is taken out by the same. So a write costs the same however many rows there are, and a row that
was taken away or put in is seen too. The counts of questions are few, and have one digest for all.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable

__all__ = ["NOTHING", "register", "seal_of", "with_seal"]

_BYTES = 16

NOTHING = bytes(_BYTES)
"""The sum of no seals."""


def seal_of(*values: object) -> bytes:
    """The digest of a row's values, or of rows.

    >>> seal_of(1, "a", None).hex()
    '31f797a0c2fc45519260d27dfda52c6c'
    """
    return hashlib.blake2b(repr(values).encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest()


def with_seal(total: bytes, seals: Iterable[bytes]) -> bytes:
    """A sum of seals with more of them; those that are in it already are taken out.

    >>> with_seal(with_seal(NOTHING, [b"a" * 16, b"b" * 16]), [b"a" * 16])
    b'bbbbbbbbbbbbbbbb'
    """
    found = int.from_bytes(total)
    for each in seals:
        found ^= int.from_bytes(each)
    return found.to_bytes(_BYTES)


def register(database: sqlite3.Connection) -> None:
    """Let statements call `seal_of`."""
    database.create_function("seal_of", -1, seal_of, deterministic=True)
