"""The pages, and the files that are made of them."""

__all__: list[str] = []
