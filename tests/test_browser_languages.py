"""The pages and the widget in other languages, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

import pytest
from browsing import ANSWERED, NOT_FOUND, library_of_terns, served
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect

from web import create_app
from web.texts.reading import languages, load_texts

HOST = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Terns</title>
<script type="module" src="{service}/widget.js"></script></head>
<body><main><h1>Terns</h1><pincite-ask{attributes}>Ask</pincite-ask></main></body></html>"""


def in_german(browser: Browser, site: str, **options: object) -> BrowserContext:
    context = browser.new_context(base_url=site, reduced_motion="reduce", locale="de-AT", **options)  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    return context


@pytest.fixture
def german(browser: Browser, site: str) -> Iterator[Page]:
    context = in_german(browser, site)
    yield context.new_page()
    context.close()


def test_the_browser_writes_dates_and_numbers_as_the_service_does(german: Page) -> None:
    days, numbers = [date(2026, 11, 22), date(2021, 5, 1), date(1999, 12, 31)], [0, 1, 999, 1234, 12_345, 1_000_000]
    for language in languages():
        german.goto("/")
        written = german.evaluate(
            """([language, days, numbers]) => {
              const day = new Intl.DateTimeFormat(language, { dateStyle: "long", timeZone: "UTC" });
              const number = new Intl.NumberFormat(language, { useGrouping: "always" });
              const plural = new Intl.PluralRules(language);
              return [days.map((each) => day.format(new Date(each))), numbers.map((each) => number.format(each)),
                numbers.map((each) => plural.select(each))];
            }""",
            [language, [each.isoformat() for each in days], numbers],
        )
        text = load_texts(language)
        forms = [text.forms("history.count").get(each, "") for each in written[2]]
        assert written[0] == [text.date(each) for each in days]
        assert written[1] == [text.number(each) for each in numbers]
        for count, form in zip(numbers, forms, strict=True):
            assert not form or text("history.count", count=count) == form.format(count=text.number(count))


def test_a_conversation_is_in_german_from_question_to_history(german: Page) -> None:
    errors: list[str] = []
    german.on("pageerror", lambda error: errors.append(str(error)))
    german.goto("/")
    german.get_by_label("Ihre Frage", exact=True).fill(ANSWERED)
    german.keyboard.press("Enter")
    expect(german.get_by_role("status").first).to_have_text("Beantwortet")
    expect(german.locator(".best blockquote")).to_have_attribute("lang", "en")
    expect(german.locator(".asked h2")).to_have_attribute("lang", "en")
    german.get_by_label("Ihre Frage", exact=True).fill("x" * 1001)
    expect(german.get_by_role("status").first).to_have_text("1 Zeichen zu viel")
    german.get_by_label("Ihre Frage", exact=True).fill("x" * 990)
    expect(german.get_by_role("status").first).to_have_text("noch 10 Zeichen")
    german.get_by_label("Ihre Frage", exact=True).fill("")
    german.get_by_role("button", name="Verlauf").click()
    today = german.evaluate('new Intl.DateTimeFormat("de", { dateStyle: "long" }).format(new Date())')
    expect(german.locator("#history .kept .date").first).to_have_text(f"1 Frage, {today}")
    expect(german.locator("#history")).to_contain_text("1 Gespräch")
    assert errors == []


def test_what_goes_wrong_is_said_in_german(german: Page) -> None:
    german.goto("/")
    problem = {"type": "/problems/library_busy", "title": "Library busy", "status": 503, "detail": "Try again."}
    german.route(
        "**/ask",
        lambda route: route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(problem)),
    )
    german.get_by_label("Ihre Frage", exact=True).fill(ANSWERED)
    german.keyboard.press("Enter")
    expect(german.locator(".failed-title")).to_have_text("Zurzeit nicht verfügbar")
    expect(german.locator(".failed")).to_contain_text("Der Dienst kann das gerade nicht.")


def test_suggestions_are_counted_in_german_and_stay_in_english(german: Page) -> None:
    german.goto("/")
    german.get_by_label("Ihre Frage", exact=True).press_sequentially("alcanor")
    expect(german.locator("#suggestions [role=option]").first).to_have_attribute("lang", "en")
    expect(german.get_by_role("status").first).to_contain_text("mit ↓ und Eingabe wählen")


@pytest.mark.parametrize("scripted", [True, False])
def test_a_language_is_chosen_in_the_menu_and_kept(browser: Browser, site: str, scripted: bool) -> None:
    context = in_german(browser, site, java_script_enabled=scripted)
    page = context.new_page()
    page.goto(f"/?q={ANSWERED}")
    page.get_by_label("Sprache: Deutsch").click()
    page.get_by_role("button", name="Español").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.locator(".exchange h2")).to_have_text(ANSWERED)
    page.goto("/documents")
    expect(page.get_by_role("heading", level=1)).to_have_text("Documentos")
    context.close()


@pytest.mark.parametrize("width", [320, 1440])
@pytest.mark.parametrize("language", languages())
def test_no_page_is_wider_than_the_window_in_any_language(
    browser: Browser, site: str, language: str, width: int
) -> None:
    context = browser.new_context(base_url=site, locale=language, viewport={"width": width, "height": 640})
    page = context.new_page()
    for address in (
        "/",
        f"/?q={ANSWERED}",
        f"/?q={NOT_FOUND}",
        "/documents?from=2020",
        "/documents/spotting?find=tern",
        "/no",
    ):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, (
            address
        )
        cut = page.evaluate(
            """() => Array.from(document.querySelectorAll("button, summary, .tools a"))
              .filter((each) => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1)
              .map((each) => each.textContent)"""
        )
        assert cut == [], address
    context.close()


@pytest.mark.parametrize(
    ("lang", "attributes", "locale", "given"),
    [
        ("de-CH", "", "en-US", "de"),
        ("de", ' data-language="es"', "en-US", "es"),
        ("fr", "", "es-MX", "es"),
        ("fr", ' data-language="it"', "fr-FR", "en"),
    ],
)
def test_the_widget_speaks_as_it_is_told_or_as_the_page_around_it_or_as_the_browser(
    browser: Browser, lang: str, attributes: str, locale: str, given: str
) -> None:
    elsewhere = Flask("elsewhere")
    with served(elsewhere) as origin, served(create_app(library_of_terns(widget_origins=(origin,)))) as service:
        elsewhere.add_url_rule("/", "page", lambda: HOST.format(lang=lang, attributes=attributes, service=service))
        context = browser.new_context(reduced_motion="reduce", locale=locale)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.goto(origin)
        text = load_texts(given)
        expect(page.locator("pincite-ask section")).to_have_attribute("lang", given)
        expect(page.locator("pincite-ask .scope")).to_have_text(text("widget.scope", count=5))
        page.get_by_label(text("ask.label")).fill(NOT_FOUND)
        page.keyboard.press("Enter")
        expect(page.locator(".reason")).to_have_text(text.reason("unknown_words", ["metformin"]))
        page.get_by_label(text("ask.label")).fill(ANSWERED)
        page.keyboard.press("Enter")
        place = page.locator("article").nth(1).locator(".place")
        expect(place).to_contain_text(text("citation.updated", date=text.date(date(2021, 5, 11))))
        expect(page.locator("article").nth(1).locator("blockquote")).to_have_attribute("lang", "en")
        context.close()
