"""The commands that keep a library safe: check and backup."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qa import Engine, Settings
from qa.cli import cli

TERNS = Path(__file__).parent / "fixtures" / "terns"
PINCITE = Path(sys.executable).with_name("pincite")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library of four documents."""
    Engine.create(Settings(library=tmp_path / "library")).add([TERNS])
    return tmp_path / "library"


def test_check_says_that_a_library_is_whole_and_what_it_holds(library: Path) -> None:
    engine = Engine.open(Settings(library=library))
    ran = run("check", "--library", str(library))
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout == (
        f"No damage: 4 documents with {engine.passage_count} passages, all as they were read and indexed "
        f"({engine.version}).\n"
    )


def test_check_names_each_problem_and_says_how_to_mend_it(library: Path) -> None:
    with closing(sqlite3.connect(library / "library.sqlite3")) as database, database:
        database.execute("UPDATE documents SET text = replace(text, '11.1', '99.9') WHERE id = 'second-treatment'")
    ran = run("check", "--library", str(library))
    assert ran.exit_code == 1
    assert ran.stdout.startswith("The text of the document second-treatment was changed inside the library.\n")
    assert re.fullmatch(
        r"\d+ problems?\. Build a new one in another folder with: pincite index YOUR_DOCUMENTS --library NEW_FOLDER\n",
        ran.stderr,
    )


def test_check_of_what_cannot_be_opened_is_an_error(library: Path, tmp_path: Path) -> None:
    ran = run("check", "--library", str(tmp_path / "nowhere"))
    assert (ran.exit_code, ran.stdout) == (2, "")
    shutil.rmtree(library / "index")
    ran = run("check", "--library", str(library))
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert f"Error: The library in {library}" in ran.stderr


def test_check_without_a_library_checks_the_shipped_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PINCITE_LIBRARY", raising=False)
    ran = run("check")
    assert (ran.exit_code, ran.stdout[:11]) == (0, "No damage: ")


def test_backup_copies_a_library_that_answers_as_the_first_does(library: Path, tmp_path: Path) -> None:
    copy = tmp_path / "my copies" / "today"
    ran = run("backup", str(copy), "--library", str(library))
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert re.fullmatch(
        rf"Copied 4 documents, \d+\.\d MB, to {re.escape(str(copy))}\.\n"
        rf"Check it with: pincite check --library '{re.escape(str(copy))}'\n",
        ran.stdout,
    )
    assert run("check", "--library", str(copy)).exit_code == 0
    ask = ("ask", "In how many people did fever end with alcanor?", "--library")
    assert run(*ask, str(copy)).stdout == run(*ask, str(library)).stdout


def test_backup_writes_over_nothing_and_wants_a_library(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PINCITE_LIBRARY", raising=False)
    ran = run("backup", str(library), "--library", str(library))
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr == (
        f"Error: There is already something in {library}.\nHint: Name a new folder. Nothing is ever overwritten.\n"
    )
    ran = run("backup", str(tmp_path / "copy"))
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "Say which library to copy: --library FOLDER" in ran.stderr
    assert not (tmp_path / "copy").exists()


def test_a_backup_is_made_while_another_process_changes_the_library(library: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for number in range(200):
        (tmp_path / "more" / f"{number}.md").write_text(f"# Knots {number}\n\nKnot {number} wades.\n")
    command = [str(PINCITE), "index", str(tmp_path / "more"), "--library", str(library)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ) as indexing:
        for number in range(3):
            assert run("backup", str(tmp_path / f"copy-{number}"), "--library", str(library)).exit_code == 0
        assert indexing.wait() == 0
    assert run("backup", str(tmp_path / "last"), "--library", str(library)).exit_code == 0
    for name, counts in {**{f"copy-{number}": {4, 204} for number in range(3)}, "last": {204}}.items():
        copy = Engine.open(Settings(library=tmp_path / name))
        assert copy.check() == []
        assert copy.document_count in counts
