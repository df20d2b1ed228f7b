"""What comes from outside costs little: bytes that are sent, seconds of a processor that are taken."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from qa import Engine, Settings
from qa.cli import cli
from qa.errors import SourceError, SourceLimitError
from qa.feedback import store
from qa.library import adding, indexing
from qa.library.bounding import memory_bound
from qa.library.indexing import Indexed
from web import app, create_app
from web.remembering import Kept

MOST_TIMES, MOST_BYTES = 64, 1_000_000  # an answer has at most so many times the bytes of its request, and so many more
MOST_SECONDS = 1.0  # of a processor; what was mended took 4 to 29


JSON = "application/json"


def cost(ask: Callable[[], TestResponse]) -> tuple[TestResponse, float]:
    began = time.process_time()
    answer = ask()
    return answer, time.process_time() - began


HOSTILE_BODIES = {
    "empty citations": b'{"citations": [' + b",".join([b"{}"] * 330_000) + b"]}",
    "numbers for citations": b'{"citations": [' + b",".join([b"1"] * 490_000) + b"]}",
    "unknown fields": b"{" + b",".join(b'"%d":1' % number for number in range(90_000)) + b"}",
    "numbers for headings": b'{"citations": [{"document": {"id": "terns"}, "start": 0, "end": 1, "quote": "x", '
    b'"section": [' + b",".join([b"1"] * 490_000) + b"]}]}",
    "unknown fields of an answer": b'{"citation": {},'
    + b",".join(b'"%d":1' % number for number in range(90_000))
    + b"}",
    "lists in lists": b"[" * 900_000,
    "one long name": b'{"' + b"x" * 900_000 + b'": 1}',
    "empty turns": b'{"turns": [' + b",".join([b"{}"] * 330_000) + b"]}",
}


@pytest.mark.parametrize("path", ["/verify", "/conversation.json", "/conversation.md", "/ask", "/feedback"])
@pytest.mark.parametrize("kind", HOSTILE_BODIES)
def test_a_body_that_is_wrong_all_over_is_refused_at_little_cost(client: FlaskClient, kind: str, path: str) -> None:
    body = HOSTILE_BODIES[kind]
    answer, seconds = cost(lambda: client.post(path, data=body, content_type="application/json"))
    assert answer.status_code in (400, 413, 422)
    assert len(answer.data) <= MOST_TIMES * len(body) + MOST_BYTES
    assert seconds < MOST_SECONDS
    assert len(answer.get_json().get("errors", ())) <= 20


ASKED: dict[str, dict[str, Any]] = {
    "/ask": {"question": "Terns?"},
    "/conversation.json": {"turns": [{"question": "Terns?"}]},
    "/v1/chat/completions": {"model": "pincite", "messages": [{"role": "user", "content": "Terns?"}]},
    "/v1/responses": {"model": "pincite", "input": "Terns?"},
}


@pytest.mark.parametrize("entry", [1, "x"])
@pytest.mark.parametrize("path", ASKED)
def test_a_long_list_of_documents_is_refused_at_little_cost(client: FlaskClient, path: str, entry: object) -> None:
    body = ASKED[path]
    documents = [entry] * (20_000 if path == "/ask" else 240_000)
    body = (
        {"turns": [{**body["turns"][0], "document": documents}]} if "turns" in body else body | {"document": documents}
    )
    answer, seconds = cost(lambda: client.post(path, data=json.dumps(body, separators=(",", ":")), content_type=JSON))
    assert answer.status_code in (400, 413, 422)
    assert len(answer.data) <= 1_000
    assert seconds < MOST_SECONDS


@pytest.mark.parametrize(("path", "media_type"), [("/ask", "application/problem+json"), ("/v1/responses", JSON)])
def test_what_takes_the_place_of_too_large_an_answer_is_a_failure_like_any_other(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, path: str, media_type: str
) -> None:
    monkeypatch.setattr(app, "MOST_ANSWERED", 10)
    monkeypatch.setattr(app, "MOST_TIMES", 0)
    refused, other = client.post(path, json=ASKED[path]), client.post(path, json={})
    assert (refused.status_code, refused.content_type) == (413, media_type)
    assert "which is too much. Ask for fewer passages." in refused.get_data(as_text=True)
    assert set(refused.headers.keys()) == set(other.headers.keys())
    assert "Content-Security-Policy" in refused.headers


def test_an_answer_to_an_assistant_is_bounded_too_but_for_a_document_that_it_reads(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mcp")
    monkeypatch.setattr(app, "MOST_ANSWERED", 10)
    monkeypatch.setattr(app, "MOST_TIMES", 0)
    accept = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}

    def status(method: str, **parameters: object) -> int:
        sent = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        return client.post("/mcp", json=sent, headers=accept).status_code

    assert status("tools/call", name="ask", arguments={"question": "Where do terns nest?"}) == 413
    assert status("resources/read", uri="pincite://documents/second-treatment") == 200


@pytest.mark.parametrize("path", ["/ask", "/verify", "/feedback", "/v1/responses", "/mcp"])
def test_a_body_with_more_fields_than_any_request_is_not_even_read(client: FlaskClient, path: str) -> None:
    body = b"{" + b",".join(b'"%d":1' % number for number in range(30_001)) + b"}"
    is_too_large = path in ("/ask", "/feedback")  # which may have fewer bytes
    answer = client.post(path, data=body, content_type="application/json")
    assert answer.status_code in ((413,) if is_too_large else (400, 422))
    if not is_too_large:
        assert "30,001 fields or colons, which are too many to read" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "path", ["/ask", "/", "/conversation.json", "/conversation.md", "/suggestions.json", "/widget.json", "/documents"]
)
def test_an_empty_document_in_an_address_is_none_everywhere(client: FlaskClient, path: str) -> None:
    asked = "" if path in ("/widget.json", "/documents") else "q=How+long+did+the+effect+last%3F&"
    answer, without = client.get(f"{path}?{asked}document="), client.get(f"{path}?{asked.rstrip('&')}")
    assert answer.status_code == without.status_code == 200
    if path in ("/ask", "/suggestions.json", "/widget.json"):
        assert {**answer.get_json(), "took_ms": 0} == {**without.get_json(), "took_ms": 0}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
def test_events_are_sent_in_one_piece_so_that_a_slow_client_takes_no_thread(client: FlaskClient, path: str) -> None:
    answer = client.post(path, json=ASKED[path] | {"stream": True})
    assert answer.mimetype == "text/event-stream"
    assert answer.content_length == len(answer.data) > 0


def test_at_most_20_mistakes_are_named(client: FlaskClient) -> None:
    answer = client.post("/ask", json={"question": "Terns?", **{f"unknown {number:03}": 1 for number in range(300)}})
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.get_json()["errors"]] == [
        f"/unknown {number:03}" for number in range(20)
    ]


def test_a_conversation_lists_at_most_so_many_passages(client: FlaskClient) -> None:
    turns = [{"question": "Where do terns nest?", "limit": 20} for _ in range(200)]
    answer = client.post("/conversation.json", json={"turns": turns})
    assert (answer.status_code, answer.get_json()["errors"]) == (
        422,
        [
            {
                "pointer": "/turns",
                "detail": "must ask for at most 1,000 passages in all: one for each question, and its `limit`",
            }
        ],
    )
    assert client.post("/conversation.json", json={"turns": turns[:47]}).status_code == 200


@pytest.mark.parametrize("form", ["json", "md"])
def test_a_conversation_is_at_most_so_much_larger_than_its_questions(client: FlaskClient, form: str) -> None:
    body = json.dumps({"turns": [{"question": f"Tern {number}?"} for number in range(200)]}).encode()
    answer, seconds = cost(lambda: client.post(f"/conversation.{form}", data=body, content_type="application/json"))
    assert answer.status_code == 200
    assert len(answer.data) <= MOST_TIMES * len(body) + MOST_BYTES
    assert seconds < 10 * MOST_SECONDS


def test_a_digest_that_is_none_is_told(client: FlaskClient) -> None:
    claim = {"document": {"id": "terns", "sha256": "zz"}, "start": 0, "end": 1, "quote": "x"}
    answer = client.post("/verify", json={"citations": [claim]})
    assert (answer.status_code, answer.get_json()["errors"]) == (
        422,
        [{"pointer": "/citations/0/document/sha256", "detail": "must be 64 hexadecimal digits"}],
    )


def test_verify_takes_an_answer_as_ask_gave_it(client: FlaskClient) -> None:
    answer = client.post("/ask", json={"question": "Where do terns nest?", "limit": 2})
    verified = client.post("/verify", data=answer.data, content_type="application/json").get_json()["results"]
    cited = [answer.get_json(), *answer.get_json()["alternatives"]]
    assert [each["place"]["citation"]["permalink"] for each in verified] == [
        each["citation"]["permalink"] for each in cited
    ]
    assert {each["status"] for each in verified} == {"verified"}
    wrong = {**answer.get_json(), "citation": {"quote": "x"}}
    told = client.post("/verify", json=wrong).get_json()["errors"]
    assert [each["pointer"] for each in told] == ["/citation/document", "/citation/start", "/citation/end"]


def engine_of(folder: Path, **files: str) -> Engine:
    for name, text in files.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    engine = Engine.create(Settings(meaning="off"))
    engine.add([folder])
    return engine


HOSTILE_DOCUMENTS = {
    "white space": "Terns " + " " * 5_000_000 + " nest here.\n",
    "a long word": "Terns nest " + "x" * 1_000_000 + " here.\n",
    "a long line of references": "Terns nest here. " + "".join(f"[{n % 400}]" for n in range(20_000)) + "\n",
    "numbers": "Terns nest here: " + "61% " * 40_000 + "\n",
    "a long heading": "# Terns nest here " + "and there " * 40_000 + "\n\nTerns nest here.\n",
    "long references": "".join(f"Terns nest in place {n}. [{n}]\n\n" for n in range(1, 60))
    + "# References\n\n"
    + "".join(f"[{n}] Arctic A. Nests of terns {'and gulls ' * 2_000} 2011.\n\n" for n in range(1, 60)),
    "many authors": "---\nauthors: [" + ", ".join(["Ann Arctic"] * 20_000) + "]\n---\n\n" + "Terns nest here.\n",
}


@pytest.mark.parametrize("kind", HOSTILE_DOCUMENTS)
def test_no_document_makes_an_answer_large_or_slow(tmp_path: Path, kind: str) -> None:
    engine = engine_of(tmp_path, hostile=HOSTILE_DOCUMENTS[kind], terns="# Terns\n\nTerns nest on beaches.\n")
    client = create_app(engine).test_client()
    client.post("/ask", json={"question": "Warm up?"})
    body = {"question": "Where do terns nest?", "limit": 20}
    for path in ("/ask", "/?q=Where+do+terns+nest"):
        answer, seconds = cost(lambda path=path: client.get(path) if "?" in path else client.post(path, json=body))  # type: ignore[misc]
        assert answer.status_code == 200
        assert len(answer.data) <= MOST_BYTES
        assert seconds < MOST_SECONDS
    assert all(len(each.text) <= 10_000 for entry in engine.contents() for each in engine.passages(entry.id))


def test_no_words_to_look_for_in_a_document_are_slow(tmp_path: Path) -> None:
    client = create_app(engine_of(tmp_path, terns=HOSTILE_DOCUMENTS["numbers"])).test_client()
    client.get("/documents/terns")
    words = f"{'61% ' * 12_000}x"
    answer, seconds = cost(lambda: client.get("/documents/terns", query_string={"find": words}))
    assert answer.status_code == 200
    assert seconds < MOST_SECONDS


def test_what_is_divided_keeps_all_its_words(tmp_path: Path) -> None:
    words = [f"tern{number}" for number in range(300)]
    engine = engine_of(tmp_path, terns=(" " * 3_000).join(words))
    document, passages = engine.document_with_passages("terns")
    assert [word for each in passages for word in each.text.split()] == words
    assert all(document.text[each.start : each.end] == each.text for each in passages)


def test_a_name_that_is_as_long_as_names_may_be_costs_that_file_nothing(tmp_path: Path) -> None:
    engine = engine_of(tmp_path, terns="Terns nest.\n", **{"x" * 250: "Gulls swim in winter.\n"})
    assert [each.title for each in engine.contents()] == ["terns", "x" * 250]


def test_addresses_that_a_browser_would_run_are_dropped(tmp_path: Path) -> None:
    header = '---\ntitle: T\nurl: " java\\tscript:alert(1)"\nreferences:\n'
    header += '- {marker: "1", text: A., url: "JavaScript:alert(1)"}\n'
    header += '- {marker: "2", text: B., url: "https://example.org/b"}\n---\n'
    engine = engine_of(tmp_path, terns=f"{header}Terns nest. [1, 2]\n")
    document = engine.document("terns")
    assert document.url is None
    assert [each.url for each in document.references] == [None, "https://example.org/b"]


def test_kept_answers_have_a_size_in_all() -> None:
    made = Kept(lambda number: b"x" * 1_000 * number, most=10, heaviest=20_000, weigh=len)
    for number in [*range(1, 9), 8, 8]:
        assert len(made(number)) == 1_000 * number
        assert made.weight <= 20_000
    assert made.weight == 15_000 + len("(7,)") + len("(8,)")
    assert len(made(30)) == 30_000
    assert made.weight == 15_000 + len("(7,)") + len("(8,)")


def test_what_was_asked_counts_among_what_is_kept() -> None:
    made = Kept(lambda _: b"", most=10, heaviest=20_000, weigh=len)
    for number in range(10):
        made(f"{number}" * 5_000)
        assert 5_000 <= made.weight <= 20_000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts what a process has")
@pytest.mark.parametrize("is_in_reading", [True, False])
def test_a_file_that_takes_too_much_memory_of_the_main_process_costs_itself_or_the_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_in_reading: bool
) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "large.txt").write_text("Gulls swim in winter. " * 1_400_000)
    (tmp_path / "all" / "terns.txt").write_text("Terns nest on beaches.\n")
    before = resource.getrlimit(resource.RLIMIT_DATA)
    given = sorted((tmp_path / "all").iterdir())[0 if is_in_reading else 1 :]

    @contextmanager
    def small(megabytes: int, *, more: int) -> Iterator[None]:
        assert (megabytes, more) == (2048, 2 * sum(path.stat().st_size for path in given))
        with memory_bound(64, more=0):
            yield

    def greedy(*_: object, **__: object) -> Indexed:
        return Indexed(*map(bytearray, (100_000_000, 100_000_000, 100_000_000)))  # type: ignore[arg-type]

    monkeypatch.setattr(adding, "memory_bound", small)
    refused: list[SourceError] = []
    engine = Engine.create(Settings(library=tmp_path / "library", meaning="off"))
    if is_in_reading:
        engine.add(given, on_unreadable=refused.append)
        assert [entry.id for entry in engine.contents()] == ["terns"]
    else:
        monkeypatch.setattr(indexing, "update", greedy)
        with pytest.raises(SourceLimitError) as caught:
            engine.add(given)
        refused.append(caught.value)
        assert not (tmp_path / "library").exists()
    assert "takes more memory to index than the 2,048 megabytes" in refused[0].message
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def judgement(number: int, *, comment: str = "") -> dict[str, object]:
    return {"key": f"{number:032x}", "question": "Where do terns nest?", "helpful": True, "comment": comment}


def test_feedback_is_refused_that_comes_too_fast_but_for_changes_of_it(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_MOST_A_MINUTE", 3)
    assert [client.post("/feedback", json=judgement(number)).status_code for number in range(3)] == [201] * 3
    refused = client.post("/feedback", json=judgement(4))
    assert (refused.status_code, refused.get_json()["type"]) == (429, "/problems/feedback_rate")
    assert refused.headers["Retry-After"] == "60"
    assert client.post("/feedback", json=judgement(2, comment="Yes")).status_code == 201


@pytest.mark.parametrize(("bound", "most"), [("_MOST", 2), ("_LARGEST", 40_000)])
def test_feedback_is_bounded_in_number_and_bytes(
    client: FlaskClient, engine: Engine, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(store, bound, most)
    answers = [client.post("/feedback", json=judgement(number, comment="x" * 2_000)) for number in range(20)]
    kept = [each for each in answers if each.status_code == 201]
    assert 0 < len(kept) < 20
    assert {each.status_code for each in answers[len(kept) :]} == {503}
    assert answers[-1].get_json()["type"] == "/problems/feedback_full"
    assert engine.feedback.path.stat().st_size <= 100_000


def test_json_on_the_terminal_has_no_character_that_could_steer_it(tmp_path: Path) -> None:
    (tmp_path / "terns.md").write_text(
        "# Terns\u009b\u202e nest\n\nTerns nest\u009b31m on beaches.\n", encoding="utf-8"
    )
    library = ["--library", str(tmp_path / "library")]
    runner = CliRunner(env={"PINCITE_MEANING": "off"})
    assert runner.invoke(cli, ["index", str(tmp_path / "terns.md"), *library]).exit_code == 0
    for command in (["ask", "Where do terns nest?", "--json"], ["list", "--json"]):
        printed = runner.invoke(cli, [*command, *library]).stdout
        assert not set("\u009b\u202e") & set(printed)
        assert "\u202e" in json.dumps(json.loads(printed), ensure_ascii=False)
