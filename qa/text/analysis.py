"""Text to terms, the same for passages and questions.

A word is matched however it is written: in any case, with or without accents, with any hyphen, in any of its forms and
spellings, and compounds joined, hyphenated or apart. `DREAMM-2`, `DREAMM 2` and `dreamm2` share a term; so do
`2.5 mg/kg` and `2.5mg/kg`, `12 000` and `12,000`, `paid` and `pay`.
Normalising is for matching alone: nothing here ever changes what is quoted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import regex

from qa.model import Span
from qa.text.lexicon import LETTER_SPELLINGS, PHRASAL_VERBS, STOP_WORDS, TOKEN_SPELLINGS, WORD_SPELLINGS
from qa.text.stemming import stem
from qa.text.word_forms import one_form

__all__ = [
    "ANALYZER",
    "Head",
    "Token",
    "Word",
    "analysed",
    "as_they_stand",
    "fold",
    "said",
    "spoken",
    "terms",
    "terms_and_heads",
    "tokens",
    "visible",
    "words",
    "words_in_place",
]

ANALYZER = "english-porter-5"
"""The name that a saved index carries: it changes whenever `terms` gives other terms for the same text."""

_LONGEST_TERM = 64  # characters; what is longer is no word, and is cut for matching
_REMEMBERED_QUESTION_TOKENS = 1 << 12
_REMEMBERED_TOKENS = 1 << 14  # distinct tokens that are kept as they were analysed: about 20 MB when full
_LONGEST_REMEMBERED = 200  # characters of a token
_REMEMBERED_WORDS = 1 << 17  # distinct words of which the term is kept: about 20 MB

_HYPHEN = r"[-\u2010\u2011\u2012\u2013\u2212]"
_SPACE = r"[ \u00a0\u2009\u202f]"
_ATOM = (
    r"(?:\d+(?:[.,·]\d+)*[^\W_]*|[vV]\d+(?:\.\d+)+[^\W_]*"
    r"|[^\W_\p{M}][\w\p{M}\p{No}]*(?:['’][^\W\d_]+)?)"
)
_NAME = r"[A-Za-z](?:\+\+|#)(?!\w)|w/(?:o\b)?"
_UNITS = "[mk]?g|m?l|[cm]m|(?:hour|day|week|month|year|cycle|dose|point|patient|case)s?"
_BEHIND_VERB = "|".join(
    particle + "(?:" + "|".join(rf"(?<=\b[{v[0]}{v[0].upper()}]{v[1:]} {particle})" for v in verbs) + ")"
    for particle, verbs in PHRASAL_VERBS.items()
)
_PARTICLE = rf"(?: (?:{_BEHIND_VERB})(?![\w'-]))?"
_TOKEN = (
    rf"\p{{Lu}}\w{{0,20}}\p{{Lu}}\w{{0,20}}[ \u00a0]\d{{1,3}}(?![\w.,·%]|{_SPACE}(?:%|(?:\d{{3}}|{_UNITS})\b))"
    rf"|(?i:per[ \u00a0]cent)\b|{_NAME}"
    rf"|[1-9](?<![\w.,-].)\d{{0,2}}(?:{_SPACE}\d{{3}})+(?:[.,·]\d+)?(?!\w|[.,·]\d|{_SPACE}\d)"
    rf"|{_ATOM}(?:{_HYPHEN}{_ATOM})*{_PARTICLE}|[%％﹪]|--(?<![\w-]--)(?=[^\W\d_]){_ATOM}(?:{_HYPHEN}{_ATOM})*|\.NET\b"
)
"""All that can make a compound, so that a token's terms can be remembered: words and numbers held together by hyphens,
the number behind a name in capitals ("DREAMM 2") unless it counts something, a number in groups of digits, a verb with
its particle; and the names and options of programs."""

# The same where all is ASCII, in half the time: most words are small letters with nothing to hold on to.
_ASCII_ATOM = r"(?:[0-9]+(?:[.,][0-9]+)*[A-Za-z0-9]*|[vV][0-9]+(?:\.[0-9]+)+[A-Za-z0-9]*|[A-Za-z]\w*(?:'[A-Za-z]+)?)"
_ASCII_TOKEN = re.compile(
    rf"(?:[A-OQ-Za-oq-vx-z]|w(?!/)|[pP](?!er cent|ER CENT))[a-z]*(?![\w'#+-]){_PARTICLE}"
    rf"|[A-Z]\w{{0,20}}[A-Z]\w{{0,20}} [0-9]{{1,3}}(?![\w.,%]| (?:%|(?:[0-9]{{3}}|{_UNITS})\b))"
    rf"|(?i:per cent)\b|{_NAME}"
    rf"|[1-9](?<![\w.,-].)[0-9]{{0,2}}(?: [0-9]{{3}})+(?:[.,][0-9]+)?(?!\w|[.,][0-9]| [0-9])"
    rf"|{_ASCII_ATOM}(?:-{_ASCII_ATOM})*|%|--(?<![\w-]--)(?=[A-Za-z]){_ASCII_ATOM}(?:-{_ASCII_ATOM})*|\.NET\b",
    re.ASCII,
)

_HYPHENS = re.compile(_HYPHEN)
_PIECE = re.compile(r"%|\d+(?:[.,·]\d+)*(?=[^\W\d_]+(?!\w))(?!st\b|nd\b|rd\b|th\b)|\d+(?:[.,·]\d+)+|[^\W_]+")
_VERSION = re.compile(r"v(?=\d+\.\d)")
_GROUPED = re.compile(rf"\d{{1,3}}(?:{_SPACE}\d{{3}})+(?:[.,·]\d+)?")
_HUMPS = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_WITHOUT_WIDTH = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_RAISED_BEHIND_WORD = re.compile("(?<=[^\\W\\d_]{4})[⁰¹²³⁴-⁹]{1,3}(?![^\\W\\d_])")  # a marker: "trial¹²", but not "kg²"
_THOUSANDS = re.compile(r",(?=\d{3}(?!\d))")
_CLITIC = re.compile(r"['’](?:s|t|ll|re|ve|d|m)?\Z")


class Head(NamedTuple):
    """A content word, folded, with the first of its terms: the same however the word is hyphened to its neighbours.

    `is_small` says that it has letters, and none of them is a capital.
    """

    word: str
    term: str
    is_small: bool = True


class Word(NamedTuple):
    """A content word as it stands in the text. A passage that holds any one of `terms` holds the word."""

    text: str
    terms: tuple[str, ...]


def terms(text: str) -> list[str]:
    """The terms of a text, in order, as often as they occur; stop words dropped.

    >>> terms("The ORR was 29.2 % at 2.5mg/kg in DREAMM-2")
    ['orr', '29.2', '%', '2.5', 'mg', '2.5mg', 'kg', 'dreamm', '2', 'dreamm2']
    """
    return list(chain.from_iterable([_analysed(token).terms for token in tokens(text)]))


def terms_and_heads(text: str) -> list[tuple[tuple[str, ...], tuple[Head, ...]]]:
    """For each token of a text, in order, its `terms` and the heads of its words.

    >>> terms_and_heads("the anti-CD38")[-1]
    (('anti', 'cd38', 'anticd38'), (Head(word='anti', term='anti', is_small=True), Head(word='cd38', ...)))
    """
    return [(each.terms, each.heads) for each in map(_analysed, tokens(text))]


def words(text: str) -> list[Word]:
    """The content words of a question, in order, each with all the terms that stand for it.

    >>> words("the anti-CD38 antibody")
    [Word(text='anti', terms=('anti', 'anticd38')), Word(text='CD38', terms=('cd38', 'anticd38')), ...]
    """
    return [word for token in tokens(text) for word in _words_of_token(token)]


def words_in_place(text: str) -> list[tuple[Word, Head, Span]]:
    """The same, each with its head and with the span of its token, in the text as `visible` gives it.

    >>> words_in_place("the CD38")[0]
    (Word(text='CD38', terms=('cd38',)), Head(word='cd38', term='cd38', is_small=False), Span(start=4, end=8))
    """
    seen = visible(text)
    return [
        (word, head, Span(*found.span()))
        for found in _token_pattern(seen).finditer(seen)
        for word, head in zip(_words_of_token(found.group()), _analysed(found.group()).heads, strict=True)
    ]


def as_they_stand(question: str) -> dict[str, str]:
    """For the content words of a question that stand nowhere alone, the whole that each is a part of.

    >>> as_they_stand("the R-ISS stage")
    {'R': 'R-ISS', 'ISS': 'R-ISS'}
    """
    parts = [(word.text, token) for token in tokens(question) for word in _words_of_token(token)]
    alone = {text for text, token in parts if text == token}
    return {text: token for text, token in parts if text not in alone}


def spoken(text: str) -> list[tuple[str, str | None]]:
    """Every word of a text in order, folded but not stemmed, with its term; a stop word has none.

    >>> spoken("The terns")
    [('the', None), ('terns', 'tern')]
    """
    return list(chain.from_iterable([_analysed(token).spoken for token in tokens(text)]))


def said(text: str) -> list[str]:
    """Every word of a text in order, folded: `spoken` without the terms, to find which takes most of its time.

    >>> said("The terns of DREAMM-2")
    ['the', 'terns', 'of', 'dreamm', '2']
    """
    return list(chain.from_iterable([_pieces_of_token(token)[0] for token in tokens(text)]))


def fold(text: str) -> str:
    """The text as it is compared: NFKC, case folded, accents dropped, one spelling for Greek letters and hyphens.

    >>> fold("Sjögren’s β₂‐MICROGLOBULIN")
    "sjogren's beta2-microglobulin"
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.isascii():
        return folded
    folded = _HYPHENS.sub("-", _WITHOUT_WIDTH.sub("", folded)).replace("’", "'")
    bare = "".join(c for c in unicodedata.normalize("NFD", folded) if unicodedata.category(c) != "Mn")
    return "".join(LETTER_SPELLINGS.get(c, c) for c in bare)


