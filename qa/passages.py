"""A Document to its passages: whole sentences of one section, of about the size that answers best.

A list, a table or a listing is one piece, together with the line that introduces it, unless it is so long that it
would be no pinpoint: then it is divided between its lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from qa.model import Block, Document, Passage, Section, Span
from qa.sentences import lines, sentences

__all__ = ["PASSAGE_WORDS", "passages", "whole"]

PASSAGE_WORDS = 150
"""The most words that a passage takes before the next one begins; the README of this folder says how it was chosen."""

_LONGEST_LIST = 4  # passages' worth of words

_LONGEST_SENTENCE = 1000  # words

_WORD = re.compile(r"\S{1,100}")


def passages(document: Document, *, most_words: int = PASSAGE_WORDS) -> list[Passage]:
    """The passages of a document, in source order. Together they hold every block of every section, once.

    A passage goes beyond `most_words` only where one sentence, list or table does.
    """
    spans = [(section, span) for section in document.sections for span in _spans(document.text, section, most_words)]
    return [_passage(document, section, span, number) for number, (section, span) in enumerate(spans)]


def whole(document: Document) -> list[Passage]:
    """A document as one passage, which has the document's id."""
    section = Section(path=(), start=0, end=len(document.text), blocks=())
    return [replace(_passage(document, section, Span(0, len(document.text)), 0), id=document.id)]


def _passage(document: Document, section: Section, span: Span, number: int) -> Passage:
    text = document.text[span.start : span.end]
    return Passage(
        id=f"{document.id}-{number:05d}",
        document_id=document.id,
        section=section.path,
        text=text,
        start=span.start,
        end=span.end,
        sentences=tuple(sentences(text, 0, len(text))),
        page=document.page_at(span.start),
    )


def _spans(text: str, section: Section, most_words: int) -> Iterator[Span]:
    """Pieces put together for as long as they fit. A block that fits into one passage is not divided."""
    start = end = count = 0
    for piece in _pieces(text, section, most_words):
        words = _words(text, piece)
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
            *others, last = [span] if _words(text, span) <= most_words else _sentences(text, span, most_words)
            yield from others
            if text[last.start : last.end].rstrip().endswith(":"):
                introduction = last
            else:
                yield last
        else:
            introduced = Span(introduction.start, span.end) if introduction else span
            introduction = None
            if _words(text, introduced) <= _LONGEST_LIST * most_words:
                yield introduced
            else:
                yield from _divided(text, block, introduced, most_words)
    if introduction:
        yield introduction


def _divided(text: str, block: Block, introduced: Span, most_words: int) -> Iterator[Span]:
    """The lines of a block that is too long, the first with its introduction; of a line that alone is too long, the
    sentences."""
    cut = lines(text, block.start, block.end) if block.kind == "list" else _rows(text, block)
    start = introduced.start
    for row in cut:
        piece = Span(start, row.end)
        if _words(text, piece) > _LONGEST_LIST * most_words:
            yield from _sentences(text, piece, most_words)
        elif written := text[start : row.end].rstrip():
            yield Span(start, start + len(written))
        start = row.end


def _rows(text: str, block: Block) -> Iterator[Span]:
    start = block.start
    for row in text[block.start : block.end].splitlines(keepends=True):
        yield Span(start, start + len(row))
        start += len(row)


def _sentences(text: str, span: Span, most_words: int) -> list[Span]:
    """The sentences of a span; one so long that it is none is divided between its words."""
    found: list[Span] = []
    for sentence in sentences(text, *span):
        if _words(text, sentence) <= _LONGEST_SENTENCE:
            found.append(sentence)
            continue
        words = list(_WORD.finditer(text, *sentence))
        for first in range(0, len(words), most_words):
            last = min(first + most_words, len(words)) - 1
            found.append(Span(words[first].start(), words[last].end()))
    return found


def _words(text: str, span: Span) -> int:
    return len(_WORD.findall(text, *span))
