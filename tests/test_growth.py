"""Passages made by variation: the same every time, of a passage's size, with a vocabulary that grows as text's does."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from qa import Engine, Settings
from qa.config import SHIPPED_CORPUS
from qa.evaluation.growth import HEAPS, Variation, invented_word, sizes, varied
from qa.evaluation.peers import write_passages
from qa.text.analysis import terms

TEXTS = [(path.stem, path.read_text("utf-8")) for path in sorted(SHIPPED_CORPUS.glob("*-*.md"))]
TERNS = ("Terns", "Terns nest on the open shore. Terns dive for small fish in the sea.")
GULLS = ("Gulls", "Gulls steal food from other birds. In 1987 there were 12 gulls in COVID-19 wards.")


def vocabulary(made: Iterable[Variation]) -> tuple[int, int]:
    """How many words there are, and how many different ones."""
    words = [word for each in made for word in re.findall(r"\w+", each.text.lower())]
    return len(words), len(set(words))


def test_the_same_texts_make_the_same_passages_and_more_of_them_begin_with_fewer() -> None:
    made = list(varied([TEXTS], count=300))
    assert list(varied([TEXTS], count=300)) == made
    assert list(varied([TEXTS], count=100)) == made[:100]
    assert list(varied([TEXTS], count=300, seed=2)) != made
    assert len({each.text for each in made}) == 300


def test_made_passages_are_of_a_passages_size_under_ids_that_ascend() -> None:
    made = list(varied([TEXTS], count=2_000))
    sizes_in_words = [len(each.text.split()) for each in made]
    assert max(sizes_in_words) <= 150
    assert 110 <= sum(sizes_in_words) / len(made) <= 150
    assert [each.id for each in made] == sorted({each.id for each in made})
    assert {each.title for each in made} == {title for title, _ in TEXTS}


def test_each_made_record_is_one_passage_of_a_library(tmp_path: Path) -> None:
    made = list(varied([TEXTS], count=200))
    assert write_passages(made, tmp_path) == 200
    engine = Engine.create(Settings())
    engine.add([tmp_path])
    assert [engine.document(each.id).text for each in made] == [each.text for each in made]
    assert engine.passage_count == 200


def test_the_vocabulary_grows_by_heaps_law_beyond_the_texts() -> None:
    made = list(varied([TEXTS], count=8_000))
    words, different = vocabulary(made[:2_000])
    more_words, more_different = vocabulary(made)
    exponent = math.log(more_different / different) / math.log(more_words / words)
    assert abs(exponent - HEAPS) < 0.06


def test_sentences_of_one_set_are_not_mixed_with_those_of_another() -> None:
    for each in varied([[TERNS], [GULLS]], count=200):
        assert ("Terns" in each.text) == (each.title == "Terns")
        assert ("gulls" in each.text.lower()) == (each.title == "Gulls")


def test_numbers_are_varied_and_years_and_names_are_not() -> None:
    found = [
        re.findall(r"In (\d+) there were (\d+) gulls in (\S+) wards", e.text) for e in varied([[GULLS]], count=200)
    ]
    numbers = [match for each in found for match in each]
    assert {(year, name) for year, _, name in numbers} == {("1987", "COVID-19")}
    assert {len(number) for _, number, _ in numbers} == {2}
    assert len({number for _, number, _ in numbers}) > 40


def test_invented_words_are_different_terms() -> None:
    invented = [invented_word(number) for number in range(20_000)]
    assert len(set(terms(" ".join(invented)))) == 20_000


def test_texts_without_a_sentence_cannot_be_varied() -> None:
    with pytest.raises(ValueError, match="no sentence of 4 to 60 words"):
        list(varied([[("Terns", "Terns dive.")]], count=1))


def test_a_file_of_passages_has_no_more_than_fifty_thousand(tmp_path: Path) -> None:
    made = (Variation(f"{number:09d}", "Terns", "Terns dive.") for number in range(50_001))
    assert write_passages(made, tmp_path) == 50_001
    first, second = (path.read_text("utf-8").splitlines() for path in sorted(tmp_path.glob("*.jsonl")))
    assert (len(first), len(second)) == (50_000, 1)
    assert json.loads(second[0]) == {"_id": "000050000", "title": "Terns", "text": "Terns dive."}


@pytest.mark.parametrize(
    ("most", "expected"),
    [(20_000, [1_000, 2_000, 5_000, 10_000, 20_000]), (1_000, [1_000]), (300, [300]), (2_500, [1_000, 2_000, 2_500])],
)
def test_it_is_measured_at_round_numbers_and_at_the_most(most: int, expected: list[int]) -> None:
    assert sizes(most) == expected
