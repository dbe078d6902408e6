"""Merges cases of one customer, and detaches alerts, as people say. Each command runs inside one transaction."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from casebook.case_log.append import append, lock_log
from casebook.case_log.guard_facts import guard_facts_of
from casebook.case_log.locked_case import LockedCase, lock_case, refuse_closed, refuse_other_kind
from casebook.commands.alerts import join_case, open_with
from casebook.commands.claims import refuse_claimed_by_other
from casebook.commands.outbox import unschedule
from casebook.errors import AlertsCannotMove, CaseNotFound
from casebook.projection.alerts import AlertDetached, CaseMerged, CaseUnmerged
from casebook.queries.alerts import current_alerts
from casebook.queries.autonomy import scores_of_banded
from casebook.queries.review_rows import open_question
from casebook.queries.tombstones import refuse_purged
from casebook.schema.base import table_of
from casebook.schema.cases import CaseRow
from contracts import ids
from contracts.alert import MAX_JOINED, worst_severity
from contracts.kinds.fraud import FRAUD

_CASES = table_of(CaseRow)
_NEWEST_FIRST = (
    select(_CASES.c.case_id)
    .where(_CASES.c.case_id.in_(bindparam("cases", expanding=True)))
    .order_by(_CASES.c.opened_seq.desc())
)


class MovedAlerts(NamedTuple):
    """Where alerts have moved from, and to."""

    source: str
    target: str
    source_round: int
    """The round that the orchestration of the source was in."""


def merge_cases(
    connection: Connection, source_id: str, target_id: str, subject: str, reason: str, now: datetime
) -> MovedAlerts:
    """Make one open case part of another one of the same customer, which gets its alerts and investigates them.

    Raises AlertsCannotMove where one of them is decided, or they are not of one customer; ClaimedByOther, CaseClosed.
    """
    if source_id == target_id:
        raise AlertsCannotMove(source_id, "a case cannot be merged into itself")
    cases = _locked(connection, (source_id, target_id))
    source, target = cases[source_id], cases[target_id]
    for case in (source, target):
        refuse_other_kind(case.case_id, FRAUD)
        _refuse_decided(connection, case, subject, now)
    if source.customer_id != target.customer_id:
        raise AlertsCannotMove(source_id, f"it is about customer {source.customer_id}, not {target.customer_id}")
    moved = current_alerts(connection, source_id)
    if target.alert_count + len(moved) > MAX_JOINED + 1:
        raise AlertsCannotMove(source_id, f"'{target_id}' would have more than {MAX_JOINED + 1} alerts")
    merged = CaseMerged(
        into=target_id,
        alert_ids=tuple(alert.alert_id for alert in moved),
        review_id=_asked(connection, source_id),
        reason=reason,
    )
    source_round, scores = source.round, scores_of_banded(connection, source_id)
    append(connection, source, merged, subject, now)
    for alert in moved:
        asked = open_question(connection, target_id)
        join_case(connection, target, alert, asked, subject, now, source_id, scores.get(alert.alert_id))
    return MovedAlerts(source_id, target_id, source_round)


def detach_alert(
    connection: Connection, case_id: str, alert_id: str, subject: str, reason: str, now: datetime
) -> MovedAlerts:
    """Take an alert out of an open case, into one of its own: the one that it opened once, or a new one.

    Raises AlertsCannotMove for the alert that opened the case, one that it does not have, or a decided case;
    ClaimedByOther, CaseClosed, CasePurged.
    """
    target_id = ids.case_id(alert_id)
    if target_id == case_id:
        raise AlertsCannotMove(case_id, "this alert opened the case; detach the others instead")
    cases = _locked(connection, (case_id, target_id), may_lack=(target_id,))
    if target_id not in cases:
        refuse_purged(connection, target_id)
    case, target = cases[case_id], cases.get(target_id)
    _refuse_decided(connection, case, subject, now)
    left = {alert.alert_id: alert for alert in current_alerts(connection, case_id)}
    alert = left.pop(alert_id, None)
    if alert is None:
        raise AlertsCannotMove(case_id, f"it has no alert '{alert_id}'")
    if target is not None and target.outcome != "merged":
        raise AlertsCannotMove(case_id, f"the alert opened '{target_id}', which was not merged")
    detached = AlertDetached(
        alert_id=alert_id,
        moved_to=target_id,
        severity=worst_severity([*left.values()]),
        review_id=_asked(connection, case_id),
        reason=reason,
    )
    source_round, scored = case.round, scores_of_banded(connection, case_id).get(alert_id)
    append(connection, case, detached, subject, now)
    if target is None:
        lock_log(connection)
        open_with(connection, alert, case_id, subject, now, scored)
    else:
        append(connection, target, CaseUnmerged(moved_from=case_id, reason=reason), subject, now)
        join_case(connection, target, alert, None, subject, now, case_id, scored)
        unschedule(connection, target_id)
    return MovedAlerts(case_id, target_id, source_round)


def _locked(connection: Connection, cases: Collection[str], may_lack: Collection[str] = ()) -> dict[str, LockedCase]:
    """The cases, locked in the order in which alerts lock those of a customer: the newest first."""
    found = connection.execute(_NEWEST_FIRST, {"cases": [*cases]}).scalars().all()
    for missing in {*cases} - {*found} - {*may_lack}:
        raise CaseNotFound(missing)
    return {case_id: lock_case(connection, case_id) for case_id in found}


def _refuse_decided(connection: Connection, case: LockedCase, subject: str, now: datetime) -> None:
    refuse_closed(case)
    refuse_claimed_by_other(case, subject, now)
    reason = guard_facts_of(connection, case).why_alerts_stay()
    if reason is not None:
        raise AlertsCannotMove(case.case_id, reason)


def _asked(connection: Connection, case_id: str) -> str | None:
    """The question that ends when the alerts of the case change."""
    asked = open_question(connection, case_id)
    return None if asked is None else asked.review_id
