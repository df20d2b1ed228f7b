"""Text to terms, sentences and figures."""

__all__: list[str] = []
