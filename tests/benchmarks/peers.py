"""Compare pincite with other engines: how fast they index and answer, their memory and disk, how far they agree.

    pip install '.[benchmarks]'
    python tests/benchmarks/peers.py [--passages 20000] [--passages 200000] [--source ../shared/data] [--markdown]

Passages and questions are those of `make_passages.py`. All engines are given the terms that pincite's analyzer makes of
them, joined by spaces (rank_bm25 and bm25s as lists; tantivy parts them at white space, FTS5 at spaces), and so are not
measured by their own analysis, nor is it in the time that they take to index; k1 is 1.2 and b 0.75 in each. pincite's
retriever alone is measured likewise. "pincite, search" and "ask" are the whole: from the JSON lines to a library, and
from a question as it is typed to the ranking, or to the answer and its citations.

Each engine indexes in a process of its own, and is asked, on one thread, in another. `--patience` says after how many
seconds either is given up.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from make_passages import SOURCE, real_questions, require_sets, texts

from qa.cli.plotting import OUR_WAYS
from qa.evaluation.contest import contest, table
from qa.evaluation.growth import varied
from qa.evaluation.peers import PEERS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, action="append", help="how many; may be given several times")
    parser.add_argument("--source", type=Path, default=SOURCE)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each is asked, at least")
    parser.add_argument("--patience", type=float, default=120.0)
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    require_sets(given.source)
    print(f"Load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.", file=sys.stderr)
    measured = [
        figures
        for count in given.passages or [20_000]
        for figures in contest(
            [*OUR_WAYS, *PEERS],
            varied(texts(given.source), count=count),
            real_questions(given.source),
            seconds=given.seconds,
            patience=given.patience,
            on_contender=lambda name: print(name, file=sys.stderr),
        )
    ]
    print(table(measured, markdown=given.markdown))


if __name__ == "__main__":
    main()
