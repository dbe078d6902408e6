"""A case about a reply to a customer: the message, the draft, and why it needs a person."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.base import Contract, NonEmptyText, UtcDateTime, added_later
from contracts.case import CaseView, Round, RoundResult
from contracts.chat import TurnId, UserId
from contracts.task_plans import PlannedTaskChange
from contracts.telemetry import CustomerId

MAX_FLAGS = 20
"""How many reasons a person is told."""


class HeldReply(Contract):
    """A message whose reply is not sent before a person has said so."""

    turn_id: TurnId
    """The turn of the conversation that it is."""
    user_id: UserId
    customer_id: CustomerId | None = None
    """The customer who writes, where that is known."""
    message: NonEmptyText
    received_at: UtcDateTime
    flagged_because: Annotated[tuple[NonEmptyText, ...], Field(min_length=1, max_length=MAX_FLAGS)]
    """Why a person is asked, one sentence each."""


class ReplyDraft(RoundResult):
    """What is to be sent, as a person is asked about it."""

    text: NonEmptyText
    model: str
    """Which model wrote it."""
    task_changes: tuple[PlannedTaskChange, ...] | None = added_later()
    """What is done with the user's tasks when it is sent, edited or not; None: nothing."""


class EditedReply(Contract):
    """What a person sends instead of a draft."""

    text: NonEmptyText


class Erased(Contract):
    """Takes the place of what was written in a conversation that was erased."""


class DraftedRound(Round):
    """One round of a reply: the draft, and what a person said to it."""

    draft: ReplyDraft | None = None


class ReplyCaseView(CaseView):
    """A reply as its page shows it. `draft` is that of the current round."""

    kind: Literal["reply"] = "reply"
    subject: HeldReply | None
    """Null once the conversation was erased, like every text of it."""
    draft: ReplyDraft | None
    edited: EditedReply | None = None
    """What was sent instead of the draft, where a person edited it."""
    earlier_rounds: tuple[DraftedRound, ...]
