"""How far an indexing has got: a bar on a terminal, elsewhere a line now and then; and how it is stopped."""

from __future__ import annotations

import json
import math
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Self

import click

from qa.cli.printing import fitted, harmless_json, say, terminal_columns, visible
from qa.library.adding import Progress

__all__ = ["ProgressJson", "ProgressLine", "progress_text", "stoppable"]

_STEPS = {
    "looking": ("Looking", "files"),
    "reading": ("Reading", "files"),
    "indexing": ("Indexing", "passages"),
    "encoding": ("Encoding", "passages"),
}
_BAR = 10  # columns
_NARROW = 60  # columns, in fewer of which there is no room for a bar
_NAMED = 12  # columns, in fewer of which the name of a file says nothing
_ECHO = 2  # columns that a terminal writes ^C in, which must not begin a new line
_AGAIN_ON_TERMINAL, _AGAIN_ELSEWHERE = 0.1, 10.0  # seconds from one line to the next
_AGAIN_FOR_PROGRAMS = 0.2
_SLOWEST = 0.1  # a second; a rate below that is not worth its place
_SURE = 1.0  # seconds from which on a rate says something


class ProgressLine:
    """One line on a terminal that shows how far it is, and is gone at its end; elsewhere a line every ten seconds."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._again = _AGAIN_ELSEWHERE if terminal_columns(sys.stderr) is None else _AGAIN_ON_TERMINAL
        self._step = ""
        self._began = self._last = now()
        self._is_shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Take the line away, so that something else can be said."""
        if self._is_shown:
            click.echo("\r\033[K", nl=False, err=True)
            self._is_shown = False

    def say(self, text: str) -> None:
        """Say something that stays."""
        self.clear()
        say(text, err=True)

    def show(self, progress: Progress) -> None:
        """Say how far it is, unless that was said a moment ago."""
        now = self._now()
        if progress.step != self._step:
            self._step, self._began = progress.step, now
        if now - self._last < self._again:
            return
        self._last = now
        columns = terminal_columns(sys.stderr)
        text = progress_text(progress, now - self._began, columns=columns and max(columns - _ECHO, 1))
        if columns is None:
            click.echo(text, err=True)
        else:
            click.echo(f"\r\033[K{text}", nl=False, err=True)
            self._is_shown = True


class ProgressJson(ProgressLine):
    """The same for programs: lines of JSON on standard output, a few a second."""

    def clear(self) -> None:
        """Nothing is to be taken away."""

    def say(self, text: str) -> None:
        """What is said to people is not said."""

    def show(self, progress: Progress) -> None:
        """Say how far it is, at once where another step begins, else unless that was said a moment ago."""
        now = self._now()
        if progress.step == self._step and now - self._last < _AGAIN_FOR_PROGRAMS:
            return
        self._step, self._last = progress.step, now
        click.echo(harmless_json(json.dumps({"progress": asdict(progress)}, ensure_ascii=False)))


def progress_text(progress: Progress, seconds: float, *, columns: int | None = None) -> str:
    """How far a step is that began so many seconds ago; with a bar, in so many columns, where they are given.

    >>> far = Progress(step="reading", done=30, total=120, bytes_done=10, bytes_total=20, source="terns.pdf")
    >>> progress_text(far, 60.0)
    'Reading   50%  30 of 120 files, 0.5/s, 1:00 left'
    >>> progress_text(far, 60.0, columns=80)
    'Reading   50% [#####-----]  30 of 120 files, 0.5/s, 1:00 left  terns.pdf'
    """
    name, things = _STEPS[progress.step]
    done, total = (
        (progress.bytes_done, progress.bytes_total) if progress.bytes_total else (progress.done, progress.total)
    )
    share = min(done / total, 1.0) if total else 1.0
    parts = [f"{progress.done:,} of {progress.total:,} {things}"]
    if seconds >= _SURE and progress.done:
        rate = progress.done / seconds
        if rate >= _SLOWEST:
            parts.append(f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s")
        if 0 < share < 1:
            parts.append(f"{_clock(seconds * (1 - share) / share)} left")
    filled = int(share * _BAR)
    bar = f" [{'#' * filled}{'-' * (_BAR - filled)}]" if columns is not None and columns >= _NARROW else ""
    text = f"{name:<9}{math.floor(share * 100):>3}%{bar}  {', '.join(parts)}"
    if columns is None:
        return text
    source = visible(" ".join((progress.source or "").split()))
    has_room = columns - len(text) >= min(_NAMED, 2 + len(source))
    return fitted(f"{text}  {source}".rstrip() if has_room else text, columns)


@contextmanager
def stoppable(on_asked: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """Within the block the first Ctrl-C asks to stop, which is told to `on_asked`, and what is given says so from then
    on; the second stops at once. Where Ctrl-C is ignored, as in the background of a shell, it stays so."""
    before = signal.getsignal(signal.SIGINT)
    is_asked = False

    def ask(*_: object) -> None:
        nonlocal is_asked
        is_asked = True
        signal.signal(signal.SIGINT, before)
        with suppress(RuntimeError):  # it came in the middle of a line that is being written
            on_asked()

    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: is_asked
    finally:
        signal.signal(signal.SIGINT, before)


def _clock(seconds: float) -> str:
    """A time as on a clock, rounded up: 0:05, 12:05, 3:12:05."""
    minutes, second = divmod(math.ceil(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
