"""`/api/analytics`: how much is written."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from backend.api.dependencies import ChannelDep, CurrentIdentity, ServicesDep, strict_json
from backend.http.problem import documented
from contracts.base import Contract
from contracts.chat import MessageCount, UserId
from contracts.chat_analytics import LONGEST_PERIOD, ChatAnalytics
from contracts.schedules import RESET_COUNTS

router = APIRouter(prefix="/api/analytics", tags=["analytics"])
desk_router = APIRouter(prefix="/api/analytics", tags=["analytics"])
tutorial_router = APIRouter(prefix="/analytics", include_in_schema=False)


class InitialCount(Contract):
    """From where to count on."""

    message_count: Annotated[int, Field(ge=0, le=10**9)]


class CountSet(MessageCount):
    """The count as it is now."""

    status: Literal["success"] = "success"


class CountsReset(Contract):
    """All counts are 0."""

    status: Literal["success"] = "success"
    message: str = "Analytics data reset"


@desk_router.get(
    "", operation_id="get_analytics", summary="How messages ended", responses=documented(401, 403, 422, 503)
)
async def get_analytics(
    services: ServicesDep,
    days: Annotated[int, Query(ge=1, le=LONGEST_PERIOD, description="How many days, up to today, UTC")] = 30,
) -> ChatAnalytics:
    """Messages by day and by user, how many of their replies people looked at, and how long that took.

    A message counts on the day on which it was answered, or came to another end.
    """
    today = datetime.now(UTC).date()
    return await services.chat_record.analytics(today - timedelta(days - 1), today)


@router.get(
    "/{user_id}", operation_id="get_message_count", summary="Messages of a user", responses=documented(401, 422, 503)
)
@tutorial_router.get("/{user_id}")
async def get_message_count(user_id: UserId, services: ServicesDep, _: ChannelDep) -> MessageCount:
    """How many messages of a user were answered since the count was set or reset; 0 for who never wrote."""
    return await services.chat_record.message_count(user_id)


@router.post(
    "/reset",
    operation_id="reset_message_counts",
    summary="Reset all message counts",
    responses=documented(401, 403, 503),
)
async def reset_message_counts(services: ServicesDep, identity: CurrentIdentity) -> CountsReset:
    """Set the counts of all users to 0, as the daily schedule does. Managers only; it is logged."""
    await services.schedule_record.run_by_hand(RESET_COUNTS, identity.subject)
    return CountsReset()


@router.post(
    "/{user_id}/initialize",
    operation_id="initialize_message_count",
    summary="Set the message count of a user",
    responses=documented(401, 403, 413, 415, 422, 503),
    dependencies=[Depends(strict_json(InitialCount))],
)
@tutorial_router.post("/{user_id}/initialize", dependencies=[Depends(strict_json(InitialCount))])
async def initialize_message_count(
    user_id: UserId, initial: InitialCount, services: ServicesDep, _: ChannelDep
) -> CountSet:
    """Set the count of a user, whom nobody needs to have seen."""
    count = await services.chat_record.set_count(user_id, initial.message_count)
    return CountSet(**dict(count))


@tutorial_router.post("/reset")
async def reset(services: ServicesDep, identity: ChannelDep) -> CountsReset:
    """For clients written against the tutorial's path."""
    await services.schedule_record.run_by_hand(RESET_COUNTS, identity.subject)
    return CountsReset()
