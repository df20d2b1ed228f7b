"""HTML: the text of the page itself, its parts, its notes, and what its head says of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_files import blocks, source_file

from qa.errors import DamagedSourceError, NotTextError
from qa.model import Document
from qa.readers import read
from qa.readers.formats import html as reader
from qa.readers.formats.html import read_html
from qa.readers.formats.writing import SourceFile
from qa.readers.passages import passages

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Terns | The Bird Site</title>
<meta name="keywords" content="terns, birds">
<meta property="og:site_name" content="The Bird Site">
<link rel="canonical" href="https://birds.example.org/terns">
<script type="application/ld+json">{"@context": "https://schema.org", "@graph": [{"@type": "WebSite", "name": "x"},
 {"@type": ["Article"], "headline": "Terns", "author": [{"@type": "Person", "name": "Ann Auk"}, "Ben Bunting"],
  "datePublished": "2020-01-02", "dateModified": "2021-05-11T10:00:00Z"}]}</script>
<style>p { color: red }</style></head><body>
<header><a href="/">Home</a> <nav><ul><li><a href="/a">Auks</a><li><a href="/g">Gulls</a></ul></nav></header>
<div class="cookie-banner">We use cookies.</div>
<main><h1>Terns</h1>
<p>Terns <b>dive</b> for fish,<sup><a href="#ref-1">1</a></sup> at up to 10&nbsp;m/s.<br>They breed in
colo&shy;nies.</p>
<script>alert("x")</script><p hidden>Hidden words.</p><p style="display:none">Hidden too.</p>
<h2>Food &amp; <em>feeding</em></h2>
Loose text.
<ul><li>Fish<ul><li>Sand eels</li></ul></li><li><p>Shrimps</p></li></ul>
<table><caption>Weights</caption><thead><tr><th>Bird</th><th>Weight</th></tr></thead>
<tr><td>Arctic tern</td><td>100 g</td></tr></table>
<pre>one
  two</pre>
<h3>At sea</h3><dl><dt>Kelp</dt><dd>A seaweed.</dd></dl>
<h2>References</h2><ol><li id="ref-1">Auk A. Diving. J Birds. 2019. doi:10.1000/182 <a href="#c1">↩</a></li></ol>
</main><footer>© The Bird Site</footer></body></html>"""


def source(text: str | bytes, notes: list[str] | None = None) -> SourceFile:
    return source_file(text, "terns.html", notes)


def html(text: str | bytes) -> Document:
    [document] = read_html(source(text))
    return document


def test_a_page_is_its_headings_paragraphs_lists_tables_and_listings() -> None:
    document = html(PAGE)
    feeding = ("Food & feeding",)
    assert blocks(document) == [
        ((), "paragraph", "Terns dive for fish,[1] at up to 10\xa0m/s.\nThey breed in colonies."),
        (feeding, "paragraph", "Loose text."),
        (feeding, "list", "- Fish\n  - Sand eels\n- Shrimps"),
        (feeding, "paragraph", "Weights"),
        (feeding, "table", "| Bird | Weight |\n| Arctic tern | 100 g |"),
        (feeding, "code", "one\n  two"),
        ((*feeding, "At sea"), "list", "- Kelp: A seaweed."),
    ]
    assert [document.text[each.start : each.end] for each in document.headings] == [
        "Terns",
        "Food & feeding",
        "At sea",
        "References",
    ]


def test_a_page_says_who_wrote_it_when_and_where() -> None:
    document = html(PAGE)
    assert (document.title, document.authors) == ("Terns", ("Ann Auk", "Ben Bunting"))
    assert (document.publisher, document.updated) == ("The Bird Site", date(2021, 5, 11))
    assert (document.url, document.keywords) == ("https://birds.example.org/terns", ("terns", "birds"))


