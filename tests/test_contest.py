"""Engines beside one another: the same passages, the same questions, figures of each; as tables, files, pictures."""

from __future__ import annotations

import csv
import io
import math
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from test_growth import TEXTS

from qa.cli import cli, plotting
from qa.cli.plotting import OUR_WAYS, draw, spread
from qa.evaluation.contest import Figures, contest, table, write_csv
from qa.evaluation.growth import varied
from qa.evaluation.peers import PEERS, Asked, Corpus, is_installed

QUESTIONS = ["How is multiple myeloma diagnosed?", "What are the side effects of lenalidomide?", "What is 12%?", "The?"]
GIVEN = [
    Figures(
        engine="ours", passages=1_000, index_s=1.25, p50_ms=0.125, p99_ms=1234.5, memory_mb=7, disk_mb=3, agreement=1
    ),
    Figures(engine="theirs", passages=20_000, index_s=0.04, disk_mb=1200),
]


class Broken:
    """An engine that fails; `Missing` is not there at all."""

    name, needs, index = "broken", "qa", "broken"

    def build(self, corpus: Corpus, folder: Path) -> None:
        raise OSError(f"{corpus.passage_count} passages do not fit into {folder.name}")

    def open(self, folder: Path) -> Callable[[Asked], list[str]]:
        raise AssertionError(folder)


class Missing(Broken):
    name, needs = "missing", "an_engine_that_nobody_has"


def test_engines_that_are_given_the_same_terms_find_much_the_same_passages() -> None:
    told: list[str] = []
    measured = contest(
        [*OUR_WAYS, *PEERS], varied([TEXTS], count=200), QUESTIONS, seconds=0.1, patience=100, on_contender=told.append
    )
    assert [each.engine for each in measured] == told
    assert told[:3] == ["pincite, its retriever", "pincite, search", "pincite, ask"]
    assert told[3:] == ["rank_bm25", "bm25s", "tantivy", "SQLite FTS5"]
    for each in measured:
        if each.engine == "bm25s" and not is_installed("bm25s"):
            assert each == Figures(engine="bm25s", passages=200)
            continue
        assert each.passages == 200
        assert each.index_s is not None
        assert each.p50_ms is not None and each.p99_ms is not None
        assert 0 < each.p50_ms <= each.p99_ms
        assert each.disk_mb is not None and each.disk_mb > 0
        assert each.memory_mb is not None and each.memory_mb >= 0
        assert each.agreement is not None
        least = 1 if each.engine == "pincite, its retriever" else 0.8 if each.engine in ("bm25s", "tantivy") else 0.3
        assert least <= each.agreement <= 1, each


def test_an_engine_that_is_not_installed_or_takes_too_long_has_no_figures() -> None:
    measured = contest([Missing()], varied([TEXTS], count=10), QUESTIONS, seconds=0.1, patience=0.01)
    assert measured == [Figures(engine="pincite, its retriever", passages=10), Figures(engine="missing", passages=10)]


def test_an_engine_that_fails_is_an_error_and_not_a_missing_figure(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        contest([Broken()], varied([TEXTS], count=10), QUESTIONS, seconds=0.1, patience=100)
    assert "OSError: 10 passages do not fit into broken\n" in capfd.readouterr().err


def test_figures_are_a_table_for_the_terminal_and_in_markdown() -> None:
    assert table(GIVEN).splitlines() == [
        "engine  passages  index, s  p50, ms   p99, ms  memory, MB  disk, MB  same top 10",
        "ours       1,000       1.2     0.12  1,234.50           7         3         100%",
        "theirs    20,000       0.0        –         –           –     1,200            –",
    ]
    assert table(GIVEN, markdown=True).splitlines() == [
        "| engine | passages | index, s | p50, ms | p99, ms | memory, MB | disk, MB | same top 10 |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
        "| ours | 1,000 | 1.2 | 0.12 | 1,234.50 | 7 | 3 | 100% |",
        "| theirs | 20,000 | 0.0 | – | – | – | 1,200 | – |",
    ]


def test_figures_are_written_as_csv_in_four_digits() -> None:
    file = io.StringIO()
    write_csv(GIVEN, file)
    assert file.getvalue().splitlines() == [
        "engine,passages,index_s,p50_ms,p99_ms,memory_mb,disk_mb,agreement",
        "ours,1000,1.25,0.125,1234,7,3,1",
        "theirs,20000,0.04,,,,1200,",
    ]


@given(st.lists(st.floats(0, 1), max_size=8).map(sorted))
def test_names_at_the_ends_of_lines_stand_apart_in_their_order_and_about_where_the_lines_end(ends: list[float]) -> None:
    placed = spread(ends, apart=0.1)
    assert len(placed) == len(ends)
    assert all(above - below >= 0.1 - 1e-9 for below, above in pairwise(placed))
    assert math.isclose(sum(placed), sum(ends), abs_tol=1e-9)
    if all(above - below >= 0.1 for below, above in pairwise(ends)):
        assert placed == pytest.approx(ends)


def test_the_same_figures_draw_the_same_picture_whatever_is_missing(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    draw(GIVEN, first)
    draw(GIVEN, second)
    assert first.read_bytes() == second.read_bytes()
    assert first.read_text("utf-8").count("<!-- theirs -->") == 1  # among the panels only that of indexing has it
    assert first.read_text("utf-8").count("<!-- ours -->") == 4
    draw(GIVEN, tmp_path / "third.png")
    assert (tmp_path / "third.png").read_bytes().startswith(b"\x89PNG")


def test_bench_draws_how_speed_grows_and_writes_the_numbers_beside(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "growth.svg"
    ran = CliRunner().invoke(cli, ["bench", "--plot", str(picture), "--most", "100", "--seconds", "0.1"])
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout.endswith(f"The picture is in {picture}, its numbers in {tmp_path / 'growth.csv'}.\n")
    with (tmp_path / "growth.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["engine"], row["passages"]) for row in rows] == [
        (name, "100")
        for name in ["pincite, its retriever", "pincite, search", "pincite, ask", *(each.name for each in PEERS)]
    ]
    assert [line.split("  ")[0] for line in ran.stdout.splitlines()[1:-1]] == [row["engine"] for row in rows]
    drawn = picture.read_text("utf-8")
    assert [row["engine"] for row in rows if row["index_s"] and f"<!-- {row['engine']} -->" not in drawn] == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["growth.jpg"], "The file name for --plot must end in .svg or .png."),
        (["growth.svg", "--http"], "--plot and --http cannot be used together."),
    ],
)
def test_bench_says_at_once_what_it_cannot_draw(arguments: list[str], problem: str) -> None:
    ran = CliRunner().invoke(cli, ["bench", "--plot", *arguments])
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.endswith(f"Error: {problem}\n")


def test_bench_without_what_draws_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plotting, "is_installed", lambda package: package != "matplotlib")
    ran = CliRunner().invoke(cli, ["bench", "--plot", "growth.svg"])
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr == (
        "Error: This needs packages that are not installed: the extra 'plot'.\n"
        "Hint: Install them with: pip install 'pincite[plot]', or from a checkout: pip install '.[plot]'\n"
    )
