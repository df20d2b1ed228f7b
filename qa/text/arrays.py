"""Words and numbers packed into bytes, and back: what the parts of an index have in common when they are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = ["packed", "packed_numbers", "unpacked", "unpacked_numbers"]

_BITS = 7  # of a number in each byte; the eighth says that more of them follow
_MOST_BYTES = 5  # that a number of 32 bits takes


def packed(words: Iterable[str]) -> npt.NDArray[np.uint8]:
    """Words without line breaks as one array of bytes."""
    return np.frombuffer("\n".join(words).encode("utf-8"), np.uint8)


def unpacked(array: npt.NDArray[np.uint8]) -> list[str]:
    """The words that `packed` packed."""
    return array.tobytes().decode("utf-8").split("\n") if len(array) else []


def packed_numbers(numbers: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> list[bytes]:
    """Rows of numbers of 0 and above, which lie one after another and have these lengths, each as bytes.

    A number takes a byte for every seven bits that it has: small ones are short.

    >>> packed_numbers(np.array([1, 2, 300]), np.array([2, 1]))
    [b'\\x01\\x02', b'\\xac\\x02']
    """
    sizes = np.ones(len(numbers), np.int64)
    for more in range(1, _MOST_BYTES):
        sizes += numbers >= 1 << (_BITS * more)
    ends = np.cumsum(sizes)
    starts = ends - sizes
    packed = np.zeros(int(ends[-1]) if len(ends) else 0, np.uint8)
    for place in range(_MOST_BYTES):
        has = np.flatnonzero(sizes > place)
        follows = (sizes[has] > place + 1).astype(np.uint8) << _BITS
        packed[starts[has] + place] = ((numbers[has] >> (_BITS * place)) & 0x7F).astype(np.uint8) | follows
    bounds = np.concatenate([[0], ends])[np.concatenate([[0], np.cumsum(lengths)])].tolist()
    whole = packed.tobytes()
    return [whole[start:end] for start, end in pairwise(bounds)]


def unpacked_numbers(rows: Sequence[bytes]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The numbers of rows that `packed_numbers` packed, one after another, and the length of each row.

    Raises:
        ValueError: for bytes that are no such rows.
    """
    data = np.frombuffer(b"".join(rows), np.uint8)
    ends = np.flatnonzero(data < 1 << _BITS) + 1
    bounds = np.cumsum([0, *map(len, rows)])
    before = ends.searchsorted(bounds, side="right")  # how many numbers end there or before
    if (data[bounds[bounds > 0] - 1] >= 1 << _BITS).any():
        raise ValueError("a number is cut off")
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    sizes = ends - starts
    most = int(sizes.max(initial=0))
    if most > _MOST_BYTES:
        raise ValueError("a number is too long")
    parts = data & 0x7F
    numbers = parts[starts].astype(np.int64)
    for place in range(1, most):
        has = np.flatnonzero(sizes > place)
        numbers[has] |= parts[starts[has] + place].astype(np.int64) << (_BITS * place)
    return numbers, np.diff(before)
