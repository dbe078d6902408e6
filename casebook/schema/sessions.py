"""The tables of sessions, and of the people who signed in."""

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
    scopes: Mapped[str] = mapped_column(server_default="[]")
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
    issuer: Mapped[str] = mapped_column(server_default="local")
    """Who said at sign-in who it is: the sign-in provider's issuer, or the mode in which personas are chosen."""
    provider_sid: Mapped[str | None] = mapped_column(default=None)
    """What the sign-in provider calls its own session."""
    sealed_token: Mapped[str | None] = mapped_column(default=None)
    """A refresh token of the provider, encrypted with what only the holder of the session has."""
    recheck_at: Mapped[datetime | None] = mapped_column(default=None)
    """When the provider is asked again; null: never."""


class PersonRow(Base, kw_only=True):
    """Somebody who signed in at the provider, as of their last sign-in there."""

    __tablename__ = "person"

    subject: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    roles: Mapped[str]
    """JSON array; empty: they have left."""
    seen_at: Mapped[datetime]
