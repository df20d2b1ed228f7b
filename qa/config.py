"""The settings of pincite: their defaults, their ranges, and the environment variables that set them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self

from qa.errors import FeedbackUnwritableError, SettingError

__all__ = ["SHIPPED_CORPUS", "SHIPPED_SYNONYMS", "LibraryAddress", "Settings"]

SHIPPED_CORPUS = Path(__file__).resolve().parent.parent / "corpus"
SHIPPED_SYNONYMS = SHIPPED_CORPUS / "synonyms.solr"

_HOST_NAME = re.compile(r"[A-Za-z0-9_.-]{1,253}|\[[0-9a-fA-F:.]+\]")
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?")
"""Where a page comes from, as browsers write it: scheme, host and port, in small letters, and no path."""


_SERVICE = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?(?:/[A-Za-z0-9._~/-]*)?")


class LibraryAddress(str):
    """Where a library is in a cluster: the address of a node, and the library's name behind it."""

    __slots__ = ()

    @property
    def node(self) -> str:
        """The address of the node."""
        return self.rpartition("/")[0]

    @property
    def library(self) -> str:
        """The name of the library."""
        return self.rpartition("/")[2]


_LIBRARY = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
"""The name of a library in a cluster, which does not distinguish capitals."""


def _library(value: Any) -> Path | LibraryAddress:
    """A folder, or an address that begins with its scheme."""
    if not str(value).startswith(("http://", "https://")):
        return Path(value)
    address = LibraryAddress(str(value).rstrip("/"))
    if not _SERVICE.fullmatch(address.node) or not _LIBRARY.fullmatch(address.library):
        raise ValueError(value)
    return address


def _number(kind: type[int | float], least: float, most: float) -> Callable[[Any], int | float]:
    def read(value: Any) -> int | float:
        found = kind(value) if isinstance(value, str) else value
        if not isinstance(found, int | kind) or not least <= found <= most:
            raise ValueError(value)
        return kind(found)

    return read


