"""OpenSearch as a contender: pincite's engine `opensearch` on a node that is started here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from qa import Settings
from qa.evaluation.contest import Figures
from qa.evaluation.peers import TOP, Asked, Corpus, rows_of
from qa.model import Query
from qa.retrievers.opensearch import OpenSearchEngine

sys.path.append(str(Path(__file__).resolve().parent.parent / "cluster"))

from nodes import PORT, Node, missing, own_folder, running

__all__ = ["InCluster", "one_node"]


class InCluster:
    """The retriever of a library whose index is in a cluster: given the terms ready-made, as the others are."""

    name, needs, index = "OpenSearch, one node", "urllib3", "opensearch"

    def __init__(self, addresses: Sequence[str], node: int) -> None:
        """`node` is its process."""
        self._addresses = tuple(addresses)
        self._node = node

    def build(self, corpus: Corpus, folder: Path) -> None:
        self._engine().build(((its_id, held.split(" ")) for its_id, held in rows_of(corpus.terms_file)), folder=folder)

    def open(self, folder: Path) -> Callable[[Asked], list[str]]:
        retriever = self._engine().load(folder)

        def search(asked: Asked) -> list[str]:
            query = Query(terms=dict.fromkeys(asked.terms, 1.0), words=())
            return [each.passage_id for each in retriever.search(query, limit=TOP)]

        return search

    def with_node(self, figures: Figures) -> Figures:
        """The figures with the disk and the memory that the node takes. Its index is deleted."""
        cluster = self._engine().cluster
        stats = cluster.call("GET", "pincite-*/_stats/store?filter_path=_all.primaries")["_all"]["primaries"]
        for name in cluster.call("GET", "pincite-*?filter_path=*.settings.index.uuid"):
            cluster.call("DELETE", name)
        told = Path(f"/proc/{self._node}/status").read_text("ascii")
        memory = 1024 * int(told.partition("VmRSS:")[2].split()[0])
        return replace(figures, disk_mb=stats["store"]["size_in_bytes"] / 1e6, memory_mb=memory / 1e6)

    def _engine(self) -> OpenSearchEngine:
        return OpenSearchEngine(Settings(cluster=self._addresses, cluster_shards=1))


@contextmanager
def one_node() -> Iterator[InCluster]:
    """The contender on a node of its own, for the time of the block.

    Raises:
        SystemExit: where this machine lacks what a node needs.
    """
    if lacking := missing():
        raise SystemExit(f"No node of OpenSearch can be started here: {lacking}.")
    with own_folder() as place, running(place, nodes=1, port=PORT) as nodes:
        node: Node = next(iter(nodes))
        yield InCluster(nodes.addresses, node.pid)
