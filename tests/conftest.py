"""What the tests share: a small library about terns, an engine over it, and the web service over that."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings
from werkzeug.serving import make_server

from qa import Engine, Settings
from qa.model import Answer, Reading
from web import create_app

if TYPE_CHECKING:
    from browsing import Open
    from playwright.sync_api import Browser

pytest.register_assert_rewrite("retriever_contract", "browsing", "source_files")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background, where no Ctrl-C could be tested
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("thorough", max_examples=10_000)

SMOKE = {
    "corpus": ["test_corpus"],
    "qa": ["test_config", "test_engine", "test_errors"],
    "qa/answering": ["test_answering", "test_outlining"],
    "qa/asking": ["test_followups", "test_question", "test_spelling"],
    "qa/citations": ["test_citing", "test_an_untouched_document_verifies_the_citation"],
    "qa/citations/styles": ["test_a_page_with_all_that_can_be_known_is_cited_by_each_manual"],
    "qa/cli": [
        "test_ask_prints_the_passage_its_citation_and_its_references_and_ends_with_0",
        "test_ask_says_why_nothing_is_found_and_ends_with_1",
        "test_the_command_reference_is_what_help_prints",
    ],
    "qa/encoders": ["test_a_question_in_other_words_finds_the_passage_once_it_is_encoded"],
    "qa/evaluation": ["test_the_figures_are_those_of_the_questions_that_have_a_right_passage"],
    "qa/feedback": ["test_what_is_kept_comes_back_as_it_was_in_the_order_of_its_time"],
    "qa/library": ["test_a_document_and_its_passages_come_back_whole", "test_what_is_indexed_is_what_is_kept"],
    "qa/ranking": ["test_confidence", "test_evidence", "test_highlighting"],
    "qa/readers": ["test_passages", "test_readers"],
    "qa/readers/formats": ["test_docx", "test_epub", "test_html", "test_pdf", "test_plain", "test_records"],
    "qa/readers/references": ["test_entries", "test_synonyms"],
    "qa/readers/sandbox": ["test_a_child_reads_what_this_process_reads"],
    "qa/retrievers": ["test_okapi"],
    "qa/text": ["test_figures", "test_sentences"],
    "qa/wire": ["test_wire"],
    "tests": ["test_every_link_of_a_readme_leads_to_a_file_and_a_heading_that_are_there"],
    "web": [
        "test_answers",
        "test_ask_answers_with_the_passage_word_for_word_and_its_citation",
        "test_nothing_found_is_an_answer_with_the_reason_and_the_missing_words",
    ],
    "web/access": [
        "test_a_token_in_the_header_opens_the_service",
        "test_an_address_is_told_what_is_left_and_then_refused",
    ],
    "web/clients": ["test_client", "test_they_keep_to_a_document"],
    "web/managing": ["test_without_the_setting_or_a_library_of_its_own_there_is_nothing"],
    "web/pages": ["test_a_question_in_the_address_is_answered_on_the_page"],
    "web/plugs": ["test_openai"],
    "web/service": ["test_a_connection_is_kept_and_requests_in_a_row_are_answered_in_their_order"],
    "web/texts": ["test_texts"],
    "web/watching": ["test_ledger"],
    "web/widget": ["test_the_served_file_has_its_words_and_nothing_left_open"],
    "web/deploying": ["test_the_containerfile_has_no_fault_that_linters_know"],
}
"""What `pytest -m smoke` runs of each folder, in under a minute: quick modules, and single tests of slow ones."""

SLOW = {
    "test_a_byte_changed_anywhere_is_a_damaged_index_or_one_of_no_consequence",
    "test_a_damaged_file_is_read_or_an_error_and_never_a_crash",
    "test_a_file_cut_short_anywhere_is_a_damaged_index",
    "test_another_process_with_other_hashes_gives_the_same_bytes",
    "test_every_ground_and_the_confidence_lie_in_0_to_1",
    "test_folders_lie_in_one_another_as_deep_as_paths_are_long",
    "test_no_sentence_of_a_paragraph_or_list_is_cut",
    "test_sentences_end_where_punkt_ends_them_however_it_was_decided",
    "test_the_whole_way_works_with_every_socket_refused",
}
"""What it leaves out of those modules."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    chosen = {name for names in SMOKE.values() for name in names}
    for item in items:
        name = item.originalname if isinstance(item, pytest.Function) else item.name
        if {item.path.stem, name} & chosen and name not in SLOW:
            item.add_marker(pytest.mark.smoke)


TERNS = Path(__file__).parent / "fixtures" / "terns"


class ReadingEngine(Engine):
    """An engine that reads "bevakor" as "bevacor", and "HR" as "hazard ratio" as well, outside of quotation marks."""

    def ask(self, question: str, *, history: Sequence[str] = (), limit: int = 3, document: Any = None) -> Answer:
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


@contextmanager
def served_address(app: Flask) -> Iterator[str]:
    """The address at which a service answers by a socket, as programs with a client of their own need it."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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


@pytest.fixture
def unsure_engine(tmp_path: Path) -> Engine:
    """An engine that never answers: what it finds may answer at most."""
    engine = Engine.create(Settings(feedback=tmp_path / "feedback.sqlite3", threshold=1.0, possible_threshold=0.01))
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
