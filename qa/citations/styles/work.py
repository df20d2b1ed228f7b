"""What every style needs of a cited work, prepared once: names taken apart, texts on one line, one address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from qa.citations.styles.names import Name, one_line, read_names
from qa.model import Citation

__all__ = ["MONTHS", "Work", "closed", "long_date", "work_of"]

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)

_ADDRESS = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A cited document and the place in it. Every text is one line; `start` and `end` count from 1, both included.

    `url` is the document's own address on the web; `permalink` is that of the quote in this service.
    """

    key: str
    title: str
    authors: tuple[Name, ...]
    editors: tuple[Name, ...]
    publisher: str
    updated: date | None
    accessed: date
    url: str
    permalink: str
    section: str
    page: str | None
    start: int
    end: int
    quote: str

    @property
    def address(self) -> str:
        """The address for a list of references: the document's own, else the quote's. It may be empty."""
        return self.url or self.permalink

    def pinpoint(self, *, page: str = "page ", dash: str = "-") -> str:
        """The place in words, beginning with a capital: the section, the page, the characters."""
        parts = [
            f"section “{self.section}”" if self.section else "",
            f"{page}{self.page}" if self.page is not None else "",
            f"characters {self.start}{dash}{self.end}",
        ]
        place = ", ".join(filter(None, parts))
        return place[0].upper() + place[1:]

    @property
    def further_link(self) -> str:
        """The quote's own address, if `address` is another."""
        return self.permalink if self.url else ""


def work_of(citation: Citation, *, accessed: date, permalink: str | None) -> Work:
    """The work that a citation cites. An address that is not on the web is left out."""
    document = citation.document
    path = citation.section[1:] if citation.section[:1] == (document.title,) else citation.section
    ascii_id = re.sub(r"[^a-z0-9]+", "-", document.id.lower()).strip("-")
    url = document.url or ""
    return Work(
        key=f"{ascii_id or 'document'}-{citation.start + 1}",
        title=one_line(document.title),
        authors=read_names(document.authors),
        editors=read_names(document.editors),
        publisher=one_line(document.publisher or ""),
        updated=document.updated,
        accessed=accessed,
        url=url if _ADDRESS.fullmatch(url) and one_line(url) == url else "",
        permalink=permalink or "",
        section=one_line(" › ".join(path)),
        page=None if citation.page is None else citation.document.page_name(citation.page),
        start=citation.start + 1,
        end=citation.end,
        quote=one_line(citation.quote),
    )


def long_date(day: date) -> str:
    """A day as AMA and APA write it: "May 11, 2021"."""
    return f"{MONTHS[day.month - 1]} {day.day}, {day.year}"


def closed(text: str) -> str:
    """A text with a full stop, unless it ends with a mark that closes a sentence, or is empty.

    >>> closed("Do terns dive?"), closed("Terns")
    ('Do terns dive?', 'Terns.')
    """
    return text if not text or text.rstrip("”’\"'")[-1:] in (".", "?", "!", "…") else f"{text}."
