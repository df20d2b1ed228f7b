"""DOCX, Word's own format, to a Document.

Headings are paragraphs of a style with an outline level, which is the same in every language, or that is called
heading; headings and lists have the bullets and numbers that Word would show. Formulas are written in a line, and
letters of symbol fonts as what they show. Of tracked changes the new text is kept and the old one is not; text that is
struck out, comments, heads, feet and hidden text are left out (the last unless there is no other), and so is a table of
contents; what of that was said is counted and noted. Footnotes and endnotes are `[^1]` in the text, and stand under it.
There are no pages: they depend on the printer.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from lxml import etree

from qa.model import Document
from qa.readers.formats.archives import Archive, local_name, office_archive
from qa.readers.formats.code import bare, behind, marked_code, tight
from qa.readers.formats.defaults import people, said_title, saved_on
from qa.readers.formats.numbering import counted
from qa.readers.formats.scripts import (
    accented,
    fraction,
    limits,
    lowered_to,
    marked_lowered,
    marked_raised,
    plain,
    raised_to,
    root,
)
from qa.readers.formats.symbols import shown_by, symbol
from qa.readers.formats.writing import About, PlainText, SourceFile, is_question, without_invisible

__all__ = ["about_office", "read_docx"]

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT_W = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_DROPPED = frozenset(
    {"del", "moveFrom", "instrText", "delText", "Fallback", "pPr", "rPr", "tblPr", "trPr", "tcPr", "sdtPr", "ctrlPr"}
)
_DROPPED_ALSO = frozenset({"commentReference", "annotationRef", "footnoteRef", "endnoteRef", "object", "rt"})
_LOOKS = ("strike", "dstrike", "vanish", "vertAlign", "position", "b")  # what of the look of letters matters
_FEWEST_RAISED = 4  # half points above the line: raised type
_LONGEST_BOLD = 80  # characters of a heading that is only set in bold type
_MOST_BOLD = 0.3  # share of letters in bold type, above which that says nothing
_HEADING_NAME = re.compile(r"heading (\d)", re.IGNORECASE)
_LISTING_NAME = re.compile(r"(?:html preformatted|macro text|source code|code|plain text)", re.IGNORECASE)
_CODE_NAME = re.compile(
    r"html (?:code|sample|keyboard|typewriter)|verbatim(?: char)?|source text"
    r"|(?:inline |source )?code(?: (?:char|inline|in text))?",
    re.IGNORECASE,
)
_CONTENTS_NAME = re.compile(r"(?:toc|table of figures|index|contents) ?\d?(?: heading)?", re.IGNORECASE)
_CONTENTS_FIELD = re.compile(r"\s*(?:TOC|TOA|INDEX)\b")
_PLACE = re.compile(r"%(\d)")
_MOST_STYLES = 50  # upwards from one to those that it is based on
_BULLETS = "bullet"
_LONGEST_LABEL = 60  # characters
_LONGEST_REPEATED = 300  # characters of a cell that stands once in each of its rows and columns
_MOST_SPANNED = 30  # columns that a cell takes
_MOST_AROUND = 10  # headers and footers that are counted
_PICTURES = (f"{_W}drawing", f"{_W}pict", f"{_W}object")
_PARTS_OF_FORMULAS = frozenset(
    {
        *("f", "sSup", "sSub", "sSubSup", "sPre", "rad", "nary", "d", "func", "limLow", "limUpp", "eqArr", "m", "mr"),
        *("acc", "bar"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    """What of a paragraph's style matters: its name, its outline level from 0, and the list it belongs to."""

    name: str = ""
    outline: int | None = None
    numbering: tuple[str, int | None] | None = None  # the list's id, and the level in it


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """A level of a list: the kind of its numbers, its text such as `%1.`, where it begins, the style of paragraphs that
    stand in it, the level (from 1) behind which it begins anew, and whether all of its numbers are decimal."""

    kind: str = _BULLETS
    text: str = ""
    start: int = 1
    style: str = ""
    restart: int | None = None
    is_legal: bool = False


