"""ODT, the text format of LibreOffice and OpenOffice, to a Document.

Headings are those of the file, lists have bullets, or numbers where their style has. Of tracked changes the new text is
kept; comments, hidden text unless there is no other, and the table of contents are left out. Notes are `[^1]` in the
text, and stand under it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from lxml import etree

from qa.model import Document
from qa.readers.formats.archives import Archive, local_name
from qa.readers.formats.defaults import people, said_title, saved_on
from qa.readers.formats.mathml import formula
from qa.readers.formats.numbering import counted
from qa.readers.formats.scripts import marked_lowered, marked_raised, plain
from qa.readers.formats.tables import Cell, Rows
from qa.readers.formats.writing import About, PlainText, SourceFile, is_question, without_invisible

__all__ = ["read_odt"]

_DROPPED = frozenset(
    {
        "tracked-changes",
        "annotation",
        "annotation-end",
        "table-of-content",
        "sequence-decls",
        "forms",
        "note",
        "alphabetical-index",
        "illustration-index",
        "table-index",
        "object-index",
        "user-index",
        "text-box",
        "ruby-text",
    }
)
_CONTENTS = tuple(
    f"{{*}}{name}" for name in ("table-of-content", "illustration-index", "table-index", "object-index", "user-index")
)
_KINDS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_MOST_STYLES = 20  # upwards from one to those that it is based on
_MOST_REPEATED = 30  # columns or spaces that stand for one


def read_odt(file: SourceFile) -> list[Document]:
    """The document that a text of LibreOffice holds. Its title is the file's own, else its only highest heading.

    Raises:
        LockedSourceError: where a password is needed.
        DamagedSourceError: for what is no such file, or a broken one.
    """
    archive = Archive(file.data, file.path, kind="ODT")
    if "content.xml" not in archive:
        raise archive.damaged("it has no text")
    about = _about(archive)
    root = archive.xml("content.xml")
    body = root.find("{*}body/{*}text")
    body = root if body is None else body
    highest = [each for each in body.iter("{*}h") if _attribute(each, "outline-level") in {"", "1"}]
    given = about.title or (None if len(highest) < 2 else "")
    writer = _Odt(archive, root, given)
    writer.write(body)
    if not writer.text.pieces and (hidden := writer.left_out["hidden"]):
        writer = _Odt(archive, root, given, shows_hidden=True)
        writer.write(body)
        file.note_all_hidden(hidden)
    writer.text.end_section()
    for why, count in writer.left_out.items():
        file.leave_out(count, f"word, {why}")
    file.leave_out(sum(1 for _ in body.iter("{*}annotation")), "comment")
    file.leave_out(sum(1 for _ in body.iter("{*}image")), "picture", is_told=False)
    file.leave_out(writer.charts, "chart")
    contents = sum(1 for each in body.iter(*_CONTENTS) for _ in each.iter("{*}p"))
    file.leave_out(contents, "line of a table of contents")
    only = writer.line(highest[0]) if len(highest) == 1 else ""
    title = about.title or only or file.name
    return [writer.text.document(file, About(title=title, authors=about.authors, updated=about.updated))]


class _Odt:
    """The text of a file as it is written."""

    def __init__(
        self, archive: Archive, root: etree._Element, title: str | None, *, shows_hidden: bool = False
    ) -> None:
        roots = [*([archive.xml("styles.xml")] if "styles.xml" in archive else []), root]
        self._archive = archive
        self._shows_hidden = shows_hidden
        self.charts = 0  # that are left out
        self.text = PlainText(title)
        self.left_out: Counter[str] = Counter()
        self._styles = {
            _attribute(each, "name"): each for root in roots for each in root.iter("{*}style", "{*}list-style")
        }
        self._looks: dict[str, Mapping[str, str]] = {}
        self._outline = [each for root in roots for each in root.iter("{*}outline-level-style")]
        self._counts = [0] * 10  # of the headings of each level
        self._last: dict[str, int] = {}  # the number behind the last of a list that begins with it, by its style

    def write(self, parent: etree._Element) -> None:
        for child in parent:
            match local_name(child):
                case "h" | "p" if why := self._why_unseen(self._look(_attribute(child, "style-name"))):
                    self.left_out[why] += len("".join(child.itertext()).split())
                case "h":
                    level = _attribute(child, "outline-level")
                    number = int(level) if level.isdecimal() and 0 < int(level) < 10 else 1
                    line = self.line(child)
                    self.text.write_heading(number, f"{self._number_of_heading(child, number)}{line}" if line else "")
                case "p":
                    line = self.line(child)
                    if "?" in line and (asked := self._bold_question(child, line)):
                        self.text.write_question(asked)
                        line = line[len(asked) :].strip()
                    self.text.write_block("paragraph", line)
                    for box in child.iter("{*}text-box"):
                        if next(box.iterancestors("{*}p")) is child:
                            self.write(box)
                case "numbered-paragraph":
                    its_number = " ".join((child.findtext("{*}number") or "").split())
                    said = " ".join(self.line(each) for each in child if local_name(each) in {"p", "h"})
                    self.text.write_block("list", f"{its_number} {said}".strip())
                case "list":
                    self.text.write_block("list", "\n".join(self._items(child, 0, _attribute(child, "style-name"))))
                case "table":
                    self.text.write_table(list(self._rows(child)))
                case name if name and (name == "text-box" or name not in _DROPPED):
                    self.write(child)

    def line(self, element: etree._Element) -> str:
        """The text of a paragraph, with a line for each forced break."""
        lines = without_invisible(plain("".join(self._pieces(element)))).split("\n")
        return "\n".join(shown for line in lines if (shown := " ".join(line.split())))

    def _pieces(self, parent: etree._Element) -> Iterator[str]:
        yield (parent.text or "").replace("\n", " ")
        for child in parent:
            name = local_name(child)
            if name == "s":
                yield " " * min(int(count) if (count := _attribute(child, "c")).isdecimal() else 1, _MOST_REPEATED)
            elif name == "tab":
                yield " "
            elif name == "line-break":
                yield "\n"
            elif name == "note":
                yield self._note(child)
            elif name == "hidden-text" and not self._shows_hidden:
                self.left_out["hidden"] += len("".join(child.itertext()).split())
            elif name == "span":
                yield self._span(child)
            elif name == "object":
                yield self._object(child)
            elif name and name not in _DROPPED:
                yield from self._pieces(child)
            yield (child.tail or "").replace("\n", " ")

    def _span(self, span: etree._Element) -> str:
        said = "".join(self._pieces(span))
        look = self._look(_attribute(span, "style-name"))
        if why := self._why_unseen(look):
            self.left_out[why] += len(said.split())
            return ""
        place = look.get("text-position", "")
        return (
            marked_raised(said)
            if place.startswith("super") or (place[:1].isdecimal() and not place.startswith("0"))
            else marked_lowered(said)
            if place.startswith(("sub", "-"))
            else said
        )

    def _look(self, style: str) -> Mapping[str, str]:
        """What a style, or one that it is based on, says of its letters."""
        if style not in self._looks:
            found: dict[str, str] = {}
            name = style
            for _ in range(_MOST_STYLES):
                element = self._styles.get(name)
                if element is None:
                    break
                properties = element.find("{*}text-properties")
                said = properties.attrib.items() if properties is not None else ()
                found = {str(key).rpartition("}")[2]: str(value) for key, value in said} | found
                name = _attribute(element, "parent-style-name")
            self._looks[style] = found
        return self._looks[style]

    def _why_unseen(self, look: Mapping[str, str]) -> str:
        """Why letters of a look are left out; empty where they are not."""
        if look.get("text-line-through-style", "none") != "none":
            return "struck out"
        return "hidden" if look.get("display") == "none" and not self._shows_hidden else ""

    def _number_of_heading(self, heading: etree._Element, level: int) -> str:
        """The number that the outline's style gives a heading, with what stands around it."""
        style = next((each for each in self._outline if _attribute(each, "level") == str(level)), None)
        if style is None or _attribute(heading, "is-list-header") == "true" or not _attribute(style, "num-format"):
            return ""
        self._counts[level] += 1
        self._counts[level + 1 :] = [0] * (len(self._counts) - level - 1)
        shown = _attribute(style, "display-levels")
        first = level - (int(shown) if shown.isdecimal() and 0 < int(shown) <= level else 1) + 1
        kind = _KINDS.get(_attribute(style, "num-format"), "decimal")
        numbers = ".".join(
            counted(self._counts[each], kind if each == level else "decimal") for each in range(first, level + 1)
        )
        return f"{_attribute(style, 'num-prefix')}{numbers}{_attribute(style, 'num-suffix')} "

    def _bold_question(self, paragraph: etree._Element, line: str) -> str:
        """The question in bold type that a paragraph is or begins with, by its own style or those of its parts."""
        if self._look(_attribute(paragraph, "style-name")).get("font-weight") == "bold":
            return line if is_question(line) else ""
        bold: list[str] = []
        if not (paragraph.text or "").strip():
            for part in paragraph:
                is_bold = self._look(_attribute(part, "style-name")).get("font-weight") == "bold"
                said = "".join(part.itertext())
                if said.strip() and not is_bold:
                    break
                bold.append(said)
                if (part.tail or "").strip():
                    break
        asked = " ".join(without_invisible("".join(bold)).split())
        return asked if asked and is_question(asked) and line.startswith(asked) else ""

    def _object(self, place: etree._Element) -> str:
        """What is embedded: a formula in a line; of a chart and the like nothing, but that is counted."""
        inside = next((each for each in place if local_name(each) == "math"), None)
        name = f"{_attribute(place, 'href').removeprefix('./').rstrip('/')}/content.xml"
        if inside is None and name in self._archive:
            found = self._archive.xml(name)
            inside = found if local_name(found) == "math" else None
        if inside is None:
            self.charts += 1
            return ""
        return formula(inside)

    def _note(self, note: etree._Element) -> str:
        citation, body = note.find("{*}note-citation"), note.find("{*}note-body")
        label = "".join(citation.itertext()).strip() if citation is not None else ""
        said = " ".join(self.line(each) for each in body.iter("{*}p")) if body is not None else ""
        if not label or not said.strip():
            return ""
        self.text.footnotes.append((label, " ".join(said.split()), ()))
        return f"[^{label}]"

    def _items(self, element: etree._Element, depth: int, style: str) -> Iterator[str]:
        kind, suffix, number = self._numbers(style, depth)
        if not depth and (_attribute(element, "continue-numbering") == "true" or _attribute(element, "continue-list")):
            number = self._last.get(style, number)
        for item in element:
            if local_name(item) not in {"list-item", "list-header"}:
                continue
            start = _attribute(item, "start-value")
            number = int(start) if start.isdecimal() and len(start) < 6 else number
            bullet = f"{counted(number, kind)}{suffix} " if kind else "- "
            bullet = bullet if local_name(item) == "list-item" else ""
            is_first = True
            for child in item:
                if local_name(child) == "list":
                    yield from self._items(child, depth + 1, _attribute(child, "style-name") or style)
                elif local_name(child) in {"p", "h"} and (line := self.line(child)):
                    yield f"{'  ' * depth}{bullet}{line}" if is_first else line
                    is_first = False
                elif local_name(child) == "table":
                    yield from self._rows(child)
            number += local_name(item) == "list-item"
            if not depth:
                self._last[style] = number

    def _numbers(self, style: str, depth: int) -> tuple[str, str, int]:
        """The kind of a list's numbers at a depth, what stands behind each, and the first; no kind for bullets."""
        element = self._styles.get(style)
        for level in element if element is not None else ():
            if _attribute(level, "level") == str(depth + 1) and local_name(level) == "list-level-style-number":
                start = _attribute(level, "start-value")
                kind = _KINDS.get(_attribute(level, "num-format"), "")
                return (
                    kind,
                    _attribute(level, "num-suffix") or ".",
                    int(start) if start.isdecimal() and len(start) < 6 else 1,
                )
        return "", "", 1

    def _rows(self, table: etree._Element) -> Iterator[str]:
        rows = Rows()
        for row in _rows_of(table):
            cells: list[Cell] = []
            for cell in row:
                if local_name(cell) == "table-cell":
                    text = " ".join(self._within(cell)).strip()
                    said = {str(key).rpartition("}")[2]: str(value) for key, value in cell.attrib.items()}
                    columns, below = _count(said, "number-columns-spanned"), _count(said, "number-rows-spanned")
                    cells += [Cell(text, columns, below)] * min(_count(said, "number-columns-repeated"), _MOST_REPEATED)
            line = rows.line(cells)
            repeated = _attribute(row, "number-rows-repeated")
            for _ in range(min(_count({"": repeated}, ""), _MOST_REPEATED) if line else 0):
                yield line

    def _within(self, cell: etree._Element) -> Iterator[str]:
        """The lines of a cell; a table in it has no bars, which would be taken for those around it."""
        for child in cell:
            match local_name(child):
                case "p" | "h":
                    yield " ".join(self.line(child).split())
                case "list":
                    yield from map(str.strip, self._items(child, 0, _attribute(child, "style-name")))
                case "table":
                    inner = (row.removeprefix("| ").removesuffix(" |").replace(" | ", " ") for row in self._rows(child))
                    yield "; ".join(inner)
                case name if name and name not in _DROPPED:
                    yield from self._within(child)


def _rows_of(table: etree._Element) -> Iterator[etree._Element]:
    """The rows of a table, and of none within it."""
    for child in table:
        if local_name(child) == "table-row":
            yield child
        elif local_name(child) in {"table-header-rows", "table-rows", "table-row-group"}:
            yield from _rows_of(child)


def _count(attributes: Mapping[str, str], name: str) -> int:
    """A number that one of several attributes says, at least 1."""
    said = attributes.get(name, "")
    return max(int(said), 1) if said.isdecimal() and len(said) < 6 else 1


def _attribute(element: etree._Element, name: str) -> str:
    return next((str(value) for key, value in element.attrib.items() if str(key).rpartition("}")[2] == name), "")


def _about(archive: Archive) -> About:
    if "meta.xml" not in archive:
        return About()
    said = {
        local_name(each): " ".join((each.text or "").split()) for each in archive.xml("meta.xml").iter(etree.Element)
    }
    author = said.get("initial-creator") or said.get("creator") or ""
    return About(
        title=said_title(said.get("title", "")),
        authors=people([author]),
        updated=saved_on(said.get(name, "") for name in ("date", "creation-date")),
    )
