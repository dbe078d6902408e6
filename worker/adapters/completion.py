"""What is read of a chat completion; endpoints send much else."""

from pydantic import BaseModel, model_validator


class Function(BaseModel):
    """What a tool call asks for; the arguments are the JSON text that the model wrote."""

    name: str
    arguments: str


class RequestedCall(BaseModel):
    """One tool call; those of other kinds have no function."""

    id: str
    type: str = "function"
    function: Function | None = None

    @model_validator(mode="after")
    def _function_of_a_function_call(self) -> "RequestedCall":
        if self.type == "function" and self.function is None:
            raise ValueError("a function call needs a function")
        return self


class AssistantMessage(BaseModel):
    """What the model said."""

    content: str | None = None
    refusal: str | None = None
    tool_calls: tuple[RequestedCall, ...] | None = None


class Choice(BaseModel):
    """One answer, and why it ended."""

    message: AssistantMessage
    finish_reason: str | None = None


class TokenCount(BaseModel):
    """As the endpoint counted."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletion(BaseModel):
    """The answers of an endpoint, the first of which counts."""

    choices: tuple[Choice, ...]
    model: str | None = None
    usage: TokenCount | None = None
