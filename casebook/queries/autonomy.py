"""Reads whom the rules of a case's alerts want to decide, from what the log says of its alerts and assessments."""

import json

from sqlalchemy import Connection, bindparam, select

from casebook.policy.review_terms import RatedBand, bands_in, rules_ask, score_for_bands
from casebook.projection.alerts import AlertJoined
from casebook.projection.cases import CaseOpened
from casebook.queries.case_brief import said_of_assessments
from casebook.schema.base import table_of
from casebook.schema.case_log import CaseEventRow
from contracts.autonomy import Decider

_EVENTS = table_of(CaseEventRow)
_CAME = (
    select(_EVENTS.c.data)
    .where(_EVENTS.c.case_id == bindparam("of_case"), _EVENTS.c.type.in_((CaseOpened.type, AlertJoined.type)))
    .order_by(_EVENTS.c.seq)
)


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
    return [said["score"] for said in said_of_assessments(connection, case_id)]
