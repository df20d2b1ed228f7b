"""The library: everything is kept, a change is whole or has not happened, and what does not fit is refused."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import qa.library.adding
import qa.library.indexing
from qa import Engine, Progress, Settings
from qa.answering.decision import search, understood
from qa.asking.concepts import Concept
from qa.errors import (
    DamagedDocumentError,
    DamagedLibraryError,
    IndexFormatError,
    LibraryBusyError,
    LibraryNotFoundError,
    LibraryThereError,
    LibraryUnreadableError,
    LibraryUnwritableError,
    NoSourcesError,
    NotTextError,
    SourceNotFoundError,
    SynonymsError,
    UnknownDocumentError,
    UnknownPassageError,
)
from qa.library import FORMAT, Library, Source, schema
from qa.library import folder as library_folder
from qa.library.adding import Indexing
from qa.library.folder import connect, sweep
from qa.library.remembering import Remembered
from qa.model import Block, Document, Heading, Judgement, LeftOut, Marker, Passage, Query, Reference, Section, Span
from qa.readers.formats.markdown import read_markdown
from qa.readers.passages import passages
from qa.retrievers import ENGINES

ROOT = Path(__file__).resolve().parent.parent

TEXT = "Terns 🐦\n\nTerns dive. [1]\n\nGulls steal."
FULL = Document(
    id="terns",
    title="Terns 🐦",
    text=TEXT,
    source="terns.md",
    authors=("First Author, MD", "Second Author"),
    editors=("Chief Editor",),
    publisher="Example House",
    updated=date(2021, 5, 11),
    url="https://example.org/terns",
    keywords=("terns", "gulls"),
    sections=(
        Section(path=("Terns 🐦", "Diving"), start=9, end=24, blocks=(Block(kind="paragraph", start=9, end=24),)),
        Section(path=(), start=26, end=38, blocks=(Block(kind="list", start=26, end=38),)),
    ),
    headings=(Heading(level=1, start=0, end=7),),
    references=(
        Reference(marker="1", text="A paper.", doi="10.1/x", pmid="123", url="https://x.org/1"),
        Reference(marker="2"),
    ),
    markers=(Marker(label="1", start=21, end=24),),
    pages=(0, 0, 9, 26),
    page_labels=("i", "ii", "1", "2"),
    code=(Span(10, 15),),
    left_out=(LeftOut("pictures", 2),),
)
PASSAGES = [
    Passage(
        id="terns-00000",
        document_id="terns",
        section=("Terns 🐦", "Diving"),
        text=TEXT[9:24],
        start=9,
        end=24,
        sentences=(Span(0, 11), Span(12, 15)),
        page=3,
    ),
    Passage(
        id="terns-00001", document_id="terns", section=(), text=TEXT[26:38], start=26, end=38, sentences=(Span(0, 12),)
    ),
]


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A folder of three documents."""
    folder = tmp_path / "documents"
    folder.mkdir()
    for bird, deed in (("auks", "Auks swim."), ("gulls", "Gulls steal."), ("terns", "Terns dive.")):
        (folder / f"{bird}.md").write_text(f"# {bird.capitalize()}\n\n{deed}\n")
    return folder


@pytest.fixture
def folder(tmp_path: Path, documents: Path) -> Path:
    """A library on disk that holds the three documents."""
    library = tmp_path / "library"
    Engine.create(Settings(library=library)).add([documents])
    return library


def titles(library: Path) -> list[str]:
    """What a fresh reader finds in a library, once by its contents and once by asking."""
    engine = Engine.open(Settings(library=library))
    for entry in engine.contents():
        answer = engine.ask(f"{entry.title} swim, steal, dive or wade?")
        nearest = answer.best or answer.alternatives[0]
        assert nearest.citation.document.title == entry.title
    return [entry.title for entry in engine.contents()]


def version(library: Path) -> str:
    return Library(library).snapshot().name


def index(library: Path) -> Path:
    [found] = (library / "index").iterdir()
    return found


def execute(library: Path, statement: str) -> None:
    """Change what the database holds behind the back of the library."""
    with closing(sqlite3.connect(library / "library.sqlite3")) as connection, connection:
        connection.execute(statement)


