"""Changes of a library that its owner asks the service for: done in a process of their own, one at a time.

The process runs `pincite index`, so files that are added here are read, left out and reported on as there. It ends with
the process that started it, and then the library is as it was. How far it is stands in a file beside the uploads, which
every process of the service reads.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any

from pydantic import ValidationError

from qa.config import Settings
from qa.errors import HelperEndedError, LibraryUnwritableError, UnknownDocumentError
from qa.library.replacing import replace_file
from qa.library.store import Library
from qa.library.uploads import Incoming, Lock, Refused, UploadFolder
from qa.wire import (
    JobBody,
    JobErrorBody,
    JobKind,
    JobProgressBody,
    JobReportBody,
    LeftOutFileBody,
    NamedBody,
    PartLeftOutBody,
)

__all__ = ["Uploads"]

_MOST_NAMED = 100  # of each list in what is kept of a report
_MOST_LEFT_OUT = 1000
_OFTEN = 0.3  # seconds from one look, whether to stop, to the next; and from one note of how far it is
_LONGEST_HEARING = 2.0  # seconds for what a process said before it ended
_SOON = 0.1  # seconds from one look, whether it has ended, to the next
_TRIED_AGAIN = 2.0  # seconds after which a library that another process changes is tried again
_LONGEST_STOP = 20.0  # seconds until vectors are no more made
_LONGEST_WAIT = 300.0  # seconds for that other process
_MOST_SAID = 4000  # bytes of what a process says on standard error, the last ones
_PROGRAM = "qa.cli.working"  # the module that it runs, which stands above this one


class Uploads:
    """Adds files to a library, and removes documents from it, for whoever manages it through the service."""

    def __init__(self, library: Library, folder: Path, settings: Settings) -> None:
        self._library = library
        self._settings = settings
        self.folder = UploadFolder(folder, file_size=settings.max_file_size)
        self.tell: Callable[[str], None] = lambda _: None
        """What is called with the last that a process has said on standard error, if it said anything."""

    @property
    def is_running(self) -> bool:
        """Whether a change goes on, in whichever process of the service."""
        return self.folder.lock().is_taken

    @property
    def is_busy(self) -> bool:
        """Whether another change has to wait for the one that goes on. One that only makes vectors gives way, and one
        that has just ended is waited for."""
        job = self._kept()
        return job is not None and job.is_running and not self._only_encodes() and self.is_running

    def job(self) -> JobBody | None:
        """The last change that was asked for, and how far it is. None if there was none."""
        job = self._kept()
        if job is not None and job.is_running:
            if self.is_running:
                return job
            job = self._kept()  # it may just have ended
        if job is None:
            return None
        state = "interrupted" if job.is_running else job.state
        return job.model_copy(update={"state": state, "waiting": tuple(self.folder.waiting())})

    def _only_encodes(self) -> bool:
        job = self._kept()
        is_encoding = job is not None and job.progress is not None and job.progress.step == "encoding"
        return job is not None and job.report is not None and is_encoding

    def _kept(self) -> JobBody | None:
        try:
            return JobBody.model_validate_json(self.folder.job_file.read_bytes())
        except (OSError, ValidationError):  # there is none, or another version wrote it
            return None

    @contextmanager
    def receiving(self) -> Iterator[Incoming]:
        """Take in files, which `index` is to be called with before the block ends.

        Raises:
            LibraryUnwritableError: if the system refuses.
        """
        with self.folder.receiving() as incoming:
            yield incoming

    def index(self, incoming: Incoming | None = None, *, replaces: bool = False) -> JobBody:
        """Give files that have arrived their place, and begin to read them into the library, with those that wait there
        since an earlier change. Returns the job, which goes on.

        Raises:
            JobRunningError: if another change goes on.
            LibraryUnwritableError: if the system refuses.
        """
        with self._begun() as lock:
            put = self.folder.put(incoming, replaces=replaces) if incoming is not None else []
            refused, notes = (incoming.refused, incoming.notes) if incoming is not None else ([], [])
            job = _new_job("indexing", self.folder.waiting())
            if not put and incoming is not None and incoming.refused:
                report = self.report({}, refused, notes)
                return self.end(lock, job.model_copy(update={"state": "done", "report": report}))
            command = ["index", str(self.folder.path), "--library", str(self._library.folder), "--json"]
            work = _Work(self, lock, job, command, refused, notes)
        work.start()
        return job

    def remove(self, document_ids: Collection[str]) -> JobBody:
        """Begin to remove documents. A file that was added here goes with all its documents; other files stay.

        Raises:
            UnknownDocumentError: for an id that is not there.
            JobRunningError: if another change goes on.
            LibraryUnwritableError: if the system refuses.
        """
        with self._begun() as lock:
            files = self.files_of(document_ids)
            own = [origin for origin in files if self.folder.holds(origin)]
            ids = sorted({*document_ids, *(each for origin in own for each in files[origin])})
            job = _new_job("removal", [Path(origin).name for origin in own])
            work = _Work(self, lock, job, ["remove"], [], [], sent=json.dumps(ids), to_delete=own)
        work.start()
        return job

    def discard(self) -> JobBody | None:
        """Delete the files that wait since an earlier change, and put back what they replaced. Returns the job, which
        has ended; where no file waits, the last one that there was.

        Raises:
            JobRunningError: if another change goes on.
            LibraryUnwritableError: if the system refuses.
        """
        with self._begun() as lock:
            if names := self.folder.give_up():
                return self.end(lock, _new_job("discarding", names).model_copy(update={"state": "done"}))
            lock.release()
        return self.job()

    def files_of(self, document_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
        """The files of these documents, each with the ids of all its documents.

        Raises:
            UnknownDocumentError: for an id that is not there.
        """
        snapshot = self._library.snapshot()
        entries = {entry.id: entry for entry in snapshot.entries(document_ids)}
        for each in document_ids:
            if each not in entries:
                raise UnknownDocumentError(each)
        files = dict.fromkeys(entry.file for entry in entries.values())
        return {origin: tuple(snapshot.documents_in_files([origin])) for origin in files}

    def stop(self) -> None:
        """Have the change that goes on stop soon. What has been read by then is kept.

        Raises:
            LibraryUnwritableError: if the system refuses.
        """
        if self.is_running:
            try:
                self.folder.stop_file.touch()
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise LibraryUnwritableError(self.folder.path, reason=reason) from None

    def wait(self, *, seconds: float) -> None:
        """Wait for the change that goes on to end, at most so long."""
        until = time.monotonic() + seconds
        while self.is_running and time.monotonic() < until:
            time.sleep(_SOON)

    @contextmanager
    def _begun(self) -> Iterator[Lock]:
        """The lock, once what earlier changes left is in order. An error lets go of the lock."""
        self.folder.make()
        lock = self.folder.lock()
        if self._only_encodes() and lock.is_taken:
            self.stop()  # what has been made is kept, and the next change makes the rest
            lock.take(seconds=_LONGEST_STOP)
        else:
            lock.take()
        try:
            snapshot = self._library.snapshot()
            if moved := self.folder.moved(snapshot.files()):
                self._library.rename_files(moved)
                snapshot = self._library.snapshot()
            last = self._kept()
            was_cut_off = last is not None and last.kind == "removal" and last.is_running
            if last is not None and was_cut_off:  # it ended before its files were deleted
                origins = list(map(self.folder.origin, last.files))
                there = snapshot.documents_of_files(origins)
                self.folder.delete(origin for origin in origins if origin not in there)
            self.folder.begin(snapshot.files())
            yield lock
        except OSError as error:
            lock.release()
            reason = (error.strerror or str(error)).lower()
            raise LibraryUnwritableError(self.folder.path, reason=reason) from None
        except BaseException:
            lock.release()
            raise

    def end(self, lock: Lock, job: JobBody) -> JobBody:
        """Keep how a job ended, and let the next one begin."""
        job = job.model_copy(update={"ended": datetime.now(UTC)})
        try:
            self.keep(job)
        finally:
            lock.release()
        return job

    def keep(self, job: JobBody) -> None:
        """Write how far a job is, in one go. Where there is no room, nobody learns it."""
        with suppress(OSError):
            replace_file(self.folder.job_file, job.model_dump_json().encode())

    def report(self, said: Mapping[str, Any], refused: Sequence[Refused], notes: Sequence[str]) -> JobReportBody:
        """A report in the form that is kept: of long lists the first entries, with their number."""

        def named(name: str) -> NamedBody:
            ids = said.get(name, ())
            return NamedBody(count=len(ids), ids=tuple(ids[:_MOST_NAMED]))

        spoken = self.folder.spoken
        left_out = [LeftOutFileBody(message=each.message, hint=each.hint) for each in refused]
        left_out += [
            LeftOutFileBody(message=spoken(each["message"]), hint=each["hint"]) for each in said.get("left_out", ())
        ]
        return JobReportBody(
            added=named("added"),
            replaced=named("replaced"),
            removed=named("removed"),
            kept=named("kept"),
            unchanged=said.get("unchanged", 0),
            left_out=tuple(left_out[:_MOST_LEFT_OUT]),
            left_out_count=len(left_out),
            left_out_in_part=tuple(PartLeftOutBody(**each) for each in said.get("left_out_in_part", ())[:_MOST_NAMED]),
            notes=tuple(spoken(each) for each in [*notes, *said.get("notes", ())][:_MOST_NAMED]),
            warnings=tuple(spoken(each) for each in said.get("warnings", ())[:_MOST_NAMED]),
            unread=said.get("unread", 0),
            documents=said.get("documents", 0),
            passages=said.get("passages", 0),
        )


class _Work(Thread):
    """Follows the process that does a job, and keeps how far it is."""

    def __init__(
        self,
        uploads: Uploads,
        lock: Lock,
        job: JobBody,
        command: Sequence[str],
        refused: Sequence[Refused],
        notes: Sequence[str],
        *,
        sent: str = "",
        to_delete: Sequence[str] = (),
    ) -> None:
        """`sent` is what the process gets on standard input, which stays open."""
        super().__init__(daemon=True)
        self._uploads = uploads
        self._lock = lock
        self._job = job
        self._command = [sys.executable, "-P", "-m", _PROGRAM, *command]
        self._refused, self._notes = refused, notes
        self._sent = f"{sent}\n".encode()
        self._to_delete = to_delete
        self._said: dict[str, Any] = {}
        self._kept_at = 0.0
        self._is_stopped = False
        self._keep()

    def run(self) -> None:
        """Do it, again and again while another process changes the library, and keep how it ended."""
        try:
            until = time.monotonic() + _LONGEST_WAIT
            while True:
                status = self._follow()
                is_busy = self._said.get("error", {}).get("code") == "library_busy"
                if not is_busy or self._is_stopped or time.monotonic() > until:
                    break
                self._keep(progress=JobProgressBody(step="waiting"))
                time.sleep(_TRIED_AGAIN)
            self._finish(status)
        finally:
            if self._job.is_running:
                self._job = self._job.model_copy(update={"state": "failed", "error": _broken()})
            self._uploads.end(self._lock, self._job)

    def _finish(self, status: int) -> None:
        """What the process said, as it is kept; files that the library did not take are deleted."""
        uploads, said = self._uploads, self._said
        error = said.get("error")
        report = said.get("report")
        is_about_files = error is not None and error["code"] in _OF_SOURCES
        if report is None and is_about_files:  # not one of them could be read
            report = {"left_out": said.get("left_out") or [error]}
            error = None
        is_done = report is not None and not report.get("unread") and error is None
        if self._job.kind == "indexing":
            is_accepted = self._accept()
            if is_done and is_accepted:
                uploads.folder.give_up()
        if is_done and self._job.kind == "removal":
            uploads.folder.delete(self._to_delete)
        failure = JobErrorBody(**error) if error else _broken() if report is None and not self._is_stopped else None
        self._job = self._job.model_copy(
            update={
                "state": "failed"
                if failure
                else "stopped"
                if self._is_stopped and (status or report is None)
                else "done",
                "progress": None,
                "report": uploads.report(report, self._refused, self._notes) if report is not None else None,
                "without_vectors": said.get("without_vectors"),
                "error": failure,
            }
        )

    def _follow(self) -> int:
        """Run the process to its end. Returns its status."""
        self._said = {}
        process = subprocess.Popen(  # noqa: S603 - our own program, in the Python that runs this one
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment(),
            process_group=0 if sys.platform != "win32" else None,  # Ctrl-C is the service's
        )
        complaints: deque[bytes] = deque(maxlen=2)
        hearing = Thread(target=_hear, args=(process.stderr, complaints), daemon=True)
        hearing.start()
        Thread(target=_send, args=(process.stdin, self._sent), daemon=True).start()
        try:
            self._listen(process)
        finally:
            process.kill()
            hearing.join(_LONGEST_HEARING)  # what the process itself has started may still speak there
            for each in (process.stdin, process.stdout):
                if each is not None:
                    with suppress(OSError):  # it may have ended before it read what was sent
                        each.close()
            status = process.wait()
            if complaint := b"".join(complaints)[-_MOST_SAID:].decode("utf-8", "replace").strip():
                self._uploads.tell(complaint)
        return status

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Take in what the process says, line by line, until it ends; have it stop when somebody asks for that."""
        lines: Queue[bytes] = Queue()
        Thread(target=_put_lines, args=(process.stdout, lines), daemon=True).start()
        while True:
            try:
                line = lines.get(timeout=_OFTEN)
            except Empty:
                line = b"{}"
            if not line:
                process.wait()
                return
            if not self._is_stopped and self._uploads.folder.stop_file.exists():
                self._is_stopped = True
                process.send_signal(signal.SIGINT if sys.platform != "win32" else signal.SIGTERM)
            said = json.loads(line)
            self._said |= said
            if "report" in said:
                if self._job.kind == "indexing":
                    self._accept()
                self._keep(report=self._uploads.report(said["report"], self._refused, self._notes))
            elif "progress" in said:
                self._keep_progress(JobProgressBody(**said["progress"]))

    def _accept(self) -> bool:
        """Have no file wait any more that the library has by now. Returns whether the system let it."""
        library = self._uploads._library
        held = library.snapshot().files() if library.exists else {}
        try:
            self._uploads.folder.accept(held)
        except OSError:  # then the next change will do it
            return False
        return True

    def _keep_progress(self, progress: JobProgressBody) -> None:
        """Keep how far it is, where another step begins, else now and then."""
        before = self._job.progress
        if before is None or before.step != progress.step or time.monotonic() > self._kept_at + _OFTEN:
            self._keep(progress=progress)

    def _keep(self, **changed: object) -> None:
        self._kept_at = time.monotonic()
        self._job = self._job.model_copy(update=changed)
        self._uploads.keep(self._job)

    def _environment(self) -> dict[str, str]:
        """The environment of the process, with the settings that the service has."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PINCITE_")}
        path = os.pathsep.join(map(os.path.abspath, sys.path))  # so that it runs what this process runs
        return kept | self._uploads._settings.environment() | {"PYTHONPATH": path}


def _new_job(kind: JobKind, names: Sequence[str]) -> JobBody:
    """A change of these files that begins now."""
    return JobBody(id=secrets.token_hex(8), kind=kind, state="running", began=datetime.now(UTC), files=tuple(names))


def _broken() -> JobErrorBody:
    ended = HelperEndedError()
    return JobErrorBody(code=ended.code, message=ended.message, hint=ended.hint)


_OF_SOURCES = {"no_sources"} | {
    "source_unreadable", "source_not_text", "source_format", "source_damaged", "source_locked", "source_limit",
    "front_matter", "bibliography", "source",
}  # fmt: skip
"""The codes of errors about a file."""


def _put_lines(stream: IO[bytes], lines: Queue[bytes]) -> None:
    """Put the lines of a stream, and nothing at its end."""
    with suppress(ValueError, OSError):  # it was closed
        for line in stream:
            lines.put(line)
    lines.put(b"")


def _hear(stream: IO[bytes], said: deque[bytes]) -> None:
    """Take in all that a stream says, and keep its end."""
    with suppress(ValueError, OSError), stream:
        while some := os.read(stream.fileno(), _MOST_SAID):
            said.append(said.pop() + some if said and len(said[-1]) < _MOST_SAID else some)


def _send(stream: IO[bytes], data: bytes) -> None:
    """Write to a process that may end before it has read all."""
    with suppress(ValueError, OSError):
        stream.write(data)
        stream.flush()
