"""The pages in a real browser: by typing, by keys alone, without JavaScript, on a small screen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pytest
from browsing import ANSWERED, NOT_FOUND, TITLE, Open, ask, library_of_terns, served
from playwright.sync_api import Page, Request, Route, expect

from qa.feedback import FeedbackStore
from web import create_app

# Asking


def test_a_question_typed_is_answered_with_the_passage_its_highlight_and_its_citation(open_page: Open) -> None:
    page = open_page()
    ask(page, ANSWERED)
    exchange = page.locator(".exchange")
    expect(exchange.get_by_role("heading")).to_have_text(ANSWERED)
    cited = exchange.locator(".cited").first
    expect(cited.locator("blockquote")).to_contain_text("The response lasted 7.4 months in the middle case.")
    expect(cited.locator("mark")).to_have_text(
        "In the trial of alcanor, fever ended within 11.1 days in 61% of 221 people. [98]"
    )
    expect(cited.locator("figcaption")).to_contain_text("Ada Example, Ben Sample")
    expect(cited.locator("figcaption")).to_contain_text("Updated May 11, 2021")
    expect(cited.get_by_role("listitem")).to_have_count(2)
    expect(cited.get_by_role("link", name="doi:10.1000/ex.98")).to_have_attribute(
        "href", "https://doi.org/10.1000/ex.98"
    )
    expect(page.locator("#welcome")).to_be_hidden()
    expect(page).to_have_title(f"{ANSWERED} – pincite")


def test_a_source_without_a_reference_list_is_said_to_have_none_once(open_page: Open) -> None:
    page = open_page()
    ask(page, "What did a count on the island of Mellum follow?")
    cited = page.locator(".cited").first
    expect(cited.locator("blockquote")).to_contain_text("[13]")
    expect(cited.locator(".unlisted")).to_have_text("The source has no reference list.")
    expect(cited.locator(".references")).to_have_count(0)
    ask(page, ANSWERED)
    expect(page.locator(".exchange").nth(1).locator(".cited").first).not_to_contain_text("no reference list")


def test_a_citation_leads_to_the_passage_marked_in_its_document(open_page: Open) -> None:
    page = open_page("/?q=What+was+the+hazard+ratio+of+bevacor", viewport={"width": 400, "height": 480})
    quote = page.locator("blockquote").first.text_content()
    page.locator(".source a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("How well does the second treatment of tern fever work?")
    marked = page.locator(".passage:target")
    expect(marked).to_have_text(quote or "")
    expect(marked).to_be_in_viewport()
    others = page.locator(".passage:not(:target)").first
    colour = "element => getComputedStyle(element).backgroundColor"
    assert marked.evaluate(colour) != others.evaluate(colour)


def test_the_source_opens_at_the_place_by_every_kind_of_link(open_page: Open) -> None:
    page = open_page(java_script_enabled=False, viewport={"width": 360, "height": 500})
    address = page.url.rstrip("/")
    page.goto(f"{address}/?q={quote(ANSWERED)}")
    asked = page.request.post(f"{address}/ask", data={"question": ANSWERED}).json()
    passage, citation = asked["passage"], asked["citation"]
    [start, end] = passage["highlights"][0]
    page.locator(".source a").first.click()
    expect(page.locator(".text mark").first).to_be_in_viewport()
    assert "".join(page.locator(".text mark").all_text_contents()) == passage["text"][start:end]
    expect(page.locator(f"[id='{passage['id']}']")).to_be_in_viewport()
    page.locator(".text a", has_text="[98]").first.click()
    expect(page.locator("#reference-1")).to_be_in_viewport()
    expect(page.locator("#reference-1")).to_contain_text("Alcanor against placebo.")
    for figure in passage["figures"]:
        page.goto(address + figure["href"])
        expect(page.locator("#mark")).to_be_in_viewport()
        expect(page.locator("#mark")).to_have_text(figure["text"])
    page.goto(address + citation["permalink"])
    expect(page.locator(f"[id='{passage['id']}']")).to_be_in_viewport()
    assert page.url.endswith(f"#{passage['id']}")


def test_the_figures_of_an_answer_lead_to_their_places(open_page: Open) -> None:
    page = open_page()
    ask(page, ANSWERED)
    page.get_by_text("Numbers in this passage (5)").click()
    row = page.get_by_role("row", name="19.9%")
    expect(row.get_by_role("cell")).to_contain_text("It ended in 19.9% with placebo.")
    row.get_by_role("link", name="19.9%").click()
    expect(page.locator("#mark")).to_be_in_viewport()
    expect(page.locator("#mark")).to_have_text("19.9%")


def test_highlights_stand_where_they_should_behind_characters_beyond_16_bits(open_page: Open) -> None:
    question = "How many treatments does it have, tern fever, the made-up illness?"
    for page in (open_page("/?q=" + question.replace(" ", "+")), open_page()):
        if page.locator(".exchange").count() == 0:
            ask(page, question)
        expect(page.locator("blockquote").first).to_contain_text("🐦")
        assert page.locator(".cited").first.locator("mark").all_text_contents()[0].startswith(("Tern", "It has two"))


STRUCTURE = """all => all.map(element => {
    const show = node => node.nodeType === Node.TEXT_NODE
        ? node.data.replace(/\\s+/g, " ").trim()
        : [node.tagName, ...[...node.attributes].map(a => `${a.name}=${a.value}`)
            .filter(a => !/^(id|hidden|aria-pressed|data-took|data-status|href=#.*)=?/.test(a))
            .filter(a => node.name !== "key" || !/^value=/.test(a)).sort(),
           ...[...node.childNodes].filter(n => n.nodeType !== Node.COMMENT_NODE).map(show).filter(Boolean)];
    return JSON.stringify(show(element), null, 1);
})"""


def test_the_page_shows_the_same_answer_with_javascript_and_without(open_page: Open) -> None:
    page, plain = open_page(), open_page(java_script_enabled=False)
    for question in (
        ANSWERED,
        NOT_FOUND,
        "What did the petrel say?",
        "Where do terns nest?",
        "How many treatments does tern fever have?",
        "What did a count on the island of Mellum follow?",
        "the of and",
        TITLE,
        "What was the HR of bevakor?",
        "“HR” \"HR\" bevakors of bevakor*, (bevakor) ~'HR'! é🐦",
        'bevakor "bevakor',
        "Does metformin end bevakor?",
    ):
        page.goto("/?document=second-treatment" if "metformin" in question else "/")
        ask(page, question)
        ask(page, "And its HR for bevakor & co.?")
        plain.goto(page.url)
        by_module = page.locator(".exchange").evaluate_all(STRUCTURE)
        assert plain.locator(".exchange").evaluate_all(STRUCTURE) == by_module
        assert len(by_module) == 2


@pytest.fixture(scope="module")
def unsure_site() -> Iterator[str]:
    """The address of a service that never answers: what it finds may answer at most."""
    with served(create_app(library_of_terns(threshold=1.0, possible_threshold=0.2))) as address:
        yield address


LACKING = "In how many people did fever end with alcanor on Thursdays?"


def test_a_possible_answer_is_the_same_with_javascript_and_without(open_page: Open, unsure_site: str) -> None:
    page, plain = open_page(unsure_site), open_page(unsure_site, java_script_enabled=False)
    for question, said in (
        (ANSWERED, r"(Fairly likely|Unsure|Very unsure)\."),
        (LACKING, r"(Fairly likely|Unsure|Very unsure)\.\s+The passage does not mention “Thursdays”\."),
        ("How long does a bevakor last?", None),
    ):
        page.goto(unsure_site)
        ask(page, question)
        plain.goto(page.url)
        assert plain.locator(".exchange").evaluate_all(STRUCTURE) == page.locator(".exchange").evaluate_all(STRUCTURE)
        for each in (page, plain):
            if said:
                expect(each.locator(".possible p")).to_have_text(re.compile(rf"^\s*{said}\s*$"))


def test_a_possible_answer_is_shown_open_like_an_answer_under_a_line_that_says_so(
    open_page: Open, unsure_site: str
) -> None:
    for scripted in (True, False):
        page = open_page(f"{unsure_site}/?q={quote(LACKING)}", java_script_enabled=scripted)
        heading = page.get_by_role("heading", name="This may answer your question", level=3)
        expect(heading).to_be_visible()
        quotation = page.locator("blockquote").first
        expect(quotation).to_be_visible()
        expect(quotation.locator("mark")).to_be_visible()
        above, below = heading.bounding_box(), quotation.bounding_box()
        assert above and below and above["y"] + above["height"] < below["y"]
        expect(page.locator(".nothing")).to_have_count(0)
        expect(page.get_by_text("Did this answer your question?")).to_have_count(1)
        page.emulate_media(media="print")
        expect(heading).to_be_visible()
        expect(quotation).to_be_visible()


def test_a_possible_outline_says_so_above_its_parts_with_javascript_and_without(
    open_page: Open, unsure_site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.answering.decision.outcome_of", lambda *_, **__: "possible")
    page, plain = open_page(unsure_site), open_page(unsure_site, java_script_enabled=False)
    ask(page, TITLE)
    plain.goto(page.url)
    assert plain.locator(".exchange").evaluate_all(STRUCTURE) == page.locator(".exchange").evaluate_all(STRUCTURE)
    expect(page.locator(".possible + .reading + .outline > li")).to_have_count(3)
    expect(page.get_by_role("heading", name="This may answer your question", level=3)).to_be_visible()


def test_the_status_says_that_an_answer_is_possible(open_page: Open, unsure_site: str) -> None:
    page = open_page(unsure_site)
    ask(page, LACKING)
    expect(page.get_by_role("status")).to_have_text(re.compile("^A possible answer$"))


def test_a_title_is_answered_by_the_sections_of_its_document(open_page: Open) -> None:
    page = open_page()
    ask(page, TITLE)
    parts = page.locator(".outline > li")
    expect(parts).to_have_count(3)
    assert parts.get_by_role("heading").all_text_contents() == ["Beginning", "Alcanor", "Bevacor"]
    for part in parts.all():
        expect(part.locator("blockquote")).to_be_visible()
        expect(part.locator(".source a")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("Answered, in 3 parts")
    expect(page.get_by_role("status")).to_have_attribute("title", re.compile(r"^in [\d.]+ ms$"))
    parts.nth(2).locator(".source a").click()
    expect(page.locator(".passage:target")).to_contain_text("Bevacor is given for six weeks")


def test_what_was_corrected_is_asked_as_it_stands_in_the_next_exchange(open_page: Open) -> None:
    page = open_page()
    ask(page, "How does alcanor work?")
    ask(page, "What was the hazard ratio of bevakor?")
    page.get_by_role("link", name="Search instead for “bevakor”").click()
    expect(page.locator(".exchange")).to_have_count(3)
    last = page.locator(".exchange").last
    expect(last.get_by_role("heading", level=2)).to_have_text('What was the hazard ratio of "bevakor"?')
    expect(last).to_contain_text("Not in these documents: bevakor")
    expect(last).not_to_contain_text("Showing results")
    expect(page.get_by_label("Your question")).to_be_focused()
    shown = page.locator("#log").inner_text()
    page.reload()
    expect(page.locator(".exchange")).to_have_count(3)
    expect(page.locator(".pending")).to_have_count(0)
    assert page.locator("#log").inner_text() == shown
    expect(page.locator(".exchange").first).to_contain_text("How does alcanor work?")


def test_what_was_taken_over_can_be_left_out(open_page: Open) -> None:
    page = open_page()
    ask(page, "How does alcanor work?")
    ask(page, "What was its hazard ratio?")
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))
    page.get_by_role("link", name="Ask without them").click()
    last = page.locator(".exchange").last
    expect(last.locator(".cited").first).to_be_visible()
    expect(page.locator(".exchange")).to_have_count(3)
    expect(last).not_to_contain_text("Taken over")
    assert [request.post_data_json for request in sent if request.method == "POST"] == [
        {"question": "What was its hazard ratio?", "history": [], "document": None}
    ]
    page.reload()
    expect(page.locator(".exchange")).to_have_count(3)
    expect(page.locator(".exchange").last).not_to_contain_text("Taken over")
    expect(page.locator(".exchange").nth(1)).to_contain_text("Taken over")


def test_the_ways_back_work_without_javascript(open_page: Open) -> None:
    page = open_page("/?q=What+was+its+HR&history=How+does+bevakor+work", java_script_enabled=False)
    page.get_by_role("link", name="Search only for “HR”").click()
    expect(page.locator(".exchange")).to_have_count(2)
    expect(page.locator(".exchange").last.get_by_role("heading", level=2)).to_have_text('What was its "HR"')
    page.get_by_role("link", name="Ask without them").click()
    expect(page.locator(".exchange")).to_have_count(1)


def test_a_conversation_has_an_address_that_shows_it_again(open_page: Open) -> None:
    page = open_page()
    ask(page, "How well does bevacor work against tern fever?")
    first = page.url
    ask(page, "What was the hazard ratio?")
    expect(page.locator(".exchange").last).to_contain_text("Taken over from your earlier question: ")
    shown = page.locator("#log").inner_text()
    page.reload()
    assert page.locator("#log").inner_text() == shown
    page.go_back()
    expect(page).to_have_url(first)
    expect(page.locator(".exchange")).to_have_count(1)
    expect(page.get_by_label("Your question")).to_be_focused()
    page.go_back()
    expect(page.locator(".lead")).to_be_visible()


def test_nothing_found_looks_calm_and_says_why(open_page: Open) -> None:
    page = open_page()
    ask(page, NOT_FOUND)
    nothing = page.locator(".nothing")
    expect(nothing.locator(".reason")).to_be_visible()
    expect(nothing.get_by_text("metformin")).to_have_count(1)
    expect(page.get_by_text("Not in these documents")).to_have_count(0)
    expect(nothing.get_by_role("listitem")).to_have_count(3)
    expect(page.locator(".failed")).to_have_count(0)
    expect(page.locator(".exchange").get_by_text("Did this answer your question?")).to_have_count(0)


@pytest.mark.parametrize("scripted", [True, False])
def test_where_nothing_is_found_the_closest_passages_stand_open_on_screen_and_paper(
    open_page: Open, scripted: bool
) -> None:
    page = open_page(f"/?q={quote(NOT_FOUND)}", java_script_enabled=scripted)
    closest = page.locator(".closest")
    expect(closest.get_by_role("heading", name="Closest passages", level=3)).to_be_visible()
    for media in ("screen", "print"):
        page.emulate_media(media=media)
        expect(closest.locator("blockquote")).to_have_count(3)
        for each in closest.locator("blockquote").all():
            expect(each).to_be_visible()


@pytest.mark.parametrize("scripted", [True, False])
def test_where_one_document_holds_nothing_all_can_be_asked(open_page: Open, scripted: bool) -> None:
    page = open_page(f"/?document=spotting&q={quote(ANSWERED)}", java_script_enabled=scripted)
    page.locator(".try").get_by_role("link", name="Ask all documents").click()
    expect(page.locator(".exchange")).to_have_count(1)
    expect(page.locator(".cited").first).to_contain_text("fever ended within 11.1 days")
    assert "document=" not in page.url
    expect(page.locator(".nothing")).to_have_count(0)


def test_the_sentence_is_copied_with_its_citation(open_page: Open) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    ask(page, ANSWERED)
    cited = page.locator(".cited").first
    citation = page.request.post("/ask", data={"question": ANSWERED}).json()["citation"]
    cited.get_by_role("button", name="Copy", exact=True).click()
    expect(cited.get_by_role("button")).to_have_text("Copied")
    quote = cited.locator("mark").text_content() or ""
    start = citation["start"] + citation["quote"].index(quote)
    place = f"Characters {start + 1}-{start + len(quote)}."  # of the sentence, not of the passage
    label = citation["label"].rpartition("Characters")[0] + place
    assert page.evaluate("navigator.clipboard.readText()") == f"“{quote}”\n{label}"


STYLED = "Example A, Sample B. How well does the second treatment of tern fever work? Example House. Section"


def test_one_click_copies_the_citation_in_a_style(open_page: Open) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    ask(page, ANSWERED)
    cite = page.locator(".cite").first
    expect(cite.get_by_role("button")).to_have_count(0)
    cite.locator("summary").click()
    for name, beginning in (
        ("AMA", STYLED),
        ("Vancouver", "Example A, Sample B. How well does the second treatment of tern fever work? [Internet]."),
        ("APA", "Example, A., & Sample, B. (2021, May 11). How well does the second treatment"),
    ):
        expect(cite.get_by_text(beginning)).to_be_visible()
        cite.get_by_role("button", name=f"Copy {name}").click()
        expect(page.get_by_role("status")).to_have_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(beginning)
        assert copied.endswith("https://example.org/second")
    expect(cite.get_by_role("button", name="Copy AMA")).to_be_visible()


@pytest.mark.parametrize(("name", "suffix", "holds"), [("RIS", "ris", "ER  - "), ("BibTeX", "bib", "@misc{")])
@pytest.mark.parametrize("has_javascript", [True, False])
def test_a_citation_is_downloaded_for_a_reference_manager(
    open_page: Open, name: str, suffix: str, holds: str, has_javascript: bool
) -> None:
    page = open_page("/?q=" + ANSWERED.replace(" ", "+"), java_script_enabled=has_javascript)
    page.locator(".cite summary").first.click()
    with page.expect_download() as downloading:
        page.locator(".cite").first.get_by_role("link", name=name).click()
    assert re.fullmatch(rf"second-treatment-\d+\.{suffix}", downloading.value.suggested_filename)
    assert holds in Path(downloading.value.path()).read_text("utf-8")


def test_without_javascript_each_style_is_a_link_to_its_text(open_page: Open) -> None:
    page = open_page("/?q=" + ANSWERED.replace(" ", "+"), java_script_enabled=False)
    page.locator(".cite summary").first.click()
    expect(page.locator(".cite").first.get_by_role("button")).to_have_count(0)
    page.locator(".cite").first.get_by_role("link", name="AMA").click()
    expect(page.locator("body")).to_contain_text(STYLED)


def test_a_citation_is_made_by_keyboard_alone(open_page: Open) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    ask(page, ANSWERED)
    cite = page.locator(".cite").first
    page.get_by_role("button", name="Copy", exact=True).first.focus()
    page.keyboard.press("Tab")
    expect(cite.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(cite.get_by_text(STYLED)).to_be_visible()
    for name in ("RIS", "BibTeX", "CSL-JSON", "AMA"):
        page.keyboard.press("Tab")
        expect(cite.get_by_role("link", name=name)).to_be_focused()
    page.keyboard.press("Tab")
    expect(cite.get_by_role("button", name="Copy AMA")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith(STYLED)


def test_a_citation_that_cannot_be_fetched_says_so_and_is_fetched_when_opened_again(open_page: Open) -> None:
    page = open_page()
    ask(page, ANSWERED)
    cite = page.locator(".cite").first
    page.route("**/passages/*", lambda route: route.abort())
    cite.locator("summary").click()
    expect(cite.get_by_text("The citation could not be loaded. The service could not be reached.")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("The citation could not be loaded.")
    page.unroute("**/passages/*")
    cite.locator("summary").click()
    cite.locator("summary").click()
    expect(cite.get_by_text(STYLED)).to_be_visible()
    expect(cite.get_by_text("could not be loaded")).to_be_hidden()


# Failures


def test_a_failure_looks_like_one_and_can_be_tried_again(open_page: Open) -> None:
    page = open_page()
    page.route("**/ask", lambda route: route.abort())
    ask(page, ANSWERED)
    expect(page.locator(".failed")).to_contain_text("The service could not be reached.")
    expect(page.locator(".nothing")).to_have_count(0)
    assert "q=" not in page.url
    page.unroute("**/ask")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".exchange .cited").first).to_be_visible()
    expect(page.locator(".exchange")).to_have_count(1)
    expect(page.locator(".failed")).to_have_count(0)


def test_escape_stops_a_question_and_gives_it_back(open_page: Open) -> None:
    page = open_page()
    held: list[Route] = []
    page.route("**/ask", lambda route: held.append(route))
    page.get_by_label("Your question").fill(ANSWERED)
    page.keyboard.press("Enter")
    expect(page.locator(".pending")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("Searching the documents…")
    expect(page.get_by_role("status")).to_have_class(re.compile(r"\bheard\b"))  # for whom `.pending` is hidden
    page.keyboard.press("Escape")
    expect(page.locator(".exchange")).to_have_count(0)
    expect(page.get_by_label("Your question")).to_have_value(ANSWERED)


# Hostile text


def test_markup_in_documents_and_questions_is_inert(open_page: Open) -> None:
    page = open_page()
    ask(page, "What did the petrel say? <img src=x onerror=\"document.title='owned'\">")
    ask(page, "What did the petrel say?")
    expect(page.locator("blockquote").first).to_contain_text("<img src=x onerror=")
    page.goto("/documents/hostile")
    expect(page.locator(".passage").first).to_contain_text("</template><script>")
    page.goto("/?document=hostile")
    for address in ("/", "/?q=What+did+the+petrel+say", "/documents/hostile"):
        page.goto(address)
        assert page.title() != "owned"
        assert (
            page.locator(
                "img, svg, iframe, b, i, script:not([src='/static/chat.js'], [src='/static/suggesting.js'],"
                " [src='/static/theme.js'], #texts)"
            ).count()
            == 0
        )


# Ways of using it


def test_all_of_it_works_by_keyboard_alone(open_page: Open) -> None:
    page = open_page()
    box = page.get_by_label("Your question")
    expect(box).to_be_focused()
    page.get_by_role("link", name="Skip to the question box").focus()
    page.keyboard.press("Enter")
    expect(box).to_be_focused()
    expect(page.locator(".lead")).to_be_visible()
    page.keyboard.type("How well does the treatment")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("of tern fever work?")
    expect(page.locator(".exchange")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.locator(".cited").first).to_be_visible()
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    further, no = page.locator(".further > summary"), page.get_by_role("button", name="No")
    expect(page.locator("#related a").first).to_be_visible()
    for related in reversed(page.locator("#related a").all()):
        page.keyboard.press("Shift+Tab")
        expect(related).to_be_focused()
    for back in (further, no, page.get_by_role("button", name="Yes")):
        page.keyboard.press("Shift+Tab")
        expect(back).to_be_focused()
    further.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".further blockquote").first).to_be_visible()


def test_a_conversation_works_without_javascript(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    page.get_by_label("Your question").fill("How well does bevacor work against tern fever?")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".cited").first).to_be_visible()
    page.get_by_label("Your question").fill("What was the hazard ratio?")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".exchange")).to_have_count(2)
    expect(page.locator(".exchange").last.get_by_role("heading")).to_be_in_viewport()
    expect(page.locator(".exchange").last).to_contain_text("Taken over from your earlier question: ")
    expect(page.get_by_role("button", name="Copy", exact=True)).to_have_count(0)


ADDRESSES = [
    "/",
    "/?q=What+did+the+shearwater+write",
    "/?q=In+how+many+people+did+fever+end+with+alcanor",
    "/?q=metformin+" + "m" * 300,
    "/?q=How+well+does+the+second+treatment+of+tern+fever+work",
    "/?q=What+was+its+HR&history=How+does+bevakor+work",
    "/documents/hostile",
    "/documents/second-treatment#second-treatment-00001",
    "/nowhere",
    "/?q=+",
]


@pytest.mark.parametrize("size", [(320, 640), (320, 256), (1280, 800)])
def test_nothing_is_wider_than_the_screen(open_page: Open, size: tuple[int, int]) -> None:
    page = open_page(viewport={"width": size[0], "height": size[1]})
    for address in ADDRESSES:
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
        assert (address, page.evaluate("document.documentElement.scrollWidth")) == (address, size[0])


def test_the_box_leaves_room_to_read_on_a_low_screen(open_page: Open) -> None:
    page = open_page("/?q=bevacor", viewport={"width": 320, "height": 256})
    assert page.locator("#ask").evaluate("element => getComputedStyle(element).position") == "static"


SMALL_TARGETS = """() => [...document.querySelectorAll(
            "button, textarea, summary, .top a, .source a, .examples a, .library a, .cite a")]
        .filter(element => element.checkVisibility())
        .map(element => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
        .filter(([, box]) => box.height < 44 || box.width < 44)
        .map(([html, box]) => [html, box.width, box.height])"""


def test_what_is_pressed_is_large_enough_for_a_finger(open_page: Open) -> None:
    page = open_page(viewport={"width": 360, "height": 740}, has_touch=True)
    for address in ADDRESSES:
        page.goto(address)
        assert (address, page.evaluate(SMALL_TARGETS)) == (address, [])


FAINT_TEXTS = """() => {
        const channels = colour => colour.match(/[\\d.]+/g).map(Number);
        const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
        const ground = element => {
            for (let at = element; at; at = at.parentElement) {
                const colour = channels(getComputedStyle(at).backgroundColor);
                if (colour[3] !== 0) return colour;
            }
            return [255, 255, 255];
        };
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const found = [];
        while (texts.nextNode()) {
            const element = texts.currentNode.parentElement;
            if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
            const [a, b] = [luminance(channels(getComputedStyle(element).color)), luminance(ground(element))];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 7) found.push([texts.currentNode.data.trim().slice(0, 40), ratio]);
        }
        return found;
    }"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground_by_7_to_1(open_page: Open, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    for address in ADDRESSES:
        page.goto(address)
        assert (address, page.evaluate(FAINT_TEXTS)) == (address, [])


# Kept, cleared, exported, printed


def test_a_long_conversation_is_whole_again_when_the_page_is_loaded_again(open_page: Open) -> None:
    page = open_page()
    for number in range(15):
        ask(page, f"{ANSWERED[:-1]} {'of tern fever' * (number % 2)}, {number}?")
    shown = page.locator("#log").inner_text()
    page.reload()
    expect(page.locator(".exchange")).to_have_count(15)
    expect(page.locator(".pending")).to_have_count(0)
    expect(page.locator(".exchange").first.locator(".cited").first).to_be_attached()
    assert page.locator("#log").inner_text() == shown
    expect(page.locator(".exchange").last.get_by_role("heading", level=2)).to_be_in_viewport()


def test_the_first_page_leads_back_to_the_conversation_that_was_left(open_page: Open) -> None:
    page = open_page()
    expect(page.locator("#resume")).to_be_hidden()
    ask(page, "How does bevacor work?")
    ask(page, ANSWERED)
    page.goto("/")
    resume = page.locator("#resume")
    expect(resume).to_contain_text("2 questions")
    resume.get_by_role("link", name="How does bevacor work?").click()
    expect(page.locator(".question")).to_have_text(["How does bevacor work?", ANSWERED])


def test_a_conversation_from_elsewhere_is_not_mixed_with_the_kept_one(open_page: Open) -> None:
    page = open_page()
    ask(page, "How does bevacor work?")
    page.goto(f"/?q={quote(ANSWERED)}")
    expect(page.locator(".question")).to_have_text([ANSWERED])
    page.goto("/")
    expect(page.get_by_role("link", name="How does bevacor work?")).to_be_visible()


def test_a_question_that_cannot_be_put_back_can_be_tried_again_in_its_place(open_page: Open) -> None:
    page = open_page()
    for number in range(14):  # the address holds 13
        ask(page, f"{ANSWERED[:-1]}, {number}?")
    page.route("**/ask", lambda route: route.abort())
    page.reload()
    first = page.locator(".exchange").first
    expect(first.locator(".failed")).to_be_visible()
    page.unroute("**/ask")
    first.get_by_role("button", name="Try again").click()
    expect(first.locator(".cited").first).to_be_attached()
    expect(page.locator(".exchange")).to_have_count(14)
    expect(first.get_by_role("heading", level=2)).to_have_text(f"{ANSWERED[:-1]}, 0?")
    expect(page.get_by_label("Your question")).to_be_focused()
    assert len(json.loads(page.evaluate("Object.values(localStorage)[0]"))) == 14


def test_what_cannot_be_copied_says_so(open_page: Open) -> None:
    page = open_page()
    ask(page, ANSWERED)
    refuse = "() => Promise.reject(new DOMException('no', 'NotAllowedError'))"
    page.evaluate(f"() => {{ navigator.clipboard.writeText = {refuse}; }}")
    page.get_by_role("button", name="Copy", exact=True).first.click()
    expect(page.get_by_role("status")).to_have_text("The browser did not allow copying.")


def test_one_button_clears_the_conversation(open_page: Open) -> None:
    page = open_page()
    expect(page.get_by_role("button", name="Clear")).to_be_hidden()
    ask(page, ANSWERED)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".lead")).to_be_visible()
    expect(page.locator("#resume")).to_be_hidden()
    assert page.evaluate("localStorage.length") == 0
    expect(page.get_by_label("Your question")).to_be_focused()


