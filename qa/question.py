"""A question to the query that a retriever is given.

A question that leans on earlier ones ("And the side effects?") takes their words over, at less weight, and names them.
"""

from __future__ import annotations

from collections.abc import Sequence

from qa.analysis import Word, fold, spoken, words
from qa.lexicon import DEFINING_OPENERS, FRAME_WORDS, LEANING_OPENERS, LEANING_WORDS, MORE_WORDS
from qa.model import Query, QueryWord

__all__ = ["read_question"]

TURN_WEIGHT = 1.5  # of all words of an earlier turn together, beside 1 for each word of the question's own
PART_WEIGHT = 2.0  # the same, where the question says little itself: "And the side effects?"
_MOST_TURNS = 50  # how far back a question can lean
_MOST_CARRIED = 32  # words taken over: those of the most weight
_LONGEST_TURN = 1000  # characters of a turn that are read
_FEW_WORDS = 2  # a question with more content words than these is a whole one


def read_question(question: str, *, history: Sequence[str] = ()) -> Query:
    """The query of a question: its own terms at weight 1 and, where it leans on earlier turns, theirs at less.

    A turn is whatever was said before: a question, and where a program passes them, a title or an answer. A question
    without content words gives a query without terms.
    """
    own = words(question)
    about = [QueryWord(text=word.text, terms=word.terms) for word in own if fold(word.text) not in FRAME_WORDS]
    said = spoken(question)
    is_named = any(not word.text[0].islower() and not question.startswith(word.text) for word in own)
    refers = _refers(said, is_named=is_named)
    is_part = _is_part(said, about, is_named=is_named)
    carried: list[QueryWord] = []
    if history and (refers or is_part):
        known = frozenset(term for word in own for term in word.terms)
        carried = [
            QueryWord(text=word.text, terms=word.terms, weight=weight, carried=True, referred=refers)
            for word, weight in _weights(history[-_MOST_TURNS:], PART_WEIGHT if is_part else TURN_WEIGHT)
            if known.isdisjoint(word.terms)
        ][:_MOST_CARRIED]
    terms = {term: word.weight for word in reversed(carried) for term in word.terms}
    return Query(
        terms=terms | {term: 1.0 for word in own for term in word.terms},
        words=(*dict.fromkeys(about), *carried),
        spoken=tuple(said),
        carried_over=tuple(dict.fromkeys(word.text for word in carried)),
    )


def _weights(history: Sequence[str], turn_weight: float) -> list[tuple[Word, float]]:
    """The words of earlier turns with their weights in 0..1, the heaviest first, of equals those of the latest turn.

    Each turn has the same say, shared by its words, so that a name weighs more than a word of a long answer; what
    several turns say adds up, so that their subject weighs more than what was said of it once.
    """
    weights: dict[tuple[str, ...], tuple[Word, float]] = {}
    for turn in reversed(history):
        said = dict.fromkeys(word for word in words(turn[:_LONGEST_TURN]) if fold(word.text) not in FRAME_WORDS)
        for word in said:
            first, weight = weights.get(word.terms, (word, 0.0))
            weights[word.terms] = first, min(1.0, weight + turn_weight / len(said))
    return sorted(weights.values(), key=lambda each: -each[1])


def _refers(said: Sequence[tuple[str, str | None]], *, is_named: bool) -> bool:
    """Whether a pronoun stands for something that the question does not say ("When was it approved?").

    A pronoun behind several content words stands for one of them, where the question names something: "When did
    Haydn write his last mass?"
    """
    before = 0
    for word, term in said:
        if word in LEANING_WORDS and (before <= 1 or not is_named):
            return True
        if word == "that" and not before:  # elsewhere it opens a clause: "the drug that"
            return True
        before += term is not None and word not in FRAME_WORDS
    return False


def _is_part(said: Sequence[tuple[str, str | None]], about: Sequence[QueryWord], *, is_named: bool) -> bool:
    """Whether a question says too little to be a whole one ("And in winter?", "What were the side effects?")."""
    asked = [word for word, _ in said]
    if _begins_with(asked, LEANING_OPENERS):
        return True
    first = next((number for number, (word, term) in enumerate(said) if term and word not in FRAME_WORDS), len(said))
    if not MORE_WORDS.isdisjoint(asked[:first]):
        return True
    # "What was the hazard ratio?" speaks of a known one; but "What is daratumumab?" stands alone.
    defines = "the" not in asked and _begins_with(asked, DEFINING_OPENERS)
    return 0 < len(about) <= _FEW_WORDS and not is_named and not defines


def _begins_with(said: Sequence[str], openers: Sequence[tuple[str, ...]]) -> bool:
    return any(tuple(said[: len(opener)]) == opener for opener in openers)
