"""Reads tasks: one, and lists a page at a time. Every list follows an index."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter
from sqlalchemy import ColumnElement, Connection, bindparam, literal, select, tuple_

from casebook.errors import TaskNotFound
from casebook.queries.cursors import Position, Seq, page_length, read_position, write_position
from casebook.queries.filters import Assignee, ShortText
from casebook.schema.base import PlainRow, table_of
from casebook.schema.tasks import TaskRow
from contracts.base import Contract, UtcDateTime
from contracts.tasks import SHOWN_STATES, ResolvedDue, Task, TaskPage, TaskState

MAX_OWN = 500
"""How many open tasks a user of the assistant may have."""

_TASKS = table_of(TaskRow)
_TASK = select(_TASKS).where(_TASKS.c.task_id == bindparam("of_task"))
_POSITION: TypeAdapter[Position] = TypeAdapter(tuple[str, UtcDateTime, Seq])
_ORDER = (_TASKS.c.due_order, _TASKS.c.number)
_OWN = (
    select(_TASKS)
    .where(_TASKS.c.created_by == bindparam("of_user"), _TASKS.c.turn_id.is_not(None), _TASKS.c.state == "open")
    .order_by(*_ORDER)
    .limit(MAX_OWN)
)


class TaskQuery(Contract):
    """Which tasks. A filter that is left out lets every task through."""

    state: Literal["open", "completed", "any"] = "open"
    assignee: Assignee | None = None
    case_id: ShortText | None = None
    customer_id: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    due_after: UtcDateTime | None = None
    due_before: UtcDateTime | None = None
    overdue: bool | None = None
    """True: only open tasks whose due time has passed. False: only others."""


@dataclass(frozen=True)
class CreatedTask:
    """A task that was to be made."""

    task: Task
    created: bool
    """False: it was made before under the same key."""


def read_task(row: PlainRow, now: datetime) -> Task:
    """The task as people see it."""
    due = None
    if row.due_at is not None:
        due = ResolvedDue(local=row.due_local, zone=row.due_zone, at=row.due_at)
    return Task(
        task_id=row.task_id,
        revision=row.revision,
        state=row.state,
        title=row.title,
        notes=row.notes,
        assignee=row.assignee,
        due=due,
        is_overdue=row.state == "open" and due is not None and due.at <= now,
        case_id=row.case_id,
        customer_id=row.customer_id,
        created_by=row.created_by,
        turn_id=row.turn_id,
        created_at=row.created_at,
        changed_at=row.changed_at,
        completed_at=row.completed_at,
    )


def task_row(connection: Connection, task_id: str, *, locked: bool = False) -> PlainRow:
    """The row of a task that is not deleted; nobody else changes a locked one. Raises TaskNotFound."""
    row = connection.execute(_TASK.with_for_update() if locked else _TASK, {"of_task": task_id}).first()
    if row is None or row.state not in SHOWN_STATES:
        raise TaskNotFound(task_id)
    return row


def own_tasks(connection: Connection, user_id: str, now: datetime) -> tuple[Task, ...]:
    """Open tasks that a user made by talking to the assistant, the one that is due first at the beginning."""
    return tuple(read_task(row, now) for row in connection.execute(_OWN, {"of_user": user_id}))


def list_tasks(connection: Connection, query: TaskQuery, now: datetime, limit: int, cursor: str | None) -> TaskPage:
    """One page. Raises MalformedCursor for a cursor of another query."""
    length = page_length(limit)
    listed = select(_TASKS).where(*_conditions(query, now))
    if cursor is not None:
        after = read_position(_POSITION, query, cursor)
        values = (literal(value, column.type) for column, value in zip(_ORDER, after, strict=True))
        listed = listed.where(tuple_(*_ORDER) > tuple_(*values))
    rows = connection.execute(listed.order_by(*_ORDER).limit(length + 1)).all()
    more = None
    if len(rows) > length:
        last = rows[length - 1]
        more = write_position(_POSITION, query, (last.due_order, last.number))
    return TaskPage(items=tuple(read_task(row, now) for row in rows[:length]), next_cursor=more)


def _conditions(query: TaskQuery, now: datetime) -> list[ColumnElement[bool]]:
    states: tuple[TaskState, ...] = SHOWN_STATES if query.state == "any" else (query.state,)
    conditions = [_TASKS.c.state.in_(states)]
    filters = {
        _TASKS.c.assignee: query.assignee,
        _TASKS.c.case_id: query.case_id,
        _TASKS.c.customer_id: query.customer_id,
    }
    conditions += [column == wanted for column, wanted in filters.items() if wanted is not None]
    if query.due_after is not None:
        conditions += [_TASKS.c.due_order > query.due_after, _TASKS.c.due_at.is_not(None)]
    if query.due_before is not None:
        conditions.append(_TASKS.c.due_order < query.due_before)
    if query.overdue is not None:
        is_overdue = (_TASKS.c.state == "open") & (_TASKS.c.due_order <= now)
        conditions.append(is_overdue if query.overdue else ~is_overdue)
    return conditions
