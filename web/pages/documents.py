"""The list of the documents: as a page, and for programs."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from qa.errors import FieldProblem, InvalidRequestError
from qa.model import Listing
from qa.wire import DocumentsBody, DocumentsRequest, documents_body
from web.answers import current_engine, documents_in_address
from web.languages import reader_texts

__all__ = ["documents", "listed", "listing_asked"]

MOST_OFFERED = 200  # publishers to choose from; of more, one is typed

documents = Blueprint("documents", __name__)


@documents.get("/documents")
def documents_page() -> Response | str:
    """The list as a page. What is chosen stays so from page to page; `ask` leads to the page that asks it."""
    chosen = list(dict.fromkeys(documents_in_address()))
    if "ask" in request.args and chosen:
        return redirect(f"/?{urlencode([('document', each) for each in chosen])}")
    asked, listing = listing_asked("document", "ask")
    engine = current_engine()
    here = {entry.id for entry in listing.entries}
    publishers = engine.publishers
    return render_template(
        "documents.html",
        asked=asked,
        listing=listing,
        chosen_ids=chosen,
        chosen_elsewhere=[entry for entry in engine.chosen(chosen) if entry.id not in here] if chosen else [],
        publishers=publishers,
        offered=publishers if len(publishers) <= MOST_OFFERED else [],
        formats=engine.formats,
    )


def listed() -> DocumentsBody:
    """The part of the list that the address asks for."""
    asked, listing = listing_asked()

    def path(way: str, document_id: str | None) -> str | None:
        if document_id is None:
            return None
        return f"/documents.json?{urlencode({**asked.filters, 'limit': str(asked.limit), way: document_id})}"

    return documents_body(listing, previous=path("before", listing.previous), following=path("after", listing.next))


@documents.app_template_filter()
def format_name(ending: str) -> str:
    """The name of a format for people."""
    return str(reader_texts().tables["formats"].get(ending, ending.upper()))


def listing_asked(*others: str, file_words: str = "") -> tuple[DocumentsRequest, Listing]:
    """The request in the address, and the part of the list that it asks for. `others` are parameters that are none of
    the list; `file_words` are words of the paths of the files."""
    asked, engine = _asked(*others), current_engine()
    wanted = replace(asked.wanted(engine.publishers if asked.publisher else ()), file_words=file_words)
    return asked, engine.listing(wanted, limit=asked.limit, after=asked.after or None, before=asked.before or None)


def _asked(*others: str) -> DocumentsRequest:
    """The request in the address. `others` are parameters that are none of the list."""
    given = {name: values for name, values in request.args.lists() if name not in others}
    if repeated := [name for name, values in given.items() if len(values) > 1]:
        raise InvalidRequestError([FieldProblem(f"/{name}", "may be given only once") for name in repeated])
    return DocumentsRequest.from_arguments({name: value for name, [value] in given.items()})