@pytest.mark.parametrize(
    "kept", ["{", "[1]", '[{"question": 1}]', '[{"question":"","history":[],"document":null}]', "7"]
)
def test_what_another_program_left_in_the_browser_does_no_harm(open_page: Open, kept: str) -> None:
    page = open_page()
    page.evaluate("kept => localStorage.setItem('pincite.conversation', kept)", kept)
    page.reload()
    ask(page, ANSWERED)
    expect(page.locator(".cited").first).to_be_visible()
    page.reload()
    expect(page.locator(".question").last).to_have_text(ANSWERED)


def test_a_browser_that_keeps_nothing_still_converses(open_page: Open) -> None:
    page = open_page()
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })"
    )
    page.reload()
    ask(page, ANSWERED)
    page.reload()
    expect(page.locator(".question")).to_have_text([ANSWERED])


@pytest.mark.parametrize("has_javascript", [True, False])
def test_the_conversation_is_exported_as_markdown_and_as_json(open_page: Open, has_javascript: bool) -> None:
    page = open_page("/?q=" + quote(ANSWERED), java_script_enabled=has_javascript)
    if has_javascript:
        ask(page, NOT_FOUND)
    questions = [ANSWERED, NOT_FOUND] if has_javascript else [ANSWERED]
    saved = {}
    for name, suffix in (("Markdown", "md"), ("JSON", "json")):
        page.get_by_text("Export").click()
        with page.expect_download() as downloading:
            page.get_by_role("link", name=name).click()
        assert re.fullmatch(rf"pincite-\d{{4}}-\d\d-\d\d\.{suffix}", downloading.value.suggested_filename)
        saved[suffix] = Path(downloading.value.path()).read_text("utf-8")
        if not has_javascript:
            page.get_by_text("Export").click()
    assert [line[3:] for line in saved["md"].splitlines() if line.startswith("## ")] == questions
    turns = json.loads(saved["json"])["turns"]
    assert [turn["question"] for turn in turns] == questions
    assert turns[0]["passage"]["text"] == page.locator("blockquote").first.text_content()


