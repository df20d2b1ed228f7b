"""DOCX, Word's own format, to a Document.

Headings are paragraphs of a style with an outline level, which is the same in every language, or that is called
heading; lists have the bullets and numbers that Word would show. Of tracked changes the new text is kept and the old
one is not; comments, heads, feet and hidden text are left out, and so is a table of contents. Footnotes and endnotes
are `[^1]` in the text, and stand under it. There are no pages: they depend on the printer.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from qa.errors import DamagedSourceError, LockedSourceError
from qa.model import Document
from qa.readers.formats.archives import Archive, local_name
from qa.readers.formats.dates import parse_date
from qa.readers.formats.writing import About, PlainText, SourceFile, without_invisible
from qa.readers.references.bibliography import raised

__all__ = ["read_docx"]

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT_W = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_OLD_FORMAT = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_DROPPED = frozenset(
    {"del", "moveFrom", "instrText", "delText", "Fallback", "pPr", "rPr", "tblPr", "trPr", "tcPr", "sdtPr"}
)
_DROPPED_ALSO = frozenset({"commentReference", "annotationRef", "footnoteRef", "endnoteRef", "object"})
_HEADING_NAME = re.compile(r"heading (\d)", re.IGNORECASE)
_LISTING_NAME = re.compile(r"(?:html preformatted|macro text|source code|code|plain text)", re.IGNORECASE)
_CONTENTS_NAME = re.compile(r"(?:toc|table of figures|index) ?\d?(?: heading)?", re.IGNORECASE)
_PLACE = re.compile(r"%(\d)")
_MOST_STYLES = 50  # upwards from one to those that it is based on
_LONGEST_NUMBER = 100_000
_BULLETS = "bullet"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    """What of a paragraph's style matters: its name, its outline level from 0, and the list it belongs to."""

    name: str = ""
    outline: int | None = None
    numbering: tuple[str, int] | None = None  # the list's id, and the level in it


@dataclass(slots=True, kw_only=True)
class _Numbering:
    """A list's levels as Word counts them: the kind of number, its text such as `%1.`, and where it begins."""

    levels: dict[int, tuple[str, str, int]] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)

    def label(self, level: int) -> str:
        """The label of the next item of a level."""
        kind, text, start = self.levels.get(level, (_BULLETS, "", 1))
        if kind in {_BULLETS, "none"}:
            return "-"
        self.counts[level] = self.counts.get(level, start - 1) + 1
        for deeper in [each for each in self.counts if each > level]:
            del self.counts[deeper]
        return _PLACE.sub(lambda place: self._counted(int(place[1]) - 1), text) or "-"

    def _counted(self, level: int) -> str:
        kind, _, start = self.levels.get(level, ("decimal", "", 1))
        return _number(self.counts.get(level, start), kind)


def read_docx(file: SourceFile) -> list[Document]:
    """The document that a Word file holds. Its title is the paragraph in the style Title, else the file's own, else
    its first heading. Macros are never run, and are noted.

    Raises:
        LockedSourceError: where a password is needed.
        DamagedSourceError: for what is no such file, or a broken one.
    """
    if file.data.startswith(_OLD_FORMAT):
        if _ENCRYPTED in file.data:
            raise LockedSourceError(file.path, reason="it opens only with a password")
        reason = "it is in the format of Word before 2007 (.doc)"
        raise DamagedSourceError(file.path, kind="DOCX", reason=reason, hint="Open it in Word and save it as .docx.")
    archive = Archive(file.data, file.path, kind="DOCX")
    main = _main_part(archive)
    if any(
        name in archive for name in ("word/vbaProject.bin", posixpath.join(posixpath.dirname(main), "vbaProject.bin"))
    ):
        file.note("its macros are left out.")
    word = _Word(archive, main)
    about = _about(archive)
    headed = word.title()
    word.text = PlainText(headed or "")
    word.write_body()
    about = About(title=headed or about.title, authors=about.authors, updated=about.updated, keywords=about.keywords)
    return [word.text.document(file, about if about.title else _titled(about, word.text))]


def _titled(about: About, text: PlainText) -> About:
    """What the file says, with its first heading as its title."""
    return About(title=text.title, authors=about.authors, updated=about.updated, keywords=about.keywords)