def test_a_paper_says_it_by_the_names_that_libraries_gather() -> None:
    head = """<title>A paper</title><meta name="citation_title" content="Terns at sea">
    <meta name="citation_author" content="Ann Auk"><meta name="citation_author" content="Ben Bunting">
    <meta name="citation_publication_date" content="2021/05/11"><meta name="citation_publisher" content="Bird Press">"""
    document = html(f"<head>{head}</head><h1>Terns at sea</h1><p>They dive.")
    assert (document.title, document.authors, document.publisher) == (
        "Terns at sea",
        ("Ann Auk", "Ben Bunting"),
        "Bird Press",
    )
    assert document.updated == date(2021, 5, 11)
    assert blocks(document) == [((), "paragraph", "They dive.")]


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("<title>Terns | Site</title><h1>Terns</h1><p>Dive.", "Terns"),
        ("<title>Terns</title><p>Dive.", "Terns"),
        ("<title>Terns</title><h1>One</h1><p>A.</p><h1>Two</h1><p>B.", "Terns"),
        ("<p>Dive.", "terns"),
        ("", "terns"),
        ("<title>terns-10k.htm</title><p>Dive.", "terns"),
        ("<title>terns-10k.htm</title><h1>Terns</h1><p>Dive.", "Terns"),
        ("<h1>Food</h1><p>A.</p><h1>Nests</h1><p>B.", "terns"),
    ],
)
def test_the_title_is_the_only_great_heading_or_what_the_head_says_or_the_file_name(page: str, title: str) -> None:
    assert html(page).title == title


def test_markers_lead_to_the_entries_that_they_link_to() -> None:
    document = html(PAGE)
    [reference] = document.references
    assert (reference.marker, reference.doi) == ("1", "10.1000/182")
    [marker] = document.markers
    assert document.text[marker.start : marker.end] == "[1]"
    assert "Auk A." in document.text
    assert all("Auk A." not in passage.text for passage in passages(document))


def test_notes_without_a_heading_are_references_and_no_passages() -> None:
    document = html(
        "<p>Terns dive.<a href='#fn1' id='r1' role='doc-noteref'><sup>1</sup></a> They fly.<sup id='r2'>"
        "<a href='#fn2'>[2]</a></sup></p><section role='doc-endnotes'><hr><ol><li id='fn1'><p>Auk, 2019."
        "<a href='#r1' role='doc-backlink'>↩︎</a></p></li><li id='fn2'><p>Bunting, 2020.</p></li></ol></section>"
        "<p>More.</p>"
    )
    assert [text for _, _, text in blocks(document)] == ["Terns dive.[1] They fly.[2]", "More."]
    assert [(each.marker, each.text) for each in document.references] == [("1", "Auk, 2019."), ("2", "Bunting, 2020.")]
    assert [each.label for each in document.markers] == ["1", "2"]
    assert "[1] Auk, 2019." in document.text


def test_notes_in_one_paragraph_are_that_paragraph_and_it_stands_once() -> None:
    cited = "<p>Dive.<sup><a href='#a'>1</a></sup> Fly.<sup><a href='#b'>2</a></sup></p>"
    document = html(f"{cited}<p><a id='a'></a>1. Auk.<br><a id='b'></a>2. Bunting.</p>")
    assert document.text == "Dive.[1] Fly.[2]\n\n1. Auk.\n2. Bunting."
    assert [(each.marker, each.text) for each in document.references] == [
        ("1", "Auk. 2. Bunting."),
        ("2", "1. Auk. 2. Bunting."),
    ]


@pytest.mark.parametrize("count", [199, 5000])
def test_a_paragraph_full_of_anchors_is_read_once(count: int) -> None:
    links = "".join(f"<sup><a href='#n{number}'>{number}</a></sup>" for number in range(count))
    anchors = "".join(f"<a id='n{number}'></a>Auk {number}. " for number in range(count))
    document = html(f"<p>Terns dive.{links}</p><p>{anchors}</p>")
    assert document.text.count(f"Auk {count - 1}.") == 1
    assert sum(len(each.text or "") for each in document.references) <= 5000


def test_a_link_to_a_part_of_the_page_is_no_marker() -> None:
    document = html("<p>See section <a href='#s3'>3</a>.</p><div id='s3'><p>Third part.</p></div>")
    assert (document.references, document.markers) == ((), ())
    assert [text for _, _, text in blocks(document)] == ["See section 3.", "Third part."]


def test_raised_numbers_are_raised_digits() -> None:
    assert html("<p>Terns dive.<sup>12</sup> The 4<sup>th</sup> H<sub>2</sub>O").text == "Terns dive.¹² The 4th H2O"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("Give <sup>1</sup>/<sub>2</sub> tablet", "Give 1/2 tablet"),
        ("Give 4<sup>1</sup>&frasl;<sub>2</sub> cups", "Give 4 1/2 cups"),
        ("10<sup>5</sup> and 10<sup>&minus;3</sup> and 2<sup>n</sup>", "10⁵ and 10⁻³ and 2^n"),
        ("Ca<sup>2+</sup>, Na<sup>+</sup>, CO<sub>2</sub>, log<sub>10</sub>5", "Ca²⁺, Na⁺, CO2, log₁₀5"),
        ("x<sup>n+1</sup> and the 1<sup>st</sup>", "x^(n+1) and the 1st"),
        ("<math><msup><mn>10</mn><mn>5</mn></msup></math> cells", "10⁵ cells"),
        ("<math><mfrac><mrow><mn>140</mn><mo>-</mo><mi>a</mi></mrow><mn>72</mn></mfrac></math>", "(140-a)/72"),
        ("<math><munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover></math>",
         "∑_(i=1)^n"),
    ],
)  # fmt: skip
def test_powers_fractions_and_formulas_keep_their_meaning(markup: str, text: str) -> None:
    assert html(f"<p>{markup}</p>").text == text


