"""What the pages and files say of a cited passage: its headings, its sentence, what it is about."""

from __future__ import annotations

from collections.abc import Iterable

from qa.wire import AskResponse, CitationBody, CitedPassageBody
from web.languages import reader_texts

__all__ = ["FILTERS", "came_of", "path", "sentence", "subjects"]

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
    words, label = passage.text, citation.label
    if passage.highlights:
        words = " … ".join(passage.text[start:end].strip() for start, end in passage.highlights)
        first, last = passage.highlights[0][0], passage.highlights[-1][1]
        whole, part = f"{citation.start + 1}-{citation.end}.", f"{citation.start + first + 1}-{citation.start + last}."
        label = f"{label.removesuffix(whole)}{part}"  # it ends in the characters of the passage
    return reader_texts()("citation.copied", quote=words, label=label)


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


FILTERS = {"path": path, "sentence": sentence, "subjects": subjects, "came_of": came_of}
"""The filters of the templates for answers and passages."""
