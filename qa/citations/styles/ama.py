"""A reference in the style of the American Medical Association: AMA Manual of Style, 11th edition."""

from __future__ import annotations

from collections.abc import Sequence

from qa.citations.styles.names import Name, initials
from qa.citations.styles.work import Work, closed, long_date

__all__ = ["ama"]

_MOST_AUTHORS, _NAMED_AUTHORS = 6, 3


def ama(work: Work) -> str:
    """The reference to a web site, in the order of 3.15.3: author, title, site, dates, address, without a last stop.

    Names are inverted, with initials without full stops. Of more than six names, three are given. Editors come after
    "In:" and before the site, as for a chapter in a book; without authors they take the authors' place. Titles are
    written as they are. The manual has no place for a pinpoint in a list; here it comes after the site.
    """
    editors = f"{_people(work.editors)}, {'ed' if len(work.editors) == 1 else 'eds'}" if work.editors else ""
    leads_with_editors = bool(editors) and not work.authors
    inside = editors if not leads_with_editors else ""
    parts = [
        closed(editors if leads_with_editors else _people(work.authors)),
        closed(work.title),
        closed(f"In: {inside}" if inside and work.publisher else inside),
        closed(work.publisher),
        closed(work.pinpoint()),
        f"Updated {long_date(work.updated)}." if work.updated else "",
        f"Accessed {long_date(work.accessed)}.",
        work.address,
    ]
    return " ".join(filter(None, parts))


def _people(names: Sequence[Name]) -> str:
    if len(names) > _MOST_AUTHORS:
        return f"{', '.join(map(_name, names[:_NAMED_AUTHORS]))}, et al"
    return ", ".join(map(_name, names))


def _name(name: Name) -> str:
    letters = "".join(letter for parts in initials(name.given) for letter in parts)
    return " ".join(filter(None, (name.family, letters, name.suffix.rstrip("."))))
