"""Purges cases that were closed long ago, and leaves their tombstones. Each command is one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Table,
    bindparam,
    delete,
    insert,
    literal_column,
    select,
    text,
    update,
)

from casebook.case_log.desk_chain import Changed
from casebook.commands.desk_log import log_change
from casebook.commands.needed_cases import needed_cases
from casebook.policy.actors import SYSTEM
from casebook.projection.alerts import CaseMerged
from casebook.projection.cases import CaseClosed
from casebook.projection.legal_holds import LegalHoldLifted, LegalHoldPlaced
from casebook.queries.tombstones import (
    PURGED_ALERTS,
    PURGED_EVENTS,
    TOMBSTONES,
    alerts_hash,
    log_hash,
    stubs_in,
    tombstone_values,
)
from casebook.schema.agent_journal import ModelCallRow
from casebook.schema.approvals import ProposalRow, ReversalRow
from casebook.schema.base import Base, PlainRow, table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import AlertRow, CaseRow, SubjectRow
from casebook.schema.effects import EffectRow
from casebook.schema.grants import GrantRow
from casebook.schema.model_spend import ModelSpendRow
from casebook.schema.purges import RetentionRow
from casebook.schema.refused_transitions import RefusedTransitionRow
from casebook.schema.replies import ReplyTextRow
from casebook.schema.reviews import DecisionRow, ReviewRow
from casebook.schema.rounds import EvidenceRow, ReportRow, RoundRow
from casebook.schema.workspace import AttachmentRow, CaseTextRow, NoteRow

PURGED_AT_ONCE = 20
"""Cases of one transaction: a few hundred rows, so that nobody who works at the desk waits for long."""
MERGED_PAGES = 500
"""Pages of the full-text index that one transaction merges."""

_CASES, _EVENTS, _ALERTS = table_of(CaseRow), table_of(CaseEventRow), table_of(AlertRow)
_TEXTS = table_of(CaseTextRow)
_RETENTION = table_of(RetentionRow)

_PARTS: tuple[type[Base], ...] = (
    GrantRow,
    ReversalRow,
    ProposalRow,
    DecisionRow,
    ReviewRow,
    ReportRow,
    RoundRow,
    EffectRow,
    EvidenceRow,
    NoteRow,
    AttachmentRow,
    ReplyTextRow,
    ModelCallRow,
    ModelSpendRow,
    SubjectRow,
    AlertRow,
    RefusedTransitionRow,
    CaseEventRow,
    CaseRow,
)
"""All that a case has, each before what it refers to."""

_AMONG: BindParameter[Any] = bindparam("cases", expanding=True)
_IS_OLD = (
    _CASES.c.kind == bindparam("of_kind"),
    # The words of the partial index, which SQLite compares as they are written.
    _CASES.c.state == literal_column("'closed'"),
    _CASES.c.last_seq > bindparam("after"),
    _CASES.c.updated_at < bindparam("before"),
)
_NEXT = select(_CASES.c.case_id, _CASES.c.last_seq).where(*_IS_OLD).order_by(_CASES.c.last_seq).limit(bindparam("most"))
_CANDIDATES = (
    select(_CASES)
    .where(*_IS_OLD)
    .order_by(_CASES.c.last_seq)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_LOGS = (
    select(_EVENTS.c.case_id, _EVENTS.c.seq, _EVENTS.c.hash, _EVENTS.c.type, _EVENTS.c.at)
    .where(_EVENTS.c.case_id.in_(_AMONG))
    .order_by(_EVENTS.c.case_id, _EVENTS.c.seq)
)
_HOMES = select(_ALERTS.c.case_id, _ALERTS.c.alert_id).where(
    _ALERTS.c.case_id.in_(_AMONG), _ALERTS.c.moved_to.is_(None)
)
_KEEP_EVENTS = insert(PURGED_EVENTS).from_select(
    ["seq", "case_id", "hash"],
    select(_EVENTS.c.seq, _EVENTS.c.case_id, _EVENTS.c.hash).where(_EVENTS.c.case_id.in_(_AMONG)),
)
_KEEP_ALERTS, _KEEP = insert(PURGED_ALERTS), insert(TOMBSTONES)
_KEPT = select(TOMBSTONES).where(TOMBSTONES.c.case_id.in_(_AMONG)).order_by(TOMBSTONES.c.last_seq)
_FORGET_WORDS = delete(_TEXTS).where(_TEXTS.c.opened_seq.in_(bindparam("opened", expanding=True)))
_WORDS_LEFT = select(TOMBSTONES.c.purged_at).where(TOMBSTONES.c.words_left).limit(1)
_WORDS_GONE = (
    update(TOMBSTONES)
    .where(TOMBSTONES.c.words_left, TOMBSTONES.c.purged_at <= bindparam("upto"))
    .values(words_left=False)
)
_MERGING_SINCE = select(_RETENTION.c.merging_since).with_for_update()
_MERGES = update(_RETENTION)
_MERGE = text("INSERT INTO case_fts (case_fts, rank) VALUES ('merge', :pages)")


@dataclass(frozen=True)
class PurgedBatch:
    """What was done with the next cases that are old enough."""

    purged: int
    """How many cases are gone."""
    kept: int
    """How many are kept because something still needs them, or because they are damaged."""
    reached: int | None
    """Where the next batch goes on; None: there are no more."""
    failed: Mapping[str, Exception] = field(default_factory=dict[str, Exception], compare=False)
    """Those of `kept` that could not be purged, and why."""


@dataclass(frozen=True)
class Merging:
    """How far the full-text index is merged."""

    since: datetime
    """When that was begun: cases that were purged later have words left when it ends."""
    ended: bool


@dataclass(frozen=True)
class OldCases:
    """Which cases are old enough."""

    kind: str
    kept_days: int
    as_of: datetime
    """When the sweep began that they belong to: a clock that jumps meanwhile makes nothing older."""
    after: int
    """Where the last batch ended: a `last_seq`."""
    most: int
    """How many of them are looked at."""

    @property
    def values(self) -> Mapping[str, object]:
        """What the statements are asked with."""
        before = self.as_of - timedelta(days=self.kept_days)
        return {"of_kind": self.kind, "after": self.after, "before": before, "most": self.most}


def next_cases(connection: Connection, old: OldCases) -> Sequence[PlainRow]:
    """The ids of the next of them, and their `last_seq`."""
    return connection.execute(_NEXT, old.values).all()


def purge_cases(connection: Connection, old: OldCases, now: datetime) -> PurgedBatch:
    """Purge the next of them. Those that another transaction has locked are left to a later time."""
    found = connection.execute(_CANDIDATES, old.values).all()
    if not found:
        return PurgedBatch(0, 0, None)
    needed = needed_cases(connection, [case.case_id for case in found])
    logs = _logs_of(connection, [case.case_id for case in found if case.case_id not in needed])
    # One whose log is missing, or says that it is held, is damaged: the audit names it, and nothing can stand for it.
    gone = [case for case in found if case.case_id in logs and not _says_held(logs[case.case_id])]
    if gone:
        _leave_tombstones(connection, gone, logs, old.kept_days, now)
        delete_content(connection, gone)
    reached = found[-1].last_seq if len(found) == old.most else None
    return PurgedBatch(len(gone), len(found) - len(gone), reached)


def _logs_of(connection: Connection, cases: Sequence[str]) -> Mapping[str, Sequence[PlainRow]]:
    rows = connection.execute(_LOGS, {"cases": cases})
    return {case_id: [*events] for case_id, events in groupby(rows, key=lambda row: row.case_id)}


def _says_held(log: Sequence[PlainRow]) -> bool:
    """Whether a case is under a legal hold by its log, whatever its row says."""
    said = [row.type for row in log if row.type in (LegalHoldPlaced.type, LegalHoldLifted.type)]
    return said[-1:] == [LegalHoldPlaced.type]


def _leave_tombstones(
    connection: Connection,
    gone: Sequence[PlainRow],
    logs: Mapping[str, Sequence[PlainRow]],
    kept_days: int,
    now: datetime,
) -> None:
    among = {"cases": [case.case_id for case in gone]}
    alerts: dict[str, list[str]] = {}
    for row in connection.execute(_HOMES, among):
        alerts.setdefault(row.case_id, []).append(row.alert_id)
    connection.execute(_KEEP_EVENTS, among)
    homes = [{"case_id": case_id, "alert_id": each} for case_id, found in alerts.items() for each in found]
    if homes:
        connection.execute(_KEEP_ALERTS, homes)
    stones = [_tombstone(case, logs[case.case_id], alerts.get(case.case_id, ())) for case in gone]
    connection.execute(_KEEP, [{**stone, "purged_at": now, "kept_days": kept_days} for stone in stones])
    for row in connection.execute(_KEPT, among).all():
        log_change(connection, Changed(now, SYSTEM, "case_purged", row.case_id, None, tombstone_values(row)))


def _tombstone(case: PlainRow, log: Sequence[PlainRow], alerts: Sequence[str]) -> Mapping[str, object]:
    closings = [row.at for row in log if row.type in (CaseClosed.type, CaseMerged.type)]
    return {
        "case_id": case.case_id,
        "kind": case.kind,
        "opened_at": case.opened_at,
        # A conversation that was erased closed its case without an event of its own.
        "closed_at": closings[-1] if closings else log[-1].at,
        "last_event_at": log[-1].at,
        "outcome": case.outcome,
        "events": len(log),
        "last_seq": case.last_seq,
        "last_hash": log[-1].hash,
        "log_hash": log_hash(stubs_in(log)),
        "alerts_hash": alerts_hash(alerts),
    }


def delete_content(connection: Connection, gone: Sequence[PlainRow]) -> None:
    """Delete all that these cases hold, and the cases."""
    among = {"cases": [case.case_id for case in gone]}
    connection.execute(_FORGET_WORDS, {"opened": [case.opened_seq for case in gone]})
    for part in _PARTS:
        table: Table[Any] = table_of(part)
        connection.execute(delete(table).where(table.c.case_id.in_(_AMONG)), among)


def words_are_left(connection: Connection) -> bool:
    """Whether the pages of the full-text index may still hold words of purged cases."""
    return connection.execute(_WORDS_LEFT).first() is not None


def merge_words(connection: Connection, now: datetime) -> Merging:
    """Merge some pages of SQLite's full-text index, which drops the words that were deleted.

    Its index only notes that words are deleted, until all of it is merged: https://www.sqlite.org/fts5.html. What an
    earlier transaction has begun, of whatever process, goes on.
    """
    since = connection.execute(_MERGING_SINCE).scalar_one()
    begins = since is None
    if begins:
        connection.execute(_MERGES.values(merging_since=now))
    if connection.dialect.name != "sqlite":
        return Merging(since or now, ended=True)
    driver: Any = connection.connection.driver_connection
    before = driver.total_changes
    connection.execute(_MERGE, {"pages": -MERGED_PAGES if begins else MERGED_PAGES})
    # The statement itself is one change; fewer than two say that there was nothing to merge.
    return Merging(since or now, ended=not begins and driver.total_changes - before < 2)


def note_words_gone(connection: Connection, upto: datetime) -> None:
    """No word is left of the cases that were purged until then: all of the index has been merged since."""
    connection.execute(_WORDS_GONE, {"upto": upto})
    connection.execute(_MERGES.values(merging_since=None))
