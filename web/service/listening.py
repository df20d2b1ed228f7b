"""An HTTP/1.1 server for a WSGI application, in one process: what clients send is taken in before a thread works on it.

One thread leads: it reads what has come, and answers whole requests, one after the other. If an answer takes longer
than 10 milliseconds, another thread leads from then on. So nothing is handed over for a short answer, and nobody waits
for a long one. A client that sends a byte a second, or reads one, costs a few microseconds a byte and no thread. Where
several requests are whole, the addresses that they come from take turns.

Every connection has a deadline: for its request to be whole, for its next request, for its answer to be read. Their
number is limited, in all and for each address. Where there is no room for a new one, the one goes that has waited
longest without a whole request: of that address, or of the one that has most.

llhttp (by httptools) reads the requests, and is strict: what could be read as two requests or as one is refused.
"""

from __future__ import annotations

import errno
import io
import logging
import math
import select
import selectors
import socket
import sys
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from threading import Lock, Thread, get_ident
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import unquote_to_bytes

import httptools

from web.managing.spooling import BODY_LOST, Spool, SpooledBody
from web.networks import of_one_client

if TYPE_CHECKING:
    from types import TracebackType
    from wsgiref.types import WSGIApplication

__all__ = ["Bounds", "Listener", "SelectorPoll", "Watcher", "new_poll"]

_log = logging.getLogger("pincite.server")

_MOST_READ = 64  # connections that are read from between two answers
_READ_AT_ONCE = 65_536  # bytes
_LONGEST_HEAD = 65_536  # bytes of a request's first line and headers, or somewhat more
_MOST_HEADERS = 100
_LONGEST_ADDRESS = 65_000  # bytes
_LARGEST_BODY = 1_000_000  # bytes that are taken in; the application refuses what is longer
_FULL = 0.01  # seconds to wait where the system has no room for another connection
_PATIENCE = 0.01  # seconds that others wait for an answer before another thread leads
_OFTEN = 0.25  # seconds from one look at the deadlines to the next
_LINGER = 2.0  # seconds in which a client may read the answer before it is cut off for what it still sends
_SLOWEST_READER = _SLOWEST_SENDER = 20_000  # bytes a second
_GIVEN_AHEAD = 131_072  # bytes of an answer that the system takes before the client has read them; Linux doubles it
_MOST_QUEUED = 16  # requests that a client sends before it has the answer to the first
_READY_TO_READ, _READY_TO_WRITE = 1, 4  # as epoll has them


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What clients may take of one process."""

    connections: int = 1000
    connections_of_one_address: int = 100
    trusted: frozenset[str] = frozenset()
    """Addresses, such as a proxy's, that may have as many connections as there are."""
    seconds_to_send: float = 15.0
    """From the first byte of a request to its last."""
    seconds_idle: float = 30.0
    """From an answer, or from the beginning, to the first byte of a request."""
    bytes_held: int = 32_000_000
    """Of requests that are not answered, and of answers that are not read, all together."""


class Poll(Protocol):
    """Waits for sockets, in one thread at a time. Each readiness is told once; then the socket is to be armed again,
    by any thread."""

    def arm(self, fd: int, events: int, *, is_new: bool = False) -> None:
        """Tell once when a socket is ready."""

    def forget(self, fd: int) -> None:
        """Tell no more of it."""

    def wait(self, *, is_blocking: bool) -> list[int]:
        """Some of the sockets that are ready. If `is_blocking`, at least one is waited for."""

    def close(self) -> None:
        """End it."""


def new_poll() -> Poll:
    """The quickest that this system has."""
    return _Epoll() if hasattr(select, "epoll") else SelectorPoll()


class _Epoll:
    """By Linux's epoll."""

    def __init__(self) -> None:
        self._epoll = select.epoll()

    def arm(self, fd: int, events: int, *, is_new: bool = False) -> None:
        if is_new:
            self._epoll.register(fd, events | select.EPOLLONESHOT)
        else:
            self._epoll.modify(fd, events | select.EPOLLONESHOT)

    def forget(self, fd: int) -> None:
        self._epoll.unregister(fd)

    def wait(self, *, is_blocking: bool) -> list[int]:
        return [fd for fd, _ in self._epoll.poll(None if is_blocking else 0, _MOST_READ)]

    def close(self) -> None:
        self._epoll.close()


