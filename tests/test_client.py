"""The client of the web service: typed by the models of the wire form, and held against the OpenAPI document."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import served_address
from flask import Flask
from flask.testing import FlaskClient

import pincite
from pincite import calls
from pincite.calls import Call
from qa.wire import (
    AskResponse,
    CitedPassageBody,
    ConversationBody,
    DocumentBody,
    DocumentsBody,
    SuggestionsBody,
    VerifyResponse,
)

httpx2 = pytest.importorskip("httpx2", reason="the extra 'client' is not installed")

QUESTION = "What was the hazard ratio of bevacor?"
EARLIER = "How well does bevacor work against tern fever?"
KEY = "00112233445566778899aabbccddeeff"


@pytest.fixture
def service(app: Flask) -> Iterator[pincite.Client]:
    """The client, over the service in this process."""
    transport = httpx2.WSGITransport(app=app)
    with pincite.Client("http://localhost/", token="a-token", transport=transport) as client:  # noqa: S106
        yield client


# What is asked


def test_an_answer_is_the_answer_of_the_service_as_its_model(service: pincite.Client, client: FlaskClient) -> None:
    answer = service.ask("How long did it last?", history=[EARLIER], limit=1, document="second-treatment")
    sent = {"question": "How long did it last?", "history": [EARLIER], "limit": 1, "document": "second-treatment"}
    found: Any = client.post("/ask", json=sent).json
    assert isinstance(answer, AskResponse)
    assert answer.model_dump(mode="json", by_alias=True) | {"took_ms": 0} == found | {"took_ms": 0}


def test_several_documents_can_be_asked_and_are_listed_and_suggested_from(service: pincite.Client) -> None:
    scope = ["first-treatment", "spotting"]
    answer = service.ask("tern fever treatment", limit=20, document=scope)
    assert {each.citation.document.id for each in answer.alternatives} <= set(scope)
    assert service.documents(limit=2).total == 4
    assert [each.id for each in service.documents(title="second").documents] == ["second-treatment"]
    assert service.suggestions("treat", document=scope).suggestions


def test_nothing_found_is_an_answer(service: pincite.Client) -> None:
    answer = service.ask("Does metformin cure tern fever?")
    assert (answer.outcome, answer.passage) == ("nothing_found", None)


def test_a_citation_can_be_followed_verified_and_written(service: pincite.Client) -> None:
    answer = service.ask(QUESTION)
    assert answer.passage
    assert answer.citation
    link = answer.citation.permalink
    for named in (answer.passage.id, link, service.address(link)):
        assert service.passage(named).citation.quote == answer.citation.quote
        assert service.citation(named, style="apa").startswith("Example, A.")
    assert service.citation(link, style="bibtex").startswith("@")
    assert service.document(answer.citation.document.id).sha256 == answer.citation.document.sha256
    forged = answer.citation.model_dump(mode="json") | {"quote": "Terns sing."}
    assert [each.status for each in service.verify([answer.citation, forged]).results] == ["verified", "changed"]


def test_a_conversation_is_asked_again_turn_by_turn(service: pincite.Client) -> None:
    turns = service.conversation([EARLIER, QUESTION]).turns
    assert [turn.question for turn in turns] == [EARLIER, QUESTION]
    assert service.transcript([EARLIER, QUESTION]).count("\n## ") == 2


def test_feedback_names_what_was_shown_and_can_be_replaced(service: pincite.Client) -> None:
    answer = service.ask(QUESTION)
    first = service.feedback(answer, helpful=True, key=KEY)
    again = service.feedback(answer, helpful=False, comment="On second thoughts.", key=KEY)
    other = service.feedback(service.ask("Does metformin cure tern fever?"), helpful=False)
    assert first.id == again.id != other.id


def test_the_service_says_that_it_lives_and_is_ready(service: pincite.Client) -> None:
    assert (service.live().status, service.ready().documents) == ("live", 4)


# Failures


def test_a_refusal_is_an_error_with_the_problem(service: pincite.Client) -> None:
    with pytest.raises(pincite.ServiceError, match=r"^`question` must not be blank\.") as refused:
        service.ask(" ")
    assert (refused.value.status, refused.value.code) == (422, "invalid_request")
    assert refused.value.problem
    assert refused.value.problem.errors
    assert [each.pointer for each in refused.value.problem.errors] == ["/question"]
    with pytest.raises(pincite.ServiceError) as missing:
        service.document("emus/..")
    assert missing.value.status == 404
    with pytest.raises(pincite.ServiceError, match="No document has the id 'emus'"):
        service.ask(QUESTION, document="emus")


@pytest.mark.parametrize(
    ("status", "body", "headers", "code", "retry_after"),
    [
        (502, b"<html>", {}, None, None),
        (200, b'{"question": 1}', {}, None, None),
        (
            429,
            b'{"type": "/problems/too_many", "title": "", "status": 429, "detail": "Slow down."}',
            {"Retry-After": "7"},
            "too_many",
            7.0,
        ),
    ],
)
def test_what_is_no_answer_of_the_service_is_an_error_too(
    status: int, body: bytes, headers: dict[str, str], code: str | None, retry_after: float | None
) -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, content=body, headers=headers))
    with (
        pincite.Client("http://localhost", transport=transport) as client,
        pytest.raises(pincite.ServiceError) as failed,
    ):
        client.ask(QUESTION)
    assert (failed.value.status, failed.value.code, failed.value.retry_after) == (status, code, retry_after)


def test_a_service_that_is_not_there_is_unreachable() -> None:
    with (
        pincite.Client("http://127.0.0.1:1") as client,
        pytest.raises(pincite.UnreachableError, match=r"127\.0\.0\.1:1"),
    ):
        client.live()


def test_a_token_is_sent_as_a_bearer_token() -> None:
    sent: list[Any] = []

    def answer(request: Any) -> Any:
        sent.append(request)
        return httpx2.Response(200, json={"status": "live"})

    transport = httpx2.MockTransport(answer)
    with pincite.Client("http://localhost/at/", token="a-token", transport=transport) as client:  # noqa: S106
        client.live()
    [request] = sent
    assert (request.headers["Authorization"], str(request.url)) == ("Bearer a-token", "http://localhost/at/livez")


# Without waiting


def test_the_client_that_does_not_wait_gives_the_same(app: Flask, service: pincite.Client) -> None:
    async def deeds(address: str) -> list[Any]:
        async with pincite.AsyncClient(address) as client:
            answer, document, passage, verified, turns = await asyncio.gather(
                client.ask(QUESTION),
                client.document("second-treatment"),
                client.passage("second-treatment-00001"),
                client.verify([{"document": {"id": "emus"}, "start": 0, "end": 1, "quote": "E"}]),
                client.conversation([QUESTION]),
            )
            citation, transcript = await client.citation("spotting-00000"), await client.transcript([QUESTION])
            kept, live, ready = await client.feedback(answer, helpful=True), await client.live(), await client.ready()
            with pytest.raises(pincite.ServiceError):
                await client.ask("")
            return [answer, document, passage, verified, turns, citation, transcript, kept, live, ready]

    with served_address(app) as address:
        answer, document, passage, verified, turns, citation, transcript, kept, live, ready = asyncio.run(
            deeds(address)
        )
    assert answer.model_copy(update={"took_ms": 0}) == service.ask(QUESTION).model_copy(update={"took_ms": 0})
    assert document == service.document("second-treatment")
    assert passage == service.passage("second-treatment-00001")
    assert [each.status for each in verified.results] == ["gone"]
    assert [turn.question for turn in turns.turns] == [QUESTION]
    assert citation.partition("http")[0] == service.citation("spotting-00000").partition("http")[0]
    assert QUESTION in transcript
    assert (kept.id, live.status, ready.documents) == (1, "live", 4)


def test_both_clients_have_the_same_methods_with_the_same_parameters() -> None:
    def offered(client: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(method).parameters)
            for name, method in vars(client).items()
            if inspect.isfunction(method) and not name.startswith("_")
        }

    assert offered(pincite.Client) == offered(pincite.AsyncClient)
    no_calls = {"Call", "Scope", "ServiceError", "UnreachableError"}
    assert set(offered(pincite.Client)) == set(calls.__all__) - no_calls | {"address", "close"}


# Held against the OpenAPI document

LINK = "/passages/birds-00001?document=birds&is=9-0123456789abcdef"
EVERY_CALL: list[tuple[Call[Any], Any]] = [
    (calls.ask(QUESTION, history=[EARLIER]), AskResponse),
    (calls.verify([]), VerifyResponse),
    (calls.document("birds"), DocumentBody),
    (
        calls.documents(q="a", title="a", publisher="a", format="md", from_="2020", to="2021", after="a", before="b"),
        DocumentsBody,
    ),
    (calls.suggestions("a", near="a", document=["a", "b"]), SuggestionsBody),
    (calls.passage(LINK), CitedPassageBody),
    *[(calls.citation(LINK, style), str) for style in ("ama", "ris", "bibtex", "csl-json")],
    (calls.conversation([QUESTION]), ConversationBody),
    (calls.transcript([QUESTION]), str),
    (calls.live(), None),
    (calls.ready(), None),
]
BY_ADDRESS = {"askByAddress", "conversationMarkdownByAddress", "conversationJsonByAddress"}
IN_OPENAIS_FORM = {"models", "model", "chatCompletions", "responses"}


@pytest.fixture
def operations(client: FlaskClient) -> dict[str, tuple[str, str, Any]]:
    """The operations of the document by their names, each with its path, its method and what it says of it."""
    paths: Any = client.get("/openapi.json").json["paths"]  # type: ignore[index]
    return {
        described["operationId"]: (path, method.upper(), described)
        for path, methods in paths.items()
        for method, described in methods.items()
    }


def test_every_operation_has_a_call_but_those_that_say_the_same_in_another_form(
    operations: dict[str, tuple[str, str, Any]], service: pincite.Client
) -> None:
    feedback = calls.feedback(service.ask(QUESTION), helpful=True)
    made = {call.operation for call, _ in EVERY_CALL} | {feedback.operation}
    assert made == set(operations) - BY_ADDRESS - IN_OPENAIS_FORM


@pytest.mark.parametrize(("call", "model"), EVERY_CALL, ids=lambda each: getattr(each, "operation", ""))
def test_a_call_is_what_the_document_describes(
    operations: dict[str, tuple[str, str, Any]], call: Call[Any], model: Any
) -> None:
    path, method, described = operations[call.operation]
    assert call.method == method
    assert re.fullmatch(path.replace("{id}", "[^/]+").replace(".", r"\."), call.path)
    in_query = {
        name
        for each in described.get("parameters", [])
        if each["in"] == "query"
        for name in (each["schema"]["properties"] if each.get("explode") else [each["name"]])
    }
    assert set(call.query) == in_query
    [(media_type, content)] = described["responses"]["200"]["content"].items()
    if model is str:
        assert media_type != "application/json"
    elif model is not None:
        assert content["schema"]["$ref"].endswith(f"/{model.__name__}")
        assert call.read.__self__ is model  # type: ignore[attr-defined]


def test_the_bodies_that_are_sent_have_each_field_that_the_document_describes(
    operations: dict[str, tuple[str, str, Any]], client: FlaskClient, service: pincite.Client
) -> None:
    schemas: Any = client.get("/openapi.json").json["components"]["schemas"]  # type: ignore[index]
    for call in (
        calls.ask(QUESTION),
        calls.verify([]),
        calls.conversation([QUESTION]),
        calls.feedback(service.ask(QUESTION), helpful=True),
    ):
        content = operations[call.operation][2]["requestBody"]["content"]["application/json"]
        first, *_ = content["schema"].get("anyOf", [content["schema"]])
        schema = schemas[first["$ref"].rpartition("/")[2]]
        assert call.body
        assert set(json.loads(call.body)) == set(schema["properties"])


# What is loaded


def test_the_package_offers_four_names_and_loads_each_when_it_is_asked_for() -> None:
    assert pincite.__all__ == ["AsyncClient", "Client", "ServiceError", "UnreachableError"]
    assert sorted(pincite.__all__) == sorted(pincite._HOMES)
    with pytest.raises(AttributeError, match=r"^module 'pincite' has no attribute 'Server'$"):
        _ = pincite.Server
