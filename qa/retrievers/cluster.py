"""A cluster of OpenSearch, asked over HTTP: which node, how often, how long, and what its refusals mean."""

from __future__ import annotations

import base64
import json
import math
import socket
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, LocationParseError, ReadTimeoutError, SSLError

from qa.config import Settings
from qa.errors import (
    ClusterAccessError,
    ClusterIncompleteError,
    ClusterRejectedError,
    ClusterUnreachableError,
    ClusterUntrustedError,
    SettingError,
)
from qa.retrievers import files
from qa.retrievers.waiting import seconds_left

__all__ = ["Cluster", "ConflictError", "NotThereError"]

_ATTEMPT = 0.4  # of the time limit, which one node is given: two may be lost on a node that has frozen
_CONNECT = 2.0  # seconds, to reach a node
_AVOIDED = (10.0, 20.0, 40.0, 80.0, 160.0)  # seconds for which a node that does not answer is asked after all others
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds, after every node was tried; then always the last one
_AGAIN = {408, 429, 500, 502, 503, 504}  # a node that is lost while it fetches gives 500
_REFUSED = {401, 403}
_CONNECTIONS = 16  # to each node, which are kept open
_ALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 11_000}
"""Seconds, or milliseconds: a node that the network has lost is known for that 11 s later, however long it may work."""

_BULK = 4_000_000  # characters sent at a time
_MOST = 4_000  # documents sent at a time
_BULK_TIME = 60.0  # seconds, for which a bulk is waited
_PATIENCE = 300.0  # seconds without progress, after which writing is given up
_BULK_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds; then always the last one

_GLANCE = 1.0  # seconds, in which a node that works says which others it reaches
_OTHERS = 0.6  # of these, for which it waits for them
_KEPT_TO = 60.0  # seconds; a node that has frozen leaves its cluster within 36
_HEADER = {"allow_partial_search_results": False}  # of each of several searches
_WRITING = "POST {}/_bulk"
_IS_THERE = 409  # the status of what `create` finds there already

_JSON, _LINES = "application/json", "application/x-ndjson"
_DUMP = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_NO_INDEX = "index_not_found_exception"
_IS_FULL = "cluster_block_exception"


class NotThereError(LookupError):
    """There is nothing at a path: no such index, or no such document."""


class ConflictError(Exception):
    """What was to be changed is no more what it was taken for, or is there already."""


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    body: str
    kind: str

    @property
    def name(self) -> str:
        """What is asked, for people."""
        return f"{self.method} {self.path.partition('?')[0]}"

    def keeping_to(self, _: str) -> tuple[str, str]:
        """Path and body, as they are sent where only these nodes answer."""
        return self.path, self.body

    def lacking(self, body: Mapping[str, Any]) -> str:
        """What a reply without an error lacks, if it is not whole."""
        failed = body.get("_shards", {}).get("failed", 0)
        return f"{failed} shards did not answer" if failed or body.get("timed_out") is True else ""


@dataclass(frozen=True, slots=True)
class _Search(_Request):
    """A request for one search or, in lines, for several. It asks how many shards there are, and how many answered."""

    def keeping_to(self, nodes: str) -> tuple[str, str]:
        if not nodes:
            return self.path, self.body
        preference = f"_prefer_nodes:{nodes}"
        if self.kind == _LINES:
            with_it = _DUMP(_HEADER | {"preference": preference})
            return self.path, self.body.replace(f"{_DUMP(_HEADER)}\n", f"{with_it}\n")
        return f"{self.path}&preference={preference}", self.body

    def lacking(self, body: Mapping[str, Any]) -> str:
        """The same. A shard of which no copy has started is not among those that failed."""
        shards = body.get("_shards", {})
        left = shards.get("total", 0) - shards.get("successful", 0)
        return f"{left} shards did not answer" if left > 0 else _Request.lacking(self, body)


