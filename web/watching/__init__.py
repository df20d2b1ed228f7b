"""What the service did: counted, logged, and told."""

__all__: list[str] = []
