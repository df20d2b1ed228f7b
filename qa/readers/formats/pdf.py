"""PDF to a Document: paragraphs, headings, lists and tables out of lines, with the page that each begins on.

The text is what a person would copy and mend: lines of a paragraph joined, words that a line's end divides put
together, ligatures as letters, raised numbers as raised digits, the wrapped lines of a table's cell in the cell, and
what was filled into a form at its place. Text that is turned otherwise than the rest of its page stands in paragraphs
of its own behind it, and once where it repeats, as a stamp on each page does. Left out, and told where it is more than
that, are running heads, feet and page numbers, which repeat at the same place of several pages but for the page's
number; and tables of contents. No page loses all of its text so. Headings are those of the file's
outline, where its lines are found on their pages, else lines in larger or bold type, words in bold type that a
paragraph begins with, and the numbered clauses of a contract.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from statistics import median
from typing import NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium

from qa.errors import DamagedSourceError, LockedSourceError
from qa.model import Document
from qa.readers.formats.defaults import people, said_title, saved_on
from qa.readers.formats.pdf_fonts import use_stand_in
from qa.readers.formats.pdf_forms import filled, with_stamps_alone
from qa.readers.formats.pdf_lines import Line, PageText, lines_of_last, page_text
from qa.readers.formats.writing import About, PlainText, SourceFile, without_invisible
from qa.readers.references.entries import is_bibliography
from qa.text.english import english

__all__ = ["read_pdf"]

_MOST_PAGES = 20_000
_MOST_ENTRIES = 5000  # of an outline
_DEEPEST = 10  # levels of an outline
_FEWEST_LOST = 3  # pieces of text worth a note
_UNKNOWN = 0.2  # share of letters without a meaning above which a page cannot be read

_MARGIN = 0.12  # share of a page's height, at its top and bottom, where running heads stand
_OUTERMOST = 3  # lines of a page that may be running heads, at each end
_SAME_PLACE = 6.0  # points
_FEWEST_HEADS = 3  # pages on which a running head stands; of a short document, 2
_SHORT_DOCUMENT = 5  # pages
_MANY_HEADS = 0.1  # share of the words of a file above which it is told that they are left out

_LARGER = 1.12  # times the body's type size: a heading
_LONGEST_HEADING = 200  # characters
_MOST_HEADING_LINES = 4
_LOOSE_HEADING = 1.65  # times the type size: the distance of the lines of one heading, at most
_MOST_BOLD = 0.3  # share of bold letters above which bold says nothing
_SAME_SIZE = 0.1  # share by which the type of one paragraph differs
_SMALL = 0.93  # times the body's type size, in which notes and captions are set
_MOST_BETWEEN = 10  # notes, captions and tables that interrupt a paragraph
_LOOSE = 1.35  # times the usual distance of lines: between paragraphs
_INDENT = 0.8  # of the type size
_ATTACHED = 1.5  # times the type size: the distance of lines in one paragraph, at most
_MOST_OF_PAGES = 0.6  # share of pages over which the title may stand
_SHORTEST_TITLE = 5  # letters
_FEWEST_ENTRIES, _FEWEST_DOTTED = 2, 5  # of a table of contents: under its heading, and without one
_SHORTEST_HEAD, _LONGEST_HEAD = 3, 80  # characters of the words in bold type that head a paragraph
_FEWEST_WORDS = 8  # of what such a head is over
_LONGEST_CLAUSE = 70  # characters of the heading of a clause
_FEWEST_CLAUSES = 2
_BEGINNINGS = '(0123456789“"'
_WRAPPED = 1.6  # times the type size: the distance of lines in a cell, at most
_LONGEST_WORD = 100  # characters of a line's end that may be the first half of a divided word

_ITEM = re.compile(r"(?P<bullet>[•‣▪*–-])\s|\[(?P<bracket>\d{1,4})\]\s|\(?(?P<number>\d{1,4})[.)]\s")
_LABEL = re.compile(r"\(?(?:[A-Za-z]|[ivxl]{1,5}|\d{1,3}(?:\.\d{1,3}){0,3})[.)]")
_ENDS = re.compile(r"[.?!:;][\"”’')\]]{0,3}(?:\s?\[[\d,; –-]{1,40}\]|[⁰¹²³⁴-⁹⁻,–-]{1,40})?\Z")
_PAGE_NUMBER = re.compile(
    r"(?:page|p\.|seite)?\s*+(?:[-–—|\[(]\s*+)?(?:\d{1,5}|[ivxlc]{1,7})\s*(?:[-–—|\])]|(?:/|of|von)\s*\d{1,5})?",
    re.IGNORECASE,
)
_NUMBER_AT_AN_END = re.compile(r"\A(\d{1,5})(?!\S)|(?<!\S)(\d{1,5})\Z")
_COUNTED = re.compile(r"(?<!\S)\d{1,5}(?!\S)")
_DIGIT, _DIGITS_OF_DATA = re.compile(r"\d"), 3
_YEAR = re.compile(r"\W{0,2}(?:1[89]|20)\d\d\W{0,2}")
_NOT_LETTERS = re.compile(r"[\W_]+")
_LEADER = re.compile(r"(?:[.·•_]\s?){4,400}\s?(?:\d{1,4}|[ivxlc]{1,7})\Z|…\s?…?\s?\d{1,4}\Z", re.IGNORECASE)
_CONTENTS = re.compile(
    r"(?:table of )?contents|index|list of (?:figures|tables)|inhalt(?:sverzeichnis)?|sommaire|table des matières"
    r"|índice|indice|sumário|innehåll|indhold|inhoud(?:sopgave)?",
    re.IGNORECASE,
)
_PAGE_AT_END = re.compile(r"(\d{1,4})\Z")
_ENTRY = re.compile(r"\S\s(?:\d{1,4}|[ivxlc]{1,7})\Z")
_CLAUSE = re.compile(r"(?P<number>\d{1,2}(?:\.\d{1,2}){0,3}\.?)\s+(?P<words>[^\W\d_a-z][^\n]*)")
_ITEM_BELOW = re.compile(r"[•‣▪*]\s")
_NUMBERED_PART = re.compile(
    r"(?:(?:article|section|chapter|part|clause|schedule|annex|appendix)\s+)?(?:\d{1,3}|[ivxl]{1,6}|[a-z])[.):\s–—-]",
    re.IGNORECASE,
)
_NUMBERING = re.compile(r"(?:\d{1,3}\.){0,9}\d{1,3}\.?\s+|[A-Z]\.\s+|[IVX]{1,5}\.\s+")
_DIVIDED = re.compile(r"([^\W\d_]+)-\Z")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_FIRST_ASIAN = "\u2e80"
_UNSPACED = re.compile("[\u2e80-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]")  # no spaces
_DATE = re.compile(r"D:(\d{4})(\d{2})(\d{2})")
_NAMES = re.compile(r"(?:(?<!\s)\s++)?(?:;|\band\b|&)\s*")

_pdfium = threading.Lock()  # it is not made for threads


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """An entry of the outline: what it is called, how deep it lies (from 0), and its page, counted from 0."""

    title: str
    level: int
    page: int


@dataclass(slots=True)
class _Paragraph:
    """Lines that belong together. `level` is that of a heading, from 1, or 0; `rows` are the numbers of the rows that
    the lines of a table belong to. What `is_turned` otherwise than its page stands apart from what is around it."""

    kind: str
    lines: list[Line]
    level: int = 0
    rows: list[int] = field(default_factory=list)
    is_turned: bool = False


def read_pdf(file: SourceFile) -> list[Document]:
    """The document that a PDF holds. A page without text, as a scanned one, is noted, and begins where the next does.

    Its title is the file's own, else the text in the largest type on its first page with text, where nothing else is
    set so, else what heads most of its pages.

    Raises:
        LockedSourceError: where a password is needed.
        DamagedSourceError: for what is no PDF, or one that is broken.
    """
    with _pdfium:
        opened = _opened(file)
    pages, about = opened.pages, opened.about
    lines, running = _without_running_heads(pages)
    turned, stamps = _turned(pages)
    _tell_what_is_missing(pages, {line.page + 1 for line in lines + turned} - _bare(pages, running), file.note)
    file.leave_out(opened.others["comments"], "comment")
    file.leave_out(opened.others["not chosen"], "line of a list in a form, not chosen")
    if struck := opened.others["struck out"]:
        file.note(f"{struck:,} {'part is' if struck == 1 else 'parts are'} struck out, and read all the same.")
    heads = stamps + sum(len(page.lines) for page in pages) - len(lines)
    words = sum(len(line.text.split()) for page in pages for line in page.lines)
    are_many = words - sum(len(line.text.split()) for line in lines) > _MANY_HEADS * words
    file.leave_out(heads, "line of running heads and feet", is_told=are_many)
    file.leave_out(sum(page.pictures for page in pages), "picture", is_told=False)
    file.leave_out(sum(page.lost for page in pages), "part in a font that is not in the file", is_told=False)
    unknown = sum(page.unknown for page in pages if _is_garbled(page))
    file.leave_out(unknown, "letter that the file does not name", is_told=False)
    file.leave_out(sum(not page.letters for page in pages), "page without text", is_told=False)
    lines, entries = _without_contents(lines)
    file.leave_out(entries, "line of a table of contents")
    body = _body_size(lines)
    lines = _with_heads_apart(lines, body)
    headings = _outlined(lines, opened.entries) or _set_as_headings(lines, body)
    paragraphs = _joined_around_notes(list(_paragraphs(lines, headings, body)), body)
    title = about.title or _title(paragraphs) or _usual_head(running, len(pages))
    paragraphs, lost = _with_turned(paragraphs, turned, body)
    file.leave_out(lost, "line turned sideways")
    text = PlainText(_as_headed(title, paragraphs))
    join = _Joiner([*lines, *turned])
    begins: dict[int, int] = {}
    is_apart = False
    for paragraph in paragraphs:
        if is_apart or paragraph.is_turned:
            text.end_section()
        is_apart = paragraph.is_turned
        if paragraph.kind == "table":
            rows, on_pages = join.table(paragraph)
            starts = text.write_table(rows)
            places = [(page, starts[row]) for page, row in on_pages]
        else:
            written, within = join.text(paragraph)
            if paragraph.kind == "heading":
                start = text.write_heading(paragraph.level, " ".join(written.split()))
            else:
                start = text.write_block("list" if paragraph.kind == "list" else "paragraph", written)
            places = [(page, start + place) for page, place in within]
        for page, place in places:
            begins.setdefault(page, place)
    text.end_section()
    about = replace(about, title=title or file.name)
    document = text.document(file, about, pages=_starts(begins, len(pages), text.length))
    return [replace(document, page_labels=opened.labels) if opened.labels else document]


class _Opened(NamedTuple):
    """What a file holds: its pages, the entries of its outline, what it says of itself, what its pages are called, if
    not by their numbers, and how much of other kinds is on them."""

    pages: list[PageText]
    entries: list[_Entry]
    about: About
    labels: tuple[str, ...]
    others: Counter[str]


def _opened(file: SourceFile) -> _Opened:
    use_stand_in()
    try:
        pdf = pypdfium2.PdfDocument(file.data)
    except pypdfium2.PdfiumError as error:
        code = getattr(error, "err_code", None)
        if code == pdfium.FPDF_ERR_PASSWORD:
            raise LockedSourceError(file.path, reason="it opens only with a password") from None
        if code == pdfium.FPDF_ERR_SECURITY:
            raise LockedSourceError(file.path, reason="its protection is of an unknown kind") from None
        raise DamagedSourceError(file.path, kind="PDF", reason="it is not one, or it is broken") from None
    try:
        with suppress(pypdfium2.PdfiumError):  # its text is read without the form
            pdf.init_forms()
        count = len(pdf)
        if not 0 < count <= _MOST_PAGES:
            raise DamagedSourceError(file.path, kind="PDF", reason=f"it has {count:,} pages, not 1 to {_MOST_PAGES:,}")
        others: Counter[str] = Counter()
        pages = [_page(pdf, number, others) for number in range(count)]
        return _Opened(pages, list(_outline(pdf, count)), _about(pdf), _labels(pdf, count), others)
    finally:
        pdf.close()


def _labels(pdf: pypdfium2.PdfDocument, count: int) -> tuple[str, ...]:
    """What the pages are called; nothing where that is their numbers."""
    labels = tuple(" ".join(without_invisible(pdf.get_page_label(number)).split())[:40] for number in range(count))
    is_counted = all(label in ("", str(number)) for number, label in enumerate(labels, start=1))
    return () if is_counted else labels


def _page(pdf: pypdfium2.PdfDocument, number: int, others: Counter[str]) -> PageText:
    """The text of a page; of one that cannot be opened, none."""
    stamps = others["stamps"]
    with _opened_page(pdf, number) as (page, textpage):
        if not textpage:
            return PageText(lines=(), height=1.0, letters=0)
        found = page_text(page, textpage, number, placed=filled(pdf, page, others))
        if others["stamps"] == stamps:
            return found
        objects = pdfium.FPDFPage_CountObjects(page)
        if not with_stamps_alone(pdf, page):
            return found
    with _opened_page(pdf, number) as (page, textpage):
        lines = lines_of_last(page, textpage, number, first=objects) if textpage else ()
    first = max((line.column for line in (*found.lines, *found.turned)), default=-1) + 1
    return replace(
        found,
        turned=(*found.turned, *(replace(line, column=first + line.column) for line in lines)),
        letters=found.letters or sum(len(line.text) for line in lines),
    )


@contextmanager
def _opened_page(
    pdf: pypdfium2.PdfDocument, number: int
) -> Iterator[tuple[pdfium.FPDF_PAGE | None, pdfium.FPDF_TEXTPAGE | None]]:
    """A page with its text; None for what cannot be opened."""
    page = pdfium.FPDF_LoadPage(pdf, number)
    textpage = pdfium.FPDFText_LoadPage(page) if page else None
    try:
        yield page, textpage
    finally:
        if textpage:
            pdfium.FPDFText_ClosePage(textpage)
        if page:
            pdfium.FPDF_ClosePage(page)


def _outline(pdf: pypdfium2.PdfDocument, count: int) -> Iterator[_Entry]:
    """The entries of the outline that point to a page, in order; what leads round in circles is followed once."""
    seen: set[int] = set()
    waiting = [(pdfium.FPDFBookmark_GetFirstChild(pdf, None), 0)]
    while waiting and len(seen) < _MOST_ENTRIES:
        bookmark, level = waiting.pop()
        if not bookmark or (address := pdfium.ctypes.addressof(bookmark.contents)) in seen:
            continue
        seen.add(address)
        entry = pypdfium2.PdfBookmark(bookmark, pdf, level)
        destination = entry.get_dest()
        page = destination.get_index() if destination else None
        title = " ".join(without_invisible(entry.get_title() or "").split())
        if title and page is not None and 0 <= page < count:
            yield _Entry(title=title, level=level, page=page)
        waiting.append((pdfium.FPDFBookmark_GetNextSibling(pdf, bookmark), level))
        if level < _DEEPEST:
            waiting.append((pdfium.FPDFBookmark_GetFirstChild(pdf, bookmark), level + 1))


def _about(pdf: pypdfium2.PdfDocument) -> About:
    said = {key: " ".join(without_invisible(pdf.get_metadata_value(key) or "").split()) for key in _FIELDS}
    days = (_DATE.match(said[key]) for key in ("ModDate", "CreationDate"))
    return About(
        title=said_title(said["Title"]),
        authors=people(_NAMES.split(said["Author"])),
        updated=saved_on("-".join(each.groups()) for each in days if each),
        keywords=tuple(part.strip() for part in re.split("[,;]", said["Keywords"]) if part.strip()),
    )


_FIELDS = ("Title", "Author", "Keywords", "CreationDate", "ModDate")


def _tell_what_is_missing(pages: Sequence[PageText], said: Set[int], note: Callable[[str], None]) -> None:
    """Note what of the pages is not read; `said` are those of which something is left without running heads."""
    empty = [number for number, page in enumerate(pages, start=1) if not page.letters]
    garbled = [number for number, page in enumerate(pages, start=1) if _is_garbled(page)]
    lost = [number for number, page in enumerate(pages, start=1) if page.lost >= _FEWEST_LOST]
    bare = [number for number, page in enumerate(pages, start=1) if page.letters and number not in said]
    if bare:
        note(f"{_numbered(bare)} nothing but a running head or a number, as scanned pages may: is there more to read?")
    if empty:
        note(f"{_numbered(empty)} no text, as a blank or scanned page has none: text recognition (OCR) adds it.")
    if garbled:
        unknown = sum(pages[number - 1].unknown for number in garbled)
        note(f"{_numbered(garbled)} {unknown:,} letters that the file does not name: text recognition (OCR) may help.")
    if lost:
        note(f"{_numbered(lost)} text in a font that the file does not hold, which is left out: OCR may help.")


def _is_garbled(page: PageText) -> bool:
    return page.unknown > _UNKNOWN * max(page.letters, 1)


def _numbered(pages: Sequence[int]) -> str:
    """Page numbers in words, with runs as ranges: `pages 1-3, 7 have`."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][1] + 1:
            runs[-1][1] = page
        else:
            runs.append([page, page])
    shown = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
    return f"page {shown} has" if len(pages) == 1 else f"pages {shown} have"


