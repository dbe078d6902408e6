"""A case about a reply to a customer: the message, the draft, and why it needs a person."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.base import Contract, NonEmptyText, UtcDateTime
from contracts.case import CaseView, Round, RoundResult
from contracts.ids import SubjectId
from contracts.telemetry import CustomerId

UserId = Annotated[str, Field(min_length=1, max_length=200)]
"""Who writes to the assistant; no customer number."""


class HeldReply(Contract):
    """A message whose reply is not sent before a person has said so."""

    turn_id: SubjectId
    """The turn of the conversation that it is."""
    user_id: UserId
    customer_id: CustomerId | None = None
    """The customer who writes, where that is known."""
    message: NonEmptyText
    received_at: UtcDateTime
    flagged_because: Annotated[tuple[NonEmptyText, ...], Field(min_length=1, max_length=20)]
    """Why a person is asked, one sentence each."""


class ReplyDraft(RoundResult):
    """What is to be sent, as a person is asked about it."""

    text: NonEmptyText
    model: str
    """Which model wrote it."""


class DraftedRound(Round):
    """One round of a reply: the draft, and what a person said to it."""

    draft: ReplyDraft | None = None


class ReplyCaseView(CaseView):
    """A reply as its page shows it. `draft` is that of the current round."""

    kind: Literal["reply"] = "reply"
    subject: HeldReply
    draft: ReplyDraft | None
    earlier_rounds: tuple[DraftedRound, ...]
