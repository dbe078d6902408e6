"""The `Model` port over the `openai` package: Azure OpenAI, OpenAI, Gemini, the local model, and others like them."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import anyio
import httpx2
from openai import APIStatusError, AsyncOpenAI

from contracts.addresses import host_of
from worker.adapters.client_loop import ClientLoop
from worker.adapters.completion import Completion, ErrorInside, NoCompletion, read_completion
from worker.adapters.dialects import DIALECTS, ChatCall, Dialect, chat_call, is_about_dialect
from worker.adapters.model_errors import (
    NOT_IN_TIME,
    AnswerMissing,
    Refusal,
    fault_of,
    fault_of_refusal,
    read_refusal,
    refusal_of,
    sentence_of_missing,
)
from worker.adapters.rate_limiter import WORTH_TELLING_S, RateLimiter
from worker.adapters.reply import reply_of
from worker.adapters.whole_answers import missing_of
from worker.ports.model import ModelReply, ModelRequest, ModelUnavailable, ToolCalling

log = logging.getLogger(__name__)


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
        *,
        name: str | None = None,
        limiter: RateLimiter | None = None,
    ) -> None:
        """`name` tells this deployment from all others, now and after a restart; by default by model and place.

        `limiter` is shared by all who ask the deployment; by default it is limited by what the provider says.
        """
        self._client = client
        self._model = model
        self._loop = loop
        self._dialects: tuple[Dialect, ...] = DIALECTS if tool_calling == "auto" else (tool_calling,)
        self._monotonic = monotonic
        self._host = host_of(str(client.base_url))
        self._name = name or f"{model} at {self._host}"
        self._limiter = limiter or RateLimiter(self._name)
        self._takes_extras = True
        """Whether it takes back what it says beyond the standard; most do, some refuse their own words."""
        self._doubts_extras = False
        """Whether a call with some begins without them: one that was refused had no turn to find out."""

    @property
    def dialect(self) -> Dialect:
        """How tools and answer format are put to the endpoint, as far as is known."""
        return self._dialects[0]

    def complete(self, request: ModelRequest, timeout_s: float) -> ModelReply:
        """The model's next turn. Raises ModelUnavailable or ModelRejected."""
        return self._loop.call(partial(self.reply_to, request, timeout_s))

    async def reply_to(self, request: ModelRequest, timeout_s: float) -> ModelReply:
        """As `complete`, for callers that are on the client loop already."""
        waited_s = await self._limiter.acquire(timeout_s)
        started = self._monotonic()
        try:
            with anyio.fail_after(timeout_s - waited_s):
                dialect, answer = await self._understood(request, timeout_s)
        except TimeoutError:
            raise ModelUnavailable(NOT_IN_TIME, cut_short=waited_s >= WORTH_TELLING_S) from None
        duration_ms = round((self._monotonic() - started) * 1000)
        reply = reply_of(request, dialect, answer, self._model, self._name, duration_ms)
        return reply.model_copy(update={"host": self._host})

    async def _understood(self, request: ModelRequest, timeout_s: float) -> tuple[Dialect, Completion]:
        """The answer, and the dialect in which the endpoint understood the request."""
        tried = self._dialects if request.tools else self._dialects[:1]
        for dialect in tried:
            if dialect != tried[0]:
                await self._turn_of(dialect, timeout_s)
            try:
                answer = await self._asked(request, dialect, timeout_s)
            except _Refused as refused:
                if dialect != tried[-1] and is_about_dialect(refused.refusal):
                    continue
                raise fault_of_refusal(refused.refusal, datetime.now(UTC)) from None
            except Exception as error:
                raise fault_of(error, datetime.now(UTC)) from None
            if request.tools:
                self._keep(dialect)
            return dialect, answer
        raise AssertionError("there is always a last dialect")

    async def _turn_of(self, dialect: Dialect, timeout_s: float) -> None:
        try:
            await self._limiter.acquire(timeout_s)
        except BaseException:
            # The next call begins with it: it would spend its turn on what was refused just now, and so on for ever.
            if dialect in self._dialects:
                first = self._dialects.index(dialect)
                self._dialects = (*self._dialects[first:], *self._dialects[:first])
            raise

    def _keep(self, dialect: Dialect) -> None:
        if len(self._dialects) > 1 and dialect != DIALECTS[0]:
            log.warning(
                "%s does not take tools and answer format in one request: it is asked '%s'.", self._model, dialect
            )
        self._dialects = (dialect,)

    async def _asked(self, request: ModelRequest, dialect: Dialect, timeout_s: float) -> Completion:
        """The answer in this dialect. Raises _Refused."""
        plain = chat_call(request, dialect)
        full = chat_call(request, dialect, self._name) if self._takes_extras else plain
        if full == plain:
            return await self._create(plain, timeout_s)
        first, then = (plain, full) if self._doubts_extras else (full, plain)
        try:
            answer, taken = await self._create(first, timeout_s), first
        except _Refused as refused:
            if not _may_be_about_extras(refused.refusal):
                raise
            self._doubts_extras = then is plain
            await self._limiter.acquire(timeout_s)
            self._doubts_extras = False
            answer, taken = await self._create(then, timeout_s), then
        self._doubts_extras = False
        if taken is full:
            return answer
        self._takes_extras = False
        log.warning("%s does not take back what it says beyond the standard: it is left out.", self._model)
        return answer

    async def _create(self, call: ChatCall, timeout_s: float) -> Completion:
        # The client's method for chat completions walks through each whole conversation to rename fields that none of
        # ours needs renamed, and builds the answer field by field: two fifths of the CPU of a call.
        try:
            response = await self._client.post(
                "/chat/completions",
                cast_to=httpx2.Response,
                body={"model": self._model, **call.body()},
                options={"timeout": timeout_s},
            )
        except APIStatusError as error:
            self._limiter.told(error.response.headers)
            raise _Refused(refusal_of(error)) from None
        self._limiter.told(response.headers)
        try:
            return _received(response)
        except ErrorInside as error:
            raise _Refused(read_refusal(response.status_code, error.body, response.headers)) from None


def _received(response: httpx2.Response) -> Completion:
    """The answer, or that it was lost on its way. Raises what `read_completion` raises, and AnswerMissing."""
    missing = missing_of(response)
    if missing is None:
        return read_completion(response.content)
    try:
        answer = read_completion(response.content)
    except NoCompletion:
        if missing.why != "damaged":
            raise AnswerMissing(missing) from None
        answer = Completion(length=missing.received, is_whole=False)
    if missing.why == "too_long":
        return Completion(model=answer.model, length=answer.length, too_long=len(response.content))
    if answer.is_whole:
        return answer
    lost = sentence_of_missing(missing)
    return Completion(model=answer.model, count=answer.count, length=answer.length, is_whole=False, lost=lost)


class _Refused(Exception):
    """The endpoint answered with an error."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__()
        self.refusal = refusal


def _may_be_about_extras(refusal: Refusal) -> bool:
    return refusal.status in (400, 422) and not (refusal.is_too_long or refusal.is_filtered or refusal.is_ill_written)