# Running heads


def _without_running_heads(pages: Sequence[PageText]) -> tuple[list[Line], list[Line]]:
    """The lines of all pages but for what repeats at the same place of their margins, and numbers of pages there; and
    what repeats.

    Lines that differ in their numbers are content, unless the number is that of the page. A line right above or below
    text in its own type is a part of that. Where half of the text or more is left out so, or all of a page, nothing is.
    """
    body = _body_size([line for page in pages for line in page.lines])
    outer = [_outer_lines(page) for page in pages]
    fewest = 2 if len(pages) <= _SHORT_DOCUMENT else _FEWEST_HEADS
    dropped: dict[int, Line] = {}
    repeated = _repeated(outer, body, fewest)
    for page in pages:
        heads = {id(line) for line, below in pairwise(page.lines) if id(line) in repeated and _is_over(line, below)}
        dropped |= {id(line): line for line in page.lines if id(line) in repeated and id(line) not in heads}
    for group in _attached(pages, repeated):
        for each in group:
            dropped.pop(each, None)
    running = list(dropped.values())
    numbers: dict[int, Line] = {}
    counted: dict[
        int, dict[int, Line]
    ] = {}  # lines that begin or end with a number, by how far it is from their page's
    for page, lines in zip(pages, outer, strict=True):
        inner = [line.y for line in page.lines if id(line) not in dropped]
        for line, _ in lines:
            if len(pages) > 1 and inner and line.y in (min(inner), max(inner)) and line.size < _LARGER * body:
                if _PAGE_NUMBER.fullmatch(line.text):
                    numbers[id(line)] = line
                for found_number in _NUMBER_AT_AN_END.finditer(line.text):
                    counted.setdefault(int(found_number[0]) - line.page, {})[id(line)] = line
    for numbered in counted.values():
        dropped |= numbered if len(numbered) >= fewest else {}
    letters = sum(len(line.text) for page in pages for line in page.lines)
    for line in _with_data(pages, running) if len(pages) <= _SHORT_DOCUMENT else ():
        if not any(id(line) in each for each in counted.values() if len(each) >= fewest):
            dropped.pop(id(line), None)
    if 2 * sum(len(line.text) for line in dropped.values()) >= letters:
        dropped, running = {}, []
    found: list[Line] = []
    for page in pages:
        kept = [line for line in page.lines if id(line) not in dropped and id(line) not in numbers]
        found += kept or [line for line in page.lines if not _PAGE_NUMBER.fullmatch(line.text)]
    return found, running


