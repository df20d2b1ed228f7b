"""Worker processes that serve a WSGI application on one address, under granian."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Condition, Thread, main_thread
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from qa import Engine
from web.app import create_app

if TYPE_CHECKING:
    from multiprocessing.synchronize import Semaphore
    from wsgiref.types import WSGIApplication

    from flask import Flask

    from qa import Settings

__all__ = ["cores", "end_with_parent", "held_address", "load_service", "serve_in_workers"]

_GRACE = 10  # seconds that a worker has for what it is answering when the service ends
_POLL = 0.01  # seconds
_SETTLE = 0.1  # seconds in which a worker's runtime, which says nothing, starts to heed signals: it takes 0.02
_ARENA_MAX = -8  # glibc's number for the option, from its malloc.h
_ERRORS = {
    "handlers": {"console": {"formatter": "generic", "class": "logging.StreamHandler", "stream": "ext://sys.stderr"}},
    "loggers": {"_granian": {"handlers": ["console"], "propagate": False}},
}
"""The server's own log: errors only, and not mixed with what the command prints."""


def cores() -> int:
    """The number of cores that this process may use. It is the number of workers, unless a setting says otherwise."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load_service(settings: Settings) -> Flask:
    """The service for the library in the settings, opened in this process."""
    return create_app(Engine.open(settings))


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
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        alone.bind(place)  # refused where another program serves, which the workers' sharing of it would not be
        place = alone.getsockname()
    held = socket.socket(family, kind, protocol)
    if hasattr(socket, "SO_REUSEPORT"):
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(place)
    return held


def serve_in_workers(
    load: Callable[[], WSGIApplication],
    held: socket.socket,
    *,
    workers: int,
    threads: int,
    on_ready: Callable[[], object],
) -> None:
    """Serve until SIGINT, SIGTERM or, unless it is ignored, SIGHUP.

    Each worker calls `load` in a process of its own, so `load` must be picklable. A worker that dies is replaced. If it
    dies again at once, the service ends with exit code 1. `on_ready` is called when all workers listen.
    """
    host, port = held.getsockname()[:2]
    if sys.platform != "linux":  # where workers get the server's own socket, and do not share the port
        held.close()
    method = multiprocessing.get_start_method()
    loaded = multiprocessing.get_context(method if method == "fork" else "spawn").Semaphore(0)
    Thread(target=_announce, args=(loaded, (host, port), workers, on_ready), daemon=True).start()
    server = Server(
        "pincite",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=workers,
        blocking_threads=threads,
        respawn_failed_workers=True,
        workers_kill_timeout=_GRACE,
        log_level=LogLevels.error,
        log_dictconfig=_ERRORS,
    )
    # SIGHUP is the end of a terminal, which nohup has a program outlive; granian would start its workers anew.
    is_to_outlive = hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    on_hang_up = _pass_over if is_to_outlive else server.signal_handler_interrupt
    server.signal_handler_reload = on_hang_up  # type: ignore[method-assign]
    server.serve(target_loader=partial(_load_in_worker, load, loaded), wrap_loader=False)


def _pass_over(*_: object) -> None:
    """What is done where a signal means nothing."""


def _announce(loaded: Semaphore, address: tuple[str, int], workers: int, on_ready: Callable[[], object]) -> None:
    """Wait until all workers serve, and the address answers."""
    for _ in range(workers):
        loaded.acquire()
    while True:
        with suppress(OSError), socket.create_connection(address, timeout=1):
            break
        time.sleep(_POLL)
    on_ready()


def _load_in_worker(load: Callable[[], WSGIApplication], loaded: Semaphore) -> WSGIApplication:
    """The application of this worker, which can be ended while it loads, and ends with the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "setpgid"):  # Ctrl-C is for the first process alone, which tells the others; told twice, they hang
        os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=end_with_parent, daemon=True).start()
    _share_heap()
    application = load()
    Thread(target=_release_when_served, args=(loaded,), daemon=True).start()
    return application


def _share_heap() -> None:
    """Keep the threads of this process to one heap, where its C library is glibc: one for each takes 20 MB more.

    They wait for each other at Python's own lock anyway.
    """
    with suppress(AttributeError, OSError, TypeError):  # another library, or another system
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def _release_when_served(loaded: Semaphore) -> None:
    """Say that this worker serves once its first thread waits for the end: told to end before, it would miss it."""
    first = main_thread().ident or 0
    while sys._current_frames()[first].f_code is not Condition.wait.__code__:
        time.sleep(_POLL)
    time.sleep(_SETTLE)
    loaded.release()


def end_with_parent() -> None:
    """Wait until the process that started this one ends, for whatever reason, and end too."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
