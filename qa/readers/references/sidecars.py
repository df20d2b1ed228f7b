"""A bibliography in a file of its own beside a document: BibTeX, RIS or CSL-JSON.

An entry's marker is its key, if the document has that in brackets (`[weber2007]`, `[@weber2007]`), else the number that
its note, its citation number or its key gives (`98`, `ref98`, `[98]`), else its key again. Its place in the file gives
none: files are in the order of the alphabet as often as in that of the text. A number that two entries have stands for
neither. An entry is written in one line: authors, title, journal, year, volume, pages.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qa.errors import BibliographyError
from qa.model import Reference
from qa.readers.references.bibliography import told_apart
from qa.readers.references.entries import reference

__all__ = ["MOST_BYTES", "SIDECARS", "parsed_sidecar"]

MOST_BYTES = 16 * 1024 * 1024
"""The largest file that is read."""

SIDECARS = (".bib", ".ris", ".csl.json", ".json")
"""How the names of these files end; of several beside one document, the first in this order is taken."""

_MOST_ENTRIES = 20_000
_LONGEST_FIELD = 2000  # characters; BibTeX's abbreviations could make one of gigabytes
_MOST_AUTHORS = 6
_NAMED_AUTHORS = 3  # where there are more

_PAGE_RANGE = re.compile(r"(?<=\d)\s?(?:--?|–)\s?(?=\w?\d)")
_NUMBER = re.compile(
    r"(?:ref(?:erence)?|bib|cit(?:e|ation)?|r|b|no\.?)?[\s_:.-]{0,2}\[?0{0,3}(\d{1,4})\]?\.?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What is taken from an entry; `labels` are where it may give its number, the likeliest first."""

    key: str
    labels: Sequence[str] = ()
    authors: Sequence[str] = ()
    title: str = ""
    container: str = ""
    year: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    pmid: str = ""
    url: str = ""

    @property
    def number(self) -> str | None:
        found = (_NUMBER.fullmatch(label.strip()) for label in (*self.labels, self.key))
        return next((str(int(number[1])) for number in found if number), None)

    def reference(self, label: str) -> Reference:
        """The entry in one line. The DOI, PMID and address that it has no field for may stand in that line."""
        pages = _PAGE_RANGE.sub("–", self.pages)
        place = self.volume + (f"({self.issue})" if self.issue else "") + (f":{pages}" if pages else "")
        when = ";".join(part for part in (self.year, place) if part)
        authors = self.authors if len(self.authors) <= _MOST_AUTHORS else [*self.authors[:_NAMED_AUTHORS], "et al"]
        parts = [", ".join(authors), self.title, self.container, when]
        line = " ".join(part if part[-1] in ".?!" else f"{part}." for part in parts if part)
        known = reference(label, " ".join((self.doi, self.url)))
        return replace(
            known,
            text=line or self.doi or self.url or self.key,
            pmid=self.pmid if self.pmid.isdecimal() else known.pmid,
        )


def parsed_sidecar(text: str, *, path: Path, brackets: Collection[str] = ()) -> tuple[Reference, ...]:
    """The entries of a bibliography, in the order of the file. `brackets` is all that the document has in brackets.

    A `.json` that is JSON of another kind than CSL's has none: it may be anything. A `.csl.json` may not.

    Raises:
        BibliographyError: for a file that is not of its form.
    """
    found = _parse_of(path)(text, path)
    if len(found) > _MOST_ENTRIES:
        raise BibliographyError(path, reason=f"it has more than {_MOST_ENTRIES:,} entries")
    labels = [entry.key if entry.key in brackets else entry.number or entry.key for entry in found]
    references = (entry.reference(label) for entry, label in zip(found, labels, strict=True))
    return told_apart(each for each in references if each.marker and each.text)


def _parse_of(path: Path) -> Callable[[str, Path], list[_Entry]]:
    return {".bib": _parsed_bibtex, ".ris": _parsed_ris}.get(path.suffix, _parsed_csl)


# BibTeX


def _parsed_bibtex(text: str, path: Path) -> list[_Entry]:
    from bibtexparser import splitter
    from bibtexparser.entrypoint import parse_string
    from bibtexparser.middlewares import RemoveEnclosingMiddleware
    from bibtexparser.model import DuplicateBlockKeyBlock, String

    splitter.logger.disabled = True  # what it cannot read is an error here, not a line on the terminal
    library = parse_string(text, parse_stack=[RemoveEnclosingMiddleware()])
    for block in library.failed_blocks:
        if isinstance(block, DuplicateBlockKeyBlock) and isinstance(block.ignore_error_block, String):
            continue  # an abbreviation that is given twice, as in files put together, holds as it is given first
        line = f"in line {(block.start_line or 0) + 1} begins an entry"
        raise BibliographyError(path, reason=f"{line} that is not closed or not well formed, or whose key is taken")
    if not library.entries:
        raise BibliographyError(path, reason="it has no entry such as @article{key, title = {Title}}")
    abbreviations = {key.lower(): str(each.value) for key, each in library.strings_dict.items()}
    return [_of_bibtex(entry.key, entry.fields_dict, abbreviations) for entry in library.entries]


