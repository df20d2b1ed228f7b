"""What a person may be about to ask: titles, headings and words of the library that go with what is typed.

The passages that hold what is typed are looked for, and the titles and headings above the first of them are taken. So
the cost is that of a search, however many titles there are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from qa.library import Snapshot
from qa.limits import MAX_QUESTION
from qa.model import Query, Suggestion
from qa.text.analysis import fold, terms
from qa.text.lexicon import BACK_MATTER, FRAME_WORDS, STOP_WORDS

__all__ = ["related", "suggest"]

_SHORTEST = 2  # letters of a word that is completed
_LONGEST = 200  # characters at the end of what is typed that are looked at
_COMPLETIONS = 8  # words that a beginning is taken for
_LOOKED_AT = 50  # passages
_BESIDE = 3  # headings beside that of a passage
_MOST_WORDS = 3  # completed words among the suggestions
_REMEMBERED_TITLES = 1024

_WORD = re.compile(r"[^\W_]+")


class _Typed(NamedTuple):
    """What is typed: the words that it is about, folded, and the beginning of a word at its end, if there is one.

    `completed` are the words of the library that begin so, the most frequent first.
    """

    words: tuple[str, ...]
    beginning: str
    completed: tuple[str, ...]

    @property
    def sought(self) -> tuple[str, ...]:
        """All that a title or heading is to hold, at least as beginnings of its words."""
        return (*self.words, self.beginning) if self.beginning else self.words


def suggest(typed: str, snapshot: Snapshot, *, scope: Sequence[str] | None, limit: int) -> list[Suggestion]:
    """At most `limit` suggestions: titles and headings that hold all words typed, then the completed last word.

    `scope` has the ids of the only documents to take them from.

    Raises:
        UnknownDocumentError: if one of them is not there.
    """
    within = None if scope is None else snapshot.passage_ids_in(scope)
    read = _read(typed, snapshot)
    if not read.sought:
        return []
    query = Query(terms=dict.fromkeys(_terms(read), 1.0), words=())
    found = snapshot.retriever.search(query, limit=_LOOKED_AT, within=within)
    headed = snapshot.headings_above([each.passage_id for each in found])
    titles = list(_unique(_titles(read, headed)))
    known = {fold(each.text) for each in titles}
    words = [each for each in _words(typed, read) if fold(each.text) not in known][:_MOST_WORDS]
    return [*titles[: max(0, limit - len(words))], *words][:limit]


def related(passage_id: str, snapshot: Snapshot, *, scope: Sequence[str] | None, limit: int) -> list[Suggestion]:
    """At most `limit` questions related to a passage: the headings beside its own, then titles of other documents.

    `scope` has the ids of the only documents to take titles from.

    Raises:
        UnknownPassageError: if there is no such passage.
        UnknownDocumentError: if one of the documents is not there.
    """
    passage = snapshot.passage(passage_id)
    title = snapshot.document(passage.document_id).title
    within = None if scope is None else snapshot.passage_ids_in(scope)
    sections = list(dict.fromkeys(each.section for each in snapshot.openings_of(passage.document_id)))
    place = sections.index(passage.section) if passage.section in sections else 0
    beside = [each[-1] for each in (*sections[place + 1 :], *reversed(sections[:place])) if each]
    own = {fold(each) for each in (title, *passage.section)} | BACK_MATTER
    found = [
        Suggestion(_asking_for(heading, title, passage.document_id, snapshot, within), "section", title)
        for heading in [each for each in dict.fromkeys(beside) if fold(each) not in own][:_BESIDE]
    ]
    query = Query(terms=dict.fromkeys(terms("\n".join((title, *passage.section))), 1.0), words=())
    others = snapshot.retriever.search(query, limit=_LOOKED_AT, within=within)
    titles = [
        each for each, _ in snapshot.headings_above([each.passage_id for each in others]) if fold(each) not in own
    ]
    found += [Suggestion(each, "title") for each in titles]
    return list(_unique(found))[:limit]


def _asking_for(heading: str, title: str, document_id: str, snapshot: Snapshot, within: Collection[str] | None) -> str:
    """A heading as a question: by itself, if that leads to its document, else with the title."""
    query = Query(terms=dict.fromkeys(terms(heading), 1.0), words=())
    first = snapshot.retriever.search(query, limit=1, within=within)
    leads_there = bool(first) and snapshot.passage(first[0].passage_id).document_id == document_id
    return heading if leads_there else f"{heading}: {title}"


def _read(typed: str, snapshot: Snapshot) -> _Typed:
    typed = typed[-_LONGEST:]
    words = [fold(word) for word in _WORD.findall(typed)]
    is_begun = bool(words) and typed[-1:].isalnum()
    beginning = words.pop() if is_begun else ""
    if beginning in STOP_WORDS or beginning in FRAME_WORDS or len(beginning) < _SHORTEST:
        beginning = ""
    about = tuple(dict.fromkeys(word for word in words if word not in STOP_WORDS and word not in FRAME_WORDS))
    completed = tuple(snapshot.index.speller.completions(beginning, limit=_COMPLETIONS)) if beginning else ()
    return _Typed(about, beginning, completed)


def _terms(read: _Typed) -> Iterator[str]:
    for word in (*read.words, *dict.fromkeys((read.beginning, *read.completed))):
        yield from terms(word)


def _titles(read: _Typed, headed: Sequence[tuple[str, Sequence[str]]]) -> list[Suggestion]:
    """The titles and headings that hold all that is typed, those first that hold it by themselves."""
    places: dict[str, set[str]] = {}  # of each heading, the titles above it
    for title, section in headed:
        for heading in section:
            places.setdefault(fold(heading), set()).add(title)
    found: list[tuple[bool, Suggestion]] = []
    for title, section in headed:
        if _holds((title,), read.sought):
            found.append((False, Suggestion(title, "title")))
        for depth, heading in reversed(list(enumerate(section))):
            is_own = _holds((heading,), read.sought)
            is_near = is_own or (
                _holds_any(heading, read.sought) and _holds((title, *section[: depth + 1]), read.sought)
            )
            if not is_near or heading == title or fold(heading) in BACK_MATTER:
                continue
            is_clear = is_own and len(places[fold(heading)]) == 1
            text = heading if is_clear else f"{heading}: {title}"
            found.append((not is_own, Suggestion(text, "section", "" if text != heading else title)))
    return [each for _, each in sorted(found, key=lambda pair: pair[0])]


def _words(typed: str, read: _Typed) -> Iterator[Suggestion]:
    """What is typed, with its last word completed."""
    for word in read.completed:
        if word != read.beginning:
            yield Suggestion(f"{typed}{word[len(read.beginning) :]}", "word")


def _unique(suggestions: Sequence[Suggestion]) -> Iterator[Suggestion]:
    """The first of those that read alike; none too long to be asked."""
    known: set[str] = set()
    for each in suggestions:
        if fold(each.text) not in known and len(each.text) <= MAX_QUESTION:
            known.add(fold(each.text))
            yield each


def _holds(texts: tuple[str, ...], sought: Sequence[str]) -> bool:
    held = _held(texts)
    return all(any(word.startswith(each) for word in held) for each in sought)


def _holds_any(text: str, sought: Sequence[str]) -> bool:
    return any(word.startswith(each) for word in _held((text,)) for each in sought)


@lru_cache(maxsize=_REMEMBERED_TITLES)
def _held(texts: tuple[str, ...]) -> frozenset[str]:
    """The words of titles, folded."""
    return frozenset(_WORD.findall(fold("\n".join(texts))))
