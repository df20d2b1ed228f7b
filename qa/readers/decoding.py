"""Bytes to text: Unicode where it says so or proves so, else detected, never guessed in silence."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from charset_normalizer import from_bytes

from qa.errors import NotTextError

__all__ = ["decode"]

_MARKS = (  # the longer first: UTF-32's mark begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_MOST_CONTROLS = 0.002  # share of control characters above which a file is no text


def decode(data: bytes, path: Path) -> str:
    """The text of a file, with line ends as `\\n` and without a byte order mark.

    Raises:
        NotTextError: for binary data, for bytes that break the encoding that their mark promises, and where no
            encoding fits.
    """
    text = _decode(data, path)
    if "\0" in text or len(_CONTROLS.findall(text)) > _MOST_CONTROLS * len(text):
        raise NotTextError(path, reason="it holds control characters, as a binary file does")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(data: bytes, path: Path) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as error:
                raise NotTextError(path, reason=f"it begins as {encoding} but byte {error.start} breaks it") from None
    encoding = _encoding_without_mark(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        best = None if b"\0" in data else from_bytes(data).best()
        if best is None:
            raise NotTextError(path, reason="its bytes fit no known encoding") from None
        return str(best)


def _encoding_without_mark(data: bytes) -> str:
    """UTF-16 shows itself by zeros in every other byte, as Latin letters have them."""
    half = max(len(data) // 2, 1)
    if data[1::2].count(0) > 0.4 * half:
        return "utf-16-le"
    if data[0::2].count(0) > 0.4 * half:
        return "utf-16-be"
    return "utf-8"
