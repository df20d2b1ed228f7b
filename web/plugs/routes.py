"""The addresses for programs that speak the protocol of others: OpenAI's interface, and the Model Context Protocol.

What answers there is loaded when it is first asked: a service starts without it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from flask import Blueprint, Response, request

__all__ = ["in_openais_form", "mcp", "openai"]

PROBLEM = "application/problem+json"

openai = Blueprint("openai", __name__, url_prefix="/v1")
mcp = Blueprint("mcp", __name__)


def _later(module: str, name: str) -> Callable[..., Response]:
    """A view that is loaded when it is first called."""

    def view(**parts: str) -> Response:
        response: Response = getattr(import_module(module), name)(**parts)
        return response

    return view


def _add(blueprint: Blueprint, method: str, rule: str, module: str, name: str) -> None:
    blueprint.add_url_rule(rule, name, _later(module, name), methods=[method])


_add(openai, "GET", "/models", "web.plugs.openai_views", "models")
_add(openai, "GET", "/models/<name>", "web.plugs.openai_views", "model")
_add(openai, "POST", "/chat/completions", "web.plugs.openai_views", "chat_completions")
_add(openai, "POST", "/responses", "web.plugs.openai_views", "responses")
_add(mcp, "POST", "/mcp", "web.plugs.mcp_views", "exchange")


def in_openais_form(response: Response) -> Response:
    """A problem under `/v1`, whoever told it, in OpenAI's form."""
    if response.mimetype == PROBLEM and request.path.startswith(f"{openai.url_prefix}/"):
        from web.plugs.openai_forms import openai_failure

        status, failure = openai_failure(response.get_data(), is_of_view=request.endpoint is not None)
        response.status_code = status
        response.set_data(failure.model_dump_json())
        response.content_type = "application/json"
    return response
