"""One reader a format: the bytes of a file to documents."""

__all__: list[str] = []
