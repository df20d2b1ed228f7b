"""`/metrics`: what the workers count together, read by Prometheus's own reader."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from conftest import TERNS
from flask.testing import FlaskClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from test_serving import ANSWERED, ask, library, on_linux, port_of, wait_until, workers_of
from test_web_command import environment, serve_to_the_end, serving

from qa import Engine, Settings
from web import create_app
from web.metrics import program_version
from web.watching.totals import CONFIDENCES, OUTCOMES, SECONDS, Totals

__all__ = ["library"]  # the fixture

ABSENT = "Which metal is a bridge made of?"


def read(text: str) -> dict[tuple[str, ...], float]:
    """The samples of a text, each by its name and the values of its labels."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def client() -> FlaskClient:
    engine = Engine.create(Settings(metrics="on"))
    engine.add([TERNS])
    return create_app(engine).test_client()


def test_questions_are_counted_by_outcome_with_their_time_and_confidence(client: FlaskClient) -> None:
    answers: list[Any] = [client.post("/ask", json={"question": each}).json for each in (ANSWERED, ANSWERED, ABSENT)]
    client.get("/", query_string={"q": ANSWERED, "history": [ABSENT]})
    client.get("/conversation.json", query_string={"q": ANSWERED})
    found = read(client.get("/metrics").text)
    assert [found["pincite_questions_total", each] for each in OUTCOMES] == [3, 0, 1]
    assert found["pincite_question_seconds_count",] == found["pincite_confidence_count",] == 4
    assert found["pincite_confidence_sum",] == pytest.approx(3 * answers[0]["confidence"] + answers[2]["confidence"])
    least = min(each for each in CONFIDENCES if each >= answers[0]["confidence"])
    assert found["pincite_confidence_bucket", str(least)] == found["pincite_confidence_bucket", "+Inf"] == 4
    assert found["pincite_question_seconds_bucket", "+Inf"] == 4
    assert 0 < found["pincite_question_seconds_sum",] < 4 * SECONDS[-1]


def test_answers_that_were_kept_are_told_from_those_that_were_made(client: FlaskClient) -> None:
    for _ in range(3):
        client.post("/ask", json={"question": ANSWERED})
    client.get("/", query_string={"q": ANSWERED, "history": [ABSENT]})
    found = read(client.get("/metrics").text)
    assert (found["pincite_answer_cache_hits_total",], found["pincite_answer_cache_misses_total",]) == (2, 3)


def test_requests_are_counted_by_route_and_status_and_nothing_from_outside_becomes_a_label(client: FlaskClient) -> None:
    for address in ("/documents/spotting", "/documents/none", "/documents/other", "/forged{} 1", "/ask", "/livez"):
        client.get(address)
    client.open("/ask", method="FORGED")
    text = client.get("/metrics").text
    found = read(text)
    assert found["pincite_requests_total", "/documents/<document_id>", "200"] == 1
    assert found["pincite_requests_total", "/documents/<document_id>", "404"] == 2
    assert found["pincite_requests_total", "none", "404"] == 1
    assert found["pincite_requests_total", "/ask", "422"] == 1
    assert found["pincite_requests_total", "none", "405"] == 1
    assert found["pincite_requests_total", "/livez", "200"] == 1
    assert found["pincite_request_seconds_count",] == 7
    assert not any(word in text for word in ("forged", "FORGED", "spotting", "other"))


def test_no_text_of_a_question_is_among_the_metrics(client: FlaskClient) -> None:
    client.post("/ask", json={"question": "Did xylographer9 fly?"})
    client.get("/", query_string={"q": "Did xylographer9 fly?"})
    assert "xylographer9" not in client.get("/metrics").text


def test_the_library_and_the_program_are_named(client: FlaskClient) -> None:
    answer = client.get("/metrics")
    found = read(answer.text)
    assert found["pincite_index_info", answer.headers["X-Library-Version"]] == 1
    assert found["pincite_build_info", program_version()] == found["pincite_library_usable",] == 1
    assert found["pincite_documents",] == len(list(TERNS.glob("*.md")))
    assert found["pincite_passages",] >= found["pincite_documents",]


