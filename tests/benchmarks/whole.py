"""Compare pincite with others that do the whole job, from texts to the best passage: how often it is right, how soon.

    pip install '.[eval]' haystack-ai llama-index-retrievers-bm25 whoosh-reloaded txtai
    python tests/benchmarks/whole.py [FOLDER ...] [--questions 400] [--only ENGINE]

Each folder holds judged questions in BEIR's form; without one they are SQuAD, COVID-QA and MedQuAD beside the checkout.
Each engine indexes the passages in a process of its own, by its own analysis and its own defaults, with the title
before the text where it knows no titles. Then it is asked the same questions there, one after the other on one thread.
What is not installed is left out. Printed are the passages found right at the first place (P@1, with the 95 % interval
of 1,000 draws of the questions) and among the first four, the milliseconds of a question (the median, the 99th of a
hundred, and processor time in the mean), the seconds to index, and the memory of the process.

pincite is asked for its ranking (`search`) and for its whole answer (`ask`), by words alone and by meaning too.
"""

from __future__ import annotations

import argparse
import os
import pickle
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from make_passages import SOURCE

from qa import Engine, Settings
from qa.evaluation.peers import peak_memory
from qa.evaluation.relevance import estimate
from qa.model import Document
from qa.readers import read_judged

SETS = ("squad_v11_dev", "covidqa", "medquad")
WARMING = 20  # questions that are asked before the first that counts
SHOWN = 4
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")


class Measured(NamedTuple):
    """What one engine did on one set: the first passages of each question, and what that took."""

    found: list[list[str]]
    milliseconds: list[float]
    processor_ms: float
    index_s: float
    memory: int


Search = Callable[[str], list[str]]
"""The ids of the first passages for a question, best first."""


# Engines: each is given the texts and a folder of its own


def pincite(texts: Sequence[Document], *, meaning: bool, whole: bool) -> Search:
    engine = Engine.over(texts, Settings(meaning="on" if meaning else "off"))
    if meaning:
        engine.encode()

    def ask(question: str) -> list[str]:
        answer = engine.ask(question, limit=SHOWN)
        shown = [*([answer.best] if answer.best else []), *answer.alternatives]
        return [each.passage.document_id for each in shown][:SHOWN]

    def search(question: str) -> list[str]:
        return [each.passage.document_id for each in engine.search(question, limit=SHOWN)]

    return ask if whole else search


def haystack(texts: Sequence[Document]) -> Search:
    from haystack import Document, Pipeline
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    store = InMemoryDocumentStore()
    store.write_documents([Document(id=each.id, content=f"{each.title} {each.text}") for each in texts])
    pipeline = Pipeline()
    pipeline.add_component("retriever", InMemoryBM25Retriever(store, top_k=SHOWN))
    return lambda question: [
        each.id for each in pipeline.run({"retriever": {"query": question}})["retriever"]["documents"]
    ]


def llama_index(texts: Sequence[Document]) -> Search:
    from llama_index.core.schema import TextNode
    from llama_index.retrievers.bm25 import BM25Retriever

    nodes = [TextNode(id_=each.id, text=f"{each.title} {each.text}") for each in texts]
    retriever = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=SHOWN, verbose=False)
    return lambda question: [each.node.node_id for each in retriever.retrieve(question)]


def whoosh(texts: Sequence[Document], folder: Path) -> Search:
    from whoosh import fields, index
    from whoosh.analysis import StemmingAnalyzer
    from whoosh.qparser import MultifieldParser, OrGroup

    analyzer = StemmingAnalyzer()
    schema = fields.Schema(id=fields.ID(stored=True), title=fields.TEXT(analyzer), text=fields.TEXT(analyzer))
    made = index.create_in(folder, schema)
    writer = made.writer(limitmb=256)
    for each in texts:
        writer.add_document(id=each.id, title=each.title, text=each.text)
    writer.commit()
    searcher = made.searcher()
    parser = MultifieldParser(["title", "text"], schema, group=OrGroup)
    plain = str.maketrans(dict.fromkeys(set("\"'()[]{}*?:^~<>+-/\\"), " "))
    return lambda question: [hit["id"] for hit in searcher.search(parser.parse(question.translate(plain)), limit=SHOWN)]


def txtai(texts: Sequence[Document]) -> Search:
    from txtai import Embeddings

    embeddings = Embeddings(keyword=True)  # its BM25: the models of its vectors are not in the package
    embeddings.index([(each.id, f"{each.title} {each.text}", None) for each in texts])
    return lambda question: [found for found, _ in embeddings.search(question, SHOWN)]


