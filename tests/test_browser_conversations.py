"""Conversations in a real browser: what it keeps of them, and how a person asks, changes, stops and comes back."""

from __future__ import annotations

import json
import re
import time
from typing import Any
from urllib.parse import quote

import pytest
from browsing import ANSWERED, NOT_FOUND, Open, ask
from playwright.sync_api import Locator, Page, Route, expect

BEVACOR = "How does bevacor work?"
NESTS = "Where do terns nest?"
HAZARD = "What was its hazard ratio?"

KEY = "pincite.conversation"


def stored(page: Page) -> dict[str, str]:
    """All that the browser keeps of conversations, by its keys."""
    found: dict[str, str] = page.evaluate("() => ({ ...localStorage })")
    return {key: words for key, words in found.items() if key.startswith(KEY)}


def conversations(page: Page) -> list[list[str]]:
    """The questions of each conversation that is kept, sorted."""
    return sorted([turn["question"] for turn in json.loads(words)] for words in stored(page).values())


def expect_conversations(page: Page, *expected: list[str]) -> None:
    """Wait until these are kept: a page keeps a turn just after it has shown it."""
    until = time.monotonic() + 5
    while conversations(page) != list(expected) and time.monotonic() < until:
        page.wait_for_timeout(50)
    assert conversations(page) == list(expected)


def turn(question: str, *history: str, **more: Any) -> dict[str, Any]:
    return {"question": question, "history": list(history), "document": None, **more}


def put(page: Page, conversation: Any, end: str = "") -> None:
    """Let the browser keep this, under the key with this end."""
    words = conversation if isinstance(conversation, str) else json.dumps(conversation)
    page.evaluate("([key, words]) => localStorage.setItem(key, words)", [KEY + end, words])


def history(page: Page) -> Locator:
    """The list of conversations, opened."""
    page.get_by_role("button", name="History").click()
    return page.get_by_role("dialog", name="History")


def hold(page: Page) -> list[Route]:
    """Let questions wait for their answers."""
    held: list[Route] = []
    page.route("**/ask", lambda route: held.append(route))
    return held


def box(page: Page) -> Locator:
    return page.get_by_label("Your question")


# Every conversation is kept


def test_asking_from_the_first_page_begins_another_conversation_and_leaves_those_that_are_kept(open_page: Open) -> None:
    page = open_page()
    ask(page, ANSWERED)
    ask(page, HAZARD)
    before = stored(page)
    page.get_by_role("link", name="New conversation").click()
    expect(page.locator(".lead")).to_be_visible()
    ask(page, NESTS)
    assert before.items() <= stored(page).items()
    expect_conversations(page, [ANSWERED, HAZARD], [NESTS])


def test_the_list_names_conversations_by_their_first_question_the_latest_first_and_opens_them_whole(
    open_page: Open,
) -> None:
    page = open_page()
    ask(page, BEVACOR)
    ask(page, HAZARD)
    page.goto("/")
    ask(page, NESTS)
    shown = history(page)
    rows = shown.get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text(re.compile(rf"{re.escape(NESTS)}.*1 question, \w+ \d+, \d{{4}}", re.DOTALL))
    expect(rows.nth(1)).to_contain_text(re.compile(rf"{re.escape(BEVACOR)}.*2 questions, ", re.DOTALL))
    expect(shown.get_by_role("link", name=NESTS)).to_have_attribute("aria-current", "true")
    shown.get_by_role("link", name=BEVACOR).click()
    expect(page.locator(".question")).to_have_text([BEVACOR, HAZARD])
    expect(page.locator(".exchange").last).to_contain_text("Taken over from your earlier question: ")
    ask(page, NESTS)
    expect_conversations(page, [BEVACOR, HAZARD, NESTS], [NESTS])


def test_a_conversation_that_is_opened_goes_on_by_typing_at_once(open_page: Open) -> None:
    page = open_page()
    ask(page, BEVACOR)
    page.goto("/")
    page.locator("#resume").get_by_role("link", name=BEVACOR).click()
    expect(page.locator(".question")).to_have_text([BEVACOR])
    page.wait_for_load_state("load")
    page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)))")
    expect(box(page)).to_be_focused()


def without_its_script(page: Page) -> Route:
    """Load the page again up to the script that makes it work, which waits."""
    held: list[Route] = []
    page.route("**/static/chat.js", lambda route: held.append(route))
    page.reload(wait_until="commit")
    until = time.monotonic() + 10
    while not held and time.monotonic() < until:
        page.wait_for_timeout(20)
    page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)))")
    return held[0]


