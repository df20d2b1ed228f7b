"""Several names for one thing: abbreviations, brands, synonyms; and how to find them in a library's own texts.

A passage with one of a concept's names also has the concept's token. The token matches a question with any other of the
names. So "PFS" finds "progression-free survival", and the other way round, while "free" alone finds neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from qa.text.analysis import Head, fold, terms_and_heads
from qa.text.lexicon import DRUG_ENDINGS, STOP_WORDS

__all__ = [
    "LONGEST_PHRASE",
    "NO_CONCEPTS",
    "Concept",
    "Concepts",
    "Naming",
    "Pair",
    "agreed",
    "mined",
    "of_library",
    "plain_words",
    "terms_of_name",
]

LONGEST_PHRASE = 12
"""The most content words of a name."""

_WINDOW = 160  # characters before a bracket in which a long form may stand
_LONGEST_SHORT = 10  # characters of an abbreviation, as in the paper

_BRACKET = re.compile(r"\(([^()\n]{2,120})\)")
_PARTS = re.compile(r"[,;:=]| or | also ")
_SHORT = re.compile(r"[^\W_][\w/&+.\-\u2010\u2011]*[\w+]")
_LAST_TOKEN = re.compile(r"(?<!\S)(\S{2,20})\s?\Z")
_LONGEST_LAST = 21  # characters that it takes, with white space behind
_BRAND = re.compile(r"[A-Z][a-z]{2,20}")
_FOUR_LETTERS = re.compile(r"-[a-z]{4}\Z")  # behind the name of a biological drug: "belantamab mafodotin-blmf"
_BETWEEN_WORDS = re.compile(r"[\s/\-\u2010-\u2014]+")
_NO_LONG_FORM = re.compile(r"[()\[\]{}|\"“”.;:]")
_DRUG_ENDINGS = tuple(sorted(DRUG_ENDINGS))
_PLAIN_WORD = re.compile(r"\b[A-Za-z]{2,10}\b")
_ASCII_PLAIN_WORD = re.compile(_PLAIN_WORD.pattern, re.ASCII)  # the same where all is ASCII, sooner


class Pair(NamedTuple):
    """Two names that mean the same, as a text says: an abbreviation and its long form, or a brand and its drug."""

    short: str
    long: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """The names of one thing, as they are written.

    A question with one of `names` finds the passages with any of `names` or `found`. Those in `found` are narrower
    names; they find none of the others. `held` has all of these names that are in the library. `token` stands for the
    concept among the terms of passages and questions. No term begins with "=".

    >>> Concept(names=("PFS", "progression-free survival")).token
    '=PFS=progression-free survival'
    """

    names: tuple[str, ...]
    found: tuple[str, ...] = ()
    held: frozenset[str] = frozenset()
    token: str = field(init=False)

    def __post_init__(self) -> None:
        names = (*self.names, *self.found)[:2]
        object.__setattr__(self, "token", "".join(f"={' '.join(name.split())}" for name in names))

    def others(self, name: str) -> list[str]:
        """The other names that the library has for this name of a question. Empty if questions cannot use this name."""
        if name not in self.names:
            return []
        return [other for other in (*self.names, *self.found) if other != name and other in self.held]


class Naming(NamedTuple):
    """A name in a row of words: where it starts and ends, and each concept with the name that it matched."""

    start: int
    end: int
    concepts: tuple[tuple[Concept, str], ...]


class Concepts:
    """Finds the names of concepts in texts. Each word costs one look-up, and one for each name that begins with it.

    A name of one word matches itself and, from three letters, its plural in -s. In a longer name the stems of the words
    are compared; stop words are left out and hyphens separate words. A name in capitals, such as MM, does not match
    small letters in a text, nor in a question after a number ("5 mm").
    """

    def __init__(self, concepts: Iterable[Concept] = ()) -> None:
        self.all = tuple(concepts)
        self._words: dict[str, dict[Concept, str]] = {}
        phrases: dict[tuple[str, ...], dict[Concept, str]] = {}
        plurals: dict[str, dict[Concept, str]] = {}
        self._capitals = {fold(name) for concept in self.all for name in concept.names if name.isupper()}
        for concept in self.all:
            for name in (*concept.names, *concept.found):
                heads = _heads(name)
                if len(heads) == 1:
                    self._words.setdefault(heads[0].word, {}).setdefault(concept, name)
                    if len(heads[0].word) > 2:
                        plurals.setdefault(f"{heads[0].word}s", {}).setdefault(concept, name)
                elif 1 < len(heads) <= LONGEST_PHRASE:
                    terms = tuple(head.term for head in heads)
                    phrases.setdefault(terms, {}).setdefault(concept, name)
        self._words = plurals | self._words
        self._parts = frozenset(chain.from_iterable(phrases))
        self._phrases: dict[str, dict[str, dict[tuple[str, ...], dict[Concept, str]]]] = {}  # by their first two terms
        for terms in sorted(phrases, key=len, reverse=True):
            self._phrases.setdefault(terms[0], {}).setdefault(terms[1], {})[terms] = phrases[terms]

    def name(self, word: str) -> bool:
        """Whether a word, or its stem, is part of a name."""
        return any(head.word in self._words or head.term in self._parts for head in _heads(word))

    def terms(self, text: str) -> list[str]:
        """The terms of a text, and the token of each concept as often as one of its names occurs."""
        return self.terms_and_names(text)[0]

    def terms_and_names(self, text: str) -> tuple[list[str], set[tuple[Concept, str]]]:
        """The same, and the names that occur."""
        tokens = terms_and_heads(text)
        heads = list(chain.from_iterable(heads for _, heads in tokens))
        found = self.names(heads, range(len(heads)))
        terms = list(chain.from_iterable(terms for terms, _ in tokens))
        return terms + [concept.token for concept, _ in found], set(found)

    def begin(self, head: Head) -> bool:
        """Whether a name may begin with this word."""
        return head.term in self._phrases or head.word in self._words

    def goes_on(self, head: Head) -> bool:
        """Whether a name of several words may begin with this word."""
        return head.term in self._phrases

    def beginnings(self) -> Iterator[tuple[str, str]]:
        """The first two terms of each name of several words; one of which they are not is not there."""
        return ((first, second) for first, seconds in self._phrases.items() for second in seconds)

    def names(self, heads: Sequence[Head], starts: Iterable[int]) -> list[tuple[Concept, str]]:
        """The names in a row of words of a text that begin at these places, each with its concept."""
        found: list[tuple[Concept, str]] = []
        for start in starts:
            head = heads[start]
            seconds = self._phrases.get(head.term) if start + 1 < len(heads) else None
            if head.word in self._words or (seconds and heads[start + 1].term in seconds):
                for naming in self._all_namings(heads, (start,)):
                    if not self._is_shrunk(naming, heads):
                        found += naming.concepts
        return found

    def namings(self, heads: Sequence[Head]) -> Iterator[Naming]:
        """The names in a question's words, from the left. The longest match wins; none is inside another."""
        reached = 0
        for naming in self._all_namings(heads, range(len(heads))):
            follows_number = naming.start > 0 and heads[naming.start - 1].word[0].isdigit()
            if naming.start >= reached and not (follows_number and self._is_shrunk(naming, heads)):
                reached = naming.end
                yield naming

    def _is_shrunk(self, naming: Naming, heads: Sequence[Head]) -> bool:
        """Whether a name in capitals stands there in small letters."""
        first = heads[naming.start]
        return naming.end - naming.start == 1 and first.is_small and first.word in self._capitals

    def _all_namings(self, heads: Sequence[Head], starts: Iterable[int]) -> Iterator[Naming]:
        """All names that begin at these places in a row of words; of those that begin together the longest first."""
        for start in starts:
            head = heads[start]
            seconds = self._phrases.get(head.term)
            if seconds and start + 1 < len(heads) and (phrases := seconds.get(heads[start + 1].term)):
                terms = tuple(each.term for each in heads[start : start + LONGEST_PHRASE])
                for phrase, named in phrases.items():
                    if terms[: len(phrase)] == phrase:
                        yield Naming(start, start + len(phrase), tuple(named.items()))
            if concepts := self._words.get(head.word):
                yield Naming(start, start + 1, tuple(concepts.items()))


