"""Kill indexings at random moments, and look at what is left: the library as it was before, or as it is after.

    python tests/kill_indexing.py [ROUNDS] [--seed NUMBER]

In every second round the indexing is killed from outside, with all the processes that it started, after a random
time of all that it takes; in the others it kills itself at a random one of the calls by which it opens, makes, renames
or removes files, or of the statements that the database is to run, so that the short moments between them have their
share. Not a power cut: what the system was told to write is written.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from qa import Engine, Settings
from qa.model import Answer

ROOT = Path(__file__).resolve().parent.parent

QUESTIONS = ["Do terns dive?", "Do auks swim?", "Who steals?", "Which bird wades?", "How long is a knot?", "Zebras?"]

INDEXING = """
import os, signal, sqlite3, sys
from pathlib import Path

library, documents, moment = sys.argv[1], sys.argv[2], int(sys.argv[3])
calls = 0

def count(*_):
    global calls
    calls += 1
    if calls == moment:
        os.kill(os.getpid(), signal.SIGKILL)

def on_call(event, arguments):
    if event in CALLS and any(library in str(each) for each in arguments):
        count()

def counting(*arguments, connect=sqlite3.connect, **options):
    database = connect(*arguments, **options)
    database.set_trace_callback(count)
    return database

CALLS = {"open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.listdir", "shutil.rmtree", "sqlite3.connect"}
from qa import Engine, Settings

Engine.create(Settings(library=Path(library))).add([Path(documents)])
sys.addaudithook(on_call)
sqlite3.connect = counting
print("ready", flush=True)
sys.stdin.readline()
Engine.create(Settings(library=Path(library))).add([Path(documents)])
print(calls)
"""
"""It opens the library once, while nothing has changed, so that what is timed is the change alone."""


class Killed(NamedTuple):
    """How many rounds left the library as before, and as after; how many ended before they were killed."""

    before: int
    after: int
    finished: int


State = tuple[list[str], list[Answer]]


def write_documents(folder: Path, *, changed: bool) -> None:
    """Some twenty files. Changed, one is new, one has gone, two are replaced, of which a child process reads one."""
    folder.mkdir(exist_ok=True)
    for number in range(20):
        (folder / f"bird-{number}.md").write_text(f"# Bird {number}\n\nA knot is {number + 20} cm long. Knots wade.\n")
    (folder / "terns.md").write_text(f"# Terns\n\nTerns {'nest' if changed else 'dive'}.\n")
    (folder / "gulls.html").write_text(f"<h1>Gulls</h1><p>Gulls {'eat chips' if changed else 'steal'}.")
    for name, is_there in (("auks.md", not changed), ("skuas.md", changed)):
        (folder / name).unlink(missing_ok=True)
        if is_there:
            (folder / name).write_text("# Birds\n\nAuks swim, or skuas steal.\n")


def state(library: Path) -> State:
    """All that a library says: its contents, and its answers. It must be whole."""
    engine = Engine.open(Settings(library=library))
    assert engine.check() == []
    passages = [passage.text for entry in engine.contents() for passage in engine.passages(entry.id)]
    return passages, [replace(engine.ask(question), took_ms=0.0) for question in QUESTIONS]


def index(library: Path, documents: Path) -> None:
    Engine.create(Settings(library=library)).add([documents], prune=True)


def start(library: Path, documents: Path, *, moment: int = 0) -> subprocess.Popen[str]:
    """An indexing that waits, with the documents as they were, for a line; it is the leader of its process group."""
    process = subprocess.Popen(
        [sys.executable, "-c", INDEXING, str(library), str(documents), str(moment)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()[1]
    return process


def change(process: subprocess.Popen[str], *, kill_after: float | None = None) -> tuple[int, str]:
    """Let it go on, and kill its group after some seconds, if any are given; its exit code, and what it printed."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    if kill_after is not None:
        time.sleep(kill_after)
        os.killpg(process.pid, signal.SIGKILL)
    printed, said = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), said
    return process.returncode, printed


def kill_indexings(rounds: int, *, chance: random.Random) -> Killed:
    """Kill so many; every library that is left must be whole, and the next indexing must succeed and tidy up."""
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        documents, original = folder / "documents", folder / "original"
        write_documents(documents, changed=False)
        index(original, documents)
        before = state(original)

        def prepared(number: int, *, moment: int = 0) -> tuple[Path, subprocess.Popen[str]]:
            library = folder / f"library-{number}"
            shutil.copytree(original, library)
            write_documents(documents, changed=False)
            process = start(library, documents, moment=moment)
            write_documents(documents, changed=True)
            return library, process

        library, process = prepared(0)
        began = time.perf_counter()
        code, printed = change(process)
        takes, calls = time.perf_counter() - began, int(printed)
        assert code == 0
        assert calls > 10
        after = state(library)
        assert after != before
        print(f"An indexing takes {takes:.2f} s and has {calls:,} moments to be killed at.")

        ended: Counter[str] = Counter()
        for number in range(1, rounds + 1):
            by_time = number % 2 == 0
            moment = 0 if by_time else chance.randint(1, calls)
            library, process = prepared(number, moment=moment)
            code, _ = change(process, kill_after=chance.uniform(0, 1.1 * takes) if by_time else None)
            left = state(library)
            if left not in (before, after):
                raise AssertionError(f"round {number}, moment {moment}: neither before nor after, {left}")
            ended["before" if left == before else "after"] += 1
            ended["finished"] += code == 0
            index(library, documents)
            tidied, answers = state(library)
            assert (sorted(tidied), len(answers)) == (sorted(without_auks(after[0])), len(QUESTIONS))
            rest = {path.name for path in library.iterdir()}
            in_use = {"library.sqlite3-shm", "library.sqlite3-wal"}
            assert rest - in_use == {"index", "library.sqlite3", "library.sqlite3.sealed"}, rest
            [version] = (library / "index").iterdir()
            assert version.name == Engine.open(Settings(library=library)).version
            shutil.rmtree(library)
        return Killed(ended["before"], ended["after"], ended["finished"])


def without_auks(passages: list[str]) -> list[str]:
    """What is left of passages when the document whose file has gone is pruned; its text is the new one's as well."""
    found = list(passages)
    found.remove("Auks swim, or skuas steal.")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", type=int, nargs="?", default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = parser.parse_args()
    print(f"Seed {given.seed}.")
    killed = kill_indexings(given.rounds, chance=random.Random(given.seed))
    print(
        f"{given.rounds} killed: {killed.before} libraries as before, {killed.after} as after, none in between; ",
        end="",
    )
    print(f"{killed.finished} had finished.")
