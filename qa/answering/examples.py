"""Questions to begin with: real ones, whose answer is a marked sentence of which the library is sure.

A sentence that says what something is, or how much it is, is turned into the question that it answers. The question is
then asked, and kept if that very sentence is marked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from qa.library import Snapshot
from qa.model import Answer, Document, Passage
from qa.text.analysis import terms
from qa.text.lexicon import STOP_WORDS

__all__ = ["choose_examples", "question_of"]

_LOOKED_AT = 24  # documents, from all over the library
_PASSAGES = 40  # of a document, from its beginning
_ASKED = 3  # questions of a document that are made of sentences, and as many that are titles and headings
_SURE = 0.6  # least confidence
_SHORTEST, _LONGEST = 2, 60  # terms and characters of what a question asks about

_AMOUNT = re.compile(r"The (?P<what>[^,;:()\[\]]{3,80}?) (?P<verb>was|is|were|are) (?:about |only |approximately )?\d")
_DEFINITION = re.compile(r"(?P<what>[A-Z][\w-]*(?: [\w-]+){0,3}) (?P<verb>is|are) (?:an?|the) \w")
_OWN_CLAUSE = re.compile(r"\b(?:that|which|who|whose|where|when|if|and|but|this|these|it|its|their|there)\b", re.I)
_UNCLEAR = frozenset(
    ["a", "an", "another", "both", "each", "he", "here", "one", "our", "she", "some", "such", "they", "we"]
)


def choose_examples(snapshot: Snapshot, ask: Callable[[str], Answer], *, limit: int) -> list[str]:
    """At most `limit` questions, each answered from another document, of documents that stand far from one another."""
    ids = snapshot.documents_from_all_over(_LOOKED_AT)
    reach = -(-len(ids) // max(1, limit))
    parts = [ids[start : start + reach] for start in range(0, len(ids), max(1, reach))]
    found = [_example(part, snapshot, ask) for part in parts]
    return list(dict.fromkeys(each for each in found if each is not None))[:limit]


def _example(document_ids: Sequence[str], snapshot: Snapshot, ask: Callable[[str], Answer]) -> str | None:
    """The first question that the first of these documents answers surely."""
    for document_id in document_ids:
        document, passages = snapshot.document(document_id), snapshot.passages_of(document_id)[:_PASSAGES]
        for question, sentence in _candidates(document, passages):
            if _is_marked(ask(question), document, sentence):
                return question
    return None


def question_of(sentence: str, text: str) -> str | None:
    """The question that a sentence of a text answers by what it says something is. None if that is not clear.

    >>> question_of("The median response in MM-9 was 11 months.", "")
    'What was the median response in MM-9?'
    >>> question_of("Sand eels are a small fish of the shore.", "They eat sand eels.")
    'What are sand eels?'
    """
    amount = _AMOUNT.match(sentence)
    if amount and _is_clear(amount["what"]) and len(terms(amount["what"])) > _SHORTEST:
        return f"What {amount['verb']} the {amount['what']}?"
    definition = _DEFINITION.match(sentence)
    if definition and _is_clear(definition["what"]):
        what = definition["what"]
        small = what[0].lower() + what[1:]
        is_common = re.search(rf"\b{re.escape(small.split()[0])}\b", text) is not None
        return f"What {definition['verb']} {small if is_common else what}?"
    return None


def _is_clear(what: str) -> bool:
    """Whether words name something by themselves."""
    first = what.split()[0].lower()
    has_own_clause = _OWN_CLAUSE.search(what) is not None
    return not has_own_clause and len(what) <= _LONGEST and first not in STOP_WORDS and first not in _UNCLEAR


def _candidates(document: Document, passages: Sequence[Passage]) -> Iterator[tuple[str, str]]:
    """Questions that sentences of a document answer, each with the sentence; then its titles and headings that are
    questions."""
    sentences = (passage.text[start:end] for passage in passages for start, end in passage.sentences)
    asked = ((question_of(sentence, document.text), sentence) for sentence in sentences)
    yield from islice({question: sentence for question, sentence in asked if question}.items(), _ASKED)
    titles = dict.fromkeys((document.title, *(each.path[-1] for each in document.sections if each.path)))
    yield from ((title, "") for title in islice((each for each in titles if each.endswith("?")), _ASKED))


def _is_marked(answer: Answer, document: Document, sentence: str) -> bool:
    """Whether an answer is sure, and marks this sentence of a document, or any if none is given."""
    best = answer.best
    is_sure = answer.answered and answer.confidence >= _SURE
    if best is None or answer.outline or not is_sure or best.passage.document_id != document.id:
        return False
    return any(best.passage.text[start:end].startswith(sentence) for start, end in best.highlights)
