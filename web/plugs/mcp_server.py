"""The library as a server of the Model Context Protocol: tools for assistants, and its documents as resources.

The official SDK speaks the protocol, over standard input and output here, over HTTP in `mcp_views.py`. A tool gives
its answer twice: as text to read, and as the wire form with offsets, digest and permanent link.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, quote, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qa.errors import FieldProblem, InvalidRequestError, MissingExtraError, QAError, UnknownDocumentError
from qa.model import Followed
from qa.wire import (
    MAX_LIMIT,
    AskRequest,
    AskResponse,
    CitedPassageBody,
    DocumentEntryBody,
    VerifyRequest,
    VerifyResponse,
    answer_body,
    cited_passage_body,
    entry_body,
    read_fingerprint,
    verification_body,
)
from web.plugs.prose import prose, quotation
from web.texts.reading import load_texts

if TYPE_CHECKING:
    from mcp import types
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server

    from qa import Engine

__all__ = ["EXTRA", "Asking", "is_installed", "mcp_server", "serve_stdio"]

EXTRA = "mcp"  # of the packages that this needs
PAGE = 100  # resources in each page of their list
MOST_LISTED = 500  # documents in one answer
MOST_SKIPPED = 1_000_000  # documents before it
SCHEME = "pincite://documents/"

Arguments = TypeVar("Arguments", bound=BaseModel)

INSTRUCTIONS = """Pincite quotes passages from a library of documents, word for word, each with its citation.
Call `ask` with a question in the person's own words, and pass their earlier questions as `history`.
Quote what it gives unchanged, with its label and link. If `outcome` is `possible`, say that the passage may answer.
If it is `nothing_found`, say so, and do not answer from elsewhere without saying that.
"""


class GetPassageArguments(BaseModel):
    """Which passage to get."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    passage: str = Field(
        min_length=1,
        max_length=2000,
        description="The passage's id, or the permanent link of a citation. A link finds its words where they are now.",
    )


class SearchArguments(AskRequest):
    """A question to rank passages for."""

    limit: int = Field(default=10, ge=1, le=MAX_LIMIT, description="The number of passages to list.")


class ListDocumentsArguments(BaseModel):
    """Which documents to list."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    limit: int = Field(default=100, ge=1, le=MOST_LISTED, description="The most documents to list.")
    start: int = Field(default=0, ge=0, le=MOST_SKIPPED, description="How many documents to leave out before them.")


class SearchResult(BaseModel):
    """The ranking behind an answer: passages with their citations, best first."""

    model_config = ConfigDict(frozen=True)

    passages: tuple[CitedPassageBody, ...]


class DocumentList(BaseModel):
    """Documents, ordered by id, and how many the library has in all."""

    model_config = ConfigDict(frozen=True)

    count: int
    documents: tuple[DocumentEntryBody, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What the tools work with.

    `origin` goes before the paths of permanent links, such as `http://127.0.0.1:8000`. `ask` answers a question. `told`
    says what to tell of a failure.
    """

    engine: Engine
    origin: str
    ask: Callable[[AskRequest], AskResponse]
    told: Callable[[QAError], str]


class ToolOf(NamedTuple):
    """A tool: what it does, what it takes, what it gives, and the function, which also gives the text to read."""

    description: str
    takes: type[BaseModel]
    gives: type[BaseModel]
    run: Callable[[Asking, bytes], tuple[BaseModel, str]]


def is_installed() -> bool:
    """Whether the SDK is there."""
    return find_spec("mcp") is not None


def serve_stdio(engine: Engine, *, origin: str = "") -> None:
    """Serve over standard input and output until the input ends.

    Raises:
        MissingExtraError: if the SDK is not installed.
    """
    if not is_installed():
        raise MissingExtraError(EXTRA)
    import anyio
    from mcp.server.stdio import stdio_server

    def ask(asked: AskRequest) -> AskResponse:
        answer = engine.ask(asked.question, history=asked.history, limit=asked.limit, document=asked.document or None)
        return answer_body(answer)

    def told(error: QAError) -> str:
        return f"{error.message} {error.hint}"

    server = mcp_server(Asking(engine=engine, origin=origin, ask=ask, told=told))

    async def serve() -> None:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(serve)


