"""Raised and lowered type, fractions and formulas as plain text, so that 10⁵ never reads 105, nor ½ 12.

A reader marks what is raised or lowered as it writes it, and `plain` writes the whole run: only there is known what
stands around. Raised numbers become raised digits, and anything else that is a power `^n`; a raised number over a
lowered one, with a slash between, is a fraction. What is raised by custom alone, as in `4th`, stays as it is.
"""

from __future__ import annotations

import re
import unicodedata

from qa.readers.formats.code import CODE_END
from qa.readers.references.bibliography import raised

__all__ = [
    "accented",
    "fraction",
    "limits",
    "lowered_to",
    "marked_lowered",
    "marked_raised",
    "plain",
    "raised_to",
    "root",
]

_UP, _UP_END, _DOWN, _DOWN_END = "\x0e", "\x0f", "\x10", "\x11"  # which no text has: they are control characters
_MARKS = re.compile(f"[{_UP}{_UP_END}{_DOWN}{_DOWN_END}]")
_FRACTION = re.compile(
    rf"(?P<before>\d[ \u00a0\u2009]?)?{_UP}\s*(?P<above>[\d,.]{{1,12}})\s*{_UP_END}\s?[/⁄∕]\s?"
    rf"(?:{_DOWN}\s*(?P<below>[\d,.]{{1,12}})\s*{_DOWN_END}|(?P<plain>\d{{1,12}})(?!\d))"
)
_SCRIPT = re.compile(
    rf"(?P<before>[^{_UP}{_UP_END}{_DOWN}{_DOWN_END}{CODE_END}])?(?P<code_end>{CODE_END})?"
    rf"(?:{_UP}(?P<up>[^{_UP}{_UP_END}{_DOWN}{_DOWN_END}]*){_UP_END}"
    rf"|{_DOWN}(?P<down>[^{_UP}{_UP_END}{_DOWN}{_DOWN_END}]*){_DOWN_END})(?P<behind>\d)?"
)
_SIGNED = re.compile(r"\s*(?P<first>[+−–-]?)(?P<number>\d{1,6})(?P<last>[+−–-]?)\s*")
_CHARGE = re.compile(r"\s*[+−–]\s*")
_SIGNS = str.maketrans("0123456789+−–-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_OPERATOR = re.compile(r"[\w)\]]\s*[+−×·/*=^-]|[+−-]\s*[\w(]|[½⅓¼]")
_QUANTITY = re.compile(r"[b-df-ik-np-zα-ωκμπστ]", re.IGNORECASE)  # not a, e, j, o, which are notes or ordinals

_UNKNOWNS = re.compile(r"[nx]|\d{1,3}[a-z]")  # behind a letter: no note has such a label
_LETTERS_OF_NOTES = re.compile(r"[a-df-n](?:\s?,\s?[a-df-n]){0,5}")  # no e, o, r, s, t: `2e`, `No`, `Mr`


def marked_raised(text: str) -> str:
    """A text in raised type, for `plain`."""
    return f"{_UP}{text}{_UP_END}" if text.strip() else text


def marked_lowered(text: str) -> str:
    """A text in lowered type, for `plain`."""
    return f"{_DOWN}{text}{_DOWN_END}" if text.strip() else text


def plain(text: str) -> str:
    """A run of text without marks, each raised or lowered part written as it is read.

    >>> plain(f"Give 1{marked_raised('1')}/{marked_lowered('2')} of 10{marked_raised('-3')} g")
    'Give 1 1/2 of 10⁻³ g'
    >>> plain(f"The 4{marked_raised('th')} H{marked_lowered('2')}O has 2{marked_raised('n')} parts")
    'The 4th H2O has 2^n parts'
    """
    if _UP not in text and _DOWN not in text:
        return text
    text = text.replace(f"{_UP_END}{_UP}", "").replace(f"{_DOWN_END}{_DOWN}", "")
    text = _FRACTION.sub(_as_fraction, text)
    while (shown := _SCRIPT.sub(_as_script, text)) != text:  # the innermost first
        text = shown
    return _MARKS.sub("", text)


def fraction(above: str, below: str) -> str:
    """A fraction in a line, with the brackets that it needs.

    >>> fraction("140 − age", "72")
    '(140 − age)/72'
    """
    return f"{_bracketed(above)}/{_bracketed(below)}"


def accented(base: str, mark: str) -> str:
    """A letter with the mark that stands over it, as the hat of an estimate; what is longer stays without.

    >>> accented("x", "\u0304"), accented("abc", "\u0304")
    ('x̄', 'abc')
    """
    base = base.strip()
    is_mark = len(mark) == 1 and unicodedata.combining(mark) > 0
    return unicodedata.normalize("NFC", base + mark) if is_mark and len(base) == 1 else base


def raised_to(base: str, power: str) -> str:
    """A base with its power: in raised digits where it is a number, else behind `^`.

    >>> raised_to("10", "−5"), raised_to("a + b", "2"), raised_to("e", "k t")
    ('10⁻⁵', '(a + b)²', 'e^(k t)')
    """
    return limits(_bracketed(base), "", power) if power.strip() else base


def lowered_to(base: str, index: str) -> str:
    """A base with its index, as it is where it is one word behind letters: `CO2`, `Cmax`.

    >>> lowered_to("C", "max"), lowered_to("10", "2"), lowered_to("x", "i + 1")
    ('Cmax', '10₂', 'x_(i + 1)')
    """
    index = index.strip()
    if index.isalnum() and index.isascii() and not (base[-1:].isdigit() and index.isdecimal()):
        return f"{base}{index}"
    if index.isdecimal():
        return f"{base}{index.translate(_LOWERED)}"
    return f"{base}_({index})" if index else base


def limits(base: str, below: str, above: str) -> str:
    """A sum, an integral or the like with its limits, or a base with an index and a power.

    >>> limits("∑", "i = 1", "n"), limits("x", "1", "2")
    ('∑_(i = 1)^n', 'x1²')
    """
    above = above.strip()
    shown = above.translate(_SIGNS) if _SIGNED.fullmatch(above) else _raised_words(above) if above else ""
    return f"{lowered_to(base, below)}{shown}"


def root(inside: str, degree: str = "") -> str:
    """A root in a line.

    >>> root("2"), root("2g"), root("a + b", "3")
    ('√2', '√(2g)', '³√(a + b)')
    """
    inside = inside.strip()
    degree = degree.strip()
    before = degree.translate(_SIGNS) if degree.isdecimal() else f"({degree})" if degree else ""
    is_one = inside.isdecimal() or len(inside) == 1 or _bracketed(inside)[:1] == "("
    return f"{before}√{_bracketed(inside) if is_one else f'({inside})'}"


def _as_fraction(found: re.Match[str]) -> str:
    before = f"{found['before'].strip()} " if found["before"] else ""
    return f"{before}{found['above']}/{found['below'] or found['plain']}"


def _as_script(found: re.Match[str]) -> str:
    before, behind = found["before"] or "", found["behind"] or ""
    shown = f"{before}{found['code_end'] or ''}"
    if found["up"] is not None:
        return f"{shown}{_raised(found['up'], before)}{behind}"
    down = found["down"]
    touches = down.isdecimal() and down.isascii() and (before.isdigit() or behind)
    return f"{shown}{down.translate(_LOWERED) if touches else down}{behind}"


def _raised(text: str, before: str) -> str:
    """What stands raised behind a character: a number, the charge of an ion, a power, or a custom of writing."""
    if (listed := raised(text)) != text:
        return listed
    if _SIGNED.fullmatch(text) or (_CHARGE.fullmatch(text) and before.isalnum()):
        return text.translate(_SIGNS)
    is_power = (before.isdigit() and _QUANTITY.fullmatch(text.strip())) or (
        before.isalpha() and _UNKNOWNS.fullmatch(text.strip())
    )
    is_note = _LETTERS_OF_NOTES.fullmatch(text.strip()) and (
        before.islower() or before.isdigit() or before in (")", "%")
    )
    return _raised_words(text.strip()) if is_power or is_note or (before.isalnum() and _OPERATOR.search(text)) else text


def _raised_words(text: str) -> str:
    return f"^{text}" if len(text) == 1 else f"^({text})"


def _bracketed(text: str) -> str:
    text = text.strip()
    is_bracketed = text[:1] == "(" and text.find(")") == len(text) - 1
    return f"({text})" if not is_bracketed and (" " in text or _OPERATOR.search(text)) else text
