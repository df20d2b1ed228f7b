"""A Document to its passages: whole sentences of one section, of about the size that answers best.

A list, a table or a listing is one piece, together with the line that introduces it, unless it is so long that it
would be no pinpoint: then it is divided between its lines. A section of a few words is quoted with its heading, where
that says something, for then the heading may be the answer: "Fan K2 is safe to use", over "No action."
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from qa.model import Block, Document, Passage, Section, Span
from qa.text.sentences import lines, sentences

__all__ = ["PASSAGE_WORDS", "passages", "whole"]

PASSAGE_WORDS = 150
"""The most words that a passage takes before the next one begins; the README of this folder says how it was chosen."""

_LONGEST_LIST = 4  # passages' worth of words

_LONGEST_SENTENCE = 1000  # words

_LONGEST_SHORT = 60  # characters of a section that is quoted with its heading
_TELLING = 4  # words of such a heading

_LONGEST_WORD = 100  # characters; what is longer counts as several
_WORD = re.compile(rf"\S{{1,{_LONGEST_WORD}}}")

_LONGEST_PASSAGE = 10_000
"""Characters, white space among them: it is the words that are counted, and there may be megabytes between two."""

_INK = re.compile(r"\S")


def passages(document: Document, *, most_words: int = PASSAGE_WORDS) -> list[Passage]:
    """The passages of a document, in source order. Together they hold every block of every section, once.

    A passage goes beyond `most_words` only where one sentence, list or table does. None has more than 10,000
    characters: a longer one is divided between its words.
    """
    found = [
        (section, part)
        for section in document.sections
        for piece in _joined(document.text, section, most_words)
        for part in _short(document.text, piece)
    ]
    told = _headings_that_tell(document)
    found = [
        (section, _Piece(told[piece.start], piece.end, piece.words) if piece.start in told else piece)
        for section, piece in found
    ]
    return [_passage(document, section, piece, number) for number, (section, piece) in enumerate(found)]


def _headings_that_tell(document: Document) -> dict[int, int]:
    """Of sections of a few words, where their text begins, and where the heading right above it does that says more
    than a name and asks nothing."""
    short = [
        section
        for section in document.sections
        if section.path and section.end - section.start <= _LONGEST_SHORT and len(section.path[-1].split()) >= _TELLING
    ]
    if not short:
        return {}
    text = document.text
    above = {heading.end: heading.start for heading in document.headings}
    found: dict[int, int] = {}
    for section in short:
        end = section.start
        while end and text[end - 1].isspace():
            end -= 1
        name = section.path[-1]
        if end in above and text[above[end] : end] == name and not name.rstrip().endswith("?"):
            found[section.start] = above[end]
    return found


def whole(document: Document) -> list[Passage]:
    """A document as one passage, which has the document's id."""
    section = Section(path=(), start=0, end=len(document.text), blocks=())
    return [replace(_passage(document, section, _Piece(0, len(document.text), 0), 0), id=document.id)]


class _Piece(NamedTuple):
    """A span with its size in words, and with its sentences where they are known already."""

    start: int
    end: int
    words: int
    sentences: tuple[Span, ...] | None = None


def _passage(document: Document, section: Section, piece: _Piece, number: int) -> Passage:
    text = document.text[piece.start : piece.end]
    found = piece.sentences
    if found is None:
        found = tuple(sentences(text, 0, len(text)))
    else:
        found = tuple([Span(start - piece.start, end - piece.start) for start, end in found])
    return Passage(
        id=f"{document.id}-{number:05d}",
        document_id=document.id,
        section=section.path,
        text=text,
        start=piece.start,
        end=piece.end,
        sentences=found,
        page=document.page_at(piece.start),
    )


def _joined(text: str, section: Section, most_words: int) -> Iterator[_Piece]:
    """Pieces put together for as long as they fit. A block that fits into one passage is not divided."""
    some: list[_Piece] = []
    count = 0
    for piece in _pieces(text, section, most_words):
        if count and count + piece.words > most_words:
            yield _join(some)
            some, count = [], 0
        some.append(piece)
        count += piece.words
    if count:
        yield _join(some)


