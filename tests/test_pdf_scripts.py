"""PDF in scripts other than Latin: without the fonts that a file names, downwards, from the right."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from pdfs import HEIGHT, made
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from source_files import document_of

from qa.model import Document


def pdf(data: bytes, notes: list[str] | None = None) -> Document:
    return document_of(data, "terns.pdf", notes)


def written(content: bytes, font: bytes, *others: bytes) -> bytes:
    """A PDF of one page, 400 by 200 points, with this content; its font /F1 may name further objects, from 6."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        stream(content),
        font,
        *others,
    ]
    data = b"%PDF-1.4\n"
    places: list[int] = []
    for number, each in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return (
        data
        + head
        + table
        + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(data))
    )


def stream(content: bytes) -> bytes:
    return b"<</Length %d>>stream\n%s\nendstream" % (len(content), content)


def shown(text: str, x: float, y: float) -> bytes:
    """What shows a text of UTF-16 at a place."""
    return b"1 0 0 1 %.1f %.1f Tm <%s> Tj" % (x, y, text.encode("utf-16-be").hex().encode())


@pytest.mark.parametrize(
    ("font", "line"),
    [
        ("HeiseiMin-W3", "海鳥は魚を食べる。"),
        ("STSong-Light", "海鸟吃鱼，每天两次。"),
        ("MSung-Light", "海鳥吃魚，每天兩次。"),
        ("HYSMyeongJo-Medium", "갈매기는 물고기를 먹는다."),
    ],
)
def test_text_in_an_asian_font_that_the_file_does_not_hold_is_read_letter_by_letter(font: str, line: str) -> None:
    pdfmetrics.registerFont(UnicodeCIDFont(font))
    notes: list[str] = []

    def draw(canvas: Canvas) -> None:
        canvas.setFont(font, 12)
        x = 60.0
        for letter in line:
            canvas.drawString(x, HEIGHT - 100, letter)
            x += 4 if letter == " " else 12

    assert pdf(made(draw), notes).text == line
    assert notes == []


JAPANESE = (
    b"<</Type/Font/Subtype/Type0/BaseFont/Ryumin-Light/Encoding/UniJIS-UCS2-%s/DescendantFonts[6 0 R]>>",
    b"<</Type/Font/Subtype/CIDFontType0/BaseFont/Ryumin-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)"
    b"/Supplement 4>>/DW 1000/FontDescriptor<</Type/FontDescriptor/FontName/Ryumin-Light/Flags 4/Ascent 880/Descent"
    b" -120/CapHeight 700/StemV 80/ItalicAngle 0/FontBBox[0 -120 1000 880]>>>>",
)


def japanese(pieces: Sequence[bytes], *, way: bytes) -> bytes:
    return written(b"BT /F1 12 Tf " + b" ".join(pieces) + b" ET", JAPANESE[0] % way, JAPANESE[1])


def test_what_is_written_downwards_is_read_in_columns_from_the_right() -> None:
    columns = ["海鳥は魚を食べる。その", "巣は岩の上にあり卵は", "三つである。"]
    whole = japanese([shown(text, 350 - 20 * n, 180) for n, text in enumerate(columns)], way=b"V")
    assert pdf(whole).text == "".join(columns)
    letters = [shown(one, 350 - 20 * n, 180 - 12 * m) for n, text in enumerate(columns) for m, one in enumerate(text)]
    assert pdf(japanese(letters, way=b"H")).text == "".join(columns)


def test_lines_of_a_script_without_spaces_are_joined_without_one() -> None:
    lines = ["海鳥は魚を食べるために海に", "潜るので羽は油でおおわれて", "いる。"]
    data = japanese([shown(text, 60, 180 - 15 * n) for n, text in enumerate(lines)], way=b"H")
    assert pdf(data).text == "".join(lines)


def arabic(*words: tuple[str, float]) -> bytes:
    """A PDF whose letters a to f are these of Arabic, b a ligature of two; each text as it looks, from the left."""
    letters = ["م", "لا", "س", "ي", "ك", "ت"]
    maps = b"".join(
        b"<%02x> <%s>\n" % (0x61 + number, text.encode("utf-16-be").hex().encode())
        for number, text in enumerate(letters)
    )
    names = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def 1 begincodespacerange <00> <ff>"
        b" endcodespacerange %d beginbfchar\n%sendbfchar endcmap end end" % (len(letters), maps)
    )
    font = (
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/FirstChar 97/LastChar 102/Widths[500 500 500 500 500 500]"
        b"/ToUnicode 6 0 R>>"
    )
    content = b" ".join(b"1 0 0 1 %.1f 100 Tm (%s) Tj" % (x, text.encode()) for text, x in words)
    return written(b"BT /F1 12 Tf " + content + b" ET", font, stream(names))


def test_the_letters_of_a_ligature_from_the_right_are_in_the_order_in_which_they_are_read() -> None:
    assert pdf(arabic(("abc", 200))).text == "سلام"


def test_a_line_from_the_right_is_read_from_there_whatever_numbers_stand_in_it() -> None:
    assert pdf(arabic(("fed", 300), ("abc", 100))).text == "يكت سلام"


def test_spaces_that_a_file_writes_as_pieces_of_their_own_are_not_told_as_lost() -> None:
    def draw(canvas: Canvas) -> None:
        for number in range(5):
            text = canvas.beginText(60, HEIGHT - 100 - 30 * number)
            for piece in ("Terns", " ", "dive", " ", "for fish."):
                text.textOut(piece)
            canvas.drawText(text)

    notes: list[str] = []
    document = pdf(made(draw), notes)
    assert (notes, document.left_out) == ([], ())
    assert document.text.startswith("Terns dive for fish.")
