"""What the OpenAPI document says is what the service does: cases made from it, good and bad, get no other answer.

`CASES=500 pytest tests/test_openapi.py` makes as many of each kind for each operation; without it there are few.
"""

from __future__ import annotations

import os
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
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from qa import Engine, Settings
from qa.config import SHIPPED_CORPUS
from qa.feedback import store
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

NOT_SAID = {
    "GET /suggestions.json": "one of `q` and `near`, and not both",
    "GET /documents.json": "not `after` and `before` together; at most 50 words",
    "POST /conversation.md": "at least one turn; at most 1,000 passages in all",
    "POST /conversation.json": "the same",
    "POST /v1/chat/completions": "a message of the person; a question of at most 1,000 characters in it",
    "POST /v1/responses": "the same; another model is not found",
}
"""What a request must be that OpenAPI cannot say, so that one that fits the document may be refused."""


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The operations of a service with the shipped corpus, by method and path."""
    library = tmp_path_factory.mktemp("openapi") / "library"
    engine = Engine.create(Settings(library=library, meaning="off"))
    engine.add(sorted(Path(SHIPPED_CORPUS).glob("*.md"))[:3])
    schema = schemathesis.openapi.from_wsgi("/openapi.json", create_app(engine))
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
    excluded: list[Any] = [positive_data_acceptance] if label in NOT_SAID else []
    if label == "POST /verify":  # what is wrong as citations may be right as an answer
        excluded.append(negative_data_rejection)

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
        case.call_and_validate(excluded_checks=excluded)

    try:
        hold()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # of what has no parameters nothing can be wrong
