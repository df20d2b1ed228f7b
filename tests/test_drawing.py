"""What a page draws is the slice of the text, whatever its structure: each character once, in its order."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from browsing import KIT
from flask import Flask, render_template_string
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qa import Engine, Settings
from qa.model import Block, BlockKind, Document, Section, Span
from qa.wire import BlockBody, block_bodies
from web import create_app
from web.pages.drawing import Link, drawn
from web.pages.markdown import quoted

MARKDOWN = MarkdownIt("commonmark").enable("table")
WORDS = st.text(st.sampled_from("ab1.)-*_#>`~[]()<>&|\\! 🐦\"'\n"), max_size=24)
CELL = st.text(st.sampled_from("ab1.-*_#`[]<& 🐦"), max_size=8)
ROWS = st.lists(st.lists(CELL, min_size=1, max_size=4), min_size=1, max_size=4)
ITEMS = st.lists(st.tuples(st.sampled_from(["- ", "• ", "  - ", "    * ", "1. ", "2. ", "iv. ", ""]), CELL), min_size=1)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A document of one section with blocks of all kinds."""
    text = draw(st.sampled_from(["", "Title\n\n"]))
    blocks: list[Block] = []
    start = len(text)
    for kind in draw(st.lists(st.sampled_from(["paragraph", "list", "table", "code"]), min_size=1, max_size=4)):
        if kind == "table":
            words = "\n".join(f"| {' | '.join(row)} |" for row in draw(ROWS))
        elif kind == "list":
            words = "\n".join(label + item for label, item in draw(ITEMS))
        else:
            words = draw(WORDS)
        if not words.strip():
            continue
        blocks.append(Block(kind=_kind(kind), start=len(text), end=len(text) + len(words)))
        text += words + "\n\n"
    section = Section(path=(), start=start, end=len(text), blocks=tuple(blocks))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    code = tuple(Span(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False))
    return Document(id="d", title="D", text=text, source="d.md", sections=(section,), code=code)


def _kind(name: str) -> BlockKind:
    kinds: dict[str, BlockKind] = {"paragraph": "paragraph", "list": "list", "table": "table", "code": "code"}
    return kinds[name]


@st.composite
def passages(draw: st.DrawFn) -> tuple[str, tuple[BlockBody, ...], list[tuple[int, int]]]:
    """A slice of a document with its blocks, and what is marked in it."""
    document = draw(documents())
    start = draw(st.integers(0, len(document.text)))
    end = draw(st.integers(start, len(document.text)))
    a = draw(st.integers(0, end - start))
    b = draw(st.integers(a, end - start))
    return document.text[start:end], block_bodies(document, start, end), [(a, b)] if a < b else []


