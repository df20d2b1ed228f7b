"""Who may do what: by a token, by the session that a token began, or by sitting at the machine itself."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from flask import Flask, Request, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, HTTPException, Unauthorized
from werkzeug.utils import redirect

from web.access.sessions import cookie_name, has_tokens, keep_tokens, sign_in_address, token_of_session, tokens_file
from web.access.tokens import Right, Token, TokensFile
from web.answers import current_engine
from web.networks import is_loopback
from web.origins import refuse_other_sites
from web.watching.ledger import record_in, record_of

if TYPE_CHECKING:
    from qa import Settings
    from web.access.metering import Meter
    from web.watching.access_log import Record

__all__ = ["caller", "demand", "guard", "is_local", "may", "refuse_by_session", "signed_in"]

OPEN = frozenset({"/language", "/livez", "/readyz", "/sign-in", "/sign-out", "/static/<path:filename>", "/widget.js"})
"""What needs no token: whether the service runs, files that come with pincite, and the way in."""

UNCOUNTED = OPEN - {"/sign-in", "/sign-out"}
"""What is not counted: it costs next to nothing, and monitors and pages ask for it often."""

SAFE = ("GET", "HEAD")
"""The methods that change nothing."""

NEEDED: dict[str, Right] = {"/feedback": "feedback", "/metrics": "manage"}
"""What needs more than the right to ask."""

MANAGING = "manage."
"""How the endpoints begin that need the right to manage."""

OF_PROXIES = re.compile(
    r"HTTP_(?:.*(?:FORWARDED|ORIGINAL|PROXY|(?:CLIENT|REAL|CONNECTING|USER)_?IP)|VIA$|CDN_LOOP$|MAX_FORWARDS$"
    r"|CF_|FLY_|TAILSCALE_|X_(?:AMZN|APPENGINE|ARR|AZURE|ENVOY|VARNISH)_)"
)
"""The headers, as WSGI names them, by which proxies make themselves known: of RFC 7239 and RFC 9110, those that became
customary without one, and those of providers."""

_REALM = "pincite"
_BEARER = "bearer "


def guard(app: Flask, settings: Settings, meter: Meter | None = None) -> None:
    """Have an app ask for tokens, if its settings name a file of them, and count requests if there is a meter.

    Raises:
        TokensError: if the file cannot be read.
    """
    tokens = None
    if settings.tokens_file is not None:
        tokens = TokensFile(settings.tokens_file)
        tokens.current()
        keep_tokens(app, tokens)
    app.before_request(partial(_admit, tokens, meter))


def may(request: Request, right: Right) -> bool:
    """Whether whoever sent a request may do something.

    With a file of tokens, the request's token or session must be good for it. Without one, everybody may ask and send
    feedback, and only whoever sits at this machine may manage.

    Raises:
        TokensError: if the file of tokens cannot be read.
    """
    if not has_tokens():
        return right != "manage" or is_local(request)
    token = caller(request)
    return token is not None and right in token.may


def demand(right: Right) -> None:
    """Refuse the current request, unless whoever sent it may do something.

    Raises:
        Unauthorized: if nothing says who that is. A browser that wants a page is sent to the form to sign in.
        Forbidden: if they may not.
        TokensError: if the file of tokens cannot be read.
    """
    if may(request, right):
        return
    if not has_tokens():
        raise Forbidden(
            "Without tokens, only a browser on this machine itself may do this, and not through a proxy. "
            "web/access/README.md says how tokens are made."
        )
    if caller(request) is None:
        _ask_who()
    raise Forbidden(f"This token may not do this: it lacks the right {right!r}.")


def refuse_by_session(deed: str) -> None:
    """Refuse what a page of another site makes a browser send, which sends the cookie of the session by itself.

    Raises:
        Forbidden: if such a page sent the current request.
    """
    if request.method not in SAFE and _bearer(request) is None:
        refuse_other_sites(deed)


def caller(request: Request) -> Token | None:
    """The token with which a request came, by its header or its session. A header counts before a session.

    Raises:
        TokensError: if the file of tokens cannot be read.
    """
    record = record_in(request.environ)
    if not record.is_known:
        _know(record, request, tokens_file() if has_tokens() else None)
    found: Token | None = record.token
    return found


def _know(record: Record, request: Request, tokens: TokensFile | None) -> None:
    """Write down who sent a request."""
    record.token = token = _identified(request, tokens) if tokens is not None else None
    record.who = token.name if token is not None else None
    record.is_known = True


def signed_in() -> str | None:
    """The name of the token with which the browser has signed in that gets the current page, if it has."""
    record = record_of()
    return record.who if record.token is not None and _bearer(request) is None else None


def is_local(request: Request) -> bool:
    """Whether a request comes from this machine itself: to one of its own names, and through no proxy.

    A proxy on this machine looks like a browser on it, if it says nothing of itself. So where proxies are trusted,
    nobody counts as local. Elsewhere a proxy is known by its headers, by HTTP/1.0, which no browser speaks any more,
    or by the site for which a browser behind it believes to send.
    """
    if current_engine().settings.trusted_proxies:
        return False
    environ = request.environ
    return (
        is_loopback(request.remote_addr or "")
        and environ.get("SERVER_PROTOCOL") != "HTTP/1.0"
        and not any(map(OF_PROXIES.match, environ))
        and _names_this_machine(request.host)
        and all(
            _names_this_machine(site.partition("://")[2].partition("/")[0])
            for name in ("HTTP_ORIGIN", "HTTP_REFERER")
            if (site := environ.get(name))
        )
    )


def _names_this_machine(host: str) -> bool:
    name = host.rpartition(":")[0] if re.search(r":\d+\Z", host) else host
    return name == "localhost" or is_loopback(name.strip("[]"))


def _identified(request: Request, tokens: TokensFile) -> Token | None:
    given = _bearer(request)
    if given is not None:
        return tokens.current().of(given)
    session = request.cookies.get(cookie_name(request))
    return None if session is None else token_of_session(session, tokens)


def _bearer(request: Request) -> str | None:
    """The token in the header of a request. Another scheme there is a proxy's, and none of ours."""
    given: str = request.environ.get("HTTP_AUTHORIZATION", "")
    return given[len(_BEARER) :].strip() if given[: len(_BEARER)].lower() == _BEARER else None