def test_enter_pressed_before_the_page_has_its_script_asks_as_well(open_page: Open) -> None:
    page = open_page()
    ask(page, BEVACOR)
    script = without_its_script(page)
    box(page).fill(HAZARD)
    page.keyboard.press("Enter")
    script.continue_()
    expect(page.locator(".question")).to_have_text([BEVACOR, HAZARD])
    expect(page.locator(".exchange").last).to_contain_text("Its hazard ratio was 0.48.")
    expect(box(page)).to_have_value("")


def test_no_key_is_lost_where_the_browser_takes_the_focus_to_scroll(open_page: Open) -> None:
    page = open_page()
    ask(page, BEVACOR)
    page.add_init_script("""
        window.typedInto = [];
        const note = () => typedInto.push(document.activeElement.id);
        addEventListener("blur", () => scheduler.postTask(note, { priority: "user-blocking" }), true);
    """)  # where the next key goes
    page.goto("/")
    page.locator("#resume").get_by_role("link", name=BEVACOR).click()
    expect(page.locator(".question")).to_have_text([BEVACOR])
    page.wait_for_load_state("load")
    page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn, 100)))")
    assert set(page.evaluate("() => typedInto")) <= {"q"}  # nothing, where the script came after that


def test_the_first_page_shows_the_three_latest_conversations(open_page: Open) -> None:
    page = open_page()
    expect(page.locator("#resume")).to_be_hidden()
    for number in range(4):
        put(page, [turn(f"{NESTS} {number}", at=number), turn(HAZARD, f"{NESTS} {number}", at=number)], f".{number}")
    page.reload()
    expect(page.locator("#resume").get_by_role("link")).to_have_text([f"{NESTS} {number}" for number in (3, 2, 1)])


def test_the_same_single_question_is_listed_once_with_what_was_said_of_its_answer(open_page: Open) -> None:
    page = open_page()
    ask(page, ANSWERED)
    page.get_by_role("button", name="Yes").click()
    expect(page.get_by_role("status").first).to_contain_text("Thank you.")
    page.goto("/")
    ask(page, ANSWERED)
    expect_conversations(page, [ANSWERED])
    expect(page.get_by_role("button", name="Yes")).to_have_attribute("aria-pressed", "true")


def test_an_example_that_is_clicked_is_asked_without_loading_and_kept(open_page: Open) -> None:
    page = open_page()
    example = page.locator("#welcome .examples a").last
    question = example.inner_text()
    example.click()
    expect(page.locator(".cited").first).to_be_visible()
    expect_conversations(page, [question])


def test_a_conversation_that_is_opened_by_its_address_is_kept_once(open_page: Open) -> None:
    page = open_page(f"/?history={quote(BEVACOR)}&q={quote(HAZARD)}")
    expect(page.locator("form.ask [data-action=undo]")).to_be_hidden()
    page.wait_for_function("localStorage.length === 1")
    expect_conversations(page, [BEVACOR, HAZARD])
    page.goto(f"/?q={quote(BEVACOR)}")  # where that conversation was before
    page.goto(f"/?history={quote(BEVACOR)}&q={quote(HAZARD)}")
    expect(page.locator(".question")).to_have_text([BEVACOR, HAZARD])
    ask(page, NESTS)
    assert [BEVACOR, HAZARD, NESTS] in conversations(page)


def test_going_back_to_what_was_deleted_does_not_keep_it_again(open_page: Open) -> None:
    page = open_page()
    ask(page, ANSWERED)
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("The conversation is cleared.")).to_be_visible()
    page.go_back()
    expect(page.locator(".question")).to_have_text([ANSWERED])
    expect(page.get_by_role("button", name="History")).to_be_visible()
    expect_conversations(page)


def test_a_conversation_of_one_document_is_opened_with_its_document(open_page: Open) -> None:
    page = open_page("/?document=second-treatment")
    ask(page, BEVACOR)
    page.get_by_role("link", name="New conversation").click()
    expect(page.get_by_label("Your question, only for")).to_be_visible()
    page.goto("/")
    page.locator("#resume").get_by_role("link", name=BEVACOR).click()
    expect(page.get_by_label("Your question, only for")).to_be_visible()


# What is in the storage already


OLD = [turn(BEVACOR), turn(HAZARD, BEVACOR, said={"key": "0" * 32, "passage": None, "is": None, "helpful": True})]


