"""The table of sessions."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class SessionRow(Base, kw_only=True):
    """A session, open or over. Rows that have been over for a while are deleted: the security log remembers them."""

    __tablename__ = "session"
    __table_args__ = (
        Index("ix_session_subject_began_at", "subject", "began_at"),
        Index("ix_session_ended_at", "ended_at"),
    )

    session_id: Mapped[str] = mapped_column(primary_key=True)
    secret_hash: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the secret that its holder shows: who reads this table can open nothing with it."""
    subject: Mapped[str]
    name: Mapped[str]
    roles: Mapped[str]
    """JSON array."""
    kind: Mapped[str]
    began_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    idle_ends_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    address: Mapped[str]
    client: Mapped[str]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    end: Mapped[str | None] = mapped_column(default=None)
