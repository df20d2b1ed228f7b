"""The retriever in a cluster: the contract, and that it ranks as the large one does. These tests start the nodes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from nodes import Nodes, own_folder, running
from retriever_contract import CHANGES, PASSAGES, RetrieverContract

from qa import Settings
from qa.retrievers.opensearch import OpenSearchEngine

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def node() -> Iterator[Nodes]:
    """A cluster of one node."""
    with own_folder() as folder, running(folder, nodes=1, port=9210) as nodes:
        yield nodes


@pytest.fixture(scope="module")
def engine(node: Nodes) -> OpenSearchEngine:
    return OpenSearchEngine(Settings(cluster=node.addresses))


class TestOpenSearchRetriever(RetrieverContract):
    precision = 1e-6

    @pytest.fixture(autouse=True)
    def in_cluster(self, engine: OpenSearchEngine) -> None:
        type(self).retriever_class = engine

    @settings(deadline=None, max_examples=8, derandomize=True, suppress_health_check=[*HealthCheck])
    @given(first=PASSAGES, changes=CHANGES)
    def test_after_any_changes_it_answers_as_an_index_of_what_is_left(
        self, first: dict[str, list[str]], changes: list[tuple[set[str], dict[str, list[str]]]]
    ) -> None:
        self.change_and_compare(first, changes)
