"""What people say of answers: kept whole or not at all, by any number of writers, and exported to be measured with."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qa import Engine, Settings
from qa.cli import cli
from qa.errors import FeedbackDamagedError, FeedbackUnwritableError
from qa.feedback import FeedbackStore, write_beir, write_rows
from qa.feedback import store as store_module
from qa.model import Feedback, Fingerprint, Judgement, fingerprint
from qa.readers import read_judged

ROOT = Path(__file__).resolve().parent.parent
NOON = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)

REFUSED = Feedback(
    at=NOON,
    question="Do emus fly?",
    history=("What of birds?", "And “emus”?"),
    asked_of=None,
    outcome="nothing_found",
    helpful=False,
    comment="Line one.\nLine two, 🐦",
    passage_id=None,
    document_id=None,
    start=None,
    end=None,
    quote=None,
    passage_sha256=None,
    document_sha256=None,
    confidence=0.125,
    library="memory",
    version="0.1.0",
)
PRAISED = replace(
    REFUSED,
    outcome="possible",
    helpful=True,
    comment="",
    history=(),
    passage_id="terns-00000",
    document_id="terns",
    start=7,
    end=18,
    quote="Terns dive.",
    passage_sha256="a" * 64,
    document_sha256="b" * 64,
    confidence=None,
)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings from outside."""
    for name in os.environ:
        if name.startswith("PINCITE_"):
            monkeypatch.delenv(name)


@pytest.fixture
def store(tmp_path: Path) -> FeedbackStore:
    return FeedbackStore(tmp_path / "new" / "folder" / "feedback.sqlite3")


# Seals


def test_a_change_of_any_column_of_any_row_is_found(store: FeedbackStore) -> None:
    for key, feedback in (("a", PRAISED), ("b", replace(REFUSED, confidence=0.5, asked_of="emus")), ("c", REFUSED)):
        store.keep(feedback, key=key)
    store.keep(replace(PRAISED, comment="No."), key="a")
    assert list(store.problems()) == []
    with closing(sqlite3.connect(store.path, isolation_level=None)) as database:
        columns = [name for _, name, *_ in database.execute("PRAGMA table_info(feedback)")]
        assert len(columns) == len(fields(Feedback)) + 2
        for column in columns:
            [(kept,)] = database.execute(f"SELECT {column} FROM feedback WHERE id = 2").fetchall()  # noqa: S608
            changed = {"outcome": "possible", "helpful": 1, "seal": b"x" * 16}.get(column, 77)
            database.execute(f"UPDATE feedback SET {column} = ? WHERE id = 2", (changed,))  # noqa: S608
            row_id = 77 if column == "id" else 2
            found = list(store.problems())
            assert found[0] == f"The feedback number {row_id} in feedback.sqlite3 has been changed.", column
            database.execute(f"UPDATE feedback SET {column} = ? WHERE id = ?", (kept, row_id))  # noqa: S608
    assert list(store.problems()) == []


