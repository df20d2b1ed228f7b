"""The labels of lists, clauses and headings as a page shows them: 28, bb, XXVIII."""

from __future__ import annotations

__all__ = ["counted"]

_LONGEST_NUMBER = 100_000
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ORDINALS = (
    "First Second Third Fourth Fifth Sixth Seventh Eighth Ninth Tenth Eleventh Twelfth Thirteenth Fourteenth Fifteenth"
    " Sixteenth Seventeenth Eighteenth Nineteenth Twentieth"
)
_CARDINALS = (
    "One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen Fifteen Sixteen Seventeen"
    " Eighteen Nineteen Twenty"
)
_WORDS = {"ordinalText": _ORDINALS.split(), "cardinalText": _CARDINALS.split()}
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


def counted(number: int, kind: str, *, repeats: bool = False) -> str:
    """A number in a kind of numbers, those of Word: `decimal`, `decimalZero`, `ordinal`, `ordinalText` (in English, up
    to 20), `lowerLetter`, `upperRoman` and so on. Behind z, letters go on with aa, ab; where they `repeat`, as Word has
    them, with aa, bb. What has no number of the kind, as 0 has no letter, is decimal.

    >>> [counted(28, kind) for kind in ("decimal", "lowerLetter", "upperRoman", "ordinal")]
    ['28', 'ab', 'XXVIII', '28th']
    >>> counted(2, "ordinalText"), counted(21, "cardinalText")
    ('Second', '21')
    >>> counted(28, "upperLetter", repeats=True), counted(0, "lowerLetter"), counted(-1, "decimal")
    ('BB', '0', '-1')
    """
    number = min(max(number, -_LONGEST_NUMBER), _LONGEST_NUMBER)
    if kind in {"lowerLetter", "upperLetter"} and number > 0:
        text = _LETTERS[(number - 1) % 26] * ((number - 1) // 26 + 1) if repeats and number <= 260 else _letters(number)
    elif kind in {"lowerRoman", "upperRoman"} and 0 < number < 4000:
        text = _roman(number)
    elif kind == "decimalZero":
        return f"{number:02}"
    elif kind in _WORDS and 0 < number <= len(_WORDS[kind]):
        return _WORDS[kind][number - 1]
    elif kind == "ordinal" and number > 0:
        return f"{number}{_ordinal_ending(number)}"
    else:
        return str(number)
    return text.upper() if kind.startswith("upper") else text


def _letters(number: int) -> str:
    text = ""
    while number > 0:
        number, letter = divmod(number - 1, 26)
        text = _LETTERS[letter] + text
    return text


def _roman(number: int) -> str:
    text = ""
    for value, sign in _ROMAN:
        text += sign * (number // value)
        number %= value
    return text


def _ordinal_ending(number: int) -> str:
    return "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
