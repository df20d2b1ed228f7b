"""The default retriever: rank-bm25's BM25Okapi with Lucene's idf, its statistics laid out as NumPy postings.

rank-bm25 walks a dict of every passage for every term of a question. Here each term has the list of its passages, so
a question costs what its own terms occur. The scores are those of `BM25Okapi.get_scores`, to the last bit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from rank_bm25 import BM25Okapi

from qa import arrays
from qa.model import Candidate, Query
from qa.retrievers.protocol import TermScore, inverse_document_frequency

__all__ = ["K1", "B", "LuceneOkapi", "OkapiRetriever"]

K1 = 1.2  # saturation of a term's frequency; Lucene's default
B = 0.75  # how much a passage's length counts, 0..1; Lucene's default

_Floats = npt.NDArray[np.float64]
_Integers = npt.NDArray[np.int64]


class LuceneOkapi(BM25Okapi):  # type: ignore[misc]  # rank-bm25 has no types
    """BM25Okapi with Lucene's idf and with postings in place of a dict for every passage.

    The postings of a term are `passages[a:b]` and `frequencies[a:b]` with `a, b = spans[term]`: passages are numbered
    in the order in which they came, from 0, and ascend within a term.
    """

    def __init__(self, corpus: Iterable[Sequence[str]]) -> None:
        self.spans: dict[str, tuple[int, int]] = {}
        self.passages: _Integers = np.zeros(0, np.int64)
        self.frequencies: _Integers = np.zeros(0, np.int64)
        self.lengths: _Integers = np.zeros(0, np.int64)
        super().__init__(corpus, k1=K1, b=B)
        self._weigh()

    @classmethod
    def from_postings(
        cls, spans: dict[str, tuple[int, int]], passages: _Integers, frequencies: _Integers, lengths: _Integers
    ) -> Self:
        """The same index from its postings, without its corpus."""
        index = cls(())
        index.spans, index.passages, index.frequencies, index.lengths = spans, passages, frequencies, lengths
        index.corpus_size = len(lengths)
        index.avgdl = int(lengths.sum()) / max(len(lengths), 1)
        index._calc_idf({term: end - start for term, (start, end) in spans.items()})
        index._weigh()
        return index

    def _initialize(self, corpus: Iterable[Sequence[str]]) -> dict[str, int]:
        postings: dict[str, list[tuple[int, int]]] = {}
        lengths: list[int] = []
        for number, terms in enumerate(corpus):
            lengths.append(len(terms))
            for term, frequency in Counter(terms).items():
                postings.setdefault(term, []).append((number, frequency))
        self.lengths = np.array(lengths, np.int64)
        self.corpus_size = len(lengths)
        self.avgdl = sum(lengths) / max(len(lengths), 1)
        flat = np.array([pair for term in postings for pair in postings[term]], np.int64).reshape(-1, 2)
        self.passages, self.frequencies = np.ascontiguousarray(flat[:, 0]), np.ascontiguousarray(flat[:, 1])
        start = 0
        for term, pairs in postings.items():
            self.spans[term] = (start, start + len(pairs))
            start += len(pairs)
        return {term: len(pairs) for term, pairs in postings.items()}

    def _calc_idf(self, nd: Mapping[str, int]) -> None:
        self.idf = {term: inverse_document_frequency(n, self.corpus_size) for term, n in nd.items()}

    def _weigh(self) -> None:
        """Compute once what a question would compute again: the saturation of each posting."""
        norms = self.k1 * (1 - self.b + self.b * self.lengths / (self.avgdl or 1))
        self.saturations: _Floats = self.frequencies * (self.k1 + 1) / (self.frequencies + norms[self.passages])

    def get_scores(self, query: Iterable[str] | Mapping[str, float]) -> _Floats:
        """The score of every passage; for a mapping, each term's part is multiplied by its weight."""
        scores = np.zeros(self.corpus_size)
        for term in query:
            span = self.spans.get(term)
            if span is not None:
                part = self.idf[term] * self.saturations[slice(*span)]
                scores[self.passages[slice(*span)]] += query[term] * part if isinstance(query, Mapping) else part
        return scores


class OkapiRetriever:
    """Ranks by BM25, in memory: `k1` 1.2, `b` 0.75, Lucene's idf."""

    _FILE = "okapi.npz"

    def __init__(self, ids: Sequence[str], index: LuceneOkapi) -> None:
        self._ids = ids
        self._numbers = {passage_id: number for number, passage_id in enumerate(ids)}
        self._index = index

    @classmethod
    def build(cls, passages: Iterable[tuple[str, Sequence[str]]]) -> Self:
        ids: list[str] = []

        def terms_in_order() -> Iterator[Sequence[str]]:
            for passage_id, terms in passages:
                if ids and passage_id <= ids[-1]:
                    raise ValueError(f"passage {passage_id} comes behind {ids[-1]}")
                ids.append(passage_id)
                yield terms

        index = LuceneOkapi(terms_in_order())
        return cls(ids, index)

    @classmethod
    def load(cls, folder: Path) -> Self:
        return arrays.load(folder / cls._FILE, cls._from_arrays)

    @classmethod
    def _from_arrays(cls, found: Mapping[str, npt.NDArray[Any]]) -> Self:
        bounds = found["bounds"].tolist()
        spans = {term: (bounds[i], bounds[i + 1]) for i, term in enumerate(arrays.unpacked(found["terms"]))}
        index = LuceneOkapi.from_postings(spans, found["passages"], found["frequencies"], found["lengths"])
        return cls(arrays.unpacked(found["ids"]), index)

    def save(self, folder: Path) -> None:
        index = self._index
        arrays.save(
            folder / self._FILE,
            {
                "terms": arrays.packed(index.spans),
                "ids": arrays.packed(self._ids),
                "bounds": np.array([0, *(end for _, end in index.spans.values())], np.int64),
                "passages": index.passages,
                "frequencies": index.frequencies,
                "lengths": index.lengths,
            },
        )

    def search(self, query: Query, *, limit: int, within: Collection[str] | None = None) -> list[Candidate]:
        scores = self._index.get_scores(query.terms)
        matching = np.flatnonzero(scores)
        if within is not None:
            allowed = [self._numbers[each] for each in within if each in self._numbers]
            matching = np.intersect1d(matching, np.array(allowed, np.int64))
        if len(matching) > limit > 0:
            worst = np.partition(scores[matching], len(matching) - limit)[len(matching) - limit]
            matching = matching[scores[matching] >= worst]
        order = np.lexsort((matching, -scores[matching]))[:limit]
        return [Candidate(self._ids[number], float(scores[number])) for number in matching[order]]

    def explain(self, query: Query, passage_id: str) -> list[TermScore]:
        number, index = self._numbers[passage_id], self._index
        found = []
        for term, weight in query.terms.items():
            start, end = index.spans.get(term, (0, 0))
            place = start + int(np.searchsorted(index.passages[start:end], number))
            if place < end and index.passages[place] == number:
                saturation = float(index.saturations[place])
                found.append(
                    TermScore(
                        term=term,
                        weight=weight,
                        idf=index.idf[term],
                        saturation=saturation,
                        frequency=int(index.frequencies[place]),
                        length=int(index.lengths[number]),
                        score=weight * (index.idf[term] * saturation),
                    )
                )
        return found

    def document_frequency(self, term: str) -> int:
        start, end = self._index.spans.get(term, (0, 0))
        return end - start

    @property
    def passage_count(self) -> int:
        return int(self._index.corpus_size)