def test_what_an_earlier_version_kept_is_opened_and_goes_on(open_page: Open) -> None:
    page = open_page()
    put(page, OLD)
    page.reload()
    page.locator("#resume").get_by_role("link", name=BEVACOR).click()
    expect(page.locator(".question")).to_have_text([BEVACOR, HAZARD])
    expect(page.locator(".pending")).to_have_count(0)
    expect(page.get_by_role("button", name="History")).to_be_visible()  # the script has begun
    ask(page, NESTS)
    assert list(stored(page)) == [KEY]
    expect_conversations(page, [BEVACOR, HAZARD, NESTS])
    page.goto("/")
    ask(page, ANSWERED)
    expect_conversations(page, [BEVACOR, HAZARD, NESTS], [ANSWERED])


BROKEN = [
    "{",
    "7",
    "null",
    '"text"',
    "{}",
    "[]",
    "[null]",
    '[{"question": 1}]',
    '[{"question": "  ", "history": [], "document": null}]',
    '[{"question": "a", "history": "b", "document": null}]',
    '[{"question": "a", "history": [1], "document": null}]',
    '[{"question": "a", "history": [], "document": {}}]',
    '[{"question": "a", "history": [], "document": null, "at": 1e300}]',
    '[{"question": "a", "history": [], "document": null, "at": {}}]',
    '[{"question": "a", "history": [], "document": null, "said": 1}]',
    '[{"question": "\\ud800", "history": [], "document": null}]',
    '[{"question": "a", "history": ["\\udc00"], "document": null}]',
]


def test_what_is_broken_or_foreign_is_left_alone_and_hides_nothing(open_page: Open) -> None:
    page = open_page()
    for number, words in enumerate(BROKEN):
        put(page, words, f".{number}")
    put(page, "{", "")
    put(page, OLD, ".whole")
    put(page, [1, *OLD, {"question": 2}], ".half")
    page.evaluate("localStorage.setItem('pincite.conversational', 'of another program')")
    page.reload()
    before = stored(page)
    expect(history(page).get_by_role("listitem")).to_have_count(2)
    page.keyboard.press("Escape")
    ask(page, ANSWERED)
    assert before.items() <= stored(page).items()
    page.reload()
    expect(page.locator(".question")).to_have_text([ANSWERED])


def test_markup_in_what_is_kept_is_text(open_page: Open) -> None:
    page = open_page()
    put(page, [turn("<img src=x onerror=\"document.title='owned'\">")])
    page.reload()
    expect(history(page).get_by_role("link")).to_have_text("<img src=x onerror=\"document.title='owned'\">")
    assert page.title() != "owned"
    assert page.locator("img").count() == 0


def test_a_hundred_conversations_are_kept_and_then_the_oldest_makes_room(open_page: Open) -> None:
    page = open_page()
    for number in range(100):
        put(page, [turn(f"Old {number}?", at=number + 1)], f".{number}")
    page.reload()
    ask(page, ANSWERED)
    found = conversations(page)
    assert len(found) == 100
    assert ["Old 0?"] not in found
    assert ["Old 1?"] in found
    assert [ANSWERED] in found


QUOTA = """most => {
    const set = Storage.prototype.setItem;
    Storage.prototype.setItem = function (key, value) {
        const others = Object.entries(this).filter(([each]) => each !== key).flat();
        const size = others.join("").length + key.length + value.length;
        if (size > most) throw new DOMException("full", "QuotaExceededError");
        set.call(this, key, value);
    };
}"""


def test_where_the_storage_is_full_the_oldest_conversations_make_room_and_no_more_of_them_than_must(
    open_page: Open,
) -> None:
    page = open_page()
    for number in range(5):
        put(page, [turn(f"{number}: {'long ' * 100}?", at=number + 1)], f".{number}")
    page.add_init_script(f"({QUOTA})({sum(len(key) + len(words) for key, words in stored(page).items())})")
    page.reload()
    ask(page, ANSWERED)
    assert [questions[0][:2] for questions in conversations(page)] == ["1:", "2:", "3:", "4:", "In"]


def test_a_browser_without_room_forgets_nothing_of_what_it_has_and_still_converses(open_page: Open) -> None:
    page = open_page()
    page.add_init_script(f"({QUOTA})(0)")
    page.evaluate("localStorage.setItem('of another program', 'x')")
    page.reload()
    ask(page, BEVACOR)
    ask(page, HAZARD)
    expect(page.locator(".exchange").last).to_contain_text("Taken over from your earlier question: ")
    page.reload()
    expect(page.locator(".question")).to_have_text([BEVACOR, HAZARD])
    assert page.evaluate("localStorage.length") == 1


