"""A box to ask in, for pages of other sites."""

__all__: list[str] = []
