"""The words of English, and how rare each is: one that it has was meant as it is written, and a rare one tells more of
what a question is about than one of everyday talk."""

from __future__ import annotations

import gzip
import json
import math
import re
from functools import lru_cache
from pkgutil import get_data
from string import ascii_lowercase
from typing import Any, Self
from zlib import crc32

import numpy as np
import numpy.typing as npt

__all__ = ["English", "checksum", "english"]

_COMMON = 100
"""How often a word stands in the films' subtitles that the list was counted in, to be no slip itself."""

_EVERYDAY, _RAREST = 6.0, 16.0
"""Rarities, -ln of a word's share of all that is said: what is no rarer than "know" tells nothing, and what is rarer
than one word in nine million tells as much as what the list lacks."""

_WORD = re.compile("[a-z]{2,30}")
_STEPS = 255  # into which the weights between are parted
_REMEMBERED = 4096  # words of questions, and passages' that they are compared with


class English:
    """The words of English by their `checksum`, ascending, each with its weight in steps of 1/255."""

    def __init__(self, checksums: npt.NDArray[np.uint32], weights: npt.NDArray[np.uint8]) -> None:
        self.checksums, self.weights = checksums, weights
        self.weight_as_meant = lru_cache(_REMEMBERED)(self._weight_as_meant)
        """For a folded word its `weight`, but where a word in small letters that it lacks is taken for a slip: that has
        the least weight of the words that are one letter away, or two letters that changed places; without such
        neighbours, its own."""
        self._place = lru_cache(_REMEMBERED)(self._find)

    @classmethod
    def of(cls, counts: dict[str, int]) -> Self:
        """The words that stand at least a hundred times in a text, by how often each does.

        >>> english = English.of({"the": 900_000, "know": 2_000, "kidney": 100})
        >>> [round(english.weight(word), 2) for word in ("the", "know", "kidney", "metformin")]
        [0.0, 0.01, 0.31, 1.0]
        """
        whole = sum(counts.values())
        kept = {checksum(word): _weight(count / whole) for word, count in counts.items() if count >= _COMMON}
        ascending = sorted(kept)
        return cls(np.array(ascending, np.uint32), np.array([kept[each] for each in ascending], np.uint8))

    def __contains__(self, word: object) -> bool:
        """Whether a folded word is one of them."""
        return isinstance(word, str) and self._place(word) is not None

    def weight(self, word: str) -> float:
        """How much a folded word tells, in 0..1 by its rarity: 0 for everyday words, 1 for names and numbers."""
        place = self._place(word)
        return 1.0 if place is None else int(self.weights[place]) / _STEPS

    def _weight_as_meant(self, word: str) -> float:
        if not _WORD.fullmatch(word) or word in self:
            return self.weight(word)
        sought = np.array([checksum(each) for each in _one_slip_away(word)], np.uint32)
        places = np.minimum(np.searchsorted(self.checksums, sought), max(0, len(self.checksums) - 1))
        weights = self.weights[places[self.checksums[places] == sought]] if len(self.checksums) else self.weights
        return int(weights.min()) / _STEPS if len(weights) else 1.0

    def _find(self, word: str) -> int | None:
        sought = checksum(word)
        place = int(np.searchsorted(self.checksums, np.uint32(sought)))
        return place if place < len(self.checksums) and int(self.checksums[place]) == sought else None


def checksum(word: str) -> int:
    """The CRC-32 of a folded word in UTF-8: one word in 40,000 that is none has that of an English one."""
    return crc32(word.encode("utf-8"))


@lru_cache(maxsize=1)
def english() -> English:
    """The words of English. Reading them takes a quarter of a second: it is done at indexing.

    The list is read as pyspellchecker keeps it: making a `SpellChecker`, of which nothing else is used, would take
    three times as long.

    Raises:
        FileNotFoundError: where pyspellchecker keeps it elsewhere.
    """
    packed = get_data("spellchecker", "resources/en.json.gz")
    if packed is None:
        raise FileNotFoundError("pyspellchecker's list of English words")
    counts: Any = json.loads(gzip.decompress(packed))
    return English.of(counts)


def _weight(share: float) -> int:
    rarity = -math.log(share)
    return round(_STEPS * min(1.0, max(0.0, (rarity - _EVERYDAY) / (_RAREST - _EVERYDAY))))


def _one_slip_away(word: str) -> set[str]:
    """What becomes of a word by one letter put in, left out or changed, or by two that change places."""
    parts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    changed = {begin + end[1:] for begin, end in parts[:-1]}
    changed |= {begin + end[1] + end[0] + end[2:] for begin, end in parts[:-2]}
    changed |= {begin + letter + end for begin, end in parts for letter in ascii_lowercase}
    return changed | {begin + letter + end[1:] for begin, end in parts[:-1] for letter in ascii_lowercase}
