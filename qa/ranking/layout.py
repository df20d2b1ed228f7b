"""Lays out passages: their words as the numbers that `wordings` reads, and their terms for the index.

Each token is taken apart when it is met first, and has a place in a few tables from then on. So a passage is a row of
places, and what the tables have at these is put together for many passages at once.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from qa.asking.concepts import LONGEST_PHRASE, Concept, Concepts
from qa.ranking.wordings import BESIDE_NOTHING, MARKS, NUMBERED_PART, PART, PackedRow
from qa.text.analysis import Head, analysed, tokens
from qa.text.arrays import packed_numbers

__all__ = ["HEADING_WEIGHT", "Laid", "Layout", "packed_rows"]

HEADING_WEIGHT = 2  # how many times a heading's terms count, before saturation

_REMEMBERED_TOKENS = 1 << 16  # distinct tokens in the tables: about 60 MB when full
_REMEMBERED_CHARACTERS = 1 << 21  # of these tokens
_REMEMBERED_CONTEXTS = 1 << 12  # titles and headings

_NUMBER = re.compile(r"\d")
_BRACKET = re.compile(r"\[[^\[\]\n]{1,80}\]")  # a number in these is a reference's

_Integers = npt.NDArray[np.int64]
_Numbers = TypeVar("_Numbers", int, npt.NDArray[np.int64])
_Flags = npt.NDArray[np.bool_]

_Name = tuple[str, str]
"""A concept's token, and the name of the concept that stands in a text."""

_HAS_OWN, _MAY_GO_ON, _MUST_BE_LOOKED_AT = 1, 2, 4
"""What a token may have to do with what stands beside nothing: a compound or a name of its own; a name that begins with
it and goes on behind it, where a certain term follows; the same, whatever follows."""

_NO_WORD, _OTHER_WORD = -1, 0
"""The first term of a token that has no content word, and of one that is not among the first two terms of any name."""


class Laid(NamedTuple):
    """Passages laid out, one after another: each row takes as many numbers of `stream` as `sizes` says. `terms` has
    those for the index, with line breaks between them. `namings` counts the passages with a name of a concept, by its
    token."""

    stream: _Integers
    sizes: list[int]
    contexts: list[int]
    lengths: list[int]
    namings: Counter[_Name]
    terms: list[str]


class _Token(NamedTuple):
    """A token laid out: the numbers of its words; its terms, each with a line break behind it; the heads of its words,
    and at which of them a concept's name may begin; the names that it has by itself; the compound that it is, if it is
    one."""

    numbers: Sequence[int]
    terms: str = ""
    heads: tuple[Head, ...] = ()
    starts: tuple[int, ...] = ()
    names: Sequence[_Name] = ()
    compound: tuple[str, ...] = ()


