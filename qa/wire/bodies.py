"""What is sent, and how the engine's values become it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from qa.model import (
    Answer,
    BoundMarker,
    CitedPassage,
    Document,
    Figure,
    Outcome,
    Passage,
    Reading,
    ReasonCode,
    Reference,
    ReferencesStatus,
    Span,
    fingerprint,
)
from qa.wire.blocks import BlockBody, block_bodies

__all__ = [
    "AskResponse",
    "CitationBody",
    "CitedPassageBody",
    "ConversationBody",
    "DocumentBody",
    "FieldProblemBody",
    "InterpretationBody",
    "Live",
    "Problem",
    "Ready",
    "ReferenceBody",
    "answer_body",
    "cited_passage_body",
    "document_body",
    "document_href",
    "passage_href",
    "passage_permalink",
]


_LARGEST = 250_000  # bytes, about, of the passages that an answer lists
_OF_A_FIGURE, _OF_A_MARKER = 250, 250  # bytes, about, in JSON, with the marker's reference but for its text
_FRAGMENT_WORDS = 6  # at each end of a longer text
_TRAILING_MARKER = re.compile(r"\[[^\[\]\n]{1,80}\]\Z")
_LONGEST_MARKER = 82  # characters, with its brackets


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)  # what a program is never asked for is never built


class FigureBody(_Body):
    """A number with its unit; `unit` is empty for a bare number. `text` is characters [start, end) of the passage's own
    text. `context` is the span of the words around it. `href` leads to the number in its document.
    """

    text: str
    number: str
    unit: str
    start: int
    end: int
    context: Span
    href: str


class PassageBody(_Body):
    """A passage, word for word. `highlights` are spans [start, end) of its own text, in characters. `blocks` are its
    paragraphs, lists, tables and the like, in order.
    """

    id: str
    text: str
    highlights: tuple[Span, ...]
    figures: tuple[FigureBody, ...]
    blocks: tuple[BlockBody, ...] = ()


class DocumentSummaryBody(_Body):
    """The document of a citation. `sha256` is the digest of the document's text."""

    id: str
    title: str
    authors: tuple[str, ...]
    editors: tuple[str, ...] = ()
    publisher: str | None
    updated: date | None
    url: str | None
    sha256: str


class ReferenceBody(_Body):
    """An entry of the document's bibliography. `text` is null if the source has no entry for the marker."""

    marker: str
    text: str | None
    doi: str | None
    pmid: str | None
    url: str | None


class MarkerBody(_Body):
    """A marker in the quote, at characters [start, end) of the document's text. So is the span of its `sentence`."""

    marker: str
    start: int
    end: int
    sentence: Span


class TextQuoteSelector(_Body):
    """The words of a place, and the text right before and after them (W3C Web Annotation Data Model, 4.2.4)."""

    type: Literal["TextQuoteSelector"] = "TextQuoteSelector"
    exact: str
    prefix: str
    suffix: str


class TextPositionSelector(_Body):
    """Characters [start, end) of the document's text, in code points (W3C Web Annotation Data Model, 4.2.5)."""

    type: Literal["TextPositionSelector"] = "TextPositionSelector"
    start: int
    end: int


class CitationBody(_Body):
    """The place of a passage. `quote` is characters [start, end) of the document's text; `selectors` say the same.

    `href` leads to the passage as the library has it now, with its highlight marked. `permalink` leads to the words for
    as long as the document has them. `original` leads to the highlight at the document's own `url`, or to the passage
    if it has no highlight. `years_old` is how many whole years ago the document was updated.

    `references_status` is `resolved` if every marker has an entry, `partial` if some have none, `no_reference_list` if
    the document has no list of references, and `no_markers` if the passage has no markers.

    `page_name` is the printed name of the page, for the pages of the service. It is not sent: `label` has it.
    """

    document: DocumentSummaryBody
    section: tuple[str, ...]
    page: int | None
    start: int
    end: int
    quote: str
    references: tuple[ReferenceBody, ...]
    references_status: ReferencesStatus
    markers: tuple[MarkerBody, ...]
    label: str
    page_name: SkipJsonSchema[str | None] = Field(default=None, exclude=True)
    href: str
    permalink: str
    original: str | None
    years_old: int | None
    selectors: tuple[TextQuoteSelector | TextPositionSelector, ...]


