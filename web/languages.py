"""The language that a page is written in: the one its reader asks for, or the one of the setting.

Documents and questions stay in their own language, whatever that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from http import HTTPStatus
from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, g, has_request_context, redirect, request
from markupsafe import Markup

from qa.errors import FieldProblem, InvalidRequestError
from qa.wire import AskResponse
from web.answers import current_engine
from web.origins import refuse_other_sites
from web.texts.reading import ENGLISH, Forms, Texts, languages, load_texts

__all__ = ["FILTERS", "GLOBALS", "language_of", "language_pages", "name_language", "offered", "reader_texts"]

AUTO = "auto"  # the setting by which each reader gets their own
COOKIE = "pincite_language"  # what a reader chose
KEPT = 365 * 24 * 3600  # seconds
WRITTEN = frozenset({"text/html", "text/markdown"})  # what is said in a language, and not for programs

language_pages = Blueprint("languages", __name__)


def language_of(wanted: Iterable[tuple[str, float]], known: Sequence[str]) -> str:
    """The best of the languages that are known: for the wanted one of the greatest weight (0..1), or else the next. A
    tag's last parts are left out until it is known (RFC 4647, 3.4). English, or else the first, if none is.

    >>> language_of([("fr", 1.0), ("de-AT", 0.8), ("en", 0.5)], ("de", "en"))
    'de'
    """
    for tag, weight in sorted(wanted, key=lambda each: -each[1]):
        parts = tag.lower().replace("_", "-").split("-")
        while parts and weight > 0:
            if (found := "-".join(parts)) in known:
                return found
            parts.pop()
    return ENGLISH if ENGLISH in known else known[0]


def offered() -> tuple[str, ...]:
    """The languages that a reader can choose from: all, or the one of the setting."""
    fixed = current_engine().settings.language
    return languages() if fixed == AUTO else (fixed,)


def reader_texts() -> Texts:
    """The texts in the language of whoever sent this request: what they chose, or else what their browser asks for.
    Outside of a request they are English."""
    if not has_request_context():
        return load_texts()
    found: Texts | None = g.get("texts")
    if found is None:
        found = g.texts = load_texts(_language())
    return found


class ReaderTexts:
    """The same for templates, which are compiled once for all readers."""

    def __call__(self, key: str, /, **values: object) -> str:
        """A text, filled in."""
        return reader_texts()(key, **values)

    def html(self, key: str, /, **values: object) -> Markup:
        """A text as markup."""
        return reader_texts().html(key, **values)

    def forms(self, key: str) -> Forms:
        """The forms of a text."""
        return reader_texts().forms(key)

    @property
    def tables(self) -> Mapping[str, Mapping[str, str | Forms]]:
        """All texts, by their tables."""
        return reader_texts().tables

    @property
    def language(self) -> str:
        """The tag of the language."""
        return reader_texts().language


def _language() -> str:
    known, chosen = offered(), request.cookies.get(COOKIE)
    return chosen if chosen in known else language_of(request.accept_languages, known)


@language_pages.post("/language")
def choose() -> Response:
    """Keep the language that a reader chose in their browser, and show them the page again that they chose it on."""
    refuse_other_sites("choose a language")
    chosen, known = request.form.get("language"), offered()
    if chosen not in known:
        raise InvalidRequestError([FieldProblem("/language", f"must be one of {', '.join(known)}")])
    response = cast("Response", redirect(_came_from(), HTTPStatus.SEE_OTHER))
    if chosen == language_of(request.accept_languages, known):
        response.delete_cookie(COOKIE)
    else:
        response.set_cookie(COOKIE, chosen, max_age=KEPT, secure=request.is_secure, httponly=True, samesite="Lax")
    return response


def _came_from() -> str:
    """The path of the page of this service that led here; the chat page if none did."""
    page = urlsplit(request.referrer or "")
    adapter = current_app.create_url_adapter(request)
    is_own = page.netloc == request.host and not page.path.startswith("//")
    if not is_own or adapter is None or not adapter.test(page.path, method="GET"):
        return "/"
    return f"{page.path}?{page.query}" if page.query else page.path


def name_language(response: Response) -> Response:
    """Say which language a page or a file for people is in, and what that depends on (RFC 9110, 8.5 and 12.5.5)."""
    if response.mimetype in WRITTEN:
        response.headers.setdefault("Content-Language", reader_texts().language)
        if len(offered()) > 1:
            response.vary.update(["Accept-Language", "Cookie"])
    return response


def source_lang() -> Markup:
    """The attribute of an element that is in the language of the documents, where its page is in another."""
    return Markup("" if reader_texts().language == ENGLISH else f' lang="{ENGLISH}"')  # noqa: S704 - a constant


def page_lang() -> Markup:
    """The attribute that turns back to the language of the page inside of such an element."""
    language = reader_texts().language
    return Markup("" if language == ENGLISH else f' lang="{language}"')  # noqa: S704 - the name of a file of ours


def long_date(day: date) -> str:
    """A day as people write it, in the reader's language.

    >>> long_date(date(2021, 5, 11))
    'May 11, 2021'
    """
    return reader_texts().date(day)


def milliseconds(took: float) -> str:
    """A time in milliseconds, with no more digits than say something.

    >>> milliseconds(0.123), milliseconds(1234.5)
    ('0.1', '1,234')
    """
    return reader_texts().number(round(took, 1) if took < 10 else round(took))


def why(answer: AskResponse) -> str:
    """Why nothing is found, or what a possible answer lacks, in the reader's language."""
    return reader_texts().reason(answer.reason_code, answer.reason_words)


FILTERS = {"long_date": long_date, "milliseconds": milliseconds, "why": why}
"""The filters of the templates for what each language writes in its own way."""


GLOBALS = {
    "languages": offered,
    "page_lang": page_lang,
    "source_lang": source_lang,
    "text": ReaderTexts(),
    "texts_of": load_texts,
}
"""What the templates ask of languages."""
