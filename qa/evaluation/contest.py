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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from qa.analysis import terms
from qa.evaluation.peers import OURS, Asked, Contender, folder_size, is_installed, peak_memory, write_terms

__all__ = ["Figures", "contest", "table", "write_csv"]

_WARMING = 20  # questions that are asked before the first that counts
_PROGRAM = """
import pickle, sys
answer, sys.stdout = sys.stdout.buffer, sys.stderr
sys.path[:], work, arguments = pickle.load(sys.stdin.buffer)
pickle.dump(work()(*arguments), answer)
"""


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
    passages: Path,
    questions: Iterable[str],
    place: Path,
    *,
    count: int,
    seconds: float,
    patience: float,
    on_contender: Callable[[str], None] = lambda _: None,
) -> list[Figures]:
    """The figures of our retriever and then of others, over the `count` passages in the folder `passages`.

    `place` is an empty folder for their indexes. Questions are asked in turn for so many seconds and at least once; an
    engine that takes longer than `patience`, in seconds, to index or to be asked is stopped.
    """
    terms_file = place / "terms.tsv"
    write_terms(passages, terms_file)
    asked = [Asked(question, tuple(dict.fromkeys(terms(question)))) for question in questions]
    built: dict[str, float | None] = {}
    ours: list[list[str]] = []
    measured = []
    for each in [OURS, *contenders]:
        on_contender(each.name)
        figures = Figures(engine=each.name, passages=count)
        folder = place / each.index
        if is_installed(each.needs) and each.index not in built:
            folder.mkdir()
            built[each.index] = _elsewhere(_built, (each, passages, terms_file, folder), patience=patience)
        took = built.get(each.index)
        if took is not None:
            disk = folder_size(folder) / 1e6
            figures = Figures(engine=each.name, passages=count, index_s=took, disk_mb=disk)
            answers = _elsewhere(_answered, (each, folder, asked, seconds), patience=patience)
            if answers is not None:
                ours = ours or answers.found
                figures = Figures(
                    engine=each.name,
                    passages=count,
                    index_s=took,
                    p50_ms=answers.p50_ms,
                    p99_ms=answers.p99_ms,
                    memory_mb=answers.memory / 1e6,
                    disk_mb=disk,
                    agreement=_agreement(ours, answers.found),
                )
        measured.append(figures)
    return measured
