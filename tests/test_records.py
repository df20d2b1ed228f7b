"""Files of many documents: JSON lines and tables, a document a record, each under its own id."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from qa import Engine, Settings
from qa.cli import cli
from qa.errors import DamagedSourceError, NotTextError
from qa.model import Document
from qa.readers import find_sources, read_works
from qa.readers.passages import passages

JSONL = """{"_id": "MED-10", "title": "Terns", "text": "Terns dive.\\n\\nThey fly. [3]", "metadata": {"url": "https://x.org/1"}}

{"_id": "7", "text": "Gulls eat chips.", "authors": ["Ann Auk", {"name": "Ben"}], "updated": "2021-05-11"}
"""


def works(path: Path, content: str | bytes) -> tuple[list[Document], list[str]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    notes: list[str] = []
    found = [work.document for work in read_works(path, path.stem, note=notes.append)]
    for document in found:
        assert all(passage.text == document.text[passage.start : passage.end] for passage in passages(document))
    return found, [note.removeprefix(f"{path}: ") for note in notes]


def test_each_line_of_json_is_a_document_with_its_own_id(tmp_path: Path) -> None:
    (terns, gulls), notes = works(tmp_path / "birds.jsonl", JSONL)
    assert notes == []
    assert (terns.id, terns.title, terns.text, terns.url) == (
        "MED-10",
        "Terns",
        "Terns dive.\n\nThey fly. [3]",
        "https://x.org/1",
    )
    assert [terns.text[b.start : b.end] for b in terns.sections[0].blocks] == ["Terns dive.", "They fly. [3]"]
    assert [marker.label for marker in terns.markers] == ["3"]
    assert (gulls.id, gulls.title, gulls.authors) == ("7", "7", ("Ann Auk", "Ben"))
    assert (gulls.updated, gulls.source) == (date(2021, 5, 11), "birds.jsonl")


def test_a_line_that_is_no_record_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    lines = [
        '{"_id": "1", "text": "One."}',
        "{broken",
        "[1]",
        '{"text": 5}',
        '{"_id": "1", "text": "Again."}',
        '{"_id": "2", "text": " "}',
    ]
    lines += ["[" * 100_000, '{"_id": "_3 ", "text": "Thr\\ud800ee."}', '{"text": "Four."}']
    found, notes = works(tmp_path / "birds.jsonl", "\n".join(lines))
    assert [(each.id, each.text) for each in found] == [("1", "One."), ("_3", "Thr\ufffdee."), ("birds-5", "Four.")]
    assert notes == [
        "line 2 is left out: it is not JSON.",
        "line 3 is left out: it is not an object with a 'text'.",
        "line 4 is left out: it is not an object with a 'text'.",
        "line 5 is left out: an earlier record has its id, '1'.",
        "line 6 is left out: its text is empty.",
        "line 7 is left out: it is not JSON.",
    ]


def test_ids_of_which_the_same_can_stand_in_an_address_are_different_ids(tmp_path: Path) -> None:
    url = f"https://example.org/{'birds/' * 20}"
    given = ["C", "C++", "C#", "../C", f"{url}tern", f"{url}gull", "鳥", "крачка", "x" * 100, "x" * 101, "C++"]
    found, notes = works(tmp_path / "a.jsonl", "\n".join(json.dumps({"_id": each, "text": each}) for each in given))
    assert notes == ["line 11 is left out: an earlier record has its id, 'C++'."]
    assert [(each.title, each.text) for each in found] == [(each, each) for each in given[:-1]]
    ids = [each.id for each in found]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,100}", each) for each in ids)
    assert (ids[0], ids[8]) == (given[0], given[8])
    again, _ = works(tmp_path / "a.jsonl", "\n".join(json.dumps({"_id": each, "text": each}) for each in given[-2::-1]))
    assert [each.id for each in again] == ids[::-1]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["birds.csv", "birds.tsv"])
def test_a_table_names_its_columns_in_any_order_and_with_any_delimiter(
    tmp_path: Path, name: str, delimiter: str
) -> None:
    rows = [
        ["Title", "Text", "ID", "Date", "URL", "Author"],
        [
            "Terns",
            f'"Terns dive{delimiter} and\nfly ""fast""."',
            "t-1",
            "2021/05/11",
            "https://x.org",
            '"Auk; Bunting"',
        ],
        ["Gulls", "Gulls eat.", "", "", "", ""],
        [""],
    ]
    (terns, gulls), notes = works(tmp_path / name, "\r\n".join(delimiter.join(row) for row in rows))
    assert notes == []
    assert (terns.id, terns.title, terns.text) == ("t-1", "Terns", f'Terns dive{delimiter} and\nfly "fast".')
    assert (terns.updated, terns.url, terns.authors) == (date(2021, 5, 11), "https://x.org", ("Auk", "Bunting"))
    assert (gulls.id, gulls.title) == ("birds-2", "Gulls")


def test_the_rows_of_a_table_without_a_text_are_lines_with_the_names_of_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    (terns, gulls), notes = works(path, "Bird;Price;;Updated\ntern;5 crowns;by night;2021-05-11\ngull;;;\n;;;\n")
    assert notes == [
        "it has no column 'text', but 'Bird', 'Price', '', 'Updated': its rows are read as lines of the form"
        " 'column: value'."
    ]
    assert (terns.id, terns.title) == ("prices-1", "tern (prices.csv, row 2)")
    assert terns.text == "Bird: tern\nPrice: 5 crowns\ncolumn 3: by night\nUpdated: 2021-05-11"
    assert (terns.updated, gulls.text) == (date(2021, 5, 11), "Bird: gull")


def test_a_table_whose_columns_have_no_names_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DamagedSourceError) as error:
        works(tmp_path / "prices.csv", "\n5\n")
    assert error.value.message.endswith("cannot be read as a table of documents: its first line is empty.")


def test_lines_of_which_none_is_a_record_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DamagedSourceError) as error:
        works(tmp_path / "birds.jsonl", "Terns dive.\n")
    assert error.value.message.endswith("birds.jsonl cannot be read as JSON lines: no line is a record.")
    assert '{"_id": "1"' in error.value.hint


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_an_empty_file_holds_no_documents_and_a_binary_one_is_an_error(tmp_path: Path, name: str) -> None:
    assert works(tmp_path / name, "\n") == ([], ["it holds no record."])
    with pytest.raises(NotTextError):
        works(tmp_path / name, b"text\n\0\0\1\2")


def test_a_table_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    (found,), notes = works(tmp_path / "a.csv", 'text\nTerns dive.\n"' + "x" * 10_000_001)
    assert found.text == "Terns dive."
    assert [note.split(":")[0] for note in notes] == ["line 3 is left out"]


@pytest.mark.parametrize("second", ["Gulls steal.", '"Gulls steal."', '"Gulls ""steal""\nchips."'])
def test_a_quotation_mark_that_is_not_closed_costs_its_line_alone(tmp_path: Path, second: str) -> None:
    found, notes = works(tmp_path / "a.csv", f'id,text\n1,"Terns dive.\n2,{second}\n3,Auks swim.\n4,Knots wade.\n')
    assert notes == ["line 2 is left out: a quotation mark in it is not closed."]
    texts = [second.removeprefix('"').removesuffix('"').replace('""', '"'), "Auks swim.", "Knots wade."]
    assert [(each.id, each.text) for each in found] == list(zip("234", texts, strict=True))


def test_quotation_marks_within_a_cell_are_letters(tmp_path: Path) -> None:
    cells = [
        'Terns "dive" deep.',
        '5" long',
        'They "fly',
        '"""Fast"", they say."',
        '"Gulls" steal.',
        '"Auks\nswim."',
        '"End',
    ]
    found, notes = works(tmp_path / "a.csv", "text\n" + "\n".join(cells))
    assert notes == []
    texts = [*cells[:3], '"Fast", they say.', "Gulls steal.", "Auks\nswim.", "End"]
    assert [each.text for each in found] == texts


