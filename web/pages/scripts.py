"""The scripts as browsers get them: without the lines that are comments, a tenth of what they are."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from flask import Response, current_app, request
from werkzeug.security import safe_join

__all__ = ["send"]

_COMMENT = re.compile(r"^[ \t]*//.*\n", re.MULTILINE)


def send(filename: str) -> Response:
    """A file of the folder `static`. A script that was not changed since a browser got it is not sent again."""
    path = safe_join(current_app.static_folder or "", filename)
    if path is None or not filename.endswith(".js") or not Path(path).is_file():
        return current_app.send_static_file(filename)
    response = Response(_without_comments(path, Path(path).stat().st_mtime_ns), mimetype="text/javascript")
    response.add_etag()
    response.cache_control.no_cache = True  # as Flask sends the others: kept, and asked for again
    response.make_conditional(request)
    return response


@lru_cache(maxsize=64)
def _without_comments(path: str, _changed: int) -> str:
    return _COMMENT.sub("", Path(path).read_text("utf-8"))
