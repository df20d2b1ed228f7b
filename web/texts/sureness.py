"""A confidence in words, for readers of a possible answer."""

from __future__ import annotations

__all__ = ["SURENESS", "sureness"]

SURENESS = ((0.5, "sureness.fairly_likely"), (0.25, "sureness.unsure"), (0.0, "sureness.very_unsure"))
"""The least confidence, in 0..1, for each text, greatest first. The scripts get it with the page."""


def sureness(confidence: float) -> str:
    """The key of the text for a confidence in 0..1.

    >>> [sureness(each) for each in (0.6, 0.5, 0.3, 0.1)]
    ['sureness.fairly_likely', 'sureness.fairly_likely', 'sureness.unsure', 'sureness.very_unsure']
    """
    return next(key for least, key in SURENESS if confidence >= least)
