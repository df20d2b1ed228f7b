"""`pincite serve`: it says when it is ready, and what is in its way."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from qa import Engine, Settings
from web import command

SERVE = [sys.executable, "-c", "from web.command import main; main()", "serve"]
ROOT = Path(__file__).parent.parent


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library on disk."""
    folder = tmp_path / "library"
    Engine.create(Settings(library=folder)).add([Path(__file__).parent / "fixtures" / "terns"])
    return folder


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The service as a process of its own, and the line that it prints."""
    with subprocess.Popen(
        [*SERVE, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout
            yield process, process.stdout.readline()
        finally:
            process.kill()


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PINCITE_")}


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_serve_says_where_it_is_ready_and_ends_cleanly(library: Path, stop: signal.Signals) -> None:
    with serving("--library", str(library), "--port", "0") as (process, line):
        found = re.fullmatch(
            r"pincite is ready: (http://127\.0\.0\.1:\d+) \(4 documents, (\d+) passages\)\. Stop it with Ctrl-C\.\n",
            line,
        )
        assert found, line
        assert int(found[2]) == Engine.open(Settings(library=library)).passage_count
        with urlopen(found[1] + "/readyz", timeout=10) as answer:
            assert json.load(answer) == {"status": "ready", "documents": 4}
        process.send_signal(stop)
        assert process.wait(timeout=10) == 0
        assert process.stderr
        assert process.stderr.read() == ""


def test_serve_outlives_a_terminal_where_it_was_told_to(library: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with serving("--library", str(library), "--port", "0") as (process, line):
            process.send_signal(signal.SIGHUP)
            with urlopen(line.split()[3] + "/readyz", timeout=10) as answer:
                assert json.load(answer)["status"] == "ready"
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_ctrl_c_in_a_terminal_which_all_processes_get_ends_the_service_cleanly(library: Path) -> None:
    with serving("--library", str(library), "--port", "0", "--workers", "2") as (process, line):
        assert line.startswith("pincite is ready: ")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=9) == 0  # of a worker that hangs, more are waited for
        assert process.stderr
        assert process.stderr.read() == ""


def serve_to_the_end(library: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command where it cannot serve, and so ends by itself."""
    return subprocess.run(
        [*SERVE, "--library", str(library), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
        check=False,
    )


def test_serve_on_a_taken_port_names_another(library: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = serve_to_the_end(library, "--port", str(port))
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == (
        f"Error: Cannot serve on 127.0.0.1:{port}: another program is using it.\n"
        f"Hint: Choose another address with: pincite serve --port {port % 65535 + 1}\n"
    )


@pytest.mark.parametrize("host", ["192.0.2.1", "256.1.1.1", "http://127.0.0.1"])
def test_serve_on_an_address_that_is_not_this_machines_says_so(library: Path, host: str) -> None:
    run = serve_to_the_end(library, "--host", host)
    assert (run.returncode, run.stdout) == (2, "")
    where = f"[{host}]" if ":" in host else host
    assert run.stderr == (
        f"Error: Cannot serve on {where}:8000: this machine has no such address.\n"
        "Hint: Choose another address with: pincite serve --host 127.0.0.1\n"
    )


@pytest.mark.parametrize(
    ("host", "told"),
    [("127.0.0.1", "127.0.0.1:80"), ("*", "127.0.0.1:80"), ("0.0.0.0", "127.0.0.1:80"), ("[::1]", "[::1]:80")],  # noqa: S104
)
def test_the_address_told_is_one_that_can_be_opened(host: str, told: str) -> None:
    assert command._address(command._own_address(host), 80) == told
