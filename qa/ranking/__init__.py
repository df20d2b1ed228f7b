"""Candidates to a ranking, by evidence."""

__all__: list[str] = []
