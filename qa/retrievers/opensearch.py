"""The retriever for libraries that outgrow one machine: OpenSearch. Its index is in a cluster.

Formula, terms and rounding of lengths are those of the large retriever; scores have 32 bits. An index never changes
once it is whole: a change clones it and edits the clone.

Lucene counts deleted passages until it merges them away, and its mean length leaves out passages without terms. So a
changed index is merged until no copy of it has deleted passages, and each passage without terms gets a filler, whose
weight in the mean is taken back by `k1` and `b`.
"""

from __future__ import annotations

import math
import re
import secrets
import time
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple, Self

import numpy as np

from qa.config import Settings
from qa.errors import (
    ClusterAccessError,
    ClusterError,
    ClusterIncompleteError,
    ClusterRejectedError,
    DamagedLibraryError,
    IndexFormatError,
    LibraryError,
)
from qa.model import Candidate, Query, digest
from qa.retrievers import files
from qa.retrievers.cluster import Cluster, NotThereError
from qa.retrievers.lengths import fillers
from qa.retrievers.okapi import K1, B, term_score
from qa.retrievers.protocol import TermScore, ascending, inverse_document_frequency

__all__ = ["FILLER", "Beside", "Kept", "OpenSearchEngine", "OpenSearchRetriever", "data_nodes", "kept_as", "token"]

_FORMAT = "1"
"""What an index is refused by, if it was written otherwise."""

_KEPT_AS = re.compile(r"weight\(terms:(.*) in \d+\) \[", re.DOTALL)  # how Lucene names the part of a term in a score

_LONG = 8_000  # characters, in UTF-8 at most 32,000 bytes; Lucene refuses terms above 32,766
_LONG_ID = 128  # characters, in UTF-8 at most 512 bytes, which an _id may have
FILLER = "\n"  # no term: it makes a passage as long as it is counted to be
_CLAUSES = 1_000  # terms of a query; Lucene takes 1,024
_AT_ONCE = 10_000  # hits of one answer
_COPIED = 2_000  # passages that are read at a time, to be written into another index
_WITHIN = 50_000  # ids of one filter; OpenSearch takes 65,536
_WRITTEN = 500  # passages that are looked up at once for what is kept beside
_COUNTED = 200  # terms whose frequencies are asked for at once
_KNOWN = 50_000  # terms; of how many it is remembered in how many passages they are
_EXACT = 1e-5  # by which share a score may be off from the formula and count as the same

_WORK = 600.0  # seconds, for which the making of an index is waited, step by step
_COPIES = 60.0  # seconds, for which the copies of a new index are waited
_PARTING = 2.0  # seconds, for which the deletion of an index that nobody kept is waited
_LOOKS = 0.2  # seconds from one look at a merge to the next
_REACHED = 3.0  # seconds, for which an answer is waited that says that the index can be searched
_PROBES = 1.0  # seconds from one such search to the next: whoever asks often does not burden the cluster
_RETRIES = 200  # to put a copy on a node, where a search that was broken off holds the place, for up to six minutes
_SEGMENT = "256mb"  # of an index, at most: a change writes those anew from which something was deleted


def _fresh(shards: int, similarity: tuple[float, float] = (K1, B)) -> dict[str, Any]:
    """What an index is made with."""
    k1, b = similarity
    return {
        "settings": {
            "index": {
                "number_of_shards": shards,
                "similarity": {"terms": {"type": "BM25", "k1": k1, "b": b}},
                **_WHILE_WRITTEN,
            }
        },
        "mappings": {
            "dynamic": False,
            "properties": {
                "id": {"type": "keyword"},
                "terms": {"type": "text", "analyzer": "keyword", "index_options": "freqs", "similarity": "terms"},
                "length": {"type": "integer"},
            },
        },
    }


_OF_RETRIEVER = ["id", "terms", "length"]
"""The fields of a passage that are searched."""

