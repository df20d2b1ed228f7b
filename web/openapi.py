"""The OpenAPI 3.1 document, made from the models that the service reads and writes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from qa.citations.styles import EXPORTS, TEXTS, Style
from qa.wire import (
    EMPTY_OR_SAYING,
    FINGERPRINT,
    MAX_DOCUMENTS,
    MAX_HISTORY,
    NOT_BLANK,
    PLAIN,
    AnswerClaim,
    AskRequest,
    AskResponse,
    CitedPassageBody,
    ConversationBody,
    ConversationRequest,
    DocumentBody,
    DocumentsBody,
    DocumentsRequest,
    FeedbackRequest,
    FeedbackResponse,
    Live,
    Problem,
    Ready,
    SuggestionsBody,
    SuggestionsRequest,
    VerifyRequest,
    VerifyResponse,
)
from web.plugs.openai_forms import (
    MODEL,
    ChatChunk,
    ChatCompletion,
    ChatRequest,
    ModelBody,
    ModelList,
    OpenAIFailure,
    ResponseBody,
    ResponseEvent,
    ResponsesRequest,
)
from web.problems import FORM_TYPE

__all__ = ["openapi_document"]

SCHEMAS = "#/components/schemas/{model}"

EXAMPLE = AskRequest(question="How long did the effect last?", history=("Does the second treatment work?",))
TURNS_FAILURES = (400, 404, 413, 415, 422)
CONVERSATION_EXAMPLE = {"turns": [EXAMPLE.model_dump(mode="json")]}
CITATIONS_EXAMPLE = {
    "citations": [{"document": {"id": "second-treatment"}, "start": 120, "end": 140, "quote": "It lasted 11 months."}]
}

SEVERAL = {"type": "array", "items": {"type": "string", "pattern": EMPTY_OR_SAYING}, "maxItems": MAX_DOCUMENTS}
"""Ids, by repeating the parameter. An empty one is none."""

FEEDBACK_EXAMPLE = FeedbackRequest(
    key="00112233445566778899aabbccddeeff",
    question="How long did the effect last?",
    history=("Does the second treatment work?",),
    helpful=False,
)


OPENAI_MODELS: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
    (ChatRequest, "validation"),
    (ChatCompletion, "serialization"),
    (ChatChunk, "serialization"),
    (ResponsesRequest, "validation"),
    (ResponseBody, "serialization"),
    (ResponseEvent, "serialization"),
    (ModelBody, "serialization"),
    (ModelList, "serialization"),
    (OpenAIFailure, "serialization"),
]
CHAT_EXAMPLE = {"model": MODEL, "messages": [{"role": "user", "content": "How long did the effect last?"}]}
RESPONSES_EXAMPLE = {"model": MODEL, "input": "How long did the effect last?"}


SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token, as pincite token add makes it."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "pincite",
        "description": "The session of a browser that has signed in. By HTTPS the name is __Host-pincite.",
    },
}
FREE = ("/livez", "/readyz")  # which need no token, and are not counted


@cache
def openapi_document(*, has_tokens: bool = False) -> dict[str, object]:
    """What the service accepts and sends, for programs and their authors. `has_tokens` says that it asks for tokens."""
    document = _document()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path in FREE:
                operation["security"] = []
            else:
                refused = ("401", "403", "429") if has_tokens else ("429",)
                told = operation["responses"]["default"]
                operation["responses"] = dict.fromkeys(refused, told) | operation["responses"]
    if has_tokens:
        document["security"] = [{name: []} for name in SCHEMES]
    return document


def _document() -> dict[str, Any]:
    """The same, without what may be refused to whom."""
    _, schemas = models_json_schema(
        [
            (AskRequest, "validation"),
            (AskResponse, "serialization"),
            (ConversationRequest, "validation"),
            (ConversationBody, "serialization"),
            (VerifyRequest, "validation"),
            (AnswerClaim, "validation"),
            (VerifyResponse, "serialization"),
            (FeedbackRequest, "validation"),
            (FeedbackResponse, "serialization"),
            (CitedPassageBody, "serialization"),
            (DocumentBody, "serialization"),
            (DocumentsBody, "serialization"),
            (SuggestionsBody, "serialization"),
            (Live, "serialization"),
            (Ready, "serialization"),
            (Problem, "serialization"),
            *OPENAI_MODELS,
        ],
        ref_template=SCHEMAS,
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "pincite",
            "version": "1",
            "description": "Answers a question with the best passage of a library of documents, word for word, "
            "and its pinpoint citation.",
        },
        "paths": {
            "/ask": {
                "post": {
                    "operationId": "ask",
                    "summary": "Answer a question",
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/json": {
                                "schema": _reference(AskRequest),
                                "example": EXAMPLE.model_dump(mode="json"),
                            }
                        },
                    },
                    "responses": _responses(AskResponse, "The answer, or why there is none", 400, 404, 413, 415, 422),
                },
                "get": {
                    "operationId": "askByAddress",
                    "summary": "Answer a question given in the address",
                    "parameters": _ask_parameters(),
                    "responses": _responses(AskResponse, "The answer, or why there is none", 404, 422),
                },
            },
            "/verify": {
                "post": {
                    "operationId": "verify",
                    "summary": "Check whether citations are still true",
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/json": {
                                "schema": {"anyOf": [_reference(VerifyRequest), _reference(AnswerClaim)]},
                                "example": CITATIONS_EXAMPLE,
                            }
                        },
                    },
                    "responses": _responses(VerifyResponse, "What became of each citation", 400, 413, 415, 422),
                }
            },
            "/conversation.md": _conversation("Markdown", _texts("The file", "text/markdown", *TURNS_FAILURES)),
            "/conversation.json": _conversation("Json", _responses(ConversationBody, "The file", *TURNS_FAILURES)),
            "/feedback": {
                "post": {
                    "operationId": "feedback",
                    "summary": "Save feedback on an answer",
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/json": {
                                "schema": _reference(FeedbackRequest),
                                "example": FEEDBACK_EXAMPLE.model_dump(mode="json", by_alias=True),
                            },
                            FORM_TYPE: {"schema": _feedback_form()},
                        },
                    },
                    "responses": _feedback_responses(),
                }
            },
            "/suggestions.json": {
                "get": {
                    "operationId": "suggestions",
                    "summary": "What somebody may be about to ask, who has typed this or was answered with a passage",
                    "parameters": _suggestions_parameters(),
                    "responses": _responses(SuggestionsBody, "The suggestions", 404, 422),
                }
            },
            "/documents.json": {
                "get": {
                    "operationId": "documents",
                    "summary": "The list of documents, page by page",
                    "parameters": _documents_parameters(),
                    "responses": _responses(DocumentsBody, "A page of the list", 404, 422),
                }
            },
            "/documents/{id}.json": {
                "get": {
                    "operationId": "document",
                    "summary": "A whole document",
                    "parameters": [_id_parameter("document")],
                    "responses": _responses(DocumentBody, "The document", 404),
                }
            },
            "/passages/{id}.json": {
                "get": {
                    "operationId": "passage",
                    "summary": "A passage with its citation",
                    "parameters": _passage_parameters(),
                    "responses": _responses(CitedPassageBody, "The passage", 404, 410, 422),
                }
            },
            "/passages/{id}.txt": {
                "get": {
                    "operationId": "citationText",
                    "summary": "The citation of a passage in a style for people",
                    "parameters": [*_passage_parameters(), _style_parameter()],
                    "responses": _texts("The citation, on one line", "text/plain", 404, 410, 422),
                }
            },
            "/v1/models": {
                "get": {
                    "operationId": "models",
                    "summary": "What can be chosen as a model, in OpenAI's form",
                    "responses": _openai_responses(ModelList, "The models"),
                }
            },
            "/v1/models/{id}": {
                "get": {
                    "operationId": "model",
                    "summary": "One of these models",
                    "parameters": [_id_parameter("model")],
                    "responses": _openai_responses(ModelBody, "The model", 404),
                }
            },
            "/v1/chat/completions": _openai_question(
                "chatCompletions", ChatRequest, CHAT_EXAMPLE, whole=ChatCompletion, event=ChatChunk
            ),
            "/v1/responses": _openai_question(
                "responses", ResponsesRequest, RESPONSES_EXAMPLE, whole=ResponseBody, event=ResponseEvent
            ),
            "/livez": {"get": _probe("live", Live, "Whether the process runs")},
            "/readyz": {"get": _probe("ready", Ready, "Whether the library can be asked")},
            **{f"/passages/{{id}}{style.suffix}": {"get": _export(style)} for style in EXPORTS.values()},
        },
        "components": {"schemas": schemas["$defs"], "securitySchemes": SCHEMES},
    }


def _probe(operation: str, model: type[BaseModel], summary: str) -> dict[str, object]:
    return {"operationId": operation, "summary": summary, "responses": _responses(model, "Yes", 503)}


def _conversation(form: str, responses: Mapping[str, object]) -> dict[str, object]:
    """A conversation as a file, in one of its two forms."""
    return {
        "get": {
            "operationId": f"conversation{form}ByAddress",
            "summary": "The conversation in an address as a file",
            "parameters": [each for each in _ask_parameters() if each["name"] != "limit"],
            "responses": responses,
        },
        "post": {
            "operationId": f"conversation{form}",
            "summary": "A conversation as a file",
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": _reference(ConversationRequest), "example": CONVERSATION_EXAMPLE}
                },
            },
            "responses": responses,
        },
    }


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": SCHEMAS.format(model=model.__name__)}


def _responses(model: type[BaseModel], description: str, *failures: int) -> dict[str, Any]:
    success = {"description": description, "content": {"application/json": {"schema": _reference(model)}}}
    failure = {
        "description": "What went wrong",
        "content": {"application/problem+json": {"schema": _reference(Problem)}},
    }
    return {"200": success, **dict.fromkeys(map(str, failures), failure), "default": failure}


def _openai_question(
    operation: str,
    sent: type[BaseModel],
    example: Mapping[str, object],
    *,
    whole: type[BaseModel],
    event: type[BaseModel],
) -> dict[str, object]:
    """A way to ask in OpenAI's form. A stream is one `event` after the other, as server-sent events.

    The schema of a stream is that of each of its events.
    """
    responses = _openai_responses(whole, "The answer, or a sentence that says why there is none", 400, 404, 413, 415)
    written = {"type": "string", "contentMediaType": "application/json", "contentSchema": _reference(event)}
    responses["200"]["content"]["text/event-stream"] = {
        "schema": {
            "type": "object",
            "properties": {"event": {"type": "string"}, "data": {"anyOf": [{"const": "[DONE]"}, written]}},
            "required": ["data"],
        }
    }
    return {
        "post": {
            "operationId": operation,
            "summary": "Answer the last question of a conversation, in OpenAI's form",
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _reference(sent), "example": example}},
            },
            "responses": responses,
        }
    }


def _openai_responses(model: type[BaseModel], description: str, *failures: int) -> dict[str, Any]:
    def content(body: type[BaseModel]) -> dict[str, object]:
        return {"application/json": {"schema": _reference(body)}}

    failure = {"description": "What went wrong, in OpenAI's form", "content": content(OpenAIFailure)}
    success = {"description": description, "content": content(model)}
    return {"200": success, **dict.fromkeys(map(str, failures), failure), "default": failure}


def _feedback_responses() -> dict[str, object]:
    """A form gets a page, of thanks or of what is wrong."""
    found = _responses(
        FeedbackResponse, "The feedback is saved; a form gets a page that says so", 400, 403, 404, 410, 413, 415, 422
    )
    page = {"text/html": {"schema": {"type": "string"}}}
    return {
        "201" if status == "200" else status: {**response, "content": {**response["content"], **page}}
        for status, response in found.items()
    }


def _feedback_form() -> dict[str, object]:
    """The fields of the request as those of a page's form, in which `helpful` is yes or no, and empty is none."""
    schema = FeedbackRequest.model_json_schema()
    fields = dict(schema["properties"], helpful={"type": "string", "enum": ["yes", "no"]})
    fields["passage"] = {"type": "string", "pattern": PLAIN}
    fields["is"] = {"type": "string", "pattern": f"^(?:|{FINGERPRINT[1:-1]})$"}
    fields["document"] = SEVERAL
    pair = ("passage", "is")
    neither = {"properties": {name: {"maxLength": 0} for name in pair}}
    both = {"properties": {name: {"minLength": 1} for name in pair}, "required": pair}
    return {**schema, "properties": fields, "anyOf": [neither, both]}


