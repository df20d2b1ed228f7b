"""A retriever for LlamaIndex. It needs the extra `llamaindex`."""

from __future__ import annotations

from typing import Any

from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from pincite.retrieving import Scope, Source, retrieved

__all__ = ["PinciteRetriever"]

UNREAD = ["citation", "document_id", "end", "permalink", "rank", "start"]  # by a language model, nor embedded


class PinciteRetriever(BaseRetriever):
    """Gives the passage that answers, and further ones up to `similarity_top_k`, 1 to 21. If nothing was found, none.

    `source` is a `qa.Engine` or a `pincite.Client`. `document` has the id of the document to ask, or several. Nodes
    have no score: their order is the ranking.
    """

    def __init__(self, source: Source, *, similarity_top_k: int = 4, document: Scope = None, **given: Any) -> None:
        super().__init__(**given)
        self._source, self._most, self._document = source, similarity_top_k, document

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = retrieved(self._source, query_bundle.query_str, most=self._most, document=self._document)
        return [
            NodeWithScore(
                node=TextNode(
                    id_=each.id,
                    text=each.text,
                    metadata=each.metadata,
                    excluded_llm_metadata_keys=UNREAD,
                    excluded_embed_metadata_keys=UNREAD,
                )
            )
            for each in found
        ]