@dataclass(slots=True, kw_only=True)
class _Numbering:
    """A list of a file: its levels, and the counts of the numbers that all lists of its kind share. `starts` are those
    of its own, at each of which it begins once, with the first item of that level."""

    levels: dict[int, _Level]
    counts: dict[int, int]
    starts: dict[int, int]

    def label(self, level: int) -> str:
        """The label of the next item of a level."""
        now = self.levels.get(level, _Level())
        if level in self.starts:
            self.counts[level] = self.starts.pop(level)
        elif level in self.counts:
            self.counts[level] += 1
        else:
            self.counts[level] = now.start
        for deeper in [each for each in self.counts if each > level]:
            restart = self.levels.get(deeper, _Level()).restart
            if restart is None or 0 <= level < restart:
                del self.counts[deeper]
        if now.kind in {_BULLETS, "none"} and not (now.kind == "none" and _PLACE.sub("", now.text).strip()):
            return "-"
        return _PLACE.sub(lambda place: self._counted(int(place[1]) - 1, now), now.text).strip() or "-"

    def level_of(self, style: str) -> int | None:
        """The level whose paragraphs have a style, if one says so."""
        return next((number for number, each in self.levels.items() if style and each.style == style), None)

    def _counted(self, level: int, of: _Level) -> str:
        its = self.levels.get(level, _Level(kind="decimal"))
        count = self.counts.get(level, its.start)
        return "" if its.kind == "none" else counted(count, "decimal" if of.is_legal else its.kind, repeats=True)


def read_docx(file: SourceFile) -> list[Document]:
    """The document that a Word file holds. Its title is the paragraph in the style Title, else the file's own, else
    its first heading. Macros are never run, and are noted.

    Raises:
        LockedSourceError: where a password is needed.
        DamagedSourceError: for what is no such file, or a broken one.
    """
    archive = office_archive(file, kind="DOCX", program="Word")
    main = _main_part(archive)
    if any(
        name in archive for name in ("word/vbaProject.bin", posixpath.join(posixpath.dirname(main), "vbaProject.bin"))
    ):
        file.note("its macros are left out.")
    about = about_office(archive)
    word, headed = _written(archive, main)
    if not word.text.pieces and (hidden := word.left_out["hidden"]):
        word, headed = _written(archive, main, shows_hidden=True)
        file.note_all_hidden(hidden)
    for why, count in word.left_out.items():
        file.leave_out(count, f"word, {why}")
    file.leave_out(word.contents, "line of a table of contents")
    file.leave_out(word.comments(), "comment")
    file.leave_out(word.parts_elsewhere(), "part in another format")
    file.leave_out(word.pictures(), "picture", is_told=False)
    file.leave_out(word.words_around(), "word of headers and footers", is_told=False)
    title = headed or about.title or word.only_heading or file.name
    return [word.text.document(file, replace(about, title=title))]


def _written(archive: Archive, main: str, *, shows_hidden: bool = False) -> tuple[_Word, str | None]:
    """What is written in the body, and the title that heads it, if one does."""
    word = _Word(archive, main, shows_hidden=shows_hidden)
    headed = word.title() or word.find_bold_heads()
    word.text = PlainText(headed or "")
    word.write_body()
    return word, headed