@dataclass(frozen=True, slots=True)
class _Reading(_Request):
    """A request for documents by their ids; its path has parameters or takes them."""

    def keeping_to(self, nodes: str) -> tuple[str, str]:
        if not nodes:
            return self.path, self.body
        return f"{self.path}{'&' if '?' in self.path else '?'}preference=_prefer_nodes:{nodes}", self.body


class _Reply(NamedTuple):
    status: int
    body: Any


class _Node:
    """One node, with its open connections."""

    def __init__(self, address: str, tls: ssl.SSLContext | None) -> None:
        self.address = address
        self.path = (urllib3.util.parse_url(address).path or "").rstrip("/")
        self.reached, self.reached_until = (
            "",
            0.0,
        )  # the nodes that it reached when it was asked, and until when it counts
        self._failures = 0
        self._avoided_until = 0.0
        more: dict[str, Any] = {} if tls is None or not address.startswith("https:") else {"ssl_context": tls}
        self.pool = urllib3.connection_from_url(
            address, maxsize=_CONNECTIONS, retries=False, socket_options=_options(), **more
        )

    @property
    def is_avoided(self) -> bool:
        """Whether it lately did not answer."""
        return self._avoided_until > time.monotonic()

    def begin(self) -> None:
        """It is asked: one request tries it, where it did not answer, and not all at once."""
        if self._failures:
            self._avoid()

    def has_answered(self) -> None:
        """It works."""
        self._failures, self._avoided_until = 0, 0.0

    def has_failed(self) -> None:
        """It gave no answer."""
        self._avoid()
        self._failures += 1

    def _avoid(self) -> None:
        self._avoided_until = time.monotonic() + _AVOIDED[min(self._failures, len(_AVOIDED) - 1)]


