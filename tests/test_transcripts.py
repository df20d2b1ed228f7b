"""A conversation as a file: all of it, word for word, and nothing in it is markup."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qa import Engine, Settings
from qa.wire import ReferenceBody
from web import create_app
from web.pages.entries import entry
from web.pages.markdown import escaped, linked, quoted
from web.texts.reading import load_texts
from web.texts.sureness import sureness

MARKDOWN = MarkdownIt("commonmark").enable("table").enable("strikethrough")
QUESTIONS = [
    "How well does bevacor work against tern fever?",
    "What was the hazard ratio?",
    "How many days does metformin take?",
]


class Shown(HTMLParser):
    """The elements and the text of what Markdown is rendered to."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(MARKDOWN.render(markdown))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.tags.append(tag)
        if tag == "br":
            self.text += "\n"

    def handle_data(self, data: str) -> None:
        self.text += data


def lines(words: str) -> list[str]:
    """The lines of a text that hold anything, without white space around them."""
    return [" ".join(line.split()) for line in re.split(r"[\r\n]+", words) if line.strip()]


HOSTILE = st.text(st.sampled_from("ab1.)-+=*_#>`~[]()<>&|\\! \t\n:;\"'/@{}$^"), max_size=60) | st.text(max_size=40)


@given(HOSTILE)
def test_a_quotation_shows_its_words_and_is_nothing_but_a_quotation(words: str) -> None:
    words = re.sub(r"[\x00\x0b\x0c\x1c-\x1f\x85\u2028\u2029\ufffd]", "", words)  # no parser keeps these
    shown = Shown(quoted(words))
    assert set(shown.tags) <= {"blockquote", "p", "br"}
    assert lines(shown.text) == lines(words)


@given(HOSTILE)
def test_a_line_shows_its_words_and_is_nothing_but_a_line(words: str) -> None:
    words = re.sub(r"[\x00\x0b\x0c\x1c-\x1f\x85\u2028\u2029\ufffd]", "", words)
    shown = Shown(f"## {escaped(words)}")
    assert shown.tags == ["h2"]
    assert shown.text.split() == words.split()


def test_the_conversation_in_markdown_has_each_question_with_its_words_and_their_place(client: FlaskClient) -> None:
    answer = client.get("/conversation.md", query_string={"q": QUESTIONS[2], "history": QUESTIONS[:2]})
    assert answer.content_type == "text/markdown; charset=utf-8"
    assert re.fullmatch(r"attachment; filename=pincite-\d{4}-\d\d-\d\d\.md", answer.headers["Content-Disposition"])
    shown = Shown(answer.text)
    assert [line[3:] for line in answer.text.splitlines() if line.startswith("## ")] == QUESTIONS
    asked: list[Any] = [
        client.post("/ask", json={"question": question, "history": QUESTIONS[:number]}).json
        for number, question in enumerate(QUESTIONS)
    ]
    for each in asked[:2]:
        words = re.sub(r"^- ", "", each["passage"]["text"], flags=re.MULTILINE)  # what a list is drawn by
        assert " ".join(words.split()) in " ".join(shown.text.split())
        assert f"http://localhost{each['citation']['permalink']}" in shown.text.replace("&amp;", "&")
    assert "Taken over from your earlier question" in shown.text
    assert shown.text.count(asked[2]["reason"]) == 1
    assert shown.text.count("metformin") == 2  # in the question and the reason
    _, closest = answer.text.split("\n### Closest passages\n")
    words = " ".join(Shown(closest).text.split())
    for each in asked[2]["alternatives"]:
        assert " ".join(each["passage"]["text"].split()) in words
        assert f"http://localhost{each['citation']['permalink']}" in words
    assert "Updated May 11, 2021" in shown.text
    cited = client.get("/conversation.md", query_string={"q": "In how many people did fever end with alcanor?"})
    assert "[98] Example A, Sample B. Alcanor against placebo." in Shown(cited.text).text


@pytest.mark.parametrize(
    "written",
    [
        "1. Tern A. How terns dive [part 1]. J Birds. 2019. doi:10.1000/T_1",
        "1. Tern A. How terns dive [part 1]. J Birds. 2019. https://doi.org/10.1000/T_1",
    ],
)
def test_a_doi_in_a_reference_is_in_markdown_once_and_leads_to_the_work(tmp_path: Path, written: str) -> None:
    source = tmp_path / "terns.md"
    source.write_text(f"# Diving\n\nTerns dive for fish [1].\n\n## References\n\n{written}\n")
    engine = Engine.create(Settings(meaning="off"))
    engine.add([source])
    client = create_app(engine).test_client()
    asked = {"q": "Do terns dive for fish?"}
    rendered = MARKDOWN.render(client.get("/conversation.md", query_string=asked).text)
    assert rendered.count('href="https://doi.org/10.1000/T_1"') == 1
    assert Shown(rendered).text.count(f"[1] {written[3:]}\n") == 1
    page = client.get("/", query_string=asked).text
    assert (page.count('href="https://doi.org/10.1000/T_1"'), re.sub("<[^>]*>", "", page).count("10.1000/T_1")) == (
        1,
        1,
    )


