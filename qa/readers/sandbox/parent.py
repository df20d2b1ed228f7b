"""Files read in a process of their own, which a damaged or hostile file can break, stop or fill without harm.

One child reads file after file. It is given a file's bytes and what is beside them, opens nothing itself but what it is
made of, and may reach no network and start no program, as far as Python can say so. What it sends back is JSON, which
is taken only if it is a document to the last field: nothing of it is ever run. A file that takes too long or too much
memory, or breaks the child, is an error that names it; the next one gets a new child.

The child ends with its parent: at the end of what it is sent, on Linux by the system at once, and wherever there is
an alarm clock when a file has taken longer than it may.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from threading import Timer
from typing import Any, NamedTuple, Self, TypeVar

from pydantic import TypeAdapter

from qa.errors import DamagedSourceError, QAError, SourceError, SourceLimitError
from qa.model import Document
from qa.readers.formats.parsing import GivenFile

__all__ = [
    "DOCUMENT",
    "END",
    "FAILURE",
    "MEGABYTE",
    "OUT_OF_TIME",
    "REQUEST",
    "SENTENCE",
    "SLOWEST",
    "Failure",
    "Limits",
    "ReadingStoppedError",
    "Sandbox",
]

_Made = TypeVar("_Made")

MEGABYTE = 1_000_000  # bytes, as everywhere

REQUEST = TypeAdapter(tuple[str, str, int, str, int])
"""What the child is sent, as a line: path, wanted id, number of bytes; the path and number of what is beside, or "" and
0. The bytes follow."""

OUT_OF_TIME = (signal.SIGPROF, signal.SIGALRM) if sys.platform != "win32" else ()
"""The signals by which the system ends a child that has taken the time that a file may take, of a processor or by the
clock."""

END = b".\n"
"""What the child sends when it is ready, and behind all else that it has to say of a file."""

SLOWEST = 3
"""How many times the seconds of a processor a file may take by the clock, where others keep the processor busy too."""

DOCUMENT = TypeAdapter(Document)
SENTENCE = TypeAdapter(str)

_MOST_REPLIED = 1024 * MEGABYTE  # bytes of one file's documents, as JSON
_LONGEST_START = 60.0  # seconds
_LONGEST_END = 1.0  # seconds from the end of what a child says to its own
_OFTEN = 0.1  # seconds from one look to the next, whether to stop
_LONGEST_REASON = 200  # characters

_PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from qa.readers.sandbox.child import serve
serve(memory=int(sys.argv[2]), seconds=int(sys.argv[3]))
"""


class Limits(NamedTuple):
    """What a source file may take: its own size and the memory of the process that reads it, in megabytes, and its time
    in seconds of a processor; by the clock it may take `SLOWEST` times as many."""

    file_size: int = 200
    memory: int = 2048
    seconds: int = 60


class Failure(NamedTuple):
    """A `SourceError` as it is sent: its class by its code."""

    code: str
    message: str
    hint: str


FAILURE = TypeAdapter(Failure)


