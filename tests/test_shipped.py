"""The shipped corpus is indexed once, for a wheel or by who asks first, and kept among the user's caches; where that
cannot be, it is in memory."""

from __future__ import annotations

import os
import runpy
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import qa.library.adding
from qa import Engine, Settings
from qa.library import shipped

ROOT = Path(__file__).parent.parent
ASKED = "Which protein does selinexor block?"


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Caches that are the test's own, and empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "pincite"


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], dict[str, Any]]]:
    """Builds a wheel of this kind, as far as the hook of the project goes. Gives what it adds to that."""

    class Interface(dict[str, Any]):
        root = str(ROOT)

    module: Any = ModuleType("hatchling.builders.hooks.plugin.interface")
    module.BuildHookInterface = Interface
    monkeypatch.setitem(sys.modules, module.__name__, module)
    hook = runpy.run_path(str(ROOT / ".ci" / "prepare_corpus.py"))["PrepareCorpus"]()

    def build(kind: str) -> dict[str, Any]:
        data: dict[str, Any] = {"force_include": {}}
        hook.initialize(kind, data)
        return {place: Path(made) for made, place in data["force_include"].items()}

    yield build
    hook.finalize("", {}, "")


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


def test_a_wheel_brings_it_indexed_for_who_asks_first(
    caches: Path, build: Callable[[str], dict[str, Any]], unadding: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    brought = build("standard")["qa/library/prepared"]
    monkeypatch.setattr(shipped, "PREPARED", brought)
    indexed_here = Engine.open(Settings(engine="rank-bm25"))
    unadding()
    engine = Engine.open(Settings())
    assert (engine.ask(ASKED).best, engine.contents()) == (indexed_here.ask(ASKED).best, indexed_here.contents())
    assert engine.check() == []
    origins = engine._library.snapshot().files()
    assert origins.keys() == indexed_here._library.snapshot().files().keys(), "the paths are those of this machine"
    assert {each.name for each in caches.iterdir()} >= {f"corpus-{shipped._stamp(Settings())}"}
    assert not [each for each in caches.iterdir() if each.name.startswith(".")]
    assert str(ROOT).encode() not in (brought / "library.sqlite3").read_bytes(), (
        "nor does a wheel tell where it was made"
    )
    assert Engine.open(Settings()).version == engine.version


def test_of_two_that_ask_first_at_once_the_second_reads_what_the_first_put_there(
    caches: Path, build: Callable[[str], dict[str, Any]], unadding: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "PREPARED", build("standard")["qa/library/prepared"])
    rename_files = shipped.rename_files

    def while_another_does_so_too(made: Path, *paths: str) -> None:
        rename_files(made, *paths)
        shutil.copytree(made, caches / made.name)

    monkeypatch.setattr(shipped, "rename_files", while_another_does_so_too)
    unadding()
    engine = Engine.open(Settings())
    assert engine.ask(ASKED).answered
    assert [each.name for each in caches.iterdir()] == [f"corpus-{shipped._stamp(Settings())}"]


def test_what_a_wheel_brings_is_not_used_with_other_files(
    caches: Path, build: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    brought = build("standard")["qa/library/prepared"]
    monkeypatch.setattr(shipped, "PREPARED", brought)
    (brought / shipped.FITS).write_text("of another corpus", "utf-8")
    engine = Engine.open(Settings())
    assert engine.ask(ASKED).answered
    [kept] = caches.iterdir()
    assert not (kept / shipped.FITS).exists(), "it was indexed here"


def test_what_a_wheel_brings_does_not_fit_a_program_that_was_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped, "_PROGRAM", tmp_path)
    module = tmp_path / "module.py"
    module.write_text("WEIGHT = 1\n", "utf-8")
    before = shipped.fits()
    module.write_text("WEIGHT = 2\n", "utf-8")
    assert shipped.fits() != before, "though its size is the same"
    module.write_text("WEIGHT = 1\n", "utf-8")
    assert shipped.fits() == before


def test_an_editable_install_brings_none_for_its_files_may_change(build: Callable[[str], dict[str, Any]]) -> None:
    assert build("editable") == {}
