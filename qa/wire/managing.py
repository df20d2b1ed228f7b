"""The wire form of managing a library: a change that its owner asked for, and what people said and missed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qa.errors import FieldProblem, InvalidRequestError
from qa.wire.documents import DocumentEntryBody
from qa.wire.requests import Form, field_problems

__all__ = [
    "MANAGING_HINT",
    "MAX_REMOVED",
    "FeedbackCountBody",
    "GivenBody",
    "JobBody",
    "JobErrorBody",
    "JobKind",
    "JobProgressBody",
    "JobReportBody",
    "LeftOutFileBody",
    "ManagedDocumentBody",
    "ManagedDocumentsBody",
    "NamedBody",
    "OpinionsBody",
    "PartLeftOutBody",
    "RemovalRequest",
    "UnansweredBody",
]

MANAGING_HINT = "web/managing/README.md describes how documents are managed."

MAX_REMOVED = 500
"""Documents that one request may name. With a document of an uploaded file go all others of that file."""

JobKind = Literal["indexing", "removal", "discarding"]
"""`discarding`: files that wait to be read, since a change ended early, are deleted."""

JobState = Literal["running", "done", "stopped", "failed", "interrupted"]
"""`interrupted`: the process that did it has ended, and the library is as it was before."""


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class JobProgressBody(_Body):
    """How far a job is. `done` and `total` count files or, when indexing and encoding, passages."""

    step: Literal["waiting", "looking", "reading", "indexing", "encoding"]
    done: int = 0
    total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    source: str | None = None

    @property
    def share(self) -> float:
        """How much of the step is done, 0 to 1."""
        done, total = (self.bytes_done, self.bytes_total) if self.bytes_total else (self.done, self.total)
        return min(1.0, done / total) if total else 0.0


class NamedBody(_Body):
    """How many documents, and the ids of the first of them."""

    count: int = 0
    ids: tuple[str, ...] = ()


class LeftOutFileBody(_Body):
    """Why a file was left out, and what to do about it."""

    message: str
    hint: str


class PartLeftOutBody(_Body):
    """How much of a document was left out."""

    document: str
    what: str
    amount: int


class JobReportBody(_Body):
    """What became of the files, as `pincite index` says it. Of long lists the first entries stand here."""

    added: NamedBody = NamedBody()
    replaced: NamedBody = NamedBody()
    removed: NamedBody = NamedBody()
    kept: NamedBody = NamedBody()
    unchanged: int = 0
    left_out: tuple[LeftOutFileBody, ...] = ()
    left_out_count: int = 0
    left_out_in_part: tuple[PartLeftOutBody, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    unread: int = 0
    documents: int = 0
    passages: int = 0


class JobErrorBody(_Body):
    """Why a job failed."""

    code: str
    message: str
    hint: str


class JobBody(_Body):
    """A change of the library: files that are indexed, documents that are removed, or files that are given up.

    `files` are those that it is about; `waiting` those that have arrived, and that no change is reading now.
    """

    id: str
    kind: JobKind
    state: JobState
    began: datetime
    ended: datetime | None = None
    files: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    progress: JobProgressBody | None = None
    report: JobReportBody | None = None
    without_vectors: int | None = None
    error: JobErrorBody | None = None

    @property
    def is_running(self) -> bool:
        """Whether it goes on."""
        return self.state == "running"


class RemovalRequest(BaseModel):
    """Which documents are to be removed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    documents: Annotated[tuple[str, ...], Field(min_length=1, max_length=MAX_REMOVED)] = Field(
        description="Their ids. If one is not there, none is removed."
    )

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Read a request's JSON body.

        Raises:
            InvalidRequestError: for bytes that are not UTF-8, not JSON, or not of this form.
        """
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            raise InvalidRequestError(field_problems(error, _FORM), hint=MANAGING_HINT) from None

    @classmethod
    def from_form(cls, document_ids: tuple[str, ...]) -> Self:
        """The same from the fields of a page's form.

        Raises:
            InvalidRequestError: for none, or too many.
        """
        if not 0 < len(document_ids) <= MAX_REMOVED:
            detail = f"must be chosen: at least one, and at most {MAX_REMOVED}"
            raise InvalidRequestError([FieldProblem("/documents", detail)], hint=MANAGING_HINT)
        return cls(documents=document_ids)


_FORM = Form(example='{"documents": ["..."]}', known=tuple(RemovalRequest.model_fields), most=MAX_REMOVED)


class ManagedDocumentBody(DocumentEntryBody):
    """A document of the owner's list. `file` is where it was read from; `is_uploaded` says that the library keeps that
    file itself."""

    file: str
    is_uploaded: bool
    left_out: tuple[PartLeftOutBody, ...] = ()


class ManagedDocumentsBody(_Body):
    """A page of the owner's list of documents, as that of all documents."""

    documents: tuple[ManagedDocumentBody, ...]
    total: int
    previous: str | None
    next: str | None


class FeedbackCountBody(_Body):
    """How often answers with one outcome were judged useful or not. The outcome is null if it is not known."""

    outcome: str | None
    yes: int
    no: int


class GivenBody(_Body):
    """One judgement of an answer."""

    at: datetime
    question: str
    helpful: bool
    outcome: str | None
    comment: str
    document: str | None
    passage: str | None
    href: str | None


class UnansweredBody(_Body):
    """A question that got no answer, or only a possible one: how often each, and on which day last."""

    question: str
    nothing: int
    possible: int
    last: date


class OpinionsBody(_Body):
    """What people said of answers, and which questions got none."""

    yes: int
    no: int
    comments: int
    by_outcome: tuple[FeedbackCountBody, ...]
    denied: tuple[tuple[str, int, int], ...]
    """Questions with the most "no": the question, how often no, how often it was judged."""
    latest: tuple[GivenBody, ...]
    unanswered: tuple[UnansweredBody, ...]
