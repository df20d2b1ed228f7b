"""A change of a library's database and index. Only what changed is read, analysed and written."""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from qa.asking.concepts import Concept, Concepts, Pair, agreed, plain_words, terms_of_name
from qa.asking.spelling import Speller
from qa.errors import DamagedDocumentError, DamagedLibraryError, UnknownDocumentError
from qa.library.analyst import Analysed, Analyst, SplitDocument, Splitter, Titled, titled
from qa.library.folder import FORMAT
from qa.library.helpers import Helpers
from qa.library.index import PASSAGES, kept_concepts, kept_speller, write_concepts
from qa.library.rows import PASSAGE_COLUMNS, Changes, Source, insert
from qa.library.schema import FILLED_AT_ONCE, without_indexes
from qa.library.selecting import chosen
from qa.model import Passage, digest
from qa.ranking.layout import packed_rows
from qa.ranking.wordings import MARKS, Entry, word_counts
from qa.readers.sandbox.parent import DOCUMENT
from qa.retrievers import LARGE, Retriever, Retrievers

__all__ = ["Indexed", "titled_passages", "update"]

_MOST_CHANGED = 0.5  # of the passages; where more changed, the index is made anew
_AT_ONCE = 500  # passages that are taken out of the index in one go
_SPLIT_AT_ONCE, _ANALYSED_AT_ONCE = 64, 256  # documents and passages of which a process takes so many


class Indexed(NamedTuple):
    """The index of a changed library, and its facts."""

    retriever: Retriever
    speller: Speller
    facts: dict[str, str]


def update(
    database: sqlite3.Connection,
    changes: Changes,
    *,
    version: str,
    old: Retriever | None,
    engine: str | None,
    retrievers: Callable[[str], Retrievers],
    synonyms: Callable[[], Sequence[Concept]],
    library: Path,
    folder: Path | None,
    on_indexing: Callable[[int, int], None] | None,
) -> Indexed:
    """Change a database with the index `old`, within its transaction. The new index is saved in `folder`.

    `engine` is the name of the engine to use, or "auto": by the number of passages. Default: the one asked for before.

    Raises:
        UnknownDocumentError: for an id to remove that is not there.
        DamagedDocumentError: if a document that must be indexed again is not what was written.
        DamagedLibraryError: if the saved data of a passage cannot be read. `library` names the library in it.
    """
    with Helpers() as helpers:
        change = _Change(database, old, helpers, on_indexing)
        with nullcontext() if old else without_indexes(database, *FILLED_AT_ONCE):
            change.documents(changes)
        known = synonyms()
        try:
            change.concepts(known)
            (passages,) = database.execute("SELECT count(*) FROM passages").fetchone()
            asked = engine or change.facts.get("asked", "auto")
            by_size = "tantivy" if passages >= LARGE else "rank-bm25"
            name = by_size if asked == "auto" else asked
            retriever = change.retriever(name, retrievers, passages=passages, folder=folder)
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedLibraryError(library, reason=f"its saved data cannot be indexed ({error})") from None
    facts = {"format": FORMAT, "version": version, "asked": asked, "engine": name}
    facts |= {"passages": str(passages), "terms": str(change.terms)}
    database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())
    return Indexed(retriever, kept_speller(database, folder), facts)


def titled_passages(
    database: sqlite3.Connection, only: str = "", *parameters: object, is_checked: bool = True
) -> Iterator[Titled]:
    """The passages of a database, in order of id. `only` is a condition in SQL.

    A document's text may be long. It is read once for all passages of the document that follow one another.

    Raises:
        DamagedDocumentError: if a text is not the one that was written, where that `is_checked`.
    """
    its_document, title, text = 0, "", ""
    passages = f"SELECT document, number, {PASSAGE_COLUMNS} FROM passages {only} ORDER BY id"
    for document, number, *columns in database.execute(passages, parameters):
        if document != its_document:
            of_it = "SELECT id, sha256, title, text FROM documents WHERE number = ?"
            document_id, sha256, title, text = database.execute(of_it, (document,)).fetchone()
            if is_checked and digest(text) != sha256.hex():
                raise DamagedDocumentError(document_id)
            its_document = document
        yield titled(number, title, text, columns)