class _Word:
    """The parts of a Word file, and its text as it is written."""

    def __init__(self, archive: Archive, main: str, *, shows_hidden: bool = False) -> None:
        self._archive = archive
        self._shows_hidden = shows_hidden
        self._body = _root(archive, main)
        folder = posixpath.dirname(main)
        self._styles = _Styles(self._part(folder, "styles.xml"))
        self._lists = _lists(self._part(folder, "numbering.xml"), self._styles)
        self._comments = self._part(folder, "comments.xml")
        around = (f"{name}{number}.xml" for name in ("header", "footer") for number in range(1, _MOST_AROUND))
        self._around = [part for name in around if (part := self._part(folder, name)) is not None]
        self._notes = {
            "footnoteReference": _notes(self._part(folder, "footnotes.xml"), "footnote"),
            "endnoteReference": _notes(self._part(folder, "endnotes.xml"), "endnote"),
        }
        self._numbers: dict[tuple[str, str], str] = {}  # the label of each note that was met, by its kind and id
        self.text = PlainText()
        self._items: list[tuple[int, str]] = []  # of the list that is open, each with its level
        self._look: Mapping[str, str] = {}  # of the letters of the paragraph that is read, by its style
        self._bold_heads: frozenset[etree._Element] = frozenset()
        self._initial = ""  # the drop cap of the next paragraph
        self.only_heading: str | None = None
        self.contents = 0  # lines of tables of contents that are left out
        self._has_contents = any(_CONTENTS_FIELD.match(each.text or "") for each in self._body.iter(f"{_W}instrText"))
        self._fields: list[bool] = []  # those that are open where the text is read, and whether each is such a table
        self.left_out: Counter[str] = Counter()  # words, by why

    def comments(self) -> int:
        """How many comments it has."""
        return 0 if self._comments is None else sum(1 for _ in self._comments.iter(f"{_W}comment"))

    def pictures(self) -> int:
        """How many pictures, charts and objects of other programs are in its text."""
        found = (each for each in self._body.iter(*_PICTURES) if not _is_fallback(each))
        return sum(1 for each in found if next(each.iter(f"{_W}txbxContent"), None) is None)

    def parts_elsewhere(self) -> int:
        """How many parts of its text are kept as files of their own, as a program may write them that merges files."""
        return sum(1 for _ in self._body.iter(f"{_W}altChunk"))

    def words_around(self) -> int:
        """How many words its headers and footers have."""
        texts = ("".join(each.itertext(f"{_W}t")) for part in self._around for each in part.iter(f"{_W}p"))
        return sum(len(text.split()) for text in texts)

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
            text = bare(" ".join(self._line(paragraph).split()))
            if text and is_title:
                return text
            first = text or None if first is None else first
            highest += [text] if text and style.outline == 0 else []
        self.only_heading = highest[0] if len(highest) == 1 else None
        self.left_out.clear()
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
                self.text.footnotes.append((label, bare(" ".join(written.split())), ()))

    def _write(self, parent: etree._Element) -> None:
        for child in parent:
            match local_name(child):
                case "p":
                    self._write_paragraph(child)
                case "tbl":
                    self._end_list()
                    self.text.write_table(list(self._rows(child)))
                case "sdt" if _is_contents(child):
                    self.contents += sum(bool("".join(each.itertext(f"{_W}t"))) for each in child.iter(f"{_W}p"))
                case "oMathPara" | "oMath":
                    self._end_list()
                    self.text.write_block("paragraph", " ".join(plain(self._formula(child)).split()))
                case name if name not in _DROPPED:
                    self._write(child)

    def _write_paragraph(self, paragraph: etree._Element) -> None:
        style = self._style(paragraph)
        is_contents = self._has_contents and self._is_in_contents(paragraph)
        if is_contents or _CONTENTS_NAME.fullmatch(style.name):
            self.contents += bool("".join(paragraph.itertext(f"{_W}t")))
            return
        text = self._line(paragraph)
        if text and _is_drop_cap(paragraph):
            self._initial += text
            return
        if self._initial and text:
            text, self._initial = f"{self._initial}{text}", ""
        label = self._label(paragraph, style, text)
        if style.name.lower() == "title" or style.outline is not None:
            self._end_list()
            labelled = f"{label} {text}" if text and label not in {"", "-"} else text
            level = 1 if style.outline is None else style.outline + 1
            self.text.write_heading(level, " ".join(labelled.split()))
        elif label and text:
            level = (style.numbering[1] if style.numbering else None) or 0
            self._items.append((level, f"{label} {text}"))
        elif text and paragraph in self._bold_heads:
            self._end_list()
            self.text.write_heading(1, " ".join(text.split()))
        elif text and (asked := self._bold_question(paragraph, text)):
            self._end_list()
            self.text.write_question(asked)
            self.text.write_block("paragraph", behind(text, len(asked)).strip())
        elif text:
            self._end_list()
            self.text.write_block("code" if _LISTING_NAME.fullmatch(style.name) else "paragraph", text)
        for box in paragraph.iter(f"{_W}txbxContent"):
            if next(box.iterancestors(f"{_W}p")) is paragraph and not _is_fallback(box):
                self._write(box)

    def _is_in_contents(self, paragraph: etree._Element) -> bool:
        """Whether all text of a paragraph is that of a field which lists the headings or words of the file."""
        is_within = any(self._fields)
        if not is_within and next(paragraph.iter(f"{_W}instrText"), None) is None:
            for mark in paragraph.iter(f"{_W}fldChar"):
                self._mark_field(mark)
            return False
        is_all = True
        for each in paragraph.iter(f"{_W}fldChar", f"{_W}instrText", f"{_W}t"):
            name = local_name(each)
            if name == "fldChar":
                self._mark_field(each)
            elif name == "instrText":
                if self._fields and _CONTENTS_FIELD.match(each.text or ""):
                    self._fields[-1] = is_within = True
            elif (each.text or "").strip() and not any(self._fields):
                is_all = False
        return is_within and is_all

    def _mark_field(self, mark: etree._Element) -> None:
        """Note that a field begins or ends."""
        kind = mark.get(f"{_W}fldCharType")
        if kind == "begin":
            self._fields.append(False)
        elif kind == "end" and self._fields:
            self._fields.pop()

    def _label(self, paragraph: etree._Element, style: _Style, text: str) -> str:
        """The label that the numbering of a paragraph gives it, which one without text or that was deleted counts for
        as Word counts it: the first does, the second does not."""
        if style.numbering is None:
            return ""
        if not text and (next(paragraph.iter(f"{_W}del", f"{_W}moveFrom"), None) is not None):
            return ""
        list_id, level = style.numbering
        numbering = self._lists.get(list_id)
        return numbering.label(level or 0) if numbering else "-"

    def _bold_question(self, paragraph: etree._Element, text: str) -> str:
        """The question in bold type that a paragraph is or begins with; empty where there is none."""
        if "?" not in text:
            return ""
        bold: list[str] = []
        for run in paragraph.iter(f"{_W}r"):
            said = "".join(t.text or "" for t in run.iter(f"{_W}t"))
            if said.strip() and not self._is_bold(run):
                break
            bold.append(said)
        asked = " ".join(without_invisible("".join(bold)).split())
        return asked if asked and is_question(asked) and bare(text).startswith(asked) else ""

    def _is_bold(self, run: etree._Element) -> bool:
        return self._look_of(run).get("b", "0") not in _OFF

    def _look_of(self, run: etree._Element) -> Mapping[str, str]:
        """How the letters of a run look: as it says itself, else as its style says, else as that of its paragraph."""
        properties = run.find(f"{_W}rPr")
        if properties is None:
            return self._look
        named = _value(properties.find(f"{_W}rStyle"))
        return {**self._look, **(self._styles.look(named) if named else {}), **_look(properties)}

    def find_bold_heads(self) -> str:
        """Find the short lines in bold type between paragraphs that are not, which head these where the file has no
        headings of its own. The first line is the title, which is given, where it stands in the middle."""
        paragraphs = [each for each in self._body.iter(f"{_W}p") if local_name(each.getparent()) == "body"]
        lines = [(each, bare(self._line(each))) for each in paragraphs]
        self.left_out.clear()
        lines = [(each, text) for each, text in lines if text]
        if not lines or any(self._style(each).outline is not None for each, _ in lines):
            return ""
        bold = {each for each, text in lines if not text.endswith(tuple(".,;:!?")) and self._is_all_bold(each)}
        heads = [
            each
            for (each, text), (below, _) in pairwise(lines)
            if each in bold and below not in bold and len(text) <= _LONGEST_BOLD and self._style(each).numbering is None
        ]
        if sum(len(text) for each, text in lines if each in bold) <= _MOST_BOLD * sum(len(text) for _, text in lines):
            self._bold_heads = frozenset(heads)
        first, title = lines[0]
        is_title = first in self._bold_heads and _value(first.find(f"{_W}pPr/{_W}jc")) == "center"
        return title if is_title else ""

    def _is_all_bold(self, paragraph: etree._Element) -> bool:
        self._look = self._styles.look(_value(paragraph.find(f"{_W}pPr/{_W}pStyle")))
        runs = [run for run in paragraph.iter(f"{_W}r") if any((t.text or "").strip() for t in run.iter(f"{_W}t"))]
        return bool(runs) and all(map(self._is_bold, runs))

    def _end_list(self) -> None:
        highest = min((level for level, _ in self._items), default=0)
        self.text.write_block("list", "\n".join(f"{'  ' * (level - highest)}{item}" for level, item in self._items))
        self._items = []

    def _style(self, paragraph: etree._Element) -> _Style:
        """The style of a paragraph, with what the paragraph itself says instead."""
        properties = paragraph.find(f"{_W}pPr")
        if properties is None:
            return self._styles.style("")
        named = properties.find(f"{_W}pStyle")
        style = self._styles.style(_value(named))
        outline = _outline(properties)
        own = _numbering_of(properties)
        list_id, level = own or ("", None)
        its_list, its_level = style.numbering or ("", None)
        list_id = list_id or its_list
        if level is None and list_id:
            numbering = self._lists.get(list_id)
            level = numbering.level_of(_value(named)) if numbering and not (own and own[0]) else None
            level = its_level if level is None else level
        return _Style(
            name=style.name,
            outline=style.outline if outline is None else outline if outline < 9 else None,
            numbering=(list_id, level or 0) if list_id not in {"", "0"} else None,
        )

    def _line(self, paragraph: etree._Element) -> str:
        """The text of a paragraph, with a line for each forced break."""
        self._look = self._styles.look(_value(paragraph.find(f"{_W}pPr/{_W}pStyle")))
        text = without_invisible(tight(plain("".join(self._pieces(paragraph)))))
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
                case "oMath":
                    yield self._formula(child)
                case "del":
                    self.left_out["deleted"] += len("".join(child.itertext(f"{_W}delText")).split())
                case _ if name in _DROPPED or name in _DROPPED_ALSO:
                    pass
                case "t":
                    yield child.text or ""
                case _:
                    yield from self._pieces(child)

    def _run(self, run: etree._Element) -> Iterator[str]:
        """The text of a run, which has one look; hidden text is none."""
        properties = run.find(f"{_W}rPr")
        look = self._look_of(run)
        if look:
            why = "hidden" if look.get("vanish", "0") not in _OFF and not self._shows_hidden else ""
            if look.get("strike", "0") not in _OFF or look.get("dstrike", "0") not in _OFF:
                why = "struck out"
            if why:
                self.left_out[why] += len("".join(run.itertext(f"{_W}t")).split())
                return
        align = look.get("vertAlign", "")
        if _whole(look.get("position")) >= _FEWEST_RAISED:
            align = "superscript"
        fonts = properties.find(f"{_W}rFonts") if properties is not None else None
        font = (fonts.get(f"{_W}ascii") or fonts.get(f"{_W}hAnsi") or "") if fonts is not None else ""
        pieces: list[str] = []
        for child in run:
            match local_name(child):
                case "t":
                    pieces.append(shown_by(font, (child.text or "").replace("\n", " ")))
                case "sym":
                    pieces.append(symbol(child.get(f"{_W}font") or "", _hexadecimal(child.get(f"{_W}char"))))
                case "fldChar":
                    pieces.append(_field(child))
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
        if properties is not None and self._styles.is_code(_value(properties.find(f"{_W}rStyle"))):
            text = marked_code(text)
        yield marked_raised(text) if align == "superscript" else marked_lowered(text) if align == "subscript" else text

    def _formula(self, parent: etree._Element) -> str:
        """A formula, or a part of one, in a line."""
        return "".join(self._part_of_formula(each) for each in parent)

    def _part_of_formula(self, element: etree._Element) -> str:
        name = local_name(element)
        parts: dict[str, list[str]] = {}
        if name in _PARTS_OF_FORMULAS:
            for each in element:
                is_row = local_name(each) == "mr"
                parts.setdefault(local_name(each), []).append(
                    self._part_of_formula(each) if is_row else self._formula(each)
                )

        def part(wanted: str) -> str:
            return "".join(parts.get(wanted, ()))

        match name:
            case "r":
                return "".join(self._run(element))
            case "f":
                bar = element.find("{*}fPr/{*}type")
                is_pair = bar is not None and (bar.get(f"{{{_namespace(bar)}}}val") or "") == "noBar"
                return f"({part('num')} {part('den')})" if is_pair else fraction(part("num"), part("den"))
            case "sSup" | "limUpp":
                return raised_to(part("e"), part("sup") or part("lim"))
            case "sSub" | "limLow":
                return lowered_to(part("e"), part("sub") or part("lim"))
            case "sSubSup" | "sPre":
                return limits(part("e"), part("sub"), part("sup"))
            case "acc":
                return accented(part("e"), _said(element, "accPr", "chr", "\u0302"))
            case "bar":
                return accented(part("e"), "\u0304")
            case "rad":
                return root(part("e"), part("deg"))
            case "nary":
                return f"{limits(_said(element, 'naryPr', 'chr', '∫'), part('sub'), part('sup'))} {part('e')}"
            case "d":
                begin, end = _said(element, "dPr", "begChr", "("), _said(element, "dPr", "endChr", ")")
                return f"{begin}{_said(element, 'dPr', 'sepChr', '|').join(parts.get('e', ()))}{end}"
            case "func":
                inside = part("e").strip()
                return f"{part('fName')}{inside if inside[:1] in '([' else f' {inside}'}"
            case "eqArr":
                return "; ".join(parts.get("e", ()))
            case "m":
                return "; ".join(parts.get("mr", ()))
            case "mr":
                return " ".join(parts.get("e", ()))
            case "t":
                return element.text or ""
            case _ if name in _DROPPED or name in _DROPPED_ALSO or name.endswith("Pr"):
                return ""
        return self._formula(element)

    def _reference(self, kind: str, note_id: str) -> str:
        """The marker of a note, which is numbered as Word numbers them: footnotes 1, 2, 3, endnotes i, ii, iii."""
        if note_id not in self._notes[kind]:
            return ""
        key = (kind, note_id)
        if key not in self._numbers:
            count = sum(1 for other, _ in self._numbers if other == kind) + 1
            self._numbers[key] = str(count) if kind == "footnoteReference" else counted(count, "lowerRoman")
        return f"[^{self._numbers[key]}]"

    def _rows(self, table: etree._Element) -> Iterator[str]:
        """A line in bars for each row. A cell that spans several rows or columns stands in each of them."""
        above: dict[int, str] = {}  # the text of the cell that each column has, for cells that go on below
        for row in _children(table, "tr"):
            cells = list(_children(row, "tc"))
            texts: list[str] = []
            is_new = False
            for cell in cells:
                properties = cell.find(f"{_W}tcPr")
                merge = properties.find(f"{_W}vMerge") if properties is not None else None
                goes_on = merge is not None and _value(merge) in {"", "continue"}
                own = self._cell(cell)
                text = own or (above.get(len(texts), "") if goes_on else "")
                is_new = is_new or bool(own)
                span = _whole(_value(properties.find(f"{_W}gridSpan")), default=1) if properties is not None else 1
                repeated = text if len(text) <= _LONGEST_REPEATED else ""
                for place in range(min(max(span, 1), _MOST_SPANNED) if len(cells) > 1 else 1):
                    above[len(texts)] = repeated if merge is not None else ""
                    texts.append(repeated if place else text)
            if is_new:
                yield f"| {' | '.join(texts)} |"

    def _cell(self, cell: etree._Element) -> str:
        pieces: list[str] = []
        for paragraph in cell.iter(f"{_W}p"):
            if not _is_fallback(paragraph):
                text = " ".join(self._line(paragraph).split())
                label = self._label(paragraph, self._style(paragraph), text)
                pieces.append(f"{label} {text}" if text and label not in {"", "-"} else text)
        return " ".join(each for each in pieces if each)


