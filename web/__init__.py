"""The web service of pincite: the chat page and the JSON interface over an engine."""

from web.app import create_app

__all__ = ["create_app"]
