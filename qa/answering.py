"""The decision: whether the first passage answers, which sentence of it does, and how to say that none does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qa.citing import cite
from qa.evidence import Asked, WeighedWord, coverage, decisive, missing, rank, referred
from qa.highlighting import Sought, highlight, sought
from qa.library import Snapshot
from qa.model import Answer, CitedPassage, Document, Hit, Interpretation, Passage, Query
from qa.outlining import Outline, find_outline
from qa.retrievers import TermScore

__all__ = ["CANDIDATES", "Explanation", "cited_passage", "decide", "explain", "search"]

CANDIDATES = 50
"""How many of the retriever's passages are ranked by their evidence."""

_NAMED_WORDS = 3  # of those that the nearest passage lacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The numbers behind one hit.

    The terms' scores add up to the retriever's; the hit's evidence, each times its weight in `WEIGHTS`, adds up to its
    score; `held` and `lacking` are the decisive words. Where the question gets an outline, the first
    hit's `parts` is how many that has, and its confidence is in the outline.
    """

    hit: Hit
    document: Document
    terms: tuple[TermScore, ...]
    held: tuple[WeighedWord, ...]
    lacking: tuple[WeighedWord, ...]
    confidence: float
    parts: int = 0


def search(query: Query, asked: Asked, snapshot: Snapshot, *, limit: int, document: str | None = None) -> list[Hit]:
    """The ranking: at most `limit` hits, best first; of the document with this id alone, where one is given.

    Raises:
        UnknownDocumentError: where the document is not there.
    """
    within = None if document is None else snapshot.passage_ids_of(document)
    candidates = snapshot.retriever.search(query, limit=max(limit, CANDIDATES), within=within)
    found = [(snapshot.passage(each), snapshot.passage_terms(each), score) for each, score in candidates]
    return rank(asked, found, snapshot.retriever, limit=limit)


def decide(
    question: str,
    query: Query,
    asked: Asked,
    hits: Sequence[Hit],
    snapshot: Snapshot,
    *,
    threshold: float,
    limit: int,
) -> Answer:
    """The answer to a question from its ranked passages: the first if it covers enough of the question, else none.

    A question that names a whole document or section is answered with its outline. `limit` is how many further
    passages are listed.
    """
    words = asked.words
    unknown = missing(query, snapshot.retriever)
    confidence = _confidence(words, hits[0].passage, snapshot) if hits else 0.0
    outline = find_outline(query, asked, hits, snapshot)
    parts = outline.passages if outline and outline.coverage >= threshold else ()
    if outline and parts:
        confidence = outline.coverage
    answered = bool(hits) and confidence >= threshold
    in_outline = {part.id for part in parts}
    others = [hit.passage for hit in hits if hit.passage.id not in in_outline]
    is_first = answered and not parts  # whether the first of the others is the answer
    question_sought = sought(query, asked)
    cited = [cited_passage(passage, snapshot, question_sought) for passage in others[: limit + is_first]]
    cited_parts = tuple(cited_passage(part, snapshot) for part in parts)
    return Answer(
        question=question,
        best=cited[0] if is_first else cited_parts[0] if parts else None,
        confidence=round(confidence, 4),
        reason=None if answered else _reason(words, unknown, hits, snapshot),
        alternatives=tuple(cited[is_first:]),
        interpretation=Interpretation(
            corrected=query.corrected, expanded=query.expanded, carried_over=query.carried_over, missing=unknown
        ),
        outline=cited_parts,
    )


def _confidence(words: Sequence[WeighedWord], passage: Passage, snapshot: Snapshot) -> float:
    """The share of the decisive words that a passage holds, by rarity; no more than twice that of those referred to.

    So an answer to "What are its side effects?" speaks of side effects, and of what "it" is: a passage that holds half
    of the words of one earlier turn, or as much of several, may be sure.
    """
    held = snapshot.passage_terms(passage.id).all
    own, subject = coverage(decisive(words), held), referred(words)
    said = sum(word.weight for word in subject)  # about 2 for each turn, shared by its words
    return min(own, max(2.0, said) * coverage(subject, held)) if subject else own


def explain(query: Query, asked: Asked, hits: Sequence[Hit], snapshot: Snapshot, *, limit: int) -> list[Explanation]:
    """Every number behind the first `limit` of the ranked hits."""
    outline = find_outline(query, asked, hits, snapshot)
    return [_explanation(query, asked, hit, snapshot, outline if hit.rank == 1 else None) for hit in hits[:limit]]


def _explanation(query: Query, asked: Asked, hit: Hit, snapshot: Snapshot, outline: Outline | None) -> Explanation:
    held, lacking = _split(decisive(asked.words), hit.passage, snapshot)
    return Explanation(
        hit=hit,
        document=snapshot.document(hit.passage.document_id),
        terms=tuple(snapshot.retriever.explain(query, hit.passage.id)),
        held=held,
        lacking=lacking,
        confidence=outline.coverage if outline else _confidence(asked.words, hit.passage, snapshot),
        parts=len(outline.passages) if outline else 0,
    )


def cited_passage(passage: Passage, snapshot: Snapshot, question: Sought | None = None) -> CitedPassage:
    """A passage with its citation and, given a question, the sentence that answers it best."""
    found = highlight(passage, snapshot.sentence_terms(passage.id), question) if question else None
    return CitedPassage(
        passage=passage,
        highlights=(found,) if found else (),
        citation=cite(snapshot.document(passage.document_id), passage),
    )


def _split(
    words: Sequence[WeighedWord], passage: Passage, snapshot: Snapshot
) -> tuple[tuple[WeighedWord, ...], tuple[WeighedWord, ...]]:
    """The words that a passage holds, and those that it lacks."""
    terms = snapshot.passage_terms(passage.id).all
    return (
        tuple(word for word in words if not word.terms.isdisjoint(terms)),
        tuple(word for word in words if word.terms.isdisjoint(terms)),
    )


def _reason(words: Sequence[WeighedWord], unknown: Sequence[str], hits: Sequence[Hit], snapshot: Snapshot) -> str:
    """Why there is no answer, in a sentence for a person."""
    if not snapshot.retriever.passage_count:
        return "There are no documents to answer from."
    if not words:
        return "The question has no word to look for; name the subject that it is about."
    if unknown:
        return f"No passage mentions {_either(unknown)}."
    if not hits:
        return "No passage holds a word of the question."
    _, lacking = _split([*decisive(words), *referred(words)], hits[0].passage, snapshot)
    names = [word.text for word in sorted(lacking, key=lambda word: -word.rarity)[:_NAMED_WORDS]]
    return f"No passage holds enough of the question: the nearest one does not mention {_either(names)}."


def _either(names: Sequence[str]) -> str:
    quoted = [f"“{name}”" for name in dict.fromkeys(names)]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
