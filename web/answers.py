"""The way from a view to the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Flask, current_app

from qa.wire import AskRequest, AskResponse, answer_body

if TYPE_CHECKING:
    from qa import Engine

__all__ = ["answer_to", "current_engine", "set_engine"]

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
