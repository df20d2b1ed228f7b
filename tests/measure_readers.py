"""Compare what is read of the files of a folder with what other programs read of them, and print the worst files.

    python tests/measure_readers.py FOLDER [--worst 15] [--least 0.9]

The words of each PDF are compared with those that `pdftotext` gives, those of Word files, books, Markdown and the like
with those of `pandoc`, and those of HTML with the sentences that a browser shows, where these are installed; a page
`source.html` with the `expected.html` beside it. What is counted is how many of the other program's words, and of its
pairs of words that follow one another, are among ours (found), and how many of ours among its own (true).

Like is compared with like. So the other program's text loses what a reader leaves out by its rule and counts: running
heads and numbers of pages, what is struck out, alternative texts of pictures, which a person does not see, labels of
notes, and what lists the headings of other files. A word that the other program has from the wrong end, with each
letter twice, or letter by letter, as it is drawn, is the word. Words that one has apart and the other in one, as the
parts of a formula, are found. Of a page, only sentences are compared, since menus are left out on purpose, and without
the readings above Chinese and Japanese words.

Below that, each file is named of whose words fewer than `--least` are found, with what was noted of it.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import NamedTemporaryFile

from lxml import html

from qa.errors import QAError
from qa.readers import find_sources, read_works

SECONDS = 60  # that another program may take for a file
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ASIAN = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff"  # scripts of which no two programs part the words alike
WORD = re.compile(rf"[{ASIAN}]|[^\W_{ASIAN}]+")
SCRIPT = re.compile(r"(?<=\w)[\^_]\(?(?=[\w−-])")  # a power or an index, which is written in several ways
LAM_AND_ALEF = re.compile("[لاأإآ]{2,}")  # which a PDF has as one letter, and programs in either order
JOINED = "\u0640"  # what makes an Arabic word longer
LABEL_OF_NOTE = re.compile(r"\[\^[^\]\s]{1,20}\]:?")
LOOSE = re.compile(r"(?<!\S)\w(?: \w){2,60}(?!\S)")  # letters set apart
FEWEST_PAGES = 3  # on which a line is a running head
NUMBER = re.compile(r"\W*(?:\d{1,4}|[ivxlc]{1,6})\W*", re.IGNORECASE)
DIGITS = re.compile(r"\d+")
LONGEST_RUN = 20  # words that another program may have as one
LISTED = 5  # words that are named of a file
LIKE_OURS = """
local notes = {}
function Image(_) return {} end
function Strikeout(_) return {} end
function Note(note) for _, block in ipairs(note.content) do table.insert(notes, block) end return {} end
function Math(math)
  local plain = math.text:gsub("\\\\%a+", " "):gsub("[{}]", "")
  return pandoc.Str(plain)
end
function RawInline(_) return {} end
function Div(div)
  for _, class in ipairs(div.classes) do
    if class == "toctree" or class == "contents" or class == "image" then return {} end
  end
end
function Pandoc(document)
  for _, block in ipairs(notes) do table.insert(document.blocks, block) end
  return document
