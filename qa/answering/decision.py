"""The decision: whether the first passage answers, or may, which sentence of it does, and how to say that none does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from qa.answering.outlining import NEAREST, Outline, find_outline
from qa.asking.leaning import FURTHEST
from qa.asking.question import read_question
from qa.citations.citing import cite
from qa.library import Snapshot
from qa.model import Answer, CitedPassage, Document, Hit, Interpretation, Outcome, Passage, Query, Reading
from qa.ranking.confidence import confidence, grounds
from qa.ranking.evidence import Asked, Ranked, WeighedWord, decisive, missing, rank, read_query
from qa.ranking.highlighting import Sought, highlight, sought
from qa.retrievers import TermScore
from qa.text.analysis import terms

__all__ = [
    "CANDIDATES",
    "Explanation",
    "cited_passage",
    "decide",
    "explain",
    "hits",
    "outcome_of",
    "search",
    "understood",
    "with_figures",
]

CANDIDATES = 50
"""How many of the retriever's passages are ranked by their evidence."""

_NAMED_WORDS = 3  # of those that a passage lacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The numbers behind one hit.

    The terms' scores add up to the retriever's; the hit's evidence, each times its weight in `WEIGHTS`, adds up to its
    score; `held` and `lacking` are the decisive words; the `grounds` give the confidence. Where the question gets an
    outline, the first hit's `parts` is how many that has, and its confidence is in the outline.
    """

    hit: Hit
    document: Document
    terms: tuple[TermScore, ...]
    held: tuple[WeighedWord, ...]
    lacking: tuple[WeighedWord, ...]
    grounds: Mapping[str, float]
    confidence: float
    parts: int = 0


def understood(
    question: str, history: Sequence[str], snapshot: Snapshot, *, document: str | None = None
) -> tuple[Query, Asked]:
    """A question as a library's passages are searched for it, and held against it.

    Where it goes on about what was shown last, the question before it is asked again, of the document with this id
    alone where one is given, and the passages beside its first one are preferred.

    Raises:
        UnknownDocumentError: where the document is not there.
    """
    query = read_question(question, history=history, correct=snapshot.correct, concepts=snapshot.index.concepts)
    asked = read_query(query, snapshot.retriever)
    if query.stays:
        asked = replace(asked, shown=_shown(history[-FURTHEST:], snapshot, document))
    return query, asked


def _shown(history: Sequence[str], snapshot: Snapshot, document: str | None) -> Mapping[str, float]:
    """How near each passage of its document stands to the first one for the latest of some questions, in 0..1."""

    def find() -> str:
        *earlier, latest = history
        first = search(*understood(latest, earlier, snapshot, document=document), snapshot, limit=1, document=document)
        return first[0].passage_id if first else ""

    shown = snapshot.shown_last(document, history, find)
    return snapshot.nearness(shown) if shown else {}


def search(
    query: Query, asked: Asked, snapshot: Snapshot, *, limit: int = CANDIDATES, document: str | None = None
) -> list[Ranked]:
    """The ranking: at most `limit` passages, best first; of the document with this id alone, where one is given.

    Raises:
        UnknownDocumentError: where the document is not there.
    """
    within = None if document is None else snapshot.passage_ids_of(document)
    candidates = snapshot.retriever.search(query, limit=max(limit, CANDIDATES), within=within)
    return rank(asked, candidates, snapshot.index.wordings, limit=limit)


def hits(ranked: Sequence[Ranked], snapshot: Snapshot) -> list[Hit]:
    """The first passages of a ranking, with what the library has of them."""
    return [
        Hit(passage=snapshot.passage(each.passage_id), rank=rank, score=each.score, evidence=each.evidence)
        for rank, each in enumerate(ranked, start=1)
    ]


def outcome_of(confidence: float, *, threshold: float, possible_threshold: float) -> Outcome:
    """What a confidence comes to; at a threshold it is reached. All are in 0..1, and the second threshold is no higher.

    >>> [outcome_of(each, threshold=0.3, possible_threshold=0.1) for each in (0.3, 0.1, 0.0)]
    ['answered', 'possible', 'nothing_found']
    """
    if confidence >= threshold:
        return "answered"
    return "possible" if confidence >= possible_threshold else "nothing_found"


def decide(
    question: str,
    query: Query,
    asked: Asked,
    ranked: Sequence[Ranked],
    snapshot: Snapshot,
    *,
    threshold: float,
    possible_threshold: float,
    limit: int,
) -> Answer:
    """The answer to a question from its ranked passages: the first if it answers or may answer, else none.

    It answers from the threshold of confidence on, and may answer from the possible threshold on. A question that names
    a whole document or section is answered with its outline. `limit` is how many further passages are listed.
    """
    unknown = missing(query, snapshot.retriever)
    sure = confidence(_grounds(asked, ranked[0], snapshot)) if ranked else 0.0
    outline = find_outline(query, asked, hits(ranked[:NEAREST], snapshot), snapshot)
    parts = outline.passages if outline and outline.coverage >= possible_threshold else ()
    if outline and parts:
        sure = outline.coverage
    outcome = outcome_of(sure, threshold=threshold, possible_threshold=possible_threshold)
    if not ranked:
        outcome = "nothing_found"
    in_outline = {part.id for part in parts}
    others = [each.passage_id for each in ranked if each.passage_id not in in_outline]
    is_first = outcome != "nothing_found" and not parts  # whether the first of the others is the answer
    question_sought = sought(query, asked)
    cited = [cited_passage(snapshot.passage(each), snapshot, question_sought) for each in others[: limit + is_first]]
    if is_first:
        cited[0] = with_figures(cited[0], snapshot)
    cited_parts = tuple(with_figures(cited_passage(part, snapshot), snapshot) for part in parts)
    return Answer(
        question=question,
        outcome=outcome,
        best=cited[0] if is_first else cited_parts[0] if parts else None,
        confidence=round(sure, 4),
        reason=_reason(outcome, asked, unknown, ranked, snapshot, is_outline=bool(parts)),
        alternatives=tuple(cited[is_first:]),
        interpretation=Interpretation(
            corrected=query.corrected,
            expanded=_telling(query.expanded, ranked[0], snapshot) if ranked else (),
            carried_over=query.carried_over,
            missing=unknown,
        ),
        outline=cited_parts,
    )


def _grounds(asked: Asked, first: Ranked, snapshot: Snapshot) -> dict[str, float]:
    return grounds(asked, first, snapshot.index.wordings, snapshot.retriever)


def explain(
    query: Query, asked: Asked, ranked: Sequence[Ranked], snapshot: Snapshot, *, limit: int
) -> list[Explanation]:
    """Every number behind the first `limit` passages of a ranking."""
    found = hits(ranked[: max(limit, NEAREST)], snapshot)
    outline = find_outline(query, asked, found[:NEAREST], snapshot)
    return [
        _explanation(query, asked, hit, each, snapshot, outline if hit.rank == 1 else None)
        for hit, each in zip(found[:limit], ranked, strict=False)
    ]


def _explanation(
    query: Query, asked: Asked, hit: Hit, ranked: Ranked, snapshot: Snapshot, outline: Outline | None
) -> Explanation:
    held, lacking = _split(decisive(asked.words), ranked, snapshot)
    found = _grounds(asked, ranked, snapshot)
    return Explanation(
        hit=hit,
        document=snapshot.document(hit.passage.document_id),
        terms=tuple(snapshot.retriever.explain(query, hit.passage.id)),
        held=held,
        lacking=lacking,
        grounds={} if outline else found,
        confidence=outline.coverage if outline else confidence(found),
        parts=len(outline.passages) if outline else 0,
    )


def cited_passage(passage: Passage, snapshot: Snapshot, question: Sought | None = None) -> CitedPassage:
    """A passage with its citation and, given a question, the sentence that answers it best."""
    found = highlight(passage, snapshot.sentence_terms(passage.id), question) if question else None
    return CitedPassage(
        passage=passage,
        highlights=(found,) if found else (),
        citation=cite(snapshot.document(passage.document_id), passage, found),
    )


def with_figures(cited: CitedPassage, snapshot: Snapshot) -> CitedPassage:
    """A cited passage with the numbers that it gives: those of further passages are not offered."""
    return replace(cited, figures=snapshot.figures(cited.passage.id))


def _split(
    words: Sequence[WeighedWord], ranked: Ranked, snapshot: Snapshot
) -> tuple[tuple[WeighedWord, ...], tuple[WeighedWord, ...]]:
    """The words that a passage holds, and those that it lacks."""
    held = snapshot.index.wordings.holds(ranked.passage_id, [term for word in words for term in word.terms])
    return (
        tuple(word for word in words if not word.terms.isdisjoint(held)),
        tuple(word for word in words if word.terms.isdisjoint(held)),
    )


def _telling(expanded: Sequence[Reading], first: Ranked, snapshot: Snapshot) -> tuple[Reading, ...]:
    """The other names that the first passage has in the place of what is written in the question."""

    if not expanded:
        return ()
    names = {name: frozenset(terms(name)) for each in expanded for name in each}
    held = snapshot.index.wordings.holds(first.passage_id, frozenset().union(*names.values()))
    return tuple(each for each in expanded if names[each.read] <= held and not names[each.written] <= held)


def _reason(
    outcome: Outcome,
    asked: Asked,
    unknown: Sequence[str],
    ranked: Sequence[Ranked],
    snapshot: Snapshot,
    *,
    is_outline: bool,
) -> str | None:
    """Why there is no answer, or what a possible one lacks, in a sentence for a person; None where nothing is lacking.

    `unknown` are the words that no passage holds: of a possible answer they are said elsewhere.
    """
    if outcome == "nothing_found":
        return _why_nothing(asked, unknown, ranked, snapshot)
    if outcome == "answered" or is_outline:
        return None
    lacking = _lacking(decisive(asked.words), ranked[0], snapshot, but=unknown)
    return f"The passage does not mention {_either(lacking)}." if lacking else None


def _why_nothing(asked: Asked, unknown: Sequence[str], ranked: Sequence[Ranked], snapshot: Snapshot) -> str:
    words = asked.words
    if not snapshot.retriever.passage_count:
        return "There are no documents to answer from."
    if not words:
        return "The question has no word to look for; name the subject that it is about."
    if unknown:
        return f"No passage mentions {_either(unknown)}."
    if not ranked:
        return "No passage holds a word of the question."
    lacking = _lacking(words, ranked[0], snapshot)
    if not lacking:
        return "No passage is sure enough to answer; the nearest one holds all words of the question."
    return f"No passage holds enough of the question: the nearest one does not mention {_either(lacking)}."


def _lacking(words: Sequence[WeighedWord], ranked: Ranked, snapshot: Snapshot, *, but: Sequence[str] = ()) -> list[str]:
    """The rarest words that a passage lacks, with its headings and title, as they stand in the question."""
    _, lacking = _split([word for word in words if word.text not in but], ranked, snapshot)
    return [word.text for word in sorted(lacking, key=lambda word: -word.rarity)[:_NAMED_WORDS]]


def _either(names: Sequence[str]) -> str:
    quoted = [f"“{name}”" for name in dict.fromkeys(names)]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
