"""Evidence: how much of a question a passage covers, and the order that this gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.evidence import PassageTerms, WeighedWord, coverage, missing, passage_terms, rank, weigh
from qa.model import Passage, Query, QueryWord, Span
from qa.retrievers import inverse_document_frequency


@dataclass(frozen=True)
class Statistics:
    """Document frequencies by hand."""

    frequencies: Mapping[str, int]
    passage_count: int = 100

    def document_frequency(self, term: str) -> int:
        return self.frequencies.get(term, 0)


def a_passage(passage_id: str = "d-00000", text: str = "Terns dive. Gulls steal.") -> Passage:
    return Passage(
        id=passage_id,
        document_id="d",
        section=("Birds of the shore",),
        text=text,
        start=0,
        end=len(text),
        sentences=(Span(0, 11), Span(12, len(text))),
    )


def word(text: str, rarity: float, *, carried: bool = False) -> WeighedWord:
    return WeighedWord(text, frozenset({text}), rarity, carried)


def asked(*words: QueryWord) -> Query:
    return Query(terms={term: each.weight for each in words for term in each.terms}, words=words)


def holding(*terms: str) -> PassageTerms:
    return PassageTerms(all=frozenset(terms), sentences=())


# Terms of a passage


def test_a_passage_is_matched_by_its_text_its_headings_and_its_title() -> None:
    held = passage_terms(a_passage(), title="A walk")
    assert held.all == {"tern", "dive", "gull", "steal", "bird", "shore", "walk"}


def test_a_sentence_is_matched_by_its_own_text_alone() -> None:
    assert passage_terms(a_passage(), title="A walk").sentences == (
        frozenset({"tern", "dive"}),
        frozenset({"gull", "steal"}),
    )


# Missing words


def test_missing_are_the_words_that_no_passage_holds_in_any_form() -> None:
    query = asked(
        QueryWord(text="terns", terms=("tern",)),
        QueryWord(text="penguins", terms=("penguin",)),
        QueryWord(text="anti-gull", terms=("anti", "antigull")),
        QueryWord(text="emus", terms=("emu",), weight=0.5, carried=True),
    )
    assert missing(query, Statistics({"tern": 1, "antigull": 2})) == ("penguins",)


def test_a_missing_word_is_named_once() -> None:
    penguins = [QueryWord(text="penguins", terms=("penguin",)), QueryWord(text="penguins", terms=("penguins",))]
    assert missing(asked(*penguins), Statistics({})) == ("penguins",)


# Weighing


def test_a_word_weighs_by_the_commonest_of_its_forms_times_its_weight() -> None:
    query = asked(
        QueryWord(text="anti-gull", terms=("anti", "antigull")),
        QueryWord(text="tern", terms=("tern",), weight=0.5, carried=True),
    )
    assert weigh(query, Statistics({"anti": 30, "antigull": 3, "tern": 7})) == (
        WeighedWord("anti-gull", frozenset({"anti", "antigull"}), inverse_document_frequency(30, 100), False),
        WeighedWord("tern", frozenset({"tern"}), 0.5 * inverse_document_frequency(7, 100), True),
    )


def test_a_word_of_the_question_that_no_passage_holds_weighs_most() -> None:
    query = asked(QueryWord(text="tern", terms=("tern",)), QueryWord(text="penguin", terms=("penguin",)))
    tern, penguin = weigh(query, Statistics({"tern": 1}))
    assert penguin.rarity == inverse_document_frequency(0, 100) > tern.rarity


def test_a_word_carried_over_that_no_passage_holds_does_not_count() -> None:
    query = asked(QueryWord(text="penguin", terms=("penguin",), weight=0.5, carried=True))
    assert weigh(query, Statistics({"tern": 1})) == ()


# Coverage


def test_coverage_is_the_share_of_rarity_that_is_held() -> None:
    words = [word("tern", 3.0), word("gull", 1.0)]
    assert coverage(words, {"tern"}) == 0.75
    assert coverage(words, {"gull", "heron"}) == 0.25
    assert coverage(words, {"tern", "gull"}) == 1.0
    assert coverage(words, {"heron"}) == 0.0


def test_coverage_of_no_words_is_none() -> None:
    assert coverage([], {"tern"}) == 0.0


@settings(deadline=None)
@given(
    rarities=st.lists(st.floats(1e-6, 20), min_size=1, max_size=20),
    held=st.sets(st.integers(0, 19)),
    more=st.integers(0, 19),
)
def test_coverage_lies_in_0_to_1_and_grows_with_what_is_held(rarities: list[float], held: set[int], more: int) -> None:
    words = [word(str(number), rarity) for number, rarity in enumerate(rarities)]
    share = coverage(words, {str(number) for number in held})
    assert 0 <= share <= coverage(words, {str(number) for number in held | {more}}) <= 1
    assert coverage(words, {each.text for each in words}) == 1


# Ranking


def test_a_hit_carries_the_numbers_whose_product_is_its_score() -> None:
    words = [word("tern", 3.0), word("gull", 1.0)]
    [hit] = rank(words, [(a_passage(), holding("tern"), 8.0)], limit=5)
    assert (hit.rank, hit.score, hit.passage) == (1, 6.0, a_passage())
    assert hit.evidence == {"bm25": 8.0, "coverage": 0.75}


def test_a_passage_that_covers_the_question_outranks_one_that_repeats_a_word_of_it() -> None:
    words = [word("tern", 1.0), word("gull", 1.0)]
    repeats = (a_passage("d-00000"), holding("tern"), 9.0)
    covers = (a_passage("d-00001"), holding("tern", "gull"), 5.0)
    hits = rank(words, [repeats, covers], limit=5)
    assert [(hit.rank, hit.passage.id, hit.score) for hit in hits] == [(1, "d-00001", 5.0), (2, "d-00000", 4.5)]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_equal_scores_are_ordered_by_passage_id_at_the_cut_too(order: tuple[int, ...]) -> None:
    candidates = [(a_passage(f"d-0000{number}"), holding("tern"), 2.0) for number in order]
    hits = rank([word("tern", 1.0)], candidates, limit=2)
    assert [(hit.rank, hit.passage.id) for hit in hits] == [(1, "d-00000"), (2, "d-00001")]


def test_a_passage_that_holds_only_words_carried_over_is_no_hit() -> None:
    words = [word("hazard", 1.0), word("tern", 3.0, carried=True)]
    assert rank(words, [(a_passage(), holding("tern"), 8.0)], limit=5) == []


def test_the_question_s_own_words_decide_and_not_those_carried_over() -> None:
    words = [word("hazard", 1.0), word("ratio", 3.0), word("tern", 3.0, carried=True)]
    [hit] = rank(words, [(a_passage(), holding("hazard", "tern"), 8.0)], limit=5)
    assert (hit.score, hit.evidence) == (2.0, {"bm25": 8.0, "coverage": 0.25})


def test_a_question_of_carried_words_alone_is_covered_by_them() -> None:
    [hit] = rank([word("tern", 3.0, carried=True)], [(a_passage(), holding("tern"), 8.0)], limit=5)
    assert hit.evidence == {"bm25": 8.0, "coverage": 1.0}
