"""A conversation as a file: the questions in an address or a JSON body, answered again."""

from __future__ import annotations

from flask import Blueprint, Response, request

from qa.wire import ConversationBody, ConversationRequest
from web.addresses import whole
from web.answers import answer_to, asked_in_address, conversation, json_body
from web.dates import today
from web.transcripts import as_markdown

__all__ = ["conversations"]

MAX_TURNS_BODY = 1_000_000  # bytes

conversations = Blueprint("conversations", __name__)


@conversations.route("/conversation.md", methods=["GET", "POST"])
def as_text() -> Response:
    """The conversation for people, in Markdown."""
    return _file(as_markdown(_conversation(), origin=whole("")), "text/markdown; charset=utf-8", "md")


@conversations.route("/conversation.json", methods=["GET", "POST"])
def as_json() -> Response:
    """The conversation for programs."""
    return _file(_conversation().model_dump_json(by_alias=True), "application/json", "json")


def _conversation() -> ConversationBody:
    if request.method == "POST":
        request.max_content_length = MAX_TURNS_BODY
        asked = ConversationRequest.from_json(json_body("questions")).turns
    else:
        asked = tuple(conversation(asked_in_address("document", "history")))
    return ConversationBody(exported=today(), turns=tuple(map(answer_to, asked)))


def _file(text: str, media_type: str, suffix: str) -> Response:
    response = Response(text, content_type=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=f"pincite-{today()}.{suffix}")
    return response
