"""Which files become documents, under which ids, and what is said of those that cannot."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from qa import Engine, Progress, Settings
from qa.config import SHIPPED_CORPUS
from qa.errors import (
    BibliographyError,
    NoSourcesError,
    SourceError,
    SourceNotFoundError,
    UnknownFormatError,
    UnreadableError,
)
from qa.readers import READERS, RECORDS, document_id, files, find_sources, read


def write(path: Path, text: str = "A tern dives for fish.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def needs_rights_that_bind(path: Path) -> None:
    """Skip where the system lets this user read what nobody may read, as it does for root."""
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything, whatever the rights of a file")


def test_a_bibliography_that_is_named_itself_is_passed_over_beside_its_document(tmp_path: Path) -> None:
    for name in ("terns.md", "terns.bib", "terns.csl.json", "gulls.bib"):
        (tmp_path / name).write_text("@misc{1, title = {A}}")
    assert list(find_sources(tmp_path / "terns.md")) == [(tmp_path / "terns.md", "terns")]
    assert list(find_sources(tmp_path / "terns.bib")) == list(find_sources(tmp_path / "terns.csl.json")) == []
    with pytest.raises(UnknownFormatError):
        list(find_sources(tmp_path / "gulls.bib"))


def test_a_folder_with_the_name_of_a_bibliography_is_none(tmp_path: Path) -> None:
    (tmp_path / "terns.md").write_text("Terns dive. [1]")
    (tmp_path / "terns.json").mkdir()
    assert read(tmp_path / "terns.md", "terns").references == ()


def test_every_format_has_a_reader() -> None:
    endings = [
        ".md",
        ".markdown",
        ".rst",
        ".txt",
        ".text",
        ".html",
        ".htm",
        ".xhtml",
        ".pdf",
        ".docx",
        ".docm",
        ".epub",
    ]
    endings += [".pptx", ".xlsx", ".xlsm", ".odt", ".eml", ".xml", ".nxml", ".zip", ".jsonl", ".csv", ".tsv"]
    assert list(READERS) == endings
    assert set(READERS) > RECORDS


def test_what_a_format_needs_is_imported_when_a_file_of_it_is_read(tmp_path: Path) -> None:
    write(tmp_path / "a.md")
    write(tmp_path / "b.html", "<p>Terns dive.")
    program = """
import sys
from pathlib import Path
from qa.readers import read
for name in ("a.md", "b.html"):
    read(Path(sys.argv[1]) / name, "a")
    print(*sorted({"lxml", "pypdfium2", "qa.readers.formats.docx"} & sys.modules.keys()))
