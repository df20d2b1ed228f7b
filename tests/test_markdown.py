"""Markdown files: what their front matter says, and the plain text, sections and blocks that a reader sees."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from docutils.parsers.rst.tableparser import GridTableParser
from hypothesis import given, settings
from hypothesis import strategies as st
from source_files import blocks

from qa.errors import FrontMatterError
from qa.model import Document, Reference
from qa.readers.formats.markdown import read_markdown

DEEP = r"\bm" * 600 + "x"


def markdown(text: str) -> Document:
    return read_markdown(text, path=Path("common-terns.md"), document_id="terns")


def with_front_matter(*lines: str) -> Document:
    return markdown("\n".join(["---", *lines, "---", "A tern dives."]))


def refusal(*lines: str) -> str:
    with pytest.raises(FrontMatterError) as error:
        with_front_matter(*lines)
    assert error.value.hint == "Correct the lines between the two '---', or remove them."
    prefix = "The front matter of common-terns.md is broken: "
    assert error.value.message.startswith(prefix)
    return error.value.message.removeprefix(prefix)


# Front matter


def test_front_matter_gives_every_field_of_the_document() -> None:
    document = with_front_matter(
        "title: 'How long do terns live?'",
        "updated: 2021-05-11",
        "authors: [First Author, Second Author]",
        "editors:",
        "  - Third Editor, MD",
        "publisher: Example House",
        "url: https://example.org/terns",
        "keywords: [tern, age]",
        "references:",
        "  - {marker: '12', text: 'Example A. Terns. J Ex. 2020;1:1-9.', doi: 10.1000/ex.12, pmid: '12345678'}",
        "  - marker: Ex20",
        "    text: Example B. More terns.",
    )
    assert document == Document(
        id="terns",
        title="How long do terns live?",
        text="A tern dives.",
        source="common-terns.md",
        authors=("First Author", "Second Author"),
        editors=("Third Editor, MD",),
        publisher="Example House",
        updated=date(2021, 5, 11),
        url="https://example.org/terns",
        keywords=("tern", "age"),
        references=(
            Reference(marker="12", text="Example A. Terns. J Ex. 2020;1:1-9.", doi="10.1000/ex.12", pmid="12345678"),
            Reference(marker="Ex20", text="Example B. More terns."),
        ),
        sections=markdown("A tern dives.").sections,
    )


def test_one_author_editor_or_keyword_needs_no_list_and_the_usual_other_names_are_taken() -> None:
    document = with_front_matter(
        "author: First Author, MD", "editor: Second Editor", "keywords: tern", "date: 2020-01-02"
    )
    assert document.authors == ("First Author, MD",)
    assert document.editors == ("Second Editor",)
    assert document.keywords == ("tern",)
    assert document.updated == date(2020, 1, 2)


def test_unknown_keys_are_passed_over_and_empty_ones_are_as_if_left_out() -> None:
    document = with_front_matter(
        "layout: post", "1: one", "title:", "authors:", "keywords: ~", "references:", "updated:", "draft: {a: [b]}"
    )
    bare = markdown("A tern dives.")
    assert document == bare
    assert bare.title == "common terns"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2021-05-11", date(2021, 5, 11)),
        ("'2021-05-11'", date(2021, 5, 11)),
        ("2021-05-11 10:30:00", date(2021, 5, 11)),
        ("2021-05-11T10:30:00Z", date(2021, 5, 11)),
        ("May 11, 2021", date(2021, 5, 11)),
        ("11 May 2021", date(2021, 5, 11)),
        ("Sept. 3rd, 2019", date(2019, 9, 3)),
    ],
)
def test_a_date_is_read_as_people_write_it(written: str, read: date) -> None:
    assert with_front_matter(f"updated: {written}").updated == read


@pytest.mark.parametrize(
    "written",
    [
        "01/02/2021",
        "2021-02-30",
        "2021",
        "2021-05",
        "0",
        "86400",
        "Maybe 5, 2021",
        "yesterday",
        "'5, 2021'",
        "true",
        "[2021-05-11]",
    ],
)
def test_what_is_no_date_is_refused_and_never_guessed(written: str) -> None:
    assert refusal(f"updated: {written}").startswith("updated: ")
    assert "it is not a date with its year, month and day, such as 2021-05-11" in refusal("updated: 2021-05")


@pytest.mark.parametrize(
    "written", ["007", "12:30", "1984", "1.50", "yes", "0x1F", "1_000", "2021-05-11", "1e3", "Ünïcode"]
)
def test_a_value_is_the_text_as_it_is_written(written: str) -> None:
    document = with_front_matter(
        f"title: {written}", f"references: [{{marker: {written}, text: {written}, pmid: {written}}}]"
    )
    assert document.title == written
    assert document.references == (Reference(marker=written, text=written, pmid=written),)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["title: a: b"], "mapping values are not allowed here in line 2"),
        (["title: a", "\tupdated: b"], "found character '\\t' that cannot start any token in line 3"),
        (["title: a", "authors: [b"], "expected ',' or ']', but got '<stream end>' in line 3"),
        (["title: a", "title 2"], "could not find expected ':' in line 3"),
        (
            ["title: a", "url: !!python/object/apply:os.system [ls]"],
            "could not determine a constructor for the tag 'tag:yaml.org,2002:python/object/apply:os.system' in line 3",
        ),
        (["title: \x1b"], "unacceptable character #x001b: special characters are not allowed"),
        (["title: &a [b]", "keywords: *a"], "aliases (*name) are not allowed"),
        (["title: " + "[" * 5000], "it is nested too deeply"),
        (["title: " + "{a: " * 5000], "it is nested too deeply"),
        (["title: " + "x" * 300_000], "it is longer than 262,144 characters"),
    ],
)
def test_front_matter_that_is_no_yaml_names_what_is_wrong_and_the_line(lines: list[str], reason: str) -> None:
    assert refusal(*lines) == f"{reason}."


def test_a_few_lines_of_aliases_cannot_stand_for_gigabytes() -> None:
    bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    bomb += [
        f"{name}: &{name} [{', '.join(['*' + before] * 9)}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    assert refusal(*bomb) == "aliases (*name) are not allowed."


def test_front_matter_without_an_end_is_refused() -> None:
    with pytest.raises(FrontMatterError, match=r"it has no closing '---'\.$"):
        markdown("---\ntitle: Terns\n\nA tern dives.\n")


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("title: [a, b]", "title"),
        ("title: {a: b}", "title"),
        ("authors: {first: second}", "authors"),
        ("authors: [a, [b]]", "authors.1"),
        ("keywords: [{a: b}]", "keywords.0"),
        ("publisher: [a]", "publisher"),
        ("references: [a]", "references.0"),
        ("references: [{text: a}]", "references.0.marker"),
        ("references: [{marker: 1}]", "references.0.text"),
        ("references: [{marker: 1, text: a, link: b}]", "references.0.link"),
        ("title: !!int 5", "title"),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(line: str, place: str) -> None:
    assert refusal(line).startswith(f"{place}: ")


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: T\n...\nBody",
        "---  \ntitle: T\n---",
        "---\n\ntitle: T\n---\n\n\nBody",
        "---\n# by hand\ntitle: T\n---\nBody",
    ],
)
def test_front_matter_may_end_in_dots_or_with_the_file_and_may_begin_with_a_comment(text: str) -> None:
    assert (markdown(text).title, markdown(text).text) == ("T", "Body" if "Body" in text else "")


def test_a_line_across_the_page_is_no_front_matter() -> None:
    document = markdown("---\n\nA tern dives.\n\n---\n\nIt eats.\n")
    assert document.text == "A tern dives.\n\nIt eats."


def test_a_header_between_plus_signs_is_toml() -> None:
    document = markdown(
        '+++\ntitle = "Kiln handbook"\ndate = 2025-03-04\nlastmod = 2025-04-05T10:00:00Z\nauthors = ["Ann Auk"]\n'
        '[taxonomies]\ntags = ["kilns"]\n+++\n\n# Kiln handbook\n\nFire it.\n'
    )
    assert (document.title, document.updated, document.authors) == ("Kiln handbook", date(2025, 4, 5), ("Ann Auk",))
    assert (document.keywords, blocks(document)) == (("kilns",), [((), "paragraph", "Fire it.")])


def test_a_header_that_is_no_toml_is_refused() -> None:
    with pytest.raises(FrontMatterError, match="it is not TOML"):
        markdown("+++\ntitle = \n+++\nText.")


# Headings and sections


def test_headings_become_the_paths_of_their_sections() -> None:
    document = markdown(
        "Before.\n\n## Food\n\nFish.\n\n### Of chicks\n\nSmall fish.\n\n"
        "#### First week\n\nSand eels.\n\n## Nest\n\nShingle.\n"
    )
    assert [(section.path, document.text[section.start : section.end]) for section in document.sections] == [
        ((), "Before."),
        (("Food",), "Fish."),
        (("Food", "Of chicks"), "Small fish."),
        (("Food", "Of chicks", "First week"), "Sand eels."),
        (("Nest",), "Shingle."),
    ]
    assert [(each.level, document.text[each.start : each.end]) for each in document.headings] == [
        (2, "Food"),
        (3, "Of chicks"),
        (4, "First week"),
        (2, "Nest"),
    ]


def test_headings_that_jump_over_levels_still_nest_by_their_level() -> None:
    text = "## A\n\na\n\n##### B\n\nb\n\n### C\n\nc\n\n#### D\n\nd\n\n## E\n\n#### F\n\nf\n"
    assert [section.path for section in markdown(text).sections] == [
        ("A",),
        ("A", "B"),
        ("A", "C"),
        ("A", "C", "D"),
        ("E", "F"),
    ]


def test_a_first_heading_of_level_1_is_the_title_and_not_a_section() -> None:
    document = markdown("# Common *terns*\n\nIntroduction.\n\n## Food\n\nFish.\n\n# Appendix\n\nMore.\n")
    assert document.title == "Common terns"
    assert [section.path for section in document.sections] == [(), ("Food",), ("Appendix",)]
    assert document.text == "Common terns\n\nIntroduction.\n\nFood\n\nFish.\n\nAppendix\n\nMore."


def test_a_title_below_another_heading_ends_that_heading_s_section() -> None:
    document = markdown("## Draft\n\n# Terns\n\nA tern dives.\n")
    assert (document.title, blocks(document)) == ("Terns", [((), "paragraph", "A tern dives.")])


def test_an_empty_heading_is_no_title_and_no_part_of_a_path() -> None:
    document = markdown("# \n\n# Terns\n\nA tern dives.\n\n## Food\n\nFish.\n\n##\n\nLoose.\n")
    assert document.title == "Terns"
    assert [section.path for section in document.sections] == [(), ("Food",), ()]


def test_a_heading_of_level_1_below_text_is_a_section() -> None:
    document = markdown("Before.\n\n# Terns\n\nA tern dives.\n")
    assert (document.title, [section.path for section in document.sections]) == ("common terns", [(), ("Terns",)])


def test_the_front_matter_s_title_goes_before_the_heading_s() -> None:
    assert markdown("---\ntitle: Gulls\n---\n# Terns\n\nText.").title == "Gulls"


def test_a_first_heading_that_repeats_the_front_matter_s_title_is_not_a_section() -> None:
    document = markdown("---\ntitle: Terns\n---\n# Terns\n\nThey fly.\n\n## Food\n\nFish.")
    assert [section.path for section in document.sections] == [(), ("Food",)]


def test_underlined_headings_are_headings_and_one_in_two_lines_is_one() -> None:
    document = markdown("Terns\n=====\n\nFood\nof chicks\n---\n\nFish.\n")
    assert (document.title, blocks(document)) == ("Terns", [(("Food of chicks",), "paragraph", "Fish.")])


# What a reader sees


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("A *tern* **dives** ***deep***, _very_ __deep__.", "A tern dives deep, very deep."),
        ("See [the *list*](https://example.org 'A title') and [this][1a].\n\n[1a]: /x", "See the list and this."),
        (
            "See <https://example.org/?a=b&c=d> or <tern@example.org>.",
            "See https://example.org/?a=b&c=d or tern@example.org.",
        ),
        ("Type `a **b** <i>` or ``x`y``.", "Type a **b** <i> or x`y."),
        ("5 &lt; 6 &amp; 7 &gt; 6 &copy; &#8805;6 &nbsp;x &nosuch;", "5 < 6 & 7 > 6 © ≥6 \u00a0x &nosuch;"),
        ("&#0; &#xD800;", "\ufffd \ufffd"),
        (r"\*no\* \[98\] 5\_6", "*no* [98] 5_6"),
        ("A <!-- not seen --> tern.", "A  tern."),
        ("A <b>bold</b> <span class='x'>tern</span>.", "A bold tern."),
        ("A soft\nbreak runs on.", "A soft break runs on."),
        ("A hard  \nbreak and\\\nanother and<br>a third.", "A hard\nbreak and\nanother and\na third."),
        ("![A tern, *diving*](tern.png 'title')", "A tern, diving"),
        ("[![A tern](tern.png)](https://example.org)", "A tern"),
        ("> Quoted\n> text.\n>\n> > Deeper.", "Quoted text.\n\nDeeper."),
        ("snake_case_name and 2*3*4 and **open", "snake_case_name and 234 and **open"),
        ("One.\n\n***\n\nTwo.", "One.\n\nTwo."),
        ("Fußnote – ‘ﬁnal’ 🐦 e\u0301", "Fußnote – ‘ﬁnal’ 🐦 e\u0301"),
    ],
)
def test_markup_becomes_the_text_that_is_seen(written: str, seen: str) -> None:
    assert markdown(written).text == seen


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("- a\n- b\n  - c\n    - d\n- e", "- a\n- b\n  - c\n    - d\n- e"),
        ("1. a\n2. b\n   1. c\n   2. d\n3. e", "1. a\n2. b\n  1. c\n  2. d\n3. e"),
        ("7. a\n8. b", "7. a\n8. b"),
        ("0. a\n1. b", "0. a\n1. b"),
        ("* a\n\n  a2\n\n* b", "- a\na2\n- b"),
        ("- a\n  wrapped\n- b", "- a wrapped\n- b"),
        ("- > a\n  >\n  > b\n  >\n  > - c", "- a\nb\n  - c"),
        ("- a\n\n  | x | y |\n  |---|---|\n  | 1 | 2 |", "- a\n| x | y |\n| 1 | 2 |"),
        ("- ```\n  code\n\n  more\n  ```", "- code\n\nmore"),
        ("- # Heading\n- <div>a</div>", "- Heading\n- a"),
        ("-\n- b", "- \n- b"),
        ("- [ ] open\n- [x] done", "- [ ] open\n- [x] done"),
    ],
)
def test_a_list_is_one_block_with_a_line_for_each_item(written: str, seen: str) -> None:
    assert blocks(markdown(written)) == [((), "list", seen)]


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("Give 1<sup>1</sup>/<sub>2</sub> of 10<sup>5</sup>, 10^-3^, H~2~O and 2<sup>n</sup>.",
         "Give 1 1/2 of 10⁵, 10⁻³, H2O and 2^n."),
        ("See [[Firing schedule|nine hours]], [[Kilns]] and [a](b).", "See nine hours, Kilns and a."),
        ("Text.\n{: .lead }", "Text."),
        ("<div>10<sup>5</sup> of H<sub>2</sub>O</div>", "10⁵ of H2O"),
        ("Glaze\n: A thin coat.\n: Of glass.\n\nKiln\n: An oven.", "- Glaze: A thin coat. Of glass.\n- Kiln: An oven."),
        ("> [!WARNING]\n> Hot.", "Warning\n\nHot."),
        ("> [!note]- Mind the *lid*\n> Hot.", "Mind the lid\n\nHot."),
        ("- > [!TIP]\n  > Hot.", "- Tip\nHot."),
    ],
)  # fmt: skip
def test_what_is_widespread_beside_commonmark_is_seen_as_its_readers_see_it(written: str, seen: str) -> None:
    assert markdown(written).text == seen


@pytest.mark.parametrize("attributes", ["{#firing}", "{.big #firing}", "{: #firing}", "{#firing .a key=value}"])
def test_the_attributes_of_a_heading_are_no_part_of_it(attributes: str) -> None:
    assert blocks(markdown(f"# Kiln\n\n## Firing {attributes}\n\nHot.")) == [(("Firing",), "paragraph", "Hot.")]


@pytest.mark.parametrize(
    "struck", ["~~40 mg~~", "<del>40 mg</del>", "<s>40 mg</s>", "<strike class='x'>40 mg</strike>", "~~*40* mg~~"]
)
def test_what_is_struck_out_is_left_out_and_told(struck: str) -> None:
    notes: list[str] = []
    for text in (f"Give {struck} 4 mg.", f"<p>Give {struck} 4 mg.</p>"):
        document = read_markdown(text, path=Path("a.md"), document_id="a", note=notes.append)
        if "~~" not in text or "<p>" not in text:
            assert " ".join(document.text.split()) == "Give 4 mg."
            assert notes.pop() == "2 words are left out, struck out."


BOXES = {
    "mkdocs": '!!! warning "The valve"\n    Never open it above **4** bar.\n\n    ## Why\n\n    It bursts.\n',
    "folded": '???+ warning "The valve"\n\n    Never open it above **4** bar.\n\n    ## Why\n\n    It bursts.\n',
    "tab": '=== "The valve"\n\n    Never open it above **4** bar.\n\n    ## Why\n\n    It bursts.\n',
    "myst": ":::{warning} The valve\n:class: dropdown\nNever open it above **4** bar.\n\n## Why\n\nIt bursts.\n:::\n",
    "docusaurus": ":::warning[The valve]\n\nNever open it above **4** bar.\n\n## Why\n\nIt bursts.\n\n:::\n",
    "listing": "```{warning} The valve\nNever open it above **4** bar.\n\n## Why\n\nIt bursts.\n```\n",
}


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
def test_the_text_of_a_box_is_read_and_what_heads_it_ends_with_it(box: str) -> None:
    assert blocks(markdown(f"# Pump\n\n{box}\nAfter it.\n")) == [
        ((), "paragraph", "The valve"),
        ((), "paragraph", "Never open it above 4 bar."),
        (("Why",), "paragraph", "It bursts."),
        ((), "paragraph", "After it."),
    ]


def test_a_box_without_a_title_is_called_what_it_is_and_one_that_only_arranges_is_not() -> None:
    assert markdown("::: {.note}\nA.\n:::\n\n:::: columns\n::: {.column}\nB.\n:::\n::::\n").text == "Note\n\nA.\n\nB."
    assert markdown('!!! note ""\n    A.\n').text == "A."


def test_a_box_in_a_list_or_in_a_box_is_read_and_one_in_a_listing_is_code() -> None:
    nested = '- Step\n\n    !!! tip\n        Inside.\n\n        !!! note "Deep"\n            Deeper.\n'
    assert markdown(nested).text == "- Step\nTip\nInside.\nDeep\nDeeper."
    assert blocks(markdown("```\n!!! note\n    A.\n```")) == [((), "code", "!!! note\n    A.")]


@pytest.mark.parametrize(
    "asked",
    [
        "**How long do terns live?**\n\nThirty years.\n\n**What do they eat?**\n\nFish.",
        "How long do terns live?\n: Thirty years.\n\nWhat do they eat?\n: Fish.",
        '??? question "How long do terns live?"\n    Thirty years.\n\n??? faq "What do they eat?"\n    Fish.',
        "<details><summary>How long do terns live?</summary>\n\nThirty years.\n\n</details>\n\n"
        "<details>\n<summary><b>What do they eat?</b></summary>\nFish.\n</details>",
    ],
)
def test_a_question_heads_its_answer(asked: str) -> None:
    assert blocks(markdown(f"# Terns\n\n## Life\n\n{asked}\n\n## Nests\n\nOn sand.\n")) == [
        (("Life", "How long do terns live?"), "paragraph", "Thirty years."),
        (("Life", "What do they eat?"), "paragraph", "Fish."),
        (("Nests",), "paragraph", "On sand."),
    ]


def test_a_question_called_one_heads_its_answer_in_the_same_paragraph_too() -> None:
    assert blocks(markdown("Q: Do terns swim?\\\nA: Hardly.\n\n**Q2. Do gulls?**\n\nA: Yes.")) == [
        (("Q: Do terns swim?",), "paragraph", "A: Hardly."),
        (("Q2. Do gulls?",), "paragraph", "A: Yes."),
    ]


def test_a_table_is_one_block_with_a_line_for_each_row() -> None:
    document = markdown("| Bird | *Age* |\n|:--|--:|\n| tern | 33<br>years |\n| `gull` | a\\|b |\n| short |\n\nAfter.")
    assert blocks(document) == [
        ((), "table", "| Bird | Age |\n| tern | 33 years |\n| gull | a|b |\n| short |  |"),
        ((), "paragraph", "After."),
    ]


def test_code_is_kept_as_it_stands() -> None:
    document = markdown("```python\nif *a*:\n\n    b <i>\n```\n\n    indented\n      more\n")
    assert blocks(document) == [((), "code", "if *a*:\n\n    b <i>"), ((), "code", "indented\n  more")]


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("<div>one<p>two</p>three<br>four</div>", "one\ntwo\nthree\nfour"),
        ("<p title='a > b' data-x=\"<i>\">5 &lt; 6 <b>b</b>old</p>", "5 < 6 bold"),
        ("<div><script>alert('one')</script>two<style>p { color: red }</style></div>", "two"),
        ("<div>one <!-- two --> three</div>", "one  three"),
        ("<p>one</p><script>two", "one\ntwo"),
    ],
)
def test_of_a_block_of_html_the_text_between_its_tags_is_seen(written: str, seen: str) -> None:
    [(path, kind, text)] = blocks(markdown(written))
    assert (path, kind, text.replace("  ", " ")) == ((), "paragraph", seen.replace("  ", " "))


@pytest.mark.parametrize(
    "written", ["<!-- only a comment -->", "<script>let a = 1</script>", "***", "", "\n \n", "# Title only"]
)
def test_a_file_in_which_there_is_nothing_to_read_has_no_section(written: str) -> None:
    assert markdown(written).sections == ()


@pytest.mark.parametrize(
    "written",
    [
        "`<script>alert(1)</script>`",
        "&lt;img src=x onerror=alert(1)&gt;",
        "\\<script>alert(1)\\</script>",
        "```\n</blockquote></template><script>alert(1)</script>\n```",
        "&lt;div&gt;&lt;/div&gt;",
    ],
)
def test_markup_that_a_reader_sees_stays_text(written: str) -> None:
    [(_, _, text)] = blocks(markdown(written))
    assert "<" in text
    assert ">" in text


def test_a_number_in_brackets_stays_a_marker_where_the_file_says_what_it_points_to() -> None:
    document = markdown(
        "---\nreferences: [{marker: '2', text: Known.}]\n---\n"
        'Terns dive. [1] They eat. [2, 3]\n\n[1]: https://example.org/1 "Example A. Terns."\n[2]: /other\n'
    )
    assert document.text == "Terns dive. [1] They eat. [2, 3]"
    assert [(each.label, document.text[each.start : each.end]) for each in document.markers] == [
        ("1", "[1]"),
        ("2", "[2, 3]"),
        ("3", "[2, 3]"),
    ]
    assert document.references == (
        Reference(marker="2", text="Known."),
        Reference(marker="1", text="Example A. Terns. https://example.org/1", url="https://example.org/1"),
    )


# Hostile files


@pytest.mark.parametrize(
    "hostile",
    [
        "[" * 5000,
        "[" * 5000 + "tern" + "]" * 5000,
        "[" * 5000 + "tern" + "](x)" * 5000,
        "[tern](" * 5000,
        "![" * 2000 + "tern" + "](x)" * 2000,
        "*a " * 5000 + "tern" + " b*" * 5000,
        "**a " * 5000 + "tern" + " b**" * 5000,
        "*" * 5000 + "tern" + "*" * 5000,
        "_*" * 5000 + "tern",
        "<tern " * 5000,
        '<div a="' * 5000 + "tern",
        "<div " * 5000 + "tern",
        "tern <!-- " * 5000,
        "`" * 5000 + "tern",
        "&" * 5000 + "tern",
        "tern" + " " * 100_000 + "tern",
        "[tern]: <b\n" * 5000,
        "!!! " + " " * 100_000 + "tern",
        "!!! a\n    " * 2000 + "tern",
        ":::" + " tern" * 50_000,
        ":::note\n" * 3000 + "tern",
        "<s>" * 5000 + "tern",
        "<summary>" * 5000 + "tern",
        "[[" * 5000 + "tern",
        "~~" * 5000 + "tern",
        "|tern" * 100 + "|\n" + "|-" * 100 + "|\n" + "|a\n" * 100,
    ],
    ids=lambda hostile: hostile[:8],
)
def test_thousands_of_marks_end_and_lose_no_text(hostile: str) -> None:
    assert "tern" in markdown(f"{hostile}\n\nThe last tern.").text or "tern" not in hostile
    assert "The last tern." in markdown(f"{hostile}\n\nThe last tern.").text


@pytest.mark.parametrize("depth", [5, 11, 21, 49, 60, 200, 3000])
@pytest.mark.parametrize("mark", ["> ", "- ", "1. ", ">- "])
def test_text_in_lists_and_quotations_is_never_lost_however_deep_it_lies(mark: str, depth: int) -> None:
    document = markdown(f"{mark * depth}The tern at the bottom.\n\nAfter it.\n\n## Food\n\nFish.\n")
    assert "The tern at the bottom." in document.text
    assert blocks(document)[-2][2].endswith("After it.")
    assert blocks(document)[-1] == (("Food",), "paragraph", "Fish.")


_PIECES = st.sampled_from(
    [
        *("tern ", "*", "**", "_", "`", "```\n", "[", "](x)", "]", "![", "<b>", "<div>", "</div>", "<!--", "-->"),
        *("<script>", "\n", "\n\n", "  \n", "\\", "# ", "## ", "- ", "1. ", "> ", "    ", "&lt;", "---\n"),
        *("| a | b |\n|---|---|\n", "[1]: /x\n", "[1]"),
    ]
)


@given(st.lists(_PIECES, max_size=40).map("".join))
@settings(max_examples=200, deadline=None)
def test_blocks_are_in_order_inside_of_their_sections_and_headings_outside_of_them(text: str) -> None:
    document = markdown("Terns.\n\n" + text)
    reached = 0
    for section in document.sections:
        assert section.blocks
        assert (section.start, section.end) == (section.blocks[0].start, section.blocks[-1].end)
        for block in section.blocks:
            assert reached <= block.start < block.end <= len(document.text)
            assert document.text[block.start : block.end].strip()
            reached = block.end
    inside = [range(section.start, section.end) for section in document.sections]
    for heading in document.headings:
        assert document.text[heading.start : heading.end].strip()
        assert not any(heading.start in span for span in inside)
    for marker in document.markers:
        assert document.text[marker.start : marker.end] in {"[1]", f"[{marker.label}]"}


def test_a_paragraph_that_begins_with_a_question_in_bold_type_is_its_answer() -> None:
    text = (
        "# FAQ\n\n**How long do terns sit?**\nThree weeks.\n\n**Alone?** No, in [turns](#t).\n\n**Note** Not asked?\n"
    )
    assert blocks(markdown(f"{text}\nQ: What do they eat?\nA: Eels.\n")) == [
        (("How long do terns sit?",), "paragraph", "Three weeks."),
        (("Alone?",), "paragraph", "No, in turns."),
        (("Alone?",), "paragraph", "Note Not asked?"),
        (("Q: What do they eat?",), "paragraph", "A: Eels."),
    ]


def test_a_heading_that_nothing_stands_under_is_found_as_a_paragraph() -> None:
    text = (
        "# Notices\n\n## The lido opens in May\n\n## The pier\n\n### It is closed until June\n\n## Chapter 2\n\nText.\n"
    )
    document = markdown(f"{text}\n## Dogs are not allowed here")
    assert blocks(document) == [
        ((), "paragraph", "The lido opens in May"),
        (("The pier",), "paragraph", "It is closed until June"),
        (("Chapter 2",), "paragraph", "Text."),
        ((), "paragraph", "Dogs are not allowed here"),
    ]
    assert [document.text[each.start : each.end] for each in document.headings] == ["Notices", "The pier", "Chapter 2"]


def test_a_table_in_html_has_rows_and_what_spans_several_stands_in_each() -> None:
    page = """Before.

