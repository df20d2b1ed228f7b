"""A zip of files: each is read by its own reader; what is not, is told."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from source_files import source_file, zipped

from qa import Engine, Settings
from qa.errors import DamagedSourceError
from qa.model import Document
from qa.readers.formats import archives
from qa.readers.formats.endings import READERS


def read(parts: dict[str, str | bytes], notes: list[str] | None = None) -> list[Document]:
    return list(READERS[".zip"](source_file(zipped(parts), "sea.zip", notes)))


def test_each_file_is_read_by_its_own_reader_under_its_own_name() -> None:
    found = read({"b/Common terns.md": "# On terns\n\nThey dive.", "a.csv": "_id,text\n7,Gulls eat.\n", "c/": ""})
    assert [(each.id, each.source, each.title) for each in found] == [
        ("7", "a.csv", "7"),
        ("terns-b-common-terns", "Common terns.md", "On terns"),
    ]


def test_what_is_not_read_is_told_and_what_a_system_adds_is_passed_over() -> None:
    notes: list[str] = []
    parts: dict[str, str | bytes] = {
        "a.md": "Terns ~~never~~ dive.",
        "b.pdf": b"none",
        "c.jpg": b"x",
        "d.zip": zipped({"e.md": "Inside."}),
        "__MACOSX/a.md": "x",
        ".hidden/a.md": "x",
    }
    assert [each.id for each in read(parts, notes)] == ["terns-a"]
    assert notes == [
        "in 'a.md', 1 word is left out, struck out.",
        "its file 'b.pdf' is left out: sea.zip/b.pdf cannot be read as PDF: it is not one, or it is broken.",
        "files in it of other formats are passed over: 1 .jpg, 1 .zip.",
    ]


def test_two_files_with_one_id_get_two() -> None:
    records = "_id,text\n7,Gulls eat.\n"
    assert [each.id for each in read({"a.csv": records, "b.csv": records, "c-.md": "x", "c.md": "y"})] == [
        "7",
        "7-2",
        "terns-c",
        "terns-c-2",
    ]


def test_where_no_file_can_be_read_the_reason_is_the_error() -> None:
    with pytest.raises(DamagedSourceError, match=r"sea\.zip/b\.pdf cannot be read as PDF"):
        read({"b.pdf": b"none"})
    with pytest.raises(DamagedSourceError, match=r"sea\.zip cannot be read as ZIP"):
        list(READERS[".zip"](source_file(b"none", "sea.zip")))


def test_a_file_that_unpacks_to_too_much_is_told_and_the_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    monkeypatch.setattr(archives, "MOST_BYTES", 20_000)
    assert [each.text for each in read({"a.md": "They dive.", "b.md": "x " * 1_000_000}, notes)] == ["They dive."]
    assert "unpacks to more than is read of a file" in notes[0]


def test_a_zip_is_indexed_and_a_file_of_it_answers(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "sea.zip", "w") as archive:
        archive.writestr("../terns.md", "# Terns\n\nTerns dive from nine metres.\n")
        archive.writestr("gulls.html", "<title>Gulls</title><p>Gulls eat bread in winter.")
    engine = Engine.create(Settings(library=tmp_path / "library"))
    engine.add([tmp_path / "sea.zip"])
    assert sorted(entry.id for entry in engine.contents()) == ["sea-gulls", "sea-terns"]
    answer = engine.ask("From how many metres do terns dive?")
    assert answer.best is not None
    assert answer.best.citation.document.id == "sea-terns"
    with zipfile.ZipFile(tmp_path / "sea.zip", "w") as archive:
        archive.writestr("gulls.html", "<title>Gulls</title><p>Gulls eat bread in winter.")
    engine.add([tmp_path / "sea.zip"])
    assert [entry.id for entry in engine.contents()] == ["sea-gulls"]
