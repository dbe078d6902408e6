"""The tables of schedules: whether one is paused, up to which day it was done, and each run."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class ScheduleRow(Base, kw_only=True):
    """One schedule. Whoever runs, pauses or resumes it holds the lock of this row."""

    __tablename__ = "schedule"

    schedule_id: Mapped[str] = mapped_column(primary_key=True)
    paused: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    done_through: Mapped[str]
    """UTC, ISO 8601: no run is due of this day or of one before."""
    changed_by: Mapped[str | None] = mapped_column(default=None)
    changed_at: Mapped[datetime | None] = mapped_column(default=None)


class ScheduleRunRow(Base, kw_only=True):
    """One run of a schedule."""

    __tablename__ = "schedule_run"
    __table_args__ = (UniqueConstraint("schedule_id", "day"),)

    schedule_id: Mapped[str] = mapped_column(ForeignKey("schedule.schedule_id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """Its place in the sequence of the changes of turns: messages that were answered before do not count any more."""
    day: Mapped[str | None] = mapped_column(default=None)
    """UTC, ISO 8601. Null for a run by hand."""
    run_at: Mapped[datetime]
    run_by: Mapped[str]
