"""Where words and numbers begin and end, so that a part of one is never taken for the whole: 20 is not in 20.5."""

from __future__ import annotations

import unicodedata

__all__ = ["is_inside"]

_SIGNS = frozenset("-‐‑–−+±<>≤≥≈~")  # before a number
_BEHIND_NUMBER = frozenset("%‰°")
_JOINS_WORDS = frozenset("'’-‐‑−/⁄∕")  # can't, non-responder, mg/kg
_JOINS_NUMBERS = frozenset(".,·:٫٬–×^")  # 20.5, 1,200, 12:30, 20–30, 5×10
_RAISED = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹")


def is_inside(text: str, at: int) -> bool:
    """Whether a place is inside a word or a number, neither at its beginning nor at its end.

    A number has its sign, its fraction and its per cent; a word what a hyphen, an apostrophe or a slash joins to it. A
    raised digit behind a letter is a marker, and no part of the word. Two characters on either side decide.

    >>> [is_inside("20.5 mg", at) for at in range(7)]
    [False, True, True, True, False, False, True]
    >>> is_inside("−3", 1), is_inside("3/4", 2), is_inside("can't", 3), is_inside("It ended.", 8)
    (True, True, True, False)
    """
    if not 0 < at < len(text):
        return False
    before, behind = text[at - 1], text[at]
    first, last = text[at - 2 : at - 1], text[at + 1 : at + 2]
    if _of_word(behind) and _of_word(before):
        return behind not in _RAISED or before.isdigit()
    if behind.isdigit() and (before in _SIGNS or (before == "." and (not first or first.isspace() or first in _SIGNS))):
        return True
    if before.isdigit() and behind in _BEHIND_NUMBER:
        return True
    return _joins(behind, before, last) or _joins(before, first, behind)


def _joins(character: str, one: str, other: str) -> bool:
    """Whether a character makes one word or number of those on its two sides."""
    if character in _JOINS_NUMBERS:
        return one.isdigit() and other.isdigit()
    return character in _JOINS_WORDS and one.isalnum() and other.isalnum()


def _of_word(character: str) -> bool:
    """Whether a word may have it: a letter, a digit, or an accent on one."""
    return character.isalnum() or character == "_" or unicodedata.category(character).startswith("M")
