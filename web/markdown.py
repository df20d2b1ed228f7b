"""Words as Markdown (CommonMark, with tables): nothing of them becomes markup that they are not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qa.wire import BlockBody
from web.drawing import Cell, Drawn, drawn

__all__ = ["escaped", "quoted"]

_MARKUP = re.compile(r"[\\`*_\[\]<>&~|#]")
_LIST = re.compile(r"^(\s*)([-+=])")
_NUMBERED = re.compile(r"^(\s*\d{1,9})([.)])")
_NUMBER = re.compile(r"([0-9]{1,9})[.)]")
_BREAK = re.compile(r"\r\n?|\n")


def escaped(words: str) -> str:
    """Words on one line, escaped so that Markdown shows them unchanged.

    >>> escaped("# 5 * [3]\\nmg")
    '\\\\# 5 \\\\* \\\\[3\\\\] mg'
    """
    return _line(" ".join(words.split()))


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
    rows = [f"| {' | '.join(' '.join(_written(cell)) for cell in row)} |" for row in block.rows]
    line = "|" + " --- |" * block.columns
    return [rows[0], line, *rows[1:]] if block.headed else ["|" + "  |" * block.columns, line, *rows]


def _list(block: Drawn) -> list[str]:
    """A list as one of Markdown, if that numbers its items as they are numbered; else as lines."""
    items = [cell for row in block.rows for cell in row]
    return _listed(items) or _broken(
        [_line(f"{'  ' * item.depth}{item.label}{item.space}") + " ".join(_written(item)) for item in items]
    )


def _listed(items: Sequence[Cell]) -> list[str]:
    """The lines of a list, or none if an item has a label that Markdown does not know, or would not give it."""
    lines: list[str] = []
    open_lists: list[str] = []  # the label of the last item of each, the outermost first
    for item in items:
        depth = min(item.depth, len(open_lists))
        last = open_lists[depth] if depth < len(open_lists) else ""
        number = _NUMBER.fullmatch(item.label)
        before = _NUMBER.fullmatch(last)
        is_next = not number or not before or int(number[1]) == int(before[1]) + 1
        if not item.label or (item.is_numbered and not number) or not is_next:
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
    """The lines of a cell, escaped, with what is marked in bold."""
    lines: list[list[tuple[bool, str]]] = [[]]
    for run in cell.runs:
        first, *others = _BREAK.split("".join(piece.text for piece in run.pieces))
        lines[-1].append((run.is_marked, first))
        lines += [[(run.is_marked, other)] for other in others]
    return ["".join(_inked(line)).rstrip() for line in lines]


def _inked(line: list[tuple[bool, str]]) -> Iterator[str]:
    for number, (is_marked, words) in enumerate(line):
        bare = words.strip()
        if not is_marked or not bare:
            yield _line(words) if number == 0 else _inline(words)
            continue
        before = "".join(each for _, each in line[:number]) + words[: len(words) - len(words.lstrip())]
        behind = words[len(words.rstrip()) :] + "".join(each for _, each in line[number + 1 :])
        is_apart = not before[-1:].strip() and not behind[:1].strip()
        opening, closing = ("**", "**") if is_apart else ("<b>", "</b>")
        yield _line(words[: len(words) - len(words.lstrip())]) if number == 0 else ""
        yield f"{opening}{_inline(bare)}{closing}{words[len(words.rstrip()) :]}"


def _line(words: str) -> str:
    """A line whose beginning is no structure either: neither a list nor, indented, code."""
    words = _NUMBERED.sub(r"\1\\\2", _LIST.sub(r"\1\\\2", _inline(words)))
    bare = words.lstrip()
    return "".join(f"&#{ord(space)};" for space in words[: len(words) - len(bare)]) + bare


def _inline(words: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", words)
