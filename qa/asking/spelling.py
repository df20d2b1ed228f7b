"""Reads words of a question that the library does not have as words that it has.

A word is corrected only to words of the library, so no dictionary has to know its subject. An English word is not a
typing error ("patent" is not "patient"). A noisy channel guesses which word was meant: a likely typing error, from a
word that is common here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from string import ascii_lowercase
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, Postfix, Prefix
from rapidfuzz.process import extract

from qa.model import Reading
from qa.text.analysis import Word, fold, words
from qa.text.english import English, english
from qa.text.lexicon import ALL_WORDS, FRAME_WORDS, LISTED_WORDS, STOP_WORDS

__all__ = ["Speller"]

SHORTEST = 4  # letters of a word that is corrected to any other; one with a letter less may only be a stop word
LONGEST = 30  # letters of a word that is corrected, or corrected to
_TWO_SLIPS = 6  # letters of a word in which two are looked for
_REMEMBERED = 1024  # words that were looked up: the same names are asked for again
_MOST_CORRECTED = 16  # words of a question that are looked up, so that none costs much

# What a slip costs. Only their proportions matter, to one another and to `_PATIENCE`.
_EASY = 1.0  # the key beside, two letters that changed places, a double letter written once or the other way about
_PLAIN = 1.3  # a letter left out or put in, or one vowel for another
_ODD = 2.0  # any other letter
_BEGINNING = 0.5  # what a slip in the first letter costs besides: it is seldom mistaken
_PATIENCE = 0.265  # per letter of the word, what its slips may cost: long words stand alone, short ones have neighbours
_MOST_PATIENCE = 2.6
_COMMONNESS = 0.25  # what a word gains for each nat of the number of times that it stands in the library

_PLAIN_WORDS = FRAME_WORDS | ALL_WORDS | LISTED_WORDS  # of questions, whatever the library is about
_WORD = re.compile(rf"[a-z]{{2,{LONGEST}}}")
_BEGINNING_OF_WORD = re.compile(rf"[a-z]{{1,{LONGEST}}}")
_PLACES_OF_WORDS = 32 * 26 + LONGEST  # of first letters and lengths, and those that a slip may lead to
_QUOTED_OR_TOGETHER = re.compile(r'"[^"]*"|“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»|[^\s"“”„«»]+')
_LETTERS = re.compile(r"[^\W\d_]+")
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")  # each row half a key to the right of the one above
_PLACES = {key: (column + row / 2, row) for row, keys in enumerate(_KEYS) for column, key in enumerate(keys)}
_BESIDE = frozenset(
    (a, b)
    for a, (x, y) in _PLACES.items()
    for b, (u, v) in _PLACES.items()
    if a != b and abs(x - u) <= 1 and abs(y - v) <= 1
)
_VOWELS = frozenset("aeiouy")


class Speller:
    """The words of a library in the letters a to z, each with its number of occurrences.

    They are sorted by first letter, length and spelling, so that those which can be near a word lie together: from
    `starts[32 * letter + length]` on. Bit `n` of a word's mask says that it holds the letter `n`, counted from 0.
    `english` are the checksums of words that are right though the library lacks them, ascending, and `rarities` tell
    how rare each is, as `English` has them.
    """

    ARRAYS = ("words", "counts", "masks", "starts", "english", "rarities")
    """The names of `arrays`."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """The speller of the `arrays` of another.

        Raises:
            ValueError: for arrays that do not fit together.
        """
        self.arrays = dict(arrays)
        """What it is made of; it may be mapped from files."""
        self._words, self._counts, self._masks, self._starts = (arrays[name] for name in self.ARRAYS[:4])
        self.english = English(arrays["english"], arrays["rarities"])
        fits = len(self._words) == len(self._counts) == len(self._masks) == self._starts[-1]
        fits = fits and len(self.english.checksums) == len(self.english.weights)
        if not fits or len(self._starts) != _PLACES_OF_WORDS:
            raise ValueError("the parts of the vocabulary do not fit together")
        self._looked_up: dict[str, str | None] = {}  # `lru_cache` on a method would keep the speller and its files open

    @classmethod
    def build(cls, words: Iterable[tuple[str, int]]) -> Self:
        """The speller of a library with these folded words, each with its number of occurrences."""
        counts = {word.encode(): count for word, count in words if _WORD.fullmatch(word)}
        found = np.array(list(counts), f"S{LONGEST}")
        letters = found.view(np.uint8).reshape(-1, LONGEST)
        lengths = np.count_nonzero(letters, axis=1)
        masks = np.zeros(len(found), np.uint32)
        for column in letters.T:
            masks |= np.where(column, np.uint32(1) << (column - np.uint8(ord("a"))).astype(np.uint32) % 32, 0).astype(
                np.uint32
            )
        places = 32 * (letters[:, 0].astype(np.int64) - ord("a")) + lengths if len(found) else lengths
        order = np.lexsort((found, places))
        return cls(
            {
                "words": found[order],
                "counts": np.array(list(counts.values()), np.int64)[order],
                "masks": masks[order],
                "starts": np.searchsorted(places[order], np.arange(_PLACES_OF_WORDS)),
                "english": english().checksums,
                "rarities": english().weights,
            }
        )

    def correct(
        self, question: str, are_known: Callable[[Sequence[Word]], Sequence[bool]]
    ) -> tuple[str, tuple[Reading, ...]]:
        """A question as it is read, with its corrected words. `are_known` is asked once, of all its words.

        Words that are neither known nor English are corrected to the words that `nearest` gives. Words in double
        quotes, with a digit, or with capitals after the first letter are left as they are.
        """
        found = islice(_unknown(question, are_known), _MOST_CORRECTED)
        parts: list[str] = []
        readings: list[Reading] = []
        reached = 0
        for match in found:
            written = match.group()
            read = None if fold(written) in self.english else self.nearest(fold(written))
            if read is not None:
                reading = Reading(written, read.capitalize() if written[0].isupper() else read)
                readings.append(reading)
                parts += question[reached : match.start()], reading.read
                reached = match.end()
        return "".join(parts) + question[reached:], tuple(dict.fromkeys(readings))

    def nearest(self, word: str) -> str | None:
        """For a folded word the word of the library that it most likely means. None if none is near enough."""
        try:
            return self._looked_up[word]
        except KeyError:
            found = self._nearest(word)
        if len(self._looked_up) >= _REMEMBERED:
            self._looked_up.clear()
        self._looked_up[word] = found
        return found

    def _nearest(self, word: str) -> str | None:
        if not _WORD.fullmatch(word) or len(word) < SHORTEST - 1:
            return None
        near = [each for each in self._near(word) if len(word) >= SHORTEST or each in STOP_WORDS]
        costs = {each: _cost(word, each) for each in near}
        likely = min(
            costs, key=lambda each: (costs[each] - _COMMONNESS * math.log(self._count(each)), each), default=""
        )
        patience = min(_PATIENCE * max(len(word), SHORTEST), _MOST_PATIENCE)
        return likely if likely and costs[likely] <= patience else None

    def completions(self, beginning: str, *, limit: int) -> list[str]:
        """At most `limit` words of the library with this beginning, the most frequent first, ties in alphabetical
        order. Only words of a to z are known."""
        if not _BEGINNING_OF_WORD.fullmatch(beginning):
            return []
        first, after = beginning.encode(), f"{beginning[:-1]}{chr(ord(beginning[-1]) + 1)}".encode()
        found: list[tuple[int, bytes]] = []
        for length in range(len(beginning), LONGEST + 1):
            start, end = (int(self._starts[_place(beginning, each)]) for each in (length, length + 1))
            words = self._words[start:end]
            a, b = np.searchsorted(words, [first, after])
            counts = self._counts[start:end][a:b]
            if b - a > limit:
                least = np.partition(counts, b - a - limit)[b - a - limit]
                kept = np.flatnonzero(counts >= least)
            else:
                kept = np.arange(b - a)
            found += [(-int(counts[each]), bytes(words[a:b][each])) for each in kept.tolist()]
        return [word.decode() for _, word in sorted(found)[:limit]]

    def _count(self, word: str) -> int:
        """How often a word of a to z stands in the library."""
        start, end = self._starts[_place(word, len(word))], self._starts[_place(word, len(word)) + 1]
        place = start + int(np.searchsorted(self._words[start:end], word.encode()))
        return int(self._counts[place]) if place < end and self._words[place] == word.encode() else 0

    def _near(self, word: str) -> list[str]:
        """The words one slip away and, with the same first letter, those two away from a longer word."""
        slips = 2 if len(word) >= _TWO_SLIPS else 1
        start = int(self._starts[_place(word, len(word) - slips)])
        end = int(self._starts[_place(word, len(word) + slips + 1)])
        # A slip changes which letters a word holds by two at most.
        alike = np.bitwise_count(self._masks[start:end] ^ np.uint32(_mask(word))) <= 2 * slips
        choices = [each.decode() for each in self._words[start:end][alike].tolist()]
        found = extract(word, choices, scorer=OSA.distance, score_cutoff=slips, limit=None)
        return [near for near, _, _ in found] + [near for near in _begun_otherwise(word) if self._count(near)]


def _unknown(question: str, are_known: Callable[[Sequence[Word]], Sequence[bool]]) -> list[re.Match[str]]:
    """The words of a question that may be corrected, in order."""
    asked: list[Word] = []
    together: list[tuple[tuple[int, int], int, int]] = []  # where they stand, and which of those asked they are
    for match in _QUOTED_OR_TOGETHER.finditer(question):
        text, first = match.group(), len(asked)
        asked += words(text)
        if text[0] not in '"“„«' and not any(map(str.isdigit, text)):
            together.append((match.span(), first, len(asked)))
    known = are_known(asked)
    unknown: list[re.Match[str]] = []
    for span, first, end in together:
        those = {fold(asked[each].text) for each in range(first, end) if not known[each]} - _PLAIN_WORDS
        if those:
            unknown += [
                match
                for match in _LETTERS.finditer(question, *span)
                if fold(match.group()) in those and match.group()[1:].islower()
            ]
    return unknown


def _cost(written: str, read: str) -> float:
    """What the slips cost that make one word of another: the least of the ways to make them.

    Source: the alignment of Damerau-Levenshtein distance in which no letter is changed twice, with weights.

    >>> _cost("yern", "tern"), _cost("tren", "tern"), _cost("tenr", "tern")
    (1.5, 1.0, 1.0)
    """
    dear = _BEGINNING if written[0] != read[0] else 0.0
    start = max(Prefix.similarity(written, read) - 1, 0)  # a letter that both share on each side may be a double one
    written, read = written[start:], read[start:]
    end = max(Postfix.similarity(written, read) - 1, 0)
    written, read = written[: len(written) - end], read[: len(read) - end]
    before: list[float] = []
    last = [_PLAIN * number for number in range(len(read) + 1)]
    for i, a in enumerate(written, start=1):
        row = [_PLAIN * i]
        for j, b in enumerate(read, start=1):
            put_in = _EASY if i > 1 and written[i - 2] == a else _PLAIN
            left_out = _EASY if j > 1 and read[j - 2] == b else _PLAIN
            least = min(last[j - 1] + _instead(a, b), last[j] + put_in, row[-1] + left_out)
            if i > 1 and j > 1 and a == read[j - 2] and written[i - 2] == b:
                least = min(least, before[j - 2] + _EASY)
            row.append(least)
        before, last = last, row
    return last[-1] + dear


def _instead(written: str, read: str) -> float:
    if written == read:
        return 0.0
    if (written, read) in _BESIDE:
        return _EASY
    return _PLAIN if written in _VOWELS and read in _VOWELS else _ODD


def _begun_otherwise(word: str) -> list[str]:
    """What a word may have been meant to be, with another first letter, if that is where the one slip is."""
    first, second, rest = word[0], word[1], word[2:]
    others = [letter for letter in ascii_lowercase if letter != first]
    begun = [letter + second + rest for letter in others] + [letter + word for letter in others]
    return begun if first == second else [*begun, second + rest, second + first + rest]


def _place(word: str, length: int) -> int:
    return 32 * (ord(word[0]) - ord("a")) + max(length, 0)


def _mask(word: str) -> int:
    mask = 0
    for letter in word:
        mask |= 1 << (ord(letter) - ord("a"))
    return mask
