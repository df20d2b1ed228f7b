"""What can be asked of the web service: each call once, for the client that waits and the one that does not."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

from pydantic import ValidationError
from pydantic_core import to_json

from qa.wire import (
    MAX_HISTORY,
    AskResponse,
    CitationBody,
    CitedPassageBody,
    ConversationBody,
    DocumentBody,
    DocumentsBody,
    FeedbackResponse,
    Live,
    Problem,
    Ready,
    SuggestionsBody,
    VerifyResponse,
)

__all__ = [
    "Call",
    "Scope",
    "ServiceError",
    "UnreachableError",
    "ask",
    "citation",
    "conversation",
    "document",
    "documents",
    "feedback",
    "live",
    "passage",
    "ready",
    "suggestions",
    "transcript",
    "verify",
]

Given = TypeVar("Given")

Scope = str | Sequence[str] | None
"""The id of the only document to ask, or the ids of several."""

_FILES = {"ris": ("RIS", ".ris"), "bibtex": ("BibTeX", ".bib"), "csl-json": ("CSLJSON", ".csl.json")}


class ServiceError(Exception):
    """The service refused a request, or failed.

    `status` is that of HTTP. `problem` is what the service said, or None if something else answered, such as a proxy.
    `retry_after` is after how many seconds the service asks to try again, or None.
    """

    def __init__(self, status: int, problem: Problem | None, *, retry_after: float | None = None) -> None:
        super().__init__(problem.detail if problem else f"The answer has the HTTP status {status}.")
        self.status = status
        self.problem = problem
        self.retry_after = retry_after

    @property
    def code(self) -> str | None:
        """The code of the problem, such as `unknown_document`; None if it has none."""
        kind = self.problem.type if self.problem else "about:blank"
        return None if kind == "about:blank" else kind.rpartition("/")[2]


class UnreachableError(Exception):
    """The service could not be reached, or did not answer in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Given]):
    """A request, and how what it gives is read. `operation` is its name in the OpenAPI document."""

    operation: str
    path: str
    read: Callable[[bytes], Given]
    body: bytes | None = None
    query: Mapping[str, str | list[str]] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """`POST` if it has a body, else `GET`."""
        return "GET" if self.body is None else "POST"

    def given(self, status: int, content: bytes, headers: Mapping[str, str]) -> Given:
        """What an answer gives.

        Raises:
            ServiceError: if it is a failure, or not of the form.
        """
        if not 200 <= status < 300:
            raise ServiceError(status, _problem(content), retry_after=_seconds(headers.get("Retry-After", "")))
        try:
            return self.read(content)
        except ValidationError:
            raise ServiceError(status, None) from None


def ask(question: str, *, history: Sequence[str] = (), limit: int = 3, document: Scope = None) -> Call[AskResponse]:
    """Answer a question."""
    asked = _asked(question, history, limit, document)
    return Call(operation="ask", path="/ask", body=_json(asked), read=AskResponse.model_validate_json)


def verify(citations: Iterable[CitationBody | Mapping[str, Any]]) -> Call[VerifyResponse]:
    """Check whether citations still hold."""
    sent = [each.model_dump(mode="json") if isinstance(each, CitationBody) else dict(each) for each in citations]
    return Call(
        operation="verify", path="/verify", body=_json({"citations": sent}), read=VerifyResponse.model_validate_json
    )


def document(document_id: str) -> Call[DocumentBody]:
    """Get a whole document."""
    path = f"/documents/{_part(document_id)}.json"
    return Call(operation="document", path=path, read=DocumentBody.model_validate_json)


def documents(*, limit: int = 50, **wanted: str) -> Call[DocumentsBody]:
    """List documents, page by page.

    `wanted` may have `q`, `title`, `publisher`, `format`, `from_` and `to`, and the page's `after` or `before`.
    """
    query = {name.rstrip("_"): value for name, value in wanted.items()} | {"limit": str(limit)}
    return Call(operation="documents", path="/documents.json", query=query, read=DocumentsBody.model_validate_json)


def suggestions(
    typed: str | None = None, *, near: str | None = None, limit: int = 8, document: Scope = None
) -> Call[SuggestionsBody]:
    """Get what somebody may be about to ask who has typed this, or was answered with the passage `near`."""
    given = {"q": typed, "near": near, "limit": str(limit), "document": _scope(document)}
    query = {name: value for name, value in given.items() if value is not None}
    return Call(
        operation="suggestions", path="/suggestions.json", query=query, read=SuggestionsBody.model_validate_json
    )


