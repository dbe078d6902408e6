"""Verifies the access record: all of it from its first line on, or the lines about one case."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, select

from casebook.case_log.access_chain import access_hash
from casebook.case_log.hash_chain import BrokenLink
from casebook.queries.accesses import access_in
from casebook.schema.accesses import AccessHead, AccessRow
from casebook.schema.base import PlainRow, table_of
from contracts.accesses import Access
from contracts.hashing import canonical_json

FETCHED = 1_000
ROW = "access"

_ACCESSES, _HEAD = table_of(AccessRow), table_of(AccessHead)
_ALL = select(_ACCESSES).order_by(_ACCESSES.c.number).execution_options(yield_per=FETCHED)
_BEFORE = _ACCESSES.alias("before")
_OF_CASE = (
    select(_ACCESSES, _BEFORE.c.hash.label("previous"))
    .outerjoin(_BEFORE, _BEFORE.c.number == _ACCESSES.c.number - 1)
    .where(_ACCESSES.c.case_id == bindparam("of_case"))
    .order_by(_ACCESSES.c.number)
    .execution_options(yield_per=FETCHED)
)
_END = select(_HEAD).where(_HEAD.c.id == 1)


@dataclass
class AccessAudit:
    """What was verified of the access record."""

    lines: int = 0
    broken: BrokenLink | None = None
    """The first invalid line; its number stands for the `seq`."""
    digests: dict[int, str] = field(default_factory=dict[int, str])
    """For the last line, and for each that was asked for: its hash, which covers all lines before it."""


def verify_accesses(connection: Connection, anchored: Iterable[int] = ()) -> AccessAudit:
    """Follow the chain from the first line to the recorded end. Only a few lines are in memory at a time."""
    audit, wanted = AccessAudit(), frozenset(anchored)
    previous: str | None = None
    with connection.execute(_ALL) as rows:
        for row in rows:
            is_next = row.number == audit.lines + 1
            reason = _why_invalid(row, previous) if is_next else f"line {audit.lines + 1} is missing before it"
            if reason is not None:
                audit.broken = _broken(row, reason)
                return audit
            audit.lines, previous = row.number, row.hash
            if row.number in wanted:
                audit.digests[row.number] = row.hash
    head = connection.execute(_END).one_or_none()
    if head is None or (head.last_number, head.last_hash) != (audit.lines, previous):
        end = "no end" if head is None else f"line {head.last_number} as its last"
        reason = f"the access record ends with line {audit.lines}, but {end} is on record"
        audit.broken = BrokenLink("", audit.lines, reason, ROW)
    elif previous is not None:
        audit.digests[audit.lines] = previous
    return audit


def broken_access_of(connection: Connection, case_id: str) -> BrokenLink | None:
    """The first line about a case that is not what was linked to the line before it, or None.

    A line that was removed is found where the whole record is verified.
    """
    with connection.execute(_OF_CASE, {"of_case": case_id}) as rows:
        for row in rows:
            reason = _why_invalid(row, row.previous)
            if reason is not None:
                return _broken(row, reason)
    return None


def _why_invalid(row: PlainRow, previous: str | None) -> str | None:
    try:
        access: Access = access_in(row)
    except (ValueError, TypeError):
        return "it cannot be read"
    if row.detail != canonical_json(access.detail) or row.hash != access_hash(previous, access):
        return "its content is not what was linked to the line before it"
    return None


def _broken(row: PlainRow, reason: str) -> BrokenLink:
    return BrokenLink(row.case_id or "", row.number, reason, f"{ROW} '{row.number}'")
