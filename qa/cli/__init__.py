"""The command line: a thin layer over the engine. `serve` is added by the web package."""

from qa.cli.bench import bench
from qa.cli.commands import cli, library_option
from qa.cli.evaluate import evaluate
from qa.cli.feedback import feedback
from qa.cli.keeping import backup, check
from qa.cli.library import index, list_documents, remove
from qa.cli.printing import count_of
from qa.cli.verify import verify

__all__ = [
    "backup",
    "bench",
    "check",
    "cli",
    "count_of",
    "evaluate",
    "feedback",
    "index",
    "library_option",
    "list_documents",
    "remove",
    "verify",
]
