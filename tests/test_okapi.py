"""The default retriever: the contract, and the scores of rank-bm25 to the last bit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi
from retriever_contract import BIRDS, RetrieverContract, asking, random_corpus

from qa.retrievers import OkapiRetriever, inverse_document_frequency
from qa.retrievers.okapi import K1, B, LuceneOkapi

TERMS = st.sampled_from(["tern", "gull", "fish", "nest", "海鸥", "%", "2.5"])
CORPORA = st.lists(st.lists(TERMS, max_size=12), min_size=1, max_size=12).filter(lambda corpus: any(corpus))
QUERIES = st.lists(st.one_of(TERMS, st.just("penguin")), max_size=8)


class TestOkapiRetriever(RetrieverContract):
    retriever_class = OkapiRetriever


class ReferenceOkapi(BM25Okapi):  # type: ignore[misc]  # rank-bm25 has no types
    """rank-bm25 as it is, but for the idf."""

    def _calc_idf(self, nd: Mapping[str, int]) -> None:
        for term, frequency in nd.items():
            self.idf[term] = math.log(1 + (self.corpus_size - frequency + 0.5) / (frequency + 0.5))


def scores_of(index: Any, query: Sequence[str]) -> list[float]:
    return [float(score) for score in index.get_scores(query)]


@settings(deadline=None, max_examples=200)
@given(corpus=CORPORA, query=QUERIES)
def test_the_scores_are_those_of_rank_bm25_to_the_last_bit(corpus: list[list[str]], query: list[str]) -> None:
    reference = ReferenceOkapi(corpus, k1=K1, b=B)
    assert scores_of(LuceneOkapi(corpus), query) == scores_of(reference, query)


@settings(deadline=None, max_examples=100)
@given(corpus=CORPORA, query=st.lists(TERMS, max_size=5, unique=True))
def test_a_ranking_is_the_order_of_those_scores(corpus: list[list[str]], query: list[str]) -> None:
    ids = [f"p{number:02}" for number in range(len(corpus))]
    scores = zip(ids, scores_of(ReferenceOkapi(corpus, k1=K1, b=B), query), strict=True)
    expected = sorted(((passage_id, score) for passage_id, score in scores if score > 0), key=lambda e: (-e[1], e[0]))
    retriever = OkapiRetriever.build(zip(ids, corpus, strict=True))
    assert retriever.search(asking(query), limit=100) == expected
    assert retriever.search(asking(query), limit=2) == expected[:2]


@settings(deadline=None, max_examples=100)
@given(corpus=CORPORA)
def test_an_index_from_its_postings_is_the_index(corpus: list[list[str]]) -> None:
    built = LuceneOkapi(corpus)
    again = LuceneOkapi.from_postings(built.postings)
    assert (again.avgdl, again.corpus_size) == (built.avgdl, built.corpus_size)
    assert all(again.idf_of(term) == built.idf_of(term) for terms in corpus for term in terms)
    assert np.array_equal(again.saturations, built.saturations)


def test_keeping_an_index_writes_the_same_bytes_every_time(tmp_path: Path) -> None:
    first, second = (TestOkapiRetriever().saved(random_corpus(8), tmp_path / name) for name in ("first", "second"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_a_changed_index_is_kept_in_the_same_bytes_as_one_that_was_built(tmp_path: Path) -> None:
    corpus = dict(random_corpus(11))
    old = {each: terms for each, terms in corpus.items() if each < "p0150"} | {"p0003": ("gull",), "p0003x": ("tern",)}
    built, changed = tmp_path / "built", tmp_path / "changed"
    for folder in (built, changed):
        folder.mkdir()
    OkapiRetriever.build(sorted(corpus.items()), folder=built)
    added = {each: terms for each, terms in corpus.items() if each not in old or each == "p0003"}
    before = OkapiRetriever.build(sorted(old.items()))
    before.changed(removed={"p0003x", "p9"}, added=sorted(added.items()), folder=changed)
    assert sorted(path.name for path in built.iterdir()) == sorted(path.name for path in changed.iterdir())
    for path in built.iterdir():
        assert (changed / path.name).read_bytes() == path.read_bytes(), path.name


def test_an_index_that_is_opened_is_mapped_and_not_read(tmp_path: Path) -> None:
    OkapiRetriever.build(random_corpus(12), folder=tmp_path)
    postings = OkapiRetriever.load(tmp_path)._index.postings
    for array in (postings.bounds, postings.passages, postings.frequencies, postings.lengths):
        assert isinstance(array.base, np.memmap)
        assert not array.flags.writeable


def test_a_term_asked_twice_counts_twice_as_in_rank_bm25() -> None:
    corpus = [list(terms) for _, terms in BIRDS]
    assert scores_of(LuceneOkapi(corpus), ["fish", "fish"]) == scores_of(
        ReferenceOkapi(corpus, k1=K1, b=B), ["fish"] * 2
    )


def test_the_scores_of_a_corpus_worked_out_by_hand() -> None:
    """Two passages, of 2 and 4 terms, so 3 on average; "tern" is in both, "gull" in the second alone.

    idf(tern) = ln(1 + 0.5 / 2.5) = ln 1.2, and idf(gull) = ln(1 + 1.5 / 1.5) = ln 2.
    p1: tern once:      1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 3)) = 2.2 / 1.9
    p2: tern twice:     2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 4 / 3)) = 4.4 / 3.5
    p2: gull once:      1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 4 / 3)) = 2.2 / 2.5
    """
    retriever = OkapiRetriever.build([("p1", ["tern", "fish"]), ("p2", ["tern", "tern", "gull", "nest"])])
    tern = retriever.search(asking(["tern"]), limit=9)
    assert [each.passage_id for each in tern] == ["p2", "p1"]
    assert [each.score for each in tern] == pytest.approx([0.18232156 * 4.4 / 3.5, 0.18232156 * 2.2 / 1.9], abs=1e-7)
    both = retriever.search(asking(["tern", "gull"]), limit=9)
    assert [each.score for each in both] == pytest.approx([0.83917376, 0.21110917], abs=1e-7)
    [part, _] = retriever.explain(asking(["tern", "gull"]), "p2")
    assert (part.frequency, part.length) == (2, 4)
    assert part.saturation == pytest.approx(4.4 / 3.5)


@pytest.mark.parametrize(
    ("frequency", "count", "expected"),
    [(0, 0, 0.6931), (0, 1, 1.3863), (1, 1, 0.2877), (1, 2, 0.6931), (2, 2, 0.1823), (1, 1000, 6.5033)],
)
def test_the_idf_is_lucenes_and_never_below_zero(frequency: int, count: int, expected: float) -> None:
    assert inverse_document_frequency(frequency, count) == pytest.approx(expected, abs=5e-5)


@settings(deadline=None)
@given(count=st.integers(1, 10**7), data=st.data())
def test_the_rarer_a_term_the_more_it_weighs(count: int, data: st.DataObject) -> None:
    frequency = data.draw(st.integers(1, count))
    rarer, commoner = inverse_document_frequency(frequency - 1, count), inverse_document_frequency(frequency, count)
    assert rarer > commoner > 0


@pytest.mark.parametrize(("frequency", "count"), [(-1, 5), (6, 5), (1, 0)])
def test_an_impossible_frequency_is_refused(frequency: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"a term is in {frequency} of {count} passages"):
        inverse_document_frequency(frequency, count)
