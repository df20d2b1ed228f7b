"""Parts of a library as bytes, for a place that is no folder."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from qa import Engine, Settings
from qa.library.folder import DATABASE, Reader, connect
from qa.library.local import LocalState
from qa.library.packing import (
    KEPT,
    packed_arrays,
    packed_document,
    packed_tables,
    restore_document,
    unpacked_arrays,
    unpacked_document,
    unpacked_tables,
)
from qa.library.schema import migrate

TERNS = Path(__file__).resolve().parent / "fixtures" / "terns"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library in a folder."""
    place = tmp_path_factory.mktemp("packing") / "library"
    Engine.create(Settings(library=place, meaning="off")).add([TERNS])
    return place


def test_a_document_comes_back_with_its_sections_references_and_passages(folder: Path) -> None:
    before = LocalState(Reader.open(folder))
    with closing(connect(":memory:")) as database:
        migrate(database)
        for number, document_id, file, part in before._select("SELECT number, id, file, part FROM documents"):
            packed, seal = packed_document(before._select, number)
            assert packed_document(before._select, number) == (packed, seal)
            restore_document(database, unpacked_document(packed, seal), file=file, part=part)
            after = LocalState(Reader(database, folder, is_shared=True))
            document = before.document(document_id)
            assert document is not None
            assert after.document(document_id) == document
            assert after.passages_of(document) == before.passages_of(document)
            ids = before.passage_ids_in([document_id])
            assert after.stamps(ids) == before.stamps(ids)


def test_bytes_that_are_not_what_was_packed_are_refused(folder: Path) -> None:
    select = Reader.open(folder).select
    first, seal = packed_document(select, 1)
    second, _ = packed_document(select, 2)
    for wrong in (second, first[:-5], b"no document"):
        with pytest.raises(ValueError):
            unpacked_document(wrong, seal)
    for unpack in (unpacked_tables, unpacked_arrays):
        with pytest.raises(ValueError):
            unpack(b"neither")


def test_tables_come_back_without_texts_and_leave_the_database_as_it_was(folder: Path) -> None:
    before = LocalState(Reader.open(folder))
    with closing(connect(":memory:")) as database:
        Reader.open(folder, DATABASE).copy_to(database)
        for statement in KEPT:
            database.execute(statement)
        rows = database.execute("SELECT number, text FROM documents").fetchall()
        reading, writing = packed_tables(database)
        assert database.execute("SELECT number, text FROM documents").fetchall() == rows
    after = LocalState(Reader(unpacked_tables(reading), folder))
    assert after.facts() == before.facts()
    assert after.publishers() == before.publishers()
    assert after.formats() == before.formats()
    assert after.files() == before.files()
    numbers = [number for (number,) in before._select("SELECT number FROM words")]
    assert after.words(numbers) == before.words(numbers)
    assert after.concepts().all == before.concepts().all
    assert after._select("SELECT count(*) FROM documents WHERE text <> ''") == [(0,)]
    spellings = "SELECT word, count FROM spellings ORDER BY word"
    assert Reader(unpacked_tables(writing), folder).select(spellings) == before._select(spellings)


def test_arrays_come_back_by_their_names() -> None:
    arrays = {
        "words": np.array([b"tern", b"gull"]),
        "counts": np.array([2, 1], np.int64),
        "none": np.zeros(0, np.uint32),
    }
    found = unpacked_arrays(packed_arrays(arrays))
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].tolist() == array.tolist()
