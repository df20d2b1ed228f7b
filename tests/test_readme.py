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
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from click.testing import CliRunner
from conftest import SLOW, SMOKE, served_address
from flask.testing import FlaskClient
from test_architecture import LAYERS

import qa
from qa import Engine, Settings
from qa.wire import AskResponse, FeedbackRequest
from web import create_app

ROOT = Path(__file__).resolve().parent.parent
PINCITE = Path(sys.executable).parent / "pincite"

PACKAGES = [*ROOT.glob("qa/**/__init__.py"), *ROOT.glob("web/__init__.py"), *ROOT.glob("web/*/__init__.py")]
FOLDERS = sorted(path.parent.relative_to(ROOT).as_posix() for path in PACKAGES)
FOLDERS += ["corpus", "tests", "web/clients", "web/deploying"]
READMES = {name: (ROOT / name).read_text("utf-8") for name in ["README.md", *(f"{each}/README.md" for each in FOLDERS)]}
README, COMMANDS_README = READMES["README.md"], READMES["qa/cli/README.md"]

SERVED = "http://127.0.0.1:8000"  # where the examples have the service

MOST_BYTES = 8_000  # of the README at the top, which is read in five minutes
MOST_LINES = 25  # of a folder's README before its reference part

OF_OTHERS = {"corpus.jsonl", "queries.jsonl", "qrels/test.tsv", "__init__.py", "tokenizer.json"}
"""Names of files that people bring, or that are not to be there."""

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
COMMANDS += [
    "mcp",
    "token add",
    "token list",
    "token revoke",
    "feedback list",
    "feedback summary",
    "feedback export",
    "feedback clear",
]


class Example(NamedTuple):
    """A block of code in a README, and the one behind it."""

    readme: str
    language: str
    text: str
    next_language: str
    next_text: str


def examples(language: str) -> list[Example]:
    found = []
    for name, text in READMES.items():
        blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        for (kind, block), (next_kind, next_block) in zip(blocks, [*blocks, ("", "")][1:], strict=True):
            if kind == language:
                found.append(Example(name, kind, block, next_kind, next_block))
    return found


def console_examples() -> list[tuple[str, str, str]]:
    found = []
    for example in examples("console"):
        command, _, output = example.text.partition("\n")
        found.append((example.readme, command.removeprefix("$ "), output))
    return found


def curl_examples() -> list[Example]:
    return [example for example in examples("sh") if example.text.startswith("curl")]


# Examples


@pytest.mark.parametrize(("readme", "command", "expected"), console_examples())
def test_a_console_example_prints_what_the_readme_says(readme: str, command: str, expected: str) -> None:
    code = str(Path(qa.__file__).parent.parent)  # what is tested, wherever the command was installed from
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": code}
    output = ""
    for part in command.split(" | "):
        program, *arguments = shlex.split(part)
        assert program == "pincite", readme
        found = subprocess.run(
            [PINCITE, *arguments], input=output, capture_output=True, encoding="utf-8", env=environment, check=False
        )
        assert found.stderr == ""
        output = found.stdout
    assert doctest.OutputChecker().check_output(expected, output, doctest.ELLIPSIS), output


def test_there_are_console_examples() -> None:
    assert len(console_examples()) >= 6
    assert sum(readme == "README.md" for readme, _, _ in console_examples()) >= 2


@pytest.fixture(scope="module")
def served(shipped: FlaskClient) -> Iterator[str]:
    """The address of the service over the shipped corpus."""
    with served_address(shipped.application) as address:
        yield address


@pytest.mark.parametrize("example", examples("python"), ids=lambda example: example.readme)
def test_a_python_example_prints_what_stands_beside_each_print(
    example: Example, request: pytest.FixtureRequest
) -> None:
    for package in re.findall(r"^(?:from|import) ([\w.]+)", example.text, re.MULTILINE):
        pytest.importorskip(package, reason=f"the package {package} is not installed")
    code = example.text
    if SERVED in code:
        code = code.replace(SERVED, request.getfixturevalue("served"))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, example.readme, "exec"), {"__name__": "readme"})  # noqa: S102
    expected = re.findall(r"^print\(.*\)  # (.*)$", example.text, re.MULTILINE)
    assert expected
    assert printed.getvalue().splitlines() == expected


