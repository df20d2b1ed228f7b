"""Whether the first passage answers, and what the answer says."""

__all__: list[str] = []
