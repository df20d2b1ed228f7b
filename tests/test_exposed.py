"""Who is answered under which name, and what a proxy may say."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from test_web_command import serve_to_the_end, serving

from qa import Engine, Settings
from web import create_app
from web.access.tokens import add_token

TERNS = Path(__file__).parent / "fixtures" / "terns"


def client_of(**settings: Any) -> FlaskClient:
    engine = Engine.create(Settings(meaning="off", **settings))
    engine.add([TERNS])
    return create_app(engine).test_client()


@pytest.mark.parametrize(
    ("host", "allowed", "asked", "status"),
    [
        ("127.0.0.1", (), "localhost:8000", 200),
        ("127.0.0.1", (), "answers.example", 400),
        ("127.0.0.1", ("answers.example",), "answers.example", 200),
        ("127.0.0.1", ("answers.example",), "ANSWERS.example:8443", 200),
        ("127.0.0.1", ("answers.example",), "evil.answers.example", 400),
        ("0.0.0.0", ("answers.example",), "answers.example", 200),  # noqa: S104
        ("0.0.0.0", ("answers.example",), "localhost", 200),  # noqa: S104
        ("0.0.0.0", ("answers.example",), "rebound.example", 400),  # noqa: S104
        ("0.0.0.0", (), "any.example", 200),  # noqa: S104
    ],
)
def test_a_request_names_a_host_that_is_allowed(host: str, allowed: tuple[str, ...], asked: str, status: int) -> None:
    client = client_of(host=host, allowed_hosts=allowed)
    assert client.get("/livez", headers={"Host": asked}).status_code == status


@pytest.mark.parametrize(("address", "is_believed"), [("192.0.2.1", True), ("192.0.2.2", False)])
def test_a_proxy_is_believed_and_nobody_else(address: str, is_believed: bool) -> None:
    client = client_of(trusted_proxies=("192.0.2.1",), allowed_hosts=("answers.example",))
    told = {"X-Forwarded-Host": "answers.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    answer = client.get(
        "/conversation.md?q=Where+do+terns+nest", headers=told, environ_overrides={"REMOTE_ADDR": address}
    )
    assert ("<https://answers.example/passages/" in answer.text) is is_believed
    assert ("Strict-Transport-Security" in answer.headers) is is_believed


def test_serving_others_is_refused_where_nothing_says_who_and_by_which_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, tokens = tmp_path / "library", tmp_path / "tokens.json"
    Engine.create(Settings(library=library, meaning="off")).add([TERNS])
    everywhere = ("--host", "0.0.0.0", "--port", "0")  # noqa: S104
    refused = serve_to_the_end(library, *everywhere)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        "Error: Others can reach the service on 0.0.0.0, "
        "and nothing says who may ask or by which names it is reached.\n"
        "Hint: Make a token with: pincite token add NAME --tokens-file tokens.json. "
        "Then set PINCITE_TOKENS_FILE=tokens.json. Name the hosts with PINCITE_ALLOWED_HOSTS=answers.example.org. "
        "To serve without, add --exposed.\n"
    )
    with serving("--library", str(library), *everywhere, "--exposed") as (process, line):
        assert line.startswith("pincite is ready: ")
        assert process.stderr
        warned = process.stderr.readline()
        assert warned.startswith("Warning: Others can reach the service on 0.0.0.0, and nothing says who may ask or ")
        assert "pincite token add NAME" in warned
    add_token(tokens, "anna", ["ask"])
    half = serve_to_the_end(library, *everywhere, "--tokens-file", str(tokens))
    assert half.returncode == 2
    assert "nothing says by which names it is reached." in half.stderr
    assert "pincite token add" not in half.stderr
    monkeypatch.setattr("test_web_command.environment", lambda: named(library))
    with serving(*everywhere, "--tokens-file", str(tokens)) as (_, line):
        assert line.startswith("pincite is ready: ")


def test_serving_over_a_file_of_tokens_that_is_not_there_says_so(tmp_path: Path) -> None:
    library = tmp_path / "library"
    Engine.create(Settings(library=library, meaning="off")).add([TERNS])
    refused = serve_to_the_end(library, "--tokens-file", str(tmp_path / "none.json"))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "none.json is not there.\nHint: pincite token list" in refused.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs files that are open to some")
def test_serving_over_a_file_of_tokens_that_all_can_read_warns(tmp_path: Path) -> None:
    library, tokens = tmp_path / "library", tmp_path / "tokens.json"
    Engine.create(Settings(library=library, meaning="off")).add([TERNS])
    add_token(tokens, "anna", ["ask"])
    tokens.chmod(0o644)
    with serving("--library", str(library), "--port", "0", "--tokens-file", str(tokens)) as (process, line):
        assert line.startswith("pincite is ready: ")
        assert process.stderr
        assert process.stderr.readline() == (
            f"Warning: Everybody on this machine can read {tokens}. Mend it with: chmod o= {tokens}\n"
        )


def test_managing_behind_a_trusted_proxy_without_tokens_is_said_to_be_nobodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = {**os.environ, "PINCITE_TRUSTED_PROXIES": "127.0.0.1"}
    monkeypatch.setattr("test_web_command.environment", lambda: behind)
    with serving("--library", str(tmp_path / "library"), "--port", "0", "--manage") as (process, line):
        assert re.fullmatch(r"pincite is ready: \S+ \(0 documents, 0 passages\)\. Stop it with Ctrl-C\.\n", line)
        assert process.stderr
        warned = process.stderr.readline()
        assert warned.startswith("Warning: Nobody may manage: with trusted_proxies that takes a token. Make one with: ")


def named(library: Path) -> dict[str, str]:
    return {**os.environ, "PINCITE_LIBRARY": str(library), "PINCITE_ALLOWED_HOSTS": "answers.example"}
