"""Is a citation still true? What became of its words in the document as it is now.

`verify` searches one document. `verify_all` searches the library, since a file may have been renamed.

**verified**: the words are at the place that the citation names. Every part of it that names words or a place (the
offsets, the selectors, the section) must agree. The rest of the document may have changed.
**moved**: the words are elsewhere in the document, or in the same text under another id.
**changed**: the document no longer has the words. A citation whose `quote` and selector are different words is also
`changed`: it cites neither.
**gone**: there is no such document.

Words are found only whole, from one boundary of a word or number to another (`boundaries.is_inside`): "5 mg" is not
found in "15 mg". A quote may begin or end inside a word only if its own context shows that it did so when cited. Any
run of white space equals any other: words that differ only in white space are the same words.

If the words occur several times, a place in the cited section is taken, if there is one. Of several places, the one
with the most text around it in common is taken: characters are counted from the words outwards, on both sides. Of equal
ones, the nearest to the cited place is taken. So words are `moved` if an insertion pushed them on and put the same
words in their place. In an unchanged document the cited place decides.

The work is linear in the text. `str.find` is linear; of many places only the nearest are compared, and only a limited
number of places that are not whole words are looked at.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property
from itertools import accumulate, islice, takewhile
from typing import NamedTuple

from rapidfuzz.distance import Indel

from qa.citations.citing import cite_span, label, section_at
from qa.errors import UnknownDocumentError
from qa.library import Snapshot
from qa.model import Citation, CitedPassage, Claim, Document, Passage, Span, Verification
from qa.text.boundaries import is_inside

__all__ = ["verify", "verify_all"]

_SPACE = re.compile(r"\s+")
_LONG_SPACE = re.compile(r"\s\s+")
_WEIGHED = 64  # places on either side of the one that is named
_LOOKED_AT = 20_000  # places on either side, whole or not
_LEAST_CONTEXT = 8  # characters that are enough to recognise a place by
_MOST_LIKENED = 500  # passages around the place that is named
_MOST_WORDS = 1000  # of each of them, and of the quote, when they are compared
_LIKENESS = 0.5  # of the words, in order; two passages of one document of the shipped corpus have at most 0.44


def verify(claim: Claim, document: Document | None, passages: Sequence[Passage] = ()) -> Verification:
    """What became of a citation in a document with these passages. None stands for a document that is not there."""
    return _verify(claim, _Held(document, passages) if document else None)


def verify_all(claims: Iterable[Claim], snapshot: Snapshot) -> list[Verification]:
    """What became of each citation in a library.

    If the cited document no longer has the words, and another document has exactly the cited text, a file was renamed:
    the words have moved there.
    """

    @cache
    def held(document_id: str) -> _Held | None:
        try:
            return _Held(snapshot.document(document_id), snapshot.passages_of(document_id))
        except UnknownDocumentError:
            return None

    def found(claim: Claim) -> Verification:
        at_home = _verify(claim, held(claim.document_id))
        if at_home.place is not None or claim.sha256 is None:
            return at_home
        elsewhere = (_verify(claim, held(other)) for other in snapshot.documents_with_digest(claim.sha256))
        return next((each for each in elsewhere if each.place is not None), at_home)

    return [found(claim) for claim in claims]


class _Held:
    """A document with its passages, and its text as it is searched: with one space for each run of white space."""

    def __init__(self, document: Document, passages: Sequence[Passage]) -> None:
        self.document = document
        self.passages = passages

    @cached_property
    def text(self) -> str:
        """The text as it is searched."""
        return _spaced(self.document.text)

    @cached_property
    def mirrored(self) -> str:
        """The same backwards, since `str.rfind` is not linear."""
        return self.text[::-1]

    @cached_property
    def _runs(self) -> tuple[list[int], list[int]]:
        """Where runs of more than one white space stand in `text`; how much shorter it is behind none, one, ..."""
        runs = [match.span() for match in _LONG_SPACE.finditer(self.document.text)]
        shorter = [0, *accumulate(end - start - 1 for start, end in runs)]
        return [start - less for (start, _), less in zip(runs, shorter, strict=False)], shorter

    def original(self, place: int) -> int:
        """The place in the document's own text of a character of `text` that is not white space."""
        places, shorter = self._runs
        return place + shorter[bisect_left(places, place)]

    def searched(self, place: int) -> int:
        """The place in `text`, about, of a place in the document's own text."""
        places, shorter = self._runs
        return place - shorter[bisect_left(range(len(places)), place, key=lambda n: places[n] + shorter[n])]