class _Change:
    """One change, step by step."""

    def __init__(
        self,
        database: sqlite3.Connection,
        old: Retriever | None,
        helpers: Helpers,
        on_indexing: Callable[[int, int], None] | None,
    ) -> None:
        self._database = database
        self._helpers = helpers
        self._old = old
        self._on_indexing = on_indexing
        self._concepts = kept_concepts(self._select, is_held=False)
        self._analyst_before = Analyst(self._concepts)
        self.facts = dict(self._select("SELECT key, value FROM facts"))
        """Those of the library as it was."""
        self._removed: set[str] = set()  # passages of the old index that are no more, or have other terms
        self._spellings: Counter[str] = Counter()
        self._words: Counter[int] = Counter()
        self._namings: Counter[tuple[str, str]] = Counter()
        self.terms = int(self.facts.get("terms", 0))
        """How many terms the texts of all passages have."""
        database.execute("CREATE TEMP TABLE IF NOT EXISTS changed (passage INTEGER PRIMARY KEY)")
        database.execute("DELETE FROM changed")

    def documents(self, changes: Changes) -> None:
        """Write documents and remove others."""
        database = self._database
        first: int | None = None  # of those that are written: others that are there then have lower numbers
        origin, file = None, 0
        for source, taken_apart in self._split(changes.add):
            if source.file != origin:
                database.execute("INSERT OR IGNORE INTO files (origin) VALUES (?)", (source.file,))
                [(file,)] = self._select("SELECT number FROM files WHERE origin = ?", source.file)
                origin = source.file
            part = source.origin.removeprefix(source.file)
            self._take_out("file = ? AND part = ?", file, part)
            number = insert(database, source.document, taken_apart.passages, file=file, part=part)
            first = number if first is None else min(first, number)
            if taken_apart.pairs:
                pairs = [(number, *pair) for pair in taken_apart.pairs]
                database.executemany("INSERT INTO definitions VALUES (?, ?, ?)", pairs)
        database.execute("INSERT INTO changed SELECT number FROM passages WHERE document >= ?", (first,))
        database.executemany(
            "INSERT INTO files (origin, stamp, sha256) VALUES (?, ?, ?)"
            " ON CONFLICT (origin) DO UPDATE SET stamp = excluded.stamp, sha256 = excluded.sha256",
            [(origin, *state) for origin, state in changes.files.items()],
        )
        for document_id in changes.remove:
            of_it = "number = (SELECT file FROM documents WHERE id = ?)"
            database.execute(f"UPDATE files SET stamp = NULL, sha256 = NULL WHERE {of_it}", (document_id,))
            if not self._take_out("id = ?", document_id):
                raise UnknownDocumentError(document_id)
        database.executemany(
            "INSERT INTO spellings VALUES (?, ?) ON CONFLICT (word) DO UPDATE SET count = count + excluded.count",
            self._spellings.items(),
        )

    def _split(self, sources: Iterable[Source]) -> Iterator[tuple[Source, SplitDocument]]:
        """Sources in their order, each with what its document is taken apart into."""
        given: deque[Source] = deque()

        def documents() -> Iterator[tuple[bytes, Sequence[Passage] | None]]:
            for source in sources:
                given.append(source)
                yield DOCUMENT.dump_json(source.document, exclude={"sha256"}), source.passages

        def size_of(document: tuple[bytes, object]) -> int:
            return len(document[0])

        work = self._helpers.each(Splitter, documents(), size=_SPLIT_AT_ONCE, weigh=size_of, ask_for_rest=True)
        for _, found in work:
            self._spellings.update(found.words)
            for each in found.documents:
                yield given.popleft(), each

    def concepts(self, synonyms: Sequence[Concept]) -> None:
        """Find the concepts that the documents agree on. Passages whose terms change by that count as changed."""
        rows = self._select("SELECT short, long, count(*) FROM definitions GROUP BY short, long")
        pairs = {Pair(short, long): count for short, long, count in rows}
        words = {form for pair in pairs for form in (pair.short, pair.short.lower())}
        written = dict(chosen(self._select, "SELECT word, count FROM spellings WHERE word IN (…)", words))
        before, self._concepts = self._concepts, Concepts([*synonyms, *agreed(pairs, written, synonyms)])
        write_concepts(self._database, self._concepts.all)
        if self._old is None:
            return
        changed = {(each.names, each.found) for each in before.all} ^ {
            (each.names, each.found) for each in self._concepts.all
        }
        needed = {tuple(terms) for each in changed for name in (*each[0], *each[1]) for terms in terms_of_name(name)}
        affected = sorted({each for terms in needed for each in self._old.holding(terms)} - self._removed)
        for start in range(0, len(affected), _AT_ONCE):
            some = affected[start : start + _AT_ONCE]
            found = chosen(self._select, "SELECT number FROM passages WHERE id IN (…)", some)
            self._uncount(f"number IN ({','.join('?' * len(found))})", [number for (number,) in found])
            self._database.executemany("INSERT OR IGNORE INTO changed VALUES (?)", found)
            self._database.executemany("DELETE FROM wordings WHERE passage = ?", found)

    def retriever(
        self, engine: str, retrievers: Callable[[str], Retrievers], *, passages: int, folder: Path | None
    ) -> Retriever:
        """The index of all passages. Only changed passages are analysed or, with another engine, all."""
        place = None if folder is None else folder / PASSAGES
        if place is not None:
            place.mkdir()
        (changed,) = self._database.execute("SELECT count(*) FROM changed").fetchone()
        old = self._old if self.facts.get("engine") == engine else None
        if old is None or changed + len(self._removed) > _MOST_CHANGED * passages:
            for table in ("wordings", "words", "namings"):
                self._database.execute(f"DELETE FROM {table}")
            self._words.clear()
            self._namings.clear()
            self.terms = 0
            with without_indexes(self._database, "words_of_term"):
                retriever = retrievers(engine).build(self._analysed(passages), folder=place)
        else:
            added = self._analysed(changed, "WHERE number IN changed")
            retriever = old.changed(removed=self._removed, added=added, folder=place)
        self._database.executemany(
            "UPDATE words SET count = count + ? WHERE number = ?",
            [(count, word) for word, count in self._words.items()],
        )
        self._database.executemany(
            "INSERT INTO namings VALUES (?, ?, ?)"
            " ON CONFLICT (concept, name) DO UPDATE SET passages = passages + excluded.passages",
            [(*naming, count) for naming, count in self._namings.items()],
        )
        self._database.execute("DELETE FROM namings WHERE passages <= 0")
        return retriever

    def _select(self, statement: str, *parameters: object) -> list[Any]:
        return self._database.execute(statement, parameters).fetchall()

    def _take_out(self, which: str, *parameters: object) -> bool:
        """Take a document out; whether it was there."""
        found = self._select(f"SELECT number, title, text FROM documents WHERE {which}", *parameters)
        for number, title, text in found:
            self._spellings.subtract(plain_words(f"{title}\n{text}"))
            self._uncount("document = ?", [number])
            self._database.execute("DELETE FROM documents WHERE number = ?", (number,))
        return bool(found)

    def _uncount(self, which: str, parameters: Sequence[object]) -> None:
        """Take what passages hold out of what is counted, where they are in the old index."""
        in_index = f"WHERE {which} AND EXISTS (SELECT 1 FROM wordings WHERE passage = passages.number)"
        before = list(titled_passages(self._database, in_index, *parameters, is_checked=False))
        its_passages = f"SELECT number FROM passages WHERE {which}"
        rows = self._select(f"SELECT stream, length FROM wordings WHERE passage IN ({its_passages})", *parameters)
        self._words.subtract(word_counts([stream for stream, _ in rows]))
        self.terms -= sum(length for _, length in rows)
        self._namings.subtract(self._analyst_before(before).laid.namings)
        self._removed.update(each.id for each in before)

    def _analysed(self, count: int, only: str = "") -> Iterator[tuple[str, list[str]]]:
        """The terms of passages, by ids ascending, whose words are written down on the way."""
        numbers = _Numbers(self._database)
        done = 0
        given, worker = titled_passages(self._database, only), partial(Analyst, self._concepts)
        work = self._helpers.each(worker, given, size=_ANALYSED_AT_ONCE, count=count)
        for passages, found in work:
            rows = packed_rows(numbers.of(found), found.laid)
            self._database.executemany(
                "INSERT INTO wordings (passage, stream, contexts, length) VALUES (?, ?, ?, ?)",
                [(each.number, *row) for each, row in zip(passages, rows, strict=True)],
            )
            self.terms += sum(found.laid.lengths)
            self._namings.update(found.laid.namings)
            for each, terms in zip(passages, found.laid.terms, strict=True):
                yield each.id, terms.split("\n") if terms else []
                done += 1
                if self._on_indexing:
                    self._on_indexing(done, count)
        self._words.update(numbers.counts())


