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
from qa.evaluation import (
    BINS,
    MEASURES,
    Estimate,
    Reply,
    compare,
    estimate,
    false_answers,
    measure,
    reliability,
    shares,
)
from qa.model import Outcome
from qa.readers import read_judged, read_run

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


@pytest.fixture(autouse=True)
def by_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passages are found by words alone, which is quick and easy to foretell; a test may turn meaning on."""
    monkeypatch.setenv("PINCITE_MEANING", "off")


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
    printed = json.loads(ran.stdout)
    assert list(printed) == ["sets"]
    [found] = printed["sets"]
    assert isinstance(found, dict)
    return found


def test_the_figures_are_those_of_the_questions_that_have_a_right_passage(judged: Path) -> None:
    found = report(judged)
    assert (found["name"], found["passages"], found["questions"]) == ("birds", 3, 3)
    assert list(found["measures"]) == list(MEASURES)
    assert {name: round(each["mean"], 4) for name, each in found["measures"].items()} == dict.fromkeys(MEASURES, 0.6667)
    assert found["off_topic"] is None
    assert found["history"] is None


def test_each_question_is_counted_by_its_outcome_and_whether_it_is_right(
    judged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of three questions have the right passage first."""
    for threshold, possible_threshold, right, wrong in [
        (0, 0, "answered_right", "answered_wrong"),
        (1, 0, "possible_right", "possible_wrong"),
        (1, 1, "refused_right", "refused"),
    ]:
        monkeypatch.setenv("PINCITE_THRESHOLD", str(threshold))
        monkeypatch.setenv("PINCITE_POSSIBLE_THRESHOLD", str(possible_threshold))
        found = {name: share and share["mean"] for name, share in report(judged)["outcomes"].items()}
        assert found.pop("precision") == (2 / 3 if threshold == 0 else None)
        assert found.pop("right_first") == found.pop(right) == 2 / 3
        assert found.pop(wrong) == (1 if wrong == "refused" else 1 / 3)
        assert set(found.values()) == {0}


def test_off_topic_questions_that_get_an_answer_are_counted(
    judged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "others.txt").write_text("What is the capital of Mongolia?\n\nDoes the gull eat chips?\n")
    monkeypatch.setenv("PINCITE_POSSIBLE_THRESHOLD", "0.05")
    for threshold, answered, possible in [("0.05", 0.5, 0), ("1", 0, 0.5)]:
        monkeypatch.setenv("PINCITE_THRESHOLD", threshold)
        found = report(judged, "--off-topic", tmp_path / "others.txt")["off_topic"]
        assert found["questions"] == 2
        assert {name: share["mean"] for name, share in found["shares"].items()} == {
            "answered": answered,
            "possible": possible,
        }
    (tmp_path / "others.txt").write_text("")
    found = report(judged, "--off-topic", tmp_path / "others.txt")["off_topic"]
    assert found == {"questions": 0, "shares": {"answered": None, "possible": None}}


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
    lines = run(judged, "--against", tmp_path / "better.trec", "--worse", "5").stdout.splitlines()
    assert lines[-3:-1] == ["worse: Which auks walk on ice?", "       first c; right b_2"]


def test_what_was_said_before_a_question_goes_with_it(judged: Path) -> None:
    follow_up = {"_id": "q1", "text": "What does it do?"}
    (judged / "qrels" / "test.tsv").write_text("q1\tb_2\t1\n")
    for history, found in [([], 0.0), (["Terns"], 1.0), (["Terns", "Diving", "Is it a bird?", "It is."], 1.0)]:
        (judged / "queries.jsonl").write_text(json.dumps(follow_up | {"history": history}))
        assert report(judged)["measures"]["P@1"]["mean"] == found
    (judged / "queries.jsonl").write_text(json.dumps(follow_up | {"history": "Terns"}))
    assert "line 1 is not of the form" in run(judged).stderr


