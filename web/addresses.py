"""The addresses that a page links to. `static/addresses.js` writes the same addresses in the browser."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from flask import request
from werkzeug.urls import uri_to_iri

from qa.wire import AskRequest

__all__ = [
    "FILTERS",
    "again",
    "alone",
    "as_json",
    "everywhere",
    "exported",
    "in_quotes",
    "instead",
    "known_by",
    "literally",
    "readable",
    "reworded",
    "transcript",
    "whole",
    "whole_address",
]

_QUOTED = r'"[^"]*"|“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»'  # as the reading of a question has it
_UNESCAPED = "!~*'()"  # besides letters and digits, as JavaScript's encodeURIComponent has it


def literally(asked: AskRequest, written: str) -> str | None:
    """The address that asks the same, with `written` in double quotes. None if the question does not have it.

    >>> literally(AskRequest(question="Is myrrh myrrhic?"), "myrrhic")
    '/?q=Is%20myrrh%20%22myrrhic%22%3F#latest'
    """
    quoted = in_quotes(asked.question, written)
    return _address(quoted, history=asked.history, document=asked.document) if quoted else None


def again(asked: AskRequest) -> str:
    """The address that asks the same again, in its conversation.

    >>> again(AskRequest(question="And gulls?", history=("Do terns dive?",)))
    '/?history=Do%20terns%20dive%3F&q=And%20gulls%3F#latest'
    """
    return _address(asked.question, history=asked.history, document=asked.document)


def alone(asked: AskRequest) -> str:
    """The address that asks the same without the earlier questions.

    >>> alone(AskRequest(question="And gulls?", history=("Do terns dive?",)))
    '/?q=And%20gulls%3F#latest'
    """
    return _address(asked.question, document=asked.document)


def instead(asked: AskRequest, question: str) -> str:
    """The address that asks another question of the same documents, without the earlier ones.

    >>> instead(AskRequest(question="And gulls?", history=("Do terns dive?",), document=("birds",)), "Do auks?")
    '/?document=birds&q=Do%20auks%3F#latest'
    """
    return _address(question, document=asked.document)


def everywhere(asked: AskRequest) -> str | None:
    """The address that asks the same of all documents. None if all are asked already.

    >>> everywhere(AskRequest(question="And gulls?", history=("Do terns dive?",), document=("terns",)))
    '/?history=Do%20terns%20dive%3F&q=And%20gulls%3F#latest'
    """
    return _address(asked.question, history=asked.history, document=()) if asked.document else None


def reworded(asked: AskRequest, question: str) -> str:
    """The address that asks another question in the same conversation.

    >>> reworded(AskRequest(question="And gulls?", history=("Do terns dive?",)), "Gulls")
    '/?history=Do%20terns%20dive%3F&q=Gulls#latest'
    """
    return _address(question, history=asked.history, document=asked.document)


def transcript(asked: AskRequest, suffix: str) -> str:
    """The address of the conversation that led to a question, as a file.

    >>> transcript(AskRequest(question="And gulls?", history=("Do terns dive?",)), "md")
    '/conversation.md?history=Do%20terns%20dive%3F&q=And%20gulls%3F'
    """
    return f"/conversation.{suffix}?{_query(asked.question, history=asked.history, document=asked.document)}"


def as_json(asked: AskRequest) -> str:
    """The address of the same answer as JSON.

    >>> as_json(AskRequest(question="Do gulls?", document=("birds", "fish")))
    '/ask?document=birds&document=fish&q=Do%20gulls%3F'
    """
    return f"/ask?{_query(asked.question, history=asked.history, document=asked.document)}"


def exported(permalink: str, suffix: str, style: str | None = None) -> str:
    """The address of a citation's file, from the permanent link to its words.

    >>> exported("/passages/birds-00001?document=birds&is=9-0123456789abcdef", ".ris")
    '/passages/birds-00001.ris?document=birds&is=9-0123456789abcdef'
    """
    path, _, query = permalink.partition("?")
    return f"{path}{suffix}?{query}{f'&style={style}' if style else ''}"


def known_by(permalink: str) -> str:
    """The fingerprint of the words in the permanent link to them.

    >>> known_by("/passages/birds-00001?document=birds&is=9-0123456789abcdef")
    '9-0123456789abcdef'
    """
    return parse_qs(urlsplit(permalink).query).get("is", [""])[0]


def in_quotes(question: str, written: str) -> str | None:
    """The question with the first `written` outside quotation marks put into them. None if there is none.

    >>> in_quotes('"tern" terns tern', "tern")
    '"tern" terns "tern"'
    """
    found = re.finditer(rf"{_QUOTED}|(?<!\w)(?P<written>{re.escape(written)})(?!\w)", question)
    for match in found:
        if match["written"]:
            return f'{question[: match.start()]}"{written}"{question[match.end() :]}'
    return None


def _address(question: str, *, history: Sequence[str] = (), document: Sequence[str]) -> str:
    """The address of the page that asks a question, in the characters that `static/addresses.js` writes it with."""
    return f"/?{_query(question, history=history, document=document)}#latest"


def _query(question: str, *, history: Sequence[str], document: Sequence[str]) -> str:
    fields = [*(("document", each) for each in document), *(("history", each) for each in history), ("q", question)]
    return urlencode(fields, quote_via=quote, safe=_UNESCAPED)


def whole(path: str) -> str:
    """A path with the host that this request was sent to, for paper and files."""
    return request.host_url.rstrip("/") + path


def whole_address(asked: AskRequest) -> str:
    """The whole address of the page that asks a question, as people read it: only what has a meaning in an address is
    written otherwise than it is."""
    fields = [("document", each) for each in asked.document]
    fields += [*(("history", each) for each in asked.history), ("q", asked.question)]
    return whole("/?" + "&".join(f"{name}={_in_words(value)}" for name, value in fields))


def _in_words(value: str) -> str:
    """A value of an address.

    >>> _in_words("Does 5 % of café + tea help?")
    'Does+5+%25+of+café+%2B+tea+help?'
    """
    return re.sub(r"[%&#+\"<>\x00-\x1f\x7f]", lambda found: quote(found[0]), value).replace(" ", "+")


def readable(url: str) -> str:
    """An address as people read it, which still leads there.

    >>> readable("https://example.org/caf%C3%A9?q=a%20b")
    'https://example.org/café?q=a%20b'
    """
    return uri_to_iri(url)


FILTERS = {
    "literally": literally,
    "again": again,
    "alone": alone,
    "instead": instead,
    "everywhere": everywhere,
    "readable": readable,
    "reworded": reworded,
    "as_json": as_json,
    "transcript": transcript,
    "exported": exported,
    "known_by": known_by,
    "whole": whole,
    "whole_address": whole_address,
}
"""The filters of the templates for requests and paths."""
