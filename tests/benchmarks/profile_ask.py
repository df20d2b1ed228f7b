"""Say where the time of a question goes: reading it, finding passages, ranking these by their evidence, answering.

    python tests/benchmarks/profile_ask.py LIBRARY --questions FILE

The steps are those of `Engine.ask`, one after the other on one thread, each question asked once. The first 40 are not
counted. What is printed is the mean of each step and its share.
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise
from pathlib import Path

from qa import Settings
from qa.answering.decision import CANDIDATES, decide, understood
from qa.library import Library
from qa.ranking.evidence import rank

STEPS = ("reading the question", "finding passages", "ranking by evidence", "answering and citing")
WARMING = 40  # questions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, metavar="LIBRARY")
    parser.add_argument("--questions", type=Path, required=True, metavar="FILE")
    given = parser.parse_args()
    questions = [line.strip() for line in given.questions.read_text("utf-8").splitlines() if line.strip()]
    if len(questions) <= WARMING:
        parser.error(f"{given.questions} has {len(questions)} questions; more than {WARMING} are needed")
    snapshot = Library(given.library).snapshot()
    settings = Settings()
    total = [0.0] * len(STEPS)
    for number, question in enumerate(questions):
        times = [time.perf_counter()]
        query, asked = understood(question, (), snapshot)
        times.append(time.perf_counter())
        candidates = snapshot.retriever.search(query, limit=CANDIDATES)
        times.append(time.perf_counter())
        ranked = rank(asked, candidates, snapshot.index.wordings, limit=CANDIDATES)
        times.append(time.perf_counter())
        decide(
            question,
            query,
            asked,
            ranked,
            snapshot,
            threshold=settings.threshold,
            possible_threshold=settings.possible_threshold,
            limit=3,
        )
        times.append(time.perf_counter())
        if number >= WARMING:
            total = [so_far + end - begin for so_far, (begin, end) in zip(total, pairwise(times), strict=True)]
    asked_count = len(questions) - WARMING
    print(f"{snapshot.retriever.passage_count:,} passages, {asked_count} questions")
    for step, seconds in zip(STEPS, total, strict=True):
        print(f"{step:<22}{seconds / asked_count * 1000:>8.2f} ms{seconds / sum(total):>7.0%}")
    print(f"{'together':<22}{sum(total) / asked_count * 1000:>8.2f} ms")


if __name__ == "__main__":
    main()
