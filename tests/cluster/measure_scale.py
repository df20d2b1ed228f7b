"""Measure an index in a cluster by its size and shards: how fast it is made and searched, and what it takes.

    python tests/benchmarks/make_passages.py MADE --passages 1000000
    python tests/cluster/measure_scale.py MADE --passages 100000 --passages 1000000 --shards 1 --shards 3 --json ROWS

Three nodes on this machine have two copies of each shard. Each line says how many passages a second were indexed; the
processor's seconds for that, of the nodes and of this program; the disk that one copy takes, and the memory of a node;
how long a search for the best 50 passages took, and the processor's milliseconds for it; and with --compare how many
questions put the same passage first as the large engine on this machine does. Beside a busy machine's clock, processor
time is what counts. The line of formulas at the end is `fitted` to the rows; `--fit ROWS` computes it again.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median, quantiles

import numpy as np
from nodes import PORT, Nodes, missing, own_folder, running

from qa import Engine, Settings
from qa.asking.question import read_question
from qa.model import Query
from qa.retrievers.large import TantivyRetriever
from qa.retrievers.opensearch import OpenSearchEngine, OpenSearchRetriever
from qa.text.analysis import terms

NODES = 3
CORES = 16  # of a node, in what is foretold
_LEAST = 3  # rows with several shards, for a model
BEST = 50
QUESTIONS = 300
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_WARM = 600  # searches before it counts: Java compiles what is run often


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one index took."""

    passages: int
    shards: int
    seconds: float
    """In which it was made, as the clock says, without the analysis of texts."""

    analysis: float
    client: float
    nodes: float
    """Seconds of the processor: for the analysis; for all else here; and of all nodes."""

    bytes: int
    """On the disk, of one copy."""

    memory: int
    """Bytes of a node in memory."""

    p50: float
    p90: float
    """Milliseconds of a search, as the clock says."""

    search_client: float
    search_nodes: float
    """Milliseconds of the processor for a search, here and of all nodes."""

    removal: float = 0.0
    """Seconds in which one passage was removed."""

    load: float
    """How many programs wanted to run when it was measured."""

    same: str = ""
    """Of how many questions the first passage is the one that the large engine finds, where that was compared."""


def measured(nodes: Nodes, folder: Path, asked: Sequence[Query], count: int, shards: int, *, compare: bool) -> Row:
    """Make an index of so many passages, search it, and delete it."""
    engine = OpenSearchEngine(Settings(cluster=nodes.addresses, cluster_shards=shards))
    spent = [0.0, 0.0]

    def analysed() -> Iterator[tuple[str, list[str]]]:
        for record in records(folder, count):
            began, by_clock = time.thread_time(), time.monotonic()
            found = terms(f"{record['title']}\n{record['text']}")
            spent[0] += time.thread_time() - began
            spent[1] += time.monotonic() - by_clock
            yield record["_id"], found

    began, here, there = time.monotonic(), time.process_time(), of_nodes(nodes)
    retriever = engine.build(analysed())
    took, here, there = time.monotonic() - began, time.process_time() - here, of_nodes(nodes) - there
    stats = engine.cluster.call("GET", "pincite-*/_stats/store,docs?filter_path=_all.primaries")["_all"]["primaries"]
    times = searched(retriever, nodes, asked)
    began = time.monotonic()
    retriever.changed(removed=[next(records(folder, 1))["_id"]], added=())
    row = Row(
        removal=time.monotonic() - began,
        passages=count,
        shards=shards,
        seconds=took - spent[1],
        analysis=spent[0],
        client=here - spent[0],
        nodes=there,
        bytes=stats["store"]["size_in_bytes"],
        memory=max(map(memory_of, nodes)),
        load=os.getloadavg()[0],
        same=same_first(retriever, folder, asked, count) if compare else "",
        **times,
    )
    del retriever
    return row


def searched(retriever: OpenSearchRetriever, nodes: Nodes, asked: Sequence[Query]) -> dict[str, float]:
    """How long searches take."""
    for query in islice(cycle(asked), _WARM):
        retriever.search(query, limit=BEST)
    times, here, there = [], time.process_time(), of_nodes(nodes)
    for query in asked:
        began = time.perf_counter()
        retriever.search(query, limit=BEST)
        times.append(1000 * (time.perf_counter() - began))
    each = 1000 / len(asked)
    spent = {"search_client": each * (time.process_time() - here), "search_nodes": each * (of_nodes(nodes) - there)}
    return {"p50": median(times), "p90": quantiles(times, n=10)[-1], **spent}


