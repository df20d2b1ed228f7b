"""Worker processes that serve a WSGI application on one address, each by `listening`."""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import wait
from threading import Event, Thread
from typing import TYPE_CHECKING

from flask import Flask

from qa import Engine
from web.access.rates import rates_of
from web.app import create_app
from web.managing.views import spool_of
from web.service.listening import Bounds, Listener
from web.watching.ledger import watcher_of
from web.watching.logs import keep_log

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from wsgiref.types import WSGIApplication

    from qa import Settings
    from web.access.counting import Memory
    from web.watching.totals import Totals

__all__ = [
    "Beside",
    "cores",
    "end_with_parent",
    "held_address",
    "load_service",
    "memory_of_workers",
    "opened_in_workers",
    "serve_in_workers",
]

_GRACE = 10.0  # seconds that a worker has for what it is answering when the service ends
_LONGEST_DELAY = 60.0  # seconds that a worker that dies again and again waits for the next
_SHARES_PORTS = sys.platform == "linux"
_BACKLOG = 4096  # connections that wait to be accepted
_ARENA_MAX = -8  # glibc's number for the option, from its malloc.h

_log = logging.getLogger("pincite.server")


def cores() -> int:
    """The number of cores that this process may use. It is the number of workers, unless a setting says otherwise."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load_service(
    settings: Settings,
    memory: Memory | None = None,
    totals: Totals | None = None,
    opened: Callable[[Settings], Engine] = Engine.open,
) -> Flask:
    """The service for the library in the settings, opened in this process, with what it shares with other workers."""
    keep_log(settings)
    engine = opened(settings)
    Thread(target=engine.warm, daemon=True).start()  # nobody waits for it, neither now nor at the first question
    return create_app(engine, memory=memory, totals=totals)


def opened_in_workers(engine: Engine) -> Callable[[Settings], Engine]:
    """How workers open engines like this one. Those that are forked share the memory of its encoder's model."""
    return partial(Engine.open, encoder=engine.with_encoder_loaded()) if _method() == "fork" else Engine.open


def memory_of_workers(settings: Settings) -> Memory | None:
    """What the workers share, if they count requests."""
    if rates_of(settings) is None:
        return None
    from web.access.counting import shared_memory

    return shared_memory(_method())


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Another application that each worker serves too, on an address of its own."""

    held: socket.socket
    application: Callable[[WSGIApplication], WSGIApplication]
    """Makes it from the first one."""


def held_address(host: str, port: int) -> socket.socket:
    """A socket that reserves an address for the workers. Port 0 picks a free port.

    Raises:
        OSError: if another program uses the address, this machine does not have it, or the system does not allow it.
        UnicodeError: for an invalid host name.
    """
    host = {"*": "0.0.0.0", "0": "0.0.0.0"}.get(host, host.strip("[]"))  # noqa: S104 - asked for
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    family, kind, protocol, _, place = min(found, key=lambda each: each[0] != socket.AF_INET)
    with socket.socket(family, kind, protocol) as alone:
        _let_be_used_again(alone)
        alone.bind(place)  # refused where another program serves, which the workers' sharing of it would not be
        place = alone.getsockname()
    held = socket.socket(family, kind, protocol)
    try:
        if _SHARES_PORTS:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        else:
            _let_be_used_again(held)
        held.bind(place)
        if not _SHARES_PORTS:
            held.listen(_BACKLOG)
    except OSError:
        held.close()
        raise
    return held


def _let_be_used_again(sock: socket.socket) -> None:
    """Let an address be used though connections of an earlier program with it are just ending."""
    if sys.platform != "win32":  # where it would let two programs have the address
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


def _own(held: socket.socket) -> socket.socket:
    """A worker's socket to listen on. Linux deals connections out to the workers evenly if each has its own."""
    if not _SHARES_PORTS:
        return held
    own = socket.socket(held.family, held.type, held.proto)
    _let_be_used_again(own)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    own.bind(held.getsockname())
    own.listen(_BACKLOG)
    return own


