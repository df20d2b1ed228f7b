"""What the tests of the readers share: source files made of their bytes, and what a document was read to."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from qa.model import Document
from qa.readers.formats.endings import READERS
from qa.readers.formats.writing import SourceFile
from qa.readers.passages import passages

__all__ = ["blocks", "document_of", "source_file", "zipped"]


def source_file(data: str | bytes, name: str, notes: list[str] | None = None) -> SourceFile:
    """A file with this name, without a bibliography beside it, whose notes go into the list."""
    return SourceFile(
        data=data.encode() if isinstance(data, str) else data,
        path=Path(name),
        document_id="terns",
        listed=lambda _: (),
        note=(notes if notes is not None else []).append,
    )


def document_of(data: str | bytes, name: str, notes: list[str] | None = None) -> Document:
    """The one document of a file, by the reader of its ending; every passage of it is a slice of its text."""
    [document] = READERS[Path(name).suffix](source_file(data, name, notes))
    for passage in passages(document):
        assert passage.text == document.text[passage.start : passage.end]
        assert passage.page == document.page_at(passage.start)
    return document


def blocks(document: Document) -> list[tuple[tuple[str, ...], str, str]]:
    """The section, the kind and the text of each block."""
    return [
        (section.path, block.kind, document.text[block.start : block.end])
        for section in document.sections
        for block in section.blocks
    ]


def zipped(parts: Mapping[str, str | bytes], *, packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive with these files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packed) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()
