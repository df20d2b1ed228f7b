"""EPUB: the chapters of a book in their order, under their headings, with what the book says of itself."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import IO

import pytest
from source_files import blocks, document_of, zipped

from qa.errors import DamagedSourceError, LockedSourceError
from qa.model import Document
from qa.readers import read
from qa.readers.formats import archives

CONTAINER = """<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
PACKAGE = """<?xml version="1.0" encoding="utf-8"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The book of terns</dc:title>
<dc:creator>Ann Auk</dc:creator><dc:creator>Ben Bunting</dc:creator><dc:publisher>Bird Press</dc:publisher>
<dc:date>2021-05-11</dc:date><meta property="dcterms:modified">2022-01-01T00:00:00Z</meta><dc:subject>terns</dc:subject>
</metadata><manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="c1" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="c2" href="text/two%20.xhtml" media-type="application/xhtml+xml"/>
<item id="cover" href="cover.jpg" media-type="image/jpeg"/></manifest>
<spine><itemref idref="cover"/><itemref idref="nav"/><itemref idref="c2"/><itemref idref="c1"/></spine></package>"""
NAV = """<html xmlns="http://www.w3.org/1999/xhtml"><body><nav><ol><li><a href="text/two%20.xhtml">Before all</a></li>
<li><a href="text/one.xhtml#x">Food</a></li></ol></nav></body></html>"""
TWO = """<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/>
<script src="x"/>
</head><body><p>Terns&nbsp;dive<a id="a"/> deep.</p></body></html>"""
ONE = """<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN"
"http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>
<h1>Food</h1><p>Fish. <a epub:type="noteref" href="#n1">1</a></p><h2>At sea</h2><ul><li>Eels</li></ul>
<aside epub:type="footnote" id="n1"><p>Auk, 2019.</p></aside></body></html>"""

BOOK = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": CONTAINER,
    "OEBPS/book.opf": PACKAGE,
    "OEBPS/nav.xhtml": NAV,
    "OEBPS/text/one.xhtml": ONE,
    "OEBPS/text/two .xhtml": TWO,
}


def epub(parts: Mapping[str, str | bytes], notes: list[str] | None = None) -> Document:
    return document_of(zipped(parts), "terns.epub", notes)


def test_chapters_are_read_in_the_order_of_the_spine_under_their_headings() -> None:
    assert blocks(epub(BOOK)) == [
        (("Before all",), "paragraph", "Terns\xa0dive deep."),
        (("Food",), "paragraph", "Fish. [1]"),
        (("Food", "At sea"), "list", "- Eels"),
    ]


def test_a_book_says_who_wrote_it_and_when(tmp_path: Path) -> None:
    path = tmp_path / "terns.epub"
    path.write_bytes(zipped(BOOK))
    document = read(path, "terns")
    assert (document.title, document.authors) == ("The book of terns", ("Ann Auk", "Ben Bunting"))
    assert (document.publisher, document.updated) == ("Bird Press", date(2021, 5, 11))
    assert document.keywords == ("terns",)


def test_a_note_of_a_chapter_is_what_its_marker_points_to_and_no_passage() -> None:
    document = epub(BOOK)
    assert [(each.marker, each.text) for each in document.references] == [("1", "Auk, 2019.")]
    assert [document.text[each.start : each.end] for each in document.markers] == ["[1]"]


def test_a_label_that_two_chapters_give_to_different_notes_stands_for_neither() -> None:
    other = ONE.replace("Auk, 2019.", "Bunting, 2020.").replace("<h1>Food", "<h1>More")
    assert epub(BOOK | {"OEBPS/text/two .xhtml": other}).references == ()


def test_an_older_book_names_its_chapters_in_an_ncx() -> None:
    ncx = """<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>Preface</text></navLabel>
    <content src="text/two%20.xhtml"/></navPoint></navMap></ncx>"""
    package = PACKAGE.replace('properties="nav"', "").replace("<spine>", '<spine toc="ncx">')
    package = package.replace(
        "</manifest>", '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest>'
    )
    document = epub(BOOK | {"OEBPS/book.opf": package, "OEBPS/toc.ncx": ncx})
    assert (("Preface",), "paragraph", "Terns\xa0dive deep.") in blocks(document)


def test_places_in_a_chapter_are_headed_by_what_the_contents_call_them() -> None:
    nav = """<html xmlns="http://www.w3.org/1999/xhtml"><body><nav><ol><li><a href="text/one.xhtml">Life</a><ol>
    <li><a href="text/one.xhtml#f">Food</a></li><li><a href="text/one.xhtml#n">Nests</a></li>
    <li><a href="text/one.xhtml#s">At sea</a></li></ol></li></ol></nav></body></html>"""
    one = """<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Terns live long.</p><p id="f">They eat fish.</p>
    <p class="head"><a id="n"/>NESTS</p><p>On <i>sand</i>.</p><p><a id="s"/></p><h2>At sea, mostly</h2><p>Eels.</p>
    </body></html>"""
    assert blocks(epub(BOOK | {"OEBPS/nav.xhtml": nav, "OEBPS/text/one.xhtml": one}))[1:] == [
        (("Life",), "paragraph", "Terns live long."),
        (("Life", "Food"), "paragraph", "They eat fish."),
        (("Life", "NESTS"), "paragraph", "On sand."),
        (("Life", "At sea, mostly"), "paragraph", "Eels."),
    ]


