"""How views ask the engine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple, cast

from flask import Flask, current_app, g, request
from werkzeug.exceptions import UnsupportedMediaType

from qa.citations.styles import written
from qa.errors import FieldProblem, InvalidRequestError
from qa.model import Followed
from qa.wire import (
    MAX_DOCUMENTS,
    AskRequest,
    AskResponse,
    answer_body,
    document_body,
    passage_permalink,
    read_fingerprint,
)
from web.addresses import whole
from web.remembering import Kept
from web.texts.dates import today
from web.watching.ledger import record_of

if TYPE_CHECKING:
    from qa import Engine

__all__ = [
    "REMEMBERED",
    "answer_json",
    "answer_to",
    "asked_in_address",
    "check_parameters",
    "citation_in",
    "conversation",
    "current_engine",
    "document_json",
    "documents_in_address",
    "json_body",
    "library_version",
    "linked_passage",
    "refuse_many_fields",
    "set_engine",
]

EXTENSION = "pincite"
JSON = "application/json"
ANSWERS = "pincite.answers"  # for pages
ANSWERS_IN_JSON = "pincite.answers.json"  # for whoever sends questions
DOCUMENTS_IN_JSON = "pincite.documents.json"
MOST_COLONS = 30_000  # in a body: each unknown field would be an error of its own, made before the first is told
KEPT_ANSWERS = 256  # of each kind in each process; in JSON of 20 KB each, 5 MB
HEAVIEST = 16_000_000  # bytes of them, about


def set_engine(app: Flask, engine: Engine) -> None:
    """Set the engine that the app's views ask."""
    app.extensions[EXTENSION] = engine

    def answer(asked: AskRequest, version: str, day: date) -> AskResponse:  # noqa: ARG001 - what else it depends on
        found = engine.ask(asked.question, history=asked.history, limit=asked.limit, document=asked.document or None)
        return answer_body(found)

    def answer_in_json(asked: AskRequest, version: str, day: date) -> _InJson:
        body = answer(asked, version, day)
        written = body.model_dump_json(by_alias=True, exclude={"took_ms"}).encode()
        return _InJson(written[:-1], body.outcome, body.confidence)  # how long it took comes last

    def document_in_json(document_id: str, version: str) -> bytes:  # noqa: ARG001 - what else it depends on
        body = document_body(*engine.document_with_passages(document_id))
        return body.model_dump_json(by_alias=True).encode()

    app.extensions[DOCUMENTS_IN_JSON] = Kept(document_in_json, most=KEPT_ANSWERS, heaviest=HEAVIEST, weigh=len)
    app.extensions[ANSWERS] = Kept(answer, most=KEPT_ANSWERS, heaviest=HEAVIEST, weigh=_weight)
    app.extensions[ANSWERS_IN_JSON] = Kept(
        answer_in_json, most=KEPT_ANSWERS, heaviest=HEAVIEST, weigh=lambda each: len(each.written)
    )


class _InJson(NamedTuple):
    """An answer as JSON, but for its end, and what is counted of it."""

    written: bytes
    outcome: str
    confidence: float


def _weight(answer: AskResponse) -> int:
    """About how many bytes an answer takes in memory, where its passages' texts stand three times."""
    passages = [answer.passage, *(each.passage for each in (*answer.outline, *answer.alternatives))]
    return sum(3 * len(each.text) + 500 * len(each.figures) + 5_000 for each in passages if each is not None)


def current_engine() -> Engine:
    """The engine of the app that handles this request."""
    return cast("Engine", current_app.extensions[EXTENSION])


def library_version() -> str:
    """The state of the library that this request is answered from, looked up once.

    Raises:
        LibraryError: if the library cannot be used now.
    """
    if "library_version" not in g:
        g.library_version = current_engine().version
    return cast("str", g.library_version)


def answer_to(asked: AskRequest) -> AskResponse:
    """The wire form of the engine's answer. It is kept as long as the library and the day are the same.

    A page loads a whole conversation each time, so it asks the same again. A version of a library never comes back.
    """
    body, took_ms = _kept(ANSWERS, asked)
    return cast("AskResponse", body).model_copy(update={"took_ms": took_ms})


def answer_json(asked: AskRequest) -> bytes:
    """The same as JSON. Only the JSON is kept; it is written once for all who ask."""
    unfinished, took_ms = _kept(ANSWERS_IN_JSON, asked)
    return b'%b,"took_ms":%b}' % (cast("_InJson", unfinished).written, str(took_ms).encode())


