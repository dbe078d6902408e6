"""`/api/conversations`: who writes to the assistant, and what they wrote and were answered."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from backend.api.cases import Cursor, Limit
from backend.api.dependencies import CurrentIdentity, MayReveal, ServicesDep, strict_json
from backend.auth.personal_data import MAY_REVEAL
from backend.http.problem import documented
from contracts.base import Contract
from contracts.chat import ChatUser, ChatUserPage, ConversationPage, UserId
from contracts.telemetry import CustomerId

router = APIRouter(prefix="/api/conversations", tags=["chat"])


class ErasedConversation(Contract):
    """What was erased."""

    user_id: UserId
    turns: int
    """How many messages, with their replies; 0 when it had been erased before."""


class CustomerLink(Contract):
    """Which customer a user is."""

    customer_id: CustomerId


@router.get(
    "",
    operation_id="list_users",
    summary="Who writes to the assistant",
    responses=documented(401, 403, 422, 503),
)
async def list_users(
    services: ServicesDep,
    starts_with: Annotated[str | None, Query(min_length=1, max_length=128, description="Begin of the user id")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ChatUserPage:
    """The users who have written, whoever wrote last first."""
    return await services.chat_record.list_users(starts_with=starts_with, limit=limit, cursor=cursor)


@router.get(
    "/{user_id}",
    operation_id="get_conversation",
    summary="Read a conversation",
    responses=documented(401, 403, 404, 422, 503),
    dependencies=[MayReveal],
)
async def get_conversation(
    user_id: UserId,
    services: ServicesDep,
    identity: CurrentIdentity,
    search: Annotated[str | None, Query(min_length=1, max_length=200, description="Words of message or reply")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ConversationPage:
    """The newest turns of a user, oldest first; `next_cursor` leads to those before them.

    For those who may not be shown personal data, words of `search` are whole words, and one of less than six
    characters with a digit in it finds nothing: what is masked cannot be spelt out.
    """
    whole = not identity.may_act_as(MAY_REVEAL)
    page = await services.chat_record.conversation(
        user_id, search=search, limit=limit, cursor=cursor, whole_words=whole
    )
    await services.accesses.saw(identity.subject, "conversation_read", None, user_id)
    return page


@router.put(
    "/{user_id}/customer",
    operation_id="link_user",
    summary="Say which customer a user is",
    responses=documented(401, 403, 404, 409, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(CustomerLink))],
)
async def link_user(user_id: UserId, link: CustomerLink, services: ServicesDep, identity: CurrentIdentity) -> ChatUser:
    """From the next reply on, the assistant may read the records of this customer for the user, and of no other.

    A draft that waits for a person is over, and is written anew.
    """
    return await services.chat.link_user(user_id, link.customer_id, identity.subject)


@router.delete(
    "/{user_id}/customer",
    operation_id="unlink_user",
    summary="Say that a user is no customer",
    responses=documented(401, 403, 404, 409, 422, 503),
)
async def unlink_user(user_id: UserId, services: ServicesDep, identity: CurrentIdentity) -> ChatUser:
    """From the next reply on, the assistant may read no customer's records for the user."""
    return await services.chat_record.link_user(user_id, None, identity.subject)


@router.delete(
    "/{user_id}",
    operation_id="erase_conversation",
    summary="Erase a conversation",
    responses=documented(401, 403, 404, 409, 422, 503),
)
async def erase_conversation(user_id: UserId, services: ServicesDep, identity: CurrentIdentity) -> ErasedConversation:
    """Erase every text of a conversation, for a data-protection request. It cannot be undone.

    What waits for a reply is withdrawn, and cases about its replies are closed. The message counts stay, and so does
    that it was erased, when, and by whom. 409 while a case about one of its replies is under a legal hold.
    """
    turns = await services.chat_record.erase_conversation(user_id, identity.subject)
    return ErasedConversation(user_id=user_id, turns=turns)
