"""A reference in the Vancouver style, by the manual behind it: Citing Medicine (NLM), 2nd edition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from qa.citations.styles.names import Name, initials
from qa.citations.styles.work import MONTHS, Work, closed

__all__ = ["vancouver"]

_MOST_AUTHORS = 6  # the choice of the ICMJE's recommendations, which the manual allows
_ORDINALS = {"II": "2nd", "III": "3rd", "IV": "4th"}


def vancouver(work: Work) -> str:
    """The reference to a web site: author, title, medium, editor, place and publisher, dates, the part, address.

    Unknown parts are named in brackets, also the place of publication, which is never known. The date of the update is
    given as that of publication, with the date of access. Without authors, editors take their place.
    """
    editors = f"{_people(work.editors)}, {'editor' if len(work.editors) == 1 else 'editors'}" if work.editors else ""
    medium = " [Internet]" if work.address else ""
    updated = f"updated {_day(work.updated)}; " if work.updated else ""
    dates = f"{'' if updated else '[date unknown] '}[{updated}cited {_day(work.accessed)}]"
    parts = [
        closed(_people(work.authors) or editors),
        f"{work.title}{medium}." if medium else closed(work.title),
        closed(editors if work.authors else ""),
        f"[place unknown]: {work.publisher or '[publisher unknown]'}; {dates}.",
        closed(work.pinpoint(page="p. ")),
        f"Available from: {work.address}" if work.address else "",
    ]
    return " ".join(filter(None, parts))


def _people(names: Sequence[Name]) -> str:
    return ", ".join([*map(_name, names[:_MOST_AUTHORS]), *(["et al"] if len(names) > _MOST_AUTHORS else [])])


def _name(name: Name) -> str:
    letters = "".join(letter for parts in initials(name.given) for letter in parts)
    suffix = name.suffix.rstrip(".")
    return " ".join(filter(None, (name.family, letters, _ORDINALS.get(suffix, suffix))))


def _day(day: date) -> str:
    return f"{day.year} {MONTHS[day.month - 1][:3]} {day.day}"
