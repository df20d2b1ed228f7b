"""Code within a line, such as the name of a command: where it stands is kept beside the text, which has no sign of it.

A reader marks it as it writes it, and takes care that white space stays outside of the marks. `unmarked` parts the
text from its marks at the end, where offsets are known.
"""

from __future__ import annotations

import re

from qa.model import Span

__all__ = ["CODE", "CODE_END", "bare", "behind", "marked_code", "tight", "unmarked"]

CODE, CODE_END = "\ufdd0", "\ufdd1"  # which are no characters: Unicode leaves them to programs
_MARKS = re.compile(f"[{CODE}{CODE_END}]")
_SPACE_BEFORE = re.compile(rf"{CODE}(\s+)")
_SPACE_BEHIND = re.compile(rf"(?<!\s)(\s++){CODE_END}")


def marked_code(text: str) -> str:
    """A part of a line that is code. What is code in it already is no more so."""
    return f"{CODE}{bare(text)}{CODE_END}" if text else text


def bare(text: str) -> str:
    """A text without marks."""
    return _MARKS.sub("", text) if CODE in text or CODE_END in text else text


def tight(text: str) -> str:
    """A text with white space outside of its marks, and with one pair of marks where two parts touch.

    >>> bare(tight(f"Run{marked_code(' a')}{marked_code(' b ')}now")) == "Run a b now"
    True
    """
    if CODE not in text:
        return bare(text)
    text = text.replace(f"{CODE_END}{CODE}", "")
    text = _SPACE_BEHIND.sub(rf"{CODE_END}\1", _SPACE_BEFORE.sub(rf"\1{CODE}", text))
    return text.replace(f"{CODE}{CODE_END}", "")


def unmarked(text: str) -> tuple[str, list[Span]]:
    """A text without marks, and the spans of it that are code. A mark without its other is none.

    >>> unmarked(f"Run {marked_code('a b')} now.")
    ('Run a b now.', [Span(start=4, end=7)])
    """
    if CODE not in text:
        return bare(text), []
    spans: list[Span] = []
    pieces: list[str] = []
    length, begin, reached = 0, -1, 0
    for mark in _MARKS.finditer(text):
        pieces.append(text[reached : mark.start()])
        length += mark.start() - reached
        reached = mark.end()
        if mark[0] == CODE:
            begin = length
        elif 0 <= begin < length:
            spans.append(Span(begin, length))
            begin = -1
    return "".join([*pieces, text[reached:]]), spans


def behind(text: str, count: int) -> str:
    """What stands behind the first so many characters of a text, marks not counted.

    >>> bare(behind(f"Use {marked_code('a')}? Yes.", 6))
    ' Yes.'
    """
    place = 0
    while count > 0 and place < len(text):
        count -= text[place] not in (CODE, CODE_END)
        place += 1
    return text[place:]
