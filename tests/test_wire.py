"""The wire form: what is accepted, how each breach of it is named, and what an answer looks like."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from qa import Engine
from qa.errors import InvalidRequestError
from qa.limits import MAX_DOCUMENTS
from qa.wire import (
    MAX_HISTORY,
    MAX_LIMIT,
    MAX_QUESTION,
    AskRequest,
    AskResponse,
    answer_body,
    cited_passage_body,
    document_body,
)

KNOWN = "question, history, limit, document"
NOT_AN_OBJECT = 'must be a JSON object such as {"question": "..."}'
A_DOCUMENT = "must be a string or a list of strings"
A_LIMIT = "must be a whole number from 0 to 20"
NO_CONTROLS = "must not have control characters (it has "

QUESTIONS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(str.strip)
REQUESTS = st.builds(
    AskRequest,
    question=QUESTIONS,
    history=st.lists(QUESTIONS, max_size=4).map(tuple),
    limit=st.integers(0, MAX_LIMIT),
    document=st.lists(QUESTIONS, max_size=3).map(tuple),
)


def problems(body: bytes | str) -> list[tuple[str, str]]:
    """What is said of a body that breaks the form."""
    with pytest.raises(InvalidRequestError) as caught:
        AskRequest.from_json(body.encode() if isinstance(body, str) else body)
    return [(problem.pointer, problem.detail) for problem in caught.value.problems]


# Good requests


def test_a_question_is_all_that_is_needed() -> None:
    assert AskRequest.from_json(b'{"question": "Where do terns nest?"}') == AskRequest(
        question="Where do terns nest?", history=(), limit=3, document=()
    )


def test_a_request_in_full() -> None:
    body = {"question": "And gulls?", "history": ["Where do terns nest?"], "limit": 0, "document": "terns"}
    assert AskRequest.from_json(json.dumps(body).encode()).model_dump(mode="json") == body


@pytest.mark.parametrize(
    "question",
    [
        "x",
        "x" * MAX_QUESTION,
        "🐦" * MAX_QUESTION,
        "two\nlines\tand a tab",
        "\u202eright to left\u202c",
        "e" + "\u0301" * (MAX_QUESTION - 1),
        "\u200b?",
        "a\ufffeb",
        "' OR 1=1; --",
        "<script>alert(1)</script>",
    ],
)
def test_any_text_of_1_to_1000_characters_is_a_question(question: str) -> None:
    assert AskRequest.from_json(json.dumps({"question": question}).encode()).question == question
    assert AskRequest.from_json(json.dumps({"question": question}, ensure_ascii=False).encode()).question == question
    assert AskRequest.from_arguments(question).question == question


@settings(deadline=None, max_examples=100)
@given(request=REQUESTS)
def test_a_request_comes_back_from_json_as_it_was(request: AskRequest) -> None:
    assert AskRequest.from_json(request.model_dump_json().encode()) == request


# Bad requests


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{}", [("/question", "is required")]),
        ('{"question": ""}', [("/question", "must not be empty")]),
        ('{"question": " \\n\\t "}', [("/question", "must not be blank")]),
        ('{"question": "\\u00a0\\u2003"}', [("/question", "must not be blank")]),
        ('{"question": null}', [("/question", "must be a string")]),
        ('{"question": 1}', [("/question", "must be a string")]),
        ('{"question": true}', [("/question", "must be a string")]),
        ('{"question": ["x"]}', [("/question", "must be a string")]),
        ('{"question": {"text": "x"}}', [("/question", "must be a string")]),
        (
            json.dumps({"question": "x" * (MAX_QUESTION + 1)}),
            [("/question", "must have at most 1,000 characters (it has 1,001)")],
        ),
        ('{"question": "a\\u0000b"}', [("/question", NO_CONTROLS + "U+0000 at character 1)")]),
        ('{"question": "\\u001b[2J"}', [("/question", NO_CONTROLS + "U+001B at character 0)")]),
        ('{"question": "ab\\u0085"}', [("/question", NO_CONTROLS + "U+0085 at character 2)")]),
        ('{"question": "ab\\u007f"}', [("/question", NO_CONTROLS + "U+007F at character 2)")]),
    ],
)
def test_a_question_that_is_none_is_named(body: str, expected: list[tuple[str, str]]) -> None:
    assert problems(body) == expected


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("history", "x", [("/history", "must be a list of strings")]),
        ("history", None, [("/history", "must be a list of strings")]),
        ("history", {"0": "x"}, [("/history", "must be a list of strings")]),
        ("history", ["x", 2], [("/history/1", "must be a string")]),
        ("history", ["x", ""], [("/history/1", "must not be empty")]),
        ("history", [" "], [("/history/0", "must not be blank")]),
        ("history", ["a", "\0"], [("/history/1", NO_CONTROLS + "U+0000 at character 0)")]),
        ("history", ["x" * 1001], [("/history/0", "must have at most 1,000 characters (it has 1,001)")]),
        ("history", ["x"] * (MAX_HISTORY + 1), [("/history", "must have at most 50 entries")]),
        ("limit", -1, [("/limit", A_LIMIT)]),
        ("limit", 21, [("/limit", A_LIMIT)]),
        ("limit", 10**30, [("/limit", A_LIMIT)]),
        ("limit", 3.5, [("/limit", A_LIMIT)]),
        ("limit", "3", [("/limit", A_LIMIT)]),
        ("limit", True, [("/limit", A_LIMIT)]),
        ("limit", None, [("/limit", A_LIMIT)]),
        ("limit", [3], [("/limit", A_LIMIT)]),
        ("document", 5, [("/document", A_DOCUMENT)]),
        ("document", {"id": "terns"}, [("/document", A_DOCUMENT)]),
        ("document", [], [("/document", "must not be empty")]),
        ("document", ["terns", 5], [("/document/1", "must be a string")]),
        ("document", ["terns", " "], [("/document/1", "must not be blank")]),
        ("document", ["terns"] * (MAX_DOCUMENTS + 1), [("/document", "must have at most 100 entries")]),
        ("document", "", [("/document", "must not be blank")]),
        ("document", "\0", [("/document", NO_CONTROLS + "U+0000 at character 0)")]),
        ("answer", 1, [("/answer", f"is not a known field. Known fields: {KNOWN}")]),
        ("Question", "x", [("/Question", f"is not a known field. Known fields: {KNOWN}")]),
        ("a/b~c", 1, [("/a~1b~0c", f"is not a known field. Known fields: {KNOWN}")]),
        ("", 1, [("/", f"is not a known field. Known fields: {KNOWN}")]),
    ],
)
def test_another_field_that_breaks_the_form_is_named(
    field: str, value: object, expected: list[tuple[str, str]]
) -> None:
    assert problems(json.dumps({"question": "Where do terns nest?", field: value})) == expected


def test_every_field_that_breaks_the_form_is_named_at_once() -> None:
    assert problems('{"history": [1], "limit": 99, "more": 1}') == [
        ("/question", "is required"),
        ("/history/0", "must be a string"),
        ("/limit", A_LIMIT),
        ("/more", f"is not a known field. Known fields: {KNOWN}"),
    ]
    assert problems('{"question": " ", "history": ["\\u0000"], "document": "\\u0001"}') == [
        ("/question", "must not be blank"),
        ("/history/0", NO_CONTROLS + "U+0000 at character 0)"),
        ("/document", NO_CONTROLS + "U+0001 at character 0)"),
    ]


@pytest.mark.parametrize("body", ["[]", '"question"', "null", "1", "true", '[{"question": "x"}]'])
def test_json_that_is_no_object_is_told_what_to_send(body: str) -> None:
    assert problems(body) == [("", NOT_AN_OBJECT)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"question=x",
        b'{"question": "x"',
        b'{"question": "x",}',
        b"{'question': 'x'}",
        b'{"question": "x"} {}',
        b'{"question": "\xff\xfe"}',
        b"\xff\xfe{\x00",
        b'{"question": "a\x00b"}',
        b'{"question": "\\ud800"}',
        b'{"question": NaN}x',
        b'{"question": ' + b"[" * 10_000,
    ],
)
def test_a_body_that_is_not_json_in_utf_8_is_told_so(body: bytes) -> None:
    [(pointer, detail)] = problems(body)
    assert pointer == ""
    assert detail.startswith("is not valid JSON in UTF-8: ")


# From arguments


def test_arguments_are_read_like_a_body() -> None:
    request = AskRequest.from_arguments("And gulls?", history=["Terns?"], limit="20", document="terns")
    assert request == AskRequest(question="And gulls?", history=("Terns?",), limit=20, document=("terns",))
    assert AskRequest.from_arguments("And gulls?") == AskRequest(question="And gulls?")
    assert AskRequest.from_arguments("And gulls?", limit=0).limit == 0


def test_a_whole_number_may_be_written_as_json_writes_one_with_a_point() -> None:
    assert AskRequest.from_json(b'{"question": "Where do terns nest?", "limit": 3.0}').limit == 3


def test_the_hint_speaks_of_a_question_only_where_that_is_wrong() -> None:
    for body, is_told in ((b'{"question": ""}', True), (b'{"question": "Why?", "limit": 21}', False)):
        with pytest.raises(InvalidRequestError) as caught:
            AskRequest.from_json(body)
        assert ("A question has 1 to 1,000 characters" in caught.value.hint) == is_told
        assert "web/README.md" in caught.value.hint


@pytest.mark.parametrize("limit", ["", " 3", "3.0", "-1", "21", "three", "٣", "1_0", "1" * 30, "0x3", -1, 21])
def test_an_argument_that_is_no_limit_is_named(limit: str | int) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        AskRequest.from_arguments("Where do terns nest?", limit=limit)
    [problem] = caught.value.problems
    assert (problem.pointer, problem.detail) == ("/limit", A_LIMIT)


@pytest.mark.parametrize(
    ("question", "detail"),
    [
        (None, "is required"),
        ("", "must not be empty"),
        ("  ", "must not be blank"),
        ("x" * 1001, "must have at most 1,000 characters (it has 1,001)"),
        ("a\0", NO_CONTROLS + "U+0000 at character 1)"),
    ],
)
def test_an_argument_that_is_no_question_is_named(question: str | None, detail: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        AskRequest.from_arguments(question)
    [problem] = caught.value.problems
    assert (problem.pointer, problem.detail) == ("/question", detail)


@pytest.mark.parametrize("surrogate", ["\ud800", "terns \udcff?", "\udfff"])
def test_lone_surrogates_are_refused_wherever_they_come(surrogate: str) -> None:
    for arguments in ({"question": surrogate}, {"question": "x", "history": [surrogate]}):
        with pytest.raises(InvalidRequestError, match="must be valid Unicode"):
            AskRequest.from_arguments(**arguments)
    with pytest.raises(InvalidRequestError, match="must be valid Unicode"):
        AskRequest.from_arguments("x", document=surrogate)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, max_examples=200)
@given(
    body=st.dictionaries(st.sampled_from(["question", "history", "limit", "document", "more"]), JSON)
    | JSON
    | st.binary(max_size=20)
)
def test_any_body_is_a_request_or_an_error_that_says_what_is_wrong(body: Any) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        request = AskRequest.from_json(data)
    except InvalidRequestError as error:
        assert error.problems
        assert all(problem.pointer == "" or problem.pointer.startswith("/") for problem in error.problems)
        assert all(problem.detail for problem in error.problems)
        assert error.message.endswith(".")
    else:
        assert 1 <= len(request.question) <= MAX_QUESTION
        assert request.question.strip()


# Answers


def as_json(body: AskResponse) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body.model_dump_json())
    return found


def test_an_answer_has_the_form_that_is_promised(engine: Engine) -> None:
    answer = engine.ask("In how many people did fever end with alcanor?", limit=1)
    body = as_json(answer_body(answer))
    assert list(body) == [
        "question",
        "outcome",
        "answered",
        "confidence",
        "reason",
        "reason_code",
        "reason_words",
        "passage",
        "citation",
        "outline",
        "alternatives",
        "interpretation",
        "took_ms",
    ]
    quote = body["passage"]["text"]
    section = hashlib.sha256(b"Alcanor").hexdigest()[:8]
    known_by = f"{len(quote)}-{hashlib.sha256(quote.encode()).hexdigest()[:16]}-{section}"
    words = quote[slice(*body["passage"]["highlights"][0])]
    marked_by = f"{len(words)}-{hashlib.sha256(words.encode()).hexdigest()[:16]}-{section}"
    marked = "-".join(str(body["citation"]["start"] + place) for place in body["passage"]["highlights"][0])
    assert body["outline"] == []
    assert (body["outcome"], body["answered"], body["reason"]) == ("answered", True, None)
    assert list(body["passage"]) == ["id", "text", "highlights", "figures", "blocks"]
    assert body["citation"] == {
        "document": {
            "id": "second-treatment",
            "title": "How well does the second treatment of tern fever work?",
            "authors": ["Ada Example", "Ben Sample"],
            "editors": [],
            "publisher": "Example House",
            "updated": "2021-05-11",
            "url": "https://example.org/second",
            "sha256": engine.document("second-treatment").sha256,
        },
        "section": list(answer.best.passage.section) if answer.best else [],
        "page": None,
        "start": body["citation"]["start"],
        "end": body["citation"]["start"] + len(body["passage"]["text"]),
        "quote": body["passage"]["text"],
        "references": [
            {
                "marker": "98",
                "text": "Example A, Sample B. Alcanor against placebo. J Ex. 2020;1:1-9.",
                "doi": "10.1000/ex.98",
                "pmid": "12345678",
                "url": None,
            },
            {"marker": "99", "text": None, "doi": None, "pmid": None, "url": None},
        ],
        "references_status": "partial",
        "markers": [
            {"marker": "98", "start": 226, "end": 230, "sentence": [150, 230]},
            {"marker": "98", "start": 263, "end": 271, "sentence": [231, 271]},
            {"marker": "99", "start": 263, "end": 271, "sentence": [231, 271]},
        ],
        "label": answer.best.citation.label if answer.best else "",
        "href": f"/documents/second-treatment?mark={marked}&is={marked_by}#{body['passage']['id']}",
        "permalink": f"/passages/{body['passage']['id']}?document=second-treatment&is={known_by}",
        "original": "https://example.org/second#:~:text=In%20the%20trial%20of%20alcanor%2C%20fever,"
        "days%20in%2061%25%20of%20221%20people%2E",
        "years_old": engine.document("second-treatment").years_old(datetime.now(UTC).date()),
        "selectors": [
            {
                "type": "TextQuoteSelector",
                "exact": body["passage"]["text"],
                "prefix": "🐦 It has two treatments.\n\nAlcanor\n\n"[-32:],
                "suffix": "\n\nBevacor\n\nBevacor is given for six weeks:"[:32],
            },
            {
                "type": "TextPositionSelector",
                "start": body["citation"]["start"],
                "end": body["citation"]["end"],
            },
        ],
    }
    assert [list(each) for each in body["alternatives"]] == [["passage", "citation"]]
    assert body["interpretation"] == {"corrected": [], "expanded": [], "carried_over": [], "missing": []}


def test_an_outline_is_a_list_of_cited_passages_of_which_the_first_is_the_passage(engine: Engine) -> None:
    answer = engine.ask("How well does the second treatment of tern fever work?", limit=2)
    body = as_json(answer_body(answer))
    assert body["outline"] == [cited_passage_body(part).model_dump(mode="json") for part in answer.outline]
    assert [part["citation"]["section"] for part in body["outline"]] == [[], ["Alcanor"], ["Bevacor"]]
    assert body["outline"][0] == {"passage": body["passage"], "citation": body["citation"]}
    shown = {part["passage"]["id"] for part in body["outline"]}
    assert shown.isdisjoint(each["passage"]["id"] for each in body["alternatives"])


def test_what_was_corrected_and_expanded_says_from_what_to_what(reading_engine: Engine) -> None:
    body = as_json(answer_body(reading_engine.ask("What was the HR of bevakor?")))
    assert body["interpretation"]["corrected"] == [{"from": "bevakor", "to": "bevacor"}]
    assert body["interpretation"]["expanded"] == [{"from": "HR", "to": "hazard ratio"}]


def test_nothing_found_has_the_same_form_with_null_for_the_passage(engine: Engine) -> None:
    found = as_json(answer_body(engine.ask("In how many people did fever end with alcanor?")))
    body = as_json(answer_body(engine.ask("How many people take metformin?")))
    assert list(body) == list(found)
    assert (body["outcome"], body["answered"]) == ("nothing_found", False)
    assert (body["passage"], body["citation"]) == (None, None)
    assert body["reason"] == "No passage mentions “metformin”."
    assert (body["reason_code"], body["reason_words"]) == ("unknown_words", ["metformin"])
    assert body["interpretation"]["missing"] == ["metformin"]
    assert body["alternatives"]


def test_a_possible_answer_has_the_same_form_with_the_passage_and_what_it_lacks(
    engine: Engine, unsure_engine: Engine
) -> None:
    question = "In how many people did fever end with alcanor?"
    found = as_json(answer_body(engine.ask(question)))
    body = as_json(answer_body(unsure_engine.ask(question)))
    assert (body["outcome"], body["answered"], body["reason"]) == ("possible", False, None)
    same = {"outcome": "answered", "answered": True, "took_ms": found["took_ms"]}
    assert body | same == found
    lacking = as_json(answer_body(unsure_engine.ask("In how many people did fever end with alcanor on Thursdays?")))
    assert (lacking["outcome"], lacking["passage"]["id"]) == ("possible", found["passage"]["id"])
    assert lacking["reason"] == "The passage does not mention “Thursdays”."
    assert (lacking["reason_code"], lacking["reason_words"]) == ("lacking_words", ["Thursdays"])


@pytest.mark.parametrize(
    "change",
    [
        {"answered": False},
        {"outcome": "possible"},
        {"outcome": "nothing_found", "answered": False},
        {"passage": None},
        {"citation": None},
        {"outcome": "perhaps"},
    ],
)
def test_a_body_that_contradicts_its_outcome_is_refused(engine: Engine, change: dict[str, Any]) -> None:
    body = as_json(answer_body(engine.ask("In how many people did fever end with alcanor?")))
    with pytest.raises(ValidationError):
        AskResponse.model_validate_json(json.dumps(body | change))


@pytest.mark.parametrize(
    "question",
    [
        "In how many people did fever end with alcanor?",
        "How well does the second treatment of tern fever work?",
        "Does metformin end it?",
        "the of and",
        "What said the petrel?",
    ],
)
@pytest.mark.parametrize("name", ["engine", "unsure_engine"])
def test_an_answer_keeps_its_promises_and_comes_back_from_json_as_it_was(
    request: pytest.FixtureRequest, name: str, question: str
) -> None:
    engine: Engine = request.getfixturevalue(name)
    body = answer_body(engine.ask(question, history=["tern fever"], limit=5))
    assert AskResponse.model_validate_json(body.model_dump_json()) == body
    assert (body.outcome != "nothing_found") == (body.passage is not None) == (body.citation is not None)
    assert body.answered == (body.outcome == "answered")
    assert body.outcome == "possible" or (body.reason is None) == body.answered
    assert 0 <= body.confidence <= 1
    assert body.took_ms > 0
    cited = [(each.passage, each.citation) for each in (*body.outline, *body.alternatives)]
    if body.passage and body.citation:
        cited.append((body.passage, body.citation))
    for passage, citation in cited:
        text = engine.document(citation.document.id).text
        assert text[citation.start : citation.end] == citation.quote == passage.text
        assert all(0 <= start < end <= len(passage.text) for start, end in passage.highlights)


def test_a_passage_and_a_document_have_forms_of_their_own(engine: Engine) -> None:
    passages = engine.passages("second-treatment")
    document = document_body(engine.document("second-treatment"), passages)
    assert document.passages == tuple(passage.id for passage in passages)
    assert document.text == engine.document("second-treatment").text
    assert [reference.marker for reference in document.references] == ["98"]
    body = cited_passage_body(engine.passage(passages[0].id))
    assert (body.passage.text, body.passage.highlights) == (passages[0].text, ())
    assert body.citation.href == f"/documents/second-treatment#{passages[0].id}"
