"""Which reader reads a file: one a format, found by the file's ending."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qa.model import Document
from qa.readers.formats.decoding import decode
from qa.readers.formats.writing import SourceFile

__all__ = ["READERS", "RECORDS", "TEXTS", "Reader"]


Reader = Callable[[SourceFile], Iterable[Document]]
"""A file of one format to its documents, one after the other. Offsets of a Document refer to its own plain text.

What a reader needs is imported when it reads its first file, not before: most libraries hold one format or two.
"""


def _read_markdown(file: SourceFile) -> Iterable[Document]:
    from qa.readers.formats.markdown import read_markdown

    text = decode(file.data, file.path)
    listed = file.listed(text)
    return [read_markdown(text, path=file.path, document_id=file.document_id, listed=listed, note=file.note)]


def _read_plain(file: SourceFile) -> Iterable[Document]:
    from qa.readers.formats.plain import read_plain

    text = decode(file.data, file.path)
    return [read_plain(text, path=file.path, document_id=file.document_id, listed=file.listed(text))]


def _read_html(file: SourceFile) -> Iterable[Document]:
    from qa.readers.formats.html import read_html

    return read_html(file)


def _read_jsonl(file: SourceFile) -> Iterable[Document]:
    from qa.readers.formats.records import read_jsonl

    return read_jsonl(file)


def _read_table(file: SourceFile) -> Iterable[Document]:
    from qa.readers.formats.records import read_table

    return read_table(file)


def _read_pdf(file: SourceFile) -> Iterable[Document]:
    from qa.readers.formats.pdf import read_pdf

    return read_pdf(file)


def _read_docx(file: SourceFile) -> Iterable[Document]:
    from qa.readers.formats.docx import read_docx

    return read_docx(file)


def _read_epub(file: SourceFile) -> Iterable[Document]:
    from qa.readers.formats.epub import read_epub

    return read_epub(file)


def _read_pptx(file: SourceFile) -> Iterable[Document]:
    from qa.readers.formats.pptx import read_pptx

    return read_pptx(file)


def _read_odt(file: SourceFile) -> Iterable[Document]:
    from qa.readers.formats.odt import read_odt

    return read_odt(file)


def _read_eml(file: SourceFile) -> Iterable[Document]:
    from qa.readers.formats.eml import read_eml

    return read_eml(file)


def _read_rst(file: SourceFile) -> Iterable[Document]:
    from qa.readers.formats.rst import read_rst

    return read_rst(file)


def _read_xlsx(file: SourceFile) -> Iterable[Document]:
    from qa.readers.formats.xlsx import read_xlsx

    return read_xlsx(file)


def _read_zip(file: SourceFile) -> Iterable[Document]:
    from qa.readers.formats.zipped import read_zip

    return read_zip(file, READERS)


def _read_xml(file: SourceFile) -> Iterable[Document]:
    from qa.readers.formats.xml import read_xml

    return read_xml(file)


READERS: dict[str, Reader] = {
    ".md": _read_markdown,
    ".markdown": _read_markdown,
    ".rst": _read_rst,
    ".txt": _read_plain,
    ".text": _read_plain,
    ".html": _read_html,
    ".htm": _read_html,
    ".xhtml": _read_html,
    ".pdf": _read_pdf,
    ".docx": _read_docx,
    ".docm": _read_docx,
    ".epub": _read_epub,
    ".pptx": _read_pptx,
    ".xlsx": _read_xlsx,
    ".xlsm": _read_xlsx,
    ".odt": _read_odt,
    ".eml": _read_eml,
    ".xml": _read_xml,
    ".nxml": _read_xml,
    ".zip": _read_zip,
    ".jsonl": _read_jsonl,
    ".csv": _read_table,
    ".tsv": _read_table,
}

RECORDS = frozenset({".jsonl", ".csv", ".tsv", ".xml", ".nxml", ".zip"})
"""The endings of files that may hold many documents, each known by its own id."""

TEXTS = frozenset({".jsonl", ".csv", ".tsv"}) | {".md", ".markdown", ".txt", ".text"}