class Sandbox:
    """Reads files in a child process, which is started with the first. To be used by one thread, and closed by it.

    What has to do with the child is done by a thread of its own, so that a file is read while another's documents are
    indexed. So the bytes of two files may be held at a time, and what the child said of them.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._child: _Child | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._begun: tuple[object, Future[Any]] | None = None
        self._is_doubted = self._is_closing = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child, whatever it does. The next file gets another."""
        self._is_closing = True
        try:
            if child := self._child:
                child.kill()
            if self._thread is not None:
                self._thread.shutdown(cancel_futures=True)
            self._end_child()
        finally:
            self._thread = self._begun = None
            self._is_closing = False

    def begin(self, name: object, work: Callable[[], _Made]) -> Future[_Made]:
        """Do in the sandbox's thread what `finish` will be asked for by this name, before any other."""
        self._thread = self._thread or ThreadPoolExecutor(1)
        begun = self._thread.submit(work)
        self._begun = name, begun
        return begun

    def finish(self, name: object, work: Callable[[], _Made], *, should_stop: Callable[[], bool]) -> _Made:
        """What came of that; of the work, done now, where it was not begun.

        Raises:
            ReadingStoppedError: where it is not done when `should_stop` says so. The sandbox is to be closed then.
        """
        is_begun = self._begun is not None and self._begun[0] == name
        begun: Future[_Made] = self._begun[1] if self._begun and is_begun else self.begin(name, work)
        self._begun = None
        while not wait([begun], _OFTEN).done:
            if should_stop():
                raise ReadingStoppedError
        return begun.result()

    def documents(self, file: GivenFile, reply: deque[bytes], *, note: Callable[[str], None]) -> Iterator[Document]:
        """The documents of a file, of which this is the reply, which is used up. `note` is told what the reader has to
        say.

        Raises:
            SourceError: of the reader's, or
            DamagedSourceError: where the child sent something else.
        """
        while reply:
            line = reply.popleft()
            kind, body = line[:1], line[1:]
            try:
                if kind == b"D":
                    document = DOCUMENT.validate_json(body, strict=True)
                elif kind == b"N":
                    sentence = SENTENCE.validate_json(body, strict=True)
                elif kind == b"E":
                    raise _error(FAILURE.validate_json(body))
                else:
                    raise ValueError("a line of no kind that is known")
            except ValueError:
                self._doubt()
                raise _broken_by(file, "it sent what is no document") from None
            if kind == b"D":
                yield document
            else:
                note(sentence)

    def _doubt(self) -> None:
        """Believe the child nothing more, nor what it has said of a file that was begun."""
        self._is_doubted = True
        if self._begun is not None:
            self._begun[1].cancel()
            self._begun = None
        if child := self._child:
            child.kill()

    def reply(self, file: GivenFile) -> deque[bytes]:
        """All that the child says of a file; in the sandbox's own thread. Where one broke down that had read others, it
        may have been for those, and the file gets a second.

        Raises:
            SourceLimitError: where it takes more time or memory than it may, or
            DamagedSourceError: where the child broke down.
        """
        try:
            if self._is_doubted:
                self._is_doubted = False
                self._end_child()
            if self._child is not None:
                try:
                    return self._child.ask(file)
                except (_OutOfMemoryError, _BrokenError):
                    self._end_child()
            self._go_on()
            self._child = _Child(self.limits)
            self._go_on()
            return self._child.ask(file)
        except _OutOfTimeError:
            self._end_child()
            took, setting = (
                f"takes longer than the {self.limits.seconds:,} seconds that reading a file may",
                "max_seconds",
            )
        except _OutOfMemoryError:
            self._end_child()
            took, setting = (
                f"takes more than the {self.limits.memory:,} megabytes that reading a file may",
                "max_memory",
            )
        except _BrokenError as error:
            self._end_child()
            raise _broken_by(file, str(error)) from None
        except BaseException:
            self._end_child()
            raise
        raise SourceLimitError(file.path, what=took, setting=setting)

    def _go_on(self) -> None:
        """Raise _BrokenError where nobody waits for what would be read."""
        if self._is_closing or self._is_doubted:
            raise _BrokenError("it was stopped")

    def _end_child(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


class ReadingStoppedError(Exception):
    """A file was not read to its end, because it was to stop."""


class _BrokenError(Exception):
    """The child ended before its time, or wrote more than anyone can read."""


class _OutOfTimeError(Exception):
    """The child was ended since it took too long."""


class _OutOfMemoryError(Exception):
    """The child has no more memory."""


class _Child:
    """One process that reads files, one after the other."""

    def __init__(self, limits: Limits) -> None:
        """Start it, and wait until it is ready."""
        self._seconds = limits.seconds
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        arguments = (json.dumps(sys.path), str(limits.memory), str(limits.seconds))
        self._process = subprocess.Popen(  # noqa: S603 - our own program, in the Python that runs this one
            [sys.executable, "-I", "-c", _PROGRAM, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            process_group=0 if sys.platform != "win32" else None,  # Ctrl-C is the parent's, from its first moment
        )
        try:
            self._lines(b"", seconds=_LONGEST_START)
        except BaseException:
            self.end()
            raise

    def ask(self, file: GivenFile) -> deque[bytes]:
        """All lines about a file.

        Raises:
            _BrokenError, _OutOfTimeError, _OutOfMemoryError.
        """
        asked = (str(file.path), file.document_id, len(file.data), file.beside, len(file.bibliography))
        seconds = SLOWEST * self._seconds
        return self._lines(REQUEST.dump_json(asked) + b"\n", file.data, file.bibliography, seconds=seconds)

    def kill(self) -> None:
        """Have it end at once; whoever asked it something learns that."""
        self._process.kill()

    def end(self) -> None:
        """End it at once, if it has not ended."""
        self._process.kill()
        self._process.wait()
        self._errors.close()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what it has not taken of a file is written at closing
                    continue

    def _lines(self, *sent: bytes, seconds: float) -> deque[bytes]:
        """The lines that come, up to `END` and without it, in answer to what is sent."""
        ours, theirs = self._process.stdin, self._process.stdout
        if ours is None or theirs is None:
            raise ValueError("a process without its pipes")
        too_late: list[bool] = []

        def stop() -> None:
            too_late.append(True)
            self._process.kill()

        lines: deque[bytes] = deque()
        left = _MOST_REPLIED
        timer = Timer(seconds, stop)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:  # the system has no room for another thread
            raise MemoryError from None
        try:
            for each in sent:
                ours.write(each)
            ours.flush()
            while (line := theirs.readline(left)).endswith(b"\n"):
                if line == END:
                    return lines
                if line == b"M\n":
                    raise _OutOfMemoryError
                lines.append(line)
                left -= len(line)
            if len(line) >= left:
                raise _BrokenError("it has more text than is read of a file")
        except OSError:  # it has ended, and takes no more
            pass
        finally:
            timer.cancel()
        with suppress(subprocess.TimeoutExpired):  # it has closed its pipe, and goes on: that will be its last
            self._process.wait(_LONGEST_END)
        if too_late or -(self._process.returncode or 0) in OUT_OF_TIME:
            raise _OutOfTimeError
        raise _BrokenError(self._last_words())

    def _last_words(self) -> str:
        """How it ended: by which signal, or the last line of what it wrote of its error."""
        self._process.kill()
        code = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read(MEGABYTE).decode("utf-8", "replace").strip().rpartition("\n")[2]
        if code < 0 and -code != signal.SIGKILL:
            return signal.Signals(-code).name
        return said[:_LONGEST_REASON].rstrip(".") or "it ended"


def _broken_by(file: GivenFile, reason: str) -> DamagedSourceError:
    kind = f"a {file.path.suffix.lower()} file"
    return DamagedSourceError(
        file.path, kind=kind, reason=f"its reader broke down ({reason})", hint="Save it anew, or leave it out."
    )


_ERRORS: dict[str, type[SourceError]] = {each.code: each for each in SourceError.__subclasses__()}


def _error(failure: Failure) -> SourceError:
    """The error that the child met, with the words that it had."""
    kind = _ERRORS.get(failure.code, SourceError)
    error = kind.__new__(kind)
    QAError.__init__(error, failure.message, hint=failure.hint)
    return error
