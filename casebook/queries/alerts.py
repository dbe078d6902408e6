"""Reads alerts: of one case, of one round, and all of them as a list."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, select

from casebook.case_log.hash_chain import person_of
from casebook.projection.alerts import AlertDetached, AlertJoined, CaseMerged
from casebook.projection.rounds import RoundStarted
from casebook.queries.cursors import AlertPage, page_length, read_cursor, write_cursor
from casebook.schema.base import PlainRow, table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import AlertRow, CaseRow
from casebook.schema.reviews import ReviewRow
from contracts import ids
from contracts.alert import Alert
from contracts.fraud_case import CaseAlert, RecordedAlert
from contracts.ids import review_id

_ALERTS, _EVENTS = table_of(AlertRow), table_of(CaseEventRow)
_CASES, _REVIEWS = table_of(CaseRow), table_of(ReviewRow)
_RECORDED = select(*_ALERTS.c, _EVENTS.c.at, _EVENTS.c.actor).join(_EVENTS, _EVENTS.c.seq == _ALERTS.c.recorded_seq)
_OF_CASE = _RECORDED.where(_ALERTS.c.case_id == bindparam("of_case")).order_by(_ALERTS.c.recorded_seq)
_BODIES = (
    select(_ALERTS)
    .where(_ALERTS.c.case_id == bindparam("of_case"), _ALERTS.c.moved_to.is_(None))
    .order_by(_ALERTS.c.recorded_seq)
)
_STARTED = (
    select(_EVENTS.c.seq, _EVENTS.c.data)
    .where(_EVENTS.c.case_id == bindparam("of_case"), _EVENTS.c.type == RoundStarted.type)
    .order_by(_EVENTS.c.seq)
)
_JOINED = (
    select(_EVENTS.c.seq, _EVENTS.c.at, _EVENTS.c.type, _EVENTS.c.data)
    .where(
        _EVENTS.c.case_id == bindparam("of_case"),
        _EVENTS.c.type.in_((AlertJoined.type, AlertDetached.type, CaseMerged.type)),
    )
    .order_by(_EVENTS.c.seq)
)


_OVERTAKEN = (
    select(_CASES.c.case_id, _CASES.c.round)
    .join(_REVIEWS, and_(_REVIEWS.c.case_id == _CASES.c.case_id, _REVIEWS.c.round == _CASES.c.round))
    .where(_CASES.c.state == "investigating", _REVIEWS.c.status == "superseded")
    .order_by(_CASES.c.opened_seq)
)


class Overtaking(NamedTuple):
    """What ended a round before a person had decided on it."""

    news: str
    """A clause about the case."""
    at: datetime


def alerts_of(connection: Connection, case_id: str) -> tuple[CaseAlert, ...]:
    """All alerts of a case, in the order in which they came; none of a case that there is not."""
    rows = _opener_first(connection.execute(_OF_CASE, {"of_case": case_id}).all())
    started = _rounds_started(connection, case_id)
    return tuple(
        CaseAlert(
            **dict(_recorded(row)),
            round=next((number for number, seq in started if seq > row.recorded_seq), None),
            moved_to=row.moved_to,
        )
        for row in rows
    )


def current_alerts(connection: Connection, case_id: str) -> tuple[Alert, ...]:
    """The alerts that a case has now, in order."""
    return tuple(Alert.model_validate_json(row.body) for row in connection.execute(_BODIES, {"of_case": case_id}))


def alerts_in_round(connection: Connection, case_id: str, round_number: int) -> tuple[Alert, ...]:
    """The alerts that a round investigates, in order: those on record when it began, or now where it has not begun."""
    rows = _opener_first(connection.execute(_BODIES, {"of_case": case_id}).all())
    began = None
    if len(rows) > 1:
        began = next((seq for number, seq in _rounds_started(connection, case_id) if number == round_number), None)
    return tuple(Alert.model_validate_json(row.body) for row in rows if began is None or row.recorded_seq < began)


def overtook(connection: Connection, case_id: str, round_number: int) -> Overtaking | None:
    """The change of alerts that ended a round on which nobody has decided; None when none did."""
    joined = connection.execute(_JOINED, {"of_case": case_id}).all()
    if not joined:
        return None
    asked = review_id(case_id, round_number)
    started = dict(_rounds_started(connection, case_id))
    began, ended = started.get(round_number), started.get(round_number + 1)
    for row in joined:
        said = json.loads(row.data)
        unasked = began is not None and ended is not None and began < row.seq < ended
        if said["review_id"] == asked or (said["review_id"] is None and unasked):
            return Overtaking(_news(row.type, said), row.at)
    return None


def _news(event_type: str, said: Mapping[str, Any]) -> str:
    if event_type == AlertJoined.type:
        alert = said["alert"]
        return f"'{alert['alert_type']}' joined it: {alert['description'].rstrip('.')}"
    if event_type == AlertDetached.type:
        return f"the alert '{said['alert_id']}' was detached from it"
    return f"it was merged into '{said['into']}' and detached again"


def overtaken_cases(connection: Connection, limit: int) -> list[tuple[str, int]]:
    """Cases, and the round whose question an alert overtook, whose next round has not begun; the oldest first."""
    return [(row.case_id, row.round) for row in connection.execute(_OVERTAKEN.limit(limit))]


def list_alerts(connection: Connection, limit: int, cursor: str | None) -> AlertPage:
    """One page of alerts, in the order in which they were recorded, newest first."""
    length = page_length(limit)
    query = _RECORDED.where(_ALERTS.c.moved_to.is_(None), _ALERTS.c.recorded_seq < read_cursor("alerts", cursor))
    rows = connection.execute(query.order_by(_ALERTS.c.recorded_seq.desc()).limit(length + 1)).all()
    shown = rows[:length]
    more = write_cursor("alerts", shown[-1].recorded_seq) if len(rows) > length else None
    return AlertPage(items=tuple(map(_recorded, shown)), next_cursor=more)


def _opener_first(rows: Sequence[PlainRow]) -> list[PlainRow]:
    """The alert that opened the case stays the first, even if people took it away and brought it back."""
    return sorted(rows, key=lambda row: (row.case_id != ids.case_id(row.alert_id), row.recorded_seq))


def _recorded(row: PlainRow) -> RecordedAlert:
    return RecordedAlert(
        alert=Alert.model_validate_json(row.body),
        case_id=row.case_id,
        recorded_at=row.at,
        recorded_by=person_of(row.actor),
    )


def _rounds_started(connection: Connection, case_id: str) -> list[tuple[int, int]]:
    """Rounds that began with their specialists, and the events by which they did."""
    return [(json.loads(row.data)["round"], row.seq) for row in connection.execute(_STARTED, {"of_case": case_id})]
