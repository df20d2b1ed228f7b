"""What goes to the terminal: text from outside made harmless, fitted to its columns, counts, and how far work is."""

from __future__ import annotations

import re
import sys
import textwrap
import time
import unicodedata
from collections.abc import Callable
from os import get_terminal_size
from typing import TextIO

import click

from qa.model import Outcome

__all__ = ["OUTCOMES", "StatusLine", "count_of", "fitted", "harmless_json", "say", "terminal_columns", "visible"]

OUTCOMES: dict[Outcome, str] = {"answered": "answered", "possible": "possible", "nothing_found": "nothing found"}
"""The outcomes of a question, in words."""

_UNSAID_COLUMNS = 80  # of a terminal that does not say how many it has
_STEERING = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What JSON need not write as codes: control characters, and those that turn the direction of writing around."""
_HARMLESS = "\n\t\u00ad\u200c\u200d"  # among what is not printable


def visible(text: str) -> str:
    """A text from outside without what could steer a terminal, each such character replaced by one.

    Spaces of every width stay, and what joins letters.
    """
    return "".join(
        c if c.isprintable() or c in _HARMLESS or unicodedata.category(c) == "Zs" else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )


def harmless_json(text: str) -> str:
    """JSON in which every character that could steer a terminal is written as its code, so that it stays the same JSON.

    >>> print(harmless_json(f'"a{chr(0x9b)}b"'))
    "a\\u009bb"
    """
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def count_of(number: int, noun: str) -> str:
    """A number of things: "1 passage", "2 passages"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def fitted(text: str, columns: int) -> str:
    """A text in at most so many columns of a terminal, cut short with an ellipsis.

    >>> fitted("Lenalidomide", 8), fitted("漢字漢字漢字", 8), fitted("Terns", 8)
    ('Lenalid…', '漢字漢…', 'Terns')
    """
    widths = list(map(_width, text))
    if sum(widths) <= columns:
        return text
    reached, kept = 1, 0  # the ellipsis has a column
    while kept < len(text) and reached + widths[kept] <= columns:
        reached += widths[kept]
        kept += 1
    return f"{text[:kept]}…"


def say(text: str, *, err: bool = False, indent: str = "") -> None:
    """Print a line; on a terminal in as many as it takes without a word broken, each behind the indent."""
    columns = terminal_columns(sys.stderr if err else sys.stdout)
    if columns is None:
        click.echo(f"{indent}{text}", err=err)
        return
    wrapped = textwrap.wrap(
        text,
        max(columns, len(indent) + 1),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    for line in wrapped:
        click.echo(line, err=err)


def terminal_columns(stream: TextIO | None) -> int | None:
    """The columns of the terminal that a stream goes to, but for the last, behind which some begin a new line; None
    where it goes elsewhere."""
    if stream is None or not stream.isatty():
        return None
    try:
        columns = get_terminal_size(stream.fileno()).columns
    except OSError:
        columns = 0
    return (columns or _UNSAID_COLUMNS) - 1


def _width(character: str) -> int:
    """The columns of a character: none for one that is put over another, two for those of East Asia and pictures."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class StatusLine:
    """One line on a terminal that shows how far long work has got, and is gone at its end; nothing elsewhere."""

    def __enter__(self) -> Callable[[str], None]:
        self._last = 0.0
        return self._show

    def __exit__(self, *_: object) -> None:
        if self._last:
            click.echo("\r\033[K", nl=False, err=True)

    def _show(self, line: str) -> None:
        now = time.monotonic()
        if sys.stderr is not None and sys.stderr.isatty() and now - self._last > 0.1:
            self._last = now
            click.echo(f"\r\033[K{line}", nl=False, err=True)