def test_an_export_that_fails_says_so(open_page: Open) -> None:
    page = open_page()
    ask(page, ANSWERED)
    page.route("**/conversation.md", lambda route: route.abort())
    page.get_by_text("Export").click()
    page.get_by_role("link", name="Markdown").click()
    expect(page.get_by_role("status")).to_contain_text("The conversation could not be exported.")


@pytest.mark.parametrize("has_javascript", [True, False])
def test_on_paper_are_question_passage_citation_references_date_and_address(
    open_page: Open, has_javascript: bool
) -> None:
    page = open_page("/?q=" + quote(ANSWERED), java_script_enabled=has_javascript)
    if has_javascript:
        ask(page, ANSWERED)
    page.emulate_media(media="print")
    sheet = page.locator(".exchange").last.inner_text()
    expected = [
        ANSWERED,
        page.locator("blockquote").first.inner_text(),
        TITLE,
        "Alcanor",
        "Ada Example, Ben Sample",
        "Updated May 11, 2021",
        "[98] Example A, Sample B. Alcanor against placebo.",
        f"{date.today():%B} {date.today().day}, {date.today().year}",  # noqa: DTZ011 - the day where the tests run
        f"?{'history=' + ANSWERED.replace(' ', '+') + '&' if has_javascript else ''}q={ANSWERED.replace(' ', '+')}",
        "/passages/second-treatment-00001?document=second-treatment&is=",
    ]
    for part in expected:
        assert part in sheet
    for unwanted in ("Further passages", "Numbers in this passage", "Copy", "Cite"):
        assert unwanted not in sheet
    for hidden in ("#ask", "header", ".further", ".cite", "button"):
        expect(page.locator(hidden).first).to_be_hidden()


