"""What may be asked, on the command line and over the web, and what is said of an invalid request."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.errors import FieldProblem

__all__ = [
    "MAX_DOCUMENTS",
    "MAX_HISTORY",
    "MAX_LIMIT",
    "MAX_QUESTION",
    "asked_problems",
    "character_problem",
    "documents_problems",
    "number_problem",
    "too_long",
    "too_many",
]

MAX_QUESTION = 1000  # characters
MAX_HISTORY = 50  # earlier questions
MAX_LIMIT = 20  # further passages
MAX_DOCUMENTS = 100  # that a question is limited to

_UNUSABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters but for tab and line breaks (Unicode's category Cc), and surrogates (Cs)."""


def asked_problems(
    question: str, *, history: Sequence[str] = (), limit: int = 0, documents: Sequence[str] = ()
) -> list[FieldProblem]:
    """What is wrong with a question and what is sent with it. Empty if it may be asked."""
    found = []
    if detail := _question_problem(question):
        found.append(FieldProblem("/question", detail))
    if len(history) > MAX_HISTORY:
        found.append(FieldProblem("/history", too_many(MAX_HISTORY)))
    for number, text in enumerate(history[:MAX_HISTORY]):
        if detail := _question_problem(text):
            found.append(FieldProblem(f"/history/{number}", detail))
    if not 0 <= limit <= MAX_LIMIT:
        found.append(FieldProblem("/limit", number_problem(MAX_LIMIT)))
    return found + documents_problems(documents)


def documents_problems(documents: Sequence[str]) -> list[FieldProblem]:
    """What is wrong with the ids of the documents that a question is limited to."""
    found = [FieldProblem("/document", too_many(MAX_DOCUMENTS))] if len(documents) > MAX_DOCUMENTS else []
    for number, text in enumerate(documents[:MAX_DOCUMENTS]):
        if detail := _text_problem(text):
            found.append(FieldProblem(f"/document/{number}" if len(documents) > 1 else "/document", detail))
    return found


def _question_problem(text: str) -> str | None:
    if not text:
        return "must not be empty"
    return too_long(MAX_QUESTION, len(text)) if len(text) > MAX_QUESTION else _text_problem(text)


def _text_problem(text: str) -> str | None:
    """What makes a text unusable, or None. Line breaks and tabs are white space, and welcome."""
    return character_problem(text) if text.strip() else "must not be blank"


def character_problem(text: str) -> str | None:
    """What makes a character of a text unusable, or None."""
    found = _UNUSABLE.search(text)
    if found is None:
        return None
    code = f"U+{ord(found.group()):04X}"
    if "\ud800" <= found.group() <= "\udfff":
        return f"must be valid Unicode (it has a lone surrogate, {code}, at character {found.start()})"
    return f"must not have control characters (it has {code} at character {found.start()})"


def too_long(most: int, length: int | None) -> str:
    """The problem of a text with too many characters, with their number if it is known."""
    return f"must have at most {most:,} characters" + (f" (it has {length:,})" if length is not None else "")


def too_many(most: int) -> str:
    """The problem of a list with too many entries."""
    return f"must have at most {most:,} entries"


def number_problem(most: int) -> str:
    """The problem of something that is not a whole number up to this one."""
    return f"must be a whole number from 0 to {most:,}"
