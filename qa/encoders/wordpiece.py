"""Text to the tokens of BERT's uncased vocabulary, each with its place in the text.

The rules are those of BERT's own tokenizer (Devlin et al., "BERT", NAACL 2019; WordPiece: Wu et al., 2016, "Google's
Neural Machine Translation System"): control characters go, a Chinese character is a word by itself, letters lose their
accents and capitals, punctuation is split off, and a word is cut into the longest pieces that the vocabulary has, from
the left. A word with a part that it lacks is one unknown token, whole. A text that spells out a special token, such as
"[SEP]", is read as the words and brackets that it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

__all__ = ["SPECIAL_TOKENS", "Tokenizer", "Tokens", "WordPiece"]

UNKNOWN, FIRST, LAST = "[UNK]", "[CLS]", "[SEP]"
SPECIAL_TOKENS = (UNKNOWN, FIRST, LAST)
"""What a vocabulary of WordPiece must have."""

_LONGEST_WORD = 100
"""A word of more characters is unknown."""

_LONGEST_KEPT = 64
_KEPT = 1 << 15
"""How long a word may be, in characters, and how many, for their pieces to be remembered: some 10 MB."""

_SPACE = "\t\n\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_CHINESE = (
    "\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002b73f\U0002b740-\U0002b81f"
    "\U0002b920-\U0002ceaf\U0002f800-\U0002fa1f"
)
_SIGNS = r"!-/:-@\[-`{-~"
"""Punctuation and signs of ASCII, all of which split words; the category P does so beyond ASCII."""

_WORD = re.compile(f"[^{_SPACE}{_CHINESE}{_SIGNS}]+|[{_CHINESE}{_SIGNS}]")
_CONTROLS = ("Cc", "Cf", "Co", "Cs")

_IS_SPACE = re.compile(f"[{_SPACE}]").match
_IS_CHINESE = re.compile(f"[{_CHINESE}]").match
_IS_SIGN = re.compile(f"[{_SIGNS}]").match


class Tokens(NamedTuple):
    """The tokens of a text, in order: the number of each in the vocabulary, and its characters [start, end)."""

    ids: list[int]
    starts: list[int]
    ends: list[int]


class Tokenizer(Protocol):
    """Text to tokens. `first` and `last` are the ids that the model wants before and behind those of a text."""

    first: tuple[int, ...]
    last: tuple[int, ...]

    def tokens(self, text: str) -> Tokens:
        """The tokens of a text, without `first` and `last`; none where it has no words."""


class _Piece(NamedTuple):
    """A token of a word; its characters [start, end) are counted from the word's first one."""

    id: int
    start: int
    end: int


class WordPiece:
    """The tokenizer of BERT's uncased models. Safe to use from several threads."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        """`vocabulary` has `SPECIAL_TOKENS`; a token's place is its id. One that begins with "##" continues a word."""
        ids = {token: number for number, token in enumerate(vocabulary)}
        self._unknown = ids[UNKNOWN]
        self.first: tuple[int, ...] = (ids[FIRST],)
        self.last: tuple[int, ...] = (ids[LAST],)
        self._beginnings: Mapping[str, int] = ids
        self._continuations = {token[2:]: number for token, number in ids.items() if token.startswith("##")}
        self._longest = max(map(len, ids))
        self._kept_pieces = lru_cache(maxsize=_KEPT)(self._pieces)

    def tokens(self, text: str) -> Tokens:
        ids: list[int] = []
        starts: list[int] = []
        ends: list[int] = []
        for match in _WORD.finditer(text):
            word, place = match[0], match.start()
            for piece, start, end in (self._kept_pieces if len(word) <= _LONGEST_KEPT else self._pieces)(word):
                ids.append(piece)
                starts.append(place + start)
                ends.append(place + end)
        return Tokens(ids, starts, ends)

    def _pieces(self, word: str) -> tuple[_Piece, ...]:
        """The tokens of characters between which ASCII alone sees no boundary."""
        found: list[_Piece] = []
        for plain, places in _plain_words(word):
            for token, start, end in self._cut(plain):
                found.append(_Piece(token, places[start], places[end - 1] + 1))
        return tuple(found)

    def _cut(self, word: str) -> list[_Piece]:
        """A word without accents and capitals as the longest pieces that there are, from the left."""
        unknown = [_Piece(self._unknown, 0, len(word))]
        if len(word) > _LONGEST_WORD:
            return unknown
        pieces: list[_Piece] = []
        start, known = 0, self._beginnings
        while start < len(word):
            for end in range(min(len(word), start + self._longest), start, -1):
                token = known.get(word[start:end])
                if token is not None:
                    break
            else:
                return unknown
            pieces.append(_Piece(token, start, end))
            start, known = end, self._continuations
        return pieces


def _plain_words(text: str) -> Iterator[tuple[str, list[int]]]:
    """The words of a text as the vocabulary spells them, each with the places that its characters came from."""
    word: list[str] = []
    places: list[int] = []
    for place, written in enumerate(text):
        for character in _plain(written):
            splits = character == " " or _is_punctuation(character)
            if splits and word:
                yield "".join(word), places
                word, places = [], []
            if character != " ":
                word.append(character)
                places.append(place)
            if splits and word:
                yield "".join(word), places
                word, places = [], []
    if word:
        yield "".join(word), places


def _plain(character: str) -> str:
    r"""A character without accents and capitals: nothing for a control character, a space for any that is one.

    >>> [_plain(each) for each in "É\N{IDEOGRAPHIC SPACE}\N{SOFT HYPHEN}"]
    ['e', ' ', '']
    """
    if character.isascii() and character.isprintable():
        return character.lower()
    if _IS_SPACE(character):
        return " "
    if character == "\ufffd" or unicodedata.category(character) in _CONTROLS:
        return ""
    decomposed = unicodedata.normalize("NFD", character)
    plain = "".join(each.lower() for each in decomposed if unicodedata.category(each) != "Mn")
    return f" {plain} " if _IS_CHINESE(character) else plain


def _is_punctuation(character: str) -> bool:
    return _IS_SIGN(character) is not None or unicodedata.category(character).startswith("P")
