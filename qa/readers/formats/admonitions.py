"""Boxes in Markdown as programs that make sites out of it write them, turned into what CommonMark knows.

`!!! note "Title"` and `??? question "Title"` (MkDocs) and `=== "Tab"`, each with its text four further in; `:::note`,
`:::{note} Title` and `::: {.note}` (MyST, Docusaurus, Pandoc) up to `:::`; and a listing whose language is `{note}`
(MyST). The text of each becomes plain Markdown under its title in bold type; a box without a title is called what it
is, as such a site calls it. Nothing else of the file changes, and what stands in a listing stays.
"""

from __future__ import annotations

import re

__all__ = ["BEGIN_OF_BOX", "END_OF_BOX", "without_boxes"]

BEGIN_OF_BOX, END_OF_BOX = "<!--box-->", "<!--/box-->"
"""The lines before and behind a box; what it is headed by ends with it."""

_KINDS = frozenset(
    {
        *("note", "info", "tip", "hint", "warning", "caution", "danger", "important", "attention", "error", "question"),
        *("faq", "example", "quote", "abstract", "summary", "success", "failure", "bug", "details", "admonition"),
        *("seealso", "todo", "help", "check", "done", "fail", "missing", "cite", "dropdown"),
    }
)
_INDENTED = re.compile(r"""(?P<indent>[ ]*)(?P<mark>!!!|\?\?\?\+?|===[!+]?)[ ]*(?P<kind>[\w-]*)[^"\n]*?"""
                       r"""(?:[ ]"(?P<title>[^"\n]*)")?[ ]*""")  # fmt: skip
_ANY = re.compile(r"""^[ ]*(?:!!!|\?\?\?|===[!+]?[ ]*"|:::|`{3,}\{|~{3,}\{)""", re.MULTILINE)
_FENCE = re.compile(r"(?P<indent>[ ]{0,3})(?P<mark>`{3,}|~{3,})[ ]*(?P<info>[^`\n]*)")
_OPENING = re.compile(
    r"(?P<indent>[ ]*)(?P<mark>:{3,})[ ]*(?:\{[ ]*(?P<inside>[^{}\n]*)\}|(?P<kind>[\w-]+))?"
    r"(?:\[(?P<title>[^\]\n]*)\])?[ ]*(?P<rest>[^:\n][^\n]*?)?[ ]*:*[ ]*"
)
_CLOSING = re.compile(r"[ ]*:{3,}[ ]*")
_OPTION = re.compile(r"[ ]*:[\w-]+:(?:[ ].*)?")
_NAME = re.compile(r"[.]?(?P<name>[\w-]+)")
_HEADING = re.compile(r"[ ]*#{1,6}[ ]+(?P<text>.*)")
_LONGEST_OPENING = 300  # characters
_STEP = 4  # spaces by which the text of a box stands further in


def without_boxes(text: str) -> str:
    """The Markdown of a file with its boxes as paragraphs under a title in bold type."""
    if not _ANY.search(text):
        return text
    written: list[str] = []
    boxes: list[int] = []  # the columns at which the boxes that are open begin whose text stands further in
    divisions: list[bool] = []  # the open ones between colons, and whether each is a box
    fence = ""  # what closes the listing that is open
    is_box = False  # whether that listing is a box
    lines = text.split("\n")
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip(" "))
        is_end = bool(fence) and line.strip().startswith(fence) and not line.strip().strip(fence[0])
        if fence and not is_box:
            written.append(_moved(line, boxes))
            fence = "" if is_end else fence
            continue
        while boxes and line.strip() and indent < boxes[-1] + _STEP:
            boxes.pop()
            written += _alone(END_OF_BOX, _out(indent, boxes))
        moved = _moved(line, boxes)
        if is_end:
            written += _alone(END_OF_BOX, _out(indent, boxes))
            fence, is_box = "", False
        elif found := _FENCE.fullmatch(moved):
            name = found["info"].strip()
            fence = found["mark"]
            is_box = name.startswith("{") and name[1:].partition("}")[0].strip() in _KINDS
            if is_box:
                kind, _, title = name[1:].partition("}")
                written += _titled(found["indent"], kind.strip(), title.strip(), lines[number + 1 : number + 5])
            else:
                written.append(moved)
        elif len(moved) > _LONGEST_OPENING:
            written.append(moved)
        elif (found := _INDENTED.fullmatch(moved)) and _has_text(lines, number, indent):
            boxes.append(indent)
            title = found["title"] if found["title"] is not None else found["kind"].capitalize()
            written += _titled(found["indent"], "", title, lines[number + 1 : number + 5])
        elif _CLOSING.fullmatch(moved):
            written += _alone(END_OF_BOX, _out(indent, boxes)) if divisions and divisions.pop() else [""]
        elif found := _OPENING.fullmatch(moved):
            name = _NAME.match((found["inside"] or found["kind"] or "").strip())
            kind, title = name["name"] if name else "", (found["title"] or found["rest"] or "").strip()
            divisions.append(bool(title) or kind.lower() in _KINDS)
            below = lines[number + 1 : number + 5]
            written += _titled(found["indent"], kind, title, below) if divisions[-1] else [""]
        elif not (_OPTION.fullmatch(moved) and _is_behind_opening(lines, number)):
            written.append(moved)
    return "\n".join(written + _alone(END_OF_BOX, 0) * len(boxes))


def _alone(line: str, indent: int) -> list[str]:
    """A line between blank ones."""
    return ["", f"{' ' * indent}{line}", ""]


def _out(indent: int, boxes: list[int]) -> int:
    return max(indent - _STEP * len(boxes), 0)


def _moved(line: str, boxes: list[int]) -> str:
    """A line of the boxes that are open, as far out as it would stand without them."""
    return line[min(_STEP * len(boxes), len(line) - len(line.lstrip(" "))) :] if boxes else line


def _has_text(lines: list[str], number: int, indent: int) -> bool:
    """Whether the next line that is not blank stands further in, as the text of a box does."""
    below = next((each for each in lines[number + 1 : number + 4] if each.strip()), "")
    return len(below) - len(below.lstrip(" ")) >= indent + _STEP


def _titled(indent: str, kind: str, title: str, below: list[str]) -> list[str]:
    """The lines that a box begins with: its title, or what it is; nothing where the text has that as its heading."""
    shown = title or (kind.capitalize() if kind.lower() in _KINDS and kind != "admonition" else "")
    first = next((each for each in below if each.strip()), "")
    heading = _HEADING.fullmatch(first)
    begin = _alone(BEGIN_OF_BOX, len(indent))
    if not shown or (heading and heading["text"].strip(" #").casefold() == shown.casefold()):
        return begin
    return [*begin, f"{indent}**{shown.strip('*_ ')}**", ""]


def _is_behind_opening(lines: list[str], number: int) -> bool:
    """Whether a line is one of the options of a box, right behind its opening."""
    above = number - 1
    while above >= 0 and number - above < 8 and _OPTION.fullmatch(lines[above]):
        above -= 1
    return above >= 0 and lines[above].lstrip().startswith((":::", "```{", "~~~{"))
