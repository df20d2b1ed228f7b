"""The console script: the commands of `qa`, and `serve`."""

from __future__ import annotations

import errno
import logging
import signal
from pathlib import Path

import click
from waitress.server import BaseWSGIServer, MultiSocketServer, create_server

from qa import Engine, Settings
from qa.cli import cli, count_of, library_option
from web.app import create_app

__all__ = ["cli", "main"]

MAX_UPLOAD = 1024 * 1024  # bytes; what is larger is refused before the app, with its own limit, sees it


_EVERY_ADDRESS = frozenset({"*", "0", "0.0.0.0", "::", "[::]"})  # noqa: S104


class AddressError(click.ClickException):
    """The service cannot listen where it was told to."""

    exit_code = 2

    def __init__(self, settings: Settings, error: OSError | ValueError) -> None:
        reason, hint = "that is no address of this machine", "--host 127.0.0.1"
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            reason, hint = "another program serves there", f"--port {settings.port % 65535 + 1}"
        elif isinstance(error, OSError) and error.errno == errno.EACCES:
            reason, hint = "the system does not allow it", "--port 8000"
        super().__init__(
            f"Cannot serve on {_address(settings.host, settings.port)}: {reason}.\n"
            f"Hint: Choose another address with: pincite serve {hint}"
        )


@cli.command()
@click.option("--host", help="Address to serve on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to serve on; 0 takes a free one.  [default: 8000]")
@library_option
def serve(host: str | None, port: int | None, library: Path | None) -> None:
    """Serve the chat page and the JSON interface, until Ctrl-C."""
    settings = Settings.load(host=host, port=port, library=library)
    engine = Engine.open(settings)
    try:
        server = create_server(
            create_app(engine),
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            max_request_body_size=MAX_UPLOAD,
            ident=None,
        )
    except (OSError, ValueError) as error:  # waitress gives a ValueError for what is no address
        raise AddressError(settings, error) from None
    held = f"{count_of(engine.document_count, 'document')}, {count_of(engine.passage_count, 'passage')}"
    address = _address(_own_address(settings.host), _port(server))
    click.echo(f"pincite is ready: http://{address} ({held}). Stop it with Ctrl-C.")
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that questions wait their turn is no trouble
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server.run()


def main() -> None:
    """Run the command line."""
    cli()


def _address(host: str, port: int) -> str:
    host = host.strip("[]")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _own_address(host: str) -> str:
    """A host by which this machine reaches what it serves there: "every address" is none."""
    return "127.0.0.1" if host in _EVERY_ADDRESS else host


def _port(server: BaseWSGIServer | MultiSocketServer) -> int:
    """The port that is served on, which tells which one was taken for 0."""
    if isinstance(server, MultiSocketServer):
        return int(server.effective_listen[0][1])
    return int(server.effective_port)
