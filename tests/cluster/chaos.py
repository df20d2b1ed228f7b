"""Take nodes away from a cluster while questions are asked and documents change, and count what went wrong.

    python tests/cluster/chaos.py [--only killed,frozen] [--seconds 12] [--passages 3000] [--json]

Three nodes on this machine have the index of a library, with two copies of each part. Several threads ask the library
all the while, and compare each answer with the right one of each version. The program ends with 1 where a question
failed before its time limit, a passage was lost, or an answer belonged to no version. Cutting the network takes root,
since each node then has a network of its own (`networks.py`); without it these rows are left out. The nodes come from
Maven's jars, as in the tests; with OPENSEARCH_HOME=FOLDER these stay there. All rows take some six minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

from again import Again
from networks import NODES as AMONG_NODES
from networks import PEOPLE as TO_PEOPLE
from networks import Network, missing_network, wired
from nodes import PORT, Nodes, asked, assembled, missing, own_folder, running

from qa import Engine, Settings
from qa.errors import ClusterIncompleteError, ClusterUnreachableError
from qa.evaluation.growth import Variation, varied
from qa.evaluation.peers import write_passages
from qa.model import Answer

EVENTS = ("killed", "frozen", "manager-frozen", "cut", "manager-cut", "lost", "restart", "changing", "changing-cut")
NODES = 3
LIMIT = 10  # seconds that a question may take
SECONDS = 12.0  # for which is asked, once a node is lost
_PAUSE = 1.0  # seconds, at most, from a try to the next: one that would come too late is not made
_SETTLING = 2.0  # seconds, for which is asked before and after
_QUESTIONS = 40
_MORE = 20  # of so many passages one comes and goes with the changes


@dataclass(slots=True)
class Row:
    """What came of the questions and passages while something happened."""

    event: str
    asked: int = 0
    failed: int = 0
    given_up: int = 0
    """Questions that ended as an error at their time limit, since the cluster could not answer."""

    slowest: float = 0.0
    changes: int = 0
    lost: int = 0
    mixed: int = 0
    """Answers that are right in no version."""

    reasons: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        return not (self.failed or self.lost or self.mixed) and self.asked > 0


class Askers(Again):
    """Threads that ask a library, each with another question every time, until the block ends."""

    def __init__(self, engine: Engine, right: Sequence[Sequence[Answer]], row: Row) -> None:
        """`right` has the answers to the questions in each version."""
        self._engine, self._right, self._row = engine, right, row
        self._lock = threading.Lock()
        super().__init__(self._ask)

    def _ask(self, number: int) -> int:
        number = (number + 7) % len(self._right[0])
        began = time.monotonic()
        found, wrong = None, ""
        try:
            found = answer(self._engine, self._right[0][number].question)
        except Exception as error:  # whatever goes wrong is what is looked for
            wrong, is_told = repr(error), isinstance(error, ClusterIncompleteError | ClusterUnreachableError)
        took = time.monotonic() - began
        with self._lock:
            row = self._row
            row.asked += 1
            row.slowest = max(row.slowest, took)
            if found is not None:
                if all(found != each[number] for each in self._right):
                    row.mixed += 1
                    row.reasons.append(f"another answer to {found.question!r}")
            elif is_told and took >= LIMIT - _PAUSE:
                row.given_up += 1
            else:
                row.failed += 1
                row.reasons.append(f"after {took:.1f} s: {wrong}")
        return number


class Trial:
    """A library in a cluster, its questions, and what can happen to the cluster."""

    def __init__(self, nodes: Nodes, folder: Path, *, passages: int, seconds: float, network: Network | None) -> None:
        """Make both versions of the library, and note what is right in each."""
        self.nodes, self.seconds, self.network = nodes, seconds, network
        self._settings = Settings(
            library=folder / "library",
            engine="opensearch",
            cluster=nodes.addresses,
            cluster_timeout=LIMIT,
            meaning="off",
            feedback=folder / "feedback.sqlite3",
        )
        made = list(varied([texts()], count=passages))
        self._some, self._more = folder / "some", folder / "more"
        more = made[::_MORE]
        for place, kept in ((self._some, [each for each in made if each not in more]), (self._more, more)):
            place.mkdir()
            write_passages(kept, place)
        self._questions = questions(made)
        self._writer = Engine.create(replace(self._settings, cluster_timeout=60))
        self._writer.add([self._some])
        right, self._ids = [self._answers()], [self._held()]
        before = {entry.id for entry in self._writer.contents()}
        self._writer.add([self._more])
        self._coming = [entry.id for entry in self._writer.contents() if entry.id not in before]
        self._right = [*right, self._answers()]
        self._ids.append(self._held())
        self._version = 1

    def row(self, event: str, happen: Callable[[], None], *, is_changing: bool = False) -> Row:
        """What comes of the questions while something happens and, where that is asked for, while documents change."""
        row = Row(event)
        self.nodes.wait()
        asking = Engine.open(self._settings)  # as another process would
        stop = threading.Event()
        changing = threading.Thread(target=self._change, args=(row, stop))
        with Askers(asking, self._right if is_changing else [self._right[self._version]], row):
            time.sleep(_SETTLING)
            if is_changing:
                changing.start()
            happen()
            self.nodes.wait()
            stop.set()
            if is_changing:
                changing.join()
            time.sleep(_SETTLING)
        problems = self._writer.check()
        row.lost = len(self._ids[self._version] ^ self._held()) + len(problems)
        row.reasons += problems
        return row

    def _change(self, row: Row, stop: threading.Event) -> None:
        """Add some documents and remove them, again and again."""
        while not stop.is_set():
            try:
                if self._version == 0:
                    self._writer.add([self._more])
                else:
                    self._writer.remove(self._coming)
            except Exception as error:  # whatever goes wrong is what is looked for
                row.failed += 1
                row.reasons.append(f"a change: {error!r}")
                return
            self._version = 1 - self._version
            row.changes += 1

    def _answers(self) -> list[Answer]:
        return [answer(self._writer, each) for each in self._questions]

    def _held(self) -> set[str]:
        """The ids of the passages that the cluster has."""
        return set(self._writer._library.snapshot().retriever.holding([]))

    # What happens

    def kill(self, number: int) -> None:
        """A node's process ends at once. Later it comes back."""
        self.nodes[number].stop(signal.SIGKILL)
        time.sleep(self.seconds)
        self.nodes[number].start()

    def freeze(self, number: int) -> None:
        """A node does nothing, and its connections stay."""
        self.nodes[number].send(signal.SIGSTOP)
        time.sleep(self.seconds)
        self.nodes[number].send(signal.SIGCONT)

    def cut(self, number: int, wires: Sequence[int]) -> None:
        """A node is lost to the others and, with both wires, to those who ask. What is sent to it is lost."""
        assert self.network is not None
        self.network.cut(number + 1, wires=wires)
        time.sleep(self.seconds)
        self.network.mend(number + 1)

    def cut_manager(self, wires: Sequence[int]) -> None:
        """The same of the node that leads."""
        self.cut(self.manager(), wires)

    def restart(self) -> None:
        """All nodes end at once, and start again."""
        for node in self.nodes:
            node.stop(signal.SIGKILL)
        for node in self.nodes:
            node.start()

    def manager(self) -> int:
        """The number of the node that leads."""
        [told] = asked(f"{self.nodes.addresses[0]}/_cat/cluster_manager?format=json")
        return [node.name for node in self.nodes].index(told["node"])

    def events(self) -> Iterator[tuple[str, str, Callable[[], None], bool]]:
        """What can happen: in a word of `EVENTS`, in full, and whether documents change meanwhile."""
        for number, node in enumerate(self.nodes):
            yield "killed", f"{node.name} killed (SIGKILL)", partial(self.kill, number), False
        yield "frozen", "a node frozen (SIGSTOP)", lambda: self.freeze((self.manager() + 1) % NODES), False
        yield "manager-frozen", "the manager frozen", lambda: self.freeze(self.manager()), False
        if self.network is not None:
            yield "cut", "a node cut off from the others", lambda: self.cut(1, [AMONG_NODES]), False
            yield "manager-cut", "the manager cut off from the others", partial(self.cut_manager, [AMONG_NODES]), False
            yield "lost", "a node cut off from everybody", lambda: self.cut(2, [TO_PEOPLE, AMONG_NODES]), False
        yield "restart", "all three killed, and started again", self.restart, False
        yield "changing", "a node killed while documents change", partial(self.kill, 0), True
        if self.network is not None:
            cut = partial(self.cut_manager, [TO_PEOPLE, AMONG_NODES])
            yield "changing-cut", "the manager cut off from everybody while documents change", cut, True


