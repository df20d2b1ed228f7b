"""The nouns of pincite. Frozen values; offsets are code points, spans half-open."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Literal, NamedTuple

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
    "DocumentFilter",
    "Feedback",
    "Figure",
    "FileState",
    "Fingerprint",
    "Followed",
    "Heading",
    "Hit",
    "Interpretation",
    "Judgement",
    "LeftOut",
    "LinkNote",
    "Listing",
    "Marker",
    "Outcome",
    "Passage",
    "Query",
    "QueryWord",
    "Reading",
    "Reason",
    "ReasonCode",
    "Reference",
    "ReferencesStatus",
    "Section",
    "Span",
    "Suggestion",
    "Verdict",
    "Verification",
    "digest",
    "ending_of",
    "fingerprint",
    "scope_of",
]

BlockKind = Literal["paragraph", "list", "table", "code"]
Outcome = Literal["answered", "possible", "nothing_found"]
"""The result of a question: a passage answers it, a passage may answer it, or nothing is found."""

Verdict = Literal["verified", "moved", "changed", "gone"]

ReferencesStatus = Literal["resolved", "partial", "no_reference_list", "no_markers"]
"""`resolved`: every marker of a passage has an entry. `partial`: some have none. The other two say why none has."""


def digest(text: str) -> str:
    """SHA-256 of the text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


class Fingerprint(NamedTuple):
    """How a link identifies a text: by its length in characters and the first 16 digits of its `digest`.

    `section` has the first 8 digits of the digest of the section's path. It is empty if the link has none.
    """

    length: int
    digest: str
    section: str = ""

    def is_of(self, text: str) -> bool:
        """Whether this is the fingerprint of a text, in any section."""
        return self.length == len(text) and self.digest == digest(text)[:16]

    def is_under(self, section: tuple[str, ...]) -> bool:
        """Whether a section is the one in the link. True for any section if the link has none."""
        return self.section in ("", _section_digest(section))


def fingerprint(text: str, section: tuple[str, ...] | None = None) -> Fingerprint:
    """The fingerprint of a text in the section with this path. With None, that of the text only.

    >>> fingerprint("It ended.", ("Sea", "Shore"))
    Fingerprint(length=9, digest='7fe90c33c87c7484', section='dca745ae')
    """
    return Fingerprint(len(text), digest(text)[:16], "" if section is None else _section_digest(section))


def _section_digest(section: tuple[str, ...]) -> str:
    return digest("\n".join(section))[:8]


def scope_of(document: str | Collection[str] | None) -> tuple[str, ...] | None:
    """The ids of the only documents to ask, ascending, each once. None if all are asked.

    >>> scope_of("terns"), scope_of(["terns", "gulls", "terns"]), scope_of(None)
    (('terns',), ('gulls', 'terns'), None)
    """
    if document is None:
        return None
    return (document,) if isinstance(document, str) else tuple(sorted(set(document)))


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
    """A heading in the text. `level` is 1 for the outermost, such as a title above the text."""

    level: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An entry of a document's own bibliography. `text` is None if the source has the marker but no entry.

    `url` is an address as the source gives it, with any scheme.
    """

    marker: str
    text: str | None = None
    doi: str | None = None
    pmid: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A place in the text that points to a reference: `[98]`, or one of the labels of `[100, 101]`.

    The span covers the whole bracket, or the whole run of raised digits.
    """

    label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundMarker:
    """A marker of a passage, and the sentence that it belongs to: the one around it, or the one before it.

    All offsets, also those of `sentence`, are into `Document.text`, half-open.
    """

    label: str
    start: int
    end: int
    sentence: Span


