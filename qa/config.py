"""The settings of pincite: their defaults, their ranges, and the environment variables that set them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from platformdirs import user_data_path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from qa.errors import SettingError

__all__ = ["SHIPPED_CORPUS", "SHIPPED_SYNONYMS", "Settings"]

SHIPPED_CORPUS = Path(__file__).resolve().parent.parent / "corpus"
SHIPPED_SYNONYMS = SHIPPED_CORPUS / "synonyms.solr"


Origin = Annotated[str, StringConstraints(pattern=r"^https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$")]
"""Where a page comes from, as browsers write it: scheme, host and port, in small letters, and no path."""


def _listed(value: object) -> object:
    """What stands in a variable as a list: its parts between commas or white space."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


class Settings(BaseModel):
    """One frozen set of settings. Each may be given by the environment as `PINCITE_` and its name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    library: Path | None = Field(
        default=None, description="folder of the library to ask; without one, the shipped corpus"
    )
    synonyms: Path | None = Field(
        default=None, description="file of synonyms in Solr's form to index with; without one, the shipped file"
    )
    engine: Literal["auto", "rank-bm25", "tantivy"] | None = Field(
        default=None,
        description="what a library is indexed with: rank-bm25, tantivy, or auto, by its size; "
        "without it, as it was asked for before",
    )
    feedback: Path | None = Field(
        default=None,
        description="file that keeps feedback; without one, in the library's folder, or the user's data folder",
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="address to serve on")
    port: int = Field(default=8000, ge=0, le=65535, description="port to serve on, 0 to 65535; 0 takes a free one")
    workers: int | None = Field(
        default=None, ge=1, le=256, description="processes that serve, 1 to 256; without it, one for each core"
    )
    threads: int = Field(default=4, ge=1, le=64, description="threads of each process that serve, 1 to 64")
    threshold: float = Field(
        default=0.3, ge=0, le=1, description="least confidence at which a passage is given as the answer, 0 to 1"
    )
    old_after: int = Field(
        default=3, ge=0, le=1000, description="years after which a source is said to be old, 0 to 1000"
    )

    widget_origins: Annotated[tuple[Origin, ...], BeforeValidator(_listed)] = Field(
        default=(),
        description="origins whose pages may embed the widget, such as https://example.org, with commas between",
    )

    max_file_size: int = Field(
        default=200, ge=1, le=100_000, description="megabytes that a source file may have, 1 to 100000"
    )
    max_memory: int = Field(
        default=2048, ge=256, le=1_000_000, description="megabytes that reading a file may take, 256 to 1000000"
    )
    max_seconds: int = Field(
        default=60, ge=1, le=86_400, description="seconds that reading a file may take, 1 to 86400"
    )

    @property
    def feedback_file(self) -> Path:
        """The file that keeps feedback: the one that is set, else one in the library's folder, else, of the shipped
        corpus, one in the folder where the system has a user's data. Neither need be there yet."""
        if self.feedback is not None:
            return self.feedback
        return (self.library or user_data_path("pincite", appauthor=False)) / "feedback.sqlite3"

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None, **given: Any) -> Self:
        """The settings given here, else those of the environment (`os.environ` unless another is given), else defaults.

        Arguments that are None, and variables that are empty, count as not given.

        Raises:
            SettingError: for a value out of range, named as the person wrote it; for an unknown `PINCITE_` variable.
        """
        variables = {
            name: value
            for name, value in (os.environ if environment is None else environment).items()
            if value and name.startswith("PINCITE_")
        }
        values: dict[str, Any] = {name.removeprefix("PINCITE_").lower(): value for name, value in variables.items()}
        values |= {name: value for name, value in given.items() if value is not None}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            variable = f"PINCITE_{name.upper()}"
            if first["type"] == "extra_forbidden":
                raise SettingError(variable, f"is not known; known are {', '.join(cls.model_fields)}") from None
            shown = variable if variable in variables and given.get(name) is None else name
            raise SettingError(
                shown, f"cannot be {values[name]!r}: it is {cls.model_fields[name].description}"
            ) from None