def visible(text: str) -> str:
    """A text without what has no width, such as a soft hyphen, which is no part of a word."""
    return text if text.isascii() else _WITHOUT_WIDTH.sub("", text)


def tokens(text: str) -> list[str]:
    """The tokens of a text, in order: words, numbers and what can make a compound.

    >>> tokens("In DREAMM 2 the anti-CD38")
    ['In', 'DREAMM 2', 'the', 'anti-CD38']
    """
    seen = visible(text)
    found: list[str] = _token_pattern(seen).findall(seen)
    return found


def _token_pattern(text: str) -> re.Pattern[str] | regex.Pattern[str]:
    return _ASCII_TOKEN if text.isascii() else _any_token()


@lru_cache(maxsize=1)
def _any_token() -> regex.Pattern[str]:
    """The pattern of a token, compiled when it is asked for: most questions are in ASCII."""
    return regex.compile(_TOKEN)


class Token(NamedTuple):
    """All that there is to know of a token: its terms, of which a compound's comes last, the heads of its words, and
    all its words in order, as `spoken` gives them."""

    terms: tuple[str, ...]
    heads: tuple[Head, ...]
    spoken: tuple[tuple[str, str | None], ...]


def analysed(token: str) -> Token:
    """What a token is made of."""
    if token.isascii() and token.isalpha() and len(token) <= _LONGEST_TERM:  # most are: what is below finds the same
        word = token.lower()
        if word in STOP_WORDS:
            return Token((), (), ((word, None),))
        if word not in WORD_SPELLINGS:
            term = _term(word)
            parts = _parts_of_identifier(token) if not token[1:].islower() else ()
            return Token((term, *parts), (Head(word, term, token.islower()),), ((word, term),))
    pieces, compound = _pieces_of_token(token)
    spoken = tuple((piece, None if piece in STOP_WORDS else _term(piece)) for piece in pieces)
    own = tuple(term for _, term in spoken if term is not None)
    if compound and len(own) != 1 and _is_name(token, pieces):
        heads: tuple[Head, ...] = (Head(compound, compound, is_small=False),)
    else:
        heads = tuple(
            Head(piece, term, _as_written(piece, token).islower()) for piece, term in spoken if term is not None
        )
    return Token((*own, compound) if compound else own, heads, spoken)


