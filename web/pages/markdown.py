"""Words as Markdown (CommonMark, with tables): nothing of them becomes markup that they are not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from urllib.parse import quote

from qa.wire import BlockBody
from web.pages.drawing import Cell, Drawn, Piece, drawn

__all__ = ["escaped", "linked", "quoted"]

_MARKUP = re.compile(r"[\\`*_\[\]<>&~|#]")
_LIST = re.compile(r"^(\s*)([-+=])")
_NUMBERED = re.compile(r"^(\s*\d{1,9})([.)])")
_NUMBER = re.compile(r"([0-9]{1,9})[.)]")
_NO_ADDRESS = re.compile(r"[<>\\\s]")  # what ends an address or escapes in it
_BREAK = re.compile(r"\r\n?|\n")


def escaped(words: str) -> str:
    """Words on one line, escaped so that Markdown shows them unchanged.

    >>> escaped("# 5 * [3]\\nmg")
    '\\\\# 5 \\\\* \\\\[3\\\\] mg'
    """
    return _line(" ".join(words.split()))


def linked(before: str = "", words: str = "", behind: str = "", href: str = "") -> str:
    """Words within a line, some of which are a link.

    >>> linked("Terns [", "here", "].", "https://example.org/?a=<b>")
    'Terns \\\\[[here](<https://example.org/?a=%3Cb%3E>)\\\\].'
    """
    before, words, behind = (_inline(re.sub(r"\s+", " ", each)) for each in (before, words, behind))
    before = re.sub("!$", r"\\!", before)  # else the link were a picture, which whoever opens the file would load
    return f"{before}[{words}](<{_NO_ADDRESS.sub(lambda found: quote(found[0]), href)}>){behind}"


def quoted(words: str, blocks: Sequence[BlockBody] = (), marks: Sequence[tuple[int, int]] = ()) -> str:
    """Words as a block quotation, with their tables, lists and listings, and with what is marked in bold.

    Numbers of items stay as they are written: a list that Markdown would number otherwise is given as lines.

    >>> quoted("It ended. [98]\\n\\n- 25 mg", marks=[(0, 9)])
    '> **It ended.** \\\\[98\\\\]\\n>\\n> \\\\- 25 mg'
    """
    parts: list[list[str]] = []
    last = ""
    for block in drawn(words, blocks, marks):
        if block.kind == last == "list":
            parts.append(["<!-- -->"])  # or the two would be one
        parts += _block(block)
        last = last if block.kind == "gap" else block.kind
    return "\n>\n".join("\n".join(f"> {line}".rstrip(" ") for line in lines) for lines in parts if lines)


def _block(block: Drawn) -> Iterator[list[str]]:
    """The parts of a block, each of some lines."""
    if block.kind == "table":
        yield _table(block)
    elif block.kind == "code":
        words = block.text
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", words)), default=0))
        yield [fence, *_BREAK.split(words), fence]
    elif block.kind == "list":
        yield _list(block)
    elif block.kind != "gap":
        for paragraph in _paragraphs(block.rows[0][0]):
            yield _broken(paragraph)


def _table(block: Drawn) -> list[str]:
    rows = [f"| {' | '.join(_in_a_cell(cell) for cell in row)} |" for row in block.rows]
    rows[0] += "  |" * (block.columns - len(block.rows[0]))  # or it is the head of no table
    line = "|" + " --- |" * block.columns
    return [rows[0], line, *rows[1:]] if block.headed else ["|" + "  |" * block.columns, line, *rows]


def _in_a_cell(cell: Cell) -> str:
    """A cell in a line. A bar is escaped there in code as well, which shows no other escape."""
    return " ".join(_written(cell._replace(pieces=tuple(map(_with_bars, cell.pieces)))))


def _with_bars(piece: Piece) -> Piece:
    return piece._replace(text=piece.text.replace("|", "\\|")) if piece.is_code else piece


def _list(block: Drawn) -> list[str]:
    """A list as one of Markdown, if that numbers its items as they are numbered; else as lines."""
    items = [cell for row in block.rows for cell in row]
    return _listed(items) or _broken(
        [_line(f"{'  ' * item.depth}{item.label}{item.space}") + " ".join(_written(item)) for item in items]
    )


def _listed(items: Sequence[Cell]) -> list[str]:
    """The lines of a list, or none if an item is empty, or has a label that Markdown would not give it."""
    lines: list[str] = []
    open_lists: list[str] = []  # the label of the last item of each, the outermost first
    for item in items:
        depth = min(item.depth, len(open_lists))
        last = open_lists[depth] if depth < len(open_lists) else ""
        number = _NUMBER.fullmatch(item.label)
        before = _NUMBER.fullmatch(last)
        is_next = not number or not before or int(number[1]) == int(before[1]) + 1
        if not item.label or not item.pieces or (item.is_numbered and not number) or not is_next:
            return []
        label = item.label if number else "-"
        indent = "".join(" " * (len(each) + 1) for each in open_lists[:depth])
        open_lists[depth:] = [label]
        lines.append(f"{indent}{label} {' '.join(_written(item))}")
    return lines


def _broken(lines: list[str]) -> list[str]:
    """Lines of one paragraph, each but the last with a break at its end."""
    return [*(f"{line}\\" for line in lines[:-1]), *lines[-1:]]


def _paragraphs(cell: Cell) -> Iterator[list[str]]:
    lines: list[str] = []
    for line in _written(cell):
        if line:
            lines.append(line)
        elif lines:
            yield lines
            lines = []
    if lines:
        yield lines


def _written(cell: Cell) -> list[str]:
    """The lines of a cell, escaped, with what is marked in bold and what is code as code."""
    lines: list[list[Piece]] = [[]]
    for piece in cell.pieces:
        first, *others = _BREAK.split(piece.text)
        lines[-1].append(piece._replace(text=first))
        lines += [[piece._replace(text=other)] for other in others]
    return ["".join(_inked(line)).rstrip() for line in lines]


def _inked(line: list[Piece]) -> Iterator[str]:
    begins = True  # whether nothing stands before in the line
    before = ""
    groups = [(is_marked, list(each)) for is_marked, each in groupby(line, lambda piece: piece.is_marked)]
    for number, (is_marked, pieces) in enumerate(groups):
        words = "".join(piece.text for piece in pieces)
        bare = words.strip()
        if not is_marked or not bare:
            yield _inside(pieces, begins=begins)
        else:
            lead, trail = words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]
            behind = trail + "".join(piece.text for _, others in groups[number + 1 :] for piece in others)
            is_apart = not (before + lead)[-1:].strip() and not behind[:1].strip()
            opening, closing = ("**", "**") if is_apart else ("<b>", "</b>")
            yield _line(lead) if begins else ""
            yield f"{opening}{_inside(_stripped(pieces), begins=False)}{closing}{trail}"
        before += words
        begins = begins and not words


def _stripped(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Pieces without the white space before them and behind them."""
    words = "".join(piece.text for piece in pieces)
    begin, end = len(words) - len(words.lstrip()), len(words.rstrip())
    for piece in pieces:
        yield piece._replace(text=piece.text[max(begin, 0) : max(end, 0)])
        begin, end = begin - len(piece.text), end - len(piece.text)


def _inside(pieces: Iterable[Piece], *, begins: bool) -> str:
    """Pieces, escaped; where a line `begins` with them, its beginning is no structure."""
    written = ""
    for is_code, each in groupby(pieces, lambda piece: piece.is_code):
        words = "".join(piece.text for piece in each)
        if is_code and words.strip():
            written += _code(words)
        else:
            written += _line(words) if begins and not written else _inline(words)
    return written


def _code(words: str) -> str:
    """Code within a line. White space at its ends stands outside.

    >>> _code("a`b"), _code("`")
    ('``a`b``', '`` ` ``')
    """
    bare = words.strip()
    fence = "`" * (1 + max(map(len, re.findall("`+", bare)), default=0))
    space = " " if "`" in (bare[0], bare[-1]) else ""
    before, behind = words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :]
    return f"{before}{fence}{space}{bare}{space}{fence}{behind}"


def _line(words: str) -> str:
    """A line whose beginning is no structure either: neither a list nor, indented, code."""
    words = _NUMBERED.sub(r"\1\\\2", _LIST.sub(r"\1\\\2", _inline(words)))
    bare = words.lstrip()
    return "".join(f"&#{ord(space)};" for space in words[: len(words) - len(bare)]) + bare


def _inline(words: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", words)
