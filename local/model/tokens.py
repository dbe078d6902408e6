"""A deterministic estimate of tokens: four characters each, OpenAI's rule of thumb for English."""

from dataclasses import dataclass

from local.model.request import ChatRequest
from local.model.turn import Turn

CHARACTERS_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4


@dataclass(frozen=True)
class Usage:
    """Tokens of one call."""

    prompt_tokens: int
    completion_tokens: int

    def as_json(self) -> dict[str, int]:
        """The `usage` object of a completion."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
        }


def count_text(text: str) -> int:
    """Estimated tokens of `text`, rounded up."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def count_usage(request: ChatRequest, turn: Turn) -> Usage:
    """Estimated tokens of the request (messages and tools) and of its answer."""
    prompt = sum(
        TOKENS_PER_MESSAGE
        + count_text(message.text)
        + sum(count_text(call.function.name + call.function.arguments) for call in message.tool_calls or ())
        for message in request.messages
    )
    prompt += sum(count_text(tool.model_dump_json()) for tool in request.tools or ())
    return Usage(prompt, count_turn(turn))


def count_turn(turn: Turn) -> int:
    """Estimated tokens of an answer."""
    calls = sum(count_text(call.name + call.arguments) for call in turn.tool_calls)
    return count_text(turn.text or "") + count_text(turn.refusal or "") + calls
