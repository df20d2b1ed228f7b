"""Files to documents to passages: the names that the rest of `qa` uses."""

from qa.readers.files import file_size, file_state, is_there, legible, read_text, resolved
from qa.readers.formats.endings import READERS, RECORDS, Reader
from qa.readers.formats.naming import document_id
from qa.readers.formats.parsing import parsed
from qa.readers.judged import JudgedQuestions, read_judged, read_lines, read_run, write_run
from qa.readers.reading import Work, read, read_synonyms, read_works
from qa.readers.references.sidecars import SIDECARS
from qa.readers.sandbox.parent import MEGABYTE, Limits, ReadingStoppedError, Sandbox
from qa.readers.sources import find_sources

__all__ = [
    "MEGABYTE",
    "READERS",
    "RECORDS",
    "SIDECARS",
    "JudgedQuestions",
    "Limits",
    "Reader",
    "ReadingStoppedError",
    "Sandbox",
    "Work",
    "document_id",
    "file_size",
    "file_state",
    "find_sources",
    "is_there",
    "legible",
    "parsed",
    "read",
    "read_judged",
    "read_lines",
    "read_run",
    "read_synonyms",
    "read_text",
    "read_works",
    "resolved",
    "write_run",
]
