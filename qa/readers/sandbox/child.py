"""The process that reads files for `sandbox`: bytes in, documents out, nothing else within its reach."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from qa.errors import SourceError
from qa.readers.formats.parsing import GivenFile, parsed
from qa.readers.sandbox.parent import (
    DOCUMENT,
    END,
    FAILURE,
    MEGABYTE,
    OUT_OF_TIME,
    REQUEST,
    SENTENCE,
    SLOWEST,
    Failure,
)

__all__ = ["serve"]

_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "os.system")
_LONGER = SLOWEST + 1  # times the seconds that a file may take, when the parent should have ended this process
_SELDOM = (100_000, 50, 100)  # when to look for garbage: what is read of a file is none until it has been sent
_END_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux


def serve(*, memory: int, seconds: int) -> None:
    """Read the files that come, with so many megabytes of memory, until no more come."""
    asked = os.fdopen(0, "rb")
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no reply
    _confine(memory)
    gc.freeze()
    gc.set_threshold(*_SELDOM)
    replies.write(END)
    replies.flush()
    while line := asked.readline():
        path, document_id, size, beside, beside_size = REQUEST.validate_json(line)
        file = GivenFile(Path(path), document_id, asked.read(size), beside, asked.read(beside_size))
        _set_alarms(seconds)
        try:
            _reply(file, replies)
        except MemoryError:
            replies.write(b"M\n")
            replies.flush()
            return
        _set_alarms(0)
        del file
        replies.write(END)
        replies.flush()


def _reply(file: GivenFile, replies: BinaryIO) -> None:
    def send(kind: bytes, body: bytes) -> None:
        replies.write(kind + body + b"\n")

    try:
        for document in parsed(file, note=lambda sentence: send(b"N", SENTENCE.dump_json(sentence))):
            send(b"D", DOCUMENT.dump_json(document, exclude={"sha256"}))
    except SourceError as error:
        send(b"E", FAILURE.dump_json(Failure(error.code, error.message, error.hint)))


def _confine(memory: int) -> None:
    """Take from this process what no reader needs. Windows and macOS have not all of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, who ends this process
    for each in OUT_OF_TIME:
        signal.signal(each, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
    if sys.platform != "win32":
        import resource

        for limit, most in ((resource.RLIMIT_AS, memory * MEGABYTE), (resource.RLIMIT_CORE, 0)):
            _, allowed = resource.getrlimit(limit)
            least = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
            with suppress(OSError, ValueError):
                resource.setrlimit(limit, (least, least))
    sys.addaudithook(_refuse)


def _refuse(event: str, _: object) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"a reader may not use {event}")


def _set_alarms(seconds: int) -> None:
    """End this process when it has taken so many seconds of a processor, or `_LONGER` by the clock; 0 is never."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.alarm(_LONGER * seconds)
