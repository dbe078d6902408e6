"""Purges cases that were closed long ago, and leaves their tombstones. Each command is one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Table,
    bindparam,
    delete,
    exists,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)

from casebook.case_log.desk_chain import Changed
from casebook.commands.desk_log import log_change
from casebook.policy.actors import SYSTEM
from casebook.projection.alerts import CaseMerged
from casebook.projection.cases import CaseClosed
from casebook.projection.legal_holds import LegalHoldLifted, LegalHoldPlaced
from casebook.queries.legal_holds import HELD
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
from casebook.schema.tasks import TaskRow
from casebook.schema.workspace import AttachmentRow, CaseTextRow, NoteRow
from contracts.actions import LOCK

PURGED_AT_ONCE = 20
"""Cases of one transaction: a few hundred rows, so that nobody who works at the desk waits for long."""
MERGED_PAGES = 500
"""Pages of the full-text index that one transaction merges."""

_CASES, _EVENTS, _ALERTS = table_of(CaseRow), table_of(CaseEventRow), table_of(AlertRow)
_EFFECTS, _REVERSALS, _TASKS = table_of(EffectRow), table_of(ReversalRow), table_of(TaskRow)
_TEXTS = table_of(CaseTextRow)
_OTHERS = _CASES.alias("other")
_OTHER_IS_HELD = _OTHERS.c.legal_hold_since.is_not(None)
_HELD_ALERTS = select(_ALERTS.c.alert_id).join(_OTHERS, _OTHERS.c.case_id == _ALERTS.c.case_id).where(_OTHER_IS_HELD)
"""That cases under a legal hold have, or had."""
_MINE = _ALERTS.alias("mine")
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
_CANDIDATES = (
    select(_CASES)
    .where(
        _CASES.c.kind == bindparam("of_kind"),
        # The words of the partial index, which SQLite compares as they are written.
        _CASES.c.state == literal_column("'closed'"),
        _CASES.c.last_seq > bindparam("after"),
        _CASES.c.updated_at < bindparam("before"),
    )
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
    """What one transaction did."""

    purged: int
    """How many cases are gone."""
    kept: int
    """How many are old enough, and are kept because something still needs them, or because they are damaged."""
    reached: int | None
    """Where the next batch goes on; None: there are no more."""


@dataclass(frozen=True)
class Merging:
    """How far the full-text index is merged."""

    since: datetime
    """When that was begun: cases that were purged later have words left when it ends."""
    ended: bool


def purge_cases(connection: Connection, kind: str, kept_days: int, after: int, now: datetime) -> PurgedBatch:
    """Purge the cases of a kind in which nothing happened for `kept_days`, at most `PURGED_AT_ONCE`.

    `after`: where the last batch ended. Those that another transaction has locked are left to a later time.
    """
    asked = {"of_kind": kind, "after": after, "before": now - timedelta(days=kept_days), "most": PURGED_AT_ONCE}
    found = connection.execute(_CANDIDATES, asked).all()
    if not found:
        return PurgedBatch(0, 0, None)
    needed = _needed(connection, [case.case_id for case in found])
    logs = _logs_of(connection, [case.case_id for case in found if case.case_id not in needed])
    # One whose log is missing, or says that it is held, is damaged: the audit names it, and nothing can stand for it.
    gone = [case for case in found if case.case_id in logs and not _says_held(logs[case.case_id])]
    if gone:
        _leave_tombstones(connection, gone, logs, kept_days, now)
        delete_content(connection, gone)
    reached = found[-1].last_seq if len(found) == PURGED_AT_ONCE else None
    return PurgedBatch(len(gone), len(found) - len(gone), reached)


def _logs_of(connection: Connection, cases: Sequence[str]) -> Mapping[str, Sequence[PlainRow]]:
    rows = connection.execute(_LOGS, {"cases": cases})
    return {case_id: [*events] for case_id, events in groupby(rows, key=lambda row: row.case_id)}


def _says_held(log: Sequence[PlainRow]) -> bool:
    """Whether a case is under a legal hold by its log, whatever its row says."""
    said = [row.type for row in log if row.type in (LegalHoldPlaced.type, LegalHoldLifted.type)]
    return said[-1:] == [LegalHoldPlaced.type]


def _needed(connection: Connection, cases: Sequence[str]) -> set[str]:
    """Those of the cases that are kept, however old they are."""
    held = select(_CASES.c.case_id).where(_CASES.c.case_id.in_(_AMONG), or_(*_reasons()))
    return {*connection.execute(held, {"cases": cases}).scalars()}


def _reasons() -> Sequence[ColumnElement[bool]]:
    case_id = _CASES.c.case_id
    undone = exists().where(_REVERSALS.c.undoes == _EFFECTS.c.key, _REVERSALS.c.status == "done")
    return (
        HELD,
        # The account may still be locked, and this is the record of why.
        exists().where(
            _EFFECTS.c.case_id == case_id, _EFFECTS.c.action == LOCK, _EFFECTS.c.status != "failed", ~undone
        ),
        exists().where(_REVERSALS.c.case_id == case_id, _REVERSALS.c.status.in_(("requested", "approved"))),
        # An open case goes on from it, or may give an alert back to it; one under a legal hold is part of one story.
        exists().where(
            or_(_OTHERS.c.state != "closed", _OTHER_IS_HELD),
            or_(_OTHERS.c.follows == case_id, _OTHERS.c.case_id == _CASES.c.merged_into),
        ),
        # It has, or had, an alert of a case under a legal hold: they were merged, or it was detached.
        exists().where(_MINE.c.case_id == case_id, _MINE.c.alert_id.in_(_HELD_ALERTS)),
        exists().where(_TASKS.c.case_id == case_id, _TASKS.c.state == "open"),
    )


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
