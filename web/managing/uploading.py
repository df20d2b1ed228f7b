"""Files of a form as they arrive: written to disk part by part, never held in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

from flask import request
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from web.managing.spooling import BODY_LOST

__all__ = ["MOST_FILES", "StorageFullError", "receive"]

MOST_FILES = 1000  # of a form
MULTIPART = "multipart/form-data"

_PART = 65_536  # bytes that are taken from the request at a time
_MOST_FIELDS = 10  # besides the files
_LONGEST_FIELD = 1000  # bytes
_LONGEST_BOUNDARY = 200  # characters; RFC 2046 allows 70
_MOST_HELD = 3 * _PART  # bytes that are not parted yet


class StorageFullError(HTTPException):
    """The system refuses to keep what was sent."""

    code = 507
    description = "There is no room for these files on the disk of the service. Nothing was changed."


class _Writer(Protocol):
    def write(self, part: bytes) -> None:
        """Take in a part of a file."""


class _Receiver(Protocol):
    def file(self, given: str) -> AbstractContextManager[_Writer]:
        """Take in a file with the name that its sender gives it."""


def receive(receiver: _Receiver) -> dict[str, str]:
    """Hand the files in the body of the current request to a receiver, one after the other. Returns the other fields.

    A file without a name is an empty place of the form, and is passed over.

    Raises:
        UnsupportedMediaType: for what is no form with files.
        BadRequest: for a form that ends too early, or is broken.
        RequestEntityTooLarge: for too many parts, or one whose head is too long.
        StorageFullError: where there was no room for the body.
    """
    if BODY_LOST in request.environ:
        raise StorageFullError
    boundary = request.mimetype_params.get("boundary", "")
    if request.mimetype != MULTIPART or not 0 < len(boundary) <= _LONGEST_BOUNDARY:
        raise UnsupportedMediaType(f"Send files as a form does, with the header Content-Type: {MULTIPART}.")
    fields: dict[str, str] = {}
    files = 0
    with ExitStack() as arriving:
        name, writer, field = "", None, b""
        for event in _events(boundary):
            if isinstance(event, File) and event.filename:
                files += 1
                if files > MOST_FILES:
                    raise RequestEntityTooLarge(
                        f"A form may have at most {MOST_FILES:,} files. Add the rest in another."
                    )
                name, writer = "", arriving.enter_context(receiver.file(event.filename))
            elif isinstance(event, Field):
                name, writer, field = event.name, None, b""
            elif isinstance(event, File):
                name, writer = "", None
            elif isinstance(event, Data):
                if writer is not None:
                    writer.write(event.data)
                elif name:
                    field += event.data
                    if len(field) > _LONGEST_FIELD:
                        raise RequestEntityTooLarge(f"A field may have at most {_LONGEST_FIELD:,} bytes.")
                if not event.more_data:
                    if name:
                        fields[name] = field.decode("utf-8", "replace")
                    arriving.close()
                    name, writer = "", None
    return fields


def _events(boundary: str) -> Iterator[Event]:
    """The parts of the form in the request's body, as they come."""
    decoder = MultipartDecoder(
        boundary.encode("latin-1", "replace"),
        max_form_memory_size=_MOST_HELD,
        max_parts=MOST_FILES + _MOST_FIELDS,
    )
    try:
        while True:
            part = request.stream.read(_PART)
            decoder.receive_data(part or None)
            event = decoder.next_event()
            while not isinstance(event, NeedData):
                if isinstance(event, Epilogue):
                    return
                yield event
                event = decoder.next_event()
    except ValueError:
        raise BadRequest("The form is broken, or ends too early. Nothing was changed; send it again.") from None