def _with_data(pages: Sequence[PageText], running: Sequence[Line]) -> Iterator[Line]:
    """Of the lines that repeat on the few pages of a letter or an invoice, those that hold its number, an address or
    the like, the first time: they stand nowhere else. Of two pages, all: one may be the other's copy."""
    known: set[str] = set()
    repeated = {id(line) for line in running}
    for page in pages:
        for line in page.lines:
            if id(line) in repeated and line.text not in known and not _PAGE_NUMBER.fullmatch(line.text):
                known.add(line.text)
                if (
                    len(pages) == 2
                    or any(
                        len(_DIGIT.findall(word)) >= _DIGITS_OF_DATA and not _YEAR.fullmatch(word)
                        for word in line.text.split()
                    )
                    or "@" in line.text
                ):
                    yield line


def _is_over(line: Line, below: Line) -> bool:
    """Whether a line is the row above another one of a table, as its head is on each page of that."""
    return len(line.edges) == len(below.edges) > 1 and all(
        min(abs(a[0] - b[0]), abs(a[1] - b[1]), abs(sum(a) - sum(b)) / 2) <= _SAME_PLACE
        for a, b in zip(line.edges, below.edges, strict=True)
    )


def _repeated(outer: Sequence[Sequence[tuple[Line, bool]]], body: float, fewest: int) -> dict[int, tuple[str, bool]]:
    """The outer lines that repeat at the same place of several pages, each with what it is known by."""
    alike: dict[tuple[str, bool], list[Line]] = {}
    for lines in outer:
        for line, is_top in lines:
            name = line.text if line.size >= _LARGER * body else _COUNTED.sub("#", line.text)
            alike.setdefault((name.lower(), is_top), []).append(line)
    found: dict[int, tuple[str, bool]] = {}
    for known, group in alike.items():
        for same in _same_but_for_pages(group, fewest):
            places = sorted(line.y for line in same)
            for line in same:
                near = bisect_right(places, line.y + _SAME_PLACE) - bisect_right(places, line.y - _SAME_PLACE)
                if near >= fewest:
                    found[id(line)] = known
    return found


