"""The decision: whether the first passage answers or may answer, which of its sentences does, and the reason if not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from qa.answering.outlining import NEAREST, Outline, find_outline
from qa.asking.leaning import FURTHEST
from qa.asking.question import read_question
from qa.citations.citing import cite
from qa.library import Snapshot
from qa.model import (
    Answer,
    Candidate,
    CitedPassage,
    Document,
    Hit,
    Interpretation,
    Outcome,
    Passage,
    Query,
    Reading,
    Reason,
    Span,
)
from qa.ranking.confidence import by_weights, confidence, grounds, is_sure, telling
from qa.ranking.editions import asked_year, by_edition
from qa.ranking.evidence import Asked, Ranked, WeighedWord, decisive, missing, rank, read_query
from qa.ranking.highlighting import Sought, highlight, lacks_what_is_asked_for, sought
from qa.ranking.nearness import by_meaning
from qa.ranking.pointers import behind_what_they_name
from qa.retrievers import TermScore
from qa.text.analysis import as_they_stand, fold, terms

__all__ = [
    "CANDIDATES",
    "Explanation",
    "cited_passage",
    "decide",
    "explain",
    "hits",
    "least_to_answer",
    "outcome_of",
    "search",
    "understood",
    "with_figures",
]

CANDIDATES = 50
"""How many of the retriever's passages are ranked by their evidence."""

NEAR_CANDIDATES = 20
"""How many of the passages that are nearest in meaning join them, in a library in which these can be looked for."""

Scope = tuple[str, ...] | None
"""The ids of the only documents to ask; None for all."""

_WITHOUT_WORDS = 1.6
"""How many times the threshold the confidence must reach where the passage lacks a telling word of the question: "Can
children take it?" is not answered by "It is taken with food", though that is near to it in meaning. Chosen on people's
questions: half of the answers that it concerns were wrong."""

_WITHOUT_WHAT_IS_ASKED = 4.0
"""The same where no sentence has what is asked for, such as a price or a reason: at the usual threshold, never. Of the
questions of SQuAD that ask for a number, name, place or time, 2 of 138 right passages have none."""

