"""Citations: the pointer from a passage back to the exact characters, with the references that it stands on."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from qa.citations.citing import CONTEXT, cite, cite_span
from qa.model import Document, Passage, Reference
from qa.readers import read
from qa.readers.formats.markdown import read_markdown
from qa.readers.passages import passages

PAGE = Path(__file__).parent / "fixtures" / "question-page.txt"
REAL_PAGE = Path(__file__).parent.parent.parent / "shared" / "source" / "second-line-therapies-mm.txt"
TEXT = """---
title: How long do terns live?
updated: 2021-05-11
authors: [First Author, MD, Second Author]
publisher: example House
references:
  - {marker: "12", text: "Example A. Terns.", doi: 10.1000/ex.12, pmid: "12345678"}
  - {marker: "13", text: "Example B. Gulls."}
  - {marker: Ex20, text: "Example C. Auks."}
  - {marker: "99", text: "Example D. Never pointed to."}
---
Ringed birds 🐦 were counted. [13]

## Adults

### Oldest

The oldest tern lived 33 years. [12, 13] It was found dead. [12]

## Eggs

Two or three are laid. [Ex20, 14] The nest is [a bowl] of shingle.

## Nest

It lies on shingle.
"""


@pytest.fixture
def document() -> Document:
    return read_markdown(TEXT, path=Path("terns.md"), document_id="terns")


def test_the_quote_is_the_slice_of_the_document_whose_digest_stands_beside_it(document: Document) -> None:
    for passage in passages(document):
        citation = cite(document, passage)
        assert citation.document is document
        assert citation.quote == passage.text == document.text[citation.start : citation.end]
        assert (citation.start, citation.end) == (passage.start, passage.end)
        assert (citation.section, citation.page) == (passage.section, passage.page)
        assert citation.document.sha256 == hashlib.sha256(document.text.encode("utf-8")).hexdigest()


def test_a_citation_carries_32_characters_of_its_surroundings_or_what_there_is_of_them(document: Document) -> None:
    for passage in passages(document):
        citation = cite(document, passage)
        whole = citation.prefix + citation.quote + citation.suffix
        assert document.text[passage.start - len(citation.prefix) : passage.end + len(citation.suffix)] == whole
        assert len(citation.prefix) == min(CONTEXT, passage.start)
        assert len(citation.suffix) == min(CONTEXT, len(document.text) - passage.end)
    assert CONTEXT == 32


def test_any_span_is_cited_by_the_passage_and_the_section_that_it_begins_in(document: Document) -> None:
    found = passages(document)
    text = document.text
    for words, passage_id, section in [
        ("were counted. [13]", "terns-00000", ()),
        ("dead. [12]\n\nEggs\n\nTwo", "terns-00001", ("Adults", "Oldest")),
        ("Eggs", "terns-00001", ()),
        ("shingle.\n\nNest", "terns-00002", ("Eggs",)),
    ]:
        start = text.index(words)
        cited = cite_span(document, found, start, start + len(words))
        assert (cited.passage.id, cited.citation.section, cited.citation.quote) == (passage_id, section, words)
    assert [each.marker for each in cite_span(document, found, 0, len(text)).citation.references] == [
        *("13", "12", "Ex20", "14")
    ]
    assert cite_span(document, (), 0, 5).passage.id == "terns"


def test_the_references_are_those_that_the_passage_s_markers_point_to_in_order_and_once(document: Document) -> None:
    found = [cite(document, passage).references for passage in passages(document)]
    twelve = Reference(marker="12", text="Example A. Terns.", doi="10.1000/ex.12", pmid="12345678")
    thirteen = Reference(marker="13", text="Example B. Gulls.")
    assert found == [
        (thirteen,),
        (twelve, thirteen),
        (Reference(marker="Ex20", text="Example C. Auks."), Reference(marker="14")),
        (),
    ]


def test_a_reference_that_the_bibliography_lacks_has_no_text_and_none_is_made_up(document: Document) -> None:
    bare = replace(document, references=())
    references = [each for passage in passages(bare) for each in cite(bare, passage).references]
    assert [each.marker for each in references] == ["13", "12", "13", "Ex20", "14"]
    assert all((each.text, each.doi, each.pmid) == (None, None, None) for each in references)


def test_a_marker_of_a_neighbouring_passage_is_not_bound(document: Document) -> None:
    first, second, *_ = passages(document)
    assert first.end < second.start
    start = document.text.index("It was found dead")
    part = Passage(
        id="terns-part",
        document_id="terns",
        section=second.section,
        text=document.text[start : second.end],
        start=start,
        end=second.end,
        sentences=(),
    )
    assert [each.marker for each in cite(document, part).references] == ["12"]
    cut = replace(part, text=part.text[:-1], end=part.end - 1)
    assert cite(document, cut).references == ()


def test_each_marker_has_its_place_and_the_sentence_that_it_belongs_to(document: Document) -> None:
    bound = [marker for passage in passages(document) for marker in cite(document, passage).markers]
    text = document.text
    assert [(each.label, text[each.start : each.end], text[slice(*each.sentence)]) for each in bound] == [
        ("13", "[13]", "Ringed birds 🐦 were counted. [13]"),
        ("12", "[12, 13]", "The oldest tern lived 33 years. [12, 13]"),
        ("13", "[12, 13]", "The oldest tern lived 33 years. [12, 13]"),
        ("12", "[12]", "It was found dead. [12]"),
        ("Ex20", "[Ex20, 14]", "Two or three are laid. [Ex20, 14]"),
        ("14", "[Ex20, 14]", "Two or three are laid. [Ex20, 14]"),
    ]
    assert [(each.start, each.end) for each in bound] == [(each.start, each.end) for each in document.markers]


def test_the_status_says_whether_the_markers_have_entries(document: Document) -> None:
    found = [cite(document, passage).references_status for passage in passages(document)]
    assert found == ["resolved", "resolved", "partial", "no_markers"]
    bare = replace(document, references=())
    found = [cite(bare, passage).references_status for passage in passages(bare)]
    assert found == ["no_reference_list"] * 3 + ["no_markers"]


SENTENCES_OF_THE_PAGE = {
    "12": "Losses to foxes and gulls are the rule rather than the exception. [12]",
    "14": "Ringing by Becker et al found that most adults return to the same nest. [14]",
    "16": "In February 1998, a ring was read that was 25 years old. [15, 16]",
    "18": "An arctic tern lives longer (median, 10 years) than a common tern. [17-19]",
}


def test_the_markers_of_a_question_and_answer_page_have_their_sentences_and_no_list() -> None:
    document = read(PAGE, "page")
    citations = [cite(document, passage) for passage in passages(document)]
    bound = [marker for citation in citations for marker in citation.markers]
    assert len(bound) == 12
    assert len({(each.start, each.end) for each in bound}) == 8
    for label, sentence in SENTENCES_OF_THE_PAGE.items():
        assert {document.text[slice(*each.sentence)] for each in bound if each.label == label} == {sentence}
    assert {citation.references_status for citation in citations} == {"no_reference_list"}


BEGINNINGS = [
    (["97"], "Its antiangiogenic properties have become increasingly apparent"),
    (["98"], "An important prospective placebo-controlled trial"),
    (["98"], "Overall survival was significantly improved."),
    (["99"], "A study by Lacy et al found"),
    (["100", "101"], "In February 2013, pomalidomide was approved"),
    (["100"], "Of the 221 patients who were evaluable"),
    (["102"], "In another study, Miguel et al found"),
    (["102"], "Rates of most adverse events were similar"),
    (["103", "104"], "This group had a 25.4% overall response rate"),
    (["105"], "Because of the risks of ocular toxicity"),
]


@pytest.mark.skipif(not REAL_PAGE.exists(), reason=f"the page {REAL_PAGE.name} is not beside the checkout")
def test_the_ten_markers_of_the_page_that_it_is_all_about_have_their_sentences_and_no_list() -> None:
    document = read(REAL_PAGE, "page")
    citations = [cite(document, passage) for passage in passages(document)]
    places: dict[tuple[int, int], list[str]] = {}
    sentences: dict[tuple[int, int], str] = {}
    for marker in (each for citation in citations for each in citation.markers):
        places.setdefault((marker.start, marker.end), []).append(marker.label)
        sentences[marker.start, marker.end] = document.text[slice(*marker.sentence)]
    assert list(places.values()) == [labels for labels, _ in BEGINNINGS]
    for (place, sentence), (labels, beginning) in zip(sentences.items(), BEGINNINGS, strict=True):
        assert sentence.startswith(beginning)
        assert sentence.endswith(document.text[slice(*place)])
        assert document.text[slice(*place)] == f"[{', '.join(labels)}]"
    assert {citation.references_status for citation in citations if citation.markers} == {"no_reference_list"}


def test_a_label_names_all_that_leads_back_to_the_place(document: Document) -> None:
    passage = passages(document)[1]
    assert cite(document, passage).label == (
        "First Author, MD, Second Author. “How long do terns live?”. Example House. "
        f"Section “Adults › Oldest”. Updated 2021-05-11. Characters {passage.start + 1}-{passage.end}."
    )
    assert cite(document, replace(passage, page=7)).label.endswith(
        f"Section “Adults › Oldest”. Page 7. Updated 2021-05-11. Characters {passage.start + 1}-{passage.end}."
    )


def test_a_label_leaves_out_what_is_not_known_and_says_that_there_is_no_date() -> None:
    document = Document(id="t", title="Terns", text="A tern dives.", source="t.md")
    passage = Passage(id="t-0", document_id="t", section=(), text="tern", start=2, end=6, sentences=())
    assert cite(document, passage).label == "“Terns”. Undated. Characters 3-6."
    dated = replace(document, updated=date(2021, 5, 1))
    assert cite(dated, passage).label == "“Terns”. Updated 2021-05-01. Characters 3-6."


def test_a_label_has_one_full_stop_behind_each_part() -> None:
    document = Document(
        id="t", title="Terns.", text="A tern dives.", source="t.md", authors=("Author F.",), publisher="Example Inc."
    )
    passage = Passage(id="t-0", document_id="t", section=(), text="tern", start=2, end=6, sentences=())
    assert cite(document, passage).label == "Author F. “Terns.”. Example Inc. Undated. Characters 3-6."


def test_the_characters_of_a_label_counted_from_one_lead_to_the_quote() -> None:
    document = read(PAGE, "page")
    for passage in passages(document):
        citation = cite(document, passage)
        first, last = citation.label.rsplit(" ", 1)[1].rstrip(".").split("-")
        assert document.text[int(first) - 1 : int(last)] == citation.quote


def test_the_markers_of_a_page_without_a_bibliography_give_references_without_a_text() -> None:
    document = read(PAGE, "page")
    references = {each.marker: each for passage in passages(document) for each in cite(document, passage).references}
    assert list(references) == ["12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22"]
    assert all(each == Reference(marker=marker) for marker, each in references.items())
