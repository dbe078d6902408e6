"""What is said about a task before there is one: its title, its due time, and what a reply does with tasks."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.base import Contract, UtcDateTime

TaskId = Annotated[str, Field(pattern=r"^task-[a-z0-9]{1,40}$")]
Title = Annotated[str, Field(min_length=1, max_length=200)]
TaskNotes = Annotated[str, Field(min_length=1, max_length=4_000)]


class DueTime(Contract):
    """A wall time in a zone: 09:00 stays 09:00 when daylight saving begins or ends there."""

    local: Annotated[str, Field(min_length=1, max_length=40)]
    """ISO 8601 without an offset: `2027-03-28T09:00`."""
    zone: Annotated[str, Field(min_length=1, max_length=64)]
    """An IANA name: `Europe/Berlin`, `UTC`."""


class ResolvedDue(DueTime):
    """The same, and when that is."""

    at: UtcDateTime


class PlannedTaskChange(Contract):
    """What a reply to a user does with the user's own tasks when it is sent."""

    change: Literal["create", "complete", "delete"]
    task_id: TaskId
    title: Title
    notes: TaskNotes | None = None
    due: ResolvedDue | None = None
