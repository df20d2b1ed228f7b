"""The command that checks citations against a library."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import click

from qa.cli.group import cli, library_option
from qa.cli.printing import count_of, visible
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
@click.option("--json", "as_json", is_flag=True, help="Print the findings as POST /verify gives them.")
@click.pass_context
def verify(ctx: click.Context, files: tuple[Path, ...], library: Path | None, as_json: bool) -> None:
    """Check whether citations still hold. Exits with 0 when all words stand in the library, 1 when any do not, 2 on an
    error.

    A FILE has answers as `pincite ask --json` or POST /ask gives them, citations or cited passages out of these, or
    lists of them; `-` is standard input. Of each citation it is said whether its words are verified (at their place),
    moved (elsewhere in the document, or in the same text under another id), changed (no longer in the document) or gone
    (with the document).
    """
    claims = [claim for file in files for claim in _claims(file)]
    found = Engine.open(Settings.load(library=library)).verify(claims)
    if as_json:
        body = VerifyResponse(results=tuple(map(verification_body, found)))
        click.echo(body.model_dump_json(indent=2))
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
        line += f" Says otherwise than the library: {', '.join(found.disagreeing)}."
    if found.nearest:
        citation = found.nearest.citation
        line += f"\n{'':<9} now {_shown(citation.quote)} (characters {citation.start + 1}-{citation.end})"
    return line


def _shown(quote: str) -> str:
    """The beginning of a quote on one line."""
    words = " ".join(quote[: 10 * _QUOTED].split())
    return f"“{words if len(words) <= _QUOTED else words[:_QUOTED].rstrip() + '…'}”"
