"""Entity tags: what a client has kept is not sent again, and never stands for what has changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from http.client import HTTPConnection
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from test_serving import ANSWERED, library, port_of
from test_web_command import serving
from werkzeug.test import TestResponse

from qa import Engine, Settings
from web import create_app
from web.access.tokens import add_token, revoke_token
from web.freshness import TAGGED

__all__ = ["library"]  # the fixture

QUESTION = {"q": ANSWERED}
ADDRESSES = [
    "/",
    f"/?q={ANSWERED}",
    f"/ask?q={ANSWERED}",
    "/suggestions.json?q=fever",
    "/documents.json",
    "/documents?q=fever",
    "/documents/spotting",
    "/documents/spotting.json",
    "/passages/spotting-00000.json",
    "/passages/spotting-00000.txt",
    "/passages/spotting-00000.ris",
    "/conversation.json?q=fever",
    "/openapi.json",
    "/problems/library",
    "/widget.json",
    "/widget.js",
    "/v1/models",
]

UNTAGGED = {
    "static": "has tags of Flask's and ours",
    "api.livez": "says that the process runs now",
    "api.readyz": "says that the library can be asked now",
    "pages.passage": "is a redirect",
    "metrics.all_of_them": "totals",
    "sessions.form": "is a form to sign in, which nobody is to keep",
}


@pytest.fixture
def app(library: Path) -> Flask:
    return create_app(Engine.open(Settings(library=library, metrics="on")))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client(use_cookies=False)


def again(client: FlaskClient, first: TestResponse, **headers: str) -> TestResponse:
    """The same request by a client that has kept the first answer."""
    tag = first.headers["ETag"]
    return client.get(first.request.full_path, headers={"If-None-Match": tag, **headers})


def test_every_address_to_read_from_has_a_tag_or_a_reason_why_not(app: Flask) -> None:
    readable = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    unknown = {each for each in readable - TAGGED - set(UNTAGGED) if not each.startswith("manage.")}
    assert unknown == TAGGED - readable == TAGGED & set(UNTAGGED) == set()


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_a_client_has_kept_is_not_sent_again(client: FlaskClient, address: str, method: str) -> None:
    first = client.open(address, method=method)
    assert first.status_code == 200
    assert re.fullmatch(r'W/"[0-9a-f]{32}"', first.headers["ETag"])
    assert first.headers["Cache-Control"] == "private, no-cache"
    second = client.open(address, method=method, headers={"If-None-Match": f'"other", {first.headers["ETag"]}'})
    assert (second.status_code, second.data) == (304, b"")
    assert "Content-Type" not in second.headers
    for name in ("ETag", "Cache-Control", "Vary", "X-Library-Version", "Content-Security-Policy"):
        assert second.headers.getlist(name) == first.headers.getlist(name)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_answer_that_is_kept_costs_no_search_and_no_page(
    client: FlaskClient, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.get(address)

    def work(*_: object, **__: object) -> None:
        raise AssertionError

    for endpoint in TAGGED:
        monkeypatch.setitem(client.application.view_functions, endpoint, work)
    assert again(client, first).status_code == 304


def test_a_client_that_has_kept_anything_needs_nothing(client: FlaskClient) -> None:
    assert client.get("/documents.json", headers={"If-None-Match": "*"}).status_code == 304
    assert client.get("/documents/none.json", headers={"If-None-Match": "*"}).status_code == 404


@pytest.mark.parametrize("address", ["/documents/none", "/documents/none.json", "/ask", "/ask?q=", "/nowhere"])
def test_a_failure_has_no_tag_and_is_not_kept(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code >= 400
    assert "ETag" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Accept" in answer.headers["Vary"]


def test_an_answer_to_a_post_has_no_tag(client: FlaskClient) -> None:
    answer = client.post("/ask", json={"question": ANSWERED}, headers={"If-None-Match": "*"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert "ETag" not in answer.headers
    assert {"Accept", "Origin"} <= set(answer.vary)


def test_after_a_change_of_the_library_every_answer_is_made_anew(client: FlaskClient, library: Path) -> None:
    kept = [client.get(address) for address in ADDRESSES]
    Engine.open(Settings(library=library)).remove(["second-treatment"])
    for first in kept:
        second = again(client, first)
        assert (second.status_code, second.headers["ETag"] == first.headers["ETag"]) == (200, False)


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept-Language": "de"},
        {"Cookie": "pincite_language=de"},
        {"Accept": "text/html"},
        {"Host": "127.0.0.1"},
        {"Authorization": "Bearer abc"},
    ],
)
def test_an_answer_to_another_reader_is_another(client: FlaskClient, headers: Mapping[str, str]) -> None:
    first = client.get("/", query_string=QUESTION)
    assert again(client, first, **headers).status_code == 200


def test_a_page_with_another_way_back_is_another(client: FlaskClient) -> None:
    first = client.get("/documents/spotting")
    assert "Referer" in first.headers["Vary"]
    assert again(client, first, Referer=f"http://localhost/?q={ANSWERED}").status_code == 200


def test_a_page_says_that_it_depends_on_language_and_cookies(client: FlaskClient) -> None:
    for address in ("/", "/documents", "/documents/spotting"):
        assert {"Accept-Language", "Cookie"} <= set(client.get(address).vary)
    assert "Origin" in client.get("/ask", query_string=QUESTION).headers.getlist("Vary")


def test_an_answer_of_another_day_is_another(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    first = client.get("/documents/spotting")
    monkeypatch.setattr("web.freshness.today", lambda: date(2030, 1, 1))
    assert again(client, first).status_code == 200


def test_an_answer_by_other_settings_or_another_program_is_another(
    client: FlaskClient, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.get("/", query_string=QUESTION)
    engine = Engine.open(Settings(library=library))
    engine.settings = replace(engine.settings, old_after=9)
    assert again(create_app(engine).test_client(), first).status_code == 200
    assert again(client, first).status_code == 304
    monkeypatch.setattr("web.freshness._program", lambda: "another")
    assert again(client, first).status_code == 200


def test_what_a_developer_changes_in_a_template_is_seen(app: Flask) -> None:
    app.jinja_env.auto_reload = True
    assert "ETag" not in app.test_client().get("/").headers


def test_a_library_that_cannot_be_asked_is_told_to_who_has_kept_an_answer(
    client: FlaskClient, library: Path, tmp_path: Path
) -> None:
    first = client.get("/documents.json")
    library.rename(tmp_path / "elsewhere")
    assert again(client, first).status_code == 503


def test_who_may_not_ask_any_more_is_not_told_that_nothing_changed(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.access.tokens.OFTEN", 0.0)  # seconds from one look at the file to the next
    tokens = tmp_path / "tokens.json"
    token = add_token(tokens, "reader", ["ask"])
    client = create_app(Engine.open(Settings(library=library, tokens_file=tokens))).test_client()
    bearer = {"Authorization": f"Bearer {token}"}
    first = client.get("/documents.json", headers=bearer)
    assert again(client, first, **bearer).status_code == 304
    revoke_token(tokens, "reader")
    assert again(client, first, **bearer).status_code == 401


def test_a_browser_keeps_nothing_of_what_it_got_by_signing_in(library: Path, tmp_path: Path) -> None:
    token = add_token(tmp_path / "tokens.json", "reader", ["ask"])
    client = create_app(Engine.open(Settings(library=library, tokens_file=tmp_path / "tokens.json"))).test_client()
    client.post("/sign-in", data={"token": token})
    assert [client.get(each).headers["Cache-Control"] for each in ("/", "/documents.json")] == ["no-store", "no-store"]
    by_header = client.get("/documents.json", headers={"Authorization": f"Bearer {token}"})
    assert by_header.headers["Cache-Control"] == "private, no-cache"


def test_no_worker_gives_a_stale_answer(library: Path) -> None:
    with serving("--library", str(library), "--port", "0", "--workers", "2") as (_, line):
        port = port_of(line)

        def get(tag: str = "") -> tuple[int, str]:
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", "/documents.json", headers={"If-None-Match": tag})
            answer = connection.getresponse()
            answer.read()
            connection.close()
            return answer.status, answer.headers["ETag"]

        [(status, before)] = {get() for _ in range(12)}
        assert status == 200
        assert {get(before) for _ in range(12)} == {(304, before)}
        Engine.open(Settings(library=library)).remove(["spotting"])
        [(status, after)] = {get(before) for _ in range(12)}
        assert (status, after != before) == (200, True)
