"""Two editions of one document: of passages that answer alike, that of the later date goes first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache

from qa.model import Document, Query
from qa.ranking.evidence import OLDER, Ranked, in_order
from qa.text.analysis import fold

__all__ = ["asked_year", "by_edition"]

_YEAR = re.compile(r"(?:19|20)\d\d")
_DIGITS = re.compile(r"[\d.,/-]+")
_REMEMBERED_TITLES = 1024


def asked_year(query: Query) -> int | None:
    """The year that a question names, the first of several."""
    years = (word.text for word in query.words if not word.carried and _YEAR.fullmatch(word.text))
    return next(map(int, years), None)


def by_edition(ranked: Sequence[Ranked], documents: Mapping[str, Document], *, year: int | None) -> list[Ranked]:
    """The passages with those of older editions further behind. `documents` has those of the first few of them, by the
    id of the passage.

    Documents are editions of one another whose titles differ in their numbers alone, or not at all, and whose dates
    differ. The latest is preferred or, where a `year` is asked for in which one is dated, that one.
    """
    editions: dict[str, list[date]] = {}
    for document in documents.values():
        if document.updated:
            editions.setdefault(_without_numbers(document.title), []).append(document.updated)

    def is_older(each: Ranked) -> bool:
        document = documents.get(each.passage_id)
        if document is None or document.updated is None:
            return False
        dates = editions[_without_numbers(document.title)]
        return document.updated != max((each for each in dates if each.year == year), default=max(dates))

    older = [is_older(each) for each in ranked]
    if not any(older):
        return list(ranked)
    return in_order(
        each._replace(score=each.score + OLDER, is_older=True) if is_older else each
        for each, is_older in zip(ranked, older, strict=True)
    )


@lru_cache(maxsize=_REMEMBERED_TITLES)
def _without_numbers(title: str) -> str:
    return " ".join(_DIGITS.sub(" ", fold(title)).split())
