"""Two editions of one document: of passages that answer alike, that of the later date goes first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from qa.model import Document, Query
from qa.ranking.evidence import OLDER, Ranked
from qa.text.analysis import fold

__all__ = ["asked_year", "by_edition"]

_YEAR = re.compile(r"(?:19|20)\d\d")
_DIGITS = re.compile(r"[\d.,/-]+")


def asked_year(query: Query) -> int | None:
    """The year that a question names, the first of several."""
    years = (word.text for word in query.words if not word.carried and _YEAR.fullmatch(word.text))
    return next(map(int, years), None)


def by_edition(ranked: Sequence[Ranked], documents: Sequence[Document], *, year: int | None) -> list[Ranked]:
    """The passages with those of older editions further behind. `documents` are those of the first few of them.

    Documents are editions of one another whose titles differ in their numbers alone, or not at all, and whose dates
    differ. The latest is preferred or, where a `year` is asked for in which one is dated, that one.
    """
    editions: dict[str, list[date]] = {}
    for document in documents:
        if document.updated:
            editions.setdefault(_title(document), []).append(document.updated)
    found = []
    for each, document in zip(ranked, documents, strict=False):
        dates = editions.get(_title(document), [])
        best = max((each for each in dates if each.year == year), default=max(dates, default=None))
        is_older = document.updated is not None and document.updated != best
        found.append(each._replace(score=each.score + OLDER, is_older=True) if is_older else each)
    rest = list(ranked[len(found) :])
    if not any(each.is_older for each in found):
        return [*found, *rest]
    return sorted([*found, *rest], key=lambda each: (-each.score, each.passage_id))


def _title(document: Document) -> str:
    return " ".join(_DIGITS.sub(" ", fold(document.title)).split())
