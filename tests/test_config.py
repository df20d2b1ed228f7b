"""The settings: each with its default, its range and its environment variable, all of them in the README of `qa`."""

from __future__ import annotations

import re
import sys
from dataclasses import FrozenInstanceError, asdict, fields
from pathlib import Path

import pytest

from qa import Settings
from qa.config import SHIPPED_CORPUS, LibraryAddress
from qa.errors import FeedbackUnwritableError, SettingError

README = (Path(__file__).resolve().parent.parent / "qa" / "README.md").read_text("utf-8")

FIELDS = {each.name: each for each in fields(Settings)}

DEFAULTS = {
    "library": None,
    "synonyms": None,
    "engine": None,
    "feedback": None,
    "host": "127.0.0.1",
    "port": 8000,
    "workers": None,
    "threads": 4,
    "threshold": 0.25,
    "possible_threshold": 0.1,
    "meaning": "on",
    "model": None,
    "language": "auto",
    "old_after": 3,
    "tokens_file": None,
    "manage": "off",
    "max_upload": 1000,
    "allowed_hosts": (),
    "trusted_proxies": (),
    "rate_limit": None,
    "token_rate_limit": None,
    "max_connections": 2000,
    "max_connections_per_address": 200,
    "widget_origins": (),
    "metrics": "off",
    "log": "plain",
    "log_questions": "off",
    "cluster": (),
    "cluster_user": None,
    "cluster_password_file": None,
    "cluster_api_key_file": None,
    "cluster_ca": None,
    "cluster_timeout": 10.0,
    "cluster_shards": None,
    "max_file_size": 200,
    "max_memory": 2048,
    "max_seconds": 60,
}

