"""`pincite bench --plot`: how speed and memory grow with the number of passages, measured and drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from qa.cli.printing import StatusLine, count_of, visible
from qa.config import Settings
from qa.engine import Engine
from qa.errors import MissingExtraError
from qa.evaluation.contest import Figures, contest, table, write_csv
from qa.evaluation.growth import sizes, varied
from qa.evaluation.peers import PEERS, TOP, Asked, Contender, Corpus, is_installed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BY_MEANING", "OUR_WAYS", "check_picture", "draw", "plot", "spread"]

_MOST_TEXTS = 2_000  # documents of a library that are varied
_FORMS = (".svg", ".png")
_PATIENCE = 600.0  # seconds that one engine may take over one step


class _Whole:
    """pincite as it is used: files are read and indexed into a library, and questions asked of it."""

    needs = "qa"

    def __init__(self, name: str, way: Literal["search", "ask"], meaning: Literal["off", "on"] = "off") -> None:
        self.name = f"pincite, {name}"
        self.index = f"pincite-meaning-{meaning}"
        self._way = way
        self._meaning = meaning

    def build(self, corpus: Corpus, folder: Path) -> None:
        engine = Engine.create(Settings(library=folder, meaning=self._meaning))
        engine.add([corpus.passages])
        engine.encode()

    def open(self, folder: Path) -> Callable[[Asked], list[str]]:
        engine = Engine.open(Settings(library=folder, meaning=self._meaning))

        def search(asked: Asked) -> list[str]:
            return [hit.passage.document_id for hit in engine.search(asked.text, limit=TOP)]

        def ask(asked: Asked) -> list[str]:
            answer = engine.ask(asked.text, limit=TOP - 1)
            return [each.passage.document_id for each in (*filter(None, [answer.best]), *answer.alternatives)][:TOP]

        return search if self._way == "search" else ask


OUR_WAYS: tuple[Contender, ...] = (_Whole("search", "search"), _Whole("ask", "ask"))
"""The whole of pincite: its ranking, and with it the answer and its citations. Both by words."""

BY_MEANING: Contender = _Whole("ask by meaning", "ask", "on")
"""The same by meaning too: each passage has its vectors, and most of the time to index is theirs."""


def check_picture(file: Path, *, with_service: bool) -> None:
    """See that a picture can be drawn, before any long work.

    Raises:
        click.UsageError: for a file of no form that is drawn, or where the service is to be measured.
        MissingExtraError: where matplotlib is not installed.
    """
    if with_service:
        raise click.UsageError("--plot and --http cannot be used together.")
    if file.suffix.lower() not in _FORMS:
        raise click.UsageError(f"The file name for --plot must end in {' or '.join(_FORMS)}.")
    click.Path(exists=True, file_okay=False, writable=True).convert(file.parent, None, None)
    if not is_installed("matplotlib"):
        raise MissingExtraError("plot")


def plot(engine: Engine, questions: Sequence[str], file: Path, *, most: int, seconds: float) -> None:
    """Measure ours and others at 1,000 passages and more, up to `most`, draw them into a file, and write the numbers
    beside it. The passages are the library's, varied."""
    documents = [engine.document(entry.id) for entry in engine.contents(limit=_MOST_TEXTS)]
    texts = [(document.title, document.text) for document in documents]
    measured: list[Figures] = []
    with StatusLine() as show:
        for count in sizes(most):
            measured += contest(
                [*OUR_WAYS, *PEERS],
                varied([texts], count=count),
                questions,
                seconds=seconds,
                patience=_PATIENCE,
                on_contender=lambda name, at=count: show(f"{count_of(at, 'passage')}: {name}"),  # type: ignore[misc]
            )
    click.echo(table(measured))
    numbers = file.with_suffix(".csv")
    with click.open_file(str(numbers), "w", encoding="utf-8") as written:
        write_csv(measured, written)
    draw(measured, file)
    click.echo(f"The picture is in {visible(str(file))}, its numbers in {visible(str(numbers))}.")


_PANELS = (
    ("p50_ms", "Half of the questions take at most (p50), ms"),
    ("p99_ms", "99 of 100 questions take at most (p99), ms"),
    ("memory_mb", "Memory while asked, MB"),
    ("index_s", "Indexing, s"),
)
_NOTE = (
    "By the number of passages; all axes logarithmic. Each engine in a process of its own, on one thread when asked."
    "\n“pincite, search” and “ask” read files and questions; all others are given pincite’s terms ready-made."
)
_STROKES = (
    *(("#0072b2", "-"), ("#d55e00", "-"), ("#009e73", "-"), ("#aa4499", "--"), ("#332288", ":"), ("#8a6500", "-.")),
    *(("#000000", (0, (5, 1, 1, 1, 1, 1))), ("#882255", (0, (1, 3))), ("#5b7f00", (0, (4, 2)))),
)
"""Colours and dashes. The first three are of Okabe and Ito's colours, the others of Tol's muted ones, darkened so that
names can be read in them: people who see colours otherwise tell them apart, and the dashes do so in grey."""
_LABEL_HEIGHT = 0.068  # of a panel's height
_FEW = 6  # numbers of passages that have a tick each