_DOUBT_OF_FOLLOW_UP = 0.5  # share of the doubt that counts where a question goes on about what was shown
_NAMED_WORDS = 3  # of those that a passage lacks
_COMMON_HERE = 0.1  # share of the passages that hold a word from which on it is as good as everyday, unless it is rarer
_RARE_IN_ENGLISH = 0.6  # than this elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The numbers behind one hit.

    The scores of the terms add up to the retriever's score. The evidence of the hit, each number times its weight in
    `weights`, adds up to the hit's score. `nearest` is the sentence that is nearest to the question in meaning, if
    meaning was compared. `held` and `lacking` are the decisive words that the passage has and lacks. The `grounds` give
    the confidence; `surer` says how many times the threshold it must reach. If the question gets an outline, `parts` of
    the first hit is its number of parts, and the confidence is that of the outline.
    """

    hit: Hit
    document: Document
    terms: tuple[TermScore, ...]
    held: tuple[WeighedWord, ...]
    lacking: tuple[WeighedWord, ...]
    grounds: Mapping[str, float]
    confidence: float
    weights: Mapping[str, float]
    surer: float = 1.0
    nearest: Span | None = None
    parts: int = 0


def understood(
    question: str, history: Sequence[str], snapshot: Snapshot, *, scope: Scope = None
) -> tuple[Query, Asked]:
    """A question, as a query for the search and as what passages are compared with.

    If it continues with what was shown last, the question before it is asked again, and passages near its first one are
    preferred. `scope` has the ids of the only documents to ask.

    Raises:
        UnknownDocumentError: if one of them is not there.
    """
    query = read_question(question, history=history, correct=snapshot.correct, concepts=snapshot.index.concepts)
    year = asked_year(query)
    if year is not None and snapshot.has_documents_of(year):
        # It says which edition is meant: a passage need not say so.
        told = str(year)
        words = tuple(word for word in query.words if word.text != told or snapshot.retriever.document_frequency(told))
        query = replace(query, words=words)
    else:
        year = None
    snapshot.retriever.document_frequencies(query.terms)  # at once: each will be asked for, and a cluster is far
    asked = replace(read_query(query, snapshot.retriever), year=year)
    if query.stays:
        asked = replace(asked, shown=_shown(history[-FURTHEST:], snapshot, scope), defined=())
    return query, asked


def _shown(history: Sequence[str], snapshot: Snapshot, scope: Scope) -> Mapping[str, float]:
    """How near each passage of its document stands to the first one for the latest of some questions, in 0..1."""

    def find() -> str:
        *earlier, latest = history
        first = search(*understood(latest, earlier, snapshot, scope=scope), snapshot, limit=1, scope=scope)
        return first[0].passage_id if first else ""

    shown = snapshot.shown_last(scope, history, find)
    return snapshot.nearness(shown) if shown else {}


def search(
    query: Query, asked: Asked, snapshot: Snapshot, *, limit: int = CANDIDATES, scope: Scope = None
) -> list[Ranked]:
    """The ranking: at most `limit` passages, best first. `scope` has the ids of the only documents to search.

    Raises:
        UnknownDocumentError: if one of them is not there.
    """
    ranked = _ranked(query, asked, snapshot, limit=max(limit, NEAREST), scope=scope)
    snapshot.bring([each.passage_id for each in ranked[:NEAREST]])
    firsts = {each.passage_id: snapshot.passage(each.passage_id) for each in ranked[:NEAREST]}
    documents = {each: snapshot.document(passage.document_id) for each, passage in firsts.items()}
    ranked = behind_what_they_name(ranked, [each for each in firsts if snapshot.points(each)])
    return by_edition(ranked, documents, year=asked.year)[:limit]


def _ranked(query: Query, asked: Asked, snapshot: Snapshot, *, limit: int, scope: Scope) -> list[Ranked]:
    """The ranking by words and by meaning."""
    within = None if scope is None else snapshot.passage_ids_in(scope)
    most = max(limit, CANDIDATES)
    candidates = snapshot.retriever.search(query, limit=most, within=within)
    by_words = rank(asked, candidates, snapshot.index.wordings, limit=most)
    meaning = snapshot.meaning if asked.words else None
    if meaning is None or not meaning.has_vectors:
        return by_words[:limit]
    sure = by_weights(_grounds(asked, by_words, snapshot)) if by_words else 0.0
    if is_sure(sure, by_words):
        return by_words[:limit]
    question = meaning.of_question(query.text, query.asked)
    found = {each.passage_id for each in by_words}  # not those that only an earlier question's words have found
    nearest = [each for each in meaning.nearest(question, limit=NEAR_CANDIDATES, within=within) if each not in found]
    if nearest:
        best = max((each.score for each in candidates), default=None)
        joining = _scored(query, nearest, snapshot)
        wordings, near_ids = snapshot.index.wordings, frozenset(nearest)
        by_words += rank(asked, joining, wordings, limit=len(joining), near=near_ids, best=best)
    near = meaning.near(question, [each.passage_id for each in by_words])
    return by_meaning(by_words, near, doubt=(1 - sure) * (_DOUBT_OF_FOLLOW_UP if asked.shown else 1), limit=limit)


def _scored(query: Query, passage_ids: Sequence[str], snapshot: Snapshot) -> list[Candidate]:
    """Passages with the retriever's score, which is 0 where they hold no term of the query."""
    found = snapshot.retriever.search(query, limit=len(passage_ids), within=passage_ids)
    scores = {each.passage_id: each.score for each in found}
    return [Candidate(each, scores.get(each, 0.0)) for each in passage_ids]


def hits(ranked: Sequence[Ranked], snapshot: Snapshot) -> list[Hit]:
    """The ranked passages as hits, with their passages from the library."""
    snapshot.bring([each.passage_id for each in ranked])
    return [
        Hit(passage=snapshot.passage(each.passage_id), rank=rank, score=each.score, evidence=each.evidence)
        for rank, each in enumerate(ranked, start=1)
    ]


def least_to_answer(*, threshold: float, possible_threshold: float, surer: float) -> float:
    """The least confidence that answers: so many times the threshold, 1 at most. The threshold itself, where there are
    no possible answers.

    >>> least_to_answer(threshold=0.25, possible_threshold=0.1, surer=1.6)
    0.4
    """
    return min(1.0, surer * threshold) if possible_threshold < threshold else threshold


