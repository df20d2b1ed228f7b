"""Bibliographies in files of their own beside a document: BibTeX, RIS and CSL-JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa import Engine, Settings
from qa.errors import BibliographyError, SourceError
from qa.model import Document, Reference
from qa.readers import read
from qa.readers.references.sidecars import MOST_BYTES, SIDECARS, parsed_sidecar

WEBER = "Donna M. Weber, Christine Chén. Lenalidomide in North America. N Engl J Med. 2007;357(21):2133–2142."
BIBTEX = r"""% exported
@string{nejm = "N Engl J Med"}
@article{KEY,
  author = {Weber, Donna M. and Chen, Christine},
  title = {{L}enalidomide in {North America}},
  journal = nejm, year = 2007, volume = {357}, number = "21", pages = {2133--2142},
  doi = {10.1056/NEJMoa070596}, pmid = {18032763}, url = {https://example.org/weber}
}
""".replace("Chen,", "Ch{\\'e}n,")
RIS = """TY  - JOUR
ID  - KEY
AU  - Weber, Donna M.
AU  - Chén, Christine
TI  - Lenalidomide in North America
JO  - N Engl J Med
PY  - 2007/11/22
VL  - 357
IS  - 21
SP  - 2133
EP  - 2142
DO  - 10.1056/NEJMoa070596
DB  - PubMed
AN  - 18032763
UR  - https://example.org/weber
ER  -
"""
ITEM = {
    "id": "KEY",
    "type": "article-journal",
    "author": [{"family": "Weber", "given": "Donna M."}, {"family": "Chén", "given": "Christine"}],
    "title": "Lenalidomide in North America",
    "container-title": "N Engl J Med",
    "issued": {"date-parts": [[2007, 11, 22]]},
    "volume": 357,
    "issue": "21",
    "page": "2133-2142",
    "DOI": "10.1056/NEJMoa070596",
    "PMID": "18032763",
    "URL": "https://example.org/weber",
}
CSL = json.dumps([ITEM], ensure_ascii=False)
FILES = {".bib": BIBTEX, ".ris": RIS, ".csl.json": CSL, ".json": CSL}


def parsed(text: str, ending: str, *brackets: str) -> tuple[Reference, ...]:
    return parsed_sidecar(text, path=Path(f"terns{ending}"), brackets=brackets)


def beside(folder: Path, ending: str, bibliography: str, text: str = "Terns dive. [98]") -> Path:
    (folder / f"terns{ending}").write_text(bibliography, "utf-8")
    source = folder / "terns.md"
    source.write_text(text, "utf-8")
    return source


def listed(document: Document) -> list[str]:
    return [each.marker for each in document.references]


def test_each_form_has_an_example_here() -> None:
    assert tuple(FILES) == SIDECARS


@pytest.mark.parametrize("ending", FILES)
@pytest.mark.parametrize("key", ["98", "ref98", "[98]", "Ref_098", "b98"])
def test_an_entry_whose_key_is_a_number_is_that_marker_s_and_reads_in_one_line(ending: str, key: str) -> None:
    assert parsed(FILES[ending].replace("KEY", key), ending) == (
        Reference(
            marker="98", text=WEBER, doi="10.1056/NEJMoa070596", pmid="18032763", url="https://example.org/weber"
        ),
    )


@pytest.mark.parametrize("ending", FILES)
def test_where_no_key_is_a_number_the_keys_count_and_never_the_order(ending: str) -> None:
    assert [each.marker for each in parsed(FILES[ending].replace("KEY", "weber2007a"), ending)] == ["weber2007a"]
    found = parsed(FILES[ending].replace("KEY", "weber2007a"), ending, "weber2007a", "other")
    assert [each.marker for each in found] == ["weber2007a"]


def test_a_key_that_the_document_points_to_is_none_s_number() -> None:
    text = "@misc{ref1, title={A}} @misc{ref2, title={B}}"
    assert [each.marker for each in parsed(text, ".bib", "ref1")] == ["ref1", "2"]


def test_a_number_that_two_entries_have_stands_for_neither() -> None:
    text = "@misc{ref1, title={A}} @misc{b1, title={B}} @misc{ref2, title={C}}"
    assert [(each.marker, each.text) for each in parsed(text, ".bib")] == [("1", None), ("2", "C.")]


def test_a_list_of_authors_that_goes_on_ends_with_et_al() -> None:
    [found] = parsed("@misc{x, author={Weber, A. and Chen, B. and others}, title={What? -- Why}}", ".bib")
    assert found.text == "A. Weber, B. Chen, et al. What? – Why."


def test_a_citation_number_and_a_note_that_is_a_number_are_the_marker() -> None:
    items = [{"id": "x", "title": "A", "citation-number": 7}, {"id": "y", "title": "B", "note": "[8]"}, {"id": "z"}]
    found = parsed(json.dumps(items), ".csl.json")
    assert [(each.marker, each.text) for each in found] == [("7", "A."), ("8", "B."), ("z", "z")]
    assert [each.marker for each in parsed("@book{x, title={A}, note={9}}", ".bib")] == ["9"]
    assert [each.marker for each in parsed("TY  - BOOK\nLB  - 9\nTI  - A\nER  - \n", ".ris")] == ["9"]


def test_an_address_and_a_doi_are_not_typeset() -> None:
    [found] = parsed(r"@misc{x, title={A}, url={https://example.org/~a\_b--c}, doi={10.1000/{a}--b\_c}}", ".bib")
    assert (found.url, found.doi) == ("https://example.org/~a_b--c", "10.1000/a--b_c")


def test_many_authors_are_shortened_and_organisations_stay_as_they_are() -> None:
    people = " and ".join(f"Author{letter}, A." for letter in "ABCDEFG")
    [many] = parsed(f"@article{{x, author={{{people}}}, title={{What?}}}}", ".bib")
    assert many.text == "A. AuthorA, A. AuthorB, A. AuthorC, et al. What?"
    [one] = parsed('[{"id": 1, "author": [{"literal": "National Cancer Institute"}], "title": "Terns"}]', ".json")
    assert one.text == "National Cancer Institute. Terns."


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        (r"{T}erns \& gulls: 5\% of \emph{all}", "Terns & gulls: 5% of all."),
        (r"Fran{\c c}ois M\"uller, {\O}rsted \'{\i} na\"{\i}ve", "François Müller, Ørsted í naïve."),
        (r"``Terns'' -- or~gulls", "“Terns” – or gulls."),
        (r"$\alpha$ and {\ss}", "α and ß."),
    ],
)
def test_latex_is_read_as_a_person_reads_it(written: str, read_as: str) -> None:
    assert [each.text for each in parsed(f"@misc{{x, title = {{{written}}}}}", ".bib")] == [read_as]


def test_an_abbreviation_of_bibtex_stands_for_its_text_and_never_in_rounds() -> None:
    found = parsed('@string{j = "J Ex"}\n@article{x, title = "A " # "B", journal = j # " Sup"}', ".bib")
    assert [each.text for each in found] == ["A B. J Ex Sup."]
    bomb = '@string{a0 = "tern tern tern"}\n' + "".join(f"@string{{a{n + 1} = a{n} # a{n}}}\n" for n in range(60))
    [bounded] = parsed(f"{bomb}@article{{x, title = a60 # a60, journal = a0}}", ".bib")
    assert bounded.text is not None
    assert len(bounded.text) < 100
    wide = f'@string{{a = "{"t" * 100_000}"}}\n' + "".join(f"@misc{{k{n}, title = a}}\n" for n in range(200))
    assert max(len(each.text or "") for each in parsed(wide, ".bib")) <= 2001


@pytest.mark.parametrize("ending", FILES)
def test_a_bibliography_beside_a_document_resolves_its_markers(tmp_path: Path, ending: str) -> None:
    document = read(beside(tmp_path, ending, FILES[ending].replace("KEY", "98")), "terns")
    assert [(each.marker, each.text) for each in document.references] == [("98", WEBER)]
    assert [marker.label for marker in document.markers] == ["98"]


def test_a_key_in_brackets_is_a_marker_where_the_bibliography_has_it(tmp_path: Path) -> None:
    text = "Terns dive. [@weber; @chen] They [who] eat. [weber]"
    two = BIBTEX.replace("KEY", "weber") + BIBTEX.replace("KEY", "chen")
    document = read(beside(tmp_path, ".bib", two, text), "terns")
    assert [marker.label for marker in document.markers] == ["weber", "chen", "weber"]


def test_the_bibliography_beside_comes_before_the_front_matter_and_that_before_the_text(tmp_path: Path) -> None:
    text = (
        '---\nreferences: [{marker: "98", text: Front.}, {marker: "2", text: Front.}]\n---\n'
        "Terns. [98] [2] [3]\n\n## References\n\n2. Text.\n3. Text.\n"
    )
    document = read(beside(tmp_path, ".bib", BIBTEX.replace("KEY", "98"), text), "terns")
    assert [(each.marker, each.text) for each in document.references] == [
        ("98", WEBER),
        ("2", "Front."),
        ("3", "Text."),
    ]


def test_of_several_beside_a_document_the_first_kind_is_taken(tmp_path: Path) -> None:
    beside(tmp_path, ".ris", RIS.replace("KEY", "5"))
    assert listed(read(beside(tmp_path, ".bib", BIBTEX.replace("KEY", "98")), "terns")) == ["98"]


def test_a_json_of_another_kind_is_no_bibliography(tmp_path: Path) -> None:
    for other in ('{"colour": "white"}', "[]", "[1, 2]", '"tern"', "null"):
        assert listed(read(beside(tmp_path, ".json", other), "terns")) == []
        with pytest.raises(BibliographyError, match=r"no list of entries"):
            parsed(other, ".csl.json")


@pytest.mark.parametrize(
    ("ending", "broken", "reason"),
    [
        (".bib", "", "no entry"),
        (".bib", "Just a note.", "no entry"),
        (".bib", "@article{a, title = {Terns}\n@article{b, title = {Gulls}}", "in line 1 "),
        (".bib", "@misc{a, title = {A}}\n@misc{a, title = {B}}", "in line 2 "),
        (".ris", "", "no entry"),
        (".ris", "TY  - JOUR\nTI  - A\nER  - \nTY  - JOUR\nTI  - B\n", "of its 2 entries 1 end"),
        (".csl.json", "[{", "it is not JSON"),
        (".json", "[{", "it is not JSON"),
        (".json", "[" * 100_000, "nested too deeply"),
        (".csl.json", '[{"title": "A"}]', "no list of entries"),
        (".csl.json", json.dumps([{"id": n} for n in range(20_001)]), "more than 20,000 entries"),
    ],
)
def test_a_broken_bibliography_is_refused_with_its_name_and_what_to_do(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], ending: str, broken: str, reason: str
) -> None:
    source = beside(tmp_path, ending, broken)
    with pytest.raises(BibliographyError, match=re.escape(reason)) as error:
        read(source, "terns")
    assert f"terns{ending}" in error.value.message
    assert ".bib" in error.value.hint
    assert capfd.readouterr() == ("", "")


def test_a_bibliography_that_is_too_large_is_refused_by_its_size(tmp_path: Path) -> None:
    source = beside(tmp_path, ".bib", "")
    with (tmp_path / "terns.bib").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(BibliographyError, match="larger than 16 megabytes"):
        read(source, "terns")


def test_a_broken_bibliography_is_told_and_its_document_left_out_as_with_front_matter(tmp_path: Path) -> None:
    source = beside(tmp_path, ".bib", "nothing")
    (tmp_path / "gulls.md").write_text("Gulls swim.", "utf-8")
    told: list[SourceError] = []
    engine = Engine.create(Settings())
    assert engine.add([tmp_path], on_unreadable=told.append).read == ("gulls",)
    assert [type(error) for error in told] == [BibliographyError]
    with pytest.raises(BibliographyError):
        engine.add([source])


def test_bibliographies_are_no_documents_and_a_change_of_one_is_taken_up_at_the_next_indexing(tmp_path: Path) -> None:
    beside(tmp_path, ".bib", BIBTEX.replace("KEY", "98"))
    engine = Engine.create(Settings())
    assert engine.add([tmp_path]).read == ("terns",)
    assert listed(engine.document("terns")) == ["98"]
    (tmp_path / "terns.bib").write_text(BIBTEX.replace("KEY", "99"), "utf-8")
    engine.add([tmp_path])
    assert listed(engine.document("terns")) == ["99"]
    (tmp_path / "terns.bib").unlink()
    engine.add([tmp_path])
    assert listed(engine.document("terns")) == []


@pytest.mark.parametrize("ending", FILES)
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_bibliography_or_refused_as_none(ending: str, data: st.DataObject) -> None:
    form = FILES[ending]
    start, end = sorted((data.draw(st.integers(0, len(form))), data.draw(st.integers(0, len(form)))))
    text = form[:start] + data.draw(st.text(max_size=20)) + form[end:]
    try:
        found = parsed(text, ending)
    except BibliographyError:
        return
    for each in found:
        assert each.marker
        assert each.text
        each.text.encode("utf-8")


@pytest.mark.parametrize(
    "hostile",
    [
        *("@misc{x, title = {" + "{" * 50_000 + "}" * 50_000 + "}}", "@misc{x, title = {" + "\\" * 50_001 + "a}}"),
        *("@misc{x, title = {" + "\\'{" * 20_000 + "}" * 20_000 + "}}", "@misc{x, author = {" + "and " * 50_000 + "}}"),
        "@misc{x, author = {" + " " * 100_000 + "}}",
    ],
    ids=["braces", "backslashes", "accents", "names", "spaces"],
)
def test_tens_of_thousands_of_marks_end(hostile: str) -> None:
    try:
        found = parsed(hostile, ".bib")
    except BibliographyError:
        return
    assert len(found) == 1
