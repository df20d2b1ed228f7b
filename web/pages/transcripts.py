"""A conversation in Markdown (CommonMark). Nothing from a document or a question becomes markup."""

from __future__ import annotations

from collections.abc import Iterator

from qa.wire import AskResponse, CitedPassageBody, ConversationBody, InterpretationBody, ReferenceBody
from web.pages.entries import doi_address, entry
from web.pages.markdown import escaped, linked, quoted
from web.pages.places import page, path
from web.texts.reading import Texts
from web.texts.sureness import sureness

__all__ = ["as_markdown", "readings"]


def as_markdown(conversation: ConversationBody, *, origin: str, text: Texts) -> str:
    """The conversation for people: each question, the passage that was found, word for word, and its place. All else
    is in the language of the texts.

    `origin` goes before the paths of permanent links, such as `http://127.0.0.1:8000`.
    """
    parts = [f"# {text('transcript.title')}", text("transcript.exported", date=text.date(conversation.exported))]
    for turn in conversation.turns:
        parts += [f"## {escaped(turn.question)}", *_answer(turn, origin, text)]
    return "\n\n".join(parts) + "\n"


def _answer(turn: AskResponse, origin: str, text: Texts) -> Iterator[str]:
    yield from readings(turn.interpretation, text)
    if turn.outcome == "nothing_found":
        yield escaped(text.reason(turn.reason_code, turn.reason_words))
        if turn.alternatives:
            yield f"### {text('further.closest')}"
        for each in turn.alternatives:
            yield from _cited(each, origin, text)
        return
    if turn.interpretation.missing:
        yield text("reading.missing", words=f"**{escaped(', '.join(turn.interpretation.missing))}**")
    if turn.outcome == "possible":
        said = [
            f"**{text('possible.title')}.**",
            text(sureness(turn.confidence)),
            escaped(text.reason(turn.reason_code, turn.reason_words)),
        ]
        yield " ".join(filter(None, said))
    if turn.outline:
        yield text("reading.outline", count=len(turn.outline))
        for each in turn.outline:
            if headings := path(each.citation):
                yield f"### {escaped(headings)}"
            yield from _cited(each, origin, text)
    elif turn.passage and turn.citation:
        yield from _cited(CitedPassageBody(passage=turn.passage, citation=turn.citation), origin, text)


def readings(interpretation: InterpretationBody, text: Texts) -> Iterator[str]:
    """What words of the question were read as, and which were taken over, each in a sentence."""
    for each in interpretation.corrected:
        yield text("reading.corrected", read=f"**{escaped(each.to)}**")
    for each in interpretation.expanded:
        yield text("reading.expanded", written=escaped(each.from_), read=f"**{escaped(each.to)}**")
    if interpretation.carried_over:
        yield text("reading.carried_over", words=escaped(", ".join(interpretation.carried_over)))


def _cited(cited: CitedPassageBody, origin: str, text: Texts) -> Iterator[str]:
    citation = cited.citation
    source = citation.document
    yield quoted(cited.passage.text, cited.passage.blocks, cited.passage.highlights)
    updated = text("citation.updated", date=text.date(source.updated)) if source.updated else text("citation.undated")
    editors = text("citation.editors", count=len(source.editors), names=", ".join(source.editors))
    facts = [
        path(citation),
        ", ".join(source.authors),
        editors if source.editors else None,
        source.publisher,
        updated,
        page(citation, text),
    ]
    yield f"**{escaped(source.title)}**\\\n{' · '.join(escaped(fact) for fact in facts if fact)}\\\n" + text(
        "citation.permalink", address=f"<{origin}{citation.permalink}>"
    )
    if citation.references_status == "no_reference_list":
        yield text("citation.no_list")
    elif citation.references:
        yield "\n".join(
            f"- {escaped(text('citation.marker', marker=each.marker))} {_entry(each, text)}"
            for each in citation.references
        )


def _entry(reference: ReferenceBody, text: Texts) -> str:
    """An entry of a bibliography, with each of its addresses once."""
    shown = entry(reference)
    parts = [
        linked(*shown[:4]) if shown.href else escaped(reference.text or text("citation.no_entry")),
        f"<{doi_address(shown.doi)}>" if shown.doi else "",
        linked(words=text("citation.link"), href=shown.url) if shown.url else "",
    ]
    return " ".join(filter(None, parts))
