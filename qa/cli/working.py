"""A change of a library in a process of its own, which the service starts: `python -m qa.cli.working`.

It ends with the process that started it, which holds the other end of its standard input. On standard output it says,
in lines of JSON, how far it is and what became of it, as `pincite index --json` does.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence
from threading import Thread
from typing import Any, cast

import click

from qa import Engine, QAError, Settings
from qa.cli.group import EXIT_ERROR, cli

__all__ = ["main"]


def main(command: str, *arguments: str) -> None:
    """Index, with the arguments of `pincite index`, or remove the documents whose ids come on standard input, in a line
    of JSON."""
    ids = json.loads(sys.stdin.buffer.readline()) if command == "remove" else ()
    Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if command == "remove":
        sys.exit(_remove(ids))
    cli([command, *arguments])


def _remove(ids: Sequence[str]) -> int:
    """Remove documents. Returns the exit status."""
    try:
        engine = Engine.open(Settings.load())
        engine.remove(ids)
    except QAError as error:
        click.echo(json.dumps({"error": {"code": error.code, "message": error.message, "hint": error.hint}}))
        return EXIT_ERROR
    report = {"removed": ids, "documents": engine.document_count, "passages": engine.passage_count}
    click.echo(json.dumps({"report": report}))
    return 0


def _end_with_parent() -> None:
    """Wait for the end of standard input: past its buffer, whose lock would keep Python from ending in order."""
    while cast("Any", sys.stdin.buffer).raw.read(4096):
        pass
    signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    main(*sys.argv[1:])
