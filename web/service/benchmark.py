"""How many requests the service answers in a second, next to an empty endpoint on the same server.

Both are served one after the other, as `pincite serve` does, by the same number of workers. The same client in this
process asks both. It keeps a number of connections open; each sends its next request when the last one is answered.
First the service is asked new questions, so that it has to search. Then it is asked the same questions over and over;
it has kept the answers, unless they are too many.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count, cycle
from threading import Thread
from typing import TYPE_CHECKING, cast

from flask import Flask

from web.service.serving import cores, end_with_parent, held_address, load_service, serve_in_workers

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from wsgiref.types import WSGIApplication

    from qa import Settings

__all__ = ["measure_http"]

_PATIENCE = 60.0  # seconds for the service to open its library, and for the last answers to come
_LONGEST = 1000  # characters of a question
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length: "


def measure_http(settings: Settings, questions: Sequence[str], *, seconds: float, connections: int) -> list[str]:
    """Lines that say how fast the service answers questions, and how that compares with an empty endpoint."""
    found = []
    workers = settings.workers or cores()
    for load, kinds in ((partial(load_service, settings), (_anew, _again)), (_empty, (_again,))):
        with _served(load, workers=workers, threads=settings.threads) as port:
            for kind in kinds:
                asyncio.run(_load(port, kind(questions, port), seconds=seconds / 4, connections=connections))  # warm up
                found.append(asyncio.run(_load(port, kind(questions, port), seconds=seconds, connections=connections)))
    anew, again, bare = found
    return [
        f"workers              {workers:>12,}",
        f"connections          {connections:>12,}",
        f"new questions        {_text(anew)}",
        f"repeated questions   {_text(again)}",
        f"empty endpoint       {_text(bare)}",
        f"new / empty          {anew.per_second / max(bare.per_second, 1e-9):>12.3f}",
        f"repeated / empty     {again.per_second / max(bare.per_second, 1e-9):>12.3f}",
    ]


def _empty() -> Flask:
    """An application whose `POST /ask` gives an empty object, whatever it is asked."""
    app = Flask("empty")
    app.post("/ask")(dict)
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    """What came of a load: how long each answer took, in seconds, and how many requests failed."""

    took: Sequence[float]
    failed: int
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.took) / self.seconds


def _text(served: _Served) -> str:
    percentiles = statistics.quantiles(served.took, n=100) if len(served.took) > 1 else [0.0] * 99
    return (
        f"{served.per_second:>12,.0f} a second, p50 {percentiles[49] * 1000:.1f} ms, "
        f"p99 {percentiles[98] * 1000:.1f} ms, {len(served.took):,} answered, {served.failed:,} failed"
    )


@contextmanager
def _served(load: Callable[[], WSGIApplication], *, workers: int, threads: int) -> Iterator[int]:
    """The port on which an application is served, by a process of its own with its workers."""
    spawning = multiprocessing.get_context("spawn")
    ready, its_end = spawning.Pipe(duplex=False)
    process = spawning.Process(target=_serve, args=(load, its_end, workers, threads))
    process.start()
    its_end.close()
    try:
        if not ready.poll(_PATIENCE):
            raise TimeoutError("the service did not start")
        yield ready.recv()
    finally:
        process.terminate()
        process.join()
        ready.close()


def _serve(load: Callable[[], WSGIApplication], ready: Connection, workers: int, threads: int) -> None:
    Thread(target=end_with_parent, daemon=True).start()
    with held_address("127.0.0.1", 0) as held:
        port = held.getsockname()[1]
        serve_in_workers(load, held, workers=workers, threads=threads, on_ready=lambda: ready.send(port))


def _request(question: str, port: int) -> bytes:
    body = json.dumps({"question": question}).encode()
    head = f"POST /ask HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _again(questions: Sequence[str], port: int) -> Iterator[bytes]:
    """The same requests in turn, again and again."""
    return cycle([_request(question, port) for question in questions])


def _anew(questions: Sequence[str], port: int) -> Iterator[bytes]:
    """The same questions in turn, with one space more behind them in each round, so that no kept answer is theirs."""
    for spaces in count():
        for question in questions:
            yield _request(f"{question}{' ' * (spaces % (_LONGEST + 1 - len(question)))}", port)


async def _load(port: int, requests: Iterator[bytes], *, seconds: float, connections: int) -> _Served:
    """Send the requests in turn for so many seconds over so many connections."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    clients = [_Client(requests, until=began + seconds, done=loop.create_future()) for _ in range(connections)]
    opened = [loop.create_connection(lambda client=client: client, "127.0.0.1", port) for client in clients]  # type: ignore[misc]
    for client, outcome in zip(clients, await asyncio.gather(*opened, return_exceptions=True), strict=True):
        if isinstance(outcome, BaseException):
            client.connection_lost(None)
    await asyncio.wait([client.done for client in clients], timeout=seconds + _PATIENCE)
    return _Served(
        took=[each for client in clients for each in client.took],
        failed=sum(client.failed + (not client.done.done()) for client in clients),
        seconds=time.perf_counter() - began,
    )


@dataclass(eq=False)
class _Client(asyncio.Protocol):
    """One connection. An answer other than 200, and a connection that ends before its answer, counts as failed."""

    turns: Iterator[bytes]
    until: float
    done: asyncio.Future[None]
    took: list[float] = field(default_factory=list)
    failed: int = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        self._received = bytearray()
        self._whole = 0  # bytes of the answer, once its head is there
        self._sent_at = time.perf_counter()
        self._transport.write(next(self.turns))

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._whole and (end := self._received.find(_END_OF_HEAD)) >= 0:
            head = bytes(self._received[:end]).lower() + b"\r\n"
            _, _, length = head.partition(_LENGTH)
            self._whole = end + len(_END_OF_HEAD) + int(length.partition(b"\r\n")[0])
        if self._whole and len(self._received) >= self._whole:
            self._answered(time.perf_counter())

    def _answered(self, now: float) -> None:
        if self._received.startswith(b"HTTP/1.1 200 "):
            self.took.append(now - self._sent_at)
        else:
            self.failed += 1
        if now < self.until:
            self._send()
        else:
            self.done.set_result(None)
            self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self.failed += 1
            self.done.set_result(None)
