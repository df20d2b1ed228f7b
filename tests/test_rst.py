"""reStructuredText: sections, lists, tables, notes, what Sphinx adds, and nothing of other files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from source_files import blocks, document_of

from qa.errors import DamagedSourceError
from qa.model import Document


def rst(text: str, notes: list[str] | None = None) -> Document:
    return document_of(text, "terns.rst", notes)


def test_a_file_is_its_sections_paragraphs_lists_and_listings() -> None:
    document = rst(
        ":orphan:\n\nTerns\n=====\n\n:Author: Ann Auk\n:Date: 2024-05-06\n\n"
        "Food\n----\n\nThey eat *fish*\nand eels::\n\n"
        "    x = 1\n\n3. three\n4. four\n\n   a. alpha\n\n- one\n\n  more\n\nterm : class\n   Meaning.\n\n"
        "-o FILE  Where to.\n\nSea\n~~~\n\n| one\n| two\n"
    )
    assert (document.title, document.authors, document.updated) == ("Terns", ("Ann Auk",), date(2024, 5, 6))
    assert blocks(document) == [
        (("Food",), "paragraph", "They eat fish and eels:"),
        (("Food",), "code", "x = 1"),
        (("Food",), "list", "3. three\n4. four\n  a. alpha"),
        (("Food",), "list", "- one more"),
        (("Food",), "list", "- term : class: Meaning."),
        (("Food",), "list", "- -o FILE: Where to."),
        (("Food", "Sea"), "paragraph", "one\ntwo"),
    ]


def test_of_several_sections_none_is_the_title() -> None:
    document = rst("Eggs\n====\n\nWhite.\n\nChicks\n======\n\nGrey.\n")
    assert (document.title, [path for path, _, _ in blocks(document)]) == ("terns", [("Eggs",), ("Chicks",)])


def test_powers_keep_their_meaning_and_roles_read_as_their_links() -> None:
    text = r"10\ :sup:`5` of H\ :sub:`2`\ O at :ref:`the table <t>`, :class:`~sea.Tern`, :kbd:`Ctrl-C` and ``x``."
    assert blocks(rst(text)) == [((), "paragraph", "10⁵ of H2O at the table, Tern, Ctrl-C and x.")]


def test_what_a_cell_spans_it_stands_in() -> None:
    line, cells = "+------+------+------+\n", "| Zel  | 40   | 4    |\n"
    table = f"+------+-------------+\n| Drug | Dose        |\n{line}{cells}{line}"
    listed = ".. list-table:: Doses\n\n   * - Drug\n     - Dose\n   * - Zel\n     - 40 mg\n"
    assert [text for _, _, text in blocks(rst(f"{table}\n{listed}"))] == [
        "| Drug | Dose | Dose |\n| Zel | 40 | 4 |",
        "Doses",
        "| Drug | Dose |\n| Zel | 40 mg |",
    ]


def test_notes_and_what_is_cited_are_references() -> None:
    document = rst("They dive [1]_, see [Auk2019]_.\n\n.. [1] At noon.\n.. [Auk2019] Auk A. doi:10.1000/182\n")
    assert blocks(document) == [((), "paragraph", "They dive [^1], see [Auk2019].")]
    assert {each.marker: (each.text, each.doi) for each in document.references} == {
        "^1": ("At noon.", None),
        "Auk2019": ("Auk A. doi:10.1000/182", "10.1000/182"),
    }
    assert [each.label for each in document.markers] == ["^1", "Auk2019"]


def test_boxes_tabs_and_signatures_of_sphinx_are_read_as_they_are_shown() -> None:
    text = """Guide
=====

.. warning:: Never dive alone.

.. tab-set::

   .. tab-item:: Linux

      Run it.

.. versionadded:: 3.2
   The sea.

.. py:function:: dive(depth)

   Goes down.

.. code-block:: python
   :linenos:

   x = 1

.. madeup:: Some words
   :option: v

   And more.
"""
    assert blocks(rst(text)) == [
        ((), "paragraph", "Warning"),
        ((), "paragraph", "Never dive alone."),
        (("Linux",), "paragraph", "Run it."),
        ((), "paragraph", "Added in version 3.2: The sea."),
        ((), "paragraph", "dive(depth)"),
        ((), "paragraph", "Goes down."),
        ((), "code", "x = 1"),
        ((), "paragraph", "Some words"),
        ((), "paragraph", "And more."),
    ]


def test_nothing_of_other_files_is_read_and_nothing_raw(tmp_path: Path) -> None:
    notes: list[str] = []
    secret = tmp_path / "secret.txt"
    secret.write_text("secret words")
    text = f".. include:: {secret}\n\n.. csv-table::\n   :file: {secret}\n\n.. raw:: html\n\n   <b>x</b>\n"
    document = rst(f"{text}\nThey dive. |today|\n\n.. |today| date::\n\n.. image:: a.png\n", notes)
    assert "secret words" not in document.text
    assert [text for _, kind, text in blocks(document) if kind == "paragraph"] == ["They dive."]
    assert notes == ["2 parts of another file are left out."]
    assert ("pictures", 1) in [tuple(each) for each in document.left_out]


def test_what_is_documented_in_another_file_is_there_by_its_name_and_told() -> None:
    notes: list[str] = []
    text = (
        ".. autofunction:: dive\n\n.. currentmodule:: birds.sea\n\n.. autoclass:: Tern\n   :members:\n\n"
        "   A tern is for life.\n\n.. autofunction:: birds.sea.fly\n\n.. automodule:: birds.land\n"
    )
    said = ["dive", "birds.sea.Tern", "A tern is for life.", "birds.sea.fly"]
    assert [text for _, _, text in blocks(rst(text, notes))] == said
    assert notes == ["4 parts of another file are left out."]


def test_what_cannot_be_understood_stays_as_it_is_written() -> None:
    [(_, kind, text)] = blocks(rst("+---+\n| broken\n"))
    assert (kind, text) == ("code", "+---+\n| broken")


@pytest.mark.parametrize("text", ["\n".join(f"{'  ' * depth}- x\n" for depth in range(150)), "> " * 3000])
def test_what_is_nested_too_deeply_is_an_error_or_is_read(text: str) -> None:
    try:
        assert rst(text).text
    except DamagedSourceError as error:
        assert "nested too deeply" in error.message


def test_the_only_section_below_fields_is_the_title_and_formulas_are_written_in_a_line() -> None:
    notes: list[str] = []
    document = rst(
        ":author: Ann Auk\n\nTerns\n=====\n\nGive :math:`\\frac{1}{2}` of it.\n\n.. math::\n\n   E = mc^2\n\n"
        ".. only:: html\n\n   They dive.\n\n.. code-block:: python\n   :caption: one.py\n\n   x = 1\n\n"
        ".. toctree::\n\n   eggs\n   food/fish\n",
        notes,
    )
    assert (document.title, document.authors) == ("Terns", ("Ann Auk",))
    assert [text for _, _, text in blocks(document)] == ["Give 1/2 of it.", "E = mc²", "They dive.", "one.py", "x = 1"]
    assert notes == ["2 lines of a table of contents are left out."]
