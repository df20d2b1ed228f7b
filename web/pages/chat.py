"""The pages: the chat and the document."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Literal, NamedTuple, get_args
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from qa.errors import InvalidRequestError
from qa.model import Document, Followed, LinkNote, Passage, Span
from qa.wire import MAX_QUESTION, AskRequest, block_bodies, document_href, read_fingerprint
from web.answers import REMEMBERED, answer_to, conversation, current_engine, documents_in_address, linked_passage
from web.pages.drawing import Drawn, Link, drawn

__all__ = ["Entry", "Place", "Slice", "around", "contents", "pages", "places_of", "slices"]

LISTED = 30  # documents on the first page, which leads to the list of all

LONG = 200_000  # characters of a text of which the browser draws only what is in sight
MOST_FOUND = 200  # places of the words looked for in a document
CONTEXT = 40  # characters before and behind such a place

_MARK = re.compile(r"(?P<start>\d{1,12})-(?P<end>\d{1,12})")

pages = Blueprint("pages", __name__)


@pages.get("/")
def chat() -> str:
    """The chat page. An address with a question has the whole conversation before it."""
    engine = current_engine()
    question, document_ids = request.args.get("q"), documents_in_address()
    scope = engine.chosen(document_ids) if document_ids else []
    shared = {"scope": scope, "remembered": REMEMBERED}
    if question is None and scope:
        first = engine.passages(scope[0].id)[:1] if len(scope) == 1 else []
        subjects = engine.related(first[0].id, document=scope[0].id) if first else []
        return render_template("index.html", subjects=[each.text for each in subjects], **shared)
    if question is None:
        listing = engine.listing(limit=LISTED)
        return render_template(
            "index.html", documents=listing.entries, count=listing.total, examples=engine.examples(), **shared
        )
    asked = AskRequest.from_arguments(question, history=request.args.getlist("history"), document=document_ids)
    turns = [(each, answer_to(each)) for each in conversation(asked)]
    history = [*asked.history, question][-REMEMBERED:]
    best = turns[-1][1].passage
    related = engine.related(best.id, document=asked.document or None) if best else []
    return render_template("index.html", turns=turns, history=history, related=related, **shared)


@pages.get("/documents/<document_id>")
def document(document_id: str) -> str:
    """A whole document. `#` and a passage's id marks that passage; `?mark=` marks characters.

    With `is`, only words with that fingerprint are marked. `note` names a remark on the link that led here. `find` has
    words to look for in the text; `back` is the way to the answer that led here, if the browser does not tell it.
    """
    shown, passages = current_engine().document_with_passages(document_id)
    note, sought = request.args.get("note"), request.args.get("find", "").strip()[:MAX_QUESTION]
    found = places_of(sought, shown.text, start=_end_of_title(shown))
    mark = found[0] if found and "mark" not in request.args else _mark(shown)
    return render_template(
        "document.html",
        document=shown,
        slices=slices(shown, passages, mark),
        contents=contents(shown),
        is_long=len(shown.text) > LONG,
        sought=sought,
        found=[around(place, shown.text) for place in found],
        here=mark,
        most_found=MOST_FOUND,
        back=_back(),
        years_old=shown.years_old(datetime.now(UTC).date()),
        is_astray="mark" in request.args and mark is None,
        note=note if note in get_args(LinkNote) else None,
    )


@pages.get("/passages/<passage_id>")
def passage(passage_id: str) -> Response:
    """A redirect to a passage on the page of its document. With a fingerprint, to where its words are now.

    A link that was cut short leads to the passage with the id.
    """
    try:
        found = linked_passage(passage_id)
    except InvalidRequestError:
        found = Followed(current_engine().passage(passage_id), "cut")
    passage, note = found.cited.passage, f"?note={found.note}" if found.note else ""
    return redirect(f"{document_href(passage.document_id)}{note}#{passage.id}")


SliceKind = Literal["text", "heading", "passage"]


class Slice(NamedTuple):
    """A part of a document's text on its page. `id` is that of a passage or a heading. `level` is that of a heading,
    else 0."""

    kind: SliceKind
    blocks: tuple[Drawn, ...]
    id: str = ""
    level: int = 0

    @property
    def text(self) -> str:
        """Its text."""
        return "".join(block.text for block in self.blocks)

    @property
    def is_marked(self) -> bool:
        """Whether the address marks any of it."""
        return any(block.is_marked for block in self.blocks)


def slices(document: Document, passages: Iterable[Passage], mark: Span | None = None) -> list[Slice]:
    """The text cut into headings, passages and the text between; these are cut at markers and at the marked words.

    Joined again they are the whole text, each character once.
    """
    places: list[tuple[int, int, SliceKind, str, int]] = [
        (passage.start, passage.end, "passage", passage.id, 0) for passage in passages
    ]
    places += [
        (each.start, each.end, "heading", f"section-{number}", each.level)
        for number, each in enumerate(document.headings, 1)
    ]
    links = _links(document)

    def blocks(start: int, end: int, kind: SliceKind) -> tuple[Drawn, ...]:
        first = bisect_left(links, start, key=lambda link: link.start)
        behind = bisect_left(links, end, key=lambda link: link.start)
        within = [Link(a - start, b - start, href) for a, b, href in links[first:behind]]
        marks = [Span(mark.start - start, mark.end - start)] if mark and mark.start < end and start < mark.end else []
        parts = () if kind == "heading" else block_bodies(document, start, end)
        return tuple(drawn(document.text[start:end], parts, marks, within))

    cut: list[Slice] = []
    reached = 0
    for start, end, kind, passage_id, level in sorted(places):
        start = max(start, reached)
        if start >= end:
            continue
        if reached < start:
            cut.append(Slice("text", blocks(reached, start, "text")))
        cut.append(Slice(kind, blocks(start, end, kind), passage_id, level))
        reached = end
    if reached < len(document.text):
        cut.append(Slice("text", blocks(reached, len(document.text), "text")))
    return cut


def _links(document: Document) -> list[Link]:
    """The markers that point to an entry of the document's own bibliography, in order; the first of those at one place
    counts."""
    numbers = {reference.marker: number for number, reference in enumerate(document.references, start=1)}
    found: dict[int, Link] = {}
    for marker in document.markers:
        if marker.label in numbers:
            found.setdefault(marker.start, Link(marker.start, marker.end, f"#reference-{numbers[marker.label]}"))
    return list(found.values())


class Entry(NamedTuple):
    """A heading in the contents of a document: the `id` of its slice, its level, from 1, and its text."""

    id: str
    level: int
    text: str


def contents(document: Document) -> list[Entry]:
    """The headings of a document, but for a first one that is its title. Levels begin with 1."""
    headings = [
        Entry(f"section-{number}", each.level, " ".join(document.text[each.start : each.end].split()))
        for number, each in enumerate(document.headings, start=1)
    ]
    if headings and headings[0].text == document.title:
        del headings[0]
    outermost = min((each.level for each in headings), default=1)
    return [each._replace(level=each.level - outermost + 1) for each in headings if each.text]


def _end_of_title(document: Document) -> int:
    """Where a first heading ends that is the document's title, which its page shows above the text; else 0."""
    is_titled = document.headings and document.text[slice(0, document.headings[0].end)] == document.title
    return document.headings[0].end if is_titled else 0


