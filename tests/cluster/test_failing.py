"""Three nodes, of which one dies and one freezes while questions are asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import pytest
from again import Again
from corpora import a_corpus, some_questions
from networks import missing_network
from nodes import PORT, assembled, missing, own_folder, running
from retriever_contract import asking

from qa import Engine, Settings
from qa.config import LibraryAddress
from qa.retrievers.opensearch import OpenSearchEngine

pytestmark = [pytest.mark.cluster]
if missing() and "REQUIRE_CLUSTER" not in os.environ:
    pytestmark.append(pytest.mark.skip(reason=missing()))

TERNS = Path(__file__).resolve().parent.parent / "fixtures" / "terns"


class Askers(Again):
    """Threads that ask again and again, each time comparing what comes with what is right."""

    def __init__(self, ask: Callable[[int], object], count: int) -> None:
        """`ask` gives the answer to a question by its number, below `count`."""
        self._right = {number: ask(number) for number in range(count)}
        self._ask_one = ask
        self.asked = 0
        self.wrong: list[str] = []
        super().__init__(self._ask)

    def _ask(self, number: int) -> int:
        number = (number + 7) % len(self._right)
        try:
            found = self._ask_one(number)
        except Exception as error:  # whatever goes wrong is what is looked for
            self.wrong.append(repr(error))
        else:
            self.asked += 1
            if found != self._right[number]:
                self.wrong.append(f"another answer to question {number}")
        return number

    def wait_for(self, more: int) -> None:
        """Wait until so many more questions were asked, or one went wrong."""
        goal = self.asked + more
        while self.asked < goal and not self.wrong:
            time.sleep(0.05)


TERN_QUESTIONS = ("Which fever does bevacor treat?", "In how many people did fever end with alcanor?")


def a_library(addresses: Sequence[str]) -> Engine:
    """A library that is in the cluster with all that belongs to it."""
    there = LibraryAddress(f"{addresses[0]}/terns")
    engine = Engine.create(Settings(library=there, cluster=tuple(addresses), meaning="off", cluster_timeout=20))
    engine.add([TERNS])
    return engine


def first_passage(library: Engine, number: int) -> str:
    """The passage that comes first for a question, from a library of which nothing is remembered."""
    library._library._snapshot = None
    return library.search(TERN_QUESTIONS[number])[0].passage.text


def test_no_question_fails_and_no_passage_is_lost_when_a_node_dies_or_freezes() -> None:
    corpus, questions = a_corpus(1_500), some_questions(40)
    with own_folder() as folder, running(folder, nodes=3, port=PORT + 20) as nodes:
        engine = OpenSearchEngine(Settings(cluster=nodes.addresses, cluster_timeout=20))
        retriever = engine.build(corpus)
        searching = Askers(lambda number: retriever.search(asking(questions[number]), limit=20), len(questions))
        library = a_library(nodes.addresses)
        with searching as askers, Askers(partial(first_passage, library), len(TERN_QUESTIONS)) as reading:
            askers.wait_for(100)
            nodes[1].stop(signal.SIGKILL)
            askers.wait_for(200)
            library.remove(["hostile"])  # which answers none of the questions
            reading.wait_for(10)
            added = [(f"q{number:05}", held) for number, held in enumerate(held for _, held in islice(corpus, 200))]
            changed = retriever.changed(removed=["p00003"], added=added)  # with a node less
            nodes[1].start()
            nodes.wait()
            nodes[2].send(signal.SIGSTOP)
            askers.wait_for(200)
            nodes[2].send(signal.SIGCONT)
            nodes.wait()
            askers.wait_for(50)
            reading.wait_for(10)
        assert askers.wrong == []
        assert reading.wrong == []
        assert library.check() == []
        assert retriever.holding([]) == [passage_id for passage_id, _ in corpus]
        assert changed.holding([]) == sorted(
            [*(each for each, _ in corpus if each != "p00003"), *(q for q, _ in added)]
        )


def test_nothing_goes_wrong_when_the_network_is_cut_or_all_nodes_restart_or_one_is_lost_to_a_change() -> None:
    cuts = ["changing"] if missing_network() else ["manager-cut", "changing-cut"]
    program = str(Path(__file__).with_name("chaos.py"))
    wanted = ["--only", ",".join(["restart", *cuts]), "--seconds", "6", "--passages", "400", "--port", str(PORT + 20)]
    ran = subprocess.run(
        [sys.executable, program, *wanted, "--json"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OPENSEARCH_HOME": str(assembled())},
    )
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(rows) == 1 + len(cuts), ran.stderr
    for row in rows:
        assert (row["failed"], row["lost"], row["mixed"]) == (0, 0, 0), ran.stderr
        assert row["asked"] > 0
        assert row["given_up"] == 0 or "started again" in row["event"]
        assert row["changes"] > 0 or "change" not in row["event"]
    assert ran.returncode == 0
