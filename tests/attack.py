"""Attack a service on this machine, within bounds, and say what it cost others: `python tests/attack.py`.

It starts `pincite serve` over a library of its own, with hostile documents in it, and does one thing after the other
for some seconds each. Meanwhile a client that means no harm asks a question many times a second. A row says how long
that client waited at most, how much memory a worker held at most, how large the largest answer was, how many
seconds of a processor the service took, and how many answers had a status of 500 or more.

Only the loopback addresses are used: 127.0.0.1 to serve, 127.0.0.9 for the client, others for the attackers.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

ROOT = Path(__file__).parent.parent
MAIN = [sys.executable, "-c", "from web.command import main; main()"]
SECONDS = 6.0  # of each attack
MOST_WAIT, MOST_MEMORY = 1.0, 300  # seconds; megabytes
CLIENT = "127.0.0.9"

PROBE = """
import http.client, json, sys, time
port, source = int(sys.argv[1]), sys.argv[2]
body = json.dumps({"question": "Where do terns nest?", "limit": 0})
while True:
    began, status = time.monotonic(), 0
    try:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=(source, 0))
        client.request("POST", "/ask", body, {"Content-Type": "application/json"})
        answer = client.getresponse()
        status = answer.status
        answer.read()
        client.close()
    except OSError:
        pass
    print(json.dumps([began, time.monotonic() - began, status]), flush=True)
    time.sleep(0.02)
