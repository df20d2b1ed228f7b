"""The default retriever: rank-bm25's BM25Okapi with Lucene's idf, its statistics laid out as NumPy postings.

rank-bm25 looks at every passage for every term of a question. Here each term has the list of its passages, so the cost
of a question depends only on how often its own terms occur. The scores equal those of `BM25Okapi.get_scores` exactly.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count, pairwise
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from rank_bm25 import BM25Okapi

from qa.errors import DamagedLibraryError
from qa.model import Candidate, Query
from qa.retrievers import files
from qa.retrievers.protocol import TermScore, ascending, inverse_document_frequency
from qa.text import arrays

__all__ = ["K1", "B", "LuceneOkapi", "OkapiRetriever", "Postings", "term_score"]

K1 = 1.2  # saturation of a term's frequency; Lucene's default
B = 0.75  # how much a passage's length counts, 0..1; Lucene's default

_DEARER = 16  # how much longer it takes to look an id up than to see whether it is among others

_Floats = npt.NDArray[np.float64]
_Integers = npt.NDArray[np.int32]
_Offsets = npt.NDArray[np.int64]


class Postings(NamedTuple):
    """Which passages have which terms, how often, and how many terms each passage has.

    Passages are numbered from 0 in the order of their ids. With `a, b = bounds[i], bounds[i + 1]`, the passages that
    have `terms[i]` are `passages[a:b]`, ascending, and `frequencies[a:b]` says how often. The terms ascend.
    """

    terms: list[str]
    bounds: _Offsets
    passages: _Integers
    frequencies: _Integers
    lengths: _Integers

    @classmethod
    def of(cls, corpus: Iterable[Sequence[str]]) -> Self:
        """The postings of passages, each given as its terms."""
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        held, lengths = array("q"), array("q")
        for passage in corpus:
            lengths.append(len(passage))
            held.extend(map(numbers.__getitem__, passage))
        terms = sorted(numbers)
        rank = np.zeros(len(terms), np.int64)
        rank[[numbers[term] for term in terms]] = np.arange(len(terms))
        places = np.repeat(np.arange(len(lengths)), lengths)
        keys, frequencies = np.unique(rank[np.array(held, np.int64)] * len(lengths) + places, return_counts=True)
        return cls._laid_out(terms, keys, frequencies, np.array(lengths, np.int32))

    @classmethod
    def _laid_out(
        cls, terms: list[str], keys: _Offsets, frequencies: npt.NDArray[np.integer[Any]], lengths: _Integers
    ) -> Self:
        """The postings whose ascending `keys` are each the number of a term times all passages plus the passage's."""
        count = max(len(lengths), 1)
        bounds = np.searchsorted(keys, np.arange(len(terms) + 1) * count)
        return cls(terms, bounds, (keys % count).astype(np.int32), frequencies.astype(np.int32), lengths)

    def changed(self, kept: _Offsets, added: Postings, places: _Offsets) -> Postings:
        """The postings of the `kept` passages only, together with those of others, whose numbers become `places`."""
        count = len(kept) + len(places)
        is_added = np.zeros(count, bool)
        is_added[places] = True
        number = np.full(len(self.lengths), -1)
        number[kept] = np.flatnonzero(~is_added)
        lengths = np.zeros(count, np.int32)
        lengths[number[kept]], lengths[places] = self.lengths[kept], added.lengths

        terms = sorted({*self.terms, *added.terms})
        rank = {term: at for at, term in enumerate(terms)}
        numbers = number[self.passages]
        keys = np.concatenate(
            [self._terms_by(rank)[numbers >= 0] * count + numbers[numbers >= 0], added._terms_by(rank) * count]
        )
        keys[len(keys) - len(added.passages) :] += places[added.passages]
        frequencies = np.concatenate([self.frequencies[numbers >= 0], added.frequencies])
        order = np.argsort(keys, kind="stable")
        all_postings = self._laid_out(terms, keys[order], frequencies[order], lengths)
        return all_postings._without_terms_of_no_passage()

    def _terms_by(self, rank: Mapping[str, int]) -> _Offsets:
        """Of each posting, the number that its term has in `rank`."""
        numbers = np.array([rank[term] for term in self.terms], np.int64)
        return np.repeat(numbers, np.diff(self.bounds))

    def _without_terms_of_no_passage(self) -> Postings:
        held = np.diff(self.bounds) > 0
        terms = [term for term, is_held in zip(self.terms, held.tolist(), strict=True) if is_held]
        return self._replace(terms=terms, bounds=np.concatenate([self.bounds[:1], self.bounds[1:][held]]))