class Cluster:
    """The cluster that the settings name. Many threads may ask it at once."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is asked yet.

        Raises:
            SettingError: where it has no address, or a file with a secret cannot be read.
        """
        if not settings.cluster:
            raise SettingError(
                "cluster", "is needed: the addresses of the cluster, such as --cluster https://search.example:9200"
            )
        self._limit = float(settings.cluster_timeout)
        self._headers = _authorization(settings)
        tls = _tls(settings.cluster_ca) if any(each.startswith("https:") for each in settings.cluster) else None
        try:
            self._nodes = [_Node(address, tls) for address in settings.cluster]
        except (LocationParseError, ValueError) as error:
            raise SettingError("cluster", f"cannot be read as addresses: {error}") from None
        self._next = 0
        self._looking = Lock()
        self._looked = -math.inf

    @property
    def name(self) -> str:
        """Its addresses, for people."""
        return ", ".join(node.address for node in self._nodes)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, wait: float | None = None) -> Any:
        """What the cluster answers to a request. Another node is asked where one fails.

        `wait` is the time limit in seconds, if not that of the settings.

        Raises:
            NotThereError: where there is nothing at this path.
            ConflictError: where what is to be changed has been changed.
            ClusterError: where it cannot answer, does not answer wholly, or refuses.
        """
        is_reading = "/_mget" in path or (method == "GET" and "/_doc/" in path)
        request = (_Reading if is_reading else _Request)(method, path, "" if body is None else _DUMP(body), _JSON)
        return self._answer(self._asked(request, wait), request)

    def change(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, wait: float) -> None:
        """Change the cluster, and ask again until it says that it has; `wait` is the time limit in seconds.

        An index does not close, for one, while a copy of it is being made, and that is no error to the cluster.

        Raises: as `call`.
        """
        end, tried = time.monotonic() + wait, 0
        while not _is_made(self.call(method, path, body, wait=wait)):
            if time.monotonic() > end:
                raise ClusterIncompleteError(self.name, reason="it does not carry out what it is asked")
            time.sleep(_PAUSES[min(tried, len(_PAUSES) - 1)])
            tried += 1

    def search(self, path: str, body: Mapping[str, Any], *, wait: float | None = None) -> Any:
        """The whole answer to a search; `path` has parameters, `wait` is as in `call`.

        Raises: as `call`.
        """
        request = _Search("POST", path, _DUMP(body), _JSON)
        return self._answer(self._asked(request, wait), request)

    def search_all(self, path: str, bodies: Sequence[Mapping[str, Any]]) -> list[Any]:
        """The whole answers to several searches, asked at once.

        Raises: as `call`.
        """
        lines = "".join(f"{line}\n" for body in bodies for line in (_DUMP(_HEADER), _DUMP(body)))
        request = _Search("POST", path, lines, _LINES)
        found = self._answer(self._asked(request), request)
        return [self._answer(_Reply(each.get("status", 200), each), request) for each in found["responses"]]

    def write(self, index: str, operations: Iterable[Sequence[Mapping[str, Any]]]) -> int:
        """Write into an index; each operation is its line or its two lines of a bulk. Returns how many were sent again.

        What the cluster has no room for now is sent again later, and so is what a lost node did not acknowledge. What
        is to be created stays as it is if it is there already.

        Raises:
            ClusterError: where it takes nothing for some minutes, or refuses.
        """
        again = 0
        for batch in _batches(operations):
            left, since, tried = batch, time.monotonic(), 0
            while left:
                before = len(left)
                left, reason = self._write_once(index, left)
                if len(left) < before:
                    since, tried = time.monotonic(), 0
                if left:
                    again += len(left)
                    if time.monotonic() > since + _PATIENCE:
                        raise ClusterRejectedError(self.name, reason=reason, asked=_WRITING.format(index))
                    time.sleep(_BULK_PAUSES[min(tried, len(_BULK_PAUSES) - 1)])
                    tried += 1
        return again

    def _write_once(self, index: str, batch: list[str]) -> tuple[list[str], str]:
        """What of a batch was not taken now, and why."""
        path = f"{index}/_bulk?filter_path=errors,items.*.status,items.*.error"
        request = _Request("POST", path, "".join(batch), _LINES)
        try:
            answer = self._answer(self._asked(request, _BULK_TIME), request)
        except (ClusterIncompleteError, ClusterUnreachableError) as error:
            return batch, error.message
        if not answer["errors"]:
            return [], ""
        left, reason = [], ""
        for sent, item in zip(batch, answer["items"], strict=True):
            [told] = item.values()
            if told["status"] in _AGAIN or _is_unknown(told):  # to a node that the others have lost
                left.append(sent)
                reason = _reason(told)
            elif "error" in told and told["status"] != _IS_THERE:
                raise ClusterRejectedError(self.name, reason=_reason(told), asked=_WRITING.format(index))
        return left, reason

    def _answer(self, reply: _Reply, request: _Request) -> Any:
        """What is in a reply to a request.

        Raises: as `call`.
        """
        status, body = reply
        if status < 400 and isinstance(body, dict):
            if lacking := request.lacking(body):
                raise ClusterIncompleteError(self.name, reason=lacking)
            return body
        reason = _reason(body)
        if _is_there_already(body):  # made by the first of two tries: no other index has its name
            return body
        if status == 404:
            raise NotThereError(reason)
        if status == 409:
            raise ConflictError(reason)
        if status == 403 and _IS_FULL in json.dumps(body):
            raise ClusterRejectedError(self.name, reason=reason, asked=request.name)
        if status in _REFUSED:
            raise ClusterAccessError(self.name, status=status, asked=request.name)
        if status in _AGAIN:
            raise ClusterIncompleteError(self.name, reason=reason)
        if body is None:
            raise ClusterUnreachableError(self.name, reason="what answers there is no OpenSearch")
        raise ClusterRejectedError(self.name, reason=reason, asked=request.name)

    def _asked(self, request: _Request, wait: float | None = None) -> _Reply:
        """The first reply that is whole and no failure of a node, else the last one, within a time limit in seconds.

        Without one, it is what is left of the time that a question may take. That there is no such index is believed
        when no node knows of it: one that the network has lost does not know of a new one.
        """
        limit = wait or self._limit
        end, rounds, last = time.monotonic() + (wait or seconds_left(limit)), 0, None
        unknown = None
        reason = "it gave no answer"
        while True:
            for node in self._in_order():
                left = end - time.monotonic()
                if left <= 0:
                    break
                node.begin()
                try:
                    last = self._ask(node, request, min(left, limit * _ATTEMPT))
                except HTTPError as error:
                    if isinstance(error, SSLError) and not _is_broken_off(error):
                        raise ClusterUntrustedError(node.address, reason=_of_tls(error)) from None
                    node.has_failed()
                    where = f"{node.address}: " if len(self._nodes) > 1 else ""
                    reason = f"{where}{_of_connection(error)}"
                    if not isinstance(error, ReadTimeoutError):
                        continue
                    self._look_round(end)
                    break
                node.has_answered()
                if _knows_no_index(last):
                    unknown = last
                elif not _is_worth_another(last, request):
                    return last
            else:
                rounds += 1
                if unknown is not None:
                    return unknown
            pause = _PAUSES[min(rounds, len(_PAUSES)) - 1] if rounds else 0.0
            if time.monotonic() + pause >= end:
                if last is not None:
                    return last
                raise ClusterUnreachableError(self.name, reason=reason)
            time.sleep(pause)

    def _in_order(self) -> list[_Node]:
        """The nodes, the one whose turn it is first, and those that lately did not answer last."""
        self._next = start = (self._next + 1) % len(self._nodes)
        return sorted(self._nodes[start:] + self._nodes[:start], key=lambda node: node.is_avoided)

    def _look_round(self, end: float) -> None:
        """Ask each node which others it reaches. For a while, those that reach the most are asked first, and searches
        keep to the shards on nodes that the one asked reaches.

        A node that has frozen, or that the network has lost, stays in the cluster for some time, and so do all searches
        that it was asked for.
        """
        with self._looking:
            now = time.monotonic()
            if now < self._looked + _GLANCE:  # another thread has just done so
                return
            limit = max(0.001, min(_GLANCE, end - now))
            with ThreadPoolExecutor(min(len(self._nodes), _CONNECTIONS)) as at_once:
                reached = list(at_once.map(lambda node: self._reached(node, limit), self._nodes))
            self._looked = time.monotonic()
            most = max(map(len, reached))
            for node, ids in zip(self._nodes, reached, strict=True):
                if ids and len(ids) == most:
                    node.has_answered()
                else:
                    node.has_failed()
                node.reached, node.reached_until = ",".join(ids), self._looked + _KEPT_TO

    def _reached(self, node: _Node, limit: float) -> list[str]:
        """The ids of the nodes that one reaches; none if it does not answer."""
        path = f"_nodes/_all/http?timeout={1000 * limit * _OTHERS:.0f}ms&filter_path=nodes.*.name"
        try:
            reply = self._ask(node, _Request("GET", path, "", _JSON), limit)
        except HTTPError:
            return []
        return sorted(reply.body.get("nodes", ())) if isinstance(reply.body, dict) else []

    def _ask(self, node: _Node, request: _Request, limit: float) -> _Reply:
        path, body = request.keeping_to(node.reached if time.monotonic() < node.reached_until else "")
        headers = self._headers | {"Content-Type": request.kind, "Accept": _JSON}
        timeout = urllib3.Timeout(connect=min(limit, _CONNECT), read=limit)
        reply = node.pool.request(
            request.method,
            f"{node.path}/{path}",
            body=body.encode() or None,
            headers=headers,
            timeout=timeout,
            redirect=False,
        )
        try:
            return _Reply(reply.status, json.loads(reply.data) if reply.data else {})
        except ValueError:
            return _Reply(reply.status, None)


