"""What programs write of a file by themselves is nobody's word on it."""

from __future__ import annotations

import io
from datetime import date

import docx
import pytest
from pdfs import made
from source_files import document_of

from qa.readers.formats.defaults import people, said_title, saved_on


def test_the_name_of_a_program_and_what_it_calls_its_user_are_no_author() -> None:
    given = [
        "python-docx",
        "openpyxl",
        "Openpyxl",
        "Microsoft Office User",
        "user",
        "Ann Auk",
        "(anonymous)",
        "Pandora",
    ]
    assert people(given) == ("Ann Auk", "Pandora")


@pytest.mark.parametrize(
    "title", ["", "Document1", "PowerPoint Presentation", "Microsoft Word - tern.doc", "tern.docx"]
)
def test_a_title_that_a_program_gave_is_none(title: str) -> None:
    assert said_title(title) is None
    assert said_title(f"On {title or 'terns'} and gulls") is not None


def test_the_date_of_a_template_or_of_a_clock_that_stood_is_none() -> None:
    assert saved_on(["2013-12-23T23:15:00Z", "2013-01-27T09:14:16Z", "1980-01-01", "1601-01-01", "soon"]) is None
    assert saved_on(["2013-12-23T23:15:00Z", "2024-05-06T08:00:00Z"]) == date(2024, 5, 6)


def test_a_file_that_a_program_made_without_a_word_on_it_says_nothing_of_itself() -> None:
    file, data = docx.Document(), io.BytesIO()
    file.add_paragraph("Terns dive for fish.")
    file.save(data)
    document = document_of(data.getvalue(), "terns.docx")
    assert (document.title, document.authors, document.updated) == ("terns", (), None)
    written = document_of(made(lambda canvas: canvas.drawString(60, 700, "Terns."), author="openpyxl"), "terns.pdf")
    assert written.authors == ()
