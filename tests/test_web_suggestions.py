"""What is suggested while a question is typed, and what may be asked next: from the library's own titles and words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from test_spelling import SPELLER, speller_of
from test_web_pages import get

from qa import Engine, Settings
from qa.errors import UnknownPassageError
from qa.model import Suggestion
from web import create_app

PAGES = {
    "gulls": "# Gulls of the city\n\n## Nests\n\nGulls nest on roofs.\n\n## Food\n\nThey eat chips.\n\n"
    "## References\n\nNone.\n",
    "terns": "# How do terns live?\n\n## Arctic terns\n\nArctic terns migrate far.\n\n### Migration routes\n\n"
    "They fly by way of Africa.\n\n## Nests\n\nTerns nest on shingle.\n",
    "waders": "# Wading birds\n\n## Bills of waders\n\nWaders probe the mud with their bills.\n",
}


@pytest.fixture(scope="module", params=["rank-bm25", "tantivy"])
def birds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("birds")
    for name, text in PAGES.items():
        (folder / f"{name}.md").write_text(text, "utf-8")
    engine = Engine.create(Settings(engine=request.param))
    engine.add([folder])
    return engine


@pytest.fixture(scope="module")
def asked(birds: Engine) -> FlaskClient:
    return create_app(birds).test_client()


def texts(engine: Engine, typed: str, **options: Any) -> list[str]:
    return [each.text for each in engine.suggest(typed, **options)]


def load(client: FlaskClient, status: int = 200, **query: Any) -> Any:
    answer = client.get("/suggestions.json", query_string=query)
    assert answer.status_code == status
    return json.loads(answer.data)


# Titles and headings


def test_titles_and_headings_that_hold_what_is_typed_come_before_completed_words(birds: Engine) -> None:
    assert birds.suggest("arct") == [
        Suggestion("Arctic terns", "section", "How do terns live?"),
        Suggestion("arctic", "word"),
    ]
    assert birds.suggest("tern")[:2] == [
        Suggestion("Arctic terns", "section", "How do terns live?"),
        Suggestion("How do terns live?", "title"),
    ] or birds.suggest("tern")[:2] == [
        Suggestion("How do terns live?", "title"),
        Suggestion("Arctic terns", "section", "How do terns live?"),
    ]


def test_words_that_frame_a_question_are_not_looked_for(birds: Engine) -> None:
    assert texts(birds, "Tell me how the migration ro")[0] == "Migration routes"
    assert texts(birds, "what is the") == []
    assert texts(birds, "") == texts(birds, "   ") == texts(birds, "a") == texts(birds, "?!") == []


def test_every_word_must_be_in_the_title_or_above_the_heading(birds: Engine) -> None:
    assert texts(birds, "arctic migra")[0] == "Migration routes: How do terns live?"
    assert texts(birds, "gulls migra") == ["gulls migrate", "gulls migration"]
    assert texts(birds, "penguins ") == []


def test_a_heading_of_several_documents_names_its_document(birds: Engine) -> None:
    assert sorted(texts(birds, "nests ")) == ["Nests: Gulls of the city", "Nests: How do terns live?"]


def test_back_matter_is_not_suggested(birds: Engine) -> None:
    assert "References" not in texts(birds, "refer")


def test_only_the_documents_that_are_asked_give_titles_and_headings(birds: Engine) -> None:
    assert texts(birds, "nests ", document="gulls") == ["Nests"]
    assert texts(birds, "nests ", document=["waders"]) == []
    assert len(texts(birds, "nests ", document=["gulls", "terns"])) == 2


def test_no_more_are_given_than_asked_for(birds: Engine) -> None:
    every = texts(birds, "te", limit=20)
    for limit in range(len(every) + 1):
        assert len(texts(birds, "te", limit=limit)) == limit


@given(typed=st.text(max_size=40))
def test_whatever_is_typed_each_suggestion_can_be_asked(shipped_engine: Engine, typed: str) -> None:
    found = shipped_engine.suggest(typed, limit=20)
    assert len({each.text for each in found}) == len(found)
    for each in found:
        assert each.text.strip()
        assert len(each.text) <= 1000


# Words


def test_a_beginning_is_completed_by_the_most_frequent_words(birds: Engine) -> None:
    words = [each.text for each in birds.suggest("Where do te") if each.kind == "word"]
    assert words == ["Where do terns"]
    assert [each.text for each in birds.suggest("where does it mig") if each.kind == "word"] == [
        "where does it migrate",
        "where does it migration",
    ]


def test_completions_are_ordered_by_frequency_then_by_letters() -> None:
    speller = speller_of("tern tern tern ten tens tide tied toll")
    assert speller.completions("t", limit=9) == ["tern", "ten", "tens", "tide", "tied", "toll"]
    assert speller.completions("te", limit=2) == ["tern", "ten"]
    assert speller.completions("tern", limit=9) == ["tern"]
    assert speller.completions("z", limit=9) == []


@pytest.mark.parametrize("beginning", ["", "Te", "tö", "t ", "t%", "x" * 31, "7"])
def test_what_begins_no_word_of_a_to_z_is_not_completed(beginning: str) -> None:
    assert SPELLER.completions(beginning, limit=9) == []


def test_an_empty_library_suggests_nothing() -> None:
    assert Engine.over([], Settings()).suggest("terns") == []


# What may be asked next


def test_related_questions_are_the_headings_beside_and_the_titles_near(birds: Engine) -> None:
    first = birds.ask("Where do Arctic terns migrate?").best
    assert first is not None
    found = [each.text for each in birds.related(first.passage.id)]
    assert found[:2] == ["Migration routes", "Nests: How do terns live?"] or found[:2] == ["Migration routes", "Nests"]
    assert "How do terns live?" not in found
    assert "Arctic terns" not in found


def test_related_titles_are_of_the_documents_that_are_asked(birds: Engine) -> None:
    passage = birds.passages("gulls")[0]
    everywhere = {each.text for each in birds.related(passage.id, limit=20) if each.kind == "title"}
    only = {
        each.text for each in birds.related(passage.id, document=["gulls", "waders"], limit=20) if each.kind == "title"
    }
    assert "How do terns live?" in everywhere
    assert only <= {"Wading birds"}


def test_of_a_passage_that_is_not_there_nothing_is_related(birds: Engine) -> None:
    with pytest.raises(UnknownPassageError):
        birds.related("emus-00001")


# The wire


def test_a_program_gets_suggestions_as_json(asked: FlaskClient) -> None:
    assert load(asked, q="arct", limit="1") == {
        "suggestions": [{"text": "Arctic terns", "kind": "section", "title": "How do terns live?"}]
    } or load(asked, q="arct", limit="1") == {"suggestions": [{"text": "arctic", "kind": "word", "title": None}]}
    assert load(asked, q="")["suggestions"] == []
    assert len(load(asked, q="nests ", document=["gulls", "waders"])["suggestions"]) == 1


def test_a_program_gets_the_questions_related_to_a_passage(asked: FlaskClient, birds: Engine) -> None:
    passage = birds.passages("terns")[0]
    assert [each["text"] for each in load(asked, near=passage.id, limit="3")["suggestions"]] == [
        each.text for each in birds.related(passage.id, limit=3)
    ]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({}, "/q"),
        ({"q": "a", "near": "b"}, "/q"),
        ({"q": "x" * 1001}, "/q"),
        ({"q": "\0"}, "/q"),
        ({"q": "a", "limit": "21"}, "/limit"),
        ({"q": "a", "limit": "x"}, "/limit"),
        ({"q": "a", "document": [" "]}, "/document"),
        ({"q": ["a", "b"]}, "/q"),
        ({"q": "a", "more": "b"}, "/more"),
    ],
)
def test_a_wrong_parameter_is_named(asked: FlaskClient, query: dict[str, Any], pointer: str) -> None:
    assert [each["pointer"] for each in load(asked, 422, **query)["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"q": "nests", "document": ["gulls", "emus"]}, "unknown_document"),
        ({"near": "emus-00001"}, "unknown_passage"),
    ],
)
def test_what_is_not_there_is_named(asked: FlaskClient, query: dict[str, Any], code: str) -> None:
    problem = load(asked, 404, **query)
    assert problem["type"] == f"/problems/{code}"
    assert "emus" in problem["detail"]


# The page


def test_related_questions_stand_under_the_last_answer_as_links_that_ask_them(
    asked: FlaskClient, birds: Engine
) -> None:
    question = "Where do Arctic terns migrate?"
    best = birds.ask(question, document="terns").best
    assert best is not None
    page = get(asked, "/", q=question, document="terns", history="Where do terns nest?")
    links = [str(link["href"]) for link in page.all("a") if str(link.get("href")).startswith("/?document=terns&q=")]
    assert len(links) >= len(birds.related(best.passage.id, document="terns")) > 0
    assert "Related" in page.text("section")
    [section] = [each for each in page.all("section") if each.get("id") == "related"]
    assert "hidden" not in section


def test_who_asks_one_document_only_is_offered_what_it_is_about(asked: FlaskClient, birds: Engine) -> None:
    page = get(asked, "/", document="terns")
    links = [str(link["href"]) for link in page.all("a") if str(link.get("href")).startswith("/?document=terns&q=")]
    assert links == ["/?document=terns&q=Migration%20routes#latest", "/?document=terns&q=Nests#latest"]
    assert birds.ask("Nests", document="terns").best is not None


def test_where_nothing_is_found_nothing_is_related(client: FlaskClient) -> None:
    page = get(client, "/", q="How many people take metformin?")
    [section] = [each for each in page.all("section") if each.get("id") == "related"]
    assert "hidden" in section


def test_titles_with_markup_are_text(client: FlaskClient, engine: Engine) -> None:
    title = engine.document("hostile").title
    assert [each["text"] for each in load(client, q="script ")["suggestions"]] == [title]
    page = get(client, "/", q="In how many people did fever end with alcanor?")
    assert [each.get("src") for each in page.all("script")] == ["/static/theme.js", None, "/static/chat.js"]
