"""A question that is limited to some documents, one or several: the same from the wire to the index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from test_web_pages import get
from werkzeug.test import TestResponse

from qa import Engine, Settings
from qa.cli import cli
from qa.errors import UnknownDocumentError
from qa.model import Judgement
from qa.wire import AskRequest, ConversationRequest
from web import create_app

BIRDS = {
    "auks": ("Auks", "Auks nest on cliffs. They dive deep for sand eels."),
    "gulls": ("Gulls", "Gulls nest on roofs. They follow the plough for worms."),
    "terns": ("Terns", "Terns nest on shingle. They dive for fish near the shore."),
    "waders": ("Waders", "Waders nest on the ground. They probe the mud for worms."),
}


def library(folder: Path, **settings: Any) -> Engine:
    (folder / "birds").mkdir(parents=True)
    for name, (title, text) in BIRDS.items():
        (folder / "birds" / f"{name}.md").write_text(f"# {title}\n\n{text}\n", "utf-8")
    engine = Engine.create(Settings(library=folder / "library", **settings))
    engine.add([folder / "birds"])
    return engine


@pytest.fixture(scope="module", params=["rank-bm25", "tantivy"])
def birds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return library(tmp_path_factory.mktemp("birds"), engine=request.param)


@pytest.fixture(scope="module")
def asked_by_web(birds: Engine) -> FlaskClient:
    return create_app(birds).test_client()


def documents_of(engine: Engine, question: str, document: str | Sequence[str] | None) -> list[str]:
    """The documents of all passages that are found, in order, each once."""
    hits = engine.search(question, document=document)
    return list(dict.fromkeys(hit.passage.document_id for hit in hits))


def loaded(answer: TestResponse) -> Any:
    """The JSON in a response."""
    return json.loads(answer.data)


# The engine


def test_several_documents_are_asked_and_no_others(birds: Engine) -> None:
    assert set(documents_of(birds, "Which birds nest?", None)) == set(BIRDS)
    assert set(documents_of(birds, "Which birds nest?", ["terns", "auks"])) == {"auks", "terns"}
    assert documents_of(birds, "Which birds probe the mud?", ["gulls", "waders"])[0] == "waders"
    answer = birds.ask("Where do they dive for fish?", limit=20, document=["auks", "terns"])
    assert answer.best is not None
    assert answer.best.passage.document_id == "terns"
    assert {each.passage.document_id for each in answer.alternatives} == {"auks"}


def test_one_document_may_be_given_alone_or_in_a_list(birds: Engine) -> None:
    alone, listed = (birds.ask("Where do terns nest?", document=each) for each in ("terns", ["terns"]))
    assert alone == listed


def test_all_documents_named_are_as_none_named(birds: Engine) -> None:
    question = "Which birds dive?"
    assert birds.search(question, document=list(BIRDS)) == birds.search(question)


def test_the_order_and_the_number_of_times_that_a_document_is_named_change_nothing(birds: Engine) -> None:
    named = (["gulls", "auks"], ["auks", "gulls"], ["auks", "gulls", "auks"])
    first, *others = (birds.ask("Where do they nest?", document=each) for each in named)
    assert others == [first, first]


def test_of_no_documents_nothing_is_found(birds: Engine) -> None:
    assert birds.search("Where do terns nest?", document=[]) == []
    assert birds.ask("Where do terns nest?", document=[]).outcome == "nothing_found"


@pytest.mark.parametrize("ids", [["terns", "emus"], ["emus"], "emus"])
def test_an_id_that_is_not_there_is_named(birds: Engine, ids: str | list[str]) -> None:
    for ask in (birds.ask, birds.search, birds.explain):
        with pytest.raises(UnknownDocumentError, match="'emus'"):
            ask("Where do terns nest?", document=ids)


def test_a_follow_up_stays_in_the_documents_that_are_asked(birds: Engine) -> None:
    answer = birds.ask(
        "And what do they eat?", history=["Where do gulls nest?"], limit=20, document=["gulls", "waders"]
    )
    shown = [answer.best, *answer.alternatives]
    assert {each.passage.document_id for each in shown if each} <= {"gulls", "waders"}


def test_passages_that_are_near_in_meaning_alone_are_of_the_documents_that_are_asked(tmp_path: Path) -> None:
    engine = library(tmp_path)
    engine.encode()
    question = "On what do seabirds live?"
    everywhere = documents_of(engine, question, None)
    assert set(everywhere) == set(BIRDS)
    for scope in (["waders"], ["auks", "waders"], ["gulls", "terns", "waders"]):
        assert sorted(documents_of(engine, question, scope)) == scope


# The wire


def test_a_program_sends_one_id_or_a_list(asked_by_web: FlaskClient) -> None:
    def found(document: object) -> Any:
        body = {"question": "Where do they nest?", "document": document, "limit": 20}
        answer = asked_by_web.post("/ask", json=body)
        assert answer.status_code == 200
        body = loaded(answer)
        shown = [body["citation"], *(each["citation"] for each in body["alternatives"])]
        return {each["document"]["id"] for each in shown if each}

    assert found("terns") == found(["terns"]) == {"terns"}
    assert found(["terns", "gulls"]) == {"gulls", "terns"}
    assert found(None) == set(BIRDS)


def test_an_address_repeats_the_parameter(asked_by_web: FlaskClient) -> None:
    address = "/ask?q=Where+do+they+nest%3F&limit=20&document=terns&document=gulls"
    answer = loaded(asked_by_web.get(address))
    assert {each["citation"]["document"]["id"] for each in answer["alternatives"]} <= {"gulls", "terns"}
    body = {"question": "Where do they nest?", "limit": 20, "document": ["gulls", "terns"]}
    by_body = loaded(asked_by_web.post("/ask", json=body))
    assert {**answer, "took_ms": 0} == {**by_body, "took_ms": 0}


def test_an_address_names_at_most_a_hundred_be_they_empty(asked_by_web: FlaskClient) -> None:
    for count, status in ((100, 200), (101, 422)):
        assert asked_by_web.get("/ask", query_string={"q": "terns", "document": [""] * count}).status_code == status


def test_an_unknown_id_among_several_is_named_wherever_it_is_sent(asked_by_web: FlaskClient) -> None:
    asked = {"question": "Where do terns nest?", "document": ["terns", "emus"]}
    for answer in (
        asked_by_web.post("/ask", json=asked),
        asked_by_web.get("/ask?q=x&document=terns&document=emus"),
        asked_by_web.get("/conversation.json?q=x&document=terns&document=emus"),
        asked_by_web.post("/conversation.md", json={"turns": [asked]}),
    ):
        problem = loaded(answer)
        assert (answer.status_code, problem["type"]) == (404, "/problems/unknown_document")
        assert "'emus'" in problem["detail"]
    assert "emus" in get(asked_by_web, "/?document=terns&document=emus", 404).text("main")


def test_what_a_request_was_sent_with_is_what_it_becomes_again() -> None:
    for sent in (None, "terns", ["gulls", "terns"]):
        request = AskRequest.from_json(json.dumps({"question": "x", "document": sent}).encode())
        assert request.model_dump(mode="json")["document"] == sent
        turns = ConversationRequest.from_json(request.model_dump_json().join(['{"turns": [', "]}"]).encode()).turns
        assert turns == (request,)


def test_the_interface_says_that_several_may_be_sent(asked_by_web: FlaskClient) -> None:
    openapi = loaded(asked_by_web.get("/openapi.json"))
    forms = openapi["components"]["schemas"]["AskRequest"]["properties"]["document"]["anyOf"]
    assert [form["type"] for form in forms] == ["string", "array", "null"]
    for path in ("/ask", "/conversation.md", "/conversation.json"):
        [parameter] = [each for each in openapi["paths"][path]["get"]["parameters"] if each["name"] == "document"]
        assert parameter["schema"]["type"] == "array"


# Pages


def test_the_page_says_which_documents_it_asks_and_sends_them_along(asked_by_web: FlaskClient) -> None:
    page = get(asked_by_web, "/?document=terns&document=gulls")
    assert "Your question, only for 2 documents" in page.text("label")
    assert page.text("bdi") == "TernsGulls"
    sent = [each["value"] for each in page.all("input") if each.get("name") == "document"]
    assert sent == ["terns", "gulls"]
    assert [link["href"] for link in page.all("a") if link.get("class") == "all"] == ["/"]


def test_a_permanent_link_to_a_conversation_keeps_the_documents(asked_by_web: FlaskClient) -> None:
    page = get(asked_by_web, "/?document=terns&document=gulls&history=Where+do+terns+nest%3F&q=And+gulls%3F")
    links = {str(link["href"]) for link in page.all("a")}
    scope = "document=terns&document=gulls&history=Where%20do%20terns%20nest%3F&q=And%20gulls%3F"
    assert f"/conversation.md?{scope}" in links
    [alternate] = [link["href"] for link in page.all("link") if link.get("rel") == "alternate"]
    assert alternate == f"/ask?{scope}"
    assert asked_by_web.get(f"/conversation.md?{scope}").status_code == 200


def test_feedback_keeps_the_documents_that_were_asked(tmp_path: Path) -> None:
    engine = library(tmp_path)
    client = create_app(engine).test_client()
    page = get(client, "/?document=terns&document=gulls&q=Where+do+terns+nest%3F")
    fields = [each for each in page.all("input") if each.get("name")]
    feedback = fields[next(n for n, each in enumerate(fields) if each["name"] == "key") :]
    form: dict[str, list[str]] = {"helpful": ["yes"]}
    for each in feedback:
        if each["name"] in ("key", "question", "document", "passage", "is") and each["value"] not in form.get(
            str(each["name"]), []
        ):
            form.setdefault(str(each["name"]), []).append(str(each["value"]))
    assert form["document"] == ["terns", "gulls"]
    assert client.post("/feedback", data=form).status_code == 201
    [kept] = engine.feedback.all()
    assert kept.asked_of == "terns\ngulls"
    engine.judge(Judgement(key="0" * 32, question="Where do terns nest?", helpful=False, asked_of=("terns",)))
    assert engine.feedback.all()[1].asked_of == "terns"


# The command line


def test_the_command_takes_the_option_again_and_again(tmp_path: Path) -> None:
    library(tmp_path)

    def run(*arguments: str) -> tuple[int, str]:
        ran = CliRunner().invoke(cli, [*arguments, "--library", str(tmp_path / "library")], prog_name="pincite")
        return ran.exit_code, ran.output

    options = ["--document", "terns", "--document", "auks"]
    _, answer = run("ask", "Which birds dive?", "--json", *options)
    shown = json.loads(answer)
    cited = [each["citation"] for each in shown["alternatives"]] + ([shown["citation"]] if shown["citation"] else [])
    assert {each["document"]["id"] for each in cited} == {"auks", "terns"}
    code, explained = run("explain", "Which birds dive?", *options)
    assert code == 0
    assert "Gulls" not in explained
    ran = CliRunner().invoke(
        cli,
        [
            "ask",
            "Which birds dive?",
            "--library",
            str(tmp_path / "library"),
            "--document",
            "terns",
            "--document",
            "emus",
        ],
    )
    assert isinstance(ran.exception, UnknownDocumentError) or "'emus'" in ran.output
