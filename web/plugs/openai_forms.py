"""The forms of OpenAI's interface that the service understands: what is accepted, what is sent, and its errors.

Fields that are not listed here are accepted and ignored: programs send many that only a language model heeds.
Source: OpenAI's API reference, "Chat Completions", "Responses" and "Models".
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema
from werkzeug.exceptions import NotFound

from qa.errors import FieldProblem, InvalidRequestError
from qa.wire import MAX_HISTORY, AskRequest, CitationBody, DocumentIds, Problem

__all__ = [
    "MODEL",
    "ChatChoice",
    "ChatChunk",
    "ChatChunkChoice",
    "ChatCitation",
    "ChatCompletion",
    "ChatMessage",
    "ChatRequest",
    "ChatUsage",
    "CitedDelta",
    "FirstDelta",
    "LastDelta",
    "ModelBody",
    "ModelList",
    "OpenAIFailure",
    "OutputMessage",
    "OutputText",
    "ResponseBody",
    "ResponseCitation",
    "ResponseEvent",
    "ResponseUsage",
    "ResponsesRequest",
    "TextDelta",
    "UnknownModelError",
    "UrlCitation",
    "openai_failure",
]

MODEL = "pincite"
MOST_MESSAGES = 1000
MOST_PARTS = 100
HINT = "web/plugs/README.md describes what the service takes of OpenAI's interface."

MOST_OF_NAME = 100  # characters

Name = Annotated[str, Field(max_length=MOST_OF_NAME)]


def _known(*names: str) -> WithJsonSchema:
    """What is said of a name that may be any, of which these are understood."""
    return WithJsonSchema({"anyOf": [{"enum": [*names]}, {"type": "string", "maxLength": MOST_OF_NAME}]})


Role = Annotated[Name, _known("user")]
Kind = Annotated[Name, _known("text", "input_text")]
Model = Annotated[Name, WithJsonSchema({"const": MODEL, "type": "string"})]


class UnknownModelError(NotFound):
    """A model that the service does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no model {name!r}. The service has one: {MODEL!r}.")


class _Received(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, defer_build=True)


class _Sent(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)


class InputPart(_Received):
    """A part of a message. Only texts can be read: parts of the types `text` and `input_text`."""

    type: Kind
    text: str | None = None


class InputMessage(_Received):
    """A message of the conversation. Those with the role `user` are questions; the others are not read."""

    role: Role | None = None
    content: str | Annotated[tuple[InputPart, ...], Field(max_length=MOST_PARTS, fail_fast=True)] | None = None


Messages = Annotated[tuple[InputMessage, ...], Field(max_length=MOST_MESSAGES, fail_fast=True)]
"""Lists fail at their first wrong entry, so that what is wrong with a request is found in bounded time."""


class StreamOptions(_Received):
    """What a stream has besides the answer."""

    include_usage: bool | None = None


class _Request(_Received):
    """What both ways of asking have in common."""

    model: Model = Field(description=f"`{MODEL}`, as `/v1/models` lists it.")
    stream: bool | None = Field(default=None, description="Whether to send the answer as server-sent events.")
    document: DocumentIds = Field(
        default=(),
        description="Not in OpenAI's form: answer only from the document with this id, or from those with these ids.",
    )

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Read a request's JSON body.

        Raises:
            InvalidRequestError: for bytes that are not UTF-8, not JSON, or not of this form.
            UnknownModelError: for another model.
        """
        try:
            asked = cls.model_validate_json(body)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            problems = [FieldProblem(_pointer(each["loc"]), _predicate(each["msg"])) for each in found]
            raise InvalidRequestError(problems, hint=HINT) from None
        if asked.model != MODEL:
            raise UnknownModelError(asked.model)
        return asked


class ChatRequest(_Request):
    """A conversation, as `/v1/chat/completions` takes it. The person's last message is the question."""

    messages: Messages = Field(description="The conversation, oldest first, with at least one message of the person.")
    stream_options: StreamOptions | None = None

    def asked(self) -> AskRequest:
        """The question, with the earlier ones.

        Raises:
            InvalidRequestError: if no message is of the person, or the last cannot be a question.
        """
        return _asked(self.messages, "/messages", self.document)


class ResponsesRequest(_Request):
    """A question or a conversation, as `/v1/responses` takes it."""

    said: str | Messages = Field(alias="input", description="The question, or the conversation, oldest first.")
    previous_response_id: None = Field(
        default=None, description="The service keeps no conversations. Send the conversation as `input`."
    )

    def asked(self) -> AskRequest:
        """The question, with the earlier ones.

        Raises:
            InvalidRequestError: as above.
        """
        if isinstance(self.said, str):
            return _question(self.said, (), "/input", self.document)
        return _asked(self.said, "/input", self.document)


