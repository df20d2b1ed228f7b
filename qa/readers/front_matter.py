"""The YAML header of a Markdown file: what its author says of the document."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from qa.errors import FrontMatterError
from qa.model import Reference
from qa.readers.dates import parse_date

__all__ = ["FrontMatter", "split_front_matter"]

_LONGEST = 256 * 1024  # characters
_HEADER = re.compile(r"---[ \t]*\n(?P<yaml>.*?)(?:^|\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_OPENING = re.compile(r"---[ \t]*\n\s*[\w-]+[ \t]*:")


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int | float | date) and not isinstance(value, bool) else value


def _as_tuple(value: object) -> object:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def _as_date(value: object) -> object:
    if isinstance(value, datetime):
        return value.date()
    return parse_date(value) or value if isinstance(value, str) else value


_Text = Annotated[str, BeforeValidator(_as_text)]
_Texts = Annotated[tuple[_Text, ...], BeforeValidator(_as_tuple)]


class _ReferenceEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    marker: _Text
    text: _Text
    doi: _Text | None = None
    pmid: _Text | None = None


class FrontMatter(BaseModel):
    """The fields that become the Document's data; others, which other programs use, are passed over."""

    model_config = ConfigDict(extra="ignore")

    title: _Text | None = None
    updated: Annotated[date | None, BeforeValidator(_as_date)] = Field(
        default=None, validation_alias=AliasChoices("updated", "date")
    )
    authors: _Texts = Field(default=(), validation_alias=AliasChoices("authors", "author"))
    editors: _Texts = Field(default=(), validation_alias=AliasChoices("editors", "editor"))
    publisher: _Text | None = None
    url: _Text | None = None
    keywords: _Texts = ()
    references: tuple[_ReferenceEntry, ...] = ()

    def bibliography(self) -> tuple[Reference, ...]:
        """The references, as the Document keeps them."""
        return tuple(Reference(marker=e.marker, text=e.text, doi=e.doi, pmid=e.pmid) for e in self.references)


class _PlainLoader(yaml.SafeLoader):
    """YAML without aliases, by which a few lines can stand for gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not allowed")
        return super().compose_node(parent, index)


def split_front_matter(text: str, path: Path) -> tuple[FrontMatter, str]:
    """The header of a file and the text behind it.

    Raises:
        FrontMatterError: for a header that has no end, is not YAML, or gives a field a value of another kind.
    """
    if not _OPENING.match(text):
        return FrontMatter(), text
    header = _HEADER.match(text)
    if header is None:
        raise FrontMatterError(path, reason="it has no closing '---'")
    if len(header["yaml"]) > _LONGEST:
        raise FrontMatterError(path, reason=f"it is longer than {_LONGEST:,} characters")
    try:
        # _PlainLoader is a SafeLoader: it makes plain values only.
        fields = yaml.load(header["yaml"], _PlainLoader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 2}" if error.problem_mark else ""
        raise FrontMatterError(path, reason=f"{error.problem or 'it is not YAML'}{line}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise FrontMatterError(path, reason=str(error).splitlines()[0]) from None
    try:
        return FrontMatter.model_validate(fields), text[header.end() :]
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "it"
        raise FrontMatterError(path, reason=f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}") from None
