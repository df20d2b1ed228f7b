"""The command that measures how fast questions are answered."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import click

from qa.cli.group import cli, library_option
from qa.cli.plotting import check_picture, plot
from qa.config import Settings
from qa.engine import Engine
from qa.errors import InvalidRequestError
from qa.evaluation import measure_speed, sample_questions
from qa.readers import read_text
from qa.wire import AskRequest

__all__ = ["MeasureService", "bench"]

_MOST_BENCHMARKED = 1000  # questions: the first, so that a round ends in reasonable time


class MeasureService(Protocol):
    """What measures the web service. This package does not know the service: the click context's object is one."""

    def __call__(self, settings: Settings, questions: list[str], *, seconds: float, connections: int) -> Iterable[str]:
        """Lines that say how fast the service answers the questions, from the library in these settings."""


@cli.command()
@library_option
@click.option(
    "--questions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with one question per line. Default: questions made from the library's titles and headings.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 600),
    default=3.0,
    show_default=True,
    help="Number of seconds to keep asking.",
)
@click.option(
    "--http", is_flag=True, help="Measure the web service as pincite serve runs it, and an empty endpoint beside it."
)
@click.option(
    "--connections",
    type=click.IntRange(1, 512),
    default=64,
    show_default=True,
    help="With --http: number of connections at once.",
)
@click.option(
    "--plot",
    "picture",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Measure pincite and other engines at growing numbers of passages, made by varying the library's. Draw the "
    "result into this file (.svg or .png) and write the numbers beside it (.csv).",
)
@click.option(
    "--most",
    type=click.IntRange(100, 10_000_000),
    default=20_000,
    show_default=True,
    help="With --plot: greatest number of passages.",
)
@click.pass_obj
def bench(
    measure_service: MeasureService | None,
    library: Path | None,
    questions: Path | None,
    seconds: float,
    http: bool,
    connections: int,
    picture: Path | None,
    most: int,
) -> None:
    """Measure how fast questions are answered.

    Without --http it asks on one thread, and also measures how long opening the library takes.

    With --http it asks the web service. It prints the requests per second, the time within which 50 % (p50) and 99 %
    (p99) of them are answered, and how many failed (got another status than 200). First all questions are new, so the
    service has to search. Then the same questions come again, so it can reuse the answers that it has kept. For
    comparison, the same client asks an empty Flask endpoint on the same server.
    """
    if not math.isfinite(seconds):
        raise click.UsageError("--seconds must be a number of seconds.")
    if picture is not None:
        check_picture(picture, with_service=http)
    settings = Settings.load(library=library)
    began = time.perf_counter()
    engine = Engine.open(settings)
    opened = time.perf_counter() - began
    asked = _questions(questions, engine)
    if picture is not None:
        plot(engine, asked, picture, most=most, seconds=seconds)
        return
    if http:
        if measure_service is None:
            raise click.UsageError("--http needs the web service. Run it as: pincite bench --http")
        del engine  # the service opens the library itself
        for line in measure_service(settings, asked, seconds=seconds, connections=connections):
            click.echo(line)
        return
    speed = measure_speed(engine.ask, asked, seconds=seconds)
    click.echo(f"passages             {engine.passage_count:>12,}")
    click.echo(f"open or index        {opened:>12.3f} s")
    click.echo(f"questions asked      {speed.asked:>12,}  ({len(asked):,} different)")
    click.echo(f"p50                  {speed.p50_ms:>12.3f} ms")
    click.echo(f"p99                  {speed.p99_ms:>12.3f} ms")
    click.echo(f"questions a second   {speed.per_second:>12,.0f}")
    if speed.peak_memory:
        click.echo(f"peak memory          {speed.peak_memory / 1e6:>12,.0f} MB")


def _questions(file: Path | None, engine: Engine) -> list[str]:
    """The questions of a file, else those that the library's own titles and headings make."""
    lines = (
        read_text(file).splitlines()
        if file
        else sample_questions(engine.document(entry.id) for entry in engine.contents(limit=_MOST_BENCHMARKED))
    )
    asked = [line.strip() for line in lines if line.strip()][:_MOST_BENCHMARKED]
    if not asked:
        raise click.UsageError(f"{file} has no questions." if file else "The library has no documents to ask about.")
    for number, line in enumerate(asked, start=1):
        try:
            AskRequest.from_arguments(line)
        except InvalidRequestError as error:
            raise click.UsageError(f"Question {number:,} cannot be asked. {error.message}") from None
    return asked
