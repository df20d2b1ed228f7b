"""E-mail (`.eml`, RFC 5322) to a Document: the text of a message under its subject, with its sender and date.

Of a message in several forms the plain text is read, else the page of HTML; of one in several parts all that are text,
one after the other. Attachments are not opened; how many there are is noted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage, Message
from email.policy import default

from lxml import etree

from qa.errors import DamagedSourceError
from qa.model import Document
from qa.readers.formats.about import written
from qa.readers.formats.html import HtmlWriter, parsed_html
from qa.readers.formats.writing import About, PlainText, SourceFile, without_invisible

__all__ = ["read_eml"]

_TEXTS = frozenset({"text/plain", "text/html"})
_FEWEST_WORDS, _MORE = 20, 3  # of a plain form, and how many times as many its page may have
_TAG = re.compile(r"<(?:style|script)\b.*?</(?:style|script)>|<[^<>]{0,2000}>", re.DOTALL | re.IGNORECASE)
_SOFT = re.compile(r"(?<!\n--) \n(?![>\n]|-- ?\n)")  # the end of a line that goes on (RFC 3676)
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
    bodies = list(_bodies(message))
    text = _written(bodies, title, file)
    others = [part for part in _parts(message) if not any(part is body for body in bodies)]
    forms = [part for part in others if _is_form(part)]  # others of what was read
    pictures = [
        part
        for part in others
        if part.get_content_maintype() == "image" and part.get_content_disposition() != "attachment"
    ]
    file.leave_out(len(others) - len(forms) - len(pictures), "attachment")
    file.leave_out(len(pictures), "picture", is_told=False)
    sender = _header(message, "From")
    about = About(title=title, authors=(sender,) if sender else (), updated=_day(message))
    return [text.document(file, about)]


def _parts(part: Message) -> Iterator[Message]:
    """The parts of a message that have no parts; a message within it is one."""
    parts = part.get_payload()
    if isinstance(parts, list) and part.get_content_type() != "message/rfc822":
        for each in parts:
            yield from _parts(each) if isinstance(each, Message) else ()
    else:
        yield part


def _is_form(part: Message) -> bool:
    return part.get_content_maintype() == "text" and part.get_content_disposition() is None


def _bodies(part: Message) -> Iterator[Message]:
    """The parts of a message that are its text: of several forms of the same the plain one, unless it says hardly
    anything beside the page."""
    kind = part.get_content_type()
    parts = part.get_payload()
    if isinstance(parts, list) and kind != "message/rfc822":
        inside = [each for each in parts if isinstance(each, Message)]
        if kind == "multipart/alternative":
            forms = [list(_bodies(each)) for each in inside]
            plain = next((form for form in forms if form and form[0].get_content_subtype() == "plain"), [])
            page = next((form for form in forms if form and form[0].get_content_subtype() == "html"), [])
            yield from page if not plain or (page and _says_little(plain, page)) else plain
        else:
            for each in inside[:1] if kind == "multipart/related" else inside:
                yield from _bodies(each)
    elif kind in _TEXTS and part.get_filename() is None and part.get_content_disposition() != "attachment":
        yield part


def _says_little(plain: Sequence[Message], page: Sequence[Message]) -> bool:
    """Whether the plain form of a message only says that there is another."""
    said = sum(len(_content(each).split()) for each in plain)
    return said < _FEWEST_WORDS and _MORE * said < sum(len(_TAG.sub(" ", _content(each)).split()) for each in page)


def _written(bodies: Sequence[Message], title: str, file: SourceFile) -> PlainText:
    """The text of the message under its subject."""
    page = HtmlWriter(etree.Element("body"), given_title=title)
    page.write_heading(1, title)
    for body in bodies:
        said = _content(body)
        if body.get_content_subtype() == "html":
            root = parsed_html(said, file.path)
            page.write_chapter(next(root.iter("body"), root))
            continue
        said = said.replace("\r\n", "\n")
        if str(body.get_param("format", "")).lower() == "flowed":
            said = _SOFT.sub(" ", said)
        for paragraph in _BLANK.split(without_invisible(said).strip()):
            page.write_block("paragraph", "\n".join(line.rstrip() for line in paragraph.strip().split("\n")))
    page.end_section()
    page.tell_what_is_left_out(file)
    return page


def _content(part: Message) -> str:
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
