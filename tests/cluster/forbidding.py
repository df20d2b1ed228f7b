"""A service in front of a node that forbids some requests, as some hosted ones do."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3

__all__ = ["forbidding"]

_TOLD = b'{"Message": "Your request is not allowed."}'


@contextmanager
def forbidding(words: Collection[str], node: str) -> Iterator[str]:
    """The address of a service that answers 403 where one of these words is in a path; the node answers all else."""
    pool = urllib3.connection_from_url(node, maxsize=8)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, told = 403, _TOLD
            if not any(f"/{word}" in self.path for word in words):
                headers = {"Content-Type": self.headers.get("Content-Type", "application/json")}
                reply = pool.request(self.command, self.path, body=sent or None, headers=headers, timeout=60)
                status, told = reply.status, reply.data
            self.send_response(status)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = do_PUT = do_DELETE = pass_on  # noqa: N815 - as http.server calls them

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True  # which wait for the next request
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        pool.close()
