"""Passages that only point to others: a table of contents, "see also", a list of literature.

They name everything that the document says, and say none of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from qa.model import Document, Passage
from qa.ranking.evidence import POINTS, Ranked, in_order
from qa.text.analysis import fold, said
from qa.text.lexicon import POINTING_HEADINGS

__all__ = ["behind_what_they_name", "points"]

_FEWEST = 3  # lines of a list of headings, at least
_MOST_OF = 2 / 3  # of its lines, which are headings of the document
_ENDS = (".", "?", "!", ";", "|", "]")  # of a sentence, or of a row in a table
_LINE = " \t-–—*•·.0123456789›>|"  # what stands around a heading in a list of them, page numbers among it


def behind_what_they_name(ranked: Sequence[Ranked], pointing: Collection[str]) -> list[Ranked]:
    """The ranking with passages that only point further behind. `pointing` has the ids of those among the first few."""
    if not pointing:
        return list(ranked)
    return in_order(
        each._replace(score=each.score + POINTS, points=True) if each.passage_id in pointing else each
        for each in ranked
    )


def points(passage: Passage, document: Document) -> bool:
    """Whether a passage stands under a heading such as "Contents" or "See also", or lists headings of its document."""
    if any(
        " ".join(word for word in said(each) if not word.isdigit()) in POINTING_HEADINGS for each in passage.section
    ):
        return True
    lines = [line for each in passage.text.splitlines() if (line := fold(each).strip(_LINE))]
    if len(lines) < _FEWEST or sum(line.endswith(_ENDS) for line in passage.text.splitlines()) > len(lines) / 3:
        return False  # without a look at all headings, of which a document may have thousands
    headings = {fold(heading).strip(_LINE) for section in document.sections for heading in section.path}
    return sum(line in headings for line in lines) >= _MOST_OF * len(lines)