def _options() -> list[tuple[int, int, int]]:
    """What is set on a connection: those of `_ALIVE` that this system has."""
    alive = [
        (socket.IPPROTO_TCP, getattr(socket, name), value) for name, value in _ALIVE.items() if hasattr(socket, name)
    ]
    return [*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *alive]


def _batches(operations: Iterable[Sequence[Mapping[str, Any]]]) -> Iterable[list[str]]:
    """Operations as they are sent, so many at a time as a bulk takes."""
    batch: list[str] = []
    size = 0
    for lines in operations:
        sent = "".join(f"{_DUMP(line)}\n" for line in lines)
        if batch and (size + len(sent) > _BULK or len(batch) >= _MOST):
            yield batch
            batch, size = [], 0
        batch.append(sent)
        size += len(sent)
    if batch:
        yield batch


def _authorization(settings: Settings) -> dict[str, str]:
    """The header by which the cluster knows who asks."""
    if settings.cluster_api_key_file is not None:
        return {"Authorization": f"ApiKey {_secret('cluster_api_key_file', settings.cluster_api_key_file)}"}
    if settings.cluster_user is None:
        return {}
    if settings.cluster_password_file is None:
        raise SettingError("cluster_password_file", "is needed beside cluster_user: the file with the password")
    password = _secret("cluster_password_file", settings.cluster_password_file)
    known = base64.b64encode(f"{settings.cluster_user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {known}"}