ENGINES: dict[str, tuple[str, Callable[[Sequence[Document], Path], Search]]] = {
    "pincite, search by words": ("qa", lambda texts, _: pincite(texts, meaning=False, whole=False)),
    "pincite, ask by words": ("qa", lambda texts, _: pincite(texts, meaning=False, whole=True)),
    "pincite, ask by meaning too": ("qa", lambda texts, _: pincite(texts, meaning=True, whole=True)),
    "Haystack, BM25 pipeline": ("haystack", lambda texts, _: haystack(texts)),
    "LlamaIndex, BM25 retriever": ("llama_index.retrievers.bm25", lambda texts, _: llama_index(texts)),
    "Whoosh, stemmed BM25F": ("whoosh", whoosh),
    "txtai, keyword index": ("txtai", lambda texts, _: txtai(texts)),
}
"""By its name, the package that an engine needs, and what makes its search."""


def is_installed(package: str) -> bool:
    """Whether a package is there, which may be within another."""
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # the other is not there
        return False


# Measuring


def measure(name: str, texts: Sequence[Document], questions: Sequence[str]) -> Measured:
    """Index and ask, in this process."""
    with TemporaryDirectory() as folder:
        began = time.perf_counter()
        search = ENGINES[name][1](texts, Path(folder))
        index_s = time.perf_counter() - began
        for question in questions[:WARMING]:
            search(question)
        found, milliseconds = [], []
        processor = time.process_time()
        for question in questions:
            began = time.perf_counter()
            found.append(search(question))
            milliseconds.append((time.perf_counter() - began) * 1000)
        processor_ms = (time.process_time() - processor) * 1000 / len(questions)
    return Measured(found, milliseconds, processor_ms, index_s, peak_memory())


def measured_apart(name: str, texts: Sequence[Document], questions: Sequence[str]) -> Measured | None:
    """The same in a process of its own; None where that fails, which says why."""
    given = pickle.dumps((name, list(texts), list(questions)))
    environment = os.environ | dict.fromkeys(ONE_THREAD, "1")
    done = subprocess.run(
        [sys.executable, __file__, "--measure"], input=given, stdout=subprocess.PIPE, env=environment, check=False
    )
    return Measured(*pickle.loads(done.stdout)) if done.returncode == 0 else None  # noqa: S301 - just written by it


def measure_for_parent() -> None:
    answer, sys.stdout = sys.stdout.buffer, sys.stderr
    name, texts, questions = pickle.load(sys.stdin.buffer)  # noqa: S301 - which the parent has just written
    answer.write(pickle.dumps(tuple(measure(name, texts, questions))))


# Figures


def row(engine: str, set_name: str, found: Measured, right: Sequence[frozenset[str]]) -> str:
    first = [bool(ids) and ids[0] in wanted for ids, wanted in zip(found.found, right, strict=True)]
    shown = [not wanted.isdisjoint(ids) for ids, wanted in zip(found.found, right, strict=True)]
    p_at_1 = estimate(first)
    times = sorted(found.milliseconds)
    cells = [
        engine,
        set_name,
        f"{p_at_1.mean:.3f} ({p_at_1.low:.3f} - {p_at_1.high:.3f})",
        f"{statistics.mean(shown):.3f}",
        f"{statistics.median(times):.2f}",
        f"{times[min(len(times) - 1, round(0.99 * len(times)))]:.2f}",
        f"{found.processor_ms:.2f}",
        f"{found.index_s:.1f}",
        f"{found.memory / 1e6:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


HEAD = (
    "| engine | set | P@1 | right among 4 | p50, ms | p99, ms | processor, ms | index, s | memory, MB |",
    "|---|---|---|--:|--:|--:|--:|--:|--:|",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--questions", type=int, default=400, metavar="N", help="of each set, at most")
    parser.add_argument("--only", action="append", choices=ENGINES, metavar="ENGINE", help="may be given several times")
    given = parser.parse_args()
    names = [name for name in given.only or ENGINES if is_installed(ENGINES[name][0])]
    print("\n".join(HEAD))
    for folder in given.folders or [SOURCE / name for name in SETS]:
        judged: Any = read_judged(folder)
        known = {each.id for each in judged.documents}
        asked = sorted(each for each in judged.questions if not known.isdisjoint(judged.qrels[each]))
        asked = random.Random(1).sample(asked, min(len(asked), given.questions))  # noqa: S311
        right = [frozenset(judged.qrels[each]) for each in asked]
        for name in names:
            found = measured_apart(name, judged.documents, [judged.questions[each] for each in asked])
            failed = f"| {name} | {folder.name} | failed | | | | | | |"
            print(row(name, folder.name, found, right) if found else failed, flush=True)


if __name__ == "__main__":
    measure_for_parent() if sys.argv[1:] == ["--measure"] else main()