def test_there_are_python_examples_for_who_asks_and_for_who_adds_a_format() -> None:
    assert {example.readme for example in examples("python")} >= {"README.md", "qa/readers/formats/README.md"}


@pytest.fixture(scope="module")
def shipped() -> FlaskClient:
    return create_app(Engine.open(Settings())).test_client()


def _asked(shipped: FlaskClient, example: Example) -> dict[str, dict[str, object]]:
    arguments = shlex.split(example.text.replace("\\\n", " "))
    assert "http://127.0.0.1:8000/ask" in arguments
    body = arguments[arguments.index("-d") + 1]
    response = shipped.post("/ask", data=body, content_type="application/json")
    assert response.status_code == 200
    found: dict[str, dict[str, object]] = response.get_json()
    return found


@pytest.mark.parametrize("example", curl_examples(), ids=lambda example: example.readme)
def test_a_curl_example_gets_an_answer(shipped: FlaskClient, example: Example) -> None:
    assert AskResponse.model_validate(_asked(shipped, example)).answered


def test_the_curl_example_gets_an_answer_of_the_form_shown(shipped: FlaskClient) -> None:
    (example,) = [each for each in curl_examples() if each.next_language == "json"]
    found, shown = _asked(shipped, example), json.loads(example.next_text)
    assert _keys(found) == _keys(shown)
    assert found["question"] == shown["question"]
    assert found["citation"]["section"] == shown["citation"]["section"]
    assert found["interpretation"] == shown["interpretation"]
    assert found["passage"]["highlights"] == shown["passage"]["highlights"]
    assert (found["citation"]["start"], found["citation"]["end"]) == (
        shown["citation"]["start"],
        shown["citation"]["end"],
    )


def _keys(answer: dict[str, dict[str, object]]) -> object:
    """The names in an answer, at every depth but that of the alternatives, whose form is the first passage's."""
    return {
        name: _keys(value) if isinstance(value, dict) else None  # type: ignore[arg-type]
        for name, value in answer.items()
        if name != "alternatives"
    }


def test_the_example_of_feedback_has_each_of_its_fields() -> None:
    (example,) = [each for each in examples("json") if '"helpful"' in each.text]
    fields = {field.alias or name for name, field in FeedbackRequest.model_fields.items()}
    assert set(json.loads(example.text)) == fields


@pytest.mark.parametrize("example", [*examples("sh"), *examples("shell")], ids=lambda example: example.readme)
def test_a_command_that_a_readme_shows_is_there_with_its_options(example: Example) -> None:
    from web.command import cli

    for line in example.text.replace("\\\n", " ").splitlines():
        words = [word for word in shlex.split(line) if not re.fullmatch(r"PINCITE_\w+=.*", word)]
        if not words or words[0] != "pincite":
            continue
        command: click.Command | None = cli
        for word in words[1:]:
            if isinstance(command, click.Group) and not word.startswith("-"):
                command = command.get_command(click.Context(command), word)
                assert command is not None, line
        options = {option for each in command.params for option in each.opts} if command else set()
        assert {word for word in words if word.startswith("--")} <= options, line


# The command reference


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_reference_is_what_help_prints(command: str) -> None:
    from web.command import cli

    printed = CliRunner().invoke(cli, [*command.split(), "--help"], prog_name="pincite", terminal_width=100).output
    assert f"```text\n{printed.strip()}\n```" in COMMANDS_README


def test_every_command_is_in_the_command_reference() -> None:
    from web.command import cli

    assert {command.split()[0] for command in COMMANDS} == set(cli.list_commands(click.Context(cli)))


# Paths