class LuceneOkapi(BM25Okapi):  # type: ignore[misc]  # rank-bm25 has no types
    """BM25Okapi with Lucene's idf, and with postings in place of one dict per passage."""

    def __init__(self, corpus: Iterable[Sequence[str]]) -> None:
        self.postings = Postings.of(())
        super().__init__(corpus, k1=K1, b=B)
        self._weigh()

    @classmethod
    def from_postings(cls, postings: Postings, saturations: _Floats | None = None) -> Self:
        """The index from its postings, without its corpus. `saturations` may be given if already computed."""
        index = cls(())
        index._count(postings)
        index._weigh(saturations)
        return index

    def _initialize(self, corpus: Iterable[Sequence[str]]) -> dict[str, int]:
        self._count(Postings.of(corpus))
        return {}

    def _calc_idf(self, nd: Mapping[str, int]) -> None:
        """A term's weight is computed when it is asked for: `idf_of`."""

    def _count(self, postings: Postings) -> None:
        self.postings = postings
        self.corpus_size = len(postings.lengths)
        self.avgdl = int(postings.lengths.sum()) / max(self.corpus_size, 1)
        bounds = postings.bounds.tolist()
        self._spans = dict(zip(postings.terms, pairwise(bounds), strict=True))

    def _weigh(self, saturations: _Floats | None = None) -> None:
        """Compute once what a question would compute again: the saturation of each posting."""
        _, _, passages, frequencies, lengths = self.postings
        if saturations is None:
            norms = self.k1 * (1 - self.b + self.b * lengths / (self.avgdl or 1))
            saturations = frequencies * (self.k1 + 1) / (frequencies + norms[passages])
        self.saturations: _Floats = saturations

    def span(self, term: str) -> tuple[int, int]:
        """Where a term's postings start and end; 0, 0 for a term that no passage has."""
        return self._spans.get(term, (0, 0))

    def idf_of(self, term: str) -> float:
        """The weight of a term by its rarity."""
        start, end = self.span(term)
        return inverse_document_frequency(end - start, self.corpus_size)

    def get_scores(self, query: Iterable[str] | Mapping[str, float]) -> _Floats:
        """The score of every passage. For a mapping, each term's part is multiplied by its weight."""
        weighted = query.items() if isinstance(query, Mapping) else [(term, 1.0) for term in query]
        held = [(term, weight, slice(*self.span(term))) for term, weight in weighted if term in self._spans]
        if not held:
            return np.zeros(self.corpus_size)
        parts = [weight * (self.idf_of(term) * self.saturations[places]) for term, weight, places in held]
        passages = [self.postings.passages[places] for _, _, places in held]
        scores = np.bincount(np.concatenate(passages), np.concatenate(parts), self.corpus_size)  # which adds in order
        return np.asarray(scores, np.float64)


