"""A list of references in the text: its entries, what they give, and that it is no text to answer from."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.citations.citing import cite
from qa.model import Document, Reference, Span
from qa.readers.formats.markdown import read_markdown
from qa.readers.formats.plain import read_plain
from qa.readers.passages import passages
from qa.readers.references.entries import entries, is_bibliography, reference

PAPERS = "Paper A.", "Paper B, of 2001", "Paper C."


def plain(text: str) -> Document:
    return read_plain(text, path=Path("terns.txt"), document_id="terns")


def markdown(text: str) -> Document:
    return read_markdown(text, path=Path("terns.md"), document_id="terns")


def listed(document: Document) -> list[tuple[str, str | None]]:
    return [(each.marker, each.text) for each in document.references]


def statuses(document: Document) -> list[str]:
    return [cite(document, passage).references_status for passage in passages(document)]


def asked(document: Document) -> list[str]:
    """What there is to answer from."""
    return [passage.text for passage in passages(document)]


FORMS = ["{}. {}", "[{}] {}", "{}) {}", "[{}]: {}"]


@pytest.mark.parametrize("between", ["\n", "\n\n"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "heading", ["References\n\n", "References\n", "7. References:\n\n", "LITERATURE CITED\n----\n\n"]
)
def test_a_list_in_plain_text_gives_the_entries_and_is_nothing_to_answer_from(
    heading: str, form: str, between: str
) -> None:
    written = between.join(form.format(number, paper) for number, paper in enumerate(PAPERS, start=1))
    document = plain(f"Terns\n\nTerns dive. [1] They eat. [3]\n\n{heading}{written}\n")
    assert listed(document) == [("1", PAPERS[0]), ("2", PAPERS[1]), ("3", PAPERS[2])]
    assert asked(document) == ["Terns dive. [1] They eat. [3]"]
    assert written in document.text


@pytest.mark.parametrize("between", ["\n", "\n\n"])
@pytest.mark.parametrize("form", [*FORMS[:3], "- [{}] {}", "- {1}"])
@pytest.mark.parametrize("heading", ["## References", "# Bibliography", "## Works cited", "### 4.1 Literature"])
def test_a_list_in_markdown_gives_the_entries_and_is_nothing_to_answer_from(
    heading: str, form: str, between: str
) -> None:
    written = between.join(form.format(number, paper) for number, paper in enumerate(PAPERS, start=1))
    document = markdown(f"Terns dive. [1] They eat. [3]\n\n{heading}\n\n{written}\n")
    assert listed(document) == [("1", PAPERS[0]), ("2", PAPERS[1]), ("3", PAPERS[2])]
    assert asked(document) == ["Terns dive. [1] They eat. [3]"]


def test_numbers_that_are_left_out_in_a_list_are_not_given_to_others() -> None:
    for document in (
        plain("Terns\n\nTerns dive. [98]\n\nReferences\n\n98. Paper A.\n102. Paper B.\n"),
        markdown("Terns dive. [98]\n\n## References\n\n98. Paper A.\n102. Paper B.\n"),
    ):
        assert listed(document) == [("98", "Paper A."), ("102", "Paper B.")]
    assert listed(markdown("Terns. [1]\n\n## References\n\n1. A.\n1. B.\n")) == [("1", "A."), ("2", "B.")]


def test_a_year_at_the_start_of_a_wrapped_line_begins_no_entry() -> None:
    document = plain("Terns\n\nThey dive. [2]\n\nReferences\n\n1. Paper A. J Ex.\n2001. London.\n2. Paper B.\n")
    assert listed(document) == [("1", "Paper A. J Ex. 2001. London."), ("2", "Paper B.")]


def test_a_section_with_other_text_stays_one_to_answer_from() -> None:
    document = markdown(
        "Terns dive. [1]\n\n## References\n\nRead these about terns:\n\n1. Paper A.\n\n## Food\n\nFish.\n"
    )
    assert listed(document) == [("1", "Paper A.")]
    assert asked(document) == ["Terns dive. [1]", "Read these about terns:\n\n1. Paper A.", "Fish."]


def test_notes_are_a_list_only_where_the_text_points_to_them() -> None:
    notes = "## Notes\n\n1. Keep dry.\n2. Keep cool.\n"
    assert asked(markdown(f"Terns dive.\n\n{notes}")) == ["Terns dive.", "1. Keep dry.\n2. Keep cool."]
    assert listed(markdown(f"Terns dive.\n\n{notes}")) == []
    assert asked(markdown(f"Terns dive. [2]\n\n{notes}")) == ["Terns dive. [2]"]
    assert listed(markdown(f"Terns dive. [2]\n\n{notes}")) == [("1", "Keep dry."), ("2", "Keep cool.")]


def test_a_document_that_is_nothing_but_a_list_can_be_asked() -> None:
    assert asked(markdown("# References\n\n1. Paper A.\n2. Paper B.\n")) == ["1. Paper A.\n2. Paper B."]
    assert asked(markdown("[^1]: Paper A.\n")) == ["[^1]: Paper A."]
    assert asked(plain("Terns\n\nReferences\n\n[1] Paper A\n\n[2] Paper B\n")) == ["[1] Paper A\n\n[2] Paper B"]
    assert asked(plain("[^1]: Paper A.")) == ["[^1]: Paper A."]


def test_a_label_that_two_lists_give_differently_stands_for_neither() -> None:
    document = markdown(
        "# One\n\nTerns. [1] [2]\n\n## References\n\n1. Paper A.\n2. Both.\n\n"
        "# Two\n\nGulls. [1] [2]\n\n## References\n\n1. Paper B.\n2. Both.\n"
    )
    assert listed(document) == [("1", None), ("2", "Both.")]
    assert statuses(document) == ["partial", "partial"]


@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_a_number_that_a_list_has_twice_is_that_of_neither_and_moves_no_other(between: str) -> None:
    written = between.join(("1. A.", "2. B.", "3. C.", "3. D.", "4. E.", "5. F."))
    for document in (
        plain(f"Terns\n\nTerns dive. [3] They eat. [4]\n\nReferences\n\n{written}\n"),
        markdown(f"Terns dive. [3] They eat. [4]\n\n## References\n\n{written}\n"),
    ):
        assert listed(document) == [("1", "A."), ("2", "B."), ("3", None), ("4", "E."), ("5", "F.")]
        assert len(asked(document)) == 1


def test_the_next_number_begins_an_entry_in_whatever_form() -> None:
    document = plain(
        "Terns\n\nTerns dive. [3]\n\nReferences\n\n[1] Paper A.\n[2] Paper B.\n3. Paper C.\n7. is in it.\n"
    )
    assert listed(document) == [("1", "Paper A."), ("2", "Paper B."), ("3", "Paper C. 7. is in it.")]


def test_what_stands_further_in_is_part_of_the_entry_above_it() -> None:
    bullets = "- Paper A.\n  - PMID: 12345\n- Paper B.\n"
    numbers = "1. Paper A.\n   1. PMID: 12345\n2. Paper B.\n"
    for document in (
        plain(f"Terns\n\nTerns dive. [2]\n\nReferences\n\n{bullets}"),
        markdown(f"Terns dive. [2]\n\n## References\n\n{bullets}"),
        plain(f"Terns\n\nTerns dive. [2]\n\nReferences\n\n{numbers}"),
        markdown(f"Terns dive. [2]\n\n## References\n\n{numbers}"),
    ):
        assert [(each.marker, each.pmid) for each in document.references] == [("1", "12345"), ("2", None)]
        assert listed(document)[1] == ("2", "Paper B.")


def test_a_list_without_labels_is_nothing_to_answer_from_and_no_marker_is_resolved_by_it() -> None:
    works = "Works on terns.\n\nExample A. Terns. 2001.\n\nExample B. Gulls. https://example.org/gulls\n"
    for document in (
        plain(f"Terns\n\nTerns dive. [1] They eat. [2]\n\nReferences\n\n{works}"),
        markdown(f"Terns dive. [1] They eat. [2]\n\n## References\n\n{works}"),
    ):
        assert asked(document) == ["Terns dive. [1] They eat. [2]"]
        assert listed(document) == [("1", None), ("2", None)]
        assert statuses(document) == ["partial"]
    for heading in ("References", "Literature"):
        text = "In a review of 2001 terns dived.\n\nGulls do not.\n" if heading == "References" else "Read in 2001.\n"
        assert len(asked(markdown(f"Terns dive.\n\n## {heading}\n\n{text}"))) == 2


def test_footnotes_are_entries_at_the_end_of_the_text_and_nothing_to_answer_from() -> None:
    document = markdown(
        "Terns[^1] dive.[^why]\n\n[^1]: *Paper* A. PMID: 12345.\n[^why]: Because of fish,\n    and crabs.\n\n"
        "They eat.\n"
    )
    assert document.text == (
        "Terns[^1] dive.[^why]\n\nThey eat.\n\n[^1]: Paper A. PMID: 12345.\n\n[^why]: Because of fish, and crabs."
    )
    assert document.references == (
        Reference(marker="^1", text="Paper A. PMID: 12345.", pmid="12345"),
        Reference(marker="^why", text="Because of fish, and crabs."),
    )
    assert [marker.label for marker in document.markers] == ["^1", "^why"]
    assert asked(document) == ["Terns[^1] dive.[^why]\n\nThey eat."]


def test_footnotes_in_plain_text_are_entries_too() -> None:
    document = plain("Terns\n\nTerns[^1] dive.[^why]\n\n[^1]: Paper A.\n[^why]: Because\n  of fish.\n\nThey eat.\n")
    assert listed(document) == [("^1", "Paper A."), ("^why", "Because of fish.")]
    assert asked(document)[0] == "Terns[^1] dive.[^why]"
    assert not any("Paper A." in text for text in asked(document))


@pytest.mark.parametrize(
    ("text", "doi", "pmid", "url"),
    [
        ("A. doi:10.1000/ex.1.", "10.1000/ex.1", None, None),
        ("A. https://doi.org/10.1000/S1-2(13)70-2).", "10.1000/S1-2(13)70-2", None, None),
        ("A. DOI 10.1000/x; PMID: 123.", "10.1000/x", "123", None),
        ("A. PMID 123", None, "123", None),
        ("A. https://pubmed.ncbi.nlm.nih.gov/123/ and more", None, "123", None),
        ("A. https://example.org/a_(b), read in 2001.", None, None, "https://example.org/a_(b)"),
        ("A. (See http://example.org/a.)", None, None, "http://example.org/a"),
        ("A. 2010.1234/5 javascript:alert(1) PMID: 123456789", None, None, None),
        ("A. N Engl J Med. 1999;341:1565-1571.", None, None, None),
    ],
)
def test_a_doi_a_pmid_and_an_address_are_those_that_stand_in_the_entry(
    text: str, doi: str | None, pmid: str | None, url: str | None
) -> None:
    assert reference("1", text) == Reference(marker="1", text=text, doi=doi, pmid=pmid, url=url)


def test_what_an_entry_links_to_is_its_own_where_its_text_does_not_say_it() -> None:
    one, two = "[Paper A](https://doi.org/10.1000/ex%281%29).", "Paper B, [seen](https://example.org/b), doi:10.1000/b."
    expected = [("10.1000/ex(1)", None), ("10.1000/b", "https://example.org/b")]
    for written in (f"1. {one}\n2. {two}\n", f"- {one}\n- {two}\n", f"[1] {one}\n[2] {two}\n"):
        document = markdown(f"See [terns](https://example.org).[1]\n\n## References\n\n{written}")
        assert [(each.doi, each.url) for each in document.references] == expected
        assert listed(document)[0] == ("1", "Paper A.")
    [note] = markdown("Terns dive.[^1]\n\n[^1]: [Paper A](https://pubmed.ncbi.nlm.nih.gov/123/)\n").references
    assert (note.text, note.pmid) == ("Paper A", "123")


@pytest.mark.parametrize("heading", ["Food", "Reference ranges", "Notes on terns", "", "1. ", "Literature review"])
def test_other_headings_head_no_list(heading: str) -> None:
    assert not is_bibliography(heading)


@pytest.mark.parametrize(
    "hostile",
    [
        *("[" * 50_000, "1. " * 30_000, "1. a\n" * 30_000, "[1] " * 30_000, "- " * 50_000, " " * 100_000, "¹" * 50_000),
        *("10.1234/" * 20_000, "http://" * 20_000, "https://a/" + ")" * 50_000, "[^" * 30_000),
    ],
    ids=lambda hostile: hostile[:8].strip(),
)
def test_thousands_of_labels_end(hostile: str) -> None:
    text = f"1. {hostile}"
    assert len(entries(text, Span(0, len(text)))) <= 2
    assert "The end" in plain(f"Terns\n\nReferences\n\n{text}\n\nThe end.").text


@given(st.lists(st.sampled_from(["[1] ", "2. ", "[3]", "- ", "a", "\n", " ", "¹ ", "[^x]: ", "7) "]), max_size=30))
@settings(max_examples=200, deadline=None)
def test_an_entry_has_a_label_once_and_words_of_the_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    found = entries(text, Span(0, len(text)))
    numbers = [int(each.marker) for each in found if each.marker.isdecimal()]
    assert numbers == sorted(set(numbers))
    for each in found:
        assert each.text is None or "".join(each.text.split()) in "".join(text.split())
        assert each.text != ""
