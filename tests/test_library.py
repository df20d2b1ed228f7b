"""The library: everything is kept, a change is whole or has not happened, and what does not fit is refused."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

import qa.engine
from qa import Engine, Progress, Settings
from qa.analysis import terms
from qa.concepts import Concept
from qa.engine import Indexing
from qa.errors import (
    DamagedDocumentError,
    DamagedLibraryError,
    IndexFormatError,
    LibraryBusyError,
    LibraryNotFoundError,
    LibraryUnwritableError,
    NoSourcesError,
    NotTextError,
    SourceNotFoundError,
    SynonymsError,
    UnknownDocumentError,
    UnknownPassageError,
)
from qa.library import FORMAT, Library, Source
from qa.model import Block, Document, Heading, Marker, Passage, Query, Reference, Section, Span, digest
from qa.wordings import WordingsBuilder

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


def current(library: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((library / "current.json").read_text())
    return found


def generation(library: Path) -> Path:
    return library / "generations" / current(library)["generation"]


def files(library: Path) -> dict[str, bytes]:
    """The library's files with their bytes, but for the lock."""
    found = (path for path in library.rglob("*") if path.is_file() and path.name != "change.lock")
    return {path.relative_to(library).as_posix(): path.read_bytes() for path in found}


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
    assert snapshot.origins() == {"/somewhere/terns.md": "terns"}
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
    serving, kept = generation(folder), engine.ask("Do terns dive?")
    before = {path.name: path.read_bytes() for path in serving.iterdir()}
    (documents / "auks.md").write_text("# Auks\n\nAuks wade.\n")
    (documents / "zebras.md").write_bytes(b"\x00\x01\x02")
    with pytest.raises(NotTextError):
        engine.add([documents])
    assert [entry.id for entry in engine.contents()] == ["auks", "gulls", "terns"]
    assert engine.ask("Do auks wade?").best is None
    assert engine.ask("Do terns dive?") == kept
    assert generation(folder) == serving
    assert {path.name: path.read_bytes() for path in serving.iterdir()} == before
    (documents / "zebras.md").unlink()
    engine.add([documents])
    assert engine.ask("Do auks wade?").answered


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
    assert len(list((folder / "generations").iterdir())) <= 2
    assert sorted(path.name for path in folder.iterdir()) == ["change.lock", "current.json", "generations"]


def test_indexing_is_told_of_as_it_goes(folder: Path) -> None:
    told: list[int] = []
    Library(folder).change(on_indexing=told.append)
    assert told == [1, 2, 3]


# Killed

KILLED = """
import os, signal, sys
from pathlib import Path
import qa.retrievers
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
    if (point == "reading" and progress.files_read == 2) or (point == "indexing" and progress.passages_indexed == 2):
        die()

if point == "saving":
    qa.retrievers.OkapiRetriever.changed = die
elif point == "saved":
    qa.retrievers.OkapiRetriever.changed = dying_after(qa.retrievers.OkapiRetriever.changed)
elif point == "renaming":
    Path.replace = die
elif point == "renamed":
    Path.replace = dying_after(Path.replace)
Engine.create(Settings(library=Path(library))).add([Path(documents)], on_progress=on_progress)
print("not killed")
"""


def kill_an_indexing(library: Path, documents: Path, point: str) -> None:
    command = [sys.executable, "-c", KILLED, str(library), str(documents), point]
    killed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (killed.returncode, killed.stdout, killed.stderr) == (-signal.SIGKILL, "", "")


@pytest.mark.parametrize("point", ["reading", "indexing", "saving", "saved", "renaming"])
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
    assert len(list((folder / "generations").iterdir())) <= 2


@pytest.mark.parametrize("point", ["reading", "saved", "renaming"])
def test_a_killed_first_indexing_leaves_no_library_and_the_next_succeeds(
    tmp_path: Path, documents: Path, point: str
) -> None:
    library = tmp_path / "library"
    kill_an_indexing(library, documents, point)
    with pytest.raises(LibraryNotFoundError):
        Engine.open(Settings(library=library))
    Engine.create(Settings(library=library)).add([documents])
    assert titles(library) == ["Auks", "Gulls", "Terns"]
    assert len(list((library / "generations").iterdir())) == 1


