"""The questions to begin with: real ones, of which the library is sure, chosen when it is indexed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from qa import Engine, Settings
from qa.answering.examples import question_of
from qa.cli import cli

TEXTS = {
    "auks": "Auks are a family of diving birds. Auks nest on cliffs, and auks eat fish.",
    "gulls": "The mean wing span of herring gulls was 140 cm in the survey. Herring gulls eat chips.",
    "terns": "It is a pity. Sand eels are a small fish of the shore. Terns eat sand eels by day.",
}


def index(folder: Path) -> Settings:
    (folder / "birds").mkdir()
    for name, text in TEXTS.items():
        (folder / "birds" / f"{name}.md").write_text(f"# Notes on {name}\n\n{text}\n", "utf-8")
    settings = Settings(library=folder / "library")
    ran = CliRunner().invoke(
        cli, ["index", str(folder / "birds"), "--library", str(settings.library), "--no-vectors"], prog_name="pincite"
    )
    assert ran.exit_code == 0, ran.output
    return settings


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("The median response in MM-9 was 11 months.", "What was the median response in MM-9?"),
        ("The mean wing spans of both sexes were about 140 cm.", "What were the mean wing spans of both sexes?"),
        ("Sand eels are a small fish.", "What are sand eels?"),
        ("Cereblon is the target of pomalidomide.", "What is Cereblon?"),
        ("XPO1 is a protein that carries others.", "What is XPO1?"),
    ],
)
def test_a_sentence_that_says_what_something_is_answers_a_question(sentence: str, question: str) -> None:
    assert question_of(sentence, "They eat sand eels.") == question


@pytest.mark.parametrize(
    "sentence",
    [
        "It is a pity.",
        "This is the end of the matter.",
        "There are a dozen of them.",
        "The drug was approved in 2019.",
        "The drug that is given first was 3 times as good.",
        "The rate was 61%.",
        "They are a small fish.",
        "Some are the best.",
        "Terns dive for fish.",
        "",
    ],
)
def test_a_sentence_that_does_not_name_a_thing_answers_none(sentence: str) -> None:
    assert question_of(sentence, "") is None


def test_each_example_is_answered_surely_by_a_marked_sentence_of_another_document(tmp_path: Path) -> None:
    engine = Engine.open(index(tmp_path))
    examples = engine.examples()
    assert len(examples) >= 2
    documents = []
    for question in examples:
        answer = engine.ask(question)
        assert answer.outcome == "answered"
        assert answer.best is not None
        assert answer.best.highlights
        assert answer.outline == ()
        documents.append(answer.best.passage.document_id)
    assert len(set(documents)) == len(documents)


def test_of_the_shipped_corpus_they_are_questions_that_are_no_titles(shipped_engine: Engine) -> None:
    examples = shipped_engine.examples()
    assert len(examples) == 3
    assert not {entry.title for entry in shipped_engine.contents()} & {*examples}
    assert shipped_engine.examples() == examples


def test_they_are_chosen_when_the_library_is_indexed_and_kept_with_it(tmp_path: Path) -> None:
    settings = index(tmp_path)
    database = sqlite3.connect(tmp_path / "library" / "library.sqlite3", isolation_level=None)
    [(kept,)] = database.execute("SELECT value FROM facts WHERE key = 'examples'").fetchall()
    engine = Engine.open(settings)
    assert all(question in kept for question in engine.examples())
    version = engine.version
    database.execute(
        "UPDATE facts SET value = ? WHERE key = 'examples'", (f'{{"version": "{version}", "questions": ["Why?"]}}',)
    )
    database.close()
    assert Engine.open(settings).examples() == ["Why?"]
    assert Engine.open(settings).check() == ["The facts of the library have been changed."]


def test_those_of_an_earlier_state_are_not_used(tmp_path: Path) -> None:
    settings = index(tmp_path)
    before = Engine.open(settings).examples()
    Engine.open(settings).remove(["gulls"])
    now = Engine.open(settings)
    assert set(now.examples()) < set(before)
    now.keep_examples()
    assert Engine.open(settings).examples() == now.examples()


def test_a_library_without_such_sentences_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Terns\n\nWhite, black, grey.\n", "utf-8")
    engine = Engine.create(Settings())
    engine.add([tmp_path / "a.md"])
    assert engine.examples() == []
    assert Engine.over([], Settings()).examples() == []
