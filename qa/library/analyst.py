"""The words of passages, found by several processes at once where there are many passages.

An analyst numbers the words that it meets by itself. Who asks it keeps for each analyst which number of the library's
each of these is.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from qa.concepts import Concepts
from qa.model import Passage
from qa.wordings import MARKS, Entry, Layout

__all__ = ["Analysed", "Analyst", "Titled", "analysed", "serve"]

_CHUNK = 256  # passages that are sent at a time
_ALONE = 2_000  # passages that one process has analysed before others have started
_WAITING = 3  # chunks that each process has before it


class Titled(NamedTuple):
    """A passage with its number in the library and its document's title."""

    number: int
    title: str
    passage: Passage


class Analysed(NamedTuple):
    """What an analyst found in some passages.

    The numbers of each passage's row are `sizes` of `stream`, those of its words the analyst's own; `words` are those
    that it had not met before, whose numbers follow on one another. `terms` are each passage's for the index, with line
    breaks between them, and `namings` for each the tokens of its concepts with the names by which it has them.
    """

    analyst: int
    words: list[Entry]
    stream: npt.NDArray[np.int64]
    sizes: list[int]
    contexts: list[int]
    lengths: list[int]
    terms: list[str]
    namings: list[set[tuple[str, str]]]


class Analyst:
    """Finds the words of passages. `number` tells it from others."""

    def __init__(self, concepts: Concepts, *, number: int = 0) -> None:
        self._concepts = concepts
        self._number = number
        self._numbers: dict[str, int] = {}
        self._new: list[Entry] = []
        self._namings: set[tuple[str, str]] = set()

    def __call__(self, passages: Sequence[Titled]) -> Analysed:
        """What there is in some passages."""
        self._new = []
        layout = Layout(self._terms_of, self._number_of)
        terms, namings = [], []
        for _, title, passage in passages:
            self._namings = set()
            terms.append("\n".join(layout.add(passage, title=title)))
            namings.append(self._namings)
        return Analysed(
            self._number,
            self._new,
            np.array(layout.stream, np.int64),
            list(layout.sizes),
            list(layout.contexts),
            list(layout.lengths),
            terms,
            namings,
        )

    def _terms_of(self, text: str) -> list[str]:
        terms, found = self._concepts.terms_and_names(text)
        self._namings.update((concept.token, name) for concept, name in found)
        return terms

    def _number_of(self, word: str, term: str | None) -> int:
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = MARKS + len(self._numbers)
            self._new.append(Entry(word, term))
        return number


def analysed(passages: Iterator[Titled], concepts: Concepts, *, count: int) -> Iterator[tuple[list[Titled], Analysed]]:
    """Passages in the order in which they come, with what is found in them, some at a time.

    `count` is about how many there are; where they are many, other processes help.
    """
    chunks = iter(lambda: list(islice(passages, _CHUNK)), [])
    if count <= _ALONE or (os.cpu_count() or 1) < 2:
        analyst = Analyst(concepts)
        for chunk in chunks:
            yield chunk, analyst(chunk)
        return
    with ExitStack() as at_end:
        helpers = [at_end.enter_context(_Helper(concepts, number)) for number in range(os.cpu_count() or 1)]
        waiting: deque[tuple[list[Titled], Future[Analysed]]] = deque()
        for turn, chunk in enumerate(chunks):
            waiting.append((chunk, helpers[turn % len(helpers)].ask(chunk)))
            if len(waiting) > _WAITING * len(helpers):
                done, future = waiting.popleft()
                yield done, future.result()
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result()


_PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from qa.library.analyst import serve
serve()
"""


class _Helper:
    """An analyst in a process of its own, which ends with this one: at the end of what it is sent."""

    def __init__(self, concepts: Concepts, number: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own program, in the Python that runs this one
            [sys.executable, "-c", _PROGRAM, json.dumps([str(Path(__file__).parents[2]), *sys.path])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._thread = ThreadPoolExecutor(1)
        self._thread.submit(self._send, (concepts, number))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._thread.shutdown(cancel_futures=True)
        self._process.communicate()

    def ask(self, passages: Sequence[Titled]) -> Future[Analysed]:
        """What there will be in some passages."""
        return self._thread.submit(self._asked, passages)

    def _asked(self, passages: Sequence[Titled]) -> Analysed:
        self._send(passages)
        found: Analysed = pickle.load(_there(self._process.stdout))  # noqa: S301 - it is our own program's
        return found

    def _send(self, thing: object) -> None:
        ours = _there(self._process.stdin)
        pickle.dump(thing, ours, pickle.HIGHEST_PROTOCOL)
        ours.flush()


def _there(pipe: object) -> BinaryIO:
    if pipe is None:
        raise ValueError("a process without its pipes")
    return pipe  # type: ignore[return-value]


def serve() -> None:
    """Analyse what comes, until no more comes: first the concepts and the number of the analyst, then passages."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, who ends this process
    asked, replies = os.fdopen(0, "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    concepts, number = pickle.load(asked)  # noqa: S301 - the parent's own
    analyst = Analyst(concepts, number=number)
    while True:
        try:
            passages = pickle.load(asked)  # noqa: S301
        except EOFError:
            return
        pickle.dump(analyst(passages), replies, pickle.HIGHEST_PROTOCOL)
        replies.flush()
