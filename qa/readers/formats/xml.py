"""XML of articles: JATS, as PubMed Central and publishers give them, and the records of PubMed. Which it is, its root
tells. A file may hold a set of articles, each of which is a document."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from qa.errors import DamagedSourceError
from qa.model import Document
from qa.readers.formats.archives import NotXMLError, OwnEntitiesError, local_name, named_entities_resolved, xml_root
from qa.readers.formats.decoding import decode
from qa.readers.formats.jats import ids_of_article, read_jats
from qa.readers.formats.pubmed import read_record
from qa.readers.formats.writing import SourceFile

__all__ = ["read_xml"]

_NOT_IN_ID = re.compile(r"[^A-Za-z0-9]+")


def read_xml(file: SourceFile) -> Iterator[Document]:
    """The articles that a file of XML holds. XML of another kind is noted, and gives none.

    Raises:
        NotTextError: for what is no text.
        DamagedSourceError: for what is not well formed, is nested more than 256 deep, or has entities of its own.
    """
    try:
        root = xml_root(named_entities_resolved(decode(file.data, file.path)))
    except (NotXMLError, OwnEntitiesError) as error:
        raise DamagedSourceError(file.path, kind="XML", reason=f"it {error}") from None
    for each in root.iter(etree.Element):
        each.tag = local_name(each)
    records = list(root.iterchildren("PubmedArticle")) if root.tag == "PubmedArticleSet" else []
    found = [root] if root.tag == "article" else [*root.iter("article")]
    articles = [each for each in found if each.find("front") is not None or each.find("body") is not None]
    if not records and not articles:
        file.note(f"it is passed over: it is XML, but no article (its root is {str(root.tag)[:40]!r}).")
    for number, article in enumerate(articles):
        given = (each for kind in ("pmid", "pmc", "doi") for each in ids_of_article(article, kind))
        yield read_jats(article, _of(file, next(given, ""), number, of=len(articles)))
    for number, record in enumerate(records):
        yield read_record(record, _of(file, record.findtext("MedlineCitation/PMID") or "", number, of=len(records)))


def _of(file: SourceFile, given: str, number: int, *, of: int) -> SourceFile:
    """A file that an article of a set might have been, under an id of its own; the only one has that of the file."""
    its_id = _NOT_IN_ID.sub("-", given).strip("-")[:80] or str(number + 1)
    return replace(file, document_id=f"{file.document_id}-{its_id}", counted=Counter()) if of > 1 else file
