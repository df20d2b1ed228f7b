"""The pages for those who do not see them or use no mouse: axe-core's rules, what is announced, and keys alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from browsing import ANSWERED, NOT_FOUND, REQUIRED, TITLE, Open, ask, library_of_kit, library_of_terns, served
from playwright.sync_api import Locator, Page, expect

from web import create_app

try:
    from axe_playwright_python.sync_playwright import Axe
except ImportError:
    if REQUIRED:
        raise
    pytest.skip("axe-playwright-python is not installed", allow_module_level=True)

RULES = {"resultTypes": ["violations"]}  # all of axe-core's rules, best practices among them


def empty(page: Page) -> None:
    expect(page.locator(".lead")).to_be_visible()


def kept(page: Page) -> None:
    ask(page, ANSWERED)
    page.goto("/")
    expect(page.locator("#resume")).to_be_visible()


def answered(page: Page) -> None:
    ask(page, ANSWERED)


def opened(page: Page) -> None:
    """An answer with all that it can unfold."""
    ask(page, ANSWERED)
    page.evaluate("document.querySelectorAll('details:not(.menu)').forEach(each => { each.open = true })")
    expect(page.locator(".styled").first).not_to_be_empty()


def judged(page: Page) -> None:
    """An answer of which a person has said that it helped, and is about to say more."""
    ask(page, ANSWERED)
    page.get_by_role("button", name="Yes").click()
    expect(page.locator(".thanks")).to_be_visible()
    page.get_by_text("Add a comment").click()


def menu(page: Page) -> None:
    ask(page, ANSWERED)
    page.get_by_text("Export").click()


def read_otherwise(page: Page) -> None:
    ask(page, "How does bevacor work?")
    ask(page, "What was its HR, and of bevakor?")


def outlined(page: Page) -> None:
    ask(page, TITLE)


def not_answered(page: Page) -> None:
    ask(page, NOT_FOUND)


def drawn(page: Page) -> None:
    """An answer that is a row of a table."""
    ask(page, "Which dose of alcanor does an adult take?")
    expect(page.locator(".best td mark").first).to_be_visible()


def failed(page: Page) -> None:
    page.route("**/ask", lambda route: route.abort())
    ask(page, ANSWERED)


@pytest.fixture(scope="module")
def unsure_site() -> Iterator[str]:
    """The address of a service that never answers: what it finds may answer at most."""
    with served(create_app(library_of_terns(threshold=1.0, possible_threshold=0.01))) as address:
        yield address


@pytest.fixture(scope="module")
def drawn_site() -> Iterator[str]:
    """The address of a service over a document with a table, a list and a listing."""
    with served(create_app(library_of_kit())) as address:
        yield address


def possible(page: Page) -> None:
    """An answer that is shown as a possible one."""
    ask(page, "In how many people did fever end with alcanor on Thursdays?")
    expect(page.locator(".possible")).to_be_visible()


def waiting(page: Page) -> None:
    page.route("**/ask", lambda _: None)
    page.get_by_label("Your question").fill(ANSWERED)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Stop")).to_be_visible()


def changing(page: Page) -> None:
    ask(page, ANSWERED)
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()


def too_long(page: Page) -> None:
    page.get_by_label("Your question").fill("tern " * 210)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("49 characters too many")


def cleared(page: Page) -> None:
    ask(page, ANSWERED)
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()


def listed(page: Page) -> None:
    """The list of conversations: one on the page, one deleted, one found by a later question."""
    for questions in ((ANSWERED, "Where do terns nest?"), ("Where do terns nest?",), (TITLE, "Where do terns nest?")):
        page.goto("/")
        for question in questions:
            ask(page, question)
    page.get_by_role("button", name="History").click()
    page.get_by_role("searchbox").fill("nest")
    page.get_by_role("button", name="Delete", exact=True).nth(1).click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Undo")).to_be_visible()


def keys(page: Page) -> None:
    page.get_by_role("button", name="Keys").click()


def address(path: str) -> Callable[[Page], None]:
    def go(page: Page) -> None:
        page.goto(path)

    return go


def suggesting(page: Page) -> None:
    """A list of suggestions, one of which is active."""
    page.get_by_label("Your question").press_sequentially("treat")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")


STATES = {
    "suggesting": suggesting,
    "empty": empty,
    "kept": kept,
    "answered": answered,
    "opened": opened,
    "judged": judged,
    "menu": menu,
    "read otherwise": read_otherwise,
    "outlined": outlined,
    "possible": possible,
    "not answered": not_answered,
    "failed": failed,
    "waiting": waiting,
    "changing": changing,
    "too long": too_long,
    "cleared": cleared,
    "listed": listed,
    "keys": keys,
    "one document": address("/?document=second-treatment"),
    "drawn": drawn,
    "source drawn": address("/documents/kit"),
    "source": address("/documents/second-treatment?mark=20-60#mark"),
    "source searched": address("/documents/second-treatment?find=fever&back=/?q=x#mark"),
    "source of another's words": address("/documents/hostile"),
    "documents": address("/documents"),
    "documents chosen": address("/documents?title=tern&format=md&from=2001&document=spotting"),
    "several documents": address("/?document=spotting&document=second-treatment"),
    "error": address("/nowhere"),
    "refused": address("/?q=+"),
    "problem": address("/problems/passage_gone"),
}


@pytest.mark.parametrize("width", [320, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_to_mend(
    open_page: Open, unsure_site: str, drawn_site: str, state: str, scheme: str, width: int
) -> None:
    site = {"possible": unsure_site, "drawn": drawn_site, "source drawn": drawn_site}.get(state, "")
    page = open_page(f"{site}/", color_scheme=scheme, viewport={"width": width, "height": 900})
    STATES[state](page)
    holds_the_rules(page)
    if scheme == "dark":  # the same page again, in the colours that its reader forces on it
        page.emulate_media(forced_colors="active")
        holds_the_rules(page)
        assert page.evaluate(UNSEEN) == []


def holds_the_rules(page: Page) -> None:
    found = Axe().run(page, options=RULES)
    assert found.response["passes"], "axe-core has looked at nothing"
    assert found.response["violations"] == [], found.generate_report()


# With forced colours: fields and buttons outside of the bar at the top without an edge, marks that nothing tells from
# the words around them, and what has no line around it when it has the focus.
UNSEEN = """() => {
    const shown = (each) => each.checkVisibility({ visibilityProperty: true }) && each.getClientRects().length > 0;
    const within = document.querySelector("dialog[open]") ?? document;
    const all = (what) => [...within.querySelectorAll(what)].filter(shown);
    const paper = getComputedStyle(document.documentElement).backgroundColor;
    const isBare = (each) => {
        const style = getComputedStyle(each);
        return parseFloat(style.borderTopWidth) < 1 || style.borderTopColor === paper;
    };
    // Behind letters the browser draws the colour of the paper, so that letters in that colour are not there.
    const isBlank = (each) => {
        const style = getComputedStyle(each);
        return style.color === paper && style.forcedColorAdjust !== "none";
    };
    const fields = "textarea, input:not([type=hidden], [type=checkbox]), select";
    const edged = `${fields}, button:not(.top *, .asked *, .said *, .kept *)`;
    const found = all(edged).filter(isBare).map((each) => `no edge: ${each.outerHTML}`);
    found.push(...all("button, summary").filter(isBlank).map((each) => `no words: ${each.outerHTML}`));
    for (const each of all("mark")) {
        const style = getComputedStyle(each);
        const isPlain = style.textDecorationLine === "none" && !each.closest(".short");
        if (isPlain || style.color === style.backgroundColor) found.push(`no mark: ${each.outerHTML}`);
    }
    for (const each of all("a[href], button, textarea, input, select, summary, [tabindex='0']")) {
        if (each.disabled || each.closest("[inert]")) continue;
        document.activeElement.blur();
        each.focus({ focusVisible: true });
        const style = getComputedStyle(each);
        const isThin = style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2;
        if (isThin || style.outlineColor === paper) found.push(`no focus: ${each.outerHTML}`);
    }
    return found;
}"""


def test_what_is_unseen_in_forced_colours_would_be_found(open_page: Open) -> None:
    page = open_page(f"/?q={ANSWERED}")
    page.emulate_media(forced_colors="active")
    page.evaluate(
        """rules => {
            document.adoptedStyleSheets = [new CSSStyleSheet()];
            document.adoptedStyleSheets[0].replaceSync(rules);
        }""",
        ":focus-visible { outline: none } .feedback button { border: 0 } mark { all: unset }"
        ".ask button { color: Canvas }",
    )
    found = [each.partition(":")[0] for each in page.evaluate(UNSEEN)]
    assert {*found} == {"no edge", "no words", "no mark", "no focus"}


def test_axe_would_find_what_is_wrong(open_page: Open) -> None:
    page = open_page()
    page.evaluate("document.querySelector('label').remove()")
    found = Axe().run(page, options=RULES)
    assert "label" in [each["id"] for each in found.response["violations"]]


# What a screen reader is given to say, of what is put into the page: text in a live region that is not off.
ANNOUNCED = """() => {
    window.announced = [];
    const live = node => {
        const region = node.parentElement.closest("[aria-live], [role=log], [role=status]");
        const manner = region?.getAttribute("aria-live") ?? (region ? "polite" : "off");
        return manner !== "off" && !node.parentElement.closest("[aria-hidden=true]");
    };
    const texts = node => {
        if (node.nodeType === 3) return live(node) ? [node.data] : [];
        if (node.nodeType === 1 && (node.hidden || node.matches("[aria-hidden=true]"))) return [];
        return [...node.childNodes].flatMap(texts);
    };
    new MutationObserver(records => records.forEach(record => record.addedNodes.forEach(node => {
        if (!node.isConnected) return;
        const said = texts(node).join("").replace(/\\s+/g, " ").trim();
        if (said) window.announced.push(said);
    }))).observe(document.body, { childList: true, subtree: true });
}"""


def announced(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.announced.splice(0)")
    return found


def test_an_answer_is_announced_once_and_politely_in_its_own_words(open_page: Open) -> None:
    page = open_page()
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "polite")
    page.evaluate(ANNOUNCED)
    ask(page, ANSWERED)
    looking, quote, came = announced(page)  # the words on the page are hidden from screen readers
    assert looking == "Searching the documents…"
    assert quote == " ".join((page.locator("blockquote").first.text_content() or "").split())
    assert re.fullmatch("Answered", came)


def test_that_nothing_is_found_is_announced_with_the_reason(open_page: Open) -> None:
    page = open_page()
    page.evaluate(ANNOUNCED)
    ask(page, NOT_FOUND)
    _, reason, came = announced(page)
    assert reason == "No passage mentions “metformin”."
    assert re.fullmatch("No answer found", came)


def test_that_an_answer_is_possible_is_announced_before_its_words(open_page: Open, unsure_site: str) -> None:
    page = open_page(unsure_site)
    page.evaluate(ANNOUNCED)
    possible(page)
    _, lead, said, came = announced(page)
    quote = " ".join((page.locator("blockquote").first.text_content() or "").split())
    sure = "(Fairly likely|Unsure|Very unsure)"
    assert re.fullmatch(rf"This may answer your question {sure}\. The passage does not mention “Thursdays”\.", lead)
    assert said == quote
    assert re.fullmatch("A possible answer", came)


def test_a_failure_is_announced_once(open_page: Open) -> None:
    page = open_page()
    page.evaluate(ANNOUNCED)
    failed(page)
    assert announced(page) == [
        "Searching the documents…",
        "No answer arrived The service could not be reached. It may have been stopped. Try again",
    ]


def test_what_is_put_back_from_before_is_not_announced(open_page: Open) -> None:
    page = open_page()
    for number in range(14):  # the address holds 13
        ask(page, ANSWERED if number else "How does bevacor work?")
    page.add_init_script(f"addEventListener('DOMContentLoaded', {ANNOUNCED})")
    page.reload()
    expect(page.locator(".exchange")).to_have_count(14)
    expect(page.locator(".exchange").first.locator("blockquote").first).to_be_visible()
    assert announced(page) == []


def focused(page: Page) -> str:
    """What has the focus, and whether one sees it."""
    found: str = page.evaluate("""() => {
        const element = document.activeElement;
        const style = getComputedStyle(element);
        if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) return `unseen: ${element.outerHTML}`;
        return (element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent).trim();
    }""")
    return found


def test_the_main_job_is_done_by_keys_alone_with_the_focus_in_sight(open_page: Open) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    assert focused(page) == "Your question"
    page.keyboard.type("In how many people did fever end with alcanor?")
    page.keyboard.press("Enter")
    expect(page.locator(".cited").first).to_be_visible()
    assert focused(page) == "Your question"
    # Back from the box through the answer, last things first.
    visited = []
    for _ in range(40):
        page.keyboard.press("Shift+Tab")
        visited.append(focused(page))
        if visited[-1] == "Skip to the question box":
            break
    assert [each for each in visited if each.startswith("unseen")] == []
    title = "How well does the second treatment of tern fever work?"
    for wanted in (
        "Further passages (3)",
        "Copy",
        "Cite",
        "Numbers in this passage (5)",
        "References (2)",
        title,
        "Clear",
        "Export",
        "pincite",
    ):
        assert wanted in visited
    # Forth again: each is worked by Enter, and the focus stays where it was.
    page.get_by_text("Export").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page) == "Markdown"
    page.keyboard.press("Escape")
    assert focused(page) == "Export"
    expect(page.get_by_role("link", name="Markdown")).to_be_hidden()
    page.get_by_role("button", name="Copy", exact=True).first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Copied")
    expect(page.get_by_role("button", name="Copied").first).to_be_focused()
    page.locator(".source a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".text mark").first).to_be_in_viewport()
    page.keyboard.press("Tab")
    assert focused(page) == "[98]"
    page.go_back()
    expect(page.locator(".exchange")).to_have_count(1)
    page.get_by_role("button", name="Clear").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".lead")).to_be_visible()
    expect(page.get_by_label("Your question")).to_be_focused()


@pytest.mark.parametrize("size", [(1280, 800), (320, 256)])  # the second is the first, enlarged to 400 %
def test_from_a_question_to_feedback_one_goes_by_keys_with_each_step_in_sight(
    open_page: Open, size: tuple[int, int]
) -> None:
    page = open_page(viewport={"width": size[0], "height": size[1]})

    def press(control: Locator) -> None:
        control.focus()
        expect(control).to_be_in_viewport()
        assert not focused(page).startswith("unseen")
        assert page.evaluate("document.documentElement.scrollWidth") == size[0]
        page.keyboard.press("Enter")

    ask(page, "How does bevacor work?")
    ask(page, "What was its hazard ratio?")
    last = page.locator(".exchange").last
    expect(last.locator("mark").first).to_have_text("Its hazard ratio was 0.48.")
    expect(last.get_by_role("heading", level=2)).to_be_in_viewport()
    press(last.locator(".source a").first)
    expect(page.locator("#mark")).to_be_in_viewport()
    page.go_back()
    last = page.locator(".exchange").last
    press(last.locator(".cite summary").first)
    expect(last.locator(".styled").first).not_to_be_empty()
    page.keyboard.press("Tab")
    assert focused(page) == "RIS"
    page.keyboard.press("Escape")
    expect(last.locator(".cite summary").first).to_be_focused()
    press(last.get_by_role("button", name="Yes"))
    expect(last.locator(".thanks")).to_contain_text("Thank you.")


@pytest.mark.parametrize("size", [(1280, 800), (320, 256)])
def test_without_javascript_one_goes_the_same_way_by_forms_and_links(open_page: Open, size: tuple[int, int]) -> None:
    page = open_page(java_script_enabled=False, viewport={"width": size[0], "height": size[1]})

    def press(control: Locator) -> None:
        control.focus()
        expect(control).to_be_in_viewport()
        assert not focused(page).startswith("unseen")
        assert page.evaluate("document.documentElement.scrollWidth") == size[0]
        page.keyboard.press("Enter")

    for number, question in enumerate(("How does bevacor work?", "What was its hazard ratio?"), start=1):
        page.get_by_label("Your question").fill(question)
        press(page.get_by_role("button", name="Ask"))
        expect(page.locator(".exchange")).to_have_count(number)
    last = page.locator(".exchange").last
    expect(last.locator("mark").first).to_have_text("Its hazard ratio was 0.48.")
    expect(last.get_by_role("heading", level=2)).to_be_in_viewport()
    press(last.locator(".source a").first)
    expect(page.locator("#mark")).to_be_in_viewport()
    press(page.get_by_role("link", name="Back to the answer"))
    expect(page.locator(".exchange")).to_have_count(2)
    last = page.locator(".exchange").last
    press(last.locator(".cite summary").first)
    with page.expect_download() as file:
        press(last.get_by_role("link", name="RIS").first)
    assert file.value.suggested_filename.endswith(".ris")
    press(last.get_by_role("button", name="Yes"))
    expect(page.get_by_role("main")).to_contain_text("Thank you.")
    press(page.get_by_role("link", name="Back to the answer"))
    expect(page.locator(".exchange").last.locator("mark").first).to_have_text("Its hazard ratio was 0.48.")
