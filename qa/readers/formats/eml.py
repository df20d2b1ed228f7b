"""E-mail (`.eml`, RFC 5322) to a Document: the text of a message under its subject, with its sender and date.

Of a message in several forms the plain text is read, else the page of HTML. Attachments are not opened; how many there
are is noted.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import default

from qa.errors import DamagedSourceError
from qa.model import Document
from qa.readers.formats.about import written
from qa.readers.formats.html import HtmlWriter, parsed_html
from qa.readers.formats.writing import About, PlainText, SourceFile, without_invisible

__all__ = ["read_eml"]

_BLANK = re.compile(r"\n[ \t]*\n\s*")


def read_eml(file: SourceFile) -> list[Document]:
    """The document that a message is.

    Raises:
        DamagedSourceError: for what is no message.
    """
    message = message_from_bytes(file.data, policy=default)
    if not isinstance(message, EmailMessage) or not message.keys():
        raise DamagedSourceError(file.path, kind="an e-mail", reason="it has no header")
    title = _header(message, "Subject") or file.name
    text = _written(message, title, file)
    file.leave_out(sum(1 for _ in message.iter_attachments()), "attachment")
    sender = _header(message, "From")
    about = About(title=title, authors=(sender,) if sender else (), updated=_day(message))
    return [text.document(file, about)]


def _written(message: EmailMessage, title: str, file: SourceFile) -> PlainText:
    """The text of the message under its subject."""
    body = message.get_body(preferencelist=("plain", "html"))
    said = _content(body) if body is not None else ""
    if body is not None and body.get_content_subtype() == "html":
        root = parsed_html(said, file.path)
        page = HtmlWriter(next(root.iter("body"), root), given_title=title)
        page.write_heading(1, title)
        page.write_all()
        page.tell_what_is_left_out(file)
        return page
    text = PlainText(title)
    text.write_heading(1, title)
    for paragraph in _BLANK.split(without_invisible(said.replace("\r\n", "\n")).strip()):
        text.write_block("paragraph", paragraph.strip())
    text.end_section()
    return text


def _content(part: object) -> str:
    try:
        content = part.get_content() if isinstance(part, EmailMessage) else ""
    except (LookupError, MessageError, ValueError):  # an encoding that is none
        raw = part.get_payload(decode=True) if isinstance(part, EmailMessage) else b""
        content = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""
    return content if isinstance(content, str) else ""


def _header(message: EmailMessage, name: str) -> str:
    try:
        return written(str(message.get(name) or ""))
    except (MessageError, ValueError, IndexError):  # a header that cannot be understood says nothing
        return ""


def _day(message: EmailMessage) -> date | None:
    try:
        found = getattr(message.get("Date"), "datetime", None)
    except (MessageError, ValueError, IndexError):
        return None
    return found.date() if isinstance(found, datetime) else None
