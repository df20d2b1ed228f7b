"""Documents added and removed by the page of whoever keeps the library."""

__all__: list[str] = []
