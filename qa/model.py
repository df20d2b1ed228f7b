"""The nouns of pincite. Frozen values; offsets are code points, spans half-open."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Literal, NamedTuple

__all__ = [
    "Answer",
    "Block",
    "BlockKind",
    "BoundMarker",
    "Candidate",
    "Citation",
    "CitedPassage",
    "Claim",
    "Document",
    "DocumentEntry",
    "Feedback",
    "Figure",
    "FileState",
    "Fingerprint",
    "Followed",
    "Heading",
    "Hit",
    "Interpretation",
    "Judgement",
    "LinkNote",
    "Marker",
    "Outcome",
    "Passage",
    "Query",
    "QueryWord",
    "Reading",
    "Reference",
    "ReferencesStatus",
    "Section",
    "Span",
    "Verdict",
    "Verification",
    "digest",
    "fingerprint",
]

BlockKind = Literal["paragraph", "list", "table", "code"]
Outcome = Literal["answered", "possible", "nothing_found"]
"""What became of a question: a passage answers it; one may answer it; none does."""

Verdict = Literal["verified", "moved", "changed", "gone"]

ReferencesStatus = Literal["resolved", "partial", "no_reference_list", "no_markers"]
"""Whether every marker of a passage has an entry, not every one, or none because the document has no list of them."""


def digest(text: str) -> str:
    """SHA-256 of the text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


class Fingerprint(NamedTuple):
    """What a text is known by in a link: its length in characters, and the first 16 digits of its `digest`. `section`
    are the first 8 of the digest of its section's path, or empty where the link does not say it."""

    length: int
    digest: str
    section: str = ""

    def is_of(self, text: str) -> bool:
        """Whether this is a text's, wherever it stands."""
        return self.length == len(text) and self.digest == digest(text)[:16]

    def is_under(self, section: tuple[str, ...]) -> bool:
        """Whether a section is the one that the link says, if it says any."""
        return self.section in ("", _section_digest(section))


def fingerprint(text: str, section: tuple[str, ...] | None = None) -> Fingerprint:
    """The fingerprint of a text, which stands in a section with this path; None leaves that open.

    >>> fingerprint("It ended.", ("Sea", "Shore"))
    Fingerprint(length=9, digest='7fe90c33c87c7484', section='dca745ae')
    """
    return Fingerprint(len(text), digest(text)[:16], "" if section is None else _section_digest(section))


def _section_digest(section: tuple[str, ...]) -> str:
    return digest("\n".join(section))[:8]


class Span(NamedTuple):
    """Half-open interval `[start, end)` of characters."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph, list, table or code listing inside a section, in source order."""

    kind: BlockKind
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A headed part of a document. `path` is its breadcrumb, outermost heading first; the part before
    the first heading has the empty path. `start` and `end` exclude the heading itself."""

    path: tuple[str, ...]
    start: int
    end: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A place in the text that is a heading; `level` is 1 for the outermost, such as a title above the text."""

    level: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An entry of a document's own bibliography. `text` is None where the source has the marker but no entry.

    `url` is an address as the source gives it, of whatever scheme.
    """

    marker: str
    text: str | None = None
    doi: str | None = None
    pmid: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A place in the text that points to a reference: `[98]`, or one of the labels of `[100, 101]`.

    The span is that of the whole bracket, or of the whole run of raised digits.
    """

    label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundMarker:
    """A marker of a passage with the sentence to which it belongs: the one that it stands in, or stands behind.

    `start` and `end` are offsets into `Document.text`, half-open, like the citation's own; so are those of `sentence`.
    """

    label: str
    start: int
    end: int
    sentence: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One work, with the one plain text that every offset refers to.

    `sha256` is the digest of `text`; the constructor refuses sections that overlap or leave the text. Markers are in
    the order of their places. `pages` says where in the text each page begins, the first one first; it is empty where
    the source has no pages. A page without text begins where the next one does. `page_labels` are what the pages are
    called where that is not their number: i, ii, 1, 2.
    """

    id: str
    title: str
    text: str
    source: str
    authors: tuple[str, ...] = ()
    editors: tuple[str, ...] = ()
    publisher: str | None = None
    updated: date | None = None
    url: str | None = None
    keywords: tuple[str, ...] = ()
    headings: tuple[Heading, ...] = ()
    sections: tuple[Section, ...] = ()
    references: tuple[Reference, ...] = ()
    markers: tuple[Marker, ...] = ()
    pages: tuple[int, ...] = ()
    page_labels: tuple[str, ...] = ()
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", digest(self.text))
        reached = 0
        for section in self.sections:
            if not reached <= section.start <= section.end <= len(self.text):
                raise ValueError(f"section {section.path} at {section.start}..{section.end} of {self.id} is misplaced")
            reached = section.end
        if self.pages and not all(a <= b for a, b in pairwise((0, *self.pages, len(self.text)))):
            raise ValueError(f"the pages of {self.id} are misplaced")

    def page_at(self, place: int) -> int | None:
        """The number of the page, from 1, on which the character at a place of the text stands, or None."""
        return max(1, bisect_right(self.pages, place)) if self.pages else None

    def page_name(self, page: int) -> str:
        """What a page is called, by its number from 1: as it is printed there, where the source says so."""
        return (self.page_labels[page - 1] if 0 < page <= len(self.page_labels) else "") or str(page)

    def years_old(self, today: date) -> int | None:
        """How many whole years ago it was updated, at least 0; None where it has no date."""
        if self.updated is None:
            return None
        had_its_day = (today.month, today.day) >= (self.updated.month, self.updated.day)
        return max(0, today.year - self.updated.year - (not had_its_day))


class Figure(NamedTuple):
    """A number with its unit, at characters [start, end) of a text; `unit` is empty for a bare number. `context` is the
    span of what stands around it in its sentence, and says what it measures."""

    number: str
    unit: str
    start: int
    end: int
    context: Span


class FileState(NamedTuple):
    """How a source file stood when it was read, with the file of references beside it: a stamp that is quick to look up
    and, where that differs, the digest of its bytes."""

    stamp: str
    sha256: str


class DocumentEntry(NamedTuple):
    """A document as a list of contents names it, with the number of its passages and the file that it came from."""

    id: str
    title: str
    updated: date | None
    passage_count: int
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A contiguous span of one section: the unit that is indexed, ranked and cited.

    `start` and `end` are character offsets into `Document.text`, half-open, so
    `document.text[start:end] == passage.text` holds for every passage ever made. Of a section of a few words, it begins
    with the heading, where that says something.
    `id` sorts in source order within a document. `page` counts from 1, or is None where the source has no pages.
    `sentences` are spans of the passage's own text, in order.
    """

    id: str
    document_id: str
    section: tuple[str, ...]
    text: str
    start: int
    end: int
    sentences: tuple[Span, ...]
    page: int | None = None

    def __post_init__(self) -> None:
        if self.end - self.start != len(self.text):
            raise ValueError(f"passage {self.id} spans {self.start}..{self.end} but has {len(self.text)} characters")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryWord:
    """A content word of the question. Any one of `terms` in a passage covers it; `weight` is in 0..1.

    `carried` words come from an earlier question; `referred` says that the question refers to them. `is_name` says that
    it has a capital that is not the question's first letter.
    """

    text: str
    terms: tuple[str, ...]
    weight: float = 1.0
    is_name: bool = False
    carried: bool = False
    referred: bool = False


