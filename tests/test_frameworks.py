"""The retrievers for other frameworks, by those frameworks' own base classes; each is skipped without its extra."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import TERNS

import pincite
from pincite.retrieving import retrieved
from qa import Engine, Settings
from qa.errors import UnknownDocumentError
from web import create_app

QUESTION = "How well does bevacor work against tern fever?"
NOTHING = "Does metformin cure tern fever?"


@pytest.fixture(params=["over the library", "over HTTP"])
def source(request: pytest.FixtureRequest, engine: Engine) -> Iterator[Any]:
    """What the retrievers ask: an engine, or a client of the service over it."""
    if request.param == "over the library":
        yield engine
        return
    httpx2 = pytest.importorskip("httpx2", reason="the extra 'client' is not installed")
    with pincite.Client("http://localhost", transport=httpx2.WSGITransport(app=create_app(engine))) as client:
        yield client


# What they share


def test_passages_come_with_the_first_as_in_the_answer_and_their_places(source: Any, engine: Engine) -> None:
    answer = engine.ask(QUESTION, limit=3)
    assert answer.best
    found = retrieved(source, QUESTION, most=4)
    assert [each.id for each in found] == [answer.best.passage.id, *(each.passage.id for each in answer.alternatives)]
    for rank, each in enumerate(found, start=1):
        metadata = each.metadata
        assert engine.document(metadata["document_id"]).text[metadata["start"] : metadata["end"]] == each.text
        assert metadata["rank"] == rank
        assert metadata["citation"]["quote"] == each.text
        assert json.loads(json.dumps(metadata)) == metadata
    assert found[0].metadata["outcome"] == answer.outcome
    assert found[0].metadata["confidence"] == answer.confidence
    assert "outcome" not in found[1].metadata


def test_nothing_found_gives_no_passages(source: Any) -> None:
    assert retrieved(source, NOTHING, most=21) == []


def test_they_keep_to_a_document(source: Any) -> None:
    found = retrieved(source, "tern fever treatment", most=21, document="first-treatment")
    assert {each.metadata["document_id"] for each in found} == {"first-treatment"}
    with pytest.raises((UnknownDocumentError, pincite.ServiceError), match="No document has the id 'emus'"):
        retrieved(source, QUESTION, most=1, document="emus")


@pytest.mark.parametrize("most", [0, 22])
def test_a_number_of_passages_that_cannot_be_given_is_refused(engine: Engine, most: int) -> None:
    with pytest.raises(ValueError, match=rf"^The number of passages must be from 1 to 21, and not {most}\.$"):
        retrieved(engine, QUESTION, most=most)


# LangChain


class TestLangChain:
    """The retriever for LangChain."""

    @pytest.fixture(autouse=True)
    def langchain(self) -> None:
        pytest.importorskip("langchain_core", reason="the extra 'langchain' is not installed")

    def test_it_gives_documents_with_their_places(self, source: Any) -> None:
        from langchain_core.documents import Document
        from langchain_core.retrievers import BaseRetriever

        from pincite.langchain import PinciteRetriever

        retriever = PinciteRetriever(source=source, k=2)
        assert isinstance(retriever, BaseRetriever)
        found = retriever.invoke(QUESTION)
        assert all(isinstance(each, Document) for each in found)
        assert [(each.id, each.page_content, each.metadata) for each in found] == retrieved(source, QUESTION, most=2)
        assert len(retriever.invoke(QUESTION, k=3)) == 3
        assert asyncio.run(retriever.ainvoke(QUESTION)) == found
        assert retriever.invoke(NOTHING) == []

    def test_it_is_a_link_of_a_chain(self, source: Any) -> None:
        from langchain_core.runnables import RunnableLambda

        from pincite.langchain import PinciteRetriever

        chain = PinciteRetriever(source=source, k=1) | RunnableLambda(lambda found: found[0].metadata["source"])
        assert chain.invoke(QUESTION).startswith("Ada Example")


# LlamaIndex


def test_the_retriever_for_llamaindex_gives_nodes_with_their_places(source: Any) -> None:
    pytest.importorskip("llama_index.core", reason="the extra 'llamaindex' is not installed")
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import MetadataMode, NodeWithScore

    from pincite.llamaindex import PinciteRetriever

    retriever = PinciteRetriever(source, similarity_top_k=2)
    assert isinstance(retriever, BaseRetriever)
    found = retriever.retrieve(QUESTION)
    assert all(isinstance(each, NodeWithScore) for each in found)
    assert [(each.node_id, each.text, each.metadata) for each in found] == retrieved(source, QUESTION, most=2)
    assert asyncio.run(retriever.aretrieve(QUESTION)) == found
    assert retriever.retrieve(NOTHING) == []
    read = found[0].node.get_content(MetadataMode.LLM)
    assert found[0].metadata["source"] in read
    assert "sha256" not in read


# Haystack


class TestHaystack:
    """The retriever for Haystack."""

    @pytest.fixture(autouse=True)
    def haystack(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HAYSTACK_TELEMETRY_ENABLED", "False")
        pytest.importorskip("haystack", reason="the extra 'haystack' is not installed")

    def test_it_gives_documents_with_their_places(self, source: Any) -> None:
        from haystack import Document

        from pincite.haystack import PinciteRetriever

        retriever = PinciteRetriever(source, top_k=2)
        found = retriever.run(query=QUESTION)["documents"]
        assert all(isinstance(each, Document) for each in found)
        assert [(each.id, each.content, each.meta) for each in found] == retrieved(source, QUESTION, most=2)
        assert len(retriever.run(query=QUESTION, top_k=3)["documents"]) == 3
        assert retriever.run(query=NOTHING) == {"documents": []}

    def test_it_is_a_part_of_a_pipeline(self, source: Any) -> None:
        from haystack import Pipeline
        from haystack.components.joiners import DocumentJoiner

        from pincite.haystack import PinciteRetriever

        pipeline = Pipeline()
        pipeline.add_component("pincite", PinciteRetriever(source))
        pipeline.add_component("joiner", DocumentJoiner())
        pipeline.connect("pincite.documents", "joiner.documents")
        found = pipeline.run({"pincite": {"query": QUESTION, "top_k": 1}})["joiner"]["documents"]
        assert [each.id for each in found] == [each.id for each in retrieved(source, QUESTION, most=1)]


# LangChain's own tests of retrievers

try:
    from langchain_tests.integration_tests import RetrieversIntegrationTests
except ImportError:

    def test_langchains_own_tests_of_retrievers() -> None:
        pytest.skip("the package langchain-tests is not installed")

else:
    from pincite.langchain import PinciteRetriever

    class TestByLangChain(RetrieversIntegrationTests):
        """What LangChain asks of every retriever."""

        @property
        def retriever_constructor(self) -> type[PinciteRetriever]:
            return PinciteRetriever

        @property
        def retriever_constructor_params(self) -> dict[str, Any]:
            engine = Engine.create(Settings(meaning="off"))
            engine.add([TERNS])
            return {"source": engine}

        @property
        def retriever_query_example(self) -> str:
            return QUESTION
