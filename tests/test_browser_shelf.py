"""The documents in a browser: choosing from the list, asking what is chosen, and the page of one, with and without
JavaScript."""

from __future__ import annotations

import pytest
from browsing import Open, ask
from playwright.sync_api import Locator, Page, expect

TITLE = "How well does the second treatment of tern fever work?"


@pytest.mark.parametrize("has_scripts", [True, False])
def test_documents_are_chosen_from_the_list_and_asked_together(open_page: Open, has_scripts: bool) -> None:
    page = open_page("/documents", java_script_enabled=has_scripts)
    page.get_by_label(f"Choose {TITLE}").check()
    page.get_by_label("Words in the documents").fill("forked tail")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Chosen on another page: one")).to_be_visible()
    page.get_by_label("Choose Spotting terns").check()
    page.get_by_role("button", name="Ask the chosen documents").click()
    expect(page.get_by_label("Your question, only for 2 documents")).to_be_visible()
    page.get_by_label("Your question").fill("What is the first treatment of tern fever?")
    page.get_by_role("button", name="Ask", exact=True).click()
    cited = page.locator(".source a")
    expect(cited.first).to_be_attached()
    assert "What is the first treatment of tern fever?" not in cited.all_text_contents()
    assert "?document=second-treatment&document=spotting&q=" in page.url


def test_one_document_of_the_list_is_asked_alone(open_page: Open) -> None:
    page = open_page("/documents")
    page.get_by_label("Ask only this: Spotting terns").click()
    expect(page.get_by_label("Your question, only for “Spotting terns”")).to_be_focused()


def test_a_conversation_with_several_documents_is_put_back_as_it_was(open_page: Open) -> None:
    page = open_page("/?document=spotting&document=second-treatment")
    ask(page, "Where do terns nest?")
    ask(page, "And how well does bevacor work?")
    address = page.url
    assert "?document=spotting&document=second-treatment&history=Where" in address
    page.goto("/")
    expect(page.locator("#resume a")).to_have_attribute("href", address.partition(page.url.rstrip("/"))[2] + "#latest")
    page.locator("#resume a").click()
    expect(page.locator(".exchange")).to_have_count(2)
    expect(page.get_by_label("Your question, only for 2 documents")).to_be_visible()


def test_what_is_said_of_an_answer_of_several_documents_names_them(open_page: Open) -> None:
    page = open_page("/?document=spotting&document=second-treatment")
    ask(page, "Where do terns nest?")
    with page.expect_request("**/feedback") as sent:
        page.get_by_role("button", name="Yes").click()
    assert (sent.value.post_data_json or {})["document"] == ["spotting", "second-treatment"]
    expect(page.locator(".thanks")).to_be_visible()


# Suggestions


def typed(page: Page, words: str) -> Locator:
    """Type words, and wait for the suggestions."""
    page.get_by_label("Your question").press_sequentially(words)
    suggestions = page.get_by_role("listbox", name="Suggestions")
    expect(suggestions).to_be_visible()
    return suggestions.get_by_role("option")


