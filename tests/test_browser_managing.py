"""Managing documents in a browser: dropping files, following what becomes of them, removing them; with and without
JavaScript, by keys, and as axe-core sees it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from browsing import REQUIRED, TERNS, Open, opening, served
from playwright.sync_api import Browser, Page, expect

from qa import Engine, Settings
from qa.wire import FeedbackRequest, JobBody, JobProgressBody
from web import create_app

try:
    from axe_playwright_python.sync_playwright import Axe
except ImportError:
    if REQUIRED:
        raise
    pytest.skip("axe-playwright-python is not installed", allow_module_level=True)

RULES = {"resultTypes": ["violations"]}
JOB = 30_000  # milliseconds that a change may take
QUESTION = "In how many people did fever end with alcanor?"
DROP = """([names, text]) => {
    const given = new DataTransfer();
    for (const name of names) given.items.add(new File([text], name));
    const drop = document.getElementById("drop");
    for (const kind of ["dragover", "drop"])
        drop.dispatchEvent(new DragEvent(kind, { dataTransfer: given, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = Engine.begin(Settings(library=tmp_path / "library", manage="on", meaning="off"))
    engine.add([TERNS])
    return engine


@pytest.fixture
def open_managed(browser: Browser, engine: Engine) -> Iterator[Open]:
    """Opens pages of a service that may be managed."""
    with served(create_app(engine)) as site, opening(browser, site) as open_page:
        yield open_page


def test_files_that_are_dropped_are_sent_followed_and_reported(open_managed: Open, engine: Engine) -> None:
    page = open_managed("/manage")
    page.evaluate(DROP, [["nests.md", "notes.exe"], "# Nests\n\nThe blue tern nests on cliffs in April.\n"])
    title = page.locator("#job-title")
    expect(title).to_have_text("Added", timeout=JOB)
    expect(page.locator(".fates")).to_contain_text("1 document")
    expect(page.locator(".reasons").first).to_contain_text("pincite cannot read this kind of file: notes.exe.")
    expect(page.get_by_role("status")).to_have_text("Added. New: 1 document, Left out: 1 file.")
    expect(page.locator("#holdings .total")).to_have_text("5 documents")
    expect(page.get_by_text("nests.md (added here)")).to_be_visible()
    assert engine.document("nests").title == "Nests"


def test_what_is_too_much_is_not_sent(open_managed: Open) -> None:
    page = open_managed("/manage")
    page.evaluate("document.getElementById('adding').dataset.mostFiles = '1'")
    page.evaluate(DROP, [["a.md", "b.md"], "x"])
    expect(page.get_by_role("alert")).to_have_text("Too many files: at most 1 at once.")


def test_without_scripts_files_are_added_and_removed_by_keys_alone(
    open_managed: Open, engine: Engine, tmp_path: Path
) -> None:
    own = tmp_path / "nests.md"
    own.write_text("# Nests\n\nThe blue tern nests on cliffs in April.\n", "utf-8")
    page = open_managed("/manage", java_script_enabled=False)
    page.get_by_label("Add documents").set_input_files(own)
    page.get_by_role("button", name="Add", exact=True).focus()
    page.keyboard.press("Enter")
    look_until_it_has_ended(page)
    expect(page.locator("#job-title")).to_have_text("Added")
    page.get_by_label("Choose Nests").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Remove the chosen").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("This file was added here. It will be deleted:")).to_be_visible()
    page.get_by_role("button", name="Remove 1 document").focus()
    page.keyboard.press("Enter")
    look_until_it_has_ended(page)
    expect(page.locator("#job-title")).to_have_text("Removed")
    expect(page.get_by_label("Choose Nests")).to_have_count(0)
    assert not (engine.uploads.folder.path / "nests.md").exists()


def look_until_it_has_ended(page: Page) -> None:
    """Look again, as somebody without scripts does."""
    page.wait_for_url("**/manage#job")
    while page.locator(".job.running").count():
        page.goto("/manage")


def prepare_opinions(engine: Engine) -> None:
    for number, helpful in enumerate((True, False)):
        given = {"key": f"{number:032}", "question": QUESTION, "helpful": ["no", "yes"][helpful]}
        engine.judge(FeedbackRequest.from_form({name: [str(each)] for name, each in given.items()}).judgement())
    engine.unanswered.count("Where is metformin?", "nothing_found")


def test_axe_finds_nothing_to_mend_on_the_pages_and_they_fit(open_managed: Open, engine: Engine) -> None:
    prepare_opinions(engine)
    uploads = engine.uploads
    uploads.folder.make()
    running = JobBody(
        id="1",
        kind="indexing",
        state="running",
        began=datetime.now(UTC),
        progress=JobProgressBody(step="reading", done=1, total=3),
    )
    report = uploads.report(
        {"added": ["spotting"], "left_out": [{"message": "x", "hint": "y"}], "warnings": ["z"]}, [], ["n"]
    )
    done = running.model_copy(update={"state": "done", "report": report, "without_vectors": 3})
    failed = running.model_copy(update={"state": "failed", "progress": None})
    for scheme, width in (("light", 1440), ("dark", 320)):
        page = open_managed("/manage", color_scheme=scheme, viewport={"width": width, "height": 900})
        check(page)
        lock = uploads.folder.lock()
        lock.take()
        uploads.keep(running)
        page.goto("/manage")
        expect(page.get_by_role("button", name="Stop")).to_be_visible()
        check(page)
        lock.release()
        for job in (done, failed, done.model_copy(update={"kind": "discarding", "files": ("nests.md",)})):
            uploads.keep(job)
            page.goto("/manage")
            check(page)
        page.get_by_label("Choose Spotting terns").check()
        page.get_by_role("button", name="Remove the chosen").click()
        check(page)
        page.goto("/manage/feedback")
        expect(page.get_by_role("link", name="Where is metformin?")).to_be_visible()
        check(page)


def check(page: Page) -> None:
    found = Axe().run(page, options=RULES)
    assert found.response["violations"] == [], found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


FOLDER = """() => {
    const file = (name, text) => ({ name, isDirectory: false, file: (taken) => taken(new File([text], name)) });
    const folder = (name, inside) => ({
        name,
        isDirectory: true,
        createReader: () => ({ readEntries: (taken) => taken(inside.splice(0, 1)) }),
    });
    const text = "# Nests\\n\\nThe blue tern nests on cliffs.\\n";
    const inner = folder("inner", [file("deep.md", text), file(".hidden.md", text), file("run.exe", "")]);
    const entry = folder("terns", [file("nests.md", text), inner, folder(".git", [file("config.md", text)])]);
    const event = new DragEvent("drop", { bubbles: true, cancelable: true });
    const dataTransfer = { types: ["Files"], items: [{ webkitGetAsEntry: () => entry }] };
    Object.defineProperty(event, "dataTransfer", { value: dataTransfer });
    document.getElementById("drop").dispatchEvent(event);
}"""


def test_of_a_folder_that_is_dropped_the_files_that_can_be_read_are_sent(open_managed: Open) -> None:
    page = open_managed("/manage")
    page.route("**/manage/files", lambda route: route.abort())
    with page.expect_request("**/manage/files") as sent:
        page.evaluate(FOLDER)
    body = sent.value.post_data or ""
    assert [name for name in ("nests.md", "deep.md", ".hidden.md", "run.exe", "config.md") if name in body] == [
        "nests.md",
        "deep.md",
    ]
    expect(page.get_by_role("alert")).to_contain_text("The files could not be sent.")
