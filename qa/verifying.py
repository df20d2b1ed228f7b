"""Does a citation still hold? What became of the words, in a document as it is now.

`verify` looks for the words in one document, and `verify_all` in the library: there a file may have been renamed.

**verified**: the words stand at the place that the citation names. Every part of it that names words or a place (the
offsets, the selectors) must name these, but the rest of the document may have changed.
**moved**: the words stand in the document elsewhere, or in the same text under another id.
**changed**: the document is there without the words. So is a citation whose `quote` and whose selector are not the same
words: it cites neither.
**gone**: there is no such document.

Where the words stand several times, what stood around them decides: the place is that with the most characters in
common, counted from the words outwards on both sides; of several alike, the one nearest to where they stood. So
where an insertion pushed the words that were cited on, and others of the same wording to their place, they are `moved`.
An unchanged document needs no such decision: there the place decides.

The work is linear in the text: `str.find` is, and of many places with nothing to choose between them only the nearest
are weighed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice, takewhile

from rapidfuzz.distance import Indel

from qa.citing import cite_span
from qa.errors import UnknownDocumentError
from qa.library import Snapshot
from qa.model import CitedPassage, Claim, Document, Passage, Span, Verification

__all__ = ["verify", "verify_all"]

_WEIGHED = 64  # places on either side of the one that is named
_LEAST_CONTEXT = 8  # characters that are enough to recognise a place by
_MOST_LIKENED = 500  # passages around the place that is named
_MOST_WORDS = 1000  # of each of them, and of the quote, when they are compared
_LIKENESS = 0.5  # of the words, in order; two passages of one document of the shipped corpus have at most 0.44


def verify(claim: Claim, document: Document | None, passages: Sequence[Passage] = ()) -> Verification:
    """What became of a citation in a document, which has these passages; None is a document that is not there."""
    if document is None:
        return Verification(
            verdict="gone",
            detail=f"No document has the id {claim.document_id!r}, nor the text cited.",
            document_changed=None,
        )
    changed = None if claim.sha256 is None else claim.sha256 != document.sha256
    if not claim.names_one_quote:
        return Verification(
            verdict="changed",
            detail="The citation contradicts itself: its quote and its selector are not the same words.",
            document_changed=changed,
        )
    start = _place(claim, document.text, text_changed=changed is not False)
    if start is None:
        remains = _remains(claim, document.text, passages) if changed is not False else None
        return Verification(
            verdict="changed",
            detail="The document no longer holds these words."
            if changed is not False
            else "The document has not changed since it was cited, and does not hold these words: it never did.",
            document_changed=changed,
            nearest=cite_span(document, passages, *remains) if remains else None,
        )
    place = cite_span(document, passages, start, start + len(claim.quote))
    moved = document.id != claim.document_id or start != claim.start or not claim.names_one_place
    repeated = document.text.find(claim.quote, document.text.find(claim.quote) + 1) >= 0
    return Verification(
        verdict="moved" if moved else "verified",
        detail=_moved(claim, place, repeated=repeated, text_changed=changed) if moved else _stands(claim, place),
        document_changed=changed,
        repeated=repeated,
        place=place,
    )


def verify_all(claims: Iterable[Claim], snapshot: Snapshot) -> list[Verification]:
    """What became of each citation in a library.

    Where the document of its id no longer holds the words, and another has the very text that was cited, a file was
    renamed: then they have moved there.
    """

    @cache
    def held(document_id: str) -> tuple[Document | None, Sequence[Passage]]:
        try:
            return snapshot.document(document_id), snapshot.passages_of(document_id)
        except UnknownDocumentError:
            return None, ()

    def found(claim: Claim) -> Verification:
        at_home = verify(claim, *held(claim.document_id))
        if at_home.place is not None or claim.sha256 is None:
            return at_home
        elsewhere = (verify(claim, *held(other)) for other in snapshot.documents_with_digest(claim.sha256))
        return next((each for each in elsewhere if each.place is not None), at_home)

    return [found(claim) for claim in claims]


def _stands(claim: Claim, place: CitedPassage) -> str:
    """That the words stand at their place, for people."""
    citation = place.citation
    agrees = _agreement(claim, citation.document.text, citation.start) == len(claim.prefix) + len(claim.suffix)
    return "The words stand at their place" + ("." if agrees else ", but what stands around them is not what is cited.")


def _moved(claim: Claim, place: CitedPassage, *, repeated: bool, text_changed: bool | None) -> str:
    """Where the words stand now, for people."""
    citation, document_id = place.citation, place.passage.document_id
    renamed = document_id != claim.document_id
    where = f"in the document {document_id}, " if renamed else ""
    section = f", section “{' › '.join(citation.section)}”" if citation.section else ""
    said = [f"The words stand {where}at characters {citation.start + 1}-{citation.end}{section}."]
    if text_changed is False and not renamed:
        said.append("The document has not changed: the citation names another place.")
    if repeated:
        said.append("They stand there more than once; this is the place most like the one cited, or the nearest to it.")
    return " ".join(said)


def _place(claim: Claim, text: str, *, text_changed: bool) -> int | None:
    """Where the words that were cited begin; None where they do not stand in the text."""
    if not text_changed and text.startswith(claim.quote, claim.start):
        return claim.start
    whole = claim.prefix + claim.quote + claim.suffix
    before = len(claim.prefix)
    found: Iterable[int] = [at + before for at in _nearest(text, whole, claim.start - before, most=1)]
    found = found or _nearest(text, claim.quote, claim.start, most=_WEIGHED)
    return min(found, key=lambda at: (-_agreement(claim, text, at), abs(at - claim.start), at), default=None)


def _nearest(text: str, words: str, place: int, *, most: int) -> Iterator[int]:
    """Where words stand in a text: at most so many times from a place onwards, and as often before it."""
    yield from islice(_occurrences(text, words, max(place, 0)), most)
    if place > 0:
        behind = len(text) - len(words)  # where the mirrored words begin whose first character is the text's first
        mirrored = _occurrences(text[::-1], words[::-1], max(behind - place + 1, 0))
        yield from (behind - at for at in islice(mirrored, most))


def _occurrences(text: str, words: str, start: int) -> Iterator[int]:
    """Every place from `start` on where the words stand, though they overlap."""
    at = text.find(words, start)
    while at >= 0:
        yield at
        at = text.find(words, at + 1)


def _agreement(claim: Claim, text: str, at: int) -> int:
    """How many characters around a place are those around the quote, counted outwards to the first that is not."""
    before = text[max(0, at - len(claim.prefix)) : at]
    behind = text[at + len(claim.quote) :][: len(claim.suffix)]
    return _alike(before[::-1], claim.prefix[::-1]) + _alike(behind, claim.suffix)


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _remains(claim: Claim, text: str, passages: Sequence[Passage]) -> Span | None:
    """What stands now where the words stood: between what stood around them, else the passage most like them."""
    return _between(claim, text) or _likest(claim, passages)


def _between(claim: Claim, text: str) -> Span | None:
    """What stands between the prefix and the suffix, if no more than twice as much as before, and a little."""
    if min(len(claim.prefix.strip()), len(claim.suffix.strip())) < _LEAST_CONTEXT:
        return None
    most = 2 * len(claim.quote) + 200
    place = claim.start - len(claim.prefix)
    for at in sorted(_nearest(text, claim.prefix, place, most=1), key=lambda at: abs(at - place)):
        start = at + len(claim.prefix)
        end = text.find(claim.suffix, start, start + most + len(claim.suffix))
        if end > start and text[start:end].strip():
            return Span(start, end)
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