def test_a_browser_that_keeps_nothing_offers_the_same_and_lists_none(open_page: Open) -> None:
    page = open_page()
    page.add_init_script("""for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, {
        get() { throw new DOMException("no", "SecurityError"); }
    })""")
    page.reload()
    ask(page, BEVACOR)
    ask(page, HAZARD)
    page.get_by_role("button", name="Edit").last.click()
    box(page).fill("What was its HR?")
    page.keyboard.press("Enter")
    expect(page.locator(".question")).to_have_text([BEVACOR, "What was its HR?"])
    shown = history(page)
    expect(shown.get_by_role("status")).to_have_text("0 conversations")
    expect(shown.get_by_role("listitem")).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".lead")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_hidden()


# Several tabs


def test_each_tab_keeps_its_own_conversation(open_page: Open) -> None:
    one = open_page()
    other = one.context.new_page()
    other.goto(one.url)
    ask(one, BEVACOR)
    ask(other, NESTS)
    ask(one, HAZARD)
    assert conversations(one) == [[BEVACOR, HAZARD], [NESTS]]


def test_a_conversation_that_goes_on_in_two_tabs_is_kept_both_ways(open_page: Open) -> None:
    one = open_page()
    ask(one, BEVACOR)
    other = one.context.new_page()
    other.goto(one.url)
    expect(other.locator(".question")).to_have_text([BEVACOR])
    ask(one, HAZARD)
    ask(other, NESTS)
    ask(one, ANSWERED)
    assert conversations(one) == [[BEVACOR, HAZARD, ANSWERED], [BEVACOR, NESTS]]


def test_a_conversation_that_another_tab_deleted_is_kept_again_when_it_goes_on(open_page: Open) -> None:
    one = open_page()
    ask(one, BEVACOR)
    other = one.context.new_page()
    other.goto("/")
    history(other).get_by_role("button", name="Delete", exact=True).click()
    assert conversations(one) == []
    ask(one, HAZARD)
    assert conversations(one) == [[BEVACOR, HAZARD]]


# The list


def test_conversations_are_found_by_the_words_of_any_of_their_questions(open_page: Open) -> None:
    page = open_page()
    put(page, [turn(BEVACOR, at=3), turn("And the risk in Zürich?", BEVACOR, at=3)], ".1")
    put(page, [turn(NESTS, at=2)], ".2")
    page.reload()
    shown = history(page)
    expect(shown.get_by_role("searchbox")).to_be_focused()
    expect(shown.get_by_role("status")).to_have_text("2 conversations")
    shown.get_by_role("searchbox").fill("zurich RISK")
    expect(shown.get_by_role("listitem")).to_have_count(1)
    expect(shown.get_by_role("listitem")).to_contain_text("And the risk in Zürich?")
    expect(shown.get_by_role("status")).to_have_text("1 conversation")
    shown.get_by_role("searchbox").fill("terns bevacor")
    expect(shown.get_by_role("listitem")).to_have_count(0)
    expect(shown.get_by_role("status")).to_have_text("0 conversations")
    shown.get_by_role("searchbox").fill("terns")
    expect(shown.get_by_role("listitem")).to_have_count(1)
    expect(shown.get_by_role("listitem").locator("[data-slot=match]")).to_be_hidden()


def test_each_conversation_can_be_deleted_from_the_list_and_brought_back(open_page: Open) -> None:
    page = open_page()
    put(page, [turn(BEVACOR, at=2)], ".1")
    put(page, [turn(NESTS, at=1)], ".2")
    page.reload()
    before = stored(page)
    shown = history(page)
    button = shown.get_by_role("button", name="Delete", exact=True).first
    button.click()
    expect(shown.get_by_role("status")).to_have_text("Deleted.")
    undo = shown.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    expect_conversations(page, [NESTS])
    undo.click()
    assert stored(page) == before
    shown.get_by_role("button", name="Delete", exact=True).first.click()
    shown.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="History")).to_be_focused()
    expect(page.locator("#resume").get_by_role("link")).to_have_text([NESTS])


