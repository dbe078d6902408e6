"""The tables of the access record."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class AccessRow(Base, kw_only=True):
    """One line of the append-only access record. It is no part of any case: nothing about a case changes with it.

    Without a foreign key to the case: the check of one would lock the case's row.
    """

    __tablename__ = "access"
    __table_args__ = (
        Index("ix_access_case_id_number", "case_id", "number"),
        Index("ix_access_subject_number", "subject", "number"),
    )

    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]
    subject: Mapped[str]
    kind: Mapped[str]
    case_id: Mapped[str | None] = mapped_column(default=None)
    target: Mapped[str | None] = mapped_column(default=None)
    detail: Mapped[str]
    """JSON object."""
    once: Mapped[str] = mapped_column(unique=True)
    """A line with the same value is the same line."""
    hash: Mapped[str]
    """Links it to the line before it: `casebook.case_log.access_chain`."""


class AccessHead(Base, kw_only=True):
    """One row: both ends of the access record. Who appends or purges holds its lock until the commit."""

    __tablename__ = "access_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    purged_number: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """The last line that is no longer kept; 0 while all are."""
    purged_hash: Mapped[str | None] = mapped_column(default=None)
    """Its hash, from which the first kept line follows."""
    last_number: Mapped[int] = mapped_column(BigInteger)
    last_hash: Mapped[str | None] = mapped_column(default=None)
