"""The command that measures how fast questions are answered."""

from __future__ import annotations

import math
import time
from pathlib import Path

import click

from qa.cli.commands import cli, library_option
from qa.config import Settings
from qa.engine import Engine
from qa.evaluation import measure_speed, sample_questions
from qa.readers import read_text
from qa.wire import AskRequest

__all__ = ["bench"]

_MOST_BENCHMARKED = 1000  # questions: the first, so that a round ends in reasonable time


@cli.command()
@library_option
@click.option(
    "--questions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with a question a line; without it, the library's titles and headings are asked.",
)
@click.option("--seconds", type=click.FloatRange(0.1, 600), default=3.0, show_default=True, help="How long to ask.")
def bench(library: Path | None, questions: Path | None, seconds: float) -> None:
    """Measure how fast questions are answered, on one thread, and how long opening takes."""
    began = time.perf_counter()
    engine = Engine.open(Settings.load(library=library))
    opened = time.perf_counter() - began
    lines = (
        read_text(questions).splitlines()
        if questions
        else sample_questions(engine.document(entry.id) for entry in engine.contents())
    )
    asked = [line.strip() for line in lines if line.strip()][:_MOST_BENCHMARKED]
    if not asked:
        raise click.UsageError("there is no question to ask.")
    for line in asked:
        AskRequest.from_arguments(line)
    if not math.isfinite(seconds):
        raise click.UsageError("--seconds must be a number of seconds.")
    speed = measure_speed(engine.ask, asked, seconds=seconds)
    click.echo(f"passages             {engine.passage_count:>12,}")
    click.echo(f"open or index        {opened:>12.3f} s")
    click.echo(f"questions asked      {speed.asked:>12,}  ({len(asked):,} different)")
    click.echo(f"p50                  {speed.p50_ms:>12.3f} ms")
    click.echo(f"p99                  {speed.p99_ms:>12.3f} ms")
    click.echo(f"questions a second   {speed.per_second:>12,.0f}")
    if speed.peak_memory is not None:
        click.echo(f"memory at its most   {speed.peak_memory / 1e6:>12,.0f} MB")