def _same_but_for_pages(lines: Sequence[Line], fewest: int) -> Iterator[list[Line]]:
    """Lines that read the same but for their numbers, parted by those numbers that do not count the pages."""
    numbers = [[int(each) for each in _COUNTED.findall(line.text)] for line in lines]
    if not numbers[0] or len({len(each) for each in numbers}) > 1:
        yield list(lines)
        return
    offsets = []  # of each number that counts pages, how far it usually is from the page's
    for place in range(len(numbers[0])):
        usual, count = Counter(each[place] - line.page for each, line in zip(numbers, lines, strict=True)).most_common(
            1
        )[0]
        offsets.append(usual if count >= max(fewest, len(lines) / 2) else None)
    parted: dict[tuple[int | None, ...], list[Line]] = {}
    for each, line in zip(numbers, lines, strict=True):
        key = tuple(
            None if offset is not None and number - line.page == offset else number
            for number, offset in zip(each, offsets, strict=True)
        )
        parted.setdefault(key, []).append(line)
    yield from parted.values()


def _attached(pages: Sequence[PageText], repeated: Mapping[int, tuple[str, bool]]) -> list[list[int]]:
    """The repeated lines that are on most of their pages a part of the text: right above or below it, in its type."""
    groups: dict[tuple[str, bool], list[int]] = {}
    for number, name in repeated.items():
        groups.setdefault(name, []).append(number)
    found: list[list[int]] = []
    while True:
        loose = {number for group in found for number in group}
        touching: Counter[tuple[str, bool]] = Counter()
        for page in pages:
            lines = sorted(page.lines, key=lambda line: line.y)
            for above, below in pairwise(lines):
                if above.size != below.size or below.y - above.y > _ATTACHED * above.size:
                    continue
                names = [repeated.get(id(each)) if id(each) not in loose else None for each in (above, below)]
                if names[0] and names[0][1] and not names[1]:
                    touching[names[0]] += 1
                if names[1] and not names[1][1] and not names[0]:
                    touching[names[1]] += 1
        more = [groups[name] for name, count in touching.items() if 2 * count >= len(groups[name])]
        if not more:
            return found
        found += more


def _bare(pages: Sequence[PageText], running: Sequence[Line]) -> set[int]:
    """The numbers of the pages, from 1, that hold nothing but a running head or a page's number."""
    heads = {id(line) for line in running}
    return {
        number
        for number, page in enumerate(pages, start=1)
        if all(id(line) in heads or _PAGE_NUMBER.fullmatch(line.text) for line in page.lines)
    }


def _usual_head(running: Sequence[Line], count: int) -> str | None:
    """What stands above most pages, and so is the title where the file says no other."""
    heads = Counter(line.text for line in running if sum(map(str.isalpha, line.text)) >= _SHORTEST_TITLE)
    for head, number in heads.most_common(1):
        if count >= _FEWEST_HEADS and number >= _MOST_OF_PAGES * count:
            return head
    return None


def _outer_lines(page: PageText) -> list[tuple[Line, bool]]:
    """The outermost lines in the margins of a page, and whether they are in the upper one."""
    lines = sorted(page.lines, key=lambda line: line.y)
    top = [(line, True) for line in lines[: 2 * _OUTERMOST] if line.y <= _MARGIN * page.height]
    bottom = [(line, False) for line in lines[-2 * _OUTERMOST :] if line.y >= (1 - _MARGIN) * page.height]
    return top[:_OUTERMOST] + bottom[-_OUTERMOST:]


# Tables of contents


def _without_contents(lines: Sequence[Line]) -> tuple[list[Line], int]:
    """The lines without the tables of contents, and how many lines these have: those that end with the number of a page
    under a heading that says so, or behind rows of dots where the numbers rise, as the prices of a list do not."""
    entries: set[int] = set()
    run: list[int] = []  # lines with dots that follow one another, but for a line between

    def end_run() -> None:
        pages = [int(found[1]) for number in run if (found := _PAGE_AT_END.search(lines[number].text))]
        is_rising = len(pages) >= _FEWEST_DOTTED and all(a <= b for a, b in pairwise(pages))
        if is_rising and pages[-1] <= 2 * (lines[-1].page + 1) + _FEWEST_DOTTED:
            entries.update(run)
        run.clear()

    for number, line in enumerate(lines):
        if _CONTENTS.fullmatch(line.text):
            entries.update(_entries_below(lines, number))
        if _LEADER.search(line.text):
            if run and number - run[-1] > 2:
                end_run()
            run.append(number)
    end_run()
    for number in sorted(entries):  # the first line of an entry in two
        before = number - 1
        is_between = before - 1 in entries and before not in entries and lines[before].page == lines[number].page
        if is_between and not _ENDS.search(lines[before].text):
            entries.add(before)
    if 2 * sum(len(lines[number].text) for number in entries) > sum(len(line.text) for line in lines):
        return list(lines), 0
    return [line for number, line in enumerate(lines) if number not in entries], len(entries)


def _entries_below(lines: Sequence[Line], heading: int) -> list[int]:
    """The heading of a table of contents and the lines below it that are its entries; none where they are too few."""
    found = [heading]
    last = heading
    for number in range(heading + 1, len(lines)):
        line = lines[number]
        if line.page > lines[last].page + 1 or number - last > 2:
            break
        if _ENTRY.search(line.text) or _LEADER.search(line.text):
            found += range(last + 1, number + 1)
            last = number
    return found if len(found) > _FEWEST_ENTRIES else []


# Headings


def _with_heads_apart(lines: Sequence[Line], body: float) -> list[Line]:
    """The lines, of which the words in bold type that a paragraph begins with are lines of their own, where they are
    set as a heading is: capital first, and a sentence behind them."""
    letters = sum(len(line.text) for line in lines)
    if sum(len(line.text) if line.is_bold else line.bold for line in lines) > _MOST_BOLD * letters:
        return list(lines)
    found: list[Line] = []
    for number, line in enumerate(lines):
        end = _end_of_bold(line) if line.bold and not line.is_bold and len(line.cells) == 1 else 0
        head, rest = line.text[:end].strip(), line.text[end:].strip()
        above = lines[number - 1] if number else None
        below = lines[number + 1] if number + 1 < len(lines) else None
        is_apart = (
            above is None
            or (above.page, above.column) != (line.page, line.column)
            or line.y - above.y > 1.4 * body
            or (_ENDS.search(above.text) is not None and _ends_short(above))
        )
        goes_on = below is not None and below.page == line.page and below.y - line.y <= 2 * line.size
        words = len(rest.split()) + (len(below.text.split()) if goes_on and below else 0)
        if (
            is_apart
            and _SHORTEST_HEAD <= len(head) <= _LONGEST_HEAD
            and (head[0].isupper() or head[0].isdigit())
            and head[-1] not in ",;:("
            and sum(map(str.isalpha, head)) > 1
            and (rest[0].isupper() or rest[0].isdigit() or (head[-1] in ".?" and rest[0] in '“"('))
            and words >= _FEWEST_WORDS
        ):
            edge = line.edges[0] if line.edges else (line.x, line.right)
            found.append(
                replace(
                    line, text=head, cells=(head,), right=line.lead, edges=((edge[0], line.lead),), is_bold=True, bold=0
                )
            )
            found.append(replace(line, text=rest, cells=(rest,), x=line.lead, edges=((line.lead, edge[1]),), bold=0))
        else:
            found.append(line)
    return found


