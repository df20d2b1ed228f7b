"""Failures as responses: one handler, one JSON shape, one page."""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from flask import Blueprint, Flask, Response, current_app, render_template, request
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge, Unauthorized

from qa.errors import (
    ClusterIncompleteError,
    ClusterUnreachableError,
    InvalidRequestError,
    PassageGoneError,
    QAError,
    UnknownDocumentError,
)
from qa.wire import FieldProblemBody, Problem, document_href
from web.languages import reader_texts
from web.problem_texts import in_readers_words
from web.watching.ledger import current_totals, record_of

__all__ = ["FORM_TYPE", "PROBLEMS", "ProblemType", "log_failure", "register", "too_large"]

FORM_TYPE = "application/x-www-form-urlencoded"  # of a page's form
MEDIA_TYPE = "application/problem+json"


class ProblemType(NamedTuple):
    """What all problems with one code have in common."""

    status: HTTPStatus
    title: str
    meaning: str


def _server_fault(title: str, meaning: str) -> ProblemType:
    return ProblemType(HTTPStatus.INTERNAL_SERVER_ERROR, title, meaning)


def _unavailable(title: str, meaning: str) -> ProblemType:
    return ProblemType(HTTPStatus.SERVICE_UNAVAILABLE, title, meaning)


PROBLEMS = {
    "invalid_request": ProblemType(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Invalid request",
        "Part of the request is invalid; every invalid part is named. "
        "A body that cannot be read at all gets status 400.",
    ),
    "unknown_document": ProblemType(
        HTTPStatus.NOT_FOUND, "Unknown document", "No document of the library has this id."
    ),
    "unknown_passage": ProblemType(HTTPStatus.NOT_FOUND, "Unknown passage", "No passage of the library has this id."),
    "passage_gone": ProblemType(
        HTTPStatus.GONE,
        "Passage gone",
        "The document no longer has the words that this permanent link cites.",
    ),
    "library_busy": _unavailable("Library busy", "Another process is changing the library. Try again in a moment."),
    "library_not_found": _unavailable("Library not found", "The library is no longer where it was."),
    "index_format": _unavailable("Library of another version", "Another version of this program wrote the library."),
    "library_damaged": _unavailable("Library damaged", "The files of the library are broken or do not fit together."),
    "library_unreadable": _unavailable("Library unreadable", "The system refuses to read the files of the library."),
    "library_unwritable": _unavailable("Library not writable", "The system refuses to write the library's files."),
    "library_there": _unavailable(
        "Library there", "There is already something in the place for a copy of the library."
    ),
    "library_place": _unavailable("No place for a library", "The folder for a new library holds other files."),
    "cluster_unreachable": _unavailable("Cluster unreachable", "No node of the library's cluster answers."),
    "cluster_incomplete": _unavailable(
        "Cluster incomplete", "A part of the library's cluster does not answer. Try again in a moment."
    ),
    "cluster_access": _unavailable("Cluster locked", "The library's cluster does not let the service in."),
    "cluster_untrusted": _unavailable(
        "Cluster not trusted", "The certificate of the library's cluster is not trusted."
    ),
    "cluster_rejected": _unavailable("Cluster refused", "The library's cluster does not do what it is asked."),
    "cluster": _unavailable("Cluster unusable", "The library's cluster cannot be used."),
    "helper_ended": _unavailable("Indexing broke down", "A helper process of indexing ended too early."),
    "job_running": ProblemType(
        HTTPStatus.CONFLICT,
        "Change under way",
        "Documents are being added or removed. One change goes on at a time.",
    ),
    "document_damaged": _unavailable("Document damaged", "The text of a document was changed inside the library."),
    "library": _unavailable("Library unusable", "The library cannot be used."),
    "encoder_missing": _unavailable("Encoder missing", "A package that the encoder needs is not installed."),
    "encoder_file": _unavailable("Encoder incomplete", "A file is missing in the folder of an encoder."),
    "encoder_digest": _unavailable(
        "Encoder of another version", "The weights of the shipped encoder do not belong to this version."
    ),
    "encoder_unreadable": _unavailable("Encoder unreadable", "A file of an encoder cannot be used."),
    "encoder": _unavailable("Encoder unusable", "Texts cannot be turned into vectors."),
    "feedback_unwritable": _unavailable("Feedback not saved", "The system refuses to write the feedback file."),
    "feedback_full": _unavailable("Feedback not saved", "There is as much feedback as the service keeps."),
    "feedback_rate": ProblemType(
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too much feedback",
        "More feedback came within a minute than is kept. Wait a minute.",
    ),
    "feedback_damaged": _unavailable(
        "Feedback not saved", "The feedback file is broken, or belongs to another program or version."
    ),
    "invalid_setting": _server_fault("Invalid setting", "A setting of the service is out of range."),
    "source_not_found": _server_fault("Source not found", "A source file or folder does not exist."),
    "no_sources": _server_fault("No sources", "A folder has no documents to read."),
    "source_unreadable": _server_fault("Source unreadable", "The system refuses to read a source file."),
    "source_not_text": _server_fault("Source not text", "A source file is not text."),
    "source_format": _server_fault("Source of unknown format", "pincite cannot read this kind of file."),
    "source_damaged": _server_fault("Source damaged", "A source file is incomplete, or is not what its name says."),
    "source_locked": _server_fault("Source locked", "A source file opens only with a password or a licence."),
    "source_limit": _server_fault(
        "Source beyond a limit", "A source file is too large, or takes too much time or memory to read."
    ),
    "front_matter": _server_fault("Broken front matter", "The header of a source file cannot be understood."),
    "bibliography": _server_fault(
        "Broken bibliography", "A bibliography file beside a source file cannot be understood."
    ),
    "judged_questions": _server_fault("No judged questions", "A folder has no judged questions in BEIR format."),
    "synonyms": _server_fault("Broken synonyms", "A line of the synonyms file cannot be understood."),
    "source_unwatchable": _server_fault("Unwatchable source", "The system cannot report changes to a source file."),
    "citations": _server_fault("No citations", "A file has no citations to verify."),
    "missing_extra": _server_fault("Packages missing", "Packages that this needs are not installed."),
    "tokens_file": _unavailable("Tokens unusable", "The file that says who may ask cannot be used."),
    "source": _server_fault("Source unusable", "A source file cannot become a document."),
    "error": _server_fault("Error", "The service could not do what was asked."),
}

