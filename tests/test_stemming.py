"""Stems: those of NLTK's Porter stemmer, for every word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.stem.porter import PorterStemmer

from qa.text import stemming
from qa.text.stemming import stem

CORPUS = Path(__file__).parent.parent / "corpus"
ENDINGS = sorted({ending for endings in stemming._ENDINGS.values() for ending in endings})

nltks = PorterStemmer()


def test_every_word_of_the_corpus_has_nltks_stem() -> None:
    texts = [path.read_text("utf-8", "replace") for path in CORPUS.rglob("*") if path.suffix in (".md", ".txt")]
    found = {word for text in texts for word in re.findall(r"[^\W\d_]+", text.lower())}
    assert len(found) > 2000
    assert [word for word in sorted(found) if stem(word) != nltks.stem(word)] == []


@pytest.mark.parametrize("word", ["", "as", "sky", "skies", "dying", "innings", "news", "die", "dies", "yyyy", "logi"])
def test_short_and_irregular_words_have_nltks_stem(word: str) -> None:
    assert stem(word) == nltks.stem(word)


@given(beginning=st.text("aeiouybdlrst", min_size=1, max_size=5), ends=st.lists(st.sampled_from(ENDINGS), max_size=3))
def test_words_made_of_endings_have_nltks_stem(beginning: str, ends: list[str]) -> None:
    word = "".join([beginning, *ends])
    assert stem(word) == nltks.stem(word)