def _texts(description: str, media_type: str, *failures: int) -> dict[str, object]:
    is_json = media_type.endswith("json")  # a list of what is cited, whose form is CSL's
    schema = {"type": "array", "items": {"type": "object"}} if is_json else {"type": "string"}
    success = {"description": description, "content": {media_type: {"schema": schema}}}
    return {**_responses(Problem, "", *failures), "200": success}


def _export(style: Style) -> dict[str, object]:
    return {
        "operationId": f"citation{style.name.replace('-', '')}",
        "summary": f"The citation of a passage as a file in {style.name}",
        "parameters": _passage_parameters(),
        "responses": _texts("The file", style.media_type, 404, 410, 422),
    }


def _passage_parameters() -> list[Mapping[str, object]]:
    return [
        _id_parameter("passage"),
        _link_parameter(
            "is",
            "The fingerprint from a permanent link. The words with this fingerprint are found where they are now.",
            pattern=FINGERPRINT,
        ),
        _link_parameter("document", "The id of the document to find them in. Default: the passage's own."),
    ]


def _style_parameter() -> Mapping[str, object]:
    return {
        "name": "style",
        "in": "query",
        "required": False,
        "description": "The style to write it in.",
        "schema": {"type": "string", "enum": list(TEXTS), "default": next(iter(TEXTS))},
    }