def texts() -> list[tuple[str, str]]:
    """The titles and texts of the documents that come with the program."""
    shipped = Engine.open(Settings(meaning="off"))
    documents = [shipped.document(entry.id) for entry in shipped.contents()]
    return [(each.title, each.text) for each in documents]


def questions(made: Sequence[Variation]) -> list[str]:
    """Questions with words of some passages."""
    choose = random.Random(1)
    some = [choose.choice(made) for _ in range(_QUESTIONS)]
    return [f"What about {' '.join(choose.sample(each.text.split(), 4))} in {each.title}?" for each in some]


def answer(engine: Engine, question: str) -> Answer:
    return replace(engine.ask(question), took_ms=0.0)


def table(rows: Sequence[Row]) -> str:
    """Rows as Markdown."""
    head = "| What happened | Questions | Failed | Given up after 10 s | Slowest | Changes | Passages lost | Mixed |"
    lines = [
        f"| {row.event} | {row.asked:,} | {row.failed} | {row.given_up} | {row.slowest:.1f} s | {row.changes or ''} "
        f"| {row.lost} | {row.mixed} |"
        for row in rows
    ]
    return "\n".join([head, "|---|--:|--:|--:|--:|--:|--:|--:|", *lines])


def tried(given: argparse.Namespace, network: Network | None) -> list[Row]:
    """What came of each event."""
    rows = []
    with own_folder() as folder, running(folder / "nodes", nodes=NODES, port=given.port, network=network) as nodes:
        trial = Trial(nodes, folder, passages=given.passages, seconds=given.seconds, network=network)
        for word, event, happen, is_changing in trial.events():
            if given.only and word not in given.only:
                continue
            rows.append(trial.row(event, happen, is_changing=is_changing))
            print(json.dumps(asdict(rows[-1])) if given.json else table(rows[-1:]).splitlines()[-1], flush=True)
            for reason in rows[-1].reasons[:5]:
                print(f"  {reason}", file=sys.stderr, flush=True)
    return rows