class _Tokens(dict[str, int]):
    """The places of tokens in the tables, which each gets when it is met. The first places are those of the marks.

    The key of a term that stands beside nothing is "+" and the term, as no token begins.
    """

    def __init__(
        self, concepts: Concepts, number: Callable[[str, str | None], int], earlier: _Tokens | None = None
    ) -> None:
        """What is in the `earlier` ones is not taken apart again."""
        super().__init__()
        self._concepts = concepts
        self._number = number
        self._earlier = earlier
        self._characters = 0
        beginnings = list(concepts.beginnings())
        terms = dict.fromkeys(chain.from_iterable(beginnings))
        self._of_names = {term: number for number, term in enumerate(terms, start=_OTHER_WORD + 1)}
        self._pairs = np.array([self._pair(*map(self._of_names.__getitem__, pair)) for pair in beginnings], np.int64)
        self.tokens: list[_Token] = []
        self.terms: list[str] = []
        self._numbers = array("q")  # of all tokens, one after another
        self._starts = array("q")  # among these, of those of each token
        self._sizes = array("q")
        self._first_terms = array("q")
        self._kinds = array("b")
        for mark in range(MARKS):
            self._put(_Token((mark,)), first_term=_OTHER_WORD)

    def __missing__(self, token: str) -> int:
        known = None if self._earlier is None else self._earlier.get(token)
        laid = self._laid(token) if self._earlier is None or known is None else self._earlier.tokens[known]
        place = self[token] = len(self.tokens)
        self._characters += len(token)
        self._put(laid, first_term=self._of_names.get(laid.heads[0].term, _OTHER_WORD) if laid.heads else _NO_WORD)
        return place

    @property
    def are_full(self) -> bool:
        """Whether there are as many as may be."""
        return len(self) >= _REMEMBERED_TOKENS or self._characters >= _REMEMBERED_CHARACTERS

    def emptied(self) -> _Tokens:
        """Others, with none. Those of now stay that are met again before these are full."""
        self._earlier = None
        return _Tokens(self._concepts, self._number, self)

    def _laid(self, token: str) -> _Token:
        if token[0] == "+":
            return _Token((self._number(token, token[1:]),))
        terms, heads, spoken = analysed(token)
        numbers = [self._number(word, term) for word, term in spoken]
        starts = tuple([place for place, head in enumerate(heads) if self._concepts.begin(head)])
        names = _named(self._concepts.names(heads, starts)) if starts else ()
        own = len(spoken) - [term for _, term in spoken].count(None)
        return _Token(numbers, "\n".join((*terms, "")), heads, starts, names, terms[own:])

    def _put(self, token: _Token, *, first_term: int) -> None:
        self.tokens.append(token)
        self.terms.append(token.terms)
        self._starts.append(len(self._numbers))
        self._sizes.append(len(token.numbers))
        self._numbers.extend(token.numbers)
        self._first_terms.append(first_term)
        kind = _HAS_OWN if token.names or token.compound else 0
        if token.starts and any(self._concepts.goes_on(token.heads[start]) for start in token.starts):
            kind |= _MAY_GO_ON if len(token.heads) == 1 else _MUST_BE_LOOKED_AT
        self._kinds.append(kind)

    def sizes(self, places: _Integers) -> _Integers:
        """How many words each of some tokens has."""
        return np.frombuffer(self._sizes, np.int64)[places]

    def numbers(self, places: _Integers) -> _Integers:
        """The numbers of the words of some tokens, one after another."""
        sizes = self.sizes(places)
        before: _Integers = np.cumsum(sizes) - sizes
        starts = np.frombuffer(self._starts, np.int64)[places] - before
        all_numbers = np.repeat(starts, sizes) + np.arange(int(sizes.sum()))
        return np.frombuffer(self._numbers, np.int64)[all_numbers]

    def besides(self, places: _Integers) -> tuple[_Integers, _Flags]:
        """Which of some tokens, the last of which is a mark, have to do with what stands beside nothing, and of each of
        these whether a name may begin with it that goes on behind it."""
        kinds = np.frombuffer(self._kinds, np.int8)[places]
        first_terms = np.frombuffer(self._first_terms, np.int64)[places]
        words = np.flatnonzero(first_terms != _NO_WORD)
        may = np.flatnonzero(kinds & _MAY_GO_ON)
        behind = first_terms[words[np.searchsorted(words, may, side="right")]]
        goes_on = (kinds & _MUST_BE_LOOKED_AT) > 0
        goes_on[may] = np.isin(self._pair(first_terms[may], behind), self._pairs)
        found = np.flatnonzero(goes_on | ((kinds & _HAS_OWN) > 0))
        return found, goes_on[found]

    def _pair(self, first: _Numbers, second: _Numbers) -> _Numbers:
        """One number for two."""
        return first * (len(self._of_names) + 1) + second