"""


@dataclass
class Seen:
    """What the attackers got."""

    answers: int = 0
    largest: int = 0
    failures: int = 0
    statuses: set[int] = field(default_factory=set)

    def add(self, answer: bytes) -> None:
        self.largest = max(self.largest, len(answer))
        if found := re.match(rb"HTTP/1\.1 (\d{3})", answer):
            self.answers += 1
            self.statuses.add(int(found[1]))
            self.failures += found[1][:1] == b"5"


@dataclass
class Target:
    """The service that is attacked."""

    port: int
    process: int
    seen: Seen = field(default_factory=Seen)

    def workers(self) -> list[int]:
        with suppress(OSError):
            children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
            return [self.process, *map(int, children)]
        return []

    def memory(self) -> int:
        """The megabytes that the largest of its processes holds now."""
        return max((_status(each, "VmRSS") for each in self.workers()), default=0) // 1024

    def processor(self) -> float:
        """The seconds of a processor that they have taken."""
        return sum(map(_processor, self.workers()))

    def connect(self, number: int = 0) -> socket.socket:
        """A connection of the attackers, from one of 60 addresses."""
        return socket.create_connection(("127.0.0.1", self.port), 10, (f"127.0.1.{number % 60 + 1}", 0))

    def send(self, request: bytes, number: int = 0) -> bytes:
        """What is answered to a request, to the end of the connection."""
        answer = b""
        with suppress(OSError), self.connect(number) as client:
            client.settimeout(20)
            with suppress(OSError):
                client.sendall(request)
            while part := client.recv(1 << 20):
                answer += part
        self.seen.add(answer)
        return answer


def _status(process: int, name: str) -> int:
    with suppress(OSError):
        found = re.search(rf"{name}:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
        return int(found[1]) if found else 0
    return 0


def _processor(process: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def post(path: str, body: bytes, *, declared: int | None = None, kind: str = "application/json") -> bytes:
    size = len(body) if declared is None else declared
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: {kind}\r\n"
    return f"{head}Content-Length: {size}\r\n\r\n".encode() + body


def repeat(target: Target, request: bytes, *, clients: int = 4) -> None:
    """Send a request again and again, from some clients at once."""
    until = time.monotonic() + SECONDS

    def send(number: int) -> None:
        while time.monotonic() < until:
            target.send(request, number)

    with ThreadPoolExecutor(clients) as people:
        list(people.map(send, range(clients)))


def hold(target: Target, count: int, first: bytes, byte: bytes = b"") -> None:
    """Open connections, send what they begin with, and then a byte a second on each."""
    with ExitStack() as stack:
        clients: list[socket.socket] = []
        until = time.monotonic() + SECONDS
        for number in range(count):
            if time.monotonic() > until:
                break
            with suppress(OSError):
                client = stack.enter_context(target.connect(number))
                client.setblocking(False)
                client.send(first)
                clients.append(client)
        while time.monotonic() < until:
            time.sleep(1)
            for client in clients if byte else ():
                with suppress(OSError):
                    client.send(byte)
        for client in clients:
            with suppress(OSError):
                target.seen.add(client.recv(1 << 20))


def wrong_citations(target: Target) -> None:
    """a megabyte of `{}` to `/verify`"""
    repeat(target, post("/verify", b'{"citations": [' + b",".join([b"{}"] * 330_000) + b"]}"), clients=2)


def unknown_fields(target: Target) -> None:
    """a megabyte of unknown fields to `/verify`"""
    repeat(target, post("/verify", b"{" + b",".join(b'"%d":1' % number for number in range(90_000)) + b"}"), clients=2)


def long_conversation(target: Target) -> None:
    """200 questions with 20 passages each to `/conversation.json`"""
    turns = [{"question": f"Where do terns nest, {number}?", "limit": 20} for number in range(200)]
    repeat(target, post("/conversation.json", json.dumps({"turns": turns}).encode()), clients=2)


def no_digest(target: Target) -> None:
    """a digest that is none to `/verify`"""
    claim = {"document": {"id": "terns", "sha256": "zz"}, "start": 0, "end": 1, "quote": "x"}
    repeat(target, post("/verify", json.dumps({"citations": [claim]}).encode()), clients=2)


def brackets(target: Target) -> None:
    """a question for a passage of `[1][1][1]…`"""
    for number in range(10_000):
        began = time.monotonic()
        target.send(post("/ask", json.dumps({"question": f"Who counts kittiwakes, {number}?"}).encode()))
        if time.monotonic() - began > SECONDS / 2 or number > 50:
            break


def white_space(target: Target) -> None:
    """a question for a passage with megabytes of white space"""
    questions = [
        post("/ask", json.dumps({"question": f"Who saw guillemots, {n}?", "limit": 20}).encode()) for n in range(30)
    ]
    for number, question in enumerate(questions):
        target.send(question, number)


def slow_bodies(target: Target) -> None:
    """200 clients that send their body a byte a second"""
    hold(target, 200, post("/ask", b"", declared=1000), b"x")


def slow_heads(target: Target) -> None:
    """200 clients that send their headers a byte a second"""
    hold(target, 200, b"POST /ask HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ", b"x")


def silence(target: Target) -> None:
    """3,000 clients that send nothing"""
    hold(target, 3000, b"")


def half_bodies(target: Target) -> None:
    """300 clients that send half a megabyte and stop"""
    hold(target, 300, post("/verify", b"x" * 500_000, declared=900_000))


def slow_readers(target: Target) -> None:
    """300 clients that do not read their answers"""
    hold(target, 300, b"GET /documents/large.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 5)


def large_bodies(target: Target) -> None:
    """bodies of 100 MB, and endless ones in chunks"""
    repeat(target, post("/ask", b"x" * 1_000_000, declared=100_000_000), clients=2)
    head = (
        b"POST /ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for number in range(5):
        target.send(head + (b"10000\r\n" + b"x" * 65_536 + b"\r\n") * 100, number)


def feedback_flood(target: Target) -> None:
    """as much feedback as can be sent"""
    until, number = time.monotonic() + SECONDS, 0
    while time.monotonic() < until:
        number += 1
        given = {"key": f"{number:032x}", "question": f"Where, {number}?", "helpful": True, "comment": "x" * 2000}
        target.send(post("/feedback", json.dumps(given).encode()), number)


def garbage(target: Target) -> None:
    """bytes that are no HTTP"""
    repeat(target, os.urandom(20_000), clients=4)


ATTACKS: Sequence[Callable[[Target], None]] = (
    wrong_citations, unknown_fields, long_conversation, no_digest, brackets, white_space, slow_bodies, slow_heads,
    silence, half_bodies, slow_readers, large_bodies, feedback_flood, garbage,
)  # fmt: skip


def hostile_folder(folder: Path) -> None:
    """Documents that cost as much as they can."""
    (folder / "terns.md").write_text("# Terns\n\nTerns nest on beaches, in colonies.\n")
    (folder / "brackets.md").write_text("Kittiwakes count. " + "[1]" * 4_000 + "x\n")
    (folder / "space.md").write_text("Guillemots" + " " * 3_000_000 + "were seen.\n")
    (folder / "large.md").write_text("".join(f"Gull {number} swims in winter.\n\n" for number in range(20_000)))


def told(tree: Path) -> dict[str, object]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PINCITE_")}
    environment["PYTHONPATH"] = str(tree)
    if "meaning:" in (tree / "qa" / "config.py").read_text():
        environment["PINCITE_MEANING"] = "off"
    return {"cwd": tree, "env": environment}


@contextmanager
def hostile_library(tree: Path) -> Iterator[Path]:
    """A library of hostile documents, as a checkout indexes them."""
    with tempfile.TemporaryDirectory() as made:
        sources, library = Path(made) / "sources", Path(made) / "library"
        sources.mkdir()
        hostile_folder(sources)
        index = [*MAIN, "index", str(sources), "--library", str(library)]
        subprocess.run(index, check=False, stdout=subprocess.DEVNULL, **told(tree))  # type: ignore[call-overload]
        yield library


@contextmanager
def served(tree: Path, library: Path, workers: int) -> Iterator[Target]:
    """The service of a checkout over a library."""
    serve = [*MAIN, "serve", "--library", str(library), "--port", "0", "--workers", str(workers)]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=log, text=True, **told(tree))  # type: ignore[call-overload]
        try:
            found = re.search(r"http://127\.0\.0\.1:(\d+) ", process.stdout.readline())
            if not found:
                log.seek(0)
                raise SystemExit(log.read())
            yield Target(int(found[1]), process.pid)
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def watched(target: Target) -> Iterator[list[int]]:
    """The megabytes of the largest process, looked at many times a second."""
    found, is_over = [0], Event()

    def look() -> None:
        while not is_over.wait(0.05):
            found[0] = max(found[0], target.memory())

    watcher = Thread(target=look)
    watcher.start()
    try:
        yield found
    finally:
        is_over.set()
        watcher.join()


def row(attack: Callable[[Target], None], tree: Path, library: Path, workers: int) -> tuple[str, bool]:
    """What an attack cost, as a row of a table, and whether all of it lies within the bounds."""
    with served(tree, library, workers) as target:
        target.send(post("/ask", b'{"question": "Where do terns nest?"}'))
        target.seen = Seen()
        before = target.processor()
        began = time.monotonic()
        probe = subprocess.Popen(
            [sys.executable, "-c", PROBE, str(target.port), CLIENT], stdout=subprocess.PIPE, text=True
        )
        time.sleep(0.5)
        with watched(target) as memory:
            attack(target)
            time.sleep(0.5)
        took = target.processor() - before
        ended = time.monotonic()
        time.sleep(0.5 if probe.poll() is None else 0)
        probe.kill()
        lines, _ = probe.communicate()
    asked = [json.loads(line) for line in lines.splitlines() if line.endswith("]")]
    last = max((at + waited for at, waited, _ in asked), default=began)
    waits = [waited for _, waited, _ in asked] + ([ended - last] if last < ended else [])
    lost = sum(status != 200 for _, _, status in asked)
    worst, seen = max(waits, default=SECONDS), target.seen
    is_well = worst <= MOST_WAIT and memory[0] <= MOST_MEMORY and not lost and seen.statuses <= {503, *range(500)}
    return (
        f"| {attack.__doc__} | {worst:.2f} s | {lost} of {len(asked)} | {memory[0]} MB | {took:.1f} s"
        f" | {seen.largest / 1e6:.2f} MB | {seen.failures} of {seen.answers} |"
    ), is_well


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("attacks", nargs="*", help="names of the attacks; all without")
    parser.add_argument("--tree", type=Path, default=ROOT, help="the checkout to serve from")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    chosen = [each for each in ATTACKS if not given.attacks or each.__name__ in given.attacks]
    print("| Attack | Longest wait | Not answered | Memory | Processor | Largest answer | 5xx |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    are_well = True
    tree = given.tree.resolve()
    with hostile_library(tree) as library:
        for attack in chosen:
            line, is_well = row(attack, tree, library, given.workers)
            are_well &= is_well
            print(line, flush=True)
    sys.exit(not are_well)


if __name__ == "__main__":
    main()
