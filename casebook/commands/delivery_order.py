"""Keeps the deliveries of a subject in order: only the first of those that wait is tried."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, bindparam, exists, update

from casebook.schema.base import table_of
from casebook.schema.deliveries import PendingDeliveryRow

_PENDING = table_of(PendingDeliveryRow)
_EARLIER = _PENDING.alias("earlier")
_OF_SUBJECTS = (
    _PENDING.c.subscription_id == bindparam("of_subscription"),
    _PENDING.c.subject.in_(bindparam("subjects", expanding=True)),
)
_WAITS_BEHIND = exists().where(
    _EARLIER.c.subscription_id == _PENDING.c.subscription_id,
    _EARLIER.c.subject == _PENDING.c.subject,
    _EARLIER.c.number < _PENDING.c.number,
)
_HOLD = update(_PENDING).where(*_OF_SUBJECTS, _PENDING.c.due_at.is_not(None), _WAITS_BEHIND).values(due_at=None)
_LET_GO = (
    update(_PENDING).where(*_OF_SUBJECTS, _PENDING.c.due_at.is_(None), ~_WAITS_BEHIND).values(due_at=bindparam("now"))
)


_AT_ONCE = 10_000
"""Subjects of one statement: PostgreSQL takes 65,535 values, SQLite half as many."""


def put_in_order(connection: Connection, subscription_id: str, subjects: Collection[str], now: datetime) -> None:
    """Of each of these subjects, let the first delivery be tried, now unless it has a time, and hold the others."""
    ordered = sorted(subjects)
    for start in range(0, len(ordered), _AT_ONCE):
        of = {"of_subscription": subscription_id, "subjects": ordered[start : start + _AT_ONCE]}
        connection.execute(_HOLD, of)
        connection.execute(_LET_GO, {**of, "now": now})
