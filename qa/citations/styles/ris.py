"""A record for reference managers: RIS, by the specification of Research Information Systems."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from qa.citations.styles.names import Name
from qa.citations.styles.work import Work

__all__ = ["ris"]


def ris(work: Work) -> str:
    """The record of a web page. No value has a line break, so none can begin a field or end the record."""
    lines = [f"{tag}  - {value}" for tag, value in _fields(work) if value]
    return "\n".join([*lines, "ER  - ", ""])


def _fields(work: Work) -> Iterator[tuple[str, str]]:
    yield "TY", "ELEC" if work.address else "GEN"
    yield "ID", work.key
    yield from (("AU", _name(name)) for name in work.authors)
    yield from (("A2", _name(name)) for name in work.editors)
    yield "TI", work.title
    yield "T2", work.publisher  # the name of the site: some programs read it here, and others the publisher
    yield "PB", work.publisher
    if work.updated:
        yield "PY", f"{work.updated.year:04}"
        yield "DA", _day(work.updated)
    yield "SE", work.section
    yield "SP", work.page or ""
    yield "UR", work.url
    yield "UR", work.permalink
    yield "Y2", _day(work.accessed)
    yield "N1", work.pinpoint()
    yield "N1", f"“{work.quote}”"


def _name(name: Name) -> str:
    """Family, given, suffix; a comma ends each, so that a name that is whole has none."""
    if not name.is_person:
        return name.family.replace(",", "")
    return ", ".join(filter(None, name))


def _day(day: date) -> str:
    return f"{day:%Y/%m/%d}/" if day.year >= 1000 else f"{day.year:04}/{day:%m/%d}/"
