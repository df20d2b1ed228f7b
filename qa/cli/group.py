"""The group of all commands. A command's module is imported when it is called for: none waits for what others need."""

from __future__ import annotations

import gc
from datetime import date, datetime
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from qa.cli.printing import visible
from qa.errors import QAError

__all__ = [
    "EXIT_ANSWERED",
    "EXIT_ERROR",
    "EXIT_INTERRUPTED",
    "EXIT_NOTHING_FOUND",
    "WIDTH",
    "Folder",
    "cli",
    "library_option",
    "today",
]

EXIT_ANSWERED, EXIT_NOTHING_FOUND, EXIT_ERROR = 0, 1, 2
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells have it; click's own 1 would say that nothing was found
WIDTH = 100  # columns

_SELDOM = (100_000, 50, 100)  # when to look for garbage: a command is short, and an indexing makes hardly any

_MODULES = {
    "ask": "asking",
    "backup": "keeping",
    "bench": "bench",
    "check": "keeping",
    "config": "asking",
    "eval": "evaluate",
    "explain": "asking",
    "feedback": "feedback",
    "index": "library",
    "list": "library",
    "remove": "library",
    "verify": "verify",
}
"""Which module of this package has a command."""


class _Suggesting(click.Group):
    """Says of a command that it does not know which one was probably meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            nearest = get_close_matches(args[0], self.list_commands(ctx), n=1)
            meant = f" Did you mean '{nearest[0]}'?" if nearest else ""
            raise click.UsageError(f"{error.message}{meant}", ctx) from None


class _Group(_Suggesting):
    """Finds its commands where `_MODULES` says. On an error it prints two lines, what happened and how to mend it, and
    exits with 2."""

    group_class = _Suggesting

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*_MODULES, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _MODULES:
            gc.disable()  # it would look for garbage, of which an import makes none, for a tenth of the time
            try:
                import_module(f"qa.cli.{_MODULES[cmd_name]}")  # which adds the command
            finally:
                gc.freeze()  # nor later on, nor at the end
                gc.set_threshold(*_SELDOM)
                gc.enable()
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except QAError as error:
            for line in (f"Error: {error.message}", f"Hint: {error.hint}"):
                click.echo(visible(" ".join(line.splitlines())), err=True)
            ctx.exit(EXIT_ERROR)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            ctx.exit(EXIT_INTERRUPTED)
        except BrokenPipeError:
            raise  # whoever read has read enough
        except OSError as error:
            click.echo(f"Error: The system refused: {visible(str(error))}.", err=True)
            ctx.exit(EXIT_ERROR)


class Folder(click.Path):
    """A folder by a name that is not empty, which would mean the one that the person stands in; or an address of a
    library in a cluster, as it is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value):
            self.fail("The folder name is empty.", param, ctx)
        if str(value).startswith(("http://", "https://")):
            return str(value)
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            self.fail(f"{error.message} A library is a folder, which `pincite index` makes.", param, ctx)


library_option = click.option(
    "--library",
    type=Folder(file_okay=False, path_type=Path),
    help="Library folder, or its address in a cluster. Default: the corpus that comes with pincite.",
)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDTH})
@click.version_option(package_name="pincite", message="%(prog)s %(version)s")
def cli() -> None:
    """Ask your own documents a question. The answer is a passage, word for word, with its citation."""


def today() -> date:
    """The date here and now."""
    return datetime.now().astimezone().date()
