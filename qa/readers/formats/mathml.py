"""Formulas in MathML as a line of text: `(140 − age)/72`, `10⁵`, `√x`."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from qa.readers.formats.archives import local_name
from qa.readers.formats.scripts import fraction, limits, lowered_to, raised_to, root

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


PARTS_OF_FORMULAS: dict[str, Callable[..., str]] = {
    "mfrac": _of(fraction, 2),
    "msup": _of(raised_to, 2),
    "msub": _of(lowered_to, 2),
    "msubsup": _of(limits, 3),
    "munder": _of(lowered_to, 2),
    "mover": _of(lambda base, _: base, 2),
    "munderover": _of(limits, 3),
    "mroot": _of(root, 2),
    "msqrt": lambda *parts: root("".join(parts)),
    "mtr": lambda *parts: " ".join(part.strip() for part in parts),
    "mtable": lambda *parts: "; ".join(parts),
}
"""How the parts of each kind of formula are written, by its name."""
