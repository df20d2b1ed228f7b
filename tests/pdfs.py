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


def coded(said: str, names: dict[str, str]) -> bytes:
    """A PDF of a line in Helvetica, in which the file says of these letters that they are others."""
    pairs = "".join(f"<{ord(drawn):02x}> <{ord(named):04x}>\n" for drawn, named in names.items())
    table = (
        f"begincmap\n1 begincodespacerange\n<00> <ff>\nendcodespacerange\n{len(names)} beginbfchar\n{pairs}endbfchar"
    )
    return _raw(
        said,
        "<</Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 6 0 R>>",
        f"<</Length {len(table)}>>stream\n{table}\nendstream",
    )


def stamped(said: str, *notes: tuple[str, str]) -> bytes:
    """A PDF of a line with what lies on its page: each the entries of a dictionary, and what is drawn of it."""
    parts: list[str] = []
    for place, (entries, drawn) in enumerate(notes):
        look = (
            f"/Type /XObject /Subtype /Form /BBox [0 0 300 20] /Resources <</Font <</F 5 0 R>>>> /Length {len(drawn)}"
        )
        box = f"/Rect [72 {100 + 40 * place} 372 {120 + 40 * place}]"
        parts.append(f"<</Type /Annot {entries} {box} /F 4 /AP <</N {7 + 2 * place} 0 R>>>>")
        parts.append(f"<<{look}>>stream\n{drawn}\nendstream")
    annots = " ".join(f"{6 + 2 * place} 0 R" for place in range(len(notes)))
    font = "<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>"
    return _raw(said, font, *parts, page=f"/Annots [{annots}]", catalog=f"/AcroForm <</Fields [{annots}]>>")


def _raw(said: str, font: str, *others: str, page: str = "", catalog: str = "") -> bytes:
    """A PDF of a line in a font, which is its object 5, and of other objects from 6 on."""
    content = f"BT /F 12 Tf 72 700 Td ({said}) Tj ET"
    box = "/MediaBox [0 0 595 842]"
    parts = (
        f"<</Type /Catalog /Pages 2 0 R {catalog}>>",
        "<</Type /Pages /Kids [3 0 R] /Count 1>>",
        f"<</Type /Page /Parent 2 0 R {box} {page} /Contents 4 0 R /Resources <</Font <</F 5 0 R>>>>>>",
        f"<</Length {len(content)}>>stream\n{content}\nendstream",
        font,
        *others,
    )
    objects = "".join(f"{number} 0 obj {part} endobj\n" for number, part in enumerate(parts, start=1))
    return f"%PDF-1.4\n{objects}trailer <</Root 1 0 R>>".encode()
