"""The engine as a whole: the same bytes every time, no network, several threads, progress, the shipped corpus."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import Engine, Progress, Settings
from qa.errors import LibraryNotFoundError, UnknownDocumentError, UnknownPassageError
from qa.model import Document, Reading
from qa.ranking.evidence import WEIGHTS
from qa.wire import answer_body

ROOT = Path(__file__).resolve().parent.parent
TERNS = Path(__file__).parent / "fixtures" / "terns"
DOCUMENTS = ["first-treatment.md", "hostile.md", "second-treatment.md", "spotting.md"]
WORDS = ["tern", "fever", "alcanor", "metformin", "anti-tern", "61%", "days", "nest"]
QUESTIONS = [
    "In how many people did fever end with alcanor?",
    "What is the hazard ratio of bevacor?",
    "Where do terns nest?",
    "tern fever",
    "Does metformin end tern fever?",
    "What did the petrel say?",
    "the of and",
    "people days tea treatment trial response months",
]


def answers(engine: Engine, questions: Sequence[str] = QUESTIONS) -> list[bytes]:
    """The wire form of the answers, byte for byte but for the time that they took."""
    found = []
    for number, question in enumerate(questions):
        history = questions[:number] if number % 2 else ()
        body = answer_body(engine.ask(question, history=history, limit=5))
        found.append(body.model_copy(update={"took_ms": 0.0}).model_dump_json().encode())
    return found


@pytest.fixture(scope="module")
def expected() -> list[bytes]:
    engine = Engine.create(Settings())
    engine.add([TERNS])
    return answers(engine)


# Deterministic


def test_asking_again_gives_the_same_bytes(engine: Engine, expected: list[bytes]) -> None:
    assert answers(engine) == expected
    assert answers(engine) == expected
    assert len(set(expected)) == len(expected)


@pytest.mark.parametrize("order", list(itertools.permutations(DOCUMENTS[:3])))
def test_the_order_in_which_documents_came_does_not_show(order: Sequence[str], expected: list[bytes]) -> None:
    engine = Engine.create(Settings())
    for name in (*order, DOCUMENTS[3]):
        engine.add([TERNS / name])
    assert answers(engine) == expected


def test_documents_that_came_and_went_leave_no_trace(tmp_path: Path, expected: list[bytes]) -> None:
    (tmp_path / "petrels.md").write_text("# Petrels\n\nA petrel said that fever ended in 61% of terns. [98]\n")
    engine = Engine.create(Settings())
    engine.add([tmp_path, TERNS])
    assert answers(engine) != expected
    engine.remove(["petrels"])
    assert answers(engine) == expected
    engine.add([TERNS])
    assert answers(engine) == expected


def test_a_library_on_disk_answers_like_one_in_memory(tmp_path: Path, expected: list[bytes]) -> None:
    Engine.create(Settings(library=tmp_path / "library")).add([TERNS])
    assert answers(Engine.open(Settings(library=tmp_path / "library"))) == expected


ASK = """
import sys
from pathlib import Path
from qa import Engine, Settings
from qa.wire import answer_body

engine = Engine.create(Settings())
engine.add([Path(sys.argv[1])])
for question in sys.argv[2:]:
    body = answer_body(engine.ask(question, limit=5)).model_copy(update={"took_ms": 0.0})
    sys.stdout.buffer.write(body.model_dump_json().encode() + b"\\n")
"""


def test_another_process_with_other_hashes_gives_the_same_bytes() -> None:
    printed = set()
    for seed in ("0", "1", "4711"):
        command = [sys.executable, "-c", ASK, str(TERNS), *QUESTIONS]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        printed.add(subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True).stdout)
    [same] = printed
    assert same.count(b"\n") == len(QUESTIONS)


def test_names_that_collide_are_numbered_as_they_come_and_nothing_else_differs(tmp_path: Path) -> None:
    for folder, text in (("a", "Terns dive."), ("b", "Terns nest.")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "terns.md").write_text(f"# Terns\n\n{text}\n")
    forward, backward = Engine.create(Settings()), Engine.create(Settings())
    assert forward.add([tmp_path / "a", tmp_path / "b"]).read == (
        "terns",
        "terns-2",
    )
    assert backward.add([tmp_path / "b", tmp_path / "a"]).read == (
        "terns",
        "terns-2",
    )
    for question in ("Do terns dive?", "Do terns nest?"):
        first, second = forward.ask(question), backward.ask(question)
        assert first.best
        assert second.best
        assert first.best.passage.text == second.best.passage.text
        assert first.best.passage.document_id != second.best.passage.document_id
        assert (first.confidence, first.reason) == (second.confidence, second.reason)


# Offline

OFFLINE = """
import socket, sys, tempfile
from pathlib import Path

