"""The texts of the pages. All of them are in `texts/`, one file for each language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

__all__ = ["Texts", "languages", "load_texts"]

TEXTS = Path(__file__).with_name("texts")

Forms = Mapping[str, str]


class Texts:
    """The texts of one language, by the name of their table and their own name: `citation.page`."""

    def __init__(self, tables: Mapping[str, Mapping[str, str | Forms]]) -> None:
        self.tables = tables

    def __call__(self, key: str, /, **values: object) -> str:
        """The text with this key, filled in.

        Raises:
            KeyError: for an unknown key, or a value that the text needs and does not get.

        >>> Texts({"bird": {"age": {"one": "1 year", "other": "{count} years"}}})("bird.age", count=2)
        '2 years'
        """
        return self._form(key, values.get("count")).format_map(values)

    def html(self, key: str, /, **values: object) -> Markup:
        """The same as markup. Values that are markup are filled in as markup, all others as text.

        Raises:
            KeyError: as above.

        >>> Texts({"bird": {"old": "<{age}> old"}}).html("bird.old", age=Markup("<b>3</b>"))
        Markup('&lt;<b>3</b>&gt; old')
        """
        return escape(self._form(key, values.get("count"))).format_map(values)

    def _form(self, key: str, count: object) -> str:
        table, _, name = key.partition(".")
        text = self.tables[table][name]
        return text if isinstance(text, str) else text["one" if count == 1 else "other"]


@cache
def languages() -> tuple[str, ...]:
    """The languages that there are texts in, each by its tag (BCP 47), such as `en`."""
    return tuple(sorted(path.stem for path in TEXTS.glob("*.toml")))


@cache
def load_texts(language: str = "en") -> Texts:
    """The texts of a language that come with this package."""
    return Texts(tomllib.loads((TEXTS / f"{language}.toml").read_text("utf-8")))
