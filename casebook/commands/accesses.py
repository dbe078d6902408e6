"""Appends to the access record. Each command runs inside one transaction."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Connection

from casebook.case_log.access_chain import Seen, chained
from casebook.case_log.desk_chain import Changed
from casebook.commands.desk_log import log_change
from casebook.commands.line_append import LineAppender
from casebook.commands.line_purge import LinePurger
from casebook.policy.actors import SYSTEM
from casebook.schema.accesses import AccessHead, AccessRow
from casebook.schema.base import table_of

_ACCESSES, _HEAD = table_of(AccessRow), table_of(AccessHead)
_RECORD, _PURGER = LineAppender(_ACCESSES, _HEAD, chained), LinePurger(_ACCESSES, _HEAD)
NAME = "access record"
"""What the desk log calls it."""


def record_accesses(connection: Connection, seen: Sequence[Seen]) -> int:
    """Append what is not on record yet, and return how many lines that were. Four statements, however many they are."""
    return _RECORD.append(connection, seen)


def purge_accesses(connection: Connection, before: datetime, now: datetime) -> int:
    """Delete the oldest lines, as `LinePurger` does, and say in the desk log what was deleted; returns how many."""
    gone = _PURGER.purge(connection, before)
    if gone is None:
        return 0
    said: dict[str, JsonValue] = {"lines": gone.count, "last": gone.last}
    log_change(connection, Changed(now, SYSTEM, "accesses_purged", NAME, said, None))
    return gone.count