def _ask_parameters() -> list[Mapping[str, object]]:
    """The fields of the request as parameters, where `q` stands for the question, and `history` and
    `document` may be repeated."""
    fields = AskRequest.model_json_schema()["properties"]
    names = {"q": "question", "limit": "limit", "document": "document", "history": "history"}
    return [
        {
            "name": name,
            "in": "query",
            "required": AskRequest.model_fields[field].is_required(),
            "description": fields[field]["description"] + (f" At most {MAX_HISTORY}." if field == "history" else ""),
            "schema": SEVERAL if field == "document" else fields[field],
        }
        for name, field in names.items()
    ]


def _suggestions_parameters() -> list[Mapping[str, object]]:
    """The fields of the request as parameters, of which one of the first two is given, and not both."""
    fields = SuggestionsRequest.model_json_schema()["properties"]
    of_texts = {name: fields[name] | fields[name]["anyOf"][0] for name in ("q", "near")}  # an address has no null
    texts = {
        name: {key: value for key, value in text.items() if key not in ("anyOf", "default")}
        for name, text in of_texts.items()
    }
    one = {"oneOf": [{"required": ["q"]}, {"required": ["near"]}]}
    return [
        _together("about", "What is typed so far, or the passage that was the answer.", texts, required=True, **one),
        *(
            _parameter(name, SEVERAL if name == "document" else field, field["description"])
            for name, field in fields.items()
            if name not in texts
        ),
    ]


