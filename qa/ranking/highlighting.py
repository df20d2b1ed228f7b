"""The sentence of a passage that answers a question best, by a sum of named evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from operator import gt, mul, or_

import regex

from qa.model import Passage, Query, Span
from qa.ranking.evidence import SENTENCE_WEIGHTS, Asked, WeighedWord
from qa.ranking.wordings import Wordings
from qa.retrievers import inverse_document_frequency
from qa.text.analysis import fold, said, terms
from qa.text.lexicon import (
    ASKED_KINDS,
    CURRENCIES,
    MONTHS,
    NUMBER_WORDS,
    PRICE_WORDS,
    QUESTION_WORDS,
    REASON_PHRASES,
    STOP_WORDS,
    Kind,
)

__all__ = [
    "CAPTION_SHARE",
    "MEANING_WEIGHT",
    "WEIGHTS",
    "SentenceTerms",
    "Sought",
    "highlight",
    "lacks_what_is_asked_for",
    "sentence_evidence",
    "sentence_terms",
    "sought",
]

WEIGHTS = SENTENCE_WEIGHTS | {
    "likeness": 2.8,  # share of the rarity of those that the sentence has in another form with the same beginning
    "kind": 2.4,  # a time, number, price, name, place, reason or definition where the question asks for one
}
"""What each kind of evidence counts; each is in 0..1 before its weight, and the greatest sum is the highlight.

Fitted on SQuAD by `python tests/measure_highlights.py FOLDER --fit`, which says how.
"""

MEANING_WEIGHT = 10.0
"""What the nearness of a sentence to the question in meaning counts beside these, in 0..1 before its weight.

Chosen among a few values on questions of SQuAD. `tests/measure_highlights.py` measures without it.
"""

CAPTION_SHARE = 0.3
"""Of the evidence of a caption this part counts, so that it does not beat the sentence that says what it shows."""

_COUNTED, _WORDS = tuple(WEIGHTS.values()), tuple(WEIGHTS).index("words")
_DIGITS = 6  # of a cosine, which must not differ by the order in which it was added up
_OPENING = 1  # stop words that may stand before the one with which a question asks: "and how long", "for whom"
_BEGINNING = 4  # letters that two forms of one word share: "destroyed", "destruction"
_BRACKET = re.compile(r"\[[^\[\]\n]{1,80}\]")
_CAPITALISED = regex.compile(r"(?<!\w)\p{Lu}[\w.'’-]*")
_CAPTION = re.compile(
    r"[*_]*(?:Figure|Fig\.|Table|Chart|Box|Scheme|Exhibit)\s{1,3}[A-Z]?\d{1,3}[A-Za-z]?\s?[.:–—|][*_]*\s"
)
_PART = re.compile(r"[^\W_]{2,}")
_TIME = re.compile(rf"(?<![\d.,])(?:1\d|20)\d\d(?!\d|[.,]\d)|\b(?:{'|'.join(sorted(MONTHS))}|century|decade)\b|\d0s")
_PRICE = regex.compile(
    rf"\p{{Sc}}|\b(?:{'|'.join(sorted(CURRENCIES))})\b|(?<![-\w])free(?!-|\s+(?:of|from)\b)", regex.IGNORECASE
)
_DEFINES = re.compile(r"\b(?:is|are|means?|stands? for|refers? to|denotes?|describes?)\b")
_REMEMBERED = 1024  # sentences, of which the names or numbers are known
_LONGEST_SUBJECT = 120  # characters of a sentence before that
_REASON = re.compile(rf"\b(?:{'|'.join(sorted(REASON_PHRASES))})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceTerms:
    """What is known of one sentence before there is a question.

    `text` has no reference markers. `terms` are those of the index. `beginnings` has the first letters of its content
    words. `word_sequence` has its words with a space before and after each. `context` has the terms of title and
    headings. `names_columns` says that it is the first row of a table, and `is_caption` that it is the line at a figure
    or table.
    """

    text: str
    terms: Set[str]
    beginnings: frozenset[str]
    word_sequence: str
    context: frozenset[str]
    names_columns: bool
    is_caption: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A question, prepared for comparing the sentences of a passage with it.

    `written` has the beginning, term and rarity of its longer words; `all_rarity` is the sum over all words. `pairs`
    has its neighbouring words, written as in `word_sequence`, each with its rarity; `pairs_rarity` is their sum.
    `spoken` has all its words. `kind` is what it asks for, and `is_plain` says that it begins with that: "Does it hurt
    when they dive?" asks for no time. For a definition, `defined` has the terms of what is to be defined.
    """

    words: tuple[WeighedWord, ...]
    written: tuple[tuple[str, str, float], ...]
    all_rarity: float
    pairs: tuple[tuple[str, float], ...]
    pairs_rarity: float
    spoken: frozenset[str]
    kind: Kind | None
    is_plain: bool = True
    defined: frozenset[str] = frozenset()