def paths_in(readme: str) -> set[str]:
    """What a README names in its text as a file or folder: in backticks, in commands, and behind links."""
    text = READMES[readme]
    endings = "py|md|html|js|css|json|jsonl|toml|solr|svg|png|csv|tsv|txt"
    named = set(re.findall(rf"`([\w./-]*\w\.(?:{endings})|(?:qa|web|tests|corpus|\.ci)/[\w./-]*)`", text))
    named |= set(re.findall(rf"\b((?:qa|web|tests|corpus)/[\w./-]*\.(?:{endings}))\b", text))
    named -= {name for name in named if name.startswith(("/", "NAME.")) or (name[0] == "." and "/" not in name)}
    return named - OF_OTHERS


def links_in(readme: str) -> list[str]:
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", READMES[readme]) if "://" not in link]


def anchors_of(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_path_that_a_folders_readme_names_exists(folder: str) -> None:
    named = paths_in(f"{folder}/README.md")
    assert named
    for name in named:
        assert any((base / name).exists() for base in (ROOT / folder, ROOT)), name


def test_every_path_that_the_readme_names_exists() -> None:
    assert len(links_in("README.md")) >= 12
    assert [name for name in paths_in("README.md") if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("readme", READMES)
def test_every_link_of_a_readme_leads_to_a_file_and_a_heading_that_are_there(readme: str) -> None:
    for link in links_in(readme):
        path, _, anchor = link.partition("#")
        target = ((ROOT / readme).parent / path).resolve() if path else ROOT / readme
        assert target.exists(), link
        if anchor:
            assert anchor in anchors_of(target.read_text("utf-8")), link


def test_a_folder_of_code_is_reached_from_the_readme() -> None:
    seen, ahead = set(), ["README.md"]
    while ahead:
        readme = ahead.pop()
        if readme in READMES and readme not in seen:
            seen.add(readme)
            places = [(ROOT / readme).parent / link.partition("#")[0] for link in links_in(readme)]
            ahead += [place.resolve().relative_to(ROOT).as_posix() for place in places]
    assert seen == set(READMES)


# The map


def test_the_map_of_the_engine_shows_every_part_in_its_layer() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+?) \|", READMES["qa/README.md"], re.MULTILINE)
    shown = {
        f"qa.{name}": int(number) for number, cell in rows for name in re.findall(r"[\[`](\w+)(?:/\]|\.py`)", cell)
    }
    order = [name for names in LAYERS for name in sorted(names) if re.fullmatch(r"qa\.\w+", name)]
    assert {name for name in shown if name in order} == set(order)
    tested = {name: number for number, names in enumerate(LAYERS) for name in names}
    for one in order:
        for other in order:
            assert (shown[one] < shown[other]) <= (tested[one] < tested[other]), (one, other)


# Short enough to be read


def test_the_readme_is_at_most_eight_kilobytes() -> None:
    assert len(README.encode()) <= MOST_BYTES


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folders_readme_says_in_few_lines_what_it_is_for(folder: str) -> None:
    first_part, _, _ = READMES[f"{folder}/README.md"].partition("\n## Reference\n")
    assert len(first_part.strip().splitlines()) <= MOST_LINES


def test_the_two_commands_stand_at_the_top() -> None:
    first, second = (each.text for each in examples("sh")[:2])
    assert first.strip() == "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/pincite serve"
    assert second.strip() == "python3 -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/pytest"
    assert README.index(second) < 1_000


def test_the_picture_in_the_readme_is_small() -> None:
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+\.png)\)", README)
    assert (ROOT / picture).stat().st_size <= 60_000


# The quick tests that it promises


def test_the_quick_tests_are_there_and_are_of_every_folder() -> None:
    assert set(SMOKE) == set(FOLDERS)
    modules = {path.stem: path.read_text("utf-8") for path in (ROOT / "tests").glob("*.py")}
    named = {name for text in modules.values() for name in re.findall(r"def (test_\w+)", text)}
    chosen = {name for names in SMOKE.values() for name in names}
    assert (chosen | SLOW) - (modules.keys() | named) == set()
