"""Engines that rank passages for a query, all behind the one protocol in `protocol.py`."""

from collections.abc import Callable

from qa.retrievers.okapi import OkapiRetriever
from qa.retrievers.protocol import Retriever, TermScore, inverse_document_frequency

__all__ = ["ENGINES", "LARGE", "OkapiRetriever", "Retriever", "TermScore", "inverse_document_frequency"]

LARGE = 50_000
"""From how many passages on the engine for large libraries is chosen."""


def _rank_bm25() -> type[Retriever]:
    return OkapiRetriever


def _tantivy() -> type[Retriever]:
    from qa.retrievers.large import TantivyRetriever  # loading it takes time, which a small library need not spend

    return TantivyRetriever


ENGINES: dict[str, Callable[[], type[Retriever]]] = {"rank-bm25": _rank_bm25, "tantivy": _tantivy}
"""The engines by their names, the default one first."""