def sentence_terms(passage: Passage, wordings: Wordings) -> tuple[SentenceTerms, ...]:
    """The terms of each sentence of a passage."""
    contexts, parts = wordings.parts(passage.id)
    context = frozenset(term for part in contexts for term in part.terms)
    found, in_table = [], False
    for (start, end), part in zip(passage.sentences, parts, strict=True):
        was_in_table, in_table = in_table, passage.text.startswith("|", start)
        found.append(
            SentenceTerms(
                text=_BRACKET.sub("", passage.text[start:end]),
                terms=part.terms,
                beginnings=frozenset(
                    word[:_BEGINNING] for word in part.words if len(word) >= _BEGINNING and word not in STOP_WORDS
                ),
                word_sequence=f" {' '.join(part.words)} ",
                context=context,
                names_columns=in_table and not was_in_table,
                is_caption=bool(_CAPTION.match(passage.text, passage.text.rfind("\n", 0, start) + 1)),
            )
        )
    return tuple(found)


def sought(query: Query, asked: Asked) -> Sought:
    """This query, prepared for comparing sentences with it."""
    stems, said = dict(query.spoken), [word for word, _ in query.spoken]
    opener = next((place for place, word in enumerate(said) if word in QUESTION_WORDS), None)
    kind: Kind | None = None
    if asked.defined:
        kind = "definition"
    elif opener is not None:
        kind = _kind(said[opener], said[opener + 1] if opener + 1 < len(said) else "")
    is_plain = opener is None or (opener <= _OPENING and STOP_WORDS.issuperset(said[:opener]))
    if not PRICE_WORDS.isdisjoint(said) and (kind in (None, "number", "definition") or not is_plain):
        kind, is_plain = "price", True
    return Sought(
        words=asked.words,
        written=tuple(
            (word[:_BEGINNING], stems[word] or "", rarity) for word, rarity in asked.wording if len(word) >= _BEGINNING
        ),
        all_rarity=sum(rarity for _, rarity in asked.wording),
        pairs=tuple((f" {first} {second} ", rarity) for (first, second), rarity in asked.pairs),
        pairs_rarity=sum(rarity for _, rarity in asked.pairs),
        spoken=frozenset(said),
        kind=kind,
        is_plain=is_plain,
        defined=frozenset(asked.defined),
    )


def highlight(
    passage: Passage, held: Sequence[SentenceTerms], question: Sought, near: Sequence[float] = ()
) -> Span | None:
    """The sentence with the greatest sum of evidence, the earliest of equals.

    `near` has the cosine, in -1..1, of each sentence with the question, if known. Otherwise a sentence without any word
    of the question is never given. The first row of a table is never given either, since it only names the columns. A
    caption says what is shown, and seldom what is asked: of its evidence a part counts.
    """
    best, most = None, 0.0
    found = zip(passage.sentences, held, _evidence(question, held), strict=True)
    for number, (span, each, evidence) in enumerate(found):
        score = sum(map(mul, _COUNTED, evidence))
        score += MEANING_WEIGHT * max(0.0, round(near[number], _DIGITS)) if near else 0.0
        if each.is_caption:
            score *= CAPTION_SHARE
        if (near or evidence[_WORDS]) and not each.names_columns and score > most:
            best, most = span, score
    return best


