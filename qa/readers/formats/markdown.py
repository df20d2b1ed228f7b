"""Markdown (CommonMark with tables) to a Document whose text is what a reader sees: no `**`, no link targets.

A heading, paragraph, list or table of the file is a run of lines of the text; a blank line parts them. A table's row
is a line in bars, a list's item a line with its bullet. Numbers set as superscripts stand in raised digits. Footnotes
stand at the end and, like a list of references, in no section.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.footnote import footnote_plugin

from qa.model import Document, Reference
from qa.readers.formats.front_matter import split_front_matter
from qa.readers.formats.writing import PlainText
from qa.readers.references.bibliography import find_markers, merged, raised, with_footnotes
from qa.readers.references.entries import LinkTarget, reference, split_bibliography

__all__ = ["read_markdown"]

_DEEPEST = 100  # levels of nesting, of which a list takes two and a quotation one

_HIDDEN = re.compile(
    r"<!--.*?(?P<comment>-->|\Z)|<(?P<tag>script|style)\b.*?(?P<end></(?P=tag)\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"""</?(?P<name>[a-z][^\s/<>]*)(?:[^<>"']|"[^"]*"|'[^']*')*+>|<[!?][^<>]*>""", re.IGNORECASE)
_SUPERSCRIPT = re.compile(r"<sup\b[^<>]{0,200}>([^<>]{1,40})</sup\s{0,10}>", re.IGNORECASE)
_CARETS = re.compile(r"(?<![\d^])\^(\d[\d,–-]{0,40})\^(?!\^)", re.ASCII)
_SUP = re.compile(r"<(?P<end>/?)sup\b", re.IGNORECASE)
_BREAK = re.compile(r"<br\b", re.IGNORECASE)
_INSIDE_A_LINE = re.compile(
    "a|abbr|b|bdi|bdo|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strong|sub|sup|tt|u|var",
    re.IGNORECASE,
)


def read_markdown(text: str, *, path: Path, document_id: str, listed: Sequence[Reference] = ()) -> Document:
    """The document that a Markdown file holds. Its title is the front matter's, else its first heading of level 1.

    Its references are those of the bibliography beside it, which are `listed`, then the front matter's, then the
    text's: numbered link targets, the lists under a heading such as "References", and footnotes.

    Raises:
        FrontMatterError: for a header that cannot be understood.
    """
    front_matter, body = split_front_matter(text, path)
    page = _Page(front_matter.title)
    targets = _LinkTargets()
    page.write(SyntaxTreeNode(_parse(body, targets)))
    page.end_section()
    page.write_footnotes()
    plain = "".join(page.pieces)
    in_text, sections = split_bibliography(plain, page.sections, page.targets)
    references = merged(listed, front_matter.bibliography(), targets.bibliography(), in_text)
    references = with_footnotes(references, [reference(*each) for each in page.footnotes])
    return Document(
        id=document_id,
        title=front_matter.title or page.title or path.stem.replace("-", " ").replace("_", " ").strip() or path.name,
        text=plain,
        source=path.name,
        authors=front_matter.authors,
        editors=front_matter.editors,
        publisher=front_matter.publisher,
        updated=front_matter.updated,
        url=front_matter.url,
        keywords=front_matter.keywords,
        headings=tuple(page.headings),
        sections=tuple(sections),
        references=references,
        markers=find_markers(plain, sections, references),
    )


class _LinkTargets(dict[str, dict[str, Any]]):
    """What the lines `[label]: target` define. A number stands for an entry of the bibliography: `[98]` in the text
    remains a marker and does not become a link that reads "98"."""

    def __init__(self) -> None:
        super().__init__()
        self._numbered: dict[str, dict[str, Any]] = {}

    def __setitem__(self, label: str, target: dict[str, Any]) -> None:
        if label.isdecimal():
            self._numbered.setdefault(label, target)
        else:
            super().__setitem__(label, target)

    def bibliography(self) -> tuple[Reference, ...]:
        """The numbered ones as references."""
        return tuple(
            reference(label, f"{target['title']} {target['href']}".strip()) for label, target in self._numbered.items()
        )


def _parse(body: str, targets: _LinkTargets) -> list[Token]:
    """The blocks of a text, each with its own text as it is seen.

    markdown-it leaves out what is nested deeper than its limit; where anything is, lists and quotations are read as
    the characters that they are.
    """
    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable("table")
    footnote_plugin(parser, inline=False, move_to_end=False)
    tokens = parser.parse(body, {"references": targets})
    if any(token.nesting == 1 and token.level >= _DEEPEST - 1 for token in tokens):
        tokens = parser.disable(["list", "blockquote"]).parse(body, {"references": targets})
    for token in tokens:
        if token.type == "inline":
            linked: list[LinkTarget] = []
            token.content = _inline_text(token.children or (), linked)
            token.meta["targets"] = linked
            token.children = None
    return tokens


def _inline_text(tokens: Iterable[Token], targets: list[LinkTarget] | None = None) -> str:
    """The text of a line as it is seen: a wrapped line runs on, a hard break stays. What its links lead to is added to
    `targets`.
    """
    pieces: list[str] = []
    links: list[tuple[int, str]] = []  # (how many pieces stand before it, address)
    superscript = 0  # where one begins among the pieces, if it is open
    for token in tokens:
        match token.type:
            case "text":
                pieces.append(_CARETS.sub(lambda found: raised(found[1]), token.content))
            case "code_inline" | "text_special":
                pieces.append(token.content)
            case "link_open":
                links.append((len(pieces), str(token.attrs["href"])))
            case "footnote_ref":
                pieces.append(f"[^{token.meta['label']}]")
            case "softbreak":
                pieces.append(" ")
            case "hardbreak":
                pieces.append("\n")
            case "html_inline" if _BREAK.match(token.content):
                pieces.append("\n")
            case "html_inline" if tag := _SUP.match(token.content):
                if tag["end"]:
                    pieces[superscript:] = [raised("".join(pieces[superscript:]))]
                superscript = len(pieces)
            case "image":
                pieces.append(_inline_text(token.children or ()))
    if targets is not None and links:
        starts = [0, *accumulate(map(len, pieces))]
        targets += [LinkTarget(starts[min(number, len(pieces))], address) for number, address in links]
    return "".join(pieces)


class _Page(PlainText):
    """The plain text as the blocks of a file are written one after the other."""

    def write(self, parent: SyntaxTreeNode) -> None:
        for node in parent.children:
            match node.type:
                case "heading":
                    self.write_heading(int(node.tag[1]), " ".join(_lines(node)))
                case "bullet_list" | "ordered_list":
                    self._write_list(node)
                case "table":
                    self.write_block("table", "\n".join(_lines(node)))
                case "fence" | "code_block":
                    self.write_block("code", "\n".join(_lines(node)))
                case "footnote_reference":
                    addresses = [target.address for target in _targets(node)]
                    self.footnotes.append((node.meta["label"], " ".join(_lines(node)), addresses))
                case "paragraph":
                    start = self.write_block("paragraph", "\n".join(_lines(node)))
                    self.targets += [LinkTarget(start + place, address) for place, address in _targets(node)]
                case "html_block":
                    self.write_block("paragraph", "\n".join(_lines(node)))
                case _:
                    self.write(node)

    def _write_list(self, node: SyntaxTreeNode) -> None:
        """Write a list; a link in an item is taken to begin where the item does."""
        items = ["\n".join(lines) for lines in _items(node, 0)]
        start = self.write_block("list", "\n".join(items))
        for item, text in zip(node.children, items, strict=True):
            self.targets += [LinkTarget(start, target.address) for target in _targets(item)]
            start += len(text) + 1


def _lines(node: SyntaxTreeNode, depth: int = 0) -> list[str]:
    """The lines of text that a block is made of, however deep they lie in it; `depth` is that of a list in lists."""
    match node.type:
        case "heading" | "paragraph":
            return node.children[0].content.split("\n")
        case "bullet_list" | "ordered_list":
            return [line for lines in _items(node, depth) for line in lines]
        case "table":
            rows = (row for part in node.children for row in part.children)
            return [f"| {' | '.join(' '.join(_lines(cell)) for cell in row.children)} |" for row in rows]
        case "th" | "td":
            return [line for inline in node.children for line in inline.content.split("\n")]
        case "fence" | "code_block":
            return node.content.rstrip("\n").split("\n")
        case "html_block":
            return _lines_of_html(node.content)
    return [line for child in node.children for line in _lines(child, depth)]


def _targets(node: SyntaxTreeNode) -> list[LinkTarget]:
    """What the links in a block lead to; each begins so many characters behind the start of its own line of text."""
    if node.type == "inline":
        return list(node.meta["targets"])
    return [target for child in node.children for target in _targets(child)]


def _items(node: SyntaxTreeNode, depth: int) -> list[list[str]]:
    """The lines of each item of a list."""
    items: list[list[str]] = []
    for number, item in zip(_numbers(node), node.children, strict=True):
        bullet = "- " if node.type == "bullet_list" else f"{number}. "
        first, *others = [line for child in item.children for line in _lines(child, depth + 1)] or [""]
        items.append(["  " * depth + bullet + first.lstrip(), *others])
    return items


def _numbers(node: SyntaxTreeNode) -> list[int]:
    """The numbers of a list's items: as they are written, where none is less than the one before, else counted.

    CommonMark counts in any case; but an entry with the number 102 behind the one with 98 is not the 99th, nor is the
    one behind two with the number 3 the fifth. Where all have the same number, counting is meant.
    """
    counted = list(range(int(node.attrs.get("start", 1)), int(node.attrs.get("start", 1)) + len(node.children)))
    written = [int(item.info) for item in node.children if item.info.isdecimal()]
    is_rising = len(written) == len(counted) and all(a <= b for a, b in pairwise(written))
    return written if is_rising and len(set(written)) > 1 else counted


def _lines_of_html(markup: str) -> list[str]:
    """What a reader sees of a block of HTML: the text between its tags. What opens and is not closed stays text."""
    shown = _HIDDEN.sub(lambda found: "" if found["comment"] or found["end"] else found[0], markup)
    shown = _SUPERSCRIPT.sub(lambda found: raised(found[1]), shown)
    text = html.unescape(_TAG.sub(_in_place_of_tag, shown))
    return [line.strip() for line in text.split("\n") if line.strip()]


def _in_place_of_tag(tag: re.Match[str]) -> str:
    name = tag["name"] or ""
    if not name or _INSIDE_A_LINE.fullmatch(name):
        return ""
    return " " if name.lower() in {"td", "th"} else "\n"
