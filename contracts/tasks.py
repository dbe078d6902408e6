"""Follow-up tasks: what somebody is to do, until when, and about what."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from contracts.base import Contract, UtcDateTime
from contracts.chat import TurnId, UserId
from contracts.ids import CaseId
from contracts.task_plans import DueTime, ResolvedDue, TaskId, TaskNotes, Title
from contracts.telemetry import CustomerId

TaskRevision = Annotated[int, Field(ge=1)]
"""Grows with every change: what was read and what is changed are compared by it."""

TaskState = Literal["open", "completed", "deleted"]
"""Where a task is; `deleted` is for good, and nobody sees it any more. Overdue is no state: time alone makes it so."""
TaskMove = Literal["change", "complete", "reopen", "delete"]
"""What can be done with a task; `casebook/policy/task_states.py` says when."""
SHOWN_STATES: tuple[TaskState, ...] = ("open", "completed")

TaskField = Literal["title", "notes", "assignee", "due", "case_id", "customer_id"]
"""What can be changed of a task."""
TASK_FIELDS: tuple[TaskField, ...] = get_args(TaskField)


class NewTask(Contract):
    """What is to be done."""

    title: Title
    notes: TaskNotes | None = None
    assignee: UserId | None = None
    """Left out: whoever makes it."""
    due: DueTime | None = None
    case_id: CaseId | None = None
    """The case that it is about; or else `customer_id`."""
    customer_id: CustomerId | None = None


class TaskChange(Contract):
    """What becomes different. What is left out stays as it is; null removes it."""

    title: Title | None = None
    notes: TaskNotes | None = None
    assignee: UserId | None = None
    due: DueTime | None = None
    case_id: CaseId | None = None
    customer_id: CustomerId | None = None


class Task(Contract):
    """A task as people see it."""

    task_id: TaskId
    revision: TaskRevision
    state: TaskState
    title: str
    notes: str | None
    assignee: UserId
    due: ResolvedDue | None
    is_overdue: bool
    """It is open, and its due time has passed."""
    case_id: CaseId | None
    customer_id: CustomerId | None
    created_by: UserId
    turn_id: TurnId | None
    """The message to the assistant by which its user made it; null for a task that a person of the desk made."""
    created_at: UtcDateTime
    changed_at: UtcDateTime
    completed_at: UtcDateTime | None


class TaskPage(Contract):
    """Tasks, the one that is due first at the beginning; those without a due time come last."""

    items: tuple[Task, ...]
    next_cursor: str | None


def reminder_instance(task_id: str, revision: int) -> str:
    """The orchestration that reminds of the due time that a task got with a revision."""
    return f"reminder-{task_id}-{revision}"
