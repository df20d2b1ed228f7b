"""Make a corpus of any size by variation of the question sets beside the checkout, to measure speed with.

    python tests/benchmarks/make_passages.py FOLDER --passages 200000 [--source ../shared/data]

FOLDER, which must not be there yet, gets `passages-00001.jsonl` and so on in BEIR's form (`_id`, `title`, `text`), with
50,000 records each, and beside it `FOLDER-questions.txt`: real questions of these sets, one a line. How passages are
varied, and the vocabulary grows, says `qa/evaluation/growth.py`. The same sets give the same corpus. Then:

    pincite index FOLDER --library LIBRARY && pincite bench --library LIBRARY --questions FOLDER-questions.txt
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from qa.evaluation.growth import varied
from qa.evaluation.peers import write_passages

SETS = ("squad_v11_dev", "covidqa", "medquad")
QUESTION_SETS = (*SETS, "noiseqa_keyboard_synthetic")  # the last with typing errors, as people make them
QUESTIONS_OF_EACH = 100
TEXTS_OF_EACH = 4_000
SOURCE = Path(__file__).resolve().parents[3] / "shared" / "data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--passages", type=int, required=True)
    parser.add_argument("--source", type=Path, default=SOURCE)
    given = parser.parse_args()
    require_sets(given.source)
    given.folder.mkdir(parents=True)
    began = time.perf_counter()
    written = write_passages(varied(texts(given.source), count=given.passages), given.folder)
    questions = given.folder.with_name(f"{given.folder.name}-questions.txt")
    questions.write_text("".join(f"{each}\n" for each in real_questions(given.source)), "utf-8")
    took = time.perf_counter() - began
    print(f"{written:,} passages in {given.folder}, in {took:.1f} s; questions in {questions}.")


def require_sets(source: Path) -> None:
    """Leave the program where there is nothing to vary."""
    missing = [name for name in QUESTION_SETS if not (source / name / "corpus.jsonl").exists()]
    if missing:
        print(f"Skipped: {source} has no {', '.join(missing)}. Name their folder: --source FOLDER", file=sys.stderr)
        sys.exit(0)


def texts(source: Path) -> list[list[tuple[str, str]]]:
    """Of each set some thousands of its titles and texts, from all of it."""
    return [
        [(each["title"], each["text"]) for each in _spread(source / name / "corpus.jsonl", TEXTS_OF_EACH)]
        for name in SETS
    ]


def real_questions(source: Path) -> list[str]:
    """Of each set as many of its questions, in turn, from all of it."""
    rows = [_spread(source / name / "queries.jsonl", QUESTIONS_OF_EACH) for name in QUESTION_SETS]
    return [" ".join(each["text"].split()) for row in zip(*rows, strict=True) for each in row]


def _spread(path: Path, count: int) -> Iterator[dict[str, str]]:
    """At most so many records of a file, at equal distances."""
    with path.open(encoding="utf-8") as lines:
        total = sum(1 for _ in lines)
        lines.seek(0)
        for line in islice(islice(lines, 0, None, max(1, total // count)), count):
            yield json.loads(line)


if __name__ == "__main__":
    main()