class _Word:
    """The parts of a Word file, and its text as it is written."""

    def __init__(self, archive: Archive, main: str) -> None:
        self._archive = archive
        self._body = _root(archive, main)
        folder = posixpath.dirname(main)
        self._styles = _Styles(self._part(folder, "styles.xml"))
        self._lists = _lists(self._part(folder, "numbering.xml"))
        self._notes = {
            "footnoteReference": _notes(self._part(folder, "footnotes.xml"), "footnote"),
            "endnoteReference": _notes(self._part(folder, "endnotes.xml"), "endnote"),
        }
        self._numbers: dict[tuple[str, str], str] = {}  # the label of each note that was met, by its kind and id
        self.text = PlainText()
        self._items: list[str] = []

    def _part(self, folder: str, name: str) -> etree._Element | None:
        path = posixpath.join(folder, name)
        return _root(self._archive, path) if path in self._archive else None

    def title(self) -> str | None:
        """The paragraph in the style Title, else the only heading of the highest level, if it is what comes first."""
        first: str | None = None
        highest: list[str] = []
        for paragraph in self._body.iter(f"{_W}p"):
            style = self._style(paragraph)
            is_title = style.name.lower() == "title"
            if not (is_title or style.outline == 0 or first is None):
                continue
            text = " ".join(self._line(paragraph).split())
            if text and is_title:
                return text
            first = text or None if first is None else first
            highest += [text] if text and style.outline == 0 else []
        return first if highest == [first] else None

    def write_body(self) -> None:
        """Write the body, then the notes that it refers to."""
        self._write(self._body)
        self._end_list()
        self.text.end_section()
        for (kind, note_id), label in list(self._numbers.items()):
            note = self._notes[kind].get(note_id)
            if note is not None:
                written = " ".join(self._line(each) for each in note.iter(f"{_W}p"))
                self.text.footnotes.append((label, " ".join(written.split()), ()))

    def _write(self, parent: etree._Element) -> None:
        for child in parent:
            match local_name(child):
                case "p":
                    self._write_paragraph(child)
                case "tbl":
                    self._end_list()
                    self.text.write_block("table", "\n".join(self._rows(child)))
                case "sdt" if _is_contents(child):
                    pass
                case name if name not in _DROPPED:
                    self._write(child)

    def _write_paragraph(self, paragraph: etree._Element) -> None:
        style = self._style(paragraph)
        if _CONTENTS_NAME.fullmatch(style.name):
            return
        text = self._line(paragraph)
        if style.name.lower() == "title" or style.outline is not None:
            self._end_list()
            self.text.write_heading(1 if style.outline is None else style.outline + 1, " ".join(text.split()))
        elif style.numbering and text:
            list_id, level = style.numbering
            numbering = self._lists.get(list_id) or _Numbering()
            self._items.append(f"{'  ' * level}{numbering.label(level)} {text}")
        elif text:
            self._end_list()
            self.text.write_block("code" if _LISTING_NAME.fullmatch(style.name) else "paragraph", text)
        for box in paragraph.iter(f"{_W}txbxContent"):
            if next(box.iterancestors(f"{_W}p")) is paragraph and not _is_fallback(box):
                self._write(box)

    def _end_list(self) -> None:
        self.text.write_block("list", "\n".join(self._items))
        self._items = []

    def _style(self, paragraph: etree._Element) -> _Style:
        """The style of a paragraph, with what the paragraph itself says instead."""
        properties = paragraph.find(f"{_W}pPr")
        if properties is None:
            return self._styles.style("")
        named = properties.find(f"{_W}pStyle")
        style = self._styles.style(_value(named))
        outline = _outline(properties)
        numbering = _numbering_of(properties)
        return _Style(
            name=style.name,
            outline=style.outline if outline is None else outline if outline < 9 else None,
            numbering=style.numbering if numbering is None else numbering if numbering[0] != "0" else None,
        )

    def _line(self, paragraph: etree._Element) -> str:
        """The text of a paragraph, with a line for each forced break."""
        text = without_invisible("".join(self._pieces(paragraph)))
        lines = (" ".join(part for part in re.split("[ \t]", line) if part) for line in text.split("\n"))
        return "\n".join(line for line in lines if line.strip())

    def _pieces(self, parent: etree._Element) -> Iterator[str]:
        for child in parent:
            name = local_name(child)
            match name:
                case "r":
                    yield from self._run(child)
                case "txbxContent":
                    pass
                case _ if name in _DROPPED or name in _DROPPED_ALSO:
                    pass
                case "t":
                    yield child.text or ""
                case _:
                    yield from self._pieces(child)

    def _run(self, run: etree._Element) -> Iterator[str]:
        """The text of a run, which has one look; hidden text is none."""
        properties = run.find(f"{_W}rPr")
        if properties is not None and _is_on(properties.find(f"{_W}vanish")):
            return
        align = properties.find(f"{_W}vertAlign") if properties is not None else None
        pieces: list[str] = []
        for child in run:
            match local_name(child):
                case "t":
                    pieces.append((child.text or "").replace("\n", " "))
                case "tab" | "ptab":
                    pieces.append(" ")
                case "br" | "cr":
                    pieces.append("\n" if child.get(f"{_W}type") in {None, "textWrapping"} else " ")
                case "noBreakHyphen":
                    pieces.append("-")
                case "footnoteReference" | "endnoteReference" as kind:
                    yield "".join(pieces)
                    pieces = [self._reference(kind, child.get(f"{_W}id") or "")]
                case name if name not in _DROPPED and name not in _DROPPED_ALSO:
                    pieces += self._pieces(child)
        text = "".join(pieces)
        yield raised(text) if align is not None and _value(align) == "superscript" else text

    def _reference(self, kind: str, note_id: str) -> str:
        """The marker of a note, which is numbered as Word numbers them: footnotes 1, 2, 3, endnotes i, ii, iii."""
        if note_id not in self._notes[kind]:
            return ""
        key = (kind, note_id)
        if key not in self._numbers:
            count = sum(1 for other, _ in self._numbers if other == kind) + 1
            self._numbers[key] = str(count) if kind == "footnoteReference" else _number(count, "lowerRoman")
        return f"[^{self._numbers[key]}]"

    def _rows(self, table: etree._Element) -> Iterator[str]:
        for row in _children(table, "tr"):
            cells = [
                " ".join(" ".join(self._line(p).split()) for p in cell.iter(f"{_W}p") if not _is_fallback(p)).strip()
                for cell in _children(row, "tc")
            ]
            if any(cells):
                yield f"| {' | '.join(cells)} |"


