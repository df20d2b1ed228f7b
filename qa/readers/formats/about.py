"""What a page of HTML says of itself in its head: `<meta>` of several makes, and JSON-LD."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from lxml import etree

from qa.readers.formats.dates import parse_date
from qa.readers.formats.defaults import people
from qa.readers.formats.writing import About, without_invisible

__all__ = ["about_page", "names", "names_a_file", "written"]

_LONGEST_JSON = 1_000_000  # characters of JSON-LD that are read
_MOST_OBJECTS = 1000
_LONGEST = 1000  # characters of a value
_MOST_NAMES = 200

_TITLE = ("citation_title", "dc.title", "dcterms.title", "og:title")
_AUTHORS = ("citation_author", "dc.creator", "dcterms.creator", "author", "article:author", "citation_authors")
_PUBLISHER = ("citation_publisher", "dc.publisher", "dcterms.publisher")
_SITE = ("og:site_name", "application-name", "citation_journal_title")
_CHANGED = ("article:modified_time", "og:updated_time", "dcterms.modified", "dc.date.modified", "last-modified")
_PUBLISHED = (
    *("article:published_time", "citation_online_date", "citation_publication_date", "citation_date"),
    *("dc.date", "dcterms.date", "dcterms.issued", "dc.date.issued", "date"),
)
_URL = ("og:url", "citation_abstract_html_url", "citation_fulltext_html_url")
_KEYWORDS = ("citation_keywords", "keywords")

_WORK = re.compile(r"article|page|posting|report|book|dataset|guide|creativework|recipe|howto", re.IGNORECASE)
_FILE = re.compile(r"\S{1,200}\.(?:x?html?|aspx?|php\d?|jspx?|docx?|pdf|txt|md|rtf|pptx?|xlsx?|odt)", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s<>\"]{1,1000}", re.IGNORECASE)


def about_page(root: etree._Element) -> About:
    """What the page says of its title, authors, publisher, date of change (else of publication), address and keywords.

    An author that is an address is none, and so is a date without a day.
    """
    meta: dict[str, list[str]] = {}
    for element in root.iter("meta"):
        name = (element.get("name") or element.get("property") or element.get("itemprop") or "").strip().lower()
        if value := written(element.get("content")):
            meta.setdefault(name, []).append(value)
    work = _work(root)
    canonical = (e.get("href") for e in root.iter("link") if "canonical" in (e.get("rel") or "").lower().split())
    return About(
        title=_first(meta, _TITLE) or written(work.get("headline")) or None,
        authors=_people(_all(meta, _AUTHORS)) or _people(_named(work.get("author")) or _named(work.get("creator"))),
        publisher=_first(meta, _PUBLISHER) or next(iter(_named(work.get("publisher"))), "") or _first(meta, _SITE),
        updated=_day([written(work.get("dateModified")), *(meta.get(name, [""])[0] for name in _CHANGED)])
        or _day([written(work.get("datePublished")), *(meta.get(name, [""])[0] for name in _PUBLISHED)]),
        url=next((url for url in [*canonical, _first(meta, _URL)] if url and _ADDRESS.fullmatch(url.strip())), None),
        keywords=names(part for each in _all(meta, _KEYWORDS) for part in re.split("[,;]", each)),
    )


def written(value: object) -> str:
    """A value that is a text, in one line; anything else is none."""
    return " ".join(without_invisible(value[:_LONGEST]).split()) if isinstance(value, str) else ""


def names_a_file(title: str) -> bool:
    """Whether a title is the name of a file, as programs give it: `report-10k.htm`."""
    return _FILE.fullmatch(title.strip()) is not None


def names(values: Iterable[str]) -> tuple[str, ...]:
    """Names, each once, without what is an address; a list with semicolons is many."""
    parts = (part.strip() for value in values for part in value.split(";"))
    return tuple(dict.fromkeys(part for part in parts if part and "://" not in part))[:_MOST_NAMES]


def _people(values: Iterable[str]) -> tuple[str, ...]:
    return people(names(values))


def _first(meta: dict[str, list[str]], wanted: Iterable[str]) -> str | None:
    return next((meta[name][0] for name in wanted if name in meta), None)


def _all(meta: dict[str, list[str]], wanted: Iterable[str]) -> list[str]:
    """All values of the first name that has any but addresses."""
    return next((meta[name] for name in wanted if names(meta.get(name, ()))), [])


def _day(values: Iterable[str]) -> date | None:
    return next((day for value in values if (day := parse_date(value.replace("/", "-")))), None)


def _named(value: object) -> list[str]:
    """The names of people or organisations as JSON-LD gives them: texts, objects with a name, or a list of these."""
    listed = value if isinstance(value, list) else [value]
    each = (written(entry.get("name") if isinstance(entry, dict) else entry) for entry in listed[:_MOST_NAMES])
    return [name for name in each if name]


def _work(root: etree._Element) -> dict[str, Any]:
    """The first object of the page's JSON-LD that is a work with a headline, an author or a date, else none."""
    for script in root.iter("script"):
        if (script.get("type") or "").strip().lower() == "application/ld+json":
            try:
                found = json.loads((script.text or "")[:_LONGEST_JSON])
            except (ValueError, RecursionError):
                continue  # a page's data for machines may be broken where its text is not
            for each in _objects(found):
                kinds = each.get("@type")
                kind = " ".join(map(str, kinds)) if isinstance(kinds, list) else str(kinds)
                if _WORK.search(kind[:_LONGEST]) and each.keys() & {"headline", "author", "datePublished"}:
                    return each
    return {}


def _objects(found: object) -> Iterator[dict[str, Any]]:
    """An object, those of a list, and those of a graph, in this order."""
    waiting, count = [found], 0
    while waiting and count < _MOST_OBJECTS:
        each = waiting.pop(0)
        count += 1
        if isinstance(each, list):
            waiting[:0] = each[:_MOST_OBJECTS]
        elif isinstance(each, dict):
            yield each
            waiting.append(each.get("@graph"))
            waiting.append(each.get("mainEntity"))
