"""Citations as people write them, and as other programs read them: by the manuals, and every text coming back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pybtex.database
import pytest
import rispy
from bibtexparser.entrypoint import parse_string
from citeproc.source.json import CiteProcJSON
from hypothesis import given, settings
from hypothesis import strategies as st
from pylatexenc.latex2text import LatexNodes2Text

from qa import Engine
from qa.citations.citing import cite
from qa.citations.styles import EXPORTS, STYLES, TEXTS, written
from qa.citations.styles.names import Name, initials, one_line, read_names
from qa.model import Citation, Document, Passage

SEEN = date(2026, 11, 23)
LINK = "http://127.0.0.1:8000/passages/terns-00002?document=terns&is=16-0123456789abcdef"

TERN_PAGE: Mapping[str, Any] = {
    "title": "How long do terns live?",
    "authors": ("Ada Example, MD", "Jan van der Berg Jr., PhD"),
    "editors": ("Eve Chief, MD, FACP",),
    "publisher": "Tern Reference",
    "updated": date(2021, 5, 11),
    "url": "https://example.org/terns?age=1&of=2#top",
}


def citation(*, section: tuple[str, ...] = ("Adults",), page: int | None = None, **about: Any) -> Citation:
    """The citation of the second sentence of a document."""
    text = "Many were ringed. They live long. The end."
    fields = {"title": "Terns", "text": text, "source": "terns.md", **about}
    document = Document(id="terns", **fields)
    passage = Passage(
        id="terns-00002",
        document_id="terns",
        section=section,
        text=text[18:33],
        start=18,
        end=33,
        sentences=(),
        page=page,
    )
    return cite(document, passage)


def style(name: str, *, permalink: str | None = LINK, **about: Any) -> str:
    return written(citation(**about), name, accessed=SEEN, permalink=permalink)


FAMILIES = (
    "Alpha Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November Oscar Papa Quebec Romeo "
    "Sierra Tango Uniform"
)

# As people write them


def test_a_page_with_all_that_can_be_known_is_cited_by_each_manual() -> None:
    assert style("ama", page=3, **TERN_PAGE) == (
        "Example A, van der Berg J Jr. How long do terns live? In: Chief E, ed. Tern Reference. Section “Adults”, page "
        "3, characters 19-33. Updated May 11, 2021. Accessed November 23, 2026. https://example.org/terns?age=1&of=2#top"
    )
    assert style("vancouver", page=3, **TERN_PAGE) == (
        "Example A, van der Berg J Jr. How long do terns live? [Internet]. Chief E, editor. [place unknown]: Tern "
        "Reference; [updated 2021 May 11; cited 2026 Nov 23]. Section “Adults”, p. 3, characters 19-33. Available "
        "from: https://example.org/terns?age=1&of=2#top"
    )
    assert style("apa", page=3, **TERN_PAGE) == (
        "Example, A., & van der Berg, J., Jr. (2021, May 11). How long do terns live? [Section “Adults”, p. 3, "
        "characters 19–33]. In E. Chief (Ed.), Tern Reference. Retrieved November 23, 2026, from "
        "https://example.org/terns?age=1&of=2#top"
    )


def test_a_page_of_which_only_the_title_is_known_is_cited_by_it() -> None:
    assert style("ama", section=()) == f"Terns. Characters 19-33. Accessed November 23, 2026. {LINK}"
    assert style("vancouver", section=()) == (
        "Terns [Internet]. [place unknown]: [publisher unknown]; [date unknown] [cited 2026 Nov 23]. Characters 19-33. "
        f"Available from: {LINK}"
    )
    assert style("apa", section=()) == (f"Terns [Characters 19–33]. (n.d.). Retrieved November 23, 2026, from {LINK}")


def test_what_is_on_no_web_site_is_cited_without_an_address() -> None:
    for name in TEXTS:
        assert "http" not in style(name, permalink=None)
        assert "Internet" not in style(name, permalink=None)
    assert style("apa", permalink=None).endswith("(n.d.). Retrieved November 23, 2026.")


def test_editors_stand_in_the_place_of_authors_where_there_are_none() -> None:
    about: dict[str, Any] = {"editors": ("Eve Chief, MD", "Ben Second"), "publisher": "Tern Reference", "section": ()}
    assert style("ama", **about).startswith("Chief E, Second B, eds. Terns. Tern Reference. Characters")
    assert style("vancouver", **about).startswith("Chief E, Second B, editors. Terns [Internet]. [place unknown]: Tern")
    assert style("apa", **about).startswith(
        "Chief, E., & Second, B. (Eds.). (n.d.). Terns [Characters 19–33]. Tern Ref"
    )


def test_an_editor_of_what_has_no_site_stands_behind_the_title_in_apa() -> None:
    for about in ({"authors": ("Ada Example",)}, {"authors": ("Tern House",), "publisher": "Tern House"}):
        found = style("apa", editors=("Eve C Chief, MD",), section=(), **about)
        assert "Terns (E. C. Chief, Ed.) [Characters 19–33]. Retrieved" in found
        assert "In E. C." not in found
    both = style("apa", authors=("Ada Example",), editors=("Eve Chief", "Ben Second"), section=())
    assert "Terns (E. Chief & B. Second, Eds.) [Characters 19–33]. Retrieved" in both


def test_an_organisation_stays_whole_and_is_not_named_twice_by_apa() -> None:
    about: dict[str, Any] = {
        "authors": ("National Tern Institute",),
        "publisher": "National Tern Institute",
        "section": (),
    }
    assert style("ama", **about).startswith("National Tern Institute. Terns. National Tern Institute. Characters")
    assert style("apa", **about).startswith("National Tern Institute. (n.d.). Terns [Characters 19–33]. Retrieved")


@pytest.mark.parametrize(
    ("name", "count", "expected"),
    [
        ("ama", 6, "Alpha A, Bravo A, Charlie A, Delta A, Echo A, Foxtrot A. Terns."),
        ("ama", 7, "Alpha A, Bravo A, Charlie A, et al. Terns."),
        ("vancouver", 7, "Alpha A, Bravo A, Charlie A, Delta A, Echo A, Foxtrot A, et al. Terns [Internet]."),
        ("apa", 3, "Alpha, A., Bravo, A., & Charlie, A. (n.d.). Terns"),
        ("apa", 20, "Sierra, A., & Tango, A. (n.d.). Terns"),
        ("apa", 21, "Sierra, A., . . . Uniform, A. (n.d.). Terns"),
    ],
)
def test_long_lists_of_authors_are_cut_as_each_manual_says(name: str, count: int, expected: str) -> None:
    assert expected in style(name, authors=tuple(f"Ada {family}" for family in FAMILIES.split()[:count]))


def test_a_section_that_is_the_title_is_no_part_of_the_place() -> None:
    assert "Section “Adults › Oldest”, characters" in style("ama", section=("Terns", "Adults", "Oldest"))


def test_an_address_that_is_not_on_the_web_is_none() -> None:
    for url in ("javascript:alert(1)", "file:///terns", "https://", "https://a b", "/terns", ""):
        assert style("ama", url=url).endswith(LINK)


def test_the_day_of_access_is_the_one_given() -> None:
    for name in STYLES:
        early = written(citation(), name, accessed=date(987, 1, 2), permalink=None)
        assert "987" in early
        assert early == written(citation(), name, accessed=date(987, 1, 2), permalink=None)


def test_a_style_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="'mla' is none of the styles ama, vancouver, apa, ris, bibtex, csl-json"):
        style("mla")


# Names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dhaval Example, MD", [Name("Example", "Dhaval")]),
        ("Ada Example, MD, Ben Sample, PhD, FACP", [Name("Example", "Ada"), Name("Sample", "Ben")]),
        ("Ada Example MD PhD", [Name("Example", "Ada")]),
        ("Prof. Dr. Jean-Pierre Example, M.D., MRCPsych", [Name("Example", "Jean-Pierre")]),
        ("Example DM", [Name("Example", "DM")]),
        ("San Example J", [Name("San Example", "J")]),
        ("Example, Donna M.", [Name("Example", "Donna M.")]),
        ("Example, John, Jr., MD", [Name("Example", "John", "Jr.")]),
        ("John Example III", [Name("Example", "John", "III")]),
        ("Ludwig van der Example", [Name("van der Example", "Ludwig")]),
        ("van der Example, Jan", [Name("van der Example", "Jan")]),
        ("Yo-Yo Ma", [Name("Ma", "Yo-Yo")]),
        ("ADA EXAMPLE", [Name("EXAMPLE", "ADA")]),
        ("Mary O'Example", [Name("O'Example", "Mary")]),
        ("  Ada \n Example ", [Name("Example", "Ada")]),
        ("Tern Foundation of Ada Example", [Name("Tern Foundation of Ada Example")]),
        ("Centers for Tern Control, Example Town", [Name("Centers for Tern Control, Example Town")]),
        ("Ada Example and Ben Sample", [Name("Example", "Ada"), Name("Sample", "Ben")]),
        (
            "Ada Example, Ben Sample, MD, & Third, Cy",
            [Name("Example", "Ada"), Name("Sample", "Ben"), Name("Third", "Cy")],
        ),
        ("Dr Example", [Name("Dr Example")]),
        ("Example A, Sample B, and Third C", [Name("Example", "A"), Name("Sample", "B"), Name("Third", "C")]),
        ("Ada Example and Sample", [Name("Ada Example and Sample")]),
        ("DR Ada Example", [Name("Example", "Ada")]),
        ("Prof. Dr. med. Ada Example", [Name("Example", "Ada")]),
        ("DR Example", [Name("Example", "DR")]),
        ("Amanda Cross", [Name("Cross", "Amanda")]),
        ("American Red Cross", [Name("American Red Cross")]),
        ("Bristol-Myers Squibb", [Name("Bristol-Myers Squibb")]),
        ("Karyopharm Therapeutics", [Name("Karyopharm Therapeutics")]),
        ("Macmillan Cancer Support", [Name("Macmillan Cancer Support")]),
        ("Cancer Research UK", [Name("Cancer Research UK")]),
        ("Example & Sample", [Name("Example & Sample")]),
        ("Example and Sample", [Name("Example and Sample")]),
        ("tern contributors", [Name("tern contributors")]),
        ("<b>Mallory</b>", [Name("<b>Mallory</b>")]),
        ("李明", [Name("李明")]),
        ("TERN", [Name("TERN")]),
        ("Example", [Name("Example")]),
        ("MD", []),
        (" , ", []),
    ],
)
def test_a_name_is_taken_apart_only_where_it_is_that_of_a_person(text: str, expected: list[Name]) -> None:
    assert read_names([text]) == tuple(expected)


def test_initials_keep_their_hyphens_and_are_read_out_of_capitals() -> None:
    assert initials("Jean-Pierre J.R. DM É") == [["J", "P"], ["J"], ["R"], ["D"], ["M"], ["É"]]


@given(st.text())
def test_no_text_is_too_strange_to_be_an_author(text: str) -> None:
    for name in read_names([text]):
        assert name.family
        assert all(part == one_line(part) for part in name)


# As programs read them: every text comes back

HOSTILE = st.one_of(
    st.text(max_size=50),
    st.lists(
        st.sampled_from(
            [
                *(
                    "{",
                    "}",
                    "\\",
                    "%",
                    "&",
                    "#",
                    "_",
                    "~",
                    "^",
                    "$",
                    '"',
                    "'",
                    "`",
                    "-",
                    "--",
                    "@misc{x,",
                    "=",
                    ",",
                    ";",
                ),
                *("\n", "\r\n", "\nER  - \nTY  - JOUR\n", "ER  -", "\u2028", "\x00", "\x1c", "\x85", " ", "\\input{x}"),
                *(
                    "שלום",
                    "مرحبا",
                    "\u202e",
                    "é",
                    "🐦",
                    "e\u0301",
                    "word",
                    "Word",
                    "and",
                    "<b>",
                    "?`",
                    "''",
                    "``",
                    "\\\\",
                ),
            ]
        ),
        max_size=20,
    ).map("".join),
)


def plain_latex(text: str) -> str:
    """What LaTeX sets; `pylatexenc` would have another character for the circumflex that stands alone."""
    text = text.replace(r"\textasciicircum{}", "^")
    return str(LatexNodes2Text(strict_latex_spaces=True).latex_to_text(text))


def hold_in_ris(cited: Citation) -> None:
    (record,) = rispy.loads(written(cited, "ris", accessed=SEEN, permalink=LINK))
    document = cited.document
    assert record["type_of_reference"] == "ELEC"
    assert record.get("title", "") == one_line(document.title)
    assert record.get("publisher", "") == one_line(document.publisher or "")
    assert record["access_date"] == "2026/11/23/"
    assert record["urls"][-1] == LINK
    assert record["notes"][1] == f"“{one_line(cited.quote)}”"
    assert len(record.get("authors", [])) == len(read_names(document.authors))
    assert "unknown_tag" not in record


def hold_in_bibtex(cited: Citation) -> None:
    text = written(cited, "bibtex", accessed=SEEN, permalink=LINK)
    document = cited.document
    library = parse_string(text)
    assert library.failed_blocks == []
    (entry,) = library.entries
    assert (entry.entry_type, len(library.blocks)) == ("misc", 1)
    assert plain_latex(entry["title"]) == one_line(document.title)
    if document.publisher and one_line(document.publisher):
        assert plain_latex(entry["howpublished"]) == one_line(document.publisher)
    assert plain_latex(entry["annote"]).startswith(f"“{one_line(cited.quote)}”")
    (other,) = pybtex.database.parse_string(text, "bibtex").entries.values()
    names = read_names(document.authors)
    people = other.persons.get("author", [])
    assert len(people) == len(names)
    for person, name in zip(people, names, strict=True):
        family = plain_latex(" ".join(person.prelast_names + person.last_names))
        assert family == name.family
        assert " ".join(person.first_names + person.middle_names) == name.given


def hold_in_csl_json(cited: Citation) -> None:
    items = json.loads(written(cited, "csl-json", accessed=SEEN, permalink=LINK))
    (reference,) = CiteProcJSON(items).values()
    document = cited.document
    assert reference.type == "webpage"
    assert str(reference.get("title", "")) == one_line(document.title)
    assert str(reference.get("container_title", "")) == one_line(document.publisher or "")
    assert (reference.accessed.year, reference.accessed.month, reference.accessed.day) == (2026, 11, 23)
    assert items[0]["note"].startswith(f"“{one_line(cited.quote)}” (")
    assert len(items[0].get("author", [])) == len(read_names(document.authors))


HOLD = {"ris": hold_in_ris, "bibtex": hold_in_bibtex, "csl-json": hold_in_csl_json}


def test_every_export_is_held_to_what_another_program_reads() -> None:
    assert list(HOLD) == list(EXPORTS)


@settings(deadline=None)
@pytest.mark.parametrize("name", HOLD)
@given(title=HOSTILE, publisher=HOSTILE, author=HOSTILE, heading=HOSTILE, text=HOSTILE)
def test_hostile_texts_come_back_as_they_were(
    name: str, title: str, publisher: str, author: str, heading: str, text: str
) -> None:
    document = Document(
        id="terns", title=title, text=text, source="x", authors=(author, "Ada Example"), publisher=publisher
    )
    passage = Passage(
        id="terns-1", document_id="terns", section=(heading,), text=text, start=0, end=len(text), sentences=()
    )
    HOLD[name](cite(document, passage))


@pytest.mark.parametrize("name", HOLD)
def test_a_very_long_title_comes_back_whole(name: str) -> None:
    HOLD[name](citation(title="Terns {and} gulls " * 500))


@pytest.mark.parametrize("name", STYLES)
def test_all_of_the_shipped_corpus_can_be_cited(shipped_engine: Engine, name: str) -> None:
    for entry in shipped_engine.contents():
        for passage in shipped_engine.passages(entry.id):
            cited = shipped_engine.passage(passage.id).citation
            if name in HOLD:
                HOLD[name](cited)
            else:
                text = written(cited, name, accessed=SEEN, permalink=LINK)
                assert cited.document.title in text
                assert text.endswith(LINK)
                assert len(text.splitlines()) == 1


def test_a_whole_page_is_exported_field_by_field() -> None:
    assert style("ris", page=3, **TERN_PAGE).splitlines() == [
        "TY  - ELEC",
        "ID  - terns-19",
        "AU  - Example, Ada",
        "AU  - van der Berg, Jan, Jr.",
        "A2  - Chief, Eve",
        "TI  - How long do terns live?",
        "T2  - Tern Reference",
        "PB  - Tern Reference",
        "PY  - 2021",
        "DA  - 2021/05/11/",
        "SE  - Adults",
        "SP  - 3",
        "UR  - https://example.org/terns?age=1&of=2#top",
        f"UR  - {LINK}",
        "Y2  - 2026/11/23/",
        "N1  - Section “Adults”, page 3, characters 19-33",
        "N1  - “They live long.”",
        "ER  - ",
    ]
    assert style("bibtex", page=3, **TERN_PAGE).splitlines() == [
        "@misc{terns-19,",
        "  author = {Example, Ada and van der Berg, Jr., Jan},",
        "  editor = {Chief, Eve},",
        "  title = {{How long do terns live?}},",
        "  howpublished = {Tern Reference},",
        "  year = {2021},",
        "  month = may,",
        "  url = {https://example.org/terns?age=1&of=2#top},",
        "  urldate = {2026-11-23},",
        "  note = {Section “Adults”, page 3, characters 19-33. Updated May 11, 2021},",
        "  annote = {“They live long.” " + LINK.replace("&", r"\&") + "}",
        "}",
    ]
    assert json.loads(style("csl-json", page=3, **TERN_PAGE)) == [
        {
            "id": "terns-19",
            "type": "webpage",
            "title": "How long do terns live?",
            "author": [
                {"family": "Example", "given": "Ada"},
                {"family": "van der Berg", "given": "Jan", "suffix": "Jr."},
            ],
            "editor": [{"family": "Chief", "given": "Eve"}],
            "container-title": "Tern Reference",
            "issued": {"date-parts": [[2021, 5, 11]]},
            "accessed": {"date-parts": [[2026, 11, 23]]},
            "URL": "https://example.org/terns?age=1&of=2#top",
            "section": "Adults",
            "page": "3",
            "note": f"“They live long.” (Section “Adults”, page 3, characters 19-33) {LINK}",
        }
    ]


def test_an_address_cannot_end_the_value_that_it_stands_in() -> None:
    text = style("bibtex", url="https://example.org/a}b{c\\d%20e_f")
    (entry,) = parse_string(text).entries
    assert entry["url"] == "https://example.org/a%7Db%7Bc%5Cd%20e_f"