def places_of(sought: str, text: str, *, start: int = 0) -> list[Span]:
    """Where words stand in a text from `start` on, in any case and with any space between them: at most `MOST_FOUND`.

    >>> places_of("tern nest", "A Tern  nest. Terns nest.")
    [Span(start=2, end=12)]
    """
    words = sought.split()
    if not words:
        return []
    pattern = re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE)
    return [Span(*each.span()) for each in islice(pattern.finditer(text, start), MOST_FOUND)]


class Place(NamedTuple):
    """A place in a text, with some words before and behind it."""

    span: Span
    before: str
    words: str
    behind: str


def around(span: Span, text: str) -> Place:
    """A place in a text with what stands around it; `…` is where that is cut.

    >>> around(Span(2, 6), "A tern dives.")
    Place(span=Span(start=2, end=6), before='A ', words='tern', behind=' dives.')
    """
    start, end = max(0, span.start - CONTEXT), span.end + CONTEXT
    before, behind = text[start : span.start], text[span.end : end]
    if start:
        before = f"… {before.partition(' ')[2]}"
    if end < len(text):
        behind = f"{behind.rpartition(' ')[0]} …"
    return Place(span, before, text[span.start : span.end], behind)


def _back() -> str | None:
    """The way back to the answer that led to the page of a document, if one did."""
    given = request.args.get("back")
    came_from = urlsplit(request.referrer or "")
    if given is None and came_from.netloc == request.host and came_from.path == "/":
        given = f"/?{came_from.query}"
    if given is None or not given.startswith("/?") or "q" not in parse_qs(given[2:]):
        return None
    return f"{given.partition('#')[0]}#latest"


def _mark(document: Document) -> Span | None:
    """What the address marks: `?mark=START-END`, characters of the text; None where it does not lie in the text, or
    where `is` names other words and these are not found near by."""
    found = _MARK.fullmatch(request.args.get("mark", ""))
    if not found:
        return None
    mark = Span(int(found["start"]), int(found["end"]))
    if "is" in request.args:
        try:
            return current_engine().marked(document, mark, read_fingerprint(request.args["is"]))
        except InvalidRequestError:
            return None
    return mark if mark.start < mark.end <= len(document.text) else None