_IS_WHOLE = ("timed_out", "_shards.total", "_shards.successful", "_shards.failed")
_WANTED = (*_IS_WHOLE, "hits.total.value", "hits.hits")
_OF_INDEX = "*.mappings._meta,*.settings.index.number_of_shards"
_WHILE_WRITTEN: dict[str, Any] = {
    "allocation.max_retries": _RETRIES,
    "auto_expand_replicas": "0-1",
    "refresh_interval": "-1",
    "soft_deletes.retention_lease.period": "0ms",  # else a merge keeps deleted passages, and Lucene counts them
    "merge.policy.expunge_deletes_allowed": 0,
    "merge.policy.max_merged_segment": _SEGMENT,
}


_FORBIDDEN = (ClusterAccessError, ClusterRejectedError)
"""What a service answers to requests that it allows nobody."""


class Beside(NamedTuple):
    """What an index keeps of passages beside their terms. It is not searched, and comes with the hits."""

    prefix: str = "pincite-"
    """What the names of new indices begin with."""

    given: Callable[[Sequence[str]], Sequence[Mapping[str, Any]]] | None = None
    """Gives it for passages that are written, by their ids, in their order."""

    met: Callable[[str, Mapping[str, Any]], None] | None = None
    """Is told of it for each hit of a search, by the passage's id."""


_NOTHING = Beside()


class OpenSearchEngine:
    """Makes and opens retrievers in one cluster."""

    def __init__(self, settings: Settings, *, cluster: Cluster | None = None, beside: Beside = _NOTHING) -> None:
        """The cluster is not asked yet. It is that of the settings, if it is not given.

        Raises:
            SettingError: for settings by which it cannot be asked.
        """
        self.cluster = cluster or Cluster(settings)
        self._shards = settings.cluster_shards
        self._beside = beside

    def build(
        self, passages: Iterable[tuple[str, Sequence[str]]], *, folder: Path | None = None
    ) -> OpenSearchRetriever:
        """The index of some passages; see `Retrievers.build`.

        Raises:
            ClusterError: where the cluster cannot be used.
        """
        shards = self._shards or data_nodes(self.cluster)
        with _making(self.cluster, folder, self._beside) as index:
            self.cluster.change("PUT", index, _fresh(shards), wait=_WORK)
            self.cluster.write(index, _indexed(ascending(passages), self._beside))
            kept = _finished(self.cluster, index, folder, self._beside, shards=shards, similarity=(K1, B))
            return self.opened(kept, folder)

    def load(self, folder: Path) -> OpenSearchRetriever:
        """The index that is named in a folder; see `Retrievers.load`.

        Raises:
            ClusterError: where the cluster cannot be used.
        """
        return self.opened(Kept.read(folder), folder)

    def opened(self, kept: Kept, folder: Path | None) -> OpenSearchRetriever:
        """The index of which this is kept."""
        return OpenSearchRetriever(self.cluster, kept, folder, self._beside)

    def forget(self, folder: Path) -> None:
        """Delete the index that a folder names, if it names one; see `Retrievers.forget`.

        Raises:
            ClusterError: where the cluster cannot be used.
        """
        with suppress(DamagedLibraryError, KeyError, TypeError):
            kept = files.read_json(folder / files.ELSEWHERE)
            for name in (kept["name"], *kept.get("copied", ())):
                with suppress(NotThereError):
                    self.cluster.change("DELETE", str(name), wait=_WORK)


def data_nodes(cluster: Cluster) -> int:
    """How many nodes of a cluster keep data."""
    health = cluster.call("GET", "_cluster/health?filter_path=number_of_data_nodes")
    return max(1, int(health["number_of_data_nodes"]))


