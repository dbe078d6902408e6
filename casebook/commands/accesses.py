"""Appends to the access record. Each command runs inside one transaction."""

from collections.abc import Sequence

from sqlalchemy import Connection

from casebook.case_log.access_chain import Seen, chained
from casebook.commands.line_append import LineAppender
from casebook.schema.accesses import AccessHead, AccessRow
from casebook.schema.base import table_of

_RECORD = LineAppender(table_of(AccessRow), table_of(AccessHead), chained)


def record_accesses(connection: Connection, seen: Sequence[Seen]) -> int:
    """Append what is not on record yet, and return how many lines that were. Four statements, however many they are."""
    return _RECORD.append(connection, seen)
