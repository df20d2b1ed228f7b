"""The bytes of a source file to its documents, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from qa.model import Document, Reference
from qa.readers.formats.clipping import clipped
from qa.readers.formats.decoding import decode
from qa.readers.formats.endings import READERS
from qa.readers.formats.writing import SourceFile
from qa.readers.references.bibliography import bracketed
from qa.readers.references.sidecars import parsed_sidecar

__all__ = ["GivenFile", "parsed"]


class GivenFile(NamedTuple):
    """All that a reader may know of a source file. `path` is for its name alone, and `document_id` what it wants to be;
    `beside` is the path of a file of references with the same name, or empty, and `bibliography` its bytes."""

    path: Path
    document_id: str
    data: bytes
    beside: str = ""
    bibliography: bytes = b""


def parsed(file: GivenFile, *, note: Callable[[str], None]) -> Iterator[Document]:
    """The documents of a file of a known format, in this process; `note` is told what its reader has to say.

    Raises:
        SourceError: as `read_works` does.
    """

    def listed(text: str) -> tuple[Reference, ...]:
        if not file.beside:
            return ()
        beside = Path(file.beside)
        return parsed_sidecar(decode(file.bibliography, beside), path=beside, brackets=bracketed(text))

    source = SourceFile(
        data=file.data,
        path=file.path,
        document_id=file.document_id,
        listed=listed,
        note=lambda sentence: note(f"{file.path}: {sentence}"),
    )
    yield from map(clipped, READERS[file.path.suffix.lower()](source))
