"""`/api/events/stream`: telemetry, alerts, cases and turns of conversations as server-sent events."""

from collections.abc import AsyncIterable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Annotated

import anyio
from fastapi import APIRouter, Header, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BeforeValidator, Field
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.types import Message, Receive, Scope, Send

from backend.api.dependencies import ServicesDep, SessionDep
from backend.http.problem import documented
from backend.live.messages import TOPICS, AlertMessage, CaseMessage, TelemetryBatch, Topic, TurnMessage
from backend.live.service_status import ServiceStatus
from contracts.base import Contract

router = APIRouter(prefix="/api/events", tags=["events"])

HEARTBEAT_S = 15.0
HEARTBEAT = ServerSentEvent(comment="alive", sep="\n")
SEND_TIMEOUT_S = 20.0
"""A watcher that receives nothing for this long is disconnected; it may resume later."""

ENDING_S = 60.0
"""Longer than the server waits at shutdown: our streams end themselves then, and the library would cut them."""

STREAMED: Mapping[str, type[Contract]] = {
    "telemetry": TelemetryBatch,
    "alert": AlertMessage,
    "case": CaseMessage,
    "chat": TurnMessage,
    "service": ServiceStatus,
}
"""What the data of an event of each name is."""

EventNumber = Annotated[int, Field(ge=0, le=2**63 - 1)]


def _described(name: str, message: type[Contract]) -> dict[str, object]:
    """An event of the stream as JSON Schema; what is sent as JSON within a text is described by `contentSchema`."""
    data = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": {"$ref": f"#/components/schemas/{message.__name__}"},
    }
    return {
        "type": "object",
        "properties": {"event": {"const": name}, "id": {"type": "string"}, "data": data},
        "required": ["event", "data"],
    }


def _none_if_empty(given: object) -> object:
    # By the standard, a stream whose last id is empty has none.
    return None if isinstance(given, str) and not given.strip() else given


class EventStreamResponse(EventSourceResponse):
    """Server-sent events until the stream ends, the client leaves, or it takes nothing for too long."""

    media_type = "text/event-stream"

    def __init__(
        self,
        events: AsyncIterable[bytes],
        heartbeat_s: float = HEARTBEAT_S,
        send_timeout_s: float = SEND_TIMEOUT_S,
        counted: AbstractContextManager[None] | None = None,
    ) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType] the library says dict of nothing
            events,
            ping=heartbeat_s,
            ping_message_factory=lambda: HEARTBEAT,
            sep="\n",
            shutdown_grace_period=ENDING_S,
        )
        self._send_timeout_s = send_timeout_s
        self._counted = counted or nullcontext()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until one of these ends comes. Raises TooManyStreams."""

        async def send_in_time(message: Message) -> None:
            # The library's own time-out spares the first and the last message, on which a client can hang as well.
            with anyio.move_on_after(self._send_timeout_s) as overdue:
                await send(message)
            if overdue.cancelled_caught:
                raise SendTimeoutError

        with self._counted, suppress(SendTimeoutError):
            await super().__call__(scope, receive, send_in_time)


@router.get(
    "/stream",
    operation_id="stream_events",
    summary="Follow what happens",
    status_code=200,
    response_class=EventStreamResponse,
    responses={
        200: {
            "description": "Server-sent events; each is described here, and its data under webhooks as well. `id` is "
            "the number of a case event; send it as `Last-Event-ID` to go on after it.",
            "content": {
                EventStreamResponse.media_type: {
                    "schema": {
                        "type": "object",
                        "oneOf": [_described(name, message) for name, message in STREAMED.items()],
                    }
                }
            },
        },
        **documented(422, 503),
    },
)
async def stream_events(
    services: ServicesDep,
    session: SessionDep,
    topics: Annotated[
        str, Query(description="Any of `telemetry`, `alerts`, `cases`, `chat`, separated by commas")
    ] = "telemetry,alerts,cases",
    last_event_id: Annotated[
        EventNumber | None,
        BeforeValidator(_none_if_empty),
        Query(description="As the header, for a client that cannot set it"),
    ] = None,
    last_event_id_header: Annotated[
        EventNumber | None, BeforeValidator(_none_if_empty), Header(alias="Last-Event-ID")
    ] = None,
) -> EventStreamResponse:
    """Server-sent events. Resuming after `Last-Event-ID` loses and repeats nothing; without it, they start now.

    The stream ends with the session; a new session opens another.
    """
    after = last_event_id if last_event_id_header is None else last_event_id_header
    events = services.event_stream.follow(_topics(topics), after, session.session_id)
    return EventStreamResponse(events, counted=services.open_streams.one(session.session_id))


def _topics(text: str) -> frozenset[Topic]:
    asked = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in asked if name not in TOPICS]
    if unknown or not asked:
        message = f"Give one or more of {', '.join(TOPICS)}, separated by commas"
        raise RequestValidationError([{"type": "value_error", "loc": ("query", "topics"), "msg": message}])
    return frozenset(topic for topic in TOPICS if topic in asked)
