"""What the OpenAPI document says is what the service does: cases made from it, good and bad, get no other answer.

`CASES=475 pytest tests/test_openapi.py` makes as many of each kind for each operation, 20,000 in all; without it there
are few. `SEED=2` makes others.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from qa import Engine, Settings
from qa.config import SHIPPED_CORPUS
from qa.feedback import store
from qa.limits import asked_problems
from web import create_app
from web.openapi import openapi_document

load_all_checks()

CASES = int(os.environ.get("CASES", "6"))
SEED = int(os.environ.get("SEED", "1"))

OPERATIONS = [
    f"{method.upper()} {path}"
    for path, operations in openapi_document()["paths"].items()  # type: ignore[attr-defined]
    for method in operations
]

WHAT_REFUSES = {"checks": {"negative_data_rejection": {"expected-statuses": [400, 403, 404, 405, 413, 415, 422]}}}
"""A body may be too large before anybody sees what else is wrong with it."""


def asks_for_few_passages(body: Any) -> bool:
    """At most 1,000 passages in all: one for each question, and its `limit`."""
    return sum(1 + int(turn.get("limit", 3)) for turn in body["turns"]) <= 1000


def asks(messages: Any) -> bool:
    """The person's last message is the question: a string, or parts of texts alone, of at most 1,000 characters."""
    if isinstance(messages, list):
        of_person = [each.get("content") for each in messages if each.get("role") == "user"]
        messages = of_person[-1] if of_person else None
    if isinstance(messages, list):
        is_text = [each["type"] in ("text", "input_text") and each.get("text") is not None for each in messages]
        messages = "\n".join(each["text"] for each in messages) if is_text and all(is_text) else None
    return isinstance(messages, str) and len(messages) <= 1000 and not asked_problems(messages)


SAID_IN_WORDS: dict[str, Callable[[Any], bool]] = {
    "POST /conversation.md": asks_for_few_passages,
    "POST /conversation.json": asks_for_few_passages,
    "POST /v1/chat/completions": lambda body: asks(body["messages"]),
    "POST /v1/responses": lambda body: asks(body["input"]),
}
"""What a body must be that JSON Schema cannot say, for the operations that describe it in words."""


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The operations of a service with the shipped corpus, by method and path."""
    library = tmp_path_factory.mktemp("openapi") / "library"
    engine = Engine.create(Settings(library=library, meaning="off"))
    engine.add(sorted(Path(SHIPPED_CORPUS).glob("*.md"))[:3])
    schema = schemathesis.openapi.from_wsgi(
        "/openapi.json", create_app(engine), config=SchemathesisConfig.from_dict(WHAT_REFUSES)
    )
    return {each.label: each for found in schema.get_all_operations() if (each := found.ok())}  # type: ignore[union-attr]


@cache
def cases(operation: Any, mode: GenerationMode) -> SearchStrategy[Case[Any]]:
    return operation.as_strategy(generation_mode=mode)  # type: ignore[no-any-return]


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_one_that_the_document_says(
    operations: dict[str, Any], label: str, mode: GenerationMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_MOST_A_MINUTE", 10**9)
    most = max(2, CASES // 3) if label == "POST /verify" else CASES  # whose citations take long to make up

    @seed(SEED)
    @settings(
        max_examples=most,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(operations[label], mode))
    def hold(case: Case[Any]) -> None:
        is_to_be_refused = (
            mode is GenerationMode.POSITIVE and label in SAID_IN_WORDS and not SAID_IN_WORDS[label](case.body)
        )
        response = case.call_and_validate(excluded_checks=[positive_data_acceptance] if is_to_be_refused else [])
        assert not is_to_be_refused or response.status_code in (400, 404, 422)

    try:
        hold()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # of what has no parameters nothing can be wrong