def test_where_a_word_may_break_is_in_no_word_s_way() -> None:
    page = "<p>Use trans<wbr>ferrin <b>now</b>.</p><ul><li>Call get<wbr>User()</ul><table><tr><td>Saxi<wbr>frage<td>b"
    assert html(page).text == "Use transferrin now.\n\n- Call getUser()\n\n| Saxifrage | b |"


def test_what_is_struck_out_is_left_out_and_told() -> None:
    notes: list[str] = []
    page = "<p>Give <del>40 mg</del> <s>9 mg</s> <span style='text-decoration: line-through'>7</span> 4 mg.</p>"
    [document] = read_html(source(page, notes))
    assert (document.text, notes) == ("Give 4 mg.", ["5 words are left out, struck out."])


def test_a_page_that_is_one_form_is_read_and_a_form_of_fields_is_not() -> None:
    form = "<form action=t.aspx><h1>Tariff</h1><p>Berthing costs 40 crowns a night.</p>{}</form>"
    fields = "<label>Your name</label><input><select><option>Mr<option>Ms</select><button>Send</button>"
    assert html(form.format("<table><tr><th>Boat<th>Crowns<tr><td>Yacht<td>40</table>")).text == (
        "Tariff\n\nBerthing costs 40 crowns a night.\n\n| Boat | Crowns |\n| Yacht | 40 |"
    )
    assert html(f"<p>Terns dive.</p><form>{fields}</form>").text == "Terns dive."
    assert html(f"<p>Terns dive.</p><form class=search>Search all of our many pages {fields}</form>").text == (
        "Terns dive."
    )


def test_a_part_that_is_called_a_share_and_holds_sentences_is_text() -> None:
    prose = "From December on, saver tickets no longer open the lounge doors."
    author = f"<div class=author>{'Ada writes about trains. ' * 4}</div>"
    links = "<div class=share-buttons><a href=/f>Share on one site</a> <a href=/t>Share on another site</a></div>"
    for names in ("entry share", "share"):
        page = html(f"<h1>Rules</h1><div class='{names}'><p>{prose}</p></div>{author}{links}")
        assert prose in page.text
        assert "another site" not in page.text


def test_what_a_click_opens_is_read_and_what_else_is_hidden_is_told() -> None:
    notes: list[str] = []
    page = """<ul role=tablist><li role=tab aria-controls=p2>Linux</ul><div id=p2 hidden><p>Run nmtool.</p></div>
    <h2><button aria-expanded=false>How long?</button></h2><div class=accordion-body style="display: none">Nine days.
    </div><dl><dt>Where?<dd aria-hidden=true>Below the plate.</dl><button>Copy</button><p hidden>Let us hide.</p>"""
    [document] = read_html(source(page, notes))
    assert blocks(document) == [
        (("Linux",), "paragraph", "Run nmtool."),
        (("How long?",), "paragraph", "Nine days."),
        (("How long?", "Where?"), "paragraph", "Below the plate."),
    ]
    assert notes == ["3 words are left out, hidden on the page."]


@pytest.mark.parametrize(
    "markup",
    [
        "<dl><dt>How long do terns live?<dd>Thirty years.<dt>What do they eat?<dd>Fish.</dl>",
        "<details><summary>How long do terns live?</summary>Thirty years.</details>"
        "<details><summary>What do they eat?</summary><p>Fish.</p></details>",
        "<p><b>How long do terns live?</b></p><p>Thirty years.<p><strong>What do they eat?</strong></p><p>Fish.</p>",
    ],
)
def test_a_question_heads_its_answer(markup: str) -> None:
    document = html(f"<h1>Terns</h1><h2>Life</h2>{markup}<h2>Nests</h2><p>On sand.</p>")
    assert blocks(document) == [
        (("Life", "How long do terns live?"), "paragraph", "Thirty years."),
        (("Life", "What do they eat?"), "paragraph", "Fish."),
        (("Nests",), "paragraph", "On sand."),
    ]


