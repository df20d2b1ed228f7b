"""Passages: exact spans of one section each, of whole sentences, lists and tables, and of about the right size."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.model import Document, Passage
from qa.readers import read
from qa.readers.formats.markdown import read_markdown
from qa.readers.formats.plain import read_plain
from qa.readers.passages import PASSAGE_WORDS, passages
from qa.text.sentences import sentences

PAGE = Path(__file__).parent / "fixtures" / "question-page.txt"
REAL_PAGE = Path(__file__).parent.parent.parent / "shared" / "source" / "second-line-therapies-mm.txt"
SENTENCE = "The common tern nests on open shingle and dives for small fish."  # 12 words


def markdown(text: str) -> Document:
    return read_markdown(text, path=Path("terns.md"), document_id="terns")


def plain(text: str) -> Document:
    return read_plain(text, path=Path("terns.txt"), document_id="terns")


def texts(document: Document, *, most_words: int = PASSAGE_WORDS) -> list[str]:
    return [passage.text for passage in passages(document, most_words=most_words)]


def paragraph(count: int) -> str:
    return " ".join([SENTENCE] * count)


# Documents of every kind

_WORDS = st.sampled_from(
    [
        *("tern", "dives", "fish,", "0.5", "mg/kg", "≥6", "(eg,", "crabs)", "et", "al.", "Fig.", "2", "e\u0301tang"),
        *("*bold*", "`code`", "&amp;", "[link](x)", "🐦", "[98]", "Nest.[99]"),
    ]
)
_SENTENCES = st.lists(_WORDS, min_size=1, max_size=12).map(lambda words: "The " + " ".join(words) + ".")
_PARAGRAPHS = st.lists(_SENTENCES, min_size=1, max_size=6).map(" ".join)
_ITEMS = st.lists(_SENTENCES, min_size=2, max_size=12)
_MARKDOWN = st.one_of(
    _PARAGRAPHS,
    _PARAGRAPHS.map(lambda text: f"> {text}"),
    _ITEMS.map(lambda items: "\n".join(f"- {item}" for item in items)),
    _ITEMS.map(lambda items: "They eat:\n\n" + "\n".join(f"1. {item}" for item in items)),
    _ITEMS.map(lambda items: "So:\n\n| a | b |\n|---|---|\n" + "\n".join(f"| {item} | 1 |" for item in items)),
    _ITEMS.map(lambda items: "```\n" + "\n\n".join(items) + "\n```"),
    st.sampled_from(["# Terns", "## Food", "## Nest", "### Of chicks", "***", "<div>In HTML</div>", "Only this:"]),
)
_PLAIN = st.one_of(
    _PARAGRAPHS,
    _PARAGRAPHS.map(lambda text: text.replace(" ", "\n", 3)),
    _ITEMS.map(lambda items: "\n".join(f"• {item}" for item in items)),
    _ITEMS.map(lambda items: "They eat:\n\n" + "\n".join(f"{item}\t1" for item in items)),
    st.sampled_from(
        ["Terns", "Food", "Nest\n----", "Updated: May 11, 2021", "  • Print", "They eat:", " ", "Did this help?"]
    ),
)
_DOCUMENTS = st.one_of(
    st.lists(_MARKDOWN, max_size=12).map("\n\n".join).map(markdown),
    st.lists(_PLAIN, max_size=12).map("\n\n".join).map(plain),
)
_SIZES = st.sampled_from([1, 5, 20, 60, PASSAGE_WORDS])


@given(_DOCUMENTS, _SIZES)
@settings(max_examples=60, deadline=None)
def test_every_span_is_a_slice_of_the_text_that_it_belongs_to(document: Document, most_words: int) -> None:
    for passage in passages(document, most_words=most_words):
        assert document.text[passage.start : passage.end] == passage.text
        assert passage.document_id == document.id
        assert passage.page is None
        for start, end in passage.sentences:
            assert passage.text[start:end] == document.text[passage.start + start : passage.start + end]
        held = "".join(passage.text[start:end] for start, end in passage.sentences)
        assert "".join(held.split()) == "".join(passage.text.split())
    for marker in document.markers:
        assert document.text[marker.start] + document.text[marker.end - 1] == "[]"
        assert marker.label in document.text[marker.start : marker.end]


@given(_DOCUMENTS, _SIZES)
@settings(max_examples=60, deadline=None)
def test_a_passage_lies_in_one_section_and_together_they_hold_every_block_once(
    document: Document, most_words: int
) -> None:
    found = passages(document, most_words=most_words)
    for passage in found:
        [section] = [each for each in document.sections if each.start < passage.end <= each.end]
        above = document.text[passage.start : max(section.start, passage.start)].strip()
        assert above in ("", section.path[-1] if section.path else "")
        assert passage.section == section.path
    reached = 0
    covered: set[int] = set()
    for passage in found:
        assert reached <= passage.start < passage.end
        covered |= set(range(passage.start, passage.end))
        reached = passage.end
    for section in document.sections:
        for block in section.blocks:
            left = [at for at in range(block.start, block.end) if at not in covered and not document.text[at].isspace()]
            assert left == []


@given(_DOCUMENTS, _SIZES)
@settings(max_examples=60, deadline=None)
def test_no_sentence_of_a_paragraph_or_list_is_cut(document: Document, most_words: int) -> None:
    ends = {passage.end for passage in passages(document, most_words=most_words)}
    for section in document.sections:
        for block in section.blocks:
            if block.kind in ("paragraph", "list"):
                for start, end in sentences(document.text, block.start, block.end):
                    assert not any(start < cut < end for cut in ends), document.text[start:end]


@given(_DOCUMENTS, _SIZES)
@settings(max_examples=60, deadline=None)
def test_a_passage_is_longer_than_asked_only_where_one_sentence_or_block_is(
    document: Document, most_words: int
) -> None:
    kinds = [block for section in document.sections for block in section.blocks if block.kind != "paragraph"]
    for passage in passages(document, most_words=most_words):
        count = len(passage.text.split())
        if count > most_words and len(passage.sentences) > 1:
            assert any(block.start < passage.end and passage.start < block.end for block in kinds), passage.text
            longest = max(len(passage.text[start:end].split()) for start, end in passage.sentences)
            assert count <= max(4 * most_words, longest)


@given(_DOCUMENTS)
@settings(max_examples=30, deadline=None)
def test_ids_rise_in_source_order_and_the_same_document_gives_the_same_passages(document: Document) -> None:
    found = passages(document, most_words=10)
    assert [passage.id for passage in found] == [f"terns-{number:05d}" for number in range(len(found))]
    assert sorted(passage.id for passage in found) == [passage.id for passage in found]
    assert passages(document, most_words=10) == found


# Sizes


def test_a_document_without_text_has_no_passage() -> None:
    assert passages(markdown("")) == []
    assert passages(plain("\n")) == []


def test_a_short_section_is_one_passage_with_its_path_and_its_sentences() -> None:
    document = markdown("# Terns\n\n## Food\n\n### Of chicks\n\nFish. [1]\n\nCrabs (eg, 0.5 mg) too.\n")
    text = "Fish. [1]\n\nCrabs (eg, 0.5 mg) too."
    start = document.text.index("Fish")
    [passage] = passages(document)
    assert passage == Passage(
        id="terns-00000",
        document_id="terns",
        section=("Food", "Of chicks"),
        text=text,
        start=start,
        end=start + len(text),
        sentences=passage.sentences,
    )
    assert [text[a:b] for a, b in passage.sentences] == ["Fish. [1]", "Crabs (eg, 0.5 mg) too."]


def test_paragraphs_are_put_together_for_as_long_as_they_fit() -> None:
    parts = [paragraph(1), paragraph(2), paragraph(1), paragraph(3)]
    document = markdown("\n\n".join(parts))
    assert texts(document, most_words=48) == ["\n\n".join(parts[:3]), parts[3]]
    assert texts(document, most_words=47) == ["\n\n".join(parts[:2]), parts[2], parts[3]]
    assert texts(document, most_words=84) == ["\n\n".join(parts)]


def test_a_paragraph_that_fits_into_one_passage_is_not_divided() -> None:
    document = markdown(f"{paragraph(1)}\n\n{paragraph(3)}")
    assert texts(document, most_words=36) == [paragraph(1), paragraph(3)]


def test_a_long_paragraph_is_divided_between_sentences() -> None:
    document = markdown(paragraph(10))
    assert texts(document, most_words=40) == [paragraph(3), paragraph(3), paragraph(3), paragraph(1)]


def test_a_sentence_that_is_too_long_is_one_passage() -> None:
    long = "The tern " + "and the gull " * 100 + "dives."
    assert texts(markdown(f"{SENTENCE} {long} {SENTENCE}"), most_words=20) == [SENTENCE, long, SENTENCE]


@pytest.mark.parametrize("written", ["tern " * 50_000, "tern" * 50_000])
def test_what_is_far_too_long_for_a_sentence_is_divided(written: str) -> None:
    found = texts(plain(f"Terns\n\n{SENTENCE}\n\n{written.strip()}.\n"), most_words=150)
    assert max(map(len, found)) <= 150 * 101
    assert "".join("".join(found).split()) == "".join(f"{SENTENCE}{written}.".split())


def test_a_passage_ends_with_its_section_however_short() -> None:
    document = plain("Terns\n\nFood\n\nFish are eaten.\n\nNest\n\nShingle is used.\n")
    assert [(passage.section, passage.text) for passage in passages(document)] == [
        (("Food",), "Fish are eaten."),
        (("Nest",), "Shingle is used."),
    ]


@pytest.mark.parametrize(
    "block",
    [
        "\n".join(f"- fish number {number}" for number in range(12)),
        "\n".join(f"{number}. fish" for number in range(1, 25)),
        "| fish | age |\n|---|---|\n" + "\n".join(f"| fish | {number} |" for number in range(10)),
        "```\n" + "fish = 1\n\n" * 15 + "```",
    ],
)
def test_a_list_table_or_listing_stays_whole_with_its_introduction(block: str) -> None:
    document = markdown(f"{SENTENCE} {SENTENCE}\n\nThese are eaten in the colony:\n\n{block}\n\n{SENTENCE}\n")
    assert texts(document, most_words=20) == [
        SENTENCE,
        SENTENCE,
        "These are eaten in the colony:\n\n" + markdown(block).text,
        SENTENCE,
    ]


def test_only_the_last_sentence_of_a_long_paragraph_introduces_a_list() -> None:
    document = markdown(f"{paragraph(3)} They eat:\n\n- fish\n- crabs\n")
    assert texts(document, most_words=15) == [SENTENCE, SENTENCE, SENTENCE, "They eat:\n\n- fish\n- crabs"]


def test_an_introduction_to_nothing_is_not_lost() -> None:
    document = markdown("They eat:\n\nFish.\n\nThey also eat:\n")
    assert texts(document) == ["They eat:\n\nFish.\n\nThey also eat:"]
    assert texts(document, most_words=1) == ["They eat:", "Fish.", "They also eat:"]


def test_a_very_long_list_is_divided_between_its_items() -> None:
    items = [f"- {SENTENCE} Its number is {number}." for number in range(200)]
    found = texts(markdown("They were counted:\n\n" + "\n".join(items)))
    assert len(found) > 10
    assert found[0].startswith(f"They were counted:\n\n{items[0]}\n")
    assert "\n".join(found) == "They were counted:\n\n" + "\n".join(items)
    assert all(len(text.split()) <= PASSAGE_WORDS for text in found)


@pytest.mark.parametrize("text", ["- fish\n  wrapped. And raw.\n- crabs\n", "• fish. Raw\n• crabs.\n"])
def test_an_item_of_a_very_long_list_is_not_cut(text: str) -> None:
    document = plain(f"Terns\n\n{text * 400}")
    assert document.sections[0].blocks[0].kind == "list"
    assert all(found.startswith(text[0]) for found in texts(document))


def test_a_very_long_table_is_divided_between_its_rows_under_its_head() -> None:
    rows = [f"| {SENTENCE} Really. | {number} |" for number in range(100)]
    found = texts(markdown("| a | b |\n|---|---|\n" + "\n".join(rows)))
    assert {text.split("\n")[0] for text in found} == {"| a | b |"}
    assert "\n".join(text.removeprefix("| a | b |\n") for text in found) == "\n".join(rows)
    assert all(text.endswith(" |") and len(text.split()) <= PASSAGE_WORDS for text in found)


def test_very_long_rows_without_bars_and_listings_are_divided_between_their_lines() -> None:
    rows = [f"tern {number}\tfish and crabs" for number in range(500)]
    found = texts(plain("Terns\n\n" + "\n".join(rows) + "\n"))
    assert "\n".join(found) == "\n".join(rows)
    assert all(len(text.split()) <= PASSAGE_WORDS for text in found)
    code = [f"    fish = tern({number})" for number in range(500)]
    listed = texts(markdown("\n".join(code)))
    assert "\n".join(listed) == "\n".join(line.strip() for line in code)
    assert all(len(text.split()) <= PASSAGE_WORDS for text in listed)


def test_an_item_that_alone_is_very_long_is_divided_between_its_sentences() -> None:
    found = texts(markdown(f"- {paragraph(100)}\n- {SENTENCE}\n"))
    assert " ".join(found).replace("\n", " ") == f"- {paragraph(100)} - {SENTENCE}"
    assert all(len(text.split()) <= PASSAGE_WORDS + 1 for text in found)


# The page


@pytest.mark.parametrize(
    "path",
    [
        PAGE,
        pytest.param(
            REAL_PAGE,
            marks=pytest.mark.skipif(not REAL_PAGE.exists(), reason=f"{REAL_PAGE.name} is not beside the checkout"),
        ),
    ],
)
def test_the_passages_of_a_page_are_its_sections_without_its_furniture(path: Path) -> None:
    document = read(path, "page")
    found = passages(document)
    assert list(dict.fromkeys(passage.section for passage in found)) == [each.path for each in document.sections]
    for passage in found:
        assert document.text[passage.start : passage.end] == passage.text
        assert len(passage.text.split()) <= PASSAGE_WORDS
        for furniture in ("Updated:", "Author:", "Print", "Answer", "Did this answer", "feedback"):
            assert furniture not in passage.text


def test_a_section_of_a_few_words_is_quoted_with_a_heading_that_says_something() -> None:
    text = "# Recalls\n\n## Fan K2 is safe to use\n\nNo action.\n\n## Lamps\n\nSee the shop.\n\n"
    text += f"## Is the new lamp safe?\n\nYes.\n\n## All of the heaters are off\n\n{SENTENCE}\n"
    document = markdown(text)
    found = passages(document)
    assert [(passage.section, passage.text) for passage in found] == [
        (("Fan K2 is safe to use",), "Fan K2 is safe to use\n\nNo action."),
        (("Lamps",), "See the shop."),
        (("Is the new lamp safe?",), "Yes."),
        (("All of the heaters are off",), SENTENCE),
    ]
    assert [found[0].text[slice(*each)] for each in found[0].sentences] == ["Fan K2 is safe to use", "No action."]
    assert all(document.text[passage.start : passage.end] == passage.text for passage in found)
