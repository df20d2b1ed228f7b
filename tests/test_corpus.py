"""The shipped corpus: what it covers, that every figure has its source, and that it says what it is."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from qa import Engine, Settings
from qa.config import SHIPPED_CORPUS
from qa.model import Document
from qa.text.sentences import sentences

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT.parent / "shared" / "source" / "second-line-therapies-mm.txt"
DOCUMENTS = sorted(path.stem for path in SHIPPED_CORPUS.glob("*.md") if path.stem != "README")

SUBJECTS = [
    "diagnosis",
    "staging",
    "first-line",
    "second-line",
    "transplant",
    "maintenance",
    "proteasome inhibitors",
    "immunomodulatory",
    "anti-CD38",
    "CAR T",
    "bispecific",
    "bone disease",
    "infection",
    "kidney",
    "thrombosis",
    "side effects",
    "response criteria",
    "endpoints",
    "abbreviations",
    "brand names",
]

SECOND_LINE = [
    ["61%", "19.9%", "placebo"],
    ["11.1 months", "4.7 months", "time to progression"],
    ["improved overall survival", "Lenalidomide"],
    ["antiangiogenic", "Thalidomide"],
    ["pomalidomide", "overcomes the resistance", "lenalidomide", "bortezomib"],
    ["pomalidomide", "February 2013", "at least two prior therapies", "within 60 days"],
    ["221", "29.2%", "7.4%", "pomalidomide alone"],
    ["duration of response was 7.4 months", "had not been reached"],
    ["4.0 months", "1.9 months", "hazard ratio of 0.48", "follow-up of 10 months"],
    ["455 patients", "open-label, randomized"],
    ["28 days", "pomalidomide 4 mg/day on days 1-21", "40 mg/day given on days 1, 8, 15 and 22"],
    ["high-dose dexamethasone, 40 mg/day", "days 1-4, 9-12 and 17-20"],
    ["Selinexor", "2019", "first selective inhibitor of nuclear export (SINE)"],
    ["exportin 1 (XPO1)", "c-myc", "cyclin D1", "apoptosis"],
    ["selinexor", "at least 4 prior therapies", "at least 2 proteasome inhibitors", "anti-CD38 monoclonal antibody"],
    ["Part 2 of STORM included 122 patients", "single-arm, open-label"],
    ["83 STORM patients", "25.4%"],
    ["stringent complete response in 1%", "very good partial response in 5%", "partial response in 19%"],
    ["August 2020", "accelerated FDA approval", "Blenrep", "at least 4 prior therapies"],
    ["DREAMM-2", "31% (97.5% CI 21% to 43%)"],
    ["2.5 mg/kg", "once every 3 weeks", "until the disease progressed or toxicity became unacceptable"],
    ["≥6 months in 73% of responders"],
    ["ocular toxicity", "corneal epithelium", "Risk Evaluation and Mitigation Strategy (REMS) program"],
]

FIGURE = re.compile(r"\d\s?%|\d\s?(?:-\s?)?months?\b|\b[Hh]azard ratio\b[^.]*\d")


@pytest.fixture(scope="module", params=DOCUMENTS)
def document(request: pytest.FixtureRequest, shipped_engine: Engine) -> Document:
    return shipped_engine.document(request.param)


def unsupported(document: Document) -> list[str]:
    """The sentences with a figure that no marker follows before their paragraph, list or table ends."""
    found = []
    for section in document.sections:
        for block in section.blocks:
            marked = [marker.start for marker in document.markers if block.start <= marker.start < block.end]
            if block.kind != "paragraph" and not marked:
                # What introduces a list or table may carry the marker for it, and so may what follows it.
                marked = [m.start for m in document.markers if section.start <= m.start < section.end]
            for start, end in sentences(document.text, block.start, block.end):
                text = document.text[start:end]
                if FIGURE.search(text) and not any(start <= each for each in marked):
                    found.append(text)
    return found


def test_there_are_at_least_15_documents_and_all_are_read(shipped_engine: Engine) -> None:
    assert len(DOCUMENTS) >= 15
    assert [entry.id for entry in shipped_engine.contents()] == DOCUMENTS


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_required_subject_is_named_by_a_title_or_keyword(shipped_engine: Engine, subject: str) -> None:
    documents = [shipped_engine.document(each) for each in DOCUMENTS]
    named = [" | ".join((each.title, *each.keywords)).lower() for each in documents]
    assert any(subject.lower() in each for each in named)


def test_the_endpoints_are_defined(shipped_engine: Engine) -> None:
    text = shipped_engine.document("endpoints").text
    for long, short in [
        ("overall response rate", "ORR"),
        ("progression-free survival", "PFS"),
        ("overall survival", "OS"),
        ("time to progression", "TTP"),
        ("minimal residual disease", "MRD"),
    ]:
        assert re.search(rf"{long}\s+\({short}\)", text, re.IGNORECASE), short


def test_a_document_has_all_of_its_front_matter(document: Document) -> None:
    assert document.title.endswith("?")
    assert document.updated is not None
    assert len(document.keywords) >= 3
    assert len(set(document.keywords)) == len(document.keywords)
    assert document.references
    assert len(document.sections) >= 3


def test_a_document_says_that_it_is_no_medical_advice_in_every_citation(
    document: Document, shipped_engine: Engine
) -> None:
    assert document.publisher == "pincite demonstration corpus, not medical advice"
    for passage in shipped_engine.passages(document.id):
        label = shipped_engine.passage(passage.id).citation.label
        assert "not medical advice" in label
        assert str(document.updated) in label


def test_every_marker_has_its_reference_and_every_reference_its_marker(document: Document) -> None:
    labels = [reference.marker for reference in document.references]
    assert len(set(labels)) == len(labels)
    assert {marker.label for marker in document.markers} == set(labels)


def test_every_reference_can_be_looked_up(document: Document) -> None:
    for reference in document.references:
        assert reference.text
        assert re.search(r"\b(19|20)\d\d\b|prescribing information|Drugs@FDA", reference.text), reference.text
        assert reference.doi is None or re.fullmatch(r"10\.\d{4,9}/\S+", reference.doi), reference.doi
        assert reference.pmid is None or re.fullmatch(r"\d{6,9}", reference.pmid), reference.pmid


def test_every_sentence_with_a_figure_is_followed_by_its_marker(document: Document) -> None:
    assert unsupported(document) == []


def test_a_figure_without_a_marker_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "terns.md").write_text(
        "## Terns\n\nOf 40 terns, 61% dived. [1] It lasted 4.0 months.\n\nThe hazard ratio was 0.48.\n\nTerns dive.\n"
    )
    engine = Engine.create(Settings())
    engine.add([tmp_path])
    assert unsupported(engine.document("terns")) == ["It lasted 4.0 months.", "The hazard ratio was 0.48."]


def test_a_document_answers_its_own_title(document: Document, shipped_engine: Engine) -> None:
    answer = shipped_engine.ask(document.title)
    assert answer.best
    assert answer.best.citation.document.id == document.id


@pytest.mark.parametrize("facts", SECOND_LINE, ids=lambda facts: facts[0])
def test_the_second_line_document_states_every_fact_in_one_passage(shipped_engine: Engine, facts: list[str]) -> None:
    passages = [passage.text for passage in shipped_engine.passages("second-line-therapies")]
    assert any(all(fact in text for fact in facts) for text in passages)


def plain(text: str) -> str:
    """A text by its words alone."""
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


@pytest.mark.skipif(not PAGE.exists(), reason=f"{PAGE} is not there")
def test_no_sentence_of_the_page_is_copied(document: Document) -> None:
    page = PAGE.read_text("utf-8")
    written = plain(document.text)
    copied = [
        page[a:b]
        for a, b in sentences(page, 0, len(page))
        if len(page[a:b].split()) > 6 and plain(page[a:b]) in written
    ]
    assert copied == []


@pytest.mark.parametrize("question", ["I want to die", "ok", "Who won the world cup?"])
def test_what_is_no_question_to_these_documents_finds_nothing(shipped_engine: Engine, question: str) -> None:
    assert shipped_engine.ask(question).outcome == "nothing_found"
