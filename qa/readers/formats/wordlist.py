"""Whether a word is one of English, for what the layout of a page leaves open."""

from __future__ import annotations

from functools import cache

from qa.text.english import checksum, english_words

__all__ = ["is_english"]


def is_english(word: str) -> bool:
    """Whether a word in small letters is one of English."""
    return checksum(word) in _english()


@cache
def _english() -> frozenset[int]:
    return frozenset(english_words().tolist())
