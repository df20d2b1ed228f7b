"""How soon the nearest of very many passages are found, how many of them, and what that takes.

    python tests/benchmarks/nearest.py LIBRARY... [--passages 1000000] [--questions FILE] [--folder FOLDER]

The vectors are those of libraries that `pincite index` has encoded: of their passages and sentences, at most so many.
The others, up to the number wanted, are mixtures of two of them, drawn by chance, with a little noise. The questions
are lines of a file or, without one, the first sentences of passages. The segments are written as a library writes them,
the last hundredth as a second change, and stay in FOLDER, if one is named. Recall is the share of the 50 nearest by
cosine with every passage that are among the 50 found. Times are of the processor.
"""

from __future__ import annotations

import argparse
import random
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.encoders import QuestionVector, load_encoder
from qa.encoders.vectors import quantized
from qa.library.nearest import NEAREST, SegmentFiles, find, settle
from qa.library.vectors import VECTORS

NEAREST_ASKED = 50
ASKED = 200
AT_ONCE = 20_000
STATES = ("first", "second", "third")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("libraries", nargs="+", type=Path, metavar="LIBRARY")
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--questions", type=Path, metavar="FILE")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    passages, sentences = _vectors(given.libraries)
    dimensions = passages.shape[1]
    made = _grown(passages, sentences, given.passages)
    real = min(given.passages, len(passages) + len(sentences))
    print(f"{len(made):,} vectors of {dimensions} numbers; {len(passages):,} are of passages, {real:,} are real")
    encoder = load_encoder()
    asked = [encoder.question(text) for text in _questions(given.questions, given.libraries)]
    exact = _exact(made, asked)
    with tempfile.TemporaryDirectory() as beside:
        _measure(given.folder or Path(beside), made, asked, exact)


