"""Stamps: each is for one input of the encoder, made from a passage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

__all__ = ["stamp_of"]

_BYTES = 16


def stamp_of(title: str, section: Sequence[str], text: str, sentences: Sequence[Sequence[int]]) -> bytes:
    """The stamp, in 16 bytes, of a passage under a title and headings, with the spans of its sentences."""
    told = json.dumps([title, list(section), text, [list(each) for each in sentences]], ensure_ascii=False)
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest()
