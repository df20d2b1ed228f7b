"""Compare pincite with other engines: how fast they index and answer, their memory and disk, how far they agree.

    pip install '.[benchmarks]'
    python tests/benchmarks/peers.py [--passages 20000] [--passages 200000] [--source ../shared/data] [--markdown]
        [--meaning 20000] [--cluster] [--without rank_bm25] [--csv tests/benchmarks/growth.csv]
        [--picture tests/benchmarks/growth.svg]

Passages and questions are those of `make_passages.py`. All engines are given the terms that pincite's analyzer makes of
them, joined by spaces (rank_bm25 and bm25s as lists; tantivy parts them at white space, FTS5 at spaces), and so are not
measured by their own analysis, nor is it in the time that they take to index; k1 is 1.2 and b 0.75 in each. pincite's
retriever alone is measured likewise. "pincite, search" and "ask" are the whole: from the JSON lines to a library, and
from a question as it is typed to the ranking, or to the answer and its citations.

Each engine indexes in a process of its own, and is asked, on one thread, in another. `--patience` says after how many
seconds either is given up, and `--without` leaves one out. `--meaning` says up to how many passages "ask by meaning" is
measured too: encoding takes a core about 15 ms for each. `--cluster` starts a node of OpenSearch, and measures it with
its own memory and disk. With `--csv` what is measured is added to that file, in the place of what it has of the same
engines and numbers of passages; `--picture` draws all that the file has then.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from in_cluster import InCluster, one_node
from make_passages import SOURCE, real_questions, require_sets, texts

from qa.cli.plotting import BY_MEANING, OUR_WAYS, draw
from qa.evaluation.contest import Figures, contest, table, write_csv
from qa.evaluation.growth import varied
from qa.evaluation.peers import PEERS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, action="append", help="how many; may be given several times")
    parser.add_argument("--source", type=Path, default=SOURCE)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each is asked, at least")
    parser.add_argument("--patience", type=float, default=120.0)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--meaning", type=int, default=0, metavar="PASSAGES")
    parser.add_argument("--cluster", action="store_true")
    parser.add_argument("--without", action="append", default=[], metavar="ENGINE")
    parser.add_argument("--csv", type=Path, metavar="FILE")
    parser.add_argument("--picture", type=Path, metavar="FILE")
    given = parser.parse_args()
    if given.picture and not given.csv:
        parser.error("--picture draws what is in the file of --csv")
    require_sets(given.source)
    print(f"Load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.", file=sys.stderr)
    with one_node() if given.cluster else nullcontext() as in_cluster:
        measured = [each for count in given.passages or [20_000] for each in measure(given, count, in_cluster)]
    print(table(measured, markdown=given.markdown))
    if given.picture:
        draw(read_csv(given.csv), given.picture)


def measure(given: argparse.Namespace, count: int, in_cluster: InCluster | None) -> list[Figures]:
    """The figures of all that was asked for at so many passages; kept, where a file was named."""
    ours = [*OUR_WAYS, *([BY_MEANING] if count <= given.meaning else [])]
    contenders = [each for each in (*ours, *PEERS, *filter(None, [in_cluster])) if each.name not in given.without]
    found = contest(
        contenders,
        varied(texts(given.source), count=count),
        real_questions(given.source),
        seconds=given.seconds,
        patience=given.patience,
        on_contender=partial(print, f"{count:,}:", file=sys.stderr),
    )
    if in_cluster and found[-1].engine == in_cluster.name and found[-1].index_s is not None:
        found[-1] = in_cluster.with_node(found[-1])
    if given.csv:
        keep(found, given.csv)
    return found


def keep(found: Sequence[Figures], file: Path) -> None:
    """Add figures to a file, in the place of those of the same engines and numbers of passages."""
    new = {(each.passages, each.engine) for each in found}
    before = [each for each in read_csv(file) if (each.passages, each.engine) not in new] if file.exists() else []
    with file.open("w", encoding="utf-8") as written:
        write_csv(sorted([*before, *found], key=lambda each: each.passages), written)


def read_csv(file: Path) -> list[Figures]:
    """The figures that `write_csv` wrote."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [
        Figures(
            engine=row.pop("engine"),
            passages=int(row.pop("passages")),
            **{name: float(text) if text else None for name, text in row.items()},
        )
        for row in rows
    ]


if __name__ == "__main__":
    main()
