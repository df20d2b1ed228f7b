"""Engines that rank passages for a query, all behind the one protocol in `protocol.py`."""

from __future__ import annotations

from collections.abc import Callable

from qa.config import Settings
from qa.errors import MissingExtraError
from qa.retrievers.okapi import OkapiRetriever
from qa.retrievers.protocol import Retriever, Retrievers, TermScore, inverse_document_frequency

__all__ = [
    "ENGINES",
    "LARGE",
    "OPENSEARCH",
    "OkapiRetriever",
    "Retriever",
    "Retrievers",
    "TermScore",
    "inverse_document_frequency",
    "local_retrievers",
    "retrievers_of",
]

LARGE = 50_000
"""From how many passages on the engine for large libraries is chosen."""


def _rank_bm25() -> Retrievers:
    return OkapiRetriever


def _tantivy() -> Retrievers:
    from qa.retrievers.large import TantivyRetriever  # loading it takes time, which a small library need not spend

    return TantivyRetriever


ENGINES: dict[str, Callable[[], Retrievers]] = {"rank-bm25": _rank_bm25, "tantivy": _tantivy}
"""The engines of this machine by their names, the default one first."""

OPENSEARCH = "opensearch"
"""The engine of a cluster."""


def local_retrievers(engine: str) -> Retrievers:
    """What makes and opens the retrievers of an engine of this machine, by its name.

    Raises:
        KeyError: for a name that none of them has.
    """
    return ENGINES[engine]()


def retrievers_of(engine: str, settings: Settings) -> Retrievers:
    """What makes and opens the retrievers of an engine, by its name.

    Raises:
        KeyError: for a name that no engine has.
        SettingError: where the settings name no cluster, and the engine needs one.
        MissingExtraError: where it needs a package that is not installed.
    """
    if engine != OPENSEARCH:
        return local_retrievers(engine)
    try:
        from qa.retrievers.opensearch import OpenSearchEngine
    except ModuleNotFoundError as error:
        if error.name != "urllib3":
            raise
        raise MissingExtraError("cluster") from None
    return OpenSearchEngine(settings)
