"""`/api/chat`: messages of customers and their replies."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, Field, JsonValue

from backend.api.dependencies import ChannelDep, ServicesDep, strict_json
from backend.http.problem import documented
from backend.http.request_timeout import LONGEST_WAIT_S
from backend.services.errors import ReplyInterrupted
from contracts.base import Contract
from contracts.chat import (
    ENDED,
    MAX_METADATA_BYTES,
    MAX_METADATA_DEPTH,
    MAX_TAGS,
    ChatTurn,
    Metadata,
    Tag,
    TurnId,
    UserId,
)
from contracts.hashing import canonical_json
from contracts.words import says_something

router = APIRouter(prefix="/api/chat", tags=["chat"])
tutorial_router = APIRouter(prefix="/chat", include_in_schema=False)

WAIT_S = 30.0
LONGEST_MESSAGE = 4_000
"""Characters."""


def _says_something(text: str) -> str:
    if not says_something(text):
        raise ValueError("write something that can be read")
    return text


def _small_enough(metadata: Metadata) -> Metadata:
    if _depth(metadata) > MAX_METADATA_DEPTH:
        raise ValueError(f"metadata may be nested {MAX_METADATA_DEPTH} levels deep")
    size = len(canonical_json(metadata).encode())
    if size > MAX_METADATA_BYTES:
        raise ValueError(f"metadata takes {size:,} bytes of JSON and may take {MAX_METADATA_BYTES:,}")
    return metadata


def _depth(value: JsonValue) -> int:
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(_depth, value.values() if isinstance(value, dict) else value), default=0)


class ChatMessage(Contract):
    """What a customer says."""

    user_id: UserId
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_MESSAGE), AfterValidator(_says_something)]
    metadata: Annotated[Metadata, Field(default_factory=dict), AfterValidator(_small_enough)]
    """Stored, and returned with the reply."""
    tags: Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS)] = ()
    zone: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """The IANA time zone in which the user means times, from now on; at first UTC."""
    message_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The client's own id: the same one twice is one message. The header `Idempotency-Key` counts before it."""


class ChatReply(Contract):
    """What is answered."""

    user_id: UserId
    reply: str
    metadata: Metadata


class PendingReply(Contract):
    """The reply takes longer: ask for it there."""

    turn_id: TurnId
    status_url: str


@router.post(
    "",
    operation_id="send_message",
    summary="Send a message to the assistant",
    response_model=ChatReply,
    responses={
        202: {"model": PendingReply, "description": "The reply takes longer"},
        **documented(401, 409, 413, 415, 422, 429, 503),
    },
    dependencies=[Depends(strict_json(ChatMessage))],
)
async def send_message(
    message: ChatMessage,
    services: ServicesDep,
    _: ChannelDep,
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S, description="Seconds to wait for the reply")] = WAIT_S,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> ChatReply | JSONResponse:
    """Answer a message. Nothing of a reply that a person has to look at is sent before they have.

    Messages of one user are answered one at a time, in their order.
    """
    turn = await services.chat.post(
        message.user_id,
        message.text,
        message.metadata,
        message.tags,
        idempotency_key or message.message_id,
        wait,
        message.zone,
    )
    if turn.state in ENDED:
        return _reply(turn)
    pending = PendingReply(turn_id=turn.turn_id, status_url=f"/api/chat/{turn.turn_id}")
    return JSONResponse(pending.model_dump(mode="json"), 202)


@router.get(
    "/{turn_id}",
    operation_id="get_turn",
    summary="What has become of a message",
    responses=documented(401, 404, 422, 503),
)
async def get_turn(turn_id: TurnId, services: ServicesDep, _: ChannelDep) -> ChatTurn:
    """The state of a message, and its reply once it is sent: nothing of a draft."""
    return await services.chat_record.turn(turn_id)


@tutorial_router.post("/", dependencies=[Depends(strict_json(ChatMessage))])
async def chat(message: ChatMessage, services: ServicesDep, _: ChannelDep) -> ChatReply:
    """For clients written against the tutorial's path: answers when there is a reply, however long that takes."""
    turn = await services.chat.post(
        message.user_id, message.text, message.metadata, message.tags, message.message_id, None, message.zone
    )
    if turn.state not in ENDED:
        raise ReplyInterrupted(turn.turn_id)
    return _reply(turn)


def _reply(turn: ChatTurn) -> ChatReply:
    return ChatReply(user_id=turn.user_id, reply=turn.reply or "", metadata=turn.metadata)