def _end_of_bold(line: Line) -> int:
    """Where in a line's text the characters in bold type end that it begins with."""
    left = line.bold
    for place, letter in enumerate(line.text):
        if left == 0 and not letter.isspace():
            return place
        left -= not letter.isspace()
    return 0


def _body_size(lines: Sequence[Line]) -> float:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    return max(sizes, key=lambda size: (sizes[size], -size), default=0.0)


def _outlined(lines: Sequence[Line], entries: Sequence[_Entry]) -> dict[int, int]:
    """Which lines, by their number, are headings by the outline, and of what level; none where it names hardly any."""
    by_page: dict[int, list[int]] = {}
    for number, line in enumerate(lines):
        by_page.setdefault(line.page, []).append(number)
    found: dict[int, int] = {}
    matched = 0
    for entry in entries:
        wanted = _plain(entry.title)
        place = next(
            (run for page in (entry.page, entry.page + 1) for run in _runs(lines, by_page.get(page, []), wanted)
             if not found.keys() & set(run)), None
        )  # fmt: skip
        if place:
            matched += 1
            found.update(dict.fromkeys(place, entry.level + 1))
    if 2 * matched < len(entries) or not matched:
        return {}
    title = _first_largest(lines)
    if title and not found.keys() & set(title):
        found = {number: level + 1 for number, level in found.items()} | dict.fromkeys(title, 1)
    return found | {n: 1 + bool(title) for n, line in enumerate(lines) if n not in found and is_bibliography(line.text)}


def _first_largest(lines: Sequence[Line]) -> list[int]:
    """The lines in the largest type on the first page with text, where these are few and larger than the body's."""
    if not lines:
        return []
    first = [number for number, line in enumerate(lines) if line.page == lines[0].page]
    largest = max(lines[number].size for number in first)
    found = [number for number in first if lines[number].size >= (1 - _SAME_SIZE) * largest]
    is_title = largest >= _LARGER * _body_size(lines) and len(found) <= _MOST_HEADING_LINES
    return found if is_title and found == list(range(found[0], found[-1] + 1)) else []


def _runs(lines: Sequence[Line], numbers: Sequence[int], wanted: str) -> Iterator[list[int]]:
    """Lines of a page, up to four in a row, that together read as the outline's entry does, but for a numbering."""
    plain = [_plain(lines[number].text) for number in numbers]
    for first, text in enumerate(plain):
        run, last = text, first
        bare = _plain(_NUMBERING.sub("", lines[numbers[first]].text, count=1))
        while True:
            if wanted and wanted in (run, bare):
                yield list(numbers[first : last + 1])
                break
            if not run or not (wanted.startswith(run) or (bare and wanted.startswith(bare))):
                break
            last += 1
            if last >= len(plain) or last - first >= _MOST_HEADING_LINES:
                break
            run, bare = run + plain[last], bare + plain[last]


def _plain(text: str) -> str:
    return _NOT_LETTERS.sub("", text).casefold()


def _set_as_headings(lines: Sequence[Line], body: float) -> dict[int, int]:
    """Which lines, by their number, are set as headings are, and of what level: the larger, the higher."""
    letters = sum(len(line.text) for line in lines)
    bold = sum(len(line.text) for line in lines if line.is_bold)
    styles: dict[int, tuple[float, bool]] = {}
    for run in _same_type(lines):
        first, last = lines[run[0]], lines[run[-1]]
        text = " ".join(lines[number].text for number in run)
        if len(run) > _MOST_HEADING_LINES or len(text) > _LONGEST_HEADING or sum(map(str.isalpha, text)) < 2:
            continue
        is_larger = first.size >= _LARGER * body
        alone = _stands_alone(lines, run, body) and first.size >= (1 - _SAME_SIZE) * body and text[-1] not in ".,;"
        begins = text[0].isupper() or text[0].isdigit()
        is_lead = _is_lead(lines, run[-1])
        is_bold = (
            (is_lead or (alone and begins)) and all(lines[n].is_bold for n in run) and bold <= _MOST_BOLD * letters
        )
        is_named = alone and (is_bibliography(text) or (text.isupper() and len(text) > 3 and len(run) == 1))
        under = lines[run[-1] + 1] if run[-1] + 1 < len(lines) else None
        asks = text.endswith("?") and first.is_bold and under is not None and not under.is_bold
        if (
            ((is_larger and not _ITEM.match(text + " ")) or (is_larger and begins and len(run) <= 2))
            or is_bold
            or is_named
            or asks
        ):
            for number in run:
                styles[number] = (max(first.size, last.size), first.is_bold)
    clauses = {number: depth for number, depth in _clauses(lines, body).items() if number not in styles}
    contents = {number for number in styles if _CONTENTS.fullmatch(lines[number].text)}
    ranks = sorted({style for number, style in styles.items() if number not in contents}, reverse=True)
    found = {number: min(ranks.index(style) + 1, 6) for number, style in styles.items() if number not in contents}
    found |= dict.fromkeys(contents, 6)  # over nothing but itself
    below = max((level for number, level in found.items() if number not in contents), default=0)
    if clauses and not any(_CLAUSE.match(lines[number].text) for number in found):
        below = min(below, 1)
    of_clauses = [level - _depth(clause) for n, level in found.items() if (clause := _CLAUSE.fullmatch(lines[n].text))]
    below = min(of_clauses, default=below)  # those in the text's own type are of the same levels
    return found | {number: min(below + depth, 6) for number, depth in clauses.items()}


def _is_lead(lines: Sequence[Line], number: int) -> bool:
    """Whether a line is the head of a paragraph that goes on in the same line of the page."""
    line = lines[number]
    below = lines[number + 1] if number + 1 < len(lines) else None
    return below is not None and (below.page, below.column, below.y) == (line.page, line.column, line.y)


