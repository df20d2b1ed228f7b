"""Bytes to text: Unicode where it says so or proves so, else detected, never guessed in silence."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from qa.errors import NotTextError

__all__ = ["decode"]

_MARKS = (  # the longer first: UTF-32's mark begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")
_NOT_IN_WINDOWS_1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_CONTROLS = bytes([*range(0x09), *range(0x0E, 0x20), 0x7F])  # the same in UTF-8
_FEW_MARKS = 0.03  # share of bytes beyond ASCII below which a text is English with a few signs such as ’ and °
_AS_COHERENT = 0.02  # by which text in Windows-1252 may seem less like a language (0..1) than in the best encoding
_MOST_CONTROLS = 0.002  # share of control characters above which a file is no text


def decode(data: bytes, path: Path) -> str:
    """The text of a file, with line ends as `\\n` and without a byte order mark.

    Raises:
        NotTextError: for binary data, for bytes that break the encoding that their mark promises, and where no
            encoding fits.
    """
    text = _decode(data, path)
    encoded = text.encode("utf-8", "surrogatepass")
    controls = len(encoded) - len(encoded.translate(None, delete=_CONTROLS))
    if "\0" in text or controls > _MOST_CONTROLS * len(text):
        raise NotTextError(path, reason="it holds control characters, as a binary file does")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _decode(data: bytes, path: Path) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding)
            except UnicodeDecodeError as error:
                broken = len(mark) + error.start
                raise NotTextError(path, reason=f"it begins as {encoding} but byte {broken} breaks it") from None
    encoding = _encoding_without_mark(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return _detected(data, path)


def _detected(data: bytes, path: Path) -> str:
    """The text in the encoding that fits best; Windows-1252, the commonest, wherever it fits about as well."""
    if b"\0" in data:
        raise NotTextError(path, reason="its bytes fit no known encoding")
    as_utf8 = data.decode("utf-8", "replace")
    broken = as_utf8.count("\ufffd")
    if 2 * broken <= len(_BEYOND_ASCII.findall(as_utf8)):
        raise NotTextError(path, reason=f"it is in UTF-8 but {broken} of its bytes break it")
    if len(_HIGH_BYTE.findall(data)) <= _FEW_MARKS * len(data) and not _NOT_IN_WINDOWS_1252.search(data):
        return data.decode("cp1252")
    from charset_normalizer import from_bytes

    matches = from_bytes(data)
    best = matches.best()
    if best is None:
        raise NotTextError(path, reason="its bytes fit no known encoding")
    western = next((match for match in matches if "cp1252" in match.could_be_from_charset), best)
    return str(western if western.coherence >= best.coherence - _AS_COHERENT else best)


def _encoding_without_mark(data: bytes) -> str:
    """UTF-16 shows itself by zeros in every other byte, as Latin letters have them."""
    if 0 not in data:
        return "utf-8"
    half = max(len(data) // 2, 1)
    if data[1::2].count(0) > 0.4 * half:
        return "utf-16-le"
    if data[0::2].count(0) > 0.4 * half:
        return "utf-16-be"
    return "utf-8"
