"""Verifies the access record: all of it from its first line on, or the lines about one case."""

import json
from collections.abc import Iterable

from pydantic import JsonValue
from sqlalchemy import Connection, and_, bindparam, func, select

from casebook.audit.line_chains import FETCHED, UNREADABLE, WRONG, LineAudit, broken_line, follow_lines
from casebook.case_log.hash_chain import BrokenLink
from casebook.case_log.line_chain import line_hash
from casebook.queries.accesses import access_in
from casebook.schema.accesses import AccessHead, AccessRow
from casebook.schema.base import PlainRow, table_of
from casebook.schema.desk_log import DeskChangeRow
from contracts.accesses import Access
from contracts.hashing import canonical_json

ROW = "access"

_ACCESSES, _HEAD, _CHANGES = table_of(AccessRow), table_of(AccessHead), table_of(DeskChangeRow)
_ALL = select(_ACCESSES).order_by(_ACCESSES.c.number).execution_options(yield_per=FETCHED)
_BEFORE = _ACCESSES.alias("before")
_OF_CASE = (
    select(_ACCESSES, func.coalesce(_BEFORE.c.hash, _HEAD.c.purged_hash).label("previous"))
    .outerjoin(_HEAD, and_(_HEAD.c.id == 1, _HEAD.c.purged_number == _ACCESSES.c.number - 1))
    .outerjoin(_BEFORE, _BEFORE.c.number == _ACCESSES.c.number - 1)
    .where(_ACCESSES.c.case_id == bindparam("of_case"))
    .order_by(_ACCESSES.c.number)
    .execution_options(yield_per=FETCHED)
)
_END = select(_HEAD).where(_HEAD.c.id == 1)
_LAST_PURGE = (
    select(_CHANGES.c.before).where(_CHANGES.c.kind == "accesses_purged").order_by(_CHANGES.c.number.desc()).limit(1)
)


def verify_accesses(connection: Connection, anchored: Iterable[int] = ()) -> LineAudit:
    """Follow the record from the hash of the last line that was purged, and compare what is gone with the desk log."""
    head = connection.execute(_END).one_or_none()
    if head is None:
        return LineAudit(broken=BrokenLink("", 0, "the ends of the access record are not on record", ROW))
    audit = follow_lines(
        connection,
        _ALL,
        _END,
        _why_invalid,
        table=ROW,
        record="access record",
        anchored=anchored,
        case_of=lambda row: row.case_id or "",
        purged=(head.purged_number, head.purged_hash),
    )
    said = _said_to_be_gone(connection)
    if audit.broken is None and said != head.purged_number:
        reason = f"lines up to {head.purged_number} are gone, but the desk log says so of those up to {said}"
        audit.broken = BrokenLink("", head.purged_number, reason, ROW)
    return audit


def _said_to_be_gone(connection: Connection) -> JsonValue:
    before = connection.execute(_LAST_PURGE).scalar()
    try:
        said: JsonValue = json.loads(before or "{}")
    except ValueError:
        return UNREADABLE
    return said.get("last", 0) if isinstance(said, dict) else UNREADABLE


def broken_access_of(connection: Connection, case_id: str) -> BrokenLink | None:
    """The first line about a case that is not what was linked to the line before it, or None.

    A line that was removed is found where the whole record is verified.
    """
    with connection.execute(_OF_CASE, {"of_case": case_id}) as rows:
        for row in rows:
            reason = _why_invalid(row, row.previous)
            if reason is not None:
                return broken_line(row, reason, ROW, case_id)
    return None


def _why_invalid(row: PlainRow, previous: str | None) -> str | None:
    try:
        access: Access = access_in(row)
    except (ValueError, TypeError):
        return UNREADABLE
    if row.detail != canonical_json(access.detail) or row.hash != line_hash(previous, access):
        return WRONG
    return None
