"""An answer as a message of a chat: sentences, and quotations of which each has its citation.

It is Markdown, which programs for chats show. Nothing from a document or a question becomes markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from qa.wire import AskResponse, BlockBody, CitationBody, CitedPassageBody
from web.pages.markdown import escaped, quoted
from web.pages.transcripts import readings
from web.texts.reading import load_texts
from web.texts.sureness import sureness

__all__ = ["CitedSpan", "Prose", "prose", "quotation"]

_MARKER = re.compile(r"\\\[(\d{1,4}(?:[,–-] ?\d{1,4}){0,9})\\\](?!\()")
"""A marker such as `[98]`, escaped. It is markup only before a parenthesis: there are no definitions of links here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedSpan:
    """A citation, and the characters [start, end) of the message that quote its passage."""

    start: int
    end: int
    citation: CitationBody


@dataclass(frozen=True, slots=True, kw_only=True)
class Prose:
    """A message, and which of its characters are quotations."""

    text: str
    cited: tuple[CitedSpan, ...] = ()


def prose(answer: AskResponse, *, origin: str) -> Prose:
    """The message: the sentence that answers, its passage, where that stands, and its references.

    A possible answer begins by saying that it is one. If nothing was found, the message says why, and links the nearest
    passages. `origin` goes before the paths of permanent links, such as `http://127.0.0.1:8000`.
    """
    text, spans = "", []
    for paragraph, citation in _paragraphs(answer, origin):
        text += "\n\n" if text else ""
        if citation:
            start = len(text) + len("> ")
            spans.append(CitedSpan(start=start, end=len(text) + len(paragraph), citation=citation))
        text += paragraph
    return Prose(text=text, cited=tuple(spans))


def quotation(cited: CitedPassageBody, *, origin: str) -> str:
    """A passage, its place and its references, as a message has them."""
    return "\n\n".join(paragraph for paragraph, _ in _cited(cited, origin))


def _paragraphs(answer: AskResponse, origin: str) -> Iterator[tuple[str, CitationBody | None]]:
    """The paragraphs of a message; those that quote a passage with its citation."""
    texts = load_texts()
    yield from ((each, None) for each in readings(answer.interpretation, texts))
    if answer.outcome == "nothing_found":
        yield f"{texts('prose.nothing')} {escaped(answer.reason or '')}".strip(), None
        if answer.alternatives:
            yield f"{texts('further.closest')}:", None
            yield "\n".join(f"- {_label(each.citation, origin)}" for each in answer.alternatives), None
        return
    if answer.interpretation.missing:
        yield texts("reading.missing", words=f"**{escaped(', '.join(answer.interpretation.missing))}**"), None
    if answer.outcome == "possible":
        said = [f"**{texts('possible.title')}.**", texts(sureness(answer.confidence)), escaped(answer.reason or "")]
        yield " ".join(filter(None, said)), None
    if answer.outline:
        yield texts("reading.outline", count=len(answer.outline)), None
        for each in answer.outline:
            yield from _cited(each, origin)
    elif answer.passage and answer.citation:
        sentence = " … ".join(answer.passage.text[span.start : span.end] for span in answer.passage.highlights)
        if sentence and sentence != answer.passage.text:
            yield _quoted(sentence), None
            yield texts("prose.passage"), None
        yield from _cited(CitedPassageBody(passage=answer.passage, citation=answer.citation), origin)


def _cited(cited: CitedPassageBody, origin: str) -> Iterator[tuple[str, CitationBody | None]]:
    yield _quoted(cited.passage.text, cited.passage.blocks), cited.citation
    yield _label(cited.citation, origin), None
    if cited.citation.references_status == "no_reference_list":
        yield load_texts()("citation.no_list"), None
    elif cited.citation.references:
        lines = [
            f"- [{escaped(each.marker)}] {escaped(each.text or load_texts()('citation.no_entry'))}"
            + (f" <https://doi.org/{quote(each.doi)}>" if each.doi else "")
            for each in cited.citation.references
        ]
        yield "\n".join(lines), None


def _quoted(words: str, blocks: Sequence[BlockBody] = ()) -> str:
    """Words as a quotation, with its markers as they are. In a listing nothing is escaped, so nothing is changed."""
    written = quoted(words, blocks)
    return written if any(block.kind == "code" for block in blocks) else _MARKER.sub(r"[\1]", written)


def _label(citation: CitationBody, origin: str) -> str:
    """The place of a passage, as a link to it."""
    return f"[{escaped(citation.label)}](<{origin}{citation.permalink}>)"
