"""Passages that only point to others: a table of contents does not beat what it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa import Engine, Settings
from qa.ranking.evidence import POINTS

PARTS = {
    "Food of terns": "They eat sand eels and other small fish, which they catch near the surface.",
    "Nests of terns": "A shallow scrape in the sand is all there is.",
    "How terns dive": "Each plunges from six metres, with its wings half folded.",
}
BODY = "".join(f"# {heading}\n\n{text}\n\n" for heading, text in PARTS.items())
HEAD = "---\ntitle: Handbook\n---\n\n"


def engine_of(folder: Path, text: str) -> Engine:
    (folder / "handbook.md").write_text(HEAD + text, "utf-8")
    engine = Engine.create(Settings())
    engine.add([folder])
    return engine


CONTENTS = "".join(f"- {heading}\n" for heading in PARTS)
NUMBERED = "".join(f"{number}. {heading} .... {number * 7}\n" for number, heading in enumerate(PARTS, start=1))


@pytest.mark.parametrize(
    "pointing",
    [
        f"# Contents\n\n{CONTENTS}",
        f"# See also\n\n{CONTENTS}",
        f"# 7 References\n\nHow do terns dive, and dive again? {CONTENTS}",
        f"# What this handbook tells\n\n{CONTENTS}",
        f"# What this handbook tells\n\n{NUMBERED}",
    ],
)
@pytest.mark.parametrize("question", ["How do terns dive?", "What is the food of terns?", "nests of terns"])
def test_a_list_of_what_a_document_says_goes_behind_the_passage_that_says_it(
    tmp_path: Path, pointing: str, question: str
) -> None:
    engine = engine_of(tmp_path, f"{pointing}\n\n{BODY}")
    found = engine.search(question)
    assert found[0].passage.text in PARTS.values()
    [listed] = [hit for hit in found if hit.passage.text not in PARTS.values()]
    assert listed.evidence["points"] == 1.0


def test_what_puts_it_back_is_part_of_its_score(tmp_path: Path) -> None:
    engine = engine_of(tmp_path, f"# Contents\n\n{CONTENTS}\n\n{BODY}")
    [listed] = [each for each in engine.explain("How do terns dive?", limit=9) if "points" in each.hit.evidence]
    assert listed.weights["points"] == POINTS
    assert sum(listed.weights[name] * value for name, value in listed.hit.evidence.items()) == pytest.approx(
        listed.hit.score
    )


def test_a_list_of_facts_is_no_list_of_headings(tmp_path: Path) -> None:
    facts = "- Terns dive from six metres\n- Terns nest in the sand\n- Terns eat sand eels\n"
    engine = engine_of(tmp_path, f"# In brief\n\n{facts}\n\n{BODY}")
    assert not any("points" in hit.evidence for hit in engine.search("How do terns dive?"))


# Captions


@pytest.mark.parametrize(
    "caption", ["Figure 1. Depth at which terns dive", "Table 2: Depth at which terns dive, in metres"]
)
def test_a_caption_is_not_marked_where_a_sentence_says_what_is_asked(tmp_path: Path, caption: str) -> None:
    text = f"# Diving\n\nIn calm water terns reach half a metre of depth.\n\n{caption}\n"
    answer = engine_of(tmp_path, text).ask("At which depth do terns dive?")
    assert answer.best is not None
    [(start, end)] = answer.best.highlights
    assert answer.best.passage.text[start:end] == "In calm water terns reach half a metre of depth."


def test_a_caption_is_marked_where_nothing_else_has_a_word_of_the_question(tmp_path: Path) -> None:
    text = "# Diving\n\nThey fold their wings.\n\nFigure 1. Depth at which terns dive\n"
    answer = engine_of(tmp_path, text).ask("At which depth do terns dive?")
    assert answer.best is not None
    [(start, end)] = answer.best.highlights
    assert answer.best.passage.text[start:end].endswith("Depth at which terns dive")
