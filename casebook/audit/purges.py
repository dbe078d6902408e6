"""Verifies what is left of purged cases. That a line of the desk log binds each tombstone is verified with that log."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Connection, func, select

from casebook.audit.line_chains import FETCHED
from casebook.case_log.hash_chain import BrokenLink
from casebook.policy.clocks import CLOCKS_DIFFER
from casebook.queries.tombstones import (
    PURGED_ALERTS,
    PURGED_EVENTS,
    TOMBSTONES,
    Stub,
    alerts_hash,
    log_hash,
    stubs_in,
)
from casebook.schema.base import PlainRow, table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import CaseRow

MOST_DAYS = 36_600
"""More than any setting allows."""
_CASES, _EVENTS = table_of(CaseRow), table_of(CaseEventRow)
_EACH = select(TOMBSTONES).order_by(TOMBSTONES.c.case_id).execution_options(yield_per=FETCHED)
_STUBS = (
    select(PURGED_EVENTS)
    .order_by(PURGED_EVENTS.c.case_id, PURGED_EVENTS.c.seq)
    .execution_options(yield_per=10 * FETCHED)
)
_ALERTS = (
    select(PURGED_ALERTS)
    .order_by(PURGED_ALERTS.c.case_id, PURGED_ALERTS.c.alert_id)
    .execution_options(yield_per=10 * FETCHED)
)
_STILL_THERE = (
    select(func.min(_CASES.c.case_id)).where(_CASES.c.case_id.in_(select(TOMBSTONES.c.case_id))),
    select(func.min(_EVENTS.c.case_id)).where(_EVENTS.c.case_id.in_(select(TOMBSTONES.c.case_id))),
)


def verify_purges(connection: Connection, now: datetime) -> BrokenLink | None:
    """The first tombstone that does not fit what is there, or the time that it is now; or None."""
    for query in _STILL_THERE:
        case_id = connection.execute(query).scalar_one()
        if case_id is not None:
            return _broken(case_id, "the case was purged, but something of it is still there")
    with (
        connection.execute(_EACH) as stones,
        connection.execute(_STUBS) as events,
        connection.execute(_ALERTS) as alerts,
    ):
        return _compare(stones, _Groups(events), _Groups(alerts), now)


def _compare(stones: Iterable[PlainRow], stubs: "_Groups", alerts: "_Groups", now: datetime) -> BrokenLink | None:
    for stone in stones:
        found = [row.alert_id for row in alerts.take(stone.case_id)]
        reason = _fault_of(stone, [*stubs_in(stubs.take(stone.case_id))], found, now)
        if reason is not None:
            return _broken(stone.case_id, reason)
    for groups in (stubs, alerts):
        if groups.next is not None:
            return _broken(groups.next[0], "what is left of a purged case has no tombstone")
    return None


class _Groups:
    """Rows by case, in the order of the cases; a case at a time is in memory."""

    def __init__(self, rows: Iterable[PlainRow]) -> None:
        self._groups = groupby(rows, key=attrgetter("case_id"))
        self.next: tuple[str, list[PlainRow]] | None = None
        self._advance()

    def take(self, case_id: str) -> list[PlainRow]:
        """The rows of this case, if they are the next."""
        if self.next is None or self.next[0] != case_id:
            return []
        rows = self.next[1]
        self._advance()
        return rows

    def _advance(self) -> None:
        group = next(self._groups, None)
        self.next = None if group is None else (group[0], [*group[1]])


def _fault_of(stone: PlainRow, kept: list[Stub], alerts: list[str], now: datetime) -> str | None:
    if stone.events < 1 or not 1 <= stone.kept_days <= MOST_DAYS:
        return "no case has so few events, or is kept for so many days"
    if stone.events != len(kept) or log_hash(kept) != stone.log_hash:
        return "the numbers and hashes of its events are not those that it says"
    if kept[-1] != Stub(stone.last_seq, stone.last_hash):
        return "its last event is not the one that it says"
    if alerts_hash(alerts) != stone.alerts_hash:
        return "the ids of its alerts are not those that it says"
    if stone.purged_at < stone.last_event_at + timedelta(days=stone.kept_days):
        return "the case was purged before it had been kept for as long as it says"
    if stone.purged_at > now + CLOCKS_DIFFER:
        return "the case is said to be purged at a time that has not come"
    return None


def _broken(case_id: str, reason: str) -> BrokenLink:
    return BrokenLink(case_id, 0, reason, f"purged_case '{case_id}'")