def test_an_indexing_killed_once_it_is_whole_has_happened(folder: Path, documents: Path) -> None:
    (documents / "waders.md").write_text("# Waders\n\nWaders wade.\n")
    kill_an_indexing(folder, documents, "renamed")
    assert titles(folder) == ["Auks", "Gulls", "Terns", "Waders"]


# Several processes


def change(documents: Path) -> None:
    """Make a file another one, so that it is read again."""
    (documents / "terns.md").write_text("# Terns\n\nTerns dive and nest.\n")


def test_a_second_writer_is_told_that_the_library_is_busy(folder: Path, documents: Path) -> None:
    refused: list[LibraryBusyError] = []
    other = Engine.open(Settings(library=folder))

    def on_progress(progress: Progress) -> None:
        if progress.files_read == 1 and not refused:
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
        if progress.files_read == 1 and not printed:
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


def test_a_library_of_another_format_is_refused_with_the_command_that_helps(folder: Path, documents: Path) -> None:
    (folder / "current.json").write_text(json.dumps(current(folder) | {"format": "0/english-porter-0"}))
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


def damage_current(text: str) -> Callable[[Path], object]:
    return lambda library: (library / "current.json").write_text(text)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "current.json is empty": damage_current(""),
    "current.json is no JSON": damage_current('{"format": '),
    "current.json is a list": damage_current("[]"),
    "current.json is a text": damage_current('"1"'),
    "current.json lacks the format": damage_current('{"generation": "000001"}'),
    "current.json lacks the generation": damage_current(json.dumps({"format": FORMAT})),
    "current.json leads out of the library": damage_current(json.dumps({"format": FORMAT, "generation": "../.."})),
    "current.json names no number": damage_current(json.dumps({"format": FORMAT, "generation": None})),
    "current.json names what is not there": damage_current(json.dumps({"format": FORMAT, "generation": "000009"})),
    "current.json is not UTF-8": lambda library: (library / "current.json").write_bytes(b"\xff\xfe{"),
    "the database is missing": lambda library: (generation(library) / "library.sqlite3").unlink(),
    "the database is empty": lambda library: (generation(library) / "library.sqlite3").write_bytes(b""),
    "the database is none": lambda library: (generation(library) / "library.sqlite3").write_bytes(b"tern" * 1000),
    "the concepts are missing": lambda library: (generation(library) / "concepts.json").unlink(),
    "the concepts are empty": lambda library: (generation(library) / "concepts.json").write_bytes(b""),
    "the concepts are a list": lambda library: (generation(library) / "concepts.json").write_text("[]"),
    "the concepts are deep": lambda library: (generation(library) / "concepts.json").write_text("[" * 100_000),
    "the concepts are others": lambda library: (generation(library) / "concepts.json").write_text(
        json.dumps({"sha256": "0" * 64, "concepts": "[]"})
    ),
    "the concepts are no names": lambda library: (generation(library) / "concepts.json").write_text(
        json.dumps({"sha256": digest("[[1, 2, 3]]"), "concepts": "[[1, 2, 3]]"})
    ),
    "the index is missing": lambda library: (generation(library) / "okapi.passages.npy").unlink(),
    "the index is empty": lambda library: (generation(library) / "okapi.passages.npy").write_bytes(b""),
    "the index is none": lambda library: (generation(library) / "okapi.passages.npy").write_bytes(b"tern" * 1000),
    "the vocabulary is missing": lambda library: (generation(library) / "vocabulary.npz").unlink(),
    "the vocabulary is empty": lambda library: (generation(library) / "vocabulary.npz").write_bytes(b""),
    "the vocabulary is none": lambda library: (generation(library) / "vocabulary.npz").write_bytes(b"tern" * 1000),
    "the wordings are missing": lambda library: (generation(library) / "wordings.npz").unlink(),
    "the wordings are empty": lambda library: (generation(library) / "wordings.npz").write_bytes(b""),
    "the wordings are none": lambda library: (generation(library) / "wordings.npz").write_bytes(b"tern" * 1000),
    "the wordings are the vocabulary": lambda library: shutil.copy(
        generation(library) / "vocabulary.npz", generation(library) / "wordings.npz"
    ),
    "the wordings are of no passages": lambda library: WordingsBuilder(terms).done(len).save(generation(library)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_library_is_refused_and_left_alone(
    folder: Path, documents: Path, damage: Callable[[Path], object]
) -> None:
    damage(folder)
    before = files(folder)
    with pytest.raises(DamagedLibraryError, match="is damaged: ") as caught:
        Engine.open(Settings(library=folder))
    assert caught.value.hint.startswith("Make it anew in another folder with: pincite index")
    with pytest.raises(DamagedLibraryError):
        Engine.create(Settings(library=folder)).add([documents])
    assert files(folder) == before


def test_an_index_of_other_passages_is_refused(folder: Path) -> None:
    with sqlite3.connect(generation(folder) / "library.sqlite3") as connection:
        connection.execute("DELETE FROM passages WHERE document_id = 'terns'")
    connection.close()
    with pytest.raises(DamagedLibraryError, match="2 passages are kept, but 3 are indexed"):
        Engine.open(Settings(library=folder))


def test_a_generation_has_a_file_for_each_thing_that_is_made_at_indexing(folder: Path) -> None:
    assert sorted(path.name for path in generation(folder).iterdir()) == [
        "concepts.json",
        "library.sqlite3",
        "okapi.bounds.npy",
        "okapi.frequencies.npy",
        "okapi.ids.npy",
        "okapi.lengths.npy",
        "okapi.passages.npy",
        "okapi.saturations.npy",
        "okapi.terms.npy",
        "sealed.json",
        "vocabulary.npz",
        "wordings.npz",
    ]


def test_a_page_of_the_database_that_is_broken_is_damage_when_it_is_read(folder: Path) -> None:
    database = generation(folder) / "library.sqlite3"
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


def test_a_lock_that_cannot_be_had_is_not_taken_for_another_writer(folder: Path, documents: Path) -> None:
    (folder / "change.lock").unlink()
    (folder / "change.lock").mkdir()
    change(documents)
    with pytest.raises(LibraryUnwritableError, match="unable to open database file"):
        Engine.open(Settings(library=folder)).add([documents])
    assert titles(folder) == ["Auks", "Gulls", "Terns"]


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
    [database] = (tmp_path / "library").rglob("library.sqlite3")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE documents SET text = replace(text, '61%', '91%')")
    with pytest.raises(DamagedDocumentError, match="The text of the document terns has been changed"):
        Engine.open(Settings(library=tmp_path / "library")).ask("How often does the tern dive?")


def test_a_lock_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "change.lock").write_bytes(b"no database " * 100)
    with pytest.raises(DamagedLibraryError, match="is no lock of this program"):
        Library(tmp_path / "library").change()