def files(library: Path) -> dict[str, bytes]:
    """The library's files with their bytes, but for what SQLite keeps beside it while it is in use."""
    found = (path for path in library.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm")))
    return {path.relative_to(library).as_posix(): path.read_bytes() for path in found}


def told_of(engine: Engine, documents: Path) -> list[Progress]:
    told: list[Progress] = []
    engine.add([documents], on_progress=told.append)
    return told


def is_whole(library: Path) -> bool:
    return Engine.open(Settings(library=library)).check() == []


# Keeping


def test_the_example_document_fills_every_field() -> None:
    for field in dataclasses.fields(Document):
        assert getattr(FULL, field.name) not in (None, (), ""), field.name


@pytest.mark.parametrize("on_disk", [True, False])
def test_a_document_and_its_passages_come_back_whole(tmp_path: Path, on_disk: bool) -> None:
    library = Library(tmp_path / "library" if on_disk else None)
    library.change(add=[Source("/somewhere/terns.md", FULL, PASSAGES)])
    snapshot = Library(library.folder).snapshot() if on_disk else library.snapshot()
    assert snapshot.document("terns") == FULL
    assert snapshot.passages_of("terns") == PASSAGES
    assert [snapshot.passage(each.id) for each in PASSAGES] == PASSAGES
    assert snapshot.documents_of_files(["", "elsewhere"]) == {"": {"/somewhere/terns.md": "terns"}}
    assert [snapshot.has_document(each) for each in ("terns", "auks")] == [True, False]
    assert snapshot.document_count == 1
    [entry] = snapshot.contents()
    assert (entry.id, entry.title, entry.updated) == ("terns", "Terns 🐦", date(2021, 5, 11))


@pytest.mark.parametrize("on_disk", [True, False])
def test_a_document_of_bare_necessities_comes_back_whole(tmp_path: Path, on_disk: bool) -> None:
    bare = Document(id="bare", title="", text="", source="bare.txt")
    library = Library(tmp_path / "library" if on_disk else None)
    library.change(add=[Source("bare.txt", bare, [])])
    assert library.snapshot().document("bare") == bare
    assert library.snapshot().passages_of("bare") == []


def test_what_is_indexed_is_what_is_kept(folder: Path) -> None:
    snapshot = Library(folder).snapshot()
    kept = [passage.id for entry in snapshot.contents() for passage in snapshot.passages_of(entry.id)]
    query = Query(terms=dict.fromkeys(["swim", "steal", "dive"], 1.0), words=())
    found = snapshot.retriever.search(query, limit=10)
    assert sorted(candidate.passage_id for candidate in found) == kept
    assert snapshot.retriever.passage_count == len(kept) == 3


def test_what_is_not_there_is_named(folder: Path) -> None:
    snapshot = Library(folder).snapshot()
    with pytest.raises(UnknownDocumentError, match="No document has the id 'emus'"):
        snapshot.document("emus")
    with pytest.raises(UnknownDocumentError, match="No document has the id 'emus'"):
        snapshot.passages_of("emus")
    with pytest.raises(UnknownPassageError, match="No passage has the id 'emus-00000'"):
        snapshot.passage("emus-00000")


def test_a_library_in_memory_writes_nothing_and_starts_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    library = Library(None)
    assert not library.exists
    with pytest.raises(LibraryNotFoundError):
        library.snapshot()
    library.change(add=[Source("terns.md", FULL, PASSAGES)])
    assert library.exists
    assert list(tmp_path.iterdir()) == []


def test_a_state_stays_as_it_was_while_the_library_changes(folder: Path) -> None:
    library = Library(folder)
    before = library.snapshot()
    library.change(remove=["terns"])
    assert [entry.id for entry in before.contents()] == ["auks", "gulls", "terns"]
    assert before.passages_of("terns")[0].text == "Terns dive."
    assert [entry.id for entry in library.snapshot().contents()] == ["auks", "gulls"]


# Changing


def test_a_file_read_again_takes_its_own_place(folder: Path, documents: Path) -> None:
    (documents / "terns.md").write_text("# Terns\n\nTerns wade.\n")
    engine = Engine.open(Settings(library=folder))
    assert engine.add([documents / "terns.md"]).read == ("terns",)
    assert titles(folder) == ["Auks", "Gulls", "Terns"]
    assert [passage.text for passage in engine.passages("terns")] == ["Terns wade."]
    assert not engine.ask("Who dives?").answered
    assert engine.passage_count == 3


def test_a_file_of_the_same_name_from_another_folder_is_kept_beside(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "terns.md").write_text("# Terns\n\nTerns wade.\n")
    engine = Engine.open(Settings(library=folder))
    assert engine.add([other]).read == ("terns-2",)
    assert [entry.id for entry in engine.contents()] == ["auks", "gulls", "terns", "terns-2"]
    assert engine.passages("terns")[0].text == "Terns dive."
    assert engine.passages("terns-2")[0].text == "Terns wade."
    (other / "terns.md").write_text("# Terns\n\nTerns wade and swim.\n")
    assert engine.add([other]).replaced == ("terns-2",)
    assert engine.document_count == 4


def test_a_file_named_twice_is_read_once(documents: Path, tmp_path: Path) -> None:
    engine = Engine.create(Settings(library=tmp_path / "library"))
    assert engine.add([documents, documents / "terns.md", documents / "." / "terns.md"]).read == (
        "auks",
        "gulls",
        "terns",
    )
    assert engine.document_count == 3


@pytest.mark.parametrize("on_disk", [True, False])
def test_removed_documents_are_gone_from_the_index_too(folder: Path, documents: Path, on_disk: bool) -> None:
    engine = Engine.create(Settings(library=folder if on_disk else None))
    engine.add([documents])
    engine.remove(["terns", "auks"])
    assert [entry.id for entry in engine.contents()] == ["gulls"]
    assert engine.passage_count == 1
    answer = engine.ask("Do terns dive?")
    assert (answer.reason, answer.alternatives) == ("No passage mentions “terns” or “dive”.", ())
    with pytest.raises(UnknownPassageError):
        engine.passage("terns-00000")


@pytest.mark.parametrize("on_disk", [True, False])
def test_removing_what_is_not_there_removes_nothing(folder: Path, documents: Path, on_disk: bool) -> None:
    engine = Engine.create(Settings(library=folder if on_disk else None))
    engine.add([documents])
    with pytest.raises(UnknownDocumentError, match="No document has the id 'emus'"):
        engine.remove(["terns", "emus"])
    assert [entry.id for entry in engine.contents()] == ["auks", "gulls", "terns"]
    assert engine.ask("Do terns dive?").answered


@pytest.mark.parametrize("on_disk", [True, False])
def test_an_error_in_the_middle_leaves_everything_as_it_was(folder: Path, documents: Path, on_disk: bool) -> None:
    engine = Engine.create(Settings(library=folder if on_disk else None))
    engine.add([documents])
    before, kept = files(folder), engine.ask("Do terns dive?")
    (documents / "auks.md").write_text("# Auks\n\nAuks wade.\n")
    (documents / "zebras.md").write_bytes(b"\x00\x01\x02")
    with pytest.raises(NotTextError):
        engine.add([documents])
    assert [entry.id for entry in engine.contents()] == ["auks", "gulls", "terns"]
    assert engine.ask("Do auks wade?").interpretation.missing == ("wade",)
    assert replace(engine.ask("Do terns dive?"), took_ms=kept.took_ms) == kept
    assert files(folder) == before
    (documents / "zebras.md").unlink()
    engine.add([documents])
    wading = engine.ask("Do auks wade?")
    assert wading.best
    assert (wading.best.passage.text, wading.interpretation.missing) == ("Auks wade.", ())


def test_a_first_indexing_that_fails_leaves_no_library(documents: Path, tmp_path: Path) -> None:
    (documents / "zebras.md").write_bytes(b"\x00\x01\x02")
    engine = Engine.create(Settings(library=tmp_path / "library"))
    with pytest.raises(NotTextError):
        engine.add([documents])
    with pytest.raises(LibraryNotFoundError):
        Engine.open(Settings(library=tmp_path / "library"))


def test_old_states_are_swept_away(folder: Path, documents: Path) -> None:
    engine = Engine.open(Settings(library=folder))
    for _ in range(5):
        engine.add([documents])
    assert [path.name for path in (folder / "index").iterdir()] == [version(folder)]
    names = {path.name for path in folder.iterdir()}
    assert names - {"library.sqlite3-wal", "library.sqlite3-shm"} == {
        "index",
        "library.sqlite3",
        "library.sqlite3.sealed",
    }


def test_an_index_that_another_process_has_made_meanwhile_is_not_swept_away(
    folder: Path, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sweep_late(swept: Path, **more: Any) -> None:
        assert remove_in_another_process(swept, "auks") == ""
        sweep(swept, **more)

    monkeypatch.setattr("qa.library.store.sweep", sweep_late)
    (documents / "terns.md").write_text("# Terns\n\nTerns nest.\n")
    Engine.open(Settings(library=folder)).add([documents])
    assert titles(folder) == ["Gulls", "Terns"]
    assert [path.name for path in (folder / "index").iterdir()] == [version(folder)]


def test_a_change_leaves_no_journal_behind(folder: Path, documents: Path) -> None:
    journal = folder / "library.sqlite3-wal"
    engine = Engine.open(Settings(library=folder))
    for number in range(4):
        (documents / "terns.md").write_text(f"# Terns\n\nTerns nest {number} times.\n")
        engine.add([documents])
        assert engine.ask("How often do terns nest?").answered
        assert not journal.exists() or journal.stat().st_size < 20_000


def test_who_reads_a_state_lets_a_large_journal_be_emptied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine.open(Settings(library=folder))
    journal = folder / "library.sqlite3-wal"
    assert remove_in_another_process(folder, "auks") == ""
    assert engine.contents() and journal.stat().st_size > 0
    monkeypatch.setattr("qa.library.store._SELDOM", 0.0)
    monkeypatch.setattr("qa.library.store._LARGE_JOURNAL", 0)
    assert [entry.id for entry in engine.contents()] == ["gulls", "terns"]
    assert journal.stat().st_size == 0
    assert engine.ask("Do terns dive?").answered


def test_an_indexing_goes_on_while_the_journal_is_emptied_for_others(
    folder: Path, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.library.store._SELDOM", 0.0)
    monkeypatch.setattr("qa.library.store._LARGE_JOURNAL", -1)
    engine = Engine.open(Settings(library=folder))
    (documents / "more").mkdir()
    for number in range(30):
        (documents / "more" / f"auks {number}.md").write_text(f"# Auks {number}\n\nAuks swim {number} times.\n")
        (documents / "more" / f"auks-{number}.md").write_text(f"# Auks {number}\n\nAuks dive {number} times.\n")
    is_done = Event()

    def ask() -> int:
        asked = 0
        while not is_done.is_set():
            asked += engine.ask("Do terns dive?").answered
        return asked

    with ThreadPoolExecutor(3) as threads:
        asking = [threads.submit(ask) for _ in range(3)]
        try:
            assert len(engine.add([documents]).added) == 60
        finally:
            is_done.set()
        assert all(each.result() for each in asking)
    assert engine.check() == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may read and write everything")
def test_a_library_that_this_user_may_not_read_is_not_said_to_be_damaged(folder: Path) -> None:
    (folder / "library.sqlite3").chmod(0)
    with pytest.raises(LibraryUnreadableError, match="you may not read"):
        Engine.open(Settings(library=folder))


def test_a_reader_who_may_not_write_sees_a_change(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect_without_writing(address: str) -> sqlite3.Connection:
        if address.endswith("mode=ro") and not (folder / "library.sqlite3-shm").exists():
            address = address.replace("library.sqlite3", "a-file-that-may-not-be-made")
        return connect(address)

    monkeypatch.setattr("qa.library.folder.connect", connect_without_writing)
    for name in ("library.sqlite3-wal", "library.sqlite3-shm"):
        (folder / name).unlink(missing_ok=True)
    engine = Engine.open(Settings(library=folder))
    assert engine.ask("Do auks swim?").answered
    assert remove_in_another_process(folder, "auks") == ""
    assert engine.ask("Do auks swim?").reason == "No passage mentions “auks” or “swim”."


def test_a_change_that_was_thought_out_for_another_state_is_refused(folder: Path, documents: Path) -> None:
    def on_progress(progress: Progress) -> None:
        if progress.step == "looking" and progress.done == 0:
            assert remove_in_another_process(folder, "auks") == ""

    (documents / "skuas.md").write_text("# Skuas\n\nSkuas steal.\n")
    engine = Engine.open(Settings(library=folder))
    with pytest.raises(LibraryBusyError):
        engine.add([documents], on_progress=on_progress)
    assert titles(folder) == ["Gulls", "Terns"]
    assert engine.add([documents]).added == ("auks", "skuas")


def test_of_a_changed_file_only_the_changed_records_are_replaced(tmp_path: Path) -> None:
    records, library = tmp_path / "birds.jsonl", tmp_path / "library"

    def write(*deeds: str) -> None:
        records.write_text("".join(f'{{"_id": "bird-{n}", "text": "Birds {deed}."}}\n' for n, deed in enumerate(deeds)))

    write("dive", "wade", "steal")
    engine = Engine.create(Settings(library=library))
    assert len(engine.add([records]).added) == 3
    write("dive", "nest", "steal", "sing")
    done = engine.add([records])
    assert (done.added, done.replaced, done.unchanged) == (("bird-3",), ("bird-1",), ("bird-0", "bird-2"))
    assert [hit.passage.document_id for hit in engine.search("nest")] == ["bird-1"]
    write("dive")
    done = engine.add([records])
    assert (done.added, done.replaced, done.unchanged) == ((), (), ("bird-0",))
    assert sorted(done.removed) == ["bird-1", "bird-2", "bird-3"]
    assert engine.check() == []


def test_indexing_is_told_of_as_it_goes(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    again = [replace(each, id=f"more-{each.id}", document_id="more") for each in PASSAGES]
    Library(folder).change(
        add=[Source("more", replace(FULL, id="more"), again)], on_indexing=lambda *far: told.append(far)
    )
    assert told == [(1, 2), (2, 2)]


def test_a_text_is_read_once_for_all_passages_of_its_document(tmp_path: Path) -> None:
    birds = ("auks", "gulls", "terns")
    for bird in birds:
        text = "\n\n".join(f"## Day {day}\n\nMany {bird} were seen on day {day}." for day in range(50))
        (tmp_path / f"{bird}.md").write_text(text)
    engine = Engine.create(Settings(library=tmp_path / "library"))
    engine.add([tmp_path / f"{bird}.md" for bird in birds])
    statements: list[str] = []
    with closing(sqlite3.connect(tmp_path / "library" / "library.sqlite3")) as database:
        database.set_trace_callback(statements.append)
        found = list(qa.library.indexing.titled_passages(database))
    assert len(found) == engine.passage_count == 150
    assert len([each for each in statements if "text" in each]) == len(birds)


def test_few_long_documents_are_remembered_and_the_last_one_is() -> None:
    read: list[str] = []

    def reading(key: str) -> str:
        read.append(key)
        return key * 10

    remembered: Remembered[str] = Remembered(3, weigh=len, heaviest=25)
    for key in ("a", "b", "a", "c", "a", "b", "abc", "abc", "a", "d"):
        assert remembered.get(key, reading) == key * 10
    assert "".join(read) == "abcb" + "abc" + "ad"


# Killed

KILLED = """
import os, signal, sys
from pathlib import Path
from typing import Any, Literal
import qa.library.indexing
import qa.library.store
from qa import Engine, Settings

library, documents, point = sys.argv[1:]

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def dying_after(function):
    def call(*arguments, **options):
        function(*arguments, **options)
        die()
    return call

def on_progress(progress):
    if progress.step == point and progress.done == 2:
        die()

if point == "indexed":
    qa.library.indexing.kept_speller = die
elif point == "kept":
    qa.library.store.sync = die
elif point == "synced":
    qa.library.store.sync = dying_after(qa.library.store.sync)
elif point == "committed":
    qa.library.store.sweep = die
Engine.create(Settings(library=Path(library))).add([Path(documents)], on_progress=on_progress)
print("not killed")
"""


def kill_an_indexing(library: Path, documents: Path, point: str) -> None:
    command = [sys.executable, "-c", KILLED, str(library), str(documents), point]
    killed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (killed.returncode, killed.stdout, killed.stderr) == (-signal.SIGKILL, "", "")


@pytest.mark.parametrize("point", ["reading", "indexing", "indexed", "kept", "synced"])
def test_a_killed_indexing_leaves_the_old_index_answering(folder: Path, documents: Path, point: str) -> None:
    engine, before = Engine.open(Settings(library=folder)), files(folder)
    (documents / "waders.md").write_text("# Waders\n\nWaders wade.\n")
    (documents / "terns.md").write_text("# Terns\n\nTerns wade.\n")
    kill_an_indexing(folder, documents, point)
    assert {name: data for name, data in files(folder).items() if name in before} == before
    assert titles(folder) == ["Auks", "Gulls", "Terns"]
    assert engine.ask("Do terns dive?").answered
    assert Engine.open(Settings(library=folder)).ask("Do terns dive?").answered
    engine.add([documents])
    assert titles(folder) == ["Auks", "Gulls", "Terns", "Waders"]
    assert engine.ask("Do terns wade?").answered
    assert [path.name for path in (folder / "index").iterdir()] == [version(folder)]
    assert is_whole(folder)


@pytest.mark.parametrize("point", ["reading", "indexed", "synced"])
def test_a_killed_first_indexing_leaves_no_library_and_the_next_succeeds(
    tmp_path: Path, documents: Path, point: str
) -> None:
    library = tmp_path / "library"
    kill_an_indexing(library, documents, point)
    with pytest.raises(LibraryNotFoundError):
        Engine.open(Settings(library=library))
    Engine.create(Settings(library=library)).add([documents])
    assert titles(library) == ["Auks", "Gulls", "Terns"]
    assert index(library).name == version(library)
    assert is_whole(library)


def test_an_indexing_killed_once_it_is_whole_has_happened(folder: Path, documents: Path) -> None:
    (documents / "waders.md").write_text("# Waders\n\nWaders wade.\n")
    kill_an_indexing(folder, documents, "committed")
    assert titles(folder) == ["Auks", "Gulls", "Terns", "Waders"]


# Several processes


def change(documents: Path) -> None:
    """Make a file another one, so that it is read again."""
    (documents / "terns.md").write_text("# Terns\n\nTerns dive and nest.\n")


def test_a_second_writer_is_told_that_the_library_is_busy(folder: Path, documents: Path) -> None:
    refused: list[LibraryBusyError] = []
    other = Engine.open(Settings(library=folder))

    def on_progress(progress: Progress) -> None:
        if progress.step == "reading" and not refused:
            with pytest.raises(LibraryBusyError) as caught:
                other.remove(["auks"])
            refused.append(caught.value)
            assert other.ask("Do auks swim?").answered

    change(documents)
    Engine.open(Settings(library=folder)).add([documents], on_progress=on_progress)
    assert [error.message for error in refused] == [f"Another process is changing the library in {folder}."]
    other.remove(["auks"])
    assert titles(folder) == ["Gulls", "Terns"]


REMOVE = """
import sys
from pathlib import Path
from typing import Any, Literal
from qa import Engine, QAError, Settings

try:
    Engine.open(Settings(library=Path(sys.argv[1]))).remove([sys.argv[2]])
except QAError as error:
    print(error.code)
"""


def remove_in_another_process(library: Path, document_id: str) -> str:
    command = [sys.executable, "-c", REMOVE, str(library), document_id]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_writer_in_another_process_is_told_that_the_library_is_busy(folder: Path, documents: Path) -> None:
    printed: list[str] = []

    def on_progress(progress: Progress) -> None:
        if progress.step == "reading" and not printed:
            printed.append(remove_in_another_process(folder, "auks"))

    change(documents)
    Engine.open(Settings(library=folder)).add([documents], on_progress=on_progress)
    assert printed == ["library_busy\n"]
    assert titles(folder) == ["Auks", "Gulls", "Terns"]


def test_a_change_by_another_process_is_seen_by_an_open_engine(folder: Path) -> None:
    engine = Engine.open(Settings(library=folder))
    assert engine.ask("Do auks swim?").answered
    assert remove_in_another_process(folder, "auks") == ""
    assert engine.ask("Do auks swim?").reason == "No passage mentions “auks” or “swim”."
    assert [entry.id for entry in engine.contents()] == ["gulls", "terns"]


# What does not fit


def test_a_folder_without_a_library_says_how_to_make_one(tmp_path: Path) -> None:
    for missing in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(LibraryNotFoundError) as caught:
            Engine.open(Settings(library=missing))
        assert caught.value.message == f"There is no library in {missing}."
        assert caught.value.hint == f"Make one with: pincite index YOUR_DOCUMENTS --library {missing}"
    assert list(tmp_path.iterdir()) == []


def test_a_library_whose_database_is_lost_says_so(folder: Path) -> None:
    (folder / "library.sqlite3").write_bytes(b"")
    with pytest.raises(LibraryNotFoundError, match="is missing or empty") as caught:
        Engine.open(Settings(library=folder))
    assert caught.value.hint.startswith("Restore it from a backup")
    (folder / "library.sqlite3").unlink()
    with pytest.raises(LibraryNotFoundError, match="is missing or empty"):
        Engine.create(Settings(library=folder)).add([folder.parent / "documents"])


def test_a_library_of_another_format_is_refused_with_the_command_that_helps(folder: Path, documents: Path) -> None:
    execute(folder, "UPDATE facts SET value = '0/english-porter-0' WHERE key = 'format'")
    before = files(folder)
    engine = Engine.create(Settings(library=folder))
    uses: list[Callable[[], object]] = [
        lambda: Engine.open(Settings(library=folder)),
        lambda: engine.add([documents]),
        lambda: engine.remove(["terns"]),
    ]
    for use in uses:
        with pytest.raises(IndexFormatError) as caught:
            use()
        assert caught.value.message == (
            f"{folder} holds a library of format 0/english-porter-0, but this version reads format {FORMAT}."
        )
        assert "pincite index YOUR_DOCUMENTS --library NEW_FOLDER" in caught.value.hint
    assert files(folder) == before


def damaged_fact(key: str, value: str) -> Callable[[Path], object]:
    return lambda library: execute(library, f"UPDATE facts SET value = '{value}' WHERE key = '{key}'")  # noqa: S608


def damaged_file(name: str, data: bytes | None) -> Callable[[Path], object]:
    def damage(library: Path) -> None:
        [path] = index(library).rglob(name)
        if data is None:
            path.unlink()
        else:
            path.write_bytes(data)

    return damage


def another_program(library: Path) -> None:
    (library / "library.sqlite3").unlink()
    execute(library, "CREATE TABLE birds (name)")


INDEX_FILES = ["okapi.passages.npy", "okapi.terms.npy", "vocabulary.words.npy"]
DAMAGE: dict[str, Callable[[Path], object]] = {
    "the version leads out of the library": damaged_fact("version", "../.."),
    "the version is not there": damaged_fact("version", "000009-01234567"),
    "the version is lacking": lambda library: execute(library, "DELETE FROM facts WHERE key = 'version'"),
    "the engine is none": damaged_fact("engine", "guesswork"),
    "the passages are not counted": damaged_fact("passages", "many"),
    "the database is none": lambda library: (library / "library.sqlite3").write_bytes(b"tern" * 1000),
    "the database is another program's": another_program,
    "the facts are gone": lambda library: execute(library, "DROP TABLE facts"),
    "the concepts are no names": lambda library: execute(library, "INSERT INTO concepts VALUES (9999, '[1', '[]')"),
    **{f"{name} is missing": damaged_file(name, None) for name in INDEX_FILES},
    **{f"{name} is empty": damaged_file(name, b"") for name in INDEX_FILES},
    **{f"{name} is none": damaged_file(name, b"tern" * 1000) for name in INDEX_FILES},
    "a seal is missing": lambda library: (index(library) / "passages" / "sealed.json").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_library_is_refused_and_left_alone(
    folder: Path, documents: Path, damage: Callable[[Path], object]
) -> None:
    damage(folder)
    before = files(folder)
    with pytest.raises(DamagedLibraryError, match="is damaged: ") as caught:
        Engine.open(Settings(library=folder))
    assert caught.value.hint.startswith(
        "Restore it from a backup, or build a new one in another folder with: pincite index"
    )
    with pytest.raises(DamagedLibraryError):
        Engine.create(Settings(library=folder)).add([documents])
    assert files(folder) == before


def test_an_index_of_other_passages_is_refused(folder: Path) -> None:
    execute(folder, "UPDATE facts SET value = '2' WHERE key = 'passages'")
    with pytest.raises(DamagedLibraryError, match="2 passages are kept, but 3 are indexed"):
        Engine.open(Settings(library=folder))


def test_a_library_of_later_tables_is_refused(folder: Path, documents: Path) -> None:
    execute(folder, "PRAGMA user_version = 99")
    with pytest.raises(IndexFormatError, match="of tables 99"):
        Engine.open(Settings(library=folder))
    with pytest.raises(IndexFormatError, match="of tables 99"):
        Engine.create(Settings(library=folder)).add([documents])


def test_a_library_of_earlier_tables_is_brought_to_the_latest_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, "CREATE TABLE more (bird TEXT) STRICT;\n"))
    assert titles(folder) == ["Auks", "Gulls", "Terns"]
    with closing(sqlite3.connect(folder / "library.sqlite3")) as database:
        assert schema.version_of(database) == len(schema.MIGRATIONS)
        assert database.execute("SELECT * FROM more").fetchall() == []
    assert is_whole(folder)
    Engine.open(Settings(library=folder)).remove(["auks"])
    assert titles(folder) == ["Gulls", "Terns"]


def test_a_page_of_the_database_that_is_broken_is_damage_when_it_is_read(folder: Path) -> None:
    database = folder / "library.sqlite3"
    engine = Engine.open(Settings(library=folder))
    data = bytearray(database.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    database.write_bytes(data)
    with pytest.raises(DamagedLibraryError):
        engine.contents()


@pytest.fixture
def unwritable(tmp_path: Path) -> Iterator[Path]:
    """A place where no library can be: below a file."""
    (tmp_path / "file").write_text("")
    yield tmp_path / "file" / "library"
    assert (tmp_path / "file").read_text() == ""


def test_a_library_where_the_system_lets_nothing_be_written_says_so(unwritable: Path, documents: Path) -> None:
    for place in (unwritable, unwritable.parent):
        with pytest.raises(LibraryUnwritableError) as caught:
            Engine.create(Settings(library=place)).add([documents])
        assert caught.value.message.startswith(f"The library in {place} cannot be written: ")
        assert caught.value.hint != ""


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may read and write everything")
def test_a_library_that_may_only_be_read_answers_and_is_not_changed(folder: Path, documents: Path) -> None:
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        engine = Engine.open(Settings(library=folder))
        assert engine.ask("Do terns dive?").answered
        with pytest.raises(LibraryUnwritableError):
            engine.add([documents])
    finally:
        for path in paths:
            path.chmod(0o755)


# Texts that someone changed


def test_a_text_that_was_changed_inside_the_library_is_never_quoted(tmp_path: Path) -> None:
    (tmp_path / "terns.md").write_text("# Terns\n\nThe tern dives in 61% of tries.\n")
    engine = Engine.create(Settings(library=tmp_path / "library"))
    engine.add([tmp_path / "terns.md"])
    execute(tmp_path / "library", "UPDATE documents SET text = replace(text, '61%', '91%')")
    with pytest.raises(DamagedDocumentError, match="The text of the document terns was changed"):
        Engine.open(Settings(library=tmp_path / "library")).ask("How often does the tern dive?")


def test_an_indexing_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("# Terns\n\nThe tern dives.\n")
    (tmp_path / "worse.md").write_bytes(b"\x00")
    (tmp_path / "there").mkdir()
    for library in (tmp_path / "deep" / "library", tmp_path / "there"):
        with pytest.raises(NotTextError):
            Engine.create(Settings(library=library)).add([tmp_path / "good.md", tmp_path / "worse.md"])
        with pytest.raises(LibraryNotFoundError):
            Engine.open(Settings(library=library))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["good.md", "there", "worse.md"]


def test_an_indexing_that_fails_leaves_a_library_without_a_journal(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "worse.md").write_bytes(b"\x00")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".sqlite3-shm"}
    with pytest.raises(NotTextError):
        Engine.create(Settings(library=folder)).add([tmp_path / "worse.md"])
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {path.name for path in after if path.parent == folder} == {"library.sqlite3", "library.sqlite3.sealed"}
    assert {path: data for path, data in before.items() if data} == after


def test_who_opened_a_library_before_it_was_taken_away_is_told_that_it_is_busy(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class TakenAway(sqlite3.Connection):
        def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
            if statement == "BEGIN IMMEDIATE" and not (folder / "gone").exists():
                (folder / "library.sqlite3").rename(folder / "gone")
                (folder / "library.sqlite3").touch()
            return super().execute(statement, *parameters)

    def opened(address: str) -> sqlite3.Connection:
        return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, factory=TakenAway)

    engine = Engine.open(Settings(library=folder))
    monkeypatch.setattr(library_folder, "connect", opened)
    with pytest.raises(LibraryBusyError):
        engine.remove(["auks"])


def test_passages_that_were_damaged_are_not_indexed_again(tmp_path: Path) -> None:
    (tmp_path / "terns.md").write_text("# Terns\n\nThe tern dives.\n")
    engine = Engine.create(Settings(library=tmp_path / "library"))
    engine.add([tmp_path / "terns.md"])
    execute(tmp_path / "library", "UPDATE passages SET sentences = '[[0,'")
    (tmp_path / "gulls.md").write_text("# Gulls\n\nThe gull dives.\n")
    (tmp_path / "auks.md").write_text("# Auks\n\nThe auk dives.\n")
    with pytest.raises(DamagedLibraryError, match="its saved data cannot be indexed"):
        Engine.create(Settings(library=tmp_path / "library")).add([tmp_path / "gulls.md", tmp_path / "auks.md"])


# Checked


CHANGED_BEHIND_ITS_BACK = {
    "UPDATE documents SET text = replace(text, 'dive', 'dove') WHERE id = 'terns'": "was changed inside",
    "UPDATE documents SET data = '[' WHERE id = 'terns'": "The saved data of the document terns cannot be read",
    "UPDATE passages SET start = start + 1 WHERE id = 'terns-00000'": "saved words of the passage terns-00000",
    "UPDATE passages SET end = end + 100 WHERE id = 'terns-00000'": "of the passage terns-00000 cannot be read",
    "UPDATE passages SET sentences = '[' WHERE id = 'terns-00000'": "of the passage terns-00000 cannot be read",
    "UPDATE passages SET sentences = '[[9,2]]' WHERE id = 'terns-00000'": "terns-00000 are outside its text",
    "UPDATE passages SET section = '[\"Emus\"]' WHERE id = 'terns-00000'": "page of the passage terns-00000 is wrong",
    "UPDATE passages SET page = 7 WHERE id = 'terns-00000'": "page of the passage terns-00000 is wrong",
    "UPDATE sections SET end = 10000": "The saved data of the document auks cannot be read",
    "DELETE FROM passages WHERE id = 'terns-00000'": "The passages in the index are not those in the library",
    "DELETE FROM wordings WHERE passage = 1": "saved words of the passage",
    "UPDATE words SET word = 'emu' WHERE word = 'dive'": "saved words of the passage terns-00000",
    "UPDATE words SET count = count + 1 WHERE word = 'dive'": "counts of words do not match the passages",
    "INSERT INTO words VALUES (999, 'emu', 'emu', 3)": "The words that questions are corrected to do not match",
    "UPDATE spellings SET count = 9 WHERE word = 'dive'": "counts of words as written",
    "INSERT INTO definitions SELECT number, 'EMU', 'Eastern Marsh' FROM documents": "abbreviations of the document",
    "INSERT INTO namings VALUES ('=a=b', 'a', 1)": "The saved counts of concept names do not match",
    "UPDATE facts SET value = '7' WHERE key = 'terms'": "The saved numbers of passages and terms",
    "INSERT INTO wordings VALUES (999, 1, 1, '')": "belongs to nothing in passages",
}


def test_a_library_that_was_made_and_changed_is_whole(folder: Path, documents: Path) -> None:
    told: list[tuple[int, int]] = []
    engine = Engine.open(Settings(library=folder))
    assert engine.check(on_passages=lambda done, total: told.append((done, total))) == []
    assert told == [(3, 3)]
    (documents / "terns.md").write_text("# Terns\n\nThe great tern colony (GTC) dives.\n")
    engine.add([documents])
    engine.remove(["auks"])
    assert engine.check() == []


@pytest.mark.parametrize(("statement", "problem"), CHANGED_BEHIND_ITS_BACK.items())
def test_whatever_was_changed_behind_its_back_is_found_by_a_check(folder: Path, statement: str, problem: str) -> None:
    if statement.startswith("INSERT INTO wordings"):
        statement = statement.replace("''", "x'00'")
    execute(folder, statement)
    assert problem in " ".join(Engine.open(Settings(library=folder)).check())


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM wordings", "UPDATE wordings SET stream = x'ff'", "DELETE FROM words WHERE word = 'terns'"],
)
def test_words_that_were_damaged_are_an_error_and_not_nothing_found(folder: Path, statement: str) -> None:
    execute(folder, statement)
    with pytest.raises(DamagedLibraryError, match="words"):
        Engine.open(Settings(library=folder)).ask("Do terns dive?")


def test_a_page_of_the_database_that_is_broken_is_found_by_a_check(folder: Path) -> None:
    database = folder / "library.sqlite3"
    engine = Engine.open(Settings(library=folder))
    data = bytearray(database.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    database.write_bytes(data)
    assert engine.check()


# Copied


def test_a_copy_is_a_library_with_the_feedback_and_of_one_state(folder: Path, documents: Path, tmp_path: Path) -> None:
    engine = Engine.open(Settings(library=folder))
    answer = engine.ask("Do terns dive?")
    engine.judge(Judgement(question="Do terns dive?", key="0" * 32, helpful=True))

    def on_pages(_done: int, _total: int) -> None:
        if [each.id for each in engine.contents()] != ["gulls", "terns"]:
            Engine.open(Settings(library=folder)).remove(["auks"])

    engine.backup(tmp_path / "copies" / "first", on_pages=on_pages)
    assert titles(folder) == ["Gulls", "Terns"]
    copy = Engine.open(Settings(library=tmp_path / "copies" / "first"))
    assert [each.id for each in copy.contents()] == ["auks", "gulls", "terns"]
    assert copy.check() == []
    assert replace(copy.ask("Do terns dive?"), took_ms=answer.took_ms) == answer
    assert [each.question for each in copy.feedback.all()] == ["Do terns dive?"]
    assert [path.name for path in (tmp_path / "copies").iterdir()] == ["first"]
    copy.add([documents / "auks.md"])


def test_nothing_is_ever_copied_over_something(folder: Path, tmp_path: Path) -> None:
    engine = Engine.open(Settings(library=folder))
    (tmp_path / "empty").mkdir()
    engine.backup(tmp_path / "empty")
    assert is_whole(tmp_path / "empty")
    before = files(tmp_path / "empty")
    for place in (tmp_path / "empty", folder, tmp_path / "documents" / "terns.md"):
        with pytest.raises(LibraryThereError, match="There is already something in "):
            engine.backup(place)
    assert files(tmp_path / "empty") == before
    with pytest.raises(LibraryUnwritableError, match="it is inside the library that is to be copied"):
        engine.backup(folder / "copy")


def test_a_copy_that_cannot_be_written_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryUnwritableError):
        Engine.open(Settings(library=folder)).backup(tmp_path / "file" / "copy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["documents", "file", "library"]


# Changed step by step


_FILES = st.dictionaries(
    st.sampled_from(["auks", "emus", "gulls", "terns"]),
    st.sampled_from(
        [
            "",
            "The FSB dives. [1]\n\n## Food\n\nIt eats 3 fishes.",
            "The fast swimming bird (FSB) is an auk.",
            "The free southern bird (FSB) is an emu.",
            "The free southern bird (FSB) runs, as fast swimming birds do not.",
            "A fsb, an fsb, and one more fsb. Pomalidomide (Pomalyst) is none.",
        ]
    ),
    max_size=4,
)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(states=st.lists(_FILES, min_size=1, max_size=4), on_disk=st.booleans(), engine=st.sampled_from([*ENGINES]))
def test_a_library_changed_step_by_step_is_the_same_as_one_made_at_once(
    tmp_path_factory: pytest.TempPathFactory, states: list[dict[str, str]], on_disk: bool, engine: str
) -> None:
    root = tmp_path_factory.mktemp("steps")

    def source(name: str, text: str) -> Source:
        document: Document = read_markdown(f"# The {name}\n\n{text}\n", path=Path(name), document_id=name)
        return Source(name, document, passages(document))

    stepwise = Library(root / "steps" if on_disk else None, engine=engine)
    before: dict[str, str] = {}
    for state in states:
        changed = [source(name, text) for name, text in state.items() if before.get(name) != text]
        stepwise.change(add=changed, remove=[name for name in before if name not in state])
        before = state
    at_once = Library(None, engine=engine)
    at_once.change(add=[source(name, text) for name, text in sorted(before.items())])
    one, other = stepwise.snapshot(), at_once.snapshot()
    assert one.problems() == other.problems() == []
    assert one.index.concepts.all == other.index.concepts.all
    assert one.index.wordings.mean_length == other.index.wordings.mean_length
    for question in ("What does the FSB eat?", "Is the free southern bird fast?", "pomalyst", "emu fsb tern auk gull"):
        query, asked = understood(question, (), one)
        found = [(hit.passage_id, hit.score) for hit in search(query, asked, one)]
        expected = [(hit.passage_id, hit.score) for hit in search(*understood(question, (), other), other)]
        assert [passage_id for passage_id, _ in found] == [passage_id for passage_id, _ in expected]
        assert [score for _, score in found] == pytest.approx([score for _, score in expected], rel=1e-3)


def test_a_change_of_one_file_reads_and_analyses_nothing_else(folder: Path, documents: Path) -> None:
    engine = Engine.open(Settings(library=folder))
    for number in range(9):
        (documents / f"knot-{number}.md").write_text("# Knots\n\nKnots wade.\n")
    engine.add([documents])
    (documents / "terns.md").write_text("# Terns\n\nTerns wade.\n")
    assert [each.done for each in told_of(engine, documents) if each.step == "indexing"] == [1]


# Concepts


def test_what_one_document_defines_holds_in_all_and_goes_with_it(tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "a.md").write_text("# A\n\nThe fast swimming bird (FSB) is an auk.\n")
    (documents / "b.md").write_text("# B\n\nAn FSB eats 3 fishes.\n")
    folder = tmp_path / "library"
    Engine.create(Settings(library=folder)).add([documents])
    concept = Concept(names=("FSB", "fast swimming bird"), held=frozenset({"FSB", "fast swimming bird"}))
    snapshot = Library(folder).snapshot()
    assert snapshot.index.concepts.all == (concept,)
    assert snapshot.retriever.document_frequency(concept.token) == 2
    assert snapshot.index.wordings.holds("b-00000", [concept.token]) == {concept.token}
    Engine.open(Settings(library=folder)).remove(["a"])
    assert Library(folder).snapshot().index.concepts.all == ()
    assert Library(folder).snapshot().retriever.document_frequency(concept.token) == 0


def test_a_file_of_synonyms_takes_the_place_of_the_shipped_one(tmp_path: Path, documents: Path) -> None:
    (tmp_path / "synonyms").write_text("alcid, auk\ngulls => skuas\n")
    folder = tmp_path / "library"
    Engine.create(Settings(library=folder, synonyms=tmp_path / "synonyms")).add([documents])
    assert Library(folder).snapshot().index.concepts.all == (
        Concept(names=("alcid", "auk"), held=frozenset({"auk"})),
        Concept(names=("gulls",), found=("skuas",), held=frozenset({"gulls"})),
    )


def test_a_broken_file_of_synonyms_leaves_the_library_as_it_was(tmp_path: Path, folder: Path, documents: Path) -> None:
    (tmp_path / "synonyms").write_text("alone\n")
    before = files(folder)
    engine = Engine.create(Settings(library=folder, synonyms=tmp_path / "synonyms"))
    with pytest.raises(SynonymsError, match="Line 1 of "):
        engine.add([documents])
    assert files(folder) == before


# Unchanged, replaced, gone


def test_files_that_are_what_they_were_are_not_read_again(
    folder: Path, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(folder)
    engine = Engine.open(Settings(library=folder))
    monkeypatch.setattr(qa.library.adding, "read_works", None)
    done = engine.add([documents])
    assert done == Indexing(unchanged=("auks", "gulls", "terns"))
    os.utime(documents / "auks.md", ns=(1, 1))
    assert engine.add([documents]) == done
    assert files(folder) == before


def test_a_file_that_has_changed_is_read_again_and_it_alone(folder: Path, documents: Path) -> None:
    stamp = (documents / "terns.md").stat()
    (documents / "terns.md").write_text("# Terns\n\nTerns dart.\n")  # as long as before
    (documents / "knots.md").write_text("# Knots\n\nKnots wade.\n")
    engine = Engine.open(Settings(library=folder))
    done = engine.add([documents])
    assert done == Indexing(added=("knots",), replaced=("terns",), unchanged=("auks", "gulls"), files_found=2)
    assert engine.passages("terns")[0].text == "Terns dart."
    assert stamp.st_size == (documents / "terns.md").stat().st_size


def test_a_bibliography_that_has_changed_has_its_document_read_again(folder: Path, documents: Path) -> None:
    engine = Engine.open(Settings(library=folder))
    (documents / "terns.bib").write_text("@misc{a, title = {Terns}}\n")
    assert engine.add([documents]).replaced == ("terns",)
    assert engine.add([documents]).replaced == ()
    (documents / "terns.bib").unlink()
    assert engine.add([documents]).replaced == ("terns",)


def test_what_was_removed_is_read_again_where_its_file_is_named(folder: Path, documents: Path) -> None:
    engine = Engine.open(Settings(library=folder))
    engine.remove(["terns"])
    assert engine.add([documents]) == Indexing(added=("terns",), unchanged=("auks", "gulls"), files_found=1)


def test_the_engine_that_was_asked_for_stays_until_another_is(folder: Path, documents: Path) -> None:
    def engine_of(engine: Literal["auto", "tantivy"] | None = None) -> str:
        Engine.create(Settings(library=folder, engine=engine)).add([documents])
        snapshot = Library(folder).snapshot()
        assert snapshot.problems() == []
        assert titles(folder) == ["Auks", "Gulls", "Terns"]
        return type(snapshot.retriever).__name__

    assert engine_of() == "OkapiRetriever"
    assert engine_of("tantivy") == "TantivyRetriever"
    change(documents)
    assert engine_of() == "TantivyRetriever"
    assert engine_of("auto") == "OkapiRetriever"


def test_a_library_that_grows_large_gets_the_engine_for_it_and_loses_it_as_it_shrinks(
    folder: Path, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa.library.indexing, "LARGE", 4)
    engine = Engine.open(Settings(library=folder))
    (documents / "knots.md").write_text("# Knots\n\nKnots wade.\n")
    engine.add([documents])
    assert type(Library(folder).snapshot().retriever).__name__ == "TantivyRetriever"
    assert titles(folder) == ["Auks", "Gulls", "Knots", "Terns"]
    engine.remove(["knots"])
    assert type(Library(folder).snapshot().retriever).__name__ == "OkapiRetriever"
    assert engine.check() == []


def test_new_synonyms_are_indexed_with_though_no_file_has_changed(
    folder: Path, documents: Path, tmp_path: Path
) -> None:
    synonyms = tmp_path / "synonyms"
    synonyms.write_text("tern, sterna\n")
    engine = Engine.open(Settings(library=folder, synonyms=synonyms))
    assert engine.ask("What do sterna do?").best is None
    assert engine.add([documents]).read == ()
    found = engine.ask("What do sterna do?").best
    assert found
    assert found.passage.text == "Terns dive."


def test_documents_whose_files_have_gone_are_removed_only_when_that_is_asked_for(
    folder: Path, documents: Path, tmp_path: Path
) -> None:
    engine = Engine.open(Settings(library=folder))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "knots.md").write_text("# Knots\n\nKnots wade.\n")
    engine.add([tmp_path / "elsewhere"])
    (tmp_path / "elsewhere" / "knots.md").unlink()
    (documents / "terns.md").unlink()
    assert engine.add([documents]).removed == ()
    assert engine.add([documents], prune=True) == Indexing(unchanged=("auks", "gulls"), removed=("terns",))
    assert [entry.id for entry in engine.contents()] == ["auks", "gulls", "knots"]
    assert engine.ask("Do terns dive?").best is None


def test_a_folder_that_has_gone_takes_no_document_with_it(folder: Path, documents: Path) -> None:
    shutil.rmtree(documents)
    engine = Engine.open(Settings(library=folder))
    with pytest.raises(SourceNotFoundError):
        engine.add([documents], prune=True)
    documents.mkdir()
    with pytest.raises(NoSourcesError, match="The library still has those of 3 of its files"):
        engine.add([documents], prune=True)
    with pytest.raises(NoSourcesError, match="has no documents to read"):
        engine.add([documents])
    assert engine.document_count == 3
