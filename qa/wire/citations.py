"""Citations to verify, the results, and the form of a permanent link."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError, from_json

from qa.errors import CitationsError, FieldProblem, InvalidRequestError
from qa.model import Claim, Fingerprint, Reference, Span, Verdict, Verification
from qa.wire.bodies import CitedPassageBody, cited_passage_body
from qa.wire.requests import DIGEST, FINGERPRINT, NOT_BLANK, AsWhole, Form, Told, field_problems

__all__ = [
    "MAX_CITATIONS",
    "MAX_QUOTE",
    "AnswerClaim",
    "VerificationBody",
    "VerifyRequest",
    "VerifyResponse",
    "read_claims",
    "read_fingerprint",
    "verification_body",
]

MAX_CITATIONS = 100  # of one request
MAX_QUOTE = 100_000  # characters
MAX_CONTEXT = 1000  # characters on either side of a quote
MAX_PLACE = 10**12  # characters
MAX_SELECTORS = 20  # of one citation
MAX_PARTS = 10_000  # authors, headings, references or markers of one citation

HINT = "Send citations as POST /ask gives them. web/README.md describes every part of a request."

Text = Annotated[str, Field(max_length=MAX_QUOTE)]
Texts = Annotated[tuple[Text, ...], Field(max_length=MAX_PARTS, fail_fast=True)]
Place = Annotated[int, Field(ge=0, le=MAX_PLACE), AsWhole]


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "must not be blank")
    return text


class _Received(BaseModel):
    """What came from outside. Unknown fields are ignored, since a citation has more than is verified."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class DocumentClaim(_Received):
    """The document of a citation."""

    id: str = Field(min_length=1, max_length=1000)
    sha256: str | None = Field(default=None, pattern=DIGEST, description="The digest of the text that was cited.")
    title: Text | None = None
    authors: Texts | None = None
    publisher: Text | None = None
    updated: date | None = None
    url: Text | None = None


class ReferenceClaim(_Received):
    """An entry of the document's bibliography."""

    marker: Text
    text: Text | None = None
    doi: Text | None = None
    pmid: Text | None = None
    url: Text | None = None


class MarkerClaim(_Received):
    """A marker in the quote, at characters [start, end) of the document's text."""

    marker: Text
    start: Place
    end: Place


class SelectorClaim(_Received):
    """A selector of the Web Annotation Data Model. Types other than these two are ignored."""

    type: str = Field(max_length=100, description="`TextQuoteSelector` or `TextPositionSelector`.")
    exact: Text | None = None
    prefix: str = Field(default="", max_length=MAX_CONTEXT)
    suffix: str = Field(default="", max_length=MAX_CONTEXT)
    start: Place | None = None
    end: Place | None = None


class CitationClaim(_Received):
    """A citation to verify. It claims that the quote is at [start, end) of the document's text. Every other field that
    is given is compared with what the library has now.
    """

    document: DocumentClaim
    start: Place
    end: Place
    quote: Annotated[str, Field(min_length=1, max_length=MAX_QUOTE), AfterValidator(_not_blank), Told(NOT_BLANK)]
    selectors: Annotated[tuple[SelectorClaim, ...], Field(max_length=MAX_SELECTORS, fail_fast=True)] = ()
    section: Texts | None = None
    page: Place | None = None
    references: Annotated[tuple[ReferenceClaim, ...], Field(max_length=MAX_PARTS, fail_fast=True)] | None = None
    references_status: Text | None = None
    markers: Annotated[tuple[MarkerClaim, ...], Field(max_length=MAX_PARTS, fail_fast=True)] | None = None
    label: Text | None = None

    def claim(self) -> Claim:
        """What the citation claims. If its selectors differ, the one that contradicts the citation is taken."""
        quotes = [each for each in self.selectors if each.type == "TextQuoteSelector"]
        positions = [each for each in self.selectors if each.type == "TextPositionSelector"]
        places = [Span(p.start, p.end) for p in positions if p.start is not None and p.end is not None]
        references = None if self.references is None else tuple(Reference(**dict(each)) for each in self.references)
        markers = None if self.markers is None else tuple((m.marker, m.start, m.end) for m in self.markers)
        return Claim(
            document_id=self.document.id,
            sha256=self.document.sha256,
            quote=self.quote,
            start=self.start,
            end=self.end,
            prefix=quotes[0].prefix if quotes else "",
            suffix=quotes[0].suffix if quotes else "",
            exact=next((q.exact for q in quotes if q.exact not in (None, self.quote)), None),
            position=next((place for place in places if place != (self.start, self.end)), None),
            section=self.section,
            title=self.document.title,
            authors=self.document.authors,
            publisher=self.document.publisher,
            updated=self.document.updated,
            url=self.document.url,
            page=self.page,
            references=references,
            references_status=self.references_status,
            markers=markers,
            label=self.label,
        )


class CitedClaim(_Received):
    """A passage of an answer, of which the citation is verified."""

    citation: CitationClaim


CitedClaims = Annotated[tuple[CitedClaim, ...], Field(max_length=MAX_CITATIONS, fail_fast=True)]


class AnswerClaim(_Received):
    """An answer as `/ask` gives it, of which every citation is verified, each once. Other fields in it are ignored, but
    for `citations`, which no answer has."""

    model_config = ConfigDict(json_schema_extra={"not": {"required": ["citations"]}})

    citation: CitationClaim | None
    outline: CitedClaims = ()
    alternatives: CitedClaims = ()

    def citations(self) -> tuple[CitationClaim, ...]:
        """Its citations, in the order of the answer."""
        cited = [each.citation for each in (*self.outline, *self.alternatives)]
        return tuple(dict.fromkeys([self.citation, *cited] if self.citation else cited))