def _asked(messages: Sequence[InputMessage], pointer: str, document: Sequence[str]) -> AskRequest:
    """The last question of a conversation, with the earlier ones. Those that could not be asked are left out."""
    places = [number for number, each in enumerate(messages) if each.role == "user"]
    if not places:
        raise InvalidRequestError([FieldProblem(pointer, "must have a message with the role `user`")], hint=HINT)
    last = places.pop()
    place = f"{pointer}/{last}/content"
    question = _text(messages[last])
    if question is None:
        detail = "must be text: a string, or parts of the type `text`"
        raise InvalidRequestError([FieldProblem(place, detail)], hint=HINT)
    earlier = [text for each in places[-MAX_HISTORY:] if (text := _text(messages[each])) and _can_be_asked(text)]
    return _question(question, earlier, place, document)


def _question(text: str, history: Sequence[str], pointer: str, document: Sequence[str]) -> AskRequest:
    try:
        return AskRequest.from_arguments(text, history=history, document=document)
    except InvalidRequestError as error:
        problems = [FieldProblem(each.pointer.replace("/question", pointer), each.detail) for each in error.problems]
        raise InvalidRequestError(problems, hint=HINT) from None


def _can_be_asked(text: str) -> bool:
    try:
        AskRequest.from_arguments(text)
    except InvalidRequestError:
        return False
    return True


def _text(message: InputMessage) -> str | None:
    """The text of a message. None if it has none, or something else as well."""
    if message.content is None or isinstance(message.content, str):
        return message.content
    texts = [each.text for each in message.content if each.type in ("text", "input_text") and each.text is not None]
    return "\n".join(texts) if texts and len(texts) == len(message.content) else None


def _pointer(location: Sequence[int | str]) -> str:
    """Where a field is. The names that pydantic gives to the members of a union are left out."""
    return "".join(f"/{part}" for part in location if isinstance(part, int) or (part.isidentifier() and part != "str"))


def _predicate(sentence: str) -> str:
    """What pydantic says of a field, behind the field's name."""
    sentence = sentence.removeprefix("Input ")
    return sentence[:1].lower() + sentence[1:]


class UrlCitation(_Sent):
    """A quotation: characters [start_index, end_index) of the message, and the link to the words."""

    start_index: int
    end_index: int
    title: str
    url: str


class ChatCitation(_Sent):
    """An annotation of a chat message. `citation` is not in OpenAI's form: it is the citation that `/ask` gives."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation
    citation: CitationBody


class ResponseCitation(UrlCitation):
    """The same in a response, where OpenAI's form is flat."""

    type: Literal["url_citation"] = "url_citation"
    citation: CitationBody


class ChatMessage(_Sent):
    """The answer: quotations in Markdown, or a sentence that says why there is none."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: tuple[ChatCitation, ...] = ()


class ChatChoice(_Sent):
    """The one answer."""

    index: Literal[0] = 0
    message: ChatMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class ChatUsage(_Sent):
    """All zero: no language model reads or writes."""

    prompt_tokens: Literal[0] = 0
    completion_tokens: Literal[0] = 0
    total_tokens: Literal[0] = 0


class ChatCompletion(_Sent):
    """The answer to a conversation."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = MODEL
    choices: tuple[ChatChoice]
    usage: ChatUsage = Field(default_factory=ChatUsage)


class FirstDelta(_Sent):
    """How a streamed message begins."""

    role: Literal["assistant"] = "assistant"
    content: Literal[""] = ""


class TextDelta(_Sent):
    """What comes next in the text of a streamed message."""

    content: str


class CitedDelta(_Sent):
    """The annotations of a streamed message, all at once."""

    annotations: tuple[ChatCitation, ...]


class LastDelta(_Sent):
    """How a streamed message ends."""


class ChatChunkChoice(_Sent):
    """The one answer, as far as this event has it."""

    index: Literal[0] = 0
    delta: FirstDelta | TextDelta | CitedDelta | LastDelta
    logprobs: None = None
    finish_reason: Literal["stop"] | None = None


