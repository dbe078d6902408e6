"""Carries out what a reply does with its user's tasks. Inside the transaction that sends the reply."""

from datetime import datetime

from sqlalchemy import Connection

from casebook.case_log.domain_events import lock_outbox
from casebook.commands.tasks import Origin, add_task, complete_task, delete_task
from casebook.errors import IllegalTaskMove, TaskNotFound, UnderLegalHold
from casebook.queries.tasks import task_row
from casebook.schema.base import PlainRow
from contracts.chat import ChatDraft
from contracts.task_plans import PlannedTaskChange
from contracts.tasks import NewTask


def carry_out(connection: Connection, turn: PlainRow, draft: ChatDraft, now: datetime) -> tuple[PlannedTaskChange, ...]:
    """Do what the draft of a turn says with its user's own tasks; those changes that cannot be made any more."""
    if not draft.task_changes:
        return ()
    lock_outbox(connection)
    missed: list[PlannedTaskChange] = []
    for change in draft.task_changes:
        if change.change == "create":
            new = NewTask(title=change.title, notes=change.notes, customer_id=draft.customer_id)
            add_task(connection, new, change.due, Origin(change.task_id, turn.user_id, turn_id=turn.turn_id), now)
        elif not _change(connection, turn, change, now):
            missed.append(change)
    return tuple(missed)


def _change(connection: Connection, turn: PlainRow, change: PlannedTaskChange, now: datetime) -> bool:
    try:
        row = task_row(connection, change.task_id)
        if row.created_by != turn.user_id or row.turn_id is None:
            return False
        if change.change == "delete":
            delete_task(connection, change.task_id, None, now)
        else:
            complete_task(connection, change.task_id, None, now)
    except (TaskNotFound, IllegalTaskMove, UnderLegalHold):
        return False
    return True
