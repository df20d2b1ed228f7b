"""How the pages look: the answer first, at every width, in every manner of showing it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from browsing import ANSWERED, NOT_FOUND, TITLE, Open, ask, library_of_kit, library_of_terns, served
from playwright.sync_api import Locator, Page, Response, expect

from qa import Engine, Settings
from web import create_app

LONG = "How long was the time to progression in MM-009?"
BUDGET = 60_000  # bytes of script and style, before compression


@pytest.fixture(scope="module")
def corpus() -> Iterator[str]:
    """The address of a service over the shipped corpus."""
    with served(create_app(Engine.open(Settings()))) as address:
        yield address


@pytest.fixture(scope="module")
def kit() -> Iterator[str]:
    """The address of a service over a document with a table, a list and a listing."""
    with served(create_app(library_of_kit())) as address:
        yield address


def bottom(element: Locator) -> float:
    box = element.bounding_box()
    assert box
    return box["y"] + box["height"]


# The answer first


@pytest.mark.parametrize("scripted", [True, False])
def test_on_a_phone_the_sentence_that_answers_and_its_source_are_on_the_first_screen(
    open_page: Open, corpus: str, scripted: bool
) -> None:
    size = {"width": 320, "height": 640}
    page = open_page(f"{corpus}/?q={quote(LONG)}#latest", java_script_enabled=scripted, viewport=size)
    cited = page.locator(".best .cited")
    expect(cited.locator("mark")).to_contain_text("The median time to progression in MM-009 was 11.1 months")
    expect(cited.locator("mark")).to_be_in_viewport(ratio=1)
    expect(cited.locator(".source a")).to_be_in_viewport()
    box = page.locator("#ask").bounding_box()
    assert box and bottom(cited.locator("mark")) < box["y"]
    before = cited.locator("blockquote .rest").first
    expect(before).to_be_hidden()
    cited.get_by_text("Whole passage").click()
    expect(before).to_be_visible()
    expect(before).to_contain_text("Lenalidomide (Revlimid) added to dexamethasone gave striking results")
    page.emulate_media(media="print")
    expect(before).to_be_visible()


def test_a_wide_window_shows_the_whole_passage_at_once(open_page: Open, corpus: str) -> None:
    page = open_page(f"{corpus}/?q={quote(LONG)}", viewport={"width": 1440, "height": 900})
    expect(page.locator(".best blockquote .rest").first).to_be_visible()
    expect(page.locator(".best .unfold")).to_be_hidden()


@pytest.mark.parametrize("manner", [{"media": "print"}, {"forced_colors": "active"}, {"media": "screen"}])
def test_the_mark_has_a_line_beside_its_colour(open_page: Open, manner: dict[str, str]) -> None:
    page = open_page(f"/?q={quote(ANSWERED)}")
    page.emulate_media(**manner)  # type: ignore[arg-type]  # one of them
    lines = page.locator(".best mark").first.evaluate("element => getComputedStyle(element).textDecorationLine")
    assert lines == "underline"


HEARD = "element => getComputedStyle(element, '::before').content"


def test_a_screen_reader_hears_which_words_answer_and_the_quotation_has_no_word_more(open_page: Open, kit: str) -> None:
    page = open_page(f"/?q={quote(ANSWERED)}")
    heard = page.locator(".best blockquote .heard")
    assert heard.evaluate(HEARD) == '"Answer: "'
    assert heard.evaluate("element => element.nextElementSibling.tagName") == "MARK"
    answer = page.request.post("/ask", data={"question": ANSWERED}).json()
    assert page.locator(".best blockquote").text_content() == answer["passage"]["text"]
    page.goto(f"{kit}/?q={quote('Which dose of alcanor does an adult take?')}")
    expect(page.locator("blockquote .heard")).to_have_count(1)


def test_a_possible_answer_is_heard_as_one(open_page: Open) -> None:
    with served(create_app(library_of_terns(threshold=1.0, possible_threshold=0.01))) as address:
        page = open_page(f"{address}/?q={quote(ANSWERED)}")
        assert page.locator("blockquote .heard").evaluate(HEARD) == '"Possible answer: "'


def test_further_passages_are_short_and_unfold(open_page: Open, corpus: str) -> None:
    page = open_page(f"{corpus}/?q={quote(LONG)}", viewport={"width": 1440, "height": 900})
    page.locator(".further > summary").click()
    passages = page.locator(".further .cited")
    expect(passages).to_have_count(3)
    assert bottom(passages.last) - bottom(page.locator(".further > summary")) < 900
    first = passages.first
    expect(first.locator(".source a")).to_be_visible()
    expect(first.locator(".section")).to_contain_text("Section: ")
    expect(first.locator("mark")).to_be_visible()
    for hidden in (".rest", ".about", ".cite"):
        expect(first.locator(hidden).first).to_be_hidden()
    first.locator(".unfold summary").click()
    for shown in (".rest", ".about", ".cite"):
        expect(first.locator(shown).first).to_be_visible()


def test_an_outline_has_a_list_to_jump_by_and_names_its_source_once(open_page: Open, corpus: str) -> None:
    page = open_page(f"{corpus}/?q={quote('How effective are second-line therapies for multiple myeloma (MM)?')}")
    jump = page.get_by_role("navigation", name=re.compile("^The parts: "))
    names = page.locator(".outline h3").all_text_contents()
    assert len(names) > 3
    assert jump.get_by_role("link").all_text_contents() == names
    jump.get_by_role("link", name="Carfilzomib").click()
    expect(page.locator(".outline li").filter(has=page.get_by_role("heading", name="Carfilzomib"))).to_be_in_viewport()
    title = "How effective are second-line therapies for multiple myeloma (MM)?"
    expect(page.locator(".answer a:visible").filter(has_text=title)).to_have_count(1)


def test_each_part_of_an_outline_can_be_cited_also_where_nothing_of_it_is_folded(open_page: Open) -> None:
    page = open_page(f"/?q={quote(TITLE)}")
    first = page.locator(".outline > li").first
    expect(first.locator(".cite")).to_be_hidden()
    first.locator(".unfold summary").click()
    expect(first.locator(".cite")).to_be_visible()


def test_a_short_outline_needs_no_list_to_jump_by(open_page: Open) -> None:
    page = open_page(f"/?q={quote(TITLE)}")
    expect(page.locator(".outline > li")).to_have_count(3)
    expect(page.locator(".jump")).to_have_count(0)


@pytest.mark.parametrize("scripted", [True, False])
def test_a_marker_leads_to_its_reference_beside_it(open_page: Open, scripted: bool) -> None:
    page = open_page(f"/?q={quote('How does bevacor work?')}", java_script_enabled=scripted)
    page.goto(f"/?history={quote(ANSWERED)}&q={quote(ANSWERED)}")
    if scripted:
        ask(page, ANSWERED)
    last = page.locator(".exchange").last.locator(".best")
    last.get_by_role("link", name="[98, 99]").click()
    target = last.locator(".references li:target")
    expect(target).to_have_count(1)
    expect(target).to_be_in_viewport()
    expect(target).to_contain_text("[98] Example A, Sample B.")


def test_nothing_found_offers_what_the_documents_have(open_page: Open) -> None:
    page = open_page()
    ask(page, NOT_FOUND)
    subjects = page.locator(".try .subject")
    assert 1 <= subjects.count() <= 3
    name = subjects.first.text_content() or ""
    expect(page.locator(".closest")).to_contain_text(name)
    subjects.first.click()
    expect(page.locator(".exchange")).to_have_count(2)
    expect(page.locator(".question").last).to_have_text(name)


# Drawn


def test_a_wide_table_scrolls_in_its_own_box(open_page: Open, kit: str) -> None:
    page = open_page(f"{kit}/documents/kit", viewport={"width": 320, "height": 640})
    sizes = page.locator(".table").evaluate("element => [element.scrollWidth, element.clientWidth]")
    assert sizes[0] > sizes[1]
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    table = page.get_by_role("table")
    assert table.get_by_role("columnheader").all_inner_texts() == [
        "Person",
        "Dose of alcanor",
        "Fever ended",
        "Remarks",
    ]
    assert table.get_by_role("row").nth(1).get_by_role("cell").all_inner_texts()[1] == "20 mg once a day"
    page.locator(".table").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    assert page.locator(".table").evaluate("element => element.scrollLeft") > 0


def test_lists_and_listings_look_like_it_on_a_source_page(open_page: Open, kit: str) -> None:
    page = open_page(f"{kit}/documents/kit")
    items = page.locator(".text .list").get_by_role("listitem")
    expect(items).to_have_count(5)
    expect(items.nth(4)).to_have_text(re.compile(r"^\s*3\. Pour the water into it\.$"))
    styles = items.evaluate_all("all => all.map(item => getComputedStyle(item).listStyleType)")
    assert styles == ["none", "none", "disc", "disc", "none"]
    expect(page.locator("pre code")).to_contain_text("return min(20, weight / 4)")


def test_a_row_that_answers_is_shown_under_the_head_of_its_table(open_page: Open, kit: str) -> None:
    page = open_page(
        f"{kit}/?q={quote('Which dose of alcanor does an adult take?')}", viewport={"width": 320, "height": 640}
    )
    rows = page.locator(".best").get_by_role("row")
    expect(rows).to_have_count(2)
    expect(rows.first.get_by_role("columnheader").first).to_have_text("| Person")
    expect(rows.nth(1).locator("mark").first).to_have_text("An adult")
    page.locator(".best .source a").click()
    expect(page.locator("#mark")).to_be_in_viewport()


# Colours


def test_the_colours_are_chosen_on_any_page_and_kept(open_page: Open) -> None:
    page = open_page(color_scheme="light")
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(paper)
    button = page.get_by_role("button", name=re.compile("^Colours: "))
    expect(button).to_have_accessible_name("Colours: as the system has them")
    button.click()
    expect(button).to_have_accessible_name("Colours: dark")
    for address in ("/documents/spotting", "/nowhere", "/problems/error", "/"):
        page.goto(address)
        expect(button).to_have_accessible_name("Colours: dark")
        assert page.evaluate(paper) != light
    page.emulate_media(media="print")
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    page.emulate_media(media="screen")
    button.click()
    expect(button).to_have_accessible_name("Colours: light")
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(paper) == light
    button.click()
    expect(button).to_have_accessible_name("Colours: dark")
    button.click()
    expect(button).to_have_accessible_name("Colours: as the system has them")
    assert page.evaluate("localStorage.length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_press_changes_the_colours_that_one_sees(open_page: Open, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    before = page.evaluate(paper)
    page.get_by_role("button", name=re.compile("^Colours: ")).click()
    assert page.evaluate(paper) != before


def test_without_javascript_the_colours_are_the_systems(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    expect(page.locator(".theme")).to_be_hidden()


# What the pictures showed


def test_examples_stand_right_below_where_one_left_off(open_page: Open, corpus: str) -> None:
    page = open_page(f"{corpus}/", viewport={"width": 1440, "height": 900})
    ask(page, LONG)
    page.goto(corpus)
    expect(page.locator("#resume")).to_be_visible()
    expect(page.locator("#welcome .examples").last).to_be_in_viewport()


def test_the_documents_of_the_first_page_do_not_run_past_the_box(open_page: Open, corpus: str) -> None:
    page = open_page(f"{corpus}/", viewport={"width": 1440, "height": 900})
    form, documents = page.locator("#ask").bounding_box(), page.locator(".library").bounding_box()
    assert form and documents
    assert form["x"] + form["width"] >= documents["x"] + documents["width"]


def test_the_links_at_the_top_take_two_rows_of_a_phone_at_most(open_page: Open, corpus: str) -> None:
    page = open_page(f"{corpus}/?q={quote(LONG)}", viewport={"width": 320, "height": 640})
    assert (page.locator(".top").bounding_box() or {"height": 0})["height"] <= 2 * 44 + 24


@pytest.mark.parametrize("width", [320, 1440])
def test_a_long_address_does_not_widen_what_it_stands_in(open_page: Open, kit: str, width: int) -> None:
    page = open_page(
        f"{kit}/?q={quote('Which dose of alcanor does an adult take?')}", viewport={"width": width, "height": 900}
    )
    link, column = page.locator(".best .address").bounding_box(), page.locator(".best figcaption").bounding_box()
    assert link and column
    assert link["x"] + link["width"] <= column["x"] + column["width"] + 1
    assert column["x"] + column["width"] <= width


def test_in_a_wide_window_what_follows_a_quotation_stands_right_below_it(open_page: Open) -> None:
    page = open_page(f"/?q={quote(ANSWERED)}", viewport={"width": 1440, "height": 900})
    quotation, feedback = page.locator(".best blockquote"), page.locator(".feedback").bounding_box()
    assert feedback
    assert 0 <= feedback["y"] - bottom(quotation) < 40
    assert bottom(page.locator(".best figcaption")) > feedback["y"]


def test_from_the_marked_place_of_a_source_the_way_back_is_in_sight(open_page: Open, corpus: str) -> None:
    for size in ({"width": 320, "height": 640}, {"width": 1440, "height": 900}):
        page = open_page(f"{corpus}/?q={quote(LONG)}", viewport=size)
        page.locator(".best .source a").click()
        expect(page.locator("#mark")).to_be_in_viewport()
        expect(page.get_by_role("link", name="Back to the answer")).to_be_in_viewport()
        page.wait_for_function("scrollY > 0")


def test_the_menu_of_citations_begins_with_files_and_ends_in_the_window(open_page: Open, corpus: str) -> None:
    page = open_page(f"{corpus}/?q={quote(LONG)}", viewport={"width": 1280, "height": 800})
    menu = page.locator(".best .cite")
    menu.locator("summary").click()
    assert menu.get_by_role("link").first.inner_text() == "RIS"
    assert bottom(menu.locator("> div")) <= 800


def test_code_within_a_line_looks_like_it_in_answers_and_sources(open_page: Open, kit: str) -> None:
    page = open_page(f"{kit}/?q={quote('Which command prints the dose of a person?')}")
    for code in (page.locator(".best mark code"), page.locator(".text p code").first):
        expect(code).to_have_text("kit dose --weight 80")
        assert "monospace" in code.evaluate("element => getComputedStyle(element).fontFamily")
        page.goto(f"{kit}/documents/kit")


@pytest.mark.parametrize("width", [320, 800, 1440])
def test_the_box_is_as_wide_as_the_line_above_it(open_page: Open, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 800})
    form, row = page.locator("#ask").bounding_box(), page.locator("#ask .row").bounding_box()
    assert form and row
    assert form["width"] - row["width"] <= 48  # what the page leaves free at both sides


def test_thanks_are_seen_once_and_heard(open_page: Open) -> None:
    page = open_page()
    ask(page, ANSWERED)
    page.get_by_role("button", name="Yes").click()
    status = page.get_by_role("status")
    expect(status).to_contain_text("Thank you.")
    assert (status.bounding_box() or {"width": 0})["width"] <= 1
    expect(page.locator(".thanks")).to_be_visible()


def test_the_menu_of_citations_closes_by_escape_and_by_pressing_elsewhere(open_page: Open) -> None:
    page = open_page(viewport={"width": 1440, "height": 900})
    ask(page, ANSWERED)
    menu = page.locator(".best .cite")
    link = menu.get_by_role("link", name="BibTeX")
    menu.locator("summary").click()
    expect(link).to_be_visible()
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(link).to_be_visible()
    page.locator(".question").click()
    expect(link).to_be_hidden()


def test_the_menu_of_citations_opens_in_sight(open_page: Open) -> None:
    page = open_page(viewport={"width": 1280, "height": 700})
    ask(page, ANSWERED)
    page.locator(".best .cite summary").click()
    expect(page.locator(".best .cite > div")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Copy AMA").first).to_be_visible()
    assert bottom(page.locator(".best .cite > div")) <= page.locator("#ask").evaluate(
        "e => e.getBoundingClientRect().top"
    )


@pytest.mark.parametrize("size", [(320, 640), (1280, 600)])
def test_typing_leaves_what_one_reads_where_it_is(open_page: Open, size: tuple[int, int]) -> None:
    page = open_page(viewport={"width": size[0], "height": size[1]})
    ask(page, ANSWERED)
    ask(page, NOT_FOUND)
    page.evaluate("scrollTo(0, 50)")
    page.get_by_label("Your question").focus()
    page.keyboard.type("And what is the treat")
    expect(page.get_by_role("option").first).to_be_visible()
    assert page.evaluate("scrollY") == 50
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Tab")  # to what the box must not cover
    page.keyboard.press("Shift+Tab")
    focused = page.locator(":focus")
    expect(focused).to_be_in_viewport(ratio=1)
    assert bottom(focused) <= page.locator("#ask").evaluate("each => each.getBoundingClientRect().top")


def test_a_reference_is_shown_without_its_passage_going_away(open_page: Open, corpus: str) -> None:
    page = open_page(f"{corpus}/?q={quote('What is cereblon?')}", viewport={"width": 1280, "height": 800})
    page.locator("blockquote a").nth(1).click()
    expect(page.locator(".references :target")).to_be_in_viewport(ratio=1)
    expect(page.locator(".best mark")).to_be_in_viewport(ratio=1)


def test_of_a_long_title_the_box_shows_one_line(open_page: Open, corpus: str) -> None:
    page = open_page(f"{corpus}/?document=immunomodulatory-drugs", viewport={"width": 320, "height": 640})
    label = page.locator("label[for=q]")
    expect(label).to_contain_text("How do thalidomide, lenalidomide and pomalidomide work")
    assert label.evaluate("each => each.getClientRects()[0].height") < 30


def test_the_permanent_link_is_copied_from_the_menu_of_citations(open_page: Open) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    ask(page, ANSWERED)
    page.locator(".cite summary").first.click()
    page.get_by_role("button", name="Copy Link").first.click()
    expect(page.get_by_role("status")).to_have_text("Copied")
    page.goto(page.evaluate("navigator.clipboard.readText()"))
    expect(page.locator(".passage:target")).to_contain_text("fever ended within 11.1 days")


@pytest.mark.parametrize("address", ["/nowhere", "/documents/none", "/?document=none", "/passages/none"])
def test_a_visitor_is_told_of_no_commands(open_page: Open, address: str) -> None:
    page = open_page()
    page.goto(address)
    said = page.locator("main").inner_text()
    assert not re.search(r"pincite (list|index|serve)|--\w|openapi", said)


def loaded(page: Page, address: str) -> int:
    """How many bytes of script and style a page loads."""
    found: list[Response] = []
    page.on("response", lambda response: found.append(response))
    page.goto(address)
    kinds = ("script", "stylesheet")
    return sum(len(each.body()) for each in found if each.request.resource_type in kinds)


def test_the_largest_page_has_at_most_60_kb_of_script_and_style(open_page: Open) -> None:
    sizes = [
        loaded(open_page("/livez"), address)
        for address in (f"/?q={quote(ANSWERED)}", "/", "/documents/second-treatment")
    ]
    assert 10_000 < max(sizes) <= BUDGET
