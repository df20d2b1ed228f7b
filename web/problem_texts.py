"""What a page says of a failure in a language other than English, which is what programs are told."""

from __future__ import annotations

from qa.wire import MAX_QUESTION, FieldProblemBody, Problem
from web.languages import reader_texts
from web.texts.reading import ENGLISH, Texts

__all__ = ["in_readers_words"]

_FIELDS = {"q": "field.question", "question": "field.question", "from": "field.date", "to": "field.date"}


def in_readers_words(problem: Problem) -> Problem:
    """The problem as the reader's language says it: by its code, or else by its status, which says less."""
    text = reader_texts()
    if text.language == ENGLISH:
        return problem
    names = (problem.type.rpartition("/")[2], f"s{problem.status}", "s400" if problem.status < 500 else "s500")
    name = next(each for each in names if each in text.tables["problem"])
    details = dict.fromkeys(_of_field(each, text) for each in problem.errors or ())
    return problem.model_copy(
        update={
            "title": text(f"problem.{name}"),
            "detail": " ".join(details) or text(f"problem_detail.{name}"),
            "errors": None,
        }
    )


def _of_field(problem: FieldProblemBody, text: Texts) -> str:
    field = problem.pointer[1:]
    key = _FIELDS.get(field, "field.other")
    if key == "field.other":
        return text(key, field=field or text("failure.request"))
    return text(key, count=MAX_QUESTION)
