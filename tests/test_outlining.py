"""The outline: which questions name a whole document or section, which do not, and what its parts are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import Engine, Settings
from qa.answering.outlining import MOST_PARTS
from qa.model import Answer, Document

LONG = "Bevacor is given by mouth and is well borne by most. " * 30

BIRDS = {
    "fever.md": f"""---
title: What is the efficacy of treatments for tern fever (TF)?
---

## Alcanor

Alcanor ended the fever in 61% of patients with TF.

## Bevacor

{LONG}

The hazard ratio of bevacor was 0.48.

## Cavor

Cavor is useful in relapsed TF.

## Funding

Cavor in relapsed TF was paid for by its maker.
""",
    "terns.md": """# Terns of the northern coast

Terns dive for fish.

## Breeding season

### Courtship

The male brings a fish.

### Eggs

A tern lays two speckled eggs.

## Voice

A tern screams.

## Enemies

Gulls steal eggs from terns.
""",
    "gulls.md": "# Gulls\n\n## Food\n\nGulls steal fish.\n",
    "herons.md": """# Herons

## Treatments

A heron with a broken wing is splinted.

## Causes of death

Herons die of cold.
""",
}
TITLE = "What is the efficacy of treatments for tern fever (TF)?"
DRUGS = [("Alcanor",), ("Bevacor",), ("Cavor",)]
TERNS = [(), ("Breeding season", "Courtship"), ("Voice",), ("Enemies",)]
BREEDING = [("Breeding season", "Courtship"), ("Breeding season", "Eggs")]


def engine_over(folder: Path, files: Mapping[str, str], *, threshold: float = 0.5) -> Engine:
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    engine = Engine.create(Settings(threshold=threshold))
    engine.add([folder])
    return engine


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return engine_over(tmp_path_factory.mktemp("birds"), BIRDS)


def sections(answer: Answer) -> list[tuple[str, ...]]:
    return [part.citation.section for part in answer.outline]


# Questions that name a whole


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (TITLE, DRUGS),
        ("what is the efficacy of treatments for tern fever", DRUGS),
        ("Efficacy of tern fever treatments", DRUGS),
        ("Tell me of the efficacy of treatments for tern fever.", DRUGS),
        ("How effective are therapies for tern fever?", DRUGS),
        ("Terns of the northern coast", TERNS),
        ("the terns of the northern coast", TERNS),
        ("The breeding season of terns of the northern coast", BREEDING),
        ("Breeding season", BREEDING),
    ],
)
def test_a_title_in_other_letters_order_or_words_of_the_same_sense_gets_the_outline(
    birds: Engine, question: str, expected: list[tuple[str, ...]]
) -> None:
    assert sections(birds.ask(question)) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What are the options for treatment of tern fever?", DRUGS),
        ("Which drugs are used for tern fever?", DRUGS),
        ("What different medicines are there for tern fever?", DRUGS),
        ("List the treatments for tern fever", DRUGS),
        ("Give me an overview of the terns of the coast", TERNS),
        ("overview of the breeding of terns", BREEDING),
    ],
)
def test_a_question_that_asks_for_all_need_not_say_the_whole_title(
    birds: Engine, question: str, expected: list[tuple[str, ...]]
) -> None:
    assert sections(birds.ask(question)) == expected


def test_the_title_of_every_document_of_the_shipped_corpus_gets_its_outline(shipped_engine: Engine) -> None:
    for entry in shipped_engine.contents():
        answer = shipped_engine.ask(entry.title)
        assert {part.citation.document.id for part in answer.outline} == {entry.id}
        headed = {passage.section for passage in shipped_engine.passages(entry.id)}
        assert sections(answer) == sorted(headed, key=sections(answer).index)


# Questions that do not


@pytest.mark.parametrize(
    "question",
    [
        "What is the efficacy of alcanor for tern fever?",
        "What are the side effects of treatments for tern fever?",
        "How many treatments for tern fever are there?",
        "Why treat tern fever?",
        "Does tern fever have treatments?",
        "tern fever",
        "What are terns?",
        "What are the treatments of herons?",
        "Which treatments do herons get?",
        "What are the causes of death of herons?",
        "Who are the herons?",
        "What to do for herons?",
        "Where are herons?",
        "What are the options?",
        "List all",
        "Alcanor",
        "Gulls",
        "Food",
        "the of and",
    ],
)
def test_an_ordinary_question_gets_none_and_its_first_passage_is_that_of_the_ranking(
    birds: Engine, question: str
) -> None:
    answer = birds.ask(question)
    assert answer.outline == ()
    if answer.best:
        assert answer.best.passage == birds.search(question)[0].passage


def test_documents_of_one_passage_have_no_outline() -> None:
    titles = ["Tern fever", "Tern fever in herons", "Gulls"]
    documents = [Document(id=f"d{n}", title=title, text=f"{title} it is.", source="") for n, title in enumerate(titles)]
    engine = Engine.over(documents, Settings())
    assert [engine.ask(title).outline for title in titles] == [()] * 3
    assert engine.ask("Tern fever").answered


# Its parts


def test_a_part_is_there_with_its_first_passage_and_what_says_nothing_of_the_subject_is_left_out(birds: Engine) -> None:
    passages = birds.passages("fever")
    assert [passage.section for passage in passages].count(("Bevacor",)) > 1
    assert passages[-1].section == ("Funding",)
    firsts = {passage.section: passage for passage in reversed(passages)}
    assert [part.passage for part in birds.ask(TITLE).outline] == [firsts[section] for section in DRUGS]


def test_the_first_part_is_the_answer_and_is_sure(birds: Engine) -> None:
    answer = birds.ask(TITLE)
    assert answer.best == answer.outline[0]
    assert (answer.answered, answer.confidence, answer.reason) == (True, 1.0, None)
    for part in answer.outline:
        citation = part.citation
        assert citation.document.text[citation.start : citation.end] == citation.quote == part.passage.text
        assert part.highlights == ()


def test_what_the_outline_holds_is_not_listed_again(birds: Engine) -> None:
    answer = birds.ask(TITLE, limit=20)
    shown = {part.passage.id for part in answer.outline}
    ranking = [hit.passage for hit in birds.search(TITLE)]
    assert [each.passage for each in answer.alternatives] == [each for each in ranking if each.id not in shown][:20]
    assert answer.alternatives != ()
    assert [len(birds.ask(TITLE, limit=limit).alternatives) for limit in (0, 1)] == [0, 1]


def test_the_outline_is_the_same_however_few_passages_are_asked_for(birds: Engine) -> None:
    assert {birds.ask(TITLE, limit=limit).outline for limit in (0, 3, 20)} == {birds.ask(TITLE).outline}


def test_a_title_above_the_whole_text_is_no_part(tmp_path: Path) -> None:
    below = "## Barn owls\n\nThey hiss.\n\n## Tawny owls\n\nThey hoot.\n"
    text = f"---\ntitle: Owls at night\n---\n\n# Owls in the night\n\n{below}"
    answer = engine_over(tmp_path, {"owls.md": text}).ask("Owls at night")
    assert sections(answer) == [("Owls in the night", "Barn owls"), ("Owls in the night", "Tawny owls")]


def test_an_outline_has_50_parts_at_most(tmp_path: Path) -> None:
    parts = "".join(f"## Owl {number}\n\nIt hoots {number} times.\n\n" for number in range(MOST_PARTS + 10))
    answer = engine_over(tmp_path, {"owls.md": f"# All about owls\n\n{parts}"}).ask("All about owls")
    assert sections(answer) == [(f"Owl {number}",) for number in range(MOST_PARTS)]


def test_of_a_title_and_a_heading_the_one_that_the_question_names_closest_is_meant(tmp_path: Path) -> None:
    text = """# Owls

