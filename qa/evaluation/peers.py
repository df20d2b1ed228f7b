"""Engines that rank passages, other people's and ours, each behind the same few lines, so that they can be compared.

All are given the same terms, those of pincite's analyzer, and rank on one thread: what differs is the engine.
"""

from __future__ import annotations

import importlib.util
import json
import pickle
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from qa.evaluation.growth import Variation
from qa.model import Query
from qa.retrievers import ENGINES, LARGE, OkapiRetriever
from qa.text.analysis import terms

__all__ = [
    "OURS",
    "PEERS",
    "TOP",
    "Asked",
    "Contender",
    "Corpus",
    "is_installed",
    "peak_memory",
    "rows_of",
    "write_passages",
    "write_terms",
]

TOP = 10
"""How many passages are asked for."""

_RECORDS = 50_000  # of a file: about 50 MB
_K1, _B = 1.2, 0.75  # Lucene's, and ours
_HEAP = 128_000_000  # bytes, as of our own use of tantivy
_MARKS = "%.,·"  # in terms, and so to be letters for the tokenizer of FTS5


class Asked(NamedTuple):
    """A question, and its terms."""

    text: str
    terms: tuple[str, ...]


class Corpus(NamedTuple):
    """A folder of passages as JSON lines, the file of their terms that `write_terms` writes, and how many they are."""

    passages: Path
    terms_file: Path
    passage_count: int


class Contender(Protocol):
    """An engine that is measured."""

    name: str
    needs: str
    """The package that it is."""
    index: str
    """The folder of its index, which it may share with others that ask the same one otherwise."""

    def build(self, corpus: Corpus, folder: Path) -> None:
        """Index the passages, or the terms of them, into an empty folder."""

    def open(self, folder: Path) -> Callable[[Asked], list[str]]:
        """What gives of an index in a folder the ids of the 10 best passages for a question, best first."""


class _RankBM25:
    """rank-bm25 as it is: its own idf, and every passage scored for every question."""

    name = needs = index = "rank_bm25"

    def build(self, corpus: Corpus, folder: Path) -> None:
        from rank_bm25 import BM25Okapi

        ids: list[str] = []
        index = BM25Okapi(_collected(corpus.terms_file, ids), k1=_K1, b=_B)
        with (folder / "index.pickle").open("wb") as file:
            pickle.dump((ids, index), file, protocol=pickle.HIGHEST_PROTOCOL)

    def open(self, folder: Path) -> Callable[[Asked], list[str]]:
        with (folder / "index.pickle").open("rb") as file:
            ids, index = pickle.load(file)  # noqa: S301  # which `build` has just written
        return lambda asked: list(index.get_top_n(asked.terms, ids, n=TOP))


class _BM25s:
    """bm25s, its index mapped into memory, compiled by numba where that is installed."""

    name = needs = index = "bm25s"

    def build(self, corpus: Corpus, folder: Path) -> None:
        import bm25s

        ids: list[str] = []
        index = bm25s.BM25(method="lucene", k1=_K1, b=_B, backend="numba" if is_installed("numba") else "numpy")
        index.index(list(_collected(corpus.terms_file, ids)), show_progress=False)
        index.save(folder)
        (folder / "ids.txt").write_text("\n".join(ids), "utf-8")

    def open(self, folder: Path) -> Callable[[Asked], list[str]]:
        import bm25s

        index = bm25s.BM25.load(folder, mmap=True)
        ids = (folder / "ids.txt").read_text("utf-8").split("\n")

        def search(asked: Asked) -> list[str]:
            if not asked.terms:
                return []  # bm25s takes no question without terms
            found, scores = index.retrieve([list(asked.terms)], k=min(TOP, len(ids)), show_progress=False)
            return [ids[n] for n, score in zip(found[0].tolist(), scores[0].tolist(), strict=True) if score > 0]

        return search


class _Tantivy:
    """tantivy as it is, by tantivy-py: an id and the terms, parted at white space."""

    name = needs = index = "tantivy"

    def build(self, corpus: Corpus, folder: Path) -> None:
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("terms", tokenizer_name="whitespace", index_option="freq")
        index = tantivy.Index(builder.build(), str(folder))
        writer = index.writer(_HEAP, num_threads=1)
        for its_id, held in rows_of(corpus.terms_file):
            document = tantivy.Document()
            document.add_text("id", its_id)
            document.add_text("terms", held)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()

    def open(self, folder: Path) -> Callable[[Asked], list[str]]:
        import tantivy

        index = tantivy.Index.open(str(folder))
        searcher, schema = index.searcher(), index.schema

        def search(asked: Asked) -> list[str]:
            each = [tantivy.Query.term_query(schema, "terms", term, "freq") for term in asked.terms]
            query = tantivy.Query.boolean_query([(tantivy.Occur.Should, one) for one in each])
            hits = searcher.search(query, TOP, count=False).hits
            return [str(searcher.doc(address).get_first("id")) for _, address in hits]

        return search


