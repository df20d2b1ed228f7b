"""The widget on a page of another origin: it answers where a setting allows that, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from browsing import ANSWERED, NOT_FOUND, library_of_kit, library_of_terns, served
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from qa import Engine
from web import create_app

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Terns</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src {service}; connect-src {service};
require-trusted-types-for 'script'; trusted-types 'none'">
<script type="module" src="{service}/widget.js"></script></head>
<body><main><h1>A page about terns</h1><pincite-ask{attributes}>Ask at {service}</pincite-ask></main></body></html>"""


class Embedded(NamedTuple):
    """A page with the widget in it, on a port of its own, and what its console said."""

    page: Page
    service: str
    errors: list[str]


@contextmanager
def embedded(
    browser: Browser,
    *,
    is_allowed: bool,
    attributes: str = "",
    engine: Callable[..., Engine] = library_of_terns,
    **settings: float | Path,
) -> Iterator[Embedded]:
    elsewhere = Flask("elsewhere")
    with served(elsewhere) as origin:
        origins = (origin,) if is_allowed else ("https://example.org",)
        app = create_app(engine(widget_origins=origins, **settings))
        with served(app) as service:
            elsewhere.add_url_rule("/", "page", lambda: PAGE.format(service=service, attributes=attributes))
            context = browser.new_context(reduced_motion="reduce")
            context.set_default_timeout(10_000)
            page = context.new_page()
            errors: list[str] = []
            page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(origin)
            yield Embedded(page, service, errors)
            context.close()


def ask(page: Page, question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=question, level=2)).to_be_visible()


def test_a_page_of_an_allowed_origin_asks_and_follows_up(browser: Browser) -> None:
    with embedded(browser, is_allowed=True) as (page, service, errors):
        ask(page, "How well does bevacor work against tern fever?")
        expect(page.locator("blockquote")).to_contain_text("Bevacor is given for six weeks")
        ask(page, "What was the hazard ratio?")
        last = page.get_by_role("log").get_by_role("article").last
        expect(last).to_contain_text("Taken over from your earlier question: ")
        expect(last.locator("mark")).to_have_text("Its hazard ratio was 0.48.")
        expect(last).to_contain_text("Bevacor · Updated May 11, 2021")
        source = last.get_by_role("link", name="How well does the second treatment of tern fever work?")
        href = source.first.get_attribute("href") or ""
        assert href.startswith(f"{service}/documents/second-treatment?mark=")
        whole = page.context.new_page()
        whole.goto(last.locator(".more").get_attribute("href") or "")
        expect(whole.locator(".exchange")).to_have_count(2)
        assert errors == []


def test_it_says_what_the_documents_do_not_hold_and_what_goes_wrong(browser: Browser) -> None:
    with embedded(browser, is_allowed=True) as (page, _, errors):
        ask(page, NOT_FOUND)
        log = page.get_by_role("log")
        expect(log.get_by_text("No passage mentions “metformin”.", exact=True)).to_be_visible()
        expect(log).not_to_contain_text("Not in these documents")
        expect(log).to_contain_text("Use other words")
        expect(log.get_by_role("heading", name="Closest passages", level=3)).to_be_visible()
        expect(log.locator("blockquote")).to_have_count(3)
        expect(log.locator("blockquote").first).to_be_visible()
        expect(log.get_by_role("link", name="Open the full answer")).to_have_count(1)
        ask(page, "x" * 1001)
        expect(page.get_by_role("log")).to_contain_text("The question must have at most 1,000 characters")
        expect(page.get_by_label("Your question")).to_have_value("x" * 1001)
        page.route("**/ask", lambda route: route.abort())
        page.get_by_label("Your question").fill(ANSWERED)
        page.keyboard.press("Enter")
        expect(page.get_by_role("log")).to_contain_text("The service could not be reached.")
        assert [each for each in errors if "Failed to load resource" not in each] == []


def test_it_shows_a_possible_answer_open_and_says_that_it_is_one(browser: Browser) -> None:
    with embedded(browser, is_allowed=True, threshold=1.0, possible_threshold=0.01) as (page, _, errors):
        ask(page, "In how many people did fever end with alcanor on Thursdays?")
        log = page.get_by_role("log")
        expect(log.get_by_role("heading", name="This may answer your question", level=3)).to_be_visible()
        expect(log).to_contain_text(
            re.compile(r"(Fairly likely|Unsure|Very unsure)\. The passage does not mention “Thursdays”\.")
        )
        expect(log.locator("blockquote")).to_have_count(1)
        expect(log.locator("blockquote")).to_contain_text("fever ended within 11.1 days")
        expect(page.get_by_role("status")).to_contain_text("A possible answer")
        assert errors == []


def test_it_can_ask_one_document_alone(browser: Browser) -> None:
    with embedded(browser, is_allowed=True, attributes=' document="spotting"') as (page, _, errors):
        ask(page, ANSWERED)
        expect(page.locator("blockquote")).to_have_count(0)
        expect(page.get_by_role("log")).to_contain_text("Use other words")
        ask(page, "Where do terns nest?")
        expect(page.locator("blockquote")).to_contain_text("Terns nest on open shingle")
        assert errors == []


def test_it_shows_its_name_and_which_documents_it_answers_from(browser: Browser) -> None:
    with embedded(browser, is_allowed=True) as (page, _, errors):
        expect(page.get_by_role("region", name="Ask the documents")).to_contain_text("Answers from 5 documents")
        assert errors == []
    attributes = ' document="second-treatment" label="Ask about terns"'
    with embedded(browser, is_allowed=True, attributes=attributes) as (page, _, errors):
        region = page.get_by_role("region", name="Ask about terns")
        expect(region).to_contain_text("Ask about terns")
        expect(region).to_contain_text("Answers from “How well does the second treatment of tern fever work?” only")
        assert errors == []


