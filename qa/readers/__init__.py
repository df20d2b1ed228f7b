"""Source files to Documents: one reader a format, found by the file's ending."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from qa.errors import NoSourcesError, SourceNotFoundError, UnknownFormatError, UnreadableError
from qa.model import Document
from qa.readers.decoding import decode
from qa.readers.markdown import read_markdown
from qa.readers.plain import read_plain

__all__ = ["READERS", "Reader", "document_id", "find_sources", "read"]


class Reader(Protocol):
    """Text of one format to a Document. Offsets of the Document refer to its own plain text."""

    def __call__(self, text: str, *, path: Path, document_id: str) -> Document: ...


READERS: dict[str, Reader] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_plain,
    ".text": read_plain,
}


def find_sources(path: Path) -> Iterator[tuple[Path, str]]:
    """The source files at a path, in order of their names, each with the id that its document gets.

    A folder gives all that lie in it, at any depth; README files, whatever begins with a dot, and links to folders
    (which may lead round in circles) are passed over.

    Raises:
        SourceNotFoundError, UnreadableError, UnknownFormatError, NoSourcesError.
    """
    if not path.exists():
        raise SourceNotFoundError(path)
    if path.is_file():
        if path.suffix.lower() not in READERS:
            raise UnknownFormatError(path, suffixes=tuple(READERS))
        yield path, document_id(Path(path.name))
        return
    found = False
    for source in _files(path):
        found = True
        yield source, document_id(source.relative_to(path))
    if not found:
        raise NoSourcesError(path, suffixes=tuple(READERS))


def read(path: Path, document_id: str) -> Document:
    """The document that a source file holds.

    Raises:
        SourceError: of the kind that says what is wrong with the file.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UnknownFormatError(path, suffixes=tuple(READERS))
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise SourceNotFoundError(path) from None
    except OSError as error:
        raise UnreadableError(path, reason=(error.strerror or "it cannot be opened").lower()) from None
    return reader(decode(data, path), path=path, document_id=document_id)


def document_id(path: Path) -> str:
    """An id that reads like the path: lower-case letters, digits and hyphens, at least one.

    >>> document_id(Path("Drugs/Second line (2021).md"))
    'drugs-second-line-2021'
    """
    text = unicodedata.normalize("NFKD", path.with_suffix("").as_posix()).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-") or "document"


def _files(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise UnreadableError(folder, reason=(error.strerror or "it cannot be opened").lower()) from None
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            if not entry.is_symlink():
                yield from _files(entry)
        elif entry.suffix.lower() in READERS and entry.stem.upper() != "README":
            yield entry
