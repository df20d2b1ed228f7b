"""The retriever for large libraries: tantivy. Its index is on disk; the cost of a change depends only on what changed.

Its formula is that of the default retriever. But it keeps the length of a passage in one byte, as Lucene does: above 40
terms a length is rounded, by 6 % at most. Scores have 32 bits.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import tantivy

from qa.errors import DamagedLibraryError
from qa.model import Candidate, Query, digest
from qa.retrievers import files
from qa.retrievers.lengths import fillers
from qa.retrievers.okapi import term_score
from qa.retrievers.protocol import TermScore, ascending, inverse_document_frequency

__all__ = ["TantivyRetriever"]

_HEAP = 128_000_000  # bytes; how much is indexed in memory before it is written
_SPARE = 16  # passages found beyond those asked for, since ties are in no promised order
_MOST = 5_000  # passages; among no more than so many that tie are those with the lowest ids looked for
_MEAN_OFF = 1e-4  # by how much of it the mean length may be off before scores are put right
_WEIGHINGS = 3  # how often counterweights are tried; a merge can undo what they did
_KNOWN = 50_000  # terms; of how many it is remembered in how many passages they are

_COUNTS = "counts.json"
_META = "meta.json"  # tantivy's list of its segments

_LONG = 16_000  # characters, in UTF-8 at most 64,000 bytes; tantivy drops terms above 65,530
_FILLER = "\\_"  # no term: it makes a passage as long as it is counted to be
_ESCAPES = (("\\", "\\\\"), (" ", "\\s"), ("\t", "\\t"), ("\f", "\\f"), ("\r", "\\r"))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("terms", tokenizer_name="whitespace", index_option="freq")
    builder.add_integer_field("length", fast=True)
    return builder.build()


class TantivyRetriever:
    """Ranks by BM25, on disk: `k1` 1.2, `b` 0.75, Lucene's idf.

    tantivy still counts deleted passages until it merges their segments. Here a boost corrects the weight of a term,
    and counterweights correct the mean length: passages of filler, or empty ones, which no query finds. If the mean is
    then still off by more than `_MEAN_OFF`, the passages found are scored again. So scores differ by less than that
    share from those of an index built from the same passages.

    Many threads may search it at once. Opening it makes an empty lock file in its folder. A folder that may not be
    written to is opened through links from a folder of its own.
    """

    def __init__(self, folder: Path | files.OwnFolder) -> None:
        self._place = folder  # one's own goes with the retriever
        self._folder = folder if isinstance(folder, Path) else folder.path
        files.check(self._folder)
        self._links = files.writable(self._folder)
        with self._sound():
            index = tantivy.Index.open(str(self._links.path if self._links else self._folder))
            index.config_reader("manual")  # which watches no files
            self._schema, self._searcher = index.schema, index.searcher()
            self._with_deleted = _documents(self._folder)
            self._counts = files.read_json(self._folder / _COUNTS)
            self._mean = self._counts["terms"] / max(self.passage_count, 1)
        self._its_mean: float | None = None
        self._frequencies: dict[str, int] = {}

    # Writing

    @classmethod
    def build(cls, passages: Iterable[tuple[str, Sequence[str]]], *, folder: Path | None = None) -> Self:
        place = folder or files.OwnFolder()
        path = place if isinstance(place, Path) else place.path
        with _writing():
            index = tantivy.Index(_schema(), str(path))
        return cls._written(index, place, path, removed=(), added=passages, counterweights=0)

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls(folder)

    @classmethod
    def forget(cls, folder: Path) -> None:
        """Nothing: all of the index is in its folder."""

    def changed(
        self, *, removed: Collection[str], added: Iterable[tuple[str, Sequence[str]]], folder: Path | None = None
    ) -> Self:
        place = folder or files.OwnFolder()
        path = place if isinstance(place, Path) else place.path
        files.link(self._folder, path, is_shared=lambda name: not name.endswith(".json"))
        with self._sound():
            index = tantivy.Index.open(str(path))
        counterweights = self._counts["counterweights"]
        return self._written(index, place, path, removed=removed, added=added, counterweights=counterweights)

    @classmethod
    def _written(
        cls,
        index: tantivy.Index,
        place: Path | files.OwnFolder,
        path: Path,
        *,
        removed: Collection[str],
        added: Iterable[tuple[str, Sequence[str]]],
        counterweights: int,
    ) -> Self:
        """The index, changed and sealed, in which there are so many counterweights.

        Raises:
            OSError: where it cannot be written.
        """
        index.config_reader("manual")
        with _writing():
            writer = index.writer(_HEAP, num_threads=1)
            for passage_id in removed:
                writer.delete_documents_by_term("id", passage_id)
        is_new = index.searcher().num_docs == 0
        for passage_id, terms in ascending(added):
            document, filling = tantivy.Document(), fillers(len(terms))
            document.add_text("id", passage_id)
            document.add_text("terms", _tokens(terms) + f"\n{_FILLER}" * filling)
            document.add_integer("length", len(terms) + filling)
            with _writing():
                if not is_new:
                    writer.delete_documents_by_term("id", passage_id)
                writer.add_document(document)
        with _writing():
            writer.commit()
            writer.wait_merging_threads()
            index.reload()
            counted = index.searcher().aggregate(tantivy.Query.all_query(), {"terms": {"sum": {"field": "length"}}})
            total = int(counted["terms"]["value"] or 0)
            count = index.searcher().num_docs - counterweights
            if total and count != _documents(path):
                counterweights += _counterweights(index, path, mean=total / count)
        files.write_json(path / _COUNTS, {"terms": total, "passages": count, "counterweights": counterweights})
        files.seal(path, [name for name in files.names(path) if not name.endswith(".lock")])
        return cls(place)

    # Searching

    def search(self, query: Query, *, limit: int, within: Collection[str] | None = None) -> list[Candidate]:
        boosts = self._boosts(query.terms)
        if limit <= 0 or not boosts or (within is not None and not within):
            return []
        asked = self._any(boosts)
        if within is not None:
            only = tantivy.Query.term_set_query(self._schema, "id", list(within))
            asked = _all_of([asked, tantivy.Query.const_score_query(only, 0.0)])
        wanted = limit + _SPARE
        with self._sound():
            while True:
                hits = self._hits(asked, wanted)
                scored, exceeds = self._put_right(query, hits)
                scored.sort(key=lambda each: -each[0])
                cut = scored[limit - 1][0] if len(scored) >= limit else 0.0
                if len(hits) < wanted or hits[-1][0] * exceeds < cut or wanted >= _MOST:
                    break
                wanted *= 4
            found = [Candidate(self._id(address), score) for score, address in scored if score >= cut]
        return sorted(found, key=lambda each: (-each.score, each.passage_id))[:limit]

    def _boosts(self, weights: Mapping[str, float]) -> dict[str, float]:
        """What tantivy's own score of each term that passages hold is to be multiplied by."""
        boosts, count = {}, self.passage_count
        for term, weight in weights.items():
            frequency = self.document_frequency(term)
            if frequency and count == self._with_deleted:
                boosts[term] = weight
            elif frequency:
                its_idf = inverse_document_frequency(self._frequency_with_deleted(term), self._with_deleted)
                boosts[term] = weight * inverse_document_frequency(frequency, count) / its_idf
        return boosts

    def _put_right(
        self, query: Query, hits: list[tuple[float, tantivy.DocAddress]]
    ) -> tuple[list[tuple[float, tantivy.DocAddress]], float]:
        """The scores of hits by the true mean length, and by what factor they may exceed tantivy's own."""
        if not hits or not self._is_off(query, hits[0][1]):
            return list(hits), 1.0
        scored = [(sum(part.score for part in self._parts(query, address)), address) for _, address in hits]
        return scored, max(1.0, self._mean / (self._its_mean or 1)) * 1.000001  # 32 bits have 7 digits

    def _is_off(self, query: Query, address: tantivy.DocAddress) -> bool:
        """Whether tantivy's mean length, which any passage that a query finds will tell, is off by too much."""
        if self._its_mean is None:
            told = (self._explained(term, address) for term in query.terms)
            self._its_mean = next(each["avgdl"] for each in told if each)
        return bool(abs(self._its_mean - self._mean) > _MEAN_OFF * self._mean)

    def explain(self, query: Query, passage_id: str) -> list[TermScore]:
        with self._sound():
            hits = self._hits(self._term("id", passage_id), 1)
            if not hits:
                raise KeyError(passage_id)
            return self._parts(query, hits[0][1])

    def _parts(self, query: Query, address: tantivy.DocAddress) -> list[TermScore]:
        parts, count = [], self.passage_count
        for term, weight in query.terms.items():
            told = self._explained(term, address)
            if told:
                mean = self._mean if self._is_off(query, address) else told["avgdl"]
                frequency, length = told["freq"], told["dl"]
                idf = inverse_document_frequency(self.document_frequency(term), count)
                parts.append(term_score(term, weight, idf=idf, frequency=frequency, length=length, mean=mean))
        return parts

    def _explained(self, term: str, address: tantivy.DocAddress) -> dict[str, float]:
        """The numbers in tantivy's score of a term in a passage; none where it lacks the term."""
        try:
            return _told(self._term("terms", _token(term)).explain(self._searcher, address))
        except ValueError:
            return {}

    def document_frequency(self, term: str) -> int:
        if self.passage_count == self._with_deleted:
            return self._frequency_with_deleted(term)
        known = self._frequencies.get(term)
        if known is None:
            if len(self._frequencies) >= _KNOWN:
                self._frequencies.clear()
            held = tantivy.Query.const_score_query(self._term("terms", _token(term)), 1.0)
            with self._sound():
                known = self._searcher.search(held, 1, count=True).count  # type: ignore[attr-defined]
            self._frequencies[term] = known
        return known

    def _frequency_with_deleted(self, term: str) -> int:
        with self._sound():
            return self._searcher.doc_freq("terms", _token(term))

    def document_frequencies(self, terms: Collection[str]) -> dict[str, int]:
        return {term: self.document_frequency(term) for term in terms}

    def holding(self, terms: Collection[str]) -> list[str]:
        all_terms = [self._term("terms", _token(term)) for term in terms] or [tantivy.Query.exists_query("length")]
        with self._sound():
            hits = self._hits(tantivy.Query.const_score_query(_all_of(all_terms), 1.0), self.passage_count)
            return sorted(self._id(address) for _, address in hits)

    def reach(self) -> None:
        """It is here."""

    @property
    def passage_count(self) -> int:
        return int(self._counts["passages"])

    # tantivy

    def _term(self, field: str, token: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, token, "freq" if field == "terms" else "basic")

    def _any(self, boosts: Mapping[str, float]) -> tantivy.Query:
        queries = [tantivy.Query.boost_query(self._term("terms", _token(term)), each) for term, each in boosts.items()]
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, each) for each in queries])

    def _hits(self, query: tantivy.Query, limit: int) -> list[tuple[float, tantivy.DocAddress]]:
        return self._searcher.search(query, max(1, min(limit, self.passage_count)), count=False).hits

    def _id(self, address: tantivy.DocAddress) -> str:
        return str(self._searcher.doc(address).get_first("id"))

    @contextmanager
    def _sound(self) -> Iterator[None]:
        """Take it for damage where tantivy cannot read what it wrote: it raises ValueError, or panics."""
        try:
            yield
        except BaseException as error:
            if isinstance(error, ValueError) or type(error).__module__ == "pyo3_runtime":
                raise DamagedLibraryError(self._folder, reason=f"its index cannot be read ({error})") from None
            raise


