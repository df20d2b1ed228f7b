"""The service as a language model's: what programs get that speak OpenAI's interface, by its own package too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from conftest import served_address
from flask import Flask
from flask.testing import FlaskClient
from markdown_it import MarkdownIt

from qa import Engine
from qa.errors import LibraryBusyError
from qa.wire import AskRequest, AskResponse
from web import create_app
from web.pages.markdown import quoted
from web.plugs.openai_forms import ChatCompletion, ModelList, OpenAIFailure, ResponseBody
from web.plugs.prose import prose

if TYPE_CHECKING:
    from openai import OpenAI

QUESTION = "What was the hazard ratio of bevacor?"
EARLIER = "How well does bevacor work against tern fever?"
NOTHING = "Does metformin cure tern fever?"
SENTENCE = "hazard ratio was 0.48"


def chat(client: FlaskClient, *messages: Any, **fields: object) -> Any:
    """What is answered to a conversation, in which a text is a message of the person."""
    written = [{"role": "user", "content": each} if isinstance(each, str) else each for each in messages]
    return client.post("/v1/chat/completions", json={"model": "pincite", "messages": written, **fields})


def said(answer: Any) -> dict[str, Any]:
    """The message of a chat completion."""
    assert answer.status_code == 200
    ChatCompletion.model_validate_json(answer.data, strict=True, extra="forbid")
    message: dict[str, Any] = answer.json["choices"][0]["message"]
    return message


def shown(asked: Any) -> str:
    """The passage of an answer as a quotation in Markdown."""
    found = AskResponse.model_validate(asked).passage
    assert found
    return quoted(found.text, found.blocks)


def events(text: str) -> list[Any]:
    """The data of server-sent events."""
    return [json.loads(each[6:]) for each in text.splitlines() if each.startswith("data: {")]


# The message


def test_a_message_is_the_sentence_and_its_passage_with_the_place_as_a_link(client: FlaskClient) -> None:
    asked: Any = client.post("/ask", json={"question": QUESTION}).json
    content = said(chat(client, QUESTION))["content"]
    [(start, end)] = asked["passage"]["highlights"]
    sentence, between, passage, label, *_ = content.split("\n\n")
    assert SENTENCE in sentence
    assert sentence == f"> {asked['passage']['text'][start:end]}"
    assert between == "This sentence is from the following passage:"
    assert passage == shown(asked)
    assert label == f"[{asked['citation']['label']}](<http://localhost{asked['citation']['permalink']}>)"


def test_its_annotation_names_the_quoted_characters_and_carries_the_citation_of_ask(client: FlaskClient) -> None:
    asked: Any = client.post("/ask", json={"question": QUESTION}).json
    message = said(chat(client, QUESTION))
    [annotation] = message["annotations"]
    place = annotation["url_citation"]
    assert f"> {message['content'][place['start_index'] : place['end_index']]}" == shown(asked)
    assert place["title"] == asked["citation"]["label"]
    assert place["url"] == f"http://localhost{asked['citation']['permalink']}"
    assert annotation["citation"] == asked["citation"]
    verified: Any = client.post("/verify", json={"citations": [annotation["citation"]]}).json
    assert [each["status"] for each in verified["results"]] == ["verified"]


def test_markers_are_quoted_as_they_are_and_their_references_follow(client: FlaskClient) -> None:
    question = "In how many people did fever end with alcanor?"
    asked: Any = client.post("/ask", json={"question": question}).json
    content = said(chat(client, question))["content"]
    assert "[98, 99]" in asked["citation"]["quote"]
    assert all(f"> {paragraph}" in content for paragraph in asked["citation"]["quote"].split("\n\n"))
    references = content.split("\n\n")[-1].split("\n")
    assert references == [
        "- [98] Example A, Sample B. Alcanor against placebo. J Ex. 2020;1:1-9. <https://doi.org/10.1000/ex.98>",
        "- [99] The document lists no reference for this marker.",
    ]


def test_nothing_found_is_a_sentence_with_the_nearest_passages_as_links(client: FlaskClient) -> None:
    asked: Any = client.post("/ask", json={"question": NOTHING}).json
    message = said(chat(client, NOTHING))
    first, closest, links = message["content"].split("\n\n")
    assert (first, closest) == (f"Nothing found. {asked['reason']}", "Closest passages:")
    assert [
        each["citation"]["permalink"] in line
        for each, line in zip(asked["alternatives"], links.split("\n"), strict=True)
    ]
    assert message["annotations"] == []


def test_a_possible_answer_says_so_first(unsure_engine: Engine) -> None:
    client = create_app(unsure_engine).test_client()
    message = said(chat(client, "In how many people did fever end with alcanor on Thursdays?"))
    assert message["content"].startswith("**This may answer your question.** ")
    assert "does not mention “Thursdays”" in message["content"].partition("\n\n")[0]
    assert len(message["annotations"]) == 1


def test_a_message_says_how_the_question_was_read(reading_engine: Engine) -> None:
    client = create_app(reading_engine).test_client()
    content = said(chat(client, "What was the HR of bevakor?"))["content"]
    assert content.startswith("Showing results for **bevacor**.\n\nHR was also read as **hazard ratio**.\n\n")


def test_an_outline_is_each_of_its_parts_with_an_annotation(shipped_engine: Engine) -> None:
    client = create_app(shipped_engine).test_client()
    question = "How effective are second-line therapies for multiple myeloma (MM)?"
    asked: Any = client.post("/ask", json={"question": question}).json
    assert len(asked["outline"]) > 1
    message = said(chat(client, asked["question"]))
    assert [each["citation"] for each in message["annotations"]] == [each["citation"] for each in asked["outline"]]


def test_nothing_of_a_document_becomes_markup(client: FlaskClient) -> None:
    asked = AskRequest(question=QUESTION)
    found = client.post("/ask", json=asked.model_dump(mode="json"))
    hostile = "<img src=x> ![a](http://x/y) [98](http://x) [98]: http://x\n# *Head* `code` | a |"
    body = json.loads(found.data)
    body["passage"] |= {"text": hostile, "highlights": []}
    body["citation"] |= {"label": "A](http://x) <b>"}
    rendered = (
        MarkdownIt("commonmark")
        .enable("table")
        .render(prose(AskResponse.model_validate(body), origin="http://localhost").text)
    )
    assert "<img" not in rendered
    assert "<b>" not in rendered
    assert "<code>" not in rendered
    assert "<em>" not in rendered
    assert rendered.count("<a ") == rendered.count('<a href="http://localhost/') + rendered.count(
        '<a href="https://doi.org/'
    )


# The conversation


def test_the_last_message_of_the_person_is_the_question_and_the_earlier_ones_the_history(client: FlaskClient) -> None:
    asked: Any = client.post("/ask", json={"question": "How long did it last?", "history": [EARLIER, QUESTION]}).json
    message = said(
        chat(
            client,
            {"role": "system", "content": "You are a pirate."},
            EARLIER,
            {"role": "assistant", "content": "Well."},
            QUESTION,
            {"role": "assistant", "content": None, "tool_calls": []},
            {
                "role": "user",
                "content": [{"type": "text", "text": "How long did"}, {"type": "text", "text": "it last?"}],
            },
            temperature=0,
            tools=[],
            max_tokens=5,
        )
    )
    asked_in_parts: Any = client.post(
        "/ask", json={"question": "How long did\nit last?", "history": [EARLIER, QUESTION]}
    ).json
    assert asked["citation"] == asked_in_parts["citation"]
    assert [each["citation"] for each in message["annotations"]] == [asked["citation"]]


def test_earlier_messages_that_could_not_be_asked_are_left_out(client: FlaskClient) -> None:
    long, picture = "x" * 1001, [{"type": "image_url", "image_url": {"url": "data:,"}}]
    odd = [long, {"role": "user", "content": picture}, " ", *[QUESTION] * 60]
    assert said(chat(client, *odd, QUESTION))["annotations"]


def test_a_document_can_be_named(client: FlaskClient) -> None:
    message = said(chat(client, "tern fever treatment", document="first-treatment"))
    assert {each["citation"]["document"]["id"] for each in message["annotations"]} <= {"first-treatment"}
    failed = chat(client, QUESTION, document="emus")
    assert (failed.status_code, failed.json["error"]["code"]) == (404, "unknown_document")


# Streams


@pytest.mark.parametrize("question", [QUESTION, NOTHING])
def test_a_streamed_message_is_the_whole_one_in_parts(client: FlaskClient, question: str) -> None:
    whole = said(chat(client, question))
    streamed = chat(client, question, stream=True)
    assert streamed.content_type == "text/event-stream; charset=utf-8"
    assert streamed.text.endswith("data: [DONE]\n\n")
    sent = events(streamed.text)
    deltas = [each["choices"][0]["delta"] for each in sent]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert "".join(each.get("content", "") for each in deltas) == whole["content"]
    assert [part for each in deltas for part in each.get("annotations", [])] == whole["annotations"]
    assert [each["choices"][0]["finish_reason"] for each in sent] == [None] * (len(sent) - 1) + ["stop"]
    assert len({each["id"] for each in sent}) == 1
    assert not any("usage" in each for each in sent)


def test_usage_comes_last_in_a_stream_that_asks_for_it_and_is_zero(client: FlaskClient) -> None:
    sent = events(chat(client, QUESTION, stream=True, stream_options={"include_usage": True}).text)
    assert sent[-1]["choices"] == []
    assert sent[-1]["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    assert {each["usage"] for each in sent[:-1]} == {None}


def test_a_failure_is_told_before_a_stream_begins(client: FlaskClient) -> None:
    failed = chat(client, " ", stream=True)
    assert (failed.status_code, failed.json["error"]["param"]) == (400, "messages[0].content")


# Responses


def test_a_response_says_what_a_chat_message_says(client: FlaskClient) -> None:
    message = said(chat(client, EARLIER, QUESTION))
    conversation = [
        {"role": "user", "content": EARLIER},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Well."}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"role": "user", "content": [{"type": "input_text", "text": QUESTION}]},
    ]
    answer: Any = client.post("/v1/responses", json={"model": "pincite", "input": conversation})
    body = ResponseBody.model_validate_json(answer.data, strict=True, extra="forbid")
    [[text]] = [each.content for each in body.output]
    assert (answer.status_code, body.status, text.text) == (200, "completed", message["content"])
    [flat], [nested] = answer.json["output"][0]["content"][0]["annotations"], message["annotations"]
    assert flat == {"type": "url_citation", **nested["url_citation"], "citation": nested["citation"]}


def test_a_response_that_goes_on_from_another_is_refused_with_what_to_do(client: FlaskClient) -> None:
    sent = {"model": "pincite", "input": QUESTION, "previous_response_id": "resp_1"}
    answer: Any = client.post("/v1/responses", json=sent)
    assert (answer.status_code, answer.json["error"]["param"]) == (400, "previous_response_id")


# Failures


@pytest.mark.parametrize(
    ("sent", "param", "detail"),
    [
        ({}, "model", "`model` field required"),
        ({"model": "pincite"}, "messages", "`messages` field required"),
        ({"model": "pincite", "messages": []}, "messages", "must have a message with the role `user`"),
        ({"model": "pincite", "messages": [{"role": "system", "content": "x"}]}, "messages", "with the role `user`"),
        ({"model": "pincite", "messages": [{"role": "user"}]}, "messages[0].content", "must be text"),
        (
            {"model": "pincite", "messages": [{"role": "user", "content": "x" * 1001}]},
            "messages[0].content",
            "(it has 1,001)",
        ),
        ({"model": "pincite", "messages": [{"role": "user", "content": "a\0"}]}, "messages[0].content", "U+0000"),
        (
            {"model": "pincite", "messages": [{"role": "user", "content": [{"type": "file"}]}]},
            "messages[0].content",
            "must be text",
        ),
        ({"model": "pincite", "messages": "x"}, "messages", "should be a valid array"),
    ],
)
def test_a_request_that_breaks_the_form_is_refused_in_openais_form(
    client: FlaskClient, sent: object, param: str, detail: str
) -> None:
    answer: Any = client.post("/v1/chat/completions", json=sent)
    assert (answer.status_code, answer.content_type) == (400, "application/json")
    OpenAIFailure.model_validate_json(answer.data, strict=True, extra="forbid")
    error = answer.json["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, "invalid_request")
    assert detail in error["message"]


def test_of_many_wrong_messages_and_parts_the_first_is_told(client: FlaskClient) -> None:
    part: dict[str, Any] = {"role": "user", "content": [{"type": 1}] * 50}
    for messages, first in (([[]] * 900, "`messages/0`"), ([part] * 500, "`messages/0/content/0/type`")):
        answer: Any = client.post("/v1/chat/completions", json={"model": "pincite", "messages": messages})
        assert answer.status_code == 400
        assert first in answer.json["error"]["message"]
        assert answer.json["error"]["message"].count("`messages/") <= 2


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/v1/embeddings", 404, "invalid_request_error"),
        ("GET", "/v1/chat/completions", 405, "invalid_request_error"),
        ("POST", "/v1/chat/completions", 415, "invalid_request_error"),
    ],
)
def test_every_failure_under_v1_has_openais_form(
    client: FlaskClient, method: str, path: str, status: int, kind: str
) -> None:
    answer: Any = client.open(path, method=method)
    assert (answer.status_code, answer.json["error"]["type"]) == (status, kind)


def test_a_conversation_may_be_larger_than_a_question_but_not_without_end(client: FlaskClient) -> None:
    said(chat(client, QUESTION, {"role": "assistant", "content": "x" * 900_000}, QUESTION))
    answer = chat(client, {"role": "assistant", "content": "x" * 1_000_000}, QUESTION)
    assert (answer.status_code, answer.json["error"]["message"]) == (413, "A request may have at most 1,000,000 bytes.")


def test_a_library_that_is_busy_is_an_error_of_the_server(
    client: FlaskClient, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise LibraryBusyError(tmp_path)

    monkeypatch.setattr(engine, "ask", busy)
    answer = chat(client, "Is it busy?")
    assert (answer.status_code, answer.json["error"]["type"], answer.json["error"]["code"]) == (
        503,
        "server_error",
        "library_busy",
    )
    assert str(tmp_path) not in answer.text


def test_there_is_one_model(client: FlaskClient) -> None:
    listed: Any = client.get("/v1/models")
    ModelList.model_validate_json(listed.data, strict=True, extra="forbid")
    assert [each["id"] for each in listed.json["data"]] == ["pincite"]
    assert client.get("/v1/models/pincite").json == listed.json["data"][0]
    for answer in (client.get("/v1/models/gpt"), client.post("/v1/responses", json={"model": "gpt", "input": "x"})):
        found: Any = answer.json
        assert (answer.status_code, found["error"]["code"], found["error"]["param"]) == (
            404,
            "model_not_found",
            "model",
        )


def test_the_examples_of_the_openapi_document_are_answered(client: FlaskClient) -> None:
    paths: Any = client.get("/openapi.json").json
    for path in ("/v1/chat/completions", "/v1/responses"):
        example = paths["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"]
        assert client.post(path, json=example).status_code == 200


# With OpenAI's own package


@pytest.fixture
def openai_client(app: Flask) -> Iterator[OpenAI]:
    """OpenAI's client, pointed at the service."""
    openai = pytest.importorskip("openai", reason="the package openai is not installed")
    with (
        served_address(app) as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as found,
    ):
        yield found


