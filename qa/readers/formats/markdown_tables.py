"""Tables of Pandoc's Markdown as those in bars, which the parser knows: grids, and columns under lines of dashes.

A cell that spans several rows or columns of a grid stands in each of them, and the lines of a cell are one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qa.readers.formats.tables import Cell, Rows

__all__ = ["with_bars"]

_GRID = re.compile(r"\+(?:[:=-]{1,300}\+){1,100}\s*")
_OF_GRID = re.compile(r"[+|].*[+|]\s*")
_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}|~{3,})")
_COLUMNS = re.compile(r" {0,30}-{2,300}(?: {1,30}-{2,300}){1,50} *")
_ANY = re.compile(r"^(?:\+[:=-]{2}| {0,30}-{2,300} {1,30}--)", re.MULTILINE)
_RULE = re.compile(r" {0,3}-{5,1000} *")
_DASHES = re.compile(r"-+")
_MOST_LINES = 2000  # of a table
_MOST_HEADS = 10  # lines of the head of a table


def with_bars(body: str) -> str:
    """A text whose tables are all in bars. Listings stay as they are.

    >>> print(with_bars("+---+---+\\n| a | b |\\n+===+===+\\n| c | d |\\n|   | e |\\n+---+---+"))
    <BLANKLINE>
    | a | b |
    |---|---|
    | c | d e |
    <BLANKLINE>
    """
    if _ANY.search(body) is None:
        return body
    return "\n".join(_lines(body.split("\n")))


def _lines(lines: Sequence[str]) -> Iterator[str]:
    fence = ""
    number = 0
    no_grid = 0  # the line behind those that are no grid, which would be read again from each line on
    while number < len(lines):
        line = lines[number]
        mark = _FENCE.match(line)
        if mark:
            if not fence:
                fence = mark["mark"]
            elif mark["mark"].startswith(fence):
                fence = ""
        is_grid = line.startswith("+") and _GRID.fullmatch(line) is not None
        found = None if fence or (is_grid and number < no_grid) else _table(lines, number)
        if found is None:
            if is_grid and number >= no_grid:
                no_grid = _end_of_grid(lines, number)
            yield line
            number += 1
        else:
            rows, number = found
            yield from ("", rows[0], f"|{'---|' * max(rows[0].count(' | ') + 1, 1)}", *rows[1:], "")


def _table(lines: Sequence[str], number: int) -> tuple[list[str], int] | None:
    """The rows in bars of the table that begins at a line, and the number of the line behind it."""
    line = lines[number]
    if line.startswith("+") and _GRID.fullmatch(line):
        return _grid(lines, number)
    if _RULE.fullmatch(line) and (number == 0 or not lines[number - 1].strip()):
        return _ruled(lines, number)
    below = lines[number + 1] if number + 1 < len(lines) else ""
    is_first = number == 0 or not lines[number - 1].strip()
    if is_first and line.strip() and _COLUMNS.fullmatch(below):
        return _simple(lines, number)
    return _simple(lines, number - 1) if is_first and _COLUMNS.fullmatch(line) else None


def _end_of_grid(lines: Sequence[str], number: int) -> int:
    """The number of the line behind those that look like a grid, from a line on."""
    end = number
    while end < len(lines) and end - number < _MOST_LINES and _OF_GRID.fullmatch(lines[end]):
        end += 1
    return end


def _grid(lines: Sequence[str], number: int) -> tuple[list[str], int] | None:
    end = _end_of_grid(lines, number)
    from docutils.parsers.rst.tableparser import GridTableParser, TableMarkupError
    from docutils.statemachine import StringList

    block = [each.rstrip() for each in lines[number:end]]
    widest = max(map(len, block))
    block = [each.replace(":", "-" if "=" not in each else "=") if _GRID.fullmatch(each) else each for each in block]
    try:
        _, heads, others = GridTableParser().parse(StringList([each.ljust(widest) for each in block]))
    except (TableMarkupError, ValueError, IndexError):
        return None
    rows = Rows()
    written = [
        rows.line([Cell(_joined(cell[3]), cell[1] + 1, cell[0] + 1) for cell in row if cell is not None])
        for row in (*heads, *others)
    ]
    written = [row for row in written if row]
    return (written, end) if written else None


def _joined(lines: Sequence[str]) -> str:
    return " ".join(" ".join(lines).split()).replace("|", "\\|")


def _simple(lines: Sequence[str], number: int) -> tuple[list[str], int] | None:
    """A table with a head above dashes, or (`number` is that of the line before them) with none, up to a blank line."""
    columns = _places(lines[number + 1])
    end = number + 2
    while end < len(lines) and end - number < _MOST_LINES and lines[end].strip() and not _COLUMNS.fullmatch(lines[end]):
        end += 1
    is_ended = end < len(lines) and _COLUMNS.fullmatch(lines[end]) is not None
    headless = number < 0 or not lines[number].strip()
    if headless and not is_ended:
        return None
    given = [*([] if headless else [lines[number]]), *lines[number + 2 : end]]
    rows = [_in_bars([each], columns) for each in given]
    return (rows, end + is_ended) if len(rows) > 1 else None


def _ruled(lines: Sequence[str], number: int) -> tuple[list[str], int] | None:
    """A table between lines of dashes, whose rows are parted by blank lines."""
    middle = next(
        (n for n in range(number + 1, min(number + 1 + _MOST_HEADS, len(lines))) if _COLUMNS.fullmatch(lines[n])), None
    )
    if middle is None:
        return None
    columns = _places(lines[middle])
    end = next((n for n in range(middle + 1, min(middle + _MOST_LINES, len(lines))) if _RULE.fullmatch(lines[n])), None)
    if end is None:
        return None
    groups: list[list[str]] = [[*lines[number + 1 : middle]], []]
    for line in lines[middle + 1 : end]:
        if line.strip():
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    rows = [_in_bars(group, columns) for group in groups if any(map(str.strip, group))]
    return (rows, end + 1) if len(rows) > 1 else None


def _places(dashes: str) -> list[int]:
    return [found.start() for found in _DASHES.finditer(dashes)]


def _in_bars(lines: Sequence[str], columns: Sequence[int]) -> str:
    """Lines that stand in columns as a row in bars; a word that begins before its column's dashes is in it all the
    same, where a space parts it from the one before."""
    cells: list[list[str]] = [[] for _ in columns]
    for line in lines:
        begins = [0]
        for place in columns[1:]:
            at = min(place, len(line))
            while at > begins[-1] and at < len(line) and not line[at - 1].isspace() and not line[at].isspace():
                at -= 1
            begins.append(max(at, begins[-1]))
        for cell, begin, end in zip(cells, begins, [*begins[1:], len(line)], strict=True):
            cell.append(line[begin:end])
    return f"| {' | '.join(map(_joined, cells))} |"
