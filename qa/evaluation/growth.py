"""Passages made by variation of texts, as many as are wanted: to measure speed at sizes for which there is no text.

They read as nonsense and count as text does: their words are as common or rare as those of the texts, and the rare ones
grow in number with the passages. What they cannot tell is how good the answers are.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from random import Random
from typing import NamedTuple, Self

from qa.text.sentences import sentences

__all__ = ["HEAPS", "Variation", "invented_word", "sizes", "varied"]

HEAPS = 0.55
"""How the vocabulary V grows with the words n of a text: V ~ n ** HEAPS (Heaps' law).

Manning, Raghavan and Schütze, "Introduction to Information Retrieval", section 5.1.1, have 0.49 for the 10^8 words of
Reuters-RCV1. Of the 10^5 to 2 * 10^6 terms of SQuAD, COVID-QA and MedQuAD, text by text, it is 0.62 to 0.71, and falls.
"""

_MOST_WORDS = 142  # of sentences in a passage: with invented ones no more than the 150 that a passage takes
_MOST_INVENTED = 8  # words of a passage; what more is owed comes with the next ones
_MOST_SENTENCES = 20_000  # kept of each set
_SHORTEST, _LONGEST = 4, 60  # words of a sentence that is taken
_LONGEST_TITLE = 200  # characters
_MOST_MISSES = 2  # sentences that do not fit before a passage is whole
_OWN = 0.5  # the share of a passage's sentences that are of the text whose title it has


_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"(?<![\w-])([0-9]{1,3})(?![\w-])")  # no year, and no part of a name such as COVID-19
_ONSETS, _VOWELS = "bdfgklmnprstvz", "aeiou"
_SYLLABLES = [onset + vowel for onset in _ONSETS for vowel in _VOWELS]
_INVENTABLE = len(_SYLLABLES) ** 4
_STRIDE = 7_919_117  # without a divisor in common with _INVENTABLE: neighbours in number are not so in spelling


_Draw = Callable[[], float]


class Variation(NamedTuple):
    """A made passage. Ids ascend."""

    id: str
    title: str
    text: str


class _Sentence(NamedTuple):
    """What stands between the numbers, and how many digits each of these has."""

    parts: list[str]
    digits: list[int]
    words: int


class _Set(NamedTuple):
    """The sentences of a set of texts; those of text `i`, whose title is `titles[i]`, are from `bounds[i]` on."""

    titles: list[str]
    bounds: list[int]
    sentences: list[_Sentence]

    @classmethod
    def of(cls, texts: Iterable[tuple[str, str]]) -> Self:
        made = cls([], [0], [])
        for title, text in texts:
            if len(made.sentences) >= _MOST_SENTENCES:
                break
            found = [_sentence(" ".join(text[a:b].split())) for a, b in sentences(text, 0, len(text))]
            kept = [each for each in found if _SHORTEST <= each.words <= _LONGEST]
            if kept:
                made.titles.append(" ".join(title.split())[:_LONGEST_TITLE])
                made.sentences.extend(kept)
                made.bounds.append(len(made.sentences))
        return made

    def counted(self) -> tuple[int, set[str]]:
        """How many words there are, and the different ones."""
        found = [word for each in self.sentences for part in each.parts for word in _WORD.findall(part.lower())]
        return len(found), set(found)


def varied(sets: Iterable[Iterable[tuple[str, str]]], *, count: int, seed: int = 1) -> Iterator[Variation]:
    """So many passages of at most 150 words, from sets of texts, each text with its title before it.

    A passage has the title of one text. Half of its sentences are that text's, the others from anywhere in its set, and
    their numbers others with as many digits. Once there are more words than in all the texts, n words against theirs,
    words are invented, until there are (n / theirs) ** HEAPS times as many different ones as in the texts; an
    invented word comes twice in the mean. The same sets and seed give the same passages; more of them begin with fewer.

    Raises:
        ValueError: where the sets have no sentence of 4 to 60 words.
    """
    made = [each for each in map(_Set.of, sets) if each.sentences]
    if not made:
        raise ValueError("there is no sentence of 4 to 60 words to vary")
    counts = [each.counted() for each in made]
    source_words, known = sum(words for words, _ in counts), len(set().union(*(words for _, words in counts)))
    shares = list(accumulate(len(each.sentences) for each in made))
    draw = Random(seed).random
    total = invented = 0
    for number in range(count):
        group = made[bisect(shares, int(draw() * shares[-1]))]
        home = int(draw() * len(group.titles))
        parts, words = _drawn(group, group.bounds[home], group.bounds[home + 1], draw)
        total += words
        owed = int(known * (total / source_words) ** HEAPS) - known - invented if total > source_words else 0
        for _ in range(min(owed, _MOST_INVENTED // 2)):
            parts.append(invented_word(invented).capitalize())
            invented += 1
            parts.append(invented_word(int(draw() * invented)))
        yield Variation(f"{number:09d}", group.titles[home], " ".join(parts))


def _drawn(group: _Set, start: int, end: int, draw: _Draw) -> tuple[list[str], int]:
    """Sentences of a set, half of them from `start` to `end`, and how many words they have together."""
    found: list[str] = []
    taken: set[int] = set()
    words = misses = 0
    while True:
        own = draw() < _OWN
        place = start + int(draw() * (end - start)) if own else -1
        if place < 0 or place in taken:
            place = int(draw() * len(group.sentences))
        parts, digits, its_words = group.sentences[place]
        if words + its_words > _MOST_WORDS or place in taken:
            misses += 1
            if misses > _MOST_MISSES:
                return found, words
            continue
        taken.add(place)
        words += its_words
        text = parts[0]
        for part, length in zip(parts[1:], digits, strict=True) if digits else ():
            text += f"{int((0.1 + 0.9 * draw()) * 10**length)}{part}"
        found.append(text)


def _sentence(text: str) -> _Sentence:
    pieces = _NUMBER.split(text)
    return _Sentence(pieces[::2], [len(each) for each in pieces[1::2]], text.count(" ") + 1)


def invented_word(number: int) -> str:
    """A word that no language has, for each number from 0; after 24 million they come again.

    >>> [invented_word(number) for number in range(3)]
    ['babababam', 'gifadekom', 'mukafirem']
    """
    left, letters = number * _STRIDE % _INVENTABLE, ""
    for _ in range(4):
        left, syllable = divmod(left, len(_SYLLABLES))
        letters += _SYLLABLES[syllable]
    return letters + "m"


def sizes(most: int, *, least: int = 1_000) -> list[int]:
    """How many passages to measure with: 1, 2 and 5 times the powers of ten, and `most`.

    >>> sizes(20_000)
    [1000, 2000, 5000, 10000, 20000]
    """
    steps = (factor * 10**power for power in range(3, 10) for factor in (1, 2, 5))
    return [*(each for each in steps if least <= each < most), most]