def _is_fallback(element: etree._Element) -> bool:
    """Whether something is there for programs that cannot show what stands beside it, and says the same."""
    return any(local_name(each) == "Fallback" for each in element.iterancestors())


def _children(parent: etree._Element, wanted: str) -> Iterator[etree._Element]:
    """The rows of a table or the cells of a row, also those in a frame of another kind; not those that were deleted."""
    for child in parent:
        name = local_name(child)
        if name == wanted:
            properties = child.find(f"{_W}trPr")
            if properties is None or properties.find(f"{_W}del") is None:
                yield child
        elif name in {"sdt", "sdtContent", "customXml", "ins"}:
            yield from _children(child, wanted)


def _main_part(archive: Archive) -> str:
    """The name of the part with the text."""
    if "_rels/.rels" in archive:
        for relation in archive.xml("_rels/.rels"):
            target = (relation.get("Target") or "").lstrip("/")
            if (relation.get("Type") or "").endswith("/officeDocument") and target in archive:
                return target
    if "word/document.xml" not in archive:
        raise archive.damaged("it has no text")
    return "word/document.xml"


def _root(archive: Archive, name: str) -> etree._Element:
    """The root of a part, in the namespace that Word writes by itself, not the one of the strict form."""
    return archive.parsed(archive.read(name).replace(_STRICT_W, _W[1:-1].encode()), name)


class _Styles:
    """The styles of a file by their ids, each with what it has from those it is based on; the usual one has the id ""
    too. A file has more than it uses, so that a style is looked at when it is met."""

    def __init__(self, root: etree._Element | None) -> None:
        styles = [] if root is None else list(root.iter(f"{_W}style"))
        self._elements = {style.get(f"{_W}styleId") or "": style for style in styles}
        for style in styles:
            if style.get(f"{_W}default") == "1" and style.get(f"{_W}type") == "paragraph":
                self._elements.setdefault("", style)
        self._met: dict[str, _Style] = {}

    def style(self, style_id: str) -> _Style:
        """The style with this id; one that is not there says nothing."""
        if style_id not in self._met:
            self._met[style_id] = _inherited(style_id, self._elements)
        return self._met[style_id]