def _clauses(lines: Sequence[Line], body: float) -> dict[int, int]:
    """Which lines, by their number, are headings of numbered clauses in the type of the text, `1. RENT`, and how deep.

    They are short, end like no sentence, count up, and have text below that is no such line; in a list the next item
    stands there. Those not in capitals need a clause or a paragraph below, `1.1 The tenant pays ...`.
    """
    candidates: list[tuple[int, tuple[int, ...], bool]] = []
    for number, line in enumerate(lines):
        clause = _CLAUSE.fullmatch(line.text)
        if clause is None or len(line.cells) > 2 or line.size < (1 - _SAME_SIZE) * body:
            continue
        words = clause["words"]
        counts = tuple(int(each) for each in clause["number"].rstrip(".").split("."))
        is_loud = words.isupper() and sum(map(str.isalpha, words)) > 2
        if len(words) <= _LONGEST_CLAUSE and words[-1] not in ".,;:" and (is_loud or _ends_short(line)):
            candidates.append((number, counts, is_loud))
    places = {number for number, _, _ in candidates}
    found: dict[int, int] = {}
    for number, counts, is_loud in candidates:
        below = lines[number + 1] if number + 1 < len(lines) else None
        if below is None or (number + 1 in places and not _goes_deeper(lines[number + 1], counts)):
            continue
        begins = below.text[0] in _BEGINNINGS or below.text[0].isupper()
        is_text = is_loud or (begins and len(below.text) > len(lines[number].text))
        if is_text and not _ITEM_BELOW.match(below.text):
            found[number] = len(counts)
    by_depth: dict[int, list[int]] = {}
    for number, counts, _ in candidates:
        if number in found:
            by_depth.setdefault(len(counts), []).append(counts[-1])
    first = by_depth.get(1, [])
    if len(first) < _FEWEST_CLAUSES or any(b - a not in (1, 2) for a, b in pairwise(first)):
        return {}
    return {number: depth for number, depth in found.items() if depth == 1 or lines[number].text[-1] not in ".;"}


def _depth(clause: re.Match[str]) -> int:
    return clause["number"].rstrip(".").count(".") + 1


def _goes_deeper(line: Line, counts: tuple[int, ...]) -> bool:
    """Whether a line is the first clause below one with these numbers."""
    clause = _CLAUSE.fullmatch(line.text)
    return clause is not None and clause["number"].rstrip(".").startswith(".".join(map(str, counts)) + ".")


def _same_type(lines: Sequence[Line]) -> Iterator[list[int]]:
    """Lines that follow one another closely in one type, by their numbers."""
    run: list[int] = []
    for number, line in enumerate(lines):
        last = lines[run[-1]] if run else None
        goes_on = (
            last is not None
            and (last.page, last.column, last.is_bold) == (line.page, line.column, line.is_bold)
            and abs(last.size - line.size) <= 0.05 * line.size
            and _is_right_below(last, line)
        )
        if run and not goes_on:
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def _is_right_below(last: Line, line: Line) -> bool:
    """Whether a line may go on with the heading above: it is close, and does not begin far before that one, as it does
    below a title in the middle."""
    is_out = last.x - line.x > 3 * line.size and abs(last.x + last.right - line.x - line.right) > 2 * line.size
    return 0 < line.y - last.y <= _LOOSE_HEADING * line.size and not is_out


def _stands_alone(lines: Sequence[Line], run: Sequence[int], body: float) -> bool:
    """Whether there is more room above some lines than between the lines of the body, and text below."""
    first, last = lines[run[0]], lines[run[-1]]
    above = lines[run[0] - 1] if run[0] else None
    below = lines[run[-1] + 1] if run[-1] + 1 < len(lines) else None
    is_apart = (
        above is None or above.column != first.column or above.page != first.page or first.y - above.y > 1.4 * body
    )
    return (
        is_apart
        and below is not None
        and (below.is_bold != last.is_bold or below.page != last.page or below.y - last.y > 1.4 * body)
    )


def _title(paragraphs: Sequence[_Paragraph]) -> str | None:
    """The highest heading, if there is but one such, and that on the first page with text; above it stand neither
    sentences nor a heading in type as large."""
    highest = [each for each in paragraphs if each.kind == "heading" and each.level == 1]
    if not highest or highest[0].lines[0].page != paragraphs[0].lines[0].page:
        return None
    title, *others = highest
    if others and not (title is paragraphs[0] and _are_numbered(others) and not _are_numbered([title])):
        return None
    place = paragraphs.index(title)
    if place + 1 < len(paragraphs) and _are_in_one_line(title, paragraphs[place + 1]):
        return None
    for above in paragraphs[:place]:
        is_as_large = above.kind == "heading" and above.lines[0].size >= title.lines[0].size
        if is_as_large or _is_prose(above):
            return None
    return " ".join(line.text for line in title.lines)


def _are_numbered(headings: Sequence[_Paragraph]) -> bool:
    """Whether headings are those of numbered parts, as a contract has them below its title."""
    return all(_NUMBERED_PART.match(each.lines[0].text) for each in headings)


def _are_in_one_line(heading: _Paragraph, text: _Paragraph) -> bool:
    """Whether a heading stands in the line of the text that it heads."""
    last, first = heading.lines[-1], text.lines[0]
    return (last.page, last.column, last.y) == (first.page, first.column, first.y)


def _is_prose(paragraph: _Paragraph) -> bool:
    """Whether a paragraph is a sentence, and not one of the lines of names and dates above a title."""
    text = " ".join(line.text for line in paragraph.lines)
    return paragraph.kind == "text" and text.endswith(".") and len(text.split()) >= _FEWEST_WORDS


def _as_headed(title: str | None, paragraphs: Sequence[_Paragraph]) -> str:
    """The title as a heading has it, where one does; else something that no heading is."""
    headed = _title(paragraphs)
    return headed if title and headed and _plain(headed) in (_plain(title), "") else ""


# Paragraphs


def _paragraphs(lines: Sequence[Line], headings: dict[int, int], body: float) -> Iterator[_Paragraph]:
    """The lines put together: headings, rows of a table, items of a list, and paragraphs."""
    leading = _leading(lines, body)
    rows = _rows_of_tables(lines, headings)
    now: _Paragraph | None = None
    for number, line in enumerate(lines):
        last = now.lines[-1] if now else None
        if number in headings:
            kind, level = "heading", headings[number]
        else:
            kind, level = ("table" if number in rows else "text"), 0
        goes_on = now is not None and last is not None and level == now.level
        if goes_on and now is not None and last is not None:
            same_place = (last.page, last.column) == (line.page, line.column)
            if kind == "heading":
                goes_on = now.kind == kind and same_place and _is_right_below(last, line)
            elif kind == "table":
                goes_on = now.kind == kind and rows[number][0] == rows.get(number - 1, (-1, 0))[0]
            elif now.kind == "list":
                goes_on = _is_next_item(now, line) or (
                    not _begins_item(line, last, leading) and _runs_on(now, line, leading)
                )
            else:
                goes_on = now.kind == "text" and not _begins_item(line, last, leading) and _runs_on(now, line, leading)
        if not goes_on:
            if now:
                yield now
            is_item = kind == "text" and _ITEM.match(line.text) is not None
            now = _Paragraph("list" if is_item else kind, [], level)
        if now:
            now.lines.append(line)
            if kind == "table":
                now.rows.append(rows[number][1])
    if now:
        yield now