def outcome_of(confidence: float, *, threshold: float, possible_threshold: float, surer: float = 1.0) -> Outcome:
    """The outcome for a confidence. A threshold itself counts as reached. All are in 0..1; the second threshold is no
    higher. `surer` is that of `least_to_answer`.

    >>> [outcome_of(each, threshold=0.3, possible_threshold=0.1) for each in (0.3, 0.1, 0.0)]
    ['answered', 'possible', 'nothing_found']
    >>> [outcome_of(each, threshold=0.25, possible_threshold=0.1, surer=1.6) for each in (0.4, 0.3)]
    ['answered', 'possible']
    """
    if confidence >= least_to_answer(threshold=threshold, possible_threshold=possible_threshold, surer=surer):
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
    """The answer to a question from its ranked passages: the first passage if it answers or may answer, else none.

    It answers if the confidence reaches the threshold, or a multiple of it where the passage lacks what the question is
    about. It may answer if the confidence reaches the possible threshold. A question that names a whole document or
    section gets an outline. `limit` is the number of further passages.
    """
    wholes = as_they_stand(question)
    unknown = _told(telling(missing(query, snapshot.retriever), snapshot.index.speller.english), wholes)
    sure = confidence(_grounds(asked, ranked, snapshot)) if ranked else 0.0
    outline = find_outline(query, asked, hits(ranked[:NEAREST], snapshot), snapshot)
    parts = outline.passages if outline and outline.coverage >= possible_threshold else ()
    if outline and parts:
        sure = outline.coverage
    question_sought = sought(query, asked)
    surer = 1.0 if parts or not ranked or sure < threshold else _surer(asked, question_sought, ranked[0], snapshot)
    outcome = outcome_of(sure, threshold=threshold, possible_threshold=possible_threshold, surer=surer)
    if not ranked:
        outcome = "nothing_found"
    in_outline = {part.id for part in parts}
    others = [each.passage_id for each in ranked if each.passage_id not in in_outline]
    is_first = outcome != "nothing_found" and not parts  # whether the first of the others is the answer
    meaning = (query.text, query.asked) if ranked and ranked[0].meaning else ()
    snapshot.bring(others[: limit + is_first])
    cited = [
        cited_passage(snapshot.passage(each), snapshot, question_sought, meaning=meaning)
        for each in others[: limit + is_first]
    ]
    if is_first:
        cited[0] = with_figures(cited[0], snapshot)
    cited_parts = tuple(with_figures(cited_passage(part, snapshot), snapshot) for part in parts)
    return Answer(
        question=question,
        outcome=outcome,
        best=cited[0] if is_first else cited_parts[0] if parts else None,
        confidence=round(sure, 4),
        why=_reason(outcome, asked, unknown, wholes, ranked, snapshot, is_outline=bool(parts)),
        alternatives=tuple(cited[is_first:]),
        interpretation=Interpretation(
            corrected=query.corrected,
            expanded=_telling(query.expanded, ranked[0], snapshot) if ranked else (),
            carried_over=query.carried_over,
            missing=unknown,
        ),
        outline=cited_parts,
    )


def _surer(asked: Asked, question: Sought, first: Ranked, snapshot: Snapshot) -> float:
    """How many times the threshold the confidence in the first passage must reach."""
    if lacks_what_is_asked_for(snapshot.sentence_terms(first.passage_id), question):
        return _WITHOUT_WHAT_IS_ASKED
    return _WITHOUT_WORDS if _lacking(decisive(asked.words), {}, first, snapshot) else 1.0


def _grounds(asked: Asked, ranked: Sequence[Ranked], snapshot: Snapshot) -> dict[str, float]:
    return grounds(asked, ranked, snapshot.index.wordings, snapshot.retriever, snapshot.index.speller.english)


def explain(
    query: Query, asked: Asked, ranked: Sequence[Ranked], snapshot: Snapshot, *, limit: int
) -> list[Explanation]:
    """Every number behind the first `limit` passages of a ranking."""
    found = hits(ranked[: max(limit, NEAREST)], snapshot)
    outline = find_outline(query, asked, found[:NEAREST], snapshot)
    return [
        _explanation(query, asked, hit, ranked[hit.rank - 1 :], snapshot, outline if hit.rank == 1 else None)
        for hit in found[:limit]
    ]


