"""What the tests share: a small library about terns, an engine over it, and the web service over that."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings

from qa import Engine, Settings
from qa.model import Answer, Reading
from web import create_app

if TYPE_CHECKING:
    from browsing import Open
    from playwright.sync_api import Browser

pytest.register_assert_rewrite("retriever_contract", "browsing")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background, where no Ctrl-C could be tested
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("thorough", max_examples=10_000)

TERNS = Path(__file__).parent / "fixtures" / "terns"


class ReadingEngine(Engine):
    """An engine that reads "bevakor" as "bevacor", and "HR" as "hazard ratio" as well, outside of quotation marks."""

    def ask(self, question: str, *, history: Sequence[str] = (), limit: int = 3, document: str | None = None) -> Answer:
        unquoted = "".join(question.split('"')[::2])
        corrected, expanded = "bevakor" in unquoted, "HR" in unquoted
        read = question.replace("bevakor", "bevacor") if corrected else question
        read = read.replace("HR", "hazard ratio") if expanded else read
        answer = super().ask(read, history=history, limit=limit, document=document)
        interpretation = replace(
            answer.interpretation,
            corrected=(Reading("bevakor", "bevacor"),) if corrected else (),
            expanded=(Reading("HR", "hazard ratio"),) if expanded else (),
        )
        return replace(answer, question=question, interpretation=interpretation)


@pytest.fixture
def reading_engine() -> ReadingEngine:
    engine = ReadingEngine.create(Settings())
    engine.add([TERNS])
    return engine


@pytest.fixture(autouse=True, scope="session")
def own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No feedback of a test, nor the corpus as it prepares it, is kept among the user's own."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield folder


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = Engine.create(Settings(feedback=tmp_path / "feedback.sqlite3"))
    engine.add([TERNS])
    return engine


@pytest.fixture(scope="session")
def shipped_engine() -> Engine:
    """The engine over the corpus that comes with pincite. Do not change its documents."""
    return Engine.open(Settings())


@pytest.fixture
def app(engine: Engine) -> Flask:
    return create_app(engine)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of a service over the library of terns."""
    from browsing import library_of_terns, served

    with served(create_app(library_of_terns())) as address:
        yield address


@pytest.fixture(scope="module")
def browser(site: str) -> Iterator[Browser]:  # noqa: ARG001 - the browser goes before the server
    """A browser, which the tests of a module share."""
    from browsing import running_browser

    with running_browser() as browser:
        yield browser


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Open]:
    """Opens pages of the service, which must go without an error."""
    from browsing import opening

    with opening(browser, site) as open_page:
        yield open_page
