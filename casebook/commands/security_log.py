"""Appends to the security log, and deletes what is older than it is kept. Each runs inside one transaction."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Connection

from casebook.case_log.security_chain import Noted, chained
from casebook.commands.line_append import LineAppender
from casebook.commands.line_purge import LinePurger
from casebook.schema.base import table_of
from casebook.schema.security import SecurityEventRow, SecurityLogHead

_EVENTS, _HEAD = table_of(SecurityEventRow), table_of(SecurityLogHead)
_LOG = LineAppender(_EVENTS, _HEAD, chained)
_PURGER = LinePurger(_EVENTS, _HEAD)


def note_security(connection: Connection, noted: Sequence[Noted]) -> int:
    """Append what is not on record yet, and return how many lines that were. Four statements, however many they are."""
    return _LOG.append(connection, noted)


def purge_security_log(connection: Connection, before: datetime, now: datetime) -> int:
    """Delete the oldest lines, as `LinePurger` does, and say in the log what was deleted; returns how many."""
    gone = _PURGER.purge(connection, before)
    if gone is None:
        return 0
    detail: dict[str, JsonValue] = {"lines": gone.count, "last": gone.last}
    note_security(connection, [Noted(now, "log_purged", "done", None, "", detail=detail)])
    return gone.count
