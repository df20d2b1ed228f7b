"""What the pages and files say of a cited passage: its headings, its sentence, what it is about."""

from __future__ import annotations

from collections.abc import Iterable

from qa.wire import AskResponse, CitationBody, CitedPassageBody
from web.languages import reader_texts
from web.texts.reading import Texts

__all__ = ["FILTERS", "came_of", "page", "path", "place_label", "sentence", "subjects"]

SUBJECTS = 3  # of what nothing is found for, one may ask instead


def path(citation: CitationBody) -> str:
    """The headings above the passage, but for the title, which stands beside them."""
    section = citation.section
    return " › ".join(section[1:] if section[:1] == (citation.document.title,) else section)


def sentence(cited: CitedPassageBody | AskResponse) -> str:
    """The words that answer, with their citation on a line of its own. Without highlights, all of the passage."""
    passage, citation = cited.passage, cited.citation
    if passage is None or citation is None:
        return ""
    words, start, end = passage.text, 0, len(passage.text)
    if passage.highlights:
        words = " … ".join(passage.text[first:behind].strip() for first, behind in passage.highlights)
        start, end = passage.highlights[0][0], passage.highlights[-1][1]
    label = place_label(citation, citation.start + start, citation.start + end, reader_texts())
    return reader_texts()("citation.copied", quote=words, label=label)


def place_label(citation: CitationBody, start: int, end: int, text: Texts) -> str:
    """The citation of characters [start, end) of a document on one line, as its `label` in English, in a language."""
    source = citation.document
    parts = [
        ", ".join(source.authors),
        text("citation.label_title", title=source.title),
        source.publisher or "",
        text("citation.label_section", path=" › ".join(citation.section)) if citation.section else "",
        page(citation, text),
        text("citation.updated", date=source.updated.isoformat()) if source.updated else text("citation.undated"),
        text("citation.label_characters", start=str(start + 1), end=str(end)),
    ]
    return " ".join(part[:1].upper() + part[1:].removesuffix(".") + "." for part in parts if part)


def page(citation: CitationBody, text: Texts | None = None) -> str:
    """The page of a passage, in a language: by its printed name, and its number in the file if that is another. Empty
    without pages."""
    text, number = text or reader_texts(), str(citation.page)
    if citation.page is None:
        return ""
    if citation.page_name in (None, number):
        return text("citation.page", number=number)
    return text("citation.page_named", name=citation.page_name, number=number)


def subjects(alternatives: Iterable[CitedPassageBody]) -> list[str]:
    """What the closest passages are about, each once: their own headings, or the titles of their documents."""
    names = [(each.citation.section or (each.citation.document.title,))[-1] for each in alternatives]
    return list(dict.fromkeys(names))[:SUBJECTS]


def came_of(answer: AskResponse) -> str:
    """What came of a question, in a few words."""
    text = reader_texts()
    if answer.outcome == "answered":
        return text("status.outlined", count=len(answer.outline)) if answer.outline else text("status.answered")
    return text("status.possible") if answer.outcome == "possible" else text("status.nothing")


FILTERS = {"path": path, "page": page, "sentence": sentence, "subjects": subjects, "came_of": came_of}
"""The filters of the templates for answers and passages."""
