"""The header of a Markdown file, in YAML or TOML: what its author says of the document."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from qa.errors import FrontMatterError
from qa.model import Reference
from qa.readers.formats.dates import parse_date

__all__ = ["FrontMatter", "split_front_matter"]

_LONGEST = 256 * 1024  # characters
_HEADER = re.compile(r"---[ \t]*\n(?P<yaml>.*?)(?:^|\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML = re.compile(r"\+\+\+[ \t]*\n(?P<toml>.*?)(?:^|\n)\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_OPENING = re.compile(r"""---[ \t]*\n(?:\s*|(?:\#[^\n]*\n)+)["']?[\w-]+["']?[ \t]*:""")


def _as_tuple(value: object) -> object:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def _as_date(value: object) -> object:
    found = parse_date(value) if isinstance(value, str) else value
    if found is None and value is not None:
        raise PydanticCustomError("date", "it is not a date with its year, month and day, such as 2021-05-11")
    return found


_Texts = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class _ReferenceEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    marker: str
    text: str
    doi: str | None = None
    pmid: str | None = None
    url: str | None = None


class FrontMatter(BaseModel):
    """The fields that become the Document's data; others, which other programs use, are passed over."""

    model_config = ConfigDict(extra="ignore")

    title: str | None = None
    updated: Annotated[date | None, BeforeValidator(_as_date)] = Field(
        default=None, validation_alias=AliasChoices("updated", "date"), strict=True
    )
    authors: _Texts = Field(default=(), validation_alias=AliasChoices("authors", "author"))
    editors: _Texts = Field(default=(), validation_alias=AliasChoices("editors", "editor"))
    publisher: str | None = None
    url: str | None = None
    keywords: _Texts = ()
    references: Annotated[tuple[_ReferenceEntry, ...], BeforeValidator(_as_tuple)] = ()

    def bibliography(self) -> tuple[Reference, ...]:
        """The references, as the Document keeps them."""
        return tuple(
            Reference(marker=e.marker, text=e.text, doi=e.doi, pmid=e.pmid, url=e.url) for e in self.references
        )


class _PlainLoader(yaml.SafeLoader):
    """YAML in which a value is the text as it is written, not a number that prints otherwise (`pmid: 01234567`,
    `doi: 10.10`), without aliases, by which a few lines can stand for gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not allowed")
        return super().compose_node(parent, index)


_PlainLoader.yaml_implicit_resolvers = {
    first: [each for each in resolvers if each[0] == "tag:yaml.org,2002:null"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def split_front_matter(text: str, path: Path) -> tuple[FrontMatter, str]:
    """The header of a file and the text behind it.

    Raises:
        FrontMatterError: for a header that has no end, is not YAML, or gives a field a value of another kind.
    """
    if toml := _TOML.match(text):
        return _validated(_fields_of_toml(toml["toml"], path), path), text[toml.end() :]
    header = _HEADER.match(text)
    is_one = _OPENING.match(text) or (header and text.partition("\n")[2][:1].strip())
    if not is_one:
        return FrontMatter(), text
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
    except RecursionError:
        raise FrontMatterError(path, reason="it is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:
        raise FrontMatterError(path, reason=str(error).splitlines()[0]) from None
    if not isinstance(fields, dict):
        raise FrontMatterError(path, reason="it is no lines of the form 'key: value'")
    try:
        json.dumps(fields, ensure_ascii=False, default=str).encode("utf-8")
    except UnicodeEncodeError:
        raise FrontMatterError(path, reason="it holds a lone surrogate, which is no character") from None
    return _validated(fields, path), text[header.end() :]


def _fields_of_toml(written: str, path: Path) -> dict[str, Any]:
    if len(written) > _LONGEST:
        raise FrontMatterError(path, reason=f"it is longer than {_LONGEST:,} characters")
    try:
        fields = tomllib.loads(written)
    except tomllib.TOMLDecodeError as error:
        raise FrontMatterError(path, reason=f"it is not TOML: {str(error)[:200]}") from None
    except RecursionError:
        raise FrontMatterError(path, reason="it is nested too deeply") from None
    taxonomies = fields.get("taxonomies")
    named = {"updated": fields.get("lastmod"), "keywords": fields.get("tags")} | (
        {"keywords": taxonomies.get("tags")} if isinstance(taxonomies, dict) else {}
    )
    said = {name: value for name, value in named.items() if value is not None} | fields
    return {name: value.date() if isinstance(value, datetime) else value for name, value in said.items()}


def _validated(fields: dict[str, Any], path: Path) -> FrontMatter:
    try:
        return FrontMatter.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "it"
        raise FrontMatterError(path, reason=f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}") from None
