"""The access log: a line of JSON for each request, and what stands in it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from http import HTTPStatus
from json.encoder import encode_basestring_ascii as quoted
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from web.watching.logs import json_line, timestamp, write

if TYPE_CHECKING:
    from qa.wire import AskRequest

__all__ = ["AccessLog", "Record", "Tally"]

_GATHERED = 64  # lines
_PIECE = 4096  # bytes; Linux's PIPE_BUF
_LONGEST_PATH = 500  # characters
_LONGEST_AGENT = 200  # characters


class Tally(Protocol):
    """What a request counts for."""

    def tell(self, status: int, headers: list[tuple[str, str]]) -> None:
        """Add to the headers of its answer what is left to the client."""


class Record:
    """What is noted of a request while it is answered."""

    __slots__ = (
        "agent", "asked", "at", "client", "confidence", "headers", "hits", "id", "is_known", "method", "misses",
        "outcome", "path", "route", "seconds", "status", "tally", "token", "who",
    )  # fmt: skip

    def __init__(self, request_id: str) -> None:
        self.id = request_id
        self.outcome: str | None = None  # of its question
        self.confidence = 0.0
        self.asked: AskRequest | None = None
        self.hits = 0  # answers that had been kept
        self.misses = 0  # answers that had to be made
        self.is_known = False  # whether it is known who sent it
        self.token: Any = None  # with which it came
        self.who: str | None = None  # the name of that
        self.tally: Tally | None = None  # what it counts for, where requests are counted
        self.headers: Sequence[tuple[str, str]] = ()  # of the answer
        # Once it is answered:
        self.client: str
        self.method: str
        self.path: str  # as WSGI has it
        self.agent: str
        self.route: str
        self.status: int
        self.seconds: float
        self.at: float  # seconds since 1970

    def answer(self, *, outcome: str, confidence: float, was_kept: bool) -> None:
        """Note an answer. Where there are several, the last one counts as that of the request."""
        self.outcome, self.confidence = outcome, confidence
        if was_kept:
            self.hits += 1
        else:
            self.misses += 1


class AccessLog:
    """Writes a line for each request on standard error."""

    def __init__(self, *, with_questions: bool) -> None:
        self._with_questions = with_questions
        self._gathered: deque[Record | bytes] = deque()
        self._most = 1  # lines that are gathered before they are written
        self._writing = Lock()

    def gather(self) -> None:
        """From now on write several lines at once, and the rest when `flush` is called: it takes a third of the time
        that one after the other takes."""
        self._most = _GATHERED

    def request(self, record: Record) -> None:
        """Write down a request that was answered."""
        self._put(record)

    def refusal(self, address: str, status: int) -> None:
        """Write down a request that the server has refused itself."""
        fields = {
            "time": timestamp(time.time()),
            "level": "info",
            "logger": "pincite.access",
            "client": address,
            "route": "server",
            "status": status,
        }
        self._put(json_line(fields))

    def flush(self) -> None:
        """Write what is gathered, in pieces that a pipe takes whole, so that lines of several workers do not mix."""
        with self._writing:
            piece = b""
            while self._gathered:
                each = self._gathered.popleft()
                line = each if isinstance(each, bytes) else self._line(each)
                if piece and len(piece) + len(line) > _PIECE:
                    write(piece)
                    piece = b""
                piece += line
            if piece:
                write(piece)

    def _put(self, entry: Record | bytes) -> None:
        self._gathered.append(entry)
        if len(self._gathered) >= self._most:
            self.flush()

    def _line(self, record: Record) -> bytes:
        status = record.status
        path = record.path.encode("latin-1").decode("utf-8", "replace")[:_LONGEST_PATH]
        level = "info" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "error"
        sizes = [value for name, value in record.headers if name == "Content-Length"]
        line = (
            f'{{"time":"{timestamp(record.at)}","level":"{level}","logger":"pincite.access","request_id":"{record.id}",'
            f'"client":{quoted(record.client)},"method":{quoted(record.method[:20])},'
            f'"path":{quoted(path)},"route":{quoted(record.route)},"status":{status},'
            f'"bytes":{sizes[0] if sizes else "null"},"ms":{record.seconds * 1000:.3f},'
            f'"agent":{quoted(record.agent[:_LONGEST_AGENT])}'
        )
        if record.who is not None:
            line += f',"token":{quoted(record.who)}'
        if record.outcome is not None:
            line += f',"outcome":"{record.outcome}","confidence":{record.confidence}'
        if self._with_questions and record.asked is not None:
            line += f',"question":{quoted(record.asked.question)}'
        return f"{line}}}\n".encode("ascii")