end
"""
SENTENCES = """() => {
  const around = "nav, footer, aside, form, dialog, [role=navigation], [role=contentinfo], [role=dialog], [role=search]"
  for (const each of document.querySelectorAll("rt, rp, select")) each.remove()
  const found = []
  for (const each of document.querySelectorAll("p, li, dd, td, blockquote, pre, figcaption")) {
    if (each.closest(around) || each.querySelector("p, li, td") || each.closest("del, s, strike")) continue
    const text = each.innerText || ""
    let linked = 0
    for (const link of each.querySelectorAll("a")) linked += (link.innerText || "").length
    const own = text.length - linked
    if (own >= 40 && own >= linked && each.getClientRects().length) found.push(text)
  }
  return found.join("\\n")
}"""

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
    notes: tuple[str, ...]

    @property
    def worst(self) -> float:
        return min(self.found, self.found_pairs, self.true, self.true_pairs)


def words(text: str) -> list[str]:
    text = unicodedata.normalize("NFKC", text).casefold().replace(JOINED, "").replace("\xad", "")
    text = LAM_AND_ALEF.sub(lambda found: "".join(sorted(found[0])), SCRIPT.sub("", LABEL_OF_NOTE.sub(" ", text)))
    return WORD.findall(text)


def as_ours(words_of_other: list[str], ours: Counter[object]) -> list[str]:
    """The words of another program, those as we have them that it has from the wrong end or with each letter twice."""
    found = []
    for word in words_of_other:
        forms = (word, word[::-1], word[::2] if word[::2] == word[1::2] else word)
        found.append(next((form for form in forms if form in ours), word))
    return found


def not_found(other: list[str], mine: list[str]) -> Counter[str]:
    """The words of another program that are not among ours, but for those that read the same where one has them apart
    and the other in one."""
    missing, spare = Counter(other) - Counter(mine), Counter(mine) - Counter(other)
    for sequence, apart, joined in ((other, missing, spare), (mine, spare, missing)):
        for place in range(len(sequence)):
            for end in range(place + 1, min(place + LONGEST_RUN, len(sequence)) + 1):
                run = sequence[place:end]
                if Counter(run) - apart:
                    break
                if len(run) > 1 and joined["".join(run)] > 0:
                    apart.subtract(run)
                    joined["".join(run)] -= 1
                    break
    return +missing


def share(of: Counter[object], among: Counter[object]) -> float:
    """How many of these are among the others, each as often as it is there."""
    total = sum(of.values())
    return sum((of & among).values()) / total if total else 1.0


def compared(path: Path, program: str, ours: str, theirs: str, notes: tuple[str, ...]) -> Compared:
    mine = words(ours)
    my_words: Counter[object] = Counter(mine)
    loose = LOOSE.sub(
        lambda each: join if (join := each[0].replace(" ", "")).casefold() in my_words else each[0], theirs
    )
    other = as_ours(words(loose), my_words)
    its_words: Counter[object] = Counter(other)
    my_pairs: Counter[object] = Counter(pairwise(mine))
    its_pairs: Counter[object] = Counter(pairwise(other))
    missing = not_found(other, mine)
    return Compared(
        path=path,
        program=program,
        found=1 - sum(missing.values()) / max(len(other), 1),
        found_pairs=share(its_pairs, my_pairs),
        true=share(my_words, its_words),
        true_pairs=share(my_pairs, its_pairs),
        missing=", ".join(f"{word} ({count})" for word, count in missing.most_common(LISTED)),
        notes=notes,
    )


def said(*command: str) -> str:
    """What a program prints; nothing where it fails or takes too long."""
    try:
        ran = subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.decode("utf-8", "replace")


def pandoc(kind: str, likened: str) -> Tell:
    return lambda path: said(
        "pandoc", "--from", kind, "--to", "plain", "--wrap=none", f"--lua-filter={likened}", str(path)
    )


def pdftotext(path: Path) -> str:
    """The text of a PDF without numbers of pages, and without lines that stand on most of its pages but for numbers."""
    pages = [page.split("\n") for page in said("pdftotext", "-enc", "UTF-8", str(path), "-").split("\f")]
    names = Counter(name for page in pages for name in {DIGITS.sub("#", line.strip()) for line in page if line.strip()})
    heads = {name for name, count in names.items() if count >= max(FEWEST_PAGES, (len(pages) - 1) / 2)}
    kept: list[str] = []
    for page in pages:
        lines = [line for line in page if line.strip() and DIGITS.sub("#", line.strip()) not in heads]
        for place in (0, -1):
            if len(pages) > 2 and len(lines) > 1 and NUMBER.fullmatch(lines[place]):
                del lines[place]
        kept += lines
    return "\n".join(kept)


def expected(path: Path) -> str:
    """The words of the page that a person made of another one, which is `source.html`."""
    beside = path.with_name("expected.html")
    if path.name != "source.html" or not beside.exists():
        return ""
    root = html.document_fromstring(beside.read_text("utf-8"))
    for each in root.iter("script", "style", "noscript", "s", "del", "strike"):
        each.drop_tree()
    return "\n".join(str(text) for text in root.itertext())


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
                return str(page.evaluate(SENTENCES))
            except Error:
                return ""

        yield shown
        running.close()


def programs(browser: Tell | None, likened: str) -> dict[str, list[tuple[str, Tell]]]:
    """What there is to compare with, by the endings of files."""
    found: dict[str, list[tuple[str, Tell]]] = {}
    if shutil.which("pdftotext"):
        found[".pdf"] = [("pdftotext", pdftotext)]
    if shutil.which("pandoc"):
        kinds = {".docx": "docx", ".epub": "epub", ".md": "markdown", ".odt": "odt", ".rst": "rst", ".nxml": "jats"}
        found |= {ending: [("pandoc", pandoc(kind, likened))] for ending, kind in kinds.items()}
    for ending in (".html", ".htm"):
        found[ending] = [("expected", expected), *([("browser", browser)] if browser else [])]
    return found


def measure(folder: Path, worst: int, least: float) -> None:
    """Print the tables."""
    rows: list[Compared] = []
    with shown_by_browser() as browser, NamedTemporaryFile("w", suffix=".lua") as likened:
        likened.write(LIKE_OURS)
        likened.flush()
        others = programs(browser, likened.name)
        for path, document_id in find_sources(folder):
            if path.suffix.lower() not in others:
                continue
            notes: list[str] = []
            try:
                ours = "\n".join(work.document.text for work in read_works(path, document_id, note=notes.append))
            except QAError as error:
                print(f"left out: {error.message}")
                continue
            told = tuple(note.removeprefix(f"{path}: ") for note in notes)
            for program, tell in others[path.suffix.lower()]:
                if theirs := tell(path):
                    rows.append(compared(path, program, ours, theirs, told))
                    break
    print(f"{'':<8}{'program':<12}{'files':>6}{'found':>9}{'pairs':>8}{'true':>8}{'pairs':>8}{'below':>7}{'untold':>8}")
    for kind in sorted({(row.path.suffix.lower(), row.program) for row in rows}):
        alike = [row for row in rows if (row.path.suffix.lower(), row.program) == kind]
        means = [
            sum(getattr(row, name) for row in alike) / len(alike)
            for name in ("found", "found_pairs", "true", "true_pairs")
        ]
        below = [row for row in alike if row.found < least]
        untold = sum(not row.notes for row in below)
        shares = "".join(f"{mean:>8.1%}" for mean in means)
        print(f"{kind[0]:<8}{kind[1]:<12}{len(alike):>6}{shares}{len(below):>7}{untold:>8}")
    print(f"\nFiles of whose words fewer than {least:.0%} are found, with what is noted of them:")
    for row in sorted(rows, key=lambda row: (row.found, str(row.path))):
        if row.found < least:
            print(f"{row.path} ({row.program}): {row.found:.1%}; {row.missing}; {' '.join(row.notes) or 'untold'}")
    print("\nThe worst files:")
    for row in sorted(rows, key=lambda row: (row.worst, str(row.path)))[:worst]:
        shares = " ".join(f"{each:.1%}" for each in (row.found, row.found_pairs, row.true, row.true_pairs))
        noted = f"; {len(row.notes)} notes" if row.notes else ""
        print(f"{row.path} ({row.program}): {shares}{noted}; missing: {row.missing or 'none'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--worst", type=int, default=15, help="how many files to name")
    parser.add_argument("--least", type=float, default=0.9, help="share of words, in 0..1, below which a file is named")
    given = parser.parse_args()
    measure(given.folder, given.worst, given.least)