def lacks_what_is_asked_for(held: Sequence[SentenceTerms], question: Sought) -> bool:
    """Whether no sentence of a passage has what the question asks for: a time, number, price, name or reason.

    A time may be a number of hours or days. A place may be one without a name, and a definition one without "is".
    """
    if not question.is_plain or question.kind in (None, "place", "definition"):
        return False
    if question.kind == "time" and any(not _numbers(each.text) <= question.spoken for each in held):
        return False
    return not any(_is_of_kind(each.text, question) for each in held)


def sentence_evidence(question: Sought, held: Sequence[SentenceTerms]) -> list[dict[str, float]]:
    """The evidence of each sentence of a passage, with the names in `WEIGHTS`, in that order."""
    return [dict(zip(WEIGHTS, evidence, strict=True)) for evidence in _evidence(question, held)]


def _evidence(question: Sought, held: Sequence[SentenceTerms]) -> Iterator[tuple[float, ...]]:
    """The same, without the names."""
    words, count = question.words, len(held)
    if not held or not words:
        yield from [(0.0,) * len(WEIGHTS)] * count
        return
    hits = [[not word.terms.isdisjoint(each.terms) for word in words] for each in held]
    rarity = [word.rarity for word in words]
    holding = [sum(column) for column in zip(*hits, strict=True)]
    within = [r * inverse_document_frequency(n, count) if n else 0.0 for r, n in zip(rarity, holding, strict=True)]
    own = [r if word.terms.isdisjoint(held[0].context) else 0.0 for r, word in zip(rarity, words, strict=True)]
    all_within, all_own, all_rarity = sum(within), sum(own), sum(rarity)
    before = [False] * len(words)
    for number, (each, hit) in enumerate(zip(held, hits, strict=True), start=1):
        alike = [r for start, term, r in question.written if start in each.beginnings and term not in each.terms]
        beside = [r for pair, r in question.pairs if pair in each.word_sequence]
        yield (
            _share(within, hit, all_within),
            sum(hit) / len(words),
            _share(own, hit, all_own),
            sum(beside) / question.pairs_rarity if beside else 0.0,
            _share(rarity, map(gt, before, hit), all_rarity),
            1 / number,
            sum(alike) / question.all_rarity if alike else 0.0,
            float(_is_of_kind(each.text, question)),
        )
        before = list(map(or_, before, hit))


def _is_of_kind(text: str, question: Sought) -> bool:
    """Whether a sentence holds what a question asks for: of numbers and names, one that the question does not hold."""
    match question.kind:
        case "time":
            return bool(_TIME.search(text)) or not _digits(text) <= question.spoken
        case "number":
            return not _numbers(text) <= question.spoken
        case "price":
            return bool(_PRICE.search(text))
        case "name":
            return not _names(text, inner=False) <= question.spoken
        case "place":
            return not _names(text, inner=True) <= question.spoken
        case "reason":
            return bool(_REASON.search(text))
        case "definition":
            found = _DEFINES.search(text, 0, _LONGEST_SUBJECT)
            return found is not None and question.defined <= set(terms(text[: found.start()]))
        case None:
            return False


@lru_cache(_REMEMBERED)
def _digits(text: str) -> frozenset[str]:
    return frozenset(word for word in said(text) if word[0].isdigit())


@lru_cache(_REMEMBERED)
def _numbers(text: str) -> frozenset[str]:
    return frozenset(word for word in said(text) if word[0].isdigit() or word in NUMBER_WORDS)


@lru_cache(_REMEMBERED)
def _names(text: str, *, inner: bool) -> frozenset[str]:
    """The words with a capital, of all or of those that do not open the sentence."""
    names = [fold(found[0]) for found in _CAPITALISED.finditer(text) if found.start() or not inner]
    return frozenset(part for name in names if name not in STOP_WORDS for part in _PART.findall(name))


def _kind(opener: str, following: str) -> Kind | None:
    """What a question asks for by its opening ("when", "how many", "which city"), if that can be told."""
    return next(
        (kind for kind, (alone, nouns) in ASKED_KINDS.items() if opener in alone or f"{opener} {following}" in nouns),
        None,
    )


def _share(weights: Sequence[float], held: Iterable[bool], whole: float) -> float:
    return sum(compress(weights, held)) / whole if whole else 0.0
