"""Reading in a child process: the same documents, and no file that can break, stop, fill or steer what reads it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from qa import Engine, Settings
from qa.errors import DamagedSourceError, NotTextError, SourceError, SourceLimitError
from qa.model import Document
from qa.readers import READERS, Limits, ReadingStoppedError, Sandbox, Work, read_works
from qa.readers.sandbox import parent as sandbox

ROOT = Path(__file__).resolve().parent.parent

RUNS_THE_FILE = """
import qa.readers
from qa.model import Document

def run(file):
    its = {"file": file, "document": lambda text: Document(id=file.document_id, title="", text=text, source="")}
    exec(file.data, its)
    return its.get("documents", [])

qa.readers.READERS[".html"] = run
"""


@pytest.fixture
def runs_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the child a page of HTML is a program, which is the worst that a page could make of its reader."""
    program = sandbox._PROGRAM.replace("serve(memory", f"{RUNS_THE_FILE}\nserve(memory")
    monkeypatch.setattr(sandbox, "_PROGRAM", program)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str, name: str = "page.html") -> Path:
        (tmp_path / name).write_text(textwrap.dedent(text))
        return tmp_path / name

    return write


GOOD = "documents = [document('Terns dive.')]"


def texts(path: Path, reading: Sandbox) -> list[str]:
    return [work.document.text for work in read_works(path, "page", sandbox=reading)]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def ends(pid: int) -> bool:
    """Whether a process ends in good time."""
    for _ in range(200):
        if not is_running(pid):
            return True
        time.sleep(0.05)
    return False


# The same documents


def test_a_child_reads_what_this_process_reads(tmp_path: Path) -> None:
    long = "Terns dive. [1]\n\n" * 2000
    (tmp_path / "a.md").write_text(
        f"---\ntitle: Terns\nupdated: 2021-05-11\n---\n# Terns\n\n{long}## Gulls\n\n- steal\n"
    )
    (tmp_path / "b.html").write_text("<title>Gulls 🐦</title><h1>Gulls</h1><p>Gulls steal.<table><tr><td>x")
    (tmp_path / "c.csv").write_text("text\n" + "Auks swim.\nKnots wade.\n" * 2000)
    (tmp_path / "d.jsonl").write_text('{"text": "Auks swim."}\n{\n' * 2000)
    (tmp_path / "e.md").write_text("Terns dive. [weber]\n")
    (tmp_path / "e.bib").write_text("@misc{weber, title = {Diving}, year = {2007}}\n")
    paths = sorted(path for path in tmp_path.iterdir() if path.suffix in READERS)

    def read(reading: Sandbox | None) -> tuple[list[list[Work]], list[str]]:
        notes: list[str] = []
        return [list(read_works(path, path.stem, sandbox=reading, note=notes.append)) for path in paths], notes

    with Sandbox() as reading:
        theirs = read(reading)
    assert theirs == read(None)
    assert [len(works) for works in theirs[0]] == [1, 1, 4000, 2000, 1]
    assert len(theirs[1]) == 2000
    assert theirs[0][4][0].document.references[0].text == "Diving. 2007."


@pytest.mark.usefixtures("runs_files")
def test_one_child_reads_many_files(written: Callable[..., Path]) -> None:
    page = written("import os\ndocuments = [document(str(os.getpid()))]")
    with Sandbox() as reading:
        first, second = texts(page, reading), texts(page, reading)
    assert first == second != [str(os.getpid())]


@pytest.mark.usefixtures("runs_files")
def test_a_small_file_of_text_needs_no_child_and_any_other_has_one(written: Callable[..., Path]) -> None:
    with Sandbox() as reading:
        small = written("Terns dive.", "small.md")
        assert texts(small, reading) == ["Terns dive."]
        assert reading._child is None
        for file in (written("Terns dive.\n" * 2000, "large.md"), written(GOOD)):
            assert texts(file, reading)
            assert reading._child is not None
            reading.close()
        (small.parent / "small.bib").write_text("@misc{a, title = {A}}")
        assert texts(small, reading)
        assert reading._child is not None


