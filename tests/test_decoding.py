"""Bytes to text: every encoding that a document may come in, and nothing lost or guessed in silence."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.errors import NotTextError
from qa.readers import read
from qa.readers.formats.decoding import decode

PATH = Path("terns.md")
TEXT = "Terns nest on “open” shingle – for ≥6 weeks.\n\nLa sterne niche à 5 °C; Größe: 35 cm.\n"
FRENCH = (
    "La sterne pierregarin niche sur les plages de galets et pêche près des côtes. "
    "Elle a été observée à l’été; où êtes-vous allés? “Très loin”, dit-elle.\n"
)
ENGLISH = (
    "The tern’s nest lies on open shingle – 25 °C is no hardship. " * 3
    + "Both parents feed the young until they fly, and for some weeks after.\n" * 5
)
CZECH = "Rybáci hnízdí na otevřených štěrkových březích a loví ryby. Příliš žluťoučký kůň úpěl ďábelské ódy.\n"
RUSSIAN = "Крачки гнездятся на открытых галечных берегах и ныряют за рыбой. Хвост у них вильчатый.\n" * 2
GREEK = "Τα γλαρόνια φωλιάζουν σε ανοιχτές παραλίες και βουτούν για ψάρια.\n"
CHINESE = "燕鸥在开阔的鹅卵石滩上筑巢，并潜水捕鱼。\n"


def refusal(data: bytes) -> str:
    with pytest.raises(NotTextError) as error:
        decode(data, PATH)
    assert error.value.hint == "Save it as plain text in UTF-8, or leave it out."
    return error.value.message


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_unicode_is_read_in_every_form_with_its_mark_or_without(mark: bytes, encoding: str) -> None:
    assert decode(mark + TEXT.encode(encoding), PATH) == TEXT


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])), st.sampled_from(["utf-8-sig", "utf-16", "utf-32"]))
@settings(max_examples=150, deadline=None)
def test_whatever_is_written_with_a_mark_is_read_to_the_letter(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), PATH) == text


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
@settings(max_examples=150, deadline=None)
def test_whatever_is_written_in_utf_8_is_read_to_the_letter(text: str) -> None:
    assert decode(text.encode(), PATH) == text.removeprefix("\ufeff")


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_text_without_nul_or_refused(data: bytes) -> None:
    try:
        text = decode(data, PATH)
    except NotTextError:
        return
    assert "\0" not in text
    assert "\r" not in text
    assert bool(text) == bool(data.removeprefix(codecs.BOM_UTF8)) or data in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text.encode()  # no lone surrogates


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "cp1252"),
        (ENGLISH, "cp1252"),
        (CZECH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (GREEK, "cp1253"),
        (CHINESE, "gb18030"),
    ],
)
def test_text_in_an_older_encoding_is_detected(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), PATH) == text


def test_a_few_signs_in_english_are_those_of_windows() -> None:
    text = "Eggs are kept at 37 °C, and a chick’s food is fish – sand eels for the most part, weighing 5 µg or more.\n"
    text += "Nothing else is said of it in the whole of this document, which is otherwise plain.\n" * 2
    assert decode(text.encode("cp1252"), PATH) == text


def test_an_empty_file_is_an_empty_text() -> None:
    assert [decode(data, PATH) for data in (b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF32_BE)] == [""] * 4


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_line_ends_of_every_system_become_one_character(encoding: str) -> None:
    assert decode("one\r\ntwo\rthree\n\r\nfour".encode(encoding), PATH) == "one\ntwo\nthree\n\nfour"


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 4,
        gzip.compress(TEXT.encode() * 20, mtime=0),
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\nstream\n" + bytes(range(255, 0, -1)) * 3,
        b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff",
        bytes(range(256)),
    ],
)
def test_a_binary_file_named_as_markdown_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "picture.md"
    path.write_bytes(data)
    with pytest.raises(NotTextError) as error:
        read(path, "picture")
    assert error.value.message.startswith(f"{path} is not a text file: ")


@pytest.mark.parametrize("data", [b"a tern\0 dives", b"\0", b"a tern dives\0", b"caf\xe9 \0"])
def test_a_nul_is_refused(data: bytes) -> None:
    assert refusal(data).startswith("terns.md is not a text file: it")


def test_text_that_is_full_of_control_characters_is_refused_and_a_form_feed_is_not() -> None:
    expected = "terns.md is not a text file: it holds control characters, as a binary file does."
    assert refusal(b"tern \x1b[1mdives\x1b[0m " * 5) == expected
    assert decode(b"page one\n\x0cpage two\n", PATH) == "page one\n\x0cpage two\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (codecs.BOM_UTF16_LE + b"a\0b", "it begins as utf-16-le but byte 4 breaks it"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8a\0", "it begins as utf-16-le but byte 2 breaks it"),
        (codecs.BOM_UTF8 + b"ab\xff", "it begins as utf-8 but byte 5 breaks it"),
        (codecs.BOM_UTF32_LE + b"a\0\0\0\xff\xff\xff\xff", "it begins as utf-32-le but byte 8 breaks it"),
    ],
)
def test_bytes_that_break_the_encoding_that_their_mark_promises_are_named(data: bytes, reason: str) -> None:
    assert refusal(data) == f"terns.md is not a text file: {reason}."


@pytest.mark.parametrize("at", [0, 40, len(TEXT.encode())])
def test_utf_8_with_a_broken_byte_is_refused_and_not_read_as_something_else(at: int) -> None:
    data = TEXT.encode()
    assert refusal(data[:at] + b"\xff" + data[at:]) == (
        "terns.md is not a text file: it is in UTF-8 but 1 of its bytes break it."
    )


def test_utf_8_that_was_cut_inside_of_a_character_is_refused() -> None:
    data = "Größe, Länge und Gefieder der Küstenseeschwalbe – sehr schön".encode()
    assert "it is in UTF-8 but 1 of its bytes break it" in refusal(data[:-2])


def test_utf_16_without_a_mark_that_is_cut_is_refused() -> None:
    assert refusal("A tern dives for fish.".encode("utf-16-le")[:-1]).startswith("terns.md is not a text file: ")


def test_utf_32_without_a_mark_is_refused_and_not_read_with_holes() -> None:
    assert refusal(TEXT.encode("utf-32-le")).startswith("terns.md is not a text file: ")
