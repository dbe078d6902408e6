"""The tables of the case log."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class LogHead(Base, kw_only=True):
    """One row: the last `seq` that was given out.

    Every appending transaction updates it and so holds its row lock until it commits. That makes the
    order of `seq` the order of commits on every database: a reader never sees a smaller one appear later.
    """

    __tablename__ = "log_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_seq: Mapped[int] = mapped_column(BigInteger)


class CaseEventRow(Base, kw_only=True):
    """One line of the append-only log. `dedupe_key` names the step, so that a repeated step adds no second line."""

    __tablename__ = "case_event"
    __table_args__ = (
        UniqueConstraint("case_id", "dedupe_key"),
        Index("ix_case_event_case_id_seq", "case_id", "seq"),
        # Which cases somebody gave back: `next` must not read the log for them.
        Index(
            "ix_case_event_released",
            "actor",
            "case_id",
            "at",
            sqlite_where=text("type = 'claim_released'"),
            postgresql_where=text("type = 'claim_released'"),
        ),
    )

    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"))
    type: Mapped[str]
    at: Mapped[datetime]
    actor: Mapped[str]
    data: Mapped[str]
    prev_hash: Mapped[str | None]
    hash: Mapped[str]
    dedupe_key: Mapped[str]