def test_it_draws_a_passage_as_its_source_has_it_and_keeps_each_character(browser: Browser) -> None:
    with embedded(browser, is_allowed=True) as (page, service, errors):
        ask(page, "How many mg of bevacor on Mondays?")
        quotation = page.locator("blockquote").first
        expect(quotation.get_by_role("listitem").first).to_be_visible()
        answer = page.request.post(f"{service}/ask", data={"question": "How many mg of bevacor on Mondays?"}).json()
        assert quotation.text_content() == answer["passage"]["text"]
        mark = quotation.locator("mark").first
        assert mark.evaluate("element => getComputedStyle(element).textDecorationLine") == "underline"
        assert mark.evaluate("element => getComputedStyle(element, '::before').content") in (
            '"Answer:"',
            '"Possible answer:"',
        )
        assert errors == []


def test_it_draws_a_table(browser: Browser) -> None:
    with embedded(browser, is_allowed=True, engine=library_of_kit) as (page, service, errors):
        question = "Which dose of alcanor does an adult take?"
        ask(page, question)
        table = page.get_by_role("table")
        expect(table.get_by_role("row")).to_have_count(4)
        expect(table.get_by_role("columnheader").first).to_be_visible()
        assert table.get_by_role("cell").all_inner_texts()[:4] == [
            "An adult",
            "20 mg once a day",
            "in 61% [1]",
            "with food",
        ]
        expect(table.locator("mark")).to_have_count(4)
        ask(page, "Which command prints the dose of a person?")
        expect(page.locator("mark code")).to_have_text("kit dose --weight 80")
        answer = page.request.post(f"{service}/ask", data={"question": question}).json()
        assert page.locator("blockquote").first.text_content() == answer["passage"]["text"]
        found = pytest.importorskip("axe_playwright_python.sync_playwright").Axe().run(page)
        assert [each["id"] for each in found.response["violations"]] == []
        assert errors == []


def test_a_page_of_any_other_origin_gets_nothing_and_shows_what_stands_inside(browser: Browser) -> None:
    with embedded(browser, is_allowed=False) as (page, service, errors):
        expect(page.get_by_text(f"Ask at {service}")).to_be_visible()
        answer = page.evaluate(
            """service => fetch(`${service}/ask`, {method: "POST", body: "{}",
                headers: {"Content-Type": "application/json"}}).then(() => "answered", error => error.name)""",
            service,
        )
        assert answer == "TypeError"
        assert any("blocked by CORS policy" in each for each in errors)


def test_its_style_is_its_own(browser: Browser) -> None:
    with embedded(browser, is_allowed=True) as (page, _, _):
        ask(page, ANSWERED)
        assert page.evaluate("document.querySelector('pincite-ask').shadowRoot.adoptedStyleSheets.length") == 1
        assert page.evaluate("document.styleSheets.length") == 0
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_axe_finds_nothing_to_mend_in_it(browser: Browser) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with embedded(browser, is_allowed=True) as (page, _, _):
        ask(page, ANSWERED)
        ask(page, NOT_FOUND)
        found = axe.run(page)
        assert [(each["id"], each["nodes"][0]["html"]) for each in found.response["violations"]] == []


ALLOWED = "https://example.org"


@pytest.mark.parametrize(
    "origin", [ALLOWED, "http://example.org", "https://example.org:444", "null", "https://example.com"]
)
@pytest.mark.parametrize("address", ["/ask?q=Terns?", "/widget.js", "/", "/documents/spotting.json"])
def test_the_interface_and_the_file_are_open_to_the_named_origins_alone(origin: str, address: str) -> None:
    client = create_app(library_of_terns(widget_origins=(ALLOWED,))).test_client()
    answer = client.get(address, headers={"Origin": origin})
    assert answer.status_code == 200
    is_open = origin == ALLOWED and address in {"/ask?q=Terns?", "/widget.js"}
    assert answer.headers.get("Access-Control-Allow-Origin") == (ALLOWED if is_open else None)
    assert ("Origin" in answer.headers.get("Vary", "")) == (address in {"/ask?q=Terns?", "/widget.js"})
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_the_served_file_has_its_words_and_nothing_left_open() -> None:
    source = create_app(library_of_terns()).test_client().get("/widget.js").text
    assert "= null;" not in source
    assert '"Your question"' in source
    assert "const REMEMBERED = 12;" in source


def test_a_browser_may_ask_before_it_posts() -> None:
    client = create_app(library_of_terns(widget_origins=(ALLOWED,))).test_client()
    for origin, methods in ((ALLOWED, "GET, POST"), ("https://example.com", None)):
        answer = client.options("/ask", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
        assert answer.status_code == 200
        assert answer.headers.get("Access-Control-Allow-Methods") == methods


def test_it_asks_the_documents_that_its_attribute_names_and_no_others(browser: Browser) -> None:
    attributes = ' document="first-treatment spotting"'
    with embedded(browser, is_allowed=True, attributes=attributes) as (page, service, errors):
        ask(page, "How well does bevacor work against tern fever?")
        expect(page.get_by_role("log")).not_to_contain_text("Bevacor is given")
        more = page.locator(".more").get_attribute("href") or ""
        assert more.startswith(f"{service}/?document=first-treatment&document=spotting&q=How")
        assert errors == []