def _inherited(style_id: str, elements: Mapping[str, etree._Element]) -> _Style:
    name, outline, numbering = "", None, None
    for _ in range(_MOST_STYLES):
        style = elements.get(style_id)
        if style is None:
            break
        its_name = _value(style.find(f"{_W}name"))
        name = name or its_name
        properties = style.find(f"{_W}pPr")
        if properties is not None:
            outline = _outline(properties) if outline is None else outline
            numbering = _numbering_of(properties) if numbering is None else numbering
        if outline is None and (heading := _HEADING_NAME.fullmatch(its_name)):
            outline = max(int(heading[1]) - 1, 0)
        style_id = _value(style.find(f"{_W}basedOn"))
    return _Style(name=name, outline=outline if outline is None or outline < 9 else None, numbering=numbering)


def _lists(root: etree._Element | None) -> dict[str, _Numbering]:
    if root is None:
        return {}
    kinds = {each.get(f"{_W}abstractNumId"): each for each in root.iter(f"{_W}abstractNum")}
    found: dict[str, _Numbering] = {}
    for number in root.iter(f"{_W}num"):
        numbering = _Numbering()
        kind = kinds.get(_value(number.find(f"{_W}abstractNumId")))
        for level in kind.iter(f"{_W}lvl") if kind is not None else ():
            its_number = _whole(level.get(f"{_W}ilvl"))
            form = _value(level.find(f"{_W}numFmt")) or "decimal"
            start = _whole(_value(level.find(f"{_W}start")), default=1)
            numbering.levels[its_number] = (form, _value(level.find(f"{_W}lvlText"))[:20], start)
        found[number.get(f"{_W}numId") or ""] = numbering
    return found


def _notes(root: etree._Element | None, kind: str) -> dict[str, etree._Element]:
    """The notes of a part by their ids; the lines that part them from the text are none."""
    notes = root.iter(f"{_W}{kind}") if root is not None else ()
    return {each.get(f"{_W}id") or "": each for each in notes if each.get(f"{_W}type") in {None, "normal"}}


def _about(archive: Archive) -> About:
    """What the file's properties say."""
    if "docProps/core.xml" not in archive:
        return About()
    said = {local_name(each): " ".join((each.text or "").split()) for each in archive.xml("docProps/core.xml")}
    days = (parse_date(said.get(name, "")) for name in ("modified", "created"))
    title = said.get("title", "")
    return About(
        title=None if re.fullmatch(r"microsoft word\b.*|untitled.*|word document|", title, re.IGNORECASE) else title,
        authors=tuple(name.strip() for name in said.get("creator", "").split(";") if name.strip()),
        updated=next((day for day in days if day), None),
        keywords=tuple(part.strip() for part in re.split("[,;]", said.get("keywords", "")) if part.strip()),
    )


def _value(element: etree._Element | None) -> str:
    return (element.get(f"{_W}val") or "") if element is not None else ""


def _is_on(element: etree._Element | None) -> bool:
    return element is not None and _value(element) not in {"0", "false", "off"}


def _whole(text: str | None, *, default: int = 0) -> int:
    """A number of a few digits, at least 0, or the default."""
    return int(text) if text and text.isdecimal() and text.isascii() and len(text) < 6 else default


def _outline(properties: etree._Element) -> int | None:
    element = properties.find(f"{_W}outlineLvl")
    return None if element is None else _whole(_value(element), default=9)


def _numbering_of(properties: etree._Element) -> tuple[str, int] | None:
    element = properties.find(f"{_W}numPr")
    if element is None or element.find(f"{_W}numId") is None:
        return None
    return _value(element.find(f"{_W}numId")), min(_whole(_value(element.find(f"{_W}ilvl"))), 8)


def _is_contents(part: etree._Element) -> bool:
    gallery = part.find(f"{_W}sdtPr/{_W}docPartObj/{_W}docPartGallery")
    return _value(gallery).lower() == "table of contents"


def _number(count: int, kind: str) -> str:
    """A number as a list shows it.

    >>> [_number(28, kind) for kind in ("decimal", "lowerLetter", "upperRoman")]
    ['28', 'bb', 'XXVIII']
    """
    count = min(max(count, 0), _LONGEST_NUMBER)
    if kind in {"lowerLetter", "upperLetter"} and 0 < count <= 260:
        text = "abcdefghijklmnopqrstuvwxyz"[(count - 1) % 26] * ((count - 1) // 26 + 1)
    elif kind in {"lowerRoman", "upperRoman"} and 0 < count < 4000:
        text = ""
        for value, sign in _ROMAN:
            text += sign * (count // value)
            count %= value
    else:
        return str(count)
    return text.upper() if kind.startswith("upper") else text


_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
