"""Stamps: each is for one input of the encoder, made from a passage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

__all__ = ["stamp_of"]

_BYTES = 16
_ENCODER = json.JSONEncoder(ensure_ascii=False)


def stamp_of(title: str, section: Sequence[str], text: str, sentences: Sequence[Sequence[int]]) -> bytes:
    """The stamp, in 16 bytes, of a passage under a title and headings, with the spans of its sentences."""
    told = _ENCODER.encode([title, section, text, sentences])
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest()
