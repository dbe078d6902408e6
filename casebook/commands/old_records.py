"""Deletes what belongs to no case and has been kept for long enough. Each command is one transaction of one batch."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, func, or_, select, tuple_, update

from casebook.commands.detector_states import KEPT_FOR
from casebook.policy.clocks import CLOCKS_DIFFER
from casebook.queries.legal_holds import HELD, IS_ONE_WITH_HELD
from casebook.schema.base import table_of
from casebook.schema.cases import CaseRow, SubjectRow
from casebook.schema.chat import ChatTurnRow, ChatUserRow
from casebook.schema.deliveries import DeadLetterRow, PendingDeliveryRow
from casebook.schema.detector_states import DetectorStateRow
from casebook.schema.domain_events import ConsumerRow, DomainEventRow
from casebook.schema.purges import RetentionRow
from casebook.schema.tasks import TaskReminderRow, TaskRow
from casebook.schema.telemetry_dead_letters import TelemetryDeadLetterRow

LONGEST_REST = timedelta(days=14)
"""Between two sweeps. After more, the clock may have jumped: nothing says how much time has passed."""
AT_ONCE = 500
"""Rows of one transaction."""

_USERS, _TURNS = table_of(ChatUserRow), table_of(ChatTurnRow)
_TASKS, _REMINDERS = table_of(TaskRow), table_of(TaskReminderRow)
_EVENTS, _CONSUMERS = table_of(DomainEventRow), table_of(ConsumerRow)
_PENDING, _DEAD = table_of(PendingDeliveryRow), table_of(DeadLetterRow)
_CASES, _SUBJECTS = table_of(CaseRow), table_of(SubjectRow)
_RETENTION = table_of(RetentionRow)
_LETTERS, _STATES = table_of(TelemetryDeadLetterRow), table_of(DetectorStateRow)
_FIRST_EVENT = select(func.min(_EVENTS.c.number))
_LAST_HANDLED = select(func.min(_CONSUMERS.c.number))


def begin_sweep(connection: Connection, grace: timedelta, now: datetime) -> datetime:
    """Note that a sweep begins; from when on it may delete."""
    row = connection.execute(select(_RETENTION).with_for_update()).one()
    swept, begins = row.swept_at, row.deletes_from
    if swept is None or begins is None or not -CLOCKS_DIFFER < now - swept <= LONGEST_REST:
        begins = now + grace
    connection.execute(update(_RETENTION).values(swept_at=now, deletes_from=begins))
    return begins


def lock_idle_conversation(connection: Connection, before: datetime, passed_over: Collection[str]) -> str | None:
    """The user of a conversation in which nobody wrote or was answered since then, locked; None: there is no other.

    One that another transaction has in hand, such as that of a new message, is left to a later time.
    """
    own = _TURNS.c.user_id == _USERS.c.user_id
    since = exists().where(own, _TURNS.c.received_at >= before)
    answered = exists().where(own, _TURNS.c.replied_at >= before)
    asked = exists().where(
        own, _SUBJECTS.c.subject_id == _TURNS.c.turn_id, _CASES.c.case_id == _SUBJECTS.c.case_id, HELD
    )
    made = (_TASKS.c.created_by == _USERS.c.user_id, _TASKS.c.turn_id.is_not(None), _TASKS.c.state != "deleted")
    about = exists().where(*made, _CASES.c.case_id == _TASKS.c.case_id, HELD)
    idle = select(_USERS.c.user_id).where(_USERS.c.erased < _USERS.c.turns, ~since, ~answered, ~asked, ~about)
    if passed_over:
        idle = idle.where(_USERS.c.user_id.not_in(sorted(passed_over)))
    first = idle.order_by(_USERS.c.wrote).limit(1).with_for_update(skip_locked=True, of=_USERS)
    user_id = connection.execute(first).scalar()
    # What was written between the look and the lock is seen by a second look.
    if user_id is None or connection.execute(idle.where(_USERS.c.user_id == user_id)).first() is None:
        return None
    return user_id


def delete_tasks(connection: Connection, before: datetime) -> int:
    """Delete tasks that were completed or deleted before then, at most `AT_ONCE`; how many."""
    ended = (_TASKS.c.state != "open", _TASKS.c.changed_at < before)
    # The scheduler still has a reminder that is cancelled: it is taken back first.
    armed = exists().where(_REMINDERS.c.task_id == _TASKS.c.task_id)
    held = exists().where(_CASES.c.case_id == _TASKS.c.case_id, or_(HELD, IS_ONE_WITH_HELD))
    return _delete_some(connection, _TASKS, *ended, ~armed, ~held)


def delete_telemetry_dead_letters(connection: Connection, before: datetime) -> int:
    """Delete telemetry that was not evaluated and was received before then, at most `AT_ONCE`; how many."""
    return _delete_some(connection, _LETTERS, _LETTERS.c.received_at < before, _LETTERS.c.state != "retrying")


def delete_undelivered(connection: Connection, before: datetime) -> int:
    """Delete deliveries that were given up before then, at most `AT_ONCE`; how many."""
    return _delete_some(connection, _DEAD, _DEAD.c.given_up_at < before)


def delete_domain_events(connection: Connection, before: datetime) -> int:
    """Delete the oldest domain events, at most `AT_ONCE` numbers, up to the first that is younger; how many.

    None is deleted that a consumer has not handled, or that may still be delivered.
    """
    first, handled = connection.execute(_FIRST_EVENT).scalar(), connection.execute(_LAST_HANDLED).scalar()
    if first is None:
        return 0
    among = (_EVENTS.c.number >= first, _EVENTS.c.number < first + AT_ONCE)
    young = connection.execute(select(func.min(_EVENTS.c.number)).where(*among, _EVENTS.c.at >= before)).scalar()
    last = min(first + AT_ONCE - 1 if young is None else young - 1, first + AT_ONCE if handled is None else handled)
    waiting = (exists().where(table.c.number == _EVENTS.c.number) for table in (_PENDING, _DEAD))
    gone = delete(_EVENTS).where(_EVENTS.c.number <= last, *(~each for each in waiting))
    return connection.execute(gone).rowcount


def forget_detector_states(connection: Connection, now: datetime) -> int:
    """Forget what detection knows of whom it has not seen for so long that it begins anew with them; how many."""
    return _delete_some(connection, _STATES, _STATES.c.saved_at < now - KEPT_FOR)


def oldest_kept(days: int, now: datetime) -> datetime:
    """What is older is not kept any more."""
    return now - timedelta(days=days)


def _delete_some(connection: Connection, table: Table[Any], *which: ColumnElement[bool]) -> int:
    key = [*table.primary_key.columns]
    # What another transaction has in hand is left to a later time.
    some = select(*key).where(*which).order_by(*key).limit(AT_ONCE).with_for_update(skip_locked=True)
    named = key[0].in_(some) if len(key) == 1 else tuple_(*key).in_(some)
    return connection.execute(delete(table).where(named)).rowcount
