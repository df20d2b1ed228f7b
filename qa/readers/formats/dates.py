"""Dates as people write them."""

from __future__ import annotations

import re
from datetime import date

__all__ = ["parse_date"]

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_FORMS = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?!\d)"),
    re.compile(r"(?P<name>[A-Za-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})\b"),
    re.compile(r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?\s+(?P<name>[A-Za-z]{3,9})\.?,?\s+(?P<year>\d{4})\b"),
)


def parse_date(text: str) -> date | None:
    """The date that a text begins with, or None. An order that could be read in two ways (01/02/2021) is none.

    >>> parse_date("May 11, 2021")
    datetime.date(2021, 5, 11)
    """
    text = text.strip()
    for form in _FORMS if text else ():
        if match := form.match(text):
            found = match.groupdict()
            name = (found.get("name") or "").lower()
            named = (number for number, month in enumerate(_MONTHS, start=1) if name and month.startswith(name))
            month = int(found.get("month") or next(named, 0))
            try:
                return date(int(found["year"]), month, int(found["day"]))
            except ValueError:
                return None
    return None
