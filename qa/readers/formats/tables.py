"""The rows of a table as lines in bars. What spans several rows or columns stands in each of them, so that a row says
all that holds for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Cell", "Rows"]

_MOST_COLUMNS, _MOST_ROWS = 30, 1000  # that a cell takes
_LONGEST_REPEATED = 300  # characters of a cell that stands once in each of its rows and columns


class Cell(NamedTuple):
    """A cell: its text, and how many columns and rows it takes."""

    text: str
    columns: int = 1
    rows: int = 1


class Rows:
    """The lines of a table, made row by row.

    >>> rows = Rows()
    >>> [rows.line(row) for row in ([Cell("Drug", rows=2), Cell("Dose", columns=2)], [Cell("Adult"), Cell("Child")])]
    ['| Drug | Dose | Dose |', '| Drug | Adult | Child |']
    """

    def __init__(self) -> None:
        self._spanned: dict[int, tuple[int, str]] = {}  # rows that a cell takes below, and its text, by its column

    def line(self, cells: Sequence[Cell]) -> str:
        """The line of the next row; empty where it says nothing that those above do not."""
        texts: list[str] = []
        for cell in cells:
            self._fill(texts)
            columns = min(max(cell.columns, 1), _MOST_COLUMNS) if len(cells) > 1 else 1
            below = min(max(cell.rows, 1), _MOST_ROWS) - 1
            repeated = cell.text if len(cell.text) <= _LONGEST_REPEATED else ""
            for place in range(columns):
                if below and (cell.text or not place):
                    self._spanned[len(texts)] = (below, repeated)
                texts.append(repeated if place else cell.text)
        self._fill(texts)
        return f"| {' | '.join(texts)} |" if any(cell.text for cell in cells) else ""

    def _fill(self, texts: list[str]) -> None:
        """Add what stands in the next columns from above."""
        while len(texts) in self._spanned:
            left, text = self._spanned.pop(len(texts))
            if left > 1:
                self._spanned[len(texts)] = (left - 1, text)
            texts.append(text)
