"""Engines that rank passages for a query, all behind the one protocol in `protocol.py`."""

from qa.retrievers.okapi import OkapiRetriever
from qa.retrievers.protocol import Retriever, TermScore, inverse_document_frequency

__all__ = ["OkapiRetriever", "Retriever", "TermScore", "inverse_document_frequency"]
