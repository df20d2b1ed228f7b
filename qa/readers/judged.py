"""Judged questions in BEIR's form: a folder with `queries.jsonl`, `qrels/test.tsv` and, mostly, `corpus.jsonl`."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from qa.errors import JudgedQuestionsError, SourceNotFoundError
from qa.model import Block, Document, Section
from qa.readers.formats.decoding import decode

__all__ = ["JudgedQuestions", "read_judged", "read_lines", "read_run", "write_run"]

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedQuestions:
    """Questions with the grades that people gave to passages: `qrels[question id][passage id]`, above 0 if right.

    Each entry of the corpus is a document of one passage, whose id it has; `documents` is None where there is no
    corpus, and the questions are about a library, by the ids of its passages or documents. Only questions that have a
    right passage are kept. `history` has what the person asked before a question, oldest first.
    """

    name: str
    documents: tuple[Document, ...] | None
    questions: dict[str, str]
    history: dict[str, tuple[str, ...]]
    qrels: dict[str, dict[str, int]]


def read_judged(folder: Path) -> JudgedQuestions:
    """The judged questions that a folder holds.

    Raises:
        SourceNotFoundError: where a file is missing.
        JudgedQuestionsError: for a line that is not of the form, or a set without a judged question.
    """
    corpus = folder / "corpus.jsonl"
    documents = tuple(_jsonl(corpus, _document)) if corpus.exists() else None
    asked = {question_id: (text, history) for question_id, text, history in _jsonl(folder / "queries.jsonl", _question)}
    qrels: dict[str, dict[str, int]] = {}
    for question_id, passage_id, grade in _judgements(folder / "qrels" / "test.tsv"):
        if grade > 0 and question_id in asked:
            qrels.setdefault(question_id, {})[passage_id] = grade
    if not qrels:
        raise JudgedQuestionsError(folder, reason="no question of it has a right passage")
    kept = {question_id: each for question_id, each in asked.items() if question_id in qrels}
    return JudgedQuestions(
        name=folder.name,
        documents=documents,
        questions={question_id: text for question_id, (text, _) in kept.items()},
        history={question_id: history for question_id, (_, history) in kept.items()},
        qrels=qrels,
    )


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that are not blank, without white space around them."""
    return [line.strip() for line in _text(path).splitlines() if line.strip()]


def read_run(path: Path) -> dict[str, list[str]]:
    """A run in TREC's form (`question Q0 passage rank score name`): for each question the passages, best first."""
    ranked: dict[str, list[tuple[float, str]]] = {}
    for number, line in enumerate(read_lines(path), start=1):
        try:
            question_id, _, passage_id, _, score, *_ = line.split()
            ranked.setdefault(question_id, []).append((-float(score), passage_id))
        except ValueError:
            raise JudgedQuestionsError(
                path, reason=f"line {number} is not 'question Q0 passage rank score name'"
            ) from None
    return {
        question_id: [passage for _, passage in sorted(found, key=lambda each: each[0])]
        for question_id, found in ranked.items()
    }


def write_run(path: Path, ranking: Mapping[str, Sequence[str]]) -> None:
    """Write a ranking in TREC's form, whose ids are without white space; its scores are falling whole numbers."""
    lines = [
        f"{question_id} Q0 {passage_id} {rank} {-rank} pincite\n"
        for question_id, passages in ranking.items()
        for rank, passage_id in enumerate(passages, start=1)
    ]
    path.write_text("".join(lines), "utf-8")


def _text(path: Path) -> str:
    try:
        return decode(path.read_bytes(), path)
    except (FileNotFoundError, NotADirectoryError):
        raise SourceNotFoundError(path) from None


def _jsonl(path: Path, make: Callable[[dict[str, Any]], _Made]) -> Iterator[_Made]:
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if line.strip():
            try:
                made = make(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise JudgedQuestionsError(path, reason=f"line {number} is not of the form ({error!r})") from None
            yield made


def _document(entry: dict[str, Any]) -> Document:
    text = str(entry["text"])
    body = (Section(path=(), start=0, end=len(text), blocks=(Block(kind="paragraph", start=0, end=len(text)),)),)
    return Document(id=str(entry["_id"]), title=str(entry.get("title") or ""), text=text, source="", sections=body)


def _question(entry: dict[str, Any]) -> tuple[str, str, tuple[str, ...]]:
    """A question's id, its text, and what was said before it.

    A turn is its text, or an object of that and of the "role" of who said it: only the person's own count, as a person
    who asks has nothing else to send. Where the whole conversation is given, it is read up to the question.
    """
    question, history = str(entry["text"]), entry.get("history") or ()
    if not isinstance(history, list | tuple):
        raise TypeError("history is not a list")
    said = [("user", turn) if isinstance(turn, str) else (turn["role"], turn["text"]) for turn in history]
    asked = [str(text) for role, text in said if role == "user"]
    before = asked.index(question) if question in asked else len(asked)
    return str(entry["_id"]), question, tuple(asked[:before])


def _judgements(path: Path) -> Iterator[tuple[str, str, int]]:
    for number, row in enumerate(csv.reader(_text(path).splitlines(), delimiter="\t"), start=1):
        if number == 1 and row[-1:] == ["score"]:
            continue
        try:
            question_id, *_, passage_id, grade = row
            yield question_id, passage_id, int(grade)
        except ValueError:
            raise JudgedQuestionsError(path, reason=f"line {number} is not 'question, passage, grade'") from None
