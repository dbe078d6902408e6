"""The HTTP routes of the rules model."""

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from local.model.assistant import offered_calls, respond
from local.model.completion import MODEL_NAME, Envelope, chunks, completion
from local.model.control import Control, ControlPanel, parse_control
from local.model.conversation_store import KeptConversations
from local.model.errors import Forbidden, InvalidRequest, ModelError, NotFound, RateLimited, ServerFault
from local.model.fault_injection import inject_fault, raise_error_fault
from local.model.rate_limit import RateLimit
from local.model.request import ChatRequest, parse_request
from local.model.responses_output import ResponseEnvelope
from local.model.responses_request import ResponsesRequest, parse_responses_request
from local.model.stats import Stats
from local.model.tokens import CHARACTERS_PER_TOKEN, Usage, count_turn, count_usage
from local.model.turn import Turn

logger = logging.getLogger(__name__)

API_ROOTS = ("/v1", "/openai/v1")
"""OpenAI's, and the one under which Azure serves the same API."""

Reset = Callable[[tuple[str, int]], None]
"""Cuts the connection of a client (host, port)."""


class _ClientLeft(Exception):
    """Nobody is waiting for the answer any more."""


class Call(Protocol):
    """A request in one of the two formats, which knows how its answer is written."""

    @property
    def chat(self) -> ChatRequest: ...

    def reply(self, turn: Turn, usage: Usage, digest: str, at: int) -> Response:
        """The answer; `digest` tells this request from others, `at` is in seconds since 1970."""
        ...


@dataclass(frozen=True)
class ChatCall:
    """A chat completion."""

    chat: ChatRequest

    def reply(self, turn: Turn, usage: Usage, digest: str, at: int) -> Response:
        """A completion, or its chunks."""
        envelope = Envelope(f"chatcmpl-{digest}", at)
        if not self.chat.stream:
            return JSONResponse(completion(turn, usage, envelope))
        options = self.chat.stream_options
        wanted = usage if options and options.include_usage else None
        return _streamed([f"data: {chunk}\n\n" for chunk in chunks(turn, wanted, envelope)])


@dataclass(frozen=True)
class ResponsesCall:
    """A response, and where its conversation is kept for the next one."""

    request: ResponsesRequest
    kept: KeptConversations

    @property
    def chat(self) -> ChatRequest:
        """What the rules are asked."""
        return self.request.chat

    def reply(self, turn: Turn, usage: Usage, digest: str, at: int) -> Response:
        """A response document, or its events."""
        response = ResponseEnvelope(self.request, turn, usage, Envelope(f"resp_{digest}", at))
        if self.request.is_kept:
            self.kept.keep(response.response_id, (*self.request.messages, *response.as_messages()))
        if not self.chat.stream:
            return JSONResponse(response.document())
        return _streamed(list(response.events()))


class ModelApp:
    """The routes and what they share."""

    def __init__(self, panel: ControlPanel, stats: Stats, *, reset: Reset) -> None:
        self._panel = panel
        self._stats = stats
        self._reset = reset
        self._kept = KeptConversations()
        self._rate_limit = RateLimit()

    async def complete(self, request: Request) -> Response:
        """POST /v1/chat/completions, and Azure's path of a deployment."""
        deployment = request.path_params.get("deployment")
        return await self._counted(request, lambda body: ChatCall(parse_request(body, deployment)))

    async def respond(self, request: Request) -> Response:
        """POST /v1/responses."""
        return await self._counted(
            request, lambda body: ResponsesCall(parse_responses_request(body, self._kept), self._kept)
        )

    async def _counted(self, request: Request, read: Callable[[bytes], "Call"]) -> Response:
        with self._stats.call():
            try:
                return await self._answer(request, read)
            except _ClientLeft:
                return Response(status_code=499)

    async def _answer(self, request: Request, read: Callable[[bytes], "Call"]) -> Response:
        body = await request.body()
        call = read(body)
        chat = call.chat
        answer = respond(chat)
        self._stats.count_agent(answer.agent)
        control = self._panel.take(agent=answer.agent, is_verdict=answer.is_verdict)
        if control.fault:
            self._stats.count_fault(control.fault)
        limit_headers = self._limited(request, control)
        if control.latency_s and await _client_left_within(request, control.latency_s):
            raise _ClientLeft
        await self._play_connection_fault(request, control)
        raise_error_fault(control, has_tools=bool(chat.tools))
        turn = inject_fault(answer.turn, control, offered_calls(chat) if control.fault else ())
        turn = _shortened(turn, chat.token_limit)
        usage = count_usage(chat, turn)
        self._stats.count_usage(usage)
        reply = call.reply(turn, usage, hashlib.sha256(body).hexdigest()[:24], int(time.time()))
        reply.headers.update(limit_headers)
        return reply

    def _limited(self, request: Request, control: Control) -> dict[str, str]:
        try:
            return self._rate_limit.take(request.path_params.get("deployment", ""), control.requests_per_minute)
        except RateLimited:
            self._stats.count_fault("over_limit")
            raise

    async def _play_connection_fault(self, request: Request, control: Control) -> None:
        if control.fault == "timeout":
            await _client_left_within(request, None)
            raise _ClientLeft
        if control.fault == "reset":
            if request.client:
                self._reset((request.client.host, request.client.port))
            raise _ClientLeft

    async def models(self, request: Request) -> Response:
        """GET /v1/models and /v1/models/{id}."""
        model = {"id": MODEL_NAME, "object": "model", "created": 1_735_689_600, "owned_by": "casewright"}
        wanted = request.path_params.get("model")
        if wanted is None:
            return JSONResponse({"object": "list", "data": [model]})
        if wanted != MODEL_NAME:
            raise NotFound(
                f"The model '{wanted}' does not exist: this server has '{MODEL_NAME}'.", code="model_not_found"
            )
        return JSONResponse(model)

    async def show_control(self, request: Request) -> Response:
        """GET /control: what the next call is subject to."""
        _refuse_strangers(request)
        return JSONResponse(self._panel.current.model_dump())

    async def set_control(self, request: Request) -> Response:
        """PUT /control: replaces the whole control; an empty object puts everything back to normal."""
        _refuse_strangers(request)
        self._panel.set(parse_control(await request.body()))
        return JSONResponse(self._panel.current.model_dump())

    async def show_stats(self, request: Request) -> Response:
        """GET /control/stats: the counts since the start."""
        _refuse_strangers(request)
        return JSONResponse(self._stats.snapshot())


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok", "model": MODEL_NAME})