def test_only_what_the_person_asked_before_goes_with_a_question(judged: Path) -> None:
    said = [
        {"role": "user", "text": "Terns"},
        {"role": "assistant", "text": "It is an auk."},
        {"role": "user", "text": "What does it do?"},
        {"role": "assistant", "text": "It dives."},
        {"role": "user", "text": "And gulls?"},
    ]
    for history in (said, ["Terns", "What does it do?", "And gulls?"], ["Terns"]):
        entry = {"_id": "q1", "text": "What does it do?", "history": history}
        (judged / "queries.jsonl").write_text(json.dumps(entry))
        assert read_judged(judged).history == {"q1": ("Terns",)}


def test_a_question_with_a_history_is_asked_without_it_too(judged: Path) -> None:
    follow_up = {"_id": "q1", "text": "What does it do?", "history": ["Terns"]}
    (judged / "queries.jsonl").write_text("\n".join(map(json.dumps, [follow_up, *QUERIES[1:]])))
    found = report(judged)
    history = found["history"]
    assert (found["questions"], history["questions"]) == (3, 1)
    assert history["with_history"]["right_first"]["mean"] == 1
    assert history["without_history"]["right_first"]["mean"] == 0
    assert history["gain"] == {"difference": {"mean": 1, "low": 1, "high": 1}, "better": 1, "worse": 0}
    assert found["outcomes"]["right_first"]["mean"] == pytest.approx(2 / 3)
    lines = run(judged).stdout.splitlines()
    [place] = [number for number, line in enumerate(lines) if line == "1 question with a history"]
    assert lines[place + 2].split() == [
        "right",
        "first",
        "100.0%",
        "100.0%",
        "-",
        "100.0%",
        "0.0%",
        "0.0%",
        "-",
        "0.0%",
    ]


@pytest.mark.parametrize(
    ("turn", "history", "said"),
    [
        (1, ["Birds", "Terns"], ["Birds", "Terns"]),
        (2, ["Birds", "Is it a bird?", "It is."], ["Birds", "Is it a bird?"]),
        (2, ["Is it a bird?", "The one at sea"], ["Is it a bird?"]),
        (2, ["Is it a bird?", "It is.", "The one at sea"], ["Is it a bird?", "The one at sea"]),
        (3, ["Is it a bird?", "What does it do?"], ["Is it a bird?", "What does it do?"]),
        (3, ["Is it a bird?", "It is.", "What does it do?", "It dives."], ["Is it a bird?", "What does it do?"]),
        (1, ["Terns", "Is it a bird?", "It is."], ["Terns"]),
        (2, ["Is it a bird?", "It is.", "What does it do?", "It dives."], ["Is it a bird?"]),
        (2, ["Is it a bird?", "It is.", "And now?", "It rests."], ["Is it a bird?"]),
        (4, ["Is it a bird?", "It is.", "And now?", "It rests."], ["Is it a bird?", "And now?"]),
    ],
)
def test_of_a_conversation_the_answers_and_what_came_later_are_not_read(
    judged: Path, turn: int, history: list[str], said: list[str]
) -> None:
    turns = ["Is it a bird?", "What does it do?", "And now?", "Is it a bird?"]
    lines = [
        {"_id": f"q{number}", "text": text, "conversation": "c", "turn": number, "history": history}
        for number, text in enumerate(turns, start=1)
    ]
    other = {"_id": "q5", "text": "It is.", "conversation": "d", "turn": 1}
    (judged / "queries.jsonl").write_text("\n".join(map(json.dumps, [other, *reversed(lines)])))
    (judged / "qrels" / "test.tsv").write_text(f"q{turn}\tb_2\t1\n")
    assert read_judged(judged).history == {f"q{turn}": tuple(said)}