def test_an_indexing_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("# Terns\n\nThe tern dives.\n")
    (tmp_path / "worse.md").write_bytes(b"\x00")
    with pytest.raises(NotTextError):
        Engine.create(Settings(library=tmp_path / "library")).add([tmp_path])
    assert sorted(path.name for path in (tmp_path / "library").iterdir()) == ["change.lock", "generations"]
    assert list((tmp_path / "library" / "generations").iterdir()) == []


def test_passages_that_were_damaged_are_not_indexed_again(tmp_path: Path) -> None:
    (tmp_path / "terns.md").write_text("# Terns\n\nThe tern dives.\n")
    engine = Engine.create(Settings(library=tmp_path / "library"))
    engine.add([tmp_path / "terns.md"])
    [database] = (tmp_path / "library").rglob("library.sqlite3")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE passages SET sentences = '[[0,'")
    (tmp_path / "gulls.md").write_text("# Gulls\n\nThe gull dives.\n")
    with pytest.raises(DamagedLibraryError, match="what is kept cannot be indexed"):
        Engine.create(Settings(library=tmp_path / "library")).add([tmp_path / "gulls.md"])


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
    monkeypatch.setattr(qa.engine, "read_works", None)
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
    assert done == Indexing(added=("knots",), replaced=("terns",), unchanged=("auks", "gulls"))
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
    assert engine.add([documents]) == Indexing(added=("terns",), unchanged=("auks", "gulls"))


def test_new_synonyms_are_indexed_with_though_no_file_has_changed(
    folder: Path, documents: Path, tmp_path: Path
) -> None:
    synonyms = tmp_path / "synonyms"
    synonyms.write_text("tern, sterna\n")
    engine = Engine.open(Settings(library=folder, synonyms=synonyms))
    assert engine.ask("Do sterna dive?").best is None
    assert engine.add([documents]).read == ()
    assert engine.ask("Do sterna dive?").best is not None


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
    with pytest.raises(NoSourcesError):
        engine.add([documents], prune=True)
    assert engine.document_count == 3