def _of_bibtex(key: str, fields: Mapping[str, Any], abbreviations: Mapping[str, str]) -> _Entry:
    values: dict[str, str] = {}
    for name, field in fields.items():
        written = str(field.value)[:_LONGEST_FIELD]
        if field.enclosing == "no-enclosing":
            written = "".join(_expanded(part.strip(), abbreviations) for part in written.split("#"))
        written = written[:_LONGEST_FIELD]
        is_address = name.lower() in ("url", "doi")
        values[name.lower()] = _without_markup(written).strip() if is_address else _without_latex(written)
    names = re.split(r"\s+and\s+", values.get("author") or values.get("editor") or "")
    return _Entry(
        key=key.strip(),
        labels=[values.get("note", "")],
        authors=["et al" if name == "others" else _natural(name) for name in names if name.strip()],
        title=values.get("title", ""),
        container=_first(values, "journal", "journaltitle", "booktitle", "publisher", "institution", "howpublished"),
        year=values.get("year") or values.get("date", "")[:4],
        volume=values.get("volume", ""),
        issue=values.get("number") or values.get("issue", ""),
        pages=values.get("pages", ""),
        doi=values.get("doi", ""),
        pmid=values.get("pmid") or (values.get("eprint", "") if values.get("eprinttype") == "pubmed" else ""),
        url=values.get("url", ""),
    )


def _expanded(part: str, abbreviations: Mapping[str, str]) -> str:
    """A piece of a value as it stands between quotation marks or, by its abbreviation, once: never in rounds."""
    return part[1:-1] if part[:1] in '"{' and len(part) > 1 else abbreviations.get(part.lower(), part)[:_LONGEST_FIELD]


_ACCENTS = dict(
    zip(
        "`'^\"~=.uvHckrd",
        "\u0300\u0301\u0302\u0308\u0303\u0304\u0307\u0306\u030c\u030b\u0327\u0328\u030a\u0323",
        strict=True,
    )
)
_LETTERS = {"ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å"}
_LETTERS |= {
    "AA": "Å",
    "i": "ı",
    "j": "ȷ",
    "textendash": "–",
    "textemdash": "—",
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
}
_LETTERS |= {"kappa": "κ", "mu": "μ", "lambda": "λ", "delta": "δ"}
_ACCENTED = re.compile(r"\\([`'^\"~=.]|[uvHckrd](?![A-Za-z]))\s{0,3}\{{0,2}(\\[ij](?![A-Za-z])|[A-Za-z])\}{0,2}")
_COMMAND = re.compile(r"\\([A-Za-z]{1,30})\*?\s{0,3}")
_ESCAPED = re.compile(r"\\([^A-Za-z])")
_MARKUP = re.compile(r"(?<!\\)[{}$]")


def _without_latex(text: str) -> str:
    """LaTeX as a person reads it: accents on their letters, and no braces and commands."""
    if "\\" in text:
        text = _ACCENTED.sub(_accented, text)
        text = _COMMAND.sub(lambda found: _LETTERS.get(found[1], ""), text)
    text = (
        _without_markup(text)
        .replace("~", " ")
        .replace("---", "—")
        .replace("--", "–")
        .replace("``", "“")
        .replace("''", "”")
    )
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _without_markup(text: str) -> str:
    return _ESCAPED.sub(r"\1", _MARKUP.sub("", text))


def _accented(found: re.Match[str]) -> str:
    return found[2].lstrip("\\") + _ACCENTS[found[1]]


# RIS


def _parsed_ris(text: str, path: Path) -> list[_Entry]:
    import rispy

    try:
        found = rispy.loads(text)
    except (rispy.parser.ParseError, OSError, ValueError, KeyError, IndexError) as error:
        raise BibliographyError(path, reason=str(error).splitlines()[0] if str(error) else "it is not RIS") from None
    begun = len(re.findall(r"^TY  - ", text, re.MULTILINE))
    if not begun:
        raise BibliographyError(path, reason="it has no entry that begins with a line 'TY  - JOUR'")
    if begun != len(found):
        raise BibliographyError(path, reason=f"of its {begun:,} entries {len(found):,} end with a line 'ER  - '")
    return [_of_ris({name: _of_ris_value(value) for name, value in entry.items()}) for entry in found]