def _documents_parameters() -> list[Mapping[str, object]]:
    """The fields of the request for the list of documents as parameters. A page has its beginning or its end given."""
    fields = DocumentsRequest.model_json_schema(by_alias=True)["properties"]
    ends = {name: fields.pop(name) for name in ("after", "before")}
    both = {"required": list(ends), "properties": {name: {"pattern": NOT_BLANK} for name in ends}}
    return [
        *(_parameter(name, field, field["description"]) for name, field in fields.items()),
        _together(
            "place", "Where the page is: behind a document or before one.", ends, required=False, **{"not": both}
        ),
    ]


def _parameter(name: str, schema: Mapping[str, object], description: str) -> Mapping[str, object]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _together(
    name: str, description: str, fields: Mapping[str, object], *, required: bool, **rule: object
) -> Mapping[str, object]:
    """Parameters for which a rule holds. Each is given by its own name; the name of all occurs in no address."""
    schema = {"type": "object", "properties": fields, "additionalProperties": False, **rule}
    told = {"name": name, "in": "query", "required": required, "description": description}
    return {**told, "style": "form", "explode": True, "schema": schema}


def _link_parameter(name: str, description: str, *, pattern: str = PLAIN) -> Mapping[str, object]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": {"type": "string", "pattern": pattern},
    }


def _id_parameter(noun: str) -> Mapping[str, object]:
    return {
        "name": "id",
        "in": "path",
        "required": True,
        "description": f"The {noun}'s id.",
        "schema": {"type": "string"},
    }
