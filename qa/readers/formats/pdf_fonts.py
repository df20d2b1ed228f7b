"""A stand-in for the fonts that a PDF names and does not hold, so that their text is read on every machine alike.

PDFium leaves out text that has no width on the page. Without a font for it, that is all Chinese, Japanese and Korean
text in the fonts that readers of PDF are to have, such as `Ryumin-Light` and `STSong-Light`. Which fonts a machine has
is never asked: the text of a file does not depend on it. Latin text is measured by the fonts that PDFium brings along.
"""

from __future__ import annotations

import ctypes
import struct
from functools import cache
from typing import Any

import pypdfium2.raw as pdfium

__all__ = ["use_stand_in"]

_ASIAN = frozenset(
    {
        pdfium.FXFONT_SHIFTJIS_CHARSET,
        pdfium.FXFONT_HANGEUL_CHARSET,
        pdfium.FXFONT_GB2312_CHARSET,
        pdfium.FXFONT_CHINESEBIG5_CHARSET,
    }
)
_VERSION = 1  # of the interface
_FONT = 1  # what PDFium calls the stand-in by
_NAME = b"Box\0"
_EM, _ABOVE, _BELOW = 1000, 880, -120  # units of the font: of a square letter, and how far it reaches
_CODES = ((0x20, 0xD7FF), (0xE000, 0x10FFFF))


@cache
def use_stand_in() -> object:
    """Have PDFium use the stand-in from now on. What is given is what PDFium keeps using, which the cache keeps too."""
    kinds = dict(pdfium.FPDF_SYSFONTINFO._fields_)
    font = _square_font()

    # What each is called with is PDFium's: first what is set here, then the font, or what is asked of it.
    def map_font(*wanted: Any) -> int | None:
        charset = wanted[3]
        return _FONT if charset in _ASIAN else None

    def font_data(*asked: Any) -> int:
        _, _, table, buffer, size = asked
        return 0 if table else _given(font, buffer, size)  # a table is asked for of collections of fonts alone

    def face_name(*asked: Any) -> int:
        _, _, buffer, size = asked
        return _given(_NAME, buffer, size)

    def nothing(*_: Any) -> None:
        return None

    info = pdfium.FPDF_SYSFONTINFO(
        version=_VERSION,
        MapFont=kinds["MapFont"](map_font),
        GetFontData=kinds["GetFontData"](font_data),
        GetFaceName=kinds["GetFaceName"](face_name),
        GetFontCharset=kinds["GetFontCharset"](lambda *_: pdfium.FXFONT_DEFAULT_CHARSET),
        **{name: kinds[name](nothing) for name in ("Release", "EnumFonts", "GetFont", "DeleteFont")},
    )
    pdfium.FPDF_SetSystemFontInfo(ctypes.byref(info))
    return info


def _given(data: bytes, buffer: int | None, size: int) -> int:
    """Put what is asked for where it is wanted, if there is room, and give how long it is."""
    if buffer and size >= len(data):
        ctypes.memmove(buffer, data, len(data))
    return len(data)


def _square_font() -> bytes:
    """A TrueType font in which every letter is the same square.

    Source: the tables of OpenType 1.9; the last kind of `cmap`, 13, has one glyph for a range of letters.
    """
    corners = ((0, _BELOW), (_EM, 0), (0, _EM), (-_EM, 0))  # each from the one before
    glyph = struct.pack(">5hHH", 1, 0, _BELOW, _EM, _ABOVE, len(corners) - 1, 0) + bytes([1] * len(corners))
    glyph += b"".join(struct.pack(">h", x) for x, _ in corners) + b"".join(struct.pack(">h", y) for _, y in corners)
    glyph += bytes(-len(glyph) % 4)
    groups = b"".join(struct.pack(">3L", first, last, 1) for first, last in _CODES)
    ranges = struct.pack(">2H3L", 13, 0, 16 + len(groups), 0, len(_CODES)) + groups
    tables = {
        b"cmap": struct.pack(">4HL", 0, 1, 3, 10, 12) + ranges,
        b"glyf": glyph,
        b"head": struct.pack(
            ">2H3L2HqqHHHHHHhhh",
            1,
            0,
            1 << 16,
            0,
            0x5F0F3CF5,
            0,
            _EM,
            0,
            0,
            0,
            _BELOW & 0xFFFF,
            _EM,
            _ABOVE,
            0,
            8,
            2,
            1,
            0,
        ),
        b"hhea": struct.pack(">2H3hH11hH", 1, 0, _ABOVE, _BELOW, 0, _EM, *(0,) * 11, 2),
        b"hmtx": struct.pack(">HhHh", _EM, 0, _EM, 0),
        b"loca": struct.pack(">3L", 0, 0, len(glyph)),
        b"maxp": struct.pack(">L14H", 1 << 16, 2, len(corners), 1, 0, 0, 1, *(0,) * 8),
    }
    start = 12 + 16 * len(tables)
    directory, body = struct.pack(">L4H", 1 << 16, len(tables), 64, 2, 16 * len(tables) - 64), b""
    for name, table in tables.items():
        directory += struct.pack(">4s3L", name, 0, start + len(body), len(table))
        body += table + bytes(-len(table) % 4)
    return directory + body
