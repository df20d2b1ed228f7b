"""A question to its query: its words and terms, and what it takes over from earlier questions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.asking.concepts import Concept, Concepts
from qa.asking.leaning import MOST_CARRIED, PART_WEIGHT, TURN_WEIGHT
from qa.asking.question import CONCEPT_WEIGHT, read_question
from qa.model import QueryWord, Reading

EARLIER = "How fast do terns dive?"


def words_of(question: str, *history: str) -> list[str]:
    return [word.text for word in read_question(question, history=history).words]


def carried_by(question: str, *history: str) -> tuple[str, ...]:
    return read_question(question, history=history).carried_over


# One question alone


def test_a_question_gives_its_terms_at_weight_1_and_its_words_as_they_stand() -> None:
    query = read_question("Where do Arctic terns nest?")
    assert query.terms == {"arctic": 1.0, "tern": 1.0, "nest": 1.0}
    assert query.words == (
        QueryWord(text="Arctic", terms=("arctic",), is_name=True),
        QueryWord(text="terns", terms=("tern",)),
        QueryWord(text="nest", terms=("nest",)),
    )
    assert query.carried_over == ()


def test_a_compound_gives_each_of_its_words_and_the_whole() -> None:
    query = read_question("long-tailed")
    assert query.terms == {"long": 1.0, "tail": 1.0, "longtail": 1.0}
    assert QueryWord(text="tailed", terms=("tail", "longtail")) in query.words


def test_a_name_with_a_number_is_one_word() -> None:
    assert read_question("DREAMM-2").words == (QueryWord(text="DREAMM-2", terms=("dreamm2",)),)
    assert read_question("DREAMM 2").words[0].terms == read_question("DREAMM-2").words[0].terms


@pytest.mark.parametrize("question", ["the of and", "What is it?", "?!", "…", "\u0301" * 10, "—"])
def test_a_question_without_content_words_has_no_terms(question: str) -> None:
    query = read_question(question)
    assert (query.terms, query.words, query.carried_over) == ({}, (), ())


def test_words_that_frame_a_question_are_searched_but_need_not_be_covered() -> None:
    query = read_question("Tell me: what kind of bird is a tern?")
    assert set(query.terms) == {"tell", "kind", "bird", "tern"}
    assert [word.text for word in query.words] == ["bird", "tern"]


def test_a_word_said_twice_counts_once() -> None:
    assert words_of("tern tern nests tern") == ["tern", "nests"]


@settings(deadline=None, max_examples=200)
@given(question=st.text(max_size=80), history=st.lists(st.text(max_size=40), max_size=4))
def test_any_text_makes_a_query_whose_words_are_among_its_terms(question: str, history: list[str]) -> None:
    query = read_question(question, history=history)
    assert all(0 < weight <= 1 for weight in query.terms.values())
    assert all(term in query.terms for word in query.words for term in word.terms)
    assert query.carried_over == tuple(dict.fromkeys(word.text for word in query.words if word.carried))
    assert read_question(question, history=history) == query


# What was corrected


def mend(text: str) -> tuple[str, tuple[Reading, ...]]:
    return text.replace("trens", "terns").replace("Hpw", "How"), (Reading("trens", "terns"),)


def test_a_question_is_read_as_it_is_corrected_and_tells_what_was() -> None:
    query = read_question("Hpw many trens nest?", correct=mend)
    assert query.corrected == (Reading("trens", "terns"),)
    read = read_question("How many terns nest?")
    assert (query.words, query.terms, query.spoken) == (read.words, read.terms, read.spoken)
    assert read.corrected == ()


def test_an_earlier_question_is_corrected_and_does_not_tell() -> None:
    def mend_earlier(text: str) -> tuple[str, tuple[Reading, ...]]:
        return mend(text) if "trens" in text else (text, ())

    query = read_question("How deep do they dive?", history=["Hpw fast are trens?"], correct=mend_earlier)
    assert query.carried_over == ("fast", "terns")
    assert query.corrected == ()


# Leaning on earlier questions


@pytest.mark.parametrize(
    "question",
    [
        "How deep do they go when hunting small fish?",
        "What is its usual speed over open water?",
        "Is that quicker than most other kinds of seabirds?",
        "Which fish do these usually catch near the shore?",
        "How deep below the surface does it go on average, if it's windy?",
        "Over open water at dawn, how quick is it.",
    ],
)
def test_a_pronoun_leans_on_the_question_before(question: str) -> None:
    assert carried_by(question, EARLIER) == ("fast", "terns", "dive")


@pytest.mark.parametrize(
    "question",
    [
        "And common gulls near open water at dawn?",
        "What about common gulls near open water?",
        "How about common gulls near open water?",
        "But common gulls near open water at dawn?",
        "Or common gulls near open water at dawn?",
        "What else lives near open water at dawn?",
    ],
)
def test_an_opening_word_leans_on_the_question_before(question: str) -> None:
    assert carried_by(question, EARLIER) == ("fast", "terns", "dive")


@pytest.mark.parametrize("question", ["How deep?", "In winter?", "The usual depth?", "What was the usual depth?"])
def test_a_question_of_few_words_leans_on_the_question_before(question: str) -> None:
    assert carried_by(question, EARLIER) == ("fast", "terns", "dive")


def test_a_question_word_alone_asks_of_the_question_before() -> None:
    assert carried_by("Why?", EARLIER) == ("fast", "terns", "dive")
    assert carried_by("Thanks!", EARLIER) == ()


@pytest.mark.parametrize("question", ["What about bortezomib?", "And for bortezomib?", "the same for Velcade"])
def test_a_part_of_a_question_that_names_a_drug_does_not_take_over_another(question: str) -> None:
    brand = Concept(names=("bortezomib", "Velcade"), held=frozenset({"bortezomib", "Velcade"}))
    asked = read_question(question, history=["How soon does pomalidomide work?"], concepts=Concepts([brand]))
    assert asked.carried_over == ("soon",)
    assert "pomalidomide" in read_question("And for gulls?", history=["pomalidomide"]).carried_over


@pytest.mark.parametrize(
    "question",
    [
        "What is denosumab?",
        "What are gulls?",
        "Thanks!",
        "Is it true that herons and gulls dive in winter?",
        "Where do common gulls nest in winter?",
        "Which protein does selinexor block in the nucleus?",
        "What was the median follow-up of the randomized study?",
        "one-year survival with low-dose and high-dose dexamethasone",
        "How deep do terns dive near the shore?",
        "Explain the androids of the theyland hissing contest",
    ],
)
def test_a_question_that_stands_alone_is_never_bent(question: str) -> None:
    assert read_question(question, history=[EARLIER, "What do herons eat?"]) == read_question(question)


def test_the_words_of_an_earlier_turn_share_its_weight_behind_the_questions_own_and_are_named() -> None:
    query = read_question("How deep?", history=["How fast do arctic terns dive?"])
    assert query.terms == {"deep": 1.0} | dict.fromkeys(["fast", "arctic", "tern", "dive"], PART_WEIGHT / 4)
    assert query.words == (
        QueryWord(text="deep", terms=("deep",)),
        *(
            QueryWord(text=text, terms=(term,), weight=PART_WEIGHT / 4, carried=True)
            for text, term in [("fast", "fast"), ("arctic", "arctic"), ("terns", "tern"), ("dive", "dive")]
        ),
    )
    assert query.carried_over == ("fast", "arctic", "terns", "dive")


def test_a_question_that_says_more_itself_takes_over_less() -> None:
    query = read_question("How deep does it swim under winter ice?", history=["How fast do arctic terns dive?"])
    assert TURN_WEIGHT < PART_WEIGHT
    assert {query.terms[term] for term in ("fast", "arctic", "tern", "dive")} == {TURN_WEIGHT / 4}
    assert all(word.referred for word in query.words if word.carried)


def test_what_several_turns_say_weighs_more_than_what_one_says_and_never_more_than_the_questions_own() -> None:
    turns = ["Where do arctic terns breed in late summer?", "How fast do they catch blue fish near arctic terns?"]
    terms = read_question("How deep?", history=turns).terms
    assert 1.0 >= terms["tern"] == terms["arctic"] > terms["fast"]


def test_a_long_answer_among_the_turns_does_not_drown_the_title() -> None:
    query = read_question("Is it endangered?", history=["Arctic tern", " ".join(f"word{n}" for n in range(200))])
    assert query.carried_over[:2] == ("Arctic", "tern")
    assert query.terms["tern"] > 50 * query.terms["word1"]
    assert len(query.carried_over) == MOST_CARRIED


def test_a_word_that_the_question_says_itself_is_not_carried_over() -> None:
    query = read_question("And in winter, do terns dive?", history=[EARLIER])
    assert query.terms == {"winter": 1.0, "tern": 1.0, "dive": 1.0, "fast": PART_WEIGHT / 3}
    assert query.carried_over == ("fast",)


def test_all_words_of_a_compound_are_carried_over() -> None:
    query = read_question("How deep?", history=["Is the anti-gull net used?"])
    assert query.carried_over == ("anti", "gull", "net")
    assert query.terms == {"deep": 1.0} | dict.fromkeys(["anti", "gull", "antigul", "net"], PART_WEIGHT / 3)


def test_words_that_frame_an_earlier_question_are_not_carried_over() -> None:
    assert carried_by("How deep?", "Tell me what kind of birds dive") == ("birds", "dive")


def test_of_equal_words_those_of_the_latest_turn_come_first() -> None:
    history = ["Do emus run?", "Do herons wait?", "Do terns dive?"]
    assert carried_by("How deep?", *history) == ("terns", "dive", "emus", "run")


@pytest.mark.parametrize("question", ["What other birds dive?", "Did anyone else see them?", "Tell me more."])
def test_a_question_for_more_leans_on_the_question_before(question: str) -> None:
    assert "fast" in carried_by(question, EARLIER)


@pytest.mark.parametrize(
    "question",
    [
        "When did Haydn write the last of his masses?",
        "Which river in Spain has lost its old name?",
        "What is the name of the bird that dives deepest?",
    ],
)
def test_a_pronoun_for_what_the_question_names_itself_leans_on_nothing(question: str) -> None:
    assert carried_by(question, EARLIER) == ()


@pytest.mark.parametrize(
    "question",
    [
        "For how long?",
        "How often?",
        "Is it safe?",
        "Is it safe to take?",
        "How long does it take to work?",
        "And herons?",
        "What about the kidneys?",
        "Why?",
        "Since when?",
        "Any side effects?",
        "Who should not take it?",
        "Tell me more",
        "Did the vets say why it was stopped?",
    ],
)
def test_a_question_that_needs_the_one_before_leans_on_it(question: str) -> None:
    assert carried_by(question, EARLIER) == ("fast", "terns", "dive")


@pytest.mark.parametrize(
    "question",
    [
        "Is it safe to travel by plane?",
        "Is it safe to fly?",
        "Is it still possible for old birds to fly?",
        "It is hard to sleep on steroids",
        "How long does it take to recover from a broken wing?",
        "Do they recommend a scan?",
        "What do they recommend for broken wings?",
    ],
)
def test_a_pronoun_that_stands_for_nothing_in_particular_leans_on_nothing(question: str) -> None:
    assert carried_by(question, EARLIER) == ()


@pytest.mark.parametrize(
    "question",
    [
        "Why do birds on farms need feathers checked before they start to fly?",
        "How long do people live when they fall ill twice?",
        "Can a transplant be repeated if it fails?",
        "What is MGUS and does it always become myeloma?",
        "Does bortezomib hurt nerves and how is it given?",
        "Do bees often live with other bees, or do they fight with each other?",
    ],
)
def test_a_pronoun_whose_noun_stands_in_the_question_leans_on_nothing(question: str) -> None:
    assert carried_by(question, EARLIER) == ()


@pytest.mark.parametrize(
    "question",
    [
        "Does bortezomib work?",
        "What do you mean by plumage?",
        "What exactly does plumage mean?",
        "Tell me about emus",
        "Who was Darwin?",
        "Which other birds live on Madagascar?",
    ],
)
def test_a_question_that_names_its_own_subject_leans_on_nothing(question: str) -> None:
    assert carried_by(question, EARLIER) == ()


def test_of_a_conversation_two_turns_and_six_words_are_taken_over_at_most() -> None:
    history = ["Where do emus eat long green grass?", "How do blue herons wait all day for small frogs and fish?"]
    assert carried_by("Why is that?", *history) == ("blue", "herons", "wait", "day", "small", "frogs")
    history = ["Where do emus run?", "Do they sleep?", "Do they drink?", "And swim?"]
    assert set(carried_by("Why?", *history)) == {"swim", "emus", "run"}


def test_of_equal_words_names_come_first() -> None:
    history = ["How do small grey fish and frogs hide from Ardea herons in the water?"]
    assert carried_by("Why is that?", *history)[0] == "Ardea"


def test_what_a_chain_of_questions_leans_on_is_the_latest_that_stands_alone() -> None:
    chain = ["What is pomalidomide?", "How do terns sleep at night on the shore?", "For how long?", "Why?"]
    assert carried_by("Since when?", *chain) == ("terns", "sleep", "night", "shore")


def test_a_drug_named_in_passing_is_what_is_spoken_of_from_then_on() -> None:
    assert carried_by("Does it harm the nerves?", "Is thalidomide old and cheap?", "And bortezomib?") == ("bortezomib",)


@pytest.mark.parametrize("question", ["How deep do they go?", "How deep?", "And in winter?"])
def test_a_question_that_leans_goes_on_about_what_was_shown(question: str) -> None:
    assert read_question(question, history=[EARLIER]).stays
    assert not read_question(question).stays


@pytest.mark.parametrize(
    "question", ["And in MM-003?", "What about bortezomib?", "Where do common gulls nest in winter?"]
)
def test_a_question_that_names_something_else_does_not_go_on_about_what_was_shown(question: str) -> None:
    assert not read_question(question, history=[EARLIER]).stays


def test_a_word_of_two_earlier_questions_is_carried_over_once() -> None:
    assert carried_by("How deep?", "Do terns dive?", "Do terns nest?") == ("terns", "nest", "dive")


def test_without_history_nothing_is_carried_over() -> None:
    assert read_question("How deep do they go?") == read_question("How deep do they go?", history=["the of and"])


# Other names of what is asked

SURVIVAL = Concept(names=("PFS", "progression-free survival", "progress"))
MITIGATION = Concept(names=("REMS", "Risk Evaluation and Mitigation Strategy"), held=frozenset({"REMS"}))
TERNS = Concept(names=("sea swallow",), found=("tern",), held=frozenset({"tern"}))


def known(*held: str) -> Concepts:
    """The concepts of a library that calls survival by these names."""
    return Concepts([Concept(names=SURVIVAL.names, held=frozenset(held)), MITIGATION, TERNS])


def test_a_name_is_covered_by_its_concept_beside_its_words_and_said_to_be_read_as_the_other_name() -> None:
    query = read_question("What was progression-free  survival?", concepts=known("PFS"))
    token = SURVIVAL.token
    assert query.words == (
        QueryWord(text="progression", terms=("progress", "progressionfre", token)),
        QueryWord(text="free", terms=("free", "progressionfre", token)),
        QueryWord(text="survival", terms=("surviv", token)),
    )
    assert query.terms == {"progress": 1, "free": 1, "progressionfre": 1, "surviv": 1, token: CONCEPT_WEIGHT}
    assert query.expanded == (Reading("progression-free  survival", "PFS"),)


def test_an_abbreviation_is_read_as_the_long_form() -> None:
    query = read_question("median pfs, PFS", concepts=known("PFS", "progression-free survival"))
    assert query.expanded == (
        Reading("pfs", "progression-free survival"),
        Reading("PFS", "progression-free survival"),
    )


def test_stop_words_and_hyphens_within_a_name_do_not_count() -> None:
    query = read_question("the risk-evaluation, mitigation strategies", concepts=known())
    assert query.expanded == (Reading("risk-evaluation, mitigation strategies", "REMS"),)


def test_a_name_that_the_library_knows_by_no_other_name_stays_as_it_is() -> None:
    assert read_question("median PFS", concepts=known("PFS")) == read_question("median PFS")
    assert read_question("median PFS", concepts=known()) == read_question("median PFS")


def test_a_narrower_name_is_not_read_as_the_wider_one() -> None:
    assert read_question("sea swallows tern", concepts=known()).expanded == (Reading("sea swallows", "tern"),)


@pytest.mark.parametrize(
    "question",
    [
        'the "PFS" of gulls',
        "the “PFS” of gulls",
        "the „PFS“ of gulls",
        "the „PFS” of gulls",
        "the «PFS» of gulls",
        'the "median PFS of gulls"',
    ],
)
def test_what_stands_in_double_quotes_is_taken_as_it_stands(question: str) -> None:
    concepts = known("progression-free survival")
    assert read_question(question, concepts=concepts) == read_question(question)
    assert read_question(question.translate(dict.fromkeys(map(ord, '"“”„«»'))), concepts=concepts).expanded


def test_a_quotation_mark_without_its_second_quotes_nothing() -> None:
    assert read_question('a 5" PFS', concepts=known("progression-free survival")).expanded


def test_words_of_an_earlier_question_are_covered_by_their_concepts_too() -> None:
    query = read_question("And in gulls?", history=["PFS of auks"], concepts=known("progression-free survival"))
    assert [word.terms for word in query.words if word.carried] == [("pf", SURVIVAL.token), ("auk",)]
    assert query.terms[SURVIVAL.token] == CONCEPT_WEIGHT * min(1, PART_WEIGHT / 2)
    assert query.expanded == ()


PARTS = ["PFS", "progression", "-", "free", "survival", '"', "the", "sea", "swallow", "\u00ad", "REMS"]


@settings(deadline=None, max_examples=200)
@given(question=st.lists(st.sampled_from(PARTS) | st.text(max_size=5), max_size=12).map(" ".join))
def test_concepts_add_tokens_to_words_and_change_nothing_else(question: str) -> None:
    with_them, without = read_question(question, concepts=known("PFS", "progress")), read_question(question)
    assert {term for term in with_them.terms if not term.startswith("=")} == set(without.terms)
    assert with_them.spoken == without.spoken
    assert bool(with_them.expanded) == (with_them.terms.keys() != without.terms.keys())


# Letters

LETTER = "Dear doctor, we saw terns in Iceland last summer. How deep do they dive? Thank you, Ada"


def test_in_a_letter_the_words_of_the_sentences_that_only_tell_are_searched_and_decide_nothing() -> None:
    query = read_question(LETTER)
    assert query.asked == "How deep do they dive?"
    assert query.text == LETTER
    decisive = [word.text for word in query.words if not word.carried]
    told = [word.text for word in query.words if word.told]
    assert decisive == ["deep", "dive"]
    assert {"terns", "Iceland"} <= set(told)
    assert {query.terms[term] for term in ("tern", "iceland", "dive")} == {1.0}


def test_what_a_letter_tells_takes_the_place_of_earlier_questions() -> None:
    query = read_question(LETTER, history=["Where do auks nest?"])
    assert query.carried_over == ()
    assert "auk" not in query.terms
    assert not query.stays


def test_a_word_that_a_letter_asks_and_tells_counts_once_as_asked() -> None:
    query = read_question("I saw terns dive into the sea near our house. How deep do terns dive?")
    assert [word.text for word in query.words if word.text in ("terns", "dive")] == ["terns", "dive"]
    assert query.terms["tern"] == query.terms["dive"] == 1.0


@pytest.mark.parametrize("before", ["", "Thanks! ", "Hi, ", "Thank you so much, Ada. ", "Dear doctor, "])
def test_a_courtesy_before_a_follow_up_takes_no_earlier_question_from_it(before: str) -> None:
    query = read_question(f"{before}And the side effects?", history=["Does bevacor end fever?"])
    assert "bevacor" in query.carried_over
    assert query.stays


@pytest.mark.parametrize("asked", ['Do "sooty terns" dive?', "Do “sooty terns” dive?"])
def test_a_word_in_quotes_counts_as_a_name_which_an_answer_should_have(asked: str) -> None:
    words = [(word.text, word.is_name) for word in read_question(asked).words]
    assert words == [("sooty", True), ("terns", True), ("dive", False)]