def _admit(tokens: TokensFile | None, meter: Meter | None) -> None:
    """Let a request in, or refuse it."""
    current: Request = request._get_current_object()  # type: ignore[attr-defined]
    record, rule = record_in(current.environ), current.url_rule
    name = "" if rule is None else rule.rule  # of an address where nothing is
    right: Right = NEEDED.get(name, "ask")
    if rule is not None and rule.endpoint.startswith(MANAGING):
        right = "manage"
    is_open = tokens is None or name in OPEN or _is_preflight(current)
    if not is_open:
        _know(record, current, tokens)
    token: Token | None = record.token
    if meter is not None and name not in UNCOUNTED:
        record.tally = tally = meter.count(current.remote_addr or "", None if token is None else token.id)
        if tally is not None:
            tally.refuse_too_many()
    if right == "manage" or not is_open:
        if token is None or right not in token.may:
            demand(right)
        if current.environ["REQUEST_METHOD"] not in SAFE:
            refuse_by_session("do this")


def _is_preflight(request: Request) -> bool:
    """Whether a browser asks what it may ask. Flask answers that without the view."""
    return request.environ["REQUEST_METHOD"] == "OPTIONS" and bool(
        getattr(request.url_rule, "provide_automatic_options", False)
    )


def _ask_who() -> NoReturn:
    kinds = ["application/problem+json", "application/json", "text/html"]
    if request.method == "GET" and request.accept_mimetypes.best_match(kinds) == "text/html":
        raise HTTPException(response=redirect(sign_in_address(request), 303))
    is_wrong = _bearer(request) is not None
    told: dict[str, str | None] = {"realm": _REALM}
    if is_wrong:
        told["error"] = "invalid_token"
    raise Unauthorized(
        "This token is not known here, or was revoked."
        if is_wrong
        else "This service asks for a token. In a browser, sign in at /sign-in.",
        www_authenticate=WWWAuthenticate("bearer", told),
    )
