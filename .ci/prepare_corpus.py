"""Put the library of the shipped corpus into the wheel, so that the first question need not wait for its indexing.

Hatchling runs this when it builds a wheel. An editable install gets none, since its files may change, and neither does
a build without what indexing needs; there the first question indexes the corpus.
"""

from __future__ import annotations

import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from sqlite3 import connect
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_NEEDED = ("numpy", "nltk", "pydantic", "rapidfuzz", "rank_bm25", "regex", "spellchecker", "markdown_it", "yaml")


class PrepareCorpus(BuildHookInterface[Any]):
    """Adds `qa/library/prepared` to a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or not all(map(find_spec, _NEEDED)):
            return
        self._place = TemporaryDirectory()
        sys.path.insert(0, self.root)
        try:
            made = _made(Path(self._place.name, "prepared"))
        finally:
            sys.path.remove(self.root)
        build_data["force_include"][str(made)] = "qa/library/prepared"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        if place := getattr(self, "_place", None):
            place.cleanup()


def _made(folder: Path) -> Path:
    """The library of the corpus, in this folder. It does not tell where it was made."""
    from qa import Engine, Settings
    from qa.config import SHIPPED_CORPUS
    from qa.library.shipped import ANYWHERE, FITS, HERE, fits, rename_files

    Engine.create(Settings(library=folder, meaning="off")).add([SHIPPED_CORPUS])
    rename_files(folder, HERE, ANYWHERE)
    with closing(connect(folder / "library.sqlite3")) as database:
        database.execute("PRAGMA journal_mode = DELETE")  # the journal is part of no wheel
        database.execute("VACUUM")  # else the old paths still stand in it
    (folder / "library.sqlite3.sealed").unlink(missing_ok=True)  # it is sealed where it is put
    (folder / FITS).write_text(fits(), "utf-8")
    return folder
