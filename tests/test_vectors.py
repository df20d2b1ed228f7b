"""Vectors beside the library: made behind the index, kept as they are made, found by what was encoded."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from qa import Engine, Settings
from qa.config import SHIPPED_CORPUS
from qa.library.vectors import VECTORS
from qa.ranking.evidence import WEIGHTS, Ranked
from qa.ranking.nearness import DOUBT_WEIGHTS, MEANING_WEIGHTS, Near, by_meaning, meaning_weights

ROOT = Path(__file__).resolve().parent.parent
EYES = "# Tern drug\n\nThe drug harms the cornea and blurs the sight of one in four terns.\n"
NESTS = "# Nests\n\nTerns nest on open shingle. They lay two eggs in May.\n"
BLIND = "Can this medicine make me blind?"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "eyes.md").write_text(EYES)
    (documents / "nests.md").write_text(NESTS)
    return documents


@pytest.fixture
def engine(folder: Path, tmp_path: Path) -> Engine:
    engine = Engine.create(Settings(library=tmp_path / "library"))
    engine.add([folder])
    return engine


def stamps(library: Path) -> set[bytes]:
    with closing(sqlite3.connect(library / VECTORS)) as database:
        return {stamp for (stamp,) in database.execute("SELECT stamp FROM vectors")}


def found(engine: Engine, question: str) -> list[str]:
    return [hit.passage.document_id for hit in engine.search(question)]


def test_a_question_in_other_words_finds_the_passage_once_it_is_encoded(engine: Engine) -> None:
    assert found(engine, BLIND) == []
    assert engine.encode() == 0
    assert found(engine, BLIND)[0] == "eyes"


def test_a_follow_up_finds_what_it_refers_to_though_no_passage_has_its_own_words(tmp_path: Path) -> None:
    for name, text in (("one", "Trial ORION-1 followed 812 adults over 52 weeks."), ("two", "Terns nest on shores.")):
        (tmp_path / f"{name}.md").write_text(f"# {name}\n\n{text}\n")
    engine = Engine.create(Settings())
    engine.add([tmp_path])
    engine.encode()
    answer = engine.ask("How long did it last?", history=["Tell me about ORION-1"])
    assert answer.best is not None
    assert answer.best.passage.document_id == "one"


def test_an_engine_that_is_open_uses_vectors_that_another_process_makes(engine: Engine) -> None:
    assert found(engine, BLIND) == []
    program = (
        "import sys; from pathlib import Path; from qa import Engine, Settings;"
        "Engine.open(Settings(library=Path(sys.argv[1]))).encode()"
    )
    subprocess.run([sys.executable, "-c", program, str(engine.settings.library)], cwd=ROOT, check=True)
    assert found(engine, BLIND)[0] == "eyes"


def test_a_library_in_memory_is_encoded_too(folder: Path) -> None:
    engine = Engine.create(Settings())
    engine.add([folder])
    engine.encode()
    assert found(engine, BLIND)[0] == "eyes"


def test_with_meaning_off_words_alone_find_and_rank(engine: Engine) -> None:
    engine.encode()
    by_words = Engine.open(Settings(library=engine.settings.library, meaning="off"))
    assert by_words.encoder is None
    assert found(by_words, BLIND) == []
    [hit] = by_words.search("Where do terns nest?", limit=1)
    assert list(hit.evidence) == list(WEIGHTS)


def test_what_is_encoded_when_it_is_to_stop_is_kept_and_the_rest_is_made_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.library.encoding._AT_ONCE", 1)
    engine = Engine.create(Settings(library=tmp_path / "library"))
    for name in "abcd":
        (tmp_path / f"{name}.md").write_text(f"# Tern {name}\n\nTern {name} dives.\n")
    engine.add(sorted(tmp_path.glob("*.md")))
    told: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        told.append((done, total))

    assert engine.encode(on_passages=tell, should_stop=lambda: len(told) == 3) == 2
    assert told == [(0, 4), (1, 4), (2, 4)]
    assert len(stamps(tmp_path / "library")) == 2
    told.clear()
    assert engine.encode(on_passages=tell) == 0
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_only_a_passage_that_changed_is_encoded_again_and_its_old_vectors_go(engine: Engine, folder: Path) -> None:
    library = engine.settings.library
    assert isinstance(library, Path)
    engine.encode()
    before = stamps(library)
    (folder / "nests.md").write_text(NESTS.replace("two", "three"))
    engine.add([folder])
    told: list[int] = []
    engine.encode(on_passages=lambda _, total: told.append(total))
    assert set(told) == {1}
    assert len(stamps(library) & before) == 1
    assert len(stamps(library)) == 2


def test_a_passage_without_vectors_is_ranked_by_its_words(engine: Engine, folder: Path) -> None:
    engine.encode()
    (folder / "food.md").write_text("# Food\n\nTerns eat sand eels.\n")
    engine.add([folder])
    assert found(engine, "What do terns eat?")[0] == "food"


def test_a_document_read_from_another_file_keeps_its_vectors(engine: Engine, folder: Path) -> None:
    engine.encode()
    (folder / "nests.md").rename(folder / "moved.md")
    engine.add([folder], prune=True)
    told: list[int] = []
    engine.encode(on_passages=lambda _, total: told.append(total))
    assert set(told) == {0}


def test_check_tells_of_a_vector_that_was_changed(engine: Engine) -> None:
    engine.encode()
    assert engine.check() == []
    with closing(sqlite3.connect(engine.settings.library / VECTORS)) as database:  # type: ignore[operator]
        database.execute("UPDATE vectors SET passage = zeroblob(384) WHERE rowid = 1")
        database.commit()
    [problem] = Engine.open(engine.settings).check()
    assert problem.startswith("The vectors saved under ")


def test_a_backup_has_the_vectors(engine: Engine, tmp_path: Path) -> None:
    engine.encode()
    engine.backup(tmp_path / "copy")
    assert found(Engine.open(Settings(library=tmp_path / "copy")), BLIND)[0] == "eyes"


def test_explain_shows_the_numbers_whose_sum_is_the_score(engine: Engine) -> None:
    engine.encode()
    for each in engine.explain(BLIND):
        assert {"meaning", "meaning_sentence"} <= set(each.hit.evidence)
        total = sum(each.weights[name] * value for name, value in each.hit.evidence.items())
        assert each.hit.score == pytest.approx(total, abs=1e-9)
        assert each.nearest is not None


def test_the_sentence_that_is_marked_is_near_in_meaning_where_no_word_is_shared(engine: Engine) -> None:
    engine.encode()
    answer = engine.ask(BLIND)
    shown = answer.best or answer.alternatives[0]
    [mark] = shown.highlights
    assert shown.passage.text[mark.start : mark.end].startswith("The drug harms the cornea")


@pytest.mark.parametrize("question", ["", "Which protein does selinexor block?", BLIND])
def test_the_same_question_gets_the_same_ranking_again(engine: Engine, question: str) -> None:
    engine.encode()

    def ranking(asked: Engine) -> list[tuple[str, float]]:
        return [(hit.passage.id, hit.score) for hit in asked.search(question)]

    assert ranking(engine) == ranking(engine) == ranking(Engine.open(engine.settings))


def test_the_shipped_corpus_comes_with_vectors_of_all_its_passages() -> None:
    engine = Engine.open(Settings())
    rows = engine._library.snapshot()._state.all_stamps()
    assert {stamp for _, stamp in rows} == stamps(SHIPPED_CORPUS), "run: python tests/make_vectors.py"


# The formula


def test_meaning_counts_the_more_the_less_sure_the_words_are() -> None:
    assert meaning_weights(0) == MEANING_WEIGHTS
    assert meaning_weights(1) == {name: MEANING_WEIGHTS[name] + DOUBT_WEIGHTS[name] for name in MEANING_WEIGHTS}
    words = [Ranked(name, score, np.zeros(len(WEIGHTS)), words=score) for name, score in (("a", 10.0), ("b", 3.0))]
    near = {"a": Near(0.1, 0.2, 0), "b": Near(0.4, 0.6, 1)}
    assert [each.passage_id for each in by_meaning(words, near, doubt=0, limit=2)] == ["a", "b"]
    assert [each.passage_id for each in by_meaning(words, near, doubt=1, limit=2)] == ["b", "a"]


def test_a_negative_cosine_counts_as_none() -> None:
    words = [Ranked("a", 2.0, np.zeros(len(WEIGHTS)), words=2.0)]
    [first] = by_meaning(words, {"a": Near(-0.3, -0.1, 0)}, doubt=1, limit=1)
    assert (first.score, first.meaning) == (2.0, {"meaning": 0.0, "meaning_sentence": 0.0})
