"""Whether what a client has kept of a page or of JSON is still true (RFC 9110, 13): its entity tag, and a 304.

A tag is made of everything that an answer depends on: the state of the library, the program with its templates and
texts, the settings, the day, the address, and what the request says of who asks, from where and in which language.
So it can be compared before the answer is made. It is weak, for an answer also says how long it took.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, g, request

import qa
from qa.citations.styles import EXPORTS
from qa.errors import LibraryError
from web.access.guard import caller, may
from web.access.sessions import has_tokens
from web.answers import library_version
from web.texts.dates import today

if TYPE_CHECKING:
    from qa import Settings

__all__ = ["TAGGED", "keep_fresh"]

EXTENSION = "pincite.settings"

TAGGED = frozenset(
    {
        "api.ask_by_address",
        "api.citation_text",
        *(f"api.citation_{style}" for style in EXPORTS),
        "api.document",
        "api.documents",
        "api.openapi",
        "api.passage",
        "api.suggestions",
        "conversations.as_json",
        "conversations.as_text",
        "documents.documents_page",
        "openai.model",
        "openai.models",
        "pages.chat",
        "pages.document",
        "problems.problem_type",
        "widget.scope",
        "widget.script",
    }
)
"""The endpoints whose answers depend on nothing else."""

READS = ("GET", "HEAD")
TAGGED_STATUSES = (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED)

PAGES = frozenset(
    {"conversations.as_text", "documents.documents_page", "pages.chat", "pages.document", "problems.problem_type"}
)
"""Those that are in the reader's language, or show who has signed in."""

_CODE = ("*.py", "*.html", "*.toml", "*.js", "*.css")
_HEADERS = ("ACCEPT", "ACCEPT_LANGUAGE", "COOKIE", "HOST", "AUTHORIZATION")
_LENGTH = 16  # bytes of a tag


def keep_fresh(app: Flask, settings: Settings) -> None:
    """Have an app name the tags of its answers, and send none again that a client has kept."""
    app.extensions[EXTENSION] = repr(settings)
    app.before_request(_answer_if_kept)
    app.after_request(_name_tag)


def _answer_if_kept() -> Response | None:
    """An answer without a body, if the client has kept the one that it would get."""
    if request.method not in READS or request.endpoint not in TAGGED or _is_changing():
        return None
    try:
        g.tag = _tag(library_version())  # of the library as it is before the answer is made
    except LibraryError:  # which the view tells
        return None
    if g.tag in request.environ.get("HTTP_IF_NONE_MATCH", ""):
        response = Response(status=HTTPStatus.NOT_MODIFIED)
        if request.endpoint not in PAGES:  # of a page, its language is named
            del response.headers["Content-Type"]
        return response
    return None


def _name_tag(response: Response) -> Response:
    """Name the tag of an answer, and what it depends on."""
    if "tag" not in g or response.status_code not in TAGGED_STATUSES:
        return response
    if request.environ.get("HTTP_IF_NONE_MATCH", "").strip() == "*":  # whatever it has kept, there is something
        response.status_code = HTTPStatus.NOT_MODIFIED
        response.set_data(b"")
    response.headers["ETag"] = f'W/"{g.tag}"'
    has_session = "HTTP_AUTHORIZATION" not in request.environ and caller(request) is not None
    if not has_session:  # whose pages nobody is to see in this browser who comes later
        response.headers["Cache-Control"] = "private, no-cache"  # kept by who asked, and asked for again
    if request.endpoint in PAGES and has_tokens():
        response.vary.add("Cookie")
    if request.endpoint == "pages.document":
        response.vary.add("Referer")  # the way back to the answer
    return response


def _is_changing() -> bool:
    """Whether templates are read again when they change, as for developers."""
    return bool(current_app.jinja_env.auto_reload)


def _tag(version: str) -> str:
    told = request.environ
    who = caller(request)
    parts = [
        _program(),
        current_app.extensions[EXTENSION],
        version,
        f"{today()} {datetime.now(UTC).date()}",
        told.get("wsgi.url_scheme", ""),
        told.get("PATH_INFO", ""),
        told.get("QUERY_STRING", ""),
        *(told.get(f"HTTP_{name}", "") for name in _HEADERS),
        told.get("HTTP_REFERER", "") if request.endpoint == "pages.document" else "",
        f"{who.id} {sorted(who.may)}" if who is not None else str(may(request, "manage")),
    ]
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=_LENGTH).hexdigest()


@cache
def _program() -> str:
    """A digest of the program: of its code, templates, texts and scripts."""
    found = blake2b(digest_size=_LENGTH)
    for folder in (Path(__file__).parent, Path(qa.__file__).parent):
        for path in sorted(path for pattern in _CODE for path in folder.rglob(pattern)):
            found.update(path.relative_to(folder).as_posix().encode())
            found.update(path.read_bytes())
    return found.hexdigest()
