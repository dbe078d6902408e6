"""Verifies the security log, from the first line that is kept to its end."""

from collections.abc import Iterable

from pydantic import JsonValue
from sqlalchemy import Connection, select

from casebook.audit.line_chains import FETCHED, UNREADABLE, WRONG, LineAudit, follow_lines
from casebook.case_log.hash_chain import BrokenLink
from casebook.case_log.line_chain import line_hash
from casebook.queries.security_log import security_event_in
from casebook.schema.base import PlainRow, table_of
from casebook.schema.security import SecurityEventRow, SecurityLogHead
from contracts.hashing import canonical_json

ROW = "security_event"

_EVENTS, _HEAD = table_of(SecurityEventRow), table_of(SecurityLogHead)
_ALL = select(_EVENTS).order_by(_EVENTS.c.number).execution_options(yield_per=FETCHED)
_END = select(_HEAD).where(_HEAD.c.id == 1)


def verify_security_log(connection: Connection, anchored: Iterable[int] = ()) -> LineAudit:
    """Follow the log from the hash of the last line that was purged, and compare what is gone with what it says."""
    head = connection.execute(_END).one_or_none()
    if head is None:
        return LineAudit(broken=BrokenLink("", 0, "the ends of the security log are not on record", ROW))
    purged: JsonValue = 0

    def why_invalid(row: PlainRow, previous: str | None) -> str | None:
        nonlocal purged
        try:
            event = security_event_in(row)
        except (ValueError, TypeError):
            return UNREADABLE
        if row.detail != canonical_json(event.detail) or row.hash != line_hash(previous, event):
            return WRONG
        if event.kind == "log_purged":
            purged = event.detail.get("last")
        return None

    audit = follow_lines(
        connection,
        _ALL,
        _END,
        why_invalid,
        table=ROW,
        record="security log",
        anchored=anchored,
        purged=(head.purged_number, head.purged_hash),
    )
    if audit.broken is None and purged != head.purged_number:
        reason = f"lines up to {head.purged_number} are gone, but the log says so of those up to {purged}"
        audit.broken = BrokenLink("", head.purged_number, reason, ROW)
    return audit
