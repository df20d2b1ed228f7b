"""The Model Context Protocol over HTTP, at `/mcp`.

The SDK's transport for HTTP is an ASGI application, and the service a WSGI one. Each request is whole in itself: there
are no sessions, and every answer is one piece of JSON. So each request gets the SDK's application for itself, in an
event loop of its own, in the thread that answers it. Nothing outlives the request, and a worker that is ended loses
nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, MutableMapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, request
from werkzeug.exceptions import NotImplemented as NotInstalled

from qa.errors import QAError
from web.addresses import whole
from web.answers import answer_to, current_engine, refuse_many_fields
from web.origins import refuse_other_sites
from web.plugs.mcp_server import EXTRA, Asking, is_installed, mcp_server
from web.problems import PROBLEMS, log_failure

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

__all__ = ["exchange", "reads_document"]

MAX_MESSAGE = 1_000_000  # bytes; citations to verify may be as long

Message = MutableMapping[str, Any]


def exchange() -> Response:
    """Answer one message."""
    request.max_content_length = MAX_MESSAGE
    refuse_other_sites("use the tools")
    if not is_installed():
        raise NotInstalled(f"The service lacks packages for this: pip install 'pincite[{EXTRA}]'")
    body = request.get_data()
    refuse_many_fields(body)
    asking = Asking(engine=current_engine(), origin=whole(""), ask=answer_to, told=_told)
    return asyncio.run(_answered(mcp_server(asking), body))


def reads_document() -> bool:
    """Whether the request's message asks for a resource, which is a whole document."""
    try:
        message = json.loads(request.get_data())
    except ValueError:
        return False
    return isinstance(message, dict) and message.get("method") == "resources/read"


def _told(error: QAError) -> str:
    """What to tell of a failure. That of the service is told in general, and logged in full."""
    status, _, meaning = PROBLEMS[error.code]
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"{error.message} {error.hint}"
    log_failure(error)
    return f"{meaning} The service's log says more."


async def _answered(server: Server[Any], body: bytes) -> Response:
    """What the SDK's application answers to this request."""
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    status, headers, parts = HTTPStatus.INTERNAL_SERVER_ERROR.value, [], []
    arrived = False

    async def receive() -> Message:
        nonlocal arrived
        if arrived:
            await asyncio.Event().wait()  # for the client to go, which it does not before it has its answer
        arrived = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
        else:
            parts.append(message.get("body", b""))

    manager = StreamableHTTPSessionManager(
        server, json_response=True, stateless=True, max_request_body_size=MAX_MESSAGE
    )
    async with manager.run():
        await manager.handle_request(_scope(), receive, send)
    return Response(b"".join(parts), status, headers)


def _scope() -> Message:
    """This request as ASGI describes one (ASGI's HTTP specification, 2.5)."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": request.path.encode(),
        "root_path": "",
        "query_string": request.query_string,
        "headers": list(_headers()),
        "client": None,
        "server": None,
    }


def _headers() -> Iterator[tuple[bytes, bytes]]:
    for name, value in request.headers.items():
        yield name.lower().encode("latin-1"), value.encode("latin-1")
