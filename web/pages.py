"""The pages: the chat and the document."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple, get_args
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from qa.errors import InvalidRequestError
from qa.model import Document, DocumentEntry, Followed, LinkNote, Passage, Span
from qa.wire import AskRequest, block_bodies, document_href, read_fingerprint
from web.answers import REMEMBERED, answer_to, conversation, current_engine, linked_passage
from web.drawing import Drawn, Link, drawn

__all__ = ["Slice", "pages", "slices"]

EXAMPLES = 3  # questions to start from
LISTED = 500  # documents on the first page; of a library with a million the page would never come

_MARK = re.compile(r"(?P<start>\d{1,12})-(?P<end>\d{1,12})")

pages = Blueprint("pages", __name__)


@pages.get("/")
def chat() -> str:
    """The chat page. An address with a question has the whole conversation before it."""
    engine = current_engine()
    question, document_id = request.args.get("q"), request.args.get("document") or None
    document = engine.document(document_id) if document_id is not None else None
    shared = {"document": document, "remembered": REMEMBERED}
    if question is None:
        documents = engine.contents(limit=LISTED)
        return render_template(
            "index.html", documents=documents, count=engine.document_count, examples=_examples(documents), **shared
        )
    asked = AskRequest.from_arguments(question, history=request.args.getlist("history"), document=document_id)
    turns = [(each, answer_to(each)) for each in conversation(asked)]
    history = [*asked.history, question][-REMEMBERED:]
    return render_template("index.html", turns=turns, history=history, **shared)


@pages.get("/documents/<document_id>")
def document(document_id: str) -> str:
    """A whole document. `#` and a passage's id marks that passage; `?mark=` marks characters.

    With `is`, only words with that fingerprint are marked. `note` names a remark on the link that led here.
    """
    shown, passages = current_engine().document_with_passages(document_id)
    mark, note = _mark(shown), request.args.get("note")
    return render_template(
        "document.html",
        document=shown,
        slices=slices(shown, passages, mark),
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


def _examples(documents: Sequence[DocumentEntry]) -> list[str]:
    """Questions that the library itself suggests: titles that are questions, else any titles, from all over it."""
    titles = list(dict.fromkeys(document.title for document in documents))
    titles = [title for title in titles if title.rstrip().endswith("?")] or titles
    return titles[:: max(1, len(titles) // EXAMPLES)][:EXAMPLES]


SliceKind = Literal["text", "heading", "passage"]


class Slice(NamedTuple):
    """A part of a document's text on its page. `id` is that of a passage. `level` is that of a heading, else 0."""

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
    places += [(each.start, each.end, "heading", "", each.level) for each in document.headings]
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


@pages.app_template_test()
def web_address(url: str | None) -> bool:
    """Whether a page may link to it: an HTTP address with a host.

    >>> web_address("https://example.org/a"), web_address("javascript:alert(1)"), web_address(None)
    (True, False, False)
    """
    try:
        parts = urlsplit(url or "")
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False
