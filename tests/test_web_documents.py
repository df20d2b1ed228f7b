"""The list of documents, as a page and for programs: filters, words, pages, and what is chosen from it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from test_web_pages import BROWSER, get

from qa import Engine, Settings
from qa.errors import UnknownDocumentError
from qa.library import catalogue
from qa.model import DocumentFilter
from web import create_app

COUNT = 120


def write(folder: Path) -> None:
    """So many documents: terns, gulls and auks in turn, of two publishers, three formats and ten years."""
    folder.mkdir()
    for number in range(COUNT):
        bird = ("Tern", "gull", "Äuk")[number % 3]
        title, day = f"{bird} notes {number:03}", f"20{10 + number % 10}-0{1 + number % 9}-11"
        publisher = "Shore Press" if number % 4 else "Cliff & Sons"
        text = f"The {bird} of note {number} was seen on the shore. " + ("It dived for sprats. " if number == 7 else "")
        if number % 10 == 9:
            (folder / f"n{number:03}.txt").write_text(f"{title}\n\n{text}\n", "utf-8")
        elif number % 10 == 8:
            body = f"<html><head><title>{title}</title></head><body><p>{text}</p></body></html>"
            (folder / f"n{number:03}.html").write_text(body, "utf-8")
        else:
            head = f'---\ntitle: "{title}"\nupdated: {day}\npublisher: {publisher}\n---\n\n'
            (folder / f"n{number:03}.md").write_text(f"{head}{text}\n", "utf-8")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("shelf")
    write(folder / "notes")
    engine = Engine.create(Settings(library=folder / "library"))
    engine.add([folder / "notes"])
    return engine


@pytest.fixture(scope="module")
def asked(shelf: Engine) -> FlaskClient:
    return create_app(shelf).test_client()


def load(client: FlaskClient, address: str, status: int = 200) -> Any:
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (
        status,
        "application/json" if status == 200 else "application/problem+json",
    )
    return json.loads(answer.data)


def ids(client: FlaskClient, **query: str) -> list[str]:
    """The ids of all documents that a filter gives, from all pages."""
    answer = client.get("/documents.json", query_string=query | {"limit": "500"})
    body = json.loads(answer.data)
    assert body["total"] == len(body["documents"])
    return [each["id"] for each in body["documents"]]


# Paging


@pytest.mark.parametrize("limit", [1, 7, 50, 120, 121])
def test_going_on_from_page_to_page_meets_every_document_once_in_order_and_back_again(
    asked: FlaskClient, limit: int
) -> None:
    pages = [load(asked, f"/documents.json?limit={limit}")]
    while pages[-1]["next"]:
        pages.append(load(asked, pages[-1]["next"]))
    met = [each["title"] for page in pages for each in page["documents"]]
    assert len(met) == COUNT
    assert met == sorted(met, key=str.lower)
    assert [page["total"] for page in pages] == [COUNT] * len(pages)
    assert pages[0]["previous"] is None
    back = [pages[-1]]
    while back[-1]["previous"]:
        back.append(load(asked, back[-1]["previous"]))
    assert [page["documents"] for page in back] == [page["documents"] for page in pages[::-1]]


def test_a_filter_is_kept_from_page_to_page(asked: FlaskClient) -> None:
    first = load(asked, "/documents.json?title=tern&publisher=Shore+Press&limit=5")
    second = load(asked, first["next"])
    assert first["total"] == second["total"] < COUNT / 3
    assert {each["publisher"] for each in second["documents"]} == {"Shore Press"}
    assert parse_qs(urlsplit(second["next"]).query)["title"] == ["tern"]


def test_documents_of_one_title_keep_an_order_across_pages(tmp_path: Path) -> None:
    folder = tmp_path / "same"
    folder.mkdir()
    for number in range(9):
        (folder / f"d{number}.md").write_text(f"# {'SAME' if number % 2 else 'Same'}\n\nText {number}.\n", "utf-8")
    engine = Engine.create(Settings())
    engine.add([folder])
    met: list[str] = []
    listing = engine.listing(limit=2)
    met += [entry.id for entry in listing.entries]
    while listing.next:
        listing = engine.listing(limit=2, after=listing.next)
        met += [entry.id for entry in listing.entries]
    assert met == [f"d{number}" for number in range(9)]


def test_a_page_begins_where_an_index_leads_to(shelf: Engine) -> None:
    database = sqlite3.connect(Path(str(shelf.settings.library)) / "library.sqlite3")
    asked: list[tuple[str, tuple[object, ...]]] = []

    def select(statement: str, *parameters: object) -> list[Any]:
        asked.append((statement, parameters))
        return database.execute(statement, parameters).fetchall()

    catalogue.page_of(select, DocumentFilter(), limit=10, after="n060", before=None)
    statement, parameters = asked[-1]
    plan = " ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))
    assert "SEARCH documents USING COVERING INDEX documents_by_title" in plan
    assert "TEMP B-TREE" not in plan


def test_a_library_without_the_indexes_is_listed_too_and_gets_them_when_it_changes(tmp_path: Path) -> None:
    write(tmp_path / "notes")
    settings = Settings(library=tmp_path / "library")
    Engine.create(settings).add([tmp_path / "notes"])
    right = Engine.open(settings).listing(limit=500)
    database = sqlite3.connect(tmp_path / "library" / "library.sqlite3", isolation_level=None)
    for name in ("documents_by_title", "documents_of_publisher"):
        database.execute(f"DROP INDEX {name}")
    assert Engine.open(settings).listing(limit=500) == right
    Engine.open(settings).remove(["n001"])
    names = {name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")}
    assert {"documents_by_title", "documents_of_publisher"} <= names
    database.close()
    assert Engine.open(settings).check() == []


# Filters


def test_titles_are_found_by_words_and_parts_of_words_whatever_their_capitals(asked: FlaskClient) -> None:
    terns = [f"n{number:03}" for number in range(0, COUNT, 3)]
    assert ids(asked, title="tern") == ids(asked, title="TER") == ids(asked, title="notes tern") == terns
    assert len(ids(asked, title="äuk")) == len(ids(asked, title="ÄUK")) == COUNT / 3
    assert ids(asked, title="note_") == ids(asked, title="%") == ids(asked, title="\\") == ids(asked, title="|") == []


def test_a_publisher_is_found_whole_or_by_words_of_it(asked: FlaskClient) -> None:
    cliff = ids(asked, publisher="Cliff & Sons")
    assert cliff == ids(asked, publisher="sons cliff") == ids(asked, publisher="cliff")
    assert cliff == [
        each["id"]
        for each in load(asked, "/documents.json?limit=500")["documents"]
        if each["publisher"] == "Cliff & Sons"
    ]
    assert ids(asked, publisher="Nobody") == []


def test_a_format_is_the_ending_of_the_file(asked: FlaskClient) -> None:
    assert {each[-1] for each in ids(asked, format="txt")} == {"9"}
    assert {each[-1] for each in ids(asked, format="HTML")} == {"8"}
    assert len(ids(asked, format="md")) == COUNT * 8 / 10
    assert ids(asked, format="%") == []


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ({"from": "2017"}, "2017", "2019"),
        ({"to": "2011"}, "2010", "2011"),
        ({"from": "2012", "to": "2012"}, "2012", "2012"),
        ({"from": "2012-03", "to": "2012-08"}, "2012-03", "2012-08"),
        ({"from": "2012-03-11", "to": "2012-03-11"}, "2012-03-11", "2012-03-11"),
        ({"from": "2012-03-12", "to": "2012-03-31"}, "2012-03-12", "2012-03-31"),
    ],
)
def test_dates_are_years_months_or_days_and_the_last_is_included(
    asked: FlaskClient, query: dict[str, str], first: str, last: str
) -> None:
    all_documents = load(asked, "/documents.json?limit=500")["documents"]
    right = [each["id"] for each in all_documents if each["updated"] and first <= each["updated"] <= f"{last}~"]
    assert ids(asked, **query) == right


def test_words_find_the_documents_that_have_them_the_best_first(asked: FlaskClient) -> None:
    body = load(asked, "/documents.json?q=sprats")
    assert [each["id"] for each in body["documents"]] == ["n007"]
    assert body["total"] == 1
    assert load(asked, "/documents.json?q=sprats&title=tern")["documents"] == []
    assert load(asked, "/documents.json?q=penguins")["total"] == 0


def test_what_words_find_has_pages_too(asked: FlaskClient) -> None:
    first = load(asked, "/documents.json?q=shore+sprats&limit=40")
    assert first["documents"][0]["id"] == "n007"
    pages = [first]
    while pages[-1]["next"]:
        pages.append(load(asked, pages[-1]["next"]))
    assert len({each["id"] for page in pages for each in page["documents"]}) == first["total"] == COUNT
    assert load(asked, pages[1]["previous"]) == first


# What is sent


def test_an_entry_has_what_a_program_needs_and_no_path_of_the_machine(asked: FlaskClient, shelf: Engine) -> None:
    [entry] = load(asked, "/documents.json?q=sprats")["documents"]
    assert entry == {
        "id": "n007",
        "title": "gull notes 007",
        "publisher": "Shore Press",
        "updated": "2017-08-11",
        "format": "md",
        "passages": 1,
        "href": "/documents/n007",
    }
    assert str(shelf.settings.library) not in asked.get("/documents").text


@pytest.mark.parametrize(
    ("query", "pointer", "detail"),
    [
        ("word=x", "/word", "is not a known field"),
        ("from=May", "/from", "must be a year, a month or a day, such as 2021, 2021-05 or 2021-05-11"),
        ("to=2021-5", "/to", "must be a year, a month or a day, such as 2021, 2021-05 or 2021-05-11"),
        ("limit=501", "/limit", "must be a whole number from 0 to 500"),
        ("limit=", "/limit", "must be a whole number from 0 to 500"),
        ("limit=%D9%A3", "/limit", "must be a whole number from 0 to 500"),
        ("limit=x", "/limit", "must be a whole number from 0 to 500"),
        ("q=a&q=b", "/q", "may be given only once"),
        ("after=n001&before=n002", "/before", "cannot be given together with `after`"),
        (f"title={'a+' * 51}", "/title", "must have at most 50 words"),
        (f"publisher={'a+' * 500}", "/publisher", "must have at most 50 words"),
        ("title=%00", "/title", "must not have control characters"),
        (f"q={'x' * 1001}", "/q", "must have at most 1,000 characters"),
    ],
)
def test_a_wrong_parameter_is_named(asked: FlaskClient, query: str, pointer: str, detail: str) -> None:
    [problem] = load(asked, f"/documents.json?{query}", 422)["errors"]
    assert problem["pointer"] == pointer
    assert problem["detail"].startswith(detail)
    assert pointer[1:] in get(asked, f"/documents?{query}", 422).text("main")


def test_a_page_of_no_documents_has_none_in_either_direction(asked: FlaskClient) -> None:
    last = ids(asked, q="shore")[-1]
    for query in (f"q=shore&before={last}", "after=n001", "before=n001"):
        assert load(asked, f"/documents.json?{query}&limit=0")["documents"] == []


def test_as_many_words_as_are_looked_for_are_no_fault_of_the_library(asked: FlaskClient) -> None:
    words = "+".join(["ä"] * 50)
    assert load(asked, f"/documents.json?title={words}&publisher={words}")["documents"] == []


@pytest.mark.parametrize("query", ["after=emus", "before=emus", "q=shore&after=emus"])
def test_a_document_to_go_on_from_that_is_not_there_is_named(asked: FlaskClient, query: str) -> None:
    problem = load(asked, f"/documents.json?{query}", 404)
    assert problem["type"] == "/problems/unknown_document"
    assert "'emus'" in problem["detail"]


def test_entries_of_documents_that_are_not_there_are_an_error(shelf: Engine) -> None:
    assert [entry.id for entry in shelf.chosen(["n002", "n001", "n002"])] == ["n002", "n001"]
    with pytest.raises(UnknownDocumentError, match="'emus'"):
        shelf.chosen(["n001", "emus"])


# The page


def test_the_page_lists_the_documents_with_the_way_to_each_and_to_asking_only_it(asked: FlaskClient) -> None:
    page = get(asked, "/documents")
    listed = [each["id"] for each in load(asked, "/documents.json")["documents"]]
    links = [link["href"] for link in page.all("a")]
    assert [link for link in links if str(link).startswith("/documents/")] == [f"/documents/{each}" for each in listed]
    assert [link for link in links if str(link).startswith("/?document=")] == [f"/?document={each}" for each in listed]
    assert "120 documents" in page.text("p")
    assert "Shore Press" in page.text("span")
    assert "Markdown" in page.text("span")


def test_the_page_keeps_its_filters_and_says_how_many_it_found(asked: FlaskClient) -> None:
    page = get(asked, "/documents?title=tern&format=md&from=2012")
    fields = {field["name"]: field.get("value") for field in page.all("input") if field.get("type") != "checkbox"}
    assert fields == {"q": "", "title": "tern", "from": "2012", "to": ""}
    few = [field for field in get(asked, "/documents?limit=7").all("input") if field["name"] == "limit"]
    assert [field["value"] for field in few] == ["7"]
    chosen = [option["value"] for option in page.all("option") if "selected" in option]
    assert chosen == ["md"]
    assert "documents found" in page.text("p")
    assert [option["value"] for option in page.all("option")] == [
        "",
        "Cliff & Sons",
        "Shore Press",
        "",
        "html",
        "md",
        "txt",
    ]


def test_what_is_chosen_stays_so_on_the_next_page_and_is_asked_together(asked: FlaskClient) -> None:
    first = get(asked, "/documents")
    [(name, after)] = [(b["name"], b["value"]) for b in first.all("button") if b.get("name") in ("after", "before")]
    assert name == "after"
    second = get(asked, f"/documents?document=n000&document=n003&after={after}")
    checked = [box["value"] for box in second.all("input") if box.get("type") == "checkbox" and "checked" in box]
    assert checked == ["n000", "n003"]
    assert "Chosen on other pages: 2" in second.text("legend")
    asking = asked.get("/documents?document=n000&document=n003&title=&ask=1", headers=BROWSER)
    assert (asking.status_code, asking.location) == (302, "/?document=n000&document=n003")


def test_to_ask_without_choosing_says_what_to_do(asked: FlaskClient) -> None:
    assert "Tick one or more" in get(asked, "/documents?ask=1").text("main")
    assert "Tick one or more" not in get(asked, "/documents").text("main")


def test_an_empty_library_has_an_empty_list() -> None:
    engine = Engine.over([], Settings())
    client = create_app(engine).test_client()
    assert load(client, "/documents.json") == {"documents": [], "total": 0, "previous": None, "next": None}
    assert "0 documents" in get(client, "/documents").text("main")
    assert "No document found" in get(client, "/documents?q=terns").text("main")


def test_nothing_from_a_document_is_markup_on_the_list(client: FlaskClient, engine: Engine) -> None:
    page = get(client, "/documents")
    assert engine.document("hostile").title in page.text("a")
    assert [each.get("src") for each in page.all("script")] == ["/static/theme.js"]
    assert page.all("img") == []
