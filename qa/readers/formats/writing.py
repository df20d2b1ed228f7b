"""The plain text of a document as a reader writes it: headings, blocks and notes, each parted by a blank line.

What is written is the document's text, so offsets are known when they are made and never searched for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate
from pathlib import Path

from qa.model import Block, BlockKind, Document, Heading, LeftOut, Reference, Section, Span
from qa.readers.formats.code import bare, unmarked
from qa.readers.references.bibliography import find_markers, merged, with_footnotes
from qa.readers.references.entries import LinkTarget, reference, split_bibliography

__all__ = ["About", "PlainText", "SourceFile", "is_question", "without_invisible"]

_LONGEST_QUESTION = 300  # characters
_LARGEST_TABLE, _LARGEST_PART = 600, 150  # words of a table that is one passage, and of its parts where it is not
_LARGEST_HEAD = 60  # words
_FEWEST_ROWS = 3  # of a part, with its head
_FEWEST_SAID = 3  # words of a heading that is text where nothing stands under it
_NUMBER = re.compile(r"[\W\d]*\d[\W\d]*")

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ASKED = re.compile(
    r"(?P<question>Q(?:uestion)?(?: ?\d{1,3})?[:.] ?[^\n]{2,300}?\?)[ \t]*(?:\n|\Z|(?=A(?:nswer)?(?: ?\d{1,3})?[:.] ))"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file as it was read, which is all that a reader is given.

    `path` is for its name alone, and `document_id` what the document wants to be called. `listed` gives, for the
    document's text, the entries of a bibliography beside the file; `note` takes a sentence for people about what of the
    file is not in the document, and `counted` how much that is, by what it is.
    """

    data: bytes
    path: Path
    document_id: str
    listed: Callable[[str], Sequence[Reference]]
    note: Callable[[str], None]
    counted: Counter[str] = field(default_factory=Counter)

    def note_all_hidden(self, count: int) -> None:
        """Say that so many words, which are all that there are, are hidden in it."""
        self.note(f"all of its text is hidden, {count:,} {'word' if count == 1 else 'words'}, and read all the same.")

    def leave_out(self, count: int, what: str, *, is_told: bool = True) -> None:
        """Count what is left out: so many of `what`, whose first word is the noun, as in `comment` or `word, struck
        out`. Where it `is_told`, it is noted as well, since it might have been text. None is nothing.
        """
        if count:
            kind, comma, why = what.partition(",")
            noun, _, of = kind.partition(" ")
            several = f"{noun}s {of}".strip()
            self.counted[f"{several}{why}"] += count
            if is_told:
                told = f"1 {kind} is" if count == 1 else f"{count:,} {several} are"
                self.note(f"{told} left out{comma}{why}.")

    def left_out(self) -> tuple[LeftOut, ...]:
        """What was counted so far, by its name."""
        return tuple(LeftOut(what, count) for what, count in sorted(self.counted.items()))

    @property
    def name(self) -> str:
        """The file's name as a title."""
        return self.path.stem.replace("-", " ").replace("_", " ").strip() or self.path.name


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a file says of its document."""

    title: str | None = None
    authors: tuple[str, ...] = ()
    publisher: str | None = None
    updated: date | None = None
    url: str | None = None
    keywords: tuple[str, ...] = ()


class PlainText:
    """The plain text as it grows, with the sections and blocks found on the way."""

    def __init__(self, given_title: str | None = None) -> None:
        """`given_title` is what the file says elsewhere that its title is; a heading that repeats it heads nothing."""
        self.pieces: list[str] = []
        self.length = 0
        self.title: str | None = None
        self.headings: list[Heading] = []
        self.sections: list[Section] = []
        self.code: list[Span] = []
        self.footnotes: list[tuple[str, str, Sequence[str]]] = []  # (label, text, addresses), in the file's order
        self.targets: list[LinkTarget] = []
        self._given_title = given_title
        self._path: list[tuple[int, str]] = []  # (heading level, heading), outermost first
        self._blocks: list[Block] = []
        self._parts: list[list[tuple[int, str]]] = []  # the paths above the parts that are open
        self._asked = 0  # the level of the question whose answer is written
        self._bare = False  # whether nothing is written yet under the last heading, and it says something

    @property
    def headings_above(self) -> tuple[str, ...]:
        """The headings over what is written next, the outermost first."""
        return tuple(heading for _, heading in self._path)

    def write_heading(self, level: int, heading: str) -> int:
        """Begin a section under a heading, and give where it begins. The first heading of level 1 is the title."""
        self.end_section()
        self._keep_bare(level)
        start = self.length
        if heading.strip():
            start, end = self._write(heading)
            self.headings.append(Heading(level=level, start=start, end=end))
            heading = bare(heading)
        if level == 1 and self.title is None and not self.sections and heading.strip():
            self.title = heading
            if self._given_title in {None, heading}:
                self._path.clear()
                return start
        self._path = [each for each in self._path if each[0] < level]
        if heading.strip():
            self._path.append((level, heading))
            self._bare = len(heading.split()) >= _FEWEST_SAID and not is_question(heading)
        return start

    def write_question(self, question: str) -> int:
        """Begin a section under a question, inside of that of the last heading, and give where it begins. It ends with
        the next question or heading, or with `end_question`."""
        self.end_question()
        self._asked = (self._path[-1][0] if self._path else 0) + 1
        self.end_section()
        self._bare = False
        start, end = self._write(question)
        self.headings.append(Heading(level=min(max(self._asked, 2), 6), start=start, end=end))
        self._path.append((self._asked, bare(question)))
        return start

    def end_question(self) -> None:
        """End the section of the last question, if it goes on."""
        if self._asked and any(level == self._asked for level, _ in self._path):
            self.end_section()
            self._keep_bare(self._asked + 1)
            self._path = [each for each in self._path if each[0] < self._asked]
        self._asked = 0

    def begin_part(self) -> None:
        """Begin a part, a box for instance, whose headings head nothing behind it."""
        self._parts.append(list(self._path))

    def end_part(self) -> None:
        """End the part that was begun last, if any is open."""
        if self._parts and (path := self._parts.pop()) != self._path:
            self.end_section()
            self._keep_bare(0)
            self._path = path

    def write_block(self, kind: BlockKind, text: str) -> int:
        """Write a block of the section, unless it is blank, and give where it begins. A paragraph that begins with a
        question, `Q: ...?`, is that question with its answer."""
        if not text.strip():
            return self.length
        if kind == "paragraph" and (asked := _ASKED.match(text)):
            begin = self.write_question(asked["question"].strip())
            answer = text[asked.end() :].strip()
            if answer:
                self.write_block(kind, answer)
            return begin
        start, end = self._write(text)
        self._blocks.append(Block(kind=kind, start=start, end=end))
        self._bare = False
        return start

    def write_table(self, rows: Sequence[str]) -> list[int]:
        """Write the rows of a table, each a line in bars, and give where each begins. A table that is too long for one
        passage is written in parts, and each under its head, as a book prints it on each of its pages."""
        sizes = [len(row.split()) for row in rows]
        is_headed = len(rows) > 2 and sizes[0] <= _LARGEST_HEAD and _is_head(rows[0])
        if not is_headed or sum(sizes) <= _LARGEST_TABLE:
            start = self.write_block("table", "\n".join(rows))
            return [start + place for place in accumulate((len(bare(row)) + 1 for row in rows[:-1]), initial=0)]
        starts: list[int] = []
        part: list[str] = []
        words = 0
        for number, row in enumerate(rows):
            if len(part) > _FEWEST_ROWS and words + sizes[number] > _LARGEST_PART:
                starts += self._write_part(part, is_first=not starts)
                part, words = [rows[0]], 0
            part.append(row)
            words += sizes[number]
        return starts + self._write_part(part, is_first=not starts)

    def _write_part(self, rows: Sequence[str], *, is_first: bool) -> list[int]:
        """Write a part of a table, and give where each of its rows begins, but for the head where that is repeated."""
        start = self.write_block("table", "\n".join(rows))
        starts = [start + place for place in accumulate((len(bare(row)) + 1 for row in rows[:-1]), initial=0)]
        return starts if is_first else starts[1:]

    def end_section(self) -> None:
        """End the section, if there is anything in it."""
        if self._blocks:
            blocks = tuple(self._blocks)
            section = Section(path=self.headings_above, start=blocks[0].start, end=blocks[-1].end, blocks=blocks)
            self.sections.append(section)
            self._blocks = []

    def end(self) -> None:
        """End the text: its last section, or a heading that nothing stands under."""
        self.end_section()
        self._keep_bare(0)

    def _keep_bare(self, level: int) -> None:
        """Where a heading of a level follows upon one that nothing stands under, nor will, make that one a paragraph:
        it would be in no section, and so in no passage."""
        if self._bare and self._path[-1][0] >= level:
            bare = self.headings.pop()
            self._path.pop()
            block = Block(kind="paragraph", start=bare.start, end=bare.end)
            section = Section(path=self.headings_above, start=bare.start, end=bare.end, blocks=(block,))
            self.sections.append(section)
        self._bare = False

    def write_footnotes(self) -> None:
        """Put the footnotes under the text; where there is no other, they are the text."""
        written = [f"[^{label}]: {text}" for label, text, _ in self.footnotes if text.strip()]
        if self.sections:
            for footnote in written:
                self._write(footnote)
        else:
            for footnote in written:
                self.write_block("paragraph", footnote)
            self.end_section()

    def document(
        self, file: SourceFile, about: About, *, references: Iterable[Reference] = (), pages: Sequence[int] = ()
    ) -> Document:
        """The document that was written. Its references are those of the bibliography beside the file, then those
        `references` which the reader found, then the lists in the text and the footnotes."""
        self.end()
        self.write_footnotes()
        text = "".join(self.pieces)
        in_text, sections = split_bibliography(text, self.sections, self.targets)
        known = merged(file.listed(text), references, in_text)
        known = with_footnotes(known, [reference(*each) for each in self.footnotes])
        return Document(
            id=file.document_id,
            title=about.title or self.title or file.name,
            text=text,
            source=file.path.name,
            authors=about.authors,
            publisher=about.publisher,
            updated=about.updated,
            url=about.url,
            keywords=about.keywords,
            headings=tuple(self.headings),
            sections=tuple(sections),
            references=known,
            markers=find_markers(text, sections, known),
            pages=tuple(pages),
            code=tuple(self.code),
            left_out=file.left_out(),
        )

    def _write(self, text: str) -> Span:
        if self.pieces:
            self.pieces.append("\n\n")
            self.length += 2
        start = self.length
        text, code = unmarked(text)
        self.code += [Span(start + begin, start + end) for begin, end in code]
        self.pieces.append(text)
        self.length += len(text)
        return Span(start, self.length)


def _is_head(row: str) -> bool:
    """Whether the first row of a table names its columns: each in words, and not with a number."""
    cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
    return len(cells) > 1 and all(cells) and not any(_NUMBER.fullmatch(cell) for cell in cells)


def is_question(text: str) -> bool:
    """Whether a line that is set as a heading is one, in bold type as a rule, is a question."""
    text = bare(text)
    return text.rstrip().endswith("?") and len(text) <= _LONGEST_QUESTION and "\n" not in text.strip()


def without_invisible(text: str) -> str:
    """A text without soft hyphens, control characters and the like, and with a mark in place of half characters."""
    return text if text.isprintable() else _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", text))
