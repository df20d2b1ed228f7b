"""Numbers out of a model as vectors that are kept, and their cosines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qa.encoders.protocol import QuestionVector, Vectors
from qa.encoders.wordpiece import Tokens
from qa.model import Span

__all__ = ["cosines", "quantized", "sentence_means", "unit"]

_LARGEST = 127


def unit(vector: NDArray[np.float32]) -> QuestionVector:
    """A vector of shape (n,), made 1 long; one of zeros stays as it is.

    >>> unit(np.array([3, 4], np.float32)).tolist()
    [0.6000000238418579, 0.800000011920929]
    """
    length = np.sqrt(np.square(vector).sum())
    return (vector / length if length else vector).astype(np.float32)


def quantized(vectors: NDArray[np.float32]) -> Vectors:
    """Rows of shape (m, n) as int8, each times 127 / its largest number; halves go to the even neighbour.

    The direction is off by some 0.005 radians at 384 numbers, and a cosine by less than 0.001. A row of zeros stays.

    >>> quantized(np.array([[0.5, -1, 0.25], [0, 0, 0]], np.float32)).tolist()
    [[64, -127, 32], [0, 0, 0]]
    """
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    return np.rint(vectors * (_LARGEST / np.where(largest > 0, largest, 1))).astype(np.int8)


def cosines(question: QuestionVector, rows: Vectors) -> NDArray[np.float32]:
    """The cosine of a question, of shape (n,), with each row of shape (m, n): shape (m,), in -1..1.

    A row's cosine does not depend on the other rows. One of zeros has the cosine 0. For the rows of a question's
    candidates, not of a library: they are copied as numbers of 4 bytes.

    >>> cosines(np.array([1, 0], np.float32), np.array([[127, 0], [-127, 0], [0, 127], [0, 0]], np.int8)).tolist()
    [1.0, -1.0, 0.0, 0.0]
    """
    numbers = rows.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", numbers, numbers))
    found = np.einsum("ij,j->i", numbers, question) / np.where(lengths > 0, lengths, 1)
    clipped: NDArray[np.float32] = np.clip(found, -1, 1).astype(np.float32)
    return clipped


def sentence_means(
    states: NDArray[np.float32], tokens: Tokens, sentences: Sequence[Span], otherwise: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The mean of each sentence's tokens, of shape (sentences, n), out of their states of shape (tokens, n).

    A token belongs to the sentence that its last character stands in. A sentence of no tokens has `otherwise`.
    """
    last_characters = np.array(tokens.ends, np.int64) - 1
    firsts = np.searchsorted(last_characters, [sentence.start for sentence in sentences])
    ends = np.searchsorted(last_characters, [sentence.end for sentence in sentences])
    found = np.empty((len(sentences), states.shape[1]), np.float32)
    for row, first, end in zip(found, firsts, ends, strict=True):
        row[:] = states[first:end].mean(axis=0) if first < end else otherwise
    return found