GOOD = [
    ("library", "/srv/library", Path("/srv/library")),
    ("synonyms", "/srv/synonyms.txt", Path("/srv/synonyms.txt")),
    ("engine", "auto", "auto"),
    ("engine", "tantivy", "tantivy"),
    ("engine", "opensearch", "opensearch"),
    ("feedback", "/srv/feedback.sqlite3", Path("/srv/feedback.sqlite3")),
    ("host", "::1", "::1"),
    ("port", "0", 0),
    ("port", "65535", 65535),
    ("workers", "1", 1),
    ("workers", "256", 256),
    ("threads", "1", 1),
    ("threads", "64", 64),
    ("threshold", "0.15", 0.15),
    ("threshold", "1", 1.0),
    ("threshold", "0.75", 0.75),
    ("possible_threshold", "0", 0.0),
    ("possible_threshold", "0.25", 0.25),
    ("possible_threshold", "0.2", 0.2),
    ("meaning", "off", "off"),
    ("meaning", "on", "on"),
    ("model", "/srv/encoder", Path("/srv/encoder")),
    ("language", "auto", "auto"),
    ("language", "de", "de"),
    ("old_after", "0", 0),
    ("old_after", "1000", 1000),
    ("tokens_file", "/srv/tokens.json", Path("/srv/tokens.json")),
    ("manage", "on", "on"),
    ("manage", "off", "off"),
    ("max_upload", "1", 1),
    ("allowed_hosts", "Answers.example.org, b.example [::1]", ("answers.example.org", "b.example", "[::1]")),
    ("trusted_proxies", "192.0.2.1,2001:DB8:0::1", ("192.0.2.1", "2001:db8::1")),
    ("rate_limit", "0", 0),
    ("rate_limit", "1000000", 1_000_000),
    ("token_rate_limit", "60", 60),
    ("max_connections", "10", 10),
    ("max_connections_per_address", "2", 2),
    ("widget_origins", "https://example.org", ("https://example.org",)),
    ("widget_origins", "http://a.example:8080, http://[::1]:9", ("http://a.example:8080", "http://[::1]:9")),
    ("metrics", "on", "on"),
    ("metrics", "9464", "127.0.0.1:9464"),
    ("metrics", "[::1]:0", "[::1]:0"),
    ("log", "json", "json"),
    ("log_questions", "on", "on"),
    ("cluster", "https://a.example:9200/", ("https://a.example:9200",)),
    ("cluster", "http://127.0.0.1:9200, https://[::1]/search", ("http://127.0.0.1:9200", "https://[::1]/search")),
    ("cluster_user", "pincite", "pincite"),
    ("cluster_password_file", "/run/password", Path("/run/password")),
    ("cluster_api_key_file", "/run/key", Path("/run/key")),
    ("cluster_ca", "/etc/ca.pem", Path("/etc/ca.pem")),
    ("cluster_timeout", "1", 1.0),
    ("cluster_timeout", "600", 600.0),
    ("cluster_shards", "1", 1),
    ("cluster_shards", "1000", 1000),
    ("max_file_size", "1", 1),
    ("max_file_size", "100000", 100_000),
    ("max_memory", "256", 256),
    ("max_memory", "1000000", 1_000_000),
    ("max_seconds", "1", 1),
    ("max_seconds", "86400", 86_400),
]
BAD = [
    ("host", ""),
    ("port", "-1"),
    ("port", "65536"),
    ("port", "http"),
    ("port", ""),
    ("port", "80.5"),
    ("workers", "0"),
    ("workers", "257"),
    ("threads", "0"),
    ("threads", "65"),
    ("threads", "many"),
    ("threshold", "-0.01"),
    ("threshold", "1.01"),
    ("threshold", "nan"),
    ("threshold", "inf"),
    ("threshold", "high"),
    ("possible_threshold", "-0.01"),
    ("possible_threshold", "1.01"),
    ("possible_threshold", "nan"),
    ("possible_threshold", "some"),
    ("meaning", "maybe"),
    ("meaning", "ON"),
    ("language", "german"),
    ("language", "DE"),
    ("old_after", "-1"),
    ("engine", "lucene"),
    ("old_after", "1001"),
    ("old_after", "2.5"),
    ("old_after", "never"),
    ("manage", "maybe"),
    ("max_upload", "0"),
    ("allowed_hosts", "https://example.org"),
    ("allowed_hosts", "example.org:80"),
    ("allowed_hosts", "*"),
    ("trusted_proxies", "proxy"),
    ("trusted_proxies", "192.0.2.0/24"),
    ("rate_limit", "1000001"),
    ("token_rate_limit", "-1"),
    ("max_connections", "9"),
    ("max_connections_per_address", "1"),
    ("widget_origins", "*"),
    ("widget_origins", "example.org"),
    ("widget_origins", "https://example.org/page"),
    ("widget_origins", "https://EXAMPLE.org"),
    ("widget_origins", "https://*.example.org"),
    ("widget_origins", "https://example.org, null"),
    ("metrics", "yes"),
    ("metrics", "65536"),
    ("metrics", "http://127.0.0.1:9464"),
    ("log", "text"),
    ("log_questions", "some"),
    ("cluster", "search.example:9200"),
    ("cluster", "https://user:secret@search.example"),
    ("cluster", "https://search.example/?pretty"),
    ("cluster_user", ""),
    ("cluster_timeout", "0.9"),
    ("cluster_timeout", "601"),
    ("cluster_shards", "0"),
    ("cluster_shards", "1001"),
    ("max_file_size", "0"),
    ("max_file_size", "100001"),
    ("max_file_size", "0.5"),
    ("max_memory", "255"),
    ("max_memory", "1000001"),
    ("max_memory", "2 GB"),
    ("max_seconds", "0"),
    ("max_seconds", "86401"),
    ("max_seconds", "never"),
]


def test_the_defaults_are_these() -> None:
    assert asdict(Settings.load({})) == asdict(Settings()) == DEFAULTS


