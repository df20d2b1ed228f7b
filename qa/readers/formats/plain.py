"""Plain text to a Document, where only the layout tells what is what.

It reads the layout of a question-and-answer page saved from the web: a title line, `Updated:`, a bullet line with
`Author:` and `Chief Editor:`, the page's own furniture (`Print`, `Answer`), headings of one line, paragraphs between
blank lines, and at the end a form that asks for feedback. Any other text is read by the same rules. Nothing is taken
out of the text: what is no answer merely lies outside of every section.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from qa.model import Block, BlockKind, Document, Heading, Reference, Section, Span
from qa.readers.formats.dates import parse_date
from qa.readers.references.bibliography import RAISED_DIGITS, find_markers, with_footnotes
from qa.readers.references.entries import begins_with_label, entries, is_bibliography, split_bibliography

__all__ = ["read_plain"]

_LONGEST_TITLE = 300  # characters
_LONGEST_HEADING = 90  # characters
_MOST_HEADING_WORDS = 12
_MOST_STACKED = 2  # headings right under one another
_LONGEST_FORM = 600  # characters from the form's first line to the end of the file

_PARAGRAPH = re.compile(r"^[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*", re.MULTILINE)
_BULLET = re.compile(r"\A\s*(?:[-*•‣·–+]|\d{1,3}[.)])\s+")
_UPDATED = re.compile(
    r"(?:last\s+)?(?:updated|reviewed|revised|published|date)(?:\s+on)?\s*:?\s+(?P<date>.+)", re.IGNORECASE
)
_ROLE = re.compile(r"(?P<role>[\w ]{0,30}\b(?:authors?|editors?))\s*:\s*(?P<names>.+)", re.IGNORECASE)
_MORE = re.compile(r"\bmore\s*(?:\.\.\.|…)\s*$", re.IGNORECASE)
_FURNITURE = re.compile(r"(?:print|answer|question|share|e-?mail|feedback|close)\s*:?", re.IGNORECASE)
_FORM = re.compile(
    r"^\W*(?:did this (?:answer|help)|was this \w+ (?:helpful|useful)|additional feedback|thank you for your feedback)"
    r"[^\n.?!]{0,40}[.?!]*(?:\s*\([^\n)]*\))?[ \t]*$(?:\n[^\n]{0,80})*\Z",
    re.IGNORECASE | re.MULTILINE,
)
_FOOTNOTE = re.compile(r"[ \t]*\[\^[^\[\]\s]{1,40}\]:[ \t]")
_MARKERS_AT_END = re.compile(rf"(?:\s?\[[^\[\]]{{1,80}}\]|\s?[{RAISED_DIGITS}⁻,–-]++)++\Z")
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


def read_plain(text: str, *, path: Path, document_id: str, listed: Sequence[Reference] = ()) -> Document:
    """The document that a text file holds. Its title is the first line, where that stands alone and is short.

    Its references are those of the bibliography beside it, which are `listed`, then the text's: the lists under a
    heading such as "References", and paragraphs that begin with `[^1]:`.
    """
    paragraphs = [Span(*match.span()) for match in _PARAGRAPH.finditer(text, 0, _end_of_body(text))]
    title = _title(text, paragraphs)
    header = _Header()
    body = _without_header(text, paragraphs[1:] if title else paragraphs, header)
    if title and not body:
        body = paragraphs[:1]  # a line that stands over nothing is itself the text
    body, footnotes = _without_footnotes(text, body)
    headings, all_sections = _outline(text, _with_lists_apart(text, body))
    in_text, sections = split_bibliography(text, all_sections)
    references = with_footnotes((*listed, *in_text), footnotes)
    if title and body[0] != paragraphs[0]:
        headings = [Heading(level=1, start=title.start, end=title.end), *headings]
    return Document(
        id=document_id,
        title=text[slice(*title)] if title else path.stem.replace("-", " ").replace("_", " ").strip() or path.name,
        text=text,
        source=path.name,
        authors=tuple(header.authors),
        editors=tuple(header.editors),
        updated=header.updated,
        headings=tuple(headings),
        sections=tuple(sections),
        references=references,
        markers=find_markers(text, sections, references),
    )


def _end_of_body(text: str) -> int:
    """Where the form at the end begins that asks for feedback, or the text's end."""
    form = _FORM.search(text, max(0, len(text) - _LONGEST_FORM))
    return form.start() if form else len(text)


def _title(text: str, paragraphs: list[Span]) -> Span | None:
    """Where the title stands: in the first line, if that is short and stands alone."""
    if not paragraphs:
        return None
    title = _one_line(text, paragraphs[0])
    return (
        title
        if title and len(text[slice(*title)]) <= _LONGEST_TITLE and not _BULLET.match(text[slice(*title)])
        else None
    )


