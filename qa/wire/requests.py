"""The requests that are accepted, and what is said of an invalid one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError

from qa.errors import FieldProblem, InvalidRequestError
from qa.limits import (
    MAX_DOCUMENTS,
    MAX_HISTORY,
    MAX_LIMIT,
    MAX_QUESTION,
    asked_problems,
    number_problem,
    too_long,
    too_many,
)

__all__ = [
    "DATE",
    "DIGEST",
    "EMPTY_OR_SAYING",
    "FINGERPRINT",
    "HEX_KEY",
    "MAX_PASSAGES",
    "MAX_TURNS",
    "NOT_BLANK",
    "PLAIN",
    "SAYING",
    "SPACES",
    "AsWhole",
    "AskRequest",
    "ConversationRequest",
    "DocumentIds",
    "Form",
    "History",
    "QuestionText",
    "Told",
    "few_words",
    "field_problems",
]

MAX_TURNS = 200  # questions of a conversation
MAX_PASSAGES = 1000  # passages of a conversation: one for each question, and its `limit`

_MOST_ERRORS = 1000  # above that they are counted, not named: naming 100,000 takes seconds


_CONTROLS = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
_WIDE = r"\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_SPACE = rf"\u0009-\u000d\u001c-\u0020\u0085{_WIDE}"
"""White space as Python knows it; what `\\s` stands for differs from one language to the next."""


@dataclass(frozen=True, slots=True)
class Told:
    """A pattern that the JSON Schema of a text tells, where the text is checked otherwise."""

    pattern: str

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": self.pattern}


PLAIN = f"^[^{_CONTROLS}]*$"
"""Texts without control characters; empty ones too."""
SPACES = rf"[\t\n\r {_WIDE}]*"
"""White space that is no control character."""
NOT_BLANK = f"[^{_SPACE}]"
"""Texts that are not blank."""
SAYING = rf"^[^{_CONTROLS}]*[^{_SPACE}{_CONTROLS}][^{_CONTROLS}]*$"
"""Those of them that are not blank."""
EMPTY_OR_SAYING = rf"^(?:|[^{_CONTROLS}]*[^{_SPACE}{_CONTROLS}][^{_CONTROLS}]*)$"
"""These, and the empty text."""


def few_words(most: int) -> str:
    """A pattern of texts without control characters that have at most so many words."""
    return rf"^{SPACES}(?:[^{_SPACE}{_CONTROLS}]+(?:{SPACES[:-1]}+|$)){{0,{most}}}$"


def _whole(value: object) -> object:
    """A number that JSON writes with a point, such as 3.0, as the whole number that it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


AsWhole = BeforeValidator(_whole)


def _as_several(value: object) -> object:
    """One id as several of one, and null as none. An empty list, which would ask no document, is refused."""
    if value == []:
        raise PydanticCustomError("no_document", "must not be empty")
    if isinstance(value, str):
        return (value,)
    return () if value is None else tuple(value) if isinstance(value, list) else value


def _as_given(ids: tuple[str, ...]) -> object:
    """Ids as a program sends them."""
    return ids if len(ids) > 1 else ids[0] if ids else None


DocumentIds = Annotated[
    tuple[str, ...],
    Field(fail_fast=True),
    BeforeValidator(_as_several),
    PlainSerializer(_as_given),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": SAYING},
                {
                    "type": "array",
                    "items": {"type": "string", "pattern": SAYING},
                    "minItems": 1,
                    "maxItems": MAX_DOCUMENTS,
                },
                {"type": "null"},
            ],
            "default": None,
        }
    ),
]
"""The ids of documents: one as a string, or several in a list. Empty for none."""

QuestionText = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION), Told(SAYING)]
History = Annotated[tuple[QuestionText, ...], Field(max_length=MAX_HISTORY, fail_fast=True)]
"""Lists fail at their first wrong entry, so that what is wrong with a request is found in bounded time."""


