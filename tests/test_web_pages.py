"""The pages: what they show, and that nothing from a document or a question is ever markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import TERNS
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

import web
from qa import Engine, Settings
from qa.model import Document, Heading, Listing, Marker, Passage, Reference, Section, Span
from qa.wire import cited_passage_body, passage_permalink
from web import create_app
from web.addresses import in_quotes
from web.answers import REMEMBERED
from web.pages.chat import slices
from web.texts.reading import load_texts
from web.texts.sureness import SURENESS, sureness

README = Path(web.__file__).with_name("pages") / "README.md"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


class Page(HTMLParser):
    """A page's elements and texts, without what stands in its templates."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if "template" not in self._open:
            self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "input", "img"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "template" not in self._open:
            self.texts.append((tuple(self._open), data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of one kind."""
        return [attributes for name, attributes in self.tags if name == tag]

    def text(self, within: str = "html") -> str:
        """All text inside elements of one kind."""
        return "".join(data for path, data in self.texts if within in path)


def get(client: FlaskClient, address: str, status: int = 200, **query: Any) -> Page:
    answer = client.get(address, query_string=query or None, headers=BROWSER)
    assert (answer.status_code, answer.content_type) == (status, "text/html; charset=utf-8")
    return Page(answer.text)


def json_answer(client: FlaskClient, question: str) -> Any:
    """The answer that a page should show."""
    return client.get("/ask", query_string={"q": question}).json


# Outcomes


def test_a_confidence_is_said_in_words_by_ranges_that_have_no_gap() -> None:
    text = load_texts()
    said = [text(sureness(each / 1000)) for each in range(1001)]
    assert said == ["Very unsure."] * 250 + ["Unsure."] * 250 + ["Fairly likely."] * 501


def test_the_readme_says_from_where_on_each_word_of_a_confidence_is_said() -> None:
    [(likely, unsure)] = re.findall(
        r'"Fairly likely" from (\S+) on, "Unsure" from (\S+) on, and "Very unsure" below', README.read_text("utf-8")
    )
    assert [float(likely), float(unsure), 0.0] == [least for least, _ in SURENESS]


def test_a_possible_answer_stands_open_under_a_line_that_says_so_and_can_be_judged_once(
    unsure_engine: Engine, client: FlaskClient
) -> None:
    question = "In how many people did fever end with alcanor on Thursdays?"
    unsure = create_app(unsure_engine).test_client()
    asked, page = json_answer(unsure, question), get(unsure, "/", q=question)
    assert page.text("h3") == "This may answer your question"
    assert load_texts()(sureness(asked["confidence"])) in page.text("span")
    assert page.text("main").count("The passage does not mention “Thursdays”.") == 1
    shown = [data for path, data in page.texts if "blockquote" in path and "details" not in path]
    assert "".join(shown) == asked["passage"]["text"]
    assert [form.get("action") for form in page.all("form")].count("/feedback") == 1
    fields = {each.get("name"): each.get("value") for each in page.all("input")}
    assert fields["passage"] == asked["passage"]["id"]
    answered = get(client, "/", q="In how many people did fever end with alcanor?")
    assert "This may answer your question" not in answered.text("main")


def test_one_document_that_holds_nothing_leads_to_all_of_them(client: FlaskClient) -> None:
    page = get(client, "/", q="Does metformin help?", document="spotting", history="Do terns dive?")
    assert "/?history=Do%20terns%20dive%3F&q=Does%20metformin%20help%3F#latest" in [a["href"] for a in page.all("a")]


def test_where_no_word_can_be_looked_for_there_is_nothing_to_try(client: FlaskClient) -> None:
    page = get(client, "/", q="the of and")
    assert "The question has no word to search for. Name its subject." in page.text("main")
    assert page.text("h3") == ""


# The chat page


def test_the_first_page_says_what_this_is_and_shows_the_library(client: FlaskClient, engine: Engine) -> None:
    page = get(client, "/")
    assert "word for word" in page.text("main")
    assert "nothing is made up" in page.text("main")
    assert f"from {len(engine.contents())} documents" in page.text("main")
    links = [attributes["href"] for attributes in page.all("a")]
    for document in engine.contents():
        assert document.title in page.text("details")
        assert f"/documents/{document.id}" in links


def test_of_many_documents_the_first_page_names_some_and_says_how_many_more(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.pages.chat.LISTED", 1)
    count = engine.document_count
    page = create_app(engine).test_client().get("/").text
    assert count > 2
    assert f"from {count} documents" in page
    assert page.count('href="/documents/') == 1
    assert f'<a href="/documents">Look for others among all {count}</a>' in page


def test_the_example_questions_get_a_marked_sentence(client: FlaskClient, engine: Engine) -> None:
    links = [str(attributes["href"]) for attributes in get(client, "/").all("a")]
    examples = [link.partition("#")[0] for link in links if link.startswith("/?q=")]
    assert len(examples) == len(engine.examples()) > 0
    for example in examples:
        page = Page(client.get(example, headers=BROWSER).text)
        assert page.all("mark"), example
        assert not [each for each in page.all("ol") if each.get("class") == "outline"], example


def test_an_empty_library_has_a_first_page_too() -> None:
    nothing = Listing((), 0, None, None)
    empty: Any = SimpleNamespace(listing=lambda **_: nothing, examples=list, settings=Settings(), version="empty")
    page = get(create_app(empty).test_client(), "/")
    assert "The library has no documents yet." in page.text("main")
    assert "You get the passage" not in page.text("main")


def test_the_first_page_lists_documents_in_the_order_of_their_titles(client: FlaskClient, engine: Engine) -> None:
    titles = [each.title for each in engine.contents()]
    shown = get(client, "/").text("details")
    assert sorted(titles, key=str.casefold) == sorted(titles, key=shown.index) != titles


def test_a_question_in_the_address_is_answered_on_the_page(client: FlaskClient) -> None:
    question = "In how many people did fever end with alcanor?"
    asked = json_answer(client, question)
    page = get(client, "/", q=question)
    [start, end] = asked["passage"]["highlights"][0]
    assert page.text("title") == f"{question} – pincite"
    assert page.text("blockquote").startswith(asked["passage"]["text"])
    assert page.text("mark").startswith(asked["passage"]["text"][start:end])
    assert asked["citation"]["href"] in [attributes["href"] for attributes in page.all("a")]
    shown = page.text("figcaption")
    for part in (
        "How well does the second treatment of tern fever work?",
        "Alcanor",
        "Ada Example, Ben Sample",
        "Example House",
        "Updated May 11, 2021",
        "[98]",
        "Alcanor against placebo.",
        "The document lists no reference for this marker.",
    ):
        assert part in shown
    outward = {attributes["href"]: attributes["rel"] for attributes in page.all("a") if "rel" in attributes}
    cited = [asked, *asked["alternatives"]]
    originals = [each["citation"]["original"] for each in cited if each["citation"]["original"]]
    assert originals[0].startswith("https://example.org/second#:~:text=In%20the%20trial")
    assert outward == dict.fromkeys(
        [*originals, "https://doi.org/10.1000/ex.98", "https://pubmed.ncbi.nlm.nih.gov/12345678/"], "noreferrer"
    )


def test_the_figures_of_a_passage_are_a_table_each_linked_to_its_place(client: FlaskClient, engine: Engine) -> None:
    page = get(client, "/", q="In how many people did fever end with alcanor?")
    found = [
        (attributes["href"], data)
        for attributes, data in zip(
            [each for each in page.all("a") if (each["href"] or "").endswith("#mark")],
            [data for path, data in page.texts if path[-2:] == ("th", "a")],
            strict=True,
        )
    ]
    shown = [data for _, data in found]
    assert shown[:5] == ["11.1 days", "61%", "221 people", "19.9%", "7.4 months"]
    text = engine.document("second-treatment").text
    for href, data in found[:5]:
        start, end = map(int, re.findall(r"mark=(\d+)-(\d+)&is=[-0-9a-f]+#mark", str(href))[0])
        assert text[start:end] == data
        assert re.search(rf'<mark id="mark">{re.escape(data)}</mark>', client.get(href).text)


@pytest.mark.parametrize(("old_after", "is_old"), [(0, True), (1000, False)])
def test_an_old_source_says_so(old_after: int, is_old: bool) -> None:
    engine = Engine.create(Settings(old_after=old_after))
    engine.add([TERNS])
    client = create_app(engine).test_client()
    assert ("years old: look for newer sources" in get(client, "/documents/second-treatment").text("p")) == is_old
    answered = get(client, "/", q="In how many people did fever end with alcanor?")
    assert ("old: look for newer sources" in answered.text("figcaption")) == is_old
    assert "look for newer sources" not in get(client, "/documents/spotting").text("p")


def test_a_source_without_a_reference_list_is_said_to_have_none_once(tmp_path: Path) -> None:
    (tmp_path / "gulls.md").write_text("Gulls swim in winter. [1, 2] They eat crabs. [3]\n", "utf-8")
    engine = Engine.create(Settings())
    engine.add([tmp_path])
    shown = get(create_app(engine).test_client(), "/", q="Where do gulls swim in winter?").text("figcaption")
    assert shown.count("The source has no reference list.") == 1
    assert "lists no reference" not in shown


def test_an_entry_is_linked_by_what_the_source_gives_and_no_other_scheme(tmp_path: Path) -> None:
    text = (
        '---\nreferences:\n- {marker: "1", text: A., url: "https://example.org/a"}\n'
        '- {marker: "2", text: B., url: "javascript:alert(1)"}\n---\nGulls swim in winter. [1, 2]\n'
    )
    (tmp_path / "gulls.md").write_text(text, "utf-8")
    engine = Engine.create(Settings())
    engine.add([tmp_path])
    client = create_app(engine).test_client()
    for page in (get(client, "/", q="Where do gulls swim in winter?"), get(client, "/documents/gulls")):
        assert [link["href"] for link in page.all("a") if "rel" in link] == ["https://example.org/a"]
    assert [
        each["url"] for each in json_answer(client, "Where do gulls swim in winter?")["citation"]["references"]
    ] == [
        "https://example.org/a",
        None,
    ]


def test_a_document_without_a_date_is_called_undated(client: FlaskClient) -> None:
    assert "Undated" in get(client, "/", q="Where do terns nest?").text("figcaption")
    assert "Undated" in get(client, "/documents/spotting").text("main")


def test_nothing_found_gives_the_reason_once_what_to_try_and_the_closest_passages(client: FlaskClient) -> None:
    question = "How many people take metformin?"
    asked = json_answer(client, question)
    page = get(client, "/", q=question)
    assert page.text("p").count(asked["reason"]) == 1
    assert page.text("main").count("metformin") == 3  # in the question, in the reason, and on paper in the address
    assert "Not in these documents" not in page.text("main")
    assert page.text("h3") == "What you can tryClosest passages"
    assert "Use other words" in page.text("li")
    assert "“double quotes”" in page.text("li")
    assert "Ask all documents" not in page.text("main")
    closest = [each["passage"]["text"] for each in asked["alternatives"]]
    assert page.text("blockquote") == "".join(closest)
    assert not any(path.count("details") and "blockquote" in path for path, _ in page.texts)
    assert page.all("form")[-1]["id"] == "ask"
    assert "/feedback" not in [form.get("action") for form in page.all("form")]
    assert [attributes["class"] for attributes in page.all("div") if "nothing" in str(attributes.get("class"))]
    assert "failed" not in [attributes.get("class") for attributes in page.all("div")]


def test_an_outline_is_shown_as_sections_each_with_its_passage_and_its_place(client: FlaskClient) -> None:
    question = "How well does the second treatment of tern fever work?"
    asked = json_answer(client, question)
    page = get(client, "/", q=question)
    assert [data for path, data in page.texts if path[-2:] == ("h3", "a")] == ["Beginning", "Alcanor", "Bevacor"]
    links = [each["href"] for each in page.all("a") if each.get("title") == "Opens the source at this place"]
    assert links == [each["citation"]["href"] for each in (*asked["outline"], *asked["alternatives"])]
    assert len(asked["outline"]) == 3
    quotes = page.text("blockquote")
    for each in asked["outline"]:
        assert each["passage"]["text"] in quotes


# The ways back


def again(page: Page) -> list[str | None]:
    """Where the links lead that ask in another way."""
    links = [each for each in page.all("a") if each.get("data-action") == "again"]
    return [each["href"] for each in links if each.get("class") != "subject"]


def test_what_the_question_was_read_as_is_shown_with_the_way_to_search_for_what_stands_there(
    reading_engine: Engine,
) -> None:
    client = create_app(reading_engine).test_client()
    page = get(client, "/", q="What was the HR of bevakor?", document="second-treatment")
    shown = " ".join(page.text("main").split())
    assert "Showing results for bevacor. Search instead for “bevakor”" in shown
    assert "HR was also read as hazard ratio. Search only for “HR”" in shown
    literal, unexpanded = again(page)
    assert literal == "/?document=second-treatment&q=What%20was%20the%20HR%20of%20%22bevakor%22%3F#latest"
    assert unexpanded == "/?document=second-treatment&q=What%20was%20the%20%22HR%22%20of%20bevakor%3F#latest"
    followed = Page(client.get(str(literal).partition("#")[0], headers=BROWSER).text)
    assert "Showing results" not in followed.text("main")
    assert "Not in these documents: bevakor" in " ".join(followed.text("main").split())
    assert again(followed) == [
        "/?document=second-treatment&q=What%20was%20the%20%22HR%22%20of%20%22bevakor%22%3F#latest"
    ]


def test_a_question_is_asked_again_in_the_conversation_that_led_to_it_or_without_what_was_carried_over(
    reading_engine: Engine,
) -> None:
    client = create_app(reading_engine).test_client()
    earlier = ["How does alcanor work?", "Tell me of bevakor & co."]
    page = get(client, "/", q="What was its HR?", history=earlier)
    first = "history=How%20does%20alcanor%20work%3F"
    assert again(page) == [
        f"/?{first}&q=Tell%20me%20of%20%22bevakor%22%20%26%20co.#latest",
        "/?q=Tell%20me%20of%20bevakor%20%26%20co.#latest",
        f"/?{first}&history=Tell%20me%20of%20bevakor%20%26%20co.&q=What%20was%20its%20%22HR%22%3F#latest",
        "/?q=What%20was%20its%20HR%3F#latest",
    ]
    alone = get(client, "/", q="What was its HR?")
    assert "Taken over" in page.text("main")
    assert "Taken over" not in alone.text("main")


@pytest.mark.parametrize(
    ("question", "written", "quoted"),
    [
        ("Is the tern a tern?", "tern", 'Is the "tern" a tern?'),
        ("Do terns sterns tern?", "tern", 'Do terns sterns "tern"?'),
        ('Is a "tern" no tern?', "tern", 'Is a "tern" no "tern"?'),
        ('Is “a tern” no tern", or', "tern", 'Is “a tern” no "tern"", or'),
        ("time to progression (TTP)", "TTP", 'time to progression ("TTP")'),
        ("time to progression", "to progression", 'time "to progression"'),
        ("c++ (a|b) .*?", ".*", 'c++ (a|b) ".*"?'),
        ("Größe ß größer", "größer", 'Größe ß "größer"'),
        ("🐦 tern", "tern", '🐦 "tern"'),
        ('"tern"', "tern", None),
        ("„tern“ «tern»", "tern", None),
        ("terns", "tern", None),
        ("tern", "Tern", None),
    ],
)
def test_the_first_of_the_words_that_stand_whole_outside_quotation_marks_is_put_inside(
    question: str, written: str, quoted: str | None
) -> None:
    assert in_quotes(question, written) == quoted


def held(page: Page) -> list[dict[str, str | None]]:
    """The conversation that the form holds to ask in, which is the last of the forms."""
    asking = page.tags[[attributes.get("id") for _, attributes in page.tags].index("ask") :]
    return [attributes for _, attributes in asking if attributes.get("name") == "history"]


def test_an_address_holds_the_whole_conversation(client: FlaskClient) -> None:
    earlier = ["How does alcanor work against tern fever?", "Where do terns nest?"]
    page = get(client, "/", q="And bevacor?", history=earlier)
    questions = [data for path, data in page.texts if path[-1:] == ("h2",) and "dialog" not in path]
    assert questions == [*earlier, "And bevacor?"]
    assert [attributes["value"] for attributes in held(page)] == [*earlier, "And bevacor?"]


def test_a_long_conversation_stays_within_what_a_request_may_hold(client: FlaskClient) -> None:
    page = get(client, "/", q="Where do terns nest?", history=["Where do terns nest?"] * 30)
    hidden = held(page)
    assert len(hidden) == 12
    assert (len(hidden) + 1) * 1000 * 4 < 64 * 1024


def test_a_document_can_be_asked_alone(client: FlaskClient) -> None:
    page = get(client, "/", document="spotting")
    assert "Your question, only for “Spotting terns”" in " ".join(page.text("label").split())
    assert {"type": "hidden", "name": "document", "value": "spotting"} in page.all("input")


def test_every_page_has_its_landmarks_one_first_heading_and_a_language(client: FlaskClient) -> None:
    for address, status in [("/", 200), ("/?q=terns", 200), ("/documents/spotting", 200), ("/nowhere", 404)]:
        page = get(client, address, status)
        assert [page.all("html")[0]["lang"], len(page.all("main")), len(page.all("header"))] == ["en", 1, 1]
        assert len(page.all("h1")) == 1
        skip, *_ = [attributes for attributes in page.all("a") if attributes.get("class") == "skip"]
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert str(skip["href"])[1:] in ids
        assert len(ids) == len(set(ids))


# A document's page


@pytest.mark.parametrize("document_id", ["first-treatment", "hostile", "second-treatment", "spotting"])
def test_a_document_is_shown_whole_each_character_once(client: FlaskClient, engine: Engine, document_id: str) -> None:
    document = engine.document(document_id)
    cut = slices(document, engine.passages(document_id))
    assert "".join(each.text for each in cut) == document.text
    page = get(client, f"/documents/{document_id}")
    title = page.text("h1") if cut[0].text == document.title else ""
    text = "".join(data for path, data in page.texts if "div" in path and "form" not in path)
    assert title + text == document.text


def test_each_passage_of_a_document_is_an_element_with_its_id(client: FlaskClient, engine: Engine) -> None:
    html = client.get("/documents/second-treatment").text
    found = re.findall(r'<div class="passage" dir="auto" id="([^"]+)">(.*?)</div>', html, re.DOTALL)
    assert [(each, re.sub("<[^>]*>", "", inside)) for each, inside in found] == [
        (passage.id, passage.text) for passage in engine.passages("second-treatment")
    ]


def test_a_marker_leads_to_its_entry_where_there_is_one(client: FlaskClient) -> None:
    html = client.get("/documents/second-treatment").text
    assert '<a href="#reference-1">[98]</a> It ended in 19.9% with placebo. <a href="#reference-1">[98, 99]</a>' in html
    assert '<li id="reference-1">' in html
    assert html.count("#reference-") == 2


def test_what_the_address_marks_is_marked_within_its_passage(client: FlaskClient, engine: Engine) -> None:
    document = engine.document("second-treatment")
    start = document.text.index("61% of 221 people. [98]")
    page = client.get(f"/documents/second-treatment?mark={start}-{start + 23}").text
    assert '<mark id="mark">61% of 221 people. <a href="#reference-1">[98]</a></mark>' in page
    assert page.count('class="passage cited-here"') == 1
    assert "not in the text" not in page


@pytest.mark.parametrize("mark", ["", "x", "5", "9-5", "5-5", "-1-5", "5-99999", "1e3-2e3", "5-9 ", "<b>"])
def test_a_place_that_is_not_in_the_text_is_said_to_be_none(client: FlaskClient, mark: str) -> None:
    page = client.get("/documents/second-treatment", query_string={"mark": mark})
    assert page.status_code == 200
    assert "This link marks a place that is not in the text." in page.text
    assert "<mark" not in page.text


DOSES = "# Dosing\n\n## Adults\n\nTake 20 mg at noon.\n\n## Elders\n\nNever take more than 30 mg. It is much.\n"


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("", "", "30 mg"),
        ("# Dosing\n", "# Dosing\n\nA line that shifts all of this.\n", "30 mg"),
        ("## Adults\n\nTake 20 mg at noon.\n\n", "", "30 mg"),
        ("30 mg", "40 mg", None),
        ("than 30 mg", "than 130 mg", None),
        ("30 mg. It", "30 mg. 30 mg. It", "30 mg"),
        ("Never", "With 30 mg never", None),
        ("more than 30 mg", "20 mg", None),
        ("## Elders", "## Others", None),
        ("20 mg at noon", "30 mg at noon", "30 mg"),
    ],
)
def test_a_link_to_a_figure_marks_it_where_it_stands_now_or_nothing_and_says_so(
    tmp_path: Path, old: str, new: str, shown: str | None
) -> None:
    file = tmp_path / "doses.md"

    def indexed(text: str) -> Engine:
        file.write_text(text, "utf-8")
        engine = Engine.create(Settings())
        engine.add([tmp_path])
        return engine

    engine = indexed(DOSES)
    [href] = [
        figure.href
        for passage in engine.passages("doses")
        for figure in cited_passage_body(engine.passage(passage.id)).passage.figures
        if figure.text == "30 mg"
    ]
    page = create_app(indexed(DOSES.replace(old, new, 1) if old else DOSES)).test_client().get(href).text
    marked = re.findall(r"<mark[^>]*>([^<]*)</mark>", page)
    assert marked == ([shown] if shown else [])
    assert ("The words that this link marks are no longer there" in page) == (shown is None)
    if shown:
        assert page.index("<mark") > page.index(">Elders</h")


@pytest.mark.parametrize("known_by", ["x", "5", "5-0123456789abcdef", "999999999-0123456789abcdef", "4-0123"])
def test_a_mark_whose_fingerprint_is_of_no_words_there_marks_nothing(client: FlaskClient, known_by: str) -> None:
    page = client.get("/documents/second-treatment", query_string={"mark": "5-9", "is": known_by})
    assert page.status_code == 200
    assert "The words that this link marks are no longer there" in page.text
    assert "<mark" not in page.text


@given(data=st.data())
def test_marks_and_markers_leave_the_text_as_it_is(data: st.DataObject) -> None:
    text = "Title\n\nOne [1] two [2, 3] three. [1]\n\nFour [4]."
    markers = [(label, m.start(), m.end()) for m in re.finditer(r"\[([^]]+)\]", text) for label in m[1].split(", ")]
    start = data.draw(st.integers(0, len(text) - 1))
    mark = Span(start, data.draw(st.integers(start + 1, len(text))))
    document = Document(
        id="d",
        title="Title",
        text=text,
        source="d.md",
        headings=(Heading(level=1, start=0, end=5),),
        markers=tuple(Marker(label=label, start=a, end=b) for label, a, b in markers),
        references=(Reference(marker="1", text="One."), Reference(marker="3", text="Three.")),
    )
    passage = Passage(id="d-1", document_id="d", section=(), text=text[7:37], start=7, end=37, sentences=())
    drawn = [block for each in slices(document, [passage], mark) for block in each.blocks]
    pieces = [piece for block in drawn for row in block.rows for cell in row for piece in cell.pieces]
    assert "".join(piece.text for piece in pieces) == text
    assert "".join(piece.text for piece in pieces if piece.is_marked) == text[mark.start : mark.end]
    assert [piece.is_first for piece in pieces if piece.is_marked].count(True) == 1
    pointing = ["".join(p.text for p in pieces if p.href == f"#reference-{number}") for number in (1, 2)]
    assert pointing == ["[1][1]", "[2, 3]"]


def test_headings_that_stand_in_the_text_are_headings_of_the_page(client: FlaskClient) -> None:
    page = get(client, "/documents/second-treatment")
    assert page.text("h1") == "How well does the second treatment of tern fever work?"
    assert [data for path, data in page.texts if path[-1:] == ("h2",)] == ["Alcanor", "Bevacor", "References"]


def test_text_is_cut_at_headings_and_passages_even_where_passages_overlap() -> None:
    text = "Title\n\nOne two three.\n\nNext\n\nFour."
    sections = (
        Section(path=("Title",), start=7, end=21, blocks=()),
        Section(path=("Title", "Next"), start=29, end=34, blocks=()),
    )
    headings = (Heading(level=1, start=0, end=5), Heading(level=2, start=23, end=27))
    document = Document(id="d", title="Title", text=text, source="d.md", headings=headings, sections=sections)
    passages = [
        Passage(id=f"d-{start}", document_id="d", section=(), text=text[start:end], start=start, end=end, sentences=())
        for start, end in [(7, 14), (11, 21), (29, 34)]
    ]
    assert [(each.kind, each.text, each.id, each.level) for each in slices(document, passages)] == [
        ("heading", "Title", "section-1", 1),
        ("text", "\n\n", "", 0),
        ("passage", "One two", "d-7", 0),
        ("passage", " three.", "d-11", 0),
        ("text", "\n\n", "", 0),
        ("heading", "Next", "section-2", 2),
        ("text", "\n\n", "", 0),
        ("passage", "Four.", "d-29", 0),
    ]


# The same as JSON


@pytest.mark.parametrize(
    ("address", "alternate"),
    [
        ("/?q=Where+do+terns+nest%3F&history=Terns", "/ask?history=Terns&q=Where%20do%20terns%20nest%3F"),
        ("/?q=terns&document=spotting", "/ask?document=spotting&q=terns"),
        ("/documents/spotting", "/documents/spotting.json"),
    ],
)
def test_a_page_names_the_address_that_gives_the_same_as_json(
    client: FlaskClient, address: str, alternate: str
) -> None:
    [link] = [each for each in get(client, address).all("link") if each["rel"] == "alternate"]
    assert link == {"rel": "alternate", "type": "application/json", "href": alternate}
    assert client.get(alternate).status_code == 200


# Hostile text


HOSTILE_ADDRESSES = [
    "/",
    "/?q=What+did+the+petrel+say",
    "/?q=<script>document.title='owned'</script>&history=</template><img src=x onerror=alert(1)>",
    "/?q=What+did+the+shearwater+eat",
    "/?document=hostile",
    "/documents/hostile",
    "/documents/<script>document.title='owned'<%2Fscript>",
    "/nowhere/<img src=x onerror=alert(1)>",
    "/?q=%00<script>document.title='owned'</script>",
]


@pytest.mark.parametrize("address", HOSTILE_ADDRESSES)
def test_markup_from_documents_questions_and_addresses_comes_out_as_text(client: FlaskClient, address: str) -> None:
    page = Page(client.get(address, headers=BROWSER).text)
    known = [{"type": "application/json", "id": "texts"}, {"type": "module", "src": "/static/chat.js"}]
    known += [{"src": "/static/theme.js"}, {"type": "module", "src": "/static/suggesting.js"}]
    assert [each for each in page.all("script") if each not in known] == []
    assert {"img", "svg", "b", "i", "style", "iframe", "object"}.isdisjoint({tag for tag, _ in page.tags})
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert str(attributes.get("href", "/")).startswith(("/", "#", "https://"))


def test_hostile_text_is_shown_as_it_stands(client: FlaskClient) -> None:
    page = get(client, "/", q="What did the petrel say?")
    assert "<img src=x onerror=\"document.title='owned'\">" in page.text("blockquote")
    assert '<script>document.title = "owned"</script> & "quotes"' in page.text("figcaption")


def test_json_is_never_taken_for_markup(client: FlaskClient) -> None:
    answer = client.get("/ask", query_string={"q": "<script>alert(1)</script>"}, headers=BROWSER)
    assert (answer.content_type, answer.headers["X-Content-Type-Options"]) == ("application/json", "nosniff")


def test_an_address_that_is_no_web_address_is_not_linked(client: FlaskClient) -> None:
    assert "javascript:" not in client.get("/documents/hostile").text


def test_texts_of_any_direction_are_isolated(client: FlaskClient) -> None:
    question = "Who wrote \u202ebackwards?"
    page = get(client, "/", q=question)
    [heading] = [attributes for attributes in page.all("h2") if attributes.get("class") == "question"]
    assert heading["dir"] == "auto"
    assert page.text("h2").startswith(question)
    for tag in ("blockquote", "textarea"):
        assert {attributes["dir"] for attributes in page.all(tag)} == {"auto"}


# Failures


@pytest.mark.parametrize(
    ("address", "status", "title", "detail"),
    [
        ("/?q=", 422, "Invalid request", "The question must not be empty."),
        ("/?q=++", 422, "Invalid request", "The question must not be blank."),
        (
            "/?q=" + "x" * 1001,
            422,
            "Invalid request",
            "The question must have at most 1,000 characters (it has 1,001).",
        ),
        ("/?document=none", 404, "Unknown document", "No document has the id 'none'."),
        ("/documents/none", 404, "Unknown document", "No document has the id 'none'."),
        ("/nowhere", 404, "Not Found", "There is nothing at this address. It may have been cut short."),
        ("/problems/none", 404, "Not Found", "No error has this code."),
    ],
)
def test_a_page_that_fails_is_a_page_that_says_why(
    client: FlaskClient, address: str, status: int, title: str, detail: str
) -> None:
    page = get(client, address, status)
    assert page.text("title") == f"{title} – pincite"
    assert page.text("h1") == title
    assert detail in page.text("main")
    assert [form["action"] for form in page.all("form")] == ["/language", "/#latest"]
    assert client.get("/?q=Where+do+terns+nest").status_code == 200


def test_a_question_that_was_refused_stays_in_the_box(client: FlaskClient) -> None:
    assert get(client, "/", 422, q="</textarea>" + "x" * 1000).text("textarea").strip() == "</textarea>" + "x" * 1000


def test_an_unexpected_failure_of_a_page_tells_nothing_of_the_inside(
    app: Flask, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(type(engine), "ask", fail)
    page = get(app.test_client(), "/", 500, q="Where do terns nest?")
    assert page.text("h1") == "Internal Server Error"
    assert "secret" not in page.text()


# Headers


ADDRESSES = [
    "/",
    "/?q=terns",
    "/documents/spotting",
    "/documents/spotting.json",
    "/passages/spotting-00000.json",
    "/passages/spotting-00000",
    "/ask?q=terns",
    "/ask",
    "/openapi.json",
    "/livez",
    "/readyz",
    "/problems/invalid_request",
    "/nowhere",
    "/static/chat.js",
    "/static/style.css",
    "/static/icon.svg",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_carries_the_security_headers(client: FlaskClient, address: str) -> None:
    with client.get(address) as answer:
        headers = answer.headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        **dict.fromkeys(["script-src", "style-src", "connect-src", "img-src", "form-action"], "'self'"),
        **dict.fromkeys(["base-uri", "frame-ancestors", "trusted-types"], "'none'"),
        "require-trusted-types-for": "'script'",
    }
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    kept = "no-cache" if address.startswith("/static/") else "private, no-cache" if "ETag" in headers else "no-store"
    assert headers["Cache-Control"] == kept


def test_static_files_are_sent_again_only_when_they_change(client: FlaskClient) -> None:
    with client.get("/static/style.css") as first:
        assert first.status_code == 200
    with client.get("/static/style.css", headers={"If-None-Match": first.headers["ETag"]}) as again:
        assert again.status_code == 304


@pytest.fixture
def elsewhere(engine: Engine) -> Iterator[FlaskClient]:
    """The service of a host that is not this machine alone."""
    engine.settings = replace(engine.settings, host="0.0.0.0")  # noqa: S104
    yield create_app(engine).test_client()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "::1", "127.1"])
def test_a_service_by_any_name_of_this_machine_refuses_the_names_of_others(engine: Engine, name: str) -> None:
    engine.settings = replace(engine.settings, host=name)
    client = create_app(engine).test_client()
    assert client.get("/livez", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/livez", headers={"Host": "localhost:8000"}).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "localhost", "[::1]:8000", "127.0.0.2"])
def test_a_local_service_answers_under_its_own_names(client: FlaskClient, host: str) -> None:
    assert client.get("/livez", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "192.0.2.1", "[::1", ""]
)
@pytest.mark.parametrize("address", ["/", "/ask?q=terns", "/static/chat.js", "/nowhere"])
def test_a_local_service_refuses_the_names_of_others(client: FlaskClient, host: str, address: str) -> None:
    assert client.get(address, headers={"Host": host}).status_code == 400


def test_a_service_for_others_answers_under_any_name(elsewhere: FlaskClient) -> None:
    assert elsewhere.get("/livez", headers={"Host": "library.example"}).status_code == 200


# Feedback


FORM = {"key": "0" * 32, "question": "Where do terns nest?", "helpful": "no", "comment": "No.\r\nNot quite."}


def send(client: FlaskClient, **changed: Any) -> Any:
    """Send the form as a browser without JavaScript does."""
    return client.post("/feedback", data=FORM | changed, headers=BROWSER | {"Sec-Fetch-Site": "same-origin"})


def test_feedback_by_a_form_is_kept_and_thanked_for_with_the_way_back(client: FlaskClient, engine: Engine) -> None:
    passage = engine.passage("spotting-00000").passage
    known_by = passage_permalink(passage).partition("is=")[2]
    answer = send(client, history=["Do they dive?", "<b>"], document="spotting", passage=passage.id, **{"is": known_by})
    assert (answer.status_code, answer.content_type) == (201, "text/html; charset=utf-8")
    page = Page(answer.text)
    assert page.text("h1") == "Thank you"
    back = "/?document=spotting&history=Do%20they%20dive%3F&history=%3Cb%3E&q=Where%20do%20terns%20nest%3F#latest"
    assert back in [each["href"] for each in page.all("a")]
    assert client.get(back).status_code == 200
    [kept] = engine.feedback.all()
    assert (kept.question, kept.history, kept.asked_of) == (FORM["question"], ("Do they dive?", "<b>"), "spotting")
    assert (kept.quote, kept.helpful, kept.comment) == (passage.text, False, "No.\nNot quite.")


def test_what_is_empty_in_a_form_is_not_given(client: FlaskClient, engine: Engine) -> None:
    assert send(client, document="", passage="", comment="", **{"is": ""}).status_code == 201
    [kept] = engine.feedback.all()
    assert (kept.asked_of, kept.outcome, kept.comment) == (None, "nothing_found", "")


def test_feedback_on_the_longest_conversation_fits_a_form(client: FlaskClient, engine: Engine) -> None:
    longest = {"question": "🐦" * 1000, "history": ["🐦" * 1000] * REMEMBERED, "comment": "🐦" * 2000}
    assert send(client, **longest).status_code == 201
    [kept] = engine.feedback.all()
    assert (kept.question, list(kept.history), kept.comment) == tuple(longest.values())


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"helpful": "perhaps"}, "The helpful must be true or false."),
        ({"helpful": ""}, "The helpful is required."),
        ({"comment": "x" * 2001}, "The comment must have at most 2,000 characters (it has 2,001)."),
        ({"key": ["0" * 32, "1" * 32]}, "The key may be given only once."),
        (
            {"colour": "red"},
            "The colour is not a known field. "
            "Known fields: key, question, history, document, passage, is, helpful, comment.",
        ),
    ],
)
def test_a_form_that_is_wrong_is_refused_by_a_page_that_says_why(
    client: FlaskClient, engine: Engine, changed: dict[str, Any], told: str
) -> None:
    answer = send(client, **changed)
    assert (answer.status_code, answer.content_type) == (422, "text/html; charset=utf-8")
    assert told in Page(answer.text).text("main")
    assert engine.feedback.all() == []


def test_a_form_of_a_page_elsewhere_is_refused_by_a_page(client: FlaskClient, engine: Engine) -> None:
    answer = client.post("/feedback", data=FORM, headers=BROWSER | {"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.content_type) == (403, "text/html; charset=utf-8")
    assert engine.feedback.all() == []


def test_nothing_of_who_sent_feedback_is_kept(client: FlaskClient, engine: Engine) -> None:
    secrets = {"User-Agent": "Tern-Browser/7", "Cookie": "who=me7", "X-Forwarded-For": "192.0.2.77"}
    answer = client.post("/feedback", data=FORM, headers=secrets, environ_base={"REMOTE_ADDR": "127.0.0.77"})
    assert answer.status_code == 201
    assert "Set-Cookie" not in answer.headers
    kept = engine.feedback.path.read_bytes()
    assert FORM["question"].encode() in kept
    for secret in (b"Tern-Browser", b"who=me7", b"192.0.2.77", b"127.0.0.77"):
        assert secret not in kept


# Scripts


def test_a_script_comes_without_its_comments_and_only_once(client: FlaskClient) -> None:
    whole = (Path(__file__).parent.parent / "web" / "static" / "chat.js").read_text("utf-8")
    sent = client.get("/static/chat.js")
    kept = [line for line in whole.splitlines() if not line.lstrip().startswith("//")]
    assert (sent.status_code, sent.mimetype) == (200, "text/javascript")
    assert sent.text.splitlines() == kept
    assert len(kept) < len(whole.splitlines())
    again = client.get("/static/chat.js", headers={"If-None-Match": sent.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("name", ["../app.py", "none.js", "%2e%2e/app.py", "..%5capp.py", ""])
def test_nothing_else_is_sent_as_a_static_file(client: FlaskClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_a_doi_that_stands_in_a_reference_is_linked_there_and_not_shown_again(tmp_path: Path) -> None:
    source = tmp_path / "terns.md"
    entry = "1. Tern A. How terns dive. J Birds. 2019. doi:10.1000/t.1"
    source.write_text(f"# Diving\n\nTerns dive for fish [1].\n\n## References\n\n{entry}\n")
    engine = Engine.create(Settings(meaning="off"))
    engine.add([source])
    page = create_app(engine).test_client().get("/?q=Do terns dive for fish?").text
    assert 'href="https://doi.org/10.1000/t.1" rel="noreferrer">10.1000/t.1</a>' in page
    shown = re.sub("<[^>]*>", "", page)
    assert (shown.count("10.1000/t.1"), page.count("https://doi.org/10.1000/t.1")) == (1, 1)