def _joined_around_notes(paragraphs: Sequence[_Paragraph], body: float) -> list[_Paragraph]:
    """The paragraphs with those put together that footnotes, captions or tables interrupt at the end of a column or
    page. What interrupts stands before, or behind where it is on the later page, so that pages stay in order."""
    found: list[_Paragraph] = []
    between: list[_Paragraph] = []  # what stands behind the last paragraph in the body's type
    for each in paragraphs:
        is_note = each.kind == "table" or (each.kind != "heading" and each.lines[0].size <= _SMALL * body)
        if is_note and found and len(between) < _MOST_BETWEEN:
            between.append(each)
            continue
        last = found[-1] if found else None
        page = each.lines[0].page
        if between and last and _is_interrupted(last, each):
            before = [note for note in between if note.lines[0].page < page or last.lines[-1].page == page]
            if not before or last.lines[0].page == before[0].lines[0].page:
                last.lines += each.lines
                found[-1:] = [*before, last, *(note for note in between if note not in before)]
                between = []
                continue
        found += [*between, each]
        between = []
    return found + between


def _turned(pages: Sequence[PageText]) -> tuple[list[Line], int]:
    """The lines that are turned otherwise than their page, and how many others read like one of them but for the number
    of their page, as a stamp or address on each page does."""
    known: set[str] = set()
    found: list[Line] = []
    count = 0
    for page in pages:
        names = [_without_number(line.text, line.page + 1) for line in page.turned]
        found += [line for line, name in zip(page.turned, names, strict=True) if name not in known]
        known.update(names)
        count += len(names)
    return found, count - len(found)


def _without_number(text: str, number: int) -> str:
    return _COUNTED.sub(lambda found: "#" if int(found[0]) == number else found[0], text)


def _with_turned(paragraphs: Sequence[_Paragraph], turned: Sequence[Line], body: float) -> tuple[list[_Paragraph], int]:
    """The paragraphs with those of turned lines behind the last one that ends on their page; and how many of these
    lines have no place, since one paragraph covers their page whole."""
    found: list[_Paragraph] = []
    lost = 0
    waiting = [
        replace(each, is_turned=True)
        for _, lines in groupby(turned, key=lambda line: (line.page, line.column))
        for each in _paragraphs(list(lines), {}, body)
    ]
    waiting.reverse()
    for each in paragraphs:
        first, last = each.lines[0].page, max(line.page for line in each.lines)
        while waiting and waiting[-1].lines[0].page < last:
            now = waiting.pop()
            if first < now.lines[0].page:
                lost += len(now.lines)
            else:
                found.append(now)
        found.append(each)
    return [*found, *reversed(waiting)], lost


def _is_interrupted(paragraph: _Paragraph, later: _Paragraph) -> bool:
    """Whether a paragraph breaks off at the end of a column or page, and another one goes on with it."""
    last, line = paragraph.lines[-1], later.lines[0]
    is_text = paragraph.kind == later.kind == "text" and abs(last.size - line.size) <= _SAME_SIZE * line.size
    is_elsewhere = (last.page, last.column) != (line.page, line.column) and line.page - last.page <= 1
    return is_text and is_elsewhere and not _ENDS.search(last.text) and line.text[:1].islower()


def _leading(lines: Sequence[Line], body: float) -> float:
    """The usual distance of the body's lines, as a multiple of the type size."""
    steps = [
        (b.y - a.y) / b.size
        for a, b in pairwise(lines)
        if a.page == b.page and a.column == b.column and a.size == b.size == body and 0 < b.y - a.y < 3 * b.size
    ]
    return median(steps) if steps else 1.2


def _rows_of_tables(lines: Sequence[Line], headings: dict[int, int]) -> dict[int, tuple[int, int]]:
    """The numbers of lines that are in a table, each with the number of the table and that of its row.

    A line below a row that begins where one of its cells does, and not at the first, goes on with that cell. A table
    goes on at the head of the next page, where its columns stand as they did.
    """
    found: dict[int, tuple[int, int]] = {}
    run: list[tuple[int, int]] = []  # lines with the first line of their row

    def end_run() -> None:
        rows = list(dict.fromkeys(row for _, row in run))
        most = max((len(lines[row].cells) for row in rows), default=0)
        if len(rows) >= 3 or (len(rows) == 2 and most > 2):
            found.update({number: (run[0][0], row) for number, row in run})
        run.clear()

    for number, line in enumerate(lines):
        last = run[-1][0] if run else None
        is_row = len(line.cells) > 1 and number not in headings and not _begins_as_item(line)
        if last is not None:
            is_next = last == number - 1 and number not in headings
            if not is_next or not _is_below(lines, run, number, is_row=is_row):
                end_run()
            elif _is_wrapped(lines, run, number, is_row=is_row):
                run.append((number, run[-1][1]))
                continue
        if is_row:
            run.append((number, number))
        elif run:
            end_run()
    end_run()
    return found


def _begins_as_item(line: Line) -> bool:
    """Whether a line begins with the label of an item, far before its text as it may be."""
    return _ITEM.match(line.text) is not None or _LABEL.fullmatch(line.cells[0]) is not None


def _is_below(lines: Sequence[Line], run: Sequence[tuple[int, int]], number: int, *, is_row: bool) -> bool:
    """Whether a line may belong to a table: in its column, or as a row at the head of the next page."""
    last, line = lines[run[-1][0]], lines[number]
    if (last.page, last.column) == (line.page, line.column):
        return True
    first = lines[run[0][1]]
    columns = max((lines[row].edges for _, row in run), key=len)
    return (
        is_row
        and line.page == last.page + 1
        and len(line.edges) == len(columns)
        and all(
            abs(a[0] - b[0]) <= _SAME_PLACE or abs(a[1] - b[1]) <= _SAME_PLACE
            for a, b in zip(columns, line.edges, strict=True)
        )
        and line.text != first.text
    )


def _is_wrapped(lines: Sequence[Line], run: Sequence[tuple[int, int]], number: int, *, is_row: bool) -> bool:
    """Whether a line goes on with cells of the row above: close below, where one of them begins that is not the first;
    or with the first one, where the next line is a row again and further away."""
    last, line, row = lines[run[-1][0]], lines[number], lines[run[-1][1]]
    step = line.y - last.y
    if last.page != line.page or not 0 < step <= _WRAPPED * line.size or not line.edges:
        return False
    begins = line.edges[0][0]
    places = [abs(begins - x) <= _SAME_PLACE for x, _ in row.edges]
    below = lines[number + 1] if number + 1 < len(lines) else None
    next_step = below.y - line.y if below is not None and below.page == line.page else 1e9
    if any(places[1:]) and not places[0]:
        return not is_row or next_step > 1.2 * step
    if not places[0] or is_row or len(row.edges) < 2 or line.right > row.edges[1][0]:
        return False
    return below is not None and len(below.cells) > 1 and next_step > 1.2 * step


def _begins_item(line: Line, last: Line, leading: float) -> bool:
    """Whether a line begins an item of a list: with a bullet, or with a number where a paragraph might begin."""
    item = _ITEM.match(line.text)
    if item is None or (line.page, line.column, line.y) == (last.page, last.column, last.y):
        return False
    if item["bullet"]:
        return item["bullet"] not in "–-" or line.x >= line.left - line.size
    is_below = (last.page, last.column) != (line.page, line.column) or line.y - last.y > 1.15 * leading * line.size
    return is_below or _ends_short(last) or _ENDS.search(last.text) is not None


