"""Code within a line: the readers keep where it stands, and the text has no sign of it."""

from __future__ import annotations

import io
from collections.abc import Sequence

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from hypothesis import given
from hypothesis import strategies as st
from source_files import document_of

from qa import Engine, Settings
from qa.model import Document, Span
from qa.readers.formats.code import CODE, CODE_END, bare, marked_code, tight, unmarked
from qa.wire import block_bodies
from web.pages.markdown import quoted

PIECES = st.lists(st.tuples(st.booleans(), st.sampled_from(["tern", " ", "10", "a | b", "?", "\n", "-x "])), max_size=8)


def coded(document: Document) -> list[str]:
    """The words that are code."""
    assert list(document.code) == sorted(document.code)
    return [document.text[start:end] for start, end in document.code]


def whole(document: Document) -> str:
    """All of a document as Markdown."""
    return quoted(document.text, block_bodies(document, 0, len(document.text)))


def test_markdown_keeps_its_code() -> None:
    document = document_of(
        "# The `tern` command\n\nRun `tern -x`, or ``a`b``; <kbd>Ctrl</kbd>+<kbd>C</kbd> ends it.\n\n"
        "- an `item`\n- `--flag`: set\n\n| Flag | |\n|---|---|\n| `-x` | flies `a\\|b` |\n\n    not = this\n",
        "terns.md",
    )
    assert coded(document) == ["tern", "tern -x", "a`b", "Ctrl", "C", "item", "--flag", "-x", "a|b"]
    assert document.title == document.text[: document.text.index("\n")] == "The tern command"
    assert "| -x | flies a|b |" in document.text


def test_html_keeps_its_code() -> None:
    document = document_of(
        "<main><h1>The <code>tern</code> command</h1><p>It types <code> tern  <b>-x</b> </code>for you, 10"
        "<code>10</code><sup>5</sup> times a day, on every day of the year that the sea is not frozen over.</p>"
        "<dl><dt><code>-v:</code></dt><dd>more <samp>words</samp></dd></dl><pre><code>not this</code></pre></main>",
        "terns.html",
    )
    assert coded(document) == ["tern", "tern -x", "10", "-v:", "words"]
    assert "types tern -x for you, 1010⁵ times" in document.text
    assert "- -v: more words" in document.text


def test_restructured_text_keeps_its_code() -> None:
    document = document_of("Terns\n=====\n\nRun ``tern -x`` or *this*.\n\n- ``one`` two\n", "terns.rst")
    assert coded(document) == ["tern -x", "one"]


def test_word_keeps_its_code_by_the_style_of_letters() -> None:
    written, file = docx.Document(), io.BytesIO()
    written.styles.add_style("Verbatim Char", WD_STYLE_TYPE.CHARACTER)
    paragraph = written.add_paragraph("Run ")
    for piece in ("tern", " ", "-x"):
        paragraph.add_run(piece, style="Verbatim Char")
    paragraph.add_run(" often.")
    written.save(file)
    document = document_of(file.getvalue(), "terns.docx")
    assert document.text == "Run tern -x often."
    assert coded(document) == ["tern -x"]


@pytest.mark.parametrize("markup", ["Is <{0}>a ? </{0}>b", "<{0}>x</{0}><sup>n</sup>", "<{0}> a</{0}> <{0}>b </{0}> c"])
def test_code_changes_no_character_of_the_text(markup: str) -> None:
    frame = "<main><h1>T</h1><p>{}</p><ul><li>{}</ul><p>" + "Terns dive for fish. " * 9 + "</p></main>"
    page, same = (document_of(frame.format(*[markup.format(tag)] * 2), "terns.html") for tag in ("code", "span"))
    assert page.text == same.text
    assert page.sections == same.sections
    assert page.code and not same.code


@given(PIECES)
def test_what_is_marked_is_found_again_without_white_space_around_it(pieces: Sequence[tuple[bool, str]]) -> None:
    written = "".join(marked_code(words) if is_code else words for is_code, words in pieces)
    text, spans = unmarked(tight(written))
    assert text == bare(written) == "".join(words for _, words in pieces)
    expected = "".join(("c" if is_code else ".") * len(words) for is_code, words in pieces)
    found = "".join("c" if any(a <= place < b for a, b in spans) else "." for place in range(len(text)))
    assert [(a, b) for a, b, char in zip(found, expected, text, strict=True) if not char.isspace() and a != b] == []
    assert all(text[a:b] == text[a:b].strip() != "" for a, b in spans)


def test_a_mark_without_its_other_is_none() -> None:
    assert unmarked(f"a{CODE_END}b{CODE}c") == ("abc", [])
    assert unmarked(f"{CODE}a{CODE}b{CODE_END}") == ("ab", [Span(1, 2)])


def test_a_library_keeps_the_code_of_its_documents() -> None:
    document = document_of("Run `tern -x`.\n", "terns.md")
    engine = Engine.over([document], Settings())
    assert engine.document(document.id).code == document.code == (Span(4, 11),)


def test_a_bar_in_code_parts_no_cells_and_markdown_escapes_it() -> None:
    document = document_of("| Flag | What |\n|---|---|\n| `a\\|b` | ``c`d`` |\n", "terns.md")
    [table] = block_bodies(document, 0, len(document.text))
    assert [[document.text[slice(*cell)] for cell in row] for row in table.rows] == [["Flag", "What"], ["a|b", "c`d"]]
    assert whole(document).splitlines()[-1] == "> | `a\\|b` | ``c`d`` |"


def test_marked_code_is_bold_code_in_markdown() -> None:
    document = document_of("Run `tern -x` now.\n", "terns.md")
    [block] = block_bodies(document, 0, len(document.text))
    assert quoted(document.text, [block], [(0, 11)]) == "> **Run `tern -x`** now."
    assert quoted(document.text, [block], [(4, 8)]) == "> Run **`tern`** `-x` now."
