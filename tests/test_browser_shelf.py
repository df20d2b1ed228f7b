"""The documents in a browser: choosing from the list, asking what is chosen, and the page of one, with and without
JavaScript."""

from __future__ import annotations

import pytest
from browsing import Open, ask
from playwright.sync_api import expect

TITLE = "How well does the second treatment of tern fever work?"


@pytest.mark.parametrize("has_scripts", [True, False])
def test_documents_are_chosen_from_the_list_and_asked_together(open_page: Open, has_scripts: bool) -> None:
    page = open_page("/documents", java_script_enabled=has_scripts)
    page.get_by_label(f"Choose {TITLE}").check()
    page.get_by_label("Words in the documents").fill("forked tail")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Chosen on another page: one")).to_be_visible()
    page.get_by_label("Choose Spotting terns").check()
    page.get_by_role("button", name="Ask the chosen").click()
    expect(page.get_by_label("Your question, for 2 documents only")).to_be_visible()
    page.get_by_label("Your question").fill("What is the first treatment of tern fever?")
    page.get_by_role("button", name="Ask", exact=True).click()
    cited = page.locator(".source a")
    expect(cited.first).to_be_attached()
    assert "What is the first treatment of tern fever?" not in cited.all_text_contents()
    assert "?document=second-treatment&document=spotting&q=" in page.url


def test_one_document_of_the_list_is_asked_alone(open_page: Open) -> None:
    page = open_page("/documents")
    page.get_by_label("Ask only this: Spotting terns").click()
    expect(page.get_by_label("Your question, for Spotting terns only")).to_be_focused()


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
    expect(page.get_by_label("Your question, for 2 documents only")).to_be_visible()


def test_what_is_said_of_an_answer_of_several_documents_names_them(open_page: Open) -> None:
    page = open_page("/?document=spotting&document=second-treatment")
    ask(page, "Where do terns nest?")
    with page.expect_request("**/feedback") as sent:
        page.get_by_role("button", name="Yes").click()
    assert (sent.value.post_data_json or {})["document"] == ["spotting", "second-treatment"]
    expect(page.locator(".thanks")).to_be_visible()