def _is_next_item(now: _Paragraph, line: Line) -> bool:
    """Whether a line is one more item of the list: with the same kind of label, and the next number."""
    item, first = _ITEM.match(line.text), _ITEM.match(now.lines[0].text)
    if item is None or first is None or item.lastgroup != first.lastgroup:
        return False
    kind = str(item.lastgroup)
    if kind == "bullet":
        return item["bullet"] == first["bullet"]
    labelled = (_ITEM.match(each.text) for each in reversed(now.lines))
    last = next((int(found[kind]) for found in labelled if found and found[kind]), -1)
    return int(item[kind]) == last + 1


def _runs_on(now: _Paragraph, line: Line, leading: float) -> bool:
    """Whether a line goes on with what stands before it."""
    last = now.lines[-1]
    if abs(line.size - last.size) > _SAME_SIZE * max(line.size, last.size):
        return False
    ended = _ENDS.search(last.text) is not None
    if (last.page, last.column, last.y) == (line.page, line.column, line.y):
        return True
    if (last.page, last.column) != (line.page, line.column):
        is_divided = _DIVIDED.search(last.text[-_LONGEST_WORD:]) is not None
        if last.page == line.page and line.y > last.y + _LOOSE * leading * line.size:
            return False  # below it, and not at the head of the next column
        return not ended and (is_divided or line.text[:1].islower() or not _ends_short(last))
    if not 0 <= line.y - last.y <= _LOOSE * leading * line.size:
        return False
    if now.kind == "list":
        return line.x > now.lines[0].x + 0.5 or not ((ended and _ends_short(last)) or _ends_early(last, line))
    indented = line.x > line.left + _INDENT * line.size and last.x <= line.left + 0.5 * _INDENT * line.size
    outdented = line.x < line.left - _INDENT * line.size
    if (indented or outdented) and ended:
        return False
    return not ((ended and _ends_short(last)) or _ends_early(last, line))


def _ends_early(last: Line, line: Line) -> bool:
    """Whether a line begins with a capital or number though its first word had found room in the line before."""
    word = line.text.split(" ", 1)[0]
    room = last.margin - last.right
    needed = 1.3 * len(word) * (last.right - last.x) / max(len(last.text), 1) + 2 * last.size
    return (
        room > needed
        and last.text[-1] not in "-,–"
        and not word[0].islower()
        and (word[0].isalnum() or word[0] in '"“(')
    )


def _ends_short(line: Line) -> bool:
    """Whether a line leaves a fifth of its column empty."""
    return line.right < line.margin - 0.2 * (line.margin - line.left)


class _Joiner:
    """Puts the lines of a paragraph together, and the words that their ends divide."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._words: Counter[str] = Counter()
        for line in lines:
            self._words.update(word.lower() for word in _WORD.findall(line.text))

    def text(self, paragraph: _Paragraph) -> tuple[str, list[tuple[int, int]]]:
        """The text of a paragraph, and where in it each of its pages begins."""
        pieces: list[str] = []
        length = 0
        places: list[tuple[int, int]] = []
        for number, line in enumerate(paragraph.lines):
            written = line.text
            is_new_line = paragraph.kind == "list" and _ITEM.match(line.text)
            if number:
                above = paragraph.lines[number - 1]
                if is_new_line:
                    ended = f"{pieces[-1]}\n"
                elif _is_unspaced(above.text, written) and not _ends_short(above):
                    ended = pieces[-1]
                else:
                    ended = self._ended(pieces[-1], written)
                length += len(ended) - len(pieces[-1])
                pieces[-1] = ended
            if not places or places[-1][0] != line.page:
                places.append((line.page, length))
            pieces.append(written)
            length += len(written)
        return "".join(pieces), places

    def table(self, paragraph: _Paragraph) -> tuple[list[str], list[tuple[int, int]]]:
        """The rows of a table in bars, each cell in its column, and the first row of each of its pages."""
        rows: dict[int, list[Line]] = {}
        for number, line in zip(paragraph.rows, paragraph.lines, strict=True):
            rows.setdefault(number, []).append(line)
        columns = max((lines[0].edges for lines in rows.values()), key=len)
        written: list[str] = []
        places: list[tuple[int, int]] = []
        for lines in rows.values():
            if not places or places[-1][0] != lines[0].page:
                places.append((lines[0].page, len(written)))
            first = lines[0]
            found = _in_columns(first.edges, columns)
            cells = [""] * len(columns) if found else list(first.cells)
            for place, text in zip(found or range(len(first.cells)), first.cells, strict=True):
                cells[place] = text
            for line in lines[1:]:
                for (x, _), text in zip(line.edges, line.cells, strict=True):
                    starts = columns if found else first.edges
                    place = min(range(len(starts)), key=lambda n: abs(starts[n][0] - x))
                    above = cells[place]
                    ended = above if _is_unspaced(above, text) else self._ended(above, text)
                    cells[place] = f"{ended}{text}" if above else text
            written.append(f"| {' | '.join(cells)} |")
        return written, places

    def _ended(self, line: str, below: str) -> str:
        """A line as the text of the one below it is to be put behind it."""
        divided, goes_on = _DIVIDED.search(line[-_LONGEST_WORD:]), _WORD.match(below)
        if divided is None or goes_on is None:
            return line if line[-1:] in "—/-" and line[-2:-1].isalnum() else f"{line} "
        begin, end = divided[1], goes_on[0].split("-")[0]
        if end[0].isupper():
            return line
        whole, compound = (begin + end).lower(), f"{begin}-{end}".lower()
        if self._words[whole] or self._words[compound]:
            keeps = self._words[compound] > self._words[whole]
        else:
            parts = len(begin) > 1 and len(end) > 1 and all(self._is_word(each) for each in (begin, end))
            keeps = parts and whole not in english()
        return line if keeps else line[:-1]

    def _is_word(self, part: str) -> bool:
        return self._words[part.lower()] > 0 or part.lower() in english()


def _is_unspaced(line: str, below: str) -> bool:
    """Whether no space parts two lines: those of a script that is written without."""
    return line[-1:] >= _FIRST_ASIAN and _UNSPACED.match(line[-1:]) is not None and _UNSPACED.match(below) is not None


def _in_columns(cells: Sequence[tuple[float, float]], columns: Sequence[tuple[float, float]]) -> tuple[int, ...] | None:
    """The column of each cell of a row: the one that it shares most with or begins next to; None where two would be in
    one, or they would not be in order."""
    if len(cells) == len(columns):
        return tuple(range(len(columns)))

    def nearness(cell: tuple[float, float], column: tuple[float, float]) -> tuple[float, float]:
        shared = min(cell[1], column[1]) - max(cell[0], column[0])
        return max(shared, 0.0), -min(abs(cell[0] - column[0]), abs(cell[1] - column[1]))

    found = tuple(max(range(len(columns)), key=lambda n: nearness(cell, columns[n])) for cell in cells)
    return found if all(a < b for a, b in pairwise(found)) else None


def _starts(begins: dict[int, int], count: int, length: int) -> list[int]:
    """Where each page begins; one without text, where the next does."""
    starts = [length] * count
    reached = length
    for page in reversed(range(count)):
        reached = min(reached, begins.get(page, reached))
        starts[page] = reached
    if starts:
        starts[0] = 0
    return starts