NO_CONCEPTS = Concepts()


def of_library(concepts: Iterable[Concept], names: Iterable[tuple[str, str]]) -> Concepts:
    """The concepts with a name in the library, with the names that it has. Each is given with a token."""
    held: dict[str, set[str]] = {}
    for token, name in names:
        held.setdefault(token, set()).add(name)
    return Concepts(replace(each, held=frozenset(held[each.token])) for each in concepts if each.token in held)


def agreed(pairs: Mapping[Pair, int], written: Mapping[str, int], known: Sequence[Concept] = ()) -> list[Concept]:
    """The concepts that the documents define, sorted by their names, without those that are known already.

    `pairs` counts the documents in which each pair is `mined`. `written` counts how often each of the `plain_words`
    occurs in them. An abbreviation is taken if more than half of its definitions give the same long form, and if it is
    not a common word: one that occurs in small letters more often than as defined is left out.
    """
    meanings: dict[tuple[str, ...], dict[tuple[str, ...], list[Pair]]] = {}
    for pair in sorted(pairs, key=lambda pair: (-pairs[pair], pair)):
        short, long = _key(pair.short), _key(pair.long)
        is_word = written.get(pair.short.lower(), 0) > written.get(pair.short, 0)
        if short and 0 < len(long) <= LONGEST_PHRASE and not is_word:
            meanings.setdefault(short, {}).setdefault(long, []).append(pair)
    known_names = [{_key(name) for name in concept.names} for concept in known]
    found = []
    for short, meant in meanings.items():
        counts = {long: sum(pairs[pair] for pair in same) for long, same in meant.items()}
        best = max(counts, key=counts.__getitem__)
        if 2 * counts[best] > sum(counts.values()) and not any({short, best} <= names for names in known_names):
            found.append(Concept(names=meant[best][0]))
    return sorted(found, key=lambda concept: concept.names)