class LeftOut(NamedTuple):
    """How much of a kind a source file holds that is not in its document: 12, "words struck out"."""

    what: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One work, with the one plain text that every offset refers to.

    `sha256` is the digest of `text`. The constructor refuses sections that overlap or leave the text. Markers are in
    text order. `pages` has the place in the text where each page begins, in order; it is empty if the source has no
    pages. A page without text begins where the next one does. `page_labels` has the printed names of the pages, if they
    are not just their numbers: i, ii, 1, 2. `code` has the places of code in lines, in order. `left_out` counts what
    of the source is not in the text, but for what only sets it: pictures, comments, running heads, words that are
    struck out.
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
    code: tuple[Span, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
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
        """The number, from 1, of the page with the character at this place of the text. None without pages."""
        return max(1, bisect_right(self.pages, place)) if self.pages else None

    def page_name(self, page: int) -> str:
        """The printed name of a page, given its number from 1. Its number if the source has no name for it."""
        return (self.page_labels[page - 1] if 0 < page <= len(self.page_labels) else "") or str(page)

    def years_old(self, today: date) -> int | None:
        """How many whole years ago it was updated, at least 0. None without a date."""
        if self.updated is None:
            return None
        had_its_day = (today.month, today.day) >= (self.updated.month, self.updated.day)
        return max(0, today.year - self.updated.year - (not had_its_day))


class Figure(NamedTuple):
    """A number with its unit, at characters [start, end) of a text.

    `unit` is empty for a bare number. `context` is the span of the words around it, which say what it measures.
    """

    number: str
    unit: str
    start: int
    end: int
    context: Span


class FileState(NamedTuple):
    """The state of a source file, and of the bibliography file beside it, when they were read.

    `stamp` is quick to compare. If it differs, `sha256`, the digest of the bytes, decides.
    """

    stamp: str
    sha256: str


class DocumentEntry(NamedTuple):
    """A document in a list of contents, with its number of passages, the file that it came from, and what of that is
    not in it."""

    id: str
    title: str
    updated: date | None
    passage_count: int
    file: str
    publisher: str | None = None
    left_out: tuple[LeftOut, ...] = ()

    @property
    def format(self) -> str:
        """The format of its file: the ending, such as "pdf". Empty without one."""
        return ending_of(self.file)


def ending_of(file: str) -> str:
    """The ending of a file's name, in lower case and without its dot.

    >>> ending_of("/birds/Terns.PDF"), ending_of("/birds.d/terns")
    ('pdf', '')
    """
    _, dot, ending = file.rpartition(".")
    return ending.lower() if dot and not {"/", "\\"} & {*ending} else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFilter:
    """Which documents of a library are to be listed. What is empty asks nothing of them.

    `words` are looked for in their passages; those of `title`, `publisher_words` and `file_words` in any part of the
    title, of the publisher and of the path of the file. `publisher` is whole, `format` the ending of the file. `since`
    and `until` are dates in ISO 8601, of which the day, or the month and the day, may be left out; the last day is
    included.
    """

    words: str = ""
    title: str = ""
    publisher: str = ""
    publisher_words: str = ""
    file_words: str = ""
    format: str = ""
    since: str = ""
    until: str = ""


class Listing(NamedTuple):
    """A page of the list of documents, with how many there are in `total` on all pages.

    `previous` is the id of the document before which the page before ends, `next` that of the one behind which the next
    page begins; None where there is no such page.
    """

    entries: tuple[DocumentEntry, ...]
    total: int
    previous: str | None
    next: str | None


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

    A `carried` word comes from an earlier question, or was `told` in a sentence of a letter that does not ask. The
    question refers back to a `referred` word. A word that `is_name` has a capital that is not the first letter of the
    question.
    """

    text: str
    terms: tuple[str, ...]
    weight: float = 1.0
    is_name: bool = False
    carried: bool = False
    referred: bool = False
    told: bool = False


class Reading(NamedTuple):
    """Words of the question as written, and the words that they were read as."""

    written: str
    read: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a retriever is given: terms with weights above 0, and the words that they stand for.

    `spoken` are all words of the question itself, in order, folded, each with its term, or None for a stop word.
    `corrected` words were read as words of the library, and `expanded` ones as another name of the same thing too.
    `asked` is the question as it was read, of a letter the sentences that ask; `text` is the whole, with the words
    carried over from earlier questions: an encoder is given both.
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


class Suggestion(NamedTuple):
    """What a person may be about to ask: a document's title, the heading of a section, or what is typed with its last
    word completed. `title` is that of the heading's document, where `text` does not name it."""

    text: str
    kind: Literal["title", "section", "word"]
    title: str = ""


class Candidate(NamedTuple):
    """A passage id with its score from a retriever, before the library supplies the passage.

    A score has no unit and is comparable only within one ranking.
    """

    passage_id: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One passage at one rank (from 1), with its score and the named numbers of its evidence."""

    passage: Passage
    rank: int
    score: float
    evidence: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """The pointer from an answer to its place: `document.text[start:end] == quote`, and `sha256` is that text's.

    `prefix` and `suffix` are the text right before and after it, each as long as `citing.CONTEXT`, or shorter at an end
    of the text. `references` has the entries of the quote's own markers, each once. All offsets are into
    `document.text`.
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
    made_of_it: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What depends on it alone and was made of it, such as parts of its wire form, by name: kept as long as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedPassage:
    """A passage with its citation. The spans of `highlights` and `figures` are of the passage's own text."""

    passage: Passage
    highlights: tuple[Span, ...]
    citation: Citation
    figures: tuple[Figure, ...] = ()


LinkNote = Literal["repeated", "elsewhere", "cut"]
"""A remark on a link: its words occur more than once, they are only in another section, or it was cut short."""


class Followed(NamedTuple):
    """The place that a link leads to, with a remark if there is one."""

    cited: CitedPassage
    note: LinkNote | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A citation as it comes back from outside: what it claims, true or not.

    It claims that `quote` was at [start, end) of the document's text, between `prefix` and `suffix`, and that `sha256`
    was the digest of that text. `exact` and `position` are the words and the place in its selectors. The other fields
    are as in a `Citation` and its `Document`; a marker is its label and its span. None means that it does not say.
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
        """Whether the selectors have the same words as `quote`."""
        return self.exact in (None, self.quote)

    @property
    def names_one_place(self) -> bool:
        """Whether the place is as long as the quote, and the selectors name the same place."""
        place = Span(self.start, self.end)
        return self.end - self.start == len(self.quote) and self.position in (None, place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What became of a citation.

    `place` has the words where they are now; it is given for `verified` and `moved`, and only for these. For `changed`,
    `nearest` has the text that is there now, if any is recognisable. `document_changed` says whether the document's
    text differs from the cited one; it is None without a document or without a digest in the citation. `repeated` says
    that the words occur more than once in the document.

    `disagreeing` names the parts of the citation that differ from the library: parts of `document` and, if the words
    have a place, parts of the place. It leaves out the offsets; `verdict` covers them. `detail` is a sentence for
    people.
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
    """How the question was read.

    `corrected` words were read as other words. `expanded` has other names, which the first passage has in place of the
    question's. `carried_over` words come from earlier questions. No document has the `missing` words.
    """

    corrected: tuple[Reading, ...] = ()
    expanded: tuple[Reading, ...] = ()
    carried_over: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


ReasonCode = Literal[
    "no_documents", "no_subject", "unknown_words", "no_passage", "too_unsure", "too_little", "lacking_words"
]
"""Why nothing is found: there are no documents; the question has no word to search for; no passage has some of its
words, or none has any; the closest one has all words, or too few of them. Or, for a possible answer, which words it
lacks."""


class Reason(NamedTuple):
    """Why there is no answer, or what a possible one lacks: a code, and those words of the question that it is about.

    A program can say it in another language by these.
    """

    code: ReasonCode
    words: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The same in English.

        >>> Reason("unknown_words", ("metformin", "gestational")).sentence
        'No passage mentions “metformin” or “gestational”.'
        """
        quoted = [f"“{word}”" for word in self.words]
        words = " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
        closest = f" The closest one does not mention {words}." if words else ""
        return {
            "no_documents": "There are no documents to answer from.",
            "no_subject": "The question has no word to search for. Name its subject.",
            "unknown_words": f"No passage mentions {words}.",
            "no_passage": "No passage has a word of the question.",
            "too_unsure": "No passage is sure enough to answer, though the closest one has all words of the question.",
            "too_little": f"No passage has enough of the question.{closest}",
            "lacking_words": f"The passage does not mention {words}.",
        }[self.code]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A verbatim passage that answers or may answer, with its citation; or an explicit "nothing found".

    `best` is None if nothing is found, and only then; `why` says why. For a possible answer, `why` says what the
    passage lacks, or is None. For an answer it is None. If the question names a whole document or section, `outline`
    has the first passage of each of its parts, in source order, and `best` is the first of these; otherwise it is
    empty. `confidence` is in 0..1. `took_ms`, in milliseconds, is not compared.
    """

    question: str
    outcome: Outcome
    best: CitedPassage | None
    confidence: float
    why: Reason | None
    alternatives: tuple[CitedPassage, ...]
    interpretation: Interpretation
    outline: tuple[CitedPassage, ...] = ()
    took_ms: float = field(default=0.0, compare=False)

    def __post_init__(self) -> None:
        if (self.best is None) != (self.outcome == "nothing_found"):
            raise ValueError("an answer has a passage, unless nothing is found")
        has_reason = self.why is not None
        if self.outcome != "possible" and has_reason != (self.outcome == "nothing_found"):
            raise ValueError("where nothing is found there is a reason, and where a passage answers there is none")
        if self.outline and self.outline[0] != self.best:
            raise ValueError("an answer's passage is the first of its outline")

    @property
    def answered(self) -> bool:
        """Whether the passage answers; one that may answer does not count."""
        return self.outcome == "answered"

    @property
    def reason(self) -> str | None:
        """What `why` says, in a sentence."""
        return self.why.sentence if self.why else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A person's judgement: whether an answer answered the question.

    The page that shows the answer makes up a `key` for it. A later judgement with the same key replaces this one.
    `passage_id` and `known_by` name the words that were shown; both are None if nothing was found. `asked_of` are the
    ids of the documents, if only some were asked.
    """

    key: str
    question: str
    helpful: bool
    history: tuple[str, ...] = ()
    asked_of: tuple[str, ...] = ()
    passage_id: str | None = None
    known_by: Fingerprint | None = None
    comment: str = ""

    def __post_init__(self) -> None:
        if (self.passage_id is None) != (self.known_by is None):
            raise ValueError("a passage that is judged has a fingerprint, and nothing else has")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A judgement as it is kept, with what the library knows of the judged words.

    `id` counts from 1; it is 0 before the judgement is kept. `at` is in UTC. `asked_of` has the documents' ids, one a
    line, if only some were asked. `quote` was at [start, end) of the text of the document, whose digest was
    `document_sha256`; all of these are None if nothing was found. `outcome` and `confidence` are those of the answer.
    They are None if the library now gives another answer; that nothing was found is always known. `library` is the name
    of the library's state, `version` that of this program.
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
        """The fingerprint of the judged words. They are found again by it."""
        return None if self.quote is None else fingerprint(self.quote)
