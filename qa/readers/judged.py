"""Judged questions in BEIR's form: a folder with `queries.jsonl`, `qrels/test.tsv` and, mostly, `corpus.jsonl`."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

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
    right passage are kept. `history` has what the person said before a question, oldest first: no answers, and nothing
    that was said later.
    """

    name: str
    documents: tuple[Document, ...] | None
    questions: dict[str, str]
    history: dict[str, tuple[str, ...]]
    qrels: dict[str, dict[str, int]]


class _Turn(NamedTuple):
    """What was said before a question, and who said it, where that is told."""

    text: str
    role: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """A line of `queries.jsonl`; `turn` orders the questions of one `conversation`, which may be empty."""

    id: str
    text: str
    history: tuple[_Turn, ...]
    conversation: str
    turn: int


def read_judged(folder: Path) -> JudgedQuestions:
    """The judged questions that a folder holds.

    Raises:
        SourceNotFoundError: where a file is missing.
        JudgedQuestionsError: for a line that is not of the form, or a set without a judged question.
    """
    corpus = folder / "corpus.jsonl"
    documents = tuple(_jsonl(corpus, _document)) if corpus.exists() else None
    asked = {each.id: each for each in _jsonl(folder / "queries.jsonl", _question)}
    qrels: dict[str, dict[str, int]] = {}
    for question_id, passage_id, grade in _judgements(folder / "qrels" / "test.tsv"):
        if grade > 0 and question_id in asked:
            qrels.setdefault(question_id, {})[passage_id] = grade
    if not qrels:
        raise JudgedQuestionsError(folder, reason="no question of it has a right passage")
    kept = {question_id: each for question_id, each in asked.items() if question_id in qrels}
    first_turns: dict[str, dict[str, int]] = {}
    for each in asked.values():
        if each.conversation:
            turns = first_turns.setdefault(each.conversation, {})
            turns[each.text] = min(each.turn, turns.get(each.text, each.turn))
    return JudgedQuestions(
        name=folder.name,
        documents=documents,
        questions={question_id: each.text for question_id, each in kept.items()},
        history={
            question_id: _said_before(each, first_turns.get(each.conversation) or {each.text: each.turn})
            for question_id, each in kept.items()
        },
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


def _question(entry: dict[str, Any]) -> _Question:
    history = entry.get("history") or ()
    if not isinstance(history, list | tuple):
        raise TypeError("history is not a list")
    conversation, turn = entry.get("conversation"), entry.get("turn")
    if conversation is None or turn is None:
        conversation, turn = "", 0
    if not isinstance(turn, int):
        raise TypeError("turn is not a whole number")
    return _Question(
        id=str(entry["_id"]),
        text=str(entry["text"]),
        history=tuple(map(_turn, history)),
        conversation=str(conversation),
        turn=turn,
    )


def _turn(turn: Any) -> _Turn:
    return _Turn(turn, None) if isinstance(turn, str) else _Turn(str(turn["text"]), str(turn["role"]))


def _said_before(question: _Question, first_turns: Mapping[str, int]) -> tuple[str, ...]:
    """What the person said before a question: a person who asks has nothing else to send.

    `first_turns` has the questions of its conversation, by their text. Where a history has the whole conversation, it
    is read up to the question, or a later one. What has a role other than "user" is left out. Where turns have no roles
    and a conversation is named, so is what stands right behind an earlier question of it: that is the answer.
    """
    said: list[str] = []
    is_behind_question = False
    for text, role in question.history:
        is_own = role in (None, "user")
        asked_at = first_turns.get(text) if is_own else None
        if asked_at is not None and asked_at >= question.turn:
            break
        if is_own and not (is_behind_question and role is None and asked_at is None):
            said.append(text)
        is_behind_question = asked_at is not None
    return tuple(said)


def _judgements(path: Path) -> Iterator[tuple[str, str, int]]:
    for number, row in enumerate(csv.reader(_text(path).splitlines(), delimiter="\t"), start=1):
        if number == 1 and row[-1:] == ["score"]:
            continue
        try:
            question_id, *_, passage_id, grade = row
            yield question_id, passage_id, int(grade)
        except ValueError:
            raise JudgedQuestionsError(path, reason=f"line {number} is not 'question, passage, grade'") from None
