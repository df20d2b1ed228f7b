"""What runs the application: workers, and the server that reads HTTP."""

__all__: list[str] = []
