"""`pincite eval`: judged questions in, figures with intervals out, and what it says of files that are none."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from qa.cli import cli
from qa.config import Settings
from qa.engine import Engine
from qa.errors import MissingExtraError
from qa.evaluation import MEASURES, compare, estimate, measure
from qa.readers import read_run

CORPUS = [
    {"_id": "b_2", "title": "Terns", "text": "The tern dives for fish. The tern is a bird."},
    {"_id": "a:1", "title": "Gulls", "text": "The gull eats chips at the harbour."},
    {"_id": "c", "title": "Auks", "text": ""},
]
QUERIES = [
    {"_id": "q1", "text": "What does the tern dive for?"},
    {"_id": "q2", "text": "Where does the gull eat chips?"},
    {"_id": "q3", "text": "Which auks walk on ice?"},
    {"_id": "q4", "text": "Nobody judged this one"},
]


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    folder = tmp_path / "birds"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, CORPUS)))
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, QUERIES)) + "\n\n")
    (folder / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\tb_2\t1\nq2\ta:1\t1\nq2\tc\t0\nq3\tb_2\t1\nq4\tb_2\t0\n"
    )
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["eval", *map(str, arguments)], prog_name="pincite")


def report(*arguments: object) -> dict[str, Any]:
    ran = run(*arguments, "--json")
    assert (ran.exit_code, ran.stderr) == (0, "")
    [found] = json.loads(ran.stdout)
    assert isinstance(found, dict)
    return found


def test_the_figures_are_those_of_the_questions_that_have_a_right_passage(judged: Path) -> None:
    found = report(judged)
    assert (found["name"], found["passages"], found["questions"]) == ("birds", 3, 3)
    assert list(found["measures"]) == list(MEASURES)
    assert {name: round(each["mean"], 4) for name, each in found["measures"].items()} == dict.fromkeys(MEASURES, 0.6667)
    assert found["refused"] == pytest.approx(1 / 3)
    assert found["off_topic_answered"] is None


def test_off_topic_questions_that_get_an_answer_are_counted(judged: Path, tmp_path: Path) -> None:
    (tmp_path / "others.txt").write_text("What is the capital of Mongolia?\n\nDoes the gull eat chips?\n")
    assert report(judged, "--off-topic", tmp_path / "others.txt")["off_topic_answered"] == 0.5


def test_a_run_can_be_written_read_and_compared_with(judged: Path, tmp_path: Path) -> None:
    assert run(judged, "--run", tmp_path / "mine.trec").exit_code == 0
    assert read_run(tmp_path / "mine.trec") == {"q1": ["b_2"], "q2": ["a:1"], "q3": ["c"]}
    (tmp_path / "better.trec").write_text("q1 Q0 b_2 1 9.5 other\nq1 Q0 c 2 1 other\nq3 Q0 b_2 1 3 other\n")
    found = report(judged, "--against", tmp_path / "better.trec", "--worse", "5")
    first = found["measures"]["P@1"]
    assert (found["compared_with"], first["better"], first["worse"]) == ("the run", 1, 1)
    assert first["difference"]["mean"] == 0
    assert found["worse"] == [
        {"id": "q3", "question": "Which auks walk on ice?", "first": ["c"], "right": ["b_2"]},
    ]


def test_what_was_said_before_a_question_goes_with_it(judged: Path) -> None:
    follow_up = {"_id": "q1", "text": "What does it do?"}
    (judged / "qrels" / "test.tsv").write_text("q1\tb_2\t1\n")
    for history, found in [([], 0.0), (["Terns"], 1.0), (["Terns", "Diving", "Is it a bird?", "It is."], 1.0)]:
        (judged / "queries.jsonl").write_text(json.dumps(follow_up | {"history": history}))
        assert report(judged)["measures"]["P@1"]["mean"] == found
    (judged / "queries.jsonl").write_text(json.dumps(follow_up | {"history": "Terns"}))
    assert "line 1 is not of the form" in run(judged).stderr


def test_without_a_corpus_the_questions_are_asked_of_the_library(judged: Path, tmp_path: Path) -> None:
    (tmp_path / "birds.md").write_text("# Birds\n\n## Terns\n\nThe tern dives.\n\n## Gulls\n\nThe gull eats chips.\n")
    (tmp_path / "stones.md").write_text("# Stones\n\nThe tern never eats chips of granite.\n")
    library = tmp_path / "library"
    engine = Engine.create(Settings(library=library))
    engine.add([tmp_path / "birds.md", tmp_path / "stones.md"])
    gulls = next(each.id for each in engine.passages("birds") if "gull" in each.text)
    (judged / "corpus.jsonl").unlink()
    (judged / "qrels" / "test.tsv").write_text(f"q1\tbirds\t1\nq2\t{gulls}\t1\nq3\tstones\t1\n")
    found = report(judged, "--library", library)
    assert (found["passages"], found["questions"]) == (3, 3)
    assert found["measures"]["P@1"]["mean"] == pytest.approx(2 / 3)
    assert run(judged, "--library", library, "--run", tmp_path / "mine.trec").exit_code == 0
    ranking = read_run(tmp_path / "mine.trec")
    assert ranking["q1"][0] == "birds"
    assert ranking["q1"].count("birds") == 1
    assert ranking["q2"][0] == gulls


def test_a_sample_is_drawn_evenly(judged: Path) -> None:
    assert report(judged, "--sample", "2")["questions"] == 2


def test_the_report_for_people_names_every_measure_with_its_interval(judged: Path) -> None:
    ran = run(judged, "--worse", "1")
    head, columns, *rows = ran.stdout.splitlines()
    assert (ran.exit_code, head) == (0, "birds: 3 questions, 3 passages")
    assert columns.split("  ")[-1].strip() == "worse"
    assert [row.split()[0] for row in rows[:5]] == list(MEASURES)
    assert rows[5].split() == ["refused", "although", "judged", "33.3%"]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("corpus.jsonl", '{"_id": "a"}', "line 1 is not of the form (KeyError('text'))"),
        ("queries.jsonl", "\n[1]", "line 2 is not of the form"),
        ("qrels/test.tsv", "q1\tb_2\thigh", "line 1 is not 'question, passage, grade'"),
        ("qrels/test.tsv", "q4\tb_2\t0", "no question of it has a right passage"),
    ],
)
def test_files_of_another_form_are_named_with_the_line(judged: Path, name: str, text: str, reason: str) -> None:
    (judged / name).write_text(text)
    ran = run(judged)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert reason in ran.stderr
    assert ran.stderr.splitlines()[1].startswith("Hint: It needs queries.jsonl (_id, text, ")


def test_judgements_of_nothing_that_is_there_are_refused(judged: Path) -> None:
    qrels = judged / "qrels" / "test.tsv"
    head, *rows = qrels.read_text().splitlines()
    qrels.write_text("\n".join([head, *(f"{row.split(chr(9))[0]}\tnowhere\t1" for row in rows)]))
    ran = run(judged)
    assert ran.exit_code == 2
    assert "no id in qrels/test.tsv is that of a passage or document here" in ran.stderr


def test_a_missing_file_is_named(judged: Path) -> None:
    (judged / "queries.jsonl").unlink()
    ran = run(judged)
    assert (ran.exit_code, ran.stderr.splitlines()[0]) == (
        2,
        f"Error: There is no file or folder {judged / 'queries.jsonl'}.",
    )


def test_a_run_goes_with_one_folder(judged: Path, tmp_path: Path) -> None:
    ran = run(judged, judged, "--run", tmp_path / "run")
    assert ran.exit_code == 2
    assert "--against and --run work with one FOLDER only." in ran.stderr


def test_without_the_extra_it_says_what_to_install(judged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    with pytest.raises(MissingExtraError, match="the extra 'eval'"):
        measure({}, {"q": {"p": 1}})
    ran = run(judged)
    assert (ran.exit_code, ran.stderr.splitlines()[1]) == (
        2,
        "Hint: Install them with: pip install 'pincite[eval]', or from a checkout: pip install '.[eval]'",
    )


def test_equal_scores_keep_the_order_of_the_ranking() -> None:
    qrels = {"q": {"b": 1}}
    assert measure({"q": ["a", "b"]}, qrels)["P@1"] == {"q": 0.0}
    assert measure({"q": ["b", "a"]}, qrels)["P@1"] == {"q": 1.0}
    assert measure({"q": ["a", "b"]}, qrels)["RR@10"] == {"q": 0.5}
    assert measure({}, qrels) == {name: {"q": 0.0} for name in MEASURES}


def test_an_interval_holds_the_mean_and_narrows_with_more_questions() -> None:
    few, many = estimate([0.0, 1.0] * 10), estimate([0.0, 1.0] * 1000)
    assert few.mean == many.mean == 0.5
    assert few.low < many.low < 0.5 < many.high < few.high
    assert estimate([0.0, 1.0] * 10) == few


def test_a_comparison_is_made_question_by_question() -> None:
    found = compare({"a": 1.0, "b": 0.0, "c": 1.0}, {"a": 0.0, "b": 0.0, "d": 1.0})
    assert (found.difference.mean, found.better, found.worse) == (0.5, 1, 0)
