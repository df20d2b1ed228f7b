"""The web service of pincite: the chat page and the JSON interface over an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from web.app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> object:
    """`create_app`, and with it Flask, when it is asked for: most commands do without."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from web.app import create_app

    return create_app
