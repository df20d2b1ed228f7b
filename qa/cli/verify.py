"""The command that checks citations against a library."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import click

from qa.cli.group import cli, library_option
from qa.cli.printing import count_of, harmless_json, visible
from qa.config import Settings
from qa.engine import Engine
from qa.errors import CitationsError
from qa.model import Claim, Verdict, Verification
from qa.readers import legible, read_text
from qa.wire import VerifyResponse, read_claims, verification_body

__all__ = ["verify"]

EXIT_HELD, EXIT_NOT_HELD = 0, 1
_QUOTED = 40  # characters of a quote that are shown
_VERDICTS: Sequence[Verdict] = get_args(Verdict)


@cli.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(allow_dash=True, path_type=Path))
@library_option
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON, as POST /verify gives them.")
@click.pass_context
def verify(ctx: click.Context, files: tuple[Path, ...], library: Path | None, as_json: bool) -> None:
    """Check whether saved citations are still true.

    A FILE holds answers from `pincite ask --json` or POST /ask, citations or cited passages taken from these, or lists
    of them. `-` is standard input.

    Each citation is verified (its words are at their place), moved (its words are elsewhere in the document, or in the
    same text under another id), changed (its words are no longer in the document) or gone (the document is).

    Exit status: 0 when all cited words are in the library, 1 when any are not, 2 on an error.
    """
    claims = [claim for file in files for claim in _claims(file)]
    found = Engine.open(Settings.load(library=library)).verify(claims)
    if as_json:
        body = VerifyResponse(results=tuple(map(verification_body, found)))
        click.echo(harmless_json(body.model_dump_json(indent=2)))
    else:
        for claim, verification in zip(claims, found, strict=True):
            click.echo(visible(_text(claim, verification)))
        counts = Counter(each.verdict for each in found)
        counted = ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in _VERDICTS if counts[verdict])
        click.echo(f"{count_of(len(found), 'citation')}{': ' if counted else ''}{counted}.")
    ctx.exit(EXIT_HELD if all(each.place for each in found) else EXIT_NOT_HELD)


def _claims(file: Path) -> list[Claim]:
    if str(file) != "-":
        return read_claims(read_text(file), name=legible(file))
    try:
        return read_claims(sys.stdin.buffer.read().decode("utf-8-sig"), name="Standard input")
    except UnicodeDecodeError:
        raise CitationsError("Standard input", reason="it is not text in UTF-8") from None


def _text(claim: Claim, found: Verification) -> str:
    """A line on one citation and, where its words have changed, one on what stands there now."""
    where = f"{' '.join(claim.document_id.split())}, characters {claim.start + 1}-{claim.end}"
    line = f"{found.verdict:<9} {_shown(claim.quote)} ({where}): {found.detail}"
    if found.disagreeing:
        line += f" It differs from the library in: {', '.join(found.disagreeing)}."
    if found.nearest:
        citation = found.nearest.citation
        line += f"\n{'':<9} now {_shown(citation.quote)} (characters {citation.start + 1}-{citation.end})"
    return line


def _shown(quote: str) -> str:
    """The beginning of a quote on one line."""
    words = " ".join(quote[: 10 * _QUOTED].split())
    return f"“{words if len(words) <= _QUOTED else words[:_QUOTED].rstrip() + '…'}”"
