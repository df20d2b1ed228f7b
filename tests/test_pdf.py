"""PDF: lines put together as a person reads them, each at its page, under the headings that it stands under."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from time import process_time

import pypdfium2
import pytest
import reportlab
from hypothesis import given, settings
from hypothesis import strategies as st
from pdfs import BODY, HEIGHT, WIDTH, coded, heading, made, paragraph, stamped, wrapped
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from source_files import blocks, document_of

from qa import Engine, Settings
from qa.errors import DamagedSourceError, LockedSourceError
from qa.model import Claim, Document
from qa.readers import read
from qa.readers.formats import pdf_lines
from qa.readers.formats.pdf import _Paragraph, _runs_on
from qa.readers.formats.pdf_lines import Line


def pdf(data: bytes, notes: list[str] | None = None) -> Document:
    return document_of(data, "terns.pdf", notes)


def page_of(document: Document, words: str) -> int | None:
    return document.page_at(document.text.index(words))


def texts(document: Document) -> list[str]:
    return [text for _, _, text in blocks(document)]


def paper(canvas: Canvas) -> None:
    """Three pages in two columns, with a title, running heads and numbers of pages."""
    for page in range(3):
        canvas.setFont("Helvetica", 8)
        canvas.drawString(60, HEIGHT - 40, "Journal of Birds 2021")
        canvas.drawRightString(WIDTH - 60, HEIGHT - 40, str(page + 17))
        canvas.drawCentredString(WIDTH / 2, 30, f"Page {page + 1} of 3")
        top = HEIGHT - 80
        if page == 0:
            top = heading(canvas, "The flight of the Arctic tern over the seas", 60, top, size=20)
            top = paragraph(canvas, "Ann Auk and Ben Bunting", 60, top, 400)
            top = paragraph(canvas, f"This is the abstract. {BODY}", 60, top, WIDTH - 120)
        for x, side in ((60, "Left"), (WIDTH / 2 + 10, "Right")):
            y = heading(canvas, f"{page + 1}. {side} part", x, top, size=13)
            y = paragraph(canvas, f"{side} of {page + 1}. {BODY}", x, y, WIDTH / 2 - 80)
            paragraph(canvas, f"More on the {side.lower()}. {BODY}", x, y, WIDTH / 2 - 80)
        canvas.showPage()


def test_two_columns_are_read_one_after_the_other_under_their_headings_at_their_pages() -> None:
    document = pdf(made(paper))
    assert document.title == "The flight of the Arctic tern over the seas"
    assert blocks(document) == [
        ((), "paragraph", "Ann Auk and Ben Bunting"),
        ((), "paragraph", f"This is the abstract. {BODY}"),
    ] + [
        ((f"{page}. {side} part",), "paragraph", text)
        for page in (1, 2, 3)
        for side in ("Left", "Right")
        for text in (f"{side} of {page}. {BODY}", f"More on the {side.lower()}. {BODY}")
    ]
    assert [page_of(document, f"Right of {page}") for page in (1, 2, 3)] == [1, 2, 3]
    assert len(document.pages) == 3


def test_running_heads_and_numbers_of_pages_are_left_out() -> None:
    text = pdf(made(paper)).text
    assert "Journal of Birds" not in text
    assert "of 3" not in text.replace("Left of 3", "").replace("Right of 3", "")
    assert "17" not in text


def test_a_line_with_the_number_of_its_page_is_left_out_whatever_else_it_says() -> None:
    def draw(canvas: Canvas) -> None:
        for page, chapter in enumerate(("Eggs", "Chicks", "Feathers", "Wings")):
            canvas.setFont("Helvetica", 9)
            canvas.drawString(60, HEIGHT - 50, f"Chapter {page + 1}: {chapter} {page + 11}")
            paragraph(canvas, f"In 20{page} {chapter}. {BODY}", 60, HEIGHT - 150, 400)
            canvas.showPage()

    names = ("Eggs", "Chicks", "Feathers", "Wings")
    assert [text for _, _, text in blocks(pdf(made(draw)))] == [
        f"In 20{n} {name}. {BODY}" for n, name in enumerate(names)
    ]


def test_a_paragraph_that_runs_over_a_page_is_one_and_its_pages_begin_within_it() -> None:
    def draw(canvas: Canvas) -> None:
        lines = wrapped(canvas, BODY, 300, size=10)
        canvas.setFont("Helvetica", 10)
        for number, line in enumerate(lines):
            if number == 3:
                canvas.showPage()
                canvas.setFont("Helvetica", 10)
            canvas.drawString(60, HEIGHT - 150 - 12 * (number % 3 if number < 3 else number - 3), line)

    document = pdf(made(draw))
    assert blocks(document) == [((), "paragraph", BODY)]
    line = wrapped(Canvas(io.BytesIO()), BODY, 300, size=10)[3]
    assert document.pages == (0, BODY.index(line))


def test_a_paragraph_that_a_footnote_interrupts_is_one_and_the_footnote_stands_before_it() -> None:
    def draw(canvas: Canvas) -> None:
        lines = wrapped(canvas, BODY, 300, size=10)
        canvas.setFont("Helvetica", 10)
        for number, line in enumerate(lines[:3]):
            canvas.drawString(60, 200 - 12 * number, line)
        canvas.setFont("Helvetica", 8)
        canvas.drawString(60, 120, "1 A note at the foot of the page.")
        canvas.showPage()
        canvas.setFont("Helvetica", 8)
        canvas.drawString(60, 700, "Figure 1. A tern.")
        canvas.setFont("Helvetica", 10)
        for number, line in enumerate(lines[3:]):
            canvas.drawString(60, 600 - 12 * number, line)

    document = pdf(made(draw))
    texts = [text for _, _, text in blocks(document)]
    assert texts == ["1 A note at the foot of the page.", BODY, "Figure 1. A tern."]
    assert [document.page_at(document.text.index(text)) for text in texts] == [1, 1, 2]


def test_short_lines_that_begin_with_a_capital_are_paragraphs_of_their_own() -> None:
    def draw(canvas: Canvas) -> None:
        y = paragraph(canvas, BODY, 60, 700, 400)
        for number, line in enumerate(("Ann Auk", "Bird Street 5", "1234 Terntown")):
            canvas.drawString(60, y - 12 * number, line)

    assert [text for _, _, text in blocks(pdf(made(draw)))][1:] == ["Ann Auk", "Bird Street 5", "1234 Terntown"]


def test_words_divided_at_a_line_end_are_put_together_and_compounds_stay() -> None:
    lines = [
        "The well-known biologist studied the migra-",
        "tion of a long-",
        "lived bird, of COVID-",
        "19, and of the well-",
        "known eider. Its incuba-",
        "tion takes a month, says a semi-",
        "Arctic person, who saw the photo-",
        "synthesis of algae and the cli-",
        "mate of a non-human world.",
    ]

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        for number, line in enumerate(lines):
            canvas.drawString(60, 700 - 12 * number, line)

    assert pdf(made(draw)).text == (
        "The well-known biologist studied the migration of a long-lived bird, of COVID-19, and of the well-known "
        "eider. Its incubation takes a month, says a semi-Arctic person, who saw the photosynthesis of algae and the "
        "climate of a non-human world."
    )


def test_whether_a_line_goes_on_at_the_next_page_is_told_by_its_end_however_long_it_is() -> None:
    def line(text: str, page: int) -> Line:
        return Line(
            text=text, cells=(text,), page=page, column=page, is_bold=False, x=60.0, right=300.0, y=700.0, size=10.0
        )

    began = process_time()
    for end, goes_on in (("-", True), (".", False)):
        last, below = line("x" * 200_000 + end, 0), line("Terns", 1)
        assert _runs_on(_Paragraph("text", [last]), below, 1.2) is goes_on
    assert process_time() - began < 5


def test_ligatures_are_letters_and_raised_numbers_raised_digits() -> None:
    pdfmetrics.registerFont(TTFont("Vera", str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf")))

    def draw(canvas: Canvas) -> None:
        text = canvas.beginText(60, 700)
        text.setFont("Vera", 10)
        text.textOut("The \ufb01rst \ufb02ight was long.")
        text.setRise(4)
        text.setFont("Vera", 6)
        text.textOut("12,13")
        text.setRise(0)
        text.setFont("Vera", 10)
        text.textOut(" It ended well.")
        canvas.drawText(text)

    document = pdf(made(draw))
    assert document.text == "The first flight was long.¹²,¹³ It ended well."
    assert [marker.label for marker in document.markers] == ["12", "13"]


def kerned(canvas: Canvas, x: float, y: float, text: str, *, gap: float, size: float = 11, space: float = 0) -> None:
    """Draw words as some programs do: no spaces between them, but gaps (of the type size)."""
    drawn = canvas.beginText(x, y)
    drawn.setFont("Helvetica", size)
    drawn.setCharSpace(space)
    for word in text.split():
        drawn.textOut(word)
        drawn.moveCursor(0, 0)
        x += canvas.stringWidth(word, "Helvetica", size) + len(word) * space + gap * size
        drawn.setTextOrigin(x, y)
    canvas.drawText(drawn)


def test_words_that_only_gaps_part_are_words() -> None:
    def draw(canvas: Canvas) -> None:
        kerned(canvas, 60, 700, "Five barrels of brine were spilt near the weir.", gap=0.12)
        kerned(canvas, 60, 686, "They leaked.", gap=0.12)

    assert pdf(made(draw)).text == "Five barrels of brine were spilt near the weir. They leaked."


def test_letters_set_apart_for_looks_are_words() -> None:
    def draw(canvas: Canvas) -> None:
        kerned(canvas, 60, 700, "EMERGENCY CONTACTS", gap=0.5, space=3, size=14)
        canvas.setFont("Helvetica", 11)
        canvas.drawString(60, 660, "E M E R G E N C Y")
        canvas.drawString(60, 620, "Choose among A B C D E now.")
        canvas.drawString(60, 580, "A B C D E")

    assert pdf(made(draw)).text.split("\n\n") == [
        "EMERGENCY CONTACTS",
        "EMERGENCY",
        "Choose among A B C D E now.",
        "A B C D E",
    ]


def test_letters_that_stand_twice_to_look_bold_are_read_once() -> None:
    def draw(canvas: Canvas) -> None:
        for shift in (0, 1.2):
            text = canvas.beginText(60 + shift, 700)
            text.setFont("Helvetica", 14)
            text.textOut("Municipality of Hillside")
            canvas.drawText(text)
        x = 60.0
        canvas.setFont("Helvetica", 14)
        for letter in "Zone 25 floods all":
            canvas.drawString(x, 600, letter)
            canvas.drawString(x + 1.2, 600, letter)
            x += canvas.stringWidth(letter, "Helvetica", 14)

    assert pdf(made(draw)).text.split("\n\n") == ["Municipality of Hillside", "Zone 25 floods all"]


def test_what_is_written_from_the_right_is_read_from_the_right() -> None:
    fonts = Path(pytest.importorskip("matplotlib").get_data_path()) / "fonts" / "ttf"
    pdfmetrics.registerFont(TTFont("Deja", str(fonts / "DejaVuSans.ttf")))

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Deja", 12)
        canvas.drawString(60, 700, "שלום עולם"[::-1])
        canvas.drawString(60, 640, f"The word {'שלום'[::-1]} is here.")

    assert pdf(made(draw)).text.split("\n\n") == ["שלום עולם", "The word שלום is here."]


def test_raised_and_lowered_numbers_keep_their_meaning() -> None:
    def draw(canvas: Canvas) -> None:
        text = canvas.beginText(60, 700)
        for piece, rise, size in (("Give 4 ", 0, 10), ("1", 4, 6), ("/", 0, 10), ("2", -2, 6), (" of 10", 0, 10),
                                  ("-3", 4, 6), (" g CO", 0, 10), ("2", -2, 6), (" now", 0, 10)):  # fmt: skip
            text.setRise(rise)
            text.setFont("Helvetica", size)
            text.textOut(piece)
        canvas.drawText(text)

    assert pdf(made(draw)).text == "Give 4 1/2 of 10⁻³ g CO2 now"


def test_the_outline_says_which_lines_are_headings_and_how_deep() -> None:
    def draw(canvas: Canvas) -> None:
        y = HEIGHT - 150
        for number, (name, level, text) in enumerate(
            [("Methods", 0, "We looked."), ("2.1 Birds", 1, "Terns."), ("Results", 0, "They fly far.")]
        ):
            canvas.bookmarkPage(str(number))
            canvas.addOutlineEntry(name.removeprefix("2.1 "), str(number), level)
            y = paragraph(canvas, name, 60, y, 400)
            y = paragraph(canvas, text, 60, y, 400)
        canvas.bookmarkPage("nowhere")
        canvas.addOutlineEntry("No such line", "nowhere", 0)

    document = pdf(made(draw, title="On terns"))
    assert document.title == "On terns"
    assert blocks(document) == [
        (("Methods",), "paragraph", "We looked."),
        (("Methods", "2.1 Birds"), "paragraph", "Terns."),
        (("Results",), "paragraph", "They fly far."),
    ]


def test_an_outline_that_names_nothing_that_is_there_is_passed_over() -> None:
    def draw(canvas: Canvas) -> None:
        for name in ("Lies", "More lies"):
            canvas.bookmarkPage(name)
            canvas.addOutlineEntry(name, name, 0)
        y = heading(canvas, "Terns", 60, 700, size=18)
        y = heading(canvas, "Diving", 60, paragraph(canvas, BODY, 60, y, 400), size=13)
        paragraph(canvas, BODY, 60, y, 400)

    assert [path for path, _, _ in blocks(pdf(made(draw)))] == [(), ("Diving",)]


def test_bold_lines_that_stand_alone_are_headings() -> None:
    def draw(canvas: Canvas) -> None:
        y = paragraph(canvas, "Introduction", 60, 700, 400, font="Helvetica-Bold")
        y = paragraph(canvas, BODY, 60, y, 400)
        y = paragraph(canvas, "How far they fly", 60, y, 400, font="Helvetica-Bold")
        paragraph(canvas, BODY, 60, y, 400)

    document = pdf(made(draw, title="On terns"))
    assert [path for path, _, _ in blocks(document)] == [("Introduction",), ("How far they fly",)]


def test_lists_have_a_line_for_each_item_and_tables_one_for_each_row() -> None:
    def draw(canvas: Canvas) -> None:
        y = paragraph(canvas, BODY, 60, 700, 400)
        canvas.setFont("Helvetica", 10)
        for item in ("• Sand eels, which they catch", "near the coast.", "• Shrimps."):
            canvas.drawString(70 if item.startswith("•") else 78, y, item)
            y -= 12
        y -= 20
        for row in (("Bird", "Weight", "Flight"), ("Arctic tern", "100 g", "far"), ("Gull", "1 kg", "near")):
            for x, cell in zip((60, 200, 300), row, strict=True):
                canvas.drawString(x, y, cell)
            y -= 14

    assert blocks(pdf(made(draw)))[1:] == [
        ((), "list", "• Sand eels, which they catch near the coast.\n• Shrimps."),
        ((), "table", "| Bird | Weight | Flight |\n| Arctic tern | 100 g | far |\n| Gull | 1 kg | near |"),
    ]


def test_a_numbered_list_of_references_is_what_markers_point_to() -> None:
    def draw(canvas: Canvas) -> None:
        y = heading(canvas, "Terns", 60, 750, size=18)
        y = paragraph(canvas, f"{BODY} [2]", 60, y, 400)
        y = heading(canvas, "References", 60, y)
        for entry in (
            "[1] Auk A. Flight of terns, and of others that fly. J Birds. 2019.",
            "[2] Bunting B. Loggers. 2020.",
        ):
            y = paragraph(canvas, entry, 60, y + 8, 200)

    document = pdf(made(draw))
    assert [(each.marker, each.text) for each in document.references] == [
        ("1", "Auk A. Flight of terns, and of others that fly. J Birds. 2019."),
        ("2", "Bunting B. Loggers. 2020."),
    ]
    assert [marker.label for marker in document.markers] == ["2"]
    assert [section.path for section in document.sections] == [()]


def test_the_file_says_its_title_authors_and_date(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(
        made(lambda canvas: canvas.drawString(60, 700, "Terns dive."), title="On terns", author="Ann Auk; Ben")
    )
    document = read(path, "report")
    assert (document.title, document.authors) == ("On terns", ("Ann Auk", "Ben"))
    assert document.updated == date(2000, 1, 1)  # reportlab's, where it makes the same file each time


def test_pages_without_text_are_told_and_numbers_of_pages_stay_right() -> None:
    def draw(canvas: Canvas) -> None:
        for page in range(6):
            if page in (1, 5):
                paragraph(canvas, f"Text {page}. {BODY}", 60, 600, 400)
            else:
                canvas.rect(60, 60, 200, 200, fill=1)
            canvas.showPage()

    notes: list[str] = []
    document = pdf(made(draw), notes)
    assert notes == ["pages 1, 3-5 have no text, as a blank or scanned page has none: text recognition (OCR) adds it."]
    assert [page_of(document, f"Text {page}") for page in (1, 5)] == [2, 6]


def test_a_page_with_nothing_but_a_running_head_is_told() -> None:
    def draw(canvas: Canvas) -> None:
        for page in range(4):
            canvas.setFont("Helvetica", 8)
            canvas.drawString(60, 800, "The Journal of Terns, volume 3")
            canvas.drawString(300, 30, str(page + 1))
            if page != 2:
                paragraph(canvas, f"Text {page}. {BODY}", 60, 600, 400)
            canvas.showPage()

    notes: list[str] = []
    document = pdf(made(draw), notes)
    assert document.text.count("Journal of Terns") == 1
    assert page_of(document, "The Journal of Terns") == 3
    assert notes == [
        "page 3 has nothing but a running head or a number, as scanned pages may: is there more to read?",
        "7 lines of running heads and feet are left out.",
    ]


def test_lines_that_differ_in_their_numbers_are_content_and_so_is_what_stands_right_above_them() -> None:
    def draw(canvas: Canvas) -> None:
        for page in range(5):
            canvas.setFont("Helvetica", 10)
            canvas.drawString(60, 805, "Visit record")
            canvas.drawString(60, 785, "Blood pressure at this visit:")
            canvas.drawString(60, 773, f"{120 + 7 * page} over 80 in the left arm.")
            paragraph(canvas, f"Text {page}. {BODY}", 60, 600, 400)
            canvas.drawString(60, 40, f"Printed page {page + 3} of 7")
            canvas.showPage()

    document = pdf(made(draw))
    assert document.title == "Visit record"
    assert document.text.count("Blood pressure at this visit:\n\n1") == 5
    assert "148 over 80 in the left arm." in document.text
    assert "Printed" not in document.text


@pytest.mark.parametrize("count", [2, 4])
def test_a_page_never_loses_all_of_its_text_as_a_running_head(count: int) -> None:
    def draw(canvas: Canvas) -> None:
        for _ in range(count):
            canvas.drawString(60, 800, "Notice of the meeting on 4 June at nine.")
            canvas.showPage()

    notes: list[str] = []
    document = pdf(made(draw), notes)
    assert document.text == "\n\n".join(["Notice of the meeting on 4 June at nine."] * count)
    assert notes == []


def test_a_table_of_contents_is_left_out_and_told_and_heads_nothing() -> None:
    def draw(canvas: Canvas) -> None:
        y = heading(canvas, "Living with asthma", 60, 700, size=24)
        heading(canvas, "Contents", 60, y, size=18)
        canvas.setFont("Helvetica", 10)
        canvas.drawString(60, y - 60, "What is asthma? ............ 3")
        canvas.drawString(60, y - 74, "Treatment ........................ 4")
        canvas.showPage()
        for name in ("What is asthma?", "Treatment"):
            y = heading(canvas, name, 60, 700, size=14)
            paragraph(canvas, f"On {name.lower()} {BODY}", 60, y, 400)
            canvas.showPage()

    notes: list[str] = []
    document = pdf(made(draw), notes)
    assert [path for path, _, _ in blocks(document)] == [("What is asthma?",), ("Treatment",)]
    assert "Contents" not in document.text
    assert notes == ["3 lines of a table of contents are left out."]


def test_a_list_of_prices_with_dots_is_no_table_of_contents() -> None:
    def draw(canvas: Canvas) -> None:
        y = heading(canvas, "Menu", 60, 760, size=18)
        canvas.setFont("Helvetica", 10)
        for dish, price in (("Soup", 7), ("Eel", 31), ("Herring", 12), ("Bread", 3), ("Tea", 4), ("Beer", 6)):
            canvas.drawString(60, y, f"{dish} {'.' * 40} {price}")
            y -= 14

    notes: list[str] = []
    assert "31" in pdf(made(draw), notes).text
    assert notes == []


def test_words_in_bold_type_that_a_paragraph_begins_with_are_its_heading() -> None:
    def draw(canvas: Canvas) -> None:
        y = paragraph(canvas, BODY, 60, 700, 400)
        for bold, rest in (
            ("Positive controls", "For each batch one control vial is opened by the pharmacist on the first day."),
            ("Zeltorin", "is given at night, as all of these substances are, and never in the morning."),
            ("Warning:", "Never open the lid of the kiln while it is above two hundred degrees."),
        ):
            canvas.setFont("Helvetica-Bold", 10)
            canvas.drawString(60, y, bold)
            x = 63 + canvas.stringWidth(bold, "Helvetica-Bold", 10)
            first, *others = wrapped(canvas, rest, 250, size=10)
            canvas.setFont("Helvetica", 10)
            canvas.drawString(x, y, first)
            for number, line in enumerate(others):
                canvas.drawString(60, y - 12 * (number + 1), line)
            y -= 12 * len(others) + 26

    controls = ("Positive controls",)
    assert blocks(pdf(made(draw)))[1:] == [
        (controls, "paragraph", "For each batch one control vial is opened by the pharmacist on the first day."),
        (
            controls,
            "paragraph",
            "Zeltorin is given at night, as all of these substances are, and never in the morning.",
        ),
        (controls, "paragraph", "Warning: Never open the lid of the kiln while it is above two hundred degrees."),
    ]


def test_numbered_clauses_in_the_type_of_the_text_are_headings_and_the_items_of_a_list_are_not() -> None:
    def draw(canvas: Canvas) -> None:
        y = heading(canvas, "LEASE AGREEMENT", 200, 780)
        canvas.setFont("Helvetica", 10)
        for line in (
            "1. RENT",
            "The tenant pays 900 crowns on the first day of each month.",
            "2. Repairs and locks",
            "2.1 The landlord repairs the roof and the walls of the house.",
            "3. TERMINATION",
            "(a) Either party may end the lease by three months of notice, in these steps:",
            "1. Write a letter",
            "2. Send it by post",
            "3. Wait for three months",
        ):
            canvas.drawString(60, y, line)
            y -= 14

    assert blocks(pdf(made(draw))) == [
        (("1. RENT",), "paragraph", "The tenant pays 900 crowns on the first day of each month."),
        (("2. Repairs and locks",), "paragraph", "2.1 The landlord repairs the roof and the walls of the house."),
        (
            ("3. TERMINATION",),
            "paragraph",
            "(a) Either party may end the lease by three months of notice, in these steps:",
        ),
        (("3. TERMINATION",), "list", "1. Write a letter\n2. Send it by post\n3. Wait for three months"),
    ]


def test_of_several_equal_headings_none_is_the_title() -> None:
    def draw(canvas: Canvas) -> None:
        for name in ("Preface", "Gates", "Turbines"):
            paragraph(canvas, f"On {name.lower()}. {BODY}", 60, heading(canvas, name, 60, 700, size=18), 400)
            canvas.showPage()

    document = pdf(made(draw))
    assert (document.title, [path for path, _, _ in blocks(document)]) == (
        "terns",
        [("Preface",), ("Gates",), ("Turbines",)],
    )


def rows(canvas: Canvas, y: float, *lines: tuple[str, ...], places: tuple[int, ...] = (60, 200, 300)) -> float:
    """Draw the rows of a table, in which a line that begins with nothing goes on with the row above."""
    canvas.setFont("Helvetica", 10)
    for number, line in enumerate(lines):
        y -= (12 if not line[0] else 20) if number else 0
        for x, cell in zip(places, line, strict=True):
            canvas.drawString(x, y, cell)
    return y


def test_the_lines_of_a_cell_are_its_text_and_an_empty_cell_keeps_its_column() -> None:
    def draw(canvas: Canvas) -> None:
        rows(
            canvas,
            700,
            ("Drug", "Dose", "Note"),
            ("Zeltorin", "40 mg daily", "take with food and"),
            ("", "", "plenty of water"),
            ("Quaspan", "", "never with alcohol"),
            ("Ibrolin", "5 mg at", "may cause drowsy"),
            ("", "night", "mornings"),
        )

    assert blocks(pdf(made(draw))) == [
        (
            (),
            "table",
            "| Drug | Dose | Note |\n| Zeltorin | 40 mg daily | take with food and plenty of water |\n"
            "| Quaspan |  | never with alcohol |\n| Ibrolin | 5 mg at night | may cause drowsy mornings |",
        )
    ]


def test_a_table_that_goes_on_at_the_next_page_is_one_and_its_rows_stand_on_their_pages() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        rows(canvas, 140, ("Drug", "Dose", "Note"), ("Zeltorin", "40 mg", "by night"), ("Quaspan", "9 mg", "by day"))
        canvas.showPage()
        rows(canvas, 700, ("Ibrolin", "5 mg", "by night"), ("Tarovan", "6 mg", "by day"))

    document = pdf(made(draw))
    [(_, kind, text)] = blocks(document)
    assert (kind, text.count("\n")) == ("table", 4)
    assert [page_of(document, name) for name in ("Quaspan", "Ibrolin")] == [1, 2]


def test_a_long_table_is_divided_under_its_head_and_its_rows_stand_on_their_pages() -> None:
    def draw(canvas: Canvas) -> None:
        for page in range(4):
            names = [(f"SH-{40 * page + n:03}", f"Holder of {n}", f"{n + 1} shares") for n in range(40)]
            rows(canvas, 810, *([("Number", "Holder", "Shares")] if not page else []), *names)
            canvas.showPage()

    document = pdf(made(lambda canvas: draw(canvas)))
    tables = [text for _, kind, text in blocks(document) if kind == "table"]
    assert len(tables) > 4
    assert {text.split("\n")[0] for text in tables} == {"| Number | Holder | Shares |"}
    assert [page_of(document, name) for name in ("SH-001", "SH-039", "SH-041", "SH-159")] == [1, 1, 2, 4]


def test_what_was_filled_into_a_form_stands_at_its_place() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(60, 700, "Allergy:")
        canvas.acroForm.textfield(name="allergy", value="penicillin G", x=140, y=694, width=120, height=18)
        canvas.drawString(60, 640, "Smokes:")
        canvas.acroForm.checkbox(name="smokes", checked=True, x=140, y=636, size=14)
        canvas.drawString(60, 580, "Drinks:")
        canvas.acroForm.checkbox(name="drinks", checked=False, x=140, y=576, size=14)

    assert pdf(made(draw)).text.split("\n\n") == ["Allergy: penicillin G", "Smokes: ☒", "Drinks: ☐"]


def labelled(data: bytes) -> bytes:
    """A PDF with its first two pages called i and ii, and those behind them 1, 2 and so on."""
    labels = b"/PageLabels << /Nums [ 0 << /S /r >> 2 << /S /D >> ] >> /Type /Catalog"
    return data.replace(b"/Type /Catalog", labels, 1)


def test_pages_are_called_what_is_printed_on_them(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for page, text in enumerate(("A preface.", "A foreword.", "Gates have forty links.", "Turbines give nine.")):
            paragraph(canvas, f"{text} {BODY if page < 2 else ''}", 60, 700, 400)
            canvas.showPage()

    (tmp_path / "dam.pdf").write_bytes(labelled(made(draw)))
    engine = Engine.create(Settings(library=tmp_path / "library"))
    engine.add([tmp_path / "dam.pdf"])
    best = engine.ask("How many links have gates?").best
    assert best is not None
    assert best.citation.document.page_labels == ("i", "ii", "1", "2")
    assert best.citation.page == 3
    assert "Page 1 (page 3 of the file)." in best.citation.label


def test_the_page_that_is_cited_is_that_of_the_marked_sentence(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        for block in range(1, 5):
            paragraph(canvas, f"The door code of block {block} is {block}145.", 60, 500, 400)
            canvas.showPage()

    (tmp_path / "doors.pdf").write_bytes(made(draw))
    engine = Engine.create(Settings(library=tmp_path / "library"))
    engine.add([tmp_path / "doors.pdf"])
    best = engine.ask("What is the door code of block 3?").best
    assert best is not None
    [marked] = best.highlights
    assert best.passage.text[slice(*marked)] == "The door code of block 3 is 3145."
    assert (best.passage.page, best.citation.page) == (1, 3)
    cited = best.citation
    assert "Page 3." in cited.label
    claim = Claim(
        document_id="doors", quote=cited.quote, start=cited.start, end=cited.end, page=cited.page, label=cited.label
    )
    [verified] = engine.verify([claim])
    assert (verified.verdict, verified.disagreeing) == ("verified", ())
    assert engine.verify([replace(claim, page=9)])[0].disagreeing[:1] == ("page",)


def test_text_that_is_turned_sideways_stands_behind_its_page_and_a_page_that_is_turned_is_read() -> None:
    def stamped(canvas: Canvas) -> None:
        paragraph(canvas, BODY, 60, 700, 400)
        canvas.rotate(90)
        canvas.drawString(200, -30, "A stamp in the margin of this page, from below.")
        canvas.showPage()
        paragraph(canvas, f"More of it. {BODY}", 60, 700, 400)

    def turned(canvas: Canvas) -> None:
        canvas.setPageRotation(90)
        canvas.rotate(90)
        paragraph(canvas, BODY, 60, -100, 600)

    notes: list[str] = []
    document = pdf(made(stamped), notes)
    assert texts(document) == [BODY, "A stamp in the margin of this page, from below.", f"More of it. {BODY}"]
    assert [page_of(document, words) for words in ("The Arctic", "A stamp", "More of")] == [1, 1, 2]
    assert notes == []
    assert pdf(made(turned)).text == BODY


def test_a_stamp_across_each_page_is_in_no_sentence_and_read_once() -> None:
    def draft(canvas: Canvas) -> None:
        for number in range(3):
            y = heading(canvas, f"Part {number + 1}", 72, 720)
            paragraph(canvas, f"{number + 1} of 3. {BODY}", 72, y, 300)
            canvas.translate(100, 560)
            canvas.rotate(30)
            canvas.setFont("Helvetica", 40)
            canvas.drawString(0, 0, "DRAFT COPY")
            canvas.showPage()

    document = pdf(made(draft))
    assert texts(document) == [f"1 of 3. {BODY}", "DRAFT COPY", f"2 of 3. {BODY}", f"3 of 3. {BODY}"]
    assert page_of(document, "DRAFT COPY") == 1
    assert dict(document.left_out) == {"lines of running heads and feet": 2}


def test_turned_text_that_differs_in_its_numbers_is_no_stamp_and_stays_on_its_page() -> None:
    def plots(canvas: Canvas) -> None:
        for number in range(4):
            paragraph(canvas, f"Plot {number}. {BODY}", 72, 700, 400)
            canvas.rotate(90)
            canvas.drawString(100, -40, f"Journal of Birds, page {number + 1}")
            canvas.drawString(100, -560, f"Terns in {2015 + number}")
            canvas.showPage()

    document = pdf(made(plots))
    turned = [text for text in texts(document) if BODY not in text]
    assert turned == ["Journal of Birds, page 1", *(f"Terns in {2015 + number}" for number in range(4))]
    assert [page_of(document, text) for text in turned] == [1, 1, 2, 3, 4]


def test_turned_text_within_a_list_that_covers_its_page_is_told() -> None:
    def listed(canvas: Canvas) -> None:
        for number in range(1, 4):
            paragraph(canvas, f"{number}. {BODY}", 72, 700, 400)
            canvas.rotate(90)
            canvas.drawString(100, -560, f"Beside item {'abc'[number - 1]}")
            canvas.showPage()

    notes: list[str] = []
    document = pdf(made(listed), notes)
    assert [text for text in texts(document) if BODY not in text] == ["Beside item a", "Beside item c"]
    assert notes == ["1 line turned sideways is left out."]


def test_turned_text_of_a_page_that_a_paragraph_goes_on_after_stands_before_that() -> None:
    def divided(canvas: Canvas) -> None:
        paragraph(canvas, BODY, 60, 700, 400)
        paragraph(canvas, "The loggers on their legs were of a kind that weighs a gram and", 60, 100, 400)
        canvas.saveState()
        canvas.rotate(-90)
        canvas.drawString(-500, 560, "Beside the text, from above.")
        canvas.restoreState()
        canvas.showPage()
        paragraph(canvas, "lasts for a year.", 60, 700, 400)

    document = pdf(made(divided))
    goes_on = "The loggers on their legs were of a kind that weighs a gram and lasts for a year."
    assert texts(document) == [BODY, "Beside the text, from above.", goes_on]
    assert [page_of(document, words) for words in ("Beside", "The loggers", "lasts")] == [1, 1, 2]


def test_words_that_are_level_on_a_page_that_is_mostly_turned_are_words() -> None:
    def plot(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 12)
        canvas.drawString(200, 100, "Years of age")
        canvas.rotate(90)
        for place in range(8):
            canvas.drawString(150, -200 - 20 * place, f"Weight of group {place} in grams")

    text = pdf(made(plot)).text
    assert text.endswith("\n\nYears of age")
    assert "Weight of group 7 in grams" in text


def test_a_file_with_a_password_is_an_error_that_says_so() -> None:
    with pytest.raises(LockedSourceError) as error:
        pdf(made(lambda canvas: canvas.drawString(60, 700, "Secret."), password="tern"))  # noqa: S106
    assert error.value.message == "terns.pdf is locked: it opens only with a password."


WHOLE = made(paper)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"no PDF at all", b"\0" * 1000, WHOLE[:200], b"%PDF-1.4\n%%EOF"])
def test_what_is_no_pdf_is_an_error_that_names_it(data: bytes) -> None:
    with pytest.raises(DamagedSourceError) as error:
        pdf(data)
    assert error.value.message.startswith("terns.pdf cannot be read as PDF: ")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=40))
def test_a_damaged_file_is_read_or_an_error_and_never_a_crash(place: int, garbage: bytes) -> None:
    for data in (WHOLE[:place], WHOLE[:place] + garbage + WHOLE[place + len(garbage) :]):
        try:
            pdf(data)
        except (DamagedSourceError, LockedSourceError) as error:
            assert "terns.pdf" in error.message


def test_pages_of_absurd_size_are_read() -> None:
    new = pypdfium2.PdfDocument.new()
    for size in ((1e-3, 1e-3), (1e9, 1e9)):
        new.new_page(*size)
    file = io.BytesIO()
    new.save(file)
    notes: list[str] = []
    assert pdf(file.getvalue(), notes).text == ""
    assert len(notes) == 1


def test_an_answer_out_of_a_pdf_cites_its_section_and_page(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        y = heading(canvas, "On terns", 60, 700, size=20)
        paragraph(canvas, BODY, 60, y, 400)
        canvas.showPage()
        y = heading(canvas, "Food", 60, 700, size=14)
        paragraph(canvas, "Terns eat sand eels. They catch them near the coast in summer.", 60, y, 400)

    (tmp_path / "terns.pdf").write_bytes(made(draw))
    engine = Engine.create(Settings(library=tmp_path / "library"))
    engine.add([tmp_path / "terns.pdf"])
    best = engine.ask("What do terns eat?").best
    assert best is not None
    citation = best.citation
    assert (citation.section, citation.page) == (("Food",), 2)
    assert citation.quote == "Terns eat sand eels. They catch them near the coast in summer."
    assert "Page 2." in citation.label


def table(canvas: Canvas, rows: Sequence[tuple[str, ...]], *, edges: tuple[float, ...], top: float) -> float:
    """Rows whose cells begin at the edges, 18 points apart."""
    canvas.setFont("Helvetica", 10)
    for row in rows:
        for x, cell in zip(edges, row, strict=True):
            canvas.drawString(x, top, cell)
        top -= 18
    return top


def test_cells_with_little_room_between_them_are_cells_where_they_stand_below_one_another() -> None:
    def draw(canvas: Canvas) -> None:
        rows = [("Berth", "Cost"), *((f"Berth {n}", f"{n} crowns") for n in range(11, 15))]
        table(canvas, rows, edges=(60, 60 + canvas.stringWidth("Berth 10", "Helvetica", 10) + 10), top=HEIGHT - 150)

    [(_, kind, text)] = blocks(pdf(made(draw)))
    rows = ["| Berth | Cost |", *(f"| Berth {n} | {n} crowns |" for n in range(11, 15))]
    assert (kind, text) == ("table", "\n".join(rows))


def test_wide_spaces_of_justified_text_make_no_cells() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        for number, line in enumerate(wrapped(canvas, BODY, 200, size=10)):
            words, x = line.split(), 60.0
            for place, word in enumerate(words):
                canvas.drawString(x, HEIGHT - 150 - 12 * number, word)
                x += canvas.stringWidth(word, "Helvetica", 10) + 9.5 + 0.7 * ((place + number) % 4)

    [(_, kind, text)] = blocks(pdf(made(draw)))
    assert (kind, text) == ("paragraph", BODY)


def test_the_head_of_a_table_on_each_of_its_pages_is_no_running_head() -> None:
    def draw(canvas: Canvas) -> None:
        for page in range(3):
            rows = [("Berth", "Cost"), *((f"Berth {page}{n}", f"{n} crowns") for n in range(9))]
            table(canvas, rows, edges=(60, 200), top=HEIGHT - 60)
            canvas.showPage()

    found = blocks(pdf(made(draw)))
    assert [(kind, text.split("\n")[:2]) for _, kind, text in found] == [
        ("table", ["| Berth | Cost |", f"| Berth {page}0 | 0 crowns |"]) for page in range(3)
    ]


def test_a_question_in_bold_type_heads_its_answer_however_much_is_bold() -> None:
    def draw(canvas: Canvas) -> None:
        for number, (question, answer) in enumerate((("How long may I stay?", "Three weeks."), ("Where?", "At sea."))):
            canvas.setFont("Helvetica-Bold", 10)
            canvas.drawString(60, HEIGHT - 150 - 40 * number, question)
            canvas.setFont("Helvetica", 10)
            canvas.drawString(60, HEIGHT - 163 - 40 * number, answer)

    assert blocks(pdf(made(draw))) == [
        (("How long may I stay?",), "paragraph", "Three weeks."),
        (("Where?",), "paragraph", "At sea."),
    ]


def test_the_heading_above_numbered_parts_is_the_title_and_parts_in_any_type_are_of_one_level() -> None:
    def draw(canvas: Canvas) -> None:
        lines = [
            "LEASE",
            "1  RENT",
            "The tenant pays nine crowns.",
            "2  Notice",
            "2.1  It is given by post, in spring.",
        ]
        for number, line in enumerate(lines):
            canvas.setFont("Helvetica", 10)
            canvas.drawString(60, HEIGHT - 150 - 24 * number, line)

    document = pdf(made(draw))
    assert document.title == "LEASE"
    assert [path for path, _, _ in blocks(document)] == [("1 RENT",), ("2 Notice",)]


def test_a_heading_within_a_page_or_in_the_line_of_its_text_is_no_title() -> None:
    def within(canvas: Canvas) -> None:
        top = paragraph(canvas, BODY, 60, HEIGHT - 100, 400)
        paragraph(canvas, BODY, 60, heading(canvas, "Contacts", 60, top, size=14), 400)

    def in_line(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold", 10)
        canvas.drawString(60, HEIGHT - 150, "Shelf life.")
        canvas.setFont("Helvetica", 10)
        canvas.drawString(60 + canvas.stringWidth("Shelf life. ", "Helvetica-Bold", 10), HEIGHT - 150, BODY[:80])
        paragraph(canvas, BODY, 60, HEIGHT - 180, 400)

    assert [pdf(made(draw)).title for draw in (within, in_line)] == ["terns", "terns"]


def test_a_title_in_the_middle_is_parted_from_a_heading_right_below_it() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold", 18)
        canvas.drawCentredString(WIDTH / 2, HEIGHT - 100, "Guide to the pool")
        canvas.drawString(60, HEIGHT - 128, "Opening")
        paragraph(canvas, BODY, 60, HEIGHT - 160, 400)

    assert [path for path, _, _ in blocks(pdf(made(draw)))] == [(), ("Opening",)]


def test_what_is_left_out_of_a_file_is_counted() -> None:
    found = {each.what: each.amount for each in pdf(made(paper)).left_out}
    assert found == {"lines of running heads and feet": 9}


def test_text_in_a_font_that_the_file_does_not_hold_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    monkeypatch.setattr(pdf_lines, "_unread", lambda *_: (3, 2))
    document = pdf(made(lambda canvas: canvas.drawString(60, HEIGHT - 150, "Terns dive.")), notes)
    assert notes == ["page 1 has text in a font that the file does not hold, which is left out: OCR may help."]
    assert [tuple(each) for each in document.left_out] == [
        ("parts in a font that is not in the file", 3),
        ("pictures", 2),
    ]


def test_letters_that_the_file_names_wrongly_are_told_and_none_is_dropped() -> None:
    notes: list[str] = []
    assert (
        pdf(coded("# They di#ve for fish in the deep #", {"#": "\x0e"}), notes).text
        == "They di�ve for fish in the deep"
    )
    assert notes == []
    by_numbers = {" ": "\x03", **{letter: chr(ord(letter) - 29) for letter in "Theydivp"}}
    document = pdf(coded("They dive deep", by_numbers), notes)
    assert document.text == r"7KH\ GLYH GHHS"
    assert dict(document.left_out) == {"letters that the file does not name": 14}
    assert notes == ["page 1 has 14 letters that the file does not name: text recognition (OCR) may help."]


def test_what_stamps_and_signatures_show_stands_behind_their_page() -> None:
    def line(said: str) -> str:
        return f"BT /F 10 Tf 2 5 Td ({said}) Tj ET"

    notes: list[str] = []
    document = pdf(
        stamped(
            "The tenant pays monthly.",
            ("/Subtype /Stamp /Name /Received", line("RECEIVED 12 May 2021")),
            ("/Subtype /Square", "0 0 300 20 re S"),
            ("/Subtype /Widget /FT /Sig /T (S)", line("Digitally signed by Ann Auk")),
            ("/Subtype /Widget /FT /Tx /T (N) /V (Ben Bunting)", line("Ben Bunting")),
        ),
        notes,
    )
    said = ["The tenant pays monthly.", "Ben Bunting", "Digitally signed by Ann Auk", "RECEIVED 12 May 2021"]
    assert (texts(document), notes) == (said, [])


def test_pictures_are_counted() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(60, HEIGHT - 150, "Terns dive.")
        canvas.drawImage(ImageReader(Image.new("RGB", (4, 4))), 60, 60)

    assert [tuple(each) for each in pdf(made(draw)).left_out] == [("pictures", 1)]


@pytest.mark.parametrize(("count", "names"), [(2, 1), (3, 0)])
def test_what_only_the_head_of_a_letter_says_is_read_once(count: int, names: int) -> None:
    def draw(canvas: Canvas) -> None:
        for page in range(count):
            canvas.setFont("Helvetica", 8)
            canvas.drawString(60, HEIGHT - 40, "Tern and Auk Ltd. of 2021")
            canvas.drawString(60, HEIGHT - 52, "Invoice 4711/21, VAT no. NL00427")
            paragraph(canvas, f"Part {page} of it. {BODY}", 60, HEIGHT - 150, 400)
            canvas.drawString(60, 30, "Write to auk@example.org")
            canvas.drawString(500, 20, str(page + 1))
            canvas.showPage()

    document = pdf(made(draw))
    text = document.text
    said = ("Tern and Auk", "Invoice 4711/21, VAT no. NL00427", "auk@example.org")
    assert [text.count(each) for each in said] == [names, 1, 1]
    assert text.index("NL00427") < text.index("Part 0") < text.index("auk@") < text.index("Part 1")
    assert {"1", "2", "3"}.isdisjoint(texts(document))


def test_running_heads_that_are_much_of_a_file_are_told() -> None:
    def draw(canvas: Canvas) -> None:
        for page in range(8):
            canvas.setFont("Helvetica", 8)
            canvas.drawString(
                60, HEIGHT - 40, "A long head that stands over each of the pages of this handbook of terns"
            )
            paragraph(canvas, f"Part {page} says: {BODY}", 60, HEIGHT - 150, 400)
            canvas.showPage()

    notes: list[str] = []
    pdf(made(draw), notes)
    assert notes == ["8 lines of running heads and feet are left out."]


def test_a_small_number_over_another_is_a_fraction_and_before_a_letter_an_isotope() -> None:
    def number(canvas: Canvas, x: float, y: float, above: str, below: str) -> float:
        canvas.setFont("Helvetica", 8)
        canvas.drawString(x, y + 5, above)
        canvas.drawString(x, y - 3, below)
        canvas.setFont("Helvetica", 11)
        return x + 4.5 * max(len(above), len(below))

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 11)
        for y, words, above, below, behind in (
            (700, "Give ", "1", "2", " of it."),
            (660, "It has ", "3", "2", "He in it."),
        ):
            canvas.drawString(60, y, words)
            x = number(canvas, 60 + canvas.stringWidth(words, "Helvetica", 11), y, above, below)
            canvas.drawString(x, y, behind)

    assert pdf(made(draw)).text == "Give 1/2 of it.\n\nIt has ³2He in it."


def test_of_a_list_in_a_form_what_is_shown_is_read_and_not_what_it_sends() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(60, 700, "Ward:")
        options = [("North wing", "w1"), ("South wing", "w2")]
        canvas.acroForm.choice(name="ward", options=options, value="w2", x=140, y=694, width=120, height=18)

    assert pdf(made(draw)).text == "Ward: South wing"


def test_of_a_short_list_in_a_form_all_lines_are_read_and_of_a_long_one_what_is_chosen() -> None:
    def form(options: list[str]) -> bytes:
        def draw(canvas: Canvas) -> None:
            canvas.drawString(60, 700, "Ward:")
            canvas.acroForm.listbox(name="w", options=options, value="South", x=140, y=684, width=99, height=40)

        return made(draw)

    notes: list[str] = []
    assert pdf(form(["North", "South", "West"]), notes).text == "Ward: ☐ North ☒ South ☐ West"
    assert notes == []
    assert pdf(form(["South", *(f"Ward {number}" for number in range(30))]), notes).text == "Ward: South"
    assert notes == ["30 lines of a list in a form are left out, not chosen."]
