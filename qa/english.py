"""The words of English: a question's word that is one of them was meant as it is written."""

from __future__ import annotations

from functools import lru_cache
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
    """The checksums of the words, ascending. Reading them takes a third of a second: it is done at indexing."""
    from spellchecker import SpellChecker

    counts = SpellChecker(language="en", distance=1).word_frequency
    common = [checksum(word) for word in counts.keys() if counts[word] >= _COMMON]  # noqa: SIM118 - no mapping
    return np.unique(np.array(common, np.uint32))