"""
    ran = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["", "lxml"]


def test_a_folder_gives_its_files_at_any_depth_in_order_of_their_names_with_their_ids(tmp_path: Path) -> None:
    names = ["Zebra.txt", "a/b/deep.markdown", "a/one.md", "b.text", "c.MD"]
    paths = [write(tmp_path / name) for name in names]
    assert list(find_sources(tmp_path)) == list(
        zip(paths, ["zebra", "a-b-deep", "a-one", "b", "c"], strict=True),
    )


def test_folders_lie_in_one_another_as_deep_as_paths_are_long(tmp_path: Path) -> None:
    folders = [tmp_path]
    for _ in range(1100):
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()
    paths = [write(folders[-1] / "deep.md"), write(tmp_path / "e.md")]
    try:
        assert [path for path, _ in find_sources(tmp_path)] == paths
    finally:  # from within, since what removes the folders of tests calls itself
        paths[0].unlink()
        for folder in reversed(folders[1:]):
            folder.rmdir()


def test_hidden_files_and_other_formats_are_passed_over_and_a_readme_is_read(tmp_path: Path) -> None:
    kept = write(tmp_path / "kept.md")
    readme = write(tmp_path / "sub" / "README.md")
    for name in [
        ".hidden.md",
        ".git/note.md",
        "picture.png",
        "sheet.ods",
        "none",
    ]:
        write(tmp_path / name)
    assert list(find_sources(tmp_path)) == [(kept, "kept"), (readme, "sub-readme")]


@pytest.mark.parametrize(
    ("lines", "passed_over"),
    [
        ("*.txt", {"a.txt", "deep/b.txt", "deep/er/c.txt"}),
        ("/*.txt", {"a.txt"}),
        ("deep/*.txt", {"deep/b.txt"}),
        ("deep/**/*.txt", {"deep/b.txt", "deep/er/c.txt"}),
        ("**/er", {"deep/er/c.txt", "deep/er/d.md"}),
        ("er/", {"deep/er/c.txt", "deep/er/d.md"}),
        ("a.txt/", set()),
        ("deep/**", {"deep/b.txt", "deep/er/c.txt", "deep/er/d.md"}),
        ("*.txt\n!c.txt", {"a.txt", "deep/b.txt"}),
        ("deep\n!c.txt", {"deep/b.txt", "deep/er/c.txt", "deep/er/d.md"}),
        ("# a.txt\n\n  \n[ab].txt  ", {"a.txt", "deep/b.txt"}),
        ("?.md", {"deep/er/d.md", "e.md"}),
        ("\\#x", set()),
    ],
)
def test_what_a_file_of_patterns_or_an_option_says_is_passed_over_and_told(
    tmp_path: Path, lines: str, passed_over: set[str]
) -> None:
    names = {"a.txt", "deep/b.txt", "deep/er/c.txt", "deep/er/d.md", "e.md"}
    for name in names:
        write(tmp_path / name)
    for by_file in (False, True):
        if by_file:
            write(tmp_path / ".pinciteignore", lines)
        notes: list[str] = []
        found = find_sources(tmp_path, exclude=() if by_file else lines.split("\n"), note=notes.append)
        assert names - {path.relative_to(tmp_path).as_posix() for path, _ in found} == passed_over
        assert bool(notes) == bool(passed_over)


def test_a_deeper_file_of_patterns_goes_before_those_above_and_is_of_its_folder_alone(tmp_path: Path) -> None:
    for name in ("a.md", "b.md", "deep/a.md", "deep/b.md"):
        write(tmp_path / name)
    write(tmp_path / ".pinciteignore", "a.md")
    write(tmp_path / "deep" / ".pinciteignore", "!a.md\n/b.md")
    notes: list[str] = []
    assert [each for _, each in find_sources(tmp_path, note=notes.append)] == ["b", "deep-a"]
    assert notes == [f"{tmp_path}: 2 files or folders are passed over, as .pinciteignore or --exclude says."]


def test_the_shipped_corpus_is_its_documents_and_not_what_it_says_of_itself() -> None:
    assert (SHIPPED_CORPUS / "README.md").is_file()
    assert "readme" not in [each for _, each in find_sources(SHIPPED_CORPUS)]


def test_a_file_may_be_named_itself_whatever_its_folder_says(tmp_path: Path) -> None:
    path = write(tmp_path / "deep" / "README.md")
    write(tmp_path / "deep" / ".pinciteignore", "*")
    assert list(find_sources(path)) == [(path, "readme")]


def test_a_linked_folder_is_not_followed_and_a_linked_file_is(tmp_path: Path) -> None:
    path = write(tmp_path / "all" / "one.md")
    (tmp_path / "all" / "round").symlink_to(tmp_path / "all")
    (tmp_path / "all" / "two.md").symlink_to(path)
    assert [each for _, each in find_sources(tmp_path / "all")] == ["one", "two"]


def test_a_link_out_of_the_folder_is_left_out_and_said(tmp_path: Path) -> None:
    outside, folder = write(tmp_path / "outside" / "secret.md"), tmp_path / "all"
    kept = [write(folder / "deep" / "one.md"), folder / "two.md", folder / "zero.md"]
    kept[1].symlink_to(kept[0])
    kept[2].symlink_to(Path("deep") / ".." / "deep" / "one.md")
    (folder / "a.md").symlink_to(outside)
    (folder / "b.md").symlink_to(folder / "a.md")
    (folder / "c").symlink_to(outside.parent)
    (folder / "d.md").symlink_to(tmp_path / "nowhere.md")
    (folder / "e").symlink_to(tmp_path / "all")
    (folder / "f.md").symlink_to("/dev/zero")
    notes: list[str] = []
    assert [path for path, _ in find_sources(folder, note=notes.append)] == kept
    left_out = [folder / name for name in ("a.md", "b.md", "c", "d.md", "f.md")]
    assert notes == [f"{each} is left out: it is a link that leads out of the folder." for each in left_out]


def test_a_link_to_nothing_or_round_in_a_circle_is_left_out_and_said(tmp_path: Path) -> None:
    kept = write(tmp_path / "kept.md")
    (tmp_path / "a.md").symlink_to(tmp_path / "b.md")
    (tmp_path / "b.md").symlink_to(tmp_path / "a.md")
    (tmp_path / "c").symlink_to(tmp_path)
    (tmp_path / "d.md").symlink_to(tmp_path / "gone.md")
    notes: list[str] = []
    assert [path for path, _ in find_sources(tmp_path, note=notes.append)] == [kept]
    left_out = [tmp_path / name for name in ("a.md", "b.md", "d.md")]
    assert notes == [f"{each} is left out: it is a link to nothing." for each in left_out]
    with pytest.raises(UnreadableError, match="too many levels of symbolic links"):
        read(tmp_path / "a.md", "a")


def test_files_of_other_formats_are_counted_by_their_endings(tmp_path: Path) -> None:
    kept = [write(tmp_path / name) for name in ("deep/two.md", "one.md")]
    write(tmp_path / "one.bib", "@misc{a, title = {A}}")
    for name in (".hidden.doc", "deep/a.doc", "b.DOC", "deep/c.png", "Makefile", "other.bib"):
        write(tmp_path / name)
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    notes: list[str] = []
    assert [path for path, _ in find_sources(tmp_path, note=notes.append)] == kept
    told = "1 without an ending, 1 .bib, 2 .doc, 2 .png"
    assert notes == [f"{tmp_path}: files of other formats are passed over: {told}."]
    for number in range(9):
        write(tmp_path / f"x.{number}")
    assert list(find_sources(tmp_path, note=notes.append))
    told = "1 without an ending, 1 .0, 1 .1, 1 .2, 1 .3, 1 .4, 1 .5, 1 .6, 5 other kinds"
    assert notes[1:] == [f"{tmp_path}: files of other formats are passed over: {told}."]


def test_a_folder_may_be_named_by_a_link_and_so_may_a_file(tmp_path: Path) -> None:
    write(tmp_path / "all" / "one.md")
    (tmp_path / "link").symlink_to(tmp_path / "all")
    (tmp_path / "file.md").symlink_to(tmp_path / "all" / "one.md")
    notes: list[str] = []
    assert list(find_sources(tmp_path / "link", note=notes.append)) == [(tmp_path / "link" / "one.md", "one")]
    assert list(find_sources(tmp_path / "file.md", note=notes.append)) == [(tmp_path / "file.md", "file")]
    assert notes == []


def test_pipes_sockets_and_devices_of_a_folder_are_left_out_and_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = write(tmp_path / "kept.md")
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "link.md").symlink_to("pipe.md")
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.md")
        notes: list[str] = []
        assert list(find_sources(tmp_path, note=notes.append)) == [(kept, "kept")]
    assert notes == [
        f"{tmp_path / name} is left out: it is no file, but a pipe, a socket or a device."
        for name in ("link.md", "pipe.md", "socket.md")
    ]


def test_a_bibliography_that_is_a_link_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "outside" / "secret.bib", "@misc{a, title = {A}}")
    path = write(tmp_path / "all" / "terns.md", "Terns dive. [a]")
    (tmp_path / "all" / "terns.bib").symlink_to(tmp_path / "outside" / "secret.bib")
    with pytest.raises(BibliographyError, match=r"terns\.bib is broken: it is a link that leads out of its folder"):
        read(path, "terns")
    (tmp_path / "all" / "terns.bib").unlink()
    write(tmp_path / "all" / "refs" / "all.bib", "@misc{a, title = {A}}")
    (tmp_path / "all" / "terns.bib").symlink_to(Path("refs") / "all.bib")
    assert [reference.text for reference in read(path, "terns").references] == ["A."]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Drugs/Second line (2021).md", "drugs-second-line-2021"),
        ("Größe & Ärger.txt", "groe-arger"),
        ("v1.2.final.md", "v1-2-final"),
        ("ﬁnal.md", "final"),
        ("--a--.md", "a"),
        ("крачка.md", "document"),
        ("<script>.md", "script"),
        ("../../etc/passwd.txt", "etc-passwd"),
    ],
)
def test_a_document_id_reads_like_the_path_and_is_made_of_letters_digits_and_hyphens(path: str, expected: str) -> None:
    assert document_id(Path(path)) == expected


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nothing"
    with pytest.raises(SourceNotFoundError) as error:
        list(find_sources(path))
    assert error.value.message == f"There is no file or folder {path}."
    with pytest.raises(SourceNotFoundError):
        list(find_sources(write(tmp_path / "file.md") / "below"))
    with pytest.raises(SourceNotFoundError):
        read(tmp_path / "nothing.md", "nothing")


def test_a_path_that_the_system_refuses_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300 + ".md")
    with pytest.raises(UnreadableError) as error:
        list(find_sources(path))
    assert error.value.message == f"{path} cannot be read: file name too long."


def test_a_folder_without_documents_says_what_would_be_one(tmp_path: Path) -> None:
    write(tmp_path / "README.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoSourcesError) as error:
        list(find_sources(tmp_path))
    assert error.value.message == f"{tmp_path} has no documents to read."
    endings = ", ".join(READERS)
    assert error.value.hint == f"Put files there that end in {endings}. Dot-files are skipped."


@pytest.mark.parametrize("name", ["sheet.ods", "none", ".md"])
def test_a_file_of_an_unknown_format_says_which_are_known(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name)
    with pytest.raises(UnknownFormatError) as error:
        list(find_sources(path))
    assert error.value.message == f"pincite cannot read this kind of file: {path}."
    assert error.value.hint == f"It reads files that end in {', '.join(READERS)}."
    with pytest.raises(UnknownFormatError):
        read(path, "page")


def test_a_file_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "secret.md")
    path.chmod(0)
    needs_rights_that_bind(path)
    with pytest.raises(UnreadableError) as error:
        read(path, "secret")
    assert error.value.message == f"{path} cannot be read: permission denied."


@pytest.mark.parametrize("rights", [0o000, 0o100])
def test_a_folder_that_may_not_be_read_is_said_and_an_error_where_it_is_named(tmp_path: Path, rights: int) -> None:
    folder = tmp_path / "all" / "secret"
    kept = write(tmp_path / "all" / "open.md")
    write(folder / "inside.md")
    folder.chmod(0)
    try:
        needs_rights_that_bind(folder)
        folder.chmod(rights)
        notes: list[str] = []
        refused: list[UnreadableError] = []
        found = find_sources(tmp_path / "all", note=notes.append, on_unreadable=refused.append)
        assert [path for path, _ in found] == [kept]
        assert [each.message for each in refused] == [f"{folder} cannot be read: permission denied."]
        assert notes == []
        with pytest.raises(UnreadableError) as error:
            list(find_sources(folder))
        assert error.value.message == refused[0].message
    finally:
        folder.chmod(0o700)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "folder.md").mkdir()
    for name in ("pipe.md", "folder.md"):
        with pytest.raises(UnreadableError) as error:
            read(tmp_path / name, "any")
        assert error.value.message == f"{tmp_path / name} cannot be read: it is not a file."


def test_the_ending_chooses_the_reader_in_any_case(tmp_path: Path) -> None:
    text = "Terns\n\nA *tern* dives.\n"
    markdown = read(write(tmp_path / "a.MD", text), "a")
    plain = read(write(tmp_path / "b.TXT", text), "b")
    assert (markdown.id, markdown.source, markdown.text) == ("a", "a.MD", "Terns\n\nA tern dives.")
    assert (plain.id, plain.source, plain.text) == ("b", "b.TXT", text)


def test_every_refusal_is_a_source_error_with_a_hint(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path, write(tmp_path / "a.png")):
        with pytest.raises(SourceError) as error:
            list(find_sources(path))
        assert error.value.hint


def swap(path: Path, other: Path) -> None:
    """Put a link to another place in the place of something."""
    path.rename(path.with_name(f"{path.name}-before"))
    path.symlink_to(other)


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="this system opens nothing from a folder on")
@pytest.mark.parametrize("swapped", ["deep", "deep/one.md"])
def test_a_link_that_is_put_in_the_way_after_the_check_is_not_followed(
    tmp_path: Path, swapped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, outside = tmp_path / "all", tmp_path / "outside"
    path = write(folder / "deep" / "one.md")
    (write(outside / "one.md")).write_text("secret")
    checked = files.resolved
    assert files.read_bytes(path, within=checked(folder)) == path.read_bytes()

    def then_swapped(given: Path) -> Path:
        found = checked(given)
        swap(folder / swapped, outside if swapped == "deep" else outside / "one.md")
        return found

    monkeypatch.setattr(files, "resolved", then_swapped)
    with pytest.raises(UnreadableError):
        files.read_bytes(path, within=checked(folder))


def test_a_file_that_has_become_a_link_out_of_the_folder_is_not_indexed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "all", write(tmp_path / "outside.md")
    outside.write_text("# Secret\n\nA secret.\n")
    paths = [write(folder / name) for name in ("one.md", "two.md")]
    refused: list[SourceError] = []
    engine = Engine.create(Settings(meaning="off"))

    def meddle(progress: Progress) -> None:
        if progress.step == "reading" and not paths[1].is_symlink():
            swap(paths[1], outside)

    engine.add([folder], on_progress=meddle, on_unreadable=refused.append)
    assert [entry.id for entry in engine.contents()] == ["one"]
    assert ["is a link that leads out of the folder" in each.message for each in refused] == [True]


@pytest.mark.skipif(os.name == "nt", reason="names have other bounds there")
def test_a_file_whose_name_is_too_long_or_in_no_encoding_costs_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder's path is as long as it may be, so that one of the paths in it is longer."""
    folder = tmp_path / "all"
    deep = folder
    while len(os.fsencode(deep)) < 3900:
        deep = deep / ("d" * 100)
        deep.mkdir(parents=True)
    for name in ("é" * 126, "x" * 252):
        monkeypatch.chdir(folder)
        Path(f"{name}.md").write_text("# Birds\n\nBirds fly.\n")
        monkeypatch.chdir(deep)
        Path(f"{name}.md").write_text("# Too deep\n\nBirds fly.\n")
    Path("short.md").write_text("# Short\n\nBirds fly.\n")
    Path(os.fsdecode(b"bad\xff.md")).write_text("# Bytes\n\nBirds fly.\n")
    monkeypatch.chdir(tmp_path)
    refused: list[SourceError] = []
    engine = Engine.create(Settings(library=tmp_path / "library", meaning="off"))
    engine.add([folder], on_unreadable=refused.append)
    assert sorted(entry.title for entry in engine.contents()) == ["Birds", "Birds", "Bytes", "Short"]
    assert len(refused) == 2
    assert all("name too long" in each.message for each in refused)
    assert engine.check() == []
