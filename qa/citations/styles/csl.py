"""An item in CSL-JSON, the form of the Citation Style Language 1.0.2, which Zotero and Pandoc read."""

from __future__ import annotations

import json
from datetime import date

from qa.citations.styles.names import Name
from qa.citations.styles.work import Work

__all__ = ["csl_json"]


def csl_json(work: Work) -> str:
    """A list of one item, the cited web page, with the quote as its note. Unknown fields are left out.

    The publisher is given as the site, the container of the page, since styles print the container of a page.
    """
    item = {
        "id": work.key,
        "type": "webpage" if work.address else "document",
        "title": work.title,
        "author": [_name(name) for name in work.authors],
        "editor": [_name(name) for name in work.editors],
        "container-title": work.publisher,
        "issued": _day(work.updated) if work.updated else None,
        "accessed": _day(work.accessed),
        "URL": work.address,
        "section": work.section,
        "page": work.page or "",
        "note": f"“{work.quote}” ({work.pinpoint()}) {work.further_link}".rstrip(),
    }
    return json.dumps([{name: value for name, value in item.items() if value}], ensure_ascii=False, indent=2) + "\n"


def _name(name: Name) -> dict[str, str]:
    if not name.is_person:
        return {"literal": name.family}
    return {part: text for part, text in name._asdict().items() if text}


def _day(day: date) -> dict[str, list[list[int]]]:
    return {"date-parts": [[day.year, day.month, day.day]]}