class Kept(NamedTuple):
    """What is kept of an index in a folder, and in the index itself."""

    name: str
    passages: int
    terms: int
    empty: int
    """How many passages have no terms."""

    similarity: tuple[float, float]
    """`k1` and `b` by which OpenSearch scores."""

    probe: str
    """A term as some passage has it; its score tells by which constants and statistics OpenSearch scores."""

    def values(self) -> dict[str, Any]:
        return {"format": _FORMAT, **self._asdict(), "similarity": list(self.similarity)}

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What is kept in a folder.

        Raises:
            IndexFormatError: where it is of another format.
            DamagedLibraryError: where it cannot be read, or is not whole.
        """
        files.check(folder)
        kept = files.read_json(folder / files.ELSEWHERE)
        if kept.get("format") != _FORMAT:
            raise IndexFormatError(folder, found=f"of the cluster {kept.get('format')}", expected=_FORMAT)
        return cls.of(kept)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """What is kept, from its `values`."""
        k1, b = kept["similarity"]
        return cls(kept["name"], kept["passages"], kept["terms"], kept["empty"], (k1, b), kept["probe"])


class OpenSearchRetriever:
    """Ranks by BM25, in a cluster: `k1` 1.2, `b` 0.75, Lucene's idf. Many threads may search it at once.

    Every method raises `ClusterError` where the cluster cannot answer wholly.
    """

    def __init__(self, cluster: Cluster, kept: Kept, folder: Path | None, beside: Beside = _NOTHING) -> None:
        """One that has no folder is deleted with this object, unless `beside` is told of hits: then others ask it too.

        Raises:
            DamagedLibraryError: where the index is not there, or is not the one that was kept.
        """
        self._cluster, self.kept, self.folder, self._beside = cluster, kept, folder, beside
        self._place = folder or Path(kept.name)
        if folder is None and beside.met is None:
            weakref.finalize(self, _delete, cluster, kept.name, wait=_PARTING)
        with self._there():
            found = cluster.call("GET", f"{kept.name}?filter_path={_OF_INDEX}")[kept.name]
        if found["mappings"].get("_meta") != kept.values():
            raise DamagedLibraryError(self._place, reason=f"the index {kept.name} in the cluster is another one")
        self._shards = shards = int(found["settings"]["index"]["number_of_shards"])
        how = "" if shards == 1 else "&search_type=dfs_query_then_fetch"  # which counts over all shards
        self._search = f"{kept.name}/_search?allow_partial_search_results=false{how}&filter_path={','.join(_WANTED)}"
        each = ",".join(f"responses.{part}" for part in ("status", "error", *_WANTED))
        self._several = f"{kept.name}/_msearch?filter_path={each}"
        self._mean = kept.terms / max(1, kept.passages)
        self._factor = self._learnt_factor()
        self._frequencies: dict[str, int] = {}
        self._probing = Lock()
        self._probed = -math.inf
        self._failure: LibraryError | None = None

    def changed(
        self, *, removed: Collection[str], added: Iterable[tuple[str, Sequence[str]]], folder: Path | None = None
    ) -> OpenSearchRetriever:
        """This index without some passages and with others; see `Retriever.changed`."""
        cluster = self._cluster
        with self._there(), _making(cluster, folder, self._beside) as index:
            before, similarity = self.kept.name, self.kept.similarity
            cloning = {"settings": {"index": {**_WHILE_WRITTEN, "blocks.write": None}}}
            tombstones = len(removed)
            try:
                cluster.change("PUT", f"{before}/_clone/{index}", cloning, wait=_WORK)
            except _FORBIDDEN:  # by some services; then what stays is written anew
                cluster.change("PUT", index, _fresh(self._shards, similarity), wait=_WORK)
                cluster.write(index, _created(ascending(added), self._beside))
                cluster.write(index, _copied(cluster, before, without=frozenset(map(kept_as, removed))))
                tombstones = 0
            else:
                cluster.write(index, [({"delete": {"_id": kept_as(each)}},) for each in removed])
                cluster.write(index, _indexed(ascending(added), self._beside))
            kept = _finished(
                cluster, index, folder, self._beside, shards=self._shards, similarity=similarity, tombstones=tombstones
            )
            return OpenSearchRetriever(cluster, kept, folder, self._beside)

    def search(self, query: Query, *, limit: int, within: Collection[str] | None = None) -> list[Candidate]:
        asked = self._any(query.terms)
        if limit <= 0 or asked is None or (within is not None and not within):
            return []
        if within is not None:
            asked = {"bool": {"must": [asked], "filter": [_only(within)]}}
        limit = min(limit, self.passage_count)
        hits = self._hits(asked, sort=[{"_score": "desc"}, {"id": "asc"}], limit=limit, met=self._beside.met)
        return [Candidate(passage_id, float(np.float32(score))) for score, passage_id in hits]  # told in decimals

    def explain(self, query: Query, passage_id: str) -> list[TermScore]:
        asked = self._any(dict.fromkeys(query.terms, 1.0)) or {"match_none": {}}
        wanted = {"bool": {"filter": [{"term": {"id": passage_id}}], "should": [asked]}}
        [hit] = self._asked({"size": 1, "query": wanted, "explain": True})["hits"]["hits"] or [None]
        if hit is None:
            raise KeyError(passage_id)
        held = dict(_parts(hit["_explanation"]))
        parts, count = [], self.passage_count
        for term, weight in query.terms.items():
            if term_held := held.get(token(term)):
                frequency, length = term_held["freq"], term_held["dl"]
                idf = inverse_document_frequency(self.document_frequency(term), count)
                parts.append(term_score(term, weight, idf=idf, frequency=frequency, length=length, mean=self._mean))
        return parts

    def document_frequency(self, term: str) -> int:
        return self.document_frequencies([term])[term]

    def document_frequencies(self, terms: Collection[str]) -> dict[str, int]:
        known = self._frequencies
        found = {term: known[term] for term in terms if term in known}
        missing = [term for term in terms if term not in found]
        for start in range(0, len(missing), _COUNTED):
            some = missing[start : start + _COUNTED]
            found |= zip(some, self._counted([_has(term) for term in some]), strict=True)
        self._remember({term: found[term] for term in missing[:_KNOWN]})
        return found

    def _remember(self, found: Mapping[str, int]) -> None:
        if len(self._frequencies) + len(found) > _KNOWN:
            self._frequencies = {}
        self._frequencies.update(found)

    def holding(self, terms: Collection[str]) -> list[str]:
        all_of = {"bool": {"filter": [_has(term) for term in dict.fromkeys(terms)] or [{"match_all": {}}]}}
        return [passage_id for (passage_id,) in self._hits(all_of, sort=[{"id": "asc"}], limit=self.passage_count)]

    def reach(self) -> None:
        """Search all shards. If that was done within a second, tell what was found then."""
        with self._probing:
            if time.monotonic() > self._probed + _PROBES:
                self._failure = self._probe()
                self._probed = time.monotonic()
            failure = self._failure
        if failure is not None:
            raise failure.with_traceback(None)

    def _probe(self) -> LibraryError | None:
        try:
            self._asked({"size": 0, "query": {"match_all": {}}, "terminate_after": 1}, wait=_REACHED)
        except LibraryError as error:
            return error
        return None

    @property
    def passage_count(self) -> int:
        return self.kept.passages

    # OpenSearch

    def _any(self, weights: Mapping[str, float]) -> dict[str, Any] | None:
        """The query for any of some terms; of very many, for the heaviest. None where there are none."""
        terms = list(weights)
        if len(terms) > _CLAUSES:
            terms = sorted(terms, key=lambda term: -abs(weights[term]))[:_CLAUSES]
        clauses = [{"term": {"terms": {"value": token(term), "boost": weights[term] * self._factor}}} for term in terms]
        return {"bool": {"should": clauses, "minimum_should_match": 1}} if clauses else None

    def _hits(
        self,
        query: Mapping[str, Any],
        *,
        sort: Sequence[Mapping[str, str]],
        limit: int,
        met: Callable[[str, Mapping[str, Any]], None] | None = None,
    ) -> list[list[Any]]:
        """By what at most so many hits are sorted, in their order; the id comes last. `met` is told of each."""
        found: list[list[Any]] = []
        while len(found) < limit:
            size = min(_AT_ONCE, limit - len(found))
            body: dict[str, Any] = {"size": size, "query": query, "sort": sort}
            if met is not None:
                body["_source"] = {"excludes": _OF_RETRIEVER}
            if found:
                body["search_after"] = found[-1]
            hits = self._asked(body)["hits"]["hits"]
            found += [hit["sort"] for hit in hits]
            if met is not None:
                for hit in hits:
                    met(hit["sort"][-1], hit["_source"])
            if len(hits) < size:
                break
        return found

    def _asked(self, body: Mapping[str, Any], *, wait: float | None = None) -> Any:
        whole = {"_source": False, "track_total_hits": False, **body}
        with self._there():
            return self._cluster.search(self._search, whole, wait=wait)

    def _learnt_factor(self) -> float:
        """What a weight must be multiplied by: some versions leave the constant (k1 + 1) out of their formula.

        Raises:
            DamagedLibraryError: where the statistics are not those of the passages.
        """
        if not self.kept.probe:
            return 1.0
        [hit] = self._asked({"size": 1, "query": _has_token(self.kept.probe), "explain": True})["hits"]["hits"]
        [(_, held)] = _parts(hit["_explanation"])
        idf = inverse_document_frequency(self._counted([_has_token(self.kept.probe)])[0], self.passage_count)
        right = idf * held["freq"] * (K1 + 1) / (held["freq"] + K1 * (1 - B + B * held["dl"] / self._mean))
        found = right / hit["_score"]
        for factor in ((K1 + 1) / (self.kept.similarity[0] + 1), K1 + 1):
            if abs(found - factor) < _EXACT * factor:
                return factor
        raise DamagedLibraryError(self._place, reason="its index in the cluster does not count as it should")

    def _counted(self, queries: Sequence[Mapping[str, Any]]) -> list[int]:
        """How many passages each query matches."""
        with self._there():
            counts = self._cluster.search_all(
                self._several, [{"size": 0, "track_total_hits": True, "query": query} for query in queries]
            )
        return [int(each["hits"]["total"]["value"]) for each in counts]

    @contextmanager
    def _there(self) -> Iterator[None]:
        """Take it for damage where the index is not there."""
        try:
            yield
        except NotThereError as error:
            reason = f"its index is not in the cluster at {self._cluster.name} ({error})"
            raise DamagedLibraryError(self._place, reason=reason) from None


@contextmanager
def _making(cluster: Cluster, folder: Path | None, beside: Beside, *, copied: str = "") -> Iterator[str]:
    """The name of an index to be made, as a copy of `copied` if that is given. The folder names both before it is
    there, so that they can always be found again.

    If the block does not end well, the index is deleted.
    """
    index = f"{beside.prefix}{secrets.token_hex(8)}"
    if folder is not None:
        files.write_json(folder / files.ELSEWHERE, {"name": index, "copied": [copied] if copied else []})
    try:
        yield index
    except BaseException:
        _delete(cluster, index)
        raise


def _delete(cluster: Cluster, index: str, *, wait: float | None = None) -> None:
    with suppress(ClusterError, NotThereError):
        cluster.call("DELETE", index, wait=wait)


def _finished(
    cluster: Cluster,
    index: str,
    folder: Path | None,
    beside: Beside,
    *,
    shards: int,
    similarity: tuple[float, float],
    tombstones: int = 0,
) -> Kept:
    """What is kept of an index in which everything is written, and which is scored by this `k1` and `b`."""
    cluster.call("POST", f"{index}/_refresh", wait=_WORK)
    passages, terms, empty, probe = _tallied(cluster, index)
    right = _similarity(terms, empty)
    try:
        if _deleted(cluster, index):  # also where something was sent twice
            _purge(cluster, index, tombstones=tombstones)
        if right != similarity:
            _score_by(cluster, index, right)
    except _FORBIDDEN:  # by some services; a copy has nothing deleted, and is scored rightly from the beginning
        with _making(cluster, folder, beside, copied=index) as copy:
            cluster.change("PUT", copy, _fresh(shards, right), wait=_WORK)
            cluster.write(copy, _copied(cluster, index))
            _delete(cluster, index)
            return _finished(cluster, copy, folder, beside, shards=shards, similarity=right)
    kept = Kept(index, passages, terms, empty, right, probe)
    cluster.change("PUT", f"{index}/_mapping", {"_meta": kept.values()}, wait=_WORK)
    cluster.change("PUT", f"{index}/_settings", {"index": {"blocks.write": True}}, wait=_WORK)
    _wait_for_copies(cluster, index)
    if folder is not None:
        files.write_json(folder / files.ELSEWHERE, kept.values())
        files.seal(folder, [files.ELSEWHERE])
    return kept


def _wait_for_copies(cluster: Cluster, index: str) -> None:
    """Wait until there are as many copies of each shard as there should be. One that is late comes later."""
    end = time.monotonic() + _COPIES
    while cluster.call("GET", f"_cluster/health/{index}?filter_path=status")["status"] != "green":
        if time.monotonic() > end:
            return
        time.sleep(_LOOKS)


def _purge(cluster: Cluster, index: str, *, tombstones: int) -> None:
    """Merge an index until no copy of it has deleted passages, which Lucene counts.

    A deletion itself leaves an empty tombstone for up to half a minute. Lucene does not count it, but as deleted.
    """
    end = time.monotonic() + _WORK
    while True:
        cluster.call("POST", f"{index}/_flush?force=true&wait_if_ongoing=true", wait=_WORK)
        cluster.call("POST", f"{index}/_forcemerge?only_expunge_deletes=true&flush=true", wait=_WORK)
        cluster.call("POST", f"{index}/_refresh", wait=_WORK)
        if _deleted(cluster, index) <= tombstones:
            return
        if time.monotonic() > end:
            raise ClusterIncompleteError(cluster.name, reason="it does not merge what was deleted")
        time.sleep(_LOOKS)


def _deleted(cluster: Cluster, index: str) -> int:
    """How many deleted passages and tombstones an index has: of each shard, the copy with the most."""
    path = f"{index}/_stats/docs?level=shards&filter_path=indices.*.shards.*.docs.deleted"
    shards = cluster.call("GET", path, wait=_WORK)["indices"][index]["shards"].values()
    return sum(max(copy["docs"]["deleted"] for copy in copies) for copies in shards)


def _tallied(cluster: Cluster, index: str) -> tuple[int, int, int, str]:
    """How many passages an index has, how many terms they have, how many have none; and some passage's first term."""
    told = cluster.search(
        f"{index}/_search?allow_partial_search_results=false",
        {
            "size": 1,
            "track_total_hits": True,
            "_source": ["terms"],
            "query": {"match_all": {}},
            "sort": [{"length": "desc"}, {"id": "asc"}],
            "aggs": {"terms": {"sum": {"field": "length"}}, "empty": {"filter": {"term": {"length": 0}}}},
        },
        wait=_WORK,
    )
    terms, empty = int(told["aggregations"]["terms"]["value"]), int(told["aggregations"]["empty"]["doc_count"])
    probe = told["hits"]["hits"][0]["_source"]["terms"][0] if terms else ""
    return int(told["hits"]["total"]["value"]), terms, empty, probe


