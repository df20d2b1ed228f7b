"""The id of a document by the name of its file."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

__all__ = ["document_id"]


def document_id(path: Path) -> str:
    """An id that reads like the path: lower-case letters, digits and hyphens, at least one.

    >>> document_id(Path("Drugs/Second line (2021).md"))
    'drugs-second-line-2021'
    """
    text = unicodedata.normalize("NFKD", path.with_suffix("").as_posix()).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-") or "document"
