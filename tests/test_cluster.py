"""How a cluster is asked, by nodes that only pretend: which node, how often, and what its refusals mean.

What real nodes of OpenSearch do is tested in `tests/cluster`.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from qa import Engine, Settings
from qa.errors import (
    ClusterAccessError,
    ClusterIncompleteError,
    ClusterRejectedError,
    ClusterUnreachableError,
    MissingExtraError,
    SettingError,
)
from qa.retrievers import cluster as asking
from qa.retrievers import retrievers_of
from qa.retrievers.cluster import Cluster, NotThereError
from qa.retrievers.waiting import one_question
from web.problems import PROBLEMS

Reply = tuple[int, Any]
LATE = None  # what is answered too late
WHOLE = {"timed_out": False, "_shards": {"failed": 0}, "hits": {"hits": []}}
BUSY = {"error": {"type": "rejected_execution_exception", "reason": "the queue is full"}}


class PretendedNode:
    """A node that gives its replies in turn, the last one again and again, and remembers what it was sent."""

    def __init__(self, *replies: Reply) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.closing = threading.Event()
        left = list(replies)
        node = self

        class Handler(BaseHTTPRequestHandler):
            def reply(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                node.asked.append((self.command, self.path, sent))
                node.headers.append(dict(self.headers))
                status, body = left.pop(0) if len(left) > 1 else left[0]
                if body is LATE:
                    node.closing.wait(5)
                told = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                with suppress(ConnectionError):  # whoever asked may have given up
                    self.wfile.write(told)

            do_GET = do_POST = do_PUT = do_DELETE = reply  # noqa: N815 - as http.server calls them

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


Pretend = Callable[..., PretendedNode]


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pretend]:
    """Makes nodes. Nobody pauses between tries."""
    monkeypatch.setattr(asking, "_PAUSES", (0.0,))
    monkeypatch.setattr(asking, "_BULK_PAUSES", (0.0,))
    with ExitStack() as nodes:

        def made(*replies: Reply) -> PretendedNode:
            node = PretendedNode(*replies)
            nodes.callback(node.close)
            return node

        yield made


def cluster_of(*addresses: str, **more: Any) -> Cluster:
    return Cluster(Settings(cluster=addresses, **more))


def nobody() -> str:
    """An address at which nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}"


# Which node, and how often


def test_a_node_that_does_not_answer_costs_no_question(pretend: Pretend) -> None:
    node = pretend((200, WHOLE))
    cluster = cluster_of(nobody(), node.address, nobody())
    for _ in range(6):
        assert cluster.call("POST", "i/_search", {}) == WHOLE
    assert len(node.asked) == 6


def test_a_node_that_ends_in_the_middle_of_a_handshake_costs_no_question(pretend: Pretend) -> None:
    node = pretend((200, WHOLE))
    with socket.create_server(("127.0.0.1", 0)) as ending:

        def end() -> None:
            connection, _ = ending.accept()
            connection.recv(10_000)  # else it would be reset
            connection.close()

        thread = threading.Thread(target=end)
        thread.start()
        cluster = cluster_of(node.address, f"https://127.0.0.1:{ending.getsockname()[1]}")
        assert [cluster.call("GET", "i") for _ in range(4)] == [WHOLE] * 4  # of which the first asks the other node
        thread.join()
    assert len(node.asked) == 4


def test_the_nodes_are_asked_in_turn(pretend: Pretend) -> None:
    nodes = [pretend((200, WHOLE)) for _ in range(3)]
    cluster = cluster_of(*(node.address for node in nodes))
    for _ in range(6):
        cluster.call("GET", "i")
    assert [len(node.asked) for node in nodes] == [2, 2, 2]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_node_that_fails_is_asked_again_or_another_is(pretend: Pretend, status: int) -> None:
    node = pretend((status, BUSY), (status, b"<html>"), (200, WHOLE))
    assert cluster_of(node.address).call("POST", "i/_search", {}) == WHOLE
    assert len(node.asked) == 3


def test_a_cluster_that_only_fails_is_an_error_and_no_empty_answer(pretend: Pretend) -> None:
    node = pretend((503, BUSY))
    with pytest.raises(ClusterIncompleteError, match="cannot answer wholly now: the queue is full"):
        cluster_of(node.address).call("POST", "i/_search", {}, wait=0.2)
    assert len(node.asked) > 1


