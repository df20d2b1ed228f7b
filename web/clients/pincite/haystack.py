"""A retriever for Haystack. It needs the extra `haystack`."""

from __future__ import annotations

from haystack import Document, component

from pincite.retrieving import Scope, Source, retrieved

__all__ = ["PinciteRetriever"]


@component
class PinciteRetriever:
    """Gives the passage that answers, and further ones up to `top_k`, 1 to 21. If nothing was found it gives none.

    `source` is a `qa.Engine` or a `pincite.Client`. `document` has the id of the document to ask, or several. Documents
    have no score: their order is the ranking.
    """

    def __init__(self, source: Source, *, top_k: int = 4, document: Scope = None) -> None:
        self.source, self.top_k, self.document = source, top_k, document

    @component.output_types(documents=list[Document])
    def run(self, query: str, top_k: int | None = None) -> dict[str, list[Document]]:
        """The passages for a query."""
        found = retrieved(self.source, query, most=self.top_k if top_k is None else top_k, document=self.document)
        return {"documents": [Document(id=each.id, content=each.text, meta=each.metadata) for each in found]}
