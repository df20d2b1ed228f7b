"""How much faster does one checkout index than another, and do both make the same library?

    python tests/benchmarks/index.py PATH... [--beside CHECKOUT] [--rounds 3] [--keep FOLDER]

Indexes the files and folders at PATH by words alone with this checkout and, in turns, with the one in CHECKOUT. It
prints the seconds of the processor that all processes of each took together, the seconds by the clock, the passages a
second, how many bytes the index takes for each byte of the passages' texts, and at the end what is better by which
factor (the medians are compared). Then it compares the two libraries: all rows of all tables, in order, and all files
of the index. What is random is left out: the version's name, and the
names of tantivy's files. It exits with 1 where
the libraries differ.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parents[2]
PROGRAM = "from web.command import main; main()"
OF_VERSION = ("version", "index_files", "seals", "examples")  # facts with the version's name in them, or its digest
SHOWN = 3  # differences of a table


class Run(NamedTuple):
    """One indexing: seconds of all processors and by the clock."""

    processor: float
    clock: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH")
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the libraries stay")
    given = parser.parse_args()
    checkouts = {"this": HERE} | ({"beside": given.beside.resolve()} if given.beside else {})
    with tempfile.TemporaryDirectory() as made:
        folder = given.keep or Path(made)
        runs: dict[str, list[Run]] = {name: [] for name in checkouts}
        for _ in range(given.rounds):
            for name, checkout in checkouts.items():
                shutil.rmtree(folder / name, ignore_errors=True)
                runs[name].append(indexed(checkout, given.paths, folder / name))
                print(f"{name:<8} {runs[name][-1].processor:8.2f} s processor {runs[name][-1].clock:8.2f} s clock")
        for name, its_runs in runs.items():
            print(f"{name:<8} {said(folder / name, its_runs)}")
        if given.beside:
            processor, clock = (
                median(each[place] for each in runs["beside"]) / median(each[place] for each in runs["this"])
                for place in (0, 1)
            )
            print(f"this is {processor:.2f} times as fast by the processor, {clock:.2f} times by the clock")
            found = list(differences(folder / "beside", folder / "this"))
            print("\n".join(found) if found else "the libraries are the same")
            sys.exit(bool(found))


def indexed(checkout: Path, paths: list[Path], library: Path) -> Run:
    """Index files with a checkout's own code, in a process of its own."""
    command = [sys.executable, "-c", PROGRAM, "index", *map(str, paths), "--library", str(library), "--no-vectors"]
    environment = os.environ | {"PYTHONPATH": str(checkout), "PINCITE_MEANING": "off"}
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, cwd=checkout, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)  # with all processes that it waited for
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.perf_counter() - began
    if process.returncode not in (0, 1):  # 1: a file was left out
        sys.exit(f"{checkout} could not index: it ended with {process.returncode}")
    return Run(used.ru_utime + used.ru_stime, took)


def said(library: Path, runs: list[Run]) -> str:
    """What the runs took, and what the library holds and takes."""
    with closing(sqlite3.connect(library / "library.sqlite3")) as database:
        ((count, size),) = database.execute("SELECT count(*), sum(end - start) FROM passages")
    processor, clock = (median(each[place] for each in runs) for place in (0, 1))
    on_disk = sum(path.stat().st_size for path in library.rglob("*") if path.is_file())
    index = sum(path.stat().st_size for path in (library / "index").rglob("*") if path.is_file())
    return (
        f"{count:,} passages, {count / processor:,.0f} a second of the processor, {count / clock:,.0f} by the clock;"
        f" {on_disk / size:.2f} bytes on disk for each character of theirs, {index / size:.2f} of them in the index"
    )


def differences(one: Path, other: Path) -> Iterator[str]:
    """In what two libraries differ, in sentences."""
    with (
        closing(sqlite3.connect(one / "library.sqlite3")) as first,
        closing(sqlite3.connect(other / "library.sqlite3")) as second,
    ):
        listed = "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name"
        schemas = [database.execute(listed).fetchall() for database in (first, second)]
        if schemas[0] != schemas[1]:
            yield "The tables are others."
        for kind, name, _ in schemas[0]:
            if kind == "table":
                yield from _differences_of_table(name, first, second)
    files = [Counter(_files(each / "index")) for each in (one, other)]
    yield from (f"The file {name} of the index is only in {one}." for name, _ in files[0] - files[1])
    yield from (f"The file {name} of the index is only in {other}." for name, _ in files[1] - files[0])


def _differences_of_table(name: str, first: sqlite3.Connection, second: sqlite3.Connection) -> Iterator[str]:
    """Of the rows in the order in which they are kept."""
    differ = count = 0
    for number, (row, its_other) in enumerate(zip_longest(_rows(first, name), _rows(second, name)), start=1):
        count = number
        if row != its_other:
            differ += 1
            if differ <= SHOWN:
                yield f"Table {name}, row {number:,}: {str(row)[:300]} is {str(its_other)[:300]}."
    if differ:
        yield f"Table {name}: {differ:,} of {count:,} rows differ."


def _rows(database: sqlite3.Connection, table: str) -> Iterator[tuple[Any, ...]]:
    columns = "number, origin, sha256" if table == "files" else "*"
    rows = database.execute(f"SELECT {columns} FROM {table}")  # noqa: S608 - a name from the schema
    return (row for row in rows if not (table == "facts" and row[0] in OF_VERSION))


def _files(index: Path) -> Iterator[tuple[str, str]]:
    """The files of an index, each with a digest. What tantivy names at random is known by the end of its name."""
    for path in index.rglob("*"):
        if path.is_file() and path.name not in ("sealed.json", "meta.json", ".managed.json"):
            place = path.parent.name
            is_random = place == "passages" and path.suffix not in (".npy", ".json", ".lock")
            name = f"{place}/*{path.suffix}" if is_random else f"{place}/{path.name}"
            yield name, hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
