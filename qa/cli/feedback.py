"""The commands on what people said of answers: list it, sum it up, write it to files, delete it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from qa.cli.group import cli, library_option
from qa.cli.printing import OUTCOMES, count_of, visible
from qa.config import Settings
from qa.engine import Engine
from qa.errors import LibraryNotFoundError, PassageGoneError, UnknownDocumentError, UnknownPassageError
from qa.feedback import FORMS, BeirCounts, FeedbackStore, write_beir, write_rows
from qa.library import Library
from qa.model import Feedback

__all__ = ["feedback"]

_NOT_KNOWN = "not known"  # what an answer was that the library no longer gives
_MOST_SHOWN = 10  # questions of a summary


@cli.group()
def feedback() -> None:
    """Read, export and delete the feedback on answers: "Did this answer your question?"."""


@feedback.command("list")
@library_option
def list_feedback(library: Path | None) -> None:
    """List all feedback, one per line, newest last: id, time, yes or no, outcome, question, passage, comment."""
    for each in _store(Settings.load(library=library)).all():
        said = "yes" if each.helpful else "no"
        parts = [
            str(each.id),
            f"{each.at:%Y-%m-%dT%H:%M:%SZ}",
            said,
            _outcome(each),
            each.question,
            each.passage_id or "",
            each.comment,
        ]
        click.echo("  ".join(visible(" ".join(part.split())) for part in parts if part))


@feedback.command()
@library_option
def summary(library: Path | None) -> None:
    """Count the judged answers by outcome, and show the questions with the most "no".

    The outcome is "not known" if the library had changed and no longer gave the answer when it was judged.
    """
    given = _store(Settings.load(library=library)).all()
    said = Counter(each.helpful for each in given)
    click.echo(
        f"{count_of(len(given), 'answer')} judged: {said[True]:,} yes, {said[False]:,} no; "
        f"{count_of(sum(bool(each.comment) for each in given), 'comment')}."
    )
    by_outcome = Counter((_outcome(each), each.helpful) for each in given)
    for outcome in (*OUTCOMES.values(), _NOT_KNOWN):
        yes, no = by_outcome[outcome, True], by_outcome[outcome, False]
        if yes or no:
            click.echo(f"  {outcome:<13}  {yes + no:,}: {yes:,} yes, {no:,} no")
    asked = Counter(each.question for each in given)
    denied = Counter(each.question for each in given if not each.helpful)
    if denied:
        click.echo("Most often no:")
    for question, count in denied.most_common(_MOST_SHOWN):
        click.echo(f"  {count:,} of {asked[question]:,}  {visible(' '.join(question.split()))}")


@feedback.command()
@click.option(
    "--format",
    "form",
    required=True,
    type=click.Choice([*FORMS, "beir"]),
    help="csv: a table for spreadsheets. jsonl: JSON lines. beir: judged questions for `pincite eval`.",
)
@click.option(
    "--with-corpus", is_flag=True, help="With beir: also write corpus.jsonl, with every passage of the library."
)
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path))
@library_option
def export(form: str, with_corpus: bool, out: Path, library: Path | None) -> None:
    """Write all feedback to OUT.

    OUT is a file, which is replaced, or - for standard output. For beir it is a new folder.

    csv: a header line, then one line per judged answer. A text that a spreadsheet would take for a formula (it begins
    with =, +, -, @ or a tab) gets an apostrophe in front.

    jsonl: the same as JSON, with each text as it was typed.

    beir: queries.jsonl and qrels/test.tsv. Yes is grade 1, no is grade 0. If a passage was judged more than once for
    the same question, the last judgement counts. Measure with: pincite eval --library FOLDER OUT

    beir finds the judged words where they are now. It leaves out, and counts: words that are no longer in the library,
    judgements of "nothing found", and answers from one document only (eval asks the whole library).

    Other programs need the corpus too: --with-corpus. pincite eval then asks that corpus, not the library.
    """
    if with_corpus and form != "beir":
        raise click.UsageError("--with-corpus needs --format beir.")
    settings = Settings.load(library=library)
    given = _store(settings).all()
    is_printed = str(out) == "-"
    if is_printed and form == "beir":
        raise click.UsageError("--format beir writes a folder. Name one.")
    if is_printed:
        click.echo(FORMS[form](given).encode(), nl=False)
        return
    if form != "beir":
        write_rows(out, given, form=form)
        click.echo(f"{count_of(len(given), 'judged answer')} written to {visible(str(out))}.")
        return
    engine = Engine.open(settings)
    try:
        counts = write_beir(
            out,
            given,
            standing=lambda each: _standing(engine, each),
            corpus=_corpus(engine) if with_corpus else None,
        )
    except FileExistsError:
        raise click.UsageError(f"{visible(str(out))} already exists. Name a new folder.") from None
    for line in _left_out(counts):
        click.echo(f"Left out: {line}", err=True)
    click.echo(
        f"{count_of(counts.questions, 'question')} with {count_of(counts.judgements, 'judgement')} written to "
        f"{visible(str(out))}: {counts.right:,} yes, {counts.judgements - counts.right:,} no."
    )


@feedback.command()
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@library_option
def clear(yes: bool, library: Path | None) -> None:
    """Delete all feedback for good."""
    store = _store(Settings.load(library=library))
    if not yes:
        kept = count_of(len(store.all()), "judged answer")
        click.confirm(f"Delete {kept} from {visible(str(store.path))} for good?", abort=True)
    click.echo(f"{count_of(store.clear(), 'judged answer')} deleted.")


def _outcome(given: Feedback) -> str:
    return _NOT_KNOWN if given.outcome is None else OUTCOMES[given.outcome]


def _store(settings: Settings) -> FeedbackStore:
    """Where feedback is kept. A library that is of another version, or damaged, need not be opened for it."""
    if isinstance(settings.library, Path) and not Library(settings.library).exists:
        raise LibraryNotFoundError(settings.library)
    return FeedbackStore(settings.feedback_file)


def _standing(engine: Engine, given: Feedback) -> str | None:
    """The id of the passage in which the words that were judged begin now; None where they do not stand any more."""
    if given.passage_id is None or given.known_by is None:
        return None
    try:
        return engine.linked(given.passage_id, given.known_by, document=given.document_id).cited.passage.id
    except (PassageGoneError, UnknownDocumentError, UnknownPassageError):
        return None


def _corpus(engine: Engine) -> Iterator[tuple[str, str, str]]:
    for entry in engine.contents():
        for passage in engine.passages(entry.id):
            yield passage.id, entry.title, passage.text


def _left_out(counts: BeirCounts) -> list[str]:
    reasons = [
        (counts.without_passage, "of “nothing found”, which names no passage"),
        (counts.of_one_document, "of an answer from one document only"),
        (counts.gone, "of words that are no longer in the library"),
    ]
    return [f"{count_of(count, 'judgement')} {reason}." for count, reason in reasons if count]