def document_json(document_id: str) -> bytes:
    """A whole document as JSON, which is kept as long as the library is the same.

    Raises:
        UnknownDocumentError: if there is none.
    """
    return cast("bytes", current_app.extensions[DOCUMENTS_IN_JSON](document_id, library_version()))


def _kept(name: str, asked: AskRequest) -> tuple[AskResponse | _InJson, float]:
    """What is kept for this request today, and how many milliseconds it took to come by it."""
    began = time.perf_counter()
    record = record_of()
    record.asked = asked
    found: AskResponse | _InJson
    found, was_kept = current_app.extensions[name].looked_up(asked, library_version(), datetime.now(UTC).date())
    record.answer(outcome=found.outcome, confidence=found.confidence, was_kept=was_kept)
    return found, round((time.perf_counter() - began) * 1000, 3)


REPEATED = ("history", "document")  # parameters that may be given more than once
REMEMBERED = 12  # earlier questions that a conversation sends along; with the longest ones it still fits a request


def conversation(asked: AskRequest) -> Iterator[AskRequest]:
    """One request for each of the last questions of the history, in order, then the request itself."""
    first = max(0, len(asked.history) - REMEMBERED)
    for turn, question in enumerate(asked.history[first:], start=first):
        yield asked.model_copy(update={"question": question, "history": asked.history[:turn]})
    yield asked


def asked_in_address(*names: str) -> AskRequest:
    """The request in the address: `q`, and the other parameters in `names`, such as `document`, `history` and `limit`.

    Raises:
        InvalidRequestError: for an invalid value, or a parameter that is unknown or given twice.
    """
    check_parameters("q", *names, required="q")
    return AskRequest.from_arguments(
        request.args.get("q"),
        history=request.args.getlist("history"),
        limit=request.args.get("limit"),
        document=documents_in_address(),
    )


def documents_in_address() -> list[str]:
    """The ids of the documents in the address. One that is empty, as a form sends what nobody has chosen, is none. More
    than may be named are given as they are, to be refused."""
    given = request.args.getlist("document")
    return given if len(given) > MAX_DOCUMENTS else [each for each in given if each]


def check_parameters(*known: str, required: str | None = None) -> None:
    """Refuse an address with parameters that are not known, with one that is given twice, or without a required one.

    Raises:
        InvalidRequestError: with every problem.
    """
    found = [problem for name in request.args if (problem := _parameter_problem(name, known))]
    if required is not None and required not in request.args:
        found.append(FieldProblem(f"/{required}", "is required"))
    if found:
        raise InvalidRequestError(found)


def _parameter_problem(name: str, known: Sequence[str]) -> FieldProblem | None:
    """What is wrong with a parameter's being there, or being there so often."""
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    if name not in known:
        return FieldProblem(pointer, f"is not a known parameter. Known parameters: {', '.join(known)}")
    if name not in REPEATED and len(request.args.getlist(name)) > 1:
        return FieldProblem(pointer, "may be given only once")
    return None


def linked_passage(passage_id: str) -> Followed:
    """The passage with an id. If the address has a fingerprint, the words with it, wherever they are now."""
    known_by = request.args.get("is")
    if known_by is None:
        return Followed(current_engine().passage(passage_id))
    return current_engine().linked(
        passage_id, read_fingerprint(known_by), document=request.args.get("document") or None
    )


def citation_in(style: str, passage_id: str) -> str:
    """The citation, in a style, of the passage in the address, as seen today and with a whole permanent link."""
    cited = linked_passage(passage_id).cited
    return written(cited.citation, style, accessed=today(), permalink=whole(passage_permalink(cited.passage)))


def json_body(noun: str) -> bytes:
    """The body of a request, which must be JSON. `noun` says what is in it.

    Raises:
        UnsupportedMediaType: if it is sent as anything else.
        RequestEntityTooLarge: if it is larger than the request may be.
        InvalidRequestError: if it has more fields than any request.
    """
    if request.environ.get("CONTENT_TYPE") != JSON and request.mimetype != JSON:  # which takes the header apart
        raise UnsupportedMediaType(f"Send the {noun} as JSON, with the header Content-Type: application/json.")
    body = request.get_data()
    if request.content_length is None:
        request.stream.read(1)  # refuses what goes on behind the most that is read of a body in chunks
    refuse_many_fields(body)
    return body


def refuse_many_fields(body: bytes) -> None:
    """Refuse a JSON body with more fields than any request has, before it is read.

    Raises:
        InvalidRequestError: for such a body.
    """
    if (count := body.count(b":")) > MOST_COLONS:
        raise InvalidRequestError([FieldProblem("", f"has {count:,} fields or colons, which are too many to read")])
