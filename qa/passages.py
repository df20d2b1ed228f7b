"""A Document to its passages: whole sentences of one section, of about the size that answers best.

A list, a table or a listing is one piece however long it is, together with the line that introduces it.
"""

from __future__ import annotations

from collections.abc import Iterator

from qa.model import Document, Passage, Section, Span
from qa.sentences import sentences

__all__ = ["PASSAGE_WORDS", "passages"]

PASSAGE_WORDS = 150
"""The most words that a passage takes before the next one begins, measured on COVID-QA: see the README of this folder."""


def passages(document: Document, *, most_words: int = PASSAGE_WORDS) -> list[Passage]:
    """The passages of a document, in source order. Together they hold every block of every section, once.

    A passage goes beyond `most_words` only where one sentence, list or table does.
    """
    spans = [(section, span) for section in document.sections for span in _spans(document.text, section, most_words)]
    return [
        Passage(
            id=f"{document.id}-{number:05d}",
            document_id=document.id,
            section=section.path,
            text=document.text[span.start : span.end],
            start=span.start,
            end=span.end,
        )
        for number, (section, span) in enumerate(spans)
    ]


def _spans(text: str, section: Section, most_words: int) -> Iterator[Span]:
    """Pieces put together for as long as they fit. A block that fits into one passage is not divided."""
    start = end = count = 0
    for piece in _pieces(text, section, most_words):
        words = len(text[piece.start : piece.end].split())
        if count and count + words > most_words:
            yield Span(start, end)
            count = 0
        if not count:
            start = piece.start
        end = piece.end
        count += words
    if count:
        yield Span(start, end)


def _pieces(text: str, section: Section, most_words: int) -> Iterator[Span]:
    """What stays together: a block that fits, a list or table with the line before it, else a sentence."""
    introduction: Span | None = None
    for block in section.blocks:
        span = Span(block.start, block.end)
        if block.kind == "paragraph":
            if introduction:
                yield introduction
                introduction = None
            *whole, last = [span] if _fits(text, span, most_words) else sentences(text, block.start, block.end)
            yield from whole
            if text[last.start : last.end].rstrip().endswith(":"):
                introduction = last
            else:
                yield last
        else:
            yield Span(introduction.start, span.end) if introduction else span
            introduction = None
    if introduction:
        yield introduction


def _fits(text: str, span: Span, most_words: int) -> bool:
    return len(text[span.start : span.end].split()) <= most_words