def test_every_setting_is_tested_here_in_good_and_bad() -> None:
    assert {name for name, *_ in GOOD} == set(FIELDS)
    files = {"library", "synonyms", "feedback", "model", "tokens_file"}
    files |= {"cluster_password_file", "cluster_api_key_file", "cluster_ca"}
    assert {name for name, *_ in BAD} == set(FIELDS) - files


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_a_setting_is_taken_from_its_environment_variable(name: str, text: str, value: object) -> None:
    found = Settings.load({f"PINCITE_{name.upper()}": text})
    assert asdict(found) == DEFAULTS | {name: value}


@pytest.mark.parametrize(("name", "text"), [each for each in BAD if each[1]])
def test_a_variable_out_of_range_is_refused_by_its_name_with_its_range(name: str, text: str) -> None:
    variable = f"PINCITE_{name.upper()}"
    with pytest.raises(SettingError) as caught:
        Settings.load({variable: text})
    description = FIELDS[name].metadata["description"]
    assert caught.value.message == f"The setting {variable} cannot be {text!r}. {description}."
    assert caught.value.hint == "Correct it or unset it. qa/README.md lists every setting with its range."


@pytest.mark.parametrize(("name", "text"), BAD)
def test_a_value_out_of_range_is_refused_by_the_name_that_was_given(name: str, text: str) -> None:
    with pytest.raises(SettingError, match=rf"^The setting {name} cannot be '{re.escape(text)}'\. "):
        Settings.load({f"PINCITE_{name.upper()}": "1"}, **{name: text})


UNFIT = "does not fit: possible_threshold ({}) must not be above threshold ({})."


@pytest.mark.parametrize(
    ("given", "named", "possible", "threshold"),
    [
        ({"possible_threshold": 0.26}, "possible_threshold", 0.26, 0.25),
        ({"threshold": 0.05}, "threshold", 0.1, 0.05),
        ({"threshold": 0.5, "possible_threshold": 0.6}, "possible_threshold", 0.6, 0.5),
    ],
)
def test_a_possible_threshold_above_the_threshold_is_refused_by_the_name_that_was_set(
    given: dict[str, float], named: str, possible: float, threshold: float
) -> None:
    told = UNFIT.format(possible, threshold)
    with pytest.raises(SettingError, match=f"^The setting {re.escape(f'{named} {told}')}$"):
        Settings.load({}, **given)
    environment = {f"PINCITE_{name.upper()}": str(value) for name, value in given.items()}
    with pytest.raises(SettingError, match=f"^The setting PINCITE_{re.escape(f'{named.upper()} {told}')}$"):
        Settings.load(environment)


def test_the_thresholds_may_be_equal() -> None:
    found = Settings.load({"PINCITE_THRESHOLD": "0", "PINCITE_POSSIBLE_THRESHOLD": "0"})
    assert (found.threshold, found.possible_threshold) == (0, 0)
    assert Settings(threshold=1, possible_threshold=1).possible_threshold == 1


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_another_process_loads_the_same_settings_from_the_environment_that_they_give(
    name: str, text: str, value: object
) -> None:
    settings = Settings.load({f"PINCITE_{name.upper()}": text})
    assert getattr(settings, name) == value
    assert Settings.load(settings.environment()) == settings


def test_what_is_given_goes_before_the_environment() -> None:
    assert Settings.load({"PINCITE_PORT": "1"}, port=2).port == 2
    assert Settings.load({"PINCITE_PORT": "bad"}, port=2).port == 2


def test_what_is_given_as_none_is_not_given() -> None:
    assert Settings.load({"PINCITE_PORT": "1"}, port=None).port == 1


def test_an_empty_variable_is_not_given() -> None:
    assert Settings.load({"PINCITE_LIBRARY": "", "PINCITE_PORT": ""}) == Settings()