class CitedPassageBody(_Body):
    """A passage with its citation."""

    passage: PassageBody
    citation: CitationBody


class ReadingBody(_Body):
    """Words of the question (`from`) and the words that they were read as (`to`): instead if corrected, also if
    expanded."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)

    from_: str = Field(alias="from")
    to: str


class InterpretationBody(_Body):
    """How the question was read."""

    corrected: tuple[ReadingBody, ...] = ()
    expanded: tuple[ReadingBody, ...] = ()
    carried_over: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class AskResponse(_Body):
    """An answer. `outcome` says whether the passage answers the question, may answer it, or nothing was found.

    `answered` is true only if the passage answers. If nothing was found, `passage` and `citation` are null, and
    `reason` says why. For a passage that may answer, `reason` says which words of the question it lacks, or is null.
    Words that no document has are in `interpretation.missing`. For a passage that answers, `reason` is null.
    `reason_code` and `reason_words` say the same for programs: what the reason is, and which words it names.

    If the question is the title of a document or section, or asks for all of it, `outline` has the first passage of
    each of its parts, in source order. The first of these is also `passage`. For any other question `outline` is empty.
    """

    question: str
    outcome: Outcome
    answered: bool
    confidence: float = Field(ge=0, le=1)
    reason: str | None
    reason_code: ReasonCode | None = None
    reason_words: tuple[str, ...] = ()
    passage: PassageBody | None
    citation: CitationBody | None
    outline: tuple[CitedPassageBody, ...]
    alternatives: tuple[CitedPassageBody, ...]
    interpretation: InterpretationBody
    took_ms: float

    @model_validator(mode="after")
    def _agree(self) -> Self:
        """Refuse fields that contradict the outcome."""
        found = self.outcome != "nothing_found"
        if (self.answered, self.passage is not None, self.citation is not None) != (
            self.outcome == "answered",
            found,
            found,
        ):
            raise ValueError("the fields of an answer contradict its outcome")
        return self


class ConversationBody(_Body):
    """A conversation: the answer to each question, in order, as the library gave it on the day `exported`."""

    exported: date
    turns: tuple[AskResponse, ...]


class DocumentBody(DocumentSummaryBody):
    """A whole document: its text, its references and the ids of its passages."""

    keywords: tuple[str, ...]
    text: str
    references: tuple[ReferenceBody, ...]
    passages: tuple[str, ...]


class FieldProblemBody(_Body):
    """One field that is wrong; `pointer` is a JSON Pointer (RFC 6901)."""

    pointer: str
    detail: str


class Problem(_Body):
    """A failure, as application/problem+json (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[FieldProblemBody, ...] | None = None
    nearest: str | None = Field(default=None, description="The path of the text nearest to what is gone.")
    request_id: str | None = Field(default=None, description="The request's id, by which the service's log names it.")


class Live(_Body):
    """The process runs."""

    status: Literal["live"] = "live"


class Ready(_Body):
    """The library can be asked."""

    status: Literal["ready"] = "ready"
    documents: int


def document_href(document_id: str) -> str:
    """The path of the page that shows a document."""
    return f"/documents/{document_id}"


def passage_href(passage: Passage, marked: Span | None = None) -> str:
    """The path of the page that shows a passage in its document. `marked` is a span of the passage's text to mark.

    >>> passage_href(Passage(
    ...     id="a-00001", document_id="a", section=(), text="It is.", start=7, end=13, sentences=()), Span(3, 5))
    '/documents/a?mark=10-12&is=2-fa51fd49abf67705-e3b0c442#a-00001'
    """
    return f"{document_href(passage.document_id)}{_mark_query(passage, marked) if marked else ''}#{passage.id}"


def _mark_query(passage: Passage, marked: Span) -> str:
    """What marks words of a passage in the page of its document: their place there, and their fingerprint."""
    known_by = _known_by(passage.text[slice(*marked)], passage.section)
    return f"?mark={passage.start + marked.start}-{passage.start + marked.end}&is={known_by}"


@lru_cache(maxsize=512)  # of texts up to the length of a passage
def _known_by(text: str, section: tuple[str, ...]) -> str:
    return "{0.length}-{0.digest}-{0.section}".format(fingerprint(text, section))


def original_href(url: str | None, text: str) -> str | None:
    """The address of a text at its original place, as a text fragment. None without an address on the web.

    A long text is named by its first and last words. Each of these is from one line, since a browser looks for it in
    one block. Markers at the end are left out, since pages write them in many ways.
    Source: WICG, URL Fragment Text Directives.

    >>> original_href("https://example.org/a", "It lasted, mostly. [9]")
    'https://example.org/a#:~:text=It%20lasted%2C%20mostly%2E'
    """
    if url is None or not url.startswith(("https://", "http://")):
        return None
    lines = [line.strip("|-*•# ") for line in _without_markers(text).splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        return url
    first, last = lines[0].split(), lines[-1].split()
    is_short = len(lines) == 1 and len(first) <= 2 * _FRAGMENT_WORDS
    parts = [first] if is_short else [first[:_FRAGMENT_WORDS], last[-_FRAGMENT_WORDS:]]
    fragment = ",".join(_percent_encoded(" ".join(part)) for part in parts)
    return f"{url}{'' if '#' in url else '#'}:~:text={fragment}"


def _without_markers(text: str) -> str:
    """A text without the markers at its end, which are looked for from there: the work is linear in their number.

    >>> _without_markers("It ended. [98] [99]")
    'It ended.'
    """
    end = len(text)
    while True:
        while end and text[end - 1].isspace():
            end -= 1
        found = _TRAILING_MARKER.search(text, max(0, end - _LONGEST_MARKER), end)
        if not found:
            return text[:end]
        end = found.start()


def passage_permalink(passage: Passage) -> str:
    """The path that leads to the passage's words, wherever in its document they are later."""
    known_by = _known_by(passage.text, passage.section)
    return f"/passages/{passage.id}?document={passage.document_id}&is={known_by}"


def _percent_encoded(text: str) -> str:
    """A text with all but its ASCII letters and digits encoded: in a text fragment `-`, `,` and `&` are signs."""
    plain = (
        each if each.isascii() and each.isalnum() else "".join(f"%{b:02X}" for b in each.encode()) for each in text
    )
    return "".join(plain)


def answer_body(answer: Answer) -> AskResponse:
    """The wire form of an answer."""
    best = cited_passage_body(answer.best) if answer.best else None
    listed = tuple(map(cited_passage_body, _fitting((*answer.outline, *answer.alternatives))))
    return AskResponse(
        question=answer.question,
        outcome=answer.outcome,
        answered=answer.answered,
        confidence=answer.confidence,
        reason=answer.reason,
        reason_code=answer.why.code if answer.why else None,
        reason_words=answer.why.words if answer.why else (),
        passage=best.passage if best else None,
        citation=best.citation if best else None,
        outline=listed[: len(answer.outline)],
        alternatives=listed[len(answer.outline) :],
        interpretation=InterpretationBody(
            corrected=tuple(map(_reading_body, answer.interpretation.corrected)),
            expanded=tuple(map(_reading_body, answer.interpretation.expanded)),
            carried_over=answer.interpretation.carried_over,
            missing=answer.interpretation.missing,
        ),
        took_ms=answer.took_ms,
    )


def _fitting(listed: Sequence[CitedPassage]) -> Iterator[CitedPassage]:
    """Those of the listed passages that come first and are together no larger than an answer may be, and at least one.
    Only passages of thousands of characters are ever left out."""
    size = 0
    for number, each in enumerate(listed):
        size += _size(each)
        if number and size > _LARGEST:
            return
        yield each


def _size(cited: CitedPassage) -> int:
    """About how many bytes a cited passage takes: its text stands there three times."""
    citation, document = cited.citation, cited.citation.document
    written = sum(len(each.text or "") for each in citation.references)
    named = len(document.title) + sum(map(len, document.authors)) + sum(map(len, citation.section))
    counted = _OF_A_FIGURE * len(cited.figures) + _OF_A_MARKER * len(citation.markers)
    return 3 * len(cited.passage.text) + written + 2 * named + counted


def document_body(document: Document, passages: Sequence[Passage]) -> DocumentBody:
    """The wire form of a whole document."""
    return DocumentBody(
        **_document_summary(document).model_dump(),
        keywords=document.keywords,
        text=document.text,
        references=tuple(_reference_body(each) for each in document.references),
        passages=tuple(each.id for each in passages),
    )


def cited_passage_body(cited: CitedPassage) -> CitedPassageBody:
    """The wire form of one passage with its citation."""
    passage, lasting = cited.passage, _lasting(cited)
    return CitedPassageBody(
        passage=PassageBody(
            id=passage.id,
            text=passage.text,
            highlights=cited.highlights,
            figures=_figure_bodies(cited) if cited.figures else (),
            blocks=lasting.blocks,
        ),
        citation=_citation_body(cited, lasting),
    )


class _Lasting(NamedTuple):
    """What of a passage's wire form is the same whatever was asked."""

    blocks: tuple[BlockBody, ...]
    document: DocumentSummaryBody
    references: tuple[ReferenceBody, ...]
    markers: tuple[MarkerBody, ...]
    permalink: str
    selectors: tuple[TextQuoteSelector, TextPositionSelector]


def _lasting(cited: CitedPassage) -> _Lasting:
    """The same of a passage; it is made once for each citation."""
    citation, passage = cited.citation, cited.passage
    found: _Lasting | None = citation.made_of_it.get("wire")
    if found is None:
        found = citation.made_of_it["wire"] = _Lasting(
            blocks=block_bodies(citation.document, passage.start, passage.end),
            document=_document_summary(citation.document),
            references=tuple(_reference_body(each) for each in citation.references),
            markers=tuple(_marker_body(each) for each in citation.markers),
            permalink=passage_permalink(passage),
            selectors=(
                TextQuoteSelector(exact=citation.quote, prefix=citation.prefix, suffix=citation.suffix),
                TextPositionSelector(start=citation.start, end=citation.end),
            ),
        )
    return found


def _figure_bodies(cited: CitedPassage) -> tuple[FigureBody, ...]:
    """The wire form of a passage's figures, which are all of its or none; made once for each citation."""
    made = cited.citation.made_of_it
    found: tuple[FigureBody, ...] | None = made.get("figures")
    if found is None:
        found = made["figures"] = tuple(_figure_body(each, cited.passage) for each in cited.figures)
    return found


def _figure_body(figure: Figure, passage: Passage) -> FigureBody:
    mark = _mark_query(passage, Span(figure.start, figure.end))
    return FigureBody(
        text=passage.text[figure.start : figure.end],
        number=figure.number,
        unit=figure.unit,
        start=figure.start,
        end=figure.end,
        context=figure.context,
        href=f"{document_href(passage.document_id)}{mark}#mark",
    )


def _citation_body(cited: CitedPassage, lasting: _Lasting) -> CitationBody:
    citation, passage = cited.citation, cited.passage
    marked = next(iter(cited.highlights), None)
    return CitationBody(
        document=lasting.document,
        section=citation.section,
        page=citation.page,
        start=citation.start,
        end=citation.end,
        quote=citation.quote,
        references=lasting.references,
        references_status=citation.references_status,
        markers=lasting.markers,
        label=citation.label,
        page_name=None if citation.page is None else citation.document.page_name(citation.page),
        href=passage_href(passage, marked),
        permalink=lasting.permalink,
        original=original_href(citation.document.url, passage.text[slice(*marked)] if marked else passage.text),
        years_old=citation.document.years_old(datetime.now(UTC).date()),
        selectors=lasting.selectors,
    )


def _document_summary(document: Document) -> DocumentSummaryBody:
    return DocumentSummaryBody(
        id=document.id,
        title=document.title,
        authors=document.authors,
        editors=document.editors,
        publisher=document.publisher,
        updated=document.updated,
        url=document.url,
        sha256=document.sha256,
    )


def _reading_body(reading: Reading) -> ReadingBody:
    return ReadingBody(**{"from": reading.written, "to": reading.read})


def _reference_body(reference: Reference) -> ReferenceBody:
    return ReferenceBody(
        marker=reference.marker, text=reference.text, doi=reference.doi, pmid=reference.pmid, url=reference.url
    )


def _marker_body(marker: BoundMarker) -> MarkerBody:
    return MarkerBody(marker=marker.label, start=marker.start, end=marker.end, sentence=marker.sentence)
