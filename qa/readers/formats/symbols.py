"""Letters of the fonts Symbol and Wingdings as the Unicode characters that they show.

Word keeps them by their place in the font, 0x20 to 0xFE, or in the private area from U+F020 on. The tables follow the
fonts' published encodings (Adobe's Symbol, Microsoft's Wingdings), as far as the characters have a meaning.
"""

from __future__ import annotations

__all__ = ["UNKNOWN", "shown_by", "symbol"]

UNKNOWN = "\ufffd"
"""What stands for a letter that no table has."""

_PRIVATE = 0xF000

# By rows of sixteen, from 0x20 on; a dot on the line below is a full stop, a middle one nothing.
_SYMBOL_LOW = " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλµνοπθρστυϖωξψζ{|}∼"
_SYMBOL_HIGH = "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪·〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭"
_SYMBOL = {
    **{0x20 + place: letter for place, letter in enumerate(_SYMBOL_LOW)},
    **{0xA0 + place: letter for place, letter in enumerate(_SYMBOL_HIGH) if letter != "·"},
}
_WINGDINGS = {
    0x20: " ", 0x21: "✏", 0x22: "✂", 0x28: "☎", 0x2A: "✉", 0x36: "⌛", 0x3A: "🖥", 0x41: "✌", 0x43: "👍", 0x44: "👎",
    0x45: "☜", 0x46: "☞", 0x47: "☝", 0x48: "☟", 0x4A: "☺", 0x4B: "😐", 0x4C: "☹", 0x4D: "💣", 0x4E: "☠", 0x52: "☼",
    0x6C: "●", 0x6D: "❍", 0x6E: "■", 0x6F: "☐", 0x70: "☐", 0x71: "❑", 0x72: "❒", 0x73: "⬧", 0x74: "⧫", 0x75: "◆",
    0x76: "❖", 0x77: "⬥", 0x78: "☒", 0x9E: "·", 0x9F: "•", 0xA0: " ", 0xA1: "○", 0xA3: "○", 0xA4: "◉", 0xA5: "◎",
    0xA7: "▪", 0xA8: "☐", 0xAB: "★", 0xB2: "✧", 0xD8: "➢", 0xDC: "➲", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓",
    0xE7: "←", 0xE8: "→", 0xE9: "↑", 0xEA: "↓", 0xEF: "⇦", 0xF0: "⇨", 0xF1: "⇧", 0xF2: "⇩", 0xF3: "⇔", 0xFB: "✗",
    0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
}  # fmt: skip
_WINGDINGS_2 = {
    0x20: " ", 0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0x97: "●", 0x98: "●", 0xA2: "■",
    0xA3: "☐", 0xA4: "☐",
}  # fmt: skip
_WEBDINGS = {0x20: " ", 0x61: "✓", 0x63: "☐", 0x67: "■", 0x72: "✗", 0xA5: "☎"}
_FONTS = {"symbol": _SYMBOL, "wingdings": _WINGDINGS, "wingdings 2": _WINGDINGS_2, "webdings": _WEBDINGS}


def symbol(font: str, code: int) -> str:
    """The character that a font shows for a code, or `UNKNOWN`. A font that has no table shows Unicode.

    >>> symbol("Symbol", 0xF0B3), symbol("Symbol", 0x6D), symbol("Wingdings", 0xF0FE), symbol("Arial", 0x3BC)
    ('≥', 'µ', '☑', 'μ')
    """
    table = _FONTS.get(font.strip().lower())
    place = code - _PRIVATE if _PRIVATE <= code <= _PRIVATE + 0xFF else code
    if table is not None:
        return table.get(place, UNKNOWN)
    is_letter = 0x20 <= code < 0x110000 and not 0xD800 <= code < 0xF900
    return chr(code) if is_letter else UNKNOWN


def shown_by(font: str, text: str) -> str:
    """A text as its font shows it: its letters of the private area, which mean nothing outside of such a font.

    >>> shown_by("Symbol", "a \\uf0b3 b")
    'a ≥ b'
    """
    if text.isascii() or font.strip().lower() not in _FONTS:
        return text
    return "".join(symbol(font, ord(each)) if _PRIVATE <= ord(each) <= _PRIVATE + 0xFF else each for each in text)
