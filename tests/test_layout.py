"""Laying out passages: many at once as one by one, and with the names of concepts in them."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.asking.concepts import Concept, Concepts
from qa.library.analyst import Analyst, Titled
from qa.ranking import layout
from qa.ranking.layout import Laid, Layout
from qa.ranking.wordings import BESIDE_NOTHING, MARKS, NUMBERED_PART, PART

CONCEPTS = Concepts(
    [
        Concept(names=("PFS", "progression-free survival")),
        Concept(names=("tern", "sea swallow")),
        Concept(names=("free survival", "life")),
        Concept(names=("MM", "multiple myeloma")),
    ]
)
MARKED = {PART: "|", NUMBERED_PART: "#", BESIDE_NOTHING: "+"}


class Laying:
    """Lays out passages of one sentence, and tells what was laid out in words."""

    def __init__(self) -> None:
        self._words: dict[str, int] = {}
        self._layout = Layout(CONCEPTS, lambda word, _: self._words.setdefault(word, MARKS + len(self._words)))

    def add(self, *passages: tuple[str, ...]) -> Laid:
        for *contexts, text in passages:
            title, *headings = contexts or [""]
            self._layout.add(title, headings, text, [(0, len(text))])
        return self._layout.take()

    def rows(self, *passages: tuple[str, ...]) -> list[tuple[list[str], int, int, Counter[str]]]:
        laid = self.add(*passages)
        said = MARKED | {number: word for word, number in self._words.items()}
        words, rows = [said[number] for number in laid.stream.tolist()], []
        for size, contexts, length, terms in zip(laid.sizes, laid.contexts, laid.lengths, laid.terms, strict=True):
            rows.append((words[:size], contexts, length, Counter(terms.split("\n"))))
            words = words[size:]
        assert words == []
        return rows


def test_a_passage_has_its_title_its_headings_and_its_sentence_and_what_stands_beside_nothing() -> None:
    [(words, contexts, length, terms)] = Laying().rows(("Terns", "Sea swallows", "The anti-tern ate 3 sea swallows."))
    assert words[:6] == ["|", "terns", "+", "+=tern=sea swallow", "|", "sea"]
    assert words[6:10] == ["swallows", "+", "+=tern=sea swallow", "#"]
    assert words[10:] == ["the", "anti", "tern", "ate", "3", "sea", "swallows", "+", "+antitern", "+=tern=sea swallow"]
    assert (contexts, length) == (2, 9)
    assert terms["=tern=sea swallow"] == 1 + 2 * 1 + 2
    assert terms["swallow"] == 2 * 1 + 1


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("PFS was long.", {"PFS"}),
        ("The progression free survival was long.", {"progression-free survival", "free survival"}),
        ("Progression-free, long survival.", set()),
        ("Progression-free survival.", {"progression-free survival", "free survival"}),
        ("5 mm of MM", {"MM"}),
        ("5 mm of rain", set()),
        ("multiple. Myeloma", {"multiple myeloma"}),
        ("multiple", set()),
        ("", set()),
    ],
)
def test_names_are_found_wherever_their_words_follow_one_another(text: str, names: set[str]) -> None:
    assert {name for _, name in Laying().add((text,)).namings} == names


def test_no_name_goes_on_in_the_next_sentence_or_passage() -> None:
    laying = Laying()
    assert not laying.add(("Sea", "swallow"), ("sea", "multiple"), ("myeloma", "sea")).namings


def test_a_passage_counts_once_for_each_name() -> None:
    assert Laying().add(("PFS", "PFS, PFS and tern"), ("", "PFS")).namings == {
        ("=PFS=progression-free survival", "PFS"): 2,
        ("=tern=sea swallow", "tern"): 1,
    }


PIECES = [
    "PFS",
    "progression-free",
    "survival",
    "free",
    "sea",
    "swallow",
    "anti-tern",
    "antitern",
    "the",
    "2.5mg",
    "MM",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join)


@settings(deadline=None)
@given(passages=st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=5))
def test_passages_laid_out_together_are_as_those_laid_out_one_by_one(passages: list[tuple[str, str, str]]) -> None:
    together, one_by_one = Laying(), Laying()
    assert together.rows(*passages) == [row for each in passages for row in one_by_one.rows(each)]


def test_tokens_that_were_forgotten_are_laid_out_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    passages = [(f"Terns {number % 3}", f"anti-tern {number % 5} PFS") for number in range(20)]
    expected = [row for each in passages for row in Laying().rows(each)]
    monkeypatch.setattr(layout, "_REMEMBERED_TOKENS", 3)
    laying = Laying()
    assert [row for each in passages for row in laying.rows(each)] == expected


def test_new_words_are_told_in_the_order_in_which_they_come_first() -> None:
    analyst = Analyst(CONCEPTS)
    first = analyst([Titled(1, "a", "Terns", (), "PFS of anti-terns", [(0, 17)])])
    told = [first.words[place].word for place in first.order]
    assert told == ["terns", "+=tern=sea swallow", "pfs", "of", "anti", "+antitern", "+=PFS=progression-free survival"]
    again = analyst([Titled(2, "b", "Terns", (), "PFS of auks", [(0, 11)])])
    assert [again.words[place].word for place in again.order] == ["auks"]
