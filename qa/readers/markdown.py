"""Markdown (CommonMark with tables) to a Document whose text is what a reader sees: no `**`, no link targets.

A heading, paragraph, list or table of the file is a run of lines of the text; a blank line parts them. A table's row
is a line in bars, a list's item a line with its bullet.
"""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from qa.model import Block, BlockKind, Document, Heading, Section
from qa.readers.bibliography import find_markers
from qa.readers.front_matter import split_front_matter

__all__ = ["read_markdown"]


def read_markdown(text: str, *, path: Path, document_id: str) -> Document:
    """The document that a Markdown file holds. Its title is the front matter's, else its first heading of level 1.

    Raises:
        FrontMatterError: for a header that cannot be understood.
    """
    front_matter, body = split_front_matter(text, path)
    page = _Page(titled=front_matter.title is not None)
    page.write(SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(body)))
    page.end_section()
    plain = "".join(page.pieces)
    references = front_matter.bibliography()
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
        sections=tuple(page.sections),
        references=references,
        markers=find_markers(plain, page.sections, references),
    )


class _Page:
    """The plain text as it grows, with the sections and blocks found on the way."""

    def __init__(self, *, titled: bool) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.title: str | None = None
        self.headings: list[Heading] = []
        self.sections: list[Section] = []
        self._titled = titled
        self._path: list[tuple[int, str]] = []  # (heading level, heading), outermost first
        self._blocks: list[Block] = []

    def write(self, parent: SyntaxTreeNode) -> None:
        for node in parent.children:
            match node.type:
                case "heading":
                    self._write_heading(int(node.tag[1]), _inline(node).replace("\n", " "))
                case "paragraph":
                    self._write_block("paragraph", _inline(node))
                case "bullet_list" | "ordered_list":
                    self._write_block("list", "\n".join(_list_lines(node)))
                case "table":
                    self._write_block("table", "\n".join(_table_lines(node)))
                case "fence" | "code_block":
                    self._write_block("code", node.content.rstrip("\n"))
                case "html_block":
                    self._write_block("paragraph", _text_of_html(node.content))
                case _:
                    self.write(node)

    def end_section(self) -> None:
        if self._blocks:
            path = tuple(heading for _, heading in self._path)
            blocks = tuple(self._blocks)
            self.sections.append(Section(path=path, start=blocks[0].start, end=blocks[-1].end, blocks=blocks))
            self._blocks = []

    def _write_heading(self, level: int, heading: str) -> None:
        self.end_section()
        if heading.strip():
            start, end = self._write(heading)
            self.headings.append(Heading(level=level, start=start, end=end))
        if level == 1 and self.title is None and not self.sections:
            self.title = heading
            if not self._titled:
                return
        self._path = [each for each in self._path if each[0] < level]
        if heading.strip():
            self._path.append((level, heading))

    def _write_block(self, kind: BlockKind, text: str) -> None:
        if text.strip():
            start, end = self._write(text)
            self._blocks.append(Block(kind=kind, start=start, end=end))

    def _write(self, text: str) -> tuple[int, int]:
        if self.pieces:
            self.pieces.append("\n\n")
            self.length += 2
        start = self.length
        self.pieces.append(text)
        self.length += len(text)
        return start, self.length


def _inline(node: SyntaxTreeNode) -> str:
    """The text inside a node, as it is seen: a wrapped line runs on, a hard break stays."""
    match node.type:
        case "text" | "code_inline" | "text_special":
            return node.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "html_inline":
            return ""
    return "".join(map(_inline, node.children)) if node.children else (node.content if not node.is_root else "")


def _list_lines(node: SyntaxTreeNode, depth: int = 0) -> list[str]:
    lines: list[str] = []
    number = int(node.attrs.get("start") or 1)
    for item in node.children:
        bullet = "- " if node.type == "bullet_list" else f"{number}. "
        number += 1
        own: list[str] = []
        for child in item.children:
            match child.type:
                case "bullet_list" | "ordered_list":
                    own += _list_lines(child, depth + 1)
                case "table":
                    own += _table_lines(child)
                case "fence" | "code_block":
                    own += child.content.rstrip("\n").split("\n")
                case "html_block":
                    own += _text_of_html(child.content).split("\n")
                case _:
                    own += _inline(child).split("\n")
        lines.append("  " * depth + bullet + (own[0].lstrip() if own else ""))
        lines += own[1:]
    return lines


def _table_lines(node: SyntaxTreeNode) -> list[str]:
    rows = (row for part in node.children for row in part.children)
    return [f"| {' | '.join(_inline(cell).replace(chr(10), ' ') for cell in row.children)} |" for row in rows]


class _TextOfHtml(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self._hidden += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style"} and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)


def _text_of_html(markup: str) -> str:
    """The text between the tags of a block of HTML; comments, scripts and styles have none."""
    parser = _TextOfHtml()
    parser.feed(markup)
    parser.close()
    return "".join(parser.pieces).strip()