def refuse(*arguments, **options):
    raise AssertionError("a socket was asked for")

def audit(event, arguments):
    if event.startswith("socket.") or event in ("urllib.Request", "http.client.connect"):
        raise AssertionError(f"the network was asked for: {event}")

class Refused(socket.socket):
    __init__ = refuse

socket.socket = Refused
socket.create_connection = socket.getaddrinfo = refuse
sys.addaudithook(audit)
for use in (lambda: socket.socket(), lambda: socket.getaddrinfo("example.org", 80)):
    try:
        use()
    except AssertionError:
        pass
    else:
        sys.exit("the guard does not work")

from qa import Engine, Settings

engine = Engine.open(Settings())
assert engine.ask("What was the hazard ratio of pomalidomide in MM-003?").answered
assert not engine.ask("How do I fix a flat bicycle tyre?").answered
with tempfile.TemporaryDirectory() as folder:
    library = Path(folder) / "library"
    Engine.create(Settings(library=library)).add([Path(sys.argv[1])])
    engine = Engine.open(Settings(library=library))
    assert engine.ask("Where do terns nest?").answered
    assert engine.search("terns") and engine.explain("terns")
    engine.remove(["spotting"])
print("offline")
"""


def test_the_whole_way_works_with_every_socket_refused() -> None:
    command = [sys.executable, "-c", OFFLINE, str(TERNS)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr, ran.returncode) == ("offline\n", "", 0)


# Several threads


def test_threads_that_ask_at_once_get_what_one_gets_alone(tmp_path: Path, expected: list[bytes]) -> None:
    Engine.create(Settings(library=tmp_path / "library")).add([TERNS])
    engine = Engine.open(Settings(library=tmp_path / "library"))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: answers(engine), range(16)))
    assert all(each == expected for each in found)


def test_threads_that_ask_during_a_change_get_the_old_state_or_the_new(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    terns = tmp_path / "documents" / "terns.md"
    terns.write_text("# Terns\n\nTerns dive 0 times.\n")
    engine = Engine.create(Settings(library=tmp_path / "library"))
    engine.add([terns])

    def ask(_: int) -> str:
        answer = engine.ask("How many times do terns dive?")
        assert answer.best
        assert answer.best.citation.quote == answer.best.citation.document.text[answer.best.citation.start :].strip()
        return answer.best.passage.text

    with ThreadPoolExecutor(4) as pool:
        asked = pool.map(ask, range(400))
        for number in range(1, 6):
            terns.write_text(f"# Terns\n\nTerns dive {number} times.\n")
            engine.add([terns])
        found = list(asked)
    assert set(found) <= {f"Terns dive {number} times." for number in range(6)}
    assert ask(0) == "Terns dive 5 times."


# Progress


@pytest.mark.parametrize("on_disk", [True, False])
def test_progress_tells_of_every_file_and_then_of_every_passage(tmp_path: Path, on_disk: bool) -> None:
    told: list[Progress] = []
    engine = Engine.create(Settings(library=tmp_path / "library" if on_disk else None))
    ids = list(engine.add([TERNS], on_progress=told.append).read)
    assert ids == [name.removesuffix(".md") for name in DOCUMENTS]
    steps = {step: [each for each in told if each.step == step] for step in ("looking", "reading", "indexing")}
    assert told == [*steps["looking"], *steps["reading"], *steps["indexing"]]
    assert [(each.done, each.total) for each in steps["looking"]] == [(number, 4) for number in range(4)]
    assert [(each.done, each.total) for each in steps["reading"]] == [(number, 4) for number in range(5)]
    assert [each.source for each in steps["reading"]] == [*DOCUMENTS, None]
    assert [each.bytes_done for each in steps["reading"]] == [
        0,
        *accumulate((TERNS / each).stat().st_size for each in DOCUMENTS),
    ]
    count = engine.passage_count
    assert [(each.done, each.total) for each in steps["indexing"]] == [(each, count) for each in range(1, count + 1)]


# What it holds


def test_the_contents_are_listed_by_id(engine: Engine) -> None:
    ids = [entry.id for entry in engine.contents()]
    assert ids == sorted(ids) == ["first-treatment", "hostile", "second-treatment", "spotting"]
    assert engine.document_count == 4
    assert engine.passage_count == sum(len(engine.passages(document_id)) for document_id in ids)


def test_a_passage_is_given_with_its_citation_and_no_highlight(engine: Engine) -> None:
    [answer] = [engine.ask("Where do terns nest?").best]
    assert answer
    alone = engine.passage(answer.passage.id)
    assert alone.highlights == ()
    assert (alone.passage, alone.citation) == (answer.passage, answer.citation)


def test_what_is_not_there_is_an_error_that_names_it(engine: Engine) -> None:
    with pytest.raises(UnknownDocumentError, match="'emus'"):
        engine.document("emus")
    with pytest.raises(UnknownDocumentError, match="'emus'"):
        engine.passages("emus")
    with pytest.raises(UnknownPassageError, match="'emus-00000'"):
        engine.passage("emus-00000")


def test_an_engine_without_a_library_does_not_open(tmp_path: Path) -> None:
    with pytest.raises(LibraryNotFoundError):
        Engine.open(Settings(library=tmp_path))


def test_an_engine_made_for_a_new_library_answers_once_something_is_added(tmp_path: Path) -> None:
    engine = Engine.create(Settings(library=tmp_path / "new" / "library"))
    with pytest.raises(LibraryNotFoundError):
        engine.ask("Where do terns nest?")
    engine.add([TERNS])
    assert engine.ask("Where do terns nest?").answered


# The ranking and its explanation


def test_a_search_gives_the_ranking_before_the_decision_to_answer(engine: Engine) -> None:
    hits = engine.search("Does metformin end tern fever?", limit=3)
    assert [hit.rank for hit in hits] == [1, 2, 3]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits == engine.search("Does metformin end tern fever?")[:3]
    assert not engine.ask("Does metformin end tern fever?").answered


@settings(deadline=None, max_examples=60)
@given(
    question=st.lists(st.sampled_from(WORDS), max_size=6),
    history=st.lists(st.sampled_from(["bevacor hazard", "Where do terns nest?", "tern-fever"]), max_size=2),
)
def test_what_is_explained_adds_up_to_what_is_ranked(terns: Engine, question: list[str], history: list[str]) -> None:
    asked = " ".join(question)
    hits = terns.search(asked, history=history, limit=10)
    explained = terns.explain(asked, history=history, limit=10)
    assert [each.hit for each in explained] == hits
    for each in explained:
        evidence = each.hit.evidence
        retrieved = dict(terns.retrieve(asked, limit=50)) if not history else {}
        if retrieved:
            assert sum(term.score for term in each.terms) == retrieved[each.hit.passage.id]
            assert evidence["bm25"] == round(retrieved[each.hit.passage.id] / max(retrieved.values()), 9)
            assert each.grounds["sentence"] in (evidence["sentence"], 0.6)
        assert each.hit.score == sum(WEIGHTS[name] * value for name, value in evidence.items())
        assert each.document == terns.document(each.hit.passage.document_id)


@pytest.fixture(scope="module")
def terns() -> Engine:
    engine = Engine.create(Settings())
    engine.add([TERNS])
    return engine


# The shipped corpus


def test_without_a_library_the_shipped_corpus_is_asked(shipped_engine: Engine) -> None:
    assert shipped_engine.document_count >= 15
    answer = shipped_engine.ask("How long was the time to progression in MM-009?")
    assert answer.best
    assert (answer.best.citation.document.id, answer.best.citation.section) == (
        "second-line-therapies",
        ("Lenalidomide",),
    )
    [(start, end)] = answer.best.highlights
    assert answer.best.passage.text[start:end].startswith("The median time to progression in MM-009 was 11.1 months")


def test_every_passage_of_the_shipped_corpus_is_a_slice_of_its_document(shipped_engine: Engine) -> None:
    for entry in shipped_engine.contents():
        document, reached = shipped_engine.document(entry.id), 0
        for passage in shipped_engine.passages(entry.id):
            assert document.text[passage.start : passage.end] == passage.text != ""
            assert passage.start >= reached
            reached = passage.end
            for start, end in passage.sentences:
                assert passage.text[start:end].strip() == passage.text[start:end] != ""


# Other names

SURVIVAL = """
Puffins live long.