def test_what_stands_behind_a_part_that_opens_is_not_in_it() -> None:
    document = html("<h1>Terns</h1><details><summary>Old names</summary>Sea swallow.</details><p>They dive.</p>")
    assert blocks(document) == [(("Old names",), "paragraph", "Sea swallow."), ((), "paragraph", "They dive.")]


def test_menus_and_the_like_are_told_of_where_they_are_most_of_a_page() -> None:
    notes: list[str] = []
    read_html(source(f"<nav>{'Terns and gulls. ' * 20}</nav><main><p>{'They dive for fish. ' * 6}</p></main>", notes))
    read_html(source(f"<nav>{'Terns and gulls. ' * 20}</nav><p>{'They dive for fish. ' * 6}</p>", notes))
    assert notes == ["60 words are left out as menus, banners, forms and the like, which is most of the page."]


@pytest.mark.parametrize(
    ("attributes", "labels"),
    [
        ("type=a", ["a.", "b.", "c."]),
        ("type=A start=26", ["Z.", "AA.", "AB."]),
        ("type=i", ["i.", "ii.", "iii."]),
        ("style='list-style-type: upper-roman' start=4", ["IV.", "V.", "VI."]),
        ("reversed", ["3.", "2.", "1."]),
        ("start=0", ["0.", "1.", "2."]),
        ("start=-1", ["-1.", "0.", "1."]),
    ],
)
def test_the_labels_of_a_list_are_those_that_a_browser_shows(attributes: str, labels: list[str]) -> None:
    text = html(f"<ol {attributes}><li>Dive<li>Fly<li>Nest</ol>").text
    assert text.split() == [word for pair in zip(labels, ("Dive", "Fly", "Nest"), strict=True) for word in pair]


def test_a_cell_that_spans_rows_or_columns_stands_in_each() -> None:
    head = "<tr><th rowspan=2>Drug<th colspan=2>Dose<tr><th>Adult<th>Child"
    rows = "<tr><td rowspan=2>Zeltorin<td>40 mg<td>10 mg<tr><td>80 mg<td>20 mg<tr><td colspan=3>By mouth."
    assert html(f"<table>{head}{rows}</table>").text.split("\n") == [
        "| Drug | Dose | Dose |",
        "| Drug | Adult | Child |",
        "| Zeltorin | 40 mg | 10 mg |",
        "| Zeltorin | 80 mg | 20 mg |",
        "| By mouth. |",
    ]


def test_an_element_of_the_page_s_own_stands_in_its_line() -> None:
    assert html("<p>Use <x-tip>the key</x-tip> now.</p>").text == "Use the key now."


def test_a_formula_stays_in_its_paragraph() -> None:
    page = """<p>Terns fall at <math><semantics><mrow><mi>v</mi><mo>=</mo><msqrt><mn>2</mn><mi>g</mi></msqrt><mo>·</mo>
    <mfrac><msup><mi>h</mi><mn>2</mn></msup><mi>k</mi></mfrac></mrow><annotation>v</annotation></semantics></math>
    here."""
    assert html(page).text == "Terns fall at v=√(2g)· h²/k here."


def test_a_body_without_a_main_part_loses_what_surrounds_its_text() -> None:
    page = """<body><header>Site</header><div class="sidebar"><p>Left.</p></div><ul><li><a href="/1">One</a><li>
    <a href="/2">Two</a><li><a href="/3">Three</a></ul><p>Terns dive for fish in summer, and also in winter.</p>
    <form><label>Name</label></form><aside>Buy now</aside><footer>Imprint</footer>"""
    assert html(page).text == "Terns dive for fish in summer, and also in winter."


@pytest.mark.parametrize(
    "page",
    [
        "<title>Terns</title><main><h1>Terns</h1><p>Terns dive.</p></main><p>They nest.</p>",
        "<!doctype html><meta charset=utf-8><title>Terns</title><article><p>Terns dive.</p></article> They nest.",
        "<title>Terns</title><section>Terns dive.</section><body>They nest.",
        "<head><title>Terns</title><bird-text>Terns dive.</bird-text></head><body><p>They nest.</p></body>",
    ],
)
def test_a_page_need_not_say_where_its_body_begins(page: str) -> None:
    assert [text for _, _, text in blocks(html(page))] == ["Terns dive.", "They nest."]


def test_what_calls_itself_a_menu_and_holds_most_of_the_text_is_the_text() -> None:
    assert html("<div class='menu'><p>Fish and chips, 5 pounds.</p></div><p>Hi.</p>").text == (
        "Fish and chips, 5 pounds.\n\nHi."
    )


