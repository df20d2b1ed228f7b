"""The words of the pages: all of them in one place, and none there that no page uses."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest

import web
from qa.model import LinkNote
from web.texts.reading import Texts, load_texts

WEB = Path(web.__file__).parent
TEMPLATES = sorted(WEB.glob("templates/*.html"))
MODULES = sorted([*WEB.glob("static/*.js"), WEB / "widget" / "widget.js"])
KEY = re.compile(rf"""["'`]((?:{"|".join(load_texts().tables)})\.(?!js\b|html\b)\w+)["'`]""")
TARGET = re.compile(r"\{% block skip_target %\}\w+\{% endblock %\}")  # an id


class Literal(HTMLParser):
    """The words that stand in markup itself, where people read or hear them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.feed(re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", TARGET.sub("", markup), flags=re.DOTALL))

    def handle_data(self, data: str) -> None:
        if any(character.isalpha() for character in data):
            self.words.append(data.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        for name, value in attrs:
            spoken = name in {"aria-label", "title", "alt", "placeholder", "data-absent"}
            if spoken and any(character.isalpha() for character in value or ""):
                self.words.append(f"{name}={value}")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_words_of_its_own(path: Path) -> None:
    assert Literal(path.read_text("utf-8")).words == []


def test_words_in_a_template_would_be_found() -> None:
    assert Literal('<p title="Here">{{ x }} there {# not #}</p>').words == ["title=Here", "there"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_module_has_sentences_of_its_own(path: Path) -> None:
    code = re.sub(r"^\s*//.*$", "", path.read_text("utf-8"), flags=re.MULTILINE)
    written = [single or double for double, single in re.findall(r'"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`', code)]
    assert [each for each in written if re.match(r"[A-Z][a-z]+ [a-z]", each)] == []


ENDPOINTS = {"documents.documents_page", "widget.script"}
"""Names of Flask that read like keys."""


def used() -> set[str]:
    """The keys that any page, module or file asks for."""
    sources = [*TEMPLATES, *MODULES, *WEB.glob("*.py"), *WEB.glob("[!c]*/*.py")]
    return {key for path in sources for key in KEY.findall(path.read_text("utf-8"))} - ENDPOINTS


def written() -> set[str]:
    return {f"{table}.{name}" for table, texts in load_texts().tables.items() for name in texts}


def test_each_text_is_used_and_each_that_is_used_is_there() -> None:
    by_parts = {"reading.corrected_undo", "reading.expanded_undo", "conversation.md", "conversation.json"}
    by_parts |= {key for key in written() if key.startswith("formats.")}
    by_parts |= {key for key in written() if key.startswith(("problem.", "problem_detail.", "reason."))}
    by_parts |= {f"source.link_{note}" for note in get_args(LinkNote)} | {"source.link_cut"}
    of_jobs = ("indexing", "removal", "discarding", "step", "outcome")
    by_parts |= {each for each in written() if each.startswith(tuple(f"manage.{part}_" for part in of_jobs))}
    by_parts |= {f"manage.{fate}" for fate in ("added", "replaced", "removed", "kept")}
    begun = {"source.link_", "manage.step_", "manage.outcome_"}
    assert used() - written() - begun == set()
    assert written() - used() <= by_parts


def test_a_text_is_filled_in_and_takes_the_form_of_its_number() -> None:
    texts = Texts({"birds": {"seen": {"one": "One {kind}", "other": "{count} {kind}s"}}})
    assert [texts("birds.seen", count=count, kind="tern") for count in (0, 1, 2)] == ["0 terns", "One tern", "2 terns"]
    with pytest.raises(KeyError):
        texts("birds.seen", count=1)
    with pytest.raises(KeyError):
        texts("birds.heard")


def test_what_is_filled_into_markup_is_text() -> None:
    assert str(Texts({"a": {"b": "<i>{x}</i>"}}).html("a.b", x="<b>")) == "&lt;i&gt;&lt;b&gt;&lt;/i&gt;"
