"""What a document says of itself, held to a size: each answer repeats it.

The text of a document is never cut. Its title, authors, headings and references are: a heading of a megabyte would be
sent with every passage below it. Addresses that a browser would run are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qa.model import Document, Reference, Section

__all__ = ["clipped"]

_LONGEST_NAME = 1000  # characters of a title, a heading in a path, a publisher, an author
_LONGEST_REFERENCE = 4000  # characters of the text of an entry
_LONGEST_ADDRESS = 2000  # characters; what is longer is dropped, for a part of an address leads elsewhere
_MOST_NAMES = 1000  # authors, editors or keywords
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HARMLESS = frozenset({"http:", "https:", "ftp:", "doi:", "urn:", "mailto:"})


def clipped(document: Document) -> Document:
    """The document with what it says of itself held to a size, and without addresses that do more than lead."""
    held: dict[str, Any] = {
        "title": _name(document.title),
        "authors": _names(document.authors),
        "editors": _names(document.editors),
        "keywords": _names(document.keywords),
        "publisher": _name(document.publisher) if document.publisher else document.publisher,
        "url": _address(document.url),
        "sections": tuple(
            section if all(len(each) <= _LONGEST_NAME for each in section.path) else _shortened(section)
            for section in document.sections
        ),
        "references": tuple(map(_reference, document.references)),
    }
    is_held = all(getattr(document, name) == value for name, value in held.items())
    return document if is_held else replace(document, **held)


def _shortened(section: Section) -> Section:
    return replace(section, path=tuple(map(_name, section.path)))


def _reference(reference: Reference) -> Reference:
    text, url = reference.text, _address(reference.url)
    if url == reference.url and len(text or "") <= _LONGEST_REFERENCE:
        return reference
    return replace(reference, text=text and _cut(text, _LONGEST_REFERENCE), url=url)


def _address(url: str | None) -> str | None:
    """An address that a page may lead to, or None. Browsers pass over white space in it, so it is looked at without."""
    if url is None or len(url) > _LONGEST_ADDRESS:
        return None
    scheme = _SCHEME.match("".join(each for each in url if each > " "))
    return url if scheme is None or scheme[0].lower() in _HARMLESS else None


def _names(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(_name, names[:_MOST_NAMES]))


def _name(name: str) -> str:
    return _cut(name, _LONGEST_NAME)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