class SelectorPoll:
    """By whatever `selectors` has."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._changing = Lock()
        self._to_arm: dict[int, int] = {}
        self._bell, self._rung = socket.socketpair()
        self._rung.setblocking(False)
        self._selector.register(self._rung, selectors.EVENT_READ)

    def arm(self, fd: int, events: int, *, is_new: bool = False) -> None:  # noqa: ARG002 - all are new to it
        with self._changing:
            self._to_arm[fd] = events
        self._bell.send(b".")  # another thread may be waiting

    def forget(self, fd: int) -> None:
        with self._changing:
            self._to_arm.pop(fd, None)

    def wait(self, *, is_blocking: bool) -> list[int]:
        with self._changing:
            armed, self._to_arm = self._to_arm, {}
        for fd, events in armed.items():
            wanted = selectors.EVENT_READ if events & _READY_TO_READ else 0
            wanted |= selectors.EVENT_WRITE if events & _READY_TO_WRITE else 0
            with suppress(OSError, ValueError):  # it has been closed
                self._selector.register(fd, wanted)
        found = []
        for key, _ in self._selector.select(None if is_blocking else 0):
            if key.fileobj is self._rung:
                with suppress(BlockingIOError):
                    self._rung.recv(4096)
            else:
                self._selector.unregister(key.fileobj)
                found.append(key.fd)
        return found

    def close(self) -> None:
        self._selector.close()
        self._bell.close()
        self._rung.close()


class Watcher(Protocol):
    """Is told what the application does not see."""

    def refused(self, address: str, status: HTTPStatus) -> None:
        """A request from this address was refused by the server."""

    def connected(self, number: int) -> None:
        """So many clients are connected: told every quarter of a second, and at the end."""


class _Request(NamedTuple):
    """A whole request, or one whose body is longer than is taken in."""

    method: str
    target: bytes
    version: str
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    keeps_alive: bool
    spooled: SpooledBody | None = None
    """The body, where it is on the disk."""


class _RefusedError(Exception):
    """A request that is not answered by the application."""

    def __init__(self, status: HTTPStatus) -> None:
        self.status = status


class _Connection:
    """A client's connection, and as much of its next request as has come. One thread has to do with it at a time."""

    __slots__ = (
        "address", "begun", "body", "deadline", "fd", "has_head", "headers", "held", "host", "is_counted",
        "is_discarded", "is_ending", "left", "parser", "queue", "size", "sock", "spool_for", "spooled", "target",
        "until",
    )  # fmt: skip

    def __init__(
        self,
        sock: socket.socket,
        address: tuple[str, int],
        *,
        spool_for: Callable[[_Connection, _Request], Spool | None],
    ) -> None:
        self.sock = sock
        self.spool_for = spool_for
        self.spooled: SpooledBody | None = None
        self.until = math.inf  # when a body that goes to the disk must be whole
        self.fd = sock.fileno()
        self.address = address
        self.host = of_one_client(address[0])
        self.parser = httptools.HttpRequestParser(self)
        self.queue: deque[_Request] = deque()  # whole requests
        self.left: memoryview | None = None  # of an answer
        self.is_ending = False  # once the answer is sent
        self.is_discarded = False  # whatever still comes
        self.held = 0  # bytes that count as held
        self.is_counted = True  # among those that are open
        self.deadline = math.inf
        self.begun = False  # whether a part of a request has come
        self._begin()

    def _begin(self) -> None:
        self.target = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: list[bytes] = []
        self.size = 0
        self.has_head = False
        self.spooled = None

    def on_message_begin(self) -> None:
        self.begun = True
        self._begin()

    def on_url(self, part: bytes) -> None:
        self.target += part
        if len(self.target) > _LONGEST_ADDRESS:
            raise _RefusedError(HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))
        if len(self.headers) > _MOST_HEADERS:
            raise _RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        self.has_head = True
        named = {name.lower(): value for name, value in self.headers}
        hosts = sum(name.lower() == b"host" for name, _ in self.headers)
        if hosts > 1 or (not hosts and self.parser.get_http_version() != "1.0"):
            raise _RefusedError(HTTPStatus.BAD_REQUEST)
        declared = named.get(b"content-length", b"0")
        if declared.isdigit() and int(declared[:20]) > _LARGEST_BODY and not self._spools(int(declared[:20])):
            self._put(keeps_alive=False)
        elif named.get(b"expect", b"").lower() == b"100-continue":
            with suppress(OSError):
                self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _spools(self, declared: int) -> bool:
        """Whether a large body may come, and goes to the disk."""
        spool = self.spool_for(self, self._request(b"", keeps_alive=False))
        if spool is None or declared > spool.most:
            return False
        self.spooled = SpooledBody(spool.folder)
        self.until = time.monotonic() + declared / _SLOWEST_SENDER
        return True

    def on_body(self, part: bytes) -> None:
        if self.is_discarded:
            return
        if self.spooled is not None:
            self.spooled.write(part)
            return
        self.size += len(part)
        self.body.append(part)
        if self.size > _LARGEST_BODY:
            self._put(keeps_alive=False)

    def on_message_complete(self) -> None:
        if not self.is_discarded:
            self._put(keeps_alive=self.parser.should_keep_alive())
        self.begun = False

    def _put(self, *, keeps_alive: bool) -> None:
        self.queue.append(self._request(b"".join(self.body), keeps_alive=keeps_alive))
        self._begin()
        self.is_discarded = not keeps_alive
        if len(self.queue) > _MOST_QUEUED:
            raise _RefusedError(HTTPStatus.TOO_MANY_REQUESTS)

    def _request(self, body: bytes, *, keeps_alive: bool) -> _Request:
        method = self.parser.get_method().decode("latin-1")
        version = self.parser.get_http_version()
        return _Request(method, self.target, version, self.headers, body, keeps_alive, self.spooled)

    def feed(self, data: bytes) -> None:
        """Take in what has come.

        Raises:
            _RefusedError: for what is no request, or one that is too large.
        """
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # it asks for another protocol, and gets the answer in this one
            self.is_discarded = True
        except httptools.HttpParserCallbackError as error:
            refused = error.__context__
            raise refused if isinstance(refused, _RefusedError) else _RefusedError(HTTPStatus.BAD_REQUEST) from None
        except httptools.HttpParserError:
            raise _RefusedError(HTTPStatus.BAD_REQUEST) from None


