"""Reads what the learned risk score learns from, its models, and what partitions report of it."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, bindparam, func, select

from casebook.case_log import append
from casebook.errors import ModelNotFound
from casebook.projection.alerts import AlertJoined
from casebook.projection.cases import CaseOpened
from casebook.projection.decisions import DecisionAccepted
from casebook.projection.holds import HoldEnded
from casebook.projection.reopenings import CaseReopened
from casebook.schema.base import PlainRow, table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import AlertRow
from casebook.schema.detector_states import DetectorStateRow
from casebook.schema.reviews import DecisionRow
from casebook.schema.risk_score import RiskLearnerRow, RiskLessonRow, RiskModelRow
from contracts.alert import Alert
from contracts.hashing import text_hash
from contracts.risk_score import (
    LabelledCharge,
    LabelVerdict,
    LearnerState,
    Lessons,
    ModelOrigin,
    ScoreLabel,
    ScoreReport,
    StoredModel,
)
from contracts.telemetry import TransactionEvent

REPORT_KEY = "risk:core"
"""Under which a partition saves what it counts of its scores."""
LABELS_AT_ONCE = 500
"""Lines of the case log that are read at once."""

MODELS, LEARNER, LESSONS = table_of(RiskModelRow), table_of(RiskLearnerRow), table_of(RiskLessonRow)
_EVENTS, _ALERTS, _DECISIONS = table_of(CaseEventRow), table_of(AlertRow), table_of(DecisionRow)
_STATES = table_of(DetectorStateRow)
_ORIGIN = [MODELS.c[name] for name in ModelOrigin.model_fields]
_TYPES = tuple(each.type for each in (CaseOpened, AlertJoined, DecisionAccepted, HoldEnded, CaseReopened))
_LINES = (
    select(_EVENTS.c.seq, _EVENTS.c.case_id, _EVENTS.c.type, _EVENTS.c.at, _EVENTS.c.data)
    .where(_EVENTS.c.seq > bindparam("after"), _EVENTS.c.type.in_(_TYPES), _EVENTS.c.at >= bindparam("since"))
    .order_by(_EVENTS.c.seq)
    .limit(LABELS_AT_ONCE)
)
_ALERTS_THEN = (
    select(_ALERTS.c.body)
    .where(
        _ALERTS.c.case_id == bindparam("of_case"),
        _ALERTS.c.recorded_seq <= bindparam("seq"),
        _ALERTS.c.moved_to.is_(None),
    )
    .order_by(_ALERTS.c.recorded_seq)
)
_DECIDED = (
    select(_EVENTS.c.data)
    .join(_DECISIONS, _DECISIONS.c.accepted_seq == _EVENTS.c.seq)
    .where(_DECISIONS.c.review_id == bindparam("of_review"))
)
_VERDICTS: dict[str | None, LabelVerdict] = {"confirmed_fraud": "fraud", "false_positive": "no_fraud"}


def read_labels(connection: Connection, after: int, since: datetime) -> tuple[tuple[ScoreLabel, ...], int]:
    """What the case log says about charges behind a line and after a time, in order, at most so many; and how far that
    is.

    A case that is opened, joined or reopened has its charges reviewed; a decision that counts labels them, unless it
    leaves open what the case was. A case that closes without a person's decision says nothing.
    """
    newest = append.last_seq(connection)
    lines = connection.execute(_LINES, {"after": after, "since": since}).all()
    labels = tuple(label for line in lines for label in _labels_of(connection, line))
    return labels, lines[-1].seq if len(lines) == LABELS_AT_ONCE else max(after, newest)


def read_state(connection: Connection) -> tuple[int, int]:
    """The newest line of the case log, and the number of the newest model; 0: none."""
    return append.last_seq(connection), newest_number(connection)


def newest_number(connection: Connection) -> int:
    """Of the newest model; 0: there is none."""
    return connection.execute(select(func.max(MODELS.c.number))).scalar() or 0


def read_models(connection: Connection, since: int, most: int) -> tuple[StoredModel, ...]:
    """The model of this number, where there is one, and those behind it, at most the newest so many, ascending."""
    behind = select(MODELS).where(MODELS.c.number > since).order_by(MODELS.c.number.desc()).limit(most)
    own = connection.execute(select(MODELS).where(MODELS.c.number == since)).all()
    rows = (*own, *reversed(connection.execute(behind).all()))
    return tuple(StoredModel(origin=_origin(row), document=row.document) for row in rows)


def read_model(connection: Connection, number: int) -> StoredModel:
    """One model. Raises ModelNotFound."""
    row = model_row(connection, number)
    return StoredModel(origin=_origin(row), document=row.document)


def model_row(connection: Connection, number: int) -> PlainRow:
    """Its row. Raises ModelNotFound."""
    row = connection.execute(select(MODELS).where(MODELS.c.number == number)).first()
    if row is None:
        raise ModelNotFound(number)
    return row


def read_learner(connection: Connection) -> LearnerState:
    """What has been learned so far."""
    row = connection.execute(select(LEARNER)).one()
    newest = connection.execute(select(*_ORIGIN).order_by(MODELS.c.number.desc()).limit(1)).first()
    return LearnerState(
        revision=row.revision,
        line=row.line,
        document=row.document,
        newest=None if newest is None else _origin(newest),
    )


def read_lessons(connection: Connection, most: int) -> tuple[Lessons, ...]:
    """What is yet to be learned, the oldest first."""
    found = connection.execute(select(LESSONS).order_by(LESSONS.c.number).limit(most))
    return tuple(Lessons(number=row.number, body=row.body) for row in found)


def read_reports(connection: Connection) -> tuple[ScoreReport, ...]:
    """What every partition that scores has saved of its counts."""
    own = select(_STATES).where(_STATES.c.key == REPORT_KEY).order_by(_STATES.c.source, _STATES.c.partition)
    return tuple(
        ScoreReport(source=row.source, partition=row.partition, body=row.state, saved_at=row.saved_at)
        for row in connection.execute(own)
    )


# What the desk log says


def every_roll_back(connection: Connection) -> Sequence[PlainRow]:
    """The models that a manager made."""
    return connection.execute(select(MODELS).where(MODELS.c.made_by.is_not(None)).order_by(MODELS.c.number)).all()


def model_name(number: int) -> str:
    """What the desk log calls a model."""
    return f"model {number}"


def model_values(row: PlainRow) -> dict[str, JsonValue]:
    """What is said of a model: its file by its hash, where it comes from, and why."""
    return {
        "line": row.line,
        "rolled_back_to": row.rolled_back_to,
        "document": text_hash(row.document.hex()),
        "reason": row.reason,
    }


def _origin(row: PlainRow) -> ModelOrigin:
    return ModelOrigin.model_validate({name: getattr(row, name) for name in ModelOrigin.model_fields})


def _labels_of(connection: Connection, line: PlainRow) -> Iterator[ScoreLabel]:
    data: dict[str, Any] = json.loads(line.data)
    verdict: LabelVerdict | None = "review"
    if line.type == DecisionAccepted.type:
        verdict = None if data.get("held_until") else _VERDICTS.get(data.get("disposition"))
    elif line.type == HoldEnded.type:
        said = connection.execute(_DECIDED, {"of_review": data["review_id"]}).scalar()
        verdict = None if said is None else _VERDICTS.get(json.loads(said).get("disposition"))
    if verdict is None:
        return
    if line.type in (CaseOpened.type, AlertJoined.type):
        alerts = [] if data.get("alert") is None else [Alert.model_validate(data["alert"])]
    else:
        then = {"of_case": line.case_id, "seq": line.seq}
        alerts = [Alert.model_validate_json(body) for body in connection.execute(_ALERTS_THEN, then).scalars()]
    charges = {(each.customer_id, each.event_id): each for alert in alerts for each in _charges_of(alert)}
    if charges:
        yield ScoreLabel(seq=line.seq, at=line.at, verdict=verdict, charges=tuple(charges.values()))


def _charges_of(alert: Alert) -> Iterator[LabelledCharge]:
    for event in alert.trigger_events:
        if isinstance(event, TransactionEvent) and event.attributes.type != "refund":
            acceptor = event.attributes.terminal_id or event.attributes.merchant
            yield LabelledCharge(
                customer_id=event.customer_id, event_id=event.event_id, at=event.occurred_at, acceptor=acceptor
            )
