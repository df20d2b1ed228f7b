"""The commands that keep a library safe: whether it is whole, and a copy of it."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from qa.cli.group import cli, library_option
from qa.cli.printing import StatusLine, count_of
from qa.config import Settings
from qa.engine import Engine

__all__ = ["backup", "check"]

EXIT_DAMAGED = 1


@cli.command()
@library_option
@click.pass_context
def check(ctx: click.Context, library: Path | None) -> None:
    """Check a library for damage.

    It compares every document with its digest, every passage with its document, the index with a new reading of every
    passage, and all else with its digest, the feedback too. This takes about as long as indexing. Nothing is changed.

    Exit status: 0 when nothing is wrong, 1 when something is, 2 when the library cannot be opened.
    """
    engine = Engine.open(Settings.load(library=library))
    with StatusLine() as show:
        found = engine.check(on_passages=lambda done, total: show(f"Checking {done:,} of {total:,} passages"))
    of_feedback = engine.check_feedback()
    for problem in [*found, *of_feedback]:
        click.echo(problem)
    if found or of_feedback:
        hint = "Build a new one in another folder with: pincite index YOUR_DOCUMENTS --library NEW_FOLDER"
        if not found:
            hint = "The documents are whole, and answers do not depend on feedback. A backup may have it as it was."
        click.echo(f"{count_of(len(found) + len(of_feedback), 'problem')}. {hint}", err=True)
        ctx.exit(EXIT_DAMAGED)
    documents, passages = count_of(engine.document_count, "document"), count_of(engine.passage_count, "passage")
    click.echo(f"No damage: {documents} with {passages}, all as they were read and indexed ({engine.version}).")


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@library_option
def backup(folder: Path, library: Path | None) -> None:
    """Copy a library into FOLDER, with its feedback and its uploads. The library may be in use meanwhile.

    FOLDER must be new or empty. The copy is a library like any other, as it was at one moment.
    """
    engine = Engine.open(Settings.load(library=library))
    if engine.settings.library is None:
        raise click.UsageError("Say which library to copy: --library FOLDER")
    with StatusLine() as show:
        size = engine.backup(folder, on_pages=lambda done, total: show(f"Copying {done / max(1, total):.0%}"))
    click.echo(f"Copied {count_of(engine.document_count, 'document')}, {size / 1e6:,.1f} MB, to {folder}.")
    click.echo(f"Check it with: pincite check --library {shlex.quote(str(folder))}")