def test_who_said_a_turn_of_a_conversation_is_told_by_its_role(judged: Path) -> None:
    said = [
        {"role": "user", "text": "Is it a bird?"},
        {"role": "user", "text": "The one at sea"},
        {"role": "assistant", "text": "What does it do?"},
        {"role": "assistant", "text": "It is."},
        {"role": "user", "text": "And now?"},
    ]
    lines = [
        {"_id": f"q{number}", "text": text, "conversation": "c", "turn": number, "history": said}
        for number, text in enumerate(["Is it a bird?", "What does it do?", "And now?"], start=1)
    ]
    (judged / "queries.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (judged / "qrels" / "test.tsv").write_text("q1\tb_2\t1\nq2\tb_2\t1\nq3\tb_2\t1\n")
    asked = ("Is it a bird?", "The one at sea")
    assert read_judged(judged).history == {"q1": (), "q2": asked, "q3": asked}


def test_without_a_turn_all_of_a_history_is_what_the_person_said(judged: Path) -> None:
    line = {"_id": "q1", "text": "And now?", "history": ["Is it?", "It is."]}
    (judged / "qrels" / "test.tsv").write_text("q1\tb_2\t1\n")
    for more in ({}, {"conversation": "c"}, {"turn": 2}):
        (judged / "queries.jsonl").write_text(json.dumps(line | more))
        assert read_judged(judged).history == {"q1": ("Is it?", "It is.")}
    (judged / "queries.jsonl").write_text(json.dumps(line | {"conversation": "c", "turn": "two"}))
    assert "line 1 is not of the form (TypeError('turn is not a whole number'))" in run(judged).stderr


def test_passages_of_a_set_are_encoded_and_the_end_says_whether_meaning_was_used(
    judged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINCITE_MEANING", "on")
    found = report(judged)
    encoder = Engine.create(Settings()).encoder
    assert (found["encoder"], found["encoded"]) == (encoder, 3)
    assert run(judged).stdout.splitlines()[-1] == (
        f"Passages were found by their words and by their meaning, by the encoder {encoder}."
    )
    monkeypatch.setenv("PINCITE_MEANING", "off")
    found = report(judged)
    assert (found["encoder"], found["encoded"]) == (None, 0)
    assert run(judged).stdout.splitlines()[-1] == "Passages were found by their words alone: meaning is off."


def test_a_library_is_measured_with_the_vectors_that_it_has(
    judged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINCITE_MEANING", "on")
    (tmp_path / "birds.md").write_text("# Birds\n\n## Terns\n\nThe tern dives.\n\n## Gulls\n\nThe gull eats chips.\n")
    (tmp_path / "auks.md").write_text("# Auks\n\nThe auk walks on ice.\n")
    (judged / "corpus.jsonl").unlink()
    (judged / "qrels" / "test.tsv").write_text("q1\tbirds\t1\n")
    library = tmp_path / "library"
    engine = Engine.create(Settings(library=library))

    def measured() -> tuple[int, int, str]:
        found = report(judged, "--library", library)
        return found["encoded"], found["passages"], run(judged, "--library", library).stdout.splitlines()[-1]

    engine.add([tmp_path / "birds.md"])
    why = f"they have no vectors. Make them with: pincite index --vectors --library {library}"
    assert measured() == (0, 2, f"Passages were found by their words alone: {why}")
    engine.encode()
    both = "Passages were found by their words and by their meaning"
    assert measured() == (2, 2, f"{both}, by the encoder {engine.encoder}.")
    engine.add([tmp_path / "auks.md"])
    part = "2 of 3 passages were found by their meaning too"
    assert measured() == (2, 3, f"{part}, by the encoder {engine.encoder}; the others by words alone.")


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
    assert rows[5:7] == ["", f"{'':<28}   share  95 % interval"]
    assert [row[:28].strip() for row in rows[7:15]] == [
        "right first",
        "answered, right",
        "possible, right",
        "answered, wrong",
        "possible, wrong",
        "refused, though right first",
        "refused, all",
        "right, of the answered",
    ]
    assert rows[7][28:].split() == ["66.7%", "0.0%", "-", "100.0%"]
    assert [row.split()[:3] for row in rows[17:27]] == [
        [f"{low / 10:.1f}", "-", f"{(low + 1) / 10:.1f}"] for low in range(BINS)
    ]
    assert sum(int(row.split()[3]) for row in rows[17:27]) == 3
    assert rows[27].startswith("expected calibration error")
    assert rows[28:] == ["", "Passages were found by their words alone: meaning is off."]


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
    assert ran.stderr.splitlines()[1] == (
        "Hint: It needs queries.jsonl (_id, text, and history if there is one), qrels/test.tsv, "
        "and either corpus.jsonl (_id, title, text) or a library."
    )


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


# Functions of replies


def reply(outcome: Outcome, *, is_right: bool, confidence: float = 0.5) -> Reply:
    return Reply(outcome=outcome, is_right=is_right, confidence=confidence)


def test_the_shares_are_those_of_all_questions_and_the_precision_of_the_answered() -> None:
    replies = [
        *[reply("answered", is_right=True)] * 3,
        *[reply("answered", is_right=False)] * 1,
        *[reply("possible", is_right=True)] * 2,
        *[reply("possible", is_right=False)] * 4,
        *[reply("nothing_found", is_right=True)] * 1,
        *[reply("nothing_found", is_right=False)] * 5,
    ]
    found = {name: share and share.mean for name, share in shares(replies).items()}
    assert found == {
        "right_first": 6 / 16,
        "answered_right": 3 / 16,
        "possible_right": 2 / 16,
        "answered_wrong": 1 / 16,
        "possible_wrong": 4 / 16,
        "refused_right": 1 / 16,
        "refused": 6 / 16,
        "precision": 3 / 4,
    }


def test_a_share_has_the_interval_of_its_own_questions() -> None:
    replies = [reply("answered", is_right=number % 4 == 0) for number in range(40)]
    found = shares(replies)
    assert found["answered_right"] == found["precision"] == estimate([1.0, 0.0, 0.0, 0.0] * 10)
    assert found["refused"] == Estimate(mean=0.0, low=0.0, high=0.0)


def test_of_no_questions_there_are_no_shares() -> None:
    assert set(shares([]).values()) == {None}
    assert set(false_answers([]).values()) == {None}
    found = shares([reply("nothing_found", is_right=False)])
    assert found["precision"] is None
    assert found["refused"] == Estimate(mean=1.0, low=1.0, high=1.0)


def test_false_answers_are_those_that_answer_and_those_that_may() -> None:
    outcomes: list[Outcome] = ["answered", "possible", "possible", "nothing_found"]
    found = {name: share and share.mean for name, share in false_answers(outcomes).items()}
    assert found == {"answered": 0.25, "possible": 0.5}


def test_each_tenth_of_the_confidence_has_its_share_of_right_replies() -> None:
    replies = [
        reply("nothing_found", confidence=0.0, is_right=False),
        reply("possible", confidence=0.25, is_right=True),
        reply("possible", confidence=0.25, is_right=False),
        reply("answered", confidence=1.0, is_right=True),
        reply("answered", confidence=0.9375, is_right=True),
    ]
    found = reliability(replies)
    assert [each.count for each in found.bins] == [1, 0, 2, 0, 0, 0, 0, 0, 0, 2]
    assert [(each.mean_confidence, each.right) for each in found.bins if each.count] == [
        (0.0, 0.0),
        (0.25, 0.5),
        (0.96875, 1.0),
    ]
    assert (found.bins[1].mean_confidence, found.bins[1].right) == (None, None)
    assert found.error == (0 + 2 * 0.25 + 2 * 0.03125) / 5


@pytest.mark.parametrize("number", range(BINS))
def test_a_confidence_on_an_edge_belongs_to_the_bin_above(number: int) -> None:
    found = reliability([reply("answered", confidence=number / 10, is_right=True)])
    assert [each.count for each in found.bins] == [int(place == number) for place in range(BINS)]
    assert (found.bins[number].low, found.bins[number].high) == (number / 10, (number + 1) / 10)


def test_a_confidence_near_an_edge_is_not_rounded_to_it() -> None:
    for confidence, number in [(0.1 + 0.2, 3), (0.29999, 2), (0.99999, 9), (1.0, 9)]:
        found = reliability([reply("answered", confidence=confidence, is_right=True)])
        assert found.bins[number].count == 1


def test_confidence_that_says_how_often_it_is_right_has_no_error() -> None:
    even = [reply("answered", confidence=0.75, is_right=number % 4 != 0) for number in range(400)]
    assert reliability(even).error == 0
    sure = [reply("answered", confidence=1.0, is_right=False)] * 3
    assert reliability(sure).error == 1
    assert reliability([]).error is None
    assert [each.count for each in reliability([]).bins] == [0] * BINS


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_a_confidence_outside_of_0_to_1_is_none(confidence: float) -> None:
    with pytest.raises(ValueError, match="a confidence is in"):
        reply("answered", confidence=confidence, is_right=True)
