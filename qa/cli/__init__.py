"""The command line: a thin layer over the engine. `group` finds the commands; `serve` is added by the web package."""

from qa.cli.group import cli, library_option
from qa.cli.printing import count_of

__all__ = ["cli", "count_of", "library_option"]
