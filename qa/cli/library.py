"""The commands that change a library, and list what it holds."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import click

from qa.cli.group import EXIT_INTERRUPTED, Folder, cli, library_option, today
from qa.cli.printing import count_of, fitted, harmless_json, say, terminal_columns, visible
from qa.cli.progress import ProgressJson, ProgressLine, stoppable
from qa.config import LibraryAddress, Settings
from qa.engine import Engine
from qa.errors import LibraryError, LibraryNotFoundError, NoSourcesError, QAError, SourceError, SourceNotFoundError
from qa.library.adding import Indexing, Progress
from qa.model import CitedPassage, DocumentEntry
from qa.readers.watching import watching

__all__ = ["index", "list_documents", "remove"]

EXIT_LEFT_OUT = 1
_MOST_LEFT_OUT = 20  # files that are named with the reason
_MOST_NOTES = 100  # about what of a file could not be read
_MOST_LOOKED_AT = 250  # documents, since it takes time
_MOST_MIXED = 20  # comparisons that are pointed out
_MOST_NAMED = 5  # documents in the line of a change
_MOST_ALIGNED = 32  # columns; a longer id does not widen those of the others
_TRIED_AGAIN = 5.0  # seconds after which a library that cannot be changed is tried again
_STOPPING_VECTORS = "Stopping. The vectors made so far are kept. Ctrl-C again stops at once."
_STOPPING = "Stopping. What has been read is kept. Ctrl-C again stops at once and leaves the library as it was."


@cli.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(readable=False, path_type=Path))
@click.option(
    "--library",
    type=Folder(file_okay=False, path_type=Path),
    help="Library folder, or its address in a cluster; created if missing. Required unless PINCITE_LIBRARY is set.",
)
@click.option("--prune", is_flag=True, help="Also remove documents whose files are gone from these paths.")
@click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERN",
    help="Skip what matches this line of .gitignore syntax. Files named .pinciteignore hold such lines too.",
)
@click.option("--watch", is_flag=True, help="Keep running and follow changes, with --prune, until Ctrl-C.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "rank-bm25", "tantivy", "opensearch"]),
    help="Search engine; auto chooses by size. Default: the current one, or auto for a new library.",
)
@click.option(
    "--cluster", metavar="URL", help="Addresses of the cluster's nodes, with commas, for --engine opensearch."
)
@click.option(
    "--vectors/--no-vectors",
    "has_vectors",
    default=None,
    help="--vectors without PATH: make the missing vectors. --no-vectors: make none now.",
)
@click.option("--strict", is_flag=True, help="Change nothing if any file cannot be read.")
@click.option("--verbose", is_flag=True, help="List every document and what happened to it, and every file left out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines: how far it is, and the whole report.")
@click.pass_context
def index(
    ctx: click.Context,
    paths: tuple[Path, ...],
    library: Path | None,
    prune: bool,
    exclude: tuple[str, ...],
    watch: bool,
    engine: str | None,
    cluster: str | None,
    has_vectors: bool | None,
    strict: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Read files and folders into a library.

    Only changed files are read again; of a CSV or JSONL file only the changed records. Other documents stay.

    It reads Markdown, reStructuredText, plain text, HTML, PDF, Word (.docx), Excel (.xlsx), PowerPoint (.pptx),
    LibreOffice (.odt), EPUB, e-mail (.eml), articles in XML (JATS, PubMed), JSON lines, CSV, and zips of these. It
    lists what it left out.

    Exit status: 0 when all files were read, 1 when any was left out, 2 on an error, 130 when it was stopped.

    Until everything is indexed, the library answers as before. An error leaves it unchanged. Ctrl-C stops the reading
    and indexes what has been read; run the same command again for the rest. A second Ctrl-C leaves the library
    unchanged.

    Then it makes vectors of the passages, so that they are also found by meaning. Meanwhile the library answers by
    words. Ctrl-C keeps the vectors made so far; `pincite index --vectors` makes the rest.

    It points out comparisons of figures in different units ("11.1 in one group vs 4.7%"). They may be mistakes in the
    source.
    """
    settings = Settings.load(library=library, engine=engine, cluster=cluster)
    if settings.library is None:
        raise click.UsageError("Say which library to add to: --library FOLDER")
    if not paths and not has_vectors:
        raise click.UsageError("Name the files or folders to read: pincite index PATH... --library FOLDER")
    if as_json and watch:
        raise click.UsageError("--json tells of one indexing, and --watch goes on. Choose one of them.")
    line = ProgressJson if as_json else ProgressLine
    if not paths:
        ctx.exit(_encode(Engine.open(settings), line).status)
    made = Engine.create(settings)
    made.refuse_other_files()
    task = _Task(
        engine=made,
        paths=paths,
        prune=prune or watch,
        exclude=exclude,
        is_strict=strict,
        is_verbose=verbose,
        has_vectors=has_vectors is not False,
        line=line,
    )
    if watch:
        ctx.exit(_watch(task, settings.library))
    if as_json:
        done = _run_telling_json(task)
    else:
        done = task.run()
        _report(task.engine, done, is_verbose=verbose)
    if done.indexing.unread:
        ctx.exit(EXIT_INTERRUPTED)
    stopped = _encode(task.engine, line).status if task.has_vectors else 0
    _keep_examples(task.engine)
    ctx.exit(stopped or (EXIT_LEFT_OUT if done.left_out else 0))


