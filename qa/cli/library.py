"""The commands that change a library, and list what it holds."""

from __future__ import annotations

import time
from pathlib import Path

import click

from qa.cli.commands import Folder, cli, library_option, today
from qa.cli.printing import StatusLine, count_of, visible
from qa.config import Settings
from qa.engine import Engine, Indexing, Progress
from qa.errors import SourceError

__all__ = ["documents", "index", "remove"]

EXIT_LEFT_OUT = 1
_MOST_NOTES = 100  # about what of a file could not be read
_MOST_MIXED = 20  # comparisons that are pointed out


@cli.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.option(
    "--library",
    type=Folder(file_okay=False, path_type=Path),
    help="Folder of the library; it is made if it is not there. Needed, unless PINCITE_LIBRARY names it.",
)
@click.option("--prune", is_flag=True, help="Remove documents of these folders whose files have gone.")
@click.option("--strict", is_flag=True, help="Change nothing if any file cannot be read.")
@click.pass_context
def index(ctx: click.Context, paths: tuple[Path, ...], library: Path | None, prune: bool, strict: bool) -> None:
    """Read files and folders into a library. A file read before is replaced, if it has changed; the others stay.

    It reads Markdown, plain text, HTML, PDF, Word (.docx), EPUB, JSON lines and CSV, and says what it left out.

    Exits with 0 when all files are read, 1 when any had to be left out, 2 on an error.

    Until all is read and indexed the library answers as before; an error or Ctrl-C leaves it unchanged. It points out
    comparisons of figures in different units ("11.1 in one group vs 4.7%"), which may be mistakes of the source.
    """
    began = time.perf_counter()
    settings = Settings.load(library=library)
    if settings.library is None:
        raise click.UsageError("Say which library to add to: --library FOLDER")
    engine = Engine.create(settings)
    skipped: list[SourceError] = []
    notes: list[str] = []
    with StatusLine() as show:
        done = engine.add(
            paths,
            prune=prune,
            on_progress=lambda p: show(_progress_text(p)),
            on_unreadable=None if strict else skipped.append,
            on_note=notes.append,
        )
    seconds = time.perf_counter() - began
    for error in skipped:
        click.echo(f"Left out: {visible(error.message)} {visible(error.hint)}", err=True)
    for note in notes[:_MOST_NOTES]:
        click.echo(f"Note: {visible(note)}", err=True)
    if len(notes) > _MOST_NOTES:
        click.echo(f"And {len(notes) - _MOST_NOTES:,} more notes.", err=True)
    its_ids = set(done.read)
    for entry in engine.contents():
        if not entry.passage_count and entry.id in its_ids:
            click.echo(f"Warning: {entry.id} holds no text to answer from.", err=True)
        if entry.id in its_ids and entry.updated and entry.updated > today():
            click.echo(f"Warning: {entry.id} has a date in the future, {entry.updated.isoformat()}.", err=True)
    mixed = [each for document_id in done.read for each in engine.mixed_units(document_id)]
    for each in mixed[:_MOST_MIXED]:
        click.echo(
            f"Look at “{visible(each.citation.quote)}”: the units differ. {visible(each.citation.label)}", err=True
        )
    if len(mixed) > _MOST_MIXED:
        click.echo(f"And {len(mixed) - _MOST_MIXED:,} more comparisons of different units.", err=True)
    became = _became(done, len(skipped))
    click.echo(f"{count_of(len(done.read), 'document')} read in {seconds:.1f} s{became}. {_holdings(engine)}")
    click.echo(f'Ask it: pincite ask "..." --library {settings.library}')
    ctx.exit(EXIT_LEFT_OUT if skipped else 0)


def _became(done: Indexing, left_out: int) -> str:
    """What an indexing did besides reading new documents."""
    others = {
        "replaced": len(done.replaced),
        "unchanged": len(done.unchanged),
        "removed": len(done.removed),
        "left out": left_out,
    }
    return "".join(f", {count:,} {name}" for name, count in others.items() if count)


@cli.command()
@library_option
def documents(library: Path | None) -> None:
    """List the documents: id, date, number of passages, title."""
    for entry in Engine.open(Settings.load(library=library)).contents():
        updated = entry.updated.isoformat() if entry.updated else "undated"
        click.echo(f"{entry.id}  {updated}  {count_of(entry.passage_count, 'passage')}  {visible(entry.title)}")


@cli.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@library_option
def remove(ids: tuple[str, ...], library: Path | None) -> None:
    """Take documents out of a library, all of them or, where one is not there, none. Their files stay."""
    settings = Settings.load(library=library)
    if settings.library is None:
        raise click.UsageError("Say which library to take them out of: --library FOLDER")
    engine = Engine.open(settings)
    engine.remove(ids)
    click.echo(f"{count_of(len(set(ids)), 'document')} removed. {_holdings(engine)}")


def _progress_text(progress: Progress) -> str:
    text = f"{progress.files_read:,} of {progress.files_found:,} files read"
    return f"{text}, {progress.passages_indexed:,} passages indexed" if progress.passages_indexed else text


def _holdings(engine: Engine) -> str:
    documents, passages = count_of(engine.document_count, "document"), count_of(engine.passage_count, "passage")
    return f"The library in {engine.settings.library} now holds {documents} in {passages}."
