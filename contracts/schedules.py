"""What is done again and again at fixed times, and how people pause it or do it by hand."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from contracts.base import Contract, UtcDateTime

ScheduleId: TypeAlias = Literal["reset-counts"]
RESET_COUNTS: ScheduleId = "reset-counts"
"""Sets the message counts of all users to 0, daily at 00:00 UTC."""

ScheduleState: TypeAlias = Literal["active", "paused"]
Day: TypeAlias = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
"""A day in UTC, ISO 8601."""

BY_SCHEDULE = "schedule"
"""Who has run it: the durable schedule."""
BY_JOB = "job"
"""Who has run it: a scheduler outside, by `python -m backend.jobs`."""


class Schedule(Contract):
    """One schedule, as it is on record."""

    schedule_id: ScheduleId
    description: str
    interval: str
    """ISO 8601 duration."""
    state: ScheduleState
    changed_by: str | None
    """Who paused or resumed it last; null when nobody ever did."""
    changed_at: UtcDateTime | None
    last_run_at: UtcDateTime | None
    """Null: it has not run yet."""
    last_run_by: str | None
    """`schedule`, `job`, or the subject of who ran it by hand."""
    last_run_day: Day | None
    """Of which day the last run was; null for one by hand, which is no day's."""
    next_run_at: UtcDateTime | None
    """When the next run is due, in the past while one is late; null while it is paused."""
    is_armed: Annotated[
        bool | None, Field(description="Whether the scheduler has it like this; null: that is not known right now")
    ] = None


class ScheduleList(Contract):
    """All schedules."""

    items: tuple[Schedule, ...]