def serve_in_workers(
    load: Callable[[], WSGIApplication],
    held: socket.socket,
    *,
    workers: int,
    threads: int,
    bounds: Bounds | None = None,
    totals: Totals | None = None,
    beside: Beside | None = None,
    on_ready: Callable[[], object],
) -> None:
    """Serve until SIGINT, SIGTERM or, unless it is ignored, SIGHUP.

    Each worker calls `load` in a process of its own, so `load` must be picklable. A worker that dies is replaced: at
    once the first time, then after one, two, four seconds and so on, up to a minute, until one has lived as long.
    `bounds` are those of all workers together. Each worker takes its row of the `totals`, which `load` may have too.
    `on_ready` is called when all workers listen.
    """
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # which nohup has set
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    work = _Work(
        load=load,
        held=held,
        threads=threads,
        bounds=_shared(bounds or Bounds(), workers),
        totals=totals,
        beside=beside,
    )
    starting = partial(_started, work)
    running = [_Worker(number, totals) for number in range(workers)]
    is_announced = False
    try:
        while True:
            _look_after(running, starting)
            if not is_announced and all(worker.is_ready for worker in running):
                is_announced = True
                on_ready()
    except KeyboardInterrupt:
        pass
    finally:
        _end(running)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What a worker is given. It goes into a new process in one piece: the totals that it takes a row of are those
    that its `load` has."""

    load: Callable[[], WSGIApplication]
    held: socket.socket
    threads: int
    bounds: Bounds
    totals: Totals | None
    beside: Beside | None


class _Worker:
    """A place for a worker process, in which one follows another."""

    def __init__(self, number: int, totals: Totals | None) -> None:
        self.number = number
        self.totals = totals
        self.process: BaseProcess | None = None
        self.ready: Connection | None = None
        self.is_ready = False
        self.born = 0.0
        self.delay = 0.0  # seconds that the next one waits when this one dies soon
        self.due = 0.0  # when the next one starts


def _shared(bounds: Bounds, workers: int) -> Bounds:
    """What each worker may hold of what all may."""
    return replace(
        bounds,
        connections=-(-bounds.connections // workers),
        connections_of_one_address=-(-bounds.connections_of_one_address // workers),
    )


def _started(work: _Work, worker: _Worker) -> None:
    """Start a process in a worker's place."""
    worker.ready, its_end = multiprocessing.Pipe(duplex=False)
    arguments = (work, worker.number, its_end)
    worker.process = multiprocessing.get_context(_method()).Process(target=_do, args=arguments)  # type: ignore[attr-defined]
    worker.process.start()
    its_end.close()
    worker.born = time.monotonic()


def _method() -> str:
    """How worker processes are started."""
    return "fork" if multiprocessing.get_start_method() == "fork" else "spawn"


def _look_after(running: Sequence[_Worker], start: Callable[[_Worker], object]) -> None:
    """Start the workers that are due, and wait for something to happen to one."""
    for worker in running:
        if worker.process is None and worker.due <= time.monotonic():
            start(worker)
    due = [worker.due for worker in running if worker.process is None]
    awaited: list[Connection | int] = [each.process.sentinel for each in running if each.process is not None]
    awaited += [each.ready for each in running if each.ready is not None]
    happened = wait(awaited, timeout=max(0.0, min(due) - time.monotonic()) if due else None)
    for worker in running:
        if worker.ready in happened:
            _hear(worker)
        if worker.process is not None and worker.process.sentinel in happened:
            _bury(worker, worker.process)


def _hear(worker: _Worker) -> None:
    """Take what a worker says when it serves. It says nothing if it ends before."""
    if worker.ready is not None:
        with suppress(EOFError):
            worker.is_ready = bool(worker.ready.recv())
        worker.ready.close()
        worker.ready = None


def _bury(worker: _Worker, process: BaseProcess) -> None:
    """Take note that a worker has ended. The sooner it did, the longer the next one waits."""
    process.join()
    lived = time.monotonic() - worker.born
    if lived > _LONGEST_DELAY:
        worker.delay = 0.0
    worker.due = time.monotonic() + worker.delay
    worker.delay = min(2 * worker.delay or 1.0, _LONGEST_DELAY)
    worker.process, worker.is_ready = None, False
    if worker.totals is not None:
        worker.totals.disconnect(worker.number)
    _log.error("A worker ended (%s) after %.0f seconds. Another takes its place.", process.exitcode, lived)


def _end(running: Sequence[_Worker]) -> None:
    """End all workers: each has some seconds for what it is answering."""
    processes = [worker.process for worker in running if worker.process is not None]
    for process in processes:
        process.terminate()
    until = time.monotonic() + _GRACE
    for process in processes:
        process.join(max(0.0, until - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _do(work: _Work, number: int, ready: Connection) -> None:
    """What a worker process does until it is told to end, or the process that started it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "setpgid"):  # Ctrl-C is for the first process alone, which tells the others
        os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=end_with_parent, daemon=True).start()
    _share_heap()
    _allow_files()
    if work.totals is not None:
        work.totals.take(number)
    application = work.load()
    listener = Listener(
        application,
        _own(work.held),
        threads=work.threads,
        bounds=work.bounds,
        watcher=watcher_of(application),
        spool=spool_of(application) if isinstance(application, Flask) else None,
    )
    if work.beside is not None:
        Listener(work.beside.application(application), _own(work.beside.held), threads=1).start()
    ended = Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    listener.start()
    ready.send(os.getpid())
    ended.wait()
    listener.stop(seconds=_GRACE - 1)
    os._exit(0)  # threads may still wait for clients that are slow to read


def _allow_files() -> None:
    """Let this process have as many connections open as the system allows it."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _share_heap() -> None:
    """Keep the threads of this process to one heap, where its C library is glibc: one for each takes 20 MB more.

    They wait for each other at Python's own lock anyway.
    """
    with suppress(AttributeError, OSError, TypeError):  # another library, or another system
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def end_with_parent() -> None:
    """Wait until the process that started this one ends, for whatever reason, and end too."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
