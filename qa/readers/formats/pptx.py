"""PPTX, PowerPoint's own format, to a Document: each slide a section under its title, and a page of its own.

Lists, tables, text boxes and the speaker's notes are read in the order of the file; masters, charts, pictures and what
a slide repeats of its layout, as its number and foot, are left out. Hidden slides are read, and told.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from qa.model import Document
from qa.readers.formats.archives import Archive, local_name, office_archive
from qa.readers.formats.docx import about_office
from qa.readers.formats.numbering import counted
from qa.readers.formats.scripts import marked_lowered, marked_raised, plain
from qa.readers.formats.tables import Cell, Rows
from qa.readers.formats.writing import PlainText, SourceFile, without_invisible

__all__ = ["parts_related", "read_pptx"]

_MAIN = "ppt/presentation.xml"
_MOST_SLIDES = 5000
_TITLES = frozenset({"title", "ctrTitle"})
_REPEATED = frozenset({"sldNum", "dt", "ftr", "hdr", "sldImg"})
_LISTED = frozenset({"body", "obj", "", "subTitle"})  # kinds of places for text whose paragraphs are items of a list


def read_pptx(file: SourceFile) -> list[Document]:
    """The document that a presentation is. Its title is the file's own, else that of its first slide.

    Raises:
        LockedSourceError: where a password is needed.
        DamagedSourceError: for what is no such file, or a broken one.
    """
    archive = office_archive(file, kind="PPTX", program="PowerPoint")
    if _MAIN not in archive:
        raise archive.damaged("it has no slides")
    about = about_office(archive)
    text = PlainText(about.title or "")
    starts: list[int] = []
    hidden = struck = pictures = comments = 0
    first: str | None = None
    for name in _slides(archive):
        root = archive.xml(name)
        struck += sum(len("".join(run.itertext("{*}t")).split()) for run in root.iter("{*}r") if _is_struck(run))
        pictures += sum(1 for _ in root.iter("{*}pic", "{*}chart", "{*}relIds"))
        commented = (archive.xml(each) for each in parts_related(archive, name, "/comments"))
        comments += sum(1 for each in commented for _ in each.iter("{*}cm"))
        hidden += root.get("show") in {"0", "false"}
        starts.append(text.length + (2 if text.pieces else 0))
        title = _title(root)
        first = first or title or None
        text.end_section()
        text.write_heading(1, title)
        _write(root, text)
        for notes in parts_related(archive, name, "/notesSlide"):
            said = " ".join(line for shape in _shapes(archive.xml(notes)) for line in _lines(shape))
            text.write_block("paragraph", said)
    file.leave_out(struck, "word, struck out")
    file.leave_out(pictures, "picture", is_told=False)
    file.leave_out(comments, "comment")
    if hidden:
        file.note(f"{hidden:,} {'slide is' if hidden == 1 else 'slides are'} hidden, and read all the same.")
    text.end_section()
    about = replace(about, title=about.title or first or file.name)
    return [text.document(file, about, pages=[min(start, text.length) for start in [0, *starts[1:]]] if starts else ())]


def _slides(archive: Archive) -> Iterator[str]:
    """The names of the slides, in their order."""
    targets = _targets(archive, _MAIN)
    for place in [*archive.xml(_MAIN).iter("{*}sldId")][:_MOST_SLIDES]:
        related = next((value for key, value in place.attrib.items() if str(key).endswith("}id")), "")
        name = targets.get(str(related), ("", ""))[1]
        if name in archive:
            yield name


def parts_related(archive: Archive, name: str, kind: str) -> list[str]:
    """The names of the parts of an office file that a part is related to, of the kind that ends so."""
    return [
        target for its_kind, target in _targets(archive, name).values() if its_kind.endswith(kind) and target in archive
    ]


def _targets(archive: Archive, name: str) -> dict[str, tuple[str, str]]:
    """What a part is related to: the kind and name of each, by its id."""
    folder, base = posixpath.split(name)
    relations = posixpath.join(folder, "_rels", f"{base}.rels")
    if relations not in archive:
        return {}
    return {
        each.get("Id") or "": (
            each.get("Type") or "",
            posixpath.normpath(posixpath.join(folder, each.get("Target") or "")).lstrip("/"),
        )
        for each in archive.xml(relations)
        if each.get("TargetMode") != "External"
    }


def _kind(shape: etree._Element) -> str | None:
    """The kind of place of the layout that a shape fills; None for one of the slide's own."""
    place = shape.find("{*}nvSpPr/{*}nvPr/{*}ph")
    return None if place is None else place.get("type") or ""


