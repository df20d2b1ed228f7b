"""XML of articles: JATS with its references and their markers, the records of PubMed, and what is neither."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from source_files import blocks, source_file

from qa import Engine, Settings
from qa.errors import DamagedSourceError
from qa.model import Document
from qa.readers.formats.xml import read_xml
from qa.readers.passages import passages

DOCTYPE = '<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Publishing DTD v1.3//EN" "JATS.dtd">'
META = """<front><journal-meta><journal-title-group><journal-title>Journal of Terns</journal-title>
</journal-title-group>
<publisher><publisher-name>Sea Press</publisher-name></publisher></journal-meta><article-meta>
<article-id pub-id-type="doi">10.1000/182</article-id><article-id pub-id-type="pmid">77</article-id>
<title-group><article-title>How terns dive<xref ref-type="fn" rid="f9">*</xref></article-title></title-group>
<contrib-group><contrib contrib-type="author"><name><surname>Auk</surname><given-names>Ann B.</given-names></name>
</contrib>
<contrib contrib-type="author"><collab>Gull Group</collab></contrib><contrib contrib-type="editor"><name>
<surname>Ed</surname>
</name></contrib></contrib-group><aff>Sea House</aff><pub-date pub-type="ppub"><year>2022</year></pub-date>
<pub-date pub-type="epub"><day>11</day><month>5</month><year>2021</year></pub-date><abstract><sec><title>Aims</title>
<p>To see them dive.</p></sec></abstract><kwd-group><kwd>terns</kwd></kwd-group></article-meta></front>"""
REFS = """<ref-list><title>References</title><ref id="r1"><label>1.</label><element-citation><person-group
person-group-type="author"><name><surname>Auk</surname><given-names>A</given-names></name><name>
<surname>Gull</surname>
<given-names>B</given-names></name></person-group><article-title>Diving</article-title><source>J Birds</source>
<year>2019</year><volume>12</volume><issue>3</issue><fpage>45</fpage><lpage>50</lpage>
<pub-id pub-id-type="doi">10.1/x</pub-id>
<pub-id pub-id-type="pmid">88</pub-id></element-citation></ref><ref id="r2"><label>2.</label><mixed-citation><name>
<surname>
Gull</surname><given-names>B</given-names></name>. Flying. 2018.</mixed-citation></ref></ref-list>"""


def articles(text: str, notes: list[str] | None = None) -> list[Document]:
    found = list(read_xml(source_file(text, "terns.xml", notes)))
    for document in found:
        for passage in passages(document):
            assert passage.text == document.text[passage.start : passage.end]
    return found


def article(body: str, *, back: str = "", meta: str = META) -> Document:
    [document] = articles(f"{DOCTYPE}<article>{meta}<body>{body}</body><back>{back}</back></article>")
    return document


def test_an_article_is_what_its_front_says_of_it() -> None:
    document = article("<p>Text.</p>")
    assert (document.title, document.authors) == ("How terns dive", ("Ann B. Auk", "Gull Group"))
    assert (document.publisher, document.updated) == ("Journal of Terns", date(2021, 5, 11))
    assert (document.url, document.keywords) == ("https://doi.org/10.1000/182", ("terns",))
    assert [tuple(each) for each in document.left_out] == [("words of the article's front", 2)]
    assert blocks(document) == [
        (("Abstract", "Aims"), "paragraph", "To see them dive."),
        ((), "paragraph", "Text."),
    ]


def test_its_sections_lists_tables_formulas_and_captions_are_its_text() -> None:
    body = """<sec><label>1</label><title>Food</title><p>Fish<sup>a</sup>:<list list-type="order"><list-item>
<p>Eels</p>
    <list><list-item><p>small</p></list-item></list></list-item><list-item><p>Herring</p></list-item>
</list>Behind.</p>
    <sec><title>Weight</title><fig><label>Figure 1</label><caption><title>A tern.</title><p>It dives</p></caption>
    <graphic/></fig><table-wrap><label>Table 1</label><caption><p>Doses</p></caption><table><thead><tr>
<th rowspan="2">Drug
    </th><th colspan="2">Dose</th></tr><tr><th>Adult</th><th>Child</th></tr></thead><tbody><tr><td>Zel</td>
<td>40 mg</td>
    <td>4 mg</td></tr></tbody></table><table-wrap-foot><fn><label>a</label><p>By mouth.</p></fn></table-wrap-foot>
    </table-wrap><disp-formula><mml:math xmlns:mml="m"><mml:mfrac><mml:mn>1</mml:mn><mml:mn>2</mml:mn></mml:mfrac>
