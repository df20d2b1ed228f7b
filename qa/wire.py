"""The wire form of `/ask`: what is accepted, what is sent, and how one becomes the other.

The web service, the command line's `--json` and the OpenAPI document all come from these models.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from qa.errors import FieldProblem, InvalidRequestError
from qa.model import (
    Answer,
    BoundMarker,
    Citation,
    CitedPassage,
    Document,
    Passage,
    Reading,
    Reference,
    ReferencesStatus,
    Span,
)

__all__ = [
    "MAX_HISTORY",
    "MAX_LIMIT",
    "MAX_QUESTION",
    "AskRequest",
    "AskResponse",
    "CitedPassageBody",
    "DocumentBody",
    "FieldProblemBody",
    "Problem",
    "answer_body",
    "cited_passage_body",
    "document_body",
    "document_href",
    "passage_href",
]

MAX_QUESTION = 1000  # characters
MAX_HISTORY = 50  # earlier questions
MAX_LIMIT = 20  # further passages

QuestionText = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION)]


class AskRequest(BaseModel):
    """A question, and what it is asked of."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    question: QuestionText = Field(description="The question, in the person's own words.")
    history: tuple[QuestionText, ...] = Field(
        default=(), max_length=MAX_HISTORY, description="The person's earlier questions, oldest first."
    )
    limit: int = Field(default=3, ge=0, le=MAX_LIMIT, description="How many further passages to list.")
    document: str | None = Field(default=None, description="Answer from the document with this id alone.")

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Read a request's JSON body.

        Raises:
            InvalidRequestError: for bytes that are not UTF-8, not JSON, or not of this form.
        """
        try:
            return cls.model_validate_json(body)._checked()
        except ValidationError as error:
            raise InvalidRequestError([_field_problem(each) for each in error.errors()]) from None

    @classmethod
    def from_arguments(
        cls,
        question: str | None,
        *,
        history: Sequence[str] = (),
        limit: str | int | None = None,
        document: str | None = None,
    ) -> Self:
        """Read a request from a query string or a command line, where numbers may arrive as text.

        Raises:
            InvalidRequestError: for values that are not of this form.
        """
        values: dict[str, Any] = {"history": tuple(history), "document": document}
        if question is not None:
            values["question"] = question
        if limit is not None:
            is_number = isinstance(limit, str) and limit.isascii() and limit.isdigit() and len(limit) < 10
            values["limit"] = int(limit) if is_number else limit
        try:
            return cls.model_validate(values)._checked()
        except ValidationError as error:
            raise InvalidRequestError([_field_problem(each) for each in error.errors()]) from None

    def _checked(self) -> Self:
        questions = [("/question", self.question)]
        questions += [(f"/history/{number}", text) for number, text in enumerate(self.history)]
        found = [FieldProblem(pointer, detail) for pointer, text in questions if (detail := _text_problem(text))]
        if self.document is not None and (detail := _text_problem(self.document)):
            found.append(FieldProblem("/document", detail))
        if found:
            raise InvalidRequestError(found)
        return self


def _text_problem(text: str) -> str | None:
    """What makes a text unusable as a question, or None. Line breaks and tabs are white space, and welcome."""
    if not text.strip():
        return "must not be blank"
    for position, character in enumerate(text):
        category = unicodedata.category(character)
        if category == "Cs":
            return f"must be valid Unicode, and has a lone surrogate, U+{ord(character):04X}, at character {position}"
        if category == "Cc" and character not in "\t\n\r":
            return f"must not hold control characters, and has U+{ord(character):04X} at character {position}"
    return None


def _field_problem(error: ErrorDetails) -> FieldProblem:
    """A validation error in words that say what to send."""
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in error["loc"])
    context: Mapping[str, Any] = error.get("ctx", {})
    value = error.get("input")
    match error["type"]:
        case "json_invalid":
            detail = f"is not valid JSON in UTF-8: {context.get('error', 'it cannot be parsed')}"
        case "model_type" | "model_attributes_type" | "dict_type":
            detail = 'must be a JSON object such as {"question": "..."}'
        case "missing":
            detail = "is required"
        case "extra_forbidden":
            detail = f"is not a known field; known are {', '.join(AskRequest.model_fields)}"
        case "string_type":
            detail = "must be a string"
        case "string_unicode":
            detail = "must be valid Unicode"
        case "string_too_short":
            detail = "must not be empty"
        case "string_too_long":
            length = f", and has {len(value):,}" if isinstance(value, str) else ""
            detail = f"must have at most {context['max_length']:,} characters{length}"
        case "too_long":
            detail = f"must have at most {context['max_length']:,} entries"
        case "tuple_type":
            detail = "must be a list of strings"
        case "int_type" | "int_parsing" | "greater_than_equal" | "less_than_equal":
            detail = f"must be a whole number from 0 to {MAX_LIMIT}"
        case _:
            detail = error["msg"][:1].lower() + error["msg"][1:]
    return FieldProblem(pointer, detail)


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class PassageBody(_Body):
    """A passage, word for word; highlights are [start, end) of its own text, in characters."""

    id: str
    text: str
    highlights: tuple[Span, ...]


class DocumentSummaryBody(_Body):
    """What a citation says of its document; `sha256` is the digest of the document's text."""

    id: str
    title: str
    authors: tuple[str, ...]
    publisher: str | None
    updated: date | None
    url: str | None
    sha256: str


class ReferenceBody(_Body):
    """An entry of the document's bibliography; `text` is null where the source has none for the marker."""

    marker: str
    text: str | None
    doi: str | None
    pmid: str | None
    url: str | None


