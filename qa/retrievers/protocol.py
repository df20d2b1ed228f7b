"""What every retriever promises. `tests/retriever_contract.py` tests each of them against it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from qa.model import Candidate, Query

__all__ = ["Retriever", "Retrievers", "TermScore", "ascending", "inverse_document_frequency"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TermScore:
    """What one term adds to one passage's score: `score = weight * idf * saturation`.

    `frequency` is how often the passage, with its headings and title, has the term. `length` is the number of its
    terms. If lengths are kept in one byte each, it is up to 6 % off.
    """

    term: str
    weight: float
    idf: float
    saturation: float
    frequency: int
    length: int
    score: float


class Retriever(Protocol):
    """Ranks passages for a query. Swap engines here; nothing above this line changes.

    An index never changes; `changed` gives a new one. Terms and ids have at least one character and no line breaks. An
    index in a folder is complete when `Retrievers.build` or `changed` returns.
    """

    def changed(
        self, *, removed: Collection[str], added: Iterable[tuple[str, Sequence[str]]], folder: Path | None = None
    ) -> Retriever:
        """The index without some passages and with others. It is kept in `folder`, an empty one, if that is given.

        An added passage replaces one with the same id. A removed passage need not be there. This index stays as it is
        and still answers.

        Raises:
            ValueError: for ids of added passages that do not ascend.
        """

    def search(self, query: Query, *, limit: int, within: Collection[str] | None = None) -> list[Candidate]:
        """At most `limit` passages whose score is above 0, best first, ties broken by passage id.

        If `within` is given, only the passages with these ids are looked at. A query that matches nothing gives an
        empty list; that is an answer, not an error.
        """

    def explain(self, query: Query, passage_id: str) -> list[TermScore]:
        """What each term of the query adds to a passage's score. Added up in this order, they are the score.

        Raises:
            KeyError: for a passage that is not indexed.
        """

    def document_frequency(self, term: str) -> int:
        """How many passages have a term; 0 if none has."""

    def document_frequencies(self, terms: Collection[str]) -> Mapping[str, int]:
        """The same of several terms, by the term."""

    def holding(self, terms: Collection[str]) -> list[str]:
        """The ids, ascending, of the passages that have all of these terms."""

    def reach(self) -> None:
        """Make sure that it can be searched now. What is on this machine always can.

        Raises:
            LibraryError: where a search would fail.
        """

    @property
    def passage_count(self) -> int:
        """How many passages are indexed."""


class Retrievers(Protocol):
    """What makes retrievers and opens them: their class or, where their indexes are in a cluster, that cluster."""

    def build(self, passages: Iterable[tuple[str, Sequence[str]]], *, folder: Path | None = None) -> Retriever:
        """The retriever of some passages. Each is given as its id and its terms, in ascending order of ids.

        Its index is kept in `folder`, which must be empty. Without a folder it lasts as long as it is used.

        Raises:
            ValueError: for ids that do not ascend.
        """

    def load(self, folder: Path) -> Retriever:
        """The retriever whose index `build` or `changed` kept in a folder.

        Raises:
            DamagedLibraryError: for files that are broken or missing.
        """

    def forget(self, folder: Path) -> None:
        """Delete what is kept outside of a folder of the index that the folder names, whole or not."""


def ascending(passages: Iterable[tuple[str, Sequence[str]]]) -> Iterator[tuple[str, Sequence[str]]]:
    """The passages as they come.

    Raises:
        ValueError: at a passage whose id is not above the one before.
    """
    last: str | None = None
    for passage_id, terms in passages:
        if last is not None and passage_id <= last:
            raise ValueError(f"passage {passage_id} comes behind {last}")
        last = passage_id
        yield passage_id, terms


def inverse_document_frequency(document_frequency: int, passage_count: int) -> float:
    """Weight of a term by its rarity: ln(1 + (N - n + 0.5) / (n + 0.5)), in nats; above 0.

    Args:
        document_frequency: n, passages that contain the term; 0 <= n <= N.
        passage_count: N, passages in the index.
    Raises:
        ValueError: if n lies outside 0..N, which means the index is corrupt.
    Source: Kamphuis et al., "Which BM25 Do You Mean?", ECIR 2020, the Lucene row.

    >>> round(inverse_document_frequency(1, 2), 4)
    0.6931
    """
    if not 0 <= document_frequency <= passage_count:
        raise ValueError(f"a term is in {document_frequency} of {passage_count} passages")
    return math.log(1 + (passage_count - document_frequency + 0.5) / (document_frequency + 0.5))