class AskRequest(BaseModel):
    """A question, with the earlier questions and the documents to ask."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    question: QuestionText = Field(description="The question, in the person's own words.")
    history: History = Field(default=(), description="The person's earlier questions, oldest first.")
    limit: Annotated[int, AsWhole] = Field(
        default=3, ge=0, le=MAX_LIMIT, description="The number of further passages to list."
    )
    document: DocumentIds = Field(
        default=(), description="Answer only from the document with this id, or from those with these ids."
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
            raise InvalidRequestError(field_problems(error, _FORM)) from None

    @classmethod
    def from_arguments(
        cls,
        question: str | None,
        *,
        history: Sequence[str] = (),
        limit: str | int | None = None,
        document: str | Sequence[str] | None = None,
    ) -> Self:
        """Read a request from a query string or a command line, where numbers may arrive as text.

        Raises:
            InvalidRequestError: for values that are not of this form.
        """
        values: dict[str, Any] = {
            "history": tuple(history),
            "document": document if isinstance(document, str) else tuple(document or ()),
        }
        if question is not None:
            values["question"] = question
        if limit is not None:
            is_number = isinstance(limit, str) and limit.isascii() and limit.isdigit() and len(limit) < 10
            values["limit"] = int(limit) if is_number else limit
        try:
            return cls.model_validate(values)._checked()
        except ValidationError as error:
            raise InvalidRequestError(field_problems(error, _FORM)) from None

    def problems(self) -> list[FieldProblem]:
        """What is wrong with its texts, apart from types and lengths."""
        return asked_problems(self.question, history=self.history, limit=self.limit, documents=self.document)

    def _checked(self) -> Self:
        if found := self.problems():
            raise InvalidRequestError(found)
        return self


class ConversationRequest(BaseModel):
    """The questions of a conversation, in order, each as a whole request."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    turns: Annotated[tuple[AskRequest, ...], Field(max_length=MAX_TURNS, fail_fast=True)] = Field(
        description="The questions, as `/ask` takes them, oldest first. At least one.",
        json_schema_extra={"minItems": 1},
    )

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Read a request's JSON body.

        Raises:
            InvalidRequestError: for bytes that are not UTF-8, not JSON, or not of this form.
        """
        try:
            asked = cls.model_validate_json(body)
        except ValidationError as error:
            raise InvalidRequestError(field_problems(error, _TURNS_FORM)) from None
        found = [
            FieldProblem(f"/turns/{number}{each.pointer}", each.detail)
            for number, turn in enumerate(asked.turns)
            for each in turn.problems()
        ]
        if not asked.turns:
            found.append(FieldProblem("/turns", "must not be empty"))
        if sum(1 + turn.limit for turn in asked.turns) > MAX_PASSAGES:
            detail = f"must ask for at most {MAX_PASSAGES:,} passages in all: one for each question, and its `limit`"
            found.append(FieldProblem("/turns", detail))
        if found:
            raise InvalidRequestError(found)
        return asked


class Form(NamedTuple):
    """The form of a request, for messages: an example, its fields, and the greatest whole number in it."""

    example: str
    known: tuple[str, ...]
    most: int


DATE = "^(?:[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?)?$"
HEX_KEY = "^[0-9a-f]{32}$"
DIGEST = "^[0-9a-fA-F]{64}$"
FINGERPRINT = "^([1-9][0-9]{0,8})-([0-9a-f]{16})(?:-([0-9a-f]{8}))?$"
"""In a permanent link: the words' length, the start of their digest and, in newer links, of their section's digest."""

_IN_WORDS = {
    DATE: "must be a year, a month or a day, such as 2021, 2021-05 or 2021-05-11",
    HEX_KEY: "must be 32 hexadecimal digits in lower case",
    DIGEST: "must be 64 hexadecimal digits",
    FINGERPRINT: "must be copied whole from the link, such as 842-0123456789abcdef-01234567",
}

_LISTS = {"history": "must be a list of strings", "document": "must be a string or a list of strings"}


_FORM = Form(example='{"question": "..."}', known=tuple(AskRequest.model_fields), most=MAX_LIMIT)
_TURNS_FORM = Form(
    example='{"turns": [{"question": "..."}]}',
    known=(*ConversationRequest.model_fields, *AskRequest.model_fields),
    most=MAX_LIMIT,
)


def field_problems(error: ValidationError, form: Form) -> list[FieldProblem]:
    """What is wrong with a request, in words that say what to send."""
    if error.error_count() > _MOST_ERRORS:
        return [FieldProblem("", f"has {error.error_count():,} mistakes, which are too many to name")]
    errors = error.errors(include_url=False)
    return [_field_problem(each, form) for each in errors[: InvalidRequestError.MOST_PROBLEMS]]


def _field_problem(error: ErrorDetails, form: Form) -> FieldProblem:
    """A validation error, in words that say what to send."""
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in error["loc"])
    context: Mapping[str, Any] = error.get("ctx", {})
    value = error.get("input")
    match error["type"]:
        case "json_invalid":
            detail = f"is not valid JSON in UTF-8: {context.get('error', 'it cannot be parsed')}"
        case "model_type" | "model_attributes_type" | "dict_type":
            detail = f"must be a JSON object such as {form.example}" if not error["loc"] else "must be a JSON object"
        case "missing":
            detail = "is required"
        case "extra_forbidden":
            detail = f"is not a known field. Known fields: {', '.join(form.known)}"
        case "string_type":
            detail = "must be a string"
        case "bool_type":
            detail = "must be true or false"
        case "string_pattern_mismatch":
            detail = _IN_WORDS[context["pattern"]]
        case "string_unicode":
            detail = "must be valid Unicode"
        case "string_too_short":
            detail = "must not be empty"
        case "string_too_long":
            detail = too_long(context["max_length"], len(value) if isinstance(value, str) else None)
        case "too_long":
            detail = too_many(context["max_length"])
        case "tuple_type":
            detail = _LISTS.get(str(error["loc"][-1]), "must be a list")
        case "int_type" | "int_parsing" | "greater_than_equal" | "less_than_equal":
            detail = number_problem(form.most)
        case _:
            detail = error["msg"][:1].lower() + error["msg"][1:]
    return FieldProblem(pointer, detail)
