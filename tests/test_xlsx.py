"""XLSX: sheets as sections, rows under the names of their columns, numbers and dates as a person sees them."""

from __future__ import annotations

import pytest
from source_files import blocks, document_of, zipped

from qa.errors import DamagedSourceError, LockedSourceError
from qa.model import Document
from qa.readers.formats.number_formats import shown_as

S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
STYLES = f"""<styleSheet xmlns="{S}"><numFmts><numFmt numFmtId="164" formatCode="0.0&quot; mg&quot;"/></numFmts>
<fonts><font/><font><strike/></font></fonts><cellXfs><xf/><xf numFmtId="164"/><xf numFmtId="14"/><xf numFmtId="10"/>
<xf fontId="1"/></cellXfs></styleSheet>"""


def relations(*targets: tuple[str, str, str]) -> str:
    inside = "".join(f'<Relationship Id="{i}" Type="{R}/{kind}" Target="{target}"/>' for i, kind, target in targets)
    return f'<Relationships xmlns="{RELATIONS}">{inside}</Relationships>'


def cell(place: str, value: str, *, style: int = 0) -> str:
    """A cell: a number as it is, anything else as text."""
    is_number = value.replace(".", "", 1).removeprefix("-").isdecimal()
    inside = f"<v>{value}</v>" if is_number else f"<is><t>{value}</t></is>"
    kind = "" if is_number else ' t="inlineStr"'
    return f'<c r="{place}" s="{style}"{kind}>{inside}</c>'


def rows(*given: str, more: str = "") -> str:
    return f'<worksheet xmlns="{S}"><sheetData>{"".join(given)}</sheetData>{more}</worksheet>'


def row(number: int, *cells: str, look: str = "") -> str:
    return f'<row r="{number}" {look}>{"".join(cells)}</row>'


def parts(*sheets: str, state: str = "", **others: str) -> dict[str, str | bytes]:
    listed = "".join(
        f'<sheet xmlns:r="{R}" name="Sheet {n}" sheetId="{n}" r:id="r{n}" {state if n == len(sheets) else ""}/>'
        for n in range(1, len(sheets) + 1)
    )
    targets = [(f"r{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)]
    targets += [("s", "styles", "styles.xml"), ("t", "sharedStrings", "sharedStrings.xml")]
    strings = f'<sst xmlns="{S}"><si><t>Shared </t><phoneticPr/></si><si><r><t>Not </t></r></si></sst>'
    return {
        "xl/workbook.xml": f'<workbook xmlns="{S}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(*targets),
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": strings,
        **{f"xl/worksheets/sheet{n}.xml": sheet for n, sheet in enumerate(sheets, start=1)},
        **others,
    }


def workbook(*sheets: str, notes: list[str] | None = None, state: str = "") -> Document:
    return document_of(zipped(parts(*sheets, state=state)), "terns.xlsx", notes)


def test_a_row_is_what_it_says_under_the_names_of_its_columns() -> None:
    sheet = rows(
        row(1, cell("A1", "Doses of May")),
        row(2, cell("A2", "Drug"), cell("B2", "Dose"), cell("C2", "Since"), cell("D2", "Share")),
        row(
            3,
            cell("A3", "Zeltorin"),
            cell("B3", "40", style=1),
            cell("C3", "45418", style=2),
            cell("D3", "0.5", style=3),
        ),
        row(4, cell("A4", "Quaspan"), cell("C4", "45419", style=2), cell("E4", "by night")),
        row(6, cell("A6", "Total"), cell("B6", "2")),
        row(7, cell("A7", "Of these"), cell("B7", "1")),
    )
    document = workbook(sheet)
    assert (document.title, [path for path, _, _ in blocks(document)]) == ("terns", [("Sheet 1",)] * 3)
    assert [text for _, _, text in blocks(document)] == [
        "Doses of May",
        "- Drug: Zeltorin; Dose: 40.0 mg; Since: 2024-05-06; Share: 50.00%\n"
        "- Drug: Quaspan; Since: 2024-05-07; by night",
        "| Total | 2 |\n| Of these | 1 |",
    ]


def test_what_is_merged_stands_in_each_row_and_a_merged_line_is_one() -> None:
    sheet = rows(
        row(1, cell("A1", "Doses")),
        row(2, cell("A2", "Drug"), cell("B2", "Dose")),
        row(3, cell("A3", "Zeltorin"), cell("B3", "40")),
        row(4, cell("B4", "10")),
        more='<mergeCells><mergeCell ref="A1:B1"/><mergeCell ref="A3:A4"/><mergeCell ref="A5:XFD99999"/></mergeCells>',
    )
    assert [text for _, _, text in blocks(workbook(sheet))] == [
        "Doses",
        "- Drug: Zeltorin; Dose: 40\n- Drug: Zeltorin; Dose: 10",
    ]


def test_what_is_struck_out_is_left_out_and_what_is_hidden_is_told() -> None:
    notes: list[str] = []
    shared = '<c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>99</v></c><c r="C1" t="b"><v>1</v></c>'
    sheet = rows(row(1, shared), row(2, cell("A2", "old value", style=4), look='hidden="1"'))
    document = workbook(sheet, rows(), notes=notes, state='state="hidden"')
    assert [text for _, _, text in blocks(document)] == ["| Shared | TRUE |"]
    assert notes == [
        "2 words are left out, struck out.",
        "1 sheet is hidden, and read all the same.",
        "1 row is hidden, and read all the same.",
    ]


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        ("0.1", "General", "0.1"),
        ("1234567.891", "#,##0.00", "1,234,567.89"),
        ("1234567", '#,##0,"k"', "1,235k"),
        ("-3.5", "0.0;[Red](0.0)", "(3.5)"),
        ("0", '0;-0;"none"', "none"),
        ("7", "000", "007"),
        ("2.5", "0.###", "2.5"),
        ("12", '"$"#,##0.00', "$12.00"),
        ("12", "[$€-407] #,##0", "€ 12"),
        ("0.256", "0%", "26%"),
        ("1e21", "General", "1.00000E+21"),
        ("45418.75", "dddd, d mmmm yyyy h:mm AM/PM", "Monday, 6 May 2024 6:00 PM"),
        ("1.5", "[h]:mm", "36:00"),
        ("59", "yyyy-mm-dd", "1900-02-28"),
        ("61", "yyyy-mm-dd", "1900-03-01"),
        ("-1", "yyyy-mm-dd", "-1"),
        ("nine", "0.0", "nine"),
        ("9" * 400, "0.0", "9" * 400),
    ],
)
def test_a_number_is_shown_as_its_format_says(value: str, form: str, shown: str) -> None:
    assert shown_as(value, form) == shown