problem_pages = Blueprint("problems", __name__)


def register(app: Flask) -> None:
    """Make every failure of the app a problem, and give every problem type a page."""
    app.register_error_handler(QAError, _handle)
    app.register_error_handler(HTTPException, _handle)
    app.register_blueprint(problem_pages)


@problem_pages.get("/problems/<code>")
def problem_type(code: str) -> str:
    """The page that a problem's `type` leads to. It says what the type means."""
    if code not in PROBLEMS:
        raise NotFound("No error has this code.")
    return render_template("problem.html", code=code, problem=PROBLEMS[code])


def too_large(size: int) -> Response:
    """The response in the place of one that is too large to be sent."""
    detail = f"The answer would have {size:,} bytes, which is too much. Ask for fewer passages."
    return _handle(RequestEntityTooLarge(detail))


def _handle(error: QAError | HTTPException) -> Response:
    is_page = _wants_page(by_default=not isinstance(error, Unauthorized))
    if isinstance(error, QAError):
        problem, headers = _of_engine(error, is_page=is_page), []
    else:
        problem, headers = _of_http(error, is_page=is_page), error.get_headers()
    response = _page(problem) if is_page else _json(problem)
    response.status_code = problem.status
    response.vary.add("Accept")
    response.headers.extend((name, value) for name, value in headers if name.lower() != "content-type")
    if problem.status == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers.setdefault("Retry-After", "60")
    elif isinstance(error, ClusterIncompleteError | ClusterUnreachableError):
        response.headers["Retry-After"] = "5"
    return response


def _of_engine(error: QAError, *, is_page: bool) -> Problem:
    """The problem for an error of the engine. Failures of the service are told in general, and logged in full. On a
    page, where visitors read it, it names no commands."""
    status, title, meaning = PROBLEMS[error.code]
    hint = reader_texts()("failure.no_document") if is_page and isinstance(error, UnknownDocumentError) else error.hint
    detail = f"{error.message} {hint}"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log_failure(error)
        detail = f"{meaning} The service's log says more."
    errors = None
    if isinstance(error, InvalidRequestError):
        errors = tuple(FieldProblemBody(pointer=each.pointer, detail=each.detail) for each in error.problems)
        if any(each.pointer == "" for each in error.problems):
            status = HTTPStatus.BAD_REQUEST
    nearest = None
    if isinstance(error, PassageGoneError):
        nearest = document_href(error.document_id) + (f"#{error.nearest}" if error.nearest else "")
    return Problem(
        type=f"/problems/{error.code}", title=title, status=status, detail=detail, errors=errors, nearest=nearest
    )


def log_failure(error: QAError) -> None:
    """Log a failure of the service. One that lasts, such as that of a library, is logged once a minute, without the
    way that led to it."""
    if PROBLEMS[error.code].status != HTTPStatus.SERVICE_UNAVAILABLE:
        current_app.logger.error("%s %s", error.message, error.hint, exc_info=error)
    elif current_totals().is_news(list(PROBLEMS).index(error.code)):
        current_app.logger.error("%s %s (%s, told once a minute)", error.message, error.hint, error.code)


_NOWHERE = "There is nothing at this address. The chat page is at /; /openapi.json describes the JSON interface."


def _of_http(error: HTTPException, *, is_page: bool) -> Problem:
    """The problem for a failure that HTTP has a status for, an unexpected exception's 500 among them."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    detail = error.description or status.description
    if isinstance(error, RequestEntityTooLarge) and detail == RequestEntityTooLarge.description:
        detail = f"A request may have at most {request.max_content_length:,} bytes."
    elif status == HTTPStatus.NOT_FOUND and detail == NotFound.description:
        detail = reader_texts()("failure.nowhere") if is_page else _NOWHERE
    elif status == HTTPStatus.INTERNAL_SERVER_ERROR:
        detail = "Something went wrong in the service. Its log says what."
    return Problem(type="about:blank", title=status.phrase, status=status, detail=detail)


def _wants_page(*, by_default: bool) -> bool:
    """Whether to fail with a page: for pages unless JSON is preferred, for the interface only if a form was sent where
    that is accepted, else if a page is preferred. Where nothing is, `by_default` lets pages fail with one."""
    if request.blueprint == "api":
        return request.endpoint == "api.feedback" and request.mimetype == FORM_TYPE
    kinds = [MEDIA_TYPE, "application/json", "text/html"]
    if by_default and request.blueprint in ("pages", "documents", "sessions"):
        kinds.reverse()
    return request.accept_mimetypes.best_match(kinds, default=kinds[0]) == "text/html"


def _json(problem: Problem) -> Response:
    problem = problem.model_copy(update={"request_id": record_of().id})
    return Response(problem.model_dump_json(exclude_none=True), content_type=MEDIA_TYPE)


def _page(problem: Problem) -> Response:
    is_ours = problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR  # which whoever runs the service finds in its log
    request_id = record_of().id if is_ours else None
    return Response(render_template("error.html", problem=in_readers_words(problem), request_id=request_id))