class MarkerBody(_Body):
    """A marker in the quote: characters [start, end) of the document's text, and so those of its `sentence`."""

    marker: str
    start: int
    end: int
    sentence: Span


class CitationBody(_Body):
    """The place of a passage: characters [start, end) of the document's text are the quote.

    `references_status` says whether each marker has an entry (`resolved`), not each (`partial`), or none because the
    document has no list of references (`no_reference_list`); without markers it is `no_markers`.
    """

    document: DocumentSummaryBody
    section: tuple[str, ...]
    page: int | None
    start: int
    end: int
    quote: str
    references: tuple[ReferenceBody, ...]
    references_status: ReferencesStatus
    markers: tuple[MarkerBody, ...]
    label: str
    href: str


class CitedPassageBody(_Body):
    """A passage with its citation."""

    passage: PassageBody
    citation: CitationBody


class ReadingBody(_Body):
    """What stands in the question, and what it was read as: instead, where corrected; as well, where expanded."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)

    from_: str = Field(alias="from")
    to: str


class InterpretationBody(_Body):
    """How the question was read."""

    corrected: tuple[ReadingBody, ...] = ()
    expanded: tuple[ReadingBody, ...] = ()
    carried_over: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class AskResponse(_Body):
    """An answer. Where nothing was found, `passage` and `citation` are null, and `reason` says why.

    `outline` has, for a question that is the title of a document or section or asks for all of it, the first passage of
    each of its parts in source order; the first of these is also `passage`. For any other question it is empty.
    """

    question: str
    answered: bool
    confidence: float = Field(ge=0, le=1)
    reason: str | None
    passage: PassageBody | None
    citation: CitationBody | None
    outline: tuple[CitedPassageBody, ...]
    alternatives: tuple[CitedPassageBody, ...]
    interpretation: InterpretationBody
    took_ms: float


class DocumentBody(DocumentSummaryBody):
    """A document whole: its text, its references, its sections and its passages' ids."""

    editors: tuple[str, ...]
    keywords: tuple[str, ...]
    text: str
    references: tuple[ReferenceBody, ...]
    passages: tuple[str, ...]


class FieldProblemBody(_Body):
    """One field that is wrong; `pointer` is a JSON Pointer (RFC 6901)."""

    pointer: str
    detail: str


class Problem(_Body):
    """A failure, as application/problem+json (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[FieldProblemBody, ...] | None = None


def document_href(document_id: str) -> str:
    """The path of the page that shows a document."""
    return f"/documents/{document_id}"


def passage_href(passage: Passage) -> str:
    """The path of the page that shows a passage in its document, marked."""
    return f"{document_href(passage.document_id)}#{passage.id}"


def answer_body(answer: Answer) -> AskResponse:
    """The wire form of an answer."""
    best = cited_passage_body(answer.best) if answer.best else None
    return AskResponse(
        question=answer.question,
        answered=answer.answered,
        confidence=answer.confidence,
        reason=answer.reason,
        passage=best.passage if best else None,
        citation=best.citation if best else None,
        outline=tuple(cited_passage_body(each) for each in answer.outline),
        alternatives=tuple(cited_passage_body(each) for each in answer.alternatives),
        interpretation=InterpretationBody(
            corrected=tuple(map(_reading_body, answer.interpretation.corrected)),
            expanded=tuple(map(_reading_body, answer.interpretation.expanded)),
            carried_over=answer.interpretation.carried_over,
            missing=answer.interpretation.missing,
        ),
        took_ms=answer.took_ms,
    )


def document_body(document: Document, passages: Sequence[Passage]) -> DocumentBody:
    """The wire form of a whole document."""
    return DocumentBody(
        **_document_summary(document).model_dump(),
        editors=document.editors,
        keywords=document.keywords,
        text=document.text,
        references=tuple(_reference_body(each) for each in document.references),
        passages=tuple(each.id for each in passages),
    )


def cited_passage_body(cited: CitedPassage) -> CitedPassageBody:
    """The wire form of one passage with its citation."""
    passage = cited.passage
    return CitedPassageBody(
        passage=PassageBody(id=passage.id, text=passage.text, highlights=cited.highlights),
        citation=_citation_body(cited.citation, passage),
    )


def _citation_body(citation: Citation, passage: Passage) -> CitationBody:
    return CitationBody(
        document=_document_summary(citation.document),
        section=citation.section,
        page=citation.page,
        start=citation.start,
        end=citation.end,
        quote=citation.quote,
        references=tuple(_reference_body(each) for each in citation.references),
        references_status=citation.references_status,
        markers=tuple(_marker_body(each) for each in citation.markers),
        label=citation.label,
        href=passage_href(passage),
    )


def _document_summary(document: Document) -> DocumentSummaryBody:
    return DocumentSummaryBody(
        id=document.id,
        title=document.title,
        authors=document.authors,
        publisher=document.publisher,
        updated=document.updated,
        url=document.url,
        sha256=document.sha256,
    )


def _reading_body(reading: Reading) -> ReadingBody:
    return ReadingBody(**{"from": reading.written, "to": reading.read})


def _reference_body(reference: Reference) -> ReferenceBody:
    return ReferenceBody(
        marker=reference.marker, text=reference.text, doi=reference.doi, pmid=reference.pmid, url=reference.url
    )


def _marker_body(marker: BoundMarker) -> MarkerBody:
    return MarkerBody(marker=marker.label, start=marker.start, end=marker.end, sentence=marker.sentence)
