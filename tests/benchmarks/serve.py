"""What a question costs that the service is asked anew, beside an empty endpoint of Flask on the same server.

    python tests/benchmarks/serve.py [--library LIBRARY] [--seconds 5]

Costs are times of the processor, of the client and of all processes of the server together, which other programs on the
machine disturb little. So `empty / new` is about what `pincite bench --http` calls `new / empty` where nothing else
runs: how many requests a second there are of each. For Linux, which tells the times of a process that runs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from wsgiref.types import WSGIApplication

from qa import Engine, Settings
from qa.evaluation.speed import sample_questions
from web.service.benchmark import _again, _anew, _empty, _load, _served
from web.service.serving import load_service

CONNECTIONS = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, metavar="LIBRARY")
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    engine = Engine.open(Settings.load(library=given.library))
    contents = engine.contents(limit=200)
    questions = sample_questions(engine.document(each.id) for each in contents)
    empty = _cost(_empty, partial(_again, questions), given.seconds)
    print(f"{'empty endpoint':<34}{empty * 1000:>8.3f} ms")
    for words, meaning in (("by words", "off"), ("by words and meaning", "on")):
        load = partial(load_service, Settings.load(library=given.library, meaning=meaning))
        new = _cost(load, partial(_anew, questions), given.seconds)
        print(f"{f'new question, {words}':<34}{new * 1000:>8.3f} ms   empty / new {empty / new:.3f}")


def _cost(load: Callable[[], WSGIApplication], requests: Callable[[int], Iterator[bytes]], seconds: float) -> float:
    """The seconds of the processor that one request takes."""
    with _served(load, workers=2, threads=Settings().threads) as port:
        sent = requests(port)
        asyncio.run(_load(port, sent, seconds=seconds / 2, connections=CONNECTIONS))  # warm up
        before = _spent()
        served = asyncio.run(_load(port, sent, seconds=seconds, connections=CONNECTIONS))
        assert not served.failed
        return (_spent() - before) / len(served.took)


def _spent() -> float:
    """The seconds that this process and those below it have had of the processor."""
    return time.process_time() + sum(map(_seconds_of, _below(os.getpid())))


def _below(process: int) -> Iterator[int]:
    for thread in Path(f"/proc/{process}/task").iterdir():
        for child in map(int, (thread / "children").read_text("utf-8").split()):
            yield child
            yield from _below(child)


def _seconds_of(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
