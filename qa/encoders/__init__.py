"""Texts to vectors whose cosine says how near they are in meaning, behind the one protocol in `protocol.py`."""

from qa.encoders.files import load_encoder
from qa.encoders.protocol import Encoder, PassageText, QuestionVector, Vectors
from qa.encoders.vectors import cosines

__all__ = ["Encoder", "PassageText", "QuestionVector", "Vectors", "cosines", "load_encoder"]