class _FTS5:
    """SQLite's FTS5, contentless: the terms joined by spaces, and its own bm25, which has k1 1.2 and b 0.75 too."""

    name, needs, index = "SQLite FTS5", "sqlite3", "fts5"

    def build(self, corpus: Corpus, folder: Path) -> None:
        database = sqlite3.connect(folder / "index.sqlite3")
        tokenizer = f"unicode61 remove_diacritics 0 tokenchars '{_MARKS}'"
        database.execute("CREATE TABLE ids (number INTEGER PRIMARY KEY, id TEXT NOT NULL)")
        database.execute(f"CREATE VIRTUAL TABLE held USING fts5(terms, content='', tokenize=\"{tokenizer}\")")
        for number, (its_id, held) in enumerate(rows_of(corpus.terms_file)):
            database.execute("INSERT INTO ids VALUES (?, ?)", (number, its_id))
            database.execute("INSERT INTO held (rowid, terms) VALUES (?, ?)", (number, held))
        database.execute("INSERT INTO held (held) VALUES ('optimize')")
        database.commit()
        database.close()

    def open(self, folder: Path) -> Callable[[Asked], list[str]]:
        database = sqlite3.connect(folder / "index.sqlite3")
        query = (
            "SELECT id FROM (SELECT rowid FROM held WHERE held MATCH ? ORDER BY rank LIMIT ?) AS best "
            "JOIN ids ON ids.number = best.rowid"
        )

        def search(asked: Asked) -> list[str]:
            match = " OR ".join('"{}"'.format(term.replace('"', '""')) for term in asked.terms)
            return [found for (found,) in database.execute(query, (match, TOP))] if match else []

        return search


class _OurRetriever:
    """pincite's retriever alone: the one that a library of so many passages has."""

    name, needs, index = "pincite, its retriever", "qa", "pincite-retriever"

    def build(self, corpus: Corpus, folder: Path) -> None:
        engine = "tantivy" if corpus.passage_count >= LARGE else "rank-bm25"
        ENGINES[engine]().build(
            ((its_id, held.split(" ")) for its_id, held in rows_of(corpus.terms_file)), folder=folder
        )

    def open(self, folder: Path) -> Callable[[Asked], list[str]]:
        is_large = (folder / "meta.json").exists()
        retriever = ENGINES["tantivy"]().load(folder) if is_large else OkapiRetriever.load(folder)

        def search(asked: Asked) -> list[str]:
            query = Query(terms=dict.fromkeys(asked.terms, 1.0), words=())
            return [each.passage_id for each in retriever.search(query, limit=TOP)]

        return search


OURS: Contender = _OurRetriever()
"""What others are compared with."""

PEERS: tuple[Contender, ...] = (_RankBM25(), _BM25s(), _Tantivy(), _FTS5())


def is_installed(package: str) -> bool:
    """Whether a package can be imported."""
    return importlib.util.find_spec(package) is not None


def write_passages(made: Iterable[Variation], folder: Path) -> int:
    """Write passages into a folder as JSON lines in BEIR's form, 50,000 to a file; how many they are."""
    file, count, encode = None, 0, json.JSONEncoder(ensure_ascii=False).encode
    try:
        for count, each in enumerate(made, start=1):
            if file is None or count % _RECORDS == 1:
                if file is not None:
                    file.close()
                file = (folder / f"passages-{(count - 1) // _RECORDS + 1:05d}.jsonl").open("w", encoding="utf-8")
            record = {"_id": each.id, "title": each.title, "text": each.text}
            file.write(encode(record) + "\n")
    finally:
        if file is not None:
            file.close()
    return count


def write_terms(passages: Path, file: Path) -> None:
    """Write for each passage of a folder a line: its id, a tab, and its terms with a space between."""
    with file.open("w", encoding="utf-8") as written:
        for each in sorted(passages.glob("*.jsonl")):
            with each.open(encoding="utf-8") as lines:
                for record in map(json.loads, lines):
                    written.write(f"{record['_id']}\t{' '.join(terms(record['title'] + ' ' + record['text']))}\n")


def peak_memory() -> int:
    """The most memory that this process has had, in bytes; 0 where the system does not say.

    On Linux it is that of this program alone; what `getrusage` gives begins with that of whoever started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text("ascii").partition("VmHWM:")[2].split()[0]) * 1024
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def rows_of(terms_file: Path) -> Iterator[tuple[str, str]]:
    """The id of each passage, and its terms with a space between, as `write_terms` wrote them."""
    with terms_file.open(encoding="utf-8") as lines:
        for line in lines:
            its_id, _, held = line.rstrip("\n").partition("\t")
            yield its_id, held


def _collected(terms_file: Path, ids: list[str]) -> Iterator[list[str]]:
    """The terms of each passage, each term kept once in memory, and the ids appended to `ids`."""
    for its_id, held in rows_of(terms_file):
        ids.append(its_id)
        yield list(map(sys.intern, held.split(" ")))
