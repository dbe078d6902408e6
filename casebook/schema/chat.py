"""The tables of conversations. They belong to no case: a reply that a person decides about has one of its own."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base

_WAITING = text("state IN ('queued', 'drafting', 'checking') AND scheduled_at IS NULL")
_OPEN = text("state IN ('queued', 'drafting', 'checking')")
_SENT = text("state = 'sent'")
_UNCOUNTED = text("state = 'sent' AND counted_at IS NULL")
_DECIDED = text("decided_after_s IS NOT NULL")


class ChatUserRow(Base, kw_only=True):
    """Who writes to the assistant. Whoever adds a turn, or answers one, holds the lock of this row."""

    __tablename__ = "chat_user"
    __table_args__ = (Index("ix_chat_user_wrote", "wrote"),)

    user_id: Mapped[str] = mapped_column(primary_key=True)
    first_seen_at: Mapped[datetime]
    customer_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    linked_by: Mapped[str | None] = mapped_column(default=None)
    linked_at: Mapped[datetime | None] = mapped_column(default=None)
    zone: Mapped[str | None] = mapped_column(default=None)
    """The IANA time zone in which the user means times; null: UTC."""
    turns: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many turns there ever were: the position of the last one."""
    erased: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many of those were erased: what is left is the conversation."""
    wrote: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """The place of the newest message among the changes of all turns: who wrote last, is listed first."""


class ChatTurnRow(Base, kw_only=True):
    """One message and its reply."""

    __tablename__ = "chat_turn"
    __table_args__ = (
        UniqueConstraint("user_id", "position"),
        UniqueConstraint("user_id", "idempotency_key"),
        Index("ix_chat_turn_user_received", "user_id", "received_at"),
        Index("ix_chat_turn_change", "change"),
        Index("ix_chat_turn_open", "user_id", "position", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_chat_turn_waiting", "change", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("ix_chat_turn_sent", "user_id", "position", sqlite_where=_SENT, postgresql_where=_SENT),
        Index("ix_chat_turn_uncounted", "user_id", sqlite_where=_UNCOUNTED, postgresql_where=_UNCOUNTED),
        Index(
            "ix_chat_turn_decided", "replied_at", "decided_after_s", sqlite_where=_DECIDED, postgresql_where=_DECIDED
        ),
    )

    turn_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("chat_user.user_id"))
    position: Mapped[int] = mapped_column(BigInteger)
    idempotency_key: Mapped[str | None] = mapped_column(default=None)
    state: Mapped[str]
    message: Mapped[str | None] = mapped_column(default=None)
    """Null once it was erased, like everything else that was written."""
    metadata_json: Mapped[str | None] = mapped_column("metadata", default=None)
    tags: Mapped[str | None] = mapped_column(default=None)
    words: Mapped[str | None] = mapped_column(default=None)
    """Of message and reply, as `casebook.queries.tokenizer` makes them: what the turn is found by."""
    received_at: Mapped[datetime]
    scheduled_at: Mapped[datetime | None] = mapped_column(default=None)
    """When its orchestration was confirmed scheduled."""
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often its orchestration failed."""
    round: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many drafts there were."""
    reviewed: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Whether a person decided about its reply."""
    decided_after_s: Mapped[int | None] = mapped_column(default=None)
    """How many seconds after the question about its last draft; null where nobody decided."""
    reply: Mapped[str | None] = mapped_column(default=None)
    replied_at: Mapped[datetime | None] = mapped_column(default=None)
    counted_at: Mapped[datetime | None] = mapped_column(default=None)
    """When the message counter saw that it had ended."""
    change: Mapped[int] = mapped_column(BigInteger)
    """The place of its last change among those of all turns."""


class ChatDraftRow(Base, kw_only=True):
    """What was drafted in one round of a turn: `contracts.reply.ReplyDraft`, and why a person must look at it."""

    __tablename__ = "chat_draft"

    turn_id: Mapped[str] = mapped_column(ForeignKey("chat_turn.turn_id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    seen: Mapped[int]
    """The position of the newest message that it knows."""
    body: Mapped[str]


class ChatCallRow(Base, kw_only=True):
    """A model's answer while a reply was drafted, kept so that a restarted step asks nothing twice."""

    __tablename__ = "chat_call"
    __table_args__ = (Index("ix_chat_call_day", "day"),)

    turn_id: Mapped[str] = mapped_column(ForeignKey("chat_turn.turn_id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    response: Mapped[str | None] = mapped_column(default=None)
    """Null once the conversation was erased: what it cost stays."""
    day: Mapped[str]
    """UTC, ISO 8601."""
    model: Mapped[str | None] = mapped_column(default=None)
    """Null for what tools answered, which costs nothing."""
    input_tokens: Mapped[int] = mapped_column(default=0, server_default="0")
    output_tokens: Mapped[int] = mapped_column(default=0, server_default="0")
    cost_micro_usd: Mapped[int | None] = mapped_column(BigInteger, default=None)
    """Null when the price of the model is not known."""


class MessageCountRow(Base, kw_only=True):
    """How many messages of a user were answered since the count was set or reset."""

    __tablename__ = "message_count"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    messages: Mapped[int]
    since: Mapped[int] = mapped_column(BigInteger)
    """When it was set or reset, in the sequence of changes: replies that were sent before do not count."""


class MessageDayRow(Base, kw_only=True):
    """How the messages of a user ended on one day. It outlives the texts."""

    __tablename__ = "message_day"
    __table_args__ = (Index("ix_message_day_user", "user_id", "day"),)

    day: Mapped[str] = mapped_column(primary_key=True)
    """UTC, ISO 8601."""
    user_id: Mapped[str] = mapped_column(primary_key=True)
    sent: Mapped[int]
    reviewed: Mapped[int]
    """Of those, the ones that a person approved."""
    rejected: Mapped[int]
    unresolved: Mapped[int]
    failed: Mapped[int]