def passage(named: str) -> Call[CitedPassageBody]:
    """Get a passage by its id, or by a permanent link, which finds its words where they are now."""
    path, query = _linked(named)
    return Call(operation="passage", path=f"{path}.json", query=query, read=CitedPassageBody.model_validate_json)


def citation(named: str, style: str = "ama") -> Call[str]:
    """Get the citation of a passage in a style: ama, vancouver, apa, ris, bibtex or csl-json."""
    path, query = _linked(named)
    if style in _FILES:
        name, suffix = _FILES[style]
        return Call(operation=f"citation{name}", path=f"{path}{suffix}", query=query, read=_text)
    return Call(operation="citationText", path=f"{path}.txt", query={**query, "style": style}, read=_text)


def conversation(questions: Sequence[str], *, document: Scope = None) -> Call[ConversationBody]:
    """Answer the questions of a conversation, each with those before it as its history."""
    return Call(
        operation="conversationJson",
        path="/conversation.json",
        body=_turns(questions, document),
        read=ConversationBody.model_validate_json,
    )


def transcript(questions: Sequence[str], *, document: Scope = None) -> Call[str]:
    """Get the same in Markdown."""
    return Call(operation="conversationMarkdown", path="/conversation.md", body=_turns(questions, document), read=_text)


def feedback(
    answer: AskResponse,
    *,
    helpful: bool,
    comment: str = "",
    history: Sequence[str] = (),
    document: Scope = None,
    key: str | None = None,
) -> Call[FeedbackResponse]:
    """Keep whether an answer answered its question.

    `history` and `document` are those that it was asked with. With the `key` of an earlier call, this one replaces it.
    """
    shown: dict[str, str] = {}
    if answer.passage and answer.citation:
        known_by = parse_qs(urlsplit(answer.citation.permalink).query)["is"][0]
        shown = {"passage": answer.passage.id, "is": known_by}
    given = {
        "key": key or secrets.token_hex(16),
        "question": answer.question,
        "history": list(history),
        "document": _scope(document),
        "helpful": helpful,
        "comment": comment,
        **shown,
    }
    return Call(operation="feedback", path="/feedback", body=_json(given), read=FeedbackResponse.model_validate_json)


def live() -> Call[Live]:
    """Find out whether the service runs."""
    return Call(operation="live", path="/livez", read=Live.model_validate_json)


def ready() -> Call[Ready]:
    """Find out whether the library can be asked, and how many documents it has."""
    return Call(operation="ready", path="/readyz", read=Ready.model_validate_json)


def _asked(question: str, history: Sequence[str], limit: int, document: Scope) -> dict[str, Any]:
    """A question as it is sent. The service checks it, so that its limits are known in one place."""
    return {"question": question, "history": list(history), "limit": limit, "document": _scope(document)}


def _scope(document: Scope) -> str | list[str] | None:
    return document if document is None or isinstance(document, str) else list(document)


def _turns(questions: Sequence[str], document: Scope) -> bytes:
    turns = [_asked(each, questions[:number][-MAX_HISTORY:], 3, document) for number, each in enumerate(questions)]
    return _json({"turns": turns})


def _linked(named: str) -> tuple[str, dict[str, str]]:
    """The path and the query of a passage that is named by its id or a permanent link.

    >>> _linked("birds-00001")
    ('/passages/birds-00001', {})
    >>> _linked("http://127.0.0.1:8000/passages/birds-00001?document=birds&is=9-0123456789abcdef")
    ('/passages/birds-00001', {'document': 'birds', 'is': '9-0123456789abcdef'})
    """
    link = urlsplit(named)
    if "/passages/" not in link.path:
        return f"/passages/{_part(named)}", {}
    query = parse_qs(link.query)
    return link.path[link.path.index("/passages/") :], {
        name: query[name][0] for name in ("document", "is") if name in query
    }


def _part(name: str) -> str:
    return quote(name, safe="")


def _json(value: object) -> bytes:
    return to_json(value)


def _text(content: bytes) -> str:
    return content.decode()


def _problem(content: bytes) -> Problem | None:
    try:
        return Problem.model_validate_json(content)
    except ValidationError:
        return None


def _seconds(text: str) -> float | None:
    """How many seconds a `Retry-After` says. None for a date, or none."""
    return float(text) if text.isascii() and text.isdigit() else None