def mcp_server(asking: Asking) -> Server[Any]:
    """The server, by the SDK."""
    from mcp import types
    from mcp.server.lowlevel import Server
    from mcp.shared.exceptions import MCPError

    async def list_tools(
        _: ServerRequestContext[Any], __: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return _tool_list()

    async def call_tool(_: ServerRequestContext[Any], params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = TOOLS.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {params.name!r}. Tools: {', '.join(TOOLS)}.")
        try:
            body, text = tool.run(asking, _json(params.arguments))
        except QAError as error:
            return types.CallToolResult(
                content=[types.TextContent(type="text", text=asking.told(error))], is_error=True
            )
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=text)],
            structured_content=body.model_dump(mode="json", by_alias=True),
        )

    async def list_resources(
        _: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        cursor = (params and params.cursor) or "0"
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
            raise MCPError(types.INVALID_PARAMS, "The cursor must be one that this list gave.")
        start = int(cursor)
        try:
            entries = asking.engine.contents(limit=PAGE + 1, start=start)
        except QAError as error:
            raise MCPError(types.INTERNAL_ERROR, asking.told(error)) from None
        resources = [
            types.Resource(uri=_uri(each.id), name=each.id, title=each.title, mime_type="text/plain")
            for each in entries[:PAGE]
        ]
        more = str(start + PAGE) if len(entries) > PAGE else None
        return types.ListResourcesResult(resources=resources, next_cursor=more)

    async def list_templates(
        _: ServerRequestContext[Any], __: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        template = types.ResourceTemplate(
            uri_template=f"{SCHEME}{{id}}",
            name="document",
            description="The text of a document. Citations count its characters.",
            mime_type="text/plain",
        )
        return types.ListResourceTemplatesResult(resource_templates=[template])

    async def read_resource(
        _: ServerRequestContext[Any], params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        try:
            text = asking.engine.document(_document_id(params.uri)).text
        except QAError as error:
            raise MCPError(types.INVALID_PARAMS, asking.told(error), {"uri": params.uri}) from None
        content = types.TextResourceContents(uri=params.uri, text=text, mime_type="text/plain")
        return types.ReadResourceResult(contents=[content])

    return Server(
        "pincite",
        version=_version(),
        title="pincite",
        instructions=INSTRUCTIONS,
        get_tool_input_schema=lambda name: _schemas(name)[0] if name in TOOLS else None,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
    )


@cache
def _version() -> str:
    return version("pincite")


@cache
def _tool_list() -> types.ListToolsResult:
    from mcp import types

    hints = types.ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
    return types.ListToolsResult(
        tools=[
            types.Tool(
                name=name,
                description=tool.description,
                input_schema=_schemas(name)[0],
                output_schema=_schemas(name)[1],
                annotations=hints,
            )
            for name, tool in TOOLS.items()
        ]
    )


@cache
def _schemas(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a tool takes, and what it gives, as JSON Schemas."""
    tool = TOOLS[name]
    return tool.takes.model_json_schema(), tool.gives.model_json_schema(mode="serialization")


def _json(arguments: dict[str, Any] | None) -> bytes:
    """The arguments as the JSON that they came as."""
    from pydantic_core import to_json

    return to_json(arguments or {})


def _ask(asking: Asking, arguments: bytes) -> tuple[AskResponse, str]:
    answer = asking.ask(AskRequest.from_json(arguments))
    return answer, prose(answer, origin=asking.origin).text


def _search(asking: Asking, arguments: bytes) -> tuple[SearchResult, str]:
    asked = SearchArguments.from_json(arguments)
    hits = asking.engine.search(
        asked.question, history=asked.history, limit=asked.limit, document=asked.document or None
    )
    passages = tuple(cited_passage_body(asking.engine.passage(hit.passage.id)) for hit in hits)
    texts = [f"{number}.\n\n{quotation(each, origin=asking.origin)}" for number, each in enumerate(passages, start=1)]
    return SearchResult(passages=passages), "\n\n".join(texts) or load_texts()("prose.nothing")


def _get_passage(asking: Asking, arguments: bytes) -> tuple[CitedPassageBody, str]:
    named = urlsplit(_valid(GetPassageArguments, arguments).passage.strip())
    passage_id, query = unquote(named.path).rpartition("/")[2], parse_qs(named.query)
    document = query["document"][0] if "document" in query else None
    if "is" in query:
        found = asking.engine.linked(passage_id, read_fingerprint(query["is"][0]), document=document)
    else:
        found = Followed(asking.engine.passage(passage_id))
    body = cited_passage_body(found.cited)
    note = [load_texts()(f"source.link_{found.note}")] if found.note else []
    return body, "\n\n".join([*note, quotation(body, origin=asking.origin)])


def _verify(asking: Asking, arguments: bytes) -> tuple[VerifyResponse, str]:
    found = asking.engine.verify(VerifyRequest.from_json(arguments).claims())
    body = VerifyResponse(results=tuple(map(verification_body, found)))
    lines = [f"{number}. {each.status}: {each.detail}" for number, each in enumerate(body.results, start=1)]
    return body, "\n".join(lines)


def _list_documents(asking: Asking, arguments: bytes) -> tuple[DocumentList, str]:
    asked = _valid(ListDocumentsArguments, arguments)
    entries = asking.engine.contents(limit=asked.limit, start=asked.start)
    documents = tuple(map(entry_body, entries))
    body = DocumentList(count=asking.engine.document_count, documents=documents)
    lines = [f"{body.count} documents", *(f"- {each.id}: {each.title}" for each in documents)]
    return body, "\n".join(lines)


TOOLS = {
    "ask": ToolOf(
        "Answer a question with the passage that answers it best, word for word, with its citation. "
        "`outcome` says whether the passage answers, may answer, or nothing was found.",
        AskRequest,
        AskResponse,
        _ask,
    ),
    "search": ToolOf(
        "List passages for a question, best first, each with its citation, without deciding whether one answers it.",
        SearchArguments,
        SearchResult,
        _search,
    ),
    "get_passage": ToolOf(
        "Get a passage with its citation, by its id or by the permanent link of a citation.",
        GetPassageArguments,
        CitedPassageBody,
        _get_passage,
    ),
    "verify": ToolOf(
        "Check whether citations still hold: whether the documents have the quoted words, and where.",
        VerifyRequest,
        VerifyResponse,
        _verify,
    ),
    "list_documents": ToolOf(
        "List the documents with their ids, titles and dates. `ask` can be limited to some of them.",
        ListDocumentsArguments,
        DocumentList,
        _list_documents,
    ),
}
"""All tools, none of which changes anything."""


def _valid(model: type[Arguments], arguments: bytes) -> Arguments:
    """The arguments of a tool.

    Raises:
        InvalidRequestError: for arguments that are not of the tool's form.
    """
    try:
        return model.model_validate_json(arguments)
    except ValidationError as error:
        problems = [
            FieldProblem("".join(f"/{part}" for part in each["loc"]), each["msg"][:1].lower() + each["msg"][1:])
            for each in error.errors(include_url=False)
        ]
        raise InvalidRequestError(problems, hint="The tool's schema says what it takes.") from None


def _uri(document_id: str) -> str:
    return SCHEME + quote(document_id, safe="")


def _document_id(uri: str) -> str:
    if not uri.startswith(SCHEME):
        raise UnknownDocumentError(uri)
    return unquote(uri.removeprefix(SCHEME))
