"""Feedback as it is accepted, from a program or from a form on a page, and the reply to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from qa.errors import FieldProblem, InvalidRequestError
from qa.limits import character_problem
from qa.model import Judgement
from qa.wire.citations import read_fingerprint
from qa.wire.requests import (
    FINGERPRINT,
    HEX_KEY,
    PLAIN,
    AskRequest,
    DocumentIds,
    Form,
    History,
    QuestionText,
    Told,
    field_problems,
)

__all__ = ["MAX_COMMENT", "FeedbackRequest", "FeedbackResponse"]

MAX_COMMENT = 2000  # characters

HINT = "web/README.md describes every part of feedback."

_REPEATED = ("history", "document")  # fields that a form may give more than once
_YES_OR_NO = {"yes": True, "no": False}


_BOTH_OR_NONE: list[JsonValue] = [
    {"properties": {"passage": {"type": "null"}, "is": {"type": "null"}}},
    {"required": ["passage", "is"], "properties": {"passage": {"type": "string"}, "is": {"type": "string"}}},
]
"""Of the passage and its fingerprint, as JSON Schema tells it."""


class FeedbackRequest(BaseModel):
    """A person's judgement: whether an answer answered the question."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, json_schema_extra={"anyOf": [*_BOTH_OR_NONE]})

    key: str = Field(
        pattern=HEX_KEY,
        description="128 random bits, made up for each answer by the program that shows it. Send the same key again to "
        "replace the earlier feedback.",
    )
    question: QuestionText = Field(description="The question that was asked.")
    history: History = Field(default=(), description="The earlier questions that were sent with it, oldest first.")
    document: DocumentIds = Field(
        default=(), description="The id of the document, or the ids of those, if only some were asked."
    )
    passage: str | None = Field(
        default=None, description="The id of the passage that was shown; null if nothing was found."
    )
    is_: str | None = Field(
        default=None,
        alias="is",
        pattern=FINGERPRINT,
        description="The fingerprint of the passage's words, from its permanent link. Required with `passage`.",
    )
    helpful: bool = Field(description="Whether the answer answered the question.")
    comment: Annotated[str, Told(PLAIN)] = Field(
        default="", max_length=MAX_COMMENT, description="The person's comment."
    )

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Read a request's JSON body.

        Raises:
            InvalidRequestError: for bytes that are not UTF-8, not JSON, or not of this form.
        """
        try:
            return cls.model_validate_json(body)._checked()
        except ValidationError as error:
            raise _invalid(error) from None

    @classmethod
    def from_form(cls, fields: Mapping[str, Sequence[str]]) -> Self:
        """Read the fields of a form on a page. `helpful` is yes or no; empty fields count as left out.

        Raises:
            InvalidRequestError: for values that are not of this form, or a field that is given twice.
        """
        repeated = [name for name, values in fields.items() if name not in _REPEATED and len(values) > 1]
        if repeated:
            raise InvalidRequestError([FieldProblem(f"/{name}", "may be given only once") for name in repeated])
        values: dict[str, Any] = {
            name: each[0] for name, each in fields.items() if each and (each[0] or name not in _FORM.known)
        }
        values["history"] = tuple(fields.get("history", ()))
        values["document"] = tuple(filter(None, fields.get("document", ())))
        if "comment" in values:
            values["comment"] = values["comment"].replace("\r\n", "\n")  # as a browser counts its characters
        if "helpful" in values:
            values["helpful"] = _YES_OR_NO.get(values["helpful"])
        try:
            return cls.model_validate(values)._checked()
        except ValidationError as error:
            raise _invalid(error) from None

    @property
    def asked(self) -> AskRequest:
        """The request that was answered."""
        return AskRequest(question=self.question, history=self.history, document=self.document)

    def judgement(self) -> Judgement:
        """The judgement in it."""
        return Judgement(
            key=self.key,
            question=self.question,
            history=self.history,
            asked_of=self.document,
            passage_id=self.passage,
            known_by=read_fingerprint(self.is_) if self.is_ is not None else None,
            helpful=self.helpful,
            comment=self.comment,
        )

    def _checked(self) -> Self:
        AskRequest.from_arguments(self.question, history=self.history, document=self.document)
        found = []
        if (self.passage is None) != (self.is_ is None):
            missing, given = ("/is", "passage") if self.is_ is None else ("/passage", "is")
            found.append(FieldProblem(missing, f"is required when `{given}` is given"))
        if detail := character_problem(self.comment):
            found.append(FieldProblem("/comment", detail))
        if found:
            raise InvalidRequestError(found, hint=HINT)
        return self


_FORM = Form(
    example='{"key": "...", "question": "...", "helpful": true}',
    known=tuple(field.alias or name for name, field in FeedbackRequest.model_fields.items()),
    most=0,
)


def _invalid(error: ValidationError) -> InvalidRequestError:
    return InvalidRequestError(field_problems(error, _FORM), hint=HINT)


class FeedbackResponse(BaseModel):
    """The feedback is saved. `thanks` is a sentence for people."""

    model_config = ConfigDict(frozen=True)

    id: int
    thanks: str
