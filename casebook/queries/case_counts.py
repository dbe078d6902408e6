"""How many cases there are: in each state, and of those that wait for a person."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, literal, select

from casebook.policy.lifecycle import MOVES
from casebook.queries.filters import QueueCounts
from casebook.schema.cases import DUE, CaseRow
from contracts.case import CaseState


def count_queue(connection: Connection, subject: str, now: datetime) -> QueueCounts:
    """How many cases there are in each state, and of those that wait for a person."""
    due = DUE.key()
    waiting = _count(connection, due < DUE.missing())
    claimed = _count(
        connection, CaseRow.assignee.is_not(None), CaseRow.claim_expires_at > now, CaseRow.due_at.is_not(None)
    )
    snoozed = _count_states(connection, CaseRow.snoozed_until > now)
    return QueueCounts(
        states=count_states(connection),
        overdue=_count(connection, due <= literal(now, CaseRow.due_at.type)),
        # No case is both: a claim ends a snooze, and a snooze ends a claim.
        unclaimed=waiting - claimed - sum(snoozed.values()),
        mine=_count(connection, CaseRow.assignee == subject, CaseRow.claim_expires_at > now),
        assigned=_count(connection, CaseRow.assigned_to == subject),
        snoozed=snoozed,
    )


def count_states(connection: Connection) -> dict[CaseState, int]:
    """How many cases are in each state, those without any included."""
    return _count_states(connection)


def _count_states(connection: Connection, *conditions: ColumnElement[bool]) -> dict[CaseState, int]:
    counted = select(CaseRow.state, func.count()).where(*conditions).group_by(CaseRow.state)
    found = dict(connection.execute(counted).all())
    return {state: found.get(state, 0) for state in MOVES}


def _count(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(CaseRow).where(*conditions)).scalar_one()