class ChatChunk(_Sent):
    """An event of a streamed answer. `usage` comes last, if it is asked for. The stream ends with `[DONE]`."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str = MODEL
    choices: tuple[ChatChunkChoice, ...]
    usage: ChatUsage | None = None


class OutputText(_Sent):
    """The text of a response: quotations in Markdown, or a sentence that says why there is none."""

    type: Literal["output_text"] = "output_text"
    text: str
    annotations: tuple[ResponseCitation, ...] = ()
    logprobs: tuple[()] = ()


class OutputMessage(_Sent):
    """The message of a response."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    status: Literal["in_progress", "completed"] = "completed"
    content: tuple[OutputText, ...]


class ResponseUsage(_Sent):
    """All zero: no language model reads or writes."""

    input_tokens: Literal[0] = 0
    input_tokens_details: dict[str, int] = Field(default={"cached_tokens": 0, "cache_write_tokens": 0})
    output_tokens: Literal[0] = 0
    output_tokens_details: dict[str, int] = Field(default={"reasoning_tokens": 0})
    total_tokens: Literal[0] = 0


class ResponseBody(_Sent):
    """The answer, in the form of a response."""

    id: str
    object: Literal["response"] = "response"
    created_at: int
    status: Literal["in_progress", "completed"] = "completed"
    model: str = MODEL
    output: tuple[OutputMessage, ...]
    error: None = None
    incomplete_details: None = None
    instructions: None = None
    metadata: dict[str, str] = Field(default={})
    parallel_tool_calls: Literal[False] = False
    previous_response_id: None = None
    store: Literal[False] = False
    temperature: None = None
    tool_choice: Literal["none"] = "none"
    tools: tuple[()] = ()
    top_p: None = None
    usage: ResponseUsage | None = None


class ResponseEvent(_Sent):
    """An event of a streamed response. Its `type` says which of the other fields it has; the others are left out."""

    type: str
    sequence_number: int
    response: ResponseBody | None = None
    item: OutputMessage | None = None
    part: OutputText | None = None
    annotation: ResponseCitation | None = None
    annotation_index: int | None = None
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    delta: str | None = None
    text: str | None = None
    logprobs: tuple[()] | None = None


class ModelBody(_Sent):
    """What answers. It is no language model; the name is what programs choose by."""

    id: str = MODEL
    object: Literal["model"] = "model"
    created: Literal[0] = 0
    owned_by: str = MODEL


class ModelList(_Sent):
    """All that can be chosen, which is one."""

    object: Literal["list"] = "list"
    data: tuple[ModelBody, ...] = Field(default_factory=lambda: (ModelBody(),))


Failure = Literal[
    "invalid_request_error", "authentication_error", "permission_error", "rate_limit_error", "server_error"
]

_KINDS: dict[int, Failure] = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class OpenAIProblem(_Sent):
    """What went wrong. `param` names the field that is wrong. `code` is OpenAI's own, or that of a problem."""

    message: str
    type: Failure
    param: str | None
    code: str | None


class OpenAIFailure(_Sent):
    """A failure in OpenAI's form."""

    error: OpenAIProblem


def openai_failure(body: bytes, *, is_of_view: bool) -> tuple[HTTPStatus, OpenAIFailure]:
    """The status and the body for a problem, given as JSON. A field that is wrong is 400 in OpenAI's form.

    `is_of_view` says that the address is one of the interface. What is not there then, if it has no code, is the model.

    >>> problem = Problem(type="about:blank", title="Not Found", status=404, detail="There is no model 'x'.")
    >>> openai_failure(problem.model_dump_json().encode(), is_of_view=True)[1].error
    OpenAIProblem(message="There is no model 'x'.", type='invalid_request_error', param='model', code='model_not_found')
    """
    problem = Problem.model_validate_json(body)
    code = None if problem.type == "about:blank" else problem.type.rpartition("/")[2]
    param = _param(problem.errors[0].pointer) if problem.errors else None
    if is_of_view and code is None and problem.status == HTTPStatus.NOT_FOUND:
        code, param = "model_not_found", "model"
    kind: Failure = _KINDS.get(problem.status, "invalid_request_error")
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        kind = "server_error"
    status = HTTPStatus(problem.status)
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        status = HTTPStatus.BAD_REQUEST
    return status, OpenAIFailure(error=OpenAIProblem(message=problem.detail, type=kind, param=param, code=code))


def _param(pointer: str) -> str | None:
    """A JSON Pointer as OpenAI names a field. None for the whole request.

    >>> _param("/messages/0/content")
    'messages[0].content'
    """
    name = "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in pointer.split("/")[1:])
    return name.removeprefix(".") or None
