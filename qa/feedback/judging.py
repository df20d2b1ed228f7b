"""A judgement to feedback: the person's words, and what the library knows of the passage."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version

from qa.model import Answer, CitedPassage, Feedback, Judgement, digest

__all__ = ["feedback_on"]


def feedback_on(judgement: Judgement, answer: Answer, judged: CitedPassage | None, *, library: str) -> Feedback:
    """The feedback to keep of a judgement.

    Args:
        answer: the answer that the question gets now, from the same library. If it is still the judged one, it gives
            the outcome and the confidence.
        judged: the judged words, as the library has them; None if nothing was found.
        library: the name of the library's state.
    """
    given = answer.best.passage if answer.best else None
    passage = judged.passage if judged else None
    is_same = (given and given.id) == (passage and passage.id)
    outcome = answer.outcome if is_same else None
    return Feedback(
        at=datetime.now(UTC),
        question=judgement.question,
        history=judgement.history,
        asked_of="\n".join(judgement.asked_of) or None,
        outcome="nothing_found" if judged is None else outcome,
        helpful=judgement.helpful,
        comment=judgement.comment,
        passage_id=passage.id if passage else None,
        document_id=passage.document_id if passage else None,
        start=passage.start if passage else None,
        end=passage.end if passage else None,
        quote=passage.text if passage else None,
        passage_sha256=digest(passage.text) if passage else None,
        document_sha256=judged.citation.document.sha256 if judged else None,
        confidence=answer.confidence if is_same else None,
        library=library,
        version=version("pincite"),
    )