def test_all_that_are_listed_are_deleted_at_once_and_brought_back(open_page: Open) -> None:
    page = open_page()
    for number in range(3):
        put(page, [turn(f"{NESTS} {number}")], f".{number}")
    put(page, [turn(BEVACOR)])
    page.reload()
    before = stored(page)
    shown = history(page)
    shown.get_by_role("searchbox").fill("terns")
    shown.get_by_role("button", name="Delete all").click()
    expect_conversations(page, [BEVACOR])
    shown.get_by_role("button", name="Delete all").click()
    assert stored(page) == before
    shown.get_by_role("searchbox").fill("")
    shown.get_by_role("button", name="Delete all").click()
    page.keyboard.press("Escape")
    assert stored(page) == {}
    expect(page.locator("#resume")).to_be_hidden()


def test_deleting_the_conversation_on_the_page_from_the_list_leads_to_the_first_page(open_page: Open) -> None:
    page = open_page()
    ask(page, ANSWERED)
    shown = history(page)
    shown.get_by_role("button", name="Delete", exact=True).click()
    shown.get_by_role("button", name="Close").click()
    expect(page.locator(".lead")).to_be_visible()
    expect_conversations(page)


# Clear and undo


def test_a_conversation_that_was_cleared_comes_back_whole_by_undo(open_page: Open) -> None:
    page = open_page()
    for number in range(14):  # the address holds 13
        ask(page, f"{ANSWERED[:-1]}, {number}?")
    before = stored(page)
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("status").first).to_have_text("The conversation is cleared.")
    assert stored(page) == {}
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".exchange")).to_have_count(14)
    assert stored(page) == before


def test_the_undo_is_in_sight_on_a_low_screen(open_page: Open) -> None:
    page = open_page(f"/?q={quote(ANSWERED)}", viewport={"width": 320, "height": 256})
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("button", name="Undo")).to_be_in_viewport()


def test_what_was_cleared_is_offered_once(open_page: Open) -> None:
    page = open_page()
    ask(page, ANSWERED)
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    page.reload()
    expect(page.locator(".lead")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_hidden()
    ask(page, NESTS)
    expect(page.get_by_role("button", name="Undo")).to_be_hidden()


# Changing a question


def test_the_last_question_is_changed_and_asked_again_in_its_place(open_page: Open) -> None:
    page = open_page()
    ask(page, BEVACOR)
    ask(page, "What was its hazzard?")
    page.get_by_role("button", name="Edit").last.click()
    expect(box(page)).to_have_value("What was its hazzard?")
    expect(box(page)).to_be_focused()
    expect(page.get_by_role("status").first).to_have_text("Change it and ask again.")
    box(page).fill(HAZARD)
    page.keyboard.press("Enter")
    expect(page.locator(".question")).to_have_text([BEVACOR, HAZARD])
    expect(page.locator(".exchange").last).to_contain_text("Taken over from your earlier question: ")
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    expect_conversations(page, [BEVACOR, HAZARD])
    page.reload()
    expect(page.locator(".question")).to_have_text([BEVACOR, HAZARD])


def test_the_question_that_is_changed_stays_in_sight(open_page: Open) -> None:
    page = open_page(viewport={"width": 800, "height": 600})
    for question in (BEVACOR, HAZARD, NESTS):
        ask(page, question)
    page.get_by_role("button", name="Edit").nth(1).scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    page.get_by_role("button", name="Edit").nth(1).click()
    expect(box(page)).to_be_focused()
    assert page.evaluate("scrollY") == before
    low = open_page(f"/?q={quote(ANSWERED)}", viewport={"width": 320, "height": 256})
    low.get_by_role("button", name="Edit").click()
    expect(box(low)).to_be_in_viewport()


def test_changing_an_earlier_question_begins_another_conversation_and_keeps_the_first(open_page: Open) -> None:
    page = open_page()
    for question in (BEVACOR, HAZARD, NESTS):
        ask(page, question)
    page.get_by_role("button", name="Edit").nth(1).click()
    expect(page.get_by_role("status").first).to_contain_text("Later questions stay in the history.")
    box(page).fill("What was its HR?")
    page.keyboard.press("Enter")
    expect(page.locator(".question")).to_have_text([BEVACOR, "What was its HR?"])
    expect_conversations(page, [BEVACOR, "What was its HR?"], [BEVACOR, HAZARD, NESTS])
    page.get_by_role("button", name="Edit").first.click()
    box(page).fill(ANSWERED)
    page.keyboard.press("Enter")
    expect(page.locator(".question")).to_have_text([ANSWERED])
    assert page.url.endswith(f"/?q={quote(ANSWERED)}")


@pytest.mark.parametrize("by", ["Escape", "Cancel"])
def test_a_change_is_called_off(open_page: Open, by: str) -> None:
    page = open_page()
    ask(page, BEVACOR)
    page.get_by_role("button", name="Edit").click()
    if by == "Escape":
        page.keyboard.press("Escape")
    else:
        page.get_by_role("button", name="Cancel").click()
    expect(box(page)).to_have_value("")
    expect(box(page)).to_be_focused()
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    ask(page, HAZARD)
    expect(page.locator(".question")).to_have_text([BEVACOR, HAZARD])


def test_a_change_that_is_stopped_leaves_the_conversation_and_can_go_on(open_page: Open) -> None:
    page = open_page()
    ask(page, BEVACOR)
    ask(page, HAZARD)
    page.get_by_role("button", name="Edit").first.click()
    hold(page)
    box(page).fill(NESTS)
    page.keyboard.press("Enter")
    expect(page.locator(".exchange:visible")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".question:visible")).to_have_text([BEVACOR, HAZARD])
    expect(box(page)).to_have_value(NESTS)
    page.unroute("**/ask")
    page.keyboard.press("Enter")
    expect(page.locator(".question")).to_have_text([NESTS])


