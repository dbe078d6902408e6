"""Reads alerts: of one case, of one round, and all of them as a list."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from casebook.case_log.hash_chain import person_of
from casebook.projection.rounds import RoundStarted
from casebook.queries.cursors import AlertPage, page_length, read_cursor, write_cursor
from casebook.schema.base import PlainRow, table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import AlertRow
from contracts import ids
from contracts.alert import Alert
from contracts.fraud_case import CaseAlert, RecordedAlert

_ALERTS, _EVENTS = table_of(AlertRow), table_of(CaseEventRow)
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


def alerts_of(connection: Connection, case_id: str) -> tuple[CaseAlert, ...]:
    """All alerts of a case, in the order in which they came; none of a case that there is not."""
    rows = _opener_first(connection.execute(_OF_CASE, {"of_case": case_id}).all())
    started = rounds_started(connection, case_id)
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
        began = next((seq for number, seq in rounds_started(connection, case_id) if number == round_number), None)
    return tuple(Alert.model_validate_json(row.body) for row in rows if began is None or row.recorded_seq < began)


def rounds_started(connection: Connection, case_id: str) -> list[tuple[int, int]]:
    """Rounds that began with their specialists, and the events by which they did."""
    return [(json.loads(row.data)["round"], row.seq) for row in connection.execute(_STARTED, {"of_case": case_id})]


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
