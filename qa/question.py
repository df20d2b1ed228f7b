"""A question to the query that a retriever is given."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.analysis import Word, fold, spoken, visible, words_in_place
from qa.concepts import NO_CONCEPTS, Concepts
from qa.lexicon import DEFINING_OPENERS, FRAME_WORDS, LEANING_OPENERS, LEANING_WORDS
from qa.model import Query, QueryWord, Reading

__all__ = ["read_question"]

CONCEPT_WEIGHT = 0.5  # of a concept's token, beside 1 for the words of the name that the question has
CARRIED_WEIGHT = 0.5  # of a term from an earlier question, beside 1 for the question's own
REFERRED_WEIGHT = 1.0  # the same, where the question refers to it: "What are its side effects?"
_EARLIER_QUESTIONS = 3  # how far back a question can lean
_FEW_WORDS = 2  # a question with more content words than these stands alone
_HALF_A_QUESTION = 3  # words, of whatever kind
_QUOTED = re.compile('"[^"]*"|“[^”]*”')
_SPOKEN = re.compile(r"[\w-]+(?=[^\w-]|\Z)")  # "it's" says "it"; "one-year" is one word


def read_question(question: str, *, history: Sequence[str] = (), concepts: Concepts = NO_CONCEPTS) -> Query:
    """The query of a question: its own terms at weight 1 and, where it leans on earlier questions, theirs at less.

    A word that is a part of a concept's name is covered by the concept's token too, unless it stands in double quotes.
    A question without content words gives a query without terms.
    """
    own, expanded = _expanded(question, concepts)
    terms = {term: CONCEPT_WEIGHT if term.startswith("=") else 1.0 for word in own for term in word.terms}
    about = [QueryWord(text=word.text, terms=word.terms) for word in own if fold(word.text) not in FRAME_WORDS]
    carried: list[Word] = []
    refers = not LEANING_WORDS.isdisjoint(_said(question))
    weight = REFERRED_WEIGHT if refers else CARRIED_WEIGHT
    if history and (refers or _leans(question, about)):
        for earlier in reversed(history[-_EARLIER_QUESTIONS:]):
            later = frozenset(terms)  # taken once: the words of one compound share a term
            for word in dict.fromkeys(_expanded(earlier, concepts)[0]):
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
        expanded=tuple(dict.fromkeys(expanded)),
        carried_over=tuple(dict.fromkeys(word.text for word in carried)),
    )


def _expanded(question: str, concepts: Concepts) -> tuple[list[Word], list[Reading]]:
    """The words of a question, each with the tokens of the concepts that it names, and what these were read as.

    Only concepts that the library knows by another name count.
    """
    placed = words_in_place(question)
    found, readings, seen = [word for word, _, _ in placed], [], visible(question)
    quoted = [span.span() for span in _QUOTED.finditer(seen)]
    for naming in concepts.namings([head for _, head, _ in placed]):
        known = {concept.token: concept.others(name) for concept, name in naming.concepts}
        tokens = tuple(token for token, others in known.items() if others)
        start, end = placed[naming.start][2].start, placed[naming.end - 1][2].end
        if not tokens or any(start < last and first < end for first, last in quoted):
            continue
        for number in range(naming.start, naming.end):
            word = found[number]
            found[number] = word._replace(terms=(*word.terms, *tokens))
        written = seen[start:end] if naming.end - naming.start > 1 else found[naming.start].text
        readings.append(Reading(written, known[tokens[0]][0]))
    return found, readings


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
