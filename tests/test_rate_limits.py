"""How much one client may ask in a minute: told in headers, refused with 429, and counted by all workers together."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from conftest import TERNS
from flask.testing import FlaskClient
from test_web_command import serving

from qa import Engine, Settings
from web import create_app
from web.access import counting, metering
from web.access.counting import Counts, own_memory, shared_memory
from web.access.rates import Rates, rates_of
from web.access.tokens import add_token

QUESTION = {"question": "What was the hazard ratio of bevacor?"}
CHEAP = "/problems/invalid_request"


@pytest.fixture(autouse=True)
def no_request_counts_for_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "PIECE", 1e9)


def client_of(**settings: Any) -> FlaskClient:
    engine = Engine.create(Settings(meaning="off", **settings))
    engine.add([TERNS])
    return create_app(engine).test_client()


def statuses(client: FlaskClient, number: int, address: str = "192.0.2.1", **options: Any) -> list[int]:
    return [client.get(CHEAP, environ_overrides={"REMOTE_ADDR": address}, **options).status_code for _ in range(number)]


# What a client is told


def test_an_address_is_told_what_is_left_and_then_refused() -> None:
    client = client_of(rate_limit=3)
    told = [client.post("/ask", json=QUESTION).headers for _ in range(3)]
    assert [each["RateLimit-Remaining"] for each in told] == ["2", "1", "0"]
    assert {each["RateLimit-Limit"] for each in told} == {"3"}
    assert all(1 <= int(each["RateLimit-Reset"]) <= 60 for each in told)
    refused = client.post("/ask", json=QUESTION)
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    problem: Any = refused.json
    assert (problem["status"], problem["title"]) == (429, "Too Many Requests")
    assert problem["detail"].startswith("More than 3 requests came within a minute from this address.")


def test_a_refusal_is_a_page_in_a_browser_and_has_openais_form_under_v1() -> None:
    client = client_of(rate_limit=1)
    client.get("/")
    page = client.get("/", headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (429, "text/html")
    assert "Error 429" in page.text
    failure: Any = client.post("/v1/chat/completions", json={}).json
    assert failure["error"]["type"] == "rate_limit_error"


def test_each_address_has_a_limit_of_its_own_and_gets_it_again_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(rate_limit=2)
    assert statuses(client, 3) == [200, 200, 429]
    assert statuses(client, 3, "192.0.2.2") == [200, 200, 429]
    assert statuses(client, 3, "2001:db8::1") == [200, 200, 429]
    assert statuses(client, 1, "2001:db8::2:3") == [429]  # the same client
    now = time.time()
    monkeypatch.setattr("web.access.counting.time.time", lambda: now + 61)
    assert statuses(client, 3) == [200, 200, 429]


def test_what_monitors_and_pages_need_is_not_counted() -> None:
    client = client_of(rate_limit=1)
    for address in ("/livez", "/readyz", "/widget.js", "/static/style.css"):
        for _ in range(3):
            with client.get(address) as answer:
                assert (answer.status_code, "RateLimit-Limit" in answer.headers) == (200, False)
    assert statuses(client, 2) == [200, 429]


def test_a_token_has_a_limit_of_its_own_from_whatever_address(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    anna, bert = ({"Authorization": f"Bearer {add_token(file, name, ['ask'])}"} for name in ("anna", "bert"))
    client = client_of(tokens_file=file, rate_limit=100, token_rate_limit=2)
    found = [statuses(client, 1, f"192.0.2.{number}", headers=anna) for number in range(3)]
    assert found == [[200], [200], [429]]
    refused = client.get(CHEAP, headers=anna)
    assert "within a minute with this token" in refused.json["detail"]  # type: ignore[index]
    assert refused.headers["RateLimit-Limit"] == "2"
    assert statuses(client, 2, headers=bert) == [200, 200]


def test_who_has_no_token_uses_up_what_the_address_has(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    add_token(file, "anna", ["ask"])
    client = client_of(tokens_file=file, rate_limit=3)
    guesses = [client.post("/sign-in", data={"token": f"guess-{n}"}).status_code for n in range(5)]
    assert guesses == [403, 403, 403, 429, 429]
    assert statuses(client, 1, "127.0.0.1") == [429]


def test_a_request_that_takes_long_counts_as_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "PIECE", 1e-6)  # every answer takes longer
    client = client_of(rate_limit=10)
    assert client.post("/ask", json=QUESTION).headers["RateLimit-Remaining"] == "0"
    assert client.post("/ask", json=QUESTION).status_code == 429


# From where a request comes


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP"])
def test_who_is_no_proxy_cannot_say_to_be_another(header: str) -> None:
    client = client_of(rate_limit=2, trusted_proxies=("192.0.2.9",))
    found = [statuses(client, 1, headers={header: f"203.0.113.{number}"}) for number in range(3)]
    assert found == [[200], [200], [429]]


def test_behind_a_proxy_the_client_that_it_names_is_counted() -> None:
    client = client_of(rate_limit=2, trusted_proxies=("192.0.2.9",))

    def told(clients: str) -> dict[str, Any]:
        return {"address": "192.0.2.9", "headers": {"X-Forwarded-For": clients}}

    assert statuses(client, 3, **told("203.0.113.1")) == [200, 200, 429]
    assert statuses(client, 2, **told("203.0.113.2")) == [200, 200]
    # what a client itself has sent stands before what the proxy adds, and is not believed
    assert statuses(client, 1, **told("203.0.113.7, 203.0.113.1")) == [429]
    assert statuses(client, 1, **told("203.0.113.1, 203.0.113.3")) == [200]


# Where there are limits


@pytest.mark.parametrize(
    ("settings", "rates"),
    [
        ({}, None),
        ({"allowed_hosts": "answers.example"}, None),
        ({"host": "0.0.0.0"}, Rates(600, 600)),  # noqa: S104
        ({"trusted_proxies": "127.0.0.1"}, Rates(600, 600)),
        ({"tokens_file": "tokens.json"}, Rates(600, 600)),
        ({"tokens_file": "tokens.json", "rate_limit": 0}, Rates(0, 600)),
        ({"host": "0.0.0.0", "rate_limit": 0, "token_rate_limit": 0}, None),  # noqa: S104
        ({"rate_limit": 5}, Rates(5, 0)),
    ],
)
def test_there_are_limits_where_others_reach_the_service(settings: dict[str, Any], rates: Rates | None) -> None:
    assert rates_of(Settings(**settings)) == rates


def test_without_limits_nothing_is_told_of_them() -> None:
    answer = client_of().get(CHEAP)
    assert [name for name in answer.headers.keys() if name.startswith("RateLimit")] == []  # noqa: SIM118 - no mapping


# Counting together


def test_workers_share_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "library"
    Engine.create(Settings(library=library, meaning="off")).add([TERNS])
    settings = {"PINCITE_RATE_LIMIT": "20", "PINCITE_LIBRARY": str(library)}
    monkeypatch.setattr("test_web_command.environment", lambda: {**os.environ, **settings})
    with serving("--port", "0", "--workers", "2") as (_, line):
        address = line.split()[3]
        found = [status_of(f"{address}{CHEAP}") for _ in range(60)]
    # each comes by a connection of its own, of which Linux gives either worker some; a slow one may count twice
    assert 10 <= found.count(200) <= 20
    assert found.count(200) + found.count(429) == 60


def status_of(address: str) -> int:
    try:
        with urlopen(Request(address, headers={"Connection": "close"}), timeout=30) as answer:
            return int(answer.status)
    except HTTPError as refused:
        with refused:
            assert json.loads(refused.read())["status"] == refused.code
            return refused.code


def count(memory: counting.Memory, times: int) -> None:
    """Count in a process of its own."""
    counts = Counts(memory)
    for _ in range(times):
        counts.count(["terns"], seconds=60)


@pytest.mark.parametrize("method", sorted({"fork", "spawn"} & set(multiprocessing.get_all_start_methods())))
def test_processes_lose_no_count_of_one_another(method: str) -> None:
    memory = shared_memory(method)
    context: Any = multiprocessing.get_context(method)
    running = [context.Process(target=count, args=(memory, 2000)) for _ in range(2)]
    for each in running:
        each.start()
    for each in running:
        each.join(60)
    assert [each.exitcode for each in running] == [0, 0]
    assert Counts(memory).count(["terns"], seconds=60)[0][0] == 4001


def hold(memory: counting.Memory, held: Any) -> None:
    """Have the lock, and never give it back."""
    memory.lock.acquire(True, 10)
    held.set()
    signal.pause()


@pytest.mark.skipif(not hasattr(signal, "pause"), reason="needs a signal to wait for")
def test_a_worker_that_is_killed_while_it_counts_holds_nobody_up() -> None:
    memory = shared_memory("spawn")
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    holder = context.Process(target=hold, args=(memory, held))
    holder.start()
    assert held.wait(60)
    holder.kill()
    holder.join()
    counts = Counts(memory)
    assert [counts.count(["terns"], seconds=60)[0][0] for _ in range(3)] == [1, 2, 3]
    assert memory.lock.acquire(True, 0)  # it was given back


def test_a_count_ends_at_its_time_and_each_client_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = Counts(own_memory())
    now = 1_700_000_000.0
    monkeypatch.setattr("web.access.counting.time.time", lambda: now)
    assert [counts.count(["tern"], 2, seconds=60) for _ in range(3)] == [
        [(2, now + 60)],
        [(4, now + 60)],
        [(6, now + 60)],
    ]
    assert counts.count(["auk", "tern"], seconds=60) == [(1, now + 60), (7, now + 60)]
    monkeypatch.setattr("web.access.counting.time.time", lambda: now + 60)
    assert counts.count(["tern"], seconds=60) == [(1, now + 120)]


def test_where_the_table_is_full_who_asked_least_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_PLACES", counting._NEAR + 1)  # so that all have the same places
    counts = Counts(own_memory())
    for _ in range(50):
        counts.count(["often"], seconds=60)
    for number in range(100):
        assert counts.count([f"once-{number}"], seconds=60)[0][0] == 1
    assert counts.count(["often"], seconds=60)[0][0] == 51
