"""Everything that is prepared from the passages of a library when it is indexed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from qa.asking.concepts import Concept, Concepts, of_library
from qa.asking.spelling import Speller
from qa.library.selecting import Select
from qa.library.state import State
from qa.library.words import KeptRows, KeptWords
from qa.ranking.wordings import Wordings
from qa.retrievers import Retriever, Retrievers, files

__all__ = [
    "PASSAGES",
    "VOCABULARY",
    "Index",
    "kept_concepts",
    "kept_speller",
    "load_index",
    "load_retriever",
    "opened",
    "write_concepts",
]

PASSAGES, VOCABULARY = "passages", "vocabulary"
"""The folders of the retriever's index, and of the speller's words."""


class Index(NamedTuple):
    """What finds passages, what they are compared with, and how the words of a question are read."""

    retriever: Retriever
    wordings: Wordings
    speller: Speller
    concepts: Concepts


def opened(state: State, retriever: Retriever, speller: Speller) -> Index:
    """The index over a state."""
    wordings = Wordings(
        rows=KeptRows(state),
        words=KeptWords(state),
        document_frequencies=retriever.document_frequencies,
        passage_count=retriever.passage_count,
        mean_length=int(state.facts()["terms"]) / max(1, retriever.passage_count),
    )
    return Index(retriever, wordings, speller, state.concepts())


def load_index(folder: Path, state: State, retrievers: Callable[[str], Retrievers]) -> Index:
    """The index in a folder, over a state. `retrievers` gives what opens the retriever of an engine.

    Raises:
        DamagedLibraryError: for files that are broken or missing.
        ValueError: where they do not fit the state.
    """
    retriever = load_retriever(folder, state.facts(), retrievers)
    speller = Speller(files.mapped_arrays(folder / VOCABULARY, VOCABULARY, Speller.ARRAYS))
    return opened(state, retriever, speller)


def load_retriever(folder: Path, facts: Mapping[str, str], retrievers: Callable[[str], Retrievers]) -> Retriever:
    """The retriever of the version that these are the facts of, whose index is in a folder."""
    retriever = retrievers(facts["engine"]).load(folder / PASSAGES)
    if retriever.passage_count != int(facts["passages"]):
        raise ValueError(f"{facts['passages']} passages are kept, but {retriever.passage_count} are indexed")
    return retriever


def kept_speller(database: sqlite3.Connection, folder: Path | None) -> Speller:
    """The speller of the words in a database. It is saved in a folder if one is given."""
    speller = Speller.build(database.execute("SELECT word, count FROM words WHERE count > 0 ORDER BY number"))
    if folder is not None:
        (folder / VOCABULARY).mkdir()
        files.kept_arrays(folder / VOCABULARY, VOCABULARY, speller.arrays)
    return speller


def kept_concepts(select: Select, *, is_held: bool) -> Concepts:
    """The concepts that a library was indexed with. With `is_held`, only those with a name in the library."""
    concepts = [
        Concept(names=tuple(json.loads(names)), found=tuple(json.loads(found)))
        for names, found in select("SELECT names, found FROM concepts ORDER BY number")
    ]
    if not is_held:
        return Concepts(concepts)
    return of_library(concepts, select("SELECT concept, name FROM namings"))


def write_concepts(database: sqlite3.Connection, concepts: Iterable[Concept]) -> None:
    """Save these concepts. They replace all others."""
    database.execute("DELETE FROM concepts")
    database.executemany(
        "INSERT INTO concepts (names, found) VALUES (?, ?)",
        [(json.dumps(each.names), json.dumps(each.found)) for each in concepts],
    )