def test_a_book_says_what_of_it_is_struck_out() -> None:
    notes: list[str] = []
    one = ONE.replace("Fish. ", "Give <s>40 mg</s> 10<sup>5</sup>. ")
    assert "Give 10⁵. [1]" in epub(BOOK | {"OEBPS/text/one.xhtml": one}, notes).text
    assert notes == ["2 words are left out, struck out."]


def test_a_chapter_that_is_no_xml_is_read_as_a_browser_would() -> None:
    document = epub(BOOK | {"OEBPS/text/two .xhtml": "<p>Terns <b>dive<p>deep & far"})
    assert [text for _, _, text in blocks(document)][:2] == ["Terns dive", "deep & far"]


def test_a_chapter_may_have_any_name() -> None:
    book = {name.replace("two ", "entities"): part for name, part in BOOK.items()}
    package = PACKAGE.replace("two%20", "entities")
    document = epub(book | {"OEBPS/book.opf": package, "OEBPS/text/entities.xhtml": "<p>Terns <b>dive<p>deep & far"})
    assert [text for _, _, text in blocks(document)][:2] == ["Terns dive", "deep & far"]


def test_a_missing_or_bad_chapter_is_told_and_the_others_are_read() -> None:
    notes: list[str] = []
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><html><body>&b;</body></html>'
    parts = BOOK | {"OEBPS/text/two .xhtml": bomb}
    assert "Fish." in epub(parts, notes).text
    del parts["OEBPS/text/two .xhtml"]
    assert "Fish." in epub(parts, notes).text
    assert [note.split(": ")[0] for note in notes] == ["the chapter 'OEBPS/text/two .xhtml' is left out"] * 2
    assert "entities" in notes[0]
    assert notes[1].endswith("it is missing.")


def test_a_chapter_that_is_no_text_is_told_and_the_others_are_read() -> None:
    notes: list[str] = []
    assert epub(BOOK | {"OEBPS/text/two .xhtml": b"\x89PNG\r\n\x1a\n\0\0\0"}, notes).text.startswith("Food\n\nFish.")
    name = "OEBPS/text/two .xhtml"
    reason = "its bytes fit no known encoding"
    assert notes == [f"the chapter {name!r} is left out: {name} is not a text file: {reason}."]


def test_a_book_that_is_protected_against_copying_says_so_and_one_with_locked_fonts_is_read() -> None:
    form = """<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><e:EncryptedData
    xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptionMethod Algorithm="{}"/></e:EncryptedData></encryption>"""
    locked = form.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")
    with pytest.raises(LockedSourceError) as error:
        epub(BOOK | {"META-INF/encryption.xml": locked})
    assert error.value.message == "terns.epub is locked: it is protected against copying (DRM)."
    fonts = form.format("http://www.idpf.org/2008/embedding")
    assert epub(BOOK | {"META-INF/encryption.xml": fonts}).text == epub(BOOK).text


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"mimetype": "application/epub+zip"}, "it does not say what it holds"),
        ({"META-INF/container.xml": "<"}, "its part 'META-INF/container.xml' is no XML"),
        ({"META-INF/container.xml": CONTAINER}, "the list of its parts is missing"),
        (BOOK | {"OEBPS/book.opf": "<package/>"}, "it has no chapter that can be read"),
        (
            BOOK | {"META-INF/container.xml": CONTAINER.replace("OEBPS", "../../etc")},
            "the list of its parts is missing",
        ),
    ],
)
def test_a_broken_book_is_an_error_that_names_it(parts: dict[str, str], reason: str) -> None:
    with pytest.raises(DamagedSourceError) as error:
        epub(parts)
    assert error.value.message.startswith(f"terns.epub cannot be read as EPUB: {reason}")


def test_the_parts_of_a_book_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    monkeypatch.setattr(archives, "MOST_BYTES", 20_000)
    text = epub(BOOK | {"OEBPS/text/one.xhtml": f"<p>{'x ' * 100_000}"}, notes).text
    assert text == "Before all\n\nTerns\xa0dive deep."
    assert "unpacks to more than is read of a file" in notes[0]


def test_a_part_that_is_refused_is_not_unpacked_again_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_LONGEST_FILE", 20_000)
    parts = BOOK | {"large": "x" * 100_000}
    archive = archives.Archive(zipped(parts), Path("terns.epub"), kind="EPUB")
    unpacked: list[str] = []
    opened = archive._zip.open

    def counted(info: zipfile.ZipInfo) -> IO[bytes]:
        unpacked.append(info.filename)
        return opened(info)

    monkeypatch.setattr(archive._zip, "open", counted)
    for _ in range(3):
        with pytest.raises(DamagedSourceError, match="its part 'large' unpacks to more than is read of a file"):
            archive.read("large")
    assert unpacked == ["large"]
    assert archive._left <= archives.MOST_BYTES - 20_000


