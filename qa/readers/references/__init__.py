"""The references of a document, from its own list or a file beside it."""

__all__: list[str] = []
