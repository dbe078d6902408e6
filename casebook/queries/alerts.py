"""Reads alerts: of one case, of one round, and all of them as a list."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from casebook.case_log.hash_chain import person_of
from casebook.policy.review_terms import RatedBand, bands_in, rules_ask, score_for_bands
from casebook.projection.alerts import AlertJoined
from casebook.projection.cases import CaseOpened
from casebook.projection.rounds import Assessed, RoundStarted
from casebook.queries.cursors import AlertPage, page_length, read_cursor, write_cursor
from casebook.schema.base import PlainRow, table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import AlertRow
from contracts import ids
from contracts.alert import Alert
from contracts.autonomy import Decider
from contracts.fraud_case import CaseAlert, RecordedAlert

_ALERTS, _EVENTS = table_of(AlertRow), table_of(CaseEventRow)
_RECORDED = select(*_ALERTS.c, _EVENTS.c.at, _EVENTS.c.actor).join(_EVENTS, _EVENTS.c.seq == _ALERTS.c.recorded_seq)
_OF_CASE = _RECORDED.where(_ALERTS.c.case_id == bindparam("of_case")).order_by(_ALERTS.c.recorded_seq)
_BODIES = (
    select(_ALERTS)
    .where(_ALERTS.c.case_id == bindparam("of_case"), _ALERTS.c.moved_to.is_(None))
    .order_by(_ALERTS.c.recorded_seq)
)
_CAME = (
    select(_EVENTS.c.data)
    .where(_EVENTS.c.case_id == bindparam("of_case"), _EVENTS.c.type.in_((CaseOpened.type, AlertJoined.type)))
    .order_by(_EVENTS.c.seq)
)
_ASSESSED = (
    select(_EVENTS.c.data)
    .where(_EVENTS.c.case_id == bindparam("of_case"), _EVENTS.c.type == Assessed.type)
    .order_by(_EVENTS.c.seq)
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


def asked_by_rules(connection: Connection, case_id: str) -> tuple[Decider, ...]:
    """Whom the rules of a case's alerts want to decide, by all alerts and assessments that it ever had."""
    bands = [band for _, bands in _banded(connection, case_id) for band in bands]
    return rules_ask(bands, _scores(connection, case_id)) if bands else ()


def scores_of_banded(connection: Connection, case_id: str) -> dict[str, float]:
    """The score that the bands of each alert go by that names who decides; empty before anything was concluded."""
    banded = _banded(connection, case_id)
    scores = _scores(connection, case_id) if banded else []
    if not scores:
        return {alert_id: bands[0].carried for alert_id, bands in banded if bands[0].carried}
    score = score_for_bands(scores)
    return {alert_id: 1.0 if score is None else max(score, bands[0].carried) for alert_id, bands in banded}


def _banded(connection: Connection, case_id: str) -> list[tuple[str, list[RatedBand]]]:
    """Each alert that a case ever had and that names who decides, with its bands, in the order in which they came."""
    came = (json.loads(data) for data in connection.execute(_CAME, {"of_case": case_id}).scalars())
    alerts = [(said["alert"], said.get("scored")) for said in came if said.get("alert") is not None]
    banded = [(alert["alert_id"], bands_in(alert, carried)) for alert, carried in alerts]
    return [each for each in banded if each[1]]


def _scores(connection: Connection, case_id: str) -> list[float | None]:
    assessed = connection.execute(_ASSESSED, {"of_case": case_id}).scalars()
    return [json.loads(said)["score"] for said in assessed]


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