def test_a_table_that_arranges_the_page_is_read_part_by_part() -> None:
    document = html("<table><tr><td><h2>Terns</h2><p>Dive.</p></td><td><table><tr><td>a<td>b</table></table>")
    assert blocks(document) == [(("Terns",), "paragraph", "Dive."), (("Terns",), "table", "| a | b |")]


def test_text_between_the_items_of_a_list_is_kept() -> None:
    assert html("<ol start=4>Birds<li>Terns</li>and<li>Gulls<ul>Young ones<ul>too</ul></ul></ol>").text == (
        "Birds\n4. Terns\nand\n5. Gulls\nYoung ones\ntoo"
    )


def test_lists_of_terms_within_one_another_stand_further_in() -> None:
    page = """<dl><div><dt>Kelp</dt><dd>A seaweed.<dl><dt>Red<dd>Small.<dd>Tough.</dl></dd></div><dt>Auk<dd>A bird.
    <ul><li>Fish<dl><dt>Eel<dd>Thin.</dl></ul><dt hidden>Gone</dt><dt>Tern<dd><p>White.</p><p>Fast.</p></dl>"""
    assert html(page).text == (
        "- Kelp: A seaweed.\n  - Red: Small. Tough.\n- Auk: A bird.\n  - Fish\n    - Eel: Thin.\n- Tern: White. Fast."
    )


def test_however_deep_the_lists_of_terms_each_word_stands_once() -> None:
    text = html("".join(f"<dl><dt>Term {depth}<dd>Meaning {depth}" for depth in range(80))).text
    assert text == "\n".join(f"{'  ' * depth}- Term {depth}: Meaning {depth}" for depth in range(80))


def test_a_heading_loses_the_link_that_leads_to_itself() -> None:
    heads = "<h1>Terns&nbsp;at sea<a href='#terns'>#</a></h1><h2>C# <a href='#c'>¶</a></h2>"
    document = html(f"<title>Terns at sea</title>{heads}<p>Fish.")
    assert (document.title, blocks(document)) == ("Terns at sea", [(("C#",), "paragraph", "Fish.")])


def test_a_table_of_one_column_is_no_table() -> None:
    links = "<li><a href=a>a</a><li><a href=b>b</a><li><a href=c>c</a>"
    menu = f"<table><tr><th>Menu</th></tr><tr><td><ul>{links}</ul></table>"
    document = html(f"{menu}<p>Terns dive for fish in summer, and also in winter.")
    assert [kind for _, kind, _ in blocks(document)] == ["paragraph", "paragraph"]
    assert document.text == "Menu\n\nTerns dive for fish in summer, and also in winter."


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("<p>café".encode(), "café"),
        (b"\xef\xbb\xbf<p>caf\xc3\xa9", "café"),
        ("<meta charset=iso-8859-1><p>café “x”".encode("cp1252"), "café “x”"),
        ('<meta http-equiv=Content-Type content="text/html; charset=koi8-r"><p>крачка'.encode("koi8-r"), "крачка"),
        ("<p>café".encode("utf-16"), "café"),
        ("<meta charset=nonsense><p>café".encode("cp1252"), "café"),
    ],
)
def test_the_encoding_is_utf_8_or_what_the_page_says_or_what_fits(data: bytes, text: str) -> None:
    assert html(data).text == text


def test_a_page_keeps_its_bibliography_beside_it(tmp_path: Path) -> None:
    (tmp_path / "terns.html").write_text("<p>Terns dive. [7]")
    (tmp_path / "terns.bib").write_text("@misc{ref7, title = {Diving}}")
    [reference] = read(tmp_path / "terns.html", "terns").references
    assert (reference.marker, reference.text) == ("7", "Diving.")


@pytest.mark.parametrize(
    "hostile",
    [
        "<p>a&#0;b&#1;c",
        "<p>&#xD800;&#0;&#99999999999;x",
        "<",
        "<!-- never closed",
        "<title>",
        "<table><tr><td><p>" * 40,
        "<ol start=99999999999999999999><li value=-1>x",
        "<script type=application/ld+json>[[[[[[</script><p>x",
        "<script type=application/ld+json>" + "[" * 100_000 + "</script><p>x",
        '<script type=application/ld+json>{"@type":"Article","headline":"\\ud800","author":[{"name":{}}]}</script><p>x',
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><p>&b;',
        "<p id=a><a id=b></a><sup><a href=#b>1</a></sup>" * 200,
        "<sup><a href=#x>1</a><i id=x></i></sup>" * 50,
    ],
)
def test_a_hostile_page_is_a_document_all_the_same(hostile: str) -> None:
    document = html(hostile)
    assert all(passage.text == document.text[passage.start : passage.end] for passage in passages(document))


