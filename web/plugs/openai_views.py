"""Answers for programs that speak OpenAI's interface, whole or as a stream of server-sent events.

The person's last message is the question, the earlier ones are its history. The answer is there before its stream
begins, so a failure is never in the middle of one.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable, Iterator
from itertools import count

from flask import Response, request
from pydantic import BaseModel

from qa.wire import AskRequest, CitationBody
from web.addresses import whole
from web.answers import answer_to, json_body
from web.plugs.openai_forms import (
    MODEL,
    ChatChoice,
    ChatChunk,
    ChatChunkChoice,
    ChatCitation,
    ChatCompletion,
    ChatMessage,
    ChatRequest,
    ChatUsage,
    CitedDelta,
    FirstDelta,
    LastDelta,
    ModelBody,
    ModelList,
    OutputMessage,
    OutputText,
    ResponseBody,
    ResponseCitation,
    ResponseEvent,
    ResponsesRequest,
    ResponseUsage,
    TextDelta,
    UnknownModelError,
    UrlCitation,
)
from web.plugs.prose import CitedSpan, Prose, prose

__all__ = ["chat_completions", "model", "models", "responses"]

MAX_CHAT_BODY = 1_000_000  # bytes; programs send the answers of the conversation along

_PIECE = re.compile(r".+?(?:\n\n|\Z)", re.DOTALL)


def models() -> Response:
    """What can be chosen as a model."""
    return _json(ModelList())


def model(name: str) -> Response:
    """The one model there is."""
    if name != MODEL:
        raise UnknownModelError(name)
    return _json(ModelBody())


def chat_completions() -> Response:
    """Answer the last question of a conversation, as a chat message."""
    request.max_content_length = MAX_CHAT_BODY
    asked = ChatRequest.from_json(json_body("conversation"))
    said, name, now = _said(asked.asked()), f"chatcmpl-{secrets.token_hex(12)}", int(time.time())
    cited = tuple(ChatCitation(url_citation=_url_citation(each), citation=each.citation) for each in said.cited)
    if asked.stream:
        has_usage = asked.stream_options is not None and asked.stream_options.include_usage is True
        return _stream(_chat_events(said.text, cited, ChatChunk(id=name, created=now, choices=()), has_usage=has_usage))
    message = ChatMessage(content=said.text, annotations=cited)
    return _json(ChatCompletion(id=name, created=now, choices=(ChatChoice(message=message),)))


def responses() -> Response:
    """Answer a question, or the last one of a conversation, as a response."""
    request.max_content_length = MAX_CHAT_BODY
    asked = ResponsesRequest.from_json(json_body("question"))
    said, now = _said(asked.asked()), int(time.time())
    cited = tuple(ResponseCitation(**dict(_url_citation(each)), citation=each.citation) for each in said.cited)
    message = OutputMessage(id=f"msg_{secrets.token_hex(12)}", content=(OutputText(text=said.text, annotations=cited),))
    response = ResponseBody(
        id=f"resp_{secrets.token_hex(12)}", created_at=now, output=(message,), usage=ResponseUsage()
    )
    return _stream(_response_events(response, message)) if asked.stream else _json(response)


def _said(asked: AskRequest) -> Prose:
    """The answer as a message, whose links lead to the host that was asked."""
    return prose(answer_to(asked), origin=whole(""))


def _url_citation(cited: CitedSpan) -> UrlCitation:
    citation: CitationBody = cited.citation
    return UrlCitation(
        start_index=cited.start, end_index=cited.end, title=citation.label, url=whole(citation.permalink)
    )


def _chat_events(text: str, cited: tuple[ChatCitation, ...], chunk: ChatChunk, *, has_usage: bool) -> Iterator[str]:
    def event(delta: FirstDelta | TextDelta | CitedDelta | LastDelta, *, is_last: bool = False) -> str:
        choice = ChatChunkChoice(delta=delta, finish_reason="stop" if is_last else None)
        return _data(chunk.model_copy(update={"choices": (choice,)}), without_usage=not has_usage)

    yield event(FirstDelta())
    for piece in _pieces(text):
        yield event(TextDelta(content=piece))
    if cited:
        yield event(CitedDelta(annotations=cited))
    yield event(LastDelta(), is_last=True)
    if has_usage:
        yield _data(chunk.model_copy(update={"usage": ChatUsage()}))
    yield "data: [DONE]\n\n"


def _response_events(response: ResponseBody, message: OutputMessage) -> Iterator[str]:
    """The events of a response, in the order in which OpenAI's reference has them."""
    numbers = count()

    def event(name: str, **fields: object) -> str:
        body = ResponseEvent.model_validate({"type": name, "sequence_number": next(numbers), **fields})
        return f"event: {name}\n{_data(body, only=frozenset({'type', 'sequence_number', *fields}))}"

    (part,) = message.content
    begun = response.model_copy(update={"status": "in_progress", "output": (), "usage": None})
    item, place = {"output_index": 0}, {"item_id": message.id, "output_index": 0, "content_index": 0}
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    unsaid = message.model_copy(update={"status": "in_progress", "content": ()})
    yield event("response.output_item.added", item=unsaid, **item)
    yield event("response.content_part.added", part=OutputText(text=""), **place)
    for piece in _pieces(part.text):
        yield event("response.output_text.delta", delta=piece, logprobs=(), **place)
    for number, each in enumerate(part.annotations):
        yield event("response.output_text.annotation.added", annotation=each, annotation_index=number, **place)
    yield event("response.output_text.done", text=part.text, logprobs=(), **place)
    yield event("response.content_part.done", part=part, **place)
    yield event("response.output_item.done", item=message, **item)
    yield event("response.completed", response=response)


def _pieces(text: str) -> list[str]:
    """A text in paragraphs, each with the empty line behind it.

    >>> _pieces("One.\\n\\nTwo.")
    ['One.\\n\\n', 'Two.']
    """
    return _PIECE.findall(text)


def _data(body: BaseModel, *, only: frozenset[str] | None = None, without_usage: bool = False) -> str:
    left_out = {"usage"} if without_usage else None
    return f"data: {body.model_dump_json(include=set(only) if only else None, exclude=left_out)}\n\n"


def _stream(events: Iterable[str]) -> Response:
    """The events in one piece. They are all there already, and a client that is slow to read them takes no thread."""
    return Response("".join(events), content_type="text/event-stream; charset=utf-8")


def _json(body: BaseModel) -> Response:
    return Response(body.model_dump_json(), content_type="application/json")
