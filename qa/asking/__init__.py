"""A question to the query that the retriever is given."""

__all__: list[str] = []
