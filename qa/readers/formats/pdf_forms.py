"""What people filled into the forms of a PDF, or wrote, stamped or signed on its pages."""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium

__all__ = ["Placed", "filled", "with_stamps_alone"]

_MOST = 5000  # notes and fields of a page
_MOST_LINES = 20  # of a list of which all are read
_LONGEST = 20_000  # UTF-16 units of a value
_BOXES = frozenset({pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON})
_CHOICES = frozenset({pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX})
_VALUES = frozenset({pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX})


class Placed(NamedTuple):
    """A text and the edges of its place on a page, in points upwards and to the right of the page's origin."""

    text: str
    left: float
    bottom: float
    right: float
    top: float


def filled(pdf: pypdfium2.PdfDocument, page: pdfium.FPDF_PAGE, others: Counter[str]) -> Iterator[Placed]:
    """The values of the fields of a page's forms, with ☒ or ☐ for a box that is ticked or not, as before each line of a
    short list that is chosen or not, and text written on it.
    `others` counts what is not read: comments, lines of lists that are not chosen, and parts that are struck out, which
    still are; and stamps and signatures, which `with_stamps_alone` shows."""
    form = pdf.formenv
    known: set[Placed] = set()  # a field may be there several times in one place
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST)):
        note = pdfium.FPDFPage_GetAnnot(page, index)
        if not note:
            continue
        try:
            kind = pdfium.FPDFAnnot_GetSubtype(note)
            if kind == pdfium.FPDF_ANNOT_LINK:
                continue
            if _is_stamp(form, note):
                others["stamps"] += 1
            elif kind == pdfium.FPDF_ANNOT_STRIKEOUT:
                others["struck out"] += 1
            elif kind == pdfium.FPDF_ANNOT_TEXT:
                others["comments"] += bool(_said(note, b"Contents"))
            elif kind == pdfium.FPDF_ANNOT_FREETEXT or (kind == pdfium.FPDF_ANNOT_WIDGET and form):
                text = _said(note, b"Contents") if kind == pdfium.FPDF_ANNOT_FREETEXT else _value(form, note, others)
                box = pdfium.FS_RECTF()
                if text.strip() and pdfium.FPDFAnnot_GetRect(note, box):
                    placed = Placed(text, box.left, min(box.bottom, box.top), box.right, max(box.bottom, box.top))
                    if placed not in known:
                        known.add(placed)
                        yield placed
        finally:
            pdfium.FPDFPage_CloseAnnot(note)


def with_stamps_alone(pdf: pypdfium2.PdfDocument, page: pdfium.FPDF_PAGE) -> bool:
    """Make the stamps and signatures of a page a part of it, behind all else, and remove what else lies upon it. What
    is there is to be read before; the page is to be opened anew. Whether there are any."""
    for index in reversed(range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST))):
        note = pdfium.FPDFPage_GetAnnot(page, index)
        is_stamp = bool(note) and _is_stamp(pdf.formenv, note)
        if note:
            pdfium.FPDFPage_CloseAnnot(note)
        if not is_stamp:
            pdfium.FPDFPage_RemoveAnnot(page, index)
    return bool(pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_SUCCESS)


def _is_stamp(form: pdfium.FPDF_FORMHANDLE | None, note: pdfium.FPDF_ANNOTATION) -> bool:
    """Whether something on a page shows a text of its own that is in none of its fields: a stamp, or a signature."""
    kind = pdfium.FPDFAnnot_GetSubtype(note)
    if kind == pdfium.FPDF_ANNOT_STAMP:
        return True
    if kind != pdfium.FPDF_ANNOT_WIDGET or not form:
        return False
    return bool(pdfium.FPDFAnnot_GetFormFieldType(form, note) == pdfium.FPDF_FORMFIELD_SIGNATURE)


def _value(form: pdfium.FPDF_FORMHANDLE, note: pdfium.FPDF_ANNOTATION, others: Counter[str]) -> str:
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, note)
    if kind in _BOXES:
        return "☐" if _said(note, b"AS") in ("", "Off") else "☒"
    if kind not in _VALUES:
        return ""
    if kind in _CHOICES:
        count = min(max(pdfium.FPDFAnnot_GetOptionCount(form, note), 0), _MOST)
        chosen = [index for index in range(count) if pdfium.FPDFAnnot_IsOptionSelected(form, note, index)]
        if kind == pdfium.FPDF_FORMFIELD_LISTBOX:  # whose other lines are seen as well
            lines = [_text(partial(pdfium.FPDFAnnot_GetOptionLabel, form, note, index)) for index in range(count)]
            if any(lines) and count <= _MOST_LINES:
                return " ".join(f"{'☒' if index in chosen else '☐'} {line}" for index, line in enumerate(lines) if line)
            others["not chosen"] += count - len(chosen)
        labels = [_text(partial(pdfium.FPDFAnnot_GetOptionLabel, form, note, index)) for index in chosen]
        if any(labels):  # what is shown, and not what a form sends for it
            return ", ".join(filter(None, labels))
    return _text(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldValue(form, note, buffer, size))


def _said(note: pdfium.FPDF_ANNOTATION, key: bytes) -> str:
    return _text(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(note, key, buffer, size))


def _text(get: Callable[[object, int], int]) -> str:
    """A text as PDFium gives it: first its size in bytes, then itself, in UTF-16 with a zero at its end."""
    size = min(int(get(None, 0)), 2 * _LONGEST)
    if size <= 2:
        return ""
    units = (ctypes.c_ushort * (size // 2))()
    get(units, size)
    return bytes(units).decode("utf-16-le", "replace").rstrip("\0")
