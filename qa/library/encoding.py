"""Vectors for the passages of a library that have none yet. They are made after the index, and kept as they are
made."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from qa.encoders import Encoder, PassageText
from qa.library.analyst import Titled, titled
from qa.library.meaning import MOST_COMPARED
from qa.library.rows import PASSAGE_COLUMNS
from qa.library.selecting import Select
from qa.library.vectors import VectorWriter
from qa.model import Span

__all__ = ["encode", "passages_of"]

_AT_ONCE = 64  # passages, which take seconds: what is kept so often is little to do again
_CONTEXT = ". "


def encode(
    stamps: Mapping[int, bytes],
    titled: Callable[[Sequence[int]], Iterator[Titled]],
    encoder: Encoder,
    writer: VectorWriter,
    *,
    on_passages: Callable[[int, int], None] = lambda *_: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """Encode the passages that have no vectors. Returns how many still have none, because it was stopped.

    `stamps` has those of all passages by their numbers, and `titled` gives passages by these.
    `on_passages` is told how many passages are done, and of how many. Finished vectors are kept, however this ends. At
    the end it deletes vectors of other encoders and of passages that no longer exist. In a large library it prepares
    what finds the nearest among the vectors, at the end and now and then before.
    """
    kept = writer.stamps()
    to_do = [number for number, stamp in stamps.items() if stamp not in kept]
    threads = os.cpu_count() or 1
    is_large = len(stamps) > MOST_COMPARED
    done = 0
    passages = titled(to_do)
    on_passages(done, len(to_do))
    while batch := list(islice(passages, _AT_ONCE)):
        if should_stop():
            writer.settle(is_large=is_large)
            return len(to_do) - done
        found = encoder.passages(map(_passage_text, batch), threads=threads)
        writer.add((stamps[each.number], vectors) for each, vectors in zip(batch, found, strict=True))
        done += len(batch)
        on_passages(done, len(to_do))
        if writer.is_unsettled:
            writer.settle(is_large=is_large)
    writer.delete(kept.difference(stamps.values()))
    writer.settle(is_large=is_large)
    return 0


def _passage_text(passage: Titled) -> PassageText:
    """The text of a passage that is encoded."""
    context = _CONTEXT.join([passage.title, *passage.section])
    return PassageText(context, passage.text, [Span(*each) for each in passage.sentences])


def passages_of(select: Select, numbers: Sequence[int]) -> Iterator[Titled]:
    """The passages of a database with these numbers. A document's text is read once for all that follow one another."""
    its_document, title, text = 0, "", ""
    for number in numbers:
        [(document, *columns)] = select(f"SELECT document, {PASSAGE_COLUMNS} FROM passages WHERE number = ?", number)
        if document != its_document:
            [(title, text)] = select("SELECT title, text FROM documents WHERE number = ?", document)
            its_document = document
        yield titled(number, title, text, columns)