def test_an_entry_shows_its_words_alone_and_never_a_picture_from_its_address() -> None:
    found = entry(
        ReferenceBody(
            marker="1", text="See !https://a.example/x.png", doi=None, pmid=None, url="https://a.example/x.png"
        )
    )
    rendered = MARKDOWN.render(linked(*found[:4]))
    assert "<img" not in rendered
    assert Shown(rendered).text.strip() == "See !https://a.example/x.png"


def test_an_entry_with_an_address_and_a_doi_apart_leads_to_both() -> None:
    body = ReferenceBody(
        marker="1", text="https://a.example/t doi:10.1/t", doi="10.1/t", pmid=None, url="https://a.example/t"
    )
    assert (entry(body).href, entry(body).doi) == ("https://a.example/t", "10.1/t")


def test_a_possible_answer_in_markdown_says_so_above_its_words(unsure_engine: Engine) -> None:
    client = create_app(unsure_engine).test_client()
    question = "In how many people did Watson's fever end with alcanor on Thursdays?"
    asked: Any = client.post("/ask", json={"question": question}).json
    text = client.get("/conversation.md", query_string={"q": question}).text
    sure = load_texts()(sureness(asked["confidence"]))
    lead = f"**This may answer your question.** {sure} The passage does not mention “Thursdays”."
    assert asked["outcome"] == "possible"
    assert f"\n\nNot in these documents: **Watson's**\n\n{lead}\n\n> **In the trial of alcanor" in text
    turns = json.loads(client.get("/conversation.json", query_string={"q": question}).text)["turns"]
    assert [turn["outcome"] for turn in turns] == ["possible"]


def test_the_conversation_in_json_has_the_answers_that_ask_gives(client: FlaskClient) -> None:
    answer = client.get("/conversation.json", query_string={"q": QUESTIONS[1], "history": QUESTIONS[:1]})
    turns = json.loads(answer.text)["turns"]
    for number, turn in enumerate(turns):
        asked: Any = client.post("/ask", json={"question": QUESTIONS[number], "history": QUESTIONS[:number]}).json
        assert {**turn, "took_ms": 0} == {**asked, "took_ms": 0}
    assert len(turns) == 2


def test_a_longer_conversation_than_an_address_holds_is_sent(client: FlaskClient) -> None:
    body = {"turns": [{"question": f"Where do terns nest, {number}?"} for number in range(200)]}
    answer = client.post("/conversation.json", json=body)
    assert [turn["question"] for turn in json.loads(answer.text)["turns"]] == [
        turn["question"] for turn in body["turns"]
    ]
    assert client.post("/conversation.md", json=body).text.count("\n## ") == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"turns": []}, "/turns"),
        ({"turns": [{"question": "Terns?"}] * 201}, "/turns"),
        ({}, "/turns"),
        ({"turns": [{"question": "Terns?"}, {"question": " "}]}, "/turns/1/question"),
        ({"turns": [{"question": "Terns?", "history": ["\x00"]}]}, "/turns/0/history/0"),
        ({"turns": [{"question": "Terns?", "answer": "Yes"}]}, "/turns/0/answer"),
        ({"turns": [{"question": "Terns?", "limit": 21}]}, "/turns/0/limit"),
        ([], ""),
    ],
)
@pytest.mark.parametrize("suffix", ["md", "json"])
def test_what_is_no_conversation_is_refused_by_name(client: FlaskClient, body: Any, pointer: str, suffix: str) -> None:
    answer = client.post(f"/conversation.{suffix}", data=json.dumps(body), content_type="application/json")
    assert answer.status_code == (422 if pointer else 400)
    assert [each["pointer"] for each in json.loads(answer.text)["errors"]] == [pointer]


def test_a_conversation_is_sent_as_json_and_not_too_large(client: FlaskClient) -> None:
    assert client.post("/conversation.md", data="{}").status_code == 415
    assert client.post("/conversation.md", json={"turns": "x" * 1_000_001}).status_code == 413


def test_parameters_that_are_not_known_or_there_twice_are_refused(client: FlaskClient) -> None:
    for query, pointer in (("q=a&bogus=1", "/bogus"), ("q=a&q=b", "/q"), ("q=a&limit=3", "/limit")):
        for address in ("/conversation.md", "/conversation.json"):
            answer = client.get(f"{address}?{query}")
            assert (answer.status_code, json.loads(answer.text)["errors"][0]["pointer"]) == (422, pointer)


def test_an_address_gives_no_more_than_the_last_questions(client: FlaskClient) -> None:
    history = [f"Do terns nest, {number}?" for number in range(50)]
    answer = client.get("/conversation.json", query_string={"q": "Where?", "history": history})
    assert [turn["question"] for turn in json.loads(answer.text)["turns"]] == [*history[-12:], "Where?"]


def test_a_conversation_without_a_question_is_refused(client: FlaskClient) -> None:
    assert client.get("/conversation.md").status_code == 422
