"""All that is made of a library's passages at indexing, so that a question finds it made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from qa.concepts import Concept, Concepts, agreed
from qa.errors import DamagedLibraryError
from qa.model import Passage, digest
from qa.retrievers import Retriever
from qa.spelling import Speller
from qa.wordings import Wordings, WordingsBuilder

__all__ = ["Index"]

_CONCEPTS = "concepts.json"


class Index(NamedTuple):
    """What finds the passages, what they are held against, and how a question's words are read."""

    retriever: Retriever
    wordings: Wordings
    speller: Speller
    concepts: Concepts

    @classmethod
    def build(
        cls,
        passages: Iterable[tuple[str, Passage]],
        *,
        texts: Iterable[str],
        synonyms: Sequence[Concept],
        retrievers: type[Retriever],
    ) -> Self:
        """The index of passages in ascending order of their ids, each given with its document's title.

        `texts` are the documents' whole, in which concepts are mined beside the `synonyms`.
        """
        concepts = Concepts([*synonyms, *agreed(texts, synonyms)])
        names: set[tuple[Concept, str]] = set()

        def terms_of(text: str) -> list[str]:
            terms, found = concepts.terms_and_names(text)
            names.update(found)
            return terms

        builder = WordingsBuilder(terms_of)

        def indexed() -> Iterator[tuple[str, list[str]]]:
            for title, passage in passages:
                yield passage.id, builder.add(passage, title=title)

        retriever = retrievers.build(indexed())
        wordings = builder.done(retriever.document_frequency)
        return cls(retriever, wordings, Speller.build(wordings.counts()), concepts.of_library(names))

    @classmethod
    def load(cls, folder: Path, *, retrievers: type[Retriever], count: int) -> Self:
        """The index of so many passages that `save` wrote.

        Raises:
            DamagedLibraryError: for files that are broken or missing, or of another number of passages.
        """
        retriever, wordings = retrievers.load(folder), Wordings.load(folder)
        for indexed in (retriever.passage_count, len(wordings)):
            if indexed != count:
                raise DamagedLibraryError(folder, reason=f"{count} passages are kept, but {indexed} are indexed")
        return cls(retriever, wordings, Speller.load(folder), _load_concepts(folder))

    def save(self, folder: Path) -> None:
        """Write the index into an empty folder."""
        self.retriever.changed(removed=(), added=(), folder=folder)
        self.wordings.save(folder)
        self.speller.save(folder)
        _save_concepts(self.concepts, folder)


def _save_concepts(concepts: Concepts, folder: Path) -> None:
    """Write concepts into an empty folder, with the digest of what is written."""
    kept = json.dumps([[each.names, each.found, sorted(each.held)] for each in concepts.all])
    (folder / _CONCEPTS).write_text(json.dumps({"sha256": digest(kept), "concepts": kept}), "utf-8")


def _load_concepts(folder: Path) -> Concepts:
    """The concepts that `_save_concepts` wrote.

    Raises:
        DamagedLibraryError: for a file that is broken, changed or missing.
    """
    try:
        kept = json.loads((folder / _CONCEPTS).read_bytes())
        if digest(kept["concepts"]) != kept["sha256"]:
            raise ValueError("it has been changed")
        return Concepts(
            Concept(names=tuple(names), found=tuple(found), held=frozenset(held))
            for names, found, held in json.loads(kept["concepts"])
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedLibraryError(folder, reason=f"{_CONCEPTS} cannot be read ({error})") from None
