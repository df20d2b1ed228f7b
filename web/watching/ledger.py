"""Every request is written down: its id, what became of it, and how long it took."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, cast

from flask import current_app, request

from web.watching.access_log import AccessLog, Record
from web.watching.logs import REQUEST_ID, log_server
from web.watching.totals import NO_ROUTE, Totals

if TYPE_CHECKING:
    from types import TracebackType
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Flask, Request

__all__ = [
    "EXPORTED",
    "Ledger",
    "Refusals",
    "add_record",
    "current_totals",
    "record_in",
    "record_of",
    "set_totals",
    "watcher_of",
]

EXTENSION = "pincite.totals"
RECORD = "pincite.record"
"""The key in a request's WSGI environment."""

EXPORTED = "conversations"
"""The blueprint whose questions were asked before, and are not counted again."""

FULL = 127
"""The number of this kind of failure. Those of `problems.py` count from 0."""

_SANE_ID = re.compile(r"[A-Za-z0-9._:=+/@-]{1,128}")


def record_of() -> Record:
    """The record of the request that is being answered."""
    return record_in(request.environ)


def record_in(environ: WSGIEnvironment) -> Record:
    """The record of a request, from its WSGI environment."""
    record: Record = environ[RECORD]
    return record


def add_record(environ: WSGIEnvironment) -> None:
    """Give a request a record that nobody reads: one of which the application is asked before it is whole."""
    environ[RECORD] = Record("")


def set_totals(app: Flask, totals: Totals) -> None:
    """Count in these what the application does."""
    totals.know(sorted(each.rule for each in app.url_map.iter_rules()))
    app.extensions[EXTENSION] = totals


def current_totals() -> Totals:
    """The totals of the app that handles this request."""
    return cast("Totals", current_app.extensions[EXTENSION])


class Ledger:
    """The application, with every request written down. It is the outermost: it sees what is sent.

    It adds the `headers` that are those of every answer, which costs a tenth of what it would inside.
    """

    def __init__(
        self, application: WSGIApplication, totals: Totals, log: AccessLog | None, *, headers: Mapping[str, str]
    ) -> None:
        self._application = application
        self._headers = list(headers.items())
        self._totals = totals
        self._log = log
        self._prefix = secrets.token_hex(4)  # of this process
        self._numbers = count()

    def watcher(self) -> Refusals:
        """What the server tells of clients. From now on, lines of the log are gathered until it does."""
        if self._log is not None:
            self._log.gather()
        return Refusals(self._totals, self._log)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        request_id = environ.get("HTTP_X_REQUEST_ID")
        if request_id is None or not _SANE_ID.fullmatch(request_id):
            request_id = f"{self._prefix}{next(self._numbers) & 0xFFFFFFFF:08x}"
        environ[REQUEST_ID] = request_id
        record = environ[RECORD] = Record(request_id)
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value
        route, blueprint = NO_ROUTE, None

        def start(
            line: str,
            headers: list[tuple[str, str]],
            exc_info: tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None = None,
        ) -> Callable[[bytes], object]:
            nonlocal status, route, blueprint
            record.headers = headers
            status = int(line[:3])
            asked: Request | None = environ.get("werkzeug.request")  # until the answer begins
            if asked is not None and asked.url_rule is not None:
                route, blueprint = asked.url_rule.rule, asked.blueprint
            if record.tally is not None:
                record.tally.tell(status, headers)
            headers += self._headers
            headers.append(("X-Request-ID", request_id))
            return start_response(line, headers, exc_info)

        try:
            return self._application(environ, start)
        finally:
            seconds = time.perf_counter() - began
            self._totals.request(
                route,
                status,
                seconds,
                outcome=None if blueprint == EXPORTED else record.outcome,
                confidence=record.confidence,
                hits=record.hits,
                misses=record.misses,
            )
            if self._log is not None:
                record.route, record.status, record.seconds, record.at = route, status, seconds, time.time()
                record.client, record.method = environ.get("REMOTE_ADDR", ""), environ["REQUEST_METHOD"]
                record.path, record.agent = environ.get("PATH_INFO", ""), environ.get("HTTP_USER_AGENT", "")
                self._log.request(record)


class Refusals:
    """What the server tells of clients that the application does not see."""

    def __init__(self, totals: Totals, log: AccessLog | None) -> None:
        self._totals = totals
        self._log = log

    def refused(self, address: str, status: HTTPStatus) -> None:
        """A request was refused by the server."""
        self._totals.refusal(status.value)
        if self._log is not None:
            self._log.refusal(address, status.value)
        if status == HTTPStatus.SERVICE_UNAVAILABLE and self._totals.is_news(FULL):
            log_server("More is sent, or not read, than there is room for. Requests are refused. (told once a minute)")

    def connected(self, number: int) -> None:
        """So many clients are connected, as is told every now and then, and at the end."""
        self._totals.connected(number)
        if self._log is not None:
            self._log.flush()


def watcher_of(app: WSGIApplication) -> Refusals | None:
    """What the server of an application tells it. None if it is not one of `create_app`."""
    ledger = getattr(app, "wsgi_app", None)
    return ledger.watcher() if isinstance(ledger, Ledger) else None
