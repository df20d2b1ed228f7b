"""How near the passages of a library are to a question in meaning."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from qa.encoders import Encoder, QuestionVector, Vectors, cosines
from qa.library.nearest import Places, Segment, as_stamps, find
from qa.library.state import State
from qa.library.vectors import KeptVectors
from qa.ranking.nearness import Near

__all__ = ["MOST_COMPARED", "Meaning"]

MOST_COMPARED = 10_000
"""Passages up to which a question is compared with every one of them to find the nearest. In a larger library it is
compared with the bits of all, and then with some; see `nearest`."""

_DIGITS = 6  # of a cosine by which the nearest are told: the order must not depend on how a sum was added up
_REMEMBERED = 4_000  # passages, about 12 MB
_REMEMBERED_VECTORS = 80_000  # of them, about 30 MB
_REMEMBERED_QUESTIONS = 256  # 1.5 kB each
_REMEMBERED_SCOPES = 8
_MANY = 5  # times as many are looked at as are wanted: some may have been removed since their vectors were made


class Meaning:
    """The vectors of one state of a library, with the encoder that made them. For several threads at once."""

    def __init__(self, encoder: Encoder, open_vectors: Callable[[], KeptVectors | None], state: State) -> None:
        """`open_vectors` gives the vectors that are kept, None as long as there are none."""
        self._encoder = encoder
        self._open = open_vectors
        self._state = state
        self._kept: KeptVectors | None = None
        self._version = -1
        self._rows: dict[str, Vectors] = {}
        self._row_count = 0  # vectors in these
        self._all: tuple[list[str], NDArray[np.float32]] | None = None
        self._scopes: tuple[Sequence[Segment], dict[frozenset[str], list[Places]]] = (), {}
        self._questions: dict[tuple[str, ...], QuestionVector] = {}
        self._changing = Lock()

    @property
    def has_vectors(self) -> bool:
        """Whether any passage has vectors of this encoder."""
        return self.vectors() is not None

    def encoded_count(self) -> int:
        """How many of the passages have vectors."""
        vectors = self.vectors()
        return 0 if vectors is None else vectors.count(stamp for _, stamp in self._state.all_stamps())

    def of_question(self, *texts: str) -> QuestionVector:
        """The vector of a question that stands in one text or several: the mean of theirs, of the length 1. The last
        ones are remembered."""
        key = tuple(dict.fromkeys(texts))
        found = self._questions.get(key)
        if found is None:
            whole = np.sum([self._encoder.question(text) for text in key], axis=0)
            found = (whole / (np.linalg.norm(whole) or 1.0)).astype(np.float32)
            with self._changing:
                if len(self._questions) >= _REMEMBERED_QUESTIONS:
                    self._questions.clear()
                self._questions[key] = found
        return found

    def near(self, question: QuestionVector, passage_ids: Sequence[str]) -> dict[str, Near]:
        """How near these passages are to a question. Passages without vectors are left out.

        Raises:
            DamagedLibraryError: if the saved vectors cannot be read.
        """
        rows = self._rows_of(passage_ids)
        kept = [each for each in passage_ids if each in rows]
        if not kept:
            return {}
        found = cosines(question, np.concatenate([rows[each] for each in kept]))
        near: dict[str, Near] = {}
        start = 0
        for each in kept:
            end = start + len(rows[each])
            passage, sentences = float(found[start]), found[start + 1 : end]
            nearest = int(sentences.argmax()) if len(sentences) else None
            near[each] = Near(passage, passage if nearest is None else float(sentences[nearest]), nearest)
            start = end
        return near

    def sentences(self, question: QuestionVector, passage_id: str) -> list[float]:
        """The cosine of each sentence of a passage with a question. Empty if the passage has no vectors."""
        rows = self._rows_of([passage_id])
        return cosines(question, rows[passage_id][1:]).tolist() if passage_id in rows else []

    def nearest(self, question: QuestionVector, *, limit: int, within: Collection[str] | None) -> list[str]:
        """The ids of at most `limit` nearest passages, nearest first, ties broken by id.

        `within` limits them to some passages. In a library of more than `MOST_COMPARED` passages it may miss some, and
        ties are broken by what was encoded; it gives none until `encode` has prepared them.
        """
        if self._is_large:
            return self._nearest_of_many(question, limit=limit, within=within)
        ids, vectors = self._everything()
        if within is not None:
            inside = frozenset(within)
            places = [place for place, each in enumerate(ids) if each in inside]
            ids, vectors = [ids[place] for place in places], vectors[places]
        order = np.argsort(-np.round(vectors @ question, _DIGITS), kind="stable")
        return [ids[place] for place in order[:limit].tolist()]

    @cached_property
    def _is_large(self) -> bool:
        return int(self._state.facts()["passages"]) > MOST_COMPARED

    def _nearest_of_many(self, question: QuestionVector, *, limit: int, within: Collection[str] | None) -> list[str]:
        vectors = self.vectors()
        segments = [] if vectors is None else vectors.segments()
        among = None if within is None or not segments else self._places(frozenset(within), segments)
        found: list[str] = []
        stamps = find(segments, question, limit=_MANY * limit, among=among)
        for start in range(0, len(stamps), limit):
            some = stamps[start : start + limit]
            ids = self._state.ids_of_stamps(some)
            found += [each for stamp in some for each in ids.get(stamp, ()) if within is None or each in within]
            if len(found) >= limit:
                break
        return found[:limit]

    def _places(self, within: frozenset[str], segments: Sequence[Segment]) -> list[Places]:
        """The places of some passages in each segment. Those of the last scopes are remembered."""
        of_segments, known = self._scopes
        if of_segments is not segments:
            known = {}
        if (found := known.get(within)) is None:
            stamps = as_stamps(sorted(set(self._state.stamps(within).values())))
            found = [each.lookup(stamps)[1] for each in segments]
            with self._changing:
                self._scopes = segments, dict([*known.items(), (within, found)][-_REMEMBERED_SCOPES:])
        return found

    def vectors(self) -> KeptVectors | None:
        """The vectors as they are now. Some may have been added since the last call."""
        with self._changing:
            if self._kept is None or not self._kept.is_current:
                self._kept = self._open()
                self._version = -1
            if self._kept is not None and (version := self._kept.version()) != self._version:
                self._version = version
                self._all = None
            return self._kept

    def _rows_of(self, passage_ids: Sequence[str]) -> dict[str, Vectors]:
        found = {each: row for each in passage_ids if (row := self._rows.get(each)) is not None}
        missing = [each for each in passage_ids if each not in found]
        vectors = self.vectors() if missing else None
        if vectors is not None:
            stamps = self._state.stamps(missing)
            kept = vectors.of_stamps(set(stamps.values()))
            read = {each: kept[stamp] for each, stamp in stamps.items() if stamp in kept}
            count = sum(map(len, read.values()))
            if len(self._rows) + len(read) > _REMEMBERED or self._row_count + count > _REMEMBERED_VECTORS:
                self._rows, self._row_count = {}, 0
            self._rows.update(read)
            self._row_count += count
            found |= read
        return found

    def _everything(self) -> tuple[list[str], NDArray[np.float32]]:
        """The ids of all passages with vectors, ascending, and these, each of the length 1; there are not many."""
        vectors = self.vectors()
        found = self._all
        if found is None:
            found = [], np.zeros((0, self._encoder.dimensions), np.float32)
            if vectors is not None:
                rows = self._state.all_stamps()
                places, whole = vectors.of_passages([stamp for _, stamp in rows])
                numbers = whole.astype(np.float32)
                lengths = np.sqrt(np.einsum("ij,ij->i", numbers, numbers))[:, None]
                found = [rows[place][0] for place in places], numbers / np.maximum(lengths, 1)
            with self._changing:
                self._all = found
        return found