def _shapes(root: etree._Element) -> Iterator[etree._Element]:
    return (shape for shape in root.iter("{*}sp") if _kind(shape) not in _REPEATED)


def _title(root: etree._Element) -> str:
    return next((text for shape in _shapes(root) if _kind(shape) in _TITLES and (text := " ".join(_lines(shape)))), "")


def _write(root: etree._Element, text: PlainText) -> None:
    """Write what stands on a slide below its title."""
    for each in root.iter("{*}sp", "{*}tbl"):
        if local_name(each) == "tbl":
            rows = Rows()
            lines = [rows.line(list(_cells(row))) for row in each.iter("{*}tr")]
            text.write_table([line for line in lines if line])
            continue
        kind = _kind(each)
        if kind in _TITLES or kind in _REPEATED:
            continue
        lines = list(_lines(each, is_list=kind in _LISTED))
        if len(lines) > 1 and kind in _LISTED:
            text.write_block("list", "\n".join(lines))
        else:
            for line in lines:
                text.write_block("paragraph", line.strip().removeprefix("- "))


def _cells(row: etree._Element) -> Iterator[Cell]:
    """The cells that begin in a row, with how many columns and rows they take."""
    for cell in row.iter("{*}tc"):
        if not {cell.get("hMerge"), cell.get("vMerge")} & {"1", "true"}:
            spans = [int(n) if (n := cell.get(name) or "").isdecimal() else 1 for name in ("gridSpan", "rowSpan")]
            yield Cell(" ".join(_lines(cell)), *spans)


def _lines(parent: etree._Element, *, is_list: bool = False) -> Iterator[str]:
    """The paragraphs of a shape or cell, each in a line; of a list with its bullet, or the number that it shows."""
    counts: dict[int, int] = {}
    for paragraph in parent.iter("{*}p"):
        written = " ".join(without_invisible(plain("".join(_pieces(paragraph)))).split())
        if not written or not is_list:
            if written:
                yield written
            continue
        properties = paragraph.find("{*}pPr")
        given = (properties.get("lvl") or "0") if properties is not None else "0"
        level = int(given) if re.fullmatch("[0-8]", given) else 0
        numbered = properties.find("{*}buAutoNum") if properties is not None else None
        for deeper in [each for each in counts if each > level or (each == level and numbered is None)]:
            del counts[deeper]
        if numbered is not None:
            start = numbered.get("startAt") or "1"
            first = int(start) if start.isdecimal() and len(start) < 6 else 1
            counts[level] = counts.get(level, first - 1) + 1
            yield f"{'  ' * level}{_number(counts[level], numbered.get('type') or '')} {written}"
        elif properties is not None and properties.find("{*}buNone") is not None:
            yield written
        else:
            yield f"{'  ' * level}- {written}"


def _number(count: int, kind: str) -> str:
    """A number as a list of this kind shows it.

    >>> _number(2, "arabicPeriod"), _number(2, "alphaLcParenBoth"), _number(2, "romanUcParenR")
    ('2.', '(b)', 'II)')
    """
    letters = "Letter" if kind.startswith("alpha") else "Roman" if kind.startswith("roman") else ""
    case = "upper" if "Uc" in kind else "lower"
    number = counted(count, f"{case}{letters}" if letters else "decimal")
    return f"({number})" if kind.endswith("ParenBoth") else f"{number})" if kind.endswith("ParenR") else f"{number}."


def _is_struck(run: etree._Element) -> bool:
    properties = run.find("{*}rPr")
    return properties is not None and (properties.get("strike") or "noStrike") != "noStrike"


def _pieces(paragraph: etree._Element) -> Iterator[str]:
    for run in paragraph.iter("{*}r", "{*}br", "{*}fld"):
        if local_name(run) == "br":
            yield " "
            continue
        properties = run.find("{*}rPr")
        said = "".join(each.text or "" for each in run.iter("{*}t"))
        raised = properties.get("baseline") if properties is not None else None
        if _is_struck(run):
            continue
        is_number = raised is not None and re.fullmatch(r"-?\d{1,6}", raised) is not None
        height = int(raised) if raised and is_number else 0
        yield marked_raised(said) if height > 0 else marked_lowered(said) if height < 0 else said
