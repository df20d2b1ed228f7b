"""The shipped corpus is indexed once and kept among the user's caches; where that cannot be, it is in memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import qa.library.adding
from qa import Engine, Settings

ASKED = "Which protein does selinexor block?"


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Caches that are the test's own, and empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "pincite"


@pytest.fixture
def unadding(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From then on nothing can be read into a library."""
    return lambda: monkeypatch.setattr(qa.library.adding, "add", None)


def test_it_is_indexed_by_the_first_that_asks_and_read_by_the_next(caches: Path, unadding: Callable[[], None]) -> None:
    first = Engine.open(Settings())
    [kept] = caches.iterdir()
    assert {each.name for each in kept.iterdir()} >= {"index", "library.sqlite3"}
    unadding()
    second = Engine.open(Settings())
    assert second.version == first.version
    assert second.contents() == first.contents()
    assert second.ask(ASKED).best == first.ask(ASKED).best is not None
    assert second.check() == []


def test_a_change_by_one_process_is_its_own(caches: Path, tmp_path: Path) -> None:
    engine, other = Engine.open(Settings()), Engine.open(Settings())
    count = engine.document_count
    (tmp_path / "auks.md").write_text("# Auks\n\nAuks dive.\n", "utf-8")
    engine.add([tmp_path / "auks.md"])
    assert engine.document_count == count + 1
    assert other.document_count == Engine.open(Settings()).document_count == count
    assert len(list(caches.iterdir())) == 1


@pytest.mark.parametrize("broken", ["library.sqlite3", "index"])
def test_what_is_broken_is_made_again(caches: Path, broken: str) -> None:
    answer = Engine.open(Settings()).ask(ASKED).best
    [kept] = caches.iterdir()
    for each in [kept / broken] if broken.endswith("3") else (kept / broken).rglob("*.npy"):
        each.write_bytes(b"no such thing")
    assert Engine.open(Settings()).ask(ASKED).best == answer is not None
    assert Engine.open(Settings()).check() == []


def test_where_nothing_can_be_kept_it_is_indexed_in_memory(caches: Path) -> None:
    caches.write_text("a file, where a folder is needed", "utf-8")
    engine = Engine.open(Settings())
    assert engine.version.startswith("memory-")
    assert engine.ask(ASKED).answered


def test_other_synonyms_and_another_engine_are_kept_apart(caches: Path, tmp_path: Path) -> None:
    synonyms = tmp_path / "synonyms.solr"
    synonyms.write_text("exportin, karyopherin\n", "utf-8")
    asked = [Settings(), Settings(engine="tantivy"), Settings(synonyms=synonyms)]
    assert len({Engine.open(settings).version for settings in asked}) == len(list(caches.iterdir())) == 3
    assert Engine.open(asked[2]).ask("Which karyopherin does selinexor block?").interpretation.expanded


def test_of_what_is_used_no_more_the_oldest_goes(caches: Path, tmp_path: Path) -> None:
    synonyms = tmp_path / "synonyms.solr"
    made: list[Path] = []
    for number in range(6):
        synonyms.write_text(f"exportin, karyopherin\n# {number}\n", "utf-8")
        os.utime(synonyms, (number, number))
        Engine.open(Settings(synonyms=synonyms))
        [new] = set(caches.iterdir()) - set(made)
        os.utime(new, (number, number))
        made.append(new)
    assert set(caches.iterdir()) == set(made[-4:])