class Shown(HTMLParser):
    """The text of markup, and what of it is marked."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.text = self.marked = self.seen = self.code = ""
        self._open: list[tuple[str, str]] = []
        self.tags: set[str] = set()
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._open.append((tag, dict(attrs).get("class") or ""))
        if tag in {"br", "p", "li", "td", "th", "pre"}:
            self.seen += " "

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if not any("hid" in name.split() for _, name in self._open):
            self.seen += data
        tags = {tag for tag, _ in self._open}
        self.marked += data if "mark" in tags else ""
        self.code += data if "code" in tags and "pre" not in tags else ""


@pytest.fixture(scope="module")
def app() -> Flask:
    engine = Engine.create(Settings())
    engine.add([KIT])
    return create_app(engine)


def rendered(app: Flask, **values: Any) -> Shown:
    template = '{% import "quotation.html" as quotation %}{{ quotation.blocks(drawn, heard, folds) }}'
    with app.test_request_context():
        return Shown(render_template_string(template, **values))


def visible(words: str) -> str:
    """Words without white space, and without what draws structure."""
    return re.sub(r"[\s|•*-]", "", words)


@given(passages())
def test_what_is_cut_is_the_slice_each_character_once(
    passage: tuple[str, tuple[BlockBody, ...], list[tuple[int, int]]],
) -> None:
    text, blocks, marks = passage
    cut = drawn(text, blocks, marks)
    assert "".join(block.text for block in cut) == text
    reached = 0
    for cell in (cell for block in cut for row in block.rows for cell in row):
        reached += len(cell.before + cell.label + cell.space)
        for piece in cell.pieces:
            assert piece.is_marked == any(start <= reached < end for start, end in marks)
            assert piece.is_code == any(start <= reached < end for block in blocks for start, end in block.code)
            reached += len(piece.text)
        reached += len(cell.behind)
    for block in blocks:
        assert 0 <= block.start < block.end <= len(text)
        places = [place for row in block.rows for span in row for place in span]
        assert places == sorted(places)
        assert all(block.start <= place <= block.end for place in places)
        assert not (block.code and block.kind == "code")
        assert all(block.start <= a < b <= block.end for a, b in block.code)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(passages(), st.booleans(), st.sampled_from([None, "", "Answer:"]))
def test_the_text_of_what_is_drawn_is_the_slice_and_hides_only_what_draws_it(
    app: Flask, passage: tuple[str, tuple[BlockBody, ...], list[tuple[int, int]]], folds: bool, heard: str | None
) -> None:
    text, blocks, marks = passage
    shown = rendered(app, drawn=drawn(text, blocks, marks), folds=folds, heard=heard)
    assert shown.text == text
    assert visible(shown.seen) == visible(text)
    pieces = [piece for block in drawn(text, blocks, marks) for row in block.rows for c in row for piece in c.pieces]
    assert visible(shown.marked) == visible("".join(piece.text for piece in pieces if piece.is_marked))
    assert visible(shown.code) == visible("".join(piece.text for piece in pieces if piece.is_code))


@given(passages())
def test_a_quotation_in_markdown_shows_the_slice_with_its_tables_and_lists(
    passage: tuple[str, tuple[BlockBody, ...], list[tuple[int, int]]],
) -> None:
    text, blocks, marks = passage
    markdown = quoted(text, blocks, marks)
    shown = Shown(MARKDOWN.render(markdown))
    assert shown.tags <= {
        *("blockquote", "p", "br", "strong", "b", "ul", "ol", "li", "pre", "code"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }

    def without_numbers(words: str) -> str:
        return re.sub(r"\d+[.)]?", "", visible(words))

    assert without_numbers(shown.text) == without_numbers(text)
    pieces = [piece for block in drawn(text, blocks, marks) for row in block.rows for c in row for piece in c.pieces]
    assert without_numbers(shown.code) == without_numbers("".join(piece.text for piece in pieces if piece.is_code))


def kit() -> Document:
    engine = Engine.create(Settings())
    engine.add([KIT])
    return engine.document("kit")


def test_a_table_has_its_rows_cells_and_head_and_a_list_its_labels() -> None:
    document = kit()
    bodies = block_bodies(document, 0, len(document.text))
    [table] = [body for body in bodies if body.kind == "table"]
    assert table.headed
    assert [[document.text[slice(*cell)] for cell in row] for row in table.rows][:2] == [
        ["Person", "Dose of alcanor", "Fever ended", "Remarks"],
        ["An adult", "20 mg once a day", "in 61% [1]", "with food"],
    ]
    [items] = [body for body in bodies if body.kind == "list"]
    assert [document.text[slice(*label)] for label, _ in items.rows] == ["1.", "2.", "-", "-", "3."]
    assert document.text[slice(*items.rows[4][1])] == "Pour the water into it."
    assert [body.kind for body in bodies][:3] == ["heading", "paragraph", "heading"]


def test_a_part_of_a_table_is_drawn_without_a_head() -> None:
    document = kit()
    start = document.text.index("| A child")
    [body] = block_bodies(document, start, document.text.index("| A tern") + 9)
    assert not body.headed
    assert [len(row) for row in body.rows] == [4, 1]


def test_a_marked_row_is_marked_in_each_of_its_cells(app: Flask) -> None:
    document = kit()
    start = document.text.index("| Person")
    end = document.text.index("\n\n", start)
    text = document.text[start:end]
    mark = (text.index("| An adult"), text.index("\n| A child"))
    blocks = drawn(text, block_bodies(document, start, end), [mark])
    shown = rendered(app, drawn=blocks, folds=True, heard="Answer:")
    assert shown.marked == "An adult20 mg once a dayin 61% [1]with food"
    assert [any(cell.is_marked for cell in row) for row in blocks[0].rows] == [False, True, False, False]
    assert [cell.runs[0].is_first for cell in blocks[0].rows[1]] == [True, False, False, False]


def test_a_link_within_a_mark_is_one_within_it() -> None:
    [block] = drawn("It ended. [1] Well.", [], [(0, 13)], [Link(10, 13, "#r-1")])
    [marked, rest] = block.rows[0][0].runs
    assert [(piece.text, piece.href) for piece in marked.pieces] == [("It ended. ", ""), ("[1]", "#r-1")]
    assert (marked.is_first, rest.pieces[0].text) == (True, " Well.")


@pytest.mark.parametrize(
    ("words", "mark", "markdown"),
    [
        ("It ended. Well.", (0, 9), "> **It ended.** Well."),
        ("It ended.[1] Well.", (0, 9), "> <b>It ended.</b>\\[1\\] Well."),
        ("No. 3) it * ended", (4, 17), "> No. **3) it \\* ended**"),
        ("One\nTwo", (0, 7), "> **One**\\\n> **Two**"),
    ],
)
def test_what_is_marked_is_bold_in_markdown(words: str, mark: tuple[int, int], markdown: str) -> None:
    assert quoted(words, marks=[mark]) == markdown


def test_a_list_that_markdown_would_number_otherwise_is_given_as_lines() -> None:
    def listed(*lines: str) -> str:
        text = "\n".join(lines)
        block = Block(kind="list", start=0, end=len(text))
        section = Section(path=(), start=0, end=len(text), blocks=(block,))
        document = Document(id="d", title="D", text=text, source="d.md", sections=(section,))
        return quoted(text, block_bodies(document, 0, len(text)))

    assert listed("3. One", "  - and", "4. Two") == "> 3. One\n>    - and\n> 4. Two"
    assert listed("1. One", "3. Two") == "> 1\\. One\\\n> 3\\. Two"
    assert listed("a) One", "b) Two") == "> a) One\\\n> b) Two"
