"""A citation as people write it in a list of references, and as programs for these take it.

The styles follow the manuals' rules for one kind of work, a web page. The official style files and their interpreter
are many times the size of this program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

from qa.citations.styles.ama import ama
from qa.citations.styles.apa import apa
from qa.citations.styles.bibtex import bibtex
from qa.citations.styles.csl import csl_json
from qa.citations.styles.ris import ris
from qa.citations.styles.vancouver import vancouver
from qa.citations.styles.work import Work, work_of
from qa.model import Citation

__all__ = ["EXPORTS", "STYLES", "TEXTS", "Style", "written"]


class Style(NamedTuple):
    """A citation style: its name for people, the suffix of its file, and the media type of that file."""

    name: str
    suffix: str
    media_type: str
    write: Callable[[Work], str]


TEXTS: Mapping[str, Style] = {
    "ama": Style("AMA", ".txt", "text/plain", ama),
    "vancouver": Style("Vancouver", ".txt", "text/plain", vancouver),
    "apa": Style("APA", ".txt", "text/plain", apa),
}
"""The styles for people to read, each on one line; the first is the default."""

EXPORTS: Mapping[str, Style] = {
    "ris": Style("RIS", ".ris", "application/x-research-info-systems", ris),
    "bibtex": Style("BibTeX", ".bib", "application/x-bibtex", bibtex),
    "csl-json": Style("CSL-JSON", ".csl.json", "application/vnd.citationstyles.csl+json", csl_json),
}
"""The styles for programs to read, each a whole file in UTF-8."""

STYLES: Mapping[str, Style] = {**TEXTS, **EXPORTS}


def written(citation: Citation, style: str, *, accessed: date, permalink: str | None) -> str:
    """A citation in one of `STYLES`, with the day on which the text was seen.

    `permalink` is the whole address of the quote, where a service gives it one.

    Raises:
        ValueError: for an unknown style.
    """
    if style not in STYLES:
        raise ValueError(f"{style!r} is none of the styles {', '.join(STYLES)}")
    return STYLES[style].write(work_of(citation, accessed=accessed, permalink=permalink))
