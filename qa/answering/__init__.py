"""Whether the first passage answers, and how the answer is said."""

__all__: list[str] = []