def test_scripts_never_reach_the_text_and_markup_in_the_text_is_letters() -> None:
    document = html(
        "<p onclick='x()'>&lt;script&gt;alert(1)&lt;/script&gt;<script>alert(2)</script><img src=x onerror=y>"
    )
    assert document.text == "<script>alert(1)</script>"


def test_a_page_nested_too_deeply_is_an_error_that_names_it() -> None:
    with pytest.raises(DamagedSourceError) as error:
        html("<div>" * 100_000 + "deep")
    assert error.value.message == ("terns.html cannot be read as HTML: its elements are nested more than 256 deep.")


@pytest.mark.parametrize("form", ["<pre>{}</pre>", "<!--{}-->", "<a title='{}'>At sea</a>", "<script>{}</script>"])
def test_what_stands_behind_a_very_long_part_of_a_page_is_read(form: str) -> None:
    assert html(f"<p>Terns dive.</p>{form.format('x' * 11_000_000)}<p>They fly.").text.endswith("\n\nThey fly.")


def test_a_page_that_its_parser_does_not_read_to_the_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_IS_TOO_DEEP", lambda _: False)
    with pytest.raises(DamagedSourceError) as error:
        html("<p>Terns dive.</p>" + "<div>" * 3000 + "deep")
    assert error.value.message.startswith("terns.html cannot be read as HTML: its parser gave it up (Excessive depth")


def test_a_picture_that_calls_itself_a_page_is_an_error() -> None:
    with pytest.raises(NotTextError):
        html(b"\x89PNG\r\n\x1a\n\0\0\0")


TAGS = st.sampled_from(
    [
        "p",
        "div",
        "h1",
        "h2",
        "ul",
        "ol",
        "li",
        "table",
        "tr",
        "td",
        "pre",
        "a",
        "sup",
        "br",
        "dl",
        "dt",
        "dd",
        "main",
        "nav",
        "span",
        "b",
        "section",
    ]
)
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(TAGS.map("<{}>".format), TAGS.map("</{}>".format), TEXTS), max_size=30))
def test_whatever_the_markup_offsets_hold(pieces: list[str]) -> None:
    document = html("".join(pieces).encode("utf-8", "replace"))
    for section in document.sections:
        for block in section.blocks:
            assert document.text[block.start : block.end].strip()
    for passage in passages(document):
        assert passage.text == document.text[passage.start : passage.end]


def test_what_stands_among_notes_is_kept() -> None:
    notes = "<ol><li id=a>Auk.<li id=b>Bunting.<li id=c>Never cited.</ol>"
    document = html(f"<p>Terns <a href=#a>[1]</a> dive <a href=#b>[2]</a>.{notes}")
    assert [line for line in document.text.splitlines() if line][-3:] == ["[1] Auk.", "[2] Bunting.", "Never cited."]


@pytest.mark.parametrize(
    "page",
    [
        "<button class=accordion>Can I fish?</button><div class=panel style='display:none'><p>With a card.</div>End.",
        "<div class=faq-question>Can I fish?</div><div class=faq-answer hidden>With a card.</div><p>End.",
        "<button aria-expanded=false aria-controls=a>Can I fish?</button><div id=a hidden>With a card.</div><p>End.",
        "<ul class='nav nav-tabs'><li><a data-toggle=tab href='#a'>Can I fish?</a></ul><p id=a>With a card.<p>End.",
        "<div><div class=accordion-header>Can I fish?</div><div><p>With a card.</div></div><h2>H</h2><p>End.",
    ],
)
def test_what_is_clicked_on_heads_what_it_opens_and_nothing_else(page: str) -> None:
    first, last = blocks(html(f"<main>{page}</main>"))
    assert first == (("Can I fish?",), "paragraph", "With a card.")
    assert last[0] in {(), ("H",)}


def test_a_paragraph_that_begins_with_a_question_in_bold_type_is_its_answer() -> None:
    page = "<p><b>How long does it take?</b><br>Nine days.</p><div><strong>Q: What is it?</strong> A: A pump.</div>"
    assert blocks(html(page)) == [
        (("How long does it take?",), "paragraph", "Nine days."),
        (("Q: What is it?",), "paragraph", "A: A pump."),
    ]


