"""Files of synonyms in Solr's form: what a line gives, and what is said of one that is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.asking.concepts import Concept, Concepts, of_library, terms_of_name
from qa.asking.question import read_question
from qa.config import SHIPPED_SYNONYMS
from qa.errors import NotTextError, SourceNotFoundError, SynonymsError
from qa.readers import read_synonyms
from qa.readers.references.synonyms import parsed_synonyms

PATH = Path("synonyms.txt")


def parsed(text: str) -> list[Concept]:
    return parsed_synonyms(text, path=PATH)


@pytest.mark.parametrize(
    ("line", "concept"),
    [
        ("PFS, progression-free survival", Concept(names=("PFS", "progression-free survival"))),
        ("  a ,b,  c d  ", Concept(names=("a", "b", "c d"))),
        ("anticoagulant => apixaban, warfarin", Concept(names=("anticoagulant",), found=("apixaban", "warfarin"))),
        ("a, b=>c", Concept(names=("a", "b"), found=("c",))),
        (r"10\,000, ten thousand", Concept(names=("10,000", "ten thousand"))),
        (r"a \=> b, c", Concept(names=("a => b", "c"))),
        (r"\#1, first", Concept(names=("#1", "first"))),
        (r"back\\slash, b", Concept(names=("back\\slash", "b"))),
        ("a = b, c", Concept(names=("a = b", "c"))),
        ("C#, C sharp", Concept(names=("C#", "C sharp"))),
    ],
)
def test_a_line_gives_a_concept(line: str, concept: Concept) -> None:
    assert parsed(line) == [concept]


def test_comments_and_blank_lines_give_nothing() -> None:
    assert parsed("# one\n\n   \n  # two, three => x => y\n") == []
    assert parsed("# one\r\na, b\r\n") == [Concept(names=("a", "b"))]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("alone", "it has one name alone"),
        ("a,", "a name is missing"),
        ("a,,b", "a name is missing"),
        (", a", "a name is missing"),
        ("=> b", "a name is missing"),
        ("a =>", "a name is missing"),
        ("a => b => c", "it has more than one '=>'"),
    ],
)
def test_a_line_that_is_none_is_named_with_its_file_and_its_reason(line: str, reason: str) -> None:
    with pytest.raises(SynonymsError) as caught:
        parsed(f"# names\na, b\n\n{line}\nc, d")
    assert caught.value.message == f"Line 4 of synonyms.txt cannot be read as synonyms: {reason}."


def test_a_file_is_read_like_any_other_source(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes("é, e acute".encode("utf-16"))
    assert read_synonyms(tmp_path / "s") == [Concept(names=("é", "e acute"))]
    with pytest.raises(SourceNotFoundError):
        read_synonyms(tmp_path / "t")
    (tmp_path / "u").write_bytes(b"\0\1\2" * 100)
    with pytest.raises(NotTextError):
        read_synonyms(tmp_path / "u")


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)


@given(names=st.lists(NAMES, min_size=2, max_size=5), found=st.lists(NAMES, max_size=3))
def test_any_names_can_be_written_with_backslashes(names: list[str], found: list[str]) -> None:
    written = [["".join("\\" + c for c in name) for name in side] for side in (names, found) if side]
    line = " => ".join(", ".join(side) for side in written)
    assert parsed(line) == [Concept(names=tuple(names), found=tuple(found))]


@pytest.fixture(scope="module")
def shipped() -> list[Concept]:
    return read_synonyms(SHIPPED_SYNONYMS)


def test_the_shipped_file_has_each_line_once_and_more_than_300_of_them(shipped: list[Concept]) -> None:
    concepts = shipped
    assert len(concepts) == len(set(concepts)) > 300
    assert all(len(set(names)) == len(names) for each in concepts for names in [(*each.names, *each.found)])


def test_no_shipped_name_of_several_words_is_left_with_one_that_counts(shipped: list[Concept]) -> None:
    names = {name for each in shipped for name in (*each.names, *each.found) if " " in name}
    alone = {name for name in names if len(terms_of_name(name)[0]) == 1}
    assert alone == {"by mouth", "throwing up"}  # which are said of nothing else


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("HSV ppx", "prophylaxis"),
        ("ppx with zol", "zoledronic acid"),
        ("bort", "bortezomib"),
        ("Velcade", "bortezomib"),
        ("bel-maf", "belantamab mafodotin"),
        ("subcut dara", "subcutaneous"),
        ("subq", "subcutaneously"),
        ("IV infusion", "intravenously"),
        ("hx of VTE", "history"),
        ("12 mo", "12 months"),
        ("2 yrs", "2 years"),
        ("VZV", "herpes zoster"),
        ("a flu shot", "influenza vaccination"),
        ("the flu", "influenza"),
        ("Can I have a baby?", "pregnancy"),
        ("a pill", "capsules"),
        ("a jaw problem", "osteonecrosis of the jaw"),
        ("Will it come back?", "relapse"),
        ("Will it go away?", "remission"),
        ("blood thinners", "anticoagulants"),
        ("kidney failure", "renal failure"),
        ("low blood counts", "cytopenias"),
        ("bone hardening drug", "bisphosphonates"),
        ("throwing up", "vomiting"),
        ("tired", "fatigue"),
        ("tingling", "neuropathy"),
    ],
)
def test_what_people_write_finds_what_documents_say(shipped: list[Concept], asked: str, written: str) -> None:
    _, held = Concepts(shipped).terms_and_names(written)
    concepts = of_library(shipped, [(concept.token, name) for concept, name in held])
    assert read_question(asked, concepts=concepts).expanded


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("What is stage IV disease?", "given intravenously"),
        ("Is Missouri MO a state?", "the state of Maine"),
        ("the South Carolina SC coast", "subcutaneous injection"),
        ("How do I call len and sel?", "a list has a length, and a selector"),
        ("Does pregnancy last?", "a baby bird"),
    ],
)
def test_a_short_name_is_not_taken_for_another_thing(shipped: list[Concept], asked: str, written: str) -> None:
    _, held = Concepts(shipped).terms_and_names(written)
    concepts = of_library(shipped, [(concept.token, name) for concept, name in held])
    assert read_question(asked, concepts=concepts).expanded == ()
