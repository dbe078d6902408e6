"""The tables of tasks. A case that a task is about is no foreign key: writing one would lock the case's row."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Sorts tasks without a due time after all others."""

_ABOUT_CASE = text("case_id IS NOT NULL")
_ABOUT_CUSTOMER = text("customer_id IS NOT NULL")
_OF_USERS = text("turn_id IS NOT NULL")


class TaskRow(Base, kw_only=True):
    """One task. Of a deleted one nothing is left that somebody wrote."""

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("created_by", "idempotency_key"),
        Index("ix_task_list", "state", "due_order", "number"),
        Index("ix_task_assignee", "assignee", "state", "due_order", "number"),
        Index(
            "ix_task_case",
            *("case_id", "state", "due_order", "number"),
            sqlite_where=_ABOUT_CASE,
            postgresql_where=_ABOUT_CASE,
        ),
        Index(
            "ix_task_customer",
            *("customer_id", "state", "due_order", "number"),
            sqlite_where=_ABOUT_CUSTOMER,
            postgresql_where=_ABOUT_CUSTOMER,
        ),
        Index(
            "ix_task_user",
            *("created_by", "state", "due_order", "number"),
            sqlite_where=_OF_USERS,
            postgresql_where=_OF_USERS,
        ),
    )

    task_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, unique=True)
    """Of the event that tells of its creation: what is due at the same time is listed in this order."""
    revision: Mapped[int]
    state: Mapped[str]
    title: Mapped[str | None] = mapped_column(default=None)
    """Null once it was deleted, like the notes."""
    notes: Mapped[str | None] = mapped_column(default=None)
    assignee: Mapped[str]
    due_local: Mapped[str | None] = mapped_column(default=None)
    due_zone: Mapped[str | None] = mapped_column(default=None)
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    """What the two are in UTC."""
    due_order: Mapped[datetime]
    """The same, `NEVER` where there is none."""
    overdue_at: Mapped[datetime | None] = mapped_column(default=None)
    """When it was told that this due time had passed."""
    case_id: Mapped[str | None] = mapped_column(default=None)
    customer_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    created_by: Mapped[str]
    turn_id: Mapped[str | None] = mapped_column(ForeignKey("chat_turn.turn_id"), default=None)
    idempotency_key: Mapped[str | None] = mapped_column(default=None)
    request_hash: Mapped[str | None] = mapped_column(default=None)
    """Of what was asked for under the key."""
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    completed_at: Mapped[datetime | None] = mapped_column(default=None)


class TaskReminderRow(Base, kw_only=True):
    """A reminder of the due time that a task got with a revision, until it has told of it or is called off."""

    __tablename__ = "task_reminder"
    __table_args__ = (Index("ix_task_reminder_due", "state", "due_at"),)

    task_id: Mapped[str] = mapped_column(ForeignKey("task.task_id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    state: Mapped[str]
    """`waiting`; `scheduled`, once the scheduler has it; `cancelled`, while the scheduler still has it."""
