"""A passage to its citation: the pointer that leads back to the exact characters."""

from __future__ import annotations

from bisect import bisect_left

from qa.model import Citation, Document, Passage, Reference

__all__ = ["cite"]


def cite(document: Document, passage: Passage) -> Citation:
    """The citation of a passage of a document, with the references to which its markers point.

    A marker that the document's bibliography lacks gives a reference without a text: it is never made up.
    """
    known = {reference.marker: reference for reference in document.references}
    first = bisect_left(document.markers, passage.start, key=lambda marker: marker.start)
    behind = bisect_left(document.markers, passage.end, key=lambda marker: marker.start)
    labels = dict.fromkeys(marker.label for marker in document.markers[first:behind] if marker.end <= passage.end)
    return Citation(
        document=document,
        section=passage.section,
        page=passage.page,
        start=passage.start,
        end=passage.end,
        quote=document.text[passage.start : passage.end],
        references=tuple(known.get(label) or Reference(marker=label) for label in labels),
        label=_label(document, passage),
    )


def _label(document: Document, passage: Passage) -> str:
    """The citation in one line that a person can read and follow without this program.

    Authors, title, publisher, section, page, date and characters (counted from 1, both ends included), in this order.
    """
    parts = [
        ", ".join(document.authors),
        f"“{document.title}”",
        document.publisher or "",
        f"section “{' › '.join(passage.section)}”" if passage.section else "",
        f"page {passage.page}" if passage.page is not None else "",
        f"updated {document.updated.isoformat()}" if document.updated else "undated",
        f"characters {passage.start + 1}-{passage.end}",
    ]
    return " ".join(part[:1].upper() + part[1:].removesuffix(".") + "." for part in parts if part)
