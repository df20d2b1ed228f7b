"""What programs write of a file where nobody said anything: a name of their own, a title, the date of a template."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from qa.readers.formats.dates import parse_date

__all__ = ["people", "said_title", "saved_on"]

_PROGRAMS = re.compile(  # and what they call their user
    r"\(?(?:anonymous|unspecified|unknown|unnamed|un-named|none|null|default|author|owner|guest|root|test|(?:the )?user"
    r"|user ?name|admin|administrator|windows(?: user)?|microsoft(?: corporation| office user| account)?|ms office user"
    r"|home|pc|hp|dell|lenovo|acer|asus|toshiba"
    r"|python-docx|python-pptx|steve canny|openpyxl|xlsxwriter|exceljs|sheetjs|pptxgenjs|docx4j|docxtemplater|phpword"
    r"|phpspreadsheet|phpoffice|apache poi|aspose(?:\.\w+)?|pandoc|reportlab|libreoffice|openoffice(?:\.org)?"
    r"|calibre)\)?",
    re.IGNORECASE,
)
_TITLES = re.compile(
    r"\(?(?:anonymous|unspecified|unknown)\)?|(?:microsoft (?:word|powerpoint|excel)\b.*)|untitled.*|no title"
    r"|word document|powerpoint[- ]pr[äe]sentation|pr[äe]sentation ?\d*|document ?\d*|dokument ?\d*|slide ?\d+"
    r"|folie ?\d+|book\d+|mappe\d+|workbook ?\d*|.{1,80}\.(?:docx?|pptx?|xlsx?|dvi|tex|pdf|rtf|indd|qxd|odt)|",
    re.IGNORECASE,
)
_OF_TEMPLATES = frozenset({date(2013, 12, 23), date(2013, 1, 27)})  # those of python-docx and python-pptx
_FIRST = date(1985, 1, 1)  # before which no program wrote a date into a file; what is older is a clock that stood


def people(names: Iterable[str]) -> tuple[str, ...]:
    """The names that are no program's, nor what one calls its user.

    >>> people(["python-docx", "Ann Auk", "Microsoft Office User"])
    ('Ann Auk',)
    """
    return tuple(name for name in names if name and not _PROGRAMS.fullmatch(name))


def said_title(title: str) -> str | None:
    """The title of a file, unless a program gave it.

    >>> said_title("Microsoft Word - tern.doc"), said_title("Terns")
    (None, 'Terns')
    """
    return None if _TITLES.fullmatch(title) else title


def saved_on(dates: Iterable[str]) -> date | None:
    """The first of several dates on which a file was saved, unless it is that of a template or of no clock at all.

    >>> saved_on(["2013-12-23T23:15:00Z", "2024-05-06"])
    datetime.date(2024, 5, 6)
    """
    found = (parse_date(each) for each in dates)
    return next((day for day in found if day and day >= _FIRST and day not in _OF_TEMPLATES), None)