def _secret(setting: str, path: Path) -> str:
    try:
        return files.read_secret(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingError(setting, f"names a file that cannot be used: {path}: {reason.lower()}") from None


def _tls(authority: Path | None) -> ssl.SSLContext:
    """What checks the certificates of the nodes: by those in a file, or by those that the system trusts."""
    try:
        return ssl.create_default_context(cafile=None if authority is None else str(authority))
    except (OSError, ssl.SSLError) as error:
        reason = f"{authority}: {(getattr(error, 'strerror', None) or str(error)).lower()}"
        raise SettingError("cluster_ca", f"names a file without certificates: {reason}") from None


def _is_broken_off(error: SSLError) -> bool:
    """Whether a node has ended the connection before TLS could, as one does that is being stopped."""
    return isinstance(error.args[0], ssl.SSLEOFError | ssl.SSLZeroReturnError)


def _of_tls(error: Exception) -> str:
    told = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in told:
        return told.partition("certificate verify failed: ")[2].partition(" (_ssl")[0] or "its certificate is not valid"
    return "it does not speak TLS as it should"


def _of_connection(error: Exception) -> str:
    """Why a connection failed, in a few words."""
    told = type(error).__name__.removesuffix("Error")
    known = {"NewConnection": "nothing listens there", "NameResolution": "no such name", "ReadTimeout": "too slow"}
    return known.get(told, "it did not answer in time" if "Timeout" in told else "the connection broke")


def _is_worth_another(reply: _Reply, request: _Request) -> bool:
    """Whether another try, or another node, may give what this reply lacks."""
    status, body = reply
    if status >= 400 or not isinstance(body, dict):
        return status in _AGAIN
    return (
        bool(request.lacking(body))
        or any(each.get("status") in _AGAIN or request.lacking(each) for each in body.get("responses", ()))
        or any("error" in each for each in body.get("docs", ()))
    )


def _knows_no_index(reply: _Reply) -> bool:
    """Whether a node does not know an index that it was asked for."""
    body = reply.body
    if not isinstance(body, dict):
        return False
    return any(map(_is_unknown, (body, *body.get("responses", ()), *body.get("docs", ()))))


def _is_unknown(told: Mapping[str, Any]) -> bool:
    return "error" in told and _NO_INDEX in str(told["error"])


def _is_made(body: Mapping[str, Any]) -> bool:
    """Whether all nodes know of a change, and the shards of an index that it makes have started."""
    return bool(body.get("acknowledged", True) and body.get("shards_acknowledged", True))


def _is_there_already(body: Any) -> bool:
    return isinstance(body, dict) and "resource_already_exists_exception" in str(body.get("error"))


def _reason(body: Any) -> str:
    """What the cluster says of an error, in one line."""
    error = body.get("error", body) if isinstance(body, dict) else None
    if isinstance(error, dict):
        causes = error.get("root_cause") or [error]
        told = causes[0].get("reason") or error.get("reason") or error.get("type") or error.get("Message")
        caused = error.get("caused_by", {}).get("reason")
        error = f"{told} ({caused})" if caused and caused != told else told
    return " ".join(str(error or "it gives no reason").split())[:300].rstrip(".")