def test_an_unknown_variable_of_ours_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(SettingError) as caught:
        Settings.load({"PINCITE_TRESHOLD": "0.4"})
    assert caught.value.message == (
        "The setting PINCITE_TRESHOLD is not known. "
        "Known settings: library, synonyms, engine, feedback, host, port, workers, threads, threshold, "
        "possible_threshold, meaning, model, language, old_after, "
        "tokens_file, manage, max_upload, allowed_hosts, trusted_proxies, rate_limit, token_rate_limit, "
        "max_connections, max_connections_per_address, widget_origins, metrics, log, log_questions, "
        "cluster, cluster_user, cluster_password_file, cluster_api_key_file, cluster_ca, cluster_timeout, "
        "cluster_shards, max_file_size, max_memory, max_seconds."
    )


def test_variables_of_others_are_passed_over() -> None:
    environment = {"PATH": "/bin", "PORT": "1", "XPINCITE_PORT": "1", "REQUIRE_BROWSER": "1"}
    assert Settings.load(environment) == Settings()


def test_the_environment_of_the_process_is_the_one_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_THRESHOLD", "0.9")
    assert Settings.load().threshold == 0.9
    monkeypatch.delenv("PINCITE_THRESHOLD")
    assert Settings.load().threshold == 0.25


def test_feedback_is_kept_where_it_is_set_else_with_the_library_else_with_the_users_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    library, file = tmp_path / "library", tmp_path / "own.sqlite3"
    assert Settings(library=library, feedback=file).feedback_file == Settings(feedback=file).feedback_file == file
    assert Settings(library=library).feedback_file == library / "feedback.sqlite3"
    assert Settings().feedback_file.name == "feedback.sqlite3"
    assert Settings().feedback_file.parent.name == "pincite"
    if sys.platform == "linux":
        assert Settings().feedback_file == tmp_path / "pincite" / "feedback.sqlite3"
    assert list(tmp_path.iterdir()) == []


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


def test_the_shipped_corpus_is_where_the_documents_are() -> None:
    assert (SHIPPED_CORPUS / "second-line-therapies.md").is_file()


def test_the_readme_lists_every_setting_with_its_default_and_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", README, re.MULTILINE)
    expected = [
        (name, "none" if field.default is None else f"`{field.default}`", field.metadata["description"])
        for name, field in FIELDS.items()
    ]
    assert rows == expected


@pytest.mark.parametrize(
    ("written", "node", "library"),
    [
        ("https://search.example:9200/handbook", "https://search.example:9200", "handbook"),
        ("http://127.0.0.1:9200/behind/a/proxy/terns_2-b/", "http://127.0.0.1:9200/behind/a/proxy", "terns_2-b"),
    ],
)
def test_a_library_may_be_an_address_in_a_cluster(written: str, node: str, library: str) -> None:
    found = Settings(library=written).library  # type: ignore[arg-type]
    assert isinstance(found, LibraryAddress)
    assert (found.node, found.library) == (node, library)
    assert Settings.load({"PINCITE_LIBRARY": written}).library == found
    assert Settings.load(Settings(library=found).environment()).library == found


@pytest.mark.parametrize("name", ["", "Handbook", "a.b", "-a", "a b", "a*", "x" * 101])
def test_an_address_without_a_name_that_a_library_may_have_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match=r"library cannot be .*handbook"):
        Settings(library=f"https://search.example:9200/{name}")  # type: ignore[arg-type]


def test_an_address_with_a_password_in_it_is_refused() -> None:
    with pytest.raises(SettingError, match="library cannot be"):
        Settings(library="https://me:secret@search.example:9200/handbook")  # type: ignore[arg-type]


def test_feedback_on_a_library_in_a_cluster_needs_a_file(tmp_path: Path) -> None:
    address = LibraryAddress("https://search.example:9200/handbook")
    with pytest.raises(FeedbackUnwritableError) as refused:
        _ = Settings(library=address).feedback_file
    assert refused.value.hint == "Name a file on this machine with PINCITE_FEEDBACK."
    assert Settings(library=address, feedback=tmp_path / "f").feedback_file == tmp_path / "f"