class OkapiRetriever:
    """Ranks by BM25, in memory: `k1` 1.2, `b` 0.75, Lucene's idf."""

    _KIND = "okapi"
    _ARRAYS = ("terms", "ids", "bounds", "passages", "frequencies", "lengths", "saturations")

    def __init__(self, ids: Sequence[str], index: LuceneOkapi) -> None:
        self._ids = ids
        self._index = index

    @classmethod
    def build(cls, passages: Iterable[tuple[str, Sequence[str]]], *, folder: Path | None = None) -> Self:
        ids: list[str] = []
        return cls(ids, LuceneOkapi(_terms_in_order(passages, ids)))._kept(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        found = files.mapped_arrays(folder, cls._KIND, cls._ARRAYS)
        try:
            terms, ids = arrays.unpacked(found["terms"]), arrays.unpacked(found["ids"])
            postings = Postings(terms, found["bounds"], found["passages"], found["frequencies"], found["lengths"])
            return cls(ids, LuceneOkapi.from_postings(postings, found["saturations"]))
        except (ValueError, TypeError) as error:
            raise DamagedLibraryError(folder, reason=f"its arrays do not fit together ({error})") from None

    @classmethod
    def forget(cls, folder: Path) -> None:
        """Nothing: all of the index is in its folder."""

    def changed(
        self, *, removed: Collection[str], added: Iterable[tuple[str, Sequence[str]]], folder: Path | None = None
    ) -> Self:
        ids: list[str] = []
        new = Postings.of(_terms_in_order(added, ids))
        is_kept = np.ones(len(self._ids), bool)
        is_kept[[number for number in map(self._number, {*removed, *ids}) if number is not None]] = False
        kept = np.flatnonzero(is_kept)
        kept_ids = [self._ids[number] for number in kept.tolist()]
        places = np.array([bisect_left(kept_ids, each) + before for before, each in enumerate(ids)], np.int64)
        postings = self._index.postings.changed(kept, new, places)
        return type(self)(sorted([*kept_ids, *ids]), LuceneOkapi.from_postings(postings))._kept(folder)

    def _kept(self, folder: Path | None) -> Self:
        """This index, kept in an empty folder where one is given."""
        if folder is not None:
            terms, bounds, passages, frequencies, lengths = self._index.postings
            words = arrays.packed(terms), arrays.packed(self._ids)
            kept = (*words, bounds, passages, frequencies, lengths, self._index.saturations)
            files.kept_arrays(folder, self._KIND, dict(zip(self._ARRAYS, kept, strict=True)))
        return self

    def _number(self, passage_id: str) -> int | None:
        place = bisect_left(self._ids, passage_id)
        return place if self._ids[place : place + 1] == [passage_id] else None

    def search(self, query: Query, *, limit: int, within: Collection[str] | None = None) -> list[Candidate]:
        scores = self._index.get_scores(query.terms)
        matching = (scores != 0).nonzero()[0]  # of flags, which takes a fraction
        if within is not None:
            matching = self._inside(within, matching)
        if len(matching) > limit > 0:
            worst = np.partition(scores[matching], len(matching) - limit)[len(matching) - limit]
            matching = matching[scores[matching] >= worst]
        order = np.lexsort((matching, -scores[matching]))[:limit]
        best = matching[order]
        found = zip(best.tolist(), scores[best].tolist(), strict=True)
        return [Candidate(self._ids[number], score) for number, score in found]

    def _inside(self, within: Collection[str], matching: _Offsets) -> _Offsets:
        """Which of the ascending numbers `matching` are those of passages with these ids."""
        if len(within) < len(matching) // _DEARER:
            allowed = [number for number in map(self._number, within) if number is not None]
            return np.intersect1d(matching, np.array(allowed, np.int64))
        inside = frozenset(within)
        return np.array([number for number in matching.tolist() if self._ids[number] in inside], np.int64)

    def explain(self, query: Query, passage_id: str) -> list[TermScore]:
        number, index = self._number(passage_id), self._index
        if number is None:
            raise KeyError(passage_id)
        postings, found = index.postings, []
        for term, weight in query.terms.items():
            start, end = index.span(term)
            place = start + int(np.searchsorted(postings.passages[start:end], number))
            if place < end and postings.passages[place] == number:
                idf, saturation = index.idf_of(term), float(index.saturations[place])
                found.append(
                    TermScore(
                        term=term,
                        weight=weight,
                        idf=idf,
                        saturation=saturation,
                        frequency=int(postings.frequencies[place]),
                        length=int(postings.lengths[number]),
                        score=weight * (idf * saturation),
                    )
                )
        return found

    def document_frequency(self, term: str) -> int:
        start, end = self._index.span(term)
        return end - start

    def document_frequencies(self, terms: Collection[str]) -> dict[str, int]:
        return {term: self.document_frequency(term) for term in terms}

    def holding(self, terms: Collection[str]) -> list[str]:
        holds_all = np.arange(self.passage_count, dtype=np.int32)
        for term in terms:
            start, end = self._index.span(term)
            holds_all = np.intersect1d(holds_all, self._index.postings.passages[start:end], assume_unique=True)
        return [self._ids[number] for number in holds_all.tolist()]

    def reach(self) -> None:
        """It is here."""

    @property
    def passage_count(self) -> int:
        return int(self._index.corpus_size)


def _terms_in_order(passages: Iterable[tuple[str, Sequence[str]]], ids: list[str]) -> Iterator[Sequence[str]]:
    """The terms of passages, whose ids are appended to `ids`."""
    for passage_id, terms in ascending(passages):
        ids.append(passage_id)
        yield terms


def term_score(term: str, weight: float, *, idf: float, frequency: float, length: float, mean: float) -> TermScore:
    """The part of a term in a passage's score by BM25, for an engine that tells its numbers.

    `frequency` is how often the passage has the term, `length` how many terms it has, `mean` how many passages have on
    average; all above 0.
    """
    saturation = frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * length / mean))
    return TermScore(
        term=term,
        weight=weight,
        idf=idf,
        saturation=saturation,
        frequency=int(frequency),
        length=int(length),
        score=weight * (idf * saturation),
    )
