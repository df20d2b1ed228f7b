"""The JSON interface: questions, documents, passages, and the state of the service."""

from __future__ import annotations

import json
from http import HTTPStatus

from flask import Blueprint, Response, render_template, request
from pydantic import BaseModel

from qa.citations.styles import EXPORTS, STYLES, TEXTS
from qa.errors import FieldProblem, InvalidRequestError
from qa.wire import (
    AskRequest,
    FeedbackRequest,
    FeedbackResponse,
    Live,
    Ready,
    SuggestionsRequest,
    VerifyRequest,
    VerifyResponse,
    cited_passage_body,
    suggestions_body,
    verification_body,
)
from web.access.sessions import has_tokens
from web.answers import (
    answer_json,
    answer_to,
    asked_in_address,
    check_parameters,
    citation_in,
    current_engine,
    document_json,
    documents_in_address,
    json_body,
    linked_passage,
)
from web.origins import refuse_other_sites
from web.pages.documents import listed
from web.problems import FORM_TYPE
from web.texts.reading import load_texts

__all__ = ["api"]

MAX_CITATIONS_BODY = 1_000_000  # bytes
MAX_FEEDBACK_BODY = 262_144  # bytes; a form writes a character in up to 12


api = Blueprint("api", __name__)


@api.post("/ask")
def ask() -> Response:
    """Answer the question in a JSON body, in JSON. A page of this service prefers its own form of the answer."""
    asked = AskRequest.from_json(json_body("question"))
    is_for_pages = "text/" in request.environ.get("HTTP_ACCEPT", "")  # else there is nothing to take apart
    if is_for_pages and request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        return Response(render_template("exchange.html", asked=asked, answer=answer_to(asked)))
    return _answer(asked)


@api.get("/ask")
def ask_by_address() -> Response:
    """Answer the question in a query string."""
    return _answer(asked_in_address("limit", "document", "history"))


@api.post("/verify")
def verify() -> Response:
    """Check whether each citation in a JSON body is still true."""
    request.max_content_length = MAX_CITATIONS_BODY
    found = current_engine().verify(VerifyRequest.from_json(json_body("citations")).claims())
    return _json(VerifyResponse(results=tuple(map(verification_body, found))))


@api.post("/feedback")
def feedback() -> Response:
    """Save feedback on an answer, from a program or from a form on a page."""
    request.max_content_length = MAX_FEEDBACK_BODY
    refuse_other_sites("send feedback")
    if request.mimetype == FORM_TYPE:
        given = FeedbackRequest.from_form(request.form.to_dict(flat=False))
        current_engine().judge(given.judgement())
        return Response(
            render_template("feedback.html", asked=given.asked),
            HTTPStatus.CREATED,
        )
    given = FeedbackRequest.from_json(json_body("feedback"))
    kept = current_engine().judge(given.judgement())
    return _json(FeedbackResponse(id=kept.id, thanks=load_texts()("feedback.thanks")), HTTPStatus.CREATED)


@api.get("/suggestions.json")
def suggestions() -> Response:
    """What somebody may be about to ask, who has typed this or was answered with a passage."""
    check_parameters("q", "near", "limit", "document")
    one = request.args.get
    asked = SuggestionsRequest.from_arguments(
        one("q"), near=one("near"), limit=one("limit"), document=documents_in_address()
    )
    engine, only = current_engine(), asked.document or None
    if asked.near is not None:
        return _json(suggestions_body(engine.related(asked.near, document=only, limit=asked.limit)))
    return _json(suggestions_body(engine.suggest(asked.q or "", document=only, limit=asked.limit)))


@api.get("/documents.json")
def documents() -> Response:
    """A page of the list of documents."""
    return _json(listed())


@api.get("/documents/<document_id>.json")
def document(document_id: str) -> Response:
    """One whole document."""
    return Response(document_json(document_id), content_type="application/json")


@api.get("/passages/<passage_id>.json")
def passage(passage_id: str) -> Response:
    """One passage with its citation."""
    return _json(cited_passage_body(linked_passage(passage_id).cited))


@api.get("/passages/<passage_id>.txt")
def citation_text(passage_id: str) -> Response:
    """The citation of a passage for people, in the style that the address names."""
    style = request.args.get("style", next(iter(TEXTS)))
    if style not in TEXTS:
        raise InvalidRequestError([FieldProblem("/style", f"must be one of {', '.join(TEXTS)}")])
    return _file(citation_in(style, passage_id), passage_id, style)


def citation_file(passage_id: str, style: str) -> Response:
    """The citation of a passage as a file for a reference manager."""
    return _file(citation_in(style, passage_id), passage_id, style)


for _style in EXPORTS:
    _rule = f"/passages/<passage_id>{EXPORTS[_style].suffix}"
    api.add_url_rule(_rule, f"citation_{_style}", citation_file, methods=["GET"], defaults={"style": _style})


@api.get("/openapi.json")
def openapi() -> Response:
    """This interface as an OpenAPI 3.1 document."""
    from web.openapi import openapi_document  # which nothing else needs

    document = openapi_document(has_tokens=has_tokens())
    return Response(json.dumps(document, ensure_ascii=False), content_type="application/json")


@api.get("/livez")
def livez() -> Response:
    """Report that the process runs."""
    return _json(Live())


@api.get("/readyz")
def readyz() -> Response:
    """Report that the library can be asked: where it is in a cluster, that all parts of it answer."""
    return _json(Ready(documents=current_engine().reach()))


def _file(text: str, name: str, style: str) -> Response:
    """A text in a style as a file: shown if it is for people, else to be saved."""
    form = STYLES[style]
    response = Response(text, content_type=f"{form.media_type}; charset=utf-8")
    how = "inline" if style in TEXTS else "attachment"
    response.headers.set("Content-Disposition", how, filename=f"{name}{form.suffix}")
    return response


def _answer(asked: AskRequest) -> Response:
    return Response(answer_json(asked), content_type="application/json")


def _json(body: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(body.model_dump_json(by_alias=True), status, content_type="application/json")
