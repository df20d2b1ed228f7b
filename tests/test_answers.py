"""An answer is kept for who asks the same again, until the library changes or another day comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from qa import Engine, Settings
from qa.model import Answer
from qa.wire import AskResponse, answer_body
from web import answers, create_app

TERNS = Path(__file__).parent / "fixtures" / "terns"
QUESTION = "In how many people did fever end with alcanor?"


class CountingEngine(Engine):
    """An engine that notes what it is asked."""

    asked: list[str]

    def ask(self, question: str, *, history: Sequence[str] = (), limit: int = 3, document: Any = None) -> Answer:
        self.asked.append(question)
        return super().ask(question, history=history, limit=limit, document=document)


@pytest.fixture
def engine() -> CountingEngine:
    engine = CountingEngine.create(Settings())
    engine.add([TERNS])
    engine.asked = []
    return engine


@pytest.fixture
def client(engine: CountingEngine) -> Iterator[FlaskClient]:
    with create_app(engine).test_client() as client:
        yield client


def ask(client: FlaskClient, **body: Any) -> Any:
    return client.post("/ask", json={"question": QUESTION, **body}).get_json()


def test_what_is_asked_again_gets_the_answer_that_was_kept(client: FlaskClient, engine: CountingEngine) -> None:
    first, again = ask(client), ask(client)
    assert engine.asked == [QUESTION]
    assert first["answered"] is True
    assert again | {"took_ms": 0} == first | {"took_ms": 0}
    assert min(first["took_ms"], again["took_ms"]) > 0


def test_what_differs_in_any_part_is_looked_for(client: FlaskClient, engine: CountingEngine) -> None:
    bodies: list[dict[str, Any]] = [{}, {"limit": 1}, {"history": ["What is alcanor?"]}, {"document": "spotting"}]
    found = [ask(client, **body) for body in bodies]
    assert engine.asked == [QUESTION] * 4
    assert [ask(client, **body) | {"took_ms": 0} for body in bodies] == [each | {"took_ms": 0} for each in found]
    assert len(engine.asked) == 4


def test_a_change_of_the_library_is_answered_from(client: FlaskClient, engine: CountingEngine) -> None:
    first = ask(client)
    engine.remove([first["citation"]["document"]["id"]])
    assert ask(client)["citation"] != first["citation"]
    assert len(engine.asked) == 2


def test_no_more_answers_are_kept_than_is_said(client: FlaskClient, engine: CountingEngine) -> None:
    for number in range(answers.KEPT_ANSWERS + 1):
        ask(client, question=f"What is {number}?", limit=0)
    ask(client, question="What is 1?", limit=0)
    assert len(engine.asked) == answers.KEPT_ANSWERS + 1
    ask(client, question="What is 0?", limit=0)
    assert len(engine.asked) == answers.KEPT_ANSWERS + 2


def test_a_failure_is_not_kept(client: FlaskClient, engine: CountingEngine) -> None:
    assert [ask(client, document="nothing")["status"] for _ in range(2)] == [404, 404]
    assert len(engine.asked) == 2


def test_the_json_of_an_answer_is_its_wire_form_byte_for_byte(client: FlaskClient, engine: CountingEngine) -> None:
    for question in (QUESTION, "Wie spät ist es in Ⅻ?"):
        for _ in range(2):
            sent = client.post("/ask", json={"question": question}).data
            body = AskResponse.model_validate_json(sent)
            assert sent == body.model_dump_json(by_alias=True).encode()
            expected = answer_body(engine.ask(question))
            assert body.model_copy(update={"took_ms": 0}) == expected.model_copy(update={"took_ms": 0})
