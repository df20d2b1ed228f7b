"""What is written down of a request: its id, a line of the access log, its failure; and what is never written."""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from conftest import TERNS
from flask import Flask
from test_serving import ANSWERED, ask, library, port_of
from test_web_command import environment, serving

from qa import Engine, Settings
from qa.errors import LibraryBusyError
from web import create_app
from web.service.listening import Bounds, Listener
from web.watching.access_log import AccessLog
from web.watching.ledger import watcher_of
from web.watching.logs import JsonFormatter, PlainFormatter, keep_log
from web.watching.totals import Totals

__all__ = ["library"]  # the fixture

PRIVATE = "Does xylographer9 help?"


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """The loggers as they were, afterwards."""
    before = {name: logging.getLogger(name).handlers[:] for name in ("pincite", "web")}
    yield
    for name, handlers in before.items():
        logging.getLogger(name).handlers[:] = handlers


def made(**given: Any) -> Flask:
    settings = Settings(**given)
    engine = Engine.create(settings)
    engine.add([TERNS])
    keep_log(settings)
    return create_app(engine)


def lines(captured: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in captured.splitlines()]


def test_each_request_is_a_line_of_json_that_says_what_became_of_it(capfd: pytest.CaptureFixture[str]) -> None:
    client = made(log="json").test_client()
    answer: Any = client.post("/ask", json={"question": ANSWERED}, headers={"User-Agent": "a program"})
    client.get("/documents/none.json?q=1")
    first, second = lines(capfd.readouterr().err)
    assert 0 < first.pop("ms") < 60_000
    assert time.time() - 600 < time.mktime(time.strptime(first.pop("time")[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
    assert first == {
        "level": "info",
        "logger": "pincite.access",
        "request_id": answer.headers["X-Request-ID"],
        "client": "127.0.0.1",
        "method": "POST",
        "path": "/ask",
        "route": "/ask",
        "status": 200,
        "bytes": len(answer.data),
        "agent": "a program",
        "outcome": "answered",
        "confidence": answer.json["confidence"],
    }
    assert (second["path"], second["status"]) == ("/documents/none.json", 404)


def test_no_request_is_logged_unless_a_setting_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    made().test_client().post("/ask", json={"question": ANSWERED})
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("given", ["a1b2", "0b9d7e3c-53a5-4f5e-9a0e-4d8f6f1f2a3b", "Root=1-67:89/x+y@z_.", "i" * 128])
def test_a_request_keeps_the_id_that_it_comes_with(given: str, capfd: pytest.CaptureFixture[str]) -> None:
    answer: Any = made(log="json").test_client().get("/documents/none.json", headers={"X-Request-ID": given})
    assert answer.headers.getlist("X-Request-ID") == [given]
    assert answer.json["request_id"] == given
    assert lines(capfd.readouterr().err)[0]["request_id"] == given


@pytest.mark.parametrize("given", ["", "i" * 129, "a b", "a\tb", '"}', "é", "<b>", "a,b"])
def test_an_id_that_is_no_plain_name_is_replaced(given: str) -> None:
    client = made().test_client()
    answers: list[Any] = [client.get("/nowhere", headers={"X-Request-ID": given}) for _ in range(2)]
    found = {answer.headers["X-Request-ID"] for answer in answers}
    assert len(found) == 2
    assert all(len(each) == 16 and each.isalnum() for each in found)
    assert [answer.json["request_id"] for answer in answers] == [each.headers["X-Request-ID"] for each in answers]


def fail(*_: object, **__: object) -> None:
    raise RuntimeError(f"no such thing: {PRIVATE}")


@pytest.mark.parametrize("log", ["plain", "json"])
@pytest.mark.parametrize("log_questions", ["off", "on"])
def test_what_somebody_asks_is_in_the_log_only_if_a_setting_says_so(
    log: str, log_questions: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = made(log=log, log_questions=log_questions)
    client = app.test_client()
    for address in ("/", "/ask", "/conversation.md"):
        client.get(address, query_string={"q": PRIVATE}, headers={"Referer": f"http://localhost/?q={PRIVATE}"})
    client.post("/ask", json={"question": PRIVATE, "history": [PRIVATE]})
    client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": PRIVATE}]})
    client.post("/feedback", json={"question": PRIVATE})
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "ask", fail)
        assert client.post("/ask", json={"question": f"{PRIVATE} "}).status_code == 500
    written = capfd.readouterr().err
    assert "RuntimeError" in written
    assert ("xylographer9" in written) == (log_questions == "on")
    if (log, log_questions) == ("json", "on"):
        assert [each["question"] for each in lines(written) if each.get("path") == "/ask"][:2] == [PRIVATE, PRIVATE]


def test_an_unexpected_failure_is_one_line_with_its_traceback_and_the_requests_id(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = made(log="json")
    monkeypatch.setattr(Engine, "ask", fail)
    answer: Any = app.test_client().post("/ask", json={"question": ANSWERED})
    failure, request = lines(capfd.readouterr().err)
    assert (failure["level"], failure["request_id"]) == ("error", answer.json["request_id"])
    assert "in fail\n" in failure["traceback"]
    assert failure["traceback"].splitlines()[-1].startswith("builtins.RuntimeError: (what it says")
    assert (request["level"], request["status"], request["request_id"]) == ("error", 500, answer.json["request_id"])


FORGED = "\r\n[2026-01-01] ERROR in app: forged\x1b[31m\x9b31m\u2028\u202e"


@pytest.mark.parametrize("log", ["plain", "json"])
def test_nobody_can_write_a_line_into_the_log_or_colour_a_terminal(log: str, capfd: pytest.CaptureFixture[str]) -> None:
    app = made(log=log, log_questions="on")

    @app.get("/fails/<path:name>")
    def fails(name: str) -> str:
        raise RuntimeError(name)

    answer = app.test_client().get(f"/fails/{FORGED}", headers={"User-Agent": "a\x9bb\x7f"})
    assert answer.status_code == 500
    written = capfd.readouterr().err
    assert "forged" in written
    rest = [line for line in written.split("\n") if not line.startswith(("{", "[", "  "))]
    assert rest == [""]
    entries = [line for line in written.split("\n") if line.startswith(("{", "["))]
    assert len(entries) == (2 if log == "json" else 1)
    assert all(character.isprintable() for character in written.replace("\n", ""))


def test_a_traceback_names_what_led_to_it_and_every_line_of_it_is_indented() -> None:
    try:
        try:
            raise OSError("no room\nleft")
        except OSError as error:
            raise RuntimeError("cannot keep it") from error
    except RuntimeError:
        record = logging.LogRecord("web", logging.ERROR, "a.py", 1, "It %s.", ("failed\nhere",), sys.exc_info())
    first, *trace = PlainFormatter(with_questions=True).format(record).split("\n")
    assert first.endswith("ERROR in a: It failed\\nhere.")
    assert all(line.startswith("  ") for line in trace)
    last_lines = [line.strip() for line in trace if "Error: " in line]
    assert last_lines == ["builtins.OSError: no room\\nleft", "builtins.RuntimeError: cannot keep it"]
    assert json.loads(JsonFormatter(with_questions=True).format(record))["message"] == "It failed\nhere."


@pytest.mark.parametrize("log", ["plain", "json"])
def test_a_failure_that_lasts_is_logged_once_a_minute_and_without_a_traceback(
    log: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_busy(*_: object, **__: object) -> None:
        raise LibraryBusyError(Path("/library"))

    now = [1000.0]
    monkeypatch.setattr("web.watching.totals.time.monotonic", lambda: now[0])
    app = made(log=log)
    monkeypatch.setattr(Engine, "document_with_passages", is_busy)
    for passed in (0, 59.9, 0.2, 59):
        now[0] += passed
        assert app.test_client().get("/documents/spotting.json").status_code == 503
    told = [line for line in capfd.readouterr().err.splitlines() if "told once a minute" in line]
    assert len(told) == 2
    assert "/library" in told[0]
    assert "library_busy" in told[0]
    assert "Traceback" not in told[0]
    assert ".py" not in told[0]


def test_each_kind_of_failure_is_told_of_by_one_worker_for_all() -> None:
    first = Totals(2)
    second = Totals.__new__(Totals)
    second.__setstate__(first.__getstate__())
    second.take(1)
    assert [first.is_news(1), second.is_news(1), first.is_news(2), second.is_news(2), first.is_news(1)] == [
        True,
        False,
        True,
        False,
        False,
    ]


def test_lines_that_are_gathered_are_written_together_in_pieces_that_a_pipe_takes_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[bytes] = []
    monkeypatch.setattr("web.watching.access_log.write", written.append)
    log = AccessLog(with_questions=False)
    log.refusal("127.0.0.1", 400)
    assert len(written) == 1
    log.gather()
    for number in range(63):
        log.refusal(f"10.0.0.{number}", 408)
    assert len(written) == 1
    log.refusal("10.0.0.63", 408)
    assert len(written) > 2
    assert all(len(piece) <= 4096 and piece.endswith(b"\n") for piece in written)
    assert [each["client"] for each in lines(b"".join(written[1:]).decode())] == [f"10.0.0.{n}" for n in range(64)]
    log.refusal("127.0.0.1", 431)
    log.flush()
    assert lines(written[-1].decode())[0]["status"] == 431


@pytest.mark.skipif(sys.platform == "win32", reason="there a broken pipe is told otherwise")
def test_requests_are_answered_where_nobody_reads_the_log_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    client = made(log="json").test_client()
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as unread:
        monkeypatch.setattr("sys.stderr", unread)
        assert client.post("/ask", json={"question": ANSWERED}).status_code == HTTPStatus.OK
        monkeypatch.undo()


def test_a_server_that_has_no_room_says_so_once_a_minute(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("web.watching.totals.time.monotonic", lambda: now[0])
    keep_log(Settings())
    watcher = watcher_of(made())
    assert watcher is not None
    for passed in (0, 30, 31):
        now[0] += passed
        watcher.refused("127.0.0.1", HTTPStatus.SERVICE_UNAVAILABLE)
        watcher.refused("127.0.0.1", HTTPStatus.REQUEST_TIMEOUT)
    assert [line.partition("More is sent")[1] for line in capfd.readouterr().err.splitlines()] == ["More is sent"] * 2


def test_a_page_that_fails_names_the_request_by_which_the_log_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    client = made().test_client()
    assert "abc-1" not in client.get("/documents/none", headers={"X-Request-ID": "abc-1"}).text
    monkeypatch.setattr(Engine, "document_with_passages", fail)
    answer = client.get("/documents/spotting", headers={"X-Request-ID": "abc-1"})
    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    assert "Request abc-1" in answer.text


class Told:
    def __init__(self) -> None:
        self.refusals: list[tuple[str, int]] = []
        self.most = 0

    def refused(self, address: str, status: int) -> None:
        self.refusals.append((address, int(status)))

    def connected(self, number: int) -> None:
        self.most = max(self.most, number)


def test_the_server_tells_of_what_it_refuses_itself_and_how_many_are_connected() -> None:
    told = Told()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        bounds = Bounds(seconds_to_send=0.1)
        Listener(Flask("empty"), listening, threads=1, bounds=bounds, watcher=told).start()
        for sent in (b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n"):
            with socket.create_connection(listening.getsockname(), timeout=30) as client:
                client.sendall(sent)
                assert client.recv(100).startswith(b"HTTP/1.1 40")
        with socket.create_connection(listening.getsockname(), timeout=30):
            until = time.monotonic() + 30
            while (not told.most or len(told.refusals) < 2) and time.monotonic() < until:
                time.sleep(0.02)
    assert told.refusals == [("127.0.0.1", 400), ("127.0.0.1", 408)]
    assert told.most >= 1


def test_every_line_of_a_service_is_json_if_a_setting_says_so(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("test_web_command.environment", lambda: environment() | {"PINCITE_LOG": "json"})
    with serving("--library", str(library), "--port", "0", "--workers", "2") as (process, line):
        port = port_of(line)
        for _ in range(8):
            assert ask(port, {"question": PRIVATE})[0] == 200
        (library / "library.sqlite3").write_text("no database" * 99)
        assert {ask(port, {"question": PRIVATE})[0] for _ in range(8)} == {503}
        with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
            client.sendall(b"nonsense\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 400 ")
        process.terminate()
        assert process.wait(timeout=30) == 0
        assert process.stderr
        written = process.stderr.read()
    found = lines(written)
    statuses = [each["status"] for each in found if each["logger"] == "pincite.access"]
    assert sorted(statuses) == [200] * 8 + [400] + [503] * 8
    assert [each["level"] for each in found if each["logger"] == "web.app"] == ["error"]
    assert "xylographer9" not in written