<table>
<tr><th rowspan="2">Drug</th><th colspan=2>Dose</th></tr>
<tr><th>Adult<th>Child
<tr><td>Zel</td><td>40&nbsp;mg</td><td><b>4</b> mg</td></tr>
</table>
"""
    rows = "| Drug | Dose | Dose |\n| Drug | Adult | Child |\n| Zel | 40\xa0mg | 4 mg |"
    assert blocks(markdown(page)) == [((), "paragraph", "Before."), ((), "table", rows)]


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("It is ==marked== so; a == b == c.", "It is marked so; a == b == c."),
        ("[Small]{.smallcaps} letters", "Small letters"),
        ("{{< note >}}\nMind it.\n{{< /note >}}", "Mind it."),
        ('{% hint style="info" %}\nMind it.\n{% endhint %}', "Mind it."),
        ('import Tabs from "@theme/Tabs";\n\nText.', "Text."),
    ],
)
def test_the_marks_of_programs_that_make_sites_are_not_seen(written: str, seen: str) -> None:
    assert blocks(markdown(written)) == [((), "paragraph", seen)]


def test_a_tab_of_a_site_heads_its_text() -> None:
    page = '<Tabs>\n<TabItem value="x" label="Linux">\n\nRun it.\n\n</TabItem>\n</Tabs>\n\nAfter.\n'
    assert blocks(markdown(page)) == [(("Linux",), "paragraph", "Run it."), ((), "paragraph", "After.")]


@pytest.mark.parametrize(
    ("written", "rows"),
    [
        (
            "+-------+--------+\n| Bird  | Weight |\n+======:+:=======+\n| Tern  | 100 g  |\n|       | or **more** |\n",
            [],
        ),
        (
            "+-------+----------+\n| Bird  | Weight   |\n+======:+:=========+\n| Tern  | 100 g    |\n"
            "|       | or *more*|\n"
            "+-------+----------+\n| a | b | 3        |\n+-------+----------+\n",
            ["| Bird | Weight |", "| Tern | 100 g or more |", "| a | b | 3 |"],
        ),
        (
            "+-----+-----------+\n| A   | Both      |\n|     +-----+-----+\n|     | c   | d   |\n+-----+-----+-----+\n",
            ["| A | Both | Both |", "| A | c | d |"],
        ),
        (
            "  Bird     Weight\n------  ---------\n  Tern      100 g\n  Gull      900 g\n\n",
            ["| Bird | Weight |", "| Tern | 100 g |", "| Gull | 900 g |"],
        ),
        (
            "----------------------\n Bird       Weight of\n            one\n---------- ----------\n Arctic     100 g\n"
            " tern\n\n"
            " Gull       900 g\n----------------------\n",
            ["| Bird | Weight of one |", "| Arctic tern | 100 g |", "| Gull | 900 g |"],
        ),
    ],
)
def test_the_tables_of_pandoc_are_read_in_rows(written: str, rows: list[str]) -> None:
    tables = [text for _, kind, text in blocks(markdown(f"Before.\n\n{written}\nBehind.")) if kind == "table"]
    assert tables == (["\n".join(rows)] if rows else [])


def test_a_grid_that_is_broken_is_not_tried_again_from_each_of_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    parse = GridTableParser.parse

    def counted(self: GridTableParser, block: Any) -> Any:
        tried.append(len(block))
        return parse(self, block)

    monkeypatch.setattr(GridTableParser, "parse", counted)
    broken = "+---+\n| a |\n" * 30
    tables = [kind for _, kind, _ in blocks(markdown(f"{broken}\n+---+\n| b |\n+---+\n| c |\n+---+\n"))]
    assert tried == [60, 5]
    assert tables[-1] == "table"


def test_a_heading_under_dashes_a_rule_and_a_listing_are_no_tables() -> None:
    document = markdown("Terns\n---\n\nThey dive.\n\n-----\n\nThey eat.\n\n```\n+---+\n| a |\n+---+\n```\n")
    assert [kind for _, kind, _ in blocks(document)] == ["paragraph", "paragraph", "code"]


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        (r"Give $\frac{1}{2}$ of $10^{-3}$ g, $x_1 \le y_2$.", "Give 1/2 of 10⁻³ g, x1 ≤ y2."),
        (r"$\text{rate} = \frac{140 - age}{72}$ at $90^\circ$C", "rate = (140 - age)/72 at 90°C"),
        ("$f(x) = x^2$ and $p < 0.05$, $n$ of them", "f(x) = x² and p < 0.05, n of them"),
        ("It costs $5 or US$6, not $7-$8.", "It costs $5 or US$6, not $7-$8."),
        ("Set $HOME/bin:$PATH and $FOO_BAR/$BAZ and $a$b.", "Set $HOME/bin:$PATH and $FOO_BAR/$BAZ and $a$b."),
        (r"The $\begin{matrix}a\end{matrix}$ stays.", r"The $\begin{matrix}a\end{matrix}$ stays."),
        (f"Commands within commands: ${DEEP}$", f"Commands within commands: ${DEEP}$"),
        ("$$\nE = \\sqrt{m^2} c\n$$", "E = √(m²) c"),
        ("`$a^2$`", "$a^2$"),
    ],
)
def test_formulas_between_dollars_are_written_in_a_line(written: str, seen: str) -> None:
    assert markdown(written).text == seen