def test_the_citation_stands_beside_its_words_where_there_is_room_and_below_elsewhere(open_page: Open) -> None:
    for width, is_beside in ((1440, True), (1024, True), (768, False), (320, False)):
        page = open_page("/?q=" + quote(ANSWERED), viewport={"width": width, "height": 900})
        words = page.locator("blockquote").first.bounding_box()
        citation = page.locator("figcaption").first.bounding_box()
        assert words and citation
        assert (citation["x"] >= words["x"] + words["width"]) == is_beside
        assert (citation["y"] >= words["y"] + words["height"]) != is_beside


# Did this answer your question?


@pytest.fixture
def store(tmp_path: Path) -> FeedbackStore:
    """Where the service keeps what is said of its answers."""
    return FeedbackStore(tmp_path / "feedback.sqlite3")


@pytest.fixture
def asking(open_page: Open, store: FeedbackStore) -> Iterator[Callable[..., Page]]:
    """Opens the page of a service that keeps feedback there."""
    with served(create_app(library_of_terns(feedback=store.path))) as address:
        yield lambda path="/", **options: open_page(address + path, **options)


def judgements(store: FeedbackStore) -> list[tuple[str, str | None, bool, str]]:
    return [(each.question, each.passage_id, each.helpful, each.comment) for each in store.all()]