def test_when_parts_have_taken_all_that_is_read_of_an_archive_no_other_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 20_000)
    archive = archives.Archive(zipped({"a": "x" * 100_000, "b": "Terns"}), Path("terns.epub"), kind="EPUB")
    for name in ("a", "b"):
        with pytest.raises(DamagedSourceError, match=f"its part '{name}' unpacks to more than is read of a file"):
            archive.read(name)


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_part_that_is_packed_as_no_book_is_is_an_error(packed: int) -> None:
    archive = archives.Archive(zipped(BOOK, packed=packed), Path("terns.epub"), kind="EPUB")
    with pytest.raises(DamagedSourceError, match="its part 'mimetype' is packed in a way that is not read"):
        archive.read("mimetype")


def book(*chapters: str, items: str = "", spine: str = "") -> dict[str, str | bytes]:
    listed = "".join(
        f'<item id="k{n}" href="k{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(len(chapters))
    )
    order = spine or "".join(f'<itemref idref="k{n}"/>' for n in range(len(chapters)))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata/>'
        f"<manifest>{listed}{items}</manifest><spine>{order}</spine></package>"
    )
    begin = '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>'
    pages = {f"OEBPS/k{n}.xhtml": f"{begin}{chapter}</body></html>" for n, chapter in enumerate(chapters)}
    return {"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": package, **pages}


def test_a_part_that_is_no_page_gives_way_to_the_page_in_its_place_and_is_noted_where_there_is_none() -> None:
    notes: list[str] = []
    items = (
        '<item id="a" href="a.svg" media-type="image/svg+xml" fallback="k0"/>'
        '<item id="b" href="b.svg" media-type="image/svg+xml" fallback="b"/>'
    )
    order = '<itemref idref="a"/><itemref idref="b"/><itemref idref="k1"/>'
    document = epub(book("<p>In its place.</p>", "<p>A chapter.</p>", items=items, spine=order), notes)
    assert [text for _, _, text in blocks(document)] == ["In its place.", "A chapter."]
    assert notes == ["1 picture in place of a page is left out."]


def test_a_note_in_another_file_than_its_marker_is_found() -> None:
    one = '<h1>Food</h1><p>They dive<a epub:type="noteref" href="k1.xhtml#n1">1</a>.</p>'
    document = epub(book(one, '<h1>Notes</h1><aside epub:type="footnote" id="n1"><p>1. Auk, 2019.</p></aside>'))
    assert blocks(document)[0][2] == "They dive[1]."
    assert [(each.marker, each.text) for each in document.references] == [("1", "Auk, 2019.")]
    assert [each.label for each in document.markers] == ["1"]


def test_of_two_forms_one_is_shown_and_numbers_of_pages_are_none_of_the_text() -> None:
    half = '<math xmlns="http://www.w3.org/1998/Math/MathML"><mfrac><mn>1</mn><mn>2</mn></mfrac></math>'
    choice = f"<epub:switch><epub:case>{half}</epub:case><epub:default>one half</epub:default></epub:switch>"
    document = epub(book(f'<p>Take {choice} of it <span epub:type="pagebreak">2</span> a day.</p>'))
    assert " ".join(document.text.split()) == "Take 1/2 of it a day."


def test_what_stands_beside_the_table_of_contents_on_its_page_is_read() -> None:
    nav = NAV.replace("<body><nav>", "<body><h1>Table of contents</h1><p>Terns are birds.</p><nav>")
    assert "Terns are birds." in epub(BOOK | {"OEBPS/nav.xhtml": nav}).text
    assert "Table of contents" not in epub(BOOK | {"OEBPS/nav.xhtml": nav.replace("<p>Terns are birds.</p>", "")}).text


def test_a_page_that_is_a_drawing_is_what_is_written_in_it() -> None:
    drawing = """<svg xmlns="http://www.w3.org/2000/svg"><title>x</title><text x="1">Terns <tspan>dive</tspan></text>
    <rect/><text>for fish.</text></svg>"""
    package = PACKAGE.replace("</manifest>", '<item id="d" href="d.svg" media-type="image/svg+xml"/></manifest>')
    package = package.replace("<spine>", '<spine><itemref idref="d"/>')
    files = BOOK | {"OEBPS/book.opf": package}
    assert epub(files | {"OEBPS/d.svg": drawing}).text.startswith("Terns dive\n\nfor fish.")
    left_out = epub(files | {"OEBPS/d.svg": "<svg xmlns='http://www.w3.org/2000/svg'><rect/></svg>"}).left_out
    assert ("pictures in place of a page", 2) in [tuple(each) for each in left_out]  # with the cover