class Listener:
    """Serves an application to the clients of a listening socket, until it is stopped."""

    def __init__(
        self,
        application: WSGIApplication,
        listening: socket.socket,
        *,
        threads: int,
        bounds: Bounds | None = None,
        poll: Poll | None = None,
        watcher: Watcher | None = None,
        spool: Callable[[dict[str, Any]], Spool | None] | None = None,
    ) -> None:
        """`spool` says of a request, by its environment without its body, whether the body may be larger than is taken
        into memory, and where it goes."""
        self._application = application
        self._spool = spool or (lambda _: None)
        self._listening = listening
        self._watcher = watcher
        self._bounds = bounds or Bounds()
        self._poll = poll or new_poll()
        self._threads = threads
        self._connections: dict[int, _Connection] = {}
        self._waiting: dict[str, OrderedDict[int, _Connection]] = {}  # by address, who has waited longest first
        self._counts: dict[str, int] = {}  # of connections, by address
        self._open = 0  # all of them
        self._held = 0  # bytes
        self._whole: OrderedDict[str, deque[_Connection]] = OrderedDict()  # with requests that wait, by address
        self._baton = Lock()  # whoever has it leads
        self._passing = Lock()
        self._leader: int | None = None
        self._answering: dict[int, float] = {}  # threads, and since when
        self._answering_since = math.inf  # the one that leads
        self._is_stopping = False
        self._changing = Lock()
        self._date = (0, b"")
        name = listening.getsockname()
        self._environ = {
            "SCRIPT_NAME": "",
            "SERVER_NAME": str(name[0]),
            "SERVER_PORT": str(name[1]),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.input_terminated": True,
            "wsgi.multithread": threads > 1,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }

    @property
    def open_connections(self) -> int:
        """How many clients are connected."""
        return self._open

    def start(self) -> None:
        """Serve, in threads of its own."""
        self._listening.setblocking(False)
        with suppress(OSError):  # what is given to a client that does not read is copied, so it is little
            self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _GIVEN_AHEAD)
        self._poll.arm(self._listening.fileno(), _READY_TO_READ, is_new=True)
        for work in (*[self._serve] * self._threads, self._watch):
            Thread(target=work, daemon=True).start()

    def stop(self, *, seconds: float) -> None:
        """Take no more requests, and wait for the answers to those that are whole, so many seconds at most."""
        self._is_stopping = True
        with suppress(OSError, KeyError):
            self._poll.forget(self._listening.fileno())
        with self._changing:
            for each in [each for waiting in self._waiting.values() for each in waiting.values()]:
                if each.left is None:
                    self._end(each)
        until = time.monotonic() + seconds
        while (self._answering or self._whole) and time.monotonic() < until:
            time.sleep(_PATIENCE)
        if self._watcher is not None:
            self._watcher.connected(self._open)

    def _serve(self) -> None:
        """Lead when it is this thread's turn: read all that has come, answer one request, read again."""
        me = get_ident()
        while True:
            self._baton.acquire()
            self._leader = me
            while self._leader == me:
                try:
                    self._read(self._poll.wait(is_blocking=not self._whole))
                except Exception:  # the thread that leads must not end
                    _log.exception("The server failed.")
                    time.sleep(_FULL)
                if self._whole and (connection := self._next()) is not None:
                    self._answering[me] = self._answering_since = time.monotonic()
                    self._do(self._answer, connection)
                    with self._passing:
                        del self._answering[me]
                        if self._leader == me:
                            self._answering_since = math.inf

    def _pass_on(self) -> None:
        """Let another thread lead where the one that leads has not had its answer for some time.

        One thread that answers one short request after the other is quicker than several, which would take Python's
        lock from each other at every call of the system.
        """
        with self._passing:
            if time.monotonic() > self._answering_since + _PATIENCE:
                self._answering_since = math.inf
                self._leader = None
                self._baton.release()

    def _read(self, fds: Sequence[int]) -> None:
        """Read from the sockets that are ready, and take in new clients."""
        for fd in fds:
            if fd == self._listening.fileno():
                self._accept()
            elif (connection := self._connections.get(fd)) is not None:
                self._do(self._attend, connection)

    def _do(self, work: Callable[[_Connection], None], connection: _Connection) -> None:
        """Do something for a connection. A fault costs the connection, not a thread."""
        try:
            work(connection)
        except OSError:
            self._close(connection)
        except Exception:
            _log.exception("The server failed at a connection.")
            self._close(connection)

    def _next(self) -> _Connection | None:
        """Whose request is answered next: the addresses take turns, however many requests each has."""
        with self._changing:
            if not self._whole:
                return None
            host, waiting = self._whole.popitem(last=False)
            connection = waiting.popleft()
            if waiting:
                self._whole[host] = waiting  # as the last
            return connection

    def _accept(self) -> None:
        """Take in clients that have connected."""
        for _ in range(_MOST_READ):
            try:
                self._take_in(*self._listening.accept())
            except OSError as error:  # there is none any more, or no room for its file
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    with self._changing:
                        self._end_longest_waiting(self._most_connected())
                    time.sleep(_FULL)
                break
        if not self._is_stopping:
            self._poll.arm(self._listening.fileno(), _READY_TO_READ)

    def _take_in(self, sock: socket.socket, address: tuple[Any, ...]) -> None:
        sock.setblocking(False)
        with suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(sock, address[:2], spool_for=self._spool_for)
        host = connection.host
        with self._changing:
            count = self._counts.get(host, 0)
            if count >= self._bounds.connections_of_one_address and host not in self._bounds.trusted:
                self._end_longest_waiting(host)
            elif self._open >= self._bounds.connections:
                self._end_longest_waiting(self._most_connected())
            self._counts[host] = self._counts.get(host, 0) + 1
            self._open += 1
            self._connections[connection.fd] = connection
            self._wait(connection, self._bounds.seconds_idle)
        self._poll.arm(connection.fd, _READY_TO_READ, is_new=True)

    def _attend(self, connection: _Connection) -> None:
        """Do what there is to do for a connection that is ready, and wait for it again."""
        if connection.left is not None:
            self._send(connection, connection.left)
            return
        if not connection.queue:
            try:
                data = connection.sock.recv(_READ_AT_ONCE)
            except BlockingIOError:
                self._poll.arm(connection.fd, _READY_TO_READ)
                return
            if not data:
                if connection.begun and not connection.is_discarded:
                    self._refuse(connection, HTTPStatus.BAD_REQUEST)  # its body is shorter than it said
                else:
                    self._close(connection)
                return
            if connection.is_ending:  # what still comes is not read
                self._poll.arm(connection.fd, _READY_TO_READ)
                return
            was_begun = connection.begun
            try:
                connection.feed(data)
            except _RefusedError as refused:
                if not connection.queue:
                    self._refuse(connection, refused.status)
                    return
                connection.queue[-1] = connection.queue[-1]._replace(keeps_alive=False)
            if not connection.queue:
                self._hold(connection, len(data), was_begun=was_begun)
                return
        with self._changing:
            self._rest(connection)
            connection.held = sum(len(each.body) for each in connection.queue)
            self._held += connection.held
            is_too_much = self._held > self._bounds.bytes_held
            if not is_too_much:
                self._whole.setdefault(connection.host, deque()).append(connection)
        if is_too_much:
            self._refuse(connection, HTTPStatus.SERVICE_UNAVAILABLE)

    def _spool_for(self, connection: _Connection, request: _Request) -> Spool | None:
        return self._spool(self._environ_of(connection, request))

    def _hold(self, connection: _Connection, size: int, *, was_begun: bool) -> None:
        """Keep what has come of a request, and wait for the rest.

        A body that goes to the disk has more time in all, and no more from one part to the next.
        """
        is_spooled = connection.spooled is not None
        with self._changing:
            if is_spooled:
                self._release(connection)
                left = connection.until - time.monotonic()
                self._wait(connection, min(self._bounds.seconds_to_send, max(0.0, left)))
            else:
                connection.held += size
                self._held += size
            is_too_much = self._held > self._bounds.bytes_held
            if connection.begun and not was_begun and not is_spooled:
                self._wait(connection, self._bounds.seconds_to_send)
        if not connection.has_head and connection.held > _LONGEST_HEAD:
            self._refuse(connection, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif is_too_much:
            self._refuse(connection, HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self._poll.arm(connection.fd, _READY_TO_READ)

    def _answer(self, connection: _Connection) -> None:
        self._send(connection, memoryview(self._answered(connection, connection.queue.popleft())))

    def _answered(self, connection: _Connection, request: _Request) -> bytes:
        """What the application answers, to the last byte, but for a stream, which is sent as it comes."""
        keeps_alive = request.keeps_alive and request.version == "1.1" and not self._is_stopping
        connection.is_ending = not keeps_alive
        began: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str,
            headers: list[tuple[str, str]],
            exc_info: tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None = None,  # noqa: ARG001
        ) -> Callable[[bytes], object]:
            began[:] = [(status, headers)]
            return _cannot_write

        try:
            environ = self._environ_of(connection, request)
            parts = self._application(environ, start_response)
        except _RefusedError as refused:
            connection.is_ending = True
            self._tell(connection, refused.status)
            return self._bare(refused.status)
        except Exception:  # the application's own handlers failed
            _log.exception("The application failed.")
            connection.is_ending = True
            return self._bare(HTTPStatus.INTERNAL_SERVER_ERROR)
        try:
            status, headers = began[0]
            named = {name.lower() for name, _ in headers}
            has_body = request.method != "HEAD" and status[:3] not in ("204", "304") and status[:1] != "1"
            if has_body and "content-length" not in named and request.version == "1.1" and not _is_single(parts):
                return self._streamed(connection, status, headers, parts)
            body = b"".join(parts)
        finally:
            if close := getattr(parts, "close", None):
                close()
            if request.spooled is not None:
                request.spooled.close()
        if "content-length" not in named and has_body:
            headers = [*headers, ("Content-Length", str(len(body)))]
        return self._head(status, headers, keeps_alive=keeps_alive) + (body if has_body else b"")

    def _streamed(
        self, connection: _Connection, status: str, headers: list[tuple[str, str]], parts: Iterable[bytes]
    ) -> bytes:
        """Send an answer whose length nobody knows, part by part. Returns what ends it."""
        headers = [*headers, ("Transfer-Encoding", "chunked")]
        connection.sock.settimeout(self._bounds.seconds_to_send)  # for each part; the thread waits
        try:
            connection.sock.sendall(self._head(status, headers, keeps_alive=not connection.is_ending))
            for part in parts:
                if part:
                    connection.sock.sendall(b"%x\r\n%b\r\n" % (len(part), part))
        finally:
            connection.sock.setblocking(False)
        return b"0\r\n\r\n"

    def _send(self, connection: _Connection, answer: memoryview) -> None:
        """Send an answer, as far as the client takes it now, and wait: for the client, or for its next request."""
        try:
            sent = connection.sock.send(answer)
        except BlockingIOError:
            sent = 0
        if sent < len(answer):
            with self._changing:
                if connection.left is None:
                    self._release(connection)
                    connection.held = len(answer)
                    self._held += len(answer)
                    self._wait(connection, self._bounds.seconds_idle + len(answer) / _SLOWEST_READER)
                is_too_much = self._held > self._bounds.bytes_held
            connection.left = answer[sent:]
            if is_too_much:
                self._close(connection)
            else:
                self._poll.arm(connection.fd, _READY_TO_WRITE)
            return
        with self._changing:
            self._release(connection)
            self._wait(connection, _LINGER if connection.is_ending else self._bounds.seconds_idle)
            if self._is_stopping and not connection.queue:
                self._end(connection)
        connection.left = None
        if connection.is_ending:
            connection.queue.clear()
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_WR)
        self._poll.arm(connection.fd, _READY_TO_WRITE if connection.queue else _READY_TO_READ)

    def _refuse(self, connection: _Connection, status: HTTPStatus) -> None:
        """Answer what is no request that the application could answer, and end the connection."""
        connection.is_ending = True
        self._tell(connection, status)
        self._send(connection, memoryview(self._bare(status)))

    def _tell(self, connection: _Connection, status: HTTPStatus) -> None:
        """Tell of a request that the application does not see."""
        if self._watcher is not None:
            self._watcher.refused(connection.address[0], status)

    def _bare(self, status: HTTPStatus) -> bytes:
        return self._head(f"{status.value} {status.phrase}", [("Content-Length", "0")], keeps_alive=False)

    def _head(self, status: str, headers: Iterable[tuple[str, str]], *, keeps_alive: bool) -> bytes:
        now = int(time.time())
        if self._date[0] != now:
            self._date = (now, formatdate(now, usegmt=True).encode())
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers if "\n" not in value and "\r" not in value])
        how = b"" if keeps_alive else b"Connection: close\r\n"
        return b"HTTP/1.1 %b\r\n%bDate: %b\r\n%b\r\n" % (
            status.encode("latin-1"),
            lines.encode("latin-1"),
            self._date[1],
            how,
        )

    def _environ_of(self, connection: _Connection, request: _Request) -> dict[str, Any]:
        """The request as WSGI (PEP 3333) has it.

        Raises:
            _RefusedError: for a target that is no address of this service.
        """
        target = request.target
        if not target.startswith(b"/"):
            try:
                url = httptools.parse_url(target)
            except httptools.HttpParserInvalidURLError:
                raise _RefusedError(HTTPStatus.BAD_REQUEST) from None
            target = (url.path or b"/") + (b"?" + url.query if url.query else b"")
            if not target.startswith(b"/"):
                raise _RefusedError(HTTPStatus.BAD_REQUEST)
        path, _, query = target.partition(b"#")[0].partition(b"?")
        environ: dict[str, Any] = {
            **self._environ,
            "REQUEST_METHOD": request.method,
            "PATH_INFO": (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "REQUEST_URI": request.target.decode("latin-1"),
            "SERVER_PROTOCOL": f"HTTP/{request.version}",
            "REMOTE_ADDR": connection.address[0],
            "REMOTE_PORT": str(connection.address[1]),
            "wsgi.input": (request.spooled.opened() if request.spooled else None) or io.BytesIO(request.body),
        }
        if request.spooled is not None and request.spooled.is_lost:
            environ[BODY_LOST] = True
        for name, value in request.headers:
            if b"_" in name:  # it could be taken for the header with a hyphen
                continue
            key, text = name.decode("latin-1").upper().replace("-", "_"), value.decode("latin-1")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = f"HTTP_{key}"
            environ[key] = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}" if key in environ else text
        return environ

    # The methods below are called with `_changing` held.

    def _wait(self, connection: _Connection, seconds: float) -> None:
        """Let a connection wait, as the last that may be ended for another's sake."""
        connection.deadline = time.monotonic() + seconds
        waiting = self._waiting.setdefault(connection.host, OrderedDict())
        waiting[connection.fd] = connection
        waiting.move_to_end(connection.fd)

    def _rest(self, connection: _Connection) -> None:
        """Let a connection have all the time that its answer takes."""
        connection.deadline = math.inf
        self._release(connection)
        self._forget_waiting(connection)

    def _release(self, connection: _Connection) -> None:
        self._held -= connection.held
        connection.held = 0

    def _forget_waiting(self, connection: _Connection) -> None:
        waiting = self._waiting.get(connection.host)
        if waiting is not None:
            waiting.pop(connection.fd, None)
            if not waiting:
                del self._waiting[connection.host]

    def _most_connected(self) -> str:
        """The address of which most connections wait."""
        return max(self._waiting, key=lambda host: len(self._waiting[host]), default="")

    def _discount(self, connection: _Connection) -> None:
        """Count a connection no more."""
        if connection.is_counted:
            connection.is_counted = False
            host = connection.host
            self._open -= 1
            self._counts[host] -= 1
            if not self._counts[host]:
                del self._counts[host]

    def _end_longest_waiting(self, host: str) -> None:
        waiting = self._waiting.get(host)
        if waiting:
            self._end(next(iter(waiting.values())))

    def _end(self, connection: _Connection) -> None:
        """Have a connection end that waits: the thread that attends to it finds it at its end, and closes it."""
        self._forget_waiting(connection)
        self._discount(connection)
        connection.deadline = math.inf
        connection.is_discarded = True
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)

    # Until here.

    def _close(self, connection: _Connection) -> None:
        with self._changing:
            if self._connections.pop(connection.fd, None) is None:
                return
            self._release(connection)
            self._forget_waiting(connection)
            self._discount(connection)
        with suppress(OSError, KeyError):
            self._poll.forget(connection.fd)
        connection.sock.close()
        for spooled in (connection.spooled, *(each.spooled for each in connection.queue)):
            if spooled is not None:
                spooled.close()

    def _watch(self) -> None:
        """Have another thread lead where one takes long, and end connections whose time is up."""
        look_at = time.monotonic() + _OFTEN
        while not self._is_stopping:
            time.sleep(_PATIENCE if self._answering or self._whole else 5 * _PATIENCE)
            self._pass_on()
            if time.monotonic() > look_at:
                self._end_late()
                if self._watcher is not None:
                    self._watcher.connected(self._open)
                look_at = time.monotonic() + _OFTEN
        while True:
            time.sleep(_PATIENCE)
            self._pass_on()

    def _end_late(self) -> None:
        now = time.monotonic()
        refused = []
        with self._changing:
            waiting = [each for some in self._waiting.values() for each in some.values()]
            for connection in [each for each in waiting if each.deadline < now]:
                if connection.begun and not connection.is_ending and connection.left is None:
                    refused.append(connection)
                    with suppress(OSError):
                        connection.sock.send(self._bare(HTTPStatus.REQUEST_TIMEOUT))
                self._end(connection)
        for connection in refused:
            self._tell(connection, HTTPStatus.REQUEST_TIMEOUT)


def _is_single(parts: Iterable[bytes]) -> bool:
    """Whether an answer is all there already."""
    return isinstance(parts, (list, tuple)) or getattr(parts, "__len__", None) is not None


def _cannot_write(_: bytes) -> object:
    raise NotImplementedError("an application of this server returns what it sends")
