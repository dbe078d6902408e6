"""Verifies the whole casebook: every event against the previous one, and every row against the log."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Literal

from sqlalchemy import Connection, bindparam, false, func, select, true, union_all

from casebook.audit.accesses import broken_access_of, verify_accesses
from casebook.audit.assignment_turns import TurnCheck
from casebook.audit.audited_tables import calls_of, head_of, rows_of
from casebook.audit.desk_log import verify_desk_log
from casebook.audit.integrity import IntegrityCheck
from casebook.audit.line_chains import LineAudit
from casebook.audit.purges import verify_purges
from casebook.audit.security_log import verify_security_log
from casebook.case_log.append import hash_of_row, last_seq, read_event
from casebook.case_log.hash_chain import BrokenLink
from casebook.database.transactions import utc_now
from casebook.errors import CaseNotFound
from casebook.queries.cursors import MAX_PAGE, page_length, read_cursor, write_cursor
from casebook.queries.refused_transitions import count_refusals
from casebook.queries.tombstones import PURGED_EVENTS, count_purged
from casebook.schema.base import Base, PlainRow, table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import CaseRow
from contracts.case import CaseEvent
from contracts.hashing import HASH_PREFIX

LineRecord = Literal["access", "change", "security"]
"""The records that are no part of any case: the access record, the desk log, the security log."""
_LINE_CHECKS: Mapping[LineRecord, Callable[[Connection, Iterable[int]], LineAudit]] = {
    "access": verify_accesses,
    "change": verify_desk_log,
    "security": verify_security_log,
}

BATCH = 50
"""Cases that are checked together: what they hold besides their log is in memory at once."""
FETCHED = 1_000

_CASES, _EVENTS = table_of(CaseRow), table_of(CaseEventRow)
_NEXT = select(_CASES).where(_CASES.c.opened_seq > bindparam("after")).order_by(_CASES.c.opened_seq).limit(BATCH)
_CASE = select(_CASES).where(_CASES.c.case_id == bindparam("case_id"))
_LOGS = (
    select(_EVENTS)
    .where(_EVENTS.c.case_id.in_(bindparam("cases", expanding=True)))
    .order_by(_EVENTS.c.case_id, _EVENTS.c.seq)
    .execution_options(yield_per=FETCHED)
)
_NUMBERS = (
    union_all(
        select(_EVENTS.c.seq, _EVENTS.c.hash, _EVENTS.c.case_id, false().label("purged")),
        select(PURGED_EVENTS.c.seq, PURGED_EVENTS.c.hash, PURGED_EVENTS.c.case_id, true().label("purged")),
    )
    .order_by("seq")
    .execution_options(yield_per=10 * FETCHED)
)

ORPHANS = (
    "case_event",
    "alert",
    "subject",
    "round",
    "report",
    "evidence",
    "review",
    "decision",
    "proposal",
    "effect",
    "reversal",
    "note",
    "attachment",
    "reply_text",
    "model_call",
    "model_spend",
)
"""Tables whose rows belong to a case."""

NO_LINES: Mapping[LineRecord, Iterable[int]] = {}


@dataclass
class AuditReport:
    """What was verified, and the first invalid event or row: the one with the smallest `seq`."""

    events: int = 0
    cases: int = 0
    rows: int = 0
    purged: int = 0
    """Cases of which only a tombstone is left."""
    refused: int = 0
    """Attempts at steps that nothing on record justified: they changed nothing."""
    broken: BrokenLink | None = None
    digests: dict[int, str] = field(default_factory=dict[int, str])
    """For the `seq` of the last event, and for each that was asked for: the digest of the log up to there."""
    lines: dict[LineRecord, LineAudit] = field(default_factory=dict[LineRecord, LineAudit])
    """Of each record that is no part of any case."""
    turns: TurnCheck = field(default_factory=TurnCheck)

    def add(self, broken: BrokenLink | None) -> None:
        """Keep the first of all invalid events and rows."""
        if broken is not None and (self.broken is None or broken.seq < self.broken.seq):
            self.broken = broken


@dataclass(frozen=True)
class CaseAudit:
    """A page of the log of one case, and the first invalid event or row of its whole record, if any."""

    events: tuple[CaseEvent, ...]
    """The newest, or those before another page; oldest first."""
    next_cursor: str | None
    """Leads to the events before these; None when there are none."""
    broken: BrokenLink | None
    head: str | None
    """Hash of the last event that follows from the ones before it."""


def verify_case_log(
    connection: Connection,
    anchored: Iterable[int] = (),
    anchored_lines: Mapping[LineRecord, Iterable[int]] = NO_LINES,
    now: datetime | None = None,
) -> AuditReport:
    """Verify everything; `anchored`: also give the digest of the log up to each of these events.

    `anchored_lines`: likewise of the records that are no part of any case, up to these lines. `now`: by whose clock
    nothing can have been purged later; None: this machine's.
    """
    report = AuditReport()
    gap = _verify_numbers(connection, report, frozenset(anchored))
    after = 0
    while True:
        heads = connection.execute(_NEXT, {"after": after}).all()
        _verify_batch(connection, heads, report)
        if len(heads) < BATCH:
            break
        after = heads[-1].opened_seq
    report.refused, report.purged = count_refusals(connection), count_purged(connection)
    # What a case can say of itself says more than a gap in the numbers of all.
    if report.broken is None:
        report.add(gap or _orphan(connection))
    report.broken = report.broken or report.turns.broken(connection) or verify_purges(connection, now or utc_now())
    for record, verify in _LINE_CHECKS.items():
        report.lines[record] = verify(connection, anchored_lines.get(record, ()))
        report.broken = report.broken or report.lines[record].broken
    return report


def audit_case(connection: Connection, case_id: str, limit: int = MAX_PAGE, cursor: str | None = None) -> CaseAudit:
    """Verify one case, and keep one page of its events. Raises CaseNotFound, MalformedCursor."""
    length, listed = page_length(limit), f"audit:{case_id}"
    before = read_cursor(listed, cursor)
    case = connection.execute(_CASE, {"case_id": case_id}).first()
    if case is None:
        raise CaseNotFound(case_id)
    check = IntegrityCheck(case_id)
    # However long the log is, only a page of it is in memory.
    events: deque[CaseEvent] = deque(maxlen=length + 1)
    for row in _events_of(connection, [case_id]):
        event = _follow(check, row)
        if event is not None and event.seq < before:
            events.append(event)
    rows = rows_of(connection, [case_id]).get(case_id, [])
    broken = check.finish(rows, head_of(case), calls_of(connection, [case])[case_id])
    broken = broken or broken_access_of(connection, case_id)
    shown = tuple(events)[-length:]
    more = write_cursor(listed, shown[0].seq) if len(events) > length else None
    return CaseAudit(shown, more, broken, check.head)


def _verify_batch(connection: Connection, heads: Sequence[PlainRow], report: AuditReport) -> None:
    checks = {case.case_id: IntegrityCheck(case.case_id) for case in heads}
    for case_id, events in groupby(_events_of(connection, [*checks]), key=lambda row: row.case_id):
        for row in events:
            event = _follow(checks[case_id], row)
            if event is not None:
                report.turns.hear(event)
    rows = rows_of(connection, [*checks])
    calls = calls_of(connection, heads)
    for case in heads:
        check = checks[case.case_id]
        report.add(check.finish(rows.get(case.case_id, []), head_of(case), calls[case.case_id]))
        report.cases += 1
        report.rows += check.rows


def _events_of(connection: Connection, cases: Sequence[str]) -> Iterator[PlainRow]:
    yield from connection.execute(_LOGS, {"cases": cases})


def _follow(check: IntegrityCheck, row: PlainRow) -> CaseEvent | None:
    try:
        event, digest = read_event(row), hash_of_row(row)
    except (ValueError, TypeError):
        check.refuse(row.seq, "it cannot be read as an event")
        return None
    check.follow(event, row.dedupe_key, digest)
    return event


def _verify_numbers(connection: Connection, report: AuditReport, anchored: frozenset[int]) -> BrokenLink | None:
    """The first number, from 1 to the last one that was given out, that is no event's; digests the log in passing."""
    rolling = hashlib.sha256()
    gap: BrokenLink | None = None
    last = 0
    for seq, digest, case_id, purged in connection.execute(_NUMBERS):
        if seq != last + 1 and gap is None:
            gap = BrokenLink(case_id, seq, f"event {last + 1} is missing before it")
        last = seq
        report.events += not purged
        rolling.update(digest.encode())
        if seq in anchored:
            report.digests[seq] = HASH_PREFIX + rolling.hexdigest()
    report.digests[last] = HASH_PREFIX + rolling.hexdigest()
    given_out = last_seq(connection)
    if gap is None and given_out != last:
        reason = f"the log ends with event {last}, but numbers up to {given_out} were given out"
        gap = BrokenLink("", max(given_out, last), reason)
    return gap


def _orphan(connection: Connection) -> BrokenLink | None:
    """A row that belongs to a case which is not there."""
    for name in ORPHANS:
        table = Base.metadata.tables[name]
        lost = select(func.min(table.c.case_id)).where(table.c.case_id.not_in(select(_CASES.c.case_id)))
        case_id = connection.execute(lost).scalar_one()
        if case_id is not None:
            return BrokenLink(case_id, last_seq(connection), "there is no case that it belongs to", name)
    return None