def _one_of(*names: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in names:
            raise ValueError(value)
        return str(value)

    return read


def _host(value: Any) -> str:
    if not value:
        raise ValueError(value)
    return str(value)


def _listed(value: Any) -> list[str]:
    """What a text lists, with commas or white space between."""
    return value.replace(",", " ").split() if isinstance(value, str) else list(value)


def _hosts(value: Any) -> tuple[str, ...]:
    """Names of hosts, without scheme and port."""
    names = _listed(value)
    if not all(map(_HOST_NAME.fullmatch, names)):
        raise ValueError(value)
    return tuple(name.lower() for name in names)


def _addresses(value: Any) -> tuple[str, ...]:
    """IP addresses, as `ipaddress` writes them."""
    return tuple(str(ip_address(each)) for each in _listed(value))


def _metrics(value: Any) -> str:
    """`off`, `on`, or an address to serve on: a port, or a host and a port."""
    if value in ("off", "on"):
        return str(value)
    host, _, port = str(value).rpartition(":")
    if not port.isdecimal() or not 0 <= int(port) <= 65535 or (host and not _HOST_NAME.fullmatch(host)):
        raise ValueError(value)
    return f"{host or '127.0.0.1'}:{int(port)}"


def _origins(value: Any) -> tuple[str, ...]:
    """Origins, in one text with commas or white space between."""
    origins = _listed(value)
    if not all(map(_ORIGIN.fullmatch, origins)):
        raise ValueError(value)
    return tuple(origins)


def _services(value: Any) -> tuple[str, ...]:
    """Addresses of services, without a user and a password in them: these would be shown."""
    addresses = [each.rstrip("/") for each in _listed(value)]
    if not all(map(_SERVICE.fullmatch, addresses)):
        raise ValueError(value)
    return tuple(addresses)


def _setting(default: Any, read: Callable[[Any], Any], description: str) -> Any:
    """A setting, with the function that reads and checks its value, and a description for people."""
    return field(default=default, metadata={"read": read, "description": description})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One frozen set of settings. The environment may set each one, as `PINCITE_` and its name in capitals.

    Raises:
        SettingError: for a value out of range, or a `possible_threshold` above the `threshold`.
    """

    library: Path | LibraryAddress | None = _setting(
        None,
        _library,
        "Folder of the library to ask, or its address in a cluster, such as https://search.example:9200/handbook. "
        "Default: the corpus that comes with pincite",
    )
    synonyms: Path | None = _setting(
        None, Path, "File of synonyms in Solr's format, used for indexing. Default: the one that comes with pincite"
    )
    engine: str | None = _setting(
        None,
        _one_of("auto", "rank-bm25", "tantivy", "opensearch"),
        "Search engine: rank-bm25, tantivy, opensearch or auto (by size). Default: keep the current one",
    )
    feedback: Path | None = _setting(
        None,
        Path,
        "File for feedback. Default: in the folder of the library, or without a library in your data folder. "
        "With a library in a cluster it must be named",
    )
    host: str = _setting("127.0.0.1", _host, "Address to serve on")
    port: int = _setting(8000, _number(int, 0, 65535), "Port to serve on, 0 to 65535; 0 picks a free one")
    workers: int | None = _setting(
        None, _number(int, 1, 256), "Worker processes that serve, 1 to 256. Default: one for each core"
    )
    threads: int = _setting(4, _number(int, 1, 64), "Threads in each worker process, 1 to 64")
    threshold: float = _setting(0.25, _number(float, 0, 1), "Least confidence to give a passage as the answer, 0 to 1")
    possible_threshold: float = _setting(
        0.1,
        _number(float, 0, 1),
        "Least confidence to give a passage as a possible answer, 0 to threshold",
    )
    meaning: str = _setting(
        "on", _one_of("on", "off"), "on: find and rank passages by words and by meaning; off: by words only"
    )
    model: Path | None = _setting(
        None, Path, "Folder of another encoder in ONNX format. Default: the installed encoder"
    )
    language: str = _setting(
        "auto",
        _one_of("auto", "de", "en", "es"),
        "Language of the pages: de, en, es, or auto: the one each reader asks for",
    )
    old_after: int = _setting(3, _number(int, 0, 1000), "Age in years from which a source is called old, 0 to 1000")

    tokens_file: Path | None = _setting(
        None,
        Path,
        "File of tokens, made by pincite token add. With it, only who has a token may ask. Default: no tokens",
    )
    manage: str = _setting(
        "off",
        _one_of("on", "off"),
        "on: documents can be added and removed on the page /manage by whoever may manage; off: by nobody",
    )
    max_upload: int = _setting(
        1000, _number(int, 1, 100_000), "Most that can be added on the page at once, in megabytes, 1 to 100000"
    )
    allowed_hosts: tuple[str, ...] = _setting(
        (),
        _hosts,
        "Names by which the service is reached from elsewhere, separated by commas, such as answers.example.org",
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (),
        _addresses,
        "IP addresses of proxies in front of the service, separated by commas. Their X-Forwarded headers are believed",
    )
    rate_limit: int | None = _setting(
        None,
        _number(int, 0, 1_000_000),
        "Most requests a minute from one IP address, 0 to 1000000; 0 for no limit. "
        "Default: 600 where others can reach the service",
    )
    token_rate_limit: int | None = _setting(
        None, _number(int, 0, 1_000_000), "Most requests a minute with one token, 0 to 1000000. Default: as above"
    )
    max_connections: int = _setting(2000, _number(int, 10, 100_000), "Most connections at a time, 10 to 100000")
    max_connections_per_address: int = _setting(
        200, _number(int, 2, 100_000), "Most connections at a time from one IP address, 2 to 100000"
    )
    widget_origins: tuple[str, ...] = _setting(
        (), _origins, "Origins whose pages may embed the widget, separated by commas, such as https://example.org"
    )
    metrics: str = _setting(
        "off",
        _metrics,
        "Where Prometheus finds metrics: off; on: at /metrics of the service, for whoever may manage; "
        "PORT or HOST:PORT: at /metrics there, on this machine where no host is given",
    )
    log: str = _setting(
        "plain",
        _one_of("plain", "json"),
        "On standard error: plain: failures, as text; json: failures and every request, as JSON lines",
    )
    log_questions: str = _setting("off", _one_of("off", "on"), "on: the log holds what people ask; off: it does not")

    cluster: tuple[str, ...] = _setting(
        (), _services, "Addresses of the nodes of an OpenSearch cluster, separated by commas, for the engine opensearch"
    )
    cluster_user: str | None = _setting(None, _host, "Name by which the cluster knows pincite")
    cluster_password_file: Path | None = _setting(None, Path, "File with the password of cluster_user")
    cluster_api_key_file: Path | None = _setting(
        None, Path, "File with an API key for the cluster, in place of a user and password"
    )
    cluster_ca: Path | None = _setting(
        None,
        Path,
        "File with the certificate by which the cluster's are checked. Default: those that the system trusts",
    )
    cluster_timeout: float = _setting(
        10.0, _number(float, 1, 600), "Most time to wait for the cluster at a question, in seconds, 1 to 600"
    )
    cluster_shards: int | None = _setting(
        None, _number(int, 1, 1000), "Parts of a new index in the cluster, 1 to 1000. Default: one for each node"
    )

    max_file_size: int = _setting(200, _number(int, 1, 100_000), "Largest source file, in megabytes, 1 to 100000")
    max_memory: int = _setting(
        2048,
        _number(int, 256, 1_000_000),
        "Most memory for reading a file, and for indexing what was read, in megabytes, 256 to 1000000",
    )
    max_seconds: int = _setting(
        60,
        _number(int, 1, 86_400),
        "Most processor time for reading a file, in seconds, 1 to 86400; by the clock, three times as long",
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None or each.default is not None:
                try:
                    object.__setattr__(self, each.name, each.metadata["read"](value))
                except (ValueError, TypeError):
                    raise SettingError(each.name, f"cannot be {value!r}. {each.metadata['description']}") from None
        if self.possible_threshold > self.threshold:
            default = type(self).__dataclass_fields__["possible_threshold"].default
            raise SettingError(
                "threshold" if self.possible_threshold == default else "possible_threshold",
                f"does not fit: possible_threshold ({self.possible_threshold}) "
                f"must not be above threshold ({self.threshold})",
            )

    @property
    def feedback_file(self) -> Path:
        """The file for feedback: the one that is set, else one in the library's folder. For the shipped corpus it is in
        the user's data folder. It need not exist yet.

        Raises:
            FeedbackUnwritableError: where the library is in a cluster, and none is set.
        """
        if self.feedback is not None:
            return self.feedback
        if isinstance(self.library, LibraryAddress):
            raise FeedbackUnwritableError(
                self.library,
                reason="a library in a cluster has no place for it",
                hint="Name a file on this machine with PINCITE_FEEDBACK.",
            )
        from platformdirs import user_data_path

        return (self.library or user_data_path("pincite", appauthor=False)) / "feedback.sqlite3"

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None, **given: Any) -> Self:
        """The settings given here, else those of the environment (`os.environ` by default), else the defaults.

        Arguments that are None and empty variables count as not given.

        Raises:
            SettingError: for a value out of range, with the name as the person wrote it; for an unknown `PINCITE_`
            variable.
        """
        variables = {
            name.removeprefix("PINCITE_").lower(): value
            for name, value in (os.environ if environment is None else environment).items()
            if value and name.startswith("PINCITE_")
        }
        known = {each.name: each.metadata for each in fields(cls)}
        own = {name: value for name, value in given.items() if value is not None}
        for name in variables:
            if name not in known:
                raise SettingError(_variable(name), f"is not known. Known settings: {', '.join(known)}")
        try:
            return cls(**(variables | own))
        except SettingError as error:
            raise error if error.name in own else SettingError(_variable(error.name), error.detail) from None

    def environment(self) -> dict[str, str]:
        """The environment variables by which another process loads the same settings."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            _variable(name): ",".join(value) if isinstance(value, tuple) else str(value)
            for name, value in given.items()
            if value is not None and value != ()
        }


def _variable(name: str) -> str:
    return f"PINCITE_{name.upper()}"
