"""Helper processes, which share the work if there is much of it.

They are started as new programs. A fork would copy whatever the threads of this process hold, such as locks.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Self, TypeVar

from qa.errors import HelperEndedError

__all__ = ["Helpers", "serve"]

_ALONE = 250  # things that this process does by itself before others are started
_WAITING = 3  # chunks that each process has before it
_HEAVY = 1 << 20  # bytes of a chunk

_Thing = TypeVar("_Thing")
_Made = TypeVar("_Made")


class Helpers:
    """One process per core, started when needed. One thread uses and closes them."""

    def __init__(self) -> None:
        self._cores = os.cpu_count() or 1
        self._processes: list[_Helper] = []
        self._at_end = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._at_end.close()

    def each(
        self,
        worker: Callable[[int], Callable[[Sequence[_Thing]], _Made]],
        things: Iterable[_Thing],
        *,
        size: int,
        weigh: Callable[[_Thing], int] = lambda _: 0,
        count: int | None = None,
        ask_for_rest: bool = False,
    ) -> Iterator[tuple[list[_Thing], _Made]]:
        """The results for some things, in order, `size` things at a time, or fewer if they `weigh` much, in bytes.

        `worker` gives what does the work in a process, given its number; this process is number 0. `count` is about how
        many things there are, if that is known. With `ask_for_rest`, each worker is given no things at the end, and
        returns what it has kept back.

        Raises:
            HelperEndedError: if another process breaks down.
        """
        work, alone = worker(0), _ALONE if count is None else 0
        if self._cores < 2 or (count is not None and count <= 4 * _ALONE):
            alone = sys.maxsize
        done, turn = 0, 0
        at_work: list[_Helper] = []
        waiting: deque[tuple[list[_Thing], Future[_Made]]] = deque()
        for chunk in _chunks(things, size, weigh):
            if done < alone:
                done += len(chunk)
                yield chunk, work(chunk)
                continue
            at_work = at_work or self._set_to(worker)
            waiting.append((chunk, at_work[turn % len(at_work)].ask(chunk)))
            turn += 1
            if len(waiting) > _WAITING * len(at_work):
                first, made = waiting.popleft()
                yield first, made.result()
        for first, made in waiting:
            yield first, made.result()
        if ask_for_rest:
            yield [], work([])
            for each in at_work:
                yield [], each.ask([]).result()

    def _set_to(self, worker: Callable[[int], object]) -> list[_Helper]:
        """The other processes, each with what works there."""
        if not self._processes:
            self._processes = [self._at_end.enter_context(_Helper()) for _ in range(self._cores)]
        for number, each in enumerate(self._processes, start=1):
            each.set_to(worker(number))
        return self._processes


def _chunks(things: Iterable[_Thing], size: int, weigh: Callable[[_Thing], int]) -> Iterator[list[_Thing]]:
    chunk: list[_Thing] = []
    weight = 0
    for each in things:
        chunk.append(each)
        weight += weigh(each)
        if len(chunk) == size or weight >= _HEAVY:
            yield chunk
            chunk, weight = [], 0
    if chunk:
        yield chunk


_PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from qa.library.helpers import serve
serve()
"""


class _Helper:
    """A process that ends with this one: at the end of what it is sent."""

    def __init__(self) -> None:
        path = json.dumps([str(Path(__file__).resolve().parents[2]), *sys.path])
        self._process = subprocess.Popen(  # noqa: S603 - our own program, in the Python that runs this one
            [sys.executable, "-c", _PROGRAM, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0 if sys.platform != "win32" else None,  # Ctrl-C is the parent's, from its first moment
        )
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._thread.shutdown(cancel_futures=True)
        self._process.communicate()

    def set_to(self, work: object) -> None:
        """Set the work that the process does from now on."""
        self._thread.submit(self._send, (True, work))

    def ask(self, chunk: Sequence[object]) -> Future[Any]:
        """The result for some things, which it will give."""
        return self._thread.submit(self._asked, chunk)

    def _asked(self, chunk: Sequence[object]) -> object:
        try:
            self._send((False, chunk))
            return pickle.load(_there(self._process.stdout))  # noqa: S301 - it is our own program's
        except (EOFError, OSError, pickle.UnpicklingError):
            raise HelperEndedError from None

    def _send(self, message: tuple[bool, object]) -> None:
        ours = _there(self._process.stdin)
        pickle.dump(message, ours, pickle.HIGHEST_PROTOCOL)
        ours.flush()


def _there(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("a process without its pipes")
    return pipe


def serve() -> None:
    """Do the work that is sent, until no more comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, who ends this process
    asked, replies = os.fdopen(0, "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no reply
    gc.disable()  # the work leaves no garbage that it would find, and it looks through all that is remembered
    work: Any = None
    try:
        while True:
            is_work, message = pickle.load(asked)  # noqa: S301 - the parent's own
            if is_work:
                work = message
            else:
                pickle.dump(work(message), replies, pickle.HIGHEST_PROTOCOL)
                replies.flush()
    except (EOFError, OSError, pickle.UnpicklingError):  # the parent has ended, maybe in the middle of a word
        os._exit(0)