def test_feedback_that_was_taken_away_or_added_is_found(store: FeedbackStore) -> None:
    for key in "abc":
        store.keep(PRAISED, key=key)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as database:
        row = database.execute("SELECT * FROM feedback WHERE id = 2").fetchone()
        database.execute("DELETE FROM feedback WHERE id = 2")
        assert len(list(store.problems())) == 1
        database.execute(f"INSERT INTO feedback VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
        assert list(store.problems()) == []
        database.execute("UPDATE sealed SET total = zeroblob(16)")
        assert len(list(store.problems())) == 1
    store.clear()
    assert list(store.problems()) == []


def test_a_check_of_the_library_tells_of_feedback_that_was_changed(tmp_path: Path) -> None:
    engine = Engine.create(Settings(library=tmp_path, meaning="off"))
    engine.add([ROOT / "tests" / "fixtures" / "terns"])
    engine.feedback.keep(PRAISED, key="a")
    engine.unanswered.count("Where is metformin?", "nothing_found")
    engine.unanswered.flush()
    assert CliRunner().invoke(cli, ["check", "--library", str(tmp_path)]).exit_code == 0
    with closing(sqlite3.connect(engine.feedback.path)) as database, database:
        database.execute("UPDATE feedback SET helpful = NOT helpful")
    with closing(sqlite3.connect(engine.unanswered.path)) as database, database:
        database.execute("UPDATE unanswered SET unfound = 7")
    ran = CliRunner().invoke(cli, ["check", "--library", str(tmp_path)])
    assert ran.exit_code == 1
    assert ran.stdout.splitlines() == [
        "The feedback number 1 in feedback.sqlite3 has been changed.",
        "The counts of questions in unanswered.sqlite3 have been changed.",
    ]
    assert "2 problems. The documents are whole" in ran.stderr
    engine.unanswered.clear()
    assert len(engine.check_feedback()) == 1


# Keeping


def test_nothing_is_made_before_the_first_feedback(store: FeedbackStore, tmp_path: Path) -> None:
    assert (store.all(), store.clear()) == ([], 0)
    assert list(tmp_path.iterdir()) == []


def test_what_is_kept_comes_back_as_it_was_in_the_order_of_its_time(store: FeedbackStore) -> None:
    late, early = replace(PRAISED, at=NOON + timedelta(seconds=1)), REFUSED
    assert store.keep(late, key="a") == replace(late, id=1)
    assert store.keep(early, key="b") == replace(early, id=2)
    assert store.all() == [replace(early, id=2), replace(late, id=1)]


def test_what_has_the_same_key_is_replaced_whole(store: FeedbackStore) -> None:
    store.keep(PRAISED, key="a")
    assert store.keep(REFUSED, key="a") == replace(REFUSED, id=1)
    assert store.all() == [replace(REFUSED, id=1)]


def test_the_file_alone_holds_all_and_can_be_copied(store: FeedbackStore, tmp_path: Path) -> None:
    store.keep(PRAISED, key="a")
    assert [path.name for path in store.path.parent.iterdir()] == ["feedback.sqlite3"]
    copied = Path(shutil.copy(store.path, tmp_path))
    assert FeedbackStore(copied).all() == [replace(PRAISED, id=1)]


def test_what_is_cleared_leaves_no_trace_in_the_file(store: FeedbackStore) -> None:
    store.keep(replace(REFUSED, comment="my secret " * 100), key="a")
    store.keep(PRAISED, key="b")
    assert b"my secret" in store.path.read_bytes()
    assert store.clear() == 2
    assert store.all() == []
    assert b"my secret" not in store.path.read_bytes()
    assert store.keep(PRAISED, key="a").id == 1


def test_threads_lose_nothing(store: FeedbackStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        kept = list(threads.map(lambda number: store.keep(REFUSED, key=str(number)), range(80)))
    assert sorted(each.id for each in kept) == [each.id for each in store.all()] == list(range(1, 81))


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from qa.feedback import FeedbackStore
from test_feedback import REFUSED

store = FeedbackStore(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    kept = store.keep(REFUSED, key=f"{sys.argv[2]}-{number}")
    print(kept.id, flush=True)
"""


def writer(store: FeedbackStore, name: str, count: int) -> subprocess.Popen[str]:
    """A process that keeps feedback as soon as it is told to, and prints each id when it is kept."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(store.path), name, str(count)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests"), *sys.path])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def test_processes_that_all_make_the_file_lose_nothing(store: FeedbackStore) -> None:
    processes = [writer(store, name, 15) for name in "abcd"]
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    ids = [int(line) for process in processes for line in process.communicate(timeout=60)[0].split()]
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(ids) == [each.id for each in store.all()] == list(range(1, 61))


