"""A passage to its citation: the pointer that leads back to the exact characters."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from qa.model import (
    BoundMarker,
    Citation,
    CitedPassage,
    Document,
    Marker,
    Passage,
    Reference,
    ReferencesStatus,
    Span,
)

__all__ = ["CONTEXT", "MOST_MARKERS", "cite", "cite_span", "label", "section_at"]

CONTEXT = 32
"""How many characters before and behind a quote its citation carries, at most."""

MOST_MARKERS = 300
"""How many markers of a passage its citation has at most: the first ones."""


def cite(document: Document, passage: Passage, marked: Span | None = None) -> Citation:
    """The citation of a passage of a document, with the references that its markers point to.

    Its page is that of the `marked` characters of the passage; without them, the page on which the passage begins. If
    the bibliography has no entry for a marker, its reference has no text. Nothing is made up.
    """
    first = bisect_left(document.markers, passage.start, key=lambda marker: marker.start)
    behind = bisect_left(document.markers, passage.end, key=lambda marker: marker.start)
    markers = tuple(_bound(each, passage) for each in document.markers[first:behind] if each.end <= passage.end)
    markers = markers[:MOST_MARKERS]
    labels = dict.fromkeys(marker.label for marker in markers)
    known = {reference.marker: reference for reference in document.references if reference.marker in labels}
    references = tuple(known.get(label) or Reference(marker=label) for label in labels)
    page = passage.page if marked is None else document.page_at(passage.start + marked.start)
    return Citation(
        document=document,
        section=passage.section,
        page=page,
        start=passage.start,
        end=passage.end,
        quote=document.text[passage.start : passage.end],
        prefix=document.text[max(0, passage.start - CONTEXT) : passage.start],
        suffix=document.text[passage.end : passage.end + CONTEXT],
        references=references,
        references_status=_status(document, references),
        markers=markers,
        label=label(document, passage.section, page, Span(passage.start, passage.end)),
    )


def cite_span(document: Document, passages: Sequence[Passage], start: int, end: int) -> CitedPassage:
    """The words at [start, end) of a document's text, with their citation and the id of the passage that they begin in.

    `passages` are the document's, in source order. Words before the first passage, such as a title, get its id. Words
    between two passages get the id of the first of the two. Without passages they get the document's id.
    """
    before = bisect_right(passages, start, key=lambda passage: passage.start) - 1
    if before >= 0 and (passages[before].start, passages[before].end) == (start, end):
        return CitedPassage(passage=passages[before], highlights=(), citation=cite(document, passages[before]))
    passage = Passage(
        id=passages[max(before, 0)].id if passages else document.id,
        document_id=document.id,
        section=section_at(document, start),
        text=document.text[start:end],
        start=start,
        end=end,
        sentences=(),
        page=document.page_at(start),
    )
    return CitedPassage(passage=passage, highlights=(), citation=cite(document, passage))


def section_at(document: Document, place: int) -> tuple[str, ...]:
    """The path of the section that a place of the text is in. A heading, such as a title, is in none."""
    section = bisect_right(document.sections, place, key=lambda section: section.start) - 1
    inside = section >= 0 and place < document.sections[section].end
    return document.sections[section].path if inside else ()


def _bound(marker: Marker, passage: Passage) -> BoundMarker:
    """A marker with its sentence: the splitter leaves one behind the full stop with the sentence before it."""
    number = bisect_right(passage.sentences, marker.start - passage.start, key=lambda sentence: sentence.start) - 1
    start, end = passage.sentences[number] if number >= 0 else (0, len(passage.text))
    sentence = Span(passage.start + start, passage.start + end)
    return BoundMarker(label=marker.label, start=marker.start, end=marker.end, sentence=sentence)


def _status(document: Document, references: tuple[Reference, ...]) -> ReferencesStatus:
    if not references:
        return "no_markers"
    if not document.references:
        return "no_reference_list"
    return "resolved" if all(reference.text for reference in references) else "partial"


def label(document: Document, section: tuple[str, ...], page: int | None, place: Span) -> str:
    """The citation of a place on one line, which a person can read and follow without this program.

    Authors, title, publisher, section, page, date and characters (counted from 1, both ends included), in this order.
    A page with a name other than its number has both: `page iv (page 4 of the file)`.
    """
    parts = [
        ", ".join(document.authors),
        f"“{document.title}”",
        document.publisher or "",
        f"section “{' › '.join(section)}”" if section else "",
        _page(document, page) if page is not None else "",
        f"updated {document.updated.isoformat()}" if document.updated else "undated",
        f"characters {place.start + 1}-{place.end}",
    ]
    return " ".join(part[:1].upper() + part[1:].removesuffix(".") + "." for part in parts if part)


def _page(document: Document, page: int) -> str:
    name = document.page_name(page)
    return f"page {page}" if name == str(page) else f"page {name} (page {page} of the file)"