def test_a_person_says_whether_it_answered_and_may_change_their_mind_and_comment(
    asking: Callable[..., Page], store: FeedbackStore
) -> None:
    page = asking()
    ask(page, "How does bevacor work?")
    ask(page, ANSWERED)
    form = page.locator(".feedback").last
    expect(form).to_contain_text("Did this answer your question?")
    expect(form.get_by_text("Add a comment")).to_be_hidden()
    no, yes = form.get_by_role("button", name="No"), form.get_by_role("button", name="Yes")
    no.click()
    expect(form.get_by_text("Thank you. Your feedback is saved. It does not change answers by itself.")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("Thank you.")
    expect(no).to_have_attribute("aria-pressed", "true")
    expect(no).to_be_focused()
    assert judgements(store) == [(ANSWERED, "second-treatment-00001", False, "")]
    yes.click()
    expect(yes).to_have_attribute("aria-pressed", "true")
    expect(no).to_have_attribute("aria-pressed", "false")
    form.get_by_text("Add a comment").click()
    expect(form.get_by_text("Please leave out personal details.")).to_be_visible()
    expect(form.get_by_text("It is sent with Yes or No.")).to_be_hidden()
    form.get_by_label("Your comment").fill("It is in <b>there</b>.\nThanks")
    form.get_by_role("button", name="Send comment").click()
    expect(form.get_by_text("Thank you for the comment.")).to_be_visible()
    expect(form.get_by_label("Your comment")).to_be_hidden()
    expect(form.locator(".comment summary")).to_be_focused()
    assert judgements(store) == [(ANSWERED, "second-treatment-00001", True, "It is in <b>there</b>.\nThanks")]
    page.reload()
    form = page.locator(".feedback").last
    expect(form.get_by_role("button", name="Yes")).to_have_attribute("aria-pressed", "true")
    form.get_by_role("button", name="No").click()
    expect(form.get_by_text("Thank you.")).to_be_visible()
    assert judgements(store) == [(ANSWERED, "second-treatment-00001", False, "It is in <b>there</b>.\nThanks")]


def test_what_was_said_of_other_words_is_not_shown_beside_these(
    asking: Callable[..., Page], store: FeedbackStore
) -> None:
    page = asking()
    ask(page, ANSWERED)
    page.locator(".feedback").get_by_role("button", name="Yes").click()
    expect(page.get_by_role("status")).to_contain_text("Thank you.")
    page.evaluate("""() => {
        const [[key, words]] = Object.entries(localStorage);
        const turns = JSON.parse(words);
        turns[0].said.is = "9-0123456789abcdef";
        localStorage.setItem(key, JSON.stringify(turns));
    }""")
    page.reload()
    expect(page.get_by_role("button", name="Yes")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="No").click()
    expect(page.get_by_role("status")).to_contain_text("Thank you.")
    assert [helpful for _, _, helpful, _ in judgements(store)] == [True, False]


def test_feedback_in_one_tab_leaves_the_conversation_of_another(asking: Callable[..., Page]) -> None:
    page = asking()
    ask(page, ANSWERED)
    other = page.context.new_page()
    other.goto(page.url.partition("?")[0])
    ask(other, "How does bevacor work?")
    ask(other, "Where do terns nest?")
    page.locator(".feedback").get_by_role("button", name="Yes").click()
    expect(page.get_by_role("status")).to_contain_text("Thank you.")
    other.reload()
    expect(other.locator(".question")).to_have_text(["How does bevacor work?", "Where do terns nest?"])


@pytest.mark.parametrize("scripted", [True, False])
def test_a_possible_answer_is_judged_as_one(open_page: Open, store: FeedbackStore, scripted: bool) -> None:
    engine = library_of_terns(feedback=store.path, threshold=1.0, possible_threshold=0.01)
    with served(create_app(engine)) as address:
        page = open_page(f"{address}/?q={quote(ANSWERED)}", java_script_enabled=scripted)
        page.get_by_role("button", name="Yes").click()
        expect(page.get_by_text("Thank you. Your feedback is saved").first).to_be_visible()
    assert judgements(store) == [(ANSWERED, "second-treatment-00001", True, "")]
    assert [each.outcome for each in store.all()] == ["possible"]


def test_a_conversation_with_a_refusal_in_it_goes_on_after_loading_it_again(asking: Callable[..., Page]) -> None:
    page = asking()
    ask(page, NOT_FOUND)
    ask(page, ANSWERED)
    page.reload()
    expect(page.locator(".exchange")).to_have_count(2)
    expect(page.locator(".feedback")).to_have_count(1)
    page.locator(".feedback").get_by_role("button", name="Yes").click()
    expect(page.get_by_role("status")).to_contain_text("Thank you.")


def test_without_javascript_a_person_is_thanked_on_a_page_of_its_own(
    asking: Callable[..., Page], store: FeedbackStore
) -> None:
    page = asking(f"/?history={quote('How does bevacor work?')}&q={quote(ANSWERED)}", java_script_enabled=False)
    form = page.locator(".feedback").last
    form.get_by_text("Add a comment").click()
    expect(form.get_by_role("button", name="Send comment")).to_be_hidden()
    expect(form).to_contain_text("It is sent with Yes or No.")
    form.get_by_label("Your comment").fill("Good.")
    form.get_by_role("button", name="Yes").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert judgements(store) == [(ANSWERED, "second-treatment-00001", True, "Good.")]
    page.get_by_role("link", name="Back to the answer").click()
    expect(page.locator(".question")).to_have_text(["How does bevacor work?", ANSWERED])


def test_feedback_that_cannot_be_kept_says_so_and_can_be_given_again(
    asking: Callable[..., Page], store: FeedbackStore
) -> None:
    page = asking()
    ask(page, ANSWERED)
    form = page.locator(".feedback")
    page.route("**/feedback", lambda route: route.abort())
    form.get_by_role("button", name="Yes").click()
    expect(form.get_by_text("Your feedback could not be saved. The service could not be reached.")).to_be_visible()
    expect(form.get_by_role("button", name="Yes")).to_have_attribute("aria-pressed", "false")
    page.unroute("**/feedback")
    form.get_by_role("button", name="Yes").click()
    expect(form.get_by_text("Thank you.")).to_be_visible()
    assert len(judgements(store)) == 1
