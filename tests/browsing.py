"""A real browser on a service of its own: what the tests of the pages share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from conftest import ReadingEngine
from werkzeug.serving import WSGIRequestHandler, make_server

from qa import Engine, Settings

REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"
BROWSER = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

try:
    from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
except ImportError:
    if REQUIRED:
        raise
    pytest.skip("Playwright is not installed", allow_module_level=True)

if not BROWSER:
    if REQUIRED:
        raise RuntimeError("there is no Chromium on the path, but REQUIRE_BROWSER is 1")
    pytest.skip("there is no Chromium on the path", allow_module_level=True)

Open = Callable[..., Page]

TERNS = Path(__file__).parent / "fixtures" / "terns"
KIT = Path(__file__).parent / "fixtures" / "kit"
PAGE = Path(__file__).parent / "fixtures" / "question-page.txt"  # it has markers and no reference list
ANSWERED = "In how many people did fever end with alcanor?"
TITLE = "How well does the second treatment of tern fever work?"
NOT_FOUND = "How many people take metformin?"


class _Silent(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """What is asked is nothing to tell."""


def whole(app: Any) -> Any:
    """An app that gives each response in one piece, and closes its files even where the browser has gone away."""

    def respond(environ: Any, start_response: Any) -> list[bytes]:
        with closing(app(environ, start_response)) as parts:
            return [b"".join(parts)]

    return respond


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The address of an app on a server of its own, for the time of the block."""
    server = make_server("127.0.0.1", 0, whole(app), threaded=True, request_handler=_Silent)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


def library_of_terns(**settings: Any) -> Engine:
    """The engine of the documents that the tests ask."""
    engine = ReadingEngine.create(Settings(**settings))
    engine.add([TERNS, PAGE])
    return engine


def library_of_kit(**settings: Any) -> Engine:
    """The engine of a document that has a table, a list and a listing."""
    engine = Engine.create(Settings(**{"threshold": 0.1} | settings))
    engine.add([KIT])
    return engine


@contextmanager
def running_browser() -> Iterator[Browser]:
    """The system's Chromium, for the time of the block."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        yield chromium
        chromium.close()


@contextmanager
def opening(browser: Browser, site: str) -> Iterator[Open]:
    """Opens pages; afterwards none of them may have logged an error or broken the Content-Security-Policy."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(address: str = "/", **options: Any) -> Page:
        context = browser.new_context(base_url=site, reduced_motion="reduce", **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [error for error in errors if not error.startswith("Failed to load resource")] == []


def ask(page: Page, question: str) -> None:
    """Type a question, send it, and wait for what comes of it."""
    number = page.locator(".exchange").count()
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".exchange").nth(number).locator(".cited, .nothing, .failed").first).to_be_attached()