def same_first(retriever: OpenSearchRetriever, folder: Path, asked: Sequence[Query], count: int) -> str:
    """For how many questions it puts the same passage first as the large engine, and of how many."""
    large = TantivyRetriever.build(
        (each["_id"], terms(f"{each['title']}\n{each['text']}")) for each in records(folder, count)
    )
    first = [[each.search(query, limit=1) for query in asked] for each in (retriever, large)]
    same = sum(
        [each.passage_id for each in one] == [each.passage_id for each in other]
        for one, other in zip(*first, strict=True)
    )
    return f"{same} of {len(asked)}"


def asked_of_library(nodes: Nodes, place: Path, folder: Path, questions: Sequence[str], count: int) -> str:
    """How long a library of so many passages takes for whole answers, and how much of that the cluster does."""
    some = place / "some"
    some.mkdir()
    (some / "some.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in records(folder, count)), "utf-8")
    settings = Settings(library=place / "library", engine="opensearch", cluster=nodes.addresses, meaning="off")
    engine = Engine.create(settings)
    began = time.monotonic()
    engine.add([some])
    took = time.monotonic() - began
    spent, requests = [0.0], [0]
    retriever = engine._library.snapshot().retriever
    assert isinstance(retriever, OpenSearchRetriever)
    cluster = retriever._cluster
    for name in ("search", "search_all"):
        setattr(cluster, name, timed(getattr(cluster, name), spent, requests))
    for question in questions:
        engine.ask(question)
    retriever._frequencies.clear()  # as for questions with other words
    whole, of_cluster, requests[0] = [], [], 0
    for question in questions:
        spent[0], began = 0.0, time.perf_counter()
        engine.ask(question)
        whole.append(1000 * (time.perf_counter() - began))
        of_cluster.append(spent[0])
    return (
        f"A library of {count:,} passages: indexed in {took:.0f} s; an answer takes {median(whole):.1f} ms (p50), "
        f"of which {median(of_cluster):.1f} ms are the cluster's, by {requests[0] / len(questions):.1f} requests; "
        f"load {os.getloadavg()[0]:.0f}."
    )


def timed(ask: Callable[..., object], spent: list[float], requests: list[int]) -> Callable[..., object]:
    """What asks, and adds to the milliseconds that were spent and to the number of requests."""

    def asks(*arguments: object, **more: object) -> object:
        began = time.perf_counter()
        try:
            return ask(*arguments, **more)
        finally:
            spent[0] += 1000 * (time.perf_counter() - began)
            requests[0] += 1

    return asks


def records(folder: Path, count: int) -> Iterator[dict[str, str]]:
    """The first so many passages of a folder, by their ids."""

    def lines() -> Iterator[str]:
        for path in sorted(folder.glob("*.jsonl")):
            with path.open(encoding="utf-8") as stream:
                yield from stream

    return map(json.loads, islice(lines(), count))


def of_nodes(nodes: Nodes) -> float:
    """Seconds of the processor that the nodes have had."""
    spent = 0
    for node in nodes:
        fields = Path(f"/proc/{node.pid}/stat").read_text().rpartition(")")[2].split()
        spent += int(fields[11]) + int(fields[12])
    return spent / _TICKS


def memory_of(node: object) -> int:
    """Bytes of a node in memory."""
    told = Path(f"/proc/{getattr(node, 'pid')}/status").read_text()  # noqa: B009
    return 1024 * int(told.partition("VmRSS:")[2].split()[0])


# The model


def fitted(rows: Sequence[Row]) -> tuple[float, float, float]:
    """What a search costs the nodes: `a + b * shards + c * passages / 1,000,000`, in milliseconds of the processor.

    By least squares of the relative errors, of the rows with several shards: one shard needs no round for the
    frequencies in all of them. Each number is at least 0.
    """
    rows = [row for row in rows if row.shards > 1]
    told = np.array([[1.0, row.shards, row.passages / 1e6] for row in rows])
    right = np.array([row.search_nodes for row in rows])
    told, aim = told / right[:, None], np.ones(len(rows))
    kept = [0, 1, 2]
    while True:
        found = np.linalg.lstsq(told[:, kept], aim, rcond=None)[0]
        if (found >= 0).all():
            break
        kept = [each for each, value in zip(kept, found, strict=True) if value >= 0]
    a, b, c = (float(found[kept.index(each)]) if each in kept else 0.0 for each in range(3))
    return a, b, c


def foretold(model: tuple[float, float, float], *, millions: float, nodes: int) -> tuple[int, float, float, float]:
    """What the model says of so many millions of passages on so many nodes, each with `CORES` cores.

    First the number of shards with which a search takes least time, if all are searched at once and one node
    collects what they found. Then the milliseconds of a search while nothing else is asked: at best, if what a shard
    costs beside its passages is spent where the shard is, and at worst, if it is spent where all is collected. Last,
    how many searches a second keep all cores busy.
    """
    a, b, c = model
    shards = min(nodes * CORES, max(nodes, round((c * millions / b) ** 0.5)))
    return (
        shards,
        a + b + c * millions / shards,
        a + b * shards + c * millions / shards,
        1000 * nodes * CORES / (a + b * shards + c * millions),
    )


def table(rows: Sequence[Row]) -> str:
    """Rows as Markdown."""
    head = (
        "| Passages | Shards | Indexed a second | Processor for a million: analysis, rest here, nodes "
        "| Disk of a copy, for a million | Memory of a node | One removed "
        "| Search p50, p90 | Processor for a search: here, nodes "
        "| Load | Same first |"
    )
    lines = []
    for row in rows:
        million = 1e6 / row.passages
        parts = [
            f"{row.passages:,}",
            f"{row.shards}",
            f"{row.passages / row.seconds:,.0f}",
            f"{million * row.analysis:.0f}, {million * row.client:.0f}, {million * row.nodes:.0f} s",
            f"{million * row.bytes / 1e6:,.0f} MB",
            f"{row.memory / 1e6:,.0f} MB",
            f"{row.removal:.1f} s",
            f"{row.p50:.1f}, {row.p90:.1f} ms",
            f"{row.search_client:.1f}, {row.search_nodes:.1f} ms",
            f"{row.load:.0f}",
            row.same,
        ]
        lines.append(f"| {' | '.join(parts)} |")
    return "\n".join([head, "|" + "--:|" * 11, *lines])


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="passages, and their questions beside it")
    parser.add_argument("--passages", type=int, action="append")
    parser.add_argument("--shards", type=int, action="append")
    parser.add_argument("--ask", type=int, metavar="PASSAGES", help="ask a library of so many passages too")
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--place", type=Path, help="folder for the nodes' data. Default: a temporary one")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--json", type=Path, help="file to which the rows are added")
    parser.add_argument("--fit", type=Path, help="the file of such rows; nothing is measured")
    given = parser.parse_args()
    if given.fit:
        return report([Row(**json.loads(line)) for line in given.fit.read_text().splitlines()])
    if lacking := missing() or ("" if given.folder else "name a folder of passages"):
        print(f"This cannot be measured here: {lacking}.", file=sys.stderr)
        return 2
    questions = given.folder.with_name(f"{given.folder.name}-questions.txt").read_text("utf-8").splitlines()
    asked = [read_question(each) for each in questions[:QUESTIONS]]
    rows = []
    with own_folder() as made:
        place = given.place or made
        with running(place / "nodes", nodes=NODES, port=given.port) as nodes:
            for count in given.passages or ([] if given.ask else [100_000]):
                for shards in given.shards or [NODES]:
                    rows.append(measured(nodes, given.folder, asked, count, shards, compare=given.compare))
                    print(table(rows[-1:]).splitlines()[-1], flush=True)
                    if given.json:
                        with given.json.open("a") as written:
                            written.write(f"{json.dumps(asdict(rows[-1]))}\n")
            if given.ask:
                print(asked_of_library(nodes, made, given.folder, questions[:QUESTIONS], given.ask))
    return report(rows)


def report(rows: Sequence[Row]) -> int:
    print(f"\n{table(rows)}")
    if sum(row.shards > 1 for row in rows) < _LEAST:
        return 0
    a, b, c = fitted(rows)
    print(
        f"\nA search takes the nodes {a:.1f} + {b:.2f} * shards + {c:.1f} * millions of passages ms of the processor."
    )
    print(
        f"\n| Passages | Nodes of {CORES} cores | Shards | A search, at best and worst | Searches a second, at most |"
    )
    print("|--:|--:|--:|--:|--:|")
    for millions in (1, 10, 100, 1000):
        for nodes in (3, 10, 30, 100):
            shards, best, worst, most = foretold((a, max(b, 0.01), c), millions=millions, nodes=nodes)
            print(f"| {millions:,} million | {nodes} | {shards} | {best:,.0f} to {worst:,.0f} ms | {most:,.0f} |")
    return 0


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):  # at which the nodes must end too
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
