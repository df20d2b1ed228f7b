"""What goes to the terminal: text from outside made harmless, counts, and how far long work has got."""

from __future__ import annotations

import sys
import time
import unicodedata
from collections.abc import Callable

import click

__all__ = ["StatusLine", "count_of", "visible"]

_HARMLESS = "\n\t\u00ad\u200c\u200d"  # among what is not printable


def visible(text: str) -> str:
    """A text from outside without what could steer a terminal, each such character replaced by one.

    Spaces of every width stay, and what joins letters.
    """
    return "".join(
        c if c.isprintable() or c in _HARMLESS or unicodedata.category(c) == "Zs" else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )


def count_of(number: int, noun: str) -> str:
    """A number of things: "1 passage", "2 passages"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


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