def test_a_suggestion_is_chosen_by_arrow_keys_and_asked_by_enter(open_page: Open) -> None:
    page = open_page()
    box = page.get_by_label("Your question")
    options = typed(page, "treat")
    count = options.count()
    assert count > 2
    expect(page.get_by_role("status")).to_have_text(f"{count} suggestions: choose with ↓ and Enter")
    assert box.get_attribute("aria-activedescendant") is None
    page.keyboard.press("ArrowDown")
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == options.nth(0).get_attribute("id")
    page.keyboard.press("ArrowUp")
    assert box.get_attribute("aria-activedescendant") is None
    page.keyboard.press("ArrowUp")
    expect(options.nth(count - 1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(box).to_have_value("treat")
    expect(box).to_be_focused()
    wanted = options.nth(0).get_attribute("data-text") or ""
    page.keyboard.press("Enter")
    expect(page.locator(".question")).to_have_text(wanted)
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(box).to_have_value("")


def test_a_completed_word_is_put_into_the_box_and_nothing_is_asked(open_page: Open) -> None:
    page = open_page()
    typed(page, "What is beva").filter(has_text="What is bevacor").click()
    expect(page.get_by_label("Your question")).to_have_value("What is bevacor")
    expect(page.get_by_label("Your question")).to_be_focused()
    expect(page.locator(".exchange")).to_have_count(0)


def test_escape_closes_the_suggestions_and_keeps_what_is_typed(open_page: Open) -> None:
    page = open_page()
    typed(page, "treat")
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(page.get_by_label("Your question")).to_have_value("treat")
    expect(page.get_by_role("status")).to_have_text("")


def test_enter_asks_what_is_typed_where_no_suggestion_is_chosen(open_page: Open) -> None:
    page = open_page()
    typed(page, "bevacor and alc")
    page.keyboard.press("Enter")
    expect(page.locator(".question")).to_have_text("bevacor and alc")


def test_a_question_is_asked_where_suggestions_fail(open_page: Open) -> None:
    page = open_page()
    page.route("**/suggestions.json?*", lambda route: route.abort())
    ask(page, "In how many people did fever end with alcanor?")
    expect(page.locator(".cited").first).to_be_visible()
    expect(page.locator("#related")).to_be_hidden()


def test_related_questions_follow_the_latest_answer_and_are_asked_in_place(open_page: Open) -> None:
    page = open_page()
    ask(page, "In how many people did fever end with alcanor?")
    related = page.locator("#related a")
    expect(related.first).to_have_text("Bevacor")
    by_script = related.all_text_contents()
    page.reload()
    assert page.locator("#related a").all_text_contents() == by_script
    page.locator("#related a").first.click()
    expect(page.locator(".question")).to_have_text(["In how many people did fever end with alcanor?", "Bevacor"])
    expect(related.first).not_to_have_text("Bevacor")
    ask(page, "How many people take metformin?")
    expect(page.locator("#related")).to_be_hidden()


# The page of a document


@pytest.mark.parametrize("has_scripts", [True, False])
def test_from_an_answer_to_its_source_through_a_search_and_back(open_page: Open, has_scripts: bool) -> None:
    page = open_page("/?q=In+how+many+people+did+fever+end+with+alcanor%3F", java_script_enabled=has_scripts)
    page.locator(".source a").first.click()
    expect(page.locator(".text mark").first).to_be_in_viewport()
    page.get_by_label("Search in this document").fill("thursdays")
    page.keyboard.press("Enter")
    expect(page.locator(".text mark")).to_have_text("Thursdays")
    expect(page.locator(".text mark")).to_be_in_viewport()
    expect(page.get_by_text("One place")).to_be_visible()
    page.get_by_role("link", name="Back to the answer").click()
    expect(page.locator(".question")).to_have_text("In how many people did fever end with alcanor?")


def test_the_box_of_a_document_asks_it_alone_by_enter_and_suggests_its_headings(open_page: Open) -> None:
    page = open_page("/documents/second-treatment")
    options = typed(page, "treat")
    assert all("second" in (each or "") or "treat" in (each or "") for each in options.all_text_contents())
    page.keyboard.press("Escape")
    page.get_by_label("Your question").fill("What is the hazard ratio of bevacor?")
    page.keyboard.press("Enter")
    expect(page.locator("mark").first).to_have_text("Its hazard ratio was 0.48.")
    assert "?document=second-treatment&q=What" in page.url


@pytest.mark.parametrize("width", [320, 1440])
def test_a_heading_in_the_contents_leads_to_its_place(open_page: Open, width: int) -> None:
    page = open_page("/documents/second-treatment", viewport={"width": width, "height": 500})
    contents = page.get_by_role("navigation", name="Contents")
    if width == 320:
        contents.get_by_text("Contents").click()
    contents.get_by_role("link", name="Bevacor").click()
    expect(page.get_by_role("heading", name="Bevacor")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_on_paper_the_list_has_its_titles_in_lines_and_nothing_to_press(open_page: Open) -> None:
    page = open_page("/documents", viewport={"width": 720, "height": 900})
    page.emulate_media(media="print")
    title = page.get_by_role("link", name="Spotting terns", exact=True)
    assert title.evaluate("each => each.getBoundingClientRect().height") < 60
    for each in page.locator("main").locator("input, button, summary, .only").all():
        expect(each).to_be_hidden()
