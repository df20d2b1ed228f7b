"""Plain text files, where only the layout tells what is the title, a heading, a list, or the page's own furniture."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_files import blocks

from qa.model import Document
from qa.readers import read
from qa.readers.formats.plain import read_plain

PAGE = Path(__file__).parent / "fixtures" / "question-page.txt"
REAL_PAGE = Path(__file__).parent.parent.parent / "shared" / "source" / "second-line-therapies-mm.txt"
FORM = "\n\n\nDid this answer your question?\nAnything to add? (Optional)\nThank you for your feedback!"


def plain(text: str) -> Document:
    return read_plain(text, path=Path("common_terns.txt"), document_id="terns")


# A question-and-answer page


def test_a_question_and_answer_page_gives_its_title_date_authors_and_editors() -> None:
    document = read(PAGE, "page")
    assert document.text == PAGE.read_text("utf-8")
    assert document.title == "How long do the common terns (CT) of northern Europe live?"
    assert document.updated == date(2021, 5, 11)
    assert document.authors == ("First Author, MD",)
    assert document.editors == ("Second Editor, MD",)
    assert (document.id, document.source) == ("page", "question-page.txt")
    assert (document.publisher, document.url, document.keywords, document.references) == (None, None, (), ())


def test_a_question_and_answer_page_has_its_headings_as_sections_and_its_furniture_in_none() -> None:
    document = read(PAGE, "page")
    expected = ["Eggs", "Fledglings", "Adults", "Arctic terns", "Sandwich terns-crested"]
    assert [section.path for section in document.sections] == [(heading,) for heading in expected]
    assert [(each.level, document.text[each.start : each.end]) for each in document.headings] == [
        (1, document.title),
        *((2, heading) for heading in expected),
    ]
    assert [len(section.blocks) for section in document.sections] == [1, 1, 2, 1, 1]
    assert {kind for _, kind, _ in blocks(document)} == {"paragraph"}
    shown = [text for _, _, text in blocks(document)]
    assert shown[0].startswith("A clutch holds two")
    assert shown[-1].endswith("at 30 years and 9 months. [22]")
    for furniture in ("Updated", "Author", "Editor", "Print", "Answer", "Did this", "feedback"):
        assert not any(furniture in text for text in shown), furniture


def test_a_question_and_answer_page_has_its_markers() -> None:
    document = read(PAGE, "page")
    assert [marker.label for marker in document.markers] == (
        ["12", "13", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22"]
    )
    assert [document.text[marker.start : marker.end] for marker in document.markers][6:9] == ["[17-19]"] * 3


@pytest.mark.skipif(not REAL_PAGE.exists(), reason=f"the page {REAL_PAGE.name} is not beside the checkout")
def test_the_page_that_it_is_all_about_is_read_as_it_stands() -> None:
    document = read(REAL_PAGE, "page")
    assert document.text == REAL_PAGE.read_bytes().decode("utf-8")
    assert document.title.startswith("What is the efficacy of ")
    assert document.title.endswith(" for multiple myeloma (MM)?")
    assert document.updated == date(2021, 5, 11)
    assert document.authors == ("Dhaval Shah, MD",)
    assert document.editors == ("Emmanuel C Besa, MD",)
    assert [section.path for section in document.sections] == [
        ("Thalidomide",),
        ("Lenalidomide",),
        ("Pomalidomide",),
        ("Selinexor",),
        ("Belantamab mafodotin-blmf",),
    ]
    assert [len(section.blocks) for section in document.sections] == [1, 1, 3, 2, 1]
    shown = "\n".join(text for _, _, text in blocks(document))
    for furniture in ("Updated", "Author", "Chief Editor", "Print", "Answer", "Did this answer", "feedback"):
        assert furniture not in shown
    assert list(dict.fromkeys(marker.label for marker in document.markers)) == [str(n) for n in range(97, 106)]


@pytest.mark.parametrize("line", ["Terns dive. [98]", "Terns dive.[1, 2] [3]", "Terns dive.¹²", "Terns dive![^1]"])
def test_a_short_sentence_with_a_marker_behind_it_is_no_heading(line: str) -> None:
    assert blocks(plain(f"Birds\n\n{line}\n\nThey eat fish.\n"))[0] == ((), "paragraph", line)


@pytest.mark.parametrize(
    ("line", "authors", "editors"),
    [
        ("Author: First Author, MD", ("First Author, MD",), ()),
        ("Authors: First Author, MD; Second Author, PhD", ("First Author, MD", "Second Author, PhD"), ()),
        (
            "  • Author: First Author; Chief Editor: Second Editor, MD\u00a0 more...",
            ("First Author",),
            ("Second Editor, MD",),
        ),
        ("- Editors: First Editor; Second Editor more…", (), ("First Editor", "Second Editor")),
        ("Author: First Author - second house", ("First Author - second house",), ()),
    ],
)
def test_people_are_read_from_their_line(line: str, authors: tuple[str, ...], editors: tuple[str, ...]) -> None:
    document = plain(f"Terns\n\n{line}\n\nA tern dives.\n")
    assert (document.authors, document.editors) == (authors, editors)
    assert blocks(document) == [((), "paragraph", "A tern dives.")]


@pytest.mark.parametrize(
    "line", ["Updated: May 11, 2021", "Last reviewed on 11 May 2021", "Date: 2021-05-11", "* Published: May 11th, 2021"]
)
def test_a_date_is_read_from_its_line(line: str) -> None:
    document = plain(f"Terns\n\n{line}\n\nA tern dives.\n")
    assert document.updated == date(2021, 5, 11)
    assert blocks(document) == [((), "paragraph", "A tern dives.")]


@pytest.mark.parametrize("line", ["Updated: when we know more.", "Updated counts came in.", "Print: in two colours."])
def test_a_line_that_only_looks_like_the_header_s_is_text(line: str) -> None:
    document = plain(f"Terns\n\n{line}\n\nA tern dives.\n")
    assert (document.updated, document.authors, document.editors) == (None, (), ())
    assert [text for _, _, text in blocks(document)] == [line, "A tern dives."]


def test_the_form_at_the_end_is_in_no_section_and_stays_in_the_text() -> None:
    text = "Terns\n\nFood\n\nA tern dives." + FORM
    document = plain(text)
    assert document.text == text
    assert blocks(document) == [(("Food",), "paragraph", "A tern dives.")]


@pytest.mark.parametrize(
    "text",
    [
        "Did this help the terns? The count of the next year says that it did: most of the nests were in use.",
        "Was this island useful? Nobody knows.",
        "Did this help?\n\nIt did: of the nests that had been given a roof of wire, most were in use the year after.",
    ],
)
def test_a_question_of_the_text_itself_is_not_taken_for_the_form(text: str) -> None:
    shown = [block for _, _, block in blocks(plain(f"Terns\n\nA tern dives.\n\n{text}\n"))]
    assert text.split("\n\n")[-1] in shown


def test_a_form_in_the_middle_of_a_long_text_is_text() -> None:
    after = "A tern dives for fish. " * 40
    assert (
        blocks(plain(f"Terns\n\nBefore.\n\nDid this answer your question?\n\n{after.strip()}"))[-1][2] == after.strip()
    )


# Titles and headings


def test_the_first_line_is_the_title_where_it_stands_alone() -> None:
    document = plain("\n\n  Common terns  \n\nA tern dives.\n")
    assert document.title == "Common terns"
    assert [(each.level, document.text[each.start : each.end]) for each in document.headings] == [(1, "Common terns")]


@pytest.mark.parametrize("first", ["A tern dives.\nIt eats.", "x" * 301, "- A tern dives."])
def test_a_first_paragraph_or_item_is_no_title(first: str) -> None:
    document = plain(f"{first}\n\nIt flies.\n")
    assert document.title == "common terns"
    assert blocks(document)[0][2] == first


def test_underlined_lines_are_the_title_and_headings() -> None:
    document = plain(
        "Common terns\n============\n\nfood, of chicks and others:\n---\n\nFish.\n\nNest\n~~~~\n\nShingle.\n"
    )
    assert document.title == "Common terns"
    assert blocks(document) == [
        (("food, of chicks and others:",), "paragraph", "Fish."),
        (("Nest",), "paragraph", "Shingle."),
    ]


def test_a_heading_under_a_heading_is_inside_of_it() -> None:
    document = plain("Terns\n\nFood\n\nOf chicks\n\nFish.\n\nNest\n\nShingle.\n")
    assert [section.path for section in document.sections] == [("Food", "Of chicks"), ("Nest",)]
    assert [each.level for each in document.headings] == [1, 2, 3, 2]


@pytest.mark.parametrize("line", ["Food", "2 Food of chicks", "What do terns eat?", "Food (in summer)", "Food\u00a0 "])
def test_a_short_line_that_is_set_as_one_is_a_heading(line: str) -> None:
    document = plain(f"Terns\n\nFirst.\n\n{line}\n\nFish.\n")
    assert blocks(document) == [((), "paragraph", "First."), ((line.strip(),), "paragraph", "Fish.")]


@pytest.mark.parametrize(
    "line",
    [
        "It dives.",
        "and so on",
        "These are eaten:",
        "fish, crabs, and",
        "- Fish",
        "• Fish",
        "https://example.org/terns",
        "See https://example.org",
        "| Fish | Crabs |",
        "1234",
        "***",
        "Long " * 13,
        "Longer-than-any-heading-should-be " * 3,
        "One line\nand another",
    ],
)
def test_a_line_that_is_no_heading_is_text(line: str) -> None:
    document = plain(f"Terns\n\nFirst.\n\n{line}\n\nFish.\n")
    assert [section.path for section in document.sections] == [()]
    assert [text.strip() for _, _, text in blocks(document)] == ["First.", line.strip(), "Fish."]


def test_a_heading_over_nothing_is_a_paragraph() -> None:
    assert blocks(plain("Terns\n\nFood\n\nFish.\n\nNest\n")) == [
        (("Food",), "paragraph", "Fish."),
        (("Food",), "paragraph", "Nest"),
    ]
    assert blocks(plain("Terns\n\nFood\n\nFish.\n\nNest" + FORM))[-1] == (("Food",), "paragraph", "Nest")


def test_a_text_without_headings_is_one_section_without_a_path() -> None:
    document = plain("Terns\n\nA tern dives.\n\nIt eats fish.\n")
    assert blocks(document) == [((), "paragraph", "A tern dives."), ((), "paragraph", "It eats fish.")]


# Small and odd files


@pytest.mark.parametrize("text", ["A tern dives.", "A tern dives.\n", "  A tern dives.", "Answer"])
def test_a_file_of_one_line_has_it_as_its_title_and_its_text(text: str) -> None:
    document = plain(text)
    assert document.title == text.strip()
    assert [(path, block.strip()) for path, _, block in blocks(document)] == [((), text.strip())]
    assert document.headings == ()


def test_a_title_over_a_header_alone_is_itself_the_text() -> None:
    assert blocks(plain("How old do terns grow?\n\nUpdated: May 11, 2021\n  • Print\nAnswer\n")) == [
        ((), "paragraph", "How old do terns grow?")
    ]


@pytest.mark.parametrize("text", ["", "\n", " \n\t\n \n", "\u00a0\n"])
def test_an_empty_file_is_a_document_without_a_section(text: str) -> None:
    document = plain(text)
    assert (document.text, document.title, document.sections, document.headings) == (text, "common terns", (), ())


def test_lists_and_tables_are_blocks_of_their_own() -> None:
    document = plain(
        "Terns\n\nThey eat:\n\n- fish\n- crabs\n  of all kinds\n\n1. first\n2) second\n\n"
        "a\tb\nc\td\n\n| x | y |\n| 1 | 2 |\n\n"
        "A line - with dashes\n- and one more.\n"
    )
    assert [kind for _, kind, _ in blocks(document)] == ["paragraph", "list", "list", "table", "table", "paragraph"]
    assert blocks(document)[1] == ((), "list", "- fish\n- crabs\n  of all kinds")


def test_hard_wrapped_text_is_one_paragraph_until_the_blank_line() -> None:
    text = (
        "Terns\n\nA tern dives for fish\nand brings them to the\nnest. It is\n2. in the colony.\n \t \nThen it flies.\n"
    )
    assert blocks(plain(text)) == [
        ((), "paragraph", "A tern dives for fish\nand brings them to the\nnest. It is\n2. in the colony."),
        ((), "paragraph", "Then it flies."),
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        " " * 100_000,
        "\t" * 100_000 + "tern",
        "\n" * 100_000,
        "\n \n" * 50_000,
        "Author: a" + " " * 100_000 + "tern",
        "Author: " + "more " * 20_000,
        "Author: a;" + "tern;" * 20_000,
        "- " * 50_000,
        "=" * 100_000,
        "1" * 100_000,
    ],
    ids=lambda hostile: hostile[:12].strip() or "white space",
)
def test_a_hundred_thousand_characters_of_anything_end(hostile: str) -> None:
    document = plain(f"Terns\n\n{hostile}\n\nThe last tern.\n")
    assert document.text == f"Terns\n\n{hostile}\n\nThe last tern.\n"
    assert blocks(document)[-1][2] == "The last tern."


_LINES = st.sampled_from(
    [
        *(
            "",
            " ",
            "Food",
            "Nest of terns",
            "A tern dives. [1]",
            "It eats fish\tand crabs.",
            "- fish",
            "1. one",
            "| a | b |",
        ),
        *("===", "---", "Updated: May 11, 2021", "  • Author: First Author, MD", "  • Print", "Answer", "They eat:"),
        *("Did this answer your question?", "Thank you for your feedback!", "\u00a0", "  indented"),
    ]
)


@given(st.lists(_LINES, max_size=25).map("\n".join))
@settings(max_examples=250, deadline=None)
def test_the_text_is_unchanged_and_its_blocks_are_in_order_inside_of_their_sections(text: str) -> None:
    document = plain(text)
    assert document.text == text
    reached = 0
    for section in document.sections:
        assert (section.start, section.end) == (section.blocks[0].start, section.blocks[-1].end)
        assert all(heading in text for heading in section.path)
        for block in section.blocks:
            assert reached <= block.start < block.end
            assert text[block.start : block.end].strip()
            reached = block.end
    for heading in document.headings:
        assert text[heading.start : heading.end].strip() == text[heading.start : heading.end] != ""
        assert not any(section.start <= heading.start < section.end for section in document.sections)
