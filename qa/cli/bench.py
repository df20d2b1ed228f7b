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
    """What measures the web service, of which this package knows nothing: the object of the commands' context."""

    def __call__(self, settings: Settings, questions: list[str], *, seconds: float, connections: int) -> Iterable[str]:
        """Lines that say how fast the service of the library in these settings answers the questions."""


@cli.command()
@library_option
@click.option(
    "--questions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with a question a line; without it, the library's titles and headings are asked.",
)
@click.option("--seconds", type=click.FloatRange(0.1, 600), default=3.0, show_default=True, help="How long to ask.")
@click.option(
    "--http", is_flag=True, help="Ask the service, as pincite serve serves it, and an empty endpoint likewise."
)
@click.option(
    "--connections",
    type=click.IntRange(1, 512),
    default=64,
    show_default=True,
    help="With --http, how many to ask over at once.",
)
@click.option(
    "--plot",
    "picture",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Measure at growing numbers of passages, the library's varied, other engines too, and draw it into this file,"
    " .svg or .png; the numbers go beside it, as .csv.",
)
@click.option(
    "--most",
    type=click.IntRange(100, 10_000_000),
    default=20_000,
    show_default=True,
    help="With --plot, how many passages at most.",
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
    """Measure how fast questions are answered, on one thread, and how long opening takes; or how fast by the service.

    Of the service it is said how many requests it answers in a second, how long half of them and all but one in a
    hundred take at most, and how many failed: were not answered with 200. It is asked what it was not asked before, for
    which it has to look, and then the same again and again, of which it keeps the last answers. For comparison an
    endpoint of Flask that answers everything with an empty object is asked by the same client, on the same server.
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
            raise click.UsageError("--http needs the web service, which only the command pincite brings along.")
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
        click.echo(f"memory at its most   {speed.peak_memory / 1e6:>12,.0f} MB")


def _questions(file: Path | None, engine: Engine) -> list[str]:
    """The questions of a file, else those that the library's own titles and headings make."""
    lines = (
        read_text(file).splitlines()
        if file
        else sample_questions(engine.document(entry.id) for entry in engine.contents(limit=_MOST_BENCHMARKED))
    )
    asked = [line.strip() for line in lines if line.strip()][:_MOST_BENCHMARKED]
    if not asked:
        raise click.UsageError(f"{file} holds no question." if file else "The library holds no documents to ask about.")
    for number, line in enumerate(asked, start=1):
        try:
            AskRequest.from_arguments(line)
        except InvalidRequestError as error:
            raise click.UsageError(f"Question {number:,} cannot be asked. {error.message}") from None
    return asked