</mml:math>
    <label>(1)</label></disp-formula></sec></sec>"""
    weight = ("1 Food", "Weight")
    assert blocks(article(body))[1:] == [
        (("1 Food",), "paragraph", "Fish^a:"),
        (("1 Food",), "list", "1. Eels\n  - small\n2. Herring"),
        (("1 Food",), "paragraph", "Behind."),
        (weight, "paragraph", "Figure 1. A tern. It dives."),
        (weight, "paragraph", "Table 1. Doses."),
        (weight, "table", "| Drug | Dose | Dose |\n| Drug | Adult | Child |\n| Zel | 40 mg | 4 mg |"),
        (weight, "paragraph", "a By mouth."),
        (weight, "paragraph", "1/2 (1)"),
    ]


def test_markers_are_known_whatever_they_look_like_and_references_are_no_passages() -> None:
    body = """<p>They dive [<xref ref-type="bibr" rid="r1">1</xref>–<xref ref-type="bibr" rid="r2">2</xref>], as
    <xref ref-type="bibr" rid="r2">Gull (2018)</xref> says.<sup><xref ref-type="bibr" rid="r1">1</xref></sup></p>"""
    document = article(body, back=REFS)
    assert [(each.label, document.text[each.start : each.end]) for each in document.markers] == [
        ("1", "[1–2]"),
        ("2", "[1–2]"),
        ("2", "Gull (2018)"),
        ("1", "¹"),
    ]
    first, second = document.references
    assert first.text == "Auk A, Gull B. Diving. J Birds. 2019;12(3):45-50."
    assert (first.doi, first.pmid, second.text) == ("10.1/x", "88", "Gull B. Flying. 2018.")
    assert document.text.endswith("1. Auk A, Gull B. Diving. J Birds. 2019;12(3):45-50.\n2. Gull B. Flying. 2018.")
    assert [passage.section for passage in passages(document)] == [("Abstract", "Aims"), ()]


def test_references_without_labels_are_numbered() -> None:
    back = '<ref-list><ref id="b"><mixed-citation>Auk, A. (2019). Diving.</mixed-citation></ref></ref-list>'
    document = article('<p>So says <xref ref-type="bibr" rid="b">Auk 2019</xref>.</p>', back=back)
    assert [(each.label, document.text[each.start : each.end]) for each in document.markers] == [("1", "Auk 2019")]
    assert document.references[0].text == "Auk, A. (2019). Diving."


def test_footnotes_stand_under_the_text_and_notes_of_the_article_behind_it() -> None:
    back = """<ack><p>We thank the sea.</p></ack><fn-group><fn id="n1"><label>3</label><p>At noon.</p></fn>
    <fn fn-type="conflict"><p>No interests.</p></fn></fn-group>"""
    document = article('<p>They dive<xref ref-type="fn" rid="n1"><sup>3</sup></xref>.</p>', back=back)
    assert blocks(document)[1:] == [
        ((), "paragraph", "They dive[^3]."),
        (("Acknowledgements",), "paragraph", "We thank the sea."),
        (("Article notes",), "paragraph", "No interests."),
    ]
    assert [(each.marker, each.text) for each in document.references] == [("^3", "At noon.")]


def test_what_is_struck_out_is_left_out_and_names_of_letters_are_letters() -> None:
    assert blocks(article("<p>Give <strike>40 mg</strike> 4&nbsp;&micro;g.</p>"))[1][2] == "Give 4\xa0µg."


def test_a_set_of_articles_is_several_documents() -> None:
    one = f"<article>{META}<body><p>One.</p></body></article>"
    two = one.replace(">77<", ">78<").replace("One.", "Two.")
    found = articles(f"<pmc-articleset>{one}{two}</pmc-articleset>")
    assert [each.id for each in found] == ["terns-77", "terns-78"]


def test_a_record_of_pubmed_is_its_abstract_part_by_part() -> None:
    record = """<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>77</PMID><Article><Journal><JournalIssue>
<PubDate>
    <Year>2021</Year><Month>May</Month><Day>3</Day></PubDate></JournalIssue><Title>J Terns</Title></Journal>
    <ArticleTitle>How terns dive.</ArticleTitle><Abstract><AbstractText Label="AIMS">To see 10<sup>5</sup> of them.
    </AbstractText><AbstractText Label="RESULTS">They dive.</AbstractText></Abstract><AuthorList><Author>
<LastName>Auk</LastName>
    <ForeName>Ann</ForeName></Author></AuthorList></Article><MeshHeadingList><MeshHeading>
<DescriptorName>Birds</DescriptorName>
    </MeshHeading></MeshHeadingList></MedlineCitation></PubmedArticle></PubmedArticleSet>"""
    [document] = articles(record)
    assert (document.title, document.authors, document.publisher) == ("How terns dive.", ("Ann Auk",), "J Terns")
    assert (document.updated, document.keywords) == (date(2021, 5, 3), ("Birds",))
    assert document.url == "https://pubmed.ncbi.nlm.nih.gov/77/"
    assert blocks(document) == [
        (("AIMS",), "paragraph", "To see 10⁵ of them."),
        (("RESULTS",), "paragraph", "They dive."),
    ]


def test_xml_of_another_kind_is_noted_and_gives_no_document() -> None:
    notes: list[str] = []
    assert articles("<project><name>terns</name></project>", notes) == []
    assert notes == ["it is passed over: it is XML, but no article (its root is 'project')."]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<article><body>", "is no XML"),
        ('<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><article><body><p>&b;</p></body></article>', "entities"),
        (f"<article><body>{'<p>' * 300}{'</p>' * 300}</body></article>", "is no XML"),
    ],
)
def test_what_is_broken_or_hostile_is_an_error_that_says_so(text: str, reason: str) -> None:
    with pytest.raises(DamagedSourceError, match=reason):
        articles(text)


def test_nothing_that_a_file_names_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    address = (tmp_path / "secret.txt").as_uri()
    text = f'<!DOCTYPE article SYSTEM "{address}"><article><body><p>They dive.</p></body></article>'
    assert [each.text for each in articles(text)] == ["They dive."]


def test_an_article_is_indexed_and_answers_with_its_references(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    body = 'Terns dive from nine metres [<xref ref-type="bibr" rid="r1">1</xref>].'
    (folder / "terns.nxml").write_text(
        f"{DOCTYPE}<article>{META}<body><p>{body}</p></body><back>{REFS}</back></article>"
    )
    (folder / "pom.xml").write_text("<project/>")
    notes: list[str] = []
    engine = Engine.create(Settings(library=tmp_path / "library"))
    engine.add([folder], on_note=notes.append)
    answer = engine.ask("From how many metres do terns dive?")
    assert answer.best is not None
    assert answer.best.passage.document_id == "terns"
    assert [each.doi for each in answer.best.citation.references] == ["10.1/x"]
    assert len(notes) == 1