@pytest.mark.parametrize("answer", [{"_shards": {"failed": 1}}, {"timed_out": True}])
def test_what_is_not_whole_is_asked_again_and_at_last_is_an_error(pretend: Pretend, answer: dict[str, Any]) -> None:
    soon = pretend((200, WHOLE | answer), (200, WHOLE))
    assert cluster_of(soon.address).call("POST", "i/_search", {}) == WHOLE
    assert len(soon.asked) == 2
    never = pretend((200, WHOLE | answer))
    with pytest.raises(ClusterIncompleteError):
        cluster_of(never.address).call("POST", "i/_search", {}, wait=0.2)
    assert len(never.asked) > 1


NOT_STARTED = {"total": 3, "successful": 2, "failed": 0}  # as it is told where no copy of a shard has started


@pytest.mark.parametrize(
    "part", [WHOLE | {"_shards": {"failed": 1}}, WHOLE | {"_shards": NOT_STARTED}, {"status": 503, **BUSY}]
)
def test_of_several_searches_each_must_be_whole(
    pretend: Pretend, monkeypatch: pytest.MonkeyPatch, part: dict[str, Any]
) -> None:
    soon = pretend((200, {"responses": [WHOLE, part]}), (200, {"responses": [WHOLE, WHOLE]}))
    assert cluster_of(soon.address).search_all("i/_msearch", [{}, {}]) == [WHOLE, WHOLE]
    cluster = cluster_of(pretend((200, {"responses": [WHOLE, part]})).address)
    monkeypatch.setattr(cluster, "_limit", 0.2)
    with pytest.raises(ClusterIncompleteError):
        cluster.search_all("i/_msearch", [{}, {}])


def test_a_search_is_whole_only_if_all_shards_answered_and_a_change_needs_no_copy(pretend: Pretend) -> None:
    lacking = WHOLE | {"_shards": NOT_STARTED}
    with pytest.raises(ClusterIncompleteError, match="1 shards did not answer"):
        cluster_of(pretend((200, lacking)).address).search("i/_search?", {}, wait=0.2)
    assert cluster_of(pretend((200, lacking)).address).call("POST", "i/_refresh", {}) == lacking


def test_no_search_may_leave_out_shards(pretend: Pretend) -> None:
    node = pretend((200, {"responses": [WHOLE]}))
    cluster_of(node.address).search_all("i/_msearch", [{"size": 0}])
    assert node.asked[0][2].splitlines()[0] == '{"allow_partial_search_results":false}'


def test_all_requests_of_one_question_have_its_time_together(pretend: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    node = pretend((200, WHOLE))
    cluster = cluster_of(node.address, cluster_timeout=10)
    with one_question():
        assert cluster.search("i/_search?", {}) == WHOLE
        now[0] += 10
        with pytest.raises(ClusterUnreachableError):
            cluster.search("i/_search?", {})
    assert cluster.search("i/_search?", {}) == WHOLE
    assert len(node.asked) == 2


@pytest.mark.parametrize("seen", [2, 1])
def test_where_nodes_do_not_reach_one_another_those_are_asked_that_reach_the_most(
    pretend: Pretend, monkeypatch: pytest.MonkeyPatch, seen: int
) -> None:
    """Of three nodes the first is slow and, if it answers at all, reaches itself alone."""
    monkeypatch.setattr(asking, "_GLANCE", 0.2)
    alone, others = (
        {"nodes": {each: {"name": f"of {each}"} for each in ids}} for ids in (["a"][: seen - 1], ["b", "c"])
    )
    lost = pretend((200, LATE), (200, alone), (200, LATE))
    left = [pretend((200, others), (200, WHOLE)) for _ in range(2)]
    cluster = cluster_of(*(node.address for node in (left[0], lost, left[1])), cluster_timeout=1)
    for _ in range(5):
        assert cluster.search("i/_search?size=1", {}) == WHOLE
    assert cluster.call("GET", "i/_doc/a") == WHOLE
    assert [path.partition("?")[0] for _, path, _ in lost.asked] == ["/i/_search", "/_nodes/_all/http"]
    kept = "preference=_prefer_nodes:b,c"
    paths = {path for node in left for _, path, _ in node.asked[1:]}
    assert paths == {f"/i/_search?size=1&{kept}", f"/i/_doc/a?{kept}"}


def test_an_address_where_nobody_listens_is_named_with_the_reason() -> None:
    address = nobody()
    with pytest.raises(ClusterUnreachableError) as caught:
        cluster_of(address).call("GET", "i", wait=0.2)
    assert str(caught.value) == f"The cluster does not answer at {address}: nothing listens there."
    with pytest.raises(ClusterUnreachableError, match=r": http://127.0.0.1:\d+: nothing listens there\.$"):
        cluster_of(address, nobody()).call("GET", "i", wait=0.2)


def test_what_is_no_cluster_is_said_to_be_none(pretend: Pretend) -> None:
    with pytest.raises(ClusterUnreachableError, match="what answers there is no OpenSearch"):
        cluster_of(pretend((200, b"<html>Welcome</html>")).address).call("GET", "i")


def test_a_path_in_the_address_is_kept(pretend: Pretend) -> None:
    node = pretend((200, WHOLE))
    cluster_of(f"{node.address}/search/").call("GET", "i/_stats")
    assert node.asked == [("GET", "/search/i/_stats", "")]


# Refusals


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b"Unauthorized", ClusterAccessError),
        (403, {"error": {"type": "security_exception", "reason": "no permissions"}}, ClusterAccessError),
        (403, {"error": {"type": "cluster_block_exception", "reason": "disk usage is high"}}, ClusterRejectedError),
        (400, {"error": {"type": "illegal_argument_exception", "reason": "no"}}, ClusterRejectedError),
        (404, {"error": {"type": "index_not_found_exception", "reason": "no such index [i]"}}, NotThereError),
    ],
)
def test_a_refusal_is_told_for_what_it_is_and_not_tried_again(
    pretend: Pretend, status: int, body: Any, error: type[Exception]
) -> None:
    node = pretend((status, body))
    with pytest.raises(error) as caught:
        cluster_of(node.address).call("POST", "i/_search?size=1", {})
    assert len(node.asked) == 1
    assert error is NotThereError or "(POST i/_search)" in str(caught.value)


