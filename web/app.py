"""The Flask application: its limits, headers and parts."""

from __future__ import annotations

import secrets
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.exceptions import SecurityError

from qa.citations.styles import EXPORTS, TEXTS
from qa.errors import LibraryError
from qa.wire import MAX_COMMENT, MAX_QUESTION, MAX_TURNS
from web import addresses, languages, problems
from web.access import guard as access
from web.access.metering import Meter
from web.access.rates import rates_of
from web.access.sessions import sessions
from web.answers import current_engine, library_version, set_engine
from web.api import api
from web.freshness import keep_fresh
from web.managing import views as managing
from web.metrics import metrics
from web.networks import is_loopback, serves_this_machine_alone
from web.origins import Proxies
from web.pages import drawing, entries, places, scripts
from web.pages.chat import pages
from web.pages.conversations import conversations
from web.pages.documents import documents
from web.plugs.routes import in_openais_form, mcp, openai
from web.texts.dates import today
from web.texts.sureness import sureness
from web.watching.access_log import AccessLog
from web.watching.ledger import Ledger, set_totals
from web.watching.totals import Totals
from web.widget import views as widget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from qa import Engine
    from web.access.counting import Memory

__all__ = ["BehindProxies", "create_app"]

MAX_BODY = 64 * 1024  # bytes
MOST_TIMES, MOST_ANSWERED = 64, 1_000_000
"""An answer has at most so many times the bytes of the request's body, and so many more."""

WHOLE = frozenset({"api.document", "pages.document", "static"})
"""The endpoints that give a whole document or file. `/mcp` does too, to who reads a resource."""

SECURITY_HEADERS = {
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "img-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # with "no-referrer", a form would be sent without its origin
    "X-Content-Type-Options": "nosniff",
}


class Service(Flask):
    """Flask, of which no view and no hook is a coroutine: it looks at each of them at each request."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(engine: Engine, *, memory: Memory | None = None, totals: Totals | None = None) -> Flask:
    """The web service over an engine. `memory` is where its workers count the requests of each client together, and
    `totals` where they count what becomes of all."""
    app = Service(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(addresses.FILTERS | drawing.FILTERS | entries.FILTERS | places.FILTERS)
    app.jinja_env.tests.update(entries.TESTS)
    app.jinja_env.filters.update(languages.FILTERS, sureness=sureness)
    app.jinja_env.globals.update(
        languages.GLOBALS,
        today=today,
        styles=TEXTS,
        exports=EXPORTS,
        old_after=engine.settings.old_after,
        feedback_key=_feedback_key,
        max_comment=MAX_COMMENT,
        max_question=MAX_QUESTION,
        max_turns=MAX_TURNS,
        unique=_unique,
        may=lambda right: access.may(request, right),
        signed_in=access.signed_in,
    )
    app.view_functions["static"] = scripts.send
    set_engine(app, engine)
    app.register_blueprint(api)
    app.register_blueprint(pages)
    app.register_blueprint(documents)
    app.register_blueprint(conversations)
    app.register_blueprint(openai)
    app.register_blueprint(mcp)
    app.register_blueprint(widget.widget)
    app.register_blueprint(sessions)
    app.register_blueprint(languages.language_pages)
    if engine.settings.metrics == "on":
        app.register_blueprint(metrics)
    problems.register(app)
    settings = engine.settings
    managing.register(app, settings)
    if settings.trusted_proxies:
        app.wsgi_app = BehindProxies(app.wsgi_app, Proxies(settings.trusted_proxies))  # type: ignore[method-assign]
    if serves_this_machine_alone(settings.host) or settings.allowed_hosts:
        app.before_request(_refuse_foreign_hosts)
    rates = rates_of(settings)
    access.guard(app, settings, Meter(rates, memory) if rates else None)
    app.after_request(_add_headers)
    app.after_request(_name_version)
    app.after_request(languages.name_language)
    keep_fresh(app, settings)  # behind what refuses a request, for it answers some itself
    app.after_request(widget.open_to_origins)
    app.after_request(in_openais_form)
    app.after_request(_refuse_large_answers)  # first, for Flask calls them from the last to the first
    totals = totals or Totals()
    set_totals(app, totals)
    log = AccessLog(with_questions=settings.log_questions == "on") if settings.log == "json" else None
    app.wsgi_app = Ledger(app.wsgi_app, totals, log, headers=SECURITY_HEADERS)  # type: ignore[method-assign]
    return app


class BehindProxies:
    """The application behind proxies."""

    def __init__(self, application: WSGIApplication, proxies: Proxies) -> None:
        self._application = application
        self._proxies = proxies

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._proxies.hear(environ)
        return self._application(environ, start_response)


def _feedback_key() -> str:
    """What a page makes up for each answer that it shows, so that feedback on it can be changed."""
    return secrets.token_hex(16)


def _unique() -> str:
    """A name for elements that no other part of a page has, wherever a script puts it."""
    return f"p{secrets.token_hex(4)}"


def _refuse_foreign_hosts() -> None:
    """Stop DNS rebinding: a page elsewhere whose name was made to point here names its own host.

    Flask's TRUSTED_HOSTS would do, but cannot name `[::1]`.
    """
    settings = current_engine().settings
    if not _is_own_host(request.host, settings.host.lower(), settings.allowed_hosts):
        raise SecurityError("This service answers only under its own addresses, such as http://localhost.")


@lru_cache(maxsize=64)
def _is_own_host(host: str, served: str, allowed: tuple[str, ...]) -> bool:
    """Whether a request's host, with its port if it has one, is one by which this service is reached."""
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return name in {"localhost", served, *allowed} or is_loopback(name or "")


def _name_version(response: Response) -> Response:
    """Say which state of the library there is, so that a program sees when that changes."""
    with suppress(LibraryError):  # an answer that says so already
        response.headers["X-Library-Version"] = library_version()
    return response


def _refuse_large_answers(response: Response) -> Response:
    """Send no answer that is much larger than what was asked. A whole document is as large as it is, and events say the
    same answer several times."""
    if request.endpoint in WHOLE or response.mimetype == "text/event-stream":
        return response
    size = response.calculate_content_length() or 0
    if size <= MOST_ANSWERED or size <= MOST_TIMES * (request.content_length or 0) + MOST_ANSWERED:
        return response
    if request.endpoint == "mcp.exchange":
        from web.plugs.mcp_views import reads_document

        if reads_document():
            return response
    return problems.too_large(size)


def _add_headers(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response
