"""A conversation as a file: the questions in an address or a JSON body, answered again."""

from __future__ import annotations

from flask import Blueprint, Response, request

from qa.wire import AskResponse, ConversationBody, ConversationRequest
from web.addresses import whole
from web.answers import answer_to, asked_in_address, conversation, json_body
from web.languages import reader_texts
from web.pages.transcripts import as_markdown
from web.texts.dates import today

__all__ = ["conversations"]

MAX_TURNS_BODY = 1_000_000  # bytes
LARGEST = 900_000  # characters of a file, but for answers that are larger without further passages

conversations = Blueprint("conversations", __name__)


@conversations.route("/conversation.md", methods=["GET", "POST"])
def as_text() -> Response:
    """The conversation for people, in Markdown."""
    return _file(
        as_markdown(_conversation(), origin=whole(""), text=reader_texts()), "text/markdown; charset=utf-8", "md"
    )


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
    return ConversationBody(exported=today(), turns=_fitting([*map(answer_to, asked)]))


def _fitting(turns: list[AskResponse]) -> tuple[AskResponse, ...]:
    """The answers, of which the earlier ones come without further passages if all together would be too large."""
    room = LARGEST
    for number in range(len(turns) - 1, -1, -1):
        size = _size(turns[number])
        if size > room and turns[number].alternatives:
            turns[number] = turns[number].model_copy(update={"alternatives": ()})
            size = _size(turns[number])
        room -= size
    return tuple(turns)


def _size(turn: AskResponse) -> int:
    return len(turn.model_dump_json(by_alias=True))


def _file(text: str, media_type: str, suffix: str) -> Response:
    response = Response(text, content_type=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=f"pincite-{today()}.{suffix}")
    return response
