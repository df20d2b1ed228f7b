"""The list of documents: what may be asked of it, and what is sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qa.errors import FieldProblem, InvalidRequestError
from qa.limits import MAX_QUESTION, character_problem
from qa.model import DocumentEntry, DocumentFilter, Listing
from qa.wire.bodies import document_href
from qa.wire.requests import DATE, PLAIN, SPACES, Form, Told, few_words, field_problems

__all__ = ["MAX_LISTED", "DocumentEntryBody", "DocumentsBody", "DocumentsRequest", "documents_body", "entry_body"]

MAX_LISTED = 500  # documents of a page
_MAX_WORDS = 50  # of a title or a publisher: each is looked for in every document

_Words = Annotated[str, Field(max_length=MAX_QUESTION), Told(PLAIN)]
_FewWords = Annotated[str, Field(max_length=MAX_QUESTION), Told(few_words(_MAX_WORDS))]
_Id = Annotated[str, Told(PLAIN)]
_Date = Annotated[str, Field(pattern=DATE), Told(f"^{SPACES}{DATE[1:-1]}{SPACES}$")]


class DocumentsRequest(BaseModel):
    """Which documents are to be listed. What is empty asks nothing of them."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    q: _Words = Field(default="", description="Words to look for in their passages. The best documents come first.")
    title: _FewWords = Field(default="", description="Words, or parts of words, of their titles.")
    publisher: _FewWords = Field(default="", description="Their publisher, or words of it.")
    format: _Words = Field(default="", description="The ending of their files, such as pdf.")
    from_: _Date = Field(default="", alias="from", description="The first date: a year, a month or a day.")
    to: _Date = Field(default="", description="The last date.")
    after: _Id = Field(default="", description="The id of the document behind which the page begins.")
    before: _Id = Field(default="", description="The id of the document before which the page ends.")
    limit: int = Field(default=50, ge=0, le=MAX_LISTED, description="The number of documents of a page.")

    @classmethod
    def from_arguments(cls, given: Mapping[str, str]) -> Self:
        """Read the parameters of an address. Blank ones count as left out, but for a number.

        Raises:
            InvalidRequestError: for values that are not of this form.
        """
        texts = {name: value.strip() for name, value in given.items()}
        values: dict[str, object] = {name: text for name, text in texts.items() if text or name not in _FORM.known}
        limit = given.get("limit")
        if limit is not None:
            values["limit"] = int(limit[:9]) if limit.isascii() and limit.isdigit() else limit
        try:
            asked = cls.model_validate(values)
        except ValidationError as error:
            raise InvalidRequestError(field_problems(error, _FORM), hint=HINT) from None
        found = [
            FieldProblem(f"/{name}", detail) for name, text in given.items() if (detail := character_problem(text))
        ]
        found += [
            FieldProblem(f"/{name}", f"must have at most {_MAX_WORDS} words")
            for name, words in (("title", asked.title), ("publisher", asked.publisher))
            if len(words.split()) > _MAX_WORDS
        ]
        if asked.after and asked.before:
            found.append(FieldProblem("/before", "cannot be given together with `after`"))
        if found:
            raise InvalidRequestError(found, hint=HINT)
        return asked

    def wanted(self, publishers: Collection[str]) -> DocumentFilter:
        """The documents that it asks for. `publishers` are known by their whole name, others by words of it."""
        is_known = self.publisher in publishers
        return DocumentFilter(
            words=self.q,
            title=self.title,
            publisher=self.publisher if is_known else "",
            publisher_words="" if is_known else self.publisher,
            format=self.format.lower(),
            since=self.from_,
            until=self.to,
        )

    @property
    def filters(self) -> dict[str, str]:
        """The parameters that say which documents are wanted, apart from empty ones."""
        given = self.model_dump(by_alias=True, include={"q", "title", "publisher", "format", "from_", "to"})
        return {name: value for name, value in given.items() if value}


HINT = "web/README.md describes the list of documents."

_FORM = Form(
    example="", known=tuple(each.alias or name for name, each in DocumentsRequest.model_fields.items()), most=MAX_LISTED
)


class DocumentEntryBody(BaseModel):
    """A document of the list. `format` is the ending of its file; `href` leads to its page."""

    model_config = ConfigDict(frozen=True)

    id: str
    title: str
    publisher: str | None
    updated: date | None
    format: str | None
    passages: int
    href: str


class DocumentsBody(BaseModel):
    """A page of the list of documents, and the number of documents on all its pages.

    `previous` and `next` are the paths of the pages before and behind it; null where there is none.
    """

    model_config = ConfigDict(frozen=True)

    documents: tuple[DocumentEntryBody, ...]
    total: int
    previous: str | None
    next: str | None


def documents_body(listing: Listing, *, previous: str | None, following: str | None) -> DocumentsBody:
    """The wire form of a page of the list, given the paths of the pages before and behind it."""
    return DocumentsBody(
        documents=tuple(map(entry_body, listing.entries)), total=listing.total, previous=previous, next=following
    )


def entry_body(entry: DocumentEntry) -> DocumentEntryBody:
    """The wire form of a document of the list."""
    return DocumentEntryBody(
        id=entry.id,
        title=entry.title,
        publisher=entry.publisher,
        updated=entry.updated,
        format=entry.format or None,
        passages=entry.passage_count,
        href=document_href(entry.id),
    )
