"""Who may do what, and how much of it."""

__all__: list[str] = []