@contextmanager
def _writing() -> Iterator[None]:
    """Tell of what tantivy cannot write as of any file that cannot be written."""
    try:
        yield
    except ValueError as error:
        raise OSError(f"the index cannot be written: {error}") from None


def _all_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, each) for each in queries])


def _documents(folder: Path) -> int:
    """How many documents tantivy counts, deleted ones and counterweights too."""
    return sum(each["max_doc"] for each in files.read_json(folder / _META)["segments"])


def _counterweights(index: tantivy.Index, folder: Path, *, mean: float) -> int:
    """Add documents until the mean length that tantivy counts is this one; how many there were."""
    filler, added = tantivy.Query.term_query(index.schema, "terms", _FILLER, "freq"), 0
    for _ in range(_WEIGHINGS):
        searcher, count = index.searcher(), _documents(folder)
        hits = searcher.search(filler, 1, count=False).hits
        its_mean = _told(filler.explain(searcher, hits[0][1]))["avgdl"] if hits else mean
        if hits and abs(its_mean - mean) <= _MEAN_OFF / 100 * mean:
            break
        documents = max(1, math.ceil(its_mean * count / mean) - count)
        fillers = round(mean * (count + documents) - its_mean * count)
        writer = index.writer(_HEAP, num_threads=1)
        for number in range(documents):
            document = tantivy.Document()
            document.add_text("terms", "" if number else f"{_FILLER}\n" * fillers)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        added += documents
    return added


def _told(explanation: tantivy.Explanation) -> dict[str, float]:
    """The numbers in a score of tantivy's, by their names there."""
    return dict(_numbers(json.loads(explanation.to_json())))


def _numbers(explanation: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The numbers of an explanation and of its details, each by the first word that describes it."""
    yield explanation["description"].partition(",")[0], explanation["value"]
    for detail in explanation.get("details") or ():
        yield from _numbers(detail)


def _tokens(terms: Sequence[str]) -> str:
    """Terms as one text, in which tantivy finds each of them again: it parts them at white space."""
    text = "\n".join(terms)
    return _escaped(text) if len(text) <= _LONG else "\n".join(map(_token, terms))


def _token(term: str) -> str:
    """A term as it is in the index: without white space, and cut short where it is too long, but for its digest."""
    return _escaped(term) if len(term) <= _LONG else f"{_escaped(term[:100])}\\#{digest(term)}"


def _escaped(text: str) -> str:
    for character, escape in _ESCAPES:
        text = text.replace(character, escape)
    return text