def terms_of_name(name: str) -> list[list[str]]:
    """The terms that a text with a name has. For a name of one word, also those of its plural.

    >>> terms_of_name("progression-free survival"), terms_of_name("PFS")
    ([['progress', 'free', 'surviv']], [['pf'], ['pfss']])
    """
    heads = _heads(name)
    plural = _heads(f"{heads[0].word}s") if len(heads) == 1 else []
    return [[head.term for head in form] for form in (heads, plural) if form]


def plain_words(text: str) -> list[str]:
    """The words of a text that may be mistaken for an abbreviation, as they are written."""
    return (_ASCII_PLAIN_WORD if text.isascii() else _PLAIN_WORD).findall(text)


def mined(text: str) -> Iterator[Pair]:
    """The pairs that a text defines, in order, each as often as it is defined: "long form (LF)", "LF (long form)", and
    for drugs "generic (Brand)" and "Brand (generic)".

    Linear in the text. Source for abbreviations: Schwartz and Hearst, "A simple algorithm for identifying abbreviation
    definitions in biomedical text", PSB 2003; but initials of neighbouring words are preferred to letters inside them.

    >>> list(mined("Median progression-free survival (PFS) with selinexor (Xpovio)"))
    [Pair(short='PFS', long='progression-free survival'), Pair(short='Xpovio', long='selinexor')]
    """
    for bracket in _BRACKET.finditer(text):
        before = text[max(0, bracket.start() - _WINDOW) : bracket.start()].rpartition("\n")[2]
        inside = _PARTS.split(bracket[1], maxsplit=1)[0].strip()
        last_token = _LAST_TOKEN.search(before, max(0, len(before) - _LONGEST_LAST))
        last = last_token[1] if last_token else ""
        if _is_short(inside):
            if long := _long_form(_singular(inside), before):
                yield Pair(_singular(inside), long)
        elif _is_short(last):
            if _long_form(_singular(last), inside) == inside:
                yield Pair(_singular(last), inside)
        elif _BRAND.fullmatch(inside):
            if drug := _drug(before):
                yield Pair(inside, drug)
        elif _BRAND.fullmatch(last) and (drug := _drug(inside)) and inside.startswith(drug):
            yield Pair(last, drug)


