"""Merges cases of one customer, and detaches alerts, as people say. Each command runs inside one transaction."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import Connection, bindparam, select, update

from casebook.case_log.append import append, lock_log
from casebook.case_log.guard_facts import guard_facts_of
from casebook.case_log.locked_case import LockedCase, lock_case, refuse_closed
from casebook.commands.alerts import open_with
from casebook.commands.case_words import add_words
from casebook.commands.claims import refuse_claimed_by_other
from casebook.errors import AlertsCannotMove, CaseNotFound
from casebook.projection.alerts import AlertDetached, AlertJoined, CaseMerged, CaseUnmerged
from casebook.queries.tokenizer import words_of_alert
from casebook.schema.base import table_of
from casebook.schema.cases import AlertRow, CaseRow
from casebook.schema.reviews import ReviewRow
from contracts import ids
from contracts.alert import MAX_JOINED, Alert, worst_severity

_CASES, _ALERTS, _REVIEWS = table_of(CaseRow), table_of(AlertRow), table_of(ReviewRow)
_OPENED = select(_CASES.c.case_id).where(_CASES.c.case_id.in_(bindparam("cases", expanding=True)))
_HAS = (
    select(_ALERTS.c.body)
    .where(_ALERTS.c.case_id == bindparam("of_case"), _ALERTS.c.moved_to.is_(None))
    .order_by(_ALERTS.c.recorded_seq)
)
_ASKED = select(_REVIEWS.c.review_id).where(_REVIEWS.c.case_id == bindparam("of_case"), _REVIEWS.c.status == "open")
_UNSCHEDULE = update(_CASES).where(_CASES.c.case_id == bindparam("of_case")).values(scheduled_at=None)


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
        _refuse_decided(connection, case, subject, now)
    if source.customer_id != target.customer_id:
        raise AlertsCannotMove(source_id, f"it is about customer {source.customer_id}, not {target.customer_id}")
    moved = _alerts_of(connection, source)
    if target.alert_count + len(moved) > MAX_JOINED + 1:
        raise AlertsCannotMove(source_id, f"'{target_id}' would have more than {MAX_JOINED + 1} alerts")
    merged = CaseMerged(
        into=target_id,
        alert_ids=tuple(alert.alert_id for alert in moved),
        review_id=_asked(connection, source),
        reason=reason,
    )
    source_round = source.round
    append(connection, source, merged, subject, now)
    for alert in moved:
        _join(connection, target, alert, source_id, subject, now)
    return MovedAlerts(source_id, target_id, source_round)


def detach_alert(
    connection: Connection, case_id: str, alert_id: str, subject: str, reason: str, now: datetime
) -> MovedAlerts:
    """Take an alert out of an open case, into one of its own: the one that it opened once, or a new one.

    Raises AlertsCannotMove for the alert that opened the case, one that it does not have, or a decided case;
    ClaimedByOther, CaseClosed.
    """
    target_id = ids.case_id(alert_id)
    if target_id == case_id:
        raise AlertsCannotMove(case_id, "this alert opened the case; detach the others instead")
    cases = _locked(connection, (case_id, target_id), may_lack=(target_id,))
    case, target = cases[case_id], cases.get(target_id)
    _refuse_decided(connection, case, subject, now)
    left = {alert.alert_id: alert for alert in _alerts_of(connection, case)}
    alert = left.pop(alert_id, None)
    if alert is None:
        raise AlertsCannotMove(case_id, f"it has no alert '{alert_id}'")
    if target is not None and target.outcome != "merged":
        raise AlertsCannotMove(case_id, f"the alert opened '{target_id}', which was not merged")
    detached = AlertDetached(
        alert_id=alert_id,
        moved_to=target_id,
        severity=worst_severity([*left.values()]),
        review_id=_asked(connection, case),
        reason=reason,
    )
    source_round = case.round
    append(connection, case, detached, subject, now)
    if target is None:
        lock_log(connection)
        open_with(connection, alert, case_id, subject, now)
    else:
        append(connection, target, CaseUnmerged(moved_from=case_id, reason=reason), subject, now)
        _join(connection, target, alert, case_id, subject, now)
        connection.execute(_UNSCHEDULE, {"of_case": target_id})
    return MovedAlerts(case_id, target_id, source_round)


def _join(connection: Connection, case: LockedCase, alert: Alert, source: str, subject: str, now: datetime) -> None:
    joined = AlertJoined(alert=alert, review_id=_asked(connection, case), moved_from=source)
    append(connection, case, joined, subject, now)
    add_words(connection, case.opened_seq, *words_of_alert(alert))


def _locked(connection: Connection, cases: Collection[str], may_lack: Collection[str] = ()) -> dict[str, LockedCase]:
    """The cases, locked in the order in which alerts lock those of a customer: the newest first."""
    order = _OPENED.order_by(_CASES.c.opened_seq.desc())
    found = connection.execute(order, {"cases": [*cases]}).scalars().all()
    for missing in {*cases} - {*found} - {*may_lack}:
        raise CaseNotFound(missing)
    return {case_id: lock_case(connection, case_id) for case_id in found}


def _refuse_decided(connection: Connection, case: LockedCase, subject: str, now: datetime) -> None:
    refuse_closed(case)
    refuse_claimed_by_other(case, subject, now)
    reason = guard_facts_of(connection, case).why_alerts_stay()
    if reason is not None:
        raise AlertsCannotMove(case.case_id, reason)


def _alerts_of(connection: Connection, case: LockedCase) -> list[Alert]:
    bodies = connection.execute(_HAS, {"of_case": case.case_id}).scalars()
    return [Alert.model_validate_json(body) for body in bodies]


def _asked(connection: Connection, case: LockedCase) -> str | None:
    return cast("str | None", connection.execute(_ASKED, {"of_case": case.case_id}).scalar())
