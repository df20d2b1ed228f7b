"""The protocols of others: OpenAI's interface, and the Model Context Protocol."""

__all__: list[str] = []
