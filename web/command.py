"""The console script: the commands of `qa`, and `serve`."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa.cli import cli, count_of, library_option

if TYPE_CHECKING:
    import socket

    from qa import Engine, Settings
    from web.access.tokens import Right

__all__ = ["cli", "main"]

_EVERY_ADDRESS = frozenset({"*", "0", "0.0.0.0", "::", "[::]"})  # noqa: S104


class AddressError(click.ClickException):
    """The service cannot listen on the given address."""

    exit_code = 2

    def __init__(self, host: str, port: int, error: OSError | UnicodeError, *, is_for_metrics: bool = False) -> None:
        reason, hint = "this machine has no such address", "--host 127.0.0.1"
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            reason, hint = "another program is using it", f"--port {port % 65535 + 1}"
        elif isinstance(error, OSError) and error.errno == errno.EACCES:
            reason, hint = "the system does not allow it", "--port 8000"
        what, how = "serve", f"pincite serve {hint}"
        if is_for_metrics:
            what, how = "serve metrics", "PINCITE_METRICS=9464 pincite serve"
        super().__init__(
            f"Cannot {what} on {_address(host, port)}: {reason}.\nHint: Choose another address with: {how}"
        )


class ExposedError(click.ClickException):
    """The service would answer others, and something is missing for that."""

    exit_code = 2

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            f"{_what_is_missing(settings)}\nHint: {_how_to_mend(settings)} To serve without, add --exposed."
        )


class NoTokensFileError(click.ClickException):
    """A command for tokens does not know where they are."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__(
            "Nothing says where the tokens are kept.\n"
            "Hint: Name a file with --tokens-file FILE, or PINCITE_TOKENS_FILE=FILE. It is made if it is not there."
        )


def _what_is_missing(settings: Settings) -> str:
    """What a service lacks that others can reach, in a sentence; nothing if it lacks nothing."""
    missing = ["who may ask"] if settings.tokens_file is None else []
    missing += ["by which names it is reached"] if not settings.allowed_hosts else []
    return f"Others can reach the service on {settings.host}, and nothing says {' or '.join(missing)}." * bool(missing)


def _how_to_mend(settings: Settings) -> str:
    """How to give it what it lacks."""
    ways = []
    if settings.tokens_file is None:
        ways += [
            "Make a token with: pincite token add NAME --tokens-file tokens.json",
            "Then set PINCITE_TOKENS_FILE=tokens.json",
        ]
    if not settings.allowed_hosts:
        ways.append("Name the hosts with PINCITE_ALLOWED_HOSTS=answers.example.org")
    return " ".join(f"{way}." for way in ways)


_tokens_file_option = click.option(
    "--tokens-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of tokens.  [default: PINCITE_TOKENS_FILE]",
)


