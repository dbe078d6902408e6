"""A chat-completions request: the fields that the rules model reads. All others are kept and ignored."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool, ValidationError

from local.model.errors import InvalidRequest
from local.model.field_errors import refusal_of
from local.model.json_document import read_object
from local.model.schemas import strictness_problem


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class FunctionCall(_Wire):
    """A call that the assistant made earlier in the conversation."""

    name: str
    arguments: str


class ToolCallMessage(_Wire):
    id: str
    type: Literal["function"] = "function"
    function: FunctionCall


class ContentPart(_Wire):
    type: str
    text: str | None = None


class Message(_Wire):
    """One message; `content` is text or a list of parts."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | tuple[ContentPart, ...] | None = None
    tool_calls: tuple[ToolCallMessage, ...] | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        """All the text of the message."""
        if isinstance(self.content, tuple):
            return "\n".join(part.text for part in self.content if part.text)
        return self.content or ""


class Function(_Wire):
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: str | None = None
    parameters: Annotated[dict[str, JsonValue], Field(default_factory=dict)]
    strict: bool | None = None


class Tool(_Wire):
    type: Literal["function"]
    function: Function


class NamedFunction(_Wire):
    name: str


class NamedToolChoice(_Wire):
    type: Literal["function"]
    function: NamedFunction


class JsonSchemaFormat(_Wire):
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    schema_: Annotated[dict[str, JsonValue], Field(alias="schema", default_factory=dict)]
    strict: bool | None = None


class TextResponse(_Wire):
    type: Literal["text"]


class JsonObjectResponse(_Wire):
    type: Literal["json_object"]


class JsonSchemaResponse(_Wire):
    type: Literal["json_schema"]
    json_schema: JsonSchemaFormat


ResponseFormat = Annotated[TextResponse | JsonObjectResponse | JsonSchemaResponse, Field(discriminator="type")]


class StreamOptions(_Wire):
    include_usage: StrictBool | None = False


class ChatRequest(_Wire):
    """What was asked."""

    model: str
    messages: Annotated[tuple[Message, ...], Field(min_length=1)]
    tools: Annotated[tuple[Tool, ...], Field(max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedToolChoice | None = None
    parallel_tool_calls: StrictBool | None = True
    response_format: ResponseFormat | None = None
    stream: StrictBool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    n: Literal[1] | None = 1
    # Rules have no use for these, but whoever writes them wrongly wants to hear of it here.
    temperature: Annotated[float, Field(ge=0, le=2, strict=True)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1, strict=True)] | None = None
    seed: Annotated[int, Field(strict=True)] | None = None
    stop: str | tuple[str, ...] | None = None

    @property
    def json_schema(self) -> JsonSchemaFormat | None:
        """The schema that the answer must follow, if one was given."""
        return self.response_format.json_schema if isinstance(self.response_format, JsonSchemaResponse) else None

    @property
    def token_limit(self) -> int | None:
        """The longest answer that the caller accepts, in tokens."""
        return self.max_completion_tokens or self.max_tokens


def parse_request(document: bytes, deployment: str | None = None) -> ChatRequest:
    """The request in a POST's body. Raises InvalidRequest with the parameter that is at fault.

    Azure's paths name a `deployment`; the body then need not name a model.
    """
    body = read_object(document)
    if deployment is not None and body.get("model") is None:
        body["model"] = deployment
    return read_chat(body)


def read_chat(body: dict[str, JsonValue]) -> ChatRequest:
    """The request in `body`. Raises InvalidRequest with the parameter that is at fault."""
    try:
        request = ChatRequest.model_validate(body)
    except ValidationError as error:
        raise refusal_of(error, body) from None
    _check_tool_messages(request)
    _check_tool_choice(request)
    _check_stream_options(request)
    _check_strict_schema(request)
    return request


def _check_tool_messages(request: ChatRequest) -> None:
    """Every tool call is answered right after it, and nothing else is."""
    waiting: set[str] = set()
    for index, message in enumerate(request.messages):
        param = f"messages[{index}].role"
        if message.role == "tool":
            if message.tool_call_id not in waiting:
                raise InvalidRequest(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceding message with "
                    "'tool_calls'.",
                    param=param,
                )
            waiting.discard(message.tool_call_id)
            continue
        _refuse_unanswered(waiting, param)
        waiting = {call.id for call in message.tool_calls or ()}
    _refuse_unanswered(waiting, f"messages[{len(request.messages)}].role")


def _refuse_unanswered(waiting: set[str], param: str) -> None:
    if waiting:
        raise InvalidRequest(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(sorted(waiting))}",
            param=param,
        )


def _check_tool_choice(request: ChatRequest) -> None:
    if request.tool_choice is None:
        return
    names = {tool.function.name for tool in request.tools or ()}
    if not names:
        raise InvalidRequest(
            "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
            param="tool_choice",
        )
    if isinstance(request.tool_choice, NamedToolChoice) and request.tool_choice.function.name not in names:
        raise InvalidRequest(
            f"Tool choice '{request.tool_choice.function.name}' is not one of the given tools.", param="tool_choice"
        )


def _check_stream_options(request: ChatRequest) -> None:
    if request.stream_options is not None and not request.stream:
        raise InvalidRequest(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options"
        )


def _check_strict_schema(request: ChatRequest) -> None:
    """A strict schema closes every object and requires every property, as OpenAI demands."""
    wanted = request.json_schema
    problem = strictness_problem(wanted.schema_) if wanted is not None and wanted.strict else None
    if wanted is not None and problem:
        raise InvalidRequest(
            f"Invalid schema for response_format '{wanted.name}': {problem}.",
            param="response_format",
            code="invalid_schema",
        )
