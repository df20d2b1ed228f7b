"""The command line: what it prints, with which status it ends, and that nothing it prints can do harm."""

from __future__ import annotations

import json
import math
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

import qa.library.adding
from qa import Engine, Settings
from qa.citations.styles import EXPORTS, STYLES, TEXTS, written
from qa.cli import cli
from qa.ranking.confidence import BY_WORDS
from qa.ranking.evidence import MOST_OF_ITS_OWN, WEIGHTS
from qa.readers import READERS, Work, read_works
from qa.wire import AskResponse, answer_body
from web.command import serve

ROOT = Path(__file__).resolve().parent.parent
TERNS = Path(__file__).parent / "fixtures" / "terns"
PINCITE = Path(sys.executable).parent / "pincite"
ANSWERED = "In how many people did fever end with alcanor?"
NOT_FOUND = "How many people take metformin?"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings from outside."""
    for name in os.environ:
        if name.startswith("PINCITE_"):
            monkeypatch.delenv(name)


@pytest.fixture
def library(tmp_path: Path) -> str:
    """The folder of a library of the terns."""
    Engine.create(Settings(library=tmp_path / "library")).add([TERNS])
    return str(tmp_path / "library")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, prog_name="pincite")


def run_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as it is installed, in a process of its own."""
    return subprocess.run([PINCITE, *arguments], capture_output=True, encoding="utf-8", check=False)


def assert_fails(ran: Result | subprocess.CompletedProcess[str], message: str, hint: str) -> None:
    """Two lines on stderr, nothing on stdout, status 2."""
    status = ran.exit_code if isinstance(ran, Result) else ran.returncode
    assert (status, ran.stdout, ran.stderr) == (2, "", f"Error: {message}\nHint: {hint}\n")


# ask


def test_ask_prints_the_passage_its_citation_and_its_references_and_ends_with_0(library: str) -> None:
    ran = run("ask", ANSWERED, "--library", library, "--limit", "1")
    assert (ran.exit_code, ran.stderr) == (0, "")
    answer = Engine.open(Settings(library=Path(library))).ask(ANSWERED, limit=1)
    assert answer.best
    [further] = answer.alternatives
    years = answer.best.citation.document.years_old(datetime.now(UTC).date())
    assert ran.stdout == (
        "In the trial of alcanor, fever ended within 11.1 days in 61% of 221 people. [98] It ended in 19.9%\n"
        "with placebo. [98, 99]\n"
        "\n"
        "The response lasted 7.4 months in the middle case.\n"
        "\n"
        f"{answer.best.citation.label}\n"
        f"  {years} years old: look for newer sources.\n"
        "  [98] Example A, Sample B. Alcanor against placebo. J Ex. 2020;1:1-9.\n"
        "  [99] The document lists no reference for this marker.\n"
        "\n"
        f"Confidence {answer.confidence:.2f}\n"
        "\n"
        "Further passages:\n"
        f"  {further.citation.label}\n"
    )