def test_unknowns_are_powers_too_and_customs_of_writing_are_none() -> None:
    page = "<p>x<sup>2n</sup> or y<sup>n</sup>, the 1<sup>st</sup> M<sup>r</sup> Auk<sup>a</sup></p>"
    assert blocks(html(page)) == [((), "paragraph", "x^(2n) or y^n, the 1st Mr Auk^a")]


def test_what_is_left_out_of_a_page_is_counted() -> None:
    page = """<nav>Home News</nav><main><p>Open <s>late</s> now. <img src=a> <svg><text>9</text></svg></p><form><label>
    Name <input name=n><input type=submit></label> Berthing costs ten crowns.</form><p hidden>Let us hide.</p></main>"""
    [document] = read_html(source(page))
    assert {each.what: each.amount for each in document.left_out} == {
        "words struck out": 1,
        "words hidden on the page": 3,
        "pictures": 2,
        "fields of a form": 1,
        "words of menus and banners": 2,
    }


SENTENCE = "The boats of the harbour leave at nine in the morning and come back at five in the afternoon. "


@pytest.mark.parametrize(
    "page",
    [
        f"<body><div><noscript><div><p>{4 * SENTENCE}</p></div></noscript></div>",  # for those that run no scripts
        f"<html><head><title>Boats</title></head></html><body><p>{SENTENCE}</p>",  # ended before it begins
        f"<body><div style='display:none' class=page><h1>Boats</h1><p>{SENTENCE}</p></div><p>Please wait.</p>",
        # an article beside the text
        f"<body><article>{'A word on boats. ' * 6}</article><div><p>{SENTENCE}</p><p>{SENTENCE}</p></div>",
        # a main part within the article
        f"<body><article><h1>Boats</h1><figure><figcaption>{SENTENCE}</figcaption></figure><div role=main>"
        f"<p>{9 * 'One of them is blue, and others are green, for now. '}</p></div></article>",
    ],
)
def test_the_text_of_a_page_is_found_where_its_markup_hides_it(page: str) -> None:
    assert SENTENCE.strip() in html(page).text


def test_a_head_that_leads_into_the_text_is_text_and_that_of_the_page_is_not() -> None:
    lead = (
        "<header class=intro><h1>Boats</h1><p>Nine boats leave the harbour, and nine come back each day.</p></header>"
    )
    bar = (
        "<header><a href=/>Harbour</a> <a href=/a>Boats and tickets</a> <a href=/b>Piers and sheds</a> Log in</header>"
    )
    for page in (
        f"<body>{bar}<article>{lead}<p>{SENTENCE}</p></article>",
        f"<body>{bar}{lead}<article><p>{SENTENCE}</p></article>",
        f"<body>{bar}<div>{lead}<p>{SENTENCE}</p></div>",
        f"<body>{bar}<article>{lead}<p>{SENTENCE}</p></article><article><p>Another.</p></article>",
    ):
        text = html(page).text
        assert "Nine boats leave the harbour" in text
        assert "Log in" not in text


def test_a_sidebar_with_sentences_is_text_and_one_of_links_is_not() -> None:
    links = "<ul><li><a href=/a>Auks</a><li><a href=/b>Bunting</a><li><a href=/c>Curlew</a></ul>"
    for part in ("<div class=sidebar>{}</div>", "<aside>{}</aside>"):
        page = f"<body><h1>Boats</h1><p>{9 * SENTENCE}</p>{part}"
        assert "Skippers wear" in html(page.format(f"<p>Skippers wear a blue cap. {4 * SENTENCE}</p>")).text
        assert "Bunting" not in html(page.format(links)).text


def test_a_list_of_links_within_the_text_is_text_and_one_around_it_is_counted() -> None:
    links = "<ul><li><a href=/a>Auks</a><li><a href=/b>Bunting</a><li><a href=/c>Curlew</a></ul>"
    [within] = read_html(source(f"<body><div class=post><p>{SENTENCE}</p>{links}</div>"))
    [around] = read_html(source(f"<body><div><p>{SENTENCE}</p>{links}</div>"))
    assert ("- Bunting" in within.text, within.left_out) == (True, ())
    assert ("Bunting" in around.text, [tuple(each) for each in around.left_out]) == (
        False,
        [("words of menus and banners", 3)],
    )


def test_quotation_marks_that_a_browser_shows_are_written() -> None:
    assert html("<p>She said <q>leave at nine</q> and left.</p>").text == "She said “leave at nine” and left."


