"""DOCX: headings by their styles, lists with their labels, tables, notes, and what tracked changes leave."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import docx
import pytest
from docx.document import Document as WordDocument
from source_files import blocks, document_of, zipped

from qa.errors import DamagedSourceError, LockedSourceError
from qa.model import Document
from qa.readers import read
from qa.readers.formats import archives

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def word(data: bytes, notes: list[str] | None = None) -> Document:
    return document_of(data, "terns.docx", notes)


def made(write: Callable[[WordDocument], None]) -> bytes:
    """A Word file as python-docx writes it."""
    document, file = docx.Document(), io.BytesIO()
    document.core_properties.author = ""
    write(document)
    document.save(file)
    return file.getvalue()


def body(xml: str, **parts: str) -> bytes:
    """A Word file with this in its body, and other parts by their names."""
    document = f"<w:document {W}><w:body>{xml}</w:body></w:document>"
    return zipped({"word/document.xml": document} | {f"word/{name}.xml": part for name, part in parts.items()})


def p(text: str, style: str = "") -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'


def write_terns(document: WordDocument) -> None:
    document.core_properties.author = "Ann Auk; Ben Bunting"
    document.core_properties.modified = datetime(2021, 5, 11, tzinfo=UTC)
    document.core_properties.keywords = "terns, birds"
    document.add_heading("On terns", 0)
    document.add_paragraph("Terns dive.")
    document.add_heading("Food", 1)
    for text in ("Fish", "Shrimps"):
        document.add_paragraph(text, style="List Bullet")
    for text in ("Look", "Dive"):
        document.add_paragraph(text, style="List Number")
    document.add_heading("Weights", 2)
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(
        [c for row in table.rows for c in row.cells], ("Bird", "Weight", "Tern", "100 g"), strict=True
    ):
        cell.text = text
    document.add_paragraph("They weigh little.").add_run("12").font.superscript = True


def test_a_word_file_is_its_headings_paragraphs_lists_and_tables() -> None:
    document = word(made(write_terns))
    weights = ("Food", "Weights")
    assert document.title == "On terns"
    assert blocks(document) == [
        ((), "paragraph", "Terns dive."),
        (("Food",), "list", "- Fish\n- Shrimps\n1. Look\n2. Dive"),
        (weights, "table", "| Bird | Weight |\n| Tern | 100 g |"),
        (weights, "paragraph", "They weigh little.¹²"),
    ]
    assert [marker.label for marker in document.markers] == ["12"]


def test_its_properties_say_who_wrote_it_and_when(tmp_path: Path) -> None:
    path = tmp_path / "terns.docx"
    path.write_bytes(made(write_terns))
    document = read(path, "terns")
    assert (document.authors, document.updated) == (("Ann Auk", "Ben Bunting"), date(2021, 5, 11))
    assert (document.keywords, document.source) == (("terns", "birds"), "terns.docx")


def test_headings_are_told_by_their_outline_level_in_any_language() -> None:
    styles = f"""<w:styles {W}>
    <w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
    <w:style w:type="paragraph" w:styleId="Kapitel"><w:name w:val="Kapitel"/><w:basedOn w:val="berschrift2"/></w:style>
    <w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="x"/><w:pPr>
    <w:outlineLvl w:val="1"/></w:pPr></w:style>
    <w:style w:type="paragraph" w:styleId="Rund"><w:basedOn w:val="Rund"/></w:style></w:styles>"""
    own = '<w:p><w:pPr><w:outlineLvl w:val="2"/></w:pPr><w:r><w:t>Eier</w:t></w:r></w:p>'
    document = word(
        body(
            p("Vorwort", "Rund")
            + p("Vögel", "berschrift1")
            + p("Brut", "Kapitel")
            + own
            + p("Zwei.")
            + p("B", "berschrift1"),
            styles=styles,
        )
    )
    assert blocks(document) == [((), "paragraph", "Vorwort"), (("Vögel", "Brut", "Eier"), "paragraph", "Zwei.")]


def test_of_tracked_changes_the_new_text_is_kept() -> None:
    xml = """<w:p><w:r><w:t xml:space="preserve">Terns </w:t></w:r>
    <w:del w:id="1"><w:r><w:delText>swim</w:delText></w:r></w:del>
    <w:ins w:id="2"><w:r><w:t>dive</w:t></w:r></w:ins><w:moveFrom><w:r><w:t>gone</w:t></w:r></w:moveFrom>
    <w:r><w:t>.</w:t></w:r>
    <w:r><w:rPr><w:vanish/></w:rPr><w:t>Hidden</w:t></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>
    <w:hyperlink><w:r><w:t> Far</w:t></w:r></w:hyperlink>
    <w:r><w:br/><w:t>co-</w:t><w:noBreakHyphen/><w:t>op</w:t></w:r></w:p>"""
    assert word(body(xml)).text == "Terns dive. Far\nco--op"


def test_footnotes_and_endnotes_are_what_their_markers_point_to() -> None:
    def note(kind: str, note_id: int, text: str, extra: str = "") -> str:
        return f'<w:{kind} w:id="{note_id}" {extra}>{p(text)}</w:{kind}>'

    xml = """<w:p><w:r><w:t>Terns dive.</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r>
    <w:r><w:t xml:space="preserve"> They fly.
    </w:t></w:r><w:r><w:endnoteReference w:id="1"/><w:footnoteReference w:id="9"/></w:r></w:p>"""
    footnotes = note("footnote", 0, "line", 'w:type="separator"') + note("footnote", 2, "Auk A. 2019. doi:10.1000/182")
    document = word(
        body(
            xml,
            footnotes=f"<w:footnotes {W}>{footnotes}</w:footnotes>",
            endnotes=f"<w:endnotes {W}>{note('endnote', 1, 'Bunting B. 2020.')}</w:endnotes>",
        )
    )
    assert document.text == (
        "Terns dive.[^1] They fly. [^i]\n\n[^1]: Auk A. 2019. doi:10.1000/182\n\n[^i]: Bunting B. 2020."
    )
    assert [(each.marker, each.doi) for each in document.references] == [("^1", "10.1000/182"), ("^i", None)]
    assert [marker.label for marker in document.markers] == ["^1", "^i"]
    assert [text for _, _, text in blocks(document)] == ["Terns dive.[^1] They fly. [^i]"]


def test_a_numbered_list_of_references_is_what_markers_point_to() -> None:
    def write(document: WordDocument) -> None:
        document.add_paragraph("Terns dive. [2]")
        document.add_heading("References", 1)
        for entry in ("Auk A. 2019.", "Bunting B. 2020."):
            document.add_paragraph(entry, style="List Number")

    document = word(made(write))
    assert [(each.marker, each.text) for each in document.references] == [
        ("1", "Auk A. 2019."),
        ("2", "Bunting B. 2020."),
    ]
    assert [section.path for section in document.sections] == [()]


def test_a_table_of_contents_is_left_out_and_a_text_box_is_read() -> None:
    styles = f'<w:styles {W}><w:style w:type="paragraph" w:styleId="T"><w:name w:val="toc 1"/></w:style></w:styles>'
    box = f"""<w:p><w:r><w:t>Beside</w:t></w:r><w:r>
    <mc:AlternateContent xmlns:mc="m"><mc:Choice><w:txbxContent>{p("Box")}
    </w:txbxContent></mc:Choice>
    <mc:Fallback><w:txbxContent>{p("Box")}</w:txbxContent></mc:Fallback>
    </mc:AlternateContent></w:r></w:p>"""
    assert word(body(p("Terns ... 4", "T") + box, styles=styles)).text == "Beside\n\nBox"


M = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def r(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def m(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (f"<m:f><m:num>{m('1')}</m:num><m:den>{m('2')}</m:den></m:f>", "1/2"),
        (f"<m:f><m:num>{m('140 − age')}</m:num><m:den>{m('72')}</m:den></m:f>", "(140 − age)/72"),
        (f"<m:sSup><m:e>{m('10')}</m:e><m:sup>{m('−5')}</m:sup></m:sSup>", "10⁻⁵"),
        (f"<m:sSup><m:e>{m('x')}</m:e><m:sup>{m('n+1')}</m:sup></m:sSup>", "x^(n+1)"),
        (f"<m:sSub><m:e>{m('C')}</m:e><m:sub>{m('max')}</m:sub></m:sSub>", "Cmax"),
        (f"<m:rad><m:degHide m:val='1'/><m:deg/><m:e>{m('a + b')}</m:e></m:rad>", "√(a + b)"),
        (f"<m:d><m:e>{m('a')}</m:e></m:d>", "(a)"),
        (f"<m:d><m:dPr><m:begChr m:val='['/><m:endChr m:val=''/></m:dPr><m:e>{m('a')}</m:e></m:d>", "[a"),
        (
            f"<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{m('i=1')}</m:sub><m:sup>{m('n')}</m:sup>"
            f"<m:e>{m('x')}</m:e></m:nary>",
            "∑_(i=1)^n x",
        ),
        (f"<m:acc><m:accPr><m:chr m:val='\u0302'/></m:accPr><m:e>{m('y')}</m:e></m:acc>", "ŷ"),
        (f"<m:bar><m:e>{m('x')}</m:e></m:bar>", "x\u0304"),
        (f"<m:func><m:fName>{m('ln')}</m:fName><m:e>{m('k')}</m:e></m:func>", "ln k"),
        (f"<m:m><m:mr><m:e>{m('1')}</m:e><m:e>{m('2')}</m:e></m:mr><m:mr><m:e>{m('3')}</m:e></m:mr></m:m>", "1 2; 3"),
    ],
)
def test_a_formula_is_written_in_a_line(formula: str, text: str) -> None:
    xml = f"<w:p>{r('Give ')}<m:oMath {M}>{formula}</m:oMath>{r(' now.')}</w:p>"
    assert word(body(xml)).text == f"Give {text} now."


def test_raised_and_lowered_letters_keep_their_meaning() -> None:
    up, down = '<w:vertAlign w:val="superscript"/>', '<w:vertAlign w:val="subscript"/>'
    runs = r("Give 4") + r("1", up) + r("/") + r("2", down) + r(" of 10") + r("-", up) + r("3", up) + r(" g CO")
    assert word(body(f"<w:p>{runs}{r('2', down)}{r(' on the 4')}{r('th', up)}</w:p>")).text == (
        "Give 4 1/2 of 10⁻³ g CO2 on the 4th"
    )


def test_symbols_of_their_own_fonts_are_what_they_show() -> None:
    symbols = "".join(
        f'<w:r><w:sym w:font="{font}" w:char="{code}"/></w:r>'
        for font, code in (("Symbol", "F0B3"), ("Symbol", "F06D"), ("Wingdings", "F0FD"), ("Wingdings", "F0A8"))
    )
    own = r("\uf0b0", '<w:rFonts w:ascii="Symbol"/>')
    assert word(body(f"<w:p>{symbols}{own}</w:p>")).text == "≥µ☒☐°"


def test_the_fields_of_a_form_say_what_was_chosen() -> None:
    ticked = '<w:checkBox><w:default w:val="0"/><w:checked/></w:checkBox>'
    empty = '<w:checkBox><w:default w:val="0"/></w:checkBox>'
    listed = '<w:ddList><w:result w:val="1"/><w:listEntry w:val="dive"/><w:listEntry w:val="fly"/></w:ddList>'
    fields = " ".join(
        f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{each}</w:ffData></w:fldChar></w:r>{r(" terns ")}'
        for each in (ticked, empty, listed)
    )
    assert word(body(f"<w:p>{fields}</w:p>")).text == "☒ terns ☐ terns fly terns"


def test_a_large_first_letter_belongs_to_its_word() -> None:
    cap = '<w:p><w:pPr><w:framePr w:dropCap="drop" w:lines="3"/></w:pPr><w:r><w:t>T</w:t></w:r></w:p>'
    assert word(body(cap + p("erns dive."))).text == "Terns dive."


def test_what_is_struck_out_deleted_or_hidden_is_left_out_and_told() -> None:
    notes: list[str] = []
    deleted = "<w:del w:id='1'><w:r><w:delText>by day</w:delText></w:r></w:del>"
    runs = r("Give ") + r("40 mg", "<w:strike/>") + r("9", "<w:dstrike/>") + r(" secretly", "<w:vanish/>") + r(" 4 mg.")
    comments = f'<w:comments {W}><w:comment w:id="1">{p("Sure?")}</w:comment></w:comments>'
    assert word(body(f"<w:p>{runs}{deleted}</w:p>", comments=comments), notes).text == "Give 4 mg."
    assert notes == [
        "3 words are left out, struck out.",
        "1 word is left out, hidden.",
        "2 words are left out, deleted.",
        "1 comment is left out.",
    ]


def test_a_file_whose_text_is_all_hidden_is_read_and_told() -> None:
    notes: list[str] = []
    assert word(body(f"<w:p>{r('Give 4 mg.', '<w:vanish/>')}</w:p>"), notes).text == "Give 4 mg."
    assert notes == ["all of its text is hidden, 3 words, and read all the same."]


def levels(*forms: tuple[str, str], more: str = "") -> str:
    return "".join(
        f'<w:lvl w:ilvl="{number}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:lvlText w:val="{text}"/>{more}'
        "</w:lvl>"
        for number, (kind, text) in enumerate(forms)
    )


def numbering(*kinds: str, lists: str) -> str:
    abstract = "".join(
        f'<w:abstractNum w:abstractNumId="{number}">{kind}</w:abstractNum>' for number, kind in enumerate(kinds)
    )
    return f"<w:numbering {W}>{abstract}{lists}</w:numbering>"


def num(list_id: int, kind: int, overrides: str = "") -> str:
    return f'<w:num w:numId="{list_id}"><w:abstractNumId w:val="{kind}"/>{overrides}</w:num>'


def item(text: str, list_id: int, level: int | None = 0, style: str = "") -> str:
    ilvl = "" if level is None else f'<w:ilvl w:val="{level}"/>'
    properties = f'<w:pStyle w:val="{style}"/><w:numPr>{ilvl}<w:numId w:val="{list_id}"/></w:numPr>'
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


CLAUSES = levels(("decimal", "%1"), ("decimal", "%1.%2"), ("lowerLetter", "(%3)"), ("lowerRoman", "(%4)"))


def test_headings_have_the_numbers_that_word_shows_and_clauses_begin_anew_below_each() -> None:
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="H{level}"><w:name w:val="heading {level}"/><w:pPr><w:numPr>'
        f'<w:ilvl w:val="{level - 1}"/><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        for level in (1, 2)
    )
    clauses = CLAUSES.replace('<w:start w:val="1"/>', '<w:start w:val="3"/>', 1)
    xml = p("Payment", "H1") + p("Due dates", "H2") + item("Thirty days.", 1, 2) + item("Nine percent.", 1, 2)
    xml += p("Notice", "H2") + item("Six weeks.", 1, 2) + item("By post.", 1, 3) + p("End", "H1") + p("Law", "H2")
    xml += item("That of the sea.", 1, 2)
    document = word(
        body(xml, styles=f"<w:styles {W}>{styles}</w:styles>", numbering=numbering(clauses, lists=num(1, 0)))
    )
    assert blocks(document) == [
        (("3 Payment", "3.1 Due dates"), "list", "(a) Thirty days.\n(b) Nine percent."),
        (("3 Payment", "3.2 Notice"), "list", "(a) Six weeks.\n  (i) By post."),
        (("4 End", "4.1 Law"), "list", "(a) That of the sea."),
    ]


@pytest.mark.parametrize(
    ("kinds", "lists", "items", "labels"),
    [
        (  # lists of one kind go on with each other
            [levels(("decimal", "%1."))], num(1, 0) + num(2, 0), [(1, 0), (1, 0), (2, 0)], ["1.", "2.", "3."],
        ),
        (  # unless they begin anew, which they do once
            [levels(("decimal", "%1."))],
            num(1, 0) + num(2, 0, '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride>'),
            [(1, 0), (2, 0), (2, 0)], ["1.", "7.", "8."],
        ),
        (  # a level of a list may be another than its kind's
            [levels(("decimal", "%1."))],
            num(1, 0, f'<w:lvlOverride w:ilvl="0">{levels(("upperRoman", "%1)"))}</w:lvlOverride>'),
            [(1, 0), (1, 0)], ["I)", "II)"],
        ),
        (  # letters go on with aa, bb
            [levels(("lowerLetter", "%1.")).replace('w:start w:val="1"', 'w:start w:val="26"')],
            num(1, 0), [(1, 0), (1, 0), (1, 0)], ["z.", "aa.", "bb."],
        ),
        (  # a deeper level that does not begin anew
            [levels(("decimal", "%1."), ("decimal", "Rule %2:"), more='<w:lvlRestart w:val="0"/>')],
            num(1, 0), [(1, 0), (1, 1), (1, 0), (1, 1)], ["1.", "Rule 1:", "2.", "Rule 2:"],
        ),
        (  # all numbers decimal
            [levels(("upperRoman", "%1."), ("decimal", "%1.%2"), more="<w:isLgl/>")],
            num(1, 0), [(1, 0), (1, 0), (1, 1)], ["1.", "2.", "2.1"],
        ),
    ],
)  # fmt: skip
def test_lists_are_counted_as_word_counts_them(
    kinds: list[str], lists: str, items: list[tuple[int, int]], labels: list[str]
) -> None:
    xml = "".join(item("x", *each) for each in items)
    text = word(body(xml, numbering=numbering(*kinds, lists=lists))).text
    assert [line.strip().removesuffix(" x") for line in text.split("\n")] == labels


def test_a_list_s_level_may_be_that_of_its_paragraphs_style_and_a_list_that_of_another() -> None:
    tie = '<w:pStyle w:val="Deep"/>'
    kind = levels(("decimal", "%1.")) + levels(("x", "x"), ("decimal", "%1.%2"), more=tie).partition("</w:lvl>")[2]
    styles = f"""<w:styles {W}><w:style w:type="paragraph" w:styleId="Deep"><w:name w:val="Deep"/><w:pPr><w:numPr>
    <w:numId w:val="1"/></w:numPr></w:pPr></w:style><w:style w:type="numbering" w:styleId="Clauses"><w:pPr><w:numPr>
    <w:numId w:val="1"/></w:numPr></w:pPr></w:style></w:styles>"""
    linked = '<w:numStyleLink w:val="Clauses"/>'
    xml = item("Terns", 1) + p("dive", "Deep") + p("fly", "Deep") + item("Gulls", 2)
    parts = {"styles": styles, "numbering": numbering(kind, linked, lists=num(1, 0) + num(2, 1))}
    assert word(body(xml, **parts)).text == "1. Terns\n  1.1 dive\n  1.2 fly\n2. Gulls"


def test_a_merged_cell_stands_in_each_of_its_rows_and_columns_and_keeps_its_label() -> None:
    def cell(text: str, properties: str = "", inside: str = "") -> str:
        return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inside or p(text)}</w:tc>"

    down, below, wide = '<w:vMerge w:val="restart"/>', "<w:vMerge/>", '<w:gridSpan w:val="2"/>'
    listed = numbering(levels(("lowerLetter", "%1)")), lists=num(1, 0))
    rows = [
        cell("Drug") + cell("Dose", wide),
        cell("Zeltorin", down) + cell("Adult") + cell("40 mg"),
        cell("", below) + cell("Child") + cell("", inside=item("10 mg", 1)),
        cell("Quaspan") + cell("Adult") + cell(""),
    ]
    table = f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"
    assert word(body(table, numbering=listed)).text.split("\n") == [
        "| Drug | Dose | Dose |",
        "| Zeltorin | Adult | 40 mg |",
        "| Zeltorin | Child | a) 10 mg |",
        "| Quaspan | Adult |  |",
    ]


def test_a_question_in_bold_type_heads_its_answer() -> None:
    bold = "<w:b/>"
    xml = f"<w:p>{r('How long do terns live?', bold)}</w:p>{p('Thirty years.')}<w:p>{r('Why?')}</w:p>"
    assert blocks(word(body(xml))) == [
        (("How long do terns live?",), "paragraph", "Thirty years."),
        (("How long do terns live?",), "paragraph", "Why?"),
    ]


def test_one_of_several_equal_headings_is_no_title() -> None:
    styles = f'<w:styles {W}><w:style w:type="paragraph" w:styleId="H"><w:name w:val="heading 1"/></w:style></w:styles>'
    assert word(body(p("Food", "H") + p("Fish.") + p("Nests", "H") + p("Sand."), styles=styles)).title == "terns"
    assert word(body(p("Ann Auk") + p("Food", "H") + p("Fish."), styles=styles)).title == "Food"


def test_macros_are_left_out_and_told() -> None:
    notes: list[str] = []
    data = body(p("Terns dive."))
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("word/vbaProject.bin", b"Sub AutoOpen()")
    assert word(file.getvalue(), notes).text == "Terns dive."
    assert notes == ["its macros are left out."]


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><w:document {W}><w:body>&b;</w:body></w:document>'
)
WHOLE = made(write_terns)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is not one, or it is broken"),
        (b"PK\x03\x04" + b"x" * 50, "it is not one, or it is broken"),
        (WHOLE[: len(WHOLE) // 2], "it is not one, or it is broken"),
        (zipped({"a.txt": "x"}), "it has no text"),
        (zipped({"word/document.xml": "<w:document"}), "its part 'word/document.xml' is no XML"),
        (zipped({"word/document.xml": BOMB.replace("{W}", W)}), "its part 'word/document.xml' has entities of its own"),
        (zipped({"word/document.xml": "<a>" * 5000 + "</a>" * 5000}), "its part 'word/document.xml' is"),
    ],
)
def test_a_broken_or_hostile_file_is_an_error_that_names_it(data: bytes, reason: str) -> None:
    with pytest.raises(DamagedSourceError) as error:
        word(data)
    assert error.value.message.startswith(f"terns.docx cannot be read as DOCX: {reason}")


def test_a_file_nested_as_deep_as_is_read_is_a_document() -> None:
    nested = "<w:sdt><w:sdtContent>" * 120 + p("Deep.") + "</w:sdtContent></w:sdt>" * 120
    assert word(body(nested)).text == "Deep."
    run = "<w:r><w:x>" * 120 + "<w:t>Deep.</w:t>" + "</w:x></w:r>" * 120
    assert word(body(f"<w:p>{run}</w:p>")).text == "Deep."


def test_a_bomb_is_an_error_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped({"word/document.xml": b" " * 5_000_000})
    assert len(data) < 10_000
    monkeypatch.setattr(archives, "_LONGEST_FILE", 1_000_000)
    with pytest.raises(DamagedSourceError) as error:
        word(data)
    assert error.value.message.endswith("its part 'word/document.xml' unpacks to more than is read of a file.")


def test_no_file_outside_is_read_whatever_the_names_inside_say(tmp_path: Path) -> None:
    (tmp_path / "secret.xml").write_text("secret")
    relations = '<r><x Type="a/officeDocument" Target="../../secret.xml"/></r>'
    external = (
        f'<!DOCTYPE x SYSTEM "file://{tmp_path}/secret.xml"><w:document {W}><w:body>{p("Terns.")}</w:body></w:document>'
    )
    parts = {"_rels/.rels": relations, "word/document.xml": external, "../../secret.xml.bak": "x"}
    assert word(zipped(parts)).text == "Terns."


def test_every_half_of_a_file_is_an_error_or_a_document() -> None:
    for end in range(0, len(WHOLE), len(WHOLE) // 40):
        with pytest.raises(DamagedSourceError):
            word(WHOLE[:end])
    for place in range(0, len(WHOLE), len(WHOLE) // 40):
        try:
            word(WHOLE[:place] + b"\xff\x00\xff" + WHOLE[place + 3 :])
        except (DamagedSourceError, LockedSourceError) as error:
            assert "terns.docx" in error.message


def test_letters_look_as_their_style_says_unless_they_say_otherwise() -> None:
    styles = (
        '<w:style w:type="character" w:styleId="Old"><w:rPr><w:strike/></w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="Up"><w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="Upper"><w:basedOn w:val="Up"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="Gone"><w:rPr><w:vanish/></w:rPr></w:style>'
    )

    def run(text: str, look: str = "") -> str:
        return f'<w:r><w:rPr>{look}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'

    old, up = '<w:rStyle w:val="Old"/>', '<w:rStyle w:val="Upper"/>'
    new, seen = f'{old}<w:strike w:val="0"/>', '<w:vanish w:val="0"/>'
    runs = [run("Give "), run("40 mg ", old), run("4 mg", new), run(" of 10"), run("5", up)]
    hidden = '<w:pPr><w:pStyle w:val="Gone"/></w:pPr>'
    xml = f"<w:p>{''.join(runs)}</w:p><w:p>{hidden}{run('Not seen.')}{run('Seen.', seen)}</w:p>"
    document = word(body(xml, styles=f"<w:styles {W}>{styles}</w:styles>"))
    assert [text for _, _, text in blocks(document)] == ["Give 4 mg of 10⁵", "Seen."]
    assert {each.what: each.amount for each in document.left_out} == {"words hidden": 2, "words struck out": 2}


def test_without_styles_a_short_line_in_bold_type_heads_what_stands_below() -> None:
    def bold(text: str, where: str = "left") -> str:
        place = f'<w:pPr><w:jc w:val="{where}"/></w:pPr>'
        return f"<w:p>{place}<w:r><w:rPr><w:b/></w:rPr><w:t>{text}</w:t></w:r></w:p>"

    rest = p("The house is open from nine to five on each day of the week.") + bold("Prices")
    rest += p("Adults pay four crowns, and children pay two.") + bold("Never run.") + p("End of it all, and of this.")
    document = word(body(bold("House rules", "center") + rest))
    assert document.title == "House rules"
    assert [(path, text[:9]) for path, _, text in blocks(document)] == [
        ((), "The house"),
        (("Prices",), "Adults pa"),
        (("Prices",), "Never run"),
        (("Prices",), "End of it"),
    ]
    assert [path for path, _, _ in blocks(word(body(bold("Hours") + rest)))][:2] == [("Hours",), ("Prices",)]


def test_what_is_left_out_of_a_file_is_counted() -> None:
    xml = p("Seen.") + "<w:p><w:r><w:drawing/></w:r><w:r><w:pict/></w:r></w:p><w:altChunk/>"
    header = f"<w:hdr {W}>{p('Draft of May')}</w:hdr>"
    document = word(body(xml, header1=header, footer2=f"<w:ftr {W}>{p('Page')}</w:ftr>"))
    assert {each.what: each.amount for each in document.left_out} == {
        "parts in another format": 1,
        "pictures": 2,
        "words of headers and footers": 4,
    }


def test_a_formula_that_stands_alone_is_a_paragraph() -> None:
    formula = "<m:oMathPara><m:oMath><m:r><m:t>E = m</m:t></m:r></m:oMath></m:oMathPara>"
    math = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    document = word(body(formula.replace("<m:oMathPara>", f"<m:oMathPara {math}>")))
    assert blocks(document) == [((), "paragraph", "E = m")]


def test_a_table_of_contents_that_is_a_field_is_left_out_and_told_whatever_its_styles() -> None:
    def mark(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    begin = f"<w:p>{mark('begin')}<w:r><w:instrText> TOC \\o </w:instrText></w:r>{mark('separate')}{r('Food')}</w:p>"
    inside = (
        f"<w:p>{r('Flight')}{mark('begin')}<w:r><w:instrText>PAGEREF x</w:instrText></w:r>{r('4')}{mark('end')}</w:p>"
    )
    date_field = (
        f"<w:p>{mark('begin')}<w:r><w:instrText>DATE</w:instrText></w:r>{mark('separate')}{r('In May.')}{mark('end')}"
    )
    for end in (f"<w:p>{mark('end')}</w:p>{p('They dive.')}", f"<w:p>{mark('end')}{r('They dive.')}</w:p>"):
        notes: list[str] = []
        document = word(body(f"{p('Terns.')}{begin}{inside}{end}{date_field}</w:p>"), notes)
        assert document.text == "Terns.\n\nThey dive.\n\nIn May."
        assert notes == ["2 lines of a table of contents are left out."]
