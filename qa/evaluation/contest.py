"""How fast engines are at some number of passages, how much memory and disk they take, and how far they agree.

Each engine indexes in a process of its own and is asked in another, so that memory is its own.
"""

from __future__ import annotations

import csv
import pickle
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, NamedTuple, TypeVar

from qa.evaluation.growth import Variation
from qa.evaluation.peers import (
    OURS,
    Asked,
    Contender,
    Corpus,
    is_installed,
    peak_memory,
    write_passages,
    write_terms,
)
from qa.library import size_of
from qa.text.analysis import terms

__all__ = ["Figures", "contest", "table", "write_csv"]

_LEAST = 100  # questions that are asked, however long that takes, if there are so many
_WARMING = 20  # questions that are asked before the first that counts
_PROGRAM = """
import pickle, sys
answer, sys.stdout = sys.stdout.buffer, sys.stderr
sys.path[:] = pickle.load(sys.stdin.buffer)
work, arguments = pickle.load(sys.stdin.buffer)
answer.write(pickle.dumps(work(*arguments)))
"""

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured of an engine. What took too long, or is not installed, is None.

    Milliseconds are of one question after the other on one thread, for the 10 best passages. Megabytes of memory are
    the most that the process which is asked has had beyond what it had before it opened the index; of disk, the
    index's. `agreement` is the mean share, in 0..1, of the 10 best passages of our retriever that are among its own.
    """

    engine: str
    passages: int
    index_s: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    memory_mb: float | None = None
    disk_mb: float | None = None
    agreement: float | None = None


class _Answers(NamedTuple):
    p50_ms: float
    p99_ms: float
    memory: int  # bytes
    found: list[list[str]]  # of each question, as far as there was time


def contest(
    contenders: Sequence[Contender],
    made: Iterable[Variation],
    questions: Iterable[str],
    *,
    seconds: float,
    patience: float,
    on_contender: Callable[[str], None] = lambda _: None,
) -> list[Figures]:
    """The figures of our retriever and then of others, over these passages.

    Questions are asked in turn for so many seconds, at least 100 of them; an engine that takes longer than `patience`,
    in seconds, to index or to be asked is stopped. Files are kept, while this lasts, where the system has temporary
    ones.

    Raises:
        subprocess.CalledProcessError: where an engine fails.
    """
    with TemporaryDirectory(prefix="pincite-") as folder:
        passages, terms_file = Path(folder, "passages"), Path(folder, "terms.tsv")
        passages.mkdir()
        count = write_passages(made, passages)
        write_terms(passages, terms_file)
        return list(
            _measured(
                [OURS, *contenders],
                Corpus(passages, terms_file, count),
                [Asked(question, tuple(dict.fromkeys(terms(question)))) for question in questions],
                Path(folder),
                seconds=seconds,
                patience=patience,
                on_contender=on_contender,
            )
        )


def _measured(
    contenders: Iterable[Contender],
    corpus: Corpus,
    asked: Sequence[Asked],
    place: Path,
    *,
    seconds: float,
    patience: float,
    on_contender: Callable[[str], None],
) -> Iterator[Figures]:
    """The figures of each, our retriever first, which the others are compared with."""
    built: dict[str, float | None] = {}
    ours: list[list[str]] = []
    for each in contenders:
        on_contender(each.name)
        figures = Figures(engine=each.name, passages=corpus.passage_count)
        folder = place / each.index
        if is_installed(each.needs) and each.index not in built:
            folder.mkdir()
            built[each.index] = _elsewhere(_built, (each, corpus, folder), patience=patience)
        index_s = built.get(each.index)
        if index_s is not None:
            figures = replace(figures, index_s=index_s, disk_mb=size_of(folder) / 1e6)
            answers = _elsewhere(_answered, (each, folder, asked, seconds), patience=patience)
            if answers is not None:
                ours = answers.found if each.name == OURS.name else ours
                figures = replace(
                    figures,
                    p50_ms=answers.p50_ms,
                    p99_ms=answers.p99_ms,
                    memory_mb=answers.memory / 1e6,
                    agreement=_agreement(ours, answers.found),
                )
        yield figures


def _built(contender: Contender, corpus: Corpus, folder: Path) -> float:
    """The seconds that indexing took."""
    began = time.perf_counter()
    contender.build(corpus, folder)
    return time.perf_counter() - began


def _answered(contender: Contender, folder: Path, questions: Sequence[Asked], seconds: float) -> _Answers:
    before = peak_memory()
    search = contender.open(folder)
    for question in questions[:_WARMING]:
        search(question)
    took: list[float] = []
    found: list[list[str]] = []
    began = time.perf_counter()
    for question in cycle(questions):
        asked_at = time.perf_counter()
        best = search(question)
        took.append(time.perf_counter() - asked_at)
        if len(found) < len(questions):
            found.append(best)
        if len(took) >= min(_LEAST, len(questions)) and time.perf_counter() - began >= seconds:
            break
    percentiles = statistics.quantiles(took, n=100) if len(took) > 1 else took * 99
    return _Answers(percentiles[49] * 1000, percentiles[98] * 1000, peak_memory() - before, found)


def _agreement(ours: Sequence[Sequence[str]], others: Sequence[Sequence[str]]) -> float | None:
    """The mean share of ours that others have, over the questions that both were asked and for which we have any."""
    shares = [len({*mine} & {*theirs}) / len(mine) for mine, theirs in zip(ours, others, strict=False) if mine]
    return statistics.fmean(shares) if shares else None


def _elsewhere(work: Callable[..., _Made], arguments: tuple[Any, ...], *, patience: float) -> _Made | None:
    """What is made in a new process; None where it takes longer.

    Raises:
        subprocess.CalledProcessError: where that process fails.
    """
    given = pickle.dumps(sys.path) + pickle.dumps((work, arguments))
    try:
        ran = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-c", _PROGRAM], input=given, stdout=subprocess.PIPE, timeout=patience, check=True
        )
    except subprocess.TimeoutExpired:
        return None
    made: _Made = pickle.loads(ran.stdout)  # noqa: S301  # which our own process has written
    return made


# Written down

_COLUMNS = {
    "engine": ("engine", ""),
    "passages": ("passages", ",d"),
    "index_s": ("index, s", ",.1f"),
    "p50_ms": ("p50, ms", ",.2f"),
    "p99_ms": ("p99, ms", ",.2f"),
    "memory_mb": ("memory, MB", ",.0f"),
    "disk_mb": ("disk, MB", ",.0f"),
    "agreement": ("same top 10", ".0%"),
}
"""Of each field of `Figures` the heading, and how it is written."""


def table(rows: Iterable[Figures], *, markdown: bool = False) -> str:
    """Figures as a table, a row for each, for a terminal or in Markdown; a figure that is missing is a dash."""
    cells = [[heading for heading, _ in _COLUMNS.values()], *map(_cells, rows)]
    if markdown:
        rule = ["---", *["--:"] * (len(_COLUMNS) - 1)]
        return "\n".join(f"| {' | '.join(row)} |" for row in [cells[0], rule, *cells[1:]])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    )


def _cells(figures: Figures) -> list[str]:
    values = ((getattr(figures, field), form) for field, (_, form) in _COLUMNS.items())
    return ["–" if value is None else format(value, form) for value, form in values]


def write_csv(rows: Iterable[Figures], file: IO[str]) -> None:
    """Write figures with a row of their names, each with 4 digits; one that is missing is empty."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for figures in rows:
        values = (getattr(figures, field) for field in _COLUMNS)
        writer.writerow([format(value, ".4g") if isinstance(value, float) else value for value in values])
