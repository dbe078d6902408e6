"""Appends to the security log, and deletes what is older than it is kept. Each runs inside one transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select, update

from casebook.case_log.security_chain import Noted, chained
from casebook.commands.line_append import LineAppender
from casebook.schema.base import table_of
from casebook.schema.security import SecurityEventRow, SecurityLogHead

_EVENTS, _HEAD = table_of(SecurityEventRow), table_of(SecurityLogHead)
_LOG = LineAppender(_EVENTS, _HEAD, chained)
_LOCK = select(_HEAD).where(_HEAD.c.id == 1).with_for_update()
_CHANGE_HEAD = update(_HEAD).where(_HEAD.c.id == 1)
_FIRST_KEPT = (
    select(_EVENTS.c.number)
    .where(_EVENTS.c.number > bindparam("after"), _EVENTS.c.at >= bindparam("before"))
    .order_by(_EVENTS.c.number)
    .limit(1)
)
_HASH = select(_EVENTS.c.hash).where(_EVENTS.c.number == bindparam("of_number"))
_DELETE = delete(_EVENTS).where(_EVENTS.c.number <= bindparam("upto"))

PURGED_AT_ONCE = 10_000
"""Lines of one transaction: nobody who signs in meanwhile waits for long."""


def note_security(connection: Connection, noted: Sequence[Noted]) -> int:
    """Append what is not on record yet, and return how many lines that were. Four statements, however many they are."""
    return _LOG.append(connection, noted)


def purge_security_log(connection: Connection, before: datetime, now: datetime) -> int:
    """Delete the oldest lines, at most `PURGED_AT_ONCE`, up to the first that is younger; returns how many.

    What is kept still follows from the hash of the last line that is gone, and a line says what was deleted.
    """
    head = connection.execute(_LOCK).one()
    kept = connection.execute(_FIRST_KEPT, {"after": head.purged_number, "before": before}).scalar_one_or_none()
    oldest = head.last_number if kept is None else kept - 1
    last = min(oldest, head.purged_number + PURGED_AT_ONCE)
    if last == head.purged_number:
        return 0
    digest = connection.execute(_HASH, {"of_number": last}).scalar_one()
    connection.execute(_DELETE, {"upto": last})
    connection.execute(_CHANGE_HEAD.values(purged_number=last, purged_hash=digest))
    count = last - head.purged_number
    purged = Noted(now, "log_purged", "done", None, "", detail={"lines": count, "last": last})
    note_security(connection, [purged])
    return count