_remembered = lru_cache(maxsize=_REMEMBERED_TOKENS)(analysed)


def _analysed(token: str) -> Token:
    """The same, remembered unless the token is very long: the size of what is remembered must not depend on a text."""
    return _remembered(token) if len(token) <= _LONGEST_REMEMBERED else analysed(token)


@lru_cache(maxsize=_REMEMBERED_QUESTION_TOKENS)
def _words_of_token(token: str) -> tuple[Word, ...]:
    """The content words that a token is made of, each with all the terms that stand for it."""
    pieces, compound = _pieces_of_token(token)
    if compound and _is_name(token, pieces):
        return (Word(token, (compound,)),)
    found = []
    for piece in pieces:
        if piece not in STOP_WORDS:
            own = _term(piece)
            found.append(Word(_as_written(piece, token), (own, compound) if compound else (own,)))
    return tuple(found)


def _pieces_of_token(token: str) -> tuple[tuple[str, ...], str | None]:
    """What `_taken_apart` gives, remembered unless the token is very long."""
    return _remembered_pieces(token) if len(token) <= _LONGEST_REMEMBERED else _taken_apart(token)


def _taken_apart(token: str) -> tuple[tuple[str, ...], str | None]:
    """The folded words that a token is made of, and the term of the compound that they make, if they make one."""
    if spelt := TOKEN_SPELLINGS.get(token.lower()):
        return (spelt,), None
    if token.endswith(("+", "#")):
        return (token.lower(),), None
    if _GROUPED.fullmatch(token):
        digits = tuple(fold(token).split())
        return digits, _term("".join(digits))
    pieces: list[str] = []
    composed = unicodedata.normalize("NFC", token[: 4 * _LONGEST_TERM])
    for atom in re.split(r"[-\s]", fold(_RAISED_BEHIND_WORD.sub("", composed))):
        if atom in WORD_SPELLINGS:
            pieces.append(WORD_SPELLINGS[atom])
        else:
            found = _PIECE.findall(_VERSION.sub("", _CLITIC.sub("", atom), count=1))
            pieces += [WORD_SPELLINGS.get(piece, piece) for piece in found]
    if token[:3].lower() == "per" and pieces[1:] == ["cent"]:
        return ("%",), None
    if token.startswith("--") and len(pieces) == 1 and pieces[0] not in STOP_WORDS:
        return tuple(pieces), f"--{_term(pieces[0])}"[:_LONGEST_TERM]
    if len(pieces) < 2 or not any(c.isalpha() for piece in pieces for c in piece):
        return tuple(pieces), None
    return tuple(pieces), _term("".join(pieces))


