"""A retriever for LangChain. It needs the extra `langchain`."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from pincite.retrieving import Scope, retrieved

__all__ = ["PinciteRetriever"]


class PinciteRetriever(BaseRetriever):
    """Gives the passage that answers, and further ones up to `k`. If nothing was found it gives none.

    `source` is a `qa.Engine` or a `pincite.Client`. `document` has the id of the document to ask, or several. `k`, 1 to
    21, and `document` may also be given to `invoke`.
    """

    source: Any
    k: int = 4
    document: Scope = None

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002
        **given: Any,
    ) -> list[Document]:
        most, document = given.get("k", self.k), given.get("document", self.document)
        found = retrieved(self.source, query, most=most, document=document)
        return [Document(id=each.id, page_content=each.text, metadata=each.metadata) for each in found]
