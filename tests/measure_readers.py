"""Compare what is read of the files of a folder with what other programs read of them, and print the worst files.

    python tests/measure_readers.py FOLDER [--worst 15]

The words of each PDF are compared with those that `pdftotext` gives, those of Word files, books, Markdown and HTML with
those of `pandoc`, and those of HTML with what a browser shows (`innerText`) as well, where these are installed. What is
counted is how many of the other program's words, and of its pairs of words that follow one another, are among ours
(found), and how many of ours among its own (true). A reader leaves out menus and running heads on purpose, and notes
what it leaves out, so that a low number is a file to look at and not a fault by itself.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from qa.errors import QAError
from qa.readers import find_sources, read_works

SECONDS = 60  # that another program may take for a file
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WORD = re.compile(r"[^\W_]+")
LISTED = 5  # words that are named of a file

Tell = Callable[[Path], str]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A file with the share of another program's words and pairs that ours has, and of ours that it has, in 0..1."""

    path: Path
    program: str
    found: float
    found_pairs: float
    true: float
    true_pairs: float
    missing: str
    notes: int

    @property
    def worst(self) -> float:
        return min(self.found, self.found_pairs, self.true, self.true_pairs)


def words(text: str) -> list[str]:
    return WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def share(of: Counter[object], among: Counter[object]) -> float:
    """How many of these are among the others, each as often as it is there."""
    total = sum(of.values())
    return sum((of & among).values()) / total if total else 1.0


def compared(path: Path, program: str, ours: str, theirs: str, notes: int) -> Compared:
    mine, other = words(ours), words(theirs)
    my_words: Counter[object] = Counter(mine)
    its_words: Counter[object] = Counter(other)
    my_pairs: Counter[object] = Counter(pairwise(mine))
    its_pairs: Counter[object] = Counter(pairwise(other))
    missing = (its_words - my_words).most_common(LISTED)
    return Compared(
        path=path,
        program=program,
        found=share(its_words, my_words),
        found_pairs=share(its_pairs, my_pairs),
        true=share(my_words, its_words),
        true_pairs=share(my_pairs, its_pairs),
        missing=", ".join(f"{word} ({count})" for word, count in missing),
        notes=notes,
    )


def said(*command: str) -> str:
    """What a program prints; nothing where it fails or takes too long."""
    try:
        ran = subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.decode("utf-8", "replace")


def pandoc(kind: str) -> Tell:
    return lambda path: said("pandoc", "--from", kind, "--to", "plain", "--wrap=none", str(path))


def pdftotext(path: Path) -> str:
    return said("pdftotext", "-enc", "UTF-8", str(path), "-")


@contextmanager
def shown_by_browser() -> Iterator[Tell | None]:
    """What tells the text of a page as a browser shows it, with no network; None where there is no browser."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        browser = None
    if browser is None:
        yield None
        return
    with sync_playwright() as started:
        running = started.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        page = running.new_context(offline=True, java_script_enabled=False).new_page()

        def shown(path: Path) -> str:
            try:
                page.goto(path.resolve().as_uri(), wait_until="domcontentloaded", timeout=SECONDS * 1000)
                return str(page.evaluate("document.body ? document.body.innerText : ''"))
            except Error:
                return ""

        yield shown
        running.close()


def programs(browser: Tell | None) -> dict[str, list[tuple[str, Tell]]]:
    """What there is to compare with, by the endings of files."""
    found: dict[str, list[tuple[str, Tell]]] = {}
    if shutil.which("pdftotext"):
        found[".pdf"] = [("pdftotext", pdftotext)]
    if shutil.which("pandoc"):
        kinds = {".docx": "docx", ".epub": "epub", ".md": "markdown", ".html": "html", ".htm": "html"}
        kinds |= {".odt": "odt", ".rst": "rst", ".nxml": "jats"}
        found |= {ending: [("pandoc", pandoc(kind))] for ending, kind in kinds.items()}
    if browser:
        for ending in (".html", ".htm"):
            found.setdefault(ending, []).append(("browser", browser))
    return found


def measure(folder: Path, worst: int) -> None:
    """Print the tables."""
    rows: list[Compared] = []
    with shown_by_browser() as browser:
        others = programs(browser)
        if not others:
            sys.exit("There is nothing to compare with: install poppler-utils (pdftotext), pandoc or Chromium.")
        for path, document_id in find_sources(folder):
            if path.suffix.lower() not in others:
                continue
            notes: list[str] = []
            try:
                ours = "\n".join(work.document.text for work in read_works(path, document_id, note=notes.append))
            except QAError as error:
                print(f"left out: {error.message}")
                continue
            for program, tell in others[path.suffix.lower()]:
                if theirs := tell(path):
                    rows.append(compared(path, program, ours, theirs, len(notes)))
    print(f"{'':<8}{'program':<12}{'files':>6}{'found':>9}{'pairs':>8}{'true':>8}{'pairs':>8}")
    for kind in sorted({(row.path.suffix.lower(), row.program) for row in rows}):
        alike = [row for row in rows if (row.path.suffix.lower(), row.program) == kind]
        means = [
            sum(getattr(row, name) for row in alike) / len(alike)
            for name in ("found", "found_pairs", "true", "true_pairs")
        ]
        print(f"{kind[0]:<8}{kind[1]:<12}{len(alike):>6}" + "".join(f"{mean:>8.1%}" for mean in means))
    print("\nThe worst files:")
    for row in sorted(rows, key=lambda row: (row.worst, str(row.path)))[:worst]:
        shares = " ".join(f"{each:.1%}" for each in (row.found, row.found_pairs, row.true, row.true_pairs))
        told = f"; {row.notes} notes" if row.notes else ""
        print(f"{row.path} ({row.program}): {shares}{told}; missing: {row.missing or 'none'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--worst", type=int, default=15, help="how many files to name")
    given = parser.parse_args()
    measure(given.folder, given.worst)
