"""The documents of a library as a list that can be filtered, searched by words and paged.

A page begins behind a document, not at a number: an index leads to that place, however far down the list it is. Source:
Markus Winand, "SQL Performance Explained", 2012, on paging through results.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from qa.errors import UnknownDocumentError
from qa.library.schema import PUBLISHER
from qa.library.selecting import Select
from qa.model import DocumentFilter, ending_of

__all__ = ["MOST_FOUND", "Page", "count_of", "formats", "found_by_words", "page_in", "page_of", "publishers"]

MOST_FOUND = 300
"""Passages whose documents a search by words gives, best first; SQLite takes more parameters than that."""

_BY_TITLE = "title COLLATE NOCASE"
_ESCAPE = "|"
_OF_FILE = f"file IN (SELECT number FROM files WHERE origin LIKE ? ESCAPE '{_ESCAPE}')"

Page = tuple[list[str], bool]
"""The ids of the documents of a page, in order, and whether more follow in the direction of paging."""


def page_of(select: Select, wanted: DocumentFilter, *, limit: int, after: str | None, before: str | None) -> Page:
    """At most `limit` of the documents wanted, by title, then by id: those behind a document, or those before it.

    Raises:
        UnknownDocumentError: for a document to go on from that is not there.
    """
    conditions, parameters = _conditions(wanted)
    way, order = ("<", "DESC") if before is not None else (">", "ASC")
    start = before if before is not None else after
    if start is not None:
        title = _title_of(select, start)
        conditions += [f"{_BY_TITLE} {way}= ?", f"({_BY_TITLE} {way} ? OR id {way} ?)"]
        parameters += [title, title, start]
    query = f"SELECT id FROM documents{_where(conditions)} ORDER BY {_BY_TITLE} {order}, id {order} LIMIT ?"
    ids = [document_id for (document_id,) in select(query, *parameters, limit + 1)]
    found = ids[:limit]
    return found[::-1] if before is not None else found, len(ids) > limit


def page_in(ranked: Sequence[str], *, limit: int, after: str | None, before: str | None) -> Page:
    """The same from documents that are ranked.

    Raises:
        UnknownDocumentError: for a document to go on from that is not among them.
    """
    start = before if before is not None else after
    if start is not None and start not in ranked:
        raise UnknownDocumentError(start)
    if before is not None:
        rest = ranked[: ranked.index(before)]
        return list(rest[max(0, len(rest) - limit) :]), len(rest) > limit
    rest = ranked if after is None else ranked[ranked.index(after) + 1 :]
    return list(rest[:limit]), len(rest) > limit


def count_of(select: Select, wanted: DocumentFilter) -> int:
    """How many documents are wanted, whatever their words."""
    conditions, parameters = _conditions(wanted)
    [(count,)] = select(f"SELECT count(*) FROM documents{_where(conditions)}", *parameters)
    return int(count)


def found_by_words(
    select: Select,
    wanted: DocumentFilter,
    search: Callable[[str, int], Sequence[str]],
    documents_of: Callable[[Collection[str]], Mapping[str, str]],
) -> list[str]:
    """The ids of the documents wanted whose passages fit the words best, best first.

    `search` gives the ids of at most so many passages for some words, best first, and `documents_of` those of the
    documents of passages.
    """
    passages = search(wanted.words, MOST_FOUND)
    if not passages:
        return []
    document_of = documents_of(passages)
    ranked = list(dict.fromkeys(document_of[each] for each in passages if each in document_of))
    conditions, parameters = _conditions(wanted)
    conditions.append(f"id IN ({_places(ranked)})")
    kept = {each for (each,) in select(f"SELECT id FROM documents{_where(conditions)}", *parameters, *ranked)}
    return [each for each in ranked if each in kept]


def publishers(select: Select) -> list[str]:
    """The publishers of all documents, in order."""
    query = f"SELECT DISTINCT {PUBLISHER} FROM documents WHERE {PUBLISHER} IS NOT NULL ORDER BY 1"
    return [publisher for (publisher,) in select(query)]


def formats(select: Select) -> list[str]:
    """The formats of all documents, as the endings of their files, in order."""
    query = "SELECT origin FROM files WHERE EXISTS (SELECT 1 FROM documents WHERE file = files.number)"
    return sorted({ending_of(origin) for (origin,) in select(query)} - {""})


def _conditions(wanted: DocumentFilter) -> tuple[list[str], list[Any]]:
    """What a filter asks of the rows of documents, but for its words, with the parameters."""
    conditions: list[str] = []
    parameters: list[Any] = []
    of_words = {"title": wanted.title, PUBLISHER: wanted.publisher_words}
    for column, word in ((column, word) for column, words in of_words.items() for word in words.split()):
        patterns = list(_patterns(word))
        is_like = f"{column} LIKE ? ESCAPE '{_ESCAPE}'"
        conditions.append(f"({' OR '.join([is_like] * len(patterns))})")
        parameters += patterns
    if wanted.publisher:
        conditions.append(f"{PUBLISHER} = ?")
        parameters.append(wanted.publisher)
    for word in wanted.file_words.split():
        conditions.append(_OF_FILE)
        parameters.append(f"%{_escaped(word)}%")
    if wanted.format:
        conditions.append(_OF_FILE)
        parameters.append(f"%.{_escaped(wanted.format)}")
    if wanted.since:
        conditions.append("updated >= ?")
        parameters.append(wanted.since)
    if wanted.until:
        conditions.append("substr(updated, 1, ?) <= ?")
        parameters += [len(wanted.until), wanted.until]
    return conditions, parameters


def _patterns(word: str) -> Iterator[str]:
    """What a title or a publisher with a word is like. SQLite compares capitals with small letters only in ASCII."""
    forms = [word] if word.isascii() else [word, word.lower(), word.upper(), word.capitalize()]
    return (f"%{_escaped(form)}%" for form in dict.fromkeys(forms))


def _escaped(words: str) -> str:
    return re.sub(r"[|%_]", r"|\g<0>", words)


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _places(values: Collection[object]) -> str:
    return ",".join("?" * len(values))


def _title_of(select: Select, document_id: str) -> str:
    for (title,) in select("SELECT title FROM documents WHERE id = ?", document_id):
        return str(title)
    raise UnknownDocumentError(document_id)
