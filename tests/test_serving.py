"""The workers that serve: every one of them sees a change, the service outlives one, and none outlives the service."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from test_web_command import serving

from qa import Engine, Settings

TERNS = Path(__file__).parent / "fixtures" / "terns"
ANSWERED = "In how many people did fever end with alcanor?"
DEADLINE = 30.0  # seconds


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library on disk."""
    folder = tmp_path / "library"
    Engine.create(Settings(library=folder)).add([TERNS])
    return folder


def port_of(line: str) -> int:
    found = re.search(r"http://127\.0\.0\.1:(\d+) ", line)
    assert found, line
    return int(found[1])


def ask(port: int, body: Any, *, path: str = "/ask") -> tuple[int, str | None, Any]:
    """Status, version of the library and body of an answer, over a connection of its own."""
    connection = HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.headers["X-Library-Version"], json.loads(answer.read())
    finally:
        connection.close()


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """The processes that a process has started."""
    return list(map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()))


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def is_running(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


on_linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system has no /proc")


def test_every_worker_picks_up_a_change_of_the_library(library: Path) -> None:
    with serving("--library", str(library), "--port", "0", "--workers", "2") as (_, line):
        port = port_of(line)
        before = {ask(port, {"question": ANSWERED})[:2] for _ in range(16)}
        engine = Engine.open(Settings(library=library))
        assert before == {(200, engine.version)}
        engine.remove(["spotting"])
        after = {ask(port, {"question": ANSWERED})[:2] for _ in range(16)}
        assert after == {(200, engine.version)} != before


def test_many_connections_at_once_are_all_answered_alike(library: Path) -> None:
    with (
        serving("--library", str(library), "--port", "0", "--workers", "2") as (_, line),
        ThreadPoolExecutor(64) as people,
    ):
        port = port_of(line)
        answers = list(people.map(lambda _: ask(port, {"question": ANSWERED}), range(128)))
    bodies = {json.dumps({**body, "took_ms": 0}) for _, _, body in answers}
    assert ({status for status, _, _ in answers}, len(bodies)) == ({200}, 1)
    assert answers[0][2]["answered"] is True


def test_feedback_that_several_workers_keep_at_once_is_all_kept(library: Path) -> None:
    judged = [{"key": f"{number:032x}", "question": f"What is {number}?", "helpful": True} for number in range(40)]
    with (
        serving("--library", str(library), "--port", "0", "--workers", "2") as (_, line),
        ThreadPoolExecutor(8) as people,
    ):
        port = port_of(line)
        kept = list(people.map(lambda body: ask(port, body, path="/feedback"), judged))
    assert {status for status, _, _ in kept} == {201}
    stored = Engine.open(Settings(library=library)).feedback.all()
    assert sorted(each.question for each in stored) == sorted(str(each["question"]) for each in judged)


@on_linux
def test_there_are_as_many_workers_as_are_asked_for(library: Path) -> None:
    with serving("--library", str(library), "--port", "0", "--workers", "3") as (process, line):
        port_of(line)
        assert len(workers_of(process)) == 3


@on_linux
def test_a_worker_that_dies_is_replaced(library: Path) -> None:
    with serving("--library", str(library), "--port", "0", "--workers", "1") as (process, line):
        port = port_of(line)
        [worker] = workers_of(process)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: workers_of(process) not in ([worker], []))

        def answers() -> bool:
            try:
                return ask(port, {"question": ANSWERED})[0] == 200
            except OSError:
                return False

        wait_until(answers)


@on_linux
def test_no_worker_outlives_a_service_that_is_killed(library: Path) -> None:
    with serving("--library", str(library), "--port", "0", "--workers", "2") as (process, line):
        port_of(line)
        workers = workers_of(process)
        assert len(workers) == 2
        process.kill()
        wait_until(lambda: not any(map(is_running, workers)))


def test_a_library_that_cannot_be_opened_is_told_once_and_starts_no_worker(library: Path) -> None:
    (library / "library.sqlite3").write_text("no database" * 99)
    with serving("--library", str(library), "--port", "0") as (process, line):
        assert (line, process.wait(timeout=DEADLINE)) == ("", 2)
        assert process.stderr
        error, hint = process.stderr.read().splitlines()
    assert error.startswith("Error: ")
    assert hint.startswith("Hint: ")


def test_two_services_do_not_share_an_address(library: Path) -> None:
    with serving("--library", str(library), "--port", "0", "--workers", "1") as (_, line):
        port = port_of(line)
        with serving("--library", str(library), "--port", str(port), "--workers", "1") as (second, nothing):
            assert (nothing, second.wait(timeout=DEADLINE)) == ("", 2)
            assert second.stderr
            assert second.stderr.read().startswith(
                f"Error: Cannot serve on 127.0.0.1:{port}: another program is using it.\n"
            )


def test_a_service_starts_again_at_once_where_it_has_ended_connections_itself(library: Path) -> None:
    with serving("--library", str(library), "--port", "0", "--workers", "1") as (process, line):
        port = port_of(line)
        connection = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        process.send_signal(signal.SIGTERM)
        while connection.recv(65_536):
            pass  # until the service has closed it, which leaves its side waiting for a minute
        connection.close()
        process.wait(timeout=DEADLINE)
    with serving("--library", str(library), "--port", str(port), "--workers", "1") as (_, line):
        assert port_of(line) == port


def sent(port: int, request: bytes) -> bytes:
    """What is answered to bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as connection:
        connection.sendall(request)
        answer = b""
        while not (found := re.search(rb"content-length: (\d+).*?\r\n\r\n", answer, re.DOTALL | re.IGNORECASE)) or (
            len(answer) < found.end() + int(found[1])
        ):
            received = connection.recv(65_536)
            assert received, answer
            answer += received
        return answer


def test_what_is_no_http_is_refused_by_the_server_and_what_is_too_large_by_the_service(library: Path) -> None:
    head = b"POST /ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    chunk = b"10000\r\n" + b'{"question": "What?"}'.ljust(65_536) + b"\r\n"
    with serving("--library", str(library), "--port", "0", "--workers", "1") as (_, line):
        port = port_of(line)
        broken = sent(port, b"What is a tern?\r\n\r\n")
        oversized = sent(port, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n")
        long = sent(port, head + b"Content-Length: 100000000\r\n\r\n{")
        endless = sent(port, head + b"Transfer-Encoding: chunked\r\n\r\n" + 20 * chunk)
    for answer, status in ((broken, b"400"), (oversized, b"431")):
        assert answer.startswith(b"HTTP/1.1 " + status + b" ")
        assert b"\r\nContent-Length: 0\r\n" in answer
    for answer in (long, endless):
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"A request may have at most 65,536 bytes." in answer


def test_serve_dev_is_flasks_own_server(library: Path) -> None:
    with serving("--library", str(library), "--port", "0", "--dev") as (process, line):
        port = port_of(line)
        connection = HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())) == (200, {"status": "ready", "documents": 4})
        assert str(answer.headers["Server"]).startswith("Werkzeug/")
        connection.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=DEADLINE) == 0
