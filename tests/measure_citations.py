"""Does every citation hold? Counted over whole libraries, by the service's own answers and other programs' readers.

    python tests/measure_citations.py [--documents PATH...] [--judged FOLDER --sample N]

Without arguments it is the shipped corpus, of which every passage is looked at; `--documents` takes files and folders
in its place. `--judged` asks the questions of a folder in BEIR's form of its own passages, and looks at what the
answers cite. Of each citation it counts whether the quote is the slice of its document, whether it verifies, whether
its page has the passage and its mark, whether its permanent link leads there, whether its figures are marked, and
whether each export comes through rispy, bibtexparser, pybtex or citeproc. It ends with 1 where any does not, and
names the first.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pybtex.database
import rispy
from bibtexparser.entrypoint import parse_string
from citeproc.source.json import CiteProcJSON
from flask.testing import FlaskClient

from qa import Engine, Settings
from qa.readers import read_judged
from web import create_app

MARKED = re.compile(r"<mark[^>]*>(.*?)</mark>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")


class Looker:
    """Looks at citations, and counts what holds of them and what does not."""

    def __init__(self, engine: Engine) -> None:
        self.client: FlaskClient = create_app(engine).test_client()
        self.held: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.first: dict[str, str] = {}
        self._documents: dict[str, dict[str, Any]] = {}
        self._pages: dict[str, str] = {}

    def look_at(self, cited: dict[str, Any]) -> None:
        passage, citation = cited["passage"], cited["citation"]
        document = self._document(citation["document"]["id"])
        start, end, quote = citation["start"], citation["end"], citation["quote"]
        self._count("quote is the slice", document["text"][start:end] == quote == passage["text"], passage["id"])
        exact, place = citation["selectors"]
        self._count(
            "selectors name the same",
            (exact["exact"], place["start"], place["end"]) == (quote, start, end)
            and document["text"][:start].endswith(exact["prefix"])
            and document["text"][end:].startswith(exact["suffix"]),
            passage["id"],
        )
        verdict = self.client.post("/verify", json={"citations": [citation]}).get_json()["results"][0]["status"]
        self._count("verified", verdict == "verified", passage["id"])
        page = self._page(citation["href"])
        self._count("page has the passage", f'id="{html.escape(passage["id"])}"' in page, citation["href"])
        for first, last in passage["highlights"]:
            self._count("page marks the sentence", marked(page) == passage["text"][first:last], citation["href"])
        for figure in passage["figures"]:
            self._count("page marks the figure", marked(self._page(figure["href"])) == figure["text"], figure["href"])
        for marker in citation["markers"]:
            sentence = document["text"][slice(*marker["sentence"])]
            self._count("marker in its sentence", document["text"][marker["start"] : marker["end"]] in sentence, quote)
        led = self.client.get(citation["permalink"])
        self._count("permanent link leads there", led.location.endswith(f"#{passage['id']}"), citation["permalink"])
        for reader, suffix in ((ris, "ris"), (bibtex, "bib"), (csl, "csl.json")):
            text = self.client.get(f"/passages/{passage['id']}.{suffix}").text
            self._count(f"{suffix} is read", reader(text, quote), passage["id"])
        for style in ("ama", "vancouver", "apa"):
            text = self.client.get(f"/passages/{passage['id']}.txt", query_string={"style": style}).text
            self._count(
                f"{style} has the title", " ".join(document["title"].split()).rstrip(".") in text, passage["id"]
            )

    def _count(self, what: str, holds: bool, where: str) -> None:
        (self.held if holds else self.failed)[what] += 1
        if not holds:
            self.first.setdefault(what, where)

    def _document(self, document_id: str) -> dict[str, Any]:
        if document_id not in self._documents:
            found: dict[str, Any] = self.client.get(f"/documents/{document_id}.json").get_json()
            self._documents[document_id] = found
        return self._documents[document_id]

    def _page(self, href: str) -> str:
        return self.client.get(href.partition("#")[0]).text


def marked(page: str) -> str:
    """What a page marks of its text."""
    return html.unescape(TAG.sub("", "".join(MARKED.findall(page))))


def ris(text: str, quote: str) -> bool:
    (record,) = rispy.loads(text)
    return any(" ".join(quote.split()) in " ".join(note.split()) for note in record["notes"])


def bibtex(text: str, quote: str) -> bool:
    library = parse_string(text)
    return len(library.entries) == len(pybtex.database.parse_string(text, "bibtex").entries) == 1 and bool(quote)


def csl(text: str, quote: str) -> bool:
    items = json.loads(text)
    return len(CiteProcJSON(items)) == 1 and " ".join(quote.split()) in " ".join(items[0]["note"].split())


def answers(engine: Engine, questions: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The cited passages of the answers to questions."""
    client = create_app(engine).test_client()
    for question in questions:
        answer = client.post("/ask", json={"question": question, "limit": 1}).get_json()
        cited = [{"passage": answer["passage"], "citation": answer["citation"]}] if answer["answered"] else []
        yield from [*cited, *answer["outline"], *answer["alternatives"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", nargs="+", type=Path)
    parser.add_argument("--judged", type=Path)
    parser.add_argument("--sample", type=int, default=500)
    given = parser.parse_args()
    if given.judged:
        judged = read_judged(given.judged)
        engine = Engine.over(judged.documents or (), Settings())
        questions = list(judged.questions.values())
        questions = questions[:: max(1, len(questions) // given.sample)][: given.sample]
        cited = answers(engine, questions)
    elif given.documents:
        engine = Engine.create(Settings())
        engine.add(given.documents)
        cited = whole(engine)
    else:
        engine = Engine.open(Settings())
        cited = whole(engine)
    looker = Looker(engine)
    for each in cited:
        looker.look_at(each)
    for what in dict.fromkeys([*looker.held, *looker.failed]):
        line = f"{what:<28}{looker.held[what]:>8,} of {looker.held[what] + looker.failed[what]:,}"
        print(line + (f"  not: {looker.first[what]}" if looker.failed[what] else ""))
    sys.exit(1 if looker.failed else 0)


def whole(engine: Engine) -> Iterator[dict[str, Any]]:
    """Every passage of a library, cited; and those of an answer to each title and heading, which have highlights."""
    client = create_app(engine).test_client()
    questions = []
    for entry in engine.contents():
        for passage in engine.passages(entry.id):
            yield client.get(f"/passages/{passage.id}.json").get_json()
        questions += [entry.title, *(f"{p.section[-1]}: {entry.title}" for p in engine.passages(entry.id) if p.section)]
    yield from answers(engine, dict.fromkeys(question[:1000] for question in questions))


if __name__ == "__main__":
    main()
