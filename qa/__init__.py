"""pincite's engine: your own documents in, the passage that answers a question out, word for word, with its citation.

>>> from qa import Engine, Settings
>>> engine = Engine.open(Settings())
>>> answer = engine.ask("What was the hazard ratio of pomalidomide in MM-003?")
>>> answer.best.citation.section
('Pomalidomide',)
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qa.config import Settings
    from qa.engine import Engine
    from qa.errors import QAError
    from qa.library.adding import Progress

__all__ = ["Engine", "Progress", "QAError", "Settings"]

_HOMES = {"Engine": "qa.engine", "Progress": "qa.library.adding", "QAError": "qa.errors", "Settings": "qa.config"}


def __getattr__(name: str) -> object:
    """Each is loaded when it is asked for: a process that needs a part of the package does not wait for the whole."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found