class Reading(NamedTuple):
    """What stands in the question, as it stands there, and what it was read as."""

    written: str
    read: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a retriever is given: terms with weights above 0, and the words that they stand for.

    `spoken` are all words of the question itself, in order, folded, each with its term, or None for a stop word.
    `corrected` words were read as words of the library, and `expanded` ones as another name of the same thing too.
    `asked` is the question as it was read, and `text` the same with the words carried over from earlier ones: an
    encoder is given both.
    `stays` says that the question goes on about what the one before it was answered with.
    """

    terms: Mapping[str, float]
    words: tuple[QueryWord, ...]
    asked: str = ""
    text: str = ""
    spoken: tuple[tuple[str, str | None], ...] = ()
    corrected: tuple[Reading, ...] = ()
    expanded: tuple[Reading, ...] = ()
    carried_over: tuple[str, ...] = ()
    stays: bool = False


class Candidate(NamedTuple):
    """A passage's id as a retriever ranks it, before the library has supplied the passage.

    A score has no unit and is comparable only within one ranking.
    """

    passage_id: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One passage at one rank (from 1), with its score and the named numbers that speak for it."""

    passage: Passage
    rank: int
    score: float
    evidence: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """The pointer from an answer to its place: `document.text[start:end] == quote`, and `sha256` is that text's.

    `prefix` and `suffix` are what stands right before and behind it, each as long as `citing.CONTEXT` or up to the end
    of the text.
    `references` are the entries of the quote's own markers, each once. All offsets are into `document.text`.
    """

    document: Document
    section: tuple[str, ...]
    page: int | None
    start: int
    end: int
    quote: str
    prefix: str
    suffix: str
    references: tuple[Reference, ...]
    references_status: ReferencesStatus
    markers: tuple[BoundMarker, ...]
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedPassage:
    """A passage with its citation; `highlights` are spans of the passage's own text, and `figures` stand there too."""

    passage: Passage
    highlights: tuple[Span, ...]
    citation: Citation
    figures: tuple[Figure, ...] = ()


LinkNote = Literal["repeated", "elsewhere", "cut"]
"""What there is to say of a link: its words stand more than once; only in another section; it was cut short."""