## B

Median progression-free survival was 4 months.
"""
GULLS = """
In gulls the median PFS was a year.

## D

Patients took selinexor daily.
"""


@pytest.fixture
def survivals(tmp_path: Path) -> Engine:
    """The engine of documents that call the same things by different names, and define none."""
    (tmp_path / "a.md").write_text(f"# A\n{SURVIVAL}")
    (tmp_path / "b.md").write_text(f"# C\n{GULLS}")
    engine = Engine.create(Settings())
    engine.add([tmp_path])
    return engine


@pytest.mark.parametrize(
    ("question", "document", "first", "readings"),
    [
        ("median PFS in months", "a", "progression-free survival was 4", [("PFS", "progression-free survival")]),
        ("progression-free survival of gulls", "b", "median PFS", [("progression-free survival", "PFS")]),
        ("Xpovio daily", "b", "selinexor", [("Xpovio", "selinexor")]),
    ],
)
def test_a_question_finds_what_is_written_by_another_name(
    survivals: Engine, question: str, document: str, first: str, readings: list[tuple[str, str]]
) -> None:
    answer = survivals.ask(question, document=document)
    assert answer.best is not None
    assert answer.interpretation.expanded == tuple(Reading(*each) for each in readings)
    assert answer.interpretation.missing == ()
    [explained, *_] = survivals.explain(question, document=document)
    assert (explained.grounds["coverage"], explained.grounds["unknown"]) == (1, 0)
    [highlight] = answer.best.highlights
    assert first in answer.best.passage.text[highlight.start : highlight.end]


def test_another_name_is_told_only_where_the_first_passage_has_it_in_the_place_of_the_one_asked_for(
    survivals: Engine,
) -> None:
    answer = survivals.ask("median PFS in months", document="b")
    assert answer.interpretation.expanded == ()
    assert survivals.ask("PFS of carp", document="b").interpretation.expanded == ()


def test_a_name_in_quotes_finds_only_itself(survivals: Engine) -> None:
    answer = survivals.ask('"Xpovio" daily')
    assert not answer.answered
    assert answer.reason == "No passage mentions “Xpovio”."
    assert answer.interpretation.expanded == ()


# Slips of the fingers


def documents_of(*texts: str) -> list[Document]:
    return [Document(id=f"d{number}", title="", text=text, source="") for number, text in enumerate(texts)]


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_slip_is_read_as_a_word_of_the_documents_and_shown(tmp_path: Path, on_disk: bool) -> None:
    engine = Engine.create(Settings(library=tmp_path / "library" if on_disk else None))
    engine.add([TERNS])
    right = engine.ask("In how many people did fever end with alcanor?")
    slipped = engine.ask("In hpw many pepole did fever end with alcamor?")
    assert slipped.best == right.best is not None
    assert slipped.interpretation.corrected == (
        Reading("hpw", "how"),
        Reading("pepole", "people"),
        Reading("alcamor", "alcanor"),
    )
    assert right.interpretation.corrected == ()


def test_a_slip_is_read_in_documents_in_memory_too_but_not_by_the_plain_retriever() -> None:
    engine = Engine.over(documents_of("Terns nest on gravel.", "Petrels nest in burrows."), Settings())
    assert [hit.passage.document_id for hit in engine.search("Petrles")] == ["d1"]
    assert engine.retrieve("Petrles") == []
    assert [candidate.passage_id for candidate in engine.retrieve("petrels")] == [
        engine.search("petrels")[0].passage.id
    ]


def test_a_word_in_quotes_is_looked_for_as_it_stands() -> None:
    engine = Engine.over(documents_of("Terns nest on gravel.", "Petrels nest in burrows."), Settings())
    answer = engine.ask("“Petrles”")
    assert answer.interpretation.corrected == ()
    assert answer.interpretation.missing == ("Petrles",)
    assert answer.reason == "No passage mentions “Petrles”."


def test_a_word_that_is_like_none_of_the_documents_is_named_as_it_was_written(engine: Engine) -> None:
    answer = engine.ask("Does metformin end tern fever?")
    assert answer.interpretation.corrected == ()
    assert answer.interpretation.missing == ("metformin",)
    assert not answer.answered


def test_two_processes_give_the_same_numbers_whatever_the_order_of_their_sets() -> None:
    program = """if True:
        from qa import Engine, Settings
        earlier = ["How does Pomalyst work?"]
        for each in Engine.open(Settings()).explain("And the hazard ratio in MM-003?", history=earlier):
            print(each.hit.passage.id, each.hit.score, [term.term for term in each.terms], each.confidence)
    """
    said = [
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1] != b""


def test_a_path_may_be_given_as_text_and_one_alone() -> None:
    for paths in (TERNS, str(TERNS), [str(TERNS)]):
        engine = Engine.create(Settings())
        engine.add(paths)
        assert len(engine.contents()) == len(DOCUMENTS)
