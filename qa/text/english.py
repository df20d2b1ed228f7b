"""The words of English: a question's word that is one of them was meant as it is written."""

from __future__ import annotations

import gzip
import json
from functools import lru_cache
from pkgutil import get_data
from zlib import crc32

import numpy as np
import numpy.typing as npt

__all__ = ["checksum", "english_words"]

_COMMON = 100
"""How often a word stands in the films' subtitles that the list was counted in, to be no slip itself."""


def checksum(word: str) -> int:
    """The CRC-32 of a folded word in UTF-8: one word in 40,000 that is none has that of an English one."""
    return crc32(word.encode("utf-8"))


@lru_cache(maxsize=1)
def english_words() -> npt.NDArray[np.uint32]:
    """The checksums of the words, ascending. Reading them takes a tenth of a second: it is done at indexing.

    The list is read as pyspellchecker keeps it: making a `SpellChecker`, of which nothing else is used, would take
    three times as long.

    Raises:
        FileNotFoundError: where pyspellchecker keeps it elsewhere.
    """
    packed = get_data("spellchecker", "resources/en.json.gz")
    if packed is None:
        raise FileNotFoundError("pyspellchecker's list of English words")
    counts: dict[str, int] = json.loads(gzip.decompress(packed))
    return np.unique(np.array([checksum(word) for word, count in counts.items() if count >= _COMMON], np.uint32))