class Followed(NamedTuple):
    """What a link leads to, and what there is to say of it."""

    cited: CitedPassage
    note: LinkNote | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A citation as it comes back from outside: what it says, true or not.

    `quote` stood at [start, end) of the text of the document, whose digest was `sha256`, between `prefix` and `suffix`.
    `exact` and `position` are what its selectors say of the words and of their place. All that follows is what it says
    besides, as in a `Citation` and its `Document`; a marker is its label and its span. None is not said.
    """

    document_id: str
    quote: str
    start: int
    end: int
    sha256: str | None = None
    prefix: str = ""
    suffix: str = ""
    exact: str | None = None
    position: Span | None = None
    section: tuple[str, ...] | None = None
    title: str | None = None
    authors: tuple[str, ...] | None = None
    publisher: str | None = None
    updated: date | None = None
    url: str | None = None
    page: int | None = None
    references: tuple[Reference, ...] | None = None
    references_status: str | None = None
    markers: tuple[tuple[str, int, int], ...] | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        if not self.quote.strip() or min(self.start, self.end) < 0:
            raise ValueError("a citation has words, and a place that is not before the text")

    @property
    def names_one_quote(self) -> bool:
        """Whether the selectors quote the same words."""
        return self.exact in (None, self.quote)

    @property
    def names_one_place(self) -> bool:
        """Whether the place is as long as the quote, and the selectors name the same one."""
        place = Span(self.start, self.end)
        return self.end - self.start == len(self.quote) and self.position in (None, place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What became of a citation.

    `place` has the words where they stand now, exactly where they are `verified` or `moved`; `nearest` what stands
    there instead, where they are `changed` and something is recognisable. `document_changed` says whether the text of
    the document that was looked at is another than the one cited; None where there is none, or the citation has no
    digest. `repeated` says that the words stand in that document more than once. `disagreeing` names the parts of the
    citation that say otherwise than the document: those of `document`, and where the words have a place those of the
    place, save the offsets, for which `verdict` stands. `detail` is a sentence for people.
    """

    verdict: Verdict
    detail: str
    document_changed: bool | None
    repeated: bool = False
    disagreeing: tuple[str, ...] = ()
    place: CitedPassage | None = None
    nearest: CitedPassage | None = None

    def __post_init__(self) -> None:
        if (self.place is not None) != (self.verdict in ("verified", "moved")):
            raise ValueError("words that are verified or moved have a place, and no others")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpretation:
    """How the question was read: what was corrected and taken over from earlier ones, and its words that no document
    holds. `expanded` are the names by which the first passage has what the question calls otherwise."""

    corrected: tuple[Reading, ...] = ()
    expanded: tuple[Reading, ...] = ()
    carried_over: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A verbatim passage with its citation, which answers or may answer, or an explicit "nothing found".

    `best` is None exactly where nothing is found; then `reason` says why. Of a passage that may answer, `reason` says
    what it lacks, or is None; of one that answers, it is None. `outline` is empty but for a question that names a whole
    document or section: then it has the passages with which the parts of that begin, in source order, of which `best`
    is the first. `confidence` is in 0..1. `took_ms`, in milliseconds, is not compared.
    """

    question: str
    outcome: Outcome
    best: CitedPassage | None
    confidence: float
    reason: str | None
    alternatives: tuple[CitedPassage, ...]
    interpretation: Interpretation
    outline: tuple[CitedPassage, ...] = ()
    took_ms: float = field(default=0.0, compare=False)

    def __post_init__(self) -> None:
        if (self.best is None) != (self.outcome == "nothing_found"):
            raise ValueError("an answer has a passage, unless nothing is found")
        has_reason = self.reason is not None
        if self.outcome != "possible" and has_reason != (self.outcome == "nothing_found"):
            raise ValueError("where nothing is found there is a reason, and where a passage answers there is none")
        if self.outline and self.outline[0] != self.best:
            raise ValueError("an answer's passage is the first of its outline")

    @property
    def answered(self) -> bool:
        """Whether the passage answers; one that may answer does not count."""
        return self.outcome == "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a person says of an answer: whether it answered the question.

    `key` is what the page that shows the answer made up for it, and nothing else is known by: a later judgement with
    it replaces this one. `passage_id` and `known_by` name the words that were given as the answer; both are None where
    nothing was found. `asked_of` is the id of the only document that was asked.
    """

    key: str
    question: str
    helpful: bool
    history: tuple[str, ...] = ()
    asked_of: str | None = None
    passage_id: str | None = None
    known_by: Fingerprint | None = None
    comment: str = ""

    def __post_init__(self) -> None:
        if (self.passage_id is None) != (self.known_by is None):
            raise ValueError("a passage that is judged has a fingerprint, and nothing else has")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A judgement as it is kept, with what the library itself says of the words that were judged.

    `id` counts from 1, and is 0 before it is kept; `at` is in UTC. The quote stood at [start, end) of the text of the
    document, whose digest was `document_sha256`; all of that is None where nothing was found. `outcome` and
    `confidence` are those of the answer, or None where the library gives another answer now; but that nothing was found
    is known. `library` is the name of the library's generation, and `version` that of this program.
    """

    id: int = 0
    at: datetime
    question: str
    history: tuple[str, ...]
    asked_of: str | None
    outcome: Outcome | None
    helpful: bool
    comment: str
    passage_id: str | None
    document_id: str | None
    start: int | None
    end: int | None
    quote: str | None
    passage_sha256: str | None
    document_sha256: str | None
    confidence: float | None
    library: str
    version: str

    @property
    def known_by(self) -> Fingerprint | None:
        """The fingerprint of the words that were judged, by which they are found again."""
        return None if self.quote is None else fingerprint(self.quote)
