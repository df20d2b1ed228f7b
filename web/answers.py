"""The way from a view to the engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from flask import Flask, current_app, request
from werkzeug.exceptions import UnsupportedMediaType

from qa.model import Followed
from qa.styles import written
from qa.wire import AskRequest, AskResponse, answer_body, passage_permalink, read_fingerprint
from web.dates import today

if TYPE_CHECKING:
    from qa import Engine

__all__ = ["answer_to", "citation_in", "conversation", "current_engine", "json_body", "linked_passage", "set_engine"]

EXTENSION = "pincite"


def set_engine(app: Flask, engine: Engine) -> None:
    """Make the engine the one that the app's views ask."""
    app.extensions[EXTENSION] = engine


def current_engine() -> Engine:
    """The engine of the app that handles this request."""
    return cast("Engine", current_app.extensions[EXTENSION])


def answer_to(asked: AskRequest) -> AskResponse:
    """The wire form of the engine's answer."""
    answer = current_engine().ask(asked.question, history=asked.history, limit=asked.limit, document=asked.document)
    return answer_body(answer)


def conversation(asked: AskRequest) -> Iterator[AskRequest]:
    """The request for each question of the history in its turn, then the one asked."""
    for turn, question in enumerate(asked.history):
        yield asked.model_copy(update={"question": question, "history": asked.history[:turn]})
    yield asked


def linked_passage(passage_id: str) -> Followed:
    """The passage with an id; where the address has a fingerprint, the words with that, wherever they stand now."""
    known_by = request.args.get("is")
    if known_by is None:
        return Followed(current_engine().passage(passage_id))
    return current_engine().linked(passage_id, read_fingerprint(known_by), document=request.args.get("document"))


def citation_in(style: str, passage_id: str) -> str:
    """The citation of the passage that the address names, in a style, as seen today and with a whole permanent link."""
    cited = linked_passage(passage_id).cited
    permalink = request.host_url.rstrip("/") + passage_permalink(cited.passage)
    return written(cited.citation, style, accessed=today(), permalink=permalink)


def json_body(noun: str) -> bytes:
    """The body of a request that must be JSON; `noun` says what it holds.

    Raises:
        UnsupportedMediaType: for one that is sent as anything else.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType(f"Send the {noun} as JSON, with the header Content-Type: application/json.")
    return request.get_data()