def _api(root: str, model: ModelApp) -> list[Route]:
    return [
        Route(f"{root}/chat/completions", model.complete, methods=["POST"]),
        Route(f"{root}/responses", model.respond, methods=["POST"]),
        Route(f"{root}/models", model.models),
        Route(f"{root}/models/{{model:path}}", model.models),
    ]


def build_app(panel: ControlPanel, stats: Stats, *, reset: Reset) -> Starlette:
    """The application; `reset` cuts a client's connection for the fault of that name."""
    model = ModelApp(panel, stats, reset=reset)
    return Starlette(
        routes=[
            *(route for root in API_ROOTS for route in _api(root, model)),
            Route("/openai/deployments/{deployment}/chat/completions", model.complete, methods=["POST"]),
            Route("/openai/responses", model.respond, methods=["POST"]),
            Route("/control", model.set_control, methods=["PUT"]),
            Route("/control", model.show_control, methods=["GET"]),
            Route("/control/stats", model.show_stats),
            Route("/healthz", _health),
        ],
        exception_handlers={ModelError: _render, HTTPException: _render_http, Exception: _render_unexpected},
    )


def _refuse_strangers(request: Request) -> None:
    host = request.client.host if request.client else ""
    try:
        is_local = ip_address(host).is_loopback
    except ValueError:
        is_local = False
    if not is_local:
        raise Forbidden("The control paths answer only to this machine (a loopback address).", code="loopback_only")


async def _client_left_within(request: Request, seconds: float | None) -> bool:
    """Wait that long (for ever with None). True as soon as the client hangs up."""
    try:
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                pass
            return True
    except TimeoutError:
        return False


def _streamed(events: list[str]) -> Response:
    return StreamingResponse(_one_by_one(events), media_type="text/event-stream")


async def _one_by_one(events: list[str]) -> AsyncIterator[str]:
    for event in events:
        yield event
        # The server writes each by itself, as a model that is still thinking would.
        await asyncio.sleep(0)


def _shortened(turn: Turn, token_limit: int | None) -> Turn:
    """Cut at the caller's limit, as the finish reason then says. Tool calls are never cut in half."""
    if token_limit is None or turn.tool_calls or count_turn(turn) <= token_limit:
        return turn
    return Turn(text=(turn.text or "")[: token_limit * CHARACTERS_PER_TOKEN], finish_reason="length")


async def _render(_request: Request, error: Exception) -> Response:
    refused = cast("ModelError", error)
    return JSONResponse(refused.body(), status_code=refused.status, headers=refused.headers)


async def _render_http(request: Request, error: Exception) -> Response:
    raised = cast("HTTPException", error)
    refused = (
        InvalidRequest(f"Not allowed to make a {request.method} request to {request.url.path}.")
        if raised.status_code == 405
        else NotFound(f"Unknown request URL: {request.method} {request.url.path}.", code="unknown_url")
    )
    return JSONResponse(refused.body(), status_code=raised.status_code, headers=raised.headers)


async def _render_unexpected(_request: Request, error: Exception) -> Response:
    logger.error("The rules failed on a request.", exc_info=error)
    return JSONResponse(ServerFault("The server had an error while processing your request.").body(), status_code=500)
