"""Who may ask: the file of tokens, what a token opens, and the session of a browser that has signed in with one."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from browsing import ANSWERED
from click.testing import CliRunner
from conftest import TERNS, served_address
from flask import Blueprint, Flask, request
from flask.testing import FlaskClient

import pincite
from qa import Engine, Settings
from qa.errors import TokensError
from web import create_app
from web.access import tokens
from web.access.ended import EndedSessions
from web.access.guard import OPEN, is_local, may
from web.access.tokens import RIGHTS, Right, TokensFile, add_token, read_tokens, revoke_token
from web.command import cli

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "What was the hazard ratio of bevacor?"
FEEDBACK = {"key": "00112233445566778899aabbccddeeff", "question": QUESTION, "helpful": True}
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(autouse=True)
def files_are_looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("tokens", "ended"):
        monkeypatch.setattr(f"web.access.{module}.OFTEN", 0.0)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


@pytest.fixture
def anna(file: Path) -> str:
    """A token that may ask and send feedback."""
    return add_token(file, "anna", ["ask", "feedback"])


def app_of(folder: Path, **settings: Any) -> Flask:
    engine = Engine.create(Settings(meaning="off", feedback=folder / "feedback.sqlite3", **settings))
    engine.add([TERNS])
    return create_app(engine)


@pytest.fixture
def app(tmp_path: Path, file: Path, anna: str) -> Flask:  # noqa: ARG001 - the file is there with it
    return app_of(tmp_path, tokens_file=file)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def sign_in(client: FlaskClient, token: str, wanted: str = "/", **options: Any) -> Any:
    return client.post("/sign-in", data={"token": token, "next": wanted}, **options)


# What a token opens


def test_who_may_not_judge_is_not_asked_to(client: FlaskClient, file: Path, anna: str) -> None:
    bot = add_token(file, "bot", ["ask"])
    for token, forms in ((anna, 1), (bot, 0)):
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
        page = client.get("/", query_string={"q": ANSWERED}, headers=headers)
        assert (page.status_code, page.text.count('action="/feedback"')) == (200, forms)


def test_every_address_asks_for_a_token_but_health_static_files_and_the_way_in(app: Flask, client: FlaskClient) -> None:
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    assert rules >= OPEN
    for rule in app.url_map.iter_rules():
        address = re.sub(r"<[^>]+>", "style.css", rule.rule)
        for method in (rule.methods or set()) - {"OPTIONS"}:
            with client.open(address, method=method) as answer:
                assert (answer.status_code == 401) is (rule.rule not in OPEN), (method, address)
                assert ("WWW-Authenticate" in answer.headers) is (rule.rule not in OPEN)
    assert client.get("/nowhere").status_code == client.put("/ask").status_code == 401


@pytest.mark.parametrize("address", ["/livez", "/readyz", "/static/style.css", "/widget.js", "/sign-in"])
def test_what_is_open_is_given_to_anybody(client: FlaskClient, address: str) -> None:
    with client.get(address) as answer:
        assert answer.status_code == 200


def test_a_token_in_the_header_opens_the_service(client: FlaskClient, anna: str) -> None:
    answer = client.post("/ask", json={"question": QUESTION}, headers=bearer(anna))
    assert (answer.status_code, json.loads(answer.text)["outcome"]) == (200, "answered")
    for written in (f"bearer {anna}", f"BEARER   {anna}"):
        assert client.get("/documents.json", headers={"Authorization": written}).status_code == 200
    assert client.post("/feedback", json=FEEDBACK, headers=bearer(anna)).status_code == 201


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer ", "Bearer nonsense", "Bearer " + "a" * 30_000, "Basic YTpi", "Bearer \xff\xfe\x80", "anna"],
)
def test_another_header_opens_nothing(client: FlaskClient, given: str) -> None:
    answer = client.post("/ask", json={"question": QUESTION}, environ_overrides={"HTTP_AUTHORIZATION": given})
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.json == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "This token is not known here, or was revoked."
        if given.startswith("Bearer ")
        else "This service asks for a token. In a browser, sign in at /sign-in.",
        "request_id": answer.headers["X-Request-ID"],
    }
    assert answer.headers["WWW-Authenticate"].startswith("Bearer realm=pincite")


def test_a_token_that_only_begins_like_one_or_goes_on_is_none(client: FlaskClient, anna: str) -> None:
    for near in (anna[:-1], anna + "a", anna.swapcase(), tokens.digest_of(anna)):
        assert client.get("/", headers=bearer(near)).status_code == 401


def test_a_token_opens_what_it_is_good_for_and_no_more(client: FlaskClient, file: Path) -> None:
    asks, judges = (bearer(add_token(file, name, [name])) for name in ("ask", "feedback"))
    assert client.post("/ask", json={"question": QUESTION}, headers=asks).status_code == 200
    refused = client.post("/feedback", json=FEEDBACK, headers=asks)
    assert (refused.status_code, refused.mimetype) == (403, "application/problem+json")
    assert "lacks the right 'feedback'" in refused.json["detail"]  # type: ignore[index]
    assert client.post("/feedback", json=FEEDBACK, headers=judges).status_code == 201
    assert client.post("/ask", json={"question": QUESTION}, headers=judges).status_code == 403
    assert client.get("/", headers=judges | BROWSER).status_code == 403


def test_a_change_of_the_file_holds_from_the_next_look_on(client: FlaskClient, file: Path, anna: str) -> None:
    assert client.get("/", headers=bearer(anna)).status_code == 200
    revoke_token(file, "anna")
    assert client.get("/", headers=bearer(anna)).status_code == 401
    again = add_token(file, "anna", ["ask"])
    assert client.get("/", headers=bearer(again)).status_code == 200
    assert client.get("/", headers=bearer(anna)).status_code == 401


def test_the_file_is_read_after_a_change_alone(file: Path, anna: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []

    def read(path: Path) -> tokens.Tokens:
        reads.append(path)
        return read_tokens(path)

    monkeypatch.setattr(tokens, "read_tokens", read)
    watched = TokensFile(file)
    for _ in range(10):
        assert watched.current().of(anna)
    assert reads == [file]


def test_the_file_is_looked_at_twice_a_second(file: Path, anna: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "OFTEN", 0.5)
    now = 1000.0
    monkeypatch.setattr("web.access.tokens.time.monotonic", lambda: now)
    watched = TokensFile(file)
    assert watched.current().of(anna)
    revoke_token(file, "anna")
    now += 0.4
    assert watched.current().of(anna)
    now += 0.2
    assert watched.current().of(anna) is None


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"format": 2}', None])
def test_without_a_file_that_can_be_read_nobody_gets_in(
    client: FlaskClient, file: Path, anna: str, broken: Any
) -> None:
    file.unlink() if broken is None else file.write_text(broken)
    answer = client.post("/ask", json={"question": QUESTION}, headers=bearer(anna))
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/tokens_file")  # type: ignore[index]
    assert str(file) not in answer.text
    assert client.get("/livez").status_code == 200


def test_without_a_file_of_tokens_the_service_asks_for_none(tmp_path: Path) -> None:
    client = app_of(tmp_path).test_client()
    assert client.get("/", headers=bearer("anything")).status_code == 200
    assert client.get("/sign-in").status_code == 404


def test_a_service_does_not_start_over_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TokensError, match="is not there"):
        app_of(tmp_path, tokens_file=tmp_path / "none.json")


# Who manages


def managing_client(app: Flask) -> FlaskClient:
    """The client of a service that has something to manage."""
    manage = Blueprint("manage", __name__)
    manage.add_url_rule("/manage", "all", lambda: "managed", methods=["GET", "POST"])
    app.add_url_rule("/may", "may", lambda: str(may(request, "manage")))
    app.register_blueprint(manage)
    return app.test_client()


def test_with_tokens_only_one_that_may_manage_manages(app: Flask, file: Path, anna: str) -> None:
    client, maria = managing_client(app), add_token(file, "maria", ["ask", "manage"])
    assert client.get("/manage").status_code == 401
    assert client.get("/manage", headers=bearer(anna)).status_code == 403
    assert client.get("/manage", headers=bearer(maria)).status_code == 200
    assert [client.get("/may", headers=bearer(each)).text for each in (anna, maria)] == ["False", "True"]


@pytest.mark.parametrize(
    ("told", "is_here"),
    [
        ({}, True),
        ({"REMOTE_ADDR": "::1", "HTTP_HOST": "[::1]:8000"}, True),
        ({"REMOTE_ADDR": "::ffff:127.0.0.1", "HTTP_HOST": "127.0.0.1"}, True),
        ({"REMOTE_ADDR": "192.0.2.1"}, False),
        ({"REMOTE_ADDR": ""}, False),
        ({"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, False),
        ({"HTTP_FORWARDED": "for=127.0.0.1"}, False),
        ({"HTTP_X_FORWARDED_PORT": "80"}, False),
        ({"HTTP_X_ORIGINAL_URL": "/manage"}, False),
        ({"HTTP_TRUE_CLIENT_IP": "127.0.0.1"}, False),
        ({"HTTP_X_REAL_IP": "127.0.0.1"}, False),
        ({"HTTP_CF_RAY": "7"}, False),
        ({"HTTP_X_AMZN_TRACE_ID": "7"}, False),
        ({"HTTP_PROXY_CONNECTION": "keep-alive"}, False),
        ({"HTTP_VIA": "1.1 proxy"}, False),
        ({"SERVER_PROTOCOL": "HTTP/1.0"}, False),
        ({"HTTP_REFERER": "https://answers.example/manage"}, False),
        ({"HTTP_ORIGIN": "null"}, False),
        ({"HTTP_REFERER": "http://localhost:8000/manage", "HTTP_ORIGIN": "http://127.0.0.1:8000"}, True),
        ({"HTTP_USER_AGENT": "x", "HTTP_X_REQUESTED_WITH": "x", "HTTP_ORIGINATOR": "x"}, True),
        ({"HTTP_HOST": "answers.example"}, False),
    ],
)
def test_without_tokens_only_this_machine_itself_manages(tmp_path: Path, told: dict[str, str], is_here: bool) -> None:
    app = app_of(tmp_path, allowed_hosts=("answers.example",))
    answer = managing_client(app).get("/manage", environ_overrides=told)
    assert answer.status_code == (200 if is_here else 403)
    with app.test_request_context("/", environ_overrides={"REMOTE_ADDR": "127.0.0.1", **told}):
        assert is_local(request) is may(request, "manage") is is_here
        assert may(request, "ask")


def test_with_trusted_proxies_nobody_manages_without_a_token(tmp_path: Path) -> None:
    client = managing_client(app_of(tmp_path, trusted_proxies=("192.0.2.1",)))
    answers = [client.get("/manage", environ_overrides={"REMOTE_ADDR": each}) for each in ("127.0.0.1", "192.0.2.1")]
    assert [each.status_code for each in answers] == [403, 403]
    assert "web/access/README.md says how tokens are made" in answers[0].text


def test_a_page_elsewhere_cannot_make_a_browser_on_this_machine_manage(tmp_path: Path) -> None:
    client = managing_client(app_of(tmp_path))
    for elsewhere in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert client.post("/manage", headers=elsewhere).status_code == 403
        assert client.post("/manage", headers={**elsewhere, "Authorization": "Basic YTpi"}).status_code == 403
    assert client.post("/manage").status_code == 200


# Signing in


def test_a_browser_that_wants_a_page_signs_in_and_gets_there(client: FlaskClient, anna: str) -> None:
    wanted = "/?q=hazard+ratio+%26+more&document=second-treatment"
    sent = client.get(wanted, headers=BROWSER)
    assert sent.status_code == 303
    form = client.get(sent.headers["Location"], headers=BROWSER)
    assert form.status_code == 200
    [kept] = re.findall(r'name="next" value="([^"]*)"', form.text)
    signed = sign_in(client, anna, kept.replace("&amp;", "&"), headers=BROWSER)
    assert (signed.status_code, signed.headers["Location"]) == (303, wanted)
    assert client.get(wanted).status_code == 200
    assert "Signed in as anna" in client.get("/").text
    assert client.post("/ask", json={"question": QUESTION}).status_code == 200
    assert client.post("/sign-out").headers["Location"] == "/sign-in"
    assert client.post("/ask", json={"question": QUESTION}).status_code == 401


def test_the_cookie_is_for_this_service_alone_and_for_no_script(client: FlaskClient, anna: str) -> None:
    by_http = sign_in(client, anna).headers["Set-Cookie"]
    assert by_http.startswith("pincite=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(by_http.split("; "))
    assert "Domain" not in by_http
    assert anna not in by_http
    by_https = sign_in(client, anna, base_url="https://localhost").headers["Set-Cookie"]
    assert by_https.startswith("__Host-pincite=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(by_https.split("; "))
    assert client.get("/", base_url="https://localhost").status_code == 200


@pytest.mark.parametrize(
    ("given", "said"), [("", "Please give your token"), ("x" * 9999, "not known here"), ("é\0", "not known here")]
)
def test_a_wrong_token_gets_the_form_again(client: FlaskClient, given: str, said: str) -> None:
    answer = sign_in(client, given, "/documents")
    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert said in answer.text
    assert 'value="/documents"' in answer.text
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "wanted",
    [
        *("//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "/\n/evil.example"),
        *("\\\\evil.example", "javascript:alert(1)", "evil", ""),
    ],
)
def test_signing_in_leads_nowhere_else(client: FlaskClient, anna: str, wanted: str) -> None:
    assert sign_in(client, anna, wanted).headers["Location"] == "/"
    assert 'name="next" value="/"' in client.get("/sign-in", query_string={"next": wanted}).text


@pytest.mark.parametrize("elsewhere", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_no_page_elsewhere_signs_in_or_out_or_asks_by_a_session(
    client: FlaskClient, anna: str, elsewhere: dict[str, str]
) -> None:
    assert sign_in(client, anna, headers=elsewhere).status_code == 403
    sign_in(client, anna)
    assert client.post("/sign-out", headers=elsewhere).status_code == 403
    for address in ("/ask", "/feedback", "/conversation.json"):
        assert client.post(address, json={}, headers=elsewhere).status_code == 403
    assert client.post("/ask", json={"question": QUESTION}, headers=elsewhere | bearer(anna)).status_code == 200


def test_a_session_ends_with_its_token(client: FlaskClient, file: Path, anna: str) -> None:
    sign_in(client, anna)
    assert client.get("/").status_code == 200
    revoke_token(file, "anna")
    assert client.get("/").status_code == 401
    add_token(file, "anna", ["ask"])
    assert client.get("/").status_code == 401


def cookie_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("pincite")
    assert cookie
    return cookie.value


def test_a_session_that_was_signed_out_of_is_over_for_every_copy_of_it(
    client: FlaskClient, file: Path, anna: str
) -> None:
    sign_in(client, anna)
    copied = cookie_of(client)
    sign_in(client, anna)  # which ends the one before
    other = cookie_of(client)
    assert copied != other
    ended = file.with_name("tokens.json.ended")
    for copy, status in ((copied, 401), (other, 200)):
        client.set_cookie("pincite", copy)
        assert client.get("/").status_code == status
    signed_out = client.post("/sign-out")
    assert signed_out.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get_cookie("pincite") is None
    client.set_cookie("pincite", other)
    assert client.get("/").status_code == 401
    assert len(ended.read_text().splitlines()) == 2
    assert other not in ended.read_text()
    assert ended.stat().st_mode & 0o077 == 0 or os.name != "posix"


def test_a_signature_that_is_written_otherwise_opens_no_session_again(client: FlaskClient, anna: str) -> None:
    sign_in(client, anna)
    session = cookie_of(client)
    same = session[:-1] + chr(ord(session[-1]) + 1)  # the last letter of the signature has two bits that say nothing
    client.set_cookie("pincite", same)
    assert client.get("/").status_code == 200
    client.set_cookie("pincite", session)
    client.post("/sign-out")
    client.set_cookie("pincite", same)
    assert client.get("/").status_code == 401


def test_of_ended_sessions_those_are_kept_that_could_still_hold_and_no_more_than_so_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.access.ended._MOST", 3)
    ended, now = EndedSessions(tmp_path / "ended"), time.time()
    ended.add("of another", "b", until=now + 60)
    ended.add("long ago", "a", until=now - 60)
    for number in range(5):
        ended.add(f"session {number}", "a", until=now + 60)
        ended.add(f"session {number}", "a", until=now + 60)
    assert [ended.has(f"session {number}") for number in range(5)] == [False, False, True, True, True]
    assert ended.has("of another")
    assert not ended.has("long ago")
    assert EndedSessions(tmp_path / "ended").has("session 4")


def test_a_broken_file_of_ended_sessions_lets_nobody_in_by_a_session(
    client: FlaskClient, file: Path, anna: str
) -> None:
    sign_in(client, anna)
    file.with_name("tokens.json.ended").write_text("0123456789abcdef 0123")
    assert client.get("/").status_code == 503
    assert client.get("/ask?q=a", headers={"Authorization": f"Bearer {anna}"}).status_code == 200


def test_where_an_end_cannot_be_written_down_the_browser_forgets_the_session_and_is_told(
    client: FlaskClient, file: Path, anna: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.access.replacing._PATIENCE", 0.05)
    file.with_name("tokens.json.ended.new").touch()
    sign_in(client, anna)
    assert sign_in(client, anna).status_code == 303
    answer = client.post("/sign-out")
    assert (answer.status_code, client.get_cookie("pincite")) == (503, None)


def test_a_session_ends_after_thirty_days(client: FlaskClient, anna: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(client, anna)
    now = time.time()
    for days, status in ((29, 200), (31, 401)):
        monkeypatch.setattr("web.access.sessions.time.time", lambda days=days: now + days * 86_400)
        assert client.get("/").status_code == status


def test_a_session_that_was_not_signed_here_is_none(client: FlaskClient, file: Path, anna: str) -> None:
    sign_in(client, anna)
    cookie = client.get_cookie("pincite")
    assert cookie
    named, begun, signature = cookie.value.split(".")
    token_id = named.partition("-")[0]
    made = add_token(file, "bert", ["ask", "manage"])
    bert = read_tokens(file).of(made)
    assert bert
    forged = [
        "",
        "...",
        "\x80",
        token_id,
        named,
        f"{named}.{begun}.",
        f"{named}.{begun}.{signature[:-2]}AA",
        f"{named}.zzzzzz.{signature}",
        f"{named}x.{begun}.{signature}",
        f"{bert.id}-{named.partition('-')[2]}.{begun}.{signature}",
        "a" * 4000,
    ]
    for value in forged:
        client.set_cookie("pincite", value)
        assert client.get("/").status_code == 401, value
    client.set_cookie("pincite", cookie.value)
    assert client.get("/").status_code == 200
    other = json.loads(file.read_text()) | {"secret": "another-secret-of-thirty-two-characters"}
    file.write_text(json.dumps(other))
    assert client.get("/").status_code == 401


def test_a_header_counts_before_a_session(client: FlaskClient, anna: str) -> None:
    sign_in(client, anna)
    assert client.get("/", headers=bearer("nonsense")).status_code == 401
    assert client.get("/", headers={"Authorization": "Basic YTpi"}).status_code == 200  # of a proxy


# Programs


def test_the_client_gives_its_token(app: Flask, anna: str) -> None:
    httpx2 = pytest.importorskip("httpx2", reason="the extra 'client' is not installed")
    transport = httpx2.WSGITransport(app=app)
    with pincite.Client("http://localhost", token=anna, transport=transport) as client:
        assert client.ask(QUESTION).answered
    with (
        pincite.Client("http://localhost", token="wrong", transport=transport) as client,  # noqa: S106
        pytest.raises(pincite.ServiceError) as refused,
    ):
        client.ask(QUESTION)
    assert refused.value.status == 401


def test_openais_package_gives_its_key_as_a_token(app: Flask, anna: str) -> None:
    openai = pytest.importorskip("openai")
    with served_address(app) as address:
        asked: Any = {"model": "pincite", "messages": [{"role": "user", "content": QUESTION}]}
        with openai.OpenAI(base_url=f"{address}/v1", api_key=anna) as client:
            assert "hazard ratio was 0.48" in client.chat.completions.create(**asked).choices[0].message.content
        with openai.OpenAI(base_url=f"{address}/v1", api_key="none") as client:
            with pytest.raises(openai.AuthenticationError) as refused:
                client.chat.completions.create(**asked)
            assert refused.value.body["type"] == "authentication_error"


def test_the_tools_of_an_assistant_come_with_a_token(app: Flask, anna: str) -> None:
    mcp = pytest.importorskip("mcp", reason="the extra 'mcp' is not installed")
    httpx2 = pytest.importorskip("httpx2")
    from mcp.client.streamable_http import streamable_http_client

    async def ask(address: str) -> Any:
        async with (
            httpx2.AsyncClient(headers=bearer(anna)) as http,
            mcp.Client(streamable_http_client(f"{address}/mcp", http_client=http)) as client,
        ):
            return await client.call_tool("ask", {"question": QUESTION})

    with served_address(app) as address:
        assert asyncio.run(ask(address)).structured_content["outcome"] == "answered"
    assert app.test_client().post("/mcp", json={}).status_code == 401


def test_a_widget_may_give_a_token_from_a_page_that_is_named(tmp_path: Path, file: Path, anna: str) -> None:
    client = app_of(tmp_path, tokens_file=file, widget_origins=("https://example.org",)).test_client()
    page = {"Origin": "https://example.org", "Sec-Fetch-Site": "cross-site"}
    may_it = {**page, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    told = client.options("/ask", headers=may_it)
    assert told.status_code == 200
    assert told.headers["Access-Control-Allow-Origin"] == "https://example.org"
    assert "Authorization" in told.headers["Access-Control-Allow-Headers"]
    assert client.post("/ask", json={"question": QUESTION}, headers=page | bearer(anna)).status_code == 200
    refused = client.post("/ask", json={"question": QUESTION}, headers=page)
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, "https://example.org")


def test_the_openapi_document_says_how_to_give_a_token(tmp_path: Path, client: FlaskClient, anna: str) -> None:
    document: Any = client.get("/openapi.json", headers=bearer(anna)).json
    schemes = document["components"]["securitySchemes"]
    assert (schemes["token"]["type"], schemes["token"]["scheme"]) == ("http", "bearer")
    assert document["security"] == [{"token": []}, {"session": []}]
    assert document["paths"]["/livez"]["get"]["security"] == []
    assert {"401", "403", "429"} <= set(document["paths"]["/ask"]["post"]["responses"])
    without: Any = app_of(tmp_path).test_client().get("/openapi.json").json
    assert "security" not in without
    assert "401" not in without["paths"]["/ask"]["post"]["responses"]


# The file


def test_the_file_keeps_digests_for_its_user_alone(file: Path, anna: str) -> None:
    kept = file.read_text("utf-8")
    assert anna not in kept
    assert anna.removeprefix("pincite_") not in kept
    assert tokens.digest_of(anna) in kept
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.skipif(not hasattr(os, "fchown"), reason="the system has no owners of files")
def test_a_change_leaves_the_file_to_its_owner_and_its_group_and_to_no_others(file: Path, anna: str) -> None:
    assert anna
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(file, 1234, 5678)
    for mode, kept in ((0o640, 0o640), (0o600, 0o600), (0o664, 0o640)):
        file.chmod(mode)
        add_token(file, f"bert-{mode}", ["ask"])
        assert file.stat().st_mode & 0o777 == kept
    if is_root:
        assert (file.stat().st_uid, file.stat().st_gid) == (1234, 5678)


def test_a_link_to_the_file_stays_one(file: Path, anna: str) -> None:
    link = file.with_name("link.json")
    link.symlink_to(file.name)
    add_token(link, "bert", ["ask"])
    assert link.is_symlink()
    assert read_tokens(file).of(anna)
    assert [each.name for each in read_tokens(file).tokens] == ["anna", "bert"]


ADD = "import sys; from pathlib import Path; from web.access.tokens import add_token; [add_token(Path(sys.argv[1]), f'{sys.argv[2]}-{n}', ['ask']) for n in range(20)]"  # noqa: E501


def test_of_what_several_commands_add_at_once_nothing_is_lost(file: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", ADD, str(file), name], cwd=ROOT) for name in "abc"]
    assert [each.wait(timeout=60) for each in running] == [0, 0, 0]
    found = {each.name for each in read_tokens(file).tokens}
    assert found == {f"{name}-{number}" for name in "abc" for number in range(20)}


def test_a_change_that_another_did_not_finish_is_told(file: Path, anna: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.access.replacing._PATIENCE", 0.05)
    beside = file.with_name("tokens.json.new")
    beside.touch()
    with pytest.raises(TokensError, match=f"delete {re.escape(str(beside))}"):
        add_token(file, "bert", ["ask"])
    assert read_tokens(file).of(anna)
    beside.unlink()
    add_token(file, "bert", ["ask"])


def test_a_change_that_is_refused_leaves_the_file_as_it_was(file: Path, anna: str) -> None:
    before = file.read_bytes()
    for name in ("anna", "", "a b", "../x", "x" * 65, "a\nb"):
        with pytest.raises(TokensError):
            add_token(file, name, ["ask"])
    with pytest.raises(TokensError, match="no token called bert"):
        revoke_token(file, "bert")
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert read_tokens(file).of(anna)


@pytest.mark.parametrize(
    "change",
    [
        {"secret": "short"},
        {"secret": 5},
        {"tokens": [{"name": "a"}]},
        {"tokens": [{"name": "a", "sha256": "0" * 63, "may": ["ask"], "added": "2026-01-01"}]},
        {"tokens": [{"name": "a", "sha256": "0" * 64, "may": "ask", "added": "2026-01-01"}]},
        {"tokens": [{"name": "a", "sha256": "0" * 64, "may": ["all"], "added": "2026-01-01"}]},
        {"tokens": [{"name": "a", "sha256": "0" * 64, "may": ["ask"], "added": "soon"}]},
        {"tokens": [{"name": "a", "sha256": "0" * 64, "may": [], "added": "2026-01-01"}] * 2},
        {"tokens": None},
    ],
)
def test_a_file_with_something_wrong_in_it_is_refused_whole(file: Path, anna: str, change: dict[str, Any]) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(TokensError, match="is no file of tokens: "):
        read_tokens(file)
    with pytest.raises(TokensError):
        add_token(file, "bert", ["ask"])
    assert anna


# The commands


@pytest.fixture
def command(file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("PINCITE_TOKENS_FILE", str(file))
    yield lambda *arguments: CliRunner().invoke(cli, ["token", *arguments])


def test_a_token_is_made_listed_and_revoked_at_the_command_line(command: Any, file: Path) -> None:
    made = command("add", "anna")
    assert made.exit_code == 0
    token = made.stdout.removesuffix("\n")
    assert "not shown again" in made.stderr
    found = read_tokens(file).of(token)
    assert found
    assert (found.name, sorted(found.may)) == ("anna", ["ask", "feedback"])
    assert command("add", "bot", "--may", "ask", "--may", "manage").exit_code == 0
    day = found.added.isoformat()
    assert command("list").stdout == f"anna  {day}  ask, feedback\nbot  {day}  ask, manage\n"
    assert command("revoke", "anna").stdout == "Revoked anna.\n"
    assert command("list").stdout == f"bot  {day}  ask, manage\n"
    assert read_tokens(file).of(token) is None


def test_a_command_that_cannot_be_done_says_why(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command("list").exit_code == 2
    assert "is not there" in command("list").stderr
    command("add", "anna")
    assert "has a token called anna already" in command("add", "anna").stderr
    monkeypatch.delenv("PINCITE_TOKENS_FILE")
    nowhere = command("add", "anna")
    assert nowhere.exit_code == 2
    assert "--tokens-file FILE" in nowhere.stderr


def test_the_rights_that_the_command_offers_are_all_there_are() -> None:
    [option] = [each for each in cli.commands["token"].commands["add"].params if each.name == "may"]  # type: ignore[attr-defined]
    assert tuple(option.type.choices) == RIGHTS == get_args(Right)