def test_days_may_count_from_1904() -> None:
    assert shown_as("0", "yyyy-mm-dd", from_1904=True) == "1904-01-01"


def test_comments_and_pictures_are_counted() -> None:
    links = relations(("c", "comments", "../comments1.xml"), ("d", "drawing", "../drawings/drawing1.xml"))
    others = {
        "xl/worksheets/_rels/sheet1.xml.rels": links,
        "xl/comments1.xml": "<comments><commentList><comment/><comment/></commentList></comments>",
        "xl/drawings/drawing1.xml": "<wsDr><pic/><graphicFrame/></wsDr>",
    }
    document = document_of(zipped(parts(rows(row(1, cell("A1", "Terns"))), **others)), "terns.xlsx")
    assert [tuple(each) for each in document.left_out] == [("comments", 2), ("pictures", 2)]


def test_what_is_no_such_file_is_an_error_that_names_it() -> None:
    with pytest.raises(DamagedSourceError, match=r"terns.xlsx cannot be read as XLSX: it has no sheets"):
        document_of(zipped({"a.txt": "x"}), "terns.xlsx")
    with pytest.raises(DamagedSourceError, match=r"\.xls"):
        document_of(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "terns.xlsx")
    with pytest.raises(LockedSourceError):
        document_of(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "terns.xlsx")


def test_a_formula_that_no_program_has_computed_is_told() -> None:
    notes: list[str] = []
    sheet = rows(
        row(1, cell("A1", "Bird"), cell("B1", "Weight")), row(2, cell("A2", "tern"), '<c r="B2"><f>2*55</f><v></v></c>')
    )
    document = workbook(sheet, notes=notes)
    assert notes == ["1 formula is left out, which no program has computed."]
    assert "tern" in document.text


def test_of_two_rows_of_names_of_which_one_is_merged_over_columns_each_column_has_both() -> None:
    sheet = rows(
        row(1, cell("A1", "Bird"), cell("B1", "Weight"), '<c r="C1"/>'),
        row(2, cell("B2", "Male"), cell("C2", "Female")),
        row(3, cell("A3", "Tern"), cell("B3", "100"), cell("C3", "95")),
        more='<mergeCells><mergeCell ref="A1:A2"/><mergeCell ref="B1:C1"/></mergeCells>',
    )
    assert workbook(sheet).text.endswith("- Bird: Tern; Weight Male: 100; Weight Female: 95")