def test_a_source_is_said_to_be_old_from_as_many_years_on_as_are_set(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINCITE_OLD_AFTER", "1000")
    assert "years old" not in run("ask", ANSWERED, "--library", library).stdout


def test_index_points_out_figures_of_different_units_that_are_compared(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Terns\n\n## Fever\n\nIt took 11.1 in the one group vs 4.7% in the other.\n")
    ran = run("index", str(tmp_path / "a.md"), "--library", str(tmp_path / "library"))
    assert ran.exit_code == 0
    assert ran.stderr == (
        "Look at “11.1 in the one group vs 4.7%”: the units differ. "
        "“Terns”. Section “Fever”. Undated. Characters 23-51.\n"
    )


def test_ask_says_once_that_the_source_has_no_reference_list(tmp_path: Path) -> None:
    (tmp_path / "gulls.md").write_text("Gulls swim in winter. [1, 2] They eat crabs. [3]\n", "utf-8")
    Engine.create(Settings(library=tmp_path / "library")).add([tmp_path / "gulls.md"])
    ran = run("ask", "Where do gulls swim in winter?", "--library", str(tmp_path / "library"))
    assert ran.exit_code == 0
    assert "Characters 1-48.\n  The source has no reference list.\n\nConfidence" in ran.stdout
    assert "lists no reference" not in ran.stdout


def test_ask_says_why_nothing_is_found_and_ends_with_1(library: str) -> None:
    ran = run("ask", NOT_FOUND, "--library", library, "--limit", "1")
    assert (ran.exit_code, ran.stderr) == (1, "")
    first, *rest = ran.stdout.splitlines()
    assert first == "Nothing found. No passage mentions “metformin”."
    assert rest[:2] == ["", "Closest passages:"]
    assert len(rest) == 3


POSSIBLE = "This may answer your question."


def test_ask_prints_a_possible_answer_like_an_answer_under_a_line_that_says_so_and_ends_with_0(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = "In how many people did fever end with alcanor on Thursdays?"
    monkeypatch.setenv("PINCITE_THRESHOLD", "0.15")
    answered = run("ask", question, "--library", library)
    monkeypatch.setenv("PINCITE_THRESHOLD", "1")
    possible = run("ask", question, "--library", library)
    assert (possible.exit_code, possible.stderr) == (0, "")
    assert answered.stdout.startswith("In the trial of alcanor, fever ended within 11.1 days")
    assert possible.stdout.startswith(f"{POSSIBLE}\n\n")
    body = possible.stdout.removeprefix(f"{POSSIBLE}\n\n").splitlines(keepends=True)
    body.remove("The passage does not mention “Thursdays”.\n")
    assert "".join(body) == answered.stdout


def test_ask_cites_a_possible_answer_for_a_program_too(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = run("ask", ANSWERED, "--library", library, "--cite", "ris")
    monkeypatch.setenv("PINCITE_THRESHOLD", "1")
    possible = run("ask", ANSWERED, "--library", library, "--cite", "ris")
    assert (possible.exit_code, possible.stdout) == (0, answered.stdout)
    assert possible.stderr.startswith(f"{POSSIBLE}\n\n")


def test_ask_says_which_words_are_not_in_the_documents_although_it_answers(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINCITE_THRESHOLD", "0.1")
    monkeypatch.setenv("PINCITE_POSSIBLE_THRESHOLD", "0.1")
    ran = run("ask", "In how many people did the fever of terns end with alcanor, Watson?", "--library", library)
    assert (ran.exit_code, POSSIBLE in ran.stdout) == (0, False)
    assert "\nNot in these documents: Watson\n" in ran.stdout


def test_ask_prints_an_outline_part_by_part_each_with_its_citation(library: str) -> None:
    question = "How well does the second treatment of tern fever work?"
    ran = run("ask", question, "--library", library, "--limit", "0")
    answer = Engine.open(Settings(library=Path(library))).ask(question, limit=0)
    beginning, *_ = ran.stdout.partition("\n\n")
    assert (ran.exit_code, beginning) == (
        0,
        "The question asks for a whole text. Here is the beginning of each of its 3 parts.",
    )
    headings = re.findall(r"^\d\. .*$", ran.stdout, re.MULTILINE)
    assert headings == ["1. (before the first heading)", "2. Alcanor", "3. Bevacor"]
    places = [ran.stdout.index(part.citation.label) for part in answer.outline]
    assert places == sorted(places)
    assert "- 50 mg on Thursdays\n\nIts hazard ratio was 0.48.\n" in ran.stdout
    assert ran.stdout.endswith("\nConfidence 1.00\n")


def test_ask_says_what_the_question_was_read_as_and_how_to_ask_otherwise(
    reading_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "open", lambda _: reading_engine)
    ran = run("ask", "What was the HR of bevakor?", "--limit", "0")
    assert ran.stdout.splitlines()[:3] == [
        "Showing results for bevacor. To search for “bevakor”, put it in quotation marks.",
        "HR was also read as hazard ratio. To search only for it, put it in quotation marks.",
        "",
    ]
    ran = run("ask", "What was its hazard ratio?", "--history", "Tell me of bevacor", "--limit", "0")
    assert ran.stdout.splitlines()[-2:] == [
        "Taken over from your earlier question: bevacor",
        "To leave that out, ask without --history.",
    ]


def test_explain_says_that_a_title_is_answered_with_an_outline(library: str) -> None:
    ran = run("explain", "How well does the second treatment of tern fever work?", "--library", library)
    assert ran.stdout.count(" = 1.0000: answered, with an outline of 3 parts\n") == 1


def test_ask_without_a_limit_of_further_passages_lists_none(library: str) -> None:
    assert "Further passages" not in run("ask", ANSWERED, "--library", library, "--limit", "0").stdout
    assert "Closest passages" not in run("ask", NOT_FOUND, "--library", library, "--limit", "0").stdout


def test_ask_answers_from_one_document(library: str) -> None:
    ran = run("ask", "What is the treatment of tern fever?", "--library", library, "--document", "first-treatment")
    assert ran.exit_code == 0
    assert "“What is the first treatment of tern fever?”" in ran.stdout
    assert "second treatment" not in ran.stdout


@pytest.mark.parametrize("question", [ANSWERED, NOT_FOUND, "the of and", "The second treatment of tern fever"])
def test_ask_json_is_the_wire_form_as_post_ask_gives_it(library: str, client: FlaskClient, question: str) -> None:
    ran = run("ask", question, "--library", library, "--limit", "2", "--json")
    body = AskResponse.model_validate_json(ran.stdout)
    posted = client.post("/ask", json={"question": question, "limit": 2}).get_json()
    assert json.loads(ran.stdout) | {"took_ms": 0} == posted | {"took_ms": 0}
    assert ran.exit_code == (1 if body.outcome == "nothing_found" else 0)
    answer = Engine.open(Settings(library=Path(library))).ask(question, limit=2)
    assert body.model_copy(update={"took_ms": answer.took_ms}) == answer_body(answer)


@pytest.mark.parametrize("style", EXPORTS)
def test_a_citation_for_a_program_is_all_that_is_printed_and_the_answer_is_told_beside_it(
    library: str, style: str
) -> None:
    ran = run("ask", ANSWERED, "--library", library, "--cite", style)
    best = Engine.open(Settings(library=Path(library))).ask(ANSWERED).best
    assert best
    days = (date.today() - timedelta(days=1), date.today(), date.today() + timedelta(days=1))  # noqa: DTZ011
    assert ran.stdout in [written(best.citation, style, accessed=day, permalink=None) for day in days]
    assert best.citation.label in ran.stderr
    assert ran.exit_code == 0
    ran = run("ask", "zzyzx qqfoo", "--library", library, "--cite", style)
    assert (ran.exit_code, ran.stdout) == (1, "")
    assert ran.stderr.startswith("Nothing found.")


def test_index_points_out_a_date_in_the_future(tmp_path: Path) -> None:
    source = tmp_path / "terns.md"
    source.write_text("---\nupdated: 2999-01-01\n---\nTerns dive.\n", "utf-8")
    ran = run("index", str(source), "--library", str(tmp_path / "library"))
    assert (ran.exit_code, ran.stderr) == (0, "Warning: terns has a date in the future, 2999-01-01.\n")


@pytest.mark.parametrize("style", TEXTS)
def test_an_answer_is_cited_in_the_style_that_is_asked_for_and_not_in_the_own_line(library: str, style: str) -> None:
    ran = run("ask", ANSWERED, "--library", library, "--cite", style)
    best = Engine.open(Settings(library=Path(library))).ask(ANSWERED).best
    assert best
    citation = best.citation
    days = (date.today() - timedelta(days=1), date.today(), date.today() + timedelta(days=1))  # noqa: DTZ011
    texts = [written(citation, style, accessed=day, permalink=None).rstrip("\n") for day in days]
    assert sum(f"\n\n{text}\n  " in ran.stdout for text in texts) == 1
    assert f"\n{citation.label}\n" not in ran.stdout
    assert ran.exit_code == 0


def test_a_style_that_there_is_not_and_one_for_json_are_refused(library: str) -> None:
    ran = run("ask", ANSWERED, "--library", library, "--cite", "mla")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert f"'mla' is not one of {', '.join(map(repr, STYLES))}." in ran.stderr
    ran = run("ask", ANSWERED, "--library", library, "--cite", "ama", "--json")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "--json and --cite cannot be used together. Leave one of them out." in ran.stderr


def test_ask_ends_with_0_1_or_2_as_a_process_too(library: str) -> None:
    assert run_process("ask", ANSWERED, "--library", library).returncode == 0
    assert run_process("ask", NOT_FOUND, "--library", library).returncode == 1
    assert_fails(
        run_process("ask", ANSWERED, "--library", library + "s"),
        f"There is no library in {library}s.",
        f"Make one with: pincite index YOUR_DOCUMENTS --library {library}s",
    )


def test_ask_without_a_library_asks_the_shipped_corpus() -> None:
    ran = run("ask", "Which protein does selinexor block?", "--limit", "0")
    assert ran.exit_code == 0
    assert "not medical advice" in ran.stdout


def test_ask_takes_the_library_from_the_environment(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_LIBRARY", library)
    assert run("ask", ANSWERED).exit_code == 0


def test_the_thresholds_of_the_environment_decide(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("ask", NOT_FOUND, "--library", library).exit_code == 1
    monkeypatch.setenv("PINCITE_POSSIBLE_THRESHOLD", "0")
    ran = run("ask", NOT_FOUND, "--library", library)
    assert (ran.exit_code, ran.stdout.splitlines()[0]) == (0, POSSIBLE)
    monkeypatch.setenv("PINCITE_THRESHOLD", "0")
    ran = run("ask", NOT_FOUND, "--library", library)
    assert (ran.exit_code, POSSIBLE in ran.stdout) == (0, False)


HINT = "A question has 1 to 1,000 characters. web/README.md describes every part of a request."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("",), "`question` must not be empty."),
        ((" ",), "`question` must not be blank."),
        (("x" * 1001,), "`question` must have at most 1,000 characters (it has 1,001)."),
        (("\x1b[2J",), "`question` must not have control characters (it has U+001B at character 0)."),
        (("x", "--limit", "21"), "`limit` must be a whole number from 0 to 20."),
        (("x", "--limit", "-1"), "`limit` must be a whole number from 0 to 20."),
        (("x", "--document", ""), "`document` must not be blank."),
    ],
)
def test_ask_refuses_what_post_ask_refuses(arguments: tuple[str, ...], message: str) -> None:
    is_question = message.startswith("`question`")
    assert_fails(run("ask", *arguments), message, HINT if is_question else HINT[HINT.index("web/") :])


@pytest.mark.parametrize("command", ["ask", "explain"])
def test_a_question_of_several_words_without_quotes_is_told_to_take_them(command: str) -> None:
    ran = run(command, "what", "is", "wifi", "--limit", "1")
    said = f'The question has several words; put it in quotes: pincite {command} "what is wifi"'
    assert (ran.exit_code, ran.stderr.splitlines()[-1]) == (2, f"Error: {said}")


def test_words_that_a_shell_would_read_in_double_quotes_are_shown_in_single_ones() -> None:
    assert run("ask", "what", "costs", "$5").stderr.endswith("put it in quotes: pincite ask 'what costs $5'\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lst",), "No such command 'lst'. Did you mean 'list'?"),
        (("serv",), "No such command 'serv'. Did you mean 'serve'?"),
        (("feedback", "sumary"), "No such command 'sumary'. Did you mean 'summary'?"),
        (("zzz",), "No such command 'zzz'."),
    ],
)
def test_a_command_that_is_not_known_names_the_nearest_one(arguments: tuple[str, ...], message: str) -> None:
    ran = run(*arguments)
    assert (ran.exit_code, ran.stderr.splitlines()[-1]) == (2, f"Error: {message}")


def test_an_option_that_is_not_known_names_the_nearest_one() -> None:
    assert "--limit" in run("ask", "x", "--limt", "1").stderr


def test_ask_refuses_bytes_that_are_no_text(library: str) -> None:
    command = [os.fsencode(PINCITE), b"ask", b"\xff\xfe terns", b"--library", os.fsencode(library)]
    ran = subprocess.run(command, capture_output=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert ran.stderr.startswith(b"Error: `question` must be valid Unicode")
    assert ran.stderr.count(b"\n") == 2


def test_ask_names_a_document_that_is_not_there(library: str) -> None:
    assert_fails(
        run("ask", ANSWERED, "--library", library, "--document", "emus"),
        "No document has the id 'emus'.",
        "To see all ids, run pincite list with the same --library.",
    )


def test_a_setting_out_of_range_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_THRESHOLD", "2")
    description = {each.name: each for each in fields(Settings)}["threshold"].metadata["description"]
    assert_fails(
        run("ask", ANSWERED),
        f"The setting PINCITE_THRESHOLD cannot be '2'. {description}.",
        "Correct it or unset it. qa/README.md lists every setting with its range.",
    )


def test_a_damaged_library_is_an_error(library: str) -> None:
    (Path(library) / "library.sqlite3").write_text("no database" * 99)
    ran = run("ask", ANSWERED, "--library", library)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert re.fullmatch(
        r"Error: The library in .* is damaged: .*\.\nHint: Restore it from a backup, or build a new one .*\n",
        ran.stderr,
    )


# verify


def answer_file(library: str, folder: Path, question: str = ANSWERED) -> Path:
    """A file with an answer as ask gives it."""
    (folder / "answer.json").write_text(
        run("ask", question, "--library", library, "--limit", "1", "--json").stdout, "utf-8"
    )
    return folder / "answer.json"


def test_verify_says_of_each_citation_of_an_answer_that_it_holds_and_ends_with_0(library: str, tmp_path: Path) -> None:
    ran = run("verify", str(answer_file(library, tmp_path)), "--library", library)
    assert (ran.exit_code, ran.stderr) == (0, "")
    first, second, last = ran.stdout.splitlines()
    pattern = r"verified  “In the trial of alcanor, fever ended wit…” \(second-treatment, characters \d+-\d+\): "
    assert re.fullmatch(pattern + r"The words are at their place\.", first)
    assert second.startswith("verified  “")
    assert last == "2 citations: 2 verified."


def test_verify_tells_moved_changed_and_gone_apart_and_ends_with_1(library: str, tmp_path: Path) -> None:
    answer = json.loads(answer_file(library, tmp_path).read_text("utf-8"))
    citation = answer["citation"]
    moved = citation | {"start": citation["start"] - 7, "end": citation["end"] - 7, "selectors": []}
    text = citation["quote"].replace("11.1", "1.1")
    changed = citation | {"quote": text, "selectors": [], "end": citation["start"] + len(text)}
    changed |= {"document": citation["document"] | {"sha256": "0" * 64}}
    gone = citation | {"document": {"id": "emus"}}
    path = tmp_path / "list.json"
    path.write_text(json.dumps([citation, {"passage": answer["passage"], "citation": moved}, changed, gone]), "utf-8")
    ran = run("verify", str(path), "--library", library)
    assert ran.exit_code == 1
    lines = ran.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["verified", "moved", "changed", "now", "gone", "4"]
    assert lines[3].startswith("          now “In the trial of alcanor")
    assert lines[4].endswith("No document has the id 'emus' or the cited text.")
    assert lines[5] == "4 citations: 1 verified, 1 moved, 1 changed, 1 gone."
    path.write_text(json.dumps([citation, moved]), "utf-8")
    assert run("verify", str(path), "--library", library).exit_code == 0


def test_verify_json_is_what_post_verify_gives(library: str, client: FlaskClient, tmp_path: Path) -> None:
    path = answer_file(library, tmp_path)
    ran = run("verify", str(path), "--library", library, "--json")
    answer = json.loads(path.read_text("utf-8"))
    citations = [answer["citation"], *(each["citation"] for each in answer["alternatives"])]
    assert json.loads(ran.stdout) == client.post("/verify", json={"citations": citations}).get_json()
    assert ran.exit_code == 0


def test_verify_reads_an_outline_json_lines_and_answers_one_behind_the_other(library: str, tmp_path: Path) -> None:
    question = "How well does the second treatment of tern fever work?"
    answers = [run("ask", each, "--library", library, "--limit", "0", "--json").stdout for each in (question, ANSWERED)]
    in_lines = "\n".join(json.dumps(json.loads(each), ensure_ascii=False) for each in answers)
    for text in ("".join(answers), in_lines, json.dumps([json.loads(each) for each in answers])):
        (tmp_path / "answers").write_text(text, "utf-8")
        ran = run("verify", str(tmp_path / "answers"), "--library", library)
        assert ran.stdout.endswith("\n3 citations: 3 verified.\n"), "the second answer is a part of the outline"


def test_verify_reads_standard_input(library: str, tmp_path: Path) -> None:
    text = answer_file(library, tmp_path).read_text("utf-8")
    ran = CliRunner().invoke(cli, ["verify", "-", "--library", library], input=text)
    assert (ran.exit_code, ran.stdout.splitlines()[-1]) == (0, "2 citations: 2 verified.")
    ran = CliRunner().invoke(cli, ["verify", "-", "--library", library], input=b"\xff")
    assert_fails(ran, "Standard input has no citations: it is not text in UTF-8.", NO_CITATIONS)


def test_verify_of_an_answer_without_a_passage_checks_the_nearest_ones(library: str, tmp_path: Path) -> None:
    ran = run("verify", str(answer_file(library, tmp_path, NOT_FOUND)), "--library", library)
    assert (ran.exit_code, ran.stdout.splitlines()[-1]) == (0, "1 citation: 1 verified.")


NO_CITATIONS = "Give it the output of pincite ask --json or POST /ask, a citation from that, or a list of these."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("terns", "line 1 is not JSON (Expecting value)"),
        ('[]\n{"citation"', "line 2 is not JSON (Expecting ':' delimiter)"),
        ("[" * 100_000, "its JSON is nested too deeply"),
        ("{}", "it is not an answer, a cited passage or a citation"),
        ("[[7]]", "/0/0 is not an answer, a cited passage or a citation"),
        ('{"citation": {"quote": "x"}}', "/citation/document is required"),
        ('[{"quote": "", "document": {"id": "x"}, "start": 0, "end": 1}]', "/0/quote must not be empty"),
        (
            '{"quote": "x", "document": {"id": "x"}, "start": -1, "end": 1}',
            "/start must be a whole number from 0 to 1,000,000,000,000",
        ),
        ('{"quote": "\\ud800", "document": {"id": "x"}, "start": 0, "end": 1}', "must be valid Unicode"),
    ],
)
def test_verify_says_what_is_wrong_with_a_file(library: str, tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "citations.json"
    path.write_text(text, "utf-8")
    ran = run("verify", str(path), "--library", library)
    if "Unicode" in reason:
        assert (ran.exit_code, ran.stdout) == (2, "")
        assert ran.stderr.startswith(f"Error: {path} has no citations: ")
    else:
        assert_fails(ran, f"{path} has no citations: {reason}.", NO_CITATIONS)


def test_verify_names_a_file_that_is_not_there(library: str, tmp_path: Path) -> None:
    ran = run("verify", str(tmp_path / "none.json"), "--library", library)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert str(tmp_path / "none.json") in ran.stderr


def test_verify_prints_no_control_characters_of_a_citation(library: str, tmp_path: Path) -> None:
    citation = {"quote": "\x1b[2J\u202e x", "document": {"id": "a\x1b[2Jb\nc"}, "start": 0, "end": 3}
    (tmp_path / "c.json").write_text(json.dumps(citation), "utf-8")
    ran = run("verify", str(tmp_path / "c.json"), "--library", library)
    assert ran.exit_code == 1
    assert len(ran.stdout.splitlines()) == 2
    assert not [c for c in ran.stdout if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"]


# explain

EVIDENCE_ROW = re.compile(r"^   (\w+) +(-?[\d.]+) ×\s*([\d.]+) +=\s*(-?[\d.]+)   '?[a-z]", re.MULTILINE)
TERM_ROW = re.compile(r"   (\S.{21}) +([\d.]+) × +([\d.]+) × +([\d.]+) = +([\d.]+)   (\d+) of (\d+) terms")


def numbers(pattern: str, text: str) -> list[float]:
    [found] = re.findall(pattern, text)
    return [float(each) for each in (found if isinstance(found, tuple) else (found,))]


def rarities(listed: str) -> float:
    return sum(float(each.rsplit(" ", 1)[1]) for each in listed.split(", ") if each != "none")


@pytest.mark.parametrize("question", [ANSWERED, NOT_FOUND, "tern-fever fever days"])
def test_explain_prints_numbers_that_add_up_to_the_score(library: str, question: str) -> None:
    ran = run("explain", question, "--library", library, "--limit", "5")
    assert (ran.exit_code, ran.stderr) == (0, "")
    hits = Engine.open(Settings(library=Path(library))).search(question, limit=5)
    blocks = re.split(r"\n\n(?=\d\. )", ran.stdout.strip())
    assert len(blocks) == len(hits) > 1
    for hit, block in zip(hits, blocks, strict=True):
        assert block.startswith(f"{hit.rank}. ")
        assert f"[{hit.passage.id}]" in block
        rows = TERM_ROW.findall(block)
        assert rows
        for _, weight, idf, saturation, score, frequency, length in rows:
            assert float(weight) * float(idf) * float(saturation) == pytest.approx(float(score), abs=1e-3)
            assert 1 <= int(frequency) <= int(length)
        [retrieved] = numbers(r"retrieved by +=\s+([\d.]+)", block)
        assert sum(float(row[4]) for row in rows) == pytest.approx(retrieved, abs=1e-4 * len(rows))
        evidence = EVIDENCE_ROW.findall(block)
        evidence, found = evidence[: len(WEIGHTS)], evidence[len(WEIGHTS) :]
        assert [name for name, *_ in evidence] == list(WEIGHTS)
        assert [name for name, *_ in found] == (list(BY_WORDS.weights) if hit.rank == 1 else [])
        for name, weight, value, part in evidence:
            assert (float(weight), float(value)) == (WEIGHTS[name], round(hit.evidence[name], 4))
            assert float(weight) * float(value) == pytest.approx(float(part), abs=1e-3)
        [score] = numbers(r"score {10,}=\s+([\d.]+)", block)
        assert sum(float(part) for *_, part in evidence) == pytest.approx(score, abs=1e-3)
        assert score == round(hit.score, 4)
        [(held, lacking)] = re.findall(r"words held: (.*); lacking: (.*)", block)
        assert ("confidence = " in block) == (hit.rank == 1)
        if hit.rank == 1:
            for name, weight, value, part in found:
                assert float(weight) == BY_WORDS.weights[name]
                assert float(weight) * float(value) == pytest.approx(float(part), abs=1e-3)
            values = {name: float(value) for name, _, value, _ in found}
            assert values["score"] == pytest.approx(score / MOST_OF_ITS_OWN, abs=1e-4)
            whole = rarities(held) + rarities(lacking)
            assert values["library"] == pytest.approx(rarities(held) / whole, abs=0.01)
            assert (values["unknown"] > 0) == ("metformin" in lacking)
            [bias, sure] = numbers(r"confidence = 1 / \(1 \+ e\^-\((\S+) \+ their sum\)\) = ([\d.]+):", block)
            assert bias == BY_WORDS.bias
            logit = bias + sum(float(part) for *_, part in found)
            assert sure == pytest.approx(1 / (1 + math.exp(-logit)), abs=1e-3)


def test_explain_says_of_the_first_whether_it_answers(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = re.compile(
        r"^   confidence = .* = ([\d.]+): (.*)\n"
        r"   \(answered from threshold (\S+) on, possible from possible_threshold (\S+) on\)\n",
        re.MULTILINE,
    )

    def explained(question: str) -> tuple[str, str, str]:
        [(confidence, *said)] = verdict.findall(run("explain", question, "--library", library).stdout)
        assert float(confidence) == Engine.open(Settings(library=Path(library))).ask(question).confidence
        outcome, threshold, possible_threshold = said
        return outcome, threshold, possible_threshold

    assert explained(ANSWERED) == ("answered", "0.25", "0.1")
    assert explained(NOT_FOUND) == ("nothing found", "0.25", "0.1")
    monkeypatch.setenv("PINCITE_POSSIBLE_THRESHOLD", "0.001")
    assert explained(NOT_FOUND) == ("possible", "0.25", "0.001")
    monkeypatch.setenv("PINCITE_THRESHOLD", "0.001")
    assert explained(NOT_FOUND) == ("answered", "0.001", "0.001")


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("the of and", "The question has no word to search for. Name its subject."),
        ("metformin", "No passage mentions “metformin”."),
    ],
)
def test_explain_of_a_question_that_finds_no_passage_says_why(library: str, question: str, reason: str) -> None:
    ran = run("explain", question, "--library", library)
    assert (ran.exit_code, ran.stdout) == (0, f"{reason}\n")


def test_explain_says_how_the_question_was_read_and_why_it_is_not_answered(library: str) -> None:
    ran = run("explain", "And in metformyn?", "--history", ANSWERED, "--library", library)
    asked = run("ask", "And in metformyn?", "--history", ANSWERED, "--library", library)
    carried = [line for line in asked.stdout.splitlines() if line.startswith("Taken over")]
    assert len(carried) == 1
    assert ran.stdout.splitlines()[0] == carried[0]
    reason = next(line for line in asked.stdout.splitlines() if line.startswith("Nothing found. "))
    assert ran.stdout.splitlines()[-1] == reason.removeprefix("Nothing found. ")


def test_explain_refuses_what_ask_refuses(library: str) -> None:
    assert_fails(run("explain", " ", "--library", library), "`question` must not be blank.", HINT)


# index


def test_index_makes_a_library_and_says_how_to_ask_it(tmp_path: Path) -> None:
    library = tmp_path / "new" / "library"
    ran = run("index", str(TERNS), "--library", str(library))
    assert (ran.exit_code, ran.stderr) == (0, "")
    count = Engine.open(Settings(library=library)).passage_count
    assert re.fullmatch(
        "Added      4 documents\nReplaced   0 documents\nUnchanged  0 documents\nRemoved    0 documents\n"
        rf"Left out   0 files\nDone in \d+\.\d s\. The library in {re.escape(str(library))} now holds 4 documents in "
        rf"{count} passages\.\nAsk it: pincite ask \"\.\.\.\" --library {re.escape(str(library))}\n"
        rf"{count} passages encoded in \d+\.\d s\.\n",
        ran.stdout,
    )


def test_index_adds_to_what_is_there_and_counts_in_the_singular(library: str, tmp_path: Path) -> None:
    (tmp_path / "auks.md").write_text("# Auks\n\nAuks swim.\n")
    ran = run("index", str(tmp_path / "auks.md"), "--library", library)
    assert ran.stdout.startswith("Added      1 document\n")
    assert " now holds 5 documents in " in ran.stdout
    alone = run("index", str(tmp_path / "auks.md"), "--library", str(tmp_path / "alone"))
    assert " now holds 1 document in 1 passage.\n" in alone.stdout


def test_index_takes_the_library_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_LIBRARY", str(tmp_path / "library"))
    assert run("index", str(TERNS)).exit_code == 0
    assert run("ask", ANSWERED).exit_code == 0


def test_index_without_a_library_says_what_is_missing() -> None:
    ran = run("index", str(TERNS))
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.endswith("Error: Say which library to add to: --library FOLDER\n")


def test_index_of_what_cannot_be_read_is_an_error_and_changes_nothing(library: str, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    suffixes = ", ".join(READERS)
    assert_fails(
        run("index", str(documents), "--library", library),
        f"{documents} has no documents to read.",
        f"Put files there that end in {suffixes}. Dot-files are skipped.",
    )
    assert_fails(
        run("index", str(documents / "none.md"), "--library", library),
        f"There is no file or folder {documents / 'none.md'}.",
        "Check the spelling of the path.",
    )
    (documents / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    assert_fails(
        run("index", str(documents / "picture.png"), "--library", library),
        f"pincite cannot read this kind of file: {documents / 'picture.png'}.",
        f"It reads files that end in {suffixes}.",
    )
    for name, content in (("binary.md", b"\x89PNG\r\n\x1a\n\0\0"), ("broken.md", b"---\ntitle: [\n---\nText.\n")):
        (documents / name).write_bytes(content)
        ran = run("index", str(TERNS), str(documents / name), "--library", library, "--strict")
        assert (ran.exit_code, ran.stdout) == (2, "")
        assert re.fullmatch(rf"Error: .*{name}.*\.\nHint: .+\n", ran.stderr)
    assert Engine.open(Settings(library=Path(library))).document_count == 4


def test_index_of_nothing_that_can_be_read_makes_no_library(tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_bytes(b"\x00\x01")
    ran = run("index", str(tmp_path / "bad.md"), "--library", str(tmp_path / "library"))
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"Error: {tmp_path / 'bad.md'} is not a text file: ")
    assert run("list", "--library", str(tmp_path / "library")).exit_code == 2


def test_index_leaves_out_what_cannot_be_read_and_says_which(library: str, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "bad.md").write_bytes(b"\x00\x01")
    (tmp_path / "new" / "empty.md").write_text("")
    (tmp_path / "new" / "gulls.md").write_text("# Gulls\n\nGulls eat chips.\n")
    ran = run("index", str(tmp_path / "new"), "--library", library)
    warning, heading, left_out, hint = ran.stderr.splitlines()
    assert (ran.exit_code, warning) == (1, f"Warning: {tmp_path / 'new' / 'empty.md'} has no text to answer from.")
    assert ran.stdout.startswith("Added      2 documents\n")
    assert "\nLeft out   1 file\n" in ran.stdout
    assert (heading, hint[:4]) == ("Left out:", "    ")
    assert left_out.startswith(f"  {tmp_path / 'new' / 'bad.md'} is not a text file: ")
    assert run("ask", "What do gulls eat?", "--library", library).exit_code == 0


def test_index_takes_a_file_whose_name_is_no_text(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path / "t") + b"\xff.md")
    Path(path).write_text("The tern dives.")
    library = str(tmp_path / "library")
    assert run_process("index", path, "--library", library).returncode == 0
    assert run("list", "--library", library).stdout == "t  undated     1 passage   t\\xff\n"


def test_index_where_nothing_can_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = run("index", str(TERNS), "--library", str(tmp_path / "file" / "library"))
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert re.fullmatch(
        r"Error: The library in .* cannot be written: .*\.\nHint: Nothing was changed. .*\n", ran.stderr
    )


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_while_indexing_keeps_what_has_been_read_and_again_leaves_the_library_as_it_was(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    (tmp_path / "auks.md").write_text("# Auks\n\nAuks swim.\n")

    def interrupted(path: Path, document_id: str, **others: Any) -> Iterator[Work]:
        if path.name == "second-treatment.md":
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
        return read_works(path, document_id, **others)

    monkeypatch.setattr(qa.library.adding, "read_works", interrupted)
    copied = shutil.copytree(TERNS, tmp_path / "terns")
    again = ("index", str(tmp_path / "auks.md"), str(copied), "--library", library)
    ran = run(*again)
    monkeypatch.undo()
    assert ran.exit_code == 130
    assert ran.stderr.startswith("Stopping. What has been read is kept. ")
    count = Engine.open(Settings(library=Path(library))).document_count
    if times == 1:
        assert re.search(r"\nStopped after \d of 5 files\. Run the same command again for the rest\. ", ran.stdout)
        assert 4 < count < 9
    else:
        assert (ran.stdout, count) == ("", 4)
    assert run("ask", ANSWERED, "--library", library).exit_code == 0
    assert run(*again).exit_code == 0
    assert Engine.open(Settings(library=Path(library))).document_count == 9


def test_index_prunes_and_names_every_document_where_that_is_asked_for(tmp_path: Path) -> None:
    library, copied = str(tmp_path / "library"), shutil.copytree(TERNS, tmp_path / "terns")
    assert run("index", str(copied), "--library", library).exit_code == 0
    (copied / "spotting.md").unlink()
    (copied / "first-treatment.md").write_text("# Terns\n\nTerns are seen.\n")
    ran = run("index", str(copied), "--library", library, "--prune", "--verbose")
    assert (ran.exit_code, ran.stderr) == (0, "")
    fates = [line.split() for line in ran.stdout.splitlines() if re.match(r"\w+  +\S+\Z", line)]
    assert ["Replaced", "first-treatment"] in fates
    assert ["Unchanged", "second-treatment"] in fates
    assert ["Removed", "spotting"] in fates
    assert len(fates) == 4


@contextmanager
def watching(documents: Path, library: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [PINCITE, "index", str(documents), "--library", str(library), "--watch"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_with(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return line
    raise AssertionError(f"it ended without {words}")


def test_index_watches_files_that_change_come_and_go_until_ctrl_c(tmp_path: Path) -> None:
    documents, library = shutil.copytree(TERNS, tmp_path / "terns"), tmp_path / "terns" / "library"
    with watching(documents, library) as process:
        line_with(process, "Watching for changes. Stop with Ctrl-C.")
        (documents / "auks.md").write_text("# Auks\n\nAuks swim.\n")
        assert re.fullmatch(r"\d\d:\d\d:\d\d  added 1 \(auks\)\n", line_with(process, "added"))
        assert run("ask", "Do auks swim?", "--library", str(library)).exit_code == 0
        (documents / "new").write_text("# Auks\n\nAuks wade.\n")
        (documents / "new").replace(documents / "auks.md")
        assert line_with(process, "replaced").endswith("  replaced 1 (auks)\n")
        (documents / "bad.md").write_bytes(b"\0")
        assert "is not a text file" in line_with(process, "bad.md")
        (documents / "auks.md").unlink()
        assert line_with(process, "removed").endswith("  removed 1 (auks)\n")
        process.send_signal(signal.SIGINT)
        line_with(process, "Stopped watching.")
        assert process.wait() == 0


def test_ctrl_c_while_asking_does_not_look_like_nothing_found(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Engine, "ask", interrupted)
    assert run("ask", NOT_FOUND, "--library", library).exit_code == 130


# config and bench


def test_list_shows_ids_dates_passages_and_titles(library: str) -> None:
    ran = run("list", "--library", library)
    assert (ran.exit_code, ran.stderr) == (0, "")
    engine = Engine.open(Settings(library=Path(library)))
    for line, entry in zip(ran.stdout.splitlines(), engine.contents(), strict=True):
        assert line.split("  ")[0] == entry.id
        assert line.endswith(f"  {entry.title}")
        assert re.search(rf"  +{len(engine.passages(entry.id))} passage", line)
    lines = run("list", "--library", library, "--json").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "id": entry.id,
            "title": entry.title,
            "updated": entry.updated.isoformat() if entry.updated else None,
            "passages": entry.passage_count,
            "file": entry.file,
            "left_out": {},
        }
        for entry in engine.contents()
    ]


def test_what_is_left_out_of_a_file_is_told_by_a_verbose_index_and_kept_for_programs(tmp_path: Path) -> None:
    folder, kept = tmp_path / "files", str(tmp_path / "library")
    folder.mkdir()
    (folder / "gate.html").write_text(
        "<title>Gate</title><main><h1>Gate</h1><p>Open at <del>eight</del> nine.</p><p hidden>Not for you.</p>"
        "<img src='map.png'><p>Name: <input name='n'></p></main>"
    )
    (folder / "pier.md").write_text("# Pier\n\nThe pier is ~~quite new~~ old. ![A pier](pier.png)\n")
    ran = run("index", str(folder), "--library", kept, "--verbose", "--no-vectors")
    assert "Note: " + str(folder / "gate.html") + ": 3 words are left out, hidden on the page." in ran.stderr
    lines = [line.strip() for line in ran.stdout.splitlines()]
    place = lines.index("Added      gate")
    assert sorted(lines[place + 1 : place + 5]) == [
        "left out: 1 field of a form",
        "left out: 1 picture",
        "left out: 1 word struck out",
        "left out: 3 words hidden on the page",
    ]
    entries = [json.loads(line) for line in run("list", "--library", kept, "--json").stdout.splitlines()]
    assert {entry["id"]: entry["left_out"] for entry in entries} == {
        "gate": {"fields of a form": 1, "pictures": 1, "words hidden on the page": 3, "words struck out": 1},
        "pier": {"pictures": 1, "words struck out": 2},
    }


def test_remove_takes_documents_out_for_good(library: str) -> None:
    before = Engine.open(Settings(library=Path(library))).contents()
    ran = run("remove", "spotting", "--library", library)
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"1 document removed. The library in {library} now holds {len(before) - 1} documents")
    after = Engine.open(Settings(library=Path(library))).contents()
    assert after == [entry for entry in before if entry.id != "spotting"]


def test_remove_of_one_that_is_not_there_removes_none(library: str) -> None:
    before = Engine.open(Settings(library=Path(library))).contents()
    assert_fails(
        run("remove", "spotting", "nothing", "--library", library),
        "No document has the id 'nothing'.",
        "To see all ids, run pincite list with the same --library.",
    )
    assert Engine.open(Settings(library=Path(library))).contents() == before


def test_remove_without_a_library_says_what_is_missing() -> None:
    ran = run("remove", "glossary")
    assert ran.exit_code == 2
    assert "Say which library to remove them from: --library FOLDER" in ran.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_cannot_be_written_is_an_error(library: str) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [PINCITE, "ask", ANSWERED, "--library", library],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (ran.returncode, ran.stderr.splitlines()) == (
        2,
        ["Error: The system refused: [Errno 28] No space left on device."],
    )


def test_config_show_prints_every_setting_with_the_value_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_PORT", "8123")
    ran = run("config", "show", "--library", "/srv/terns")
    assert (ran.exit_code, ran.stderr) == (0, "")
    lines = [re.split(r" {2,}", line, maxsplit=2) for line in ran.stdout.splitlines()]
    values = {
        "library": "/srv/terns",
        "synonyms": "(none)",
        "engine": "(none)",
        "feedback": "(none)",
        "host": "127.0.0.1",
        "port": "8123",
        "workers": "(none)",
        "threads": "4",
        "threshold": "0.25",
        "possible_threshold": "0.1",
        "meaning": "on",
        "model": "(none)",
        "language": "auto",
        "old_after": "3",
        "tokens_file": "(none)",
        "manage": "off",
        "max_upload": "1000",
        "allowed_hosts": "(none)",
        "trusted_proxies": "(none)",
        "rate_limit": "(none)",
        "token_rate_limit": "(none)",
        "max_connections": "2000",
        "max_connections_per_address": "200",
        "widget_origins": "(none)",
        "metrics": "off",
        "log": "plain",
        "log_questions": "off",
        "cluster": "(none)",
        "cluster_user": "(none)",
        "cluster_password_file": "(none)",
        "cluster_api_key_file": "(none)",
        "cluster_ca": "(none)",
        "cluster_timeout": "10.0",
        "cluster_shards": "(none)",
        "max_file_size": "200",
        "max_memory": "2048",
        "max_seconds": "60",
    }
    *settings, encoder = lines
    assert settings == [[each.name, values[each.name], each.metadata["description"]] for each in fields(Settings)]
    assert encoder[0].startswith("Passages are found by words and by meaning. Encoder: minilm-l6-int8-")
    assert run("config", "show").stdout.splitlines()[0].startswith("library                      (none)")


def test_config_show_names_a_setting_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_PROT", "8123")
    assert_fails(
        run("config", "show"),
        "The setting PINCITE_PROT is not known. "
        "Known settings: library, synonyms, engine, feedback, host, port, workers, threads, threshold, "
        "possible_threshold, meaning, model, language, old_after, "
        "tokens_file, manage, max_upload, allowed_hosts, trusted_proxies, rate_limit, token_rate_limit, "
        "max_connections, max_connections_per_address, widget_origins, metrics, log, log_questions, "
        "cluster, cluster_user, cluster_password_file, cluster_api_key_file, cluster_ca, cluster_timeout, "
        "cluster_shards, max_file_size, max_memory, max_seconds.",
        "Correct it or unset it. qa/README.md lists every setting with its range.",
    )


BENCH = re.compile(
    r"passages +([\d,]+)\nopen or index +([\d.]+) s\nquestions asked +([\d,]+)  \((\d+) different\)\n"
    r"p50 +([\d.]+) ms\np99 +([\d.]+) ms\nquestions a second +([\d,]+)\npeak memory +([\d,]+) MB\n"
)


def test_bench_prints_its_figures(library: str) -> None:
    ran = run("bench", "--library", library, "--seconds", "0.1")
    assert (ran.exit_code, ran.stderr) == (0, "")
    found = BENCH.fullmatch(ran.stdout)
    assert found, ran.stdout
    passages, opened, asked, different, p50, p99, per_second, memory = (
        float(each.replace(",", "")) for each in found.groups()
    )
    assert passages == Engine.open(Settings(library=Path(library))).passage_count
    assert asked >= different >= 4
    assert 0 < p50 <= p99
    assert min(opened, per_second, memory) > 0


def test_bench_has_the_service_measured_by_what_knows_of_it(library: str) -> None:
    asked: list[object] = []

    def measure(settings: Settings, questions: list[str], *, seconds: float, connections: int) -> list[str]:
        asked.extend([settings.library, len(questions), seconds, connections])
        return ["as fast as that"]

    arguments = ["bench", "--http", "--library", library, "--seconds", "1", "--connections", "8"]
    ran = CliRunner().invoke(cli, arguments, obj=measure)
    assert (ran.exit_code, ran.output) == (0, "as fast as that\n")
    assert asked == [Path(library), 7, 1.0, 8]
    ran = run(*arguments)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.endswith("Error: --http needs the web service. Run it as: pincite bench --http\n")


def test_bench_asks_the_questions_of_a_file_in_any_encoding(library: str, tmp_path: Path) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text("Where do terns nest?\n\n  What is “alcanor”?  \n", "utf-16")
    ran = run("bench", "--library", library, "--seconds", "0.1", "--questions", str(questions))
    assert ran.exit_code == 0
    assert "(2 different)" in ran.stdout


def test_bench_refuses_a_file_without_usable_questions(library: str, tmp_path: Path) -> None:
    questions = tmp_path / "questions.txt"
    bench = ("bench", "--library", library, "--seconds", "0.1", "--questions", str(questions))
    questions.write_text("\n \n")
    ran = run(*bench)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.endswith(f"Error: {questions} has no questions.\n")
    questions.write_text("Terns?\n" + "x" * 1001)
    ran = run(*bench)
    assert (ran.exit_code, ran.stdout) == (2, "")
    too_long = "`question` must have at most 1,000 characters (it has 1,001)."
    assert ran.stderr.endswith(f"Error: Question 2 cannot be asked. {too_long}\n")
    questions.write_bytes(b"\0\1\2")
    ran = run(*bench)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert re.fullmatch(r"Error: .* is not a text file: .*\.\nHint: .*\n", ran.stderr)


# Help


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", list(commands(cli)), ids=" ".join)
def test_every_command_explains_itself_and_each_of_its_options(path: tuple[str, ...]) -> None:
    ran = run(*path, "--help")
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"Usage: {' '.join(('pincite', *path))} ")
    assert run(*path, "-h").stdout == ran.stdout
    command: click.Command = cli
    for name in path:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert all(name in ran.stdout for name in option.opts)


def test_the_commands_are_these() -> None:
    commands = {"ask", "backup", "bench", "check", "config", "eval", "explain", "feedback"}
    commands |= {"index", "list", "mcp", "remove", "serve", "token", "verify"}
    assert set(cli.list_commands(click.Context(cli))) == commands
    assert cli.commands["serve"] is serve


def test_the_version_is_that_of_the_distribution() -> None:
    ran = run_process("--version")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.fullmatch(r"pincite \d+\.\d+\.\d+\n", ran.stdout)


@pytest.mark.parametrize(
    "arguments", [("fly",), ("ask",), ("ask", "x", "--fly"), ("index",), ("explain", "x", "--limit", "0")]
)
def test_a_command_that_is_called_wrongly_says_how_to_call_it(arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("Usage: pincite")
    assert "\nError: " in ran.stderr


# Hostile text

STEERING = "\x1b[2J\x1b]0;owned\x07\u009b31m\u202eowned\u2066"


def steers(printed: str) -> set[str]:
    """The characters in a text that a terminal obeys."""
    return {c for c in printed if unicodedata.category(c) in ("Cc", "Cf") and c not in "\n\u00ad\u200c\u200d"}


@pytest.fixture
def hostile(tmp_path: Path) -> str:
    """A library of one document that tries to steer the terminal by all of its parts."""
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "terns.md").write_text(
        f'---\ntitle: "Terns \\e[2J\\u202e"\nauthors: ["\\e]0;owned\\a"]\npublisher: "\\x9b31m"\n'
        f'references: [{{marker: "1", text: "\\e[2J"}}]\n---\n\n'
        f"# Terns {STEERING} dive\n\n## Diving {STEERING}\n\nTerns dive. {STEERING} [1]\n\n{'They dive far. ' * 500}\n",
        "utf-8",
    )
    Engine.create(Settings(library=tmp_path / "library")).add([tmp_path / "documents"])
    return str(tmp_path / "library")


def test_no_text_of_a_document_can_steer_the_terminal(hostile: str) -> None:
    assert steers(Engine.open(Settings(library=Path(hostile))).document("terns").text)
    for command in ("ask", "explain"):
        ran = run(command, "How do terns dive?", "--library", hostile, "--limit", "5")
        assert ran.exit_code == 0
        assert "Terns dive" in ran.stdout or "Diving" in ran.stdout
        assert "\N{REPLACEMENT CHARACTER}" in ran.stdout
        assert steers(ran.stdout) == set()


def test_no_text_of_a_question_can_steer_the_terminal(library: str) -> None:
    for command in ("ask", "explain"):
        ran = run(command, "Do \u202e\u2066zebras\u2069 nest\u200b?", "--library", library)
        assert steers(ran.stdout + ran.stderr) == set()


def test_no_name_of_a_file_can_steer_the_terminal_or_forge_a_line(library: str, tmp_path: Path) -> None:
    (tmp_path / f"a{STEERING}\nError: b.md").write_bytes(b"\0\1\2")
    for path in (tmp_path / f"a{STEERING}\nError: b.md", tmp_path / f"none{STEERING}\nError: b.md"):
        ran = run("index", str(path), "--library", library)
        assert (ran.exit_code, ran.stdout, ran.stderr.count("\n")) == (2, "", 2)
        assert steers(ran.stderr) == set()


def test_spaces_of_every_width_and_joiners_are_printed_as_they_are(tmp_path: Path) -> None:
    text = "A\u00a0tern weighs 100\u202fg, and a\u2009pair is a \u200d couple of co\u00adworkers."
    (tmp_path / "terns.md").write_text(f"# Terns\n\n{text}\n")
    Engine.create(Settings(library=tmp_path / "library")).add([tmp_path / "terns.md"])
    assert text in run("ask", "How much does a tern weigh?", "--library", str(tmp_path / "library")).stdout


# On a terminal


def on_a_terminal(*arguments: str) -> str:
    """What a command prints on a terminal, both its streams."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([PINCITE, *arguments], stdout=theirs, stderr=theirs, close_fds=True) as process:
        os.close(theirs)
        printed = b""
        try:
            while part := os.read(ours, 4096):
                printed += part
        except OSError:  # how Linux says that the other side is closed
            pass
        process.wait()
    os.close(ours)
    return printed.decode().replace("\r\n", "\n")


def test_on_a_terminal_the_highlight_is_bold_and_nothing_else_is_steered(library: str, hostile: str) -> None:
    printed = on_a_terminal("ask", "Where do terns nest?", "--library", library, "--limit", "0")
    assert "\x1b[1mTerns nest on open shingle and dive for fish.\x1b[0m" in printed
    printed = on_a_terminal("ask", "How do terns dive?", "--library", hostile, "--limit", "0")
    assert set(re.findall(r"\x1b.{3}", printed)) <= {"\x1b[1m", "\x1b[0m"}
    assert steers(printed) <= {"\x1b"}


def test_on_a_terminal_indexing_shows_how_far_it_is_and_clears_the_line(tmp_path: Path) -> None:
    (tmp_path / "terns.jsonl").write_text('{"text": "Terns nest on open shingle and dive for fish."}\n' * 5000)
    arguments = ("index", str(tmp_path / "terns.jsonl"), "--library", str(tmp_path / "library"), "--no-vectors")
    printed = on_a_terminal(*arguments)
    shown, _, left = printed.rpartition("\r\x1b[K")
    assert re.match(r"\r\x1b\[K(Reading|Indexing) +\d+% \[[#-]{10}\]  [\d,]+ of [\d,]+ (files|passages)", shown)
    assert left.startswith("Added      5,000 documents\n")


# A place for a library


def test_a_folder_of_other_files_does_not_become_a_library(tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    for name in ("a.md", "b.md", "c.md", ".hidden"):
        (folder / name).write_text("# Terns\n\nTerns dive.\n")
    refused = CliRunner().invoke(cli, ["index", str(folder), "--library", str(folder), "--no-vectors"])
    assert refused.exit_code == 2
    assert refused.stderr == (
        f"Error: There is no library in {folder}, but other files, such as a.md and b.md.\n"
        f"Hint: Name a new or empty folder for the library, such as: --library {folder / 'library'}\n"
    )
    assert sorted(each.name for each in folder.iterdir()) == [".hidden", "a.md", "b.md", "c.md"]


def test_an_empty_folder_one_with_feedback_alone_and_a_library_beside_files_are_taken(tmp_path: Path) -> None:
    source = tmp_path / "a.md"
    source.write_text("# Terns\n\nTerns dive.\n")
    empty, old = tmp_path / "empty", tmp_path / "old"
    for folder in (empty, old):
        folder.mkdir()
    (empty / ".DS_Store").touch()
    (old / "feedback.sqlite3").touch()
    for folder in (empty, old, tmp_path / "missing"):
        command = ["index", str(source), "--library", str(folder), "--no-vectors"]
        assert CliRunner().invoke(cli, command).exit_code == 0
        (folder / "notes.txt").touch()
        assert CliRunner().invoke(cli, command).exit_code == 0
