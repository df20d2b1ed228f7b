"""Evidence: how much of a question a passage covers, and the order that this gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import WordingsBuilder

from qa.asking.concepts import NO_CONCEPTS, Concept, Concepts
from qa.asking.question import read_question
from qa.model import Candidate, Passage, Query, QueryWord
from qa.ranking.evidence import (
    WEIGHTS,
    Asked,
    Ranked,
    WeighedWord,
    coverage,
    missing,
    rank,
    read_query,
    weigh,
)
from qa.retrievers import inverse_document_frequency
from qa.retrievers.okapi import K1, B
from qa.text.sentences import sentences


@dataclass(frozen=True)
class Statistics:
    """Document frequencies by hand."""

    frequencies: Mapping[str, int]
    passage_count: int = 100

    def document_frequency(self, term: str) -> int:
        return self.frequencies.get(term, 0)


def word(text: str, rarity: float, *, carried: bool = False) -> WeighedWord:
    return WeighedWord(text, frozenset({text}), rarity, carried)


def asked(*words: QueryWord) -> Query:
    return Query(terms={term: each.weight for each in words for term in each.terms}, words=words)


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


def test_a_word_that_asks_for_all_counts_only_where_a_passage_holds_it() -> None:
    query = asked(QueryWord(text="Options", terms=("option",)), QueryWord(text="tern", terms=("tern",)))
    assert [each.text for each in weigh(query, Statistics({"tern": 1}))] == ["tern"]
    assert [each.text for each in weigh(query, Statistics({"tern": 1, "option": 1}))] == ["Options", "tern"]
    assert missing(query, Statistics({})) == ("tern",)


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


@dataclass(frozen=True, kw_only=True)
class Held:
    """A passage as the retriever ranks it, of a document called "Birds"."""

    passage: Passage
    bm25: float


def held(text: str, *, bm25: float = 8.0, passage_id: str = "d-00000", heading: str = "") -> Held:
    spans = tuple(sentences(text, 0, len(text)))
    section = (heading,) if heading else ()
    passage = Passage(
        id=passage_id, document_id="d", section=section, text=text, start=0, end=len(text), sentences=spans
    )
    return Held(passage=passage, bm25=bm25)


def ranked(
    asked: Asked,
    *found: Held,
    limit: int = 5,
    statistics: Statistics = COUNTS,
    title: str = "Birds",
    concepts: Concepts = NO_CONCEPTS,
) -> list[Ranked]:
    """The ranking of some passages of a library whose other passages, to the number in its statistics, say nothing."""
    builder = WordingsBuilder(concepts)
    for each in sorted(found, key=lambda each: each.passage.id):
        builder.add(each.passage, title=title)
    for number in range(statistics.passage_count - len(found)):
        builder.add(held("Owls.", passage_id=f"z-{number:05}").passage, title="")
    wordings = builder.done(statistics.document_frequency)
    candidates = [Candidate(each.passage.id, each.bm25) for each in found]
    return rank(asked, candidates, wordings, limit=limit)


def ids(ranking: Sequence[Ranked]) -> list[str]:
    return [each.passage_id for each in ranking]


def evidence(asked: str, found: Held, *others: Held) -> Mapping[str, float]:
    [of_found] = [
        each.evidence
        for each in ranked(question(asked), found, *others, limit=9)
        if each.passage_id == found.passage.id
    ]
    return of_found


def test_a_score_is_the_weighted_sum_of_its_evidence() -> None:
    [hit] = ranked(question("Which tern steals fish?"), held("The tern dives for fish."))
    assert list(hit.evidence) == list(WEIGHTS)
    assert all(0 <= value <= 1 for value in hit.evidence.values())
    assert hit.score == sum(WEIGHTS[name] * value for name, value in hit.evidence.items())


def test_the_retriever_speaks_by_the_share_of_its_best_held() -> None:
    worse, best = held("The tern.", bm25=6.0), held("A tern.", bm25=8.0, passage_id="d-00001")
    assert evidence("tern", worse, best)["bm25"] == 0.75
    assert evidence("tern", best, worse)["bm25"] == 1.0


def test_coverage_is_of_the_decisive_words_by_their_rarity() -> None:
    tern, fish = (inverse_document_frequency(count, COUNTS.passage_count) for count in (2, 20))
    assert evidence("tern fish", held("A tern."))["coverage"] == pytest.approx(tern / (tern + fish))
    assert evidence("tern fish", held("Fishes.", heading="Terns"))["coverage"] == 1


def test_wording_is_of_words_as_they_are_written() -> None:
    assert evidence("terns", held("The tern."))["wording"] == 0
    assert evidence("Terns!", held("TERNS."))["wording"] == 1


def test_adjacency_is_of_words_that_stand_side_by_side_in_the_same_order() -> None:
    assert evidence("the tern dives", held("See the tern dives."))["adjacency"] == 1
    assert evidence("the tern dives", held("It dives: tern the."))["adjacency"] == 0
    assert 0 < evidence("the tern dives", held("See the tern."))["adjacency"] < 1
    assert evidence("tern", held("A tern."))["adjacency"] == 0


def test_a_heading_speaks_by_the_share_of_it_that_the_question_names() -> None:
    assert evidence("tern", held("It dives.", heading="Terns"))["heading"] == 1
    assert 0 < evidence("tern", held("It dives.", heading="Terns and gulls"))["heading"] < 1
    assert evidence("birds and a tern", held("A tern."))["heading"] == 1, "without a heading, the title"


def test_a_number_speaks_where_one_is_asked_for_and_stands_in_the_best_sentence() -> None:
    numbered = held("A tern eats 12 fish. It flies. [3]")
    assert evidence("How many fish eats a tern?", numbered)["number"] == 1
    assert evidence("Which fish eats a tern?", numbered)["number"] == 0
    assert evidence("When did it fly, tern?", held("The tern did fly. [3] It was 1999."))["number"] == 0


def test_a_passage_that_covers_the_question_outranks_one_that_repeats_a_word_of_it() -> None:
    repeats = held("Terns, terns, terns.", bm25=9.0, passage_id="d-00000")
    covers = held("Terns and gulls.", bm25=5.0, passage_id="d-00001")
    assert ids(ranked(question("terns or gulls"), repeats, covers)) == ["d-00001", "d-00000"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_equal_scores_are_ordered_by_passage_id_at_the_cut_too(order: tuple[int, ...]) -> None:
    equals = [held("A tern.", passage_id=f"d-0000{number}") for number in order]
    assert ids(ranked(question("tern"), *equals, limit=2)) == ["d-00000", "d-00001"]


def test_a_passage_that_holds_only_words_carried_over_is_ranked_behind_one_that_holds_the_question_s_own() -> None:
    asked = question("And gulls?", history=["What does a tern eat?"])
    own = held("Gulls and owls.", passage_id="d-00001")
    assert ids(ranked(asked, held("A tern."), own)) == ["d-00001", "d-00000"]
    assert ranked(question("And gulls?"), held("A tern.")) == []


def test_a_heading_that_earlier_turns_name_counts_by_their_weight() -> None:
    asked = question("And gulls?", history=["What does a tern eat by day?"])
    [hit] = ranked(asked, held("A gull.", heading="Terns"))
    rarity = inverse_document_frequency(2, COUNTS.passage_count)
    assert hit.evidence["heading"] == pytest.approx(asked.terms["tern"] / rarity)
    assert 0 < asked.terms["tern"] < rarity


def test_words_carried_over_choose_among_passages_that_hold_the_question_s_own() -> None:
    asked = question("And gulls?", history=["What does a tern eat?"])
    both = held("Terns and gulls.", passage_id="d-00001")
    first, second = ranked(asked, held("Gulls and owls."), both)
    assert first.passage_id == both.passage.id
    assert first.evidence["coverage"] > second.evidence["coverage"] > 0


def test_a_question_of_carried_words_alone_is_covered_by_them() -> None:
    asked = question("And these?", history=["What is a tern?"])
    [hit] = ranked(asked, held("A tern."))
    assert hit.evidence["coverage"] == 1


def test_no_candidates_give_no_hits() -> None:
    assert ranked(question("tern")) == []


# What title and headings leave open


def saturated(times: int, *, length: int, mean: float) -> float:
    return times / (times + K1 * (1 - B + B * length / mean))


def test_what_the_title_and_the_headings_hold_is_not_left_open() -> None:
    in_text = evidence("Do tern birds fish?", held("Gulls fish.", heading="Terns"))
    assert in_text["aspect"] == evidence("fish", held("Gulls fish."))["aspect"] > 0
    assert evidence("Do birds fish?", held("The bird, the bird, the bird."))["aspect"] == 0


def test_where_title_and_headings_leave_nothing_open_nothing_is_lacking() -> None:
    assert evidence("birds and terns", held("They dive.", heading="Terns"))["aspect"] == 1
    assert evidence("birds", held("They dive."))["aspect"] == 1


def test_what_is_left_open_is_said_the_better_the_more_often_but_ever_less_so_and_best_in_few_words() -> None:
    texts = ["Terns eat fish. They dive by day.", "Terns eat. Terns dive by day.", "Terns eat. Terns, terns dive."]
    mean = (5 + 99) / 100  # one passage of five terms, and 99 of one
    found = [evidence("terns", held(text))["aspect"] for text in texts]
    assert found == pytest.approx([saturated(n, length=5, mean=mean) for n in (1, 2, 3)])
    assert found[1] - found[0] > found[2] - found[1] > 0
    assert evidence("terns", held("Terns eat."))["aspect"] > found[0]


def test_of_several_words_left_open_each_speaks_by_its_rarity() -> None:
    tern, fish = (inverse_document_frequency(count, COUNTS.passage_count) for count in (2, 20))
    said = saturated(1, length=1, mean=1)
    assert evidence("tern fish", held("A tern."))["aspect"] == pytest.approx(tern / (tern + fish) * said)
    assert evidence("tern fish", held("A fish."))["aspect"] == pytest.approx(fish / (tern + fish) * said)


def test_of_the_forms_of_a_word_the_one_that_stands_most_often_speaks() -> None:
    mean = (6 + 99) / 100  # "sea-terns" has three terms: its words and the whole
    found = evidence("sea-tern", held("Sea-terns and sea terns, at sea."))["aspect"]
    sea, tern = (inverse_document_frequency(count, COUNTS.passage_count) for count in (0, 2))
    often = [saturated(times, length=6, mean=mean) for times in (3, 2)]
    assert found == pytest.approx((sea * often[0] + tern * often[1]) / (sea + tern))


def test_what_earlier_turns_leave_open_counts_too() -> None:
    asked = question("And gulls?", history=["What does a tern eat?"])
    first, second = ranked(asked, held("Owls.", heading="Gulls"), held("Terns.", passage_id="d-00001", heading="Gulls"))
    assert (first.passage_id, second.evidence["aspect"]) == ("d-00001", 0)
    assert 0 < first.evidence["aspect"] < 1


# What a thing is


def definition(asked: str, text: str) -> float:
    return evidence(asked, held(text))["definition"]


@pytest.mark.parametrize(
    "asked",
    [
        *("What is a tern?", "What are terns?", "Who was the tern?", "what IS the Tern"),
        *("What does tern mean?", "what do the terns stand for"),
    ],
)
@pytest.mark.parametrize(
    "text", ["A tern is a bird. It dives.", "The common tern (Sterna) was a bird.", "Terns are it."]
)
def test_a_text_that_begins_by_saying_what_the_thing_is_defines_it(asked: str, text: str) -> None:
    assert definition(asked, text) == 1


def test_the_passage_that_defines_a_thing_goes_before_one_that_only_speaks_of_it() -> None:
    speaks = held("We saw a tern and a gull.", passage_id="d-00000")
    defines = held("A tern is not a gull, either.", passage_id="d-00001")
    assert ids(ranked(question("What is a tern?"), speaks, defines)) == ["d-00001", "d-00000"]


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("What is a tern?", "It is a tern."),  # the verb stands before the name
        ("What is a tern?", "A tern dives. Gulls steal."),  # no verb that defines
        ("What is a tern?", " ".join(["By day"] * 15) + " a tern is a bird."),  # not at the beginning
        ("What is an arctic tern?", "A tern is a bird."),  # not of the whole name
        ("Is a tern a bird?", "A tern is a bird."),  # does not ask what it is
        ("How is a tern?", "A tern is a bird."),
        ("a tern", "A tern is a bird."),
        ("What is it about a tern?", "A tern is a bird."),  # a stop word of which no name is made
        ("What does a tern eat?", "A tern is a bird."),  # does not ask what the name means
    ],
)
def test_nothing_else_defines_a_thing(asked: str, text: str) -> None:
    assert definition(asked, text) == 0


def test_what_names_no_thing_asks_for_no_definition() -> None:
    assert question("What is the?").defined == question("What is").defined == ()
    assert question("What is the tern of terns?").defined == ("tern",)


def test_a_name_with_a_number_is_defined_too() -> None:
    assert definition("What was DREAMM-2?", "DREAMM-2 was a trial.") == 1
    assert definition("What was DREAMM-2?", "DREAMM-3 was a trial like DREAMM-2.") == 0
    assert definition("What is the anti-CD38 tern?", "The anti-CD38 tern is a bird.") == 1


def test_of_a_thing_of_another_the_whole_stands_before_the_verb() -> None:
    asked = "What is the dose of alcanor in terns?"
    assert definition(asked, "The dose of alcanor is 5 mg in terns.") == 0
    assert definition(asked, "Alcanor is dosed in terns.") == 0
    assert definition(asked, "In terns, the dose of alcanor is 5 mg.") == 1


def test_a_heading_defines_nothing() -> None:
    assert evidence("What is a tern?", held("It is a bird.", heading="What a tern is"))["definition"] == 0


# Concepts


DIVERS = Concept(names=("auk", "diving bird"), held=frozenset({"auk", "diving bird"}))


def test_a_word_is_covered_and_a_heading_named_by_another_name() -> None:
    concepts = Concepts([DIVERS])
    statistics = Statistics({"dive": 9, "bird": 9, DIVERS.token: 4})
    query = read_question("How do auks swim?", concepts=concepts)
    found = held("Terns dive. They swim.", heading="Diving birds")
    [hit] = ranked(read_query(query, statistics), found, statistics=statistics, title="", concepts=concepts)
    of_token, of_words = (inverse_document_frequency(count, 100) for count in (4, 9))
    assert hit.evidence["coverage"] == 1
    assert hit.evidence["heading"] == pytest.approx(of_token / (2 * of_words))
    assert missing(query, statistics) == ("swim",)
    assert missing(read_question("How do auks swim?"), statistics) == ("auks", "swim")
