"""Files are read in a process of their own."""

__all__: list[str] = []
