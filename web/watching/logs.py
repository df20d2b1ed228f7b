"""What the service writes on standard error: failures, as text or as JSON lines, and in JSON each request too.

No line holds what a question says, unless `log_questions` asks for it. What comes from outside is escaped: it begins no
line of its own, and changes nothing in a terminal.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import has_request_context, request

from qa.errors import QAError

if TYPE_CHECKING:
    from qa import Settings

__all__ = [
    "REQUEST_ID",
    "JsonFormatter",
    "PlainFormatter",
    "escaped",
    "json_line",
    "keep_log",
    "log_server",
    "request_id_of",
    "timestamp",
    "write",
]

REQUEST_ID = "pincite.request_id"
"""The key in a request's WSGI environment."""

LOGGERS = ("pincite", "web")
"""Those of the server, and of the application."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LEFT_OUT = "(what it says may quote a question, and is left out: see the setting log_questions)"


def escaped(text: str) -> str:
    r"""A text in which what ends a line, or changes how it is shown, is written as an escape sequence.

    >>> print(escaped("a\nb\x1b[31m"))
    a\nb\x1b[31m
    """
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode("ascii"), text)


def timestamp(seconds: float) -> str:
    """A time, given in seconds since 1970, as RFC 3339 has it, in UTC.

    >>> timestamp(0.25)
    '1970-01-01T00:00:00.250Z'
    """
    return f"{_second(int(seconds))}.{int(seconds % 1 * 1000):03d}Z"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def json_line(fields: dict[str, Any]) -> bytes:
    """One line of JSON in ASCII: whatever is in the fields, it is one line."""
    return _dumps(fields).encode("ascii") + b"\n"


def write(lines: bytes) -> None:
    """Write lines on standard error in one piece. Where nobody reads it any more they are lost, and requests go on."""
    with suppress(OSError):
        os.write(sys.stderr.fileno(), lines)


_dumps = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def request_id_of() -> str | None:
    """The id of the request that is being answered; None if there is none."""
    return request.environ.get(REQUEST_ID) if has_request_context() else None


class _Formatter(logging.Formatter):
    """What both forms share: how an exception is told."""

    def __init__(self, *, with_questions: bool) -> None:
        super().__init__()
        self._with_questions = with_questions

    def trace(self, record: logging.LogRecord) -> str:
        """The exception of a record with those that led to it, the first one first; empty if there is none."""
        error = record.exc_info[1] if record.exc_info else None
        told: list[str] = []
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            told.append("".join(traceback.format_tb(error.__traceback__)) + self._last_line(error))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join(reversed(told))

    def _last_line(self, error: BaseException) -> str:
        is_ours = isinstance(error, QAError | OSError)  # of which none repeats what somebody has asked
        said = escaped(str(error)) if is_ours or self._with_questions else _LEFT_OUT
        return f"{type(error).__module__}.{type(error).__qualname__}: {said}"


class PlainFormatter(_Formatter):
    """Text for people. Every line of a traceback is indented, so that none can pass for an entry."""

    def format(self, record: logging.LogRecord) -> str:
        now = datetime.fromtimestamp(record.created).astimezone()
        known = f" (request {found})" if (found := request_id_of()) else ""
        line = f"[{now:%Y-%m-%d %H:%M:%S %z}] {record.levelname} in {record.module}: {escaped(record.getMessage())}"
        trace = "".join(f"\n  {escaped(each)}" for each in self.trace(record).splitlines())
        return f"{line}{known}{trace}"


class JsonFormatter(_Formatter):
    """A line of JSON for programs."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": timestamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (found := request_id_of()) is not None:
            fields["request_id"] = found
        if isinstance(error := record.exc_info[1] if record.exc_info else None, QAError):
            fields["code"] = error.code
        if trace := self.trace(record):
            fields["traceback"] = trace
        return json_line(fields).decode("ascii").rstrip("\n")


def log_server(message: str) -> None:
    """Log what the server itself has to tell."""
    logging.getLogger("pincite.server").error(message)


def keep_log(settings: Settings) -> None:
    """Write what this process logs as the settings say."""
    made = JsonFormatter if settings.log == "json" else PlainFormatter
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(made(with_questions=settings.log_questions == "on"))
    handler.set_name("pincite")
    for name in LOGGERS:
        logger = logging.getLogger(name)
        for each in [each for each in logger.handlers if each.get_name() == "pincite"]:
            logger.removeHandler(each)
        logger.addHandler(handler)