class _Numbers:
    """The library's numbers of the words that analysts number by themselves, and how often each was met."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._of_analysts: dict[int, array[int]] = {}
        self._counts = np.zeros(0, np.int64)

    def of(self, found: Analysed) -> npt.NDArray[np.int64]:
        """The stream of an analyst's words, in the library's numbers."""
        known = self._of_analysts.setdefault(found.analyst, array("q", range(MARKS)))
        numbers = np.zeros(len(found.words), np.int64)
        numbers[found.order] = self._of_words([found.words[place] for place in found.order])
        known.extend(numbers.tolist())
        stream = np.frombuffer(known, np.int64)[found.laid.stream]
        highest = int(stream.max(initial=0))
        if highest >= len(self._counts):
            self._counts = np.append(self._counts, np.zeros(highest + 1, np.int64))
        np.add.at(self._counts, stream, 1)
        return stream

    def counts(self) -> dict[int, int]:
        """How often each word occurred, by its number."""
        met = np.flatnonzero(self._counts)
        return dict(zip(met[met >= MARKS].tolist(), self._counts[met[met >= MARKS]].tolist(), strict=True))

    def _of_words(self, entries: Sequence[Entry]) -> list[int]:
        """Words' numbers, which those get that are new."""
        numbers = dict(
            chosen(self._select, "SELECT word, number FROM words WHERE word IN (…)", [e.word for e in entries])
        )
        [(last,)] = self._select("SELECT coalesce(max(number), ?) FROM words", MARKS - 1)
        new = [entry for entry in entries if entry.word not in numbers]
        numbers |= {entry.word: number for number, entry in enumerate(new, start=last + 1)}
        self._database.executemany("INSERT INTO words VALUES (?, ?, ?, 0)", [(numbers[e.word], *e) for e in new])
        return [numbers[entry.word] for entry in entries]

    def _select(self, statement: str, *parameters: object) -> list[Any]:
        return self._database.execute(statement, parameters).fetchall()