def _without_header(text: str, paragraphs: list[Span], header: _Header) -> list[Span]:
    """The paragraphs behind the header's lines. A header may end in the middle of a paragraph."""
    for number, (start, end) in enumerate(paragraphs):
        for line in re.finditer(r"[^\n]+", text[start:end]):
            if not header.take(line[0]):
                return [Span(start + line.start(), end), *paragraphs[number + 1 :]]
    return []


def _without_footnotes(text: str, paragraphs: list[Span]) -> tuple[list[Span], list[Reference]]:
    """The paragraphs that are no footnotes, and the entries that the others give. Where all are, they are the text."""
    footnotes = [span for span in paragraphs if _FOOTNOTE.match(text, span.start)]
    others = [span for span in paragraphs if not _FOOTNOTE.match(text, span.start)]
    return others or footnotes, [each for span in footnotes for each in entries(text, span)]


def _with_lists_apart(text: str, paragraphs: list[Span]) -> list[Span]:
    """The paragraphs, of which a list of references under its heading, with no line between them, is one of its own."""
    found: list[Span] = []
    for start, end in paragraphs:
        line_end = text.find("\n", start, end)
        behind = line_end + 1
        if line_end > 0 and is_bibliography(text[start:line_end].strip()) and begins_with_label(text, behind):
            found += [Span(start, line_end), Span(behind, end)]
        else:
            found.append(Span(start, end))
    return found


def _outline(text: str, paragraphs: list[Span]) -> tuple[list[Heading], list[Section]]:
    """The headings among the paragraphs, and the sections that they head. A heading right under another one is
    inside of it."""
    headings: list[Heading] = []
    sections: list[Section] = []
    blocks: list[Block] = []
    path: tuple[str, ...] = ()

    def end_section() -> None:
        if blocks:
            sections.append(Section(path=path, start=blocks[0].start, end=blocks[-1].end, blocks=tuple(blocks)))
            blocks.clear()

    found = _headings(text, paragraphs)
    was_heading = False
    for (start, end), heading in zip(paragraphs, found, strict=True):
        if heading is None:
            if blocks and text[blocks[-1].end : start].strip():
                end_section()  # at a footnote, which is in no section
            blocks.append(Block(kind=_kind(text[start:end]), start=start, end=end))
        else:
            end_section()
            path = (*path, text[slice(*heading)]) if was_heading else (text[slice(*heading)],)
            headings.append(Heading(level=1 + len(path), start=heading.start, end=heading.end))
        was_heading = heading is not None
    end_section()
    return headings, sections


def _headings(text: str, paragraphs: list[Span]) -> list[Span | None]:
    """For each paragraph the heading that it is, or None.

    A heading over nothing is a paragraph; of more short lines one upon the other than a heading and one inside of it,
    only the last is a heading: the others are a list.
    """
    found: list[Span | None] = []
    in_list = False
    for paragraph in paragraphs:
        heading = _heading(text, paragraph)
        in_list = in_list and begins_with_label(text, paragraph.start)
        found.append(None if in_list else heading)
        in_list = in_list or (heading is not None and is_bibliography(text[slice(*heading)]))
    if found:
        found[-1] = None
    run = 0
    for number, heading in enumerate(found):
        if heading is not None:
            run += 1
            continue
        if run > _MOST_STACKED:
            found[number - run : number - 1] = [None] * (run - 1)
        run = 0
    return found


def _heading(text: str, paragraph: Span) -> Span | None:
    """The heading that a paragraph is, or None: one short line, set as a heading is and not as a sentence."""
    span = _one_line(text, paragraph)
    line = text[slice(*span)] if span else ""
    if span is None or len(line) > _LONGEST_HEADING or len(line.split()) > _MOST_HEADING_WORDS:
        return None
    if _UNDERLINE.search(text[slice(*paragraph)]) or is_bibliography(line):
        return span
    first = next((c for c in line if c.isalnum()), "")
    is_set_as_one = (first.isupper() or first.isdigit()) and any(c.isalpha() for c in line)
    unmarked = _MARKERS_AT_END.sub("", line)
    if (
        not is_set_as_one
        or line[-1] in ",;:|"
        or unmarked[-1:] in (".", "!")
        or ";" in line
        or "://" in line
        or re.match(r"[-*•‣·–+|]", line)
    ):
        return None
    return span


def _one_line(text: str, paragraph: Span) -> Span | None:
    """Where a paragraph's line stands, without white space around it and an underline below, if it is only one."""
    whole = _UNDERLINE.sub("", text[slice(*paragraph)])
    line = whole.strip()
    start = paragraph.start + len(whole) - len(whole.lstrip())
    return Span(start, start + len(line)) if line and "\n" not in line else None


def _kind(paragraph: str) -> BlockKind:
    lines = paragraph.split("\n")
    bulleted = [bool(_BULLET.match(line)) for line in lines]
    if sum(bulleted) > 1 and (bulleted[0] or sum(bulleted) > len(lines) / 2):
        return "list"
    if len(lines) > 1 and all(line.count("|") > 1 or "\t" in line.strip() for line in lines):
        return "table"
    return "paragraph"
