"""Feedback as files: CSV for spreadsheets, JSON lines for programs, and judged questions in BEIR's form.

A file gets its name only when it is complete.
"""

from __future__ import annotations

import csv
import io
import json
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from qa.model import Feedback, digest

__all__ = ["FORMS", "BeirCounts", "write_beir", "write_rows"]

_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""What a spreadsheet takes the beginning of a formula for (OWASP, CSV Injection)."""


class BeirCounts(NamedTuple):
    """What was written and left out, for BEIR.

    Written are `questions` and `judgements`, of which `right` are yes. Left out are judgements without a passage, of
    answers from some documents only, and of words that are gone.
    """

    questions: int
    judgements: int
    right: int
    without_passage: int
    of_one_document: int
    gone: int


def write_rows(path: Path, given: Iterable[Feedback], *, form: str) -> None:
    """Write feedback in one of `FORMS`. An existing file is replaced."""
    with _written(path) as new:
        new.write_text(FORMS[form](given), "utf-8", newline="")


def write_beir(
    folder: Path,
    given: Iterable[Feedback],
    *,
    standing: Callable[[Feedback], str | None],
    corpus: Iterable[tuple[str, str, str]] | None = None,
) -> BeirCounts:
    """Write feedback as judged questions: queries.jsonl and qrels/test.tsv, where yes is grade 1 and no is 0.

    If a passage was judged more than once for one question with the same history, the last judgement counts.

    Args:
        folder: a new one.
        given: in the order in which it was given.
        standing: gives the id of the passage that the judged words are in now; None if they are gone.
        corpus: id, title and text of each passage, for corpus.jsonl. Without it that file is not written.
    Raises:
        FileExistsError: if the folder exists.
    """
    if folder.exists():
        raise FileExistsError(folder)
    grades: dict[tuple[str, tuple[str, ...]], dict[str, int]] = {}
    without_passage = of_one_document = gone = 0
    for each in given:
        if each.passage_id is None:
            without_passage += 1
        elif each.asked_of is not None:
            of_one_document += 1
        elif (passage_id := standing(each)) is None:
            gone += 1
        else:
            grades.setdefault((each.question, each.history), {})[passage_id] = int(each.helpful)
    ids = {asked: digest(json.dumps(asked))[:16] for asked in grades}
    with _written(folder) as new:
        (new / "qrels").mkdir(parents=True)
        _write_lines(
            new / "queries.jsonl",
            ({"_id": ids[asked], "text": asked[0], "history": list(asked[1])} for asked in grades),
        )
        lines = [f"{ids[asked]}\t{each}\t{grade}\n" for asked in grades for each, grade in grades[asked].items()]
        (new / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(lines), "utf-8")
        if corpus is not None:
            _write_lines(new / "corpus.jsonl", ({"_id": i, "title": title, "text": text} for i, title, text in corpus))
    judged = [grade for each in grades.values() for grade in each.values()]
    return BeirCounts(len(grades), len(judged), sum(judged), without_passage, of_one_document, gone)


def _csv(given: Iterable[Feedback]) -> str:
    """A table with a line of names. A text that a spreadsheet would take for a formula has an apostrophe before it."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(field.name for field in fields(Feedback))
    for each in given:
        writer.writerow(map(_cell, _values(each).values()))
    return table.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _jsonl(given: Iterable[Feedback]) -> str:
    return "".join(json.dumps(_values(each), ensure_ascii=False) + "\n" for each in given)


FORMS: dict[str, Callable[[Iterable[Feedback]], str]] = {"csv": _csv, "jsonl": _jsonl}
"""The forms in which all that is kept is written, a line each."""


def _values(feedback: Feedback) -> dict[str, object]:
    """The fields of feedback as JSON has them."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else list(value) if isinstance(value, tuple) else value
        for name, value in asdict(feedback).items()
    }


def _write_lines(path: Path, entries: Iterable[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(each, ensure_ascii=False) + "\n" for each in entries)


@contextmanager
def _written(path: Path) -> Iterator[Path]:
    """A name beside a path, to write a file or folder to; it gets the path when the block ends without error.

    What a link leads to is written, not the link; and into a device or pipe, such as /dev/stdout.
    """
    is_file = path.is_file() or path.is_dir() or not path.exists()
    place = path.resolve() if is_file else path
    new = place.with_name(f".{place.name}.{secrets.token_hex(4)}.new") if is_file else place
    try:
        yield new
        if is_file:
            new.replace(place)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        if new.is_dir():
            shutil.rmtree(new)
        elif is_file:
            new.unlink(missing_ok=True)
