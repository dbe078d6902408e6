"""The tables of telemetry that was not evaluated. What was not delivered is in `dead_letter`."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class TelemetryDeadLetterRow(Base, kw_only=True):
    """A piece of telemetry that was not evaluated. Only so many are kept: `casebook.policy.telemetry_dead_letters`."""

    __tablename__ = "telemetry_dead_letter"
    __table_args__ = (
        Index("ix_telemetry_dead_letter_received", "received_at", "letter_id"),
        Index("ix_telemetry_dead_letter_source", "source", "kind"),
        Index("ix_telemetry_dead_letter_state", "state"),
    )

    letter_id: Mapped[str] = mapped_column(primary_key=True)
    """Follows from where it was and what it was: what is read again is not kept again."""
    source: Mapped[str]
    file: Mapped[str | None] = mapped_column(default=None)
    partition: Mapped[str | None] = mapped_column(default=None)
    position: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[datetime]
    kind: Mapped[str]
    reason: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """From its beginning on."""
    size: Mapped[int] = mapped_column(BigInteger)
    """How many bytes it had."""
    parts_before: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """How many parts in the beginning of `body` were evaluated, or have letters of their own."""
    state: Mapped[str]
    asked_by: Mapped[str | None] = mapped_column(default=None)
    owner: Mapped[str | None] = mapped_column(default=None)
    """The process that has it in hand."""
    owned_until: Mapped[datetime | None] = mapped_column(default=None)
    tried_at: Mapped[datetime | None] = mapped_column(default=None)
    result: Mapped[str | None] = mapped_column(default=None)


class TelemetryDeadLetterCountRow(Base, kw_only=True):
    """How much of a source was not evaluated for a kind of reason: a flood adds no rows."""

    __tablename__ = "telemetry_dead_letter_count"

    source: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    seen: Mapped[int] = mapped_column(BigInteger)
    """How often, also of what is not kept."""
    last_at: Mapped[datetime]
    last_file: Mapped[str | None] = mapped_column(default=None)
    last_partition: Mapped[str | None] = mapped_column(default=None)
    last_position: Mapped[int] = mapped_column(BigInteger)
    last_reason: Mapped[str]
