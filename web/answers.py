"""The way from a view to the engine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from flask import Flask, current_app, g, request
from werkzeug.exceptions import UnsupportedMediaType

from qa.citations.styles import written
from qa.errors import FieldProblem, InvalidRequestError
from qa.model import Followed
from qa.wire import AskRequest, AskResponse, answer_body, passage_permalink, read_fingerprint
from web.addresses import whole
from web.dates import today

if TYPE_CHECKING:
    from qa import Engine

__all__ = [
    "REMEMBERED",
    "answer_json",
    "answer_to",
    "asked_in_address",
    "citation_in",
    "conversation",
    "current_engine",
    "json_body",
    "library_version",
    "linked_passage",
    "set_engine",
]

EXTENSION = "pincite"
ANSWERS = "pincite.answers"  # for pages
ANSWERS_IN_JSON = "pincite.answers.json"  # for whoever sends questions
KEPT_ANSWERS = 256  # of each kind in each process; in JSON of 20 KB each, 5 MB, and of the longest some 50 MB


def set_engine(app: Flask, engine: Engine) -> None:
    """Make the engine the one that the app's views ask."""
    app.extensions[EXTENSION] = engine

    def answer(asked: AskRequest, version: str, day: date) -> AskResponse:  # noqa: ARG001 - what else it depends on
        found = engine.ask(asked.question, history=asked.history, limit=asked.limit, document=asked.document)
        return answer_body(found)

    def answer_in_json(asked: AskRequest, version: str, day: date) -> bytes:
        body = answer(asked, version, day)
        return body.model_dump_json(by_alias=True, exclude={"took_ms"}).encode()[:-1]  # how long it took comes last

    app.extensions[ANSWERS] = lru_cache(maxsize=KEPT_ANSWERS)(answer)
    app.extensions[ANSWERS_IN_JSON] = lru_cache(maxsize=KEPT_ANSWERS)(answer_in_json)


def current_engine() -> Engine:
    """The engine of the app that handles this request."""
    return cast("Engine", current_app.extensions[EXTENSION])


def library_version() -> str:
    """Which state of the library this request is answered from, looked up once.

    Raises:
        LibraryError: where the library cannot be used now.
    """
    if "library_version" not in g:
        g.library_version = current_engine().version
    return cast("str", g.library_version)


def answer_to(asked: AskRequest) -> AskResponse:
    """The wire form of the engine's answer, which is not looked for again while library and day are the same.

    Pages ask again: a conversation is loaded whole, each time. No version of a library ever comes back.
    """
    body, took_ms = _kept(ANSWERS, asked)
    return cast("AskResponse", body).model_copy(update={"took_ms": took_ms})


def answer_json(asked: AskRequest) -> bytes:
    """The same in JSON, which is written once for all who ask it, and of which nothing else is kept."""
    unfinished, took_ms = _kept(ANSWERS_IN_JSON, asked)
    return b'%b,"took_ms":%b}' % (cast("bytes", unfinished), str(took_ms).encode())


def _kept(name: str, asked: AskRequest) -> tuple[object, float]:
    """What is kept for this request today, and how many milliseconds it took to come by it."""
    began = time.perf_counter()
    kept = current_app.extensions[name](asked, library_version(), datetime.now(UTC).date())
    return kept, round((time.perf_counter() - began) * 1000, 3)


REMEMBERED = 12  # earlier questions that a conversation sends along; with the longest ones it still fits a request


def conversation(asked: AskRequest) -> Iterator[AskRequest]:
    """The request for each of the last questions of the history in its turn, then the one asked."""
    first = max(0, len(asked.history) - REMEMBERED)
    for turn, question in enumerate(asked.history[first:], start=first):
        yield asked.model_copy(update={"question": question, "history": asked.history[:turn]})
    yield asked


def asked_in_address(*names: str) -> AskRequest:
    """What the address asks by `q`, `document` and `history`, and by `limit` if that is among `names`.

    Raises:
        InvalidRequestError: for a value that is not of its form, for a parameter that is not known or there twice.
    """
    known = ("q", *names)
    found = [problem for name in request.args if (problem := _parameter_problem(name, known))]
    if "q" not in request.args:
        found.append(FieldProblem("/q", "is required"))
    if found:
        raise InvalidRequestError(found)
    return AskRequest.from_arguments(
        request.args.get("q"),
        history=request.args.getlist("history"),
        limit=request.args.get("limit"),
        document=request.args.get("document"),
    )


def _parameter_problem(name: str, known: Sequence[str]) -> FieldProblem | None:
    """What is wrong with a parameter's being there, or being there so often."""
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    if name not in known:
        return FieldProblem(pointer, f"is not a known parameter. Known parameters: {', '.join(known)}")
    if name != "history" and len(request.args.getlist(name)) > 1:
        return FieldProblem(pointer, "may be given only once")
    return None


def linked_passage(passage_id: str) -> Followed:
    """The passage with an id; where the address has a fingerprint, the words with that, wherever they stand now."""
    known_by = request.args.get("is")
    if known_by is None:
        return Followed(current_engine().passage(passage_id))
    return current_engine().linked(passage_id, read_fingerprint(known_by), document=request.args.get("document"))


def citation_in(style: str, passage_id: str) -> str:
    """The citation of the passage that the address names, in a style, as seen today and with a whole permanent link."""
    cited = linked_passage(passage_id).cited
    return written(cited.citation, style, accessed=today(), permalink=whole(passage_permalink(cited.passage)))


def json_body(noun: str) -> bytes:
    """The body of a request that must be JSON; `noun` says what it holds.

    Raises:
        UnsupportedMediaType: for one that is sent as anything else.
        RequestEntityTooLarge: for one that is larger than the request may be.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType(f"Send the {noun} as JSON, with the header Content-Type: application/json.")
    body = request.get_data()
    if request.content_length is None:
        request.stream.read(1)  # refuses what goes on behind the most that is read of a body in chunks
    return body
