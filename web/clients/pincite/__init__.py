"""What other programs use of pincite: a client of its web service, and retrievers for the frameworks around language
models.

>>> import pincite
>>> client = pincite.Client("http://127.0.0.1:8000", token="...")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pincite.calls import ServiceError, UnreachableError
    from pincite.client import AsyncClient, Client

__all__ = ["AsyncClient", "Client", "ServiceError", "UnreachableError"]

_HOMES = {
    "AsyncClient": "pincite.client",
    "Client": "pincite.client",
    "ServiceError": "pincite.calls",
    "UnreachableError": "pincite.calls",
}


def __getattr__(name: str) -> object:
    """Each is loaded when it is asked for: a retriever over a library does without HTTP."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found
