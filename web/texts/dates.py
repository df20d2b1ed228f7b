"""Which day it is. How days are written is a matter of the language: see `Texts.date`."""

from __future__ import annotations

from datetime import date, datetime

__all__ = ["today"]


def today() -> date:
    """Today's date where the service runs."""
    return datetime.now().astimezone().date()
