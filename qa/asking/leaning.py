"""The words that a follow-up question takes over from what was said before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from qa.text.analysis import Word, fold, spoken
from qa.text.lexicon import (
    ADVISING_VERBS,
    CLAUSE_OPENERS,
    DEFINING_ENDS,
    DEFINING_OPENERS,
    DETERMINERS,
    DRUG_ENDINGS,
    DUMMY_ADJECTIVES,
    FRAME_WORDS,
    GENERIC_VERBS,
    LEANING_OPENERS,
    LEANING_WORDS,
    MORE_WORDS,
    PEOPLE,
    PERSONAL_PRONOUNS,
    PLURAL_PRONOUNS,
    QUESTION_WORDS,
)

__all__ = [
    "FURTHEST",
    "MOST_CARRIED",
    "PART_WEIGHT",
    "TURN_WEIGHT",
    "Leaning",
    "Read",
    "Turn",
    "carried_words",
    "is_name",
    "leaning",
]

TURN_WEIGHT = 1.5  # of all words of an earlier turn together, beside 1 for each word of the question's own
PART_WEIGHT = 2.0  # the same, where the question says little itself: "And the side effects?"
MOST_CARRIED = 6  # words taken over: those of the most weight
FURTHEST = 12  # turns back, among which the one is looked for that begins what is spoken of

_MOST_TURNS = 2  # from which words are taken over
_LONGEST_TURN = 1000  # characters of a turn that are read
_LONGEST_QUESTION = 30  # words: what says more, such as an answer, begins no subject of its own
_SHORTEST_DRUG = 5  # letters of a drug's name, and more
_DRUG_ENDINGS = tuple(DRUG_ENDINGS)
_LONGEST_NAMES = 20  # characters: what is all in capitals and longer is no list of names, but loud
_OPENING = " \t\"'“‘(["  # what may stand before the first word of a sentence
_FEW_WORDS = 2  # a question with more content words than these is a whole one
_DUMMY_REACH = 4  # words from "safe" to "to", in "Is it safe for old people to travel?"


Read = Callable[[str], tuple[str, Sequence[Word]]]
"""Gives a text as it is corrected, with its words."""


class Leaning(NamedTuple):
    """How a question depends on earlier turns: a pronoun refers to them, or it is only part of a question.

    A question that names a drug is about that drug and no earlier one ("What about bortezomib?"). `is_named` says that
    it names anything.
    """

    refers: bool
    is_part: bool
    names_drug: bool = False
    is_named: bool = False

    @property
    def leans(self) -> bool:
        return self.refers or self.is_part

    @property
    def stays(self) -> bool:
        """Whether it continues with what was shown last. "And in MM-003?" does not."""
        return self.refers or (self.is_part and not self.is_named)


class Turn(NamedTuple):
    """A corrected question: all its words as in `spoken`, and its content words in order."""

    text: str
    said: Sequence[tuple[str, str | None]]
    words: Sequence[Word]

    @property
    def about(self) -> list[Word]:
        """Its different content words, without words that only frame a question."""
        return list(dict.fromkeys(word for word in self.words if fold(word.text) not in FRAME_WORDS))

    @property
    def subject(self) -> list[Word]:
        """Those of them that say what it is about."""
        return [word for word in self.about if fold(word.text) not in GENERIC_VERBS]


def leaning(turn: Turn) -> Leaning:
    """How a question depends on what was said before it."""
    names = frozenset(fold(word.text) for word in turn.words if is_name(word, turn.text))
    drugs = frozenset(fold(word.text) for word in turn.words if _is_drug(word))
    refers, has_dummy = _refers(turn.said, names | drugs)
    return Leaning(
        refers=refers,
        is_part=not has_dummy and _is_part(turn.said, len(turn.about), is_named=bool(names), names_drug=bool(drugs)),
        names_drug=bool(drugs),
        is_named=bool(names or drugs),
    )


def is_name(word: Word, question: str) -> bool:
    """Whether a word of a question may be a name, or is a number: no small letter begins it, and somewhere it stands
    where it begins no sentence. In a question that is all in capitals they tell nothing.

    >>> is_name(Word("Arctic", ("arctic",)), "In the Arctic"), is_name(Word("Where", ("where",)), "It hurts. Where to?")
    (True, False)
    """
    if word.text[0].islower() or (word.text[0].isupper() and question.isupper() and len(question) > _LONGEST_NAMES):
        return False
    before = [question[: found.start()].rstrip(_OPENING) for found in re.finditer(re.escape(word.text), question)]
    return not before or not all(text == "" or text[-1] in ".!?:\n" for text in before)


def carried_words(history: Sequence[str], how: Leaning, *, read: Read) -> list[tuple[Word, float]]:
    """The words of earlier turns with their weights in 0..1, greatest first. Of equal ones names come first, then the
    latest.

    Each turn has the same total weight, shared by its words. So a name counts more than a word of a long question. The
    weights of a word that occurs in several turns add up.
    """
    if not how.leans:
        return []
    turn_weight = PART_WEIGHT if how.is_part else TURN_WEIGHT
    weights: dict[tuple[str, ...], tuple[Word, bool, float]] = {}
    for turn in _turns_leant_on(history, read):
        said = turn.subject
        if how.is_part and how.names_drug:
            said = [word for word in said if not _is_drug(word)]
        for word in said:
            first, is_naming, weight = weights.get(word.terms, (word, is_name(word, turn.text) or _is_drug(word), 0.0))
            weights[word.terms] = first, is_naming, min(1.0, weight + turn_weight / len(said))
    ordered = sorted(weights.values(), key=lambda each: (-each[2], not each[1]))
    return [(word, weight) for word, _, weight in ordered[:MOST_CARRIED]]


def _turns_leant_on(history: Sequence[str], read: Read) -> list[Turn]:
    """The latest turn that says something and, where that stays with its subject, the one that began with that.

    That is the latest one that names another, or the first: after "What is pomalidomide?", "How is it given?" and "For
    how long?" pomalidomide is spoken of, whatever was asked before; and after "And bortezomib?" that.
    """
    found: list[Turn] = []
    for text in reversed(history[-FURTHEST:]):
        corrected, words = read(text[:_LONGEST_TURN])
        turn = Turn(corrected, spoken(corrected), words)
        if not turn.subject:  # "Why?", "How long does it take?"
            continue
        found.append(turn)
        if len(turn.said) <= _LONGEST_QUESTION and not leaning(turn).stays:
            break
    return found if len(found) <= _MOST_TURNS else [*found[: _MOST_TURNS - 1], found[-1]]


def _is_drug(word: Word) -> bool:
    """Whether a word, or another name of it, ends as generic names of drugs do."""
    names = [fold(word.text), *(name for term in word.terms for name in fold(term).split("=") if term.startswith("="))]
    return any(len(name) > _SHORTEST_DRUG and name.endswith(_DRUG_ENDINGS) for name in names)


def _refers(said: Sequence[tuple[str, str | None]], names: frozenset[str]) -> tuple[bool, bool]:
    """Whether a pronoun stands for something that the question does not say ("When was it approved?"); and whether it
    has one that stands for nothing and then says enough itself ("Is it safe to travel?", "Do they recommend a scan?").
    """
    asked = [word for word, _ in said]
    content = [term is not None and word not in FRAME_WORDS for word, term in said]
    has_dummy = False
    for place, word in enumerate(asked):
        if word == "that":
            if not any(content[:place]) and not has_dummy:  # elsewhere it opens a clause: "the drug that"
                return True, False
        elif word in LEANING_WORDS:
            if _is_dummy(asked, content, place):
                has_dummy = True
            elif not _stands_here(word, asked[:place], content, names):
                return True, False
    return False, has_dummy


def _is_dummy(asked: Sequence[str], content: Sequence[bool], place: int) -> bool:
    """Whether a pronoun stands for nothing, or for people in general, and what follows says what is asked for."""
    behind = asked[place + 1 :]
    if asked[place] == "they":  # in the present: what they did, certain people did
        before = asked[place - 1] if place else ""
        advises = before in ("do", "would", "should") and behind[:1] and behind[0] in ADVISING_VERBS
        return bool(advises) and any(content[place + 2 :])
    if asked[place] != "it":
        return False
    if behind[:1] in (["take"], ["takes"]):  # "How long does it take to recover?"
        reach: Iterator[int] = (
            number for number in range(1, 1 + _DUMMY_REACH) if behind[number : number + 1] == ["to"]
        )
    else:
        adjective = next((number for number, word in enumerate(behind[:3]) if word in DUMMY_ADJECTIVES), None)
        if adjective is None:
            return False
        near = range(adjective + 1, adjective + 1 + _DUMMY_REACH)
        reach = (number for number in near if behind[number : number + 1] in (["to"], ["that"]))
    clause = next(reach, None)
    if clause is None:
        return False
    rest = range(place + 2 + clause, len(asked))
    return any(content[number] and asked[number] not in GENERIC_VERBS for number in rest)


def _stands_here(pronoun: str, before: Sequence[str], content: Sequence[bool], names: frozenset[str]) -> bool:
    """Whether what a pronoun stands for is said before it, in the same question.

    "the" says that it is known from elsewhere: "How did the album do when it came out?"
    """
    places = [place for place in range(len(before)) if content[place]]
    if pronoun in PLURAL_PRONOUNS:
        return any(
            (before[place] in PEOPLE or _is_plural(before[place])) and not _is_definite(before, place)
            for place in places
        )
    named = [place for place in places if before[place] in names]
    if named and (len(places) > 1 or not CLAUSE_OPENERS.isdisjoint(before[named[0] + 1 :])):
        return True
    if pronoun in PERSONAL_PRONOUNS:
        return False
    return len(places) > 1 and any(before[place - 1] in DETERMINERS for place in places if place)


def _is_plural(word: str) -> bool:
    return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))


def _is_definite(before: Sequence[str], place: int) -> bool:
    return not {"the", "these", "those"}.isdisjoint(before[max(0, place - 2) : place])


def _is_part(said: Sequence[tuple[str, str | None]], about: int, *, is_named: bool, names_drug: bool) -> bool:
    """Whether a question says too little to be a whole one ("And in winter?", "What were the side effects?")."""
    asked = [word for word, _ in said]
    if _begins_with(asked, LEANING_OPENERS):
        return True
    if not about:  # "Why?", "For how long?"
        return not (QUESTION_WORDS | MORE_WORDS).isdisjoint(asked)
    first = next((number for number, (word, term) in enumerate(said) if term and word not in FRAME_WORDS), len(said))
    if not is_named and not MORE_WORDS.isdisjoint(asked[:first]):
        return True
    # "What was the hazard ratio?" speaks of a known one; but "What is daratumumab?" stands alone.
    asks_what = _begins_with(asked, DEFINING_OPENERS) or "about" in asked[:first] or asked[-1] in DEFINING_ENDS
    defines = asks_what and "the" not in asked
    return about <= _FEW_WORDS and not is_named and not defines and not (names_drug and about > 1)


def _begins_with(said: Sequence[str], openers: Sequence[tuple[str, ...]]) -> bool:
    return any(tuple(said[: len(opener)]) == opener for opener in openers)
