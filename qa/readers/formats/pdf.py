"""PDF to a Document: paragraphs, headings, lists and tables out of lines, with the page that each begins on.

The text is what a person would copy and mend: lines of a paragraph joined, words that a line's end divides put
together, ligatures as letters, raised numbers as raised digits. Running heads, feet and page numbers, which repeat at
the same place of several pages, are left out, and so is text that is turned otherwise than the rest of its page.
Headings are those of the file's outline, where its lines are found on their pages, else lines in larger or bold type.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import pypdfium2
import pypdfium2.raw as pdfium

from qa.errors import DamagedSourceError, LockedSourceError
from qa.model import Document
from qa.readers.formats.dates import parse_date
from qa.readers.formats.pdf_lines import Line, PageText, page_text
from qa.readers.formats.wordlist import is_english
from qa.readers.formats.writing import About, PlainText, SourceFile, without_invisible
from qa.readers.references.entries import is_bibliography

__all__ = ["read_pdf"]

_MOST_PAGES = 20_000
_MOST_ENTRIES = 5000  # of an outline
_DEEPEST = 10  # levels of an outline
_FEWEST_TURNED = 30  # letters worth a note
_UNKNOWN = 0.2  # share of letters without a meaning above which a page cannot be read

_MARGIN = 0.12  # share of a page's height, at its top and bottom, where running heads stand
_OUTERMOST = 3  # lines of a page that may be running heads, at each end
_SAME_PLACE = 6.0  # points
_FEWEST_HEADS = 3  # pages on which a running head stands; of a short document, 2
_SHORT_DOCUMENT = 5  # pages

_LARGER = 1.12  # times the body's type size: a heading
_LONGEST_HEADING = 200  # characters
_MOST_HEADING_LINES = 4
_MOST_BOLD = 0.3  # share of bold letters above which bold says nothing
_SAME_SIZE = 0.1  # share by which the type of one paragraph differs
_SMALL = 0.93  # times the body's type size, in which notes and captions are set
_MOST_BETWEEN = 10  # notes, captions and tables that interrupt a paragraph
_LOOSE = 1.35  # times the usual distance of lines: between paragraphs
_INDENT = 0.8  # of the type size
_LONGEST_WORD = 100  # characters of a line's end that may be the first half of a divided word

_ITEM = re.compile(r"(?P<bullet>[•‣▪*–-])\s|\[(?P<bracket>\d{1,4})\]\s|\(?(?P<number>\d{1,4})[.)]\s")
_ENDS = re.compile(r"[.?!:;][\"”’')\]]{0,3}(?:\s?\[[\d,; –-]{1,40}\]|[⁰¹²³⁴-⁹⁻,–-]{1,40})?\Z")
_PAGE_NUMBER = re.compile(
    r"(?:page|p\.|seite)?\s*[-–—|\[(]?\s*(?:\d{1,5}|[ivxlc]{1,7})\s*(?:[-–—|\])]|(?:/|of|von)\s*\d{1,5})?",
    re.IGNORECASE,
)
_NUMBER_AT_AN_END = re.compile(r"\A(\d{1,5})(?!\S)|(?<!\S)(\d{1,5})\Z")
_COUNTED = re.compile(r"(?<!\S)\d{1,5}(?!\S)")
_NOT_LETTERS = re.compile(r"[\W_]+")
_NUMBERING = re.compile(r"(?:\d{1,3}\.)*\d{1,3}\.?\s+|[A-Z]\.\s+|[IVX]{1,5}\.\s+")
_DIVIDED = re.compile(r"([^\W\d_]+)-\Z")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_DATE = re.compile(r"D:(\d{4})(\d{2})(\d{2})")
_NO_TITLE = re.compile(
    r"(?:microsoft (?:word|powerpoint)\b.*|untitled.*|.{1,80}\.(?:docx?|dvi|tex|pdf|rtf|indd|qxd)|)", re.IGNORECASE
)
_NAMES = re.compile(r"\s*(?:;|\band\b|&)\s*")

_pdfium = threading.Lock()  # it is not made for threads


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """An entry of the outline: what it is called, how deep it lies (from 0), and its page, counted from 0."""

    title: str
    level: int
    page: int


@dataclass(slots=True)
class _Paragraph:
    """Lines that belong together. `level` is that of a heading, from 1, or 0."""

    kind: str
    lines: list[Line]
    level: int = 0


def read_pdf(file: SourceFile) -> list[Document]:
    """The document that a PDF holds. A page without text, as a scanned one, is noted, and begins where the next does.

    Its title is the file's own, else the text in the largest type on its first page with text.

    Raises:
        LockedSourceError: where a password is needed.
        DamagedSourceError: for what is no PDF, or one that is broken.
    """
    with _pdfium:
        pages, entries, about = _opened(file)
    lines = _without_running_heads(pages)
    _tell_what_is_missing(pages, {line.page + 1 for line in lines}, file.note)
    body = _body_size(lines)
    headings = _outlined(lines, entries) or _set_as_headings(lines, body)
    paragraphs = _joined_around_notes(list(_paragraphs(lines, headings, body)), body)
    title = about.title or _title(paragraphs)
    text = PlainText(_as_headed(title, paragraphs))
    join = _Joiner(lines)
    begins: dict[int, int] = {}
    for paragraph in paragraphs:
        written, places = join.text(paragraph)
        kind = paragraph.kind
        if kind == "heading":
            start = text.write_heading(paragraph.level, " ".join(written.split()))
        else:
            start = text.write_block("table" if kind == "table" else "list" if kind == "list" else "paragraph", written)
        for page, place in places:
            begins.setdefault(page, start + place)
    text.end_section()
    starts = _starts(begins, len(pages), text.length)
    about = About(title=title, authors=about.authors, updated=about.updated, keywords=about.keywords)
    return [text.document(file, about, pages=starts)]


def _opened(file: SourceFile) -> tuple[list[PageText], list[_Entry], About]:
    try:
        pdf = pypdfium2.PdfDocument(file.data)
    except pypdfium2.PdfiumError as error:
        code = getattr(error, "err_code", None)
        if code == pdfium.FPDF_ERR_PASSWORD:
            raise LockedSourceError(file.path, reason="it opens only with a password") from None
        if code == pdfium.FPDF_ERR_SECURITY:
            raise LockedSourceError(file.path, reason="its protection is of an unknown kind") from None
        raise DamagedSourceError(file.path, kind="PDF", reason="it is none, or broken") from None
    try:
        count = len(pdf)
        if not 0 < count <= _MOST_PAGES:
            raise DamagedSourceError(file.path, kind="PDF", reason=f"it has {count:,} pages, not 1 to {_MOST_PAGES:,}")
        return [_page(pdf, number) for number in range(count)], list(_outline(pdf, count)), _about(pdf)
    finally:
        pdf.close()


def _page(pdf: pypdfium2.PdfDocument, number: int) -> PageText:
    """The text of a page; of one that cannot be opened, none."""
    page = pdfium.FPDF_LoadPage(pdf, number)
    if not page:
        return PageText(lines=(), height=1.0, letters=0)
    try:
        textpage = pdfium.FPDFText_LoadPage(page)
        if not textpage:
            return PageText(lines=(), height=1.0, letters=0)
        try:
            return page_text(page, textpage, number)
        finally:
            pdfium.FPDFText_ClosePage(textpage)
    finally:
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
    updated = next((day for each in days if each and (day := parse_date("-".join(each.groups())))), None)
    return About(
        title=None if _NO_TITLE.fullmatch(said["Title"]) else said["Title"],
        authors=tuple(name for name in _NAMES.split(said["Author"]) if name),
        updated=updated,
        keywords=tuple(part.strip() for part in re.split("[,;]", said["Keywords"]) if part.strip()),
    )


_FIELDS = ("Title", "Author", "Keywords", "CreationDate", "ModDate")


def _tell_what_is_missing(pages: Sequence[PageText], said: Set[int], note: Callable[[str], None]) -> None:
    """Note what of the pages is not read; `said` are those of which something is left without running heads."""
    empty = [number for number, page in enumerate(pages, start=1) if not page.letters]
    garbled = [n for n, page in enumerate(pages, start=1) if page.unknown > _UNKNOWN * max(page.letters, 1)]
    turned = [number for number, page in enumerate(pages, start=1) if page.turned >= _FEWEST_TURNED]
    bare = [n for n, page in enumerate(pages, start=1) if page.letters and n not in said and n not in turned]
    if bare:
        note(f"{_numbered(bare)} nothing but a running head or a number, as scanned pages may: is there more to read?")
    if empty:
        note(f"{_numbered(empty)} no text, as a blank or scanned page has none: text recognition (OCR) adds it.")
    if garbled:
        note(f"{_numbered(garbled)} letters that the file does not name: text recognition (OCR) may help.")
    if turned:
        note(f"{_numbered(turned)} text that is turned sideways, which is left out.")


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


def _without_running_heads(pages: Sequence[PageText]) -> list[Line]:
    """The lines of all pages, but for what repeats at the same place of their margins, and numbers of pages there."""
    found: dict[tuple[str, bool], list[Line]] = {}
    body = _body_size([line for page in pages for line in page.lines])
    for page in pages:
        for line, is_top in _outer_lines(page):
            name = line.text if line.size >= _LARGER * body else _COUNTED.sub("#", line.text)
            found.setdefault((name.lower(), is_top), []).append(line)
    fewest = 2 if len(pages) <= _SHORT_DOCUMENT else _FEWEST_HEADS
    dropped: set[int] = set()
    for lines in found.values():
        places = sorted(line.y for line in lines)
        for line in lines:
            near = bisect_right(places, line.y + _SAME_PLACE) - bisect_right(places, line.y - _SAME_PLACE)
            if near >= fewest:
                dropped.add(id(line))
    counted: dict[int, set[int]] = {}  # lines that begin or end with a number, by how far it is from that of their page
    for page in pages:
        inner = [line.y for line in page.lines if id(line) not in dropped]
        for line, _ in _outer_lines(page):
            if len(pages) > 1 and inner and line.y in (min(inner), max(inner)) and line.size < _LARGER * body:
                if _PAGE_NUMBER.fullmatch(line.text):
                    dropped.add(id(line))
                for found_number in _NUMBER_AT_AN_END.finditer(line.text):
                    counted.setdefault(int(found_number[0]) - line.page, set()).add(id(line))
    for numbered in counted.values():
        dropped |= numbered if len(numbered) >= fewest else set()
    return [line for page in pages for line in page.lines if id(line) not in dropped]


def _outer_lines(page: PageText) -> list[tuple[Line, bool]]:
    """The outermost lines in the margins of a page, and whether they are in the upper one."""
    lines = sorted(page.lines, key=lambda line: line.y)
    top = [(line, True) for line in lines[: 2 * _OUTERMOST] if line.y <= _MARGIN * page.height]
    bottom = [(line, False) for line in lines[-2 * _OUTERMOST :] if line.y >= (1 - _MARGIN) * page.height]
    return top[:_OUTERMOST] + bottom[-_OUTERMOST:]


# Headings


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
        is_bold = alone and begins and all(lines[n].is_bold for n in run) and bold <= _MOST_BOLD * letters
        is_named = alone and (is_bibliography(text) or (text.isupper() and len(text) > 3 and len(run) == 1))
        if (
            ((is_larger and not _ITEM.match(text + " ")) or (is_larger and begins and len(run) <= 2))
            or is_bold
            or is_named
        ):
            for number in run:
                styles[number] = (max(first.size, last.size), first.is_bold)
    ranks = sorted(set(styles.values()), reverse=True)
    return {number: min(ranks.index(style) + 1, 6) for number, style in styles.items()}


def _same_type(lines: Sequence[Line]) -> Iterator[list[int]]:
    """Lines that follow one another closely in one type, by their numbers."""
    run: list[int] = []
    for number, line in enumerate(lines):
        last = lines[run[-1]] if run else None
        goes_on = (
            last is not None
            and (last.page, last.column, last.is_bold) == (line.page, line.column, line.is_bold)
            and abs(last.size - line.size) <= 0.05 * line.size
            and 0 < line.y - last.y <= 1.7 * line.size
        )
        if run and not goes_on:
            yield run
            run = []
        run.append(number)
    if run:
        yield run


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
    """The highest heading of the first page with text, if it stands before other text."""
    first = next((each for each in paragraphs if each.kind == "heading" and each.level == 1), None)
    if first is None or first.lines[0].page != paragraphs[0].lines[0].page:
        return None
    return " ".join(line.text for line in first.lines)


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
                goes_on = now.kind == kind and same_place and 0 < line.y - last.y <= 2 * line.size
            elif kind == "table":
                goes_on = now.kind == kind and same_place and rows[number] == rows[number - 1]
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


def _rows_of_tables(lines: Sequence[Line], headings: dict[int, int]) -> dict[int, int]:
    """The numbers of lines that are rows of a table, with the number of the table."""
    found: dict[int, int] = {}
    run: list[int] = []

    def end_run() -> None:
        most = max((len(lines[number].cells) for number in run), default=0)
        if len(run) >= 3 or (len(run) == 2 and most > 2):
            found.update(dict.fromkeys(run, run[0]))
        run.clear()

    for number, line in enumerate(lines):
        is_row = len(line.cells) > 1 and number not in headings and not _ITEM.match(line.text)
        if not is_row or (run and (lines[run[-1]].page, lines[run[-1]].column) != (line.page, line.column)):
            end_run()
        if is_row:
            run.append(number)
    end_run()
    return found


def _begins_item(line: Line, last: Line, leading: float) -> bool:
    """Whether a line begins an item of a list: with a bullet, or with a number where a paragraph might begin."""
    item = _ITEM.match(line.text)
    if item is None:
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
            written = f"| {' | '.join(line.cells)} |" if paragraph.kind == "table" else line.text
            is_new_line = paragraph.kind == "table" or (paragraph.kind == "list" and _ITEM.match(line.text))
            if number:
                ended = f"{pieces[-1]}\n" if is_new_line else self._ended(pieces[-1], written)
                length += len(ended) - len(pieces[-1])
                pieces[-1] = ended
            if not places or places[-1][0] != line.page:
                places.append((line.page, length))
            pieces.append(written)
            length += len(written)
        return "".join(pieces), places

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
            keeps = parts and not is_english(whole)
        return line if keeps else line[:-1]

    def _is_word(self, part: str) -> bool:
        return self._words[part.lower()] > 0 or is_english(part.lower())


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