NO_INDEX = {"error": {"type": "index_not_found_exception", "reason": "no such index [i]"}, "status": 404}


def test_an_index_is_missing_only_if_no_node_knows_of_it(pretend: Pretend) -> None:
    lost, other = pretend((404, NO_INDEX)), pretend((200, WHOLE))
    cluster = cluster_of(lost.address, other.address)
    assert [cluster.call("POST", "i/_search", {}) for _ in range(4)] == [WHOLE] * 4
    assert (len(lost.asked), len(other.asked)) == (2, 4)
    with pytest.raises(NotThereError, match="no such index"):
        cluster_of(lost.address, nobody(), lost.address).call("POST", "i/_search", {})
    several = [pretend((200, {"responses": [each]})) for each in (WHOLE, NO_INDEX)]
    assert cluster_of(*(each.address for each in several)).search_all("i/_msearch", [{}]) == [WHOLE]


def test_documents_that_are_asked_for_by_their_ids_must_all_be_told(pretend: Pretend) -> None:
    broken = {"docs": [{"_id": "a", "found": True}, {"_id": "b", "error": {"type": "no_shard_available"}}]}
    whole = {"docs": [{"_id": "a", "found": True}, {"_id": "b", "found": False}]}
    node = pretend((200, broken), (200, whole))
    assert cluster_of(node.address).call("POST", "i/_mget", {"ids": ["a", "b"]}) == whole
    missing = {"docs": [{"_id": "a", **NO_INDEX}]}
    nowhere = pretend((200, missing))
    assert cluster_of(nowhere.address).call("POST", "i/_mget", {"ids": ["a"]}) == missing
    assert (len(node.asked), len(nowhere.asked)) == (2, 1)


def test_what_a_node_does_not_take_since_it_does_not_know_the_index_is_sent_to_another(pretend: Pretend) -> None:
    lost = pretend((200, {"errors": True, "items": [{"index": {"status": 404, "error": NO_INDEX["error"]}}]}))
    other = pretend(written(201))
    assert cluster_of(other.address, lost.address).write("i", [({"index": {}}, {})]) == 1
    assert (len(lost.asked), len(other.asked)) == (1, 1)


def test_an_index_that_the_first_of_two_tries_made_is_made(pretend: Pretend) -> None:
    there = {"error": {"type": "resource_already_exists_exception", "reason": "index [i] exists"}}
    node = pretend((503, BUSY), (400, there))
    cluster_of(node.address).call("PUT", "i", {})
    assert len(node.asked) == 2


def test_a_change_is_asked_for_until_the_cluster_says_that_it_is_made(pretend: Pretend) -> None:
    still_open = {"acknowledged": False, "indices": {"i": {"closed": False}}}
    half = {"acknowledged": True, "shards_acknowledged": False}
    node = pretend((200, still_open), (200, half), (200, {"acknowledged": True}))
    cluster_of(node.address).change("POST", "i/_close", wait=60)
    assert len(node.asked) == 3


