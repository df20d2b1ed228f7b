"""Confidence: the grounds for believing that the first passage answers, and the probability that they give."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import WordingsBuilder

from qa import Engine, Settings
from qa.asking.concepts import NO_CONCEPTS, Concept, Concepts
from qa.asking.question import read_question
from qa.model import Passage, Span
from qa.ranking.confidence import BY_WORDS, LEAST_OF_WHOLE, by_weights, confidence, grounds, telling
from qa.ranking.evidence import MOST_OF_ITS_OWN, WEIGHTS, Asked, Ranked, Statistics, WeighedWord, read_query
from qa.ranking.wordings import Wordings
from qa.text.analysis import terms
from qa.text.english import English

TEXTS = ("Terns dive for fish.", "Gulls steal fish.", "An auk swims.")
CONFIDENCE_WEIGHTS, BIAS = BY_WORDS
MOST = MOST_OF_ITS_OWN
SHARES = st.floats(0, 1)
ENGLISH = English.of({"the": 10**9, "bird": 10**3, "swims": 1_500, "steal": 10**5, "dive": 10**5, "fish": 10**5})
"""Of these words "bird" and "swims" are rare, "steal", "dive" and "fish" are not, and what is not there is rarest."""


@dataclass(frozen=True)
class Shore:
    """Passages "p-0", "p-1" and so on, one a text, of a document called "Birds"."""

    wordings: Wordings
    frequencies: Counter[str]
    passage_count: int

    def document_frequency(self, term: str) -> int:
        return self.frequencies[term]


def shore(*texts: str, concepts: Concepts = NO_CONCEPTS) -> Shore:
    builder, frequencies = WordingsBuilder(concepts), Counter[str]()
    for number, text in enumerate(texts):
        passage = Passage(
            id=f"p-{number}",
            document_id="p",
            section=(),
            text=text,
            start=0,
            end=len(text),
            sentences=(Span(0, len(text)),),
        )
        frequencies.update(set(builder.add(passage, title="Birds")))
    return Shore(builder.done(frequencies.__getitem__), frequencies, len(texts))


def word(text: str, rarity: float, *, carried: bool = False) -> WeighedWord:
    return WeighedWord(text, frozenset(terms(text)), rarity, carried)


def asked(*words: WeighedWord) -> Asked:
    rarities = {term: each.rarity for each in words for term in each.terms}
    return Asked(words=words, terms=rarities, wording=(), pairs=(), said=(), defined=(), wants_number=False)


def question(text: str, statistics: Statistics, *, concepts: Concepts = NO_CONCEPTS) -> Asked:
    return read_query(read_question(text, concepts=concepts), statistics)


def first(number: int = 0, *, score: float = MOST, evidence: float = 0.0) -> Ranked:
    values = np.full(len(WEIGHTS), evidence)
    values[list(WEIGHTS).index("shown")] = 0
    return Ranked(f"p-{number}", score, values, words=score)


def grounds_of(
    asked: Asked, shore: Shore, *, number: int = 0, score: float = MOST, others: Sequence[Ranked] = ()
) -> dict[str, float]:
    return grounds(asked, [first(number, score=score), *others], shore.wordings, shore, ENGLISH)


# Grounds


def test_the_grounds_are_those_that_have_a_weight_in_their_order() -> None:
    assert list(grounds_of(asked(word("terns", 1)), shore(*TEXTS))) == list(CONFIDENCE_WEIGHTS)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_score_is_a_share_of_the_sum_of_the_weights_of_the_evidence(share: float) -> None:
    assert grounds_of(asked(word("terns", 1)), shore(*TEXTS), score=share * MOST)["score"] == share


def test_bm25_and_sentence_are_the_evidence_of_these_names() -> None:
    birds = shore(*TEXTS)
    found = grounds(asked(word("terns", 1)), [first(evidence=0.4)], birds.wordings, birds, ENGLISH)
    assert (found["bm25"], found["sentence"]) == (0.4, 0.4)


def test_no_sentence_has_to_repeat_what_title_and_headings_say_whole() -> None:
    birds = shore(*TEXTS)
    whole = {"coverage": 1.0, "aspect": 1.0}
    for evidence, sentence in (
        (whole | {"sentence": 0.1}, 0.6),
        (whole | {"sentence": 0.7}, 0.7),
        (whole | {"sentence": 0.1, "coverage": 0.9}, 0.1),
        (whole | {"sentence": 0.1, "aspect": 0.9}, 0.1),
    ):
        values = np.array([evidence.get(name, 0.0) for name in WEIGHTS])
        ranked = first()._replace(values=values)
        assert grounds(asked(word("terns", 1)), [ranked], birds.wordings, birds, ENGLISH)["sentence"] == sentence


def test_the_lead_is_how_far_the_score_leads_the_next_one_up_to_three_tenths_of_it_times_the_coverage() -> None:
    birds, terns = shore(*TEXTS), asked(word("terns", 1))
    for second, lead in ((10.0, 0.0), (9.4, 0.2), (7.0, 1.0), (1.0, 1.0)):
        found = grounds_of(terns, birds, score=10.0, others=[first(1, score=second)])
        assert found["lead"] == pytest.approx(lead)
    assert grounds_of(terns, birds)["lead"] == 1
    half = asked(word("terns", 1), word("penguins", 1))
    assert grounds_of(half, birds)["lead"] == 0.5


def test_coverage_is_the_share_of_the_rarity_in_english_of_the_words_that_the_passage_holds() -> None:
    birds, sought = shore(*TEXTS), asked(word("terns", 3), word("fish", 9), word("steal", 4))
    fish, steal = ENGLISH.weight("fish"), ENGLISH.weight("steal")
    assert 0 < fish == steal < ENGLISH.weight("terns") == 1
    assert grounds_of(sought, birds)["coverage"] == pytest.approx((1 + fish) / (1 + fish + steal))
    assert grounds_of(sought, birds, number=1)["coverage"] == pytest.approx((fish + steal) / (1 + fish + steal))
    assert grounds_of(sought, birds, number=2)["coverage"] == 0


def test_the_library_has_the_share_of_the_rarity_there_of_the_words_that_the_passage_holds() -> None:
    birds, sought = shore(*TEXTS), asked(word("terns", 3), word("fish", 1), word("steal", 4))
    assert grounds_of(sought, birds)["library"] == (3 + 1) / (3 + 1 + 4)
    assert grounds_of(sought, birds, number=1)["library"] == (1 + 4) / (3 + 1 + 4)
    assert grounds_of(sought, birds, number=2)["library"] == 0


def test_a_question_of_everyday_words_alone_is_covered_by_any_of_them() -> None:
    assert grounds_of(asked(word("the", 1)), shore("The auk."))["coverage"] == 0
    assert grounds_of(asked(word("fish", 1)), shore("A fish."))["coverage"] == 1


def test_a_word_of_the_title_is_held() -> None:
    found = grounds_of(asked(word("birds", 1), word("dive", 1)), shore(*TEXTS))
    assert (found["coverage"], found["library"]) == (1, 1)


def test_substance_grows_with_every_word_held_that_is_rare_in_english_and_in_the_library() -> None:
    birds = shore(*TEXTS)
    rare = [
        grounds_of(question(text, birds), birds)["substance"] for text in ("terns", "terns dive", "terns dive fish")
    ]
    assert 0 < rare[0] < rare[1] < rare[2] < 1
    assert rare[0] > grounds_of(question("fish", birds), birds)["substance"]
    everywhere = shore("Terns dive.", "Terns swim.", "Terns fly.", "Terns nest.")
    assert grounds_of(question("terns", everywhere), everywhere)["substance"] < rare[0] / 2


def test_unknown_is_the_share_of_the_rarity_in_english_of_the_words_that_no_passage_holds() -> None:
    sought = asked(word("terns", 3), word("Penguins", 4), word("steal", 1))
    assert grounds_of(sought, shore(*TEXTS))["unknown"] == pytest.approx(1 / (2 + ENGLISH.weight("steal")))
    assert grounds_of(sought, shore("A penguin.", *TEXTS), number=1)["unknown"] == 0


def test_a_word_in_small_letters_that_nobody_has_may_be_a_slip_of_one_that_english_has() -> None:
    birds = shore(*TEXTS)
    slip, name = (grounds_of(asked(word("terns", 1), word(text, 1)), birds)["unknown"] for text in ("dvie", "Dvie"))
    dive = ENGLISH.weight("dive")
    assert slip == pytest.approx(dive / (1 + dive))
    assert name == 0.5


def test_a_question_without_words_is_covered_by_nothing_and_has_nothing_unknown() -> None:
    birds = shore(*TEXTS)
    for without_words in (asked(), question("What is it?", birds)):
        found = grounds_of(without_words, birds, score=0)
        assert found.pop("small") == 1 / math.sqrt(8)
        assert set(found.values()) == {0.0}


def test_a_leaning_question_is_covered_by_its_own_words_to_one_half_and_by_those_taken_over_to_the_other() -> None:
    own = word("dive", 2), word("steal", 6)
    carried = word("terns", 1, carried=True), word("auk", 3, carried=True), word("gulls", 1, carried=True)
    leaning, alone = (grounds_of(asked(*words), shore(*TEXTS)) for words in ((*own, *carried), own))
    assert (leaning["library"], alone["library"]) == ((2 / 8 + 1 / 5) / 2, 2 / 8)
    assert leaning["coverage"] == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert alone["coverage"] == 1 / 2


def test_where_a_pronoun_refers_to_what_was_taken_over_that_counts_twice_at_most() -> None:
    own = word("dive", 1)
    said = word("terns", 1, carried=True)._replace(referred=True), word("auk", 9, carried=True)._replace(referred=True)
    plain = [each._replace(referred=False) for each in said]
    assert grounds_of(asked(own, *said), shore(*TEXTS))["library"] == 2 * (1 / 10)
    assert grounds_of(asked(own, *plain), shore(*TEXTS))["library"] == (1 + 1 / 10) / 2


def test_a_question_that_has_no_words_but_those_taken_over_is_covered_by_these_alone() -> None:
    carried = word("terns", 1, carried=True), word("auk", 3, carried=True)
    found = grounds_of(asked(*carried), shore(*TEXTS))
    assert (found["library"], found["coverage"], found["unknown"], found["names"]) == (1 / 4, 1 / 2, 0, 0)


def test_of_a_leaning_question_only_its_own_words_are_unknown() -> None:
    carried = word("penguins", 8, carried=True)
    assert grounds_of(asked(word("auk", 2), carried), shore(*TEXTS))["unknown"] == 0
    assert grounds_of(asked(word("auk", 2), word("Emus", 2), carried), shore(*TEXTS))["unknown"] == 1 / 2


def test_names_is_the_share_of_the_rarity_of_the_words_with_a_capital_that_the_passage_lacks() -> None:
    birds = shore(*TEXTS)
    named = [word("terns", 3)._replace(is_name=True), word("emus", 1)._replace(is_name=True)]
    assert grounds_of(asked(*named), birds)["names"] == 1 / 4
    assert grounds_of(question("Do fish dive in Iceland?", birds), birds)["names"] == 1
    for without_names in ("Fish", "Fish of terns", "Fish dive. Steal too."):
        assert grounds_of(question(without_names, birds), birds)["names"] == 0


def test_a_word_that_english_does_not_know_counts_as_a_name_in_small_letters_too() -> None:
    texts = ["Bevacor ends tern fever.", "Alcanor ends nothing.", "Terns dive."]
    birds = shore(*texts)
    assert grounds_of(question("Does bevacor end fever?", birds), birds)["names"] == 0
    assert 0 < grounds_of(question("Does alcanor end fever?", birds), birds)["names"] <= 1


def test_small_is_one_over_the_square_root_of_the_number_of_passages_or_of_eight() -> None:
    assert grounds_of(asked(word("terns", 1)), shore(*TEXTS))["small"] == 1 / math.sqrt(8)
    assert grounds_of(asked(word("terns", 1)), shore(*TEXTS, *"abcdefghijklm"))["small"] == 1 / 4


def test_a_word_that_is_known_by_its_concept_is_covered_and_not_unknown() -> None:
    concepts = Concepts([Concept(names=("guillemot", "auk"), held=frozenset({"auk"}))])
    birds = shore(*TEXTS, concepts=concepts)
    assert birds.document_frequency(*terms("guillemot")) == 0
    by_concept = grounds_of(question("Which guillemot swims?", birds, concepts=concepts), birds, number=2)
    assert (by_concept["coverage"], by_concept["unknown"]) == (1, 0)
    by_word = grounds_of(question("Which guillemot swims?", birds), birds, number=2)
    assert 0 < by_word["coverage"] < 1
    assert by_word["unknown"] == pytest.approx(1 - by_word["coverage"])


@settings(deadline=None)
@given(
    own=st.lists(st.tuples(st.sampled_from(["terns", "fish", "auk", "emus", "Emus"]), st.floats(0.01, 20))),
    carried=st.lists(st.tuples(st.sampled_from(["dive", "gulls", "swims"]), st.floats(0.01, 20))),
    share=SHARES,
    second=SHARES,
    number=st.integers(0, len(TEXTS) - 1),
)
def test_every_ground_and_the_confidence_lie_in_0_to_1(
    own: list[tuple[str, float]], carried: list[tuple[str, float]], share: float, second: float, number: int
) -> None:
    words = [word(*each) for each in own] + [word(*each, carried=True) for each in carried]
    found = grounds_of(
        asked(*words), shore(*TEXTS), number=number, score=share * MOST, others=[first(score=second * MOST)]
    )
    assert all(0 <= each <= 1 for each in found.values())
    assert 0 <= confidence(found) <= 1


# Confidence


@given(values=st.lists(SHARES, min_size=len(CONFIDENCE_WEIGHTS), max_size=len(CONFIDENCE_WEIGHTS)))
def test_the_confidence_is_the_logistic_function_of_the_bias_and_the_weighted_grounds(values: list[float]) -> None:
    found = dict(zip(CONFIDENCE_WEIGHTS, values, strict=True))
    logit = BIAS + sum(CONFIDENCE_WEIGHTS[name] * value for name, value in found.items())
    assert by_weights(found) == pytest.approx(1 / (1 + math.exp(-logit)), rel=1e-12)
    assert confidence(found) == max(by_weights(found), LEAST_OF_WHOLE if found["library"] == 1 else 0)


def test_a_passage_that_has_all_words_has_a_least_confidence_even_if_many_others_have_them() -> None:
    nothing = dict.fromkeys(CONFIDENCE_WEIGHTS, 0.0)
    assert confidence(nothing | {"library": 1.0}) == LEAST_OF_WHOLE
    assert confidence(nothing | {"library": 0.999}) < 0.01


@pytest.mark.parametrize("name", ["score", "bm25", "sentence", "lead", "coverage", "substance", "small"])
def test_the_confidence_rises_with_what_speaks_for_a_passage(name: str) -> None:
    assert CONFIDENCE_WEIGHTS[name] > 0


@pytest.mark.parametrize("name", ["unknown", "names"])
def test_the_confidence_falls_with_unknown_words_and_with_names_that_the_passage_lacks(name: str) -> None:
    assert CONFIDENCE_WEIGHTS[name] < 0


@pytest.mark.parametrize("score", ["score", "sentence", "bm25"])
def test_below_the_possible_threshold_is_a_passage_without_the_best_evidence(score: str) -> None:
    half = dict.fromkeys(CONFIDENCE_WEIGHTS, 0.5)
    assert confidence(half | {"small": 0.0, score: 0.0}) < Settings().possible_threshold


# What is told of


def test_told_of_are_names_numbers_and_rare_words_that_no_passage_holds() -> None:
    said = ("Emus", "steal", "7", "bird", "the", "dvie", "metformin")
    assert telling(said, ENGLISH) == ("Emus", "7", "bird", "metformin")


# Answers


def engine_over(folder: Path, *, threshold: float | None = None) -> Engine:
    for number, text in enumerate(TEXTS):
        (folder / f"{number}.md").write_text(f"# Birds\n\n{text}\n", "utf-8")
    engine = Engine.create(Settings.load({}, threshold=threshold))
    engine.add([folder])
    return engine


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("Does Ryanair sell terns?", ("Ryanair",)),
        ("Do gulls like Kyrgyzstan?", ("Kyrgyzstan",)),
        ("Do Emus steal fish?", ("Emus",)),
        ("do emus steal fish?", ("emus",)),
        ("When was metformin approved?", ("metformin", "approved")),
        ("What is the capital of Mongolia?", ("capital", "Mongolia")),
    ],
)
def test_a_question_with_names_that_no_passage_holds_is_not_answered_and_they_are_named(
    tmp_path: Path, question: str, unknown: tuple[str, ...]
) -> None:
    answer = engine_over(tmp_path).ask(question)
    assert not answer.answered
    assert answer.confidence < Settings().threshold
    assert answer.interpretation.missing == unknown


@pytest.mark.parametrize(
    "question",
    [
        "What fish do gulls steal at work?",
        "Does it hurt when gulls steal fish?",
        "Gulls steal fish, my brother said.",
        "Dear sir, do gulls really steal fish? I have to know. Please reply ASAP, thank you.",
    ],
)
def test_an_everyday_word_that_no_passage_holds_neither_refuses_nor_is_named(tmp_path: Path, question: str) -> None:
    answer = engine_over(tmp_path).ask(question)
    assert answer.answered
    assert answer.best is not None
    assert answer.best.passage.text == "Gulls steal fish."
    assert answer.interpretation.missing == ()


def test_an_everyday_word_takes_less_of_the_confidence_than_a_rare_one_and_that_less_than_a_name(
    tmp_path: Path,
) -> None:
    engine = engine_over(tmp_path)
    clear, everyday, rare, name = (
        engine.ask(f"Do gulls steal fish{more}?").confidence for more in ("", " at work", " on glaciers", " in Iceland")
    )
    assert clear > everyday > rare > name
    assert clear - everyday < (clear - name) / 2


def test_a_question_whose_words_all_passages_hold_may_be_answered_by_the_first(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number}.md").write_text(f"# Terns\n\nTerns dive, said visitor {number}.\n", "utf-8")
    engine = Engine.create(Settings())
    engine.add([tmp_path])
    answer = engine.ask("Do terns dive?")
    assert (answer.outcome, answer.confidence) == ("possible", LEAST_OF_WHOLE)


def test_a_question_in_the_words_of_a_passage_is_answered(tmp_path: Path) -> None:
    answer = engine_over(tmp_path).ask("Do gulls steal fish?")
    assert answer.best is not None
    assert answer.best.passage.text == "Gulls steal fish."
    assert Settings().threshold <= answer.confidence < 1


@pytest.mark.parametrize(("change", "answered"), [(-0.001, True), (0.001, False)])
def test_the_threshold_in_the_settings_decides_and_leaves_the_confidence_as_it_is(
    tmp_path: Path, change: float, answered: bool
) -> None:
    sure = engine_over(tmp_path).ask("Do gulls steal fish?").confidence
    answer = engine_over(tmp_path, threshold=sure + change).ask("Do gulls steal fish?")
    assert (answer.answered, answer.confidence) == (answered, sure)


def test_a_passage_that_lacks_a_telling_word_must_be_surer_to_answer(tmp_path: Path) -> None:
    for threshold, outcome in ((0.46, "answered"), (0.47, "possible")):
        answer = engine_over(tmp_path, threshold=threshold).ask("Do gulls steal bread?")
        assert answer.outcome == outcome
        assert answer.confidence == pytest.approx(0.7465, abs=0.005)
    [explained] = engine_over(tmp_path).explain("Do gulls steal bread?", limit=1)
    assert explained.surer == 1.6


@pytest.mark.parametrize(
    ("question", "surer"),
    [
        ("How many gulls steal fish?", 4),
        ("When do gulls steal fish?", 4),
        ("Why do gulls steal fish?", 4),
        ("What is the price of the fish that gulls steal?", 4),
        ("Is fish expensive where gulls steal it?", 4),
        ("How much do the fish cost that gulls steal?", 4),
        ("Where do gulls steal fish?", 1),
        ("Fish when gulls steal?", 1),
        ("Do gulls steal fish when they can?", 1),
    ],
)
def test_a_passage_without_what_is_asked_for_does_not_answer(tmp_path: Path, question: str, surer: float) -> None:
    engine = engine_over(tmp_path)
    assert engine.explain(question, limit=1)[0].surer == surer
    assert (engine.ask(question).outcome == "answered") == (surer == 1)


def test_the_confidence_of_an_answer_is_that_of_the_first_passage_as_explained(tmp_path: Path) -> None:
    engine = engine_over(tmp_path)
    [explained, *_] = engine.explain("Do gulls steal bread?")
    assert explained.grounds["score"] == explained.hit.score / MOST
    assert 0 < explained.grounds["coverage"] < 1
    assert explained.grounds["unknown"] == pytest.approx(1 - explained.grounds["coverage"])
    assert explained.confidence == confidence(explained.grounds)
    assert engine.ask("Do gulls steal bread?").confidence == round(explained.confidence, 4)