class _Encoded(NamedTuple):
    """The status to exit with when vectors were made, and whether Ctrl-C came meanwhile."""

    status: int
    was_stopped: bool


def _encode(engine: Engine, progress: type[ProgressLine] = ProgressLine) -> _Encoded:
    """Make vectors of the passages that have none, and show how far that is."""
    made = 0
    as_json = progress is ProgressJson

    def show(done: int, total: int) -> None:
        nonlocal made
        made = done
        line.show(Progress(step="encoding", done=done, total=total))

    began = time.perf_counter()
    with progress() as line, stoppable(lambda: line.say(_STOPPING_VECTORS)) as should_stop:
        left = engine.encode(on_passages=show, should_stop=should_stop)
        was_stopped = should_stop()
    if as_json:
        _print_json({"without_vectors": left})
        return _Encoded(EXIT_INTERRUPTED if left else 0, was_stopped)
    library = shlex.quote(visible(str(engine.settings.library)))
    if left:
        say(f"Still without vectors, and found by words only: {count_of(left, 'passage')}. Continue with:")
        click.echo(f"pincite index --vectors --library {library}")
        return _Encoded(EXIT_INTERRUPTED, was_stopped)
    if made:
        say(f"{count_of(made, 'passage')} encoded in {time.perf_counter() - began:.1f} s.")
    return _Encoded(0, was_stopped)


