"""The Model Context Protocol: what assistants get over HTTP and over standard input, by the SDK's own client."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import served_address
from flask import Flask
from flask.testing import FlaskClient

from qa import Engine, Settings
from qa.errors import LibraryBusyError
from qa.wire import AskResponse, CitedPassageBody, VerifyResponse
from web import create_app
from web.command import cli
from web.plugs import mcp_server, mcp_views

mcp = pytest.importorskip("mcp", reason="the extra 'mcp' is not installed")

QUESTION = "What was the hazard ratio of bevacor?"
ROOT = Path(__file__).resolve().parent.parent
TOOLS = ["ask", "search", "get_passage", "verify", "list_documents"]

Session = Callable[[Callable[[Any], Awaitable[Any]]], Any]
"""Runs what is to be done with a connected client, and gives what it gives."""


def session(server: Any, mode: str = "auto") -> Session:
    async def connected(deed: Callable[[Any], Awaitable[Any]]) -> Any:
        async with mcp.Client(server, mode=mode) as client:
            try:
                return await deed(client)
            except mcp.MCPError as error:  # beyond here it would be in a group with those of closing
                return error

    return lambda deed: asyncio.run(connected(deed))


@pytest.fixture(params=["auto", "legacy"])
def over_http(app: Flask, request: pytest.FixtureRequest) -> Iterator[Session]:
    """The service's `/mcp`, in the protocol's present form and in the one with a handshake."""
    with served_address(app) as address:
        yield session(f"{address}/mcp", request.param)


@pytest.fixture
def call(app: Flask) -> Iterator[Callable[..., Any]]:
    """Calls a tool over HTTP."""
    with served_address(app) as address:
        connected = session(f"{address}/mcp")
        yield lambda tool, **arguments: connected(lambda client: client.call_tool(tool, arguments))


def message(client: FlaskClient, method: str, headers: dict[str, str] | None = None, **params: Any) -> Any:
    """What is answered to a message as a program without the SDK sends it."""
    sent = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    accept = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}
    return client.post("/mcp", json=sent, headers=accept | (headers or {}))


# The tools


def test_the_tools_say_what_they_take_and_that_they_change_nothing(over_http: Session) -> None:
    tools = over_http(lambda client: client.list_tools()).tools
    assert [tool.name for tool in tools] == TOOLS
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools)
    schema = tools[0].input_schema
    assert (schema["required"], list(schema["properties"])) == (
        ["question"],
        ["question", "history", "limit", "document"],
    )


def test_ask_gives_the_answer_of_the_interface_and_a_text_that_quotes_it(
    over_http: Session, client: FlaskClient
) -> None:
    sent = {"question": QUESTION, "limit": 1}
    asked: Any = client.post("/ask", json=sent).json
    answer = over_http(lambda client: client.call_tool("ask", sent))
    body = AskResponse.model_validate_json(json.dumps(answer.structured_content), strict=True, extra="forbid")
    assert {**answer.structured_content, "took_ms": 0} == {**asked, "took_ms": 0}
    assert body.citation
    [text] = [each.text for each in answer.content]
    assert "hazard ratio was 0.48" in text
    assert body.citation.permalink in text
    assert body.citation.label in text


def test_a_question_is_read_with_the_earlier_ones(call: Callable[..., Any], client: FlaskClient) -> None:
    sent: dict[str, Any] = {"question": "How long did it last?", "history": [QUESTION], "document": "second-treatment"}
    asked: Any = client.post("/ask", json=sent).json
    assert call("ask", **sent).structured_content["citation"] == asked["citation"]


def test_nothing_found_is_an_answer_that_says_why(call: Callable[..., Any]) -> None:
    answer = call("ask", question="Does metformin cure tern fever?")
    assert (answer.is_error, answer.structured_content["outcome"]) == (False, "nothing_found")
    assert answer.content[0].text.startswith("Nothing found. No passage mentions “metformin”")


def test_search_ranks_passages_as_the_engine_does(call: Callable[..., Any], engine: Engine) -> None:
    answer = call("search", question=QUESTION, limit=4)
    found = [CitedPassageBody.model_validate(each) for each in answer.structured_content["passages"]]
    assert [each.passage.id for each in found] == [hit.passage.id for hit in engine.search(QUESTION, limit=4)]
    for each in found:
        text = engine.document(each.citation.document.id).text
        assert text[each.citation.start : each.citation.end] == each.citation.quote


def test_a_passage_is_got_by_its_id_by_its_permanent_link_and_by_the_whole_address(
    call: Callable[..., Any], client: FlaskClient
) -> None:
    asked: Any = client.post("/ask", json={"question": QUESTION}).json
    link = asked["citation"]["permalink"]
    moved = link.replace(asked["passage"]["id"], "second-treatment-00000")
    for named in (asked["passage"]["id"], link, f"https://answers.example.org{link}", moved):
        assert call("get_passage", passage=named).structured_content["citation"]["quote"] == asked["citation"]["quote"]


def test_verify_says_of_each_citation_what_became_of_it(call: Callable[..., Any], client: FlaskClient) -> None:
    citation: Any = client.post("/ask", json={"question": QUESTION}).json
    citation = citation["citation"]
    forged = citation | {"quote": citation["quote"].replace("0.48", "0.84")}
    answer = call("verify", citations=[citation, forged])
    body = VerifyResponse.model_validate(answer.structured_content)
    assert [each.status for each in body.results] == ["verified", "changed"]
    assert answer.content[0].text.splitlines()[0] == f"1. verified: {body.results[0].detail}"


def test_documents_are_listed_part_by_part(call: Callable[..., Any], engine: Engine) -> None:
    ids = [each.id for each in engine.contents()]
    first, second = (call("list_documents", limit=2, start=start).structured_content for start in (0, 2))
    assert (first["count"], second["count"]) == (4, 4)
    assert [each["id"] for each in (*first["documents"], *second["documents"])] == ids


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("ask", {}, "`question` is required."),
        ("ask", {"question": " "}, "`question` must not be blank."),
        ("ask", {"question": QUESTION, "limit": 21}, "`limit` must be a whole number from 0 to 20."),
        ("ask", {"question": QUESTION, "document": "emus"}, "No document has the id 'emus'."),
        ("search", {"question": "x" * 1001}, "`question` must have at most 1,000 characters"),
        ("get_passage", {"passage": "emus-00000"}, "No passage has the id 'emus-00000'."),
        ("get_passage", {"passage": "/passages/spotting-00000?is=7"}, "`is` must be copied whole from the link"),
        ("get_passage", {}, "`passage` field required."),
        ("verify", {"citations": [{}]}, "`citations/0/document` is required."),
        ("list_documents", {"limit": 501}, "`limit` input should be less than or equal to 500."),
    ],
)
def test_a_call_that_is_wrong_is_told_what_is_wrong(
    call: Callable[..., Any], tool: str, arguments: dict[str, object], told: str
) -> None:
    answer = call(tool, **arguments)
    assert answer.is_error
    assert told in answer.content[0].text


def test_a_tool_that_there_is_not_is_refused_with_those_that_there_are(call: Callable[..., Any]) -> None:
    told = "There is no tool 'sing'. Tools: ask, search, get_passage, verify, list_documents."
    assert (type(refused := call("sing")), refused.message) == (mcp.MCPError, told)


def test_a_failure_of_the_service_is_told_without_its_paths(
    call: Callable[..., Any], engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise LibraryBusyError(tmp_path)

    monkeypatch.setattr(engine, "ask", busy)
    answer = call("ask", question="Is it busy?")
    assert answer.is_error
    assert answer.content[0].text.startswith("Another process is changing the library.")
    assert str(tmp_path) not in answer.content[0].text


# Documents as resources


def test_documents_are_resources_with_their_text(over_http: Session, engine: Engine) -> None:
    listed = over_http(lambda client: client.list_resources()).resources
    assert [(each.uri, each.title) for each in listed] == [
        (f"pincite://documents/{each.id}", each.title) for each in engine.contents()
    ]
    [content] = over_http(lambda client: client.read_resource(listed[0].uri)).contents
    assert content.text == engine.document(engine.contents()[0].id).text
    [template] = over_http(lambda client: client.list_resource_templates()).resource_templates
    assert template.uri_template == "pincite://documents/{id}"


@pytest.mark.parametrize("uri", ["pincite://documents/emus", "file:///etc/passwd"])
def test_a_resource_that_there_is_not_is_refused(over_http: Session, uri: str) -> None:
    refused = over_http(lambda client: client.read_resource(uri))
    assert (type(refused), refused.message[:22]) == (mcp.MCPError, "No document has the id")


def test_resources_are_listed_page_by_page(tmp_path: Path) -> None:
    for number in range(205):
        (tmp_path / f"tern-{number:03d}.md").write_text(f"# Tern {number}\n\nTern {number} dives.\n", "utf-8")
    engine = Engine.create(Settings(meaning="off"))
    engine.add([tmp_path])
    client, cursor, found = create_app(engine).test_client(), None, []
    for _ in range(3):
        params: dict[str, Any] = {"cursor": cursor} if cursor else {}
        result = message(client, "resources/list", **params).json["result"]
        found += [each["name"] for each in result["resources"]]
        cursor = result.get("nextCursor")
    assert (len(found), len(set(found)), cursor) == (205, 205, None)
    refused = message(client, "resources/list", cursor="٣").json
    assert refused["error"]["message"] == "The cursor must be one that this list gave."


def test_a_failure_of_the_library_is_told_in_general_where_resources_are_listed_too(
    client: FlaskClient, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise LibraryBusyError(tmp_path)

    monkeypatch.setattr(engine, "contents", busy)
    told = message(client, "resources/list").json["error"]["message"]
    assert told.startswith("Another process is changing the library.")
    assert str(tmp_path) not in told


# Over HTTP


def test_a_message_is_answered_in_json_without_a_session(client: FlaskClient) -> None:
    answer = message(client, "tools/call", name="ask", arguments={"question": QUESTION})
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert "Mcp-Session-Id" not in answer.headers
    assert answer.headers["X-Library-Version"]
    assert answer.json["result"]["structuredContent"]["outcome"] == "answered"


def test_a_stream_cannot_be_opened(client: FlaskClient) -> None:
    answer = client.get("/mcp", headers={"Accept": "text/event-stream"})
    assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, {"POST", "OPTIONS"})


def test_a_page_of_another_site_cannot_use_the_tools(client: FlaskClient) -> None:
    for headers in ({"Origin": "https://example.org"}, {"Sec-Fetch-Site": "cross-site"}):
        assert message(client, "ping", headers).status_code == 403
    assert message(client, "ping", {"Origin": "http://localhost"}).status_code == 200


def test_what_is_no_message_or_too_large_is_refused(client: FlaskClient) -> None:
    accept = {"Accept": "application/json, text/event-stream"}
    broken = client.post("/mcp", data=b"{", content_type="application/json", headers=accept)
    assert broken.status_code == 400
    assert client.post("/mcp", data=b"x" * 1_000_001, content_type="application/json").status_code == 413
    assert message(client, "ping").status_code == 200


def test_without_the_extra_the_service_says_what_to_install(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_views, "is_installed", lambda: False)
    answer = message(client, "ping")
    assert (answer.status_code, answer.json["detail"]) == (
        501,
        "The service lacks packages for this: pip install 'pincite[mcp]'",
    )


def test_without_the_extra_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_server, "is_installed", lambda: False)
    ran = CliRunner().invoke(cli, ["mcp"])
    assert (ran.exit_code, "the extra 'mcp'" in ran.output) == (2, True)


# Over standard input and output


def stdio(*arguments: str) -> Any:
    """How an assistant starts the command."""
    code = "from web.command import main; main()"
    return mcp.StdioServerParameters(
        command=sys.executable, args=["-c", code, "mcp", *arguments], env={"PYTHONPATH": str(ROOT)}
    )


def shown() -> dict[str, Any]:
    """The settings of an assistant that the README shows."""
    readme = (ROOT / "web" / "plugs" / "README.md").read_text("utf-8")
    [block] = [
        each for each in re.findall(r"^```json\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE) if "mcpServers" in each
    ]
    settings: dict[str, Any] = json.loads(block)["mcpServers"]["pincite"]
    return settings


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_an_assistant_asks_over_standard_input_and_output(engine: Engine, tmp_path: Path, mode: str) -> None:
    kept = Engine.create(Settings(library=tmp_path / "library"))
    kept.add([ROOT / "tests" / "fixtures" / "terns"])
    settings = shown()
    assert (settings["command"], settings["args"][0]) == ("pincite", "mcp")
    arguments = [str(tmp_path / "library") if each == "LIBRARY" else each for each in settings["args"][1:]]
    server = stdio(*arguments, "--url", "https://answers.example.org/")

    async def deed(client: Any) -> Any:
        return (
            await client.list_tools(),
            await client.call_tool("ask", {"question": QUESTION}),
            await client.call_tool("get_passage", {"passage": "emus-00000"}),
        )

    tools, answer, missing = session(server, mode)(deed)
    assert [tool.name for tool in tools.tools] == TOOLS
    found = engine.ask(QUESTION).best
    assert found
    assert answer.structured_content["citation"]["quote"] == found.citation.quote
    assert (
        f"](<https://answers.example.org{answer.structured_content['citation']['permalink']}>)"
        in answer.content[0].text
    )
    assert missing.is_error
    assert "No passage has the id 'emus-00000'. The documents may have changed." in missing.content[0].text