class Layout:
    """Lays out passages, many at once. `number` gives a word its number, from `MARKS` on, always the same."""

    def __init__(self, concepts: Concepts, number: Callable[[str, str | None], int]) -> None:
        self._concepts = concepts
        self._tokens = _Tokens(concepts, number)
        self._contexts: dict[str, list[int]] = {}
        self._places: list[int] = []  # in the tables, of all that was added
        self._bounds: list[int] = []  # of each passage: where its title begins, its headings and its text
        self._counts: list[int] = []  # of each passage's contexts

    def add(self, title: str, section: Sequence[str], text: str, sentences: Iterable[tuple[int, int]]) -> None:
        """Add a passage of a document with this title."""
        places = self._places
        self._bounds.append(len(places))
        places += self._context(title)
        self._bounds.append(len(places))
        for heading in section:
            places += self._context(heading)
        self._bounds.append(len(places))
        self._counts.append(1 + len(section))
        has_numbers = _NUMBER.search(text)
        for begin, end in sentences:
            sentence = text[begin:end]
            is_numbered = has_numbers and _NUMBER.search(_BRACKET.sub("", sentence) if "[" in sentence else sentence)
            places.append(NUMBERED_PART if is_numbered else PART)
            places += map(self._tokens.__getitem__, tokens(sentence))

    def _context(self, text: str) -> list[int]:
        """The places of a title or heading, which many passages have."""
        found = self._contexts.get(text)
        if found is None:
            if len(self._contexts) >= _REMEMBERED_CONTEXTS:
                self._contexts.clear()
            found = self._contexts[text] = [PART, *map(self._tokens.__getitem__, tokens(text))]
        return found

    def take(self) -> Laid:
        """Everything that was added since the last call, laid out.

        The terms of a passage for the index are its own, its headings' `HEADING_WEIGHT` times and its document's
        title's once.
        """
        places, bounds = self._places, [*self._bounds, len(self._places)]
        named: dict[int, list[str]] = {}  # the tokens of concepts behind each of the bounds
        names: dict[int, set[_Name]] = {}  # of each passage
        ends: list[int] = []  # of parts, behind which something stands beside nothing
        beside: list[int] = []
        all_places = np.array([*places, PART], np.int64)
        for end, bound, its_names, terms in self._beside(all_places, np.array(bounds)):
            if its_names:
                named.setdefault(bound, []).extend(token for token, _ in its_names)
                names.setdefault(bound // 3, set()).update(its_names)
            if terms:
                found = [BESIDE_NOTHING, *(self._tokens[f"+{term}"] for term in terms)]
                beside += found
                ends += [end] * len(found)
        whole = np.insert(all_places[:-1], ends, beside)
        starts = np.array(bounds[:-1:3], np.int64)
        starts += np.searchsorted(np.array(ends, np.int64), starts, side="right")
        laid = Laid(
            stream=self._tokens.numbers(whole),
            sizes=np.add.reduceat(self._tokens.sizes(whole), starts).tolist() if len(starts) else [],
            contexts=self._counts,
            lengths=[],
            namings=Counter(chain.from_iterable(names.values())),
            terms=[],
        )
        of_tokens = self._tokens.terms
        for bound in range(0, len(bounds) - 1, 3):
            title, headings, own = (
                "".join(map(of_tokens.__getitem__, places[bounds[each] : bounds[each + 1]]))
                + ("\n".join((*named[each], "")) if each in named else "")
                for each in range(bound, bound + 3)
            )
            laid.lengths.append(own.count("\n"))
            laid.terms.append((title + HEADING_WEIGHT * headings + own)[:-1])
        self._places, self._bounds, self._counts = [], [], []
        if self._tokens.are_full:
            self._tokens = self._tokens.emptied()
            self._contexts.clear()
        return laid

    def _beside(self, places: _Integers, bounds: _Integers) -> Iterator[tuple[int, int, list[_Name], list[str]]]:
        """Of each part in which something stands beside nothing: where the part ends; behind which of the `bounds` it
        is; the names of concepts that stand in it; and the terms beside nothing, each once. Behind all `places` is a
        mark."""
        found, goes_on = self._tokens.besides(places)
        marks = np.flatnonzero(places < MARKS)
        parts = np.searchsorted(marks, found) - 1
        its_bounds = np.searchsorted(bounds, found, side="right") - 1
        rows = zip(parts.tolist(), its_bounds.tolist(), found.tolist(), goes_on.tolist(), strict=True)
        for (part, bound), its_rows in groupby(rows, key=itemgetter(0, 1)):
            names: list[_Name] = []
            compounds: list[str] = []
            for *_, at, may_go_on in its_rows:
                token = self._tokens.tokens[self._places[at]]
                compounds += token.compound
                names += _named(self._concepts.names(self._heads_from(at), token.starts)) if may_go_on else token.names
            start, end = int(marks[part]), int(marks[part + 1])
            beside = dict.fromkeys(token for token, _ in names)
            if compounds:  # one that is a word as well has its place among the others
                terms = "".join(map(self._tokens.terms.__getitem__, self._places[start:end])).split("\n")
                alone = [each for each in dict.fromkeys(compounds) if terms.count(each) == compounds.count(each)]
                beside = dict.fromkeys(alone) | beside
            yield end, bound, names, list(beside)

    def _heads_from(self, at: int) -> list[Head]:
        """The heads from a token on, as many as a name that begins in it may have."""
        found = list(self._tokens.tokens[self._places[at]].heads)
        most = len(found) + LONGEST_PHRASE
        for behind in range(at + 1, len(self._places)):
            place = self._places[behind]
            if place < MARKS or len(found) >= most:
                break
            found += self._tokens.tokens[place].heads
        return found


def packed_rows(stream: _Integers, laid: Laid) -> list[PackedRow]:
    """The rows of what was laid out, with these numbers instead of its own."""
    rows = packed_numbers(stream, np.array(laid.sizes, np.int64))
    return list(map(PackedRow, rows, laid.contexts, laid.lengths))


def _named(names: Iterable[tuple[Concept, str]]) -> list[_Name]:
    return [(concept.token, name) for concept, name in names]