def _explanation(
    query: Query, asked: Asked, hit: Hit, ranked: Sequence[Ranked], snapshot: Snapshot, outline: Outline | None
) -> Explanation:
    held, lacking = _split(decisive(asked.words), ranked[0], snapshot)
    found = _grounds(asked, ranked, snapshot)
    return Explanation(
        hit=hit,
        document=snapshot.document(hit.passage.document_id),
        terms=tuple(snapshot.retriever.explain(query, hit.passage.id)),
        held=held,
        lacking=lacking,
        grounds={} if outline else found,
        confidence=outline.coverage if outline else confidence(found),
        weights=ranked[0].weights,
        surer=1.0 if outline else _surer(asked, sought(query, asked), ranked[0], snapshot),
        nearest=None if ranked[0].nearest is None else hit.passage.sentences[ranked[0].nearest],
        parts=len(outline.passages) if outline else 0,
    )


def cited_passage(
    passage: Passage, snapshot: Snapshot, question: Sought | None = None, *, meaning: Sequence[str] = ()
) -> CitedPassage:
    """A passage with its citation and, given a question, the sentence that answers it best: by its words and, given
    what is encoded of the question, by its meaning too."""
    found = None
    if question:
        near: Sequence[float] = ()
        if meaning and snapshot.meaning is not None:
            near = snapshot.meaning.sentences(snapshot.meaning.of_question(*meaning), passage.id)
        found = highlight(passage, snapshot.sentence_terms(passage.id), question, near)
    return CitedPassage(
        passage=passage,
        highlights=(found,) if found else (),
        citation=snapshot.citation(passage, found, cite),
    )


def with_figures(cited: CitedPassage, snapshot: Snapshot) -> CitedPassage:
    """A cited passage with the numbers in it. Further passages are given without."""
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


def _told(words: Iterable[str], wholes: Mapping[str, str]) -> tuple[str, ...]:
    """Words of the question as they are told to a person: one that is a part of another as the whole."""
    return tuple(dict.fromkeys(wholes.get(word, word) for word in words))


def _reason(
    outcome: Outcome,
    asked: Asked,
    unknown: Sequence[str],
    wholes: Mapping[str, str],
    ranked: Sequence[Ranked],
    snapshot: Snapshot,
    *,
    is_outline: bool,
) -> Reason | None:
    """Why there is no answer, or what a possible answer lacks. None if nothing is lacking.

    `unknown` are the words that no passage has. For a possible answer they are reported elsewhere.
    """
    if outcome == "nothing_found":
        return _why_nothing(asked, unknown, wholes, ranked, snapshot)
    if outcome == "answered" or is_outline:
        return None
    lacking = _lacking(decisive(asked.words), wholes, ranked[0], snapshot, but=unknown)
    return Reason("lacking_words", lacking) if lacking else None


def _why_nothing(
    asked: Asked, unknown: Sequence[str], wholes: Mapping[str, str], ranked: Sequence[Ranked], snapshot: Snapshot
) -> Reason:
    words = asked.words
    if not snapshot.retriever.passage_count:
        return Reason("no_documents")
    if not words:
        return Reason("no_subject")
    if unknown:
        return Reason("unknown_words", tuple(unknown))
    if not ranked:
        return Reason("no_passage")
    if not _split(words, ranked[0], snapshot)[1]:
        return Reason("too_unsure")
    return Reason("too_little", _lacking(words, wholes, ranked[0], snapshot))


def _lacking(
    words: Sequence[WeighedWord],
    wholes: Mapping[str, str],
    ranked: Ranked,
    snapshot: Snapshot,
    *,
    but: Sequence[str] = (),
) -> tuple[str, ...]:
    """The rarest words that a passage lacks, with its headings and title, as they stand in the question. Everyday words
    are not worth naming: an answer can do without them. So are "drug" and "treatment" where every other passage has
    them."""
    _, lacking = _split(words, ranked, snapshot)
    english = snapshot.index.speller.english
    retriever = snapshot.retriever
    common = max(_COMMON_HERE * retriever.passage_count, _NAMED_WORDS)

    def is_everyday(word: WeighedWord) -> bool:
        held_by = max(map(retriever.document_frequency, word.terms), default=0)
        return held_by >= common and not word.is_name and english.weight(fold(word.text)) < _RARE_IN_ENGLISH

    rarest = [word.text for word in sorted(lacking, key=lambda word: -word.rarity) if not is_everyday(word)]
    named = [word for word in _told(rarest, wholes) if word not in but]
    return tuple(telling(named, english)[:_NAMED_WORDS])