def _similarity(terms: int, empty: int) -> tuple[float, float]:
    """The `k1` and `b` by which OpenSearch scores as if empty passages had no filler.

    With the fillers its mean length is `(terms + empty) / passages`, and not `terms / passages`. What a length adds,
    `k1 * b * length / mean`, is multiplied by the quotient of the two, and `k1 * (1 - b)` stays.

    >>> _similarity(1000, 0), [round(value, 3) for value in _similarity(1000, 100)]
    ((1.2, 0.75), [1.29, 0.767])
    """
    if not empty or not terms:
        return K1, B
    of_length = K1 * B * (terms + empty) / terms
    k1 = K1 * (1 - B) + of_length
    return k1, of_length / k1


def _score_by(cluster: Cluster, index: str, similarity: tuple[float, float]) -> None:
    """Set `k1` and `b` of an index that nobody asks yet: it must be closed for that."""
    k1, b = similarity
    cluster.change("POST", f"{index}/_close?wait_for_active_shards=1", wait=_WORK)
    cluster.change("PUT", f"{index}/_settings", {"index": {"similarity": {"terms": {"k1": k1, "b": b}}}}, wait=_WORK)
    cluster.change("POST", f"{index}/_open?wait_for_active_shards=1", wait=_WORK)


def _indexed(
    passages: Iterable[tuple[str, Sequence[str]]], beside: Beside
) -> Iterator[tuple[dict[str, Any], Mapping[str, Any]]]:
    """The lines of a bulk that index passages."""
    left = iter(passages)
    while some := list(islice(left, _WRITTEN)):
        more = beside.given([each for each, _ in some]) if beside.given else [{}] * len(some)
        for (passage_id, terms), kept in zip(some, more, strict=True):
            filling = fillers(len(terms))
            tokens = [*map(token, terms), *[FILLER] * (filling if terms else 1)]
            searched = {"id": passage_id, "terms": tokens, "length": len(terms) + filling}
            yield {"index": {"_id": kept_as(passage_id)}}, {**searched, **kept}


