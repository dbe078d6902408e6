"""The `Model` port over the `openai` package: Azure OpenAI, OpenAI, Gemini, the local model, and others like them."""

import time
from collections.abc import Callable
from functools import partial

import anyio
from openai import APIConnectionError, APIStatusError, AsyncOpenAI, OpenAIError
from openai.types.chat import ChatCompletion

from worker.adapters.chat_format import messages_of, response_format_of, tool_choice_of, tools_of
from worker.adapters.client_loop import ClientLoop
from worker.ports.model import ModelRejected, ModelReply, ModelRequest, ModelUnavailable, ToolRequest

PASSING_STATUSES = frozenset({408, 409, 425, 429})
"""Beside all of 500 and above: asking again later may help."""


class OpenAIModel:
    """Asks one chat-completions model, each request once: retries are the durable activities' business.

    `client` must have `max_retries=0`.
    """

    def __init__(
        self,
        client: AsyncOpenAI,
        model: str,
        loop: ClientLoop,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._model = model
        self._loop = loop
        self._monotonic = monotonic

    def complete(self, request: ModelRequest, timeout_s: float) -> ModelReply:
        """The model's next turn. Raises ModelUnavailable or ModelRejected."""
        return self._loop.call(partial(self._complete, request, timeout_s))

    async def _complete(self, request: ModelRequest, timeout_s: float) -> ModelReply:
        started = self._monotonic()
        try:
            # The client's own time-out counts each read; this one bounds the whole call, a trickling answer included.
            with anyio.fail_after(timeout_s):
                completion = await self._ask(request, timeout_s)
        except TimeoutError:
            raise ModelUnavailable(f"The model did not answer within {timeout_s:g} seconds.") from None
        return _reply(completion, self._model, round((self._monotonic() - started) * 1000))

    async def _ask(self, request: ModelRequest, timeout_s: float) -> ChatCompletion:
        try:
            return await self._client.chat.completions.create(
                model=self._model,
                messages=messages_of(request),
                tools=tools_of(request),
                tool_choice=tool_choice_of(request),
                response_format=response_format_of(request.answer_format),
                timeout=timeout_s,
            )
        except APIStatusError as error:
            raise _named(error) from None
        except APIConnectionError:
            raise ModelUnavailable("The model endpoint could not be reached.") from None
        except (OpenAIError, ValueError) as error:
            raise ModelUnavailable(
                f"The model endpoint did not give a chat completion ({type(error).__name__})."
            ) from None


def _named(error: APIStatusError) -> ModelUnavailable | ModelRejected:
    # The body may quote keys or prompts; the status alone tells enough.
    status = error.status_code
    if status in PASSING_STATUSES or status >= 500:
        return ModelUnavailable(f"The model endpoint answered with status {status}.")
    return ModelRejected(f"The model endpoint refused the request with status {status}.")


def _reply(completion: ChatCompletion, model: str, duration_ms: int) -> ModelReply:
    # Compatible endpoints do send other JSON with status 200, and the client does not validate it.
    try:
        message = completion.choices[0].message
        return ModelReply(
            text=message.content,
            refusal=message.refusal,
            tool_requests=tuple(
                ToolRequest(call_id=call.id, tool=call.function.name, arguments=call.function.arguments)
                for call in message.tool_calls or ()
                if call.type == "function"
            ),
            model=completion.model or model,
            tokens=completion.usage.total_tokens if completion.usage else 0,
            duration_ms=duration_ms,
        )
    except (AttributeError, LookupError, TypeError, ValueError):
        raise ModelUnavailable("The model endpoint did not give a chat completion.") from None
