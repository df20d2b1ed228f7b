"""The pages on which whoever keeps the library adds and removes documents, and sees what people said and missed.

They are there only where the setting `manage` is on. Then `access` lets in who may: without tokens only a browser on
this machine itself, else only a token with the right to manage.

**How files arrive.** The form is the same with and without JavaScript: one request of `multipart/form-data` with all
files. Chunks of under a megabyte would need JavaScript, and a second way for those without it. So the server lets a
large body come for this one address, if its sender may manage (`spool_of`), and writes it to the disk while it
arrives. It lies in the library's own folder and not among the system's temporary files, which are memory on many
systems. Once the request is whole, each file is written to a place of its own, so for a moment there are two of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, abort, current_app, redirect, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from qa.errors import FieldProblem, InvalidRequestError, JobRunningError, LibraryUnwritableError, QAError
from qa.wire import (
    MANAGING_HINT,
    MAX_QUESTION,
    DocumentsRequest,
    FeedbackCountBody,
    GivenBody,
    JobBody,
    ManagedDocumentBody,
    ManagedDocumentsBody,
    OpinionsBody,
    PartLeftOutBody,
    RemovalRequest,
    UnansweredBody,
    document_href,
    entry_body,
)
from web.access import guard as access
from web.answers import current_engine, json_body
from web.managing.spooling import Spool
from web.managing.uploading import MOST_FILES, StorageFullError, receive
from web.origins import Proxies
from web.pages.documents import listing_asked
from web.problems import FORM_TYPE
from web.watching.ledger import EXPORTED, add_record, record_of

if TYPE_CHECKING:
    from pydantic import BaseModel

    from qa import Engine, Settings
    from qa.model import DocumentEntry, Outcome

__all__ = ["manage", "may_manage", "register", "spool_of"]

FILES = "/manage/files"
MEGABYTE = 1_000_000
MAX_REMOVAL_BODY = 262_144  # bytes; 500 ids of documents
MOST_SHOWN = 50  # questions and judgements on a page
QUICK = 2.5  # seconds that a form waits for a change to end, so that most of its senders see the end

manage = Blueprint("manage", __name__)


def register(app: Flask, settings: Settings) -> None:
    """Add the pages to an app, if the settings say so. Without them there is nothing at their addresses."""
    if settings.manage == "on" and isinstance(settings.library, Path):
        app.register_blueprint(manage)
        app.after_request(_count_question)
        app.extensions["pincite"].uploads.tell = partial(
            app.logger.warning, "The process that changes the library said: %s"
        )
    app.jinja_env.globals["may_manage"] = may_manage


def _count_question(response: Response) -> Response:
    """Count the question of a request, if it got no answer. A conversation that is exported asks nothing anew."""
    record = record_of()
    if record.asked is not None and record.outcome is not None and request.blueprint != EXPORTED:
        current_engine().unanswered.count(record.asked.question, cast("Outcome", record.outcome))
    return response


def may_manage() -> bool:
    """Whether the pages are there for whoever sent this request."""
    return manage.name in current_app.blueprints and access.may(request, "manage")


def spool_of(app: Flask) -> Callable[[dict[str, Any]], Spool | None]:
    """What the server asks about a large body: whether it may come, and where it goes. Without managing none may."""
    if manage.name not in app.blueprints:
        return lambda _: None
    proxies = Proxies(app.extensions["pincite"].settings.trusted_proxies)

    def spool(environ: dict[str, Any]) -> Spool | None:
        if environ["PATH_INFO"] != FILES or environ["REQUEST_METHOD"] != "POST":
            return None
        proxies.hear(environ)  # as the app itself does
        add_record(environ)
        with app.request_context(environ):
            try:
                access.demand("manage")
                access.refuse_by_session("add documents")
                engine = current_engine()
                if engine.uploads.is_busy:
                    return None
                return Spool(engine.uploads.folder.make(), engine.settings.max_upload * MEGABYTE)
            except (QAError, HTTPException):  # the view says what is wrong
                return None

    return spool


@manage.get("/manage")
def page() -> str:
    """The documents, with where they are from, and the last change."""
    asked, listed = _documents()
    engine = current_engine()
    return render_template(
        "manage.html",
        asked=asked,
        file_words=_file_words(),
        listed=listed,
        job=engine.uploads.job(),
        formats=engine.formats,
        endings=engine.uploads.folder.endings,
        most_files=MOST_FILES,
        most_bytes=engine.settings.max_upload,
        most_bytes_of_one=engine.settings.max_file_size,
    )


@manage.get("/manage/documents.json")
def documents() -> Response:
    """The same list for programs."""
    return _json(_documents()[1])


@manage.get("/manage/job.json")
def job() -> Response:
    """The last change, and how far it is; null if there was none."""
    found = current_engine().uploads.job()
    return _json(found) if found else Response("null", content_type="application/json")


@manage.post(FILES)
def add_files() -> AnyResponse:
    """Add the files of a form. A form without files goes on with what an earlier one left unread."""
    uploads = current_engine().uploads
    request.max_content_length = current_engine().settings.max_upload * MEGABYTE
    with _told_of_storage():
        if request.mimetype == FORM_TYPE:
            return _began(uploads.index())
        if uploads.is_busy:  # which is said before all the files are written down
            raise JobRunningError
        with uploads.receiving() as incoming:
            fields = receive(incoming)
            if not incoming.files and not incoming.refused:
                raise InvalidRequestError([FieldProblem("/files", "must be chosen: at least one")], hint=MANAGING_HINT)
            return _began(uploads.index(incoming, replaces=fields.get("replace") == "yes"))


@manage.post("/manage/removal")
def remove() -> AnyResponse | str:
    """Remove documents: a program's at once, a page's after asking once more."""
    request.max_content_length = MAX_REMOVAL_BODY
    uploads = current_engine().uploads
    with _told_of_storage():
        if request.mimetype != FORM_TYPE:
            return _began(uploads.remove(RemovalRequest.from_json(json_body("documents")).documents))
        if _wants_page() and not request.form.getlist("document"):
            return redirect("/manage", HTTPStatus.SEE_OTHER)  # nothing was ticked
        asked = RemovalRequest.from_form(tuple(dict.fromkeys(request.form.getlist("document"))))
        if request.form.get("confirmed") == "yes":
            return _began(uploads.remove(asked.documents))
        return _confirmation(asked)


@manage.app_template_filter()
def file_name(path: str) -> str:
    """The last part of a path, whichever system wrote it.

    >>> file_name("/birds/terns.pdf"), file_name("C:\\\\birds\\\\terns.pdf")
    ('terns.pdf', 'terns.pdf')
    """
    return path.rpartition("/")[2].rpartition("\\")[2]


@manage.post("/manage/stop")
def stop() -> AnyResponse:
    """Have the change that goes on stop. What has been read is kept."""
    uploads = current_engine().uploads
    with _told_of_storage():
        uploads.stop()
    found = uploads.job()
    return _began(found) if found else abort(HTTPStatus.NOT_FOUND)


@manage.post("/manage/discard")
def discard() -> AnyResponse:
    """Delete the files that wait to be read since a change ended early."""
    with _told_of_storage():
        found = current_engine().uploads.discard()
    return _began(found) if found else abort(HTTPStatus.NOT_FOUND)


@manage.get("/manage/feedback")
def feedback_page() -> str:
    """What people said of answers, and which questions got none."""
    return render_template("opinions.html", opinions=_opinions(), most=MOST_SHOWN)


@manage.get("/manage/feedback.json")
def feedback() -> Response:
    """The same for programs."""
    return _json(_opinions())


@manage.post("/manage/questions/removal")
def forget_questions() -> AnyResponse:
    """Forget which questions got no answer."""
    current_engine().unanswered.clear()
    return redirect("/manage/feedback", HTTPStatus.SEE_OTHER) if _wants_page() else _json(_opinions())


def _documents() -> tuple[DocumentsRequest, ManagedDocumentsBody]:
    """The part of the list that the address asks for."""
    file_words = _file_words()
    asked, listing = listing_asked("file", file_words=file_words)
    engine = current_engine()

    def path(way: str, document_id: str | None) -> str | None:
        if document_id is None:
            return None
        given = {**asked.filters, **({"file": file_words} if file_words else {})}
        return f"/manage/documents.json?{urlencode({**given, 'limit': str(asked.limit), way: document_id})}"

    return asked, ManagedDocumentsBody(
        documents=tuple(_managed(entry, engine) for entry in listing.entries),
        total=listing.total,
        previous=path("before", listing.previous),
        next=path("after", listing.next),
    )


def _file_words() -> str:
    return request.args.get("file", "").strip()[:MAX_QUESTION]


def _managed(entry: DocumentEntry, engine: Engine) -> ManagedDocumentBody:
    left_out = [PartLeftOutBody(document=entry.id, what=each.what, amount=each.amount) for each in entry.left_out]
    return ManagedDocumentBody(
        **dict(entry_body(entry)),
        file=entry.file,
        is_uploaded=engine.uploads.folder.holds(entry.file),
        left_out=tuple(left_out),
    )


def _confirmation(asked: RemovalRequest) -> str:
    """The page that asks once more, and says what will happen to the files."""
    engine = current_engine()
    uploads = engine.uploads
    files = uploads.files_of(asked.documents)
    own = {origin: ids for origin, ids in files.items() if uploads.folder.holds(origin)}
    with_them = {each for ids in own.values() for each in ids} - set(asked.documents)
    return render_template(
        "removal.html",
        chosen=engine.chosen(asked.documents),
        own=sorted(map(file_name, own)),
        others=sorted(set(files) - set(own)),
        with_them=len(with_them),
        count=len(set(asked.documents) | with_them),
    )


def _opinions() -> OpinionsBody:
    engine = current_engine()
    found = engine.feedback.opinions(most=MOST_SHOWN)
    sums = [FeedbackCountBody(outcome=outcome, yes=yes, no=no) for outcome, (yes, no) in found.by_outcome.items()]
    return OpinionsBody(
        yes=sum(each.yes for each in sums),
        no=sum(each.no for each in sums),
        comments=found.comments,
        by_outcome=tuple(sorted(sums, key=lambda each: each.outcome or "~")),
        denied=tuple(found.denied),
        latest=tuple(
            GivenBody(
                at=each.at,
                question=each.question,
                helpful=each.helpful,
                outcome=each.outcome,
                comment=each.comment,
                document=each.document_id,
                passage=each.passage_id,
                href=f"{document_href(each.document_id)}#{each.passage_id}" if each.document_id else None,
            )
            for each in found.latest
        ),
        unanswered=tuple(
            UnansweredBody.model_validate(
                {"question": each.question, "nothing": each.nothing, "possible": each.possible, "last": each.last}
            )
            for each in engine.unanswered.most(limit=MOST_SHOWN)
        ),
    )


@contextmanager
def _told_of_storage() -> Iterator[None]:
    """Say what the system refuses to write to whoever may manage; elsewhere only the log says it."""
    try:
        yield
    except LibraryUnwritableError as error:
        raise StorageFullError(f"{error.message} {error.hint}") from error


def _wants_page() -> bool:
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def _began(job: JobBody) -> AnyResponse:
    """The answer to a change that goes on: a page is led to where it shows, after a moment in which most have ended."""
    if _wants_page():
        current_engine().uploads.wait(seconds=QUICK)
        return redirect("/manage#job", HTTPStatus.SEE_OTHER)
    return _json(job, HTTPStatus.ACCEPTED if job.is_running else HTTPStatus.OK)


def _json(body: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(body.model_dump_json(by_alias=True), status, content_type="application/json")
