"""Source files to documents, in the sandbox or, for small files of text, in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qa.errors import BibliographyError, SourceError, UnknownFormatError
from qa.model import Document
from qa.readers.files import file_size, legible, read_bytes, read_text, resolved, sidecar_of
from qa.readers.formats.endings import READERS, RECORDS, TEXTS
from qa.readers.formats.parsing import GivenFile, parsed
from qa.readers.references.sidecars import MOST_BYTES
from qa.readers.sandbox.parent import MEGABYTE, Limits, Sandbox

if TYPE_CHECKING:
    from qa.asking.concepts import Concept

__all__ = ["Wanted", "Work", "read", "read_synonyms", "read_works"]

_SMALL = 16 * 1024
"""Bytes up to which a file of text is read without a child, which would take longer to start than most such files to
read: these readers are Python throughout, and so cannot break the process, nor fill it with so little, nor take more
than seconds over the worst of it (Markdown that is nothing but opening brackets)."""


Wanted = tuple[Path, str] | tuple[Path, str, Path | None]
"""A file that is to be read, the id that its document wants, and the folder without links in which it must lie."""


class Work(NamedTuple):
    """A document of a file, and which of the file's it is: empty where the file is one document."""

    part: str
    document: Document


def read(path: Path, document_id: str) -> Document:
    """The document that a source file holds, or the first of them, with the bibliography beside it, if there is one.

    Raises:
        SourceError: of the kind that says what is wrong with the file, or with the bibliography.
    """
    return next(each.document for each in read_works(path, document_id))


def read_works(
    path: Path,
    document_id: str,
    *,
    within: Path | None = None,
    sandbox: Sandbox | None = None,
    then: Wanted | None = None,
    note: Callable[[str], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Work]:
    """The documents that a source file holds, each with the id that it wants, one after the other.

    They are read in the sandbox, if there is one and the file is not a small one of text alone, and all are there
    before the first is given. `then` is the next file, which the sandbox reads meanwhile. `within` is the folder in
    which the file must lie; see `files.read_bytes`. `note` is told, in sentences that name the file, what of it is in
    none of them.

    Raises:
        SourceError: of the kind that says what is wrong with the file, or with the bibliography beside it.
        ReadingStoppedError: where the sandbox is not done with it when `should_stop` says so.
    """
    if sandbox is None:
        documents = parsed(_given(path, document_id, within, limits=Limits()), note=note)
    else:
        try:
            work = partial(_reply, sandbox, path, document_id, within)
            file, reply = sandbox.finish((path, document_id), work, should_stop=should_stop)
        except SourceError:
            _begin(then, sandbox)
            raise
        _begin(then, sandbox)
        documents = parsed(file, note=note) if reply is None else sandbox.documents(file, reply, note=note)
    for document in documents:
        yield Work(document.id if path.suffix.lower() in RECORDS else "", document)


def _begin(then: Wanted | None, sandbox: Sandbox) -> None:
    if then:
        sandbox.begin(then[:2], partial(_reply, sandbox, *then))


def _reply(
    sandbox: Sandbox, path: Path, document_id: str, within: Path | None = None
) -> tuple[GivenFile, deque[bytes] | None]:
    """A file, and what is said of it in the sandbox, in whose thread this is; None where it is small."""
    file = _given(path, document_id, within, limits=sandbox.limits)
    is_small = path.suffix.lower() in TEXTS and len(file.data) <= _SMALL and not file.beside
    return (file, None) if is_small else (file._replace(data=b"", bibliography=b""), sandbox.reply(file))


def _given(path: Path, document_id: str, within: Path | None, *, limits: Limits) -> GivenFile:
    """A source file with the file of references with the same name, whose keys its text may point to."""
    if path.suffix.lower() not in READERS:
        raise UnknownFormatError(path, suffixes=tuple(READERS))
    beside = None if path.suffix.lower() in RECORDS else sidecar_of(path)
    data = read_bytes(path, limits=limits, within=within)
    shown = Path(legible(path))
    if beside is None:
        return GivenFile(shown, document_id, data)
    if file_size(beside) > MOST_BYTES:
        raise BibliographyError(Path(legible(beside)), reason=f"it is larger than {MOST_BYTES // MEGABYTE} megabytes")
    bibliography = read_bytes(beside, limits=limits, within=within or resolved(path.parent))
    return GivenFile(shown, document_id, data, legible(beside), bibliography)


def read_synonyms(path: Path) -> list[Concept]:
    """The concepts that a file in Solr's form gives.

    Raises:
        SourceNotFoundError, UnreadableError, NotTextError.
        SynonymsError: for a line that is not of the form.
    """
    from qa.readers.references.synonyms import parsed_synonyms

    return parsed_synonyms(read_text(path), path=Path(legible(path)))
