"""Reads running holds."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from casebook.schema.base import PlainRow, table_of
from casebook.schema.reviews import DecisionRow
from contracts.hold import Hold
from contracts.review import Decision

_DECISIONS = table_of(DecisionRow)
_HELD = select(_DECISIONS.c.case_id, _DECISIONS.c.on_hold_until, _DECISIONS.c.body).where(
    _DECISIONS.c.on_hold_until.is_not(None)
)
_RUNNING = (
    select(_DECISIONS.c.case_id, _DECISIONS.c.review_id, _DECISIONS.c.on_hold_until)
    .where(_DECISIONS.c.on_hold_until.is_not(None))
    .order_by(_DECISIONS.c.on_hold_until)
)


class RunningHold(NamedTuple):
    """A hold that has not ended on record."""

    case_id: str
    review_id: str
    until: datetime


def running_holds(connection: Connection, limit: int) -> list[RunningHold]:
    """Those that end first."""
    rows = connection.execute(_RUNNING.limit(limit))
    return [RunningHold(row.case_id, row.review_id, row.on_hold_until) for row in rows]


def holds_of(connection: Connection, cases: Sequence[str], now: datetime) -> dict[str, Hold]:
    """The running holds of these cases, by case."""
    found = connection.execute(_HELD.where(_DECISIONS.c.case_id.in_(cases)))
    return {row.case_id: _hold(row, now) for row in found}


def _hold(row: PlainRow, now: datetime) -> Hold:
    decision = Decision.model_validate_json(row.body)
    assert decision.action is not None, "only what has an effect is held"
    return Hold(
        review_id=decision.review_id,
        action=decision.action,
        decided_by=decision.decided_by,
        held_until=row.on_hold_until,
        seconds_left=max(0.0, (row.on_hold_until - now).total_seconds()),
    )