def test_what_breaks_the_encoding_of_a_page_here_and_there_is_told_and_the_page_is_read() -> None:
    page = f"<!doctype html><html><body><h1>Fähre</h1><p>{19 * SENTENCE}Größe zählt, für Vögel.</p></body></html>"
    data = page.encode()
    notes: list[str] = []
    [document] = read_html(source(data.replace(b"<h1>", b"<h1>\xff"), notes))
    assert document.text.startswith("�Fähre")
    assert notes == ["1 place breaks its encoding: a � stands there."]
    notes.clear()
    [document] = read_html(source(data.replace("ö".encode(), b"\0o"), notes))
    assert document.text.endswith("Große zählt, für Vogel.")
    assert notes == ["2 control characters are left out."]
    with pytest.raises(NotTextError):
        read_html(source(data.replace(b" ", b"\0")))


def test_a_table_in_a_cell_stands_in_the_cell() -> None:
    inner = "<table><tr><td>day<td>1<tr><td>night<td>3</table>"
    page = f"<table><tr><th>Drug<th>Dose<tr><td>Zeltorin<td>{inner}<tr><td>Quaspan<td><ul><li>one<li>two</ul></table>"
    assert html(page).text == "| Drug | Dose |\n| Zeltorin | day 1; night 3 |\n| Quaspan | - one - two |"


def test_a_formula_beside_its_picture_or_drawing_is_written_once() -> None:
    formula = "<math><mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup></math>"
    for page in (
        f'<span><span style="display: none">{formula}</span><img aria-hidden=true alt="E=mc^2" src=x.svg></span>',
        f"<span class=katex><span class=katex-mathml>{formula}</span><span aria-hidden=true>E=mc2</span></span>",
        f"<mjx-container><mjx-math aria-hidden=true>E</mjx-math><mjx-more>{formula}</mjx-more></mjx-container>",
    ):
        assert html(f"<p>It is {page} here.</p>").text == "It is E=mc² here."


def test_what_is_not_to_be_printed_is_text_where_it_holds_sentences() -> None:
    links = "<div class=noprint><a href=x>Home</a> <a href=y>Birds</a></div>"
    page = f"<body>{links}<section class='lead noprint'>They dive for fish, and bring it home to the nest.</section>"
    assert (
        html(f"{page}<p>{SENTENCE}").text == f"They dive for fish, and bring it home to the nest.\n\n{SENTENCE}".strip()
    )


def test_sentences_beside_the_main_part_are_read_and_what_is_its_own_stays() -> None:
    notes: list[str] = []
    main = (
        f"<header>Of terns</header><p>{SENTENCE}<aside>Mind the chicks.</aside><ul>{3 * '<li><a href=x>Tern</a>'}</ul>"
    )
    page = f"<header>The site</header><main>{main}</main><div><p>{SENTENCE}</div><aside>More of the site</aside>"
    [document] = read_html(source(f"<body>{page}", notes))
    said = [text for _, _, text in blocks(document)]
    assert said == ["Of terns", SENTENCE.strip(), "Mind the chicks.", "- Tern\n- Tern\n- Tern", SENTENCE.strip()]
    assert notes == []


def test_recordings_are_told() -> None:
    notes: list[str] = []
    page = "<p>They call.</p><audio src=x.mp3>No sound here.</audio><video src=x.mp4></video>"
    [document] = read_html(source(f"<body>{page}", notes))
    assert (document.text, notes) == ("They call.", ["2 recordings are left out."])


def test_sentences_that_are_left_out_around_the_text_are_told_where_they_are_many() -> None:
    notes: list[str] = []
    text, other = f"<p>{9 * SENTENCE}</p>", f"<p>{2 * SENTENCE}</p>"
    items = f"<ul><li>{SENTENCE}</ul><figure><figcaption>{SENTENCE}</figcaption></figure>"
    [beside] = read_html(source(f"<body><main>{text}</main>{items}<ul><li><a href=x>{SENTENCE}</a></ul>", notes))
    assert notes == ["38 words in sentences are left out, outside of the main part."]
    assert [tuple(each) for each in beside.left_out] == [("words in sentences outside of the main part", 38)]
    notes.clear()
    [within] = read_html(source(f"<body>{text}<footer>{other}</footer>", notes))
    assert notes == ["38 words in sentences are left out as banners, forms and the like."]
    assert [tuple(each) for each in within.left_out] == [("words of menus and banners", 38)]
    notes.clear()
    read_html(
        source(f"<body><main>{text}</main><footer><p>© The harbour, where boats are for hire.</p></footer>", notes)
    )
    assert notes == []