def test_an_error_of_the_reader_is_the_same_one(written: Callable[..., Path]) -> None:
    large = written("\x00" * 20_000, "large.md")
    with pytest.raises(NotTextError) as here:
        list(read_works(large, "large"))
    with Sandbox() as reading, pytest.raises(NotTextError) as there:
        list(read_works(large, "large", sandbox=reading))
    assert (there.value.message, there.value.hint) == (here.value.message, here.value.hint)


# What a file cannot do

BREAKS = {
    "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)": "SIGSEGV",
    "import os; os.abort()": "SIGABRT",
    "import os; os._exit(3)": "it ended",
    "import os, time; os.closerange(3, 50); time.sleep(1000)": "it ended",
    "1 / 0": "ZeroDivisionError: division by zero",
    "def f(): f()\nf()": "RecursionError: maximum recursion depth exceeded",
    "import socket; socket.socket()": "PermissionError: a reader may not use socket.__new__",
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:9')": (
        "<urlopen error a reader may not use socket.getaddrinfo>"
    ),
    "import subprocess; subprocess.run(['true'])": "PermissionError: a reader may not use subprocess.Popen",
    "import os; os.system('true')": "PermissionError: a reader may not use os.system",
    "import os; os.fork()": "PermissionError: a reader may not use os.fork",
}


@pytest.mark.usefixtures("runs_files")
@pytest.mark.parametrize(("program", "reason"), BREAKS.items())
def test_a_reader_that_breaks_down_is_an_error_of_its_file_and_the_next_is_read(
    written: Callable[..., Path], program: str, reason: str
) -> None:
    page, good = written(program), written(GOOD, "good.html")
    with Sandbox() as reading:
        for _ in range(2):
            with pytest.raises(DamagedSourceError) as caught:
                texts(page, reading)
            assert caught.value.message.startswith(f"{page} cannot be read as a .html file: its reader broke down (")
            assert reason in caught.value.message
            assert texts(good, reading) == ["Terns dive."]


@pytest.mark.usefixtures("runs_files")
@pytest.mark.parametrize("program", ["while True: pass", "import time; time.sleep(1000)"])
def test_a_file_that_takes_too_long_is_left_with_the_setting_that_allows_more(
    written: Callable[..., Path], program: str
) -> None:
    page, good = written(program), written(GOOD, "good.html")
    with Sandbox(Limits(seconds=1)) as reading:
        with pytest.raises(SourceLimitError) as caught:
            texts(page, reading)
        assert caught.value.message == f"{page} takes longer than the 1 seconds that reading a file may."
        assert caught.value.hint == ("Leave it out or split it. If you trust it, raise the limit PINCITE_MAX_SECONDS.")
        assert texts(good, reading) == ["Terns dive."]


