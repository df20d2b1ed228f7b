"""The page of a document: its contents, the search in it, the way back to the answer, and the box to ask it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from test_web_pages import BROWSER, Page, get

from qa import Engine, Settings
from qa.model import Span
from web import create_app
from web.pages.chat import MOST_FOUND, contents, places_of

ADDRESS = "/documents/second-treatment"
TITLE = "How well does the second treatment of tern fever work?"


def within(page: Page, name: str) -> list[dict[str, str | None]]:
    """The links of the elements of a class, as far as their addresses tell."""
    return [link for link in page.all("a") if name in str(link.get("href"))]


# Contents


def test_the_contents_are_the_headings_as_links_to_their_places(client: FlaskClient, engine: Engine) -> None:
    page = get(client, ADDRESS)
    links = [str(link["href"]) for link in within(page, "#section-")]
    assert [data for path, data in page.texts if path[-3:] == ("ul", "li", "a") and "nav" in path] == [
        "Alcanor",
        "Bevacor",
    ]
    headings = {each.get("id"): data for each, data in zip(page.all("h2"), ["Alcanor", "Bevacor"], strict=False)}
    assert [headings[link[1:]] for link in links] == ["Alcanor", "Bevacor"]
    assert [(each.level, each.text) for each in contents(engine.document("second-treatment"))] == [
        (1, "Alcanor"),
        (1, "Bevacor"),
    ]


def test_a_document_of_one_heading_has_no_contents(client: FlaskClient) -> None:
    assert within(get(client, "/documents/spotting"), "#section-") == []


def test_deeper_headings_have_deeper_levels(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\nx\n\n## B\n\nx\n\n### C\n\nx\n\n## D\n\nx\n", "utf-8")
    engine = Engine.create(Settings())
    engine.add([tmp_path])
    assert [(each.level, each.text) for each in contents(engine.document("a"))] == [(1, "B"), (2, "C"), (1, "D")]


# Search


def test_words_are_found_in_any_case_with_any_space_between_them() -> None:
    text = "A tern\n dives. TERN DIVES. Terns dive."
    assert [text[slice(*span)] for span in places_of(" tern dives ", text)] == ["tern\n dives", "TERN DIVES"]
    assert places_of("", text) == places_of("   ", text) == places_of("gull", text) == []
    assert places_of("a.*", "a.* ab") == [Span(0, 3)]
    assert len(places_of("a", "a" * 1000)) == MOST_FOUND


def test_a_search_lists_the_places_and_marks_the_first(client: FlaskClient, engine: Engine) -> None:
    text = engine.document("second-treatment").text
    page = get(client, f"{ADDRESS}?find=fever")
    places = places_of("fever", text, start=len(TITLE))
    assert len(places) == 2
    assert f"{len(places)} places" in page.text("section")
    links = [str(link["href"]) for link in within(page, "find=fever")]
    assert [parse_qs(urlsplit(link).query)["mark"] for link in links] == [[f"{a}-{b}"] for a, b in places]
    assert [link.get("aria-current") for link in within(page, "find=fever")][:2] == ["true", None]
    assert page.text("mark").lower() == "fever"
    second = get(client, f"{ADDRESS}{links[1].partition('#')[0]}")
    assert [link.get("aria-current") for link in within(second, "find=fever")][:2] == [None, "true"]
    [field] = [each for each in second.all("input") if each.get("name") == "find"]
    assert field["value"] == "fever"


def test_a_search_that_finds_nothing_says_so_and_marks_nothing(client: FlaskClient) -> None:
    page = get(client, f"{ADDRESS}?find=metformin")
    assert "“metformin” is not in this document." in page.text("section")
    assert page.all("mark") == []


def test_a_search_for_markup_is_text(client: FlaskClient) -> None:
    page = get(client, "/documents/hostile?find=%3Cimg+src%3Dx")
    assert page.all("img") == []
    assert "<img src=x" in page.text("b")


# The way back


@pytest.mark.parametrize(
    ("referrer", "query", "back"),
    [
        ("http://localhost/?q=Does+it+work%3F", "", "/?q=Does+it+work%3F#latest"),
        ("http://localhost/?history=A&q=B", "", "/?history=A&q=B#latest"),
        (None, "?back=/?q=B", "/?q=B#latest"),
        ("http://localhost/documents/spotting", "?back=/?q=B", "/?q=B#latest"),
        ("http://localhost/", "", None),
        ("http://localhost/documents?q=B", "", None),
        ("https://example.org/?q=B", "", None),
        (None, "?back=https://example.org/?q=B", None),
        (None, "?back=//example.org/?q=B", None),
        (None, "?back=/documents", None),
        (None, "", None),
    ],
)
def test_the_way_back_leads_to_the_answer_on_this_service_and_nowhere_else(
    client: FlaskClient, referrer: str | None, query: str, back: str | None
) -> None:
    headers = BROWSER | ({"Referer": referrer} if referrer else {})
    page = Page(client.get(f"{ADDRESS}{query}", headers=headers).text)
    assert ("Back to the answer" in page.text("header")) == (back is not None)
    if back is not None:
        assert back in [link["href"] for link in page.all("a")]


def test_a_search_keeps_the_way_back(client: FlaskClient) -> None:
    page = Page(client.get(ADDRESS, headers=BROWSER | {"Referer": "http://localhost/?q=Why%3F"}).text)
    [field] = [each for each in page.all("input") if each.get("name") == "back"]
    assert field["value"] == "/?q=Why%3F#latest"
    found = get(client, ADDRESS, find="fever", back=str(field["value"]))
    assert "/?q=Why%3F#latest" in [link["href"] for link in found.all("a")]
    [first, *_] = [str(link["href"]) for link in within(found, "find=fever")]
    assert parse_qs(urlsplit(first).query)["back"] == ["/?q=Why%3F#latest"]


# Asking


def test_the_box_asks_this_document(client: FlaskClient) -> None:
    page = get(client, ADDRESS)
    [form] = [each for each in page.all("form") if each.get("id") == "ask"]
    assert form["action"] == "/#latest"
    assert [each["value"] for each in page.all("input") if each.get("name") == "document"] == ["second-treatment"]
    assert "Your question, only for this document" in page.text("label")


def test_a_long_document_comes_whole(tmp_path: Path) -> None:
    words = "".join(f"## Part {number}\n\n{'Terns dive for fish. ' * 60}\n\n" for number in range(300))
    (tmp_path / "long.md").write_text(f"# Long\n\n{words}", "utf-8")
    engine = Engine.create(Settings())
    engine.add([tmp_path])
    client = create_app(engine).test_client()
    page = get(client, "/documents/long")
    assert [each["class"] for each in page.all("div") if each.get("id") == "text"] == ["text long"]
    assert len(within(page, "#section-")) == 300
    shown = "".join(data for path, data in page.texts if "article" in path and "nav" not in path)
    assert shown.count("Terns dive for fish.") == 300 * 60
