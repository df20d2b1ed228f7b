"""A reference in the style of the American Psychological Association: Publication Manual, 7th edition."""

from __future__ import annotations

from collections.abc import Sequence

from qa.citations.styles.names import Name, initials
from qa.citations.styles.work import MONTHS, Work, closed, long_date

__all__ = ["apa"]

_MOST_AUTHORS, _NAMED_AUTHORS = 20, 19


def apa(work: Work) -> str:
    """The reference to a web page: author, date, title, site, address; the title comes first without authors.

    Without a date it says "n.d.". It gives the day of access, since the text may change. Of more than 20 authors it
    gives 19, an ellipsis and the last. A site that is also the author is left out. If there are authors too, an editor
    is given as that of the whole that a chapter is part of or, if no whole is named, after the title. The rest of the
    pinpoint is in brackets after the title. It is plain text: italics are not marked.
    """
    role = "(Ed.)" if len(work.editors) == 1 else "(Eds.)"
    lead = _people(work.authors) or (f"{_people(work.editors)} {role}" if work.editors else "")
    day = f"({work.updated.year}, {MONTHS[work.updated.month - 1]} {work.updated.day})." if work.updated else "(n.d.)."
    publisher = "" if [work.publisher] == [name.family for name in work.authors] else work.publisher
    editors = _joined([_in_order(name) for name in work.editors]) if work.authors else ""
    site = f"In {editors} {role}, {publisher}" if editors and publisher else publisher
    behind_title = f" ({editors}, {role[1:]}" if editors and not publisher else ""
    title = closed(f"{work.title}{behind_title} [{work.pinpoint(page='p. ', dash='–')}]")
    accessed = f"Retrieved {long_date(work.accessed)}"
    parts = [
        *((closed(lead), day, title) if lead else (title, day)),
        closed(site),
        f"{accessed}, from {work.address}" if work.address else f"{accessed}.",
    ]
    return " ".join(filter(None, parts))


def _people(names: Sequence[Name]) -> str:
    if len(names) > _MOST_AUTHORS:
        return f"{', '.join(map(_inverted, names[:_NAMED_AUTHORS]))}, . . . {_inverted(names[-1])}"
    inverted = [_inverted(name) for name in names]
    return ", & ".join([", ".join(inverted[:-1]), inverted[-1]] if len(inverted) > 1 else inverted)


def _joined(names: Sequence[str]) -> str:
    if len(names) < 3:
        return " & ".join(names)
    return f"{', '.join(names[:-1])}, & {names[-1]}"


def _inverted(name: Name) -> str:
    return ", ".join(filter(None, (name.family, _letters(name), name.suffix)))


def _in_order(name: Name) -> str:
    return " ".join(filter(None, (_letters(name), name.family, name.suffix)))


def _letters(name: Name) -> str:
    return " ".join("-".join(f"{letter}." for letter in parts) for parts in initials(name.given))