class _Sought:
    """The words of a citation as they are searched for, with what stood around them."""

    def __init__(self, claim: Claim) -> None:
        inner = claim.quote.strip()
        start = claim.quote.index(inner)
        self.leading, self.trailing = start, len(claim.quote) - start - len(inner)
        self.words = _spaced(inner)
        self.before = _spaced(claim.prefix + claim.quote[:start])
        self.behind = _spaced(claim.quote[start + len(inner) :] + claim.suffix)
        whole = self.before + self.words + self.behind
        self._may_begin_inside = is_inside(whole, len(self.before))
        self._may_end_inside = is_inside(whole, len(self.before) + len(self.words))

    def is_whole(self, text: str, at: int) -> bool:
        """Whether the words begin and end where they may: at boundaries, or inside a word if they did so when cited."""
        begins = self._may_begin_inside or not is_inside(text, at)
        return begins and (self._may_end_inside or not is_inside(text, at + len(self.words)))

    def agreement(self, text: str, at: int) -> int:
        """How many characters around a place are as cited, counted outwards to the first that differs."""
        before = text[max(0, at - len(self.before)) : at]
        behind = text[at + len(self.words) :][: len(self.behind)]
        return _alike(before[::-1], self.before[::-1]) + _alike(behind, self.behind)


class _Place(NamedTuple):
    """Where the words stand, in the document's own text and as it is searched."""

    start: int
    end: int
    searched: int


def _verify(claim: Claim, held: _Held | None) -> Verification:
    if held is None:
        return Verification(
            verdict="gone",
            detail=f"No document has the id {claim.document_id!r} or the cited text.",
            document_changed=None,
        )
    document = held.document
    changed = None if claim.sha256 is None else claim.sha256 != document.sha256
    if not claim.names_one_quote:
        return Verification(
            verdict="changed",
            detail="The citation contradicts itself: its quote and its selector are different words.",
            document_changed=changed,
            disagreeing=tuple(_disagreeing(claim, document, None)),
        )
    sought = _Sought(claim)
    places = _places(claim, sought, held)
    if not places:
        remains = _remains(claim, held) if changed is not False else None
        return Verification(
            verdict="changed",
            detail=_missing(sought, held, text_changed=changed),
            document_changed=changed,
            disagreeing=tuple(_disagreeing(claim, document, None)),
            nearest=cite_span(document, held.passages, *remains) if remains else None,
        )
    at = _best(claim, sought, held, places, text_changed=changed is not False)
    place = cite_span(document, held.passages, at.start, at.end)
    moved = (document.id, at.start) != (claim.document_id, claim.start) or not claim.names_one_place
    moved = moved or not _is_cited_section(claim, place.citation.section)
    repeated = len(places) > 1
    stands = _stands(sought, held, at)
    detail = _moved(claim, place, repeated=repeated, text_changed=changed) if moved else stands
    if place.citation.quote != claim.quote:
        detail += " Only white space differs."
    return Verification(
        verdict="moved" if moved else "verified",
        detail=detail,
        document_changed=changed,
        repeated=repeated,
        disagreeing=tuple(_disagreeing(claim, document, place)),
        place=place,
    )


def _stands(sought: _Sought, held: _Held, at: _Place) -> str:
    """That the words stand at their place, for people."""
    agrees = sought.agreement(held.text, at.searched) == len(sought.before) + len(sought.behind)
    return "The words are at their place" + ("." if agrees else ", but the text around them is not as cited.")


