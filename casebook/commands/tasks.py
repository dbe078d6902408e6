"""Makes, changes, completes, reopens and deletes tasks. Each command runs inside one transaction.

All lock the case that a task comes to be about before the outbox, and that before a task: whoever publishes something
else in the same transaction has it locked already.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from casebook.case_log.domain_events import lock_outbox, publish
from casebook.commands.task_reminders import arm, disarm
from casebook.errors import (
    FieldNotRemovable,
    IllegalTaskMove,
    LinkedCaseUnknown,
    TaskChanged,
    TaskKeyReused,
    TaskLinkedTwice,
    TaskNotFound,
)
from casebook.policy.due_times import resolve_ahead
from casebook.policy.task_states import FIRST, state_after
from casebook.queries.legal_holds import refuse_held
from casebook.queries.tasks import CreatedTask, read_task, task_row
from casebook.schema.base import PlainRow, table_of
from casebook.schema.cases import CaseRow
from casebook.schema.tasks import NEVER, TaskRow
from contracts import domain_events
from contracts.domain_events import DomainEvent, TaskCompleted, TaskCreated, TaskDeleted, TaskReopened
from contracts.hashing import content_hash
from contracts.tasks import TASK_FIELDS, NewTask, ResolvedDue, Task, TaskChange, TaskMove, TaskState

_TASKS, _CASES = table_of(TaskRow), table_of(CaseRow)
_ADD = insert(_TASKS)
_UPDATE = update(_TASKS).where(_TASKS.c.task_id == bindparam("of_task"))
_TASK = select(_TASKS).where(_TASKS.c.task_id == bindparam("of_task"))
_BY_KEY = select(_TASKS).where(
    _TASKS.c.created_by == bindparam("of_creator"), _TASKS.c.idempotency_key == bindparam("of_key")
)
_CASE = select(_CASES.c.case_id).where(_CASES.c.case_id == bindparam("of_case"))
_CASE_OF_TASK = (
    select(_CASES.c.case_id)
    .join(_TASKS, _TASKS.c.case_id == _CASES.c.case_id)
    .where(_TASKS.c.task_id == bindparam("of_task"))
    .with_for_update(read=True, of=_CASES)
)
_IS_MADE_BY_TURN = (
    _TASKS.c.created_by == bindparam("of_user"),
    _TASKS.c.turn_id.is_not(None),
    _TASKS.c.state != "deleted",
)
_MADE_BY_TURNS = select(_TASKS.c.task_id).where(*_IS_MADE_BY_TURN)
_CASES_OF_MADE = (
    select(_CASES.c.case_id)
    .where(_CASES.c.case_id.in_(select(_TASKS.c.case_id).where(*_IS_MADE_BY_TURN)))
    .order_by(_CASES.c.opened_seq)
    .with_for_update(read=True)
)
_HELD_WITH_CASE = frozenset({"title", "notes", "case_id", "customer_id"})
"""Fields of a task that stay as they are while its case is under a legal hold."""


@dataclass(frozen=True)
class Origin:
    """By whom a task is made, and how."""

    task_id: str
    created_by: str
    idempotency_key: str | None = None
    turn_id: str | None = None
    """The message to the assistant by which its user makes it."""


def create_task(connection: Connection, new: NewTask, origin: Origin, now: datetime) -> CreatedTask:
    """Make a task, unless it was made before under the same key.

    Raises TaskKeyReused, and InvalidTask for what cannot be; TaskNotFound for one that was deleted since.
    """
    _lock_case(connection, new.case_id)
    lock_outbox(connection)
    known = _made_before(connection, new, origin)
    if known is not None:
        return CreatedTask(read_task(known, now), created=False)
    due = None if new.due is None else resolve_ahead(new.due, now)
    _check_link(connection, new.case_id, new.customer_id)
    add_task(connection, new, due, origin, now)
    return CreatedTask(read_task(task_row(connection, origin.task_id), now), created=True)


def add_task(connection: Connection, new: NewTask, due: ResolvedDue | None, origin: Origin, now: datetime) -> None:
    """Make a task that was checked before; its due time may have passed since."""
    created = TaskCreated(
        task_id=origin.task_id,
        assignee=new.assignee or origin.created_by,
        due_at=None if due is None else due.at,
        case_id=new.case_id,
        customer_id=new.customer_id,
        turn_id=origin.turn_id,
    )
    row = {
        "task_id": origin.task_id,
        "number": publish(connection, created, origin.task_id, now),
        "revision": 1,
        "state": FIRST,
        "title": new.title,
        "notes": new.notes,
        "assignee": created.assignee,
        "case_id": new.case_id,
        "customer_id": new.customer_id,
        "created_by": origin.created_by,
        "turn_id": origin.turn_id,
        "idempotency_key": origin.idempotency_key,
        "request_hash": None if origin.idempotency_key is None else content_hash(new),
        "created_at": now,
        "changed_at": now,
        **_due_columns(due),
    }
    connection.execute(_ADD, row)
    if due is not None:
        arm(connection, origin.task_id, 1, due.at)


def change_task(connection: Connection, task_id: str, revision: int | None, change: TaskChange, now: datetime) -> Task:
    """Change what `change` names; nothing happens when that is so already.

    `revision`: what whoever changes it has seen; None: whatever it is. Raises TaskNotFound, TaskChanged,
    IllegalTaskMove, InvalidTask for what cannot be, and UnderLegalHold where words or the link of a task would be lost
    that is about such a case.
    """
    _lock_case(connection, change.case_id)
    _share_case_of(connection, task_id)
    row = _locked(connection, task_id, revision, "change")
    wanted = {name: getattr(change, name) for name in TASK_FIELDS if name in change.model_fields_set}
    for name in ("title", "assignee"):
        if wanted.get(name, "") is None:
            raise FieldNotRemovable(name)
    due = change.due if "due" in wanted else None
    same_due = due is not None and (due.local, due.zone) == (row.due_local, row.due_zone)
    differs = [name for name, value in wanted.items() if not _is_so(row, name, value, same_due=same_due)]
    if not differs:
        return read_task(row, now)
    if row.case_id is not None and not _HELD_WITH_CASE.isdisjoint(differs):
        refuse_held(connection, row.case_id)
    columns: dict[str, Any] = {name: wanted[name] for name in differs if name != "due"}
    link = {name: columns.get(name, getattr(row, name)) for name in ("case_id", "customer_id")}
    if not link.keys().isdisjoint(differs):
        _check_link(connection, link["case_id"], link["customer_id"])
    resolved = None
    if "due" in differs:
        resolved = None if due is None else resolve_ahead(due, now)
        columns |= {**_due_columns(resolved), "overdue_at": None}
    changed = _write(connection, row, columns, now)
    if "due" in differs:
        disarm(connection, task_id)
        if resolved is not None:
            arm(connection, task_id, changed.revision, resolved.at)
    event = domain_events.TaskChanged(
        task_id=task_id,
        changed=tuple(name for name in TASK_FIELDS if name in differs),
        assignee=changed.assignee,
        due_at=changed.due_at,
    )
    publish(connection, event, task_id, now)
    return read_task(changed, now)


def complete_task(connection: Connection, task_id: str, revision: int | None, now: datetime) -> Task:
    """The task is done. Raises TaskNotFound, TaskChanged, IllegalTaskMove."""
    row = _locked(connection, task_id, revision, "complete")
    disarm(connection, task_id)
    return _move(connection, row, "complete", {"completed_at": now}, TaskCompleted(task_id=task_id), now)


def reopen_task(connection: Connection, task_id: str, revision: int | None, now: datetime) -> Task:
    """The task is to be done again. Raises TaskNotFound, TaskChanged, IllegalTaskMove."""
    row = _locked(connection, task_id, revision, "reopen")
    if row.due_at is not None and row.overdue_at is None:
        arm(connection, task_id, row.revision + 1, row.due_at)
    return _move(connection, row, "reopen", {"completed_at": None}, TaskReopened(task_id=task_id), now)


def delete_task(connection: Connection, task_id: str, revision: int | None, now: datetime) -> None:
    """Delete the task, and what was written in it. Raises TaskNotFound, TaskChanged, UnderLegalHold."""
    _share_case_of(connection, task_id)
    row = _locked(connection, task_id, revision, "delete")
    if row.case_id is not None:
        refuse_held(connection, row.case_id)
    disarm(connection, task_id)
    erased = {"title": None, "notes": None, "request_hash": None}
    _write(connection, row, {**erased, "state": _after(row, "delete")}, now)
    publish(connection, TaskDeleted(task_id=task_id), task_id, now)


def share_cases_of_tasks(connection: Connection, user_id: str) -> None:
    """So that no legal hold is placed on a case of `delete_tasks_of` meanwhile: before the outbox is locked."""
    connection.execute(_CASES_OF_MADE, {"of_user": user_id})


def delete_tasks_of(connection: Connection, user_id: str, now: datetime) -> None:
    """Delete what a user made by talking to the assistant. Raises UnderLegalHold."""
    lock_outbox(connection)
    for task_id in connection.execute(_MADE_BY_TURNS, {"of_user": user_id}).scalars().all():
        delete_task(connection, task_id, None, now)


def _made_before(connection: Connection, new: NewTask, origin: Origin) -> PlainRow | None:
    if origin.idempotency_key is None:
        return None
    of = {"of_creator": origin.created_by, "of_key": origin.idempotency_key}
    known = connection.execute(_BY_KEY, of).first()
    if known is None:
        return None
    if known.state == "deleted":
        raise TaskNotFound(known.task_id)
    if known.request_hash != content_hash(new):
        raise TaskKeyReused
    return known


def _lock_case(connection: Connection, case_id: str | None) -> None:
    """So that it is not purged before the task about it is on record. As everywhere, cases are locked first."""
    if case_id is not None:
        connection.execute(_CASE.with_for_update(), {"of_case": case_id})


def _share_case_of(connection: Connection, task_id: str) -> None:
    """So that no legal hold is placed on the case of the task until this transaction has ended."""
    connection.execute(_CASE_OF_TASK, {"of_task": task_id})


def _check_link(connection: Connection, case_id: str | None, customer_id: int | None) -> None:
    if case_id is None:
        return
    if customer_id is not None:
        raise TaskLinkedTwice
    if connection.execute(_CASE, {"of_case": case_id}).first() is None:
        raise LinkedCaseUnknown(case_id)


def _locked(connection: Connection, task_id: str, revision: int | None, move: TaskMove) -> PlainRow:
    lock_outbox(connection)
    row = task_row(connection, task_id, locked=True)
    if revision is not None and row.revision != revision:
        raise TaskChanged(task_id, row.revision)
    if state_after(row.state, move) is None:
        raise IllegalTaskMove(task_id, row.state, move)
    return row


def _after(row: PlainRow, move: TaskMove) -> TaskState:
    state = state_after(row.state, move)
    assert state is not None, "checked when the task was locked"
    return state


def _is_so(row: PlainRow, name: str, value: object, *, same_due: bool) -> bool:
    if name != "due":
        return getattr(row, name) == value
    return same_due or (value is None and row.due_at is None)


def _due_columns(due: ResolvedDue | None) -> Mapping[str, object]:
    if due is None:
        return {"due_local": None, "due_zone": None, "due_at": None, "due_order": NEVER}
    return {"due_local": due.local, "due_zone": due.zone, "due_at": due.at, "due_order": due.at}


def _move(
    connection: Connection, row: PlainRow, move: TaskMove, columns: Mapping[str, Any], event: DomainEvent, now: datetime
) -> Task:
    moved = _write(connection, row, {**columns, "state": _after(row, move)}, now)
    publish(connection, event, row.task_id, now)
    return read_task(moved, now)


def _write(connection: Connection, row: PlainRow, columns: Mapping[str, Any], now: datetime) -> PlainRow:
    values = {**columns, "revision": row.revision + 1, "changed_at": now}
    of = {"of_task": row.task_id}
    connection.execute(_UPDATE.values(values), of)
    return connection.execute(_TASK, of).one()