@pytest.mark.usefixtures("runs_files")
def test_it_is_the_time_of_the_processor_that_is_bounded(
    written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(Limits(seconds=1)) as reading:
        assert texts(written(f"import time; time.sleep(1.5)\n{GOOD}"), reading) == ["Terns dive."]
        monkeypatch.setattr(sandbox, "SLOWEST", 100)
        with pytest.raises(SourceLimitError):
            texts(written("while True: pass"), reading)


def test_markdown_that_takes_its_parser_minutes_is_ended_in_time(written: Callable[..., Path]) -> None:
    with Sandbox(Limits(seconds=1)) as reading, pytest.raises(SourceLimitError):
        texts(written("[" * 1_000_000, "brackets.md"), reading)


@pytest.mark.usefixtures("runs_files")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is sure to bound the memory of a process")
def test_a_file_that_takes_too_much_memory_is_left_with_the_setting_that_allows_more(
    written: Callable[..., Path],
) -> None:
    page, good = written("held = bytearray(512 * 1024 * 1024)\n" + GOOD), written(GOOD, "good.html")
    with Sandbox(Limits(memory=512)) as reading:
        with pytest.raises(SourceLimitError) as caught:
            texts(page, reading)
        assert caught.value.message == f"{page} takes more than the 512 megabytes that reading a file may."
        assert "PINCITE_MAX_MEMORY" in caught.value.hint
        assert texts(good, reading) == ["Terns dive."]
    with Sandbox() as reading:
        assert texts(page, reading) == ["Terns dive."]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is sure to bound the memory of a process")
@pytest.mark.parametrize("memory", [200, 350])
def test_a_page_for_whose_tree_there_is_too_little_memory_is_never_an_empty_document(
    written: Callable[..., Path], memory: int
) -> None:
    page = written("<p>Terns dive.</p>" + "<p>Fish <b>swim</b>.</p>" * 500_000)
    with Sandbox(Limits(memory=memory)) as reading, pytest.raises(SourceLimitError):
        texts(page, reading)


@pytest.mark.usefixtures("runs_files")
def test_a_file_does_not_suffer_for_what_those_before_it_did(written: Callable[..., Path]) -> None:
    spoils = written(f"import builtins; builtins.spoilt = True\n{GOOD}", "spoils.html")
    suffers = written(f"import builtins, os\nif hasattr(builtins, 'spoilt'): os.abort()\n{GOOD}", "suffers.html")
    with Sandbox() as reading:
        assert texts(spoils, reading) == texts(suffers, reading) == ["Terns dive."]


def test_a_file_larger_than_is_allowed_is_not_read(written: Callable[..., Path]) -> None:
    large = written("x" * (1_000_000 + 1), "large.md")
    with Sandbox(Limits(file_size=1)) as reading:
        with pytest.raises(SourceLimitError) as caught:
            texts(large, reading)
        assert caught.value.message == f"{large} is larger than the 1 megabytes that a file may have."
        assert "PINCITE_MAX_FILE_SIZE" in caught.value.hint
        assert reading._child is None
        large.write_text("x" * 1_000_000)
        assert texts(large, reading) == ["x" * 1_000_000]


# One file ahead


def is_there(path: Path) -> bool:
    """Whether a file comes to be in good time."""
    for _ in range(200):
        if path.exists():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.usefixtures("runs_files")
def test_the_next_file_is_read_while_one_is_used_and_only_once(written: Callable[..., Path], tmp_path: Path) -> None:
    first, seen = written(GOOD), tmp_path / "seen"
    second = written(f"open({str(seen)!r}, 'a').write('.')\ndocuments = [document('Gulls steal.')]", "second.html")
    with Sandbox() as reading:
        works = read_works(first, "first", sandbox=reading, then=(second, "second"))
        assert next(works).document.text == "Terns dive."
        assert is_there(seen)
        [work] = read_works(second, "second", sandbox=reading)
        assert (work.document.id, work.document.text) == ("second", "Gulls steal.")
        assert seen.read_text() == "."
        begun = read_works(second, "second", sandbox=reading, then=(second, "second"))
        assert [work.document.text for work in begun] == ["Gulls steal."]
        assert texts(first, reading) == ["Terns dive."]  # another than was begun


@pytest.mark.usefixtures("runs_files")
def test_what_is_wrong_with_the_next_file_is_said_when_its_turn_comes(written: Callable[..., Path]) -> None:
    good, gone = written(GOOD), Path("gone.html")
    for wrong in (written("1 / 0", "breaks.html"), written("\x00" * 20_000, "binary.md"), gone):
        with Sandbox() as reading:
            works = list(read_works(good, "good", sandbox=reading, then=(wrong, "wrong")))
            assert [work.document.text for work in works] == ["Terns dive."]
            with pytest.raises(SourceError, match=re.escape(str(wrong))):
                list(read_works(wrong, "wrong", sandbox=reading, then=(good, "good")))
            assert texts(good, reading) == ["Terns dive."]


@pytest.mark.usefixtures("runs_files")
def test_closing_it_ends_the_child_that_reads_the_next_file(written: Callable[..., Path], tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    slow = written(f"import time\nopen({str(seen)!r}, 'w').close()\ntime.sleep(1000)", "slow.html")
    began = time.monotonic()
    with Sandbox() as reading:
        assert len(list(read_works(written(GOOD), "page", sandbox=reading, then=(slow, "slow")))) == 1
        assert reading._child is not None
        pid = reading._child._process.pid
        assert is_there(seen)
    assert ends(pid)
    assert time.monotonic() - began < 60


@pytest.mark.usefixtures("runs_files")
def test_a_file_that_is_being_read_when_it_is_to_stop_is_not_waited_for(
    written: Callable[..., Path], tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    slow = written(f"import time\nopen({str(seen)!r}, 'w').close()\ntime.sleep(1000)", "slow.html")
    began = time.monotonic()
    with Sandbox() as reading:
        with pytest.raises(ReadingStoppedError):
            list(read_works(slow, "slow", sandbox=reading, should_stop=seen.exists))
        assert reading._child is not None
        pid = reading._child._process.pid
    assert ends(pid)
    assert time.monotonic() - began < 60


@pytest.mark.usefixtures("runs_files")
@pytest.mark.parametrize("is_ahead", [False, True])
def test_an_indexing_that_is_to_stop_keeps_what_it_has_read_and_no_more(
    written: Callable[..., Path], tmp_path: Path, is_ahead: bool
) -> None:
    first, seen = written(GOOD, "1.html"), tmp_path / "seen"
    slow = written(f"import time\nopen({str(seen)!r}, 'a').write('.')\ntime.sleep(1000)", "2.html")
    last = written(GOOD, "3.html")
    engine = Engine.create(Settings(library=tmp_path / "library"))
    # asked first between two files, when the second is already being read, else not before its turn has come
    its_turn: list[bool] = []
    done = engine.add(
        [first, slow, last],
        on_progress=lambda far: its_turn.append(True) if far.source == slow.name else None,
        should_stop=lambda: (is_there(seen) if is_ahead else bool(its_turn)) and seen.exists(),
    )
    assert (done.added, done.files_found, done.unread) == (("1",), 3, 2)
    assert [entry.id for entry in engine.contents()] == ["1"]
    slow.write_text(GOOD)
    assert engine.add([first, slow, last]).added == ("2", "3")


# What comes back

FORGERIES = [
    b"",
    b"not JSON",
    b"[]",
    b"{}",
    b'{"id": 3, "title": "", "text": "", "source": ""}',
    b'{"id": "", "title":"", "text": "", "source": "", "sections": [{"path": [], "start": 0, "end": 9, "blocks": []}]}',
    b'{"id": "a", "title": "", "text": "", "source": "", "updated": "yesterday"}',
    b'{"id": "a", "title": "", "text": "\\ud800", "source": ""}',
    b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    b"[" * 100_000,
    b"{}\nXwhat is this",
    b"{}\nE{}",
]


@pytest.mark.usefixtures("runs_files")
@pytest.mark.parametrize("forged", FORGERIES)
def test_what_is_no_document_is_not_taken_from_a_child(written: Callable[..., Path], forged: bytes) -> None:
    page = written(f"""
        import qa.readers.sandbox.child
        class Forger:
            def dump_json(self, *_, **__):
                return {forged!r}
        qa.readers.sandbox.child.DOCUMENT = Forger()
        {GOOD}
    """)
    good = written(GOOD, "good.html")
    with Sandbox() as reading:
        with pytest.raises(DamagedSourceError, match="it sent what is no document"):
            list(read_works(page, "page", sandbox=reading, then=(good, "good")))
        assert texts(good, reading) == ["Terns dive."]


@pytest.mark.usefixtures("runs_files")
def test_a_child_that_does_not_stop_sending_is_stopped(
    written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "_MOST_REPLIED", 100_000)
    for program in ("documents = [document('x' * 200_000)]", "documents = (document('x') for _ in range(10**9))"):
        with Sandbox() as reading, pytest.raises(DamagedSourceError, match="more text than is read of a file"):
            texts(written(program), reading)


@pytest.mark.usefixtures("runs_files")
def test_what_a_reader_prints_is_no_reply(written: Callable[..., Path]) -> None:
    page = written(f"import os\nprint('E{{}}', flush=True)\nos.write(1, b'D{{}}\\n')\n{GOOD}")
    with Sandbox() as reading:
        assert texts(page, reading) == ["Terns dive."]


def test_every_kind_of_error_finds_its_way_back() -> None:
    for kind in SourceError.__subclasses__():
        back = sandbox._error(sandbox.Failure(kind.code, "What.", "How."))
        assert (type(back), str(back), back.message, back.hint) == (kind, "What.", "What.", "How.")
    assert type(sandbox._error(sandbox.Failure("unheard_of", "What.", "How."))) is SourceError


def test_a_document_comes_back_with_every_field() -> None:
    from test_library import FULL

    sent = sandbox.DOCUMENT.dump_json(FULL, exclude={"sha256"})
    assert sandbox.DOCUMENT.validate_json(sent, strict=True) == FULL
    assert isinstance(sandbox.DOCUMENT.validate_json(sent, strict=True), Document)


# No orphans

READS = """
import sys
from pathlib import Path
from qa.readers import Sandbox, read_works
from qa.readers.sandbox import parent as sandbox

sandbox._PROGRAM = sys.argv[2]
with Sandbox() as reading:
    list(read_works(Path(sys.argv[1]), "page", sandbox=reading))
"""


@pytest.mark.usefixtures("runs_files")
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_child_ends_with_its_parent(written: Callable[..., Path], tmp_path: Path, sent: signal.Signals) -> None:
    if sent == signal.SIGKILL and sys.platform != "linux":
        pytest.skip("elsewhere it takes as long as a file may")
    note_pid = f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(f'{{os.getpid()}}.')"
    page = written(f"import os, pathlib, time\n{note_pid}\ntime.sleep(1000)")
    command = [sys.executable, "-c", READS, str(page), sandbox._PROGRAM]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, process_group=0) as parent:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().endswith("."):
            assert parent.poll() is None
            time.sleep(0.01)
        child = int((tmp_path / "pid").read_text()[:-1])
        assert is_running(child)
        if sent == signal.SIGINT:
            os.killpg(parent.pid, sent)  # as a terminal sends it
        else:
            parent.send_signal(sent)
        _, said = parent.communicate()
    assert ends(child)
    assert (b"KeyboardInterrupt" in said) == (sent == signal.SIGINT)


# In an indexing


def test_an_indexing_leaves_out_what_takes_too_long_and_keeps_the_rest(tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "brackets.md").write_text("[" * 1_000_000)
    (documents / "gulls.html").write_text("<p>Gulls steal.")
    (documents / "large.txt").write_text("x" * 1024 * 1024 * 2)
    engine = Engine.create(Settings(library=tmp_path / "library", max_seconds=2, max_file_size=1))
    left_out: list[SourceError] = []
    assert engine.add([documents], on_unreadable=left_out.append).added == ("gulls",)
    assert [error.code for error in left_out] == ["source_limit"] * 2
    assert engine.ask("Do gulls steal?").answered
    with pytest.raises(SourceLimitError):
        engine.add([documents])


def test_a_program_in_the_folder_that_one_stands_in_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "gulls.html").write_text("<p>Gulls steal.")
    for name in ("qa", "json", "lxml", "sitecustomize", "signal", "ctypes"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('run')")
    pincite = str(Path(sys.executable).parent / "pincite")
    command = [pincite, "index", "gulls.html", "--library", "library"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