def main() -> int:
    """Try everything, or what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=lambda words: words.split(","), help=", ".join(EVENTS))
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for which a node is lost")
    parser.add_argument("--passages", type=int, default=3_000)
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--json", action="store_true", help="a line of JSON for each row, and no table")
    parser.add_argument("--within", help=argparse.SUPPRESS)  # the network in whose hub this runs already
    given = parser.parse_args()
    if given.within:
        return report(tried(given, Network(given.within)), is_short=given.json)
    if unknown := set(given.only or ()) - set(EVENTS):
        parser.error(f"--only knows {', '.join(EVENTS)}, not {', '.join(sorted(unknown))}")
    if lacking := missing():
        print(f"This cannot be tried here: {lacking}.", file=sys.stderr)
        return 2
    if lacking := missing_network():
        print(f"The network is not cut: {lacking}.", file=sys.stderr)
        return report(tried(given, None), is_short=given.json)
    assembled()  # Maven needs the network of the machine
    with wired(NODES) as network:
        command = [*network.within(), sys.executable, *sys.argv, "--within", network.name]
        return subprocess.run(command, check=False, env=os.environ | {"OPENSEARCH_HOME": str(assembled())}).returncode


def report(rows: Sequence[Row], *, is_short: bool) -> int:
    """Print the table, and return whether something went wrong."""
    if not is_short:
        print(f"\n{table(rows)}")
    return 0 if rows and all(row.is_well for row in rows) else 1


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):  # at which the nodes must end too
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