def at_home(text: str) -> str:
    """A text with the address of the test client in the place of the server's."""
    return re.sub(r"http://127\.0\.0\.1:\d+/", "http://localhost/", text)


def test_openais_client_gets_a_chat_message_with_its_annotation(openai_client: OpenAI, client: FlaskClient) -> None:
    completion = openai_client.chat.completions.create(
        model="pincite", messages=[{"role": "user", "content": EARLIER}, {"role": "user", "content": QUESTION}]
    )
    message = completion.choices[0].message
    question = {"question": QUESTION, "history": [EARLIER]}
    asked: Any = client.post("/ask", json=question).json
    assert message.content
    assert message.annotations
    [place] = [each.url_citation for each in message.annotations]
    assert f"> {message.content[place.start_index : place.end_index]}" == shown(asked)
    assert place.url.endswith(asked["citation"]["permalink"])
    assert (completion.choices[0].finish_reason, completion.usage and completion.usage.total_tokens) == ("stop", 0)


def test_openais_client_reads_a_stream(openai_client: OpenAI, client: FlaskClient) -> None:
    with openai_client.chat.completions.create(
        model="pincite", messages=[{"role": "user", "content": QUESTION}], stream=True
    ) as stream:
        parts = [choice.delta.content or "" for chunk in stream for choice in chunk.choices]
    message = said(chat(client, QUESTION))
    assert at_home("".join(parts)) == message["content"]
    assert len(parts) > 4


def test_openais_client_gets_a_response_whole_and_as_a_stream(openai_client: OpenAI, client: FlaskClient) -> None:
    content = said(chat(client, QUESTION))["content"]
    response = openai_client.responses.create(model="pincite", input=QUESTION)
    assert at_home(response.output_text) == content
    with openai_client.responses.stream(model="pincite", input=QUESTION) as stream:
        names = [event.type for event in stream]
        final = stream.get_final_response()
    assert (names[0], names[-1]) == ("response.created", "response.completed")
    assert final.output_text == response.output_text


def test_openais_client_lists_the_model_and_raises_its_own_errors(openai_client: OpenAI) -> None:
    import openai

    assert [each.id for each in openai_client.models.list()] == ["pincite"]
    assert openai_client.models.retrieve("pincite").owned_by == "pincite"
    with pytest.raises(openai.NotFoundError) as missing:
        openai_client.responses.create(model="gpt", input=QUESTION)
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as refused:
        openai_client.chat.completions.create(model="pincite", messages=[{"role": "user", "content": " "}])
    assert (refused.value.param, refused.value.code) == ("messages[0].content", "invalid_request")
