"""Suggestions: what may be asked of them, and what is sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qa.errors import FieldProblem, InvalidRequestError
from qa.limits import MAX_LIMIT, MAX_QUESTION, character_problem, documents_problems
from qa.model import Suggestion
from qa.wire.requests import PLAIN, DocumentIds, Form, Told, field_problems

__all__ = ["SuggestionBody", "SuggestionsBody", "SuggestionsRequest", "suggestions_body"]


class SuggestionsRequest(BaseModel):
    """What is typed so far, or the passage that was the answer, for which titles, headings and words are suggested."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    q: Annotated[str, Field(max_length=MAX_QUESTION), Told(PLAIN)] | None = Field(
        default=None, description="What is typed so far."
    )
    near: Annotated[str, Told(PLAIN)] | None = Field(
        default=None, description="The id of the passage that was the answer. It is given instead of `q`."
    )
    limit: int = Field(default=8, ge=0, le=MAX_LIMIT, description="The number of suggestions.")
    document: DocumentIds = Field(
        default=(), description="Take titles and headings only from the document with this id, or from those."
    )

    @classmethod
    def from_arguments(
        cls, q: str | None, *, near: str | None = None, limit: str | None = None, document: Sequence[str] = ()
    ) -> Self:
        """Read the parameters of an address.

        Raises:
            InvalidRequestError: for values that are not of this form.
        """
        values: dict[str, object] = {"q": q, "near": near, "document": tuple(document)}
        values |= {} if limit is None else {"limit": int(limit[:9]) if limit.isascii() and limit.isdigit() else limit}
        try:
            asked = cls.model_validate(values)
        except ValidationError as error:
            raise InvalidRequestError(field_problems(error, _FORM), hint=HINT) from None
        found = documents_problems(asked.document)
        given = {name: text for name, text in (("q", asked.q), ("near", asked.near)) if text is not None}
        if len(given) != 1:
            found.append(FieldProblem("/q", "or `near` is required, and not both"))
        found += [
            FieldProblem(f"/{name}", detail) for name, text in given.items() if (detail := character_problem(text))
        ]
        if found:
            raise InvalidRequestError(found, hint=HINT)
        return asked


HINT = "web/README.md describes the suggestions."

_FORM = Form(example="", known=tuple(SuggestionsRequest.model_fields), most=MAX_LIMIT)


class SuggestionBody(BaseModel):
    """A suggestion. Of a heading, `title` names its document where `text` does not."""

    model_config = ConfigDict(frozen=True)

    text: str
    kind: Literal["title", "section", "word"]
    title: str | None


class SuggestionsBody(BaseModel):
    """Suggestions: whole questions to ask, which are titles and headings, then what is typed with a word completed."""

    model_config = ConfigDict(frozen=True)

    suggestions: tuple[SuggestionBody, ...]


def suggestions_body(suggestions: Iterable[Suggestion]) -> SuggestionsBody:
    """The wire form of suggestions."""
    return SuggestionsBody(
        suggestions=tuple(
            SuggestionBody(text=each.text, kind=each.kind, title=each.title or None) for each in suggestions
        )
    )