def draw(measured: Sequence[Figures], file: Path) -> None:
    """Draw what was measured against the number of passages, both on log axes, each line named at its end, into a file
    whose ending says its form. The same figures give the same file."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    engines = list(dict.fromkeys(each.engine for each in measured))
    strokes = dict(zip(engines, cycle(_STROKES), strict=False))
    counts = sorted({each.passages for each in measured})
    style: Any = {"svg.hashsalt": "pincite", "font.size": 9, "axes.spines.right": False, "axes.spines.top": False}
    with mpl.rc_context(style):
        figure = Figure(figsize=(8, 6.8), dpi=100, layout="constrained")  # which makes room for the names
        for axes, (field, title) in zip(figure.subplots(2, 2).flat, _PANELS, strict=True):
            lines = {name: points for name in engines if (points := _points(measured, name, field))}
            axes.set(xscale="log", yscale="log")
            axes.set_title(title, loc="left", fontsize=9.5)
            axes.grid(visible=True, which="major", color="#e4e4e4", linewidth=0.8)
            axes.set_axisbelow(True)
            for name, points in lines.items():
                colour, dashes = strokes[name]
                width = 2.2 if _is_ours(name) else 1.3
                axes.plot(
                    *zip(*points, strict=True),
                    color=colour,
                    linestyle=dashes,
                    linewidth=width,
                    marker="o",
                    markersize=3,
                )
            axes.xaxis.set_major_formatter(_short)
            axes.yaxis.set_major_formatter(_plain)
            if len(counts) <= _FEW:
                axes.set_xticks(counts)
            axes.tick_params(labelsize=8)
            axes.minorticks_off()
            _name_lines(axes, {name: points[-1] for name, points in lines.items()}, strokes)
        figure.supxlabel(_NOTE, fontsize=8, x=0.01, ha="left")
        figure.savefig(file, metadata={"Date": None} if file.suffix.lower() == ".svg" else None)


def _is_ours(name: str) -> bool:
    return name.startswith("pincite")


def _points(measured: Sequence[Figures], engine: str, field: str) -> list[tuple[int, float]]:
    """How many passages there were, ascending, with the figure of an engine there; 0 has no place on a log axis."""
    found = ((each.passages, getattr(each, field)) for each in measured if each.engine == engine)
    return sorted((count, value) for count, value in found if value)


def _name_lines(axes: Axes, ends: Mapping[str, tuple[int, float]], strokes: Mapping[str, tuple[str, object]]) -> None:
    """Write each line's name right of its end, moved up or down where names would stand on one another."""
    if not ends:
        return
    low, high = (math.log10(each) for each in axes.get_ylim())
    names = sorted(ends, key=lambda name: ends[name][1])
    heights = spread([(math.log10(ends[name][1]) - low) / (high - low) for name in names], apart=_LABEL_HEIGHT)
    for name, height in zip(names, heights, strict=True):
        colour, _ = strokes[name]
        axes.annotate(
            name,
            ends[name],
            (1.06, height),
            textcoords="axes fraction",
            color=colour,
            fontsize=8.5,
            fontweight="bold" if _is_ours(name) else "normal",
            va="center",
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2},
        )


def spread(heights: Sequence[float], *, apart: float) -> list[float]:
    """Ascending heights, moved as little as puts each at least so far above the one below it: those that would be too
    near form a block about their mean.

    >>> spread([0.5, 0.5, 2.0], apart=1.0)
    [0.0, 1.0, 2.0]
    """
    blocks: list[tuple[float, int]] = []  # the mean height of each, and how many are in it
    for height in heights:
        middle, count = height, 1
        while blocks and middle - (count - 1) * apart / 2 - (blocks[-1][0] + (blocks[-1][1] - 1) * apart / 2) < apart:
            below, its_count = blocks.pop()
            middle, count = (middle * count + below * its_count) / (count + its_count), count + its_count
        blocks.append((middle, count))
    return [middle + (place - (count - 1) / 2) * apart for middle, count in blocks for place in range(count)]


def _plain(value: float, _: int) -> str:
    """A number on an axis: 0.01, 1, 20,000."""
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _short(count: float, _: int) -> str:
    """A number of passages on an axis: 500, 20k, 1M."""
    power = sum(count >= step for step in (1_000, 1_000_000))
    return f"{count / 1000**power:g}{'kM'[power - 1] if power else ''}"
