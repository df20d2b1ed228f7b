"""A model in ONNX that gives each token of a text a vector, run by onnxruntime.

A text goes through the model by itself, on one thread. So what stands beside it cannot change its vectors, as it does
in a batch where a model takes the range of its numbers from all texts at once; and it is as fast, since a passage is
long enough to keep a core busy. Several threads encode several passages.

A passage goes through once, and its sentences have the means of their own tokens out of that pass, which know what
stands around them (late chunking: Günther et al., 2024, arXiv:2409.04701).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from threading import Lock
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qa.encoders.protocol import PassageText, QuestionVector, Vectors
from qa.encoders.session import Pass, States
from qa.encoders.vectors import quantized, sentence_means, unit
from qa.encoders.wordpiece import Tokenizer, Tokens
from qa.model import Span, digest

__all__ = ["ModelUse", "OnnxEncoder", "Pooling"]

Pooling = Literal["mean", "cls"]
"""Which of the tokens' states is a text's vector: the mean of all, or the first, if the model was trained for that."""

_VERSION = 1
"""Part of every name: change it with anything here, or in `vectors` or `wordpiece`, that changes vectors."""

_CONTEXT_TOKENS = 48
"""At most so many tokens of title and headings are put before a passage, in each pass."""

_LEAST = 16
"""So many tokens of a passage go into a pass at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """How a model wants to be used.

    `window` is how many tokens go through it at once, its first and last among them: at least 32. The prefixes are put
    before every question and every passage.
    """

    pooling: Pooling = "mean"
    window: int = 256
    question_prefix: str = ""
    passage_prefix: str = ""


class OnnxEncoder:
    """An `Encoder` whose model is loaded when it is first needed."""

    def __init__(
        self,
        load: Callable[[], Pass],
        tokenizer: Tokenizer,
        *,
        label: str,
        digests: Sequence[str],
        use: ModelUse,
        dimensions: int | None = None,
    ) -> None:
        """`load` is called once, with the first text; `digests` are those of the files that the encoder consists of.
        `dimensions` need not be said, but then the model is loaded when somebody asks for them."""
        self._load = load
        self._tokenizer = tokenizer
        self._use = use
        self._dimensions = dimensions
        self._name = f"{label}-{digest(repr((_VERSION, tuple(digests), use)))[:16]}"
        self._lock = Lock()
        self._run: Pass | None = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def dimensions(self) -> int:
        if self._dimensions is None:
            self._dimensions = int(self._states([]).shape[1])
        return self._dimensions

    def question(self, text: str) -> QuestionVector:
        whole, _ = self._encoded(self._use.question_prefix, text, ())
        return unit(whole)

    def passages(self, texts: Iterable[PassageText], *, threads: int = 1) -> list[Vectors]:
        if threads == 1:
            return [self._passage(each) for each in texts]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(self._passage, texts))

    def _passage(self, passage: PassageText) -> Vectors:
        context, text, sentences = passage
        before = self._use.passage_prefix + (f"{context}. " if context else "")
        whole, parts = self._encoded(before, text, sentences)
        return quantized(np.concatenate([whole[np.newaxis], parts]))

    def _encoded(
        self, before: str, text: str, sentences: Sequence[Span]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The vector of a text, which is read behind another, and those of its sentences; of any length."""
        leading = self._tokenizer.tokens(before).ids[:_CONTEXT_TOKENS]
        tokens = self._tokenizer.tokens(text)
        skipped, behind = len(self._tokenizer.first) + len(leading), len(self._tokenizer.last)
        room = max(_LEAST, self._use.window - skipped - behind)
        passes = [self._states([*leading, *tokens.ids[start:end]]) for start, end in _windows(tokens, sentences, room)]
        pooled = passes if self._use.pooling == "mean" else [states[:1] for states in passes]
        whole = np.concatenate(pooled).mean(axis=0)
        own = np.concatenate([states[skipped : len(states) - behind] for states in passes])
        return whole, sentence_means(own, tokens, sentences, whole)

    def _states(self, ids: Sequence[int]) -> States:
        """One pass of a text's tokens, with the first and last that the model wants."""
        if self._run is None:
            with self._lock:
                if self._run is None:
                    self._run = self._load()
        return self._run([*self._tokenizer.first, *ids, *self._tokenizer.last])


def _windows(tokens: Tokens, sentences: Sequence[Span], room: int) -> list[tuple[int, int]]:
    """Which tokens go through the model together, as [first, end): as few windows as have about `room` tokens each.

    They are equally long, save that one ends where a sentence does, if one does within a quarter of `room`.
    """
    count = len(tokens.ids)
    beginnings = [bisect_left(tokens.starts, sentence.start) for sentence in sentences] if count > room else []
    found: list[tuple[int, int]] = []
    start = 0
    while count - start > room:
        even = start + ceil((count - start) / ceil((count - start) / room))
        near = beginnings[bisect_left(beginnings, even - room // 4) : bisect_right(beginnings, even + room // 4)]
        end = min(near, key=lambda beginning: abs(beginning - even), default=even)
        found.append((start, end))
        start = end
    return [*found, (start, count)]
