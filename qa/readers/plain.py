"""Plain text to a Document, where only the layout tells what is what.

It reads the layout of a question-and-answer page saved from the web: a title line, `Updated:`, a bullet line with
`Author:` and `Chief Editor:`, the page's own furniture (`Print`, `Answer`), headings of one line, paragraphs between
blank lines, and at the end a form that asks for feedback. Any other text is read by the same rules. Nothing is taken
out of the text: what is no answer merely lies outside of every section.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from qa.model import Block, BlockKind, Document, Section, Span
from qa.readers.bibliography import find_markers
from qa.readers.dates import parse_date

__all__ = ["read_plain"]

_LONGEST_TITLE = 300  # characters
_LONGEST_HEADING = 90  # characters
_MOST_HEADING_WORDS = 12
_LONGEST_FORM = 600  # characters from the form's first line to the end of the file

_PARAGRAPH = re.compile(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*")
_BULLET = re.compile(r"\s*(?:[-*•‣·–+]|\d{1,3}[.)])\s+")
_UPDATED = re.compile(
    r"(?:last\s+)?(?:updated|reviewed|revised|published|date)(?:\s+on)?\s*:?\s+(?P<date>.+)", re.IGNORECASE
)
_ROLE = re.compile(r"(?P<role>[\w ]{0,30}\b(?:authors?|editors?))\s*:\s*(?P<names>.+)", re.IGNORECASE)
_MORE = re.compile(r"\s*\bmore\s*(?:\.\.\.|…)\s*$", re.IGNORECASE)
_FURNITURE = re.compile(r"(?:print|answer|question|share|e-?mail|feedback|close)\s*:?", re.IGNORECASE)
_FORM = re.compile(
    r"^\W*(?:did this (?:answer|help)|was this \w+ (?:helpful|useful)|additional feedback|thank you for your feedback)",
    re.IGNORECASE | re.MULTILINE,
)
_UNDERLINE = re.compile(r"\n[=\-~]{3,}\s*\Z")


@dataclass
class _Header:
    """What the lines above the first paragraph say of the document."""

    updated: date | None = None
    authors: list[str] = field(default_factory=list)
    editors: list[str] = field(default_factory=list)

    def take(self, line: str) -> bool:
        """Whether a line belongs to the header; if so, what it says is kept."""
        line = _MORE.sub("", _BULLET.sub("", line, count=1)).strip()
        if _FURNITURE.fullmatch(line):
            return True
        if (match := _UPDATED.fullmatch(line)) and (updated := parse_date(match["date"])):
            self.updated = self.updated or updated
            return True
        roles = [_ROLE.fullmatch(part.strip()) for part in line.split(";")]
        if not roles[0]:
            return False
        names = self.authors
        for part, role in zip(line.split(";"), roles, strict=True):
            if role:
                names = self.editors if "editor" in role["role"].lower() else self.authors
            names.append((role["names"] if role else part).strip())
        return True


def read_plain(text: str, *, path: Path, document_id: str) -> Document:
    """The document that a text file holds. Its title is the first line, where that stands alone and is short."""
    end = _end_of_body(text)
    paragraphs = [Span(*match.span()) for match in _PARAGRAPH.finditer(text, 0, end)]
    header = _Header()
    title = _title(text, paragraphs)
    if title is not None:
        del paragraphs[0]
    paragraphs = _without_header(text, paragraphs, header)
    if title is not None and not paragraphs:
        paragraphs = [Span(*match.span()) for match in _PARAGRAPH.finditer(text, 0, end)][:1]
    sections = _sections(text, paragraphs)
    return Document(
        id=document_id,
        title=title or path.stem.replace("-", " ").replace("_", " ").strip() or path.name,
        text=text,
        source=path.name,
        authors=tuple(header.authors),
        editors=tuple(header.editors),
        updated=header.updated,
        sections=sections,
        markers=find_markers(text, sections, ()),
    )


def _end_of_body(text: str) -> int:
    """Where the form at the end begins that asks for feedback, or the text's end."""
    form = _FORM.search(text, max(0, len(text) - _LONGEST_FORM))
    return form.start() if form else len(text)


def _title(text: str, paragraphs: list[Span]) -> str | None:
    if not paragraphs:
        return None
    first = _UNDERLINE.sub("", text[slice(*paragraphs[0])]).strip()
    return first if "\n" not in first and len(first) <= _LONGEST_TITLE and not _BULLET.match(first) else None


def _without_header(text: str, paragraphs: list[Span], header: _Header) -> list[Span]:
    """The paragraphs behind the header's lines. A header may end in the middle of a paragraph."""
    for number, (start, end) in enumerate(paragraphs):
        for line in re.finditer(r"[^\n]+", text[start:end]):
            if not header.take(line[0]):
                return [Span(start + line.start(), end), *paragraphs[number + 1 :]]
    return []


def _sections(text: str, paragraphs: list[Span]) -> tuple[Section, ...]:
    sections: list[Section] = []
    blocks: list[Block] = []
    path: tuple[str, ...] = ()

    def end_section() -> None:
        if blocks:
            sections.append(Section(path=path, start=blocks[0].start, end=blocks[-1].end, blocks=tuple(blocks)))
            blocks.clear()

    heads = [_heading(text[start:end]) for start, end in paragraphs]
    if heads:
        heads[-1] = None  # a heading over nothing is a paragraph
    above = False
    for (start, end), heading in zip(paragraphs, heads, strict=True):
        if heading is None:
            blocks.append(Block(kind=_kind(text[start:end]), start=start, end=end))
        else:
            end_section()
            path = (*path, heading) if above else (heading,)
        above = heading is not None
    end_section()
    return tuple(sections)


def _heading(paragraph: str) -> str | None:
    """The heading that a paragraph is, or None: one short line, set as a heading is and not as a sentence."""
    underlined = _UNDERLINE.search(paragraph)
    line = (paragraph[: underlined.start()] if underlined else paragraph).strip()
    if "\n" in line or len(line) > _LONGEST_HEADING or len(line.split()) > _MOST_HEADING_WORDS:
        return None
    if underlined:
        return line
    first = next((c for c in line if c.isalnum()), "")
    is_set_as_one = (first.isupper() or first.isdigit()) and any(c.isalpha() for c in line)
    if not is_set_as_one or line[-1] in ".,;:!)|" or ";" in line or "://" in line or re.match(r"[-*•‣·–+|]", line):
        return None
    return line


def _kind(paragraph: str) -> BlockKind:
    lines = paragraph.split("\n")
    bulleted = [bool(_BULLET.match(line)) for line in lines]
    if sum(bulleted) > 1 and (bulleted[0] or sum(bulleted) > len(lines) / 2):
        return "list"
    if len(lines) > 1 and all(line.count("|") > 1 or "\t" in line.strip() for line in lines):
        return "table"
    return "paragraph"
