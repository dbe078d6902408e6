"""The tables of the security log."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class SecurityEventRow(Base, kw_only=True):
    """One line of the append-only security log. It is no part of any case."""

    __tablename__ = "security_event"
    __table_args__ = (
        Index("ix_security_event_subject_number", "subject", "number"),
        Index("ix_security_event_kind_number", "kind", "number"),
    )

    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]
    kind: Mapped[str]
    outcome: Mapped[str]
    subject: Mapped[str | None] = mapped_column(default=None)
    address: Mapped[str]
    target: Mapped[str | None] = mapped_column(default=None)
    reason: Mapped[str | None] = mapped_column(default=None)
    detail: Mapped[str]
    """JSON object."""
    once: Mapped[str] = mapped_column(unique=True)
    """A line with the same value is the same line."""
    hash: Mapped[str]
    """Links it to the line before it: `casebook.case_log.security_chain`."""


class SecurityLogHead(Base, kw_only=True):
    """One row: both ends of the security log. Who appends or purges holds its lock until the commit."""

    __tablename__ = "security_log_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    purged_number: Mapped[int] = mapped_column(BigInteger)
    """The last line that is no longer kept; 0 while all are."""
    purged_hash: Mapped[str | None] = mapped_column(default=None)
    """Its hash, from which the first kept line follows."""
    last_number: Mapped[int] = mapped_column(BigInteger)
    last_hash: Mapped[str | None] = mapped_column(default=None)
