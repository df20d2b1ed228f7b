"""The server: what it reads as HTTP/1.1, and how little a client can take of it."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from web.networks import of_one_client
from web.service.listening import Bounds, Listener, Poll, SelectorPoll, new_poll

if TYPE_CHECKING:
    from wsgiref.types import StartResponse

PATIENCE = 20.0  # seconds
HEAD = b"POST /echo HTTP/1.1\r\nHost: terns\r\n"
QUICK = Bounds(seconds_to_send=0.6, seconds_idle=0.9)


def application(environ: dict[str, Any], start: StartResponse) -> Sequence[bytes]:
    """Answers with what it was sent, as often as the path says."""
    path, body = environ["PATH_INFO"], environ["wsgi.input"].read()
    if path == "/fail":
        raise ValueError("it fails")
    if path == "/slow":
        time.sleep(0.02)
    if path == "/stream":
        start("200 OK", [("Content-Type", "text/plain")])
        return (part for part in (b"one", b"", b"two"))  # type: ignore[return-value]
    if path == "/headers":
        body = "\n".join(f"{name}={environ[name]}" for name in sorted(environ) if name.startswith("HTTP_")).encode()
    times = int(path.removeprefix("/times/")) if path.startswith("/times/") else 1
    answer = f"{environ['REQUEST_METHOD']} {path}?{environ['QUERY_STRING']} ".encode("latin-1") + body * times
    start("200 OK", [("Content-Length", str(len(answer)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer]


@contextmanager
def listening(
    bounds: Bounds | None = None, *, threads: int = 2, poll: Callable[[], Poll] = new_poll
) -> Iterator[tuple[Listener, int]]:
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as held:
        listener = Listener(application, held, threads=threads, bounds=bounds, poll=poll())
        listener.start()
        yield listener, held.getsockname()[1]
        listener.stop(seconds=5)


def connect(port: int, *, address: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE, source_address=(address, 0))


def to_the_end(client: socket.socket) -> bytes:
    received = b""
    try:
        while some := client.recv(65_536):
            received += some
    except ConnectionResetError:
        pass
    return received


def sent(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """All that is answered to parts, until the connection ends."""
    with connect(port) as client:
        for part in parts:
            client.sendall(part)
            time.sleep(pause)
        client.shutdown(socket.SHUT_WR)
        return to_the_end(client)


def statuses(answer: bytes) -> list[int]:
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


def is_answered(port: int, *, address: str = "127.0.0.1") -> bool:
    """Whether a client that comes now is answered within a second."""
    with connect(port, address=address) as client:
        client.settimeout(1.0)
        client.sendall(HEAD + b"Content-Length: 5\r\n\r\nterns")
        return client.recv(65_536).endswith(b"POST /echo? terns")


def ready(clients: Sequence[socket.socket], seconds: float) -> list[socket.socket]:
    """Those that have been sent something, or ended, once there is one. `select.select` takes no file above 1,023."""
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client, selectors.EVENT_READ)
        found = {key.fd for key, _ in selector.select(seconds)}
    return [client for client in clients if client.fileno() in found]


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


POLLS = [new_poll, SelectorPoll]


@pytest.mark.parametrize("poll", POLLS)
@pytest.mark.parametrize("pause", [0.0, 0.02])
def test_a_request_is_read_whole_however_it_comes(poll: Callable[[], Poll], pause: float) -> None:
    whole = HEAD + b"Content-Length: 5\r\n\r\nterns"
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nte\r\n3\r\nrns\r\n0\r\n\r\n"
    with listening(poll=poll) as (_, port):
        for request in (whole, chunked):
            parts = [request[at : at + 9] for at in range(0, len(request), 9)]
            answer = sent(port, *(parts if pause else [request]), pause=pause)
            assert (statuses(answer), answer.rpartition(b"\r\n\r\n")[2]) == ([200], b"POST /echo? terns")


def test_a_connection_is_kept_and_requests_in_a_row_are_answered_in_their_order() -> None:
    with listening() as (_, port):
        requests = [b"GET /%d?a=%d HTTP/1.1\r\nHost: terns\r\n\r\n" % (number, number) for number in range(10)]
        answer = sent(port, b"".join(requests))
        assert statuses(answer) == [200] * 10
        assert [each.partition(b"HTTP/1.1")[0] for each in answer.split(b"GET ")[1:]] == [
            b"/%d?a=%d " % (number, number) for number in range(10)
        ]


def test_the_path_is_decoded_and_the_query_is_not() -> None:
    with listening() as (_, port):
        assert sent(port, b"GET /a%20b/%C3%A9?q=%20 HTTP/1.1\r\nHost: t\r\n\r\n").endswith("GET /a b/é?q=%20 ".encode())
        assert sent(port, b"GET http://t/a?b HTTP/1.1\r\nHost: t\r\n\r\n").endswith(b"GET /a?b ")


def test_head_has_no_body_and_http_1_0_ends_the_connection() -> None:
    with listening() as (_, port):
        head = sent(port, b"HEAD / HTTP/1.1\r\nHost: terns\r\n\r\n")
        assert head.endswith(b"\r\n\r\n")
        assert b"Content-Length: 8\r\n" in head
        with connect(port) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert b"Connection: close" in to_the_end(client)


def test_an_answer_without_a_length_is_sent_in_chunks() -> None:
    with listening() as (_, port):
        answer = sent(port, b"GET /stream HTTP/1.1\r\nHost: terns\r\n\r\n")
        assert answer.endswith(b"Transfer-Encoding: chunked\r\n" + answer.partition(b"chunked\r\n")[2])
        assert answer.endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


def test_a_client_that_waits_for_a_go_ahead_gets_one() -> None:
    with listening() as (_, port), connect(port) as client:
        client.sendall(HEAD + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"terns")
        assert client.recv(1000).endswith(b"terns")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"What is a tern?\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET terns HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nterns", 400),
        (HEAD + b"Content-Length: +5\r\n\r\nterns", 400),
        (HEAD + b"Content-Length: 5\r\n\r\nter", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", 400),
        (HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"A: b\r\n c\r\n\r\n", 400),
        (b"GET /" + b"x" * 66_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (HEAD + b"X: " + b"x" * 300_000 + b"\r\n\r\n", 431),
        (HEAD + b"X: x\r\n" * 200 + b"\r\n", 431),
        (b"GET /fail HTTP/1.1\r\nHost: a\r\n\r\n", 500),
    ],
)
def test_what_is_no_request_is_refused_and_ends_the_connection(request_: bytes, status: int) -> None:
    with listening() as (_, port):
        answer = sent(port, request_)
        assert statuses(answer) == [status]
        assert b"Content-Length: 0\r\n" in answer
        assert b"Connection: close\r\n" in answer


def test_a_header_with_an_underscore_is_not_taken_for_one_with_a_hyphen() -> None:
    with listening() as (_, port):
        answer = sent(
            port,
            b"GET /headers HTTP/1.1\r\nHost: a\r\nX_Real-IP: b\r\nX-A: c\r\nX-A: d\r\nCookie: e\r\nCookie: f\r\n\r\n",
        )
        assert answer.endswith(b"HTTP_COOKIE=e; f\nHTTP_HOST=a\nHTTP_X_A=c,d")


def test_no_more_of_a_body_is_taken_in_than_the_largest_that_is_allowed() -> None:
    with listening() as (_, port):
        declared = sent(port, HEAD + b"Content-Length: 100000000\r\n\r\nterns")
        assert statuses(declared) == [200]
        assert b"Connection: close" in declared
        endless = sent(
            port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b"x" * 65_536 + b"\r\n") * 40
        )
        assert statuses(endless) == [200]
        assert 1_000_000 < len(endless) < 1_200_000


def test_clients_that_send_a_byte_at_a_time_take_no_thread_from_others() -> None:
    with listening(threads=1) as (listener, port), ExitStack() as stack:
        slow = [stack.enter_context(connect(port)) for _ in range(90)]
        for client in slow:
            client.sendall(HEAD + b"Content-Length: 500\r\n\r\n")
        for _ in range(3):
            for client in slow:
                client.sendall(b"x")
            assert is_answered(port)
        wait_until(lambda: listener.open_connections == len(slow))


def test_connections_of_one_address_are_limited_and_the_one_that_waited_longest_goes() -> None:
    bounds = Bounds(connections_of_one_address=20, trusted=frozenset({"127.0.0.3"}))
    with listening(bounds) as (listener, port), ExitStack() as stack:
        others = [stack.enter_context(connect(port, address="127.0.0.2")) for _ in range(10)]
        many = [stack.enter_context(connect(port)) for _ in range(100)]
        wait_until(lambda: len(ready(many, 0)) >= 80)
        wait_until(lambda: listener.open_connections <= 30)
        assert is_answered(port)
        assert is_answered(port, address="127.0.0.2")
        ended = ready(many, 0)
        assert set(many[:80]) <= set(ended)
        assert not set(many[81:]) & set(ended)
        assert ready(others, 0) == []
        trusted = [stack.enter_context(connect(port, address="127.0.0.3")) for _ in range(100)]
        assert is_answered(port)
        assert ready(trusted, 0) == []


def test_connections_in_all_are_limited_and_the_address_with_most_gives_room() -> None:
    with listening(Bounds(connections=50, connections_of_one_address=1000)) as (listener, port), ExitStack() as stack:
        quiet = [stack.enter_context(connect(port, address="127.0.0.2")) for _ in range(5)]
        many = [stack.enter_context(connect(port)) for _ in range(300)]
        wait_until(lambda: len(ready(many, 0)) >= 255)
        wait_until(lambda: listener.open_connections <= 50)
        assert is_answered(port, address="127.0.0.4")
        assert ready(quiet, 0) == []


def test_3000_clients_that_send_nothing_delay_nobody_by_a_second() -> None:
    with listening() as (listener, port), ExitStack() as stack:
        for number in range(3000):
            stack.enter_context(connect(port, address=f"127.0.1.{number % 60 + 1}"))
        assert is_answered(port)
        assert listener.open_connections <= 1001


def test_connections_end_that_send_nothing_or_take_too_long_to_send() -> None:
    with listening(QUICK) as (listener, port), connect(port) as silent, connect(port) as slow, connect(port) as kept:
        slow.sendall(HEAD + b"Content-Length: 500\r\n\r\n")
        kept.sendall(b"GET / HTTP/1.1\r\nHost: terns\r\n\r\n")
        assert to_the_end(silent) == b""
        assert statuses(to_the_end(slow)) == [408]
        assert statuses(to_the_end(kept)) == [200]
        wait_until(lambda: listener.open_connections == 0)


def test_bytes_that_keep_coming_do_not_move_the_deadline() -> None:
    with listening(QUICK) as (_, port), connect(port) as slow:
        slow.sendall(HEAD + b"Content-Length: 500\r\n\r\n")
        began = time.monotonic()
        while not ready([slow], 0.05):
            slow.sendall(b"x")
        assert time.monotonic() - began < PATIENCE
        assert statuses(to_the_end(slow)) == [408]


def test_a_client_that_does_not_read_takes_no_thread_and_its_connection_ends() -> None:
    request = b"POST /times/400 HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20_000  # 8 MB
    with listening(QUICK, threads=1) as (listener, port), ExitStack() as stack:
        for _ in range(3):
            client = stack.enter_context(connect(port))
            client.sendall(request)
        assert is_answered(port)
        assert listener.open_connections >= 3


def test_a_client_that_reads_slowly_gets_all_of_a_large_answer() -> None:
    request = (
        b"POST /times/400 HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\nConnection: close\r\n\r\n" + b"x" * 20_000
    )
    with listening() as (_, port), connect(port) as client:
        client.sendall(request)
        time.sleep(0.2)
        assert to_the_end(client).count(b"x") == 8_000_000


def test_what_is_held_of_requests_and_answers_is_limited_in_bytes() -> None:
    with listening(Bounds(bytes_held=2_000_000)) as (_, port), ExitStack() as stack:
        clients = [stack.enter_context(connect(port)) for _ in range(6)]
        for client in clients:
            client.sendall(HEAD + b"Content-Length: 900000\r\n\r\n" + b"x" * 500_000)
        refused = ready(clients, PATIENCE)
        assert [statuses(to_the_end(each)) for each in refused[:1]] == [[503]]
        assert is_answered(port)
        assert len(ready(clients, 0)) < len(clients)


def test_whole_requests_that_wait_their_turn_count_as_held_too() -> None:
    request = b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n" + b"x" * 900_000
    with listening(Bounds(bytes_held=2_000_000), threads=1) as (listener, port):
        with ExitStack() as stack:
            clients = [stack.enter_context(connect(port)) for _ in range(24)]
            senders = [Thread(target=client.sendall, args=[request]) for client in clients]
            for sender in senders:
                sender.start()
            answers = []
            for client, sender in zip(clients, senders, strict=True):
                with suppress(OSError):
                    answers += statuses(client.recv(40))
                sender.join(PATIENCE)
            assert set(answers) == {200, 503}
            assert is_answered(port)
        wait_until(lambda: listener._held == 0)  # once the clients have gone


def test_stopping_waits_for_the_answer_to_a_whole_request() -> None:
    with listening() as (listener, port), connect(port) as idle:
        wait_until(lambda: listener.open_connections == 1)
        listener.stop(seconds=5)
        assert to_the_end(idle) == b""


def test_addresses_take_turns_where_more_is_asked_than_can_be_answered() -> None:
    request = b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
    with listening(threads=1) as (_, port), ExitStack() as stack:
        greedy = [stack.enter_context(connect(port, address="127.0.0.2")) for _ in range(50)]
        for client in greedy:
            client.sendall(request)
        with connect(port, address="127.0.0.3") as client:
            client.sendall(request)
            assert statuses(client.recv(1000)) == [200]
            assert len(ready(greedy, 0)) < 25


def test_one_client_of_ipv6_is_known_by_the_first_half_of_its_address() -> None:
    assert of_one_client("2001:db8:1:2:3:4:5:6") == of_one_client("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert of_one_client("::ffff:192.0.2.1") == of_one_client("192.0.2.1") == "192.0.2.1"
    assert of_one_client("fe80::1%eth0") == "fe80::/64"
