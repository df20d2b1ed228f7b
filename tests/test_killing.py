"""Indexings that are killed, and disks that are full: the library is as before or as after."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from kill_indexing import ROOT, index, kill_indexings, state, write_documents

ROUNDS = 4


def test_an_indexing_killed_at_any_moment_leaves_the_library_as_before_or_as_after() -> None:
    killed = kill_indexings(ROUNDS, chance=random.Random())
    assert killed.before + killed.after == ROUNDS
    assert killed.finished < ROUNDS


# A full disk

FILLED = """
import resource, sys
from pathlib import Path
from qa import Engine, QAError, Settings

library, documents, *sizes = sys.argv[1:]
for size in map(int, sizes):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        Engine.create(Settings(library=Path(library))).add([Path(documents)], prune=True)
    except QAError as error:
        print(error.code, error.message, error.hint, sep="|")
    else:
        print("done")
        break
"""
"""No file can become larger than the sizes, one after the other, which fails a write as a full disk does."""


def kept_files(library: Path) -> list[Path]:
    """The library's files, but for what SQLite keeps beside it while it is in use."""
    found = (path.relative_to(library) for path in library.rglob("*"))
    return sorted(path for path in found if path.suffix not in (".sqlite3-wal", ".sqlite3-shm"))


@pytest.mark.skipif(sys.platform == "win32", reason="only POSIX can bound the size of files")
def test_a_disk_that_is_full_at_any_write_loses_nothing_and_says_so(tmp_path: Path) -> None:
    documents, library = tmp_path / "documents", tmp_path / "library"
    write_documents(documents, changed=False)
    index(library, documents)
    before, held = state(library), kept_files(library)
    write_documents(documents, changed=True)
    sizes = [str(2048 * part) for part in range(20)]  # up to less than the journal of the change takes
    command = [sys.executable, "-c", FILLED, str(library), str(documents), *sizes]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = ran.stdout.splitlines()
    assert len(lines) > 10
    for line in lines:
        code, message, hint = line.split("|")
        assert code == "library_unwritable", line
        assert message.startswith(f"The library in {library} cannot be written: ")
        assert hint.startswith("Nothing was changed. Check that the disk has room")
    assert state(library) == before
    assert kept_files(library) == held
    index(library, documents)
    assert state(library) != before