_remembered_pieces = lru_cache(maxsize=_REMEMBERED_TOKENS)(_taken_apart)


def _is_name(token: str, pieces: Sequence[str]) -> bool:
    """Whether a compound is a name which nothing but the whole of it stands for: one with a number ("DREAMM-2", but not
    "CrCl 40"), one in a program ("max_retries", "--jobs"), a number in groups of digits."""
    if token.startswith("--") or "_" in token.strip("_") or _GROUPED.fullmatch(token):
        return True
    is_numbered = len(pieces) == 2 and pieces[1].isdigit() and pieces[0].isalpha()
    is_apart = any(map(str.isspace, token)) and len(pieces[-1]) > 1
    return is_numbered and sum(c.isupper() for c in token) > 1 and not is_apart


def _parts_of_identifier(token: str) -> tuple[str, ...]:
    """The terms of the words that a name in a program is put together of ("getUserById"); of other words none."""
    parts = _HUMPS.findall(token)
    capitalised = [part for part in parts if part[:1].isupper() and part[1:].islower()]
    begins_small = len(parts) > 1 and len(parts[0]) > 1 and parts[0].islower()
    if not (begins_small and capitalised) and not 2 < len(capitalised) == len(parts):
        return ()
    return tuple(_term(part) for part in map(str.lower, parts) if part not in STOP_WORDS)


@lru_cache(maxsize=_REMEMBERED_WORDS)
def _term(piece: str) -> str:
    """The index form of a folded word: a number without its thousands' commas, any other word as the Porter stem of the
    one form that stands for it."""
    if piece[0].isdigit():
        return _THOUSANDS.sub("", piece).replace(",", ".").replace("·", ".")[:_LONGEST_TERM]
    word = piece[:_LONGEST_TERM]
    return stem(one_form(word)) if piece.isalpha() else word


def _as_written(piece: str, token: str) -> str:
    """A folded piece in the case in which its token has it, where that can be told."""
    folded = token.casefold()
    start = folded.find(piece)
    return token[start : start + len(piece)] if start >= 0 and len(folded) == len(token) else piece
