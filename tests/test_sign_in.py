"""Signing in with a browser: with and without JavaScript, for those who do not see, and from a widget elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from browsing import ANSWERED, REQUIRED, ask, library_of_terns, served
from playwright.sync_api import Browser, Page, expect
from test_widget import embedded

from web import create_app
from web.access.tokens import add_token, revoke_token

try:
    from axe_playwright_python.sync_playwright import Axe
except ImportError:
    if REQUIRED:
        raise
    pytest.skip("axe-playwright-python is not installed", allow_module_level=True)


class Guarded(NamedTuple):
    """A service that asks for tokens, and a token for it."""

    address: str
    file: Path
    token: str


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    file = tmp_path_factory.mktemp("tokens") / "tokens.json"
    token = add_token(file, "anna", ["ask", "feedback"])
    with served(create_app(library_of_terns(tokens_file=file))) as address:
        yield Guarded(address, file, token)


@pytest.fixture(autouse=True)
def files_are_looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("tokens", "ended"):
        monkeypatch.setattr(f"web.access.{module}.OFTEN", 0.0)


def sign_in(page: Page, token: str) -> None:
    page.get_by_label("Your token").fill(token)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_person_signs_in_gets_where_they_were_going_and_signs_out(
    browser: Browser, guarded: Guarded, has_scripts: bool
) -> None:
    page = browser.new_context(base_url=guarded.address, java_script_enabled=has_scripts).new_page()
    page.goto("/?q=Where+do+terns+nest%3F")
    sign_in(page, "nonsense")
    expect(page.get_by_role("alert")).to_have_text("This token is not known here. It may have been revoked.")
    sign_in(page, guarded.token)
    expect(page).to_have_url(f"{guarded.address}/?q=Where+do+terns+nest%3F")
    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_text("Signed in as anna")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/documents")
    expect(page.get_by_label("Your token")).to_be_visible()
    page.context.close()


def test_a_page_whose_session_has_ended_says_to_sign_in_and_loses_no_question(
    browser: Browser, guarded: Guarded
) -> None:
    token = add_token(guarded.file, "bert", ["ask"])
    page = browser.new_context(base_url=guarded.address).new_page()
    page.goto("/")
    sign_in(page, token)
    expect(page.get_by_text("Signed in as bert")).to_be_visible()
    page.wait_for_load_state()
    ask(page, ANSWERED)
    revoke_token(guarded.file, "bert")
    page.get_by_label("Your question").fill("Where do terns nest?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("In a browser, sign in at /sign-in.")
    expect(page.get_by_label("Your question")).to_have_value("Where do terns nest?")
    page.context.close()


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_is_for_everybody(browser: Browser, guarded: Guarded, width: int, scheme: str) -> None:
    context = browser.new_context(
        base_url=guarded.address,
        viewport={"width": width, "height": 700},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.goto("/sign-in")
    expect(page.get_by_label("Your token")).to_be_focused()
    for given, then in (("nonsense", "This token is not known here."), (guarded.token, "Signed in as anna")):
        assert Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        sign_in(page, given)
        expect(page.get_by_text(then)).to_be_visible()
    assert Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_a_widget_asks_with_its_token_and_without_one_says_what_is_missing(browser: Browser, guarded: Guarded) -> None:
    settings: dict[str, Any] = {"tokens_file": guarded.file}
    with embedded(browser, is_allowed=True, attributes=f' token="{guarded.token}"', **settings) as (page, _, errors):
        expect(page.locator(".scope")).to_have_text("Answers from 5 documents")
        page.get_by_label("Your question").fill(ANSWERED)
        page.keyboard.press("Enter")
        expect(page.locator("blockquote")).to_be_visible()
        assert errors == []
    with embedded(browser, is_allowed=True, **settings) as (page, _, _):
        page.get_by_label("Your question").fill(ANSWERED)
        page.keyboard.press("Enter")
        expect(page.locator(".failed")).to_contain_text("This service asks for a token.")
        expect(page.locator(".scope")).to_have_count(0)
