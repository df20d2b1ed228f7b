"""The console script: the commands of `qa`, and `serve`."""

from __future__ import annotations

import errno
import signal
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa.cli import cli, count_of, library_option

if TYPE_CHECKING:
    from qa import Engine, Settings

__all__ = ["cli", "main"]

_EVERY_ADDRESS = frozenset({"*", "0", "0.0.0.0", "::", "[::]"})  # noqa: S104


class AddressError(click.ClickException):
    """The service cannot listen on the given address."""

    exit_code = 2

    def __init__(self, settings: Settings, error: OSError | UnicodeError) -> None:
        reason, hint = "this machine has no such address", "--host 127.0.0.1"
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            reason, hint = "another program is using it", f"--port {settings.port % 65535 + 1}"
        elif isinstance(error, OSError) and error.errno == errno.EACCES:
            reason, hint = "the system does not allow it", "--port 8000"
        super().__init__(
            f"Cannot serve on {_address(settings.host, settings.port)}: {reason}.\n"
            f"Hint: Choose another address with: pincite serve {hint}"
        )


class ExposedError(click.ClickException):
    """The service would answer others, and nothing says under which names."""

    exit_code = 2

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            f"On {settings.host} others can reach the service, and it would answer under any name: "
            "a page elsewhere could ask it through a visitor's browser.\n"
            "Hint: Name the hosts by which it is reached with PINCITE_ALLOWED_HOSTS=answers.example.org. "
            "pincite asks nobody for a password, so let a proxy do that. If all of this is meant so, add --exposed."
        )


@cli.command()
@click.option("--host", help="Address to serve on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to serve on; 0 picks a free one.  [default: 8000]")
@click.option("--workers", type=int, help="Number of worker processes.  [default: one for each core]")
@click.option("--dev", is_flag=True, help="Serve with Flask's own server, which reloads changed templates.")
@click.option("--exposed", is_flag=True, help="Serve others too, although nothing says under which names.")
@library_option
def serve(
    host: str | None, port: int | None, workers: int | None, dev: bool, exposed: bool, library: Path | None
) -> None:
    """Serve the chat page and the JSON interface until Ctrl-C."""
    from qa import Engine, Settings
    from web.app import serves_this_machine_alone
    from web.listening import Bounds
    from web.serving import cores, held_address, load_service, serve_in_workers

    settings = Settings.load(host=host, port=port, workers=workers, library=library)
    engine = Engine.open(settings)  # what is wrong with the library is said here, once
    holdings = f"{count_of(engine.document_count, 'document')}, {count_of(engine.passage_count, 'passage')}"
    try:
        held = held_address(settings.host, settings.port)
    except (OSError, UnicodeError) as error:  # a UnicodeError for what is no name of a host
        raise AddressError(settings, error) from None
    if not serves_this_machine_alone(settings.host) and not settings.allowed_hosts and not exposed:
        held.close()
        raise ExposedError(settings)
    address = _address(_own_address(settings.host), held.getsockname()[1])
    ready = f"pincite is ready: http://{address} ({holdings}). Stop it with Ctrl-C."
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if dev:
        with held:
            place = held.getsockname()[:2]
        _serve_for_development(engine, place, ready)
        return
    del engine  # a database is not to be taken along into another process
    with held:
        serve_in_workers(
            partial(load_service, settings),
            held,
            workers=settings.workers or cores(),
            threads=settings.threads,
            bounds=Bounds(
                connections=settings.max_connections,
                connections_of_one_address=settings.max_connections_per_address,
                trusted=frozenset(settings.trusted_proxies),
            ),
            on_ready=partial(click.echo, ready),
        )


@cli.command()
@click.option("--url", default="", help="Address of the web service, such as http://127.0.0.1:8000, for whole links.")
@library_option
def mcp(url: str, library: Path | None) -> None:
    """Serve the library to an assistant, by the Model Context Protocol over standard input and output.

    The assistant starts this command itself: name it in the assistant's settings. It needs the extra "mcp".
    """
    from qa import Engine, Settings
    from web.mcp_server import serve_stdio

    serve_stdio(Engine.open(Settings.load(library=library)), origin=url.rstrip("/"))


def _serve_for_development(engine: Engine, address: tuple[str, int], ready: str) -> None:
    """Serve by Flask's own server: one process, which says on standard error what it is asked."""
    from werkzeug.serving import make_server

    from web.app import create_app

    app = create_app(engine)
    app.jinja_env.auto_reload = True
    server = make_server(*address, app, threaded=True)
    click.echo(ready)
    server.serve_forever()


def _measure_service(settings: Settings, questions: list[str], *, seconds: float, connections: int) -> Iterable[str]:
    from web.benchmark import measure_http

    return measure_http(settings, questions, seconds=seconds, connections=connections)


def main() -> None:
    """Run the command line."""
    cli(obj=_measure_service)


def _address(host: str, port: int) -> str:
    host = host.strip("[]")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _own_address(host: str) -> str:
    """A host by which this machine reaches what it serves there: "every address" is none."""
    return "127.0.0.1" if host in _EVERY_ADDRESS else host
