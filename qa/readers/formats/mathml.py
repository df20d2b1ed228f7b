"""Formulas in MathML as a line of text: `(140 − age)/72`, `10⁵`, `√x`."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from qa.readers.formats.archives import local_name
from qa.readers.formats.scripts import accented, fraction, limits, lowered_to, raised_to, root

__all__ = ["PARTS_OF_FORMULAS", "formula"]

_NOT_SEEN = frozenset({"annotation", "annotation-xml"})


def formula(element: etree._Element) -> str:
    """A formula, or a part of one, in a line, whatever its namespace."""
    name = local_name(element)
    if name in _NOT_SEEN:
        return ""
    parts = [formula(each) for each in element if isinstance(each.tag, str)]
    if name in PARTS_OF_FORMULAS:
        return PARTS_OF_FORMULAS[name](*parts)
    return f"{' '.join((element.text or '').split())}{''.join(parts)}"


def _of(write: Callable[..., str], count: int) -> Callable[..., str]:
    """How the parts of a formula are written where there are as many as it should have; else one after the other."""
    return lambda *parts: write(*parts) if len(parts) == count else "".join(parts)


_MARKS = {
    **dict.fromkeys("^ˆ\u0302", "\u0302"),
    **dict.fromkeys("¯‾ˉ_\u0304\u0305", "\u0304"),
    **dict.fromkeys("~˜∼\u0303", "\u0303"),
    **dict.fromkeys("→⃗\u20d7", "\u20d7"),
    **dict.fromkeys(".˙\u0307", "\u0307"),
    **dict.fromkeys("¨\u0308", "\u0308"),
}


def _with_mark(base: str, above: str) -> str:
    """A base with what stands over it: a mark such as a hat, or a word."""
    above = above.strip()
    return limits(base, "", above) if above.isalnum() else accented(base, _MARKS.get(above, ""))


PARTS_OF_FORMULAS: dict[str, Callable[..., str]] = {
    "mfrac": _of(fraction, 2),
    "msup": _of(raised_to, 2),
    "msub": _of(lowered_to, 2),
    "msubsup": _of(limits, 3),
    "munder": _of(lowered_to, 2),
    "mover": _of(_with_mark, 2),
    "munderover": _of(limits, 3),
    "mroot": _of(root, 2),
    "msqrt": lambda *parts: root("".join(parts)),
    "mtr": lambda *parts: " ".join(part.strip() for part in parts),
    "mtable": lambda *parts: "; ".join(parts),
}
"""How the parts of each kind of formula are written, by its name."""
