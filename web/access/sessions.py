"""The form by which a browser signs in with a token, and the session that this begins.

A session is a cookie that names the token and the time; a signature over both is all that the service needs to know it
again. The key of the signature is made of the secret in the file of tokens and the token's digest. So every worker
knows the session, and it ends with its token.
"""

from __future__ import annotations

import re
import secrets
import time
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, Request, Response, after_this_request, current_app, render_template, request
from itsdangerous import BadSignature, TimestampSigner
from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as Answer

from qa.errors import TokensError
from web.access.tokens import Token, TokensFile
from web.languages import reader_texts
from web.origins import refuse_other_sites

__all__ = [
    "cookie_name",
    "has_tokens",
    "keep_tokens",
    "safe_path",
    "sessions",
    "sign_in_address",
    "token_of_session",
    "tokens_file",
]

LONGEST = 30 * 24 * 60 * 60  # seconds from one sign-in to the next
MAX_FORM = 65_536  # bytes

_EXTENSION = "pincite-tokens"
_SALT = b"pincite session "
_PATH = re.compile(r"/(?!/)[^\x00-\x20\\\x7f]*")
"""A path of this service. A browser reads a backslash as a slash, and leaves out tabs and line breaks."""

sessions = Blueprint("sessions", __name__)


@sessions.get("/sign-in")
def form() -> Answer:
    """The form to sign in."""
    tokens_file()
    return _form(request.args.get("next", ""))


@sessions.post("/sign-in")
def sign_in() -> Answer:
    """Begin a session with the token that is given, and go on to where the browser was going."""
    request.max_content_length = MAX_FORM
    refuse_other_sites("sign in")
    given, wanted = request.form.get("token", "").strip(), request.form.get("next", "")
    tokens = tokens_file().current()
    token = tokens.of(given)
    if token is None:
        return _form(wanted, wrong=reader_texts()("session.wrong" if given else "session.empty"))
    with suppress(TokensError):  # of a file that cannot be written; the browser loses the session anyway
        _end()
    answer = redirect(safe_path(wanted), HTTPStatus.SEE_OTHER)
    begun = _signer(tokens.secret, token.digest).sign(f"{token.id}-{secrets.token_urlsafe(16)}").decode("ascii")
    answer.set_cookie(cookie_name(request), begun, max_age=LONGEST, **_cookie(request))
    return answer


@sessions.post("/sign-out")
def sign_out() -> Answer:
    """End the session, and have the browser forget what it has kept of it."""
    refuse_other_sites("sign out")
    tokens_file()
    after_this_request(_forget)  # also where ending it fails
    _end()
    return redirect("/sign-in", HTTPStatus.SEE_OTHER)


def _forget(answer: Response) -> Response:
    answer.delete_cookie(cookie_name(request), **_cookie(request))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def _end() -> None:
    """End the session that the browser has, if it has one.

    Raises:
        TokensError: if that cannot be written down.
    """
    session, file = request.cookies.get(cookie_name(request)), tokens_file()
    token = token_of_session(session, file) if session else None
    if session and token:
        file.ended.add(_signed(session), token.id, until=time.time() + LONGEST)


def _cookie(request: Request) -> dict[str, Any]:
    """What all cookies of sessions have in common."""
    return {"path": "/", "secure": request.is_secure, "httponly": True, "samesite": "Lax"}


def keep_tokens(app: Flask, file: TokensFile) -> None:
    """Have an app ask for these tokens."""
    app.extensions[_EXTENSION] = file


def has_tokens() -> bool:
    """Whether the current app asks for tokens."""
    return _EXTENSION in current_app.extensions


def tokens_file() -> TokensFile:
    """The file of tokens of the current app.

    Raises:
        NotFound: if it has none, for then there is nothing to sign in to.
    """
    file: TokensFile | None = current_app.extensions.get(_EXTENSION)
    if file is None:
        raise NotFound("This service asks for no token.")
    return file


def cookie_name(request: Request) -> str:
    """What the cookie of a session is called. By HTTPS, its prefix keeps other hosts from setting it (RFC 6265bis)."""
    return "__Host-pincite" if request.is_secure else "pincite"


def token_of_session(session: str, file: TokensFile) -> Token | None:
    """The token that began a session, if the session still holds.

    Raises:
        TokensError: if a file that says so cannot be read.
    """
    tokens = file.current()
    token = tokens.with_id(session.partition("-")[0])
    if token is None:
        return None
    begun = _begun(session, tokens.secret, token.digest)
    if begun is None or not -1 <= time.time() - begun <= LONGEST or file.ended.has(_signed(session)):
        return None
    return token


def sign_in_address(request: Request) -> str:
    """The address of the form that leads back to what was asked for."""
    wanted = safe_path(request.full_path.removesuffix("?"))
    return "/sign-in" if wanted == "/" else f"/sign-in?{urlencode({'next': wanted})}"


def safe_path(wanted: str) -> str:
    """Where to go on after a sign-in: to a path of this service and nowhere else.

    >>> [safe_path(each) for each in ("/documents?q=tern", "//evil.example", "https://evil.example", "/\\t/evil")]
    ['/documents?q=tern', '/', '/', '/']
    """
    return wanted if _PATH.fullmatch(wanted) else "/"


def _form(wanted: str, *, wrong: str = "") -> Answer:
    status = HTTPStatus.FORBIDDEN if wrong else HTTPStatus.OK
    return Response(render_template("sign_in.html", next=safe_path(wanted), wrong=wrong), status)


def _signed(session: str) -> str:
    """A session without its signature, which can be written in several ways."""
    return session.rpartition(".")[0]


def _signer(secret: str, digest: str) -> TimestampSigner:
    return TimestampSigner(secret, salt=_SALT + digest.encode(), key_derivation="hmac", digest_method=sha256)


@lru_cache(maxsize=1024)
def _begun(session: str, secret: str, digest: str) -> float | None:
    """When a session began, in seconds since 1970; None if it was not signed here."""
    try:
        _, begun = _signer(secret, digest).unsign(session, return_timestamp=True)
    except BadSignature:
        return None
    return begun.timestamp()