def _short(text: str, piece: _Piece) -> Iterator[_Piece]:
    """A piece in parts of at most `_LONGEST_PASSAGE` characters; white space between two parts is in neither."""
    if piece.end - piece.start <= _LONGEST_PASSAGE:
        yield piece
        return
    start = piece.start
    while found := _INK.search(text, start, piece.end):
        start = found.start()
        cut = min(start + _LONGEST_PASSAGE, piece.end)
        if cut < piece.end:
            inside = (place for place in range(cut, max(start, cut - _LONGEST_WORD), -1) if text[place].isspace())
            cut = next(inside, cut)
        end = start + len(text[start:cut].rstrip())
        yield _piece(text, start, end)
        start = cut


def _join(pieces: Sequence[_Piece]) -> _Piece:
    """Pieces as one, the sentences of which are known if those of all are."""
    known = [each.sentences for each in pieces if each.sentences is not None]
    found = tuple(chain.from_iterable(known)) if len(known) == len(pieces) else None
    return _Piece(pieces[0].start, pieces[-1].end, sum(each.words for each in pieces), found)


def _pieces(text: str, section: Section, most_words: int) -> Iterator[_Piece]:
    """What stays together: a block that fits, a list or table with the line before it, else a sentence."""
    introduction: _Piece | None = None
    for block in section.blocks:
        whole_block = _piece(text, block.start, block.end)
        if block.kind == "paragraph":
            if introduction:
                yield introduction
                introduction = None
            fits = whole_block.words <= most_words
            *others, last = [whole_block] if fits else _sentences(text, block.start, block.end, most_words)
            yield from others
            if text[last.start : last.end].rstrip().endswith(":"):
                introduction = last
            else:
                yield last
        else:
            introduced = _piece(text, introduction.start, block.end) if introduction else whole_block
            introduction = None
            if introduced.words <= _LONGEST_LIST * most_words:
                yield introduced
            else:
                yield from _divided(text, block, introduced, most_words)
    if introduction:
        yield introduction


def _divided(text: str, block: Block, introduced: _Piece, most_words: int) -> Iterator[_Piece]:
    """The lines of a block that is too long, the first with its introduction; of a line that alone is too long, the
    sentences."""
    cut = lines(text, block.start, block.end) if block.kind == "list" else _rows(text, block)
    start = introduced.start
    for row in cut:
        piece = _piece(text, start, row.end)
        if piece.words > _LONGEST_LIST * most_words:
            yield from _sentences(text, start, row.end, most_words)
        elif written := text[start : row.end].rstrip():
            yield _Piece(start, start + len(written), piece.words)
        start = row.end


def _rows(text: str, block: Block) -> Iterator[Span]:
    start = block.start
    for row in text[block.start : block.end].splitlines(keepends=True):
        yield Span(start, start + len(row))
        start += len(row)


def _sentences(text: str, start: int, end: int, most_words: int) -> list[_Piece]:
    """The sentences of a span; one so long that it is none is divided between its words."""
    found: list[_Piece] = []
    for sentence in sentences(text, start, end):
        piece = _piece(text, *sentence)
        if piece.words <= _LONGEST_SENTENCE:
            found.append(piece._replace(sentences=(sentence,)))
            continue
        words = list(_WORD.finditer(text, *sentence))
        for first in range(0, len(words), most_words):
            last = min(first + most_words, len(words)) - 1
            found.append(_Piece(words[first].start(), words[last].end(), last + 1 - first))
    return found


def _piece(text: str, start: int, end: int) -> _Piece:
    """A span with the number of its `_WORD`s."""
    words = text[start:end].split()
    count = len(words)
    if max(map(len, words), default=0) > _LONGEST_WORD:
        count += sum((len(word) - 1) // _LONGEST_WORD for word in words)
    return _Piece(start, end, count)
