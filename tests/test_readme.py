"""The READMEs tell the truth: their examples run, their paths exist, their command reference is what --help prints."""

from __future__ import annotations

import contextlib
import doctest
import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from qa import Engine, Settings
from qa.wire import AskResponse
from web import create_app

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PINCITE = Path(sys.executable).parent / "pincite"

COMMANDS = [
    "ask",
    "index",
    "list",
    "remove",
    "check",
    "backup",
    "serve",
    "explain",
    "eval",
    "bench",
    "config show",
    "verify",
]
COMMANDS += ["feedback list", "feedback summary", "feedback export", "feedback clear"]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def console_examples() -> list[tuple[str, str]]:
    examples = []
    for block in blocks("console"):
        command, _, output = block.partition("\n")
        examples.append((command.removeprefix("$ "), output))
    return examples


@pytest.mark.parametrize(("command", "expected"), console_examples())
def test_a_console_example_prints_what_the_readme_says(command: str, expected: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    output = ""
    for part in command.split(" | "):
        program, *arguments = shlex.split(part)
        assert program == "pincite"
        found = subprocess.run(
            [PINCITE, *arguments], input=output, capture_output=True, encoding="utf-8", env=environment, check=False
        )
        assert found.stderr == ""
        output = found.stdout
    assert doctest.OutputChecker().check_output(expected, output, doctest.ELLIPSIS), output


def test_there_are_console_examples() -> None:
    assert len(console_examples()) >= 3


def test_the_python_example_runs() -> None:
    (example,) = blocks("python")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example, "README.md", "exec"), {})  # noqa: S102
    assert printed.getvalue() == "('Selinexor',)\n"


@pytest.fixture(scope="module")
def shipped() -> FlaskClient:
    return create_app(Engine.open(Settings())).test_client()


def test_the_curl_example_gets_an_answer_of_the_form_shown(shipped: FlaskClient) -> None:
    (command,) = [block for block in blocks("sh") if block.startswith("curl")]
    arguments = shlex.split(command.replace("\\\n", " "))
    body = arguments[arguments.index("-d") + 1]
    found = shipped.post("/ask", data=body, content_type="application/json").get_json()
    (shown,) = map(json.loads, blocks("json"))
    assert AskResponse.model_validate(found).answered
    assert _keys(found) == _keys(shown)
    assert found["question"] == shown["question"]
    assert found["citation"]["section"] == shown["citation"]["section"]
    assert found["interpretation"] == shown["interpretation"]
    assert found["passage"]["highlights"] == shown["passage"]["highlights"]
    assert (found["citation"]["start"], found["citation"]["end"]) == (
        shown["citation"]["start"],
        shown["citation"]["end"],
    )


def _keys(answer: dict[str, object]) -> object:
    """The names in an answer, at every depth but that of the alternatives, whose form is the first passage's."""
    return {
        name: _keys(value) if isinstance(value, dict) else None
        for name, value in answer.items()
        if name != "alternatives"
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_reference_is_what_help_prints(command: str) -> None:
    from web.command import cli

    printed = CliRunner().invoke(cli, [*command.split(), "--help"], prog_name="pincite", terminal_width=100).output
    assert f"```text\n{printed.strip()}\n```" in README


def test_every_command_is_in_the_command_reference() -> None:
    from web.command import cli

    assert {command.split()[0] for command in COMMANDS} == set(cli.list_commands(click.Context(cli)))


@pytest.mark.parametrize("readme", sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("[a-z]*/README.md")))
def test_a_folder_has_a_readme_whose_paths_exist(readme: str) -> None:
    text = (ROOT / readme).read_text("utf-8")
    folder = (ROOT / readme).parent
    named = re.findall(r"`([\w./-]+\.(?:py|md|html|js|css|json|jsonl))`", text)
    assert named, readme
    for name in named:
        assert any((base / name).exists() for base in (folder, ROOT)) or name in {
            "articles.jsonl",
            "questions.jsonl",
            "__init__.py",
        }, name


def test_every_path_that_the_readme_links_exists() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert len(links) >= 6
    for link in links:
        assert (ROOT / link).exists(), link


def test_the_two_commands_stand_at_the_top() -> None:
    first, second = blocks("sh")[:2]
    assert first.strip() == "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/pincite serve"
    assert second.strip() == "python3 -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/pytest"
