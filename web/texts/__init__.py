"""The words of the interface, in each language."""

__all__: list[str] = []
