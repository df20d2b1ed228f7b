"""The client of the web service, one that waits for each answer and one that does not.

What can be asked stands in `calls.py`; these classes only send it. Their types are the models of the wire form, from
which the service's OpenAPI document is made too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, TypeVar

import httpx2

from pincite import calls
from pincite.calls import Call, Scope, UnreachableError
from qa.wire import (
    AskResponse,
    CitationBody,
    CitedPassageBody,
    ConversationBody,
    DocumentBody,
    DocumentsBody,
    FeedbackResponse,
    Live,
    Ready,
    SuggestionsBody,
    VerifyResponse,
)

__all__ = ["AsyncClient", "Client"]

TIMEOUT = 30.0  # seconds

Given = TypeVar("Given")


class Client:
    """A client that waits for each answer. Use it as a context manager, or call `close`. Threads may share it.

    `url` is the address of the service, such as `http://127.0.0.1:8000`. `token` is sent as a bearer token. `timeout`
    is in seconds. `transport` takes the place of the network, for tests.

    Every method raises `ServiceError` if the service refuses or fails, and `UnreachableError` if it does not answer.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout: float = TIMEOUT,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._http = httpx2.Client(
            base_url=self.url, headers=_headers(token), timeout=timeout, transport=transport, follow_redirects=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def ask(self, question: str, *, history: Sequence[str] = (), limit: int = 3, document: Scope = None) -> AskResponse:
        """The answer to a question. `history` has the person's earlier ones, oldest first."""
        return self._given(calls.ask(question, history=history, limit=limit, document=document))

    def verify(self, citations: Iterable[CitationBody | Mapping[str, Any]]) -> VerifyResponse:
        """What became of each citation."""
        return self._given(calls.verify(citations))

    def document(self, document_id: str) -> DocumentBody:
        """A whole document."""
        return self._given(calls.document(document_id))

    def documents(self, *, limit: int = 50, **wanted: str) -> DocumentsBody:
        """A page of the list of documents.

        `wanted` may have `q`, `title`, `publisher`, `format`, `from_` and `to`, and the page's `after` or `before`.
        """
        return self._given(calls.documents(limit=limit, **wanted))

    def suggestions(
        self, typed: str | None = None, *, near: str | None = None, limit: int = 8, document: Scope = None
    ) -> SuggestionsBody:
        """What somebody may be about to ask who has typed this, or was answered with the passage `near`."""
        return self._given(calls.suggestions(typed, near=near, limit=limit, document=document))

    def passage(self, named: str) -> CitedPassageBody:
        """A passage by its id, or by a permanent link, which finds its words where they are now."""
        return self._given(calls.passage(named))

    def citation(self, named: str, *, style: str = "ama") -> str:
        """The citation of a passage in a style: ama, vancouver, apa, ris, bibtex or csl-json."""
        return self._given(calls.citation(named, style))

    def conversation(self, questions: Sequence[str], *, document: Scope = None) -> ConversationBody:
        """The answers to the questions of a conversation, each with those before it as its history."""
        return self._given(calls.conversation(questions, document=document))

    def transcript(self, questions: Sequence[str], *, document: Scope = None) -> str:
        """The same in Markdown."""
        return self._given(calls.transcript(questions, document=document))

    def feedback(
        self,
        answer: AskResponse,
        *,
        helpful: bool,
        comment: str = "",
        history: Sequence[str] = (),
        document: Scope = None,
        key: str | None = None,
    ) -> FeedbackResponse:
        """Keep whether an answer answered its question. With the `key` of an earlier call, this one replaces it."""
        return self._given(
            calls.feedback(answer, helpful=helpful, comment=comment, history=history, document=document, key=key)
        )

    def live(self) -> Live:
        """That the service runs."""
        return self._given(calls.live())

    def ready(self) -> Ready:
        """That the library can be asked, and how many documents it has."""
        return self._given(calls.ready())

    def address(self, path: str) -> str:
        """The whole address of a path in an answer, such as a `permalink`."""
        return self.url + path

    def _given(self, call: Call[Given]) -> Given:
        try:
            answer = self._http.request(call.method, call.path, content=call.body, params=dict(call.query))
        except httpx2.TransportError as error:
            raise UnreachableError(f"{self.url} did not answer: {error}") from error
        return call.given(answer.status_code, answer.content, answer.headers)


class AsyncClient:
    """The same for programs that do not wait: each method is a coroutine."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout: float = TIMEOUT,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._http = httpx2.AsyncClient(
            base_url=self.url, headers=_headers(token), timeout=timeout, transport=transport, follow_redirects=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def ask(
        self, question: str, *, history: Sequence[str] = (), limit: int = 3, document: Scope = None
    ) -> AskResponse:
        """The answer to a question. `history` has the person's earlier ones, oldest first."""
        return await self._given(calls.ask(question, history=history, limit=limit, document=document))

    async def verify(self, citations: Iterable[CitationBody | Mapping[str, Any]]) -> VerifyResponse:
        """What became of each citation."""
        return await self._given(calls.verify(citations))

    async def document(self, document_id: str) -> DocumentBody:
        """A whole document."""
        return await self._given(calls.document(document_id))

    async def documents(self, *, limit: int = 50, **wanted: str) -> DocumentsBody:
        """A page of the list of documents.

        `wanted` may have `q`, `title`, `publisher`, `format`, `from_` and `to`, and the page's `after` or `before`.
        """
        return await self._given(calls.documents(limit=limit, **wanted))

    async def suggestions(
        self, typed: str | None = None, *, near: str | None = None, limit: int = 8, document: Scope = None
    ) -> SuggestionsBody:
        """What somebody may be about to ask who has typed this, or was answered with the passage `near`."""
        return await self._given(calls.suggestions(typed, near=near, limit=limit, document=document))

    async def passage(self, named: str) -> CitedPassageBody:
        """A passage by its id, or by a permanent link, which finds its words where they are now."""
        return await self._given(calls.passage(named))

    async def citation(self, named: str, *, style: str = "ama") -> str:
        """The citation of a passage in a style: ama, vancouver, apa, ris, bibtex or csl-json."""
        return await self._given(calls.citation(named, style))

    async def conversation(self, questions: Sequence[str], *, document: Scope = None) -> ConversationBody:
        """The answers to the questions of a conversation, each with those before it as its history."""
        return await self._given(calls.conversation(questions, document=document))

    async def transcript(self, questions: Sequence[str], *, document: Scope = None) -> str:
        """The same in Markdown."""
        return await self._given(calls.transcript(questions, document=document))

    async def feedback(
        self,
        answer: AskResponse,
        *,
        helpful: bool,
        comment: str = "",
        history: Sequence[str] = (),
        document: Scope = None,
        key: str | None = None,
    ) -> FeedbackResponse:
        """Keep whether an answer answered its question. With the `key` of an earlier call, this one replaces it."""
        return await self._given(
            calls.feedback(answer, helpful=helpful, comment=comment, history=history, document=document, key=key)
        )

    async def live(self) -> Live:
        """That the service runs."""
        return await self._given(calls.live())

    async def ready(self) -> Ready:
        """That the library can be asked, and how many documents it has."""
        return await self._given(calls.ready())

    def address(self, path: str) -> str:
        """The whole address of a path in an answer, such as a `permalink`."""
        return self.url + path

    async def _given(self, call: Call[Given]) -> Given:
        try:
            answer = await self._http.request(call.method, call.path, content=call.body, params=dict(call.query))
        except httpx2.TransportError as error:
            raise UnreachableError(f"{self.url} did not answer: {error}") from error
        return call.given(answer.status_code, answer.content, answer.headers)


def _headers(token: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json, */*", "Content-Type": "application/json"}
    return headers | ({"Authorization": f"Bearer {token}"} if token else {})
