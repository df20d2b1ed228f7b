"""What a question takes over from what was said before it, where it does not stand alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from qa.text.analysis import Word, fold
from qa.text.lexicon import (
    DEFINING_OPENERS,
    DRUG_ENDINGS,
    DUMMY_OPENERS,
    FRAME_WORDS,
    LEANING_OPENERS,
    LEANING_WORDS,
    MORE_WORDS,
    QUESTION_WORDS,
)

__all__ = ["PART_WEIGHT", "TURN_WEIGHT", "Leaning", "carried_words", "is_name", "leaning"]

TURN_WEIGHT = 1.5  # of all words of an earlier turn together, beside 1 for each word of the question's own
PART_WEIGHT = 2.0  # the same, where the question says little itself: "And the side effects?"

_MOST_TURNS = 50  # how far back a question can lean
_MOST_CARRIED = 32  # words taken over: those of the most weight
_LONGEST_TURN = 1000  # characters of a turn that are read
_SHORTEST_DRUG = 5  # letters of a drug's name, and more
_DRUG_ENDINGS = tuple(DRUG_ENDINGS)
_FEW_WORDS = 2  # a question with more content words than these is a whole one


class Leaning(NamedTuple):
    """How a question leans on earlier turns: a pronoun refers to something there, or it is a part of a question. One
    that names a drug itself speaks of that and of no earlier one: "What about bortezomib?"
    """

    refers: bool
    is_part: bool
    names_drug: bool = False


def leaning(question: str, said: Sequence[tuple[str, str | None]], own: Sequence[Word]) -> Leaning:
    """How a question leans, given all its words as `spoken` has them and its content words."""
    about = dict.fromkeys(word for word in own if fold(word.text) not in FRAME_WORDS)
    is_named = any(is_name(word, question) for word in own)
    return Leaning(
        _refers(said, is_named=is_named),
        _is_part(said, len(about), is_named=is_named),
        names_drug=any(map(_is_drug, own)),
    )


def is_name(word: Word, question: str) -> bool:
    """Whether a word of a question may be a name, or is a number: no small letter begins it, nor does it begin that."""
    return not word.text[0].islower() and not question.startswith(word.text)


def carried_words(
    history: Sequence[str], how: Leaning, *, words_of: Callable[[str], Sequence[Word]]
) -> list[tuple[Word, float]]:
    """The words of earlier turns with their weights in 0..1, the heaviest first, of equals those of the latest turn.

    Each turn has the same say, shared by its words, so that a name weighs more than a word of a long answer; what
    several turns say adds up, so that their subject weighs more than what was said of it once.
    """
    if not (how.refers or how.is_part):
        return []
    turn_weight = PART_WEIGHT if how.is_part else TURN_WEIGHT
    weights: dict[tuple[str, ...], tuple[Word, float]] = {}
    for turn in reversed(history[-_MOST_TURNS:]):
        said = dict.fromkeys(word for word in words_of(turn[:_LONGEST_TURN]) if fold(word.text) not in FRAME_WORDS)
        if how.is_part and how.names_drug:
            said = dict.fromkeys(word for word in said if not _is_drug(word))
        for word in said:
            first, weight = weights.get(word.terms, (word, 0.0))
            weights[word.terms] = first, min(1.0, weight + turn_weight / len(said))
    return sorted(weights.values(), key=lambda each: -each[1])[:_MOST_CARRIED]


def _is_drug(word: Word) -> bool:
    """Whether a word, or another name of it, ends as generic names of drugs do."""
    names = [fold(word.text), *(name for term in word.terms for name in fold(term).split("=") if term.startswith("="))]
    return any(len(name) > _SHORTEST_DRUG and name.endswith(_DRUG_ENDINGS) for name in names)


def _refers(said: Sequence[tuple[str, str | None]], *, is_named: bool) -> bool:
    """Whether a pronoun stands for something that the question does not say ("When was it approved?").

    A pronoun behind several content words stands for one of them, where the question names something: "When did
    Haydn write his last mass?"
    """
    before = 0
    if _begins_with([word for word, _ in said], DUMMY_OPENERS) and [word for word, _ in said[3:4]] == ["that"]:
        said = said[4:]
    for word, term in said:
        if word in LEANING_WORDS and (before <= 1 or not is_named):
            return True
        if word == "that" and not before:  # elsewhere it opens a clause: "the drug that"
            return True
        before += term is not None and word not in FRAME_WORDS
    return False


def _is_part(said: Sequence[tuple[str, str | None]], about: int, *, is_named: bool) -> bool:
    """Whether a question says too little to be a whole one ("And in winter?", "What were the side effects?")."""
    asked = [word for word, _ in said]
    if _begins_with(asked, LEANING_OPENERS):
        return True
    if not about and asked and asked[0] in QUESTION_WORDS:  # "Why?"
        return True
    first = next((number for number, (word, term) in enumerate(said) if term and word not in FRAME_WORDS), len(said))
    if not MORE_WORDS.isdisjoint(asked[:first]):
        return True
    # "What was the hazard ratio?" speaks of a known one; but "What is daratumumab?" stands alone.
    defines = "the" not in asked and _begins_with(asked, DEFINING_OPENERS)
    return 0 < about <= _FEW_WORDS and not is_named and not defines


def _begins_with(said: Sequence[str], openers: Sequence[tuple[str, ...]]) -> bool:
    return any(tuple(said[: len(opener)]) == opener for opener in openers)