def test_a_change_that_the_cluster_never_makes_is_an_error(pretend: Pretend) -> None:
    node = pretend((200, {"acknowledged": False}))
    with pytest.raises(ClusterIncompleteError, match="does not carry out"):
        cluster_of(node.address).change("POST", "i/_close", wait=0.2)
    assert len(node.asked) > 1


def test_the_user_and_the_password_of_a_file_are_sent(pretend: Pretend, tmp_path: Path) -> None:
    node, file = pretend((200, WHOLE)), tmp_path / "password"
    file.write_text("sëcret\n", "utf-8")
    cluster_of(node.address, cluster_user="terns", cluster_password_file=file).call("GET", "i")
    cluster_of(node.address, cluster_api_key_file=file).call("GET", "i")
    sent = [headers["Authorization"] for headers in node.headers]
    assert sent == [f"Basic {base64.b64encode('terns:sëcret'.encode()).decode()}", "ApiKey sëcret"]


def test_settings_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cluster is needed"):
        retrievers_of("opensearch", Settings())
    with pytest.raises(SettingError, match="cluster_password_file is needed"):
        cluster_of("http://a", cluster_user="terns")
    with pytest.raises(SettingError, match=r"cluster_password_file names a file that cannot be used: .*no such file"):
        cluster_of("http://a", cluster_user="terns", cluster_password_file=tmp_path / "none")
    with pytest.raises(SettingError, match=r"cluster_ca names a file without certificates"):
        cluster_of("https://a", cluster_ca=Path(__file__))


def test_without_its_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(__import__("sys").modules, "qa.retrievers.opensearch", raising=False)
    monkeypatch.delitem(__import__("sys").modules, "qa.retrievers.cluster", raising=False)
    monkeypatch.setitem(__import__("sys").modules, "urllib3", None)
    with pytest.raises(MissingExtraError, match="the extra 'cluster'"):
        retrievers_of("opensearch", Settings(cluster=("http://a",)))


# Writing


def written(*statuses: int) -> Reply:
    items = [{"index": {"status": each} | ({"error": BUSY["error"]} if each >= 400 else {})} for each in statuses]
    return 200, {"errors": max(statuses) >= 400, "items": items}


def test_what_there_is_no_room_for_now_is_sent_again_and_nothing_else(pretend: Pretend) -> None:
    node = pretend(written(201, 429, 201), (429, BUSY), written(429), written(201))
    again = cluster_of(node.address).write("i", [({"index": {"_id": each}}, {"id": each}) for each in ("a", "b", "c")])
    sent = [[json.loads(line)["id"] for line in body.splitlines()[1::2]] for _, _, body in node.asked]
    assert sent == [["a", "b", "c"], ["b"], ["b"], ["b"]]
    assert again == 2


def test_much_is_sent_in_parts(pretend: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_MOST", 2)
    node = pretend(written(201, 201), written(201, 201), written(201))
    cluster_of(node.address).write("i", [({"delete": {"_id": str(number)}},) for number in range(5)])
    assert [len(body.splitlines()) for _, _, body in node.asked] == [2, 2, 1]


def test_what_is_refused_for_good_ends_the_writing(pretend: Pretend) -> None:
    node = pretend(written(201, 400))
    with pytest.raises(ClusterRejectedError, match="the queue is full"):
        cluster_of(node.address).write("i", [({"index": {}}, {}), ({"index": {}}, {})])


def test_a_cluster_that_takes_nothing_for_long_is_an_error(pretend: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_PATIENCE", 0.0)
    with pytest.raises(ClusterRejectedError, match="the queue is full"):
        cluster_of(pretend(written(429)).address).write("i", [({"index": {}}, {})])


# The service


@pytest.mark.parametrize("error", [ClusterIncompleteError, ClusterUnreachableError])
def test_a_cluster_that_cannot_answer_is_told_as_503_with_a_time_to_come_back(
    client: FlaskClient,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    error: type[ClusterIncompleteError | ClusterUnreachableError],
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error("https://a:9200", reason="a shard is lost")

    retriever = type(engine._library.snapshot().retriever)
    assert client.get("/readyz").status_code == 200
    monkeypatch.setattr(retriever, "search", fail)
    monkeypatch.setattr(retriever, "reach", fail)
    for answer in (client.post("/ask", json={"question": "Did fever end?"}), client.get("/readyz")):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert answer.json is not None
        assert answer.json["type"] == f"/problems/{error.code}"
        assert answer.json["detail"].startswith(PROBLEMS[error.code].meaning)
    assert client.get("/livez").status_code == 200
