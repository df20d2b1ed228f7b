"""A passage to its citation, and a citation back to its place."""

__all__: list[str] = []
