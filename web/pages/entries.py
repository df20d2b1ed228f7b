"""An entry of a bibliography as it is shown: each address once, in the words of the entry if it stands there."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from qa.model import Reference
from qa.wire import ReferenceBody

__all__ = ["FILTERS", "TESTS", "Entry", "doi_address", "entry", "web_address"]


class Entry(NamedTuple):
    """The words of an entry, cut around the ones that `href` leads from, if any do. `doi` and `url` are the addresses
    that no words lead to."""

    before: str
    words: str = ""
    behind: str = ""
    href: str = ""
    doi: str = ""
    url: str = ""


def entry(reference: Reference | ReferenceBody) -> Entry:
    """How a reference is shown. Without a text it has no words, but still its addresses.

    >>> reference = ReferenceBody(marker="1", text="Terns. doi:10.1/t.", doi="10.1/t", pmid=None, url=None)
    >>> entry(reference)
    Entry(before='Terns. doi:', words='10.1/t', behind='.', href='https://doi.org/10.1/t', doi='', url='')
    """
    text, doi = reference.text or "", reference.doi or ""
    url = reference.url if reference.url and web_address(reference.url) else ""
    by_url, by_doi = _cut(url, text), _cut(doi, text)
    is_the_doi = bool(doi) and url.lower().endswith(f"doi.org/{doi}".lower())
    before, words, behind = by_url or by_doi or (text, "", "")
    return Entry(
        before,
        words,
        behind,
        href=url if by_url else doi_address(doi) if by_doi else "",
        doi="" if by_doi and (not by_url or doi.lower() in url.lower()) else doi,
        url="" if by_url or is_the_doi else url,
    )


def doi_address(doi: str) -> str:
    """The address that a DOI resolves at.

    >>> doi_address("10.1000/a<b>")
    'https://doi.org/10.1000/a%3Cb%3E'
    """
    return f"https://doi.org/{quote(doi)}"


def web_address(url: str | None) -> bool:
    """Whether a page may link to it: an HTTP address with a host.

    >>> web_address("https://example.org/a"), web_address("javascript:alert(1)"), web_address(None)
    (True, False, False)
    """
    try:
        parts = urlsplit(url or "")
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def _cut(sought: str, text: str) -> tuple[str, str, str] | None:
    """A text cut around the first place of what is sought, in any case: before it, it, and behind it."""
    found = re.search(re.escape(sought), text, re.IGNORECASE) if sought else None
    return (text[: found.start()], found[0], text[found.end() :]) if found else None


FILTERS = {"entry": entry, "doi_address": doi_address}
"""The filters of the templates for references."""

TESTS = {"web_address": web_address}
"""What the templates ask of an address."""
