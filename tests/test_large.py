"""The retriever for large libraries: the contract, and that it ranks as the default one does."""

from __future__ import annotations

from retriever_contract import RetrieverContract

from qa.retrievers.large import TantivyRetriever


class TestTantivyRetriever(RetrieverContract):
    retriever_class = TantivyRetriever
    precision = 1e-6
