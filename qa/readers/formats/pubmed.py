"""A record of PubMed, as it gives them in XML, to a Document: the title and the abstract, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from lxml import etree

from qa.model import Document, Reference
from qa.readers.formats.about import written
from qa.readers.formats.dates import parse_date
from qa.readers.formats.scripts import marked_lowered, marked_raised, plain
from qa.readers.formats.writing import About, PlainText, SourceFile

__all__ = ["read_record"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ADDRESS = "https://pubmed.ncbi.nlm.nih.gov/"


def read_record(record: etree._Element, file: SourceFile) -> Document:
    """The document that a `PubmedArticle` is, whose elements are named without namespaces. Its references have no
    markers, since an abstract has none."""
    pmid = _said(record, "MedlineCitation/PMID")
    title = _said(record, "MedlineCitation/Article/ArticleTitle").strip("[]")
    text = PlainText(title or None)
    if title:
        text.write_heading(1, title)
    for abstract in record.iter("Abstract", "OtherAbstract"):
        for part in abstract.iterchildren("AbstractText"):
            if label := written(part.get("Label")):
                text.write_heading(2, label)
            text.write_block("paragraph", _text(part))
    about = About(
        title=title or None,
        authors=tuple(dict.fromkeys(_authors(record))),
        publisher=_said(record, "MedlineCitation/Article/Journal/Title") or None,
        updated=_day(record),
        url=f"{_ADDRESS}{pmid}/" if pmid.isdecimal() else None,
        keywords=tuple(
            dict.fromkeys(name for each in record.iter("DescriptorName", "Keyword") if (name := _text(each)))
        ),
    )
    return text.document(file, about, references=_references(record))


def _said(record: etree._Element, path: str) -> str:
    found = record.find(path)
    return _text(found) if found is not None else ""


def _text(element: etree._Element) -> str:
    return written(plain("".join(_pieces(element))))


def _pieces(element: etree._Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        inside = "".join(_pieces(child)) if isinstance(child.tag, str) else ""
        yield marked_raised(inside) if child.tag == "sup" else marked_lowered(inside) if child.tag == "sub" else inside
        yield child.tail or ""


def _authors(record: etree._Element) -> Iterator[str]:
    for author in record.iterfind("MedlineCitation/Article/AuthorList/Author"):
        given = _said(author, "ForeName") or _said(author, "Initials")
        if name := " ".join(filter(None, [given, _said(author, "LastName")])) or _said(author, "CollectiveName"):
            yield name


def _day(record: etree._Element) -> date | None:
    """The day on which the article was published; of a month or year the first."""
    article = "MedlineCitation/Article"
    for path in (f"{article}/ArticleDate", f"{article}/Journal/JournalIssue/PubDate"):
        found = record.find(path)
        if found is None:
            continue
        month = _said(found, "Month")
        number = _MONTHS.index(month[:3].lower()) + 1 if month[:3].lower() in _MONTHS else month
        said = [_said(found, "Year") or _said(found, "MedlineDate")[:4], str(number), _said(found, "Day")]
        if day := parse_date("-".join(each.zfill(2) for each in said if each)):
            return day
    return None


def _references(record: etree._Element) -> Iterator[Reference]:
    for number, each in enumerate(record.iter("Reference"), start=1):
        ids = {found.get("IdType"): _text(found) for found in each.iter("ArticleId")}
        if text := _said(each, "Citation"):
            yield Reference(marker=str(number), text=text, doi=ids.get("doi"), pmid=ids.get("pubmed"))
