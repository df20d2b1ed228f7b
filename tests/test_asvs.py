"""The table of ASVS 5.0.0, level 1, in `web/README.md`: every requirement once, held by tests that there are."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent
TABLE = (
    (TESTS.parent / "web" / "README.md").read_text("utf-8").partition("### ASVS, level 1\n")[2].partition("\n### ")[0]
)
ROWS = [line.strip("|").split(" | ") for line in TABLE.splitlines() if re.match(r"\| \d", line)]

LEVEL_1 = {
    "1.2": 5, "1.3": 2, "1.5": 1, "2.1": 1, "2.2": 2, "2.3": 1, "3.2": 2, "3.3": 1, "3.4": 2, "3.5": 3, "4.1": 1,
    "4.4": 1, "5.2": 2, "5.3": 2, "6.1": 1, "6.2": 8, "6.3": 2, "6.4": 2, "7.2": 4, "7.4": 2, "8.1": 1, "8.2": 2,
    "8.3": 1, "9.1": 3, "9.2": 1, "10.4": 5, "11.3": 2, "11.4": 1, "12.1": 1, "12.2": 2, "13.4": 1, "14.2": 1,
    "14.3": 1, "15.1": 1, "15.2": 1, "15.3": 1,
}  # fmt: skip
"""How many requirements each section has at level 1. They are the first of it, each time."""


def named(requirements: str) -> list[str]:
    """The numbers in the first column of a row, of which some stand for all from one to another."""
    found = []
    for first, last in re.findall(r"(\d+\.\d+\.\d+)(?: to (\d+\.\d+\.\d+))?", requirements):
        section, _, number = first.rpartition(".")
        until = int(last.rpartition(".")[2]) if last else int(number)
        found += [f"{section}.{each}" for each in range(int(number), until + 1)]
    return found


def test_every_requirement_of_level_1_is_in_the_table_once() -> None:
    found = sorted(number for row in ROWS for number in named(row[0]))
    assert found == sorted(f"{section}.{number}" for section, most in LEVEL_1.items() for number in range(1, most + 1))
    assert len(found) == 70


def test_each_test_that_holds_one_is_there() -> None:
    files = {path.stem: path for path in TESTS.glob("test_*.py")}
    functions = {
        node.name
        for path in files.values()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    held_by = {name for row in ROWS for name in re.findall(r"`(test_\w+)`", row[2])}
    assert len(held_by) > 20
    assert held_by <= functions | set(files)


def test_what_is_not_there_or_not_met_needs_no_test_and_all_else_has_one() -> None:
    untested = [row for row in ROWS if not row[2].strip()]
    assert all(re.match(r"none|not met|SHA-256", row[1]) for row in untested), untested
