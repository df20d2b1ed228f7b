"""The texts of the pages. All of them are in this folder, one file for each language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from markupsafe import Markup, escape

__all__ = ["ENGLISH", "Forms", "Texts", "languages", "load_texts"]

ENGLISH = "en"
"""The language of documents and questions, of what programs are told, and of whoever asks for none that there is."""

TEXTS = Path(__file__).parent

Forms = Mapping[str, str]
"""The forms of a text, by the plural categories of CLDR: `one`, `few`, `many`, `other`."""


class Texts:
    """The texts of one language, by the name of their table and their own name: `citation.page`.

    Numbers that are filled in are written as the language writes them. A text with forms takes the one for its `count`
    by the plural rules of CLDR.
    """

    def __init__(self, tables: Mapping[str, Mapping[str, str | Forms]], language: str = ENGLISH) -> None:
        self.tables = tables
        self.language = language
        self._locale = Locale.parse(language, sep="-")

    def __call__(self, key: str, /, **values: object) -> str:
        """The text with this key, filled in.

        Raises:
            KeyError: for an unknown key, or a value that the text needs and does not get.

        >>> Texts({"bird": {"age": {"one": "1 year", "other": "{count} years"}}})("bird.age", count=1200)
        '1,200 years'
        """
        return self._form(key, values.get("count")).format_map(self._written(values))

    def html(self, key: str, /, **values: object) -> Markup:
        """The same as markup. Values that are markup are filled in as markup, all others as text.

        Raises:
            KeyError: as above.

        >>> Texts({"bird": {"old": "<{age}> old"}}).html("bird.old", age=Markup("<b>3</b>"))
        Markup('&lt;<b>3</b>&gt; old')
        """
        return escape(self._form(key, values.get("count"))).format_map(self._written(values))

    def forms(self, key: str) -> Forms:
        """The forms of a text that has forms, for a script to choose from."""
        table, _, name = key.partition(".")
        text = self.tables[table][name]
        return {"other": text} if isinstance(text, str) else text

    def number(self, value: float) -> str:
        """A number as the language writes it, with at most three decimals.

        >>> Texts({}).number(1234.5), Texts({}, "de").number(1234.5)
        ('1,234.5', '1.234,5')
        """
        if isinstance(value, int) and 0 <= value < 1000:
            return str(value)  # as every language writes it, in Latin digits
        return str(format_decimal(value, locale=self._locale))

    def date(self, day: date) -> str:
        """A day as the language writes it.

        >>> [Texts({}, each).date(date(2026, 11, 22)) for each in ("en", "de", "es")]
        ['November 22, 2026', '22. November 2026', '22 de noviembre de 2026']
        """
        return _long_date(day, self._locale)

    def either(self, words: Sequence[str]) -> str:
        """Words of the question, each in quotation marks, with "or" before the last.

        >>> load_texts("de").either(["tern", "gull"]), load_texts("es").either(["tern", "gull", "auk"])
        ('„tern“ oder „gull“', '«tern», «gull» ni «auk»')
        """
        *others, last = [self("reason.word", word=word) for word in words]
        return self("reason.or", others=", ".join(others), last=last) if others else last

    def reason(self, code: str | None, words: Sequence[str] = ()) -> str:
        """Why there is no answer, or what a possible one lacks, by its code and the words that it names. Empty without.

        >>> load_texts().reason("lacking_words", ["terns"])
        'The passage does not mention “terns”.'
        """
        if code is None:
            return ""
        is_longer = words and code == "too_little"
        key = f"reason.{code}_lacking" if is_longer else f"reason.{code}"
        return self(key, words=self.either(words)) if words else self(key)

    def _written(self, values: Mapping[str, object]) -> Mapping[str, object]:
        return {name: self.number(value) if isinstance(value, int) else value for name, value in values.items()}

    def _form(self, key: str, count: object) -> str:
        table, _, name = key.partition(".")
        text = self.tables[table][name]
        if isinstance(text, str):
            return text
        return text.get(self._locale.plural_form(count) if isinstance(count, int) else "other", text["other"])


@lru_cache(maxsize=4096)
def _long_date(day: date, locale: Locale) -> str:
    return str(format_date(day, "long", locale=locale))


@cache
def languages() -> tuple[str, ...]:
    """The languages that there are texts in, each by its tag (BCP 47), such as `en`."""
    return tuple(sorted(path.stem for path in TEXTS.glob("*.toml")))


@cache
def load_texts(language: str = ENGLISH) -> Texts:
    """The texts of a language that come with this package."""
    return Texts(tomllib.loads((TEXTS / f"{language}.toml").read_text("utf-8")), language)