## Owls of the forest

### Tawny owl

It hoots.

### Long-eared owl

It moans.

## Owls of the tundra

Snowy owls are white.
"""
    engine = engine_over(tmp_path, {"owls.md": text, **BIRDS})
    assert sections(engine.ask("Owls of the forest")) == [
        ("Owls of the forest", "Tawny owl"),
        ("Owls of the forest", "Long-eared owl"),
    ]
    assert sections(engine.ask("Owls")) == [("Owls of the forest", "Tawny owl"), ("Owls of the tundra",)]


# With the rest of what is asked


def test_a_follow_up_that_completes_a_title_gets_the_outline(birds: Engine) -> None:
    assert birds.ask("And its treatments?").outline == ()
    answer = birds.ask("And the efficacy of treatments?", history=["Tell me of tern fever"])
    assert sections(answer) == []
    answer = birds.ask("What is the efficacy of its treatments?", history=["Tell me of tern fever"])
    assert answer.interpretation.carried_over == ("tern", "fever")
    assert sections(answer) == DRUGS


def test_a_title_with_something_else_carried_over_gets_none(birds: Engine) -> None:
    answer = birds.ask("What of its breeding season?", history=["How do gulls steal?"])
    assert answer.interpretation.carried_over == ("gulls", "steal")
    assert answer.outline == ()


def test_from_one_document_only_its_own_outline_comes(birds: Engine) -> None:
    assert sections(birds.ask(TITLE, document="fever")) == DRUGS
    assert birds.ask(TITLE, document="terns").outline == ()


def test_explaining_a_title_question_says_that_it_is_answered_with_an_outline(birds: Engine) -> None:
    explained = birds.explain("What are the options for treatment of tern fever?")
    assert [each.parts for each in explained] == [3, 0, 0]
    assert explained[0].confidence == birds.ask("What are the options for treatment of tern fever?").confidence == 1.0
    assert [each.parts for each in birds.explain("hazard ratio of bevacor")][:1] == [0]


WORDS = ["what", "is", "the", "efficacy", "of", "treatments", "for", "tern", "fever", "(TF)", "list", "which", "terns"]


@settings(deadline=None, max_examples=150)
@given(
    question=st.lists(st.sampled_from([*WORDS, "(", ")", "breeding", "season", "how"]), max_size=9).map(" ".join),
    limit=st.integers(0, 4),
)
def test_an_outline_is_of_one_text_in_its_order_and_begins_with_the_answer(
    birds: Engine, question: str, limit: int
) -> None:
    answer = birds.ask(question, limit=limit)
    if answer.outline:
        assert answer.best == answer.outline[0]
        assert 2 <= len(answer.outline) <= MOST_PARTS
        places = [(part.citation.document.id, part.citation.start) for part in answer.outline]
        assert places == sorted(places)
        assert len({document for document, _ in places}) == 1
        assert len(set(sections(answer))) == len(answer.outline)
    cited = [part.passage.id for part in (*answer.outline, *answer.alternatives)]
    assert len(set(cited)) == len(cited)
    assert len(answer.alternatives) <= limit
