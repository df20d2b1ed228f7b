"""A link to words that lasts: while their document holds them, it leads to the place where they stand.

A passage's id has its number in the document, so that a paragraph inserted before it gives the id to other words. A
link that is to last has the document's id and the words' fingerprint too.
"""

from __future__ import annotations

from collections.abc import Sequence

from qa.citing import cite_span
from qa.errors import PassageGoneError
from qa.library import Snapshot
from qa.model import CitedPassage, Document, Fingerprint, Passage, Span, fingerprint

__all__ = ["follow"]


def follow(passage_id: str, known_by: Fingerprint, snapshot: Snapshot, *, document_id: str | None) -> CitedPassage:
    """The words that a link was given out for, with their citation as it is now.

    They need no longer be one passage, but must begin and end where sentences do. Where they stand more than once, the
    ones nearest to the passage that has the id now are taken.

    Raises:
        UnknownPassageError: where neither the passage nor `document_id` says in which document to look.
        UnknownDocumentError: where the document is not there.
        PassageGoneError: where it no longer holds the words.
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
    return cite_span(document, passages, *min(found, key=lambda span: (abs(span.start - place), span.start)))


def _standing(document: Document, passages: Sequence[Passage], known_by: Fingerprint) -> list[Span]:
    """Every place from the beginning of a sentence to the end of one whose words have the fingerprint."""
    starts = {each.start for each in passages} | {p.start + each.start for p in passages for each in p.sentences}
    ends = {each.end for each in passages} | {p.start + each.end for p in passages for each in p.sentences}
    spans = [Span(start, start + known_by.length) for start in starts if start + known_by.length in ends]
    return [span for span in spans if fingerprint(document.text[span.start : span.end]) == known_by]