def test_a_change_that_fails_leaves_the_conversation_and_can_be_tried_again(open_page: Open) -> None:
    page = open_page()
    ask(page, BEVACOR)
    ask(page, HAZARD)
    page.get_by_role("button", name="Edit").first.click()
    page.route("**/ask", lambda route: route.abort())
    box(page).fill(NESTS)
    page.keyboard.press("Enter")
    expect(page.locator(".question:visible")).to_have_text([BEVACOR, HAZARD, NESTS])
    page.unroute("**/ask")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".question")).to_have_text([NESTS])
    expect_conversations(page, [BEVACOR, HAZARD], [NESTS])


def test_a_question_that_failed_goes_back_to_the_box_to_be_changed(open_page: Open) -> None:
    page = open_page()
    ask(page, BEVACOR)
    page.route("**/ask", lambda route: route.abort())
    ask(page, NESTS)
    page.get_by_role("button", name="Edit").last.click()
    expect(page.locator(".question")).to_have_text([BEVACOR])
    expect(box(page)).to_have_value(NESTS)
    page.unroute("**/ask")
    page.keyboard.press("Enter")
    expect(page.locator(".question")).to_have_text([BEVACOR, NESTS])
    expect(page.locator(".cited").last).to_be_attached()
    expect_conversations(page, [BEVACOR, NESTS])


# Stopping


def test_stop_is_shown_while_it_waits_in_the_place_of_ask(open_page: Open) -> None:
    page = open_page()
    place = page.get_by_role("button", name="Ask").bounding_box()
    held = hold(page)
    box(page).fill(ANSWERED)
    page.keyboard.press("Enter")
    stop = page.get_by_role("button", name="Stop")
    expect(stop).to_be_visible()
    expect(page.get_by_role("button", name="Ask")).to_be_hidden()
    found = stop.bounding_box()
    assert place and found and abs(found["y"] - place["y"]) < 2
    stop.click()
    expect(page.get_by_role("status").first).to_have_text("Stopped.")
    expect(stop).to_be_hidden()
    expect(box(page)).to_be_focused()
    expect(box(page)).to_have_value(ANSWERED)
    assert len(held) <= 1


def test_an_answer_that_comes_while_stop_has_the_focus_gives_it_to_the_box(open_page: Open) -> None:
    page = open_page()
    held = hold(page)
    box(page).fill(ANSWERED)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Stop").focus()
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    expect(page.locator(".cited").first).to_be_visible()
    expect(box(page)).to_be_focused()


def test_escape_on_the_first_question_gives_the_welcome_back(open_page: Open) -> None:
    page = open_page()
    hold(page)
    box(page).fill(ANSWERED)
    page.keyboard.press("Enter")
    expect(page.locator(".lead")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator(".lead")).to_be_visible()
    expect(page.get_by_role("button", name="Clear")).to_be_hidden()
    expect(box(page)).to_have_value(ANSWERED)
    page.unroute("**/ask")
    page.keyboard.press("Enter")
    expect(page.locator(".cited").first).to_be_visible()
    expect(page.locator(".lead")).to_be_hidden()


def test_a_question_that_follows_a_stopped_one_follows_those_that_were_answered(open_page: Open) -> None:
    page = open_page()
    ask(page, "How does bevakor work?")
    hold(page)
    page.get_by_role("link", name="Search instead for “bevakor”").click()
    page.keyboard.press("Escape")
    page.unroute("**/ask")
    box(page).fill("")
    with page.expect_request("**/ask") as sent:
        ask(page, HAZARD)
    assert json.loads(sent.value.post_data or "")["history"] == ["How does bevakor work?"]