class VerifyRequest(BaseModel):
    """Citations to verify."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    citations: Annotated[tuple[CitationClaim, ...], Field(max_length=MAX_CITATIONS, fail_fast=True)] = Field(
        description="Citations as `/ask` gives them. Other fields in them are ignored."
    )

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Read a request's JSON body: citations, or an answer.

        Raises:
            InvalidRequestError: for bytes that are not UTF-8, not JSON, or not of this form.
        """
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            refused = error
        if _is_answer(body):
            try:
                return cls(citations=AnswerClaim.model_validate_json(body).citations())
            except ValidationError as error:
                refused = error
        raise InvalidRequestError(field_problems(refused, _FORM), hint=HINT)

    def claims(self) -> list[Claim]:
        """What each citation says."""
        return [each.claim() for each in self.citations]


def _is_answer(body: bytes) -> bool:
    """Whether a JSON body means to be an answer: an object with one citation, and no list of them."""
    if b'"citation"' not in body:  # seen at once, where reading all of it takes some hundred megabytes
        return False
    try:
        value = from_json(body)
    except ValueError:
        return False
    return isinstance(value, dict) and "citation" in value and "citations" not in value


_FORM = Form(example='{"citations": [...]}', known=tuple(VerifyRequest.model_fields), most=MAX_PLACE)


class VerificationBody(BaseModel):
    """What became of a citation.

    `verified`: the words are at their place. `moved`: they are at another place, or under another heading; see `place`.
    `changed`: the document no longer has them; `nearest` has the text that is there now, if any is recognisable.
    `gone`: there is no such document. `document_changed`: the document's text differs from the cited one. `repeated`:
    the words occur there more than once. `disagreeing`: the parts of the citation that differ from the library, such as
    `document.title` or `section`; the offsets are left out, since `status` covers them.
    """

    model_config = ConfigDict(frozen=True)

    status: Verdict
    detail: str
    document_changed: bool | None
    repeated: bool
    disagreeing: tuple[str, ...]
    place: CitedPassageBody | None
    nearest: CitedPassageBody | None


class VerifyResponse(BaseModel):
    """What became of each citation, in the same order."""

    model_config = ConfigDict(frozen=True)

    results: tuple[VerificationBody, ...]


def verification_body(verification: Verification) -> VerificationBody:
    """The wire form of what became of a citation."""
    return VerificationBody(
        status=verification.verdict,
        detail=verification.detail,
        document_changed=verification.document_changed,
        repeated=verification.repeated,
        disagreeing=verification.disagreeing,
        place=cited_passage_body(verification.place) if verification.place else None,
        nearest=cited_passage_body(verification.nearest) if verification.nearest else None,
    )


def read_fingerprint(text: str) -> Fingerprint:
    """The fingerprint in a link. Without its last part it is of the words only.

    Raises:
        InvalidRequestError: if the text is not a fingerprint.

    >>> read_fingerprint("842-0123456789abcdef")
    Fingerprint(length=842, digest='0123456789abcdef', section='')
    """
    found = re.fullmatch(FINGERPRINT.strip("^$"), text)
    if not found:
        detail = "must be copied whole from the link, such as 842-0123456789abcdef-01234567"
        hint = (
            "The link may have been cut short or broken in two. Copy all of it, "
            "or leave out “is” to see the passage that has this number now."
        )
        raise InvalidRequestError([FieldProblem("/is", detail)], hint=hint)
    return Fingerprint(int(found[1]), found[2], found[3] or "")


def read_claims(text: str, *, name: str) -> list[Claim]:
    """The claims of all citations in a JSON text: answers, cited passages, citations, lists of them, one or more.

    A citation that is there twice, such as the first of an outline, is taken once.

    Raises:
        CitationsError: if the text is not JSON, or has something else in it.
    """
    found: dict[Claim, None] = {}
    for value in _values(text, name):
        for pointer, citation in _citations(value, "", name):
            try:
                found[CitationClaim.model_validate_json(json.dumps(citation)).claim()] = None
            except ValidationError as error:
                [problem, *_] = field_problems(error, _FORM)
                raise CitationsError(name, reason=f"{pointer}{problem.pointer} {problem.detail}") from None
    return list(found)


_SPACE = re.compile(r"\s*")


def _values(text: str, name: str) -> Iterator[Any]:
    """The values of a text in JSON, of which there may be several: one a line, or one behind the other."""
    decoder = json.JSONDecoder()
    at = _end_of_space(text, 0)
    if at == len(text):
        raise CitationsError(name, reason="it is empty")
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise CitationsError(name, reason=f"line {error.lineno} is not JSON ({error.msg})") from None
        except RecursionError:
            raise CitationsError(name, reason="its JSON is nested too deeply") from None
        yield value
        at = _end_of_space(text, at)


def _end_of_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _citations(value: Any, pointer: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every citation in a value, with where it stands, as a JSON Pointer."""
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from _citations(each, f"{pointer}/{number}", name)
    elif isinstance(value, dict) and "quote" in value:
        yield pointer, value
    elif isinstance(value, dict) and any(part in value for part in _PARTS):
        for part in _PARTS:
            if value.get(part) is not None:
                yield from _citations(value[part], f"{pointer}/{part}", name)
    else:
        raise CitationsError(name, reason=f"{pointer or 'it'} is not an answer, a cited passage or a citation")


_PARTS = ("citation", "citations", "outline", "alternatives")
