"""The widget: one file that puts a question box on pages of the origins in a setting."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, request

from web.answers import REMEMBERED, current_engine, documents_in_address
from web.languages import offered
from web.texts.reading import Forms, Texts, load_texts
from web.texts.sureness import SURENESS

__all__ = ["open_to_origins", "widget"]

SCRIPT = Path(__file__).parent / "widget.js"
TABLES = (
    *("ask", "citation", "failure", "further", "language", "nothing", "possible", "problem_detail"),
    *("reading", "reason", "status", "sureness", "widget"),
)
OPEN = frozenset({"/ask", "/widget.js", "/widget.json"})

widget = Blueprint("widget", __name__)


@widget.get("/widget.js")
def script() -> Response:
    """The widget with its texts in every language, in one file."""
    return Response(_source(offered()), content_type="text/javascript; charset=utf-8")


@widget.get("/widget.json")
def scope() -> Response:
    """What the widget says that it answers from: how many documents, or the title of the one that it asks.

    Raises:
        UnknownDocumentError: if the library has no document with this id.
    """
    only = documents_in_address()
    chosen = current_engine().chosen(only) if only else []
    title = chosen[0].title if len(chosen) == 1 else None
    count = len(chosen) or current_engine().document_count
    return Response(json.dumps({"documents": count, "title": title}), content_type="application/json")


@cache
def _source(languages: Sequence[str]) -> str:
    """The widget, with what its first lines leave open filled in."""
    source = SCRIPT.read_text("utf-8")
    for name, value in (("REMEMBERED", REMEMBERED), ("SURENESS", SURENESS)):
        source = _filled(source, name, value)
    return _filled(source, "TEXTS", {each: _used(load_texts(each), source) for each in languages})


def _filled(source: str, name: str, value: object) -> str:
    before, behind = source.split(f"const {name} = null;")
    return f"{before}const {name} = {json.dumps(value, ensure_ascii=False)};{behind}"


def _used(texts: Texts, source: str) -> dict[str, dict[str, str | Forms]]:
    """Those texts of the tables that the widget names; of those whose names it makes up, all."""
    return {
        table: {
            name: text
            for name, text in texts.tables[table].items()
            if f'"{table}.{name}"' in source or f"`{table}." in source
        }
        for table in TABLES
    }


def open_to_origins(response: Response) -> Response:
    """Let only pages of the named origins load the widget and ask (Fetch Standard, 3.2)."""
    if request.path not in OPEN:
        return response
    response.headers.add("Vary", "Accept, Origin" if request.method == "POST" else "Origin")
    origin = request.environ.get("HTTP_ORIGIN")
    if origin is not None and origin in current_engine().settings.widget_origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = "GET, POST"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            response.headers["Access-Control-Max-Age"] = "600"
    return response
