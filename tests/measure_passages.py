"""How large should a passage be? Measured on whole articles with questions whose answers' places are known.

    python tests/measure_passages.py FOLDER [WORDS ...]

FOLDER holds `articles.jsonl` (`_id`, `title`, `text`) and `questions.jsonl` (`text`, `doc_id`, `answers` with `text`
and `start`), as COVID-QA gives them. For each size, 100, 150 and 250 words unless others are named, it prints how often
an answer lies whole within one passage ("whole") and how often the first passage found holds one whole ("P@1").
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from layouts import WordingsBuilder

from qa.asking.question import read_question
from qa.model import Passage
from qa.readers.formats.plain import read_plain
from qa.readers.passages import passages
from qa.retrievers import OkapiRetriever


def main(folder: Path, sizes: list[int]) -> None:
    articles, questions = _lines(folder / "articles.jsonl"), _lines(folder / "questions.jsonl")
    documents = [read_plain(each["text"], path=Path(each["_id"]), document_id=each["_id"]) for each in articles]
    titles = {document.id: document.title for document in documents}
    answers = [
        (each["text"], each["doc_id"], [(a["start"], a["start"] + len(a["text"])) for a in each["answers"]])
        for each in questions
    ]
    print(f"{'words':>6} {'passages':>9} {'mean words':>11} {'whole':>7} {'P@1':>7}   of {len(answers):,} questions")
    for size in sizes:
        made = sorted((p for d in documents for p in passages(d, most_words=size)), key=lambda p: p.id)
        wordings = WordingsBuilder()
        retriever = OkapiRetriever.build((p.id, wordings.add(p, title=titles[p.document_id])) for p in made)
        by_id = {p.id: p for p in made}
        whole = first = 0
        for text, document_id, spans in answers:
            whole += any(_holds(p, document_id, spans) for p in made if p.document_id == document_id)
            found = retriever.search(read_question(text), limit=1)
            first += bool(found) and _holds(by_id[found[0].passage_id], document_id, spans)
        mean = sum(len(p.text.split()) for p in made) / len(made)
        print(f"{size:>6} {len(made):>9,} {mean:>11.0f} {whole / len(answers):>7.3f} {first / len(answers):>7.3f}")


def _holds(passage: Passage, document_id: str, spans: list[tuple[int, int]]) -> bool:
    return passage.document_id == document_id and any(passage.start <= a and b <= passage.end for a, b in spans)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), [int(size) for size in sys.argv[2:]] or [100, 150, 250])
