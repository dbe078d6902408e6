"""How customers' messages ended, day by day. Counts outlive the texts that they count."""

from datetime import date
from typing import Annotated

from pydantic import Field, NonNegativeInt

from contracts.base import Contract
from contracts.chat import UserId

LONGEST_PERIOD = 366
"""Days."""
MOST_USERS = 20


class MessageFigures(Contract):
    """How many messages came to which end."""

    sent: NonNegativeInt = 0
    """Answered with a reply."""
    reviewed: NonNegativeInt = 0
    """Of those, with one that a person approved."""
    rejected: NonNegativeInt = 0
    unresolved: NonNegativeInt = 0
    """Nobody decided in time."""
    failed: NonNegativeInt = 0
    """No reply could be written."""


class MessageDay(MessageFigures):
    """The messages that came to an end on one day, UTC."""

    day: date
    users: NonNegativeInt = 0
    """Whose messages they were: how many users."""


class BusyUser(MessageFigures):
    """The messages of one user."""

    user_id: UserId


class DecisionTimes(Contract):
    """How long people took to decide about replies, from the question to the decision."""

    decided: NonNegativeInt
    median_s: NonNegativeInt | None
    """Seconds; null where nobody decided."""
    p90_s: NonNegativeInt | None


class ChatAnalytics(Contract):
    """The messages that came to an end in a period of whole days, UTC."""

    first_day: date
    last_day: date
    total: MessageFigures
    users: NonNegativeInt
    """Whose messages they were: how many users."""
    review_rate: Annotated[float, Field(ge=0, le=1)] | None
    """The share of messages about whose reply a person was asked; null without messages."""
    decisions: DecisionTimes
    days: Annotated[tuple[MessageDay, ...], Field(max_length=LONGEST_PERIOD)]
    """Every day of the period, the oldest first."""
    busiest: Annotated[tuple[BusyUser, ...], Field(max_length=MOST_USERS)]
    """The users with the most messages, at most 20, the busiest first."""
