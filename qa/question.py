"""A question to the query that a retriever is given."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from qa.analysis import Word, fold, spoken, words
from qa.lexicon import DEFINING_OPENERS, FRAME_WORDS, LEANING_OPENERS, LEANING_WORDS
from qa.model import Query, QueryWord, Reading

__all__ = ["Correct", "read_question"]

Correct = Callable[[str], tuple[str, tuple[Reading, ...]]]
"""Gives a question as it is read, and what of it was read otherwise than it is written."""

CARRIED_WEIGHT = 0.5  # of a term from an earlier question, beside 1 for the question's own
REFERRED_WEIGHT = 1.0  # the same, where the question refers to it: "What are its side effects?"
_EARLIER_QUESTIONS = 3  # how far back a question can lean
_FEW_WORDS = 2  # a question with more content words than these stands alone
_HALF_A_QUESTION = 3  # words, of whatever kind
_SPOKEN = re.compile(r"[\w-]+(?=[^\w-]|\Z)")  # "it's" says "it"; "one-year" is one word


def _as_it_stands(question: str) -> tuple[str, tuple[Reading, ...]]:
    return question, ()


def read_question(question: str, *, history: Sequence[str] = (), correct: Correct = _as_it_stands) -> Query:
    """The query of a question: its own terms at weight 1 and, where it leans on earlier questions, theirs at less.

    All of them are corrected first, and what was corrected in the question is told. A question without content words
    gives a query without terms.
    """
    question, corrected = correct(question)
    own = words(question)
    terms = {term: 1.0 for word in own for term in word.terms}
    about = [QueryWord(text=word.text, terms=word.terms) for word in own if fold(word.text) not in FRAME_WORDS]
    carried: list[Word] = []
    refers = not LEANING_WORDS.isdisjoint(_said(question))
    weight = REFERRED_WEIGHT if refers else CARRIED_WEIGHT
    if history and (refers or _leans(question, about)):
        for earlier in reversed(history[-_EARLIER_QUESTIONS:]):
            later = frozenset(terms)  # taken once: the words of one compound share a term
            for word in dict.fromkeys(words(correct(earlier)[0])):
                if fold(word.text) not in FRAME_WORDS and later.isdisjoint(word.terms):
                    terms |= dict.fromkeys(word.terms, weight)
                    carried.append(word)
    return Query(
        terms=terms,
        words=(
            *dict.fromkeys(about),
            *(
                QueryWord(text=word.text, terms=word.terms, weight=weight, carried=True, referred=refers)
                for word in carried
            ),
        ),
        spoken=tuple(spoken(question)),
        corrected=corrected,
        carried_over=tuple(dict.fromkeys(word.text for word in carried)),
    )


def _leans(question: str, about: Sequence[QueryWord]) -> bool:
    """Whether a question that refers to nothing is still half of one."""
    said = _said(question)
    opens = _begins_with(said, LEANING_OPENERS)
    # "What was the hazard ratio?" speaks of a known one, and "How many weeks?" is half a question; but "What is
    # daratumumab?" stands alone.
    is_half = "the" in said or (len(said) <= _HALF_A_QUESTION and not _begins_with(said, DEFINING_OPENERS))
    return opens or (is_half and 0 < len(about) <= _FEW_WORDS)


def _said(question: str) -> list[str]:
    return _SPOKEN.findall(fold(question))


def _begins_with(said: Sequence[str], openers: Sequence[tuple[str, ...]]) -> bool:
    return any(tuple(said[: len(opener)]) == opener for opener in openers)
