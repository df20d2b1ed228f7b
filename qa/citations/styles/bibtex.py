"""An entry for BibTeX, and for biblatex, which reads the same file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa.citations.styles.names import Name
from qa.citations.styles.work import MONTHS, Work, long_date

__all__ = ["bibtex"]

_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"$\lbrace$",  # \{ would count as a brace when BibTeX looks for the end of a value
        "}": r"$\rbrace$",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{character: f"\\{character}" for character in "%&#_$"},
    }
)
_LIGATURES = re.compile(r"(?<=[-`'?!<>,])(?=[-`'<>,])")  # such as --, which would be set as a dash
_NOT_IN_ADDRESSES = re.compile(r"[\\{}^`|<>\"~]")


def bibtex(work: Work) -> str:
    """An entry of the type `misc`, the one for web pages that every style of both programs knows.

    `note` has the place and is printed in the list. `annote` has the quote and is not printed. Titles have braces of
    their own, so that styles keep their capitals. Characters beyond ASCII are in UTF-8.
    """
    lines = [f"  {name} = {value}" for name, value in _fields(work)]
    return ",\n".join([f"@misc{{{work.key}", *lines]) + "\n}\n"


def _fields(work: Work) -> Iterator[tuple[str, str]]:
    for role, names in (("author", work.authors), ("editor", work.editors)):
        if names:
            yield role, f"{{{' and '.join(map(_name, names))}}}"
    yield "title", f"{{{{{_escaped(work.title)}}}}}"
    if work.publisher:
        yield "howpublished", f"{{{_escaped(work.publisher)}}}"
    if work.updated:
        yield "year", f"{{{work.updated.year:04}}}"
        yield "month", MONTHS[work.updated.month - 1][:3].lower()  # a name that every style defines, not a text
    if work.address:
        yield "url", f"{{{_address(work.address)}}}"
    yield "urldate", f"{{{work.accessed.isoformat()}}}"
    updated = f". Updated {long_date(work.updated)}" if work.updated else ""
    yield "note", f"{{{_escaped(work.pinpoint())}{updated}}}"
    quote = f"“{work.quote}” {work.further_link}"
    yield "annote", f"{{{_escaped(quote.rstrip())}}}"


def _name(name: Name) -> str:
    """Family, suffix, given; a name that stays whole is in braces, so that it is not taken apart."""
    if not name.is_person:
        return f"{{{_escaped(name.family)}}}"
    return ", ".join(_escaped(part) for part in (name.family, name.suffix, name.given) if part)


def _escaped(text: str) -> str:
    return "{}".join(part.translate(_ESCAPES) for part in _LIGATURES.split(text))


def _address(address: str) -> str:
    """An address is taken as it stands; what would break the value is percent-encoded (RFC 3986, 2.1)."""
    return _NOT_IN_ADDRESSES.sub(lambda found: f"%{ord(found[0]):02X}", address)