def _moved(claim: Claim, place: CitedPassage, *, repeated: bool, text_changed: bool | None) -> str:
    """Where the words stand now, for people."""
    citation, document_id = place.citation, place.passage.document_id
    renamed = document_id != claim.document_id
    where = f"in the document {document_id}, " if renamed else ""
    section = f", {_named(citation.section)}" if citation.section else ""
    said = [f"The words are {where}at characters {citation.start + 1}-{citation.end}{section}."]
    if claim.section is not None and not _is_cited_section(claim, citation.section):
        said.append(f"The citation names {_named(claim.section)}.")
    if text_changed is False and not renamed:
        said.append("The text has not changed: the citation names another place.")
    if repeated:
        said.append("They occur there more than once; this is the place most like the cited one, or the nearest to it.")
    return " ".join(said)


def _missing(sought: _Sought, held: _Held, *, text_changed: bool | None) -> str:
    """That the words do not stand in the document, for people."""
    if sought.words in held.text:
        return "The document has these words only inside longer words or numbers."
    if text_changed is False:
        return "The document has not changed since it was cited. It never had these words."
    return "The document no longer has these words."


def _named(section: tuple[str, ...]) -> str:
    return f"section “{' › '.join(section)}”" if section else "no section"


def _is_cited_section(claim: Claim, section: tuple[str, ...]) -> bool:
    """Whether a section is the one that a citation names, if it names any."""
    return claim.section is None or [*map(_spaced, claim.section)] == [*map(_spaced, section)]


def _disagreeing(claim: Claim, document: Document, place: CitedPassage | None) -> Iterator[str]:
    """The parts of a citation that say otherwise than the document or, if there is one, than the place of its words."""
    pairs: list[tuple[str, object, object]] = [
        ("document.title", claim.title, document.title),
        ("document.authors", claim.authors, document.authors),
        ("document.publisher", claim.publisher, document.publisher),
        ("document.updated", claim.updated, document.updated),
        ("document.url", claim.url, document.url),
        ("document.sha256", claim.sha256, document.sha256),
    ]
    if place:
        citation = place.citation
        page = citation.page if claim.page is None else claim.page
        section = citation.section if claim.section is None else claim.section
        as_cited = label(document, section, page, Span(claim.start, claim.end))
        markers = tuple((m.label, m.start - citation.start, m.end - citation.start) for m in citation.markers)
        claimed = claim.markers and tuple((name, a - claim.start, b - claim.start) for name, a, b in claim.markers)
        pairs += [
            ("section", _is_cited_section(claim, citation.section), True),
            ("page", claim.page if claim.page not in _pages(document, citation) else citation.page, citation.page),
            ("references", claim.references, citation.references),
            ("references_status", claim.references_status, citation.references_status),
            ("markers", None if citation.quote != claim.quote else claimed, markers),
            ("label", claim.label in (None, citation.label, as_cited), True),
        ]
    yield from (name for name, said, is_so in pairs if said is not None and said != is_so)


def _pages(document: Document, citation: Citation) -> range:
    """The numbers of the pages on which the words of a citation stand, any of which it may name."""
    first, last = document.page_at(citation.start), document.page_at(max(citation.start, citation.end - 1))
    return range(first or 0, (last or -1) + 1)


def _places(claim: Claim, sought: _Sought, held: _Held) -> list[_Place]:
    """Where the words stand whole: the nearest to the place that the citation names, and to it with their context."""
    near = held.searched(claim.start)
    within = sought.before + sought.words + sought.behind
    found = {at + len(sought.before) for at in _nearest(held, within, near - len(sought.before), most=_WEIGHED)}
    found = {at for at in found if sought.is_whole(held.text, at)}
    looked_at = _nearest(held, sought.words, near, most=_LOOKED_AT, sought=sought)
    return [_place(claim, sought, held, at) for at in sorted(found.union(looked_at))]