def _is_short(text: str) -> bool:
    """Whether this may be an abbreviation: 2 to 10 characters, capitals for the most part, at least two."""
    if not 2 <= len(text) <= _LONGEST_SHORT or not _SHORT.fullmatch(text):
        return False
    letters = [c for c in _singular(text) if c.isalpha()]
    capitals = sum(c.isupper() for c in letters)
    return capitals >= 2 and 2 * capitals >= len(letters)


def _singular(short: str) -> str:
    return short[:-1] if short[-1:] == "s" and short[-2:-1].isupper() else short


def _long_form(short: str, text: str) -> str | None:
    """The end of a text that an abbreviation stands for: at most min(n + 5, 2 n) words for n characters."""
    letters = [c for c in fold(short) if c.isalnum()]
    words = text.split()[-min(len(letters) + 5, 2 * len(letters)) :]
    text = " ".join(words)
    start = _by_initials(letters, text)
    if start is None:
        start = _by_letters(letters, text)
    if start is None:
        return None
    long = text[start:]
    parts = [fold(part) for part in _BETWEEN_WORDS.split(long)]
    repeats = fold(short) in parts or _singular(fold(short)) in parts
    if (
        len(long) <= len(short)
        or repeats
        or fold(long).startswith(fold(short))
        or parts[0] in STOP_WORDS
        or _NO_LONG_FORM.search(long)
    ):
        return None
    return long


def _by_initials(letters: Sequence[str], text: str) -> int | None:
    """Where the last words of a text begin whose initials are these letters; stop words may stand between."""
    left = list(letters)
    starts = [0, *(gap.end() for gap in _BETWEEN_WORDS.finditer(text))]
    ends = [*(gap.start() for gap in _BETWEEN_WORDS.finditer(text)), len(text)]
    for start, end in zip(reversed(starts), reversed(ends), strict=True):
        word = fold(text[start:end])
        if word[:1] == left[-1]:
            left.pop()
            if not left:
                return start
        elif word not in STOP_WORDS or len(left) == len(letters):
            return None
    return None


def _by_letters(letters: Sequence[str], text: str) -> int | None:
    """Where the shortest end of a text begins that has these letters in order, the first at the start of a word."""
    place = len(text)
    for number in reversed(range(len(letters))):
        place -= 1
        while place >= 0 and not (
            text[place].casefold() == letters[number] and (number > 0 or place == 0 or not text[place - 1].isalnum())
        ):
            place -= 1
    return place if place >= 0 else None


def _drug(text: str) -> str | None:
    """The generic name of a drug at the end of a text: one word, or two, that end as such names do; no combination."""
    words = [_FOUR_LETTERS.sub("", word) for word in text.split()[-3:]]
    taken = 0
    while taken < min(2, len(words)) and _is_drug(words[-1 - taken]):
        taken += 1
    if not taken or words[-1 - taken : -taken] in (["and"], ["or"], ["plus"]):
        return None
    return " ".join(words[-taken:])


def _is_drug(word: str) -> bool:
    return len(word) > 4 and word.isalpha() and word.islower() and word.endswith(_DRUG_ENDINGS)


def _heads(name: str) -> list[Head]:
    return [head for _, heads in terms_and_heads(name) for head in heads]


def _key(name: str) -> tuple[str, ...]:
    """What two names have in common that are the same."""
    heads = _heads(name)
    return (heads[0].word,) if len(heads) == 1 else tuple(head.term for head in heads)
