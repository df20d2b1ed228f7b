"""How Lucene and tantivy keep the length of a passage: in one byte."""

from __future__ import annotations

__all__ = ["fillers"]


def fillers(length: int) -> int:
    """How many fillers a passage of so many terms needs, so that its length is rounded, and not cut off.

    Lengths of 2^k to 2^(k + 1), less 24, are kept in 8 steps; a length between two of them counts as the lower one.

    >>> [fillers(length) for length in (40, 41, 120, 123, 124, 125, 128)]
    [0, 1, 0, 0, 4, 3, 0]
    """
    above = max(0, length - 24)
    step = 1 << max(0, above.bit_length() - 4)
    beyond = above % step
    return step - beyond if beyond * 2 >= step > 1 else 0