def _place(claim: Claim, sought: _Sought, held: _Held, at: int) -> _Place:
    """A place in the document's own text, with the white space of the quote's ends where that is there."""
    start, end = held.original(at), held.original(at + len(sought.words) - 1) + 1
    if start >= sought.leading and held.document.text.startswith(claim.quote, start - sought.leading):
        start = start - sought.leading
        end = start + len(claim.quote)
    return _Place(start, end, at)


def _best(claim: Claim, sought: _Sought, held: _Held, places: Sequence[_Place], *, text_changed: bool) -> _Place:
    """Of several places the one at which the words were cited, as far as that can be told."""

    def badness(place: _Place) -> tuple[bool, bool, int, int, int]:
        return (
            not text_changed and place.start != claim.start,
            not _is_cited_section(claim, section_at(held.document, place.start)),
            -sought.agreement(held.text, place.searched),
            abs(place.start - claim.start),
            place.start,
        )

    return min(places, key=badness)


def _nearest(held: _Held, words: str, place: int, *, most: int, sought: _Sought | None = None) -> Iterator[int]:
    """Where words stand in a text as it is searched: at most so many times from a place onwards, and as often before
    it. Where they are those that are `sought`, only the nearest that are whole are given."""

    def chosen(found: Iterator[int]) -> Iterator[int]:
        looked_at = islice(found, most)
        if sought is None:
            return looked_at
        return islice((at for at in looked_at if sought.is_whole(held.text, at)), _WEIGHED)

    yield from chosen(_occurrences(held.text, words, max(place, 0)))
    if place > 0:
        behind = len(held.text) - len(words)  # where the mirrored words begin whose first character is the text's first
        mirrored = _occurrences(held.mirrored, words[::-1], max(behind - place + 1, 0))
        yield from chosen(behind - at for at in mirrored)


def _occurrences(text: str, words: str, start: int) -> Iterator[int]:
    """Every place from `start` on where the words stand, though they overlap."""
    at = text.find(words, start)
    while at >= 0:
        yield at
        at = text.find(words, at + 1)


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _spaced(text: str) -> str:
    """A text with one space for each run of white space."""
    return _SPACE.sub(" ", text)


def _remains(claim: Claim, held: _Held) -> Span | None:
    """What stands now where the words stood: between what stood around them, else the passage most like them."""
    return _between(claim, held) or _likest(claim, held.passages)


def _between(claim: Claim, held: _Held) -> Span | None:
    """What stands between the prefix and the suffix, if no more than twice as much as before, and a little."""
    prefix, suffix = _spaced(claim.prefix).rstrip(), _spaced(claim.suffix).lstrip()
    if min(len(prefix.strip()), len(suffix.strip())) < _LEAST_CONTEXT:
        return None
    text, most = held.text, 2 * len(claim.quote) + 200
    place = held.searched(max(0, claim.start - len(claim.prefix)))
    for at in sorted(_nearest(held, prefix, place, most=1), key=lambda at: abs(at - place)):
        end = text.find(suffix, at + len(prefix), at + len(prefix) + most + len(suffix))
        between = text[at + len(prefix) : max(end, 0)]
        if between.strip():
            start = at + len(prefix) + len(between) - len(between.lstrip())
            return Span(held.original(start), held.original(start + len(between.strip()) - 1) + 1)
    return None


def _likest(claim: Claim, passages: Sequence[Passage]) -> Span | None:
    """The passage with the most words of the quote in their order: at least half of all words of the two."""
    around = sorted(passages, key=lambda passage: abs(passage.start - claim.start))[:_MOST_LIKENED]
    words = _words(claim.quote)
    likeness = [Indel.normalized_similarity(words, _words(each.text), score_cutoff=_LIKENESS) for each in around]
    best = max(range(len(around)), key=lambda number: likeness[number], default=None)
    return Span(around[best].start, around[best].end) if best is not None and likeness[best] > 0 else None


def _words(text: str) -> list[str]:
    return text.split(maxsplit=_MOST_WORDS)[:_MOST_WORDS]
