"""Make 200 files of all formats, index them, and see whether each is cited at its right place.

    python tests/measure_files.py [FOLDER]

Each file has six sections, and each section a fact that stands nowhere else; in a PDF each begins a page. Three facts
of every format are asked for. The citation must name the file, the section and, in a PDF, the page, and its words must
hold the fact. What is timed are whole runs of `pincite`.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

import docx
from pdfs import heading, made, paragraph
from reportlab.pdfgen.canvas import Canvas

from qa import Engine, Settings
from qa.config import SHIPPED_CORPUS

SECTIONS = 6
ASKED = 3  # facts of each format


@dataclass(frozen=True, kw_only=True)
class Part:
    """A section: its heading, its text, and the fact in it with the question for that."""

    name: str
    text: Sequence[str]
    fact: str
    question: str


def parts_of(number: int, chance: random.Random, paragraphs: Sequence[str]) -> list[Part]:
    """The sections of a file, which are like those of no other."""
    found = []
    for place in range(SECTIONS):
        name = "".join(chance.choice("bdfgklmnprstv") + chance.choice("aeiou") for _ in range(4)).capitalize()
        fact = f"The {name} valve opens at {number * 10 + place} kilopascal."
        found.append(
            Part(
                name=f"{name} and its parts",
                text=[chance.choice(paragraphs), f"{fact} {chance.choice(paragraphs)}"],
                fact=fact,
                question=f"At how many kilopascal does the {name} valve open?",
            )
        )
    return found


def markdown(title: str, parts: Sequence[Part]) -> bytes:
    sections = [f"## {part.name}\n\n" + "\n\n".join(part.text) for part in parts]
    return "\n\n".join([f"# {title}", *sections]).encode()


def plain(title: str, parts: Sequence[Part]) -> bytes:
    sections = [f"{part.name}\n\n" + "\n\n".join(part.text) for part in parts]
    return "\n\n".join([title, *sections]).encode()


def html(title: str, parts: Sequence[Part]) -> bytes:
    sections = [
        f"<h2>{escape(part.name)}</h2>" + "".join(f"<p>{escape(text)}</p>" for text in part.text) for part in parts
    ]
    menu = "<nav><a href='/'>Home</a></nav>"
    return f"<!doctype html><title>{title}</title>{menu}<main><h1>{title}</h1>{''.join(sections)}</main>".encode()


def pdf(title: str, parts: Sequence[Part]) -> bytes:
    def draw(canvas: Canvas) -> None:
        for part in parts:
            y = heading(canvas, part.name, 72, 740)
            for text in part.text:
                y = paragraph(canvas, text, 72, y, 450)
            canvas.showPage()

    return made(draw, title=title)


def word(title: str, parts: Sequence[Part]) -> bytes:
    document = docx.Document()
    document.core_properties.title = title
    for part in parts:
        document.add_heading(part.name, 1)
        for text in part.text:
            document.add_paragraph(text)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def book(title: str, parts: Sequence[Part]) -> bytes:
    chapters = [f"c{place}.xhtml" for place in range(len(parts))]
    items = "".join(f"<item id='{each}' href='{each}' media-type='application/xhtml+xml'/>" for each in chapters)
    refs = "".join(f"<itemref idref='{each}'/>" for each in chapters)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            "<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container' version='1.0'><rootfiles>"
            "<rootfile full-path='book.opf' media-type='application/oebps-package+xml'/></rootfiles></container>",
        )
        archive.writestr(
            "book.opf",
            "<package xmlns='http://www.idpf.org/2007/opf' version='3.0'>"
            f"<metadata xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:title>{title}</dc:title></metadata>"
            f"<manifest>{items}</manifest><spine>{refs}</spine></package>",
        )
        for name, part in zip(chapters, parts, strict=True):
            text = "".join(f"<p>{escape(each)}</p>" for each in part.text)
            archive.writestr(
                name,
                f"<html xmlns='http://www.w3.org/1999/xhtml'><body><h1>{escape(part.name)}</h1>{text}</body></html>",
            )
    return file.getvalue()


def json_lines(_: str, parts: Sequence[Part]) -> bytes:
    lines = [json.dumps({"_id": part.name, "title": part.name, "text": "\n\n".join(part.text)}) for part in parts]
    return "\n".join(lines).encode()


def table(_: str, parts: Sequence[Part]) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["title", "text"])
    writer.writerows([part.name, "\n\n".join(part.text)] for part in parts)
    return file.getvalue().encode()


FORMATS: dict[str, tuple[int, Callable[[str, Sequence[Part]], bytes]]] = {
    ".md": (60, markdown),
    ".txt": (30, plain),
    ".html": (40, html),
    ".pdf": (30, pdf),
    ".docx": (20, word),
    ".epub": (10, book),
    ".jsonl": (5, json_lines),
    ".csv": (5, table),
}
"""Of each format how many files, and what makes one."""


def make(folder: Path) -> dict[str, list[tuple[Path, list[Part]]]]:
    """Write the files; of each format the files with their sections."""
    chance = random.Random(1)
    texts = [path.read_text("utf-8") for path in sorted(SHIPPED_CORPUS.rglob("*.md"))]
    paragraphs = [each for text in texts for each in text.split("\n\n") if 200 < len(each) < 700 and each[0].isalpha()]
    found: dict[str, list[tuple[Path, list[Part]]]] = {}
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    for ending, (count, written) in FORMATS.items():
        for _ in range(count):
            number += 1
            path, parts = folder / f"manual-{number:03}{ending}", parts_of(number, chance, paragraphs)
            path.write_bytes(written(f"Manual {number}", parts))
            found.setdefault(ending, []).append((path, parts))
    return found


def timed(*arguments: str) -> float:
    """How many seconds a run of `pincite` takes."""
    began = time.perf_counter()
    subprocess.run([str(Path(sys.executable).with_name("pincite")), *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def problem(engine: Engine, path: Path, place: int, part: Part) -> str:
    """What is wrong with the citation of a fact; nothing if it is right."""
    best = engine.ask(part.question).best
    if best is None:
        return "nothing was found"
    citation = best.citation
    if part.fact not in best.passage.text:
        return f"the passage is another: {best.passage.text[:60]}"
    if citation.document.text[citation.start : citation.end] != citation.quote:
        return "the words are not those of their place"
    if path.suffix in (".jsonl", ".csv"):
        return "" if citation.document.title == part.name else f"the record is {citation.document.title}"
    if not citation.document.source.endswith(path.name):
        return f"the file is {citation.document.source}"
    if not citation.section or citation.section[-1] != part.name:
        return f"the section is {citation.section}"
    if path.suffix == ".pdf" and citation.page != place + 1:
        return f"the page is {citation.page}"
    return ""


def measure(folder: Path) -> bool:
    """Print the table; whether every citation was right."""
    library = folder / "library"
    files = make(folder / "files")
    print(f"{'format':<8}{'files':>6}{'a second':>10}{'right':>12}")
    for ending in FORMATS:
        alone = folder / f"alone{ending}"
        alone.mkdir(exist_ok=True)
        for path, _parts in files[ending]:
            (alone / path.name).write_bytes(path.read_bytes())
    first = timed("index", str(folder / "files"), "--library", str(library))
    again = timed("index", str(folder / "files"), "--library", str(library))
    engine, wrong = Engine.open(Settings(library=library)), 0
    chance = random.Random(2)
    for ending, (count, _) in FORMATS.items():
        took = timed("index", str(folder / f"alone{ending}"), "--library", str(folder / f"library{ending}"))
        asked = [(chance.choice(files[ending]), chance.randrange(SECTIONS)) for _ in range(ASKED)]
        said = [problem(engine, path, place, parts[place]) for (path, parts), place in asked]
        wrong += sum(map(bool, said))
        print(f"{ending:<8}{count:>6}{count / took:>10.1f}{sum(not each for each in said):>9} of {len(said)}")
        for each in filter(None, said):
            print(f"  {each}")
    print(f"all {sum(count for count, _ in FORMATS.values())} files: {first:.1f} s; again, unchanged: {again:.2f} s")
    engine.remove([engine.contents()[0].id])
    print(f"removed one: {engine.document_count} documents are left, and the library is whole: {not engine.check()}")
    return not wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="where the files are to be; without it, nowhere to stay")
    given = parser.parse_args()
    with TemporaryDirectory() as temporary:
        sys.exit(not measure(given.folder or Path(temporary)))