def _keep_examples(engine: Engine) -> None:
    """Choose the questions that the page begins with; where they cannot be kept, the page chooses them itself."""
    with suppress(LibraryError):
        engine.keep_examples()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """An indexing, with the files that it left out, what it noted, and how long it took."""

    indexing: Indexing
    left_out: Sequence[SourceError]
    notes: Sequence[str]
    seconds: float
    was_stopped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What is to be indexed, once or again and again."""

    engine: Engine
    paths: Sequence[Path]
    prune: bool
    exclude: Sequence[str]
    is_strict: bool
    is_verbose: bool
    has_vectors: bool
    line: type[ProgressLine] = ProgressLine

    def run(self, left_out: list[SourceError] | None = None) -> _Done:
        """Index it, and show how far that is; the first Ctrl-C ends the reading. `left_out` gets the files that are."""
        began = time.perf_counter()
        left_out = [] if left_out is None else left_out
        notes: list[str] = []
        with self.line() as line, stoppable(lambda: line.say(_STOPPING)) as should_stop:
            indexing = self.engine.add(
                self.paths,
                prune=self.prune,
                exclude=self.exclude,
                on_progress=line.show,
                on_unreadable=None if self.is_strict else left_out.append,
                on_note=notes.append,
                should_stop=should_stop,
            )
            return _Done(
                indexing=indexing,
                left_out=left_out,
                notes=notes,
                seconds=time.perf_counter() - began,
                was_stopped=should_stop(),
            )


def _report(engine: Engine, done: _Done, *, is_verbose: bool) -> None:
    """Say what an indexing noted, what became of the documents, and what the library holds now."""
    indexing = done.indexing
    stopped = f"Stopped after {indexing.files_found - indexing.unread:,} of {count_of(indexing.files_found, 'file')}"
    fates = {
        "Added": indexing.added,
        "Replaced": indexing.replaced,
        "Unchanged": indexing.unchanged,
        "Removed": indexing.removed,
    }
    _print_bounded([f"Note: {visible(note)}" for note in done.notes], None if is_verbose else _MOST_NOTES, "notes")
    try:
        _print_doubts(engine, indexing.read)
        holdings = _holdings(engine)
    except LibraryNotFoundError:
        say(f"{stopped}; there is no library yet. Run the same command again.")
        return
    if is_verbose:
        left_out = {entry.id: entry.left_out for entry in engine.entries(indexing.read)}
        for name, ids in fates.items():
            for each in ids:
                click.echo(f"{name:<9}  {each}")
                for what, count in left_out.get(each, ()):
                    nouns, _, of = what.partition(" ")
                    noun = nouns.removesuffix("s") if count == 1 else nouns
                    click.echo(f"{'':<9}    left out: {count:,} {f'{noun} {of}'.rstrip()}")
    for line in _table({name: (len(ids), "document") for name, ids in fates.items()}, len(done.left_out)):
        click.echo(line)
    _print_left_out(done.left_out, most=None if is_verbose else _MOST_LEFT_OUT)
    if indexing.kept:
        kept = _named(indexing.kept, most=None if is_verbose else _MOST_NAMED)
        say(f"The library keeps what was read from them before: {kept}.", err=True)
    if indexing.unread:
        say(f"{stopped}. Run the same command again for the rest. {holdings}")
    else:
        say(f"Done in {done.seconds:.1f} s. {holdings}")
    if engine.passage_count:
        click.echo(f'Ask it: pincite ask "..." --library {shlex.quote(visible(str(engine.settings.library)))}')


def _run_telling_json(task: _Task) -> _Done:
    """Index it, and print the report as JSON, also where no file could be read.

    Raises:
        QAError: as the indexing does; it is printed as JSON too.
    """
    left_out: list[SourceError] = []
    try:
        done = task.run(left_out)
    except QAError as error:
        refused = [_error_json(each) for each in left_out]
        _print_json({"error": _error_json(error), "left_out": refused})
        raise
    _print_json({"report": _report_json(task.engine, done)})
    return done


def _report_json(engine: Engine, done: _Done) -> dict[str, object]:
    """What became of the files, in full."""
    indexing = done.indexing
    there = _Counts(0, 0)
    warnings: list[str] = []
    partly: list[dict[str, object]] = []
    with suppress(LibraryNotFoundError):  # it was stopped before there was one
        there = _Counts(engine.document_count, engine.passage_count)
        warnings = [*_doubts(engine, indexing.read), *map(_mixed_line, _mixed(engine, indexing.read)[:_MOST_MIXED])]
        partly = [
            {"document": entry.id, "what": each.what, "amount": each.amount}
            for entry in engine.entries(indexing.read)
            for each in entry.left_out
        ]
    return {
        "added": indexing.added,
        "replaced": indexing.replaced,
        "unchanged": len(indexing.unchanged),
        "removed": indexing.removed,
        "kept": indexing.kept,
        "left_out": [_error_json(each) for each in done.left_out],
        "left_out_in_part": partly,
        "notes": done.notes,
        "warnings": warnings,
        "unread": indexing.unread,
        "seconds": round(done.seconds, 3),
        "documents": there.documents,
        "passages": there.passages,
    }


class _Counts(NamedTuple):
    """What a library holds."""

    documents: int
    passages: int


def _error_json(error: QAError) -> dict[str, str]:
    return {"code": error.code, "message": error.message, "hint": error.hint}


def _print_json(fields: dict[str, object]) -> None:
    click.echo(harmless_json(json.dumps(fields, ensure_ascii=False)))


def _table(counts: dict[str, tuple[int, str]], left_out: int) -> list[str]:
    """A line for each count, with its noun, in columns."""
    rows = {**counts, "Left out": (left_out, "file")}
    digits = max(len(f"{count:,}") for count, _ in rows.values())
    return [f"{name:<9}  {count:>{digits},} {noun}{'' if count == 1 else 's'}" for name, (count, noun) in rows.items()]


def _print_left_out(errors: Sequence[SourceError], *, most: int | None) -> None:
    """Name each file with the reason, those with the same hint together and the hint under them."""
    by_hint: dict[str, list[str]] = {}
    for error in errors[:most]:
        by_hint.setdefault(error.hint, []).append(error.message)
    if errors:
        say("Left out:", err=True)
    for hint, messages in by_hint.items():
        for message in messages:
            say(_one_line(message), err=True, indent="  ")
        say(_one_line(hint), err=True, indent="    ")
    if most is not None and len(errors) > most:
        say(f"And {count_of(len(errors) - most, 'more file')}; --verbose lists all.", err=True, indent="  ")


def _one_line(text: str) -> str:
    return visible(" ".join(text.splitlines()))


def _print_doubts(engine: Engine, ids: Sequence[str]) -> None:
    """Say which documents that were read hold nothing, or what may be wrong."""
    for warning in _doubts(engine, ids):
        say(f"Warning: {visible(warning)}", err=True)
    lines = [visible(_mixed_line(each)) for each in _mixed(engine, ids)]
    _print_bounded(lines, _MOST_MIXED, "comparisons of different units")


def _doubts(engine: Engine, ids: Sequence[str]) -> Iterator[str]:
    """Which of these documents hold nothing, or have a date that is still to come."""
    for entry in sorted(engine.entries(ids), key=lambda entry: entry.id):
        if not entry.passage_count:
            yield f"{entry.file or entry.id} has no text to answer from."
        if entry.updated and entry.updated > today():
            yield f"{entry.id} has a date in the future, {entry.updated.isoformat()}."


def _mixed(engine: Engine, ids: Sequence[str]) -> list[CitedPassage]:
    """Where the first of these documents compare figures in different units."""
    return [each for document_id in islice(ids, _MOST_LOOKED_AT) for each in engine.mixed_units(document_id)]


def _mixed_line(cited: CitedPassage) -> str:
    return f"Look at “{cited.citation.quote}”: the units differ. {cited.citation.label}"


def _print_bounded(lines: Sequence[str], most: int | None, things: str) -> None:
    for line in lines[:most]:
        say(line, err=True)
    if most is not None and len(lines) > most:
        say(f"And {len(lines) - most:,} more {things}.", err=True)


def _watch(task: _Task, library: Path | LibraryAddress) -> int:
    """Index what is to be indexed, and again whenever it changes, until Ctrl-C. The status to exit with."""
    told: set[str] = set()
    watched = [*task.paths, *filter(None, [task.engine.settings.synonyms])]
    is_first = True
    with suppress(KeyboardInterrupt):
        while True:
            with watching(watched, apart_from=library if isinstance(library, Path) else None) as wait:
                left_out: Sequence[QAError]
                try:
                    done = task.run()
                except QAError as error:
                    if is_first and not isinstance(error, NoSourcesError):
                        raise
                    left_out = [error]
                else:
                    left_out = done.left_out
                    if is_first:
                        _report(task.engine, done, is_verbose=task.is_verbose)
                        told = {each.message for each in left_out}
                    else:
                        _print_change(done.indexing)
                    if done.indexing.unread:
                        return EXIT_INTERRUPTED
                    if done.was_stopped or (task.has_vectors and _encode(task.engine).was_stopped):
                        break
                for each in left_out:
                    if each.message not in told:
                        say(f"{_clock_time()}  {_one_line(each.message)} {_one_line(_hint(each))}", err=True)
                told = {each.message for each in left_out}
                if is_first:
                    click.echo("Watching for changes. Stop with Ctrl-C.")
                    is_first = False
                wait(_TRIED_AGAIN if any(isinstance(each, LibraryError) for each in left_out) else None)
    click.echo("Stopped watching.")
    return 0


def _print_change(indexing: Indexing) -> None:
    fates = {"added": indexing.added, "replaced": indexing.replaced, "removed": indexing.removed}
    parts = [f"{name} {len(ids):,} ({_named(ids, most=_MOST_NAMED)})" for name, ids in fates.items() if ids]
    if parts:
        say(f"{_clock_time()}  {', '.join(parts)}")


def _hint(error: QAError) -> str:
    """What to do about what went wrong with a path that is watched; it was there, so it is spelled rightly."""
    return "It will be read again when it is back." if isinstance(error, SourceNotFoundError) else error.hint


def _clock_time() -> str:
    return f"{datetime.now().astimezone():%H:%M:%S}"


def _named(ids: Sequence[str], *, most: int | None) -> str:
    more = [f"and {len(ids) - most:,} more"] if most is not None and len(ids) > most else []
    return ", ".join([*ids[:most], *more])


@cli.command("list")
@library_option
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON per document.")
def list_documents(library: Path | None, as_json: bool) -> None:
    """List the documents: id, date, number of passages, title."""
    entries = Engine.open(Settings.load(library=library)).contents()
    for line in map(_entry_json, entries) if as_json else _entry_lines(entries):
        click.echo(line)


def _entry_json(entry: DocumentEntry) -> str:
    updated = entry.updated.isoformat() if entry.updated else None
    fields = {"id": entry.id, "title": entry.title, "updated": updated, "passages": entry.passage_count}
    left_out = {each.what: each.amount for each in entry.left_out}
    return harmless_json(json.dumps(fields | {"file": entry.file, "left_out": left_out}, ensure_ascii=False))


def _entry_lines(entries: Sequence[DocumentEntry]) -> list[str]:
    """A line for each document, in columns, on a terminal not longer than that is wide: there a long id, which is
    never cut, has a line to itself."""
    width = min(max((len(entry.id) for entry in entries), default=0), _MOST_ALIGNED)
    digits = max((len(f"{entry.passage_count:,}") for entry in entries), default=0)
    columns = terminal_columns(sys.stdout)
    lines = []
    for entry in entries:
        updated = entry.updated.isoformat() if entry.updated else "undated"
        passages = f"{entry.passage_count:>{digits},} {'passage ' if entry.passage_count == 1 else 'passages'}"
        rest = f"  {updated:<10}  {passages}  {visible(' '.join(entry.title.split()))}"
        if columns is None:
            lines.append(f"{entry.id:<{width}}{rest}")
            continue
        is_long = len(entry.id) > width
        lines += [entry.id] if is_long else []
        lines.append(fitted(f"{'' if is_long else entry.id:<{width}}{rest}", columns))
    return lines


@cli.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@library_option
def remove(ids: tuple[str, ...], library: Path | None) -> None:
    """Remove documents from a library. If one of them is not there, none is removed. The files stay."""
    settings = Settings.load(library=library)
    if settings.library is None:
        raise click.UsageError("Say which library to remove them from: --library FOLDER")
    engine = Engine.open(settings)
    engine.remove(ids)
    say(f"{count_of(len(set(ids)), 'document')} removed. {_holdings(engine)}")


def _holdings(engine: Engine) -> str:
    documents, passages = count_of(engine.document_count, "document"), count_of(engine.passage_count, "passage")
    return f"The library in {visible(str(engine.settings.library))} now holds {documents} in {passages}."