def test_a_killed_writer_loses_nothing_that_was_kept(store: FeedbackStore) -> None:
    for round_number in range(3):
        before = len(store.all())
        with writer(store, str(round_number), 1_000_000) as process:
            assert process.stdin
            assert process.stdout
            process.stdin.write("\n")
            process.stdin.flush()
            for _ in range(10):
                process.stdout.readline()
            process.send_signal(signal.SIGKILL)
            told = 10 + sum(line.endswith("\n") for line in process.stdout)
        kept = store.all()
        assert len(kept) - before in (told, told + 1)
        assert {replace(each, id=0) for each in kept} == {REFUSED}
        with closing(sqlite3.connect(store.path)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert list(store.problems()) == []


# What is in its way


def test_a_place_where_nothing_can_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, reason in [
        (tmp_path / "file" / "feedback.sqlite3", "file exists"),
        (tmp_path, "unable to open database file"),
    ]:
        with pytest.raises(FeedbackUnwritableError) as caught:
            FeedbackStore(path).keep(REFUSED, key="a")
        assert caught.value.message.startswith(f"The feedback in {path} cannot be written or read: ")
        assert caught.value.message.endswith(f"{reason}.") or sys.platform != "linux"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_read_only_is_an_error_that_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(FeedbackUnwritableError):
        FeedbackStore(tmp_path / "feedback.sqlite3").keep(REFUSED, key="a")


def test_a_file_that_another_process_holds_too_long_is_an_error(
    store: FeedbackStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.keep(REFUSED, key="a")
    monkeypatch.setattr("qa.feedback.store._BUSY", 0.05)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(FeedbackUnwritableError, match="database is locked"):
            store.keep(REFUSED, key="b")
        assert len(store.all()) == 1
        other.execute("ROLLBACK")
    assert store.keep(REFUSED, key="b").id == 2


def test_a_file_that_is_none_of_feedback_is_an_error_and_stays_as_it_is(tmp_path: Path) -> None:
    text, database, torn = tmp_path / "a.txt", tmp_path / "other.sqlite3", tmp_path / "torn.sqlite3"
    text.write_text("No database at all. " * 100)
    with closing(sqlite3.connect(database)) as other:
        other.execute("CREATE TABLE feedback (mine TEXT)")
    FeedbackStore(torn).keep(REFUSED, key="a")
    torn.write_bytes(torn.read_bytes()[:4096] + b"x" * 8192)
    for path in (text, database, torn):
        before = path.read_bytes()
        for use in (FeedbackStore(path).all, lambda path=path: FeedbackStore(path).keep(PRAISED, key="b")):
            with pytest.raises(FeedbackDamagedError) as caught:
                use()
            assert caught.value.message.startswith(f"{path} cannot be read as a feedback file: ")
        assert path.read_bytes() == before


def test_a_file_of_a_later_version_is_refused_and_stays_as_it_is(store: FeedbackStore) -> None:
    store.keep(REFUSED, key="a")
    with closing(sqlite3.connect(store.path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (3,)
        database.execute("PRAGMA user_version = 4")
    before = store.path.read_bytes()
    with pytest.raises(FeedbackDamagedError, match="it is of version 4, but this program reads version 3"):
        store.all()
    assert store.path.read_bytes() == before


VERSION_1 = """
    CREATE TABLE feedback (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, at TEXT NOT NULL,
        question TEXT NOT NULL, history TEXT NOT NULL, asked_of TEXT,
        answered INTEGER NOT NULL CHECK (answered IN (0, 1)), helpful INTEGER NOT NULL CHECK (helpful IN (0, 1)),
        comment TEXT NOT NULL, passage_id TEXT, document_id TEXT, start INTEGER, end INTEGER, quote TEXT,
        passage_sha256 TEXT, document_sha256 TEXT, confidence REAL, library TEXT NOT NULL, version TEXT NOT NULL
    ) STRICT;
    PRAGMA application_id = 0x70696E63;
    PRAGMA user_version = 1;
"""


@pytest.fixture
def old_store(store: FeedbackStore) -> FeedbackStore:
    """A file as it was made before there were possible answers, with one that was answered and one that was not."""
    store.path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(store.path)) as database:
        database.executescript(VERSION_1)
        for each, key in ((PRAISED, "a"), (REFUSED, "b")):
            row = asdict(each)
            del row["id"], row["outcome"]
            row |= {"key": key, "at": each.at.isoformat(), "history": json.dumps(each.history)}
            row["answered"] = each.passage_id is not None
            names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
            database.execute(f"INSERT INTO feedback ({names}) VALUES ({places})", row)  # noqa: S608
        database.commit()
    return store


OLD = [replace(PRAISED, id=1, outcome="answered"), replace(REFUSED, id=2, outcome="nothing_found")]


def test_a_file_from_before_there_were_possible_answers_is_read_with_the_outcomes_that_there_were(
    old_store: FeedbackStore,
) -> None:
    assert old_store.all() == OLD
    with closing(sqlite3.connect(old_store.path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (3,)
        assert "answered" not in {row[1] for row in database.execute("PRAGMA table_info(feedback)")}
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert list(old_store.problems()) == []


def test_a_check_changes_no_file_and_one_without_seals_is_no_problem(old_store: FeedbackStore) -> None:
    before = old_store.path.read_bytes()
    assert list(old_store.problems()) == []
    assert old_store.path.read_bytes() == before
    old_store.keep(PRAISED, key="c")
    before = old_store.path.read_bytes()
    assert list(old_store.problems()) == []
    assert old_store.path.read_bytes() == before
    assert list(old_store.path.parent.iterdir()) == [old_store.path]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_feedback_that_may_only_be_read_is_checked(store: FeedbackStore) -> None:
    store.keep(PRAISED, key="a")
    store.path.chmod(0o400)
    store.path.parent.chmod(0o500)
    try:
        assert list(store.problems()) == []
    finally:
        store.path.parent.chmod(0o700)


def test_such_a_file_goes_on_to_be_written(old_store: FeedbackStore) -> None:
    assert old_store.keep(PRAISED, key="c").id == 3
    assert old_store.keep(replace(PRAISED, outcome=None), key="b").id == 2
    assert sorted(old_store.all(), key=lambda each: each.id) == [
        OLD[0],
        replace(PRAISED, id=2, outcome=None),
        replace(PRAISED, id=3),
    ]


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    old_store: FeedbackStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = old_store.path.read_bytes()
    first, second, *_ = store_module._MIGRATIONS
    monkeypatch.setattr(store_module, "_MIGRATIONS", (first, (*second, "DROP TABLE nowhere")))
    with pytest.raises(FeedbackDamagedError, match="no such table: nowhere"):
        old_store.all()
    assert old_store.path.read_bytes() == before
    monkeypatch.undo()
    assert old_store.all() == OLD


def test_processes_that_all_bring_a_file_up_to_date_lose_nothing(old_store: FeedbackStore) -> None:
    processes = [writer(old_store, name, 5) for name in "abcd"]
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0] * 4
    assert len(old_store.all()) == 22
    assert list(old_store.problems()) == []


def test_an_outcome_that_there_is_not_is_not_kept(store: FeedbackStore) -> None:
    with pytest.raises(FeedbackDamagedError, match="CHECK constraint failed"):
        store.keep(replace(PRAISED, outcome="perhaps"), key="a")  # type: ignore[arg-type]
    assert store.all() == []


def test_a_judgement_names_its_words_or_says_that_nothing_was_found() -> None:
    known_by = Fingerprint(11, "0" * 16)
    assert Judgement(key="a", question="?", helpful=True, passage_id="a-00000", known_by=known_by).comment == ""
    for half in ({"passage_id": "a-00000"}, {"known_by": known_by}):
        with pytest.raises(ValueError, match="has a fingerprint"):
            Judgement(key="a", question="?", helpful=True, **half)


# A library and its commands

TERNS = "# Terns\n\n## Diving\n\nTerns dive for fish.\n\n## Nesting\n\nTerns nest on open shingle.\n"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A library on disk of one document with two passages."""
    (tmp_path / "terns.md").write_text(TERNS)
    engine = Engine.create(Settings(library=tmp_path / "library"))
    engine.add([tmp_path / "terns.md"])
    return engine


@pytest.fixture
def keys() -> Iterator[str]:
    return (f"{number:032x}" for number in range(1000))


def judge(
    engine: Engine, key: str, question: str, *, helpful: bool, passage: str | None = None, **more: object
) -> None:
    """Judge a passage for a question; without one, that nothing was found."""
    known_by = fingerprint(engine.passage(passage).passage.text) if passage else None
    engine.judge(
        Judgement(key=key, question=question, helpful=helpful, passage_id=passage, known_by=known_by, **more)  # type: ignore[arg-type]
    )


def run(engine: Engine, *arguments: str, input: str | None = None) -> Result:  # noqa: A002 - click's own name
    """A command on the engine's library."""
    command = ["feedback", *arguments, "--library", str(engine.settings.library)]
    return CliRunner().invoke(cli, command, prog_name="pincite", input=input)


DIVE, NEST = "What do terns dive for?", "Where do terns nest?"


def test_feedback_lies_in_the_librarys_folder_and_names_its_generation(engine: Engine, keys: Iterator[str]) -> None:
    judge(engine, next(keys), NEST, helpful=True, passage="terns-00001")
    folder = engine.settings.library
    assert isinstance(folder, Path)
    assert engine.feedback.path == folder / "feedback.sqlite3"
    [kept] = Engine.open(Settings(library=folder)).feedback.all()
    assert kept.library == Engine.open(Settings(library=folder)).version
    engine.add([folder.parent / "terns.md"])
    assert engine.feedback.all() == [kept]


def test_list_shows_a_line_each_and_summary_counts_and_names_what_is_most_often_denied(
    engine: Engine, keys: Iterator[str]
) -> None:
    judge(engine, next(keys), NEST, helpful=False, passage="terns-00000", comment="\x1b[2JNo:\n\n it dives.")
    judge(engine, next(keys), NEST, helpful=False, passage="terns-00000")
    judge(engine, next(keys), NEST, helpful=True, passage="terns-00001")
    judge(engine, next(keys), "Do emus fly?", helpful=False)
    lines = run(engine, "list").stdout.splitlines()
    times = [f"{each.at:%Y-%m-%dT%H:%M:%SZ}" for each in engine.feedback.all()]
    assert lines == [
        f"1  {times[0]}  no  not known  {NEST}  terns-00000  \N{REPLACEMENT CHARACTER}[2JNo: it dives.",
        f"2  {times[1]}  no  not known  {NEST}  terns-00000",
        f"3  {times[2]}  yes  answered  {NEST}  terns-00001",
        f"4  {times[3]}  no  nothing found  Do emus fly?",
    ]
    assert run(engine, "summary").stdout == (
        "4 answers judged: 1 yes, 3 no; 1 comment.\n"
        "  answered       1: 1 yes, 0 no\n"
        "  nothing found  1: 0 yes, 1 no\n"
        "  not known      2: 0 yes, 2 no\n"
        f"Most often no:\n  2 of 3  {NEST}\n  1 of 1  Do emus fly?\n"
    )


def test_without_feedback_there_is_nothing_to_list(engine: Engine) -> None:
    assert run(engine, "list").stdout == ""
    assert run(engine, "summary").stdout == "0 answers judged: 0 yes, 0 no; 0 comments.\n"


def test_a_possible_answer_that_is_judged_is_kept_and_counted_as_such(engine: Engine, keys: Iterator[str]) -> None:
    judge(engine, next(keys), NEST, helpful=True, passage="terns-00001")
    engine = Engine.open(Settings(library=engine.settings.library, threshold=1.0))
    judge(engine, next(keys), NEST, helpful=True, passage="terns-00001")
    judge(engine, next(keys), DIVE, helpful=False, passage="terns-00000")
    kept = engine.feedback.all()
    assert [each.outcome for each in kept] == ["answered", "possible", "possible"]
    assert [each.confidence for each in kept] == [engine.ask(each.question).confidence for each in kept]
    assert run(engine, "summary").stdout.splitlines()[1:3] == [
        "  answered       1: 1 yes, 0 no",
        "  possible       2: 1 yes, 1 no",
    ]
    lines = [json.loads(line) for line in run(engine, "export", "--format", "jsonl", "-").stdout.splitlines()]
    assert [line["outcome"] for line in lines] == ["answered", "possible", "possible"]
    rows = list(csv.DictReader(io.StringIO(run(engine, "export", "--format", "csv", "-").stdout)))
    assert [row["outcome"] for row in rows] == ["answered", "possible", "possible"]


@pytest.mark.parametrize("command", [["list"], ["summary"], ["clear"], ["export", "--format", "csv", "x.csv"]])
def test_a_folder_without_a_library_is_not_taken_for_one_without_feedback(tmp_path: Path, command: list[str]) -> None:
    ran = CliRunner().invoke(cli, ["feedback", *command, "--library", str(tmp_path)], prog_name="pincite")
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"Error: There is no library in {tmp_path}.\nHint: ")


def test_clear_asks_first(engine: Engine, keys: Iterator[str]) -> None:
    judge(engine, next(keys), NEST, helpful=True, passage="terns-00001")
    for answer in ("n\n", ""):
        ran = run(engine, "clear", input=answer)
        assert ran.exit_code == 1
        assert ran.stdout.startswith(f"Delete 1 judged answer from {engine.feedback.path} for good? [y/N]: ")
    assert len(engine.feedback.all()) == 1
    assert run(engine, "clear", input="y\n").stdout.endswith("1 judged answer deleted.\n")
    assert engine.feedback.all() == []
    assert run(engine, "clear", "--yes").stdout == "0 judged answers deleted.\n"


# Files


def test_a_table_has_every_column_and_nothing_that_a_spreadsheet_takes_for_a_formula(tmp_path: Path) -> None:
    formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", "＝1", "plain = 1"]
    write_rows(tmp_path / "all.csv", [replace(PRAISED, comment=each) for each in formulas] + [REFUSED], form="csv")
    text = (tmp_path / "all.csv").read_bytes().decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(rows[0]) == [field.name for field in fields(Feedback)]
    assert [row["comment"] for row in rows[:-1]] == ["'" + each for each in formulas[:-1]] + ["plain = 1"]
    assert rows[-1] == {
        **dict.fromkeys(["asked_of", "passage_id", "document_id", "start", "end", "quote"], ""),
        **dict.fromkeys(["passage_sha256", "document_sha256"], ""),
        "id": "0",
        "at": "2026-03-01T12:00:00.000250+00:00",
        "question": "Do emus fly?",
        "history": '["What of birds?", "And “emus”?"]',
        "outcome": "nothing_found",
        "helpful": "no",
        "comment": "Line one.\nLine two, 🐦",
        "confidence": "0.125",
        "library": "memory",
        "version": "0.1.0",
    }


def test_json_lines_have_each_text_as_it_was_typed(tmp_path: Path) -> None:
    given = [REFUSED, replace(PRAISED, comment="=1+1\u2028")]
    write_rows(tmp_path / "all.jsonl", given, form="jsonl")
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text("utf-8").split("\n") if line]
    for line, each in zip(lines, given, strict=True):
        back = line | {"at": datetime.fromisoformat(line["at"]), "history": tuple(line["history"])}
        assert Feedback(**back) == each


def test_an_export_that_fails_leaves_the_old_file_and_nothing_half_written(tmp_path: Path) -> None:
    def failing() -> Iterator[Feedback]:
        yield PRAISED
        raise RuntimeError("no more")

    def corpus() -> Iterator[tuple[str, str, str]]:
        yield "terns-00000", "Terns", "Terns dive."
        raise RuntimeError("no more")

    (tmp_path / "all.csv").write_text("old")
    with pytest.raises(RuntimeError, match="no more"):
        write_rows(tmp_path / "all.csv", failing(), form="csv")
    with pytest.raises(RuntimeError, match="no more"):
        write_beir(tmp_path / "judged", [PRAISED], standing=lambda each: each.passage_id, corpus=corpus())
    assert [path.name for path in tmp_path.iterdir()] == ["all.csv"]
    assert (tmp_path / "all.csv").read_text() == "old"


def test_an_export_writes_what_a_link_leads_to_and_leaves_the_link(tmp_path: Path) -> None:
    (tmp_path / "kept.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("kept.csv")
    write_rows(tmp_path / "link.csv", [PRAISED], form="csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "kept.csv").read_text("utf-8") != "old"


def test_an_export_into_a_pipe_is_written_into_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    read = "import sys; print(open(sys.argv[1]).read(), end='')"
    reader = subprocess.Popen([sys.executable, "-c", read, tmp_path / "pipe"], stdout=subprocess.PIPE, text=True)
    write_rows(tmp_path / "pipe", [PRAISED], form="jsonl")
    printed, _ = reader.communicate(timeout=30)
    assert len(printed.splitlines()) == 1
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_export_writes_a_file_in_the_place_of_what_lies_there(
    engine: Engine, keys: Iterator[str], tmp_path: Path, form: str
) -> None:
    judge(engine, next(keys), NEST, helpful=True, passage="terns-00001")
    write_rows(tmp_path / "expected", engine.feedback.all(), form=form)
    (tmp_path / "out").write_text("old")
    ran = run(engine, "export", "--format", form, str(tmp_path / "out"))
    assert (ran.exit_code, ran.stdout) == (0, f"1 judged answer written to {tmp_path / 'out'}.\n")
    assert (tmp_path / "out").read_bytes() == (tmp_path / "expected").read_bytes()


def test_what_is_exported_as_judged_questions_can_be_measured_with(
    engine: Engine, keys: Iterator[str], tmp_path: Path
) -> None:
    earlier = ("What of terns?",)
    judge(engine, next(keys), DIVE, helpful=True, passage="terns-00000")
    judge(engine, next(keys), NEST, helpful=True, passage="terns-00000", history=earlier)
    judge(engine, next(keys), NEST, helpful=True, passage="terns-00001", history=earlier)
    judge(engine, next(keys), NEST, helpful=False, passage="terns-00000", history=earlier)
    judge(engine, next(keys), "Do emus fly?", helpful=False)
    judge(engine, next(keys), NEST, helpful=True, passage="terns-00001", asked_of="terns")
    out = tmp_path / "judged"
    ran = run(engine, "export", "--format", "beir", str(out))
    assert (ran.exit_code, ran.stdout) == (0, f"2 questions with 3 judgements written to {out}: 2 yes, 1 no.\n")
    assert ran.stderr == (
        "Left out: 1 judgement of “nothing found”, which names no passage.\n"
        "Left out: 1 judgement of an answer from one document only.\n"
    )
    judged = read_judged(out)
    assert judged.documents is None
    assert sorted(judged.questions.values()) == [DIVE, NEST]
    by_question = {judged.questions[each]: (judged.history[each], judged.qrels[each]) for each in judged.questions}
    assert by_question == {DIVE: ((), {"terns-00000": 1}), NEST: (earlier, {"terns-00001": 1})}
    lines = (out / "qrels" / "test.tsv").read_text().splitlines()
    assert lines[0] == "query-id\tcorpus-id\tscore"
    assert sorted(line.split("\t")[1:] for line in lines[1:]) == [
        ["terns-00000", "0"],
        ["terns-00000", "1"],
        ["terns-00001", "1"],
    ]
    pytest.importorskip("ir_measures")
    ran = CliRunner().invoke(cli, ["eval", str(out), "--library", str(engine.settings.library), "--json"])
    [report] = json.loads(ran.stdout)["sets"]
    assert (report["questions"], report["passages"], report["measures"]["P@1"]["mean"]) == (2, 2, 1.0)


def test_judged_words_are_followed_to_where_they_stand_and_left_out_where_they_do_not(
    engine: Engine, keys: Iterator[str], tmp_path: Path
) -> None:
    judge(engine, next(keys), DIVE, helpful=True, passage="terns-00000")
    judge(engine, next(keys), NEST, helpful=True, passage="terns-00001")
    moved = TERNS.replace("## Diving", "## Food\n\nTerns eat sand eels.\n\n## Diving").replace("open shingle", "roofs")
    (tmp_path / "terns.md").write_text(moved)
    engine.add([tmp_path / "terns.md"])
    ran = run(engine, "export", "--format", "beir", str(tmp_path / "judged"))
    assert ran.stderr == "Left out: 1 judgement of words that are no longer in the library.\n"
    judged = read_judged(tmp_path / "judged")
    assert list(judged.questions.values()) == [DIVE]
    assert list(judged.qrels.values()) == [{"terns-00001": 1}]
    assert engine.passage("terns-00001").passage.text == "Terns dive for fish."


def test_the_corpus_of_judged_questions_has_every_passage(engine: Engine, keys: Iterator[str], tmp_path: Path) -> None:
    judge(engine, next(keys), DIVE, helpful=True, passage="terns-00000")
    assert run(engine, "export", "--format", "beir", "--with-corpus", str(tmp_path / "judged")).exit_code == 0
    found = read_judged(tmp_path / "judged").documents
    assert found
    assert [(each.id, each.title, each.text) for each in found] == [
        (each.id, "Terns", each.text) for each in engine.passages("terns")
    ]


def test_judged_questions_are_not_written_over_what_is_there_and_the_corpus_goes_with_them_alone(
    engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "judged").mkdir()
    ran = run(engine, "export", "--format", "beir", str(tmp_path / "judged"))
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.endswith(f"Error: {tmp_path / 'judged'} already exists. Name a new folder.\n")
    ran = run(engine, "export", "--format", "csv", "--with-corpus", str(tmp_path / "all.csv"))
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.endswith("Error: --with-corpus needs --format beir.\n")
    assert not (tmp_path / "all.csv").exists()


def test_another_program_s_database_is_left_as_it_is_even_where_it_looks_alike(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite3"
    with closing(sqlite3.connect(path)) as other:
        other.executescript("CREATE TABLE feedback (at TEXT, id INTEGER); INSERT INTO feedback VALUES ('now', 1);")
        other.execute("PRAGMA user_version = 1")
        other.commit()
    before = path.read_bytes()
    store = FeedbackStore(path)
    for change in (store.all, store.clear):
        with pytest.raises(FeedbackDamagedError):
            change()
    assert path.read_bytes() == before


def test_reading_an_empty_file_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty.sqlite3"
    path.touch()
    assert FeedbackStore(path).all() == []
    assert FeedbackStore(path).clear() == 0
    assert path.read_bytes() == b""


def test_an_export_to_standard_output_is_what_a_file_would_hold(
    engine: Engine, keys: Iterator[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    judge(engine, next(keys), NEST, helpful=True, passage="terns-00001")
    for form in ("csv", "jsonl"):
        assert run(engine, "export", "--format", form, "file").exit_code == 0
        printed = run(engine, "export", "--format", form, "-")
        assert (printed.exit_code, printed.stdout_bytes) == (0, (tmp_path / "file").read_bytes())
    assert run(engine, "export", "--format", "beir", "-").exit_code == 2
    assert [path.name for path in tmp_path.iterdir() if path.name == "-"] == []
