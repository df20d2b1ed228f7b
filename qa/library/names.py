"""The concepts of a library as a file, and back."""

from __future__ import annotations

import json
from pathlib import Path

from qa.concepts import Concept, Concepts
from qa.errors import DamagedLibraryError
from qa.model import digest

__all__ = ["load_concepts", "save_concepts"]

_FILE = "concepts.json"


def save_concepts(concepts: Concepts, folder: Path) -> None:
    """Write concepts into an empty folder, with the digest of what is written."""
    kept = json.dumps([[each.names, each.found, sorted(each.held)] for each in concepts.all])
    (folder / _FILE).write_text(json.dumps({"sha256": digest(kept), "concepts": kept}), "utf-8")


def load_concepts(folder: Path) -> Concepts:
    """The concepts that `save_concepts` wrote.

    Raises:
        DamagedLibraryError: for a file that is broken, changed or missing.
    """
    try:
        kept = json.loads((folder / _FILE).read_bytes())
        if digest(kept["concepts"]) != kept["sha256"]:
            raise ValueError("it has been changed")
        return Concepts(
            Concept(names=tuple(names), found=tuple(found), held=frozenset(held))
            for names, found, held in json.loads(kept["concepts"])
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedLibraryError(folder, reason=f"{_FILE} cannot be read ({error})") from None