# The box


def test_the_arrow_up_recalls_the_questions_before_and_down_goes_back(open_page: Open) -> None:
    page = open_page()
    ask(page, BEVACOR)
    ask(page, HAZARD)
    for key, shown in (
        ("Up", HAZARD),
        ("Up", BEVACOR),
        ("Up", BEVACOR),
        ("Down", HAZARD),
        ("Down", ""),
        ("Up", HAZARD),
    ):
        page.keyboard.press(f"Arrow{key}")
        expect(box(page)).to_have_value(shown)
    page.keyboard.type(" Yes?")
    page.keyboard.press("ArrowUp")
    expect(box(page)).to_have_value(f"{HAZARD} Yes?")
    page.goto("/")
    page.keyboard.press("ArrowUp")
    expect(box(page)).to_have_value(HAZARD)


def test_the_arrows_move_in_what_is_typed(open_page: Open) -> None:
    page = open_page()
    ask(page, BEVACOR)
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("ArrowUp")
    page.keyboard.type("!")
    expect(box(page)).to_have_value("one!\ntwo")


def test_the_box_says_how_many_characters_are_left_when_few_are(open_page: Open) -> None:
    page = open_page()
    status = page.get_by_role("status").first
    box(page).fill("x" * 899)
    expect(status).to_have_text("")
    box(page).fill("🐦" * 900)
    expect(status).to_have_text("100 characters left")
    box(page).fill("x" * 999)
    expect(status).to_have_text("1 character left")
    box(page).fill("x" * 1001)
    expect(status).to_have_text("1 character too many")
    expect(box(page)).to_have_attribute("aria-invalid", "true")
    box(page).fill("x")
    expect(status).to_have_text("")
    expect(box(page)).to_have_attribute("aria-invalid", "false")


def test_a_question_that_is_too_long_is_not_sent_and_the_box_says_why(open_page: Open) -> None:
    page = open_page()
    held = hold(page)
    box(page).fill("x" * 1012)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_have_text("12 characters too many")
    expect(box(page)).to_have_value("x" * 1012)
    expect(box(page)).to_be_focused()
    expect(page.locator(".exchange")).to_have_count(0)
    assert held == []


def test_what_the_service_refuses_is_said_beside_the_box_which_has_the_question_again(open_page: Open) -> None:
    page = open_page()
    refusal = {"type": "about:blank", "title": "Invalid request", "status": 422}
    refusal |= {"errors": [{"pointer": "/question", "detail": "is odd"}]}
    page.route("**/ask", lambda route: route.fulfill(status=422, json=refusal))
    box(page).fill(NESTS)
    page.keyboard.press("Enter")
    status = page.get_by_role("status").first
    expect(status).to_have_text("Invalid request. The question is odd.")
    expect(box(page)).to_have_value(NESTS)
    expect(box(page)).to_have_attribute("aria-invalid", "true")
    beside, below = status.bounding_box(), box(page).bounding_box()
    assert beside and below and 0 <= below["y"] - (beside["y"] + beside["height"]) < 24
    expect(page.locator(".exchange")).to_have_count(0)
    page.unroute("**/ask")
    ask(page, ANSWERED)
    expect(box(page)).to_have_attribute("aria-invalid", "false")


def test_by_touch_the_box_lets_go_of_the_focus_so_that_no_keyboard_covers_the_answer(open_page: Open) -> None:
    page = open_page(viewport={"width": 360, "height": 640}, is_mobile=True, has_touch=True)
    expect(box(page)).not_to_be_focused()
    for question in (ANSWERED, HAZARD):
        box(page).tap()
        box(page).fill(question)
        page.get_by_role("button", name="Ask").tap()
        last = page.locator(".exchange").last
        expect(last.locator(".cited").first).to_be_visible()
        expect(last.get_by_role("heading", name=question)).to_be_focused()
        expect(last.get_by_role("heading", name=question)).to_be_in_viewport()


# Keys