def _measure(
    folder: Path, made: NDArray[np.int8], asked: Sequence[QuestionVector], exact: Sequence[Sequence[int]]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(0)  # noqa: S311 - chance, not secrets
    stamps = [place.to_bytes(4, "big") + chance.randbytes(12) for place in range(len(made))]
    of_stamp = {stamp: place for place, stamp in enumerate(stamps)}
    kept, late = stamps[: -max(1, len(made) // 100)], stamps[-max(1, len(made) // 100) :]
    present = set(kept)

    def settled(state: int, changed: Sequence[bytes]) -> float:
        began = time.process_time()
        settle(
            folder,
            "encoder",
            made.shape[1],
            state=STATES[state],
            before=STATES[state - 1] if state else None,
            changed=changed,
            kept=lambda: sorted(present),
            passages=lambda some: [(each, made[of_stamp[each]].tobytes()) for each in some if each in present],
        )
        return time.process_time() - began

    print(f"segments of {len(kept):,} vectors written in {settled(0, ()):.2f} s", end="")
    present |= {*late}
    print(f", of {len(late):,} more in {settled(1, late):.2f} s", end="")
    present -= {*late[: len(late) // 2]}
    print(f", without {len(late) // 2:,} of them in {settled(2, late[: len(late) // 2]):.2f} s")
    present |= {*late}
    settled(1, late[: len(late) // 2])
    size = sum(path.stat().st_size for path in (folder / NEAREST).rglob("*") if path.is_file())
    print(f"on disk {size / 1e6:.0f} MB, {size / len(made):.0f} bytes a passage")
    before = _private()
    segments = SegmentFiles(folder, "encoder").current()
    find(segments, asked[0], limit=NEAREST_ASKED)
    times, found = [], []
    for each in asked:
        began = time.process_time()
        found.append(find(segments, each, limit=NEAREST_ASKED))
        times.append((time.process_time() - began) * 1000)
    print(f"a question: p50 {statistics.median(times):.2f} ms, p95 {sorted(times)[int(len(times) * 0.95)]:.2f} ms")
    print(f"memory of its own: {(_private() - before) / 1e6:.0f} MB more, beside {size / 1e6:.0f} MB that all map")
    for limit in (20, NEAREST_ASKED):
        shares = [
            len({of_stamp[stamp] for stamp in of[:limit]} & {*wanted[:limit]}) / limit
            for of, wanted in zip(found, exact, strict=True)
        ]
        print(f"recall of the {limit} nearest: {statistics.mean(shares):.3f}, least {min(shares):.2f}")


def _vectors(libraries: Sequence[Path]) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """The vectors of passages, each once, and those of their sentences."""
    passages, sentences = {}, {}
    for library in libraries:
        with closing(sqlite3.connect(f"{(library / VECTORS).resolve().as_uri()}?mode=ro", uri=True)) as database:
            [(dimensions,)] = database.execute("SELECT dimensions FROM encoders").fetchall()
            for stamp, passage, of_sentences in database.execute("SELECT stamp, passage, sentences FROM vectors"):
                passages[stamp], sentences[stamp] = passage, of_sentences
    first, second = (
        np.frombuffer(b"".join(each[stamp] for stamp in sorted(each)), np.int8).reshape(-1, dimensions)
        for each in (passages, sentences)
    )
    return first, second


def _grown(passages: NDArray[np.int8], sentences: NDArray[np.int8], count: int) -> NDArray[np.int8]:
    """So many vectors: those of passages, then of sentences, then mixtures of two."""
    chance = np.random.default_rng(0)
    real = np.concatenate([passages, sentences[chance.permutation(len(sentences))]])[:count]
    numbers = real.astype(np.float32)
    numbers /= np.maximum(np.sqrt(np.einsum("ij,ij->i", numbers, numbers)), 1e-9)[:, None]
    made = [real]
    for start in range(len(real), count, AT_ONCE):
        size = min(AT_ONCE, count - start)
        of_passage = chance.random(size) < 0.5
        first = np.where(of_passage, chance.integers(0, len(passages), size), chance.integers(0, len(real), size))
        share = chance.uniform(0.55, 0.9, (size, 1)).astype(np.float32)
        mixed = share * numbers[first] + (1 - share) * numbers[chance.integers(0, len(real), size)]
        noise = chance.normal(0, 0.01, mixed.shape)
        made.append(quantized(np.asarray(mixed + noise, np.float32)))
    return np.concatenate(made)


def _questions(path: Path | None, libraries: Sequence[Path]) -> list[str]:
    if path is not None:
        return path.read_text("utf-8").splitlines()[:ASKED]
    return [text for library in libraries for text in _first_sentences(library, ASKED // len(libraries))]


def _first_sentences(library: Path, count: int) -> Iterator[str]:
    query = (
        "SELECT substr(text, start + 1, json_extract(sentences, '$[0][1]')) FROM passages"
        " JOIN documents ON document = documents.number WHERE json_array_length(sentences)"
        " ORDER BY passages.stamp LIMIT ?"
    )
    with closing(sqlite3.connect(f"{(library / 'library.sqlite3').resolve().as_uri()}?mode=ro", uri=True)) as database:
        for (text,) in database.execute(query, (count,)):
            yield text[:200]


def _exact(made: NDArray[np.int8], asked: Sequence[QuestionVector]) -> list[list[int]]:
    """The places of those with the greatest cosines with each question, the greatest first."""
    near = np.zeros((len(asked), 0), np.float32)
    places = np.zeros((len(asked), 0), np.int64)
    for start in range(0, len(made), AT_ONCE):
        numbers = made[start : start + AT_ONCE].astype(np.float32)
        numbers /= np.maximum(np.sqrt(np.einsum("ij,ij->i", numbers, numbers)), 1e-9)[:, None]
        near = np.concatenate([near, np.stack(asked) @ numbers.T], axis=1)
        places = np.concatenate(
            [places, np.broadcast_to(np.arange(len(numbers)) + start, (len(asked), len(numbers)))], 1
        )
        best = np.argsort(-near, axis=1, kind="stable")[:, :NEAREST_ASKED]
        near, places = np.take_along_axis(near, best, 1), np.take_along_axis(places, best, 1)
    return [list(row) for row in places.tolist()]


def _private() -> int:
    """The memory that this process shares with no file, in bytes."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