def test_reading_a_file_again_replaces_its_records_and_takes_out_those_that_are_gone(tmp_path: Path) -> None:
    path = tmp_path / "birds.jsonl"
    engine = Engine.create(Settings(library=tmp_path / "library"))

    def index(records: dict[str, str]) -> dict[str, str]:
        path.write_text("\n".join(json.dumps({"_id": key, "text": text}) for key, text in records.items()))
        engine.add([path])
        return {entry.id: engine.document(entry.id).text for entry in engine.contents()}

    (tmp_path / "terns.md").write_text("# Terns")
    engine.add([tmp_path / "terns.md"])
    first = {"a": "Auks swim.", "terns": "Terns dive."}
    assert index(first) == {"a": "Auks swim.", "terns": "Terns", "terns-2": "Terns dive."}
    assert index({"terns": "Terns fly.", "b": "Boobies dive."}) == {
        "b": "Boobies dive.",
        "terns": "Terns",
        "terns-2": "Terns fly.",
    }


def test_of_judged_questions_the_corpus_alone_is_read(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n")
    for name in ("corpus.jsonl", "queries.jsonl"):
        (tmp_path / name).write_text(JSONL)
    assert list(find_sources(tmp_path)) == [(tmp_path / "corpus.jsonl", "corpus")]


def test_the_command_tells_what_was_left_out(tmp_path: Path) -> None:
    path = tmp_path / "birds.jsonl"
    path.write_text(JSONL + "{broken\n")
    ran = CliRunner().invoke(cli, ["index", str(path), "--library", str(tmp_path / "library")])
    assert (ran.exit_code, ran.stderr) == (0, f"Note: {path}: line 4 is left out: it is not JSON.\n")
    assert ran.stdout.startswith("Added      2 documents\n")


def test_a_cell_of_several_lines_may_have_a_blank_behind_it(tmp_path: Path) -> None:
    found, notes = works(tmp_path / "a.csv", 'id,text,title\n1,"Terns\ndive." ,A\n2,Gulls steal.,B\n')
    assert [(each.id, each.title, each.text) for each in found] == [
        ("1", "A", "Terns\ndive. "),
        ("2", "B", "Gulls steal."),
    ]
    assert notes == []


def test_a_quotation_mark_that_is_not_closed_in_a_long_table_costs_its_line_alone(tmp_path: Path) -> None:
    rows = "".join(f"{number},{'x' * 10_000}\n" for number in range(2, 1_100))
    found, notes = works(tmp_path / "a.csv", f'id,text\n1,"Terns dive.\n{rows}')
    assert len(found) == 1_098
    assert [note.split(":")[0] for note in notes] == ["line 2 is left out"]


def test_a_row_of_more_cells_than_columns_is_told(tmp_path: Path) -> None:
    found, notes = works(tmp_path / "a.csv", "id,text\n1,Terns dive, except at night.\n2,Gulls steal.,,\n")
    assert [each.text for each in found] == ["Terns dive", "Gulls steal."]
    assert notes == [
        "line 2 has 3 cells, of which 2 have a column; the others are left out. A cell that holds a ',' needs"
        " quotation marks."
    ]


def test_a_row_without_a_title_is_called_by_its_file_and_row(tmp_path: Path) -> None:
    texts, _ = works(tmp_path / "notes.csv", "text\nTerns dive.\n\nGulls wait.\n")
    assert [each.title for each in texts] == ["notes.csv, row 2", "notes.csv, row 4"]
    named, _ = works(tmp_path / "named.csv", "id,text\ntern-1,Terns dive.\n")
    assert [each.title for each in named] == ["tern-1"]


def test_what_a_spreadsheet_writes_above_the_names_of_columns_is_no_row(tmp_path: Path) -> None:
    said = 'sep=;\n"Drug\nname";Dose\nZeltorin;"1,5"\n'
    over = "Doses of 2024,,\n,,\nDrug,Dose,Unit\nZeltorin,40,mg,daily\n"
    ([one], _), ([two], notes) = works(tmp_path / "a.csv", said), works(tmp_path / "b.csv", over)
    assert (one.title, one.text, one.left_out) == ("Zeltorin (a.csv, row 3)", "Drug name: Zeltorin\nDose: 1,5", ())
    assert (two.title, two.text) == (
        "Zeltorin (b.csv, row 4)",
        "Drug: Zeltorin\nDose: 40\nUnit: mg\ncolumn 4: daily",
    )
    assert notes[-1] == "2 rows above the names of the columns are left out."
    names, _ = works(tmp_path / "c.csv", "Note\nTerns; gulls\nAuks; terns\n")
    assert [each.text for each in names] == ["Note: Terns; gulls", "Note: Auks; terns"]
