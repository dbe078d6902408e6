"""The `Model` port over the `openai` package: Azure OpenAI, OpenAI, Gemini, the local model, and others like them."""

import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import anyio
import httpx2
from openai import APIStatusError, AsyncOpenAI

from worker.adapters.client_loop import ClientLoop
from worker.adapters.completion import ChatCompletion
from worker.adapters.dialects import DIALECTS, ChatCall, Dialect, chat_call, is_about_dialect
from worker.adapters.model_errors import NO_COMPLETION, NOT_IN_TIME, fault_of
from worker.adapters.schema_dialect import read_step
from worker.ports.model import Finish, ModelReply, ModelRequest, ModelUnavailable, ToolCalling, ToolRequest

log = logging.getLogger(__name__)

CHARACTERS_PER_TOKEN = 4
"""The usual estimate, for endpoints that do not count."""


class OpenAIModel:
    """Asks one chat-completions model, each request once: the agent loop asks again, and nobody else does.

    `client` must have `max_retries=0`. With `tool_calling` `auto`, the first dialect that the endpoint understands is
    found by asking, once, and kept.
    """

    def __init__(
        self,
        client: AsyncOpenAI,
        model: str,
        loop: ClientLoop,
        tool_calling: ToolCalling = "auto",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._model = model
        self._loop = loop
        self._dialects: tuple[Dialect, ...] = DIALECTS if tool_calling == "auto" else (tool_calling,)
        self._monotonic = monotonic

    @property
    def dialect(self) -> Dialect:
        """How tools and answer format are put to the endpoint, as far as is known."""
        return self._dialects[0]

    def complete(self, request: ModelRequest, timeout_s: float) -> ModelReply:
        """The model's next turn. Raises ModelUnavailable or ModelRejected."""
        return self._loop.call(partial(self.reply_to, request, timeout_s))

    async def reply_to(self, request: ModelRequest, timeout_s: float) -> ModelReply:
        """As `complete`, for callers that are on the client loop already."""
        started = self._monotonic()
        try:
            # The client's own time-out counts each read; this one bounds the whole call, a trickling answer included.
            with anyio.fail_after(timeout_s):
                dialect, body = await self._understood(request, timeout_s)
        except TimeoutError:
            raise ModelUnavailable(NOT_IN_TIME) from None
        duration_ms = round((self._monotonic() - started) * 1000)
        return _reply(request, dialect, body, self._model, duration_ms)

    async def _understood(self, request: ModelRequest, timeout_s: float) -> tuple[Dialect, bytes]:
        """The answer, and the dialect in which the endpoint understood the request."""
        tried = self._dialects if request.tools else self._dialects[:1]
        for dialect in tried:
            try:
                body = await self._create(chat_call(request, dialect), timeout_s)
            except APIStatusError as error:
                if dialect != tried[-1] and is_about_dialect(error):
                    continue
                raise fault_of(error, datetime.now(UTC)) from None
            except Exception as error:
                raise fault_of(error, datetime.now(UTC)) from None
            if request.tools:
                self._keep(dialect)
            return dialect, body
        raise AssertionError("there is always a last dialect")

    def _keep(self, dialect: Dialect) -> None:
        if dialect != self._dialects[0]:
            log.warning(
                "%s does not take tools and answer format in one request: it is asked '%s'.", self._model, dialect
            )
        self._dialects = (dialect,)

    async def _create(self, call: ChatCall, timeout_s: float) -> bytes:
        # The client's method for chat completions walks through each whole conversation to rename fields that none of
        # ours needs renamed, and builds the answer field by field: two fifths of the CPU of a call.
        response = await self._client.post(
            "/chat/completions",
            cast_to=httpx2.Response,
            body={"model": self._model, **call.body()},
            options={"timeout": timeout_s},
        )
        return response.content


def _reply(request: ModelRequest, dialect: Dialect, body: bytes, model: str, duration_ms: int) -> ModelReply:
    # Compatible endpoints do send other JSON with status 200.
    try:
        completion = ChatCompletion.model_validate_json(body)
        choice = completion.choices[0]
        message = choice.message
        text, requests = message.content, _tool_requests(completion)
        if dialect == "schema" and request.tools and request.may_call_tools:
            text, requests = read_step(text, len(request.messages))
        given, written, both = _tokens(request, completion)
        return ModelReply(
            text=text,
            refusal=message.refusal,
            tool_requests=requests,
            finish=_finish(choice.finish_reason),
            model=completion.model or model,
            tokens=both,
            input_tokens=given,
            output_tokens=written,
            duration_ms=duration_ms,
        )
    except (LookupError, ValueError):
        raise ModelUnavailable(NO_COMPLETION) from None


def _tool_requests(completion: ChatCompletion) -> tuple[ToolRequest, ...]:
    return tuple(
        ToolRequest(call_id=call.id, tool=call.function.name, arguments=call.function.arguments)
        for call in completion.choices[0].message.tool_calls or ()
        if call.function is not None
    )


def _finish(reason: str | None) -> Finish:
    if reason == "length":
        return "length"
    return "content_filter" if reason in ("content_filter", "safety") else "complete"


def _tokens(request: ModelRequest, completion: ChatCompletion) -> tuple[int, int, int]:
    """Tokens read, written, and both: as counted by the endpoint, or else estimated, so that a run's limit holds."""
    usage = completion.usage
    if usage:
        # What a model thinks to itself is in the total of some endpoints and in no other number.
        both = usage.prompt_tokens + usage.completion_tokens
        return usage.prompt_tokens, usage.completion_tokens, max(usage.total_tokens, both)
    message = completion.choices[0].message
    written = _estimate(len(message.content or "") + sum(len(call.arguments) for call in _tool_requests(completion)))
    given = _estimate(len(json.dumps([each.model_dump(mode="json") for each in request.messages])))
    return given, written, given + written


def _estimate(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)