def _created(
    passages: Iterable[tuple[str, Sequence[str]]], beside: Beside
) -> Iterator[tuple[dict[str, Any], Mapping[str, Any]]]:
    """The same, if they are not there yet."""
    return (({"create": operation["index"]}, held) for operation, held in _indexed(passages, beside))


def _copied(
    cluster: Cluster, index: str, *, without: Collection[str] = ()
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The lines of a bulk that create the passages of an index in another one, but for those with some `_id`s."""
    path = f"{index}/_search?allow_partial_search_results=false&filter_path={','.join((*_IS_WHOLE, 'hits.hits'))}"
    body: dict[str, Any] = {"size": _COPIED, "query": {"match_all": {}}, "sort": [{"id": "asc"}]}
    while hits := cluster.search(path, body, wait=_WORK).get("hits", {}).get("hits"):
        yield from (({"create": {"_id": hit["_id"]}}, hit["_source"]) for hit in hits if hit["_id"] not in without)
        body["search_after"] = hits[-1]["sort"]


def kept_as(passage_id: str) -> str:
    """The `_id` of a passage: its id or, where that is too long, the start of it with its digest."""
    return passage_id if len(passage_id) <= _LONG_ID else f"{passage_id[:50]}#{digest(passage_id)}"


def token(term: str) -> str:
    """A term as it is in the index: cut short where it is too long, but for its digest."""
    return term if len(term) <= _LONG else f"{term[:100]}\n{digest(term)}"


def _has(term: str) -> dict[str, Any]:
    return _has_token(token(term))


def _has_token(written: str) -> dict[str, Any]:
    return {"term": {"terms": {"value": written}}}


def _only(passage_ids: Collection[str]) -> dict[str, Any]:
    ids = list(passage_ids)
    some = [{"terms": {"id": ids[start : start + _WITHIN]}} for start in range(0, len(ids), _WITHIN)]
    return {"bool": {"should": some, "minimum_should_match": 1}}


def _parts(explanation: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, float]]]:
    """The terms in a score, as they are in the index, each with the numbers of its part by their names in Lucene."""
    named = _KEPT_AS.match(explanation["description"])
    if named:
        yield named[1], dict(_numbers(explanation))
    else:
        for detail in explanation["details"]:
            yield from _parts(detail)


def _numbers(explanation: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    yield explanation["description"].partition(",")[0], explanation["value"]
    for detail in explanation["details"]:
        yield from _numbers(detail)
