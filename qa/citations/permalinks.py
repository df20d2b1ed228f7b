"""Permanent links to words: as long as the document has the words, the link leads to them.

A passage's id contains its number in the document. A paragraph inserted before it gives the id to other words. So a
permanent link also has the document's id and the fingerprint of the words, and so has a link that marks words. If the
words occur several times, the section in the fingerprint decides.
"""

from __future__ import annotations

from collections.abc import Sequence

from qa.citations.citing import cite_span, section_at
from qa.errors import PassageGoneError
from qa.library import Snapshot
from qa.model import Document, Fingerprint, Followed, Passage, Span
from qa.text.boundaries import is_inside

__all__ = ["find_mark", "follow"]

_NEAR = 5_000  # characters on either side of where marked words were


def follow(passage_id: str, known_by: Fingerprint, snapshot: Snapshot, *, document_id: str | None) -> Followed:
    """The words that a link cites, with their citation as it is now.

    They need not be one passage any more, but must begin and end where sentences do. If they occur more than once,
    those in the link's section are taken, and of these the ones nearest to the passage that has the id now.

    Raises:
        UnknownPassageError: if neither the passage nor `document_id` says which document to search.
        UnknownDocumentError: if the document is not there.
        PassageGoneError: if the document no longer has the words.
    """
    if document_id is None:
        document_id = snapshot.passage(passage_id).document_id
    document, passages = snapshot.document(document_id), snapshot.passages_of(document_id)
    if not passages:
        raise PassageGoneError(document.title, document_id=document_id, nearest=None)
    named = min(sum(each.id < passage_id for each in passages), len(passages) - 1)
    place = passages[named].start
    found = _standing(document, passages, known_by)
    if not found:
        raise PassageGoneError(document.title, document_id=document_id, nearest=passages[named].id)
    at_home = [span for span in found if known_by.is_under(section_at(document, span.start))]
    nearest = min(at_home or found, key=lambda span: (abs(span.start - place), span.start))
    cited = cite_span(document, passages, *nearest)
    if not at_home:
        return Followed(cited, "elsewhere")
    return Followed(cited, "repeated" if len(at_home) > 1 else None)


def find_mark(document: Document, mark: Span, known_by: Fingerprint) -> Span | None:
    """The words that a link marks: at their place or, if they occur exactly once near by in their section, there.

    Near by they must be whole words. None if it is not certain which words are meant, so that no others are marked.
    """

    def stand_at(start: int) -> bool:
        words = document.text[start : start + known_by.length]
        return known_by.is_of(words) and known_by.is_under(section_at(document, start))

    if stand_at(mark.start):
        return Span(mark.start, mark.start + known_by.length)
    if known_by.length > _NEAR:
        return None
    first, last = max(0, mark.start - _NEAR), min(mark.start + _NEAR, len(document.text) - known_by.length)
    whole = (
        start
        for start in range(first, last + 1)
        if not document.text[start].isspace()
        and not is_inside(document.text, start)
        and not is_inside(document.text, start + known_by.length)
    )
    found = [start for start in whole if stand_at(start)]
    return Span(found[0], found[0] + known_by.length) if len(found) == 1 else None


def _standing(document: Document, passages: Sequence[Passage], known_by: Fingerprint) -> list[Span]:
    """Every place from the beginning of a sentence to the end of one whose words have the fingerprint."""
    starts = {each.start for each in passages} | {p.start + each.start for p in passages for each in p.sentences}
    ends = {each.end for each in passages} | {p.start + each.end for p in passages for each in p.sentences}
    spans = [Span(start, start + known_by.length) for start in starts if start + known_by.length in ends]
    return [span for span in spans if known_by.is_of(document.text[span.start : span.end])]
