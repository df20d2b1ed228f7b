"""The JSON interface: what it answers, and how it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from conftest import TERNS
from flask import Flask
from flask.testing import FlaskClient

import web
from qa import Engine, Settings
from qa.citations.styles import written
from qa.errors import LibraryBusyError, QAError
from qa.model import Feedback, digest, fingerprint
from qa.wire import (
    AskRequest,
    AskResponse,
    CitedPassageBody,
    DocumentBody,
    FeedbackRequest,
    FeedbackResponse,
    Problem,
    VerifyRequest,
    VerifyResponse,
    passage_permalink,
)
from web import create_app
from web.addresses import exported
from web.problems import PROBLEMS

QUESTION = "What was the hazard ratio of bevacor?"
NO_NAME = {"type": "about:blank"}


def told(answer: Any) -> dict[str, Any]:
    """A problem, but for the request's id, which is that of the header."""
    problem: dict[str, Any] = dict(answer.json)
    assert problem.pop("request_id") == answer.headers["X-Request-ID"]
    return problem


def get(client: FlaskClient, address: str, **query: object) -> Any:
    """What an address gives."""
    return client.get(address, query_string=query or None)


def post(client: FlaskClient, body: object) -> Any:
    """Ask by a JSON body, which may be bytes that are none."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/ask", data=data, content_type="application/json")


@pytest.fixture(autouse=True)
def still_answers(client: FlaskClient) -> Iterator[None]:
    """After every test here, whatever it sent, the service answers a good question."""
    yield
    answer = post(client, {"question": QUESTION})
    assert (answer.status_code, answer.json["answered"]) == (200, True)


def invalid(pointer: str, detail: str, *, status: int = 422) -> dict[str, object]:
    """The problem body for one field that breaks the form. What a question may be is told where that is wrong."""
    said = "A question has 1 to 1,000 characters. " if pointer.startswith(("/question", "/history", "/q")) else ""
    return {
        "type": "/problems/invalid_request",
        "title": "Invalid request",
        "status": status,
        "detail": f"{f'`{pointer[1:]}`' if pointer else 'The request'} {detail}. "
        f"{said}web/README.md describes every part of a request.",
        "errors": [{"pointer": pointer, "detail": detail}],
    }


# Answers


def test_ask_answers_with_the_passage_word_for_word_and_its_citation(client: FlaskClient) -> None:
    answer = post(client, {"question": QUESTION})
    body = AskResponse.model_validate_json(answer.data)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert (body.question, body.answered, body.reason) == (QUESTION, True, None)
    assert body.passage is not None
    assert body.citation is not None
    document = DocumentBody.model_validate_json(client.get("/documents/second-treatment.json").data)
    assert document.text[body.citation.start : body.citation.end] == body.citation.quote == body.passage.text
    [(first, last)] = body.passage.highlights
    marked = f"{body.citation.start + first}-{body.citation.start + last}"
    known_by = "{0.length}-{0.digest}-{0.section}".format(fingerprint(body.passage.text[first:last], ("Bevacor",)))
    assert body.citation.href == f"/documents/second-treatment?mark={marked}&is={known_by}#{body.passage.id}"
    assert body.citation.document.sha256 == document.sha256
    assert body.passage.id in document.passages
    [(start, end)] = body.passage.highlights
    assert "hazard ratio was 0.48" in body.passage.text[start:end]


def test_an_answer_has_the_fields_of_the_wire_form_in_their_order(client: FlaskClient) -> None:
    body = json.loads(post(client, {"question": QUESTION}).data)
    assert list(body) == list(AskResponse.model_fields)
    assert list(body["citation"]["document"]) == [
        "id",
        "title",
        "authors",
        "editors",
        "publisher",
        "updated",
        "url",
        "sha256",
    ]


def test_an_address_gives_the_same_answer_as_a_body(client: FlaskClient) -> None:
    sent = {
        "question": "How long did it last?",
        "history": ["How does alcanor work?", "Tell me of bevacor."],
        "limit": 1,
    }
    address = {"q": sent["question"], "history": sent["history"], "limit": "1"}
    by_body, by_address = post(client, sent).json, get(client, "/ask", **address).json
    assert {**by_body, "took_ms": 0} == {**by_address, "took_ms": 0}


def test_an_answer_keeps_to_the_document_that_it_is_asked_of(client: FlaskClient) -> None:
    body = post(client, {"question": "tern fever treatment", "document": "first-treatment", "limit": 20}).json
    cited = [body["citation"], *(each["citation"] for each in body["alternatives"])]
    assert {citation["document"]["id"] for citation in cited if citation} == {"first-treatment"}


def test_nothing_found_is_an_answer_with_the_reason_and_the_missing_words(client: FlaskClient) -> None:
    answer = post(client, {"question": "Does metformin cure it?"})
    body = AskResponse.model_validate_json(answer.data)
    assert (answer.status_code, body.answered, body.passage, body.citation) == (200, False, None, None)
    assert body.reason
    assert "metformin" in body.interpretation.missing


def test_a_question_of_stop_words_alone_is_answered_with_a_reason(client: FlaskClient) -> None:
    answer = post(client, {"question": "what is the of and"})
    body = AskResponse.model_validate_json(answer.data)
    assert (answer.status_code, body.answered, body.passage) == (200, False, None)
    assert body.reason


def test_a_question_of_1000_characters_is_answered(client: FlaskClient) -> None:
    question = "bevacor hazard ratio".ljust(1000, "?")
    answer = post(client, {"question": question})
    assert (answer.status_code, answer.json["question"]) == (200, question)


def test_json_is_utf_8_without_escapes(client: FlaskClient) -> None:
    question = "What of ‘Größe’ and 🐦?"
    answer = post(client, {"question": question})
    assert question.encode() in answer.data
    assert answer.content_type == "application/json"


def test_a_right_to_left_override_is_accepted_and_comes_back_unchanged(client: FlaskClient) -> None:
    question = "bevacor \u202eratio\u202c hazard"
    answer = post(client, {"question": question})
    assert (answer.status_code, answer.json["question"]) == (200, question)


def test_a_passage_is_found_by_its_id(client: FlaskClient) -> None:
    asked = post(client, {"question": QUESTION}).json
    answer = client.get(f"/passages/{asked['passage']['id']}.json")
    body = CitedPassageBody.model_validate_json(answer.data)
    assert answer.status_code == 200
    found, cited = body.citation.model_dump(mode="json"), asked["citation"]
    assert found == cited | {name: found[name] for name in ("href", "original")}  # those of an answer name its sentence


def test_the_service_says_that_it_lives_and_is_ready(client: FlaskClient) -> None:
    assert client.get("/livez").json == {"status": "live"}
    assert client.get("/readyz").json == {"status": "ready", "documents": 4}


# Verifying


def cited(client: FlaskClient) -> Any:
    """The citation of an answer."""
    return post(client, {"question": QUESTION}).json["citation"]


def verify(client: FlaskClient, body: object) -> Any:
    """What is said of citations."""
    return client.post("/verify", json=body)


def test_verify_says_of_each_citation_in_its_turn_what_became_of_it(client: FlaskClient) -> None:
    citation = cited(client)
    moved = citation | {"start": citation["start"] + 1, "end": citation["end"] + 1}
    forged = citation | {"quote": citation["quote"].replace("0.48", "0.84")}
    gone = citation | {"document": {"id": "emus"}}
    answer = verify(client, {"citations": [citation, moved, forged, gone, citation]})
    body = VerifyResponse.model_validate_json(answer.data)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert [each.status for each in body.results] == ["verified", "moved", "changed", "gone", "verified"]
    assert [each.document_changed for each in body.results] == [False, False, False, None, False]
    for found in (body.results[0], body.results[1]):
        assert found.place
        place = found.place.citation.model_dump(mode="json")
        assert place == citation | {name: place[name] for name in ("href", "original")}  # a place has no highlight
    assert [each.place for each in body.results[2:4]] == [None, None]


def test_verify_takes_a_citation_with_no_more_than_its_document_place_and_words(client: FlaskClient) -> None:
    citation = cited(client)
    least = {name: citation[name] for name in ("start", "end", "quote")} | {"document": {"id": "second-treatment"}}
    [found] = verify(client, {"citations": [least]}).json["results"]
    assert (found["status"], found["document_changed"]) == ("verified", None)


def test_selectors_of_other_types_are_passed_over(client: FlaskClient) -> None:
    citation = cited(client)
    citation["selectors"].append({"type": "FragmentSelector", "value": "xywh=0,0,1,1"})
    assert verify(client, {"citations": [citation]}).json["results"][0]["status"] == "verified"


def test_verify_of_no_citation_gives_no_result(client: FlaskClient) -> None:
    assert verify(client, {"citations": []}).json == {"results": []}


A_CITATION = {"document": {"id": "terns"}, "start": 0, "end": 1, "quote": "x"}
VERIFY_HINT = "Send citations as POST /ask gives them. web/README.md describes every part of a request."


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({}, "/citations", "is required"),
        ({"citations": 7}, "/citations", "must be a list"),
        ({"citations": [7]}, "/citations/0", "must be a JSON object"),
        ({"citations": [A_CITATION] * 101}, "/citations", "must have at most 100 entries"),
        ({"citations": [A_CITATION | {"quote": ""}]}, "/citations/0/quote", "must not be empty"),
        (
            {"citations": [A_CITATION, A_CITATION | {"quote": "x" * 100_001}]},
            "/citations/1/quote",
            "must have at most 100,000 characters (it has 100,001)",
        ),
        (
            {"citations": [A_CITATION | {"start": "0"}]},
            "/citations/0/start",
            "must be a whole number from 0 to 1,000,000,000,000",
        ),
        ({"citations": [A_CITATION | {"document": {}}]}, "/citations/0/document/id", "is required"),
        ({"citations": [], "more": 1}, "/more", "is not a known field. Known fields: citations"),
    ],
)
def test_a_field_of_verify_that_breaks_the_form_is_named(
    client: FlaskClient, body: object, pointer: str, detail: str
) -> None:
    answer = verify(client, body)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert answer.json["errors"] == [{"pointer": pointer, "detail": detail}]
    assert answer.json["detail"] == f"`{pointer[1:]}` {detail}. {VERIFY_HINT}"


def test_verify_refuses_what_is_no_json_and_what_is_too_large(client: FlaskClient) -> None:
    refused: Any = client.post("/verify", data=b"{", content_type="application/json")
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (400, "")
    refused = verify(client, [])
    assert (refused.status_code, refused.json["errors"]) == (
        400,
        [{"pointer": "", "detail": 'must be a JSON object such as {"citations": [...]}'}],
    )
    refused = client.post("/verify", data=b"[]", content_type="text/plain")
    assert refused.json["detail"] == "Send the citations as JSON, with the header Content-Type: application/json."
    large = {"citations": [A_CITATION | {"quote": "x" * 65_000}] * 10}
    assert verify(client, large).status_code == 200
    refused = verify(client, {"citations": large["citations"] * 2})
    assert (refused.status_code, refused.json["detail"]) == (413, "A request may have at most 1,000,000 bytes.")


# Bodies that cannot be read at all


@pytest.mark.parametrize(
    "body",
    [b"", b"What?", b"{", b'{"question": "What?"', b"\xff\xfe", b'{"question": "caf\xe9"}', b'{"question": "\\ud800"}'],
    ids=["empty", "prose", "brace", "unclosed", "not UTF-8", "Latin-1", "lone surrogate"],
)
def test_a_body_that_is_not_json_in_utf_8_is_refused_as_a_whole(client: FlaskClient, body: bytes) -> None:
    answer = post(client, body)
    [error] = answer.json["errors"]
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert error["pointer"] == ""
    assert error["detail"].startswith("is not valid JSON in UTF-8: ")
    assert told(answer) == invalid("", error["detail"], status=400)


@pytest.mark.parametrize("body", [[], "What?", 1, None, [{"question": "What?"}]])
def test_json_that_is_no_object_is_refused_as_a_whole(client: FlaskClient, body: object) -> None:
    answer = post(client, body)
    assert answer.status_code == 400
    assert told(answer) == invalid("", 'must be a JSON object such as {"question": "..."}', status=400)


def test_a_body_nested_too_deep_is_refused(client: FlaskClient) -> None:
    assert post(client, b'{"question":' + b"[" * 30_000).status_code == 400


# Fields that break the form


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({}, "/question", "is required"),
        ({"question": ""}, "/question", "must not be empty"),
        ({"question": " \t\n\u00a0\u2003"}, "/question", "must not be blank"),
        ({"question": "x" * 1001}, "/question", "must have at most 1,000 characters (it has 1,001)"),
        ({"question": "e" + "\u0301" * 10_000}, "/question", "must have at most 1,000 characters (it has 10,001)"),
        ({"question": 7}, "/question", "must be a string"),
        ({"question": None}, "/question", "must be a string"),
        ({"question": ["What?"]}, "/question", "must be a string"),
        (
            {"question": "a\0b"},
            "/question",
            "must not have control characters (it has U+0000 at character 1)",
        ),
        (
            {"question": "\x1b[31mred"},
            "/question",
            "must not have control characters (it has U+001B at character 0)",
        ),
        (
            {"question": "What?", "colour": "red"},
            "/colour",
            "is not a known field. Known fields: question, history, limit, document",
        ),
        ({"question": "What?", "limit": 21}, "/limit", "must be a whole number from 0 to 20"),
        ({"question": "What?", "limit": -1}, "/limit", "must be a whole number from 0 to 20"),
        ({"question": "What?", "limit": "3"}, "/limit", "must be a whole number from 0 to 20"),
        ({"question": "What?", "history": "Earlier"}, "/history", "must be a list of strings"),
        ({"question": "What?", "history": ["a", 7]}, "/history/1", "must be a string"),
        ({"question": "What?", "history": ["a"] * 51}, "/history", "must have at most 50 entries"),
        ({"question": "What?", "history": ["a", " "]}, "/history/1", "must not be blank"),
        ({"question": "What?", "document": 7}, "/document", "must be a string or a list of strings"),
    ],
)
def test_a_field_that_breaks_the_form_is_named(client: FlaskClient, body: object, pointer: str, detail: str) -> None:
    answer = post(client, body)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert told(answer) == invalid(pointer, detail)


def test_every_field_that_breaks_the_form_is_named(client: FlaskClient) -> None:
    answer = post(client, {"limit": 99, "colour": "red"})
    assert [each["pointer"] for each in answer.json["errors"]] == ["/question", "/limit", "/colour"]


@pytest.mark.parametrize(
    ("address", "pointer", "detail"),
    [
        ("/ask", "/q", "is required"),
        ("/ask?q=", "/question", "must not be empty"),
        ("/ask?q=+", "/question", "must not be blank"),
        ("/ask?q=a%00b", "/question", "must not have control characters (it has U+0000 at character 1)"),
        ("/ask?q=" + "x" * 1001, "/question", "must have at most 1,000 characters (it has 1,001)"),
        ("/ask?q=What&limit=many", "/limit", "must be a whole number from 0 to 20"),
        ("/ask?q=What&limit=21", "/limit", "must be a whole number from 0 to 20"),
        ("/ask?q=What&q=Who", "/q", "may be given only once"),
        ("/ask?q=What&a/b~=1", "/a~1b~0", "is not a known parameter. Known parameters: q, limit, document, history"),
        (
            "/ask?q=What&question=What",
            "/question",
            "is not a known parameter. Known parameters: q, limit, document, history",
        ),
    ],
)
def test_a_parameter_that_breaks_the_form_is_named(
    client: FlaskClient, address: str, pointer: str, detail: str
) -> None:
    answer = get(client, address)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert answer.json["errors"] == [{"pointer": pointer, "detail": detail}]


# What HTTP itself refuses


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
)
def test_a_body_of_another_type_is_refused_with_the_type_to_send(client: FlaskClient, content_type: str | None) -> None:
    answer = client.post("/ask", data=b'{"question": "What?"}', content_type=content_type)
    assert (answer.status_code, answer.content_type) == (415, "application/problem+json")
    assert told(answer) == NO_NAME | {
        "title": "Unsupported Media Type",
        "status": 415,
        "detail": "Send the question as JSON, with the header Content-Type: application/json.",
    }


def test_a_content_type_with_a_charset_is_accepted(client: FlaskClient) -> None:
    sent = json.dumps({"question": QUESTION})
    assert client.post("/ask", data=sent, content_type="application/json; charset=utf-8").status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_another_method_is_refused_with_those_that_are_allowed(client: FlaskClient, method: str) -> None:
    answer = client.open("/ask", method=method)
    assert (answer.status_code, answer.content_type) == (405, "application/problem+json")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert told(answer) == NO_NAME | {
        "title": "Method Not Allowed",
        "status": 405,
        "detail": "The method is not allowed for the requested URL.",
    }


def test_a_body_over_64_kib_is_refused(client: FlaskClient) -> None:
    answer = post(client, {"question": "What?", "history": ["x" * 66_000]})
    assert (answer.status_code, answer.content_type) == (413, "application/problem+json")
    assert told(answer) == NO_NAME | {
        "title": "Request Entity Too Large",
        "status": 413,
        "detail": "A request may have at most 65,536 bytes.",
    }


@pytest.mark.parametrize("address", ["/documents/none.json", "/ask?q=What&document=none"])
def test_an_unknown_document_is_named(client: FlaskClient, address: str) -> None:
    answer = get(client, address)
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert told(answer) == {
        "type": "/problems/unknown_document",
        "title": "Unknown document",
        "status": 404,
        "detail": "No document has the id 'none'. To see all ids, run pincite list with the same --library.",
    }


def test_an_unknown_passage_is_named(client: FlaskClient) -> None:
    answer = client.get("/passages/none.json")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert told(answer) == {
        "type": "/problems/unknown_passage",
        "title": "Unknown passage",
        "status": 404,
        "detail": "No passage has the id 'none'. The documents may have changed. Ask the question again.",
    }


# One shape of failure


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("POST", "/ask", 415),
        ("GET", "/ask", 422),
        ("DELETE", "/ask", 405),
        ("GET", "/documents/none.json", 404),
        ("POST", "/documents/none.json", 405),
        ("GET", "/passages/none.json", 404),
        ("GET", "/passages/none", 404),
        ("GET", "/passages/spotting-00000.json?is=7", 422),
        ("GET", "/passages/spotting-00000.json?is=7-0123456789abcdef", 410),
        ("GET", "/verify", 405),
        ("POST", "/verify", 415),
        ("GET", "/feedback", 405),
        ("POST", "/feedback", 415),
        ("GET", "/passages/none.txt", 404),
        ("GET", "/passages/none.ris", 404),
        ("GET", "/passages/none.bib", 404),
        ("GET", "/passages/none.csl.json", 404),
        ("POST", "/openapi.json", 405),
        ("POST", "/livez", 405),
        ("POST", "/readyz", 405),
        ("GET", "/nowhere", 404),
        ("GET", "/static/nothing.js", 404),
        ("GET", "/problems/none", 404),
        ("GET", "/documents/none", 404),
        ("GET", "/?q=", 422),
        ("GET", "/?document=none", 404),
        ("POST", "/", 405),
    ],
)
def test_every_failure_has_the_one_shape_for_who_asks_for_json(
    client: FlaskClient, method: str, address: str, status: int
) -> None:
    answer = client.open(address, method=method, headers={"Accept": "application/json"})
    problem = Problem.model_validate_json(answer.data, strict=True, extra="forbid")
    assert (answer.status_code, answer.content_type, problem.status) == (status, "application/problem+json", status)
    assert problem.title
    assert problem.detail.endswith(".")
    assert problem.type == "about:blank" or client.get(problem.type).status_code == 200


def test_an_unexpected_failure_is_a_problem_that_tells_nothing_of_the_inside(
    app: Flask, engine: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    with monkeypatch.context() as patch:
        patch.setattr(type(engine), "ask", fail)
        answer = post(app.test_client(), {"question": QUESTION})
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert told(answer) == NO_NAME | {
        "title": "Internal Server Error",
        "status": 500,
        "detail": "Something went wrong in the service. Its log says what.",
    }
    assert "RuntimeError: secret" in caplog.text


def test_a_library_that_cannot_be_used_is_told_without_its_path_and_logged_with_it(
    app: Flask, engine: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LibraryBusyError(Path("/secret"))

    with monkeypatch.context() as patch:
        patch.setattr(type(engine), "document_with_passages", fail)
        answer = app.test_client().get("/documents/spotting.json")
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert told(answer) == {
        "type": "/problems/library_busy",
        "title": "Library busy",
        "status": 503,
        "detail": "Another process is changing the library. Try again in a moment. The service's log says more.",
    }
    assert "/secret" in caplog.text


def error_classes(root: type[QAError] = QAError) -> Iterator[type[QAError]]:
    yield root
    for each in root.__subclasses__():
        yield from error_classes(each)


def test_every_error_has_a_code_of_its_own_a_status_and_a_line_in_the_readme() -> None:
    codes = [each.code for each in error_classes() if each.__module__ == "qa.errors"]
    assert sorted(codes) == sorted(PROBLEMS)
    readme = (Path(web.__file__).parent / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (.+) \|$", readme, re.MULTILINE)
    assert rows == [(code, str(kind.status.value), kind.meaning) for code, kind in PROBLEMS.items()]


# The description of the interface


# Citations in styles


@pytest.mark.parametrize(
    ("suffix", "media_type", "how", "style"),
    [
        (".txt", "text/plain", "inline", "ama"),
        (".txt?style=vancouver", "text/plain", "inline", "vancouver"),
        (".txt?style=apa", "text/plain", "inline", "apa"),
        (".ris", "application/x-research-info-systems", "attachment", "ris"),
        (".bib", "application/x-bibtex", "attachment", "bibtex"),
        (".csl.json", "application/vnd.citationstyles.csl+json", "attachment", "csl-json"),
    ],
)
def test_a_passage_is_cited_in_each_style_with_its_whole_permanent_link(
    client: FlaskClient, engine: Engine, suffix: str, media_type: str, how: str, style: str
) -> None:
    cited = engine.passage("spotting-00000")
    answer = client.get(f"/passages/spotting-00000{suffix}", base_url="http://localhost:8123")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == f"{media_type}; charset=utf-8"
    file_name = f"spotting-00000{suffix.partition('?')[0]}"
    assert answer.headers["Content-Disposition"] == f"{how}; filename={file_name}"
    link = f"http://localhost:8123{passage_permalink(cited.passage)}"
    days = (date.today() - timedelta(days=1), date.today(), date.today() + timedelta(days=1))  # noqa: DTZ011
    assert answer.text in [written(cited.citation, style, accessed=day, permalink=link) for day in days]
    assert client.get(link).status_code == 302


def test_a_permanent_link_is_cited_by_the_words_that_it_was_given_out_for(client: FlaskClient, engine: Engine) -> None:
    link = passage_permalink(engine.passage("second-treatment-00001").passage)
    moved = link.replace("second-treatment-00001", "second-treatment-00000")
    for suffix in (".txt", ".ris", ".bib", ".csl.json"):
        by_link, by_moved = (client.get(exported(each, suffix)) for each in (link, moved))
        assert by_link.status_code == by_moved.status_code == 200
        assert by_link.text == by_moved.text
        gone = client.get(f"/passages/second-treatment-00001{suffix}?is=5-0123456789abcdef")
        assert (gone.status_code, gone.json and gone.json["type"]) == (410, "/problems/passage_gone")


def test_a_style_that_there_is_not_is_refused_with_those_that_there_are(client: FlaskClient) -> None:
    answer = client.get("/passages/spotting-00000.txt?style=mla")
    assert answer.status_code == 422
    assert answer.json and answer.json["errors"] == [
        {"pointer": "/style", "detail": "must be one of ama, vancouver, apa"}
    ]


def test_an_answer_names_the_state_of_the_library_which_a_change_renames(tmp_path: Path) -> None:
    (tmp_path / "terns.md").write_text("# Terns\n\nTerns dive.\n", "utf-8")
    (tmp_path / "auks.md").write_text("# Auks\n\nAuks swim.\n", "utf-8")
    for library in (None, tmp_path / "library"):
        engine = Engine.create(Settings(library=library))
        engine.add([tmp_path / "terns.md", tmp_path / "auks.md"])
        client = create_app(engine).test_client()
        first = client.get("/ask?q=Do+auks+swim").headers["X-Library-Version"]
        assert first == engine.version == client.get("/").headers["X-Library-Version"]
        Engine.create(engine.settings).remove(["auks"]) if library else engine.remove(["auks"])
        answer = client.get("/ask?q=Do+auks+swim")
        assert not json.loads(answer.text)["answered"]
        assert answer.headers["X-Library-Version"] == engine.version != first


def test_openapi_describes_every_endpoint_of_the_interface(app: Flask, client: FlaskClient) -> None:
    described = {
        (method.upper(), address)
        for address, methods in get(client, "/openapi.json").json["paths"].items()
        for method in methods
    }
    served = {
        (method, re.sub(r"<\w+>", "{id}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(("api.", "conversations.", "openai.")) and rule.rule != "/openapi.json"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served


def test_openapi_is_made_from_the_models_that_are_read_and_written(client: FlaskClient) -> None:
    description = get(client, "/openapi.json").json
    assert description["openapi"] == "3.1.0"
    schemas = description["components"]["schemas"]
    for model in (AskRequest, AskResponse, VerifyRequest, VerifyResponse, CitedPassageBody, DocumentBody, Problem):
        assert list(schemas[model.__name__]["properties"]) == list(model.model_fields)
    fields = [field.alias or name for name, field in FeedbackRequest.model_fields.items()]
    assert list(schemas["FeedbackRequest"]["properties"]) == fields
    assert list(schemas["FeedbackResponse"]["properties"]) == list(FeedbackResponse.model_fields)
    export = description["paths"]["/passages/{id}.csl.json"]["get"]["responses"]["200"]["content"]
    assert export["application/vnd.citationstyles.csl+json"]["schema"]["type"] == "array"
    references = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(description))
    assert set(references) <= set(schemas)


def test_openapi_gives_an_example_that_the_service_accepts(client: FlaskClient) -> None:
    content = get(client, "/openapi.json").json["paths"]["/ask"]["post"]["requestBody"]["content"]
    answer = post(client, content["application/json"]["example"])
    assert answer.status_code == 200
    AskResponse.model_validate_json(answer.data, strict=True, extra="forbid")
    content = get(client, "/openapi.json").json["paths"]["/verify"]["post"]["requestBody"]["content"]
    assert verify(client, content["application/json"]["example"]).status_code == 200
    content = get(client, "/openapi.json").json["paths"]["/feedback"]["post"]["requestBody"]["content"]
    assert client.post("/feedback", json=content["application/json"]["example"]).status_code == 201


# Feedback

KEY = "00112233445566778899aabbccddeeff"


def judged(client: FlaskClient, **changed: Any) -> dict[str, Any]:
    """Feedback on the answer to the question, as a page sends it."""
    passage, _, known_by = cited(client)["permalink"].removeprefix("/passages/").partition("?")
    sent = {"key": KEY, "question": QUESTION, "passage": passage, "is": known_by.partition("is=")[2], "helpful": True}
    return sent | changed


def test_feedback_is_kept_with_what_the_library_says_of_the_passage(client: FlaskClient, engine: Engine) -> None:
    earlier = ["How does alcanor work?"]
    sent = judged(client, history=earlier, document="second-treatment", helpful=False, comment="=Not\nquite, 🐦")
    answer: Any = client.post("/feedback", json=sent)
    assert (answer.status_code, answer.content_type) == (201, "application/json")
    assert FeedbackResponse.model_validate_json(answer.data).id == 1
    [kept] = engine.feedback.all()
    found = engine.ask(QUESTION, history=earlier, document="second-treatment")
    assert found.best
    citation = found.best.citation
    assert kept == Feedback(
        id=1,
        at=kept.at,
        question=QUESTION,
        history=tuple(earlier),
        asked_of="second-treatment",
        outcome="answered",
        helpful=False,
        comment="=Not\nquite, 🐦",
        passage_id=sent["passage"],
        document_id="second-treatment",
        start=citation.start,
        end=citation.end,
        quote=citation.quote,
        passage_sha256=digest(citation.quote),
        document_sha256=citation.document.sha256,
        confidence=found.confidence,
        library=engine.version,
        version=version("pincite"),
    )
    assert abs(datetime.now(UTC) - kept.at) < timedelta(minutes=1)


def test_feedback_with_the_same_key_takes_the_place_of_the_first(client: FlaskClient, engine: Engine) -> None:
    first: Any = client.post("/feedback", json=judged(client))
    again: Any = client.post("/feedback", json=judged(client, helpful=False, comment="On second thoughts."))
    other: Any = client.post("/feedback", json=judged(client, key="f" * 32))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json["id"] == again.json["id"] != other.json["id"]
    assert [(each.helpful, each.comment) for each in engine.feedback.all()] == [
        (False, "On second thoughts."),
        (True, ""),
    ]


def test_that_nothing_was_found_can_be_judged_too(client: FlaskClient, engine: Engine) -> None:
    sent = {"key": KEY, "question": "Does metformin cure it?", "helpful": False}
    assert client.post("/feedback", json=sent).status_code == 201
    [kept] = engine.feedback.all()
    assert (kept.outcome, kept.helpful, kept.passage_id, kept.quote) == ("nothing_found", False, None, None)
    assert kept.confidence == engine.ask("Does metformin cure it?").confidence


def test_a_passage_that_is_not_the_answer_now_has_no_outcome_and_no_confidence(
    client: FlaskClient, engine: Engine
) -> None:
    other = engine.passage("spotting-00000").passage
    known_by = passage_permalink(other).partition("is=")[2]
    assert client.post("/feedback", json=judged(client, passage=other.id) | {"is": known_by}).status_code == 201
    assert [(each.quote, each.outcome, each.confidence) for each in engine.feedback.all()] == [(other.text, None, None)]


def test_that_nothing_was_found_is_known_although_the_library_answers_now(client: FlaskClient, engine: Engine) -> None:
    sent = {"key": KEY, "question": QUESTION, "helpful": False}
    assert client.post("/feedback", json=sent).status_code == 201
    assert [(each.outcome, each.confidence) for each in engine.feedback.all()] == [("nothing_found", None)]


def test_feedback_on_a_possible_answer_keeps_that_it_was_one(unsure_engine: Engine) -> None:
    client = create_app(unsure_engine).test_client()
    assert client.post("/feedback", json=judged(client)).status_code == 201
    [kept] = unsure_engine.feedback.all()
    assert (kept.outcome, kept.confidence) == ("possible", unsure_engine.ask(QUESTION).confidence)


def test_feedback_changes_no_answer(client: FlaskClient) -> None:
    before = post(client, {"question": QUESTION}).json
    for number in range(20):
        sent = judged(client, helpful=False, key=f"{number:032x}")
        assert client.post("/feedback", json=sent).status_code == 201
    after = post(client, {"question": f"{QUESTION} "}).json  # another request, whose answer was not kept
    assert after | {"question": QUESTION, "took_ms": 0} == before | {"took_ms": 0}


@pytest.mark.parametrize(
    ("changed", "status", "problem"),
    [
        ({"passage": "none-00000"}, 404, "unknown_passage"),
        ({"is": "7-0123456789abcdef"}, 410, "passage_gone"),
        ({"document": "none"}, 404, "unknown_document"),
    ],
)
def test_feedback_on_what_is_not_there_is_refused(
    client: FlaskClient, engine: Engine, changed: dict[str, str], status: int, problem: str
) -> None:
    answer: Any = client.post("/feedback", json=judged(client) | changed)
    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{problem}")
    assert engine.feedback.all() == []


@pytest.mark.parametrize(
    ("changed", "pointer", "detail"),
    [
        ({"key": "7"}, "/key", "must be 32 hexadecimal digits in lower case"),
        ({"key": KEY + "\n"}, "/key", "must be 32 hexadecimal digits in lower case"),
        ({"key": 7}, "/key", "must be a string"),
        ({"question": " "}, "/question", "must not be blank"),
        ({"question": "x" * 1001}, "/question", "must have at most 1,000 characters (it has 1,001)"),
        ({"history": ["a"] * 51}, "/history", "must have at most 50 entries"),
        ({"history": ["a", " "]}, "/history/1", "must not be blank"),
        ({"helpful": "yes"}, "/helpful", "must be true or false"),
        ({"helpful": None}, "/helpful", "must be true or false"),
        ({"comment": "x" * 2001}, "/comment", "must have at most 2,000 characters (it has 2,001)"),
        ({"comment": "a\0"}, "/comment", "must not have control characters (it has U+0000 at character 1)"),
        ({"is": None}, "/is", "is required when `passage` is given"),
        ({"passage": None}, "/passage", "is required when `is` is given"),
        ({"is": "7"}, "/is", "must be copied whole from the link, such as 842-0123456789abcdef-01234567"),
        (
            {"quote": "It says so."},
            "/quote",
            "is not a known field. Known fields: key, question, history, document, passage, is, helpful, comment",
        ),
    ],
)
def test_a_field_of_feedback_that_breaks_the_form_is_named(
    client: FlaskClient, engine: Engine, changed: dict[str, object], pointer: str, detail: str
) -> None:
    answer: Any = client.post("/feedback", json=judged(client) | changed)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert answer.json["errors"] == [{"pointer": pointer, "detail": detail}]
    assert engine.feedback.all() == []


def test_a_body_of_feedback_that_is_no_json_or_too_large_is_refused(client: FlaskClient) -> None:
    refused: Any = client.post("/feedback", data=b"{", content_type="application/json")
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (400, "")
    refused = client.post("/feedback", data=b"{}", content_type="text/plain")
    assert refused.json["detail"] == "Send the feedback as JSON, with the header Content-Type: application/json."
    refused = client.post("/feedback", json=judged(client, comment="x" * 263_000))
    assert (refused.status_code, refused.json["detail"]) == (413, "A request may have at most 262,144 bytes.")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Origin": "http://localhost"}, 201),
        ({"Origin": "http://localhost:8001"}, 403),
        ({"Origin": "https://example.org"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_feedback_that_a_page_elsewhere_has_sent_is_refused(
    client: FlaskClient, engine: Engine, headers: dict[str, str], status: int
) -> None:
    for sent in ({"json": judged(client)}, {"data": judged(client, helpful="yes")}):
        answer: Any = client.post("/feedback", headers=headers, **sent)
        assert answer.status_code == status
        if status == 403 and "json" in sent:
            assert told(answer) == NO_NAME | {
                "title": "Forbidden",
                "status": 403,
                "detail": "Only pages of this service, and programs, may send feedback.",
            }
    assert len(engine.feedback.all()) == (status == 201)


def test_where_feedback_cannot_be_kept_the_service_says_so_and_goes_on_answering(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    engine = Engine.create(Settings(feedback=tmp_path / "file" / "feedback.sqlite3"))
    engine.add([TERNS])
    client = create_app(engine).test_client()
    answer: Any = client.post("/feedback", json=judged(client))
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/feedback_unwritable")
    assert str(tmp_path) not in answer.json["detail"]
    assert str(tmp_path) in caplog.text
    assert post(client, {"question": QUESTION}).json["answered"]


@pytest.mark.parametrize(
    ("address", "model"),
    [
        ("/ask?q=bevacor", AskResponse),
        ("/ask?q=metformin", AskResponse),
        ("/documents/second-treatment.json", DocumentBody),
        ("/passages/second-treatment-00000.json", CitedPassageBody),
        ("/ask", Problem),
    ],
)
def test_what_is_sent_is_what_the_models_describe(client: FlaskClient, address: str, model: Any) -> None:
    data = get(client, address).data
    body = model.model_validate_json(data, strict=True, extra="forbid")
    assert json.loads(body.model_dump_json(exclude_none=model is Problem)) == json.loads(data)
