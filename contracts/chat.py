"""A conversation with the assistant: a customer's message is a turn, which is answered once, or not at all."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt

from contracts.base import Contract, FiniteJson, NonEmptyText, UtcDateTime
from contracts.ids import CaseId, SubjectId
from contracts.task_plans import PlannedTaskChange
from contracts.telemetry import CustomerId

MAX_METADATA_BYTES = 16 * 1024
"""Of encoded JSON."""
MAX_METADATA_DEPTH = 16
"""Objects and arrays within each other."""
MAX_TAGS = 20

TurnId = SubjectId


_UNSEEN = r"\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
UserId = Annotated[str, Field(pattern=rf"^[^\s/{_UNSEEN}]{{1,128}}$")]
"""Who writes to the assistant; no customer number. Without blanks, slashes and what cannot be seen."""
Tag = Annotated[str, Field(min_length=1, max_length=64)]
Metadata = dict[str, FiniteJson]
"""What a channel says about a message: it is stored and returned, and means nothing here."""

TurnState = Literal["queued", "drafting", "checking", "sent", "rejected", "unresolved", "failed", "withdrawn"]
"""Where a turn is. `sent` and what follows it in this list is for good.

`checking`: a draft is on record, and is checked by a person or is about to be sent; `unresolved`: nobody decided before
the last deadline; `failed`: no reply could be written; `withdrawn`: the conversation was erased while it was open."""
ENDED: frozenset[TurnState] = frozenset({"sent", "rejected", "unresolved", "failed", "withdrawn"})

REJECTED_REPLY = "Message rejected by human reviewer."
"""What is answered instead of a rejected reply."""
ANSWERED_INSTEAD: dict[TurnState, str] = {
    "rejected": REJECTED_REPLY,
    "unresolved": "Nobody could review the reply to this message in time: please send it again.",
    "failed": "The assistant could not answer this message: please send it again.",
    "withdrawn": "This conversation was erased.",
}
"""What is answered where nothing is sent."""


class ChatDraft(Contract):
    """What was written in one round of a turn, and why a person must look at it."""

    round: Annotated[int, Field(ge=1)]
    seen: Annotated[int, Field(ge=1)]
    """The position of the newest message that it knows."""
    text: NonEmptyText
    model: str
    """Which model wrote it."""
    customer_id: CustomerId | None = None
    """The customer whose records it could use."""
    flagged_because: tuple[NonEmptyText, ...] = ()
    """One sentence each; empty: it may be sent."""
    task_changes: tuple[PlannedTaskChange, ...] = ()
    """What is done with the user's tasks in the transaction that sends the reply."""
    to_confirm: tuple[PlannedTaskChange, ...] = ()
    """What the reply asks the user about: it is done with the next reply, if the next message says yes."""


class Exchange(Contract):
    """A message of a customer and the reply that was sent to it."""

    turn_id: TurnId
    position: Annotated[int, Field(ge=1)]
    """Its place among all turns of the user."""
    message: str
    reply: str
    received_at: UtcDateTime
    replied_at: UtcDateTime


class ChatTurn(Contract):
    """A turn as its user may see it. Nothing of a draft is in it."""

    turn_id: TurnId
    user_id: UserId
    state: TurnState
    received_at: UtcDateTime
    reply: str | None
    """What was sent, or is answered instead; null until then."""
    replied_at: UtcDateTime | None
    metadata: Metadata
    tags: tuple[Tag, ...]


class ConversationTurn(ChatTurn):
    """A turn as people on the desk see it. Nothing of a draft is in it: that is on the page of its case."""

    position: Annotated[int, Field(ge=1)]
    message: str
    reviewed: bool
    """Whether a person approved the reply."""
    round: NonNegativeInt
    """How many drafts there were."""
    case_id: CaseId | None
    """The case about the reply, where a person was asked."""


class ChatUser(Contract):
    """Who writes to the assistant."""

    user_id: UserId
    customer_id: CustomerId | None
    """The customer whose records the assistant may read for them; null: it may read none."""
    linked_by: NonEmptyText | None
    """Who said so, by subject id."""
    linked_at: UtcDateTime | None
    turns: NonNegativeInt
    """How many messages the conversation has."""
    last_message_at: UtcDateTime | None
    """Null for who never wrote."""


class ChatUserPage(Contract):
    """Users, whoever wrote last first. `next_cursor` is null on the last page."""

    items: tuple[ChatUser, ...]
    next_cursor: str | None


class ConversationPage(Contract):
    """Turns of one user, oldest first: the newest, or those before another page. `next_cursor` leads further back."""

    user: ChatUser
    items: tuple[ConversationTurn, ...]
    next_cursor: str | None


class MessageCount(Contract):
    """How many messages of a user were answered since the count was set or reset."""

    user_id: UserId
    message_count: NonNegativeInt