def _namespace(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[0][1:]


def _said(element: etree._Element, properties: str, name: str, default: str) -> str:
    """What a part of a formula says of itself; what is empty is none, and what is not said the default."""
    found = element.find(f"{{*}}{properties}/{{*}}{name}")
    return default if found is None else next(iter(found.attrib.values()), "")


def _is_drop_cap(paragraph: etree._Element) -> bool:
    """Whether a paragraph is the large first letter of the next."""
    frame = paragraph.find(f"{_W}pPr/{_W}framePr")
    return frame is not None and (frame.get(f"{_W}dropCap") or "none") != "none"


def _hexadecimal(text: str | None) -> int:
    return int(text, 16) if text and re.fullmatch("[0-9A-Fa-f]{1,6}", text) else 0


def _field(begin: etree._Element) -> str:
    """What the field of a form shows: a box that is ticked or not, or what was chosen of a list."""
    box = begin.find(f"{_W}ffData/{_W}checkBox")
    if box is not None:
        ticked = box.find(f"{_W}checked")
        return "☒" if _is_on(box.find(f"{_W}default") if ticked is None else ticked) else "☐"
    choice = begin.find(f"{_W}ffData/{_W}ddList")
    if choice is not None:
        entries = [_value(each) for each in choice.iter(f"{_W}listEntry")]
        chosen = choice.find(f"{_W}result")
        place = _whole(_value(choice.find(f"{_W}default") if chosen is None else chosen))
        return entries[place] if place < len(entries) else ""
    return ""


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
        self._looks: dict[str, Mapping[str, str]] = {}

    def look(self, style_id: str) -> Mapping[str, str]:
        """How the letters of a style look, as far as it says so or one that it is based on."""
        if style_id not in self._looks:
            found: dict[str, str] = {}
            name = style_id
            for _ in range(_MOST_STYLES):
                style = self._elements.get(name)
                if style is None:
                    break
                properties = style.find(f"{_W}rPr")
                found = {**(_look(properties) if properties is not None else {}), **found}
                name = _value(style.find(f"{_W}basedOn"))
            self._looks[style_id] = found
        return self._looks[style_id]

    def is_code(self, style_id: str) -> bool:
        """Whether letters in a style are code, by the name of the style."""
        element = self._elements.get(style_id) if style_id else None
        return element is not None and _CODE_NAME.fullmatch(_value(element.find(f"{_W}name"))) is not None

    def style(self, style_id: str) -> _Style:
        """The style with this id; one that is not there says nothing."""
        if style_id not in self._met:
            self._met[style_id] = _inherited(style_id, self._elements)
        return self._met[style_id]


def _inherited(style_id: str, elements: Mapping[str, etree._Element]) -> _Style:
    name, outline = "", None
    list_id, level = "", None
    for _ in range(_MOST_STYLES):
        style = elements.get(style_id)
        if style is None:
            break
        its_name = _value(style.find(f"{_W}name"))
        name = name or its_name
        properties = style.find(f"{_W}pPr")
        if properties is not None:
            outline = _outline(properties) if outline is None else outline
            its_list, its_level = _numbering_of(properties) or ("", None)
            level = its_level if level is None and not list_id else level
            list_id = list_id or its_list
        if outline is None and (heading := _HEADING_NAME.fullmatch(its_name)):
            outline = max(int(heading[1]) - 1, 0)
        style_id = _value(style.find(f"{_W}basedOn"))
    return _Style(
        name=name,
        outline=outline if outline is None or outline < 9 else None,
        numbering=(list_id, level) if list_id else None,
    )


def _lists(root: etree._Element | None, styles: _Styles) -> dict[str, _Numbering]:
    """The lists of a file by their ids. Those of one kind share their counts, unless they say where they begin."""
    if root is None:
        return {}
    kinds = {each.get(f"{_W}abstractNumId"): each for each in root.iter(f"{_W}abstractNum")}
    kind_of = {each.get(f"{_W}numId") or "": _value(each.find(f"{_W}abstractNumId")) for each in root.iter(f"{_W}num")}
    counts: dict[str, dict[int, int]] = {}
    found: dict[str, _Numbering] = {}
    for number in root.iter(f"{_W}num"):
        kind_id = _value(number.find(f"{_W}abstractNumId"))
        kind = kinds.get(kind_id)
        link = _value(kind.find(f"{_W}numStyleLink")) if kind is not None else ""
        if link and (linked := styles.style(link).numbering) and kind_of.get(linked[0]) in kinds:
            kind_id = kind_of[linked[0]]
            kind = kinds[kind_id]
        levels = dict(map(_level, kind.iter(f"{_W}lvl"))) if kind is not None else {}
        starts: dict[int, int] = {}
        for override in number.iter(f"{_W}lvlOverride"):
            its_level = _whole(override.get(f"{_W}ilvl"))
            for level in override.iter(f"{_W}lvl"):
                levels[its_level] = _level(level)[1]
            start = override.find(f"{_W}startOverride")
            if start is not None:
                starts[its_level] = _whole(_value(start), default=1)
        shared = counts.setdefault(kind_id, {})
        found[number.get(f"{_W}numId") or ""] = _Numbering(levels=levels, counts=shared, starts=starts)
    return found


def _level(element: etree._Element) -> tuple[int, _Level]:
    restart = element.find(f"{_W}lvlRestart")
    return _whole(element.get(f"{_W}ilvl")), _Level(
        kind=_value(element.find(f"{_W}numFmt")) or "decimal",
        text=_value(element.find(f"{_W}lvlText"))[:_LONGEST_LABEL],
        start=_whole(_value(element.find(f"{_W}start")), default=1),
        style=_value(element.find(f"{_W}pStyle")),
        restart=None if restart is None else _whole(_value(restart)),
        is_legal=_is_on(element.find(f"{_W}isLgl")),
    )


def _notes(root: etree._Element | None, kind: str) -> dict[str, etree._Element]:
    """The notes of a part by their ids; the lines that part them from the text are none."""
    notes = root.iter(f"{_W}{kind}") if root is not None else ()
    return {each.get(f"{_W}id") or "": each for each in notes if each.get(f"{_W}type") in {None, "normal"}}


def about_office(archive: Archive) -> About:
    """What the file's properties say."""
    if "docProps/core.xml" not in archive:
        return About()
    said = {local_name(each): " ".join((each.text or "").split()) for each in archive.xml("docProps/core.xml")}
    return About(
        title=said_title(said.get("title", "")),
        authors=people(name.strip() for name in said.get("creator", "").split(";")),
        updated=saved_on(said.get(name, "") for name in ("modified", "created")),
        keywords=tuple(part.strip() for part in re.split("[,;]", said.get("keywords", "")) if part.strip()),
    )


_OFF = frozenset({"0", "false", "off"})


def _look(properties: etree._Element) -> dict[str, str]:
    """What the properties of letters say, by name: "1" for what is on."""
    found = {name: properties.find(f"{_W}{name}") for name in _LOOKS}
    return {name: _value(each) or "1" for name, each in found.items() if each is not None}


def _value(element: etree._Element | None) -> str:
    return (element.get(f"{_W}val") or "") if element is not None else ""


def _is_on(element: etree._Element | None) -> bool:
    return element is not None and _value(element) not in _OFF


def _whole(text: str | None, *, default: int = 0) -> int:
    """A number of a few digits, at least 0, or the default."""
    return int(text) if text and text.isdecimal() and text.isascii() and len(text) < 6 else default


def _outline(properties: etree._Element) -> int | None:
    element = properties.find(f"{_W}outlineLvl")
    return None if element is None else _whole(_value(element), default=9)


def _numbering_of(properties: etree._Element) -> tuple[str, int | None] | None:
    """The list that a paragraph or style says it is in, and the level there; either may be left to another style."""
    element = properties.find(f"{_W}numPr")
    if element is None:
        return None
    level = element.find(f"{_W}ilvl")
    return _value(element.find(f"{_W}numId")), None if level is None else min(_whole(_value(level)), 8)


def _is_contents(part: etree._Element) -> bool:
    gallery = part.find(f"{_W}sdtPr/{_W}docPartObj/{_W}docPartGallery")
    return _value(gallery).lower() == "table of contents"