def test_single_keys_lead_to_the_box_the_latest_answer_the_list_a_new_conversation_and_their_own_list(
    open_page: Open,
) -> None:
    page = open_page()
    ask(page, BEVACOR)
    ask(page, NESTS)
    page.keyboard.press("Tab")
    page.locator(".exchange summary").first.focus()
    page.keyboard.press("l")
    expect(page.get_by_role("heading", name=NESTS)).to_be_focused()
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
    expect(box(page)).to_have_value("")
    page.get_by_role("heading", name=NESTS).focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("n")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", name=NESTS)).to_be_focused()
    page.keyboard.press("h")
    expect(page.get_by_role("dialog", name="History")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator(".lead")).to_be_visible()


def test_keys_that_are_typed_are_letters_and_with_others_the_browsers(open_page: Open) -> None:
    page = open_page()
    page.keyboard.type("n/h?l")
    expect(box(page)).to_have_value("n/h?l")
    page.get_by_role("button", name="History").focus()
    for key in ("Control+/", "Alt+h", "Meta+n"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(box(page)).not_to_be_focused()
    box(page).fill("")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_single_keys_can_be_switched_off_for_good(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="Keys").click()
    page.get_by_role("checkbox", name="Use the keys of one letter").uncheck()
    page.get_by_role("button", name="Close").click()
    for again in (False, True):
        if again:
            page.reload()
        page.get_by_role("button", name="Keys").focus()
        page.keyboard.press("h")
        page.keyboard.press("/")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("button", name="Keys")).to_be_focused()


def test_the_list_of_keys_holds_every_key_that_is_pressed_alone(open_page: Open) -> None:
    page = open_page()
    given = page.locator("[aria-keyshortcuts]").evaluate_all("all => all.map(each => each.ariaKeyShortcuts)")
    named = page.locator("#keys kbd").all_text_contents()
    assert sorted(given) == sorted(name.lower() for name in named if len(name) == 1 and name.isascii())


# On small screens, and without the module


@pytest.mark.parametrize("size", [(320, 640), (320, 256), (1280, 800)])
def test_the_lists_fit_the_screen_and_a_finger(open_page: Open, size: tuple[int, int]) -> None:
    page = open_page(viewport={"width": size[0], "height": size[1]})
    put(page, [turn("m" * 300), turn(HAZARD, "m" * 300)])
    page.reload()
    for name in ("History", "Keys"):
        page.get_by_role("button", name=name).click()
        shown = page.get_by_role("dialog", name=name)
        assert shown.evaluate("each => each.scrollWidth <= each.clientWidth")
        place = shown.bounding_box()
        assert place and place["x"] >= 0 and place["x"] + place["width"] <= size[0]
        assert place["y"] >= 0 and place["y"] + place["height"] <= size[1]
        for button in shown.get_by_role("button").all():
            button.scroll_into_view_if_needed()
            expect(button).to_be_in_viewport()
            found = button.bounding_box()
            assert found and found["width"] >= 44 and found["height"] >= 44
        page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]


def test_without_javascript_a_link_begins_a_new_conversation_and_nothing_is_offered_in_vain(open_page: Open) -> None:
    page = open_page(f"/?q={quote(ANSWERED)}", java_script_enabled=False)
    for name in ("History", "Keys", "Edit", "Clear", "Stop", "Undo", "Cancel"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    page.get_by_role("link", name="New conversation").click()
    expect(page.locator(".lead")).to_be_visible()


def test_a_conversation_is_led_by_keys_alone(open_page: Open) -> None:
    page = open_page()
    page.keyboard.type(BEVACOR)
    page.keyboard.press("Enter")
    expect(page.locator(".cited").first).to_be_visible()
    page.keyboard.type(NOT_FOUND)
    page.keyboard.press("Enter")
    expect(page.locator(".nothing")).to_be_visible()
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.textContent") == "Edit":
            break
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value(NOT_FOUND)
    page.keyboard.press("Control+a")
    page.keyboard.type(NESTS)
    page.keyboard.press("Enter")
    expect(page.locator(".question")).to_have_text([BEVACOR, NESTS])
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("n")
    expect(box(page)).to_be_focused()
    page.get_by_role("link", name="pincite").focus()
    page.keyboard.press("h")
    page.keyboard.type("bevacor")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".question")).to_have_text([BEVACOR, NESTS])


def test_the_largest_page_needs_at_most_60_kb_of_script_and_style(open_page: Open) -> None:
    page = open_page()
    ask(page, ANSWERED)
    loaded: list[int] = page.evaluate("""() => performance.getEntriesByType("resource")
        .filter(each => /\\.(js|css)$/.test(each.name)).map(each => each.decodedBodySize)""")
    assert len(loaded) > 5
    assert sum(loaded) <= 60_000
