"""A question to the query that a retriever is given.

Its words are read as the library has them. A question that depends on earlier turns ("And the side effects?") takes
over their words at less weight, and names them. In a letter the sentences that ask are the question; the words of the
others help to find a passage, which need not have them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from qa.asking.concepts import NO_CONCEPTS, Concepts
from qa.asking.leaning import Turn, carried_words, is_name, leaning
from qa.asking.parting import parted
from qa.model import Query, QueryWord, Reading
from qa.text.analysis import Word, fold, spoken, visible, words, words_in_place
from qa.text.lexicon import FRAME_WORDS

__all__ = ["Correct", "read_question"]

Correct = Callable[[str], tuple[str, tuple[Reading, ...]]]
"""Gives a question as it is read, and what of it was read otherwise than it is written."""

CONCEPT_WEIGHT = 0.5  # of a concept's token, beside 1 for the words of the name that the question has
_FEWEST_TOLD = 3  # words by which a message says itself what it is about; "Thanks, Ada." does not
_QUOTED = re.compile('"[^"]*"|“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»')


def _as_it_stands(question: str) -> tuple[str, tuple[Reading, ...]]:
    return question, ()


def read_question(
    question: str,
    *,
    history: Sequence[str] = (),
    correct: Correct = _as_it_stands,
    concepts: Concepts = NO_CONCEPTS,
) -> Query:
    """The query of a question: its own terms at weight 1 and, if it depends on earlier turns, their terms at less.

    Everything is corrected first; corrections in the question are reported. A word that is part of a concept's name
    is also matched by the concept's token, unless it is in double quotes. There it counts as a name, which an
    answer should have. A turn is whatever was said before: a question or, if a program passes them, a title or an
    answer. In a letter, what its other sentences tell takes the place of earlier turns. A question without content
    words gives a query without terms.
    """
    whole, corrected = correct(question)
    question, telling = parted(whole)
    own, expanded = _expanded(question, concepts)
    quoted = {word.text for found in _QUOTED.finditer(visible(question)) for word in words(found[0])}
    about = [
        QueryWord(text=word.text, terms=word.terms, is_name=word.text in quoted or is_name(word, question))
        for word in own
        if fold(word.text) not in FRAME_WORDS
    ]
    said = spoken(question)
    how = leaning(Turn(question, said, own))

    def read(turn: str) -> tuple[str, list[Word]]:
        turn, _ = correct(turn)
        return turn, _expanded(turn, concepts)[0]

    known = dict.fromkeys((term for word in own for term in word.terms), 1.0)
    told = [
        QueryWord(text=word.text, terms=word.terms, carried=True, told=True)
        for word in _expanded(" ".join(telling), concepts)[0]
        if fold(word.text) not in FRAME_WORDS and known.keys().isdisjoint(word.terms)
    ]
    is_letter = len(told) >= _FEWEST_TOLD
    carried = [
        QueryWord(text=word.text, terms=word.terms, weight=weight, carried=True, referred=how.refers)
        for word, weight in ([] if is_letter else carried_words(history, how, read=read))
        if known.keys().isdisjoint(word.terms)
    ]
    weights = known | {term: word.weight for word in told for term in word.terms}
    weights |= {term: word.weight for word in reversed(carried) for term in word.terms}
    carried_over = tuple(dict.fromkeys(word.text for word in carried))
    return Query(
        asked=question,
        text=" ".join([whole, *carried_over]),
        terms={term: weight * (CONCEPT_WEIGHT if term.startswith("=") else 1.0) for term, weight in weights.items()},
        words=(*dict.fromkeys(about), *carried, *dict.fromkeys(told)),
        spoken=tuple(said),
        corrected=corrected,
        expanded=tuple(dict.fromkeys(expanded)),
        carried_over=carried_over,
        stays=bool(carried) and how.stays,
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