@cli.command()
@click.option("--host", help="Address to serve on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to serve on; 0 picks a free one.  [default: 8000]")
@click.option("--workers", type=int, help="Number of worker processes.  [default: one for each core]")
@click.option("--dev", is_flag=True, help="Serve with Flask's own server, which reloads changed templates.")
@click.option("--manage", is_flag=True, help="Let documents be added and removed on the page /manage.")
@click.option("--exposed", is_flag=True, help="Serve others even without tokens, or without names of hosts.")
@_tokens_file_option
@library_option
def serve(
    host: str | None,
    port: int | None,
    workers: int | None,
    dev: bool,
    manage: bool,
    exposed: bool,
    tokens_file: Path | None,
    library: Path | None,
) -> None:
    """Serve the chat page and the JSON interface until Ctrl-C.

    With --manage, a browser on this machine can add documents at /manage, remove them, and see the feedback. Elsewhere
    that takes a token with the right to manage. A library that does not exist yet is made.
    """
    from qa import Engine, Settings
    from web.access.tokens import read_tokens
    from web.metrics import metrics_beside
    from web.networks import serves_this_machine_alone
    from web.service.listening import Bounds
    from web.service.serving import (
        Beside,
        cores,
        held_address,
        load_service,
        memory_of_workers,
        opened_in_workers,
        serve_in_workers,
    )
    from web.watching.logs import keep_log
    from web.watching.totals import Totals

    settings = Settings.load(
        host=host,
        port=port,
        workers=workers,
        library=library,
        tokens_file=tokens_file,
        manage="on" if manage else None,
    )
    keep_log(settings)
    if settings.tokens_file is not None:
        read_tokens(settings.tokens_file)
        for warning in _what_is_loose(settings.tokens_file):
            click.echo(f"Warning: {warning}", err=True)
    is_managed = settings.manage == "on"
    if is_managed and settings.library is None:
        raise click.UsageError("Say which library is to be managed: --library FOLDER")
    if is_managed and not isinstance(settings.library, Path):
        raise click.UsageError(
            f"Only a library in a folder is managed on the page. Change this one with: "
            f"pincite index PATH... --library {settings.library}"
        )
    opened = Engine.begin if is_managed else Engine.open
    engine = opened(settings)  # what is wrong with the library is said here, once
    holdings = f"{count_of(engine.document_count, 'document')}, {count_of(engine.passage_count, 'passage')}"
    try:
        held = held_address(settings.host, settings.port)
    except (OSError, UnicodeError) as error:  # a UnicodeError for what is no name of a host
        raise AddressError(settings.host, settings.port, error) from None
    if not serves_this_machine_alone(settings.host) and (missing := _what_is_missing(settings)):
        if not exposed:
            held.close()
            raise ExposedError(settings)
        click.echo(f"Warning: {missing} {_how_to_mend(settings)}", err=True)
    address = _address(_own_address(settings.host), held.getsockname()[1])
    if is_managed and settings.trusted_proxies and settings.tokens_file is None:
        click.echo(f"Warning: Nobody may manage: with trusted_proxies that takes a token. {_HOW_TO_MANAGE}", err=True)
        is_managed = False
    managed = f" Add documents at http://{address}/manage." if is_managed else ""
    ready = f"pincite is ready: http://{address} ({holdings}).{managed} Stop it with Ctrl-C."
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if dev:
        with held:
            place = held.getsockname()[:2]
        if settings.metrics not in ("off", "on"):
            click.echo("Warning: --dev serves metrics only at /metrics, with PINCITE_METRICS=on.", err=True)
        _serve_for_development(engine, place, ready)
        return
    metrics = None if settings.metrics in ("off", "on") else _held_for_metrics(settings.metrics)
    if metrics is not None:
        ready += f"\nMetrics: http://{_address(*metrics.getsockname()[:2])}/metrics"
    reopened = opened_in_workers(engine)
    del engine  # a database is not to be taken along into another process
    number = settings.workers or cores()
    totals = Totals(number)
    with held, nullcontext() if metrics is None else metrics:
        serve_in_workers(
            partial(load_service, settings, memory_of_workers(settings), totals, reopened),
            held,
            workers=number,
            totals=totals,
            beside=None if metrics is None else Beside(held=metrics, application=metrics_beside),
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
    from web.plugs.mcp_server import serve_stdio

    serve_stdio(Engine.open(Settings.load(library=library)), origin=url.rstrip("/"))


_HOW_TO_MANAGE = (
    "Make one with: pincite token add NAME --may ask --may manage --tokens-file tokens.json. "
    "Then serve with: --tokens-file tokens.json"
)


def _what_is_loose(tokens_file: Path) -> Iterable[str]:
    """What should be otherwise with a file of tokens and its folder."""
    if os.name == "posix" and tokens_file.stat().st_mode & 0o007:
        yield f"Everybody on this machine can read {tokens_file}. Mend it with: chmod o= {tokens_file}"
    folder = tokens_file.absolute().parent
    if not os.access(folder, os.W_OK):
        yield f"The service cannot write to {folder}, so sessions end in the browser alone when somebody signs out."


@cli.group()
def token() -> None:
    """Say who may use the web service: make, list and revoke tokens. A running service takes up each change."""


@token.command("add")
@click.argument("name")
@click.option(
    "--may",
    type=click.Choice(["ask", "feedback", "manage"]),
    multiple=True,
    default=("ask", "feedback"),
    help="What it is good for; may be repeated.  [default: ask, feedback]",
)
@_tokens_file_option
def add_token(name: str, may: tuple[Right, ...], tokens_file: Path | None) -> None:
    """Make a token and print it, once: the file keeps its digest alone."""
    from web.access import tokens

    path = _tokens_file(tokens_file)
    click.echo(tokens.add_token(path, name, may))
    click.echo(f"This token is not shown again. {name} sends it as a bearer token, or signs in with it.", err=True)
    if "ask" not in may:
        click.echo("It may not ask: most pages are closed to it. To open them, add --may ask.", err=True)


@token.command("list")
@_tokens_file_option
def list_tokens(tokens_file: Path | None) -> None:
    """List the tokens, one per line: name, day, what it is good for."""
    from web.access.tokens import RIGHTS, read_tokens

    for each in read_tokens(_tokens_file(tokens_file)).tokens:
        click.echo(f"{each.name}  {each.added}  {', '.join(right for right in RIGHTS if right in each.may)}")


@token.command("revoke")
@click.argument("name")
@_tokens_file_option
def revoke_token(name: str, tokens_file: Path | None) -> None:
    """Revoke a token, and end its sessions, within a second."""
    from web.access import tokens

    tokens.revoke_token(_tokens_file(tokens_file), name)
    click.echo(f"Revoked {name}.")


def _tokens_file(given: Path | None) -> Path:
    """The file of tokens that is named here or in the environment.

    Raises:
        NoTokensFileError: if none is.
    """
    from qa import Settings

    path = Settings.load(tokens_file=given).tokens_file
    if path is None:
        raise NoTokensFileError
    return path


def _held_for_metrics(address: str) -> socket.socket:
    """The socket that reserves the address of the metrics."""
    from web.service.serving import held_address

    host, _, port = address.rpartition(":")
    try:
        return held_address(host, int(port))
    except (OSError, UnicodeError) as error:
        raise AddressError(host, int(port), error, is_for_metrics=True) from None


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
    from web.service.benchmark import measure_http

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
