"""Two editions of one document: the later one answers, unless a year chooses."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa import Engine, Settings

HEAD = "---\ntitle: Leave policy\nupdated: {year}-01-05\n---\n\n# Leave policy\n\n"
POLICY = HEAD + "Staff get {days} days of paid leave a year.\n"


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    for year, days in ((2021, 20), (2023, 23), (2025, 26)):
        (tmp_path / f"Leave policy {year}.md").write_text(POLICY.format(year=year, days=days))
    (tmp_path / "bikes.md").write_text("# Bikes\n\nStaff may lease a bike for 36 months.\n")
    engine = Engine.create(Settings())
    engine.add([tmp_path])
    return engine


def first(engine: Engine, question: str) -> str:
    return engine.search(question, limit=1)[0].passage.text


def test_of_editions_that_answer_alike_the_latest_goes_first(engine: Engine) -> None:
    question = "How many days of paid leave do staff get?"
    assert "26 days" in first(engine, question)
    assert engine.ask(question).answered


@pytest.mark.parametrize(("year", "days"), [(2021, 20), (2023, 23), (2025, 26)])
def test_a_year_in_the_question_chooses_the_edition_and_is_not_missed(engine: Engine, year: int, days: int) -> None:
    answer = engine.ask(f"How many days of paid leave do staff get in {year}?")
    assert answer.best is not None
    assert f"{days} days" in answer.best.passage.text
    assert answer.interpretation.missing == ()


def test_a_year_of_no_document_is_missed_as_any_other_word_is(engine: Engine) -> None:
    answer = engine.ask("How many days of paid leave do staff get in 1999?")
    assert answer.interpretation.missing == ("1999",)


def test_an_older_edition_that_alone_answers_goes_first(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: Rules 2020\nupdated: 2020-01-01\n---\n\nDogs must wear a red lead.\n")
    (tmp_path / "b.md").write_text("---\ntitle: Rules 2024\nupdated: 2024-01-01\n---\n\nCats may sleep in the hall.\n")
    engine = Engine.create(Settings())
    engine.add([tmp_path])
    assert "red lead" in first(engine, "Which lead must dogs wear?")


def test_explain_names_what_an_older_edition_costs(engine: Engine) -> None:
    explained = engine.explain("How many days of paid leave do staff get?")
    assert [each.hit.evidence.get("older", 0.0) for each in explained][:3] == [0.0, 1.0, 1.0]
    for each in explained:
        total = sum(each.weights[name] * value for name, value in each.hit.evidence.items())
        assert each.hit.score == pytest.approx(total, abs=1e-9)
