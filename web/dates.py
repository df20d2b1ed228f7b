"""Days and times as people write them."""

from __future__ import annotations

from datetime import date, datetime

__all__ = ["long_date", "milliseconds", "today"]


def long_date(day: date) -> str:
    """A day as people write it.

    >>> long_date(date(2021, 5, 11))
    'May 11, 2021'
    """
    return f"{day:%B} {day.day}, {day.year}"


def today() -> date:
    """Today's date where the service runs."""
    return datetime.now().astimezone().date()


def milliseconds(took: float) -> str:
    """A time in milliseconds, with no more digits than say something.

    >>> milliseconds(0.123), milliseconds(1234.5)
    ('0.1', '1,234')
    """
    return f"{took:.1f}" if took < 10 else f"{took:,.0f}"
