"""DOCX: headings by their styles, lists with their labels, tables, notes, and what tracked changes leave."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import docx
import pytest
from docx.document import Document as WordDocument

from qa.errors import DamagedSourceError, LockedSourceError
from qa.model import Document
from qa.readers import read
from qa.readers.formats import archives
from qa.readers.formats.docx import read_docx
from qa.readers.formats.writing import SourceFile
from qa.readers.passages import passages

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def word(data: bytes, notes: list[str] | None = None) -> Document:
    source = SourceFile(
        data=data,
        path=Path("terns.docx"),
        document_id="terns",
        listed=lambda _: (),
        note=(notes if notes is not None else []).append,
    )
    [document] = read_docx(source)
    for passage in passages(document):
        assert passage.text == document.text[passage.start : passage.end]
        assert passage.page is None
    return document


def made(write: Callable[[WordDocument], None]) -> bytes:
    """A Word file as python-docx writes it."""
    document, file = docx.Document(), io.BytesIO()
    document.core_properties.author = ""
    write(document)
    document.save(file)
    return file.getvalue()


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def body(xml: str, **parts: str) -> bytes:
    """A Word file with this in its body, and other parts by their names."""
    document = f"<w:document {W}><w:body>{xml}</w:body></w:document>"
    return zipped({"word/document.xml": document} | {f"word/{name}.xml": part for name, part in parts.items()})


def p(text: str, style: str = "") -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'


def blocks(document: Document) -> list[tuple[tuple[str, ...], str, str]]:
    return [
        (section.path, block.kind, document.text[block.start : block.end])
        for section in document.sections
        for block in section.blocks
    ]


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


def test_macros_are_left_out_and_told() -> None:
    notes: list[str] = []
    data = body(p("Terns dive."))
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("word/vbaProject.bin", b"Sub AutoOpen()")
    assert word(file.getvalue(), notes).text == "Terns dive."
    assert notes == ["its macros are left out."]


def test_an_old_or_locked_word_file_says_so() -> None:
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100
    with pytest.raises(DamagedSourceError) as error:
        word(old)
    assert error.value.hint == "Open it in Word and save it as .docx."
    with pytest.raises(LockedSourceError) as locked:
        word(old + "EncryptedPackage".encode("utf-16-le"))
    assert locked.value.message == "terns.docx is locked: it opens only with a password."


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><w:document {W}><w:body>&b;</w:body></w:document>'
)
WHOLE = made(write_terns)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is none, or broken"),
        (b"PK\x03\x04" + b"x" * 50, "it is none, or broken"),
        (WHOLE[: len(WHOLE) // 2], "it is none, or broken"),
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
