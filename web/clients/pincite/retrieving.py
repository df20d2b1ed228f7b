"""Passages for a question, as the retrievers of other frameworks give them: a text, and what is known of its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from pincite.calls import Scope
from qa.model import Answer
from qa.wire import AskResponse, CitedPassageBody, answer_body

__all__ = ["MOST", "Found", "Scope", "Source", "retrieved"]

MOST = 21  # passages that an answer can have: the first, and 20 further ones


class Source(Protocol):
    """Whatever answers questions: an engine (`qa.Engine`), or a client of the web service (`pincite.Client`)."""

    def ask(self, question: str, *, limit: int, document: Scope) -> Answer | AskResponse:
        """The answer, with up to `limit` further passages."""


class Found(NamedTuple):
    """A passage, word for word. What `metadata` has can be written as JSON."""

    id: str
    text: str
    metadata: dict[str, Any]


def retrieved(source: Source, question: str, *, most: int, document: Scope = None) -> list[Found]:
    """The passage that answers or may answer, then further ones, at most `most`. None if nothing was found.

    Raises:
        ValueError: if `most` is not 1 to 21.
    """
    if not 1 <= most <= MOST:
        raise ValueError(f"The number of passages must be from 1 to {MOST}, and not {most}.")
    found = source.ask(question, limit=most - 1, document=document)
    answer = found if isinstance(found, AskResponse) else answer_body(found)
    return [
        Found(each.passage.id, each.passage.text, _metadata(each, answer, rank=rank))
        for rank, each in enumerate(_passages(answer), start=1)
    ]


def _passages(answer: AskResponse) -> Iterator[CitedPassageBody]:
    if answer.passage and answer.citation:
        yield CitedPassageBody(passage=answer.passage, citation=answer.citation)
        yield from answer.alternatives


def _metadata(cited: CitedPassageBody, answer: AskResponse, *, rank: int) -> dict[str, Any]:
    """Where a passage stands, and of the first also whether it answers. `citation` is what `/verify` takes."""
    citation = cited.citation
    judged = {"outcome": answer.outcome, "confidence": answer.confidence} if rank == 1 else {}
    return {
        "rank": rank,
        "document_id": citation.document.id,
        "title": citation.document.title,
        "section": " › ".join(citation.section),
        "start": citation.start,
        "end": citation.end,
        "source": citation.label,
        "permalink": citation.permalink,
        **judged,
        "citation": citation.model_dump(mode="json"),
    }
