"""Evidence: how much of a question a passage covers, and the order that this gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.concepts import Concept, Concepts
from qa.evidence import (
    WEIGHTS,
    Asked,
    PassageTerms,
    WeighedWord,
    coverage,
    missing,
    passage_terms,
    rank,
    read_query,
    weigh,
)
from qa.model import Passage, Query, QueryWord, Span
from qa.question import read_question
from qa.retrievers import inverse_document_frequency
from qa.sentences import sentences

Candidate = tuple[Passage, PassageTerms, float]


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
        WeighedWord("tern", frozenset({"tern"}), 0.5 * inverse_document_frequency(7, 100), True, weight=0.5),
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


COUNTS = Statistics({"tern": 2, "gull": 10, "fish": 20})


def question(text: str, *, history: Sequence[str] = ()) -> Asked:
    return read_query(read_question(text, history=history), COUNTS)


def candidate(text: str, *, bm25: float = 8.0, passage_id: str = "d-00000", heading: str = "") -> Candidate:
    spans = tuple(sentences(text, 0, len(text)))
    section = (heading,) if heading else ()
    passage = Passage(
        id=passage_id, document_id="d", section=section, text=text, start=0, end=len(text), sentences=spans
    )
    return passage, passage_terms(passage, title="Birds"), bm25


def evidence(asked: str, held: Candidate, *others: Candidate) -> Mapping[str, float]:
    hits = rank(question(asked), [held, *others], COUNTS, limit=9)
    [found] = [hit.evidence for hit in hits if hit.passage == held[0]]
    return found


def test_a_score_is_the_weighted_sum_of_its_evidence() -> None:
    [hit] = rank(question("Which tern steals fish?"), [candidate("The tern dives for fish.")], COUNTS, limit=5)
    assert list(hit.evidence) == list(WEIGHTS)
    assert all(0 <= value <= 1 for value in hit.evidence.values())
    assert hit.score == sum(WEIGHTS[name] * value for name, value in hit.evidence.items())


def test_the_retriever_speaks_by_the_share_of_its_best_candidate() -> None:
    held, best = candidate("The tern.", bm25=6.0), candidate("A tern.", bm25=8.0, passage_id="d-00001")
    assert evidence("tern", held, best)["bm25"] == 0.75
    assert evidence("tern", best, held)["bm25"] == 1.0


def test_coverage_is_of_the_decisive_words_by_their_rarity() -> None:
    tern, fish = (inverse_document_frequency(count, COUNTS.passage_count) for count in (2, 20))
    assert evidence("tern fish", candidate("A tern."))["coverage"] == pytest.approx(tern / (tern + fish))
    assert evidence("tern fish", candidate("Fishes.", heading="Terns"))["coverage"] == 1


def test_wording_is_of_words_as_they_are_written() -> None:
    assert evidence("terns", candidate("The tern."))["wording"] == 0
    assert evidence("Terns!", candidate("TERNS."))["wording"] == 1


def test_adjacency_is_of_words_that_stand_side_by_side_in_the_same_order() -> None:
    assert evidence("the tern dives", candidate("See the tern dives."))["adjacency"] == 1
    assert evidence("the tern dives", candidate("It dives: tern the."))["adjacency"] == 0
    assert 0 < evidence("the tern dives", candidate("See the tern."))["adjacency"] < 1
    assert evidence("tern", candidate("A tern."))["adjacency"] == 0


def test_a_heading_speaks_by_the_share_of_it_that_the_question_names() -> None:
    assert evidence("tern", candidate("It dives.", heading="Terns"))["heading"] == 1
    assert 0 < evidence("tern", candidate("It dives.", heading="Terns and gulls"))["heading"] < 1
    assert evidence("birds and a tern", candidate("A tern."))["heading"] == 1, "without a heading, the title"


def test_a_number_speaks_where_one_is_asked_for_and_stands_in_the_best_sentence() -> None:
    numbered = candidate("A tern eats 12 fish. It flies. [3]")
    assert evidence("How many fish eats a tern?", numbered)["number"] == 1
    assert evidence("Which fish eats a tern?", numbered)["number"] == 0
    assert evidence("When did it fly, tern?", candidate("The tern did fly. [3] It was 1999."))["number"] == 0


def test_a_passage_that_covers_the_question_outranks_one_that_repeats_a_word_of_it() -> None:
    repeats = candidate("Terns, terns, terns.", bm25=9.0, passage_id="d-00000")
    covers = candidate("Terns and gulls.", bm25=5.0, passage_id="d-00001")
    hits = rank(question("terns or gulls"), [repeats, covers], COUNTS, limit=5)
    assert [(hit.rank, hit.passage.id) for hit in hits] == [(1, "d-00001"), (2, "d-00000")]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_equal_scores_are_ordered_by_passage_id_at_the_cut_too(order: tuple[int, ...]) -> None:
    candidates = [candidate("A tern.", passage_id=f"d-0000{number}") for number in order]
    hits = rank(question("tern"), candidates, COUNTS, limit=2)
    assert [(hit.rank, hit.passage.id) for hit in hits] == [(1, "d-00000"), (2, "d-00001")]


def test_a_passage_that_holds_only_words_carried_over_is_ranked_behind_one_that_holds_the_question_s_own() -> None:
    asked = question("And gulls?", history=["What does a tern eat?"])
    own = candidate("Gulls and owls.", passage_id="d-00001")
    hits = rank(asked, [candidate("A tern."), own], COUNTS, limit=5)
    assert [hit.passage.id for hit in hits] == ["d-00001", "d-00000"]
    assert rank(question("And gulls?"), [candidate("A tern.")], COUNTS, limit=5) == []


def test_a_heading_that_earlier_turns_name_counts_by_their_weight() -> None:
    asked = question("And gulls?", history=["What does a tern eat by day?"])
    [hit] = rank(asked, [candidate("A gull.", heading="Terns")], COUNTS, limit=5)
    assert hit.evidence["heading"] == pytest.approx(asked.terms["tern"])
    assert 0 < asked.terms["tern"] < 1


def test_words_carried_over_choose_among_passages_that_hold_the_question_s_own() -> None:
    asked = question("And gulls?", history=["What does a tern eat?"])
    both = candidate("Terns and gulls.", passage_id="d-00001")
    hits = rank(asked, [candidate("Gulls and owls."), both], COUNTS, limit=5)
    assert hits[0].passage == both[0]
    assert hits[0].evidence["coverage"] > hits[1].evidence["coverage"] > 0


def test_a_question_of_carried_words_alone_is_covered_by_them() -> None:
    asked = question("And these?", history=["What is a tern?"])
    [hit] = rank(asked, [candidate("A tern.")], COUNTS, limit=5)
    assert hit.evidence["coverage"] == 1


def test_no_candidates_give_no_hits() -> None:
    assert rank(question("tern"), [], COUNTS, limit=5) == []


# Concepts


DIVERS = Concept(names=("auk", "diving bird"), held=frozenset({"auk", "diving bird"}))


def test_a_passage_a_sentence_and_a_heading_hold_the_concepts_that_they_name() -> None:
    concepts = Concepts([DIVERS, Concept(names=("shore", "beach"))])
    held = passage_terms(a_passage(text="Terns dive. Diving birds, too."), title="A walk", concepts=concepts)
    assert list(held.sentences) == [{"tern", "dive"}, {"dive", "bird", DIVERS.token}]
    assert held.all == {"tern", "dive", "bird", "shore", "walk", DIVERS.token, "=shore=beach"}
    assert held.heading == (("bird", frozenset()), ("shore", frozenset({"=shore=beach"})))


def test_a_word_is_covered_and_a_heading_named_by_another_name() -> None:
    concepts = Concepts([DIVERS])
    passage = dataclasses.replace(a_passage(text="Terns dive. They swim."), section=("Diving birds",))
    held = passage_terms(passage, title="", concepts=concepts)
    statistics = Statistics({"dive": 9, "bird": 9, DIVERS.token: 4})
    query = read_question("How do auks swim?", concepts=concepts)
    [hit] = rank(read_query(query, statistics), [(passage, held, 1.0)], statistics, limit=1)
    assert (hit.evidence["coverage"], hit.evidence["heading"]) == (1, 1)
    assert missing(query, statistics) == ("swim",)
    assert missing(read_question("How do auks swim?"), statistics) == ("auks", "swim")