def test_a_library_that_cannot_be_asked_is_told_and_all_else_too(library: Path, tmp_path: Path) -> None:
    app = create_app(Engine.open(Settings(library=library, metrics="on")))
    library.rename(tmp_path / "elsewhere")
    found = read(app.test_client().get("/metrics").text)
    assert found["pincite_library_usable",] == 0
    assert ("pincite_passages",) not in found
    assert found["pincite_questions_total", "answered"] == 0


def test_openmetrics_is_given_to_who_prefers_it(client: FlaskClient) -> None:
    client.post("/ask", json={"question": ANSWERED})
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"})
    assert answer.mimetype == "application/openmetrics-text"
    families = read_openmetrics(answer.text)  # type: ignore[no-untyped-call]
    [family] = [each for each in families if each.name == "pincite_questions"]
    assert [sample.value for sample in family.samples] == [1, 0, 0]


def test_only_whoever_may_manage_reads_the_metrics_of_the_service_itself(client: FlaskClient) -> None:
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 403


@pytest.mark.parametrize("setting", ["off", "127.0.0.1:9464"])
def test_the_service_shows_no_metrics_unless_a_setting_says_so(setting: str) -> None:
    engine = Engine.create(Settings(metrics=setting))
    engine.add([TERNS])
    assert create_app(engine).test_client().get("/metrics").status_code == 404


def test_a_worker_reads_what_all_have_counted() -> None:
    totals = Totals(3)
    for worker in (0, 1, 2):
        totals.take(worker)
        totals.know(["/ask"])
        totals.request("/ask", 200, 0.002)
        totals.connected(worker)
    assert list(totals.requests()) == [("/ask", "200", 3)]
    assert totals.histogram("request_seconds").up_to[:2] == [(0.001, 0), (0.0025, 3)]
    assert (totals.sum_of("open"), totals.sum_of("started")) == (3, 3)
    totals.disconnect(2)
    assert totals.sum_of("open") == 1


def test_the_worker_that_follows_one_goes_on_where_that_one_ended() -> None:
    totals = Totals(2)
    totals.take(1)
    totals.request("/ask", 200, 0.01, outcome="possible", confidence=0.2)
    totals.take(1)
    totals.request("/ask", 200, 0.01, outcome="possible", confidence=0.2)
    assert totals.outcomes() == {"answered": 0, "possible": 2, "nothing_found": 0}
    assert totals.sum_of("started") == 2


def test_a_status_or_route_that_nobody_knows_is_counted_as_other() -> None:
    totals = Totals()
    totals.know(["/ask"])
    totals.request("/ask", 799, 0.1)
    totals.request("/never", 200, 0.1)
    assert list(totals.requests()) == [("none", "200", 1), ("/ask", "other", 1)]


def test_an_address_of_their_own_that_is_taken_is_told(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setattr("test_web_command.environment", lambda: environment() | {"PINCITE_METRICS": address})
        run = serve_to_the_end(library, "--port", "0")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == (
        f"Error: Cannot serve metrics on {address}: another program is using it.\n"
        "Hint: Choose another address with: PINCITE_METRICS=9464 pincite serve\n"
    )


def get(address: str, accept: str = "") -> str:
    with urlopen(Request(address, headers={"Accept": accept}), timeout=30) as answer:
        return str(answer.read().decode())


@on_linux
def test_an_address_of_their_own_has_the_metrics_of_all_workers_and_nothing_else(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("test_web_command.environment", lambda: environment() | {"PINCITE_METRICS": "0"})
    with serving("--library", str(library), "--port", "0", "--workers", "2") as (process, line):
        port = port_of(line)
        assert process.stdout
        _, _, address = process.stdout.readline().strip().partition("Metrics: ")
        for _ in range(8):
            assert ask(port, {"question": ANSWERED})[0] == 200
        assert {read(get(address))["pincite_questions_total", "answered"] for _ in range(6)} == {8}
        for elsewhere in (f"http://127.0.0.1:{port}/metrics", address.replace("/metrics", "/ask?q=a")):
            with pytest.raises(HTTPError) as refused:
                get(elsewhere)
            with refused.value:
                assert refused.value.code == 404
        version = Engine.open(Settings(library=library)).version
        assert read(get(address))["pincite_index_info", version] == 1

        [first, second] = workers_of(process)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: len(set(workers_of(process)) - {first, second}) == 1)
        wait_until(lambda: read(get(address))["pincite_workers_started_total",] == 3)
        assert {read(get(address))["pincite_questions_total", "answered"] for _ in range(6)} == {8}
