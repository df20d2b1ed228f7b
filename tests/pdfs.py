"""PDFs for the tests, made by reportlab: pages of text as papers, manuals and letters set it."""

from __future__ import annotations

import io
from collections.abc import Callable

from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = A4
BODY = (
    "The Arctic tern is a bird that breeds in the far north and spends the other half of its year at the edge of the "
    "southern ice. It sees more daylight than any other animal. A bird that weighs a hundred grams flies seventy "
    "thousand kilometres in a year, which has been measured with loggers on the legs of eleven birds."
)


def made(draw: Callable[[Canvas], None], *, password: str | None = None, title: str = "", author: str = "") -> bytes:
    """A PDF of what is drawn on its canvas."""
    file = io.BytesIO()
    lock = StandardEncryption(password) if password else None
    canvas = Canvas(file, pagesize=A4, encrypt=lock, invariant=1)
    canvas.setTitle(title)
    canvas.setAuthor(author)
    draw(canvas)
    canvas.save()
    return file.getvalue()


def wrapped(canvas: Canvas, text: str, width: float, *, size: float, font: str = "Helvetica") -> list[str]:
    """A text in lines that are no wider than that many points."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if canvas.stringWidth(longer, font, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def paragraph(
    canvas: Canvas, text: str, x: float, y: float, width: float, *, size: float = 10, font: str = "Helvetica"
) -> float:
    """Draw a paragraph from a baseline downwards, and give the baseline of what may follow it."""
    canvas.setFont(font, size)
    for line in wrapped(canvas, text, width, size=size, font=font):
        canvas.drawString(x, y, line)
        y -= 1.2 * size
    return y - 0.8 * size


def heading(canvas: Canvas, text: str, x: float, y: float, *, size: float = 14) -> float:
    canvas.setFont("Helvetica-Bold", size)
    canvas.drawString(x, y, text)
    return y - 1.8 * size
