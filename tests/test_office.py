"""PPTX, ODT and e-mail: their headings, lists, tables and notes, and what is left out of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from email.message import EmailMessage

import pytest
from source_files import blocks, document_of, zipped

from qa.errors import DamagedSourceError, LockedSourceError
from qa.model import Document

A = "http://schemas.openxmlformats.org/drawingml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
ODF = "".join(
    f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{kind}:1.0"'
    for name, kind in (("office", "office"), ("text", "text"), ("table", "table"), ("style", "style"), ("dc", "dc"))
)


def read(ending: str, parts: Mapping[str, str], notes: list[str] | None = None) -> Document:
    return document_of(zipped(parts), f"terns{ending}", notes)


def line(text: str, look: str = "", properties: str = "") -> str:
    return f"<a:p><a:pPr {look}>{properties}</a:pPr><a:r><a:t>{text}</a:t></a:r></a:p>"


def shape(inside: str, kind: str | None) -> str:
    place = f'<p:ph type="{kind}"/>' if kind is not None else ""
    return f"<p:sp><p:nvSpPr><p:nvPr>{place}</p:nvPr></p:nvSpPr><p:txBody>{inside}</p:txBody></p:sp>"


def relations(targets: Iterable[tuple[str, str, str]]) -> str:
    each = "".join(f'<Relationship Id="{name}" Type="x/{kind}" Target="{to}"/>' for name, kind, to in targets)
    return f"<Relationships>{each}</Relationships>"


def slides(*inside: str) -> dict[str, str]:
    """A presentation of slides, the first of which in the file is the last one shown."""
    names = [f"slides/slide{len(inside) - number}.xml" for number in range(len(inside))]
    listed = "".join(f'<p:sldId r:id="r{number}"/>' for number in range(len(inside)))
    return {
        "ppt/presentation.xml": f'<p:presentation xmlns:p="{P}" xmlns:r="{R}">{listed}</p:presentation>',
        "ppt/_rels/presentation.xml.rels": relations((f"r{n}", "slide", name) for n, name in enumerate(names)),
    } | {
        f"ppt/{name}": f'<p:sld xmlns:p="{P}" xmlns:a="{A}"><p:cSld><p:spTree>{each}</p:spTree></p:cSld></p:sld>'
        for name, each in zip(names, inside, strict=True)
    }


def test_each_slide_is_a_page_under_its_title() -> None:
    numbered = '<a:buAutoNum type="arabicPeriod"/>'
    items = line("Look", properties=numbered) + line("Dive", properties=numbered) + line("deep", 'lvl="1"')
    row = "<a:tr><a:tc>{}</a:tc><a:tc>{}</a:tc></a:tr>"
    table = row.format(line("Bird"), line("Weight")) + row.format(line("Tern"), line("100 g"))
    parts = slides(
        shape(line("How terns feed"), "title") + shape(items, "body") + shape(line("7"), "sldNum"),
        shape(line("Weights"), "title") + f"<p:graphicFrame><a:tbl>{table}</a:tbl></p:graphicFrame>",
        shape(line("They rest by night."), None),
    )
    parts["ppt/slides/_rels/slide3.xml.rels"] = relations([("n", "notesSlide", "../notesSlides/notes1.xml")])
    parts["ppt/notesSlides/notes1.xml"] = (
        f'<p:notes xmlns:p="{P}" xmlns:a="{A}">{shape(line("Say it."), "body")}</p:notes>'
    )
    document = read(".pptx", parts)
    assert (document.title, len(document.pages)) == ("How terns feed", 3)
    assert [text for _, _, text in blocks(document)] == [
        "1. Look\n2. Dive\n  - deep",
        "Say it.",
        "| Bird | Weight |\n| Tern | 100 g |",
        "They rest by night.",
    ]
    assert blocks(document)[2][0] == ("Weights",)
    assert [document.page_at(document.text.index(words)) for words in ("1. Look", "Weights", "They rest")] == [1, 2, 3]


def test_of_a_slide_powers_keep_their_meaning_and_what_is_struck_out_is_told() -> None:
    notes: list[str] = []
    runs = """<a:p><a:r><a:t>Give </a:t></a:r><a:r><a:rPr strike="sngStrike"/><a:t>40 mg</a:t></a:r>
    <a:r><a:t> 10</a:t></a:r><a:r><a:rPr baseline="30000"/><a:t>5</a:t></a:r><a:r><a:t> cells</a:t></a:r></a:p>"""
    assert read(".pptx", slides(shape(runs, None)), notes).text == "Give 10⁵ cells"
    assert notes == ["2 words are left out, struck out."]


def odt(inside: str, styles: str = "") -> dict[str, str]:
    content = f"<office:document-content{ODF}><office:automatic-styles>{styles}</office:automatic-styles><office:body>"
    return {"content.xml": f"{content}<office:text>{inside}</office:text></office:body></office:document-content>"}


def test_a_text_of_libreoffice_is_its_headings_paragraphs_lists_and_tables() -> None:
    styles = (
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="a"'
        ' style:num-suffix=")"/></text:list-style>'
    )
    cell = "<table:table-cell {}><text:p>{}</text:p></table:table-cell>"
    covered = "<table:covered-table-cell/>"
    down = 'table:number-rows-spanned="2"'
    table = (
        f"<table:table-row>{cell.format('', 'Drug')}{cell.format('', 'Dose')}</table:table-row>"
        f"<table:table-row>{cell.format(down, 'Zeltorin')}{cell.format('', '40 mg')}</table:table-row>"
        f"<table:table-row>{covered}{cell.format('', '10 mg')}</table:table-row>"
    )
    inside = (
        '<text:tracked-changes>Old.</text:tracked-changes><text:h text:outline-level="1">On terns</text:h>'
        '<text:p>They<text:s text:c="3"/>dive<text:note><text:note-citation>1</text:note-citation><text:note-body>'
        "<text:p>Auk, 2019.</text:p></text:note-body></text:note>.<text:line-break/>Far.</text:p>"
        '<text:h text:outline-level="2">Food</text:h><text:list text:style-name="L">'
        "<text:list-item><text:p>Fish</text:p></text:list-item><text:list-item><text:p>Eels</text:p><text:list>"
        "<text:list-item><text:p>small</text:p></text:list-item></text:list></text:list-item></text:list>"
        f"<table:table>{table}</table:table>"
    )
    document = read(".odt", odt(inside, styles))
    assert document.title == "On terns"
    assert blocks(document) == [
        ((), "paragraph", "They dive[^1].\nFar."),
        (("Food",), "list", "a) Fish\nb) Eels\n  - small"),
        (("Food",), "table", "| Drug | Dose |\n| Zeltorin | 40 mg |\n| Zeltorin | 10 mg |"),
    ]
    assert [(each.marker, each.text) for each in document.references] == [("^1", "Auk, 2019.")]


def test_of_such_a_text_powers_keep_their_meaning_and_what_is_struck_out_is_told() -> None:
    notes: list[str] = []
    styles = "".join(
        f'<style:style style:name="{name}"><style:text-properties style:{look}/></style:style>'
        for name, look in (("S", 'text-line-through-style="solid"'), ("U", 'text-position="super 58%"'))
    )
    inside = """<text:p>Give <text:span text:style-name="S">40 mg</text:span>
    10<text:span text:style-name="U">5</text:span> cells.</text:p>"""
    assert read(".odt", odt(inside, styles), notes).text == "Give 10⁵ cells."
    assert notes == ["2 words are left out, struck out."]


def test_headings_of_such_a_text_have_the_numbers_of_its_outline_and_lists_go_on() -> None:
    levels = "".join(
        f'<text:outline-level-style text:level="{level}" style:num-format="1" style:num-suffix="."{more}/>'
        for level, more in ((1, ""), (2, ' text:display-levels="2"'))
    )
    styles = (
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1"/>'
        "</text:list-style>"
    )
    heading = '<text:h text:outline-level="{}">{}</text:h>'
    one = '<text:list text:style-name="L"{}><text:list-item><text:p>{}</text:p></text:list-item></text:list>'
    inside = heading.format(1, "Pay") + heading.format(2, "Due") + one.format("", "By day.") + "<text:p>Then.</text:p>"
    inside += one.format(' text:continue-numbering="true"', "By night.") + heading.format(1, "End")
    inside += heading.format(2, "Law") + "<text:p>Of the sea.</text:p>"
    document = read(
        ".odt", {**odt(inside, styles), "styles.xml": f"<s{ODF}><text:outline-style>{levels}</text:outline-style></s>"}
    )
    assert blocks(document) == [
        (("1. Pay", "1.1. Due"), "list", "1. By day."),
        (("1. Pay", "1.1. Due"), "paragraph", "Then."),
        (("1. Pay", "1.1. Due"), "list", "2. By night."),
        (("2. End", "2.1. Law"), "paragraph", "Of the sea."),
    ]


def test_of_such_a_text_styles_say_how_others_look_formulas_are_read_and_charts_counted() -> None:
    named = (
        '<style:style style:name="Old"><style:text-properties style:text-line-through-style="solid"/></style:style>'
        '<style:style style:name="Older" style:parent-style-name="Old"/>'
    )
    half = "<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>"
    inside = """<text:p>Give <text:span text:style-name="Older">40 mg</text:span> <text:object text:href="./F"/> of it.
    <text:object text:href="./C"/></text:p><text:p text:style-name="Older">All of it is old.</text:p>"""
    parts = {"styles.xml": f"<s{ODF}>{named}</s>", "F/content.xml": half, "C/content.xml": "<chart/>"}
    document = read(".odt", {**odt(inside), **parts})
    assert document.text == "Give 1/2 of it."
    assert [tuple(each) for each in document.left_out] == [("charts", 1), ("words struck out", 7)]


def test_of_slides_pictures_and_comments_are_counted() -> None:
    parts = slides(shape(line("Terns dive."), None) + "<p:pic/>")
    parts["ppt/slides/_rels/slide1.xml.rels"] = relations([("c", "comments", "../comments/comment1.xml")])
    parts["ppt/comments/comment1.xml"] = f'<p:cmLst xmlns:p="{P}"><p:cm/><p:cm/></p:cmLst>'
    assert [tuple(each) for each in read(".pptx", parts).left_out] == [("comments", 2), ("pictures", 1)]


def test_a_text_that_is_all_hidden_is_read_and_told() -> None:
    notes: list[str] = []
    gone = '<style:style style:name="Gone"><style:text-properties text:display="none"/></style:style>'
    inside = '<text:p text:style-name="Gone">They dive.</text:p>'
    assert read(".odt", odt(inside, gone), notes).text == "They dive."
    assert notes == ["all of its text is hidden, 2 words, and read all the same."]
    notes.clear()
    assert read(".odt", odt(f"{inside}<text:p>They fly.</text:p>", gone), notes).text == "They fly."
    assert notes == ["2 words are left out, hidden."]


@pytest.mark.parametrize("ending", [".pptx", ".odt"])
def test_what_is_no_such_file_is_an_error_that_names_it(ending: str) -> None:
    with pytest.raises(DamagedSourceError, match=f"terns{ending} cannot be read as {ending[1:].upper()}"):
        read(ending, {"a.txt": "x"})


def mail(message: EmailMessage | bytes, notes: list[str] | None = None) -> Document:
    return document_of(message if isinstance(message, bytes) else message.as_bytes(), "terns.eml", notes)


def test_a_message_is_its_text_under_its_subject() -> None:
    notes: list[str] = []
    message = EmailMessage()
    message["Subject"], message["From"] = "When terns dive – again", "Ann Auk <ann@example.org>"
    message["Date"] = "Tue, 11 May 2021 10:00:00 +0000"
    message.set_content("They dive at noon.\n\nAnn\n")
    message.add_alternative("<p>They dive at <b>noon</b>.</p>", subtype="html")
    message.add_attachment(b"x", maintype="application", subtype="pdf", filename="a.pdf")
    document = mail(message, notes)
    assert (document.title, document.authors) == ("When terns dive – again", ("Ann Auk <ann@example.org>",))
    assert document.updated == date(2021, 5, 11)
    assert blocks(document) == [((), "paragraph", "They dive at noon."), ((), "paragraph", "Ann")]
    assert notes == ["1 attachment is left out."]


def test_a_message_that_is_a_page_alone_is_read_as_one() -> None:
    message = EmailMessage()
    message["Subject"] = "Terns"
    message.set_content("<h2>Food</h2><p>Give <s>40 mg</s> 4 mg.</p>", subtype="html")
    assert blocks(mail(message)) == [(("Food",), "paragraph", "Give 4 mg.")]


@pytest.mark.parametrize(
    "data",
    [
        b"Subject: x\nDate: never\nContent-Type: text/plain; charset=nonsense\n\nTerns dive.",
        b"Subject: =?utf-8?q?=ff?=\nFrom: <<>>\n\nTerns dive.",
    ],
)
def test_a_message_with_broken_parts_is_read(data: bytes) -> None:
    assert "Terns dive." in mail(data).text


def test_what_is_no_message_is_an_error() -> None:
    with pytest.raises(DamagedSourceError, match="it has no header"):
        mail(b"\n\n")


def test_a_text_of_libreoffice_with_a_form_of_dates_before_it_is_read() -> None:
    """Its styles, and the forms in it, have elements of the name that the text has."""
    styles = "<number:date-style xmlns:number='n'><number:text>-</number:text></number:date-style>"
    assert read(".odt", odt("<form:text xmlns:form='f'/><text:p>They dive.</text:p>", styles)).text == "They dive."


@pytest.mark.parametrize(("ending", "program"), [(".docx", "Word"), (".xlsx", "Excel"), (".pptx", "PowerPoint")])
def test_a_file_of_office_that_is_old_or_locked_says_so(ending: str, program: str) -> None:
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100
    with pytest.raises(DamagedSourceError) as error:
        document_of(old, f"terns{ending}")
    assert f"in the format of {program} before 2007 ({ending[:-1]})" in error.value.message
    assert error.value.hint == f"Open it in {program} and save it as {ending}."
    with pytest.raises(LockedSourceError, match="it opens only with a password"):
        document_of(old + "EncryptedPackage".encode("utf-16-le"), f"terns{ending}")


def test_the_head_of_a_list_in_such_a_text_has_no_number() -> None:
    style = '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1"/>'
    inside = (
        '<text:list text:style-name="L"><text:list-header><text:p>Birds</text:p></text:list-header><text:list-item>'
        "<text:p>Tern</text:p></text:list-item><text:list-item><text:p>Gull</text:p></text:list-item></text:list>"
    )
    assert read(".odt", odt(inside, f"{style}</text:list-style>")).text == "Birds\n1. Tern\n2. Gull"


def test_all_parts_of_a_message_that_are_text_are_read_however_deep_they_lie() -> None:
    page = "<p>Give <del>40</del> 4 mg.</p><p>" + "It is given at night, and never by day. " * 9
    parts = (
        ("--A", "Content-Type: multipart/related; boundary=B", "", "--B"),
        ("Content-Type: multipart/alternative; boundary=C", "", "--C", "Content-Type: text/plain", "", "See the page."),
        ("--C", "Content-Type: text/html", "", page, "--C--", "--B", "Content-Type: image/png", "", "x", "--B--"),
        ("--A", "Content-Type: text/plain; format=flowed", "", "The code is ", "4711.", "", "-- ", "Ann", "--A"),
        ("Content-Type: text/plain", "Content-Disposition: attachment; filename=a.txt", "", "Not read.", "--A"),
        ("Content-Type: message/rfc822", "", "Subject: Within", "", "Nor this.", "--A--", ""),
    )
    head = ("From: a@x.org", "Subject: Doses", "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=A", "")
    notes: list[str] = []
    document = mail("\n".join((*head, *(line for part in parts for line in part))).encode(), notes)
    assert [text[:40].strip() for _, _, text in blocks(document)] == [
        "Give 4 mg.",
        "It is given at night, and never by day.",
        "The code is 4711.",
        "--\nAnn",
    ]
    assert notes == ["1 word is left out, struck out.", "2 attachments are left out."]
    assert ("pictures", 1) in [tuple(each) for each in document.left_out]


def test_a_merged_cell_of_a_slide_stands_in_each_of_its_rows_and_columns() -> None:
    def cell(text: str, look: str = "") -> str:
        return f"<a:tc {look}><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>"

    rows = (
        cell("Drug") + cell("Dose", 'gridSpan="2"') + cell("", 'hMerge="1"'),
        cell("Zeltorin", 'rowSpan="2"') + cell("4 mg") + cell("day"),
        cell("", 'vMerge="1"') + cell("9 mg") + cell("night"),
    )
    table = "".join(f"<a:tr>{row}</a:tr>" for row in rows)
    document = read(".pptx", slides(f"<p:graphicFrame><a:tbl>{table}</a:tbl></p:graphicFrame>"))
    assert document.text == "| Drug | Dose | Dose |\n| Zeltorin | 4 mg | day |\n| Zeltorin | 9 mg | night |"


def test_of_such_a_text_repeated_cells_tables_within_others_and_boxes_are_read() -> None:
    def cell(text: str, look: str = "") -> str:
        return f"<table:table-cell {look}><text:p>{text}</text:p></table:table-cell>"

    twice = 'table:number-columns-repeated="2"'
    inner = f"<table:table><table:table-row>{cell('day')}{cell('4 mg')}</table:table-row></table:table>"
    rows = (
        f"<table:table-header-rows><table:table-row>{cell('Drug')}{cell('Dose', twice)}</table:table-row>"
        "</table:table-header-rows>",
        f'<table:table-row table:number-rows-repeated="2">{cell("Zeltorin")}{cell("4", twice)}</table:table-row>',
        f"<table:table-row>{cell('Quaspan')}<table:table-cell>{inner}</table:table-cell>{cell('end')}</table:table-row>",
    )
    box = "<draw:frame><draw:text-box><text:p>In a box.</text:p></draw:text-box></draw:frame>"
    inside = (
        f"<table:table>{''.join(rows)}</table:table><text:p>Before{box} it.</text:p>{box}"
        f"<text:list><text:list-item><text:p>Item</text:p>{inner}</text:list-item></text:list>"
        "<text:numbered-paragraph><text:number>7.</text:number><text:p>Seven</text:p></text:numbered-paragraph>"
    ).replace("draw:", "table:")
    assert [text for _, _, text in blocks(read(".odt", odt(inside)))] == [
        "| Drug | Dose | Dose |\n| Zeltorin | 4 | 4 |\n| Zeltorin | 4 | 4 |\n| Quaspan | day 4 mg | end |",
        "Before it.",
        "In a box.",
        "In a box.",
        "- Item\n| day | 4 mg |",
        "7. Seven",
    ]