def _of_ris_value(value: object) -> list[str]:
    """A field as the texts that it has."""
    texts = value if isinstance(value, list) else [value]
    return [" ".join(str(each)[:_LONGEST_FIELD].split()) for each in texts[:_LONGEST_FIELD]]


def _of_ris(fields: Mapping[str, Sequence[str]]) -> _Entry:
    values = {name: texts[0] for name, texts in fields.items() if texts}
    pages = "-".join(part for part in (values.get("start_page"), values.get("end_page")) if part)
    is_of_pubmed = "pubmed" in values.get("name_of_database", "").lower()
    return _Entry(
        key=values.get("id") or values.get("label", ""),
        labels=[values.get("id", ""), values.get("label", "")],
        authors=[_natural(name) for name in fields.get("authors") or fields.get("first_authors") or ()],
        title=_first(values, "title", "primary_title"),
        container=_first(
            values,
            "journal_name",
            "secondary_title",
            "alternate_title1",
            "alternate_title2",
            "alternate_title3",
            "publisher",
        ),
        year=_first(values, "year", "publication_year", "date")[:4],
        volume=values.get("volume", ""),
        issue=values.get("number", ""),
        pages=pages,
        doi=values.get("doi", ""),
        pmid=values.get("accession_number", "") if is_of_pubmed else "",
        url=_first(values, "urls", "url"),
    )


# CSL-JSON


def _parsed_csl(text: str, path: Path) -> list[_Entry]:
    try:
        found = json.loads(text)
    except RecursionError:
        raise BibliographyError(path, reason="it is nested too deeply") from None
    except ValueError as error:
        raise BibliographyError(path, reason=f"it is not JSON: {error}") from None
    items = found.get("items", found) if isinstance(found, dict) else found
    if isinstance(items, dict) and {"id", "type"} <= items.keys():
        items = [items]
    is_csl = isinstance(items, list) and items and all(isinstance(each, dict) and "id" in each for each in items)
    if is_csl:
        return [_of_csl(each) for each in items]
    if path.name.endswith(".csl.json"):
        raise BibliographyError(path, reason="it is no list of entries, each of which has an 'id'")
    return []


def _of_csl(fields: Mapping[str, Any]) -> _Entry:
    values = {name: _csl_text(value) for name, value in fields.items()}
    issued = fields.get("issued")
    parts = issued.get("date-parts") if isinstance(issued, dict) else None
    first = parts[0] if isinstance(parts, list) and parts else None
    year = first[0] if isinstance(first, list) and first else None
    people = fields.get("author") or fields.get("editor")
    return _Entry(
        key=values.get("id", ""),
        labels=[values.get("citation-number", ""), values.get("note", "")],
        authors=[name for name in map(_csl_name, people if isinstance(people, list) else ()) if name],
        title=values.get("title", ""),
        container=_first(values, "container-title", "publisher"),
        year=_csl_text(year) or (_csl_text(issued.get("raw"))[:4] if isinstance(issued, dict) else ""),
        volume=values.get("volume", ""),
        issue=values.get("issue", ""),
        pages=values.get("page", ""),
        doi=values.get("DOI", ""),
        pmid=values.get("PMID", ""),
        url=values.get("URL", ""),
    )


def _csl_text(value: object) -> str:
    """A text or number as text; anything else is none. A lone surrogate, which JSON can escape, is no character."""
    if isinstance(value, str):
        return " ".join(value[:_LONGEST_FIELD].encode("utf-8", "replace").decode("utf-8").split())
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _csl_name(name: object) -> str:
    if not isinstance(name, dict):
        return _csl_text(name)
    parts = ("given", "non-dropping-particle", "family", "suffix")
    return _csl_text(name.get("literal")) or " ".join(text for part in parts if (text := _csl_text(name.get(part))))


# All of them


def _natural(name: str) -> str:
    """A name with the given names first, and a Jr. behind.

    >>> _natural("Weber, Donna M."), _natural("Weber, Jr., Donna"), _natural("National Cancer Institute")
    ('Donna M. Weber', 'Donna Weber Jr.', 'National Cancer Institute')
    """
    family, *others = [part.strip() for part in name.split(",") if part.strip()] or [""]
    return " ".join([*others[-1:], family, *others[:-1]])


def _first(values: Mapping[str, str], *names: str) -> str:
    return next((values[name] for name in names if values.get(name)), "")
