"""What every encoder promises. `tests/test_encoders.py` holds ours to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.model import Span

__all__ = ["Encoder", "PassageText", "QuestionVector", "Vectors"]

QuestionVector = NDArray[np.float32]
"""Of shape (dimensions,), with the length 1."""

Vectors = NDArray[np.int8]
"""A passage's, of shape (1 + its sentences, dimensions): first its own, then each sentence's, in order.

Only the direction of a row means anything; its largest number is 127 or -127. `vectors.cosines` compares them.
"""


class PassageText(NamedTuple):
    """What there is of a passage to encode. `sentences` are spans of `text`, in order, that do not overlap.

    `context` is the title and the headings that it stands under, or empty.
    """

    context: str
    text: str
    sentences: Sequence[Span]


class Encoder(Protocol):
    """Turns texts into vectors whose cosine says how near they are in meaning. Safe to use from several threads.

    A text has the same vectors, byte for byte, whatever stands beside it and however many threads there are, on one
    machine with one version of the packages. Elsewhere they may differ as much as rounding to 8 bits does: by a cosine
    of .997 or more between two versions of onnxruntime. So vectors of one name may stand side by side.
    """

    @property
    def name(self) -> str:
        """What these vectors are known by: another model, or another way to use it, has another name."""

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""

    def question(self, text: str) -> QuestionVector:
        """The vector of a question. An empty one has a vector too, which says nothing.

        Raises:
            UnreadableEncoderError: where the model cannot be loaded, or fails.
        """

    def passages(self, texts: Iterable[PassageText], *, threads: int = 1) -> list[Vectors]:
        """The vectors of passages, in their order, computed by this many threads; at least 1.

        Raises:
            UnreadableEncoderError: where the model cannot be loaded, or fails.
        """
